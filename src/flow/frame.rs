//! The letters of a term, with the values that they take.

use crate::term::{Affine, Domain, VarId};

/// The letters that a term may have, with their greatest values; the least is 1.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) letters: Vec<(VarId, Affine)>,
    /// Where the term is read.
    pub(super) domain: Domain,
}

impl Frame {
    pub(super) fn all(&self) -> Vec<VarId> {
        self.letters.iter().map(|(letter, _)| *letter).collect()
    }

    pub(super) fn length(&self, letter: VarId) -> Option<&Affine> {
        let found = self.letters.iter().find(|(own, _)| *own == letter);
        found.map(|(_, length)| length)
    }

    pub(super) fn lengths(&self, letters: &[VarId]) -> Vec<Affine> {
        letters
            .iter()
            .filter_map(|letter| self.length(*letter).cloned())
            .collect()
    }

    /// All values that the letters take on their own.
    pub(super) fn whole(&self) -> Domain {
        let one = Affine::int(1);
        let mut whole = Domain::everything();
        for (letter, length) in &self.letters {
            whole = whole.and(&Domain::between(&one, &Affine::var(*letter), length));
        }
        whole
    }
}
