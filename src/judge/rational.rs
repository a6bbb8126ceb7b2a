//! Exact rational numbers, most of which are small: those need no memory of their own.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;
use num_rational::{BigRational, Ratio};
use num_traits::{CheckedAdd, CheckedMul, One, ToPrimitive, Zero};

/// A rational number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rational {
    /// Numerator and denominator fit, and the numerator can be negated.
    Small(Ratio<i64>),
    /// All others.
    Large(Box<BigRational>),
}

/// Floating point numbers hold whole numbers up to this exactly.
const EXACT: i64 = 1 << f64::MANTISSA_DIGITS;

impl Rational {
    pub(super) fn int(value: i64) -> Self {
        Self::small(Ratio::from_integer(value)).unwrap_or_else(|| {
            Self::Large(Box::new(BigRational::from_integer(BigInt::from(value))))
        })
    }

    /// `above / below`, for a positive `below`.
    pub(super) fn new(above: i64, below: i64) -> Self {
        match below {
            1 => Self::int(above),
            _ => Self::from(Ratio::new(above, below)),
        }
    }

    fn small(value: Ratio<i64>) -> Option<Self> {
        (*value.numer() != i64::MIN).then_some(Self::Small(value))
    }

    fn large(value: BigRational) -> Self {
        let parts = value.numer().to_i64().zip(value.denom().to_i64());
        parts
            .and_then(|(above, below)| Self::small(Ratio::new_raw(above, below)))
            .unwrap_or_else(|| Self::Large(Box::new(value)))
    }

