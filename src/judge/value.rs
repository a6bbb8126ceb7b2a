//! Numbers that decide: exact where that is possible, else enclosed, each with residues for identity testing.

use std::cmp::Ordering;

use super::field::{Field, Residues};
use super::rational::Rational;

/// A real number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Real {
    /// Exactly this.
    Exact(Rational),
    /// Somewhere in here, ends included.
    Between(f64, f64),
}

/// A number at a point, and at another, random point of the fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub(super) real: Real,
    /// None where the residues have no such value: another random point may do.
    pub(super) residues: Option<Residues>,
}

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The expression has no value here, for instance a division by 0.
    NoValue,
    /// It cannot be told here: a sign within its enclosure, a function that is not known exactly.
    Unknown,
}

/// Exact numbers with more bits become enclosures.
const MOST_BITS: u64 = 4_000;

fn below(x: f64, steps: u32) -> f64 {
    (0..steps).fold(x, |x, _| x.next_down())
}

fn above(x: f64, steps: u32) -> f64 {
    (0..steps).fold(x, |x, _| x.next_up())
}

impl Real {
    /// An enclosure.
    pub(super) fn bounds(&self) -> (f64, f64) {
        match self {
            Real::Exact(value) => {
                let near = value.nearest();
                let exact = |whole: i64| whole.unsigned_abs() < 1 << f64::MANTISSA_DIGITS;
                if near.is_nan() {
                    (f64::NEG_INFINITY, f64::INFINITY)
                } else if value.as_int().is_some_and(exact) {
                    (near, near)
                } else {
                    (below(near, 2), above(near, 2))
                }
            }
            Real::Between(low, high) => (*low, *high),
        }
    }

    fn between(low: f64, high: f64) -> Real {
        if low.is_nan() || high.is_nan() {
            Real::Between(f64::NEG_INFINITY, f64::INFINITY)
        } else {
            Real::Between(low, high)
        }
    }

    fn exact(value: Rational) -> Real {
        let (above, below) = value.bits();
        if above + below > MOST_BITS {
            let (low, high) = Real::Exact(value).bounds();
            return Real::between(low, high);
        }
        Real::Exact(value)
    }

    /// Its sign; none if the enclosure leaves it open.
    pub(super) fn sign(&self) -> Option<Ordering> {
        match self {
            Real::Exact(value) => Some(value.sign()),
            Real::Between(low, _) if *low > 0.0 => Some(Ordering::Greater),
            Real::Between(_, high) if *high < 0.0 => Some(Ordering::Less),
            Real::Between(..) => None,
        }
    }

    fn plus(&self, other: &Real) -> Real {
        if let (Real::Exact(a), Real::Exact(b)) = (self, other) {
            return Real::exact(a.plus(b));
        }
        let ((a, b), (c, d)) = (self.bounds(), other.bounds());
        // What is exact is not rounded (Knuth 1997, section 4.2.2, theorem B, tells the error).
        let sum = |x: f64, y: f64, away: fn(f64) -> f64| {
            let sum = x + y;
            let other = sum - x;
            let error = (x - (sum - other)) + (y - other);
            if error.abs() > 0.0 || error.is_nan() {
                away(sum)
            } else {
                sum
            }
        };
        Real::between(sum(a, c, f64::next_down), sum(b, d, f64::next_up))
    }

