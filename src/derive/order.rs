//! Who reads whom, and in which order derivatives are found.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use crate::system::{FamilyKind, System};
use crate::term::{Affine, FamilyId, Node, Seen, TermId};

/// The families that `of` depends on, itself first: each before those that it reads, as far as recurrences
/// allow; ties by name, so that the order of the equations does not matter.
pub(super) fn upstream_first(system: &System, of: FamilyId) -> Vec<FamilyId> {
    let mut finished: Vec<FamilyId> = Vec::new();
    let mut seen: FxHashSet<FamilyId> = FxHashSet::default();
    let mut stack: Vec<(FamilyId, Vec<FamilyId>)> = vec![(of, reads(system, of))];
    seen.insert(of);
    while let Some((family, rest)) = stack.last_mut() {
        match rest.pop() {
            Some(next) if seen.insert(next) => {
                let below = reads(system, next);
                stack.push((next, below));
            }
            Some(_) => {}
            None => {
                finished.push(*family);
                stack.pop();
            }
        }
    }
    finished.reverse();
    finished
}

/// The families that a family's definitions read, sorted by name from last to first.
pub(crate) fn reads(system: &System, family: FamilyId) -> Vec<FamilyId> {
    let row = system.family(family);
    let bodies = row.clauses.iter().filter_map(|clause| clause.body);
    let mut found: FxHashSet<FamilyId> = FxHashSet::default();
    let mut seen = Seen::default();
    for body in bodies {
        visit_accesses(system, body, &mut seen, |read, _| {
            found.insert(read);
        });
    }
    if let FamilyKind::OpaqueLoss(arguments) = &row.kind {
        found.extend(arguments.iter().map(|(argument, _)| *argument));
    }
    let mut result: Vec<FamilyId> = found.into_iter().collect();
    result.sort_by_key(|family| std::cmp::Reverse(name_key(system, *family)));
    result
}

/// The different elements that a body reads. Functions of matrices are read through, and so are arguments without a name.
pub(crate) fn accesses(system: &System, body: TermId) -> Vec<(FamilyId, Box<[Affine]>)> {
    let mut found = Vec::new();
    visit_accesses(system, body, &mut Seen::default(), |family, index| {
        found.push((family, index.into()));
    });
    found
}

/// Each element that a body reads, apart from those in terms that were seen.
fn visit_accesses(
    system: &System,
    body: TermId,
    seen: &mut Seen<TermId>,
    mut visit: impl FnMut(FamilyId, &[Affine]),
) {
    let mut stack: SmallVec<[TermId; 8]> = smallvec![body];
    while let Some(term) = stack.pop() {
        if !seen.insert(term) {
            continue;
        }
        if let Node::Access(other, index) = system.store.node(term) {
            let mut of = *other;
            while let FamilyKind::OfMatrix { of: inner, .. } = system.family(of).kind {
                of = inner;
            }
            if system.is_nameless(of) {
                stack.extend(system.family(of).clauses.iter().filter_map(|it| it.body));
            } else {
                visit(of, index);
            }
        }
        stack.extend(system.store.node(term).children());
    }
}

/// Names in natural order; families without a name by what they are derivatives of.
fn name_key(system: &System, family: FamilyId) -> (String, String, FamilyId) {
    match &system.family(family).kind {
        FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => (
            system.family(*of).name.clone(),
            system.family(*wrt).name.clone(),
            family,
        ),
        FamilyKind::Input
        | FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::OpaqueLoss(_) => (
            system.family(family).name.clone(),
            String::new(),
            FamilyId(0),
        ),
    }
}

/// The families of `order` from which one of `wrt` is reached.
pub(super) fn between(
    system: &System,
    order: &[FamilyId],
    wrt: &FxHashSet<FamilyId>,
) -> FxHashSet<FamilyId> {
    let mut users: FxHashMap<FamilyId, Vec<FamilyId>> = FxHashMap::default();
    for family in order {
        for read in reads(system, *family) {
            users.entry(read).or_default().push(*family);
        }
    }
    let mut found: FxHashSet<FamilyId> = FxHashSet::default();
    let mut queue: Vec<FamilyId> = order
        .iter()
        .copied()
        .filter(|family| wrt.contains(family))
        .collect();
    while let Some(family) = queue.pop() {
        if found.insert(family) {
            queue.extend(users.get(&family).into_iter().flatten());
        }
    }
    found
}

pub(super) fn reads_itself(system: &System, order: &[FamilyId], of: FamilyId) -> bool {
    order
        .iter()
        .any(|family| reads(system, *family).contains(&of))
}
