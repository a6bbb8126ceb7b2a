//! Rules as data, and the matching of their left sides.

use num_rational::BigRational;
use num_traits::{One, Signed};

use super::arithmetic::{Product, flipped};
use crate::syntax::StepAtZero;
use crate::term::{FunctionId, Node, Store, TermId};

/// One rule: `left = right` for all values of its letters, under its conditions.
///
/// The letters `u` and `v` stand for any term, `c` for a term that is proved positive, `p` for one that is
/// proved not negative, `q` for one that is proved not positive, `m` for one that is proved negative, `n` for
/// a positive number, `a` for a whole number from 1, and `b` for one from 2.
#[derive(Debug)]
pub struct Rule {
    /// Its stable name.
    pub name: &'static str,
    /// The left side in the network language.
    pub left: &'static str,
    /// The right side.
    pub right: &'static str,
    /// The values of Step(0) for which it holds.
    pub holds: Holds,
    /// The reason, in words.
    pub why: &'static str,
}

/// For which values of Step(0) a rule holds.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    /// For every value, unknown ones too.
    Always,
    /// Only for these.
    Under(&'static [StepAtZero]),
}

impl Holds {
    /// Whether it holds under a convention.
    pub fn under(self, convention: StepAtZero) -> bool {
        match self {
            Holds::Always => true,
            Holds::Under(values) => values.contains(&convention),
        }
    }
}

/// The letters of rules; their places are the parameters of the compiled patterns.
pub const LETTERS: &[&str] = &["u", "v", "c", "p", "q", "m", "n", "a", "b"];

/// What a letter demands of the term it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    Any,
    /// Proved positive.
    Positive,
    /// Proved not negative.
    NonNegative,
    /// Proved not positive.
    NonPositive,
    /// Proved negative.
    Negative,
    /// A positive number.
    PositiveNumber,
    /// A whole number from this one.
    WholeFrom(i64),
}

impl Demand {
    /// The demand of the letter at this place of [`LETTERS`].
    pub fn of(parameter: u32) -> Self {
        match LETTERS[parameter as usize] {
            "c" => Demand::Positive,
            "p" => Demand::NonNegative,
            "q" => Demand::NonPositive,
            "m" => Demand::Negative,
            "n" => Demand::PositiveNumber,
            "a" => Demand::WholeFrom(1),
            "b" => Demand::WholeFrom(2),
            _ => Demand::Any,
        }
    }
}

/// A rule whose sides were read.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) rule: &'static Rule,
    pub(crate) left: TermId,
    pub(crate) right: TermId,
    /// The functions applied at the top of the left side: a term without them is not looked at further.
    pub(crate) heads: Vec<FunctionId>,
}

