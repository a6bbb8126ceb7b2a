//! Step patterns that no point showed: met at a point that is looked for, impossible, or of no account.
//!
//! Sides may differ where a unit is on that random points never turn on, `relu(1 - (x - 50)^2)`. A sign that was not seen is
//! therefore given to the kink whatever its argument is: where both sides are identical with it, it does not matter whether
//! it is ever met. Where they are not, a point at which it is met is looked for by climbing; and only if its argument is
//! bounded does nothing have to be found.

use std::cmp::Ordering;

use super::compare::{
    MOST_DRAWS, MOST_STARTS, Make, Outcome, Search, built, drawn, has_few_values, is_active, pair,
};
use super::evaluate::{Detached, Element, Env, Kink, Point};
use super::exclude::{exclude_each_other, is_impossible};
use super::field::Field;
use super::look::{Counterexample, Pair, Shown, look, look_with, with_signs};
use super::point::{Demands, holds, is_movable, keeps_signs, satisfied, signs, solutions};
use super::rational::Rational;
use super::signs::{Found, Question, SignSearch};
use super::value::Real;
use crate::claim::Lowering;
use crate::term::{FamilyId, Node, Reduction, TermId};

/// An argument with the sign that it is to have.
pub(super) type Wanted = (TermId, Env, Ordering);

/// What became of a sign that no point showed.
enum Unseen {
    /// Both sides are identical with it, or it is not met at all.
    Harmless,
    /// It is met at these points.
    Met(Vec<Point>),
    /// Both sides differ with it, and it is not known whether it is met.
    Open,
}

/// A point of one step pattern, with residues that are drawn again where roots have none.
struct Start {
    seed: u64,
    make: Make,
    kinks: Vec<Kink>,
    /// The same numbers with other residues; none where such a point cannot be made.
    points: Vec<Option<Point>>,
    /// The draw that had residues last.
    lucky: usize,
}

/// What is compared, and from where.
struct Reach<'r, 'l> {
    lowering: &'r mut Lowering<'l>,
    pairs: &'r [Pair],
    demands: &'r Demands,
    search: Search,
    starts: Vec<Start>,
}

/// Looks for step patterns that no point showed: a point at which the sides differ, or what is left open.
pub(super) fn patterns_not_met(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    starts: &[(u64, Make, Vec<Kink>)],
    (signs, by_slopes): (&[Kink], bool),
) -> Option<Outcome> {
    if signs.is_empty() {
        return None;
    }
    let mut left = None;
    // A claim about some points says nothing of signs that are met at others; and residues of logarithms say nothing of sides
    // of which only the derivatives are the same.
    if demands.zero.is_empty() && !by_slopes {
        // Where nothing else branches, one start tells of all signs.
        if !has_few_values(&lowering.system) {
            let mut reach = Reach::new(lowering, pairs, demands, search, &starts[..1]);
            if let Some(Ok(())) = reach.differing() {
                return None;
            }
        }
        let mut reach = Reach::new(lowering, pairs, demands, search, starts);
        match reach.differing() {
            Some(Ok(())) => return None,
            Some(Err(Outcome::Open(why))) => left = Some(Outcome::Open(why)),
            Some(Err(outcome)) => return Some(outcome),
            None => {}
        }
    }
    let missing = unseen(signs);
    let on = all_on(lowering, signs);
    let shown_on = starts
        .iter()
        .any(|(.., kinks)| is_active(&mut lowering.system, kinks));
    if missing.is_empty() && (shown_on || on.len() < 2) {
        return left;
    }
    let mut reach = Reach::new(lowering, pairs, demands, search, starts);
    if reach.starts.is_empty() {
        return left;
    }
    // Points of each pattern, and whether one of them has to show what holds there.
    let mut found: Vec<(Vec<Point>, bool)> = Vec::new();
    for kink in &missing {
        if is_choice(reach.lowering, signs, kink) {
            continue;
        }
        match reach.look_for(kink) {
            Unseen::Harmless => {}
            // A claim about some points says nothing of a sign that is met at others.
            Unseen::Met(points) => found.push((points, demands.zero.is_empty())),
            Unseen::Open if demands.zero.is_empty() => {
                return Some(Outcome::Open(NOT_MET.into()));
            }
            Unseen::Open => {}
        }
    }
    if !shown_on && on.len() > 1 && !reach.identical(reach.starts.len() - 1, &on).0 {
        found.extend(reach.climbed(&on).map(|met| (met, false)));
    }
    for (points, needed) in found {
        let mut shown = false;
        for point in points {
            if !demands.zero.is_empty() && !holds(reach.lowering, &point, &demands.zero) {
                continue;
            }
            let seen = look(reach.lowering, pairs, &point, true);
            let on_kink = seen.kinks.iter().any(|kink| kink.accidental);
            match seen.shown {
                Shown::Refuted(_) | Shown::Agrees(_) | Shown::Unlucky if on_kink => {}
                Shown::Refuted(example) => return Some(Outcome::Differs(example)),
                Shown::Agrees(1..) => shown = true,
                Shown::Agrees(0) | Shown::Unlucky => {
                    // The same pattern for all other numbers.
                    let pattern: Vec<Wanted> = seen
                        .kinks
                        .into_iter()
                        .map(|kink| (kink.argument, kink.env, kink.sign))
                        .collect();
                    shown |= reach.identical(0, &pattern).0;
                }
                Shown::Nothing => {}
            }
        }
        if needed && !shown {
            return Some(Outcome::Open(NOT_MET.into()));
        }
    }
    left
}

