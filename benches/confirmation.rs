//! Confirming the gradients of a perceptron 784-128-64-10 with batch 32 against loops written by hand.
//!
//! The least that a confirmation along random directions has to do is one gradient pass, and for each direction
//! a dual pass (about two forward passes) and a central difference (two). `cargo bench --bench confirmation`
//! prints how many times that `chainrule confirm` needs, as a whole process: for 20 directions, and for one for each
//! family and point, although families share theirs.

#![expect(clippy::print_stdout, reason = "a bench is a program that prints")]

mod clock;

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use clock::{milliseconds, printed, ratio, run, shortest};

const BATCH: usize = 32;
const WIDTHS: [usize; 4] = [784, 128, 64, 10];

const NETWORK: &str = "\
index b, i, j, k, l
where X in R^(32 x 784), Y in R^(32 x 10)
      W1 in R^(784 x 128), b1 in R^128
      W2 in R^(128 x 64), b2 in R^64
      W3 in R^(64 x 10), b3 in R^10
z1_bj = b1_j + sum_i X_bi W1_ij
h1_bj = relu(z1_bj)
z2_bk = b2_k + sum_j h1_bj W2_jk
h2_bk = relu(z2_bk)
o_bl = b3_l + sum_k h2_bk W3_kl
loss C = 1/64 sum_b sum_l (o_bl - Y_bl)^2
grad W1, b1, W2, b2, W3, b3
";

/// The directions that the goal speaks of.
const DIRECTIONS: u32 = 20;

fn main() {
    let confirm = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chainrule"));
        command.args(["confirm", "-e", NETWORK]);
        command
    };
    let output = printed(&mut confirm());
    let compared: u32 = String::from_utf8_lossy(&output)
        .lines()
        .filter_map(|line| {
            line.split_once("confirmed at ")?
                .1
                .split(' ')
                .next()?
                .parse::<u32>()
                .ok()
        })
        .sum();

    let perceptron = Perceptron::new();
    let [process, forward, gradients] = shortest([
        &mut || {
            let run = run(&mut confirm());
            assert!(
                run.success && run.bytes > 0,
                "what was confirmed once is confirmed again"
            );
            run.time
        },
        &mut || time(|| black_box(&perceptron).forward()),
        &mut || time(|| black_box(&perceptron).gradients()),
    ]);
    let least = |directions: u32| gradients + forward * 4 * directions;
    println!("\n## Confirmation of 784-128-64-10 with batch {BATCH}\n");
    println!("| what | time |\n| --- | --- |");
    println!("| forward, by hand | {} |", milliseconds(forward));
    println!(
        "| forward and all gradients, by hand | {} |",
        milliseconds(gradients)
    );
    for directions in [DIRECTIONS, compared] {
        let least = least(directions);
        println!(
            "| gradients + {directions} × 4 forward, by hand | {} |",
            milliseconds(least)
        );
        println!(
            "| chainrule confirm ({compared} comparisons), × that | {} = {:.2} × |",
            milliseconds(process),
            ratio(process, least)
        );
    }
}

/// How long a closure takes.
fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

/// A matrix, row by row.
#[derive(Debug, Clone)]
struct Matrix {
    rows: usize,
    columns: usize,
    entries: Vec<f64>,
}

