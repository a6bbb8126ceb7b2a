//! From noads to expressions: every symbol is looked up, every script gets its role, in a fixed order.

mod calls;
mod cases;
mod constructs;
mod differential;
mod dots;
mod folds;
mod identity;
mod ones;
mod scripts;
mod symbols;

use num_rational::BigRational;
use num_traits::{One, Zero};

use super::DIFFERENTIAL;
use super::names::{Found, Meaning, Names, text_of};
use super::noad::{Kind, List, Noad, Table, span_of};
use super::tree::{Binder, Condition, Entry, Expr, ExprKind, Fold, Join, print};
use crate::source::{Diagnostic, Report, Span};
use crate::syntax::{Comparison, greek_command};
use crate::system::{FamilyKind, FamilyRole, System};
use crate::term::FamilyId;
pub(crate) use cases::gathered;
use symbols::{
    bound_name, comma, families, is_all, is_comparison, is_condition, is_transpose, number,
    relation_of, split_digits, split_entries, trimmed,
};
pub(crate) use symbols::{is_dots, letter_name};

use constructs::{entries_multiplied, magnitudes_alone};

/// How signs are read in this claim.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signs {
    /// Product signs with a meaning of their own, by their command or character.
    pub(crate) joins: Vec<(String, Join)>,
    /// `'` behind what is not a function is a transpose.
    pub(crate) prime_transposes: bool,
    /// Where d and ∂ fractions stand in one formula, ∂ is the direct part.
    pub(crate) partial_is_direct: bool,
    /// A letter that stands in two factors and is not bound is summed over.
    pub(crate) repeated_summed: bool,
    /// Letters that a sum without an index runs over.
    pub(crate) sum_over: Option<String>,
    /// Symbols that are one-hot columns by their index.
    pub(crate) one_hots: Vec<Kind>,
}

/// An index: the text of a script.
pub(crate) fn index(names: &Names<'_>, list: &[Noad]) -> Result<Expr, Report> {
    let signs = Signs::default();
    let mut reader = Reader::new(names, &signs);
    reader.in_index = true;
    reader.whole(list)
}

/// Whether conditions speak of the values of quantities; those of indices alone are read by [`index_conditions`].
pub(crate) fn speaks_of_values(names: &Names<'_>, list: &[Noad]) -> bool {
    (0..list.len()).any(|at| {
        names.find(&list[at..]).is_some_and(|found| {
            matches!(found.meaning, Meaning::Quantity(family) if names.is_real_quantity(family))
        })
    })
}

/// 1 where conditions on values hold.
pub(crate) fn indicator(names: &Names<'_>, list: &[Noad]) -> Result<Expr, Report> {
    let signs = Signs::default();
    let span = span_of(list).unwrap_or_default();
    Reader::new(names, &signs).indicator(list, span)
}

/// The first and last number of a set that is written out, `\{1, \dots, n\}` or `[n]`, or called by its size.
pub(crate) fn range_of_set(names: &Names<'_>, set: &[Noad]) -> Option<(Expr, Expr)> {
    let one = |span| Expr::new(ExprKind::Number(BigRational::one()), span);
    if names.is_plain_size(set) {
        let last = index(names, set).ok()?;
        return Some((one(last.span), last));
    }
    let [only] = set else { return None };
    let Kind::Fence(open, inside) = &only.kind else {
        return None;
    };
    if !only.is_bare() {
        return None;
    }
    if *open == '[' {
        let last = index(names, inside).ok()?;
        return Some((one(last.span), last));
    }
    let parts: Vec<&[Noad]> = inside.split(|noad| noad.is_sign(",")).collect();
    let (first, rest) = parts.split_first()?;
    let (last, between) = rest.split_last()?;
    let dots = |part: &[Noad]| part.iter().all(is_dots) && !part.is_empty();
    (between.iter().any(|part| dots(part)) && *open == '{')
        .then(|| Some((index(names, first).ok()?, index(names, last).ok()?)))?
}

/// Conditions on indices.
pub(crate) fn index_conditions(names: &Names<'_>, list: &[Noad]) -> Result<Vec<Condition>, Report> {
    let signs = Signs::default();
    let mut reader = Reader::new(names, &signs);
    reader.in_index = true;
    reader.conditions(list)
}

