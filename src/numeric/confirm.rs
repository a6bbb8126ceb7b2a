//! Confirmation: every formula against two routes that know nothing of how it was found.
//!
//! Dual numbers differentiate the values of the network's own definitions; central differences only evaluate
//! them (Griewank and Walther 2008, §1.1 and §3.1). Both perturb the quantity that is differentiated by, also
//! where it is defined by others: the derivative by an intermediate is that of `value + perturbation`.

use std::collections::BTreeSet;
use std::thread;

use rustc_hash::FxHashSet;

use crate::derive::Derivation;
use crate::formula::Formula;
use crate::source::Diagnostic;
use crate::syntax::StepAtZero;
use crate::term::FamilyId;

use super::assumed;
use super::compare::Comparison;
use super::conditions;
use super::declared;
use super::groups::{Group, find_gaps, group, sheets};
use super::instance::{Instance, instances};
use super::lines;
use super::program::{BlockId, Program};
use super::sample::{Sampler, Sampling};

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

/// Confirms formulas at the derivation's own convention.
pub fn confirm(derivation: &Derivation, formulas: &[Formula], plan: &Sampling) -> Confirmation {
    let system = &derivation.system;
    let domains: Vec<_> = formulas
        .iter()
        .map(|formula| formula.domain.clone())
        .collect();
    let mut instances = instances(system, &domains);
    let off_kinks = derivation.off_kinks();
    let at = |number: usize, instance: &Instance| {
        let mut tallies: Vec<Tally> = formulas.iter().map(|_| Tally::default()).collect();
        let mut refusal = None;
        for (round, step) in steps_at_zero(derivation.step_at_zero).iter().enumerate() {
            let run = Run {
                derivation,
                formulas,
                instance,
                off_kinks: &off_kinks,
                step_at_zero: *step,
                // At an unknown Step(0) the same points serve for each number that is tried.
                seed: plan
                    .seed
                    .wrapping_mul(1_000_003)
                    .wrapping_add(number as u64),
                points: plan.points,
                counted: round == 0,
            };
            let refused = run.confirm(&mut tallies);
            refusal = refusal.or(refused);
        }
        (tallies, refusal, instance.name(system))
    };
    let mut tallies: Vec<Tally> = formulas.iter().map(|_| Tally::default()).collect();
    let mut refusal = None;
    let mut names_of_instances = Vec::new();
    for (found, refused, name) in each_alone(&mut instances, at) {
        for (tally, found) in tallies.iter_mut().zip(found) {
            tally.add(found);
        }
        refusal = refusal.or(refused);
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
        outcomes: tallies
            .into_iter()
            .map(|tally| tally.outcome(&reason))
            .collect(),
        functions: instances
            .first()
            .map(|instance| declared::check(system, instance, plan.seed))
            .unwrap_or_default(),
        instances: names_of_instances,
    }
}

/// The work on each of several choices of sizes, in their order. They share nothing, so each has a thread.
fn each_alone<T: Send>(
    instances: &mut [Instance],
    work: impl Fn(usize, &Instance) -> T + Sync,
) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let mut all = instances.iter_mut().enumerate();
        let first = all.next();
        let others: Vec<_> = all
            .map(|(number, instance)| scope.spawn(move || work(number, instance)))
            .collect();
        let first = first.map(|(number, instance)| work(number, instance));
        let others = others.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        first.into_iter().chain(others).collect()
    })
}

/// The numbers to take for Step(0): several where it is unknown.
fn steps_at_zero(convention: StepAtZero) -> Vec<f64> {
    convention
        .number()
        .map_or_else(|| vec![0.37, 0.0, 1.0], |number| vec![number])
}

/// What was seen of one formula.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) points: usize,
    /// Points at which the derivative was not 0.
    pub(super) live: usize,
    pub(super) patterns: BTreeSet<u64>,
    pub(super) worst: f64,
    pub(super) failure: Option<Box<Failure>>,
    /// Somewhere truth and formula were too small to be compared, and yet not 0.
    pub(super) small: bool,
    pub(super) near_kinks: usize,
    pub(super) compared: usize,
    /// A line before the result had a value at no point.
    pub(super) unread: bool,
}

