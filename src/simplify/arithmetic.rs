//! Sums and products in written order: numbers folded, like terms collected, equal bases combined.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;

use crate::term::{Node, Store, TermId, alike};

/// A product as a number times powers, in written order.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    /// The number in front.
    pub(crate) coefficient: BigRational,
    /// The other factors: base and exponent. Exponents that are not numbers stay inside the base.
    pub(crate) factors: Vec<(TermId, BigRational)>,
}

impl Product {
    /// The factors of a term; nested products are opened.
    pub(crate) fn of(store: &Store, term: TermId) -> Self {
        let mut product = Self {
            coefficient: BigRational::one(),
            factors: Vec::new(),
        };
        product.extend(store, term);
        product
    }

    fn extend(&mut self, store: &Store, term: TermId) {
        match store.node(term) {
            Node::Number(value) => self.coefficient *= value,
            Node::Mul(factors) => {
                for factor in factors {
                    self.extend(store, *factor);
                }
            }
            Node::Power(base, exponent) => match store.as_number(*exponent) {
                Some(exponent) => match (store.node(*base), exponent.is_integer()) {
                    // A whole power of a root.
                    (Node::Power(inner, root), true) if store.as_number(*root).is_some() => {
                        let root = store.as_number(*root).expect("just asked");
                        self.factors.push((*inner, root * exponent));
                    }
                    _ => self.factors.push((*base, exponent.clone())),
                },
                None => self.factors.push((term, BigRational::one())),
            },
            Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Add(_)
            | Node::Apply(..)
            | Node::Guard(_)
            | Node::Test(..)
            | Node::Cases(_) => self.factors.push((term, BigRational::one())),
        }
    }

    /// The product as a term: the number first, then the factors in order.
    pub(crate) fn build(&self, store: &mut Store) -> TermId {
        if self.coefficient.is_zero() {
            return store.int(0);
        }
        let mut terms = Vec::with_capacity(self.factors.len() + 1);
        if !self.coefficient.is_one() {
            terms.push(store.number(self.coefficient.clone()));
        }
        for (base, exponent) in &self.factors {
            if exponent.is_one() {
                terms.push(*base);
                continue;
            }
            let exponent = store.number(exponent.clone());
            terms.push(store.power(*base, exponent));
        }
        store.mul(terms)
    }

    /// Combines equal bases at the place of the first. Bases that were divided by and are no longer go to
    /// `cancelled`.
    pub(crate) fn combine_powers(&mut self, store: &Store, mut cancelled: impl FnMut(TermId)) {
        let mut kept: Vec<(TermId, BigRational)> = Vec::with_capacity(self.factors.len());
        let mut divisors: Vec<TermId> = Vec::new();
        // Where the bases stand: in a long product they cannot be looked for one by one.
        let long = self.factors.len() > 16;
        let mut places: FxHashMap<TermId, usize> = FxHashMap::default();
        for (base, exponent) in self.factors.drain(..) {
            let known = if long {
                places.get(&base).copied()
            } else {
                kept.iter().position(|(other, _)| same(store, *other, base))
            };
            if let Some(at) = known {
                let (known, total) = &mut kept[at];
                if total.is_negative() != exponent.is_negative() {
                    divisors.push(*known);
                }
                *total += exponent;
            } else {
                if long {
                    places.insert(base, kept.len());
                }
                kept.push((base, exponent));
            }
        }
        for (base, exponent) in &kept {
            if divisors.contains(base) && !exponent.is_negative() {
                cancelled(*base);
            }
        }
        kept.retain(|(_, exponent)| !exponent.is_zero());
        self.factors = kept;
    }

    /// Takes the number that all summands of a factor have in common to the front: `c (2 a - 2 b)` is `2 c (a - b)`.
    pub(crate) fn take_contents(&mut self, store: &mut Store) {
        if self.factors.len() < 2 && self.coefficient.is_one() {
            return;
        }
        for (base, exponent) in &mut self.factors {
            if !exponent.is_one() || !matches!(store.node(*base), Node::Add(_)) {
                continue;
            }
            let mut parts = summands(store, *base);
            let content = parts[0].0.abs();
            if content.is_one() || parts.iter().any(|(number, _)| number.abs() != content) {
                continue;
            }
            for (number, _) in &mut parts {
                *number /= &content;
            }
            *base = build_sum(store, parts);
            self.coefficient *= content;
        }
    }

