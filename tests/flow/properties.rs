//! Random recursions: what is printed as the factor of a step is its derivative, and no derivative exceeds its bound.

use std::collections::BTreeMap;

use chainrule::flow::{Bounds, Flow, Part, Size, Step, Ways, flow};
use chainrule::syntax::StepAtZero;
use chainrule::term::{Affine, Substitution, VarId};
use num_traits::ToPrimitive;

use super::evaluate::{Element, Evaluator, Letters, difference};
use super::system;

/// The elements of every state, and the steps of every recursion.
const WIDTH: i64 = 3;
const STEPS: i64 = 2;

/// Choices from a seed.
struct Choice(u64);

impl Choice {
    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        list[(self.0 >> 33) as usize % list.len()]
    }
}

/// A recursion of columns or of numbers.
fn network(seed: u64) -> String {
    let mut choice = Choice(seed);
    let columns = choice.of(&["columns", "columns", "numbers"]) == "columns";
    let phi = choice.of(&["tanh", "sigmoid", "relu", "softplus", "silu"]);
    let psi = choice.of(&["tanh", "sigmoid", "softplus"]);
    let slot = choice.of(&["", "[k]"]);
    let range = if slot.is_empty() {
        ""
    } else {
        " for k in 0..1"
    };
    let times = if columns { ".*" } else { "" };
    let branch = match choice.of(&["before", "after", "both", "gain", "twice"]) {
        "before" => format!("{phi}(W{slot} h[k] + b)"),
        "after" => format!("W{slot} {phi}(h[k])"),
        "both" => format!("V {phi}(W{slot} h[k])"),
        "gain" => format!("g {times} {phi}(W{slot} h[k])"),
        _ => format!("{phi}(W{slot} {psi}(V h[k]))"),
    };
    let step = match choice.of(&["plain", "residual", "leaky", "scaled", "gate", "carried"]) {
        "plain" => branch,
        "residual" => format!("h[k] + {branch}"),
        "leaky" => format!("a h[k] + (1 - a) {branch}"),
        "scaled" => format!("1/2 h[k] - 3/4 {branch}"),
        "gate" => format!("u[k+1] {times} h[k] + (1 - u[k+1]) {times} {branch}"),
        _ => format!("q[k+1] {times} {psi}(c[k+1])"),
    };
    let mut text = String::new();
    let (column, matrix) = if columns {
        ("R^3", "R^(3 x 3)")
    } else {
        ("R", "R")
    };
    for declared in [
        format!(
            "x in {column}, x2 in {column}, y in {column}, b in {column}, g in {column}, a in R"
        ),
        format!("W{slot} in {matrix}{range}"),
        format!("V in {matrix}, U in {matrix}, P in {matrix}, Q in {matrix}"),
    ] {
        text.push_str(&format!("where {declared}\n"));
    }
    text.push_str("h[0] = x\n");
    if step.contains("u[k+1]") {
        text.push_str("u[k+1] = sigmoid(U h[k]) for k in 0..1\n");
    }
    if step.contains("c[k+1]") {
        text.push_str(&format!(
            "c[0] = x2\nq[k+1] = sigmoid(U h[k]) for k in 0..1\np[k+1] = {psi}(P h[k]) for k in 0..1\nc[k+1] = p[k+1] {times} c[k] + sigmoid(Q h[k]) {times} {phi}(V h[k]) for k in 0..1\n"
        ));
    }
    let loss = if columns {
        "1/2 sum((h[2] - y).^2)"
    } else {
        "1/2 (h[2] - y)^2"
    };
    text.push_str(&format!("h[k+1] = {step} for k in 0..1\nloss C = {loss}\n"));
    text
}

/// A matrix of derivatives, row by row.
type Matrix = Vec<Vec<f64>>;

/// A step at numbers for its letters.
struct At<'a> {
    flow: &'a Flow,
    part: &'a Part,
    step: &'a Step,
    letters: Letters,
}

