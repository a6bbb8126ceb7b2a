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
    if let Kind::Hadamard(parts) = &array.kind {
        return fold_entries(&mut system.store, parts, exp).unwrap_or(array);
    }
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
    while fold_rows(&mut system.store, &mut chain, exp) {
        changed = true;
    }
    if changed {
        Expression::product(&mut system.store, numbers.into_iter().chain(chain))
    } else {
        array
    }
}

/// `diag(1 / (exp(S) 1)) exp(S)` as the softmax of each row, `exp(S) diag(1 / (exp(S)ᵀ 1))` as that of each column; other
/// matrices may be multiplied with the exponential entry by entry.
fn fold_rows(store: &mut Store, chain: &mut Vec<Expression>, exp: FunctionId) -> bool {
    for at in 1..chain.len() {
        for (diagonal, values) in [(at - 1, at), (at, at - 1)] {
            let Kind::Diagonal(shares) = &chain[diagonal].kind else {
                continue;
            };
            let mut parts = match &shares.kind {
                Kind::Hadamard(parts) => parts.clone(),
                _ => vec![(**shares).clone()],
            };
            let by_row = diagonal < values;
            let own = &chain[values];
            let array = if by_row {
                own.clone()
            } else {
                own.transposed()
            };
            let found = (0..parts.len()).find_map(|part| {
                let rows = inverse_row_sums(&parts[part], exp)?;
                Some((part, shared_out(store, &array, rows, exp)?))
            });
            let Some((part, folded)) = found else {
                continue;
            };
            chain[values] = if by_row { folded } else { folded.transposed() };
            parts.remove(part);
            if parts.is_empty() {
                chain.remove(diagonal);
            } else {
                chain[diagonal] = Expression::hadamard(store, parts).diagonal();
            }
            return true;
        }
    }
    false
}

/// `((B ⊙ exp(S)) 1) / (exp(S) 1)` as `(B ⊙ softmax(S)) 1`.
fn fold_entries(store: &mut Store, parts: &[Expression], exp: FunctionId) -> Option<Expression> {
    for (at, part) in parts.iter().enumerate() {
        let Some(rows) = inverse_row_sums(part, exp) else {
            continue;
        };
        for (other, beside) in parts.iter().enumerate() {
            let Kind::Product { numbers, chain } = &beside.kind else {
                continue;
            };
            let Some((first, others)) = chain.split_first() else {
                continue;
            };
            let Some(folded) = shared_out(store, first, rows, exp) else {
                continue;
            };
            let factors = numbers.iter().cloned().chain([folded]);
            let product = Expression::product(store, factors.chain(others.iter().cloned()));
            let mut kept = parts.to_vec();
            kept[other] = product;
            kept.remove(at);
            return Some(Expression::hadamard(store, kept));
        }
    }
    None
}

/// An array in which `exp(S)` is a factor of each entry, with the softmax of each row in its place.
fn shared_out(
    store: &mut Store,
    array: &Expression,
    rows: &Expression,
    exp: FunctionId,
) -> Option<Expression> {
    let softmax = Expression::softmax(exp, argument(rows, exp)?);
    if array == rows {
        return Some(softmax);
    }
    let Kind::Hadamard(parts) = &array.kind else {
        return None;
    };
    let at = parts.iter().position(|part| part == rows)?;
    let mut parts = parts.clone();
    parts[at] = softmax;
    Some(Expression::hadamard(store, parts))
}

/// The `exp(S)` of `1 / (exp(S) 1)`.
fn inverse_row_sums(part: &Expression, exp: FunctionId) -> Option<&Expression> {
    let Kind::Power(sums, exponent) = &part.kind else {
        return None;
    };
    let Kind::Product { numbers, chain } = &sums.kind else {
        return None;
    };
    let [rows, ones] = chain.as_slice() else {
        return None;
    };
    let is_inverse = (-exponent).is_one() && numbers.is_empty() && ones.kind == Kind::Ones;
    argument(rows, exp)?;
    is_inverse.then_some(rows)
}

/// The `S` of `exp(S)`, or of `exp(Sᵀ)ᵀ`.
fn argument(array: &Expression, exp: FunctionId) -> Option<Expression> {
    match &array.kind {
        Kind::Transpose(inner) => exponential(inner, exp).map(Expression::transposed),
        _ => exponential(array, exp).cloned(),
    }
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
