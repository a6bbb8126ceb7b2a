//! What a part of a network is, as it is simulated: its steps as tapes, and what is known of their sizes.

use std::collections::BTreeMap;

use super::activation::Activation;
use super::expectation::{Form, Stage};
use super::simulate::Setup;
use super::steps::{Flow, Part};
use super::tape::{Length, Operation, Register, Tape, tapes};
use super::weights::Norm;
use crate::source::{Diagnostic, Report};

/// A part as it is simulated.
#[derive(Debug, Clone)]
pub struct Model {
    /// The steps: one for all of a recursion, or one for each layer that is written out.
    pub tapes: Vec<Tape>,
    /// Whether steps share weights.
    pub shared: bool,
    /// Whether the states are numbers.
    pub scalar: bool,
    /// The widths of the states that the network says, first to last; none where it leaves them open.
    pub widths: Vec<Option<usize>>,
    /// Whether all states are equally wide.
    pub even: bool,
    /// The number of steps, where the network says it.
    pub depth: Option<usize>,
    /// Inputs that are added in a step, such as biases: 0 in simulations.
    pub zeroed: Vec<String>,
}

/// The steps of a part as they can be simulated; `given` are values of numbers that are multiplied with, by name.
///
/// # Errors
/// What stands in the way, with its place.
pub fn model(flow: &Flow, part: &Part, given: &BTreeMap<String, f64>) -> Result<Model, Diagnostic> {
    let tapes = tapes(flow, part, given)?;
    let known = |length: &Length| match length {
        Length::One => Some(1),
        Length::Of(size) => size.as_int().and_then(|size| usize::try_from(size).ok()),
    };
    let ends = |tape: &Tape| {
        let after = tape.lengths[tape.results[0]].clone();
        (tape.lengths[0].clone(), after)
    };
    let even = tapes
        .iter()
        .map(ends)
        .all(|(before, after)| before == after);
    let mut widths: Vec<Option<usize>> = tapes.iter().map(|tape| known(&ends(tape).0)).collect();
    widths.extend(tapes.last().map(|tape| known(&ends(tape).1)));
    let depth = match part.chain() {
        Some(steps) => Some(steps.len()),
        None => part.steps.iter().find_map(|step| {
            let range = step.moving()?;
            let steps = range.last.minus(&range.first).offset(1).as_int()?;
            usize::try_from(steps).ok()
        }),
    };
    let mut zeroed: Vec<String> = tapes.iter().flat_map(|tape| tape.zeroed.clone()).collect();
    zeroed.sort();
    zeroed.dedup();
    Ok(Model {
        shared: tapes
            .iter()
            .flat_map(|tape| &tape.weights)
            .any(|weight| !weight.own),
        scalar: (0..part.states.len()).all(|state| flow.is_scalar(part, state)),
        widths,
        even,
        depth,
        zeroed,
        tapes,
    })
}

impl Model {
    /// The activations of all steps, each once.
    pub fn activations(&self) -> Vec<&Activation> {
        let mut found: Vec<&Activation> = Vec::new();
        for activation in self.tapes.iter().flat_map(|tape| &tape.activations) {
            if !found.iter().any(|other| other.is_same(activation)) {
                found.push(activation);
            }
        }
        found
    }

    /// The tape of a step.
    pub(super) fn tape(&self, step: usize) -> &Tape {
        match self.tapes.as_slice() {
            [only] => only,
            many => &many[step],
        }
    }

    /// Its step as mean squares see it, where all steps are alike, with its activation. None where the steps share weights
    /// and have a shortcut: what a step adds then depends on what the steps before have added.
    pub fn form(&self) -> Option<(Form, &Activation)> {
        let [tape] = self.tapes.as_slice() else {
            return None;
        };
        let (form, activation) = tape.form()?;
        let independent = !self.shared || form.shortcut == 0.0;
        Some((form, activation?)).filter(|_| independent)
    }

    /// Whether something within a step has a length of its own.
    pub fn has_inner(&self, setup: &Setup) -> bool {
        self.tapes.iter().enumerate().any(|(step, tape)| {
            let ends = [0, tape.results[0]].map(|at| &tape.lengths[at]);
            tape.lengths.iter().any(|length| match length {
                Length::One => false,
                Length::Of(size) => !ends.contains(&length) && size.as_int().is_none(),
            }) && step < setup.depth()
        })
    }

