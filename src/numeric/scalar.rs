//! What a term can be evaluated over: numbers, and numbers that carry derivatives.

use std::f64::consts::FRAC_2_SQRT_PI;

use crate::system::Primitive;

use super::array::Array;
use super::dual::Jet;

/// A number with whatever it carries along. The value never depends on what is carried.
pub(crate) trait Scalar: Clone + std::fmt::Debug {
    /// Along how many directions it carries first derivatives.
    const LANES: usize;
    /// Whether it carries the size of the terms that its derivative was summed from.
    const MAGNITUDES: bool;

    /// A constant.
    fn number(value: f64) -> Self;
    /// The plain number.
    fn value(&self) -> f64;
    /// The same value as a constant.
    fn frozen(&self) -> Self;
    /// Whether it is a constant.
    fn is_constant(&self) -> bool;
    /// The directions along which it moves, as bits.
    fn moves(&self) -> u64 {
        0
    }
    /// Sum.
    fn plus(&self, other: &Self) -> Self;
    /// Product.
    fn times(&self, other: &Self) -> Self;
    /// `factor · self`
    fn scaled(&self, factor: f64) -> Self {
        self.times(&Self::number(factor))
    }
    /// A function without a body; `step_at_zero` is the convention's number.
    fn apply(&self, primitive: Primitive, step_at_zero: f64) -> Self;
    /// A power with a constant exponent.
    fn power_number(&self, exponent: f64) -> Self;
    /// As nested dual numbers, for derivatives of any order, with what it carries along one direction.
    fn to_jet(&self, lane: usize) -> Jet;
    /// Back from nested dual numbers, one for each direction.
    fn of_jets(jets: &[Jet]) -> Self;
    /// An element of an array.
    fn load(array: &Array, at: usize) -> Self;
    /// Writes an element of an array.
    fn store(&self, array: &mut Array, at: usize);

    /// A power.
    fn power(&self, exponent: &Self) -> Self {
        if exponent.is_constant() {
            self.power_number(exponent.value())
        } else {
            self.apply(Primitive::Log, 0.0)
                .times(exponent)
                .apply(Primitive::Exp, 0.0)
        }
    }

    /// `self - other`
    fn minus(&self, other: &Self) -> Self {
        self.plus(&other.scaled(-1.0))
    }

    /// `max(self, other) = other + relu(self - other)`, without its rounding.
    fn maximum(&self, other: &Self, step_at_zero: f64) -> Self {
        let (a, b) = (self.value(), other.value());
        if a > b {
            self.clone()
        } else if a < b {
            other.clone()
        } else {
            other.plus(&self.minus(other).apply(Primitive::Relu, step_at_zero))
        }
    }

    /// `min(self, other) = other - relu(other - self)`, without its rounding.
    fn minimum(&self, other: &Self, step_at_zero: f64) -> Self {
        let (a, b) = (self.value(), other.value());
        if a < b {
            self.clone()
        } else if a > b {
            other.clone()
        } else {
            other.minus(&other.minus(self).apply(Primitive::Relu, step_at_zero))
        }
    }
}

/// The value of a function without a body.
pub(crate) fn primitive_value(primitive: Primitive, u: f64, step_at_zero: f64) -> f64 {
    match primitive {
        Primitive::Relu => {
            if u.is_nan() {
                u
            } else {
                u.max(0.0)
            }
        }
        Primitive::Step => {
            if u > 0.0 {
                1.0
            } else if u < 0.0 {
                0.0
            } else if u.is_nan() {
                u
            } else {
                step_at_zero
            }
        }
        Primitive::Exp => u.exp(),
        Primitive::Log => {
            if u > 0.0 {
                u.ln()
            } else {
                f64::NAN
            }
        }
        Primitive::Sin => u.sin(),
        Primitive::Cos => u.cos(),
        Primitive::Erf => erf(u),
    }
}