    fn times(&self, other: &Real) -> Real {
        if let (Real::Exact(a), Real::Exact(b)) = (self, other) {
            return Real::exact(a.times(b));
        }
        for part in [self, other] {
            if matches!(part, Real::Exact(value) if value.is_zero()) {
                return Real::Exact(Rational::int(0));
            }
        }
        let ((a, b), (c, d)) = (self.bounds(), other.bounds());
        // An end without bound is never reached, so that 0 times it is 0. What is exact is not rounded.
        let product = |x: f64, y: f64, away: fn(f64) -> f64| match (x, y) {
            (0.0, _) | (_, 0.0) => 0.0,
            (1.0 | -1.0, _) | (_, 1.0 | -1.0) => x * y,
            _ => away(x * y),
        };
        let ends = [(a, c), (a, d), (b, c), (b, d)];
        let low = ends.map(|(x, y)| product(x, y, f64::next_down));
        let high = ends.map(|(x, y)| product(x, y, f64::next_up));
        Real::between(
            low.into_iter().fold(f64::INFINITY, f64::min),
            high.into_iter().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    fn inverse(&self) -> Result<Real, Trouble> {
        match self {
            Real::Exact(value) if value.is_zero() => Err(Trouble::NoValue),
            Real::Exact(value) => Ok(Real::Exact(value.inverse())),
            Real::Between(low, high) => {
                if self.sign().is_none() {
                    return Err(Trouble::Unknown);
                }
                Ok(Real::between(
                    (1.0 / high).next_down(),
                    (1.0 / low).next_up(),
                ))
            }
        }
    }

    /// A power of a number above 0 with a rational exponent.
    fn fractional(&self, exponent: &Rational) -> Real {
        if let (Real::Exact(value), Some((power @ -64..=64, 2))) = (self, exponent.parts())
            && let Some(root) = value.square_root()
        {
            return Real::exact(root.power(power as i32));
        }
        // An exponent such as 22/7 is no floating point number itself.
        let (low, high) = self.bounds();
        let (least, most) = Real::Exact(exponent.clone()).bounds();
        let ends = [least, most].map(|exponent| {
            let (a, b) = (low.max(0.0).powf(exponent), high.powf(exponent));
            (a.min(b), a.max(b))
        });
        let low = ends[0].0.min(ends[1].0);
        let high = ends[0].1.max(ends[1].1);
        Real::between(below(low, 8).max(0.0), above(high, 8))
    }

    fn monotone(&self, function: impl Fn(f64) -> f64) -> Real {
        let (low, high) = self.bounds();
        // The library's functions are good to one unit in the last place; four are allowed for.
        Real::between(below(function(low), 4), above(function(high), 4))
    }

    /// A bounded odd function that increases, and is known to a relative error of 10⁻¹².
    fn odd_and_monotone(&self, function: impl Fn(f64) -> f64) -> Real {
        let (low, high) = self.bounds();
        let widened = |value: f64, by: f64| (value + by * value.abs()).clamp(-1.0, 1.0);
        Real::between(
            widened(function(low), -1e-12),
            widened(function(high), 1e-12),
        )
    }

    fn wave(&self, function: impl Fn(f64) -> f64) -> Real {
        let (low, high) = self.bounds();
        let middle = low / 2.0 + high / 2.0;
        let radius = (high - low).next_up();
        if !(radius < 1.0 && middle.abs() < 1e6) {
            return Real::Between(-1.0, 1.0);
        }
        let at = function(middle);
        Real::between(
            below(at - radius, 6).max(-1.0),
            above(at + radius, 6).min(1.0),
        )
    }
}

/// What residues are computed in, and what fixes the arbitrary functions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arithmetic {
    pub(super) field: Field,
    pub(super) seed: u64,
}

impl Arithmetic {
    /// The same numbers without residues.
    pub(super) fn bare(self) -> Self {
        Self {
            field: Field::none(),
            ..self
        }
    }

    pub(super) fn number(self, value: Rational) -> Value {
        let residues = self.field.rational(&value);
        Value {
            real: Real::exact(value),
            residues,
        }
    }

    pub(super) fn int(self, value: i64) -> Value {
        self.number(Rational::int(value))
    }

    /// A number by its real value, with residues of their own.
    pub(super) fn free(self, real: Rational, seed: u64) -> Value {
        let residues =
            (self.field.exists()).then(|| self.field.signed(seed ^ self.seed, real.is_negative()));
        Value {
            real: Real::Exact(real),
            residues,
        }
    }

    pub(super) fn pi(self) -> Value {
        Value {
            real: Real::Between(
                std::f64::consts::PI.next_down(),
                std::f64::consts::PI.next_up(),
            ),
            residues: (self.field.exists()).then(|| self.field.random(self.seed ^ 0x3141_5926)),
        }
    }

    pub(super) fn plus(self, a: &Value, b: &Value) -> Value {
        Value {
            real: a.real.plus(&b.real),
            residues: a
                .residues
                .as_ref()
                .zip(b.residues.as_ref())
                .map(|(a, b)| self.field.plus(a, b)),
        }
    }

    pub(super) fn times(self, a: &Value, b: &Value) -> Value {
        Value {
            real: a.real.times(&b.real),
            residues: a
                .residues
                .as_ref()
                .zip(b.residues.as_ref())
                .map(|(a, b)| self.field.times(a, b)),
        }
    }

    pub(super) fn minus(self, a: &Value, b: &Value) -> Value {
        let negative = Value {
            real: match &b.real {
                Real::Exact(value) => Real::Exact(value.negated()),
                Real::Between(low, high) => Real::Between(-high, -low),
            },
            residues: b.residues.map(|b| self.field.negated(&b)),
        };
        self.plus(a, &negative)
    }

    pub(super) fn inverse(self, a: &Value) -> Result<Value, Trouble> {
        Ok(Value {
            real: a.real.inverse()?,
            residues: a.residues.as_ref().and_then(|a| self.field.inverse(a)),
        })
    }

    /// A power with a rational exponent.
    pub(super) fn power(self, base: &Value, exponent: &Rational) -> Result<Value, Trouble> {
        if exponent.is_negative() {
            let positive = self.power(base, &exponent.negated())?;
            return self.inverse(&positive);
        }
        if exponent.is_integer() {
            let count = exponent
                .as_int()
                .filter(|count| *count <= 4_096)
                .ok_or(Trouble::Unknown)?;
            if count == 0 {
                return Ok(self.int(1));
            }
            let mut result = base.clone();
            for _ in 1..count {
                result = self.times(&result, base);
            }
            // An even power is not negative, whatever the enclosure says.
            if count % 2 == 0
                && let Real::Between(low, high) = result.real
            {
                result.real = Real::between(low.max(0.0), high);
            }
            return Ok(result);
        }
        match base.real.sign() {
            None => return Err(Trouble::Unknown),
            Some(Ordering::Less) => return Err(Trouble::NoValue),
            Some(Ordering::Equal) => return Ok(self.int(0)),
            Some(Ordering::Greater) => {}
        }
        let residues = (|| {
            let (power, order) = exponent.parts()?;
            let root = self
                .field
                .root(base.residues.as_ref()?, order.unsigned_abs())?;
            Some(self.field.raised(&root, power.unsigned_abs()))
        })();
        Ok(Value {
            real: base.real.fractional(exponent),
            residues,
        })
    }