impl At<'_> {
    fn elements(axes: usize) -> Vec<Vec<i64>> {
        if axes == 0 {
            vec![Vec::new()]
        } else {
            (1..=WIDTH).map(|at| vec![at]).collect()
        }
    }

    fn index(&self, state: usize, index: &[Affine], element: &[i64]) -> Element {
        let family = self.part.states[state].family;
        let slots = self.flow.system.family(family).slots;
        let letters = self
            .letters
            .iter()
            .map(|(letter, value)| (*letter, Affine::int(*value)));
        let values = Substitution::new(letters);
        let slots = index[..slots]
            .iter()
            .map(|at| values.affine(at).as_int().expect("a number"));
        (family, slots.chain(element.iter().copied()).collect())
    }

    fn product(&self) -> &Ways {
        self.step.product.as_ref().expect("a sum of products")
    }

    /// The derivative by differences, all other states held.
    fn truth(&self, point: &Evaluator) -> Matrix {
        let axes = |state: usize| self.flow.system.family(self.part.states[state].family).axes;
        let own = Self::elements(axes(self.step.from));
        let mut base = point.clone();
        let mut held: BTreeMap<Element, f64> = BTreeMap::new();
        for state in 0..self.part.states.len() {
            for step in 0..=STEPS {
                for element in Self::elements(axes(state)) {
                    let family = self.part.states[state].family;
                    let index = [&[step], element.as_slice()].concat();
                    let value = base.element(family, &index);
                    held.insert((family, index), value);
                }
            }
        }
        let entry = |next: &Vec<i64>, own: &Vec<i64>| {
            let (next, own) = (
                self.index(self.step.to, &self.step.next, next),
                self.index(self.step.from, &self.step.own, own),
            );
            let mut held = held.clone();
            let value = held[&own];
            held.remove(&next);
            difference(&mut |by| {
                let mut held = held.clone();
                held.insert(own.clone(), value + by);
                point.holding(held).element(next.0, &next.1)
            })
        };
        Self::elements(axes(self.step.to))
            .iter()
            .map(|next| own.iter().map(|own| entry(next, own)).collect())
            .collect()
    }

    /// The printed factor, entry by entry.
    fn printed(&self, point: &mut Evaluator) -> Matrix {
        let family = |state: usize| self.flow.system.family(self.part.states[state].family);
        let (to, from) = (family(self.step.to), family(self.step.from));
        let letters =
            |index: &[Affine]| -> Vec<VarId> { index.iter().filter_map(Affine::as_var).collect() };
        let (next, own) = (
            letters(&self.step.next[to.slots..]),
            letters(&self.step.own[from.slots..]),
        );
        let mut row = |target: &Vec<i64>| -> Vec<f64> {
            Self::elements(from.axes)
                .iter()
                .map(|element| {
                    // A letter that both have stands for one element.
                    let differ = next.iter().zip(target).any(|(letter, value)| {
                        own.iter()
                            .zip(element)
                            .any(|(other, at)| other == letter && at != value)
                    });
                    if differ {
                        return 0.0;
                    }
                    let mut all = self.letters.clone();
                    all.extend(own.iter().copied().zip(element.iter().copied()));
                    all.extend(next.iter().copied().zip(target.iter().copied()));
                    point.term(self.product().factor, &all)
                })
                .collect()
        };
        Self::elements(to.axes).iter().map(&mut row).collect()
    }

    /// The printed bound as a number.
    fn bound(&self, point: &mut Evaluator, bounds: &mut Bounds) -> f64 {
        let mut sum = 0.0;
        for path in &self.product().paths {
            let bound = bounds.path(path);
            let mut product = bound.number.to_f64().expect("a number");
            for size in &bound.sizes {
                product *= self.size(point, *size);
            }
            sum += product;
        }
        sum
    }

    fn size(&self, point: &mut Evaluator, size: Size) -> f64 {
        let (Size::Norm(term) | Size::Magnitude(term)) = size;
        let store = &self.flow.system.store;
        let open: Vec<VarId> = store
            .free_vars(term)
            .iter()
            .copied()
            .filter(|letter| !self.letters.contains_key(letter))
            .collect();
        let mut value = |values: &[i64]| {
            let mut letters = self.letters.clone();
            letters.extend(open.iter().copied().zip(values.iter().copied()));
            point.term(term, &letters)
        };
        match (size, open.len()) {
            (_, 0) => value(&[]).abs(),
            (Size::Magnitude(_), 1) => (1..=WIDTH).map(|at| value(&[at]).abs()).fold(0.0, f64::max),
            (Size::Norm(_), 2) => {
                let row = |i: i64, value: &mut dyn FnMut(&[i64]) -> f64| {
                    (1..=WIDTH).map(|j| value(&[i, j])).collect()
                };
                let matrix: Matrix = (1..=WIDTH).map(|i| row(i, &mut value)).collect();
                norm(&matrix)
            }
            (size, count) => panic!("{size:?} of {count} letters"),
        }
    }
}

