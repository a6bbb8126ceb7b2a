//! The flow of gradients: formulas against numbers, simulations against formulas and against an independent program
//! (`tests/flow/reference.py`, whose numbers stand in `tests/flow/reference.json`).

#[path = "flow/evaluate.rs"]
mod evaluate;
#[path = "flow/properties.rs"]
mod properties;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use chainrule::flow::{
    Activation, Answer, Critical, Flow, Form, Init, Model, Moment, Proof, Setup, Simulation, Stage,
    adds_up, critical, flow, model, moments, simulate, slope_square, value_square,
};
use chainrule::source::Source;
use chainrule::syntax::{StepAtZero, parse};
use chainrule::system::{System, lower};

const CHAIN: &str = "r[0] = x
z[k+1] = W[k] r[k]         for k in 0..L-1
r[k+1] = relu(z[k+1])   for k in 0..L-1
loss C = 1/2 (r[L] - y)^2
";

fn system(text: &str) -> System {
    lower(&parse(&Source::new("test", text)).expect("the network is read"))
        .expect("the network is lowered")
}

fn found(text: &str) -> (Flow, Model) {
    let flow = flow(&system(text), StepAtZero::One).expect("there are steps");
    let model = model(&flow, &flow.parts[0], &BTreeMap::new()).expect("it can be simulated");
    (flow, model)
}

/// Layers of equal width: `step` says what follows from `h[k]`; weights of their own unless they are shared.
fn layers(step: &str, shared: bool) -> (Flow, Model) {
    let (slot, range) = if shared {
        ("", "")
    } else {
        ("[k]", " for k in 0..L-1")
    };
    let step = step
        .replace('W', &format!("W{slot}"))
        .replace('V', &format!("V{slot}"));
    found(&format!(
        "where W{slot} in R^(n x n){range}\nwhere V{slot} in R^(n x n){range}\nwhere x in R^n, y in R^n\nh[0] = x\nh[k+1] = {step} for k in 0..L-1\nloss C = 1/2 sum((h[L] - y).^2)\n"
    ))
}

/// Dense layers with an activation of the table.
fn dense(name: &str) -> Model {
    let (_, model) = layers("relu(W h[k])", false);
    model
        .with_activation(&named(name))
        .expect("there is one activation")
}

fn named(name: &str) -> Activation {
    Activation::named(&system(CHAIN), StepAtZero::One, name).expect("an activation of the table")
}

fn setup(width: usize, depth: usize, init: Init, draws: usize) -> Setup {
    Setup {
        widths: vec![width; depth + 1],
        inner: width,
        init,
        draws,
        seed: 7,
    }
}

fn run(model: &Model, setup: &Setup) -> Simulation {
    let simulation = simulate(&model.tapes, setup, &|| ());
    assert_eq!(simulation.overflowed, 0);
    simulation
}

/// The moments of layers that are all alike.
fn alike(activation: &Activation, form: Form, gain: f64, depth: usize) -> Vec<Moment> {
    let stage = Stage {
        activation,
        form,
        before: gain,
        after: gain,
    };
    moments(&vec![stage; depth])
}

fn close(a: f64, b: f64, error: f64) -> bool {
    (a - b).abs() <= error
}

/// ln of the mean square after all steps, with its standard error.
fn mean_square(simulation: &Simulation) -> (f64, f64) {
    let last = simulation.layers.last().expect("there are steps");
    (last.mean_square, last.relative_error)
}

#[test]
fn a_thousand_sigmoids_are_bounded_by_a_power_of_a_quarter() {
    let (flow, model) = found(&CHAIN.replace("relu", "sigmoid"));
    let setup = setup(1, 1000, Init::Constant(1.0), 20);
    let simulation = run(&model, &setup);
    let answer = Answer::new(&flow, &model, &setup, &simulation);
    let bound = answer.bound().expect("there is a bound");
    assert!(close(bound, 1000.0 * 0.25f64.ln(), 1e-9));
    assert!(answer.bound_is_certain);
    assert_eq!(chainrule::flow::power_of_ten(bound), "8.7·10^-603");
    for (step, layer) in simulation.layers.iter().enumerate() {
        let most = layer.quantiles[4] - layer.quantile_error;
        assert!(most <= 0.25f64.ln() * step as f64 + 1e-9, "step {step}");
        assert!(layer.quantiles[0].is_finite(), "nothing underflows");
    }
}

