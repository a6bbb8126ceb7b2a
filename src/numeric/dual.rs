//! Forward mode: numbers that carry their derivative. A function is differentiated through its value (its body,
//! or one of the few built-in rules), never through its tabled slope.

use crate::system::Primitive;

use super::array::Array;
use super::scalar::{Scalar, primitive_bend, primitive_slope, primitive_value, raise, raise_slope};

/// A value with its derivative along one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dual {
    value: f64,
    tangent: f64,
}

impl Scalar for Dual {
    const TANGENTS: bool = true;
    const MAGNITUDES: bool = false;

    fn number(value: f64) -> Self {
        Self {
            value,
            tangent: 0.0,
        }
    }

    fn value(&self) -> f64 {
        self.value
    }

    fn frozen(&self) -> Self {
        Self::number(self.value)
    }

    fn is_constant(&self) -> bool {
        self.tangent == 0.0
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            value: self.value + other.value,
            tangent: self.tangent + other.tangent,
        }
    }

    fn times(&self, other: &Self) -> Self {
        Self {
            value: self.value * other.value,
            tangent: self.tangent * other.value + self.value * other.tangent,
        }
    }

    fn apply(&self, primitive: Primitive, step_at_zero: f64) -> Self {
        let slope = primitive_slope(primitive, self.value, step_at_zero);
        Self {
            value: primitive_value(primitive, self.value, step_at_zero),
            tangent: along(slope, self.tangent),
        }
    }

    fn power_number(&self, exponent: f64) -> Self {
        Self {
            value: raise(self.value, exponent),
            tangent: along_power(self.value, exponent, self.tangent),
        }
    }

    fn to_jet(&self) -> Jet {
        Jet(vec![self.value, self.tangent])
    }

    fn of_jet(jet: &Jet) -> Self {
        Self {
            value: jet.at(0),
            tangent: jet.at(1),
        }
    }

    fn load(array: &Array, at: usize) -> Self {
        Self {
            value: array.values[at],
            tangent: array.tangents.as_ref().map_or(0.0, |tangents| tangents[at]),
        }
    }

    fn store(&self, array: &mut Array, at: usize) {
        array.values[at] = self.value;
        if self.tangent != 0.0 {
            array.tangents_mut()[at] = self.tangent;
        } else if let Some(tangents) = &mut array.tangents {
            tangents[at] = 0.0;
        }
    }
}

/// The tangent of a power. A negative power of a large number may be too small to be seen where its product with
/// the number's own tangent is not.
fn along_power(value: f64, exponent: f64, tangent: f64) -> f64 {
    if exponent < 0.0 && value != 0.0 && tangent != 0.0 {
        exponent * (raise(value, exponent) * (tangent / value))
    } else {
        along(raise_slope(value, exponent), tangent)
    }
}

/// Where nothing moves, a slope without a value does no harm.
fn along(slope: f64, tangent: f64) -> f64 {
    if tangent == 0.0 { 0.0 } else { slope * tangent }
}

/// A dual number that also carries the size of what its derivative was summed from: how much of the derivative
/// may be rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Traced {
    value: f64,
    tangent: f64,
    /// The sum of the absolute values of the terms of the value.
    size: f64,
    /// The same for the tangent.
    magnitude: f64,
}

impl Scalar for Traced {
    const TANGENTS: bool = true;
    const MAGNITUDES: bool = true;

    fn number(value: f64) -> Self {
        Self {
            value,
            tangent: 0.0,
            size: value.abs(),
            magnitude: 0.0,
        }
    }

    fn value(&self) -> f64 {
        self.value
    }

    fn frozen(&self) -> Self {
        Self {
            tangent: 0.0,
            magnitude: 0.0,
            ..*self
        }
    }

