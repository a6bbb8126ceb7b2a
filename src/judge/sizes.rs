//! Sizes at which a claim is judged: those that confirming takes, and others at which each piece of the network exists.

use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};

use crate::claim::{Expr, ExprKind, LetterRule};
use crate::numeric::{Instance, instances, large_instances};
use crate::system::System;
use crate::term::{Affine, Atom, Cmp, Domain, Node, Relation, SizeId, TermId};

/// How many of the usual sizes are taken always.
const USUAL: usize = 3;

/// More conditions are not looked at.
const MOST_CONDITIONS: usize = 200;

/// For so many of those that have no point at the usual sizes others are looked for.
const MOST_UNREACHED: usize = 3;

/// The sizes at which a claim is judged, and those that are looked at only where it says nothing of them.
///
/// `sum_{i > 4} x_i` is empty at small sizes, and `h[k+1] = … if k < 6` is the same for all layers of a shallow network. What
/// the claim file says of sizes, `L = 2`, holds in all of them, if small sizes can do that.
pub(super) fn sizes(system: &System, said: &[LetterRule]) -> (Vec<Instance>, Vec<Instance>) {
    let fixed = fixed(system, said);
    let reaches = |known: &Instance, domain: &Domain| known.clone().reaches(system, domain);
    let mut usual = instances(system, std::slice::from_ref(&fixed));
    if usual.iter().any(|known| reaches(known, &fixed)) {
        usual.retain(|known| reaches(known, &fixed));
    }
    let mut conditions = Conditions {
        system,
        found: Vec::new(),
    };
    for family in &system.families {
        for clause in &family.clauses {
            if let Some(body) = clause.body {
                conditions.collect(body, &clause.domain);
            }
        }
    }
    let (taken, rest) = usual.split_at(usual.len().min(USUAL));
    let (mut taken, mut rest) = (taken.to_vec(), rest.to_vec());
    let mut unreached: Vec<Domain> = conditions
        .found
        .iter()
        .map(|domain| domain.and(&fixed))
        .collect();
    unreached.retain(|domain| {
        !system.ambient.is_empty(domain) && !taken.iter().any(|known| reaches(known, domain))
    });
    unreached.truncate(MOST_UNREACHED);
    // One of the others may do.
    rest.retain(|known| {
        let serves = unreached.iter().any(|domain| reaches(known, domain));
        if serves {
            taken.push(known.clone());
        }
        !serves
    });
    let all = instances(system, &unreached).into_iter();
    let known = |instance: &Instance| usual.iter().any(|other| other.is_same(instance));
    taken.extend(all.filter(|instance| !known(instance) && reaches(instance, &fixed)));
    (taken, rest)
}

/// What a claim file says of sizes.
fn fixed(system: &System, said: &[LetterRule]) -> Domain {
    let mut fixed = Domain::everything();
    for rule in said {
        if let LetterRule::Value(letter, value) = rule
            && let ExprKind::Number(number) = &value.kind
            && let Some(value) = number.to_integer().to_i64()
            && let Some(size) = plain_size(system, letter)
        {
            fixed = fixed.and(&Domain::equal(&Affine::size(size), &Affine::int(value)));
        }
    }
    fixed
}

fn plain_size(system: &System, name: &str) -> Option<SizeId> {
    let mut sizes = (0..system.sizes.len()).map(|at| SizeId(at as u32));
    sizes.find(|size| {
        let known = system.size(*size);
        known.slots == 0 && known.name == name
    })
}

/// Sizes beyond the integers of a claim, at which what it says of `\min(n, 6)` or `T - 4` shows.
pub(super) fn beyond<'e>(
    system: &System,
    members: impl Iterator<Item = &'e Expr>,
) -> Vec<Instance> {
    let most = members.filter_map(greatest_integer).max();
    match most {
        Some(most @ LEAST_INTEGER..=MOST_INTEGER) => large_instances(system, most + BEYOND),
        _ => Vec::new(),
    }
}

/// Smaller integers do not hide at the usual sizes; larger sizes are not tried.
const LEAST_INTEGER: i64 = 3;
const MOST_INTEGER: i64 = 12;

/// Sizes are so much larger: what is left out first may be 0, as `h[0]` is.
const BEYOND: i64 = 3;

