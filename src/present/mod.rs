//! From terms to boxes and documents.

mod access;
mod conditions;
mod letters;
pub mod math;
mod names;
pub mod profile;
mod spelling;
mod terms;
