//! What is to be seen of a derivation.

use crate::matrix::Layout;
use crate::term::SizeId;

/// The form of the formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// Every element on its own, sums written out; needs numeric sizes.
    Scalar,
    /// With element indices and sums.
    #[default]
    Index,
    /// With whole arrays; what has no matrix form stays in index form.
    Matrix,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Detail {
    /// The results.
    #[default]
    Result,
    /// The chain rule, the local derivatives, the substitution, the result.
    Steps,
    /// Also the derivative of the loss, line by line.
    Full,
}

/// With which letters the left side of an equation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lettering {
    /// As the definition writes what it reads: `∂C/∂z[k+1]` where `z[k+1] = W[k] r[k]`.
    #[default]
    AsRead,
    /// The letters alone: `∂C/∂z[k]`.
    Bare,
}

/// What is to be seen of a derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct View {
    /// Scalar, index or matrix notation.
    pub form: Form,
    /// Where the axes of derivatives stand in matrix notation.
    pub layout: Layout,
    /// How much.
    pub detail: Detail,
    /// Whether intermediates are substituted back to inputs and parameters.
    pub resolve: bool,
    /// Whether the adjoints of activations are substituted, which joins two equations into one recursion.
    pub combine: bool,
    /// How left sides are written.
    pub lettering: Lettering,
    /// The number of examples, if the derivatives by what each example has are to be those of the sum over them, and
    /// not of their mean.
    pub examples: Option<SizeId>,
}
