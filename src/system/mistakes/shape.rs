//! Shapes that do not fit, and what no shape is known of.

use crate::array::{Over, Problem};
use crate::source::{Diagnostic, Span};

/// An operand in a complaint about shapes.
#[derive(Debug, Clone)]
pub(in crate::system) struct Operand {
    pub(in crate::system) span: Span,
    pub(in crate::system) shape: String,
    /// The quantity that it is, if it is nothing else.
    pub(in crate::system) name: Option<String>,
    /// Where that was declared or defined.
    pub(in crate::system) from: Option<Span>,
}

impl Operand {
    fn label(&self) -> String {
        format!("in {}", self.shape)
    }
}

fn pointing(mut diagnostic: Diagnostic, operands: &[Operand]) -> Diagnostic {
    for operand in operands.iter().skip(1) {
        diagnostic = diagnostic.label(operand.span, operand.label());
    }
    for operand in operands {
        if let (Some(name), Some(from)) = (&operand.name, operand.from) {
            diagnostic = diagnostic.label(from, format!("`{name}` comes from here"));
        }
    }
    diagnostic
}

/// Operands whose shapes do not fit, with the transpose that would repair it.
pub(in crate::system) fn shapes_differ(
    problem: Problem,
    operands: &[Operand],
    transpose: Option<usize>,
    verb: &str,
) -> Diagnostic {
    let first = &operands[0];
    let title = match (problem, operands.get(1)) {
        (_, Some(second)) => format!(
            "cannot {verb} {} and {}: the shapes do not fit",
            first.shape, second.shape
        ),
        (Problem::NotSquare, None) => format!("a square matrix is wanted, not {}", first.shape),
        (Problem::NoVector, None) => format!("a column or a row is wanted, not {}", first.shape),
        (_, None) => format!("a matrix is wanted, not {}", first.shape),
    };
    let diagnostic = pointing(
        Diagnostic::error("shape", title, first.span, first.label()),
        operands,
    );
    match transpose {
        Some(at) => diagnostic.help(format!("{} would fit", transpose_of(operands, at))),
        None if operands.len() > 1 => diagnostic.note("no transpose of one of the two would fit"),
        None => diagnostic,
    }
}

fn transpose_of(operands: &[Operand], at: usize) -> String {
    match &operands[at].name {
        Some(name) => format!("`{name}^T`"),
        None if at == 0 => "the transpose of the left side".to_owned(),
        None => "the transpose of the right side".to_owned(),
    }
}

/// `concat(A, B, rows)` of matrices with different numbers of rows.
pub(in crate::system) fn other_count(
    over: Over,
    operands: &[Operand],
    transpose: Option<usize>,
    other_way: bool,
) -> Diagnostic {
    let (first, second) = (&operands[0], &operands[1]);
    let (lines, place, other, other_place) = match over {
        Over::Rows => ("rows", "side by side", "columns", "below one another"),
        Over::Columns => ("columns", "below one another", "rows", "side by side"),
    };
    let diagnostic = pointing(
        Diagnostic::error(
            "shape",
            format!(
                "{} and {} do not stand {place}: they differ in the number of {lines}",
                first.shape, second.shape
            ),
            first.span,
            first.label(),
        ),
        operands,
    );
    if other_way {
        return diagnostic.help(format!("`concat(…, {other})` sets them {other_place}"));
    }
    match transpose {
        Some(at) => diagnostic.help(format!("{} would fit", transpose_of(operands, at))),
        None => diagnostic,
    }
}

/// `concat(A, B)` of matrices.
pub(in crate::system) fn which_way_to_concat(span: Span) -> Diagnostic {
    Diagnostic::error(
        "no-axis",
        "`concat` of matrices has to say which way",
        span,
        "of matrices",
    )
    .help(
        "write `concat(…, rows)` to join each row, so that they stand side by side, or `concat(…, columns)` to join each column, so that they stand below one another",
    )
}

/// Column times column.
pub(in crate::system) fn two_vectors(operands: &[Operand], columns: bool) -> Diagnostic {
    let kind = if columns { "columns" } else { "rows" };
    let name = |at: usize, other: &str| -> String {
        operands[at]
            .name
            .clone()
            .unwrap_or_else(|| other.to_owned())
    };
    let (x, y) = (name(0, "x"), name(1, "y"));
    let (dot, outer) = if columns {
        (format!("{x}^T {y}"), format!("{x} {y}^T"))
    } else {
        (format!("{x} {y}^T"), format!("{x}^T {y}"))
    };
    pointing(
        Diagnostic::error(
            "shape",
            format!(
                "two {kind} have no product: {} and {}",
                operands[0].shape, operands[1].shape
            ),
            operands[0].span,
            operands[0].label(),
        ),
        operands,
    )
    .help(format!(
        "write `{dot}` for the number, `{outer}` for the matrix, or `{x} .* {y}` for the product entry by entry"
    ))
}

/// `A x .* y`.
pub(in crate::system) fn mixed_products(span: Span, matrix: Span, elementwise: Span) -> Diagnostic {
    Diagnostic::error(
        "mixed-products",
        "a product of matrices and a product entry by entry stand beside each other",
        span,
        "which of them comes first?",
    )
    .label(matrix, "multiplied as matrices have it")
    .label(elementwise, "multiplied entry by entry")
    .help("set one of the two in brackets")
}

/// `x / A` of an array.
pub(in crate::system) fn division_by_array(span: Span) -> Diagnostic {
    Diagnostic::error(
        "division-by-array",
        "nothing is divided by a whole array",
        span,
        "an array",
    )
    .help("write `./` to divide entry by entry")
}

