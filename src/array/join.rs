//! Arrays one behind the other.

use super::{Array, Lines, Mismatch, Over, Problem, Shape};
use crate::term::{Affine, Domain, Node, Store};

/// One array behind the other, all of them columns or all of them rows, of which a number can be an entry.
///
/// # Errors
/// The first that fits none of the others.
pub fn concatenate(store: &mut Store, arrays: &[Array]) -> Result<Array, Mismatch> {
    let is_column = !arrays
        .iter()
        .any(|array| matches!(array.shape, Shape::Row(_)));
    let mut end = Affine::int(0);
    // Where each of them ends.
    let mut ends = Vec::with_capacity(arrays.len());
    for (at, array) in arrays.iter().enumerate() {
        let size = match &array.shape {
            Shape::Number => Affine::int(1),
            Shape::Column(size) if is_column => size.clone(),
            Shape::Row(size) if !is_column => size.clone(),
            _ => {
                let left = at.saturating_sub(1);
                let shapes = [left, left + 1].map(|at| (at, &arrays[at].shape));
                return Err(Mismatch::two(Problem::NotTwoVectors, shapes[0], shapes[1]));
            }
        };
        end = end.plus(&size);
        ends.push(end.clone());
    }
    let whole = if is_column {
        Shape::Column(end)
    } else {
        Shape::Row(end)
    };
    Ok(Array::new(store, whole, |store, index| {
        let mut before = Affine::int(0);
        let mut branches = Vec::with_capacity(arrays.len());
        for (at, (array, end)) in arrays.iter().zip(ends).enumerate() {
            let inside = if at + 1 == arrays.len() {
                store.int(1)
            } else {
                store.guard(Domain::at_least(&end, &index[0]))
            };
            let place = [index[0].minus(&before)];
            let entry = if array.is_number() {
                array.entry
            } else {
                array.at(store, &place)
            };
            branches.push((inside, entry));
            before = end;
        }
        store.intern(Node::Cases(branches.into()))
    }))
}

/// Each row of several arrays behind the other, so that matrices stand side by side; or each column, so that they
/// stand below one another. A column is one more entry of each row, a row one of each column, and a number one of
/// every line.
///
/// # Errors
/// If all of them are numbers, and the first that has another number of lines than those before it.
pub fn concatenate_lines(
    store: &mut Store,
    over: Over,
    arrays: &[Array],
) -> Result<Array, Mismatch> {
    let with_lines = |array: &Array| over.count(&array.shape).is_some();
    let Some(first) = arrays.iter().position(with_lines) else {
        return Err(Mismatch::one(Problem::NumberGiven, &arrays[0].shape));
    };
    let count = over.count(&arrays[first].shape);
    for (at, array) in arrays.iter().enumerate() {
        if !array.is_number() && over.count(&array.shape) != count {
            let problem = Problem::OtherCount(over);
            return Err(Mismatch::two(
                problem,
                (first, &arrays[first].shape),
                (at, &array.shape),
            ));
        }
    }
    let lines = Lines::new(store, over, count.cloned().expect("the first has lines"));
    let parts: Vec<Array> = arrays
        .iter()
        .map(|array| lines.line(store, array))
        .collect();
    let line = concatenate(store, &parts)?;
    lines.gather(line)
}
