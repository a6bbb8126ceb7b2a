//! Confirmation: every formula against two routes that know nothing of how it was found.
//!
//! Dual numbers differentiate the values of the network's own definitions; central differences only evaluate
//! them (Griewank and Walther 2008, §1.1 and §3.1). Both perturb the quantity that is differentiated by, also
//! where it is defined by others: the derivative by an intermediate is that of `value + perturbation`.

use std::collections::{BTreeMap, BTreeSet};

use crate::derive::Derivation;
use crate::formula::{Condition, Formula};
use crate::source::Diagnostic;
use crate::syntax::StepAtZero;
use crate::system::FamilyKind;
use crate::term::{Affine, FamilyId};

use super::assumed;
use super::difference::{Difference, STEPS, agrees, differences};
use super::dual::{Dual, Traced};
use super::evaluate::{Evaluator, Shift};
use super::instance::{Instance, instances};
use super::names;
use super::program::{BlockId, Owner, Program, Sheet};
use super::sample::{Sample, Sampler, Sampling, arguments, get, pattern};
use super::{array::Array, declared};

/// What was found out about a list of formulas.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// One outcome for each formula, in their order.
    pub outcomes: Vec<Outcome>,
    /// Declared derivatives of the author's functions that do not fit the functions.
    pub functions: Vec<Diagnostic>,
    /// The sizes at which was evaluated, by name; one empty name if there is nothing to choose.
    pub instances: Vec<String>,
}

impl Confirmation {
    /// Whether everything may be printed.
    pub fn is_confirmed(&self) -> bool {
        self.functions.is_empty()
            && self
                .outcomes
                .iter()
                .all(|outcome| matches!(outcome.status, Status::Confirmed { .. } | Status::Skipped))
    }

    /// Whether something is wrong.
    pub fn has_failed(&self) -> bool {
        !self.functions.is_empty()
            || self
                .outcomes
                .iter()
                .any(|outcome| matches!(outcome.status, Status::Failed(_)))
    }

    /// The confirmation that was not asked for.
    pub fn skipped(formulas: &[Formula]) -> Self {
        Self {
            outcomes: formulas
                .iter()
                .map(|_| Outcome {
                    status: Status::Skipped,
                    notes: Vec::new(),
                })
                .collect(),
            functions: Vec::new(),
            instances: Vec::new(),
        }
    }
}

/// What was found out about one formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The verdict.
    pub status: Status,
    /// What else should be said.
    pub notes: Vec<String>,
}

/// The verdict on a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Agrees with both routes.
    Confirmed {
        /// At how many points.
        points: usize,
        /// How many patterns of kinks these had.
        step_patterns: usize,
        /// The largest difference to the dual numbers, relative to the larger of the two values.
        worst_error: f64,
    },
    /// Differs from one of the routes.
    Failed(Box<Failure>),
    /// There was no point to compare at.
    Unconfirmed {
        /// Why.
        reason: String,
    },
    /// Not asked for.
    Skipped,
}

/// Where a formula differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The sizes, by name.
    pub instance: String,
    /// The element, `∂C/∂W[0]_{1,2}`.
    pub element: String,
    /// What is wrong, in words.
    pub reason: String,
    /// The formula's value.
    pub claimed: f64,
    /// The route's value.
    pub expected: f64,
    /// The value that was taken for Step(0).
    pub step_at_zero: f64,
    /// The point: each given number with its name (at most 40).
    pub point: Vec<(String, f64)>,
}

/// Families with more elements than this are compared along random directions.
const MOST_ENTRIES: usize = 2_000;

/// One pass evaluates the whole network: elements are compared one by one while all their passes together
/// evaluate at most this many blocks, so that the work stays linear in the depth.
const MOST_BLOCKS: usize = 200_000;

/// Beyond this many, all elements are compared at two points only, and directions at the others.
const FEW_BLOCKS: usize = 4_000;

/// Relative agreement that is asked of two evaluations of one number.
const AGREEMENT: f64 = 1e-9;

/// What may be rounding, relative to the size of the terms.
const ROUNDING: f64 = 1e-11;

