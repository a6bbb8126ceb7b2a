//! Properties of the whole pipeline, tried on many networks.
//!
//! The networks come from generators with a fixed seed, so a failure repeats. `CHAINRULE_NETWORKS` multiplies
//! how many are tried.

#![expect(
    clippy::print_stdout,
    reason = "a failing run shows how many networks of each kind were tried"
)]

mod claims;
mod counters;
mod dice;
mod forms;
mod generators;
mod invariance;
mod matrix;
mod mutants;
mod pipeline;
mod profiles;
mod random;
mod regressions;
mod rewrites;
mod robustness;
mod second;
