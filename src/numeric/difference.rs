//! Central differences, the route that knows no derivative at all.

use super::evaluate::Evaluator;
use super::program::{BlockId, Program};
use super::sample::side;
use super::values::{Point, Shift, Values};
use crate::term::FamilyId;

/// A central difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Difference {
    /// The quotient, and how large its rounding error may be.
    Quotient { value: f64, noise: f64 },
    /// A kink lies within the step.
    NearKink,
    /// One of the two points has no value.
    NoValue,
}

/// The rounding error of a value, relative to its size.
pub(crate) const NOISE: f64 = 250.0 * f64::EPSILON;

/// A difference quotient with its step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quotient {
    pub(crate) step: f64,
    pub(crate) value: f64,
    /// How large its rounding error may be.
    pub(crate) noise: f64,
}

impl Quotient {
    /// Whether a slope may go on for the length of the step: it changes the values by no more than they are.
    pub(crate) fn may_see(&self, slope: f64) -> bool {
        let size = self.noise * self.step / NOISE;
        slope.abs() * self.step <= 10.0 * size
    }

    /// What both say without the error that grows with the square of the step (Richardson 1911).
    pub(crate) fn extrapolated(&self, other: &Quotient) -> Quotient {
        let ratio = (self.step / other.step).powi(2);
        Quotient {
            step: other.step,
            value: (ratio * other.value - self.value) / (ratio - 1.0),
            noise: (ratio * other.noise + self.noise) / (ratio - 1.0).abs(),
        }
    }
}

/// Steps that are tried in turn: about the cube root of the rounding unit, then larger and smaller ones; the last
/// are for functions that bend within the others.
pub(crate) const STEPS: [f64; 7] = [6e-6, 4.8e-5, 7.5e-7, 3.9e-4, 6e-8, 2.4e-7, 6e-9];

/// `(f(x + h v) - f(x - h v)) / 2h` for elements of families, all from the same two evaluations.
pub(crate) fn differences(
    program: &Program<'_>,
    point: &Point,
    step_at_zero: f64,
    base: &Values,
    direction: &Shift,
    step: f64,
    elements: &[(FamilyId, &[i64])],
) -> Vec<Difference> {
    let scaled = |factor: f64| Shift {
        blocks: direction
            .blocks
            .iter()
            .map(|(id, values)| (*id, values.iter().map(|value| value * factor).collect()))
            .collect(),
    };
    let (up, down) = ([scaled(step)], [scaled(-step)]);
    let mut above = Evaluator::<f64>::shifted(program, point, step_at_zero, base, &up);
    let mut below = Evaluator::<f64>::shifted(program, point, step_at_zero, base, &down);
    let pairs: Vec<(f64, f64)> = elements
        .iter()
        .map(|(family, index)| (above.element(*family, index), below.element(*family, index)))
        .collect();
    let crossed = above
        .values
        .order()
        .iter()
        .any(|id| crosses(base, &above.values, *id))
        || below
            .values
            .order()
            .iter()
            .any(|id| crosses(base, &below.values, *id));
    above.end();
    below.end();
    pairs
        .into_iter()
        .map(|(a, b)| {
            if crossed {
                Difference::NearKink
            } else if !a.is_finite() || !b.is_finite() {
                Difference::NoValue
            } else {
                Difference::Quotient {
                    value: (a - b) / (2.0 * step),
                    // The values may be small differences of numbers of order 1, with the error of those.
                    noise: NOISE * (a.abs() + b.abs() + 1.0) / step,
                }
            }
        })
        .collect()
}

/// Whether a block meets its kinks on other sides than before.
fn crosses(base: &Values, moved: &Values, id: BlockId) -> bool {
    let (old, new) = (base.kinks(id), moved.kinks(id));
    base.array(id).is_some()
        && (old.len() != new.len() || old.iter().zip(new).any(|(a, b)| side(*a) != side(*b)))
}

/// Whether a difference agrees with a derivative.
pub(crate) fn agrees(value: f64, noise: f64, derivative: f64) -> bool {
    (value - derivative).abs() <= 1e-5 * value.abs().max(derivative.abs()) + noise
}
