//! Judging claims in-process: one of depth 20, a residual chain of depth 20, a folder of submissions, and the claims of
//! the tests, among them the largest.

#![expect(clippy::print_stdout, reason = "a bench is a program that prints")]

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use chainrule::judge::{Options, check};
use chainrule::source::Source;
use chainrule::system::System;

const DEPTH: usize = 20;

/// How often one claim is judged.
const RUNS: usize = 30;

/// As many submissions are judged, each a formula of its own.
const SUBMISSIONS: usize = 100;

/// `z1 = w1 x`, `a1 = sigmoid(z1)`, …: the derivative by the first weight, all factors written out.
fn chain() -> (String, String) {
    let mut net = String::new();
    let mut claim = String::from(r"\frac{dC}{dw_1} = (a_{20} - y)");
    for at in 1..=DEPTH {
        let before = if at == 1 {
            "x".into()
        } else {
            format!("a{}", at - 1)
        };
        writeln!(net, "z{at} = w{at} {before}\na{at} = sigmoid(z{at})").expect("a string");
        write!(claim, r"\, a_{{{at}}}(1 - a_{{{at}}})").expect("a string");
        if at > 1 {
            write!(claim, r"\, w_{{{at}}}").expect("a string");
        }
    }
    net.push_str("loss C = 1/2 (a20 - y)^2\ngrad w1\n");
    claim.push_str(r"\, x");
    (net, claim)
}

/// `x1 = x0 + tanh(w1 x0)`, …: a product of 20 sums, which has 2²⁰ terms when it is expanded.
fn residual() -> (String, String) {
    let mut net = String::new();
    let mut claim = String::from(r"\frac{dC}{dx_0} = (x_{20} - y)");
    for at in 1..=DEPTH {
        let before = at - 1;
        writeln!(net, "x{at} = x{before} + tanh(w{at} x{before})").expect("a string");
        write!(
            claim,
            r"\left(1 + w_{{{at}}}(1 - \tanh(w_{{{at}}} x_{{{before}}})^2)\right)"
        )
        .expect("a string");
    }
    net.push_str("loss C = 1/2 (x20 - y)^2\ngrad x0\n");
    (net, claim)
}

const CLASSIFIER: &str = "\
where x in R^n, y in R^c
      W1 in R^(m x n), b1 in R^m
      W2 in R^(c x m), b2 in R^c
assume sum(y) = 1
z1 = W1 x + b1
h = relu(z1)
z2 = W2 h + b2
p = softmax(z2)
loss C = -sum(y .* log(p))
grad W1, b1, W2, b2
";

/// What students hand in: right, and with the mistakes that are made most.
const HANDED_IN: [&str; 5] = [
    r"\frac{\partial C}{\partial W_2} = (p - y) h^T",
    r"\frac{\partial C}{\partial W_1} = \left(W_2^T (p - y) \odot \operatorname{Step}(z_1)\right) x^T",
    r"\frac{\partial C}{\partial W_2} = (y - p) h^T",
    r"\frac{\partial C}{\partial W_1} = \left(W_2 (p - y) \odot \operatorname{Step}(z_1)\right) x^T",
    r"\frac{\partial C}{\partial b_1} = W_2^T (p - y) \odot h",
];

fn system(net: &str) -> System {
    let network = chainrule::syntax::parse(&Source::new("bench.net", net));
    let network = network.expect("the network can be read");
    chainrule::system::lower(&network).expect("the network is right")
}

fn judged(system: &System, claim: &str) -> &'static str {
    let source = Source::new("claim.tex", claim);
    let judged = check(system, &source, Options::default()).expect("the claim can be read");
    judged.verdict().name()
}

/// The shortest of several runs, in milliseconds: what disturbs the machine only makes runs longer.
fn shortest(system: &System, claim: &str) -> f64 {
    let time = || {
        let start = Instant::now();
        assert_eq!(black_box(judged(system, claim)), "equal");
        1e3 * start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(|_| time()).fold(f64::INFINITY, f64::min)
}

/// The claims of the tests: how many, the time of all in seconds, and the slowest with its time.
fn claims() -> (usize, f64, String, f64) {
    let (mut count, mut all, mut slowest) = (0, 0.0, (String::new(), 0.0));
    for file in ["hand-derivations", "written-claims"] {
        let path = format!("tests/judging/{file}.jsonl");
        let text = std::fs::read_to_string(&path).expect("a bench runs in the project's folder");
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let record: serde_json::Value = serde_json::from_str(line).expect("an object a line");
            let text = |field: &str| record[field].as_str().unwrap_or_default();
            let header = record["claim_header"].as_array().into_iter().flatten();
            let mut claim: Vec<&str> = header.filter_map(|line| line.as_str()).collect();
            claim.push(text("claim_latex"));
            let source = Source::new("claim.tex", claim.join("\n"));
            let system = system(text("net"));
            let start = Instant::now();
            // Claims that cannot be read are refused in no time.
            let _ = black_box(check(&system, &source, Options::default()));
            let time = start.elapsed().as_secs_f64();
            (count, all) = (count + 1, all + time);
            if time > slowest.1 {
                slowest = (text("id").to_owned(), time);
            }
        }
    }
    (count, all, slowest.0, slowest.1)
}

fn main() {
    let [(chain, chain_claim), (residual, residual_claim)] = [chain(), residual()];
    let (chain, residual) = (system(&chain), system(&residual));
    let deep = shortest(&chain, &chain_claim);
    println!("depth {DEPTH}            {deep:.1} ms (goal 3)");
    let skips = shortest(&residual, &residual_claim);
    println!("residual, depth {DEPTH}  {skips:.1} ms (goal 5)");

    let classifier = system(CLASSIFIER);
    let start = Instant::now();
    for at in 0..SUBMISSIONS {
        black_box(judged(&classifier, HANDED_IN[at % HANDED_IN.len()]));
    }
    let each = start.elapsed().as_secs_f64() / SUBMISSIONS as f64;
    println!(
        "submissions         {:.0} a minute (goal 1000)",
        60.0 / each
    );
    let (count, all, slowest, time) = claims();
    println!("{count} claims         {all:.1} s, the slowest {slowest} in {time:.2} s");
}