/// What is taken for 0, relative to the size of the terms.
const ZERO: f64 = 1e-13;

/// Confirms formulas at the derivation's own convention.
pub fn confirm(derivation: &Derivation, formulas: &[Formula], plan: &Sampling) -> Confirmation {
    let system = &derivation.system;
    let mut tallies: Vec<Tally> = formulas.iter().map(|_| Tally::default()).collect();
    let mut names_of_instances = Vec::new();
    let instances = instances(system);
    let mut refusal = None;
    for (number, instance) in instances.iter().enumerate() {
        let mut name = String::new();
        for (round, step) in steps_at_zero(derivation.step_at_zero).iter().enumerate() {
            let mut run = Run::new(derivation, formulas, instance, *step);
            run.name = instance.name(system);
            let seed = plan.seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
            // At an unknown Step(0) the same points serve for each number that is tried.
            run.confirm(plan, seed, derivation.step_at_zero, round, &mut tallies);
            refusal = refusal.or(run.refusal);
            name = run.name;
        }
        names_of_instances.push(name);
    }
    let reason = refusal.unwrap_or_else(|| {
        if instances.is_empty() {
            "no sizes were found that satisfy what is assumed of them".into()
        } else {
            "no element at the sizes that were tried".into()
        }
    });
    Confirmation {
        outcomes: tallies.into_iter().map(|tally| tally.outcome(&reason)).collect(),
        functions: instances
            .first()
            .map(|instance| declared::check(system, instance, plan.seed))
            .unwrap_or_default(),
        instances: names_of_instances,
    }
}

/// The numbers to take for Step(0): several where it is unknown.
fn steps_at_zero(convention: StepAtZero) -> Vec<f64> {
    match convention {
        StepAtZero::Zero => vec![0.0],
        StepAtZero::Half => vec![0.5],
        StepAtZero::One => vec![1.0],
        StepAtZero::Undefined => vec![0.37, 0.0, 1.0],
    }
}

/// What was seen of one formula.
#[derive(Debug, Default)]
struct Tally {
    points: usize,
    live: usize,
    patterns: BTreeSet<(String, Vec<i8>)>,
    worst: f64,
    failure: Option<Box<Failure>>,
    /// Somewhere truth and formula were too small to be compared, and yet not 0.
    small: bool,
    near_kinks: usize,
    compared: usize,
}

impl Tally {
    fn outcome(self, reason: &str) -> Outcome {
        let mut notes = Vec::new();
        if let Some(failure) = self.failure {
            return Outcome {
                status: Status::Failed(failure),
                notes,
            };
        }
        if self.points == 0 || self.compared == 0 {
            return Outcome {
                status: Status::Unconfirmed {
                    reason: reason.to_owned(),
                },
                notes,
            };
        }
        if self.live == 0 && self.small {
            return Outcome {
                status: Status::Unconfirmed {
                    reason: "at every point the derivative was too small to be told from rounding".into(),
                },
                notes,
            };
        }
        if self.live == 0 {
            notes.push("0 at every point, by both routes".to_owned());
        }
        if self.near_kinks > 0 {
            notes.push(format!(
                "{} differences had a kink within their step and were not compared",
                self.near_kinks
            ));
        }
        Outcome {
            status: Status::Confirmed {
                points: self.points,
                step_patterns: self.patterns.len(),
                worst_error: self.worst,
            },
            notes,
        }
    }
}

/// The formulas of one adjoint family.
#[derive(Debug)]
struct Group {
    adjoint: FamilyId,
    of: FamilyId,
    wrt: FamilyId,
    sheet: FamilyId,
    /// The number of the formula for each clause of the sheet.
    formulas: Vec<usize>,
}

/// One element of a formula's left side.
#[derive(Debug, Clone)]
struct Element {
    of: Vec<i64>,
    block: BlockId,
    offset: usize,
    formula: usize,
}

/// One choice of sizes and of Step(0).
struct Run<'d> {
    derivation: &'d Derivation,
    formulas: &'d [Formula],
    instance: &'d Instance,
    step_at_zero: f64,
    name: String,
    refusal: Option<String>,
}

