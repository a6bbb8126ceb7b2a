//! The chain rule as a person states it: `Σ ∂of/∂user ∂user/∂wrt`, one term for each user.

use super::LocalDerivative;
use super::cases::Case;
use crate::derive::{Contribution, Reason, contribution_term, split_domain};
use crate::system::System;
use crate::term::{Affine, Domain, Node, Reduction, TermId, VarId};

/// What one user adds to the chain rule: all of its reads of the quantity together.
struct Group<'a> {
    members: Vec<&'a Contribution>,
}

/// The statement, none if the output reads the quantity itself and nobody else does.
pub(super) fn statement(system: &mut System, case: &Case) -> Option<TermId> {
    let direct = |system: &System, contribution: &Contribution| {
        system.store.is_one(contribution.upstream)
    };
    if case
        .contributions
        .iter()
        .all(|contribution| direct(system, contribution))
    {
        return None;
    }
    let mut parts = Vec::new();
    for group in groups(system, case) {
        let base = group.base();
        if direct(system, base) {
            for member in &group.members {
                parts.push(contribution_term(
                    system,
                    member,
                    member.upstream,
                    member.local,
                ));
            }
            continue;
        }
        if group.members.len() == 1 {
            parts.push(contribution_term(system, base, base.upstream, base.symbol));
            continue;
        }
        let domain = group.range(system, case);
        let product = system.store.mul([base.upstream, base.symbol]);
        parts.push(system.store.reduce(
            Reduction::Sum,
            base.vars.iter().copied(),
            domain,
            product,
        ));
    }
    Some(system.store.add(parts))
}

/// The local derivatives of a case, one for each user.
pub(super) fn locals(system: &mut System, case: &Case) -> Vec<LocalDerivative> {
    let mut result = Vec::new();
    for group in groups(system, case) {
        let base = group.base();
        // What the output itself reads is the equation above.
        if system.store.is_one(base.upstream) {
            continue;
        }
        let index = user_index(system, base);
        let mut parts = Vec::new();
        for member in &group.members {
            // Where a member reads another element of the user, it counts only there.
            let mut here = Domain::everything();
            for (own, other) in index.iter().zip(user_index(system, member)) {
                here = here.and(&Domain::equal(own, &other));
            }
            let vars: Vec<VarId> = if std::ptr::eq(*member, base) {
                Vec::new()
            } else {
                member.vars.to_vec()
            };
            let (inside, outside) = split_domain(&member.domain, &member.vars);
            let outside = if vars.is_empty() { outside } else { outside.and(&inside) };
            let outside = system.ambient.minimal(&outside.and(&here), &case.domain);
            let store = &mut system.store;
            let guard = store.guard(outside);
            let product = store.mul([guard, member.local]);
            parts.push(store.reduce(Reduction::Sum, vars, Domain::everything(), product));
        }
        result.push(LocalDerivative {
            symbol: base.symbol,
            value: system.store.add(parts),
            reason: if group.members.len() == 1 {
                base.reason.clone()
            } else {
                Reason::Rules
            },
        });
    }
    result
}

/// Contributions of the same element of the same user, or of elements that a sum runs over.
fn groups<'a>(system: &System, case: &'a Case) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for contribution in &case.contributions {
        let slots = system.family(contribution.user).slots;
        let own = user_index(system, contribution);
        let fits = groups.iter_mut().find(|group| {
            let base = group.base();
            base.user == contribution.user
                && user_index(system, base)
                    .iter()
                    .zip(&own)
                    .take(slots)
                    .all(|(a, b)| a == b)
        });
        match fits {
            Some(group) => group.members.push(contribution),
            None => groups.push(Group {
                members: vec![contribution],
            }),
        }
    }
    groups
}

impl<'a> Group<'a> {
    /// The member whose sum runs over the most elements; the others are elements of it.
    fn base(&self) -> &'a Contribution {
        let most = self
            .members
            .iter()
            .map(|member| member.vars.len())
            .max()
            .unwrap_or(0);
        self.members
            .iter()
            .find(|member| member.vars.len() == most)
            .expect("a group has a member")
    }

    /// The whole range of the user's letters that the sum runs over.
    fn range(&self, system: &System, case: &Case) -> Domain {
        let base = self.base();
        let index = user_index(system, base);
        let domains = system.family(base.user).clauses.iter().filter_map(|clause| {
            let (_, domain) = clause.at(&index);
            (!system.ambient.is_empty(&domain.and(&case.domain))).then_some(domain)
        });
        let domain = domains.fold(Domain::everything(), |all, domain| all.and(&domain));
        let (inside, _) = split_domain(&domain, &base.vars);
        system.ambient.minimal(&inside, &case.domain)
    }
}

/// The index of the user, read off the symbol.
fn user_index(system: &System, contribution: &Contribution) -> Vec<Affine> {
    let family = system.family(contribution.user);
    match system.store.node(contribution.symbol) {
        Node::Access(_, index) => index[..family.slots + family.axes].to_vec(),
        // A product of symbols, where two equations were joined: the first is the user's.
        Node::Mul(factors) => match system.store.node(factors[0]) {
            Node::Access(_, index) => index[..family.slots + family.axes].to_vec(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
