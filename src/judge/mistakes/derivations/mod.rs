//! Deriving again with one mistake built in.
//!
//! A wrong derivation is a network with the same values and other derivatives: a function with another slope, or a place
//! that is not differentiated. Whatever a person wrote, it is compared with what comes out.

mod losses;
mod paths;
mod penalties;
mod slopes;
mod softmax;

pub(super) use losses::*;
pub(super) use paths::*;
pub(super) use penalties::*;
pub(super) use slopes::*;
pub(super) use softmax::*;

use num_rational::BigRational;
use num_traits::Signed;

use super::subject::{Penalty, Subject, bodies, subterms};
use crate::system::{Clause, Function, System};
use crate::term::{Domain, FamilyId, FunctionId, Node, Store, TermId};

/// One wrong derivation.
pub(super) struct Derivation {
    /// What was done, in words.
    pub(super) said: String,
    /// Makes the network in which it is the right one.
    pub(super) change: Change,
}

pub(super) type Change = Box<dyn Fn(&mut System)>;

/// Of more uses of quantities than this one is left out, or all but one.
const MOST_USES: usize = 6;

/// Subsets of 1, 2, … of `count` things, the small ones first; of many things only single ones, all but one, and all.
fn subsets(count: usize) -> Vec<Vec<usize>> {
    if count > MOST_USES {
        let mut found: Vec<Vec<usize>> = (0..count).map(|at| vec![at]).collect();
        found.extend((0..count).map(|kept| (0..count).filter(|at| *at != kept).collect()));
        found.push((0..count).collect());
        return found;
    }
    let mut found: Vec<Vec<usize>> = (1..1usize << count)
        .map(|subset| (0..count).filter(|at| subset >> at & 1 == 1).collect())
        .collect();
    found.sort_by_key(Vec::len);
    found
}

/// The function that is its argument and has no slope.
fn stop(system: &mut System) -> FunctionId {
    let value = system.store.intern(Node::Parameter(0));
    let zero = system.store.int(0);
    system.functions.push(Function {
        name: "stop".into(),
        latex: String::new(),
        letters: vec!["u".into()],
        parameters: 1,
        extra: 0,
        body: Some(value),
        slopes: vec![Some(zero)],
        slopes_at: Vec::new(),
        slope_range: None,
        primitive: None,
        activation: false,
        span: None,
    });
    FunctionId(u32::try_from(system.functions.len() - 1).expect("few functions"))
}

fn stopped(store: &mut Store, stop: FunctionId, term: TermId) -> TermId {
    store.intern(Node::Apply(stop, Box::new([0]), Box::new([term])))
}

/// A term that is differentiated where a condition holds.
fn moving_where(store: &mut Store, stop: FunctionId, term: TermId, condition: &Domain) -> TermId {
    let still = stopped(store, stop, term);
    let negative = store.negative(still);
    let moving = store.add([term, negative]);
    let guard = store.guard(condition.clone());
    let moving = store.mul([guard, moving]);
    store.add([still, moving])
}

/// Numbers as small as those that keep a root or a logarithm away from 0.
const SMALL: (i64, i64) = (1, 500);

/// Small numbers taken as 0.
pub(super) fn small_numbers_dropped(subject: &Subject<'_>) -> Vec<Derivation> {
    let system = subject.system;
    let most = BigRational::new(SMALL.0.into(), SMALL.1.into());
    let mut small: Vec<TermId> = Vec::new();
    for family in &subject.reached {
        for body in bodies(system, *family) {
            small.extend(subterms(system, body).into_iter().filter(|term| {
                let value = system.store.as_number(*term);
                value.is_some_and(|value| value.is_positive() && *value <= most)
            }));
        }
    }
    if small.is_empty() {
        return Vec::new();
    }
    let families = subject.reached.clone();
    vec![Derivation {
        said: "a small number is left out".into(),
        change: Box::new(move |system| {
            for family in &families {
                system.rewrite(*family, |store, _, term| {
                    small.contains(&term).then(|| store.int(0))
                });
            }
        }),
    }]
}
