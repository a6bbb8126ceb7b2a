//! Values at concrete sizes, and the confirmation of formulas by them.

mod array;
mod code;
mod contract;
mod dual;
mod evaluate;
mod instance;
mod names;
mod nest;
mod opaque;
mod program;
mod scalar;

pub use instance::{Instance, instances};
pub use program::Program;
