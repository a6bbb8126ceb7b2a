//! The chain rule as a person states it: `Σ ∂of/∂user ∂user/∂wrt`, one term for each user.

use super::LocalDerivative;
use super::cases::Case;
use crate::derive::{Contribution, Reason, contribution_term, split_domain};
use crate::system::System;
use crate::term::{Affine, Domain, Node, Reduction, Substitution, TermId, VarId};

/// What one user adds to the chain rule: all of its reads of the quantity together.
struct Group<'a> {
    /// The member that speaks of the most elements of the user; the others speak of some of these.
    base: Member<'a>,
    members: Vec<Member<'a>>,
}

/// One contribution, with what it says of the elements of its user.
#[derive(Clone)]
struct Member<'a> {
    contribution: &'a Contribution,
    /// The user's element; none where two equations were joined.
    index: Option<Vec<Affine>>,
    /// Bound letters of the element. The others belong to sums inside the user's definition.
    outer: Vec<VarId>,
    /// Where the element is read, whatever the inner letters are.
    domain: Domain,
}

impl<'a> Member<'a> {
    fn new(system: &System, contribution: &'a Contribution) -> Self {
        let store = &system.store;
        let names = |var: &VarId| {
            store.free_vars(contribution.upstream).contains(var)
                || store.free_vars(contribution.symbol).contains(var)
        };
        let (outer, inner): (Vec<VarId>, Vec<VarId>) =
            contribution.vars.iter().copied().partition(names);
        let domain = inner
            .iter()
            .fold(contribution.domain.clone(), |domain, var| {
                domain.project(*var)
            });
        Self {
            contribution,
            index: user_index(system, contribution),
            outer,
            domain,
        }
    }

    /// The letters of this member for which `other` is one of its elements, with their values there.
    fn covers(&self, system: &System, other: &Member) -> Option<Vec<(VarId, Affine)>> {
        let (a, b) = (self.contribution, other.contribution);
        if a.user != b.user {
            return None;
        }
        if a.symbol == b.symbol && self.outer.is_empty() {
            return Some(Vec::new());
        }
        let (index, wanted) = (self.index.as_ref()?, other.index.as_ref()?);
        let slots = system.family(a.user).slots;
        let mut values: Vec<(VarId, Affine)> = Vec::new();
        for (at, (own, wanted)) in index.iter().zip(wanted).enumerate() {
            match own.as_var().filter(|var| self.outer.contains(var)) {
                Some(var) if at >= slots && values.iter().all(|(known, _)| *known != var) => {
                    values.push((var, wanted.clone()));
                }
                _ if own == wanted => {}
                _ => return None,
            }
        }
        // Every letter that the sum runs over must be settled by the element.
        self.outer
            .iter()
            .all(|var| values.iter().any(|(known, _)| known == var) || other.outer.contains(var))
            .then_some(values)
    }
}

/// The statement, none if the output reads the quantity itself and nobody else does, or if two terms may speak of
/// the same element: its local derivative would be counted twice.
pub(super) fn statement(system: &mut System, case: &Case) -> Option<TermId> {
    let direct =
        |system: &System, contribution: &Contribution| system.store.is_one(contribution.upstream);
    if case
        .contributions
        .iter()
        .all(|contribution| direct(system, contribution))
    {
        return None;
    }
    let groups = groups(system, case);
    if may_coincide(system, case, &groups) {
        return None;
    }
    let mut parts = Vec::new();
    for group in groups {
        let base = group.base.contribution;
        if direct(system, base) {
            parts.push(contribution_term(system, base, base.upstream, base.local));
            continue;
        }
        let (inside, outside) = split_domain(&group.domain(system, case), &group.base.outer);
        let store = &mut system.store;
        let product = store.mul([base.upstream, base.symbol]);
        let sum = store.reduce(
            Reduction::Sum,
            group.base.outer.iter().copied(),
            inside,
            product,
        );
        let guard = store.guard(outside);
        parts.push(store.mul([guard, sum]));
    }
    Some(system.store.add(parts))
}

/// The local derivatives of a case, one for each user.
pub(super) fn locals(system: &mut System, case: &Case) -> Vec<LocalDerivative> {
    let groups = groups(system, case);
    if may_coincide(system, case, &groups) {
        return Vec::new();
    }
    let mut result = Vec::new();
    for group in groups {
        let base = group.base.contribution;
        // What the output itself reads is the equation above.
        if system.store.is_one(base.upstream) {
            continue;
        }
        let known = group.domain(system, case).and(&case.domain);
        let parts: Vec<TermId> = group
            .members
            .iter()
            .map(|member| group.share(system, member, &known))
            .collect();
        let mut vars = case.vars.to_vec();
        vars.extend(group.base.outer.iter().copied());
        result.push(LocalDerivative {
            vars: vars.into_boxed_slice(),
            domain: known.clone(),
            symbol: base.symbol,
            value: system.store.add(parts),
            body: definition(system, &group, &known),
            reason: if group.members.len() == 1 {
                base.reason.clone()
            } else {
                Reason::Rules
            },
            conditions: group
                .members
                .iter()
                .flat_map(|member| member.contribution.conditions.iter().cloned())
                .collect(),
        });
    }
    result
}

