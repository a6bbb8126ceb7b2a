//! Whole arrays over terms: what matrix notation means, in one place. The reader lowers matrix notation with it,
//! and the printer lowers every matrix form that it prints again.
//!
//! An [`Array`] is a shape, a letter for each axis and the term of an entry. Every operation gives an array or a
//! plain [`Mismatch`]; neither names nor places are known here.

mod join;
mod product;
mod reduce;
mod shape;

#[cfg(test)]
mod tests;

pub use join::{concatenate, concatenate_lines};
pub use product::{diag, diagonal, inner, outer, power, product, trace};
pub use reduce::{Lines, Over, mean, reduce, sum};
pub use shape::{Mismatch, Problem, Shape};

use crate::term::{Affine, Domain, Node, Store, Substitution, TermId, VarId};

/// An array of numbers: its entry at the letters, each letter from 1 to the size of its axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// Its shape.
    pub shape: Shape,
    /// A letter for each axis, distinct and free in the entry at most.
    pub letters: Vec<VarId>,
    /// The entry.
    pub entry: TermId,
}

/// Letters for axes, as wishes.
const WISHES: [&str; 2] = ["i", "j"];

impl Array {
    /// A number.
    pub fn number(entry: TermId) -> Self {
        Self {
            shape: Shape::Number,
            letters: Vec::new(),
            entry,
        }
    }

    /// The array with this entry at fresh letters.
    pub fn new(
        store: &mut Store,
        shape: Shape,
        entry: impl FnOnce(&mut Store, &[Affine]) -> TermId,
    ) -> Self {
        let letters: Vec<VarId> = WISHES
            .iter()
            .take(shape.sizes().len())
            .map(|wish| store.fresh_var(wish))
            .collect();
        let index: Vec<Affine> = letters.iter().map(|letter| Affine::var(*letter)).collect();
        let entry = entry(store, &index);
        Self {
            shape,
            letters,
            entry,
        }
    }

    /// The entry at an index, with bound letters of its own.
    pub fn at(&self, store: &mut Store, index: &[Affine]) -> TermId {
        debug_assert_eq!(index.len(), self.letters.len(), "one index for each axis");
        let substitution =
            Substitution::new(self.letters.iter().copied().zip(index.iter().cloned()));
        let entry = store.substitute(self.entry, &substitution);
        fresh_bound(store, entry)
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        self.shape == Shape::Number
    }

    /// All values that the letters take.
    pub fn domain(&self) -> Domain {
        self.letters
            .iter()
            .zip(self.shape.sizes())
            .fold(Domain::everything(), |domain, (letter, size)| {
                domain.and(&within(*letter, size))
            })
    }

    /// `Aᵀ`; a number is its own.
    pub fn transpose(self) -> Self {
        Self {
            shape: self.shape.transposed(),
            letters: self.letters.into_iter().rev().collect(),
            entry: self.entry,
        }
    }

    /// A function of numbers applied to each entry.
    pub fn map(self, store: &mut Store, apply: impl FnOnce(&mut Store, TermId) -> TermId) -> Self {
        let entry = apply(store, self.entry);
        Self { entry, ..self }
    }

