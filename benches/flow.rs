//! 100 layers of width 256 with ReLU and He's weights, 100 networks: gradients through all of them.
//! `benches/flow.py` does the same with NumPy.

#![expect(clippy::print_stdout, reason = "a bench is a program that prints")]

use std::time::Instant;

use chainrule::flow::{Activation, Init, Setup, StepForm, simulate};
use chainrule::source::Source;
use chainrule::syntax::{StepAtZero, parse};
use chainrule::system::lower;

fn main() {
    let source = Source::new("bench", "loss C = relu(w x)");
    let system = lower(&parse(&source).expect("it is read")).expect("it is lowered");
    let relu = Activation::named(&system, StepAtZero::One, "relu").expect("a row of the table");
    let setup = Setup {
        width: 256,
        depth: 100,
        init: Init::He,
        draws: 100,
        seed: 0,
        form: StepForm {
            residual: false,
            activated_first: false,
        },
        shared: false,
    };
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        let simulation = simulate(&relu, &setup, &|| ());
        assert_eq!(simulation.overflowed, 0);
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("chainrule: {best:.3} s");
}