#[test]
fn positive_weights_and_relu_give_exactly_the_product_or_nothing() {
    let (_, model) = found(CHAIN);
    let simulation = run(&model, &setup(1, 1000, Init::Constant(1.5), 40));
    let exact = 1000.0 * 1.5f64.ln();
    let last = simulation.layers.last().expect("there are steps");
    assert!(last.quantiles[0].is_infinite(), "a negative input gives 0");
    // The mean over draws counts those that are not 0.
    let share = 1.0 - last.inactive;
    assert!(close(
        last.mean_square,
        2.0 * exact + share.ln(),
        1e-9 * exact
    ));
}

#[test]
fn he_keeps_the_mean_square_with_relu_and_glorot_halves_it() {
    let (activation, model) = (named("relu"), dense("relu"));
    for (init, factor) in [(Init::He, 1.0f64), (Init::Glorot, 0.5), (Init::Lecun, 0.5)] {
        let (log, error) = mean_square(&run(&model, &setup(256, 100, init, 400)));
        assert!(error < 0.25, "{error}");
        let off = (log - 100.0 * factor.ln()).exp() - 1.0;
        assert!(
            off.abs() < 4.0 * error,
            "{init:?}: {off} with an error of {error}"
        );
        let gain = init.variance(256, 256).expect("drawn") * 256.0;
        let predicted = alike(&activation, Form::DENSE, gain, 100);
        assert!(
            predicted
                .iter()
                .all(|moment| close(moment.factor, factor, 1e-12))
        );
    }
}

#[test]
fn a_sigmoid_loses_a_factor_of_16_where_the_weights_keep_the_variance() {
    let activation = named("sigmoid");
    let simulation = run(&dense("sigmoid"), &setup(256, 20, Init::OverFanIn(1.0), 40));
    for step in 1..=20 {
        let before = simulation.layers[step - 1].mean_square;
        let after = simulation.layers[step].mean_square;
        assert!(
            before - after > 16f64.ln(),
            "step {step}: {}",
            (before - after).exp()
        );
    }
    let predicted = alike(&activation, Form::DENSE, 1.0, 20);
    assert!(predicted.iter().all(|moment| moment.factor < 1.0 / 16.0));
}

#[test]
fn predictions_hold_within_the_sampling_error() {
    for name in ["relu", "tanh", "sigmoid", "leaky_relu", "gelu", "softplus"] {
        let activation = named(name);
        let (gain, depth) = (0.8, 12);
        let predicted: f64 = alike(&activation, Form::DENSE, gain, depth)
            .iter()
            .map(|moment| moment.factor.ln())
            .sum();
        let simulation = run(&dense(name), &setup(256, depth, Init::OverFanIn(gain), 100));
        let (log, error) = mean_square(&simulation);
        // What wide layers leave out is of the order 1/n in each step.
        let allowed = 4.0 * error + 3.0 * depth as f64 / 256.0;
        assert!(
            close(log, predicted, allowed),
            "{name}: {log} for {predicted}"
        );
    }
}

#[test]
fn a_residual_connection_adds_one() {
    let residual = Form {
        shortcut: 1.0,
        ..Form::DENSE
    };
    let tanh = named("tanh");
    assert!(adds_up(&tanh, residual) && !adds_up(&named("relu"), residual));
    let own = setup(256, 10, Init::OverFanIn(0.5), 100);
    let sum = |activation: &Activation, form: Form| -> f64 {
        alike(activation, form, 0.5, 10)
            .iter()
            .map(|it| it.factor.ln())
            .sum()
    };
    let (_, model) = layers("h[k] + tanh(W h[k])", false);
    let (log, error) = mean_square(&run(&model, &own));
    let predicted = sum(&tanh, residual);
    assert!(
        close(log, predicted, 4.0 * error + 0.12),
        "{log} for {predicted}"
    );
    let (plain, _) = mean_square(&run(&dense("tanh"), &own));
    assert!(log > 0.0 && plain < -5.0, "{log} against {plain}");
    // With weights behind the activation, any activation adds up.
    for (step, before) in [
        ("h[k] + W relu(h[k])", false),
        ("h[k] + V relu(W h[k])", true),
    ] {
        let form = Form {
            before,
            after: true,
            ..residual
        };
        let (_, model) = layers(step, false);
        assert_eq!(model.form().map(|(form, _)| form), Some(form));
        let (log, error) = mean_square(&run(&model, &own));
        let predicted = sum(&named("relu"), form);
        assert!(
            close(log, predicted, 4.0 * error + 0.12),
            "{step}: {log} for {predicted}"
        );
    }
}

