//! Sums of arrays as a person writes them: like summands added up, and what several products begin or end with
//! outside of brackets.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use super::expression::{Expression, Kind, untransposed};
use crate::array::Shape;
use crate::term::{Affine, Node, Store, Substitution};

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

/// The number in front of an array, and the array.
pub(super) fn coefficient(store: &mut Store, array: Expression) -> (BigRational, Expression) {
    let Summand { coefficient, array } = Summand::of(store, array);
    (coefficient, array)
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
    let parts: Vec<Summand> = parts
        .into_iter()
        .map(|part| Summand::of(store, part))
        .collect();
    let mut parts = joined(store, parts);
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

/// Sums over the same slots as one, where that is shorter.
fn joined(store: &mut Store, parts: Vec<Summand>) -> Vec<Summand> {
    let mut result: Vec<Summand> = Vec::with_capacity(parts.len());
    'parts: for part in parts {
        for known in &mut result {
            if let Some(both) = joined_pair(store, known, &part) {
                *known = both;
                continue 'parts;
            }
        }
        result.push(part);
    }
    result
}

fn joined_pair(store: &mut Store, one: &Summand, other: &Summand) -> Option<Summand> {
    let (
        Kind::Over {
            vars,
            domain,
            term,
            body,
        },
        Kind::Over {
            vars: other_vars,
            domain: other_domain,
            body: other_body,
            ..
        },
    ) = (&one.array.kind, &other.array.kind)
    else {
        return None;
    };
    let letters = vars.iter().map(|var| Affine::var(*var));
    let letters = Substitution::new(other_vars.iter().copied().zip(letters));
    if vars.len() != other_vars.len() || letters.domain(other_domain) != *domain {
        return None;
    }
    let separate = body.size() + other_body.size();
    let bodies = [
        (&one.coefficient, (**body).clone()),
        (&other.coefficient, other_body.renamed(store, &letters)),
    ];
    let bodies = bodies.map(|(coefficient, array)| {
        let coefficient = coefficient.clone();
        Summand { coefficient, array }.build(store)
    });
    let body = sum(store, bodies);
    if body.size() >= separate {
        return None;
    }
    let joined = Expression::over(store, vars.iter().copied(), domain.clone(), *term, body);
    Some(Summand::of(store, joined))
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
            note_sum(store, &mut known, factor);
        }
    }
    for part in parts {
        let Some((numbers, chain)) = part.chain() else {
            continue;
        };
        let mut turned = chain.to_vec();
        let negative = turn(store, &known, &mut turned);
        part.array = Expression::of_parts(store, numbers.to_vec(), turned);
        if negative {
            part.coefficient = -part.coefficient.clone();
        }
    }
}

/// The same in one product, where the last sum stays as it is. Whether that turned the sign of the product.
pub(super) fn turn_alike(store: &mut Store, chain: &mut [Expression]) -> bool {
    let mut known: Vec<Expression> = Vec::new();
    for factor in chain.iter().rev() {
        note_sum(store, &mut known, factor);
    }
    turn(store, &known, chain)
}

/// The factor without its transpose.
fn upright(factor: &Expression) -> &Expression {
    match &factor.kind {
        Kind::Transpose(inner) => inner,
        _ => factor,
    }
}

/// Notes a factor that is a sum, unless its opposite is known.
fn note_sum(store: &mut Store, known: &mut Vec<Expression>, factor: &Expression) {
    let sum = upright(factor);
    if matches!(sum.kind, Kind::Sum(_))
        && !known.iter().any(|other| are_opposite(store, other, sum))
    {
        known.push(sum.clone());
    }
}

/// Turns the sums whose opposites are known; whether that turned the sign of their product.
fn turn(store: &mut Store, known: &[Expression], chain: &mut [Expression]) -> bool {
    let mut negative = false;
    for factor in chain {
        let sum = upright(factor);
        let opposite = known.iter().find(|other| are_opposite(store, other, sum));
        if let Some(opposite) = opposite {
            *factor = match factor.kind {
                Kind::Transpose(_) => opposite.transposed(),
                _ => opposite.clone(),
            };
            negative = !negative;
        }
    }
    negative
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
        match result
            .iter_mut()
            .find(|known| are_alike(&known.array, &part.array))
        {
            Some(known) => known.coefficient += part.coefficient,
            None => result.push(part),
        }
    }
    result.retain(|part| !part.coefficient.is_zero());
    result
}

/// Whether two arrays are the same but for the order of products entry by entry.
fn are_alike(one: &Expression, other: &Expression) -> bool {
    if one == other {
        return true;
    }
    let all_alike = |one: &[Expression], other: &[Expression]| {
        one.len() == other.len() && one.iter().zip(other).all(|(a, b)| are_alike(a, b))
    };
    match (&one.kind, &other.kind) {
        (Kind::Hadamard(one), Kind::Hadamard(other)) => {
            let count = |part: &Expression, parts: &[Expression]| {
                parts.iter().filter(|candidate| *candidate == part).count()
            };
            one.len() == other.len()
                && one
                    .iter()
                    .all(|part| count(part, one) == count(part, other))
        }
        (
            Kind::Product { numbers, chain },
            Kind::Product {
                numbers: other_numbers,
                chain: other_chain,
            },
        ) => numbers == other_numbers && all_alike(chain, other_chain),
        _ => false,
    }
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
                            .is_some_and(|(_, chain)| are_alike(end.of(chain).0, wanted))
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
