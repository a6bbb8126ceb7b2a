//! The spanned tree of a network text, before any name is resolved.

use num_rational::BigRational;

use crate::source::Span;
use crate::term::Cmp;

/// A value with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value` at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A name as written (Greek letters in their ASCII spelling: `σ` is `sigma`).
pub type Name = Spanned<String>;

/// A network text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// Its statements in written order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: StatementKind,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementKind {
    /// `index i, j`
    Index(Vec<Name>),
    /// One line of a `where` block: `W[k] in R^(n[k] x n[k+1]) for k in 0..L-1`, `c in 1..K`.
    Where(Vec<Declaration>, Vec<Range>),
    /// `param W1, b1`, `input x`, `target y`, `batch n in 1..N`
    Role(Role, Vec<RoleItem>),
    /// `z[k+1]_j = … for k in 0..L-1`
    Equation {
        /// What is defined.
        left: Expr,
        /// Its value.
        right: Expr,
        /// The `for` ranges, those of an enclosing `for` line first.
        ranges: Vec<Range>,
    },
    /// `loss C = …`, or `loss C(r[L])` (opaque: `right` is none, `arguments` not empty)
    Loss {
        /// Its name.
        name: Name,
        /// What an opaque loss depends on.
        arguments: Vec<Expr>,
        /// Its value.
        right: Option<Expr>,
    },
    /// `fn lrelu(u; a) = … with lrelu'(0) = a`
    Function(FunctionDefinition),
    /// One line of `assume`.
    Assume(Vec<Assumption>, Vec<Range>),
    /// `write EXPR as "SPELLING"`
    Write {
        /// A quantity, an element of one, a derivative or any other expression.
        what: Expr,
        /// Its LaTeX.
        spelling: Spanned<String>,
    },
    /// `convention step(0) = 1`
    Convention(Spanned<StepAtZero>),
    /// `grad W[k], z[k]`, `grad p wrt a`, `hess C wrt a, b`, `∂C/∂W[0]`
    Question(Question),
}

/// The value of Step(0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepAtZero {
    /// 0
    Zero,
    /// ½
    Half,
    /// 1, the default
    One,
    /// an unknown number
    Undefined,
}

impl StepAtZero {
    /// As networks, options and JSON name it.
    pub fn name(self) -> &'static str {
        match self {
            StepAtZero::Zero => "0",
            StepAtZero::Half => "1/2",
            StepAtZero::One => "1",
            StepAtZero::Undefined => "undefined",
        }
    }

    /// The number; none if it is unknown.
    pub fn number(self) -> Option<f64> {
        match self {
            StepAtZero::Zero => Some(0.0),
            StepAtZero::Half => Some(0.5),
            StepAtZero::One => Some(1.0),
            StepAtZero::Undefined => None,
        }
    }
}

/// A role that the author names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Learned.
    Param,
    /// Fed in.
    Input,
    /// Compared with.
    Target,
    /// A slot that counts examples.
    Batch,
}

/// A name in a role statement, with a range for `batch n in 1..N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleItem {
    /// The name.
    pub name: Name,
    /// `1..N`, only for `batch`.
    pub range: Option<(Expr, Expr)>,
}

/// `W[k], V[k] in R^(…)`: one name of a `where` line with what it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The name.
    pub name: Name,
    /// Its slot letters or slot expressions as written, `[k]`.
    pub slots: Vec<Expr>,
    /// Its set.
    pub set: Set,
    /// The whole declaration.
    pub span: Span,
}

/// What a declared quantity is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// `R`, `R^n`, `R^(n x m)`: one size per axis; `R` has none.
    Real(Vec<Expr>),
    /// `1..K`: whole numbers from the first to the last.
    Integers(Expr, Expr),
}

/// `k in 0..L-1`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The letter.
    pub letter: Name,
    /// First value.
    pub low: Expr,
    /// Last value, included.
    pub high: Expr,
}

/// `fn name(parameters; extra) = body with name'(at) = value, name' = slope, name' in [low, high]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionDefinition {
    /// Its name.
    pub name: Name,
    /// Parameters before the `;`.
    pub parameters: Vec<Name>,
    /// Numbers behind the `;`, differentiable too.
    pub extra: Vec<Name>,
    /// Its value; none for an opaque function.
    pub body: Option<Expr>,
    /// The `with` clauses that give the derivative.
    pub slopes: Vec<Slope>,
    /// Those that give its range.
    pub slope_ranges: Vec<SlopeRange>,
}

/// `s' = slope` (`at` is none) or `s'(0) = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slope {
    /// The point, for the derivative at a border.
    pub at: Option<Expr>,
    /// The derivative. The function's own name stands for its value.
    pub value: Expr,
    /// The whole clause.
    pub span: Span,
}

/// `s' in [low, high]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlopeRange {
    /// Never less.
    pub low: Expr,
    /// Never more.
    pub high: Expr,
    /// The whole clause.
    pub span: Span,
}

/// One assumption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumption {
    /// Where it stands.
    pub span: Span,
    /// What is assumed.
    pub kind: AssumptionKind,
}

