//! Expressions over whole arrays as boxes.

use num_rational::BigRational;
use num_traits::{One, Signed};

use super::access::Part;
use super::letters::Scope;
use super::math::{Fence, Math, MathId, Sign, Symbol};
use super::terms::{Begin, Level, Printed, Printer};
use crate::array::{Over, Shape};
use crate::matrix::{Expression, Kind};
use crate::profile::Slopes;
use crate::system::{FamilyKind, Primitive};
use crate::term::{Affine, Node, Reduction, TermId};

impl Printer<'_> {
    /// An array that is all of a side of an equation.
    pub(super) fn array_side(&mut self, array: &Expression, scope: Scope) -> MathId {
        match array.kind {
            Kind::Number(term) => self.side(term, scope),
            _ => self.array(array, scope).id,
        }
    }

    pub(super) fn array(&mut self, array: &Expression, scope: Scope) -> Printed {
        match &array.kind {
            Kind::Number(term) => self.term(*term, scope),
            Kind::Quantity { access, .. } => self.whole(*access, scope),
            Kind::Slice {
                access,
                rows,
                columns,
            } => {
                // One row or column alone is no axis of what is left.
                let axes = [
                    (array.shape.rows().is_some(), rows),
                    (array.shape.columns().is_some(), columns),
                ];
                let sides: Vec<_> = axes
                    .into_iter()
                    .filter(|(is_axis, bounds)| *is_axis || bounds.is_some())
                    .map(|(_, bounds)| bounds)
                    .collect();
                self.slice(*access, &sides, scope)
            }
            Kind::Joined(over, parts) if is_matrix(array) => self.blocks(*over, parts, scope),
            Kind::Joined(_, parts) => self.stack(parts, scope),
            Kind::OfMatrix {
                access, argument, ..
            } => self.matrix_function(*access, argument, false, scope),
            Kind::Transpose(inner)
                if let Kind::OfMatrix {
                    access, argument, ..
                } = &inner.kind =>
            {
                self.matrix_function(*access, argument, true, scope)
            }
            Kind::Transpose(inner) => {
                let inner = self.array(inner, scope);
                let top = self.transpose_sign();
                let id = match *self.boxes.get(inner.id) {
                    Math::Script {
                        base,
                        sub,
                        sup: Some(layer),
                    } if self.notation.profile.signs.transpose_joins => {
                        let above = self.boxes.row([layer, top]);
                        self.boxes.script(base, sub, Some(above))
                    }
                    _ => self.raise_box(inner, top),
                };
                Printed {
                    tall: inner.tall,
                    ..Printed::scripted(id)
                }
            }
            Kind::Product { numbers, chain } => {
                let (negative, printed) = self.array_product(numbers, chain, scope);
                if negative {
                    let printed = self.factor(printed, true);
                    self.negative(printed)
                } else {
                    printed
                }
            }
            Kind::Hadamard(parts) => self.entrywise(parts, scope),
            Kind::Sum(parts) => self.array_sum(parts, scope),
            Kind::Power(base, exponent) if array.is_number() => {
                self.number_power(base, exponent, scope)
            }
            Kind::Power(base, exponent) => {
                if exponent.is_negative() {
                    return self.entrywise(std::slice::from_ref(array), scope);
                }
                self.entrywise_power(base, exponent, scope)
            }
            Kind::Apply(function, orders, arguments) => {
                let printed: Vec<Printed> = arguments
                    .iter()
                    .map(|argument| self.array(argument, scope))
                    .collect();
                if orders.iter().all(|order| *order == 0)
                    && self.system.function(*function).primitive == Some(Primitive::Step)
                    && let Some(indicated) = self.indicator(printed[0])
                {
                    return indicated;
                }
                // Bars around an array are its norm, or its determinant.
                if let [argument] = &arguments[..]
                    && !argument.is_number()
                    && self.is_in_bars(*function)
                {
                    return self.named(r"\operatorname{abs}", argument, scope);
                }
                self.applied(*function, orders, &printed)
            }
            Kind::Softmax(_, inner) => self.named(r"\operatorname{softmax}", inner, scope),
            Kind::Diagonal(inner) => self.named(r"\operatorname{diag}", inner, scope),
            Kind::DiagonalOf(inner) => self.named(r"\operatorname{diagonal}", inner, scope),
            Kind::Trace(inner) => self.named(r"\operatorname{tr}", inner, scope),
            Kind::Norm(inner) => {
                let printed = self.array(inner, scope);
                let norm = self.boxes.fence(Fence::Norm, printed.tall, printed.id);
                let printed = Printed {
                    tall: printed.tall,
                    ..Printed::atom(norm)
                };
                // Of a matrix it is Frobenius'.
                if inner.shape.columns().is_none() || inner.shape.rows().is_none() {
                    return printed;
                }
                let name = self.boxes.intern(Math::Symbol(Symbol::Letter('F')));
                let id = self.boxes.script(printed.id, Some(name), None);
                Printed {
                    tall: printed.tall,
                    ..Printed::atom(id)
                }
            }
            Kind::Zero => {
                let id = self.boxes.number(0);
                Printed::digits(id)
            }
            Kind::Ones => {
                let id = self.boxes.sign(Sign::Ones);
                Printed::atom(id)
            }
            Kind::Identity => {
                let symbol = if self.names.is_taken("I") {
                    Symbol::Latex(r"\mathbf{I}".into())
                } else {
                    Symbol::Letter('I')
                };
                let id = self.boxes.intern(Math::Symbol(symbol));
                Printed::atom(id)
            }
            Kind::Over {
                vars,
                domain,
                term,
                body,
            } => {
                let inner = self.enter(scope, vars);
                let summed = match self.system.store.node(*term) {
                    Node::Reduce(_, _, _, summed) => *summed,
                    _ => *term,
                };
                let heads = self.reduction_heads(Reduction::Sum, vars, domain, summed, inner);
                let body = self.array(body, inner);
                let body = self.array_factor(body, true);
                let id = self.boxes.row(heads.into_iter().chain([body.id]));
                Printed {
                    open: true,
                    tall: true,
                    ..Printed::product(id)
                }
            }
        }
    }

    /// A function of a matrix, or the transpose of its value.
    fn matrix_function(
        &mut self,
        access: TermId,
        argument: &Expression,
        turned: bool,
        scope: Scope,
    ) -> Printed {
        let Node::Access(family, _) = self.system.store.node(access) else {
            return self.term(access, scope);
        };
        let FamilyKind::OfMatrix { row, .. } = self.system.family(*family).kind else {
            return self.whole(access, scope);
        };
        let argument = self.array(argument, scope);
        self.of_array(row, argument, turned)
    }

    /// A quantity with the first and last index of what is read of each axis: `v_{1:n}`, `W_{:,1:n}`.
    fn slice(
        &mut self,
        access: TermId,
        sides: &[&Option<Box<(Affine, Affine)>>],
        scope: Scope,
    ) -> Printed {
        let whole = self.whole(access, scope);
        let colon = self.boxes.sign(Sign::Colon);
        let mut parts = Vec::with_capacity(sides.len());
        for side in sides {
            parts.push(match side.as_deref() {
                Some((low, high)) if low == high => self.affine(low, scope).id,
                Some((low, high)) => {
                    let low = self.affine(low, scope).id;
                    let high = self.affine(high, scope).id;
                    self.boxes.row([low, colon, high])
                }
                None => colon,
            });
        }
        let below = self.boxes.list(&parts, Sign::Comma);
        let (base, above) = match *self.boxes.get(whole.id) {
            Math::Script {
                base,
                sub: None,
                sup,
            } => (base, sup),
            Math::Symbol(_) | Math::Spelled(_) | Math::Accent(..) => (whole.id, None),
            _ => (self.bracketed(whole).id, None),
        };
        let id = self.boxes.script(base, Some(below), above);
        Printed {
            tall: whole.tall,
            ..Printed::scripted(id)
        }
    }

    /// Matrices side by side or below one another, as one matrix of blocks.
    fn blocks(&mut self, over: Over, parts: &[Expression], scope: Scope) -> Printed {
        let cells: Vec<MathId> = parts
            .iter()
            .map(|part| self.array(part, scope).id)
            .collect();
        let rows = match over {
            Over::Rows => Box::from([cells.into_boxed_slice()]),
            Over::Columns => cells.into_iter().map(|cell| Box::from([cell])).collect(),
        };
        let id = self.boxes.intern(Math::Matrix(rows));
        Printed {
            tall: true,
            ..Printed::atom(id)
        }
    }

    /// `\operatorname{concat}(x,y)`.
    fn stack(&mut self, parts: &[Expression], scope: Scope) -> Printed {
        let head = self.boxes.latex(r"\operatorname{concat}");
        let mut tall = false;
        let mut printed = Vec::with_capacity(parts.len());
        for part in parts {
            let part = self.array(part, scope);
            tall |= part.tall;
            printed.push(part.id);
        }
        let inside = self.boxes.list(&printed, Sign::Comma);
        let inside = self.boxes.fence(Fence::Round, tall, inside);
        let id = self.boxes.row([head, inside]);
        Printed {
            tall,
            ..Printed::atom(id)
        }
    }

    /// A quantity without its element indices.
    fn whole(&mut self, access: TermId, scope: Scope) -> Printed {
        match self.system.store.node(access) {
            Node::Access(family, index) => self.part(*family, index, Part::Whole, scope),
            _ => self.term(access, scope),
        }
    }

    fn named(&mut self, name: &str, inner: &Expression, scope: Scope) -> Printed {
        let head = self.boxes.latex(name);
        let inner = self.array(inner, scope);
        let inside = self.boxes.fence(Fence::Round, inner.tall, inner.id);
        let id = self.boxes.row([head, inside]);
        Printed {
            tall: inner.tall,
            ..Printed::atom(id)
        }
    }

    /// As a factor of a product of matrices.
    fn array_factor(&mut self, printed: Printed, last: bool) -> Printed {
        if printed.level == Level::Entrywise {
            self.bracketed(printed)
        } else {
            self.factor(printed, last)
        }
    }

    /// A product without its sign.
    pub(super) fn array_product(
        &mut self,
        numbers: &[Expression],
        chain: &[Expression],
        scope: Scope,
    ) -> (bool, Printed) {
        let is_zero = |number: &Expression| match number.kind {
            Kind::Number(term) => self.system.store.is_zero(term),
            _ => false,
        };
        // An array of zeros is 0, and no product with ones.
        if numbers.iter().any(is_zero) {
            let zero = self.boxes.number(0);
            return (false, Printed::digits(zero));
        }
        let mut negative = false;
        let mut printed = Vec::with_capacity(numbers.len() + chain.len());
        let mut front = Vec::new();
        let count = numbers.len() + chain.len();
        let divides = |number: &&Expression| matches!(&number.kind, Kind::Power(_, exponent) if exponent.is_negative());
        let divided = numbers.iter().any(|number| divides(&number));
        for number in numbers {
            let Kind::Number(term) = number.kind else {
                if divided {
                    continue;
                }
                let product = matches!(number.kind, Kind::Product { .. });
                let number = self.array(number, scope);
                // `(xᵀ y) z`: which factors make the number is to be seen.
                let last = printed.len() + 1 == count;
                printed.push(if product && !last {
                    self.bracketed(number)
                } else {
                    self.array_factor(number, last)
                });
                continue;
            };
            let (minus, number) = self.summand(term, scope);
            negative ^= minus;
            if self.is_one(number.id) {
                continue;
            }
            // What is not tall itself stands above the line of the fraction that follows.
            if divided && !number.tall {
                front.push(number);
            } else {
                printed.push(number);
            }
        }
        if divided {
            // Numbers that are made of arrays are one fraction.
            let made = numbers
                .iter()
                .filter(|number| !matches!(number.kind, Kind::Number(_)));
            let (below, above): (Vec<&Expression>, Vec<&Expression>) = made.partition(divides);
            let fraction = self.fraction_of_arrays(front, &above, &below, scope);
            printed.push(fraction);
        }
        if let ([], [only]) = (printed.as_slice(), chain) {
            return (negative, self.array(only, scope));
        }
        // A column of a single one is no factor.
        let single = |array: &Expression| match &array.kind {
            Kind::Transpose(inner) => inner.kind == Kind::Ones && is_single(inner),
            kind => *kind == Kind::Ones && is_single(array),
        };
        let shown: Vec<Expression> = chain
            .iter()
            .filter(|array| !single(array))
            .cloned()
            .collect();
        let mut rest = if shown.is_empty() { chain } else { &shown };
        while let Some((first, behind)) = rest.split_first() {
            let array = self.array(first, scope);
            // `X X` is a power of a quantity.
            let same = behind.iter().take_while(|other| *other == first).count();
            if same > 0 && matches!(first.kind, Kind::Quantity { .. }) {
                let number = self.boxes.number(same + 1);
                printed.push(Printed::scripted(self.raise_box(array, number)));
                rest = &behind[same..];
            } else {
                printed.push(self.array_factor(array, behind.is_empty()));
                rest = behind;
            }
        }
        if let ([only], true) = (printed.as_slice(), numbers.is_empty()) {
            return (negative, *only);
        }
        (negative, self.side_by_side(&printed))
    }

    fn fraction_of_arrays(
        &mut self,
        front: Vec<Printed>,
        above: &[&Expression],
        below: &[&Expression],
        scope: Scope,
    ) -> Printed {
        let single = front.len() + above.len() == 1;
        let front: Vec<Printed> = front
            .into_iter()
            .map(|number| {
                if single {
                    number
                } else {
                    self.factor(number, false)
                }
            })
            .collect();
        let above: Vec<Printed> = above
            .iter()
            .map(|number| {
                let product = matches!(number.kind, Kind::Product { .. });
                let number = self.array(number, scope);
                if product && !single {
                    self.bracketed(number)
                } else {
                    self.array_factor(number, single)
                }
            })
            .collect();
        let above: Vec<Printed> = front.into_iter().chain(above).collect();
        let mut divisors = Vec::with_capacity(below.len());
        for number in below {
            if let Kind::Power(base, exponent) = &number.kind {
                let power = self.number_power(base, &exponent.abs(), scope);
                divisors.push(if below.len() == 1 {
                    power
                } else {
                    self.array_factor(power, false)
                });
            }
        }
        let numerator = if above.is_empty() {
            self.boxes.number(1)
        } else {
            self.side_by_side(&above).id
        };
        let denominator = self.side_by_side(&divisors).id;
        let id = self.boxes.fraction(numerator, denominator);
        Printed::fraction(id)
    }

    /// Whether a box is the number 1.
    pub(super) fn is_one(&self, id: MathId) -> bool {
        matches!(self.boxes.get(id), Math::Symbol(Symbol::Number(digits)) if **digits == *"1")
    }

    /// Whether a derivative stands in an array.
    fn has_adjoint(&self, array: &Expression) -> bool {
        let mut found = false;
        array.visit(&mut |kind| {
            if let Kind::Quantity { access, .. } | Kind::Slice { access, .. } = kind
                && let Node::Access(family, _) = self.system.store.node(*access)
            {
                found |= self.system.is_adjoint(*family);
            }
        });
        found
    }

    /// A derivative times slopes as a product with a diagonal matrix: `\operatorname{diag}(s) g`, `g \operatorname{diag}(s)`
    /// of a row.
    fn with_diagonal(&mut self, parts: &[Expression], scope: Scope) -> Option<Printed> {
        if self.notation.profile.signs.slopes != Slopes::Diagonal {
            return None;
        }
        let (upstream, slopes): (Vec<&Expression>, Vec<&Expression>) =
            parts.iter().partition(|part| self.has_adjoint(part));
        let ([upstream], [slope]) = (upstream.as_slice(), slopes.as_slice()) else {
            return None;
        };
        let row = match (upstream.shape.rows(), upstream.shape.columns()) {
            (Some(_), None) => false,
            (None, Some(_)) => true,
            _ => return None,
        };
        let slope = match &slope.kind {
            Kind::Transpose(column) => self.named(r"\operatorname{diag}", column, scope),
            _ => self.named(r"\operatorname{diag}", slope, scope),
        };
        let upstream = self.array(upstream, scope);
        let upstream = self.array_factor(upstream, !row);
        Some(self.side_by_side(&if row {
            [upstream, slope]
        } else {
            [slope, upstream]
        }))
    }

    /// `a ⊙ b ⊘ c`.
    pub(super) fn entrywise(&mut self, parts: &[Expression], scope: Scope) -> Printed {
        if let Some(printed) = self.with_diagonal(parts, scope) {
            return printed;
        }
        let (below, above): (Vec<&Expression>, Vec<&Expression>) = parts.iter().partition(
            |part| matches!(&part.kind, Kind::Power(_, exponent) if exponent.is_negative()),
        );
        let mut row = Vec::new();
        let mut tall = false;
        let mut begin = Begin::Other;
        for (at, part) in above.iter().enumerate() {
            let printed = self.array(part, scope);
            let printed = self.entry_factor(printed);
            if at == 0 {
                begin = printed.begin;
            } else {
                row.push(self.entrywise_sign());
            }
            tall |= printed.tall;
            row.push(printed.id);
        }
        if above.is_empty() {
            row.push(self.boxes.number(1));
            begin = Begin::Digit;
        }
        for part in below {
            let Kind::Power(base, exponent) = &part.kind else {
                continue;
            };
            let printed = self.entrywise_power(base, &exponent.abs(), scope);
            let printed = self.entry_factor(printed);
            row.push(self.boxes.sign(Sign::EntrywiseQuotient));
            tall |= printed.tall;
            row.push(printed.id);
        }
        let id = self.boxes.row(row);
        Printed {
            level: Level::Entrywise,
            begin,
            tall,
            ..Printed::atom(id)
        }
    }

    /// As a factor of a product entry by entry: products of matrices stand in brackets.
    fn entry_factor(&mut self, printed: Printed) -> Printed {
        if printed.level <= Level::Product {
            self.bracketed(printed)
        } else {
            printed
        }
    }

    /// A power of every entry, with a positive exponent.
    fn entrywise_power(
        &mut self,
        base: &Expression,
        exponent: &BigRational,
        scope: Scope,
    ) -> Printed {
        let base = self.array(base, scope);
        if exponent.is_one() {
            return base;
        }
        // Not every sign of a product makes a power: `a * a`.
        let own_sign = self.notation.profile.signs.entrywise.as_ref();
        if own_sign.is_some_and(|sign| sign.as_str() != r"\odot")
            && *exponent == BigRational::from_integer(2.into())
        {
            let factor = self.entry_factor(base);
            let sign = self.entrywise_sign();
            let id = self.boxes.row([factor.id, sign, factor.id]);
            return Printed {
                level: Level::Entrywise,
                begin: factor.begin,
                tall: factor.tall,
                ..Printed::atom(id)
            };
        }
        let entrywise = self.entrywise_sign();
        let number = self.exponent(exponent);
        let exponent = self.boxes.row([entrywise, number]);
        let id = self.raise_box(base, exponent);
        Printed {
            tall: base.tall,
            ..Printed::scripted(id)
        }
    }

    /// A power of a number that is made of arrays.
    fn number_power(&mut self, base: &Expression, exponent: &BigRational, scope: Scope) -> Printed {
        let magnitude = exponent.abs();
        let printed = self.array(base, scope);
        let raised = if magnitude.is_one() {
            printed
        } else if magnitude.numer().is_one() && *magnitude.denom() == 2.into() {
            let id = self.boxes.intern(Math::Root(printed.id));
            Printed {
                tall: printed.tall,
                ..Printed::atom(id)
            }
        } else {
            let number = self.exponent(&magnitude);
            let id = self.raise_box(printed, number);
            Printed {
                tall: printed.tall,
                ..Printed::scripted(id)
            }
        };
        if !exponent.is_negative() {
            return raised;
        }
        let one = self.boxes.number(1);
        let id = self.boxes.fraction(one, raised.id);
        Printed {
            begin: Begin::Digit,
            ..Printed::fraction(id)
        }
    }

    fn array_sum(&mut self, parts: &[Expression], scope: Scope) -> Printed {
        let mut summands = Vec::with_capacity(parts.len());
        let parts = self.direct_last(parts.iter().collect(), |printer, part| {
            printer.has_adjoint(part)
        });
        for part in parts {
            let (negative, printed) = self.array_summand(part, scope);
            summands.push((negative, self.inside_sum(printed)));
        }
        self.signed_sum(&summands)
    }

    /// A summand without its sign.
    pub(super) fn array_summand(&mut self, part: &Expression, scope: Scope) -> (bool, Printed) {
        match &part.kind {
            Kind::Product { numbers, chain } => self.array_product(numbers, chain, scope),
            Kind::Number(term) => self.summand(*term, scope),
            _ => (false, self.array(part, scope)),
        }
    }
}

/// Whether a column has one entry.
fn is_matrix(array: &Expression) -> bool {
    matches!(array.shape, Shape::Matrix(..))
}

fn is_single(column: &Expression) -> bool {
    column.shape.rows().and_then(Affine::as_int) == Some(1)
}
