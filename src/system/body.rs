//! Right sides: expressions of the tree as terms, in written order.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::One;

use super::FamilyKind;
use super::lower::Lowering;
use super::mistakes;
use super::names::Meaning;
use super::reference::Head;
use super::scope::Scope;
use crate::source::closest;
use crate::syntax::{Expr, ExprKind, Join, Sign, greek_command};
use crate::term::{Affine, FamilyId, Node, TermId};

impl Lowering<'_> {
    /// A number as a term. Complains and returns none if the expression is not one.
    pub(super) fn term(&mut self, expr: &Expr, scope: &mut Scope) -> Option<TermId> {
        if !self.speaks_of_arrays(expr, scope) {
            return self.number(expr, scope);
        }
        let array = self.array(expr, scope)?;
        if !array.is_number() {
            let shape = self.shape_text(&array.shape);
            self.problems
                .push(mistakes::array_for_number(expr.span, &shape));
            return None;
        }
        Some(array.entry)
    }

    /// An expression in which no whole array stands.
    pub(super) fn number(&mut self, expr: &Expr, scope: &mut Scope) -> Option<TermId> {
        crate::stack::deep(|| match &expr.kind {
            ExprKind::Number(value) => Some(self.system.store.number(value.clone())),
            ExprKind::Name(_) | ExprKind::Slots(..) | ExprKind::Elements(..) => {
                self.reference_term(expr, scope)
            }
            ExprKind::Call {
                function,
                primes,
                arguments,
                extra,
            } => {
                let value = self.call(expr, function, *primes, arguments, extra, scope)?;
                Some(value.entry)
            }
            ExprKind::Negative(inner) => {
                let inner = self.term(inner, scope)?;
                Some(self.negative(inner))
            }
            ExprKind::Sum(terms) => self.sum(terms, scope),
            ExprKind::Product(first, factors) => self.product(first, factors, scope),
            ExprKind::Power { base, exponent, .. } => {
                if let ExprKind::Name(name) = &base.kind
                    && name == "e"
                    && self.is_unknown(name, scope)
                {
                    self.problems.push(mistakes::no_constant_e(expr.span));
                    return None;
                }
                let base = self.term(base, scope);
                let exponent = self.term(exponent, scope);
                let (base, exponent) = (base?, exponent?);
                Some(self.system.store.power(base, exponent))
            }
            ExprKind::Transpose(_) => {
                self.problems.push(mistakes::transpose_of_number(expr.span));
                None
            }
            ExprKind::Reduce {
                op,
                binder,
                body,
                head,
            } => Some(self.reduction(*op, binder, body, *head, scope)?.entry),
            ExprKind::Cases(branches) => self.cases(branches, expr.span, scope),
            ExprKind::Slice(_) => {
                self.problems.push(mistakes::not_affine(expr.span));
                None
            }
            ExprKind::Derivative(..) => {
                self.problems.push(mistakes::derivative_here(expr.span));
                None
            }
        })
    }

    pub(super) fn negative(&mut self, term: TermId) -> TermId {
        if let Some(value) = self.system.store.as_number(term) {
            let value = -value.clone();
            return self.system.store.number(value);
        }
        let minus_one = self.system.store.int(-1);
        let mut factors = vec![minus_one];
        self.push_factor(&mut factors, term);
        self.system
            .store
            .intern(Node::Mul(factors.into_boxed_slice()))
    }

    fn sum(&mut self, terms: &[(Sign, Expr)], scope: &mut Scope) -> Option<TermId> {
        let mut summands = Vec::with_capacity(terms.len());
        for (sign, expr) in terms {
            if let Some(term) = self.term(expr, scope) {
                summands.push((*sign, term));
            }
        }
        (summands.len() == terms.len()).then(|| self.signed_sum(&summands))
    }

    /// A sum in written order, brackets around a sum in it opened.
    pub(super) fn signed_sum(&mut self, terms: &[(Sign, TermId)]) -> TermId {
        let mut summands = Vec::with_capacity(terms.len());
        for (sign, term) in terms {
            match sign {
                Sign::Minus => summands.push(self.negative(*term)),
                Sign::Plus => match self.system.store.node(*term) {
                    Node::Add(inner) => summands.extend_from_slice(inner),
                    Node::Number(_)
                    | Node::Pi
                    | Node::Index(_)
                    | Node::Access(..)
                    | Node::Parameter(_)
                    | Node::Reduce(..)
                    | Node::Mul(_)
                    | Node::Power(..)
                    | Node::Apply(..)
                    | Node::Guard(_)
                    | Node::Test(..)
                    | Node::Cases(_) => summands.push(*term),
                },
            }
        }
        match summands.as_slice() {
            [only] => *only,
            _ => self
                .system
                .store
                .intern(Node::Add(summands.into_boxed_slice())),
        }
    }

    /// Brackets around a product inside a product say nothing, except around a negative one.
    pub(super) fn push_factor(&self, factors: &mut Vec<TermId>, factor: TermId) {
        if let Node::Mul(inner) = self.system.store.node(factor) {
            let negative = self
                .system
                .store
                .as_number(inner[0])
                .is_some_and(|value| *value == BigRational::from_integer(BigInt::from(-1)));
            if !negative || factors.is_empty() {
                factors.extend_from_slice(inner);
                return;
            }
        }
        factors.push(factor);
    }

    fn product(
        &mut self,
        first: &Expr,
        rest: &[(Join, Expr)],
        scope: &mut Scope,
    ) -> Option<TermId> {
        if !self.joins_are_products(first, rest, scope) {
            return None;
        }
        let start = self.term(first, scope);
        let mut complete = start.is_some();
        let mut factors = Vec::with_capacity(rest.len() + 1);
        if let Some(start) = start {
            self.push_factor(&mut factors, start);
        }
        for (join, expr) in rest {
            let Some(factor) = self.term(expr, scope) else {
                complete = false;
                continue;
            };
            let over = matches!(join, Join::Over | Join::ElementwiseOver);
            complete &= self
                .push_joined(&mut factors, factor, over, expr.span)
                .is_some();
        }
        complete.then(|| self.written_product(factors))
    }

    /// A product in written order.
    pub(super) fn written_product(&mut self, factors: Vec<TermId>) -> TermId {
        match factors.as_slice() {
            [only] => *only,
            _ => self
                .system
                .store
                .intern(Node::Mul(factors.into_boxed_slice())),
        }
    }

    /// `f(…)` with an unknown `f` is no product, nor is `rellu z`.
    pub(super) fn joins_are_products(
        &mut self,
        first: &Expr,
        rest: &[(Join, Expr)],
        scope: &Scope,
    ) -> bool {
        let mut sound = true;
        let lefts = std::iter::once(first).chain(rest.iter().map(|(_, factor)| factor));
        for (left, (join, _)) in lefts.zip(rest) {
            let ExprKind::Name(name) = &left.kind else {
                continue;
            };
            if !self.is_unknown(name, scope) {
                continue;
            }
            match join {
                Join::Tight => {
                    let near = closest(name, self.function_names()).map(str::to_owned);
                    self.problems.push(mistakes::unknown_function(
                        name,
                        left.span,
                        near.as_deref(),
                    ));
                    sound = false;
                }
                // A Greek letter is a name that people give.
                Join::Space if name.chars().count() >= 3 && greek_command(name).is_none() => {
                    let near = closest(name, self.function_names()).map(str::to_owned);
                    if let Some(near) = near {
                        self.problems
                            .push(mistakes::function_without_brackets(name, left.span, &near));
                        sound = false;
                    }
                }
                Join::Space
                | Join::Star
                | Join::Elementwise
                | Join::Over
                | Join::ElementwiseOver => {}
            }
        }
        sound
    }

    pub(super) fn function_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = crate::functions::rows()
            .flat_map(|row| std::iter::once(row.name).chain(row.also.iter().copied()))
            .collect();
        let mut own: Vec<&str> = self.names.functions.keys().map(String::as_str).collect();
        own.sort_unstable();
        names.extend(own);
        names
    }

    /// Whether nothing is known of the name yet.
    fn is_unknown(&self, name: &str, scope: &Scope) -> bool {
        scope.find(name).is_none()
            && name != "pi"
            && !self.names.known.contains_key(name)
            && !self.names.roles.contains_key(name)
            && !self.names.letters.contains_key(name)
            && self.names.split(name).is_none()
            && scope.function.as_ref().is_none_or(|function| {
                function.name != name && !function.parameters.iter().any(|p| p == name)
            })
            && !self.function_names().contains(&name)
    }

    fn reference_term(&mut self, expr: &Expr, scope: &mut Scope) -> Option<TermId> {
        if let ExprKind::Name(name) = &expr.kind {
            if let Some(letter) = scope.find(name) {
                let value = Affine::var(letter.var);
                return Some(self.system.store.intern(Node::Index(value)));
            }
            if let Some(array) = scope.array(name) {
                return Some(array.entry);
            }
            if name == "pi" {
                return Some(self.system.store.intern(Node::Pi));
            }
        }
        if scope.function.is_some() {
            return self.parameter(expr, scope);
        }
        let head = self
            .names
            .reference(expr)
            .unwrap_or_else(|| unreachable!("elements of other expressions are read as arrays"));
        if let Some((Meaning::Size(_), _)) = self.names.known.get(&head.name) {
            let size = self.affine(expr, scope)?;
            return Some(self.system.store.intern(Node::Index(size)));
        }
        let family = self.family_of(&head)?;
        self.access(&head, family, scope)
    }

    /// A name in a function's body.
    fn parameter(&mut self, expr: &Expr, scope: &Scope) -> Option<TermId> {
        let function = scope.function.as_ref()?;
        if let ExprKind::Name(name) = &expr.kind {
            if let Some(at) = function.parameters.iter().position(|p| p == name) {
                let at = u32::try_from(at).expect("few parameters");
                return Some(self.system.store.intern(Node::Parameter(at)));
            }
            if let Some(own) = function.own
                && function.name == *name
            {
                let count = function.parameters.len();
                let arguments: Box<[TermId]> = (0..count)
                    .map(|at| {
                        let at = u32::try_from(at).expect("few parameters");
                        self.system.store.intern(Node::Parameter(at))
                    })
                    .collect();
                let orders = vec![0; count].into_boxed_slice();
                return Some(
                    self.system
                        .store
                        .intern(Node::Apply(own, orders, arguments)),
                );
            }
        }
        self.problems
            .push(mistakes::foreign_name(expr.span, &function.parameters));
        None
    }

    /// The family that a reference speaks of. In a network without declarations an unknown one is a
    /// new input.
    pub(super) fn family_of(&mut self, head: &Head) -> Option<FamilyId> {
        if let Some((meaning, before)) = self.names.known.get(&head.name) {
            return match meaning {
                Meaning::Quantity(family) => Some(*family),
                Meaning::Size(_) => {
                    self.problems.push(mistakes::two_meanings(
                        &head.name,
                        head.name_span,
                        "a quantity",
                        *before,
                        "a size",
                    ));
                    None
                }
            };
        }
        let name = &head.name;
        if self.names.letters.contains_key(name) {
            self.problems
                .push(mistakes::unbound_index(name, head.name_span));
            return None;
        }
        if self.function_names().contains(&name.as_str()) {
            self.problems
                .push(mistakes::function_as_value(name, head.name_span));
            return None;
        }
        if self.names.closed || self.introductions_over {
            let candidates = self.names.candidates();
            self.problems.push(mistakes::unknown_name(
                name,
                head.name_span,
                &candidates,
                self.names.closed,
            ));
            return None;
        }
        if let Some(element) = head.elements.first() {
            self.problems
                .push(mistakes::undeclared_array(name, element.span));
            return None;
        }
        if let Some((base, rest)) = name.rsplit_once('_')
            && (self.names.letters.contains_key(rest)
                || rest
                    .chars()
                    .all(|c| self.names.letters.contains_key(&c.to_string())))
            && !rest.is_empty()
        {
            self.problems
                .push(mistakes::name_or_element(name, head.name_span, base, rest));
            return None;
        }
        let family = self.add_family(name, head.name_span, head.slots.len(), 0, FamilyKind::Input);
        self.implicit.insert(family);
        Some(family)
    }

    fn access(&mut self, head: &Head, family: FamilyId, scope: &Scope) -> Option<TermId> {
        let index = self.index_of(head, family, scope)?;
        let term = self.system.store.access(family, index);
        self.spans.entry((self.current, term)).or_insert(head.span);
        Some(term)
    }

    /// Whether the term is the number 1.
    pub(super) fn is_one(&self, term: TermId) -> bool {
        self.system.store.as_number(term).is_some_and(One::is_one)
    }
}
