//! Points: random ones, and such as are built to meet a pattern of kinks.

use std::collections::BTreeSet;
use std::rc::Rc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::syntax::MatrixProperty;
use crate::system::FamilyKind;
use crate::term::Cmp;

use super::array::Array;
use super::assumed::{Place, Rule};
use super::evaluate::Evaluator;
use super::program::{BlockId, Program};
use super::values::{Point, Values};

/// How many points, from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Points at each choice of sizes, before those that are added to reach kinks.
    pub points: usize,
    /// Chooses the random numbers; the same seed gives the same points.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { points: 8, seed: 1 }
    }
}

/// A point with what was computed there.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) point: Point,
    pub(crate) values: Values,
    /// Whether a kink was put exactly under it.
    pub(crate) at_kink: bool,
    /// Whether it is on some kink.
    pub(crate) any_zero: bool,
}

/// How numbers are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Of both signs, away from 0.
    Signed,
    /// Multiples of one half, of both signs.
    Halves,
    /// Positive.
    Positive,
    /// Between 0 and 1.
    Unit,
    /// Small, of both signs.
    Small,
}

const STYLES: [Style; 5] = [
    Style::Signed,
    Style::Halves,
    Style::Positive,
    Style::Unit,
    Style::Small,
];

/// One number to choose.
#[derive(Debug, Clone)]
struct Entry {
    place: Place,
    low: f64,
    high: f64,
    choices: Option<Vec<f64>>,
    whole: Option<(i64, i64)>,
    scale: f64,
    /// One over the number of terms that it is likely to be summed with.
    share: f64,
    /// Set by a rule together with others.
    tied: bool,
}

/// So many points lie on one kink.
const MOST_WAYS: usize = 3;

/// With so many kinks random points reach them from both sides, unless most of them are dead.
const MANY_KINKS: usize = 100;

/// Beyond this many quantities numbers are drawn close to 1 and -1.
const DEEP: usize = 60;

/// Numbers are not made larger than this on the way to a pattern: products of many would leave what rounding allows.
const LARGEST: f64 = 8.0;

/// How large arguments of exponentials may be, up to which attempt: what saturates leaves no digits of `1 - p`, and
/// derivatives that are almost nothing drown in rounding. In the end points at which they are have to do.
const LARGEST_EXPONENTS: [(usize, f64); 2] = [(20, 12.0), (40, 100.0)];

/// At most so many kinks get points of their own.
const MOST_KINKS: usize = 12;

pub(crate) struct Sampler<'p, 'a> {
    program: &'p Program<'a>,
    step_at_zero: f64,
    rng: ChaCha8Rng,
    entries: Vec<Entry>,
    blocks: Vec<(BlockId, usize, bool)>,
    rules: Vec<Rule>,
    targets: Vec<BlockId>,
    /// Evaluations that are left for building points.
    budget: usize,
    /// Whether there are very many quantities, as in a chain of many layers.
    deep: bool,
    /// How far numbers are from 1.
    spread: f64,
    /// Why the last point was not admissible.
    pub(crate) refusal: Option<String>,
    /// How large arguments of exponentials may be.
    largest_exponent: f64,
}

