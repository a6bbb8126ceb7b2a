//! Residues for identity testing: a tower of prime fields in which exp is a homomorphism.
//!
//! Each prime is 1 more than a multiple of the one below, so `exp(u)` at one level is a generator of order p raised to
//! the residue of `u` at the level below, and `exp(a + b) = exp(a) exp(b)` holds as it does for numbers (Gonnet 1984,
//! "Determining equivalence of expressions in random polynomial time"). At the bottom, and for every function without
//! such a law, the value is an arbitrary but fixed function of the argument's residue: it agrees where arguments do.
//! Agreement of two sides at a random point thus proves them equal up to the chance of an accident; disagreement
//! proves nothing.

/// Primes of each tower from the bottom up; all are 3 modulo 4 and above 2⁶¹.
const TOWERS: [[u128; LEVELS]; 12] = [
    [
        2305855721162592719,
        87622517404178523323,
        10689947123309779845407,
        919335452604641066705003,
    ],
    [
        2305866589013368487,
        87622930382508002507,
        6484096848305592185519,
        246395680235612503049723,
    ],
    [
        2305869369403966547,
        198304765768741123043,
        5155923909987269199119,
        629022717018446842292519,
    ],
    [
        2305871515798235687,
        32282201221175299619,
        1226723646404661385523,
        76056866077089005902427,
    ],
    [
        2305883025394552523,
        59952958660258365599,
        3717083436936018667139,
        52039168117104261339947,
    ],
    [
        2305892550679252967,
        225977469966566790767,
        3163684579531935070739,
        44291584113447090990347,
    ],
    [
        2305901670898221287,
        59953443353443753463,
        839348208206952548483,
        21823053413380766260559,
    ],
    [
        2305907175369205799,
        142966244872890759539,
        285932489745781519079,
        10865434610339697725003,
    ],
    [
        2305928467401442703,
        4611856934802885407,
        119908280304875020583,
        3117615287926750535159,
    ],
    [
        2305931649158906123,
        59954222878131559199,
        7314415191132050222279,
        102401812675848703111907,
    ],
    [
        2305943740001196959,
        4611887480002393919,
        451964973040234604063,
        11751089299046099705639,
    ],
    [
        2305955252974584467,
        225983614791509277767,
        16722787494571686554759,
        33445574989143373109519,
    ],
];

/// How many levels a tower has.
pub(super) const LEVELS: usize = 4;

/// How many towers there are.
pub(super) const COUNT: usize = TOWERS.len();

/// One residue for each level; the highest is there, one below may be [`MISSING`].
pub(super) type Residues = [u128; LEVELS];

/// A level at which there is no such residue: a root that does not exist, a division by 0. Only what takes the
/// exponential of it misses it.
const MISSING: u128 = u128::MAX;

/// A tower up to some level; only the highest is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    primes: Residues,
    /// Elements whose order is the prime below.
    generators: Residues,
    levels: usize,
}

impl Field {
    /// The tower of this number, with so many levels.
    pub(super) fn new(tower: usize, levels: usize) -> Self {
        let primes = TOWERS[tower % COUNT];
        let mut generators = [1; LEVELS];
        for at in 1..LEVELS {
            let exponent = (primes[at] - 1) / primes[at - 1];
            generators[at] = (2..)
                .map(|base| power(base, exponent, primes[at]))
                .find(|found| *found != 1)
                .expect("a field has elements of every order that divides its own");
        }
        Self {
            primes,
            generators,
            levels,
        }
    }

    fn each(self, mut make: impl FnMut(usize, u128) -> u128) -> Residues {
        let mut result = [0; LEVELS];
        for (at, slot) in result.iter_mut().enumerate().take(self.levels) {
            *slot = make(at, self.primes[at]);
        }
        result
    }

    /// Level by level, as far as the arguments reach.
    fn along<const N: usize>(
        self,
        arguments: [&Residues; N],
        mut make: impl FnMut(usize, u128, [u128; N]) -> u128,
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
        mut make: impl FnMut(usize, u128, [u128; N]) -> Option<u128>,
    ) -> Option<Residues> {
        self.whole(self.along(arguments, |at, prime, here| {
            make(at, prime, here).unwrap_or(MISSING)
        }))
    }

