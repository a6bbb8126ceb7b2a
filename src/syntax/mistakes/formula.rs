//! Mistakes inside formulas.

use crate::source::{Diagnostic, Report, Span, closest};

/// Text for a message: as written if it is short and on one line.
pub(in crate::syntax) fn excerpt(text: &str) -> &str {
    if text.chars().count() <= 30 && !text.contains('\n') {
        text
    } else {
        "…"
    }
}

pub(in crate::syntax) fn formula_too_deep(span: Span) -> Report {
    Diagnostic::error(
        "formula-too-deep",
        "the formula is nested too deeply",
        span,
        "brackets and sums inside each other",
    )
    .help("give the inner part a name in an equation of its own")
    .into()
}

pub(in crate::syntax) fn second_semicolon(span: Span) -> Report {
    Diagnostic::error(
        "second-semicolon",
        "there is a second `;` in these brackets",
        span,
        "only one separates arguments from parameters",
    )
    .help("write `f(a, b; c, d)`")
    .into()
}

pub(in crate::syntax) fn branch_behind_otherwise(span: Span, otherwise: Span) -> Report {
    Diagnostic::error(
        "branch-behind-otherwise",
        "a case behind `otherwise` is never reached",
        span,
        "never reached",
    )
    .label(otherwise, "this value is taken in all other cases")
    .help("put `otherwise` last")
    .into()
}

pub(in crate::syntax) fn short_elements(span: Span, written: &str) -> Report {
    Diagnostic::error(
        "short-elements",
        "the short form of elements takes letters only",
        span,
        "not only letters",
    )
    .help(format!(
        "write `_{{{written}}}`, with commas between several indices"
    ))
    .into()
}

pub(in crate::syntax) fn leading_plus(span: Span) -> Report {
    Diagnostic::error(
        "missing-operand",
        "nothing stands before this `+`",
        span,
        "a summand is missing",
    )
    .help("leave it out, or write what is added to")
    .into()
}

pub(in crate::syntax) fn missing_operand(span: Span, at_end: bool) -> Report {
    if at_end {
        Diagnostic::error(
            "missing-operand",
            "this formula ends with an operator",
            span,
            "something is missing behind this",
        )
        .note("a formula goes on in the next line only if that line is indented deeper or begins with an operator")
        .help("indent the next line, or write what is missing")
        .into()
    } else {
        Diagnostic::error(
            "missing-operand",
            "something is missing in this formula",
            span,
            "a number, a name or a bracket is missing next to this",
        )
        .help("write what is missing, or remove the operator")
        .into()
    }
}

pub(in crate::syntax) fn sign_behind_operator(span: Span) -> Report {
    Diagnostic::error(
        "sign-behind-operator",
        "a sign directly behind an operator needs brackets",
        span,
        "two operators in a row",
    )
    .help("write `a * (-b)`")
    .into()
}

pub(in crate::syntax) fn suffix_alone(span: Span, text: &str) -> Report {
    let (message, help) = match text.chars().next() {
        Some('[') => ("a slot belongs directly behind a name", "write `W[k]`"),
        Some('_') => (
            "element indices belong directly behind a name or a bracket",
            "write `x_{1}`",
        ),
        Some('\'' | '′') => (
            "a prime belongs directly behind the name of a function",
            "write `f'(z)`; a transpose is `W^T`",
        ),
        _ => (
            "there is nothing that this power could belong to",
            "write `x^2`",
        ),
    };
    Diagnostic::error("suffix-alone", message, span, "nothing stands before it")
        .help(help)
        .into()
}

pub(in crate::syntax) fn behind_quotient(
    quotient: Span,
    next: Span,
    above: &str,
    below: &str,
    behind: &str,
) -> Report {
    let (above, below, behind) = (excerpt(above), excerpt(below), excerpt(behind));
    Diagnostic::error(
        "behind-quotient",
        "a factor directly behind a quotient can be read in two ways",
        next,
        "above or below the line?",
    )
    .label(quotient, "the quotient")
    .help(format!(
        "write `{above}/({below} {behind})` or `{above}/{below} {behind}`"
    ))
    .into()
}

pub(in crate::syntax) fn number_behind(span: Span, before: &str, number: &str) -> Report {
    let before = excerpt(before);
    Diagnostic::error(
        "number-behind-factor",
        "a number directly behind a factor can be read in two ways",
        span,
        "a factor or a power?",
    )
    .help(format!(
        "write `{before} * {number}` or `{before}^{number}`"
    ))
    .into()
}

pub(in crate::syntax) fn undeclared_index(span: Span, op: &str, letter: char) -> Report {
    Diagnostic::error(
        "undeclared-index",
        format!("the index `{letter}` is not declared"),
        span,
        format!("`{op}_…` needs declared index letters"),
    )
    .help(format!(
        "add a line `index {letter}`, or write the range: `{op}_{{{letter} in 1..n}}`"
    ))
    .into()
}

