//! Values of functions of one number, over numbers and over intervals that enclose them.

use num_rational::BigRational;
use num_traits::ToPrimitive;

use crate::numeric::primitive_value;
use crate::syntax::StepAtZero;
use crate::system::{Primitive, System};
use crate::term::{Cmp, FunctionId, Node, TermId};

/// What functions are evaluated over.
pub(super) trait Number: Copy {
    fn of(value: f64) -> Self;
    fn rational(value: &BigRational) -> Option<Self>;
    fn plus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn power(self, exponent: f64) -> Self;
    fn apply(self, primitive: Primitive, step_at_zero: StepAtZero) -> Self;
    fn sigmoid(self) -> Self;
    fn tanh(self) -> Self;
    /// Whether the comparison holds; none if it holds for some of the values only.
    fn compare(self, cmp: Cmp, other: Self) -> Option<bool>;
    /// Everything between.
    fn hull(self, other: Self) -> Self;
}

/// The functions of a system, to be evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluator<'a> {
    pub(super) system: &'a System,
    pub(super) step_at_zero: StepAtZero,
}

impl Evaluator<'_> {
    /// A function at arguments.
    pub(super) fn function<N: Number>(&self, id: FunctionId, arguments: &[N]) -> Option<N> {
        let function = self.system.function(id);
        if let Some(primitive) = function.primitive {
            return Some(arguments[0].apply(primitive, self.step_at_zero));
        }
        // Written with exp they would be ∞/∞ far from 0.
        match (function.span, function.name.as_str()) {
            (None, "sigmoid") => return Some(arguments[0].sigmoid()),
            (None, "tanh") => return Some(arguments[0].tanh()),
            _ => {}
        }
        self.term(function.body?, arguments)
    }

    /// A term in terms of its parameters.
    pub(super) fn term<N: Number>(&self, term: TermId, parameters: &[N]) -> Option<N> {
        match self.system.store.node(term) {
            Node::Number(value) => N::rational(value),
            Node::Pi => Some(N::of(std::f64::consts::PI)),
            Node::Parameter(at) => parameters.get(*at as usize).copied(),
            Node::Add(parts) => {
                let mut sum = N::of(0.0);
                for part in parts {
                    sum = sum.plus(self.term(*part, parameters)?);
                }
                Some(sum)
            }
            Node::Mul(factors) => {
                let mut product = N::of(1.0);
                for factor in factors {
                    product = product.times(self.term(*factor, parameters)?);
                }
                Some(product)
            }
            Node::Power(base, exponent) => {
                let exponent = self.system.store.as_number(*exponent)?.to_f64()?;
                Some(self.term(*base, parameters)?.power(exponent))
            }
            Node::Apply(function, orders, arguments) => {
                let arguments: Vec<N> = arguments
                    .iter()
                    .map(|argument| self.term(*argument, parameters))
                    .collect::<Option<_>>()?;
                match orders.iter().position(|order| *order > 0) {
                    None => self.function(*function, &arguments),
                    Some(at) if orders.iter().sum::<u8>() == 1 => {
                        let slope = self.system.function(*function).slopes[at]?;
                        self.term(slope, &arguments)
                    }
                    Some(_) => None,
                }
            }
            Node::Test(cmp, left, right) => {
                let (left, right) = (
                    self.term(*left, parameters)?,
                    self.term(*right, parameters)?,
                );
                Some(match left.compare(*cmp, right) {
                    Some(holds) => N::of(if holds { 1.0 } else { 0.0 }),
                    None => N::of(0.0).hull(N::of(1.0)),
                })
            }
            Node::Cases(branches) => {
                let mut value: Option<N> = None;
                for (condition, branch) in branches {
                    let holds = self.condition(*condition, parameters)?;
                    if holds != Some(false) {
                        let branch = self.term(*branch, parameters)?;
                        value = Some(value.map_or(branch, |value| value.hull(branch)));
                    }
                    if holds == Some(true) {
                        break;
                    }
                }
                value
            }
            Node::Index(_) | Node::Access(..) | Node::Reduce(..) | Node::Guard(_) => None,
        }
    }

    /// Whether a condition holds; the inner answer is none where it does for some of the values.
    fn condition<N: Number>(&self, term: TermId, parameters: &[N]) -> Option<Option<bool>> {
        match self.system.store.node(term) {
            Node::Test(cmp, left, right) => {
                let (left, right) = (
                    self.term(*left, parameters)?,
                    self.term(*right, parameters)?,
                );
                Some(left.compare(*cmp, right))
            }
            Node::Mul(factors) => {
                let mut all = Some(true);
                for factor in factors {
                    match (self.condition(*factor, parameters)?, all) {
                        (Some(false), _) => return Some(Some(false)),
                        (None, _) => all = None,
                        (Some(true), _) => {}
                    }
                }
                Some(all)
            }
            Node::Number(_) => Some(Some(true)),
            Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Add(_)
            | Node::Power(..)
            | Node::Apply(..)
            | Node::Guard(_)
            | Node::Cases(_) => None,
        }
    }
}

