//! Gradients through random networks, drawn many times: quantiles at every step, in logarithms, so that thousands of
//! steps neither overflow nor vanish.

use std::borrow::Cow;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::statistics::Accumulator;
pub use super::statistics::{Layer, QUANTILES};
use super::tape::{Length, Operation, Register, Tape, Weight};
use super::weights::{Init, apply, drawn, forward, mean_square, normal, normalise, transposed};

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

    /// The length of a register of a step.
    pub(super) fn length(&self, tape: &Tape, length: &Length, step: usize) -> usize {
        let Length::Of(size) = length else { return 1 };
        let known = size.as_int().and_then(|size| usize::try_from(size).ok());
        if let Some(known) = known {
            known
        } else if *length == tape.lengths[0] {
            self.widths[step]
        } else if *length == tape.lengths[tape.results[0]] {
            self.widths[step + 1]
        } else {
            self.inner
        }
    }
}

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
    let groups: Vec<(Accumulator, usize)> = (0..GROUPS.min(setup.draws.max(1)))
        .into_par_iter()
        .map(|group| {
            let mut gathered = Accumulator::new(setup.depth() + 1);
            let mut overflowed = 0;
            let mut run = Run::new(tapes, setup);
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

/// Registers of one step side by side.
#[derive(Debug, Clone, Default)]
struct Registers {
    /// Where each begins; the last entry is where all end.
    starts: Vec<usize>,
    values: Vec<f64>,
}

impl Registers {
    fn new(tape: &Tape, setup: &Setup, step: usize) -> Self {
        let mut starts = vec![0];
        for length in &tape.lengths {
            starts.push(starts[starts.len() - 1] + setup.length(tape, length, step));
        }
        let values = vec![0.0; starts[starts.len() - 1]];
        Self { starts, values }
    }

    fn get(&self, register: Register) -> &[f64] {
        &self.values[self.starts[register]..self.starts[register + 1]]
    }

    /// A register to be written, and those before it.
    fn split(&mut self, register: Register) -> (Before<'_>, &mut [f64]) {
        let (start, end) = (self.starts[register], self.starts[register + 1]);
        let (before, rest) = self.values.split_at_mut(start);
        let before = Before {
            starts: &self.starts,
            values: before,
        };
        (before, &mut rest[..end - start])
    }
}

/// The registers before one.
struct Before<'a> {
    starts: &'a [usize],
    values: &'a mut [f64],
}

impl Before<'_> {
    fn get(&self, register: Register) -> &[f64] {
        &self.values[self.starts[register]..self.starts[register + 1]]
    }

    /// Adds to a register; where it is one number, the sum of what is added.
    fn add(&mut self, register: Register, values: impl Iterator<Item = f64>) {
        match &mut self.values[self.starts[register]..self.starts[register + 1]] {
            [only] => *only += values.sum::<f64>(),
            many => many
                .iter_mut()
                .zip(values)
                .for_each(|(own, value)| *own += value),
        }
    }
}

/// An element of a register, of one number for all.
fn element(register: &[f64], at: usize) -> f64 {
    match register {
        [only] => *only,
        many => many[at],
    }
}

/// How weights are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Their two products are drawn from their joint law.
    Law,
    /// Drawn entry by entry, at every step anew.
    Drawn,
    /// Drawn entry by entry, once.
    Kept(usize),
}

/// The buffers of one draw.
struct Run<'a> {
    tapes: &'a [Tape],
    setup: &'a Setup,
    homogeneous: bool,
    /// By tape and weight.
    kinds: Vec<Vec<Kind>>,
    /// Weights that are drawn once, with their rows and columns.
    kept: Vec<(Vec<f64>, [usize; 2])>,
    /// The values of every step.
    steps: Vec<Registers>,
    /// The gradients by the registers of a step.
    gradients: Registers,
    /// ln ‖δ‖ by steps from the end.
    gradient: Vec<f64>,
    /// ln E z² by steps from the end; none at the end itself.
    forward: Vec<f64>,
    /// The share of slopes that are 0.
    inactive: Vec<f64>,
}