/// The reader of one formula.
pub(crate) struct Reader<'n, 'a> {
    names: &'n Names<'a>,
    signs: &'n Signs,
    in_index: bool,
    bound: Vec<String>,
    /// Letters of the left side: a sum with a condition binds another one.
    pub(crate) left: Vec<String>,
    /// Loose habits that were read all the same.
    pub(crate) notes: Vec<String>,
    /// Letters that stood as numbers and were not bound: they must be indices somewhere.
    loose: Vec<(String, Span)>,
    /// Letters of layers and steps that stand above, and those that stand below an element.
    steps_above: Vec<String>,
    steps_below: Vec<(String, Span)>,
    /// The members that were read, each with the bar behind it.
    evaluated: Vec<(Expr, Option<Bar>)>,
    /// Whether a d in front of a quantity means its differential.
    pub(crate) of_differentials: bool,
    /// What functions without an argument are taken at.
    argument: Option<Expr>,
    /// What stands below numbers for the example that they are of.
    example: Option<String>,
}

/// A bar behind a side.
struct Bar {
    span: Span,
    /// What holds where the side is evaluated.
    equations: Vec<(Expr, Expr)>,
}

fn error(code: &'static str, message: impl Into<String>, span: Span) -> Report {
    Diagnostic::error(code, message, span, "").into()
}

/// The noads that are still to be read.
pub(super) struct Cursor<'l> {
    list: &'l [Noad],
    at: usize,
    end: Span,
}

impl<'l> Cursor<'l> {
    fn new(list: &'l [Noad]) -> Self {
        let end = list.last().map_or_else(Span::default, |last| {
            Span::new(last.span.end, last.span.end)
        });
        Self { list, at: 0, end }
    }

    fn peek(&self) -> Option<&'l Noad> {
        self.list.get(self.at)
    }

    fn rest(&self) -> &'l [Noad] {
        &self.list[self.at..]
    }

    fn place(&self) -> Span {
        self.peek().map_or(self.end, |noad| noad.span)
    }

    fn sign(&self) -> Option<&'static str> {
        match self.peek().map(|noad| &noad.kind) {
            Some(Kind::Sign(sign)) => Some(sign),
            _ => None,
        }
    }
}

impl<'n, 'a> Reader<'n, 'a> {
    pub(crate) fn new(names: &'n Names<'a>, signs: &'n Signs) -> Self {
        Self {
            names,
            signs,
            in_index: false,
            bound: Vec::new(),
            left: Vec::new(),
            notes: Vec::new(),
            loose: Vec::new(),
            steps_above: Vec::new(),
            steps_below: Vec::new(),
            evaluated: Vec::new(),
            of_differentials: false,
            argument: None,
            example: None,
        }
    }

    /// A whole list as one expression.
    pub(crate) fn whole(&mut self, list: &[Noad]) -> Result<Expr, Report> {
        let mut cursor = Cursor::new(list);
        let expr = self.sum(&mut cursor)?;
        match cursor.peek() {
            None => Ok(expr),
            Some(noad) => Err(error("unexpected", "this does not belong here", noad.span)),
        }
    }

    /// The members of `a = b = c`.
    pub(crate) fn members(&mut self, list: &[Noad]) -> Result<Vec<Expr>, Report> {
        let mut members: Vec<Expr> = Vec::new();
        let sides: Vec<&[Noad]> = list.split(Noad::is_equality).collect();
        if self.speaks_of_differentials(&sides) {
            self.of_differentials = true;
            let note = "a d in front of a quantity is read as its differential";
            self.notes.push(note.into());
        }
        self.argument = self.common_argument(&sides)?;
        for member in sides {
            if member.is_empty() {
                let span = span_of(list).unwrap_or_default();
                return Err(error(
                    "missing-side",
                    "one side of the equation is missing",
                    span,
                ));
            }
            let (member, bar) = match member.split_last() {
                Some((bar, of)) if bar.kind == Kind::Bar => (of, Some(self.bar(bar, of)?)),
                _ => (member, None),
            };
            if members.is_empty() && !self.of_differentials && self.is_differential(member) {
                return Err(differential::unread(member[0].span));
            }
            let member = self.whole(member)?;
            self.evaluated.push((member.clone(), bar));
            if members.is_empty() && self.left.is_empty() {
                self.left = member.free_letters();
            }
            members.push(member);
        }
        self.bind_pairs(&mut members);
        Ok(members)
    }

