//! Identities that residues do not show: two sides are the same where their difference has no slope and is 0 at points.
//!
//! Logarithms of different sums have nothing to do with each other in a field, as in `log(1 + e^x) - log(1 + e^{-x}) = x`;
//! their derivatives are plain quotients. What is left is a constant. It is 0 by its enclosures, which says enough where no
//! number of many digits stands in it, and no field may tell it from 0 where all inputs are 0.

use num_bigint::BigInt;
use rustc_hash::FxHashSet;

use super::compare::{Make, Outcome, Search, built, compare, drawn};
use super::evaluate::{Element, Env, Evaluator};
use super::field::Field;
use super::look::{Pair, residues_differ};
use super::point::Demands;
use crate::claim::Lowering;
use crate::source::Span;
use crate::system::Primitive;
use crate::term::{Affine, FamilyId, Node, TermId};

/// With more pairs, or more numbers that are given, the derivatives are not taken.
const MOST_PAIRS: usize = 8;
const MOST_INPUTS: usize = 12;

/// How many points are looked at for the numbers that both sides read.
const POINTS: u64 = 4;

/// Whether the differences of both sides, equal at points by their numbers, have no slope by any number that is given; how
/// many step patterns showed it.
pub(super) fn without_slope(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
) -> Option<usize> {
    if pairs.len() > MOST_PAIRS || !demands.zero.is_empty() || !has_logarithm(lowering) {
        return None;
    }
    let inputs = inputs(lowering, pairs, demands, search)?;
    if has_long_numbers(lowering, pairs) || has_constant(lowering, pairs, demands, search, &inputs)
    {
        return None;
    }
    let zero = lowering.system.store.int(0);
    let mut slopes = Vec::new();
    for pair in pairs {
        let store = &mut lowering.system.store;
        let negative = store.negative(pair.claim);
        let difference = store.add([pair.truth, negative]);
        for (family, index) in &inputs {
            let index: Box<[Affine]> = index.iter().map(|at| Affine::int(*at)).collect();
            let target = (*family, index);
            let slope = lowering.partial(difference, &target, false, Span::default());
            slopes.push(Pair {
                truth: zero,
                claim: slope.ok()?,
                guard: None,
                element: None,
            });
        }
    }
    // On a kink slopes are nothing but a convention.
    let search = Search {
        slopes: search.slopes - 1,
        kinks: false,
        ..search
    };
    match compare(lowering, &slopes, demands, search) {
        Outcome::Same { patterns, .. } => Some(patterns),
        _ => None,
    }
}

/// Whether logarithms are taken anywhere.
fn has_logarithm(lowering: &Lowering<'_>) -> bool {
    let functions = &lowering.system.functions;
    functions
        .iter()
        .any(|it| it.primitive == Some(Primitive::Log))
}

/// Numbers above and below a fraction line up to this are no approximations of others.
const LONG: i64 = 10_000;

/// Whether a number of many digits stands anywhere in both sides, such as one that is close to log 2.
fn has_long_numbers(lowering: &Lowering<'_>, pairs: &[Pair]) -> bool {
    let system = &lowering.system;
    let most = BigInt::from(LONG);
    let long = |node: &Node| {
        matches!(node, Node::Number(value) if value.numer().magnitude() > most.magnitude()
            || value.denom().magnitude() > most.magnitude())
    };
    let mut seen: Vec<FamilyId> = Vec::new();
    let mut terms: Vec<TermId> = pairs.iter().flat_map(|it| [it.truth, it.claim]).collect();
    while let Some(term) = terms.pop() {
        if system.store.any(term, long) {
            return true;
        }
        system.store.any(term, |node| {
            if let Node::Access(family, _) = node
                && !seen.contains(family)
            {
                seen.push(*family);
                let clauses = &system.family(*family).clauses;
                terms.extend(clauses.iter().filter_map(|clause| clause.body));
            }
            false
        });
    }
    false
}

/// Whether the sides are told apart by their residues where all inputs are 0.
fn has_constant(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
    inputs: &[Element],
) -> bool {
    let arithmetic = drawn(0, Field::pair(0));
    let built = built(lowering, pairs, demands, search, 0, Make::Plain, arithmetic);
    built.is_some_and(|mut point| {
        for element in inputs {
            point.fixed.insert(element.clone(), arithmetic.int(0));
        }
        residues_differ(lowering, pairs, &point)
    })
}

/// The real numbers that both sides read at some points; none if they are too many.
fn inputs(
    lowering: &mut Lowering<'_>,
    pairs: &[Pair],
    demands: &Demands,
    search: Search,
) -> Option<Vec<Element>> {
    let mut found: FxHashSet<Element> = FxHashSet::default();
    for seed in 0..POINTS {
        let arithmetic = drawn(0, Field::pair(0));
        let Some(point) = built(
            lowering,
            pairs,
            demands,
            search,
            seed,
            Make::Plain,
            arithmetic,
        ) else {
            continue;
        };
        let mut evaluator = Evaluator::bare(lowering, &point);
        for pair in pairs {
            for side in [pair.truth, pair.claim] {
                let _ = evaluator.term(side, &Env::new());
            }
        }
        found.extend(evaluator.read.iter().cloned());
    }
    found.retain(|(family, _)| lowering.system.family(*family).integers.is_none());
    let mut found: Vec<Element> = found.into_iter().collect();
    found.sort();
    (!found.is_empty() && found.len() <= MOST_INPUTS).then_some(found)
}
