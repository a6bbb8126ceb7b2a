//! The symbols of a notation as `write` lines, by which claims in it are read.

use super::Template;
use super::notation::{Mark, Notation, bold, symbol_of};
use crate::system::{FamilyKind, Spelled, Spelling, System};
use crate::term::{Affine, FamilyId, VarId};

/// The network with the notation's symbols spelled out; the author's own spellings stay and win.
pub fn spelled_out(system: &System, notation: &Notation) -> System {
    let mut system = system.clone();
    let mut spellings = Vec::new();
    for family in system.family_ids() {
        let row = system.family(family);
        let Some(named) = notation.named(family) else {
            continue;
        };
        let slots = row.slots;
        let nameless = row.name.is_empty()
            || matches!(row.kind, FamilyKind::OfMatrix { .. })
            // A boundary is read as what it bounds.
            || system.bounded_by(family).is_some();
        let arrays = row.axes > 0;
        let symbol = named.symbol.clone().or_else(|| symbol_of(&row.name));
        let Some(symbol) = symbol.filter(|_| !nameless) else {
            continue;
        };
        let letters: Vec<String> = (0..slots)
            .map(|slot| letter(notation, family, slot))
            .collect();
        let vars: Vec<VarId> = letters
            .iter()
            .map(|it| system.store.fresh_var(it))
            .collect();
        let index: Box<[Affine]> = vars.iter().copied().map(Affine::var).collect();
        let marks = marks(notation, family, &letters);
        let mut add = |what: Spelled, latex: String| {
            spellings.push(Spelling {
                vars: vars.clone().into_boxed_slice(),
                what,
                latex,
                span: crate::source::Span::default(),
            });
        };
        let quantity = Spelled::Slots(family, index.clone());
        // Claims are read with the network's names and superscripts anyway.
        let own_name = named.symbol.is_none() && !marks.contains('_');
        if !own_name {
            add(quantity.clone(), format!("{symbol}{marks}"));
        }
        let bold = bold(&symbol).filter(|_| arrays && notation.profile.signs.bold);
        if let Some(bold) = &bold {
            add(quantity, format!("{bold}{marks}"));
        }
        if let Some(cost) = notation.cost
            && cost != family
            && let Some(template) = notation.derivative(&system, cost, family, &index, true)
            && !template.is_whole()
            // What stands for a derivative of the sum is no derivative of the cost.
            && !notation.examples.is_some_and(|size| system.has_examples(family, size))
        {
            for symbol in std::iter::once(&symbol).chain(&bold) {
                let what = Spelled::Derivative {
                    of: (cost, Box::default()),
                    wrt: (family, index.clone()),
                };
                add(what, format!("{}{marks}", filled(template, symbol)));
            }
        }
    }
    spellings.append(&mut system.spellings);
    system.spellings = spellings;
    system
}

/// The letter of a slot in its definition.
fn letter(notation: &Notation, family: FamilyId, slot: usize) -> String {
    let layer = notation
        .named(family)
        .is_some_and(|named| named.layer_slot == Some(slot));
    match &notation.profile.layers.letter {
        Some(letter) if layer => letter.as_str().to_owned(),
        _ if layer => "k".to_owned(),
        // Several steps need several letters.
        _ => ["t", "s", "u", "v"][slot.min(3)].to_owned(),
    }
}

/// `^{(l)}`, `_{t}`
fn marks(notation: &Notation, family: FamilyId, letters: &[String]) -> String {
    let number = notation
        .number(family)
        .map(|number| (notation.profile.layers.index, number.to_string()));
    let label = notation
        .named(family)
        .and_then(|named| named.label.clone())
        .map(|label| (Mark::Subscript, label.replace('_', ",")));
    let slots = letters
        .iter()
        .enumerate()
        .map(|(slot, letter)| (notation.mark(family, slot), letter.clone()));
    let parts: Vec<(Mark, String)> = number.into_iter().chain(label).chain(slots).collect();
    let with = |mark: Mark| -> Vec<&str> {
        let own = parts.iter().filter(|(other, _)| *other == mark);
        own.map(|(_, text)| text.as_str()).collect()
    };
    let mut above = String::new();
    for (mark, before, behind) in [
        (Mark::Superscript, "", ""),
        (Mark::Round, "(", ")"),
        (Mark::Square, "[", "]"),
    ] {
        let own = with(mark);
        if !own.is_empty() {
            above.push_str(&format!("{before}{}{behind}", own.join(",")));
        }
    }
    let below = with(Mark::Subscript).join(",");
    let mut text = with(Mark::Behind).concat();
    if !above.is_empty() {
        text.push_str(&format!("^{{{above}}}"));
    }
    if !below.is_empty() {
        text.push_str(&format!("_{{{below}}}"));
    }
    text
}

/// A template with its places filled; those for the cost never stand outside groups of derivatives.
fn filled(template: &Template, symbol: &str) -> String {
    let (head, parts) = template.parts();
    let mut text = head.to_owned();
    for (_, behind) in parts {
        text.push_str(symbol);
        text.push_str(behind);
    }
    text
}
