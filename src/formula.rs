//! What is printed and confirmed: equations with the conditions under which they hold.

use crate::term::{Affine, Domain, FamilyId, TermId, VarId};

/// The form of the formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Every element on its own, sums written out; needs numeric sizes.
    Scalar,
    /// With element indices and sums.
    Index,
}

/// One equation, `∂of/∂wrt = … = result`, for all values of the letters in the domain.
#[derive(Debug, Clone)]
pub struct Formula {
    /// The adjoint family on the left.
    pub adjoint: FamilyId,
    /// Its index as printed: the output's, then that of the quantity differentiated by.
    pub index: Box<[Affine]>,
    /// The letters in the index.
    pub vars: Box<[VarId]>,
    /// Their values: the case in which the equation holds.
    pub domain: Domain,
    /// The members of the chain of equalities behind the left side; the last one is the result.
    pub chain: Vec<Link>,
    /// What the result rests on.
    pub conditions: Vec<Condition>,
    /// How it was found.
    pub steps: Vec<Step>,
    /// Whether it was asked for; else it is printed because another formula names it.
    pub asked: bool,
}

impl Formula {
    /// The right side that counts.
    pub fn result(&self) -> TermId {
        match self.chain.last() {
            Some(Link::Term(term)) => *term,
            Some(Link::Operator { .. }) | None => {
                unreachable!("a chain ends with a term")
            }
        }
    }
}

/// One member of a chain of equalities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A term. Accesses to adjoint and local families print as derivatives.
    Term(TermId),
    /// `factor ∂/∂by (of)`, the derivative not yet taken.
    Operator {
        /// A number in front, if any.
        factor: Option<TermId>,
        /// By what: an access.
        by: TermId,
        /// Of what.
        of: TermId,
    },
}

/// What a result needs in order to be right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// The assumption with this number in the system.
    Assumed(usize),
    /// The value of Step(0).
    StepAtZero,
    /// Only off the kinks (a second derivative of a kinked function).
    OffKinks,
    /// Only where the maximum is taken at one place.
    OffTies,
    /// The term is not 0.
    NonZero(TermId),
    /// The term is positive.
    Positive(TermId),
}

/// One step of a derivation: `before = after` by a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule's stable name.
    pub rule: &'static str,
    /// What stood there.
    pub before: Link,
    /// What stands there now.
    pub after: Link,
    /// The reason in words.
    pub why: String,
}
