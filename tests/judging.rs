//! Hand-written formulas and their verdicts: a corpus from notes, books and questions, and claims that must not pass.

use std::fs;
use std::path::Path;

use chainrule::judge::{LineKind, MISTAKES, Options, check};
use chainrule::source::Source;
use chainrule::system::System;
use serde_json::Value;

fn network(text: &str) -> Option<System> {
    let source = Source::new("network", text);
    let network = chainrule::syntax::parse(&source).ok()?;
    chainrule::system::lower(&network).ok()
}

/// What is said of a claim, in the words of the corpus.
struct Answer {
    verdict: String,
    mistake: Option<&'static str>,
    first_wrong_line: Option<usize>,
}

fn answer(net: &str, claim: &str) -> Option<Answer> {
    let system = network(net)?;
    let source = Source::new("claim", claim);
    Some(match check(&system, &source, Options::default()) {
        Ok(judged) => Answer {
            verdict: match judged.verdict().name() {
                "equal" | "equal_at_sizes" => "correct".into(),
                "equal_almost_everywhere" => "correct-almost-everywhere".into(),
                "equal_only_if" => "only-under-assumption".into(),
                "differs" => "wrong".into(),
                other => other.into(),
            },
            mistake: judged
                .lines
                .iter()
                .find_map(|line| line.mistake.as_ref().map(|mistake| mistake.name)),
            first_wrong_line: judged.first_wrong_line,
        },
        Err(report) => Answer {
            verdict: "malformed".into(),
            mistake: report.diagnostics().first().map(|first| first.code),
            first_wrong_line: None,
        },
    })
}

/// The verdict of a claim, in the words of the corpus.
fn verdict(net: &str, claim: &str) -> Option<String> {
    Some(answer(net, claim)?.verdict)
}

/// What came out right of a file of claims, and what did not.
#[derive(Default)]
struct Score {
    judged: usize,
    named: usize,
    lines: usize,
    wrong: Vec<String>,
}

/// Judges the claims of a file; none that is wrong may be called equal.
fn score(file: &str, left_out: &[&str]) -> Score {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(path).expect("the claims are a file of the project");
    let mut score = Score::default();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("a record is a JSON object");
        let field = |name: &str| record[name].as_str().unwrap_or_default();
        let id = field("id");
        if left_out.contains(&id) {
            continue;
        }
        let list = |name: &str| -> Vec<String> {
            let entries = record[name].as_array().into_iter().flatten();
            entries
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let header: String = list("claim_header")
            .iter()
            .flat_map(|line| [line, "\n"])
            .collect();
        let claim = format!("{header}{}", field("claim_latex"));
        let given = answer(field("net"), &claim).expect("the network of a record is read");
        assert!(
            given.verdict != "correct" || field("verdict") == "correct",
            "{id} is called equal"
        );
        if given.verdict == field("verdict") {
            score.judged += 1;
        } else {
            score.wrong.push(format!("{id}: judged {}", given.verdict));
        }
        let mut names = list("also");
        names.extend(record["mistake"].as_str().map(str::to_owned));
        if !names.is_empty() {
            if given
                .mistake
                .is_some_and(|name| names.iter().any(|known| known == name))
            {
                score.named += 1;
            } else {
                score
                    .wrong
                    .push(format!("{id}: called {:?}", given.mistake));
            }
        }
        if let Some(first) = record["first_wrong_line"].as_u64() {
            if given.first_wrong_line.map(|line| line as u64) == Some(first) {
                score.lines += 1;
            } else {
                score
                    .wrong
                    .push(format!("{id}: line {:?}", given.first_wrong_line));
            }
        }
    }
    score
}

/// A network of any depth takes seconds without optimization; `examples/judge_corpus.rs` judges all of them.
const SLOW: &[&str] = &[
    "dse-a10", "dse-a11", "dse-a12", "dse-a13", "dse-a14", "dse-n07", "dse-n09", "mul-01",
];

/// How much of the corpus comes out right, at least. With those of `SLOW` it is 213 verdicts, 88 of 91 mistakes and 8 of 8
/// first wrong lines.
#[test]
fn the_corpus_is_judged_right() {
    let score = score("tests/judging/hand-derivations.jsonl", SLOW);
    assert!(score.judged >= 205, "{:#?}", score.wrong);
    assert!(score.named >= 87, "{:#?}", score.wrong);
    assert!(score.lines >= 7, "{:#?}", score.wrong);
}

/// Claims in the manner of lectures, books and question pages, right and with a known mistake: all come out right.
#[test]
fn claims_as_people_write_them_are_judged_right() {
    let score = score("tests/judging/written-claims.jsonl", &[]);
    assert!(score.wrong.is_empty(), "{:#?}", score.wrong);
}

