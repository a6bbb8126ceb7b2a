//! Differentials: what an expression changes by where given quantities change, `dL = \operatorname{tr}(G^\top dW)`.
//!
//! Each given quantity has another one of its shape that it changes by. Which of them change is said by the side that
//! speaks of them: `dW` and `db` there mean that W and b do, `dz` that all do on which z depends.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::tree::{Expr, ExprKind};
use crate::derive::reads;
use crate::system::{FamilyKind, FamilyRole, System};
use crate::term::FamilyId;

/// Given quantities, each with what it changes by.
pub(crate) type Changes = Rc<[(FamilyId, FamilyId)]>;

/// The network with a quantity beside each given one, which that one changes by.
pub(super) fn with_changes(system: &System) -> (System, Changes) {
    let mut with = system.clone();
    let mut changes = Vec::new();
    for id in system.family_ids() {
        let family = system.family(id);
        if family.kind != FamilyKind::Input || family.integers.is_some() {
            continue;
        }
        let mut change = family.clone();
        change.name = format!("d{}", family.name);
        change.role = None;
        changes.push((id, with.add_family(change)));
    }
    (with, changes.into())
}

/// Two sides in which the same quantities change.
#[derive(Debug)]
pub(crate) struct Aligned {
    pub(crate) left: Expr,
    pub(crate) right: Expr,
    /// What changes, in words.
    pub(crate) said: String,
}

/// Both sides of an equation of differentials, with what changes as the right one says it; none if neither speaks of
/// differentials.
pub(crate) fn aligned(system: &System, left: &Expr, right: &Expr) -> Option<Aligned> {
    let changing = [right, left]
        .into_iter()
        .find_map(|side| changing(system, side))?;
    let mut names: Vec<&str> = changing
        .iter()
        .map(|family| &*system.family(*family).name)
        .collect();
    names.sort_unstable();
    Some(Aligned {
        left: restricted(left, &changing),
        right: restricted(right, &changing),
        said: format!("what changes is {}", names.join(", ")),
    })
}

/// The given quantities that change where a side speaks of differentials; none if it does not.
fn changing(system: &System, side: &Expr) -> Option<FxHashSet<FamilyId>> {
    let mut found = None;
    side.any(&mut |part| {
        if let ExprKind::Differential(of, _) = &part.kind {
            let into = found.get_or_insert_with(FxHashSet::default);
            match of.plain().kind {
                ExprKind::Quantity { family, .. }
                    if system.family(family).kind == FamilyKind::Input =>
                {
                    into.insert(family);
                }
                _ => into.extend(given(system, of)),
            }
        }
        false
    });
    found
}

/// The given quantities on which an expression depends. Targets stand still unless their own differential is written.
fn given(system: &System, expr: &Expr) -> Vec<FamilyId> {
    let mut seen: Vec<FamilyId> = Vec::new();
    expr.any(&mut |part| {
        if let ExprKind::Quantity { family, .. } = &part.kind
            && !seen.contains(family)
        {
            seen.push(*family);
        }
        false
    });
    let mut at = 0;
    while let Some(family) = seen.get(at) {
        let new = reads(system, *family);
        seen.extend(
            new.into_iter()
                .filter(|read| !seen.contains(read))
                .collect::<Vec<_>>(),
        );
        at += 1;
    }
    seen.retain(|family| {
        let known = system.family(*family);
        known.kind == FamilyKind::Input && known.role != Some(FamilyRole::Target)
    });
    seen
}

fn restricted(expr: &Expr, changing: &FxHashSet<FamilyId>) -> Expr {
    let mut result = expr.clone();
    if let ExprKind::Differential(_, changes) = &mut result.kind {
        *changes = changes
            .iter()
            .filter(|(family, _)| changing.contains(family))
            .copied()
            .collect();
    }
    for child in result.children_mut() {
        *child = restricted(child, changing);
    }
    result
}