/// Whether nothing is left to know of kinks that no point was found on: their arguments are never 0, or both sides are
/// identical where they are, whatever the inputs are.
pub(super) fn zeros_not_met(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    starts: &[(u64, Make, Vec<Kink>)],
    mut kinks: Vec<Kink>,
) -> bool {
    if kinks.is_empty() {
        return true;
    }
    let mut reach = Reach::new(lowering, pairs, demands, search, starts);
    if reach.starts.is_empty() {
        return false;
    }
    let zero = |kink: &Kink| (kink.argument, kink.env.clone(), Ordering::Equal);
    let first = reach.point(0).clone();
    kinks.retain(|kink| !is_impossible(reach.lowering, demands, &first, &[zero(kink)]));
    // Each alone, and all together.
    let all: Vec<Wanted> = kinks.iter().map(zero).collect();
    let together = (all.len() > 1).then(|| all.clone());
    let mut sets = all.into_iter().map(|zero| vec![zero]).chain(together);
    sets.all(|zeros| (0..reach.starts.len()).all(|start| reach.identical(start, &zeros).0))
}

/// A point at which what the claim takes a logarithm or a root of is negative, and the truth has a value.
pub(super) fn without_value(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    starts: &[(u64, Make, Vec<Kink>)],
    radicands: &[(TermId, Env)],
) -> Option<Counterexample> {
    if radicands.is_empty() || !demands.zero.is_empty() {
        return None;
    }
    let mut reach = Reach::new(lowering, pairs, demands, search, starts);
    if reach.starts.is_empty() {
        return None;
    }
    radicands.iter().find_map(|(argument, env)| {
        let negative = [(*argument, env.clone(), Ordering::Less)];
        if !reach.impossible_alone(&negative).is_empty() {
            return None;
        }
        let points = reach.climbed(&negative).unwrap_or_default();
        points
            .iter()
            .find_map(|point| look(reach.lowering, pairs, point, true).refutes())
    })
}

