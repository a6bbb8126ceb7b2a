//! Indices that are not declared, not bound, bound too often, or outside of their ranges.

use crate::source::{Diagnostic, Span, closest};
use crate::syntax::Range;
use crate::system::{System, describe};
use crate::term::{Affine, FamilyId, VarId};

/// A left index that no `index` declares.
pub(in crate::system) fn undeclared_index(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "undeclared-index",
        format!("the index `{name}` is not declared"),
        span,
        "stands for every element",
    )
    .help(format!("add the line `index {name}`"))
}

/// `sum_m` without `index m`.
pub(in crate::system) fn undeclared_binder(
    name: &str,
    span: Span,
    candidates: &[&str],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "undeclared-index",
        format!("the index `{name}` is not declared"),
        span,
        "summed over",
    )
    .help(format!(
        "add the line `index {name}`, or give its range: `sum_{{{name} in 1..n}}`"
    ));
    match closest(name, candidates.iter().copied()) {
        Some(near) => diagnostic.help(format!("or write `{near}`")),
        None => diagnostic,
    }
}

/// An unknown name inside an index.
pub(in crate::system) fn unknown_index(name: &str, span: Span, candidates: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "undeclared-index",
        format!("`{name}` is neither an index nor a size"),
        span,
        "used as an index",
    );
    match closest(name, candidates.iter().copied()) {
        Some(near) => diagnostic.help(format!("write `{near}`")),
        None => diagnostic.help(format!(
            "for an element declare it with `index {name}`; for a slot give its range, `for {name} in 1..n`"
        )),
    }
}

/// A letter that is neither on the left nor bound.
pub(in crate::system) fn unbound_index(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "unbound-index",
        format!("the index `{name}` is neither on the left side nor bound by a sum"),
        span,
        "free here",
    )
    .note("an index that stands twice is not summed by that alone")
    .help(format!(
        "sum over it, `sum_{name} …`, or put it on the left side"
    ))
}

/// A letter bound by two reductions around the same place.
pub(in crate::system) fn bound_twice(name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "bound-twice",
        format!("the index `{name}` is bound twice"),
        span,
        "bound again here",
    )
    .label(before, "bound here already")
    .help("use another letter in one of the two, or close the first in brackets: `(sum_i …) / (sum_i …)`")
}

/// A letter on the left that is summed too.
pub(in crate::system) fn summed_and_free(name: &str, span: Span, left: Span) -> Diagnostic {
    Diagnostic::error(
        "summed-and-free",
        format!("the index `{name}` is summed and also stands on the left side"),
        span,
        "summed here",
    )
    .label(left, "free here")
    .help("use another letter in the sum, or take it away from the left side")
}

/// `sum_{i < j}` with both letters in scope.
pub(in crate::system) fn binds_nothing(span: Span) -> Diagnostic {
    Diagnostic::error(
        "binds-nothing",
        "no index is bound here",
        span,
        "all letters in the condition have a meaning already",
    )
    .help("name the index that runs, for instance `sum_{j in 1..i}`; for a condition use cases")
}

/// A slot letter that no `for` introduces.
pub(in crate::system) fn no_range(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "no-range",
        format!("nothing says which values `{name}` takes"),
        span,
        "a slot letter without a range",
    )
    .help(format!(
        "add `for {name} in 1..L` (with your bounds) to this line"
    ))
}

/// A slot letter with different ranges elsewhere and none here.
pub(in crate::system) fn several_ranges(
    name: &str,
    span: Span,
    first: &Range,
    second: &Range,
) -> Diagnostic {
    let text = |range: &Range| {
        format!(
            "{}..{}",
            describe::spell(&range.low),
            describe::spell(&range.high)
        )
    };
    Diagnostic::error(
        "several-ranges",
        format!("`{name}` has no range here and different ones elsewhere"),
        span,
        "which range is meant?",
    )
    .label(first.letter.span, text(first))
    .label(second.letter.span, text(second))
    .help(format!(
        "add `for {name} in {}` or `for {name} in {}` to this line",
        text(first),
        text(second)
    ))
}

