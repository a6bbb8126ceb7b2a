//! Matrices that are their own transposes: by an assumption, by their definition, or as inverses of such.

use num_rational::BigRational;

use crate::normal::Normalizer;
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Node, TermId};

/// Notes those of the families that are defined matrices and their own transposes: kernels, `K + s² I`, diagonal ones.
pub(crate) fn find_symmetric(
    system: &mut System,
    step_at_zero: StepAtZero,
    families: impl IntoIterator<Item = FamilyId>,
) {
    for family in families {
        let known = system.family(family);
        let [clause] = known.clauses.as_slice() else {
            continue;
        };
        let (Some(body), FamilyKind::Defined, 2) = (clause.body, &known.kind, known.axes) else {
            continue;
        };
        if system.symmetric(family).is_some() {
            continue;
        }
        let clause = clause.clone();
        let mut turned = clause.index.to_vec();
        let last = turned.len() - 1;
        turned.swap(last - 1, last);
        let (values, domain) = clause.at(&turned);
        // What is not square is no transpose of itself.
        if !system.ambient.implies(&clause.domain, &domain) {
            continue;
        }
        let turned = system.store.substitute(body, &values);
        let mut assumed = Vec::new();
        let left = symmetrized(system, step_at_zero, body, &mut assumed);
        let right = symmetrized(system, step_at_zero, turned, &mut assumed);
        if are_equal(system, step_at_zero, &clause.domain, left, right) {
            assumed.sort_unstable();
            assumed.dedup();
            system.symmetric_by_definition.push((family, assumed));
        }
    }
}

/// Whether two terms have the same normal form inside a domain.
pub(super) fn are_equal(
    system: &mut System,
    step_at_zero: StepAtZero,
    domain: &Domain,
    left: TermId,
    right: TermId,
) -> bool {
    if left == right {
        return true;
    }
    let mut normalizer = Normalizer::new(system, step_at_zero, domain.clone());
    let (left, right) = (normalizer.normal(left), normalizer.normal(right));
    matches!((left, right), (Ok(left), Ok(right)) if left == right)
}

/// The term with `(A_ij + A_ji)/2` for each element of a symmetric matrix, and what makes these symmetric.
pub(crate) fn symmetrized(
    system: &mut System,
    step_at_zero: StepAtZero,
    term: TermId,
    assumed: &mut Vec<usize>,
) -> TermId {
    let mut families: Vec<FamilyId> = Vec::new();
    system.store.any(term, |node| {
        if let Node::Access(family, _) = node {
            families.push(*family);
        }
        false
    });
    families.sort_unstable();
    families.dedup();
    families.retain(|family| match symmetry(system, step_at_zero, *family) {
        Some(numbers) => {
            assumed.extend(numbers);
            true
        }
        None => false,
    });
    let store = &mut system.store;
    let half = store.number(BigRational::new(1.into(), 2.into()));
    store.replace(term, &mut |store, part| {
        let (family, mut turned) = match store.node(part) {
            Node::Access(family, index) => (*family, index.clone()),
            _ => return None,
        };
        if !families.contains(&family) {
            return None;
        }
        let at = turned.len() - 2;
        turned.swap(at, at + 1);
        let turned = store.access(family, turned);
        let sum = store.add([part, turned]);
        Some(store.mul([half, sum]))
    })
}

/// The assumptions that make the matrices of a family symmetric; none if they are not.
fn symmetry(system: &mut System, step_at_zero: StepAtZero, family: FamilyId) -> Option<Vec<usize>> {
    if let Some(numbers) = system.symmetric(family) {
        return Some(numbers);
    }
    // The inverse of a formula that is its own transpose.
    let of = match system.family(family).kind {
        FamilyKind::OfMatrix { row, of } if row.keeps_shape && system.is_nameless(of) => of,
        _ => return None,
    };
    let clause = system.family(of).clauses.first().cloned()?;
    let body = clause.body?;
    let turned: Vec<Affine> = clause.index.iter().rev().cloned().collect();
    let turned = system.store.substitute(body, &clause.at(&turned).0);
    let mut assumed = Vec::new();
    let left = symmetrized(system, step_at_zero, body, &mut assumed);
    let right = symmetrized(system, step_at_zero, turned, &mut assumed);
    are_equal(system, step_at_zero, &clause.domain, left, right).then_some(assumed)
}