/// Compares both sides of pairs whose truth was 0 at every point with signs for which it is not, if it is not 0 for all:
/// a point at which they differ, or what is left open.
pub(super) fn dead_revived(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    starts: &[(u64, Make, Vec<Kink>)],
    alive: &[bool],
) -> Option<Outcome> {
    const DEAD: &str =
        "the true value was 0 at every point: no point with all units active was found";
    let mut reach = Reach::new(lowering, pairs, demands, search, starts);
    if reach.starts.is_empty() || !demands.zero.is_empty() {
        return Some(Outcome::Open(DEAD.into()));
    }
    let dead = pairs.iter().zip(alive).filter(|(_, alive)| !**alive);
    for (pair, _) in dead {
        match reach.signs_of_value(pair.truth) {
            Found::Never => {}
            // Only points at which all units are on are asked for.
            Found::With(wanted)
                if search.active && wanted.iter().any(|(.., sign)| *sign == Ordering::Less) =>
            {
                return Some(Outcome::Open(DEAD.into()));
            }
            // With signs that there never are, a condition that never holds is met.
            Found::With(wanted)
                if (!reach.impossible_alone(&wanted).is_empty()
                    || reach.exclude_each_other(0, &wanted))
                    && !reach.is_same(pair) =>
            {
                return Some(Outcome::Open(DEAD.into()));
            }
            Found::With(wanted) => {
                let mut all = 0..reach.starts.len();
                if all.any(|start| reach.identical(start, &wanted).0) {
                    continue;
                }
                let example = reach.refuted_with(0, &wanted);
                return Some(example.map_or(Outcome::Open(DEAD.into()), Outcome::Differs));
            }
            Found::Unknown => return Some(Outcome::Open(DEAD.into())),
        }
    }
    None
}

const NOT_MET: &str = "equal wherever points were found; the sides differ for a sign that the argument of a kink was not seen to \
                       have, nor shown not to have";

/// Each kink that has shown one sign only, with the other one.
fn unseen(kinks: &[Kink]) -> Vec<Kink> {
    let mut found: Vec<Kink> = Vec::new();
    for kink in kinks {
        let shows = |sign: Ordering| {
            let mut all = kinks.iter().filter(|other| other.is_same(kink));
            all.any(|other| other.sign == sign)
        };
        let other = match (shows(Ordering::Less), shows(Ordering::Greater)) {
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => continue,
        };
        if !found.iter().any(|known| known.is_same(kink)) {
            let kink = kink.clone();
            found.push(Kink {
                sign: other,
                ..kink
            });
        }
    }
    found
}

impl<'r, 'l> Reach<'r, 'l> {
    fn new(
        lowering: &'r mut Lowering<'l>,
        pairs: &'r [Pair],
        demands: &'r Demands,
        search: Search,
        starts: &[(u64, Make, Vec<Kink>)],
    ) -> Self {
        let mut found = Vec::new();
        for (seed, make, kinks) in starts.iter().take(MOST_STARTS) {
            let point = built(lowering, pairs, demands, search, *seed, *make, pair(0));
            found.extend(point.map(|point| Start {
                seed: *seed,
                make: *make,
                kinks: kinks.clone(),
                points: vec![Some(point)],
                lucky: 0,
            }));
        }
        Self {
            lowering,
            pairs,
            demands,
            search,
            starts: found,
        }
    }

    /// A start with the residues that were drawn first.
    fn point(&self, start: usize) -> &Point {
        let first = self.starts[start].points.first().and_then(Option::as_ref);
        first.expect("a start has a point")
    }

    /// A start with residues of its own for each draw.
    fn drawn(&mut self, start: usize, draw: usize) -> Option<Point> {
        let Start { seed, make, .. } = self.starts[start];
        while self.starts[start].points.len() <= draw {
            let next = self.starts[start].points.len();
            let arithmetic = if next < MOST_DRAWS {
                pair(next)
            } else {
                drawn(next, Field::tall(next))
            };
            let (pairs, demands, search) = (self.pairs, self.demands, self.search);
            let point = built(
                self.lowering,
                pairs,
                demands,
                search,
                seed,
                make,
                arithmetic,
            );
            self.starts[start].points.push(point);
        }
        self.starts[start].points[draw].clone()
    }

