//! Inputs that have some values only, a class or a one-hot target: all of them are tried where they are few, or any number stands
//! for them.

use super::compare::is_active;
use super::evaluate::{Element, Evaluator, Point};
use super::look::{Counterexample, Pair, Shown, look};
use super::point::{
    Demands, elements_of, env_of, input_of, integer_range, keeps_signs, one_hot_rows, satisfied,
    values_of,
};
use super::rational::Rational;
use crate::claim::Lowering;
use crate::system::Fact;

/// Values of some elements together.
type Values = Vec<(Element, Rational)>;

/// More values are not tried for one comparison.
const MOST_VALUES: usize = 4_096;

/// What trying values has shown.
pub(super) enum Tried {
    /// The sides differ.
    Refuted(Counterexample),
    /// They do not differ for any of them.
    All,
    /// They do not differ for those that were tried.
    Some,
}

/// Whether the sides differ for some combination of values, the other numbers as at a point; if only that counts, for one at
/// which every kink's argument is positive.
pub(super) fn tried_values(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    start: &Point,
    active: bool,
) -> Tried {
    if !demands.zero.is_empty() {
        return Tried::All;
    }
    let choices = sorted_choices(lowering, pairs, start);
    let (mut all, complete) = combined(lowering, &choices, true);
    // All of them alike.
    let most = choices.iter().map(|(_, choice)| choice.len()).max();
    all.extend((0..most.unwrap_or(0)).map(|at| -> Values {
        let alike = choices
            .iter()
            .flat_map(|(_, choice)| &choice[at.min(choice.len() - 1)]);
        alike.cloned().collect()
    }));
    if let Some(example) = refuted_by(lowering, pairs, demands, (start, &all), active) {
        return Tried::Refuted(example);
    }
    if complete {
        return Tried::All;
    }
    // Each pair reads fewer of them.
    for pair in pairs.chunks(1) {
        let choices = sorted_choices(lowering, pair, start);
        let (all, complete) = combined(lowering, &choices, false);
        if let Some(example) = refuted_by(lowering, pair, demands, (start, &all), active) {
            return Tried::Refuted(example);
        }
        if !complete {
            return Tried::Some;
        }
    }
    Tried::All
}

/// Combinations of choices, with those that are not read as far as there is room, and whether they are all that count.
fn combined(
    lowering: &Lowering<'_>,
    choices: &[(bool, Vec<Values>)],
    unread: bool,
) -> (Vec<Values>, bool) {
    let mut all: Vec<Values> = vec![Vec::new()];
    let mut complete = true;
    for (read, choice) in choices {
        if all.len() * choice.len() > MOST_VALUES || !(*read || unread) {
            // Of the classes of several examples some combinations have to do.
            complete &= !read || is_class(lowering, choice);
            continue;
        }
        let joined = |known: &Values| -> Vec<Values> {
            let more = choice.iter();
            more.map(|more| known.iter().chain(more).cloned().collect())
                .collect()
        };
        all = all.iter().flat_map(joined).collect();
    }
    (all, complete)
}

/// A point with some of these values at which the sides differ.
fn refuted_by(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    (start, all): (&Point, &[Values]),
    active: bool,
) -> Option<Counterexample> {
    let assumptions = lowering.system.assumptions.clone();
    for values in all {
        let mut point = start.clone();
        for (element, value) in values {
            let value = point.arithmetic.number(value.clone());
            point.fixed.insert(element.clone(), value);
        }
        if !keeps_signs(&point, demands) || satisfied(lowering, &point, &assumptions) != Some(true)
        {
            continue;
        }
        let mut found = look(lowering, pairs, &point, false);
        if matches!(found.shown, Shown::Nothing) {
            // Residues tell what is 0 because of a value that was chosen.
            found = look(lowering, pairs, &point, true);
        }
        if let Some(example) = found.refutes()
            && (!active || is_active(&mut lowering.system, &found.kinks))
        {
            return Some(example);
        }
    }
    None
}

/// Whether what is chosen is a class.
fn is_class(lowering: &Lowering<'_>, choice: &[Values]) -> bool {
    let mut elements = choice.iter().flatten().map(|(element, _)| element);
    elements.any(|element| lowering.system.family(element.0).integers.is_some())
}

/// A point at which what has some values only has any: of what is one-hot the sum stays 1.
pub(super) fn freed(lowering: &mut Lowering<'_>, point: &Point) -> Point {
    let mut freed = point.clone();
    for choice in choices(lowering) {
        let Some(all) = choice.first() else { continue };
        for (element, _) in all {
            freed.fixed.insert(element.clone(), point.made_up(element));
        }
        if let [others @ .., (last, _)] = all.as_slice()
            && !others.is_empty()
        {
            let arithmetic = point.arithmetic;
            let rest = others.iter().fold(arithmetic.int(1), |rest, (element, _)| {
                arithmetic.minus(&rest, &point.made_up(element))
            });
            freed.fixed.insert(last.clone(), rest);
        }
    }
    freed
}

/// The choices, each with whether either side reads it at a point and with its alternatives: those that are read first, then
/// those with the fewest.
fn sorted_choices(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    start: &Point,
) -> Vec<(bool, Vec<Values>)> {
    let mut evaluator = Evaluator::bare(lowering, start);
    for pair in pairs {
        for side in [pair.truth, pair.claim] {
            // What has no value here may still have read something.
            let _ = evaluator.term(side, &super::evaluate::Env::new());
        }
    }
    let read = evaluator.read.clone();
    let mut found: Vec<(bool, Vec<Values>)> = choices(lowering)
        .into_iter()
        .filter(|choice| choice.len() > 1)
        .map(|choice| {
            let mut elements = choice.iter().flatten().map(|(element, _)| element);
            (elements.any(|element| read.contains(element)), choice)
        })
        .collect();
    found.sort_by_key(|(read, choice)| (!read, choice.len()));
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
