//! Functions of a square matrix that have no value in the network language: the evaluator computes them, and the
//! chain rule takes their derivatives from here.

/// How the evaluator computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatrixFunction {
    /// The inverse.
    Inverse,
    /// The determinant.
    Determinant,
    /// The logarithm of a positive determinant.
    LogDeterminant,
}

/// One function of a square matrix.
#[derive(Debug)]
pub struct MatrixRow {
    /// Its name in the language.
    pub name: &'static str,
    /// Other names that mean it.
    pub also: &'static [&'static str],
    /// How it is computed.
    pub function: MatrixFunction,
    /// Its LaTeX: what stands before the matrix and above it, and above it before the sign of transposition.
    pub latex: (&'static str, &'static str, &'static str),
    /// Whether the value is a matrix like the argument; it is a number otherwise.
    pub keeps_shape: bool,
    /// The derivative of the value, of its entry `i`, `j` if it is a matrix, by the entry `k`, `l` of `X`.
    pub slope: &'static str,
    /// Where it can be looked up.
    pub source: &'static str,
}

impl PartialEq for MatrixRow {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for MatrixRow {}

/// All rows, in the order of the documentation.
pub fn matrix_rows() -> impl Iterator<Item = &'static MatrixRow> {
    ROWS.iter()
}

/// The row of a name or of one of its aliases.
pub fn matrix_row(name: &str) -> Option<&'static MatrixRow> {
    matrix_rows().find(|row| row.name == name || row.also.contains(&name))
}

const ROWS: &[MatrixRow] = &[
    MatrixRow {
        name: "inv",
        also: &["inverse"],
        function: MatrixFunction::Inverse,
        latex: ("", "-1", "-"),
        keeps_shape: true,
        slope: "-inv(X)_{i,k} inv(X)_{l,j}",
        source: "Petersen and Pedersen 2012, equation 60",
    },
    MatrixRow {
        name: "det",
        also: &["determinant"],
        function: MatrixFunction::Determinant,
        latex: (r"\det", "", ""),
        keeps_shape: false,
        slope: "det(X) inv(X)_{l,k}",
        source: "Petersen and Pedersen 2012, equation 49",
    },
    MatrixRow {
        name: "logdet",
        also: &["log_det"],
        function: MatrixFunction::LogDeterminant,
        latex: (r"\log\det", "", ""),
        keeps_shape: false,
        slope: "inv(X)_{l,k}",
        source: "Petersen and Pedersen 2012, equation 57",
    },
];
