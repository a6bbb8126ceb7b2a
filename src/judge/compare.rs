//! Two sides at concrete sizes: refuted by exact or enclosed numbers, or tested for identity, step pattern by step pattern.

use std::cmp::Ordering;

use rustc_hash::{FxHashMap, FxHasher};
use smallvec::{SmallVec, smallvec};

use super::evaluate::{
    Detached, Element, Env, Evaluator, Forced, Kink, Numbers, Point, Steps, is_intermediate,
};
use super::field::Field;
use super::finite::refuted_by_values;
use super::kinks::{beside_kinks, hole, on_kinks};
use super::point::{Demands, Plan, keeps_signs, point, satisfied, steered};
use super::rational::Rational;
use super::reach::{Wanted, dead_revived, patterns_not_met, zeros_not_met};
use super::slopes::without_slope;
use super::value::{Arithmetic, Real, Trouble, Value, differ, lie_close, show, told_apart};
use crate::claim::Lowering;
use crate::syntax::StepAtZero;
use crate::system::{Fact, Primitive, System};
use crate::term::{FamilyId, Node, TermId};

/// A point that a person can check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The given quantities with their values.
    pub point: Vec<(String, String)>,
    /// The value of what is claimed; none if it has no value there.
    pub claim_value: Option<String>,
    /// The true value.
    pub true_value: String,
    /// Which element, if there are several.
    pub element: Option<String>,
    /// The signs of what stands in kinked functions, in the order in which they are met.
    pub step_pattern: String,
    /// The sizes.
    pub sizes: String,
    /// Whether the two values are told apart by their first digits.
    pub visible: bool,
    /// The given quantities that are not positive there.
    pub(super) not_positive: Vec<FamilyId>,
    /// Those all of whose elements that count are 0 or 1 there.
    pub(super) binary: Vec<FamilyId>,
}

/// What comparing has shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// They are the same at all points of all step patterns that were met.
    Same {
        patterns: usize,
        /// A point on a kink at which they are not.
        except: Option<Counterexample>,
        /// Whether it was shown for their derivatives, and for them at points only.
        by_slopes: bool,
    },
    Differs(Counterexample),
    /// Nothing was shown, and why.
    Open(String),
}

/// A pair of numbers that are claimed to be equal, with the letters' values.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) truth: TermId,
    pub(super) claim: TermId,
    pub(super) element: Option<String>,
}

/// How one point is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Make {
    Plain,
    /// With inputs below 1.
    Quiet,
    AllOn,
    /// The same with inputs below 1.
    QuietOn,
    AllOff,
    /// The kink of this number turned round, the others on.
    Flipped(usize),
    /// The kinks of one summand on, whatever that does to the others.
    Summand(usize),
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search {
    pub(super) step_at_zero: StepAtZero,
    /// How many random points.
    pub(super) points: u64,
    /// Whether the points on kinks are looked at too.
    pub(super) kinks: bool,
    /// Only points at which every kink's argument is positive.
    pub(super) active: bool,
    /// Whether a counterexample is shown to a person, who is to see the difference.
    pub(super) shown: bool,
    /// Whether all values of what has few are tried.
    pub(super) values: bool,
    /// Whether the sides may still be shown to be identical; if not, they are only refuted.
    pub(super) prove: bool,
    /// How often derivatives may be taken to show it.
    pub(super) slopes: u8,
    pub(super) detached: Detached,
}

/// What one point showed.
pub(super) enum Shown {
    Refuted(Counterexample),
    /// Equal as far as numbers can tell; how many towers show the sides to be identical, 0 if one tells them apart.
    Agrees(usize),
    /// The residues have no value here: other ones may.
    Unlucky,
    Nothing,
}

pub(super) struct At {
    pub(super) shown: Shown,
    /// For each pair in how many towers both sides are the same.
    agreed: Vec<usize>,
    /// Whether the numbers of both sides lie close together: an enclosure may hold everything.
    close: bool,
    /// Whether there were residues.
    residues: bool,
    pub(super) kinks: Vec<Kink>,
    /// What the claim divides by and the truth does not.
    divisors: Vec<(TermId, Env)>,
    /// Whether the values depended on more than sums, products, whole powers and functions with kinks or without.
    branched: bool,
    /// Whether all kinks of the truth are on.
    all_on: bool,
    /// For each pair whether the truth is certainly not 0.
    alive: Vec<bool>,
}