#[test]
fn numbers_before_shortcut_and_branch_are_squared() {
    let text = "where W[k] in R^(n x n) for k in 0..L-1\nwhere x in R^n, y in R^n, a in R\nh[0] = x\nh[k+1] = a h[k] + (1 - a) tanh(W[k] h[k]) for k in 0..L-1\nloss C = 1/2 sum((h[L] - y).^2)\n";
    let flow = flow(&system(text), StepAtZero::One).expect("there are steps");
    let part = &flow.parts[0];
    let unknown = model(&flow, part, &BTreeMap::new()).expect_err("`a` has no value");
    assert!(unknown.message.contains("`a`"), "{}", unknown.message);
    let model = model(&flow, part, &BTreeMap::from([("a".into(), 0.75)])).expect("now it has");
    let (form, activation) = model.form().expect("a shortcut and a branch");
    assert_eq!((form.shortcut, form.branch), (0.75, 0.25));
    let predicted: f64 = alike(activation, form, 1.0, 10)
        .iter()
        .map(|it| it.factor.ln())
        .sum();
    let (log, error) = mean_square(&run(&model, &setup(256, 10, Init::Lecun, 100)));
    assert!(
        close(log, predicted, 4.0 * error + 0.12),
        "{log} for {predicted}"
    );
}

/// ln of the median of the gradient's norm by steps.
fn medians(text: &str, own: &Setup) -> Vec<f64> {
    let (_, model) = found(text);
    let simulation = run(&model, own);
    simulation.layers.iter().map(|it| it.quantiles[2]).collect()
}

#[test]
fn examples_in_rows_and_in_columns_have_the_mean_square_of_one() {
    let rows = "where X, Y in R^(m x n), W[k] in R^(n x n) for k in 0..L-1\nwhere b[k] in R^n for k in 0..L-1\nH[0] = X\nH[k+1] = relu(H[k] W[k] + ones(m) b[k]^T) for k in 0..L-1\nloss C = 1/2 norm(H[L] - Y, all)^2\n";
    let columns = "where X, Y in R^(n x m), W[k] in R^(n x n) for k in 0..L-1\nwhere b[k] in R^n for k in 0..L-1\nH[0] = X\nH[k+1] = relu(W[k] H[k] + b[k] ones(m)^T) for k in 0..L-1\nloss C = 1/2 norm(H[L] - Y, all)^2\n";
    for text in [rows, columns] {
        let (_, model) = found(text);
        assert_eq!(model.form().map(|(form, _)| form), Some(Form::DENSE));
        assert_eq!(model.kept, [("m".to_owned(), 8)]);
        let (log, error) = mean_square(&run(&model, &setup(32, 10, Init::He, 100)));
        // What wide layers leave out is of the order 1/n in each step.
        let allowed = 4.0 * error + 3.0 * 10.0 / 32.0;
        assert!(close(log, 0.0, allowed), "{text}: {log} ± {error}");
    }
    // A batch of one is a column.
    let single = |text: &str| {
        let flow = flow(&system(text), StepAtZero::One).expect("there are steps");
        let given = BTreeMap::from([("m".to_owned(), 1.0)]);
        model(&flow, &flow.parts[0], &given).expect("it can be simulated")
    };
    let own = setup(16, 10, Init::He, 20);
    let column = run(&dense("relu"), &own);
    for text in [rows, columns] {
        let batch = run(&single(text), &own);
        assert_eq!(batch.layers, column.layers, "the same draws");
    }
}

