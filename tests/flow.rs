//! The flow of gradients: formulas against numbers, simulations against formulas and against an independent program
//! (`tests/flow/reference.py`, whose numbers stand in `tests/flow/reference.json`).

use std::fs;
use std::path::Path;
use std::process::Command;

use chainrule::flow::{
    Activation, Answer, Critical, Init, Model, Recursion, Setup, Simulation, StepForm, adds_up,
    critical, model, moments, recursion, simulate, slope_square, value_square,
};
use chainrule::source::Source;
use chainrule::syntax::{StepAtZero, parse};
use chainrule::system::{System, lower};

const CHAIN: &str = "r[0] = x
z[k+1] = W[k] r[k]         for k in 0..L-1
r[k+1] = relu(z[k+1])   for k in 0..L-1
loss C = 1/2 (r[L] - y)^2
";

const PLAIN: StepForm = StepForm {
    residual: false,
    activated_first: false,
};

fn system(text: &str) -> System {
    lower(&parse(&Source::new("test", text)).expect("the network is read"))
        .expect("the network is lowered")
}

fn found(text: &str) -> (Recursion, Model) {
    let recursion = recursion(&system(text), StepAtZero::One).expect("there is a recursion");
    let model = model(&recursion).expect("it can be simulated");
    (recursion, model)
}

fn named(name: &str) -> Activation {
    Activation::named(&system(CHAIN), StepAtZero::One, name).expect("an activation of the table")
}

fn setup(width: usize, depth: usize, init: Init, draws: usize) -> Setup {
    Setup {
        width,
        depth,
        init,
        draws,
        seed: 7,
        form: PLAIN,
        shared: false,
    }
}

fn run(activation: &Activation, setup: &Setup) -> Simulation {
    let simulation = simulate(activation, setup, &|| ());
    assert_eq!(simulation.overflowed, 0);
    simulation
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
    let (_, model) = found(&CHAIN.replace("relu", "sigmoid"));
    let activation = model.activation.clone().expect("sigmoid is known");
    let setup = setup(1, 1000, Init::Constant(1.0), 20);
    let simulation = run(&activation, &setup);
    let answer = Answer::new(&model, &activation, &setup, &simulation);
    let bound = answer.bound.expect("there is a bound");
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
    let activation = named("relu");
    let simulation = run(&activation, &setup(1, 1000, Init::Constant(1.5), 40));
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
    let activation = named("relu");
    for (init, factor) in [(Init::He, 1.0f64), (Init::Glorot, 0.5), (Init::Lecun, 0.5)] {
        let (log, error) = mean_square(&run(&activation, &setup(256, 100, init, 400)));
        assert!(error < 0.25, "{error}");
        let off = (log - 100.0 * factor.ln()).exp() - 1.0;
        assert!(
            off.abs() < 4.0 * error,
            "{init:?}: {off} with an error of {error}"
        );
        let predicted = moments(
            &activation,
            PLAIN,
            init.variance(256).expect("drawn") * 256.0,
            100,
        );
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
    let simulation = run(&activation, &setup(256, 20, Init::OverFanIn(1.0), 40));
    for step in 1..=20 {
        let before = simulation.layers[step - 1].mean_square;
        let after = simulation.layers[step].mean_square;
        assert!(
            before - after > 16f64.ln(),
            "step {step}: {}",
            (before - after).exp()
        );
    }
    let predicted = moments(&activation, PLAIN, 1.0, 20);
    assert!(predicted.iter().all(|moment| moment.factor < 1.0 / 16.0));
}

#[test]
fn predictions_hold_within_the_sampling_error() {
    for name in ["relu", "tanh", "sigmoid", "leaky_relu", "gelu", "softplus"] {
        let activation = named(name);
        let (gain, depth) = (0.8, 12);
        let predicted: f64 = moments(&activation, PLAIN, gain, depth)
            .iter()
            .map(|moment| moment.factor.ln())
            .sum();
        let simulation = run(&activation, &setup(256, depth, Init::OverFanIn(gain), 100));
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
    let form = StepForm {
        residual: true,
        activated_first: false,
    };
    let tanh = named("tanh");
    assert!(adds_up(&tanh, form) && !adds_up(&named("relu"), form));
    let own = Setup {
        form,
        ..setup(256, 10, Init::OverFanIn(0.5), 100)
    };
    let predicted: f64 = moments(&tanh, form, 0.5, 10)
        .iter()
        .map(|it| it.factor.ln())
        .sum();
    let (log, error) = mean_square(&run(&tanh, &own));
    assert!(
        close(log, predicted, 4.0 * error + 0.12),
        "{log} for {predicted}"
    );
    let (plain, _) = mean_square(&run(&tanh, &setup(256, 10, Init::OverFanIn(0.5), 100)));
    assert!(log > 0.0 && plain < -5.0, "{log} against {plain}");
    // With the activation first, any activation adds up.
    let first = StepForm {
        residual: true,
        activated_first: true,
    };
    let relu = named("relu");
    let own = Setup { form: first, ..own };
    let predicted: f64 = moments(&relu, first, 0.5, 10)
        .iter()
        .map(|it| it.factor.ln())
        .sum();
    let (log, error) = mean_square(&run(&relu, &own));
    assert!(
        close(log, predicted, 4.0 * error + 0.12),
        "{log} for {predicted}"
    );
}

#[test]
fn orthogonal_weights_keep_the_norm_of_a_linear_network() {
    let identity = named("identity");
    for shared in [false, true] {
        let own = Setup {
            shared,
            ..setup(24, 300, Init::Orthogonal, 10)
        };
        let last = run(&identity, &own).layers.pop().expect("there are steps");
        assert!(close(last.mean_square, 0.0, 1e-9), "{}", last.mean_square);
    }
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
        let range = model
            .activation
            .and_then(|own| own.range)
            .expect("a range is found");
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
        let range = model.activation.and_then(|own| own.range);
        assert!(
            range.is_none_or(|range| range.up_to.is_finite()),
            "{unbounded}: {range:?}"
        );
    }
}

#[test]
fn simulations_agree_with_an_independent_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flow/reference.json");
    let text = fs::read_to_string(path).expect("the reference is there");
    let reference: serde_json::Value = serde_json::from_str(&text).expect("the reference is JSON");
    for case in reference["cases"].as_array().expect("a list") {
        let number = |name: &str| case[name].as_f64().expect("a number");
        let activation = named(case["activation"].as_str().expect("a name"));
        let own = Setup {
            form: StepForm {
                residual: case["residual"].as_bool().expect("a flag"),
                activated_first: case["activated_first"].as_bool().expect("a flag"),
            },
            shared: case["shared"].as_bool().expect("a flag"),
            ..setup(
                number("width") as usize,
                number("depth") as usize,
                if case["orthogonal"] == true {
                    Init::Orthogonal
                } else {
                    Init::OverFanIn(number("gain"))
                },
                1500,
            )
        };
        let last = run(&activation, &own)
            .layers
            .pop()
            .expect("there are steps");
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
            "index i, j\nwhere W[k] in R^(n x n) for k in 0..L-1\n      x in R^n\nh[0]_i = x_i\nh[k+1]_j = {step}   for k in 0..L-1\nloss C(h[L])\ngrad h[k]"
        )
    };
    let networks = [
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