/// Claims that a careless judge lets pass: network, claim, verdict.
const TRAPS: &[(&str, &str, &str)] = &[
    // Which of the two is the layer is said in two ways.
    (
        "index i, j\nwhere W[k] in R^(n x n) for k in 0..L-1\n      x, y in R^n\nr[0]_i = x_i\n\
         z[k+1]_j = sum_i W[k]_ij r[k]_i for k in 0..L-1\nr[k+1]_j = relu(z[k+1]_j) for k in 0..L-1\n\
         loss C = 1/2 sum_j (y_j - r[L]_j)^2\ngrad W[k]",
        r"\frac{\partial C}{\partial W^{(k)}_{ij}} = \frac{\partial C}{\partial z^{(j)}_{k+1}}r^{(k)}_i",
        "malformed",
    ),
    // A number of many digits that is nearly log 2: enclosures do not tell them apart.
    (
        "y = log(cosh(x))\ngrad y wrt x",
        r"\log\cosh x = x + \log(1+e^{-2x}) - 0.6931471805599453",
        "undecided",
    ),
    // The square of a Step is a Step only where Step(0) is 0 or 1.
    (
        "r = relu(x)\ngrad r wrt x\nconvention step(0) = 1/2",
        r"\frac{dr}{dx} = Step(x)^2",
        "correct-almost-everywhere",
    ),
    (
        "r = relu(x)\ngrad r wrt x",
        r"\frac{dr}{dx} = Step(x)^2",
        "correct",
    ),
    // Step(relu(z)) is Step(0) on half the line.
    (
        "r = relu(x)\ngrad r wrt x",
        r"\frac{dr}{dx} = Step(ReLU(x))",
        "wrong",
    ),
    (
        "r = relu(x)\ngrad r wrt x\nconvention step(0) = 0",
        r"\frac{dr}{dx} = Step(ReLU(x))",
        "correct",
    ),
    // Thresholds far away, and windows that no random point meets.
    (
        "r = relu(x)\ngrad r wrt x",
        r"\frac{dr}{dx} = Step(x)Step(100-x)",
        "wrong",
    ),
    (
        "r = relu(x)\ngrad r wrt x",
        r"\frac{dr}{dx} = Step(x)(1-\mathbb 1[2.3<x<2.4])",
        "wrong",
    ),
    (
        "r = relu(x)\ngrad r wrt x",
        r"\frac{dr}{dx} = Step(x-0.001)",
        "wrong",
    ),
    ("a = abs(x)", r"|x-50| = 50-x", "wrong"),
    (
        "where x, y in R\nd = abs(x - y)\nloss L = 1/2 max(100 - d, 0)^2\ngrad x",
        r"\frac{\partial L}{\partial x} = -(100-d)\operatorname{sgn}(x-y)",
        "wrong",
    ),
    // A product that is on for one pattern of many.
    (
        "index i\nwhere x in R^6\nr_i = relu(x_i)\nloss L = prod_i r_i + sum_i r_i\ngrad x",
        r"\frac{\partial L}{\partial x_1} = Step(x_1)(1+r_2r_3r_4r_5r_6)+ReLU(-x_1)ReLU(x_2)ReLU(-x_3)ReLU(x_4)ReLU(-x_5)ReLU(x_6)",
        "wrong",
    ),
    // `\mathbf 1_n` has n ones.
    (
        "where x in R^n\nm = mean(x)",
        r"m = \frac1n\mathbf 1_n^\top x",
        "correct",
    ),
    (
        "where x in R^n\nm = mean(x)",
        r"x_n = \mathbf 1_n^\top x",
        "wrong",
    ),
    // What is written like a product, or like a quotient of differentials.
    (
        "where w, b, x, y in R\nz = w x + b\nf = tanh(z)\nloss J = 1/2 (f - y)^2\ngrad w",
        r"J(w, b) = \frac12(f(x)-y)^2",
        "correct",
    ),
    (
        "where w, b, x, y in R\nz = w x + b\nf = tanh(z)\nloss J = 1/2 (f - y)^2\ngrad w",
        r"dJ/dw = (f-y)(1-f^2)x",
        "correct",
    ),
    (
        "where w, b, x, y in R\nz = w x + b\nf = tanh(z)\nloss J = 1/2 (f - y)^2\ngrad w",
        r"dJ = (f-y)(1-f^2)x\,dw",
        "correct",
    ),
    // The size of the identity is that of what stands beside it.
    (
        "where x in R^n\nm = mean(x)\nc = x - m\ngrad c wrt x",
        r"c = (I - \frac1n\mathbf 1\mathbf 1^\top)x",
        "correct",
    ),
    // One maximum, however it is written.
    (
        "z = w x\nr = max(0, z)\nloss L = 1/2 (r - y)^2\nconvention step(0) = 0\ngrad z",
        r"\frac{\partial L}{\partial z} = (r-y)\mathbb 1[z>0]",
        "correct",
    ),
    // A power of a step, and steps that are late.
    (
        "h[0] = x\nh[t] = tanh(w h[t-1]) for t in 1..T\nloss L = h[T]^2\ngrad w",
        r"\frac{\partial h_t}{\partial h_{t-3}} = w^3(1-h_t^2)(1-h_{t-1}^2)(1-h_{t-2}^2)\quad (t \ge 5)",
        "correct",
    ),
    // A root is not negative.
    ("a = abs(x)", r"\sqrt{x^2} = x", "only-under-assumption"),
    ("a = abs(x)", r"\sqrt{x^2} = |x|", "correct"),
    // Right for symmetric matrices only.
    (
        "where X in R^(n x n)\nf = det(X)",
        r"\frac{\partial f}{\partial X} = f X^{-1}",
        "wrong",
    ),
    (
        "where X in R^(n x n)\nf = det(X)",
        r"\frac{\partial f}{\partial X} = f X^{-T}",
        "correct",
    ),
    // No value where the truth has one.
    (
        "a = abs(x)\ngrad a wrt x",
        r"\frac{da}{dx} = \frac{x}{|x|}",
        "correct-almost-everywhere",
    ),
    // Right on live points only, on dead points only.
    (
        "z = w x; r = relu(z); loss C = 1/2 (y - r)^2",
        r"\frac{dC}{dw} = (r - y) x + 0 Step(z)",
        "wrong",
    ),
    (
        "z = w x; r = relu(z); loss C = 1/2 (y - r)^2",
        r"\frac{dC}{dw} = 0 Step(z)",
        "wrong",
    ),
    // Closed and without kinks: the formula of the active network.
    (
        "z = w x; r = relu(z); loss C = 1/2 (y - r)^2",
        r"\frac{dC}{dw} = (w x - y) x",
        "only-under-assumption",
    ),
    // Circular.
    (
        "r = w x; loss C = r^2",
        r"\frac{dC}{dw} = \frac{dC}{dw}",
        "undecided",
    ),
    (
        "r = w x; loss C = r^2",
        r"\frac{dC}{dw} = 2 \frac{dC}{dw} - 2 r x",
        "undecided",
    ),
    (
        "r = w x; loss C = r^2",
        r"\frac{dC}{dw} = \frac{dC}{dr}\frac{dr}{dw}",
        "correct",
    ),
    // A weight for another.
    (
        "h = w1 x; o = w2 h; loss C = 1/2 (o - y)^2",
        r"\frac{dC}{dw_1} = (o - y) w_1 x",
        "wrong",
    ),
    // A letter of a sum shadows a quantity of the same name only inside the sum.
    (
        "index i\nwhere x in R^n, k in R\ns = k sum_i x_i\nloss C = s",
        r"\frac{\partial C}{\partial k} = \sum_k x_k",
        "correct",
    ),
    (
        "index i\nwhere x in R^n, k in R\ns = k sum_i x_i\nloss C = s",
        r"\frac{\partial C}{\partial k} = \sum_k x_k k",
        "wrong",
    ),
    // A 1 before a condition is an indicator, but not where a wide space stands between.
    (
        "h[0] = x\nh[t] = w h[t-1] for t in 1..T\nloss C = sum_{t in 1..T} h[t]\ngrad w",
        r"\frac{\partial h^{(t)}}{\partial h^{(t-1)}} = w \cdot 1 \qquad (t=1,\dots,T)",
        "correct",
    ),
    // Where a formula speaks of some depths only, it is judged at these.
    (
        "h[0] = x\nh[t] = w h[t-1] for t in 1..T\nloss C = sum_{t in 1..T} h[t]\ngrad w",
        r"\frac{\partial C}{\partial h^{(1)}} = 1 + \frac{\partial C}{\partial h^{(2)}} w \cdot 1 \qquad (T\ge 2)",
        "correct",
    ),
    (
        "h[0] = x\nh[t] = w h[t-1] for t in 1..T\nloss C = sum_{t in 1..T} h[t]\ngrad w",
        r"\frac{\partial C}{\partial h^{(1)}} = 1 \qquad (T\ge 2)",
        "wrong",
    ),
    // Identities of exponentials, with a halved argument too.
    ("t = tanh(x/2)", r"t = 2\sigma(x) - 1", "correct"),
    ("t = tanh(x/2)", r"t = 2\sigma(x/2) - 1", "wrong"),
    ("s = sigmoid(x)", r"\log s = -\log(1 + e^{-x})", "correct"),
    ("s = sin(x)", r"s^2 = 1 - \cos(x)^2", "correct"),
    // Roots are those of real numbers, of both signs.
    ("s = sqrt(x^2)", r"s = |x|", "correct"),
    ("s = sqrt(x^2)", r"s = -x", "wrong"),
    ("s = sqrt(x^2)", r"s = -|x|", "wrong"),
    // A kink that exact numbers cannot reach is reached by roots; each is looked at.
    (
        "z = w^2 - 2\nr = relu(z)\nloss C = r",
        r"\frac{dC}{dw} = 2 w \mathbb 1[z > 0]",
        "correct-almost-everywhere",
    ),
    (
        "z = w - 2\nr = relu(z)\nloss C = r",
        r"\frac{dC}{dw} = \mathbb 1[z > 0]",
        "correct-almost-everywhere",
    ),
    // Where x makes the argument 0 the derivative is 0 besides; where w does it is not.
    (
        "z = w x; r = relu(z); loss C = 1/2 (y - r)^2",
        r"\frac{dC}{dw} = (r - y) \mathbb 1[z > 0] x",
        "correct-almost-everywhere",
    ),
    // The upstream gradient of an opaque loss is one and the same wherever it is named.
    (
        "r = tanh(w x); loss C(r)",
        r"\frac{dC}{dw} = \frac{dC}{dr} (1 - r^2) x",
        "correct",
    ),
    (
        "r = tanh(w x); loss C(r)",
        r"\frac{dC}{dw} = \frac{dC}{dr} (1 - r) x",
        "wrong",
    ),
    (
        "where p, y, v in R^n\nassume v > 0\nloss C = gaussian_nll(p, y, v)",
        r"\frac{dC}{dp} = (p - y) \oslash v",
        "correct",
    ),
    // Between two kinks.
    (
        "z = w x; r = hardtanh(z); loss C = 1/2 (y - r)^2",
        r"\frac{dC}{dw} = (r - y) Step(z + 1) Step(1 - z) x",
        "correct",
    ),
    (
        "z = w x; r = gelu(z); loss C = 1/2 (y - r)^2",
        r"\frac{dC}{dw} = (r - y) (\Phi(z) + z \varphi(z)) x",
        "correct",
    ),
    (
        "z = w x; r = gelu(z); loss C = 1/2 (y - r)^2",
        r"\frac{dC}{dw} = (r - y) (\Phi(z) + \varphi(z)) x",
        "wrong",
    ),
    (
        "p = w x; loss C = huber(p, y; d)",
        r"\frac{dC}{dp} = \min(\max(p - y, -d), d)",
        "correct",
    ),
    // A small constant counts.
    (
        "s = 1/sqrt(v + 0.001)\nassume v > 0",
        r"s = \frac{1}{\sqrt{v}}",
        "wrong",
    ),
    (
        "s = 1/sqrt(v + eps)\nassume v > 0, eps > 0",
        r"s = (v + eps)^{-1/2}",
        "correct",
    ),
    // Unreadable.
    ("loss C = w^2", r"\frac{dC}{dw} = 2 q", "malformed"),
    ("loss C = w^2", r"\frac{dC}{dw} = 2 (w", "malformed"),
    ("loss C = w^2", r"\frac{dC}{dw} = \wrong w", "malformed"),
];