/// `x^2` of a column.
pub(in crate::system) fn power_of_array(span: Span, shape: &str) -> Diagnostic {
    Diagnostic::error(
        "power-of-array",
        format!(
            "`^` is the power of a square matrix, with a small whole exponent; this is in {shape}"
        ),
        span,
        "a power of an array",
    )
    .help("write `.^` for the power of each entry")
}

/// `2^A`.
pub(in crate::system) fn array_exponent(span: Span) -> Diagnostic {
    Diagnostic::error(
        "power-of-array",
        "an exponent is a number",
        span,
        "an array",
    )
    .help("write `.^` to raise to each entry")
}

/// `x^T` of a number.
pub(in crate::system) fn transpose_of_number(span: Span) -> Diagnostic {
    Diagnostic::error(
        "transpose-of-number",
        "a number has no transpose",
        span,
        "a number",
    )
    .help("a power with the exponent T is written `x^(T)`")
}

/// An array where a number is wanted.
pub(in crate::system) fn array_for_number(span: Span, shape: &str) -> Diagnostic {
    Diagnostic::error(
        "array-for-number",
        format!("a number is wanted here, and this is in {shape}"),
        span,
        format!("in {shape}"),
    )
    .help("take an element of it, or a sum or norm over all of them")
}

/// The two sides of an equation.
pub(in crate::system) fn sides_differ(
    left: (Span, &str),
    right: (Span, &str),
    name: &str,
    transposed: bool,
    declared: Option<Span>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "shape",
        format!(
            "`{name}` is in {}, and what it is defined by is in {}",
            left.1, right.1
        ),
        right.0,
        format!("in {}", right.1),
    )
    .label(left.0, format!("in {}", left.1));
    let diagnostic = match declared {
        Some(span) if span != left.0 => diagnostic.label(span, "its shape comes from here"),
        Some(_) | None => diagnostic,
    };
    if transposed {
        diagnostic.help("the transpose of the right side would fit")
    } else {
        diagnostic
    }
}

/// A whole array whose shape is nowhere to be found.
pub(in crate::system) fn unknown_shape(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "unknown-shape",
        format!("the shape of `{name}` cannot be found"),
        span,
        "used as a whole",
    )
    .help(format!("declare it: `where {name} in R^n`"))
}

/// Clauses of one family with different shapes.
pub(in crate::system) fn clauses_differ(
    name: &str,
    span: Span,
    shapes: &[String; 2],
) -> Diagnostic {
    Diagnostic::error(
        "shape",
        format!(
            "the equations of `{name}` give it different shapes: {} and {}",
            shapes[0], shapes[1]
        ),
        span,
        "used here",
    )
    .help("give all of them the same shape, or a shape that depends on the slot, like `R^(n[k])`")
}

/// Three axes and more.
pub(in crate::system) fn more_than_two_axes(name: &str, span: Span, axes: usize) -> Diagnostic {
    let letters = &"ijklmn"[..axes.clamp(1, 6)];
    Diagnostic::error(
        "whole-array",
        format!("`{name}` has {axes} axes; matrix notation has at most two"),
        span,
        "a whole array",
    )
    .help(format!("write its elements: `{name}_{letters}`"))
}

/// `(A x)_ij`.
pub(in crate::system) fn entry_axes(
    span: Span,
    shape: &str,
    axes: usize,
    given: usize,
) -> Diagnostic {
    Diagnostic::error(
        "axes-differ",
        format!(
            "this is in {shape}, so an element of it has {}, not {given}",
            super::counted(axes, "index").replace("indexs", "indices")
        ),
        span,
        format!("in {shape}"),
    )
}

/// `sum(A)` of a matrix.
pub(in crate::system) fn no_axis(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "no-axis",
        format!("`{name}` of a matrix has to say over what"),
        span,
        "of a matrix",
    )
    .help(format!(
        "write `{name}(…, rows)` for each row, `{name}(…, columns)` for each column, `{name}(…, all)` for all entries"
    ))
}

/// `sum(A, lines)`.
pub(in crate::system) fn unknown_axis(span: Span) -> Diagnostic {
    Diagnostic::error(
        "no-axis",
        "the last argument says over what: `rows`, `columns` or `all`",
        span,
        "none of them",
    )
}

/// `softmax(u)` of a number.
pub(in crate::system) fn function_of_number(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "function-of-number",
        format!("`{name}` is a function of whole arrays, and this is a number"),
        span,
        "of a number",
    )
    .help("give it a column or a matrix")
}

/// What nobody can differentiate here yet.
pub(in crate::system) fn unsupported_function(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "unsupported-function",
        format!("`{name}` is not supported"),
        span,
        "no derivative of it is known here",
    )
    .help("write it by elements and sums where that is possible")
}

/// `inv(A)` of what is no square matrix.
pub(in crate::system) fn not_square(name: &str, span: Span, shape: &str) -> Diagnostic {
    Diagnostic::error(
        "not-square",
        format!("`{name}` takes a square matrix"),
        span,
        format!("this is in {shape}"),
    )
    .help("only a matrix with as many rows as columns has an inverse or a determinant")
}

/// `inv(A + x_i B)`, `inv(A + B[t])`: a matrix for each value of a letter.
pub(in crate::system) fn needs_a_name(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "needs-a-name",
        format!("`{name}` of a formula with letters"),
        span,
        "this is another matrix for each value of its letters",
    )
    .help("define a quantity with slots for it, such as `M[t] = …`, and take that")
}

/// A row of the table that does not take these arguments.
pub(in crate::system) fn row_refused(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "shape",
        format!("`{name}` does not take arguments of these shapes"),
        span,
        "its arguments do not fit",
    )
}
