//! What is proved of the sign of a term, and which assumptions the proof used.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;

use super::Product;
use super::rule::Demand;
use crate::system::{ClauseIndex, Fact, FamilyKind, Primitive, System};
use crate::term::{Affine, Cmp, Domain, FamilyId, Node, Reduction, Substitution, TermId, VarId};

/// Bounds of a sign: what values a term can take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sign {
    /// It may be negative.
    negative: bool,
    /// It may be 0.
    zero: bool,
    /// It may be positive.
    positive: bool,
    /// The assumptions that were used, by number, sorted.
    pub(crate) assumed: Vec<usize>,
}

impl Sign {
    fn of_number(value: &BigRational) -> Self {
        Self::new(value.is_negative(), value.is_zero(), value.is_positive())
    }

    fn new(negative: bool, zero: bool, positive: bool) -> Self {
        Self {
            negative,
            zero,
            positive,
            assumed: Vec::new(),
        }
    }

    fn unknown() -> Self {
        Self::new(true, true, true)
    }

    fn is_unknown(&self) -> bool {
        self.negative && self.zero && self.positive
    }

    pub(crate) fn is_positive(&self) -> bool {
        !self.negative && !self.zero
    }

    pub(crate) fn is_nonnegative(&self) -> bool {
        !self.negative
    }

    pub(crate) fn is_negative(&self) -> bool {
        !self.positive && !self.zero
    }

    pub(crate) fn is_nonpositive(&self) -> bool {
        !self.positive
    }

    /// Whether it is what a letter demands; a demand that is not about the sign is met.
    pub(super) fn meets(&self, demand: Demand) -> bool {
        match demand {
            Demand::Positive => self.is_positive(),
            Demand::NonNegative => self.is_nonnegative(),
            Demand::NonPositive => self.is_nonpositive(),
            Demand::Negative => self.is_negative(),
            Demand::Any | Demand::PositiveNumber | Demand::WholeFrom(_) => true,
        }
    }

    pub(crate) fn is_nonzero(&self) -> bool {
        !self.zero
    }

    fn using(mut self, assumed: &[usize]) -> Self {
        self.assumed.extend_from_slice(assumed);
        self.assumed.sort_unstable();
        self.assumed.dedup();
        self
    }

    /// Both are known; what says nothing new is not rested on.
    fn narrowed(&self, other: &Sign) -> Sign {
        let both = Sign::new(
            self.negative && other.negative,
            self.zero && other.zero,
            self.positive && other.positive,
        );
        let bounds = |sign: &Sign| (sign.negative, sign.zero, sign.positive);
        if bounds(&both) == bounds(self) {
            return self.clone();
        }
        both.using(&self.assumed).using(&other.assumed)
    }

    /// One or the other.
    fn or(&self, other: &Sign) -> Sign {
        Sign::new(
            self.negative || other.negative,
            self.zero || other.zero,
            self.positive || other.positive,
        )
        .using(&self.assumed)
        .using(&other.assumed)
    }

    fn times(&self, other: &Sign) -> Sign {
        Sign::new(
            (self.negative && other.positive) || (self.positive && other.negative),
            self.zero || other.zero,
            (self.positive && other.positive) || (self.negative && other.negative),
        )
        .using(&self.assumed)
        .using(&other.assumed)
    }

    fn plus(&self, other: &Sign) -> Sign {
        Sign::new(
            self.negative || other.negative,
            (self.zero && other.zero)
                || (self.positive && other.negative)
                || (self.negative && other.positive),
            self.positive || other.positive,
        )
        .using(&self.assumed)
        .using(&other.assumed)
    }
}

/// An assumed sign of elements of a family.
#[derive(Debug, Clone)]
struct Assumed {
    /// Of which elements, in the letters of the assumption.
    pattern: Box<[Affine]>,
    sign: Sign,
    /// The assumption's number.
    number: usize,
    /// Whether it speaks of every element that exists.
    whole: bool,
}

fn sum_of_numbers(system: &System, parts: &[TermId]) -> Option<BigRational> {
    let numbers = parts
        .iter()
        .map(|part| system.store.as_number(*part).cloned());
    numbers.sum()
}

