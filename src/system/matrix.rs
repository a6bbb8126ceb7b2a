//! Matrix notation: expressions of whole arrays as arrays of terms.

use num_traits::{Signed, ToPrimitive, Zero};

use super::functions::is_array_function;
use super::lower::Lowering;
use super::mistakes;
use super::names::Meaning;
use super::scope::Scope;
use crate::array::{self, Array, Mismatch, Problem, Shape};
use crate::functions::matrix_row;
use crate::syntax::{Expr, ExprKind, Join, Sign};
use crate::term::{Affine, Node, TermId};

/// Powers of matrices beyond this are not written out.
const LARGEST_POWER: u32 = 16;

/// What is chosen of one axis.
#[derive(Debug, Clone)]
pub(super) enum Chosen {
    One(Affine),
    /// So many elements from the first on.
    From(Affine, Affine),
}

/// Whether an element index leaves an axis free.
fn is_slice(element: &Expr) -> bool {
    matches!(element.kind, ExprKind::Slice(_))
}

/// The shape of what is chosen: a part of a row of a matrix is a row, all else of one axis keeps its direction.
pub(super) fn sliced(shape: &Shape, chosen: &[Chosen]) -> Shape {
    let free: Vec<(usize, &Affine)> = chosen
        .iter()
        .enumerate()
        .filter_map(|(axis, chosen)| match chosen {
            Chosen::One(_) => None,
            Chosen::From(_, size) => Some((axis, size)),
        })
        .collect();
    match (free.as_slice(), shape) {
        ([], _) => Shape::Number,
        ([(_, size)], Shape::Row(_)) | ([(1, size)], _) => Shape::Row((*size).clone()),
        ([(_, size)], _) => Shape::Column((*size).clone()),
        ([(_, rows), (_, columns), ..], _) => Shape::Matrix((*rows).clone(), (*columns).clone()),
    }
}

