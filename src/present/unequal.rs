//! Two terms, one for `a < b` and one for `b < a`, shown as one for `a ≠ b`: as the author wrote it, before domains
//! took it apart.

use num_traits::Signed;

use super::letters::Scope;
use super::terms::{Printed, Printer};
use crate::term::{
    Bindings, Constraint, Domain, Node, Reduction, Relation, TermId, VarId, replaced, unify,
};

/// A guard or a sum that is shown with another domain, in which one condition `a < b` is shown as `a ≠ b`.
#[derive(Debug, Clone)]
pub(super) struct Unequal {
    term: TermId,
    domain: Domain,
    constraint: Constraint,
}

impl Printer<'_> {
    /// The summands, or the factors of a product, with those joined that differ by the side of an inequality: sums of sums,
    /// products of products.
    pub(super) fn joined(&self, terms: &[TermId], op: Reduction) -> Vec<(TermId, Option<Unequal>)> {
        let mut result: Vec<(TermId, Option<Unequal>)> = Vec::with_capacity(terms.len());
        for term in terms {
            let partner = result
                .iter()
                .position(|(other, joined)| joined.is_none() && self.has_sides(*other, op));
            let found = partner.filter(|_| self.has_sides(*term, op)).and_then(|_| {
                result.iter().enumerate().find_map(|(at, (other, joined))| {
                    let unequal = joined.is_none().then(|| self.mirror(*other, *term, op))??;
                    Some((at, unequal))
                })
            });
            match found {
                Some((at, unequal)) => result[at].1 = Some(unequal),
                None => result.push((*term, None)),
            }
        }
        result
    }

    /// Prints a term with one of its parts shown differently.
    pub(super) fn with_unequal<T>(
        &mut self,
        unequal: Option<Unequal>,
        print: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let Some(unequal) = unequal else {
            return print(self);
        };
        let memo = std::mem::take(&mut self.memo);
        let outer = self.unequal.replace(unequal);
        let result = print(self);
        self.unequal = outer;
        self.memo = memo;
        result
    }

    /// The domain with which a guard or a sum is shown.
    pub(super) fn shown_domain(&self, term: TermId, own: &Domain) -> Domain {
        match &self.unequal {
            Some(unequal) if unequal.term == term => unequal.domain.clone(),
            _ => own.clone(),
        }
    }

    /// Whether a condition stands for both of its sides.
    pub(super) fn is_unequal(&self, constraint: &Constraint) -> bool {
        self.unequal
            .as_ref()
            .is_some_and(|unequal| unequal.constraint == *constraint)
    }

    /// A guard that is shown with its own or another domain.
    pub(super) fn guard_of(&mut self, term: TermId, domain: &Domain, scope: Scope) -> Printed {
        let domain = self.shown_domain(term, domain);
        self.guard(&domain, scope)
    }

    fn factors(&self, term: TermId) -> Vec<TermId> {
        match self.system.store.node(term) {
            Node::Mul(factors) => factors.to_vec(),
            _ => vec![term],
        }
    }

    fn has_sides(&self, term: TermId, op: Reduction) -> bool {
        let own = |factor: TermId| match self.system.store.node(factor) {
            Node::Guard(_) => op == Reduction::Sum,
            Node::Reduce(other, ..) => *other == op,
            _ => false,
        };
        match op {
            Reduction::Sum => self.factors(term).into_iter().any(own),
            Reduction::Product | Reduction::Max | Reduction::Min => own(term),
        }
    }

    /// How the first of two summands, or factors, is shown if the second is the same on the other side of an inequality.
    fn mirror(&self, first: TermId, second: TermId, op: Reduction) -> Option<Unequal> {
        let (first, second) = (self.factors(first), self.factors(second));
        if first.len() != second.len() {
            return None;
        }
        let mut different = first.iter().zip(&second).filter(|(a, b)| a != b);
        let (Some((a, b)), None) = (different.next(), different.next()) else {
            return None;
        };
        let store = &self.system.store;
        match (store.node(*a), store.node(*b)) {
            (Node::Guard(one), Node::Guard(other)) => {
                self.unequal_sides(*a, one, other, &Domain::everything())
            }
            (Node::Reduce(left, vars, one, body), Node::Reduce(right, others, other, inner))
                if *left == op && *right == op && vars.len() == others.len() =>
            {
                let mut values = Bindings::default();
                if !unify(store, *inner, *body, others, &mut values) {
                    return None;
                }
                let other = replaced(&values).domain(other);
                self.unequal_sides(*a, one, &other, &self.free_ranges(*body, vars))
            }
            _ => None,
        }
    }

    /// The ranges of the letters that a body has from outside, as its elements give them. Elements behind a condition
    /// say nothing.
    fn free_ranges(&self, body: TermId, bound: &[VarId]) -> Domain {
        let store = &self.system.store;
        let conditional = store.any(body, |node| {
            matches!(node, Node::Guard(_) | Node::Cases(_) | Node::Reduce(..))
        });
        if conditional {
            return Domain::everything();
        }
        let letters = store.free_vars(body).iter();
        letters
            .filter(|var| !bound.contains(var))
            .flat_map(|var| self.element_bounds(body, *var))
            .fold(Domain::everything(), |all, constraint| {
                all.and(&Domain::of([(
                    constraint.relation(),
                    constraint.affine().clone(),
                )]))
            })
    }

    /// Domains that differ by `a < b` and `b < a` and by what these imply.
    fn unequal_sides(
        &self,
        term: TermId,
        one: &Domain,
        other: &Domain,
        known: &Domain,
    ) -> Option<Unequal> {
        let ambient = &self.system.ambient;
        self.asked_known.set(true);
        let strict = |constraint: &&Constraint| constraint.relation() == Relation::NonNegative;
        for constraint in one.constraints().iter().filter(strict) {
            for opposite in other.constraints().iter().filter(strict) {
                let sum = constraint.affine().plus(opposite.affine());
                if sum.as_int() != Some(-2) || !constraint.affine().constant().is_negative() {
                    continue;
                }
                let rest = one.filter(|part| part != constraint);
                let others = other.filter(|part| part != opposite);
                let known = known.and(&self.known);
                if ambient.implies(&one.and(&known), &others)
                    && ambient.implies(&other.and(&known), &rest)
                {
                    let kept = Domain::of([(constraint.relation(), constraint.affine().clone())]);
                    return Some(Unequal {
                        term,
                        domain: rest.and(&others).and(&kept),
                        constraint: constraint.clone(),
                    });
                }
            }
        }
        None
    }
}
