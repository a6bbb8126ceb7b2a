//! Hand-written formulas and their verdicts: a corpus from notes, books and questions, and claims that must not pass.

use std::fs;
use std::path::Path;

use chainrule::judge::{Options, check};
use chainrule::source::Source;
use chainrule::system::System;
use serde_json::Value;

fn network(text: &str) -> Option<System> {
    let source = Source::new("network", text);
    let network = chainrule::syntax::parse(&source).ok()?;
    chainrule::system::lower(&network).ok()
}

/// The verdict of a claim, in the words of the corpus.
fn verdict(net: &str, claim: &str) -> Option<String> {
    let system = network(net)?;
    let source = Source::new("claim", claim);
    Some(match check(&system, &source, Options::default()) {
        Ok(judged) => match judged.verdict().name() {
            "equal" | "equal_at_sizes" => "correct".into(),
            "equal_almost_everywhere" => "correct-almost-everywhere".into(),
            "equal_only_if" => "only-under-assumption".into(),
            "differs" => "wrong".into(),
            other => other.into(),
        },
        Err(_) => "malformed".into(),
    })
}

/// How many records are judged right here, at least. With those of `SLOW` it is 207 of 213.
const JUDGED_RIGHT: usize = 199;

/// A network of any depth takes seconds without optimization; `examples/judge_corpus.rs` judges all of them.
const SLOW: &[&str] = &[
    "dse-a10", "dse-a11", "dse-a12", "dse-a13", "dse-a14", "dse-n07", "dse-n09", "mul-01",
];

#[test]
fn the_corpus_is_judged_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judging/hand-derivations.jsonl");
    let text = fs::read_to_string(path).expect("the corpus is a file of the project");
    let (mut right, mut wrong) = (0, Vec::new());
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("a record is a JSON object");
        let field = |name: &str| record[name].as_str().unwrap_or_default();
        if SLOW.contains(&field("id")) {
            continue;
        }
        let header: String = record["claim_header"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .flat_map(|line| [line, "\n"])
            .collect();
        let claim = format!("{header}{}", field("claim_latex"));
        let Some(given) = verdict(field("net"), &claim) else {
            continue;
        };
        if given == field("verdict") {
            right += 1;
        } else {
            wrong.push(format!(
                "{}: {} is judged {given}",
                field("id"),
                field("verdict")
            ));
        }
        assert!(
            given != "correct" || field("verdict") == "correct",
            "{} is called equal",
            field("id")
        );
    }
    assert!(right >= JUDGED_RIGHT, "{right} right, wrong: {wrong:#?}");
}

/// Claims that a careless judge lets pass: network, claim, verdict.
const TRAPS: &[(&str, &str, &str)] = &[
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
    // Identities of exponentials, with a halved argument too.
    ("t = tanh(x/2)", r"t = 2\sigma(x) - 1", "correct"),
    ("t = tanh(x/2)", r"t = 2\sigma(x/2) - 1", "wrong"),
    ("s = sigmoid(x)", r"\log s = -\log(1 + e^{-x})", "correct"),
    ("s = sin(x)", r"s^2 = 1 - \cos(x)^2", "correct"),
    ("s = sqrt(x^2)", r"s = |x|", "undecided"),
    // A kink that exact numbers cannot reach is left open; one that they reach is looked at.
    (
        "z = w^2 - 2\nr = relu(z)\nloss C = r",
        r"\frac{dC}{dw} = 2 w \mathbb 1[z > 0]",
        "undecided",
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

/// What cannot be read: claim, code.
const REFUSED: &[(&str, &str)] = &[
    (r"\frac{dC}{dw} = 2 (w x", "unbalanced-parentheses"),
    (r"\frac{dC}{dw} = 2 w x)", "unbalanced-parentheses"),
    (r"\frac{dC}{dw = 2 w x", "unbalanced-braces"),
    (r"\frac{dC}{dw} = 2 (* w x", "dangling-operator"),
    (r"\frac{dC}{dw} = 2 w x +", "dangling-operator"),
    (r"\frac{dC}{dw} = \frac{2}{}", "missing-denominator"),
    (r"\frac{dC}{dw} = \frac{}{2}", "missing-numerator"),
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

#[test]
fn mistakes_have_names_and_repairs() {
    let net = "z = w x; r = relu(z); loss C = 1/2 (y - r)^2";
    for (claim, name, also) in [
        (r"\frac{dC}{dw} = (y - r)\,Step(z)\,x", "sign-flipped", None),
        (
            r"\frac{dC}{dw} = 2 (r - y)\,Step(z)\,x",
            "factor-missing",
            None,
        ),
        (
            r"\frac{dC}{dw} = (r - y)\,Step(z)\,w",
            "wrong-operand",
            None,
        ),
        (r"\frac{dC}{dw} = (ReLU(wx) - y)\,x", "step-missing", None),
        (
            r"\frac{dC}{dw} = (y - ReLU(wx))\,x",
            "sign-flipped",
            Some("step-missing"),
        ),
    ] {
        let system = network(net).expect("a network");
        let source = Source::new("claim", claim);
        let judged = check(&system, &source, Options::default()).expect("the claim is read");
        let mistake = judged.lines[0]
            .mistake
            .as_ref()
            .unwrap_or_else(|| panic!("{claim} has a mistake"));
        assert_eq!(mistake.name, name, "{claim}: {mistake:?}");
        assert_eq!(mistake.also.first().copied(), also, "{claim}");
        assert!(mistake.repair.is_some(), "{claim}");
    }
}
