//! Values of blocks at one point, with what tells whether two of them agree.

use std::rc::Rc;

use super::array::Array;
use super::dual::Traced;
use super::evaluate::Evaluator;
use super::program::{BlockId, Program};
use super::sample::{Sample, arguments};
use super::scalar::Scalar;

/// Relative agreement that is asked of two evaluations of one number.
pub(super) const AGREEMENT: f64 = 1e-9;

/// What may be rounding, relative to the size of the terms.
pub(super) const ROUNDING: f64 = 1e-11;

/// What may be the rounding of an argument that is 0 at a kink.
const GRAZING: f64 = 1e-9;

/// The values of formulas and lines at one point.
pub(super) struct Readings<'e, 'a> {
    plain: Evaluator<'e, 'a, f64>,
    traced: Option<Evaluator<'e, 'a, Traced>>,
    program: &'e Program<'a>,
    sample: &'e Sample,
    step_at_zero: f64,
    last: Option<(BlockId, Rc<Array>)>,
}

impl<'e, 'a> Readings<'e, 'a> {
    pub(super) fn new(program: &'e Program<'a>, step_at_zero: f64, sample: &'e Sample) -> Self {
        Self {
            plain: Evaluator::over(program, &sample.point, step_at_zero, &sample.values),
            traced: None,
            program,
            sample,
            step_at_zero,
            last: None,
        }
    }

    /// An element's value.
    pub(super) fn value(&mut self, block: BlockId, offset: usize) -> f64 {
        let array = match &self.last {
            Some((id, array)) if *id == block => array,
            _ => {
                let array = self.plain.array(block);
                &self.last.insert((block, array)).1
            }
        };
        array.values[offset]
    }

    /// The size of the terms that an element is made of.
    pub(super) fn size(&mut self, block: BlockId, offset: usize) -> f64 {
        let array = self.traced().array(block);
        size_in(&array, offset)
    }

    /// An element's value, without the others of a block that is too large to be computed whole.
    pub(super) fn value_alone(&mut self, block: BlockId, offset: usize) -> f64 {
        self.plain.alone(block, offset)
    }

    /// The size of the terms of such an element.
    pub(super) fn size_alone(&mut self, block: BlockId, offset: usize) -> f64 {
        let mut array = Array::filled(1, 0.0);
        self.traced().alone(block, offset).store(&mut array, 0);
        size_in(&array, 0)
    }

    fn traced(&mut self) -> &mut Evaluator<'e, 'a, Traced> {
        let (program, sample, step) = (self.program, self.sample, self.step_at_zero);
        self.traced
            .get_or_insert_with(|| Evaluator::over(program, &sample.point, step, &sample.values))
    }

    /// Whether a kink that the network or something read was met so near that only rounding tells its sides apart.
    pub(super) fn graze_a_kink(&self) -> bool {
        [&self.sample.values, &self.plain.values]
            .into_iter()
            .flat_map(arguments)
            .any(|argument| argument != 0.0 && argument.abs() < GRAZING)
    }

    /// The first thing that had no value.
    pub(super) fn trouble(&self) -> Option<String> {
        self.plain.trouble.clone()
    }
}

fn size_in(array: &Array, at: usize) -> f64 {
    match &array.magnitudes {
        Some(pairs) => pairs[at].0,
        None => array.values[at].abs(),
    }
}