impl Lowering<'_> {
    /// An expression of any shape. Complains and returns none if it has none.
    pub(super) fn array(&mut self, expr: &Expr, scope: &mut Scope) -> Option<Array> {
        if !self.speaks_of_arrays(expr, scope) {
            return self.number(expr, scope).map(Array::number);
        }
        crate::stack::deep(|| match &expr.kind {
            ExprKind::Name(_) | ExprKind::Slots(..) => self.whole(expr, scope),
            ExprKind::Elements(base, elements) => self.entry_of(base, elements, scope),
            ExprKind::Call {
                function,
                primes,
                arguments,
                extra,
            } => self.call(expr, function, *primes, arguments, extra, scope),
            ExprKind::Negative(inner) => {
                let inner = self.array(inner, scope)?;
                let entry = self.negative(inner.entry);
                Some(Array { entry, ..inner })
            }
            ExprKind::Sum(terms) => self.sum_of_arrays(terms, scope),
            ExprKind::Product(first, rest) => self.product_of_arrays(first, rest, scope),
            ExprKind::Power {
                base,
                exponent,
                elementwise,
            } => self.power_of_array(expr, (base, exponent), *elementwise, scope),
            ExprKind::Transpose(inner) => {
                let array = self.array(inner, scope)?;
                if array.is_number() {
                    self.problems.push(mistakes::transpose_of_number(expr.span));
                    return None;
                }
                Some(array.transpose())
            }
            ExprKind::Reduce {
                op,
                binder,
                body,
                head,
            } => self.reduction(*op, binder, body, *head, scope),
            ExprKind::Number(_)
            | ExprKind::Cases(_)
            | ExprKind::Slice(_)
            | ExprKind::Derivative(..) => self.number(expr, scope).map(Array::number),
        })
    }

    /// Whether a whole array stands in the expression, or a function of one.
    pub(super) fn speaks_of_arrays(&self, expr: &Expr, scope: &Scope) -> bool {
        let below = |inner: &Expr| self.speaks_of_arrays(inner, scope);
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::Slice(_) | ExprKind::Derivative(..) => false,
            ExprKind::Name(_) | ExprKind::Slots(..) => {
                if let ExprKind::Name(name) = &expr.kind {
                    if let Some(array) = scope.array(name) {
                        return !array.is_number();
                    }
                    if scope.find(name).is_some() {
                        return false;
                    }
                }
                scope.function.is_none()
                    && self.names.reference(expr).is_some_and(|head| {
                        head.elements.is_empty()
                            && self
                                .names
                                .quantity(&head.name)
                                .is_some_and(|family| self.system.family(family).axes > 0)
                    })
            }
            ExprKind::Elements(base, elements) => {
                let argument =
                    matches!(&base.kind, ExprKind::Name(name) if scope.array(name).is_some());
                argument || elements.iter().any(is_slice) || self.names.reference(expr).is_none()
            }
            ExprKind::Call {
                function,
                arguments,
                extra,
                ..
            } => is_array_function(&function.value) || arguments.iter().chain(extra).any(below),
            ExprKind::Negative(inner) => below(inner),
            ExprKind::Transpose(_) => true,
            ExprKind::Sum(terms) => terms.iter().any(|(_, term)| below(term)),
            ExprKind::Product(first, rest) => {
                below(first) || rest.iter().any(|(_, factor)| below(factor))
            }
            ExprKind::Power { base, exponent, .. } => below(base) || below(exponent),
            ExprKind::Reduce { body, .. } => below(body),
            // Cases are numbers; what stands in them is read for itself.
            ExprKind::Cases(_) => false,
        }
    }

    /// A whole quantity: `W`, `W[k]`.
    fn whole(&mut self, expr: &Expr, scope: &mut Scope) -> Option<Array> {
        // Assumptions, which come later, may speak of arrays in any network.
        self.system.whole_arrays |= !self.introductions_over;
        if let ExprKind::Name(name) = &expr.kind
            && let Some(array) = scope.array(name)
        {
            return Some(array.clone());
        }
        let head = self.names.reference(expr)?;
        let Some((Meaning::Quantity(family), _)) = self.names.known.get(&head.name) else {
            return self.number(expr, scope).map(Array::number);
        };
        let family = *family;
        let slots = self.slots_of(&head, family, scope)?;
        let axes = self.system.family(family).axes;
        if axes > 2 {
            let text = super::names::head_text(&head);
            self.problems
                .push(mistakes::more_than_two_axes(&text, head.span, axes));
            return None;
        }
        let shape = self.shape_at(family, &slots, &scope.context, head.span)?;
        let array = Array::new(&mut self.system.store, shape, |store, index| {
            store.access(family, slots.iter().chain(index).cloned())
        });
        self.spans
            .entry((self.current, array.entry))
            .or_insert(head.span);
        Some(array)
    }

    /// `(A x)_i`, `f(z)_i`
    fn entry_of(&mut self, base: &Expr, elements: &[Expr], scope: &mut Scope) -> Option<Array> {
        let array = self.array(base, scope)?;
        let elements: Vec<Expr> = elements
            .iter()
            .flat_map(|element| self.names.opened(element))
            .collect();
        if elements.len() != array.letters.len() {
            let shape = self.shape_text(&array.shape);
            self.problems.push(mistakes::entry_axes(
                base.span,
                &shape,
                array.letters.len(),
                elements.len(),
            ));
            return None;
        }
        let chosen = self.chosen(&elements, array.shape.sizes(), scope)?;
        let shape = sliced(&array.shape, &chosen);
        Some(Array::new(&mut self.system.store, shape, |store, index| {
            let mut free = index.iter();
            let full: Vec<Affine> = chosen
                .iter()
                .map(|element| match element {
                    Chosen::One(at) => at.clone(),
                    Chosen::From(first, _) => {
                        let at = free.next().unwrap_or(first);
                        at.plus(first).offset(-1)
                    }
                })
                .collect();
            array.at(store, &full)
        }))
    }

    /// What is chosen of each axis.
    pub(super) fn chosen(
        &mut self,
        elements: &[Expr],
        sizes: Vec<&Affine>,
        scope: &Scope,
    ) -> Option<Vec<Chosen>> {
        let mut chosen = Vec::with_capacity(elements.len());
        for (element, size) in elements.iter().zip(sizes) {
            chosen.push(match &element.kind {
                ExprKind::Slice(None) => Chosen::From(Affine::int(1), size.clone()),
                ExprKind::Slice(Some(bounds)) => {
                    let low = self.affine(&bounds.0, scope)?;
                    let high = self.affine(&bounds.1, scope)?;
                    let size = high.minus(&low).offset(1);
                    Chosen::From(low, size)
                }
                _ => Chosen::One(self.affine(element, scope)?),
            });
        }
        Some(chosen)
    }

    fn sum_of_arrays(&mut self, terms: &[(Sign, Expr)], scope: &mut Scope) -> Option<Array> {
        let exprs: Vec<&Expr> = terms.iter().map(|(_, term)| term).collect();
        let arrays = self.arrays(&exprs, scope)?;
        let aligned = array::align(&mut self.system.store, &arrays);
        let (frame, entries) = self.fitting(aligned, &exprs, "add")?;
        let entries: Vec<(Sign, TermId)> =
            terms.iter().map(|(sign, _)| *sign).zip(entries).collect();
        let entry = self.signed_sum(&entries);
        Some(Array { entry, ..frame })
    }

    /// All of them, with complaints about each that is none.
    pub(super) fn arrays(&mut self, exprs: &[&Expr], scope: &mut Scope) -> Option<Vec<Array>> {
        let arrays: Vec<Option<Array>> = exprs.iter().map(|expr| self.array(expr, scope)).collect();
        arrays.into_iter().collect()
    }

    fn product_of_arrays(
        &mut self,
        first: &Expr,
        rest: &[(Join, Expr)],
        scope: &mut Scope,
    ) -> Option<Array> {
        if !self.joins_are_products(first, rest, scope) {
            return None;
        }
        let exprs: Vec<&Expr> = std::iter::once(first)
            .chain(rest.iter().map(|(_, factor)| factor))
            .collect();
        let arrays = self.arrays(&exprs, scope)?;
        self.check_one_kind(rest, &arrays, &exprs)?;
        let mut before: Vec<TermId> = Vec::new();
        let mut behind: Vec<TermId> = Vec::new();
        // The array so far, with where it begins.
        let mut whole: Option<(Array, usize)> = None;
        for (at, array) in arrays.iter().enumerate() {
            let join = at.checked_sub(1).map(|at| rest[at].0);
            let over = matches!(join, Some(Join::Over | Join::ElementwiseOver));
            if array.is_number() {
                let factors = if whole.is_some() {
                    &mut behind
                } else {
                    &mut before
                };
                let mut factors = std::mem::take(factors);
                let joined = self.push_joined(&mut factors, array.entry, over, exprs[at].span);
                if whole.is_some() {
                    behind = factors;
                } else {
                    before = factors;
                }
                joined?;
                continue;
            }
            let Some((left, from)) = whole.take() else {
                if over && join == Some(Join::Over) {
                    self.problems
                        .push(mistakes::division_by_array(exprs[at].span));
                    return None;
                }
                let array = if over {
                    let minus_one = self.system.store.int(-1);
                    array.clone().map(&mut self.system.store, |store, entry| {
                        store.power(entry, minus_one)
                    })
                } else {
                    array.clone()
                };
                whole = Some((array, at));
                continue;
            };
            let pair = [left, array.clone()];
            let spans = [from, at];
            let result = match join {
                Some(Join::Over) => {
                    self.problems
                        .push(mistakes::division_by_array(exprs[at].span));
                    return None;
                }
                Some(Join::Elementwise | Join::ElementwiseOver) => {
                    let aligned = array::align(&mut self.system.store, &pair);
                    let places = [exprs[from], exprs[at]];
                    let (frame, entries) = self.fitting(aligned, &places, "multiply")?;
                    let mut factors = Vec::new();
                    self.push_factor(&mut factors, entries[0]);
                    self.push_joined(&mut factors, entries[1], over, exprs[at].span)?;
                    let entry = self.written_product(factors);
                    Array { entry, ..frame }
                }
                Some(Join::Space | Join::Tight | Join::Star) | None => {
                    let product = array::product(&mut self.system.store, &pair[0], &pair[1]);
                    match product {
                        Ok(product) => product,
                        Err(mismatch) => {
                            // The left operand is everything up to here.
                            let left = Expr {
                                span: exprs[spans[0]].span.to(exprs[at - 1].span),
                                kind: exprs[spans[0]].kind.clone(),
                            };
                            let single = spans[0] + 1 == at;
                            let places = [if single { exprs[spans[0]] } else { &left }, exprs[at]];
                            self.complain(&mismatch, &places, "multiply");
                            return None;
                        }
                    }
                }
            };
            if result.is_number() {
                before.append(&mut behind);
                self.push_factor(&mut before, result.entry);
            } else {
                whole = Some((result, from));
            }
        }
        Some(match whole {
            Some((array, _)) => {
                let mut factors = before;
                self.push_factor(&mut factors, array.entry);
                for factor in behind {
                    self.push_factor(&mut factors, factor);
                }
                let entry = self.written_product(factors);
                Array { entry, ..array }
            }
            None => Array::number(self.written_product(before)),
        })
    }

    /// Matrix products and `.*` between arrays do not stand beside each other.
    fn check_one_kind(
        &mut self,
        rest: &[(Join, Expr)],
        arrays: &[Array],
        exprs: &[&Expr],
    ) -> Option<()> {
        let mut matrix = None;
        let mut elementwise = None;
        let mut seen = !arrays[0].is_number();
        for (at, (join, _)) in rest.iter().enumerate() {
            if arrays[at + 1].is_number() {
                continue;
            }
            if seen {
                match join {
                    Join::Elementwise | Join::ElementwiseOver => elementwise = Some(at + 1),
                    Join::Space | Join::Tight | Join::Star => matrix = Some(at + 1),
                    Join::Over => {}
                }
            }
            seen = true;
        }
        if let (Some(matrix), Some(elementwise)) = (matrix, elementwise) {
            self.problems.push(mistakes::mixed_products(
                exprs[0].span.to(exprs[exprs.len() - 1].span),
                exprs[matrix].span,
                exprs[elementwise].span,
            ));
            return None;
        }
        Some(())
    }

    fn power_of_array(
        &mut self,
        expr: &Expr,
        (base, exponent): (&Expr, &Expr),
        elementwise: bool,
        scope: &mut Scope,
    ) -> Option<Array> {
        let array = self.array(base, scope)?;
        if array.is_number() || elementwise {
            let exprs = [base, exponent];
            let below = self.array(exponent, scope)?;
            if !elementwise && !below.is_number() {
                self.problems.push(mistakes::array_exponent(exponent.span));
                return None;
            }
            let aligned = array::align(&mut self.system.store, &[array, below]);
            let (frame, entries) = self.fitting(aligned, &exprs, "raise")?;
            let entry = self.system.store.power(entries[0], entries[1]);
            return Some(Array { entry, ..frame });
        }
        let value = match &exponent.kind {
            ExprKind::Number(value) => Some(value.clone()),
            ExprKind::Negative(inner) => match &inner.kind {
                ExprKind::Number(value) => Some(-value.clone()),
                _ => None,
            },
            _ => None,
        };
        let shape = self.shape_text(&array.shape);
        let Some(value) = value.filter(|value| value.is_integer()) else {
            self.problems
                .push(mistakes::power_of_array(expr.span, &shape));
            return None;
        };
        let array = if value.is_negative() {
            let inverse = matrix_row("inv").unwrap_or_else(|| unreachable!("the table has it"));
            self.matrix_function(inverse, array, base.span, scope)?
        } else {
            array
        };
        let Some(value) = value
            .abs()
            .to_integer()
            .to_u32()
            .filter(|value| *value <= LARGEST_POWER)
        else {
            self.problems
                .push(mistakes::power_of_array(expr.span, &shape));
            return None;
        };
        match array::power(&mut self.system.store, &array, value) {
            Ok(power) => Some(power),
            Err(_) => {
                self.problems
                    .push(mistakes::power_of_array(expr.span, &shape));
                None
            }
        }
    }

    /// What an operation gave, or a complaint about its operands.
    pub(super) fn fitting<T>(
        &mut self,
        result: Result<T, Mismatch>,
        operands: &[&Expr],
        verb: &str,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(mismatch) => {
                self.complain(&mismatch, operands, verb);
                None
            }
        }
    }

    fn complain(&mut self, mismatch: &Mismatch, operands: &[&Expr], verb: &str) {
        let places: Vec<mistakes::Operand> = mismatch
            .operands
            .iter()
            .map(|(at, shape)| {
                let expr = operands[*at];
                let head = self.names.reference(expr);
                mistakes::Operand {
                    span: expr.span,
                    shape: self.shape_text(shape),
                    // Only a plain name can be named in a message.
                    name: head.as_ref().map(super::names::head_text),
                    from: head.and_then(|head| {
                        let family = self.names.quantity(&head.name)?;
                        self.system
                            .family(family)
                            .span
                            .filter(|span| *span != expr.span)
                    }),
                }
            })
            .collect();
        let transpose = mismatch.transpose.and_then(|at| {
            mismatch
                .operands
                .iter()
                .position(|(operand, _)| *operand == at)
        });
        self.problems.push(match mismatch.problem {
            Problem::SameWay => {
                let column = matches!(mismatch.operands[0].1, Shape::Column(_));
                mistakes::two_vectors(&places, column)
            }
            Problem::OtherCount(over) => {
                let both = [&mismatch.operands[0].1, &mismatch.operands[1].1];
                let other = over.other();
                let other_way = both.map(|shape| other.count(shape));
                let turned = other_way[0].is_some() && other_way[0] == other_way[1];
                mistakes::other_count(over, &places, transpose, turned)
            }
            Problem::Inner
            | Problem::Different
            | Problem::NotSquare
            | Problem::NoMatrix
            | Problem::NoVector
            | Problem::NotTwoVectors
            | Problem::NumberGiven => {
                mistakes::shapes_differ(mismatch.problem, &places, transpose, verb)
            }
        });
    }

    /// A shape as it is declared: `R`, `R^n`, `R^(m x n)`.
    pub(super) fn shape_text(&self, shape: &Shape) -> String {
        super::describe::shape(&self.system, shape)
    }

    /// One factor more, above or below the line.
    pub(super) fn push_joined(
        &mut self,
        factors: &mut Vec<TermId>,
        factor: TermId,
        over: bool,
        span: crate::source::Span,
    ) -> Option<()> {
        if !over {
            self.push_factor(factors, factor);
            return Some(());
        }
        let divisor = self.system.store.as_number(factor).cloned();
        if divisor.as_ref().is_some_and(Zero::is_zero) {
            self.problems.push(mistakes::division_by_zero(span));
            return None;
        }
        let numerator = factors
            .last()
            .and_then(|last| self.system.store.as_number(*last).cloned());
        if let (Some(numerator), Some(divisor)) = (numerator, divisor) {
            factors.pop();
            factors.push(self.system.store.number(numerator / divisor));
        } else {
            let minus_one = self.system.store.int(-1);
            factors.push(self.system.store.intern(Node::Power(factor, minus_one)));
        }
        Some(())
    }
}
