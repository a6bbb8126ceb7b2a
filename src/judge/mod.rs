//! Whether hand-written formulas are right: refuted with a point, or tested for identity with a stated bound.
//!
//! Equality is said only where nothing refutes a claim and identity testing agrees on every step pattern that was met,
//! in two towers of prime fields above 2⁶⁰; floating point neither proves nor refutes.

mod assume;
mod compare;
mod evaluate;
mod exclude;
mod field;
mod finite;
mod kinks;
mod line;
mod look;
mod mistakes;
mod pages;
mod point;
mod rational;
mod reach;
mod report;
mod signs;
mod sizes;
mod slopes;
mod square;
mod value;

pub use crate::claim::{LineKind, Skipped};
pub use line::{Judged, LineVerdict, Options, Verdict, check};
pub use look::Counterexample;
pub use mistakes::{MISTAKES, Mistake, Row as MistakeRow};
pub use pages::{html, html_refusal, html_section, markdown};
pub use report::{json, text};
