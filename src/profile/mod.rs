//! Notation profiles: how a text writes networks, as data. A profile put on a network gives the network in that
//! text's convention, and a notation for its names.

mod apply;
mod convert;
mod describe;
mod mistakes;
mod notation;
mod parts;
mod places;
mod read;
mod spellings;

pub use apply::apply;
pub use notation::{Mark, Named, Notation, bold};
pub use parts::{Part, parts};
pub use read::read;
pub use spellings::spelled_out;

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

use crate::source::Source;
use crate::syntax::{StepAtZero, mathematics};

/// How a text writes networks and their derivatives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// Its name on the command line.
    pub name: String,
    /// The text that writes so, in one line.
    pub about: String,
    /// The text's value of Step(0), if it says one.
    pub step0: Option<StepName>,
    /// Roles that have to be found in a network.
    #[serde(default)]
    pub needs: Vec<Part>,
    /// The layers.
    #[serde(default)]
    pub layers: Layers,
    /// The steps of recurrent networks, and other slots that are no layers.
    #[serde(default)]
    pub steps: Steps,
    /// The entries of arrays.
    #[serde(default)]
    pub entries: Entries,
    /// The symbol of what plays a role.
    #[serde(default)]
    pub symbols: BTreeMap<Part, Latex>,
    /// The roles that stand in brackets behind the symbol of the cost: `J(W,b)`.
    #[serde(default)]
    pub cost_of: Vec<Part>,
    /// The symbol of what plays a role and has a column or row for each example.
    #[serde(default)]
    pub examples: BTreeMap<Part, Latex>,
    /// The symbols of functions by their names; `activation` is the only function that nothing is known of.
    #[serde(default)]
    pub functions: BTreeMap<String, Latex>,
    /// How derivatives of the cost are written.
    #[serde(default)]
    pub derivatives: Derivatives,
    /// Signs.
    #[serde(default)]
    pub signs: Signs,
}

impl Profile {
    /// Its symbol for a part, of one example or of a batch.
    fn symbol(&self, part: Part, batch: bool) -> Option<&str> {
        let of_batch = self.examples.get(&part).filter(|_| batch);
        of_batch
            .or_else(|| self.symbols.get(&part))
            .map(Latex::as_str)
    }

    /// Whether it has a symbol for a part.
    fn writes(&self, part: Part) -> bool {
        self.symbols.contains_key(&part) || self.examples.contains_key(&part)
    }

    /// Whether it says nothing: networks are written as they are.
    fn is_plain(&self) -> bool {
        *self
            == Profile {
                name: self.name.clone(),
                about: self.about.clone(),
                ..Profile::default()
            }
    }
}

/// The layers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Layers {
    /// Where the number of a layer stands.
    pub index: Mark,
    /// The letter for a layer.
    pub letter: Option<Letter>,
    /// The number of the input.
    pub input: Option<i64>,
    /// Which of the two layers that it joins gives a weight its number.
    pub weight: Option<End>,
    /// The name of the last layer's number, where that is a letter.
    pub depth: Option<Name>,
    /// The letters of entries in the input, the first layer and so on, where each layer has one of its own.
    pub letters: Vec<Letter>,
    /// Whether the first layer's number is left out: `W`, `W2`.
    pub first_bare: bool,
}

/// Slots that are no layers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Steps {
    /// Where they stand.
    pub index: Mark,
}

/// One of the two layers that a weight joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The layer that it takes.
    From,
    /// The layer that it gives.
    To,
}

/// The entries of arrays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entries {
    /// The order of the two indices of a weight.
    pub weight: Option<Order>,
    /// How the examples of a batch lie.
    pub examples: Option<Examples>,
    /// The letter of an entry in the layer that a weight gives.
    pub to: Option<Letter>,
    /// The letter of an entry in the layer that a weight takes.
    pub from: Option<Letter>,
    /// How a sum over all of an index says so.
    pub sum: Sum,
    /// In which order the factors of a derivative stand.
    pub factors: Vec<Factor>,
}

/// The order of the two indices of a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The layer that it gives first: `W x`.
    ToFrom,
    /// The layer that it takes first: `x W`.
    FromTo,
}

/// How the examples of a batch lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Examples {
    /// Each example is a row.
    Rows,
    /// Each example is a column.
    Columns,
}

