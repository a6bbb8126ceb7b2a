//! Many families along one direction.
//!
//! The derivative of one number along a direction is the sum of its derivatives by all elements that move, also where
//! some of these are read by others: each is moved by itself. Weights are chosen such that every element adds about 1
//! to what the formulas say of the sum, however small its derivative is, and that the sum is not small: an error in one
//! element is then as large a part of the sum as an error of the same part in any other. They are random, so that
//! errors do not cancel, and others at each point.

use super::along::{Along, Met, Seen, steps};
use super::compare::{Comparison, Differences, LANES, Part};
use super::confirm::Tally;
use super::dual::Dual;
use super::groups::Element;
use super::readings::{AGREEMENT, Readings};
use super::sample::{LEAST_WEIGHT, Sample};
use super::values::Shift;

/// Derivatives that are smaller than this part of the largest one of their family are not magnified further: the
/// rounding of the others would be.
const LEAST_PART: f64 = 1e-6;

/// The same for differences, by all families: what is magnified moves further, and the function bends on the way.
const LEAST_SLOPE: f64 = 1e-2;

/// Steps for directions that meet a kink within the usual one.
const SMALLER_STEPS: [f64; 3] = [7.5e-7, 2.4e-7, 6e-8];

/// The directions of one pass.
const MAGNIFIED: usize = 0;
const ZEROS: usize = 1;
const GENTLE: usize = 2;

/// An element with what its formula says of it.
struct Claim {
    element: Element,
    /// Where it is in what is differentiated by.
    place: super::assumed::Place,
    value: f64,
    /// The smallest absolute value that it is taken to have.
    least: f64,
}

impl Comparison<'_, '_> {
    /// Families of one output along one direction; where that does not agree each half by itself, down to a few
    /// elements of one family, which are compared one by one.
    pub(super) fn compare_jointly(
        &mut self,
        parts: &[Part<'_>],
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
    ) {
        if self.agree_jointly(parts, sample, claims, tallies, seen) {
            return;
        }
        let halves = match parts {
            [part] if part.columns.len() <= LANES => {
                self.compare_elements(part, Differences::Each, sample, claims, tallies, seen);
                return;
            }
            [part] if self.patience == 0 => {
                self.compare_direction(part, sample, claims, tallies, seen);
                return;
            }
            [part] => {
                let (some, others) = part.columns.split_at(part.columns.len() / 2);
                [some, others].map(|columns| vec![Part { columns, ..*part }])
            }
            _ => {
                let (some, others) = parts.split_at(parts.len() / 2);
                [some, others].map(<[Part<'_>]>::to_vec)
            }
        };
        for half in halves {
            let mut formulas = half.iter().flat_map(|part| &part.group.formulas);
            // What is known to be wrong needs no further point.
            if !formulas.all(|formula| tallies[*formula].failure.is_some()) {
                self.compare_jointly(&half, sample, claims, tallies, seen);
            }
        }
    }

    /// Whether all formulas of some families agree with both routes. Notes nothing if they do not.
    fn agree_jointly(
        &mut self,
        parts: &[Part<'_>],
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
    ) -> bool {
        if self.patience == 0 {
            return false;
        }
        let agree = self.try_jointly(parts, sample, claims, tallies, seen);
        self.patience -= usize::from(!agree);
        agree
    }

    fn try_jointly(
        &mut self,
        parts: &[Part<'_>],
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
        tallies: &mut [Tally],
        seen: &mut Seen,
    ) -> bool {
        let said = self.claims_of(parts, sample, claims);
        if said.is_empty() {
            return true;
        }
        if said.iter().any(|claim| !claim.value.is_finite()) {
            return false;
        }
        let largest = said
            .iter()
            .fold(0.0, |most: f64, claim| most.max(claim.value.abs()));
        let share = 1.0 / (said.len() as f64).sqrt();
        let mut shifts = [Shift::default(), Shift::default(), Shift::default()];
        let (mut sum, mut slope, mut terms) = (0.0, 0.0, 0.0);
        for claims in said.chunk_by(|a, b| a.place.0 == b.place.0) {
            let [magnified, zeros, gentle] = shifts
                .each_mut()
                .map(|shift| shift.of_block(self.program, claims[0].place.0));
            for claim in claims {
                let (value, at) = (claim.value, claim.place.1);
                let weight = self.directions.next();
                if value == 0.0 {
                    zeros[at] = weight;
                } else {
                    let size = value.abs().max(claim.least).clamp(1e-100, 1e100);
                    magnified[at] = weight.abs() * value.signum() / size;
                    sum += value * magnified[at];
                }
                gentle[at] = weight * share;
                if largest > 0.0 {
                    gentle[at] *= largest / value.abs().max(LEAST_SLOPE * largest);
                }
                slope += value * gentle[at];
                terms += (value * gentle[at]).abs();
            }
        }
        let of = parts[0].group.of;
        let mut duals = self.evaluator::<Dual<3>>(sample, &shifts);
        let truths = [MAGNIFIED, ZEROS, GENTLE].map(|lane| {
            let mut along = Along {
                duals: &mut duals,
                shift: &shifts[lane],
                lane,
            };
            along.slope(self.program, of, &[])
        });
        duals.end();
        let gap = (truths[MAGNIFIED] - sum).abs();
        let same = gap <= AGREEMENT * LEAST_WEIGHT
            && truths[ZEROS] == 0.0
            && (truths[GENTLE] - slope).abs() <= AGREEMENT * terms;
        if !same {
            return false;
        }
        let slopes = [(&[][..], truths[GENTLE])];
        let meet = |steps: &[f64]| self.meet(of, &slopes, &shifts[GENTLE], steps, sample)[0];
        let mut met = Met::NearKink;
        if !sample.at_kink {
            met = meet(&steps(&shifts[GENTLE], sample));
        }
        if met == Met::NearKink && !sample.any_zero {
            met = meet(&SMALLER_STEPS);
        }
        if matches!(met, Met::Differs(_)) {
            return false;
        }
        let error = if sum > 0.0 { gap / sum } else { 0.0 };
        for claims in said.chunk_by(|a, b| a.element.formula == b.element.formula) {
            let formula = claims[0].element.formula;
            let live = claims.iter().any(|claim| claim.value != 0.0);
            *seen.entry(formula).or_insert(false) |= live;
            let tally = &mut tallies[formula];
            tally.compared += 1;
            tally.worst = tally.worst.max(error);
            tally.near_kinks += usize::from(met == Met::NearKink);
        }
        true
    }

    /// What the formulas of some families say of all elements that they speak of at a point.
    fn claims_of(
        &self,
        parts: &[Part<'_>],
        sample: &Sample,
        claims: &mut Readings<'_, '_>,
    ) -> Vec<Claim> {
        let mut said: Vec<Claim> = Vec::new();
        for part in parts {
            if sample.any_zero && self.run.off_kinks.contains(&part.group.adjoint) {
                continue;
            }
            let first = said.len();
            let mut largest: f64 = 0.0;
            for column in part.columns {
                for element in &column.elements {
                    if self.broken.contains(&element.formula) {
                        continue;
                    }
                    let value = claims.value(element.block, element.offset);
                    largest = largest.max(value.abs());
                    said.push(Claim {
                        element: *element,
                        place: (column.block, column.offset),
                        value,
                        least: 0.0,
                    });
                }
            }
            for claim in &mut said[first..] {
                claim.least = LEAST_PART * largest;
            }
        }
        said
    }
}
