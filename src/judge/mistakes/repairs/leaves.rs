//! A quantity, or what a derivative is taken by, exchanged for another.

use super::super::subject::family_in;
use super::factors::{shifted, written};
use super::*;
use crate::claim::{Condition, Entry};
use crate::syntax::Comparison;

/// What another quantity at a site is called.
pub(super) fn name_of(site: &Site<'_>, other: &'static str) -> &'static str {
    if site.slope {
        "derivative-at-wrong-point"
    } else if site.step {
        "step-wrong-argument"
    } else {
        other
    }
}

fn replaced(claim: &Expr, was: &Expr, becomes: &Expr) -> Expr {
    if claim.kind == was.kind {
        return becomes.clone().moved(claim.span);
    }
    let mut result = claim.clone();
    for at in operands(claim) {
        let child = claim.children()[at];
        *result.children_mut()[at] = replaced(child, was, becomes);
    }
    result
}

/// How often a leaf stands in an expression.
fn count(expr: &Expr, leaf: &Expr) -> usize {
    usize::from(expr.kind == leaf.kind)
        + operands(expr)
            .into_iter()
            .map(|at| count(expr.children()[at], leaf))
            .sum::<usize>()
}

/// Quantities that could stand for a leaf, with the name of the exchange.
fn others(subject: &Subject<'_>, leaf: &Expr) -> Vec<(&'static str, Expr)> {
    let system = subject.system;
    let mut found = Vec::new();
    let leaf_axes = axes(system, leaf);
    let (own, slots, elements) = match (&leaf.kind, &leaf.plain().kind) {
        (
            _,
            ExprKind::Quantity {
                family,
                slots,
                elements,
            },
        ) => (Some(*family), slots.clone(), elements.clone()),
        (ExprKind::Named(_), _) => (None, Vec::new(), Vec::new()),
        // An element of what a spelling stands for.
        (ExprKind::Elements(inner, entries), _) => match &inner.plain().kind {
            ExprKind::Quantity {
                family,
                slots,
                elements,
            } if elements.is_empty() => (Some(*family), slots.clone(), entries.clone()),
            _ => return found,
        },
        _ => return found,
    };
    for family in subject.families() {
        let known = system.family(family);
        if Some(family) == own || !is_plain(system, family) {
            continue;
        }
        let fits_slots = known.slots == slots.len();
        if fits_slots && known.axes == elements.len() + leaf_axes {
            let other = Expr::new(
                ExprKind::Quantity {
                    family,
                    slots: slots.clone(),
                    elements: elements.clone(),
                },
                leaf.span,
            );
            found.push(("wrong-operand", other));
        } else if fits_slots {
            // A quantity of another shape, whole or at the same letters.
            let whole = ExprKind::Quantity {
                family,
                slots: slots.clone(),
                elements: Vec::new(),
            };
            found.push(("wrong-operand", Expr::new(whole, leaf.span)));
            if known.axes == 1 && elements.len() == 2 {
                for entry in &elements {
                    let one = ExprKind::Quantity {
                        family,
                        slots: slots.clone(),
                        elements: vec![entry.clone()],
                    };
                    found.push(("wrong-operand", Expr::new(one, leaf.span)));
                }
            }
        }
    }
    if let (Some(family), Some(last)) = (own, slots.len().checked_sub(1)) {
        for shift in [-1, 1] {
            let mut moved = slots.clone();
            moved[last] = shifted(&slots[last], shift, leaf.span);
            let other = ExprKind::Quantity {
                family,
                slots: moved,
                elements: elements.clone(),
            };
            found.push(("wrong-layer", Expr::new(other, leaf.span)));
        }
        // Another family at a neighbouring slot: z of this layer for a of the one before.
        for other in subject.families() {
            let known = system.family(other);
            if other == family
                || known.slots != slots.len()
                || known.axes != elements.len() + leaf_axes
                || !is_plain(system, other)
            {
                continue;
            }
            for shift in [-1, 1] {
                let mut moved = slots.clone();
                moved[last] = shifted(&slots[last], shift, leaf.span);
                let other = ExprKind::Quantity {
                    family: other,
                    slots: moved,
                    elements: elements.clone(),
                };
                found.push(("wrong-operand", Expr::new(other, leaf.span)));
            }
        }
    }
    found
}

