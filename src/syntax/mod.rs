//! From network text to a spanned tree, and back.

mod brackets;
mod expression;
mod grammar;
mod layout;
mod letters;
mod mistakes;
mod network;
mod number;
mod places;
mod scope;
mod statements;
mod tree;

pub use scope::WHOLE_ARRAY_FUNCTIONS;
pub use statements::{parse, parse_formula};
pub use tree::*;