    /// `\sum_{i<j}` runs over both letters if neither stands anywhere else.
    fn bind_pairs(&mut self, members: &mut [Expr]) {
        if members.len() < 2 {
            return;
        }
        let free: Vec<Vec<String>> = members.iter().map(Expr::free_letters).collect();
        for (at, letters) in free.iter().enumerate() {
            for letter in letters {
                let elsewhere = free
                    .iter()
                    .enumerate()
                    .any(|(other, letters)| other != at && letters.contains(letter))
                    || (at > 0 && self.left.contains(letter));
                if !elsewhere && members[at].bind_pair(letter) {
                    self.notes.push(format!("the sum runs over {letter} too"));
                    self.left.retain(|known| known != letter);
                }
            }
        }
    }

    /// The bar behind `of`.
    fn bar(&mut self, bar: &Noad, of: &[Noad]) -> Result<Bar, Report> {
        let several = of.iter().any(|noad| noad.is_sign("+") || noad.is_sign("-"));
        let refused = |why: &str| Err(error("evaluation-bar", why, bar.span));
        let Some(sub) = bar.sub.as_deref().filter(|_| bar.sup.is_none()) else {
            return refused("write below this bar where the derivative is taken, `w = 0`");
        };
        if of.is_empty() || several {
            return refused(
                "it is not clear what this bar stands behind: put it around the whole side, or write `% at: w = 0` in the header",
            );
        }
        let mut equations = Vec::new();
        for part in sub.split(|noad| noad.is_sign(",")) {
            let mut sides = part.split(|noad| noad.is_sign("="));
            let (Some(left), Some(right), None) = (sides.next(), sides.next(), sides.next()) else {
                return refused("write below this bar where the derivative is taken, `w = 0`");
            };
            equations.push((self.value_of(left)?, self.value_of(right)?));
        }
        let span = bar.span;
        Ok(Bar { span, equations })
    }

    /// The equations that hold where the sides are evaluated. A side without a bar has one value there only if it does
    /// not depend on what the bar of the other side fixes.
    pub(crate) fn evaluated(&self, system: &System) -> Result<Vec<(Expr, Expr)>, Report> {
        let mut found: Vec<(Expr, Expr)> = Vec::new();
        let said = |equations: &[(Expr, Expr)]| -> Vec<[String; 2]> {
            let print = |side| print(system, side);
            let sides = equations.iter();
            sides
                .map(|(left, right)| [print(left), print(right)])
                .collect()
        };
        for (_, bar) in &self.evaluated {
            let Some(Bar { span, equations }) = bar else {
                continue;
            };
            let own = said(equations);
            let mut fixed = Vec::new();
            for (left, right) in equations {
                fixed.extend(families(left));
                fixed.extend(families(right));
            }
            let others = self.evaluated.iter().filter(|(_, other)| {
                other
                    .as_ref()
                    .is_none_or(|other| said(&other.equations) != own)
            });
            for (other, _) in others {
                let depends = families(other).iter().any(|family| {
                    let on = system.depends_on(*family);
                    fixed.iter().any(|family| on.contains(family))
                });
                if depends {
                    return Err(error(
                        "evaluation-bar",
                        "the other side depends on what this bar fixes: write the bar there too, or `% at: w = 0` in the header",
                        *span,
                    ));
                }
            }
            for equation in equations {
                let known = said(&found);
                if !said(std::slice::from_ref(equation))
                    .iter()
                    .any(|it| known.contains(it))
                {
                    found.push(equation.clone());
                }
            }
        }
        Ok(found)
    }

    /// Letters that are no index anywhere in the formula are unknown symbols.
    pub(crate) fn check_letters(&self, letters: &[String]) -> Result<(), Report> {
        for (letter, span) in &self.loose {
            if !letters.contains(letter) {
                return Err(error(
                    "unknown-symbol",
                    format!("`{letter}` is not defined by the network or the header"),
                    *span,
                ));
            }
        }
        // `z^{(j)}_{k+1}` beside `z^{(k)}_j`: which of the two is the layer?
        let mixed = |(letter, _): &&(String, Span)| self.steps_above.contains(letter);
        match self.steps_below.iter().find(mixed) {
            Some((letter, span)) => Err(error(
                "layer-above-and-below",
                format!(
                    "{letter} stands above for a layer or step elsewhere in this formula, and below here"
                ),
                *span,
            )),
            None => Ok(()),
        }
    }

