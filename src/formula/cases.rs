//! The cases of an adjoint: its domain split by what the slots say, each case with the terms that are
//! not 0 in it, written with the letters of the definitions.

use num_traits::{One, Signed};

use super::Lettering;
use crate::derive::{AdjointPiece, Contribution, split_domain};
use crate::simplify::Condition;
use crate::system::{FamilyKind, System};
use crate::term::{Affine, Atom, Constraint, Domain, FamilyId, Relation, Substitution, VarId};

/// One case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) vars: Box<[VarId]>,
    pub(super) index: Box<[Affine]>,
    pub(super) domain: Domain,
    pub(super) contributions: Vec<Contribution>,
    /// Terms that are 0, but only under a condition.
    pub(super) vanished: Vec<Contribution>,
}

/// Beyond this many cases the conditions stay guards in the terms.
const MOST_CASES: usize = 12;

/// The cases of one piece of an adjoint family, base cases (without upstream terms) first.
pub(super) fn cases(
    system: &mut System,
    family: FamilyId,
    piece: &AdjointPiece,
    lettering: Lettering,
) -> Vec<Case> {
    let slots = system.family(family).slots;
    let slot_vars: Vec<VarId> = piece.index[..slots]
        .iter()
        .filter_map(Affine::as_var)
        .collect();
    let of = match system.family(family).kind {
        FamilyKind::Adjoint { of, .. } | FamilyKind::Local { of, .. } => system.family(of),
        _ => system.family(family),
    };
    let outer: Vec<VarId> = piece.index[..of.slots + of.axes]
        .iter()
        .filter_map(Affine::as_var)
        .collect();
    let elements: Vec<VarId> = piece
        .index
        .iter()
        .zip(are_elements(system, family))
        .filter_map(|(index, is_element)| index.as_var().filter(|_| is_element))
        .collect();
    let guards = slot_guards(piece, &slot_vars, &outer, &elements);
    let domains = split(system, piece, &guards);
    let mut result: Vec<Case> = domains
        .into_iter()
        .map(|domain| {
            let case = case(system, piece, &domain, &slot_vars);
            let case = match lettering {
                Lettering::AsRead => case.lettered(system, slots),
                Lettering::Bare => case,
            };
            case.tidied(system)
        })
        .collect();
    result.sort_by_key(|case| {
        case.contributions
            .iter()
            .any(|contribution| !system.store.is_one(contribution.upstream))
    });
    result
}

/// Of each index of a family, whether it is one of elements; those of a derivative are those of both quantities.
fn are_elements(system: &System, family: FamilyId) -> Vec<bool> {
    let row = system.family(family);
    match row.kind {
        FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
            let mut all = are_elements(system, of);
            all.extend(are_elements(system, wrt));
            all
        }
        _ => (0..row.slots + row.axes)
            .map(|at| at >= row.slots)
            .collect(),
    }
}

/// The conditions of the contributions that speak of slots only. That a slot of the output is one of what is
/// differentiated by is none of them: as between `elements`, it is written `δ`. Nor is that it is a whole number that inputs
/// give, `[i = c]`: a case for each order of such numbers says nothing more.
fn slot_guards(
    piece: &AdjointPiece,
    slot_vars: &[VarId],
    outer: &[VarId],
    elements: &[VarId],
) -> Vec<Constraint> {
    let joins = |constraint: &Constraint| {
        let (mut one, mut other) = (false, false);
        let mut of_elements = true;
        let mut count = 0;
        constraint.affine().visit_vars(&mut |var| {
            one |= outer.contains(&var);
            other |= !outer.contains(&var);
            of_elements &= elements.contains(&var);
            count += 1;
        });
        constraint.relation() == Relation::Zero && (one && other || of_elements && count > 1)
    };
    let mut guards = Vec::new();
    for contribution in &piece.contributions {
        let (_, outside) = split_domain(&contribution.domain, &contribution.vars);
        for constraint in outside.constraints() {
            if about_slots(constraint, slot_vars)
                && !constraint.affine().reads()
                && !joins(constraint)
                && !guards.contains(constraint)
            {
                guards.push(constraint.clone());
            }
        }
    }
    guards
}