    /// The names of the activations.
    pub fn names(&self) -> String {
        match self.activations().as_slice() {
            [] => "identity".into(),
            [only] => only.name.clone(),
            [others @ .., last] => {
                let others: Vec<&str> = others.iter().map(|own| own.name.as_str()).collect();
                format!("{} and {}", others.join(", "), last.name)
            }
        }
    }

    /// Whether units can be inactive.
    pub fn can_be_inactive(&self) -> bool {
        matches!(self.activations()[..], [only] if only.can_be_inactive())
    }

    /// Whether a step multiplies what depends on its states.
    pub(super) fn multiplies_states(&self) -> bool {
        self.tapes.iter().any(|tape| {
            let is_number = |at: &Register| matches!(tape.operations[*at], Operation::Number(_));
            tape.operations.iter().any(|operation| match operation {
                Operation::Multiply(factors) => {
                    factors.iter().filter(|factor| !is_number(factor)).count() > 1
                }
                _ => false,
            })
        })
    }

    /// The same with another activation in the place of its only one; none if it has several, or none.
    pub fn with_activation(&self, activation: &Activation) -> Option<Self> {
        let [_] = self.activations()[..] else {
            return None;
        };
        let replaced = |tape: &Tape| match tape.activations.as_slice() {
            [] => tape.clone(),
            [_, ..] => Tape {
                activations: vec![activation.clone()],
                ..tape.clone()
            },
        };
        Some(Self {
            tapes: self.tapes.iter().map(replaced).collect(),
            ..self.clone()
        })
    }
}

impl Tape {
    /// The step as a shortcut and one branch, with its activation; none if it is something else.
    pub(super) fn form(&self) -> Option<(Form, Option<&Activation>)> {
        let [result] = self.results[..] else {
            return None;
        };
        let summands = match &self.operations[result] {
            Operation::Add(parts) => parts.clone(),
            _ => vec![result],
        };
        let mut form = Form {
            shortcut: 0.0,
            branch: 0.0,
            before: false,
            after: false,
        };
        let mut found = None;
        let mut branches = 0;
        for summand in summands {
            let (coefficient, register) = self.without_numbers(summand)?;
            if register == 0 {
                form.shortcut += coefficient;
                continue;
            }
            branches += 1;
            form.branch = coefficient;
            let mut at = register;
            if let Some(input) = self.weighed(at) {
                (form.after, at) = (true, input);
            }
            if let Operation::Activate(activation, input) = self.operations[at] {
                (found, at) = (Some(&self.activations[activation]), input);
                if let Some(input) = self.weighed(at) {
                    (form.before, at) = (true, input);
                }
            } else if form.after {
                // Without an activation the weights are those before it.
                (form.before, form.after) = (true, false);
            }
            if at != 0 {
                return None;
            }
        }
        (branches == 1).then_some((form, found))
    }

    /// A register without the numbers that it is multiplied with, and these.
    fn without_numbers(&self, register: Register) -> Option<(f64, Register)> {
        let Operation::Multiply(factors) = &self.operations[register] else {
            return Some((1.0, register));
        };
        let mut coefficient = 1.0;
        let mut others = factors
            .iter()
            .filter(|factor| match self.operations[**factor] {
                Operation::Number(value) => {
                    coefficient *= value;
                    false
                }
                _ => true,
            });
        let only = *others.next()?;
        let single = others.next().is_none();
        drop(others);
        single.then_some((coefficient, only))
    }

    /// What weights are applied to, if a register is that, and they are applied once.
    fn weighed(&self, register: Register) -> Option<Register> {
        match self.operations[register] {
            Operation::Weigh { weight, input, .. } if self.weights[weight].uses == 1 => Some(input),
            _ => None,
        }
    }

