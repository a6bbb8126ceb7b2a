//! Formulas against dual numbers and central differences at one point.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use rustc_hash::FxHasher;

use crate::term::FamilyId;

use super::array::Array;
use super::conditions::{Conditions, broken};
use super::confirm::{Failure, Run, Tally};
use super::difference::{Difference, NOISE, Quotient, STEPS, agrees, differences};
use super::dual::{Dual, Traced};
use super::evaluate::Evaluator;
use super::groups::{Column, Element, Group};
use super::names;
use super::program::{BlockId, Program};
use super::readings::{AGREEMENT, ROUNDING, Readings};
use super::sample::{Directions, Sample, directions, get, pattern};
use super::scalar::Scalar;
use super::values::Shift;

/// The steps of differences; of quantities that are small themselves in the end smaller ones.
fn steps(shift: &Shift, sample: &Sample) -> Vec<f64> {
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
    row: usize,
    truth: f64,
    last: Option<Quotient>,
    /// Whether two differences in a row have said the same.
    converges: bool,
}

/// Families with more elements than this are compared along random directions.
const MOST_ENTRIES: usize = 2_000;

/// So many elements are compared one by one at every point, more of them at some points only.
const FEW_ENTRIES: usize = 24;

/// At how many points more elements than that are compared one by one.
const EXHAUSTIVE_POINTS: usize = 2;

/// One pass may evaluate the whole network: elements are compared one by one while all their passes together
/// evaluate at most this many blocks, so that the work stays linear in the depth.
const MOST_BLOCKS: usize = 200_000;

/// The same for those that are compared one by one at every point.
const FEW_BLOCKS: usize = 4_000;

/// Work (elements times elements of the whole network) beyond which one point has to do, with differences along
/// a direction.
const MUCH_WORK: u64 = 300_000;

/// More families than this share directions: all of them beyond [`MOST_ENTRIES`] elements in all, else when
/// each was compared one by one at some points.
const MANY_FAMILIES: usize = 24;

/// How many families share a direction.
const TOGETHER: usize = 400;

/// What is taken for 0, relative to the size of the terms.
const ZERO: f64 = 1e-13;

/// The comparisons at one choice of sizes.
pub(super) struct Comparison<'r, 'p> {
    run: &'r Run<'r>,
    program: &'p Program<'p>,
    directions: Directions,
    /// For each group, at how many points all elements were compared one by one.
    exhaustive: Vec<usize>,
    /// For each group, at how many points its derivative was not 0.
    live: Vec<usize>,
    /// Whether there are many families: they share directions once each was looked at alone.
    many: bool,
    /// Whether they share directions from the start.
    all_shared: bool,
    conditions: Conditions,
    /// The formulas that do not speak of the current point.
    broken: BTreeSet<usize>,
}

/// One number to compare: a sum of elements of one column or along one direction.
struct Row {
    output: usize,
    parts: Vec<(Element, f64)>,
}

/// Whether the derivative was seen to be not 0, by formula.
type Seen = BTreeMap<usize, bool>;

impl<'r, 'p> Comparison<'r, 'p> {
    pub(super) fn new(
        run: &'r Run<'r>,
        program: &'p Program<'p>,
        groups: &[Group],
        conditions: Conditions,
        seed: u64,
    ) -> Self {
        let total: usize = groups.iter().map(|group| group.columns.len()).sum();
        Self {
            run,
            program,
            directions: directions(seed ^ 0x5eed),
            exhaustive: vec![0; groups.len()],
            live: vec![0; groups.len()],
            many: groups.len() > MANY_FAMILIES,
            all_shared: groups.len() > MANY_FAMILIES && total > MOST_ENTRIES,
            conditions,
            broken: BTreeSet::new(),
        }
    }

    /// Whether some derivative was 0 at more than half of the points.
    pub(super) fn lacks_life(&self, points: usize) -> bool {
        self.live.iter().any(|live| 2 * live < points)
    }