/// A left index without a range anywhere.
///
/// `used` is the shape that goes with the arrays that it is used beside.
pub(in crate::system) fn no_left_range(
    name: &str,
    letter: &str,
    span: Span,
    used: Option<&str>,
) -> Diagnostic {
    let shape = used.unwrap_or("R^…");
    Diagnostic::error(
        "no-left-range",
        format!("nothing says how many elements `{name}` has"),
        span,
        format!("`{letter}` stands alone nowhere on the right"),
    )
    .help(format!("declare `{name} in {shape}` in a `where` line"))
}

/// A sum without a range anywhere.
pub(in crate::system) fn no_sum_range(letter: &str, span: Span, alone: bool) -> Diagnostic {
    Diagnostic::error(
        "no-sum-range",
        format!("nothing says which values `{letter}` takes"),
        span,
        if alone {
            "the sizes of the arrays that it runs through are not known"
        } else {
            "it stands alone as an element nowhere in the sum"
        },
    )
    .help(format!("give its range: `sum_{{{letter} in 1..n}}`"))
}

/// Two places that give a letter different ranges.
pub(in crate::system) fn ranges_disagree(
    system: &System,
    letter: &str,
    (span, size): (Span, &Affine),
    (before, other): (Span, &Affine),
) -> Diagnostic {
    let (here, there) = (
        describe::affine(system, size),
        describe::affine(system, other),
    );
    Diagnostic::error(
        "ranges-disagree",
        format!("`{letter}` runs to {there} in one place and to {here} in another"),
        span,
        format!("1..{here}"),
    )
    .label(before, format!("1..{there}"))
    .help(format!(
        "declare equal sizes, or give the range: `{letter} in 1..{there}`"
    ))
}

/// A `for` that leaves the declared shape.
pub(in crate::system) fn range_beyond_declared(
    system: &System,
    span: Span,
    size: &Affine,
) -> Diagnostic {
    let size = describe::affine(system, size);
    Diagnostic::error(
        "outside-range",
        "the left side goes beyond the declared shape",
        span,
        format!("the elements run from 1 to {size}"),
    )
    .help(format!(
        "keep the `for` inside 1..{size}, or declare another shape"
    ))
}

/// A slot for which no shape is declared.
pub(in crate::system) fn slot_not_declared(
    system: &System,
    family: FamilyId,
    span: Span,
) -> Diagnostic {
    let name = &system.family(family).name;
    Diagnostic::error(
        "slot-not-declared",
        format!("the declaration of `{name}` does not cover this slot"),
        span,
        "no shape here",
    )
    .help(format!("widen the `for` in the declaration of `{name}`"))
}

/// A slot that has no definition.
pub(in crate::system) fn missing_slot(
    system: &System,
    family: FamilyId,
    index: &[Affine],
    given: Option<&[Affine]>,
    at: &[(VarId, Affine)],
    span: Span,
) -> Diagnostic {
    let known = system.family(family);
    let slots = &index[..known.slots.min(index.len())];
    let read = describe::element(system, family, slots);
    let exact = given.map(|given| describe::element(system, family, given));
    let place: Vec<String> = at
        .iter()
        .map(|(var, value)| {
            format!(
                "{} = {}",
                system.store.letter(*var),
                describe::affine(system, value)
            )
        })
        .collect();
    let verb = if crate::system::reads::is_given(known) {
        "declared"
    } else {
        "defined"
    };
    let what = exact.as_ref().unwrap_or(&read);
    let mut label = format!("reads `{what}`");
    if !place.is_empty() {
        label.push_str(&format!(" at {}", place.join(", ")));
    }
    let diagnostic = Diagnostic::error(
        "missing-slot",
        if exact.is_some() {
            format!("`{what}` is not {verb}")
        } else {
            format!("`{read}` is not {verb} at all slots that are read")
        },
        span,
        label,
    );
    let diagnostic = match known.span {
        Some(before) => diagnostic.label(before, format!("`{}` is {verb} here", known.name)),
        None => diagnostic,
    };
    match (exact, verb) {
        (Some(exact), "defined") => diagnostic.help(format!(
            "add an equation for `{exact}`, or take the slot out of the range"
        )),
        (Some(_) | None, _) => diagnostic.help("change the range of the slot here or there"),
    }
}

