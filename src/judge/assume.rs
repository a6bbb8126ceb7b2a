//! "Equal only if": the smallest set of signs under which a claim would be right.

use super::line::{Judge, Relation};
use super::point::Demands;
use crate::claim::{Expr, ExprKind};
use crate::system::FamilyKind;
use crate::term::FamilyId;

/// The conditions under which a refuted claim is equal, from a fixed list.
pub(super) fn only_if(judge: &mut Judge<'_>, truth: &Expr, claim: &Expr) -> Option<Vec<String>> {
    let gradient = matches!(truth.plain().kind, ExprKind::Derivative { .. });
    if gradient && !closed_and_smooth(claim) {
        return None;
    }
    if !has_kinks(judge) {
        return None;
    }
    let families: Vec<FamilyId> = (0..judge.system.families.len())
        .map(|at| FamilyId(u32::try_from(at).expect("few families")))
        .filter(|family| {
            let known = judge.system.family(*family);
            known.kind == FamilyKind::Input && known.integers.is_none()
        })
        .collect();
    let count = families.len();
    let mut sets: Vec<Vec<FamilyId>> = Vec::new();
    for size in 1..=3usize.min(count) {
        subsets(&families, size, &mut Vec::new(), 0, &mut sets);
    }
    if sets.len() > 80 {
        sets.truncate(80);
    }
    sets.push(families.clone());
    for set in sets {
        let demands = Demands {
            positive: set.clone(),
            ..Demands::default()
        };
        if let Relation::Same { except: None, .. } = judge.relation(truth, claim, &demands, false) {
            let names = set
                .iter()
                .map(|family| format!("{} > 0", judge.system.family(*family).name))
                .collect();
            return Some(names);
        }
    }
    if let Relation::Same { .. } = judge.relation(truth, claim, &Demands::default(), true) {
        return Some(vec!["every unit is active".into()]);
    }
    None
}

fn subsets(
    all: &[FamilyId],
    size: usize,
    chosen: &mut Vec<FamilyId>,
    from: usize,
    into: &mut Vec<Vec<FamilyId>>,
) {
    if chosen.len() == size {
        into.push(chosen.clone());
        return;
    }
    for at in from..all.len() {
        chosen.push(all[at]);
        subsets(all, size, chosen, at + 1, into);
        chosen.pop();
    }
}

fn has_kinks(judge: &Judge<'_>) -> bool {
    judge.system.functions.iter().any(|function| {
        matches!(
            function.name.as_str(),
            "relu" | "step" | "abs" | "max" | "min"
        )
    })
}

/// Whether the claim has no kink in it and leaves no derivative as a symbol.
fn closed_and_smooth(claim: &Expr) -> bool {
    !claim.any(&mut |expr| match &expr.kind {
        ExprKind::Call(name, ..) => {
            matches!(name.as_str(), "relu" | "step" | "abs" | "max" | "min")
        }
        ExprKind::Indicator(_) | ExprKind::Cases(_) | ExprKind::Derivative { .. } => true,
        _ => false,
    })
}
