//! Terms as boxes: precedence, brackets and signs are decided here and nowhere else.

use std::cell::Cell;

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;

use super::letters::{Letters, Scope};
use super::math::{BigOperator, Boxes, Fence, Math, MathId, Sign, Symbol};
use super::names::Names;
use crate::profile::Notation;
use crate::syntax::StepAtZero;
use crate::system::{Primitive, System};
use crate::term::{Affine, Cmp, Domain, FamilyId, FunctionId, Node, Reduction, TermId, VarId};
use crate::words::Words;

/// How tightly a printed term holds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// A sum, or something with a minus in front.
    Sum,
    /// A product entry by entry, in brackets where it is a factor of another product.
    Entrywise,
    /// A product.
    Product,
    /// Something that already has a superscript: a factor, but not a base.
    Scripted,
    /// A base.
    Atom,
}

/// With what a printed term begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// A minus sign.
    Minus,
    /// A digit or a fraction of numbers.
    Digit,
    /// Anything else.
    Other,
}

/// A printed term with what its surroundings have to know of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printed {
    pub(super) id: MathId,
    pub(super) level: Level,
    pub(super) begin: Begin,
    /// Whether it ends with the body of a big operator, which takes all factors that follow.
    pub(super) open: bool,
    /// Whether it is taller than a line.
    pub(super) tall: bool,
    /// Whether it is a fraction.
    pub(super) fraction: bool,
}

impl Printed {
    pub(super) fn atom(id: MathId) -> Self {
        Self {
            id,
            level: Level::Atom,
            begin: Begin::Other,
            open: false,
            tall: false,
            fraction: false,
        }
    }

    pub(super) fn scripted(id: MathId) -> Self {
        Self {
            level: Level::Scripted,
            ..Self::atom(id)
        }
    }

    pub(super) fn digits(id: MathId) -> Self {
        Self {
            begin: Begin::Digit,
            ..Self::atom(id)
        }
    }

    pub(super) fn product(id: MathId) -> Self {
        Self {
            level: Level::Product,
            ..Self::atom(id)
        }
    }

    pub(super) fn fraction(id: MathId) -> Self {
        Self {
            level: Level::Scripted,
            tall: true,
            fraction: true,
            ..Self::atom(id)
        }
    }
}

