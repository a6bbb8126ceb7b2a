//! The registers of a step side by side, and which element of one goes to which of another.

use num_rational::Ratio;

use super::simulate::Setup;
use super::tape::{Operation, Register, Tape};
use crate::term::{Affine, Atom, Relation, VarId};

/// Where the registers of a step are, and what of their operations depends on sizes alone.
#[derive(Debug)]
pub(super) struct Layout {
    /// Where each begins; the last entry is where all end.
    starts: Vec<usize>,
    pub(super) tables: Vec<Table>,
}

/// What an operation needs besides registers.
#[derive(Debug)]
pub(super) enum Table {
    Nothing,
    /// For each element where it comes from; [`NOWHERE`] if it is 0.
    Places(Vec<u32>),
    Values(Vec<f64>),
}

/// No element.
pub(super) const NOWHERE: u32 = u32::MAX;

impl Layout {
    pub(super) fn new(tape: &Tape, setup: &Setup, step: usize) -> Self {
        let mut starts = vec![0];
        let mut tables = Vec::with_capacity(tape.operations.len());
        for (shape, operation) in tape.shapes.iter().zip(&tape.operations) {
            let sizes = setup.sizes(tape, shape, step);
            starts.push(starts[starts.len() - 1] + sizes.iter().product::<usize>());
            let points = Points {
                setup,
                tape,
                step,
                sizes: &sizes,
            };
            tables.push(points.table(operation));
        }
        Self { starts, tables }
    }

    /// How many numbers all registers have.
    pub(super) fn len(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// How many numbers a register has.
    pub(super) fn length(&self, register: Register) -> usize {
        self.starts[register + 1] - self.starts[register]
    }

    pub(super) fn get<'v>(&self, values: &'v [f64], register: Register) -> &'v [f64] {
        &values[self.starts[register]..self.starts[register + 1]]
    }

    /// A register to be written, and those before it.
    pub(super) fn split<'v>(
        &'v self,
        values: &'v mut [f64],
        register: Register,
    ) -> (Before<'v>, &'v mut [f64]) {
        let (start, end) = (self.starts[register], self.starts[register + 1]);
        let (before, rest) = values.split_at_mut(start);
        let before = Before {
            starts: &self.starts,
            values: before,
        };
        (before, &mut rest[..end - start])
    }
}

/// The registers before one.
pub(super) struct Before<'a> {
    starts: &'a [usize],
    values: &'a mut [f64],
}

impl Before<'_> {
    pub(super) fn get(&self, register: Register) -> &[f64] {
        &self.values[self.starts[register]..self.starts[register + 1]]
    }

    pub(super) fn get_mut(&mut self, register: Register) -> &mut [f64] {
        &mut self.values[self.starts[register]..self.starts[register + 1]]
    }

    /// Adds to a register; where it is one number, the sum of what is added.
    pub(super) fn add(&mut self, register: Register, values: impl Iterator<Item = f64>) {
        match self.get_mut(register) {
            [only] => *only += values.sum::<f64>(),
            many => many
                .iter_mut()
                .zip(values)
                .for_each(|(own, value)| *own += value),
        }
    }
}

/// An element of a register, of one number for all.
pub(super) fn element(register: &[f64], at: usize) -> f64 {
    match register {
        [only] => *only,
        many => many[at],
    }
}

/// The elements of a register, the last letter's values fastest.
struct Points<'a> {
    setup: &'a Setup,
    tape: &'a Tape,
    step: usize,
    sizes: &'a [usize],
}

/// An expression in letters alone.
struct Compiled {
    constant: Ratio<i64>,
    coefficients: Vec<Ratio<i64>>,
}

impl Compiled {
    fn at(&self, point: &[usize]) -> Ratio<i64> {
        let letters = self.coefficients.iter().zip(point);
        letters.fold(self.constant, |sum, (coefficient, at)| {
            sum + coefficient * *at as i64
        })
    }
}

impl Points<'_> {
    fn table(&self, operation: &Operation) -> Table {
        match operation {
            Operation::Gather {
                input,
                letters,
                index,
            } => {
                let sizes = self
                    .setup
                    .sizes(self.tape, &self.tape.shapes[*input], self.step);
                let index: Vec<Compiled> =
                    index.iter().map(|at| self.compiled(at, letters)).collect();
                Table::Places(self.map(|point| {
                    let mut place = 0;
                    for (at, size) in index.iter().zip(&sizes) {
                        let at = at.at(point);
                        let inside =
                            at.is_integer() && (1..=*size as i64).contains(&at.to_integer());
                        if !inside {
                            return NOWHERE;
                        }
                        place = place * size + at.to_integer() as usize - 1;
                    }
                    u32::try_from(place).expect("registers are shorter than 2³²")
                }))
            }
            Operation::Count { letters, value } => {
                let value = self.compiled(value, letters);
                Table::Values(self.map(|point| {
                    let value = value.at(point);
                    *value.numer() as f64 / *value.denom() as f64
                }))
            }
            Operation::Mask { letters, holds } => {
                let conditions: Vec<(Relation, Compiled)> = holds
                    .constraints()
                    .iter()
                    .map(|it| (it.relation(), self.compiled(it.affine(), letters)))
                    .collect();
                Table::Values(self.map(|point| {
                    let all = conditions.iter().all(|(relation, value)| {
                        let value = value.at(point);
                        match relation {
                            Relation::Zero => *value.numer() == 0,
                            Relation::NonNegative => *value.numer() >= 0,
                            Relation::Divisible(by) => {
                                value.is_integer() && value.numer() % by == 0
                            }
                        }
                    });
                    f64::from(u8::from(all))
                }))
            }
            _ => Table::Nothing,
        }
    }

    fn compiled(&self, affine: &Affine, letters: &[VarId]) -> Compiled {
        let coefficients: Vec<Ratio<i64>> = letters
            .iter()
            .map(|letter| affine.coefficient_of_var(*letter))
            .collect();
        let constant = affine
            .terms()
            .iter()
            .filter(|(atom, _)| matches!(atom, Atom::Size(..)))
            .fold(affine.constant(), |sum, (atom, coefficient)| {
                let size = self.setup.size(self.tape, atom, self.step);
                sum + coefficient * size as i64
            });
        Compiled {
            constant,
            coefficients,
        }
    }

    fn map<T>(&self, of: impl Fn(&[usize]) -> T) -> Vec<T> {
        let mut found = Vec::with_capacity(self.sizes.iter().product());
        if self.sizes.contains(&0) {
            return found;
        }
        let mut point = vec![1; self.sizes.len()];
        loop {
            found.push(of(&point));
            let Some(axis) = (0..point.len())
                .rev()
                .find(|at| point[*at] < self.sizes[*at])
            else {
                return found;
            };
            point[axis] += 1;
            point[axis + 1..].fill(1);
        }
    }
}
