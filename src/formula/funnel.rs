//! Where the ways from a quantity to the output come together again.
//!
//! Layer norm reads its input three times, and all of it goes through the normalised values: the gradient by the
//! input is best said in terms of the gradient by these.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::derive::{Derivation, accesses};
use crate::system::{ClauseIndex, FamilyKind, System};
use crate::term::{Affine, FamilyId};

/// So many single steps are followed before the ways part.
const MOST_SINGLE: usize = 3;

/// So many pieces may lie between.
const MOST_BETWEEN: usize = 12;

/// A clause of a family, by its number: layers that share a name are told apart by their slots.
type Piece = (FamilyId, usize);

/// The uses of each piece, towards one output.
#[derive(Debug, Default)]
pub(super) struct Funnels {
    /// Who reads a piece, and in how many ways.
    users: FxHashMap<Piece, Vec<(Piece, usize)>>,
    reads: FxHashMap<Piece, Vec<Piece>>,
    clauses: ClauseIndex,
    /// For each output the pieces that it depends on, with numbers that grow towards it.
    ranks: FxHashMap<FamilyId, FxHashMap<Piece, usize>>,
}

impl Funnels {
    /// All that the definitions of the network read.
    pub(super) fn of(derivation: &Derivation) -> Self {
        let system = &derivation.system;
        let mut result = Self::default();
        for family in system.family_ids() {
            let row = system.family(family);
            if let FamilyKind::OpaqueLoss(arguments) = &row.kind {
                for (argument, _) in arguments {
                    let clauses = 0..system.family(*argument).clauses.len();
                    let pieces = clauses.map(|number| (*argument, number));
                    result.reads.entry((family, 0)).or_default().extend(pieces);
                }
            }
            if row.kind != FamilyKind::Defined {
                continue;
            }
            for (number, clause) in row.clauses.iter().enumerate() {
                let mut ways: Vec<(Piece, usize)> = Vec::new();
                for (read, index) in clause
                    .body
                    .into_iter()
                    .flat_map(|body| accesses(system, body))
                {
                    for piece in result.pieces_at(system, read, &index) {
                        match ways.iter_mut().find(|(other, _)| *other == piece) {
                            Some((_, count)) => *count += 1,
                            None => ways.push((piece, 1)),
                        }
                    }
                }
                let user = (family, number);
                result
                    .reads
                    .insert(user, ways.iter().map(|(read, _)| *read).collect());
                for (read, count) in ways {
                    result.users.entry(read).or_default().push((user, count));
                }
            }
        }
        result
    }

    /// The clauses in which an index may lie.
    fn pieces_at(&mut self, system: &System, family: FamilyId, index: &[Affine]) -> Vec<Piece> {
        let numbers = self.clauses.at(system, family, index);
        numbers.into_iter().map(|number| (family, number)).collect()
    }

    /// The family through which all ways from an adjoint's quantity to its output go once they have parted; none if
    /// they do not part soon, or meet only in the output.
    pub(super) fn behind(
        &mut self,
        system: &System,
        adjoint: FamilyId,
        index: &[Affine],
    ) -> Option<FamilyId> {
        let FamilyKind::Adjoint { of, wrt } = system.family(adjoint).kind else {
            return None;
        };
        let quantity = system.family(wrt);
        let own = &index[index.len() - quantity.slots - quantity.axes..];
        let [mut from] = self.pieces_at(system, wrt, own)[..] else {
            return None;
        };
        self.rank(system, of);
        let mut open = self.towards(of, from);
        for _ in 0..MOST_SINGLE {
            let [only] = open[..] else {
                break;
            };
            // Ways may part and meet in one definition: a softmax reads its input above and below.
            if self.ways(from, only) > 1 {
                return (only.0 != of).then_some(only.0);
            }
            from = only;
            open = self.towards(of, from);
        }
        if open.len() < 2 {
            return None;
        }
        let mut passed: FxHashSet<Piece> = FxHashSet::default();
        for _ in 0..MOST_BETWEEN {
            if let [only] = open[..] {
                return (only.0 != of).then_some(only.0);
            }
            // The one that is furthest from the output is passed first.
            let ranks = self.ranks.get(&of)?;
            let others = open.iter().copied().filter(|piece| piece.0 != of);
            let furthest = others.min_by_key(|piece| ranks.get(piece))?;
            if !passed.insert(furthest) {
                return None;
            }
            open.retain(|piece| *piece != furthest);
            for next in self.towards(of, furthest) {
                if !open.contains(&next) {
                    open.push(next);
                }
            }
        }
        None
    }

    /// Numbers the pieces that an output depends on: what is read before what reads it.
    fn rank(&mut self, system: &System, of: FamilyId) {
        if self.ranks.contains_key(&of) {
            return;
        }
        let mut ranks: FxHashMap<Piece, usize> = FxHashMap::default();
        let mut seen: FxHashSet<Piece> = FxHashSet::default();
        let starts = 0..system.family(of).clauses.len();
        let mut stack: Vec<(Piece, bool)> = starts.map(|number| ((of, number), false)).collect();
        while let Some((piece, done)) = stack.pop() {
            if done {
                let next = ranks.len();
                ranks.insert(piece, next);
            } else if seen.insert(piece) {
                stack.push((piece, true));
                let below = self.reads.get(&piece).into_iter().flatten();
                stack.extend(below.map(|piece| (*piece, false)));
            }
        }
        self.ranks.insert(of, ranks);
    }

    fn ways(&self, from: Piece, user: Piece) -> usize {
        let mut users = self.users.get(&from).into_iter().flatten();
        let found = users.find(|(other, _)| *other == user);
        found.map_or(0, |(_, ways)| *ways)
    }

    /// The users of a piece on the way to the output.
    fn towards(&self, of: FamilyId, piece: Piece) -> Vec<Piece> {
        let users = self.users.get(&piece).into_iter().flatten();
        let ranks = self.ranks.get(&of);
        users
            .map(|(user, _)| *user)
            .filter(|user| ranks.is_some_and(|ranks| ranks.contains_key(user)))
            .collect()
    }
}
