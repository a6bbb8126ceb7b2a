//! Sums of elements along one direction: what the formulas say, against dual numbers and central differences.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::term::FamilyId;

use super::array::Array;
use super::compare::{Comparison, given};
use super::confirm::{Failure, Tally};
use super::difference::{Difference, NOISE, Quotient, STEPS, agrees, differences};
use super::dual::{Dual, Traced};
use super::evaluate::Evaluator;
use super::groups::{Column, Element, Group};
use super::names;
use super::program::Program;
use super::readings::{AGREEMENT, ROUNDING, Readings};
use super::sample::Sample;
use super::scalar::Scalar;
use super::values::Shift;

/// The steps of differences; of quantities that are small themselves in the end smaller ones.
pub(super) fn steps(shift: &Shift, sample: &Sample) -> Vec<f64> {
    let reach = shift
        .blocks
        .iter()
        .filter_map(|(block, direction)| {
            let given = sample.point.given.get(block);
            let array = sample.values.array(*block).or(given)?;
            let moved = array.values.iter().zip(direction);
            let sizes = moved.filter(|(value, along)| **along != 0.0 && **value != 0.0);
            sizes.map(|(value, _)| value.abs()).reduce(f64::min)
        })
        .fold(1.0, f64::min);
    let mut steps = STEPS.to_vec();
    if reach < 0.1 {
        steps.extend(STEPS[..3].iter().map(|step| step * reach));
    }
    steps
}

/// A derivative that no difference has met yet.
struct Unsettled {
    at: usize,
    last: Option<Quotient>,
    /// Whether two differences in a row have said the same.
    converges: bool,
}

/// What is taken for 0, relative to the size of the terms.
const ZERO: f64 = 1e-13;

/// One number to compare: a sum of elements of one column or along one direction.
pub(super) struct Row {
    pub(super) output: usize,
    pub(super) parts: Vec<(Element, f64)>,
}

/// Whether the derivative was seen to be not 0, by formula.
pub(super) type Seen = BTreeMap<usize, bool>;

/// An element that was compared with its dual number.
pub(super) struct Moved<'g> {
    pub(super) column: &'g Column,
    pub(super) shift: Shift,
    pub(super) rows: Vec<Row>,
    /// The rows that agreed, with their true values.
    pub(super) checked: Vec<(usize, f64)>,
    /// Whether it moves the argument of a kink that is exactly under the point.
    pub(super) on_kink: bool,
}

impl<'g> Moved<'g> {
    /// What is compared of it.
    pub(super) fn place(&self, group: &'g Group) -> Place<'g> {
        Place {
            group,
            column: Some(self.column),
        }
    }
}

/// What differences say of a slope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Met {
    /// The same.
    Agrees,
    /// Nothing: a kink is too near, or the function bends too much, or too few digits are left.
    NearKink,
    /// Another number.
    Differs(f64),
}

/// One direction of an evaluation along several.
pub(super) struct Along<'l, 'e, 'a, const L: usize> {
    pub(super) duals: &'l mut Evaluator<'e, 'a, Dual<L>>,
    pub(super) shift: &'l Shift,
    pub(super) lane: usize,
}

impl<const L: usize> Along<'_, '_, '_, L> {
    /// The derivative of an element.
    pub(super) fn slope(&mut self, program: &Program<'_>, of: FamilyId, index: &[i64]) -> f64 {
        let (array, offset) = element_of(self.duals, program, of, index);
        let tangents = array.tangents.as_ref();
        tangents.map_or(0.0, |all| all[self.lane * array.values.len() + offset])
    }
}