    pub(super) fn sum(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let start = cursor.place();
        let mut terms: Vec<(bool, Expr)> = Vec::new();
        loop {
            let mut minus = false;
            let mut signed = terms.is_empty();
            while let Some(sign @ ("+" | "-")) = cursor.sign() {
                minus ^= sign == "-";
                signed = true;
                cursor.at += 1;
            }
            if !signed {
                break;
            }
            // `x_1 + \dots + x_n`
            if !terms.is_empty() && cursor.peek().is_some_and(is_dots) {
                self.sum_with_dots(&mut terms, minus, cursor)?;
                if !matches!(cursor.sign(), Some("+" | "-")) {
                    break;
                }
                continue;
            }
            let mut term = self.product(cursor)?;
            // `G : dW`, the sum of the products of entries.
            if self.of_differentials && cursor.sign() == Some(":") {
                cursor.at += 1;
                let other = self.product(cursor)?;
                let span = term.span.to(other.span);
                term = entries_multiplied(term, other, span);
            }
            terms.push((minus, term));
            if !matches!(cursor.sign(), Some("+" | "-")) {
                break;
            }
        }
        let span = start.to(terms.last().map_or(start, |(_, term)| term.span));
        Ok(match terms.as_slice() {
            [(false, only)] => only.clone(),
            _ => Expr::new(ExprKind::Sum(terms), span),
        })
    }

    pub(super) fn join_of(&self, noad: &Noad) -> Option<Join> {
        let name = match &noad.kind {
            Kind::Sign("*") => "*",
            Kind::Command(name) => name.as_str(),
            _ => return None,
        };
        if let Some((_, join)) = self.signs.joins.iter().find(|(sign, _)| sign == name) {
            return Some(*join);
        }
        match name {
            "*" | "cdot" | "times" | "ast" => Some(Join::Product),
            "odot" | "oslash" | "circ" | "bullet" => Some(Join::Elementwise),
            "otimes" => Some(Join::Tensor),
            _ => None,
        }
    }

    pub(super) fn product(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let start = cursor.place();
        let mut factors: Vec<(Join, Expr)> = Vec::new();
        loop {
            let mut join = Join::Product;
            let mut over = false;
            let operator = cursor.peek();
            if let Some(noad) = operator {
                if let Some(found) = self.join_of(noad) {
                    join = found;
                    cursor.at += 1;
                } else if noad.is_sign("/") || noad.is_command("div") {
                    over = true;
                    cursor.at += 1;
                }
            }
            if factors.is_empty()
                && (over || operator.is_some_and(|noad| self.join_of(noad).is_some()))
            {
                return Err(error(
                    "dangling-operator",
                    "an operator without an operand",
                    start,
                ));
            }
            // `x_1 \cdots x_n`
            if !factors.is_empty() && !over && cursor.peek().is_some_and(is_dots) {
                self.product_with_dots(&mut factors, cursor)?;
                if cursor.peek().is_none() {
                    break;
                }
                continue;
            }
            match cursor.peek().map(|noad| &noad.kind) {
                None
                | Some(Kind::Sign(
                    "+" | "-" | "=" | ":=" | "<" | ">" | "<=" | ">=" | "!=" | "," | ";" | ":"
                    | "\\\\" | "&" | ".",
                )) if !factors.is_empty() || cursor.peek().is_none() => {
                    let joined = over || operator.is_some_and(|noad| self.join_of(noad).is_some());
                    let minus = joined && cursor.sign() == Some("-") && cursor.rest().len() > 1;
                    if (factors.is_empty() || joined) && !minus {
                        return Err(error(
                            "dangling-operator",
                            "nothing stands where a factor is expected",
                            cursor.place(),
                        ));
                    }
                    if !minus {
                        break;
                    }
                }
                _ => {}
            }
            // `\cdot -\frac12 x`
            let minus = (over || operator.is_some_and(|noad| self.join_of(noad).is_some()))
                && cursor.sign() == Some("-");
            cursor.at += usize::from(minus);
            let mut factor = self.factor(cursor)?;
            if operator.is_some_and(|noad| noad.is_command("oslash")) {
                let span = factor.span;
                let one = Expr::new(ExprKind::Number(BigRational::one()), span);
                factor = Expr::new(ExprKind::Quotient(Box::new(one), Box::new(factor)), span);
            }
            factor = self.at_bars(factor, cursor)?;
            if minus {
                let span = factor.span;
                factor = Expr::new(ExprKind::Sum(vec![(true, factor)]), span);
            }
            if over {
                let (join, above) = factors.pop().expect("an operand stands before `/`");
                let span = above.span.to(factor.span);
                factors.push((
                    join,
                    Expr::new(ExprKind::Quotient(Box::new(above), Box::new(factor)), span),
                ));
            } else {
                factors.push((join, factor));
            }
            if cursor.peek().is_none() {
                break;
            }
        }
        for at in 1..factors.len() {
            if factors[at].0 == Join::Elementwise {
                for (_, factor) in &mut factors[at - 1..=at] {
                    magnitudes_alone(factor);
                }
            }
        }
        let span = start.to(factors.last().map_or(start, |(_, factor)| factor.span));
        Ok(match factors.len() {
            1 => factors.remove(0).1,
            _ => self.summed(Expr::new(ExprKind::Product(factors), span)),
        })
    }

