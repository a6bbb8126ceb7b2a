//! Where what is given by cases jumps: there it has no derivative.

use num_traits::{One, Zero};

use super::local::Differentiator;
use crate::normal::Normalizer;
use crate::simplify::{Product, Signs};
use crate::term::{Cmp, Domain, Node, Store, TermId};

/// A quantity, its value at a place, and its slope along the way through it.
type Value = (TermId, TermId, i64);

/// Where a comparison turns over.
struct Place {
    values: Vec<Value>,
    /// The slope of that comparison, if its sign is not known.
    slope: Option<TermId>,
}

impl Differentiator<'_> {
    /// Whether the value of cases may jump where the sides of a comparison are equal: whether it is not proved that what they
    /// give on both sides of that place meets there.
    pub(super) fn may_jump(
        &mut self,
        branches: &[(TermId, TermId)],
        left: TermId,
        right: TermId,
    ) -> bool {
        self.solved(left, right).into_iter().any(|values| {
            let mut place = Place {
                values,
                slope: None,
            };
            // Which side is which need not be known: slopes are told by whether they are that of this comparison.
            let slope = self.slope_at(left, right, &place);
            place.slope = slope.filter(|slope| self.known_sign(*slope).is_none());
            let sides = [1, -1].map(|side| self.taken(branches, &place, side));
            let [Some(above), Some(below)] = sides else {
                return true;
            };
            let [above, below] = [above, below].map(|value| self.at_place(value, &place, 0));
            above != below
                && self
                    .normal_difference(above, below)
                    .is_none_or(|it| !self.system.store.is_zero(it))
        })
    }

    /// Places at which two terms are equal: quantities with the values that they have there.
    fn solved(&mut self, left: TermId, right: TermId) -> Vec<Vec<Value>> {
        let abs = self.system.find_function("abs");
        let store = &mut self.system.store;
        let holds = |store: &Store, term, name| store.any(term, |node| node == store.node(name));
        let sides = [(left, right), (right, left)];
        for (side, other) in sides {
            // `|u| = t` at t and at -t.
            if let Node::Apply(function, orders, arguments) = store.node(side).clone()
                && let [name] = arguments[..]
                && orders.iter().all(|order| *order == 0)
                && Some(function) == abs
                && is_name(store, name)
                && !holds(store, other, name)
            {
                let negative = store.negative(other);
                return vec![
                    vec![(side, other, 1), (name, other, 1)],
                    vec![(side, other, -1), (name, negative, 1)],
                ];
            }
        }
        for (side, other) in sides {
            if is_name(store, side) && !holds(store, other, side) {
                return vec![vec![(side, other, 1)]];
            }
        }
        let linear = self
            .normal_difference(left, right)
            .and_then(|difference| self.linear_solution(difference));
        // What is no equation for a name is one for the side as a whole.
        let (name, value) = linear.unwrap_or(match self.system.store.as_number(left) {
            Some(_) => (right, left),
            None => (left, right),
        });
        vec![vec![(name, value, 1)]]
    }

    /// The first name in which a sum of products is linear, with the value at which the sum is 0.
    fn linear_solution(&mut self, sum: TermId) -> Option<(TermId, TermId)> {
        let store = &mut self.system.store;
        let parts: Vec<TermId> = match store.node(sum) {
            Node::Add(parts) => parts.to_vec(),
            _ => vec![sum],
        };
        let mut names: Vec<TermId> = Vec::new();
        for part in &parts {
            let factors = Product::of(store, *part).factors.into_iter();
            let linear =
                factors.filter(|(base, exponent)| exponent.is_one() && is_name(store, *base));
            names.extend(linear.map(|(base, _)| base));
        }
        names.into_iter().find_map(|name| {
            let store = &mut self.system.store;
            let (mut slope, mut rest) = (Vec::new(), Vec::new());
            for part in &parts {
                let mut product = Product::of(store, *part);
                let at = product
                    .factors
                    .iter()
                    .position(|(base, exponent)| *base == name && exponent.is_one());
                let target = match at {
                    Some(at) => {
                        product.factors.remove(at);
                        &mut slope
                    }
                    None => &mut rest,
                };
                let part = product.build(store);
                if store.any(part, |node| node == store.node(name)) {
                    return None;
                }
                target.push(part);
            }
            let (slope, rest) = (store.add(slope), store.add(rest));
            let minus_one = store.int(-1);
            let inverse = store.power(slope, minus_one);
            Some((name, store.mul([minus_one, rest, inverse])))
        })
    }

    /// A term at a place, or so much further along.
    fn at_place(&mut self, term: TermId, place: &Place, further: i64) -> TermId {
        let store = &mut self.system.store;
        let values: Vec<(TermId, TermId)> = place
            .values
            .iter()
            .map(|(name, value, slope)| {
                let more = store.int(slope * further);
                (*name, store.add([*value, more]))
            })
            .collect();
        store.replace(term, &mut |_, part| {
            let found = values.iter().find(|(name, _)| *name == part);
            found.map(|(_, value)| *value)
        })
    }

    /// The difference of two terms in normal form, if it is not too large.
    fn normal_difference(&mut self, left: TermId, right: TermId) -> Option<TermId> {
        let minus = self.system.store.negative(right);
        let difference = self.system.store.add([left, minus]);
        let mut normalizer = Normalizer::new(self.system, self.step_at_zero, Domain::everything());
        let normal = normalizer.normal(difference).ok()?;
        Some(normalizer.term(&normal))
    }

    /// The value of the branch that is taken just above or below a place, if that can be told.
    fn taken(&mut self, branches: &[(TermId, TermId)], place: &Place, side: i64) -> Option<TermId> {
        for (condition, value) in branches {
            if self.holds_beside(*condition, place, side)? {
                return Some(*value);
            }
        }
        None
    }

    /// Whether a condition holds just above or below a place.
    fn holds_beside(&mut self, condition: TermId, place: &Place, side: i64) -> Option<bool> {
        match self.system.store.node(condition).clone() {
            Node::Number(value) => Some(!value.is_zero()),
            Node::Mul(parts) => {
                let mut all = Some(true);
                for part in parts {
                    match self.holds_beside(part, place, side) {
                        Some(false) => return Some(false),
                        Some(true) => {}
                        None => all = None,
                    }
                }
                all
            }
            Node::Test(cmp, left, right) => {
                let sign = self.sign_beside(left, right, place, side)?;
                Some(match cmp {
                    Cmp::Greater | Cmp::GreaterEqual => sign > 0,
                    Cmp::Equal => false,
                    Cmp::NotEqual => true,
                })
            }
            _ => None,
        }
    }

    /// The sign of a difference just above or below a place: that at the place or, where it is 0 there, of its slope.
    fn sign_beside(
        &mut self,
        left: TermId,
        right: TermId,
        place: &Place,
        side: i64,
    ) -> Option<i64> {
        let [left_there, right_there] = [left, right].map(|term| self.at_place(term, place, 0));
        let there = self.normal_difference(left_there, right_there)?;
        if !self.system.store.is_zero(there) {
            return self.known_sign(there);
        }
        let slope = self.slope_at(left, right, place)?;
        let Some(unknown) = place.slope else {
            return Some(side * self.known_sign(slope)?);
        };
        let opposite = self.system.store.negative(unknown);
        for (other, sign) in [(unknown, side), (opposite, -side)] {
            let difference = self.normal_difference(slope, other)?;
            if self.system.store.is_zero(difference) {
                return Some(sign);
            }
        }
        None
    }

    /// The slope at a place of a difference that is linear there: what it is one further along.
    fn slope_at(&mut self, left: TermId, right: TermId, place: &Place) -> Option<TermId> {
        let [left, right] = [left, right].map(|term| self.at_place(term, place, 1));
        self.normal_difference(left, right)
    }

    /// Without assumptions: they never enter before a result is simplified, which then names them.
    fn known_sign(&self, term: TermId) -> Option<i64> {
        let sign = Signs::new(self.system, false).of(self.system, term);
        match (sign.is_positive(), sign.is_negative()) {
            (true, _) => Some(1),
            (_, true) => Some(-1),
            _ => None,
        }
    }
}

/// Whether a term is a name for any value.
fn is_name(store: &Store, term: TermId) -> bool {
    matches!(store.node(term), Node::Access(..) | Node::Parameter(_))
}

/// The sides of the comparisons between quantities in a condition.
pub(super) fn comparisons(store: &Store, condition: TermId) -> Vec<(TermId, TermId)> {
    match store.node(condition) {
        Node::Test(_, left, right) => vec![(*left, *right)],
        Node::Mul(parts) => parts
            .iter()
            .flat_map(|part| comparisons(store, *part))
            .collect(),
        _ => Vec::new(),
    }
}
