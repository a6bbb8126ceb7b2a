//! Values of terms at one point, number by number, exact where that is possible.
//!
//! The evaluator of `numeric` works on arrays of floating point numbers; what decides here are single numbers with
//! proofs attached, so terms are walked as they stand.

mod indices;
mod logarithms;
mod powers;
mod signs;

use std::cmp::Ordering;
use std::rc::Rc;

use num_rational::Ratio;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use smallvec::SmallVec;

use indices::of_letters;

use super::field::Residues;
use super::rational::Rational;
use super::value::{Arithmetic, Real, Trouble, Value};
use crate::claim::{Definition, Instantiated, Lowering, Room, Structure};
use crate::numeric::Instance;
use crate::system::{FamilyKind, Primitive, System};
use crate::term::{Affine, Cmp, FamilyId, FunctionId, Node, Reduction, TermId, VarId};

/// Definitions are read through to so many levels in search of a logarithm.
const MOST_READ_THROUGH: usize = 4;

/// The letters' values.
pub(super) type Env = SmallVec<[(VarId, i64); 4]>;

/// An element of a family.
pub(super) type Element = (FamilyId, SmallVec<[i64; 4]>);

/// The values of what is given from outside; elements that are not fixed are made up from the seed.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) arithmetic: Arithmetic,
    pub(super) fixed: FxHashMap<Element, Value>,
    pub(super) seed: u64,
    /// The value of Step(0).
    pub(super) step_at_zero: Value,
    /// Which numbers are made up.
    pub(super) numbers: Numbers,
    /// On a kink that no exact numbers reach: what is enclosed around 0 and vanishes in the field is 0.
    pub(super) on_kink: bool,
    pub(super) detached: Detached,
    /// Signs that arguments are taken to have where only their sign matters, with their letters' values.
    pub(super) signs: Vec<Forced>,
    /// Whether what nobody fixed may be any number: values are ranges.
    pub(super) boxed: bool,
    pub(super) steps: Steps,
    /// The inputs on which exponents depend: not all of them are whole numbers.
    pub(super) exponents: Rc<[FamilyId]>,
}

/// What the residues of steps are whose signs are not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Steps {
    /// What they are at the point.
    Taken,
    /// Unknown numbers off the kinks: 0 then says that it is 0 for all signs.
    Unknown,
    /// Unknown numbers on them too, and the greatest of several is an unknown function of them: what is identical then is
    /// so wherever both sides have a value.
    Formal,
}

/// Which quantities of the network have any value, as if they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detached {
    Nothing,
    /// Sums and products.
    Sums,
    /// All but the loss.
    All,
}

/// The numbers that inputs are made up from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Whole numbers up to 3, for points that are checked by hand.
    Small,
    /// Quarters below 1, which saturate nothing.
    Quarters,
    /// Smaller parts of 1, so that values do not meet by chance.
    Parts,
    /// Whole numbers up to 29.
    Large,
}

/// A sign that the argument of a kink is given, whatever its value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Forced {
    pub(super) argument: TermId,
    pub(super) env: Env,
    pub(super) sign: Ordering,
    pub(super) residues: Residues,
}

/// A place where a sign mattered: the argument, and the letters' values there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kink {
    pub(super) argument: TermId,
    pub(super) env: Env,
    pub(super) sign: Ordering,
    /// 0 here by accident: it is not 0 on an open set.
    pub(super) accidental: bool,
}

impl Kink {
    /// Whether it is the same place, whatever the signs.
    pub(super) fn is_same(&self, other: &Kink) -> bool {
        self.argument == other.argument && self.env == other.env
    }
}

/// What is known of one system at one point; terms that come later have the old values below them.
#[derive(Debug, Default)]
pub(super) struct Memory {
    elements: FxHashMap<Element, Result<Value, Trouble>>,
    terms: FxHashMap<Instantiated, Result<Value, Trouble>>,
    /// Those without free letters.
    closed: FxHashMap<TermId, Result<Value, Trouble>>,
}