impl<'a> Run<'a> {
    fn new(tapes: &'a [Tape], setup: &'a Setup) -> Self {
        let depth = setup.depth();
        let shape = |weight: &Weight, step: usize| {
            let tape = tape_at(tapes, step);
            [&weight.rows, &weight.columns].map(|length| setup.length(tape, length, step))
        };
        let mut shared: Vec<&Weight> = Vec::new();
        let mut kept = Vec::new();
        let mut kinds = Vec::new();
        for (at, tape) in tapes.iter().enumerate() {
            let steps = if tapes.len() == 1 {
                0..depth
            } else {
                at..at + 1
            };
            let mut own: Vec<Kind> = Vec::new();
            for weight in &tape.weights {
                let mut shapes = steps.clone().map(|step| shape(weight, step));
                let square = shapes.all(|[rows, columns]| rows == columns);
                own.push(if !weight.own {
                    let known = shared.iter().position(|other| other.is_same(weight));
                    Kind::Kept(known.unwrap_or_else(|| {
                        shared.push(weight);
                        kept.push((Vec::new(), shape(weight, at)));
                        shared.len() - 1
                    }))
                } else if weight.uses == 1 && (setup.init != Init::Orthogonal || square) {
                    Kind::Law
                } else {
                    Kind::Drawn
                });
            }
            kinds.push(own);
        }
        Self {
            tapes,
            setup,
            homogeneous: tapes.iter().all(Tape::is_homogeneous),
            kinds,
            kept,
            steps: (0..depth)
                .map(|step| Registers::new(tape_at(tapes, step), setup, step))
                .collect(),
            gradients: Registers::default(),
            gradient: vec![0.0; depth + 1],
            forward: vec![f64::NEG_INFINITY; depth + 1],
            inactive: vec![0.0; depth + 1],
        }
    }

    /// One draw; false if a forward value was no finite number.
    fn draw(&mut self, number: u64) -> bool {
        let setup = self.setup;
        let mut random = ChaCha8Rng::seed_from_u64(setup.seed);
        random.set_stream(number);
        let first = tape_at(self.tapes, 0);
        let states: Vec<usize> = (0..first.results.len())
            .map(|state| setup.length(first, &first.lengths[state], 0))
            .collect();
        let mut state = normal(&mut random, states.iter().sum());
        for (matrix, [rows, columns]) in &mut self.kept {
            *matrix = drawn(&mut random, setup.init, *rows, *columns);
        }
        // The state is e^scale times what is kept.
        let mut scale = 0.0;
        for step in 0..setup.depth() {
            self.ahead(&mut random, number, step, &state);
            let tape = tape_at(self.tapes, step);
            let registers = &self.steps[step];
            let square = mean_square(registers.get(tape.watched()));
            self.forward[setup.depth() - step] = 2.0 * scale + square.ln();
            state.clear();
            for result in &tape.results {
                state.extend_from_slice(registers.get(*result));
            }
            if !state.iter().all(|u| u.is_finite()) {
                return false;
            }
            let size = mean_square(&state).sqrt();
            if self.homogeneous && size > 0.0 {
                state.iter_mut().for_each(|u| *u /= size);
                scale += size.ln();
            }
        }
        let mut delta = normal(&mut random, state.len());
        normalise(&mut delta);
        let mut log = 0.0;
        self.gradient[0] = 0.0;
        for step in (0..setup.depth()).rev() {
            self.back(&mut random, number, step, &mut delta);
            log += normalise(&mut delta);
            self.gradient[setup.depth() - step] = log;
        }
        true
    }

