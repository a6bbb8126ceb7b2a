//! Functions of a square matrix without a body, as families: `inv(X)` is a family with the slots of `X`, and
//! its derivative by the entries of `X` is a row of the table.

use super::lower::Lowering;
use super::mistakes;
use super::scope::{Letter, Origin, Scope};
use super::{Clause, Family, FamilyKind, System};
use crate::array::{Array, Shape};
use crate::functions::MatrixRow;
use crate::source::{Source, Span};
use crate::syntax;
use crate::term::{Affine, FamilyId, Node, Substitution, TermId, VarId};

impl System {
    /// The family of a function of the matrices of a family.
    pub(crate) fn of_matrix(&mut self, row: &'static MatrixRow, of: FamilyId) -> FamilyId {
        let kind = FamilyKind::OfMatrix { row, of };
        if let Some(at) = self.families.iter().position(|family| family.kind == kind) {
            return FamilyId(at as u32);
        }
        let argument = self.family(of);
        let id = self.add_family(Family {
            name: String::new(),
            slots: argument.slots,
            axes: if row.keeps_shape { 2 } else { 0 },
            kind,
            role: None,
            clauses: Vec::new(),
            integers: None,
            span: None,
        });
        self.take_clauses(id);
        id
    }

    /// Whether the family is a formula that got no name: the argument of such a function.
    pub(crate) fn is_nameless(&self, family: FamilyId) -> bool {
        let family = self.family(family);
        family.kind == FamilyKind::Defined && family.name.is_empty()
    }

    /// Gives the family of a function the pieces that its argument has by now.
    pub(super) fn take_clauses(&mut self, id: FamilyId) {
        let FamilyKind::OfMatrix { row, of } = self.family(id).kind else {
            return;
        };
        let slots = self.family(of).slots;
        let clauses = self.family(of).clauses.clone();
        let mut own = Vec::with_capacity(clauses.len());
        for clause in clauses {
            let width = if row.keeps_shape { slots + 2 } else { slots };
            let index = &clause.index[..width.min(clause.index.len())];
            let kept = |var: &VarId| index.iter().any(|entry| entry.mentions(*var));
            let vars: Vec<VarId> = clause.vars.iter().copied().filter(kept).collect();
            let left: Vec<VarId> = clause
                .vars
                .iter()
                .copied()
                .filter(|var| !kept(var))
                .collect();
            let domain = clause
                .domain
                .filter(|constraint| !left.iter().any(|var| constraint.affine().mentions(*var)));
            // Letters belong to one definition each.
            let (vars, renamed) = self.store.fresh_letters(&vars);
            own.push(Clause {
                vars,
                index: index.iter().map(|entry| renamed.affine(entry)).collect(),
                domain: renamed.domain(&domain),
                body: None,
                span: clause.span,
            });
        }
        self.families[id.0 as usize].clauses = own;
    }

    /// The derivative of the family of a function, at an index, by the entry of its argument at these letters.
    pub(crate) fn slope_of_matrix(
        &mut self,
        row: &'static MatrixRow,
        of: FamilyId,
        index: &[Affine],
        [k, l]: [VarId; 2],
    ) -> TermId {
        let (slots, elements) = index.split_at(self.family(of).slots);
        // Of the argument only its name matters: that it is square was seen where it was read.
        let shape = Shape::Matrix(Affine::int(1), Affine::int(1));
        let matrix = Array::new(&mut self.store, shape, |store, index| {
            store.access(of, slots.iter().chain(index).cloned())
        });
        let mut scope = Scope::of_row(vec![("X".to_owned(), matrix)], Vec::new());
        let rows_and_columns = ["i", "j"].map(|letter| self.store.fresh_var(letter));
        let letters = ["i", "j", "k", "l"];
        for (name, var) in letters
            .into_iter()
            .zip(rows_and_columns.into_iter().chain([k, l]))
        {
            scope.push(Letter {
                name: name.to_owned(),
                var,
                origin: Origin::Bound,
                span: Span::default(),
            });
        }
        let formula = syntax::parse_formula(&Source::new(row.name, row.slope), None)
            .unwrap_or_else(|_| unreachable!("the row of `{}` reads well", row.name));
        let mut lowering = Lowering {
            system: std::mem::take(self),
            ..Lowering::default()
        };
        let slope = lowering.term(&formula, &mut scope);
        *self = lowering.system;
        let slope = slope.unwrap_or_else(|| unreachable!("the row of `{}` reads well", row.name));
        let at = rows_and_columns.into_iter().zip(elements.iter().cloned());
        self.store.substitute(slope, &Substitution::new(at))
    }
}

impl Lowering<'_> {
    /// A function of a square matrix.
    pub(super) fn matrix_function(
        &mut self,
        row: &'static MatrixRow,
        array: Array,
        span: Span,
        scope: &Scope,
    ) -> Option<Array> {
        let square = match &array.shape {
            Shape::Matrix(rows, columns) => {
                let same = crate::term::Domain::equal(rows, columns);
                rows == columns || self.system.ambient.implies(&scope.context, &same)
            }
            Shape::Number | Shape::Column(_) | Shape::Row(_) => false,
        };
        if !square {
            let shape = self.shape_text(&array.shape);
            self.problems
                .push(mistakes::not_square(row.name, span, &shape));
            return None;
        }
        let array = if is_whole(&self.system, &array) {
            array
        } else {
            self.nameless(row.name, array, span, scope)?
        };
        let Node::Access(of, index) = self.system.store.node(array.entry).clone() else {
            unreachable!("a whole quantity is an access");
        };
        let slots = &index[..index.len() - 2];
        let family = self.system.of_matrix(row, of);
        let store = &mut self.system.store;
        Some(if row.keeps_shape {
            Array::new(store, array.shape, |store, index| {
                store.access(family, slots.iter().chain(index).cloned())
            })
        } else {
            Array::number(store.access(family, slots.iter().cloned()))
        })
    }

    /// Once all pieces of all families are known.
    pub(super) fn finish_matrix_functions(&mut self) {
        for id in self.system.family_ids() {
            self.system.take_clauses(id);
        }
    }
}

/// Whether an array is a quantity, rows first.
fn is_whole(system: &System, array: &Array) -> bool {
    let Node::Access(_, index) = system.store.node(array.entry) else {
        return false;
    };
    let Some(at) = index.len().checked_sub(2) else {
        return false;
    };
    let letters = array.letters.iter().map(|letter| Affine::var(*letter));
    index[at..].iter().cloned().eq(letters)
        && !index[..at]
            .iter()
            .any(|slot| array.letters.iter().any(|letter| slot.mentions(*letter)))
}