/// A leaf exchanged for another quantity at one place.
pub(in super::super) fn operands_exchanged(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let mut found = others(subject, site.expr);
    // At another letter too: `o_j` for `o_k`, two quantities of one spelling.
    if let ExprKind::Quantity {
        family, elements, ..
    } = &site.expr.plain().kind
        && !elements.is_empty()
    {
        for other in subject.families() {
            let fits = subject.system.family(other).axes == elements.len();
            if other != *family && fits && is_plain(subject.system, other) {
                let choices = written(subject, site, other).into_iter();
                let elementwise = choices.filter(|choice| axes(subject.system, choice) == 0);
                found.extend(elementwise.map(|choice| ("wrong-operand", choice)));
            }
        }
    }
    for (name, other) in found {
        out(Edit {
            name: name_of(site, name),
            said: Said::Instead(site.expr.clone(), other.clone()),
            becomes: other,
        });
    }
}

/// A leaf exchanged at all places at which it stands.
pub(in super::super) fn operands_exchanged_everywhere(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if !site.whole {
        return;
    }
    let mut leaves: Vec<Expr> = Vec::new();
    collect(site.expr, &mut leaves);
    for leaf in leaves {
        if count(site.expr, &leaf) < 2 {
            continue;
        }
        for (name, other) in others(subject, &leaf) {
            out(Edit {
                name,
                becomes: replaced(site.expr, &leaf, &other),
                said: Said::Instead(leaf.clone(), other),
            });
        }
    }
}

/// All layers or steps of a quantity moved by one.
pub(in super::super) fn slots_shifted(_: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    if !site.whole {
        return;
    }
    let mut leaves: Vec<Expr> = Vec::new();
    collect(site.expr, &mut leaves);
    let mut seen: Vec<FamilyId> = Vec::new();
    for leaf in &leaves {
        let ExprKind::Quantity { family, slots, .. } = &leaf.plain().kind else {
            continue;
        };
        if slots.is_empty() || seen.contains(family) {
            continue;
        }
        seen.push(*family);
        for shift in [-1, 1] {
            let becomes = moved(site.expr, *family, shift);
            out(Edit::instead("wrong-layer", site, becomes));
        }
    }
}

/// An expression with the last slot of a quantity moved wherever it stands.
fn moved(expr: &Expr, family: FamilyId, shift: i64) -> Expr {
    if let ExprKind::Quantity {
        family: own,
        slots,
        elements,
    } = &expr.plain().kind
        && *own == family
        && let Some((last, before)) = slots.split_last()
    {
        let mut slots = before.to_vec();
        slots.push(shifted(last, shift, expr.span));
        let kind = ExprKind::Quantity {
            family,
            slots,
            elements: elements.clone(),
        };
        return Expr::new(kind, expr.span);
    }
    let mut result = expr.clone();
    for at in operands(expr) {
        *result.children_mut()[at] = moved(expr.children()[at], family, shift);
    }
    result
}

/// Two quantities of one shape that stand in each other's place throughout.
pub(in super::super) fn operands_swapped(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if !site.whole {
        return;
    }
    let mut leaves: Vec<Expr> = Vec::new();
    collect(site.expr, &mut leaves);
    for (at, first) in leaves.iter().enumerate() {
        for second in &leaves[at + 1..] {
            if axes(subject.system, first) != axes(subject.system, second)
                || are_subtracted(site.expr, first, second)
            {
                continue;
            }
            // A number that stands nowhere keeps the two apart.
            let between = number(i64::MIN, site.expr.span);
            let becomes = replaced(site.expr, first, &between);
            let becomes = replaced(&becomes, second, first);
            let becomes = replaced(&becomes, &between, second);
            out(Edit::instead("wrong-operand", site, becomes));
        }
    }
}

/// Whether two leaves stand as `a - b` somewhere: exchanged they turn a sign.
fn are_subtracted(expr: &Expr, first: &Expr, second: &Expr) -> bool {
    expr.any(&mut |inner| {
        let ExprKind::Sum(terms) = &inner.kind else {
            return false;
        };
        let sign = |leaf: &Expr| {
            let term = terms.iter().find(|(_, term)| term.kind == leaf.kind);
            term.map(|(minus, _)| *minus)
        };
        matches!((sign(first), sign(second)), (Some(a), Some(b)) if a != b)
    })
}

