//! `\newcommand`s for the symbols of a network: `\netW{0}` for `W^{(0)}`, so that a text can change a symbol in one
//! place.

use rustc_hash::FxHashSet;

use super::document::MacroRow;
use super::letters::Scope;
use super::math::{Math, MathId, Symbol};
use super::names::NameBox;
use super::terms::{Printed, Printer};
use crate::profile::{Mark, Notation};
use crate::system::{Family, FamilyKind, System};
use crate::term::{FamilyId, FunctionId, SizeId};

/// The names of macros, without the backslash; empty for what has none.
#[derive(Debug)]
pub(super) struct Macros {
    families: Vec<FamilyNames>,
    sizes: Vec<Box<str>>,
    functions: Vec<Box<str>>,
}

/// The macros of a quantity.
#[derive(Debug, Clone, Default)]
struct FamilyNames {
    /// The symbol with its slots as arguments; elements are written behind it.
    symbol: Box<str>,
    /// The symbol with elements as a last argument, where something stands below it already.
    at: Box<str>,
    /// The symbol in the font of arrays.
    bold: Box<str>,
}

/// LaTeX knows no more arguments.
const MOST_ARGUMENTS: usize = 9;

impl Macros {
    /// Names of letters only. What two names would share goes to the one that is written in letters alone, then by the
    /// order of the alphabet, whatever the order in the network.
    pub(super) fn of(system: &System, notation: &Notation, prefix: &str) -> Self {
        let mut macros = Self {
            families: vec![FamilyNames::default(); system.families.len()],
            sizes: vec![Box::default(); system.sizes.len()],
            functions: vec![Box::default(); system.functions.len()],
        };
        let mut wanted: Vec<(&str, &str, &mut Box<str>)> = Vec::new();
        for (names, family) in macros.families.iter_mut().zip(&system.families) {
            if !has_symbol(family) || family.slots >= MOST_ARGUMENTS {
                continue;
            }
            wanted.push((&family.name, "", &mut names.symbol));
            if family.axes > 0 {
                wanted.push((&family.name, "at", &mut names.at));
                if notation.profile.signs.bold {
                    wanted.push((&family.name, "bold", &mut names.bold));
                }
            }
        }
        for (name, size) in macros.sizes.iter_mut().zip(&system.sizes) {
            if size.slots <= MOST_ARGUMENTS {
                wanted.push((&size.name, "", name));
            }
        }
        for (name, function) in macros.functions.iter_mut().zip(&system.functions) {
            if function.latex.starts_with(r"\operatorname") {
                wanted.push((&function.name, "", name));
            }
        }
        wanted.sort_by_key(|(name, variant, _)| {
            let letters = name.bytes().all(|letter| letter.is_ascii_alphabetic());
            (!variant.is_empty(), !letters, *name, *variant)
        });
        let mut taken: FxHashSet<String> = FxHashSet::default();
        for (name, variant, place) in wanted {
            let mut legal = format!("{prefix}{}{variant}", in_letters(name));
            while !taken.insert(legal.clone()) {
                legal.push('x');
            }
            *place = legal.into();
        }
        macros
    }

    fn family(&self, family: FamilyId, variant: Variant) -> Option<&str> {
        let names = self.families.get(family.0 as usize)?;
        let name = match variant {
            Variant::Symbol => &names.symbol,
            Variant::At => &names.at,
            Variant::Bold => &names.bold,
        };
        (!name.is_empty()).then_some(name)
    }
}

/// Which macro of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variant {
    Symbol,
    At,
    Bold,
}

/// Whether a quantity has a symbol of its own.
fn has_symbol(family: &Family) -> bool {
    match family.kind {
        FamilyKind::Input | FamilyKind::Defined | FamilyKind::OpaqueLoss(_) => {
            !family.name.is_empty()
        }
        FamilyKind::OfMatrix { .. } | FamilyKind::Adjoint { .. } | FamilyKind::Local { .. } => {
            false
        }
    }
}

/// A name in letters: digits by their words, Greek letters are words already.
fn in_letters(name: &str) -> String {
    const DIGITS: [&str; 10] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    let mut letters = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter.to_digit(10) {
            Some(digit) => letters.push_str(DIGITS[digit as usize]),
            None if letter.is_ascii_alphabetic() => letters.push(letter),
            None => {}
        }
    }
    letters
}

/// A symbol in parts: what it is written with.
#[derive(Debug, Clone)]
pub(super) struct SymbolParts {
    pub(super) base: MathId,
    /// What stands below it already.
    pub(super) below: Option<MathId>,
    /// The number of a layer that stands in the name.
    pub(super) fixed: Vec<(Mark, MathId)>,
    pub(super) slots: Vec<(Mark, MathId)>,
    pub(super) elements: Option<MathId>,
}