    /// All formulas at one point.
    pub(super) fn compare_all(&mut self, groups: &[Group], sample: &Sample, tallies: &mut [Tally]) {
        let mut claims = Readings::new(self.program, self.run.step_at_zero, sample);
        self.broken = broken(&self.conditions, self.program, &mut claims);
        let mut alone: Vec<usize> = Vec::new();
        let mut shared: Vec<usize> = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let one_output = group.outputs.len() == 1 && group.outputs[0].is_empty();
            if one_output
                && self.many
                && (self.all_shared || self.exhaustive[at] >= EXHAUSTIVE_POINTS)
            {
                shared.push(at);
            } else {
                alone.push(at);
            }
        }
        for batch in shared.chunks(TOGETHER) {
            // One wrong formula spoils the sum: then each is looked at for itself.
            if !self.compare_together(groups, batch, sample, &mut claims, tallies) {
                alone.extend(batch);
            }
        }
        for at in alone {
            self.compare(at, &groups[at], sample, &mut claims, tallies);
        }
    }

    fn compare(
        &mut self,
        number: usize,
        group: &Group,
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
    ) {
        let count = group.columns.len();
        let work = count as u64 * self.program.work.get();
        let points = if work > MUCH_WORK {
            1
        } else {
            EXHAUSTIVE_POINTS
        };
        let blocks = count.saturating_mul(self.program.block_count());
        let few = count <= FEW_ENTRIES && blocks <= FEW_BLOCKS;
        let affordable = count <= MOST_ENTRIES && blocks <= MOST_BLOCKS;
        let one_by_one = few || (affordable && self.exhaustive[number] < points);
        let mut seen = Seen::new();
        if one_by_one {
            let each_difference = few || work <= MUCH_WORK;
            for column in &group.columns {
                let shift = Shift::unit(self.program, column.block, column.offset);
                let rows: Vec<Row> = column
                    .elements
                    .iter()
                    .map(|element| Row {
                        output: element.output,
                        parts: vec![(*element, 1.0)],
                    })
                    .collect();
                let place = Place {
                    group,
                    column: Some(column),
                };
                let checked =
                    self.compare_along(&place, &shift, &rows, sample, claims, tallies, &mut seen);
                if each_difference {
                    self.compare_differences(&place, &shift, &rows, &checked, sample, tallies);
                }
            }
            if !each_difference {
                self.compare_direction(group, sample, claims, tallies, &mut seen);
            }
            if seen.values().any(|live| *live) {
                self.exhaustive[number] += 1;
            }
        } else {
            self.compare_direction(group, sample, claims, tallies, &mut seen);
        }
        self.count(number, seen, sample, tallies);
    }

    fn compare_direction(
        &mut self,
        group: &Group,
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
    ) {
        let mut shift = Shift::default();
        let mut rows: Vec<Row> = (0..group.outputs.len())
            .map(|output| Row {
                output,
                parts: Vec::new(),
            })
            .collect();
        for column in &group.columns {
            let weight = self.directions.next();
            self.add_to(&mut shift, column, weight);
            for element in &column.elements {
                rows[element.output].parts.push((*element, weight));
            }
        }
        let place = Place {
            group,
            column: None,
        };
        let checked = self.compare_along(&place, &shift, &rows, sample, claims, tallies, seen);
        self.compare_differences(&place, &shift, &rows, &checked, sample, tallies);
    }

    fn add_to(&self, shift: &mut Shift, column: &Column, weight: f64) {
        shift
            .blocks
            .entry(column.block)
            .or_insert_with(|| vec![0.0; self.program.block(column.block).layout.len()])
            [column.offset] = weight;
    }

    fn count(&mut self, number: usize, seen: Seen, sample: &Sample, tallies: &mut [Tally]) {
        if seen.values().any(|live| *live) {
            self.live[number] += 1;
        }
        if !self.run.counted {
            return;
        }
        let key = self.pattern_key(sample);
        for (formula, live) in seen {
            let tally = &mut tallies[formula];
            tally.points += 1;
            tally.live += usize::from(live);
            tally.patterns.insert(key);
        }
    }

    fn pattern_key(&self, sample: &Sample) -> u64 {
        let mut hasher = FxHasher::default();
        self.run
            .instance
            .name(self.program.system)
            .hash(&mut hasher);
        pattern(&sample.values).hash(&mut hasher);
        hasher.finish()
    }

    /// Families of one output along shared directions: first such that each formula adds about 1 to the sum, and
    /// what is claimed to be 0 apart from it, then one that changes everything a little, for the difference.
    /// `false` if something does not agree.
    fn compare_together(
        &mut self,
        groups: &[Group],
        batch: &[usize],
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
    ) -> bool {
        let of = groups[batch[0]].of;
        if batch.iter().any(|at| groups[*at].of != of) {
            return false;
        }
        let (mut scaled, mut zeros, mut small) =
            (Shift::default(), Shift::default(), Shift::default());
        let (mut sum, mut terms, mut slope) = (0.0, 0.0, 0.0);
        let mut seen = Seen::new();
        let mut live: Vec<bool> = vec![false; batch.len()];
        let columns: usize = batch.iter().map(|at| groups[*at].columns.len()).sum();
        let share = 1.0 / (columns as f64).sqrt();
        for (place, at) in batch.iter().enumerate() {
            for column in &groups[*at].columns {
                for element in &column.elements {
                    let formula = &self.run.formulas[element.formula];
                    if sample.any_zero && self.run.off_kinks.contains(&formula.adjoint) {
                        return false;
                    }
                    let claim = claims.value(element.block, element.offset);
                    if !claim.is_finite() {
                        return false;
                    }
                    let weight = self.directions.next();
                    if claim == 0.0 {
                        self.add_to(&mut zeros, column, weight);
                    } else {
                        let scale = weight / claim.abs().clamp(1e-100, 1e100);
                        self.add_to(&mut scaled, column, scale);
                        sum += claim * scale;
                        terms += (claim * scale).abs();
                    }
                    self.add_to(&mut small, column, weight * share);
                    slope += claim * weight * share;
                    live[place] |= claim != 0.0;
                    *seen.entry(element.formula).or_insert(false) |= claim != 0.0;
                }
            }
        }
        let truth = self.tangent(of, &scaled, sample);
        let error = (truth - sum).abs() / terms.max(f64::MIN_POSITIVE);
        let agree = (truth - sum).abs() <= AGREEMENT * terms;
        if !agree || self.tangent(of, &zeros, sample) != 0.0 {
            return false;
        }
        if !sample.at_kink {
            let truth = self.tangent(of, &small, sample);
            if (truth - slope).abs() > 1e-6 * truth.abs().max(slope.abs()) {
                return false;
            }
            let element = [(of, Vec::new())];
            let agreed = STEPS.iter().any(|step| {
                let found = differences(
                    self.program,
                    &sample.point,
                    self.run.step_at_zero,
                    &sample.values,
                    &small,
                    *step,
                    &element,
                );
                match found[0] {
                    Difference::Quotient { value, noise } => agrees(value, noise, truth),
                    Difference::NearKink => true,
                    Difference::NoValue => false,
                }
            });
            if !agreed {
                return false;
            }
        }
        for (place, at) in batch.iter().enumerate() {
            self.live[*at] += usize::from(live[place]);
        }
        let key = self.pattern_key(sample);
        for (formula, live) in seen {
            let tally = &mut tallies[formula];
            tally.compared += 1;
            tally.worst = tally.worst.max(error);
            if self.run.counted {
                tally.points += 1;
                tally.live += usize::from(live);
                tally.patterns.insert(key);
            }
        }
        true
    }

    /// The derivative of an output without indices along a direction, by dual numbers.
    fn tangent(&self, of: FamilyId, shift: &Shift, sample: &Sample) -> f64 {
        if shift.blocks.is_empty() {
            return 0.0;
        }
        let mut duals = Evaluator::<Dual>::shifted(
            self.program,
            &sample.point,
            self.run.step_at_zero,
            &sample.values,
            shift,
        );
        let (array, offset) = element_of(&mut duals, self.program, of, &[]);
        duals.end();
        array
            .tangents
            .as_ref()
            .map_or(0.0, |tangents| tangents[offset])
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

    /// Compares sums of elements along one direction. Returns those that agree, with their true values.
    #[expect(
        clippy::too_many_arguments,
        reason = "one comparison, whose parts are at hand at both callers"
    )]
    fn compare_along(
        &self,
        place: &Place<'_>,
        shift: &Shift,
        rows: &[Row],
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
    ) -> Vec<(usize, f64)> {
        let (program, group) = (self.program, place.group);
        let step_at_zero = self.run.step_at_zero;
        let mut duals =
            Evaluator::<Dual>::shifted(program, &sample.point, step_at_zero, &sample.values, shift);
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
            let (array, offset) = element_of(&mut duals, program, group.of, output);
            let truth = array
                .tangents
                .as_ref()
                .map_or(0.0, |tangents| tangents[offset]);
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
                    Evaluator::<Traced>::shifted(
                        program,
                        &sample.point,
                        step_at_zero,
                        &sample.values,
                        shift,
                    )
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
        duals.end();
        checked
    }

    fn compare_differences(
        &self,
        place: &Place<'_>,
        shift: &Shift,
        rows: &[Row],
        checked: &[(usize, f64)],
        sample: &Sample,
        tallies: &mut [Tally],
    ) {
        let mut open: Vec<Unsettled> = checked
            .iter()
            .map(|(at, truth)| Unsettled {
                row: *at,
                truth: *truth,
                last: None,
                converges: false,
            })
            .collect();
        for step in steps(shift, sample) {
            if open.is_empty() {
                return;
            }
            let elements: Vec<(FamilyId, Vec<i64>)> = open
                .iter()
                .map(|open| {
                    let output = rows[open.row].output;
                    (place.group.of, place.group.outputs[output].clone())
                })
                .collect();
            let found = differences(
                self.program,
                &sample.point,
                self.run.step_at_zero,
                &sample.values,
                shift,
                step,
                &elements,
            );
            let mut left = Vec::new();
            for (mut entry, difference) in open.into_iter().zip(found) {
                match difference {
                    Difference::Quotient { value, noise } => {
                        let next = Quotient { step, value, noise };
                        let better = entry.last.map(|last| last.extrapolated(&next));
                        let mut found = std::iter::once(next).chain(better);
                        if found.any(|found| agrees(found.value, found.noise, entry.truth)) {
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
                        tallies[rows[entry.row].parts[0].0.formula].near_kinks += 1;
                    }
                    Difference::NearKink | Difference::NoValue => left.push(entry),
                }
            }
            open = left;
        }
        for entry in open {
            let (at, truth) = (entry.row, entry.truth);
            if !entry.converges || entry.last.is_some_and(|last| !last.may_see(truth)) {
                // The function bends within every step: differences tell nothing here.
                tallies[rows[at].parts[0].0.formula].near_kinks += 1;
                continue;
            }
            let output = &place.group.outputs[rows[at].output];
            let lost = entry.last.is_some_and(|last| {
                let noise = NOISE * self.size_of(place.group.of, output, sample) / last.step;
                agrees(last.value, noise, truth)
            });
            if lost {
                // The value is what is left of a difference of large numbers.
                tallies[rows[at].parts[0].0.formula].near_kinks += 1;
                continue;
            }
            let value = entry.last.map_or(f64::NAN, |last| last.value);
            let reason = "differs from the central difference";
            self.fail(place, &rows[at], sample, (truth, value), reason, tallies);
        }
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
                let index: Vec<i64> = output.iter().chain(&column.wrt).copied().collect();
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

/// The given numbers of a point, the first of them.
pub(super) fn given(program: &Program<'_>, sample: &Sample) -> Vec<(String, f64)> {
    let mut point = Vec::new();
    let mut given: Vec<BlockId> = sample.point.given.keys().copied().collect();
    given.sort_unstable();
    for id in given {
        let block = program.block(id);
        for offset in 0..block.layout.len() {
            if point.len() < 40 && program.is_element(&block, offset) {
                let dense = block.layout.index(offset);
                let index = program.full_index(block.family, &block.keys, &dense);
                point.push((
                    names::element(program.system, block.family, &index),
                    get(&sample.point, (id, offset)),
                ));
            }
        }
    }
    point
}

/// What is compared: elements of one column, or all of a group along a direction.
struct Place<'g> {
    group: &'g Group,
    column: Option<&'g Column>,
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

fn element_of<S: Scalar>(
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