    /// Joins a power whose exponent is no number with other powers of its base: `u u^(a - 1)` is `u^a`.
    pub(crate) fn join_exponents(&mut self, store: &mut Store) {
        let mut at = 0;
        while at < self.factors.len() {
            let (term, once) = &self.factors[at];
            let Node::Power(base, exponent) = *store.node(*term) else {
                at += 1;
                continue;
            };
            let whole =
                |(other, power): &(TermId, BigRational)| *other == base && power.is_integer();
            let found = self.factors.iter().position(whole);
            match found {
                Some(other) if once.is_one() => {
                    let more = store.number(self.factors[other].1.clone());
                    let sum = store.add([exponent, more]);
                    self.factors[at].0 = store.power(base, sum);
                    self.factors.remove(other);
                    at = 0;
                }
                _ => at += 1,
            }
        }
    }

    /// Folds powers of numbers with whole exponents into the coefficient.
    pub(crate) fn fold_numbers(&mut self, store: &Store) {
        let coefficient = &mut self.coefficient;
        self.factors.retain(|(base, exponent)| {
            let Some(value) = store.as_number(*base) else {
                return true;
            };
            match whole_power(value, exponent) {
                Some(power) => {
                    *coefficient *= power;
                    false
                }
                None => true,
            }
        });
    }
}

/// Whether two factors are the same; sums may have other letters.
fn same(store: &Store, a: TermId, b: TermId) -> bool {
    let is_sum = |term: TermId| matches!(store.node(term), Node::Reduce(..) | Node::Add(_));
    a == b || (is_sum(a) && is_sum(b) && alike(store, a, b))
}

/// A number to a power, where that is a number that can be written: a whole power of moderate size, the root of a square.
pub(crate) fn whole_power(value: &BigRational, exponent: &BigRational) -> Option<BigRational> {
    if *exponent.denom() == 2.into() && value.is_positive() {
        let (above, below) = (value.numer().sqrt(), value.denom().sqrt());
        let root = BigRational::new(above, below);
        let twice = exponent * BigRational::from_integer(2.into());
        return if &root * &root == *value {
            whole_power(&root, &twice)
        } else {
            None
        };
    }
    if !exponent.is_integer() || exponent.abs() > BigRational::from_integer(256.into()) {
        return None;
    }
    if value.is_zero() {
        return exponent.is_positive().then(BigRational::zero);
    }
    let exponent: i32 = i32::try_from(exponent.to_integer()).ok()?;
    Some(value.pow(exponent))
}

/// The summands of a term with their numeric coefficients, in order.
pub(crate) fn summands(store: &mut Store, term: TermId) -> Vec<(BigRational, TermId)> {
    let parts: Vec<TermId> = match store.node(term) {
        Node::Add(parts) => parts.to_vec(),
        _ => vec![term],
    };
    parts
        .into_iter()
        .map(|part| {
            let (coefficient, rest) = split_coefficient(store, part);
            (coefficient, rest)
        })
        .collect()
}

/// A term as a number times the rest.
pub(crate) fn split_coefficient(store: &mut Store, term: TermId) -> (BigRational, TermId) {
    match store.node(term).clone() {
        Node::Number(value) => {
            let one = store.int(1);
            (value, one)
        }
        Node::Mul(factors) => match store.as_number(factors[0]) {
            Some(value) => {
                let value = value.clone();
                let rest = store.mul(factors[1..].iter().copied());
                (value, rest)
            }
            None => (BigRational::one(), term),
        },
        _ => (BigRational::one(), term),
    }
}

/// `coefficient · term`, the number in front.
pub(crate) fn scaled(store: &mut Store, coefficient: &BigRational, term: TermId) -> TermId {
    let number = store.number(coefficient.clone());
    store.mul([number, term])
}

/// Collects like terms at the place of the first.
pub(crate) fn collect(
    store: &mut Store,
    parts: Vec<(BigRational, TermId)>,
) -> Vec<(BigRational, TermId)> {
    let mut places: FxHashMap<Vec<TermId>, usize> = FxHashMap::default();
    let mut kept: Vec<(BigRational, TermId)> = Vec::with_capacity(parts.len());
    for (coefficient, rest) in parts {
        let key = match store.node(rest) {
            Node::Mul(factors) => {
                let mut factors = factors.to_vec();
                factors.sort_unstable();
                factors
            }
            _ => vec![rest],
        };
        let next = kept.len();
        let place = *places.entry(key).or_insert(next);
        if place == next {
            kept.push((coefficient, rest));
        } else {
            kept[place].0 += coefficient;
        }
    }
    kept.retain(|(coefficient, _)| !coefficient.is_zero());
    kept
}