impl<'p, 'a> Sampler<'p, 'a> {
    /// A source of points at which the targets have values.
    pub(crate) fn new(
        program: &'p Program<'a>,
        step_at_zero: f64,
        seed: u64,
        rules: Vec<Rule>,
        targets: Vec<BlockId>,
    ) -> Self {
        let mut entries = Vec::new();
        let mut blocks = Vec::new();
        for at in 0..program.system.families.len() {
            let id = crate::term::FamilyId(at as u32);
            let family = program.system.family(id);
            if family.kind != FamilyKind::Input {
                continue;
            }
            let whole = family.integers.as_ref().and_then(|(low, high)| {
                Some((program.instance.whole(low)?, program.instance.whole(high)?))
            });
            for keys in program.keys_of(id) {
                let block_id = program.block_id(id, keys);
                let block = program.block(block_id);
                // As many entries as one sum over the others may run through, whichever axis is left.
                let narrowest = block.layout.extent.iter().copied().min().unwrap_or(1);
                let widest = block.layout.len() as i64 / narrowest.max(1);
                let scale = if family.axes >= 2 && widest > 6 {
                    (6.0 / widest as f64).sqrt()
                } else {
                    1.0
                };
                blocks.push((block_id, block.layout.len(), block.holes));
                for offset in 0..block.layout.len() {
                    if program.is_element(&block, offset) {
                        entries.push(Entry {
                            place: (block_id, offset),
                            low: f64::NEG_INFINITY,
                            high: f64::INFINITY,
                            choices: None,
                            whole,
                            scale,
                            share: if family.axes >= 2 {
                                1.0 / widest as f64
                            } else {
                                1.0
                            },
                            tied: false,
                        });
                    }
                }
            }
        }
        let mut sampler = Self {
            program,
            step_at_zero,
            rng: ChaCha8Rng::seed_from_u64(seed),
            entries,
            blocks,
            rules,
            targets,
            budget: 0,
            deep: false,
            spread: 1.0,
            refusal: None,
            largest_exponent: 0.0,
        };
        sampler.narrow();
        let blocks = sampler.blocks.len();
        sampler.deep = blocks > DEEP;
        if sampler.deep {
            // Products over many layers neither vanish nor explode.
            sampler.spread = (6.0 / (blocks as f64).sqrt()).min(1.0);
        }
        sampler.budget = (400_000 / (sampler.entries.len() + 20 * blocks + 50)).clamp(24, 800);
        sampler
    }

    /// How many numbers a point has.
    pub(crate) fn numbers(&self) -> usize {
        self.entries.len()
    }

    /// Turns rules about single numbers into intervals.
    fn narrow(&mut self) {
        let rules = self.rules.clone();
        for rule in &rules {
            match rule {
                Rule::Bound(place, cmp, bound) => {
                    if let Some(entry) = self.entry(*place) {
                        match cmp {
                            Cmp::Greater | Cmp::GreaterEqual => entry.low = entry.low.max(*bound),
                            Cmp::Equal => entry.choices = Some(vec![*bound]),
                            Cmp::NotEqual => {}
                        }
                    }
                }
                Rule::Below(place, bound) => {
                    if let Some(entry) = self.entry(*place) {
                        entry.high = entry.high.min(*bound);
                    }
                }
                Rule::OneOf(place, values) => {
                    if let Some(entry) = self.entry(*place) {
                        entry.choices = Some(values.clone());
                    }
                }
                Rule::OneHot(places) | Rule::SumTo(places, _) => {
                    for place in places {
                        if let Some(entry) = self.entry(*place) {
                            entry.tied = true;
                        }
                    }
                }
                Rule::Matrix(rows, _) => {
                    for place in rows.iter().flatten() {
                        if let Some(entry) = self.entry(*place) {
                            entry.tied = true;
                        }
                    }
                }
                Rule::General(..) => {}
            }
        }
    }

