//! Signs that arguments never have: one by itself, or several together.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use super::evaluate::{Element, Evaluator, Point};
use super::field::Residues;
use super::look::with_signs;
use super::point::Demands;
use super::rational::Rational;
use super::reach::Wanted;
use super::value::{Arithmetic, Real, Value};
use crate::claim::Lowering;
use crate::term::TermId;

/// Whether one of some arguments never has its sign, whatever the inputs are: by what is known of functions, or evaluated
/// with ranges for numbers.
pub(super) fn is_impossible(
    lowering: &mut Lowering<'_>,
    demands: &Demands,
    like: &Point,
    wanted: &[Wanted],
) -> bool {
    let excluded = wanted.iter().any(|(argument, env, sign)| {
        // `h - a`, where h is a with something positive added to it.
        let summands = Evaluator::bare(lowering, like).summands(*argument, env);
        let mut known = |negative: bool, term: TermId| {
            let sign = lowering.structure.sign(&lowering.system, term);
            let (above, below) = (sign.is_nonnegative(), sign.is_nonpositive());
            let (above, below) = if negative {
                (below, above)
            } else {
                (above, below)
            };
            [above, below, sign.is_nonzero()]
        };
        let whole = known(false, *argument);
        let parts: Vec<[bool; 3]> = summands
            .iter()
            .map(|(negative, term)| known(*negative, *term))
            .collect();
        let all = |at: usize| parts.iter().all(|part| part[at]);
        let some = parts.iter().any(|part| part[2]);
        match sign {
            Ordering::Less => whole[0] || all(0),
            Ordering::Greater => whole[1] || all(1),
            Ordering::Equal => whole[2] || (some && (all(0) || all(1))),
        }
    });
    if excluded {
        return true;
    }
    let boxed = super::point::boxed(lowering, like, demands);
    let mut evaluator = Evaluator::bare(lowering, &boxed);
    wanted.iter().any(|(argument, env, sign)| {
        let Ok(value) = evaluator.term(*argument, env) else {
            return false;
        };
        let (low, high) = value.real.bounds();
        // The ends of a range are rounded outward.
        let slack = |other: f64| {
            if other.is_finite() {
                other.abs() * 1e-14
            } else {
                f64::MIN_POSITIVE
            }
        };
        match sign {
            Ordering::Less => low >= -slack(high),
            Ordering::Greater => high <= slack(low),
            Ordering::Equal => low > 0.0 || high < 0.0,
        }
    })
}

/// Arguments that exclude each other are looked for among so many.
const MOST_TOGETHER: usize = 24;

/// Whether some arguments cannot have their signs together: up to three of them add up to a number on the wrong side of 0, or to
/// a multiple of something with a sign, or one is a product whose factors have signs. The points have residues with these
/// signs.
pub(super) fn exclude_each_other(
    lowering: &mut Lowering<'_>,
    demands: &Demands,
    points: &[Point],
    signs: &[Wanted],
) -> bool {
    let signs = &signs[..signs.len().min(MOST_TOGETHER)];
    let Some(first) = points.first() else {
        return false;
    };
    // Beside other numbers.
    let other = Point {
        seed: first.seed ^ 0x0e15e,
        signs: Vec::new(),
        ..first.clone()
    };
    let Some(elsewhere) = with_signs(lowering, &other, signs) else {
        return false;
    };
    let known = {
        let mut evaluator = Evaluator::new(lowering, first);
        for (argument, env, _) in signs {
            // What has no value here may still have read something.
            let _ = evaluator.term(*argument, env);
        }
        evaluator.read
    };
    let boxed = super::point::boxed(lowering, first, demands);
    let signed: Vec<Element> = known
        .into_iter()
        .filter(|element| boxed.value(element).real.bounds().0 >= 0.0)
        .collect();
    let values: Option<Vec<Values>> = points
        .iter()
        .chain([&elsewhere])
        .map(|point| Values::of(lowering, point, signs, &signed))
        .collect();
    let Some(values) = values.filter(|values| values.len() == 3) else {
        return false;
    };
    let count = signs.len();
    let one = Rational::int(1);
    let unit = |at: usize| (at, one.clone());
    let alone = (0..count).any(|i| {
        never(&values, &[unit(i)])
            || (0..i).any(|j| {
                let scaled = ratio(&values, i, j).map(|ratio| [unit(i), (j, ratio)]);
                never(&values, &[unit(i), unit(j)])
                    || scaled.is_some_and(|scaled| never(&values, &scaled))
                    || (0..j).any(|k| never(&values, &[unit(i), unit(j), unit(k)]))
            })
            || contradicts_factors(lowering, first, signs, i)
    });
    alone || go_round(&values, count)
}

