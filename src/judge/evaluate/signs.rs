//! Signs of arguments: as they are, as a point gives them, or unknown.

use std::cmp::Ordering;

use super::super::field::Residues;
use super::super::value::{Trouble, Value};
use super::{Env, Evaluator, Forced, Kink};
use crate::simplify::Signs;
use crate::term::{Node, TermId};

/// Tells unknown steps from functions without a definition.
const STEP: u64 = 0x57e9;

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
        &self,
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
        let mut signs = Signs::new(self.system, true);
        let sign = signs.of(self.system, term);
        if sign.is_nonnegative() && sign.is_nonzero() {
            Some(Ordering::Greater)
        } else if sign.is_nonpositive() && sign.is_nonzero() {
            Some(Ordering::Less)
        } else {
            None
        }
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
        &self,
        argument: TermId,
        env: &Env,
        value: &Value,
        sign: Ordering,
    ) -> Option<Residues> {
        if !self.point.soft
            || sign == Ordering::Equal
            || self.given_sign(argument, env, value).is_some()
        {
            return None;
        }
        let (field, seed) = (self.arithmetic.field, self.arithmetic.seed);
        Some(field.arbitrary(&[value.residues?], STEP, seed))
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
        self.point.soft && residues.is_none_or(|residues| !field.vanishes(residues))
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
        if self.point.soft && self.given_sign(argument, env, value).is_some() {
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
