//! Why gradients vanish or explode: what one step of a network multiplies the gradient with, in formulas, in bounds,
//! in the mean over random weights, and by simulation.

mod activation;
mod answer;
mod bound;
mod expectation;
mod factors;
mod frame;
mod layers;
mod mistakes;
mod model;
mod norms;
mod obstacle;
mod range;
mod registers;
mod rounds;
mod run;
mod simulate;
mod statistics;
mod steps;
mod tape;
mod tapes;
mod terms;
mod value;
mod ways;
mod weights;
mod writer;

pub use activation::Activation;
pub use answer::{Answer, Course, count_of_steps, power_of_ten};
pub use bound::{Bound, Bounds, Known, Ranged, Size};
pub use expectation::{
    Critical, Form, Mean, Moment, Stage, adds_up, critical, mean, moments, slope_square,
    value_square,
};
pub use factors::{Factor, Path, Slope};
pub use model::{Model, activations, model};
pub use range::{Proof, Range};
pub use simulate::{Layer, QUANTILES, Setup, Simulation, simulate};
pub use steps::{Flow, Part, Product, State, Step, Steps, Ways, common, flow};
pub use tape::Tape;
pub use weights::{Init, Norm};
