//! Bounds of one step: the triangle inequality over its ways, and along a way the product of the norms of weights and of
//! the greatest magnitudes of what multiplies each element on its own.

use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive};
use rustc_hash::FxHashMap;

use super::activation::Activation;
use super::factors::{Factor, Path, Slope};
use super::range::Range;
use super::value::{Evaluator, Interval, Number};
use crate::syntax::StepAtZero;
use crate::system::{Fact, FamilyKind, System};
use crate::term::{
    Affine, Cmp, FamilyId, FunctionId, Node, Reduction, Substitution, TermId, VarId,
};

/// A bound of one way: a number times sizes of what is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What is known, rounded up.
    pub number: BigRational,
    /// What is not.
    pub sizes: Vec<Size>,
}

/// The size of what has no known range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The spectral norm of a matrix, Euclid's of a column.
    Norm(TermId),
    /// The magnitude of a number, the greatest of a number for each element.
    Magnitude(TermId),
}

/// Something with a range that a bound rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// What it is.
    pub what: Ranged,
    /// Never less.
    pub low: f64,
    /// Never more.
    pub high: f64,
    /// For arguments up to this size; infinite if for all.
    pub up_to: f64,
}

impl Known {
    fn new(what: Ranged, low: f64, high: f64, up_to: f64) -> Self {
        Self {
            what,
            low,
            high,
            up_to,
        }
    }
}

/// What has a range.
#[derive(Debug, Clone, PartialEq)]
pub enum Ranged {
    /// The derivative of an activation, for all arguments.
    Slope(Slope),
    /// A value, such as that of a gate.
    Value(TermId),
}

/// Finds bounds, and keeps what they rest on.
pub struct Bounds<'a> {
    system: &'a System,
    step_at_zero: StepAtZero,
    activations: FxHashMap<(FunctionId, Vec<u64>), Option<Activation>>,
    /// Everything with a range that was met, in order.
    pub known: Vec<Known>,
}

impl<'a> Bounds<'a> {
    /// Bounds of factors of a network.
    pub fn new(system: &'a System, step_at_zero: StepAtZero) -> Self {
        Self {
            system,
            step_at_zero,
            activations: FxHashMap::default(),
            known: Vec::new(),
        }
    }

    /// The bound of a way.
    pub fn path(&mut self, path: &Path) -> Bound {
        let mut bound = Bound {
            number: path.coefficient.abs(),
            sizes: Vec::new(),
        };
        for factor in &path.factors {
            let (Factor::Mixing(term) | Factor::Each(term)) = factor;
            match (factor, self.magnitude(*term)) {
                (Factor::Each(_), Some(magnitude)) => bound.number *= magnitude,
                (Factor::Each(_), None) => bound.sizes.push(Size::Magnitude(*term)),
                (Factor::Mixing(_), _) => bound.sizes.push(Size::Norm(*term)),
            }
        }
        bound
    }

    /// The greatest magnitude of a factor, if its range is known; never less.
    fn magnitude(&mut self, term: TermId) -> Option<BigRational> {
        let known = match Slope::of(self.system, term) {
            Some(slope) => {
                let range = self.slope(&slope)?;
                Known::new(Ranged::Slope(slope), range.low, range.high, range.up_to)
            }
            None => {
                let value = self.value(term, &mut Vec::new());
                Known::new(Ranged::Value(term), value.low, value.high, f64::INFINITY)
            }
        };
        let magnitude = BigRational::from_float(known.high.max(-known.low))?;
        let same = |other: &Known| match (&other.what, &known.what) {
            (Ranged::Slope(a), Ranged::Slope(b)) => {
                a.function == b.function && a.arguments[1..] == b.arguments[1..]
            }
            (a, b) => a == b,
        };
        if !self.known.iter().any(same) {
            self.known.push(known);
        }
        Some(magnitude)
    }

    /// The range of a slope: as it is declared, for all parameters, or that of its activation.
    fn slope(&mut self, slope: &Slope) -> Option<Range> {
        let function = self.system.function(slope.function);
        Range::declared(function).or_else(|| self.activation(slope)?.range)
    }

    /// The activation of a slope, if its parameters are numbers and it is no opaque function.
    fn activation(&mut self, slope: &Slope) -> Option<&Activation> {
        let (system, step_at_zero) = (self.system, self.step_at_zero);
        let extra: Vec<f64> = slope.arguments[1..]
            .iter()
            .map(|argument| system.store.as_number(*argument)?.to_f64())
            .collect::<Option<_>>()?;
        let key = (
            slope.function,
            extra.iter().map(|it| it.to_bits()).collect(),
        );
        self.activations
            .entry(key)
            .or_insert_with(|| Activation::of(system.clone(), step_at_zero, slope.function, &extra))
            .as_ref()
    }