/// The spectral norm, from below, by powers of MᵀM.
fn norm(matrix: &Matrix) -> f64 {
    let columns = matrix[0].len();
    let times = |v: &[f64]| -> Vec<f64> {
        matrix
            .iter()
            .map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
            .collect()
    };
    let mut best = 0.0f64;
    for start in 0..columns {
        let mut v: Vec<f64> = (0..columns)
            .map(|at| if at == start { 1.0 } else { 0.3 })
            .collect();
        for _ in 0..400 {
            let image = times(&v);
            let back: Vec<f64> = (0..columns)
                .map(|at| matrix.iter().zip(&image).map(|(row, u)| row[at] * u).sum())
                .collect();
            let size = back.iter().map(|u| u * u).sum::<f64>().sqrt();
            if size <= 0.0 {
                break;
            }
            v = back.iter().map(|u| u / size).collect();
        }
        let length = |v: &[f64]| v.iter().map(|u| u * u).sum::<f64>().sqrt();
        best = best.max(length(&times(&v)) / length(&v));
    }
    best
}

/// What was seen over many networks.
#[derive(Default)]
struct Seen {
    steps: usize,
    /// Steps with more than one way, and such between different states.
    sums: usize,
    between: usize,
    /// Where a derivative is not its factor, or exceeds its bound.
    wrong_factors: Vec<String>,
    exceeded: Vec<String>,
}

/// Compares many networks; bounds are multiplied with `planted` first.
fn compare(seeds: std::ops::Range<u64>, planted: f64) -> Seen {
    let mut seen = Seen::default();
    for seed in seeds {
        let text = network(seed);
        let flow = flow(&system(&text), StepAtZero::One)
            .unwrap_or_else(|report| panic!("{text}{report:?}"));
        let mut bounds = Bounds::new(&flow.system, flow.step_at_zero);
        for part in &flow.parts {
            for step in &part.steps {
                seen.steps += 1;
                seen.sums += usize::from(step.paths().len() > 1);
                seen.between += usize::from(step.from != step.to);
                let range = &step.ranges[0];
                let [first, last] =
                    [&range.first, &range.last].map(|it| it.as_int().expect("a number"));
                for slot in first..=last {
                    let at = At {
                        flow: &flow,
                        part,
                        step,
                        letters: BTreeMap::from([(range.letter, slot)]),
                    };
                    let mut point = Evaluator::new(&flow.system, seed);
                    let truth = at.truth(&point);
                    let printed = at.printed(&mut point);
                    let off = truth
                        .iter()
                        .flatten()
                        .zip(printed.iter().flatten())
                        .any(|(a, b)| (a - b).abs() > 1e-6 * (1.0 + a.abs()));
                    let words = format!("{text}step {slot} from {} to {}", step.from, step.to);
                    if off {
                        seen.wrong_factors
                            .push(format!("{words}: {truth:?} for {printed:?}"));
                    }
                    let (true_norm, bound) =
                        (norm(&truth), planted * at.bound(&mut point, &mut bounds));
                    if true_norm > bound * (1.0 + 1e-7) + 1e-9 {
                        seen.exceeded
                            .push(format!("{words}: {true_norm} exceeds {bound}"));
                    }
                }
            }
        }
    }
    seen
}

#[test]
fn factors_are_derivatives_and_stay_below_their_bounds() {
    let seen = compare(0..120, 1.0);
    assert!(
        seen.wrong_factors.is_empty(),
        "{}",
        seen.wrong_factors.join("\n\n")
    );
    assert!(seen.exceeded.is_empty(), "{}", seen.exceeded.join("\n\n"));
    assert!(seen.steps > 120 && seen.sums > 40 && seen.between > 20);
}

#[test]
fn a_bound_that_is_too_small_is_noticed() {
    assert!(!compare(0..40, 0.5).exceeded.is_empty());
}