pub(in crate::syntax) fn power_of_head(span: Span) -> Report {
    Diagnostic::error(
        "power-of-reduction",
        "the sign of a sum has no power",
        span,
        "a power of what?",
    )
    .help("write `(sum_i x_i)^2`, or `sum_i x_i^2`")
    .into()
}

pub(in crate::syntax) fn reduction_without_brackets(span: Span) -> Report {
    Diagnostic::error(
        "reduction-without-brackets",
        "a sum needs brackets here",
        span,
        "how far does it go?",
    )
    .help("write `x^(sum_i a_i)`")
    .into()
}

pub(in crate::syntax) fn upper_limit(span: Span) -> Report {
    Diagnostic::error(
        "upper-limit",
        "the last value above the sign needs the first one below it",
        span,
        "from where?",
    )
    .help("write `sum_{i=1}^n x_i` or `sum_{i in 1..n} x_i`")
    .into()
}

pub(in crate::syntax) fn nothing_to_reduce(span: Span) -> Report {
    Diagnostic::error(
        "nothing-to-reduce",
        "nothing follows that could be summed",
        span,
        "of what?",
    )
    .help("write `sum_i x_i`")
    .into()
}

pub(in crate::syntax) fn transpose_in_braces(span: Span) -> Report {
    Diagnostic::error(
        "transpose-or-power",
        "`^{T}` can be read in two ways",
        span,
        "a transpose or a power?",
    )
    .help("write `^T` for the transpose, `^(T)` for the power")
    .into()
}

pub(in crate::syntax) fn transpose_run_together(span: Span, name: &str, rest: &str) -> Report {
    Diagnostic::error(
        "transpose-run-together",
        format!("`^{name}` can be read in two ways"),
        span,
        "a transpose and a factor, or one name?",
    )
    .help(format!("write `^T {rest}`, or `^({name})` for a power"))
    .into()
}

pub(in crate::syntax) fn bracket_behind_exponent(span: Span, name: &str) -> Report {
    Diagnostic::error(
        "bracket-behind-exponent",
        "a bracket directly behind an exponent can be read in two ways",
        span,
        "part of the exponent or not?",
    )
    .help(format!("write `^({name} (…))` or `^{name} (…)`"))
    .into()
}

pub(in crate::syntax) fn power_of_power(span: Span, first: Span) -> Report {
    Diagnostic::error(
        "power-of-power",
        "a power of a power needs brackets",
        span,
        "second power",
    )
    .label(first, "first power")
    .help("write `(a^b)^c` or `a^(b^c)`")
    .into()
}

pub(in crate::syntax) fn suffix_behind_power(span: Span) -> Report {
    Diagnostic::error(
        "suffix-behind-power",
        "slots and elements stand before the power",
        span,
        "behind a power",
    )
    .help("write `W[k]_ij^2`: first the slot, then the elements, then the power")
    .into()
}

pub(in crate::syntax) fn slots_behind(span: Span) -> Report {
    Diagnostic::error(
        "slots-behind-formula",
        "only a name has slots",
        span,
        "this is not directly behind a name",
    )
    .note("`[ ]` is a slot (layer, time), `_{ }` an element")
    .help("several slots stand in one bracket, `h[l, t]`; an element of a formula is `(A x)_i`")
    .into()
}

pub(in crate::syntax) fn blank_before_slots(span: Span) -> Report {
    Diagnostic::error(
        "blank-before-slots",
        "there is a blank before this slot",
        span,
        "a slot stands directly behind its name",
    )
    .help("write `W[k]`")
    .into()
}

pub(in crate::syntax) fn element_of_number(span: Span) -> Report {
    Diagnostic::error(
        "element-of-number",
        "a number has no elements",
        span,
        "elements of a number",
    )
    .help("write elements before the power: `W[k]_ij^2`")
    .into()
}

pub(in crate::syntax) fn second_subscript(span: Span) -> Report {
    Diagnostic::error(
        "second-subscript",
        "there are element indices already",
        span,
        "a second subscript",
    )
    .help("put all of them into one: `W_{i,j}`")
    .into()
}

pub(in crate::syntax) fn condition_in_elements(span: Span) -> Report {
    Diagnostic::error(
        "condition-in-elements",
        "an element index cannot be a condition",
        span,
        "a condition",
    )
    .note("conditions stand below `sum`, `prod`, `max` and `min` only")
    .into()
}

pub(in crate::syntax) fn indices_run_together(span: Span, word: &str) -> Report {
    let letters: Vec<String> = word.chars().map(String::from).collect();
    Diagnostic::error(
        "indices-run-together",
        format!("`{word}` is one name, but only its letters are indices"),
        span,
        "one index or several?",
    )
    .help(format!("write `{}`", letters.join(",")))
    .into()
}