/// What the user is equal to at its element.
fn definition(system: &mut System, group: &Group, known: &Domain) -> Option<TermId> {
    let index = group.base.index.as_ref()?;
    let clauses = &system.family(group.base.contribution.user).clauses;
    let (body, values) = clauses.iter().find_map(|clause| {
        let (values, inside) = clause.at(index);
        system
            .ambient
            .implies(known, &inside)
            .then_some((clause.body?, values))
    })?;
    Some(system.store.substitute(body, &values))
}

/// Contributions of the same element of the same user, or of elements that a sum runs over.
fn groups<'a>(system: &System, case: &'a Case) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for contribution in &case.contributions {
        let member = Member::new(system, contribution);
        let alone = system.store.is_one(contribution.upstream);
        let fits = groups.iter_mut().filter(|_| !alone).find(|group| {
            group.base.covers(system, &member).is_some()
                || group
                    .members
                    .iter()
                    .all(|other| member.covers(system, other).is_some())
        });
        match fits {
            Some(group) => {
                if group.base.covers(system, &member).is_none() {
                    group.base = member.clone();
                }
                group.members.push(member);
            }
            None => groups.push(Group {
                base: member.clone(),
                members: vec![member],
            }),
        }
    }
    groups
}

/// Whether two of the groups may, for all that is known, speak of the same element of the same user.
fn may_coincide(system: &System, case: &Case, groups: &[Group]) -> bool {
    let pairs = groups
        .iter()
        .enumerate()
        .flat_map(|(at, one)| groups[at + 1..].iter().map(move |other| (one, other)));
    pairs
        .filter(|(one, other)| one.base.contribution.user == other.base.contribution.user)
        .any(|(one, other)| {
            let (Some(a), Some(b)) = (&one.base.index, &other.base.index) else {
                return false;
            };
            let same = a.iter().zip(b).fold(case.domain.clone(), |same, (a, b)| {
                same.and(&Domain::equal(a, b))
            });
            let both = same.and(&one.base.domain).and(&other.base.domain);
            !system.ambient.is_empty(&both)
        })
}

impl Group<'_> {
    /// What all members say of the elements that the statement names.
    fn domain(&self, system: &System, case: &Case) -> Domain {
        if self.members.len() == 1 {
            return system.ambient.minimal(&self.base.domain, &case.domain);
        }
        // What the base leaves out because its other conditions imply it still holds of all elements.
        let clauses = &system.family(self.base.contribution.user).clauses;
        let ranges = self
            .base
            .index
            .iter()
            .flat_map(|index| clauses.iter().map(|clause| clause.at(index).1))
            .filter(|range| !range.is_nothing());
        let all = ranges.fold(self.base.domain.clone(), |all, range| all.and(&range));
        let common = all.filter(|constraint| {
            let constraint = Domain::of([(constraint.relation(), constraint.affine().clone())]);
            self.members.iter().all(|member| {
                let values = self.base.covers(system, member).unwrap_or_default();
                let there = Substitution::new(values).domain(&constraint);
                system
                    .ambient
                    .implies(&case.domain.and(&member.domain), &there)
            })
        });
        system.ambient.minimal(&common, &case.domain)
    }

    /// What a member adds to the local derivative, inside the known domain.
    fn share(&self, system: &mut System, member: &Member, known: &Domain) -> TermId {
        let contribution = member.contribution;
        // Where it speaks of another element than the base, it counts only there.
        let mut domain = contribution.domain.clone();
        for (var, value) in self.base.covers(system, member).unwrap_or_default() {
            domain = domain.and(&Domain::equal(&Affine::var(var), &value));
        }
        let bound: Vec<VarId> = contribution
            .vars
            .iter()
            .copied()
            .filter(|var| !self.base.outer.contains(var))
            .collect();
        let (solved, rest) = domain.solve(&bound);
        let left: Vec<VarId> = bound
            .into_iter()
            .filter(|var| solved.get(*var).is_none())
            .collect();
        let rest = system.ambient.minimal(&rest, known);
        let (inside, outside) = split_domain(&rest, &left);
        let store = &mut system.store;
        let local = store.substitute(contribution.local, &solved);
        let sum = store.reduce(Reduction::Sum, left, inside, local);
        let guard = store.guard(outside);
        store.mul([guard, sum])
    }
}

/// The index of the user, read off the symbol; none for a product of symbols, where two equations were joined.
fn user_index(system: &System, contribution: &Contribution) -> Option<Vec<Affine>> {
    let family = system.family(contribution.user);
    match system.store.node(contribution.symbol) {
        Node::Access(_, index) => Some(index[..family.slots + family.axes].to_vec()),
        _ => None,
    }
}
