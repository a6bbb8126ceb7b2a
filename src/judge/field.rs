//! Residues for identity testing: a tower of prime fields in which exp is a homomorphism.
//!
//! Each prime is 1 more than a multiple of the one below, so `exp(u)` at one level is a generator of order p raised to
//! the residue of `u` at the level below, and `exp(a + b) = exp(a) exp(b)` holds as it does for numbers (Gonnet 1984,
//! "Determining equivalence of expressions in random polynomial time"). At the bottom, and for every function without
//! such a law, the value is an arbitrary but fixed function of the argument's residue: it agrees where arguments do.
//! Agreement of two sides at a random point thus proves them equal up to the chance of an accident; disagreement
//! proves nothing.

use super::rational::Rational;

/// The lowest prime of each tower. With p also 2p + 1, 4p + 3 and 8p + 7 are primes (a Cunningham chain); all are 3 modulo
/// 4, above 2⁶⁰ and fit in a machine word.
const LOWEST: [u64; COUNT] = [
    2185762196707359839,
    2220725679834600539,
    2253020318593930079,
    2264165826607282859,
    2279399384322315539,
    2302307834049465839,
    2224172254323723419,
    2211061461552244859,
    2171477206873213199,
    2202029763411656099,
    2256097652260203359,
    2302797776418538739,
];

/// How many levels a tower has.
pub(super) const LEVELS: usize = 4;

/// How many towers there are.
pub(super) const COUNT: usize = 12;

/// The first level of a tower, and the others above it.
const fn tower(lowest: u64) -> [Prime; LEVELS] {
    let mut primes = [Prime::new(lowest); LEVELS];
    let mut level = 1;
    while level < LEVELS {
        primes[level] = Prime::new(2 * primes[level - 1].prime + 1);
        level += 1;
    }
    primes
}

const TALL: [[Prime; LEVELS]; COUNT] = {
    let mut towers = [tower(LOWEST[0]); COUNT];
    let mut at = 1;
    while at < COUNT {
        towers[at] = tower(LOWEST[at]);
        at += 1;
    }
    towers
};

static TOWERS: [[Prime; LEVELS]; COUNT] = TALL;

/// The two lowest levels of each tower beside those of the next.
static PAIRS: [[Prime; LEVELS]; COUNT] = {
    let mut pairs = TALL;
    let mut at = 0;
    while at < COUNT {
        let next = TALL[(at + 1) % COUNT];
        pairs[at][2] = next[0];
        pairs[at][3] = next[1];
        at += 1;
    }
    pairs
};

/// One residue for each level of one or two towers, times 2⁶⁴ (Montgomery 1985, "Modular multiplication without trial division"); any may be
/// [`MISSING`].
pub(super) type Residues = [u64; LEVELS];

/// A level at which there is no such residue: a root that does not exist, a division by 0. Only what takes the
/// exponential of it misses it.
const MISSING: u64 = u64::MAX;

/// The field of one prime; its elements are residues times 2⁶⁴.
#[derive(Debug, Clone, Copy)]
struct Prime {
    prime: u64,
    /// The inverse of the prime modulo 2⁶⁴.
    inverse: u64,
    /// 2⁶⁴ and 2¹²⁸ modulo the prime.
    one: u64,
    shift: u64,
    /// An element whose order is the prime below, (prime - 1) / 2: the square of 2.
    generator: u64,
}

