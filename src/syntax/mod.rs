//! From network text to a spanned tree, and back.

mod tree;

pub use tree::*;
