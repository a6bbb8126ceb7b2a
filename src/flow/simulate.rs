//! Gradients through random networks, drawn many times: quantiles at every step, in logarithms, so that thousands of
//! steps neither overflow nor vanish.

use rayon::prelude::*;

use super::run::{Layouts, Run};
use super::statistics::Accumulator;
pub use super::statistics::{Layer, QUANTILES};
use super::tape::{Tape, Weight};
use super::weights::Init;
use crate::term::{Affine, Atom};

/// What is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The number of elements of the state before each step, and after the last; 1 for networks of numbers.
    pub widths: Vec<usize>,
    /// The length of everything whose length neither the network nor the states say.
    pub inner: usize,
    /// How the weights are drawn.
    pub init: Init,
    /// How often.
    pub draws: usize,
    /// The seed of all draws.
    pub seed: u64,
}

impl Setup {
    /// The number of steps.
    pub fn depth(&self) -> usize {
        self.widths.len().saturating_sub(1)
    }

    /// The value of a size at a step.
    pub(super) fn size(&self, tape: &Tape, atom: &Atom, step: usize) -> usize {
        let length = Affine::atom(atom.clone());
        let [before, after] = tape.widths();
        if before == Some(&length) {
            self.widths[step]
        } else if after == Some(&length) {
            self.widths[step + 1]
        } else if tape.kept().contains(&&length) {
            KEPT
        } else {
            self.inner
        }
    }

    /// The lengths of axes at a step.
    pub(super) fn sizes(&self, tape: &Tape, shape: &[Affine], step: usize) -> Vec<usize> {
        let length = |length: &Affine| {
            let [before, after] = tape.widths();
            if before == Some(length) {
                return self.widths[step];
            } else if after == Some(length) {
                return self.widths[step + 1];
            }
            let sum = length
                .terms()
                .iter()
                .fold(length.constant(), |sum, (atom, coefficient)| {
                    sum + coefficient * self.size(tape, atom, step) as i64
                });
            usize::try_from(sum.to_integer()).unwrap_or(0)
        };
        shape.iter().map(length).collect()
    }

    /// Whether a register has no elements: a window that is longer than what it is laid on.
    pub fn leaves_nothing(&self, tapes: &[Tape]) -> bool {
        (0..self.depth()).any(|step| {
            let tape = tape_at(tapes, step);
            let mut shapes = tape.shapes.iter();
            shapes.any(|shape| self.sizes(tape, shape, step).contains(&0))
        })
    }

    /// The rows and columns of weights at a step.
    pub(super) fn matrix(&self, tape: &Tape, weight: &Weight, step: usize) -> [usize; 2] {
        [&weight.rows, &weight.columns]
            .map(|lengths| self.sizes(tape, lengths, step).iter().product())
    }
}

/// How long axes of states are that weights do not mix, such as the number of examples, where nobody says it.
pub(super) const KEPT: usize = 8;

/// The gradient at every step, from the last to the first.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// `layers[k]` is the gradient by the state k steps before the end; `layers[0]` is where it enters, with norm 1.
    pub layers: Vec<Layer>,
    /// Draws in which a forward value was no finite number.
    pub overflowed: usize,
}

/// Draws are gathered in this many groups, whatever the number of cores: memory does not grow with the draws, and
/// sums do not depend on the machine.
const GROUPS: usize = 16;

/// Simulates; `tick` is called after every draw. One tape is run at every step, several one after the other.
///
/// The first states and the direction of the gradient that enters, over all states together, are standard normal and
/// independent of the weights; biases and other inputs are 0.
pub fn simulate(tapes: &[Tape], setup: &Setup, tick: &(dyn Fn() + Sync)) -> Simulation {
    let layouts = Layouts::new(tapes, setup);
    let groups: Vec<(Accumulator, usize)> = (0..GROUPS.min(setup.draws.max(1)))
        .into_par_iter()
        .map(|group| {
            let mut gathered = Accumulator::new(setup.depth() + 1);
            let mut overflowed = 0;
            let mut run = Run::new(tapes, setup, &layouts);
            for draw in (group..setup.draws).step_by(GROUPS) {
                if run.draw(draw as u64) {
                    gathered.add(&run.gradient, &run.forward, &run.inactive);
                } else {
                    overflowed += 1;
                }
                tick();
            }
            (gathered, overflowed)
        })
        .collect();
    let mut groups = groups.into_iter();
    let (mut all, mut overflowed) = groups.next().expect("there is a group");
    for (group, lost) in groups {
        all.merge(&group);
        overflowed += lost;
    }
    Simulation {
        layers: all.layers(),
        overflowed,
    }
}

/// The tape of a step.
pub(super) fn tape_at(tapes: &[Tape], step: usize) -> &Tape {
    match tapes {
        [only] => only,
        many => &many[step],
    }
}