impl At {
    /// Whether both sides are the same formulas of the inputs wherever these are.
    fn is_straight(&self) -> bool {
        self.kinks.is_empty() && !self.branched
    }

    /// Adds in how many towers each pair is the same, and says whether each is in as many as are wanted.
    pub(super) fn agree(&self, agreed: &mut [usize], wanted: usize) -> bool {
        for (all, here) in agreed.iter_mut().zip(&self.agreed) {
            *all += here;
        }
        agreed.iter().all(|towers| *towers >= wanted)
    }
}

/// At further step patterns the sides are only compared: exactly equal at a random point, or enclosed together.
const MOST_PATTERNS: usize = 16;

/// So many points more are tried where the first show nothing.
const SPARE_POINTS: u64 = 20;

/// What seeds grow by, and up to what, where other numbers are to be tried for one step pattern.
const SEED_STEP: u64 = 2_000;
const MOST_SEEDS: u64 = 10_000;

/// So many kinks are looked at from both sides.
const MOST_BESIDE: usize = 24;

/// So many signs of kinks are remembered.
const MOST_SIGNS: usize = 400;

/// For so many summands points are built at which all of their kinks are on.
const MOST_SUMMANDS: usize = 6;

/// So many points with inputs below 1 are tried, for a counterexample that can be seen or a value that is not 0.
const QUIET_POINTS: u64 = 4;

/// So many more for a value that is not 0.
const OTHER_POINTS: u64 = 120;

/// How often kinks are looked for with other residues.
const KINK_DRAWS: usize = 24;

/// From so many step patterns kinks are looked for.
pub(super) const MOST_STARTS: usize = 6;

/// How often where inputs have few values: on a kink both sides may be the same for one of them.
const DRAWS_OF_FEW: usize = 8;

/// How often other residues are drawn in two towers each; in one tower twice as often.
pub(super) const MOST_DRAWS: usize = 80;

/// So often other residues are drawn for steps that are unknown numbers.
const MOST_FORMAL: usize = 2;

/// More steps are not evaluated for one comparison.
const MOST_STEPS: u64 = 60_000_000;

/// Compares pairs of one instance, within a bound.
///
/// What holds whatever values the quantities of the network have holds for those that they have: where the sides are shown to be
/// identical so, neither these definitions nor what lies behind them has to be looked at. Sums and products are given any
/// value first, all quantities where nothing else decides.
pub(super) fn compare(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
) -> Outcome {
    let same_if = |lowering: &mut Lowering<'_>, detached: Detached| {
        let (system, structure) = (&lowering.system, &mut lowering.structure);
        let mut families = system.family_ids();
        let more = families.any(|family| {
            let sum = structure.is_detachable(system, family);
            is_intermediate(system, family) && sum == (detached == Detached::Sums)
        });
        let detached = Search {
            shown: false,
            slopes: 0,
            detached,
            ..search
        };
        let found = more.then(|| bounded(lowering, pairs, demands, detached));
        found.filter(|found| matches!(found, Outcome::Same { except: None, .. }))
    };
    if search.prove
        && let Some(same) = same_if(lowering, Detached::Sums)
    {
        return same;
    }
    match bounded(lowering, pairs, demands, search) {
        Outcome::Open(why) if search.prove => {
            same_if(lowering, Detached::All).unwrap_or(Outcome::Open(why))
        }
        found => found,
    }
}

fn bounded(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
) -> Outcome {
    let start = lowering.structure.steps;
    let most = lowering.structure.most_steps.replace(start + MOST_STEPS);
    let outcome = compared(lowering, pairs, demands, search);
    lowering.structure.most_steps = most;
    if lowering.structure.steps - start <= MOST_STEPS || matches!(outcome, Outcome::Differs(_)) {
        return outcome;
    }
    Outcome::Open(format!(
        "after {MOST_STEPS} steps of evaluating both sides at points of several step patterns nothing tells them apart, \
         and they are not shown to be identical"
    ))
}