impl Memory {
    /// With room for as much as another one held.
    fn with_room(room: Room) -> Self {
        Self {
            elements: FxHashMap::with_capacity_and_hasher(room.elements, FxBuildHasher),
            terms: FxHashMap::with_capacity_and_hasher(room.terms, FxBuildHasher),
            closed: FxHashMap::with_capacity_and_hasher(room.closed, FxBuildHasher),
        }
    }
}

/// Evaluates terms of a system at one point.
pub(super) struct Evaluator<'e> {
    system: &'e mut System,
    instance: &'e Instance,
    structure: &'e mut Structure,
    point: &'e Point,
    /// That of the point, perhaps without residues.
    arithmetic: Arithmetic,
    pub(super) memory: Memory,
    pub(super) kinks: Vec<Kink>,
    /// Whether the values depended on more than sums, products, whole powers and functions without kinks.
    pub(super) branched: bool,
    met: FxHashSet<Instantiated>,
    /// What was divided by, with its letters' values.
    pub(super) divisors: Vec<(TermId, Env)>,
    /// What logarithms and roots were taken of, unless it is never negative.
    pub(super) radicands: Vec<(TermId, Env)>,
    /// Inputs that were read.
    pub(super) read: Vec<Element>,
    reading: FxHashSet<Element>,
    work: usize,
}

/// So many divisors are remembered.
const MOST_DIVISORS: usize = 24;

/// Beyond this many steps the evaluation is given up.
const MOST_WORK: usize = 3_000_000;

impl<'e> Evaluator<'e> {
    pub(super) fn new(lowering: &'e mut Lowering<'_>, point: &'e Point) -> Self {
        Self::resumed(lowering, point, Memory::default())
    }

    /// Without residues: what numbers and their signs alone can tell.
    pub(super) fn bare(lowering: &'e mut Lowering<'_>, point: &'e Point) -> Self {
        let evaluator = Self::new(lowering, point);
        Self {
            arithmetic: point.arithmetic.bare(),
            ..evaluator
        }
    }

    /// With room for both sides from the start.
    pub(super) fn roomy(self) -> Self {
        Self {
            memory: Memory::with_room(self.structure.room),
            ..self
        }
    }

    /// Goes on with what is known of this system at this point.
    pub(super) fn resumed(
        lowering: &'e mut Lowering<'_>,
        point: &'e Point,
        memory: Memory,
    ) -> Self {
        Self {
            system: &mut lowering.system,
            instance: lowering.instance,
            structure: &mut lowering.structure,
            point,
            arithmetic: point.arithmetic,
            memory,
            kinks: Vec::new(),
            branched: false,
            met: FxHashSet::default(),
            divisors: Vec::new(),
            radicands: Vec::new(),
            read: Vec::new(),
            reading: FxHashSet::default(),
            work: 0,
        }
    }

    /// Ends a look at both sides, the next of which needs about as much room: the kinks, whether the values branched, and
    /// what was read.
    pub(super) fn finished(self) -> (Vec<Kink>, bool, Vec<Element>) {
        self.structure.room = Room {
            elements: self.memory.elements.len(),
            terms: self.memory.terms.len(),
            closed: self.memory.closed.len(),
        };
        (self.kinks, self.branched, self.read)
    }

    fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// A value that the point has, with residues if these are asked for.
    fn given(&self, value: &Value) -> Value {
        Value {
            real: value.real.clone(),
            residues: value.residues.filter(|_| self.arithmetic.field.exists()),
        }
    }

    /// The value of what is read or written as it stands: as quickly found as remembered.
    fn leaf(&mut self, term: TermId, env: &Env) -> Option<Result<Value, Trouble>> {
        match self.system.store.node(term) {
            Node::Index(affine) => {
                let value = Ratio::from_integer(of_letters(affine, env)?);
                Some(Ok(self.arithmetic().number(value.into())))
            }
            Node::Access(family, index) => {
                let family = *family;
                let index: Option<_> = index.iter().map(|entry| of_letters(entry, env)).collect();
                let index = index?;
                Some(crate::stack::deep(|| self.element(family, index)))
            }
            _ => None,
        }
    }