#[test]
fn stacked_recurrences_go_on_together() {
    let by_hand = "where x[t] in R^n for t in 1..T\nwhere y in R^n, W in R^(n x n), V in R^(n x n), A in R^(n x n)\nh1[0] = 0 ones(n)\nh2[0] = 0 ones(n)\nh1[t] = tanh(W h1[t-1] + x[t]) for t in 1..T\nh2[t] = tanh(V h2[t-1] + A h1[t]) for t in 1..T\nloss C = 1/2 norm(h2[T] - y)^2\n";
    let layers = "x[t] in R^d for t in 1..T -> rnn n -> rnn n -> last -> squared_error(y)";
    for (text, states, steps) in [
        (by_hand, 2, 3),
        (layers, 2, 3),
        (&layers.replace("-> last", "-> rnn n -> last"), 3, 5),
        (&layers.replace("rnn", "lstm"), 4, 10),
    ] {
        let (flow, model) = found(text);
        assert_eq!(flow.parts.len(), 1, "{text}");
        assert_eq!(model.tapes[0].states(), states, "{text}");
        assert_eq!(flow.parts[0].steps.len(), steps, "{text}");
        let simulation = run(&model, &setup(12, 20, Init::Glorot, 5));
        assert!(simulation.layers[20].mean_square.is_finite(), "{text}");
    }
}

#[test]
fn a_convolution_multiplies_with_its_band_matrix() {
    let (_, model) = found(
        "index i, u\nwhere w in R^3, x, y in R^n, h[k] in R^n for k in 0..L\nh[0]_i = x_i\nh[k+1]_i = sum_{u in 1..3, 1 <= i + u - 2, i + u - 2 <= n} w_u h[k]_{i+u-2} for k in 0..L-1\nloss C = 1/2 sum_i (h[L]_i - y_i)^2\n",
    );
    let (n, depth) = (8usize, 3);
    let simulation = run(&model, &setup(n, depth, Init::Constant(1.0), 4000));
    // The mean over directions of ‖Aᵏ δ‖² is ‖Aᵏ‖²_F / n.
    let neighbours = |i: usize| i.saturating_sub(1)..(i + 2).min(n);
    let mut power: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    for step in 1..=depth {
        power = (0..n)
            .map(|i| {
                let entry = |j: usize| neighbours(i).map(|m| power[m][j]).sum();
                (0..n).map(entry).collect()
            })
            .collect();
        let square: f64 = power.iter().flatten().map(|entry| entry * entry).sum();
        let layer = &simulation.layers[step];
        let expected = (square / n as f64).ln();
        assert!(
            close(layer.mean_square, expected, 4.0 * layer.relative_error),
            "step {step}: {} for {expected}",
            layer.mean_square
        );
    }
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    for options in [
        &["--wrt", "h[k]"][..],
        &["--no-simulation", "--draws", "3"],
        &["--set", "q=1"],
        &["--set", "L=1.5"],
        &["--set", "L=5", "--depth", "6"],
    ] {
        let (accepted, _) = printed(CHAIN, "flow", options);
        assert!(!accepted, "{options:?}");
    }
    let (accepted, text) = printed(
        "h[0] = x\nh[k+1] = h[k] + 1/L tanh(w[k] h[k]) for k in 0..L-1\nloss C = h[L]",
        "flow",
        &["--depth", "4", "--draws", "2"],
    );
    assert!(
        accepted && text.contains("4 steps, width 1, L = 4"),
        "{text}"
    );
}

#[test]
fn what_reads_two_steps_back_keeps_both() {
    let text = |declared: &str, begin: &str, step: &str| {
        format!(
            "where W in R^(n x n), x, u, y in R^n\n{declared}h[1] = x\n{begin}\n{step} for k in 1..L-1\nloss C = 1/2 norm(h[L] - y)^2\n"
        )
    };
    let direct = text("", "h[0] = u", "h[k+1] = h[k-1] + tanh(W h[k])");
    let by_hand = text(
        "",
        "g[1] = u",
        "g[k+1] = h[k] for k in 1..L-1\nh[k+1] = g[k] + tanh(W h[k])",
    );
    let own = setup(12, 9, Init::Lecun, 7);
    let (direct, by_hand) = (medians(&direct, &own), medians(&by_hand, &own));
    for (a, b) in direct.iter().zip(&by_hand) {
        assert!(close(*a, *b, 1e-9), "{direct:?} {by_hand:?}");
    }
}

