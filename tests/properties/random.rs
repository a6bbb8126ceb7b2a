//! Random systems are derived and compared with dual numbers and differences.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chainrule::formula::{Detail, Form, Lettering, View};
use chainrule::source::Source;
use chainrule::syntax::{StepAtZero, parse, print};

use crate::counters::Counters;
use crate::dice::{Dice, many};
use crate::generators::{self, Generator};
use crate::pipeline::{
    CONVENTIONS, RESULT, complaint, confirm_chains, confirmed, derivation, formulas,
};

/// What was tried and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    networks: usize,
    pub(crate) views: usize,
    refused: usize,
    pub(crate) unconfirmed: usize,
    members: usize,
}

pub(crate) const VIEWS: [View; 6] = [
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
        ..RESULT
    },
    View {
        detail: Detail::Steps,
        ..RESULT
    },
    View {
        detail: Detail::Full,
        resolve: true,
        ..RESULT
    },
    View {
        form: Form::Scalar,
        detail: Detail::Full,
        resolve: true,
        combine: true,
        lettering: Lettering::AsRead,
        ..RESULT
    },
];

/// Derives a text under a convention and confirms it in the usual view and one other.
pub(crate) fn try_network(
    text: &str,
    step_at_zero: StepAtZero,
    other: View,
    tally: &mut Tally,
    counters: &mut Counters,
) -> Result<(), String> {
    tally.networks += 1;
    let derived = derivation(text, Some(step_at_zero))?;
    for (number, view) in [View::default(), other].into_iter().enumerate() {
        let mut derivation = derived.clone();
        let Some(formulas) = formulas(text, &mut derivation, &view)? else {
            tally.refused += 1;
            continue;
        };
        let at = |wrong: String| format!("{view:?}: {wrong}");
        tally.views += 1;
        if !confirmed(&derivation, &formulas).map_err(at)? {
            tally.unconfirmed += 1;
        }
        if view.detail > Detail::Result {
            tally.members += confirm_chains(&derivation, &formulas).map_err(at)?;
        }
        counters.count_rules(&formulas);
        if number == 0 {
            counters.count_derivation(&derivation, &formulas);
        }
    }
    round_trip(text)
}

fn round_trip(text: &str) -> Result<(), String> {
    let network = parse(&Source::new("network", text)).expect("it was read before");
    let printed = print(&network);
    match parse(&Source::new("printed", printed.clone())) {
        Ok(again) if network.without_places() == again.without_places() => Ok(()),
        Ok(_) => Err(format!("reads back otherwise when printed:\n{printed}")),
        Err(report) => Err(format!(
            "does not read back when printed:\n{}",
            complaint(&printed, &report)
        )),
    }
}

/// The networks of one generator, each under the next convention and now and then in another view. Returns what
/// went wrong.
fn try_generator(
    generator: Generator,
    seed: u64,
    count: usize,
    tally: &mut Tally,
    counters: &mut Counters,
) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let mut wrong = Vec::new();
    for number in 0..count {
        let text = generator(&mut dice);
        let convention = CONVENTIONS[number % CONVENTIONS.len()];
        let view = VIEWS[(number / CONVENTIONS.len()) % VIEWS.len()];
        let tried = catch_unwind(AssertUnwindSafe(|| {
            try_network(&text, convention, view, tally, counters)
        }));
        if let Err(reason) = tried.unwrap_or_else(|_| Err(format!("panics in {view:?}"))) {
            wrong.push(format!("---- at Step(0) = {convention:?}\n{text}{reason}"));
        }
    }
    wrong
}

#[test]
fn random_networks_are_confirmed() {
    let mut counters = Counters::default();
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for (number, (name, generator, count)) in generators::ALL.iter().enumerate() {
        let start = std::time::Instant::now();
        let before = (tally.unconfirmed, wrong.len());
        wrong.extend(try_generator(
            *generator,
            100 + number as u64,
            many(*count),
            &mut tally,
            &mut counters,
        ));
        println!(
            "{name}: {count} networks, {} unconfirmed, {} wrong, {:?}",
            tally.unconfirmed - before.0,
            wrong.len() - before.1,
            start.elapsed()
        );
    }
    println!("{tally:?}\n{counters:?}");
    assert!(
        wrong.is_empty(),
        "{} networks went wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        50 * tally.unconfirmed <= tally.views,
        "too much is left unconfirmed: {tally:?}"
    );
    assert!(tally.members > 1000, "{tally:?}");
    let lacking = counters.lacking(100);
    assert!(lacking.is_empty(), "seen too seldom: {lacking:#?}");
}
