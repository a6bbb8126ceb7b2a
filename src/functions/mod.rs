//! The table of functions: one row is all that a function needs. Rows are text in the network language and
//! import nothing; they take the same path through reader, chain rule and evaluator as a user's `fn`.

mod activations;
mod arrays;
mod layers;
mod matrices;
mod primitives;

pub use arrays::{ArrayRow, Takes, array_row, array_rows};
pub use layers::{Carried, Ending, Extent, LayerForm, LayerRow, layers};
pub use matrices::{MatrixFunction, MatrixRow, matrix_row, matrix_rows};

/// One function of numbers.
#[derive(Debug)]
pub struct Row {
    /// Its name in the language.
    pub name: &'static str,
    /// Other names that mean it.
    pub also: &'static [&'static str],
    /// Its LaTeX.
    pub latex: &'static str,
    /// Its parameters as in a `fn` statement, `u` or `a, b` or `u; a`.
    pub parameters: &'static str,
    /// The usual values of the parameters behind `;`; what is said below of slopes and kinks holds for them.
    pub usual: &'static [f64],
    /// Its value in terms of the parameters; empty for the primitives, which the evaluator knows.
    pub value: &'static str,
    /// Its derivative by each parameter, in terms of the parameters; its own name stands for its value.
    pub slopes: &'static [&'static str],
    /// Least and greatest value of the derivative (of the first parameter).
    pub slope_range: (f64, f64),
    /// Where it has a kink, in its first parameter.
    pub kinks: &'static [f64],
    /// Sampling interval of the first parameter, inside the domain.
    pub domain: (f64, f64),
    /// Whether layers apply it as an activation.
    pub activation: bool,
    /// Whether a call is read as the value itself: a root is a power, so that the rules for powers see it.
    pub written_out: bool,
    /// Where value and derivative can be looked up.
    pub source: &'static str,
}

impl Row {
    /// The names of its parameters, those behind the `;` last.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.split([',', ';']).map(str::trim)
    }

    /// Whether it takes one number, those behind the `;` apart.
    pub fn is_unary(&self) -> bool {
        let before = self.parameters.split(';').next();
        before.is_some_and(|before| !before.contains(','))
    }
}

/// All rows, in the order of the documentation.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    primitives::ROWS.iter().chain(activations::ROWS)
}

/// Whether a name is that of a function, of numbers or of arrays.
pub fn is_known(name: &str) -> bool {
    row(name).is_some() || array_row(name).is_some() || matrix_row(name).is_some()
}

/// The row of a name or of one of its aliases.
pub fn row(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name == name || row.also.contains(&name))
}
