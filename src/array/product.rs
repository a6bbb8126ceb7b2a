//! Products of arrays, and what is made of them.

use super::{Array, Mismatch, Problem, Shape, eye, within};
use crate::term::{Affine, Domain, Node, Reduction, Store, Substitution, TermId, VarId};

/// The shape of a product, if the factors fit.
pub(super) fn result(left: &Shape, right: &Shape) -> Option<Shape> {
    match (left, right) {
        (Shape::Number, other) | (other, Shape::Number) => Some(other.clone()),
        (Shape::Matrix(rows, inner), Shape::Matrix(other, columns)) if inner == other => {
            Some(Shape::Matrix(rows.clone(), columns.clone()))
        }
        (Shape::Matrix(rows, inner), Shape::Column(other)) if inner == other => {
            Some(Shape::Column(rows.clone()))
        }
        (Shape::Row(inner), Shape::Matrix(other, columns)) if inner == other => {
            Some(Shape::Row(columns.clone()))
        }
        (Shape::Row(inner), Shape::Column(other)) if inner == other => Some(Shape::Number),
        (Shape::Column(rows), Shape::Row(columns)) => {
            Some(Shape::Matrix(rows.clone(), columns.clone()))
        }
        _ => None,
    }
}

/// The product as matrices have it; a number multiplies anything.
///
/// # Errors
/// If the factors do not fit.
pub fn product(store: &mut Store, left: &Array, right: &Array) -> Result<Array, Mismatch> {
    let Some(shape) = result(&left.shape, &right.shape) else {
        let problem = match (&left.shape, &right.shape) {
            (Shape::Column(_), Shape::Column(_)) | (Shape::Row(_), Shape::Row(_)) => {
                Problem::SameWay
            }
            _ => Problem::Inner,
        };
        return Err(Mismatch::two(problem, (0, &left.shape), (1, &right.shape)));
    };
    if left.is_number() || right.is_number() {
        return super::entrywise(store, &[left.clone(), right.clone()], |store, factors| {
            store.mul(factors.iter().copied())
        });
    }
    if let (Shape::Column(_), Shape::Row(_)) = (&left.shape, &right.shape) {
        return Ok(Array::new(store, shape, |store, index| {
            let left = left.at(store, &index[..1]);
            let right = right.at(store, &index[1..]);
            store.mul([left, right])
        }));
    }
    // The last axis of the left factor meets the first of the right one.
    let (free, contracted) = left.letters.split_at(left.letters.len() - 1);
    let size = left.shape.sizes()[free.len()].clone();
    let wish = store.letter(contracted[0]).to_owned();
    Ok(Array::new(store, shape, |store, index| {
        let bound = store.fresh_var(bound_wish(&wish, index.len()));
        let (rows, columns) = index.split_at(free.len());
        let mut left_index = rows.to_vec();
        left_index.push(Affine::var(bound));
        let mut right_index = vec![Affine::var(bound)];
        right_index.extend_from_slice(columns);
        let (one, other) = (left.at(store, &left_index), right.at(store, &right_index));
        let body = store.mul([one, other]);
        for (entry, matrix) in [(one, left), (other, right)] {
            if let (Some(fixed), Ok(_)) = (diagonal_at(store, entry, bound), square(matrix)) {
                return store.substitute(body, &fixed);
            }
        }
        store.reduce(Reduction::Sum, [bound], within(bound, &size), body)
    }))
}

/// What a letter is where an entry of a diagonal matrix is not 0; without the condition, which a sum over the letter
/// has then met.
fn diagonal_at(store: &Store, entry: TermId, bound: VarId) -> Option<Substitution> {
    let guards = match store.node(entry) {
        Node::Mul(factors) => factors.to_vec(),
        _ => vec![entry],
    };
    guards.into_iter().find_map(|factor| {
        let Node::Guard(domain) = store.node(factor) else {
            return None;
        };
        let (solved, rest) = domain.solve(&[bound]);
        (rest.is_everything() && solved.get(bound).is_some()).then_some(solved)
    })
}

