//! The table from contractions to products. The first rule that applies to the factors is used, until one
//! factor, or an outer product of two columns, is left.
//!
//! The degree of a letter is the number of factors that have it, plus one if it is not summed over.

use smallvec::SmallVec;

use super::expression::Expression;
use super::recover::{Node, Recovery};
use super::refusal::Refusal;
use crate::term::VarId;

/// The product of nodes, summed over the bound letters.
pub(super) fn contract(
    recovery: &mut Recovery,
    nodes: Vec<Node>,
    bound: &[VarId],
) -> Result<Node, Refusal> {
    let (mut numbers, mut arrays): (Vec<Node>, Vec<Node>) =
        nodes.into_iter().partition(|node| node.axes.is_empty());
    // A letter that no factor has counts how often the product is added.
    for var in bound {
        if !arrays.iter().any(|node| node.axes.contains(var)) {
            let ones = Expression::ones(recovery.size(*var));
            arrays.push(Node {
                axes: SmallVec::from_slice(&[*var]),
                array: ones,
            });
        }
    }
    let mut work = Contraction {
        recovery,
        bound,
        arrays,
    };
    while let Some(node) = work.step() {
        if node.axes.is_empty() {
            numbers.push(node);
        }
    }
    let Contraction {
        recovery, arrays, ..
    } = work;
    if arrays
        .iter()
        .any(|node| node.axes.iter().any(|var| bound.contains(var)))
    {
        return Err(Refusal::Contraction);
    }
    let array = match arrays.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        [first, second] if first.axes.len() == 1 && second.axes.len() == 1 => {
            let outer = [first.array.clone(), second.array.transposed()];
            Some(Node {
                axes: SmallVec::from_slice(&[first.axes[0], second.axes[0]]),
                array: Expression::product(&mut recovery.system.store, outer),
            })
        }
        _ => return Err(Refusal::Contraction),
    };
    let axes = array
        .as_ref()
        .map_or_else(SmallVec::new, |node| node.axes.clone());
    let factors = numbers.into_iter().chain(array).map(|node| node.array);
    Ok(Node {
        array: Expression::product(&mut recovery.system.store, factors),
        axes,
    })
}

struct Contraction<'a, 'b> {
    recovery: &'a mut Recovery<'b>,
    bound: &'a [VarId],
    /// Factors with at least one axis, each at the place of its first part.
    arrays: Vec<Node>,
}

/// A rule: what two factors become together.
type Rule<'a, 'b> = fn(&mut Contraction<'a, 'b>, &Node, &Node) -> Option<Node>;

impl<'a, 'b> Contraction<'a, 'b> {
    /// Applies the first rule that fits, and returns what it made.
    fn step(&mut self) -> Option<Node> {
        self.pair(Self::hadamard)
            .or_else(|| self.alone())
            .or_else(|| self.pair(Self::matrix_column))
            .or_else(|| self.pair(Self::columns))
            .or_else(|| self.pair(Self::matrices))
            .or_else(|| self.pair(Self::diagonal))
    }

    fn pair(&mut self, rule: Rule<'a, 'b>) -> Option<Node> {
        for left in 0..self.arrays.len() {
            for right in left + 1..self.arrays.len() {
                let (first, second) = (self.arrays[left].clone(), self.arrays[right].clone());
                if let Some(node) = rule(self, &first, &second) {
                    self.arrays.remove(right);
                    self.put(left, node.clone());
                    return Some(node);
                }
            }
        }
        None
    }

    fn put(&mut self, at: usize, node: Node) {
        if node.axes.is_empty() {
            self.arrays.remove(at);
        } else {
            self.arrays[at] = node;
        }
    }

    fn is_bound(&self, var: VarId) -> bool {
        self.bound.contains(&var)
    }

    fn degree(&self, var: VarId) -> usize {
        let uses = self
            .arrays
            .iter()
            .filter(|node| node.axes.contains(&var))
            .count();
        uses + usize::from(!self.is_bound(var))
    }

    /// The letter can be summed over as soon as the two factors that have it are multiplied.
    fn closes(&self, var: VarId) -> bool {
        self.is_bound(var) && self.degree(var) == 2
    }

    fn product(&mut self, factors: [Expression; 2]) -> Expression {
        Expression::product(&mut self.recovery.system.store, factors)
    }