/// What stands below the sign of a sum over all of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sum {
    /// `∀ j`
    #[default]
    ForAll,
    /// `j`
    Letter,
}

/// A factor of a derivative, for their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// An element of a weight.
    Weight,
    /// An element of what a weight takes.
    Activation,
    /// A derivative of the cost.
    Upstream,
    /// A derivative of a function.
    Slope,
    /// A sum.
    Sum,
}

/// How derivatives of the cost are written.
///
/// `<symbol>` stands for the quantity without its indices, which follow; `<quantity>` for all of it. A spelling
/// with one of them inside a group or script is for whole arrays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Derivatives {
    /// By what plays a role.
    pub by: BTreeMap<Part, Template>,
    /// By what an opaque cost depends on.
    pub given: Option<Template>,
    /// By everything else.
    pub any: Option<Template>,
    /// By single elements of everything else.
    pub element: Option<Template>,
    /// Where the `1/m` of a mean over examples stands.
    pub mean: Mean,
    /// Whether what the cost depends on directly, a penalty, stands behind what comes through other quantities.
    pub direct_last: bool,
    /// With which indices the left sides of equations are written.
    pub left: Left,
    /// Where the axes of derivatives stand in matrix notation.
    pub layout: Lay,
    /// Whether the equations of activation and pre-activation are one recursion.
    pub combine: bool,
}

/// Where the `1/m` of a cost that is a mean over examples stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mean {
    /// In the derivatives by outputs, as the chain rule has it.
    #[default]
    Everywhere,
    /// In the derivatives by what all examples share; those by what each example has are of the sum over examples.
    Shared,
}

/// Where the axes of derivatives stand in matrix notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lay {
    /// A gradient has the shape of its parameter.
    #[default]
    Same,
    /// Rows are outputs: gradients are rows.
    Numerator,
    /// Rows are outputs, but what is given has a gradient of its own shape.
    Intermediates,
    /// Columns are outputs.
    Denominator,
}

/// With which indices the left sides of equations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    /// As the definitions read the quantity: `l - 1`.
    #[default]
    AsRead,
    /// The letters alone: `l`.
    Bare,
}

/// Signs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signs {
    /// Of the product entry by entry.
    pub entrywise: Option<Latex>,
    /// Above what is transposed.
    pub transpose: Option<Latex>,
    /// Whether that joins the number of a layer: `W^{[l]T}`.
    pub transpose_joins: bool,
    /// Between the factors of a product.
    pub product: Option<Latex>,
    /// Of 1 where a condition holds; without it Step is a function.
    pub indicator: Option<Latex>,
    /// The font of arrays that have names of one letter.
    pub bold: bool,
    /// Whether a sum takes in the factors behind it, which do not mention its letter.
    pub open_sums: bool,
    /// Whether the difference of output and target is written with the target in front: `-(y-a)`.
    pub target_first: bool,
    /// How a vector times slopes entry by entry is written.
    pub slopes: Slopes,
    /// How a product with Step is written that is all of a side.
    pub step: StepSign,
}

/// How a vector times slopes entry by entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slopes {
    /// With the sign of the product entry by entry.
    #[default]
    Entrywise,
    /// As a product with a diagonal matrix.
    Diagonal,
}

/// How a product with Step is written that is all of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepSign {
    /// As a factor.
    #[default]
    Factor,
    /// As cases: 0, and the other factors.
    Cases,
}

/// A value of Step(0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum StepName {
    /// 1
    #[serde(rename = "1")]
    One,
    /// 0
    #[serde(rename = "0")]
    Zero,
    /// 1/2
    #[serde(rename = "1/2")]
    Half,
    /// An unknown number.
    #[serde(rename = "undefined")]
    Undefined,
}

impl From<StepName> for StepAtZero {
    fn from(name: StepName) -> Self {
        match name {
            StepName::One => StepAtZero::One,
            StepName::Zero => StepAtZero::Zero,
            StepName::Half => StepAtZero::Half,
            StepName::Undefined => StepAtZero::Undefined,
        }
    }
}

/// LaTeX that only sets mathematics.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Latex(String);

impl Latex {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Latex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("a symbol is missing".into());
        }
        match mathematics::refusal(&text) {
            Some(why) => Err(why),
            None => Ok(Self(text)),
        }
    }
}

/// LaTeX with places for a quantity and the cost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(String);

