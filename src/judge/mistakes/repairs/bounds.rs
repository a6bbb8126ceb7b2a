//! What sums and products run over.

use super::factors::shifted;
use super::*;
use crate::claim::{Binder, Condition, Fold};
use crate::syntax::Comparison;
use num_traits::ToPrimitive;

/// A fold with its letters and conditions.
struct Folded<'e> {
    fold: Fold,
    binders: &'e [Binder],
    conditions: &'e [Condition],
    body: &'e Expr,
    span: Span,
}

impl<'e> Folded<'e> {
    fn of(expr: &'e Expr) -> Option<Self> {
        match &expr.kind {
            ExprKind::Fold {
                fold,
                binders,
                conditions,
                body,
            } => Some(Self {
                fold: *fold,
                binders,
                conditions,
                body,
                span: expr.span,
            }),
            _ => None,
        }
    }

    fn over(&self, binders: Vec<Binder>, conditions: Vec<Condition>) -> Expr {
        let kind = ExprKind::Fold {
            fold: self.fold,
            binders,
            conditions,
            body: Box::new(self.body.clone()),
        };
        Expr::new(kind, self.span)
    }
}

/// A range that begins or ends one earlier or later.
pub(in super::super) fn ranges_moved(_: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let Some(folded) = Folded::of(site.expr) else {
        return;
    };
    let name = match folded.fold {
        Fold::Product => "wrong-layer",
        Fold::Sum | Fold::Max | Fold::Diagonal => "index-sum-wrong",
    };
    for (at, binder) in folded.binders.iter().enumerate() {
        let Some((low, high)) = &binder.range else {
            continue;
        };
        for (first, last) in [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1)] {
            let mut binders = folded.binders.to_vec();
            binders[at].range = Some((
                shifted(low, first, folded.span),
                shifted(high, last, folded.span),
            ));
            let becomes = folded.over(binders, folded.conditions.to_vec());
            out(Edit::instead(name, site, becomes));
        }
    }
}

/// A sum over some of the layers or steps only, where all count.
pub(in super::super) fn steps_cut(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let Some(folded) = Folded::of(site.expr).filter(|folded| folded.fold == Fold::Sum) else {
        return;
    };
    if subject.derivative.is_none() {
        return;
    }
    for (at, binder) in folded.binders.iter().enumerate() {
        let is_step = folded.body.any(&mut |inner| match &inner.kind {
            ExprKind::Quantity { slots, .. } => slots
                .iter()
                .any(|slot| slot.free_letters().contains(&binder.letter)),
            _ => false,
        });
        if is_step && binder.range.is_some() {
            let mut binders = folded.binders.to_vec();
            binders[at].range = None;
            let becomes = folded.over(binders, folded.conditions.to_vec());
            out(Edit::instead("path-missing", site, becomes));
        }
    }
}

/// A product of matrices in the reverse order: `∏ J_{a+b-t}` for `∏ J_t` from a to b.
pub(in super::super) fn products_reversed(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let Some(folded) = Folded::of(site.expr).filter(|folded| folded.fold == Fold::Product) else {
        return;
    };
    let [binder] = folded.binders else { return };
    let Some((low, high)) = &binder.range else {
        return;
    };
    if axes(subject.system, folded.body) == 0 {
        return;
    }
    let own = Expr::new(ExprKind::Letter(binder.letter.clone()), folded.span);
    let terms = vec![(false, high.clone()), (true, own)];
    let mirrored = match &low.kind {
        ExprKind::Number(value) => match value.to_integer().to_i64() {
            Some(low) => shifted(&sum(terms, folded.span), low, folded.span),
            None => return,
        },
        _ => {
            let mut terms = terms;
            terms.push((false, low.clone()));
            sum(terms, folded.span)
        }
    };
    let body = folded
        .body
        .with_letters(&[(binder.letter.clone(), mirrored)]);
    out(Edit::instead(
        "weight-product-wrong",
        site,
        with_body(site.expr, body),
    ));
}

/// A sum over some of the values of its letter only, over others, or over all.
pub(in super::super) fn conditions_of_sums(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let Some(folded) = Folded::of(site.expr).filter(|folded| folded.fold == Fold::Sum) else {
        return;
    };
    let mut put = |conditions: Vec<Condition>| {
        let becomes = folded.over(folded.binders.to_vec(), conditions);
        out(Edit::instead("index-sum-wrong", site, becomes));
    };
    for (at, condition) in folded.conditions.iter().enumerate() {
        let mut fewer = folded.conditions.to_vec();
        fewer.remove(at);
        put(fewer);
        for relation in RELATIONS.iter().filter(|it| **it != condition.relation) {
            let mut other = folded.conditions.to_vec();
            other[at].relation = *relation;
            put(other);
        }
    }
    let letter = |name: &str| Expr::new(ExprKind::Letter(name.into()), folded.span);
    let mut others: Vec<Expr> = site.letters.iter().map(|name| letter(name)).collect();
    others.extend(places(subject, folded.span));
    for binder in folded.binders {
        let own = letter(&binder.letter);
        for other in others.iter().filter(|other| other.kind != own.kind) {
            for relation in RELATIONS {
                let mut more = folded.conditions.to_vec();
                more.push(Condition {
                    left: own.clone(),
                    relation: *relation,
                    right: other.clone(),
                });
                put(more);
            }
        }
    }
}

/// A condition on a letter that is missing in every sum over it: above and below a fraction line.
pub(in super::super) fn conditions_of_all_sums(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if !site.whole {
        return;
    }
    let mut letters: Vec<String> = Vec::new();
    site.expr.any(&mut |inner| {
        if let Some(folded) = Folded::of(inner) {
            letters.extend(folded.binders.iter().map(|binder| binder.letter.clone()));
        }
        false
    });
    letters.sort();
    let repeated: Vec<String> = letters
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0].clone())
        .collect();
    letters.dedup();
    letters.extend(site.letters.iter().cloned());
    for own in &repeated {
        let others = letters
            .iter()
            .filter(|other| *other != own)
            .map(|other| Expr::new(ExprKind::Letter(other.clone()), site.expr.span))
            .chain(places(subject, site.expr.span));
        for other in others {
            for relation in RELATIONS {
                let condition = Condition {
                    left: Expr::new(ExprKind::Letter(own.clone()), site.expr.span),
                    relation: *relation,
                    right: other.clone(),
                };
                let becomes = restricted(site.expr, own, &condition);
                out(Edit::instead("index-sum-wrong", site, becomes));
            }
        }
    }
}

/// An expression with one more condition in every sum over a letter.
fn restricted(expr: &Expr, letter: &str, condition: &Condition) -> Expr {
    let mut result = expr.clone();
    for at in operands(expr) {
        *result.children_mut()[at] = restricted(expr.children()[at], letter, condition);
    }
    if let ExprKind::Fold {
        fold: Fold::Sum,
        binders,
        conditions,
        ..
    } = &mut result.kind
        && binders.iter().any(|binder| binder.letter == letter)
    {
        conditions.push(condition.clone());
    }
    result
}

/// How the letters of a sum are compared.
const RELATIONS: &[Comparison] = &[
    Comparison::NotEqual,
    Comparison::GreaterEqual,
    Comparison::LessEqual,
    Comparison::Greater,
    Comparison::Less,
];
