//! The kinds of terms.

use num_rational::BigRational;

use super::{Affine, Domain, FamilyId, FunctionId, VarId};

/// A term in a [`Store`](super::Store): equal ids are equal terms, in written order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TermId(pub u32);

/// What reduces over bound indices. An empty sum is 0, an empty product 1; an empty maximum or minimum is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reduction {
    /// Σ
    Sum,
    /// Π
    Product,
    /// Maximum.
    Max,
    /// Minimum.
    Min,
}

/// A comparison of two values. What is written with `<` or `<=` is turned round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cmp {
    /// `a > b`
    Greater,
    /// `a >= b`
    GreaterEqual,
    /// `a = b`
    Equal,
    /// `a != b`
    NotEqual,
}

/// A term. All values are real numbers; a condition is 1 where it holds and 0 elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// An exact number.
    Number(BigRational),
    /// π
    Pi,
    /// A size or an index used as a number: `n`, `L - k + 1`, `i`.
    Index(Affine),
    /// An element of a family: slots first, then elements.
    Access(FamilyId, Box<[Affine]>),
    /// A parameter of a function's body.
    Parameter(u32),
    /// Σ, Π, max or min over the letters, at all values that the domain allows.
    Reduce(Reduction, Box<[VarId]>, Domain, TermId),
    /// A sum, in written order, at least two summands.
    Add(Box<[TermId]>),
    /// A product, in written order, at least two factors. If one factor is a false guard or comparison
    /// the product is 0 and the other factors are not read.
    Mul(Box<[TermId]>),
    /// A power; its exponent is a number in most cases.
    Power(TermId, TermId),
    /// A scalar function applied to terms, with the number of derivatives taken by each argument.
    Apply(FunctionId, Box<[u8]>, Box<[TermId]>),
    /// 1 where the domain holds, 0 elsewhere.
    Guard(Domain),
    /// 1 where the comparison holds, 0 elsewhere.
    Test(Cmp, TermId, TermId),
    /// The value behind the first condition that holds. Conditions are guards, comparisons, products of
    /// these, or, for the last, the number 1. The other branches are not read.
    Cases(Box<[(TermId, TermId)]>),
}
