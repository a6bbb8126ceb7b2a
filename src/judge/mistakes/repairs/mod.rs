//! Small edits of the claim itself, one at a time, wherever they may stand.
//!
//! An edit never adds a free term: the truth could then be added and the claim dropped. A bias or a small constant of the
//! network may be put back where the network itself adds it.

mod bounds;
mod brackets;
mod factors;
mod functions;
mod indices;
mod leaves;
mod matrices;
mod summands;

pub(super) use bounds::*;
pub(super) use brackets::*;
pub(super) use factors::*;
pub(super) use functions::*;
pub(super) use indices::*;
pub(super) use leaves::*;
pub(super) use matrices::*;
pub(super) use summands::*;

use num_rational::BigRational;

use super::subject::Subject;
use crate::claim::{Expr, ExprKind, Join, print};
use crate::source::Span;
use crate::system::{FamilyKind, System};
use crate::term::FamilyId;

/// A place in the claim that may be edited.
pub(super) struct Site<'e> {
    pub(super) expr: &'e Expr,
    /// The whole claim.
    pub(super) whole: bool,
    /// The whole claim but for a sum over it and its sign.
    pub(super) outermost: bool,
    /// Inside the argument of the derivative of a function.
    pub(super) slope: bool,
    /// Inside what looks like the derivative of an activation that is written with its value, `1 - tanh(z)^2`.
    complement: bool,
    /// Inside the argument of a Step or of an indicator.
    pub(super) step: bool,
    /// Inside a summand that is the gradient of a penalty.
    pub(super) penalty: bool,
    /// A factor of a product.
    pub(super) factor: bool,
    /// What a transpose is taken of.
    pub(super) transposed: bool,
    /// Letters that mean something here.
    pub(super) letters: Vec<String>,
}

/// What an edit says of the claim.
#[derive(Debug, Clone)]
pub(super) enum Said {
    Missing(Expr),
    Extra(Expr),
    Instead(Expr, Expr),
    Sign(Expr),
    Order(Expr),
}

impl Said {
    /// In one sentence.
    pub(super) fn sentence(&self, system: &System) -> String {
        let text = |expr: &Expr| print(system, expr);
        match self {
            Said::Missing(part) => format!("the factor {} is missing", text(part)),
            Said::Extra(part) => format!("{} is too much", text(part)),
            Said::Instead(was, right) => {
                format!("{} stands where {} belongs", text(was), text(right))
            }
            Said::Sign(part) => format!("the sign of {} is wrong", text(part)),
            Said::Order(right) => format!("the factors belong in the order {}", text(right)),
        }
    }
}

/// One edit: what stands at the site instead.
pub(super) struct Edit {
    pub(super) name: &'static str,
    pub(super) becomes: Expr,
    pub(super) said: Said,
}

impl Edit {
    /// What stands at the site exchanged for something else.
    fn instead(name: &'static str, site: &Site<'_>, becomes: Expr) -> Self {
        Self {
            name,
            said: Said::Instead(site.expr.clone(), becomes.clone()),
            becomes,
        }
    }
}

/// Edits of one kind at a site.
pub(super) type Repair = fn(&Subject<'_>, &Site<'_>, &mut dyn FnMut(Edit));

/// The claim after one edit.
pub(super) struct Repaired {
    pub(super) name: &'static str,
    pub(super) also: Option<&'static str>,
    pub(super) claim: Expr,
    /// Where the edit is.
    pub(super) span: Span,
    pub(super) said: Said,
}

/// All claims that one edit makes of a claim.
pub(super) fn repaired(
    subject: &Subject<'_>,
    claim: &Expr,
    repairs: &[Repair],
    found: &mut dyn FnMut(Repaired),
) {
    let mut letters = subject.truth.free_letters();
    letters.extend(claim.free_letters());
    letters.sort();
    letters.dedup();
    let site = Site {
        expr: claim,
        whole: true,
        outermost: true,
        slope: false,
        complement: false,
        step: false,
        penalty: false,
        factor: false,
        transposed: false,
        letters,
    };
    visit(subject, &site, repairs, &|child| child, found);
}

