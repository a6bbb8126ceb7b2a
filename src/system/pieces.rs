//! Finding the pieces of a family that an index may fall into, without looking at all of them.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::System;
use crate::term::{Affine, FamilyId};

/// The clauses of families, found by their constant entries. Keeps what it has looked at, so that finding many costs no
/// more than what is found; for families whose clauses are all there.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClauseIndex {
    families: FxHashMap<FamilyId, PieceIndex>,
}

impl ClauseIndex {
    /// The clauses that an index may fall into, by their constant entries alone; general ones first.
    pub(crate) fn candidates(
        &mut self,
        system: &System,
        family: FamilyId,
        index: &[Affine],
    ) -> Numbers {
        let clauses = &system.family(family).clauses;
        self.families
            .entry(family)
            .or_insert_with(|| PieceIndex::new(clauses.iter().map(|clause| &*clause.index)))
            .candidates(index)
    }

    /// The clauses in which an index may lie.
    pub(crate) fn at(&mut self, system: &System, family: FamilyId, index: &[Affine]) -> Numbers {
        let clauses = &system.family(family).clauses;
        if clauses.len() < 2 {
            return (0..clauses.len()).collect();
        }
        let mut found = self.candidates(system, family, index);
        found.retain(|number| !clauses[*number].at(index).1.is_nothing());
        found
    }
}

/// The pieces of one family, those with constant entries found by hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct PieceIndex {
    /// General ones first.
    groups: Vec<Group>,
}

/// Numbers of pieces: mostly one.
pub(crate) type Numbers = SmallVec<[usize; 2]>;

/// Pieces whose index has constants at the same positions.
#[derive(Debug, Clone)]
struct Group {
    positions: SmallVec<[u16; 2]>,
    pieces: FxHashMap<SmallVec<[i64; 2]>, Numbers>,
    all: Vec<usize>,
}

impl PieceIndex {
    /// The index of pieces given by their left sides.
    pub(super) fn new<'a>(pieces: impl IntoIterator<Item = &'a [Affine]>) -> Self {
        let mut result = Self::default();
        for (at, piece) in pieces.into_iter().enumerate() {
            result.insert(at, piece);
        }
        result
    }

    /// Adds a piece with its number.
    pub(crate) fn insert(&mut self, at: usize, piece: &[Affine]) {
        let mut positions: SmallVec<[u16; 2]> = SmallVec::new();
        let mut values: SmallVec<[i64; 2]> = SmallVec::new();
        for (position, entry) in piece.iter().enumerate() {
            if let Some(value) = entry.as_int() {
                positions.push(u16::try_from(position).expect("few indices"));
                values.push(value);
            }
        }
        let known = self
            .groups
            .iter()
            .position(|group| group.positions == positions);
        let number = known.unwrap_or_else(|| {
            let constants = positions.len();
            let behind = |group: &Group| group.positions.len() <= constants;
            let number = self.groups.partition_point(behind);
            let group = Group {
                positions,
                pieces: FxHashMap::default(),
                all: Vec::new(),
            };
            self.groups.insert(number, group);
            number
        });
        let group = &mut self.groups[number];
        group.pieces.entry(values).or_default().push(at);
        group.all.push(at);
    }

    /// The pieces that `index` may fall into, general ones first.
    pub(crate) fn candidates(&self, index: &[Affine]) -> Numbers {
        let mut found = Numbers::new();
        for group in &self.groups {
            let values: Option<SmallVec<[i64; 2]>> = group
                .positions
                .iter()
                .map(|position| index.get(usize::from(*position)).and_then(Affine::as_int))
                .collect();
            match values {
                Some(values) => {
                    found.extend(group.pieces.get(&values).into_iter().flatten().copied());
                }
                None => found.extend_from_slice(&group.all),
            }
        }
        found
    }
}