fn compared(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
) -> Outcome {
    let mut patterns: FxHashMap<u64, ()> = FxHashMap::default();
    let mut first: Option<(u64, Make, Vec<Kink>)> = None;
    // A point of each pattern: a kink may show there and nowhere else, behind a unit that is on or off.
    let mut starts: Vec<(u64, Make, Vec<Kink>)> = Vec::new();
    let mut unproved = (!search.prove).then(|| UNPROVED.to_owned());
    let mut alive: Vec<bool> = pairs
        .iter()
        .map(|pair| lowering.system.store.is_zero(pair.truth))
        .collect();
    let mut makes: Vec<(u64, Make)> = Vec::new();
    for seed in 0..search.points {
        makes.push((
            seed,
            if search.active {
                Make::AllOn
            } else {
                Make::Plain
            },
        ));
    }
    let few_values = has_few_values(&lowering.system);
    let mut met: Vec<Kink> = Vec::new();
    let mut divisors: Vec<(TermId, Env)> = Vec::new();
    let mut signs: Vec<Kink> = Vec::new();
    let mut formal = false;
    let mut at = 0;
    let mut spare = SPARE_POINTS;
    let mut quiet = 0;
    let mut others = 0;
    loop {
        if at == makes.len() && first.is_none() && spare > 0 {
            // Where values meet by chance, as those of a maximum do, nothing is shown: another point.
            let seed = search.points + SPARE_POINTS - spare;
            makes.push((seed, makes[0].1));
            spare -= 1;
        }
        let dead = first.is_some() && !formal && alive.contains(&false);
        if at == makes.len() && dead && quiet < QUIET_POINTS {
            // Where a function saturates nothing is told from 0.
            makes.push((1_100 + quiet, Make::QuietOn));
            quiet += 1;
        }
        if at == makes.len() && dead && quiet == QUIET_POINTS && others < OTHER_POINTS {
            // Which of several is the least, and has a derivative, is a matter of chance.
            let quiet = others % 2 == 0 && !search.active;
            let make = if quiet { Make::Quiet } else { makes[0].1 };
            makes.push((1_200 + others, make));
            others += 1;
        }
        let Some(&(seed, make)) = makes.get(at) else {
            break;
        };
        at += 1;
        let Some(point) = built(lowering, pairs, demands, search, seed, make, pair(0)) else {
            continue;
        };
        // Where kinks were met the pattern may be new, and is then tested for identity, unless that failed already.
        let smooth = first.as_ref().is_some_and(|(_, _, kinks)| kinks.is_empty());
        let prove = !formal && unproved.is_none();
        let residues = point.on_kink || (!smooth && prove);
        let mut found = look(lowering, pairs, &point, residues);
        let unknown = prove && !patterns.contains_key(&signature(&found.kinks));
        let on_kink = found.kinks.iter().any(|kink| kink.sign == Ordering::Equal);
        if !found.residues && (unknown || on_kink) {
            found = look(lowering, pairs, &point, true);
        }
        if let Shown::Nothing = found.shown {
            continue;
        }
        if found.kinks.iter().any(|kink| kink.accidental) {
            continue;
        }
        if search.active && !is_active(&mut lowering.system, &found.kinks) {
            continue;
        }
        let told = found.close || matches!(found.shown, Shown::Refuted(_) | Shown::Agrees(1..));
        for kink in found.kinks.iter().filter(|_| told) {
            if met.len() < MOST_BESIDE && !met.iter().any(|other| other.is_same(kink)) {
                met.push(kink.clone());
            }
            let known = |other: &Kink| other.sign == kink.sign && other.is_same(kink);
            if signs.len() < MOST_SIGNS && !signs.iter().any(known) {
                signs.push(kink.clone());
            }
        }
        // With every kink on, what is 0 is 0 by its structure.
        for (seen, now) in alive.iter_mut().zip(&found.alive) {
            *seen |= *now || found.all_on;
        }
        if first.is_none() {
            first = Some((seed, make, found.kinks.clone()));
            divisors.clone_from(&found.divisors);
            if unproved.is_none()
                && !found.is_straight()
                && !few_values
                && demands.zero.is_empty()
                && matches!(found.shown, Shown::Agrees(1..))
                && let Some(divides_by) =
                    formally_identical(lowering, pairs, demands, search, (seed, make))
            {
                formal = true;
                divisors = divides_by;
            }
            if !search.active && !found.kinks.is_empty() && !formal {
                // Points built for patterns that chance seldom meets.
                for seed in 0..2 {
                    makes.push((1_000 + seed, Make::AllOn));
                }
                makes.push((1_010, Make::AllOff));
                for number in 0..kinked_summands(lowering, pairs).len() {
                    makes.push((1_040 + number as u64, Make::Summand(number)));
                }
                for number in 0..found.kinks.len().min(8) {
                    makes.push((1_020 + number as u64, Make::Flipped(number)));
                }
            }
        }
        let pattern = signature(&found.kinks);
        let known = patterns.contains_key(&pattern);
        match found.shown {
            Shown::Refuted(example) => {
                let plainer = (search.shown && !example.visible)
                    .then(|| visible(lowering, pairs, demands, search))
                    .flatten();
                return Outcome::Differs(plainer.unwrap_or(example));
            }
            Shown::Agrees(_) | Shown::Unlucky if known || patterns.len() >= MOST_PATTERNS => {}
            Shown::Agrees(_) | Shown::Unlucky if formal => {
                patterns.insert(pattern, ());
            }
            Shown::Agrees(_) | Shown::Unlucky => {
                if unproved.is_none() {
                    match identical(lowering, pairs, demands, search, (seed, make), &found) {
                        Ok(()) => {
                            patterns.insert(pattern, ());
                            starts.push((seed, make, found.kinks.clone()));
                            // Other points have nothing to add.
                            if found.is_straight() && !few_values {
                                break;
                            }
                        }
                        Err(why) => unproved = Some(why),
                    }
                }
                // Residues differ: where the numbers were equal by chance, others may tell the sides apart.
                if unproved.is_some() && seed < MOST_SEEDS {
                    makes.push((seed + SEED_STEP, make));
                }
            }
            Shown::Nothing => {}
        }
    }
    let Some((seed, make, kinks)) = first else {
        let none = "no point was found at which both sides have a value";
        return Outcome::Open(unproved.unwrap_or_else(|| none.into()));
    };
    let mut patterns = patterns.len();
    let by_slopes = unproved.is_some();
    if let Some(why) = unproved {
        let shown = (search.prove && search.slopes > 0)
            .then(|| without_slope(lowering, pairs, demands, search))
            .flatten();
        match shown {
            Some(count) => patterns = count,
            None => return Outcome::Open(why),
        }
    }
    if formal {
        return Outcome::Same {
            patterns,
            except: hole(lowering, pairs, demands, search, (seed, make), &divisors)
                .filter(|_| search.kinks),
            by_slopes,
        };
    }
    let mut all = starts.clone();
    if !all.iter().any(|start| start.0 == seed) {
        all.push((seed, make, kinks.clone()));
    }
    if alive.contains(&false)
        && let Some(found) = dead_revived(lowering, pairs, demands, search, &all, &alive)
    {
        return found;
    }
    if patterns == 0 {
        return Outcome::Open("no step pattern could be decided".into());
    }
    if search.values
        && few_values
        && let Some(start) = built(lowering, pairs, demands, search, seed, make, pair(0))
        && let Some(example) = refuted_by_values(lowering, pairs, demands, &start, search.active)
    {
        return Outcome::Differs(example);
    }
    if !search.active
        && let Some(example) = beside_kinks(lowering, pairs, demands, search, (seed, make), &met)
    {
        return Outcome::Differs(example);
    }
    if !search.active
        && let Some(found) =
            patterns_not_met(lowering, pairs, demands, search, &all, (&signs, by_slopes))
    {
        return found;
    }
    let mut except = None;
    if search.kinks && search.step_at_zero != StepAtZero::Undefined {
        let others = starts.into_iter().filter(|start| start.0 != seed);
        let (on, others): (Vec<_>, Vec<_>) = others.partition(|(_, make, _)| *make == Make::AllOn);
        let first = std::iter::once((seed, make, kinks));
        // A kink that is met from one of them is known.
        let mut met: Vec<Kink> = Vec::new();
        let mut open: Vec<Kink> = Vec::new();
        for (seed, make, kinks) in first.chain(on).chain(others).take(MOST_STARTS) {
            let mut unmet = kinks.clone();
            // Where a root is met, its residues may have to be drawn again; where both sides are the same by chance, others.
            let mut found = None;
            let mut wanted = if few_values { DRAWS_OF_FEW } else { 1 };
            for draw in 0..KINK_DRAWS + wanted {
                let start = (seed + draw as u64 * SEED_STEP, make, draw);
                let wanted_on = if unmet.is_empty() { &kinks } else { &unmet };
                match on_kinks(
                    lowering,
                    pairs,
                    demands,
                    search,
                    start,
                    (wanted_on, by_slopes),
                ) {
                    Ok(example) => {
                        found = example;
                        unmet.clear();
                        wanted -= 1;
                    }
                    Err(left) => unmet.retain(|kink| left.contains(kink)),
                }
                if wanted == 0 || found.is_some() {
                    break;
                }
            }
            met.extend(kinks.into_iter().filter(|kink| !unmet.contains(kink)));
            open.append(&mut unmet);
            except = found;
            if except.is_some() {
                break;
            }
        }
        open.retain(|kink| !met.iter().any(|other| other.is_same(kink)));
        if except.is_none() && !zeros_not_met(lowering, pairs, demands, search, &all, open) {
            let why =
                "equal off the kinks; on a kink no exact point was found to tell what holds there";
            return Outcome::Open(why.into());
        }
    }
    if search.kinks && except.is_none() {
        except = hole(lowering, pairs, demands, search, (seed, make), &divisors);
    }
    Outcome::Same {
        patterns,
        except,
        by_slopes,
    }
}

