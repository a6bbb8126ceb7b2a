//! Text that a person wrote, places in it, and what is said about them.

mod diagnostic;
mod render;
mod suggest;
mod text;

pub use diagnostic::{Diagnostic, Label, Report, Severity};
pub use render::{diagnostics_json, render, render_diagnostics};
pub(crate) use suggest::closest;
pub use text::{Source, Span};
