//! Layers that are written out one by one: the steps between them.

use super::mistakes;
use super::obstacle::obstacle;
use super::steps::{Part, Product, State, Step, grouped, jacobian, state, step};
use super::ways::{Places, walks};
use crate::derive::Derivation;
use crate::source::Diagnostic;
use crate::term::TermId;

/// The longest run of layers that are written out one by one.
pub(super) fn written_out(
    derivation: &mut Derivation,
    places: &Places,
    notes: &mut Vec<Diagnostic>,
) -> Option<Part> {
    let mut line = places.line(derivation);
    let within = places.everything();
    let between = |derivation: &mut Derivation, pair: &[usize]| {
        let found = walks(derivation, places, pair[0], &pair[1..], &within)?;
        match grouped(found.found).as_slice() {
            [(reached, group)] => {
                let step = step(derivation, places, (0, pair[0]), &pair[1..], reached, group)?;
                let axes = derivation
                    .system
                    .family(places.family(derivation, pair[0]))
                    .axes;
                let obstacle = obstacle(&derivation.system, axes, group);
                Some((step, obstacle))
            }
            _ => None,
        }
    };
    // A pre-activation is taken together with its activation.
    let unweighted: Vec<bool> = line
        .windows(2)
        .map(|pair| {
            between(derivation, pair).is_some_and(|(step, _)| {
                let system = &derivation.system;
                let product = step.product.as_ref();
                product.is_some_and(|ways| ways.paths.iter().all(|path| path.is_unweighted(system)))
            })
        })
        .collect();
    if unweighted.iter().filter(|it| !**it).count() > 0 {
        let mut at = 0..;
        line.retain(|_| at.next().and_then(|at| unweighted.get(at)) != Some(&true));
    }
    let mut steps: Vec<Option<Step>> = Vec::new();
    for pair in line.windows(2) {
        let found = between(derivation, pair);
        if found
            .as_ref()
            .is_none_or(|(step, _)| step.product.is_none())
        {
            let ends = [pair[0], pair[1]]
                .map(|at| (places.family(derivation, at), places.slots(derivation, at)));
            let obstacle = found.as_ref().and_then(|(_, obstacle)| obstacle.as_ref());
            notes.push(mistakes::no_factor_between(
                &derivation.system,
                ends,
                obstacle,
            ));
        }
        steps.push(found.map(|(step, _)| step));
    }
    // Steps without a factor are simulated where hardly any has one.
    let with_factor = |step: &Step| step.product.is_some();
    let (mut first, mut run) = longest(&steps, with_factor);
    if run.len() < 2 {
        let (start, all) = longest(&steps, |_| true);
        if all.len() > run.len() {
            (first, run) = (start, all);
        }
    }
    let (Some(begin), Some(end)) = (run.first(), run.last()) else {
        return None;
    };
    let places_of = &line[first..first + run.len() + 1];
    let states: Vec<State> = places_of
        .iter()
        .map(|at| state(derivation, places, *at))
        .collect();
    let families = [&states[0], &states[states.len() - 1]].map(|state| state.family);
    let jacobian = if run.len() == 1 {
        begin.jacobian
    } else {
        jacobian(&mut derivation.system, families)
    };
    let scalar = end.next.len() + begin.own.len()
        == families
            .map(|family| derivation.system.family(family).slots)
            .iter()
            .sum::<usize>()
        && run.iter().all(|step| {
            step.paths()
                .iter()
                .all(|path| path.mixing().next().is_none())
        });
    let factors: Option<Vec<TermId>> = (run.iter().rev())
        .map(|step| Some(step.product.as_ref()?.factor))
        .collect();
    let products = match factors {
        Some(factors) if scalar && run.len() > 1 => vec![Product {
            term: derivation.system.store.mul(factors),
            along: None,
        }],
        _ => Vec::new(),
    };
    Some(Part {
        states,
        steps: run,
        written_out: true,
        jacobian,
        products,
    })
}

/// The longest run of steps of a kind, with the place where it begins.
fn longest(steps: &[Option<Step>], counts: impl Fn(&Step) -> bool) -> (usize, Vec<Step>) {
    let mut best: (usize, Vec<Step>) = (0, Vec::new());
    let mut open: Vec<Step> = Vec::new();
    for (at, step) in steps.iter().map(Option::as_ref).chain([None]).enumerate() {
        if let Some(step) = step.filter(|step| counts(step)) {
            open.push(Step {
                from: open.len(),
                to: open.len() + 1,
                ..step.clone()
            });
        } else if open.len() > best.1.len() {
            best = (at - open.len(), std::mem::take(&mut open));
        } else {
            open.clear();
        }
    }
    best
}