    /// The value of a term.
    pub(super) fn term(&mut self, term: TermId, env: &Env) -> Result<Value, Trouble> {
        self.work += 1;
        self.structure.steps += 1;
        let most = self.structure.most_steps.unwrap_or(u64::MAX);
        if self.work > MOST_WORK || self.structure.steps > most {
            return Err(Trouble::Unknown);
        }
        if let Some(value) = self.leaf(term, env) {
            return value;
        }
        if self.system.store.free_vars(term).is_empty() {
            if let Some(known) = self.memory.closed.get(&term) {
                return known.clone();
            }
            let result = crate::stack::deep(|| self.compute(term, env));
            self.memory.closed.insert(term, result.clone());
            return result;
        }
        let free = self.free_values(term, env);
        let key = (term, free);
        if let Some(known) = self.memory.terms.get(&key) {
            return known.clone();
        }
        let result = crate::stack::deep(|| self.compute(term, env));
        self.memory.terms.insert(key, result.clone());
        result
    }

    fn compute(&mut self, term: TermId, env: &Env) -> Result<Value, Trouble> {
        let arithmetic = self.arithmetic();
        let node = self.system.store.shared(term);
        match &*node {
            Node::Number(value) => Ok(arithmetic.number(value.into())),
            Node::Pi => Ok(arithmetic.pi()),
            Node::Index(affine) => {
                let value = self.affine(affine, env)?;
                Ok(arithmetic.number(value.into()))
            }
            Node::Access(family, index) => {
                let index = self.whole_index(index, env)?;
                self.element(*family, index)
            }
            Node::Parameter(_) => Err(Trouble::Unknown),
            Node::Reduce(reduction, vars, domain, body) => {
                let points = self.range(term, vars, domain, env)?;
                self.reduce(*reduction, vars, &points, *body, env)
            }
            Node::Add(terms) => {
                let mut sum = self.term(terms[0], env)?;
                for term in &terms[1..] {
                    let value = self.term(*term, env)?;
                    sum = arithmetic.plus(&sum, &value);
                }
                Ok(sum)
            }
            Node::Mul(_) if self.point.boxed => self.product_of_ranges(term, env),
            Node::Mul(factors) => {
                // A false condition anywhere keeps the rest from being read.
                for factor in factors {
                    if self.is_condition(*factor) {
                        let value = self.term(*factor, env)?;
                        if value.real.sign() == Some(Ordering::Equal) && !self.is_unknown(&value) {
                            return Ok(arithmetic.int(0));
                        }
                    }
                }
                let mut product = self.term(factors[0], env)?;
                for factor in &factors[1..] {
                    let value = self.term(*factor, env)?;
                    product = arithmetic.times(&product, &value);
                }
                Ok(product)
            }
            Node::Power(base, exponent) => {
                // What is identical for one exponent need not be for others.
                let reads = |node: &Node| matches!(node, Node::Access(..));
                let varies = self.system.store.any(*exponent, reads);
                let exponent = self.term(*exponent, env)?;
                if let Real::Exact(number) = &exponent.real
                    && number.is_integer()
                    && let Some(value) = self.power_of_root(*base, number, env)?
                {
                    return Ok(value);
                }
                let whole = matches!(&exponent.real, Real::Exact(number) if number.is_integer());
                if !whole {
                    self.needs_no_sign(*base, env);
                }
                self.branched |= varies || (!whole && !self.is_always_positive(*base));
                if let Real::Exact(number) = &exponent.real
                    && !whole
                    && let Some(value) = self.root_of_squares(*base, number, env)?
                {
                    return Ok(value);
                }
                let base_value = self.term(*base, env)?;
                let divides = matches!(&exponent.real, Real::Exact(number) if number.is_negative());
                if divides && self.divisors.len() < MOST_DIVISORS {
                    self.divisors.push((*base, env.clone()));
                }
                if (divides || !whole) && self.is_zero_by_accident(&base_value) {
                    return Err(Trouble::Unknown);
                }
                if let Real::Exact(number) = &exponent.real
                    && (number.is_integer() || number.parts().is_some_and(|(_, below)| below <= 12))
                {
                    return arithmetic.power(&base_value, number);
                }
                match base_value.real.sign() {
                    Some(Ordering::Greater) => {}
                    Some(_) => return Err(Trouble::NoValue),
                    None => return Err(Trouble::Unknown),
                }
                let log = self.log_of(*base, env)?;
                Ok(arithmetic.exp(&arithmetic.times(&log, &exponent)))
            }
            Node::Apply(function, orders, arguments) => {
                self.apply(*function, orders, arguments, env)
            }
            Node::Guard(domain) => Ok(arithmetic.int(i64::from(self.holds(domain, env)?))),
            Node::Test(cmp, left, right) => {
                let (a, b) = (self.term(*left, env)?, self.term(*right, env)?);
                let difference = arithmetic.minus(&a, &b);
                let indices = matches!(
                    (
                        self.system.store.node(*left),
                        self.system.store.node(*right)
                    ),
                    (
                        Node::Index(_) | Node::Number(_),
                        Node::Index(_) | Node::Number(_)
                    )
                );
                let mut unknown = None;
                let sign = if indices {
                    self.sign(&difference).ok_or(Trouble::Unknown)?
                } else {
                    let negative = self.system.store.negative(*right);
                    let argument = self.system.store.add([*left, negative]);
                    let sign = self.sign_of(argument, env, &difference)?;
                    self.kink(argument, env, sign, &difference);
                    unknown = self.unknown_test(*cmp, (argument, env), &difference, sign);
                    sign
                };
                let holds = match cmp {
                    Cmp::Greater => sign == Ordering::Greater,
                    Cmp::GreaterEqual => sign != Ordering::Less,
                    Cmp::Equal => sign == Ordering::Equal,
                    Cmp::NotEqual => sign != Ordering::Equal,
                };
                let value = arithmetic.int(i64::from(holds));
                Ok(Value {
                    residues: unknown.or(value.residues),
                    ..value
                })
            }
            Node::Cases(branches) if self.point.steps != Steps::Taken => self.mixed(branches, env),
            Node::Cases(branches) => {
                for (condition, value) in branches {
                    let condition = self.term(*condition, env)?;
                    if condition.real.sign().ok_or(Trouble::Unknown)? != Ordering::Equal {
                        return self.term(*value, env);
                    }
                }
                Err(Trouble::NoValue)
            }
        }
    }