#[test]
fn traps_are_not_fallen_into() {
    let mut failures = Vec::new();
    for (net, claim, expected) in TRAPS {
        let given = verdict(net, claim).unwrap_or_else(|| panic!("the network is read: {net}"));
        if given != *expected {
            failures.push(format!(
                "{claim} with\n{net}\nis judged {given}, not {expected}"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A product over steps.
const STEPS: &str = "loss C = q w prod_{t in 1..T} s[t]\ngrad w";

const LOGISTIC: &str = "where z in R^n\np = sigmoid(z)\nloss C = sum(p)\ngrad p wrt z\ngrad z";

/// Ways of writing that notes, books and papers have beside the plain ones: network, claim, verdict.
const READINGS: &[(&str, &str, &str)] = &[
    // Cases with a brace that is never closed.
    (
        NEURON,
        r"\frac{\partial r}{\partial z} = \left\{\begin{array}{ll} 1, & z \ge 0 \\ 0, & z < 0 \end{array}\right.",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial r}{\partial z} = \left\{\begin{aligned} 1 & \text{ if } z < 0 \\ 0 & \text{ otherwise} \end{aligned}\right.",
        "wrong",
    ),
    // A bar that evaluates.
    (
        NEURON,
        r"\left.\frac{\partial C}{\partial r}\right|_{r=0} = -y",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial r}\Big|_{r=1} = y - 1",
        "wrong",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial r}\bigg|_{r=1} = \left. (r - y) \right|_{r=1} = 1 - y",
        "correct",
    ),
    // It fixes one side only: the other depends on what it fixes.
    (
        NEURON,
        r"\frac{\partial C}{\partial r}\Big|_{r=1} = r - y",
        "malformed",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial r} = (r|_{r=1} - y)",
        "wrong",
    ),
    // A bar behind one factor puts in what it says.
    (
        "z = w x\nr = sigmoid(z)\nloss C = 1/2 (y - r)^2\ngrad w",
        r"\frac{\partial C}{\partial w} = (r - y)\,\sigma'(z)\Big|_{z=wx}\,x",
        "correct",
    ),
    (
        "z = w x\nr = sigmoid(z)\nloss C = 1/2 (y - r)^2\ngrad w",
        r"\frac{\partial C}{\partial w} = \left.\frac{d\sigma}{dz}\right|_{z=wx}(r - y)\,x",
        "correct",
    ),
    (
        "z = w x\nr = sigmoid(z)\nloss C = 1/2 (y - r)^2\ngrad w",
        r"\frac{\partial C}{\partial w} = (r - y)\,\sigma'(z)\Big|_{z=w}\,x",
        "wrong",
    ),
    // Brackets say how far a product goes; without them parameters stay inside, other factors do not.
    (
        STEPS,
        r"\frac{\partial C}{\partial q} = \prod_{t=1}^{T}\left(s_t w\right)",
        "wrong",
    ),
    (
        STEPS,
        r"\frac{\partial C}{\partial q} = w\prod_{t=1}^{T} s_t",
        "correct",
    ),
    (
        STEPS,
        r"\frac{\partial C}{\partial w} = \prod_{t=1}^{T} s_t\, q",
        "correct",
    ),
    (
        STEPS,
        r"\frac{\partial C}{\partial w} = \prod_{t=1}^{T} \left(s_t\, q\right)",
        "wrong",
    ),
    // Two equations on a line, and names for what is claimed.
    (
        NEURON,
        r"\frac{\partial C}{\partial r} = r - y \qquad \frac{\partial C}{\partial z} = (r-y)\operatorname{Step}(z)",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial r} = r - y \qquad \frac{\partial C}{\partial z} = (y-r)\operatorname{Step}(z)",
        "wrong",
    ),
    (
        NEURON,
        r"g = \frac{\partial C}{\partial w} = (r - y)\operatorname{Step}(z)\,x",
        "correct",
    ),
    (
        NEURON,
        "% about: dC/dw\n\\[ g = (r - y)\\operatorname{Step}(z)\\,x \\]",
        "correct",
    ),
    (
        NEURON,
        "% about: dC/dw\n\\[ g = (y - r)\\operatorname{Step}(z)\\,x \\]",
        "wrong",
    ),
    // What is meant off the kinks only.
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)\,1(z>0)\,x \qquad \text{almost everywhere}",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)\,x \qquad \text{almost everywhere}",
        "only-under-assumption",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)\,(z>0)\,x, \quad \text{for all } w",
        "correct-almost-everywhere",
    ),
    // Diagonal matrices by their entries, unit vectors, transposes in odd places.
    (
        LOGISTIC,
        r"\frac{\partial p}{\partial z} = \operatorname{diag}(p_i(1-p_i))",
        "correct",
    ),
    (
        LOGISTIC,
        r"\frac{\partial p}{\partial z} = \mathbf{diag}(p_1, \dots, p_n)\operatorname{Diag}(1-p)",
        "correct",
    ),
    (LOGISTIC, r"\frac{\partial C}{\partial p} = e_1", "wrong"),
    (
        LOGISTIC,
        r"\frac{\partial e_1^{t}p}{\partial p} = e_1",
        "correct",
    ),
    // Array against 0, divisibility, Greek letters below a sum.
    (
        "where x, y in R^n\nloss C = sum(x)\ngrad y",
        r"\frac{\partial C}{\partial y} = 0",
        "correct",
    ),
    (
        "where x, y in R^n\nloss C = sum(x)\ngrad y",
        r"\frac{\partial C}{\partial x} = 0",
        "wrong",
    ),
    (
        "index i\nwhere x in R^(2n), y in R^n\nd_i = x_{2i} - y_i\nloss C = 1/2 sum_i d_i^2\ngrad x",
        r"\frac{\partial C}{\partial x_i} = [\,2\mid i\,]\,d_{i/2}",
        "correct",
    ),
    (
        "index i\nwhere x in R^(2n), y in R^n\nd_i = x_{2i} - y_i\nloss C = 1/2 sum_i d_i^2\ngrad x",
        r"\frac{\partial C}{\partial x_i} = [\,2\mid i+1\,]\,d_{(i+1)/2}",
        "wrong",
    ),
    (LOGISTIC, r"C = \sum_{\mu} p_\mu", "correct"),
    // Frames, braces and remarks.
    (
        NEURON,
        r"\boxed{\frac{\partial C}{\partial w} = \underbrace{(r-y)}_{\text{upstream}}\,\overbrace{\operatorname{Step}(z)}^{\sigma'}\,\textcolor{red}{x}}",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} \stackrel{\text{(chain rule)}}{=} \frac{\partial C}{\partial z} \frac{\partial z}{\partial w} \overset{(2)}{=} (r-y)\operatorname{Step}(z)\,x",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = {r - y \over 2} \, 2 \operatorname{Step}(z)\, x",
        "correct",
    ),
    // As the package physics writes derivatives.
    (NEURON, r"\pdv{C}{w} = (r-y) \Step(z) x", "correct"),
    (NEURON, r"\pdv[2]{C}{r} = 1", "correct"),
    (NEURON, r"\dv{r}(\tfrac12 (y-r)^2) = y - r", "wrong"),
    // The person's own commands.
    (
        NEURON,
        "\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n\\DeclareMathOperator{\\relu}{ReLU}\n$\\pd{C}{w} = (\\relu(w x) - y)\\operatorname{Step}(z) x$",
        "correct",
    ),
    (
        NEURON,
        "\\def\\err{(y - r)}\n$\\frac{\\partial C}{\\partial w} = \\err \\operatorname{Step}(z) x$",
        "wrong",
    ),
    (
        NEURON,
        "\\newcommand{\\a}{\\b}\\newcommand{\\b}{\\a}$\\frac{\\partial C}{\\partial w} = \\a$",
        "malformed",
    ),
    // A quantity as a function of what it depends on.
    (
        "where theta, x in R^n, y in R\nh = sigmoid(theta^T x)\nl = y log(h) + (1 - y) log(1 - h)\nwrite l as \"\\ell\"\ngrad l wrt theta",
        r"\frac{\partial}{\partial \theta_j} \ell(\theta) = (y - h)\, x_j",
        "correct",
    ),
    ("f = 1/2 w x^2; grad f wrt x", r"f'(x) = w x", "correct"),
    ("f = 1/2 w x^2; grad f wrt x", r"f''(x) = w", "correct"),
    (
        "f = 1/2 w x^2; grad f wrt x",
        r"f'(x) = \tfrac12 w x",
        "wrong",
    ),
    // Definitions behind a formula, without a word.
    (
        "f = x tanh(log(1 + exp(x))); grad f wrt x",
        r"f'(x) = t + x (1 - t^2) s, \qquad t = \tanh(\log(1 + e^x)), \quad s = \frac{1}{1 + e^{-x}}",
        "correct",
    ),
    (
        "f = x tanh(log(1 + exp(x))); grad f wrt x",
        r"f'(x) = t + x (1 - t) s, \qquad t = \tanh(\log(1 + e^x)), \quad s = \frac{1}{1 + e^{-x}}",
        "wrong",
    ),
    // Conditions behind a formula.
    (
        "h[0] = 0\nh[t] = tanh(w h[t-1] + u x[t]) for t in 1..T\nloss C = sum_{t in 1..T} h[t]\ngrad u",
        r"\frac{\partial C}{\partial h_t} = 1 + w (1 - h_{t+1}^2) \frac{\partial C}{\partial h_{t+1}}, \quad t < T",
        "correct",
    ),
    (
        "h[0] = 0\nh[t] = tanh(w h[t-1] + u x[t]) for t in 1..T\nloss C = sum_{t in 1..T} h[t]\ngrad u",
        r"\frac{\partial C}{\partial h_t} = 1 + w (1 - h_{t}^2) \frac{\partial C}{\partial h_{t+1}}, \quad t \in \{1, \dots, T-1\}",
        "wrong",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)x, \quad z > 0",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)x \text{ if } z > 0",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)x \quad \text{for } z < 0",
        "wrong",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)x, \quad z^2 + 1 < 0",
        "undecided",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)x, \quad w > 1, \quad w < 0",
        "undecided",
    ),
    // A recursion holds where all of it exists.
    (
        "h[0] = 0\nh[t] = tanh(w h[t-1] + u x[t]) for t in 1..T\nloss C = sum_{t in 1..T} h[t]\ngrad u",
        r"\frac{\partial C}{\partial h_t} = 1 + w (1 - h_{t+1}^2) \frac{\partial C}{\partial h_{t+1}}",
        "correct",
    ),
    (
        "h[0] = 0\nh[t] = tanh(w h[t-1] + u x[t]) for t in 1..T\nloss C = sum_{t in 1..T} h[t]\ngrad u",
        r"\frac{\partial C}{\partial h_t} = 1 + w (1 - h_{t}^2) \frac{\partial C}{\partial h_{t+1}}",
        "wrong",
    ),
    (
        "h[0] = 0\nh[t] = tanh(w h[t-1] + u x[t]) for t in 1..T\nloss C = sum_{t in 1..T} h[t]\ngrad u",
        r"\frac{\partial C}{\partial h_t} = 1 + w (1 - h_{t+1}^2) \frac{\partial C}{\partial h_{t+1}}, \quad t = 1, \dots, T",
        "wrong",
    ),
    // A product over layers that do not exist is no recursion.
    (
        "x[l+1] = x[l] + tanh(w[l] x[l]) for l in 0..L-1\nx[0] = x0\nloss C = 1/2 (x[L] - y)^2\ngrad x[l]",
        r"\frac{\partial C}{\partial x_l} = (x_L-y)\prod_{i=l+1}^{L}\left(1+w_i(1-\tanh^2(w_ix_i))\right)",
        "wrong",
    ),
    (
        "x[l+1] = x[l] + tanh(w[l] x[l]) for l in 0..L-1\nx[0] = x0\nloss C = 1/2 (x[L] - y)^2\ngrad x[l]",
        r"\frac{\partial C}{\partial x_l} = (x_L-y)\prod_{i=l}^{L-1}\left(1+w_i(1-\tanh^2(w_ix_i))\right)",
        "correct",
    ),
    // Sums over a set, or over what meets a condition.
    (
        "index i, j\nwhere s in R^V, c in 1..V\np_j = exp(s_j) / sum_i exp(s_i)\nloss C = -log(p_{c})\ngrad s",
        r"\frac{\partial C}{\partial s_j} = \frac{e^{s_j}}{\sum_{i \in V} e^{s_i}} - \delta_{jc}",
        "correct",
    ),
    (
        "index i\nwhere a, x in R^n\nloss C = sum_i a_i^2 x_i\ngrad a",
        r"C = \sum_{i : x_i > 0} a_i^2 x_i + \sum_{i : x_i < 0} a_i^2 x_i",
        "correct",
    ),
    (
        "index i\nwhere a, x in R^n\nloss C = sum_i a_i^2 x_i\ngrad a",
        r"C = \sum_{i : x_i > 0} a_i^2 x_i",
        "wrong",
    ),
    (
        "index i\nwhere a, x in R^n\nloss C = sum_i a_i^2 x_i\ngrad a",
        r"C = \sum_{i \in \{1, \dots, n\}} a_i^2 x_i = \langle a \odot a, x\rangle",
        "correct",
    ),
    (
        "index i\nwhere a, x in R^n\nloss C = sum_i a_i^2 x_i\ngrad a",
        r"C = \sum_{i \in S} a_i^2 x_i",
        "malformed",
    ),
    // The greatest of several.
    (
        "index j\nwhere z in R^n\nm = max_j z_j\nloss C = 1/2 m^2\ngrad z",
        r"C = \tfrac12 (\max_j z_j)^2",
        "correct",
    ),
    (
        "index j\nwhere z in R^n\nm = max_j z_j\nloss C = 1/2 m^2\ngrad z",
        r"C = \tfrac12 (\min_j z_j)^2",
        "wrong",
    ),
    // What stands behind another relation claims nothing.
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r-y)\operatorname{Step}(z)\,x \in \mathbb{R}",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (y-r)\operatorname{Step}(z)\,x \approx 0.3",
        "wrong",
    ),
    (NEURON, r"w \leftarrow w - \eta (r-y) x", "malformed"),
    (
        NEURON,
        r"\frac{\partial C}{\partial w} \approx (r-y) x",
        "malformed",
    ),
    // A name at the end of a chain.
    (
        NEURON,
        r"\frac{\partial C}{\partial r} = r - y := e, \quad \frac{\partial C}{\partial w} = e \operatorname{Step}(z) x",
        "correct",
    ),
    (
        NEURON,
        r"\frac{\partial C}{\partial r} = y - r := e, \quad \frac{\partial C}{\partial w} = -e \operatorname{Step}(z) x",
        "wrong",
    ),
    // Euler's number beside a quantity e.
    (
        "e = y - 1/(1 + exp(-z))\ngrad e wrt z",
        r"\frac{de}{dz} = -\frac{e^{-z}}{(1 + e^{-z})^2}",
        "correct",
    ),
    (
        "e = y - 1/(1 + exp(-z))\ngrad e wrt y",
        r"\frac{d}{dy} \tfrac12 e^2 = e",
        "correct",
    ),
    // The place of the greatest; a bar that separates.
    (
        "index i, j, k\nwhere z in R^n\nm = max_j z_j\nloss C = 1/2 m^2\ngrad z",
        r"\frac{\partial C}{\partial z_k} = m\,\mathbb 1[k = \arg\max_j z_j]",
        "correct-almost-everywhere",
    ),
    (
        "index i, j, k\nwhere z in R^n\nm = max_j z_j\nloss C = 1/2 m^2\ngrad z",
        r"\frac{\partial C}{\partial z_k} = \mathbb 1[k = \operatorname*{arg\,max}_j z_j]",
        "wrong",
    ),
    (
        "index i, j\nwhere s in R^V, c in 1..V\np_j = exp(s_j) / sum_i exp(s_i)\nloss C = -log(p_{c})\ngrad s",
        "% where: p(j|s) = p_{j} ; S = sum_i exp(s_{i})\n\\frac{\\partial C}{\\partial s_j} = p(j|s) - \\delta_{jc} = \\frac{e^{s_j}}{S} - \\delta_{jc}",
        "correct",
    ),
    // The exponential of a logarithm is what that is taken of.
    (
        "index i, j\nwhere u in R^n\nq = logsumexp(u)\ngrad q wrt u",
        r"\frac{\partial q}{\partial u_i} = e^{u_i - q} = \frac{e^{u_i}}{\sum_j e^{u_j}}",
        "correct",
    ),
    (
        "index i, j\nwhere u in R^n\nq = logsumexp(u)\ngrad q wrt u",
        r"\frac{\partial^2 q}{\partial u_i \partial u_j} = e^{u_i - q} (\delta_{ij} - e^{u_j - q})",
        "correct",
    ),
    (
        "index i, j\nwhere u in R^n\nq = logsumexp(u)\ngrad q wrt u",
        r"\frac{\partial q}{\partial u_i} = e^{q - u_i}",
        "wrong",
    ),
    (
        "index i, j\nwhere u in R^n\nq = logsumexp(u)\ngrad q wrt u",
        r"\frac{\partial q}{\partial u_i} = e^{u_i - q/2}",
        "wrong",
    ),
    (
        "m = mish(x); grad m wrt x",
        r"\frac{dm}{dx} = \frac{e^x \omega}{\delta^2}, \quad \omega = 4(x+1) + 4 e^{2x} + e^{3x} + e^x (4x+6), \quad \delta = 2e^x + e^{2x} + 2",
        "correct",
    ),
    (
        "m = mish(x); grad m wrt x",
        r"\frac{dm}{dx} = \frac{e^x \omega}{\delta^2}, \quad \omega = 4(x+1) + 4 e^{2x} + e^{3x} + e^x (4x+5), \quad \delta = 2e^x + e^{2x} + 2",
        "wrong",
    ),
    // Formulas over several lines.
    (
        NEURON,
        r"\begin{align} \frac{\partial C}{\partial w} &= r \operatorname{Step}(z)\,x \\[4pt] &\quad - y \operatorname{Step}(z)\,x \\ &= (r - y) \\ &\qquad \cdot \operatorname{Step}(z)\,x \end{align}",
        "correct",
    ),
    (
        NEURON,
        r"\begin{align} \frac{\partial C}{\partial w} &= r \operatorname{Step}(z)\,x \\ &{}+ y \operatorname{Step}(z)\,x \end{align}",
        "wrong",
    ),
    (
        NEURON,
        r"\begin{align} \frac{\partial C}{\partial r} &= r - y \\ -\frac{\partial C}{\partial r} &= y - r \end{align}",
        "correct",
    ),
    (
        NEURON,
        r"\begin{align} \frac{\partial C}{\partial w} &= x \operatorname{Step}(z) \left( r \right. \\ &\quad \left. {} - y \right) \end{align}",
        "correct",
    ),
    // Hyperbolic functions.
    (
        "r = tanh(z)\ngrad r wrt z",
        r"\frac{dr}{dz} = \frac{1}{\cosh^2(z)}",
        "correct",
    ),
    (
        "r = tanh(z)\ngrad r wrt z",
        r"\frac{dr}{dz} = \operatorname{sech}^2 z",
        "correct",
    ),
    (
        "r = tanh(z)\ngrad r wrt z",
        r"\frac{dr}{dz} = \frac{1}{\sinh^2 z}",
        "wrong",
    ),
    // Braces by their names; a space at the end; a definition with a comment in it.
    (
        NEURON,
        r"\frac{\partial C}{\partial w} = (r - y)\, \mathbf 1\lbrace z \ge 0 \rbrace\, x\ ",
        "correct",
    ),
    (
        NEURON,
        "\\newcommand{\\pd}[2]{% of #1 by #2\n\\frac{\\partial#1}{\\partial#2}}\n$\\pd Cw = (r - y)Step(z)x$",
        "correct",
    ),
    // Signs of Unicode.
    (NEURON, "∂C/∂w = (r − y)·Step(z)·x", "correct"),
    (
        LOGISTIC,
        r"\frac{\partial C}{\partial z} = p - p ^ { \odot 2 }",
        "correct",
    ),
    (
        "z = w x\nr = sigmoid(z)\nloss C = 1/2 (y - r)^2\ngrad w",
        "∂C/∂w = (r − y)·σ′(z)·x = (r − y)(r − r²) x",
        "correct",
    ),
    (
        "where W in R^(n x m), x in R^m, y in R^n\nloss C = 1/2 norm(W x - y)^2\nwrite y as \"\\hat{y}\"\ngrad x",
        "∂C/∂x = Wᵀ(Wx − ŷ)",
        "correct",
    ),
];