fn greatest_integer(expr: &Expr) -> Option<i64> {
    let own = match &expr.kind {
        ExprKind::Number(number) if number.is_integer() => number.to_integer().abs().to_i64(),
        // `T - 2` hides at sizes up to 3, and longer where what it leaves out is 0.
        ExprKind::Sum(_) if takes_two_from_size(expr) => Some(LEAST_INTEGER),
        _ => None,
    };
    let children = expr.children().into_iter();
    own.max(children.filter_map(greatest_integer).max())
}

/// Whether a sum is a size with 2 added or taken away.
fn takes_two_from_size(sum: &Expr) -> bool {
    let parts = sum.children();
    let two = |part: &&Expr| matches!(&part.plain().kind, ExprKind::Number(number) if *number == BigRational::from_integer(2.into()));
    let size = |part: &&Expr| matches!(part.plain().kind, ExprKind::Size(..));
    parts.iter().any(two) && parts.iter().any(size)
}

/// What has to hold of letters and sizes for parts of definitions to count.
struct Conditions<'s> {
    system: &'s System,
    found: Vec<Domain>,
}

impl Conditions<'_> {
    fn push(&mut self, domain: &Domain) {
        let domain = self.of_sizes(domain);
        if self.found.len() < MOST_CONDITIONS && !self.found.contains(&domain) {
            self.found.push(domain);
        }
    }

    /// What has to hold for some values of the integers that it reads: `c > 6` wants more than six classes.
    fn of_sizes(&self, domain: &Domain) -> Domain {
        let furthest = |affine: &Affine| -> Affine {
            affine
                .terms()
                .iter()
                .fold(affine.clone(), |result, (atom, factor)| {
                    let Atom::Read(family, _) = atom else {
                        return result;
                    };
                    let Some((low, high)) = &self.system.family(*family).integers else {
                        return result;
                    };
                    let end = if factor.is_positive() { high } else { low };
                    result.map_atoms(&mut |other| (other == atom).then(|| end.clone()))
                })
        };
        let conditions = domain.constraints().iter().flat_map(|constraint| {
            let affine = constraint.affine();
            match constraint.relation() {
                Relation::NonNegative => vec![furthest(affine)],
                Relation::Zero => {
                    vec![furthest(affine), furthest(&Affine::int(0).minus(affine))]
                }
                Relation::Divisible(_) => Vec::new(),
            }
        });
        Domain::of(conditions.map(|affine| (Relation::NonNegative, affine)))
    }

    fn collect(&mut self, term: TermId, context: &Domain) {
        if self.found.len() >= MOST_CONDITIONS {
            return;
        }
        let node = self.system.store.node(term);
        match node {
            Node::Reduce(_, vars, domain, body) => {
                let inside = context.shadowed(vars).and(domain);
                self.push(&inside);
                crate::stack::deep(|| self.collect(*body, &inside));
            }
            Node::Cases(branches) => {
                let mut left = Some(context.clone());
                for (condition, value) in branches {
                    let own = self.condition(*condition);
                    if let (Some(before), Some(own)) = (&left, &own) {
                        let inside = before.and(own);
                        self.push(&inside);
                        crate::stack::deep(|| self.collect(*value, &inside));
                    }
                    // What is left over, where that is one condition.
                    left = left.zip(own).and_then(|(before, own)| {
                        let mut others = own.complement().into_iter();
                        let other = others.next()?;
                        others.next().is_none().then(|| before.and(&other))
                    });
                }
            }
            node => {
                for child in node.children() {
                    crate::stack::deep(|| self.collect(child, context));
                }
            }
        }
    }

    /// A comparison of indices as a domain; none if it compares values.
    fn condition(&self, term: TermId) -> Option<Domain> {
        let index = |term: TermId| match self.system.store.node(term) {
            Node::Index(affine) => Some(affine.clone()),
            Node::Number(value) if value.is_integer() => {
                i64::try_from(value.to_integer()).ok().map(Affine::int)
            }
            _ => None,
        };
        match self.system.store.node(term) {
            Node::Guard(domain) => Some(domain.clone()),
            Node::Number(_) => Some(Domain::everything()),
            Node::Test(cmp, left, right) => {
                let (left, right) = (index(*left)?, index(*right)?);
                match cmp {
                    Cmp::Greater => Some(Domain::at_least(&left, &right.offset(1))),
                    Cmp::GreaterEqual => Some(Domain::at_least(&left, &right)),
                    Cmp::Equal => Some(Domain::equal(&left, &right)),
                    Cmp::NotEqual => None,
                }
            }
            _ => None,
        }
    }
}
