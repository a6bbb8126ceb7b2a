//! Expressions over arrays back to index form, by the definition of each operation. It knows nothing of
//! how an expression was found; shapes that do not fit have no index form.

use num_rational::BigRational;

use super::expression::{Expression, Kind};
use super::recover::with_letters;
use crate::array::{Over, Shape};
use crate::normal::Normalizer;
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, System};
use crate::term::{Affine, Domain, Node, Reduction, Store, Substitution, TermId, VarId};

pub(super) struct Lowering<'a> {
    pub(super) system: &'a mut System,
    pub(super) general: [VarId; 2],
    pub(super) step_at_zero: StepAtZero,
    /// Where all of it is read: shapes that are equal there are equal.
    pub(super) context: Domain,
}

/// The letter of an axis; none where there is one row or one column.
type Letter = Option<VarId>;

impl Lowering<'_> {
    /// The entry of an expression at letters of row and column, if all shapes fit.
    pub(super) fn entry(
        &mut self,
        expression: &Expression,
        row: Letter,
        column: Letter,
    ) -> Option<TermId> {
        crate::stack::deep(|| self.compute(expression, row, column))
    }

    fn compute(&mut self, expression: &Expression, row: Letter, column: Letter) -> Option<TermId> {
        let Expression { kind, shape } = expression;
        // An array has a letter for each of its axes, and no other.
        if shape.rows().is_some() != row.is_some() || shape.columns().is_some() != column.is_some()
        {
            return None;
        }
        match kind {
            Kind::Number(term) => self.fits(shape, &Shape::Number).then_some(*term),
            Kind::Quantity { access, .. } | Kind::Slice { access, .. } => Some(with_letters(
                self.system,
                *access,
                self.general,
                row,
                column,
            )),
            Kind::OfMatrix {
                access, argument, ..
            } => {
                let letters = with_letters(self.system, *access, self.general, row, column);
                self.is_argument(letters, argument).then_some(letters)
            }
            Kind::Joined(over, parts) => self.joined(*over, parts, shape, row, column),
            Kind::Transpose(inner) => {
                if !self.fits(&inner.shape.transposed(), shape) {
                    return None;
                }
                self.entry(inner, column, row)
            }
            Kind::Product { numbers, chain } => self.product(numbers, chain, shape, row, column),
            Kind::Hadamard(parts) => {
                let entries = self.entries(parts, shape, row, column, false)?;
                Some(self.system.store.mul(entries))
            }
            Kind::Sum(parts) => {
                let entries = self.entries(parts, shape, row, column, true)?;
                Some(self.system.store.add(entries))
            }
            Kind::Norm(inner) => {
                let squares = self.squares(inner)?;
                let half = BigRational::new(1.into(), 2.into());
                let half = self.system.store.number(half);
                Some(self.system.store.power(squares, half))
            }
            Kind::Power(base, exponent) if let Kind::Norm(inner) = &base.kind => {
                let squares = self.squares(inner)?;
                let half = exponent / BigRational::from_integer(2.into());
                let half = self.system.store.number(half);
                Some(self.system.store.power(squares, half))
            }
            Kind::Power(base, exponent) => {
                let base = self.entries(std::slice::from_ref(base), shape, row, column, false)?;
                let exponent = self.system.store.number(exponent.clone());
                Some(self.system.store.power(base[0], exponent))
            }
            Kind::Apply(function, orders, arguments) => {
                let entries = self.entries(arguments, shape, row, column, true)?;
                let node = Node::Apply(*function, orders.clone(), entries.into());
                Some(self.system.store.intern(node))
            }
            Kind::Softmax(exp, inner) => {
                if !self.fits(shape, &inner.shape) {
                    return None;
                }
                let letter = self.system.store.fresh_var("k");
                let (size, entries) = match &inner.shape {
                    Shape::Column(size) => (
                        size,
                        [
                            self.entry(inner, row, None)?,
                            self.entry(inner, Some(letter), None)?,
                        ],
                    ),
                    Shape::Matrix(_, size) => (
                        size,
                        [
                            self.entry(inner, row, column)?,
                            self.entry(inner, row, Some(letter))?,
                        ],
                    ),
                    _ => return None,
                };
                let [own, other] = entries.map(|entry| {
                    let node = Node::Apply(*exp, Box::new([0]), Box::new([entry]));
                    self.system.store.intern(node)
                });
                let sum = self.summed(&[(letter, size.clone())], other);
                let minus_one = self.system.store.int(-1);
                let share = self.system.store.power(sum, minus_one);
                Some(self.system.store.mul([own, share]))
            }
            Kind::Diagonal(inner) => {
                let Shape::Column(size) = &inner.shape else {
                    return None;
                };
                if !self.fits(shape, &Shape::Matrix(size.clone(), size.clone())) {
                    return None;
                }
                let entry = self.entry(inner, row, None)?;
                let delta = self.delta(row?, column?);
                Some(self.system.store.mul([entry, delta]))
            }
            Kind::DiagonalOf(inner) => {
                let Shape::Matrix(rows, columns) = &inner.shape else {
                    return None;
                };
                let square = self.same(rows, columns);
                if !square || !self.fits(shape, &Shape::Column(rows.clone())) {
                    return None;
                }
                self.entry(inner, row, row)
            }
            Kind::Trace(inner) => {
                let Shape::Matrix(rows, columns) = &inner.shape else {
                    return None;
                };
                if !self.same(rows, columns) {
                    return None;
                }
                let letter = self.system.store.fresh_var("i");
                let entry = self.entry(inner, Some(letter), Some(letter))?;
                Some(self.summed(&[(letter, rows.clone())], entry))
            }
            Kind::Zero => Some(self.system.store.int(0)),
            Kind::Ones => Some(self.system.store.int(1)),
            Kind::Identity => {
                let Shape::Matrix(rows, columns) = shape else {
                    return None;
                };
                if !self.same(rows, columns) {
                    return None;
                }
                Some(self.delta(row?, column?))
            }
            Kind::Over {
                vars,
                domain,
                term: _,
                body,
            } => {
                if !self.fits(&body.shape, shape) {
                    return None;
                }
                let inside = self.context.shadowed(vars).and(domain);
                let before = std::mem::replace(&mut self.context, inside);
                let entry = self.entry(body, row, column);
                self.context = before;
                let store = &mut self.system.store;
                Some(store.reduce(Reduction::Sum, vars.iter().copied(), domain.clone(), entry?))
            }
        }
    }

    /// Arrays one behind the other, each of them with all lines.
    fn joined(
        &mut self,
        over: Over,
        parts: &[Expression],
        shape: &Shape,
        row: Letter,
        column: Letter,
    ) -> Option<TermId> {
        let along = over.other();
        let letter = match over {
            Over::Rows => column?,
            Over::Columns => row?,
        };
        let mut before = Affine::int(0);
        let mut branches = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            let lines = [over.count(&part.shape), over.count(shape)];
            let as_many = match lines {
                [None, None] => true,
                [Some(own), Some(all)] => self.same(own, all),
                _ => false,
            };
            if !as_many {
                return None;
            }
            let size = along.count(&part.shape).cloned();
            let own = size.as_ref().map(|_| self.system.store.fresh_var("k"));
            let entry = match over {
                Over::Rows => self.entry(part, row, own)?,
                Over::Columns => self.entry(part, own, column)?,
            };
            let place = Affine::var(letter).minus(&before);
            let moved = Substitution::new(own.map(|own| (own, place)));
            let entry = self.system.store.substitute(entry, &moved);
            before = before.plus(&size.unwrap_or_else(|| Affine::int(1)));
            let inside = if at + 1 == parts.len() {
                self.system.store.int(1)
            } else {
                let inside = Domain::at_least(&before, &Affine::var(letter));
                self.system.store.guard(inside)
            };
            branches.push((inside, entry));
        }
        if !self.same(&before, along.count(shape)?) {
            return None;
        }
        Some(self.system.store.intern(Node::Cases(branches.into())))
    }

    /// Whether an array is what the function of a matrix is of.
    fn is_argument(&mut self, access: TermId, array: &Expression) -> bool {
        let Node::Access(family, index) = self.system.store.node(access).clone() else {
            return false;
        };
        let FamilyKind::OfMatrix { of, .. } = self.system.family(family).kind else {
            return false;
        };
        let letters = ["k", "l"].map(|letter| self.system.store.fresh_var(letter));
        let slots = index[..self.system.family(of).slots].iter().cloned();
        let at: Vec<Affine> = slots.chain(letters.map(Affine::var)).collect();
        let [row, column] = letters.map(Some);
        let Some(entry) = self.entry(array, row, column) else {
            return false;
        };
        let clause = self.system.family(of).clauses.first().cloned();
        let wanted = match clause {
            Some(clause) if self.system.is_nameless(of) => {
                let (values, _) = clause.at(&at);
                clause
                    .body
                    .map(|body| self.system.store.substitute(body, &values))
            }
            _ => Some(self.system.store.access(of, at)),
        };
        let Some(wanted) = wanted else {
            return false;
        };
        let mut normalizer = Normalizer::new(self.system, self.step_at_zero, self.context.clone());
        let (entry, wanted) = (normalizer.normal(entry), normalizer.normal(wanted));
        matches!((entry, wanted), (Ok(entry), Ok(wanted)) if entry == wanted)
    }

    /// The sum of all squared entries.
    fn squares(&mut self, array: &Expression) -> Option<TermId> {
        let mut bound = Vec::new();
        let mut letter = |size: Option<&Affine>, store: &mut Store| {
            let letter = store.fresh_var("i");
            bound.push((letter, size?.clone()));
            Some(letter)
        };
        let row = letter(array.shape.rows(), &mut self.system.store);
        let column = letter(array.shape.columns(), &mut self.system.store);
        let entry = self.entry(array, row, column)?;
        let two = self.system.store.int(2);
        let square = self.system.store.power(entry, two);
        Some(self.summed(&bound, square))
    }

    /// Numbers times a chain of arrays whose inner sizes agree.
    fn product(
        &mut self,
        numbers: &[Expression],
        chain: &[Expression],
        shape: &Shape,
        row: Letter,
        column: Letter,
    ) -> Option<TermId> {
        let mut factors = Vec::with_capacity(numbers.len() + chain.len());
        for number in numbers {
            factors.push(self.entry(number, None, None)?);
        }
        let (Some(first), Some(last)) = (chain.first(), chain.last()) else {
            return self
                .fits(shape, &Shape::Number)
                .then(|| self.system.store.mul(factors));
        };
        if !self.fits(shape, &Shape::of(first.shape.rows(), last.shape.columns())) {
            return None;
        }
        let mut bound = Vec::new();
        let mut left = row;
        for (at, array) in chain.iter().enumerate() {
            let right = match chain.get(at + 1) {
                None => column,
                Some(next) => match (array.shape.columns(), next.shape.rows()) {
                    (None, None) => None,
                    (Some(one), Some(other)) if self.same(one, other) => {
                        let letter = self.system.store.fresh_var("k");
                        bound.push((letter, one.clone()));
                        Some(letter)
                    }
                    _ => return None,
                },
            };
            factors.push(self.entry(array, left, right)?);
            left = right;
        }
        let product = self.system.store.mul(factors);
        Some(self.summed(&bound, product))
    }

    /// The entries of arrays of one shape; of numbers too where these go with every entry.
    fn entries<'e>(
        &mut self,
        parts: impl IntoIterator<Item = &'e (impl std::borrow::Borrow<Expression> + 'e)>,
        shape: &Shape,
        row: Letter,
        column: Letter,
        with_numbers: bool,
    ) -> Option<Vec<TermId>> {
        let mut entries = Vec::new();
        for part in parts {
            let part = part.borrow();
            entries.push(if with_numbers && part.is_number() {
                self.entry(part, None, None)?
            } else if self.fits(&part.shape, shape) {
                self.entry(part, row, column)?
            } else {
                return None;
            });
        }
        Some(entries)
    }

    fn summed(&mut self, bound: &[(VarId, Affine)], body: TermId) -> TermId {
        let domain = bound
            .iter()
            .fold(Domain::everything(), |domain, (var, size)| {
                let range = Domain::between(&Affine::int(1), &Affine::var(*var), size);
                domain.and(&range)
            });
        let vars = bound.iter().map(|(var, _)| *var);
        self.system.store.reduce(Reduction::Sum, vars, domain, body)
    }

    fn delta(&mut self, row: VarId, column: VarId) -> TermId {
        let equal = Domain::equal(&Affine::var(row), &Affine::var(column));
        self.system.store.guard(equal)
    }

    fn same(&self, one: &Affine, other: &Affine) -> bool {
        one == other
            || self
                .system
                .ambient
                .implies(&self.context, &Domain::equal(one, other))
    }

    pub(super) fn fits(&self, one: &Shape, other: &Shape) -> bool {
        let same = |one: Option<&Affine>, other: Option<&Affine>| match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => self.same(one, other),
            _ => false,
        };
        same(one.rows(), other.rows()) && same(one.columns(), other.columns())
    }
}
