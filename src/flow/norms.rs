//! A bound of one step in numbers: what its operations can do to the norm of the gradient, one after the other.

use super::registers::{Layout, NOWHERE, Table};
use super::simulate::Setup;
use super::tape::{Fold, Operation, Register, Tape};
use super::weights::Norm;

/// What is known of a register.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// A bound of the norm of its derivative by all states together.
    change: f64,
    /// A bound of the magnitude of its elements.
    size: f64,
}

/// Where 0 · ∞ is 0: what does not change does not, whatever it is multiplied with.
fn times(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

impl Tape {
    /// A bound of what a step multiplies the norm of the gradient with, by all states together; with it, whether it holds
    /// for every draw or in the mean. None if there is none.
    pub(super) fn bound(&self, setup: &Setup, step: usize) -> Option<(f64, bool)> {
        let layout = Layout::new(self, setup, step);
        let mut exactly = true;
        let mut known: Vec<Known> = Vec::with_capacity(self.operations.len());
        for (at, operation) in self.operations.iter().enumerate() {
            let found = match operation {
                Operation::State => Known {
                    change: 1.0,
                    size: f64::INFINITY,
                },
                Operation::Number(value) => Known {
                    change: 0.0,
                    size: value.abs(),
                },
                Operation::Count { .. } | Operation::Mask { .. } => {
                    let Table::Values(values) = &layout.tables[at] else {
                        return None;
                    };
                    Known {
                        change: 0.0,
                        size: values.iter().fold(0.0, |most, value| most.max(value.abs())),
                    }
                }
                // An element that is taken so often has a share in the gradient of each.
                Operation::Gather { input, .. } => Known {
                    change: known[*input].change * (uses(&layout, at) as f64).sqrt(),
                    ..known[*input]
                },
                Operation::Fold(fold, input) => {
                    let each = layout.length(*input) / layout.length(at).max(1);
                    let [change, size] = match fold {
                        Fold::Sum => [(each as f64).sqrt(), each as f64],
                        Fold::Greatest | Fold::Least => [1.0, 1.0],
                    };
                    Known {
                        change: known[*input].change * change,
                        size: known[*input].size * size,
                    }
                }
                Operation::Add(parts) => {
                    let mut sum = Known {
                        change: 0.0,
                        size: 0.0,
                    };
                    for part in parts {
                        sum.change += known[*part].change * self.spread(&layout, *part, at);
                        sum.size += known[*part].size;
                    }
                    sum
                }
                Operation::Multiply(factors) => {
                    let mut product = Known {
                        change: 0.0,
                        size: 1.0,
                    };
                    for factor in factors {
                        let Known { change, size } = known[*factor];
                        let change = change * self.spread(&layout, *factor, at);
                        product = Known {
                            change: times(product.change, size) + times(product.size, change),
                            size: times(product.size, size),
                        };
                    }
                    match self.softmax(factors) {
                        // Its Jacobian is diag(p) - p pᵀ; vᵀ J v is the variance of v under p, at most a quarter of the
                        // square of its range (Popoviciu 1935), which is at most 2 ‖v‖².
                        Some(input) => Known {
                            change: known[input].change / 2.0,
                            size: 1.0,
                        },
                        None => product,
                    }
                }
                Operation::Power(input, _) if known[*input].change == 0.0 => Known {
                    change: 0.0,
                    size: f64::INFINITY,
                },
                Operation::Power(..) => Known {
                    change: f64::INFINITY,
                    size: f64::INFINITY,
                },
                Operation::Apply(function, input) => {
                    let function = &self.functions[*function];
                    let range = function.range.filter(|range| range.up_to.is_infinite());
                    let slope = range.map_or(f64::INFINITY, |range| range.magnitude());
                    Known {
                        change: times(known[*input].change, slope),
                        size: function.size().unwrap_or(f64::INFINITY),
                    }
                }
                Operation::Weigh { weight, input, .. } => {
                    let weight = &self.weights[*weight];
                    let [rows, columns] = setup.matrix(self, weight, step);
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
                    Known {
                        change: known[*input].change * norm,
                        size: f64::INFINITY,
                    }
                }
            };
            known.push(found);
        }
        // Each result is bounded by all states together.
        let squares = self
            .results
            .iter()
            .map(|result| known[*result].change.powi(2));
        let bound = squares.sum::<f64>().sqrt();
        bound.is_finite().then_some((bound, exactly))
    }

    /// What a number that is taken for many elements adds to the norm of its derivative.
    fn spread(&self, layout: &Layout, part: Register, whole: Register) -> f64 {
        if layout.length(part) == 1 {
            (layout.length(whole) as f64).sqrt()
        } else {
            1.0
        }
    }

    /// What a softmax is taken of, if a product is one: exponentials divided by their sum, over one axis or over all.
    fn softmax(&self, factors: &[Register]) -> Option<Register> {
        let [mut some, mut other] = *factors else {
            return None;
        };
        if matches!(
            self.operations[some],
            Operation::Gather { .. } | Operation::Power(..)
        ) {
            (some, other) = (other, some);
        }
        let exponential = |register: Register| match self.operations[self.in_order(register)] {
            Operation::Apply(function, input) if self.functions[function].name == "exp" => {
                Some(input)
            }
            _ => None,
        };
        let input = exponential(some)?;
        // The sum again for each of its summands.
        let (power, back) = match &self.operations[other] {
            Operation::Gather {
                input,
                letters,
                index,
            } => (*input, Some((letters, index))),
            _ => (other, None),
        };
        let Operation::Power(sum, exponent) = self.operations[power] else {
            return None;
        };
        let Operation::Fold(Fold::Sum, over) = self.operations[sum] else {
            return None;
        };
        // Over the last axes, the first ones standing for themselves.
        let kept = self.shapes[sum].len();
        let aligned = match back {
            None => kept == 0,
            Some((letters, index)) => {
                let mut own = index.iter().zip(letters);
                index.len() == kept && own.all(|(at, letter)| at.as_var() == Some(*letter))
            }
        };
        let whole = self.in_order(over) == over || kept == 0;
        let same = exponential(over) == Some(input) && whole;
        (same && aligned && (exponent + 1.0).abs() <= 0.0).then_some(input)
    }
}

/// How often an element is taken at most.
fn uses(layout: &Layout, register: Register) -> usize {
    let Table::Places(places) = &layout.tables[register] else {
        return 1;
    };
    let mut places: Vec<u32> = places.clone();
    places.retain(|place| *place != NOWHERE);
    places.sort_unstable();
    let runs = places.chunk_by(|a, b| a == b);
    runs.map(<[u32]>::len).max().unwrap_or(1)
}
