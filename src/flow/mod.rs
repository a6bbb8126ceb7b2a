//! Why gradients vanish or explode: what one step of a network multiplies the gradient with, in formulas, in bounds,
//! in the mean over random weights, and by simulation.

mod activation;
mod answer;
mod expectation;
mod mistakes;
mod model;
mod range;
mod recursion;
mod simulate;
mod statistics;
mod value;

pub use activation::Activation;
pub use answer::{Answer, Course, power_of_ten};
pub use expectation::{
    Critical, Mean, Moment, StepForm, adds_up, critical, mean, moments, slope_square, value_square,
};
pub use model::{Model, activations, model, own_activation};
pub use range::{Proof, Range};
pub use recursion::{Path, Recursion, Slope, recursion};
pub use simulate::{Init, Layer, Norm, QUANTILES, Setup, Simulation, simulate};
