//! The trace of a derivation: what stood there, what stands there now, and what that rests on.

use crate::term::{Store, Substitution, TermId};

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

impl Condition {
    /// The condition at values of its letters.
    pub(crate) fn at(&self, store: &mut Store, values: &Substitution) -> Self {
        match self {
            Condition::NonZero(term) => Condition::NonZero(store.substitute(*term, values)),
            Condition::Positive(term) => Condition::Positive(store.substitute(*term, values)),
            Condition::Assumed(_)
            | Condition::StepAtZero
            | Condition::OffKinks
            | Condition::OffTies => self.clone(),
        }
    }

    /// Whether what rests on it says nothing about points on a kink.
    pub fn is_off_kinks(&self) -> bool {
        match self {
            Condition::OffKinks | Condition::OffTies => true,
            Condition::Assumed(_)
            | Condition::StepAtZero
            | Condition::NonZero(_)
            | Condition::Positive(_) => false,
        }
    }
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
