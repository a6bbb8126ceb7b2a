//! Formulas in matrix notation, where they have it.

use super::{Formula, Link};
use crate::derive::Derivation;
use crate::matrix::{Layout, MatrixForm, Notation, Refusal};
use crate::simplify::Condition;
use crate::system::System;

/// Gives every formula its matrix form, or the reason why there is none.
pub(super) fn formulate(derivation: &mut Derivation, layout: Layout, formulas: &mut [Formula]) {
    let notation = Notation::new(&mut derivation.system, layout, derivation.step_at_zero);
    for formula in formulas {
        let mut assumed = Vec::new();
        let form = matrix_form(&mut derivation.system, notation, formula, &mut assumed);
        formula.matrix = Some(form);
        let assumed = assumed.into_iter().map(Condition::Assumed);
        formula.conditions.extend(assumed);
        formula.conditions.sort();
        formula.conditions.dedup();
    }
}

/// A formula in matrix notation, and what that assumes.
fn matrix_form(
    system: &mut System,
    notation: Notation,
    formula: &Formula,
    assumed: &mut Vec<usize>,
) -> Result<MatrixForm, Refusal> {
    let frame = notation.frame(system, formula.adjoint, &formula.index, &formula.domain)?;
    let result = notation.matrix_form(system, &frame, formula.result())?;
    assumed.extend(result.assumed);
    let mut members = Vec::with_capacity(formula.chain.len());
    let (_, before) = formula
        .chain
        .split_last()
        .unwrap_or_else(|| unreachable!("a chain ends with a term"));
    for link in before {
        members.push(match link {
            Link::Term(term) => notation
                .matrix_form(system, &frame, *term)
                .ok()
                .map(|member| {
                    assumed.extend(member.assumed);
                    member.expression
                }),
            Link::Operator { .. } => None,
        });
    }
    members.push(Some(result.expression));
    Ok(MatrixForm {
        lowered: result.lowered,
        turns: notation.turns(
            system,
            std::iter::once(&frame.left).chain(members.iter().flatten()),
        ),
        left: frame.left,
        members,
    })
}
