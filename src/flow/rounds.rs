//! Rounds of the gradient, and which of them belong together.

use super::ways::{Places, Reached, Walk, walks};
use crate::derive::Derivation;

/// A round of the gradient, or several that go on side by side.
pub(super) struct Round {
    /// The places of the states.
    pub(super) states: Vec<usize>,
    /// All places that are passed.
    pub(super) within: Vec<usize>,
}

/// The rounds of the gradient, those together of which one feeds the other at each step, as stacked recurrences do.
pub(super) fn together(
    derivation: &mut Derivation,
    places: &Places,
    rounds: &[Vec<usize>],
) -> Vec<Round> {
    let mut found: Vec<Round> = Vec::new();
    for round in rounds {
        let own = Round {
            states: places.states(derivation, round),
            within: round.clone(),
        };
        let fed = (0..found.len()).find(|at| {
            let before = &found[*at];
            let within = places.between(&before.within, &own.within);
            let [some, other] = [before, &own].map(|round| direction(derivation, places, round));
            some.is_some()
                && some == other
                && before.states.iter().any(|from| {
                    let goals = [before.states.as_slice(), &own.states].concat();
                    let reaches =
                        |(reached, _): &(Reached, Walk)| reached.state >= before.states.len();
                    walks(derivation, places, *from, &goals, &within)
                        .is_some_and(|walks| walks.found.iter().any(reaches))
                })
        });
        match fed {
            Some(at) => {
                let known = &mut found[at];
                known.within = places.between(&known.within, &own.within);
                known.states.extend(own.states);
            }
            None => found.push(own),
        }
    }
    found
}

/// The slot that moves on in a round, and by how much; none if there is no such one.
fn direction(derivation: &mut Derivation, places: &Places, round: &Round) -> Option<i64> {
    let mut moved = Vec::new();
    for from in &round.states {
        let found = walks(derivation, places, *from, &round.states, &round.within)?;
        let shifts = found
            .found
            .into_iter()
            .flat_map(|(reached, _)| reached.shifts);
        moved.extend(shifts.map(|(_, by)| by).filter(|by| *by != 0));
    }
    let first = *moved.first()?;
    moved.iter().all(|by| *by == first).then_some(first)
}
