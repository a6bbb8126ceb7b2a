//! Sums, means, maxima and minima of whole arrays, and functions of each row or column.

use super::product::count;
use super::{Array, Mismatch, Problem, Shape};
use crate::term::{Affine, Reduction, Store, VarId};

/// What a function of a matrix is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Each row.
    Rows,
    /// Each column.
    Columns,
}

impl Over {
    /// How many of them a shape has; none where it has no such axis.
    pub fn count(self, shape: &Shape) -> Option<&Affine> {
        match self {
            Over::Rows => shape.rows(),
            Over::Columns => shape.columns(),
        }
    }

    /// The other way.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Over::Rows => Over::Columns,
            Over::Columns => Over::Rows,
        }
    }
}

/// Sum, product, maximum or minimum of all entries; of a number, the number.
pub fn reduce(store: &mut Store, op: Reduction, array: &Array) -> Array {
    let index: Vec<_> = array
        .letters
        .iter()
        .map(|letter| {
            let wish = store.letter(*letter).to_owned();
            store.fresh_var(&wish)
        })
        .collect();
    let at: Vec<Affine> = index.iter().map(|letter| Affine::var(*letter)).collect();
    let mut entry = array.at(store, &at);
    match op {
        Reduction::Sum | Reduction::Product => {
            let domain = Array {
                shape: array.shape.clone(),
                letters: index.clone(),
                entry,
            }
            .domain();
            entry = store.reduce(op, index, domain, entry);
        }
        // A maximum over several letters is nested: a tie goes to the first in reading order.
        Reduction::Max | Reduction::Min => {
            let sizes = array.shape.sizes();
            for (letter, size) in index.into_iter().zip(sizes).rev() {
                entry = store.reduce(op, [letter], super::within(letter, size), entry);
            }
        }
    }
    Array::number(entry)
}

/// The sum of all entries.
pub fn sum(store: &mut Store, array: &Array) -> Array {
    reduce(store, Reduction::Sum, array)
}

/// The mean of all entries.
pub fn mean(store: &mut Store, array: &Array) -> Array {
    let count = count(store, &array.shape);
    let minus_one = store.int(-1);
    let share = store.power(count, minus_one);
    let total = sum(store, array).entry;
    Array::number(store.mul([share, total]))
}

/// The rows or columns of a matrix, put together again after something was done to one of them.
#[derive(Debug, Clone)]
pub struct Lines {
    over: Over,
    letter: VarId,
    count: Affine,
}

impl Lines {
    /// So many rows or columns, of whatever array has them.
    pub(super) fn new(store: &mut Store, over: Over, count: Affine) -> Lines {
        let letter = store.fresh_var("i");
        Lines {
            over,
            letter,
            count,
        }
    }

    /// The rows or the columns of an array.
    ///
    /// # Errors
    /// If the array is no matrix.
    pub fn of(over: Over, matrix: &Array) -> Result<Lines, Mismatch> {
        let Shape::Matrix(rows, columns) = &matrix.shape else {
            return Err(Mismatch::one(Problem::NoMatrix, &matrix.shape));
        };
        let (letter, count) = match over {
            Over::Rows => (matrix.letters[0], rows),
            Over::Columns => (matrix.letters[1], columns),
        };
        Ok(Lines {
            over,
            letter,
            count: count.clone(),
        })
    }

    /// One row or column of a matrix, which stands for all of them, as a column; the number that a column has for it.
    pub fn line(&self, store: &mut Store, array: &Array) -> Array {
        let array = match self.over {
            Over::Columns if array.letters.len() == 2 => array.clone().transpose(),
            Over::Rows | Over::Columns => array.clone(),
        };
        let own = Affine::var(self.letter);
        match array.shape {
            Shape::Number => array,
            Shape::Column(_) | Shape::Row(_) => Array::number(array.at(store, &[own])),
            Shape::Matrix(_, ref size) => Array {
                entry: array.at(store, &[own, Affine::var(array.letters[1])]),
                shape: Shape::Column(size.clone()),
                letters: vec![array.letters[1]],
            },
        }
    }

    /// What came of one line, for all of them: numbers make a column; columns stand where the lines stood.
    ///
    /// # Errors
    /// If a matrix came of it.
    pub fn gather(self, done: Array) -> Result<Array, Mismatch> {
        match done.shape {
            Shape::Number => Ok(Array {
                shape: Shape::Column(self.count),
                letters: vec![self.letter],
                entry: done.entry,
            }),
            Shape::Column(size) | Shape::Row(size) => {
                let whole = Array {
                    shape: Shape::Matrix(self.count, size),
                    letters: vec![self.letter, done.letters[0]],
                    entry: done.entry,
                };
                Ok(match self.over {
                    Over::Rows => whole,
                    Over::Columns => whole.transpose(),
                })
            }
            shape @ Shape::Matrix(..) => Err(Mismatch::one(Problem::NoVector, &shape)),
        }
    }
}
