//! The likely mistake of a refuted claim: a small repair that makes it equal has the name of what was wrong.
//!
//! Repairs never add a free term, since the truth could then be added and the claim dropped. A repair counts only if
//! the repaired claim is equal by everything that decides equality.

use num_rational::BigRational;

use super::line::{Judge, Relation};
use super::point::Demands;
use crate::claim::{Expr, ExprKind, Join, print};
use crate::system::{FamilyKind, System};
use crate::term::{FamilyId, Node};

/// One kind of mistake.
#[derive(Debug)]
pub struct Row {
    /// Its name in the output.
    pub name: &'static str,
    /// What to tell the person.
    pub about: &'static str,
}

/// What is named, the more specific first.
pub const MISTAKES: &[Row] = &[
    Row {
        name: "step-convention",
        about: "right only for another value of Step(0)",
    },
    Row {
        name: "positivity-assumed",
        about: "an identity that holds only for positive values",
    },
    Row {
        name: "activation-derivative-wrong",
        about: "the derivative of the activation is another one",
    },
    Row {
        name: "step-missing",
        about: "the derivative of a ReLU, its Step, is missing",
    },
    Row {
        name: "activation-derivative-missing",
        about: "the derivative of an activation is missing",
    },
    Row {
        name: "derivative-at-wrong-point",
        about: "the derivative of the activation is taken at another value",
    },
    Row {
        name: "step-wrong-argument",
        about: "the Step of another quantity",
    },
    Row {
        name: "sign-flipped",
        about: "a sign is wrong",
    },
    Row {
        name: "factor-missing",
        about: "a constant factor is missing or too much",
    },
    Row {
        name: "wrong-layer",
        about: "a factor of another layer or time step",
    },
    Row {
        name: "wrong-operand",
        about: "a factor is another quantity than it should be, is missing, or is too much",
    },
];

/// A mistake with the repaired formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Its name.
    pub name: &'static str,
    /// What else is wrong.
    pub also: Vec<&'static str>,
    /// The repaired right side, in the words of the network language.
    pub repair: Option<String>,
}

/// The mistake of a claim that is right for positive values only: an identity or a step of a chain that used them, else a
/// gradient without its Steps.
pub(super) fn of_signs(truth: &Expr, before: Option<&Expr>) -> Option<Mistake> {
    let gradient = matches!(truth.plain().kind, ExprKind::Derivative { .. });
    let name = if gradient && before.is_none() {
        "step-missing"
    } else {
        "positivity-assumed"
    };
    Some(Mistake {
        name,
        also: Vec::new(),
        repair: None,
    })
}

struct Repair {
    name: &'static str,
    claim: Expr,
}

/// More repairs are not tried.
const MOST_REPAIRS: usize = 1_500;

/// What is wrong with a claim that was refuted.
pub(super) fn name(judge: &mut Judge<'_>, truth: &Expr, claim: &Expr) -> Option<Mistake> {
    let mistake = |name: &'static str, also: &[&'static str], repair: Option<String>| {
        Some(Mistake {
            name,
            also: also.to_vec(),
            repair,
        })
    };
    if let ExprKind::Derivative { of, wrt, .. } = &truth.plain().kind
        && is_activation(judge.system, of, wrt)
    {
        return mistake("activation-derivative-wrong", &[], None);
    }
    if judge.right_at_another_step(truth, claim) {
        return mistake("step-convention", &[], None);
    }
    let singles = singles(judge.system, claim);
    let flipped = negated(claim);
    for repair in &singles {
        if equal(judge, truth, &repair.claim) {
            let shown = print(judge.system, &repair.claim);
            return mistake(repair.name, &[], Some(shown));
        }
    }
    for repair in self::singles(judge.system, &flipped) {
        if equal(judge, truth, &repair.claim) {
            let shown = print(judge.system, &repair.claim);
            return if repair.name == "step-missing" {
                mistake("sign-flipped", &["step-missing"], Some(shown))
            } else {
                mistake(repair.name, &["sign-flipped"], Some(shown))
            };
        }
    }
    None
}

/// Whether a derivative is that of a function by its own argument, in a network that is nothing but functions.
fn is_activation(system: &System, of: &Expr, wrt: &Expr) -> bool {
    match (&of.plain().kind, &wrt.plain().kind) {
        (ExprKind::Call(..), _) => true,
        (ExprKind::Quantity { family: of, .. }, ExprKind::Quantity { family: wrt, .. }) => {
            system.loss.is_none() && crate::derive::reads(system, *of) == [*wrt]
        }
        _ => false,
    }
}

fn equal(judge: &mut Judge<'_>, truth: &Expr, claim: &Expr) -> bool {
    matches!(
        judge.relation(truth, claim, &Demands::default(), false),
        Relation::Same { except: None, .. }
    )
}

fn negated(claim: &Expr) -> Expr {
    Expr::new(ExprKind::Sum(vec![(true, claim.clone())]), claim.span)
}

fn times(claim: &Expr, factors: impl IntoIterator<Item = Expr>) -> Expr {
    let mut all = vec![(Join::Product, claim.clone())];
    all.extend(factors.into_iter().map(|factor| (Join::Product, factor)));
    Expr::new(ExprKind::Product(all), claim.span)
}

