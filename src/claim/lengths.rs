//! How long axes are, as the network declares it, and letters that cannot mean a length.

use num_rational::Ratio;

use super::tree::{Entry, Expr, ExprKind};
use crate::system::System;
use crate::term::{Affine, FamilyId, Relation};

/// The length of an axis of a quantity; none where it has no upper bound.
pub(super) fn length(system: &System, family: FamilyId, axis: usize) -> Option<Affine> {
    let known = system.family(family);
    known.clauses.iter().find_map(|clause| {
        let place = clause.index.get(known.slots + axis)?;
        let var = clause
            .vars
            .iter()
            .copied()
            .find(|var| *place == Affine::var(*var))?;
        clause.domain.constraints().iter().find_map(|constraint| {
            let affine = constraint.affine();
            let falls = affine.coefficient_of_var(var) == -Ratio::from_integer(1);
            (falls && constraint.relation() == Relation::NonNegative)
                .then(|| affine.plus(&Affine::var(var)))
        })
    })
}

/// The letters of sizes that stand for an element of an axis of another length, `W_{kl}` where k counts something else:
/// they are indices there.
pub(super) fn sizes_as_indices(system: &System, side: &Expr) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    side.any(&mut |part| {
        if let ExprKind::Quantity {
            family, elements, ..
        } = &part.kind
        {
            for (axis, entry) in elements.iter().enumerate() {
                let Entry::At(index) = entry else { continue };
                let ExprKind::Size(size, slots) = &index.plain().kind else {
                    continue;
                };
                let name = &system.size(*size).name;
                let other = length(system, *family, axis)
                    .is_some_and(|length| length != Affine::size(*size));
                if slots.is_empty() && other && !found.contains(name) {
                    found.push(name.clone());
                }
            }
        }
        false
    });
    found
}