/// Whether the arguments of all kinks are positive, of what has a kink on both sides, as |x| has, that which was met first.
pub(super) fn is_active(system: &mut System, kinks: &[Kink]) -> bool {
    let mut negative = |kink: &Kink| system.store.negative(kink.argument);
    kinks.iter().enumerate().all(|(at, kink)| {
        kink.sign == Ordering::Greater || {
            kinks[..at].iter().any(|known| {
                known.sign == Ordering::Greater
                    && known.env == kink.env
                    && negative(known) == kink.argument
            })
        }
    })
}

/// Whether an input has some values only: a class, a target that is 0 or 1.
pub(super) fn has_few_values(system: &System) -> bool {
    let mut facts = system.assumptions.iter().map(|assumption| &assumption.fact);
    let mut families = system.family_ids().map(|family| system.family(family));
    facts.any(|fact| matches!(fact, Fact::OneOf(..) | Fact::OneHot(..)))
        || families.any(|family| family.integers.is_some())
}

/// Summands of either side that have several kinks: products that are 0 unless all of them are on.
fn kinked_summands(lowering: &Lowering<'_>, pairs: &[Pair]) -> Vec<TermId> {
    let store = &lowering.system.store;
    let kinked = |term: TermId| {
        let mut calls = 0;
        store.any(term, |node| {
            if let Node::Apply(function, _, _) = node {
                let primitive = lowering.system.function(*function).primitive;
                calls += usize::from(matches!(primitive, Some(Primitive::Relu | Primitive::Step)));
            }
            calls > 1
        })
    };
    let mut found: Vec<TermId> = Vec::new();
    for pair in pairs {
        for side in [pair.claim, pair.truth] {
            let parts = match store.node(side) {
                Node::Add(parts) => parts.to_vec(),
                _ => vec![side],
            };
            for part in parts {
                if found.len() < MOST_SUMMANDS && !found.contains(&part) && kinked(part) {
                    found.push(part);
                }
            }
        }
    }
    found
}

