//! What a part of a network is, as it is simulated: its steps as tapes, and what is known of their sizes.

use std::collections::BTreeMap;

use num_traits::ToPrimitive;

use super::activation::Activation;
use super::expectation::{Form, Stage};
use super::simulate::{KEPT, Setup};
use super::steps::{Flow, Part};
use super::tape::{Operation, Register, Tape};
use super::tapes::tapes;
use crate::source::{Diagnostic, Report};
use crate::term::{Affine, Atom};

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
    /// Sizes with their values: of states that weights do not mix, such as the number of examples, and those that are
    /// given.
    pub kept: Vec<(String, usize)>,
}

/// The steps of a part as they can be simulated; `given` are values of numbers that are multiplied with, by name.
///
/// # Errors
/// What stands in the way, with its place.
pub fn model(flow: &Flow, part: &Part, given: &BTreeMap<String, f64>) -> Result<Model, Diagnostic> {
    let tapes = tapes(flow, part, given)?;
    let known = |length: Option<&Affine>| match length {
        None => Some(1),
        Some(size) => size.as_int().and_then(|size| usize::try_from(size).ok()),
    };
    let even = tapes
        .iter()
        .map(Tape::widths)
        .all(|[before, after]| before == after);
    let mut widths: Vec<Option<usize>> = tapes.iter().map(|tape| known(tape.widths()[0])).collect();
    widths.extend(tapes.last().map(|tape| known(tape.widths()[1])));
    let mut kept: Vec<(String, usize)> = Vec::new();
    for length in tapes.iter().flat_map(Tape::kept) {
        for (atom, _) in length.terms() {
            if let Atom::Size(size, _) = atom {
                let name = flow.system.sizes[size.0 as usize].name.clone();
                if !kept.iter().any(|(known, _)| *known == name) {
                    kept.push((name, KEPT));
                }
            }
        }
    }
    let sizes = flow.system.sizes.iter().map(|size| &size.name);
    for (name, value) in given
        .iter()
        .filter(|(name, _)| sizes.clone().any(|it| it == *name))
    {
        kept.push((name.clone(), value.to_usize().unwrap_or(0)));
    }
    let depth = match part.chain() {
        Some(steps) => Some(steps.len()),
        None => part.count().and_then(|count| {
            let known = match count.as_atom() {
                Some(Atom::Size(size, _)) => {
                    let name = &flow.system.sizes[size.0 as usize].name;
                    given.get(name).and_then(ToPrimitive::to_i64)
                }
                _ => count.as_int(),
            };
            usize::try_from(known?).ok()
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
        kept,
        tapes,
    })
}

impl Model {
    /// The activations of all steps, each once.
    pub fn activations(&self) -> Vec<&Activation> {
        let mut found: Vec<&Activation> = Vec::new();
        for activation in self.tapes.iter().flat_map(Tape::activations) {
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
        self.tapes.iter().take(setup.depth()).any(|tape| {
            let (ends, kept) = (tape.widths(), tape.kept());
            let mut lengths = tape.shapes.iter().flatten();
            lengths.any(|length| {
                let known = ends.contains(&Some(length)) || kept.contains(&length);
                !known && length.as_int().is_none()
            })
        })
    }

    /// The names of the activations.
    pub fn names(&self) -> String {
        match self.activations().as_slice() {
            [] if self.tapes.iter().all(|tape| tape.functions.is_empty()) => "identity".into(),
            [] => "no activation".into(),
            [only] => only.name.clone(),
            [others @ .., last] => {
                let others: Vec<&str> = others.iter().map(|own| own.name.as_str()).collect();
                format!("{} and {}", others.join(", "), last.name)
            }
        }
    }

    /// Whether units can be inactive.
    pub fn can_be_inactive(&self) -> bool {
        self.activations()
            .into_iter()
            .any(Activation::can_be_inactive)
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

    /// Whether a step divides by what depends on its states.
    pub(super) fn divides(&self) -> bool {
        self.tapes.iter().any(|tape| {
            let mut all = tape.operations.iter();
            all.any(
                |operation| matches!(operation, Operation::Power(_, exponent) if *exponent < 0.0),
            )
        })
    }

    /// The same with another activation in the place of its only one; none if it has several, or none.
    pub fn with_activation(&self, activation: &Activation) -> Option<Self> {
        let [_] = self.activations()[..] else {
            return None;
        };
        let replaced = |tape: &Tape| {
            let mut tape = tape.clone();
            for function in &mut tape.functions {
                if function.is_activation {
                    *function = activation.clone();
                }
            }
            tape
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
        let result = self.in_order(result);
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
            let (coefficient, register) = self.without_numbers(self.in_order(summand))?;
            let register = self.in_order(register);
            if register == 0 {
                form.shortcut += coefficient;
                continue;
            }
            branches += 1;
            form.branch = coefficient;
            let mut at = register;
            if let Some(input) = self.weighed(at) {
                (form.after, at) = (true, self.in_order(input));
            }
            if let Operation::Apply(function, input) = self.operations[at]
                && self.functions[function].is_activation
            {
                (found, at) = (Some(&self.functions[function]), self.in_order(input));
                if let Some(input) = self.weighed(at) {
                    (form.before, at) = (true, self.in_order(input));
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
            let [rows, columns] = setup.matrix(self, weight, step);
            let (outputs, inputs) = if turned {
                (columns, rows)
            } else {
                (rows, columns)
            };
            Some(setup.init.variance(outputs, inputs)? * inputs as f64)
        };
        Some([gain(form.before)?, gain(form.after)?])
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
