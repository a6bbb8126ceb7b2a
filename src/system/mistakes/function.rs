//! Functions that are unknown, called wrongly or defined wrongly.

use super::counted;
use crate::source::{Diagnostic, Span};

/// `rellu(z)`.
pub(in crate::system) fn unknown_function(
    name: &str,
    span: Span,
    near: Option<&str>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "unknown-function",
        format!("there is no function `{name}`"),
        span,
        "called here",
    );
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}(…)`?")),
        None => diagnostic.help(format!(
            "for a product write a space, `{name} (…)`; for a function of your own `fn {name}(u) = …`"
        )),
    }
}

/// `rellu z`.
pub(in crate::system) fn function_without_brackets(
    name: &str,
    span: Span,
    near: &str,
) -> Diagnostic {
    Diagnostic::error(
        "unknown-function",
        format!("`{name}` is not known, but close to the function `{near}`"),
        span,
        "read as a factor of a product",
    )
    .help(format!("write `{near}(…)`"))
    .help(format!("to keep it as a name add the line `param {name}`"))
}

/// `relu` without brackets.
pub(in crate::system) fn function_as_value(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "function-without-argument",
        format!("the function `{name}` has no argument here"),
        span,
        "not a number by itself",
    )
    .help(format!("write `{name}(…)`"))
}

/// The wrong number of arguments. `letters` are those of the function itself, if it has some.
pub(in crate::system) fn argument_count(
    name: &str,
    span: Span,
    (parameters, extra): (usize, usize),
    (given, given_extra): (usize, usize),
    letters: &[&str],
) -> Diagnostic {
    let behind = |extra: usize| match extra {
        0 => String::new(),
        _ => format!(" and {} behind the `;`", extra),
    };
    let letters = if letters.is_empty() {
        [&["u", "v", "w"][..parameters.min(3)], &["a", "b", "c"]].concat()
    } else {
        letters.to_vec()
    };
    let (front, back) = letters.split_at(parameters.min(letters.len()));
    let example = match extra {
        0 => format!("{name}({})", front.join(", ")),
        _ => format!(
            "{name}({}; {})",
            front.join(", "),
            back[..extra.min(back.len())].join(", ")
        ),
    };
    Diagnostic::error(
        "argument-count",
        format!(
            "`{name}` takes {}{}",
            counted(parameters, "argument"),
            behind(extra)
        ),
        span,
        format!("{}{} here", counted(given, "argument"), behind(given_extra)),
    )
    .help(format!("write it like `{example}`"))
}

/// What usually stands behind the `;` of a function.
pub(in crate::system) fn with_usual(
    diagnostic: Diagnostic,
    letters: &[&str],
    usual: &[f64],
) -> Diagnostic {
    if usual.is_empty() {
        return diagnostic;
    }
    let values: Vec<String> = letters[letters.len() - usual.len()..]
        .iter()
        .zip(usual)
        .map(|(letter, value)| format!("{letter} = {value}"))
        .collect();
    diagnostic.note(format!("usual: {}", values.join(", ")))
}

/// `f'(a, b)`.
pub(in crate::system) fn primes_of_several(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "primes-of-several",
        format!("`{name}'` does not say by which argument"),
        span,
        "a function of several arguments",
    )
    .help("a prime needs a function of one argument")
}

/// A name in a body that is no parameter.
pub(in crate::system) fn foreign_name(span: Span, parameters: &[String]) -> Diagnostic {
    let list: Vec<String> = parameters.iter().map(|name| format!("`{name}`")).collect();
    Diagnostic::error(
        "foreign-name",
        "the body of a function uses its parameters only",
        span,
        "not a parameter",
    )
    .note(format!("the parameters are {}", list.join(", ")))
    .help("make it a parameter; numbers to pass along stand behind a `;`: `fn f(u; a) = …`")
}

/// A function that calls itself.
pub(in crate::system) fn recursive_function(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "recursive-function",
        format!("`{name}` is defined by itself"),
        span,
        "called while its own body is read",
    )
    .help("write its value without it")
}

/// Two parameters of one name.
pub(in crate::system) fn parameter_twice(name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "parameter-twice",
        format!("two parameters are called `{name}`"),
        span,
        "again here",
    )
    .label(before, "first here")
    .help("rename one of them")
}

/// Two derivatives of one function.
pub(in crate::system) fn two_slopes(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "two-slopes",
        format!("the derivative of `{name}` is declared twice"),
        span,
        "a second derivative",
    )
    .help("keep one of them")
}

pub(in crate::system) fn two_slope_ranges(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "two-slopes",
        format!("the range of the derivative of `{name}` is declared twice"),
        span,
        "a second range",
    )
    .help("keep one of them")
}

pub(in crate::system) fn slope_range_number(span: Span) -> Diagnostic {
    Diagnostic::error(
        "slope-range",
        "the ends of a range of a derivative are numbers",
        span,
        "not a number",
    )
    .help("write numbers, for instance `with s' in [0, 1/4]`")
}

pub(in crate::system) fn empty_slope_range(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "slope-range",
        format!("the range of the derivative of `{name}` holds no number"),
        span,
        "its first end lies above its second",
    )
    .help("write the lower end first")
}
