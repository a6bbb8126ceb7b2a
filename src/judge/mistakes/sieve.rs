//! Which of many edits could make a claim equal: all are compared at one point, few are left for everything that decides.

use rustc_hash::FxHashMap;

use super::super::compare::{Make, built, drawn};
use super::super::evaluate::{Env, Evaluator, Memory, Point};
use super::super::field::{Field, Residues};
use super::super::line::Judge;
use super::super::point::Demands;
use crate::claim::{Expr, LetterRule, Letters, Lowering};
use crate::term::TermId;

/// The entries of both sides at a few points, for some values of the free letters.
pub(super) struct Sieve<'r> {
    rules: &'r [LetterRule],
    points: Vec<Point>,
    choices: Vec<Letters>,
    memories: Vec<Memory>,
}

/// The values of all entries that are compared.
pub(super) type Values = Vec<Residues>;

/// At more values of the free letters than this an edit is not looked at.
const MOST_CHOICES: usize = 6;

/// Claims with more entries are compared at some of them.
const MOST_ENTRIES: usize = 240;

/// How often residues are drawn until all roots exist.
const MOST_DRAWS: usize = 16;

/// Points as they come, and where there are kinks: with every unit active, and with one of the first turned off.
const POINTS: &[&[(u64, Make)]] = &[
    &[
        (4, Make::Plain),
        (5, Make::Plain),
        (6, Make::Plain),
        (9, Make::Quiet),
    ],
    &[(7, Make::Plain), (8, Make::Plain)],
    &[
        (1_000, Make::AllOn),
        (1_001, Make::AllOn),
        (1_002, Make::QuietOn),
    ],
    &[(1_020, Make::Flipped(0))],
    &[(1_021, Make::Flipped(1))],
    &[(1_022, Make::Flipped(2))],
];

/// How many points do where there are no kinks.
const SMOOTH_POINTS: usize = 2;

impl<'r> Sieve<'r> {
    /// Points at which the truth has a value and is not always 0; none if there are no such points.
    pub(super) fn new(judge: &mut Judge<'r>, truth: &Expr, claim: &Expr) -> Option<Self> {
        let rules = judge.letters();
        let lowering = &mut judge.lowerings[0];
        let all = match lowering.choices(&[truth, claim], rules) {
            Ok(all) => all,
            Err(_) => lowering.choices(&[truth], rules).ok()?,
        };
        let mut own = truth.free_letters();
        own.extend(
            rules
                .iter()
                .filter_map(|rule| rule.fixed().map(str::to_owned)),
        );
        let mut choices: Vec<Letters> = Vec::new();
        for mut letters in all {
            if lowering.says_nothing(claim, rules, &letters) {
                continue;
            }
            letters.retain(|(letter, _)| own.contains(letter));
            if !choices.contains(&letters) {
                choices.push(letters);
            }
        }
        let stride = choices.len().div_ceil(MOST_CHOICES).max(1);
        let zero = judge.at_points(0, claim.span).ok()?;
        let demands = Demands {
            zero,
            ..Demands::default()
        };
        let pairs = judge.pairs(0, truth, truth).ok()?.0;
        let search = judge.search(0, false);
        let lowering = &mut judge.lowerings[0];
        let mut sieve = Self {
            rules,
            points: Vec::new(),
            choices: choices.into_iter().step_by(stride).collect(),
            memories: Vec::new(),
        };
        let terms = sieve.terms(lowering, truth, truth)?;
        let mut kinks = false;
        for (at, makes) in POINTS.iter().enumerate() {
            if at >= SMOOTH_POINTS && !kinks {
                break;
            }
            let draws =
                (0..MOST_DRAWS).flat_map(|draw| makes.iter().map(move |make| (draw, *make)));
            for (draw, (seed, make)) in draws {
                let arithmetic = drawn(draw, Field::single(draw));
                let built = built(lowering, &pairs, &demands, search, seed, make, arithmetic);
                let Some(point) = built else { continue };
                let mut evaluator = Evaluator::new(lowering, &point);
                let known = terms.iter().all(|term| {
                    let value = evaluator.term(*term, &Env::new());
                    value.is_ok_and(|value| value.residues.is_some())
                });
                kinks |= !evaluator.kinks.is_empty();
                let accident = evaluator.kinks.iter().any(|kink| kink.accidental);
                let memory = evaluator.memory;
                if known && !accident {
                    sieve.points.push(point);
                    sieve.memories.push(memory);
                    break;
                }
            }
        }
        let values = sieve.values(lowering, truth, truth)?;
        (!sieve.points.is_empty() && !sieve.vanishes(&values)).then_some(sieve)
    }