    /// Whether the sides are identical with these signs of some arguments, and the kinks that are met then.
    fn identical(&mut self, start: usize, signs: &[Wanted]) -> (bool, Vec<Kink>) {
        self.identical_in(self.pairs, start, signs)
    }

    /// The same for some of the pairs.
    fn identical_in(
        &mut self,
        pairs: &[Pair],
        start: usize,
        signs: &[Wanted],
    ) -> (bool, Vec<Kink>) {
        let mut kinks = Vec::new();
        let mut agreed = vec![0; pairs.len()];
        let lucky = self.starts[start].lucky;
        for draw in std::iter::once(lucky).chain(0..3 * MOST_DRAWS) {
            let Some(point) = self.drawn(start, draw) else {
                continue;
            };
            let Some(found) = look_with(self.lowering, pairs, &point, signs) else {
                continue;
            };
            self.starts[start].lucky = draw;
            let same = found.agree(&mut agreed, 1);
            kinks = found.kinks;
            match found.shown {
                Shown::Agrees(1..) | Shown::Unlucky if same => return (true, kinks),
                Shown::Agrees(1..) | Shown::Unlucky => {}
                Shown::Agrees(0) | Shown::Refuted(_) | Shown::Nothing => break,
            }
        }
        (false, kinks)
    }

    /// Signs with which a number is not 0, from the first start from which there are some.
    fn signs_of_value(&mut self, term: TermId) -> Found {
        let mut never = true;
        for start in 0..self.starts.len() {
            match self.searched(start, Question::NotZero(term)) {
                (_, Found::With(signs)) => return Found::With(signs),
                (search, Found::Never) => never &= !search.branched,
                (_, Found::Unknown) => never = false,
            }
        }
        if never { Found::Never } else { Found::Unknown }
    }

    /// Whether the sides of a pair are identical for all signs, possible or not.
    fn is_same(&mut self, pair: &Pair) -> bool {
        let question = Question::Differs(std::slice::from_ref(pair));
        (0..self.starts.len()).all(|start| self.searched(start, question).1 == Found::Never)
    }

