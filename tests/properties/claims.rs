//! Judging at scale: our own answers are accepted, however they are written; near misses are not.
//!
//! `CHAINRULE_NETWORKS=400` tries more than a hundred thousand claims.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chainrule::formula::{Form, Lettering, View};
use chainrule::judge::{Options, Verdict, check};
use chainrule::source::Source;
use chainrule::syntax::StepAtZero;
use chainrule::system::System;

use crate::dice::{Dice, many};
use crate::generators;
use crate::mutants::{NETWORKS, mutant};
use crate::pipeline::{CONVENTIONS, RESULT, derivation, formulas, latex, latex_in, system};
use crate::rewrites::{self, Equation, OF_COLUMNS, REWRITES, Rewrite};

/// The ways in which our own answers are written.
const VIEWS: [View; 4] = [
    RESULT,
    View {
        resolve: true,
        ..RESULT
    },
    View {
        combine: true,
        lettering: Lettering::AsRead,
        ..RESULT
    },
    View {
        form: Form::Scalar,
        resolve: true,
        ..RESULT
    },
];

/// Whole arrays.
const OF_ARRAYS: View = View {
    form: Form::Matrix,
    ..RESULT
};

/// Networks whose derivatives are products entry by entry.
const LAYERS: &[&str] = &[
    "where W in R^(m x n), x in R^n, y in R^m
z = W x
r = relu(z)
loss C = 1/2 norm(r - y)^2
grad z, W, x",
    "where W in R^(m x n), V in R^(k x m), x in R^n, y in R^k
z = W x
h = tanh(z)
o = V h
loss C = 1/2 norm(o - y)^2
grad z, h, V",
];

/// How many claims of each verdict are shown.
const SHOWN: usize = 50;

/// How often each verdict was given, and what went wrong.
#[derive(Debug, Default)]
struct Tally {
    verdicts: BTreeMap<String, usize>,
    /// Some claims for each verdict.
    seen: BTreeMap<String, Vec<String>>,
    /// How often each rewrite was met.
    rewrites: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn count(&self, names: &[&str]) -> usize {
        names
            .iter()
            .filter_map(|name| self.verdicts.get(*name))
            .sum()
    }

    fn add(&mut self, verdict: &str, network: &str, claim: &str) {
        *self.verdicts.entry(verdict.to_owned()).or_default() += 1;
        let seen = self.seen.entry(verdict.to_owned()).or_default();
        if seen.len() < SHOWN {
            seen.push(format!("{network}{claim}"));
        }
    }
}

/// The verdict of one formula; what cannot be read is named by its error.
fn verdict(system: &System, claim: &str, step_at_zero: StepAtZero) -> String {
    let options = Options {
        step_at_zero: Some(step_at_zero),
        verdict_only: true,
        ..Options::default()
    };
    match check(system, &Source::new("claim", claim), options) {
        // A sum over a letter that stands at axes of two lengths has a range for us that a reader cannot tell.
        Ok(judged) => match judged.verdict() {
            Verdict::IllTyped(why) => format!("ill-typed: {why}"),
            verdict => verdict.name().to_owned(),
        },
        Err(report) => format!("unreadable: {}", report.diagnostics()[0].code),
    }
}