#[test]
fn what_has_no_factor_is_simulated_all_the_same() {
    let layers = |step: &str| {
        format!(
            "where W[k] in R^(n x n) for k in 0..L-1\nwhere x, y in R^n\nh[0] = x\nh[k+1] = {step} for k in 0..L-1\nloss C = 1/2 sum((h[L] - y).^2)\n"
        )
    };
    let own = setup(24, 6, Init::Orthogonal, 40);
    // A norm divides by the size of its argument: three times the weights change nothing in the branch.
    let branch = |factor: &str| layers(&format!("h[k] + relu(layer_norm({factor}W[k] h[k]; 0))"));
    let (once, thrice) = (medians(&branch(""), &own), medians(&branch("3 "), &own));
    for (a, b) in once.iter().zip(&thrice) {
        assert!(close(*a, *b, 1e-9), "{once:?} {thrice:?}");
    }
    // The Jacobian of a softmax has a norm of at most 1/2.
    let (flow, model) = found(&layers("softmax(W[k] h[k])"));
    let simulation = run(&model, &own);
    let answer = Answer::new(&flow, &model, &own, &simulation);
    let bound = answer.bound().expect("there is a bound");
    assert!(close(bound, 6.0 * 0.5f64.ln(), 1e-9) && answer.bound_is_certain);
    assert!(simulation.layers[6].quantiles[4] <= bound);
    // A softmax of two elements is a sigmoid of their difference.
    let two = "where w[k] in R for k in 0..L-1\nwhere x, y in R^2\nh[0] = x\nh[k+1] = softmax(h[k]) for k in 0..L-1\nloss C = 1/2 sum((h[L] - y).^2)\n";
    let by_hand = "index i, j\nwhere x, y in R^2\nh[0]_i = x_i\nh[k+1]_i = sigmoid(2 h[k]_i - sum_j h[k]_j) for k in 0..L-1\nloss C = 1/2 sum_i (h[L]_i - y_i)^2\n";
    let own = setup(2, 5, Init::Orthogonal, 9);
    for (a, b) in medians(two, &own).iter().zip(&medians(by_hand, &own)) {
        assert!(close(*a, *b, 1e-9));
    }
}

#[test]
fn orthogonal_weights_keep_the_norm_of_a_linear_network() {
    for shared in [false, true] {
        let (_, model) = layers("W h[k]", shared);
        let own = setup(24, 300, Init::Orthogonal, 10);
        let last = run(&model, &own).layers.pop().expect("there are steps");
        assert!(close(last.mean_square, 0.0, 1e-9), "{}", last.mean_square);
    }
}

#[test]
fn states_of_unequal_width_have_factors_of_their_own() {
    let text = "where W[k] in R^(n[k+1] x n[k]) for k in 0..L-1\nwhere x in R^(n[0]), y in R^(n[L])\nr[0] = x\nr[k+1] = relu(W[k] r[k]) for k in 0..L-1\nloss C = 1/2 sum((r[L] - y).^2)\n";
    let (flow, model) = found(text);
    let own = Setup {
        widths: vec![300, 100, 200, 50],
        ..setup(64, 3, Init::Glorot, 400)
    };
    let simulation = run(&model, &own);
    let answer = Answer::new(&flow, &model, &own, &simulation);
    // n_in Var W / 2 with Glorot's variance 2/(n_in + n_out)
    let factors: Vec<f64> = answer.moments.iter().map(|moment| moment.factor).collect();
    for (found, expected) in factors
        .iter()
        .zip([300.0 / 400.0, 100.0 / 300.0, 200.0 / 250.0])
    {
        assert!(close(*found, expected, 1e-12), "{factors:?}");
    }
    let predicted: f64 = factors.iter().map(|factor| factor.ln()).sum();
    let (log, error) = mean_square(&simulation);
    assert!(
        close(log, predicted, 4.0 * error + 0.06),
        "{log} for {predicted}"
    );
    // Orthonormal columns keep the norm where a layer widens; on the way back some of it is lost.
    let linear = found(&text.replace("relu(W[k] r[k])", "W[k] r[k]")).1;
    let widening = Setup {
        widths: vec![8, 16, 32],
        ..setup(8, 2, Init::Orthogonal, 2000)
    };
    let (log, error) = mean_square(&run(&linear, &widening));
    assert!(close(log, (8.0f64 / 32.0).ln(), 4.0 * error), "{log}");
}