/// Turns the terms of one system into boxes.
pub(super) struct Printer<'a> {
    pub(super) system: &'a System,
    pub(super) notation: &'a Notation,
    pub(super) boxes: Boxes,
    pub(super) names: Names,
    pub(super) letters: Letters,
    /// Which terms mention no index letter at all: they look the same in every scope.
    letterless: Vec<bool>,
    pub(super) memo: FxHashMap<(TermId, Scope), Printed>,
    /// The parameters' names of the function whose body is shown just now.
    pub(super) parameters: Vec<String>,
    /// The part that is shown differently just now.
    pub(super) unequal: Option<super::unequal::Unequal>,
    /// What is known of the letters of the left side that stands in front.
    pub(super) known: Domain,
    /// Whether that was asked for, so that what was printed may look otherwise with other letters.
    pub(super) asked_known: Cell<bool>,
    pub(super) spellings: super::spelling::Spellings,
    /// By what the cost is differentiated where a symbol of the profile says so.
    pub(super) shortened: Vec<FamilyId>,
    /// The value of Step(0), where an indicator has to say it.
    pub(super) step_at_zero: StepAtZero,
    /// The language of words.
    pub(super) words: &'static Words,
    /// Whether sentences say why equations hold.
    pub(super) prose: bool,
    /// The macros of symbols, where they have some.
    pub(super) macros: Option<super::macros::Macros>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(system: &'a System, notation: &'a Notation) -> Self {
        let mut boxes = Boxes::default();
        let names = Names::of(system, notation, &mut boxes);
        let mut letterless: Vec<bool> = Vec::with_capacity(system.store.len());
        for at in 0..system.store.len() {
            let term = TermId(at as u32);
            let node = system.store.node(term);
            let plain = system.store.free_vars(term).is_empty()
                && !matches!(node, Node::Reduce(..))
                && node
                    .children()
                    .iter()
                    .all(|child| letterless[child.0 as usize]);
            letterless.push(plain);
        }
        Self {
            system,
            notation,
            boxes,
            names,
            letters: Letters::new(),
            letterless,
            memo: FxHashMap::default(),
            parameters: Vec::new(),
            unequal: None,
            known: Domain::everything(),
            asked_known: Cell::new(false),
            spellings: super::spelling::Spellings::of(system),
            shortened: Vec::new(),
            step_at_zero: system.step_at_zero.unwrap_or(StepAtZero::One),
            words: Words::english(),
            prose: false,
            macros: None,
        }
    }

    /// The scope with more variables.
    pub(super) fn enter(&mut self, scope: Scope, vars: &[VarId]) -> Scope {
        self.letters
            .enter(scope, vars, &self.system.store, &self.names)
    }

    /// A term as boxes.
    pub(super) fn term(&mut self, term: TermId, scope: Scope) -> Printed {
        let scope = if self.letterless[term.0 as usize] {
            Scope::EMPTY
        } else {
            scope
        };
        if let Some(done) = self.memo.get(&(term, scope)) {
            return *done;
        }
        let printed = crate::stack::deep(|| {
            self.spelled_term(term, scope)
                .unwrap_or_else(|| self.plain_term(term, scope))
        });
        self.memo.insert((term, scope), printed);
        printed
    }

    fn plain_term(&mut self, term: TermId, scope: Scope) -> Printed {
        let system = self.system;
        match system.store.node(term) {
            Node::Number(value) => self.rational(value),
            Node::Pi => {
                let id = self.boxes.sign(Sign::Pi);
                Printed::atom(id)
            }
            Node::Index(affine) => self.affine(affine, scope),
            Node::Access(family, index) => self.access(*family, index, scope),
            Node::Parameter(at) => self.parameter(*at),
            Node::Reduce(op, vars, domain, body) => {
                let inner = self.enter(scope, vars);
                let domain = self.shown_domain(term, domain);
                let heads = self.reduction_heads(*op, vars, &domain, *body, inner);
                let body = self.term(*body, inner);
                let body = self.factor(body, true);
                let row = heads.into_iter().chain([body.id]);
                let id = self.boxes.row(row);
                Printed {
                    level: Level::Product,
                    open: true,
                    tall: true,
                    ..Printed::atom(id)
                }
            }
            Node::Add(terms) => self.sum(term, terms, scope),
            Node::Mul(factors) => self.product(factors, scope),
            Node::Power(base, exponent) => self.power(*base, *exponent, scope),
            Node::Apply(function, orders, arguments) => {
                self.application(*function, orders, arguments, scope)
            }
            Node::Guard(domain) => self.guard_of(term, domain, scope),
            Node::Test(cmp, left, right) => {
                let id = self.comparison(*cmp, *left, *right, scope);
                let id = self.boxes.fence(Fence::Square, false, id);
                Printed::atom(id)
            }
            Node::Cases(branches) => {
                let mut rows = Vec::with_capacity(branches.len());
                for (condition, value) in branches {
                    let value = self.term(*value, scope).id;
                    let condition = if system.store.is_one(*condition) {
                        None
                    } else {
                        Some(self.condition(*condition, scope))
                    };
                    rows.push((value, condition));
                }
                let id = self.cases(rows, false);
                Printed {
                    level: Level::Sum,
                    tall: true,
                    ..Printed::atom(id)
                }
            }
        }
    }

    /// Values with their conditions, in the words of the language.
    pub(super) fn cases(
        &mut self,
        rows: impl Into<Box<[(MathId, Option<MathId>)]>>,
        whole: bool,
    ) -> MathId {
        let words = &self.words.conditions;
        let when = self.boxes.text(words.r#if);
        let otherwise = self.boxes.text(words.otherwise);
        self.boxes.intern(Math::Cases {
            rows: rows.into(),
            whole,
            when,
            otherwise,
        })
    }

    /// A parameter of the function whose body is shown.
    pub(super) fn parameter(&mut self, at: u32) -> Printed {
        let name = super::names::symbol(&self.parameters[at as usize], &mut self.boxes);
        if name.sub.is_none() {
            return Printed::atom(name.base);
        }
        let id = self.boxes.script(name.base, name.sub, None);
        Printed::atom(id)
    }

    /// A rational number.
    pub(super) fn rational(&mut self, value: &BigRational) -> Printed {
        let magnitude = value.abs();
        let plain = if magnitude.is_integer() {
            let id = self.boxes.number(magnitude.numer());
            Printed::digits(id)
        } else if let Some(decimal) = decimal(&magnitude) {
            let id = self.boxes.number(decimal);
            Printed::digits(id)
        } else {
            let numerator = self.boxes.number(magnitude.numer());
            let denominator = self.boxes.number(magnitude.denom());
            let id = self.boxes.fraction(numerator, denominator);
            Printed {
                begin: Begin::Digit,
                ..Printed::fraction(id)
            }
        };
        if value.is_negative() {
            self.negative(plain)
        } else {
            plain
        }
    }

    pub(super) fn negative(&mut self, printed: Printed) -> Printed {
        let minus = self.boxes.sign(Sign::Minus);
        let id = self.boxes.row([minus, printed.id]);
        Printed {
            id,
            level: Level::Sum,
            begin: Begin::Minus,
            fraction: false,
            ..printed
        }
    }

    /// An index expression.
    pub(super) fn affine(&mut self, affine: &Affine, scope: Scope) -> Printed {
        let mut summands: Vec<(bool, Printed)> = Vec::new();
        for (atom, coefficient) in affine.terms() {
            let symbol = self.atom(atom, scope);
            let magnitude = coefficient.abs();
            let printed = if magnitude.is_one() {
                symbol
            } else {
                let numerator = if magnitude.numer().is_one() && !magnitude.denom().is_one() {
                    symbol
                } else {
                    let number = self.boxes.number(magnitude.numer());
                    let id = self.boxes.row([number, symbol.id]);
                    Printed {
                        id,
                        level: Level::Product,
                        begin: Begin::Digit,
                        ..symbol
                    }
                };
                if magnitude.denom().is_one() {
                    numerator
                } else {
                    let denominator = self.boxes.number(magnitude.denom());
                    let slash = self.boxes.sign(Sign::Slash);
                    let id = self.boxes.row([numerator.id, slash, denominator]);
                    Printed {
                        id,
                        level: Level::Product,
                        ..numerator
                    }
                }
            };
            summands.push((coefficient.is_negative(), printed));
        }
        let constant = affine.constant();
        if !constant.is_zero() || summands.is_empty() {
            let magnitude = constant.abs();
            let number = self.boxes.number(magnitude.numer());
            let printed = if magnitude.denom().is_one() {
                Printed::digits(number)
            } else {
                let denominator = self.boxes.number(magnitude.denom());
                let slash = self.boxes.sign(Sign::Slash);
                let id = self.boxes.row([number, slash, denominator]);
                Printed {
                    level: Level::Product,
                    ..Printed::digits(id)
                }
            };
            summands.push((constant.is_negative(), printed));
        }
        // What is added stands before what is subtracted: `L - k`, not `-k + L`.
        if summands[0].0
            && let Some(first) = summands.iter().position(|(negative, _)| !negative)
        {
            let positive = summands.remove(first);
            summands.insert(0, positive);
        }
        self.signed_sum(&summands)
    }

    /// Summands with their signs.
    pub(super) fn signed_sum(&mut self, summands: &[(bool, Printed)]) -> Printed {
        let (plus, minus) = (self.boxes.sign(Sign::Plus), self.boxes.sign(Sign::Minus));
        match summands {
            [(false, only)] => return *only,
            [(true, only)] => return self.negative(*only),
            _ => {}
        }
        let mut row = Vec::with_capacity(summands.len() * 2);
        let mut tall = false;
        for (at, (negative, printed)) in summands.iter().enumerate() {
            match (at, negative) {
                (0, false) => {}
                (_, false) => row.push(plus),
                (_, true) => row.push(minus),
            }
            tall |= printed.tall;
            row.push(printed.id);
        }
        let (first_negative, first) = summands[0];
        let id = self.boxes.row(row);
        Printed {
            level: Level::Sum,
            begin: if first_negative {
                Begin::Minus
            } else {
                first.begin
            },
            tall,
            ..Printed::atom(id)
        }
    }

    fn sum(&mut self, term: TermId, terms: &[TermId], scope: Scope) -> Printed {
        if let Some(turned) = self.target_first(term, scope) {
            let turned = self.bracketed(turned);
            return self.negative(turned);
        }
        let mut summands = Vec::with_capacity(terms.len());
        let terms = &*self.direct_last(terms.to_vec(), |printer, term| {
            let system = printer.system;
            system.store.any(*term, |node| match node {
                Node::Access(family, _) => system.is_adjoint(*family),
                _ => false,
            })
        });
        let joined = self.joined(terms, Reduction::Sum);
        if let [(only, Some(unequal))] = joined.as_slice() {
            let (only, unequal) = (*only, unequal.clone());
            return self.with_unequal(Some(unequal), |printer| printer.term(only, scope));
        }
        for (term, unequal) in joined {
            let (negative, printed) =
                self.with_unequal(unequal, |printer| printer.summand(term, scope));
            summands.push((negative, self.inside_sum(printed)));
        }
        self.signed_sum(&summands)
    }

    /// Summands in the profile's order: those with derivatives in them before those without.
    pub(super) fn direct_last<T>(
        &self,
        mut summands: Vec<T>,
        has_derivative: impl Fn(&Self, &T) -> bool,
    ) -> Vec<T> {
        if self.notation.profile.derivatives.direct_last {
            summands.sort_by_key(|summand| !has_derivative(self, summand));
        }
        summands
    }

    /// A summand: a sum inside a sum, and cases, need brackets; a leading minus was split off before.
    pub(super) fn inside_sum(&mut self, printed: Printed) -> Printed {
        if printed.level == Level::Sum {
            self.bracketed(printed)
        } else {
            printed
        }
    }

    /// A summand without its sign.
    pub(super) fn summand(&mut self, term: TermId, scope: Scope) -> (bool, Printed) {
        let system = self.system;
        if self.spells(term) {
            return (false, self.term(term, scope));
        }
        match system.store.node(term) {
            Node::Number(value) if value.is_negative() => (true, self.rational(&value.abs())),
            Node::Mul(factors) => {
                if self.is_negative(factors) {
                    (true, self.unsigned_product(factors, scope))
                } else {
                    (false, self.term(term, scope))
                }
            }
            Node::Add(_) if let Some(turned) = self.target_first(term, scope) => {
                let turned = self.bracketed(turned);
                (true, turned)
            }
            Node::Index(affine)
                if affine.terms().len() + usize::from(!affine.constant().is_zero()) == 1
                    && affine.leads_negative() =>
            {
                (
                    true,
                    self.affine(&affine.scaled(-num_rational::Ratio::one()), scope),
                )
            }
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Add(_)
            | Node::Power(..)
            | Node::Apply(..)
            | Node::Guard(_)
            | Node::Test(..)
            | Node::Cases(_) => (false, self.term(term, scope)),
        }
    }

    /// In brackets.
    pub(super) fn bracketed(&mut self, printed: Printed) -> Printed {
        let id = self.boxes.fence(Fence::Round, printed.tall, printed.id);
        Printed {
            tall: printed.tall,
            ..Printed::atom(id)
        }
    }

    /// As a factor: sums in brackets, and big operators too unless the factor is the last one.
    pub(super) fn factor(&mut self, printed: Printed, last: bool) -> Printed {
        if printed.level == Level::Sum || (printed.open && !last) {
            self.bracketed(printed)
        } else {
            printed
        }
    }

    fn application(
        &mut self,
        function: FunctionId,
        orders: &[u8],
        arguments: &[TermId],
        scope: Scope,
    ) -> Printed {
        let row = self.system.function(function);
        let underived = orders.iter().all(Zero::is_zero);
        let mut printed: Vec<Printed> = arguments
            .iter()
            .map(|argument| self.term(*argument, scope))
            .collect();
        if let [_, second] = arguments
            && row.name == "max"
            && self.system.store.as_number(*second).is_some()
        {
            // As it is written everywhere: `max(0, z)`.
            printed.swap(0, 1);
        }
        if underived
            && row.latex == r"\exp"
            && !printed.iter().any(|argument| argument.tall)
            && !self.names.e_taken
        {
            let e = self.boxes.intern(Math::Symbol(Symbol::Letter('e')));
            let id = self.boxes.script(e, None, Some(printed[0].id));
            return Printed::scripted(id);
        }
        if underived
            && row.primitive == Some(Primitive::Step)
            && let Some(indicated) = self.indicator(printed[0])
        {
            return indicated;
        }
        self.applied(function, orders, &printed)
    }

    /// `1(z > 0)`, where the profile writes Step so and the value at 0 can be said so.
    pub(super) fn indicator(&mut self, argument: Printed) -> Option<Printed> {
        let symbol = self.notation.profile.signs.indicator.as_ref()?;
        if !self.indicates_step() {
            return None;
        }
        let sign = if self.step_at_zero == StepAtZero::One {
            Sign::GreaterEqual
        } else {
            Sign::Greater
        };
        let head = self.boxes.spelled(symbol.as_str());
        let sign = self.boxes.sign(sign);
        let zero = self.boxes.number(0);
        let condition = self.boxes.row([argument.id, sign, zero]);
        let inside = self.boxes.fence(Fence::Round, argument.tall, condition);
        let id = self.boxes.row([head, inside]);
        Some(Printed {
            tall: argument.tall,
            ..Printed::atom(id)
        })
    }

    /// Whether Step is written as a condition, which says its value at 0.
    pub(super) fn indicates_step(&self) -> bool {
        self.notation.profile.signs.indicator.is_some()
            && matches!(self.step_at_zero, StepAtZero::One | StepAtZero::Zero)
    }

    /// The sign of the product entry by entry.
    pub(super) fn entrywise_sign(&mut self) -> MathId {
        match &self.notation.profile.signs.entrywise {
            Some(sign) => self.boxes.spelled(sign.as_str()),
            None => self.boxes.sign(Sign::Entrywise),
        }
    }

    /// What stands above a transposed array.
    pub(super) fn transpose_sign(&mut self) -> MathId {
        match &self.notation.profile.signs.transpose {
            Some(sign) => self.boxes.spelled(sign.as_str()),
            None => self.boxes.sign(Sign::Transpose),
        }
    }

    /// Whether a function is written as bars around its argument.
    pub(super) fn is_in_bars(&self, function: FunctionId) -> bool {
        self.system.function(function).latex == r"\lvert\cdot\rvert"
    }

    /// A function in front of its printed arguments.
    pub(super) fn applied(
        &mut self,
        function: FunctionId,
        orders: &[u8],
        printed: &[Printed],
    ) -> Printed {
        let row = self.system.function(function);
        let underived = orders.iter().all(Zero::is_zero);
        let tall = printed.iter().any(|argument| argument.tall);
        if underived && row.latex == r"\sqrt" && printed.len() == 1 {
            let id = self.boxes.intern(Math::Root(printed[0].id));
            return Printed {
                tall,
                ..Printed::atom(id)
            };
        }
        if underived && self.is_in_bars(function) {
            let id = self.boxes.fence(Fence::Bars, tall, printed[0].id);
            return Printed {
                tall,
                ..Printed::atom(id)
            };
        }
        let mut head = self.function_symbol(function);
        if !underived {
            let order = match orders {
                [order @ 1..=3] => {
                    let prime = self.boxes.sign(Sign::Prime);
                    let primes = vec![prime; usize::from(*order)];
                    self.boxes.row(primes)
                }
                _ => {
                    let numbers: Vec<MathId> = orders
                        .iter()
                        .map(|order| self.boxes.number(order))
                        .collect();
                    let list = self.boxes.list(&numbers, Sign::Comma);
                    self.boxes.fence(Fence::Round, false, list)
                }
            };
            head = self.boxes.script(head, None, Some(order));
        }
        let mut inside = Vec::with_capacity(printed.len() * 2);
        for (at, argument) in printed.iter().enumerate() {
            if at > 0 {
                let sign = if at == row.parameters {
                    Sign::Semicolon
                } else {
                    Sign::Comma
                };
                inside.push(self.boxes.sign(sign));
            }
            inside.push(argument.id);
        }
        let inside = self.boxes.row(inside);
        let inside = self.boxes.fence(Fence::Round, tall, inside);
        let id = self.boxes.row([head, inside]);
        Printed {
            tall,
            ..Printed::atom(id)
        }
    }

    /// `left cmp right`; a number on the left changes sides, and so does a name before a formula: `|e| ≤ d`.
    pub(super) fn comparison(
        &mut self,
        cmp: Cmp,
        left: TermId,
        right: TermId,
        scope: Scope,
    ) -> MathId {
        let store = &self.system.store;
        let rank = |term: TermId| match store.node(term) {
            Node::Number(_) => 0,
            Node::Pi | Node::Index(_) | Node::Access(..) | Node::Parameter(_) => 1,
            _ => 2,
        };
        let turned = match (rank(left), rank(right)) {
            (0, other) => other > 0,
            (1, other) => other > 1,
            _ => false,
        };
        let (sign, left, right) = match (cmp, turned) {
            (Cmp::Greater, false) => (Sign::Greater, left, right),
            (Cmp::Greater, true) => (Sign::Less, right, left),
            (Cmp::GreaterEqual, false) => (Sign::GreaterEqual, left, right),
            (Cmp::GreaterEqual, true) => (Sign::LessEqual, right, left),
            (Cmp::Equal, false) => (Sign::Equals, left, right),
            (Cmp::Equal, true) => (Sign::Equals, right, left),
            (Cmp::NotEqual, false) => (Sign::NotEqual, left, right),
            (Cmp::NotEqual, true) => (Sign::NotEqual, right, left),
        };
        let left = self.term(left, scope).id;
        let right = self.term(right, scope).id;
        let sign = self.boxes.sign(sign);
        self.boxes.row([left, sign, right])
    }
}

/// The digits of a number that nobody writes as a fraction, such as 0.99 or 0.044715; 1/100 may be a mean.
fn decimal(value: &BigRational) -> Option<String> {
    const MOST_DIGITS: usize = 9;
    // Powers of two are halves of halves.
    if value.numer().is_one() || *value.denom() < 100.into() || value.denom() % 5u8 != 0.into() {
        return None;
    }
    let ten = BigRational::from_integer(10.into());
    let mut shifted = value.clone();
    let places = (1..=MOST_DIGITS).find(|_| {
        shifted *= &ten;
        shifted.is_integer()
    })?;
    let digits = format!("{:0>width$}", shifted.to_integer(), width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    Some(format!("{whole}.{rest}"))
}

/// The operator of a reduction.
pub(super) fn operator(op: Reduction) -> BigOperator {
    match op {
        Reduction::Sum => BigOperator::Sum,
        Reduction::Product => BigOperator::Product,
        Reduction::Max => BigOperator::Max,
        Reduction::Min => BigOperator::Min,
    }
}
