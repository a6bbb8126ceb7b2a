//! Formulas against dual numbers and central differences at one point.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::along::{Along, Moved, Place, Row, Seen};
use super::conditions::{Conditions, broken};
use super::confirm::{Run, Tally};
use super::dual::Dual;
use super::groups::{Column, Group};
use super::names;
use super::program::{BlockId, Program};
use super::readings::Readings;
use super::sample::{Directions, Sample, directions, get, pattern};
use super::values::Shift;

/// Families with more elements than this are compared along directions.
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
/// directions.
const MUCH_WORK: u64 = 300_000;

/// More families than this are only compared jointly: all of them beyond [`MOST_ENTRIES`] elements in all, else when
/// each was compared one by one at some points.
const MANY_FAMILIES: usize = 24;

/// The comparisons at one choice of sizes.
pub(super) struct Comparison<'r, 'p> {
    pub(super) run: &'r Run<'r>,
    pub(super) program: &'p Program<'p>,
    pub(super) directions: Directions,
    /// For each group, at how many points all elements were compared one by one.
    exhaustive: Vec<usize>,
    /// For each group, at how many points its derivative was not 0.
    live: Vec<usize>,
    /// Whether there are many families: they are only compared jointly once each was looked at alone.
    many: bool,
    /// Whether that is so from the start.
    all_shared: bool,
    conditions: Conditions,
    /// The formulas that do not speak of the current point.
    pub(super) broken: BTreeSet<usize>,
    /// How many joint comparisons may still fail at the current point.
    pub(super) patience: usize,
}

/// Some elements of a family.
#[derive(Clone, Copy)]
pub(super) struct Part<'g> {
    pub(super) group: &'g Group,
    pub(super) columns: &'g [Column],
}

impl<'g> Part<'g> {
    /// All elements.
    fn whole(group: &'g Group) -> Self {
        Self {
            group,
            columns: &group.columns,
        }
    }
}

/// How elements that are compared one by one with dual numbers are compared with differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Differences {
    /// Each by itself.
    Each,
    /// Along one direction; each by itself where that does not tell.
    Together,
    /// With their families, as those that are not compared one by one.
    Later,
}

/// So many comparisons of several families may fail at one point before each is compared alone.
const PATIENCE: usize = 32;

