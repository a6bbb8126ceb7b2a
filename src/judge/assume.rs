//! "Equal only if": the smallest set of signs under which a claim would be right.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use super::line::{Judge, Relation};
use super::look::Counterexample;
use super::point::Demands;
use crate::claim::{Expr, ExprKind};
use crate::derive::split_domain;
use crate::source::Span;
use crate::system::{Assumption, Fact, FamilyKind, FamilyRole, System};
use crate::term::{Cmp, Domain, FamilyId, Node, Reduction, TermId};

/// The conditions under which a refuted claim is equal, from a fixed list: signs, facts of what the targets are, a small
/// constant that vanishes. None that holds where the claim was refuted.
pub(super) fn only_if(
    judge: &mut Judge<'_>,
    truth: &Expr,
    claim: &Expr,
    example: &Counterexample,
) -> Option<Vec<String>> {
    signs(judge, truth, claim, example)
        .or_else(|| targets(judge, truth, claim, example))
        .or_else(|| vanishing(judge, truth, claim).map(|name| vec![format!("{name} = 0")]))
}

/// Whether a claim is right where these systems stand in for the network's, at every instance.
fn holds_over(
    judge: &mut Judge<'_>,
    truth: &Expr,
    claim: &Expr,
    change: &dyn Fn(&mut System) -> Option<()>,
) -> bool {
    let mut others = Vec::new();
    for lowering in &judge.lowerings {
        let mut system = lowering.system.clone();
        if change(&mut system).is_none() {
            return false;
        }
        others.push(lowering.over(system));
    }
    let own = std::mem::replace(&mut judge.lowerings, others);
    let relation = judge.relation(truth, claim, &Demands::default(), false);
    judge.lowerings = own;
    matches!(relation, Relation::Same { except: None, .. })
}

/// Facts of targets that the network does not assume: they sum to 1, or are one-hot, or binary.
fn targets(
    judge: &mut Judge<'_>,
    truth: &Expr,
    claim: &Expr,
    example: &Counterexample,
) -> Option<Vec<String>> {
    let system = judge.system;
    let targets: Vec<FamilyId> = families(system)
        .filter(|family| {
            let known = system.family(*family);
            known.role == Some(FamilyRole::Target)
                && known.clauses.len() == 1
                && !has_other_values(system, *family)
        })
        .collect();
    for family in targets {
        let known = system.family(family);
        let clause = known.clauses[0].clone();
        let last = clause.vars.last().copied();
        let over = match known.axes {
            0 => None,
            _ => last,
        };
        let name = &known.name;
        let facts: Vec<(String, Kind)> = match over {
            None => vec![(format!("{name} in {{0, 1}}"), Kind::Binary)],
            Some(_) => {
                let all = if known.axes == 1 { "" } else { ", rows" };
                vec![
                    (format!("sum({name}{all}) = 1"), Kind::SumsToOne),
                    (format!("{name} onehot"), Kind::OneHot),
                    (format!("{name} in {{0, 1}}"), Kind::Binary),
                ]
            }
        };
        for (said, kind) in facts {
            if matches!(kind, Kind::Binary) && example.binary.contains(&family) {
                continue;
            }
            let change = |system: &mut System| {
                let element = system.store.access(family, clause.index.iter().cloned());
                let one = system.store.int(1);
                let all = clause.vars.clone();
                let others: Box<[_]> = all
                    .iter()
                    .copied()
                    .filter(|var| Some(*var) != over)
                    .collect();
                let (own, rest) = match over {
                    Some(var) => split_domain(&clause.domain, &[var]),
                    None => (clause.domain.clone(), Domain::everything()),
                };
                let (vars, domain, fact) = match (kind, over) {
                    (Kind::SumsToOne, Some(var)) => {
                        let sum = system.store.reduce(Reduction::Sum, [var], own, element);
                        (others, rest, Fact::Compare(Cmp::Equal, sum, one))
                    }
                    (Kind::OneHot, Some(var)) => {
                        (others, clause.domain.clone(), Fact::OneHot(element, var))
                    }
                    _ => {
                        let values = [0, 1].map(|value| BigRational::from_integer(value.into()));
                        (
                            all,
                            clause.domain.clone(),
                            Fact::OneOf(element, values.to_vec()),
                        )
                    }
                };
                system.assumptions.push(Assumption {
                    vars,
                    domain,
                    fact,
                    span: Span::default(),
                });
                Some(())
            };
            if holds_over(judge, truth, claim, &change) {
                return Some(vec![said]);
            }
        }
    }
    None
}

/// Whether a quantity is declared to take values other than 0 and 1, as y in {-1, 1}.
fn has_other_values(system: &System, family: FamilyId) -> bool {
    system.assumptions.iter().any(|assumption| {
        matches!(&assumption.fact, Fact::OneOf(term, values)
            if system.store.reads(*term, family)
                && values.iter().any(|value| !value.is_zero() && !value.is_one()))
    })
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    SumsToOne,
    OneHot,
    Binary,
}

