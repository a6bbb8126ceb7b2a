//! Arrays side by side and below one another, from conditions on the letter that goes through all of them.

use smallvec::SmallVec;

use super::expression::Expression;
use super::recover::{Node, Recovery};
use super::refusal::Refusal;
use crate::array::Over;
use crate::term::{Affine, Domain, Node as Term, Relation, Substitution, TermId, VarId};

impl Recovery<'_> {
    /// `{ x_i if i ≤ n; y_{i-n} otherwise }` is `x` on top of `y`.
    pub(super) fn joined(
        &mut self,
        branches: &[(TermId, TermId)],
        context: &Domain,
    ) -> Result<Node, Refusal> {
        let mut letter = None;
        let mut before = Affine::int(0);
        // What stands in each branch, with the letter of its places and how many these are.
        let mut parts: Vec<(VarId, Affine, Node)> = Vec::with_capacity(branches.len());
        for (at, (condition, value)) in branches.iter().enumerate() {
            let last = at + 1 == branches.len();
            let bound = match self.system.store.node(*condition) {
                Term::Guard(domain) if !last => match domain.constraints() {
                    [only] if only.relation() == Relation::NonNegative => only.affine().clone(),
                    _ => return Err(Refusal::Entrywise),
                },
                _ if last && self.system.store.is_one(*condition) => Affine::int(0),
                _ => return Err(Refusal::Entrywise),
            };
            let own = match letter {
                Some(letter) => letter,
                None => {
                    let own = self.letter_of(&bound.scaled((-1).into()));
                    *letter.insert(own.ok_or(Refusal::Entrywise)?)
                }
            };
            let high = if last {
                self.size(own)
            } else {
                bound.plus(&Affine::var(own))
            };
            if high.mentions(own) {
                return Err(Refusal::Entrywise);
            }
            let size = high.minus(&before);
            let name = self.system.store.letter(own).to_owned();
            let fresh = self.system.store.fresh_var(&name);
            let place = before.plus(&Affine::var(fresh));
            let moved = Substitution::new([(own, place)]);
            let value = self.system.store.substitute(*value, &moved);
            let range = Domain::between(&Affine::int(1), &Affine::var(fresh), &size);
            let inside = moved.domain(context).and(&range);
            self.letters.push((fresh, size.clone()));
            let node = self.node(value, &inside);
            self.letters.pop();
            parts.push((fresh, size, node?));
            before = high;
        }
        let own = letter.ok_or(Refusal::Entrywise)?;
        self.side_by_side(own, parts)
    }

    /// Arrays one behind the other along a letter, whatever other letter they have.
    fn side_by_side(
        &mut self,
        own: VarId,
        parts: Vec<(VarId, Affine, Node)>,
    ) -> Result<Node, Refusal> {
        let mut others: SmallVec<[VarId; 2]> = SmallVec::new();
        for (fresh, _, node) in &parts {
            for var in &node.axes {
                if var != fresh && !others.contains(var) {
                    others.push(*var);
                }
            }
        }
        // As most of them stand, so that fewer are turned.
        let upright = |(fresh, _, node): &&(VarId, Affine, Node)| node.axes.last() == Some(fresh);
        let rows = parts.iter().filter(upright).count();
        let matrices = parts.iter().filter(|part| part.2.axes.len() == 2).count();
        let (over, axes) = match others[..] {
            [] => (Over::Columns, SmallVec::from_slice(&[own])),
            [other] if 2 * rows >= matrices => (Over::Rows, SmallVec::from_slice(&[other, own])),
            [other] => (Over::Columns, SmallVec::from_slice(&[own, other])),
            _ => return Err(Refusal::Axes(3)),
        };
        let mut arrays = Vec::with_capacity(parts.len());
        for (fresh, size, node) in parts {
            self.letters.push((fresh, size.clone()));
            // One line that has no letter of its own is a line: a column beside a matrix, a row below it.
            let single = size == Affine::int(1) && !node.axes.contains(&fresh);
            let array = match (others.first(), over) {
                // A number is one entry of a column.
                (None, _) if single => Ok(node),
                (None, _) => self.spread(node, &[fresh]),
                (Some(other), _) if single => self.spread(node, &[*other]),
                (Some(other), Over::Rows) => self.spread(node, &[*other, fresh]),
                (Some(other), Over::Columns) => self.spread(node, &[fresh, *other]),
            };
            self.letters.pop();
            let array = array?.array;
            let below = single && over == Over::Columns && !others.is_empty();
            arrays.push(if below { array.transposed() } else { array });
        }
        Ok(Node {
            axes,
            array: Expression::joined(over, arrays),
        })
    }
}
