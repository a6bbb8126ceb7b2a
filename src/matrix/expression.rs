//! Expressions over whole arrays, as they are written: products, transposes, entrywise operations.
//!
//! The functions that build them bring transposes inward, numbers to the front and equal factors out of
//! sums. They never decide whether an expression is right: that is [`super::lower`]'s work.

use num_rational::BigRational;
use num_traits::One;

use super::sums;
use crate::array::{Over, Shape};
use crate::term::{Affine, Domain, FunctionId, Node, Store, Substitution, TermId, VarId};

/// An array, with its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// What it is.
    pub kind: Kind,
    /// Its shape.
    pub shape: Shape,
}

/// What an array is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A number: a term without letters of elements.
    Number(TermId),
    /// All elements of a family at fixed slots.
    Quantity {
        /// The access at the general letters of row and column.
        access: TermId,
        /// Whether it is its own transpose, by assumption.
        symmetric: bool,
    },
    /// Some of the elements of a family at fixed slots, next to each other.
    Slice {
        /// The access at the general letters of row and column, moved to where the slice begins.
        access: TermId,
        /// The first and last row, where these are not all; the same where it is one alone, which is no axis then.
        rows: Option<Box<(Affine, Affine)>>,
        /// The first and last column, in the same way.
        columns: Option<Box<(Affine, Affine)>>,
    },
    /// Each row of several arrays joined, so that they stand side by side, or each column, so that they stand below
    /// one another. A column is one column of a matrix.
    Joined(Over, Vec<Expression>),
    /// A function of a matrix.
    OfMatrix {
        /// Its value: the access at the general letters of row and column.
        access: TermId,
        /// The matrix.
        argument: Box<Expression>,
        /// Whether the value is its own transpose, by assumption.
        symmetric: bool,
    },
    /// The transpose.
    Transpose(Box<Expression>),
    /// Numbers, times a product of arrays.
    Product {
        /// Factors that are numbers, in order.
        numbers: Vec<Expression>,
        /// Arrays whose neighbouring sizes agree.
        chain: Vec<Expression>,
    },
    /// The product entry by entry.
    Hadamard(Vec<Expression>),
    /// A sum of arrays of one shape; a number written out is added to every entry.
    Sum(Vec<Expression>),
    /// Every entry raised to a number.
    Power(Box<Expression>, BigRational),
    /// A function of numbers at each entry, with its order of derivative by each argument. Numbers go with
    /// every entry.
    Apply(FunctionId, Box<[u8]>, Vec<Expression>),
    /// Softmax of a column, or of each row of a matrix, by the function exp.
    Softmax(FunctionId, Box<Expression>),
    /// The matrix with this column on its diagonal.
    Diagonal(Box<Expression>),
    /// The column of a matrix's diagonal.
    DiagonalOf(Box<Expression>),
    /// The sum of a matrix's diagonal.
    Trace(Box<Expression>),
    /// The root of the sum of all squared entries.
    Norm(Box<Expression>),
    /// Zero everywhere.
    Zero,
    /// The column of ones.
    Ones,
    /// The identity matrix.
    Identity,
    /// A sum over slots.
    Over {
        /// The letters of slots.
        vars: Box<[VarId]>,
        /// Their values.
        domain: Domain,
        /// The sum in index form, which says how the range is written.
        term: TermId,
        /// What is summed.
        body: Box<Expression>,
    },
}

impl Expression {
    /// A number.
    pub fn number(term: TermId) -> Self {
        Self {
            kind: Kind::Number(term),
            shape: Shape::Number,
        }
    }

    /// All elements of a family: an access at the general letters of row and column.
    pub fn quantity(access: TermId, rows: Option<Affine>, columns: Option<Affine>) -> Self {
        Self {
            kind: Kind::Quantity {
                access,
                symmetric: false,
            },
            shape: Shape::of(rows.as_ref(), columns.as_ref()),
        }
    }