/// `2 (a - p) + 2 (n - a)` as `2 (n - p)`, `y (1 - s) + (y - 1) s` as `y - s`: brackets are opened where a summand in
/// one cancels against others and less is left to read.
pub(crate) fn cancelled_in_brackets(
    store: &mut Store,
    parts: &[(BigRational, TermId)],
) -> Option<TermId> {
    if parts.len() < 2 {
        return None;
    }
    let mut opened = Vec::new();
    let mut before = 0;
    let mut brackets = false;
    for (factor, rest) in parts {
        let (around, sum) = bracket(store, *rest);
        let Some(sum) = sum else {
            before += around.len();
            opened.push((factor.clone(), *rest));
            continue;
        };
        brackets = true;
        before += around.len();
        for (coefficient, inner) in summands(store, sum) {
            before += factors(store, inner);
            let product = store.mul(around.iter().copied().chain([inner]));
            opened.push((factor * coefficient, product));
        }
    }
    if !brackets {
        return None;
    }
    let sizes = opened.iter().map(|(c, rest)| (c.abs(), *rest)).collect();
    let kept = collect(store, opened);
    let after: usize = kept.iter().map(|(_, rest)| factors(store, *rest)).sum();
    if kept.len() == collect(store, sizes).len() || after > before {
        return None;
    }
    let common = match kept.first() {
        Some((first, _)) if kept.iter().all(|(c, _)| c.abs() == first.abs()) => first.abs(),
        Some(_) | None => BigRational::one(),
    };
    let (coefficients, mut products): (Vec<BigRational>, Vec<Product>) = kept
        .into_iter()
        .map(|(c, rest)| (c / &common, Product::of(store, rest)))
        .unzip();
    let outside = match products.as_slice() {
        [_, _, ..] => shared_factors(store, &mut products),
        _ => Vec::new(),
    };
    let kept = coefficients
        .into_iter()
        .zip(products)
        .map(|(c, product)| (c, product.build(store)))
        .collect();
    let sum = build_sum(store, kept);
    let outside = Product {
        coefficient: common,
        factors: outside,
    };
    let outside = outside.build(store);
    Some(store.mul([outside, sum]))
}

/// Takes the factors that all products share out of them. What stands behind a guard may exist only where the guard
/// holds: it stays there.
pub(crate) fn shared_factors(
    store: &Store,
    products: &mut [Product],
) -> Vec<(TermId, BigRational)> {
    let Some((first, others)) = products.split_first() else {
        return Vec::new();
    };
    let is_guard = |base: TermId| matches!(store.node(base), Node::Guard(_));
    let guarded = std::iter::once(first)
        .chain(others.iter())
        .flat_map(|product| &product.factors)
        .any(|(base, _)| is_guard(*base));
    let shared: Vec<(TermId, BigRational)> = first
        .factors
        .iter()
        .filter(|(base, exponent)| {
            exponent.is_positive()
                && !is_guard(*base)
                && (!guarded || store.free_vars(*base).is_empty())
                && others
                    .iter()
                    .all(|product| product.factors.contains(&(*base, exponent.clone())))
        })
        .cloned()
        .collect();
    for product in products {
        product.factors.retain(|factor| !shared.contains(factor));
    }
    shared
}

/// The only sum among the factors of a term, and the factors around it.
fn bracket(store: &Store, term: TermId) -> (Vec<TermId>, Option<TermId>) {
    let mut around = match store.node(term) {
        Node::Mul(factors) => factors.to_vec(),
        _ => vec![term],
    };
    let is_sum = |factor: &TermId| matches!(store.node(*factor), Node::Add(_));
    match around.iter().filter(|factor| is_sum(factor)).count() {
        1 => {
            let at = around.iter().position(is_sum);
            let sum = at.map(|at| around.remove(at));
            (around, sum)
        }
        _ => (around, None),
    }
}

/// How many factors a term has, numbers apart.
fn factors(store: &Store, term: TermId) -> usize {
    match store.node(term) {
        Node::Mul(factors) => factors.len(),
        Node::Number(_) => 0,
        _ => 1,
    }
}

/// A sum of scaled terms. If it would begin with a minus sign, its first positive summand goes first.
pub(crate) fn build_sum(store: &mut Store, mut parts: Vec<(BigRational, TermId)>) -> TermId {
    if parts.first().is_some_and(|(c, _)| c.is_negative())
        && let Some(at) = parts.iter().position(|(c, _)| c.is_positive())
    {
        parts[..=at].rotate_right(1);
    }
    let terms: Vec<TermId> = parts
        .into_iter()
        .map(|(coefficient, rest)| scaled(store, &coefficient, rest))
        .collect();
    store.add(terms)
}

/// The negative of a sum that reads better turned round (`y - r` as `r - y`), if it does.
pub(crate) fn flipped(store: &mut Store, term: TermId) -> Option<TermId> {
    if !matches!(store.node(term), Node::Add(_)) {
        return None;
    }
    let parts = summands(store, term);
    if !parts
        .iter()
        .any(|(coefficient, _)| coefficient.is_negative())
    {
        return None;
    }
    let negated = parts.into_iter().map(|(c, rest)| (-c, rest)).collect();
    Some(build_sum(store, negated))
}
