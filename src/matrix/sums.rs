//! Sums of arrays as a person writes them: like summands added up, and what several products begin or end with
//! outside of brackets.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use super::expression::{Expression, Kind, untransposed};
use crate::array::Shape;
use crate::term::{Node, Store};

/// A summand: a number times an array.
#[derive(Debug, Clone)]
struct Summand {
    coefficient: BigRational,
    array: Expression,
}

impl Summand {
    fn of(store: &mut Store, array: Expression) -> Self {
        let plain = |array| Self {
            coefficient: BigRational::one(),
            array,
        };
        let Kind::Product { numbers, chain } = &array.kind else {
            return plain(array);
        };
        let Some(Kind::Number(term)) = numbers.first().map(|number| &number.kind) else {
            return plain(array);
        };
        let (coefficient, rest) = match store.node(*term).clone() {
            Node::Number(value) => (value, None),
            Node::Mul(factors) => match store.as_number(factors[0]).cloned() {
                Some(value) => (value, Some(store.mul(factors[1..].iter().copied()))),
                None => return plain(array),
            },
            _ => return plain(array),
        };
        let rest = rest.map(Expression::number).into_iter();
        let numbers: Vec<Expression> = rest.chain(numbers[1..].iter().cloned()).collect();
        Self {
            coefficient,
            array: Expression::of_parts(store, numbers, chain.clone()),
        }
    }

    fn build(self, store: &mut Store) -> Expression {
        if self.coefficient.is_one() {
            return self.array;
        }
        let coefficient = Expression::number(store.number(self.coefficient));
        Expression::product(store, [coefficient, self.array])
    }

    /// The factors that are arrays, where there are several.
    fn chain(&self) -> Option<(&[Expression], &[Expression])> {
        match &self.array.kind {
            Kind::Product { numbers, chain } if !self.array.is_number() && chain.len() > 1 => {
                Some((numbers, chain))
            }
            _ => None,
        }
    }

    /// Whether it stands behind a guard: what it reads may exist only where the guard holds.
    fn is_guarded(&self, store: &Store) -> bool {
        let Kind::Product { numbers, .. } = &self.array.kind else {
            return false;
        };
        numbers.iter().any(|number| match number.kind {
            Kind::Number(term) => store.any(term, |node| matches!(node, Node::Guard(_))),
            _ => false,
        })
    }
}

/// Where a factor stands in a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Front,
    Back,
}

impl End {
    fn of(self, chain: &[Expression]) -> (&Expression, &[Expression]) {
        let parts = match self {
            End::Front => chain.split_first(),
            End::Back => chain.split_last(),
        };
        parts.expect("a product of several arrays")
    }
}

/// A sum of arrays of one shape (numbers written out go with any shape).
pub(super) fn sum(store: &mut Store, summands: impl IntoIterator<Item = Expression>) -> Expression {
    let mut parts: Vec<Expression> = Vec::new();
    for summand in summands {
        match summand.kind {
            Kind::Sum(inner) => parts.extend(inner),
            _ => parts.push(summand),
        }
    }
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let shape = parts
        .iter()
        .map(|part| &part.shape)
        .find(|shape| **shape != Shape::Number)
        .cloned()
        .unwrap_or(Shape::Number);
    let mut parts: Vec<Summand> = parts
        .into_iter()
        .map(|part| Summand::of(store, part))
        .collect();
    same_signs(store, &mut parts);
    let mut parts = added_up(parts);
    if parts.is_empty() {
        return Expression::zero(shape);
    }
    while let Some((end, group)) = most_shared(store, &parts) {
        let rest = parts.split_off(group[0]);
        let (inside, outside): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .enumerate()
            .partition(|(at, _)| group.contains(&(at + parts.len())));
        let inside = inside.into_iter().map(|(_, part)| part).collect();
        parts.push(taken_out(store, end, inside));
        parts.extend(outside.into_iter().map(|(_, part)| part));
    }
    if parts.len() == 1 {
        return parts.swap_remove(0).build(store);
    }
    let parts: Vec<Expression> = parts.into_iter().map(|part| part.build(store)).collect();
    if let Some(parts) = untransposed(&parts) {
        return sum(store, parts).transposed();
    }
    Expression {
        kind: Kind::Sum(parts),
        shape,
    }
}

