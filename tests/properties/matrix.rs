//! Matrix forms of random networks: each is lowered again, and what comes out is compared with dual numbers and
//! differences as if it were the formula itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chainrule::formula::{Detail, Form, Formula, Link, View};
use chainrule::matrix::{Layout, Refusal};

use crate::dice::{Dice, many};
use crate::generators::{self, Generator};
use crate::pipeline::{CONVENTIONS, confirmed, derivation, formulas};

/// What was tried and what came of it.
#[derive(Debug, Default)]
struct Tally {
    formulas: usize,
    in_matrix_form: usize,
    unproved: usize,
}

const LAYOUTS: [Layout; 3] = [Layout::Same, Layout::Numerator, Layout::Denominator];

fn try_network(text: &str, number: usize, tally: &mut Tally) -> Result<(), String> {
    let convention = CONVENTIONS[number % CONVENTIONS.len()];
    let mut derivation = derivation(text, Some(convention))?;
    let view = View {
        form: Form::Matrix,
        layout: LAYOUTS[number % LAYOUTS.len()],
        resolve: number.is_multiple_of(4),
        detail: if number.is_multiple_of(3) {
            Detail::Steps
        } else {
            Detail::Result
        },
        ..View::default()
    };
    let Some(found) = formulas(text, &mut derivation, &view)? else {
        return Ok(());
    };
    let mut lowered: Vec<Formula> = Vec::new();
    for formula in &found {
        tally.formulas += 1;
        match &formula.matrix {
            Some(Ok(matrix)) => {
                tally.in_matrix_form += 1;
                lowered.push(Formula {
                    chain: vec![Link::Term(matrix.lowered)],
                    ..formula.clone()
                });
            }
            Some(Err(Refusal::Unproved)) => tally.unproved += 1,
            Some(Err(_)) => {}
            None => return Err("a formula without a word about its matrix form".into()),
        }
    }
    if !lowered.is_empty() {
        confirmed(&derivation, &lowered)?;
    }
    Ok(())
}

fn try_generator(generator: Generator, seed: u64, count: usize, tally: &mut Tally) -> Vec<String> {
    let mut dice = Dice::new(seed);
    (0..count)
        .filter_map(|number| {
            let text = generator(&mut dice);
            let tried = catch_unwind(AssertUnwindSafe(|| try_network(&text, number, tally)));
            let outcome = tried.unwrap_or_else(|_| Err("panics".into()));
            outcome.err().map(|wrong| format!("----\n{text}{wrong}"))
        })
        .collect()
}

#[test]
fn matrix_forms_are_confirmed() {
    let mut wrong = Vec::new();
    for (number, (name, generator)) in generators::ARRAYS.iter().enumerate() {
        let mut tally = Tally::default();
        wrong.extend(try_generator(
            *generator,
            500 + number as u64,
            many(24),
            &mut tally,
        ));
        println!("{name}: {tally:?}");
        assert!(
            tally.in_matrix_form > 0 || *name == "triangles",
            "{name}: {tally:?}"
        );
        if *name == "matrices" {
            assert!(10 * tally.in_matrix_form > 9 * tally.formulas, "{tally:?}");
        }
    }
    assert!(
        wrong.is_empty(),
        "{} networks went wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
