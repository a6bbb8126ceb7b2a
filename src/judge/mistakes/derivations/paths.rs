//! Ways of the chain rule that are left out.

use super::*;
use crate::term::{Affine, Relation, VarId};

/// A place where a quantity is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Use {
    user: FamilyId,
    read: FamilyId,
    term: TermId,
}

/// The uses of quantities through which there is more than one way to what is differentiated by.
fn uses(subject: &Subject<'_>) -> Vec<Use> {
    let system = subject.system;
    let mut found: Vec<Use> = Vec::new();
    for user in &subject.reached {
        for body in bodies(system, *user) {
            for term in subterms(system, body) {
                if let Node::Access(read, _) = system.store.node(term)
                    && subject.leading.contains(read)
                    && found
                        .iter()
                        .all(|known| (known.user, known.term) != (*user, term))
                {
                    found.push(Use {
                        user: *user,
                        read: *read,
                        term,
                    });
                }
            }
        }
    }
    // One of several uses of a quantity, or of several quantities in one definition.
    let branching: Vec<Use> = found
        .iter()
        .filter(|one| {
            found
                .iter()
                .any(|other| *one != other && (other.read == one.read || other.user == one.user))
        })
        .copied()
        .collect();
    branching
}

fn without(subject: &Subject<'_>, dropped: Vec<Use>) -> Derivation {
    let system = subject.system;
    let names: Vec<String> = dropped
        .iter()
        .map(|one| {
            format!(
                "{} through {}",
                system.family(one.read).name,
                system.family(one.user).name
            )
        })
        .collect();
    Derivation {
        said: format!("the path of {} is left out", names.join(" and of ")),
        change: Box::new(move |system| {
            let stop = stop(system);
            for one in &dropped {
                system.rewrite(one.user, |store, _, term| {
                    (term == one.term).then(|| stopped(store, stop, term))
                });
            }
        }),
    }
}

fn paths(subject: &Subject<'_>) -> Vec<Vec<Use>> {
    let uses = uses(subject);
    subsets(uses.len())
        .into_iter()
        .map(|subset| subset.into_iter().map(|at| uses[at]).collect())
        .collect()
}

/// A quantity that stands at several places of one definition, differentiated at all of them but one.
fn places_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    let system = subject.system;
    let mut found = Vec::new();
    for user in subject.reached.iter().copied() {
        for body in bodies(system, user) {
            let terms = subterms(system, body);
            for term in &terms {
                let Node::Access(read, _) = system.store.node(*term) else {
                    continue;
                };
                if !subject.leading.contains(read) {
                    continue;
                }
                let around: Vec<TermId> = terms
                    .iter()
                    .copied()
                    .filter(|outer| system.store.node(*outer).children().contains(term))
                    .collect();
                if around.len() < 2 {
                    continue;
                }
                let (read, term) = (&system.family(*read).name, *term);
                for outer in around {
                    found.push(Derivation {
                        said: format!(
                            "one of the places of {read} in {} is left out",
                            system.family(user).name
                        ),
                        change: Box::new(move |system| {
                            let stop = stop(system);
                            system.rewrite(user, |store, _, at| {
                                (at == outer).then(|| {
                                    let still = stopped(store, stop, term);
                                    let node = store.node(outer).clone();
                                    let mut children = node.children();
                                    for child in children.iter_mut().filter(|it| **it == term) {
                                        *child = still;
                                    }
                                    store.rebuild(&node, &children)
                                })
                            });
                        }),
                    });
                }
            }
        }
    }
    found
}

/// One of several ways left out.
pub(in super::super) fn paths_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    let wrt = subject.derivative.map(|(_, wrt)| wrt);
    let bias = wrt.is_some_and(|wrt| subject.only_added(wrt));
    paths(subject)
        .into_iter()
        .filter(|dropped| !(bias && dropped.iter().all(|one| Some(one.read) == wrt)))
        .map(|dropped| without(subject, dropped))
        .chain(last_steps(subject).into_iter().filter(|_| !bias))
        .chain(places_left_out(subject))
        .collect()
}

/// Some of the uses of a bias left out.
pub(in super::super) fn bias_uses_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    let Some((_, wrt)) = subject.derivative else {
        return Vec::new();
    };
    if !subject.only_added(wrt) {
        return Vec::new();
    }
    paths(subject)
        .into_iter()
        .filter(|dropped| dropped.iter().all(|one| one.read == wrt))
        .map(|dropped| without(subject, dropped))
        .chain(last_steps(subject))
        .collect()
}

/// A parameter that all steps share, differentiated at the last step or the last two only.
fn last_steps(subject: &Subject<'_>) -> Vec<Derivation> {
    let Some((_, wrt)) = subject.derivative else {
        return Vec::new();
    };
    let system = subject.system;
    let mut found = Vec::new();
    for user in &subject.reached {
        let known = system.family(*user);
        for clause in known.clauses.iter().filter(|_| known.slots > 0) {
            let Some(body) = clause.body else { continue };
            let Some((step, last)) = last_step(clause, known.slots) else {
                continue;
            };
            let shared = subterms(system, body).into_iter().find(|term| {
                matches!(system.store.node(*term), Node::Access(family, index)
                    if *family == wrt && !index.iter().any(|entry| entry.mentions(step)))
            });
            let Some(shared) = shared else { continue };
            let user = *user;
            for (before, counted) in [(0, "the last one is"), (1, "the last two are")] {
                let first = last.minus(&Affine::int(before));
                found.push(Derivation {
                    said: format!(
                        "{} is used at every step of {}, and only {counted} counted",
                        system.family(wrt).name,
                        known.name
                    ),
                    change: Box::new(move |system| {
                        let stop = stop(system);
                        let guard = Domain::at_least(&Affine::var(step), &first);
                        system.rewrite(user, |store, _, term| {
                            (term == shared).then(|| moving_where(store, stop, term, &guard))
                        });
                    }),
                });
            }
        }
    }
    found
}

/// The last slot of a definition: its letter and the greatest value.
fn last_step(clause: &Clause, slots: usize) -> Option<(VarId, Affine)> {
    let step = clause
        .vars
        .iter()
        .copied()
        .find(|var| clause.index[..slots].iter().any(|slot| slot.mentions(*var)))?;
    clause.domain.constraints().iter().find_map(|constraint| {
        let affine = constraint.affine();
        let falls = affine.coefficient_of_var(step) == -num_rational::Ratio::from_integer(1);
        let last = affine.plus(&Affine::var(step));
        (constraint.relation() == Relation::NonNegative && falls && !last.mentions(step))
            .then_some((step, last))
    })
}
