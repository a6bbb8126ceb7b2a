//! What determinants and inverses are, as terms over the entries of their argument, so that they are evaluated as
//! exactly as everything else: minors by expansion along rows, shared between all entries.

use num_traits::One;
use rustc_hash::FxHashMap;

use crate::functions::MatrixFunction;
use crate::system::System;
use crate::term::{Affine, FamilyId, Node, TermId};

/// Larger matrices are not taken apart.
const MOST_ROWS: i64 = 7;

/// The value of a function of the matrix `of[slots]`, at an entry if it is a matrix.
pub(super) fn body(
    system: &mut System,
    function: MatrixFunction,
    of: FamilyId,
    slots: &[i64],
    entry: &[i64],
    rows: i64,
) -> Option<TermId> {
    if rows > MOST_ROWS {
        return None;
    }
    let mut minors = Minors {
        system,
        of,
        slots,
        known: FxHashMap::default(),
    };
    let all: Vec<i64> = (1..=rows).collect();
    let determinant = minors.minor(&all, &all);
    match (function, entry) {
        (MatrixFunction::Determinant, _) => Some(determinant),
        (MatrixFunction::LogDeterminant, _) => {
            let log = system.function_id("log")?;
            let node = Node::Apply(log, Box::new([0]), Box::new([determinant]));
            Some(system.store.intern(node))
        }
        (MatrixFunction::Inverse, [row, col]) => {
            // The cofactor at the entry across the diagonal.
            let without =
                |left: i64| -> Vec<i64> { all.iter().copied().filter(|at| *at != left).collect() };
            let minor = minors.minor(&without(*col), &without(*row));
            let store = &mut system.store;
            let minus_one = store.int(-1);
            let over = store.power(determinant, minus_one);
            let sign = store.int(if (row + col) % 2 == 0 { 1 } else { -1 });
            Some(store.mul([sign, minor, over]))
        }
        (MatrixFunction::Inverse, _) => None,
    }
}

struct Minors<'s> {
    system: &'s mut System,
    of: FamilyId,
    slots: &'s [i64],
    known: FxHashMap<(Vec<i64>, Vec<i64>), TermId>,
}

impl Minors<'_> {
    /// The determinant of these rows and columns.
    fn minor(&mut self, rows: &[i64], cols: &[i64]) -> TermId {
        let Some((first, rest)) = rows.split_first() else {
            return self.system.store.number(num_rational::BigRational::one());
        };
        let key = (rows.to_vec(), cols.to_vec());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut terms = Vec::with_capacity(cols.len());
        for (at, col) in cols.iter().enumerate() {
            let mut others = cols.to_vec();
            others.remove(at);
            let below = self.minor(rest, &others);
            let index = self.slots.iter().chain([first, col]);
            let store = &mut self.system.store;
            let entry = store.access(self.of, index.map(|at| Affine::int(*at)));
            let sign = store.int(if at % 2 == 0 { 1 } else { -1 });
            terms.push(store.mul([sign, entry, below]));
        }
        let minor = self.system.store.add(terms);
        self.known.insert(key, minor);
        minor
    }
}
