//! Rules as data, and the matching of their left sides.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed};
use smallvec::SmallVec;

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
    /// The left side in the network language. The first function in it stands at its top.
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

    /// Whether a number meets it.
    fn admits_number(self, value: &BigRational) -> bool {
        match self {
            Demand::Any => true,
            Demand::Positive | Demand::PositiveNumber => value.is_positive(),
            Demand::NonNegative => !value.is_negative(),
            Demand::NonPositive => !value.is_positive(),
            Demand::Negative => value.is_negative(),
            Demand::WholeFrom(least) => value.is_integer() && *value.numer() >= BigInt::from(least),
        }
    }
}

/// The names of functions in a side of a rule, in order: all words in it that are not letters.
pub(crate) fn function_names(side: &'static str) -> impl Iterator<Item = &'static str> {
    side.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(char::is_alphabetic) && !LETTERS.contains(word))
}

/// What the text of a left side tells of the terms that it may match, before it is read: most sides never are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// The functions that are applied at the top, in factors, or in the parts of a sum.
    pub(crate) heads: SmallVec<[&'static str; 2]>,
    /// For a call and nothing else, `step(n u)` but not `step(u)^b`, what it is a call with.
    pub(crate) call: Option<Argument>,
}

/// What a function is called with in a left side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    /// What meets the demand of a letter.
    Letter(Demand),
    /// A call of another function.
    Call(&'static str),
    /// A product, also one with a number in front only.
    Product,
}

