//! Where gradients pass: from what is differentiated back to what it is differentiated by, along the terms of the chain
//! rule that are not zero.

use rustc_hash::FxHashMap;

use super::{Graph, NodeKind};
use crate::derive::Derivation;
use crate::system::{FamilyKind, Question, System, Target};
use crate::term::{Affine, Domain, FamilyId, Node as Term};

/// A reading that has a term in the chain rule: the slots of the user, and of what it reads.
struct Passage {
    user: Box<[Affine]>,
    read: Box<[Affine]>,
    domain: Domain,
}

/// Marks the edges and nodes that a gradient takes. `onward` are edges that are not drawn.
pub(super) fn mark(graph: &mut Graph, derivation: &Derivation, onward: &[(usize, usize)]) {
    let system = &derivation.system;
    let passages = passages(derivation);
    let passes: Vec<bool> = graph
        .edges
        .iter()
        .map(|edge| {
            let (from, to) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
            if matches!(from.kind, NodeKind::Dots(_)) || matches!(to.kind, NodeKind::Dots(_)) {
                return true;
            }
            let known = passages.get(&(from.family, to.family));
            known.into_iter().flatten().any(|passage| {
                meets(system, &passage.read, &from.slots, &passage.domain)
                    && meets(system, &passage.user, &to.slots, &passage.domain)
            })
        })
        .collect();
    for question in &system.questions {
        let ends = targets(system, graph, &question.of);
        let asked: Vec<usize> = question
            .wrt
            .iter()
            .flat_map(|wrt| targets(system, graph, wrt))
            .collect();
        let all = || {
            let drawn = graph.edges.iter().zip(&passes);
            let drawn = drawn.filter(|(_, passes)| **passes);
            drawn
                .map(|(edge, _)| (edge.from, edge.to))
                .chain(onward.iter().copied())
        };
        let reaches = closure(&ends, all().map(|(from, to)| (to, from)), graph.nodes.len());
        let reached = closure(&asked, all(), graph.nodes.len());
        for (edge, passes) in graph.edges.iter_mut().zip(&passes) {
            edge.back |= *passes && reached[edge.from] && reaches[edge.to];
        }
        // What goes on behind a frame comes out of the dots before it.
        for (behind, elsewhere) in onward {
            if reached[*behind] && reaches[*elsewhere] {
                let before = graph.edges.iter_mut().filter(|edge| {
                    edge.to == *elsewhere
                        && matches!(graph.nodes[edge.from].kind, NodeKind::Dots(_))
                });
                before.for_each(|edge| edge.back = true);
            }
        }
        for at in 0..graph.nodes.len() {
            let node = &mut graph.nodes[at];
            if matches!(node.kind, NodeKind::Dots(_))
                || !reaches[at]
                || !reached[at]
                || ends.contains(&at)
            {
                continue;
            }
            let adjoint = adjoint(system, question, node.family);
            if let Some(adjoint) = adjoint.filter(|adjoint| !node.adjoints.contains(adjoint)) {
                node.adjoints.push(adjoint);
            }
            node.asked |= asked.contains(&at);
        }
    }
}

/// The terms of the chain rule, by what is read and who reads it.
fn passages(derivation: &Derivation) -> FxHashMap<(FamilyId, FamilyId), Vec<Passage>> {
    let system = &derivation.system;
    let mut found: FxHashMap<(FamilyId, FamilyId), Vec<Passage>> = FxHashMap::default();
    for adjoint in &derivation.adjoints {
        let FamilyKind::Adjoint { of, wrt } = system.family(adjoint.family).kind else {
            continue;
        };
        if matches!(system.family(of).kind, FamilyKind::Adjoint { .. }) {
            continue;
        }
        let read = drawn(system, wrt);
        for piece in &adjoint.pieces {
            for contribution in &piece.contributions {
                let Term::Access(_, index) = system.store.node(contribution.symbol) else {
                    continue;
                };
                let user = contribution.user;
                let row = system.family(user);
                let (by, rest) = index.split_at((row.slots + row.axes).min(index.len()));
                let passage = Passage {
                    user: by[..row.slots.min(by.len())].into(),
                    read: rest[..system.family(wrt).slots.min(rest.len())].into(),
                    domain: piece.domain.and(&contribution.domain),
                };
                found
                    .entry((read, drawn(system, user)))
                    .or_default()
                    .push(passage);
            }
        }
    }
    found
}

/// The family as which another one is drawn: a given boundary is part of what it bounds.
fn drawn(system: &System, family: FamilyId) -> FamilyId {
    system.bounded_by(family).unwrap_or(family)
}

/// Whether the slots of a passage may be those of a node. Letters of nodes are other ones than those of passages.
fn meets(system: &System, passage: &[Affine], node: &[Affine], domain: &Domain) -> bool {
    passage
        .iter()
        .zip(node)
        .all(|(one, other)| match (one.as_int(), other.as_int()) {
            (Some(one), Some(other)) => one == other,
            _ if other.is_constant() => !system
                .ambient
                .is_empty(&Domain::equal(one, other).and(domain)),
            _ => true,
        })
}

/// The nodes that a question names. What has a node of its own is not in a frame as well.
fn targets(system: &System, graph: &Graph, target: &Target) -> Vec<usize> {
    let family = drawn(system, target.family);
    let within = |wide: fn(&Affine) -> bool| -> Vec<usize> {
        let fits = |slots: &[Affine]| {
            target.index.iter().zip(slots).all(|(wanted, slot)| {
                wanted
                    .as_ref()
                    .is_none_or(|wanted| wanted == slot || wide(slot))
            })
        };
        let nodes = graph.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| !matches!(node.kind, NodeKind::Dots(_)) && node.family == family)
            .filter(|(_, node)| fits(&node.slots))
            .map(|(at, _)| at)
            .collect()
    };
    let named = within(|_| false);
    if named.is_empty() {
        within(|slot| !slot.is_constant())
    } else {
        named
    }
}

/// The derivative that a question asks for, or passes through, by a family.
fn adjoint(system: &System, question: &Question, family: FamilyId) -> Option<FamilyId> {
    let of = question.of.family;
    system.family_ids().find(|candidate| {
        matches!(system.family(*candidate).kind, FamilyKind::Adjoint { of: above, wrt }
            if above == of && drawn(system, wrt) == family)
    })
}

/// What is reached from these nodes.
fn closure(from: &[usize], edges: impl Iterator<Item = (usize, usize)>, nodes: usize) -> Vec<bool> {
    let mut targets: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (source, target) in edges {
        targets[source].push(target);
    }
    let mut reached = vec![false; nodes];
    let mut stack = from.to_vec();
    while let Some(node) = stack.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            stack.extend(&targets[node]);
        }
    }
    reached
}