    /// n · Var W of the weights of a form, n their inputs: of those before the activation and of those behind it; 1 where
    /// there are none. None if they are not drawn.
    fn gains(&self, form: Form, setup: &Setup, step: usize) -> Option<[f64; 2]> {
        // They are met in this order.
        let mut met = self
            .operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::Weigh { weight, turned, .. } => Some((&self.weights[*weight], *turned)),
                _ => None,
            });
        let mut gain = |has: bool| -> Option<f64> {
            if !has {
                return Some(1.0);
            }
            let (weight, turned) = met.next()?;
            let [rows, columns] =
                [&weight.rows, &weight.columns].map(|length| setup.length(self, length, step));
            let (outputs, inputs) = if turned {
                (columns, rows)
            } else {
                (rows, columns)
            };
            Some(setup.init.variance(outputs, inputs)? * inputs as f64)
        };
        Some([gain(form.before)?, gain(form.after)?])
    }

    /// A bound of what a step multiplies the norm of the gradient with, by all states together; with it, whether it holds
    /// for every draw or in the mean. None if there is none.
    pub(super) fn bound(&self, setup: &Setup, step: usize) -> Option<(f64, bool)> {
        let mut exactly = true;
        // By register a bound of its change and one of its size.
        let mut known: Vec<(f64, f64)> = Vec::with_capacity(self.operations.len());
        for operation in &self.operations {
            let found = match operation {
                Operation::State => (1.0, f64::INFINITY),
                Operation::Number(value) => (0.0, value.abs()),
                Operation::Add(parts) => parts.iter().fold((0.0, 0.0), |(change, size), part| {
                    (change + known[*part].0, size + known[*part].1)
                }),
                Operation::Multiply(factors) => {
                    let times = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
                    let mut product = (0.0, 1.0);
                    for factor in factors {
                        let (change, size) = known[*factor];
                        product = (
                            times(product.0, size) + times(product.1, change),
                            times(product.1, size),
                        );
                    }
                    product
                }
                Operation::Power(..) => return None,
                Operation::Activate(activation, input) => {
                    let activation = &self.activations[*activation];
                    let range = activation.range.filter(|range| range.up_to.is_infinite())?;
                    let size = activation.size().unwrap_or(f64::INFINITY);
                    (known[*input].0 * range.magnitude(), size)
                }
                Operation::Weigh { weight, input, .. } => {
                    let weight = &self.weights[*weight];
                    let [rows, columns] = [&weight.rows, &weight.columns]
                        .map(|length| setup.length(self, length, step));
                    let norm = match setup.init.norm(rows, columns) {
                        Norm::Exactly(norm) => norm,
                        // Weights that are met again are no independent factors: the mean of a product is not bounded
                        // by means.
                        Norm::MeanBelow(_) if !weight.own || weight.uses > 1 => return None,
                        Norm::MeanBelow(norm) => {
                            exactly = false;
                            norm
                        }
                    };
                    (known[*input].0 * norm, f64::INFINITY)
                }
            };
            known.push(found);
        }
        // Each result is bounded by all states together.
        let squares = self.results.iter().map(|result| known[*result].0.powi(2));
        let bound = squares.sum::<f64>().sqrt();
        bound.is_finite().then_some((bound, exactly))
    }
}

/// The steps of a simulation as mean squares see them; none where one of them is something else, or weights are not drawn.
pub(super) fn stages<'a>(
    model: &'a Model,
    setup: &Setup,
    identity: &'a Activation,
) -> Option<Vec<Stage<'a>>> {
    (0..setup.depth())
        .map(|step| {
            let tape = model.tape(step);
            let (form, activation) = tape.form()?;
            if model.shared && form.shortcut != 0.0 {
                return None;
            }
            let [before, after] = tape.gains(form, setup, step)?;
            Some(Stage {
                activation: activation.unwrap_or(identity),
                form,
                before,
                after,
            })
        })
        .collect()
}

/// The activations of a list of names.
///
/// # Errors
/// The name that is none.
pub fn activations(flow: &Flow, names: &[String]) -> Result<Vec<Activation>, Report> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let activation = Activation::named(&flow.system, flow.step_at_zero, name);
        found.push(activation.ok_or_else(|| {
            Diagnostic::general(
                "flow-unknown-activation",
                format!("there is no activation `{name}` of one number"),
            )
            .help("`chainrule list functions` shows them; a `fn` of the network is one too")
        })?);
    }
    Ok(found)
}
