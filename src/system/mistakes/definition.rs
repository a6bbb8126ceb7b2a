//! Equations that define too much, too little, or themselves.

use crate::source::{Diagnostic, Span};
use crate::system::System;

/// Two definitions of one thing.
pub(in crate::system) fn defined_twice(name: &str, span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "duplicate-definition",
        format!("`{name}` is defined twice"),
        span,
        "defined again here",
    )
    .label(before, "first defined here")
    .help("take one of the two away, or give it another name")
}

/// Two clauses that share a slot.
pub(in crate::system) fn overlapping(
    _system: &System,
    name: &str,
    span: Span,
    before: Span,
) -> Diagnostic {
    Diagnostic::error(
        "overlapping-definitions",
        format!("two equations define `{name}` at the same slots"),
        span,
        "their ranges overlap",
    )
    .label(before, "the other equation")
    .help("narrow one of the two ranges")
}

/// Two losses.
pub(in crate::system) fn two_losses(span: Span, before: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "two-losses",
        "a network has at most one loss",
        span,
        "a second loss",
    )
    .help("define one of them by a plain equation, and ask for it with `grad … wrt …`");
    match before {
        Some(before) => diagnostic.label(before, "the first one"),
        None => diagnostic,
    }
}

/// Two conventions.
pub(in crate::system) fn two_conventions(span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "two-conventions",
        "the value of step(0) is given twice",
        span,
        "again here",
    )
    .label(before, "first here")
    .help("keep one of the two lines")
}

/// A left side that is no quantity.
pub(in crate::system) fn left_side(span: Span) -> Diagnostic {
    Diagnostic::error(
        "left-side",
        "only a quantity can stand on the left of an equation",
        span,
        "not a name with slots or elements",
    )
    .help("write `name = …`, `name[k] = …` or `name[k]_ij = …`")
}

/// Definitions that need each other.
pub(in crate::system) fn cycle(steps: &[(String, Span)], recurrent: bool) -> Diagnostic {
    let (first, span) = steps
        .first()
        .map_or(("", Span::default()), |(name, span)| (name.as_str(), *span));
    let mut names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    names.push(first);
    let diagnostic = Diagnostic::error(
        "cycle",
        format!("`{first}` depends on itself: {}", names.join(" from ")),
        span,
        "this equation needs its own result",
    );
    let diagnostic = steps[1.min(steps.len())..]
        .iter()
        .take(5)
        .fold(diagnostic, |diagnostic, (_, span)| {
            diagnostic.label(*span, "by way of this one")
        });
    if recurrent {
        diagnostic.help("a recurrence has to shift a slot in one direction: `h[t]` from `h[t-1]`")
    } else {
        diagnostic.help("define one of them without the others, or give them a slot that moves: `h[t]` from `h[t-1]`")
    }
}

/// Cases that leave something out.
pub(in crate::system) fn missing_otherwise(span: Span) -> Diagnostic {
    Diagnostic::error(
        "missing-otherwise",
        "the cases are not proved to cover everything",
        span,
        "no value where none of the conditions holds",
    )
    .help("make the last case `… otherwise`")
}

/// A branch that can never be reached.
pub(in crate::system) fn branch_after_otherwise(span: Span) -> Diagnostic {
    Diagnostic::error(
        "branch-after-otherwise",
        "a case behind `otherwise` is never reached",
        span,
        "never reached",
    )
    .help("put `otherwise` last")
}

/// `a / 0`.
pub(in crate::system) fn division_by_zero(span: Span) -> Diagnostic {
    Diagnostic::error("division-by-zero", "division by zero", span, "this is 0")
        .help("write another divisor")
}

/// `dA/dB` inside an equation.
pub(in crate::system) fn derivative_here(span: Span) -> Diagnostic {
    Diagnostic::error(
        "derivative-here",
        "a derivative cannot stand in an equation",
        span,
        "derivatives stand in questions and in `write`",
    )
    .help("ask for it with `grad`, on a line of its own")
}

/// An undeclared input read at slots that cannot be listed.
pub(in crate::system) fn undeclared_slots(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "undeclared-slots",
        format!("nothing says at which slots `{name}` exists"),
        span,
        "the slots that are read here depend on several letters",
    )
    .help(format!("declare it: `where {name}[k] in R for k in 0..n`"))
}

/// An opaque loss of something that is no quantity.
pub(in crate::system) fn opaque_argument(span: Span) -> Diagnostic {
    Diagnostic::error(
        "opaque-argument",
        "an opaque loss depends on whole quantities",
        span,
        "not a name with its slots",
    )
    .help("write it like `loss C(r[L])`")
}

/// An assumption that can never hold.
pub(in crate::system) fn contradiction(span: Span) -> Diagnostic {
    Diagnostic::error(
        "contradiction",
        "no sizes satisfy this assumption together with the others",
        span,
        "contradicts what is known",
    )
    .note("sizes are whole numbers from 1 on")
    .help("take the assumption away, or change it")
}
