//! Summands that are left out where they stand under a function, a root or a fraction line, or in a bracket: small
//! constants and biases.

use super::super::subject::{bodies, subterms};
use super::factors::written;
use super::*;
use crate::judge::assume::only_added_below;
use crate::system::FamilyRole;
use crate::term::Node;
use num_traits::Signed;

/// Numbers up to this are small where they are added to something under a root, a fraction line or a logarithm.
const SMALL: (i64, i64) = (1, 10);

/// `a + b`
fn plus(a: &Expr, b: &Expr) -> Expr {
    with_summand(a, false, b)
}

/// `a + b`, with a sign.
fn with_summand(a: &Expr, minus: bool, b: &Expr) -> Expr {
    let mut terms = match &a.kind {
        ExprKind::Sum(terms) => terms.clone(),
        _ => vec![(false, a.clone())],
    };
    terms.push((minus, b.clone()));
    Expr::new(ExprKind::Sum(terms), a.span)
}

/// The small constants that the network adds to something under a root, a fraction line or a logarithm, and nowhere else.
fn small_constants(subject: &Subject<'_>, span: Span) -> Vec<Expr> {
    let system = subject.system;
    let most = BigRational::new(SMALL.0.into(), SMALL.1.into());
    let mut found: Vec<Expr> = Vec::new();
    for family in subject.known() {
        for body in bodies(system, family) {
            for term in subterms(system, body) {
                let sum = match system.store.node(term) {
                    Node::Power(base, _) => *base,
                    Node::Apply(function, _, arguments)
                        if system.function(*function).name == "log" =>
                    {
                        arguments[0]
                    }
                    _ => continue,
                };
                let Node::Add(terms) = system.store.node(sum) else {
                    continue;
                };
                for term in terms {
                    let constant = match system.store.node(*term) {
                        Node::Number(value) if value.is_positive() && *value <= most => {
                            Expr::new(ExprKind::Number(value.clone()), span)
                        }
                        Node::Access(family, index)
                            if index.is_empty()
                                && is_given(system, *family)
                                && only_added_below(system, *family) =>
                        {
                            Expr::quantity(*family, span)
                        }
                        _ => continue,
                    };
                    if !found.contains(&constant) {
                        found.push(constant);
                    }
                }
            }
        }
    }
    found
}

fn is_given(system: &System, family: FamilyId) -> bool {
    let known = system.family(family);
    known.kind == FamilyKind::Input && known.integers.is_none()
}

/// Whether an exponent is a positive whole number.
fn is_whole(exponent: &Expr) -> bool {
    matches!(&exponent.kind, ExprKind::Number(value) if value.is_integer() && value.is_positive())
}

/// An expression with a constant added to what stands under its own root, fraction line or logarithm, in every way.
fn with_small(expr: &Expr, constant: &Expr) -> Vec<Expr> {
    let with = |kind: ExprKind| Expr::new(kind, expr.span);
    match &expr.kind {
        ExprKind::Power(base, exponent, entrywise) if !is_whole(exponent) => {
            let base = Box::new(plus(base, constant));
            vec![with(ExprKind::Power(base, exponent.clone(), *entrywise))]
        }
        ExprKind::Call(name, 0, arguments) if name == "log" => {
            let inner = plus(&arguments[0], constant);
            vec![with(ExprKind::Call(name.clone(), 0, vec![inner]))]
        }
        ExprKind::Quotient(above, below) => {
            let factors = factors_of(below);
            let mut found = Vec::new();
            for at in 0..factors.len() {
                let factor = &factors[at].1;
                let widened = match &factor.kind {
                    ExprKind::Number(_) | ExprKind::Pi | ExprKind::Size(..) => continue,
                    ExprKind::Power(_, exponent, _) if !is_whole(exponent) => continue,
                    ExprKind::Power(base, exponent, entrywise) => {
                        let base = Box::new(plus(base, constant));
                        let inside = ExprKind::Power(base, exponent.clone(), *entrywise);
                        vec![plus(factor, constant), Expr::new(inside, factor.span)]
                    }
                    _ => vec![plus(factor, constant)],
                };
                for one in widened {
                    let mut other = factors.clone();
                    other[at].1 = one;
                    let below = Box::new(product(other, below.span));
                    found.push(with(ExprKind::Quotient(above.clone(), below)));
                }
            }
            found
        }
        _ => Vec::new(),
    }
}

/// An expression with a constant added wherever it can be, and at how many places.
fn with_small_everywhere(expr: &Expr, constant: &Expr) -> (usize, Expr) {
    let mut result = expr.clone();
    let mut count = 0;
    for at in operands(expr) {
        let (inner, becomes) = with_small_everywhere(expr.children()[at], constant);
        count += inner;
        *result.children_mut()[at] = becomes;
    }
    match with_small(&result, constant).into_iter().next() {
        Some(becomes) => (count + 1, becomes),
        None => (count, result),
    }
}

/// A small constant of the network that is left out: `\sqrt v` for `\sqrt{v + ε}`, at one place or at all.
pub(in super::super) fn small_constants_missing(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let narrow = matches!(
        site.expr.kind,
        ExprKind::Power(..) | ExprKind::Quotient(..) | ExprKind::Call(..)
    );
    if !narrow && !site.whole {
        return;
    }
    for constant in small_constants(subject, site.expr.span) {
        for becomes in with_small(site.expr, &constant) {
            out(Edit::instead("epsilon-dropped", site, becomes));
        }
        if site.whole {
            let (count, becomes) = with_small_everywhere(site.expr, &constant);
            if count > 1 {
                out(Edit::instead("epsilon-dropped", site, becomes));
            }
        }
    }
}

/// A bias that is left out of the argument of a function or Step, or in a bracket: `σ(w x)` for `σ(w x + b)`.
pub(in super::super) fn biases_missing(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let (inner, name) = match &site.expr.kind {
        ExprKind::Call(function, primes, arguments) if arguments.len() == 1 => {
            let name = match primes {
                0 if function == "step" => "step-wrong-argument",
                0 => "wrong-operand",
                _ => "derivative-at-wrong-point",
            };
            (Some(&arguments[0]), name)
        }
        ExprKind::Indicator(conditions) => match conditions.as_slice() {
            [only] => (Some(&only.left), "step-wrong-argument"),
            _ => return,
        },
        ExprKind::Sum(terms) if terms.len() > 1 && !site.outermost => (None, "wrong-operand"),
        _ => return,
    };
    let biases = subject.families().filter(|family| {
        is_plain(subject.system, *family)
            && subject.system.family(*family).kind == FamilyKind::Input
            && subject.system.family(*family).role != Some(FamilyRole::Target)
            && subject.only_added(*family)
    });
    for family in biases {
        for bias in written(subject, site, family) {
            let Some(inner) = inner else {
                let becomes = plus(site.expr, &bias);
                out(Edit::instead(name, site, becomes));
                continue;
            };
            // exp(-w x) for exp(-(w x + b))
            for minus in [false, true] {
                let mut becomes = site.expr.clone();
                *becomes.children_mut()[0] = with_summand(inner, minus, &bias);
                out(Edit::instead(name, site, becomes));
            }
        }
    }
}