impl Comparison<'_, '_> {
    /// An evaluation along directions from a point.
    pub(super) fn evaluator<'s, S: Scalar>(
        &'s self,
        sample: &'s Sample,
        shifts: &'s [Shift],
    ) -> Evaluator<'s, 's, S> {
        let step = self.run.step_at_zero;
        Evaluator::shifted(self.program, &sample.point, step, &sample.values, shifts)
    }

    /// Compares sums of elements along one direction. Returns those that agree, with their true values.
    #[expect(
        clippy::too_many_arguments,
        reason = "one comparison, whose parts are at hand at both callers"
    )]
    pub(super) fn compare_along<const L: usize>(
        &self,
        place: &Place<'_>,
        along: &mut Along<'_, '_, '_, L>,
        rows: &[Row],
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
    ) -> Vec<(usize, f64)> {
        let (program, group) = (self.program, place.group);
        let mut traced: Option<Evaluator<'_, '_, Traced>> = None;
        let mut checked: Vec<(usize, f64)> = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let Some((first, _)) = row.parts.first() else {
                continue;
            };
            let formula = &self.run.formulas[first.formula];
            if sample.any_zero && self.run.off_kinks.contains(&formula.adjoint) {
                continue;
            }
            let mut parts = row.parts.iter();
            if parts.any(|(element, _)| self.broken.contains(&element.formula)) {
                continue;
            }
            let output = &group.outputs[row.output];
            let truth = along.slope(program, group.of, output);
            if !truth.is_finite() {
                // Where the network itself has no derivative there is nothing to compare with.
                continue;
            }
            let claimed = sum(row, claims);
            let larger = truth.abs().max(claimed.abs());
            let gap = (truth - claimed).abs();
            let mut live = truth != 0.0;
            let mut zero = larger == 0.0;
            let mut failed = false;
            let mut error = if larger > 0.0 { gap / larger } else { 0.0 };
            let agree = gap <= AGREEMENT * larger;
            if !agree {
                let traced = traced.get_or_insert_with(|| {
                    self.evaluator::<Traced>(sample, std::slice::from_ref(along.shift))
                });
                let (array, offset) = element_of(traced, program, group.of, output);
                let moving = array
                    .magnitudes
                    .as_ref()
                    .map_or(0.0, |pairs| pairs[offset].1);
                let size = moving + size(row, claims);
                let within = gap <= ROUNDING * size;
                error = if size > 0.0 { gap / size } else { 0.0 };
                // Both may be rounding of 0; a value that is clearly not 0 still has to agree well.
                live = larger > 1e3 * ROUNDING * size;
                zero = larger <= ZERO * size;
                failed = !within || (live && gap > 1e-6 * larger);
            }
            if failed && claims.graze_a_kink() {
                // Rounding put the formula and the network on different sides of a kink.
                tallies[first.formula].near_kinks += 1;
                continue;
            }
            if failed {
                let reason = match claims.trouble() {
                    Some(trouble) if !claimed.is_finite() => trouble,
                    _ => "differs from the derivative by dual numbers".to_owned(),
                };
                self.fail(place, row, sample, (claimed, truth), &reason, tallies);
                continue;
            }
            let mut last = usize::MAX;
            for (element, _) in &row.parts {
                if element.formula == last {
                    continue;
                }
                last = element.formula;
                let tally = &mut tallies[element.formula];
                tally.compared += 1;
                tally.worst = tally.worst.max(error);
                tally.small |= !live && !zero;
                *seen.entry(element.formula).or_insert(false) |= live;
            }
            checked.push((at, truth));
        }
        checked
    }

    /// Compares true values of sums along one direction with differences, and notes what differs.
    pub(super) fn compare_differences(
        &self,
        place: &Place<'_>,
        shift: &Shift,
        rows: &[Row],
        checked: &[(usize, f64)],
        sample: &Sample,
        tallies: &mut [Tally],
    ) {
        let group = place.group;
        let slopes: Vec<(&[i64], f64)> = checked
            .iter()
            .map(|(at, truth)| (group.outputs[rows[*at].output].as_slice(), *truth))
            .collect();
        let found = self.meet(group.of, &slopes, shift, &steps(shift, sample), sample);
        for ((at, truth), found) in checked.iter().zip(found) {
            match found {
                Met::Agrees => {}
                Met::NearKink => tallies[rows[*at].parts[0].0.formula].near_kinks += 1,
                Met::Differs(value) => {
                    let reason = "differs from the central difference";
                    self.fail(place, &rows[*at], sample, (*truth, value), reason, tallies);
                }
            }
        }
    }

    /// Compares true values of elements with differences along one direction, and one by one if that does not tell.
    /// Elements of which it is known that a kink under the point turns with them are reported and not compared.
    pub(super) fn compare_differences_together(
        &mut self,
        group: &Group,
        moved: &[Moved<'_>],
        sample: &Sample,
        tallies: &mut [Tally],
    ) {
        let mut open: Vec<&Moved<'_>> = Vec::with_capacity(moved.len());
        for each in moved {
            if each.on_kink {
                for (at, _) in &each.checked {
                    tallies[each.rows[*at].parts[0].0.formula].near_kinks += 1;
                }
            } else if !each.checked.is_empty() {
                open.push(each);
            }
        }
        let whole = |each: &&Moved<'_>| each.checked.len() == each.rows.len();
        if open.len() > 1 && open.iter().all(whole) {
            let share = 1.0 / (open.len() as f64).sqrt();
            let mut shift = Shift::default();
            let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
            for each in &open {
                let weight = self.directions.next() * share;
                let place = (each.column.block, each.column.offset);
                shift.set(self.program, place, weight);
                for (at, truth) in &each.checked {
                    *sums.entry(each.rows[*at].output).or_insert(0.0) += weight * truth;
                }
            }
            let slopes: Vec<(&[i64], f64)> = sums
                .iter()
                .map(|(output, sum)| (group.outputs[*output].as_slice(), *sum))
                .collect();
            let met = self.meet(group.of, &slopes, &shift, &steps(&shift, sample), sample);
            if met.iter().all(|met| *met == Met::Agrees) {
                return;
            }
        }
        for each in open {
            self.compare_differences(
                &each.place(group),
                &each.shift,
                &each.rows,
                &each.checked,
                sample,
                tallies,
            );
        }
    }

    /// What differences along one direction say of the slopes of elements of a family.
    pub(super) fn meet(
        &self,
        of: FamilyId,
        slopes: &[(&[i64], f64)],
        shift: &Shift,
        steps: &[f64],
        sample: &Sample,
    ) -> Vec<Met> {
        let mut met = vec![Met::Agrees; slopes.len()];
        let mut open: Vec<Unsettled> = (0..slopes.len())
            .map(|at| Unsettled {
                at,
                last: None,
                converges: false,
            })
            .collect();
        for step in steps {
            if open.is_empty() {
                return met;
            }
            let elements: Vec<(FamilyId, &[i64])> =
                open.iter().map(|entry| (of, slopes[entry.at].0)).collect();
            let found = differences(
                self.program,
                &sample.point,
                self.run.step_at_zero,
                &sample.values,
                shift,
                *step,
                &elements,
            );
            let mut left = Vec::new();
            for (mut entry, difference) in open.into_iter().zip(found) {
                let truth = slopes[entry.at].1;
                match difference {
                    Difference::Quotient { value, noise } => {
                        let next = Quotient {
                            step: *step,
                            value,
                            noise,
                        };
                        let better = entry.last.map(|last| last.extrapolated(&next));
                        let mut found = std::iter::once(next).chain(better);
                        if found.any(|found| agrees(found.value, found.noise, truth)) {
                            continue;
                        }
                        entry.converges |= entry
                            .last
                            .is_some_and(|last| agrees(value, noise + last.noise, last.value));
                        entry.last = Some(next);
                        left.push(entry);
                    }
                    Difference::NearKink | Difference::NoValue if entry.last.is_none() => {
                        // A larger step would not help.
                        met[entry.at] = Met::NearKink;
                    }
                    Difference::NearKink | Difference::NoValue => left.push(entry),
                }
            }
            open = left;
        }
        for entry in open {
            let (index, truth) = slopes[entry.at];
            met[entry.at] = match entry.last {
                // The function bends within every step: differences tell nothing here.
                Some(last) if !entry.converges || !last.may_see(truth) => Met::NearKink,
                Some(last) => {
                    let noise = NOISE * self.size_of(of, index, sample) / last.step;
                    if agrees(last.value, noise, truth) {
                        // The value is what is left of a difference of large numbers.
                        Met::NearKink
                    } else {
                        Met::Differs(last.value)
                    }
                }
                None => Met::NearKink,
            };
        }
        met
    }

    /// The size of the terms that a value is made of.
    fn size_of(&self, of: FamilyId, index: &[i64], sample: &Sample) -> f64 {
        let mut traced =
            Evaluator::<Traced>::new(self.program, &sample.point, self.run.step_at_zero);
        let (array, offset) = element_of(&mut traced, self.program, of, index);
        array
            .magnitudes
            .as_ref()
            .map_or_else(|| array.values[offset].abs(), |pairs| pairs[offset].0)
    }

    /// Notes a difference with all formulas that have a part in the row.
    fn fail(
        &self,
        place: &Place<'_>,
        row: &Row,
        sample: &Sample,
        (claimed, expected): (f64, f64),
        reason: &str,
        tallies: &mut [Tally],
    ) {
        let system = self.program.system;
        let group = place.group;
        let element = match place.column {
            Some(column) => {
                let output = &group.outputs[row.output];
                let wrt = column.index(self.program, group.wrt);
                let index: Vec<i64> = output.iter().copied().chain(wrt).collect();
                names::element(system, group.adjoint, &index)
            }
            None => format!(
                "{} along a random direction",
                names::family(system, group.adjoint, &[])
            ),
        };
        let mut failure: Option<Box<Failure>> = None;
        for (part, _) in &row.parts {
            let tally = &mut tallies[part.formula];
            if tally.failure.is_some() {
                continue;
            }
            let failure = failure.get_or_insert_with(|| {
                Box::new(Failure {
                    instance: self.run.instance.name(system),
                    element: element.clone(),
                    reason: reason.to_owned(),
                    claimed,
                    expected,
                    step_at_zero: self.run.step_at_zero,
                    point: given(self.program, sample),
                })
            });
            tally.failure = Some(failure.clone());
        }
    }
}

/// What is compared: elements of one column, or all of a group along a direction.
pub(super) struct Place<'g> {
    pub(super) group: &'g Group,
    pub(super) column: Option<&'g Column>,
}

/// What the formulas say of a row.
fn sum(row: &Row, claims: &mut Readings<'_, '_>) -> f64 {
    row.parts
        .iter()
        .map(|(element, weight)| weight * claims.value(element.block, element.offset))
        .sum()
}

/// The size of the terms that the sum is made of.
fn size(row: &Row, claims: &mut Readings<'_, '_>) -> f64 {
    row.parts
        .iter()
        .map(|(element, weight)| weight.abs() * claims.size(element.block, element.offset))
        .sum()
}

pub(super) fn element_of<S: Scalar>(
    evaluator: &mut Evaluator<'_, '_, S>,
    program: &Program<'_>,
    family: FamilyId,
    index: &[i64],
) -> (Rc<Array>, usize) {
    let (keys, dense) = program.split_index(family, index);
    let id = program.block_id(family, keys);
    let block = program.block(id);
    let offset = block
        .layout
        .offset(&dense)
        .expect("elements were enumerated from this block");
    (evaluator.array(id), offset)
}
