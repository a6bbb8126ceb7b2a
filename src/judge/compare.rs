//! Two sides at concrete sizes: refuted by exact or enclosed numbers, or tested for identity, step pattern by step pattern.

use std::cmp::Ordering;

use rustc_hash::{FxHashSet, FxHasher};

use super::evaluate::{Detached, Env, Kink, Numbers, Point, Steps, is_intermediate};
use super::field::Field;
use super::finite::{Tried, freed, tried_values};
use super::kinks::{beside_kinks, hole, on_kinks};
use super::look::{At, Counterexample, Holes, Pair, Shown, look};
use super::point::{Demands, Plan, keeps_signs, point, satisfied, steered};
use super::reach::{dead_revived, patterns_not_met, without_value, zeros_not_met};
use super::slopes::without_slope;
use super::value::Arithmetic;
use crate::claim::Lowering;
use crate::syntax::StepAtZero;
use crate::system::{Fact, Primitive, System};
use crate::term::{Node, TermId};

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

/// The same for an identity with many roots, half of which exist by chance.
const MOST_OF_ROOTS: usize = 600;

/// So often other residues are drawn for steps that are unknown numbers.
const MOST_FORMAL: usize = 12;

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

/// What points have shown.
struct Seen {
    /// The step patterns at which the sides are identical.
    patterns: FxHashSet<u64>,
    /// The first point at which both sides have values.
    first: Option<(u64, Make, Vec<Kink>)>,
    /// A point of each pattern: a kink may show there and nowhere else, behind a unit that is on or off.
    starts: Vec<(u64, Make, Vec<Kink>)>,
    /// Why the sides are not shown to be identical.
    unproved: Option<String>,
    /// Whether they are so with every step an unknown number.
    formal: bool,
    /// For each pair whether the truth is not 0 everywhere.
    alive: Vec<bool>,
    /// Kinks, each with the point at which it was met first.
    met: Vec<(Kink, (u64, Make))>,
    /// Kinks with the signs that they were seen to have.
    signs: Vec<Kink>,
    holes: Holes,
}