impl Tally {
    /// Adds what was seen at other sizes; of two failures the first one stays.
    fn add(&mut self, other: Tally) {
        self.points += other.points;
        self.live += other.live;
        self.patterns.extend(other.patterns);
        self.worst = self.worst.max(other.worst);
        self.failure = self.failure.take().or(other.failure);
        self.small |= other.small;
        self.near_kinks += other.near_kinks;
        self.compared += other.compared;
        self.unread |= other.unread;
    }

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
        if self.unread {
            return Outcome {
                status: Status::Unconfirmed {
                    reason: "a line before the result has a value at no point".into(),
                },
                notes,
            };
        }
        if self.live == 0 && self.small {
            return Outcome {
                status: Status::Unconfirmed {
                    reason: "at every point the derivative was too small to be told from rounding"
                        .into(),
                },
                notes,
            };
        }
        if self.live == 0 {
            notes.push("0 at every point, by both routes".to_owned());
        }
        if self.near_kinks > 0 {
            notes.push(match self.near_kinks {
                1 => "1 difference had a kink within its step and was not compared".to_owned(),
                count => {
                    format!(
                        "{count} differences had a kink within their step and were not compared"
                    )
                }
            });
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

/// One choice of sizes and of Step(0).
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'d> {
    pub(super) derivation: &'d Derivation,
    pub(super) formulas: &'d [Formula],
    pub(super) instance: &'d Instance,
    /// The adjoint families that say nothing of points on kinks.
    pub(super) off_kinks: &'d FxHashSet<FamilyId>,
    pub(super) step_at_zero: f64,
    seed: u64,
    points: usize,
    /// Whether points and patterns are counted; they are the same in every round of an unknown Step(0).
    pub(super) counted: bool,
}

/// Beyond this many numbers a network gets half of the points.
const LARGE: usize = 20_000;

impl Run<'_> {
    /// Compares everything. Returns why no point was admissible, if none was.
    fn confirm(&self, tallies: &mut [Tally]) -> Option<String> {
        let system = &self.derivation.system;
        let (mut groups, mut all) = sheets(system, self.formulas);
        let first_rule = all.len();
        all.extend(assumed::sheets(system));
        let mut lines = lines::lines(self, system.families.len(), &mut all);
        let conditions = conditions::conditions(self.formulas, system.families.len(), &mut all);
        let program = Program::with_sheets(system, self.instance, all);
        let rules = assumed::rules(&program, first_rule);
        for each in &mut groups {
            group(self, &program, each, tallies);
        }
        find_gaps(self, &program, &groups, tallies);
        groups.retain(|group| !group.columns.is_empty());
        if groups.is_empty() {
            return None;
        }
        let mut targets: Vec<BlockId> = Vec::new();
        let mut families: Vec<_> = groups.iter().map(|group| group.of).collect();
        families.sort_unstable();
        families.dedup();
        for family in families {
            targets.extend(
                program
                    .keys_of(family)
                    .into_iter()
                    .map(|keys| program.block_id(family, keys)),
            );
        }
        let mut sampler = Sampler::new(&program, self.step_at_zero, self.seed, rules, targets);
        let count = if sampler.numbers() > LARGE {
            self.points.div_ceil(2)
        } else {
            self.points
        };
        let unknown = self.derivation.step_at_zero == StepAtZero::Undefined;
        let samples = sampler.samples(count, !unknown);
        if samples.is_empty() {
            return Some(
                sampler
                    .refusal
                    .take()
                    .unwrap_or_else(|| "no point was found".into()),
            );
        }
        let mut comparison = Comparison::new(self, &program, &groups, conditions, self.seed);
        for (round, sample) in samples.iter().enumerate() {
            comparison.compare_all(&groups, sample, tallies);
            lines::compare(self, &program, &mut lines, (round, sample), tallies);
        }
        lines::finish(&lines, &program, tallies);
        // The derivative should not vanish at more than half of the points.
        for round in 0..self.points {
            if !comparison.lacks_life(samples.len()) {
                break;
            }
            let Some(sample) = sampler.more(round) else {
                break;
            };
            comparison.compare_all(&groups, &sample, tallies);
        }
        None
    }

    /// The value that an index of a question is fixed to.
    pub(super) fn asked(&self, group: &Group) -> Vec<Vec<Option<i64>>> {
        self.derivation
            .asked
            .iter()
            .filter(|asked| asked.adjoint == group.adjoint)
            .map(|asked| {
                asked
                    .index
                    .iter()
                    .map(|entry| entry.as_ref().and_then(|value| self.instance.whole(value)))
                    .collect()
            })
            .collect()
    }
}
