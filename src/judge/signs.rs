//! What holds for all signs of kinks, whatever points were found: signs with which a number is not 0, or with which two sides
//! differ.
//!
//! Each step is taken as an unknown number first. What vanishes even so vanishes for all signs at once. What does not is looked at
//! with one kink after the other given a sign, and where it vanishes then, the signs of the others are of no account.

use std::cmp::Ordering;

use super::evaluate::{Env, Evaluator, Kink, Point, Steps};
use super::field::Residues;
use super::look::{Pair, with_signs};
use super::reach::Wanted;
use crate::claim::Lowering;
use crate::term::TermId;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question<'q> {
    /// A number is not 0.
    NotZero(TermId),
    /// The sides of some pair are not the same.
    Differs(&'q [Pair]),
}

/// What was found.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// There are no more such signs at this point.
    Never,
    With(Vec<Wanted>),
    Unknown,
}

/// More evaluations are not made for one question.
const MOST_LOOKS: usize = 200;

/// Looks for signs with which something holds, those first that kinks have at the point.
pub(super) struct SignSearch<'q> {
    point: Point,
    question: Question<'q>,
    /// Signs of some kinks that are still to be looked at.
    open: Vec<Vec<Wanted>>,
    /// Signs that no argument ever has.
    excluded: Vec<Wanted>,
    pub(super) looks: usize,
    /// Whether what never holds at this point may hold at another, where another of several is the greatest.
    pub(super) branched: bool,
    /// Whether that goes for the signs that were found last: they may not fit with which of several is the greatest here.
    pub(super) chosen: bool,
}

impl<'q> SignSearch<'q> {
    pub(super) fn new(point: &Point, question: Question<'q>) -> Self {
        let point = Point {
            steps: Steps::Unknown,
            ..point.clone()
        };
        Self {
            point,
            question,
            open: vec![Vec::new()],
            excluded: Vec::new(),
            looks: 0,
            branched: false,
            chosen: false,
        }
    }

    /// Leaves out what needs a sign that an argument never has.
    pub(super) fn exclude(&mut self, sign: Wanted) {
        self.excluded.push(sign);
    }

    /// The next signs of all kinks that count with which it holds.
    pub(super) fn next(&mut self, lowering: &mut Lowering<'_>) -> Found {
        while let Some(signs) = self.open.pop() {
            if signs.iter().any(|sign| self.excluded.contains(sign)) {
                continue;
            }
            self.looks += 1;
            if self.looks > MOST_LOOKS {
                return Found::Unknown;
            }
            let Some(point) = with_signs(lowering, &self.point, &signs) else {
                return Found::Unknown;
            };
            let mut evaluator = Evaluator::new(lowering, &point);
            match holds(&mut evaluator, &point, self.question) {
                Some(true) => {}
                Some(false) => {
                    self.branched |= evaluator.branched;
                    continue;
                }
                None => return Found::Unknown,
            }
            let open = |kink: &&Kink| kink.sign != Ordering::Equal;
            let Some(kink) = evaluator.kinks.iter().find(open) else {
                self.chosen = evaluator.branched;
                return Found::With(signs);
            };
            for sign in [kink.sign.reverse(), kink.sign] {
                let mut more = signs.clone();
                more.push((kink.argument, kink.env.clone(), sign));
                self.open.push(more);
            }
        }
        Found::Never
    }
}

/// Whether it holds with what the signs of kinks are; none without residues.
fn holds(evaluator: &mut Evaluator<'_>, point: &Point, question: Question<'_>) -> Option<bool> {
    let field = point.arithmetic.field;
    let mut value =
        |term: TermId| -> Option<Residues> { evaluator.term(term, &Env::new()).ok()?.residues };
    match question {
        Question::NotZero(term) => Some(!field.vanishes(&value(term)?)),
        Question::Differs(pairs) => {
            let mut differ = false;
            for pair in pairs {
                let (truth, claim) = (value(pair.truth)?, value(pair.claim)?);
                let mut towers = field.compared(&truth, &claim).flatten().peekable();
                towers.peek()?;
                differ |= !towers.any(|same| same);
            }
            Some(differ)
        }
    }
}
