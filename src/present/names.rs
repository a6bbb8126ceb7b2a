//! Names of the network as symbols. Different names never look the same.

use rustc_hash::FxHashSet;

use super::math::{Accent, Boxes, Math, MathId, Symbol};
use crate::profile::Notation;
use crate::syntax::greek_command;
use crate::system::{FamilyKind, System};
use crate::term::{FamilyId, SizeId};

/// A name as boxes: a base and what already stands below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NameBox {
    pub(super) base: MathId,
    pub(super) sub: Option<MathId>,
}

/// The symbols of all names.
#[derive(Debug, Default)]
pub(super) struct Names {
    families: Vec<NameBox>,
    sizes: Vec<NameBox>,
    /// Every name as written, and what the author writes in place of names; index letters keep away from them.
    taken: FxHashSet<String>,
    /// Whether something else is called δ.
    pub(super) delta_taken: bool,
    /// Whether something else is called e.
    pub(super) e_taken: bool,
}

impl Names {
    pub(super) fn of(system: &System, notation: &Notation, boxes: &mut Boxes) -> Self {
        let mut names = Self::default();
        let mut used: FxHashSet<NameBox> = FxHashSet::default();
        let indexed: FxHashSet<&str> = system
            .families
            .iter()
            .filter(|family| family.axes > 0)
            .map(|family| family.name.as_str())
            .collect();
        let mut choose = |name: &str, boxes: &mut Boxes| {
            // x1 next to a vector x would look like its first element.
            let element_like = unsubscripted(name).is_some_and(|base| indexed.contains(base));
            let plain = if element_like {
                verbatim(name, boxes)
            } else {
                symbol(name, boxes)
            };
            if used.insert(plain) {
                plain
            } else {
                verbatim(name, boxes)
            }
        };
        for (at, family) in system.families.iter().enumerate() {
            let derivative = matches!(
                family.kind,
                FamilyKind::Adjoint { .. } | FamilyKind::Local { .. }
            );
            let unnamed = family.name.is_empty() || system.is_total(FamilyId(at as u32));
            if derivative || unnamed {
                let blank = NameBox {
                    base: boxes.row([]),
                    sub: None,
                };
                names.families.push(blank);
                continue;
            }
            let named = notation.named(FamilyId(at as u32));
            if let Some(symbol) = named.and_then(|named| named.symbol.as_deref()) {
                names.families.push(spelled(symbol, boxes));
                names.take(symbol);
                continue;
            }
            names.families.push(choose(&family.name, boxes));
            names.take(&family.name);
        }
        for size in &system.sizes {
            names.sizes.push(choose(&size.name, boxes));
            names.take(&size.name);
        }
        for template in notation.profile.derivatives.templates() {
            names.delta_taken |= mentions_word(template.text(), "delta");
        }
        for function in &system.functions {
            names.take(&function.name);
            names.delta_taken |= mentions_word(&function.latex, "delta");
            names.e_taken |= function.latex == "e";
        }
        for spelling in &system.spellings {
            let symbol = spelling.latex.trim();
            names
                .taken
                .insert(symbol.trim_start_matches('\\').to_owned());
            names.delta_taken |= mentions_word(&spelling.latex, "delta");
            names.e_taken |= spelling.latex.trim_start().starts_with('e');
        }
        names
    }

    fn take(&mut self, name: &str) {
        let base = name.split('_').next().unwrap_or(name);
        let base = base.trim_end_matches(|c: char| c.is_ascii_digit());
        self.delta_taken |= base == "delta";
        self.e_taken |= base == "e";
        self.taken.insert(name.to_owned());
    }

    /// Whether a quantity, size or function is called so.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    pub(super) fn family(&self, id: FamilyId) -> NameBox {
        self.families[id.0 as usize]
    }

    pub(super) fn size(&self, id: SizeId) -> NameBox {
        self.sizes[id.0 as usize]
    }
}

/// The name without its trailing number, if it has one.
fn unsubscripted(name: &str) -> Option<&str> {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if base.len() == name.len() {
        return None;
    }
    Some(base.strip_suffix('_').unwrap_or(base))
}

/// Whether the LaTeX contains the control word.
fn mentions_word(latex: &str, word: &str) -> bool {
    latex.split('\\').skip(1).any(|rest| {
        rest.strip_prefix(word)
            .is_some_and(|tail| !tail.starts_with(|c: char| c.is_ascii_alphabetic()))
    })
}

/// A profile's symbol.
fn spelled(symbol: &str, boxes: &mut Boxes) -> NameBox {
    NameBox {
        base: boxes.spelled(symbol),
        sub: None,
    }
}

/// The name letter by letter, for when its symbol is taken.
fn verbatim(name: &str, boxes: &mut Boxes) -> NameBox {
    NameBox {
        base: boxes.intern(Math::Symbol(Symbol::Word(name.into()))),
        sub: None,
    }
}

/// A name as a symbol: `W1` is W₁, `y_hat` is ŷ, `lambda` is λ, `h_out` has an upright subscript.
pub(super) fn symbol(name: &str, boxes: &mut Boxes) -> NameBox {
    let mut parts = name.split('_');
    let head = parts.next().unwrap_or(name);
    let stem = head.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &head[stem.len()..];
    if stem.is_empty() || name.contains("__") || name.ends_with('_') {
        return verbatim(name, boxes);
    }
    let mut base = stem_symbol(stem, boxes);
    let mut subs = Vec::new();
    if !digits.is_empty() {
        subs.push(boxes.number(digits));
    }
    for part in parts {
        let accent = match part {
            "hat" => Some(Accent::Hat),
            "bar" => Some(Accent::Bar),
            "tilde" => Some(Accent::Tilde),
            _ => None,
        };
        match accent {
            Some(accent) if subs.is_empty() => base = boxes.intern(Math::Accent(accent, base)),
            _ if part.bytes().all(|b| b.is_ascii_digit()) => subs.push(boxes.number(part)),
            _ if part.chars().count() == 1 || greek_command(part).is_some() => {
                subs.push(stem_symbol(part, boxes));
            }
            _ => subs.push(boxes.intern(Math::Symbol(Symbol::Label(part.into())))),
        }
    }
    let sub = (!subs.is_empty()).then(|| boxes.list(&subs, super::math::Sign::Comma));
    NameBox { base, sub }
}

fn stem_symbol(stem: &str, boxes: &mut Boxes) -> MathId {
    let symbol = match greek_command(stem) {
        Some(greek) => Symbol::Greek(greek),
        None => {
            let mut chars = stem.chars();
            match (chars.next(), chars.next()) {
                (Some(letter), None) => Symbol::Letter(letter),
                _ => Symbol::Word(stem.into()),
            }
        }
    };
    boxes.intern(Math::Symbol(symbol))
}
