//! Products and powers as boxes: signs, fractions, juxtaposition.

use std::borrow::Cow;

use num_rational::BigRational;
use num_traits::{One, Signed};

use super::letters::Scope;
use super::math::{Math, MathId, Piece, Sign, Symbol};
use super::terms::{Begin, Level, Printed, Printer};
use crate::profile::{Factor, Part};
use crate::system::{FamilyKind, Primitive};
use crate::term::{Node, Reduction, TermId};

/// A fraction whose factors are still being collected.
struct Quotient {
    above: Vec<Printed>,
    below: Vec<Printed>,
    /// Whether nothing of the product stands before it.
    first: bool,
    /// Whether only sizes and numbers stand below.
    of_sizes: bool,
}

impl Quotient {
    /// The fraction that takes the factors before it as its numerator.
    fn behind(done: &mut Vec<Printed>) -> Self {
        let mut start = done.len();
        while start > 0 && !done[start - 1].tall {
            start -= 1;
        }
        if done.len() == 1 && !done[0].fraction {
            start = 0;
        }
        Self {
            above: done.drain(start..).collect(),
            below: Vec::new(),
            first: start == 0,
            of_sizes: true,
        }
    }
}

impl Printer<'_> {
    pub(super) fn product(&mut self, factors: &[TermId], scope: Scope) -> Printed {
        let unsigned = self.unsigned_product(factors, scope);
        if !self.is_negative(factors) {
            return unsigned;
        }
        let unsigned = self.factor(unsigned, true);
        self.negative(unsigned)
    }

    /// Whether a minus stands before a product: that of its leading number, and those of differences that are turned.
    pub(super) fn is_negative(&self, factors: &[TermId]) -> bool {
        let number = self.system.store.as_number(factors[0]);
        let turned = factors
            .iter()
            .filter(|factor| self.minus_target(**factor).is_some());
        number.is_some_and(BigRational::is_negative) ^ (turned.count() % 2 == 1)
    }

    /// The target that a difference subtracts, and what it is subtracted from, where the profile puts targets first.
    fn minus_target(&self, term: TermId) -> Option<(TermId, TermId)> {
        if !self.notation.profile.signs.target_first {
            return None;
        }
        let store = &self.system.store;
        let Node::Add(terms) = store.node(term) else {
            return None;
        };
        let [first, second] = terms[..] else {
            return None;
        };
        let target = |term: TermId| {
            let Node::Mul(factors) = store.node(term) else {
                return None;
            };
            let [sign, factor] = factors[..] else {
                return None;
            };
            let Node::Access(family, _) = store.node(factor) else {
                return None;
            };
            let named = self.notation.named(*family)?;
            let minus = store.as_number(sign).is_some_and(|sign| (-sign).is_one());
            (minus && named.part == Some(Part::Target)).then_some(factor)
        };
        let output = |term: TermId| matches!(store.node(term), Node::Access(..));
        match (target(first), target(second)) {
            (Some(target), None) if output(second) => Some((target, second)),
            (None, Some(target)) if output(first) => Some((target, first)),
            _ => None,
        }
    }

    /// `y - a` in place of `a - y`, where the profile puts targets first; its sign is for the surroundings.
    pub(super) fn target_first(&mut self, term: TermId, scope: Scope) -> Option<Printed> {
        let (target, output) = self.minus_target(term)?;
        let target = self.term(target, scope);
        let output = self.term(output, scope);
        Some(self.signed_sum(&[(false, target), (true, output)]))
    }

    /// A product without the sign of its leading number. Negative powers make fractions, with the factors
    /// next to them that are no taller than a line as their numerators.
    pub(super) fn unsigned_product(&mut self, factors: &[TermId], scope: Scope) -> Printed {
        let system = self.system;
        let (coefficient, rest) = match system.store.as_number(factors[0]) {
            Some(value) => (value.abs(), &factors[1..]),
            None => (BigRational::one(), factors),
        };
        let rest = &*self.in_order(rest);
        let mut number = Some(coefficient);
        let mut done: Vec<Printed> = Vec::new();
        let mut open: Option<Quotient> = None;
        for (factor, unequal) in self.joined(rest, Reduction::Product) {
            if let Some(below) = self.below(factor, scope) {
                let quotient = open.get_or_insert_with(|| Quotient::behind(&mut done));
                quotient.below.push(below);
                quotient.of_sizes &= self.is_size(factor);
                continue;
            }
            let printed = match self.target_first(factor, scope) {
                Some(turned) => turned,
                None => self.with_unequal(unequal, |printer| printer.term(factor, scope)),
            };
            match &mut open {
                // `1/n` stays in front, as an average is written.
                Some(quotient) if !quotient.of_sizes && !printed.tall => {
                    quotient.above.push(printed);
                }
                _ => {
                    if let Some(quotient) = open.take() {
                        let fraction = self.quotient(quotient, &mut number);
                        done.push(fraction);
                    }
                    done.push(printed);
                }
            }
        }
        if let Some(quotient) = open {
            let fraction = self.quotient(quotient, &mut number);
            done.push(fraction);
        }
        if let Some(number) = number
            && (!number.is_one() || done.is_empty())
        {
            let number = self.rational(&number);
            done.insert(0, number);
        }
        let sign = self.notation.profile.signs.product.as_ref();
        let sign = sign.map(|sign| self.boxes.spelled(sign.as_str()));
        self.joined_by(&done, sign)
    }

    /// The factors in the profile's order.
    fn in_order<'f>(&self, factors: &'f [TermId]) -> Cow<'f, [TermId]> {
        let order = &self.notation.profile.entries.factors;
        if order.is_empty() {
            return Cow::Borrowed(factors);
        }
        let place = |factor: Factor| order.iter().position(|other| *other == factor);
        let upstream = place(Factor::Upstream).unwrap_or(order.len());
        let mut sorted = factors.to_vec();
        sorted.sort_by_key(|term| {
            self.kind_of_factor(*term)
                .and_then(place)
                .unwrap_or(upstream)
        });
        Cow::Owned(sorted)
    }

    fn kind_of_factor(&self, term: TermId) -> Option<Factor> {
        let system = self.system;
        match system.store.node(term) {
            Node::Access(family, _) => match system.family(*family).kind {
                FamilyKind::Adjoint { .. } => Some(Factor::Upstream),
                FamilyKind::Input | FamilyKind::Defined => {
                    match self.notation.named(*family)?.part? {
                        Part::Weight => Some(Factor::Weight),
                        Part::Activation | Part::Input | Part::Output => Some(Factor::Activation),
                        Part::Bias
                        | Part::PreActivation
                        | Part::Scores
                        | Part::Target
                        | Part::Cost => None,
                    }
                }
                _ => None,
            },
            Node::Apply(function, orders, _) => {
                let step = system.function(*function).primitive == Some(Primitive::Step);
                (step || orders.iter().any(|order| *order > 0)).then_some(Factor::Slope)
            }
            Node::Reduce(..) => Some(Factor::Sum),
            _ => None,
        }
    }

    /// A fraction; the number in front of the product goes into it if it comes first.
    fn quotient(&mut self, quotient: Quotient, number: &mut Option<BigRational>) -> Printed {
        let Quotient {
            mut above,
            mut below,
            first,
            of_sizes: _,
        } = quotient;
        if let Some(coefficient) = number.take_if(|_| first) {
            if !coefficient.denom().is_one() {
                let id = self.boxes.number(coefficient.denom());
                below.insert(0, Printed::digits(id));
            }
            if !coefficient.numer().is_one() || above.is_empty() {
                let id = self.boxes.number(coefficient.numer());
                above.insert(0, Printed::digits(id));
            }
        }
        if above.is_empty() {
            let id = self.boxes.number(1);
            above.push(Printed::digits(id));
        }
        let numerator = self.side_by_side(&above);
        let denominator = self.side_by_side(&below);
        let id = self.boxes.fraction(numerator.id, denominator.id);
        Printed::fraction(id)
    }

    /// Whether a factor is a power of an index expression.
    fn is_size(&self, term: TermId) -> bool {
        let store = &self.system.store;
        let Node::Power(base, _) = store.node(term) else {
            return false;
        };
        matches!(store.node(*base), Node::Index(_) | Node::Number(_))
    }

    /// What a factor puts below the fraction bar, if it is a negative power.
    fn below(&mut self, term: TermId, scope: Scope) -> Option<Printed> {
        if self.spells(term) {
            return None;
        }
        let system = self.system;
        let Node::Power(base, exponent) = system.store.node(term) else {
            return None;
        };
        let exponent = system.store.as_number(*exponent)?;
        if !exponent.is_negative() {
            return None;
        }
        Some(self.rational_power(*base, &exponent.abs(), scope))
    }

    /// Factors by juxtaposition; a single one stays as it is.
    pub(super) fn side_by_side(&mut self, factors: &[Printed]) -> Printed {
        self.joined_by(factors, None)
    }

    /// Factors with a sign between them, or none.
    fn joined_by(&mut self, factors: &[Printed], sign: Option<MathId>) -> Printed {
        if let [only] = factors {
            return *only;
        }
        let mut row = Vec::with_capacity(factors.len() + 1);
        let (mut tall, mut open) = (false, false);
        let mut begin = Begin::Other;
        // A sum may take in what stands behind it: letters that it binds are not used outside.
        let takes_in = self.notation.profile.signs.open_sums
            && factors.iter().filter(|printed| printed.open).count() == 1;
        for (at, printed) in factors.iter().enumerate() {
            let last = takes_in || at + 1 == factors.len();
            let printed = self.factor(*printed, last);
            if at == 0 {
                begin = printed.begin;
            } else if let Some(sign) = sign {
                row.push(sign);
            } else if printed.begin == Begin::Digit {
                row.push(self.boxes.sign(Sign::Times));
            } else if self.is_word(printed.id) || self.is_word(factors[at - 1].id) {
                row.push(self.boxes.sign(Sign::Thin));
            }
            tall |= printed.tall;
            open = printed.open || takes_in && open;
            row.push(printed.id);
        }
        let id = self.boxes.row(row);
        Printed {
            level: Level::Product,
            begin,
            open,
            tall,
            ..Printed::atom(id)
        }
    }

    /// Whether it is a name of several letters, which needs room beside it.
    fn is_word(&self, id: MathId) -> bool {
        match self.boxes.get(id) {
            // The words below braces, too.
            Math::Symbol(Symbol::Word(_)) | Math::Brace { .. } => true,
            // `dz` and `out` of a profile are names.
            Math::Spelled(pieces) => matches!(&pieces[0], Piece::Latex(text)
                if !text.contains('\\')
                    && (pieces.len() > 1
                        || text.len() > 1 && text.chars().all(char::is_alphabetic))),
            Math::Script { base, .. } | Math::Macro { body: base, .. } => self.is_word(*base),
            Math::Symbol(_)
            | Math::Row(_)
            | Math::Fraction(..)
            | Math::Root(_)
            | Math::Accent(..)
            | Math::Big { .. }
            | Math::Stack(_)
            | Math::Matrix(_)
            | Math::Fence { .. }
            | Math::Cases { .. } => false,
        }
    }

    pub(super) fn power(&mut self, base: TermId, exponent: TermId, scope: Scope) -> Printed {
        let system = self.system;
        if let Some(value) = system.store.as_number(exponent) {
            if value.is_negative() {
                let below = self.rational_power(base, &value.abs(), scope);
                let one = self.boxes.number(1);
                let id = self.boxes.fraction(one, below.id);
                return Printed {
                    begin: Begin::Digit,
                    ..Printed::fraction(id)
                };
            }
            return self.rational_power(base, value, scope);
        }
        let exponent = self.term(exponent, scope).id;
        self.raised(base, exponent, scope)
    }

    /// A power with a positive exponent.
    fn rational_power(&mut self, base: TermId, exponent: &BigRational, scope: Scope) -> Printed {
        if exponent.is_one() {
            return self.term(base, scope);
        }
        if *exponent.numer() == One::one() && *exponent.denom() == 2.into() {
            let body = self.term(base, scope);
            let id = self.boxes.intern(Math::Root(body.id));
            return Printed {
                tall: body.tall,
                ..Printed::atom(id)
            };
        }
        let exponent = self.exponent(exponent);
        self.raised(base, exponent, scope)
    }

    /// A number as an exponent.
    pub(super) fn exponent(&mut self, exponent: &BigRational) -> MathId {
        let mut parts = vec![self.boxes.number(exponent.numer())];
        if !exponent.denom().is_one() {
            parts.push(self.boxes.sign(Sign::Slash));
            parts.push(self.boxes.number(exponent.denom()));
        }
        self.boxes.row(parts)
    }

    fn raised(&mut self, base: TermId, exponent: MathId, scope: Scope) -> Printed {
        let base = self.term(base, scope);
        let id = self.raise_box(base, exponent);
        let bracketed = base.level != Level::Atom;
        let begin = if bracketed { Begin::Other } else { base.begin };
        Printed {
            tall: base.tall,
            begin,
            ..Printed::scripted(id)
        }
    }
}
