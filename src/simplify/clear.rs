//! Divisors inside a bracket that stand as factors outside of it.

use num_rational::BigRational;
use num_traits::{One, Signed};

use super::arithmetic::{Product, build_sum, flipped};
use crate::term::{Node, Store, TermId};

/// A factor of the product that moves into the bracket.
struct Moved {
    at: usize,
    /// As the bracket divides by it.
    base: TermId,
    power: BigRational,
    /// Whether the product has it turned round: `p - 1` where the bracket divides by `1 - p`.
    turned: bool,
}

/// `((1 - y)/(1 - p) - y/p) p (1 - p)` as `((1 - y) p - y (1 - p))`: factors go into a bracket of fractions if each of
/// these loses a divisor by it. What nothing is divided by any more goes to `cancelled`.
pub(super) fn clear_divisors(
    store: &mut Store,
    product: &mut Product,
    cancelled: impl FnMut(TermId),
) {
    for at in 0..product.factors.len() {
        let (base, exponent) = &product.factors[at];
        let Node::Add(parts) = store.node(*base) else {
            continue;
        };
        if !exponent.is_one() || product.factors.len() < 2 {
            continue;
        }
        let fractions: Vec<Product> = parts.iter().map(|part| Product::of(store, *part)).collect();
        let divides = |(_, exponent): &(TermId, BigRational)| exponent.is_negative();
        if !fractions.iter().all(|it| it.factors.iter().any(divides)) {
            continue;
        }
        let moved = moved(store, product, at, &fractions);
        let loses = |fraction: &Product| {
            let mut divisors = fraction.factors.iter().filter(|factor| divides(factor));
            divisors.any(|(base, _)| moved.iter().any(|it| it.base == *base))
        };
        if !fractions.iter().all(loses) {
            continue;
        }
        let mut parts = Vec::with_capacity(fractions.len());
        let mut gone = Vec::new();
        let mut left: Vec<TermId> = Vec::new();
        for mut fraction in fractions {
            for factor in &moved {
                if factor.turned {
                    fraction.coefficient = -fraction.coefficient;
                }
                fraction.factors.push((factor.base, factor.power.clone()));
            }
            fraction.combine_powers(store, |base| gone.push(base));
            let divisors = fraction.factors.iter().filter(|factor| divides(factor));
            left.extend(divisors.map(|(base, _)| *base));
            let coefficient = std::mem::replace(&mut fraction.coefficient, BigRational::one());
            parts.push((coefficient, fraction.build(store)));
        }
        gone.retain(|base| !left.contains(base));
        gone.into_iter().for_each(cancelled);
        product.factors[at].0 = build_sum(store, parts);
        for factor in &moved {
            product.factors[factor.at].1 -= &factor.power;
        }
        product
            .factors
            .retain(|(_, exponent)| *exponent.numer() != 0.into());
        return;
    }
}

/// The factors of a product that the bracket at a place divides by, as often as it does.
fn moved(
    store: &mut Store,
    product: &Product,
    bracket: usize,
    fractions: &[Product],
) -> Vec<Moved> {
    let mut found = Vec::new();
    for (at, (base, power)) in product.factors.iter().enumerate() {
        if at == bracket || !power.is_integer() || !power.is_positive() {
            continue;
        }
        // Sizes and numbers are divided by in front of everything.
        if matches!(store.node(*base), Node::Index(_) | Node::Number(_)) {
            continue;
        }
        let turned = power.is_one().then(|| flipped(store, *base)).flatten();
        let as_divisor = [(Some(*base), false), (turned, true)];
        let known = as_divisor.into_iter().find_map(|(base, turned)| {
            let base = base?;
            let powers = fractions.iter().flat_map(|it| &it.factors);
            let divisors = powers.filter(|(other, exponent)| {
                *other == base && exponent.is_integer() && exponent.is_negative()
            });
            let most = divisors.map(|(_, exponent)| -exponent).max()?;
            Some((base, turned, most))
        });
        if let Some((base, turned, most)) = known {
            let power = most.min(power.clone());
            found.push(Moved {
                at,
                base,
                power,
                turned,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::LETTERS;
    use super::*;
    use crate::system::{System, pattern};

    /// What becomes of a product, and how many divisors are gone from it.
    fn cleared(text: &str) -> (bool, usize) {
        let mut system = System::default();
        let term = pattern(&mut system, text, LETTERS).expect("it is read");
        let store = &mut system.store;
        let mut product = Product::of(store, term);
        let mut gone = 0;
        clear_divisors(store, &mut product, |_| gone += 1);
        let cleared = product.build(store);
        (cleared != term, gone)
    }

    #[test]
    fn factors_go_into_brackets_whose_fractions_all_lose_a_divisor() {
        assert_eq!(cleared("((1 - b)/(1 - a) - b/a) a (1 - a)"), (true, 2));
        // Turned round it is the same divisor.
        assert_eq!(cleared("((1 - b)/(1 - a) - b/a) a (a - 1)"), (true, 2));
        // `b/c` gains nothing by the factor a.
        assert_eq!(cleared("(b/a - b/c) a"), (false, 0));
        // Without divisors there is nothing to lose.
        assert_eq!(cleared("(a - b) a"), (false, 0));
        // a^2 is divided by once more.
        assert_eq!(cleared("(b/a^2 + c/a^2) a"), (true, 0));
    }
}
