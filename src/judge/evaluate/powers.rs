//! Powers and products: roots of squares, ranges, and what a product is made of.

use std::cmp::Ordering;

use num_traits::{Signed, Zero};

use super::super::rational::Rational;
use super::super::value::{Trouble, Value};
use super::{Env, Evaluator};
use crate::term::{Node, TermId};

/// A product with more factors is not taken apart.
const MOST_FACTORS: usize = 100;

impl Evaluator<'_> {
    /// A whole power of a root, without the root: `norm(x)^2` is exact where `norm(x)` is not.
    pub(super) fn power_of_root(
        &mut self,
        base: TermId,
        power: &Rational,
        env: &Env,
    ) -> Result<Option<Value>, Trouble> {
        match &*self.system.store.shared(base) {
            Node::Access(family, index) => {
                let index = self.whole_index(index, env)?;
                let element = (*family, index);
                if self.is_given(&element) {
                    return Ok(None);
                }
                match self.definition(*family, &element.1)? {
                    Some((body, inner)) => self.power_of_root(body, power, &inner),
                    None => Ok(None),
                }
            }
            Node::Power(inner, order) => {
                let Some(order) = self.system.store.as_number(*order) else {
                    return Ok(None);
                };
                let even = (order.denom() % 2u32).is_zero();
                if order.is_integer() || !even || order.is_negative() {
                    return Ok(None);
                }
                let whole = Rational::from(order).times(power);
                if !whole.is_integer() {
                    return Ok(None);
                }
                let value = self.term(*inner, env)?;
                self.branched = true;
                self.needs_no_sign(*inner, env);
                match value.real.sign() {
                    Some(Ordering::Less) => Err(Trouble::NoValue),
                    None => Ok(None),
                    Some(_) => Ok(Some(self.arithmetic().power(&value, &whole)?)),
                }
            }
            _ => Ok(None),
        }
    }

    /// The root of a product with squares, each of which is the magnitude of what is squared: it bends where that is 0.
    pub(super) fn root_of_squares(
        &mut self,
        base: TermId,
        exponent: &Rational,
        env: &Env,
    ) -> Result<Option<Value>, Trouble> {
        let even =
            |power: &Rational| power.is_integer() && power.times(&Rational::new(1, 2)).is_integer();
        let factors = self.factors(base, env);
        if self.point.boxed || !factors.iter().any(|(.., power)| even(power)) {
            return Ok(None);
        }
        let arithmetic = self.arithmetic();
        let mut rest = arithmetic.int(1);
        let mut product = arithmetic.int(1);
        for (factor, env, power) in factors {
            let value = self.term(factor, &env)?;
            if !even(&power) {
                rest = arithmetic.times(&rest, &arithmetic.power(&value, &power)?);
                continue;
            }
            let sign = self.sign_of(factor, &env, &value)?;
            self.kink(factor, &env, sign, &value);
            let mut size = match sign {
                Ordering::Less => arithmetic.minus(&arithmetic.int(0), &value),
                _ => value.clone(),
            };
            if let Some(step) = self.unknown_step(factor, &env, &value, sign) {
                let field = arithmetic.field;
                let twice = value.residues.map(|value| field.plus(&value, &value));
                let above = twice.map(|twice| field.times(&twice, &step));
                let below = value.residues.map(|value| field.negated(&value));
                size.residues = above.zip(below).map(|(a, b)| field.plus(&a, &b));
            }
            let size = arithmetic.power(&size, &power.times(exponent))?;
            product = arithmetic.times(&product, &size);
        }
        let root = arithmetic.power(&rest, exponent)?;
        Ok(Some(arithmetic.times(&product, &root)))
    }

    /// The range of a product, in which equal factors are one power: a square is not negative.
    pub(super) fn product_of_ranges(&mut self, term: TermId, env: &Env) -> Result<Value, Trouble> {
        let arithmetic = self.arithmetic();
        let mut product = arithmetic.int(1);
        let mut factors = self.factors(term, env);
        while let Some((factor, env, mut power)) = factors.pop() {
            let free = self.free_values(factor, &env);
            factors.retain(|(term, at, other)| {
                let same = *term == factor
                    && power.is_integer()
                    && other.is_integer()
                    && self.free_values(*term, at) == free;
                if same {
                    power = power.plus(other);
                }
                !same
            });
            let value = self.term(factor, &env)?;
            product = arithmetic.times(&product, &arithmetic.power(&value, &power)?);
        }
        Ok(product)
    }

    /// What a product or a power is made of, read through definitions, with exponents: where one of them is 0 it is 0.
    pub(in super::super) fn factors(
        &mut self,
        term: TermId,
        env: &Env,
    ) -> Vec<(TermId, Env, Rational)> {
        let mut found = Vec::new();
        let mut open = vec![(term, env.clone(), Rational::int(1))];
        while let Some((term, env, power)) = open.pop() {
            if found.len() + open.len() > MOST_FACTORS {
                found.push((term, env, power));
                continue;
            }
            match &*self.system.store.shared(term) {
                Node::Mul(parts) => {
                    let part = |part: &TermId| (*part, env.clone(), power.clone());
                    open.extend(parts.iter().map(part));
                }
                Node::Power(base, exponent) => match self.system.store.as_number(*exponent) {
                    Some(exponent) if exponent.is_positive() => {
                        let power = power.times(&Rational::from(exponent));
                        open.push((*base, env, power));
                    }
                    _ => found.push((term, env, power)),
                },
                Node::Access(family, index) => {
                    let body = self.whole_index(index, &env).and_then(|index| {
                        let given = self.is_given(&(*family, index.clone()));
                        Ok((!given).then_some(self.definition(*family, &index)?))
                    });
                    match body {
                        Ok(Some(Some((body, env)))) => open.push((body, env, power)),
                        _ => found.push((term, env, power)),
                    }
                }
                _ => found.push((term, env, power)),
            }
        }
        found
    }
}