    /// `x_i y_i`, `A_ij B_ij` with a letter that stays: the product entry by entry.
    fn hadamard(&mut self, first: &Node, second: &Node) -> Option<Node> {
        let second = if first.axes == second.axes {
            second.clone()
        } else if first.axes == second.turned().axes {
            second.turned()
        } else {
            return None;
        };
        if first.axes.iter().all(|var| self.closes(*var)) {
            return None;
        }
        Some(Node {
            axes: first.axes.clone(),
            array: Expression::hadamard(
                &mut self.recovery.system.store,
                [first.array.clone(), second.array],
            ),
        })
    }

    /// `Σ_j A_ij`, `Σ_i x_i`: a letter that only one factor has.
    fn alone(&mut self) -> Option<Node> {
        for at in 0..self.arrays.len() {
            let node = self.arrays[at].clone();
            let Some(var) = node
                .axes
                .iter()
                .copied()
                .rfind(|var| self.is_bound(*var) && self.degree(*var) == 1)
            else {
                continue;
            };
            let size = self.recovery.size(var);
            let made = match node.axes.as_slice() {
                [_] => Node::number(Expression::total(
                    &mut self.recovery.system.store,
                    node.array,
                    &size,
                )),
                [first, second] => {
                    let (stays, array) = if *second == var {
                        (*first, node.array)
                    } else {
                        (*second, node.array.transposed())
                    };
                    Node {
                        axes: SmallVec::from_slice(&[stays]),
                        array: self.product([array, Expression::ones(size)]),
                    }
                }
                _ => continue,
            };
            self.put(at, made.clone());
            return Some(made);
        }
        None
    }

    /// `Σ_j A_ij y_j` is `A y`.
    fn matrix_column(&mut self, first: &Node, second: &Node) -> Option<Node> {
        let (matrix, column) = match (first.axes.len(), second.axes.len()) {
            (2, 1) => (first, second),
            (1, 2) => (second, first),
            _ => return None,
        };
        let var = column.axes[0];
        if !matrix.axes.contains(&var) || !self.closes(var) {
            return None;
        }
        let matrix = if matrix.axes[1] == var {
            matrix.clone()
        } else {
            matrix.turned()
        };
        Some(Node {
            axes: SmallVec::from_slice(&[matrix.axes[0]]),
            array: self.product([matrix.array, column.array.clone()]),
        })
    }

    /// `Σ_i x_i y_i` is `xᵀ y`.
    fn columns(&mut self, first: &Node, second: &Node) -> Option<Node> {
        if first.axes.len() != 1 || first.axes != second.axes || !self.closes(first.axes[0]) {
            return None;
        }
        let array = self.product([first.array.transposed(), second.array.clone()]);
        Some(Node::number(array))
    }

    /// `Σ_j A_ij B_jk` is `A B`; with both letters summed over, the trace.
    fn matrices(&mut self, first: &Node, second: &Node) -> Option<Node> {
        if first.axes.len() != 2 || second.axes.len() != 2 {
            return None;
        }
        let shared: Vec<VarId> = first
            .axes
            .iter()
            .copied()
            .filter(|var| second.axes.contains(var))
            .collect();
        match shared[..] {
            [_, _] if shared.iter().all(|var| self.closes(*var)) => {
                let (left, right) = if first.axes == second.axes {
                    (first.turned(), second.clone())
                } else {
                    (first.clone(), second.clone())
                };
                let array = self.product([left.array, right.array]).trace();
                Some(Node::number(array))
            }
            [var] if self.closes(var) => {
                let left = if first.axes[1] == var {
                    first.clone()
                } else {
                    first.turned()
                };
                let right = if second.axes[0] == var {
                    second.clone()
                } else {
                    second.turned()
                };
                Some(Node {
                    axes: SmallVec::from_slice(&[left.axes[0], right.axes[1]]),
                    array: self.product([left.array, right.array]),
                })
            }
            _ => None,
        }
    }

    /// `x_i A_ij` with a letter that stays is `diag(x) A`.
    fn diagonal(&mut self, first: &Node, second: &Node) -> Option<Node> {
        let (matrix, column) = match (first.axes.len(), second.axes.len()) {
            (2, 1) => (first, second),
            (1, 2) => (second, first),
            _ => return None,
        };
        let var = column.axes[0];
        if !matrix.axes.contains(&var) || self.closes(var) {
            return None;
        }
        let diagonal = column.array.clone().diagonal();
        let factors = if matrix.axes[0] == var {
            [diagonal, matrix.array.clone()]
        } else {
            [matrix.array.clone(), diagonal]
        };
        Some(Node {
            axes: matrix.axes.clone(),
            array: self.product(factors),
        })
    }
}