impl Matrix {
    fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            entries: vec![0.0; rows * columns],
        }
    }

    /// Entries of both signs that look random.
    fn sample(rows: usize, columns: usize, scale: f64) -> Self {
        let mut matrix = Self::zeros(rows, columns);
        for (at, entry) in matrix.entries.iter_mut().enumerate() {
            *entry = scale * (((at * 7_919 + 13) % 1_009) as f64 / 504.5 - 1.0);
        }
        matrix
    }

    fn row(&self, at: usize) -> &[f64] {
        &self.entries[at * self.columns..(at + 1) * self.columns]
    }

    fn row_mut(&mut self, at: usize) -> &mut [f64] {
        &mut self.entries[at * self.columns..(at + 1) * self.columns]
    }

    fn transposed(&self) -> Self {
        let mut result = Self::zeros(self.columns, self.rows);
        for row in 0..self.rows {
            for (column, entry) in self.row(row).iter().enumerate() {
                result.entries[column * self.rows + row] = *entry;
            }
        }
        result
    }

    /// `self · other`, four rows of `other` at a time so that each entry of the result is stored less often.
    fn times(&self, other: &Matrix) -> Matrix {
        let mut result = Matrix::zeros(self.rows, other.columns);
        for row in 0..self.rows {
            let into = &mut result.entries[row * other.columns..(row + 1) * other.columns];
            let factors = self.row(row);
            let mut at = 0;
            while at + 4 <= factors.len() {
                let (a, b, c, d) = (
                    factors[at],
                    factors[at + 1],
                    factors[at + 2],
                    factors[at + 3],
                );
                let (ra, rb) = (other.row(at), other.row(at + 1));
                let (rc, rd) = (other.row(at + 2), other.row(at + 3));
                for ((((sum, pa), pb), pc), pd) in into.iter_mut().zip(ra).zip(rb).zip(rc).zip(rd) {
                    *sum += a * pa + b * pb + c * pc + d * pd;
                }
                at += 4;
            }
            for (factor, at) in factors[at..].iter().zip(at..) {
                for (sum, entry) in into.iter_mut().zip(other.row(at)) {
                    *sum += factor * entry;
                }
            }
        }
        result
    }

    fn column_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        for row in 0..self.rows {
            for (sum, entry) in sums.iter_mut().zip(self.row(row)) {
                *sum += entry;
            }
        }
        sums
    }
}

struct Perceptron {
    input: Matrix,
    target: Matrix,
    weights: Vec<Matrix>,
    biases: Vec<Vec<f64>>,
}

impl Perceptron {
    fn new() -> Self {
        Self {
            input: Matrix::sample(BATCH, WIDTHS[0], 1.0),
            target: Matrix::sample(BATCH, WIDTHS[3], 1.0),
            weights: WIDTHS
                .windows(2)
                .map(|pair| Matrix::sample(pair[0], pair[1], (1.0 / pair[0] as f64).sqrt()))
                .collect(),
            biases: WIDTHS[1..].iter().map(|width| vec![0.1; *width]).collect(),
        }
    }

    /// The activations of each layer, the input first.
    fn layers(&self) -> Vec<Matrix> {
        let mut layers = vec![self.input.clone()];
        for (at, (weight, bias)) in self.weights.iter().zip(&self.biases).enumerate() {
            let mut next = layers[at].times(weight);
            for row in 0..next.rows {
                for (entry, bias) in next.row_mut(row).iter_mut().zip(bias) {
                    *entry += bias;
                    if at + 1 < self.weights.len() {
                        *entry = entry.max(0.0);
                    }
                }
            }
            layers.push(next);
        }
        layers
    }

    fn loss(&self, output: &Matrix) -> f64 {
        let squares = output
            .entries
            .iter()
            .zip(&self.target.entries)
            .map(|(o, y)| (o - y) * (o - y));
        squares.sum::<f64>() / (2 * BATCH) as f64
    }

    fn forward(&self) -> f64 {
        let layers = self.layers();
        self.loss(&layers[self.weights.len()])
    }

    /// The gradients of all weights and biases, last layer first.
    fn gradients(&self) -> Vec<(Matrix, Vec<f64>)> {
        let layers = self.layers();
        let mut adjoint = layers[self.weights.len()].clone();
        for (entry, target) in adjoint.entries.iter_mut().zip(&self.target.entries) {
            *entry = (*entry - target) / BATCH as f64;
        }
        let mut gradients = Vec::new();
        for at in (0..self.weights.len()).rev() {
            gradients.push((
                layers[at].transposed().times(&adjoint),
                adjoint.column_sums(),
            ));
            if at > 0 {
                adjoint = adjoint.times(&self.weights[at].transposed());
                for (entry, activation) in adjoint.entries.iter_mut().zip(&layers[at].entries) {
                    if *activation <= 0.0 {
                        *entry = 0.0;
                    }
                }
            }
        }
        gradients
    }
}