impl Derivatives {
    /// All spellings.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.by
            .values()
            .chain(&self.given)
            .chain(&self.any)
            .chain(&self.element)
    }
}

impl Template {
    /// Its text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    const PLACES: [&'static str; 3] = ["<symbol>", "<quantity>", "<cost>"];

    /// The spelling before its places, each with the text behind it.
    pub(crate) fn parts(&self) -> (&str, Vec<(&str, &str)>) {
        let mut rest = self.0.as_str();
        let next = |text: &str| {
            Self::PLACES
                .iter()
                .filter_map(|place| Some((text.find(place)?, *place)))
                .min()
        };
        let head_end = next(rest).map_or(rest.len(), |(at, _)| at);
        let head = &rest[..head_end];
        rest = &rest[head_end..];
        let mut parts = Vec::new();
        while let Some((at, place)) = next(rest) {
            let behind = &rest[at + place.len()..];
            let end = next(behind).map_or(behind.len(), |(at, _)| at);
            parts.push((place, &behind[..end]));
            rest = &behind[end..];
        }
        (head, parts)
    }

    /// Whether the quantity stands in a group or a script, so that its elements could not stand behind.
    pub(crate) fn is_whole(&self) -> bool {
        let place = self
            .0
            .find("<symbol>")
            .or_else(|| self.0.find("<quantity>"));
        place.is_some_and(|at| {
            let before = &self.0[..at];
            before.ends_with(['_', '^'])
                || before.matches('{').count() > before.matches('}').count()
        })
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut plain = text.clone();
        for place in Self::PLACES {
            plain = plain.replace(place, "x");
        }
        Latex::try_from(plain)?;
        Ok(Self(text))
    }
}

/// A name as the network language has them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(inside) {
            Ok(Self(text))
        } else {
            Err("a name is a letter, then letters, digits and `_`".into())
        }
    }
}

/// A letter for an index.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Letter(String);

impl Letter {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Letter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(letter), None) if letter.is_ascii_alphabetic() => Ok(Self(text)),
            _ => Err("an index is one letter".into()),
        }
    }
}

/// Letters to use where the author's letter is taken, in this order.
pub const LETTERS: &[&str] = &[
    "i", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t", "u", "v", "a", "b", "c", "d", "g", "h",
];

/// The default profile, which writes networks as they are: it says nothing.
static STANDARD: LazyLock<Profile> = LazyLock::new(|| Profile {
    name: "standard".to_owned(),
    about: "the network as it is written: its own names, numbers and indices".to_owned(),
    ..Profile::default()
});

/// The other profiles that the program knows: a file each.
const FILES: &[(&str, &str)] = &[
    ("nielsen", include_str!("notations/nielsen.toml")),
    ("ng", include_str!("notations/ng.toml")),
    ("ufldl", include_str!("notations/ufldl.toml")),
    ("cs231n", include_str!("notations/cs231n.toml")),
    ("cs224n", include_str!("notations/cs224n.toml")),
    ("d2l", include_str!("notations/d2l.toml")),
    ("parr-howard", include_str!("notations/parr-howard.toml")),
    ("bishop", include_str!("notations/bishop.toml")),
    ("goodfellow", include_str!("notations/goodfellow.toml")),
    ("mazur", include_str!("notations/mazur.toml")),
    ("compphysics", include_str!("notations/compphysics.toml")),
    ("transformer", include_str!("notations/transformer.toml")),
];

/// Each is read when it is first asked for.
static KNOWN: [OnceLock<Profile>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

fn known(at: usize) -> &'static Profile {
    KNOWN[at].get_or_init(|| {
        let (name, text) = FILES[at];
        read(&Source::new(name, text)).expect("the program's own profiles are legal")
    })
}

/// All profiles that the program knows, the default first.
pub fn profiles() -> impl Iterator<Item = &'static Profile> {
    std::iter::once(standard()).chain((0..FILES.len()).map(known))
}

/// The default profile, which writes networks as they are.
pub fn standard() -> &'static Profile {
    &STANDARD
}

/// The profile of a name, if the program knows it.
pub fn profile(name: &str) -> Option<&'static Profile> {
    if name == STANDARD.name {
        return Some(standard());
    }
    FILES
        .iter()
        .position(|(known, _)| *known == name)
        .map(known)
}