    pub(super) fn exp(self, a: &Value) -> Value {
        let real = match &a.real {
            Real::Exact(value) if value.is_zero() => Real::Exact(Rational::int(1)),
            real => match real.monotone(f64::exp) {
                Real::Between(low, high) => Real::between(low.max(0.0), high),
                exact @ Real::Exact(_) => exact,
            },
        };
        Value {
            real,
            residues: a
                .residues
                .as_ref()
                .and_then(|a| self.field.exp(a, self.seed)),
        }
    }

    pub(super) fn log(self, a: &Value) -> Result<Value, Trouble> {
        match a.real.sign() {
            None => return Err(Trouble::Unknown),
            Some(Ordering::Less | Ordering::Equal) => return Err(Trouble::NoValue),
            Some(Ordering::Greater) => {}
        }
        let real = match &a.real {
            Real::Exact(value) if value.is_one() => Real::Exact(Rational::int(0)),
            real => real.monotone(f64::ln),
        };
        Ok(Value {
            real,
            residues: a
                .residues
                .as_ref()
                .and_then(|a| self.field.log(a, self.seed)),
        })
    }

    pub(super) fn sin(self, a: &Value) -> Value {
        if matches!(&a.real, Real::Exact(value) if value.is_zero()) {
            return self.int(0);
        }
        Value {
            real: a.real.wave(f64::sin),
            residues: a
                .residues
                .as_ref()
                .and_then(|a| self.field.circle(a, self.seed))
                .map(|(sin, _)| sin),
        }
    }

    pub(super) fn cos(self, a: &Value) -> Value {
        if matches!(&a.real, Real::Exact(value) if value.is_zero()) {
            return self.int(1);
        }
        Value {
            real: a.real.wave(f64::cos),
            residues: a
                .residues
                .as_ref()
                .and_then(|a| self.field.circle(a, self.seed))
                .map(|(_, cos)| cos),
        }
    }

    pub(super) fn erf(self, a: &Value) -> Value {
        if matches!(&a.real, Real::Exact(value) if value.is_zero()) {
            return self.int(0);
        }
        Value {
            real: a.real.odd_and_monotone(crate::numeric::erf),
            residues: a.residues.as_ref().map(|a| self.field.erf(a, self.seed)),
        }
    }

    /// An unknown function of exact arguments.
    pub(super) fn arbitrary(self, arguments: &[Value], which: u64) -> Result<Value, Trouble> {
        let mut state = which;
        for argument in arguments {
            let Real::Exact(value) = &argument.real else {
                return Err(Trouble::Unknown);
            };
            for digit in value.digits() {
                state = super::field::scramble(state ^ digit);
            }
            state = super::field::scramble(state ^ u64::from(value.is_negative()));
        }
        let real = Rational::new((state % 41) as i64 - 20, 7);
        let residues: Option<Vec<Residues>> =
            arguments.iter().map(|argument| argument.residues).collect();
        Ok(Value {
            real: Real::Exact(real),
            residues: residues.map(|residues| self.field.arbitrary(&residues, which, self.seed)),
        })
    }
}

/// Whether two enclosures lie within a millionth of each other.
pub(super) fn lie_close(a: &Real, b: &Real) -> bool {
    let ((a, b), (c, d)) = (a.bounds(), b.bounds());
    let (low, high) = (a.min(c), b.max(d));
    high - low <= 1e-6 * (1.0 + low.abs().max(high.abs())) && low.is_finite() && high.is_finite()
}

/// Whether two numbers are certainly different.
pub(super) fn differ(a: &Real, b: &Real) -> bool {
    if let (Real::Exact(a), Real::Exact(b)) = (a, b) {
        return a != b;
    }
    let ((a, b), (c, d)) = (a.bounds(), b.bounds());
    b < c || d < a
}

/// Whether a person sees the difference: one of them is not tiny, and their first digits are not the same.
pub(super) fn told_apart(a: &Real, b: &Real) -> bool {
    let middle = |real: &Real| {
        let (low, high) = real.bounds();
        low / 2.0 + high / 2.0
    };
    let (a, b) = (middle(a), middle(b));
    let size = a.abs().max(b.abs());
    size > 1e-3 && (a - b).abs() > 1e-3 * size
}

/// Its digits for a person.
pub(super) fn show(real: &Real) -> String {
    match real {
        Real::Exact(value) if matches!(value.bits(), (0..40, 0..24)) => value.to_string(),
        real => {
            let (low, high) = real.bounds();
            let middle = low / 2.0 + high / 2.0;
            if middle == 0.0 || (1e-3..1e9).contains(&middle.abs()) {
                format!("{middle:.6}")
            } else {
                format!("{middle:.6e}")
            }
        }
    }
}
