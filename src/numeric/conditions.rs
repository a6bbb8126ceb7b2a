//! What formulas say of where they hold: a point at which something that must not be 0 is 0 is none of theirs.

use std::collections::BTreeSet;

use crate::formula::Formula;
use crate::simplify::Condition;
use crate::system::Clause;
use crate::term::{Affine, FamilyId};

use super::program::{Program, Sheet};
use super::readings::Readings;

/// What must not be 0, as a sheet, with the number of its formula.
pub(super) type Conditions = Vec<(FamilyId, usize)>;

/// The conditions of all formulas. The sheets stand behind those that there are already.
pub(super) fn conditions(
    formulas: &[Formula],
    first: usize,
    sheets: &mut Vec<Sheet>,
) -> Conditions {
    let mut conditions = Vec::new();
    for (number, formula) in formulas.iter().enumerate() {
        for condition in &formula.conditions {
            let Condition::NonZero(term) = condition else {
                continue;
            };
            conditions.push((FamilyId((first + sheets.len()) as u32), number));
            sheets.push(Sheet {
                like: None,
                clauses: vec![Clause {
                    vars: formula.vars.clone(),
                    index: formula.vars.iter().map(|var| Affine::var(*var)).collect(),
                    domain: formula.domain.clone(),
                    body: Some(*term),
                    span: None,
                }],
            });
        }
    }
    conditions
}

/// The formulas that do not speak of the point.
pub(super) fn broken(
    conditions: &Conditions,
    program: &Program<'_>,
    values: &mut Readings<'_, '_>,
) -> BTreeSet<usize> {
    let is_broken = |sheet: FamilyId, values: &mut Readings<'_, '_>| {
        let id = program.block_id(sheet, Default::default());
        let block = program.block(id);
        (0..block.layout.len())
            .any(|at| program.is_element(&block, at) && values.value(id, at) == 0.0)
    };
    conditions
        .iter()
        .filter(|(sheet, _)| is_broken(*sheet, values))
        .map(|(_, formula)| *formula)
        .collect()
}
