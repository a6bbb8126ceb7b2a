//! 100 layers of width 256 with ReLU and He's weights, 100 networks: gradients through all of them.
//! `benches/flow.py` does the same with NumPy.

#![expect(clippy::print_stdout, reason = "a bench is a program that prints")]

use std::collections::BTreeMap;
use std::time::Instant;

use chainrule::flow::{Init, Setup, flow, model, simulate};
use chainrule::source::Source;
use chainrule::syntax::{StepAtZero, parse};
use chainrule::system::lower;

fn main() {
    let text = include_str!("../examples/general_layer.net");
    let system = lower(&parse(&Source::new("bench", text)).expect("it is read"));
    let flow = flow(&system.expect("it is lowered"), StepAtZero::One).expect("there are steps");
    let model = model(&flow, &flow.parts[0], &BTreeMap::new()).expect("it can be simulated");
    let setup = Setup {
        widths: vec![256; 101],
        inner: 256,
        init: Init::He,
        draws: 100,
        seed: 0,
    };
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        let simulation = simulate(&model.tapes, &setup, &|| ());
        assert_eq!(simulation.overflowed, 0);
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("chainrule: {best:.3} s");
}