/// A wish for a bound letter that differs from those of the axes around it.
fn bound_wish(wish: &str, axes: usize) -> &str {
    match (wish, axes) {
        ("i", 1..) | ("j", 1) => "j",
        ("j", 2..) => "k",
        (other, _) => other,
    }
}

/// `xᵀ y` of two columns, or of two rows.
///
/// # Errors
/// If they are not two vectors of one size.
pub fn inner(store: &mut Store, left: &Array, right: &Array) -> Result<Array, Mismatch> {
    match (&left.shape, &right.shape) {
        (Shape::Column(a), Shape::Column(b)) if a == b => {
            product(store, &left.clone().transpose(), right)
        }
        (Shape::Row(a), Shape::Row(b)) if a == b => {
            product(store, left, &right.clone().transpose())
        }
        (a, b) => Err(Mismatch::two(Problem::NotTwoVectors, (0, a), (1, b))),
    }
}

/// `x yᵀ` of two columns.
///
/// # Errors
/// If they are not two columns.
pub fn outer(store: &mut Store, left: &Array, right: &Array) -> Result<Array, Mismatch> {
    match (&left.shape, &right.shape) {
        (Shape::Column(_), Shape::Column(_)) => product(store, left, &right.clone().transpose()),
        (a, b) => Err(Mismatch::two(Problem::NotTwoVectors, (0, a), (1, b))),
    }
}

/// The matrix with a vector on its diagonal.
///
/// # Errors
/// If it is no vector.
pub fn diag(store: &mut Store, vector: &Array) -> Result<Array, Mismatch> {
    let (Shape::Column(size) | Shape::Row(size)) = &vector.shape else {
        return Err(Mismatch::one(Problem::NoVector, &vector.shape));
    };
    let shape = Shape::Matrix(size.clone(), size.clone());
    Ok(Array::new(store, shape, |store, index| {
        let on = store.guard(Domain::equal(&index[0], &index[1]));
        let entry = vector.at(store, &index[..1]);
        store.mul([on, entry])
    }))
}

fn square(matrix: &Array) -> Result<&Affine, Mismatch> {
    match &matrix.shape {
        Shape::Matrix(rows, columns) if rows == columns => Ok(rows),
        shape => Err(Mismatch::one(Problem::NotSquare, shape)),
    }
}

/// The diagonal of a square matrix, a column.
///
/// # Errors
/// If it is no square matrix.
pub fn diagonal(store: &mut Store, matrix: &Array) -> Result<Array, Mismatch> {
    let shape = Shape::Column(square(matrix)?.clone());
    Ok(Array::new(store, shape, |store, index| {
        matrix.at(store, &[index[0].clone(), index[0].clone()])
    }))
}

/// The sum of the diagonal.
///
/// # Errors
/// If it is no square matrix.
pub fn trace(store: &mut Store, matrix: &Array) -> Result<Array, Mismatch> {
    let diagonal = diagonal(store, matrix)?;
    Ok(super::sum(store, &diagonal))
}

/// A power of a square matrix with a whole exponent, not negative.
///
/// # Errors
/// If it is no square matrix.
pub fn power(store: &mut Store, matrix: &Array, exponent: u32) -> Result<Array, Mismatch> {
    let size = square(matrix)?;
    let mut result = match exponent {
        0 => return Ok(eye(store, size)),
        _ => matrix.clone(),
    };
    for _ in 1..exponent {
        result = product(store, &result, matrix)?;
    }
    Ok(result)
}

/// The number of entries as a term.
pub(super) fn count(store: &mut Store, shape: &Shape) -> TermId {
    let mut factors = Vec::new();
    for size in shape.sizes() {
        let factor = match size.as_int() {
            Some(number) => store.int(number),
            None => store.intern(crate::term::Node::Index(size.clone())),
        };
        factors.push(factor);
    }
    store.mul(factors)
}