impl Prime {
    const fn new(prime: u64) -> Self {
        let one = ((1u128 << 64) % prime as u128) as u64;
        let shift = ((one as u128 * one as u128) % prime as u128) as u64;
        // Newton's iteration doubles the number of bits that are right.
        let mut inverse = prime;
        let mut bits = 3;
        while bits < 64 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(prime.wrapping_mul(inverse)));
            bits *= 2;
        }
        let generator = ((one as u128 * 4) % prime as u128) as u64;
        Self {
            prime,
            inverse,
            one,
            shift,
            generator,
        }
    }

    fn of(&self, number: u64) -> u64 {
        self.times(number % self.prime, self.shift)
    }

    /// The number from 0 that an element is.
    fn number(&self, a: u64) -> u64 {
        self.times(a, 1)
    }

    fn plus(&self, a: u64, b: u64) -> u64 {
        self.minus(a, self.negated(b))
    }

    fn minus(&self, a: u64, b: u64) -> u64 {
        let (difference, borrowed) = a.overflowing_sub(b);
        if borrowed {
            difference.wrapping_add(self.prime)
        } else {
            difference
        }
    }

    fn negated(&self, a: u64) -> u64 {
        if a == 0 { 0 } else { self.prime - a }
    }

    fn times(&self, a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        let factor = (product as u64).wrapping_mul(self.inverse);
        let multiple = (u128::from(factor) * u128::from(self.prime)) >> 64;
        self.minus((product >> 64) as u64, multiple as u64)
    }

    fn power(&self, base: u64, exponent: u64) -> u64 {
        let (mut result, mut base, mut exponent) = (self.one, base, exponent);
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = self.times(result, base);
            }
            base = self.times(base, base);
            exponent >>= 1;
        }
        result
    }

    fn invert(&self, a: u64) -> Option<u64> {
        (a != 0).then(|| self.power(a, self.prime - 2))
    }

    /// The root of this order among the squares; none if the number has none or several.
    fn root(&self, a: u64, order: u64) -> Option<u64> {
        let half = (self.prime - 1) / 2;
        if self.power(a, half) != self.one {
            return None;
        }
        Some(self.power(a, inverse_modulo(order % half, half)?))
    }
}

/// Towers up to some level; only the highest of each is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    primes: &'static [Prime; LEVELS],
    /// How many residues there are.
    lanes: usize,
    /// How many of them belong to one tower.
    height: usize,
}

impl Field {
    /// One tower of two levels.
    pub(super) fn single(tower: usize) -> Self {
        Self {
            primes: &PAIRS[tower % COUNT],
            lanes: 2,
            height: 2,
        }
    }

    /// Two towers of two levels.
    pub(super) fn pair(number: usize) -> Self {
        Self {
            primes: &PAIRS[2 * number % COUNT],
            lanes: 4,
            height: 2,
        }
    }

    /// One tower of all levels.
    pub(super) fn tall(tower: usize) -> Self {
        Self {
            primes: &TOWERS[tower % COUNT],
            lanes: LEVELS,
            height: LEVELS,
        }
    }

    /// Nothing: no number has residues.
    pub(super) fn none() -> Self {
        Self {
            primes: &TOWERS[0],
            lanes: 0,
            height: 1,
        }
    }

    /// Whether numbers have residues.
    pub(super) fn exists(self) -> bool {
        self.lanes > 0
    }

    fn each(self, mut make: impl FnMut(usize, &Prime) -> u64) -> Residues {
        let mut result = [0; LEVELS];
        for (at, slot) in result.iter_mut().enumerate().take(self.lanes) {
            *slot = make(at, &self.primes[at]);
        }
        result
    }

    /// Level by level, as far as the arguments reach.
    fn along<const N: usize>(
        self,
        arguments: [&Residues; N],
        mut make: impl FnMut(usize, &Prime, [u64; N]) -> u64,
    ) -> Residues {
        self.each(|at, prime| {
            let here = arguments.map(|argument| argument[at]);
            if here.contains(&MISSING) {
                MISSING
            } else {
                make(at, prime, here)
            }
        })
    }

    /// As `along`, where there may be no residue; none if it is missing at the highest level.
    fn try_along<const N: usize>(
        self,
        arguments: [&Residues; N],
        mut make: impl FnMut(usize, &Prime, [u64; N]) -> Option<u64>,
    ) -> Option<Residues> {
        self.whole(self.along(arguments, |at, prime, here| {
            make(at, prime, here).unwrap_or(MISSING)
        }))
    }

    /// None if no tower has one at its top.
    fn whole(self, residues: Residues) -> Option<Residues> {
        self.tops(&residues)
            .any(|top| top != MISSING)
            .then_some(residues)
    }

