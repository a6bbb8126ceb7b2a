//! `exp(x)` over the sum of its entries, by its name; of a matrix row by row, as texts on attention have it.

use num_rational::BigRational;
use num_traits::{One, Signed};

use super::expression::{Expression, Kind};
use crate::system::System;
use crate::term::FunctionId;

/// A product with softmax in the place of `exp(x)` and as many powers of `1/(1ᵀ exp(x))`.
pub(super) fn folded(system: &mut System, array: Expression) -> Expression {
    let Some(exp) = system.find_function("exp") else {
        return array;
    };
    let Kind::Product { numbers, chain } = &array.kind else {
        return array;
    };
    let (mut numbers, mut chain) = (numbers.clone(), chain.clone());
    let divisors: Vec<(usize, Expression, u32)> = numbers
        .iter()
        .enumerate()
        .filter_map(|(at, number)| {
            let (argument, times) = divisor(number, exp)?;
            Some((at, argument, times))
        })
        .collect();
    let mut changed = false;
    for (at, argument, times) in divisors {
        let mut left = times;
        // In numbers such as `aᵀ exp(x)` as well.
        for factor in chain.iter_mut().chain(numbers.iter_mut().flat_map(factors)) {
            left -= u32::from(left > 0 && replace(factor, exp, &argument));
        }
        changed |= left < times;
        if let Kind::Power(base, _) = &numbers[at].kind {
            let exponent = BigRational::from_integer((-i64::from(left)).into());
            numbers[at] = match left {
                0 => Expression::number(system.store.int(1)),
                _ => (**base).clone().power(exponent),
            };
        }
    }
    changed |= fold_rows(&mut chain, exp);
    if changed {
        Expression::product(&mut system.store, numbers.into_iter().chain(chain))
    } else {
        array
    }
}

/// `diag(1 / (exp(S) 1)) exp(S)` as the softmax of each row.
fn fold_rows(chain: &mut Vec<Expression>, exp: FunctionId) -> bool {
    let found = (1..chain.len()).find_map(|at| {
        let argument = exponential(&chain[at], exp)?;
        let Kind::Diagonal(shares) = &chain[at - 1].kind else {
            return None;
        };
        let Kind::Power(sums, exponent) = &shares.kind else {
            return None;
        };
        let Kind::Product { numbers, chain } = &sums.kind else {
            return None;
        };
        let is_sum = matches!(chain.as_slice(), [values, ones]
            if ones.kind == Kind::Ones && exponential(values, exp) == Some(argument));
        let once = (-exponent).is_one() && numbers.is_empty();
        (is_sum && once).then(|| (at, argument.clone()))
    });
    let Some((at, argument)) = found else {
        return false;
    };
    chain[at] = Expression::softmax(exp, argument);
    chain.remove(at - 1);
    true
}

/// The factors of a number that is a product of arrays.
fn factors(number: &mut Expression) -> impl Iterator<Item = &mut Expression> {
    let chain = match &mut number.kind {
        Kind::Product { chain, .. } => Some(chain),
        _ => None,
    };
    chain.into_iter().flatten()
}

/// Puts softmax in the place of the exponential of an argument where a factor is linear in it.
fn replace(factor: &mut Expression, exp: FunctionId, argument: &Expression) -> bool {
    if exponential(factor, exp) == Some(argument) {
        *factor = Expression::softmax(exp, argument.clone());
        return true;
    }
    match &mut factor.kind {
        Kind::Hadamard(parts) => parts.iter_mut().any(|part| replace(part, exp, argument)),
        Kind::Transpose(inner) | Kind::Diagonal(inner) => replace(inner, exp, argument),
        _ => false,
    }
}

/// What exp is applied to, if the expression is its value.
fn exponential(array: &Expression, exp: FunctionId) -> Option<&Expression> {
    match &array.kind {
        Kind::Apply(function, orders, arguments) if *function == exp && orders[..] == [0] => {
            arguments.first()
        }
        _ => None,
    }
}

/// The argument and the exponent of a negative power of the sum of an exponential's entries.
fn divisor(number: &Expression, exp: FunctionId) -> Option<(Expression, u32)> {
    let Kind::Power(base, exponent) = &number.kind else {
        return None;
    };
    let Kind::Product { numbers, chain } = &base.kind else {
        return None;
    };
    let [ones, values] = chain.as_slice() else {
        return None;
    };
    let is_sum = numbers.is_empty()
        && matches!(&ones.kind, Kind::Transpose(inner) if inner.kind == Kind::Ones);
    let times = -exponent;
    if !is_sum || !times.is_positive() || !times.denom().is_one() {
        return None;
    }
    let argument = exponential(values, exp)?.clone();
    Some((argument, u32::try_from(times.to_integer()).ok()?))
}