    fn values(&mut self, terms: &[TermId], env: &Env) -> Result<Vec<Value>, Trouble> {
        terms.iter().map(|term| self.term(*term, env)).collect()
    }

    fn apply(
        &mut self,
        function: FunctionId,
        orders: &[u8],
        arguments: &[TermId],
        env: &Env,
    ) -> Result<Value, Trouble> {
        let arithmetic = self.arithmetic();
        let known = self.system.function(function);
        let (primitive, body, opaque) = (known.primitive, known.body, known.is_opaque());
        if orders.iter().any(|order| *order > 0) {
            if opaque {
                let values = self.values(arguments, env)?;
                let which = orders
                    .iter()
                    .fold(1000 + u64::from(function.0), |which, order| {
                        which * 8 + u64::from(*order)
                    });
                return arithmetic.arbitrary(&values, which);
            }
            return self.slope(function, orders, arguments, env);
        }
        if let Some(primitive) = primitive {
            let argument = arguments[0];
            if primitive == Primitive::Log {
                self.needs_no_sign(argument, env);
                return self.log_of(argument, env);
            }
            if primitive == Primitive::Exp && self.has_log(argument, env, MOST_READ_THROUGH)? {
                let (rest, factor) = self.without_logs(argument, 1, env, MOST_READ_THROUGH)?;
                return Ok(arithmetic.times(&arithmetic.exp(&rest), &factor));
            }
            let value = self.term(argument, env)?;
            return match primitive {
                Primitive::Exp => Ok(arithmetic.exp(&value)),
                Primitive::Sin => Ok(arithmetic.sin(&value)),
                Primitive::Cos => Ok(arithmetic.cos(&value)),
                Primitive::Erf => Ok(arithmetic.erf(&value)),
                Primitive::Relu | Primitive::Step
                    if self.point.boxed && self.sign(&value).is_none() =>
                {
                    let (_, high) = value.real.bounds();
                    let high = if primitive == Primitive::Relu {
                        high
                    } else {
                        1.0
                    };
                    Ok(Value {
                        real: Real::Between(0.0, high),
                        residues: None,
                    })
                }
                Primitive::Relu | Primitive::Step => {
                    let sign = self.sign_of(argument, env, &value)?;
                    self.kink(argument, env, sign, &value);
                    if let Some(unknown) = self.unknown_step(argument, env, &value, sign) {
                        let step = Value {
                            real: Real::Exact(Rational::int(i64::from(sign == Ordering::Greater))),
                            residues: Some(unknown),
                        };
                        return Ok(match primitive {
                            Primitive::Step => step,
                            _ => arithmetic.times(&step, &value),
                        });
                    }
                    Ok(match (primitive, sign) {
                        (Primitive::Relu, Ordering::Greater) => value,
                        (Primitive::Step, Ordering::Greater) => arithmetic.int(1),
                        (Primitive::Step, Ordering::Equal) => self.given(&self.point.step_at_zero),
                        _ => arithmetic.int(0),
                    })
                }
                Primitive::Log => unreachable!("logarithms are taken above"),
            };
        }
        match body {
            Some(body) => {
                let term = self.instantiated(function, body, arguments);
                let value = self.term(term, env)?;
                if self.point.steps == Steps::Formal
                    && let Some(reduction) = self.chooses(function)
                {
                    let mut values = Vec::with_capacity(arguments.len());
                    for argument in arguments {
                        self.chosen_from(reduction, *argument, env, &mut values)?;
                    }
                    return Ok(Value {
                        residues: self.unknown_choice(reduction, &values),
                        ..value
                    });
                }
                Ok(value)
            }
            None => {
                let values = self.values(arguments, env)?;
                arithmetic.arbitrary(&values, u64::from(function.0))
            }
        }
    }