    /// What a search from a start finds first, with residues that exist.
    fn searched<'q>(&mut self, start: usize, question: Question<'q>) -> (SignSearch<'q>, Found) {
        let mut search = SignSearch::new(self.point(start), question);
        let mut found = Found::Unknown;
        for draw in 0..MOST_DRAWS {
            let Some(point) = self.drawn(start, draw) else {
                continue;
            };
            search = SignSearch::new(&point, question);
            found = search.next(self.lowering);
            // Other residues are drawn only where there were none.
            if found != Found::Unknown || search.looks > 1 {
                break;
            }
        }
        (search, found)
    }

    /// Whether there are signs with which the sides differ, from whatever start: a point at which they do, or what is left
    /// open. None where it is not known.
    fn differing(&mut self) -> Option<Result<(), Outcome>> {
        let (mut open, mut doubtful) = (0, 0);
        let mut never = true;
        for (start, pair) in (0..self.starts.len())
            .flat_map(|start| self.pairs.iter().map(move |pair| (start, pair)))
        {
            // What is known of one pair does not depend on the kinks of another.
            let pair = std::slice::from_ref(pair);
            let (mut search, mut found) = self.searched(start, Question::Differs(pair));
            let mut leaves = 0;
            while let Found::With(signs) = &found {
                leaves += 1;
                if open + doubtful >= MOST_OPEN || leaves > MOST_LEAVES {
                    found = Found::Unknown;
                    break;
                }
                if !self.excluded(&mut search, start, signs)
                    && !self.identical_in(pair, start, signs).0
                {
                    if self.search.detached != Detached::Nothing && !search.chosen {
                        return Some(Err(Outcome::Open(NOT_MET.into())));
                    }
                    if let Some(example) = self.refuted_with(start, signs) {
                        return Some(Err(Outcome::Differs(example)));
                    }
                    if search.chosen {
                        never = false;
                        doubtful += 1;
                    } else {
                        open += 1;
                    }
                }
                found = search.next(self.lowering);
            }
            never &= found == Found::Never && !search.branched;
        }
        if open > 0 {
            return Some(Err(Outcome::Open(NOT_MET.into())));
        }
        never.then_some(Ok(()))
    }

    /// Whether some signs are impossible; those that are so by themselves are not looked at again.
    fn excluded(&mut self, search: &mut SignSearch<'_>, start: usize, signs: &[Wanted]) -> bool {
        let alone = self.impossible_alone(signs);
        let found = !alone.is_empty();
        for sign in alone {
            search.exclude(sign);
        }
        found || self.exclude_each_other(start, signs)
    }

    /// Those signs that an argument never has, whatever those of the others are.
    fn impossible_alone(&mut self, signs: &[Wanted]) -> Vec<Wanted> {
        let first = self.point(0).clone();
        let mut never = |sign: &Wanted| {
            let own = std::slice::from_ref(sign);
            is_impossible(self.lowering, self.demands, &first, own)
        };
        signs.iter().filter(|sign| never(sign)).cloned().collect()
    }

    /// Whether some signs are never met together.
    fn exclude_each_other(&mut self, start: usize, signs: &[Wanted]) -> bool {
        let mut points = Vec::new();
        for draw in 0..MOST_DRAWS {
            if points.len() == 2 {
                break;
            }
            let point = self.drawn(start, draw);
            points.extend(point.and_then(|point| with_signs(self.lowering, &point, signs)));
        }
        exclude_each_other(self.lowering, self.demands, &points, signs)
    }

    /// A point at which arguments have these signs and the sides differ.
    fn refuted_with(&mut self, start: usize, wanted: &[Wanted]) -> Option<Counterexample> {
        let mut points = self.climbed(wanted).unwrap_or_default();
        if points.is_empty() {
            points = self.between(wanted);
        }
        // Only those that kinks do not have already: the others may have to give way.
        let kinks = self.starts[start].kinks.clone();
        let shown = |(argument, env, sign): &&Wanted| {
            let mut known = kinks.iter();
            known.any(|kink| kink.argument == *argument && kink.env == *env && kink.sign == *sign)
        };
        let new: Vec<Wanted> = wanted.iter().filter(|sign| !shown(sign)).cloned().collect();
        if points.is_empty() && !new.is_empty() && new.len() < wanted.len() {
            points = self.climbed(&new).unwrap_or_default();
        }
        for point in points {
            let seen = look(self.lowering, self.pairs, &point, true);
            if let Some(example) = seen.refutes() {
                return Some(example);
            }
        }
        None
    }

    /// Points at which arguments have signs, from the first start from which they are reached.
    fn climbed(&mut self, wanted: &[Wanted]) -> Option<Vec<Point>> {
        (0..self.starts.len())
            .map(|start| {
                let point = self.point(start).clone();
                climbed(self.lowering, &point, wanted, self.demands)
            })
            .find(|met| !met.is_empty())
    }

    /// Points in narrow windows: where two arguments that are to be positive are equal, as far as all have their signs there.
    fn between(&mut self, wanted: &[Wanted]) -> Vec<Point> {
        let assumptions = self.lowering.system.assumptions.clone();
        let mut found = Vec::new();
        for start in 0..self.starts.len() {
            let point = self.point(start).clone();
            for (at, (first, env, own)) in wanted.iter().enumerate().take(MOST_TOGETHER) {
                for (second, other_env, other) in &wanted[..at] {
                    if env != other_env {
                        continue;
                    }
                    let store = &mut self.lowering.system.store;
                    let second = if own == other {
                        store.negative(*second)
                    } else {
                        *second
                    };
                    let difference = store.add([*first, second]);
                    let met = solutions(self.lowering, &point, difference, env, &assumptions, 3);
                    found.extend(met.unwrap_or_default().into_iter().filter(|point| {
                        have_signs(self.lowering, point, wanted) && keeps_signs(point, self.demands)
                    }));
                    if found.len() > 2 {
                        return found;
                    }
                }
            }
        }
        found
    }

    /// A sign of one kink that no point showed, from points of other patterns.
    fn look_for(&mut self, kink: &Kink) -> Unseen {
        let own = (kink.argument, kink.env.clone(), kink.sign);
        // The sign alone, and together with those of kinks that are met with it only.
        let mut harmful: Vec<Vec<Wanted>> = Vec::new();
        // Where the argument is 0 whatever the inputs are it has no sign.
        let vanishes = |known: &Kink| known.sign == Ordering::Equal;
        for start in 0..self.starts.len() {
            let kinks = self.starts[start].kinks.clone();
            if kinks
                .iter()
                .any(|known| known.is_same(kink) && vanishes(known))
            {
                continue;
            }
            let (same, met) = self.identical(start, std::slice::from_ref(&own));
            if !same && !harmful.contains(&vec![own.clone()]) {
                harmful.push(vec![own.clone()]);
            }
            let new: Vec<Kink> = met
                .into_iter()
                .filter(|new| {
                    let mut known = self.starts.iter().flat_map(|start| &start.kinks);
                    !known.any(|known| known.is_same(new) && !vanishes(known)) && !new.is_same(kink)
                })
                .take(MOST_NEW)
                .collect();
            for new in new {
                let sign = match new.sign {
                    Ordering::Greater => Ordering::Less,
                    Ordering::Less | Ordering::Equal => Ordering::Greater,
                };
                let other = (new.argument, new.env, sign);
                let wanted = vec![own.clone(), other];
                if !harmful.contains(&wanted) && !self.identical(start, &wanted).0 {
                    harmful.push(wanted);
                }
            }
        }
        let mut points = Vec::new();
        for wanted in harmful {
            let first = self.point(0).clone();
            if is_impossible(self.lowering, self.demands, &first, &wanted) {
                continue;
            }
            match self.climbed(&wanted) {
                Some(found) => points.extend(found),
                None if wanted.len() == 1 => return Unseen::Open,
                None => {}
            }
        }
        if points.is_empty() {
            Unseen::Harmless
        } else {
            Unseen::Met(points)
        }
    }
}