/// So many elements move in one pass, each along a direction of its own.
pub(super) const LANES: usize = 8;

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
            patience: PATIENCE,
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
        self.patience = PATIENCE;
        let mut seen = Seen::new();
        let mut joint: Vec<Part<'_>> = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let part = Part::whole(group);
            let (one_by_one, differences) = self.plan(at, group);
            if one_by_one {
                let mut own = Seen::new();
                self.compare_elements(&part, differences, sample, &mut claims, tallies, &mut own);
                self.exhaustive[at] += usize::from(own.values().any(|live| *live));
                for (formula, live) in own {
                    *seen.entry(formula).or_insert(false) |= live;
                }
                if differences != Differences::Later {
                    continue;
                }
            }
            if group.has_one_output() {
                joint.push(part);
            } else {
                self.compare_direction(&part, sample, &mut claims, tallies, &mut seen);
            }
        }
        joint.sort_by_key(|part| part.group.of);
        for parts in joint.chunk_by(|a, b| a.group.of == b.group.of) {
            self.compare_jointly(parts, sample, &mut claims, tallies, &mut seen);
        }
        self.count(groups, &seen, sample, tallies);
    }

    /// Whether the elements of a family are compared one by one at the next point, and how with differences.
    fn plan(&self, number: usize, group: &Group) -> (bool, Differences) {
        let count = group.columns.len();
        let work = count as u64 * self.program.work.get();
        let blocks = count.saturating_mul(self.program.block_count());
        let affordable = count <= MOST_ENTRIES && blocks <= MOST_BLOCKS;
        let points = match work > MUCH_WORK {
            true => 1,
            false => EXHAUSTIVE_POINTS,
        };
        let seen = self.exhaustive[number];
        let few = count <= FEW_ENTRIES && blocks <= FEW_BLOCKS;
        let mut one_by_one = few || (affordable && seen < points);
        if self.many && group.has_one_output() {
            one_by_one &= !self.all_shared && seen < EXHAUSTIVE_POINTS;
        }
        let differences = match (few, work <= MUCH_WORK) {
            (true, _) if seen >= EXHAUSTIVE_POINTS => Differences::Together,
            (true, _) | (_, true) => Differences::Each,
            (false, false) => Differences::Later,
        };
        (one_by_one, differences)
    }

    /// Elements of a family one by one, some of them in one pass.
    pub(super) fn compare_elements(
        &mut self,
        part: &Part<'_>,
        differences: Differences,
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
    ) {
        let mut moved = Vec::with_capacity(part.columns.len());
        for columns in part.columns.chunks(LANES) {
            if columns.len() == 1 {
                self.move_each::<1>(
                    part.group, columns, sample, claims, tallies, seen, &mut moved,
                );
            } else {
                self.move_each::<LANES>(
                    part.group, columns, sample, claims, tallies, seen, &mut moved,
                );
            }
        }
        match differences {
            Differences::Later => {}
            Differences::Together => {
                self.compare_differences_together(part.group, &moved, sample, tallies);
            }
            Differences::Each => {
                for each in &moved {
                    let place = each.place(part.group);
                    self.compare_differences(
                        &place,
                        &each.shift,
                        &each.rows,
                        &each.checked,
                        sample,
                        tallies,
                    );
                }
            }
        }
    }

    /// Some elements against dual numbers, each along a direction of its own.
    #[expect(
        clippy::too_many_arguments,
        reason = "one comparison, whose parts are at hand at its only caller"
    )]
    fn move_each<'g, const L: usize>(
        &self,
        group: &'g Group,
        columns: &'g [Column],
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
        moved: &mut Vec<Moved<'g>>,
    ) {
        let shifts: Vec<Shift> = columns
            .iter()
            .map(|column| Shift::unit(self.program, column.block, column.offset))
            .collect();
        let mut duals = self.evaluator::<Dual<L>>(sample, &shifts);
        let first = moved.len();
        for (lane, (column, shift)) in columns.iter().zip(&shifts).enumerate() {
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
            let mut along = Along {
                duals: &mut duals,
                shift,
                lane,
            };
            let checked =
                self.compare_along(&place, &mut along, &rows, sample, claims, tallies, seen);
            moved.push(Moved {
                column,
                shift: Shift::default(),
                rows,
                checked,
                on_kink: false,
            });
        }
        let met = duals.met;
        duals.end();
        for (lane, (each, shift)) in moved[first..].iter_mut().zip(shifts).enumerate() {
            each.shift = shift;
            each.on_kink = met >> lane & 1 == 1;
        }
    }

    /// Elements of a family along a random direction.
    pub(super) fn compare_direction(
        &mut self,
        part: &Part<'_>,
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
    ) {
        let group = part.group;
        let mut shift = Shift::default();
        let mut rows: Vec<Row> = (0..group.outputs.len())
            .map(|output| Row {
                output,
                parts: Vec::new(),
            })
            .collect();
        for column in part.columns {
            let weight = self.directions.next();
            shift.set(self.program, (column.block, column.offset), weight);
            for element in &column.elements {
                rows[element.output].parts.push((*element, weight));
            }
        }
        let place = Place {
            group,
            column: None,
        };
        let mut duals = self.evaluator::<Dual>(sample, std::slice::from_ref(&shift));
        let mut along = Along {
            duals: &mut duals,
            shift: &shift,
            lane: 0,
        };
        let checked = self.compare_along(&place, &mut along, &rows, sample, claims, tallies, seen);
        duals.end();
        self.compare_differences(&place, &shift, &rows, &checked, sample, tallies);
    }

    /// Counts the point for all formulas that were seen at it.
    fn count(&mut self, groups: &[Group], seen: &Seen, sample: &Sample, tallies: &mut [Tally]) {
        for (live, group) in self.live.iter_mut().zip(groups) {
            let any = group
                .formulas
                .iter()
                .any(|formula| seen.get(formula) == Some(&true));
            *live += usize::from(any);
        }
        if !self.run.counted || seen.is_empty() {
            return;
        }
        let key = self.pattern_key(sample);
        for (formula, live) in seen {
            let tally = &mut tallies[*formula];
            tally.points += 1;
            tally.live += usize::from(*live);
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