    fn instantiated(&mut self, function: FunctionId, body: TermId, arguments: &[TermId]) -> TermId {
        let key = (function, arguments.iter().copied().collect());
        if let Some(known) = self.structure.bodies.get(&key) {
            return *known;
        }
        let term = self.system.store.instantiate(body, arguments);
        self.structure.bodies.insert(key, term);
        term
    }

    /// The first derivative of a function by one of its arguments, as its row has it.
    fn slope(
        &mut self,
        function: FunctionId,
        orders: &[u8],
        arguments: &[TermId],
        env: &Env,
    ) -> Result<Value, Trouble> {
        let mut by = orders.iter().enumerate().filter(|(_, order)| **order > 0);
        let (Some((at, 1)), None) = (by.next(), by.next()) else {
            return Err(Trouble::Unknown);
        };
        let known = self.system.function(function);
        let mut slope = known.slopes.get(at).copied().flatten();
        let points = known.slopes_at.clone();
        // Values at single points, with whether the argument is there where that is an unknown number.
        let mut shares: Vec<(Value, TermId)> = Vec::new();
        if at == 0 && !points.is_empty() {
            self.branched |= self.point.steps != Steps::Formal;
            let argument = self.term(arguments[0], env)?;
            for (place, value) in points {
                let place = self.system.store.instantiate(place, arguments);
                let place = self.term(place, env)?;
                let difference = self.arithmetic().minus(&argument, &place);
                let value = self.system.store.instantiate(value, arguments);
                if let Some(share) = self.unknown_zero(&difference) {
                    shares.push((share, value));
                } else if difference.real.sign().ok_or(Trouble::Unknown)? == Ordering::Equal {
                    slope = Some(value);
                    break;
                }
            }
        }
        let slope = slope.ok_or(Trouble::Unknown)?;
        let term = self.system.store.instantiate(slope, arguments);
        let mut result = self.term(term, env)?;
        for (share, value) in shares.into_iter().rev() {
            let there = self.term(value, env)?;
            result = self.shared(&share, there, result);
        }
        Ok(result)
    }

    /// The definition that a function's call or a read quantity stands for.
    fn unfolded(&mut self, term: TermId, env: &Env) -> Result<Option<(TermId, Env)>, Trouble> {
        let node = self.system.store.shared(term);
        match &*node {
            Node::Apply(function, orders, arguments) if orders.iter().all(|order| *order == 0) => {
                let body = self.system.function(*function).body;
                Ok(body.map(|body| (self.instantiated(*function, body, arguments), env.clone())))
            }
            Node::Access(family, index) => {
                let index = self.whole_index(index, env)?;
                let key: Element = (*family, index);
                if self.is_given(&key) {
                    return Ok(None);
                }
                self.definition(*family, &key.1)
            }
            _ => Ok(None),
        }
    }

