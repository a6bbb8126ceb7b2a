//! Mistakes of statements: what they lack, what does not belong in them, words that are taken.

use crate::source::{Diagnostic, Report, Span};

use super::formula::excerpt;

pub(in crate::syntax) fn no_equation_below_for(span: Span) -> Report {
    Diagnostic::error(
        "no-equation-below-for",
        "only equations stand below a `for` line",
        span,
        "not an equation",
    )
    .help("move it out of the indented lines, or give it a `for` at the end of its line")
    .into()
}

pub(in crate::syntax) fn for_without_equations(span: Span) -> Report {
    Diagnostic::error(
        "for-without-equations",
        "no equation stands below this `for` line",
        span,
        "nothing is indented below",
    )
    .help("indent the equations that it covers, or put `for …` at the end of an equation")
    .into()
}

pub(in crate::syntax) fn empty_block(span: Span) -> Report {
    Diagnostic::error(
        "empty-block",
        "nothing follows this keyword",
        span,
        "expected a line behind or below it",
    )
    .help("indent the lines that belong to it")
    .into()
}

pub(in crate::syntax) fn text_too_large(limit: usize) -> Report {
    Diagnostic::error(
        "text-too-large",
        format!("the text is longer than {} MiB", limit >> 20),
        Span::default(),
        "",
    )
    .help("declare repeated layers by one equation with `for k in 0..L-1`")
    .into()
}

pub(in crate::syntax) fn statement_too_large(span: Span, limit: usize) -> Report {
    Diagnostic::error(
        "statement-too-large",
        format!("a statement is longer than {} MiB", limit >> 20),
        Span::new(span.start, span.start),
        "it begins here",
    )
    .help("give parts of it names in equations of their own")
    .into()
}

/// A word that begins statements where a name is expected.
pub(in crate::syntax) fn keyword_as_name(span: Span, word: &str) -> Report {
    Diagnostic::error(
        "reserved-word",
        format!("`{word}` is reserved"),
        span,
        "begins a statement",
    )
    .help(format!(
        "a statement stands on a line of its own that is not indented; for a quantity choose another name, for instance `{word}_0`"
    ))
    .into()
}

/// A word by which other languages join conditions.
pub(in crate::syntax) fn foreign_word(span: Span, word: &str, instead: &str) -> Report {
    Diagnostic::error(
        "reserved-word",
        format!("`{word}` is reserved"),
        span,
        "no name, and no part of the language",
    )
    .help(instead)
    .into()
}

