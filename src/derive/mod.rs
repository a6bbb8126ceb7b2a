//! Reverse-mode differentiation of a system: one rule, applied to definitions.

use crate::syntax::StepAtZero;
use crate::system::{System, Target};
use crate::term::{Affine, Domain, FamilyId, TermId, VarId};

/// What is derived and how.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Families to differentiate by, in place of the network's own questions.
    pub wrt: Vec<Target>,
    /// The value of Step(0), in place of the network's.
    pub step_at_zero: Option<StepAtZero>,
}

/// A system together with its derivatives.
#[derive(Debug, Clone)]
pub struct Derivation {
    /// The network's system, to which adjoint families were added as definitions.
    pub system: System,
    /// The convention under which everything below holds.
    pub step_at_zero: StepAtZero,
    /// The adjoints that were asked for, in the order of printing.
    pub asked: Vec<Asked>,
    /// The chain rule for each adjoint family, by family.
    pub adjoints: Vec<Adjoint>,
}

/// One derivative that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The adjoint family.
    pub adjoint: FamilyId,
    /// Fixed values of its index (output first), or none for all values.
    pub index: Box<[Option<Affine>]>,
}

/// One adjoint family with the trace of the chain rule.
#[derive(Debug, Clone)]
pub struct Adjoint {
    /// The family; its kind says ∂of/∂wrt, its clauses are the definitions.
    pub family: FamilyId,
    /// Its index letters: those of `of`, then those of `wrt`.
    pub vars: Box<[VarId]>,
    /// The terms of the chain rule, in the order of the definitions that use `wrt`.
    pub contributions: Vec<Contribution>,
}

/// One term of the chain rule: Σ over `vars` in `domain` of upstream · local.
#[derive(Debug, Clone)]
pub struct Contribution {
    /// Bound letters that could not be solved for.
    pub vars: Box<[VarId]>,
    /// Their values, and conditions on the adjoint's own letters.
    pub domain: Domain,
    /// ∂of/∂user; the number 1 where the user is `of` itself.
    pub upstream: TermId,
    /// ∂user/∂wrt as a symbol: an access to a local family.
    pub symbol: TermId,
    /// ∂user/∂wrt as it was computed.
    pub local: TermId,
    /// The index of `wrt` as the user's definition writes it, over the definition's own letters: how a
    /// person would write the left side.
    pub written: Box<[Affine]>,
}