/// A small constant at whose limit the claim is right: it stands under a root or in a denominator, added to something.
fn vanishing(judge: &mut Judge<'_>, truth: &Expr, claim: &Expr) -> Option<String> {
    let system = judge.system;
    let small: Vec<FamilyId> = families(system)
        .filter(|family| {
            let known = system.family(*family);
            known.slots + known.axes == 0
                && only_added_below(system, *family)
                && may_vanish(system, *family)
        })
        .collect();
    for family in small {
        let change = |system: &mut System| {
            let zero = system.store.int(0);
            let known = &mut system.families[family.0 as usize];
            known.kind = FamilyKind::Defined;
            for clause in &mut known.clauses {
                clause.body = Some(zero);
            }
            let about = |fact: &Fact| is_about(system, fact, family);
            let kept = system
                .assumptions
                .iter()
                .filter(|assumption| !about(&assumption.fact))
                .cloned()
                .collect();
            system.assumptions = kept;
            Some(())
        };
        if holds_over(judge, truth, claim, &change) {
            return Some(system.family(family).name.clone());
        }
    }
    None
}

/// Whether a fact speaks of a number.
fn is_about(system: &System, fact: &Fact, family: FamilyId) -> bool {
    match fact {
        Fact::Compare(_, a, b) => system.store.reads(*a, family) || system.store.reads(*b, family),
        Fact::OneOf(term, _) => system.store.reads(*term, family),
        Fact::OneHot(..) | Fact::Matrix(..) => false,
    }
}

/// Whether all that is assumed of a number is seen to hold where it is 0.
fn may_vanish(system: &System, family: FamilyId) -> bool {
    let zero = BigRational::zero();
    let value = |term: TermId| match system.store.node(term) {
        Node::Access(other, _) if *other == family => Some(zero.clone()),
        _ => system.store.as_number(term).cloned(),
    };
    let holds = |fact: &Fact| match fact {
        Fact::Compare(relation, a, b) => match (value(*a), value(*b)) {
            (Some(a), Some(b)) => match relation {
                Cmp::Greater => a > b,
                Cmp::GreaterEqual => a >= b,
                Cmp::Equal => a == b,
                Cmp::NotEqual => a != b,
            },
            _ => false,
        },
        Fact::OneOf(term, values) => value(*term).is_some_and(|value| values.contains(&value)),
        Fact::OneHot(..) | Fact::Matrix(..) => false,
    };
    system
        .assumptions
        .iter()
        .filter(|assumption| is_about(system, &assumption.fact, family))
        .all(|assumption| holds(&assumption.fact))
}

/// Whether a number stands in sums below powers that are no positive whole ones, and nowhere else.
pub(super) fn only_added_below(system: &System, family: FamilyId) -> bool {
    let mut found = false;
    for user in system.family_ids() {
        for clause in &system.family(user).clauses {
            let Some(body) = clause.body else { continue };
            if !system.store.reads(body, family) {
                continue;
            }
            if !below_powers(system, body, family, false) {
                return false;
            }
            found = true;
        }
    }
    found
}

fn below_powers(system: &System, term: TermId, family: FamilyId, inside: bool) -> bool {
    let own = |term: &TermId| matches!(system.store.node(*term), Node::Access(other, _) if *other == family);
    match system.store.node(term) {
        Node::Access(..) => !own(&term),
        Node::Power(base, exponent) => {
            let special = system
                .store
                .as_number(*exponent)
                .is_some_and(|value| !value.is_integer() || value.is_negative());
            below_powers(system, *base, family, inside || special)
                && below_powers(system, *exponent, family, false)
        }
        // `x - 3` is no number with a small one added to it.
        Node::Add(terms) => {
            let constant = |term: &TermId| own(term) || system.store.as_number(*term).is_some();
            let added = inside && !terms.iter().all(constant);
            terms
                .iter()
                .all(|term| (added && own(term)) || below_powers(system, *term, family, inside))
        }
        // The logarithm's slope is a denominator.
        Node::Apply(function, _, arguments) if system.function(*function).name == "log" => {
            arguments
                .iter()
                .all(|argument| below_powers(system, *argument, family, true))
        }
        node => node
            .children()
            .iter()
            .all(|child| below_powers(system, *child, family, inside)),
    }
}

/// Quantities that are given and are no whole numbers.
fn families(system: &System) -> impl Iterator<Item = FamilyId> + '_ {
    system.family_ids().filter(|family| {
        let known = system.family(*family);
        known.kind == FamilyKind::Input && known.integers.is_none()
    })
}

