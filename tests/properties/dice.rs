//! Random choices with a fixed seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of choices; the same seed gives the same choices.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let others = number("CHAINRULE_SEED").unwrap_or(0);
        Self(ChaCha8Rng::seed_from_u64(seed + 1_000 * others))
    }

    /// A number from 0 to `count - 1`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.0.next_u64() % count as u64) as usize
    }

    /// A number from `low` to `high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    /// True once in `of` times.
    pub(crate) fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// One of the values.
    pub(crate) fn pick<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }

    /// One of the texts.
    pub(crate) fn word<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// A number between -2 and 2, sometimes a small fraction.
    pub(crate) fn real(&mut self) -> f64 {
        (self.between(-2000, 2000) as f64) / 1000.0
    }

    /// The values in another order.
    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        for at in (1..values.len()).rev() {
            values.swap(at, self.below(at + 1));
        }
    }
}

/// How many networks to try where `usual` are tried by default.
pub(crate) fn many(usual: usize) -> usize {
    usual * number("CHAINRULE_NETWORKS").unwrap_or(1) as usize
}

/// What the environment asks for.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
