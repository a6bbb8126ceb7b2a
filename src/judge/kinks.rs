//! Points on kinks, next to them, and where a claim has no value.

use std::cmp::Ordering;

use super::compare::{Make, Search, built, pair};
use super::evaluate::{Env, Kink, Point};
use super::exclude::is_impossible;
use super::look::{Counterexample, Pair, Shown, look, look_with};
use super::point::{Demands, Unmet, beside, holds, keeps_signs, solutions};
use super::reach::Wanted;
use crate::claim::Lowering;
use crate::term::TermId;

/// A kink is reached by changing one input; so many inputs are tried.
const MOST_SOLUTIONS: usize = 6;

/// Next to each kink, on both sides of it, so that thresholds far away and narrow windows are met too.
pub(super) fn beside_kinks(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    kinks: &[(Kink, (u64, Make))],
) -> Option<Counterexample> {
    if !demands.zero.is_empty() {
        return None;
    }
    let assumptions = lowering.system.assumptions.clone();
    for (kink, (seed, make)) in kinks {
        let (argument, env) = (kink.argument, &kink.env);
        let start = built(lowering, pairs, demands, search, *seed, *make, pair(0))?;
        let Ok(points) = solutions(lowering, &start, argument, env, &assumptions, 3) else {
            continue;
        };
        for solution in points {
            for point in beside(lowering, &start, &solution, &assumptions) {
                if !keeps_signs(&point, demands) {
                    continue;
                }
                // Numbers alone refute; residues tell whether what is 0 there is 0 by accident.
                let mut found = look(lowering, pairs, &point, point.on_kink);
                let zero = found.kinks.iter().any(|kink| kink.sign == Ordering::Equal);
                if zero && !point.on_kink && matches!(found.shown, Shown::Refuted(_)) {
                    found = look(lowering, pairs, &point, true);
                }
                if let Some(example) = found.refutes() {
                    return Some(example);
                }
            }
        }
    }
    None
}

/// Each kink at 0, one after the other and all together: where the sides differ, if they do.
///
/// # Errors
/// The kinks that may be met at points that could not be computed.
pub(super) fn on_kinks(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    (seed, make, draw): (u64, Make, usize),
    (kinks, by_slopes): (&[Kink], bool),
) -> Result<Option<Counterexample>, Vec<Kink>> {
    let start = built(lowering, pairs, demands, search, seed, make, pair(draw))
        .ok_or_else(|| kinks.to_vec())?;
    let assumptions = lowering.system.assumptions.clone();
    let mut together = start.clone();
    let mut unknown = Vec::new();
    let mut zeros: Vec<Wanted> = Vec::new();
    for kink in kinks
        .iter()
        .filter(|kink| kink.sign != Ordering::Equal)
        .take(16)
    {
        let mut met = false;
        for base in [start.clone(), together.clone()] {
            let (argument, env) = (kink.argument, &kink.env);
            match solutions(lowering, &base, argument, env, &assumptions, MOST_SOLUTIONS) {
                Ok(points) => {
                    for point in points.into_iter().rev() {
                        // The claim does not speak of it.
                        if !keeps_signs(&point, demands) || !holds(lowering, &point, &demands.zero)
                        {
                            met = true;
                            continue;
                        }
                        match look(lowering, pairs, &point, true).shown {
                            Shown::Refuted(example) => return Ok(Some(example)),
                            Shown::Agrees(1..) => {}
                            // Enclosures alone show nothing; residues that differ show that the numbers agree by chance.
                            _ if point.on_kink => continue,
                            Shown::Agrees(0) if !by_slopes => continue,
                            _ => {}
                        }
                        together = point;
                        met = true;
                    }
                }
                Err(why) => met |= why == Unmet::Forbidden,
            }
        }
        // Whatever the inputs are: what is identical with this sign is so where the kink is met.
        if !met {
            let zero = (kink.argument, kink.env.clone(), Ordering::Equal);
            met = agrees_with(lowering, pairs, &start, std::slice::from_ref(&zero));
            zeros.push(zero);
        }
        if !met {
            unknown.push(kink.clone());
        }
    }
    if unknown.is_empty() && zeros.len() > 1 && !agrees_with(lowering, pairs, &together, &zeros) {
        unknown.extend_from_slice(kinks);
    }
    if unknown.is_empty() {
        Ok(None)
    } else {
        Err(unknown)
    }
}

/// A point at which the claim divides by 0 and the truth has a value.
pub(super) fn hole(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    (seed, make): (u64, Make),
    divisors: &[(TermId, Env)],
) -> Option<Counterexample> {
    if divisors.is_empty() || !demands.zero.is_empty() {
        return None;
    }
    let start = built(lowering, pairs, demands, search, seed, make, pair(0))?;
    let assumptions = lowering.system.assumptions.clone();
    for (divisor, env) in divisors {
        let zero = (*divisor, env.clone(), Ordering::Equal);
        if is_impossible(lowering, demands, &start, &[zero]) {
            continue;
        }
        let found = solutions(
            lowering,
            &start,
            *divisor,
            env,
            &assumptions,
            MOST_SOLUTIONS,
        );
        for point in found.unwrap_or_default() {
            if !keeps_signs(&point, demands) {
                continue;
            }
            match look(lowering, pairs, &point, true).shown {
                Shown::Refuted(example) if example.claim_value.is_none() => return Some(example),
                _ => {}
            }
        }
    }
    None
}

/// Whether the sides are the same in some tower with these signs of some arguments.
fn agrees_with(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    point: &Point,
    signs: &[Wanted],
) -> bool {
    let found = look_with(lowering, pairs, point, signs);
    found.is_some_and(|found| matches!(found.shown, Shown::Agrees(1..)))
}