impl Outline {
    pub(crate) fn of(left: &'static str) -> Self {
        let mut outline = Self::default();
        // Brackets that are open since the first head's.
        let mut open = 0_usize;
        let mut start = 0;
        for (at, sign) in left.char_indices() {
            match sign {
                '(' if open > 0 => open += 1,
                '(' => {
                    let name = name_before(left, at);
                    if !name.is_empty() {
                        outline.heads.push(name);
                        (open, start) = (1, at + 1);
                    }
                }
                ')' if open == 1 => {
                    open = 0;
                    if at + 1 == left.len() && start == outline.heads[0].len() + 1 {
                        outline.call = Some(Argument::of(&left[start..at]));
                    }
                }
                ')' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        outline
    }
}

/// The name of a function that is called with what follows at a bracket; empty if that one only groups.
fn name_before(text: &'static str, bracket: usize) -> &'static str {
    let before = text[..bracket].rsplit(|sign: char| !sign.is_alphanumeric() && sign != '_');
    before.into_iter().next().unwrap_or_default()
}

impl Argument {
    fn of(text: &'static str) -> Self {
        if let Some(letter) = LETTERS.iter().position(|letter| *letter == text) {
            return Argument::Letter(Demand::of(letter as u32));
        }
        match text.find('(') {
            Some(bracket) if !name_before(text, bracket).is_empty() => {
                Argument::Call(name_before(text, bracket))
            }
            _ => Argument::Product,
        }
    }
}

/// The left side of a rule, once it was read.
#[derive(Debug)]
pub(crate) struct Pattern {
    term: TermId,
    /// For a product, its number and its factors, letters last.
    product: Option<(BigRational, Vec<Wanted>)>,
}

impl Pattern {
    pub(crate) fn new(store: &mut Store, term: TermId) -> Self {
        let product = matches!(store.node(term), Node::Mul(_) | Node::Power(..)).then(|| {
            let coefficient = Product::of(store, term).coefficient;
            (coefficient, wanted_factors(store, term))
        });
        Self { term, product }
    }
}

/// A factor of a pattern, with an exponent that may be a letter.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    base: TermId,
    exponent: TermId,
}

/// Functions, each once.
pub(crate) type Heads = SmallVec<[FunctionId; 8]>;

/// The functions that are applied in the factors of a product, or by the term itself.
pub(crate) fn heads(store: &Store, term: TermId) -> Heads {
    let mut found = Heads::new();
    add_heads(store, term, &mut found);
    found
}

fn add_heads(store: &Store, term: TermId, found: &mut Heads) {
    match store.node(term) {
        Node::Apply(function, _, _) if !found.contains(function) => found.push(*function),
        Node::Power(base, _) => add_heads(store, *base, found),
        Node::Mul(factors) => {
            for factor in factors {
                if !matches!(store.node(*factor), Node::Mul(_)) {
                    add_heads(store, *factor, found);
                }
            }
        }
        // A divisor such as 1 + exp(u), a sum such as 1 - sigmoid(-u).
        Node::Add(parts) => {
            for part in parts {
                if !matches!(store.node(*part), Node::Add(_)) {
                    add_heads(store, *part, found);
                }
            }
        }
        _ => {}
    }
}

/// What the letters of a pattern stand for.
pub(crate) type Bindings = [Option<TermId>; LETTERS.len()];

/// Answers the demands of letters.
pub(crate) type Prove<'a> = dyn FnMut(&mut Store, Demand, TermId) -> bool + 'a;

/// Matches a pattern with a term, or, for a product, with some of its factors.
///
/// Returns the bindings and, for a product, what is left of it around the match: the product without the
/// matched factors, and the place where the right side goes. The factors of the term are found once for all patterns.
pub(crate) fn find(
    store: &mut Store,
    pattern: &Pattern,
    term: TermId,
    opened: &mut Option<Product>,
    prove: &mut Prove<'_>,
) -> Option<(Bindings, Option<(Product, usize)>)> {
    let mut bindings: Bindings = [None; LETTERS.len()];
    let Some((coefficient, wanted)) = &pattern.product else {
        return matches(store, pattern.term, term, &mut bindings, prove)
            .then_some((bindings, None));
    };
    let product = opened.get_or_insert_with(|| Product::of(store, term));
    let counts = !coefficient.is_one();
    if (counts && *coefficient != product.coefficient) || product.factors.len() < wanted.len() {
        return None;
    }
    let mut taken: Vec<Taken> = Vec::with_capacity(wanted.len());
    if !take_factors(
        store,
        wanted,
        &product.factors,
        &mut taken,
        &mut bindings,
        prove,
    ) {
        return None;
    }
    let mut product = product.clone();
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
    if counts {
        product.coefficient = BigRational::one();
    }
    Some((bindings, Some((product, place))))
}

/// The factors of a pattern with exponents that may be letters; bases that are letters come last.
fn wanted_factors(store: &mut Store, pattern: TermId) -> Vec<Wanted> {
    let parts: Vec<TermId> = match store.node(pattern) {
        Node::Mul(factors) => factors.to_vec(),
        _ => vec![pattern],
    };
    let mut result = Vec::with_capacity(parts.len());
    for part in parts {
        match *store.node(part) {
            Node::Number(_) => {}
            Node::Power(base, exponent) => result.push(Wanted { base, exponent }),
            _ => {
                let exponent = store.int(1);
                result.push(Wanted {
                    base: part,
                    exponent,
                });
            }
        }
    }
    // What binds a letter comes before what only compares with it, `sigmoid(u)` before `exp(-u)`.
    let is_letter = |term: &TermId| matches!(store.node(*term), Node::Parameter(_));
    result.sort_by_key(|wanted| match store.node(wanted.base) {
        Node::Apply(_, _, arguments) if arguments.iter().all(is_letter) => 0,
        Node::Parameter(_) => 2,
        _ => 1,
    });
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
    wanted: &[Wanted],
    factors: &[(TermId, BigRational)],
    taken: &mut Vec<Taken>,
    bindings: &mut Bindings,
    prove: &mut Prove<'_>,
) -> bool {
    let Some((Wanted { base, exponent }, others)) = wanted.split_first() else {
        return true;
    };
    let wanted_power = store.as_number(*exponent);
    let plain = wanted_power.is_some_and(One::is_one);
    let divides = wanted_power.is_some_and(is_minus_one);
    let (wanted_function, wanted_term) = match store.node(*base) {
        Node::Apply(function, _, _) => (Some(*function), None),
        Node::Parameter(letter) => (None, bindings[*letter as usize]),
        _ => (None, None),
    };
    for (at, (candidate, power)) in factors.iter().enumerate() {
        // A letter that stands for a term already, in a long product, is what most candidates are refused by.
        if wanted_term.is_some_and(|term| term != *candidate)
            || taken.iter().any(|taken| taken.at == at)
        {
            continue;
        }
        if wanted_function.is_some()
            && !matches!(store.node(*candidate), Node::Apply(function, _, _) if Some(*function) == wanted_function)
        {
            continue;
        }
        let saved = *bindings;
        let (fits, part) = if plain && power.is_one() {
            (true, None)
        } else if plain {
            let several = power.is_integer() && power.is_positive();
            (several, several.then(BigRational::one))
        } else if divides && power.is_integer() && power.is_negative() && !is_minus_one(power) {
            (true, Some(-BigRational::one()))
        } else {
            (power_matches(store, *exponent, power, bindings), None)
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

fn is_minus_one(value: &BigRational) -> bool {
    value.is_negative() && value.is_integer() && value.numer().magnitude().is_one()
}

/// Whether an exponent, a number or a letter for one, fits a number.
fn power_matches(
    store: &mut Store,
    exponent: TermId,
    power: &BigRational,
    bindings: &mut Bindings,
) -> bool {
    match *store.node(exponent) {
        Node::Parameter(letter) => {
            if !Demand::of(letter).admits_number(power) {
                return false;
            }
            let power = store.number(power.clone());
            let bound = bindings[letter as usize].get_or_insert(power);
            *bound == power
        }
        _ => store.as_number(exponent) == Some(power),
    }
}

fn matches(
    store: &mut Store,
    pattern: TermId,
    term: TermId,
    bindings: &mut Bindings,
    prove: &mut Prove<'_>,
) -> bool {
    if let Node::Parameter(letter) = *store.node(pattern) {
        let at = letter as usize;
        return match bindings[at] {
            Some(bound) => bound == term,
            None => {
                let demand = Demand::of(letter);
                let allowed = match demand {
                    Demand::Any => true,
                    Demand::PositiveNumber | Demand::WholeFrom(_) => store
                        .as_number(term)
                        .is_some_and(|value| demand.admits_number(value)),
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
    let (wanted, given) = (store.shared(pattern), store.shared(term));
    match (&*wanted, &*given) {
        (Node::Apply(f, orders, arguments), Node::Apply(g, others, values)) => {
            f == g
                && orders == others
                && arguments
                    .iter()
                    .zip(values.iter())
                    .all(|(argument, value)| matches(store, *argument, *value, bindings, prove))
        }
        (Node::Add(parts), Node::Add(summands)) if parts.len() == summands.len() => {
            sums_match(store, parts, summands, bindings, prove)
        }
        (Node::Mul(_) | Node::Power(..), _) => {
            let wanted = Product::of(store, pattern);
            let factors = wanted_factors(store, pattern);
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

/// Whether `term` is `b - a` where a pattern asks for `-u` and `u` is `a - b`, or a product with that.
fn is_negative_of(store: &mut Store, wanted: &[Wanted], bindings: &Bindings, term: TermId) -> bool {
    let [Wanted { base, exponent }] = wanted else {
        return false;
    };
    let Node::Parameter(letter) = store.node(*base) else {
        return false;
    };
    let Some(bound) = bindings[*letter as usize].filter(|_| store.is_one(*exponent)) else {
        return false;
    };
    let Node::Mul(factors) = store.node(bound).clone() else {
        return flipped(store, bound) == Some(term);
    };
    (0..factors.len()).any(|at| {
        flipped(store, factors[at]).is_some_and(|turned| {
            let mut turned_there = factors.to_vec();
            turned_there[at] = turned;
            store.mul(turned_there) == term
        })
    })
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
        let saved = *bindings;
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
    wanted: &[Wanted],
    mut product: Product,
    bindings: &mut Bindings,
    prove: &mut Prove<'_>,
) -> bool {
    match wanted {
        [] => product.factors.is_empty() && product.coefficient.is_one(),
        [Wanted { base, exponent }] if store.is_one(*exponent) => {
            let rest = product.build(store);
            matches(store, *base, rest, bindings, prove)
        }
        [Wanted { base, .. }, others @ ..] => {
            // The number itself may be what a letter such as `c` stands for.
            if !product.coefficient.is_one() {
                let saved = *bindings;
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
                let saved = *bindings;
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