#[test]
fn other_ways_of_writing_are_read() {
    let mut failures = Vec::new();
    for (net, claim, expected) in READINGS {
        let given = answer(net, claim).unwrap_or_else(|| panic!("the network is read: {net}"));
        if given.verdict != *expected {
            let (verdict, code) = (given.verdict, given.mistake);
            failures.push(format!(
                "{claim} with\n{net}\nis judged {verdict} ({code:?}), not {expected}"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A chain of ReLUs: nearly all random points are dead.
fn chain(depth: usize) -> String {
    let mut text = String::from("r0 = x\n");
    for layer in 1..=depth {
        text.push_str(&format!(
            "z{layer} = w{layer} r{}\nr{layer} = relu(z{layer})\n",
            layer - 1
        ));
    }
    text.push_str(&format!("loss C = 1/2 (y - r{depth})^2\n"));
    text
}

#[test]
fn chains_of_relus_are_judged_where_they_live() {
    for depth in [3, 10] {
        let mut right = format!(r"\frac{{dC}}{{dw_1}} = (r_{{{depth}}} - y)");
        for layer in (2..=depth).rev() {
            right.push_str(&format!(r"\,Step(z_{{{layer}}})\,w_{{{layer}}}"));
        }
        let lacking = format!(r"{right}\,x");
        right.push_str(r"\,Step(z_1)\,x");
        assert_eq!(verdict(&chain(depth), &right).as_deref(), Some("correct"));
        assert_eq!(
            verdict(&chain(depth), &lacking).as_deref(),
            Some("wrong"),
            "depth {depth}"
        );
        let flipped = right.replace(
            &format!("(r_{{{depth}}} - y)"),
            &format!("(y - r_{{{depth}}})"),
        );
        assert_eq!(verdict(&chain(depth), &flipped).as_deref(), Some("wrong"));
    }
}

#[test]
fn the_first_wrong_line_is_named() {
    let system = network("z = w x; r = relu(z); loss C = 1/2 (y - r)^2").expect("a network");
    let claim = r"\begin{align}
\frac{dC}{dw} &= (r - y)\,Step(z)\,x \\
&= (y - r)\,Step(z)\,x \\
&= (r - y)\,Step(w x)\,x
\end{align}";
    let source = Source::new("claim", claim);
    let judged = check(&system, &source, Options::default()).expect("the claim is read");
    assert_eq!(judged.first_wrong_line, Some(2));
    assert_eq!(judged.lines.len(), 3);
    assert!(judged.lines[2].verdict.holds());
    assert_eq!(judged.lines[2].follows, Some(false));
}

/// One indicator in the ways in which people write it.
#[test]
fn indicators_are_read_as_people_write_them() {
    for indicator in [
        r"1(z \ge 0)",
        r"1_{z \ge 0}",
        r"1_{\{z \geq 0\}}",
        r"I(z \ge 0)",
        r"\mathbb{I}[z \ge 0]",
        r"\mathbb{1}\{z \ge 0\}",
        r"\mathbf 1_{z \ge 0}",
        r"[z \ge 0]",
    ] {
        let claim = format!(r"\frac{{dC}}{{dw}} = (r - y)\,{indicator}\,x");
        assert_eq!(
            verdict(NEURON, &claim).as_deref(),
            Some("correct"),
            "{claim}"
        );
    }
}

/// A document of prose: definitions mean what the person says, what is about something else is listed.
#[test]
fn documents_are_read_with_their_definitions() {
    let system = network(SIGMOID).expect("a network");
    let text = r"# Homework
With rate $\eta = 0.1$, a bound $x < 3$, and `$` for dollars. Let $e = a - y$. Then
$$\frac{dC}{dw} = e\,q\,x,$$
where $q = a(1 - a)$ and $a = \sigma(w x)$. So with $\delta := y - a$ also
\begin{align}
\frac{dC}{dz} &= \delta q
\end{align}
";
    let source = Source::new(
        "homework.md",
        text.replace("`$` for dollars", r"\$ for dollars"),
    );
    let judged = check(&system, &source, Options::default()).expect("the document is read");
    let verdicts: Vec<&str> = judged
        .lines
        .iter()
        .map(|line| line.verdict.name())
        .collect();
    assert_eq!(verdicts, ["equal", "equal", "differs"]);
    assert_eq!(judged.lines[1].kind, LineKind::Definition);
    assert_eq!(judged.first_wrong_line, Some(3));
    // η, e, q and δ are the person's own; the bound claims nothing.
    assert_eq!(judged.defined.len() + judged.skipped.len(), 5, "{judged:?}");
    let nothing = Source::new("notes.md", r"Take $\eta = 0.1$ and $x < 3$.");
    let report = check(&system, &nothing, Options::default()).expect_err("nothing is judged");
    assert_eq!(report.diagnostics()[0].code, "no-claim");
}

/// The repaired formula is written as the claim is, and the place is named.
#[test]
fn repairs_are_shown_in_the_notation_of_the_claim() {
    let system = network(BATCH).expect("a network");
    let claim = r"\frac{\partial C}{\partial W} = \frac{1}{m} X (H - Y) + \lambda W";
    let source = Source::new("claim", claim);
    let judged = check(&system, &source, Options::default()).expect("the claim is read");
    let mistake = judged.lines[0].mistake.as_ref().expect("a mistake");
    assert_eq!(
        mistake.repair_latex.as_deref(),
        Some(r"\frac{1}{m}\,X^{T}\,(H - Y)+\lambda W")
    );
    assert_eq!(mistake.place.map(|place| source.slice(place)), Some("X"));
    assert_eq!(mistake.said.as_deref(), Some("X stands where X^T belongs"));
}

/// What cannot be read: claim, code.
const REFUSED: &[(&str, &str)] = &[
    (r"\frac{dC}{dw} = 2 (w x", "unbalanced-parentheses"),
    (r"\frac{dC}{dw} = 2 w x)", "unbalanced-parentheses"),
    (r"\frac{dC}{dw = 2 w x", "unbalanced-braces"),
    (r"\frac{dC}{dw} = 2 (* w x", "dangling-operator"),
    (r"\frac{dC}{dw} = 2 w x +", "dangling-operator"),
    (r"\frac{dC}{dw} = \frac{2}{}", "missing-denominator"),
    (r"\frac{dC}{dw} = \frac{}{2}", "missing-denominator"),
    (r"\frac{dC}{dw} = \nosuch w", "unknown-command"),
    (r"\frac{dC}{dw} = 2 q x", "unknown-symbol"),
    (r"\frac{dC}{dw} = w^2_1_2", "double-script"),
    (r"\frac{dC}{dw} = \exp", "function-without-argument"),
    (r"\frac{dC}{dw} = \exp(w, x)", "argument-count"),
    (r"\frac{dC}{dw} = \sum w x", "sum-without-index"),
    (r"\frac{dC}{dw} = w' x", "prime"),
    (r"\frac{dC}{dw} = ", "dangling-operator"),
    (r"\frac{dC}{dw} = () x", "empty-brackets"),
    (r"\frac{dC}{dw} = \nabla C", "nabla-without-index"),
    (r"\begin{align} \frac{dC}{dw} = 2", "unclosed-environment"),
    (r"$\frac{dC}{dw} = 2", "unclosed-mathematics"),
    (
        r"\frac{dC}{dw} = \begin{cases} 1 \end{cases}",
        "missing-condition",
    ),
    ("% read: nonsense\nC = 1", "claim-header"),
    ("% layout: sideways\nC = 1", "claim-header"),
    ("w x", "no-claim"),
];

#[test]
fn each_refusal_of_a_claim_has_its_code() {
    let system = network("r = w x; loss C = r^2").expect("a network");
    for (claim, code) in REFUSED {
        let source = Source::new("claim", *claim);
        let report = match check(&system, &source, Options::default()) {
            Err(report) => report,
            Ok(judged) => panic!("{claim} is read as {}", judged.lines[0].read_as),
        };
        assert_eq!(report.diagnostics()[0].code, *code, "{claim}");
    }
}

/// However deep a formula is nested, and by what: no stack runs out.
#[test]
fn nesting_has_a_bound() {
    let system = network("r = w x; loss C = r^2").expect("a network");
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        (r"\left(", r"\right)"),
        (r"\frac{1}{", "}"),
        ("w^{", "}"),
        (r"\hat", ""),
        (r"\langle ", r"\rangle "),
        (r"\begin{cases}", r"\end{cases}"),
        (r"\left\{", r"\right."),
    ] {
        let (opened, closed) = (open.repeat(20_000), close.repeat(20_000));
        let claim = format!(r"\frac{{dC}}{{dw}} = {opened} w{closed}");
        let source = Source::new("claim", claim);
        let report = check(&system, &source, Options::default()).expect_err("it is too deep");
        assert_eq!(report.diagnostics()[0].code, "nested-too-deep", "{open}");
    }
}

const NEURON: &str = "z = w x; r = relu(z); loss C = 1/2 (y - r)^2";

const SIGMOID: &str = "z = w x; a = sigmoid(z); loss C = 1/2 (y - a)^2";

const CLASSIFIER: &str = "where z, y in R^n
p = softmax(z)
loss L = -sum(y .* log(p))
grad z";

const BATCH: &str = "where X in R^(m x n), Y in R^(m x k), W in R^(n x k), b in R^k, lambda in R
H = X W + ones(m) b^T
loss C = 1/(2 m) sum((H - Y).^2, all) + 1/2 lambda sum(W.^2, all)
grad W, b";

const DEEP: &str = "where x in R^n, y in R^c, W in R^(m x n), V in R^(c x m), U in R^(c x n)
z = W x
h = tanh(z)
o = V h + U x
loss C = 1/2 sum((o - y).^2)
grad W, V, x";

const LAYERS: &str = "where W[l] in R^(n[l] x n[l-1]) for l in 1..2
      x in R^(n[0]), y in R^(n[2])
h[0] = x
z[l] = W[l] h[l-1] for l in 1..2
h[l] = tanh(z[l]) for l in 1..2
loss C = 1/2 sum((h[2] - y).^2)
grad W[l]";

/// One claim for each row of the table of mistakes: network, claim, name, also.
const MISTAKEN: &[(&str, &str, &str, &[&str])] = &[
    (
        NEURON,
        r"\frac{dC}{dw} = (y - r)\,Step(z)\,x",
        "sign-flipped",
        &[],
    ),
    (
        NEURON,
        r"\frac{dC}{dw} = 2 (r - y)\,Step(z)\,x",
        "factor-missing",
        &[],
    ),
    (
        NEURON,
        r"\frac{dC}{dw} = (r - y)\,Step(z)\,w",
        "wrong-operand",
        &[],
    ),
    (
        NEURON,
        r"\frac{dC}{dw} = (ReLU(wx) - y)\,x",
        "step-missing",
        &[],
    ),
    (
        NEURON,
        r"\frac{dC}{dw} = (y - ReLU(wx))\,x",
        "sign-flipped",
        &["step-missing"],
    ),
    (
        NEURON,
        r"\frac{dC}{dw} = (r - y)\,Step(x)\,x",
        "step-wrong-argument",
        &[],
    ),
    (
        NEURON,
        r"\frac{dC}{dw} = (r - y)\,Step(r)\,x",
        "step-convention",
        &[],
    ),
    (NEURON, r"r = w x", "positivity-assumed", &[]),
    (
        "u = x/sqrt(s + eps)\nassume s > 0, eps > 0",
        r"u = \frac{x}{\sqrt{s}}",
        "epsilon-dropped",
        &[],
    ),
    (
        CLASSIFIER,
        r"\frac{\partial L}{\partial z} = -y \odot (1 - p)",
        "softmax-off-diagonal-dropped",
        &[],
    ),
    (
        SIGMOID,
        r"\frac{dC}{dw} = (a - y) x",
        "wrong-loss-pairing",
        &[],
    ),
    (
        SIGMOID,
        r"\frac{dC}{dw} = (a - y) a (1 + a) x",
        "activation-derivative-wrong",
        &[],
    ),
    (
        SIGMOID,
        r"\frac{dC}{dw} = (a - y) \sigma'(a) x",
        "derivative-at-wrong-point",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial b} = \frac{1}{m} (H - Y)",
        "bias-sum-missing",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial W} = X^T (H - Y) + \lambda W",
        "batch-factor",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial W} = \frac{1}{m} X^T (H - Y)",
        "regulariser-wrong",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial W} = \frac{1}{m} X (H - Y) + \lambda W",
        "transpose-missing",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial W} = \frac{1}{m} (H - Y) X^T + \lambda W",
        "operand-order",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial W} = \frac{1}{m} X^T \odot (H - Y) + \lambda W",
        "hadamard-vs-product",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial W} = \big(\frac{1}{m} X^T (H - Y) + \lambda W\big)^T",
        "transpose-swapped",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial W_{jk}} = \frac{1}{m} X_{ij} (H_{ik} - Y_{ik}) + \lambda W_{jk}",
        "index-sum-wrong",
        &[],
    ),
    (
        BATCH,
        r"\frac{\partial C}{\partial W_{jk}} = \frac{1}{m} \sum_i X_{ji} (H_{ik} - Y_{ik}) + \lambda W_{jk}",
        "index-order",
        &[],
    ),
    (
        DEEP,
        r"\frac{\partial C}{\partial z} = V^T (o - y)",
        "activation-derivative-missing",
        &[],
    ),
    (
        DEEP,
        r"\frac{\partial C}{\partial x} = W^T \mathrm{diag}(1 - h^2) (o - y) + U^T (o - y)",
        "weight-factor-missing",
        &[],
    ),
    (
        DEEP,
        r"\frac{\partial o}{\partial x} = V W \mathrm{diag}(1 - h^2) + U",
        "operand-order",
        &[],
    ),
    (
        DEEP,
        r"\frac{\partial C}{\partial x} = U^T (o - y)",
        "path-missing",
        &[],
    ),
    (
        LAYERS,
        r"\frac{\partial C}{\partial z^{(2)}} = (h^{(2)} - y) \odot (1 - (h^{(1)})^2)",
        "wrong-layer",
        &[],
    ),
    (
        LAYERS,
        r"\frac{\partial h^{(2)}}{\partial h^{(0)}} = W^{(1)} \mathrm{diag}(1 - (h^{(1)})^2) \mathrm{diag}(1 - (h^{(2)})^2) W^{(2)}",
        "weight-product-wrong",
        &[],
    ),
    (
        "s = (a + b + d) c\nloss C = s^2 / 2",
        r"\frac{dC}{dc} = a + b + d s",
        "precedence",
        &[],
    ),
];

#[test]
fn mistakes_have_names_and_repairs() {
    let mut failures = Vec::new();
    for (net, claim, name, also) in MISTAKEN {
        let system = network(net).expect("a network");
        let source = Source::new("claim", *claim);
        let judged = match check(&system, &source, Options::default()) {
            Ok(judged) => judged,
            Err(report) => {
                failures.push(format!("{claim}: {}", report.diagnostics()[0].message));
                continue;
            }
        };
        match &judged.lines[0].mistake {
            Some(mistake) if mistake.name == *name && mistake.also == *also => {}
            other => failures.push(format!("{claim}: {name}, not {other:?}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for row in MISTAKES {
        assert!(
            MISTAKEN.iter().any(|(_, _, name, _)| *name == row.name),
            "{} has no claim",
            row.name
        );
    }
}