/// Step(0) as a number; of `undefined`, which no continuous law ever meets, the middle.
pub(super) fn number_at_zero(step_at_zero: StepAtZero) -> f64 {
    step_at_zero.number().unwrap_or(0.5)
}

impl Number for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn rational(value: &BigRational) -> Option<Self> {
        value.to_f64()
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn power(self, exponent: f64) -> Self {
        self.powf(exponent)
    }

    fn apply(self, primitive: Primitive, step_at_zero: StepAtZero) -> Self {
        primitive_value(primitive, self, number_at_zero(step_at_zero))
    }

    fn sigmoid(self) -> Self {
        1.0 / (1.0 + (-self).exp())
    }

    fn tanh(self) -> Self {
        f64::tanh(self)
    }

    fn compare(self, cmp: Cmp, other: Self) -> Option<bool> {
        Some(match cmp {
            Cmp::Greater => self > other,
            Cmp::GreaterEqual => self >= other,
            Cmp::Equal => self.total_cmp(&other).is_eq() || (self - other).abs() <= 0.0,
            Cmp::NotEqual => (self - other).abs() > 0.0,
        })
    }

    fn hull(self, _: Self) -> Self {
        self
    }
}

/// All numbers from `low` to `high`. Results are rounded outward: by a unit in the last place for sums and
/// products, by [`ELEMENTARY`] for exp, log, sin, cos, erf and powers.
///
/// The judge has enclosures of its own: its numbers are exact as long as they can be, and have no value where an
/// expression has none. Here an end at infinity says that nothing is known, and 0 times that is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Whether two numbers are the same number; infinities are not.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 0.0
}

/// What is assumed of the machine's elementary functions: a relative error below this.
const ELEMENTARY: f64 = 1e-12;

impl Interval {
    pub(super) fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    fn outward(low: f64, high: f64) -> Self {
        if low.is_nan() || high.is_nan() {
            return Self::everything();
        }
        Self::new(low.next_down(), high.next_up())
    }

    pub(super) fn everything() -> Self {
        Self::new(f64::NEG_INFINITY, f64::INFINITY)
    }

    pub(super) fn pi() -> Self {
        Self::outward(std::f64::consts::PI, std::f64::consts::PI)
    }

    /// The images of the ends under a rising function, within its error.
    fn rising(self, function: impl Fn(f64) -> f64) -> Self {
        let (low, high) = (function(self.low), function(self.high));
        let wide = |value: f64| {
            if value.is_finite() {
                value.abs() * ELEMENTARY
            } else {
                0.0
            }
        };
        Self::outward(low - wide(low), high + wide(high))
    }

    pub(super) fn within(self, low: f64, high: f64) -> Self {
        Self::new(self.low.max(low), self.high.min(high))
    }

    /// sin, by whether a crest lies inside.
    fn wave(self, shift: f64) -> Self {
        use std::f64::consts::TAU;
        if !(self.high - self.low < TAU && self.low.abs() < 1e6 && self.high.abs() < 1e6) {
            return Self::new(-1.0, 1.0);
        }
        let near = |crest: f64| {
            let turns = ((self.low - crest) / TAU - 1e-9).ceil();
            crest + turns * TAU <= self.high + 1e-9
        };
        let (a, b) = ((self.low + shift).sin(), (self.high + shift).sin());
        let high = if near(TAU / 4.0 - shift) {
            1.0
        } else {
            a.max(b) + 1e-9
        };
        let low = if near(-TAU / 4.0 - shift) {
            -1.0
        } else {
            a.min(b) - 1e-9
        };
        Self::new(low, high).within(-1.0, 1.0)
    }
}

impl Number for Interval {
    fn of(value: f64) -> Self {
        Self::new(value, value)
    }

    fn rational(value: &BigRational) -> Option<Self> {
        let number = value.to_f64()?;
        let exact = BigRational::from_float(number).is_some_and(|back| back == *value);
        Some(if exact {
            Self::of(number)
        } else {
            Self::outward(number, number)
        })
    }

    fn plus(self, other: Self) -> Self {
        let exact = |a: f64, b: f64, sum: f64| same(a, sum - b) && same(b, sum - a);
        let (low, high) = (self.low + other.low, self.high + other.high);
        let outward = Self::outward(low, high);
        Self::new(
            if exact(self.low, other.low, low) {
                low
            } else {
                outward.low
            },
            if exact(self.high, other.high, high) {
                high
            } else {
                outward.high
            },
        )
    }