/// Whether up to six arguments that are to be positive add up to 0, as `a - b`, `b - c`, `c - d` and `d - a` do.
fn go_round(values: &[Values], count: usize) -> bool {
    let field = values[0].arithmetic.field;
    let one = Rational::int(1);
    let mut sums: FxHashMap<Residues, Vec<(usize, Rational)>> = FxHashMap::default();
    let mut parts: Vec<Vec<usize>> = (0..count).map(|i| vec![i]).collect();
    parts.extend((0..count).flat_map(|i| (0..i).map(move |j| vec![i, j])));
    let three = |i| (0..i).flat_map(move |j| (0..j).map(move |k| vec![i, j, k]));
    parts.extend((0..count).flat_map(three));
    for part in parts {
        let part: Vec<(usize, Rational)> = part.into_iter().map(|at| (at, one.clone())).collect();
        let Some(sum) = values[0].sum(&part).residues else {
            return false;
        };
        if let Some(other) = sums.get(&field.negated(&sum)) {
            let all = [other.as_slice(), part.as_slice()].concat();
            if never(values, &all) {
                return true;
            }
        }
        sums.insert(sum, part);
    }
    false
}

/// The arguments at a point, each such that it is to be positive, and inputs that are not negative.
struct Values {
    arithmetic: Arithmetic,
    arguments: Vec<Value>,
    signed: Vec<Value>,
}

impl Values {
    fn of(
        lowering: &mut Lowering<'_>,
        point: &Point,
        signs: &[Wanted],
        signed: &[Element],
    ) -> Option<Self> {
        let arithmetic = point.arithmetic;
        let mut evaluator = Evaluator::new(lowering, point);
        let arguments: Option<Vec<Value>> = signs
            .iter()
            .map(|(argument, env, sign)| {
                let value = evaluator.term(*argument, env).ok()?;
                Some(match sign {
                    Ordering::Less => arithmetic.minus(&arithmetic.int(0), &value),
                    _ => value,
                })
            })
            .collect();
        Some(Self {
            arithmetic,
            arguments: arguments?,
            signed: signed.iter().map(|element| point.value(element)).collect(),
        })
    }

    fn sum(&self, parts: &[(usize, Rational)]) -> Value {
        let arithmetic = self.arithmetic;
        let add = |sum: Value, (at, factor): &(usize, Rational)| {
            let factor = arithmetic.number(factor.clone());
            arithmetic.plus(&sum, &arithmetic.times(&factor, &self.arguments[*at]))
        };
        parts.iter().fold(arithmetic.int(0), add)
    }
}

/// Whether a sum of arguments that are to be positive is never positive.
fn never(values: &[Values], parts: &[(usize, Rational)]) -> bool {
    let sums: Vec<Value> = values.iter().map(|values| values.sum(parts)).collect();
    let Real::Exact(number) = &sums[0].real else {
        return false;
    };
    // So many times the same thing everywhere.
    let multiple = |of: &dyn Fn(&Values) -> Value| {
        let Real::Exact(first) = of(&values[0]).real else {
            return false;
        };
        if first.is_zero() {
            return false;
        }
        let factor = number.times(&first.inverse());
        factor.sign() != Ordering::Greater
            && values.iter().zip(&sums).all(|(values, sum)| {
                let factor = values.arithmetic.number(factor.clone());
                let expected = values.arithmetic.times(&factor, &of(values)).residues;
                expected.zip(sum.residues).is_some_and(|(a, b)| {
                    let mut towers = values.arithmetic.field.compared(&a, &b);
                    towers.all(|same| same == Some(true))
                })
            })
    };
    let count = values[0].signed.len();
    multiple(&|values| values.arithmetic.int(1))
        || (0..count).any(|at| multiple(&|values| values.signed[at].clone()))
}

/// The positive factor of the second argument with which it and the first do not depend on the inputs together, if they are
/// linear in the same thing.
fn ratio(values: &[Values], i: usize, j: usize) -> Option<Rational> {
    let exact = |values: &Values, at: usize| match &values.arguments[at].real {
        Real::Exact(number) => Some(number.clone()),
        Real::Between(..) => None,
    };
    let change = |at: usize| {
        let (before, after) = (exact(&values[0], at)?, exact(&values[2], at)?);
        Some(after.plus(&before.negated()))
    };
    let (first, second) = (change(i)?, change(j)?);
    if second.is_zero() {
        return None;
    }
    let ratio = first.times(&second.inverse()).negated();
    (ratio.sign() == Ordering::Greater).then_some(ratio)
}

/// Whether an argument is a product of factors with signs of their own that do not make its sign.
fn contradicts_factors(
    lowering: &mut Lowering<'_>,
    point: &Point,
    signs: &[Wanted],
    at: usize,
) -> bool {
    let (argument, env, wanted) = &signs[at];
    // With the signs of the others alone.
    let others = Point {
        signs: point
            .signs
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, sign)| sign.clone())
            .collect(),
        ..point.clone()
    };
    let mut evaluator = Evaluator::new(lowering, &others);
    let mut found = Ordering::Greater;
    for (factor, env, power) in evaluator.factors(*argument, env) {
        let Ok(value) = evaluator.term(factor, &env) else {
            return false;
        };
        let Some(sign) = evaluator.known_sign(factor, &env, &value) else {
            return false;
        };
        if sign == Ordering::Equal {
            return true;
        }
        if !power.is_integer() {
            continue;
        }
        let odd = !power.times(&Rational::new(1, 2)).is_integer();
        if odd && sign == Ordering::Less {
            found = found.reverse();
        }
    }
    found != *wanted
}