    fn is_constant(&self) -> bool {
        self.tangent == 0.0 && self.magnitude == 0.0
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            value: self.value + other.value,
            tangent: self.tangent + other.tangent,
            size: self.size + other.size,
            magnitude: self.magnitude + other.magnitude,
        }
    }

    fn times(&self, other: &Self) -> Self {
        Self {
            value: self.value * other.value,
            tangent: self.tangent * other.value + self.value * other.tangent,
            size: self.size * other.size,
            magnitude: self.magnitude * other.size + self.size * other.magnitude,
        }
    }

    fn apply(&self, primitive: Primitive, step_at_zero: f64) -> Self {
        let slope = primitive_slope(primitive, self.value, step_at_zero);
        let value = primitive_value(primitive, self.value, step_at_zero);
        let lost = self.size - self.value.abs();
        let bend = primitive_bend(primitive, self.value) * lost;
        Self {
            value,
            tangent: along(slope, self.tangent),
            size: value.abs() + (slope * lost).abs(),
            magnitude: along(slope.abs(), self.magnitude) + along(bend, self.tangent).abs(),
        }
    }

    fn power_number(&self, exponent: f64) -> Self {
        let value = raise(self.value, exponent);
        let slope = raise_slope(self.value, exponent);
        let lost = self.size - self.value.abs();
        let bend = exponent * raise_slope(self.value, exponent - 1.0) * lost;
        let bend = if bend.is_finite() { bend } else { 0.0 };
        Self {
            value,
            tangent: along_power(self.value, exponent, self.tangent),
            size: value.abs() + (slope * lost).abs(),
            magnitude: along_power(self.value, exponent, self.magnitude).abs()
                + along(bend, self.tangent).abs(),
        }
    }

    fn to_jet(&self) -> Jet {
        Jet(vec![self.value, self.tangent])
    }

    fn of_jet(jet: &Jet) -> Self {
        Self {
            value: jet.at(0),
            tangent: jet.at(1),
            size: jet.at(0).abs(),
            magnitude: jet.at(1).abs(),
        }
    }

    fn load(array: &Array, at: usize) -> Self {
        let value = array.values[at];
        let tangent = array.tangents.as_ref().map_or(0.0, |tangents| tangents[at]);
        let (size, magnitude) = array
            .magnitudes
            .as_ref()
            .map_or((value.abs(), tangent.abs()), |pairs| pairs[at]);
        Self {
            value,
            tangent,
            size,
            magnitude,
        }
    }

    fn store(&self, array: &mut Array, at: usize) {
        array.values[at] = self.value;
        array.tangents_mut()[at] = self.tangent;
        array.magnitudes_mut()[at] = (self.size, self.magnitude);
    }
}

/// Nested dual numbers: the coefficient at a bit set is that of the product of these infinitesimals, of which each
/// squares to 0. With one infinitesimal for each differentiation it gives mixed derivatives of any order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Jet(Vec<f64>);

impl Jet {
    /// The coefficient at a bit set.
    pub(super) fn at(&self, set: usize) -> f64 {
        self.0.get(set).copied().unwrap_or(0.0)
    }

    /// How many infinitesimals it knows.
    pub(super) fn order(&self) -> u32 {
        self.0.len().trailing_zeros()
    }

    /// `self` plus the infinitesimal with this number.
    pub(super) fn perturbed(&self, infinitesimal: u32) -> Jet {
        let bit = 1usize << infinitesimal;
        let mut coefficients = self.0.clone();
        coefficients.resize(coefficients.len().max(2 * bit), 0.0);
        coefficients[bit] += 1.0;
        Jet(coefficients)
    }

    /// The coefficient of the infinitesimals `first..first + count`, as a number over those below `first`.
    pub(super) fn coefficient(&self, first: u32, count: u32) -> Jet {
        let high = ((1usize << count) - 1) << first;
        Jet((0..1usize << first)
            .map(|low| self.at(high | low))
            .collect())
    }

    /// Splits off the last infinitesimal.
    fn split(&self) -> Option<(Jet, Jet)> {
        let half = self.0.len() / 2;
        (half > 0).then(|| (Jet(self.0[..half].to_vec()), Jet(self.0[half..].to_vec())))
    }

    fn joined(low: &Jet, high: &Jet, half: usize) -> Jet {
        Jet((0..half)
            .map(|at| low.at(at))
            .chain((0..half).map(|at| high.at(at)))
            .collect())
    }
}

impl Scalar for Jet {
    const TANGENTS: bool = true;
    const MAGNITUDES: bool = false;

    fn number(value: f64) -> Self {
        Jet(vec![value])
    }

    fn value(&self) -> f64 {
        self.0[0]
    }

    fn frozen(&self) -> Self {
        Jet::number(self.0[0])
    }

    fn is_constant(&self) -> bool {
        self.0[1..].iter().all(|coefficient| *coefficient == 0.0)
    }