    fn entry(&mut self, place: Place) -> Option<&mut Entry> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.place.cmp(&place))
            .ok();
        match at {
            Some(at) => self.entries.get_mut(at),
            None => self.entries.iter_mut().find(|entry| entry.place == place),
        }
    }

    fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.rng.next_u64() % count.max(1) as u64) as usize
    }

    /// A number for an entry.
    fn draw(&mut self, at: usize, style: Style) -> f64 {
        let entry = self.entries[at].clone();
        if let Some(choices) = &entry.choices {
            return choices[self.below(choices.len())];
        }
        if let Some((low, high)) = entry.whole {
            return (low + self.below((high - low + 1).max(1) as usize) as i64) as f64;
        }
        let (low, high) = (entry.low, entry.high);
        if low.is_finite() || high.is_finite() {
            let width = if low.is_finite() && high.is_finite() {
                high - low
            } else {
                2.2
            };
            let part = 0.06 + 0.88 * self.uniform();
            return if low.is_finite() {
                low + width * part
            } else {
                high - width * part
            };
        }
        let sign = if self.rng.next_u64() & 1 == 0 {
            1.0
        } else {
            -1.0
        };
        let u = self.uniform();
        if self.deep {
            let size = (self.spread * (2.0 * u - 1.0)).exp();
            let positive = matches!(style, Style::Positive | Style::Unit);
            return if positive { size } else { sign * size } * entry.share;
        }
        let value = match style {
            Style::Signed => sign * (0.3 + 1.4 * u),
            Style::Halves => sign * 0.5 * (1.0 + (u * 4.0).floor()),
            Style::Positive => 0.2 + 1.3 * u,
            Style::Unit => 0.05 + 0.9 * u,
            Style::Small => sign * (0.05 + 0.25 * u),
        };
        value * entry.scale
    }

    /// A random point that keeps the rules about what is given.
    fn point(&mut self, style: Style) -> Point {
        let mut arrays: Vec<(BlockId, Array)> = self
            .blocks
            .iter()
            .map(|(id, length, holes)| {
                (
                    *id,
                    Array::filled(*length, if *holes { f64::NAN } else { 0.0 }),
                )
            })
            .collect();
        let mut block = 0;
        for at in 0..self.entries.len() {
            let place = self.entries[at].place;
            while arrays[block].0 != place.0 {
                block += 1;
            }
            arrays[block].1.values[place.1] = self.draw(at, style);
        }
        let mut point = Point {
            given: arrays
                .into_iter()
                .map(|(id, array)| (id, Rc::new(array)))
                .collect(),
            seed: self.rng.next_u64(),
        };
        self.tie(&mut point);
        point
    }

    /// Makes numbers that belong together keep their rules.
    fn tie(&mut self, point: &mut Point) {
        for rule in self.rules.clone() {
            match rule {
                Rule::OneHot(places) => {
                    let hot = self.below(places.len());
                    for (at, place) in places.iter().enumerate() {
                        set(point, *place, if at == hot { 1.0 } else { 0.0 });
                    }
                }
                Rule::SumTo(places, total) => {
                    let sum: f64 = places.iter().map(|place| get(point, *place)).sum();
                    let bounded = places.iter().any(|place| {
                        self.entry(*place)
                            .is_some_and(|entry| entry.low.is_finite() || entry.choices.is_some())
                    });
                    if bounded && sum != 0.0 {
                        for place in &places {
                            let value = get(point, *place);
                            set(point, *place, value * total / sum);
                        }
                    } else if let Some(last) = places.last() {
                        let value = get(point, *last);
                        set(point, *last, value + total - sum);
                    }
                }
                Rule::Matrix(rows, property) => make_matrix(point, &rows, property),
                Rule::Bound(..) | Rule::Below(..) | Rule::OneOf(..) | Rule::General(..) => {}
            }
        }
    }

    /// The values at a point, if all targets have one and all rules hold.
    fn admit(&mut self, point: Point, at_kink: bool) -> Option<Sample> {
        self.admit_over(Values::default(), point, at_kink)
    }

    /// The same for a point that differs from one with values in a single number.
    fn admit_changed(
        &mut self,
        from: &Sample,
        (place, value): (Place, f64),
        at_kink: bool,
    ) -> Option<Sample> {
        let mut point = from.point.clone();
        set(&mut point, place, value);
        self.admit_over(from.values.without(place.0), point, at_kink)
    }

    /// The same where some values are known.
    fn admit_over(&mut self, known: Values, point: Point, at_kink: bool) -> Option<Sample> {
        let rules = self.rules.clone();
        let mut evaluator = Evaluator::<f64>::new(self.program, &point, self.step_at_zero);
        evaluator.values = known;
        for target in self.targets.clone() {
            let array = evaluator.array(target);
            let block = self.program.block(target);
            let finite = (0..block.layout.len())
                .all(|at| array.values[at].is_finite() || !self.program.is_element(&block, at));
            if let Some(trouble) = &evaluator.trouble {
                self.refusal = Some(trouble.clone());
                return None;
            }
            if !finite {
                self.refusal
                    .get_or_insert_with(|| "no value at the points that were tried".into());
                return None;
            }
        }
        for rule in &rules {
            let holds = match rule {
                Rule::General(cmp, left, right) => {
                    let left = evaluator.array(left.0).values[left.1];
                    let right = evaluator.array(right.0).values[right.1];
                    satisfied(*cmp, left, right)
                }
                Rule::Bound(place, cmp, bound) => satisfied(*cmp, get(&point, *place), *bound),
                Rule::Below(place, bound) => get(&point, *place) < *bound,
                Rule::OneOf(..) | Rule::OneHot(_) | Rule::SumTo(..) | Rule::Matrix(..) => true,
            };
            if !holds {
                self.refusal
                    .get_or_insert_with(|| "no point was found that keeps the assumptions".into());
                return None;
            }
        }
        if evaluator.values.exponent() > self.largest_exponent {
            self.refusal
                .get_or_insert_with(|| "exponentials of large numbers at the points tried".into());
            return None;
        }
        let values = std::mem::take(&mut evaluator.values);
        if values.near_singular {
            self.refusal
                .get_or_insert_with(|| "every matrix that was tried is nearly singular".into());
            return None;
        }
        let any_zero = arguments(&values).contains(&0.0);
        Some(Sample {
            point,
            values,
            at_kink,
            any_zero,
        })
    }

    /// An admissible random point.
    fn fresh(&mut self, first: usize) -> Option<Sample> {
        for attempt in 0..60 {
            let largest = LARGEST_EXPONENTS.iter().find(|(most, _)| attempt < *most);
            let largest = largest.map_or(f64::INFINITY, |(_, largest)| *largest);
            self.largest_exponent = self.largest_exponent.max(largest);
            // Mostly the wide styles; the narrow ones are for logarithms and roots.
            let style = STYLES[(first + attempt) % if attempt < 4 { 2 } else { STYLES.len() }];
            let point = self.point(style);
            if let Some(sample) = self.admit(point, false) {
                return Some(sample);
            }
        }
        None
    }

    /// Points for a confirmation: random ones, and where there are kinks such as have them on, off, and one by
    /// one the other way; with `zeros` also such as have one exactly under them.
    pub(crate) fn samples(&mut self, count: usize, zeros: bool) -> Vec<Sample> {
        let mut samples: Vec<Sample> = Vec::new();
        let Some(first) = self.fresh(0) else {
            return samples;
        };
        let kinks = pattern(&first.values).len();
        if kinks == 0 || (kinks > MANY_KINKS && mostly_met(&first.values)) {
            samples.push(first);
            for at in 1..count {
                samples.extend(self.fresh(at));
            }
            return samples;
        }
        let mut seen: BTreeSet<Vec<i8>> = BTreeSet::new();
        let alone = kinks.min(MOST_KINKS);
        // Half of the points with everything on, for these are the ones where gradients live.
        let on = vec![1i8; kinks];
        let mut goals: Vec<Vec<i8>> = Vec::new();
        for at in 0..alone {
            let mut goal = on.clone();
            goal[at] = -1;
            goals.push(goal);
        }
        goals.push(vec![-1; kinks]);
        let half = count.div_ceil(2);
        for at in 0..half {
            if let Some(sample) = self.climb(&on, at) {
                seen.insert(pattern(&sample.values));
                samples.push(sample);
            }
        }
        for (at, goal) in goals.iter().enumerate() {
            if samples.len() >= 2 * count + MOST_KINKS
                || self.budget == 0
                || (self.deep && samples.len() >= count)
            {
                break;
            }
            if let Some(sample) = self.climb(goal, at)
                && seen.insert(pattern(&sample.values))
            {
                samples.push(sample);
            }
        }
        let mut at = 0;
        while samples.len() < count && at < 4 * count {
            samples.extend(self.fresh(at));
            at += 1;
        }
        if zeros {
            for at in 0..if self.deep { 2 } else { alone } {
                samples.extend(self.onto_kink(at, kinks));
            }
        }
        samples
    }

    /// More points at which gradients are likely to be non-zero.
    pub(crate) fn more(&mut self, round: usize) -> Option<Sample> {
        self.budget = self.budget.max(60);
        let first = self.fresh(round)?;
        let kinks = pattern(&first.values).len();
        if kinks == 0 {
            Some(first)
        } else {
            self.climb(&vec![1; kinks], round)
        }
    }

    /// From a random point towards a pattern of kinks, one number at a time.
    fn climb(&mut self, goal: &[i8], style: usize) -> Option<Sample> {
        let mut best = self.fresh(style)?;
        let mut reached = agreement(&pattern(&best.values), goal);
        if self.budget == 0 || 10 * reached < 8 * goal.len() {
            // Far from it: where everything is positive more is on.
            let point = self.point(Style::Positive);
            if let Some(sample) = self.admit(point, false) {
                let now = agreement(&pattern(&sample.values), goal);
                if now > reached {
                    best = sample;
                    reached = now;
                    self.turn_signs(&mut best, goal, &mut reached);
                }
            }
        }
        let mut steps = 0;
        while reached < goal.len() && steps < 40 && self.budget > 0 && !self.entries.is_empty() {
            steps += 1;
            self.budget -= 1;
            let at = self.below(self.entries.len());
            if self.entries[at].tied || self.entries[at].whole.is_some() {
                continue;
            }
            let place = self.entries[at].place;
            let old = get(&best.point, place);
            let fits = |value: f64, entry: &Entry| {
                value > entry.low && value < entry.high && entry.choices.is_none()
            };
            let value = match self.below(3) {
                0 if fits(-old, &self.entries[at]) => -old,
                1 if (old * 1.75).abs() < LARGEST && fits(old * 1.75, &self.entries[at]) => {
                    old * 1.75
                }
                _ => self.draw(at, Style::Halves),
            };
            let Some(sample) = self.admit_changed(&best, (place, value), false) else {
                continue;
            };
            let now = agreement(&pattern(&sample.values), goal);
            if now >= reached {
                best = sample;
                reached = now;
            }
        }
        Some(best)
    }

    /// Makes numbers of an all-positive point negative where the pattern stays as good.
    fn turn_signs(&mut self, best: &mut Sample, goal: &[i8], reached: &mut usize) {
        for _ in 0..8 {
            if self.budget == 0 || self.entries.is_empty() {
                return;
            }
            self.budget -= 1;
            let at = self.below(self.entries.len());
            let entry = self.entries[at].clone();
            let old = get(&best.point, entry.place);
            if entry.tied || entry.whole.is_some() || entry.choices.is_some() || -old <= entry.low {
                continue;
            }
            if let Some(sample) = self.admit_changed(best, (entry.place, -old), false) {
                let now = agreement(&pattern(&sample.values), goal);
                if now >= *reached {
                    *best = sample;
                    *reached = now;
                }
            }
        }
    }

    /// Points at which the kink with this number is exactly 0, each reached by another number.
    fn onto_kink(&mut self, kink: usize, kinks: usize) -> Vec<Sample> {
        let mut found = Vec::new();
        for attempt in 0..3 {
            let Some(start) = self.climb(&vec![1; kinks], 1 + 2 * attempt) else {
                return found;
            };
            let Some(before) = arguments(&start.values).get(kink).copied() else {
                continue;
            };
            let first = self.below(self.entries.len());
            for step in 0..self.entries.len().min(12) {
                if self.budget < 2 || found.len() == MOST_WAYS {
                    return found;
                }
                let at = (first + step) % self.entries.len();
                let entry = self.entries[at].clone();
                if entry.tied || entry.choices.is_some() || entry.whole.is_some() {
                    continue;
                }
                self.budget -= 2;
                let old = get(&start.point, entry.place);
                let moved = (entry.place, old + 1.0);
                let Some(moved) = self.admit_changed(&start, moved, false) else {
                    continue;
                };
                let Some(after) = arguments(&moved.values).get(kink).copied() else {
                    continue;
                };
                if after - before == 0.0 {
                    continue;
                }
                let root = old - before / (after - before);
                // Far away nothing but this number would be seen.
                let far = root.is_nan() || root.abs() > 100.0 * LARGEST;
                if far || root <= entry.low || root >= entry.high {
                    continue;
                }
                if let Some(sample) = self.admit_changed(&start, (entry.place, root), true)
                    && arguments(&sample.values)
                        .get(kink)
                        .is_some_and(|argument| *argument == 0.0)
                {
                    found.push(sample);
                }
            }
            if !found.is_empty() {
                break;
            }
        }
        found
    }
}