/// A quantity at another layer or step of those that letters stand for.
pub(in super::super) fn slots_renamed(_: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let ExprKind::Quantity {
        family,
        slots,
        elements,
    } = &site.expr.plain().kind
    else {
        return;
    };
    for at in 0..slots.len() {
        let free = slots[at].free_letters();
        for letter in &free {
            for other in site.letters.iter().filter(|other| !free.contains(other)) {
                let other = Expr::new(ExprKind::Letter(other.clone()), site.expr.span);
                let mut moved = slots.clone();
                moved[at] = moved[at].with_letters(&[(letter.clone(), other)]);
                let kind = ExprKind::Quantity {
                    family: *family,
                    slots: moved,
                    elements: elements.clone(),
                };
                let becomes = Expr::new(kind, site.expr.span);
                out(Edit::instead(name_of(site, "wrong-layer"), site, becomes));
            }
        }
    }
}

fn collect(expr: &Expr, into: &mut Vec<Expr>) {
    if matches!(expr.kind, ExprKind::Quantity { .. } | ExprKind::Named(_))
        && !into.iter().any(|known| known.kind == expr.kind)
    {
        into.push(expr.clone());
    }
    for at in operands(expr) {
        collect(expr.children()[at], into);
    }
}

/// A derivative that is taken as known exchanged for that by another quantity.
pub(in super::super) fn derivatives_exchanged(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let (named, expr) = match &site.expr.kind {
        ExprKind::Named(inner) => (true, &**inner),
        _ => (false, site.expr),
    };
    let ExprKind::Derivative { of, wrt, direct } = &expr.kind else {
        return;
    };
    for (name, other) in others(subject, wrt) {
        let becomes = Expr::new(
            ExprKind::Derivative {
                of: of.clone(),
                wrt: Box::new(other),
                direct: *direct,
            },
            site.expr.span,
        );
        // δ₂ for δ₁, where layers have names of their own.
        let name = if numbered_alike(subject.system, wrt, &becomes) {
            "wrong-layer"
        } else {
            name
        };
        // What is claimed may not be put in its place.
        if subject.is_claimed(&becomes) || (named && site.whole && name != "wrong-layer") {
            continue;
        }
        out(Edit::instead(name, site, becomes));
    }
}

/// Whether a derivative is by what differs from a quantity in the number at the end of its name only: `z2` and `z1`.
fn numbered_alike(system: &System, wrt: &Expr, other: &Expr) -> bool {
    let stem = |expr: &Expr| {
        let family = family_in(expr)?;
        let name = system.family(family).name.as_str();
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        (stem.len() < name.len()).then(|| (family, stem.to_owned()))
    };
    let ExprKind::Derivative { wrt: other, .. } = &other.kind else {
        return false;
    };
    match (stem(wrt), stem(other)) {
        (Some((family, stem)), Some((other, alike))) => family != other && stem == alike,
        _ => false,
    }
}

/// The square of an activation's value for the value, as in 1 - tanh.
pub(in super::super) fn squares_missing(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let ExprKind::Quantity { family, .. } = &site.expr.plain().kind else {
        return;
    };
    let name = if subject
        .activations()
        .iter()
        .any(|(value, ..)| value == family)
    {
        "activation-derivative-wrong"
    } else {
        "wrong-operand"
    };
    let square = Expr::new(
        ExprKind::Power(
            Box::new(site.expr.clone()),
            Box::new(number(2, site.expr.span)),
            true,
        ),
        site.expr.span,
    );
    out(Edit {
        name,
        said: Said::Instead(site.expr.clone(), square.clone()),
        becomes: square,
    });
}

/// Another threshold in an indicator: `[m < 0]` for `[m < 1]`.
pub(in super::super) fn thresholds(_: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    let ExprKind::Indicator(conditions) = &site.expr.kind else {
        return;
    };
    for (at, condition) in conditions.iter().enumerate() {
        let right = &condition.right;
        if !matches!(right.kind, ExprKind::Number(_)) {
            continue;
        }
        for value in [-1, 0, 1] {
            let other = number(value, right.span);
            if other.kind == right.kind {
                continue;
            }
            let mut moved = conditions.clone();
            moved[at].right = other;
            let becomes = Expr::new(ExprKind::Indicator(moved), site.expr.span);
            out(Edit::instead("step-wrong-argument", site, becomes));
        }
    }
}

