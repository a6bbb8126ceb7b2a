//! Functions of square matrices over numbers that carry derivatives: elimination with pivoting (Golub and Van Loan
//! 2013, section 3.4), so that derivatives come from the values and never from a table.

use crate::functions::MatrixFunction;
use crate::system::Primitive;

use super::scalar::Scalar;

/// A square matrix, row by row.
#[derive(Debug, Clone)]
pub(super) struct Square<S> {
    pub(super) side: usize,
    pub(super) entries: Vec<S>,
}

/// A matrix is taken for singular where the largest entries of it and of its inverse multiply to more than this.
const WORST_CONDITION: f64 = 1e6;

/// `P A = L U`: the factors in one matrix, the rows in the order of the pivots.
struct Factors<S> {
    both: Square<S>,
    rows: Vec<usize>,
    /// Whether the order of the rows is an odd permutation.
    odd: bool,
}

impl<S: Scalar> Square<S> {
    fn at(&self, row: usize, column: usize) -> &S {
        &self.entries[row * self.side + column]
    }

    fn set(&mut self, row: usize, column: usize, value: S) {
        self.entries[row * self.side + column] = value;
    }

    /// The largest absolute value of an entry.
    fn largest(&self) -> f64 {
        let values = self.entries.iter().map(|entry| entry.value().abs());
        values.fold(0.0, f64::max)
    }

    /// The triangular factors; none if a pivot is 0.
    fn factors(&self) -> Option<Factors<S>> {
        let mut both = self.clone();
        let mut rows: Vec<usize> = (0..self.side).collect();
        let mut odd = false;
        for step in 0..self.side {
            let size = |row: usize| both.at(row, step).value().abs();
            let pivot = (step..self.side).max_by(|a, b| size(*a).total_cmp(&size(*b)))?;
            let largest = size(pivot);
            if largest == 0.0 || !largest.is_finite() {
                return None;
            }
            if pivot != step {
                for column in 0..self.side {
                    both.entries
                        .swap(step * self.side + column, pivot * self.side + column);
                }
                rows.swap(step, pivot);
                odd = !odd;
            }
            let inverse = both.at(step, step).power_number(-1.0);
            for row in step + 1..self.side {
                let factor = both.at(row, step).times(&inverse);
                for column in step + 1..self.side {
                    let product = factor.times(both.at(step, column));
                    let value = both.at(row, column).minus(&product);
                    both.set(row, column, value);
                }
                both.set(row, step, factor);
            }
        }
        Some(Factors { both, rows, odd })
    }
}

impl<S: Scalar> Factors<S> {
    fn inverse(&self) -> Square<S> {
        let side = self.both.side;
        let mut inverse = Square {
            side,
            entries: vec![S::number(0.0); side * side],
        };
        for column in 0..side {
            // L y = P e, then U x = y.
            let mut solution: Vec<S> = Vec::with_capacity(side);
            for row in 0..side {
                let start = f64::from(u8::from(self.rows[row] == column));
                let mut value = S::number(start);
                for (before, known) in solution.iter().enumerate() {
                    value = value.minus(&self.both.at(row, before).times(known));
                }
                solution.push(value);
            }
            for row in (0..side).rev() {
                let mut value = solution[row].clone();
                for (behind, known) in solution.iter().enumerate().skip(row + 1) {
                    value = value.minus(&self.both.at(row, behind).times(known));
                }
                solution[row] = value.times(&self.both.at(row, row).power_number(-1.0));
            }
            for (row, value) in solution.into_iter().enumerate() {
                inverse.set(row, column, value);
            }
        }
        inverse
    }

    fn pivots(&self) -> impl Iterator<Item = &S> {
        (0..self.both.side).map(|at| self.both.at(at, at))
    }

    fn determinant(&self) -> S {
        let start = S::number(if self.odd { -1.0 } else { 1.0 });
        self.pivots()
            .fold(start, |product, pivot| product.times(pivot))
    }