/// The smallest set of signs under which the claim is right.
fn signs(
    judge: &mut Judge<'_>,
    truth: &Expr,
    claim: &Expr,
    example: &Counterexample,
) -> Option<Vec<String>> {
    if speaks_of_derivatives(truth) && !closed_and_smooth(claim) {
        return None;
    }
    let wants_signs = has_kinks(judge)
        || takes_logarithms(claim)
        || !speaks_of_derivatives(truth) && (bends(claim) || bends(truth));
    if !wants_signs {
        return None;
    }
    let families: Vec<FamilyId> = families(judge.system).collect();
    let count = families.len();
    let excluded = |set: &[FamilyId]| {
        !set.iter()
            .any(|family| example.not_positive.contains(family))
    };
    let positive = |judge: &mut Judge<'_>, set: &[FamilyId]| {
        let demands = Demands {
            positive: set.to_vec(),
            ..Demands::default()
        };
        judge.relation(truth, claim, &demands, false)
    };
    let all = positive(judge, &families);
    // What is wrong where everything is positive is wrong where only some of it is.
    if !matches!(all, Relation::Differs(_)) && !excluded(&families) {
        let mut sets: Vec<Vec<FamilyId>> = Vec::new();
        for size in 1..=3usize.min(count) {
            subsets(&families, size, &mut Vec::new(), 0, &mut sets);
        }
        sets.retain(|set| !excluded(set));
        sets.truncate(MOST_SETS);
        for set in sets {
            if let Relation::Same { except: None, .. } = positive(judge, &set) {
                return Some(signs_of(judge.system, &set));
            }
        }
        if let Relation::Same { except: None, .. } = all {
            return Some(signs_of(judge.system, &families));
        }
    }
    let active = !example.step_pattern.contains(['-', '0']);
    if !active
        && let Relation::Same { .. } = judge.relation(truth, claim, &Demands::default(), true)
    {
        return Some(vec!["every unit is active".into()]);
    }
    None
}

/// More sets of positive families are not tried.
const MOST_SETS: usize = 80;

fn signs_of(system: &System, families: &[FamilyId]) -> Vec<String> {
    families
        .iter()
        .map(|family| format!("{} > 0", system.family(*family).name))
        .collect()
}

fn subsets(
    all: &[FamilyId],
    size: usize,
    chosen: &mut Vec<FamilyId>,
    from: usize,
    into: &mut Vec<Vec<FamilyId>>,
) {
    if chosen.len() == size {
        into.push(chosen.clone());
        return;
    }
    for at in from..all.len() {
        chosen.push(all[at]);
        subsets(all, size, chosen, at + 1, into);
        chosen.pop();
    }
}

fn has_kinks(judge: &Judge<'_>) -> bool {
    judge.system.functions.iter().any(|function| {
        matches!(
            function.name.as_str(),
            "relu" | "step" | "abs" | "max" | "min"
        )
    }) || judge.system.family_ids().any(|family| {
        // A root of a square is no kinked function, but depends on signs as one does.
        let known = judge.system.family(family);
        known.clauses.iter().filter_map(|clause| clause.body).any(|body| {
            judge.system.store.any(body, |node| {
                matches!(node, Node::Power(_, exponent)
                    if judge.system.store.as_number(*exponent).is_some_and(|value| !value.is_integer()))
            })
        })
    })
}

/// Whether a function with a kink is taken, or a root.
fn bends(expr: &Expr) -> bool {
    expr.any(&mut |inner| match &inner.kind {
        ExprKind::Call(name, ..) => is_kinked(name),
        ExprKind::Power(_, exponent, _) => {
            !matches!(&exponent.plain().kind, ExprKind::Number(number) if number.is_integer())
        }
        _ => false,
    })
}

fn is_kinked(name: &str) -> bool {
    matches!(name, "relu" | "step" | "sign" | "abs" | "max" | "min")
}

/// Whether a logarithm is taken, which there is of positive numbers only.
fn takes_logarithms(claim: &Expr) -> bool {
    let log = |name: &str| matches!(name, "log" | "log2" | "log10");
    claim.any(&mut |inner| matches!(&inner.kind, ExprKind::Call(name, ..) if log(name)))
}

/// Whether an expression is a derivative or made from one, as `m ∂C/∂z` is.
pub(super) fn speaks_of_derivatives(expr: &Expr) -> bool {
    expr.any(&mut |inner| matches!(inner.kind, ExprKind::Derivative { .. }))
}

/// Whether the claim has no kink in it and leaves no derivative as a symbol.
fn closed_and_smooth(claim: &Expr) -> bool {
    !claim.any(&mut |expr| match &expr.kind {
        ExprKind::Call(name, ..) => is_kinked(name),
        ExprKind::Indicator(_) | ExprKind::Cases(_) | ExprKind::Derivative { .. } => true,
        _ => false,
    })
}