impl<'d> Run<'d> {
    fn new(
        derivation: &'d Derivation,
        formulas: &'d [Formula],
        instance: &'d Instance,
        step_at_zero: f64,
    ) -> Self {
        Self {
            derivation,
            formulas,
            instance,
            step_at_zero,
            name: String::new(),
            refusal: None,
        }
    }

    /// The formulas by family, and the sheets that hold them.
    fn groups(&self) -> (Vec<Group>, Vec<Sheet>) {
        let system = &self.derivation.system;
        let mut groups: Vec<Group> = Vec::new();
        let mut sheets: Vec<Sheet> = Vec::new();
        let mut known: BTreeMap<FamilyId, usize> = BTreeMap::new();
        for (number, formula) in self.formulas.iter().enumerate() {
            let FamilyKind::Adjoint { of, wrt } = system.family(formula.adjoint).kind else {
                continue;
            };
            let at = *known.entry(formula.adjoint).or_insert_with(|| {
                groups.push(Group {
                    adjoint: formula.adjoint,
                    of,
                    wrt,
                    sheet: FamilyId((system.families.len() + sheets.len()) as u32),
                    formulas: Vec::new(),
                });
                sheets.push(Sheet {
                    like: Some(formula.adjoint),
                    clauses: Vec::new(),
                });
                groups.len() - 1
            });
            groups[at].formulas.push(number);
            sheets[at].clauses.push(crate::system::Clause {
                vars: formula.vars.clone(),
                index: formula.index.clone(),
                domain: formula.domain.clone(),
                body: Some(formula.result()),
                span: None,
            });
        }
        (groups, sheets)
    }

    fn confirm(
        &mut self,
        plan: &Sampling,
        seed: u64,
        convention: StepAtZero,
        round: usize,
        tallies: &mut [Tally],
    ) {
        let system = &self.derivation.system;
        let (groups, mut sheets) = self.groups();
        let first_rule = sheets.len();
        sheets.extend(assumed::sheets(system));
        let program = Program::with_sheets(system, self.instance, sheets);
        let rules = assumed::rules(&program, first_rule);
        let mut targets: Vec<BlockId> = Vec::new();
        for group in &groups {
            for keys in program.keys_of(group.of) {
                let id = program.block_id(group.of, keys);
                if !targets.contains(&id) {
                    targets.push(id);
                }
            }
        }
        let elements: Vec<BTreeMap<Vec<i64>, Vec<Element>>> = groups
            .iter()
            .map(|group| self.elements(&program, group, tallies))
            .collect();
        self.name = self.instance.name(system);
        if elements.iter().all(BTreeMap::is_empty) {
            return;
        }
        let mut sampler = Sampler::new(&program, self.step_at_zero, seed, rules, targets);
        let mut samples = sampler.samples(plan.points, convention != StepAtZero::Undefined);
        if samples.is_empty() {
            self.refusal = sampler.refusal.take();
            return;
        }
        let mut state = State {
            run: self,
            program: &program,
            directions: super::sample::directions(seed ^ 0x5eed),
            exhaustive: vec![0; groups.len()],
            live: vec![0; groups.len()],
            count_points: round == 0,
        };
        for sample in &samples {
            state.compare_all(&groups, &elements, sample, tallies);
        }
        // The derivative should not vanish at more than half of the points.
        for extra in 0..plan.points {
            let lacking = groups.iter().enumerate().any(|(at, _)| {
                !elements[at].is_empty() && 2 * state.live[at] < samples.len()
            });
            if !lacking {
                break;
            }
            let Some(sample) = sampler.more(extra) else { break };
            state.compare_all(&groups, &elements, &sample, tallies);
            samples.push(sample);
        }
    }

