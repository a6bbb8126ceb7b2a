//! What is given at a point, what is added to it, and everything that was computed there.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::array::Array;
use super::assumed::Place;
use super::frame::Home;
use super::program::{BlockId, Program};

/// The values of everything that is given from outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point {
    /// Arrays of inputs, and of derivatives that are given.
    pub(crate) given: FxHashMap<BlockId, Rc<Array>>,
    /// Chooses the random smooth functions that stand for opaque ones.
    pub(crate) seed: u64,
}

/// What is added to blocks: to their values, or to their derivatives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shift {
    /// By block, one number for each element.
    pub(crate) blocks: FxHashMap<BlockId, Vec<f64>>,
}

impl Shift {
    /// What is added to one element.
    pub(crate) fn set(&mut self, program: &Program<'_>, (block, offset): Place, added: f64) {
        self.of_block(program, block)[offset] = added;
    }

    /// What is added to the elements of a block.
    pub(crate) fn of_block(&mut self, program: &Program<'_>, block: BlockId) -> &mut Vec<f64> {
        let nothing = || vec![0.0; program.block(block).layout.len()];
        self.blocks.entry(block).or_insert_with(nothing)
    }

    /// 1 at one element.
    pub(crate) fn unit(program: &Program<'_>, block: BlockId, offset: usize) -> Self {
        let mut shift = Self::default();
        shift.set(program, (block, offset), 1.0);
        shift
    }
}

/// Everything that was computed at one point.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(super) arrays: Vec<Option<Rc<Array>>>,
    /// The temporaries that hold sums of products, by the piece that needed them.
    pub(super) sums: FxHashMap<(Home, u32), Rc<Array>>,
    /// The blocks that each block read.
    pub(super) reads: Vec<Vec<BlockId>>,
    /// The arguments of kinked functions and comparisons that each block met.
    pub(super) kinks: Vec<Vec<f64>>,
    /// How large arguments of exponentials were in each block, up or down.
    pub(super) exponents: Vec<f64>,
    /// Whether a function met a matrix that is too near a singular one to compare its values.
    pub(super) near_singular: bool,
    /// Blocks in the order in which they were finished.
    pub(super) order: Vec<BlockId>,
    /// The blocks that are being computed.
    pub(super) active: Vec<bool>,
}

impl Values {
    /// The array of a block that was computed.
    pub(crate) fn array(&self, id: BlockId) -> Option<&Rc<Array>> {
        self.arrays.get(id.0 as usize)?.as_ref()
    }

    /// The kinks that a block met.
    pub(crate) fn kinks(&self, id: BlockId) -> &[f64] {
        self.kinks.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Computed blocks, each behind those that it read.
    pub(crate) fn order(&self) -> &[BlockId] {
        &self.order
    }

    /// For each block whether it depends on one of `sources`.
    pub(crate) fn affected(&self, sources: impl Iterator<Item = BlockId>) -> Vec<bool> {
        let mut affected = vec![false; self.arrays.len()];
        let mut first = usize::MAX;
        for source in sources {
            if let Some(flag) = affected.get_mut(source.0 as usize) {
                *flag = true;
                first = 0;
            }
        }
        if first == usize::MAX {
            return affected;
        }
        for id in &self.order {
            let at = id.0 as usize;
            affected[at] =
                affected[at] || self.reads[at].iter().any(|read| affected[read.0 as usize]);
        }
        affected
    }

    /// How large arguments of exponentials were.
    pub(crate) fn exponent(&self) -> f64 {
        self.exponents.iter().copied().fold(0.0, f64::max)
    }

    /// What does not depend on a block.
    pub(crate) fn without(&self, source: BlockId) -> Values {
        let affected = self.affected(std::iter::once(source));
        let kept = |id: &BlockId| !affected[id.0 as usize];
        let mut left = Values {
            near_singular: self.near_singular,
            order: self.order.iter().copied().filter(kept).collect(),
            sums: self
                .sums
                .iter()
                .filter(|(((id, _), _), _)| kept(id))
                .map(|(key, sum)| (*key, Rc::clone(sum)))
                .collect(),
            ..Values::default()
        };
        left.grow(self.arrays.len());
        for id in &left.order {
            let at = id.0 as usize;
            left.arrays[at].clone_from(&self.arrays[at]);
            left.reads[at].clone_from(&self.reads[at]);
            left.kinks[at].clone_from(&self.kinks[at]);
            left.exponents[at] = self.exponents[at];
        }
        left
    }

    pub(super) fn grow(&mut self, count: usize) {
        if self.arrays.len() < count {
            self.arrays.resize(count, None);
            self.reads.resize(count, Vec::new());
            self.kinks.resize(count, Vec::new());
            self.exponents.resize(count, 0.0);
            self.active.resize(count, false);
        }
    }

    /// Forgets what was computed over other values; its memory stays.
    pub(super) fn clear(&mut self) {
        for id in self.order.drain(..) {
            self.arrays[id.0 as usize] = None;
            self.kinks[id.0 as usize].clear();
            self.exponents[id.0 as usize] = 0.0;
        }
        self.sums.clear();
        self.near_singular = false;
    }
}