    /// A factor with what the bar behind it says put in: `f'(z)|_{z = wx}` is `f'(wx)`. A bar behind a whole side says
    /// at which point both sides are compared.
    fn at_bars(&mut self, factor: Expr, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let mut factor = factor;
        while let Some(noad) = cursor.peek()
            && noad.kind == Kind::Bar
        {
            let Bar { equations, .. } = self.bar(noad, &cursor.list[cursor.at - 1..cursor.at])?;
            for (part, value) in equations {
                let named = match &part.plain().kind {
                    ExprKind::Quantity { .. } => true,
                    // A letter that stands for what the bar says.
                    ExprKind::Letter(letter) => {
                        self.loose.retain(|(other, _)| other != letter);
                        true
                    }
                    _ => false,
                };
                if !named || !factor.can_replace(part.plain()) {
                    return Err(error(
                        "evaluation-bar",
                        "what stands before this bar is differentiated by what the bar fixes: put the bar around the whole side, or write `% at: w = 0` in the header",
                        noad.span,
                    ));
                }
                factor = factor.replaced(part.plain(), &value);
            }
            cursor.at += 1;
        }
        Ok(factor)
    }

    /// A product summed over its repeated letters, where the header says so.
    fn summed(&self, product: Expr) -> Expr {
        let ExprKind::Product(factors) = &product.kind else {
            return product;
        };
        if !self.signs.repeated_summed || self.in_index {
            return product;
        }
        let mut binders: Vec<Binder> = Vec::new();
        let letters: Vec<Vec<String>> = factors
            .iter()
            .map(|(_, factor)| factor.free_letters())
            .collect();
        for letter in letters.iter().flatten() {
            let repeated = letters.iter().filter(|own| own.contains(letter)).count() > 1;
            let taken = self.bound.contains(letter)
                || self.left.contains(letter)
                || binders.iter().any(|binder| binder.letter == *letter);
            if repeated && !taken {
                binders.push(Binder {
                    letter: letter.clone(),
                    range: None,
                });
            }
        }
        if binders.is_empty() {
            return product;
        }
        let span = product.span;
        let fold = ExprKind::Fold {
            fold: Fold::Sum,
            binders,
            conditions: Vec::new(),
            body: Box::new(product),
        };
        Expr::new(fold, span)
    }