    /// The weights of a step that are drawn entry by entry.
    fn matrix(&self, number: u64, step: usize, weight: usize) -> Option<Cow<'_, [f64]>> {
        let tape = if self.tapes.len() == 1 { 0 } else { step };
        match self.kinds[tape][weight] {
            Kind::Law => None,
            Kind::Kept(at) => Some(Cow::Borrowed(&self.kept[at].0)),
            Kind::Drawn => {
                let own = &self.tapes[tape].weights[weight];
                let [rows, columns] = [&own.rows, &own.columns]
                    .map(|length| self.setup.length(&self.tapes[tape], length, step));
                // The same again on the way back.
                let mut random = ChaCha8Rng::seed_from_u64(self.setup.seed ^ SEPARATE);
                random.set_stream(number);
                random.set_word_pos((step as u128 * 64 + weight as u128) << 32);
                Some(Cow::Owned(drawn(
                    &mut random,
                    self.setup.init,
                    rows,
                    columns,
                )))
            }
        }
    }

    /// The registers of a step from its states.
    fn ahead(&mut self, random: &mut ChaCha8Rng, number: u64, step: usize, states: &[f64]) {
        let tape = tape_at(self.tapes, step);
        let mut registers = std::mem::take(&mut self.steps[step]);
        let mut taken = 0;
        for (at, operation) in tape.operations.iter().enumerate() {
            let (before, output) = registers.split(at);
            match operation {
                Operation::State => {
                    output.copy_from_slice(&states[taken..taken + output.len()]);
                    taken += output.len();
                }
                Operation::Number(value) => output.fill(*value),
                Operation::Add(parts) => {
                    output.fill(0.0);
                    for part in parts {
                        let part = before.get(*part);
                        let sum = |(at, own): (usize, &mut f64)| *own += element(part, at);
                        output.iter_mut().enumerate().for_each(sum);
                    }
                }
                Operation::Multiply(factors) => {
                    output.fill(1.0);
                    for factor in factors {
                        let factor = before.get(*factor);
                        let product = |(at, own): (usize, &mut f64)| *own *= element(factor, at);
                        output.iter_mut().enumerate().for_each(product);
                    }
                }
                Operation::Power(input, exponent) => {
                    for (own, u) in output.iter_mut().zip(before.get(*input)) {
                        *own = u.powf(*exponent);
                    }
                }
                Operation::Activate(activation, input) => {
                    let activation = &tape.activations[*activation];
                    for (own, u) in output.iter_mut().zip(before.get(*input)) {
                        *own = activation.value(*u);
                    }
                }
                Operation::Weigh {
                    weight,
                    turned,
                    input,
                } => {
                    let input = before.get(*input);
                    match self.matrix(number, step, *weight) {
                        Some(matrix) => apply(&matrix, *turned, input, output),
                        None => forward(random, self.setup.init, input, output),
                    }
                }
            }
        }
        self.steps[step] = registers;
    }

    /// The gradient by the states of a step from that by the next ones.
    fn back(&mut self, random: &mut ChaCha8Rng, number: u64, step: usize, delta: &mut Vec<f64>) {
        let tape = tape_at(self.tapes, step);
        let registers = std::mem::take(&mut self.steps[step]);
        let mut gradients = std::mem::take(&mut self.gradients);
        gradients.starts.clone_from(&registers.starts);
        gradients.values.clear();
        gradients.values.resize(registers.values.len(), 0.0);
        let mut taken = 0;
        for result in &tape.results {
            let (_, own) = gradients.split(*result);
            for (own, delta) in own.iter_mut().zip(&delta[taken..]) {
                *own += delta;
            }
            taken += own.len();
        }
        for (at, operation) in tape.operations.iter().enumerate().rev() {
            let (mut before, own) = gradients.split(at);
            match operation {
                Operation::State | Operation::Number(_) => {}
                Operation::Add(parts) => {
                    for part in parts {
                        before.add(*part, own.iter().copied());
                    }
                }
                Operation::Multiply(factors) => {
                    for (position, factor) in factors.iter().enumerate() {
                        let others = |at: usize| -> f64 {
                            factors
                                .iter()
                                .enumerate()
                                .filter(|(other, _)| *other != position)
                                .map(|(_, other)| element(registers.get(*other), at))
                                .product()
                        };
                        before.add(
                            *factor,
                            own.iter().enumerate().map(|(at, g)| g * others(at)),
                        );
                    }
                }
                Operation::Power(input, exponent) => {
                    let slopes = registers.get(*input).iter();
                    let slopes = slopes.map(|u| exponent * u.powf(exponent - 1.0));
                    before.add(*input, own.iter().zip(slopes).map(|(g, slope)| g * slope));
                }
                Operation::Activate(activation, input) => {
                    let activation = &tape.activations[*activation];
                    let slopes: Vec<f64> = registers
                        .get(*input)
                        .iter()
                        .map(|u| activation.slope(*u))
                        .collect();
                    if *input == tape.watched() {
                        let zero = slopes.iter().filter(|slope| **slope == 0.0).count();
                        let depth = self.setup.depth();
                        self.inactive[depth - step] = zero as f64 / slopes.len() as f64;
                    }
                    before.add(*input, own.iter().zip(slopes).map(|(g, slope)| g * slope));
                }
                Operation::Weigh {
                    weight,
                    turned,
                    input,
                } => {
                    let weighed = registers.get(*input);
                    let mut result = vec![0.0; weighed.len()];
                    match self.matrix(number, step, *weight) {
                        Some(matrix) => apply(&matrix, !turned, own, &mut result),
                        None => {
                            let output = registers.get(at);
                            transposed(random, self.setup.init, weighed, output, own, &mut result);
                        }
                    }
                    before.add(*input, result.into_iter());
                }
            }
        }
        delta.clear();
        for state in 0..tape.results.len() {
            delta.extend_from_slice(gradients.get(state));
        }
        self.steps[step] = registers;
        self.gradients = gradients;
    }
}

/// The tape of a step.
fn tape_at(tapes: &[Tape], step: usize) -> &Tape {
    match tapes {
        [only] => only,
        many => &many[step],
    }
}

/// Keeps drawn weights apart from all other draws.
const SEPARATE: u64 = 0x9e37_79b9_7f4a_7c15;