/// A counterexample whose two values a person can tell apart: where functions saturate, both are next to 0.
fn visible(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
) -> Option<Counterexample> {
    if search.active {
        return None;
    }
    (0..QUIET_POINTS).find_map(|seed| {
        let make = Make::Quiet;
        let point = built(lowering, pairs, demands, search, seed, make, pair(0))?;
        let found = look(lowering, pairs, &point, true);
        let accidental = found.kinks.iter().any(|kink| kink.accidental);
        match found.shown {
            Shown::Refuted(example) if example.visible && !accidental => Some(example),
            _ => None,
        }
    })
}

/// Other residues for each draw.
pub(super) fn drawn(draw: usize, field: Field) -> Arithmetic {
    Arithmetic {
        field,
        seed: super::field::scramble(draw as u64 + 77),
    }
}

/// Residues in two towers.
pub(super) fn pair(draw: usize) -> Arithmetic {
    drawn(draw, Field::pair(draw))
}

/// A point of one kind; none if what is assumed cannot be met this way.
pub(super) fn built(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    seed: u64,
    make: Make,
    arithmetic: Arithmetic,
) -> Option<Point> {
    let plan = Plan {
        arithmetic,
        seed: super::field::scramble(seed),
        numbers: match make {
            Make::Quiet if seed >= QUIET_POINTS => Numbers::Parts,
            Make::Quiet | Make::QuietOn => Numbers::Quarters,
            Make::Plain if seed >= 8 => Numbers::Large,
            Make::Plain | Make::AllOn | Make::AllOff | Make::Flipped(_) | Make::Summand(_) => {
                Numbers::Small
            }
        },
        step_at_zero: search.step_at_zero,
        detached: search.detached,
    };
    let start = point(lowering, plan, demands)?;
    let wanted = |at: usize| match make {
        Make::AllOff => Ordering::Less,
        Make::Flipped(number) if at == number => Ordering::Less,
        Make::Plain
        | Make::Quiet
        | Make::AllOn
        | Make::QuietOn
        | Make::Flipped(_)
        | Make::Summand(_) => Ordering::Greater,
    };
    if matches!(make, Make::Plain | Make::Quiet) {
        return Some(start);
    }
    let summand = match make {
        Make::Summand(number) => Some(*kinked_summands(lowering, pairs).get(number)?),
        _ => None,
    };
    let built = steered(lowering, &start, &wanted, &|evaluator| {
        if let Some(summand) = summand {
            return evaluator.term(summand, &Env::new()).map(|_| ());
        }
        for pair in pairs {
            evaluator.term(pair.truth, &Env::new())?;
            evaluator.term(pair.claim, &Env::new())?;
        }
        Ok(())
    });
    let assumptions = lowering.system.assumptions.clone();
    let still = satisfied(lowering, &built, &assumptions)?;
    (still && keeps_signs(&built, demands) && demands.zero.is_empty()).then_some(built)
}

