//! Index expressions and names as the network language writes them, for messages and JSON.

use num_traits::{One, Signed, Zero};

use crate::system::{FamilyKind, System};
use crate::term::{Affine, Atom, FamilyId};

/// An index expression in the network language.
pub(super) fn affine(system: &System, affine: &Affine) -> String {
    let mut text = String::new();
    let mut summands: Vec<(bool, String)> = affine
        .terms()
        .iter()
        .map(|(atom, coefficient)| {
            let symbol = self::atom(system, atom);
            let magnitude = coefficient.abs();
            let spelled = if magnitude.is_one() {
                symbol
            } else if magnitude.is_integer() {
                format!("{magnitude} {symbol}")
            } else {
                format!("{magnitude} {symbol}").replace('/', " / ")
            };
            (coefficient.is_negative(), spelled)
        })
        .collect();
    let constant = affine.constant();
    if !constant.is_zero() || summands.is_empty() {
        summands.push((constant.is_negative(), constant.abs().to_string()));
    }
    if summands[0].0
        && let Some(first) = summands.iter().position(|(negative, _)| !negative)
    {
        let positive = summands.remove(first);
        summands.insert(0, positive);
    }
    for (at, (negative, spelled)) in summands.iter().enumerate() {
        match (at, negative) {
            (0, false) => {}
            (_, true) => text.push('-'),
            (_, false) => text.push('+'),
        }
        text.push_str(spelled);
    }
    text
}

fn atom(system: &System, atom: &Atom) -> String {
    match atom {
        Atom::Var(var) => system.store.letter(*var).to_owned(),
        Atom::Size(size, slots) => {
            let name = &system.size(*size).name;
            if slots.is_empty() {
                name.clone()
            } else {
                format!("{name}[{}]", list(system, slots))
            }
        }
        Atom::Read(family, index) => access(system, *family, index),
    }
}

fn list(system: &System, parts: &[Affine]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| affine(system, part)).collect();
    parts.join(", ")
}

/// A family at an index, or at its slots only if the index ends there.
pub(super) fn access(system: &System, family: FamilyId, index: &[Affine]) -> String {
    let row = system.family(family);
    let (slots, elements) = index.split_at(row.slots.min(index.len()));
    let mut text = row.name.clone();
    if !slots.is_empty() {
        text.push_str(&format!("[{}]", list(system, slots)));
    }
    if !elements.is_empty() {
        text.push_str(&format!("_{{{}}}", list(system, elements)));
    }
    text
}

/// Both sides of a derivative without their elements: `C` and `W[k]`; of a second one, `C` and `W[0], W[1]`.
pub(super) fn sides(system: &System, family: FamilyId, index: &[Affine]) -> (String, String) {
    both(system, family, index, &|family, index| {
        access(
            system,
            family,
            &index[..system.family(family).slots.min(index.len())],
        )
    })
}

/// Both sides of a derivative with their elements: `C` and `W[k]_{i,j}`.
pub(super) fn elements(system: &System, family: FamilyId, index: &[Affine]) -> (String, String) {
    both(system, family, index, &|family, index| {
        access(system, family, index)
    })
}

fn both(
    system: &System,
    family: FamilyId,
    index: &[Affine],
    side: &dyn Fn(FamilyId, &[Affine]) -> String,
) -> (String, String) {
    match system.family(family).kind {
        FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
            let rank = system.family(of).slots + system.family(of).axes;
            let (above, below) = index.split_at(rank.min(index.len()));
            match system.family(of).kind {
                FamilyKind::Adjoint { .. } => {
                    let (outer, first) = both(system, of, above, side);
                    (outer, format!("{first}, {}", side(wrt, below)))
                }
                FamilyKind::Local { .. }
                | FamilyKind::Input
                | FamilyKind::Defined
                | FamilyKind::OfMatrix { .. }
                | FamilyKind::OpaqueLoss(_) => (side(of, above), side(wrt, below)),
            }
        }
        FamilyKind::Input
        | FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::OpaqueLoss(_) => (side(family, index), String::new()),
    }
}
