//! Questions, assumptions and spellings that do not make sense.

use crate::source::{Diagnostic, Span};
use crate::system::{System, describe};
use crate::term::FamilyId;

/// `grad W` without a loss.
pub(in crate::system) fn missing_loss(span: Span, by: Option<&str>) -> Diagnostic {
    let by = by.unwrap_or("x");
    Diagnostic::error(
        "missing-loss",
        "there is no loss to differentiate",
        span,
        "asks for a derivative of the loss",
    )
    .help(format!(
        "add a line `loss C = …`, or say what to differentiate: `grad p wrt {by}`"
    ))
}

/// A gradient by something that plays no part.
pub(in crate::system) fn independent(of: &str, wrt: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "independent",
        format!("`{of}` does not depend on `{wrt}`"),
        span,
        "the derivative would be 0 everywhere",
    )
    .note("in a network without declarations this is most often a slip")
    .help(format!(
        "use `{wrt}` in the equations, or ask for something else"
    ))
}

/// `grad c` where `c in 1..K`.
pub(in crate::system) fn whole_number(
    name: &str,
    span: Span,
    declared: Option<Span>,
) -> Diagnostic {
    let problem = Diagnostic::error(
        "derivative-by-whole-number",
        format!("there is no derivative by `{name}`: its values are whole numbers"),
        span,
        "asks for one",
    )
    .help("ask for what it chooses from");
    match declared {
        Some(declared) => problem.label(declared, "declared here"),
        None => problem,
    }
}

/// `grad dC/dz wrt w`.
pub(in crate::system) fn second_derivative(span: Span) -> Diagnostic {
    Diagnostic::error(
        "derivative-of-derivative",
        "the derivative of a derivative has a question of its own",
        span,
        "a derivative itself",
    )
    .help("write `hess C wrt z, w` for ∂²C/∂z∂w")
}

/// `hess C wrt a, b, c`.
pub(in crate::system) fn hessian_targets(span: Span) -> Diagnostic {
    Diagnostic::error(
        "hessian-targets",
        "a second derivative is taken by two quantities",
        span,
        "more than two",
    )
    .help("write `hess C wrt a, b`, one line for each pair")
}

/// `grad W[7]` of a network with two layers.
pub(in crate::system) fn nothing_there(
    system: &System,
    family: FamilyId,
    span: Span,
) -> Diagnostic {
    let known = system.family(family);
    let diagnostic = Diagnostic::error(
        "nothing-there",
        format!("`{}` has no element there", known.name),
        span,
        "outside of its range",
    );
    let diagnostic = match known.span {
        Some(before) => diagnostic.label(before, format!("`{}` stands here", known.name)),
        None => diagnostic,
    };
    let slots: Vec<String> = known
        .clauses
        .iter()
        .take(4)
        .map(|clause| describe::element(system, family, &clause.index[..known.slots]))
        .collect();
    diagnostic.help(format!("it exists as {}", slots.join(", ")))
}

/// A definition that nothing uses.
pub(in crate::system) fn unused(name: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(
        "unused-equation",
        format!("`{name}` is defined but not used"),
        span,
        "nothing that is asked depends on it",
    )
    .help("use it, or take the equation away")
}

/// An assumption about an expression.
pub(in crate::system) fn assumed_name(span: Span) -> Diagnostic {
    Diagnostic::error(
        "assumed-name",
        "this can only be assumed of a quantity",
        span,
        "not a name with its slots",
    )
    .help("give the expression a name in an equation, and assume it of that")
}

/// `assume S positive definite` of a matrix that an equation defines.
pub(in crate::system) fn assumed_of_defined(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "assumed-of-defined",
        format!("`{name}` is defined, and this can only be assumed of what is given"),
        span,
        "defined by an equation",
    )
    .help("assume it of what it is made of: what follows for it is found")
}

/// `t in {a, b}`.
pub(in crate::system) fn assumed_number(span: Span) -> Diagnostic {
    Diagnostic::error(
        "assumed-number",
        "the values of `in { … }` are numbers",
        span,
        "not a number",
    )
    .help("write numbers, for instance `t in {0, 1}`")
}

/// A number that is one-hot.
pub(in crate::system) fn one_hot_number(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "one-hot-number",
        format!("`{name}` is a number; only arrays are one-hot"),
        span,
        "not an array",
    )
    .help(format!(
        "declare `{name} in R^n`, or write `{name} in {{0, 1}}`"
    ))
}

/// A vector that is symmetric.
pub(in crate::system) fn not_a_matrix(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "not-a-matrix",
        format!("`{name}` is not a matrix"),
        span,
        "this is a property of matrices",
    )
    .help(format!("declare `{name} in R^(n x n)`"))
}

/// Two spellings of one thing.
pub(in crate::system) fn spelled_twice(span: Span, before: Span) -> Diagnostic {
    Diagnostic::error(
        "spelled-twice",
        "this has two spellings",
        span,
        "again here",
    )
    .label(before, "first here")
    .help("keep one of the two")
}

/// A spelling that is more or less than mathematics.
pub(in crate::system) fn spelling_command(why: String, span: Span) -> Diagnostic {
    Diagnostic::error(
        "spelling-command",
        "this spelling is no formula that every format can say",
        span,
        why,
    )
    .help("write letters, scripts, accents and fonts, for instance `\\hat y` or `\\mathbf{W}_1`")
}

/// A spelling of an element of a derivative.
pub(in crate::system) fn spelling_of_element(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "spelling-of-element",
        "element indices are printed behind a spelling and not part of it",
        span,
        "an element index",
    )
    .help(format!(
        "write `{name} as …`: the indices follow by themselves"
    ))
}