/// Everything that one edit makes of a claim, the more specific names first.
fn singles(system: &System, claim: &Expr) -> Vec<Repair> {
    let span = claim.span;
    let mut repairs = Vec::new();
    // Steps and derivatives of activations, all of one kind or single ones.
    for (function, name) in [
        ("relu", "step-missing"),
        ("", "activation-derivative-missing"),
    ] {
        let slopes: Vec<Expr> = arguments(system, function)
            .into_iter()
            .map(|(applied, family)| {
                let argument = Expr::quantity(family, span);
                if applied == "relu" {
                    Expr::new(ExprKind::Call("step".into(), 0, vec![argument]), span)
                } else {
                    Expr::new(ExprKind::Call(applied, 1, vec![argument]), span)
                }
            })
            .collect();
        // All subsets of up to six, the small ones first.
        let count = slopes.len().min(6);
        let mut subsets: Vec<usize> = (1..1usize << count).collect();
        subsets.sort_by_key(|subset| subset.count_ones());
        for subset in subsets {
            let chosen = slopes[..count]
                .iter()
                .enumerate()
                .filter(|(at, _)| subset >> at & 1 == 1)
                .map(|(_, slope)| slope.clone());
            repairs.push(Repair {
                name,
                claim: times(claim, chosen),
            });
        }
    }
    let numbers: Vec<FamilyId> = plain_numbers(system);
    edits(claim, &numbers, Place::default(), &mut |name, claim| {
        repairs.push(Repair { name, claim });
    });
    repairs.push(Repair {
        name: "sign-flipped",
        claim: negated(claim),
    });
    for (above, below) in [(2, 1), (1, 2), (4, 1), (1, 4)] {
        let factor = Expr::new(
            ExprKind::Number(BigRational::new(above.into(), below.into())),
            span,
        );
        repairs.push(Repair {
            name: "factor-missing",
            claim: times(claim, [factor]),
        });
    }
    for family in &numbers {
        repairs.push(Repair {
            name: "wrong-operand",
            claim: times(claim, [Expr::quantity(*family, span)]),
        });
    }
    repairs.sort_by_key(|repair| MISTAKES.iter().position(|row| row.name == repair.name));
    repairs.truncate(MOST_REPAIRS);
    repairs
}

/// Where an edit happens.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Inside the argument of the derivative of a function.
    slope: bool,
    /// Inside the argument of a Step.
    step: bool,
}

/// Every expression with one edit somewhere inside.
fn edits(
    expr: &Expr,
    numbers: &[FamilyId],
    place: Place,
    found: &mut dyn FnMut(&'static str, Expr),
) {
    match &expr.kind {
        ExprKind::Quantity {
            family,
            slots,
            elements,
        } if slots.is_empty() && elements.is_empty() => {
            for other in numbers.iter().filter(|other| *other != family) {
                let name = if place.slope {
                    "derivative-at-wrong-point"
                } else if place.step {
                    "step-wrong-argument"
                } else {
                    "wrong-operand"
                };
                found(name, Expr::quantity(*other, expr.span));
            }
        }
        ExprKind::Quantity {
            family,
            slots,
            elements,
        } if slots.len() == 1 => {
            for shift in [-1, 1] {
                let step = Expr::new(
                    ExprKind::Number(BigRational::from_integer(shift.into())),
                    expr.span,
                );
                let moved = Expr::new(
                    ExprKind::Sum(vec![(false, slots[0].clone()), (false, step)]),
                    expr.span,
                );
                found(
                    "wrong-layer",
                    Expr::new(
                        ExprKind::Quantity {
                            family: *family,
                            slots: vec![moved],
                            elements: elements.clone(),
                        },
                        expr.span,
                    ),
                );
            }
        }
        ExprKind::Sum(terms) => {
            for at in 0..terms.len() {
                let mut turned = terms.clone();
                turned[at].0 = !turned[at].0;
                found("sign-flipped", Expr::new(ExprKind::Sum(turned), expr.span));
            }
        }
        ExprKind::Product(factors) => {
            for at in 0..factors.len() {
                let mut fewer = factors.clone();
                fewer.remove(at);
                found(
                    "wrong-operand",
                    Expr::new(ExprKind::Product(fewer), expr.span),
                );
            }
        }
        _ => {}
    }
    // What is differentiated, and by what, is not repaired.
    if matches!(expr.kind, ExprKind::Derivative { .. }) {
        return;
    }
    let inner = match &expr.kind {
        ExprKind::Call(_, primes, _) if *primes > 0 => Place {
            slope: true,
            ..place
        },
        ExprKind::Call(name, ..) if name == "step" => Place {
            step: true,
            ..place
        },
        _ => place,
    };
    for at in 0..expr.children().len() {
        edits(expr.children()[at], numbers, inner, &mut |name, child| {
            let mut whole = expr.clone();
            *whole.children_mut()[at] = child;
            found(name, whole);
        });
    }
}

/// Quantities that are single numbers.
fn plain_numbers(system: &System) -> Vec<FamilyId> {
    (0..system.families.len())
        .map(|at| FamilyId(u32::try_from(at).expect("few families")))
        .filter(|family| {
            let known = system.family(*family);
            known.slots == 0
                && known.axes == 0
                && known.integers.is_none()
                && matches!(known.kind, FamilyKind::Input | FamilyKind::Defined)
        })
        .collect()
}

/// The single numbers that a definition applies the function to (any activation but relu if it is not named).
fn arguments(system: &System, function: &str) -> Vec<(String, FamilyId)> {
    let mut found = Vec::new();
    for family in &system.families {
        for clause in &family.clauses {
            let Some(body) = clause.body else { continue };
            let Node::Apply(id, _, arguments) = system.store.node(body) else {
                continue;
            };
            let applied = system.function(*id);
            let wanted = if function.is_empty() {
                applied.activation && applied.name != "relu"
            } else {
                applied.name == function
            };
            if let Node::Access(argument, index) = system.store.node(arguments[0])
                && wanted
                && index.is_empty()
            {
                found.push((applied.name.clone(), *argument));
            }
        }
    }
    found
}