    /// Arrays with as many rows side by side, or with as many columns below one another.
    pub fn joined(over: Over, parts: Vec<Expression>) -> Self {
        let size = parts.iter().fold(Affine::int(0), |sum, part| {
            match over.other().count(&part.shape) {
                Some(size) => sum.plus(size),
                None => sum.offset(1),
            }
        });
        let count = parts.first().and_then(|part| over.count(&part.shape));
        let shape = match over {
            Over::Rows => Shape::of(count, Some(&size)),
            Over::Columns => Shape::of(Some(&size), count),
        };
        Self {
            kind: Kind::Joined(over, parts),
            shape,
        }
    }

    /// A function of a matrix: an access at the general letters of row and column.
    pub fn of_matrix(access: TermId, argument: Expression, shape: Shape) -> Self {
        Self {
            kind: Kind::OfMatrix {
                access,
                argument: Box::new(argument),
                symmetric: false,
            },
            shape,
        }
    }

    /// The same quantity as its own transpose.
    #[must_use]
    pub fn symmetric(mut self) -> Self {
        if let Kind::Quantity { symmetric, .. } | Kind::OfMatrix { symmetric, .. } = &mut self.kind
        {
            *symmetric = true;
        }
        self
    }

    /// A function at each entry of arrays of one shape.
    pub fn applied(function: FunctionId, orders: Box<[u8]>, arguments: Vec<Expression>) -> Self {
        let shape = arguments
            .iter()
            .map(|argument| &argument.shape)
            .find(|shape| **shape != Shape::Number)
            .cloned()
            .unwrap_or(Shape::Number);
        Self {
            kind: Kind::Apply(function, orders, arguments),
            shape,
        }
    }

    /// Softmax of a column, or of each row of a matrix.
    pub fn softmax(exp: FunctionId, argument: Expression) -> Self {
        Self {
            shape: argument.shape.clone(),
            kind: Kind::Softmax(exp, Box::new(argument)),
        }
    }

    /// A sum over slots; `term` is the same sum in index form. A number in front of what is summed stands in
    /// front of the sum.
    pub fn over(
        store: &mut Store,
        vars: impl IntoIterator<Item = VarId>,
        domain: Domain,
        term: TermId,
        body: Expression,
    ) -> Self {
        let (coefficient, body) = sums::coefficient(store, body);
        let sum = Self {
            shape: body.shape.clone(),
            kind: Kind::Over {
                vars: vars.into_iter().collect(),
                domain,
                term,
                body: Box::new(body),
            },
        };
        let coefficient = Self::number(store.number(coefficient));
        Self::product(store, [coefficient, sum])
    }

