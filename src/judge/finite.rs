//! Inputs that have some values only, a class or a one-hot target: all of them are tried where they are few.

use super::compare::{Counterexample, Pair, Shown, is_active, look};
use super::evaluate::{Element, Evaluator, Point};
use super::point::{Demands, integer_range};
use super::point::{
    elements_of, env_of, input_of, keeps_signs, one_hot_rows, satisfied, values_of,
};
use super::rational::Rational;
use crate::claim::Lowering;
use crate::system::Fact;

/// Values of some elements together.
type Values = Vec<(Element, Rational)>;

/// More values are not tried for one comparison.
const MOST_VALUES: usize = 1_024;

/// A combination of values at which the sides differ, the other numbers as at a point; if only that counts, one at which
/// every kink's argument is positive.
pub(super) fn refuted_by_values(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    start: &Point,
    active: bool,
) -> Option<Counterexample> {
    if !demands.zero.is_empty() {
        return None;
    }
    let assumptions = lowering.system.assumptions.clone();
    let mut all: Vec<Values> = vec![Vec::new()];
    for choice in sorted_choices(lowering, pairs, start) {
        if all.len() * choice.len() > MOST_VALUES {
            continue;
        }
        let joined = |known: &Values| -> Vec<Values> {
            let more = choice.iter();
            more.map(|more| known.iter().chain(more).cloned().collect())
                .collect()
        };
        all = all.iter().flat_map(joined).collect();
    }
    for values in all {
        let mut point = start.clone();
        for (element, value) in values {
            let value = point.arithmetic.number(value);
            point.fixed.insert(element, value);
        }
        if !keeps_signs(&point, demands) || satisfied(lowering, &point, &assumptions) != Some(true)
        {
            continue;
        }
        let found = look(lowering, pairs, &point, false);
        let on_kink = found.kinks.iter().any(|kink| kink.accidental);
        if let Shown::Refuted(example) = found.shown
            && !on_kink
            && (!active || is_active(&mut lowering.system, &found.kinks))
        {
            return Some(example);
        }
    }
    None
}

/// The choices, each with its alternatives: those that either side reads at a point and then those with the fewest first.
fn sorted_choices(lowering: &mut Lowering<'_>, pairs: &[Pair], start: &Point) -> Vec<Vec<Values>> {
    let mut evaluator = Evaluator::bare(lowering, start);
    for pair in pairs {
        for side in [pair.truth, pair.claim] {
            // What has no value here may still have read something.
            let _ = evaluator.term(side, &super::evaluate::Env::new());
        }
    }
    let read = evaluator.read.clone();
    let mut found = choices(lowering);
    found.retain(|choice| choice.len() > 1);
    found.sort_by_key(|choice| {
        let mut elements = choice.iter().flatten().map(|(element, _)| element);
        (
            !elements.any(|element| read.contains(element)),
            choice.len(),
        )
    });
    found
}

fn choices(lowering: &mut Lowering<'_>) -> Vec<Vec<Values>> {
    let mut found: Vec<Vec<Values>> = Vec::new();
    let families: Vec<_> = lowering.system.family_ids().collect();
    for family in families {
        if let Some((low, high)) = integer_range(lowering, family) {
            for element in elements_of(lowering, family) {
                let one = |value| vec![(element.clone(), Rational::int(value))];
                found.push((low..=high).map(one).collect());
            }
        }
    }
    for assumption in lowering.system.assumptions.clone() {
        match &assumption.fact {
            Fact::OneOf(term, allowed) => {
                let Some((vars, points)) = values_of(lowering, &assumption, None) else {
                    continue;
                };
                for at in points {
                    if let Some(element) = input_of(lowering, *term, &env_of(&vars, &at)) {
                        let one = |value| vec![(element.clone(), Rational::from(value))];
                        found.push(allowed.iter().map(one).collect());
                    }
                }
            }
            Fact::OneHot(term, var) => {
                for row in one_hot_rows(lowering, &assumption, *term, *var).unwrap_or_default() {
                    let hot = |hot: usize| -> Values {
                        let bit = |at: usize| Rational::int(i64::from(at == hot));
                        let row = row.iter().enumerate();
                        row.map(|(at, element)| (element.clone(), bit(at)))
                            .collect()
                    };
                    found.push((0..row.len()).map(hot).collect());
                }
            }
            Fact::Compare(..) | Fact::Matrix(..) => {}
        }
    }
    found
}
