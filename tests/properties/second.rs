//! Second derivatives of random networks, each compared with differences of first ones and with dual numbers twice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chainrule::formula::{Detail, View};

use crate::counters::Counters;
use crate::dice::{Dice, many};
use crate::generators::hessians;
use crate::pipeline::{CONVENTIONS, RESULT};
use crate::random::{Tally, try_network};

#[test]
fn second_derivatives_are_confirmed() {
    let views = [
        View {
            detail: Detail::Steps,
            ..RESULT
        },
        View {
            resolve: true,
            ..RESULT
        },
    ];
    let (mut tally, mut counters) = (Tally::default(), Counters::default());
    let mut dice = Dice::new(61);
    let mut wrong = Vec::new();
    for number in 0..many(64) {
        let text = hessians(&mut dice);
        let convention = CONVENTIONS[number % CONVENTIONS.len()];
        let view = views[number % views.len()];
        let tried = catch_unwind(AssertUnwindSafe(|| {
            try_network(&text, convention, view, &mut tally, &mut counters)
        }));
        if let Err(reason) = tried.unwrap_or_else(|_| Err(format!("panics in {view:?}"))) {
            wrong.push(format!("----\n{text}{reason}"));
        }
    }
    println!("{tally:?}");
    assert!(
        wrong.is_empty(),
        "{} networks went wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(20 * tally.unconfirmed <= tally.views, "{tally:?}");
}