/// An endless source of weights for random directions.
#[derive(Debug)]
pub(crate) struct Directions(ChaCha8Rng);

/// Weights from a seed.
pub(crate) fn directions(seed: u64) -> Directions {
    Directions(ChaCha8Rng::seed_from_u64(seed))
}

/// The smallest absolute value of a weight.
pub(crate) const LEAST_WEIGHT: f64 = 0.25;

impl Directions {
    /// A weight of either sign, away from 0, at most 1.
    pub(crate) fn next(&mut self) -> f64 {
        let bits = self.0.next_u64();
        let magnitude =
            LEAST_WEIGHT + (1.0 - LEAST_WEIGHT) * ((bits >> 11) as f64 / (1u64 << 53) as f64);
        if bits & 1 == 0 { magnitude } else { -magnitude }
    }
}

/// A number that is given at a point.
pub(crate) fn get(point: &Point, place: Place) -> f64 {
    point.given[&place.0].values[place.1]
}

fn set(point: &mut Point, place: Place, value: f64) {
    if let Some(array) = point.given.get_mut(&place.0) {
        Rc::make_mut(array).values[place.1] = value;
    }
}

fn satisfied(cmp: Cmp, left: f64, right: f64) -> bool {
    match cmp {
        Cmp::Greater => left > right,
        Cmp::GreaterEqual => left >= right,
        Cmp::Equal => (left - right).abs() <= 1e-12 * (1.0 + left.abs() + right.abs()),
        Cmp::NotEqual => (left - right).abs() > 1e-3,
    }
}