fn visit(
    subject: &Subject<'_>,
    site: &Site<'_>,
    repairs: &[Repair],
    whole: &dyn Fn(Expr) -> Expr,
    found: &mut dyn FnMut(Repaired),
) {
    for repair in repairs {
        repair(subject, site, &mut |edit| {
            let (name, also) = in_context(site, edit.name);
            found(Repaired {
                name,
                also,
                claim: whole(edit.becomes),
                span: site.expr.span,
                said: edit.said,
            });
        });
    }
    let expr = site.expr;
    let factors = subject.penalty_factors();
    for at in operands(expr) {
        let child = expr.children()[at];
        let mut letters = site.letters.clone();
        if let ExprKind::Fold { binders, .. } = &expr.kind {
            letters.extend(binders.iter().map(|binder| binder.letter.clone()));
        }
        let inner = Site {
            expr: child,
            whole: false,
            outermost: site.outermost
                && match &expr.kind {
                    ExprKind::Sum(terms) => terms.len() == 1,
                    kind => matches!(kind, ExprKind::Fold { .. }),
                },
            slope: site.slope
                || matches!(&expr.kind, ExprKind::Call(name, primes, _)
                    if *primes > 0 || (site.complement && is_curved(name))),
            complement: site.complement || (subject.derivative.is_some() && is_complement(expr)),
            step: site.step
                || matches!(&expr.kind, ExprKind::Call(name, ..) if name == "step")
                || matches!(&expr.kind, ExprKind::Indicator(_)),
            penalty: match expr.kind {
                ExprKind::Sum(_) => {
                    mentions(child, &factors) || (site.penalty && !mentions(expr, &factors))
                }
                _ => site.penalty,
            },
            factor: matches!(expr.kind, ExprKind::Product(_)),
            transposed: matches!(expr.kind, ExprKind::Transpose(_)),
            letters,
        };
        visit(
            subject,
            &inner,
            repairs,
            &|becomes| {
                let mut outer = expr.clone();
                *outer.children_mut()[at] = becomes;
                whole(outer)
            },
            found,
        );
    }
}

/// Whether a name is that of an activation whose derivative is written with its value, `1 - tanh(z)^2`.
fn is_curved(name: &str) -> bool {
    name != "relu" && crate::functions::row(name).is_some_and(|row| row.activation)
}

/// Whether an expression is 1 less something, `1 - σ(z)`, or has that for a factor.
fn is_complement(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Sum(terms) => terms
            .iter()
            .any(|(_, term)| term.kind == number(1, term.span).kind),
        ExprKind::Product(factors) => factors
            .iter()
            .any(|(_, factor)| matches!(factor.kind, ExprKind::Sum(_)) && is_complement(factor)),
        _ => false,
    }
}

/// Context beats the operator: what an edit inside a penalty is called, and what it is beside that.
fn in_context(site: &Site<'_>, name: &'static str) -> (&'static str, Option<&'static str>) {
    match name {
        "sign-flipped" if site.penalty => (name, Some("regulariser-wrong")),
        _ if site.penalty && name != "regulariser-wrong" => ("regulariser-wrong", Some(name)),
        _ => (name, None),
    }
}

fn mentions(expr: &Expr, families: &[FamilyId]) -> bool {
    expr.any(
        &mut |inner| matches!(&inner.kind, ExprKind::Quantity { family, .. } if families.contains(family)),
    )
}

/// The children that are values: not indices, exponents or what a derivative is taken of and by.
fn operands(expr: &Expr) -> Vec<usize> {
    let count = expr.children().len();
    match &expr.kind {
        ExprKind::Sum(_)
        | ExprKind::Product(_)
        | ExprKind::Quotient(..)
        | ExprKind::Transpose(_)
        | ExprKind::Call(..)
        | ExprKind::Slope(..)
        | ExprKind::Cases(_)
        | ExprKind::Indicator(_)
        | ExprKind::Matrix(_) => (0..count).collect(),
        ExprKind::Power(..) | ExprKind::Elements(..) => vec![0],
        ExprKind::Fold { .. } => vec![count - 1],
        ExprKind::Number(_)
        | ExprKind::Pi
        | ExprKind::Letter(_)
        | ExprKind::Size(..)
        | ExprKind::Quantity { .. }
        | ExprKind::Derivative { .. }
        | ExprKind::Differential(..)
        | ExprKind::Column(_)
        | ExprKind::Identity
        | ExprKind::Unit(..)
        | ExprKind::Kronecker(..)
        | ExprKind::OneHot(_)
        | ExprKind::Named(_) => Vec::new(),
    }
}

pub(super) fn number(value: i64, span: Span) -> Expr {
    Expr::new(
        ExprKind::Number(BigRational::from_integer(value.into())),
        span,
    )
}

fn ratio(above: i64, below: i64, span: Span) -> Expr {
    Expr::new(
        ExprKind::Number(BigRational::new(above.into(), below.into())),
        span,
    )
}