    fn reduce(
        &mut self,
        reduction: Reduction,
        vars: &[VarId],
        points: &[Vec<i64>],
        body: TermId,
        env: &Env,
    ) -> Result<Value, Trouble> {
        let arithmetic = self.arithmetic();
        let mut values = Vec::with_capacity(points.len());
        for point in points {
            let mut inner: Env = env
                .iter()
                .filter(|(var, _)| !vars.contains(var))
                .copied()
                .collect();
            inner.extend(vars.iter().copied().zip(point.iter().copied()));
            match reduction {
                Reduction::Sum | Reduction::Product => values.push(self.term(body, &inner)?),
                Reduction::Max | Reduction::Min => {
                    self.chosen_from(reduction, body, &inner, &mut values)?;
                }
            }
        }
        match reduction {
            Reduction::Sum => Ok(values
                .iter()
                .fold(arithmetic.int(0), |sum, value| arithmetic.plus(&sum, value))),
            Reduction::Product => Ok(values.iter().fold(arithmetic.int(1), |product, value| {
                arithmetic.times(&product, value)
            })),
            Reduction::Max | Reduction::Min => {
                let unknown = self.unknown_choice(reduction, &values);
                self.branched |= unknown.is_none();
                let mut values = values.into_iter();
                let mut best = values.next().ok_or(Trouble::NoValue)?;
                for next in values {
                    let difference = arithmetic.minus(&next, &best);
                    let sign = self.forced(&difference);
                    let sign = sign.or_else(|| self.sign(&difference));
                    let sign = sign.ok_or(Trouble::Unknown)?;
                    let wanted = if reduction == Reduction::Max {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    };
                    if sign == wanted {
                        best = next;
                    }
                }
                Ok(Value {
                    residues: unknown.or(best.residues),
                    ..best
                })
            }
        }
    }

    /// The body that defines an element, with its letters' values; none for what is given.
    fn definition(&mut self, family: FamilyId, index: &[i64]) -> Result<Definition, Trouble> {
        let key = (family, index.iter().copied().collect());
        if let Some(known) = self.structure.definitions.get(&key) {
            return Ok(known.clone());
        }
        let (found, fixed) = self.found_definition(family, index)?;
        if fixed {
            self.structure.definitions.insert(key, found.clone());
        }
        Ok(found)
    }

    /// The definition, and whether it is the same at every point.
    fn found_definition(
        &mut self,
        family: FamilyId,
        index: &[i64],
    ) -> Result<(Definition, bool), Trouble> {
        if let FamilyKind::OfMatrix { row, of } = self.system.family(family).kind {
            let (slots, entry) = index.split_at(self.system.family(of).slots);
            let sizes = crate::claim::extents(self.system, self.instance, of, slots);
            let rows = sizes.and_then(|sizes| sizes.first().copied());
            let body = rows.and_then(|rows| {
                super::square::body(self.system, row.function, of, slots, entry, rows)
            });
            return body
                .map(|body| (Some((body, Env::new())), true))
                .ok_or(Trouble::Unknown);
        }
        let count = self.system.family(family).clauses.len();
        let values: Vec<Affine> = index.iter().map(|value| Affine::int(*value)).collect();
        let mut fixed = true;
        for at in 0..count {
            let clause = &self.system.family(family).clauses[at];
            let (substitution, domain) = clause.at(&values);
            let (vars, body) = (clause.vars.clone(), clause.body);
            fixed &= !domain
                .constraints()
                .iter()
                .any(|constraint| constraint.affine().reads());
            if !self.holds(&domain, &Env::new())? {
                continue;
            }
            let Some(body) = body else {
                return Ok((None, fixed));
            };
            let env: Option<Env> = vars
                .iter()
                .map(|var| Some((*var, substitution.get(*var)?.as_int()?)))
                .collect();
            return env
                .map(|env| (Some((body, env)), fixed))
                .ok_or(Trouble::Unknown);
        }
        // Outside of every piece.
        Err(Trouble::NoValue)
    }

