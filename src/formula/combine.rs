//! Two equations joined into one recursion: the adjoint of an activation put into that of its pre-activation.

use crate::derive::{AdjointPiece, Contribution, Derivation, Reason};
use crate::system::{FamilyKind, FamilyRole, System};
use crate::term::{Affine, FamilyId, Node, Substitution};

/// The piece with the adjoints of activations replaced by what they are.
pub(super) fn combined(
    derivation: &mut Derivation,
    wrt: FamilyId,
    piece: &AdjointPiece,
) -> AdjointPiece {
    // Only the equation of a pre-activation takes in that of its activation: a state that reads itself has one already.
    if derivation.system.family(wrt).role != Some(FamilyRole::PreActivation) {
        return piece.clone();
    }
    let mut contributions = Vec::new();
    let mut vanished = piece.vanished.clone();
    for contribution in &piece.contributions {
        match activation_adjoint(&derivation.system, contribution) {
            Some((family, index)) => {
                for term in joined(derivation, piece, contribution, family, &index) {
                    if derivation.system.store.is_zero(term.local) {
                        vanished.push(term);
                    } else {
                        contributions.push(term);
                    }
                }
            }
            None => contributions.push(contribution.clone()),
        }
    }
    AdjointPiece {
        contributions,
        vanished,
        ..piece.clone()
    }
}

/// The upstream factor, if it is the adjoint of an activation.
fn activation_adjoint(
    system: &System,
    contribution: &Contribution,
) -> Option<(FamilyId, Box<[Affine]>)> {
    let Node::Access(family, index) = system.store.node(contribution.upstream) else {
        return None;
    };
    let FamilyKind::Adjoint { wrt, .. } = system.family(*family).kind else {
        return None;
    };
    let activation = matches!(
        system.family(wrt).role,
        Some(FamilyRole::Activation | FamilyRole::Output)
    );
    activation.then(|| (*family, index.clone()))
}

/// One contribution for each term of the adjoint that is put in.
fn joined(
    derivation: &mut Derivation,
    piece: &AdjointPiece,
    outer: &Contribution,
    family: FamilyId,
    index: &[Affine],
) -> Vec<Contribution> {
    let pieces = derivation
        .adjoint(family)
        .map(|adjoint| adjoint.pieces.clone())
        .unwrap_or_default();
    let system = &mut derivation.system;
    let mut result = Vec::new();
    for (at, upstream) in pieces.iter().enumerate() {
        let (values, reach) = system.family(family).clauses[at].at(index);
        let reach = reach.and(&outer.domain);
        if system.ambient.is_empty(&reach.and(&piece.domain)) {
            continue;
        }
        if system.family(family).clauses[at].body.is_none() {
            // By what an opaque loss depends on there is nothing to put in.
            result.push(Contribution {
                domain: system.ambient.minimal(&reach, &piece.domain),
                ..outer.clone()
            });
            continue;
        }
        for inner in upstream.contributions.iter().chain(&upstream.vanished) {
            // The bound letters of the inner sum are its own.
            let (fresh, renamed) = system.store.fresh_letters(&inner.vars);
            let values = Substitution::new(values.pairs().iter().chain(renamed.pairs()).cloned());
            let domain = reach.and(&values.domain(&inner.domain));
            if system.ambient.is_empty(&domain.and(&piece.domain)) {
                continue;
            }
            let store = &mut system.store;
            let conditions = inner.conditions.iter().map(|it| it.at(store, &values));
            let conditions = conditions.chain(outer.conditions.clone()).collect();
            let mut put = |term| store.substitute(term, &values);
            let (above, symbol, local, raw) = (
                put(inner.upstream),
                put(inner.symbol),
                put(inner.local),
                put(inner.raw),
            );
            result.push(Contribution {
                vars: outer.vars.iter().copied().chain(fresh).collect(),
                domain: system.ambient.minimal(&domain, &piece.domain),
                upstream: above,
                user: inner.user,
                symbol: system.store.mul([symbol, outer.symbol]),
                local: system.store.mul([local, outer.local]),
                raw: system.store.mul([raw, outer.raw]),
                steps: inner.steps.iter().chain(&outer.steps).cloned().collect(),
                conditions,
                reason: Reason::Rules,
                written: outer.written.clone(),
            });
        }
    }
    result
}
