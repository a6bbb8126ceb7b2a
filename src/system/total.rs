//! The sum of a cost over all examples, where the cost is their mean: some texts differentiate the one by what each
//! example has, and the other by what they share.

use super::{Clause, Family, FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Node, SizeId};

impl System {
    /// The sum over the examples, as a quantity of its own: the loss times their number. Its name is no name that
    /// an author could give.
    pub(crate) fn add_total(&mut self, loss: FamilyId, examples: SizeId) -> FamilyId {
        let number = self.store.intern(Node::Index(Affine::size(examples)));
        let mean = self.store.access(loss, []);
        let body = self.store.mul([number, mean]);
        let name = format!("{} {}", self.size(examples).name, self.family(loss).name);
        let total = self.add_family(Family {
            name,
            slots: 0,
            axes: 0,
            kind: FamilyKind::Defined,
            role: None,
            clauses: vec![Clause {
                vars: Box::default(),
                index: Box::default(),
                domain: Domain::everything(),
                body: Some(body),
                span: None,
            }],
            integers: None,
            span: None,
        });
        self.total = Some(total);
        total
    }

    /// Whether a quantity is the sum of a cost over all examples.
    pub(crate) fn is_total(&self, family: FamilyId) -> bool {
        self.total == Some(family)
    }

    /// Whether a quantity is a derivative.
    pub(crate) fn is_adjoint(&self, family: FamilyId) -> bool {
        matches!(self.family(family).kind, FamilyKind::Adjoint { .. })
    }

    /// Whether a quantity has an entry for each of so many examples.
    pub(crate) fn has_examples(&self, family: FamilyId, examples: SizeId) -> bool {
        let row = self.family(family);
        let number = Affine::size(examples);
        row.clauses.iter().any(|clause| {
            clause.index[row.slots..].iter().any(|entry| {
                entry.as_var().is_some_and(|var| {
                    let (_, upper) = clause.domain.bounds(var);
                    upper
                        .iter()
                        .any(|(scale, bound)| *scale == 1 && *bound == number)
                })
            })
        })
    }
}