    fn widened(&self) -> BigRational {
        match self {
            Self::Small(value) => {
                BigRational::new_raw((*value.numer()).into(), (*value.denom()).into())
            }
            Self::Large(value) => (**value).clone(),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        matches!(self, Self::Small(value) if value.is_zero())
    }

    pub(super) fn is_one(&self) -> bool {
        matches!(self, Self::Small(value) if value.is_one())
    }

    pub(super) fn is_negative(&self) -> bool {
        self.sign() == Ordering::Less
    }

    pub(super) fn sign(&self) -> Ordering {
        match self {
            Self::Small(value) => value.numer().cmp(&0),
            Self::Large(value) => (**value).cmp(&BigRational::zero()),
        }
    }

    pub(super) fn is_integer(&self) -> bool {
        match self {
            Self::Small(value) => value.is_integer(),
            Self::Large(value) => value.is_integer(),
        }
    }

    /// The whole number that it is, if it is one that fits.
    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Small(value) if value.is_integer() => Some(*value.numer()),
            Self::Small(_) | Self::Large(_) => None,
        }
    }

    /// Numerator and denominator, if both fit.
    pub(super) fn parts(&self) -> Option<(i64, i64)> {
        match self {
            Self::Small(value) => Some((*value.numer(), *value.denom())),
            Self::Large(_) => None,
        }
    }

    /// How many bits numerator and denominator have.
    pub(super) fn bits(&self) -> (u64, u64) {
        match self {
            Self::Small(value) => {
                let bits = |part: u64| u64::from(u64::BITS - part.leading_zeros());
                (
                    bits(value.numer().unsigned_abs()),
                    bits(value.denom().unsigned_abs()),
                )
            }
            Self::Large(value) => (value.numer().bits(), value.denom().bits()),
        }
    }

    /// The digits of the magnitudes of numerator and denominator to the base 2⁶⁴, the lowest first.
    pub(super) fn digits(&self) -> Vec<u64> {
        match self {
            Self::Small(value) => [value.numer(), value.denom()]
                .into_iter()
                .map(|part| part.unsigned_abs())
                .filter(|part| *part != 0)
                .collect(),
            Self::Large(value) => {
                let (above, below) = (value.numer(), value.denom());
                [above, below]
                    .into_iter()
                    .flat_map(|part| part.to_u64_digits().1)
                    .collect()
            }
        }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        if let (Self::Small(a), Self::Small(b)) = (self, other) {
            let sum = if a.is_integer() && b.is_integer() {
                a.numer().checked_add(b.numer()).map(Ratio::from_integer)
            } else {
                a.checked_add(b)
            };
            if let Some(sum) = sum.and_then(Self::small) {
                return sum;
            }
        }
        Self::large(self.widened() + other.widened())
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        if let (Self::Small(a), Self::Small(b)) = (self, other) {
            let product = if a.is_integer() && b.is_integer() {
                a.numer().checked_mul(b.numer()).map(Ratio::from_integer)
            } else {
                a.checked_mul(b)
            };
            if let Some(product) = product.and_then(Self::small) {
                return product;
            }
        }
        Self::large(self.widened() * other.widened())
    }

    pub(super) fn negated(&self) -> Self {
        match self {
            Self::Small(value) => Self::Small(-value),
            Self::Large(value) => Self::large(-(**value).clone()),
        }
    }

    pub(super) fn magnitude(&self) -> Self {
        if self.is_negative() {
            self.negated()
        } else {
            self.clone()
        }
    }

    /// The inverse of a number that is not 0.
    pub(super) fn inverse(&self) -> Self {
        match self {
            Self::Small(value) => Self::Small(value.recip()),
            Self::Large(value) => Self::large(value.recip()),
        }
    }

    /// A whole power of a number that is not 0.
    pub(super) fn power(&self, exponent: i32) -> Self {
        Self::large(num_traits::Pow::pow(self.widened(), exponent))
    }

    /// The rational root of a number that is not negative, if there is one.
    pub(super) fn square_root(&self) -> Option<Self> {
        let value = self.widened();
        let (above, below) = (value.numer().sqrt(), value.denom().sqrt());
        let exact = &above * &above == *value.numer() && &below * &below == *value.denom();
        exact.then(|| Self::large(BigRational::new_raw(above, below)))
    }

    /// The nearest floating point number; not a number where it is out of their range.
    pub(super) fn nearest(&self) -> f64 {
        match self.parts() {
            Some((above, below)) if above.abs() <= EXACT && below <= EXACT => {
                above as f64 / below as f64
            }
            _ => self.widened().to_f64().unwrap_or(f64::NAN),
        }
    }

    /// The number modulo a prime below 2⁶⁴, as numerator and denominator.
    pub(super) fn modulo(&self, prime: u64) -> (u64, u64) {
        use num_integer::Integer;
        match self {
            Self::Small(value) => {
                let above = i128::from(*value.numer()).rem_euclid(i128::from(prime));
                let below = value.denom().unsigned_abs() % prime;
                (u64::try_from(above).expect("below the prime"), below)
            }
            Self::Large(value) => {
                let prime = BigInt::from(prime);
                let part = |part: &BigInt| {
                    let rest = part.mod_floor(&prime);
                    rest.to_u64().expect("below the prime")
                };
                (part(value.numer()), part(value.denom()))
            }
        }
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        self.plus(&other.negated()).sign()
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<&BigRational> for Rational {
    fn from(value: &BigRational) -> Self {
        let parts = value.numer().to_i64().zip(value.denom().to_i64());
        parts
            .and_then(|(above, below)| Self::small(Ratio::new_raw(above, below)))
            .unwrap_or_else(|| Self::Large(Box::new(value.clone())))
    }
}

impl From<Ratio<i64>> for Rational {
    fn from(value: Ratio<i64>) -> Self {
        Self::small(value).unwrap_or_else(|| {
            let (above, below) = (*value.numer(), *value.denom());
            Self::Large(Box::new(BigRational::new(above.into(), below.into())))
        })
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(value) => value.fmt(out),
            Self::Large(value) => value.fmt(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use num_traits::Signed;

    use super::*;

    /// Numbers around all borders between small and large ones.
    fn samples() -> Vec<BigRational> {
        let mut parts: Vec<i128> = vec![0, 1, 2, 3, 12, 1 << 31, 1 << 53, (1 << 53) + 1];
        for border in [i128::from(i64::MAX), 1 << 80] {
            parts.extend([border - 1, border, border + 1, border + 2]);
        }
        let mut found = Vec::new();
        for above in &parts {
            for below in &parts[1..] {
                for sign in [-1, 1] {
                    found.push(BigRational::new((sign * above).into(), (*below).into()));
                }
            }
        }
        found
    }

    #[test]
    fn it_computes_as_large_numbers_do() {
        let samples = samples();
        for a in &samples {
            let own = Rational::from(a);
            assert_eq!(own.widened(), *a);
            assert_eq!(own.to_string(), a.to_string());
            assert_eq!(own.negated(), Rational::from(&-a));
            assert_eq!(own.magnitude(), Rational::from(&a.abs()));
            assert_eq!(own.bits(), (a.numer().bits(), a.denom().bits()));
            assert_eq!(Some(own.nearest()), a.to_f64());
            if !a.is_zero() {
                assert_eq!(own.inverse(), Rational::from(&a.recip()));
            }
            for b in &samples {
                let other = Rational::from(b);
                assert_eq!(own.plus(&other), Rational::from(&(a + b)), "{a} + {b}");
                assert_eq!(own.times(&other), Rational::from(&(a * b)), "{a} * {b}");
            }
        }
    }

    #[test]
    fn residues_are_those_of_large_numbers() {
        let prime = 2_185_762_196_707_359_839;
        for value in samples() {
            let large = Rational::Large(Box::new(value.clone()));
            assert_eq!(Rational::from(&value).modulo(prime), large.modulo(prime));
        }
    }
}