    fn plus(&self, other: &Self) -> Self {
        let length = self.0.len().max(other.0.len());
        Jet((0..length)
            .map(|set| self.at(set) + other.at(set))
            .collect())
    }

    fn times(&self, other: &Self) -> Self {
        let length = self.0.len().max(other.0.len());
        let mut product = vec![0.0; length];
        for (set, coefficient) in product.iter_mut().enumerate() {
            // All ways to split the set between the factors.
            let mut part = set;
            loop {
                *coefficient += self.at(part) * other.at(set ^ part);
                if part == 0 {
                    break;
                }
                part = (part - 1) & set;
            }
        }
        Jet(product)
    }

    fn apply(&self, primitive: Primitive, step_at_zero: f64) -> Self {
        let Some((low, high)) = self.split() else {
            return Jet::number(primitive_value(primitive, self.0[0], step_at_zero));
        };
        let value = low.apply(primitive, step_at_zero);
        let slope = match primitive {
            Primitive::Relu => low.apply(Primitive::Step, step_at_zero),
            Primitive::Step => Jet::number(0.0),
            Primitive::Exp => value.clone(),
            Primitive::Log => low.power_number(-1.0),
            Primitive::Sin => low.apply(Primitive::Cos, step_at_zero),
            Primitive::Cos => low.apply(Primitive::Sin, step_at_zero).scaled(-1.0),
            Primitive::Erf => low
                .times(&low)
                .scaled(-1.0)
                .apply(Primitive::Exp, step_at_zero)
                .scaled(std::f64::consts::FRAC_2_SQRT_PI),
        };
        Jet::joined(&value, &slope.times(&high), low.0.len())
    }

    fn power_number(&self, exponent: f64) -> Self {
        let Some((low, high)) = self.split() else {
            return Jet::number(raise(self.0[0], exponent));
        };
        let value = low.power_number(exponent);
        if exponent < 0.0 && low.value() != 0.0 {
            let relative = high.times(&low.power_number(-1.0));
            return Jet::joined(
                &value,
                &value.scaled(exponent).times(&relative),
                low.0.len(),
            );
        }
        let slope = if exponent == 0.0 {
            Jet::number(0.0)
        } else {
            low.power_number(exponent - 1.0).scaled(exponent)
        };
        Jet::joined(&value, &slope.times(&high), low.0.len())
    }

    fn to_jet(&self) -> Jet {
        self.clone()
    }

    fn of_jet(jet: &Jet) -> Self {
        jet.clone()
    }

    fn load(array: &Array, at: usize) -> Self {
        Dual::load(array, at).to_jet()
    }

    fn store(&self, array: &mut Array, at: usize) {
        Dual::of_jet(self).store(array, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jets_give_mixed_and_higher_derivatives() {
        // f(x, y) = x³ y²; ∂³f/∂x²∂y = 12 x y
        let x = Jet::number(2.0).perturbed(0).perturbed(1);
        let y = Jet::number(3.0).perturbed(2);
        let f = x.power_number(3.0).times(&y.power_number(2.0));
        assert!((f.at(0b111) - 72.0).abs() < 1e-12);
        let e = Jet::number(0.5)
            .perturbed(0)
            .perturbed(1)
            .apply(Primitive::Exp, 1.0);
        assert!((e.at(0b11) - 0.5f64.exp()).abs() < 1e-15);
        let s = Jet::number(0.3)
            .perturbed(0)
            .perturbed(1)
            .perturbed(2)
            .apply(Primitive::Sin, 1.0);
        assert!((s.at(0b111) + 0.3f64.cos()).abs() < 1e-15);
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-15
    }

    #[test]
    fn the_kink_takes_the_convention_in_every_function_made_of_it() {
        for step in [0.0, 0.5, 1.0] {
            let u = Dual {
                value: 0.0,
                tangent: 1.0,
            };
            assert!(close(u.apply(Primitive::Relu, step).tangent, step));
            let absolute = u
                .apply(Primitive::Relu, step)
                .plus(&u.scaled(-1.0).apply(Primitive::Relu, step));
            assert!(close(absolute.tangent, 0.0));
            let tie = u.maximum(&Dual::number(0.0), step);
            assert!(close(tie.tangent, step));
            assert!(close(
                Dual::number(0.0).maximum(&u, step).tangent,
                1.0 - step
            ));
            assert!(close(u.minimum(&Dual::number(0.0), step).tangent, step));
        }
    }
}
