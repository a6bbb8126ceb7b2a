//! The equations on the way to a result: both sides at the points at which the result was compared.

use crate::formula::Link;
use crate::system::Clause;
use crate::term::{Affine, FamilyId, Node, TermId};

use super::confirm::{Failure, Run, Tally};
use super::evaluate::slopes;
use super::names;
use super::program::{Program, Sheet};
use super::readings::{AGREEMENT, ROUNDING, Readings};
use super::sample::Sample;

/// At most so many elements of an equation are compared at one point; other points take the others.
const MOST_ELEMENTS: usize = 48;

/// One printed equation.
#[derive(Debug)]
pub(super) struct Line {
    formula: usize,
    /// Its letters as elements, with its left side as value, and the same with its right side.
    sides: [FamilyId; 2],
    /// For `factor ∂/∂by (…)` on the left: the factor and by what.
    operator: Option<(Option<TermId>, TermId)>,
    /// Whether it has to be compared somewhere.
    anywhere: bool,
    compared: usize,
}

/// The equations of all formulas. The sheets stand behind those that there are already.
pub(super) fn lines(run: &Run<'_>, first: usize, sheets: &mut Vec<Sheet>) -> Vec<Line> {
    let system = &run.derivation.system;
    let mut lines = Vec::new();
    for (formula, printed) in run.formulas.iter().enumerate() {
        for equation in printed.equations(system) {
            let (left, operator) = match equation.left {
                Link::Term(term) => (term, None),
                Link::Operator { factor, by, of } => (of, Some((factor, by))),
            };
            let next = first + sheets.len();
            for side in [left, equation.right] {
                sheets.push(Sheet {
                    like: None,
                    clauses: vec![Clause {
                        vars: equation.vars.clone(),
                        index: equation.vars.iter().map(|var| Affine::var(*var)).collect(),
                        domain: equation.domain.clone(),
                        body: Some(side),
                        span: None,
                    }],
                });
            }
            lines.push(Line {
                formula,
                sides: [next, next + 1].map(|at| FamilyId(at as u32)),
                operator,
                anywhere: equation.anywhere,
                compared: 0,
            });
        }
    }
    lines
}

/// Compares both sides of each line at a point, the `round`th.
pub(super) fn compare(
    run: &Run<'_>,
    program: &Program<'_>,
    lines: &mut [Line],
    (round, sample): (usize, &Sample),
    tallies: &mut [Tally],
) {
    let mut sides = Readings::new(program, run.step_at_zero, sample);
    for line in lines {
        let formula = &run.formulas[line.formula];
        if tallies[line.formula].failure.is_some()
            || (sample.any_zero && run.off_kinks.contains(&formula.adjoint))
        {
            continue;
        }
        let [left, right] = line
            .sides
            .map(|side| program.block_id(side, Default::default()));
        let block = program.block(left);
        let count = block.layout.len();
        // More elements than are compared are not computed.
        let whole = count <= MOST_ELEMENTS;
        let start = round.wrapping_mul(MOST_ELEMENTS);
        for step in 0..count.min(MOST_ELEMENTS) {
            let at = (start + step) % count;
            if !program.is_element(&block, at) {
                continue;
            }
            let Some(place) = program.block(right).layout.offset(&block.layout.index(at)) else {
                continue;
            };
            let mut value = |block, offset| match whole {
                true => sides.value(block, offset),
                false => sides.value_alone(block, offset),
            };
            let expected = value(right, place);
            let claimed = match line.operator {
                None => value(left, at),
                Some(operator) => line.slope(run, program, sample, at, operator),
            };
            if !expected.is_finite() || !claimed.is_finite() {
                // Outside the domain of one of the sides.
                continue;
            }
            line.compared += 1;
            let mut size = |block, offset| match whole {
                true => sides.size(block, offset),
                false => sides.size_alone(block, offset),
            };
            let gap = (claimed - expected).abs();
            if gap <= AGREEMENT * claimed.abs().max(expected.abs())
                || gap <= ROUNDING * (size(left, at) + size(right, place))
            {
                continue;
            }
            if sides.graze_a_kink() {
                tallies[line.formula].near_kinks += 1;
                continue;
            }
            tallies[line.formula].failure = Some(Box::new(Failure {
                instance: run.instance.name(program.system),
                element: names::family(program.system, formula.adjoint, &[]),
                reason: "a line before the result differs from it".to_owned(),
                claimed,
                expected,
                step_at_zero: run.step_at_zero,
                point: super::compare::given(program, sample),
            }));
            break;
        }
    }
}

/// Lines that had a value nowhere are confirmed nowhere.
pub(super) fn finish(lines: &[Line], program: &Program<'_>, tallies: &mut [Tally]) {
    for line in lines {
        let block = program.block(program.block_id(line.sides[0], Default::default()));
        tallies[line.formula].unread |=
            line.anywhere && line.compared == 0 && !block.pieces.is_empty();
    }
}

impl Line {
    /// `factor ∂/∂by` of a side, all else that it reads being constant.
    fn slope(
        &self,
        run: &Run<'_>,
        program: &Program<'_>,
        sample: &Sample,
        at: usize,
        (factor, by): (Option<TermId>, TermId),
    ) -> f64 {
        let store = &program.system.store;
        let side = program.block_id(self.sides[0], Default::default());
        let Node::Access(family, index) = store.node(by) else {
            return f64::NAN;
        };
        let block = program.block(side);
        let letters = &program.clauses(self.sides[0])[0].vars;
        let known: Vec<_> = letters
            .iter()
            .copied()
            .zip(block.layout.index(at))
            .collect();
        let index: Option<Vec<i64>> = index
            .iter()
            .map(|index| {
                run.instance
                    .whole(&super::program::substitute(index, &known))
            })
            .collect();
        let Some(index) = index else {
            return f64::NAN;
        };
        let (keys, dense) = program.split_index(*family, &index);
        let by = program.block_id(*family, keys);
        let layout = &program.block(by).layout;
        let Some(place) = layout.offset(&dense) else {
            return f64::NAN;
        };
        let array = slopes(
            program,
            &sample.point,
            run.step_at_zero,
            &sample.values,
            side,
            (by, place),
        );
        let slope = array.tangents.as_ref().map_or(0.0, |all| all[at]);
        let factor = factor.and_then(|factor| store.as_number(factor));
        slope
            * factor.map_or(1.0, |factor| {
                num_traits::ToPrimitive::to_f64(factor).unwrap_or(f64::NAN)
            })
    }
}
