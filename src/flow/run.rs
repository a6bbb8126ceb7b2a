//! One draw of a random network: forward, then the gradient back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::registers::{Layout, NOWHERE, Table, element};
use super::simulate::{Setup, tape_at};
use super::tape::{Fold, Operation, Tape, Weight};
use super::weights::{Init, apply, drawn, forward, mean_square, normal, normalise, transposed};

/// The layouts of all steps, each once.
pub(super) struct Layouts {
    all: Vec<Layout>,
    by_step: Vec<usize>,
}

impl Layouts {
    pub(super) fn new(tapes: &[Tape], setup: &Setup) -> Self {
        let mut known: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
        let mut all = Vec::new();
        let by_step = (0..setup.depth())
            .map(|step| {
                let tape = if tapes.len() == 1 { 0 } else { step };
                let key = (tape, setup.widths[step], setup.widths[step + 1]);
                *known.entry(key).or_insert_with(|| {
                    all.push(Layout::new(&tapes[tape], setup, step));
                    all.len() - 1
                })
            })
            .collect();
        Self { all, by_step }
    }

    fn at(&self, step: usize) -> &Layout {
        &self.all[self.by_step[step]]
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
pub(super) struct Run<'a> {
    tapes: &'a [Tape],
    setup: &'a Setup,
    layouts: &'a Layouts,
    homogeneous: bool,
    /// By tape and weight.
    kinds: Vec<Vec<Kind>>,
    /// Weights that are drawn once, with their rows and columns.
    kept: Vec<(Vec<f64>, [usize; 2])>,
    /// The values of every step.
    steps: Vec<Vec<f64>>,
    /// The gradients by the registers of a step.
    gradients: Vec<f64>,
    /// ln ‖δ‖ by steps from the end.
    pub(super) gradient: Vec<f64>,
    /// ln E z² by steps from the end; none at the end itself.
    pub(super) forward: Vec<f64>,
    /// The share of slopes that are 0.
    pub(super) inactive: Vec<f64>,
}

impl<'a> Run<'a> {
    pub(super) fn new(tapes: &'a [Tape], setup: &'a Setup, layouts: &'a Layouts) -> Self {
        let depth = setup.depth();
        let shape = |weight: &Weight, step: usize| setup.matrix(tape_at(tapes, step), weight, step);
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
            for (number, weight) in tape.weights.iter().enumerate() {
                // Of several columns the two products have no such simple law.
                let single = steps.clone().all(|step| {
                    let columns = setup.matrix(tape, weight, step)[1];
                    tape.operations.iter().all(|operation| match operation {
                        Operation::Weigh { weight, input, .. } if *weight == number => {
                            let sizes = setup.sizes(tape, &tape.shapes[*input], step);
                            sizes.iter().product::<usize>() == columns
                        }
                        _ => true,
                    })
                });
                let mut shapes = steps.clone().map(|step| shape(weight, step));
                let square = shapes.all(|[rows, columns]| rows == columns);
                own.push(if !weight.own {
                    let known = shared.iter().position(|other| other.is_same(weight));
                    Kind::Kept(known.unwrap_or_else(|| {
                        shared.push(weight);
                        kept.push((Vec::new(), shape(weight, at)));
                        shared.len() - 1
                    }))
                } else if single && weight.uses == 1 && (setup.init != Init::Orthogonal || square) {
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
            layouts,
            kinds,
            kept,
            steps: (0..depth)
                .map(|step| vec![0.0; layouts.at(step).len()])
                .collect(),
            gradients: Vec::new(),
            gradient: vec![0.0; depth + 1],
            forward: vec![f64::NEG_INFINITY; depth + 1],
            inactive: vec![0.0; depth + 1],
        }
    }

    /// One draw; false if a forward value was no finite number.
    pub(super) fn draw(&mut self, number: u64) -> bool {
        let setup = self.setup;
        let mut random = ChaCha8Rng::seed_from_u64(setup.seed);
        random.set_stream(number);
        let first = tape_at(self.tapes, 0);
        let states = first.shapes[..first.results.len()]
            .iter()
            .map(|shape| setup.sizes(first, shape, 0).iter().product::<usize>());
        let mut state = normal(&mut random, states.sum());
        for (matrix, [rows, columns]) in &mut self.kept {
            *matrix = drawn(&mut random, setup.init, *rows, *columns);
        }
        // The state is e^scale times what is kept.
        let mut scale = 0.0;
        for step in 0..setup.depth() {
            self.ahead(&mut random, number, step, &state);
            let tape = tape_at(self.tapes, step);
            let (layout, values) = (self.layouts.at(step), &self.steps[step]);
            let square = mean_square(layout.get(values, tape.watched()));
            self.forward[setup.depth() - step] = 2.0 * scale + square.ln();
            state.clear();
            for result in &tape.results {
                state.extend_from_slice(layout.get(values, *result));
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
                let [rows, columns] = self.setup.matrix(&self.tapes[tape], own, step);
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
        let layout = self.layouts.at(step);
        let mut values = std::mem::take(&mut self.steps[step]);
        let mut taken = 0;
        for (at, operation) in tape.operations.iter().enumerate() {
            let (before, output) = layout.split(&mut values, at);
            match operation {
                Operation::State => {
                    output.copy_from_slice(&states[taken..taken + output.len()]);
                    taken += output.len();
                }
                Operation::Number(value) => output.fill(*value),
                Operation::Count { .. } | Operation::Mask { .. } => {
                    if let Table::Values(known) = &layout.tables[at] {
                        output.copy_from_slice(known);
                    }
                }
                Operation::Gather { input, .. } => {
                    let input = before.get(*input);
                    if let Table::Places(places) = &layout.tables[at] {
                        for (own, place) in output.iter_mut().zip(places) {
                            *own = input.get(*place as usize).copied().unwrap_or(0.0);
                        }
                    }
                }
                Operation::Fold(fold, input) => {
                    let input = before.get(*input);
                    let each = input.len() / output.len();
                    for (own, many) in output.iter_mut().zip(input.chunks_exact(each)) {
                        *own = match fold {
                            Fold::Sum => many.iter().sum(),
                            Fold::Greatest | Fold::Least => many[chosen(*fold, many)],
                        };
                    }
                }
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
                Operation::Apply(function, input) => {
                    let activation = &tape.functions[*function];
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
                        Some(matrix) => {
                            let sizes = self.setup.matrix(tape, &tape.weights[*weight], step);
                            let [outputs, inputs] = facing(sizes, *turned);
                            let columns = input.chunks_exact(inputs);
                            for (input, output) in columns.zip(output.chunks_exact_mut(outputs)) {
                                apply(&matrix, *turned, input, output);
                            }
                        }
                        None => forward(random, self.setup.init, input, output),
                    }
                }
            }
        }
        self.steps[step] = values;
    }

    /// The gradient by the states of a step from that by the next ones.
    fn back(&mut self, random: &mut ChaCha8Rng, number: u64, step: usize, delta: &mut Vec<f64>) {
        let tape = tape_at(self.tapes, step);
        let layout = self.layouts.at(step);
        let values = std::mem::take(&mut self.steps[step]);
        let mut gradients = std::mem::take(&mut self.gradients);
        gradients.clear();
        gradients.resize(layout.len(), 0.0);
        let mut taken = 0;
        for result in &tape.results {
            let (_, own) = layout.split(&mut gradients, *result);
            for (own, delta) in own.iter_mut().zip(&delta[taken..]) {
                *own += delta;
            }
            taken += own.len();
        }
        let (mut zero, mut units) = (0, 0);
        for (at, operation) in tape.operations.iter().enumerate().rev() {
            let (mut before, own) = layout.split(&mut gradients, at);
            match operation {
                Operation::State
                | Operation::Number(_)
                | Operation::Count { .. }
                | Operation::Mask { .. } => {}
                Operation::Gather { input, .. } => {
                    let input = before.get_mut(*input);
                    if let Table::Places(places) = &layout.tables[at] {
                        for (own, place) in own.iter().zip(places) {
                            if *place != NOWHERE {
                                input[*place as usize] += own;
                            }
                        }
                    }
                }
                Operation::Fold(fold, input) => {
                    let known = layout.get(&values, *input);
                    let input = before.get_mut(*input);
                    let each = input.len() / own.len();
                    let many = input.chunks_exact_mut(each).zip(known.chunks_exact(each));
                    for ((input, known), own) in many.zip(own.iter()) {
                        match fold {
                            Fold::Sum => input.iter_mut().for_each(|input| *input += own),
                            Fold::Greatest | Fold::Least => input[chosen(*fold, known)] += own,
                        }
                    }
                }
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
                                .map(|(_, other)| element(layout.get(&values, *other), at))
                                .product()
                        };
                        before.add(
                            *factor,
                            own.iter().enumerate().map(|(at, g)| g * others(at)),
                        );
                    }
                }
                Operation::Power(input, exponent) => {
                    let slopes = layout.get(&values, *input).iter();
                    let slopes = slopes.map(|u| exponent * u.powf(exponent - 1.0));
                    before.add(*input, own.iter().zip(slopes).map(|(g, slope)| g * slope));
                }
                Operation::Apply(function, input) => {
                    let function = &tape.functions[*function];
                    let slopes: Vec<f64> = layout
                        .get(&values, *input)
                        .iter()
                        .map(|u| function.slope(*u))
                        .collect();
                    if function.can_be_inactive() {
                        zero += slopes.iter().filter(|slope| **slope == 0.0).count();
                        units += slopes.len();
                    }
                    before.add(*input, own.iter().zip(slopes).map(|(g, slope)| g * slope));
                }
                Operation::Weigh {
                    weight,
                    turned,
                    input,
                } => {
                    let weighed = layout.get(&values, *input);
                    let mut result = vec![0.0; weighed.len()];
                    match self.matrix(number, step, *weight) {
                        Some(matrix) => {
                            let sizes = self.setup.matrix(tape, &tape.weights[*weight], step);
                            let [outputs, inputs] = facing(sizes, *turned);
                            let columns = own.chunks_exact(outputs);
                            for (own, result) in columns.zip(result.chunks_exact_mut(inputs)) {
                                apply(&matrix, !turned, own, result);
                            }
                        }
                        None => {
                            let output = layout.get(&values, at);
                            transposed(random, self.setup.init, weighed, output, own, &mut result);
                        }
                    }
                    before.add(*input, result.into_iter());
                }
            }
        }
        self.inactive[self.setup.depth() - step] = zero as f64 / units.max(1) as f64;
        delta.clear();
        for state in 0..tape.results.len() {
            delta.extend_from_slice(layout.get(&gradients, state));
        }
        self.steps[step] = values;
        self.gradients = gradients;
    }
}

/// Outputs and inputs of weights with so many rows and columns.
fn facing([rows, columns]: [usize; 2], turned: bool) -> [usize; 2] {
    if turned {
        [columns, rows]
    } else {
        [rows, columns]
    }
}

/// Which element is the greatest or the least: the first of those.
fn chosen(fold: Fold, of: &[f64]) -> usize {
    let more = |a: f64, b: f64| match fold {
        Fold::Least => a < b,
        Fold::Greatest | Fold::Sum => a > b,
    };
    (1..of.len()).fold(0, |best, at| if more(of[at], of[best]) { at } else { best })
}

/// Keeps drawn weights apart from all other draws.
const SEPARATE: u64 = 0x9e37_79b9_7f4a_7c15;
