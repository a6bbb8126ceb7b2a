//! Both sides at one point: what their numbers and residues tell of a claim.

use std::cmp::Ordering;

use smallvec::{SmallVec, smallvec};

use super::evaluate::{Element, Env, Evaluator, Forced, Kink, Point};
use super::rational::Rational;
use super::reach::Wanted;
use super::value::{Real, Trouble, Value, differ, lie_close, show, told_apart};
use crate::claim::Lowering;
use crate::term::{FamilyId, TermId};

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

/// A pair of numbers that are claimed to be equal, with the letters' values.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) truth: TermId,
    pub(super) claim: TermId,
    /// 1 where they are, if they are not everywhere; else both are 0.
    pub(super) guard: Option<TermId>,
    pub(super) element: Option<String>,
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

/// What the claim divides by and takes logarithms and roots of, and the truth does not.
#[derive(Debug, Clone, Default)]
pub(super) struct Holes {
    pub(super) divisors: Vec<(TermId, Env)>,
    pub(super) radicands: Vec<(TermId, Env)>,
}

pub(super) struct At {
    pub(super) shown: Shown,
    /// For each pair in how many towers both sides are the same.
    agreed: Vec<usize>,
    /// Whether the numbers of both sides lie close together: an enclosure may hold everything.
    pub(super) close: bool,
    /// Whether there were residues.
    pub(super) residues: bool,
    pub(super) kinks: Vec<Kink>,
    /// Where the claim may have no value although the truth has one.
    pub(super) holes: Holes,
    /// Whether the values depended on more than sums, products, whole powers and functions with kinks or without.
    pub(super) branched: bool,
    /// Whether all kinks of the truth are on.
    pub(super) all_on: bool,
    /// For each pair whether the truth is certainly not 0.
    pub(super) alive: Vec<bool>,
}

impl At {
    /// The counterexample that it is, if no kink is met by accident.
    pub(super) fn refutes(&self) -> Option<Counterexample> {
        match &self.shown {
            Shown::Refuted(example) if !self.kinks.iter().any(|kink| kink.accidental) => {
                Some(example.clone())
            }
            _ => None,
        }
    }

    /// Whether both sides are the same formulas of the inputs wherever these are.
    pub(super) fn is_straight(&self) -> bool {
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
    evaluator.radicands.clear();
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
    let holes = Holes {
        divisors: std::mem::take(&mut evaluator.divisors),
        radicands: std::mem::take(&mut evaluator.radicands),
    };
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
        holes,
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
