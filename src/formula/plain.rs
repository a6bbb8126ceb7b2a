//! Products that cannot be written shorter.

use smallvec::SmallVec;

use crate::system::{Primitive, System};
use crate::term::{FamilyId, Node, TermId};

/// Whether a term is a product of numbers, different named quantities and the steps of others: multiplied out,
/// collected and factored it is the same product, in some order.
pub(super) fn is_plain_product(system: &System, term: TermId) -> bool {
    let store = &system.store;
    let factors = match store.node(term) {
        Node::Mul(factors) => factors,
        _ => std::slice::from_ref(&term),
    };
    let mut quantities: SmallVec<[(TermId, FamilyId); 8]> = SmallVec::new();
    let mut steps: SmallVec<[FamilyId; 4]> = SmallVec::new();
    for factor in factors {
        match store.node(*factor) {
            Node::Number(_) => {}
            Node::Access(family, _) => quantities.push((*factor, *family)),
            Node::Apply(function, orders, arguments)
                if system.function(*function).primitive == Some(Primitive::Step)
                    && orders.iter().all(|order| *order == 0) =>
            {
                let Node::Access(family, _) = store.node(arguments[0]) else {
                    return false;
                };
                steps.push(*family);
            }
            _ => return false,
        }
    }
    // `u Step(u)` is ReLU(u), and elements of one family may be the same one.
    let alone = |at: usize| {
        let family = steps[at];
        quantities.iter().all(|(_, other)| *other != family) && !steps[..at].contains(&family)
    };
    let different = |at: usize| {
        let (quantity, _) = quantities[at];
        quantities[..at].iter().all(|(other, _)| *other != quantity)
    };
    (0..steps.len()).all(alone) && (0..quantities.len()).all(different)
}
