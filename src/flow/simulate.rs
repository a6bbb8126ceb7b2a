//! Gradients through random networks, drawn many times: quantiles at every step, in logarithms, so that thousands of
//! steps neither overflow nor vanish.
//!
//! Weights that are used once forward and once backward need not be drawn as matrices. For independent normal entries
//! of variance V, `z = W a` is normal with variance V ‖a‖², and given `z`, for any δ,
//! `Wᵀδ = a (z·δ)/‖a‖² + (I - a aᵀ/‖a‖²) √V ‖δ‖ ξ` with ξ standard normal: the law is exactly that of a drawn
//! matrix, at the cost of two vectors (conditioning of normal laws; Bolthausen 2014 uses it so). The same holds for
//! uniformly distributed orthogonal matrices. Weights that are shared by all steps are drawn.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::activation::Activation;
use super::expectation::StepForm;
use super::statistics::Accumulator;
pub use super::statistics::{Layer, QUANTILES};

/// How weights are drawn: with mean 0, independent and normal unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Every weight is this number.
    Constant(f64),
    /// Variance 2/(n_in + n_out).
    Glorot,
    /// Variance 2/n_in.
    He,
    /// Variance 1/n_in.
    Lecun,
    /// A uniformly distributed orthogonal matrix; for single units a sign.
    Orthogonal,
    /// This variance.
    Variance(f64),
    /// This number divided by n_in.
    OverFanIn(f64),
}

impl Init {
    /// Var W for square matrices of this width; none where weights are not drawn.
    pub fn variance(self, width: usize) -> Option<f64> {
        let n = width as f64;
        match self {
            Init::Constant(_) => None,
            Init::Glorot | Init::Lecun | Init::Orthogonal => Some(1.0 / n),
            Init::He => Some(2.0 / n),
            Init::Variance(value) => Some(value),
            Init::OverFanIn(value) => Some(value / n),
        }
    }

    /// The spectral norm of every weight matrix, or a bound of its mean (Davidson and Szarek 2001, theorem II.13).
    pub fn norm(self, width: usize) -> Norm {
        let n = width as f64;
        match self {
            Init::Constant(value) => Norm::Exactly(n * value.abs()),
            Init::Orthogonal => Norm::Exactly(1.0),
            Init::Glorot | Init::Lecun | Init::He | Init::Variance(_) | Init::OverFanIn(_) => {
                let deviation = self.variance(width).unwrap_or(0.0).sqrt();
                let mean = if width == 1 {
                    deviation * (2.0 / std::f64::consts::PI).sqrt()
                } else {
                    2.0 * deviation * n.sqrt()
                };
                Norm::MeanBelow(mean)
            }
        }
    }
}

/// What is known of the spectral norm of random weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Norm {
    /// It is this.
    Exactly(f64),
    /// Its mean is at most this.
    MeanBelow(f64),
}

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// The number of elements of the state; 1 for networks of numbers.
    pub width: usize,
    /// The number of steps.
    pub depth: usize,
    /// How the weights are drawn.
    pub init: Init,
    /// How often.
    pub draws: usize,
    /// The seed of all draws.
    pub seed: u64,
    /// What a step is made of.
    pub form: StepForm,
    /// Whether all steps share their weights.
    pub shared: bool,
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

