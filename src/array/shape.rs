//! Shapes, and what is wrong where they do not fit.

use std::borrow::Cow;

use super::Over;
use crate::term::Affine;

/// The shape of an array.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `R`
    Number,
    /// `R^n`
    Column(Affine),
    /// The transpose of a column.
    Row(Affine),
    /// `R^(m x n)`
    Matrix(Affine, Affine),
}

impl Shape {
    /// The size of each axis.
    pub fn sizes(&self) -> Vec<&Affine> {
        match self {
            Shape::Number => Vec::new(),
            Shape::Column(size) | Shape::Row(size) => vec![size],
            Shape::Matrix(rows, columns) => vec![rows, columns],
        }
    }

    /// The shape with these numbers of rows and columns; none where there is one.
    pub fn of(rows: Option<&Affine>, columns: Option<&Affine>) -> Shape {
        match (rows.cloned(), columns.cloned()) {
            (None, None) => Shape::Number,
            (Some(rows), None) => Shape::Column(rows),
            (None, Some(columns)) => Shape::Row(columns),
            (Some(rows), Some(columns)) => Shape::Matrix(rows, columns),
        }
    }

    /// The number of rows, none if there is one.
    pub fn rows(&self) -> Option<&Affine> {
        match self {
            Shape::Column(rows) | Shape::Matrix(rows, _) => Some(rows),
            Shape::Number | Shape::Row(_) => None,
        }
    }

    /// The number of columns, none if there is one.
    pub fn columns(&self) -> Option<&Affine> {
        match self {
            Shape::Row(columns) | Shape::Matrix(_, columns) => Some(columns),
            Shape::Number | Shape::Column(_) => None,
        }
    }

    /// The shape with every size changed.
    #[must_use]
    pub fn map(&self, mut change: impl FnMut(&Affine) -> Affine) -> Shape {
        match self {
            Shape::Number => Shape::Number,
            Shape::Column(size) => Shape::Column(change(size)),
            Shape::Row(size) => Shape::Row(change(size)),
            Shape::Matrix(rows, columns) => Shape::Matrix(change(rows), change(columns)),
        }
    }

    /// The shape of the transpose.
    #[must_use]
    pub fn transposed(&self) -> Shape {
        match self {
            Shape::Number => Shape::Number,
            Shape::Column(size) => Shape::Row(size.clone()),
            Shape::Row(size) => Shape::Column(size.clone()),
            Shape::Matrix(rows, columns) => Shape::Matrix(columns.clone(), rows.clone()),
        }
    }

    /// The shape with another size of one axis.
    pub(super) fn with_size(&self, axis: usize, size: Affine) -> Shape {
        match (self, axis) {
            (Shape::Column(_), 0) => Shape::Column(size),
            (Shape::Row(_), 0) => Shape::Row(size),
            (Shape::Matrix(_, columns), 0) => Shape::Matrix(size, columns.clone()),
            (Shape::Matrix(rows, _), 1) => Shape::Matrix(rows.clone(), size),
            _ => panic!("the shape has no axis {axis}"),
        }
    }

    /// Rows and columns as a matrix has them; none for a number.
    pub fn as_matrix(&self) -> Option<(Cow<'_, Affine>, Cow<'_, Affine>)> {
        let one = || Cow::Owned(Affine::int(1));
        match self {
            Shape::Number => None,
            Shape::Column(size) => Some((Cow::Borrowed(size), one())),
            Shape::Row(size) => Some((one(), Cow::Borrowed(size))),
            Shape::Matrix(rows, columns) => Some((Cow::Borrowed(rows), Cow::Borrowed(columns))),
        }
    }
}

/// What an operation asks of shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The columns of the left factor are as many as the rows of the right one.
    Inner,
    /// Two columns, or two rows, have no product.
    SameWay,
    /// Equal shapes.
    Different,
    /// A square matrix.
    NotSquare,
    /// A matrix.
    NoMatrix,
    /// A column or a row.
    NoVector,
    /// Two columns or two rows of one size.
    NotTwoVectors,
    /// An array, not a number.
    NumberGiven,
    /// As many rows, or as many columns.
    OtherCount(Over),
}

/// Shapes that do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What was asked.
    pub problem: Problem,
    /// The operands at fault: their positions and shapes, one or two.
    pub operands: Vec<(usize, Shape)>,
    /// The operand whose transpose would fit.
    pub transpose: Option<usize>,
}

impl Mismatch {
    pub(super) fn one(problem: Problem, shape: &Shape) -> Self {
        Self {
            problem,
            operands: vec![(0, shape.clone())],
            transpose: None,
        }
    }

    pub(super) fn two(
        problem: Problem,
        (left_at, left): (usize, &Shape),
        (right_at, right): (usize, &Shape),
    ) -> Self {
        let fits = |left: &Shape, right: &Shape| match problem {
            Problem::Inner => super::product::result(left, right).is_some(),
            Problem::Different => left == right,
            Problem::OtherCount(over) => {
                over.count(left).is_some() && over.count(left) == over.count(right)
            }
            Problem::SameWay
            | Problem::NotSquare
            | Problem::NoMatrix
            | Problem::NoVector
            | Problem::NotTwoVectors
            | Problem::NumberGiven => false,
        };
        let transpose = if fits(&left.transposed(), right) {
            Some(left_at)
        } else if fits(left, &right.transposed()) {
            Some(right_at)
        } else {
            None
        };
        Self {
            problem,
            operands: vec![(left_at, left.clone()), (right_at, right.clone())],
            transpose,
        }
    }
}
