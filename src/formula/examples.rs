//! Formulas of a cost that is a mean over examples, with its `1/m` in the derivatives by what the examples share:
//! those by what each example has are of the sum, which is `m` times the cost. A derivative is linear in the upstream
//! ones, so that both sides of an equation are multiplied by `m`, and each upstream derivative of the sum divided by it.

use rustc_hash::FxHashMap;

use super::{Formula, Link};
use crate::derive::Derivation;
use crate::system::{Clause, Family, FamilyKind, System};
use crate::term::{Affine, FamilyId, Node, Reduction, SizeId, TermId};

/// Rewrites all formulas, or none: only of a mean over the examples can the sum be told without a new `m`.
pub(super) fn of_sums(derivation: &mut Derivation, examples: SizeId, formulas: &mut [Formula]) {
    let system = &mut derivation.system;
    let Some(loss) = system.loss else { return };
    let known = system.families.len();
    let sums = derivatives_of_sum(system, loss, examples);
    match written(system, &Rewriter { examples, sums }, formulas) {
        Some(written) => formulas.clone_from_slice(&written),
        None => {
            system.families.truncate(known);
            system.total = None;
        }
    }
}

/// The derivative of the sum in place of each derivative of the mean by what each example has.
fn derivatives_of_sum(
    system: &mut System,
    loss: FamilyId,
    examples: SizeId,
) -> FxHashMap<FamilyId, FamilyId> {
    let adjoints: Vec<(FamilyId, FamilyId)> = system
        .family_ids()
        .filter_map(|family| match system.family(family).kind {
            FamilyKind::Adjoint { of, wrt } if of == loss => Some((family, wrt)),
            _ => None,
        })
        .collect();
    let total = system.add_total(loss, examples);
    let mut sums = FxHashMap::default();
    for (adjoint, wrt) in adjoints {
        if system.family(wrt).kind == FamilyKind::Defined && system.has_examples(wrt, examples) {
            let sum = derivative_of_sum(system, adjoint, total, wrt, examples);
            sums.insert(adjoint, sum);
        }
    }
    sums
}

/// The formulas in derivatives of the sum, if all can be.
fn written(system: &mut System, rewriter: &Rewriter, formulas: &[Formula]) -> Option<Vec<Formula>> {
    let mut written = formulas.to_vec();
    for formula in &mut written {
        let sum = rewriter.sums.get(&formula.adjoint).copied();
        for link in &mut formula.chain {
            let Link::Term(term) = link else { return None };
            *term = rewriter.side(system, *term, sum.is_some())?;
        }
        if let Some(sum) = sum {
            formula.adjoint = sum;
        }
    }
    Some(written)
}

/// `m` times an adjoint, as a family.
fn derivative_of_sum(
    system: &mut System,
    adjoint: FamilyId,
    total: FamilyId,
    wrt: FamilyId,
    examples: SizeId,
) -> FamilyId {
    let row = system.family(adjoint).clone();
    let clauses = row
        .clauses
        .iter()
        .map(|clause| {
            let number = system.store.intern(Node::Index(Affine::size(examples)));
            let mean = system.store.access(adjoint, clause.index.iter().cloned());
            Clause {
                body: Some(system.store.mul([number, mean])),
                ..clause.clone()
            }
        })
        .collect();
    system.add_family(Family {
        kind: FamilyKind::Adjoint { of: total, wrt },
        clauses,
        ..row
    })
}

struct Rewriter {
    examples: SizeId,
    sums: FxHashMap<FamilyId, FamilyId>,
}

impl Rewriter {
    /// A right side, in derivatives of the sum; multiplied by `m` if the left side is one. Nothing if an `m` is left.
    fn side(&self, system: &mut System, term: TermId, multiplied: bool) -> Option<TermId> {
        let summands: Vec<TermId> = match system.store.node(term) {
            Node::Add(terms) => terms.to_vec(),
            _ => vec![term],
        };
        let through: Vec<bool> = summands
            .iter()
            .map(|summand| {
                system.store.any(
                    *summand,
                    |node| matches!(node, Node::Access(family, _) if self.sums.contains_key(family)),
                )
            })
            .collect();
        // `1/m` stands in front of all of them together.
        let together = !multiplied && !through.contains(&false);
        let mut written = Vec::with_capacity(summands.len());
        for (summand, through) in summands.into_iter().zip(through) {
            let own = self.replaced(system, summand);
            written.push(if multiplied && !through {
                self.times(system, own)?
            } else if !multiplied && through && !together {
                self.divided(system, own)
            } else {
                own
            });
        }
        let sum = system.store.add(written);
        Some(if together {
            self.divided(system, sum)
        } else {
            sum
        })
    }

    /// The term with derivatives of the sum in place of those of the mean.
    fn replaced(&self, system: &mut System, term: TermId) -> TermId {
        let node = system.store.node(term).clone();
        if let Node::Access(family, index) = node {
            return match self.sums.get(&family) {
                Some(sum) => system.store.intern(Node::Access(*sum, index)),
                None => term,
            };
        }
        let children = node.children();
        let replaced: Vec<TermId> = children
            .iter()
            .map(|child| self.replaced(system, *child))
            .collect();
        if replaced.as_slice() == children.as_slice() {
            term
        } else {
            system.store.rebuild(&node, &replaced)
        }
    }

    /// `1/m` times a term, behind its number.
    fn divided(&self, system: &mut System, term: TermId) -> TermId {
        let minus_one = system.store.int(-1);
        let number = system
            .store
            .intern(Node::Index(Affine::size(self.examples)));
        let fraction = system.store.power(number, minus_one);
        match system.store.node(term).clone() {
            Node::Mul(factors) if system.store.as_number(factors[0]).is_some() => {
                let rest = factors[1..].iter().copied();
                let all: Vec<TermId> = [factors[0], fraction].into_iter().chain(rest).collect();
                system.store.mul(all)
            }
            _ => system.store.mul([fraction, term]),
        }
    }

    /// `m` times a term that has a factor `1/m`, without both; nothing for other terms.
    fn times(&self, system: &mut System, term: TermId) -> Option<TermId> {
        match system.store.node(term).clone() {
            Node::Power(base, exponent) => {
                let is_number = matches!(system.store.node(base), Node::Index(affine)
                    if *affine == Affine::size(self.examples));
                let minus_one = system.store.int(-1);
                (is_number && exponent == minus_one).then(|| system.store.int(1))
            }
            Node::Add(terms) => {
                let all: Option<Vec<TermId>> = terms
                    .iter()
                    .map(|summand| self.times(system, *summand))
                    .collect();
                Some(system.store.add(all?))
            }
            Node::Mul(factors) => {
                let (at, without) = factors
                    .iter()
                    .enumerate()
                    .find_map(|(at, factor)| Some((at, self.times(system, *factor)?)))?;
                let mut factors = factors.to_vec();
                factors[at] = without;
                Some(system.store.mul(factors))
            }
            Node::Reduce(Reduction::Sum, vars, domain, body) => {
                let body = self.times(system, body)?;
                Some(
                    system
                        .store
                        .reduce(Reduction::Sum, vars.iter().copied(), domain, body),
                )
            }
            _ => system.store.is_zero(term).then_some(term),
        }
    }
}