    /// An interval that holds every value of a term.
    fn value(&mut self, term: TermId, open: &mut Vec<FamilyId>) -> Interval {
        let system = self.system;
        match system.store.node(term) {
            Node::Number(value) => Interval::rational(value).unwrap_or(Interval::everything()),
            Node::Pi => Interval::pi(),
            Node::Guard(_) | Node::Test(..) => Interval::new(0.0, 1.0),
            Node::Add(parts) => parts.iter().fold(Interval::of(0.0), |sum, part| {
                sum.plus(self.value(*part, open))
            }),
            Node::Mul(factors) => factors.iter().fold(Interval::of(1.0), |product, factor| {
                product.times(self.value(*factor, open))
            }),
            Node::Power(base, exponent) => {
                let exponent = system
                    .store
                    .as_number(*exponent)
                    .and_then(ToPrimitive::to_f64);
                exponent.map_or(Interval::everything(), |exponent| {
                    self.value(*base, open).power(exponent)
                })
            }
            Node::Cases(branches) => {
                let values = branches.iter().map(|(_, value)| self.value(*value, open));
                values
                    .reduce(Number::hull)
                    .unwrap_or(Interval::everything())
            }
            Node::Reduce(Reduction::Max | Reduction::Min, _, _, body) => self.value(*body, open),
            Node::Access(family, _) => self.family(*family, open),
            Node::Apply(function, orders, arguments) => {
                if let Some(slope) = Slope::of(system, term) {
                    return self
                        .slope(&slope)
                        .filter(|range| range.up_to.is_infinite())
                        .map_or(Interval::everything(), |range| {
                            Interval::new(range.low, range.high)
                        });
                }
                let arguments: Vec<Interval> = arguments
                    .iter()
                    .map(|argument| self.value(*argument, open))
                    .collect();
                let evaluator = Evaluator {
                    system,
                    step_at_zero: self.step_at_zero,
                };
                let plain = orders.iter().all(|order| *order == 0);
                plain
                    .then(|| evaluator.function(*function, &arguments))
                    .flatten()
                    .unwrap_or(Interval::everything())
            }
            Node::Index(_) | Node::Parameter(_) | Node::Reduce(..) => Interval::everything(),
        }
    }

    /// An interval that holds all elements of a quantity: from its equations, or as it is assumed.
    fn family(&mut self, family: FamilyId, open: &mut Vec<FamilyId>) -> Interval {
        let row = self.system.family(family);
        if row.kind == FamilyKind::Input {
            return self.assumed(family);
        }
        if row.kind != FamilyKind::Defined || open.contains(&family) {
            return Interval::everything();
        }
        open.push(family);
        let bodies: Vec<TermId> = row
            .clauses
            .iter()
            .filter_map(|clause| clause.body)
            .collect();
        let values = bodies.into_iter().map(|body| self.value(body, open));
        let hull = values
            .reduce(Number::hull)
            .unwrap_or(Interval::everything());
        open.pop();
        hull
    }

    /// What the network assumes of all elements of an input: `a >= 0`.
    fn assumed(&self, family: FamilyId) -> Interval {
        let system = self.system;
        let mut range = Interval::everything();
        let number = |term: &TermId| Interval::rational(system.store.as_number(*term)?);
        for assumption in &system.assumptions {
            let of_all = |term: &TermId| match system.store.node(*term) {
                Node::Access(other, index) if *other == family => {
                    system.family(family).clauses.iter().all(|clause| {
                        let letters = index.iter().map(Affine::as_var);
                        let pairs: Option<Vec<(VarId, Affine)>> = letters
                            .zip(&clause.index)
                            .map(|(letter, at)| Some((letter?, at.clone())))
                            .collect();
                        pairs.is_some_and(|pairs| {
                            let domain = Substitution::new(pairs).domain(&assumption.domain);
                            system.ambient.implies(&clause.domain, &domain)
                        })
                    })
                }
                _ => false,
            };
            match &assumption.fact {
                Fact::Compare(Cmp::Greater | Cmp::GreaterEqual, left, right) => {
                    if let (true, Some(least)) = (of_all(left), number(right)) {
                        range.low = range.low.max(least.low);
                    } else if let (Some(most), true) = (number(left), of_all(right)) {
                        range.high = range.high.min(most.high);
                    }
                }
                Fact::OneHot(term, _) if of_all(term) => range = range.within(0.0, 1.0),
                Fact::Compare(..) | Fact::OneOf(..) | Fact::OneHot(..) | Fact::Matrix(..) => {}
            }
        }
        range
    }
}

impl Bound {
    /// Whether it is the number 1.
    pub fn is_one(&self) -> bool {
        self.number.is_one() && self.sizes.is_empty()
    }
}