/// What is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssumptionKind {
    /// `0 < p < 1`: the terms and the comparisons between them (one fewer).
    Compare(Vec<Expr>, Vec<Comparison>),
    /// `t in {0, 1}`
    OneOf(Expr, Vec<Expr>),
    /// `y onehot`
    OneHot(Expr),
    /// `W symmetric` and the other properties of matrices.
    Matrix(Expr, Vec<MatrixProperty>),
}

/// A property of a whole matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatrixProperty {
    /// Equal to its transpose.
    Symmetric,
    /// Positive definite, so symmetric too.
    PositiveDefinite,
    /// Has an inverse.
    Invertible,
    /// Its transpose is its inverse.
    Orthogonal,
}

/// A comparison sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
}

impl Comparison {
    /// The comparison of two sides with `<` and `<=` turned round.
    pub fn turned<T>(self, left: T, right: T) -> (Cmp, T, T) {
        match self {
            Comparison::Less => (Cmp::Greater, right, left),
            Comparison::LessEqual => (Cmp::GreaterEqual, right, left),
            Comparison::Greater => (Cmp::Greater, left, right),
            Comparison::GreaterEqual => (Cmp::GreaterEqual, left, right),
            Comparison::Equal => (Cmp::Equal, left, right),
            Comparison::NotEqual => (Cmp::NotEqual, left, right),
        }
    }

    /// Whether it holds between two numbers.
    pub fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Comparison::Less => left < right,
            Comparison::LessEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterEqual => left >= right,
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
        }
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// First or second derivative.
    pub order: Order,
    /// What is differentiated; none is the loss.
    pub of: Option<Expr>,
    /// By what, one or more; `grad W[k], z[k]` has two.
    pub wrt: Vec<Expr>,
}

/// First or second derivatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// `grad`
    Gradient,
    /// `hess`
    Hessian,
}

/// An expression with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// Where it stands, without brackets around it.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// An exact number.
    Number(BigRational),
    /// A name as written: `W1`, `x_ij` (whether `_ij` are elements is decided by the declarations), `pi`.
    Name(String),
    /// `a[k+1]`, `h[l, t]`
    Slots(Box<Expr>, Vec<Expr>),
    /// `a_{i,j}`, `W[k]_ij`, `(A x)_i`, `f(z)_i`: elements that cannot be part of a name.
    Elements(Box<Expr>, Vec<Expr>),
    /// `relu(z)`, `lrelu(z; a)`; only for names of functions.
    Call {
        /// The function; aliases are replaced by the table's name.
        function: Name,
        /// How many derivatives were taken (`phi'(z)` has one).
        primes: u8,
        /// Arguments before the `;`.
        arguments: Vec<Expr>,
        /// Arguments behind it.
        extra: Vec<Expr>,
    },
    /// `-a`
    Negative(Box<Expr>),
    /// `a + b - c`: the sign of each summand (the first is positive; a leading minus is `Negative`).
    Sum(Vec<(Sign, Expr)>),
    /// `a b * c / d`: factors from left to right, each with how it is joined to what stands before it.
    Product(Box<Expr>, Vec<(Join, Expr)>),
    /// `a^b`, `a.^b`
    Power {
        /// The base.
        base: Box<Expr>,
        /// The exponent.
        exponent: Box<Expr>,
        /// `.^`: entry by entry.
        elementwise: bool,
    },
    /// `a^T`
    Transpose(Box<Expr>),
    /// `sum_{j in 1..i, j != c} …`
    Reduce {
        /// Sum, product, maximum or minimum.
        op: ReduceOp,
        /// The `_…` part.
        binder: Vec<Binder>,
        /// What is reduced.
        body: Box<Expr>,
        /// The operator and its binder.
        head: Span,
    },
    /// `{ u if u > 0; a u otherwise }`: branches in order; the condition is none for `otherwise`.
    Cases(Vec<(Expr, Option<Vec<Condition>>)>),
    /// `:` or `2..n` in place of an element: all elements, or those from the first to the last.
    Slice(Option<Box<(Expr, Expr)>>),
    /// A quotient of two derivatives, `∂A/∂B` or `dA/dB`; only in `write`, headers and questions.
    Derivative(Box<Expr>, Box<Expr>),
}

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// How a factor is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Join {
    /// A space.
    Space,
    /// Nothing at all: `2x`, `)(`.
    Tight,
    /// `*`
    Star,
    /// `.*`
    Elementwise,
    /// `/`
    Over,
    /// `./`
    ElementwiseOver,
}

/// What reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReduceOp {
    /// Σ
    Sum,
    /// Π
    Product,
    /// Maximum.
    Max,
    /// Minimum.
    Min,
}

/// One condition in the subscript of a reduction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binder {
    /// `j`: over the range of the places where it stands.
    Letter(Name),
    /// `j in 1..n`
    Range(Range),
    /// `i < j`, `j != c`: binds the declared letters in it that are not in scope yet.
    Condition(Condition),
}

/// `a < b`, a chain `a < b < c` being two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Left side.
    pub left: Expr,
    /// The comparison.
    pub comparison: Comparison,
    /// Right side.
    pub right: Expr,
}
