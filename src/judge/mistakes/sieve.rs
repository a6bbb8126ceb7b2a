//! Which of many edits could make a claim equal: all are compared at one point, few are left for everything that decides.

use rustc_hash::FxHashMap;

use super::super::compare::{Make, arithmetic, built};
use super::super::evaluate::{Env, Evaluator, Memory, Point};
use super::super::field::Residues;
use super::super::line::Judge;
use super::super::point::Demands;
use crate::claim::{Expr, Letters, Lowering};
use crate::term::TermId;

/// The entries of both sides at one point, for some values of the free letters.
pub(super) struct Sieve {
    pub(super) point: Point,
    choices: Vec<Letters>,
    memory: Memory,
}

/// The values of all entries that are compared.
pub(super) type Values = Vec<Residues>;

/// At more values of the free letters than this an edit is not looked at.
const MOST_CHOICES: usize = 6;

/// Claims with more entries are compared at some of them.
const MOST_ENTRIES: usize = 400;

impl Sieve {
    /// A point at which the truth has a value and is not 0; none if there is no such point.
    pub(super) fn new(judge: &mut Judge<'_>, truth: &Expr, claim: &Expr) -> Option<Self> {
        let rules = judge.letters();
        let lowering = &mut judge.lowerings[0];
        let all = match lowering.choices(&[truth, claim], rules) {
            Ok(all) => all,
            Err(_) => lowering.choices(&[truth], rules).ok()?,
        };
        let mut own = truth.free_letters();
        own.extend(rules.iter().filter_map(|rule| rule.fixed().map(str::to_owned)));
        let mut choices: Vec<Letters> = Vec::new();
        for mut letters in all {
            letters.retain(|(letter, _)| own.contains(letter));
            if !choices.contains(&letters) {
                choices.push(letters);
            }
        }
        let stride = choices.len().div_ceil(MOST_CHOICES).max(1);
        let choices: Vec<Letters> = choices.into_iter().step_by(stride).collect();
        let zero = judge.at_points(0, claim.span).ok()?;
        let demands = Demands {
            zero,
            ..Demands::default()
        };
        let pairs = judge.pairs(0, truth, truth).ok()?.0;
        let search = judge.search(0, false);
        let makes = [(1_000, Make::AllOn), (1_001, Make::AllOn), (3, Make::Plain), (5, Make::Plain)];
        for (seed, make) in makes {
            let lowering = &mut judge.lowerings[0];
            let Some(point) = built(lowering, &pairs, &demands, search, seed, make, arithmetic(0, 2)) else {
                continue;
            };
            let mut sieve = Self {
                point,
                choices: choices.clone(),
                memory: Memory::default(),
            };
            let alive = sieve
                .values(lowering, truth, truth)
                .is_some_and(|values| values.iter().any(|value| sieve.top(value) != 0));
            if alive {
                return Some(sieve);
            }
        }
        None
    }

    /// What is compared of a value.
    pub(super) fn top(&self, value: &Residues) -> u128 {
        self.point.arithmetic.field.top(value)
    }

    /// The entries of an expression arranged as those of the truth.
    fn terms(
        &self,
        lowering: &mut Lowering<'_>,
        truth: &Expr,
        expr: &Expr,
    ) -> Option<Vec<TermId>> {
        let mut terms = Vec::new();
        for letters in &self.choices {
            lowering.work = 0;
            let left = lowering.array(truth, letters).ok()?;
            let right = lowering.array(expr, letters).ok()?;
            let (_, right) = lowering.matched(&left, &right, expr.span).ok()?;
            terms.extend(right.entries);
        }
        let stride = terms.len().div_ceil(MOST_ENTRIES).max(1);
        Some(terms.into_iter().step_by(stride).collect())
    }

    fn evaluated(
        &self,
        lowering: &mut Lowering<'_>,
        terms: &[TermId],
        memory: Memory,
    ) -> (Option<Values>, Memory) {
        let mut evaluator = Evaluator::resumed(lowering, &self.point, memory);
        let mut values = Vec::with_capacity(terms.len());
        for term in terms {
            match evaluator.term(*term, &Env::new()) {
                Ok(value) if value.residues.is_some() => values.extend(value.residues),
                _ => return (None, evaluator.memory),
            }
        }
        (Some(values), evaluator.memory)
    }

    /// The values of an expression; none if it has none here or another shape than the truth.
    pub(super) fn values(
        &mut self,
        lowering: &mut Lowering<'_>,
        truth: &Expr,
        expr: &Expr,
    ) -> Option<Values> {
        let terms = self.terms(lowering, truth, expr)?;
        let memory = std::mem::take(&mut self.memory);
        let (values, memory) = self.evaluated(lowering, &terms, memory);
        self.memory = memory;
        values
    }

    /// The values of what is claimed about as another system has them.
    pub(super) fn values_over(
        &self,
        lowering: &mut Lowering<'_>,
        truth: &Expr,
        settle: &mut dyn FnMut(&mut Lowering<'_>),
    ) -> Option<Values> {
        let terms = self.terms(lowering, truth, truth)?;
        settle(lowering);
        self.evaluated(lowering, &terms, Memory::default()).0
    }

    /// The inverse of a constant.
    pub(super) fn inverse(&self, lowering: &mut Lowering<'_>, constant: &Expr) -> Option<Residues> {
        let array = lowering.array(constant, &Letters::new()).ok()?;
        let (values, _) = self.evaluated(lowering, &array.entries, Memory::default());
        self.point.arithmetic.field.inverse(values?.first()?)
    }

    /// Values multiplied by a number.
    pub(super) fn scaled(&self, values: &Values, factor: &Residues) -> Values {
        let field = self.point.arithmetic.field;
        values
            .iter()
            .map(|value| field.times(value, factor))
            .collect()
    }

    /// By what values are found again.
    pub(super) fn key(&self, values: &Values) -> Vec<u128> {
        values.iter().map(|value| self.top(value)).collect()
    }
}

/// What has which values.
pub(super) type Known<T> = FxHashMap<Vec<u128>, Vec<T>>;