#[test]
fn the_critical_line_is_known() {
    let Critical::Always(gain) = critical(&named("relu")) else {
        panic!("ReLU has one at every variance");
    };
    assert!(close(gain, 2.0, 1e-12));
    assert_eq!(critical(&named("tanh")), Critical::Limit(1.0));
    let Critical::At { gain, variance } = critical(&named("sigmoid")) else {
        panic!("a sigmoid has a critical point");
    };
    let sigmoid = named("sigmoid");
    assert!(close(
        gain * slope_square(&sigmoid, variance).value,
        1.0,
        1e-9
    ));
    assert!(close(
        gain * value_square(&sigmoid, variance).value / variance,
        1.0,
        1e-6
    ));
}

#[test]
fn ranges_enclose_and_are_reached() {
    let text = |definition: &str| format!("fn s(u) = {definition}\n{}", CHAIN.replace("relu", "s"));
    let cases = [
        ("1/(1 + exp(-u))", 0.0, 0.25),
        ("u/(1 + exp(-u))", -0.099_839_335, 1.099_839_335),
        ("3 tanh(u/2)", 0.0, 1.5),
        ("sin(u)", -1.0, 1.0),
        ("{ u if u > 0; 1/5 u otherwise }", 0.2, 1.0),
    ];
    for (definition, low, high) in cases {
        let (_, model) = found(&text(definition));
        let range = model.activations()[0].range.expect("a range is found");
        assert!(
            range.low <= low + 1e-9 && range.high >= high - 1e-9,
            "{definition}: {range:?}"
        );
        assert!(
            range.low >= low - 1e-5 && range.high <= high + 1e-5,
            "{definition}: {range:?}"
        );
        assert!(range.error < 1e-6, "{definition}: {range:?}");
    }
    for unbounded in ["u^3", "exp(u)"] {
        let (_, model) = found(&text(unbounded));
        let range = model.activations()[0].range;
        assert!(
            range.is_none_or(|range| range.up_to.is_finite()),
            "{unbounded}: {range:?}"
        );
    }
}

#[test]
fn a_declared_range_is_tried_and_believed() {
    let text = |definition: &str| format!("fn s(u){definition}\n{}", CHAIN.replace("relu", "s"));
    let sigmoid = " = 1/(1 + exp(-u)) with s' in ";
    let (_, model) = found(&text(&format!("{sigmoid}[0, 1/4]")));
    let range = model.activations()[0].range.expect("it is declared");
    assert_eq!(
        (range.low, range.high, range.proof),
        (0.0, 0.25, Proof::Declared)
    );
    for wrong in ["[0, 1/5]", "[1/100, 1/4]", "[0, 0.2499]"] {
        let report = flow(
            &system(&text(&format!("{sigmoid}{wrong}"))),
            StepAtZero::One,
        )
        .expect_err("a point refutes it");
        let diagnostic = &report.diagnostics()[0];
        assert_eq!(diagnostic.code, "wrong-derivative-range");
        assert!(!diagnostic.labels.is_empty(), "it has a place");
    }
    // Of an opaque function nothing else is known.
    let (_, printed) = printed(&text(" with s' in [-1/2, 1]"), "flow", &["--no-simulation"]);
    assert!(printed.contains("-1/2 ≤ s′(u) ≤ 1\n"), "{printed}");
    assert!(printed.contains("|∂r⁽ᵏ⁺¹⁾/∂r⁽ᵏ⁾| ≤ |W⁽ᵏ⁾| "), "{printed}");
}

