//! Functions and powers that are left out, too much, or other ones.

use super::super::subject::{bodies, subterms};
use super::factors::written;
use super::leaves::name_of;
use super::*;
use crate::term::Node;

/// Functions of one number that the network applies, with the quantity that they are applied to where it is one; beside
/// |x| its sign.
fn applied(subject: &Subject<'_>) -> Vec<(String, Option<FamilyId>)> {
    let system = subject.system;
    let mut found = Vec::new();
    for family in subject.known() {
        for body in bodies(system, family) {
            for term in subterms(system, body) {
                let Node::Apply(function, orders, arguments) = system.store.node(term) else {
                    continue;
                };
                let ([argument], true) = (&arguments[..], orders.iter().all(|it| *it == 0)) else {
                    continue;
                };
                let of = match system.store.node(*argument) {
                    Node::Access(family, _) => Some(*family),
                    _ => None,
                };
                let name = &system.function(*function).name;
                let sign = (name == "abs").then_some("sign");
                for name in sign.into_iter().chain([name.as_str()]) {
                    let entry = (name.to_owned(), of);
                    if crate::functions::row(name).is_some() && !found.contains(&entry) {
                        found.push(entry);
                    }
                }
            }
        }
    }
    found
}

/// Their names, each once.
fn names(applied: &[(String, Option<FamilyId>)]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for (name, _) in applied {
        if !found.contains(&name.as_str()) {
            found.push(name);
        }
    }
    found
}

fn call(name: &str, argument: Expr) -> Expr {
    let span = argument.span;
    Expr::new(ExprKind::Call(name.to_owned(), 0, vec![argument]), span)
}

/// A function of the network that is left out, `c` for `tanh(c)`, or what it is applied to exchanged with it, `h` for
/// `tanh(c)`.
pub(in super::super) fn functions_left_out(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let leaf = matches!(
        site.expr.plain().kind,
        ExprKind::Quantity { .. } | ExprKind::Elements(..)
    );
    let compound = matches!(site.expr.kind, ExprKind::Product(_) | ExprKind::Sum(_));
    if site.step || !(leaf || compound) {
        return;
    }
    let applied = applied(subject);
    let mut put = |becomes: Expr| {
        out(Edit::instead(name_of(site, "wrong-operand"), site, becomes));
    };
    for name in names(&applied) {
        put(call(name, site.expr.clone()));
    }
    if !leaf {
        return;
    }
    for (name, of) in &applied {
        let Some(of) = of.filter(|of| is_plain(subject.system, *of)) else {
            continue;
        };
        for argument in written(subject, site, of) {
            let fits = axes(subject.system, &argument) == axes(subject.system, site.expr);
            if fits && argument.kind != site.expr.plain().kind {
                put(call(name, argument));
            }
        }
    }
}

/// A function exchanged for another one of the network, or one too much: `σ(c)` for `tanh(c)`, `‖w‖` for `w`.
pub(in super::super) fn functions_exchanged(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let ExprKind::Call(own, primes, arguments) = &site.expr.kind else {
        return;
    };
    let [argument] = arguments.as_slice() else {
        return;
    };
    let of_numbers = crate::functions::row(own).is_some();
    if own == "step" || !(of_numbers || own == "norm") {
        return;
    }
    if of_numbers {
        let name = if *primes > 0 {
            "activation-derivative-wrong"
        } else {
            "wrong-operand"
        };
        for other in names(&applied(subject)) {
            if other != own {
                let kind = ExprKind::Call(other.to_owned(), *primes, arguments.clone());
                out(Edit::instead(name, site, Expr::new(kind, site.expr.span)));
            }
        }
    }
    if *primes == 0 {
        out(Edit::instead("wrong-operand", site, argument.clone()));
    }
}

/// Exponents that are taken for one another.
const EXPONENTS: &[(i64, i64)] = &[(1, 2), (-1, 2), (3, 2), (-3, 2), (2, 1), (-1, 1), (-2, 1)];

/// Another exponent: `v` for `\sqrt v` below a fraction line, `v^{-1/2}` for `v^{-3/2}`.
pub(in super::super) fn exponents_exchanged(
    _: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let span = site.expr.span;
    let power = |base: &Expr, (above, below): (i64, i64)| {
        let exponent = Box::new(ratio(above, below, span));
        Expr::new(
            ExprKind::Power(Box::new(base.clone()), exponent, true),
            span,
        )
    };
    match &site.expr.kind {
        ExprKind::Power(base, ..) => {
            for exponent in EXPONENTS {
                out(Edit::instead("wrong-operand", site, power(base, *exponent)));
            }
        }
        ExprKind::Quotient(above, below) => {
            let factors = factors_of(below);
            for at in 0..factors.len() {
                if matches!(factors[at].1.kind, ExprKind::Number(_)) {
                    continue;
                }
                for exponent in [(1, 2), (2, 1)] {
                    let mut other = factors.clone();
                    other[at].1 = power(&factors[at].1, exponent);
                    let below = Box::new(product(other, below.span));
                    let becomes = Expr::new(ExprKind::Quotient(above.clone(), below), span);
                    out(Edit::instead("wrong-operand", site, becomes));
                }
            }
        }
        _ => {}
    }
}
