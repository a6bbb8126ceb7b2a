//! An order that does not depend on the order of declarations: what is read stands before what reads it.

use rustc_hash::FxHashSet;

use crate::system::{FamilyKind, System};
use crate::term::FamilyId;

/// The quantities that are drawn, each behind those that its definitions read, as far as recurrences allow: from the loss
/// in the order of writing, then what else is defined, by name.
pub(super) fn families(system: &System, reads: &[Vec<FamilyId>]) -> Vec<FamilyId> {
    let drawn = |family: &FamilyId| {
        let row = system.family(*family);
        !row.name.is_empty() && matches!(row.kind, FamilyKind::Defined | FamilyKind::OpaqueLoss(_))
    };
    let mut roots: Vec<FamilyId> = system.family_ids().filter(drawn).collect();
    roots.sort_by_key(|family| &system.family(*family).name);
    let mut seen: FxHashSet<FamilyId> = FxHashSet::default();
    let mut finished = Vec::new();
    for root in system.loss.into_iter().chain(roots) {
        let mut stack = Vec::new();
        if seen.insert(root) {
            stack.push((root, 0));
        }
        while let Some((family, at)) = stack.last_mut() {
            match reads[family.0 as usize].get(*at) {
                Some(next) => {
                    *at += 1;
                    if seen.insert(*next) {
                        stack.push((*next, 0));
                    }
                }
                None => {
                    finished.push(*family);
                    stack.pop();
                }
            }
        }
    }
    finished
}

/// For each family the number of its knot: families of one knot read each other.
pub(super) fn knots(order: &[FamilyId], reads: &[Vec<FamilyId>]) -> Vec<usize> {
    // Kosaraju: the reversed edges, from the last finished one on.
    let mut users: Vec<Vec<FamilyId>> = vec![Vec::new(); reads.len()];
    for family in order {
        for read in &reads[family.0 as usize] {
            users[read.0 as usize].push(*family);
        }
    }
    let mut knot = vec![usize::MAX; reads.len()];
    for root in order.iter().rev() {
        let mut stack = vec![*root];
        while let Some(family) = stack.pop() {
            let place = &mut knot[family.0 as usize];
            if *place == usize::MAX {
                *place = root.0 as usize;
                stack.extend(&users[family.0 as usize]);
            }
        }
    }
    knot
}