    /// The same at other letters of slots.
    #[must_use]
    pub fn renamed(&self, store: &mut Store, letters: &Substitution) -> Self {
        let mut all = |parts: &[Expression]| -> Vec<Expression> {
            parts
                .iter()
                .map(|part| part.renamed(store, letters))
                .collect()
        };
        let kind = match &self.kind {
            Kind::Number(term) => Kind::Number(store.substitute(*term, letters)),
            Kind::Quantity { access, symmetric } => Kind::Quantity {
                access: store.substitute(*access, letters),
                symmetric: *symmetric,
            },
            Kind::Slice {
                access,
                rows,
                columns,
            } => {
                let moved = |bounds: &Option<Box<(Affine, Affine)>>| {
                    let (low, high) = &**bounds.as_ref()?;
                    Some(Box::new((letters.affine(low), letters.affine(high))))
                };
                Kind::Slice {
                    access: store.substitute(*access, letters),
                    rows: moved(rows),
                    columns: moved(columns),
                }
            }
            Kind::Joined(over, parts) => Kind::Joined(*over, all(parts)),
            Kind::OfMatrix {
                access,
                argument,
                symmetric,
            } => Kind::OfMatrix {
                argument: Box::new(argument.renamed(store, letters)),
                access: store.substitute(*access, letters),
                symmetric: *symmetric,
            },
            Kind::Transpose(inner) => Kind::Transpose(Box::new(inner.renamed(store, letters))),
            Kind::Product { numbers, chain } => Kind::Product {
                numbers: all(numbers),
                chain: all(chain),
            },
            Kind::Hadamard(parts) => Kind::Hadamard(all(parts)),
            Kind::Sum(parts) => Kind::Sum(all(parts)),
            Kind::Power(base, exponent) => {
                Kind::Power(Box::new(base.renamed(store, letters)), exponent.clone())
            }
            Kind::Apply(function, orders, parts) => {
                Kind::Apply(*function, orders.clone(), all(parts))
            }
            Kind::Softmax(exp, inner) => {
                Kind::Softmax(*exp, Box::new(inner.renamed(store, letters)))
            }
            Kind::Diagonal(inner) => Kind::Diagonal(Box::new(inner.renamed(store, letters))),
            Kind::DiagonalOf(inner) => Kind::DiagonalOf(Box::new(inner.renamed(store, letters))),
            Kind::Trace(inner) => Kind::Trace(Box::new(inner.renamed(store, letters))),
            Kind::Norm(inner) => Kind::Norm(Box::new(inner.renamed(store, letters))),
            Kind::Zero => Kind::Zero,
            Kind::Ones => Kind::Ones,
            Kind::Identity => Kind::Identity,
            Kind::Over {
                vars,
                domain,
                term,
                body,
            } => Kind::Over {
                vars: vars.clone(),
                domain: letters.domain(domain),
                term: store.substitute(*term, letters),
                body: Box::new(body.renamed(store, letters)),
            },
        };
        Self {
            kind,
            shape: self.shape.map(|size| letters.affine(size)),
        }
    }

    /// Zero everywhere.
    pub fn zero(shape: Shape) -> Self {
        Self {
            kind: Kind::Zero,
            shape,
        }
    }

    /// The column of ones.
    pub fn ones(size: Affine) -> Self {
        Self {
            kind: Kind::Ones,
            shape: Shape::Column(size),
        }
    }

    /// The identity.
    pub fn identity(size: Affine) -> Self {
        Self {
            kind: Kind::Identity,
            shape: Shape::Matrix(size.clone(), size),
        }
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        self.shape == Shape::Number
    }

    /// Its parts, from left to right.
    fn parts(&self) -> Vec<&Expression> {
        match &self.kind {
            Kind::Number(_)
            | Kind::Quantity { .. }
            | Kind::Slice { .. }
            | Kind::Zero
            | Kind::Ones
            | Kind::Identity => Vec::new(),
            Kind::Product { numbers, chain } => numbers.iter().chain(chain).collect(),
            Kind::Hadamard(parts)
            | Kind::Sum(parts)
            | Kind::Joined(_, parts)
            | Kind::Apply(_, _, parts) => parts.iter().collect(),
            Kind::OfMatrix {
                argument: inner, ..
            }
            | Kind::Transpose(inner)
            | Kind::Power(inner, _)
            | Kind::Softmax(_, inner)
            | Kind::Diagonal(inner)
            | Kind::DiagonalOf(inner)
            | Kind::Trace(inner)
            | Kind::Norm(inner)
            | Kind::Over { body: inner, .. } => vec![inner],
        }
    }

    /// Everything that it is made of is passed to `visit`.
    pub fn visit(&self, visit: &mut impl FnMut(&Kind)) {
        visit(&self.kind);
        for part in self.parts() {
            part.visit(visit);
        }
    }

    /// How many symbols it takes to write it, transposes and brackets apart.
    pub(super) fn size(&self) -> usize {
        let own = match &self.kind {
            Kind::Product { .. } | Kind::Hadamard(_) | Kind::Sum(_) | Kind::Transpose(_) => 0,
            _ => 1,
        };
        own + self
            .parts()
            .into_iter()
            .map(Expression::size)
            .sum::<usize>()
    }

