//! An activation as a function of one number, with its derivative.

use super::range::{Range, slope_range};
use super::value::{Evaluator, Interval, Number, number_at_zero};
use crate::derive::slope_of;
use crate::functions;
use crate::syntax::StepAtZero;
use crate::system::{Primitive, System};
use crate::term::{FunctionId, TermId};

/// An activation with fixed parameters.
#[derive(Debug, Clone)]
pub struct Activation {
    /// Its name in the language.
    pub name: String,
    /// Its LaTeX.
    pub latex: String,
    /// Whether it counts as an activation, and not as arithmetic, as exp and log do.
    pub is_activation: bool,
    /// The range of its derivative, if that is known.
    pub range: Option<Range>,
    /// Where it has kinks, as far as the table says; elsewhere integration finds them.
    pub kinks: Vec<f64>,
    shape: Shape,
    system: System,
    step_at_zero: StepAtZero,
}

/// How it is computed.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Identity,
    Relu,
    Sigmoid,
    Tanh,
    Terms {
        function: FunctionId,
        slope: TermId,
        extra: Vec<f64>,
    },
}

impl Activation {
    /// The identity: a step without an activation.
    pub fn identity(system: &System, step_at_zero: StepAtZero) -> Self {
        Self {
            name: "identity".into(),
            latex: r"\operatorname{id}".into(),
            is_activation: true,
            range: Some(Range {
                low: 1.0,
                high: 1.0,
                error: 0.0,
                up_to: f64::INFINITY,
                proof: super::range::Proof::Table,
            }),
            kinks: Vec::new(),
            shape: Shape::Identity,
            system: system.clone(),
            step_at_zero,
        }
    }

    /// A function of the network with the arguments behind its `;`. None if it is opaque.
    pub fn of(
        mut system: System,
        step_at_zero: StepAtZero,
        function: FunctionId,
        extra: &[f64],
    ) -> Option<Self> {
        let slope = slope_of(&mut system, function, step_at_zero)?;
        let row = system.function(function);
        let table = row
            .span
            .is_none()
            .then(|| functions::row(&row.name))
            .flatten();
        let shape = match (row.primitive, row.span, row.name.as_str()) {
            (Some(Primitive::Relu), ..) => Shape::Relu,
            (_, None, "sigmoid") => Shape::Sigmoid,
            (_, None, "tanh") => Shape::Tanh,
            _ => Shape::Terms {
                function,
                slope,
                extra: extra.to_vec(),
            },
        };
        Some(Self {
            name: row.name.clone(),
            latex: row.latex.clone(),
            is_activation: row.activation,
            range: slope_range(&system, step_at_zero, function, Some(slope), extra),
            kinks: table.map(|row| row.kinks.to_vec()).unwrap_or_default(),
            shape,
            step_at_zero,
            system,
        })
    }

    /// A row of the table, with the usual values of its parameters.
    pub fn named(system: &System, step_at_zero: StepAtZero, name: &str) -> Option<Self> {
        let mut system = system.clone();
        let row = functions::row(name).filter(|row| row.activation && row.is_unary());
        let usual = row.map(|row| row.usual.to_vec()).unwrap_or_default();
        if row.is_some_and(|row| row.name == "identity") {
            return Some(Self::identity(&system, step_at_zero));
        }
        let function = match row {
            Some(row) => system.function_id(row.name)?,
            None => system.find_function(name).filter(|id| {
                let own = system.function(*id);
                own.span.is_some() && own.parameters == 1 && own.extra == 0
            })?,
        };
        Self::of(system, step_at_zero, function, &usual)
    }

    /// Whether it is the same function with the same parameters, of the same network.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.shape == other.shape
    }

    /// Whether multiplying the argument by a positive number multiplies the value by it, as tried at many points.
    pub fn is_homogeneous(&self) -> bool {
        if matches!(self.shape, Shape::Identity | Shape::Relu) {
            return true;
        }
        [1.0, -1.0].iter().all(|sign| {
            let unit = self.value(*sign);
            (-40..=40).all(|at| {
                let factor = 1.5f64.powi(at);
                (self.value(sign * factor) - factor * unit).abs() <= 1e-12 * factor
            })
        })
    }

    /// The greatest magnitude of its value for all arguments, if it is bounded and that is seen.
    pub(super) fn size(&self) -> Option<f64> {
        let Shape::Terms { function, .. } = &self.shape else {
            return matches!(self.shape, Shape::Sigmoid | Shape::Tanh).then_some(1.0);
        };
        let all: Vec<Interval> = [Interval::everything()]
            .into_iter()
            .chain(self.extra().iter().copied().map(Interval::of))
            .collect();
        let value = self.evaluator().function(*function, &all)?;
        let size = value.high.max(-value.low);
        size.is_finite().then_some(size)
    }

    fn extra(&self) -> &[f64] {
        match &self.shape {
            Shape::Terms { extra, .. } => extra,
            Shape::Identity | Shape::Relu | Shape::Sigmoid | Shape::Tanh => &[],
        }
    }

    /// Whether units can be inactive: the derivative is exactly 0 behind a kink.
    pub fn can_be_inactive(&self) -> bool {
        !self.kinks.is_empty() && self.slope(-20.0) == 0.0
    }

    /// Its value.
    pub fn value(&self, u: f64) -> f64 {
        match &self.shape {
            Shape::Identity => u,
            Shape::Relu => u.max(0.0),
            Shape::Sigmoid => 1.0 / (1.0 + (-u).exp()),
            Shape::Tanh => u.tanh(),
            Shape::Terms {
                function, extra, ..
            } => self.arguments(u, extra, |arguments| {
                self.evaluator().function(*function, arguments)
            }),
        }
    }

    /// Its derivative.
    pub fn slope(&self, u: f64) -> f64 {
        match &self.shape {
            Shape::Identity => 1.0,
            Shape::Relu if u > 0.0 => 1.0,
            Shape::Relu if u < 0.0 => 0.0,
            Shape::Relu => number_at_zero(self.step_at_zero),
            Shape::Sigmoid => {
                // Both factors without rounding to 0 or 1.
                let e = (-u.abs()).exp();
                e / ((1.0 + e) * (1.0 + e))
            }
            Shape::Tanh => {
                let e = (-2.0 * u.abs()).exp();
                4.0 * e / ((1.0 + e) * (1.0 + e))
            }
            Shape::Terms { slope, extra, .. } => self.arguments(u, extra, |arguments| {
                self.evaluator().term(*slope, arguments)
            }),
        }
    }

    fn evaluator(&self) -> Evaluator<'_> {
        Evaluator {
            system: &self.system,
            step_at_zero: self.step_at_zero,
        }
    }

    fn arguments(&self, u: f64, extra: &[f64], value: impl Fn(&[f64]) -> Option<f64>) -> f64 {
        let mut arguments = [u; 4];
        let count = 1 + extra.len().min(3);
        arguments[1..count].copy_from_slice(&extra[..count - 1]);
        value(&arguments[..count]).unwrap_or(f64::NAN)
    }
}