fn about_slots(constraint: &Constraint, slot_vars: &[VarId]) -> bool {
    let mut only = true;
    let mut any = false;
    constraint.affine().visit_vars(&mut |var| {
        any = true;
        only &= slot_vars.contains(&var);
    });
    any && only
}

/// The domain of the piece split by the guards, parts with the same live terms joined again.
fn split(system: &System, piece: &AdjointPiece, guards: &[Constraint]) -> Vec<Domain> {
    let ambient = &system.ambient;
    let mut parts = vec![piece.domain.clone()];
    for guard in guards {
        let holds = Domain::of([(guard.relation(), guard.affine().clone())]);
        let mut next = Vec::new();
        for part in parts {
            if ambient.implies(&part, &holds) {
                next.push(part);
                continue;
            }
            let inside = part.and(&holds);
            if !ambient.is_empty(&inside) {
                next.push(inside);
            }
            for negation in holds.complement() {
                let outside = part.and(&negation);
                if !ambient.is_empty(&outside) {
                    next.push(outside);
                }
            }
        }
        if next.len() > MOST_CASES {
            return vec![piece.domain.clone()];
        }
        parts = next;
    }
    parts
}

fn case(system: &mut System, piece: &AdjointPiece, domain: &Domain, slot_vars: &[VarId]) -> Case {
    // A slot that has one value in this case is written as that value.
    let whole = equations_first(system, domain, slot_vars);
    let (fixed, rest) = whole.solve(slot_vars);
    Case {
        vars: piece
            .vars
            .iter()
            .copied()
            .filter(|var| fixed.get(*var).is_none())
            .collect(),
        index: piece
            .index
            .iter()
            .map(|index| fixed.affine(index))
            .collect(),
        domain: rest,
        contributions: live(system, &piece.contributions, &whole, &fixed),
        vanished: live(system, &piece.vanished, &whole, &fixed),
    }
}

/// Pairs of inequalities that pin a slot letter become equations.
fn equations_first(system: &System, domain: &Domain, slot_vars: &[VarId]) -> Domain {
    let mut result = domain.clone();
    for var in slot_vars {
        let (lower, _) = result.bounds(*var);
        for (scale, bound) in lower {
            if scale != 1 {
                continue;
            }
            let equation = Domain::equal(&Affine::var(*var), &bound);
            if system.ambient.implies(&result, &equation) {
                result = result.and(&equation);
                break;
            }
        }
    }
    result
}

/// The terms that may count in a part of the piece, at the values that letters have there.
fn live(
    system: &mut System,
    contributions: &[Contribution],
    domain: &Domain,
    fixed: &Substitution,
) -> Vec<Contribution> {
    contributions
        .iter()
        .filter_map(|contribution| {
            let nowhere = system.ambient.is_empty(&domain.and(&contribution.domain));
            (!nowhere).then(|| substituted(system, contribution.clone(), fixed))
        })
        .collect()
}

fn substituted(
    system: &mut System,
    contribution: Contribution,
    substitution: &Substitution,
) -> Contribution {
    if substitution.is_empty() {
        return contribution;
    }
    let store = &mut system.store;
    Contribution {
        domain: substitution.domain(&contribution.domain),
        upstream: store.substitute(contribution.upstream, substitution),
        symbol: store.substitute(contribution.symbol, substitution),
        local: store.substitute(contribution.local, substitution),
        raw: store.substitute(contribution.raw, substitution),
        conditions: contribution
            .conditions
            .iter()
            .map(|condition| condition.at(store, substitution))
            .collect(),
        ..contribution
    }
}

impl Case {
    /// What its local derivatives rest on.
    pub(super) fn conditions(&self) -> impl Iterator<Item = Condition> {
        self.contributions
            .iter()
            .chain(&self.vanished)
            .flat_map(|contribution| contribution.conditions.iter().cloned())
    }

