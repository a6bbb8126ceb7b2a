//! Forward mode: numbers that carry their derivative. A function is differentiated through its value (its body,
//! or one of the few built-in rules), never through its tabled slope.

use crate::system::Primitive;

use super::array::Array;
use super::scalar::{Scalar, primitive_bend, primitive_slope, primitive_value, raise, raise_slope};

/// A value with its derivatives along `L` directions. What it is in one of them never depends on the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dual<const L: usize = 1> {
    value: f64,
    tangents: [f64; L],
}

impl<const L: usize> Dual<L> {
    fn with(value: f64, tangent: impl FnMut(usize) -> f64) -> Self {
        Self {
            value,
            tangents: std::array::from_fn(tangent),
        }
    }
}

impl<const L: usize> Scalar for Dual<L> {
    const LANES: usize = L;
    const MAGNITUDES: bool = false;

    fn number(value: f64) -> Self {
        Self {
            value,
            tangents: [0.0; L],
        }
    }

    fn value(&self) -> f64 {
        self.value
    }

    fn frozen(&self) -> Self {
        Self::number(self.value)
    }

    fn is_constant(&self) -> bool {
        self.tangents.iter().all(|tangent| *tangent == 0.0)
    }

    fn moves(&self) -> u64 {
        let lanes = self.tangents.iter().enumerate();
        lanes.fold(0, |bits, (lane, tangent)| {
            bits | u64::from(*tangent != 0.0) << lane
        })
    }

    fn plus(&self, other: &Self) -> Self {
        Self::with(self.value + other.value, |lane| {
            self.tangents[lane] + other.tangents[lane]
        })
    }

    fn times(&self, other: &Self) -> Self {
        Self::with(self.value * other.value, |lane| {
            self.tangents[lane] * other.value + self.value * other.tangents[lane]
        })
    }

    fn apply(&self, primitive: Primitive, step_at_zero: f64) -> Self {
        let slope = primitive_slope(primitive, self.value, step_at_zero);
        Self::with(
            primitive_value(primitive, self.value, step_at_zero),
            |lane| along(slope, self.tangents[lane]),
        )
    }

    fn power_number(&self, exponent: f64) -> Self {
        let slope = raise_slope(self.value, exponent);
        let value = raise(self.value, exponent);
        Self::with(value, |lane| {
            along_power((self.value, exponent), (value, slope), self.tangents[lane])
        })
    }

    fn power(&self, exponent: &Self) -> Self {
        let fixed = self.power_number(exponent.value);
        if exponent.is_constant() {
            return fixed;
        }
        let moving = self
            .apply(Primitive::Log, 0.0)
            .times(exponent)
            .apply(Primitive::Exp, 0.0);
        // Along a direction in which the exponent stands still the base may be negative.
        Self::with(fixed.value, |lane| match exponent.tangents[lane] {
            0.0 => fixed.tangents[lane],
            _ => moving.tangents[lane],
        })
    }

    fn to_jet(&self, lane: usize) -> Jet {
        Jet(vec![self.value, self.tangents[lane]])
    }

    fn of_jets(jets: &[Jet]) -> Self {
        Self::with(jets[0].at(0), |lane| jets[lane].at(1))
    }

    fn load(array: &Array, at: usize) -> Self {
        let value = array.values[at];
        match &array.tangents {
            None => Self::number(value),
            Some(tangents) => {
                let length = array.values.len();
                Self::with(value, |lane| tangents[lane * length + at])
            }
        }
    }

    fn store(&self, array: &mut Array, at: usize) {
        array.values[at] = self.value;
        if array.tangents.is_some() || !self.is_constant() {
            let length = array.values.len();
            let tangents = array.tangents_mut(L);
            for (lane, tangent) in self.tangents.iter().enumerate() {
                tangents[lane * length + at] = *tangent;
            }
        }
    }
}

/// The tangent of a power, given its value and its slope. A negative power of a large number may be too small to be
/// seen where its product with the number's own tangent is not.
fn along_power((base, exponent): (f64, f64), (value, slope): (f64, f64), tangent: f64) -> f64 {
    if exponent < 0.0 && base != 0.0 && tangent != 0.0 {
        exponent * (value * (tangent / base))
    } else {
        along(slope, tangent)
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
    const LANES: usize = 1;
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
            tangent: along_power((self.value, exponent), (value, slope), self.tangent),
            size: value.abs() + (slope * lost).abs(),
            magnitude: along_power((self.value, exponent), (value, slope), self.magnitude).abs()
                + along(bend, self.tangent).abs(),
        }
    }

    fn to_jet(&self, _lane: usize) -> Jet {
        Jet(vec![self.value, self.tangent])
    }

    fn of_jets(jets: &[Jet]) -> Self {
        let jet = &jets[0];
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
        array.tangents_mut(1)[at] = self.tangent;
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
    const LANES: usize = 1;
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

    fn to_jet(&self, _lane: usize) -> Jet {
        self.clone()
    }

    fn of_jets(jets: &[Jet]) -> Self {
        jets[0].clone()
    }

    fn load(array: &Array, at: usize) -> Self {
        Dual::<1>::load(array, at).to_jet(0)
    }

    fn store(&self, array: &mut Array, at: usize) {
        Dual::<1>::of_jets(std::slice::from_ref(self)).store(array, at);
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
                tangents: [1.0],
            };
            assert!(close(u.apply(Primitive::Relu, step).tangents[0], step));
            let absolute = u
                .apply(Primitive::Relu, step)
                .plus(&u.scaled(-1.0).apply(Primitive::Relu, step));
            assert!(close(absolute.tangents[0], 0.0));
            let tie = u.maximum(&Dual::number(0.0), step);
            assert!(close(tie.tangents[0], step));
            assert!(close(
                Dual::number(0.0).maximum(&u, step).tangents[0],
                1.0 - step
            ));
            assert!(close(u.minimum(&Dual::number(0.0), step).tangents[0], step));
        }
    }

    #[test]
    fn directions_do_not_meet() {
        // x² · a^x · e^a at (-1.5, 2): along x alone, along a alone, along both.
        let x = Dual::<3> {
            value: -1.5,
            tangents: [1.0, 0.0, 1.0],
        };
        let a = Dual::<3> {
            value: 2.0,
            tangents: [0.0, 1.0, 1.0],
        };
        let whole = |x: &Dual<3>, a: &Dual<3>| {
            let powers = x.power_number(2.0).times(&a.power(x));
            powers.times(&a.apply(Primitive::Exp, 1.0))
        };
        let found = whole(&x, &a);
        for lane in 0..3 {
            let alone = |u: &Dual<3>| Dual::<3>::with(u.value, |_| u.tangents[lane]);
            let expected = whole(&alone(&x), &alone(&a)).tangents[0];
            assert!((found.tangents[lane] - expected).abs() < 1e-12);
        }
        let both = found.tangents[0] + found.tangents[1];
        assert!((both - found.tangents[2]).abs() < 1e-12);
        // (-1.5)^2 has a slope by its base and none by its exponent.
        let power = x.power(&a);
        assert!(close(power.value, 2.25) && close(power.tangents[0], -3.0));
        assert!(power.tangents[1].is_nan() && power.tangents[2].is_nan());
    }
}