/// Signs of terms of one system, remembered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signs {
    /// Assumed signs of whole families where an assumption covers them.
    families: FxHashMap<FamilyId, Vec<Assumed>>,
    /// Assumed signs of other terms, `w x > 0`, as they are written.
    terms: FxHashMap<TermId, Sign>,
    /// Signs of the clauses of defined families.
    defined: FxHashMap<(FamilyId, usize), Sign>,
    clauses: ClauseIndex,
    memo: FxHashMap<TermId, Sign>,
}

impl Signs {
    /// With the assumptions of the system, or without any.
    pub(crate) fn new(system: &System, use_assumptions: bool) -> Self {
        let mut families: FxHashMap<FamilyId, Vec<Assumed>> = FxHashMap::default();
        let mut terms: FxHashMap<TermId, Sign> = FxHashMap::default();
        if use_assumptions {
            for (number, assumption) in system.assumptions.iter().enumerate() {
                let Some((access, sign)) = assumed_sign(system, &assumption.fact) else {
                    continue;
                };
                if let Node::Access(family, pattern) = system.store.node(access) {
                    let whole = system.family(*family).clauses.iter().all(|clause| {
                        speaks_of(system, number, pattern, &clause.index, &clause.domain)
                    });
                    families.entry(*family).or_default().push(Assumed {
                        pattern: pattern.clone(),
                        sign,
                        number,
                        whole,
                    });
                } else if system.store.free_vars(access).is_empty() {
                    terms.insert(access, sign.using(&[number]));
                }
            }
        }
        Self {
            families,
            terms,
            defined: FxHashMap::default(),
            clauses: ClauseIndex::default(),
            memo: FxHashMap::default(),
        }
    }

    /// What is proved of a term's sign.
    pub(crate) fn of(&mut self, system: &System, term: TermId) -> Sign {
        if let Some(known) = self.memo.get(&term) {
            return known.clone();
        }
        let mut sign = crate::stack::deep(|| self.compute(system, term));
        if let Some(assumed) = self.terms.get(&term) {
            sign = sign.narrowed(assumed);
        }
        self.memo.insert(term, sign.clone());
        sign
    }

    fn compute(&mut self, system: &System, term: TermId) -> Sign {
        match system.store.node(term) {
            Node::Number(value) => Sign::of_number(value),
            Node::Pi => Sign::new(false, false, true),
            Node::Index(affine) => {
                let everywhere = Domain::everything();
                let at_least = |low: i64| Domain::at_least(affine, &Affine::int(low));
                if system.ambient.implies(&everywhere, &at_least(1)) {
                    Sign::new(false, false, true)
                } else if system.ambient.implies(&everywhere, &at_least(0)) {
                    Sign::new(false, true, true)
                } else {
                    Sign::unknown()
                }
            }
            Node::Access(family, index) => self.of_access(system, *family, index),
            Node::Guard(_) | Node::Test(..) => Sign::new(false, true, true),
            Node::Parameter(_) => Sign::unknown(),
            Node::Reduce(op, vars, domain, body) => {
                let body = self.of(system, *body);
                match op {
                    Reduction::Sum => {
                        let empty = !never_empty(system, vars, domain);
                        Sign::new(
                            body.negative,
                            body.zero || empty || (body.negative && body.positive),
                            body.positive,
                        )
                        .using(&body.assumed)
                    }
                    Reduction::Product if !body.negative => {
                        Sign::new(false, body.zero, true).using(&body.assumed)
                    }
                    Reduction::Product => Sign::unknown(),
                    Reduction::Max | Reduction::Min => body,
                }
            }
            Node::Add(parts) if self.is_one_less(system, parts) => Sign::new(false, false, true),
            Node::Add(parts) => {
                if let Some(sum) = sum_of_numbers(system, parts) {
                    return Sign::of_number(&sum);
                }
                let mut sum = Sign::new(false, true, false);
                for part in parts {
                    let part = self.of(system, *part);
                    if part.is_unknown() {
                        return Sign::unknown();
                    }
                    sum = sum.plus(&part);
                }
                sum
            }
            Node::Mul(factors) => {
                let mut product = Sign::new(false, false, true);
                let mut factors = factors.to_vec();
                factors.sort_unstable();
                for same in factors.chunk_by(|a, b| a == b) {
                    let own = self.of(system, same[0]);
                    // `c c` is a square.
                    let square = Sign::new(false, own.zero, own.negative || own.positive);
                    if same.len() > 1 {
                        product = product.times(&square.using(&own.assumed));
                    }
                    if same.len() % 2 == 1 {
                        product = product.times(&own);
                    }
                }
                product
            }
            Node::Power(base, exponent) => {
                let base = self.of(system, *base);
                let Some(exponent) = system.store.as_number(*exponent) else {
                    return if base.is_positive() {
                        base
                    } else {
                        Sign::unknown()
                    };
                };
                // What is divided by is not 0, nor is what that gives.
                let zero = base.zero && !exponent.is_negative();
                let even = exponent.is_integer()
                    && (exponent.to_integer() % num_bigint::BigInt::from(2)).is_zero();
                // A fractional power has a value only where its base is not negative.
                if even || !exponent.is_integer() {
                    Sign::new(false, zero, true).using(&base.assumed)
                } else {
                    Sign { zero, ..base }
                }
            }
            Node::Apply(function, orders, arguments) => {
                if orders.iter().any(|order| *order > 0) {
                    return Sign::unknown();
                }
                let function = system.function(*function);
                match function.primitive {
                    Some(Primitive::Exp) => Sign::new(false, false, true),
                    Some(Primitive::Relu) => {
                        let argument = self.of(system, arguments[0]);
                        Sign::new(false, !argument.is_positive(), !argument.is_nonpositive())
                            .using(&argument.assumed)
                    }
                    Some(Primitive::Step) => Sign::new(false, true, true),
                    Some(Primitive::Erf) => self.of(system, arguments[0]),
                    Some(Primitive::Log | Primitive::Sin | Primitive::Cos) => Sign::unknown(),
                    // The body's own parameters are of unknown sign, so this holds for all arguments.
                    None => match function.body {
                        Some(body) => self.of(system, body),
                        None => Sign::unknown(),
                    },
                }
            }
            Node::Cases(branches) => {
                let mut any = Sign::new(false, false, false);
                for (_, value) in branches {
                    let value = self.of(system, *value);
                    any = any.or(&value);
                }
                any
            }
        }
    }