/// An element outside of the array.
pub(in crate::system) fn outside_range(
    system: &System,
    family: FamilyId,
    index: &[Affine],
    elements: &[String],
    span: Span,
) -> Diagnostic {
    let name = describe::element(system, family, index);
    let what = if elements.is_empty() {
        "its slots may leave their range".to_owned()
    } else {
        let list: Vec<String> = elements.iter().map(|text| format!("`{text}`")).collect();
        format!("{} may leave the range", list.join(" or "))
    };
    let diagnostic = Diagnostic::error(
        "outside-range",
        format!("`{name}` is not proved to exist for all values of its indices"),
        span,
        what,
    );
    let diagnostic = match system.family(family).span {
        Some(before) => diagnostic.label(
            before,
            format!(
                "the range of `{}` comes from here",
                system.family(family).name
            ),
        ),
        None => diagnostic,
    };
    diagnostic.help(
        "narrow the range of the index, or say under which condition it is read: `{ … if …; 0 otherwise }`",
    )
}

/// A sum over what is not an index.
pub(in crate::system) fn value_condition(span: Span) -> Diagnostic {
    Diagnostic::error(
        "value-condition",
        "the condition of a sum speaks of indices only",
        span,
        "not made of indices, sizes and whole numbers",
    )
    .help("put the condition into the summand: `{ … if …; 0 otherwise }`")
}

/// Too many `!=`.
pub(in crate::system) fn too_many_inequalities(span: Span) -> Diagnostic {
    Diagnostic::error(
        "too-many-inequalities",
        "too many `!=` in one place",
        span,
        "each `!=` doubles the number of cases",
    )
    .help("use at most 6, or split it into several definitions")
}

/// `max_{j != c}`.
pub(in crate::system) fn extremum_with_gap(span: Span) -> Diagnostic {
    Diagnostic::error(
        "extremum-with-gap",
        "a maximum or minimum cannot leave out a value with `!=` yet",
        span,
        "its range has a gap",
    )
    .help("take the maximum of two: `max(max_{j in 1..c-1} …, max_{j in c+1..n} …)`")
}

/// A maximum over nothing.
pub(in crate::system) fn empty_extremum(span: Span) -> Diagnostic {
    Diagnostic::error(
        "empty-extremum",
        "a maximum or minimum may have nothing to run over",
        span,
        "its range is not proved to be non-empty",
    )
    .help("give a range that always holds an index, or assume it: `assume n > m`")
}

/// An index that is no whole number of moderate size.
pub(in crate::system) fn not_whole(span: Span) -> Diagnostic {
    Diagnostic::error(
        "not-an-index",
        "an index is a whole number below 2^31",
        span,
        "not such a number",
    )
    .help("write a whole number")
}

/// An index expression that is not affine.
pub(in crate::system) fn not_affine(span: Span) -> Diagnostic {
    Diagnostic::error(
        "not-an-index",
        "an index is a sum of letters, sizes and whole multiples of them",
        span,
        "not of this kind",
    )
    .help("write it like `2 i + k - 1`")
}

/// A left side with more than letters.
pub(in crate::system) fn left_index(span: Span) -> Diagnostic {
    Diagnostic::error(
        "left-index",
        "a left side carries plain letters: elements as `_i`, slots as `[k]`, `[k+1]` or a constant",
        span,
        "not of this kind",
    )
    .help("put a new letter here and state the rest with cases or `for` on the right")
}

/// `z_ii = …`.
pub(in crate::system) fn left_letter_twice(name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "left-letter-twice",
        format!("`{name}` stands twice on the left side"),
        span,
        "again here",
    )
    .label(before, "first here")
    .help("use two letters, and a condition on the right: `{ … if i = j; 0 otherwise }`")
}