    /// The conditions under which `index` lies in the case, and the values of its letters there.
    pub(super) fn at(&self, index: &[Affine]) -> (Substitution, Domain) {
        Substitution::matching(&self.vars, &self.index, &self.domain, index)
    }

    /// The part of the case where the index has the wanted values.
    pub(super) fn restricted(
        &self,
        system: &mut System,
        wanted: &[Option<Affine>],
    ) -> Option<Case> {
        let mut domain = self.domain.clone();
        for (index, value) in self.index.iter().zip(wanted) {
            if let Some(value) = value {
                domain = domain.and(&Domain::equal(index, value));
            }
        }
        if domain.is_nothing() || system.ambient.is_empty(&domain) {
            return None;
        }
        let (fixed, rest) = domain.solve(&self.vars);
        let restricted = Case {
            vars: self
                .vars
                .iter()
                .copied()
                .filter(|var| fixed.get(*var).is_none())
                .collect(),
            index: self.index.iter().map(|index| fixed.affine(index)).collect(),
            domain: rest,
            contributions: live(system, &self.contributions, &domain, &fixed),
            vanished: live(system, &self.vanished, &domain, &fixed),
        };
        Some(restricted.tidied(system))
    }

    /// Conditions that follow from the case are dropped.
    fn tidied(mut self, system: &System) -> Case {
        self.domain = system.ambient.minimal(&self.domain, &Domain::everything());
        for contribution in &mut self.contributions {
            contribution.domain = system.ambient.minimal(&contribution.domain, &self.domain);
        }
        self
    }

    /// The index as the definitions write it: `z[k+1]_j` where they read it so, with their letters.
    fn lettered(self, system: &mut System, slots: usize) -> Case {
        let best = self
            .contributions
            .iter()
            .filter_map(|contribution| self.wishes(&contribution.written, slots))
            .min_by_key(|wishes| {
                wishes
                    .iter()
                    .flatten()
                    .map(|(_, offset)| offset.abs())
                    .sum::<i64>()
            });
        let Some(wishes) = best else {
            return self;
        };
        let start = self.index.len() - wishes.len();
        let mut pairs = Vec::new();
        let mut vars = self.vars.to_vec();
        for (index, wish) in self.index[start..].iter().zip(wishes) {
            let (Some(var), Some((letter, offset))) = (index.as_var(), wish) else {
                continue;
            };
            let letter = system.store.letter(letter).to_owned();
            let fresh = system.store.fresh_var(&letter);
            pairs.push((var, Affine::var(fresh).offset(offset)));
            for known in &mut vars {
                if *known == var {
                    *known = fresh;
                }
            }
        }
        let renaming = Substitution::new(pairs);
        let renamed = |system: &mut System, contributions: Vec<Contribution>| {
            contributions
                .into_iter()
                .map(|contribution| substituted(system, contribution, &renaming))
                .collect()
        };
        Case {
            vars: vars.into_boxed_slice(),
            index: self
                .index
                .iter()
                .map(|index| renaming.affine(index))
                .collect(),
            domain: renaming.domain(&self.domain),
            contributions: renamed(system, self.contributions),
            vanished: renamed(system, self.vanished),
        }
    }

    /// For each own index the letter and offset that a definition writes; none where the case has fixed it.
    /// Nothing at all if the definition writes something that is not a letter plus a number.
    fn wishes(&self, written: &[Affine], slots: usize) -> Option<Vec<Option<(VarId, i64)>>> {
        let start = self.index.len() - written.len();
        let slots = slots.saturating_sub(start);
        written
            .iter()
            .zip(&self.index[start..])
            .enumerate()
            .map(|(at, (written, index))| {
                if index.as_var().is_none() {
                    return Some(None);
                }
                let [(Atom::Var(var), coefficient)] = written.terms() else {
                    return None;
                };
                let offset = written.constant();
                let plain = coefficient.is_one() && offset.is_integer();
                let allowed = at < slots || !offset.abs().is_positive();
                (plain && allowed).then(|| Some((*var, offset.to_integer())))
            })
            .collect()
    }
}