/// The sums among the factors turned so that `a - b` and `b - a` are one factor: as it stands where a product has
/// its sign in front, for there nobody turned it.
fn same_signs(store: &mut Store, parts: &mut [Summand]) {
    let mut known: Vec<Expression> = Vec::new();
    let (negative, positive): (Vec<&Summand>, Vec<&Summand>) = parts
        .iter()
        .partition(|part| part.coefficient.is_negative());
    for part in negative.into_iter().chain(positive) {
        for factor in part.chain().map_or(&[][..], |(_, chain)| chain) {
            if matches!(factor.kind, Kind::Sum(_))
                && !known.iter().any(|other| are_opposite(store, other, factor))
            {
                known.push(factor.clone());
            }
        }
    }
    for part in parts {
        let Some((numbers, chain)) = part.chain() else {
            continue;
        };
        let mut turned = chain.to_vec();
        let mut turns = 0;
        for factor in &mut turned {
            if let Some(other) = known
                .iter()
                .find(|other| are_opposite(store, other, factor))
            {
                *factor = other.clone();
                turns += 1;
            }
        }
        if turns > 0 {
            let array = Expression::of_parts(store, numbers.to_vec(), turned);
            part.array = array;
        }
        if turns % 2 == 1 {
            part.coefficient = -part.coefficient.clone();
        }
    }
}

/// Whether one is the other with all signs turned.
fn are_opposite(store: &mut Store, one: &Expression, other: &Expression) -> bool {
    let (Kind::Sum(one), Kind::Sum(other)) = (&one.kind, &other.kind) else {
        return false;
    };
    let mut summands = |parts: &[Expression]| -> Vec<Summand> {
        parts
            .iter()
            .map(|part| Summand::of(store, part.clone()))
            .collect()
    };
    let (one, other) = (summands(one), summands(other));
    one.len() == other.len()
        && one.iter().all(|part| {
            other.iter().any(|opposite| {
                part.array == opposite.array && part.coefficient == -opposite.coefficient.clone()
            })
        })
}

/// Like summands as one, at the place of the first.
fn added_up(parts: Vec<Summand>) -> Vec<Summand> {
    let mut result: Vec<Summand> = Vec::with_capacity(parts.len());
    for part in parts {
        match result.iter_mut().find(|known| known.array == part.array) {
            Some(known) => known.coefficient += part.coefficient,
            None => result.push(part),
        }
    }
    result.retain(|part| !part.coefficient.is_zero());
    result
}

/// The factor that most products have at one end, with the places of these; none if no two have one.
fn most_shared(store: &Store, parts: &[Summand]) -> Option<(End, Vec<usize>)> {
    let mut best: Option<(End, Vec<usize>)> = None;
    for end in [End::Front, End::Back] {
        for part in parts {
            let Some((_, chain)) = part.chain() else {
                continue;
            };
            let wanted = end.of(chain).0;
            let group: Vec<usize> = (0..parts.len())
                .filter(|at| {
                    !parts[*at].is_guarded(store)
                        && parts[*at]
                            .chain()
                            .is_some_and(|(_, chain)| end.of(chain).0 == wanted)
                })
                .collect();
            // `(A + Aᵀ) x + b`, but what is left of longer products is not torn apart for a part of the sum.
            let short = group.iter().all(|at| {
                parts[*at]
                    .chain()
                    .is_some_and(|(_, chain)| chain.len() == 2 && is_name(end.of(chain).1))
            });
            let most = best.as_ref().map_or(1, |(_, group)| group.len());
            if group.len() > most && (short || group.len() == parts.len()) {
                best = Some((end, group));
            }
        }
    }
    best
}

/// Whether it is one quantity, or the transpose of one.
fn is_name(rest: &[Expression]) -> bool {
    match rest {
        [only] => match &only.kind {
            Kind::Transpose(inner) => matches!(inner.kind, Kind::Quantity { .. }),
            kind => matches!(kind, Kind::Quantity { .. }),
        },
        _ => false,
    }
}

/// Products with a common factor at one end as one, with the numbers that all of them have in front.
fn taken_out(store: &mut Store, end: End, parts: Vec<Summand>) -> Summand {
    let first = parts[0].clone();
    let (numbers, chain) = first.chain().expect("a product of several arrays");
    let outer = end.of(chain).0.clone();
    let common = if parts
        .iter()
        .all(|part| part.coefficient == first.coefficient)
    {
        first.coefficient.clone()
    } else if parts.iter().all(|part| part.coefficient.is_negative()) {
        -BigRational::one()
    } else {
        BigRational::one()
    };
    let same_numbers = parts
        .iter()
        .all(|part| part.chain().is_some_and(|(other, _)| other == numbers));
    let mut inner = Vec::with_capacity(parts.len());
    for part in &parts {
        let (own, chain) = part.chain().expect("a product of several arrays");
        let own = if same_numbers { &[][..] } else { own };
        let array = Expression::of_parts(store, own.to_vec(), end.of(chain).1.to_vec());
        let coefficient = &part.coefficient / &common;
        inner.push(Summand { coefficient, array }.build(store));
    }
    let inner = sum(store, inner);
    let pair = match end {
        End::Front => [outer, inner],
        End::Back => [inner, outer],
    };
    let numbers = if same_numbers { numbers } else { &[] };
    let factors: Vec<Expression> = numbers.iter().cloned().chain(pair).collect();
    Summand {
        coefficient: common,
        array: Expression::product(store, factors),
    }
}