    /// All elements that the formulas of a group speak of, by the index of what is differentiated by. Formulas
    /// that overlap, or leave out what was asked, fail here.
    fn elements(
        &self,
        program: &Program<'_>,
        group: &Group,
        tallies: &mut [Tally],
    ) -> BTreeMap<Vec<i64>, Vec<Element>> {
        let mut result: BTreeMap<Vec<i64>, Vec<Element>> = BTreeMap::new();
        let width = program.width(group.of);
        let complain = |tally: &mut Tally, index: &[i64], reason: &str| {
            tally.failure.get_or_insert_with(|| {
                Box::new(Failure {
                    instance: self.instance.name(program.system),
                    element: names::element(program.system, group.adjoint, index),
                    reason: reason.to_owned(),
                    claimed: f64::NAN,
                    expected: f64::NAN,
                    step_at_zero: self.step_at_zero,
                    point: Vec::new(),
                })
            });
        };
        for keys in program.keys_of(group.sheet) {
            let id = program.block_id(group.sheet, keys.clone());
            let block = program.block(id);
            let true_block = program.block(program.block_id(group.adjoint, keys));
            for (offset, owner) in program.owners(&block).iter().enumerate() {
                let piece = match owner {
                    Owner::Nobody => continue,
                    Owner::Piece(piece) => *piece,
                    Owner::Several(piece, other) => {
                        let formula = group.formulas[block.pieces[*other as usize].clause];
                        let index = program.full_index(group.sheet, &block.keys, &block.layout.index(offset));
                        complain(&mut tallies[formula], &index, "two formulas speak of the same element");
                        *piece
                    }
                };
                let formula = group.formulas[block.pieces[piece as usize].clause];
                let dense = block.layout.index(offset);
                let index = program.full_index(group.sheet, &block.keys, &dense);
                let exists = true_block
                    .layout
                    .offset(&dense)
                    .is_some_and(|at| program.is_element(&true_block, at));
                if !exists {
                    complain(&mut tallies[formula], &index, "the formula speaks of an element that does not exist");
                    continue;
                }
                result.entry(index[width..].to_vec()).or_default().push(Element {
                    of: index[..width].to_vec(),
                    block: id,
                    offset,
                    formula,
                });
            }
        }
        self.find_gaps(program, group, tallies, &complain);
        result
    }

    /// Elements that were asked for and that no formula gives.
    fn find_gaps(
        &self,
        program: &Program<'_>,
        group: &Group,
        tallies: &mut [Tally],
        complain: &dyn Fn(&mut Tally, &[i64], &str),
    ) {
        let asked: Vec<Vec<Option<i64>>> = self
            .derivation
            .asked
            .iter()
            .filter(|asked| asked.adjoint == group.adjoint)
            .map(|asked| {
                let value = |entry: &Option<Affine>| {
                    entry.as_ref().and_then(|value| self.instance.whole(value))
                };
                asked.index.iter().map(value).collect()
            })
            .collect();
        if asked.is_empty() || !group.formulas.iter().any(|at| self.formulas[*at].asked) {
            return;
        }
        for keys in program.keys_of(group.adjoint) {
            let block = program.block(program.block_id(group.adjoint, keys.clone()));
            let sheet = program.block(program.block_id(group.sheet, keys));
            if sheet.layout == block.layout && !sheet.holes && !sheet.pieces.is_empty() {
                continue;
            }
            for offset in 0..block.layout.len() {
                if !program.is_element(&block, offset) {
                    continue;
                }
                let dense = block.layout.index(offset);
                let index = program.full_index(group.adjoint, &block.keys, &dense);
                let wanted = asked.iter().any(|entries| {
                    entries.iter().zip(&index).all(|(entry, at)| entry.is_none_or(|entry| entry == *at))
                });
                let given = sheet
                    .layout
                    .offset(&dense)
                    .is_some_and(|at| program.is_element(&sheet, at));
                if wanted && !given {
                    complain(&mut tallies[group.formulas[0]], &index, "no formula gives this element");
                    return;
                }
            }
        }
    }
}

/// The comparisons at one choice of sizes.
struct State<'r, 'd, 'p> {
    run: &'r Run<'d>,
    program: &'p Program<'d>,
    directions: super::sample::Directions,
    /// For each group, at how many points all elements were compared one by one.
    exhaustive: Vec<usize>,
    /// For each group, at how many points its derivative was not 0.
    live: Vec<usize>,
    count_points: bool,
}

