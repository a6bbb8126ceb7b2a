//! `exp(x)` over the sum of its entries, by its name; of a matrix row by row, as texts on attention have it.

use num_rational::BigRational;
use num_traits::{One, Signed};

use super::expression::{Expression, Kind};
use crate::system::System;
use crate::term::{FunctionId, Store};

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
    changed |= fold_rows(&mut system.store, &mut chain, exp);
    if changed {
        Expression::product(&mut system.store, numbers.into_iter().chain(chain))
    } else {
        array
    }
}

/// `diag(1 / (exp(S) 1)) exp(S)` as the softmax of each row, `exp(S) diag(1 / (exp(S)ᵀ 1))` as that of each column.
fn fold_rows(store: &mut Store, chain: &mut Vec<Expression>, exp: FunctionId) -> bool {
    let found = (1..chain.len()).find_map(|at| {
        let (left, right) = (&chain[at - 1], &chain[at]);
        let rows = weights(left, right, right, exp).map(|rest| (at - 1, at, rest));
        let turned = left.transposed();
        rows.or_else(|| weights(right, left, &turned, exp).map(|rest| (at, at - 1, rest)))
    });
    let Some((diagonal, values, rest)) = found else {
        return false;
    };
    let Some(argument) = exponential(&chain[values], exp).cloned() else {
        return false;
    };
    chain[values] = if diagonal < values {
        Expression::softmax(exp, argument)
    } else {
        Expression::softmax(exp, argument.transposed()).transposed()
    };
    if rest.is_empty() {
        chain.remove(diagonal);
    } else {
        chain[diagonal] = Expression::hadamard(store, rest).diagonal();
    }
    true
}

/// What stands beside `1 / (exp(S) 1)`, or `1 / (exp(S)ᵀ 1)`, on a diagonal next to `exp(S)`.
fn weights(
    diagonal: &Expression,
    values: &Expression,
    summed: &Expression,
    exp: FunctionId,
) -> Option<Vec<Expression>> {
    exponential(values, exp)?;
    let Kind::Diagonal(shares) = &diagonal.kind else {
        return None;
    };
    let parts = match &shares.kind {
        Kind::Hadamard(parts) => parts.clone(),
        _ => vec![(**shares).clone()],
    };
    let at = parts.iter().position(|part| {
        let Kind::Power(sums, exponent) = &part.kind else {
            return false;
        };
        let Kind::Product { numbers, chain } = &sums.kind else {
            return false;
        };
        let is_sum = matches!(chain.as_slice(), [rows, ones]
            if ones.kind == Kind::Ones && rows == summed);
        (-exponent).is_one() && numbers.is_empty() && is_sum
    })?;
    let mut rest = parts;
    rest.remove(at);
    Some(rest)
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