/// So many sets of signs may be left open before others are no longer looked for.
const MOST_OPEN: usize = 3;

/// So many sets of signs are looked at for one pair.
const MOST_LEAVES: usize = 40;

/// Windows are looked for between so many thresholds.
const MOST_TOGETHER: usize = 24;

/// More kinks that are met with a sign only are not looked at.
const MOST_NEW: usize = 6;

/// The pattern in which all kinks are on, but for those that are the other side of one that is.
fn all_on(lowering: &mut Lowering<'_>, kinks: &[Kink]) -> Vec<Wanted> {
    let mut found: Vec<Wanted> = Vec::new();
    for (at, kink) in kinks.iter().enumerate() {
        if kinks[..at].iter().any(|known| known.is_same(kink)) {
            continue;
        }
        let negative = lowering.system.store.negative(kink.argument);
        let other_side = found.iter().any(|(argument, env, _)| {
            *env == kink.env
                && (*argument == negative
                    || lowering.system.store.negative(*argument) == kink.argument)
        });
        if !other_side {
            found.push((kink.argument, kink.env.clone(), Ordering::Greater));
        }
    }
    found
}

/// Whether an argument compares something with the greatest of several, one of which it is: it vanishes on open sets and
/// has one sign elsewhere.
fn is_choice(lowering: &Lowering<'_>, kinks: &[Kink], kink: &Kink) -> bool {
    let vanishes = kinks
        .iter()
        .any(|known| known.is_same(kink) && known.sign == Ordering::Equal);
    let system = &lowering.system;
    let chooses = |node: &Node| match node {
        Node::Reduce(Reduction::Max | Reduction::Min, ..) => true,
        Node::Apply(function, ..) => {
            matches!(system.function(*function).name.as_str(), "max" | "min")
        }
        _ => false,
    };
    let defined_so = |family: FamilyId| {
        let clauses = system.family(family).clauses.iter();
        clauses
            .filter_map(|clause| clause.body)
            .any(|body| system.store.any(body, chooses))
    };
    vanishes
        && system.store.any(kink.argument, |node| match node {
            Node::Access(family, _) => defined_so(*family),
            node => chooses(node),
        })
}

