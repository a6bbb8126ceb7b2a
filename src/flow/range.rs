//! The range of an activation's derivative: from the table of functions, or enclosed by interval arithmetic.

use std::collections::BinaryHeap;

use super::value::{Evaluator, Interval, Number};
use crate::functions;
use crate::syntax::StepAtZero;
use crate::system::{Function, System};
use crate::term::{FunctionId, TermId};

/// Least and greatest value of a derivative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Never less.
    pub low: f64,
    /// Never more.
    pub high: f64,
    /// How far these may lie outside of what is taken; 0 if the table says so.
    pub error: f64,
    /// Holds for arguments up to this size; infinite if for all.
    pub up_to: f64,
    /// How it is known.
    pub proof: Proof,
}

/// How a range is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The row of the function says it.
    Table,
    /// The author says it, and no point that was tried refutes it.
    Declared,
    /// Interval arithmetic on the derivative, split until nothing is gained.
    Enclosed,
}

impl Proof {
    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Proof::Table => "table",
            Proof::Declared => "declared",
            Proof::Enclosed => "enclosed",
        }
    }
}

impl Range {
    /// The range that the author of a function declares.
    pub(super) fn declared(function: &Function) -> Option<Self> {
        let declared = function.slope_range.as_ref()?;
        Some(Self {
            low: Interval::rational(&declared.low)?.low,
            high: Interval::rational(&declared.high)?.high,
            error: 0.0,
            up_to: f64::INFINITY,
            proof: Proof::Declared,
        })
    }

    /// The greatest magnitude.
    pub fn magnitude(&self) -> f64 {
        self.high.max(-self.low)
    }
}

/// Arguments beyond this are enclosed by two intervals that end at infinity.
const FAR: f64 = 64.0;
/// Where the enclosure is no better than this, it is split further.
const TOLERANCE: f64 = 1e-7;
const MOST_INTERVALS: usize = 100_000;

/// The range of the derivative of an activation by its first argument; none if nothing is known of it.
///
/// `extra` are the arguments behind the `;`.
pub(super) fn slope_range(
    system: &System,
    step_at_zero: StepAtZero,
    function: FunctionId,
    slope: Option<TermId>,
    extra: &[f64],
) -> Option<Range> {
    let known = system.function(function);
    if known.span.is_none()
        && let Some(row) = functions::row(&known.name)
        && row.usual.len() == extra.len()
        && row
            .usual
            .iter()
            .zip(extra)
            .all(|(usual, own)| usual.total_cmp(own).is_eq())
    {
        let (low, high) = row.slope_range;
        return (low.is_finite() && high.is_finite()).then_some(Range {
            low,
            high,
            error: 0.0,
            up_to: f64::INFINITY,
            proof: Proof::Table,
        });
    }
    if let Some(declared) = Range::declared(known) {
        return Some(declared);
    }
    let slope = slope?;
    let evaluator = Evaluator {
        system,
        step_at_zero,
    };
    let extra: Vec<Interval> = extra.iter().copied().map(Interval::of).collect();
    let enclosed = |u: Interval| -> Option<Interval> {
        let arguments: Vec<Interval> = [u].into_iter().chain(extra.iter().copied()).collect();
        evaluator.term(slope, &arguments)
    };
    let mut known: Vec<f64> = Vec::new();
    for (at, value) in &system.function(function).slopes_at {
        // The place does not depend on the argument.
        let arguments: Vec<Interval> = [Interval::of(0.0)]
            .into_iter()
            .chain(extra.iter().copied())
            .collect();
        let place = evaluator.term(*at, &arguments)?;
        let arguments: Vec<Interval> = [place].into_iter().chain(extra.iter().copied()).collect();
        let value = evaluator.term(*value, &arguments)?;
        known.extend([value.low, value.high]);
    }
    let least = greatest(&|u| enclosed(u).map(|slope| Interval::new(-slope.high, -slope.low)))?;
    let most = greatest(&enclosed)?;
    let tails = [
        enclosed(Interval::new(FAR, f64::INFINITY))?,
        enclosed(Interval::new(f64::NEG_INFINITY, -FAR))?,
    ];
    let (mut low, mut high) = (-least.above, most.above);
    for value in known {
        (low, high) = (low.min(value), high.max(value));
    }
    let finite = tails
        .iter()
        .all(|tail| tail.low.is_finite() && tail.high.is_finite());
    let error = (least.above - least.reached).max(most.above - most.reached);
    if finite {
        for tail in tails {
            (low, high) = (low.min(tail.low), high.max(tail.high));
        }
    }
    (low.is_finite() && high.is_finite()).then_some(Range {
        low,
        high,
        error,
        up_to: if finite { f64::INFINITY } else { FAR },
        proof: Proof::Enclosed,
    })
}

/// The greatest value of a function on [-FAR, FAR]: enclosed from above, and one that is reached.
struct Greatest {
    above: f64,
    reached: f64,
}

/// An interval with the enclosure's upper end, by which intervals are taken.
struct Open {
    above: f64,
    u: Interval,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.above
            .total_cmp(&other.above)
            .then(other.u.low.total_cmp(&self.u.low))
    }
}

/// Branch and bound: the interval with the greatest upper end is halved until it cannot hide much.
fn greatest(function: &dyn Fn(Interval) -> Option<Interval>) -> Option<Greatest> {
    // Kinks are mostly at 0: there is an interval of its own for it.
    let tiny = f64::MIN_POSITIVE;
    let mut open = BinaryHeap::new();
    let mut reached = f64::NEG_INFINITY;
    let starts = [
        Interval::new(-FAR, -tiny),
        Interval::of(0.0),
        Interval::new(tiny, FAR),
    ];
    for u in starts {
        let above = function(u)?.high;
        open.push(Open { above, u });
    }
    for _ in 0..MOST_INTERVALS {
        let top = open.peek()?;
        if top.above - reached <= TOLERANCE {
            break;
        }
        let u = top.u;
        let middle = if u.low * u.high > 0.0
            && u.high.abs().max(u.low.abs()) > 8.0 * u.low.abs().min(u.high.abs())
        {
            // Across many orders of magnitude, by magnitude.
            u.low.signum() * (u.low * u.high).sqrt().clamp(tiny, FAR)
        } else {
            u.low + (u.high - u.low) / 2.0
        };
        reached = reached.max(function(Interval::of(middle))?.low);
        if middle <= u.low || middle >= u.high {
            break;
        }
        open.pop();
        for half in [Interval::new(u.low, middle), Interval::new(middle, u.high)] {
            let above = function(half)?.high;
            open.push(Open { above, u: half });
        }
    }
    Some(Greatest {
        above: open.peek()?.above,
        reached,
    })
}