    /// The derivative of an opaque loss is one unknown, however often it was derived.
    fn first_of_its_kind(&self, element: &Element) -> Element {
        let kind = &self.system.family(element.0).kind;
        if !matches!(kind, FamilyKind::Adjoint { .. }) {
            return element.clone();
        }
        let first = self
            .system
            .family_ids()
            .find(|other| self.system.family(*other).kind == *kind);
        (first.unwrap_or(element.0), element.1.clone())
    }

    /// Whether the definition of an element is not to be read.
    fn is_given(&mut self, element: &Element) -> bool {
        let opaque = matches!(
            self.system.family(element.0).kind,
            FamilyKind::OpaqueLoss(_)
        );
        opaque
            || self.point.fixed.contains_key(element)
            || match self.point.detached {
                Detached::Nothing => false,
                Detached::Sums => self.structure.is_detachable(self.system, element.0),
                Detached::All => is_intermediate(self.system, element.0),
            }
    }

    /// The value of an element.
    pub(super) fn element(
        &mut self,
        family: FamilyId,
        index: SmallVec<[i64; 4]>,
    ) -> Result<Value, Trouble> {
        let key: Element = (family, index);
        if let Some(fixed) = self.point.fixed.get(&key) {
            let value = self.given(fixed);
            if !self.memory.elements.contains_key(&key) {
                self.read.push(key.clone());
                self.memory.elements.insert(key, Ok(value.clone()));
            }
            return Ok(value);
        }
        if let Some(known) = self.memory.elements.get(&key) {
            return known.clone();
        }
        if !self.reading.insert(key.clone()) {
            return Err(Trouble::Unknown);
        }
        let given = self.is_given(&key);
        let result = match self.definition(family, &key.1) {
            Ok(Some((body, env))) if !given => self.term(body, &env),
            Ok(_) => {
                let given = self.first_of_its_kind(&key);
                let value = match self.point.fixed.get(&given) {
                    Some(fixed) => self.given(fixed),
                    None => self.point.made_up_in(self.arithmetic, &given),
                };
                if !self.read.contains(&given) {
                    self.read.push(given);
                }
                Ok(value)
            }
            Err(trouble) => Err(trouble),
        };
        self.reading.remove(&key);
        self.memory.elements.insert(key, result.clone());
        result
    }
}

/// Whether a family is defined by the network, but for its loss.
pub(super) fn is_intermediate(system: &System, family: FamilyId) -> bool {
    let known = system.family(family);
    let defined = known.kind == FamilyKind::Defined && known.integers.is_none();
    defined && system.loss != Some(family)
}

impl Point {
    /// The number that an input is.
    pub(super) fn value(&self, element: &Element) -> Value {
        let fixed = self.fixed.get(element).cloned();
        fixed.unwrap_or_else(|| self.made_up(element))
    }

    /// A number for what nobody fixed: both signs, never 0.
    pub(super) fn made_up(&self, element: &Element) -> Value {
        self.made_up_in(self.arithmetic, element)
    }

    fn made_up_in(&self, arithmetic: Arithmetic, element: &Element) -> Value {
        let mut state = super::field::scramble(self.seed ^ (u64::from(element.0.0) << 32));
        for index in &element.1 {
            state = super::field::scramble(state ^ index.cast_unsigned());
        }
        let (most, below) = match self.numbers {
            Numbers::Small => (3, 1),
            Numbers::Quarters => (3, 4),
            Numbers::Parts => (61, 64),
            Numbers::Large => (29, 1),
        };
        if self.boxed {
            return Value {
                real: Real::Between(f64::NEG_INFINITY, f64::INFINITY),
                residues: None,
            };
        }
        let mut size: i64 = 1 + (state >> 8).cast_signed().rem_euclid(most);
        let sign = if state & 1 == 0 { 1 } else { -1 };
        let mut below = below;
        if below == 1 && self.exponents.contains(&element.0) {
            (size, below) = match (state >> 40) % 4 {
                0 | 1 => (2 * size - 1, 2),
                2 => (size, 7),
                _ => (size, 1),
            };
        }
        arithmetic.free(Rational::new(sign * size, below), state)
    }
}