/// What inputs are moved by, as fractions.
const STEPS: [(i64, i64); 9] = [
    (256, 1),
    (64, 1),
    (16, 1),
    (4, 1),
    (1, 1),
    (1, 4),
    (1, 16),
    (1, 64),
    (1, 256),
];

/// What they are multiplied by.
const FACTORS: [(i64, i64); 3] = [(0, 1), (-1, 1), (1, 16)];

/// More inputs are not moved one by one.
const MOST_INPUTS: usize = 24;

/// So often all of them are moved together, in directions drawn at random.
const DIRECTIONS: u64 = 12;

/// More moves are not made.
const MOST_MOVES: usize = 48;

/// More points are not looked at.
const MOST_LOOKS: usize = 12_000;

/// Points at which arguments have the wanted signs, found by moving inputs as long as that raises the least of them: the
/// first that is found, and some next to it that lie on no other kink.
fn climbed(
    lowering: &mut Lowering<'_>,
    start: &Point,
    wanted: &[Wanted],
    demands: &Demands,
) -> Vec<Point> {
    let Some((point, inputs)) = risen(lowering, start, wanted, demands) else {
        return Vec::new();
    };
    let assumptions = lowering.system.assumptions.clone();
    let mut found = Vec::new();
    let mut values = numbers(&point, &inputs);
    values.retain(|(element, value)| {
        let before = start.fixed.get(element).map(|before| &before.real);
        before.is_none_or(|before| *before != Real::Exact(value.clone()))
    });
    // With residues of their own, so that what agrees there agrees wherever kinks have these signs; the last one is the
    // point itself.
    for draw in 0..=JITTERS {
        let below = 8_i64.pow((draw / 3) as u32) * 1_009;
        let mut state = super::field::scramble(point.seed ^ draw);
        let mut moved = point.clone();
        for (element, value) in &values {
            state = super::field::scramble(state);
            let step = match draw {
                JITTERS => Rational::int(0),
                _ => Rational::new((state >> 9) as i64 % 2_019 - 1_009, below),
            };
            let value = moved.arithmetic.free(value.plus(&step), state);
            moved.fixed.insert(element.clone(), value);
        }
        if have_signs(lowering, &moved, wanted)
            && keeps_signs(&moved, demands)
            && satisfied(lowering, &moved, &assumptions) == Some(true)
        {
            found.push(moved);
        }
    }
    found
}

/// So many points next to one that was found are tried.
const JITTERS: u64 = 12;

/// Whether arguments have the wanted signs.
fn have_signs(lowering: &mut Lowering<'_>, point: &Point, wanted: &[Wanted]) -> bool {
    let mut evaluator = signs(lowering, point);
    wanted.iter().all(|(argument, env, sign)| {
        let value = evaluator.term(*argument, env);
        value.is_ok_and(|value| value.real.sign() == Some(*sign))
    })
}

