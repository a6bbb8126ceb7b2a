//! One step of a network as operations on whole states, forward and backward: what is simulated.
//!
//! Numbers that are added, such as biases and inputs, are 0; numbers that are multiplied with have to be given. Weights
//! that mix elements are left to whoever runs the tape.

use super::activation::Activation;
use crate::term::{Affine, Domain, FamilyId, VarId};

/// The number of a register.
pub(super) type Register = usize;

/// The operations of one step, in the order in which they are done.
#[derive(Debug, Clone)]
pub struct Tape {
    pub(super) operations: Vec<Operation>,
    /// The lengths of the axes of each register; a number has none.
    pub(super) shapes: Vec<Vec<Affine>>,
    /// The registers with the next states.
    pub(super) results: Vec<Register>,
    /// The weights that are met.
    pub(super) weights: Vec<Weight>,
    /// The lengths that weights of this and the other steps mix.
    pub(super) mixed: Vec<Affine>,
    /// The functions that are applied.
    pub(super) functions: Vec<Activation>,
    /// What is set to 0, by name.
    pub zeroed: Vec<String>,
}

/// One operation. Where registers are taken element by element, they have equal shapes or are numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operation {
    /// A state as it was: these come first, in their order.
    State,
    Number(f64),
    /// A number for each value of the letters: an affine expression in these and in sizes.
    Count {
        letters: Vec<VarId>,
        value: Affine,
    },
    /// For each value of the letters 1 where the condition holds, 0 elsewhere.
    Mask {
        letters: Vec<VarId>,
        holds: Domain,
    },
    /// For each value of the letters the element at an index; 0 where there is no such element.
    Gather {
        input: Register,
        letters: Vec<VarId>,
        index: Vec<Affine>,
    },
    Add(Vec<Register>),
    Multiply(Vec<Register>),
    Power(Register, f64),
    Apply(usize, Register),
    /// The sum, the greatest or the least over the axes that the register has not.
    Fold(Fold, Register),
    /// Weights times each column of a register, which its last axes make up; those before number the columns. With rows and
    /// columns of the weights exchanged if `turned`.
    Weigh {
        weight: usize,
        turned: bool,
        input: Register,
    },
}

/// What becomes of many elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    Sum,
    Greatest,
    Least,
}

/// Weights, for one step or for all of them: a matrix, whatever axes make up its rows and columns.
#[derive(Debug, Clone)]
pub(super) struct Weight {
    pub(super) family: FamilyId,
    pub(super) slots: Box<[Affine]>,
    /// Whether every step has its own.
    pub(super) own: bool,
    /// How often a step applies them.
    pub(super) uses: usize,
    /// Which of its axes are summed over where it is met first: those make up a row.
    pub(super) summed: Vec<bool>,
    /// The lengths of the axes that number the rows.
    pub(super) rows: Vec<Affine>,
    /// The lengths of the axes that make up a row.
    pub(super) columns: Vec<Affine>,
}

impl Weight {
    /// Whether both are the same weights.
    pub(super) fn is_same(&self, other: &Weight) -> bool {
        self.family == other.family && self.slots == other.slots
    }
}

impl Tape {
    /// Whether multiplying the states by a positive number multiplies what follows by it.
    pub(super) fn is_homogeneous(&self) -> bool {
        let mut degrees: Vec<Option<f64>> = Vec::with_capacity(self.operations.len());
        let is = |degree: f64, other: f64| (degree - other).abs() <= 0.0;
        for operation in &self.operations {
            let degree = match operation {
                Operation::State => Some(1.0),
                Operation::Number(_) | Operation::Count { .. } | Operation::Mask { .. } => {
                    Some(0.0)
                }
                Operation::Add(parts) => degrees[parts[0]].filter(|first| {
                    let mut all = parts.iter().map(|part| degrees[*part]);
                    all.all(|degree| degree.is_some_and(|degree| is(degree, *first)))
                }),
                Operation::Multiply(factors) => factors.iter().map(|at| degrees[*at]).sum(),
                Operation::Power(input, exponent) => {
                    degrees[*input].map(|degree| degree * exponent)
                }
                Operation::Apply(function, input) => degrees[*input].filter(|degree| {
                    is(*degree, 0.0)
                        || is(*degree, 1.0) && self.functions[*function].is_homogeneous()
                }),
                Operation::Gather { input, .. }
                | Operation::Fold(_, input)
                | Operation::Weigh { input, .. } => degrees[*input],
            };
            degrees.push(degree);
        }
        self.results
            .iter()
            .all(|result| degrees[*result].is_some_and(|degree| is(degree, 1.0)))
    }

    /// How many states it has.
    pub fn states(&self) -> usize {
        self.results.len()
    }

    /// The functions among those that are applied that count as activations.
    pub fn activations(&self) -> impl Iterator<Item = &Activation> {
        self.functions
            .iter()
            .filter(|function| function.is_activation)
    }

    /// Where activations are applied: which, and to what.
    fn activated(&self) -> impl Iterator<Item = Register> + '_ {
        self.operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::Apply(at, input) if self.functions[*at].is_activation => Some(*input),
                _ => None,
            })
    }

    /// The register whose values are watched: what the only activation is applied to, else the first state.
    pub(super) fn watched(&self) -> Register {
        let mut applied = self.activated();
        match (applied.next(), applied.next()) {
            (Some(input), None) => input,
            _ => self.results[0],
        }
    }

    /// The axis of a state that weights mix, the last if none is known to be; none of a number.
    fn mixed_axis(&self, register: Register) -> Option<usize> {
        let shape = &self.shapes[register];
        let mixed = |length: &Affine| self.mixed.contains(length);
        shape.iter().position(mixed).or(shape.len().checked_sub(1))
    }

    /// How many elements weights mix in the first state, before the step and behind it; none if it is a number.
    pub(super) fn widths(&self) -> [Option<&Affine>; 2] {
        [0, self.results[0]].map(|register| {
            self.mixed_axis(register)
                .map(|axis| &self.shapes[register][axis])
        })
    }

    /// The sizes of the axes of states that weights do not mix, such as the number of examples, as far as they are no
    /// numbers.
    pub(super) fn kept(&self) -> Vec<&Affine> {
        let mut found: Vec<&Affine> = Vec::new();
        for register in 0..self.results.len() {
            let mixed = self.mixed_axis(register);
            for (axis, length) in self.shapes[register].iter().enumerate() {
                let known = length.as_int().is_some() || found.contains(&length);
                if Some(axis) != mixed && !known && !self.widths().contains(&Some(length)) {
                    found.push(length);
                }
            }
        }
        found
    }

    /// A register without exchanges of its axes.
    pub(super) fn in_order(&self, register: Register) -> Register {
        match &self.operations[register] {
            Operation::Gather {
                input,
                letters,
                index,
            } if self.shapes[*input].len() == letters.len()
                && letters
                    .iter()
                    .zip(&self.shapes[register])
                    .all(|(letter, length)| {
                        let mut axes = index.iter().zip(&self.shapes[*input]);
                        axes.any(|(at, known)| at.as_var() == Some(*letter) && known == length)
                    }) =>
            {
                self.in_order(*input)
            }
            _ => register,
        }
    }
}