/// A relation turned round, strict and not: `z < 0` for `z > 0`; none for one that says the same in both directions.
fn turned(relation: Comparison) -> &'static [Comparison] {
    match relation {
        Comparison::Less | Comparison::LessEqual => {
            &[Comparison::Greater, Comparison::GreaterEqual]
        }
        Comparison::Greater | Comparison::GreaterEqual => {
            &[Comparison::Less, Comparison::LessEqual]
        }
        Comparison::Equal | Comparison::NotEqual => &[],
    }
}

/// A condition that is turned round: `[z < 0]` for `[z > 0]`, `1 - Step(z)` for `Step(z)`, cases with their values
/// exchanged.
pub(in super::super) fn conditions_turned(
    _: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let span = site.expr.span;
    let mut put = |name, kind| out(Edit::instead(name, site, Expr::new(kind, span)));
    // Of indices alone it says what is summed.
    let name = |condition: &Condition| match family_in(&condition.left)
        .or_else(|| family_in(&condition.right))
    {
        Some(_) => "step-wrong-argument",
        None => "index-sum-wrong",
    };
    match &site.expr.kind {
        ExprKind::Indicator(conditions) => {
            for (at, condition) in conditions.iter().enumerate() {
                for relation in turned(condition.relation) {
                    let mut other = conditions.clone();
                    other[at].relation = *relation;
                    put(name(condition), ExprKind::Indicator(other));
                }
            }
        }
        ExprKind::Call(function, 0, arguments) if function == "step" => {
            let inner = vec![negated(&arguments[0])];
            put(
                "step-wrong-argument",
                ExprKind::Call(function.clone(), 0, inner),
            );
        }
        ExprKind::Sum(terms) => {
            let is_step = |expr: &Expr| match &expr.kind {
                ExprKind::Call(function, 0, _) => function == "step",
                ExprKind::Indicator(_) => true,
                _ => false,
            };
            if let [(false, one), (true, step)] = terms.as_slice()
                && one.kind == number(1, span).kind
                && is_step(step)
            {
                put("step-wrong-argument", step.kind.clone());
            }
        }
        ExprKind::Cases(branches) => {
            if let [(first, condition), (second, other)] = branches.as_slice() {
                let exchanged = vec![
                    (second.clone(), condition.clone()),
                    (first.clone(), other.clone()),
                ];
                put("step-wrong-argument", ExprKind::Cases(exchanged));
            }
        }
        _ => {}
    }
}

/// Another argument of a Step or of an indicator: a factor of it is missing or too much, or it is that of another unit.
pub(in super::super) fn step_arguments(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let argument = match &site.expr.kind {
        ExprKind::Call(name, 0, arguments) if name == "step" => &arguments[0],
        ExprKind::Indicator(conditions) => match conditions.as_slice() {
            [only] => &only.left,
            _ => return,
        },
        _ => return,
    };
    let mut put = |other: Expr| {
        let mut becomes = site.expr.clone();
        *becomes.children_mut()[0] = other;
        out(Edit::instead("step-wrong-argument", site, becomes));
    };
    let factors = factors_of(argument);
    for at in 0..factors.len() {
        if factors.len() > 1 {
            let mut fewer = factors.clone();
            fewer.remove(at);
            put(product(fewer, argument.span));
        }
    }
    for family in subject.families() {
        if !is_plain(subject.system, family) {
            continue;
        }
        for quantity in written(subject, site, family) {
            // How many axes a product has its form does not tell.
            let open = matches!(argument.kind, ExprKind::Product(_));
            if open || axes(subject.system, &quantity) == axes(subject.system, argument) {
                put(quantity.clone());
            }
            if axes(subject.system, &quantity) == 0 {
                put(times(&quantity, Join::Product, argument.clone()));
            }
        }
    }
}

/// The letters of an element's index.
pub(super) fn letters_of(entries: &[Entry]) -> Vec<Option<String>> {
    entries
        .iter()
        .map(|entry| match entry {
            Entry::At(Expr {
                kind: ExprKind::Letter(letter),
                ..
            }) => Some(letter.clone()),
            _ => None,
        })
        .collect()
}