/// The functions that are applied in the factors of a product, or by the term itself.
pub(crate) fn heads(store: &Store, term: TermId) -> Vec<FunctionId> {
    match store.node(term) {
        Node::Apply(function, _, _) => vec![*function],
        Node::Power(base, _) => heads(store, *base),
        Node::Mul(factors) => factors
            .iter()
            .flat_map(|factor| match store.node(*factor) {
                Node::Mul(_) => Vec::new(),
                _ => heads(store, *factor),
            })
            .collect(),
        // A divisor such as 1 + exp(u), a sum such as 1 - sigmoid(-u).
        Node::Add(parts) => parts
            .iter()
            .flat_map(|part| match store.node(*part) {
                Node::Add(_) => Vec::new(),
                _ => heads(store, *part),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What the letters of a pattern stand for.
pub(crate) type Bindings = Vec<Option<TermId>>;

/// Answers the demands of letters.
pub(crate) type Prove<'a> = dyn FnMut(&mut Store, Demand, TermId) -> bool + 'a;

/// Matches a pattern with a term, or, for a product, with some of its factors.
///
/// Returns the bindings and, for a product, what is left of it around the match: the product without the
/// matched factors, and the place where the right side goes.
pub(crate) fn find(
    store: &mut Store,
    pattern: TermId,
    term: TermId,
    prove: &mut Prove<'_>,
) -> Option<(Bindings, Option<(Product, usize)>)> {
    let mut bindings: Bindings = vec![None; LETTERS.len()];
    match store.node(pattern).clone() {
        Node::Mul(_) | Node::Power(..) => {
            let wanted = Product::of(store, pattern);
            let mut wanted_factors = pattern_factors(store, pattern);
            wanted_factors.sort_by_key(|(base, _)| matches!(store.node(*base), Node::Parameter(_)));
            let mut product = Product::of(store, term);
            if !wanted.coefficient.is_one() && wanted.coefficient != product.coefficient {
                return None;
            }
            let mut taken: Vec<Taken> = Vec::with_capacity(wanted_factors.len());
            if !take_factors(
                store,
                &wanted_factors,
                &product.factors,
                &mut taken,
                &mut bindings,
                prove,
            ) {
                return None;
            }
            let place = taken.iter().map(|taken| taken.at).min().unwrap_or(0);
            taken.sort_by_key(|taken| std::cmp::Reverse(taken.at));
            for Taken { at, part } in taken {
                match part {
                    None => {
                        product.factors.remove(at);
                    }
                    Some(part) => product.factors[at].1 -= part,
                }
            }
            if !wanted.coefficient.is_one() {
                product.coefficient = BigRational::one();
            }
            Some((bindings, Some((product, place))))
        }
        _ => matches(store, pattern, term, &mut bindings, prove).then_some((bindings, None)),
    }
}

/// The factors of a pattern with exponents that may be letters.
fn pattern_factors(store: &mut Store, pattern: TermId) -> Vec<(TermId, TermId)> {
    let parts: Vec<TermId> = match store.node(pattern) {
        Node::Mul(factors) => factors.to_vec(),
        _ => vec![pattern],
    };
    let mut result = Vec::new();
    for part in parts {
        match store.node(part).clone() {
            Node::Number(_) => {}
            Node::Power(base, exponent) => result.push((base, exponent)),
            _ => {
                let one = store.int(1);
                result.push((part, one));
            }
        }
    }
    result
}

/// A factor of the term that a factor of the pattern stands for.
#[derive(Debug, Clone)]
struct Taken {
    at: usize,
    /// How much of its power is used up, if not all of it.
    part: Option<BigRational>,
}

/// Finds different factors for the wanted ones.
fn take_factors(
    store: &mut Store,
    wanted: &[(TermId, TermId)],
    factors: &[(TermId, BigRational)],
    taken: &mut Vec<Taken>,
    bindings: &mut Bindings,
    prove: &mut Prove<'_>,
) -> bool {
    let Some(((base, exponent), others)) = wanted.split_first() else {
        return true;
    };
    let plain = store.is_one(*exponent);
    let divides = store
        .as_number(*exponent)
        .is_some_and(|exponent| *exponent == -BigRational::one());
    let wanted_function = match store.node(*base) {
        Node::Apply(function, _, _) => Some(*function),
        _ => None,
    };
    for (at, (candidate, power)) in factors.iter().enumerate() {
        if taken.iter().any(|taken| taken.at == at) {
            continue;
        }
        if wanted_function.is_some()
            && !matches!(store.node(*candidate), Node::Apply(function, _, _) if Some(*function) == wanted_function)
        {
            continue;
        }
        let saved = bindings.clone();
        let (fits, part) = if plain {
            let several = power.is_integer() && *power > BigRational::one();
            (power.is_one() || several, several.then(BigRational::one))
        } else if divides && power.is_integer() && *power < -BigRational::one() {
            (true, Some(-BigRational::one()))
        } else {
            let power = store.number(power.clone());
            (matches(store, *exponent, power, bindings, prove), None)
        };
        if fits && matches(store, *base, *candidate, bindings, prove) {
            taken.push(Taken { at, part });
            if take_factors(store, others, factors, taken, bindings, prove) {
                return true;
            }
            taken.pop();
        }
        *bindings = saved;
    }
    false
}

fn matches(
    store: &mut Store,
    pattern: TermId,
    term: TermId,
    bindings: &mut Bindings,
    prove: &mut Prove<'_>,
) -> bool {
    let wanted = store.node(pattern).clone();
    if let Node::Parameter(letter) = wanted {
        let at = letter as usize;
        return match bindings[at] {
            Some(bound) => bound == term,
            None => {
                let demand = Demand::of(letter);
                let allowed = match demand {
                    Demand::Any => true,
                    Demand::PositiveNumber => {
                        store.as_number(term).is_some_and(Signed::is_positive)
                    }
                    Demand::WholeFrom(least) => store.as_number(term).is_some_and(|value| {
                        value.is_integer() && *value >= BigRational::from_integer(least.into())
                    }),
                    Demand::Positive
                    | Demand::NonNegative
                    | Demand::NonPositive
                    | Demand::Negative => prove(store, demand, term),
                };
                if allowed {
                    bindings[at] = Some(term);
                }
                allowed
            }
        };
    }
    if pattern == term {
        return true;
    }
    match (wanted, store.node(term).clone()) {
        (Node::Apply(f, orders, arguments), Node::Apply(g, others, values)) => {
            f == g
                && orders == others
                && arguments
                    .iter()
                    .zip(values.iter())
                    .all(|(argument, value)| matches(store, *argument, *value, bindings, prove))
        }
        (Node::Add(parts), Node::Add(summands)) if parts.len() == summands.len() => {
            sums_match(store, &parts, &summands, bindings, prove)
        }
        (Node::Mul(_) | Node::Power(..), _) => {
            let wanted = Product::of(store, pattern);
            let mut factors = pattern_factors(store, pattern);
            factors.sort_by_key(|(base, _)| matches!(store.node(*base), Node::Parameter(_)));
            let mut product = Product::of(store, term);
            // A number in the pattern, as in Step(-u), takes the sign off the product.
            if wanted.coefficient.is_negative() {
                if !product.coefficient.is_negative() {
                    return is_negative_of(store, &factors, bindings, term);
                }
                product.coefficient /= &wanted.coefficient;
            }
            rest_matches(store, &factors, product, bindings, prove)
        }
        _ => false,
    }
}

/// Whether `term` is `b - a` where a pattern asks for `-u` and `u` is `a - b`.
fn is_negative_of(
    store: &mut Store,
    wanted: &[(TermId, TermId)],
    bindings: &Bindings,
    term: TermId,
) -> bool {
    let [(base, exponent)] = wanted else {
        return false;
    };
    let Node::Parameter(letter) = store.node(*base) else {
        return false;
    };
    let bound = bindings[*letter as usize];
    store.is_one(*exponent) && bound.is_some_and(|bound| flipped(store, bound) == Some(term))
}

/// Matches the summands of a sum in any order.
fn sums_match(
    store: &mut Store,
    wanted: &[TermId],
    summands: &[TermId],
    bindings: &mut Bindings,
    prove: &mut Prove<'_>,
) -> bool {
    let Some((first, others)) = wanted.split_first() else {
        return true;
    };
    for at in 0..summands.len() {
        let saved = bindings.clone();
        let mut left = summands.to_vec();
        let candidate = left.remove(at);
        if matches(store, *first, candidate, bindings, prove)
            && sums_match(store, others, &left, bindings, prove)
        {
            return true;
        }
        *bindings = saved;
    }
    false
}

/// Matches all of a product: the last letter of the pattern takes what is left.
fn rest_matches(
    store: &mut Store,
    wanted: &[(TermId, TermId)],
    mut product: Product,
    bindings: &mut Bindings,
    prove: &mut Prove<'_>,
) -> bool {
    match wanted {
        [] => product.factors.is_empty() && product.coefficient.is_one(),
        [(base, exponent)] if store.is_one(*exponent) => {
            let rest = product.build(store);
            matches(store, *base, rest, bindings, prove)
        }
        [(base, _), others @ ..] => {
            // The number itself may be what a letter such as `c` stands for.
            if !product.coefficient.is_one() {
                let saved = bindings.clone();
                let number = store.number(product.coefficient.clone());
                let mut left = product.clone();
                left.coefficient = BigRational::one();
                if !left.factors.is_empty()
                    && matches(store, *base, number, bindings, prove)
                    && rest_matches(store, others, left, bindings, prove)
                {
                    return true;
                }
                *bindings = saved;
            }
            if product.factors.len() + usize::from(!product.coefficient.is_one()) < 2 {
                return false;
            }
            for at in 0..product.factors.len() {
                let saved = bindings.clone();
                let (candidate, power) = product.factors[at].clone();
                let mut left = product.clone();
                left.factors.remove(at);
                let exponent = store.number(power);
                let candidate = store.power(candidate, exponent);
                if matches(store, *base, candidate, bindings, prove)
                    && rest_matches(store, others, left, bindings, prove)
                {
                    return true;
                }
                *bindings = saved;
            }
            product.factors.clear();
            false
        }
    }
}
