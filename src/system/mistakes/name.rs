//! Names that mean nothing, too much, or something else.

use super::counted;
use crate::source::{Diagnostic, Span, closest};
use crate::system::lower::Parts;

/// `x_1` is nothing that was declared or defined.
pub(in crate::system) fn unknown_name(
    name: &str,
    span: Span,
    candidates: &[&str],
    closed: bool,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "unknown-name",
        format!("nothing is called `{name}`"),
        span,
        "neither declared nor defined",
    );
    if let Some(parts) = Parts::new(candidates).of(name) {
        return diagnostic.help(format!("for the product write `{}`", parts.join(" ")));
    }
    if let Some((base, rest)) = name.rsplit_once('_')
        && candidates.contains(&base)
        && !rest.is_empty()
    {
        return diagnostic.help(format!("for an element write `{base}_{{{rest}}}`"));
    }
    if let Some(near) = closest(name, candidates.iter().copied()) {
        return diagnostic.help(format!("write `{near}`, or declare `{name}`"));
    }
    if closed {
        diagnostic
            .note("with a `where` or an `index` in the network all inputs have to be declared")
            .help(format!(
                "add `{name} in R` (a number) to `where`, or `{name} in R^n`"
            ))
    } else {
        diagnostic.help(format!("use `{name}` in an equation, or take it away here"))
    }
}

/// `e^x` without an `e`.
pub(in crate::system) fn no_constant_e(span: Span) -> Diagnostic {
    Diagnostic::error(
        "no-constant-e",
        "there is no constant `e`",
        span,
        "`e` is neither declared nor defined",
    )
    .help("write `exp(…)`")
}

/// A name of the language used for something else.
pub(in crate::system) fn reserved(name: &str, span: Span) -> Diagnostic {
    let meaning = if name == "pi" {
        "the number π".to_owned()
    } else {
        "a function".to_owned()
    };
    Diagnostic::error(
        "reserved-word",
        format!("`{name}` cannot be given another meaning"),
        span,
        format!("`{name}` is {meaning}"),
    )
    .help(format!("choose another name, for instance `{name}_0`"))
}

/// The name of the mistake of [`two_meanings`].
pub(in crate::system) const TWO_MEANINGS: &str = "two-meanings";

/// Sizes, indices, quantities and functions share one namespace.
pub(in crate::system) fn two_meanings(
    name: &str,
    span: Span,
    here: &str,
    before: Span,
    there: &str,
) -> Diagnostic {
    Diagnostic::error(
        TWO_MEANINGS,
        format!("`{name}` is used as {here} and as {there}"),
        span,
        format!("{here} here"),
    )
    .label(before, format!("{there} here"))
    .note("sizes, indices, quantities and functions share one namespace")
    .help(format!("rename one of the two `{name}`"))
}

/// `a_ij` declared although `a` and the letters are.
pub(in crate::system) fn two_readings(
    name: &str,
    span: Span,
    base: &str,
    letters: &[&str],
    base_span: Span,
) -> Diagnostic {
    Diagnostic::error(
        "two-readings",
        format!("`{name}` could be a name or an element of `{base}`"),
        span,
        "this name can be read in two ways",
    )
    .label(base_span, format!("`{base}` stands here"))
    .help(format!(
        "rename `{name}`, or write the element as `{base}_{{{}}}` and do not declare `{name}`",
        letters.join(",")
    ))
}

/// `x_t` where `t` is an index, but not one of those that `index` declares.
pub(in crate::system) fn name_or_element(
    name: &str,
    span: Span,
    base: &str,
    rest: &str,
) -> Diagnostic {
    Diagnostic::error(
        "two-readings",
        format!("`{name}` could be a name or an element of `{base}`"),
        span,
        format!("`{rest}` is an index elsewhere, but not declared by `index`"),
    )
    .help(format!(
        "for the element write `{base}_{{{rest}}}`, for a slot `{base}[{rest}]`, for a name of its own choose another one"
    ))
}

/// `w2z1` where `w2` and `z1` exist.
pub(in crate::system) fn run_together(name: &str, span: Span, parts: &[String]) -> Diagnostic {
    Diagnostic::error(
        "run-together",
        format!("`{name}` looks like a product without a space"),
        span,
        "one name, which is defined nowhere",
    )
    .help(format!("for the product write `{}`", parts.join(" ")))
    .help(format!(
        "to keep it as one name add the line `param {name}`"
    ))
}

