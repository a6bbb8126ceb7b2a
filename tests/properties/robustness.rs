//! Any text gets an answer or a report: no panic, no overflow, no waiting for ever.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use chainrule::derive::{Request, derive};
use chainrule::formula::{View, formulate};
use chainrule::source::{Source, render};
use chainrule::syntax::parse;
use chainrule::system::lower;

use crate::dice::{Dice, many};
use crate::generators;
use crate::pipeline::{latex, system};

/// How far a text came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    NotRead,
    NotUnderstood,
    NotDerived,
    Derived,
}

/// Sends a text through everything but confirmation.
fn go(text: &str) -> Reached {
    let source = Source::new("network", text);
    let refused = |report: &chainrule::source::Report| {
        assert!(!report.diagnostics().is_empty(), "a report says something");
        assert!(!render(report, &source, true).is_empty());
    };
    let network = match parse(&source) {
        Ok(network) => network,
        Err(report) => {
            refused(&report);
            return Reached::NotRead;
        }
    };
    let system = match lower(&network) {
        Ok(system) => system,
        Err(report) => {
            refused(&report);
            return Reached::NotUnderstood;
        }
    };
    let derived = derive(&system, &Request::default()).and_then(|mut derivation| {
        let formulas = formulate(&mut derivation, &View::default())?;
        Ok(latex(&derivation, &formulas))
    });
    match derived {
        Ok(_) => Reached::Derived,
        Err(report) => {
            // A derived read that is not proved to exist would be the program's fault.
            assert!(
                report
                    .diagnostics()
                    .iter()
                    .all(|diagnostic| diagnostic.code != "derived-range")
            );
            refused(&report);
            Reached::NotDerived
        }
    }
}

/// What may be put into a text: tokens of the language and things that are not.
const BITS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "_",
    "^",
    "+",
    "-",
    "*",
    "/",
    ".*",
    "=",
    "<=",
    "!=",
    ",",
    ";",
    ":",
    "..",
    "'",
    "\"",
    "#",
    "\n",
    "\n  ",
    " ",
    "sum_i ",
    "sum_{j in 1..i} ",
    "max_j ",
    "prod_{k != i} ",
    "relu(",
    "phi(",
    "W[k]",
    "W[k+1]",
    "_ij",
    "_{2i}",
    "x",
    "i",
    "k",
    "n",
    "L",
    "0",
    "1/2",
    "1e-5",
    "for k in 0..L-1",
    "where ",
    "index i",
    "loss C = ",
    "grad ",
    "hess C wrt ",
    "assume x > 0",
    "write x as \"y\"",
    "convention step(0) = 1/2",
    "fn f(u) = u^2",
    "with f'(0) = 1",
    "if",
    "otherwise",
    "∂",
    "Σ",
    "⊙",
    "²",
    "é",
    "\u{0}",
    "🦀",
    "^T",
    "T",
    "R^n",
    "in",
];

/// The text with a few things deleted, doubled, moved or put in.
fn mangled(dice: &mut Dice, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..dice.between(1, 4) {
        let at = dice.below(chars.len().max(1));
        let end = (at + dice.below(6)).min(chars.len());
        match dice.below(5) {
            0 => drop(chars.drain(at..end)),
            1 => {
                let part: Vec<char> = chars[at..end].to_vec();
                chars.splice(at..at, part);
            }
            2 => {
                let part: Vec<char> = chars.drain(at..end).collect();
                let to = dice.below(chars.len() + 1);
                chars.splice(to..to, part);
            }
            3 => {
                let bit = dice.word(BITS);
                chars.splice(at..at, bit.chars());
            }
            _ => {
                let bit = dice.word(BITS);
                chars.splice(at..end, bit.chars());
            }
        }
    }
    chars.into_iter().collect()
}

fn garbage(dice: &mut Dice) -> String {
    (0..dice.between(1, 30)).map(|_| dice.word(BITS)).collect()
}

#[test]
fn no_text_makes_it_panic() {
    let mut dice = Dice::new(41);
    let mut reached = Vec::new();
    for number in 0..many(900) {
        let text = if number % 5 == 0 {
            garbage(&mut dice)
        } else {
            let (_, generator, _) = generators::ALL[dice.below(generators::ALL.len())];
            let network = generator(&mut dice);
            mangled(&mut dice, &network)
        };
        let start = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| go(&text))) {
            Ok(how_far) => reached.push(how_far),
            Err(_) => panic!("this text makes it panic:\n{text}"),
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "this text takes too long:\n{text}"
        );
    }
    // The changes must be small enough for some texts to stay legal, and large enough for each stage to refuse some.
    for stage in [Reached::NotRead, Reached::NotUnderstood, Reached::Derived] {
        let count = reached.iter().filter(|how_far| **how_far == stage).count();
        assert!(count >= 20, "{stage:?}: {count}");
    }
}

#[test]
fn a_million_brackets_get_a_report() {
    let million = 1_000_000;
    for (open, close) in [
        ("(", ")"),
        ("relu(", ")"),
        ("{ ", " }"),
        ("x^(", ")"),
        ("-(", ")"),
        ("[", "]"),
    ] {
        for closed in [true, false] {
            let mut text = format!("r = {}x", open.repeat(million));
            if closed {
                text += &close.repeat(million);
            }
            text += "\nloss C = r\n";
            assert_eq!(go(&text), Reached::NotRead, "{open} {closed}");
        }
    }
    let text = format!("r = x{}\nloss C = r\n", ")".repeat(million));
    assert_eq!(go(&text), Reached::NotRead);
}

#[test]
fn ten_thousand_layers_written_out_are_derived() {
    let depth = 10_000;
    let mut text = String::from("r[0] = x\n");
    for layer in 1..=depth {
        text += &format!(
            "z[{layer}] = W[{}] r[{}]\nr[{layer}] = relu(z[{layer}])\n",
            layer - 1,
            layer - 1
        );
    }
    text += &format!("loss C = 1/2 (y - r[{depth}])^2\ngrad W\n");
    let start = Instant::now();
    let system = system(&text).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut derivation = derive(&system, &Request::default()).expect("a chain is derived");
    let formulas = formulate(&mut derivation, &View::default()).expect("a chain has formulas");
    assert!(formulas.len() >= depth, "{} formulas", formulas.len());
    assert!(
        start.elapsed() < Duration::from_secs(120),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_deep_formula_is_derived() {
    // As deep as formulas may be nested, and a sum and a product as long as a text may be.
    let nested = format!(
        "r = {}x{}\nloss C = r\ngrad x\n",
        "tanh(".repeat(60),
        ")".repeat(60)
    );
    assert_eq!(go(&nested), Reached::Derived);
    let summands: Vec<String> = (0..20_000).map(|number| format!("{number} x^2")).collect();
    assert_eq!(
        go(&format!(
            "r = {}\nloss C = r\ngrad x\n",
            summands.join(" + ")
        )),
        Reached::Derived
    );
}
