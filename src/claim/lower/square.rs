//! Inverses and determinants: functions of the network's own matrices, or of a matrix that the claim writes.

use super::*;
use crate::functions::{MatrixRow, matrix_row};

impl Lowering<'_> {
    /// A function of a square matrix, by its name in the language.
    pub(super) fn of_square(&mut self, name: &str, array: &Array, span: Span) -> Result<Array> {
        let row = matrix_row(name)
            .ok_or_else(|| Fault::Unsupported(format!("`{name}` of a matrix"), span))?;
        if !array.is_fixed() {
            return Err(Fault::Unsupported(
                format!("the size of the argument of `{name}` is not known"),
                span,
            ));
        }
        if array.rows != array.cols {
            return Err(Fault::IllTyped(
                format!("`{name}` takes a square matrix, this is {}", array.shape()),
                span,
            ));
        }
        let (of, slots) = match self.whole_matrix(array) {
            Some(found) => found,
            None => (self.made_matrix(array), Vec::new()),
        };
        Ok(self.read_of(row, of, &slots, array))
    }

    fn read_of(
        &mut self,
        row: &'static MatrixRow,
        of: FamilyId,
        slots: &[Affine],
        like: &Array,
    ) -> Array {
        let family = self.system.of_matrix(row, of);
        if !row.keeps_shape {
            let term = self.system.store.access(family, slots.iter().cloned());
            return Array::number(term);
        }
        let entries = (0..like.entries.len())
            .map(|entry| {
                let (row, col) = like.place(entry);
                let index = slots.iter().cloned().chain(places(row, col));
                self.system.store.access(family, index)
            })
            .collect();
        Array { entries, ..*like }
    }

    /// The quantity that a matrix is, rows first, with its slots.
    fn whole_matrix(&self, array: &Array) -> Option<(FamilyId, Vec<Affine>)> {
        let store = &self.system.store;
        let Node::Access(of, index) = store.node(*array.entries.first()?) else {
            return None;
        };
        let slots = index[..index.len().checked_sub(2)?].to_vec();
        if self.system.family(*of).slots != slots.len() {
            return None;
        }
        let is_whole = array.entries.iter().enumerate().all(|(entry, term)| {
            let (row, col) = array.place(entry);
            matches!(store.node(*term), Node::Access(family, index)
                if family == of
                    && index.iter().cloned().eq(slots.iter().cloned().chain(places(row, col))))
        });
        is_whole.then_some((*of, slots))
    }

    /// A matrix of terms as a quantity of its own.
    fn made_matrix(&mut self, array: &Array) -> FamilyId {
        let store = &mut self.system.store;
        let vars = ["i", "j"].map(|letter| store.fresh_var(letter));
        let mut terms = Vec::new();
        for (entry, term) in array.entries.iter().enumerate() {
            let (row, col) = array.place(entry);
            let [at_row, at_col] = places(row, col);
            let here = Domain::equal(&Affine::var(vars[0]), &at_row)
                .and(&Domain::equal(&Affine::var(vars[1]), &at_col));
            let guard = store.guard(here);
            terms.push(store.mul([guard, *term]));
        }
        let body = store.add(terms);
        let size = Affine::int(i64::try_from(array.rows.stored()).expect("sizes are small"));
        let inside = |var: VarId| {
            let var = Affine::var(var);
            Domain::at_least(&var, &Affine::int(1)).and(&Domain::at_least(&size, &var))
        };
        self.made_from(
            body,
            Clause {
                vars: Box::new(vars),
                index: vars.map(Affine::var).into(),
                domain: inside(vars[0]).and(&inside(vars[1])),
                body: Some(body),
                span: None,
            },
        )
    }
}

fn places(row: usize, col: usize) -> [Affine; 2] {
    [row, col].map(|place| Affine::int(i64::try_from(place).expect("sizes are small")))
}