    /// How many transposes it takes to write it.
    fn transposes(&self) -> usize {
        let own = usize::from(matches!(self.kind, Kind::Transpose(_)));
        let below: usize = self.parts().into_iter().map(Expression::transposes).sum();
        own + below
    }

    /// The transpose. It is brought to the factors of a product, and into entrywise operations where that
    /// does not make more transposes.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let shape = self.shape.transposed();
        let entrywise = |parts: &[Expression], build: &dyn Fn(Vec<Expression>) -> Kind| {
            let pushed: Vec<Expression> = parts.iter().map(Expression::transposed).collect();
            if transposes(&pushed) <= transposes(parts) {
                build(pushed)
            } else {
                Kind::Transpose(Box::new(self.clone()))
            }
        };
        let kind = match &self.kind {
            Kind::Number(_)
            | Kind::Trace(_)
            | Kind::Norm(_)
            | Kind::Diagonal(_)
            | Kind::Identity
            | Kind::Quantity {
                symmetric: true, ..
            }
            | Kind::OfMatrix {
                symmetric: true, ..
            } => {
                return self.clone();
            }
            _ if self.is_number() => return self.clone(),
            // The inverse of a symmetric matrix is symmetric.
            Kind::OfMatrix { argument, .. } if argument.transposed() == **argument => {
                return self.clone();
            }
            Kind::Zero => Kind::Zero,
            Kind::Transpose(inner) => return (**inner).clone(),
            Kind::Product { numbers, chain } => Kind::Product {
                numbers: numbers.clone(),
                chain: chain.iter().rev().map(Expression::transposed).collect(),
            },
            Kind::Hadamard(parts) => entrywise(parts, &Kind::Hadamard),
            Kind::Sum(parts) => entrywise(parts, &Kind::Sum),
            Kind::Power(base, exponent) => entrywise(std::slice::from_ref(base), &|mut parts| {
                Kind::Power(Box::new(parts.swap_remove(0)), exponent.clone())
            }),
            Kind::Apply(function, orders, arguments) => entrywise(arguments, &|arguments| {
                Kind::Apply(*function, orders.clone(), arguments)
            }),
            Kind::Joined(over, parts) if matches!(self.shape, Shape::Matrix(..)) => {
                entrywise(parts, &|parts| Kind::Joined(over.other(), parts))
            }
            Kind::Over {
                vars,
                domain,
                term,
                body,
            } => Kind::Over {
                vars: vars.clone(),
                domain: domain.clone(),
                term: *term,
                body: Box::new(body.transposed()),
            },
            Kind::Quantity { .. }
            | Kind::Slice { .. }
            | Kind::Joined(..)
            | Kind::OfMatrix { .. }
            | Kind::Softmax(..)
            | Kind::DiagonalOf(_)
            | Kind::Ones => Kind::Transpose(Box::new(self.clone())),
        };
        Self { kind, shape }
    }

    /// A product: numbers go to the front, neighbours in a chain have fitting sizes.
    pub fn product(store: &mut Store, factors: impl IntoIterator<Item = Expression>) -> Self {
        let mut terms: Vec<TermId> = Vec::new();
        let mut numbers: Vec<Expression> = Vec::new();
        let mut chain: Vec<Expression> = Vec::new();
        let take = |factor: Expression,
                    terms: &mut Vec<TermId>,
                    numbers: &mut Vec<Expression>,
                    chain: &mut Vec<Expression>| match factor.kind {
            Kind::Number(term) => terms.push(term),
            Kind::Identity if !chain.is_empty() => {}
            _ if factor.shape == Shape::Number => numbers.push(factor),
            _ => {
                if matches!(chain.last(), Some(last) if last.kind == Kind::Identity) {
                    chain.pop();
                }
                chain.push(factor);
            }
        };
        for factor in factors {
            match factor.kind {
                Kind::Product {
                    numbers: inner,
                    chain: arrays,
                } if factor.shape != Shape::Number => {
                    for factor in inner.into_iter().chain(arrays) {
                        take(factor, &mut terms, &mut numbers, &mut chain);
                    }
                }
                Kind::Product {
                    numbers: inner,
                    chain: arrays,
                } => {
                    // A number that is a product of arrays stays together behind its own numbers.
                    for factor in inner {
                        take(factor, &mut terms, &mut numbers, &mut chain);
                    }
                    if !arrays.is_empty() {
                        numbers.push(Expression {
                            kind: Kind::Product {
                                numbers: Vec::new(),
                                chain: arrays,
                            },
                            shape: Shape::Number,
                        });
                    }
                }
                _ => take(factor, &mut terms, &mut numbers, &mut chain),
            }
        }
        if sums::turn_alike(store, &mut chain) {
            terms.push(store.int(-1));
        }
        let term = product_of_numbers(store, &terms);
        if !store.is_one(term) {
            numbers.insert(0, Expression::number(term));
        }
        Self::of_parts(store, numbers, chain)
    }

    pub(super) fn of_parts(
        store: &mut Store,
        mut numbers: Vec<Expression>,
        mut chain: Vec<Expression>,
    ) -> Self {
        let shape = match (chain.first(), chain.last()) {
            (Some(first), Some(last)) => Shape::of(first.shape.rows(), last.shape.columns()),
            _ => Shape::Number,
        };
        if chain.is_empty() {
            match numbers.len() {
                0 => return Expression::number(store.int(1)),
                1 => return numbers.swap_remove(0),
                _ => {}
            }
            // `1/m` in front of a single product of arrays is its factor.
            let last = numbers.pop();
            match last {
                Some(Expression {
                    kind:
                        Kind::Product {
                            numbers: inner,
                            chain: arrays,
                        },
                    ..
                }) if inner.is_empty()
                    && numbers.iter().all(|n| matches!(n.kind, Kind::Number(_))) =>
                {
                    chain = arrays;
                }
                Some(other) => numbers.push(other),
                None => {}
            }
        } else if numbers.is_empty() && chain.len() == 1 {
            return chain.swap_remove(0);
        }
        Self {
            kind: Kind::Product { numbers, chain },
            shape,
        }
    }

    /// The product entry by entry of arrays of one shape; numbers go to the front.
    pub fn hadamard(store: &mut Store, factors: impl IntoIterator<Item = Expression>) -> Self {
        let mut front = Vec::new();
        let mut parts: Vec<Expression> = Vec::new();
        for factor in factors {
            if factor.is_number() {
                front.push(factor);
                continue;
            }
            match factor.kind {
                Kind::Hadamard(inner) => parts.extend(inner),
                Kind::Product { numbers, chain } => {
                    front.extend(numbers);
                    parts.push(Self::of_parts(store, Vec::new(), chain));
                }
                _ => parts.push(factor),
            }
        }
        let ones = |part: &Expression| part.kind == Kind::Ones;
        if parts.iter().any(|part| !ones(part)) {
            parts.retain(|part| !ones(part));
        } else {
            parts.truncate(1);
        }
        let inner = if parts.len() == 1 {
            parts.swap_remove(0)
        } else if let Some(parts) = untransposed(&parts) {
            Self::hadamard(store, parts).transposed()
        } else {
            Self {
                shape: parts[0].shape.clone(),
                kind: Kind::Hadamard(parts),
            }
        };
        front.push(inner);
        Self::product(store, front)
    }

    /// A sum of arrays of one shape (numbers written out go with any shape).
    pub fn sum(store: &mut Store, summands: impl IntoIterator<Item = Expression>) -> Self {
        sums::sum(store, summands)
    }

    /// Every entry raised to a number.
    pub fn power(self, exponent: BigRational) -> Self {
        if exponent.is_one() {
            return self;
        }
        let shape = self.shape.clone();
        match self.kind {
            // A norm is never negative.
            Kind::Power(base, first) if matches!(base.kind, Kind::Norm(_)) => {
                base.power(first * exponent)
            }
            _ => Self {
                kind: Kind::Power(Box::new(self), exponent),
                shape,
            },
        }
    }

    /// The matrix with this column on its diagonal.
    pub fn diagonal(self) -> Self {
        match self.shape.clone() {
            Shape::Column(size) if self.kind == Kind::Ones => Self::identity(size),
            Shape::Column(size) => Self {
                kind: Kind::Diagonal(Box::new(self)),
                shape: Shape::Matrix(size.clone(), size),
            },
            Shape::Number | Shape::Row(_) | Shape::Matrix(..) => self,
        }
    }

    /// The column of a matrix's diagonal.
    pub fn diagonal_of(self) -> Self {
        match self.shape.clone() {
            Shape::Matrix(size, _) => Self {
                kind: Kind::DiagonalOf(Box::new(self)),
                shape: Shape::Column(size),
            },
            Shape::Number | Shape::Row(_) | Shape::Column(_) => self,
        }
    }

    /// The sum of a column's entries.
    pub fn total(store: &mut Store, column: Expression, size: &Affine) -> Self {
        match column.kind {
            Kind::DiagonalOf(matrix) => Self {
                kind: Kind::Trace(matrix),
                shape: Shape::Number,
            },
            Kind::Power(base, exponent) if exponent == two() => base.norm().power(exponent),
            Kind::Product { numbers, chain } => {
                let norm = match chain.as_slice() {
                    [first, last] if last.kind == Kind::Ones => match &first.kind {
                        Kind::Power(base, exponent) if *exponent == two() => {
                            Some((**base).clone().norm().power(two()))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                let rest = match norm {
                    Some(norm) => vec![norm],
                    None => std::iter::once(Expression::ones(size.clone()).transposed())
                        .chain(chain)
                        .collect(),
                };
                Self::product(store, numbers.into_iter().chain(rest))
            }
            _ => {
                let ones = Expression::ones(size.clone()).transposed();
                Self::product(store, [ones, column])
            }
        }
    }

    /// The root of the sum of all squared entries.
    fn norm(self) -> Self {
        Self {
            kind: Kind::Norm(Box::new(self)),
            shape: Shape::Number,
        }
    }

    /// The trace of a matrix.
    pub fn trace(self) -> Self {
        Self {
            kind: Kind::Trace(Box::new(self)),
            shape: Shape::Number,
        }
    }
}

fn two() -> BigRational {
    BigRational::from_integer(2.into())
}

/// Numbers multiplied, with one coefficient in front.
fn product_of_numbers(store: &mut Store, terms: &[TermId]) -> TermId {
    let mut coefficient = BigRational::one();
    let mut others = Vec::new();
    for term in terms {
        let factors = match store.node(*term) {
            Node::Mul(factors) => factors.to_vec(),
            _ => vec![*term],
        };
        for factor in factors {
            match store.as_number(factor) {
                Some(value) => coefficient *= value,
                None => others.push(factor),
            }
        }
    }
    let coefficient = store.number(coefficient);
    store.mul(std::iter::once(coefficient).chain(others))
}

/// The arrays without their transposes, if all of them are transposes: `aᵀ + bᵀ` is written `(a + b)ᵀ`.
pub(super) fn untransposed(parts: &[Expression]) -> Option<Vec<Expression>> {
    parts
        .iter()
        .map(|part| match &part.kind {
            Kind::Transpose(inner) => Some((**inner).clone()),
            Kind::Product { numbers, chain } => match chain.as_slice() {
                [
                    Expression {
                        kind: Kind::Transpose(inner),
                        shape: _,
                    },
                ] => Some(Expression {
                    shape: inner.shape.clone(),
                    kind: Kind::Product {
                        numbers: numbers.clone(),
                        chain: vec![(**inner).clone()],
                    },
                }),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn transposes(parts: &[Expression]) -> usize {
    parts.iter().map(Expression::transposes).sum()
}
