//! Random smooth functions in place of opaque ones, with derivatives of every order.

use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

use crate::system::{FamilyKind, Primitive};
use crate::term::{FamilyId, FunctionId};

use super::evaluate::Evaluator;
use super::program::{BlockId, Program};
use super::scalar::Scalar;

/// `Σ_e (α_e u_e + β_e u_e²/2) + Σ_m κ_m sin(w_m · u + φ_m)`
#[derive(Debug)]
pub(crate) struct Smooth {
    linear: Vec<f64>,
    quadratic: Vec<f64>,
    waves: Vec<Wave>,
    /// The arguments of an opaque loss.
    arguments: Vec<(FamilyId, BlockId, Vec<i64>)>,
}

#[derive(Debug)]
struct Wave {
    amplitude: f64,
    phase: f64,
    weights: Vec<f64>,
}

/// A number in (-1, 1) that is determined by its arguments, away from 0.
fn scattered(key: impl Hash) -> f64 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    // One more round of mixing (SplitMix64, Steele et al. 2014).
    let mut bits = hasher.finish().wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let magnitude = 0.2 + 0.8 * ((bits >> 12) as f64 / (1u64 << 52) as f64);
    if bits & 1 == 0 { magnitude } else { -magnitude }
}

impl Smooth {
    /// In place of an opaque function.
    pub(crate) fn function(id: FunctionId, count: usize, seed: u64) -> Self {
        let key = |part: u32, at: usize| scattered((seed, 1u8, id.0, part, at));
        Self::random(count, key)
    }

    fn random(count: usize, key: impl Fn(u32, usize) -> f64) -> Self {
        Self {
            linear: (0..count).map(|at| key(0, at)).collect(),
            quadratic: (0..count).map(|at| key(1, at)).collect(),
            waves: (0..2u32)
                .map(|wave| Wave {
                    amplitude: key(10 + wave, 0),
                    phase: 3.0 * key(20 + wave, 0),
                    weights: (0..count).map(|at| key(30 + wave, at)).collect(),
                })
                .collect(),
            arguments: Vec::new(),
        }
    }

    /// In place of an opaque loss: a function of all elements that it is said to depend on.
    pub(crate) fn loss(program: &Program<'_>, loss: FamilyId, seed: u64) -> Self {
        let Some(FamilyKind::OpaqueLoss(arguments)) = program.kind(loss) else {
            unreachable!("only opaque losses are replaced");
        };
        let mut places = Vec::new();
        for (family, slots) in arguments {
            let keys = slots
                .iter()
                .map(|slot| program.instance.whole(slot).unwrap_or(0))
                .collect();
            let id = program.block_id(*family, keys);
            let block = program.block(id);
            for offset in 0..block.layout.len() {
                let dense = block.layout.index(offset);
                let index = program.full_index(*family, &block.keys, &dense);
                if program.is_element(&block, offset) {
                    places.push((*family, id, index));
                }
            }
        }
        let key = |part: u32, at: usize| scattered((seed, 2u8, loss.0, part, at));
        Self {
            arguments: places.clone(),
            ..Self::random(places.len(), key)
        }
    }

    /// The values of an opaque loss's arguments.
    pub(crate) fn arguments<S: Scalar>(&self, evaluator: &mut Evaluator<'_, '_, S>) -> Vec<S> {
        self.arguments
            .iter()
            .map(|(family, _, index)| evaluator.element(*family, index))
            .collect()
    }

    /// The number of an argument.
    pub(crate) fn place(&self, family: FamilyId, index: &[i64]) -> Option<usize> {
        self.arguments
            .iter()
            .position(|(other, _, at)| *other == family && at == index)
    }

    /// The value.
    pub(crate) fn value<S: Scalar>(&self, arguments: &[S], step_at_zero: f64) -> S {
        self.partial(arguments, &[], step_at_zero)
    }

    /// The derivative by the given arguments in turn; 0 by what it does not depend on.
    pub(crate) fn partial<S: Scalar>(
        &self,
        arguments: &[S],
        by: &[Option<usize>],
        step_at_zero: f64,
    ) -> S {
        let by: Option<Vec<usize>> = by.iter().copied().collect();
        let Some(by) = by else { return S::number(0.0) };
        let mut sum = match by.as_slice() {
            [] => {
                let mut sum = S::number(0.0);
                for (at, argument) in arguments.iter().enumerate() {
                    let bend = argument.scaled(self.quadratic[at] / 2.0);
                    sum = sum.plus(&argument.times(&bend.plus(&S::number(self.linear[at]))));
                }
                sum
            }
            [at] => arguments[*at]
                .scaled(self.quadratic[*at])
                .plus(&S::number(self.linear[*at])),
            [a, b] if a == b => S::number(self.quadratic[*a]),
            _ => S::number(0.0),
        };
        for wave in &self.waves {
            let mut phase = S::number(wave.phase + by.len() as f64 * std::f64::consts::FRAC_PI_2);
            for (argument, weight) in arguments.iter().zip(&wave.weights) {
                phase = phase.plus(&argument.scaled(*weight));
            }
            let factor = by
                .iter()
                .fold(wave.amplitude, |factor, at| factor * wave.weights[*at]);
            sum = sum.plus(&phase.apply(Primitive::Sin, step_at_zero).scaled(factor));
        }
        sum
    }
}