/// The derivative of a function without a body: what the value does, with the convention's number at relu's kink.
pub(super) fn primitive_slope(primitive: Primitive, u: f64, step_at_zero: f64) -> f64 {
    match primitive {
        Primitive::Relu => primitive_value(Primitive::Step, u, step_at_zero),
        Primitive::Step => 0.0,
        Primitive::Exp => u.exp(),
        Primitive::Log => {
            if u > 0.0 {
                1.0 / u
            } else {
                f64::NAN
            }
        }
        Primitive::Sin => u.cos(),
        Primitive::Cos => -u.sin(),
        Primitive::Erf => FRAC_2_SQRT_PI * (-u * u).exp(),
    }
}

/// The derivative of [`primitive_slope`].
pub(super) fn primitive_bend(primitive: Primitive, u: f64) -> f64 {
    match primitive {
        Primitive::Relu | Primitive::Step => 0.0,
        Primitive::Exp => u.exp(),
        Primitive::Log => -1.0 / (u * u),
        Primitive::Sin => -u.sin(),
        Primitive::Cos => -u.cos(),
        Primitive::Erf => -2.0 * u * FRAC_2_SQRT_PI * (-u * u).exp(),
    }
}

/// How large an exponential's argument is, up or down: beyond it values drown in the rounding of 1.
pub(super) fn exponent(primitive: Primitive, u: f64) -> f64 {
    match primitive {
        Primitive::Exp => u.abs(),
        Primitive::Erf => u * u,
        Primitive::Relu | Primitive::Step | Primitive::Log | Primitive::Sin | Primitive::Cos => 0.0,
    }
}

/// The error function by a series whose terms have one sign (Abramowitz and Stegun 1964, 7.1.6), so that nothing
/// cancels: a relative error below 10⁻¹³.
pub(crate) fn erf(u: f64) -> f64 {
    // 1 - erf(6) is less than half a unit in the last place of 1.
    if u.abs() >= 6.0 {
        return u.signum();
    }
    let (mut term, mut sum, mut odd) = (u, u, 1.0);
    while term.abs() > sum.abs() * f64::EPSILON / 4.0 {
        odd += 2.0;
        term *= 2.0 * u * u / odd;
        sum += term;
    }
    FRAC_2_SQRT_PI * (-u * u).exp() * sum
}

/// `u^exponent`, by multiplication where the exponent is a small whole number.
pub(super) fn raise(u: f64, exponent: f64) -> f64 {
    if exponent.fract() == 0.0 && exponent.abs() <= 64.0 {
        u.powi(exponent as i32)
    } else {
        u.powf(exponent)
    }
}

/// The derivative of `u^exponent` by `u`.
pub(super) fn raise_slope(u: f64, exponent: f64) -> f64 {
    if exponent == 0.0 {
        0.0
    } else {
        exponent * raise(u, exponent - 1.0)
    }
}

impl Scalar for f64 {
    const LANES: usize = 0;
    const MAGNITUDES: bool = false;

    fn number(value: f64) -> Self {
        value
    }

    fn value(&self) -> f64 {
        *self
    }

    fn frozen(&self) -> Self {
        *self
    }

    fn is_constant(&self) -> bool {
        true
    }

    fn plus(&self, other: &Self) -> Self {
        self + other
    }

    fn times(&self, other: &Self) -> Self {
        self * other
    }

    fn apply(&self, primitive: Primitive, step_at_zero: f64) -> Self {
        primitive_value(primitive, *self, step_at_zero)
    }

    fn power_number(&self, exponent: f64) -> Self {
        raise(*self, exponent)
    }

    fn to_jet(&self, _lane: usize) -> Jet {
        Jet::number(*self)
    }

    fn of_jets(jets: &[Jet]) -> Self {
        jets[0].value()
    }

    fn load(array: &Array, at: usize) -> Self {
        array.values[at]
    }

    fn store(&self, array: &mut Array, at: usize) {
        array.values[at] = *self;
    }
}
