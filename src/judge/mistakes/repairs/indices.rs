//! Indices and sums over them.

use super::super::subject::{bodies, subterms};
use super::factors::is_weight;
use super::leaves::letters_of;
use super::*;
use crate::claim::{Binder, Condition, Entry, Fold, written_out};
use crate::syntax::Comparison;
use crate::term::{Affine, Node};
use num_traits::{One, Zero};

/// Elements anywhere in an expression that is one leaf: of a quantity, of a bracket, of what a derivative is taken by.
fn with_elements(expr: &Expr, change: &dyn Fn(&[Entry]) -> Vec<Vec<Entry>>) -> Vec<Expr> {
    let with = |kind: ExprKind| Expr::new(kind, expr.span);
    match &expr.kind {
        ExprKind::Quantity {
            family,
            slots,
            elements,
        } => change(elements)
            .into_iter()
            .map(|elements| {
                with(ExprKind::Quantity {
                    family: *family,
                    slots: slots.clone(),
                    elements,
                })
            })
            .collect(),
        ExprKind::Elements(inner, elements) => change(elements)
            .into_iter()
            .map(|elements| with(ExprKind::Elements(inner.clone(), elements)))
            .collect(),
        ExprKind::Named(inner) => with_elements(inner, change),
        ExprKind::Derivative { of, wrt, direct } => with_elements(wrt, change)
            .into_iter()
            .map(|wrt| {
                with(ExprKind::Derivative {
                    of: of.clone(),
                    wrt: Box::new(wrt),
                    direct: *direct,
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Two indices of a factor exchanged.
pub(in super::super) fn indices_exchanged(
    _: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let exchanged = with_elements(site.expr, &|entries| match entries {
        [first, second] if first != second => vec![vec![second.clone(), first.clone()]],
        _ => Vec::new(),
    });
    for becomes in exchanged {
        out(Edit::instead("index-order", site, becomes));
    }
}

/// Two letters of the left side exchanged in all of the claim.
pub(in super::super) fn letters_exchanged(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if !site.whole {
        return;
    }
    let letters = subject.truth.free_letters();
    for (at, first) in letters.iter().enumerate() {
        for second in &letters[at + 1..] {
            let letter = |name: &String| Expr::new(ExprKind::Letter(name.clone()), site.expr.span);
            let becomes = site.expr.with_letters(&[
                (first.clone(), letter(second)),
                (second.clone(), letter(first)),
            ]);
            out(Edit::instead("index-order", site, becomes));
        }
    }
}

/// An index that should be another letter.
pub(in super::super) fn indices_renamed(
    _: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let renamed = with_elements(site.expr, &|entries| {
        let mut found = Vec::new();
        for (at, letter) in letters_of(entries).into_iter().enumerate() {
            for other in &site.letters {
                if letter.as_ref().is_some_and(|letter| letter != other) {
                    let mut changed = entries.to_vec();
                    changed[at] =
                        Entry::At(Expr::new(ExprKind::Letter(other.clone()), site.expr.span));
                    found.push(changed);
                }
            }
        }
        found
    });
    for becomes in renamed {
        out(Edit::instead("index-sum-wrong", site, becomes));
    }
}

/// An element read where the network reads that quantity: `x_{i+k-1}` for the `x_i` of a convolution.
pub(in super::super) fn indices_of_network(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let ExprKind::Quantity {
        family, elements, ..
    } = &site.expr.plain().kind
    else {
        return;
    };
    let system = subject.system;
    let slots = system.family(*family).slots;
    let mut read: Vec<Vec<Entry>> = Vec::new();
    for user in &subject.reached {
        for term in bodies(system, *user)
            .into_iter()
            .flat_map(|body| subterms(system, body))
        {
            let Node::Access(other, index) = system.store.node(term) else {
                continue;
            };
            let places = index.get(slots..).unwrap_or_default();
            // Letters alone are renamed anyway.
            let plain = |place: &Affine| match place.terms() {
                [] => true,
                [(_, factor)] => factor.is_one() && place.constant().is_zero(),
                _ => false,
            };
            if other != family || places.iter().all(plain) {
                continue;
            }
            let written: Option<Vec<Entry>> = places
                .iter()
                .map(|place| written_out(system, place).map(Entry::At))
                .collect();
            read.extend(written.filter(|written| !read.contains(written)));
        }
    }
    for written in read.into_iter().take(MOST_READ) {
        let letters: Vec<String> = letters_in(&written);
        let known = letters.iter().all(|letter| site.letters.contains(letter));
        if !known || written.len() != elements.len() || written == *elements {
            continue;
        }
        for becomes in with_elements(site.expr, &|_| vec![written.clone()]) {
            out(Edit::instead("index-sum-wrong", site, becomes));
        }
    }
}

/// More places at which the network reads a quantity are not tried.
const MOST_READ: usize = 4;

/// The letters of all entries.
fn letters_in(entries: &[Entry]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in entries {
        if let Entry::At(index) = entry {
            found.extend(index.free_letters());
        }
    }
    found
}

fn summed(letter: &str, body: Expr) -> Expr {
    let span = body.span;
    Expr::new(
        ExprKind::Fold {
            fold: Fold::Sum,
            binders: vec![Binder {
                letter: letter.to_owned(),
                range: None,
            }],
            conditions: Vec::new(),
            body: Box::new(body),
        },
        span,
    )
}

/// What a sum over a stray index that is missing is called.
fn name_of_sum(subject: &Subject<'_>, body: &Expr, letter: &str) -> &'static str {
    if subject
        .derivative
        .is_some_and(|(_, wrt)| subject.only_added(wrt))
    {
        return "bias-sum-missing";
    }
    // Units of the next layer are those that a weight leads to.
    let contracted = body.any(&mut |inner| match &inner.kind {
        ExprKind::Quantity {
            family, elements, ..
        } => {
            is_weight(subject, *family)
                && letters_of(elements)
                    .iter()
                    .any(|found| found.as_deref() == Some(letter))
        }
        _ => false,
    });
    if contracted {
        "path-missing"
    } else {
        "index-sum-wrong"
    }
}

/// A Σ put in over a letter that the left side does not have, or taken away.
pub(in super::super) fn sums(subject: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let bound = subject.truth.free_letters();
    for letter in site.expr.free_letters() {
        let stray = !bound.contains(&letter) && subject.claim.free_letters().contains(&letter);
        if !stray {
            continue;
        }
        let over_all = summed(&letter, site.expr.clone());
        let others = places(subject, site.expr.span).into_iter().map(|place| {
            let mut sum = over_all.clone();
            if let ExprKind::Fold { conditions, .. } = &mut sum.kind {
                conditions.push(Condition {
                    left: Expr::new(ExprKind::Letter(letter.clone()), site.expr.span),
                    relation: Comparison::NotEqual,
                    right: place,
                });
            }
            sum
        });
        for becomes in std::iter::once(over_all.clone()).chain(others) {
            out(Edit::instead(
                name_of_sum(subject, site.expr, &letter),
                site,
                becomes,
            ));
        }
        // Only the factors that have it.
        if let ExprKind::Product(factors) = &site.expr.kind {
            let (with, without): (Vec<_>, Vec<_>) = factors
                .iter()
                .cloned()
                .partition(|(_, factor)| factor.free_letters().contains(&letter));
            if !without.is_empty() && !with.is_empty() {
                let mut all = without;
                all.push((
                    Join::Product,
                    summed(&letter, product(with, site.expr.span)),
                ));
                let becomes = product(all, site.expr.span);
                out(Edit::instead(
                    name_of_sum(subject, site.expr, &letter),
                    site,
                    becomes,
                ));
            }
        }
    }
    let ExprKind::Fold {
        fold: Fold::Sum,
        body,
        binders,
        conditions,
    } = &site.expr.kind
    else {
        return;
    };
    out(Edit::instead("index-sum-wrong", site, (**body).clone()));
    let [binder] = binders.as_slice() else { return };
    // Σ over k where j belongs: k is then that of the left side.
    for letter in body.free_letters() {
        if letter != binder.letter && !bound.contains(&letter) {
            let mut other = site.expr.clone();
            if let ExprKind::Fold { binders, .. } = &mut other.kind {
                binders[0] = Binder {
                    letter,
                    range: None,
                };
            }
            out(Edit::instead("index-sum-wrong", site, other));
        }
    }
    // A sum too much, over what stands for a letter of the left side.
    for letter in bound.iter().filter(|_| conditions.is_empty()) {
        let letter = Expr::new(ExprKind::Letter(letter.clone()), site.expr.span);
        let single = body.with_letters(&[(binder.letter.clone(), letter)]);
        out(Edit::instead("index-sum-wrong", site, single));
    }
}

/// A sum over the other axis of what is summed: `Σ_k a_{kj}` for `Σ_k a_{ik}`.
pub(in super::super) fn sums_over_other_axis(
    _: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let ExprKind::Fold {
        fold: Fold::Sum,
        binders,
        conditions,
        body,
    } = &site.expr.kind
    else {
        return;
    };
    let ([binder], []) = (binders.as_slice(), conditions.as_slice()) else {
        return;
    };
    let letter = |name: &str| Expr::new(ExprKind::Letter(name.into()), site.expr.span);
    let free = body.free_letters();
    for was in free.iter().filter(|was| **was != binder.letter) {
        for stays in site.letters.iter().filter(|it| **it != binder.letter) {
            let turned = body.with_letters(&[
                (binder.letter.clone(), letter(stays)),
                (was.clone(), letter(&binder.letter)),
            ]);
            let becomes = summed(&binder.letter, turned);
            out(Edit::instead("index-sum-wrong", site, becomes));
        }
    }
}

/// A matrix that should be summed over its rows or columns.
pub(in super::super) fn axes_summed(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if axes(subject.system, site.expr) == 0 || site.slope || site.step {
        return;
    }
    let span = site.expr.span;
    let name = if subject
        .derivative
        .is_some_and(|(_, wrt)| subject.only_added(wrt))
    {
        "bias-sum-missing"
    } else {
        "index-sum-wrong"
    };
    for over in ["rows", "columns", "all"] {
        let over = Expr::new(ExprKind::Letter(over.into()), span);
        let becomes = Expr::new(
            ExprKind::Call("sum".into(), 0, vec![site.expr.clone(), over]),
            span,
        );
        out(Edit::instead(name, site, becomes));
    }
}

/// A factor in front of a Σ that belongs behind it, or the reverse; a Step of a sum that should be the sum of Steps.
pub(in super::super) fn sums_moved(_: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let span = site.expr.span;
    let sum_of = |expr: &Expr| match &expr.kind {
        ExprKind::Fold {
            fold: Fold::Sum,
            body,
            ..
        } => Some((**body).clone()),
        _ => None,
    };
    let mut put = |name, becomes: Expr| {
        out(Edit::instead(name, site, becomes));
    };
    match &site.expr.kind {
        ExprKind::Product(factors) => {
            for (at, (_, factor)) in factors.iter().enumerate() {
                let Some(body) = sum_of(factor) else { continue };
                for other in (0..factors.len()).filter(|other| *other != at) {
                    let mut inner = vec![(Join::Product, factors[other].1.clone())];
                    let mut tail = factors_of(&body);
                    tail[0].0 = factors[other.max(at)].0;
                    inner.extend(tail);
                    let mut fewer = factors.clone();
                    fewer[at].1 = with_body(factor, product(inner, span));
                    fewer.remove(other);
                    put("index-sum-wrong", product(fewer, span));
                }
            }
        }
        ExprKind::Fold {
            fold: Fold::Sum,
            body,
            ..
        } => {
            let factors = factors_of(body);
            for at in 0..factors.len() {
                if factors.len() < 2 {
                    break;
                }
                let mut inner = factors.clone();
                let (join, moved) = inner.remove(at);
                let sum = with_body(site.expr, product(inner, span));
                put(
                    "index-sum-wrong",
                    product(vec![(Join::Product, moved), (join, sum)], span),
                );
            }
        }
        ExprKind::Call(name, 0, arguments) if name == "step" => {
            if let Some(body) = sum_of(&arguments[0]) {
                let step = Expr::new(ExprKind::Call(name.clone(), 0, vec![body]), span);
                put("step-wrong-argument", with_body(&arguments[0], step));
            }
        }
        ExprKind::Indicator(conditions) => {
            if let [condition] = conditions.as_slice()
                && let Some(body) = sum_of(&condition.left)
            {
                let mut inner = condition.clone();
                inner.left = body;
                let indicator = Expr::new(ExprKind::Indicator(vec![inner]), span);
                put("step-wrong-argument", with_body(&condition.left, indicator));
            }
        }
        _ => {}
    }
}

/// A Kronecker delta that is missing: the element counts for one class, token or unit only.
pub(in super::super) fn deltas_missing(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if site.factor || site.slope || site.step {
        return;
    }
    let span = site.expr.span;
    let letters = subject.truth.free_letters();
    let mut places = places(subject, span);
    places.extend(
        letters
            .iter()
            .map(|letter| Expr::new(ExprKind::Letter(letter.clone()), span)),
    );
    for letter in &letters {
        let own = Expr::new(ExprKind::Letter(letter.clone()), span);
        for place in &places {
            if place.kind == own.kind {
                continue;
            }
            let delta = Expr::new(
                ExprKind::Kronecker(Box::new(own.clone()), Box::new(place.clone())),
                span,
            );
            out(Edit {
                name: "index-sum-wrong",
                becomes: times(site.expr, Join::Product, delta.clone()),
                said: Said::Missing(delta),
            });
        }
    }
}
