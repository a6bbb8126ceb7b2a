//! The steps of a part as tapes: which states stand before each, and which behind it.

use std::collections::BTreeMap;

use super::mistakes;
use super::steps::{Flow, Part};
use super::tape::{Tape, Weight};
use super::ways::letter_of;
use super::writer::tape;
use crate::source::Diagnostic;
use crate::term::{Affine, FamilyId};

/// The tapes of a part, one for each kind of step: a recursion has one, layers that are written out have as many as there
/// are steps. `given` are values of sizes and of numbers that are multiplied with, by name.
///
/// # Errors
/// What stands in the way, with its place.
pub(super) fn tapes(
    flow: &Flow,
    part: &Part,
    given: &BTreeMap<String, f64>,
) -> Result<Vec<Tape>, Diagnostic> {
    let states: Vec<(FamilyId, Vec<Affine>)> = part
        .states
        .iter()
        .map(|state| {
            let slots = flow.system.family(state.family).slots;
            (state.family, state.own[..slots].to_vec())
        })
        .collect();
    if part.written_out {
        let mut tapes: Vec<Tape> = (0..part.steps.len())
            .map(|at| {
                let (before, after) = (&states[at..=at], &states[at + 1..at + 2]);
                tape(flow, part, given, before, after)
            })
            .collect::<Result<_, _>>()?;
        // A step has weights of its own if no other applies them.
        let all: Vec<Weight> = tapes.iter().flat_map(|tape| tape.weights.clone()).collect();
        for weight in tapes.iter_mut().flat_map(|tape| &mut tape.weights) {
            weight.own = all.iter().filter(|other| other.is_same(weight)).count() == 1;
        }
        let mixed = mixed(&all);
        for tape in &mut tapes {
            tape.mixed.clone_from(&mixed);
        }
        return Ok(tapes);
    }
    let refused =
        |why: &str| mistakes::not_simulated(&flow.system, part.states[0].family, &[], why);
    // By how much each state goes on at most; all in one direction.
    let mut lags = vec![1; states.len()];
    let mut shift: Option<i64> = None;
    for step in &part.steps {
        match step.moves.as_slice() {
            [] => {}
            [(_, by)] if shift.is_none_or(|known| known == by.signum()) => {
                shift = Some(by.signum());
                lags[step.from] = lags[step.from].max(by.abs());
            }
            _ => return Err(refused("it goes on in more than one direction")),
        }
    }
    let shift = shift.ok_or_else(|| refused("it does not go on by one step"))?;
    // All states at the same step: with the letter of the first.
    let letters = |slots: &[Affine]| slots.iter().filter_map(letter_of).collect::<Vec<_>>();
    let [letter] = letters(&states[0].1)[..] else {
        return Err(refused("it goes on in more than one direction"));
    };
    let mut before = Vec::with_capacity(states.len());
    let mut after = Vec::with_capacity(states.len());
    for ((family, slots), lag) in states.iter().zip(&lags) {
        if letters(slots).len() != 1 {
            return Err(refused("it goes on in more than one direction"));
        }
        let at = |by: i64| -> Vec<Affine> {
            let value = Affine::var(letter).offset(by * shift);
            let here = |slot: &Affine| letter_of(slot).map_or(slot.clone(), |_| value.clone());
            slots.iter().map(here).collect()
        };
        // What is read again later is kept.
        for back in 0..*lag {
            before.push((*family, at(-back)));
            after.push((*family, at(1 - back)));
        }
    }
    let mut tape = tape(flow, part, given, &before, &after)?;
    tape.mixed = mixed(&tape.weights);
    Ok(vec![tape])
}

/// The lengths of what weights are applied to and of what comes of it.
fn mixed(weights: &[Weight]) -> Vec<Affine> {
    let lengths = weights
        .iter()
        .flat_map(|weight| [&weight.columns, &weight.rows])
        .flatten();
    let mut found: Vec<Affine> = lengths.cloned().collect();
    found.sort();
    found.dedup();
    found
}
