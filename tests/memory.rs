//! What simulations keep in memory does not grow with the number of draws.

use std::collections::BTreeMap;

use chainrule::flow::{Init, Setup, flow, model, simulate};
use chainrule::source::Source;
use chainrule::syntax::{StepAtZero, parse};
use chainrule::system::lower;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const DEPTH: usize = 200;

#[test]
fn memory_does_not_grow_with_the_number_of_draws() {
    let text = "r[0] = x\nr[k+1] = tanh(w[k] r[k]) for k in 0..L-1\nloss C = 1/2 (r[L] - y)^2\n";
    let source = Source::new("test", text);
    let system = lower(&parse(&source).expect("the network is read")).expect("it is lowered");
    let flow = flow(&system, StepAtZero::One).expect("there are steps");
    let model = model(&flow, &flow.parts[0], &BTreeMap::new()).expect("it can be simulated");
    // The greatest number of bytes at once while so many networks are drawn.
    let most = |draws: usize| {
        let setup = Setup {
            widths: vec![1; DEPTH + 1],
            inner: 1,
            init: Init::Variance(1.0),
            draws,
            seed: 1,
        };
        ALLOCATED.reset_peak_usage();
        let before = ALLOCATED.current_usage();
        let simulation = simulate(&model.tapes, &setup, &|| ());
        assert_eq!(simulation.overflowed, 0);
        ALLOCATED.peak_usage() - before
    };
    // Histograms are full after some hundred draws.
    most(400);
    let (few, many) = (most(400), most(4_000));
    let one_number_for_each = (4_000 - 400) * DEPTH * size_of::<f64>();
    assert!(
        many < few + one_number_for_each / 4,
        "{few} bytes for 400 draws, {many} for 4000"
    );
}
