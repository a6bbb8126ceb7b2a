//! Names of quantities and of their elements in messages and in JSON keys.

use crate::system::{FamilyKind, System};
use crate::term::{Affine, Atom, FamilyId};

/// A family at slots: `W[0]`, `∂C/∂W[0]`, `∂²C/∂w²`.
pub(crate) fn family(system: &System, id: FamilyId, keys: &[i64]) -> String {
    let (of, wrt) = derivative(system, id);
    if wrt.is_empty() {
        return format!("{}{}", system.family(id).name, slots(keys));
    }
    // Slots of the output come first, then those of each quantity in turn.
    let mut rest = keys;
    let mut take = |family: FamilyId| {
        let count = system.family(family).slots.min(rest.len());
        let (own, others) = rest.split_at(count);
        rest = others;
        format!("{}{}", system.family(family).name, slots(own))
    };
    let of = take(of);
    let wrt: Vec<String> = wrt.into_iter().map(take).collect();
    match wrt.as_slice() {
        [only] => format!("∂{of}/∂{only}"),
        [a, b] if a == b => format!("∂²{of}/∂{a}²"),
        [a, b] => format!("∂²{of}/∂{a}∂{b}"),
        more => format!("∂{}{of}/∂{}", more.len(), more.join("∂")),
    }
}

/// One element of a family, at its full index: `W[0]_{1,2}`.
pub(crate) fn element(system: &System, id: FamilyId, index: &[i64]) -> String {
    let (of, wrt) = derivative(system, id);
    let mut rest = index;
    let mut take = |family: FamilyId| {
        let shape = system.family(family);
        let (own, others) = rest.split_at((shape.slots + shape.axes).min(rest.len()));
        rest = others;
        let (keys, elements) = own.split_at(shape.slots.min(own.len()));
        format!("{}{}{}", shape.name, slots(keys), subscript(elements))
    };
    let of = take(of);
    if wrt.is_empty() {
        return of;
    }
    let wrt: Vec<String> = wrt.into_iter().map(take).collect();
    match wrt.len() {
        1 => format!("∂{of}/∂{}", wrt[0]),
        2 => format!("∂²{of}/∂{}∂{}", wrt[0], wrt[1]),
        more => format!("∂{more}{of}/∂{}", wrt.join("∂")),
    }
}

/// What is differentiated in the end, and by what in turn.
pub(crate) fn derivative(system: &System, id: FamilyId) -> (FamilyId, Vec<FamilyId>) {
    let (mut of, mut wrt) = (id, Vec::new());
    while let FamilyKind::Adjoint { of: inner, wrt: by }
    | FamilyKind::Local { of: inner, wrt: by } = system.family(of).kind
    {
        of = inner;
        wrt.push(by);
    }
    wrt.reverse();
    (of, wrt)
}

fn slots(keys: &[i64]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let keys: Vec<String> = keys.iter().map(i64::to_string).collect();
    format!("[{}]", keys.join(", "))
}

fn subscript(elements: &[i64]) -> String {
    if elements.is_empty() {
        return String::new();
    }
    let elements: Vec<String> = elements.iter().map(i64::to_string).collect();
    format!("_{{{}}}", elements.join(","))
}

/// An expression of sizes as it is written: `L`, `L-1`, `n[L]`.
pub(crate) fn affine(system: &System, value: &Affine) -> String {
    let mut text = String::new();
    for (atom, coefficient) in value.terms() {
        let Atom::Size(size, slots) = atom else {
            continue;
        };
        let sign = if num_traits::Signed::is_negative(coefficient) {
            "-"
        } else {
            "+"
        };
        if !text.is_empty() || sign == "-" {
            text.push_str(sign);
        }
        let size_of = num_traits::Signed::abs(coefficient);
        if !num_traits::One::is_one(&size_of) {
            text.push_str(&size_of.to_string());
        }
        text.push_str(&system.size(*size).name);
        if !slots.is_empty() {
            let slots: Vec<String> = slots.iter().map(|slot| affine(system, slot)).collect();
            text.push_str(&format!("[{}]", slots.join(",")));
        }
    }
    let constant = value.constant();
    if text.is_empty() {
        return constant.to_string();
    }
    if num_traits::Signed::is_positive(&constant) {
        text.push_str(&format!("+{constant}"));
    } else if num_traits::Signed::is_negative(&constant) {
        text.push_str(&constant.to_string());
    }
    text
}