fn signature(kinks: &[Kink]) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut parts: Vec<(TermId, Vec<i64>, i8)> = kinks
        .iter()
        .map(|kink| {
            (
                kink.argument,
                kink.env.iter().map(|(_, value)| *value).collect(),
                kink.sign as i8,
            )
        })
        .collect();
    parts.sort();
    let mut hasher = FxHasher::default();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// Both sides of every pair at a point, with residues or by numbers alone.
pub(super) fn look(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    point: &Point,
    residues: bool,
) -> At {
    let evaluator = if residues {
        Evaluator::new(lowering, point)
    } else {
        Evaluator::bare(lowering, point)
    };
    let mut evaluator = evaluator.roomy();
    let empty = Env::new();
    let field = point.arithmetic.field;
    // For each tower whether it has both sides, and whether they are the same there.
    let mut towers: SmallVec<[Option<bool>; 2]> = smallvec![Some(true); field.towers()];
    let mut agreed = vec![0; pairs.len()];
    let mut close = true;
    let mut refuted: Option<(usize, Option<Value>, Value)> = None;
    let mut trouble = None;
    let mut alive = vec![false; pairs.len()];
    let mut truths = Vec::with_capacity(pairs.len());
    for (pair, alive) in pairs.iter().zip(&mut alive) {
        match evaluator.term(pair.truth, &empty) {
            Ok(truth) => {
                *alive = matches!(truth.real.sign(), Some(Ordering::Less | Ordering::Greater));
                truths.push(truth);
            }
            Err(found) => {
                trouble = Some(found);
                break;
            }
        }
    }
    // An argument that is 0 whatever the inputs are is never on.
    let all_on = evaluator.kinks.iter().all(|kink| match kink.sign {
        Ordering::Greater => true,
        Ordering::Equal => !kink.accidental,
        Ordering::Less => false,
    });
    evaluator.divisors.clear();
    let both = if trouble.is_none() { pairs } else { &[] };
    for (at, (pair, truth)) in both.iter().zip(truths).enumerate() {
        match evaluator.term(pair.claim, &empty) {
            Ok(claim) => {
                close &= lie_close(&truth.real, &claim.real);
                if refuted.is_none() && differ(&truth.real, &claim.real) {
                    refuted = Some((at, Some(claim), truth));
                    continue;
                }
                match (&truth.residues, &claim.residues) {
                    (Some(a), Some(b)) => {
                        for (known, same) in towers.iter_mut().zip(field.compared(a, b)) {
                            agreed[at] += usize::from(same == Some(true));
                            *known = known.zip(same).map(|(before, now)| before && now);
                        }
                    }
                    _ => towers.fill(None),
                }
            }
            Err(Trouble::NoValue) => {
                if refuted.is_none() {
                    refuted = Some((at, None, truth));
                }
            }
            Err(found) => {
                trouble = Some(found);
                break;
            }
        }
    }
    let divisors = std::mem::take(&mut evaluator.divisors);
    let (kinks, branched, mut read) = evaluator.finished();
    let shown = match (trouble, refuted) {
        (Some(_), _) => Shown::Nothing,
        (None, Some((at, claim, truth))) => {
            read.sort();
            read.dedup();
            Shown::Refuted(Counterexample {
                point: named(lowering, &read, point),
                claim_value: claim.as_ref().map(|claim| show(&claim.real)),
                true_value: show(&truth.real),
                element: pairs[at].element.clone(),
                step_pattern: pattern_text(&kinks),
                sizes: lowering.instance.name(&lowering.system),
                not_positive: not_positive(&read, point),
                binary: binary(&read, point),
                visible: claim.is_none_or(|claim| told_apart(&claim.real, &truth.real)),
            })
        }
        (None, None) if towers.contains(&Some(false)) => Shown::Agrees(0),
        (None, None) => match towers.iter().flatten().count() {
            0 => Shown::Unlucky,
            count => Shown::Agrees(count),
        },
    };
    At {
        shown,
        agreed,
        close,
        residues,
        kinks,
        divisors,
        branched,
        all_on,
        alive,
    }
}