impl State<'_, '_, '_> {
    fn compare_all(
        &mut self,
        groups: &[Group],
        elements: &[BTreeMap<Vec<i64>, Vec<Element>>],
        sample: &Sample,
        tallies: &mut [Tally],
    ) {
        for (at, group) in groups.iter().enumerate() {
            if !elements[at].is_empty() {
                self.compare(at, group, &elements[at], sample, tallies);
            }
        }
    }

    fn compare(
        &mut self,
        number: usize,
        group: &Group,
        elements: &BTreeMap<Vec<i64>, Vec<Element>>,
        sample: &Sample,
        tallies: &mut [Tally],
    ) {
        let count = elements.len();
        let blocks = count.saturating_mul(self.program.block_count());
        let one_by_one = blocks <= FEW_BLOCKS
            || (count <= MOST_ENTRIES && blocks <= MOST_BLOCKS && self.exhaustive[number] < 2);
        let any_zero = arguments(&sample.values).contains(&0.0);
        let mut claims = Claims::new(self.program, self.run.step_at_zero, sample);
        let mut seen: BTreeMap<usize, bool> = BTreeMap::new();
        if one_by_one {
            self.exhaustive[number] += 1;
            for (wrt, column) in elements {
                let (keys, dense) = self.program.split_index(group.wrt, wrt);
                let id = self.program.block_id(group.wrt, keys);
                let block = self.program.block(id);
                let Some(offset) = block.layout.offset(&dense) else { continue };
                let mut direction = vec![0.0; block.layout.len()];
                direction[offset] = 1.0;
                let shift = Shift {
                    blocks: [(id, direction)].into_iter().collect(),
                };
                let rows: Vec<Row> = column
                    .iter()
                    .map(|element| Row {
                        of: element.of.clone(),
                        parts: vec![(element.clone(), 1.0)],
                        wrt: wrt.clone(),
                    })
                    .collect();
                self.compare_along(group, &shift, &rows, sample, any_zero, &mut claims, tallies, &mut seen);
            }
        } else {
            let mut shift = Shift::default();
            let mut rows: BTreeMap<Vec<i64>, Row> = BTreeMap::new();
            for (wrt, column) in elements {
                let (keys, dense) = self.program.split_index(group.wrt, wrt);
                let id = self.program.block_id(group.wrt, keys);
                let block = self.program.block(id);
                let Some(offset) = block.layout.offset(&dense) else { continue };
                let weight = self.directions.next();
                shift
                    .blocks
                    .entry(id)
                    .or_insert_with(|| vec![0.0; block.layout.len()])[offset] = weight;
                for element in column {
                    rows.entry(element.of.clone())
                        .or_insert_with(|| Row {
                            of: element.of.clone(),
                            parts: Vec::new(),
                            wrt: wrt.clone(),
                        })
                        .parts
                        .push((element.clone(), weight));
                }
            }
            let rows: Vec<Row> = rows.into_values().collect();
            self.compare_along(group, &shift, &rows, sample, any_zero, &mut claims, tallies, &mut seen);
        }
        if seen.values().any(|live| *live) {
            self.live[number] += 1;
        }
        if self.count_points {
            let pattern = pattern(&sample.values);
            for (formula, live) in seen {
                let tally = &mut tallies[formula];
                tally.points += 1;
                tally.live += usize::from(live);
                tally.patterns.insert((self.run.name.clone(), pattern.clone()));
            }
        }
    }

    /// Compares sums of elements along one direction.
    #[expect(clippy::too_many_arguments, reason = "one comparison, all of whose parts are at hand at both callers")]
    fn compare_along(
        &self,
        group: &Group,
        shift: &Shift,
        rows: &[Row],
        sample: &Sample,
        any_zero: bool,
        claims: &mut Claims<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut BTreeMap<usize, bool>,
    ) {
        let step_at_zero = self.run.step_at_zero;
        let mut duals =
            Evaluator::<Dual>::shifted(self.program, &sample.point, step_at_zero, &sample.values, shift);
        let truths: Vec<f64> = rows
            .iter()
            .map(|row| {
                let (array, offset) = element_of(&mut duals, self.program, group.of, &row.of);
                array.tangents.as_ref().map_or(0.0, |tangents| tangents[offset])
            })
            .collect();
        let mut traced: Option<Evaluator<'_, '_, Traced>> = None;
        let mut checked: Vec<(usize, f64)> = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let formula = &self.run.formulas[row.parts[0].0.formula];
            let apart = |condition: &Condition| match condition {
                Condition::OffKinks | Condition::OffTies => true,
                Condition::Assumed(_)
                | Condition::StepAtZero
                | Condition::NonZero(_)
                | Condition::Positive(_) => false,
            };
            if any_zero && formula.conditions.iter().any(apart) {
                continue;
            }
            let truth = truths[at];
            let claimed = claims.sum(row);
            let larger = truth.abs().max(claimed.abs());
            let gap = (truth - claimed).abs();
            let mut live = truth != 0.0;
            let mut zero = larger == 0.0;
            let mut failed = false;
            let mut error = if larger > 0.0 { gap / larger } else { 0.0 };
            if !truth.is_finite() {
                // Where the network itself has no derivative there is nothing to compare with.
                continue;
            }
            let agree = gap <= AGREEMENT * larger;
            if !agree {
                let traced = traced.get_or_insert_with(|| {
                    Evaluator::<Traced>::shifted(self.program, &sample.point, step_at_zero, &sample.values, shift)
                });
                let (array, offset) = element_of(traced, self.program, group.of, &row.of);
                let moving = array.magnitudes.as_ref().map_or(0.0, |pairs| pairs[offset].1);
                let size = moving + claims.size(row);
                let rounding = ROUNDING * size;
                error = if size > 0.0 { gap / size } else { 0.0 };
                let within = gap <= rounding;
                failed = !within || larger.is_nan();
                // Both may be rounding of 0; a value that is clearly not 0 still has to agree well.
                live = larger > 1e3 * rounding;
                zero = larger <= ZERO * size;
                if live && gap > 1e-6 * larger {
                    failed = true;
                }
            }
            for (element, _) in &row.parts {
                let tally = &mut tallies[element.formula];
                tally.compared += 1;
                if failed {
                    let reason = if claims.trouble().is_some() && !claimed.is_finite() {
                        claims.trouble().unwrap_or_default()
                    } else {
                        "differs from the derivative by dual numbers".to_owned()
                    };
                    self.fail(tally, group, row, sample, claimed, truth, reason);
                } else {
                    tally.worst = tally.worst.max(error);
                    tally.small |= !live && !zero;
                    let entry = seen.entry(element.formula).or_insert(false);
                    *entry |= live;
                }
            }
            if !failed {
                checked.push((at, truth));
            }
        }
        if !sample.at_kink || !any_zero {
            self.compare_differences(group, shift, rows, &checked, sample, tallies);
        }
    }

    fn compare_differences(
        &self,
        group: &Group,
        shift: &Shift,
        rows: &[Row],
        checked: &[(usize, f64)],
        sample: &Sample,
        tallies: &mut [Tally],
    ) {
        let mut open: Vec<(usize, f64, f64)> =
            checked.iter().map(|(at, truth)| (*at, *truth, f64::NAN)).collect();
        for step in STEPS {
            if open.is_empty() {
                return;
            }
            let elements: Vec<(FamilyId, Vec<i64>)> =
                open.iter().map(|(at, ..)| (group.of, rows[*at].of.clone())).collect();
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
            for ((at, truth, last), difference) in open.into_iter().zip(found) {
                match difference {
                    Difference::Quotient { value, noise } if agrees(value, noise, truth) => {}
                    Difference::Quotient { value, .. } => left.push((at, truth, value)),
                    Difference::NearKink | Difference::NoValue => {
                        // A larger step would not help.
                        if last.is_nan() {
                            let formula = rows[at].parts[0].0.formula;
                            tallies[formula].near_kinks += 1;
                        } else {
                            left.push((at, truth, last));
                        }
                    }
                }
            }
            open = left;
        }
        for (at, truth, value) in open {
            let row = &rows[at];
            for (element, _) in &row.parts {
                self.fail(
                    &mut tallies[element.formula],
                    group,
                    row,
                    sample,
                    truth,
                    value,
                    "differs from the central difference".to_owned(),
                );
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a failure")]
    fn fail(
        &self,
        tally: &mut Tally,
        group: &Group,
        row: &Row,
        sample: &Sample,
        claimed: f64,
        expected: f64,
        reason: String,
    ) {
        if tally.failure.is_some() {
            return;
        }
        let system = self.program.system;
        let element = if row.parts.len() == 1 {
            let index: Vec<i64> = row.of.iter().chain(&row.wrt).copied().collect();
            names::element(system, group.adjoint, &index)
        } else {
            format!("{} along a random direction", names::family(system, group.adjoint, &[]))
        };
        let mut point = Vec::new();
        let mut given: Vec<BlockId> = sample.point.given.keys().copied().collect();
        given.sort_unstable();
        for id in given {
            let block = self.program.block(id);
            for offset in 0..block.layout.len() {
                if point.len() < 40 && self.program.is_element(&block, offset) {
                    let index =
                        self.program.full_index(block.family, &block.keys, &block.layout.index(offset));
                    point.push((
                        names::element(system, block.family, &index),
                        get(&sample.point, (id, offset)),
                    ));
                }
            }
        }
        tally.failure = Some(Box::new(Failure {
            instance: self.run.name.clone(),
            element,
            reason,
            claimed,
            expected,
            step_at_zero: self.run.step_at_zero,
            point,
        }));
    }
}

/// One number to compare: a sum of elements of one column or along one direction.
struct Row {
    of: Vec<i64>,
    parts: Vec<(Element, f64)>,
    wrt: Vec<i64>,
}

/// The values of the formulas at one point.
struct Claims<'e, 'a> {
    plain: Evaluator<'e, 'a, f64>,
    traced: Option<Evaluator<'e, 'a, Traced>>,
    program: &'e Program<'a>,
    sample: &'e Sample,
    step_at_zero: f64,
    last: Option<(BlockId, std::rc::Rc<Array>)>,
}

impl<'e, 'a> Claims<'e, 'a> {
    fn new(program: &'e Program<'a>, step_at_zero: f64, sample: &'e Sample) -> Self {
        Self {
            plain: Evaluator::over(program, &sample.point, step_at_zero, &sample.values),
            traced: None,
            program,
            sample,
            step_at_zero,
            last: None,
        }
    }

    fn sum(&mut self, row: &Row) -> f64 {
        let mut sum = 0.0;
        for (element, weight) in &row.parts {
            let array = match &self.last {
                Some((id, array)) if *id == element.block => array,
                _ => {
                    let array = self.plain.array(element.block);
                    &self.last.insert((element.block, array)).1
                }
            };
            sum += weight * array.values[element.offset];
        }
        sum
    }

    /// The size of the terms that the sum is made of.
    fn size(&mut self, row: &Row) -> f64 {
        let (program, point, step) = (self.program, &self.sample.point, self.step_at_zero);
        let traced = self
            .traced
            .get_or_insert_with(|| Evaluator::over(program, point, step, &self.sample.values));
        row.parts
            .iter()
            .map(|(element, weight)| {
                let array = traced.array(element.block);
                let size = array
                    .magnitudes
                    .as_ref()
                    .map_or(array.values[element.offset].abs(), |pairs| pairs[element.offset].0);
                weight.abs() * size
            })
            .sum()
    }

    fn trouble(&self) -> Option<String> {
        self.plain.trouble.clone()
    }
}

fn element_of<S: super::scalar::Scalar>(
    evaluator: &mut Evaluator<'_, '_, S>,
    program: &Program<'_>,
    family: FamilyId,
    index: &[i64],
) -> (std::rc::Rc<Array>, usize) {
    let (keys, dense) = program.split_index(family, index);
    let id = program.block_id(family, keys);
    let block = program.block(id);
    let offset = block.layout.offset(&dense).expect("elements were enumerated from this block");
    (evaluator.array(id), offset)
}
