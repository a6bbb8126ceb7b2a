//! What can be wrong with a network that reads well: one function for each mistake, with the words for it.

mod definition;
mod function;
mod index;
mod name;
mod question;
mod shape;

pub(super) use definition::*;
pub(super) use function::*;
pub(super) use index::*;
pub(super) use name::*;
pub(super) use question::*;
pub(super) use shape::*;

/// `1 slot`, `2 slots`, `no slot`.
fn counted(count: usize, thing: &str) -> String {
    match count {
        0 => format!("no {thing}"),
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}
