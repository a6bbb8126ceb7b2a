//! What formulas with whole arrays rest on, said of whole arrays as well.

use super::access::Part;
use super::conditions::Span;
use super::document::{Inline, Prose};
use super::letters::Scope;
use super::math::{MathId, Sign};
use super::terms::Printer;
use super::wording::fill;
use crate::system::{Assumption, Fact, System};
use crate::term::{Affine, Cmp, FamilyId, Node, Reduction, TermId, VarId};

/// An element of a quantity at letters that are all of them.
type Elements<'s> = (FamilyId, &'s [Affine]);

impl Printer<'_> {
    /// An assumption without element indices; nothing where it speaks of single elements.
    pub(super) fn whole_assumption(&mut self, assumption: &Assumption) -> Option<Prose> {
        let scope = self.enter(Scope::EMPTY, &assumption.vars);
        match &assumption.fact {
            Fact::Compare(Cmp::Equal, left, right) => {
                let equation = self.sum_of_all(*left, *right, scope)?;
                Some(vec![Inline::Math(equation)])
            }
            Fact::Compare(cmp, left, right) => {
                let left = self.whole_side(*left, scope)?;
                let right = self.whole_side(*right, scope)?;
                let sign = self.boxes.sign(match cmp {
                    Cmp::Greater => Sign::Greater,
                    Cmp::GreaterEqual => Sign::GreaterEqual,
                    Cmp::NotEqual => Sign::NotEqual,
                    Cmp::Equal => Sign::Equals,
                });
                Some(vec![Inline::Math(self.boxes.row([left, sign, right]))])
            }
            Fact::OneHot(term, var) => {
                let (family, index) = elements(self.system, *term)?;
                let elements = &index[self.system.family(family).slots..];
                let words = &self.words.conditions;
                let text = match elements {
                    [_] => &words.one_hot_whole,
                    [_, column] if column.as_var() == Some(*var) => &words.one_hot_rows,
                    [row, _] if row.as_var() == Some(*var) => &words.one_hot_columns,
                    _ => return None,
                };
                let quantity = self.part(family, index, Part::Whole, scope).id;
                Some(fill(text, &[("quantity", &[Inline::Math(quantity)])]))
            }
            // These name no elements anyway.
            Fact::OneOf(..) | Fact::Matrix(..) => None,
        }
    }

    /// A side of a comparison: a number, or all elements of a quantity together.
    fn whole_side(&mut self, term: TermId, scope: Scope) -> Option<MathId> {
        if self.system.store.as_number(term).is_some() {
            return Some(self.term(term, scope).id);
        }
        let (family, index) = elements(self.system, term)?;
        Some(self.part(family, index, Part::Whole, scope).id)
    }

    /// `\mathbf{1}^{\top} y = 1` for a sum over all elements; `Y \mathbf{1} = \mathbf{1}` for one over each row.
    fn sum_of_all(&mut self, left: TermId, right: TermId, scope: Scope) -> Option<MathId> {
        let system = self.system;
        let Node::Reduce(Reduction::Sum, vars, domain, body) = system.store.node(left) else {
            return None;
        };
        let [var] = **vars else { return None };
        let (family, index) = elements(system, *body)?;
        let mut bounds = Vec::new();
        self.access_bounds(family, index, var, &mut bounds);
        let ranges = self.ranges(vars, domain, &mut |_, low, high| {
            bounds.contains(low) && bounds.contains(high)
        });
        if !ranges.rest.is_empty() || ranges.spans.iter().any(|(_, span)| *span != Span::Full) {
            return None;
        }
        let quantity = self.part(family, index, Part::Whole, scope);
        let ones = self.boxes.sign(Sign::Ones);
        let top = self.transpose_sign();
        let row_of_ones = self.boxes.script(ones, None, Some(top));
        let elements = &index[system.family(family).slots..];
        let at = |entry: &Affine| entry.as_var() == Some(var);
        let quantity = self.factor(quantity, false).id;
        let (sum, value) = match elements {
            [only] if at(only) => (
                self.boxes.row([row_of_ones, quantity]),
                self.term(right, scope).id,
            ),
            [_, column] if at(column) && system.store.is_one(right) => {
                (self.boxes.row([quantity, ones]), ones)
            }
            [row, _] if at(row) && system.store.is_one(right) => {
                (self.boxes.row([row_of_ones, quantity]), row_of_ones)
            }
            _ => return None,
        };
        let equals = self.boxes.sign(Sign::Equals);
        Some(self.boxes.row([sum, equals, value]))
    }
}

/// A quantity, if a term is any of its elements.
fn elements(system: &System, term: TermId) -> Option<Elements<'_>> {
    let Node::Access(family, index) = system.store.node(term) else {
        return None;
    };
    let letters: Option<Vec<VarId>> = index[system.family(*family).slots..]
        .iter()
        .map(Affine::as_var)
        .collect();
    let mut letters = letters?;
    letters.sort_unstable();
    let count = letters.len();
    letters.dedup();
    (letters.len() == count).then_some((*family, index))
}