/// The arguments of all kinks that were met, block by block.
pub(crate) fn arguments(values: &Values) -> Vec<f64> {
    let mut blocks = values.order().to_vec();
    blocks.sort_unstable();
    blocks
        .iter()
        .flat_map(|id| values.kinks(*id).iter().copied())
        .collect()
}

/// Which side of its kink each argument is on: -1, 0 or 1.
pub(crate) fn pattern(values: &Values) -> Vec<i8> {
    arguments(values).into_iter().map(side).collect()
}

/// Whether hardly any argument is exactly 0: a wide network, in which random points have all patterns.
fn mostly_met(values: &Values) -> bool {
    let sides = pattern(values);
    10 * sides.iter().filter(|side| **side == 0).count() < sides.len()
}

/// The side of a kink.
pub(crate) fn side(argument: f64) -> i8 {
    if argument > 0.0 {
        1
    } else if argument < 0.0 {
        -1
    } else {
        0
    }
}

fn agreement(pattern: &[i8], goal: &[i8]) -> usize {
    pattern.iter().zip(goal).filter(|(a, b)| a == b).count()
}

fn make_matrix(point: &mut Point, rows: &[Vec<Place>], property: MatrixProperty) {
    let n = rows.len();
    let old: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| row.iter().map(|place| get(point, *place)).collect())
        .collect();
    let mut new = old.clone();
    match property {
        MatrixProperty::Invertible => {
            for (i, row) in new.iter_mut().enumerate() {
                row[i] += 3.0;
            }
        }
        MatrixProperty::Symmetric => {
            for i in 0..n {
                for j in 0..n {
                    new[i][j] = (old[i][j] + old[j][i]) / 2.0;
                }
            }
        }
        MatrixProperty::PositiveDefinite => {
            for i in 0..n {
                for j in 0..n {
                    let dot: f64 = (0..n).map(|k| old[i][k] * old[j][k]).sum();
                    new[i][j] = dot + if i == j { 0.5 } else { 0.0 };
                }
            }
        }
        MatrixProperty::Orthogonal => {
            // Gram-Schmidt, row by row.
            for i in 0..n {
                for k in 0..i {
                    let (before, rest) = new.split_at_mut(i);
                    let dot: f64 = before[k].iter().zip(&rest[0]).map(|(a, b)| a * b).sum();
                    for (value, other) in rest[0].iter_mut().zip(&before[k]) {
                        *value -= dot * other;
                    }
                }
                let norm = new[i].iter().map(|value| value * value).sum::<f64>().sqrt();
                for value in &mut new[i] {
                    *value /= norm;
                }
            }
        }
    }
    for (row, values) in rows.iter().zip(new) {
        for (place, value) in row.iter().zip(values) {
            set(point, *place, value);
        }
    }
}