/// Simulates; `tick` is called after every draw.
///
/// The input and the direction of the gradient that enters are standard normal and independent of the weights;
/// biases and other inputs are 0.
pub fn simulate(activation: &Activation, setup: &Setup, tick: &(dyn Fn() + Sync)) -> Simulation {
    let groups: Vec<(Accumulator, usize)> = (0..GROUPS.min(setup.draws.max(1)))
        .into_par_iter()
        .map(|group| {
            let mut gathered = Accumulator::new(setup.depth + 1);
            let mut overflowed = 0;
            let mut run = Run::new(activation, setup);
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

/// The buffers of one draw.
struct Run<'a> {
    activation: &'a Activation,
    setup: &'a Setup,
    homogeneous: bool,
    /// What the weights were applied to, and what came out, at every step.
    inputs: Vec<f64>,
    outputs: Vec<f64>,
    matrix: Vec<f64>,
    /// ln ‖δ‖ by steps from the end.
    gradient: Vec<f64>,
    /// ln E z² by steps from the end; none at the end itself.
    forward: Vec<f64>,
    /// The share of slopes that are 0.
    inactive: Vec<f64>,
}

impl<'a> Run<'a> {
    fn new(activation: &'a Activation, setup: &'a Setup) -> Self {
        let size = setup.width * setup.depth;
        Self {
            activation,
            setup,
            homogeneous: activation.is_homogeneous(),
            inputs: vec![0.0; size],
            outputs: vec![0.0; size],
            matrix: Vec::new(),
            gradient: vec![0.0; setup.depth + 1],
            forward: vec![f64::NEG_INFINITY; setup.depth + 1],
            inactive: vec![0.0; setup.depth + 1],
        }
    }

    /// One draw; false if a forward value was no finite number.
    fn draw(&mut self, number: u64) -> bool {
        let setup = self.setup;
        let (n, form) = (setup.width, setup.form);
        let mut random = ChaCha8Rng::seed_from_u64(setup.seed);
        random.set_stream(number);
        let mut state = normal(&mut random, n);
        if setup.shared {
            self.matrix = matrix(&mut random, setup.init, n);
        }
        // The state is e^scale times what is kept.
        let mut scale = 0.0;
        let mut next = vec![0.0; n];
        for step in 0..setup.depth {
            let at = step * n..(step + 1) * n;
            let input = &mut self.inputs[at.clone()];
            if form.activated_first {
                for (input, u) in input.iter_mut().zip(&state) {
                    *input = self.activation.value(*u);
                }
            } else {
                input.copy_from_slice(&state);
            }
            let output = &mut self.outputs[at.clone()];
            forward(&mut random, setup, &self.matrix, input, output);
            // For slopes, the pre-activations are kept.
            let square: f64 = if form.activated_first {
                mean_square(&state)
            } else {
                mean_square(output)
            };
            self.forward[setup.depth - step] = 2.0 * scale + square.ln();
            for (j, next) in next.iter_mut().enumerate() {
                let made = if form.activated_first {
                    output[j]
                } else {
                    self.activation.value(output[j])
                };
                *next = if form.residual { state[j] + made } else { made };
            }
            if form.activated_first {
                // The state is needed again for its slopes; what it became follows from it.
                self.inputs[at].copy_from_slice(&state);
            }
            std::mem::swap(&mut state, &mut next);
            if !state.iter().all(|u| u.is_finite()) {
                return false;
            }
            let size = mean_square(&state).sqrt();
            if self.homogeneous && size > 0.0 {
                state.iter_mut().for_each(|u| *u /= size);
                scale += size.ln();
            }
        }
        self.backward(&mut random);
        true
    }

    fn backward(&mut self, random: &mut ChaCha8Rng) {
        let setup = self.setup;
        let (n, form) = (setup.width, setup.form);
        let mut delta = normal(random, n);
        normalise(&mut delta);
        let mut log = 0.0;
        self.gradient[0] = 0.0;
        let mut activated = vec![0.0; n];
        let mut through = vec![0.0; n];
        for step in (0..setup.depth).rev() {
            let at = step * n..(step + 1) * n;
            let (kept, output) = (&self.inputs[at.clone()], &self.outputs[at]);
            let pre = if form.activated_first { kept } else { output };
            let slopes: Vec<f64> = pre.iter().map(|u| self.activation.slope(*u)).collect();
            let zero = slopes.iter().filter(|slope| **slope == 0.0).count();
            self.inactive[setup.depth - step] = zero as f64 / n as f64;
            let input: &[f64] = if form.activated_first {
                for (value, u) in activated.iter_mut().zip(kept) {
                    *value = self.activation.value(*u);
                }
                &activated
            } else {
                kept
            };
            let mut upstream = delta.clone();
            if !form.activated_first {
                upstream.iter_mut().zip(&slopes).for_each(|(d, s)| *d *= s);
            }
            transposed(
                random,
                setup,
                &self.matrix,
                input,
                output,
                &upstream,
                &mut through,
            );
            for (j, delta) in delta.iter_mut().enumerate() {
                let slope = if form.activated_first { slopes[j] } else { 1.0 };
                let made = through[j] * slope;
                *delta = if form.residual { *delta + made } else { made };
            }
            log += normalise(&mut delta);
            self.gradient[setup.depth - step] = log;
        }
    }
}

/// `W a`
fn forward(
    random: &mut ChaCha8Rng,
    setup: &Setup,
    matrix: &[f64],
    input: &[f64],
    output: &mut [f64],
) {
    let n = input.len();
    if setup.shared {
        for (row, output) in matrix.chunks_exact(n).zip(output) {
            *output = dot(row, input);
        }
        return;
    }
    let size = dot(input, input).sqrt();
    match setup.init {
        Init::Constant(value) => output.fill(value * input.iter().sum::<f64>()),
        Init::Orthogonal => {
            fill(random, output);
            normalise(output);
            output.iter_mut().for_each(|u| *u *= size);
        }
        Init::Glorot | Init::He | Init::Lecun | Init::Variance(_) | Init::OverFanIn(_) => {
            let deviation = setup.init.variance(n).unwrap_or(0.0).sqrt();
            fill(random, output);
            output.iter_mut().for_each(|u| *u *= deviation * size);
        }
    }
}

/// `Wᵀ δ`, given that `W a` is `output`.
fn transposed(
    random: &mut ChaCha8Rng,
    setup: &Setup,
    matrix: &[f64],
    input: &[f64],
    output: &[f64],
    delta: &[f64],
    result: &mut [f64],
) {
    let n = input.len();
    if setup.shared {
        result.fill(0.0);
        for (row, delta) in matrix.chunks_exact(n).zip(delta) {
            for (result, weight) in result.iter_mut().zip(row) {
                *result += weight * delta;
            }
        }
        return;
    }
    if let Init::Constant(value) = setup.init {
        result.fill(value * delta.iter().sum::<f64>());
        return;
    }
    let square = dot(input, input);
    let known = dot(output, delta);
    fill(random, result);
    // What is left is orthogonal to the input.
    if square > 0.0 {
        let inside = dot(input, result) / square;
        for (result, input) in result.iter_mut().zip(input) {
            *result -= inside * input;
        }
    }
    let size = if setup.init == Init::Orthogonal {
        let outside = dot(delta, delta)
            - if square > 0.0 {
                known * known / square
            } else {
                0.0
            };
        if n > 1 {
            normalise(result);
        } else {
            result.fill(0.0);
        }
        outside.max(0.0).sqrt()
    } else {
        let deviation = setup.init.variance(n).unwrap_or(0.0).sqrt();
        if n == 1 && square > 0.0 {
            result.fill(0.0);
        }
        deviation * dot(delta, delta).sqrt()
    };
    let along = if square > 0.0 { known / square } else { 0.0 };
    for (result, input) in result.iter_mut().zip(input) {
        *result = *result * size + along * input;
    }
}

/// A weight matrix, row by row.
fn matrix(random: &mut ChaCha8Rng, init: Init, n: usize) -> Vec<f64> {
    if let Init::Constant(value) = init {
        return vec![value; n * n];
    }
    let mut matrix = normal(random, n * n);
    if init == Init::Orthogonal {
        orthonormalise(&mut matrix, n);
    } else {
        let deviation = init.variance(n).unwrap_or(0.0).sqrt();
        matrix.iter_mut().for_each(|w| *w *= deviation);
    }
    matrix
}

/// Gram–Schmidt, twice for the sake of rounding: of normal entries it makes a uniformly distributed orthogonal matrix.
fn orthonormalise(matrix: &mut [f64], n: usize) {
    for row in 0..n {
        let (done, rest) = matrix.split_at_mut(row * n);
        let own = &mut rest[..n];
        for _ in 0..2 {
            for other in done.chunks_exact(n) {
                let along = dot(own, other);
                own.iter_mut().zip(other).for_each(|(u, v)| *u -= along * v);
            }
        }
        normalise(own);
    }
}

fn fill(random: &mut impl Rng, values: &mut [f64]) {
    for value in values {
        *value = StandardNormal.sample(random);
    }
}

fn normal(random: &mut ChaCha8Rng, n: usize) -> Vec<f64> {
    let mut values = vec![0.0; n];
    fill(random, &mut values);
    values
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Eight sums side by side: the compiler may not reorder one.
    let mut sums = [0.0; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = left
        .remainder()
        .iter()
        .zip(right.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in left.zip(right) {
        for at in 0..8 {
            sums[at] += a[at] * b[at];
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn mean_square(values: &[f64]) -> f64 {
    dot(values, values) / values.len() as f64
}

/// Divides by the norm and returns its logarithm; what is 0 stays 0.
fn normalise(values: &mut [f64]) -> f64 {
    let largest = values.iter().fold(0.0f64, |most, u| most.max(u.abs()));
    if largest == 0.0 {
        return f64::NEG_INFINITY;
    }
    values.iter_mut().for_each(|u| *u /= largest);
    let norm = dot(values, values).sqrt();
    values.iter_mut().for_each(|u| *u /= norm);
    norm.ln() + largest.ln()
}
