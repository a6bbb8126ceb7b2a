//! What can be wrong with a text before any name is resolved: one function for each mistake.

mod chain;
mod formula;
mod statement;

pub(super) use chain::*;
pub(super) use formula::*;
pub(super) use statement::*;
