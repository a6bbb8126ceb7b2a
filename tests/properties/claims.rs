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
use crate::pipeline::{CONVENTIONS, RESULT, derivation, formulas, latex, system};

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

/// Right sides that mean the same.
const REWRITES: &[fn(&str) -> String] = &[
    str::to_owned,
    |right| format!("-(-({right}))"),
    |right| format!(r"\frac{{1}}{{2}}\left({right}\right) + \frac{{1}}{{2}}\left({right}\right)"),
    |right| format!(r"\frac{{3({right})}}{{3}}"),
    |right| format!(r"0 + \Big({right}\Big) \cdot 1"),
];

/// How often each verdict was given, and what went wrong.
#[derive(Debug, Default)]
struct Tally {
    verdicts: BTreeMap<String, usize>,
    /// One claim for each verdict.
    seen: BTreeMap<String, String>,
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
        self.seen
            .entry(verdict.to_owned())
            .or_insert_with(|| format!("{network}{claim}"));
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

/// A formula with its right side written another way. What stands behind it, a range or a condition, stays.
fn rewritten(line: &str, rewrite: fn(&str) -> String) -> Option<String> {
    let (left, rest) = line.split_once(" = ")?;
    let (right, behind) = match rest.find(r"\qquad") {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    // A convention stands on a line of its own.
    let (right, with) = right.split_once('\n').unwrap_or((right, ""));
    if right.contains(" = ") {
        return None;
    }
    Some(format!(
        "{left} = {} {behind} {with}",
        rewrite(right.trim())
    ))
}

fn try_answers(
    text: &str,
    view: &View,
    convention: StepAtZero,
    dice: &mut Dice,
    tally: &mut Tally,
) {
    let Ok(derived) = derivation(text, Some(convention)) else {
        return;
    };
    let mut derived = derived;
    let Ok(Some(all)) = formulas(text, &mut derived, view) else {
        return;
    };
    let system = system(text).expect("it was derived");
    for formula in all.chunks(1) {
        let written = plain(&latex(&derived, formula));
        let rewrite = dice.pick(REWRITES);
        let claim = rewritten(&written, rewrite).unwrap_or(written);
        let found = verdict(&system, &claim, convention);
        tally.add(&found, text, &claim);
        if matches!(found.as_str(), "differs" | "equal_only_if") {
            tally.wrong.push(format!(
                "{found} at Step(0) = {convention:?}\n{text}{claim}"
            ));
        }
    }
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
    println!("{:#?}\n{:?}", tally.seen, tally.verdicts);
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n\n"));
    let all: usize = tally.verdicts.values().sum();
    let equal = tally.count(EQUAL);
    assert!(
        10 * equal >= 8 * all,
        "{equal} of {all}: {:?}",
        tally.verdicts
    );
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
