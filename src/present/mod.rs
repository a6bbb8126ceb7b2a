//! From formulas to documents: terms become boxes in a notation profile.

mod access;
mod braces;
mod compose;
mod conditions;
mod document;
mod flow;
mod function;
mod labels;
mod legend;
mod letters;
mod lines;
mod local;
mod macros;
pub mod math;
mod matrix;
mod names;
mod picture;
mod plain;
mod product;
mod sentences;
mod spelling;
mod terms;
#[cfg(test)]
mod tests;
mod unequal;
mod whole;
pub(crate) mod wording;

pub use compose::{Style, left_sides, present, present_network};
pub use document::{
    Confirmed, Definition, Document, Entry, Evidence, Gradient, Inline, Leads, LegendRow, LocalRow,
    MacroRow, Meaning, Prose, StepRow, SymbolRow, Tag,
};
pub use flow::{Expectation, FlowDocument, Statement, present_flow};
pub use function::{FunctionEntry, present_function};
pub use lines::{Lines, Setting};
pub use picture::{Arrow, Frame, Picture, Shape, ShapeKind, present_picture};
