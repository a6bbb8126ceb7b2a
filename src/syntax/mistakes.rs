//! What can be wrong with a text before any name is resolved: one function for each mistake.

use crate::source::{Diagnostic, Report, Span, closest};

/// Text for a message: as written if it is short and on one line.
pub(super) fn excerpt(text: &str) -> &str {
    if text.chars().count() <= 30 && !text.contains('\n') {
        text
    } else {
        "…"
    }
}

pub(super) fn formula_too_deep(span: Span) -> Report {
    Diagnostic::error(
        "formula-too-deep",
        "the formula is nested too deeply",
        span,
        "brackets and sums inside each other",
    )
    .help("give the inner part a name in an equation of its own")
    .into()
}

pub(super) fn second_semicolon(span: Span) -> Report {
    Diagnostic::error(
        "second-semicolon",
        "there is a second `;` in these brackets",
        span,
        "only one separates arguments from parameters",
    )
    .help("write `f(a, b; c, d)`")
    .into()
}

pub(super) fn branch_behind_otherwise(span: Span, otherwise: Span) -> Report {
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

pub(super) fn short_elements(span: Span, written: &str) -> Report {
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

pub(super) fn leading_plus(span: Span) -> Report {
    Diagnostic::error(
        "missing-operand",
        "nothing stands before this `+`",
        span,
        "a summand is missing",
    )
    .help("leave it out, or write what is added to")
    .into()
}

pub(super) fn missing_operand(span: Span, at_end: bool) -> Report {
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

pub(super) fn sign_behind_operator(span: Span) -> Report {
    Diagnostic::error(
        "sign-behind-operator",
        "a sign directly behind an operator needs brackets",
        span,
        "two operators in a row",
    )
    .help("write `a * (-b)`")
    .into()
}

pub(super) fn suffix_alone(span: Span, text: &str) -> Report {
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

pub(super) fn behind_quotient(
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

pub(super) fn number_behind(span: Span, before: &str, number: &str) -> Report {
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

pub(super) fn undeclared_index(span: Span, op: &str, letter: char) -> Report {
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

pub(super) fn power_of_head(span: Span) -> Report {
    Diagnostic::error(
        "power-of-reduction",
        "the sign of a sum has no power",
        span,
        "a power of what?",
    )
    .help("write `(sum_i x_i)^2`, or `sum_i x_i^2`")
    .into()
}

pub(super) fn reduction_without_brackets(span: Span) -> Report {
    Diagnostic::error(
        "reduction-without-brackets",
        "a sum needs brackets here",
        span,
        "how far does it go?",
    )
    .help("write `x^(sum_i a_i)`")
    .into()
}

pub(super) fn upper_limit(span: Span) -> Report {
    Diagnostic::error(
        "upper-limit",
        "a range stands below the sign, not above it",
        span,
        "a limit above the sign has no meaning here",
    )
    .help("write `sum_{i in 1..n} x_i`")
    .into()
}

pub(super) fn nothing_to_reduce(span: Span) -> Report {
    Diagnostic::error(
        "nothing-to-reduce",
        "nothing follows that could be summed",
        span,
        "of what?",
    )
    .help("write `sum_i x_i`")
    .into()
}

pub(super) fn transpose_in_braces(span: Span) -> Report {
    Diagnostic::error(
        "transpose-or-power",
        "`^{T}` can be read in two ways",
        span,
        "a transpose or a power?",
    )
    .help("write `^T` for the transpose, `^(T)` for the power")
    .into()
}

pub(super) fn transpose_run_together(span: Span, name: &str, rest: &str) -> Report {
    Diagnostic::error(
        "transpose-run-together",
        format!("`^{name}` can be read in two ways"),
        span,
        "a transpose and a factor, or one name?",
    )
    .help(format!("write `^T {rest}`, or `^({name})` for a power"))
    .into()
}

pub(super) fn bracket_behind_exponent(span: Span, name: &str) -> Report {
    Diagnostic::error(
        "bracket-behind-exponent",
        "a bracket directly behind an exponent can be read in two ways",
        span,
        "part of the exponent or not?",
    )
    .help(format!("write `^({name} (…))` or `^{name} (…)`"))
    .into()
}

pub(super) fn power_of_power(span: Span, first: Span) -> Report {
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

pub(super) fn suffix_behind_power(span: Span) -> Report {
    Diagnostic::error(
        "suffix-behind-power",
        "slots and elements stand before the power",
        span,
        "behind a power",
    )
    .help("write `W[k]_ij^2`: first the slot, then the elements, then the power")
    .into()
}

pub(super) fn slots_behind(span: Span) -> Report {
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

pub(super) fn blank_before_slots(span: Span) -> Report {
    Diagnostic::error(
        "blank-before-slots",
        "there is a blank before this slot",
        span,
        "a slot stands directly behind its name",
    )
    .help("write `W[k]`")
    .into()
}

pub(super) fn element_of_number(span: Span) -> Report {
    Diagnostic::error(
        "element-of-number",
        "a number has no elements",
        span,
        "elements of a number",
    )
    .help("write elements before the power: `W[k]_ij^2`")
    .into()
}

pub(super) fn second_subscript(span: Span) -> Report {
    Diagnostic::error(
        "second-subscript",
        "there are element indices already",
        span,
        "a second subscript",
    )
    .help("put all of them into one: `W_{i,j}`")
    .into()
}

pub(super) fn slice(span: Span) -> Report {
    Diagnostic::error(
        "slice",
        "slices are not supported yet",
        span,
        "a row, a column or a part of an array",
    )
    .help("write the elements with an index: `y_j = A_{3,j}`")
    .into()
}

pub(super) fn condition_in_elements(span: Span) -> Report {
    Diagnostic::error(
        "condition-in-elements",
        "an element index cannot be a condition",
        span,
        "a condition",
    )
    .note("conditions stand below `sum`, `prod`, `max` and `min` only")
    .into()
}

pub(super) fn indices_run_together(span: Span, word: &str) -> Report {
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
pub(super) enum Behind {
    /// `tanh^2`
    Power,
    /// `relu z`, `relu (z)`
    Argument,
    /// Something else, or nothing.
    Other,
}

pub(super) fn function_without_call(
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

pub(super) fn primes_without_call(span: Span, word: &str, is_function: bool) -> Report {
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

pub(super) fn unknown_function(span: Span, word: &str, known: &[&str]) -> Report {
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

pub(super) fn empty_brackets(span: Span) -> Report {
    Diagnostic::error(
        "empty-brackets",
        "there is nothing in these brackets",
        span,
        "empty",
    )
    .help("write what belongs there: `relu(z)`")
    .into()
}

pub(super) fn list_in_brackets(span: Span) -> Report {
    Diagnostic::error(
        "list-in-brackets",
        "a list is no value",
        span,
        "brackets around a formula hold one formula",
    )
    .note("a call has its bracket directly behind the name of the function: `max(a, b)`")
    .into()
}

pub(super) fn zero_denominator(span: Span) -> Report {
    Diagnostic::error(
        "zero-denominator",
        "this divides by 0",
        span,
        "the quotient has no value",
    )
    .help("write the number that is meant")
    .into()
}

pub(super) fn not_a_letter(span: Span) -> Report {
    Diagnostic::error(
        "binds-no-letter",
        "an index letter was expected below the sign",
        span,
        "this is no letter",
    )
    .help("write `sum_i`, `sum_{i,j}`, `sum_{j in 1..n}` or `sum_{i < j}`")
    .into()
}

pub(super) fn half_derivative(span: Span) -> Report {
    Diagnostic::error(
        "half-derivative",
        "a derivative needs two parts",
        span,
        "by what?",
    )
    .help("write `∂C/∂W`")
    .into()
}

pub(super) fn second_derivative(span: Span) -> Report {
    Diagnostic::error(
        "second-derivative",
        "second derivatives are asked for by `hess`",
        span,
        "a second derivative",
    )
    .help("write `hess C wrt w, v`")
    .into()
}

pub(super) fn derivative_in_equation(span: Span) -> Report {
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

pub(super) fn derivative_of_formula(span: Span) -> Report {
    Diagnostic::error(
        "derivative-of-formula",
        "only a quantity can stand behind ∂",
        span,
        "not a quantity",
    )
    .help("give the formula a name in an equation of its own")
    .into()
}

pub(super) fn no_equation_below_for(span: Span) -> Report {
    Diagnostic::error(
        "no-equation-below-for",
        "only equations stand below a `for` line",
        span,
        "not an equation",
    )
    .help("move it out of the indented lines, or give it a `for` at the end of its line")
    .into()
}

pub(super) fn for_without_equations(span: Span) -> Report {
    Diagnostic::error(
        "for-without-equations",
        "no equation stands below this `for` line",
        span,
        "nothing is indented below",
    )
    .help("indent the equations that it covers, or put `for …` at the end of an equation")
    .into()
}

pub(super) fn empty_block(span: Span) -> Report {
    Diagnostic::error(
        "empty-block",
        "nothing follows this keyword",
        span,
        "expected a line behind or below it",
    )
    .help("indent the lines that belong to it")
    .into()
}

pub(super) fn text_too_large(limit: usize) -> Report {
    Diagnostic::error(
        "text-too-large",
        format!("the text is longer than {} MiB", limit >> 20),
        Span::default(),
        "",
    )
    .help("declare repeated layers by one equation with `for k in 0..L-1`")
    .into()
}

pub(super) fn statement_too_large(span: Span, limit: usize) -> Report {
    Diagnostic::error(
        "statement-too-large",
        format!("a statement is longer than {} MiB", limit >> 20),
        Span::new(span.start, span.start),
        "it begins here",
    )
    .help("give parts of it names in equations of their own")
    .into()
}

pub(super) fn reserved_function(span: Span, written: &str, function: &str) -> Report {
    let label = if written == function {
        "the name of a function".to_owned()
    } else {
        format!("means the function `{function}`")
    };
    Diagnostic::error(
        "reserved-word",
        format!("`{written}` is reserved"),
        span,
        label,
    )
    .help("choose another name; `write … as \"…\"` says how it is printed")
    .into()
}

pub(super) fn reserved_pi(span: Span, written: &str) -> Report {
    Diagnostic::error(
        "reserved-word",
        format!("`{written}` is reserved"),
        span,
        "the number 3.14159…",
    )
    .help("choose another name; `write … as \"…\"` says how it is printed")
    .into()
}

pub(super) fn range_of_role(span: Span, needed: bool) -> Report {
    if needed {
        Diagnostic::error(
            "range-of-role",
            "`batch` needs a range",
            span,
            "from where to where?",
        )
        .help("write `batch n in 1..N`")
        .into()
    } else {
        Diagnostic::error("range-of-role", "only `batch` has a range", span, "a range")
            .help("declare it in `where`: `where c in 1..K`")
            .into()
    }
}

pub(super) fn range_of_loss(span: Span) -> Report {
    Diagnostic::error(
        "range-of-loss",
        "the loss is one number and has no range",
        span,
        "a range",
    )
    .help("sum over it: `loss C = sum_{t in 1..T} E[t]`")
    .into()
}

pub(super) fn opaque_with_value(span: Span, value: Span, name: &str) -> Report {
    Diagnostic::error(
        "opaque-with-value",
        "a loss with arguments has no value",
        span,
        "arguments leave it open how it is computed",
    )
    .label(value, "but here is a value")
    .help(format!("write `loss {name} = …` or `loss {name}(r[L])`"))
    .into()
}

pub(super) fn loss_without_value(span: Span, name: &str) -> Report {
    Diagnostic::error(
        "loss-without-value",
        format!("the loss `{name}` has no value"),
        span,
        "not defined",
    )
    .help(format!(
        "write `loss {name} = …`, or `loss {name}(r[L])` to leave open how it is computed"
    ))
    .into()
}

pub(super) fn no_parameter(span: Span) -> Report {
    Diagnostic::error(
        "no-parameter",
        "the parameters of a function are names",
        span,
        "not a name",
    )
    .help("write `fn f(u; a) = …`")
    .into()
}

pub(super) fn slope_of_other(span: Span, function: &str) -> Report {
    Diagnostic::error(
        "slope-of-other",
        "`with` declares the derivative of the function of this statement",
        span,
        "another function",
    )
    .help(format!("write `with {function}' = …`"))
    .into()
}

pub(super) fn second_slope(span: Span) -> Report {
    Diagnostic::error(
        "second-slope",
        "only first derivatives are declared",
        span,
        "more than one prime",
    )
    .note("higher derivatives are derived from the first")
    .into()
}

pub(super) fn slope_at(span: Span, function: &str) -> Report {
    Diagnostic::error(
        "slope-at",
        "a derivative at a point needs one point",
        span,
        "one number was expected",
    )
    .help(format!("write `with {function}'(0) = 1`"))
    .into()
}

pub(super) fn unknown_convention(span: Span) -> Report {
    Diagnostic::error(
        "unknown-convention",
        "there is no such convention",
        span,
        "only the value of step(0) can be chosen",
    )
    .help("write `convention step(0) = 1`")
    .into()
}

pub(super) fn unknown_step_at_zero(span: Span) -> Report {
    Diagnostic::error(
        "unknown-convention",
        "step(0) cannot have this value",
        span,
        "expected 0, 1, 1/2 or undefined",
    )
    .help("write `convention step(0) = 1/2`")
    .into()
}

pub(super) fn question_about_formula(span: Span) -> Report {
    Diagnostic::error(
        "question-about-formula",
        "a derivative is asked of a quantity by quantities",
        span,
        "a formula",
    )
    .help("give the formula a name in an equation of its own")
    .into()
}

pub(super) fn no_statement(span: Span, text: &str) -> Report {
    Diagnostic::error(
        "no-statement",
        "this is neither an equation nor a question",
        span,
        "what about it?",
    )
    .help(format!("write `r = {}` to give it a name", excerpt(text)))
    .into()
}

pub(super) fn second_equals(span: Span) -> Report {
    Diagnostic::error(
        "second-equals",
        "an equation has one `=`",
        span,
        "a second one",
    )
    .help("write one equation for each line")
    .into()
}

pub(super) fn comparison_in_equation(span: Span) -> Report {
    Diagnostic::error(
        "comparison-in-equation",
        "a comparison is no value",
        span,
        "a comparison",
    )
    .help("write `{ 1 if x > 0; 0 otherwise }`, or `assume x > 0`")
    .into()
}

pub(super) fn comma_in_equation(span: Span) -> Report {
    Diagnostic::error(
        "comma-in-equation",
        "an equation defines one quantity",
        span,
        "a comma",
    )
    .help("write one equation for each line")
    .into()
}

pub(super) fn call_on_the_left(span: Span, name: &str) -> Report {
    Diagnostic::error(
        "left-side",
        "an equation defines a quantity, not a function",
        span,
        "looks like the definition of a function",
    )
    .help(format!(
        "write `fn {name}(u) = …` for a function, `{name}[k]` for a slot, `{name}_{{i}}` for an element"
    ))
    .into()
}

pub(super) fn left_side(span: Span) -> Report {
    Diagnostic::error(
        "left-side",
        "the left side of an equation is a quantity",
        span,
        "a formula",
    )
    .help("write `z = …`, `z[k+1] = …` or `z[k+1]_j = …`")
    .into()
}

pub(super) fn declaration_without_set(span: Span, name: &str) -> Report {
    Diagnostic::error(
        "declaration-without-set",
        format!("what is `{name}`?"),
        span,
        "declared without a shape",
    )
    .help(format!(
        "write `{name} in R`, `{name} in R^n`, `{name} in R^(n x m)` or `{name} in 1..K`"
    ))
    .into()
}

pub(super) fn set_power(span: Span) -> Report {
    Diagnostic::error("set-power", "a set has no `.^`", span, "not a set")
        .help("write `R^n`")
        .into()
}

pub(super) fn axes_run_together(span: Span, rows: &str, columns: &str) -> Report {
    Diagnostic::error(
        "axes-run-together",
        "one size or two?",
        span,
        "this reads as one name",
    )
    .help(format!("write `R^({rows} x {columns})`"))
    .into()
}

pub(super) fn onehot_among_properties(span: Span) -> Report {
    Diagnostic::error(
        "onehot-matrix",
        "`onehot` is no property of a matrix as a whole",
        span,
        "two kinds of assumptions",
    )
    .help("write two assumptions, separated by a comma")
    .into()
}

pub(super) fn empty_spelling(span: Span) -> Report {
    Diagnostic::error(
        "empty-spelling",
        "a spelling cannot be empty",
        span,
        "empty",
    )
    .help("write the LaTeX in the quotes: `write R as \"\\hat y\"`")
    .into()
}