    /// A part of it: the entries `from ..= from + size - 1` of one axis.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    pub fn range(&self, store: &mut Store, axis: usize, from: &Affine, size: Affine) -> Self {
        let shape = self.shape.with_size(axis, size);
        let shift = from.minus(&Affine::int(1));
        Self::new(store, shape, |store, index| {
            let mut index = index.to_vec();
            index[axis] = index[axis].plus(&shift);
            self.at(store, &index)
        })
    }

    /// Row `at` of a matrix, a row.
    ///
    /// # Errors
    /// If it is no matrix.
    pub fn row(&self, store: &mut Store, at: &Affine) -> Result<Self, Mismatch> {
        let Shape::Matrix(_, columns) = &self.shape else {
            return Err(Mismatch::one(Problem::NoMatrix, &self.shape));
        };
        Ok(Self::new(
            store,
            Shape::Row(columns.clone()),
            |store, index| self.at(store, &[at.clone(), index[0].clone()]),
        ))
    }

    /// Column `at` of a matrix, a column.
    ///
    /// # Errors
    /// If it is no matrix.
    pub fn column(&self, store: &mut Store, at: &Affine) -> Result<Self, Mismatch> {
        let Shape::Matrix(rows, _) = &self.shape else {
            return Err(Mismatch::one(Problem::NoMatrix, &self.shape));
        };
        Ok(Self::new(
            store,
            Shape::Column(rows.clone()),
            |store, index| self.at(store, &[index[0].clone(), at.clone()]),
        ))
    }
}

/// A number in every entry.
pub fn filled(store: &mut Store, shape: Shape, value: TermId) -> Array {
    Array::new(store, shape, |_, _| value)
}

/// The unit matrix.
pub fn eye(store: &mut Store, size: &Affine) -> Array {
    let shape = Shape::Matrix(size.clone(), size.clone());
    Array::new(store, shape, |store, index| {
        store.guard(Domain::equal(&index[0], &index[1]))
    })
}

/// The entries of several arrays at the letters of the first that is no number, with that array as the frame for
/// what is made of them. All shapes are equal, or numbers, which are spread.
///
/// # Errors
/// The first two shapes that differ.
pub fn align(store: &mut Store, arrays: &[Array]) -> Result<(Array, Vec<TermId>), Mismatch> {
    let Some(first) = arrays.iter().position(|array| !array.is_number()) else {
        let entries: Vec<TermId> = arrays.iter().map(|array| array.entry).collect();
        let frame = Array::number(store.int(0));
        return Ok((frame, entries));
    };
    let whole = &arrays[first];
    let index: Vec<Affine> = whole
        .letters
        .iter()
        .map(|letter| Affine::var(*letter))
        .collect();
    let mut entries = Vec::with_capacity(arrays.len());
    for (at, array) in arrays.iter().enumerate() {
        if array.is_number() || at == first {
            entries.push(array.entry);
        } else if array.shape == whole.shape {
            entries.push(array.at(store, &index));
        } else {
            return Err(Mismatch::two(
                Problem::Different,
                (first, &whole.shape),
                (at, &array.shape),
            ));
        }
    }
    Ok((whole.clone(), entries))
}

/// A function of several numbers, entry by entry.
///
/// # Errors
/// The first two shapes that differ, as [`align`] says.
pub fn entrywise(
    store: &mut Store,
    arrays: &[Array],
    apply: impl FnOnce(&mut Store, &[TermId]) -> TermId,
) -> Result<Array, Mismatch> {
    let (frame, entries) = align(store, arrays)?;
    Ok(Array {
        entry: apply(store, &entries),
        ..frame
    })
}

fn within(letter: VarId, size: &Affine) -> Domain {
    Domain::between(&Affine::int(1), &Affine::var(letter), size)
}

/// The term with fresh letters in all its reductions: no letter is bound at two places.
pub(crate) fn fresh_bound(store: &mut Store, term: TermId) -> TermId {
    store.replace(term, &mut |store, term| {
        let Node::Reduce(op, vars, domain, body) = store.node(term).clone() else {
            return None;
        };
        let mut pairs = Vec::with_capacity(vars.len());
        let mut fresh = Vec::with_capacity(vars.len());
        for var in vars {
            let letter = store.letter(var).to_owned();
            let renamed = store.fresh_var(&letter);
            pairs.push((var, Affine::var(renamed)));
            fresh.push(renamed);
        }
        let renaming = Substitution::new(pairs);
        let body = store.substitute(body, &renaming);
        let body = fresh_bound(store, body);
        Some(store.reduce(op, fresh, renaming.domain(&domain), body))
    })
}