/// Whether the sides have residues at a point that are not the same.
pub(super) fn residues_differ(lowering: &mut Lowering<'_>, pairs: &[Pair], point: &Point) -> bool {
    matches!(look(lowering, pairs, point, true).shown, Shown::Agrees(0))
}

fn pattern_text(kinks: &[Kink]) -> String {
    kinks
        .iter()
        .map(|kink| match kink.sign {
            Ordering::Greater => '+',
            Ordering::Less => '-',
            Ordering::Equal => '0',
        })
        .collect()
}

fn named(lowering: &Lowering<'_>, read: &[Element], point: &Point) -> Vec<(String, String)> {
    let name = |element: &Element| lowering.element_name(element.0, &element.1);
    read.iter()
        .map(|element| (name(element), show(&point.value(element).real)))
        .collect()
}

fn not_positive(read: &[Element], point: &Point) -> Vec<FamilyId> {
    let mut found: Vec<FamilyId> = read
        .iter()
        .filter(|element| point.value(element).real.sign() != Some(Ordering::Greater))
        .map(|element| element.0)
        .collect();
    found.dedup();
    found
}

fn binary(read: &[Element], point: &Point) -> Vec<FamilyId> {
    let bit = |element: &Element| match point.value(element).real {
        Real::Exact(number) => number == Rational::int(0) || number == Rational::int(1),
        Real::Between(..) => false,
    };
    let families = read.chunk_by(|a, b| a.0 == b.0);
    families
        .filter(|elements| elements.iter().all(bit))
        .map(|elements| elements[0].0)
        .collect()
}