/// A name with slots in one place and without, or with another number, in another.
pub(in crate::system) fn slots_differ(
    name: &str,
    span: Span,
    here: usize,
    before: Span,
    there: usize,
) -> Diagnostic {
    let example = match there {
        0 => name.to_owned(),
        1 => format!("{name}[…]"),
        _ => format!("{name}[{}]", vec!["…"; there].join(",")),
    };
    Diagnostic::error(
        "slots-differ",
        format!("`{name}` does not have the same slots everywhere"),
        span,
        counted(here, "slot"),
    )
    .label(before, counted(there, "slot"))
    .help(format!("write `{example}`, or use another name"))
}

/// The wrong number of element indices.
pub(in crate::system) fn axes_differ(
    name: &str,
    span: Span,
    here: usize,
    before: Span,
    there: usize,
) -> Diagnostic {
    Diagnostic::error(
        "axes-differ",
        format!("`{name}` does not have the same element indices everywhere"),
        span,
        counted(here, "element index").replace("indexs", "indices"),
    )
    .label(
        before,
        counted(there, "element index").replace("indexs", "indices"),
    )
    .help(format!(
        "write {} behind `{name}`",
        match there {
            0 => "no element index".to_owned(),
            1 => "one index, like `_i`,".to_owned(),
            _ => format!("{there} indices, like `_{}`,", &"ijklmn"[..there.min(6)]),
        }
    ))
}

/// A number with an element index.
pub(in crate::system) fn element_of_number(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "element-of-number",
        format!("`{name}` is a number and has no elements"),
        span,
        "an element index",
    )
    .help(format!(
        "declare it as an array, `where {name} in R^n`, or write `{name}`"
    ))
}

/// An element of something that nobody declared.
pub(in crate::system) fn undeclared_array(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "undeclared-array",
        format!("`{name}` is not declared, so it is a number without elements"),
        span,
        "an element index",
    )
    .help(format!("add `where {name} in R^n`"))
}

/// A whole array where its elements have to be written.
pub(in crate::system) fn whole_array(name: &str, span: Span, axes: usize) -> Diagnostic {
    let letters = &"ijklmn"[..axes.clamp(1, 6)];
    Diagnostic::error(
        "whole-array",
        format!("`{name}` is an array, and one of its elements is wanted here"),
        span,
        format!(
            "an array with {}",
            counted(axes, "axis").replace("axiss", "axes")
        ),
    )
    .help(format!("write its elements: `{name}_{letters}`"))
}

/// `param v` and `input v`.
pub(in crate::system) fn two_roles(name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "two-roles",
        format!("`{name}` is given two roles"),
        span,
        "a role here",
    )
    .label(before, "and here")
    .help("take one of the two away")
}

/// A role for something that has an equation.
pub(in crate::system) fn role_of_defined(
    name: &str,
    span: Span,
    before: Option<Span>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "role-of-defined",
        format!("`{name}` is defined by an equation, so it is no input"),
        span,
        "a role of inputs",
    )
    .help("take the role or the equation away");
    match before {
        Some(before) => diagnostic.label(before, "defined here"),
        None => diagnostic,
    }
}

/// The same `where` twice.
pub(in crate::system) fn declared_twice(name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "declared-twice",
        format!("`{name}` is declared twice"),
        span,
        "declared again here",
    )
    .label(before, "first declared here")
    .help("take one of the two declarations away")
}

/// A real quantity as an index.
pub(in crate::system) fn real_index(name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "real-index",
        format!("`{name}` is a real number and cannot be an index"),
        span,
        "used as an index",
    )
    .label(before, "a real number")
    .help(format!(
        "declare it as whole numbers, `where {name} in 1..K`, if that is what it is"
    ))
}

/// Whole numbers that have an equation.
pub(in crate::system) fn integer_defined(name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "integer-defined",
        format!("`{name}` is declared as whole numbers and cannot be defined by an equation"),
        span,
        "defined here",
    )
    .label(before, "declared here")
    .help(format!("declare `{name} in R`, or take the equation away"))
}

/// `c[k] in 1..n[k]`.
pub(in crate::system) fn integer_bounds_vary(span: Span) -> Diagnostic {
    Diagnostic::error(
        "integer-bounds-vary",
        "the range of an integer-valued quantity must be the same at all its slots",
        span,
        "its bounds depend on a slot",
    )
    .help("write bounds without slot letters, for instance `1..K`")
}
