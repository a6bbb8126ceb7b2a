//! From network text to a spanned tree, and back.

mod atom;
mod brackets;
mod chain;
mod declarations;
mod derivative;
mod expression;
mod grammar;
mod item;
mod layers;
mod layout;
mod letters;
pub(crate) mod mathematics;
mod mistakes;
mod network;
mod number;
mod places;
mod print;
mod reduction;
mod scope;
mod statements;
mod tree;

pub(crate) use letters::{greek, greek_command, greek_sign, subscript};
pub use print::{print, print_formula};
pub use scope::{UNSUPPORTED_FUNCTIONS, WHOLE_ARRAY_FUNCTIONS};
pub(crate) use statements::with_stack_for;
pub use statements::{parse, parse_formula};
pub use tree::*;
