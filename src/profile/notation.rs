//! A profile put on a network: the symbol of each quantity and where its slots stand.

use std::sync::LazyLock;

use serde::Deserialize;

use super::parts::Part;
use super::{Profile, Template, standard};
use crate::syntax::greek_command;
use crate::system::{FamilyKind, System};
use crate::term::{Affine, FamilyId, SizeId};

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
pub enum Mark {
    /// `z^l`
    #[serde(rename = "superscript")]
    Superscript,
    /// `z^{(l)}`
    #[default]
    #[serde(rename = "superscript-round")]
    Round,
    /// `z^{[l]}`
    #[serde(rename = "superscript-square")]
    Square,
    /// `z_l`
    #[serde(rename = "subscript")]
    Subscript,
    /// `W2`: a number on the line; letters stand below.
    #[serde(rename = "behind")]
    Behind,
}

/// What a quantity is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// The part that it plays.
    pub part: Option<Part>,
    /// The profile's symbol, in place of its name.
    pub symbol: Option<String>,
    /// The number of its layer, where the network has it in the name.
    pub number: Option<i64>,
    /// What tells it from others in its part: the rest of its name, where that is no layer.
    pub label: Option<String>,
    /// The layer of each axis, from 0 for the input, where layers have letters.
    pub axis_layers: Vec<Option<usize>>,
    /// The slot that counts layers; the others count something else.
    pub layer_slot: Option<usize>,
}

/// A profile put on a network.
#[derive(Debug, Clone)]
pub struct Notation {
    /// The profile.
    pub profile: Profile,
    /// By [`FamilyId`]; quantities beyond are derivatives.
    pub(super) families: Vec<Named>,
    pub(super) cost: Option<FamilyId>,
    /// The number of examples, where derivatives by what each example has are those of a sum over them.
    pub examples: Option<SizeId>,
}

impl Notation {
    /// The network's own notation.
    pub fn standard() -> &'static Notation {
        static STANDARD: LazyLock<Notation> = LazyLock::new(|| Notation {
            profile: standard().clone(),
            families: Vec::new(),
            cost: None,
            examples: None,
        });
        &STANDARD
    }

    /// What a quantity is called.
    pub fn named(&self, family: FamilyId) -> Option<&Named> {
        self.families.get(family.0 as usize)
    }

    /// Where a slot of a quantity stands.
    pub fn mark(&self, family: FamilyId, slot: usize) -> Mark {
        match self.named(family) {
            Some(named) if named.layer_slot != Some(slot) => self.profile.steps.index,
            _ => match self.profile.layers.index {
                Mark::Behind => Mark::Subscript,
                mark => mark,
            },
        }
    }

    /// The number of the layer in a quantity's name, if it is written.
    pub fn number(&self, family: FamilyId) -> Option<i64> {
        let number = self.named(family)?.number?;
        let layers = &self.profile.layers;
        let first = layers.input.unwrap_or(0) + 1;
        (!layers.first_bare || number != first).then_some(number)
    }

    /// Whether there is one way of writing the derivative of the cost by anything.
    pub fn names_all_derivatives(&self) -> bool {
        let derivatives = &self.profile.derivatives;
        derivatives.by.is_empty() && derivatives.any.is_some()
    }

    /// How the derivative of `of` by a quantity at `slots`, the whole or an element, is written, if not as a
    /// fraction.
    pub fn derivative(
        &self,
        system: &System,
        of: FamilyId,
        wrt: FamilyId,
        slots: &[Affine],
        whole: bool,
    ) -> Option<&Template> {
        let of_sum = self
            .examples
            .is_some_and(|examples| system.total.is_some() && system.has_examples(wrt, examples));
        if self.cost != Some(of) && !system.is_total(of) || of_sum != system.is_total(of) {
            return None;
        }
        let derivatives = &self.profile.derivatives;
        let part = self.named(wrt).and_then(|named| named.part);
        let general = part.map(|part| match part {
            Part::Scores => Part::PreActivation,
            part => part,
        });
        let by = |part: Option<Part>| derivatives.by.get(&part?);
        let by_part = by(part).or_else(|| by(general));
        let given = match &system.family(of).kind {
            FamilyKind::OpaqueLoss(reads) => reads
                .iter()
                .any(|(family, index)| *family == wrt && index[..slots.len()] == *slots),
            _ => false,
        };
        let fits = |template: &&Template| whole || !template.is_whole();
        by_part
            .or(derivatives.given.as_ref().filter(|_| given))
            .or(derivatives.any.as_ref())
            .filter(fits)
            .or(derivatives.element.as_ref().filter(|_| !whole))
    }
}

/// A symbol in the font of arrays, if it is one letter, perhaps with an accent.
pub fn bold(symbol: &str) -> Option<String> {
    let (accent, letter) = symbol.rsplit_once(' ').unwrap_or(("", symbol));
    let bold = match letter.strip_prefix('\\') {
        Some(_) => format!(r"\boldsymbol{{{letter}}}"),
        None if letter.len() == 1 => format!(r"\mathbf{{{letter}}}"),
        None => return None,
    };
    Some(match accent {
        "" => bold,
        accent => format!("{accent}{{{bold}}}"),
    })
}

/// A name that is one letter as LaTeX.
pub(super) fn symbol_of(name: &str) -> Option<String> {
    match greek_command(name) {
        Some(greek) => Some(format!(r"\{greek}")),
        None => (name.chars().count() == 1).then(|| name.to_owned()),
    }
}