    /// What is compared, for each tower.
    fn tops(self, value: &Residues) -> impl Iterator<Item = u64> {
        let lanes = self.lanes;
        value
            .iter()
            .copied()
            .take(lanes)
            .skip(self.height - 1)
            .step_by(self.height)
    }

    /// What is compared, where there is one tower.
    pub(super) fn top(self, value: &Residues) -> u64 {
        value[self.lanes - 1]
    }

    /// Whether a number may be 0: it is in every tower that has it, and there is one.
    pub(super) fn vanishes(self, value: &Residues) -> bool {
        let mut known = self.tops(value).filter(|top| *top != MISSING).peekable();
        known.peek().is_some() && known.all(|top| top == 0)
    }

    /// For each tower whether two numbers are the same there, if it has both.
    pub(super) fn compared(self, a: &Residues, b: &Residues) -> impl Iterator<Item = Option<bool>> {
        self.tops(a)
            .zip(self.tops(b))
            .map(|(a, b)| (a != MISSING && b != MISSING).then_some(a == b))
    }

    /// How many towers there are.
    pub(super) fn towers(self) -> usize {
        self.lanes / self.height
    }

    /// Random residues.
    pub(super) fn random(self, seed: u64) -> Residues {
        self.each(|at, prime| mix(seed, at as u64) % prime.prime)
    }

    /// Random residues for a number of this sign: a square for a positive one. As -1 is none, roots of products are as
    /// they are for numbers, and those of inputs exist.
    pub(super) fn signed(self, seed: u64, negative: bool) -> Residues {
        let root = self.random(seed);
        let square = self.times(&root, &root);
        if negative {
            self.negated(&square)
        } else {
            square
        }
    }

    pub(super) fn negated(self, a: &Residues) -> Residues {
        self.along([a], |_, prime, [a]| prime.negated(a))
    }

    /// A rational number; none if its denominator vanishes.
    pub(super) fn rational(self, value: &Rational) -> Option<Residues> {
        self.try_along([], |_, prime, []| {
            let (above, below) = value.modulo(prime.prime);
            let above = prime.of(above);
            if below == 1 {
                return Some(above);
            }
            Some(prime.times(above, prime.invert(prime.of(below))?))
        })
    }

    pub(super) fn plus(self, a: &Residues, b: &Residues) -> Residues {
        self.along([a, b], |_, prime, [a, b]| prime.plus(a, b))
    }

    pub(super) fn times(self, a: &Residues, b: &Residues) -> Residues {
        self.along([a, b], |_, prime, [a, b]| prime.times(a, b))
    }

    pub(super) fn inverse(self, a: &Residues) -> Option<Residues> {
        self.try_along([a], |_, prime, [a]| prime.invert(a))
    }

    /// A whole power, not negative.
    pub(super) fn raised(self, a: &Residues, exponent: u64) -> Residues {
        self.along([a], |_, prime, [a]| prime.power(a, exponent))
    }

    /// The root of this order among the squares; none if the number has none or several.
    pub(super) fn root(self, a: &Residues, order: u64) -> Option<Residues> {
        self.try_along([a], |_, prime, [a]| prime.root(a, order))
    }

    pub(super) fn exp(self, a: &Residues, seed: u64) -> Option<Residues> {
        let below = |at: usize| (!at.is_multiple_of(self.height)).then(|| at - 1);
        self.whole(self.each(|at, prime| match below(at) {
            None if a[at] == 0 => prime.one,
            None if a[at] == MISSING => MISSING,
            None => nonzero(hash(seed, 1, a[at]), prime),
            Some(below) if a[below] == MISSING => MISSING,
            Some(below) => prime.power(prime.generator, self.primes[below].number(a[below])),
        }))
    }