impl Printer<'_> {
    /// A quantity's symbol with its slots and elements, by its macro where symbols have macros.
    pub(super) fn symbol_in_parts(&mut self, family: FamilyId, parts: SymbolParts) -> Printed {
        let joined = self.joins(&parts);
        let variant = if self.is_bold(family, parts.elements.is_none()) {
            Variant::Bold
        } else if joined {
            Variant::At
        } else {
            Variant::Symbol
        };
        match self.macro_of(family, variant) {
            Some(name) => self.by_macro(name, parts, joined),
            None => self.put_together(&parts),
        }
    }

    fn macro_of(&self, family: FamilyId, variant: Variant) -> Option<Box<str>> {
        let macros = self.macros.as_ref()?;
        macros.family(family, variant).map(Into::into)
    }

    /// Whether elements stand behind something that is below the symbol already.
    fn joins(&self, parts: &SymbolParts) -> bool {
        let below = |(mark, _): &(Mark, MathId)| *mark == Mark::Subscript;
        parts.elements.is_some()
            && (parts.below.is_some() || parts.fixed.iter().chain(&parts.slots).any(below))
    }

    fn by_macro(&mut self, name: Box<str>, mut parts: SymbolParts, joined: bool) -> Printed {
        let mut arguments: Vec<MathId> = parts.slots.iter().map(|(_, id)| *id).collect();
        let behind = if joined { None } else { parts.elements.take() };
        arguments.extend(parts.elements);
        let whole = self.put_together(&parts);
        let symbol = self.boxes.intern(Math::Macro {
            name,
            arguments: arguments.into(),
            body: whole.id,
        });
        let id = self.boxes.script(symbol, behind, None);
        Printed { id, ..whole }
    }

    /// A symbol with what stands above and below it.
    pub(super) fn put_together(&mut self, parts: &SymbolParts) -> Printed {
        let marks = || parts.fixed.iter().chain(&parts.slots).copied();
        let behind = marks().filter(|(mark, _)| *mark == Mark::Behind);
        let behind = behind.map(|(_, number)| number);
        let base = self.boxes.row([parts.base].into_iter().chain(behind));
        let (sup, sub) = self.marked(parts.below, marks);
        let sub = match (sub, parts.elements) {
            (Some(before), Some(elements)) => Some(
                self.boxes
                    .list(&[before, elements], super::math::Sign::Comma),
            ),
            (sub, elements) => sub.or(elements),
        };
        let id = self.boxes.script(base, sub, sup);
        if sup.is_some() {
            Printed::scripted(id)
        } else {
            Printed::atom(id)
        }
    }

    /// The symbol of a size with its slots.
    pub(super) fn size_symbol(&mut self, size: SizeId, slots: Vec<(Mark, MathId)>) -> Printed {
        let NameBox { base, sub } = self.names.size(size);
        let parts = SymbolParts {
            base,
            below: sub,
            fixed: Vec::new(),
            slots,
            elements: None,
        };
        let name = self
            .macros
            .as_ref()
            .map(|macros| &macros.sizes[size.0 as usize]);
        match name.filter(|name| !name.is_empty()).cloned() {
            Some(name) => self.by_macro(name, parts, false),
            None => self.put_together(&parts),
        }
    }

    /// A spelling that the author gave a quantity without slots.
    pub(super) fn spelled_symbol(&mut self, family: FamilyId, spelled: Printed) -> Printed {
        let Some(name) = self.macro_of(family, Variant::Symbol) else {
            return spelled;
        };
        let id = self.boxes.intern(Math::Macro {
            name,
            arguments: Box::default(),
            body: spelled.id,
        });
        Printed { id, ..spelled }
    }

    /// The name of a function.
    pub(super) fn function_symbol(&mut self, function: FunctionId) -> MathId {
        let body = self.boxes.latex(&self.system.function(function).latex);
        let name = self
            .macros
            .as_ref()
            .and_then(|macros| macros.functions.get(function.0 as usize))
            .filter(|name| !name.is_empty());
        match name.cloned() {
            Some(name) => self.boxes.intern(Math::Macro {
                name,
                arguments: Box::default(),
                body,
            }),
            None => body,
        }
    }

    /// The definitions of all macros: of every quantity, size and function, used or not, so that a text can change
    /// its formulas and keep its preamble.
    pub(super) fn macro_rows(&mut self) -> Vec<MacroRow> {
        let system = self.system;
        let mut rows = Vec::new();
        for family in system.family_ids() {
            let row = system.family(family);
            if !has_symbol(row) {
                continue;
            }
            if row.slots == 0
                && let Some(spelled) = self.spelled_slots(family, &[], Scope::EMPTY)
            {
                let spelled = self.spelled_symbol(family, spelled);
                rows.extend(self.macro_row(spelled.id));
                continue;
            }
            let slots: Vec<MathId> = (1..=row.slots).map(|at| self.macro_parameter(at)).collect();
            let below = (row.axes > 0).then(|| self.macro_parameter(row.slots + 1));
            for elements in [None, below] {
                let parts = self.parts_of_symbol(family, &slots, elements, false);
                let printed = self.symbol_in_parts(family, parts);
                rows.extend(self.macro_row(printed.id));
            }
        }
        for at in 0..system.sizes.len() {
            let size = SizeId(at as u32);
            let mark = self.notation.profile.layers.index;
            let slots = (1..=system.sizes[at].slots)
                .map(|at| (mark, self.macro_parameter(at)))
                .collect();
            let printed = self.size_symbol(size, slots);
            rows.extend(self.macro_row(printed.id));
        }
        for at in 0..system.functions.len() {
            let symbol = self.function_symbol(FunctionId(at as u32));
            rows.extend(self.macro_row(symbol));
        }
        let mut seen = FxHashSet::default();
        rows.retain(|row| seen.insert(row.name.clone()));
        rows
    }

    fn macro_parameter(&mut self, at: usize) -> MathId {
        self.boxes
            .intern(Math::Symbol(Symbol::Latex(format!("#{at}").into())))
    }

    /// The definition that a call at its own parameters stands for.
    fn macro_row(&self, call: MathId) -> Option<MacroRow> {
        match self.boxes.get(call) {
            Math::Macro {
                name,
                arguments,
                body,
            } => Some(MacroRow {
                name: name.to_string(),
                arguments: arguments.len(),
                body: *body,
            }),
            Math::Script { base, .. } => self.macro_row(*base),
            _ => None,
        }
    }
}
