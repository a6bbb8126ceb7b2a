//! Logarithms taken apart, and exponentials of them: exact where their numbers would not be.

use std::cmp::Ordering;

use num_traits::ToPrimitive;

use super::super::rational::Rational;
use super::super::value::{Trouble, Value};
use super::{Env, Evaluator};
use crate::system::Primitive;
use crate::term::{Node, TermId};

impl Evaluator<'_> {
    /// The logarithm of a term, taken apart as far as its form allows.
    pub(super) fn log_of(&mut self, term: TermId, env: &Env) -> Result<Value, Trouble> {
        self.branched |= !self.is_always_positive(term);
        let arithmetic = self.arithmetic();
        let whole = self.term(term, env)?;
        match whole.real.sign() {
            Some(Ordering::Greater) => {}
            Some(_) if self.is_zero_by_accident(&whole) => return Err(Trouble::Unknown),
            Some(_) => return Err(Trouble::NoValue),
            None => return Err(Trouble::Unknown),
        }
        let node = self.system.store.shared(term);
        if let Some(exponent) = self.applied(Primitive::Exp, &node) {
            return self.term(exponent, env);
        }
        match &*node {
            Node::Mul(factors) => {
                let mut sum = arithmetic.int(0);
                for factor in factors {
                    let value = self.term(*factor, env)?;
                    if value.real.sign() != Some(Ordering::Greater) {
                        self.branched = true;
                        return arithmetic.log(&whole);
                    }
                    let part = self.log_of(*factor, env)?;
                    sum = arithmetic.plus(&sum, &part);
                }
                Ok(sum)
            }
            Node::Power(base, exponent) => {
                let value = self.term(*base, env)?;
                if value.real.sign() != Some(Ordering::Greater) {
                    self.branched = true;
                    return arithmetic.log(&whole);
                }
                let exponent = self.term(*exponent, env)?;
                let log = self.log_of(*base, env)?;
                Ok(arithmetic.times(&exponent, &log))
            }
            _ => match self.unfolded(term, env)? {
                Some((inner, inner_env)) => self.log_of(inner, &inner_env),
                None => arithmetic.log(&whole),
            },
        }
    }

    /// Whether a logarithm is a summand of a term, as it is written or as what it reads is defined.
    pub(super) fn has_log(
        &mut self,
        term: TermId,
        env: &Env,
        most: usize,
    ) -> Result<bool, Trouble> {
        let node = self.system.store.shared(term);
        Ok(match &*node {
            Node::Add(parts) => {
                for part in parts {
                    if self.has_log(*part, env, most)? {
                        return Ok(true);
                    }
                }
                false
            }
            Node::Mul(factors) => match self.whole_multiple(factors) {
                Some((_, of)) => self.has_log(of, env, most)?,
                None => false,
            },
            _ if self.applied(Primitive::Log, &node).is_some() => true,
            _ if most == 0 => false,
            _ => match self.unfolded(term, env)? {
                Some((inner, inner_env)) => self.has_log(inner, &inner_env, most - 1)?,
                None => false,
            },
        })
    }

    /// `c term` without the logarithms among its summands, and what the exponential of these is: `u - 2 log S` is u and
    /// `S^-2`.
    pub(super) fn without_logs(
        &mut self,
        term: TermId,
        c: i64,
        env: &Env,
        most: usize,
    ) -> Result<(Value, Value), Trouble> {
        let arithmetic = self.arithmetic();
        let node = self.system.store.shared(term);
        if let Some(of) = self.applied(Primitive::Log, &node) {
            self.branched |= !self.is_always_positive(of);
            self.needs_no_sign(of, env);
            let value = self.term(of, env)?;
            return match value.real.sign() {
                Some(Ordering::Greater) => {
                    let power = arithmetic.power(&value, &Rational::int(c))?;
                    Ok((arithmetic.int(0), power))
                }
                Some(_) if self.is_zero_by_accident(&value) => Err(Trouble::Unknown),
                Some(_) => Err(Trouble::NoValue),
                None => Err(Trouble::Unknown),
            };
        }
        match &*node {
            Node::Add(parts) => {
                let (mut rest, mut factor) = (arithmetic.int(0), arithmetic.int(1));
                for part in parts {
                    let (more, times) = self.without_logs(*part, c, env, most)?;
                    rest = arithmetic.plus(&rest, &more);
                    factor = arithmetic.times(&factor, &times);
                }
                return Ok((rest, factor));
            }
            Node::Mul(factors) => {
                if let Some((times, of)) = self.whole_multiple(factors)
                    && let Some(c) = c.checked_mul(times)
                {
                    return self.without_logs(of, c, env, most);
                }
            }
            _ => {
                if most > 0
                    && let Some((inner, inner_env)) = self.unfolded(term, env)?
                {
                    return self.without_logs(inner, c, &inner_env, most - 1);
                }
            }
        }
        let value = self.term(term, env)?;
        Ok((
            arithmetic.times(&arithmetic.int(c), &value),
            arithmetic.int(1),
        ))
    }

    /// What a primitive is applied to, if a node is that.
    pub(super) fn applied(&self, primitive: Primitive, node: &Node) -> Option<TermId> {
        match node {
            Node::Apply(function, orders, arguments)
                if orders.iter().all(|order| *order == 0)
                    && self.system.function(*function).primitive == Some(primitive) =>
            {
                Some(arguments[0])
            }
            _ => None,
        }
    }

    /// `3 u`: the number and what it multiplies.
    pub(super) fn whole_multiple(&self, factors: &[TermId]) -> Option<(i64, TermId)> {
        let [number, of] = factors else { return None };
        match self.system.store.node(*number) {
            Node::Number(value) if value.is_integer() => Some((value.to_integer().to_i64()?, *of)),
            _ => None,
        }
    }
}