    /// A logarithm, of which only `log(1/u) = -log(u)` is kept.
    pub(super) fn log(self, a: &Residues, seed: u64) -> Option<Residues> {
        self.try_along([a], |_, prime, [a]| {
            if a == prime.one {
                return Some(0);
            }
            let other = prime.invert(a)?;
            if other < a {
                Some(prime.negated(nonzero(hash(seed, 2, other), prime)))
            } else {
                Some(nonzero(hash(seed, 2, a), prime))
            }
        })
    }

    /// Sine and cosine: odd and even, with squares that sum to 1.
    pub(super) fn circle(self, a: &Residues, seed: u64) -> Option<(Residues, Residues)> {
        let parts = self.odd(a, 3, seed);
        let square = self.times(&parts, &parts);
        let one = self.each(|_, prime| prime.one);
        let below = self.inverse(&self.plus(&one, &square))?;
        let two = self.plus(&parts, &parts);
        let minus = self.negated(&square);
        Some((
            self.times(&two, &below),
            self.times(&self.plus(&one, &minus), &below),
        ))
    }

    /// The error function, of which only `erf(-u) = -erf(u)` is kept.
    pub(super) fn erf(self, a: &Residues, seed: u64) -> Residues {
        self.odd(a, 4, seed)
    }

    /// An arbitrary odd function, `which`.
    fn odd(self, a: &Residues, which: u64, seed: u64) -> Residues {
        self.along([a], |_, prime, [a]| {
            let (argument, negative) = if a > prime.negated(a) {
                (prime.negated(a), true)
            } else {
                (a, false)
            };
            if argument == 0 {
                return 0;
            }
            let t = nonzero(hash(seed, which, argument), prime);
            if negative { prime.negated(t) } else { t }
        })
    }

    /// An arbitrary function, `which`, of its arguments.
    pub(super) fn arbitrary(self, arguments: &[Residues], which: u64, seed: u64) -> Residues {
        self.each(|at, prime| {
            if arguments.iter().any(|argument| argument[at] == MISSING) {
                return MISSING;
            }
            let mut state = which;
            for argument in arguments {
                state = hash(
                    seed ^ 0x51ed,
                    7,
                    state.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ argument[at],
                );
            }
            nonzero(state, prime)
        })
    }
}

fn nonzero(value: u64, prime: &Prime) -> u64 {
    1 + value % (prime.prime - 1)
}

/// The inverse modulo a number that need not be prime.
fn inverse_modulo(value: u64, modulus: u64) -> Option<u64> {
    let (mut r, mut next_r) = (i128::from(modulus), i128::from(value));
    let (mut t, mut next_t) = (0i128, 1i128);
    while next_r != 0 {
        let quotient = r / next_r;
        (t, next_t) = (next_t, t - quotient * next_t);
        (r, next_r) = (next_r, r - quotient * next_r);
    }
    if r != 1 {
        return None;
    }
    u64::try_from(t.rem_euclid(i128::from(modulus))).ok()
}