    /// One factor; sums, products and operators take what follows them.
    pub(super) fn factor(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let noad = cursor.peek().ok_or_else(|| {
            error(
                "dangling-operator",
                "nothing stands where a factor is expected",
                cursor.end,
            )
        })?;
        if !self.in_index
            && let Some((fraction, taken)) = self.inline_derivative(cursor.rest())
            && let Kind::Fraction(above, below) = &fraction.kind
        {
            let mut inner = Cursor::new(std::slice::from_ref(&fraction));
            if let Some(derivative) = self.derivative(&fraction, above, below, &mut inner)? {
                cursor.at += taken;
                return Ok(derivative);
            }
        }
        if let Some(differential) = self.differential_here(cursor)? {
            return Ok(differential);
        }
        // `\max_j z_j` folds; without an index it is the function.
        if noad.sub.is_some() {
            match &noad.kind {
                Kind::Word(word) if word == "max" => return self.fold(Fold::Max, cursor),
                Kind::Word(word) if word == "min" => return self.least(cursor),
                _ => {}
            }
        }
        if let Some(found) = self.names.find(cursor.rest()) {
            // `e^{-z}` is the exponential even where the network has an e: powers of a quantity are numbers.
            let exponential = noad.kind == Kind::Letter('e')
                && noad.sub.is_none()
                && noad.primes == 0
                && noad
                    .sup
                    .as_ref()
                    .is_some_and(|sup| speaks_of_values(self.names, sup))
                && matches!(found.meaning, Meaning::Quantity(_));
            if exponential {
                self.notes.push(
                    "`e` with a power that depends on the network is Euler's number, not the quantity e".into(),
                );
                return self.symbol(noad, cursor);
            }
            return self.named(found, cursor);
        }
        match &noad.kind {
            Kind::Command(name) if name == "sum" || name == "prod" => {
                let fold = if name == "sum" {
                    Fold::Sum
                } else {
                    Fold::Product
                };
                return self.fold(fold, cursor);
            }
            Kind::Command(name) if name == "nabla" => return self.nabla(cursor),
            // `D_w C`, where D means nothing else.
            Kind::Letter('D') if noad.sub.as_deref().is_some_and(|sub| self.is_name(sub)) => {
                return self.nabla(cursor);
            }
            Kind::Word(word) if word == "grad" && noad.sub.is_some() => return self.nabla(cursor),
            // `\partial_w J`
            Kind::Command(name) if name == "partial" && noad.sub.is_some() => {
                return self.nabla(cursor);
            }
            Kind::Fraction(above, below) => {
                if let Some(derivative) = self.derivative(noad, above, below, cursor)? {
                    return Ok(derivative);
                }
                cursor.at += 1;
                let above = self.whole(above)?;
                let below = self.whole(below)?;
                let base = Expr::new(
                    ExprKind::Quotient(Box::new(above), Box::new(below)),
                    noad.span,
                );
                return self.attached(base, noad, true);
            }
            _ => {}
        }
        self.symbol(noad, cursor)
    }