/// The factors of an expression; itself if it is no product.
fn factors_of(expr: &Expr) -> Vec<(Join, Expr)> {
    match &expr.kind {
        ExprKind::Product(factors) => factors.clone(),
        _ => vec![(Join::Product, expr.clone())],
    }
}

fn product(factors: Vec<(Join, Expr)>, span: Span) -> Expr {
    match factors.as_slice() {
        [(_, only)] => only.clone(),
        _ => Expr::new(ExprKind::Product(factors), span),
    }
}

/// `expr · factor`
pub(super) fn times(expr: &Expr, join: Join, factor: Expr) -> Expr {
    Expr::new(
        ExprKind::Product(vec![(Join::Product, expr.clone()), (join, factor)]),
        expr.span,
    )
}

/// `constant · expr`
pub(super) fn scaled(expr: &Expr, constant: Expr) -> Expr {
    let mut factors = vec![(Join::Product, constant)];
    factors.extend(factors_of(expr));
    factors[1].0 = Join::Product;
    Expr::new(ExprKind::Product(factors), expr.span)
}

pub(super) fn negated(expr: &Expr) -> Expr {
    Expr::new(ExprKind::Sum(vec![(true, expr.clone())]), expr.span)
}

/// A sum, product or maximum of something else.
fn with_body(fold: &Expr, body: Expr) -> Expr {
    let mut other = fold.clone();
    if let ExprKind::Fold { body: known, .. } = &mut other.kind {
        **known = body;
    }
    other
}

/// A sum of summands with signs; the only one itself.
fn sum(terms: Vec<(bool, Expr)>, span: Span) -> Expr {
    match terms.as_slice() {
        [(false, only)] => only.clone(),
        _ => Expr::new(ExprKind::Sum(terms), span),
    }
}

/// How many axes an expression has, as far as its form tells.
fn axes(system: &System, expr: &Expr) -> usize {
    match &expr.kind {
        ExprKind::Number(_)
        | ExprKind::Pi
        | ExprKind::Letter(_)
        | ExprKind::Size(..)
        | ExprKind::Kronecker(..)
        | ExprKind::Slope(..)
        | ExprKind::Elements(..) => 0,
        ExprKind::Quantity {
            family, elements, ..
        } => open_axes(system, *family, elements),
        ExprKind::Derivative { of, wrt, .. } => axes(system, of) + axes(system, wrt),
        ExprKind::Differential(of, _) => axes(system, of),
        ExprKind::Column(_) | ExprKind::OneHot(_) => 1,
        ExprKind::Identity | ExprKind::Unit(..) | ExprKind::Matrix(_) => 2,
        ExprKind::Call(name, _, arguments) => match name.as_str() {
            "tr" | "norm" | "det" | "logdet" => 0,
            "diag" => 2,
            "sum" | "mean" => usize::from(arguments.len() > 1),
            _ => arguments
                .iter()
                .map(|argument| axes(system, argument))
                .max()
                .unwrap_or(0),
        },
        ExprKind::Named(inner) | ExprKind::Transpose(inner) => axes(system, inner),
        ExprKind::Power(base, ..) => axes(system, base),
        ExprKind::Fold { body, .. } => axes(system, body),
        ExprKind::Sum(_)
        | ExprKind::Product(_)
        | ExprKind::Quotient(..)
        | ExprKind::Cases(_)
        | ExprKind::Indicator(_) => expr
            .children()
            .into_iter()
            .map(|child| axes(system, child))
            .max()
            .unwrap_or(0),
    }
}

fn open_axes(system: &System, family: FamilyId, elements: &[crate::claim::Entry]) -> usize {
    let fixed = elements
        .iter()
        .filter(|entry| matches!(entry, crate::claim::Entry::At(_)))
        .count();
    system.family(family).axes.saturating_sub(fixed)
}

/// Whether a quantity is one of real numbers that the claim may speak of.
fn is_plain(system: &System, family: FamilyId) -> bool {
    let known = system.family(family);
    known.integers.is_none() && matches!(known.kind, FamilyKind::Input | FamilyKind::Defined)
}

/// Whole numbers of the data, such as the class of an example.
fn places(subject: &Subject<'_>, span: Span) -> Vec<Expr> {
    let system = subject.system;
    subject
        .families()
        .filter(|family| {
            let known = system.family(*family);
            known.integers.is_some() && known.slots + known.axes == 0
        })
        .map(|family| Expr::quantity(family, span))
        .collect()
}
