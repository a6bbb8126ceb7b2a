//! Softmax whose entries are taken apart.

use super::*;
use crate::term::{Affine, Reduction, VarId};

/// Softmax differentiated as if each entry were a function of its own argument.
pub(in super::super) fn softmax_elementwise(subject: &Subject<'_>) -> Vec<Derivation> {
    let system = subject.system;
    let mut places: Vec<FamilyId> = Vec::new();
    for family in &subject.reached {
        if system.family(*family).axes > 0
            && bodies(system, *family).into_iter().any(|body| {
                let exponential = subterms(system, body).into_iter().any(|term| {
                    matches!(system.store.node(term), Node::Apply(function, ..) if system.function(*function).name == "exp")
                });
                let total = |term: TermId| matches!(system.store.node(term), Node::Reduce(Reduction::Sum, ..));
                // The exponentials may be a quantity of their own.
                let minus_one = BigRational::from_integer((-1).into());
                let below = |term: &TermId| {
                    matches!(system.store.node(*term), Node::Power(base, exponent)
                        if total(*base) && system.store.as_number(*exponent) == Some(&minus_one))
                };
                (exponential && subterms(system, body).into_iter().any(total))
                    || subterms(system, body).iter().any(below)
            })
        {
            places.push(*family);
        }
    }
    let mut found = Vec::new();
    for subset in subsets(places.len()) {
        let chosen: Vec<FamilyId> = subset.into_iter().map(|at| places[at]).collect();
        let names: Vec<&str> = chosen
            .iter()
            .map(|family| system.family(*family).name.as_str())
            .collect();
        let (names, entrywise) = (names.join(", "), chosen.clone());
        found.push(Derivation {
            said: format!(
                "{names} is differentiated entry by entry; its other entries depend on the argument too"
            ),
            change: Box::new(move |system| {
                let stop = stop(system);
                for family in &entrywise {
                    let clauses = system.family(*family).clauses.clone();
                    system.rewrite(*family, |store, clause, term| {
                        let Node::Reduce(op, vars, domain, body) = store.node(term).clone() else {
                            return None;
                        };
                        let body = store.replace(body, &mut |store, inner| {
                            diagonal(store, stop, clause, &clauses, &vars, inner)
                        });
                        Some(store.reduce(op, vars.iter().copied(), domain, body))
                    });
                }
            }),
        });
        found.push(Derivation {
            said: format!(
                "the sum in {names} is taken as a constant; it depends on the argument too"
            ),
            change: Box::new(move |system| {
                let stop = stop(system);
                for family in &chosen {
                    system.rewrite(*family, |store, _, term| {
                        matches!(store.node(term), Node::Reduce(Reduction::Sum, ..))
                            .then(|| stopped(store, stop, term))
                    });
                }
            }),
        });
    }
    found
}

/// An access below a sum, differentiated only where its letters are those of the left side.
fn diagonal(
    store: &mut Store,
    stop: FunctionId,
    clause: &Clause,
    clauses: &[Clause],
    bound: &[VarId],
    term: TermId,
) -> Option<TermId> {
    let Node::Access(family, index) = store.node(term).clone() else {
        return None;
    };
    // Where the same quantity stands outside of the sum its index says which letter belongs to which.
    let outside = clauses
        .iter()
        .filter_map(|clause| clause.body)
        .find_map(|body| outside_access(store, body, family, bound))
        .unwrap_or_else(|| clause.index.clone());
    if outside.len() != index.len() {
        return None;
    }
    let mut guard = Domain::everything();
    let mut restricted = false;
    for (own, other) in index.iter().zip(&outside) {
        if bound.iter().any(|var| own.mentions(*var)) {
            guard = guard.and(&Domain::equal(own, other));
            restricted = true;
        }
    }
    if !restricted {
        return None;
    }
    Some(moving_where(store, stop, term, &guard))
}

fn outside_access(
    store: &Store,
    body: TermId,
    family: FamilyId,
    bound: &[VarId],
) -> Option<Box<[Affine]>> {
    match store.node(body) {
        Node::Access(other, index)
            if *other == family
                && !index
                    .iter()
                    .any(|entry| bound.iter().any(|var| entry.mentions(*var))) =>
        {
            Some(index.clone())
        }
        Node::Reduce(..) => None,
        node => node
            .children()
            .iter()
            .find_map(|child| outside_access(store, *child, family, bound)),
    }
}