    fn times(self, other: Self) -> Self {
        // 0 · ∞ is 0 here: an infinite end stands for all finite numbers.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let ends = [
            product(self.low, other.low),
            product(self.low, other.high),
            product(self.high, other.low),
            product(self.high, other.high),
        ];
        let low = ends.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let outward = Self::outward(low, high);
        // What is exactly 0 or exactly one of the factors, with either sign, was not rounded.
        let exact = |end: f64| {
            let unit = |other: &Self| same(other.low.abs(), 1.0) && same(other.high, other.low);
            let is_end =
                |of: &Self| same(end.abs(), of.low.abs()) || same(end.abs(), of.high.abs());
            end == 0.0 || (unit(&self) && is_end(&other)) || (unit(&other) && is_end(&self))
        };
        Self::new(
            if exact(low) { low } else { outward.low },
            if exact(high) { high } else { outward.high },
        )
    }

    fn power(self, exponent: f64) -> Self {
        let whole = exponent.fract() == 0.0;
        let even = whole && exponent % 2.0 == 0.0;
        if exponent < 0.0 {
            if self.low <= 0.0 && self.high >= 0.0 {
                return if even || self.low >= 0.0 {
                    let far = self.low.abs().max(self.high.abs());
                    Self::new(
                        (far.powf(exponent) * (1.0 - ELEMENTARY)).max(0.0),
                        f64::INFINITY,
                    )
                } else {
                    Self::everything()
                };
            }
            let positive = self.power(-exponent);
            return Self::outward(1.0 / positive.high, 1.0 / positive.low);
        }
        if even {
            let (a, b) = (self.low.abs(), self.high.abs());
            let inside = self.low <= 0.0 && self.high >= 0.0;
            let near = if inside { 0.0 } else { a.min(b) };
            return Self::new(near, a.max(b))
                .rising(|u| u.powf(exponent))
                .within(0.0, f64::INFINITY);
        }
        if whole {
            return self.rising(|u| u.signum() * u.abs().powf(exponent));
        }
        if self.low < 0.0 {
            return Self::everything();
        }
        self.rising(|u| u.powf(exponent)).within(0.0, f64::INFINITY)
    }

    fn apply(self, primitive: Primitive, step_at_zero: StepAtZero) -> Self {
        match primitive {
            Primitive::Relu => Self::new(self.low.max(0.0), self.high.max(0.0)),
            Primitive::Step if self.low > 0.0 => Self::of(1.0),
            Primitive::Step if self.high < 0.0 => Self::of(0.0),
            Primitive::Step if self.low == 0.0 && self.high == 0.0 => match step_at_zero {
                StepAtZero::Undefined => Self::new(0.0, 1.0),
                known => Self::of(number_at_zero(known)),
            },
            Primitive::Step => Self::new(0.0, 1.0),
            Primitive::Exp => self.rising(f64::exp).within(0.0, f64::INFINITY),
            Primitive::Log if self.low < 0.0 => Self::everything(),
            Primitive::Log => {
                // The error of log is absolute where it is near 0.
                let log = self.rising(f64::ln);
                Self::new(log.low - ELEMENTARY, log.high + ELEMENTARY)
            }
            Primitive::Sin => self.wave(0.0),
            Primitive::Cos => self.wave(std::f64::consts::FRAC_PI_2),
            Primitive::Erf => self.rising(crate::numeric::erf).within(-1.0, 1.0),
        }
    }

    fn sigmoid(self) -> Self {
        self.rising(Number::sigmoid).within(0.0, 1.0)
    }

    fn tanh(self) -> Self {
        self.rising(f64::tanh).within(-1.0, 1.0)
    }

    fn compare(self, cmp: Cmp, other: Self) -> Option<bool> {
        match cmp {
            Cmp::Greater if self.low > other.high => Some(true),
            Cmp::Greater if self.high <= other.low => Some(false),
            Cmp::GreaterEqual if self.low >= other.high => Some(true),
            Cmp::GreaterEqual if self.high < other.low => Some(false),
            Cmp::Equal | Cmp::NotEqual if self.high < other.low || self.low > other.high => {
                Some(cmp == Cmp::NotEqual)
            }
            Cmp::Equal | Cmp::NotEqual
                if same(self.low, self.high)
                    && same(self.low, other.low)
                    && same(other.low, other.high) =>
            {
                Some(cmp == Cmp::Equal)
            }
            Cmp::Greater | Cmp::GreaterEqual | Cmp::Equal | Cmp::NotEqual => None,
        }
    }

    fn hull(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }
}