/// Two rounds of a well-mixing permutation of 64 bits.
pub(super) fn scramble(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn mix(seed: u64, at: u64) -> u64 {
    scramble(seed ^ scramble(at.wrapping_mul(2).wrapping_add(1)))
}

fn hash(seed: u64, which: u64, value: u64) -> u64 {
    scramble(seed ^ scramble(which ^ scramble(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_a_field_in_which_the_prime_below_is_an_order() {
        for primes in &TOWERS {
            for (at, prime) in primes.iter().enumerate() {
                assert!(is_prime(prime.prime), "{}", prime.prime);
                assert_eq!(prime.prime % 4, 3);
                assert_eq!(prime.number(prime.of(12_345)), 12_345);
                if at > 0 {
                    assert_eq!(prime.prime, 2 * primes[at - 1].prime + 1);
                    assert_ne!(prime.generator, prime.one);
                    let raised = prime.power(prime.generator, primes[at - 1].prime);
                    assert_eq!(raised, prime.one);
                }
            }
        }
    }

    /// Miller and Rabin's test with bases that decide it for all numbers of 64 bits (Sorenson and Webster 2017).
    fn is_prime(number: u64) -> bool {
        let field = Prime::new(number);
        let minus_one = field.negated(field.one);
        let odd = (number - 1) >> (number - 1).trailing_zeros();
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
            .into_iter()
            .all(|base| {
                let mut power = field.power(field.of(base), odd);
                let mut found = power == field.one || power == minus_one;
                for _ in 1..(number - 1).trailing_zeros() {
                    power = field.times(power, power);
                    found |= power == minus_one;
                }
                found
            })
    }

    #[test]
    fn exp_turns_sums_into_products() {
        for tower in 0..COUNT {
            let field = Field::tall(tower);
            let (a, b) = (field.random(3), field.random(4));
            let exp = |a: &Residues| field.exp(a, 5).expect("nothing is missing");
            let together = exp(&field.plus(&a, &b));
            let apart = field.times(&exp(&a), &exp(&b));
            assert_eq!(together[1..], apart[1..]);
            assert_ne!(together[0], apart[0]);
        }
    }

    #[test]
    fn two_towers_are_two_single_ones() {
        let (both, first, second) = (Field::pair(3), Field::single(6), Field::single(7));
        let parts = |a: &Residues| ([a[0], a[1], 0, 0], [a[2], a[3], 0, 0]);
        let a = both.signed(11, false);
        let (one, other) = parts(&a);
        assert_eq!(both.towers(), 2);
        for (together, low, high) in [
            (both.exp(&a, 5), first.exp(&one, 5), second.exp(&other, 5)),
            (
                both.root(&a, 2),
                first.root(&one, 2),
                second.root(&other, 2),
            ),
            (
                both.inverse(&a),
                first.inverse(&one),
                second.inverse(&other),
            ),
        ] {
            let (one, other) = parts(&together.expect("a positive number has it"));
            assert_eq!((Some(one), Some(other)), (low, high));
        }
    }

    #[test]
    fn what_one_tower_misses_is_told_by_the_other() {
        let field = Field::pair(0);
        let mut a = field.signed(6, false);
        a[1] = MISSING;
        let b = field.inverse(&a).expect("the other tower has it");
        let one = field.times(&a, &b);
        let known: Vec<Option<bool>> = field.compared(&one, &field.each(|_, p| p.one)).collect();
        assert_eq!(known, [None, Some(true)]);
        assert!(field.vanishes(&field.plus(&a, &field.negated(&a))));
        a[3] = MISSING;
        assert_eq!(field.inverse(&a), None);
        assert!(!field.vanishes(&a));
    }

    #[test]
    fn roots_are_roots() {
        let field = Field::tall(0);
        let a = field.random(9);
        let square = field.times(&a, &a);
        let root = field.root(&square, 2).expect("a square has a root");
        assert_eq!(field.times(&root, &root), square);
        let cube = field.root(&square, 3).expect("cubes are a permutation");
        assert_eq!(field.raised(&cube, 3), square);
    }

    #[test]
    fn roots_of_squares_are_magnitudes() {
        let field = Field::single(1);
        let (a, b) = (field.signed(4, false), field.signed(5, true));
        let root = |a: &Residues| field.root(&field.times(a, a), 2);
        assert_eq!(root(&a), Some(a));
        assert_eq!(root(&b), Some(field.negated(&b)));
        assert_eq!(field.root(&b, 2), None);
    }

    #[test]
    fn a_root_may_be_missing_below() {
        let field = Field::single(3);
        let mut a = field.signed(6, false);
        a[0] = field.negated(&a)[0];
        let root = field.root(&a, 2).expect("the highest is a square");
        assert_eq!(root[0], MISSING);
        assert_eq!(field.exp(&root, 1), None);
    }

    #[test]
    fn sines_and_cosines_lie_on_the_circle() {
        let field = Field::single(2);
        let (sin, cos) = field.circle(&field.random(1), 8).expect("a point");
        let sum = field.plus(&field.times(&sin, &sin), &field.times(&cos, &cos));
        assert_eq!(field.top(&sum), field.primes[1].one);
    }
}
