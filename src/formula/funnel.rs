//! Where the ways from a quantity to the output come together again.
//!
//! Layer norm reads its input three times, and all of it goes through the normalised values: the gradient by the
//! input is best said in terms of the gradient by these.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::derive::{Derivation, reads_counted};
use crate::system::{FamilyKind, System};
use crate::term::FamilyId;

/// So many single steps are followed before the ways part.
const MOST_SINGLE: usize = 3;

/// So many families may lie between.
const MOST_BETWEEN: usize = 12;

/// The uses of each family, towards one output.
#[derive(Debug, Default)]
pub(super) struct Funnels {
    /// Who reads a family, and in how many ways.
    users: FxHashMap<FamilyId, Vec<(FamilyId, usize)>>,
    /// The place of each adjoint in the sweep: those of larger places are further from the output.
    places: FxHashMap<(FamilyId, FamilyId), usize>,
}

impl Funnels {
    /// All that the definitions of the network read.
    pub(super) fn of(derivation: &Derivation) -> Self {
        let system = &derivation.system;
        let mut result = Self::default();
        for (place, adjoint) in derivation.adjoints.iter().enumerate() {
            if let FamilyKind::Adjoint { of, wrt } = system.family(adjoint.family).kind {
                result.places.insert((of, wrt), place);
            }
        }
        for at in 0..system.families.len() {
            let user = FamilyId(at as u32);
            if system.family(user).kind == FamilyKind::Defined {
                for (read, ways) in reads_counted(system, user) {
                    result.users.entry(read).or_default().push((user, ways));
                }
            }
        }
        result
    }

    /// The family through which all ways from an adjoint's quantity to its output go once they have parted; none if
    /// they do not part soon, or meet only in the output.
    pub(super) fn behind(&self, system: &System, adjoint: FamilyId) -> Option<FamilyId> {
        let FamilyKind::Adjoint { of, wrt } = system.family(adjoint).kind else {
            return None;
        };
        let mut from = wrt;
        let mut open = self.towards(of, from);
        for _ in 0..MOST_SINGLE {
            let [only] = open.as_slice() else {
                break;
            };
            // Ways may part and meet in one definition: a softmax reads its input above and below.
            if self.ways(from, *only) > 1 {
                return (*only != of).then_some(*only);
            }
            from = *only;
            open = self.towards(of, from);
        }
        if open.len() < 2 {
            return None;
        }
        let mut passed: FxHashSet<FamilyId> = FxHashSet::default();
        for _ in 0..MOST_BETWEEN {
            if let [only] = open.as_slice() {
                return (*only != of).then_some(*only);
            }
            // The one that is furthest from the output is passed first.
            let furthest = open
                .iter()
                .copied()
                .filter(|family| *family != of)
                .max_by_key(|family| self.places.get(&(of, *family)))?;
            if !passed.insert(furthest) {
                return None;
            }
            open.retain(|family| *family != furthest);
            for next in self.towards(of, furthest) {
                if !open.contains(&next) {
                    open.push(next);
                }
            }
        }
        None
    }

    fn ways(&self, from: FamilyId, user: FamilyId) -> usize {
        let users = self.users.get(&from).map_or(&[][..], Vec::as_slice);
        let found = users.iter().find(|(other, _)| *other == user);
        found.map_or(0, |(_, ways)| *ways)
    }

    /// The users of a family on the way to the output.
    fn towards(&self, of: FamilyId, family: FamilyId) -> Vec<FamilyId> {
        let users = self.users.get(&family).map_or(&[][..], Vec::as_slice);
        users
            .iter()
            .map(|(user, _)| *user)
            .filter(|user| *user == of || self.places.contains_key(&(of, *user)))
            .collect()
    }
}
