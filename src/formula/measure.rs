//! How long a term is to a reader, and what it is made of.

use num_traits::{Signed, ToPrimitive};
use rustc_hash::FxHashSet;
use smallvec::{SmallVec, smallvec};

use crate::system::System;
use crate::term::{FamilyId, FunctionId, Node, Seen, TermId};

/// How many names a term has, numbers apart; a whole power counts as often as its base is multiplied.
pub(super) fn leaves(system: &System, term: TermId) -> usize {
    match system.store.node(term) {
        Node::Number(_) => 0,
        Node::Power(base, exponent) => {
            let times = system
                .store
                .as_number(*exponent)
                .and_then(|value| value.to_integer().to_usize())
                .unwrap_or(1)
                .max(1);
            leaves(system, *base).saturating_mul(times)
        }
        node => {
            let children = node.children();
            if children.is_empty() {
                return 1;
            }
            children
                .into_iter()
                .map(|child| leaves(system, child))
                .fold(0, usize::saturating_add)
        }
    }
}

/// The number of summands of the longest sum that is written in a term.
pub(super) fn longest_sum(system: &System, term: TermId) -> usize {
    let node = system.store.node(term);
    let own = match node {
        Node::Add(parts) => parts.len(),
        _ => 1,
    };
    node.children()
        .into_iter()
        .map(|child| longest_sum(system, child))
        .fold(own, usize::max)
}

/// What a term is made of: families and functions, each with whether it stands in a denominator.
pub(super) type Kind = (Option<FamilyId>, Option<FunctionId>, bool);

/// Adds what a term is made of.
pub(super) fn kinds(system: &System, term: TermId, found: &mut FxHashSet<Kind>) {
    let mut stack: SmallVec<[(TermId, bool); 8]> = smallvec![(term, false)];
    while let Some((term, below)) = stack.pop() {
        match system.store.node(term) {
            Node::Access(family, _) => {
                found.insert((Some(*family), None, below));
            }
            Node::Power(base, exponent) => {
                let divides = system
                    .store
                    .as_number(*exponent)
                    .is_some_and(Signed::is_negative);
                stack.push((*base, below != divides));
            }
            node => {
                if let Node::Apply(function, _, _) = node {
                    found.insert((None, Some(*function), below));
                }
                stack.extend(node.children().into_iter().map(|child| (child, below)));
            }
        }
    }
}

/// All functions at their arguments in a term.
pub(super) fn calls(system: &System, term: TermId) -> FxHashSet<TermId> {
    let mut found = FxHashSet::default();
    let mut seen: Seen<TermId> = Seen::default();
    let mut stack: SmallVec<[TermId; 8]> = smallvec![term];
    while let Some(term) = stack.pop() {
        if !seen.insert(term) {
            continue;
        }
        let node = system.store.node(term);
        if let Node::Apply(..) = node {
            found.insert(term);
        }
        stack.extend(node.children());
    }
    found
}
