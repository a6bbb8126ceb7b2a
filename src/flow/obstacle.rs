//! Why a step is no sum of products: what on the way is neither weights nor a number for each element.

use super::factors::is_array;
use super::ways::Walk;
use crate::system::{FamilyKind, System};
use crate::term::{Affine, FamilyId, Node, TermId, VarId};

/// What stands in the way of a factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obstacle {
    /// The quantity in whose equation it stands.
    pub(super) quantity: FamilyId,
    /// At which slots.
    pub(super) slots: Box<[Affine]>,
    /// What it is.
    pub(super) kind: Kind,
}

/// Kinds of obstacles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Fewer axes than the state: elements meet in it, as in their mean.
    Meeting,
    /// It mixes elements by something that depends on the state.
    Mixing,
    /// It reads elements at other places.
    Shifted,
}

/// The first obstacle on the ways from a state with so many axes, if it is one of these.
pub(super) fn obstacle(system: &System, axes: usize, group: &[Walk]) -> Option<Obstacle> {
    group.iter().find_map(|walk| on(system, axes, walk))
}

fn on(system: &System, axes: usize, walk: &Walk) -> Option<Obstacle> {
    let (last, at) = walk.through.first()?;
    let slots = system.family(*last).slots;
    let reached = &walk.index[slots.min(walk.index.len())..];
    // The nearest to the state first.
    for (local, (quantity, slots)) in walk.locals.iter().zip(&walk.through).rev() {
        let found = |kind: Kind| {
            Some(Obstacle {
                quantity: *quantity,
                slots: slots.clone(),
                kind,
            })
        };
        if mixes(system, *local) {
            return found(Kind::Mixing);
        }
        if system.family(*quantity).axes < axes {
            return found(Kind::Meeting);
        }
    }
    let shifted = reached.iter().any(|at| at.as_var().is_none());
    shifted.then_some(Obstacle {
        quantity: *last,
        slots: at.clone(),
        kind: Kind::Shifted,
    })
}

/// Whether a derivative has several letters of elements, and no weight that leads from one to the other.
fn mixes(system: &System, local: TermId) -> bool {
    let factors = match system.store.node(local) {
        Node::Mul(factors) => factors.to_vec(),
        _ => vec![local],
    };
    let weighs = |factor: &TermId| match system.store.node(*factor) {
        Node::Access(family, _) => {
            is_array(system, *factor, 2) || system.family(*family).kind == FamilyKind::Input
        }
        Node::Guard(_) => true,
        _ => false,
    };
    let own = |factor: &TermId| elements(system, *factor).len() > 1 && !weighs(factor);
    let together = elements(system, local).len() > 1 && !factors.iter().any(weighs);
    together || factors.iter().any(own)
}

/// The letters of elements in a term that are free in it.
fn elements(system: &System, term: TermId) -> Vec<VarId> {
    let free = system.store.free_vars(term);
    let mut found: Vec<VarId> = Vec::new();
    let mut open = vec![term];
    while let Some(at) = open.pop() {
        if let Node::Access(family, index) = system.store.node(at) {
            let elements = index[system.family(*family).slots..].iter();
            found.extend(elements.filter_map(Affine::as_var));
        }
        open.extend(system.store.node(at).children());
    }
    found.retain(|letter| free.contains(letter));
    found.sort_unstable();
    found.dedup();
    found
}
