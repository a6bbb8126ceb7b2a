//! Truths that were 0 at every point: 0 for all signs of their kinks, or not 0 for some.
//!
//! A unit that is off everywhere hides what is claimed of it, so that agreement there says nothing. Each step is therefore taken
//! as an unknown number first. Where the truth is 0 even so, it is 0 by its structure; where it is not, one kink after the other
//! is given a sign with which it still is not, and with these signs both sides are compared.

use std::cmp::Ordering;

use super::compare::with_signs;
use super::evaluate::{Env, Evaluator, Kink, Point};
use super::reach::Wanted;
use crate::claim::Lowering;
use crate::term::TermId;

/// What is known of a number for all signs of its kinks.
pub(super) enum Aliveness {
    /// It is 0 for all of them.
    Vanishes,
    /// It is not 0 with these.
    With(Vec<Wanted>),
    Unknown,
}

/// More evaluations are not made for one number.
const MOST_LOOKS: usize = 200;

/// Signs with which a number is not 0, those first that kinks have at the point.
pub(super) fn aliveness(lowering: &mut Lowering<'_>, point: &Point, term: TermId) -> Aliveness {
    let point = Point {
        soft: true,
        ..point.clone()
    };
    let mut search = SignSearch {
        lowering,
        point,
        term,
        looks: 0,
        branched: false,
    };
    let mut signs = Vec::new();
    match search.descend(&mut signs) {
        Some(true) => Aliveness::With(signs),
        Some(false) if !search.branched => Aliveness::Vanishes,
        Some(false) | None => Aliveness::Unknown,
    }
}

struct SignSearch<'s, 'l> {
    lowering: &'s mut Lowering<'l>,
    point: Point,
    term: TermId,
    looks: usize,
    /// Whether what vanished may be something else where another of several is the greatest.
    branched: bool,
}

impl SignSearch<'_, '_> {
    /// Whether the number is not 0 for some signs of the kinks that have none yet; these are added then. None if that is not known.
    fn descend(&mut self, signs: &mut Vec<Wanted>) -> Option<bool> {
        self.looks += 1;
        if self.looks > MOST_LOOKS {
            return None;
        }
        let point = with_signs(self.lowering, &self.point, signs)?;
        let field = point.arithmetic.field;
        let mut evaluator = Evaluator::new(self.lowering, &point);
        let residues = evaluator.term(self.term, &Env::new()).ok()?.residues?;
        if field.vanishes(&residues) {
            self.branched |= evaluator.branched;
            return Some(false);
        }
        let open = |kink: &&Kink| kink.sign != Ordering::Equal;
        let Some(kink) = evaluator.kinks.iter().find(open).cloned() else {
            return Some(true);
        };
        crate::stack::deep(|| {
            for sign in [kink.sign, kink.sign.reverse()] {
                signs.push((kink.argument, kink.env.clone(), sign));
                if self.descend(signs)? {
                    return Some(true);
                }
                signs.pop();
            }
            Some(false)
        })
    }
}