    fn whole(self, residues: Residues) -> Option<Residues> {
        (self.top(&residues) != MISSING).then_some(residues)
    }

    /// The level that is compared.
    pub(super) fn top(self, value: &Residues) -> u128 {
        value[self.levels - 1]
    }

    /// Random residues.
    pub(super) fn random(self, seed: u64) -> Residues {
        self.each(|at, prime| mix(seed, at as u64) % prime)
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
        self.along([a], |_, prime, [a]| (prime - a) % prime)
    }

    /// A rational number; none if its denominator vanishes.
    pub(super) fn rational(self, value: &num_rational::BigRational) -> Option<Residues> {
        use num_integer::Integer;
        use num_traits::ToPrimitive;
        self.try_along([], |_, prime, []| {
            let modulus = num_bigint::BigInt::from(prime);
            let above = value.numer().mod_floor(&modulus).to_u128()?;
            let below = value.denom().mod_floor(&modulus).to_u128()?;
            Some(multiply(above, inverse(below, prime)?, prime))
        })
    }

    pub(super) fn plus(self, a: &Residues, b: &Residues) -> Residues {
        self.along([a, b], |_, prime, [a, b]| (a + b) % prime)
    }

    pub(super) fn times(self, a: &Residues, b: &Residues) -> Residues {
        self.along([a, b], |_, prime, [a, b]| multiply(a, b, prime))
    }

    pub(super) fn inverse(self, a: &Residues) -> Option<Residues> {
        self.try_along([a], |_, prime, [a]| inverse(a, prime))
    }

    /// A whole power, not negative.
    pub(super) fn raised(self, a: &Residues, exponent: u128) -> Residues {
        self.along([a], |_, prime, [a]| power(a, exponent, prime))
    }

    /// The root of this order among the squares; none if the number has none or several.
    pub(super) fn root(self, a: &Residues, order: u128) -> Option<Residues> {
        self.try_along([a], |_, prime, [a]| {
            let half = (prime - 1) / 2;
            if power(a, half, prime) != 1 {
                return None;
            }
            let exponent = inverse_modulo(order % half, half)?;
            Some(power(a, exponent, prime))
        })
    }

    pub(super) fn exp(self, a: &Residues, seed: u64) -> Option<Residues> {
        self.whole(self.each(|at, prime| match at.checked_sub(1) {
            None if a[0] == 0 => 1,
            None if a[0] == MISSING => MISSING,
            None => nonzero(hash(seed, 1, a[0]), prime),
            Some(below) if a[below] == MISSING => MISSING,
            Some(below) => power(self.generators[at], a[below], prime),
        }))
    }

    /// A logarithm, of which only `log(1/u) = -log(u)` is kept.
    pub(super) fn log(self, a: &Residues, seed: u64) -> Option<Residues> {
        self.try_along([a], |_, prime, [a]| {
            if a == 1 {
                return Some(0);
            }
            let other = inverse(a, prime)?;
            if other < a {
                Some(prime - nonzero(hash(seed, 2, other), prime))
            } else {
                Some(nonzero(hash(seed, 2, a), prime))
            }
        })
    }

    /// Sine and cosine: odd and even, with squares that sum to 1.
    pub(super) fn circle(self, a: &Residues, seed: u64) -> Option<(Residues, Residues)> {
        let parts = self.odd(a, 3, seed);
        let square = self.times(&parts, &parts);
        let one = self.each(|_, _| 1);
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
            let (argument, negative) = if a > prime - a {
                (prime - a, true)
            } else {
                (a, false)
            };
            if argument == 0 {
                return 0;
            }
            let t = nonzero(hash(seed, which, argument), prime);
            if negative { prime - t } else { t }
        })
    }

    /// An arbitrary function, `which`, of its arguments.
    pub(super) fn arbitrary(self, arguments: &[Residues], which: u64, seed: u64) -> Residues {
        self.each(|at, prime| {
            if arguments.iter().any(|argument| argument[at] == MISSING) {
                return MISSING;
            }
            let mut state = u128::from(which);
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

fn nonzero(value: u128, prime: u128) -> u128 {
    1 + value % (prime - 1)
}

/// `a b mod m` for m < 2⁸⁰.
fn multiply(a: u128, b: u128, modulus: u128) -> u128 {
    if a < 1 << 63 && b < 1 << 63 {
        return a * b % modulus;
    }
    let (high, low) = (b >> 40, b & ((1 << 40) - 1));
    (((a * high % modulus) << 40) + a * low) % modulus
}

fn power(base: u128, exponent: u128, modulus: u128) -> u128 {
    let (mut result, mut base, mut exponent) = (1, base % modulus, exponent);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, base, modulus);
        }
        base = multiply(base, base, modulus);
        exponent >>= 1;
    }
    result
}

