//! Which indices of a family are elements, how long its axes are, and how a layout turns derivatives.

use super::Layout;
use crate::system::{Clause, FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Relation, VarId};

/// The places of elements in the index of a family, split into those of what is differentiated and those
/// of what it is differentiated by. A family that is no derivative has only the second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Axes {
    pub(super) of: Vec<usize>,
    pub(super) by: Vec<usize>,
}

/// A place in an array: the row, the column.
pub(super) type Orientation = (Option<usize>, Option<usize>);

impl Axes {
    pub(super) fn of(system: &System, family: FamilyId) -> Self {
        let row = system.family(family);
        match row.kind {
            FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
                let rank = system.family(of).slots + system.family(of).axes;
                let behind = places(system, wrt);
                Self {
                    of: places(system, of),
                    by: behind.into_iter().map(|at| at + rank).collect(),
                }
            }
            FamilyKind::Input
            | FamilyKind::Defined
            | FamilyKind::OfMatrix { .. }
            | FamilyKind::OpaqueLoss(_) => Self {
                of: Vec::new(),
                by: places(system, family),
            },
        }
    }

    pub(super) fn count(&self) -> usize {
        self.of.len() + self.by.len()
    }

    /// Which place is the row and which the column; none with more than two.
    pub(super) fn oriented(&self, derivative: bool, layout: Layout) -> Option<Orientation> {
        let numerator = derivative && layout == Layout::Numerator;
        let turned = derivative && layout == Layout::Denominator;
        match (self.of.as_slice(), self.by.as_slice()) {
            ([], []) => Some((None, None)),
            ([], [at]) if numerator => Some((None, Some(*at))),
            ([], [at]) => Some((Some(*at), None)),
            ([], [row, column]) if numerator => Some((Some(*column), Some(*row))),
            ([], [row, column]) => Some((Some(*row), Some(*column))),
            ([at], []) if turned => Some((None, Some(*at))),
            ([at], []) => Some((Some(*at), None)),
            ([above], [below]) | ([below, above], []) if turned => {
                Some((Some(*below), Some(*above)))
            }
            ([above], [below]) | ([above, below], []) => Some((Some(*above), Some(*below))),
            _ => None,
        }
    }
}

/// The places of elements, whatever they belong to.
fn places(system: &System, family: FamilyId) -> Vec<usize> {
    let row = system.family(family);
    match row.kind {
        FamilyKind::Adjoint { .. } | FamilyKind::Local { .. } => {
            let Axes { of, by } = Axes::of(system, family);
            of.into_iter().chain(by).collect()
        }
        FamilyKind::Input
        | FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::OpaqueLoss(_) => (row.slots..row.slots + row.axes).collect(),
    }
}

/// Whether a family is a derivative.
pub(super) fn is_derivative(system: &System, family: FamilyId) -> bool {
    matches!(
        system.family(family).kind,
        FamilyKind::Adjoint { .. } | FamilyKind::Local { .. }
    )
}

/// The length of the axis at a place of a family's index, the other indices being as given. None if the
/// axis does not run from 1 to a size whatever the other elements are.
pub(super) fn length(
    system: &System,
    family: FamilyId,
    index: &[Affine],
    at: usize,
    context: &Domain,
) -> Option<Affine> {
    let row = system.family(family);
    match row.kind {
        FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
            let rank = system.family(of).slots + system.family(of).axes;
            let (above, below) = index.split_at(rank.min(index.len()));
            if at < rank {
                length(system, of, above, at, context)
            } else {
                length(system, wrt, below, at - rank, context)
            }
        }
        FamilyKind::Input
        | FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::OpaqueLoss(_) => {
            let mut sizes: Vec<(Affine, Domain)> = Vec::new();
            for clause in &row.clauses {
                let (values, here) = clause.at(index);
                let here = here.and(context);
                if !system.ambient.is_empty(&here) {
                    sizes.push((values.affine(&upper(clause, at, row.slots)?), here));
                }
            }
            // A boundary has the size of the others where it holds: `n[0]` is `n[k]` at k = 0.
            let everywhere = |size: &&Affine| {
                sizes.iter().all(|(other, here)| {
                    other == *size || system.ambient.implies(here, &Domain::equal(other, size))
                })
            };
            sizes.iter().map(|(size, _)| size).find(everywhere).cloned()
        }
    }
}

/// The last value of the element letter at a place of a clause, if the clause holds from 1 on up to it and
/// nothing else is said of the letter.
fn upper(clause: &Clause, at: usize, slots: usize) -> Option<Affine> {
    let letter = clause.index.get(at)?.as_var()?;
    let others: Vec<VarId> = clause
        .index
        .iter()
        .enumerate()
        .filter(|(other, _)| *other >= slots && *other != at)
        .filter_map(|(_, index)| index.as_var())
        .collect();
    full_range(&clause.domain, letter, &others)
}

/// The size `n` if all that a domain says of a letter is that it runs from 1 to `n`, where `n` depends on
/// none of the other element letters.
pub(super) fn full_range(domain: &Domain, letter: VarId, others: &[VarId]) -> Option<Affine> {
    let mut last = None;
    let mut from_one = false;
    for constraint in domain.constraints() {
        let affine = constraint.affine();
        if !affine.mentions(letter) {
            continue;
        }
        let coefficient = affine.coefficient_of_var(letter);
        let rest = affine.add_scaled(&Affine::var(letter), -coefficient);
        if constraint.relation() != Relation::NonNegative || rest.mentions(letter) {
            return None;
        }
        if coefficient == num_rational::Ratio::from(1) && rest == Affine::int(-1) {
            from_one = true;
        } else if coefficient == num_rational::Ratio::from(-1)
            && last.is_none()
            && !others.iter().any(|other| rest.mentions(*other))
        {
            last = Some(rest);
        } else {
            return None;
        }
    }
    last.filter(|_| from_one)
}
