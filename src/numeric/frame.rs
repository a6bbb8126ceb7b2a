//! What one run of a code keeps: the values of its letters, and what it has read and computed.

use std::rc::Rc;

use smallvec::{SmallVec, smallvec};

use crate::term::FamilyId;

use super::array::Array;
use super::code::Code;
use super::program::{Block, BlockId, Keys};

/// The memory of one run. Most codes are small, and most blocks too: nothing is allocated for them.
#[derive(Debug)]
pub(super) struct Frame<S> {
    pub(super) registers: SmallVec<[i64; 8]>,
    /// The blocks that are read at fixed slots.
    pub(super) arrays: SmallVec<[Option<Rc<Array>>; 6]>,
    pub(super) temporaries: SmallVec<[Option<Rc<Array>>; 4]>,
    pub(super) memos: SmallVec<[Vec<Option<S>>; 2]>,
    /// The blocks that are read at slots that depend on letters.
    pub(super) slots: Slots,
    pub(super) parameters: Vec<S>,
    /// What is computed: a piece of a block.
    pub(super) home: Option<Home>,
}

/// A piece of a block.
pub(super) type Home = (BlockId, usize);

impl<S> Frame<S> {
    pub(super) fn new(code: &Code, parameters: Vec<S>) -> Self {
        Self {
            home: None,
            registers: smallvec![0; code.registers],
            arrays: smallvec![None; code.blocks.len()],
            temporaries: smallvec![None; code.temporaries.len()],
            memos: code.memos.iter().map(|_| Vec::new()).collect(),
            slots: Slots::default(),
            parameters,
        }
    }
}

/// Some blocks with their slots and values.
#[derive(Debug, Default)]
pub(super) struct Slots(Vec<Slot>);

#[derive(Debug)]
struct Slot {
    family: FamilyId,
    keys: Keys,
    block: Rc<Block>,
    array: Rc<Array>,
}

/// More blocks than this are found faster in the program.
const MOST_SLOTS: usize = 16;

impl Slots {
    /// The block of a family at these slots, if it was added.
    pub(super) fn find(&self, family: FamilyId, keys: &Keys) -> Option<(&Block, &Array)> {
        let mut slots = self.0.iter();
        let slot = slots.find(|slot| slot.family == family && slot.keys == *keys)?;
        Some((&slot.block, &slot.array))
    }

    /// Adds a block while there is room.
    pub(super) fn add(&mut self, family: FamilyId, keys: Keys, block: Rc<Block>, array: Rc<Array>) {
        if self.0.len() < MOST_SLOTS {
            self.0.push(Slot {
                family,
                keys,
                block,
                array,
            });
        }
    }
}
