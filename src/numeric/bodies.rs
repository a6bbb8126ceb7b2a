//! Functions at their arguments: their bodies, their declared derivatives, or smooth stand-ins for opaque ones.

use rustc_hash::FxHashMap;

use crate::system::Primitive;
use crate::term::FunctionId;

use super::code::Code;
use super::evaluate::Evaluator;
use super::frame::Frame;
use super::opaque::Smooth;
use super::program::{BlockId, Program};
use super::scalar::{Scalar, exponent};
use super::values::Point;

/// Evaluates bodies of functions, over any scalar.
pub(crate) struct Functions<'e, 'a> {
    pub(crate) program: &'e Program<'a>,
    pub(crate) seed: u64,
    pub(crate) step_at_zero: f64,
    pub(crate) kinks: Vec<f64>,
    /// The directions along which an argument moves off its kink.
    pub(crate) met: u64,
    pub(crate) trouble: Option<String>,
    pub(crate) exponent: f64,
}

impl Functions<'_, '_> {
    /// The value of a function.
    pub(crate) fn function<T: Scalar>(&mut self, id: FunctionId, arguments: Vec<T>) -> T {
        let row = self.program.system.function(id);
        if let Some(primitive) = row.primitive {
            return self.primitive(primitive, &arguments[0]);
        }
        let Some(code) = self.program.function(id) else {
            return Smooth::function(id, arguments.len(), self.seed)
                .value(&arguments, self.step_at_zero);
        };
        for at in 0..row.slopes_at.len() {
            let (point, value) = self.program.slope_at(id, at);
            let frozen: Vec<T> = arguments.iter().map(Scalar::frozen).collect();
            let point = self.body(&point, frozen).value();
            if point.to_bits() == arguments[0].value().to_bits()
                || point - arguments[0].value() == 0.0
            {
                // Here the first argument moves with the declared slope, the others as in the body.
                let slope = self.body(&value, arguments.clone());
                let moving = arguments[0].minus(&arguments[0].frozen());
                let mut still = arguments;
                still[0] = still[0].frozen();
                return self.body(&code, still).plus(&slope.times(&moving));
            }
        }
        self.body(&code, arguments)
    }

    fn primitive<T: Scalar>(&mut self, primitive: Primitive, argument: &T) -> T {
        match primitive {
            Primitive::Relu | Primitive::Step => {
                if argument.value() == 0.0 {
                    self.met |= argument.moves();
                }
                self.kinks.push(argument.value());
            }
            _ => self.exponent = self.exponent.max(exponent(primitive, argument.value())),
        }
        argument.apply(primitive, self.step_at_zero)
    }

    /// A compiled body at its parameters.
    pub(crate) fn body<T: Scalar>(&mut self, code: &Code, parameters: Vec<T>) -> T {
        // Bodies use their parameters only, so an evaluator over an empty point serves.
        let point = Point {
            given: FxHashMap::default(),
            seed: self.seed,
        };
        let mut evaluator = Evaluator::<T>::new(self.program, &point, self.step_at_zero);
        evaluator.values = self.program.spare_values();
        evaluator.values.grow(1);
        evaluator.reading.push(BlockId(0));
        let mut frame = Frame::new(code, parameters);
        let value = evaluator.eval(code, &mut frame, code.root);
        self.kinks.append(&mut evaluator.values.kinks[0]);
        self.met |= evaluator.met;
        let exponent = std::mem::take(&mut evaluator.values.exponents[0]);
        self.exponent = self.exponent.max(exponent);
        if self.trouble.is_none() {
            self.trouble = evaluator.trouble.take();
        }
        evaluator.end();
        value
    }
}