    pub(super) fn symbol(&mut self, noad: &Noad, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let span = noad.span;
        if let Some((i, j, taken)) = self.equal_indices(noad, cursor) {
            cursor.at += taken;
            let (i, j) = (self.index_of(&i)?, self.index_of(&j)?);
            let span = span.to(cursor.list[cursor.at - 1].span);
            let equal = ExprKind::Kronecker(Box::new(i), Box::new(j));
            return Ok(Expr::new(equal, span));
        }
        match &noad.kind {
            Kind::Number(digits) => {
                // `1(z > 0)`, `1_{z > 0}`
                if digits == "1" && self.is_indicator(noad, cursor) {
                    return self.one(noad, cursor);
                }
                cursor.at += 1;
                let value = number(digits, span)?;
                self.attached(Expr::new(ExprKind::Number(value), span), noad, false)
            }
            Kind::One => self.one(noad, cursor),
            Kind::Fence('{' | '(' | '[', inside)
                if noad.is_bare()
                    && let Some(cases) = self.cases_of_line(inside) =>
            {
                cursor.at += 1;
                cases
            }
            Kind::Fence('(' | '[', inside)
                if noad.is_bare()
                    && let Some(value) = self.functions_at(inside, cursor)? =>
            {
                Ok(value)
            }
            Kind::Fence(open, inside) => {
                cursor.at += 1;
                let base = match open {
                    '|' => return self.bars(noad, inside),
                    '‖' => return self.norm(noad, inside),
                    '(' | '[' if dots::are_listed(inside) => {
                        let entries: Vec<&[Noad]> =
                            inside.split(|noad| noad.is_sign(",")).collect();
                        let column = self.column_with_dots(&entries, span)?;
                        Expr::new(ExprKind::Transpose(Box::new(column)), span)
                    }
                    '⟨' => self.inner_product(inside, span)?,
                    '[' if inside.iter().any(is_condition) => return self.indicator(inside, span),
                    '(' if inside.iter().any(is_comparison) => {
                        self.notes.push(
                            "a comparison in brackets is read as 1 where it holds, else 0".into(),
                        );
                        return self.indicator(inside, span);
                    }
                    _ => {
                        let inner = self.inside(inside, span)?;
                        Expr::new(inner.kind, span)
                    }
                };
                self.attached(base, noad, true)
            }
            Kind::Group(inside) => {
                cursor.at += 1;
                let inner = self.inside(inside, span)?;
                self.attached(inner, noad, true)
            }
            Kind::Root(order, inside) => {
                cursor.at += 1;
                let inner = self.whole(inside)?;
                let order = match order {
                    Some(order) => match self.whole(order)?.kind {
                        ExprKind::Number(value) if !value.is_zero() => value,
                        _ => {
                            return Err(error(
                                "unsupported",
                                "a root of this order cannot be read",
                                span,
                            ));
                        }
                    },
                    None => BigRational::from_integer(2.into()),
                };
                let exponent = Expr::new(ExprKind::Number(BigRational::one() / order), span);
                let base = Expr::new(
                    ExprKind::Power(Box::new(inner), Box::new(exponent), true),
                    span,
                );
                self.attached(base, noad, true)
            }
            Kind::Table(Table::Cases, rows) => {
                cursor.at += 1;
                self.cases(rows, span)
            }
            Kind::Table(Table::Matrix, rows) if dots::are_rows(rows) => {
                cursor.at += 1;
                let entries: Vec<&[Noad]> = rows.iter().flatten().map(Vec::as_slice).collect();
                let mut column = self.column_with_dots(&entries, span)?;
                if rows.len() == 1 {
                    column = Expr::new(ExprKind::Transpose(Box::new(column)), span);
                }
                self.attached(column, noad, true)
            }
            Kind::Table(Table::Matrix, rows) => {
                cursor.at += 1;
                let rows: Result<Vec<Vec<Expr>>, Report> = rows
                    .iter()
                    .map(|row| row.iter().map(|cell| self.whole(cell)).collect())
                    .collect();
                self.attached(Expr::new(ExprKind::Matrix(rows?), span), noad, true)
            }
            Kind::Command(name) if name == "pi" => {
                cursor.at += 1;
                self.attached(Expr::new(ExprKind::Pi, span), noad, false)
            }
            Kind::Letter('E') if self.pair(noad).is_some() => {
                cursor.at += 1;
                let (i, j) = self.pair(noad).expect("just seen");
                let (i, j) = (self.index_of(&i)?, self.index_of(&j)?);
                Ok(Expr::new(ExprKind::Unit(Box::new(i), Box::new(j)), span))
            }
            // `I(z > 0)`, `\mathbb I_{z > 0}`, `\chi_{z > 0}`, `\delta_{i = j}`
            Kind::Letter('I') if self.is_indicator(noad, cursor) => self.one(noad, cursor),
            Kind::Command(name)
                if matches!(name.as_str(), "chi" | "delta") && self.is_indicator(noad, cursor) =>
            {
                self.one(noad, cursor)
            }
            Kind::Letter('H') | Kind::Command(_) if self.is_step(noad, cursor) => {
                cursor.at += 1;
                self.notes.push(
                    "a function that nothing defines, of what a kink is at, is read as the step"
                        .into(),
                );
                self.call("step", noad, span, cursor)
            }
            Kind::Letter('I') if !self.in_index && noad.primes == 0 => {
                cursor.at += 1;
                let base = Noad {
                    sub: None,
                    ..noad.clone()
                };
                // `I_m` has the size that it names.
                let size = noad.sub.as_deref().map(|sub| self.index_of(sub));
                let identity = match size {
                    Some(Ok(size)) if matches!(size.kind, ExprKind::Size(..)) => {
                        ExprKind::Call("eye".into(), 0, vec![size])
                    }
                    _ => ExprKind::Identity,
                };
                self.attached(Expr::new(identity, span), &base, true)
            }
            kind @ (Kind::Letter(_) | Kind::Command(_) | Kind::Accent(..))
                if noad.sub.is_some()
                    && (*kind == Kind::Letter('e') || self.signs.one_hots.contains(kind)) =>
            {
                cursor.at += 1;
                let index = self.index_of(noad.sub.as_deref().expect("just seen"))?;
                self.notes
                    .push("a unit vector by its index is read as the column with one 1".into());
                let base = Expr::new(ExprKind::OneHot(Box::new(index)), span);
                let rest = Noad {
                    sub: None,
                    ..noad.clone()
                };
                self.attached(base, &rest, true)
            }
            Kind::Letter('e') if noad.sup.is_some() && noad.sub.is_none() => {
                cursor.at += 1;
                let exponent = noad.sup.as_deref().expect("just seen");
                let unbraced = |minus: &Noad| minus.span.start == span.start + "e^".len();
                if matches!(exponent, [minus, _, ..] if minus.is_sign("-") && unbraced(minus)) {
                    self.notes.push("`e^-x` is read as `e^{-x}`".into());
                }
                let exponent = self.whole(exponent)?;
                Ok(Expr::new(
                    ExprKind::Call("exp".into(), 0, vec![exponent]),
                    span,
                ))
            }
            Kind::Letter('d') if !self.in_index => {
                // `dW`: the derivative of the loss, where the network has no d.
                if let Some(loss) = self.names.system.loss
                    && noad.is_bare()
                    && cursor.list.len() > cursor.at + 1
                    && let Some(found) = self.names.find(&cursor.list[cursor.at + 1..])
                    && let Some(family) = found.quantity()
                {
                    if family == loss {
                        return Err(differential::unread(span));
                    }
                    cursor.at += 1;
                    let of = Expr::quantity(loss, span);
                    let length = found.length;
                    let (wrt, rest) = self.reference(found, cursor)?;
                    cursor.at += length;
                    self.notes.push(
                        "a d in front of a quantity is read as the derivative of the loss".into(),
                    );
                    let derivative = Expr::new(
                        ExprKind::Derivative {
                            of: Box::new(of),
                            wrt: Box::new(wrt),
                            direct: false,
                        },
                        span,
                    );
                    return self.attached(derivative, &rest, true);
                }
                self.letter(noad, cursor)
            }
            Kind::Letter(_) | Kind::Command(_) | Kind::Accent(..) => self.letter(noad, cursor),
            Kind::Word(word) if word.is_empty() => {
                cursor.at += 1;
                self.factor(cursor)
            }
            Kind::Word(word) => Err(error(
                "unknown-symbol",
                format!("`{word}` is not known"),
                span,
            )),
            Kind::Sign(sign) => Err(error(
                "unexpected",
                format!("`{sign}` does not belong here"),
                span,
            )),
            Kind::Bar => Err(error(
                "evaluation-bar",
                "a bar can be read behind a whole side only; or write `% at: w = 0` in the header",
                span,
            )),
            Kind::Fraction(..) => unreachable!("fractions are read by `factor`"),
        }
    }