    /// Whether a sum is `1 - u` with a `u` that is proved to be less than 1, such as a sigmoid.
    fn is_one_less(&mut self, system: &System, parts: &[TermId]) -> bool {
        let store = &system.store;
        let [first, second] = parts else {
            return false;
        };
        let other = match (store.is_one(*first), store.is_one(*second)) {
            (true, false) => *second,
            (false, true) => *first,
            _ => return false,
        };
        match store.node(other) {
            Node::Mul(factors) => match factors[..] {
                [number, less] => {
                    store.as_number(number).is_some_and(|it| (-it).is_one())
                        && self.is_below_one(system, less)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a term is `1/(1 + v)` with a positive `v`, perhaps by a name.
    fn is_below_one(&mut self, system: &System, term: TermId) -> bool {
        let store = &system.store;
        match store.node(term) {
            Node::Mul(_) | Node::Power(..) => {
                let product = Product::of(store, term);
                let [(base, exponent)] = product.factors.as_slice() else {
                    return false;
                };
                let Node::Add(parts) = store.node(*base) else {
                    return false;
                };
                product.coefficient.is_one()
                    && (-exponent).is_one()
                    && parts.iter().any(|part| store.is_one(*part))
                    && parts
                        .iter()
                        .all(|part| self.of(system, *part).is_positive())
            }
            Node::Apply(function, orders, _) => {
                let body = system.function(*function).body;
                orders.iter().all(|order| *order == 0)
                    && body.is_some_and(|body| self.is_below_one(system, body))
            }
            Node::Access(family, index) => {
                let row = system.family(*family);
                let clauses = self.clauses.at(system, *family, index);
                let mut bodies = clauses.into_iter().map(|number| row.clauses[number].body);
                let is_name = |body: TermId| matches!(store.node(body), Node::Access(..));
                row.kind == FamilyKind::Defined
                    && bodies.all(|body| {
                        body.is_some_and(|it| !is_name(it) && self.is_below_one(system, it))
                    })
            }
            _ => false,
        }
    }

    /// The sign of the elements of a defined family that an index may mean; unknown while it is being found, as in a
    /// recurrence.
    fn of_definition(&mut self, system: &System, family: FamilyId, index: &[Affine]) -> Sign {
        let row = system.family(family);
        if row.kind != FamilyKind::Defined {
            return Sign::unknown();
        }
        let mut any = Sign::new(false, false, false);
        for number in self.clauses.at(system, family, index) {
            let body = row.clauses[number].body;
            any = any.or(&self.of_clause(system, (family, number), body));
            if any.is_unknown() {
                break;
            }
        }
        any
    }

    fn of_clause(
        &mut self,
        system: &System,
        clause: (FamilyId, usize),
        body: Option<TermId>,
    ) -> Sign {
        if let Some(known) = self.defined.get(&clause) {
            return known.clone();
        }
        self.defined.insert(clause, Sign::unknown());
        let sign = body.map_or_else(Sign::unknown, |body| self.of(system, body));
        self.defined.insert(clause, sign.clone());
        sign
    }

    fn of_access(&mut self, system: &System, family: FamilyId, index: &[Affine]) -> Sign {
        let mut sign = self.of_definition(system, family, index);
        for assumed in self.families.get(&family).into_iter().flatten() {
            let speaks = assumed.whole
                || speaks_of(
                    system,
                    assumed.number,
                    &assumed.pattern,
                    index,
                    &Domain::everything(),
                );
            if speaks {
                sign = sign.narrowed(&assumed.sign.clone().using(&[assumed.number]));
            }
        }
        sign
    }
}

/// Whether an assumption about `pattern` is proved to speak of the element at `index`.
fn speaks_of(
    system: &System,
    number: usize,
    pattern: &[Affine],
    index: &[Affine],
    context: &Domain,
) -> bool {
    let assumption = &system.assumptions[number];
    let mut values = Vec::new();
    for (wanted, given) in pattern.iter().zip(index) {
        match wanted.as_var() {
            Some(var) if assumption.vars.contains(&var) => values.push((var, given.clone())),
            _ if system
                .ambient
                .implies(context, &Domain::equal(wanted, given)) => {}
            _ => return false,
        }
    }
    let wanted = Substitution::new(values).domain(&assumption.domain);
    system.ambient.implies(context, &wanted)
}

/// The sign that a fact gives to an access.
fn assumed_sign(system: &System, fact: &Fact) -> Option<(TermId, Sign)> {
    match fact {
        Fact::Compare(cmp, left, right) => {
            let number = |term: TermId| system.store.as_number(term);
            match (number(*left), number(*right)) {
                (None, Some(bound)) => {
                    let sign = match cmp {
                        Cmp::Greater if !bound.is_negative() => Sign::new(false, false, true),
                        Cmp::GreaterEqual if bound.is_positive() => Sign::new(false, false, true),
                        Cmp::GreaterEqual if bound.is_zero() => Sign::new(false, true, true),
                        Cmp::NotEqual if bound.is_zero() => Sign::new(true, false, true),
                        Cmp::Equal => {
                            Sign::new(bound.is_negative(), bound.is_zero(), bound.is_positive())
                        }
                        Cmp::Greater | Cmp::GreaterEqual | Cmp::NotEqual => return None,
                    };
                    Some((*left, sign))
                }
                (Some(bound), None) => {
                    let sign = match cmp {
                        Cmp::Greater if !bound.is_positive() => Sign::new(true, false, false),
                        Cmp::GreaterEqual if bound.is_negative() => Sign::new(true, false, false),
                        Cmp::GreaterEqual if bound.is_zero() => Sign::new(true, true, false),
                        Cmp::Greater | Cmp::GreaterEqual | Cmp::Equal | Cmp::NotEqual => {
                            return None;
                        }
                    };
                    Some((*right, sign))
                }
                (None, None) | (Some(_), Some(_)) => None,
            }
        }
        Fact::OneOf(access, values) => Some((
            *access,
            Sign::new(
                values.iter().any(Signed::is_negative),
                values.iter().any(Zero::is_zero),
                values.iter().any(Signed::is_positive),
            ),
        )),
        Fact::OneHot(access, _) => Some((*access, Sign::new(false, true, true))),
        Fact::Matrix(..) => None,
    }
}

/// Whether a range is proved to hold at least one value, whatever the letters outside it are.
pub(crate) fn never_empty(system: &System, vars: &[VarId], domain: &Domain) -> bool {
    let [var] = vars else {
        return false;
    };
    let (lower, upper) = domain.bounds(*var);
    let ([(1, low)], [(1, high)]) = (lower.as_slice(), upper.as_slice()) else {
        return false;
    };
    domain.constraints().len() == 2
        && system
            .ambient
            .implies(&Domain::everything(), &Domain::at_least(high, low))
}