    fn field(&self) -> Field {
        self.points[0].arithmetic.field
    }

    /// Whether all values are 0.
    pub(super) fn vanishes(&self, values: &Values) -> bool {
        self.key(values).iter().all(|value| *value == 0)
    }

    /// Whether values are multiples of others by one number.
    pub(super) fn proportional(&self, a: &Values, b: &Values) -> bool {
        // Different points may have different fields.
        let share = a.len() / self.points.len().max(1);
        let mut factors = Vec::new();
        for (at, point) in self.points.iter().enumerate() {
            let field = point.arithmetic.field;
            for (a, b) in a.iter().zip(b).skip(at * share).take(share) {
                match field.inverse(b) {
                    Some(inverse) => factors.push(field.top(&field.times(a, &inverse))),
                    None if field.top(a) == 0 => {}
                    None => return false,
                }
            }
        }
        factors.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// The entries of an expression arranged as those of the truth.
    fn terms(&self, lowering: &mut Lowering<'_>, truth: &Expr, expr: &Expr) -> Option<Vec<TermId>> {
        let mut terms = Vec::new();
        for letters in &self.choices {
            lowering.work = 0;
            let left = lowering.array(truth, letters).ok()?;
            let right = lowering.array_like(expr, &left, letters).ok()?;
            let (_, right) = lowering.matched(&left, &right, expr.span).ok()?;
            let guard = lowering.guard(self.rules, letters).ok()?;
            terms.extend(lowering.guarded(&right, guard).entries);
        }
        let stride = terms.len().div_ceil(MOST_ENTRIES).max(1);
        Some(terms.into_iter().step_by(stride).collect())
    }

    /// The values of an expression; none if it has none here or another shape than the truth.
    pub(super) fn values(
        &mut self,
        lowering: &mut Lowering<'_>,
        truth: &Expr,
        expr: &Expr,
    ) -> Option<Values> {
        let terms = self.terms(lowering, truth, expr)?;
        let mut all = Vec::new();
        for (point, memory) in self.points.iter().zip(&mut self.memories) {
            let (values, known) = evaluated(lowering, point, &terms, std::mem::take(memory));
            *memory = known;
            all.extend(values?);
        }
        Some(all)
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
        let mut all = Vec::new();
        for point in &self.points {
            all.extend(evaluated(lowering, point, &terms, Memory::default()).0?);
        }
        Some(all)
    }

    /// The inverse of a constant at each point; none if it has none.
    pub(super) fn inverse(
        &self,
        lowering: &mut Lowering<'_>,
        constant: &Expr,
    ) -> Option<Vec<Residues>> {
        let array = lowering.array(constant, &Letters::new()).ok()?;
        let mut found = Vec::with_capacity(self.points.len());
        for point in &self.points {
            let (value, _) = evaluated(lowering, point, &array.entries, Memory::default());
            found.push(point.arithmetic.field.inverse(value?.first()?)?);
        }
        Some(found)
    }

    /// Values multiplied by a factor for each point.
    pub(super) fn scaled(&self, values: &Values, factors: &[Residues]) -> Values {
        let share = values.len() / self.points.len().max(1);
        let mut all = Vec::with_capacity(values.len());
        for (at, (point, factor)) in self.points.iter().zip(factors).enumerate() {
            let own = values.iter().skip(at * share).take(share);
            all.extend(own.map(|value| point.arithmetic.field.times(value, factor)));
        }
        all
    }

    /// By what values are found again.
    pub(super) fn key(&self, values: &Values) -> Vec<u64> {
        let field = self.field();
        values.iter().map(|value| field.top(value)).collect()
    }
}

fn evaluated(
    lowering: &mut Lowering<'_>,
    point: &Point,
    terms: &[TermId],
    memory: Memory,
) -> (Option<Values>, Memory) {
    let mut evaluator = Evaluator::resumed(lowering, point, memory);
    let mut values = Vec::with_capacity(terms.len());
    for term in terms {
        match evaluator.term(*term, &Env::new()) {
            Ok(value) if value.residues.is_some() => values.extend(value.residues),
            _ => return (None, evaluator.memory),
        }
    }
    (Some(values), evaluator.memory)
}

/// What has which values.
pub(super) type Known<T> = FxHashMap<Vec<u64>, Vec<T>>;