pub(in crate::syntax) fn reserved_function(span: Span, written: &str, function: &str) -> Report {
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

pub(in crate::syntax) fn reserved_pi(span: Span, written: &str) -> Report {
    Diagnostic::error(
        "reserved-word",
        format!("`{written}` is reserved"),
        span,
        "the number 3.14159…",
    )
    .help("choose another name; `write … as \"…\"` says how it is printed")
    .into()
}

pub(in crate::syntax) fn range_of_role(span: Span, needed: bool) -> Report {
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

pub(in crate::syntax) fn range_of_loss(span: Span) -> Report {
    Diagnostic::error(
        "range-of-loss",
        "the loss is one number and has no range",
        span,
        "a range",
    )
    .help("sum over it: `loss C = sum_{t in 1..T} E[t]`")
    .into()
}

pub(in crate::syntax) fn opaque_with_value(span: Span, value: Span, name: &str) -> Report {
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

pub(in crate::syntax) fn loss_without_value(span: Span, name: &str) -> Report {
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

pub(in crate::syntax) fn no_parameter(span: Span) -> Report {
    Diagnostic::error(
        "no-parameter",
        "the parameters of a function are names",
        span,
        "not a name",
    )
    .help("write `fn f(u; a) = …`")
    .into()
}

pub(in crate::syntax) fn slope_of_other(span: Span, function: &str) -> Report {
    Diagnostic::error(
        "slope-of-other",
        "`with` declares the derivative of the function of this statement",
        span,
        "another function",
    )
    .help(format!("write `with {function}' = …`"))
    .into()
}

pub(in crate::syntax) fn second_slope(span: Span) -> Report {
    Diagnostic::error(
        "second-slope",
        "only first derivatives are declared",
        span,
        "more than one prime",
    )
    .note("higher derivatives are derived from the first")
    .into()
}

pub(in crate::syntax) fn slope_at(span: Span, function: &str) -> Report {
    Diagnostic::error(
        "slope-at",
        "a derivative at a point needs one point",
        span,
        "one number was expected",
    )
    .help(format!("write `with {function}'(0) = 1`"))
    .into()
}

pub(in crate::syntax) fn slope_range(span: Span, function: &str) -> Report {
    Diagnostic::error(
        "slope-range",
        "the range of a derivative has two ends",
        span,
        "two numbers were expected",
    )
    .help(format!("write `with {function}' in [0, 1]`"))
    .into()
}

pub(in crate::syntax) fn unknown_convention(span: Span) -> Report {
    Diagnostic::error(
        "unknown-convention",
        "there is no such convention",
        span,
        "only the value of step(0) can be chosen",
    )
    .help("write `convention step(0) = 1`")
    .into()
}

pub(in crate::syntax) fn unknown_step_at_zero(span: Span) -> Report {
    Diagnostic::error(
        "unknown-convention",
        "step(0) cannot have this value",
        span,
        "expected 0, 1, 1/2 or undefined",
    )
    .help("write `convention step(0) = 1/2`")
    .into()
}

pub(in crate::syntax) fn question_about_formula(span: Span) -> Report {
    Diagnostic::error(
        "question-about-formula",
        "a derivative is asked of a quantity by quantities",
        span,
        "a formula",
    )
    .help("give the formula a name in an equation of its own")
    .into()
}

pub(in crate::syntax) fn no_statement(span: Span, text: &str) -> Report {
    Diagnostic::error(
        "no-statement",
        "this is neither an equation nor a question",
        span,
        "what about it?",
    )
    .help(format!("write `r = {}` to give it a name", excerpt(text)))
    .into()
}

pub(in crate::syntax) fn second_equals(span: Span) -> Report {
    Diagnostic::error(
        "second-equals",
        "an equation has one `=`",
        span,
        "a second one",
    )
    .help("write one equation for each line")
    .into()
}

pub(in crate::syntax) fn comparison_in_equation(span: Span) -> Report {
    Diagnostic::error(
        "comparison-in-equation",
        "a comparison is no value",
        span,
        "a comparison",
    )
    .help("write `{ 1 if x > 0; 0 otherwise }`, or `assume x > 0`")
    .into()
}

pub(in crate::syntax) fn comma_in_equation(span: Span) -> Report {
    Diagnostic::error(
        "comma-in-equation",
        "an equation defines one quantity",
        span,
        "a comma",
    )
    .help("write one equation for each line")
    .into()
}

pub(in crate::syntax) fn call_on_the_left(span: Span, name: &str) -> Report {
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

pub(in crate::syntax) fn left_side(span: Span) -> Report {
    Diagnostic::error(
        "left-side",
        "the left side of an equation is a quantity",
        span,
        "a formula",
    )
    .help("write `z = …`, `z[k+1] = …` or `z[k+1]_j = …`")
    .into()
}

pub(in crate::syntax) fn declaration_without_set(span: Span, name: &str) -> Report {
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

pub(in crate::syntax) fn set_power(span: Span) -> Report {
    Diagnostic::error("set-power", "a set has no `.^`", span, "not a set")
        .help("write `R^n`")
        .into()
}

pub(in crate::syntax) fn axes_run_together(span: Span, rows: &str, columns: &str) -> Report {
    Diagnostic::error(
        "axes-run-together",
        "one size or two?",
        span,
        "this reads as one name",
    )
    .help(format!("write `R^({rows} x {columns})`"))
    .into()
}

pub(in crate::syntax) fn onehot_among_properties(span: Span) -> Report {
    Diagnostic::error(
        "onehot-matrix",
        "`onehot` is no property of a matrix as a whole",
        span,
        "two kinds of assumptions",
    )
    .help("write two assumptions, separated by a comma")
    .into()
}

pub(in crate::syntax) fn empty_spelling(span: Span) -> Report {
    Diagnostic::error(
        "empty-spelling",
        "a spelling cannot be empty",
        span,
        "empty",
    )
    .help("write the LaTeX in the quotes: `write R as \"\\hat y\"`")
    .into()
}
