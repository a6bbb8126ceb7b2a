//! Summands that are the same sum in other letters, or with a symmetric matrix turned round.

use num_rational::BigRational;
use num_traits::Zero;

use crate::matrix::{find_symmetric, symmetrized};
use crate::normal::{Normal, Normalizer};
use crate::simplify::{scaled, summands};
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, System};
use crate::term::{Domain, FamilyId, FunctionId, Node, TermId};

/// A term in which like summands are one, with the assumptions that make them alike; none if no two are.
///
/// `½ Σ_i A_ji x_i + ½ Σ_k x_k A_kj` is `Σ_i A_ji x_i` if `A` is symmetric.
pub(super) fn merged(
    system: &mut System,
    step_at_zero: StepAtZero,
    term: TermId,
    context: &Domain,
) -> Option<(TermId, Vec<usize>)> {
    match &*system.store.shared(term) {
        Node::Add(_) => sum_merged(system, step_at_zero, term, context),
        Node::Mul(factors) => {
            let mut assumed = Vec::new();
            let mut changed = false;
            let factors: Vec<TermId> = factors
                .iter()
                .map(
                    |factor| match merged(system, step_at_zero, *factor, context) {
                        Some((merged, more)) => {
                            changed = true;
                            assumed.extend(more);
                            merged
                        }
                        None => *factor,
                    },
                )
                .collect();
            changed.then(|| (system.store.mul(factors), assumed))
        }
        _ => None,
    }
}

fn sum_merged(
    system: &mut System,
    step_at_zero: StepAtZero,
    term: TermId,
    context: &Domain,
) -> Option<(TermId, Vec<usize>)> {
    let parts = summands(&mut system.store, term);
    let made_of: Vec<Vec<Leaf>> = parts
        .iter()
        .map(|(_, rest)| leaves(system, *rest))
        .collect();
    let mut assumed = Vec::new();
    let mut kept: Vec<(BigRational, TermId, usize)> = Vec::with_capacity(parts.len());
    for (at, (coefficient, rest)) in parts.iter().enumerate() {
        let mut found = None;
        for (place, (_, known, own)) in kept.iter().enumerate() {
            if made_of[*own] != made_of[at] || made_of[at].is_empty() {
                continue;
            }
            if let Some(more) = alike(system, step_at_zero, context, *known, *rest) {
                assumed.extend(more);
                found = Some(place);
                break;
            }
        }
        match found {
            Some(place) => kept[place].0 += coefficient,
            None => kept.push((coefficient.clone(), *rest, at)),
        }
    }
    if kept.len() == parts.len() {
        return None;
    }
    let store = &mut system.store;
    let kept: Vec<TermId> = kept
        .into_iter()
        .filter(|(coefficient, ..)| !coefficient.is_zero())
        .map(|(coefficient, rest, _)| scaled(store, &coefficient, rest))
        .collect();
    Some((store.add(kept), assumed))
}

/// What a term is made of, indices and order apart: equal terms that differ in these alone have the same.
type Leaf = (Option<FamilyId>, Option<FunctionId>);

fn leaves(system: &System, term: TermId) -> Vec<Leaf> {
    let mut found = Vec::new();
    let mut stack = vec![term];
    while let Some(term) = stack.pop() {
        let node = system.store.node(term);
        match node {
            Node::Access(family, _) => found.push((Some(*family), None)),
            Node::Apply(function, _, _) => found.push((None, Some(*function))),
            _ => {}
        }
        stack.extend(node.children());
    }
    found.sort_unstable();
    found
}

/// The assumptions that make two terms equal; none if they are not proved to be.
fn alike(
    system: &mut System,
    step_at_zero: StepAtZero,
    context: &Domain,
    left: TermId,
    right: TermId,
) -> Option<Vec<usize>> {
    let are_equal = |system: &mut System, left, right| {
        let mut normalizer = Normalizer::new(system, step_at_zero, context.clone());
        let (left, right): (Option<Normal>, Option<Normal>) =
            (normalizer.normal(left).ok(), normalizer.normal(right).ok());
        left.is_some() && left == right
    };
    if are_equal(system, left, right) {
        return Some(Vec::new());
    }
    let families = leaves(system, left).into_iter().filter_map(|leaf| leaf.0);
    let read: Vec<FamilyId> = families
        .map(|family| match system.family(family).kind {
            FamilyKind::OfMatrix { of, .. } => of,
            _ => family,
        })
        .collect();
    find_symmetric(system, step_at_zero, read);
    let mut assumed = Vec::new();
    let mut turned = |term| symmetrized(system, step_at_zero, term, &mut assumed);
    let (first, second) = (turned(left), turned(right));
    ((first, second) != (left, right) && are_equal(system, first, second)).then_some(assumed)
}