#[test]
fn simulations_agree_with_an_independent_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flow/reference.json");
    let text = fs::read_to_string(path).expect("the reference is there");
    let reference: serde_json::Value = serde_json::from_str(&text).expect("the reference is JSON");
    for case in reference["cases"].as_array().expect("a list") {
        let number = |name: &str| case[name].as_f64().expect("a number");
        let text = |name: &str| case[name].as_str().expect("a text");
        let model = match case["network"].as_str() {
            Some(network) => {
                let flow = flow(&system(network), StepAtZero::One).expect("there are steps");
                let given = BTreeMap::from([("m".to_owned(), number("examples"))]);
                let given = if network.contains("m x n") {
                    given
                } else {
                    BTreeMap::new()
                };
                model(&flow, &flow.parts[0], &given).expect("it can be simulated")
            }
            None => layers(text("step"), case["shared"].as_bool().expect("a flag")).1,
        };
        let init = match text("init") {
            "orthogonal" => Init::Orthogonal,
            _ => Init::OverFanIn(number("gain")),
        };
        let own = setup(
            number("width") as usize,
            number("depth") as usize,
            init,
            1500,
        );
        let last = run(&model, &own).layers.pop().expect("there are steps");
        let words = format!("{case}: {last:?}");
        let error = |name: &str| number(name).hypot(last.relative_error);
        assert!(
            close(
                last.mean_square,
                number("ln_mean_square"),
                4.0 * error("relative_error")
            ),
            "{words}"
        );
        let medians =
            number("ln_median_error").hypot(1.3 * number("ln_deviation") / 1500f64.sqrt());
        assert!(
            close(
                last.quantiles[2],
                number("ln_median"),
                4.0 * medians + last.quantile_error
            ),
            "{words}"
        );
        // The last layer in this order is the first one forward: it is exact up to sampling.
        let forward = last.forward.expect("there is a forward value");
        assert!(close(forward, number("ln_forward_first"), 0.1), "{words}");
    }
    for mean in reference["means"].as_array().expect("a list") {
        let activation = named(mean["activation"].as_str().expect("a name"));
        let q = mean["q"].as_f64().expect("a number");
        for (own, name) in [
            (value_square(&activation, q), "value"),
            (slope_square(&activation, q), "slope"),
        ] {
            let expected = mean[name].as_f64().expect("a number");
            assert!(close(own.value, expected, 1e-9), "{mean}: {own:?}");
            assert!(own.error < 1e-9, "{mean}: {own:?}");
        }
    }
}

/// What a command prints for a network.
fn printed(network: &str, command: &str, options: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args([command, "-e", network])
        .args(options)
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("output is text");
    (output.status.success(), text)
}

#[test]
fn printed_factors_are_judged_equal_to_the_gradients() {
    let numbers = |step: &str| {
        format!("h[0] = x\nh[k+1] = {step}   for k in 0..L-1\nloss C = h[L]\ngrad h[k]")
    };
    let arrays = |step: &str| {
        format!(
            "index i, j, m\nwhere W[k] in R^(n x n) for k in 0..L-1\n      x in R^n\nh[0]_i = x_i\nh[k+1]_j = {step}   for k in 0..L-1\nloss C(h[L])\ngrad h[k]"
        )
    };
    let networks = [
        numbers("a h[k] + (1 - a) tanh(w[k] h[k])"),
        arrays("h[k]_j + sum_m W[k]_jm relu(sum_i W[k]_mi h[k]_i)"),
        arrays("x_j tanh(sum_i W[k]_ij h[k]_i)"),
        numbers("sigmoid(w[k] h[k])"),
        numbers("tanh(w[k] h[k] + b[k])"),
        numbers("h[k] + sigmoid(w[k] h[k])"),
        numbers("h[k] + 2 w[k] tanh(h[k])"),
        arrays("tanh(sum_i W[k]_ij h[k]_i)"),
        arrays("relu(sum_i W[k]_ji h[k]_i)"),
        arrays("h[k]_j + sum_i W[k]_ij sigmoid(h[k]_i)"),
    ];
    for network in networks {
        let (_, text) = printed(&network, "flow", &["--no-simulation", "--json"]);
        let flow: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let mut judged = 0;
        for statement in flow["statements"].as_array().expect("a list") {
            let latex = |side: &str| statement[side].as_str().expect("LaTeX").to_owned();
            let left = latex("left");
            let (above, below) = left.split_once("}{").unwrap_or_default();
            let next = above.trim_start_matches("\\frac{");
            let claim = match statement["kind"].as_str() {
                Some("product") => format!("\\frac{{\\partial C}}{{{below} = {}", latex("right")),
                Some("step") => {
                    let upstream = format!("\\frac{{\\partial C}}{{{next}}}");
                    let sum = next
                        .rsplit_once("_")
                        .map_or_else(String::new, |(_, letter)| format!("\\sum_{{{letter}}}"));
                    format!(
                        "\\frac{{\\partial C}}{{{below} = {sum} {upstream} \\left({}\\right)",
                        latex("right")
                    )
                }
                _ => continue,
            };
            let (equal, verdict) = printed(&network, "check", &["-c", &claim]);
            assert!(equal, "{network}\n{claim}\n{verdict}");
            judged += 1;
        }
        assert!(judged > 0, "{network}");
    }
}