/// A point at which arguments have the wanted signs, and the inputs that they read.
fn risen(
    lowering: &mut Lowering<'_>,
    start: &Point,
    wanted: &[Wanted],
    demands: &Demands,
) -> Option<(Point, Vec<Element>)> {
    let assumptions = lowering.system.assumptions.clone();
    let mut point = Point {
        on_kink: false,
        ..start.clone()
    };
    let (mut height, read) = height(lowering, &point, wanted)?;
    let inputs: Vec<Element> = read
        .into_iter()
        .filter(|(family, _)| is_movable(&lowering.system, *family))
        .collect();
    let mut looks = 0;
    for round in 0..MOST_MOVES as u64 {
        if height.least > 0.0 {
            break;
        }
        let mut best: Option<(Height, Point)> = None;
        for change in changes(&point, &inputs, round) {
            looks += 1;
            if looks > MOST_LOOKS {
                return None;
            }
            let mut moved = point.clone();
            for (element, value) in change {
                let value = moved.arithmetic.number(value);
                moved.fixed.insert(element, value);
            }
            let least = best.as_ref().map_or(height, |(height, _)| *height);
            let Some((found, _)) = self::height(lowering, &moved, wanted) else {
                continue;
            };
            if found > least
                && keeps_signs(&moved, demands)
                && satisfied(lowering, &moved, &assumptions) == Some(true)
            {
                best = Some((found, moved));
            }
        }
        (height, point) = best?;
    }
    have_signs(lowering, &point, wanted).then_some((point, inputs))
}

/// How far arguments have come, each with the wanted sign: the sum of what is negative of them, then of what is below 1.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Height {
    negative: f64,
    low: f64,
    /// The least of them.
    least: f64,
}

/// That, and the inputs that the arguments read. The least alone would not rise where several are as low.
fn height(
    lowering: &mut Lowering<'_>,
    point: &Point,
    wanted: &[Wanted],
) -> Option<(Height, Vec<Element>)> {
    let mut evaluator = signs(lowering, point);
    let mut height = Height {
        negative: 0.0,
        low: 0.0,
        least: f64::INFINITY,
    };
    for (argument, env, sign) in wanted {
        let value = evaluator.term(*argument, env).ok()?;
        let (low, high) = value.real.bounds();
        let middle = low / 2.0 + high / 2.0;
        let own = match sign {
            Ordering::Less => -middle,
            _ => middle,
        };
        height.negative += own.min(0.0);
        height.low += own.min(1.0);
        height.least = height.least.min(own);
    }
    let finite = height.negative.is_finite() && height.least.is_finite();
    finite.then_some((height, evaluator.read))
}

/// The numbers that inputs have.
fn numbers(point: &Point, inputs: &[Element]) -> Vec<(Element, Rational)> {
    let number = |element: &Element| -> Option<Rational> {
        match point.value(element).real {
            Real::Exact(number) => Some(number),
            Real::Between(..) => None,
        }
    };
    inputs
        .iter()
        .filter_map(|element| Some((element.clone(), number(element)?)))
        .collect()
}

/// Moves of single inputs, and of all together.
fn changes(point: &Point, inputs: &[Element], round: u64) -> Vec<Vec<(Element, Rational)>> {
    let known = numbers(point, inputs);
    let mut found = Vec::new();
    for (above, below) in STEPS {
        for sign in [1, -1] {
            let step = Rational::new(sign * above, below);
            for (element, value) in known.iter().take(MOST_INPUTS) {
                found.push(vec![(element.clone(), value.plus(&step))]);
            }
        }
    }
    for (above, below) in FACTORS {
        let factor = Rational::new(above, below);
        for (element, value) in known.iter().take(MOST_INPUTS) {
            found.push(vec![(element.clone(), value.times(&factor))]);
        }
    }
    if known.len() > 1 {
        for draw in 0..DIRECTIONS {
            let (above, below) = STEPS[(draw as usize + round as usize) % STEPS.len()];
            let mut state = super::field::scramble(point.seed ^ (round << 8) ^ draw);
            let change = known
                .iter()
                .map(|(element, value)| {
                    state = super::field::scramble(state);
                    let direction = (state >> 7) as i64 % 3 - 1;
                    let step = Rational::new(direction * above, below);
                    (element.clone(), value.plus(&step))
                })
                .collect();
            found.push(change);
        }
    }
    found
}
