//! Index expressions and elements in the author's own spelling, for messages.

use num_rational::Ratio;
use num_traits::{One, Signed, Zero};

use super::System;
use crate::array::Shape;
use crate::syntax::{Expr, ExprKind, Join, Sign};
use crate::term::{Affine, Atom, FamilyId};

/// An index expression: `k + 1` is `k+1`.
pub(super) fn affine(system: &System, value: &Affine) -> String {
    let mut text = String::new();
    // A leading minus reads badly: `L-k+1`, not `-k+L+1`.
    let (positive, negative): (Vec<_>, Vec<_>) = value
        .terms()
        .iter()
        .partition(|(_, coefficient)| coefficient.is_positive());
    for (name, coefficient) in positive
        .into_iter()
        .chain(negative)
        .map(|(name, coefficient)| (atom(system, name), *coefficient))
    {
        let size = coefficient.abs();
        if coefficient.is_negative() {
            text.push('-');
        } else if !text.is_empty() {
            text.push('+');
        }
        if !size.is_one() {
            text.push_str(&ratio(size));
            text.push(' ');
        }
        text.push_str(&name);
    }
    let constant = value.constant();
    if text.is_empty() {
        return ratio(constant);
    }
    if !constant.is_zero() {
        if constant.is_positive() {
            text.push('+');
        }
        text.push_str(&ratio(constant));
    }
    text
}

fn ratio(value: Ratio<i64>) -> String {
    if value.is_integer() {
        value.to_integer().to_string()
    } else {
        format!("{}/{}", value.numer(), value.denom())
    }
}

fn atom(system: &System, atom: &Atom) -> String {
    match atom {
        Atom::Var(var) => system.store.letter(*var).to_owned(),
        Atom::Size(size, slots) => bracketed(system, &system.size(*size).name, slots),
        Atom::Read(family, index) => element(system, *family, index),
    }
}

fn bracketed(system: &System, name: &str, slots: &[Affine]) -> String {
    if slots.is_empty() {
        return name.to_owned();
    }
    let slots: Vec<String> = slots.iter().map(|slot| affine(system, slot)).collect();
    format!("{name}[{}]", slots.join(","))
}

/// An element of a family: `W[k]_{i,j}`; `index` may hold the slots only.
pub(super) fn element(system: &System, family: FamilyId, index: &[Affine]) -> String {
    let family = system.family(family);
    let (slots, elements) = index.split_at(family.slots.min(index.len()));
    let mut text = bracketed(system, &family.name, slots);
    if !elements.is_empty() {
        let elements: Vec<String> = elements.iter().map(|value| affine(system, value)).collect();
        text.push('_');
        if elements.iter().all(|value| {
            value.chars().count() == 1 && !value.starts_with(|c: char| c.is_ascii_digit())
        }) {
            text.push_str(&elements.concat());
        } else {
            text.push_str(&format!("{{{}}}", elements.join(",")));
        }
    }
    text
}

/// A shape as it is declared: `R`, `R^n`, `R^(m x n)`; a row has one row.
pub(super) fn shape(system: &System, shape: &Shape) -> String {
    let Some((rows, columns)) = shape.as_matrix() else {
        return "R".to_owned();
    };
    let (rows, columns) = (affine(system, &rows), affine(system, &columns));
    match shape {
        Shape::Column(_) if rows.chars().count() == 1 => format!("R^{rows}"),
        Shape::Column(_) => format!("R^({rows})"),
        Shape::Number | Shape::Row(_) | Shape::Matrix(..) => format!("R^({rows} x {columns})"),
    }
}

/// `name[a,b]` of slot texts.
pub(super) fn slotted(name: &str, slots: &[String]) -> String {
    if slots.is_empty() {
        name.to_owned()
    } else {
        format!("{name}[{}]", slots.join(","))
    }
}

/// An index expression of the tree as it was written, up to spaces.
pub(super) fn spell(expr: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(spell).collect::<Vec<_>>().join(",");
    match &expr.kind {
        ExprKind::Number(value) => value.to_string(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Slots(base, slots) => format!("{}[{}]", spell(base), list(slots)),
        ExprKind::Elements(base, elements) => format!("{}_{{{}}}", spell(base), list(elements)),
        ExprKind::Negative(inner) => format!("-{}", spell(inner)),
        ExprKind::Sum(terms) => {
            let mut text = String::new();
            for (at, (sign, term)) in terms.iter().enumerate() {
                match sign {
                    Sign::Minus => text.push('-'),
                    Sign::Plus if at > 0 => text.push('+'),
                    Sign::Plus => {}
                }
                text.push_str(&spell(term));
            }
            text
        }
        ExprKind::Product(first, factors) => {
            let mut text = spell(first);
            for (join, factor) in factors {
                text.push_str(match join {
                    Join::Space | Join::Tight => " ",
                    Join::Star => "*",
                    Join::Elementwise => ".*",
                    Join::Over => "/",
                    Join::ElementwiseOver => "./",
                });
                text.push_str(&spell(factor));
            }
            text
        }
        ExprKind::Slice(None) => ":".to_owned(),
        ExprKind::Slice(Some(bounds)) => format!("{}..{}", spell(&bounds.0), spell(&bounds.1)),
        ExprKind::Call { .. }
        | ExprKind::Power { .. }
        | ExprKind::Transpose(_)
        | ExprKind::Reduce { .. }
        | ExprKind::Cases(_)
        | ExprKind::Derivative(..) => "(…)".to_owned(),
    }
}