    /// An index letter.
    pub(super) fn letter(&mut self, noad: &Noad, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let span = noad.span;
        let name = match &noad.kind {
            Kind::Letter(letter) => letter.to_string(),
            Kind::Command(name) if name == "ell" => "l".to_owned(),
            Kind::Command(name)
                if greek_command(name).is_some()
                    && (self.in_index || self.bound.contains(name)) =>
            {
                name.clone()
            }
            Kind::Command(name) => {
                return Err(error(
                    "unknown-symbol",
                    format!(r"\{name} is not defined by the network or the header"),
                    span,
                ));
            }
            _ => return Err(error("unknown-symbol", "this symbol is not defined", span)),
        };
        let name = format!("{name}{}", "'".repeat(usize::from(noad.primes)));
        cursor.at += 1;
        if !self.in_index && !self.bound.contains(&name) {
            self.loose.push((name.clone(), span));
        }
        let base = Expr::new(ExprKind::Letter(name), span);
        let scripts = Noad {
            primes: 0,
            ..noad.clone()
        };
        self.attached(base, &scripts, false)
    }

    pub(super) fn inside(&mut self, list: &[Noad], span: Span) -> Result<Expr, Report> {
        if list.is_empty() {
            return Err(error(
                "empty-brackets",
                "nothing stands between these brackets",
                span,
            ));
        }
        self.whole(list)
    }

    pub(super) fn index_of(&mut self, list: &[Noad]) -> Result<Expr, Report> {
        let before = std::mem::replace(&mut self.in_index, true);
        let result = self.whole(list);
        self.in_index = before;
        result
    }
}
