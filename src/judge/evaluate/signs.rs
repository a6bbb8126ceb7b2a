//! Signs of arguments: as they are, as a point gives them, or unknown.

use std::cmp::Ordering;

use num_rational::BigRational;
use num_traits::One;
use smallvec::SmallVec;

use super::super::field::Residues;
use super::super::rational::Rational;
use super::super::value::{Real, Trouble, Value};
use super::{Env, Evaluator, Forced, Kink, MOST_DIVISORS, Steps};
use crate::term::{Cmp, FunctionId, Node, Reduction, TermId};

/// Tells unknown steps, conditions and choices from functions without a definition.
const STEP: u64 = 0x57e9;
const OF_KINKS: u64 = 0x57ea;

/// A sum with more parts is not taken apart.
const MOST_SUMMANDS: usize = 100;

impl Evaluator<'_> {
    pub(super) fn sign(&self, value: &Value) -> Option<Ordering> {
        let vanishes = || {
            let residues = value.residues.as_ref();
            residues.is_some_and(|residues| self.arithmetic.field.vanishes(residues))
        };
        let sign = value.real.sign();
        if sign.is_none() && vanishes() {
            return Some(Ordering::Equal);
        }
        sign
    }

    /// Remembers what has to be not negative for a logarithm or a root to have a value.
    pub(super) fn needs_no_sign(&mut self, term: TermId, env: &Env) {
        let known = self.structure.sign(self.system, term).is_nonnegative();
        if !known && self.radicands.len() < MOST_DIVISORS {
            self.radicands.push((term, env.clone()));
        }
    }

    /// Whether a number is 0 at this point and not wherever the inputs are: what has no value there says nothing of the claim.
    pub(super) fn is_zero_by_accident(&self, value: &Value) -> bool {
        let vanishes = |residues: &Residues| self.arithmetic.field.vanishes(residues);
        value.real.sign() == Some(Ordering::Equal) && !value.residues.as_ref().is_some_and(vanishes)
    }

    /// The sign that a value is given at this point, by its residues: both sides may write it in their own way.
    pub(super) fn forced(&self, value: &Value) -> Option<Ordering> {
        if self.point.signs.is_empty() {
            return None;
        }
        let field = self.arithmetic.field;
        let own = value.residues.as_ref()?;
        if field.vanishes(own) {
            return None;
        }
        let negative = field.negated(own);
        self.point.signs.iter().find_map(|forced| {
            if forced.residues == *own {
                Some(forced.sign)
            } else {
                (forced.residues == negative).then(|| forced.sign.reverse())
            }
        })
    }

    /// The sign that an argument is given at this point, by itself or by its value.
    pub(super) fn given_sign(
        &self,
        argument: TermId,
        env: &Env,
        value: &Value,
    ) -> Option<Ordering> {
        let own = |forced: &&Forced| {
            forced.argument == argument
                && self.free_values(argument, env) == self.free_values(argument, &forced.env)
        };
        let forced = self.point.signs.iter().find(own);
        forced
            .map(|forced| forced.sign)
            .or_else(|| self.forced(value))
    }

    /// The sign that something has whatever the inputs are: as it is given, as its value is, or by what is assumed.
    pub(in super::super) fn known_sign(
        &mut self,
        term: TermId,
        env: &Env,
        value: &Value,
    ) -> Option<Ordering> {
        if let Some(given) = self.given_sign(term, env, value) {
            return Some(given);
        }
        let residues = value.residues.as_ref()?;
        if self.arithmetic.field.vanishes(residues) {
            return Some(Ordering::Equal);
        }
        let sign = self.structure.sign(self.system, term);
        if !sign.is_nonzero() {
            None
        } else if sign.is_nonnegative() {
            Some(Ordering::Greater)
        } else {
            sign.is_nonpositive().then_some(Ordering::Less)
        }
    }

    /// Whether a term is positive whatever the inputs are.
    pub(super) fn is_always_positive(&mut self, term: TermId) -> bool {
        self.structure.sign(self.system, term).is_positive()
    }

    /// The sign of an argument where only that matters.
    pub(super) fn sign_of(
        &self,
        argument: TermId,
        env: &Env,
        value: &Value,
    ) -> Result<Ordering, Trouble> {
        let sign = self.given_sign(argument, env, value);
        sign.or_else(|| self.sign(value)).ok_or(Trouble::Unknown)
    }

    /// An unknown number for a step whose argument has a sign of its own, at a point that wants one.
    pub(super) fn unknown_step(
        &mut self,
        argument: TermId,
        env: &Env,
        value: &Value,
        sign: Ordering,
    ) -> Option<Residues> {
        let hidden = match self.point.steps {
            Steps::Taken => true,
            Steps::Unknown => sign == Ordering::Equal,
            Steps::Formal => self.arithmetic.field.vanishes(&value.residues?),
        };
        if hidden || self.given_sign(argument, env, value).is_some() {
            return None;
        }
        let residues = match self.point.steps {
            Steps::Formal => self.without_positive(argument, env).or(value.residues),
            _ => value.residues,
        };
        let (field, seed) = (self.arithmetic.field, self.arithmetic.seed);
        Some(field.arbitrary(&[residues?], STEP, seed))
    }

    /// What is left of a product without factors that are always positive: its sign is that of the product.
    fn without_positive(&mut self, argument: TermId, env: &Env) -> Option<Residues> {
        let mut rest = self.arithmetic().int(1);
        for (factor, env, power) in self.factors(argument, env) {
            let sign = self.structure.sign(self.system, factor);
            let odd = power.as_int()? % 2 != 0;
            let value = if sign.is_positive() {
                continue;
            } else if sign.is_nonzero() && sign.is_nonpositive() {
                self.arithmetic().int(if odd { -1 } else { 1 })
            } else {
                let value = self.term(factor, &env).ok()?;
                self.arithmetic().power(&value, &power).ok()?
            };
            rest = self.arithmetic().times(&rest, &value);
        }
        rest.residues
    }

    /// The same for a comparison with 0. On kinks each has a value of its own.
    pub(super) fn unknown_test(
        &mut self,
        cmp: Cmp,
        (argument, env): (TermId, &Env),
        value: &Value,
        sign: Ordering,
    ) -> Option<Residues> {
        let formal = self.point.steps == Steps::Formal;
        let step = self.unknown_step(argument, env, value, sign);
        let (field, seed) = (self.arithmetic.field, self.arithmetic.seed);
        // Nothing else is known of the number.
        let own = |which: u64| -> Option<Residues> {
            Some(field.arbitrary(&[step?], OF_KINKS + which, seed))
        };
        match cmp {
            Cmp::Greater | Cmp::GreaterEqual if !formal => step,
            Cmp::Equal | Cmp::NotEqual if !formal => None,
            Cmp::Greater => own(0),
            Cmp::GreaterEqual => own(1),
            Cmp::Equal => own(2),
            Cmp::NotEqual => own(3),
        }
    }

    /// Whether a number that is not always 0 is 0, as an unknown number; none where it is not asked for or is always 0.
    pub(super) fn unknown_zero(&self, difference: &Value) -> Option<Value> {
        let (field, seed) = (self.arithmetic.field, self.arithmetic.seed);
        let own = difference.residues?;
        if self.point.steps != Steps::Formal || field.vanishes(&own) {
            return None;
        }
        Some(Value {
            real: Real::Exact(Rational::int(i64::from(
                difference.real.sign()? == Ordering::Equal,
            ))),
            residues: Some(field.arbitrary(&[own], OF_KINKS + 6, seed)),
        })
    }

    /// One of two values, by a condition that may be an unknown number.
    pub(super) fn shared(&self, condition: &Value, holds: Value, fails: Value) -> Value {
        let arithmetic = self.arithmetic();
        let rest = arithmetic.minus(&arithmetic.int(1), condition);
        let first = arithmetic.times(condition, &holds);
        let residues = arithmetic
            .plus(&first, &arithmetic.times(&rest, &fails))
            .residues;
        let taken = condition.real.sign() != Some(Ordering::Equal);
        Value {
            real: if taken { holds.real } else { fails.real },
            residues,
        }
    }

    /// The greatest or least of several where that is an unknown function of them, whatever their order.
    pub(super) fn unknown_choice(
        &self,
        reduction: Reduction,
        values: &[Value],
    ) -> Option<Residues> {
        if self.point.steps != Steps::Formal {
            return None;
        }
        let (field, seed) = (self.arithmetic.field, self.arithmetic.seed);
        // The least of several is the greatest of their negatives, negated.
        let turned = |residues: &Residues| match reduction {
            Reduction::Min => field.negated(residues),
            _ => *residues,
        };
        let residues = values
            .iter()
            .map(|value| value.residues.as_ref().map(turned));
        let mut residues: Vec<Residues> = residues.collect::<Option<_>>()?;
        residues.sort_unstable();
        residues.dedup();
        match &residues[..] {
            [] => None,
            [only] => Some(turned(only)),
            several => Some(turned(&field.arbitrary(several, OF_KINKS + 4, seed))),
        }
    }

    /// The greatest or the least of its arguments, if that is what a function gives.
    pub(super) fn chooses(&self, function: FunctionId) -> Option<Reduction> {
        match self.system.function(function).name.as_str() {
            "max" => Some(Reduction::Max),
            "min" => Some(Reduction::Min),
            _ => None,
        }
    }

    /// The values of which the greatest or least is wanted, among which a term is one: the greatest of the greatest of several is
    /// the greatest of all of them, and so is the least of their negatives, negated.
    pub(super) fn chosen_from(
        &mut self,
        reduction: Reduction,
        term: TermId,
        env: &Env,
        values: &mut Vec<Value>,
    ) -> Result<(), Trouble> {
        let node = self.system.store.shared(term);
        let signed = match &*node {
            Node::Mul(factors) => self.without_signs(factors),
            _ => None,
        };
        if let Some((negative, of)) = signed {
            let from = values.len();
            let own = match reduction {
                Reduction::Max if negative => Reduction::Min,
                Reduction::Min if negative => Reduction::Max,
                same => same,
            };
            self.chosen_from(own, of, env, values)?;
            let arithmetic = self.arithmetic();
            for value in values[from..].iter_mut().filter(|_| negative) {
                *value = arithmetic.minus(&arithmetic.int(0), value);
            }
            return Ok(());
        }
        match &*node {
            Node::Reduce(inner, vars, domain, of) if *inner == reduction => {
                let points = self.range(term, vars, domain, env)?;
                if points.is_empty() {
                    return Err(Trouble::NoValue);
                }
                for point in points.iter() {
                    let mut inner = env.clone();
                    inner.retain(|(var, _)| !vars.contains(var));
                    inner.extend(vars.iter().copied().zip(point.iter().copied()));
                    self.chosen_from(reduction, *of, &inner, values)?;
                }
            }
            Node::Apply(function, orders, arguments)
                if self.chooses(*function) == Some(reduction)
                    && orders.iter().all(|order| *order == 0) =>
            {
                for argument in arguments {
                    self.chosen_from(reduction, *argument, env, values)?;
                }
            }
            _ => values.push(self.term(term, env)?),
        }
        Ok(())
    }

    /// What a sum is made of, read through definitions, each with whether it is taken away; what cancels is left out.
    pub(in super::super) fn summands(&mut self, term: TermId, env: &Env) -> Vec<(bool, TermId)> {
        let mut found: Vec<(bool, TermId, SmallVec<[i64; 4]>)> = Vec::new();
        let mut open = vec![(false, term, env.clone())];
        while let Some((negative, term, env)) = open.pop() {
            let node = self.system.store.shared(term);
            let signed = match &*node {
                Node::Mul(factors) => self.without_signs(factors),
                _ => None,
            };
            if let Some((turned, of)) = signed {
                open.push((negative != turned, of, env));
                continue;
            }
            let room = found.len() + open.len() < MOST_SUMMANDS;
            let defined = match &*node {
                Node::Access(..) if room => self.unfolded(term, &env).ok().flatten(),
                _ => None,
            };
            match (&*node, defined) {
                (_, Some((body, inner))) => open.push((negative, body, inner)),
                (Node::Add(parts), _) if room => {
                    open.extend(parts.iter().map(|part| (negative, *part, env.clone())));
                }
                _ => {
                    let free = self.free_values(term, &env);
                    let opposite = |(other, known, at): &(bool, TermId, SmallVec<[i64; 4]>)| {
                        *other != negative && *known == term && *at == free
                    };
                    match found.iter().position(opposite) {
                        Some(at) => {
                            found.swap_remove(at);
                        }
                        None => found.push((negative, term, free)),
                    }
                }
            }
        }
        let parts = found.into_iter();
        parts.map(|(negative, term, _)| (negative, term)).collect()
    }

    /// What is multiplied by -1 alone, `-(-x)`, and whether so often that it is negated.
    fn without_signs(&self, factors: &[TermId]) -> Option<(bool, TermId)> {
        let (of, signs) = factors.split_last()?;
        let minus_one = |term: &TermId| {
            let number = self.system.store.as_number(*term);
            number.is_some_and(|number| *number == -BigRational::one())
        };
        (!signs.is_empty() && signs.iter().all(minus_one)).then_some((signs.len() % 2 == 1, *of))
    }

    pub(super) fn is_condition(&self, term: TermId) -> bool {
        matches!(
            self.system.store.node(term),
            Node::Guard(_) | Node::Test(..)
        )
    }

    /// Whether a condition that is false here is an unknown number in the field.
    pub(super) fn is_unknown(&self, condition: &Value) -> bool {
        let field = self.arithmetic.field;
        let residues = condition.residues.as_ref();
        self.point.steps != Steps::Taken
            && residues.is_none_or(|residues| !field.vanishes(residues))
    }

    /// All branches of a distinction of cases with what their conditions are, where these are unknown numbers.
    pub(super) fn mixed(
        &mut self,
        branches: &[(TermId, TermId)],
        env: &Env,
    ) -> Result<Value, Trouble> {
        let arithmetic = self.arithmetic();
        let mut real = None;
        let mut sum = arithmetic.int(0);
        let mut rest = arithmetic.int(1);
        for (condition, value) in branches {
            let condition = self.term(*condition, env)?;
            let share = arithmetic.times(&rest, &condition);
            let never = |value: &Value| {
                let residues = value.residues.as_ref();
                residues.is_some_and(|residues| arithmetic.field.vanishes(residues))
            };
            if !never(&share) {
                let value = self.term(*value, env)?;
                sum = arithmetic.plus(&sum, &arithmetic.times(&share, &value));
                let taken = condition.real.sign().ok_or(Trouble::Unknown)? != Ordering::Equal;
                real = real.or(taken.then_some(value.real));
            }
            rest = arithmetic.times(&rest, &arithmetic.minus(&arithmetic.int(1), &condition));
            if never(&rest) {
                break;
            }
        }
        Ok(Value {
            real: real.ok_or(Trouble::NoValue)?,
            residues: sum.residues,
        })
    }

    pub(super) fn kink(&mut self, argument: TermId, env: &Env, sign: Ordering, value: &Value) {
        if self.point.steps != Steps::Taken && self.given_sign(argument, env, value).is_some() {
            return;
        }
        let free = self.free_values(argument, env);
        if self.met.insert((argument, free)) {
            let accidental = sign == Ordering::Equal
                && value
                    .residues
                    .as_ref()
                    .is_none_or(|residues| !self.arithmetic.field.vanishes(residues));
            self.kinks.push(Kink {
                argument,
                env: env.clone(),
                sign,
                accidental,
            });
        }
    }
}