    /// The logarithm of the determinant; not a number unless that is positive.
    fn log_determinant(&self) -> S {
        let negative = self.pivots().filter(|pivot| pivot.value() < 0.0).count();
        if (negative % 2 == 1) != self.odd {
            return S::number(f64::NAN);
        }
        self.pivots().fold(S::number(0.0), |sum, pivot| {
            let size = pivot.scaled(pivot.value().signum());
            sum.plus(&size.apply(Primitive::Log, 0.0))
        })
    }
}

/// The value of a function, entry by entry, and whether the matrix is well enough conditioned for its inverse to
/// be compared with anything.
pub(super) fn value<S: Scalar>(function: MatrixFunction, matrix: &Square<S>) -> (Vec<S>, bool) {
    let Some(factors) = matrix.factors() else {
        let value = match function {
            MatrixFunction::Determinant => S::number(0.0),
            MatrixFunction::Inverse | MatrixFunction::LogDeterminant => S::number(f64::NAN),
        };
        let count = match function {
            MatrixFunction::Inverse => matrix.entries.len(),
            MatrixFunction::Determinant | MatrixFunction::LogDeterminant => 1,
        };
        return (vec![value; count], false);
    };
    let inverse = factors.inverse();
    let well = matrix.largest() * inverse.largest() < WORST_CONDITION;
    let value = match function {
        MatrixFunction::Inverse => inverse.entries,
        MatrixFunction::Determinant => vec![factors.determinant()],
        MatrixFunction::LogDeterminant => vec![factors.log_determinant()],
    };
    (value, well)
}

#[cfg(test)]
mod tests {
    use super::super::dual::Dual;
    use super::*;

    fn square<S: Scalar>(entries: &[f64]) -> Square<S> {
        Square {
            side: 3,
            entries: entries.iter().map(|value| S::number(*value)).collect(),
        }
    }

    const ENTRIES: [f64; 9] = [0.0, 2.0, 1.0, -1.0, 0.5, 3.0, 2.0, 1.0, -1.0];

    #[test]
    fn an_inverse_is_an_inverse() {
        let matrix = square::<f64>(&ENTRIES);
        let (inverse, well) = value(MatrixFunction::Inverse, &matrix);
        assert!(well);
        for row in 0..3 {
            for column in 0..3 {
                let entry: f64 = (0..3)
                    .map(|k| ENTRIES[3 * row + k] * inverse[3 * k + column])
                    .sum();
                let expected = f64::from(u8::from(row == column));
                assert!((entry - expected).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn determinants_and_their_slopes() {
        // det = 0·(-0.5 - 3) - 2·(1 - 6) + 1·(-1 - 1) = 8
        let plain = square::<f64>(&ENTRIES);
        let (determinant, _) = value(MatrixFunction::Determinant, &plain);
        assert!((determinant[0] - 8.0).abs() < 1e-14);
        let (logarithm, _) = value(MatrixFunction::LogDeterminant, &plain);
        assert!((logarithm[0] - 8f64.ln()).abs() < 1e-14);
        // Its slope by an entry is the cofactor: of the first, 0.5·(-1) - 3·1.
        let mut moved = square::<Dual>(&ENTRIES);
        let shift = Dual::of_jets(&[super::super::dual::Jet::number(0.0).perturbed(0)]);
        moved.entries[0] = moved.entries[0].plus(&shift);
        let (determinant, _) = value(MatrixFunction::Determinant, &moved);
        assert!((determinant[0].to_jet(0).at(1) + 3.5).abs() < 1e-14);
    }

    #[test]
    fn a_singular_matrix_has_no_inverse() {
        let singular = square::<f64>(&[1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 0.0, 1.0, 0.0]);
        let (inverse, well) = value(MatrixFunction::Inverse, &singular);
        assert!(!well && inverse.iter().all(|entry| entry.is_nan()));
    }
}