const UNPROVED: &str = "the two sides could not be shown to be identical";

/// Identity tests in two towers, with as many levels as it takes. What the first two show is known already.
fn identical(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    (seed, make): (u64, Make),
    first: &At,
) -> Result<(), String> {
    let mut why = UNPROVED;
    for tall in [false, true] {
        // Each pair has roots of its own.
        let mut agreed = vec![0; pairs.len()];
        for draw in 0..if tall { 2 * MOST_DRAWS } else { MOST_DRAWS } {
            let other;
            let found = if draw == 0 && !tall {
                first
            } else {
                let arithmetic = if tall {
                    drawn(draw, Field::tall(draw))
                } else {
                    pair(draw)
                };
                let Some(point) = built(lowering, pairs, demands, search, seed, make, arithmetic)
                else {
                    continue;
                };
                other = look(lowering, pairs, &point, true);
                &other
            };
            match found.shown {
                Shown::Agrees(0) => break,
                Shown::Unlucky => why = "no residues were found at which all roots exist",
                Shown::Agrees(_) => {}
                Shown::Refuted(_) | Shown::Nothing => continue,
            }
            if found.agree(&mut agreed, 2) {
                return Ok(());
            }
        }
    }
    Err(why.into())
}

/// What the claim divides by if the sides are identical in two towers where every step and every choice is an unknown number: they
/// are the same wherever both have a value then, on kinks too.
fn formally_identical(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    (seed, make): (u64, Make),
) -> Option<Vec<(TermId, Env)>> {
    let mut agreed = vec![0; pairs.len()];
    for draw in 0..MOST_FORMAL {
        let point = built(lowering, pairs, demands, search, seed, make, pair(draw))?;
        let point = Point {
            steps: Steps::Formal,
            ..point
        };
        let found = look(lowering, pairs, &point, true);
        match found.shown {
            Shown::Agrees(1..) | Shown::Unlucky if found.branched => return None,
            Shown::Agrees(1..) | Shown::Unlucky => {}
            Shown::Agrees(0) | Shown::Refuted(_) | Shown::Nothing => return None,
        }
        if found.agree(&mut agreed, 2) {
            return Some(found.divisors);
        }
    }
    None
}

/// Both sides with these signs of some arguments, whatever the inputs are; none if there are no residues of them.
pub(super) fn look_with(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    point: &Point,
    signs: &[Wanted],
) -> Option<At> {
    let point = with_signs(lowering, point, signs)?;
    Some(look(lowering, pairs, &point, true))
}

/// A point at which some arguments have these signs; none if there are no residues of them.
pub(super) fn with_signs(
    lowering: &mut Lowering<'_>,
    point: &Point,
    signs: &[Wanted],
) -> Option<Point> {
    let mut point = point.clone();
    // What an argument is may depend on the signs of others that come later.
    for _ in 0..2 {
        let before = point.signs.clone();
        for (at, (argument, env, sign)) in signs.iter().enumerate() {
            let value = Evaluator::new(lowering, &point).term(*argument, env);
            let forced = Forced {
                argument: *argument,
                env: env.clone(),
                sign: *sign,
                residues: value.ok()?.residues?,
            };
            match point.signs.get_mut(at) {
                Some(known) => *known = forced,
                None => point.signs.push(forced),
            }
        }
        if signs.len() < 2 || before == point.signs {
            break;
        }
    }
    Some(point)
}
