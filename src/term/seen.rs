//! What a walk has met.

use std::hash::Hash;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// So many are looked through one by one: most walks are over terms of a few nodes, for which a table costs more.
const FEW: usize = 12;

/// The things that a walk has met, which are few in most cases.
#[derive(Debug, Clone)]
pub(crate) struct Seen<T> {
    few: SmallVec<[T; FEW]>,
    many: FxHashSet<T>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self {
            few: SmallVec::new(),
            many: FxHashSet::default(),
        }
    }
}

impl<T: Copy + Eq + Hash> Seen<T> {
    /// Adds one; whether it is new.
    pub(crate) fn insert(&mut self, one: T) -> bool {
        if self.few.len() < FEW {
            let new = !self.few.contains(&one);
            if new {
                self.few.push(one);
            }
            return new;
        }
        !self.few.contains(&one) && self.many.insert(one)
    }
}
