//! What is printed, before any format: equations with their conditions, prose with mathematics in it.

use super::lines::Lines;
use super::math::{Boxes, MathId};
use super::picture::Picture;
use crate::formula::Form;
use crate::matrix::Layout;
use crate::syntax::StepAtZero;
use crate::words::Words;

/// The whole answer.
#[derive(Debug, Clone)]
pub struct Document {
    /// All boxes that the rest refers to.
    pub boxes: Boxes,
    /// How the network calls itself.
    pub title: String,
    /// The network's symbols.
    pub symbols: Vec<SymbolRow>,
    /// What the symbols mean, where that is to be said.
    pub legend: Vec<LegendRow>,
    /// The equations, in the order of printing.
    pub gradients: Vec<Gradient>,
    /// Definitions, where the network itself is shown.
    pub definitions: Vec<Definition>,
    /// What holds for all equations together: the value of Step(0).
    pub notes: Vec<Prose>,
    /// The convention under which everything holds.
    pub step_at_zero: StepAtZero,
    /// Where the axes of derivatives stand.
    pub layout: Layout,
    /// What was confirmed.
    pub confirmation: Confirmed,
    /// The lines of what is broken.
    pub lines: Lines,
    /// The definitions of the macros that the boxes use, as far as they are to be printed.
    pub macros: Vec<MacroRow>,
    /// The language of its words.
    pub words: &'static Words,
    /// The network drawn, where that is wanted.
    pub picture: Option<Picture>,
}

impl Document {
    /// Leaves nothing but the definitions of macros.
    pub fn keep_macros(&mut self) {
        self.gradients.clear();
        self.definitions.clear();
        self.notes.clear();
        self.legend.clear();
    }
}

/// A macro of LaTeX for a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroRow {
    /// Its name without the backslash: letters only.
    pub name: String,
    /// How many arguments it takes.
    pub arguments: usize,
    /// What it stands for, with `#1`, `#2`, … for the arguments.
    pub body: MathId,
}

/// Words and mathematics.
pub type Prose = Vec<Inline>;

/// A piece of prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    /// Words.
    Words(String),
    /// Mathematics.
    Math(MathId),
}

/// One equation.
#[derive(Debug, Clone)]
pub struct Gradient {
    /// What is differentiated, as the network writes it.
    pub of: String,
    /// By what, as the network writes it.
    pub wrt: String,
    /// Its form.
    pub form: Form,
    /// Why it is not in matrix form although that was wanted.
    pub why_index: Option<String>,
    /// The chain for one entry, where not all of its members are arrays; `members` is then the result.
    pub entry: Option<Entry>,
    /// The left side.
    pub left: MathId,
    /// The members of the chain of equalities; the last is the result.
    pub members: Vec<MathId>,
    /// The case in which it holds: `k = 0, …, L-1`.
    pub range: Option<MathId>,
    /// What it needs in order to be right, one entry each.
    pub valid_if: Vec<Prose>,
    /// Where it says nothing: `off the kinks`.
    pub except: Vec<Prose>,
    /// The local derivatives that it uses.
    pub locals: Vec<LocalRow>,
    /// How it was found.
    pub steps: Vec<StepRow>,
    /// The sizes of its element axes, as the network writes them.
    pub shape: Vec<String>,
    /// Whether it was asked for.
    pub asked: bool,
    /// How a text cites it, where equations are numbered.
    pub tag: Option<Tag>,
    /// What is said before its equations, where that is to be said.
    pub leads: Option<Leads>,
}

/// Sentences before the equations of a derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leads {
    /// Before the first member of the chain.
    pub first: Prose,
    /// Before the members behind the local derivatives, where the first member names these.
    pub result: Option<Prose>,
    /// Before the arrays that say the result, where the chain is of one entry.
    pub arrays: Prose,
}

/// How a text cites an equation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its number among the equations that are cited, from 1; LaTeX and Typst count by themselves.
    pub number: usize,
    /// Its label, of ASCII letters, digits and `:.-_`: `eq:dC-dW-0`.
    pub label: String,
}

/// An equation for one entry of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The left side.
    pub left: MathId,
    /// The members of the chain of equalities.
    pub members: Vec<MathId>,
}

/// `∂user/∂wrt = value`, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRow {
    /// The left side.
    pub left: MathId,
    /// The right side.
    pub right: MathId,
    /// Why.
    pub why: Prose,
    /// The sentence before it, where reasons stand in sentences; `why` is then what it needs.
    pub lead: Option<Prose>,
}

/// One step: a rule and the equation that it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// The rule's stable name.
    pub rule: &'static str,
    /// `before = after`.
    pub equation: MathId,
    /// The reason in words.
    pub why: String,
}

/// An equation of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The left side.
    pub left: MathId,
    /// The right side.
    pub right: MathId,
    /// For which values of its letters.
    pub range: Option<MathId>,
}

/// A symbol with what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegendRow {
    /// How it is printed.
    pub symbol: MathId,
    /// The set it is in, or what it is equal to.
    pub meaning: Option<Meaning>,
    /// What it is, in words.
    pub words: String,
    /// The slots at which it exists.
    pub range: Option<MathId>,
}

/// What a legend says of a symbol in mathematics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It is in this set.
    In(MathId),
    /// It is this.
    Is(MathId),
}

/// A quantity of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolRow {
    /// Its name in the network.
    pub name: String,
    /// How it is printed, with general indices.
    pub symbol: MathId,
    /// What it is: its role, or else where it comes from.
    pub kind: &'static str,
    /// The sizes of its element axes, as the network writes them.
    pub shape: Vec<String>,
}

/// What numeric confirmation said.
#[derive(Debug, Clone, PartialEq)]
pub enum Confirmed {
    /// Nobody asked for it.
    Skipped,
    /// Every equation was confirmed; one entry each, in order.
    Yes(Vec<Evidence>),
}

/// The numbers behind a confirmed equation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// How many points were compared.
    pub points: usize,
    /// How many step patterns they covered.
    pub step_patterns: usize,
    /// The greatest relative error; none in a text that is to be the same on all machines, whose `exp` and `tanh`
    /// differ in the last digit.
    pub worst_error: Option<f64>,
    /// What should be said besides, for instance that the gradient is 0 everywhere.
    pub notes: Vec<String>,
}
