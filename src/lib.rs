//! `chainrule`: a network description in, confirmed LaTeX gradients out.

// What pest generates without its feature `std` names it.
extern crate alloc;

pub mod array;
mod claim;
#[cfg(feature = "cli")]
pub mod cli;
pub mod derive;
pub mod flow;
pub mod formula;
pub mod functions;
pub mod graph;
pub mod judge;
pub mod matrix;
mod normal;
pub mod numeric;
pub mod present;
pub mod profile;
#[cfg(feature = "cli")]
pub mod serve;
pub mod simplify;
pub mod source;
mod stack;
pub mod syntax;
pub mod system;
pub mod term;
pub mod words;
pub mod write;
