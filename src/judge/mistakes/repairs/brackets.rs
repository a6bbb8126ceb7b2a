//! Brackets that are missing or too much.

use super::*;
use crate::claim::Fold;

/// The last factors of a product with what follows in a bracket, from the one of this number on; of a sum also those
/// below its sign: `Σ a (b - c)` for `Σ a b - c`.
fn closings(expr: &Expr, taken: &[(bool, Expr)], from: usize) -> Vec<Expr> {
    let span = expr.span;
    let factors = factors_of(expr);
    let mut found = Vec::new();
    for first in from..factors.len() {
        let mut inner = vec![(false, product(factors[first..].to_vec(), span))];
        inner.extend(taken.iter().cloned());
        let mut closed = factors[..first].to_vec();
        closed.push((factors[first].0, Expr::new(ExprKind::Sum(inner), span)));
        found.push(product(closed, span));
    }
    if let Some((join, last)) = factors.last()
        && let ExprKind::Fold { body, .. } = &last.kind
    {
        for body in closings(body, taken, 0) {
            let mut closed = factors[..factors.len() - 1].to_vec();
            closed.push((*join, with_body(last, body)));
            found.push(product(closed, span));
        }
    }
    found
}

/// A bracket that is missing or too much: `a b - c` for `a (b - c)`, and the reverse.
pub(in super::super) fn brackets(_: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let span = site.expr.span;
    match &site.expr.kind {
        ExprKind::Sum(terms) if terms.len() > 1 => {
            // The first factor takes what stands before it.
            for last in 1..terms.len() {
                let factors = factors_of(&terms[last].1);
                if factors.len() < 2 {
                    continue;
                }
                for first in 0..last {
                    let mut inner = terms[first..last].to_vec();
                    inner.push((terms[last].0, factors[0].1.clone()));
                    let mut closed = factors.clone();
                    closed[0].1 = Expr::new(ExprKind::Sum(inner), span);
                    let mut all = terms[..first].to_vec();
                    all.push((false, product(closed, span)));
                    all.extend(terms[last + 1..].iter().cloned());
                    out(Edit::instead("precedence", site, sum(all, span)));
                }
            }
            for at in 0..terms.len() - 1 {
                let (head, rest) = (&terms[at], &terms[at + 1..]);
                // The last factors take what follows, or some of it.
                for end in 1..=rest.len() {
                    let (taken, after) = rest.split_at(end);
                    for closed in closings(&head.1, taken, 1) {
                        let mut all = terms[..at].to_vec();
                        all.push((head.0, closed));
                        all.extend(after.iter().cloned());
                        out(Edit::instead("precedence", site, sum(all, span)));
                    }
                }
                let factors = factors_of(&head.1);
                // Around the last factor of one summand and the first of the next: `a 1 - b c` for `a (1 - b) c`; below a
                // sum, behind its sign.
                let next = factors_of(&rest[0].1);
                let inside = |last: &Expr| {
                    let terms = vec![(false, last.clone()), (rest[0].0, next[0].1.clone())];
                    let mut closed = vec![(Join::Product, Expr::new(ExprKind::Sum(terms), span))];
                    closed.extend(next[1..].iter().cloned());
                    product(closed, span)
                };
                let (join, last) = factors.last().expect("at least one").clone();
                let both = match &last.kind {
                    ExprKind::Fold { body, .. } => with_body(&last, inside(body)),
                    _ => inside(&last),
                };
                if next.len() > 1 {
                    let mut closed = factors.clone();
                    closed[factors.len() - 1] = (join, both);
                    let mut all = terms[..at].to_vec();
                    all.push((head.0, product(closed, span)));
                    all.extend(rest[1..].iter().cloned());
                    out(Edit::instead("precedence", site, sum(all, span)));
                }
                if let [(minus, next)] = rest {
                    // 1 + ∏ f or 1 + Σ f for ∏ (1 + f): not all ways through several layers are counted.
                    if let ExprKind::Fold {
                        fold: Fold::Product | Fold::Sum,
                        body,
                        ..
                    } = &next.kind
                    {
                        let both = vec![(false, head.1.clone()), (*minus, (**body).clone())];
                        let mut ways = with_body(next, Expr::new(ExprKind::Sum(both), span));
                        if let ExprKind::Fold { fold, .. } = &mut ways.kind {
                            *fold = Fold::Product;
                        }
                        let mut all = terms[..at].to_vec();
                        all.push((head.0, ways));
                        out(Edit::instead("path-missing", site, sum(all, span)));
                    }
                }
            }
        }
        ExprKind::Product(factors) => {
            // `a b .* c` for `a (b .* c)` and `(a b) .* c`
            let mixed = factors[1..]
                .iter()
                .any(|(join, _)| *join == Join::Elementwise);
            for first in (1..factors.len() - 1).filter(|_| mixed) {
                let inner = product(factors[first..].to_vec(), span);
                let mut behind = factors[..first].to_vec();
                behind.push((factors[first].0, inner));
                let inner = product(factors[..=first].to_vec(), span);
                let mut before = vec![(Join::Product, inner)];
                before.extend(factors[first + 1..].iter().cloned());
                for grouped in [behind, before] {
                    out(Edit::instead("precedence", site, product(grouped, span)));
                }
            }
            for at in 0..factors.len() {
                let ExprKind::Sum(terms) = &factors[at].1.kind else {
                    continue;
                };
                let (before, after) = (&factors[..at], &factors[at + 1..]);
                let (Some(first), Some(last)) = (terms.first(), terms.last()) else {
                    continue;
                };
                let mut opened = terms.clone();
                let mut head = before.to_vec();
                head.push((factors[at].0, first.1.clone()));
                opened[0] = (first.0, product(head, span));
                let mut tail = vec![(Join::Product, opened.last().unwrap_or(last).1.clone())];
                tail.extend(after.iter().cloned());
                let end = opened.len() - 1;
                opened[end] = (last.0, product(tail, span));
                let becomes = Expr::new(ExprKind::Sum(opened), span);
                out(Edit::instead("precedence", site, becomes));
            }
        }
        _ => {}
    }
}

/// `∏ f` for `∏ (1 + f)`: the ways past the layers of a residual network are not counted.
pub(in super::super) fn ways_past_missing(
    _: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if let ExprKind::Fold {
        fold: Fold::Product,
        body,
        ..
    } = &site.expr.kind
    {
        let span = site.expr.span;
        let past = vec![(false, number(1, span)), (false, (**body).clone())];
        let ways = with_body(site.expr, Expr::new(ExprKind::Sum(past), span));
        out(Edit::instead("path-missing", site, ways));
    }
}
