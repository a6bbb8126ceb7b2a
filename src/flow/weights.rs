//! Random weights: how they are drawn, and what they do to a column and to a gradient.
//!
//! Weights that are used once forward and once backward need not be drawn as matrices. For independent normal entries
//! of variance V, `z = W a` is normal with variance V ‖a‖², and given `z`, for any δ,
//! `Wᵀδ = a (z·δ)/‖a‖² + (I - a aᵀ/‖a‖²) √V ‖δ‖ ξ` with ξ standard normal: the law is exactly that of a drawn
//! matrix, at the cost of two vectors (conditioning of normal laws; Bolthausen 2014 uses it so). The same holds for
//! uniformly distributed orthogonal matrices. Weights that are used more often are drawn.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::numeric::dot;

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
    /// Var W of weights with so many rows and columns, outputs and inputs; none where weights are not drawn.
    pub fn variance(self, rows: usize, columns: usize) -> Option<f64> {
        let inputs = columns as f64;
        match self {
            Init::Constant(_) => None,
            Init::Glorot => Some(2.0 / (rows as f64 + inputs)),
            Init::Orthogonal => Some(1.0 / rows.max(columns) as f64),
            Init::Lecun => Some(1.0 / inputs),
            Init::He => Some(2.0 / inputs),
            Init::Variance(value) => Some(value),
            Init::OverFanIn(value) => Some(value / inputs),
        }
    }

    fn deviation(self, rows: usize, columns: usize) -> f64 {
        self.variance(rows, columns).unwrap_or(0.0).sqrt()
    }

    /// The spectral norm of weights, or a bound of its mean (Davidson and Szarek 2001, theorem II.13).
    pub fn norm(self, rows: usize, columns: usize) -> Norm {
        let sizes = [rows, columns].map(|size| (size as f64).sqrt());
        match self {
            Init::Constant(value) => Norm::Exactly(sizes[0] * sizes[1] * value.abs()),
            Init::Orthogonal => Norm::Exactly(1.0),
            Init::Glorot | Init::Lecun | Init::He | Init::Variance(_) | Init::OverFanIn(_) => {
                let deviation = self.deviation(rows, columns);
                Norm::MeanBelow(if rows == 1 && columns == 1 {
                    deviation * (2.0 / std::f64::consts::PI).sqrt()
                } else {
                    deviation * (sizes[0] + sizes[1])
                })
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

/// A matrix, or its transpose, times a column.
pub(super) fn apply(matrix: &[f64], turned: bool, input: &[f64], output: &mut [f64]) {
    if turned {
        output.fill(0.0);
        for (row, u) in matrix.chunks_exact(output.len()).zip(input) {
            for (output, weight) in output.iter_mut().zip(row) {
                *output += weight * u;
            }
        }
    } else {
        for (row, output) in matrix.chunks_exact(input.len()).zip(output) {
            *output = dot(row, input);
        }
    }
}

/// `W a`
pub(super) fn forward(random: &mut ChaCha8Rng, init: Init, input: &[f64], output: &mut [f64]) {
    let size = dot(input, input).sqrt();
    match init {
        Init::Constant(value) => output.fill(value * input.iter().sum::<f64>()),
        Init::Orthogonal => {
            fill(random, output);
            normalise(output);
            output.iter_mut().for_each(|u| *u *= size);
        }
        Init::Glorot | Init::He | Init::Lecun | Init::Variance(_) | Init::OverFanIn(_) => {
            let deviation = init.deviation(output.len(), input.len());
            fill(random, output);
            output.iter_mut().for_each(|u| *u *= deviation * size);
        }
    }
}

/// `Wᵀ δ`, given that `W a` is `output`.
pub(super) fn transposed(
    random: &mut ChaCha8Rng,
    init: Init,
    input: &[f64],
    output: &[f64],
    delta: &[f64],
    result: &mut [f64],
) {
    let n = input.len();
    if let Init::Constant(value) = init {
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
    let size = if init == Init::Orthogonal {
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
        if n == 1 && square > 0.0 {
            result.fill(0.0);
        }
        init.deviation(output.len(), n) * dot(delta, delta).sqrt()
    };
    let along = if square > 0.0 { known / square } else { 0.0 };
    for (result, input) in result.iter_mut().zip(input) {
        *result = *result * size + along * input;
    }
}

/// A weight matrix, row by row.
pub(super) fn drawn(random: &mut ChaCha8Rng, init: Init, rows: usize, columns: usize) -> Vec<f64> {
    if let Init::Constant(value) = init {
        return vec![value; rows * columns];
    }
    let mut matrix = normal(random, rows * columns);
    if init == Init::Orthogonal {
        orthonormalise(&mut matrix, rows, columns);
    } else {
        let deviation = init.deviation(rows, columns);
        matrix.iter_mut().for_each(|w| *w *= deviation);
    }
    matrix
}

/// Orthonormal rows, or columns where there are fewer, by Gram–Schmidt, twice for the sake of rounding: of normal entries
/// it makes a uniformly distributed matrix.
fn orthonormalise(matrix: &mut [f64], rows: usize, columns: usize) {
    if rows > columns {
        let mut turned: Vec<f64> = (0..rows * columns)
            .map(|at| matrix[at % rows * columns + at / rows])
            .collect();
        orthonormalise(&mut turned, columns, rows);
        for (at, value) in turned.into_iter().enumerate() {
            matrix[at % rows * columns + at / rows] = value;
        }
        return;
    }
    for row in 0..rows {
        let (done, rest) = matrix.split_at_mut(row * columns);
        let own = &mut rest[..columns];
        for _ in 0..2 {
            for other in done.chunks_exact(columns) {
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

pub(super) fn normal(random: &mut ChaCha8Rng, n: usize) -> Vec<f64> {
    let mut values = vec![0.0; n];
    fill(random, &mut values);
    values
}

pub(super) fn mean_square(values: &[f64]) -> f64 {
    dot(values, values) / values.len() as f64
}

/// Divides by the norm and returns its logarithm; what is 0 stays 0.
pub(super) fn normalise(values: &mut [f64]) -> f64 {
    let largest = values.iter().fold(0.0f64, |most, u| most.max(u.abs()));
    if largest == 0.0 {
        return f64::NEG_INFINITY;
    }
    values.iter_mut().for_each(|u| *u /= largest);
    let norm = dot(values, values).sqrt();
    values.iter_mut().for_each(|u| *u /= norm);
    norm.ln() + largest.ln()
}