fn inverse(value: u128, prime: u128) -> Option<u128> {
    (!value.is_multiple_of(prime)).then(|| power(value, prime - 2, prime))
}

/// The inverse modulo a number that need not be prime.
fn inverse_modulo(value: u128, modulus: u128) -> Option<u128> {
    let (mut r, mut next_r) = (i128::try_from(modulus).ok()?, i128::try_from(value).ok()?);
    let (mut t, mut next_t) = (0i128, 1i128);
    while next_r != 0 {
        let quotient = r / next_r;
        (t, next_t) = (next_t, t - quotient * next_t);
        (r, next_r) = (next_r, r - quotient * next_r);
    }
    if r != 1 {
        return None;
    }
    u128::try_from(t.rem_euclid(i128::try_from(modulus).ok()?)).ok()
}

/// Two rounds of a well-mixing permutation of 64 bits.
pub(super) fn scramble(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn mix(seed: u64, at: u64) -> u128 {
    let low = scramble(seed ^ scramble(at.wrapping_mul(2).wrapping_add(1)));
    let high = scramble(low ^ seed.rotate_left(17));
    (u128::from(high) << 64) | u128::from(low)
}

fn hash(seed: u64, which: u64, value: u128) -> u128 {
    let low = scramble(seed ^ scramble(which) ^ scramble(value as u64));
    let high = scramble(low ^ scramble((value >> 64) as u64 ^ 0xabcd));
    let low = scramble(low ^ high.rotate_left(29));
    (u128::from(high) << 64) | u128::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_turns_sums_into_products() {
        for tower in 0..COUNT {
            let field = Field::new(tower, LEVELS);
            let (a, b) = (field.random(3), field.random(4));
            let exp = |a: &Residues| field.exp(a, 5).expect("nothing is missing");
            let together = exp(&field.plus(&a, &b));
            let apart = field.times(&exp(&a), &exp(&b));
            assert_eq!(together[1..], apart[1..]);
            assert_ne!(together[0], apart[0]);
        }
    }

    #[test]
    fn roots_are_roots() {
        let field = Field::new(0, LEVELS);
        let a = field.random(9);
        let square = field.times(&a, &a);
        let root = field.root(&square, 2).expect("a square has a root");
        assert_eq!(field.times(&root, &root), square);
        let cube = field.root(&square, 3).expect("cubes are a permutation");
        assert_eq!(field.raised(&cube, 3), square);
    }

    #[test]
    fn roots_of_squares_are_magnitudes() {
        let field = Field::new(1, 2);
        let (a, b) = (field.signed(4, false), field.signed(5, true));
        let root = |a: &Residues| field.root(&field.times(a, a), 2);
        assert_eq!(root(&a), Some(a));
        assert_eq!(root(&b), Some(field.negated(&b)));
        assert_eq!(field.root(&b, 2), None);
    }

    #[test]
    fn a_root_may_be_missing_below() {
        let field = Field::new(3, 2);
        let mut a = field.signed(6, false);
        a[0] = field.negated(&a)[0];
        let root = field.root(&a, 2).expect("the highest is a square");
        assert_eq!(root[0], MISSING);
        assert_eq!(field.exp(&root, 1), None);
    }

    #[test]
    fn sines_and_cosines_lie_on_the_circle() {
        let field = Field::new(2, 2);
        let (sin, cos) = field.circle(&field.random(1), 8).expect("a point");
        let sum = field.plus(&field.times(&sin, &sin), &field.times(&cos, &cos));
        assert_eq!(field.top(&sum), 1);
    }
}
