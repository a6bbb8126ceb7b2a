//! Transposes, the order of factors, and products of the wrong kind.

use super::*;
use crate::claim::{Entry, Fold};

fn toggled(expr: &Expr) -> Expr {
    match &expr.kind {
        ExprKind::Transpose(inner) => (**inner).clone(),
        _ => Expr::new(ExprKind::Transpose(Box::new(expr.clone())), expr.span),
    }
}

fn is_transposed(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Transpose(_))
}

/// `u v^T`
fn is_outer(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Product(factors) => {
            matches!(factors.as_slice(), [.., (_, last)] if is_transposed(last))
        }
        _ => false,
    }
}

/// One transpose more or less.
pub(in super::super) fn transposes(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if site.transposed || axes(subject.system, site.expr) == 0 {
        return;
    }
    let becomes = toggled(site.expr);
    let name = if site.outermost || is_transposed(site.expr) || is_outer(site.expr) {
        "transpose-swapped"
    } else {
        "transpose-missing"
    };
    out(Edit::instead(name, site, becomes));
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..count {
        found = found
            .into_iter()
            .flat_map(|before| {
                (0..count)
                    .filter(|at| !before.contains(at))
                    .map(|at| {
                        let mut next = before.clone();
                        next.push(at);
                        next
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    found
}

/// Whether a factor is a diagonal matrix or a derivative.
fn is_jacobian(expr: &Expr) -> bool {
    match &expr.plain().kind {
        ExprKind::Call(name, primes, _) => name == "diag" || *primes > 0,
        ExprKind::Derivative { .. } => true,
        ExprKind::Transpose(inner) => is_jacobian(inner),
        _ => false,
    }
}

/// `a ⊙ (B c)` where `B (a ⊙ c)` belongs, and the reverse: what is multiplied entry by entry on the wrong side of a matrix.
pub(in super::super) fn regrouped(_: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let ExprKind::Product(factors) = &site.expr.kind else {
        return;
    };
    let span = site.expr.span;
    let mut edit = |factors: Vec<(Join, Expr)>| {
        let becomes = product(factors, span);
        out(Edit {
            name: "operand-order",
            said: Said::Order(becomes.clone()),
            becomes,
        });
    };
    let two = |expr: &Expr| match &expr.kind {
        ExprKind::Product(inner) => match inner.as_slice() {
            [(_, first), (join, second)] => Some((first.clone(), *join, second.clone())),
            _ => None,
        },
        _ => None,
    };
    if let [(_, a), (outer, b)] = factors.as_slice() {
        for (single, pair, first) in [(a, b, true), (b, a, false)] {
            let Some((left, inner, right)) = two(pair) else {
                continue;
            };
            match (outer, inner) {
                // a ⊙ (B c)
                (Join::Elementwise, Join::Product) => {
                    let small = vec![(Join::Product, single.clone()), (Join::Elementwise, right)];
                    let small = product(small, span);
                    edit(vec![(Join::Product, left), (Join::Product, small)]);
                }
                // B (a ⊙ c)
                (Join::Product, Join::Elementwise) if first => {
                    for (entrywise, moved) in [(&left, &right), (&right, &left)] {
                        let whole = vec![
                            (Join::Product, single.clone()),
                            (Join::Product, moved.clone()),
                        ];
                        edit(vec![
                            (Join::Product, entrywise.clone()),
                            (Join::Elementwise, product(whole, span)),
                        ]);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Products of more matrices are not put in another order.
const MOST_MOVABLE: usize = 5;

/// The factors of a product in another order, powers of matrices unfolded.
pub(in super::super) fn orders(subject: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let ExprKind::Product(factors) = &site.expr.kind else {
        return;
    };
    let mut unfolded: Vec<(Join, Expr)> = Vec::new();
    for (join, factor) in factors {
        if let ExprKind::Power(base, exponent, false) = &factor.kind
            && axes(subject.system, base) == 2
            && let ExprKind::Number(count) = &exponent.kind
            && (*count == BigRational::from_integer(2.into())
                || *count == BigRational::from_integer(3.into()))
        {
            let count = if *count == BigRational::from_integer(2.into()) {
                2
            } else {
                3
            };
            for at in 0..count {
                let join = if at == 0 { *join } else { Join::Product };
                unfolded.push((join, (**base).clone()));
            }
        } else {
            unfolded.push((*join, factor.clone()));
        }
    }
    let movable: Vec<usize> = (0..unfolded.len())
        .filter(|at| axes(subject.system, &unfolded[*at].1) > 0)
        .collect();
    if movable.len() < 2 || movable.len() > MOST_MOVABLE {
        return;
    }
    let jacobians = movable
        .iter()
        .filter(|at| is_jacobian(&unfolded[**at].1))
        .count();
    let name = if jacobians >= 2 {
        "weight-product-wrong"
    } else {
        "operand-order"
    };
    let mut seen = Vec::new();
    for order in permutations(movable.len()) {
        if order.iter().enumerate().all(|(at, from)| at == *from) {
            continue;
        }
        let mut moved = unfolded.clone();
        for (to, from) in movable.iter().zip(&order) {
            moved[*to].1 = unfolded[movable[*from]].1.clone();
        }
        // The signs stay, or go with the factors.
        let mut with_signs = moved.clone();
        for (to, from) in movable.iter().zip(&order) {
            if *to > 0 && movable[*from] > 0 {
                with_signs[*to].0 = unfolded[movable[*from]].0;
            } else if *to > 0 {
                with_signs[*to].0 = Join::Product;
            }
        }
        let mut forms = vec![moved, with_signs];
        // Of two factors one may be transposed too.
        if movable.len() == 2 {
            for at in &movable {
                let mut turned = forms[0].clone();
                turned[*at].1 = toggled(&turned[*at].1);
                forms.push(turned);
            }
        }
        for form in forms {
            let becomes = Expr::new(ExprKind::Product(form), site.expr.span);
            if seen.contains(&becomes) {
                continue;
            }
            seen.push(becomes.clone());
            out(Edit {
                name,
                said: Said::Order(becomes.clone()),
                becomes,
            });
        }
    }
}

/// A transpose moved from one factor to another.
pub(in super::super) fn transposes_moved(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let ExprKind::Product(factors) = &site.expr.kind else {
        return;
    };
    let movable: Vec<usize> = (0..factors.len())
        .filter(|at| axes(subject.system, &factors[*at].1) > 0)
        .collect();
    if movable.len() > 4 {
        return;
    }
    for (at, first) in movable.iter().enumerate() {
        for second in &movable[at + 1..] {
            let mut moved = factors.clone();
            for place in [first, second] {
                moved[*place].1 = toggled(&factors[*place].1);
            }
            let becomes = Expr::new(ExprKind::Product(moved), site.expr.span);
            let added = !is_transposed(&factors[*first].1) && !is_transposed(&factors[*second].1);
            out(Edit {
                name: if added {
                    "transpose-missing"
                } else {
                    "transpose-swapped"
                },
                said: Said::Instead(site.expr.clone(), becomes.clone()),
                becomes,
            });
        }
    }
}

/// A matrix for its inverse, and the reverse, where the network speaks of inverses.
pub(in super::super) fn inverses(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let speaks = |family: FamilyId| {
        let kind = &subject.system.family(family).kind;
        matches!(kind, FamilyKind::OfMatrix { row, .. } if row.keeps_shape)
    };
    if axes(subject.system, site.expr) != 2 || !subject.system.family_ids().any(speaks) {
        return;
    }
    let minus_one = ExprKind::Number(BigRational::from_integer((-1).into()));
    let becomes = match &site.expr.kind {
        ExprKind::Power(base, exponent, false) if exponent.kind == minus_one => (**base).clone(),
        ExprKind::Quantity { .. } | ExprKind::Named(_) => {
            let exponent = Expr::new(minus_one, site.expr.span);
            let inverse = ExprKind::Power(Box::new(site.expr.clone()), Box::new(exponent), false);
            Expr::new(inverse, site.expr.span)
        }
        _ => return,
    };
    out(Edit::instead("wrong-operand", site, becomes));
}

/// Neighbours in a product of matrices, transposed together: `b a^T` for `a b^T`.
pub(in super::super) fn pairs_transposed(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let ExprKind::Product(factors) = &site.expr.kind else {
        return;
    };
    for at in 1..factors.len() {
        let [(_, first), (Join::Product, second)] = &factors[at - 1..=at] else {
            continue;
        };
        if axes(subject.system, first) == 0 || axes(subject.system, second) == 0 {
            continue;
        }
        let mut turned = factors.clone();
        turned[at - 1].1 = toggled(second);
        turned[at].1 = toggled(first);
        let becomes = Expr::new(ExprKind::Product(turned), site.expr.span);
        out(Edit::instead("transpose-swapped", site, becomes));
    }
}

/// The transposes of all matrices, forgotten together.
pub(in super::super) fn matrices_transposed(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if !site.whole {
        return;
    }
    let all = |expr: &Expr| matches!(expr.kind, ExprKind::Quantity { .. } | ExprKind::Named(_));
    let (count, becomes) = matrices(subject.system, site.expr, false, &all);
    if count < 2 {
        return;
    }
    out(Edit::instead("transpose-missing", site, becomes));
    // Those that are given.
    let (given, becomes) = matrices(subject.system, site.expr, false, &|expr| {
        all(expr)
            && matches!(&expr.plain().kind, ExprKind::Quantity { family, .. }
            if subject.system.family(*family).kind == FamilyKind::Input)
    });
    if given > 1 && given < count {
        out(Edit::instead("transpose-missing", site, becomes));
    }
    // One of them, wherever it stands.
    let mut seen: Vec<ExprKind> = Vec::new();
    site.expr.any(&mut |expr| {
        if all(expr) && !seen.contains(&expr.kind) {
            seen.push(expr.kind.clone());
        }
        false
    });
    for one in seen {
        let (times, becomes) = matrices(subject.system, site.expr, false, &|expr| expr.kind == one);
        if times > 1 && times < count {
            out(Edit::instead("transpose-missing", site, becomes));
        }
    }
}

/// `2 A` for `A + A^T`, `A` for half of it.
pub(in super::super) fn doubled(subject: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let ExprKind::Product(factors) = &site.expr.kind else {
        return;
    };
    let two = number(2, site.expr.span).kind;
    let twice = factors.iter().position(|(_, factor)| factor.kind == two);
    for at in 0..factors.len() {
        let (join, factor) = &factors[at];
        let is_matrix = matches!(factor.plain().kind, ExprKind::Quantity { .. })
            && axes(subject.system, factor) == 2;
        if !is_matrix {
            continue;
        }
        let both = ExprKind::Sum(vec![(false, factor.clone()), (false, toggled(factor))]);
        let mut halved = factors.clone();
        halved[at] = (*join, Expr::new(both, factor.span));
        match twice {
            Some(twice) => {
                halved.remove(twice);
            }
            None => {
                halved[0].0 = Join::Product;
                halved.insert(0, (Join::Product, ratio(1, 2, site.expr.span)));
            }
        }
        let becomes = product(halved, site.expr.span);
        out(Edit::instead("transpose-missing", site, becomes));
    }
}

/// An expression with those of its matrices transposed that are not, and how many they are.
fn matrices(
    system: &System,
    expr: &Expr,
    transposed: bool,
    wanted: &dyn Fn(&Expr) -> bool,
) -> (usize, Expr) {
    if wanted(expr) {
        return if !transposed && axes(system, expr) == 2 {
            (1, toggled(expr))
        } else {
            (0, expr.clone())
        };
    }
    let mut result = expr.clone();
    let mut count = 0;
    for at in operands(expr) {
        let child = expr.children()[at];
        let (inner, becomes) = matrices(system, child, is_transposed(expr), wanted);
        count += inner;
        *result.children_mut()[at] = becomes;
    }
    (count, result)
}

/// `x .* y` for a dot product written `sum_k x_k y_k`.
fn unsummed(expr: &Expr) -> Option<Expr> {
    let ExprKind::Fold {
        fold: Fold::Sum,
        binders,
        conditions,
        body,
    } = &expr.kind
    else {
        return None;
    };
    let ([binder], [], ExprKind::Product(factors)) =
        (binders.as_slice(), conditions.as_slice(), &body.kind)
    else {
        return None;
    };
    let letter = ExprKind::Letter(binder.letter.clone());
    let mut whole = factors.clone();
    for (join, factor) in &mut whole {
        *join = Join::Elementwise;
        *factor = factor.plain().clone();
        match &mut factor.kind {
            ExprKind::Quantity { elements, .. } if matches!(elements.as_slice(), [Entry::At(only)] if only.kind == letter) =>
            {
                elements.clear();
            }
            _ => return None,
        }
    }
    Some(Expr::new(ExprKind::Product(whole), expr.span))
}

/// A product entry by entry for a matrix product, or a diagonal matrix for its diagonal, and the reverse.
pub(in super::super) fn kinds(subject: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let span = site.expr.span;
    let mut put = |becomes: Expr| {
        out(Edit::instead("hadamard-vs-product", site, becomes));
    };
    match &site.expr.kind {
        ExprKind::Product(factors) => {
            for at in 1..factors.len() {
                if factors[at].0 == Join::Product && is_transposed(&factors[at].1) {
                    // `a b^T` for `a .* b`
                    let mut other = factors.clone();
                    other[at] = (Join::Elementwise, toggled(&factors[at].1));
                    put(Expr::new(ExprKind::Product(other), span));
                }
                for join in [Join::Product, Join::Elementwise, Join::Dot] {
                    if join != factors[at].0 {
                        let mut other = factors.clone();
                        other[at].0 = join;
                        put(Expr::new(ExprKind::Product(other.clone()), span));
                        // An outer product.
                        if join == Join::Product {
                            let mut outer = other.clone();
                            outer[at].1 = toggled(&outer[at].1);
                            put(Expr::new(ExprKind::Product(outer), span));
                        }
                        // As a product of matrices it may stand on the other side.
                        if join == Join::Product && factors.len() == 2 {
                            other.swap(0, 1);
                            other[1].0 = Join::Product;
                            put(Expr::new(ExprKind::Product(other), span));
                        }
                    }
                }
            }
        }
        ExprKind::Call(name, 0, arguments) if name == "diag" => put(arguments[0].clone()),
        ExprKind::Fold { .. } => {
            if let Some(product) = unsummed(site.expr) {
                put(product);
            }
        }
        _ => {}
    }
    if site.factor && axes(subject.system, site.expr) == 1 {
        put(Expr::new(
            ExprKind::Call("diag".into(), 0, vec![site.expr.clone()]),
            span,
        ));
    }
}

/// All products of arrays taken entry by entry that are written as products of matrices: signs forgotten together.
pub(in super::super) fn kinds_everywhere(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    // Of columns only, or of whatever is not transposed.
    for least in [2, 1] {
        let (count, becomes) = entrywise(subject.system, site.expr, least);
        if count > 1 {
            out(Edit::instead("hadamard-vs-product", site, becomes));
        }
    }
}

/// An expression with its products of untransposed arrays taken entry by entry, and how many there are. What is transposed
/// is multiplied as a matrix, and so is what has more than so many axes.
fn entrywise(system: &System, expr: &Expr, most: usize) -> (usize, Expr) {
    let mut result = expr.clone();
    let mut count = 0;
    for at in operands(expr) {
        let (inner, becomes) = entrywise(system, expr.children()[at], most);
        count += inner;
        *result.children_mut()[at] = becomes;
    }
    if let ExprKind::Product(factors) = &mut result.kind {
        for at in 1..factors.len() {
            let plain = |factor: &Expr| {
                (1..=most).contains(&axes(system, factor)) && !is_transposed(factor)
            };
            if factors[at].0 == Join::Product && plain(&factors[at - 1].1) && plain(&factors[at].1)
            {
                factors[at].0 = Join::Elementwise;
                count += 1;
            }
        }
    }
    (count, result)
}