/// Without the remarks behind it.
fn plain(latex: &str) -> String {
    let lines = latex.lines().filter(|line| !line.starts_with('%'));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

const EQUAL: &[&str] = &["equal", "equal_at_sizes", "equal_almost_everywhere"];

/// Claims what one printed line says, written in one of these ways.
fn claim_again(
    system: &System,
    (network, line): (&str, &str),
    ways: &[(&'static str, Rewrite)],
    convention: StepAtZero,
    dice: &mut Dice,
    tally: &mut Tally,
) {
    let (name, way) = dice.pick(ways);
    let equation = Equation::of(line);
    let rewritten = equation
        .and_then(|equation| Some(equation.with(&way(&equation, network, dice)?)))
        .inspect(|_| *tally.rewrites.entry(name).or_default() += 1);
    let claim = rewritten.unwrap_or_else(|| line.to_owned());
    let found = verdict(system, &claim, convention);
    tally.add(&found, network, &claim);
    if !EQUAL.contains(&found.as_str()) {
        let at = format!("at Step(0) = {convention:?}, {name}");
        tally.wrong.push(format!("{found} {at}\n{network}{claim}"));
    }
}

fn try_answers(
    text: &str,
    view: &View,
    convention: StepAtZero,
    dice: &mut Dice,
    tally: &mut Tally,
) {
    let Ok(mut derived) = derivation(text, Some(convention)) else {
        return;
    };
    let Ok(Some(all)) = formulas(text, &mut derived, view) else {
        return;
    };
    let system = system(text).expect("it was derived");
    for formula in all.chunks(1) {
        let line = plain(&latex(&derived, formula));
        claim_again(&system, (text, &line), REWRITES, convention, dice, tally);
    }
}

fn try_arrays(
    text: &str,
    convention: StepAtZero,
    of_layers: bool,
    dice: &mut Dice,
    tally: &mut Tally,
) {
    let Ok(mut derived) = derivation(text, Some(convention)) else {
        return;
    };
    let Ok(Some(all)) = formulas(text, &mut derived, &OF_ARRAYS) else {
        return;
    };
    let system = system(text).expect("it was derived");
    for formula in all.chunks(1) {
        if !matches!(formula[0].matrix, Some(Ok(_))) {
            continue;
        }
        let line = plain(&latex_in(Form::Matrix, &derived, formula));
        let ways = if of_layers && is_column(&line) {
            OF_COLUMNS
        } else {
            rewrites::OF_ARRAYS
        };
        claim_again(&system, (text, &line), ways, convention, dice, tally);
    }
}

/// Whether a line is about something that the networks of layers call by a small letter: their columns.
fn is_column(line: &str) -> bool {
    let left = line.split(" = ").next().unwrap_or_default();
    let by = left.rsplit(r"\partial ").next().unwrap_or_default();
    by.starts_with(|c: char| c.is_ascii_lowercase())
}

#[test]
fn our_own_answers_are_accepted() {
    let mut tally = Tally::default();
    let mut dice = Dice::new(77);
    for (_, generator, count) in generators::ALL {
        for number in 0..many(count.div_ceil(120).max(4)) {
            let text = generator(&mut dice);
            let view = &VIEWS[number % VIEWS.len()];
            let convention = CONVENTIONS[number % CONVENTIONS.len()];
            let tried = catch_unwind(AssertUnwindSafe(|| {
                try_answers(&text, view, convention, &mut dice, &mut tally);
            }));
            if tried.is_err() {
                tally.wrong.push(format!("panics: {text}"));
            }
        }
    }
    for (_, generator) in generators::ARRAYS {
        for number in 0..many(4) {
            let text = generator(&mut dice);
            let convention = CONVENTIONS[number % CONVENTIONS.len()];
            let tried = catch_unwind(AssertUnwindSafe(|| {
                try_arrays(&text, convention, false, &mut dice, &mut tally);
            }));
            if tried.is_err() {
                tally.wrong.push(format!("panics: {text}"));
            }
        }
    }
    for text in LAYERS {
        for number in 0..many(4) {
            let convention = CONVENTIONS[number % CONVENTIONS.len()];
            try_arrays(text, convention, true, &mut dice, &mut tally);
        }
    }
    println!(
        "{:#?}\n{:?}\n{:?}",
        tally.seen, tally.verdicts, tally.rewrites
    );
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n\n"));
    for (name, _) in REWRITES.iter().chain(rewrites::OF_ARRAYS).chain(OF_COLUMNS) {
        assert!(tally.rewrites.contains_key(name), "never rewritten: {name}");
    }
}

#[test]
fn near_misses_are_not_accepted() {
    let mut tally = Tally::default();
    let mut dice = Dice::new(78);
    for text in NETWORKS {
        let system = system(text).expect("these networks are read");
        for number in 0..many(8) {
            let convention = [StepAtZero::One, StepAtZero::Zero, StepAtZero::Half][number % 3];
            let Some(made) = mutant(text, convention, &mut dice) else {
                continue;
            };
            if !made.differs {
                continue;
            }
            let written = plain(&latex(&made.derivation, &made.formulas[made.at..=made.at]));
            let found = verdict(&system, &written, convention);
            tally.add(&found, text, &written);
            if EQUAL[..2].contains(&found.as_str()) {
                tally.wrong.push(format!(
                    "{found} at Step(0) = {convention:?}\n{text}{written}"
                ));
            }
        }
    }
    println!("{:#?}\n{:?}", tally.seen, tally.verdicts);
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n\n"));
    let refuted = tally.count(&["differs", "equal_only_if", "equal_almost_everywhere"]);
    let undecided = tally.count(&["undecided"]);
    assert!(
        100 * undecided < refuted + undecided,
        "{undecided} undecided: {:?}",
        tally.verdicts
    );
}