/// What follows the name of a function that is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::syntax) enum Behind {
    /// `tanh^2`
    Power,
    /// `relu z`, `relu (z)`
    Argument,
    /// Something else, or nothing.
    Other,
}

pub(in crate::syntax) fn function_without_call(
    span: Span,
    word: &str,
    next: Option<(Behind, &str)>,
) -> Report {
    let diagnostic = Diagnostic::error(
        "function-without-call",
        format!("`{word}` is a function and needs its argument in brackets"),
        span,
        "without a bracket directly behind it",
    );
    let is_reduction = matches!(word, "sum" | "prod" | "Σ" | "∑" | "Π" | "∏");
    let help = match next {
        Some((Behind::Argument, argument)) if is_reduction => {
            format!(
                "write `{word}_i {0}` with an index, or `{word}({0})`",
                excerpt(argument)
            )
        }
        Some((Behind::Argument, argument)) if argument.starts_with('(') => {
            format!("write `{word}{}`", excerpt(argument))
        }
        Some((Behind::Argument, argument)) => format!("write `{word}({})`", excerpt(argument)),
        Some((Behind::Power, power)) => format!("write `{word}(z){}`", excerpt(power)),
        Some((Behind::Other, _)) | None => {
            format!("write `{word}(z)`; if a quantity is meant, give it another name")
        }
    };
    diagnostic.help(help).into()
}

pub(in crate::syntax) fn primes_without_call(span: Span, word: &str, is_function: bool) -> Report {
    let help = if is_function {
        format!("write `{word}'(z)`")
    } else {
        format!("a transpose is `{word}^T`; a derivative of a function is `f'(z)`")
    };
    Diagnostic::error(
        "prime-without-call",
        "a prime belongs to a function that is applied to something",
        span,
        if is_function {
            "no argument follows"
        } else {
            "this is no function"
        },
    )
    .help(help)
    .into()
}

pub(in crate::syntax) fn unknown_function(span: Span, word: &str, known: &[&str]) -> Report {
    let mut diagnostic = Diagnostic::error(
        "unknown-function",
        format!("there is no function `{word}`"),
        span,
        "not a function",
    );
    if let Some(meant) = closest(word, known.iter().copied()) {
        diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
    }
    diagnostic
        .help(format!("define it: `fn {word}(a, b) = …`"))
        .into()
}

pub(in crate::syntax) fn empty_brackets(span: Span) -> Report {
    Diagnostic::error(
        "empty-brackets",
        "there is nothing in these brackets",
        span,
        "empty",
    )
    .help("write what belongs there: `relu(z)`")
    .into()
}

pub(in crate::syntax) fn list_in_brackets(span: Span) -> Report {
    Diagnostic::error(
        "list-in-brackets",
        "a list is no value",
        span,
        "brackets around a formula hold one formula",
    )
    .note("a call has its bracket directly behind the name of the function: `max(a, b)`")
    .into()
}

pub(in crate::syntax) fn zero_denominator(span: Span) -> Report {
    Diagnostic::error(
        "zero-denominator",
        "this divides by 0",
        span,
        "the quotient has no value",
    )
    .help("write the number that is meant")
    .into()
}

pub(in crate::syntax) fn not_a_letter(span: Span) -> Report {
    Diagnostic::error(
        "binds-no-letter",
        "an index letter was expected below the sign",
        span,
        "this is no letter",
    )
    .help("write `sum_i`, `sum_{i,j}`, `sum_{j in 1..n}` or `sum_{i < j}`")
    .into()
}

pub(in crate::syntax) fn half_derivative(span: Span) -> Report {
    Diagnostic::error(
        "half-derivative",
        "a derivative needs two parts",
        span,
        "by what?",
    )
    .help("write `∂C/∂W`")
    .into()
}

pub(in crate::syntax) fn second_derivative(span: Span) -> Report {
    Diagnostic::error(
        "second-derivative",
        "second derivatives are asked for by `hess`",
        span,
        "a second derivative",
    )
    .help("write `hess C wrt w, v`")
    .into()
}

pub(in crate::syntax) fn derivative_in_equation(span: Span) -> Report {
    Diagnostic::error(
        "derivative-in-equation",
        "a derivative cannot stand here",
        span,
        "a derivative",
    )
    .note("derivatives stand in questions and in `write` only")
    .help("ask for it in a line of its own; if quotients of quantities are meant, declare them: `param dA, dB`")
    .into()
}

pub(in crate::syntax) fn derivative_of_formula(span: Span) -> Report {
    Diagnostic::error(
        "derivative-of-formula",
        "only a quantity can stand behind ∂",
        span,
        "not a quantity",
    )
    .help("give the formula a name in an equation of its own")
    .into()
}