/// Looks at points, each step pattern of which is tested for identity; one at which the sides differ ends it.
fn points_seen(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
) -> Result<Seen, Box<Counterexample>> {
    let is_zero = |pair: &Pair| lowering.system.store.is_zero(pair.truth);
    let mut seen = Seen {
        patterns: FxHashSet::default(),
        first: None,
        starts: Vec::new(),
        unproved: (!search.prove).then(|| UNPROVED.to_owned()),
        formal: false,
        alive: pairs.iter().map(is_zero).collect(),
        met: Vec::new(),
        signs: Vec::new(),
        holes: Holes::default(),
    };
    let usual = if search.active {
        Make::AllOn
    } else {
        Make::Plain
    };
    let mut makes: Vec<(u64, Make)> = (0..search.points).map(|seed| (seed, usual)).collect();
    let few_values = has_few_values(&lowering.system);
    let mut at = 0;
    let mut spare = SPARE_POINTS;
    let mut quiet = 0;
    let mut others = 0;
    loop {
        if at == makes.len() && seen.first.is_none() && spare > 0 {
            // Where values meet by chance, as those of a maximum do, nothing is shown: another point.
            let seed = search.points + SPARE_POINTS - spare;
            makes.push((seed, makes[0].1));
            spare -= 1;
        }
        let dead = seen.first.is_some() && !seen.formal && seen.alive.contains(&false);
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
        let smooth = seen
            .first
            .as_ref()
            .is_some_and(|(_, _, kinks)| kinks.is_empty());
        let prove = !seen.formal && seen.unproved.is_none();
        let residues = point.on_kink || (!smooth && prove);
        let mut found = look(lowering, pairs, &point, residues);
        let unknown = prove && !seen.patterns.contains(&signature(&found.kinks));
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
            if seen.met.len() < MOST_BESIDE
                && !seen.met.iter().any(|(other, _)| other.is_same(kink))
            {
                seen.met.push((kink.clone(), (seed, make)));
            }
            let known = |other: &Kink| other.sign == kink.sign && other.is_same(kink);
            if seen.signs.len() < MOST_SIGNS && !seen.signs.iter().any(known) {
                seen.signs.push(kink.clone());
            }
        }
        // With every kink on, what is 0 is 0 by its structure.
        for (known, now) in seen.alive.iter_mut().zip(&found.alive) {
            *known |= *now || found.all_on;
        }
        if seen.first.is_none() {
            seen.first = Some((seed, make, found.kinks.clone()));
            seen.holes.clone_from(&found.holes);
            if seen.unproved.is_none()
                && (few_values || !found.is_straight())
                && !has_classes(&lowering.system)
                && demands.zero.is_empty()
                && matches!(found.shown, Shown::Agrees(1..))
                && let Some(all) =
                    formally_identical(lowering, pairs, demands, search, (seed, make))
            {
                seen.formal = true;
                seen.holes = all;
            }
            if !search.active && !found.kinks.is_empty() && !seen.formal {
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
        let known = seen.patterns.contains(&pattern);
        match found.shown {
            Shown::Refuted(example) => {
                let plainer = (search.shown && !example.visible)
                    .then(|| visible(lowering, pairs, demands, search))
                    .flatten();
                return Err(Box::new(plainer.unwrap_or(example)));
            }
            Shown::Agrees(_) | Shown::Unlucky if known || seen.patterns.len() >= MOST_PATTERNS => {}
            Shown::Agrees(_) | Shown::Unlucky if seen.formal => {
                seen.patterns.insert(pattern);
            }
            Shown::Agrees(_) | Shown::Unlucky => {
                if seen.unproved.is_none() {
                    match identical(lowering, pairs, demands, search, (seed, make), &found) {
                        Ok(()) => {
                            seen.patterns.insert(pattern);
                            seen.starts.push((seed, make, found.kinks.clone()));
                            // Other points have nothing to add.
                            if found.is_straight() && !few_values {
                                break;
                            }
                        }
                        Err(why) => seen.unproved = Some(why),
                    }
                }
                // Residues differ: where the numbers were equal by chance, others may tell the sides apart.
                if seen.unproved.is_some() && seed < MOST_SEEDS {
                    makes.push((seed + SEED_STEP, make));
                }
            }
            Shown::Nothing => {}
        }
    }
    Ok(seen)
}

fn compared(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
) -> Outcome {
    let seen = match points_seen(lowering, pairs, demands, search) {
        Ok(seen) => seen,
        Err(example) => return Outcome::Differs(*example),
    };
    let Some((seed, make, kinks)) = &seen.first else {
        let none = "no point was found at which both sides have a value";
        return Outcome::Open(seen.unproved.unwrap_or_else(|| none.into()));
    };
    let first = (*seed, *make);
    let mut patterns = seen.patterns.len();
    let by_slopes = seen.unproved.is_some();
    if let Some(why) = seen.unproved {
        let shown = (search.prove && search.slopes > 0)
            .then(|| without_slope(lowering, pairs, demands, search))
            .flatten();
        match shown {
            Some(count) => patterns = count,
            None => return Outcome::Open(why),
        }
    }
    let mut all = seen.starts;
    let known = all.iter().position(|start| start.0 == *seed);
    let other = match known {
        Some(at) => all.remove(at),
        None => (*seed, *make, kinks.clone()),
    };
    all.insert(0, other);
    if !search.active
        && let Some(example) = without_value(
            lowering,
            pairs,
            demands,
            search,
            &all,
            &seen.holes.radicands,
        )
    {
        return Outcome::Differs(example);
    }
    // What is identical whatever the values are may have no value for one of them.
    if search.values
        && has_few_values(&lowering.system)
        && !(seen.formal && seen.holes.divisors.is_empty())
        && let Some(start) = built(lowering, pairs, demands, search, first.0, first.1, pair(0))
    {
        match tried_values(lowering, pairs, demands, &start, search.active) {
            Tried::Refuted(example) => return Outcome::Differs(example),
            Tried::Some if !seen.formal => return Outcome::Open(MANY_VALUES.into()),
            Tried::Some | Tried::All => {}
        }
    }
    if !seen.formal {
        if seen.alive.contains(&false)
            && let Some(found) = dead_revived(lowering, pairs, demands, search, &all, &seen.alive)
        {
            return found;
        }
        if patterns == 0 {
            return Outcome::Open("no step pattern could be decided".into());
        }
        if !search.active
            && let Some(example) = beside_kinks(lowering, pairs, demands, search, &seen.met)
        {
            return Outcome::Differs(example);
        }
        let signs = (seen.signs.as_slice(), by_slopes);
        if !search.active
            && let Some(found) = patterns_not_met(lowering, pairs, demands, search, &all, signs)
        {
            return found;
        }
    }
    let mut except = None;
    if search.kinks && !seen.formal && search.step_at_zero != StepAtZero::Undefined {
        except = match at_kinks(lowering, pairs, demands, search, &all, by_slopes) {
            Ok(except) => except,
            Err(why) => return Outcome::Open(why),
        };
    }
    if search.kinks && except.is_none() {
        let divisors = &seen.holes.divisors;
        except = hole(lowering, pairs, demands, search, first, divisors);
    }
    Outcome::Same {
        patterns,
        except,
        by_slopes,
    }
}

/// A point on a kink at which the sides differ, with the kinks of some starts at 0.
///
/// # Errors
/// Why it is not known of some kink.
fn at_kinks(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    starts: &[(u64, Make, Vec<Kink>)],
    by_slopes: bool,
) -> Result<Option<Counterexample>, String> {
    let few_values = has_few_values(&lowering.system);
    let (first, others) = starts.split_at(1);
    let (on, others): (Vec<_>, Vec<_>) =
        others.iter().partition(|(_, make, _)| *make == Make::AllOn);
    // A kink that is met from one of them is known.
    let mut met: Vec<Kink> = Vec::new();
    let mut open: Vec<Kink> = Vec::new();
    for (seed, make, kinks) in first.iter().chain(on).chain(others).take(MOST_STARTS) {
        let mut unmet = kinks.clone();
        // Where a root is met, its residues may have to be drawn again; where both sides are the same by chance, others.
        let mut wanted = if few_values { DRAWS_OF_FEW } else { 1 };
        for draw in 0..KINK_DRAWS + wanted {
            let start = (seed + draw as u64 * SEED_STEP, *make, draw);
            let wanted_on = if unmet.is_empty() { kinks } else { &unmet };
            let looked = on_kinks(
                lowering,
                pairs,
                demands,
                search,
                start,
                (wanted_on, by_slopes),
            );
            match looked {
                Ok(Some(example)) => return Ok(Some(example)),
                Ok(None) => {
                    unmet.clear();
                    wanted -= 1;
                }
                Err(left) => unmet.retain(|kink| left.contains(kink)),
            }
            if wanted == 0 {
                break;
            }
        }
        met.extend(kinks.iter().filter(|kink| !unmet.contains(kink)).cloned());
        open.append(&mut unmet);
    }
    open.retain(|kink| !met.iter().any(|other| other.is_same(kink)));
    if zeros_not_met(lowering, pairs, demands, search, starts, open) {
        Ok(None)
    } else {
        Err(
            "equal off the kinks; on a kink no exact point was found to tell what holds there"
                .into(),
        )
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
    facts.any(|fact| matches!(fact, Fact::OneOf(..) | Fact::OneHot(..))) || has_classes(system)
}

/// Whether an input is a whole number, with which others are counted.
fn has_classes(system: &System) -> bool {
    let mut families = system.family_ids().map(|family| system.family(family));
    families.any(|family| family.integers.is_some())
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
        let found = look(lowering, pairs, &point, true).refutes();
        found.filter(|example| example.visible)
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

const MANY_VALUES: &str = "equal for the values that were tried of what has some values only; they are too many to try all, and the sides are not \
                           identical for all numbers";

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
        for draw in 0..if tall { 2 * MOST_DRAWS } else { MOST_OF_ROOTS } {
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

/// Where the claim may have no value if the sides are identical in two towers where every step and every choice is an unknown
/// number: they are the same wherever both have a value then, on kinks too.
fn formally_identical(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    (seed, make): (u64, Make),
) -> Option<Holes> {
    let mut agreed = vec![0; pairs.len()];
    for draw in 0..MOST_FORMAL {
        let point = built(lowering, pairs, demands, search, seed, make, pair(draw))?;
        let point = Point {
            steps: Steps::Formal,
            ..freed(lowering, &point)
        };
        let found = look(lowering, pairs, &point, true);
        match found.shown {
            Shown::Agrees(1..) | Shown::Unlucky if found.branched => return None,
            Shown::Agrees(1..) | Shown::Unlucky => {}
            Shown::Agrees(0) | Shown::Refuted(_) | Shown::Nothing => return None,
        }
        if found.agree(&mut agreed, 2) {
            return Some(found.holes);
        }
    }
    None
}
