//! Products that cannot be written shorter.

use smallvec::SmallVec;

use crate::system::{Primitive, System};
use crate::term::{FamilyId, Node, TermId};

/// Whether a term is a product of numbers, different named quantities and the steps of others: multiplied out,
/// collected and factored it is the same product, in some order.
pub(super) fn is_plain_product(system: &System, term: TermId) -> bool {
    Plain::of(system, term).is_some_and(|plain| plain.sums == 0)
}

/// Whether there is no shorter way to write a term: it is a plain product, or one with a bracket in which different quantities are
/// added, `(r - y) Step(z) x`. Multiplied out it is longer, and what is linear in each quantity has no other factors.
pub(super) fn is_short(system: &System, term: TermId) -> bool {
    Plain::of(system, term).is_some_and(|plain| plain.sums <= 1)
}

/// The factors of a product.
#[derive(Debug, Default)]
struct Plain {
    /// The quantities, those in brackets too.
    quantities: SmallVec<[(TermId, FamilyId); 8]>,
    /// What steps are taken of.
    steps: SmallVec<[FamilyId; 4]>,
    /// How many factors are sums.
    sums: usize,
}

impl Plain {
    /// A product of different quantities, sums of them and the steps of others.
    fn of(system: &System, term: TermId) -> Option<Self> {
        let mut plain = Self::default();
        let factors = match system.store.node(term) {
            Node::Mul(factors) => factors,
            _ => std::slice::from_ref(&term),
        };
        for factor in factors {
            plain.add_factor(system, *factor)?;
        }
        let Self {
            quantities, steps, ..
        } = &plain;
        // `u Step(u)` is ReLU(u), and elements of one family may be the same one.
        let alone = |at: usize| {
            let family = steps[at];
            quantities.iter().all(|(_, other)| *other != family) && !steps[..at].contains(&family)
        };
        let different = |at: usize| {
            let (quantity, _) = quantities[at];
            quantities[..at].iter().all(|(other, _)| *other != quantity)
        };
        let all = (0..steps.len()).all(alone) && (0..quantities.len()).all(different);
        all.then_some(plain)
    }

    fn add_factor(&mut self, system: &System, factor: TermId) -> Option<()> {
        let store = &system.store;
        match store.node(factor) {
            Node::Number(_) => {}
            Node::Access(family, _) => self.quantities.push((factor, *family)),
            Node::Apply(function, orders, arguments)
                if system.function(*function).primitive == Some(Primitive::Step)
                    && orders.iter().all(|order| *order == 0) =>
            {
                let Node::Access(family, _) = store.node(arguments[0]) else {
                    return None;
                };
                self.steps.push(*family);
            }
            Node::Add(parts) => {
                self.sums += 1;
                for part in parts {
                    let quantity = match store.node(*part) {
                        Node::Mul(factors) => match factors[..] {
                            [number, quantity] if store.as_number(number).is_some() => quantity,
                            _ => return None,
                        },
                        _ => *part,
                    };
                    let Node::Access(family, _) = store.node(quantity) else {
                        return None;
                    };
                    self.quantities.push((quantity, *family));
                }
            }
            _ => return None,
        }
        Some(())
    }
}
