//! Values at concrete sizes, and the confirmation of formulas by them.

mod along;
mod array;
mod assumed;
mod at;
mod bodies;
mod code;
mod compare;
mod conditions;
mod confirm;
mod contract;
mod declared;
mod difference;
mod dual;
mod evaluate;
mod frame;
mod groups;
mod instance;
mod interpret;
mod jointly;
mod linear;
mod lines;
mod names;
mod nest;
mod opaque;
mod program;
mod readings;
mod sample;
mod scalar;
mod values;

pub use at::evaluate_at;
pub use confirm::{Confirmation, Failure, Outcome, Status, confirm};
pub(crate) use contract::dot;
pub(crate) use declared::check as check_declared;
pub use instance::{Instance, deeper_instances, instances, large_instances};
pub(crate) use names::element as element_name;
pub use program::Program;
pub use sample::Sampling;
pub(crate) use scalar::{erf, primitive_value};

#[cfg(test)]
mod tests;
