//! Formulas: precedence, products without a sign, quotients and calls, made from the flat list of items
//! that the grammar gives.

use num_rational::BigRational;
use num_traits::Zero;
use pest::iterators::Pair;

use crate::source::{Report, Span};

use super::grammar::Rule;
use super::letters::ascii;
use super::mistakes::{self, Behind};
use super::number;
use super::scope::Scope;
use super::tree::{
    Binder, Comparison, Condition, Expr, ExprKind, Join, Name, Range, ReduceOp, Sign, Spanned,
};

/// How deep a formula may be nested, brackets and reductions together.
const MAX_NESTING: usize = 400;

/// Reads the formulas of one piece of text.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// The whole text.
    pub(super) text: &'a str,
    /// Where the piece begins in it.
    pub(super) offset: usize,
    /// What the text says about its words.
    pub(super) scope: &'a Scope<'a>,
    /// The function whose name stands for its value, inside `with`.
    pub(super) own: Option<String>,
    /// Whether `∂A/∂B` may stand here.
    pub(super) derivatives: bool,
    /// How deep the formula that is being read is nested.
    pub(super) nesting: usize,
}

/// A formula with the place it takes, brackets around it included.
struct Factor {
    expr: Expr,
    outer: Span,
}

#[derive(Debug)]
struct Item {
    span: Span,
    kind: ItemKind,
}

#[derive(Debug)]
enum ItemKind {
    Number(BigRational),
    Word(String),
    Operator(Operator),
    /// `^` or `.^`, with the formula in braces behind it.
    Power {
        elementwise: bool,
        group: Option<Expr>,
    },
    /// `²`, `⁻¹`
    Superscript(Expr),
    Transpose,
    /// What stands before and behind the `;`.
    Brackets(Vec<Expr>, Vec<Expr>),
    Slots(Vec<Expr>),
    /// `_{…}`
    Subscript(Vec<SubItem>),
    /// `_ij` behind a bracket
    Short(Vec<Name>),
    Primes(u8),
    Cases(Vec<(Expr, Option<Vec<Condition>>)>),
    Partial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Join(Join),
}

/// One entry of `_{…}`.
#[derive(Debug)]
enum SubItem {
    Colon(Span),
    Expr(Expr),
    Slice(Span),
    In(Expr, Expr, Expr),
    Conditions(Vec<Condition>),
}

/// The items of one formula and how far they are read.
struct Items {
    /// What is left, the next item last.
    rest: Vec<Item>,
    /// End of the last item that was taken.
    end: usize,
}

impl Items {
    fn peek(&self) -> Option<&Item> {
        self.rest.last()
    }

    fn take(&mut self) -> Option<Item> {
        let item = self.rest.pop()?;
        self.end = item.span.end;
        Some(item)
    }

    /// Takes the next item if it satisfies the condition.
    fn take_if(&mut self, wanted: impl FnOnce(&ItemKind) -> bool) -> Option<Item> {
        if wanted(&self.peek()?.kind) {
            self.take()
        } else {
            None
        }
    }

    /// Whether the next item touches the last one and satisfies the condition.
    fn touches(&self, wanted: impl FnOnce(&ItemKind) -> bool) -> bool {
        self.peek()
            .is_some_and(|item| item.span.start == self.end && wanted(&item.kind))
    }
}

impl<'a> Reader<'a> {
    /// The place of a pair in the whole text.
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.offset + span.start(), self.offset + span.end())
    }

    /// A word as a name.
    pub(super) fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Spanned::new(ascii(pair.as_str()).into_owned(), self.span(pair))
    }

    /// Reads an `expr`, `axis`, `axis_atom` or `assumed` pair.
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Result<Expr, Report> {
        let span = self.span(&pair);
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(mistakes::formula_too_deep(span));
        }
        let mut rest = pair
            .into_inner()
            .map(|item| self.item(item))
            .collect::<Result<Vec<Item>, Report>>()?;
        rest.reverse();
        let mut items = Items {
            rest,
            end: span.start,
        };
        let factor = self.sum(&mut items)?;
        self.nesting -= 1;
        Ok(factor.expr)
    }

    fn item(&mut self, pair: Pair<'_, Rule>) -> Result<Item, Report> {
        let span = self.span(&pair);
        let text = pair.as_str();
        let kind = match pair.as_rule() {
            Rule::number => ItemKind::Number(number::number(text, span)?),
            Rule::word => ItemKind::Word(ascii(text).into_owned()),
            Rule::operator => ItemKind::Operator(operator(text)),
            Rule::power => {
                let elementwise = text.starts_with('.');
                let group = pair
                    .into_inner()
                    .nth(1)
                    .and_then(|group| group.into_inner().next())
                    .map(|inner| self.expr(inner))
                    .transpose()?;
                ItemKind::Power { elementwise, group }
            }
            Rule::superscript => {
                let (negative, value) = number::superscript(text, span)?;
                let digits = Expr {
                    span,
                    kind: ExprKind::Number(value),
                };
                ItemKind::Superscript(if negative {
                    negated(digits, span)
                } else {
                    digits
                })
            }
            Rule::transpose => ItemKind::Transpose,
            Rule::brackets => {
                let (before, behind) = self.arguments(pair)?;
                ItemKind::Brackets(before, behind)
            }
            Rule::slots => ItemKind::Slots(self.list(pair)?),
            Rule::subscript => ItemKind::Subscript(
                pair.into_inner()
                    .filter(|inner| inner.as_rule() == Rule::sub_item)
                    .map(|inner| self.sub_item(inner))
                    .collect::<Result<_, _>>()?,
            ),
            Rule::short_subscript => ItemKind::Short(self.letters(text, span)?),
            Rule::primes => ItemKind::Primes(u8::try_from(text.chars().count()).unwrap_or(u8::MAX)),
            Rule::cases => ItemKind::Cases(self.cases(pair)?),
            Rule::partial => ItemKind::Partial,
            rule => unreachable!("{rule:?} is no item of a formula"),
        };
        Ok(Item { span, kind })
    }

    /// The formulas of a list without `;`.
    pub(super) fn list(&mut self, pair: Pair<'_, Rule>) -> Result<Vec<Expr>, Report> {
        pair.into_inner()
            .filter(|inner| inner.as_rule() == Rule::expr)
            .map(|inner| self.expr(inner))
            .collect()
    }

    /// The formulas in brackets, before and behind the `;`.
    pub(super) fn arguments(
        &mut self,
        pair: Pair<'_, Rule>,
    ) -> Result<(Vec<Expr>, Vec<Expr>), Report> {
        let mut lists = (Vec::new(), Vec::new());
        let mut behind = false;
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::semicolon if behind => {
                    return Err(mistakes::second_semicolon(self.span(&inner)));
                }
                Rule::semicolon => behind = true,
                Rule::expr if behind => lists.1.push(self.expr(inner)?),
                Rule::expr => lists.0.push(self.expr(inner)?),
                _ => {}
            }
        }
        Ok(lists)
    }

    fn sub_item(&mut self, pair: Pair<'_, Rule>) -> Result<SubItem, Report> {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let first = inner.next().expect("an entry of a subscript is not empty");
        if first.as_rule() == Rule::colon {
            return Ok(SubItem::Colon(span));
        }
        let first = self.expr(first)?;
        let Some(sign) = inner.next() else {
            return Ok(SubItem::Expr(first));
        };
        match sign.as_rule() {
            Rule::dots => Ok(SubItem::Slice(span)),
            Rule::kw_in => {
                let (low, high) = self.bounds(&mut inner)?;
                Ok(SubItem::In(first, low, high))
            }
            _ => Ok(SubItem::Conditions(self.chain(first, sign, inner)?)),
        }
    }

    /// `low .. high`
    pub(super) fn bounds(
        &mut self,
        inner: &mut pest::iterators::Pairs<'_, Rule>,
    ) -> Result<(Expr, Expr), Report> {
        let low = self.expr(inner.next().expect("a range has a first value"))?;
        let high = inner.nth(1).expect("a range has a last value");
        Ok((low, self.expr(high)?))
    }

    /// `first sign b sign c`: one condition for each sign.
    fn chain(
        &mut self,
        first: Expr,
        sign: Pair<'_, Rule>,
        mut rest: pest::iterators::Pairs<'_, Rule>,
    ) -> Result<Vec<Condition>, Report> {
        let mut conditions = Vec::new();
        let mut left = first;
        let mut sign = Some(sign);
        while let Some(current) = sign {
            let right = self.expr(rest.next().expect("a comparison has a right side"))?;
            conditions.push(Condition {
                left,
                comparison: comparison(current.as_str()),
                right: right.clone(),
            });
            left = right;
            sign = rest.next();
        }
        Ok(conditions)
    }

    fn cases(
        &mut self,
        pair: Pair<'_, Rule>,
    ) -> Result<Vec<(Expr, Option<Vec<Condition>>)>, Report> {
        let mut branches: Vec<(Expr, Option<Vec<Condition>>)> = Vec::new();
        for branch in pair
            .into_inner()
            .filter(|inner| inner.as_rule() == Rule::branch)
        {
            if let Some((last, None)) = branches.last() {
                return Err(mistakes::branch_behind_otherwise(
                    self.span(&branch),
                    last.span,
                ));
            }
            let mut inner = branch.into_inner();
            let value = self.expr(inner.next().expect("a branch has a value"))?;
            let mut conditions = None;
            for part in inner {
                match part.as_rule() {
                    Rule::kw_if => conditions = Some(Vec::new()),
                    Rule::condition => {
                        let mut parts = part.into_inner();
                        let left = self.expr(parts.next().expect("a condition has a left side"))?;
                        let sign = parts.next().expect("a condition has a comparison");
                        let chain = self.chain(left, sign, parts)?;
                        conditions.get_or_insert_default().extend(chain);
                    }
                    _ => {}
                }
            }
            branches.push((value, conditions));
        }
        Ok(branches)
    }

    /// `_ij`: one name for each letter.
    fn letters(&self, text: &str, span: Span) -> Result<Vec<Name>, Report> {
        let mut names = Vec::new();
        for (at, letter) in text.char_indices() {
            let place = Span::new(span.start + at, span.start + at + letter.len_utf8());
            let plain = super::letters::subscript(letter).unwrap_or(letter);
            match super::letters::greek(letter) {
                Some(name) => names.push(Spanned::new(name.to_owned(), place)),
                None if plain == '_' && at == 0 => {}
                None if plain.is_ascii_alphabetic() => {
                    names.push(Spanned::new(plain.to_string(), place))
                }
                None => {
                    return Err(mistakes::short_elements(
                        span,
                        ascii(text).trim_start_matches('_'),
                    ));
                }
            }
        }
        Ok(names)
    }

    /// `a + b - c`, with a sign in front
    fn sum(&mut self, items: &mut Items) -> Result<Factor, Report> {
        let mut first = match items.take_if(is_sign) {
            Some(sign) if is_minus(&sign.kind) => {
                let term = self.product(items, Some(sign.span))?;
                let outer = sign.span.to(term.outer);
                Factor {
                    expr: negated(term.expr, outer),
                    outer,
                }
            }
            Some(sign) => return Err(mistakes::leading_plus(sign.span)),
            None => self.product(items, None)?,
        };
        let mut summands = Vec::new();
        while let Some(item) = items.take() {
            let sign = match item.kind {
                ItemKind::Operator(Operator::Plus) => Sign::Plus,
                ItemKind::Operator(Operator::Minus) => Sign::Minus,
                kind => unreachable!("a product ends before a sign, not before {kind:?}"),
            };
            let term = self.product(items, Some(item.span))?;
            first.outer = first.outer.to(term.outer);
            summands.push((sign, term.expr));
        }
        if summands.is_empty() {
            return Ok(first);
        }
        summands.insert(0, (Sign::Plus, first.expr));
        Ok(Factor {
            expr: Expr {
                span: first.outer,
                kind: ExprKind::Sum(summands),
            },
            outer: first.outer,
        })
    }

    /// `a b * c / d`; `operator` stands before it.
    fn product(&mut self, items: &mut Items, operator: Option<Span>) -> Result<Factor, Report> {
        let mut first = self.factor(items, operator)?;
        let mut rest: Vec<(Join, Expr)> = Vec::new();
        let mut last_join = Join::Space;
        let mut last_outer = first.outer;
        loop {
            let end = items.end;
            let (join, sign) = match items.peek() {
                None => break,
                Some(item) => match item.kind {
                    ItemKind::Operator(Operator::Plus | Operator::Minus) => break,
                    ItemKind::Operator(Operator::Join(join)) => (join, Some(item.span)),
                    _ if item.span.start == end => (Join::Tight, None),
                    _ => (Join::Space, None),
                },
            };
            if sign.is_some() {
                items.take();
            } else if join == Join::Tight {
                self.check_tight(items, last_join, last_outer, first.outer)?;
            }
            let before = rest.last().map_or(&first.expr, |(_, factor)| factor);
            if sign.is_none()
                && let Some(undeclared) = self.undeclared_index(before)
            {
                return Err(undeclared);
            }
            let factor = self.factor(items, sign)?;
            last_join = join;
            last_outer = factor.outer;
            let place = first.outer.to(factor.outer);
            if !fold_quotient(&mut first, &mut rest, join, &factor)? {
                rest.push((join, factor.expr));
            }
            first.outer = place;
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Factor {
            expr: Expr {
                span: first.outer,
                kind: ExprKind::Product(Box::new(first.expr), rest),
            },
            outer: first.outer,
        })
    }

    /// A factor that touches the one before it: `2x` is a product, `1/2x` and `(y)2` are refused.
    fn check_tight(
        &self,
        items: &mut Items,
        last_join: Join,
        last: Span,
        first: Span,
    ) -> Result<(), Report> {
        let Some(next) = items.peek() else {
            return Ok(());
        };
        if matches!(last_join, Join::Over | Join::ElementwiseOver) {
            let slash = self.text[first.start..last.start].trim_end();
            let above = slash.trim_end_matches(['/', '.', '÷', '⊘']).trim_end();
            let below = &self.text[last.start..last.end];
            let behind = &self.text[next.span.start..next.span.end];
            return Err(mistakes::behind_quotient(
                first.to(last),
                next.span,
                above,
                below,
                behind,
            ));
        }
        if matches!(next.kind, ItemKind::Number(_)) {
            let before = &self.text[last.start..last.end];
            return Err(mistakes::number_behind(
                next.span,
                before,
                &self.text[next.span.start..next.span.end],
            ));
        }
        Ok(())
    }

    /// A name like `sum_i` in front of a factor where `i` was never declared.
    fn undeclared_index(&self, before: &Expr) -> Option<Report> {
        let ExprKind::Name(word) = &before.kind else {
            return None;
        };
        let (op, letters) = word.split_once('_')?;
        reduction(op)?;
        if self.scope.is_defined(word) {
            return None;
        }
        let letters: Vec<char> = letters.chars().collect();
        let meant = letters.iter().all(char::is_ascii_alphabetic)
            && (letters.len() == 1
                || letters
                    .iter()
                    .any(|letter| self.scope.is_index(&letter.to_string())));
        let missing = letters
            .iter()
            .find(|letter| !self.scope.is_index(&letter.to_string()))?;
        meant.then(|| mistakes::undeclared_index(before.span, op, *missing))
    }

    /// A reduction with all that follows it, or a power.
    fn factor(&mut self, items: &mut Items, operator: Option<Span>) -> Result<Factor, Report> {
        if let Some((op, binder, head)) = self.reduction_head(items)? {
            if let Some(item) = items.peek()
                && matches!(item.kind, ItemKind::Power { .. } | ItemKind::Superscript(_))
            {
                return Err(mistakes::power_of_head(item.span));
            }
            self.nesting += 1;
            if self.nesting > MAX_NESTING {
                return Err(mistakes::formula_too_deep(head));
            }
            if items.peek().is_none() {
                return Err(mistakes::nothing_to_reduce(head));
            }
            let body = self.product(items, Some(head))?;
            self.nesting -= 1;
            let outer = head.to(body.outer);
            return Ok(Factor {
                expr: Expr {
                    span: outer,
                    kind: ExprKind::Reduce {
                        op,
                        binder,
                        body: Box::new(body.expr),
                        head,
                    },
                },
                outer,
            });
        }
        let base = self.postfix(items, operator)?;
        self.power(items, base)
    }

    /// What is raised to a power, or transposed, or neither.
    fn power(&mut self, items: &mut Items, base: Factor) -> Result<Factor, Report> {
        let is_power = |kind: &ItemKind| {
            matches!(
                kind,
                ItemKind::Power { .. } | ItemKind::Superscript(_) | ItemKind::Transpose
            )
        };
        let Some(sign) = items.take_if(is_power) else {
            return Ok(base);
        };
        let (kind, end) = match sign.kind {
            ItemKind::Transpose => (ExprKind::Transpose(Box::new(base.expr)), sign.span.end),
            ItemKind::Superscript(exponent) => (
                ExprKind::Power {
                    base: Box::new(base.expr),
                    exponent: Box::new(exponent),
                    elementwise: false,
                },
                sign.span.end,
            ),
            ItemKind::Power { elementwise, group } => {
                let (exponent, end) = match group {
                    Some(group) if group.kind == ExprKind::Name("T".to_owned()) => {
                        return Err(mistakes::transpose_in_braces(sign.span));
                    }
                    Some(group) => (group, sign.span.end),
                    None => {
                        let exponent = self.exponent(items, sign.span)?;
                        (exponent.expr, exponent.outer.end)
                    }
                };
                (
                    ExprKind::Power {
                        base: Box::new(base.expr),
                        exponent: Box::new(exponent),
                        elementwise,
                    },
                    end,
                )
            }
            kind => unreachable!("{kind:?} is no power"),
        };
        let outer = Span::new(base.outer.start, end);
        if let Some(next) = items.peek() {
            if is_power(&next.kind) {
                return Err(mistakes::power_of_power(next.span, outer));
            }
            let suffix = matches!(
                next.kind,
                ItemKind::Subscript(_)
                    | ItemKind::Short(_)
                    | ItemKind::Slots(_)
                    | ItemKind::Primes(_)
            );
            if suffix {
                return Err(mistakes::suffix_behind_power(next.span));
            }
        }
        Ok(Factor {
            expr: Expr { span: outer, kind },
            outer,
        })
    }

    /// One atom, maybe with a sign.
    fn exponent(&mut self, items: &mut Items, sign: Span) -> Result<Factor, Report> {
        let minus = items.take_if(is_minus);
        let operator = minus.as_ref().map_or(sign, |minus| minus.span);
        let atom = self.postfix(items, Some(operator))?;
        if let ExprKind::Name(name) = &atom.expr.kind {
            if let Some(rest) = name.strip_prefix('T')
                && !rest.is_empty()
                && self.text[atom.outer.start..].starts_with('T')
            {
                return Err(mistakes::transpose_run_together(atom.outer, name, rest));
            }
            if items.touches(|kind| matches!(kind, ItemKind::Brackets(..))) {
                let next = items.peek().map_or(atom.outer, |item| item.span);
                return Err(mistakes::bracket_behind_exponent(next, name));
            }
        }
        Ok(match minus {
            Some(minus) => {
                let outer = minus.span.to(atom.outer);
                Factor {
                    expr: negated(atom.expr, outer),
                    outer,
                }
            }
            None => atom,
        })
    }

    /// A number, a name with slots, elements or arguments, something in brackets, cases, a derivative.
    fn postfix(&mut self, items: &mut Items, operator: Option<Span>) -> Result<Factor, Report> {
        let Some(item) = items.take() else {
            let at = operator.unwrap_or(Span::new(items.end, items.end));
            return Err(mistakes::missing_operand(at));
        };
        let span = item.span;
        let base = match item.kind {
            ItemKind::Number(value) => Factor {
                expr: Expr {
                    span,
                    kind: ExprKind::Number(value),
                },
                outer: span,
            },
            ItemKind::Word(word) => self.word(items, word, span)?,
            ItemKind::Brackets(before, behind) => Factor {
                expr: single(before, behind, span)?,
                outer: span,
            },
            ItemKind::Cases(branches) => Factor {
                expr: Expr {
                    span,
                    kind: ExprKind::Cases(branches),
                },
                outer: span,
            },
            ItemKind::Partial => return self.partial_quotient(items, span),
            ItemKind::Operator(kind) => {
                return Err(match operator {
                    Some(before) if !matches!(kind, Operator::Join(_)) => {
                        mistakes::sign_behind_operator(before.to(span))
                    }
                    Some(before) => mistakes::missing_operand(before.to(span)),
                    None => mistakes::missing_operand(span),
                });
            }
            ItemKind::Power { .. }
            | ItemKind::Superscript(_)
            | ItemKind::Transpose
            | ItemKind::Slots(_)
            | ItemKind::Subscript(_)
            | ItemKind::Short(_)
            | ItemKind::Primes(_) => {
                return Err(mistakes::suffix_alone(
                    span,
                    &self.text[span.start..span.end],
                ));
            }
        };
        self.elements(items, base)
    }

    /// What stands in brackets or is a name may have element indices.
    fn elements(&mut self, items: &mut Items, base: Factor) -> Result<Factor, Report> {
        let is_subscript =
            |kind: &ItemKind| matches!(kind, ItemKind::Subscript(_) | ItemKind::Short(_));
        if items.touches(|kind| matches!(kind, ItemKind::Slots(_))) {
            let span = items.peek().map_or(base.outer, |item| item.span);
            return Err(mistakes::slots_behind(span));
        }
        if !items.touches(is_subscript) {
            return Ok(base);
        }
        let item = items.take().expect("the next item was seen");
        if matches!(base.expr.kind, ExprKind::Number(_)) {
            return Err(mistakes::element_of_number(item.span));
        }
        let entries = match item.kind {
            ItemKind::Short(letters) => letters
                .into_iter()
                .map(|letter| Expr {
                    span: letter.span,
                    kind: ExprKind::Name(letter.value),
                })
                .collect(),
            ItemKind::Subscript(entries) => self.element_entries(entries)?,
            kind => unreachable!("{kind:?} is no subscript"),
        };
        let outer = base.outer.to(item.span);
        if items.touches(is_subscript) {
            return Err(mistakes::second_subscript(Span::new(
                items.end,
                items.end + 1,
            )));
        }
        Ok(Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Elements(Box::new(base.expr), entries),
            },
            outer,
        })
    }

    fn element_entries(&self, entries: Vec<SubItem>) -> Result<Vec<Expr>, Report> {
        entries
            .into_iter()
            .map(|entry| match entry {
                SubItem::Expr(index) => {
                    self.check_run_together(&index)?;
                    Ok(index)
                }
                SubItem::Colon(span) | SubItem::Slice(span) => Err(mistakes::slice(span)),
                SubItem::In(letter, ..) => Err(mistakes::condition_in_elements(letter.span)),
                SubItem::Conditions(conditions) => {
                    let span = conditions.first().map_or_else(Span::default, |condition| {
                        condition.left.span.to(condition.right.span)
                    });
                    Err(mistakes::condition_in_elements(span))
                }
            })
            .collect()
    }

    /// `W_{ij}` where `i` and `j` are indices and `ij` is nothing.
    fn check_run_together(&self, index: &Expr) -> Result<(), Report> {
        let ExprKind::Name(word) = &index.kind else {
            return Ok(());
        };
        let run_together = word.len() > 1
            && !self.scope.is_defined(word)
            && word
                .chars()
                .all(|letter| self.scope.is_index(&letter.to_string()));
        if run_together {
            return Err(mistakes::indices_run_together(index.span, word));
        }
        Ok(())
    }

    /// A word with its slots or arguments.
    fn word(&mut self, items: &mut Items, word: String, span: Span) -> Result<Factor, Report> {
        let primes = if items.touches(|kind| matches!(kind, ItemKind::Primes(_))) {
            items.take()
        } else {
            None
        };
        let called = items.touches(|kind| matches!(kind, ItemKind::Brackets(..)));
        let function = self.scope.function(&word);
        if called && let Some(function) = function {
            return self.call(items, Spanned::new(function, span), primes);
        }
        if let Some(primes) = primes {
            return Err(mistakes::primes_without_call(
                span.to(primes.span),
                &word,
                function.is_some(),
            ));
        }
        if called {
            self.check_unknown_call(items, &word, span)?;
        }
        if function.is_some() && self.own.as_deref() != Some(word.as_str()) {
            let next = items.peek().map(|item| {
                let kind = match item.kind {
                    ItemKind::Power { .. } | ItemKind::Superscript(_) => Behind::Power,
                    ItemKind::Word(_) | ItemKind::Brackets(..) | ItemKind::Number(_) => {
                        Behind::Argument
                    }
                    _ => Behind::Other,
                };
                (kind, &self.text[item.span.start..item.span.end])
            });
            return Err(mistakes::function_without_call(
                span,
                &self.text[span.start..span.end],
                next,
            ));
        }
        let name = Factor {
            expr: Expr {
                span,
                kind: ExprKind::Name(word),
            },
            outer: span,
        };
        let named = match items.peek() {
            Some(item) if matches!(item.kind, ItemKind::Slots(_)) => {
                if item.span.start != span.end {
                    return Err(mistakes::blank_before_slots(item.span));
                }
                self.slots(items, name)
            }
            Some(_) | None => name,
        };
        self.letter_quotient(items, named)
    }

    fn slots(&mut self, items: &mut Items, name: Factor) -> Factor {
        let Some(Item {
            span,
            kind: ItemKind::Slots(slots),
        }) = items.take()
        else {
            unreachable!("the next item was seen to be slots")
        };
        let outer = name.outer.to(span);
        Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Slots(Box::new(name.expr), slots),
            },
            outer,
        }
    }

    /// `f(a, b; c)`
    fn call(
        &mut self,
        items: &mut Items,
        function: Name,
        primes: Option<Item>,
    ) -> Result<Factor, Report> {
        let Some(Item {
            span,
            kind: ItemKind::Brackets(arguments, extra),
        }) = items.take()
        else {
            unreachable!("the next item was seen to be brackets")
        };
        if arguments.is_empty() && extra.is_empty() {
            return Err(mistakes::empty_brackets(span));
        }
        let outer = function.span.to(span);
        let primes = match primes.map(|item| item.kind) {
            Some(ItemKind::Primes(count)) => count,
            _ => 0,
        };
        Ok(Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Call {
                    function,
                    primes,
                    arguments,
                    extra,
                },
            },
            outer,
        })
    }

    /// `f(a, b)` where `f` is no function: one argument could be a product, more could not.
    fn check_unknown_call(&self, items: &mut Items, word: &str, span: Span) -> Result<(), Report> {
        let several = items.peek().is_some_and(|item| match &item.kind {
            ItemKind::Brackets(arguments, extra) => arguments.len() != 1 || !extra.is_empty(),
            _ => false,
        });
        if several && reduction(word).is_none() {
            return Err(mistakes::unknown_function(
                span,
                word,
                &self.scope.function_names(),
            ));
        }
        Ok(())
    }

    /// `sum_ij`, `sum_{i < j}`: what reduces, over what, and where that stands.
    fn reduction_head(
        &mut self,
        items: &mut Items,
    ) -> Result<Option<(ReduceOp, Vec<Binder>, Span)>, Report> {
        let Some(Item {
            span,
            kind: ItemKind::Word(word),
        }) = items.peek()
        else {
            return Ok(None);
        };
        let span = *span;
        let (op, letters) = match word.split_once('_') {
            Some((op, letters)) => (op, Some(letters)),
            None => (word.as_str(), None),
        };
        let Some(op) = reduction(op) else {
            return Ok(None);
        };
        if let Some(letters) = letters {
            let declared = letters
                .chars()
                .all(|letter| self.scope.is_index(&letter.to_string()));
            if !declared || self.scope.is_defined(word) {
                return Ok(None);
            }
            items.take();
            let written = &self.text[span.start..span.end];
            let below = written
                .find('_')
                .or_else(|| written.find(|sign| super::letters::subscript(sign).is_some()));
            let from = span.start + below.unwrap_or(0);
            let binder = self.letters(&self.text[from..span.end], Span::new(from, span.end))?;
            return Ok(Some((
                op,
                binder.into_iter().map(Binder::Letter).collect(),
                span,
            )));
        }
        let word = items.take().expect("the next item was seen");
        if !items.touches(|kind| matches!(kind, ItemKind::Subscript(_))) {
            items.rest.push(word);
            return Ok(None);
        }
        let Some(Item {
            span: below,
            kind: ItemKind::Subscript(entries),
        }) = items.take()
        else {
            unreachable!("the next item was seen to be a subscript")
        };
        let head = span.to(below);
        if let Some(next) = items.peek()
            && matches!(next.kind, ItemKind::Power { .. } | ItemKind::Superscript(_))
        {
            return Err(mistakes::upper_limit(head.to(next.span)));
        }
        let mut binder = Vec::new();
        for entry in entries {
            self.binder(entry, &mut binder)?;
        }
        Ok(Some((op, binder, head)))
    }

    fn binder(&self, entry: SubItem, binder: &mut Vec<Binder>) -> Result<(), Report> {
        match entry {
            SubItem::Expr(index) => {
                self.check_run_together(&index)?;
                match index.kind {
                    ExprKind::Name(letter) => {
                        binder.push(Binder::Letter(Spanned::new(letter, index.span)))
                    }
                    _ => return Err(mistakes::not_a_letter(index.span)),
                }
            }
            SubItem::In(letter, low, high) => match letter.kind {
                ExprKind::Name(name) => binder.push(Binder::Range(Range {
                    letter: Spanned::new(name, letter.span),
                    low,
                    high,
                })),
                _ => return Err(mistakes::not_a_letter(letter.span)),
            },
            SubItem::Conditions(conditions) => {
                binder.extend(conditions.into_iter().map(Binder::Condition))
            }
            SubItem::Colon(span) | SubItem::Slice(span) => {
                return Err(mistakes::not_a_letter(span));
            }
        }
        Ok(())
    }

    /// `∂A/∂B`
    fn partial_quotient(&mut self, items: &mut Items, sign: Span) -> Result<Factor, Report> {
        let of = self.differential(items, sign)?;
        let over = items.take_if(is_over);
        let below = over
            .as_ref()
            .and_then(|_| items.take_if(|kind| matches!(kind, ItemKind::Partial)));
        let Some(below) = below else {
            return Err(mistakes::half_derivative(sign.to(of.outer)));
        };
        let wrt = self.differential(items, below.span)?;
        let outer = sign.to(wrt.outer);
        if !self.derivatives {
            return Err(mistakes::derivative_in_equation(outer));
        }
        Ok(Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Derivative(Box::new(of.expr), Box::new(wrt.expr)),
            },
            outer,
        })
    }

    /// What stands behind `∂`.
    fn differential(&mut self, items: &mut Items, sign: Span) -> Result<Factor, Report> {
        if let Some(item) = items.peek()
            && matches!(item.kind, ItemKind::Superscript(_) | ItemKind::Power { .. })
        {
            return Err(mistakes::second_derivative(sign.to(item.span)));
        }
        let derivatives = std::mem::replace(&mut self.derivatives, false);
        let operand = self.postfix(items, Some(sign));
        self.derivatives = derivatives;
        let operand = operand?;
        if quantity(&operand.expr).is_none() {
            return Err(mistakes::derivative_of_formula(operand.outer));
        }
        Ok(operand)
    }

    /// `dA/dB` with known A and B, neither `dA` nor `dB` being a quantity: a derivative. Else the name as it is.
    fn letter_quotient(&mut self, items: &mut Items, name: Factor) -> Result<Factor, Report> {
        let goes_on = items.peek().is_some_and(|item| {
            is_over(&item.kind) || matches!(item.kind, ItemKind::Subscript(_) | ItemKind::Short(_))
        });
        if !goes_on || !quantity(&name.expr).is_some_and(|word| self.is_differential(word)) {
            return Ok(name);
        }
        let first = self.elements(items, name)?;
        let below = match items.rest.as_slice() {
            [
                ..,
                Item {
                    kind: ItemKind::Word(word),
                    ..
                },
                over,
            ] if is_over(&over.kind) => word,
            _ => return Ok(first),
        };
        if !self.is_differential(below) {
            return Ok(first);
        }
        items.take();
        let second = self.postfix(items, None)?;
        let outer = first.outer.to(second.outer);
        if !self.derivatives {
            return Err(mistakes::derivative_in_equation(outer));
        }
        if quantity(&second.expr).is_none() {
            return Err(mistakes::derivative_of_formula(second.outer));
        }
        Ok(Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Derivative(
                    Box::new(without_d(first.expr)),
                    Box::new(without_d(second.expr)),
                ),
            },
            outer,
        })
    }

    /// Whether the word is `dA` with a known A, and no quantity itself.
    fn is_differential(&self, word: &str) -> bool {
        word.strip_prefix('d').is_some_and(|rest| {
            !rest.is_empty()
                && self.scope.is_known(rest)
                && !self.scope.is_defined(word)
                && (!self.derivatives || !self.scope.is_mentioned(word))
        })
    }
}

fn is_sign(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Operator(Operator::Plus | Operator::Minus))
}

fn is_minus(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Operator(Operator::Minus))
}

fn is_over(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Operator(Operator::Join(Join::Over)))
}

fn negated(expr: Expr, span: Span) -> Expr {
    Expr {
        span,
        kind: ExprKind::Negative(Box::new(expr)),
    }
}

/// What stands in brackets as a factor: one formula.
fn single(before: Vec<Expr>, behind: Vec<Expr>, span: Span) -> Result<Expr, Report> {
    if !behind.is_empty() || before.len() > 1 {
        return Err(mistakes::list_in_brackets(span));
    }
    before
        .into_iter()
        .next()
        .ok_or_else(|| mistakes::empty_brackets(span))
}

/// A quotient of two whole numbers is one number.
fn fold_quotient(
    first: &mut Factor,
    rest: &mut [(Join, Expr)],
    join: Join,
    below: &Factor,
) -> Result<bool, Report> {
    let ExprKind::Number(divisor) = &below.expr.kind else {
        return Ok(false);
    };
    if !matches!(join, Join::Over | Join::ElementwiseOver) {
        return Ok(false);
    }
    if divisor.is_zero() {
        return Err(mistakes::zero_denominator(below.outer));
    }
    let above = match rest.last_mut() {
        None => &mut first.expr,
        Some((Join::Space | Join::Star | Join::Elementwise, factor)) => factor,
        Some((Join::Tight | Join::Over | Join::ElementwiseOver, _)) => return Ok(false),
    };
    match &mut above.kind {
        ExprKind::Number(value)
            if join == Join::Over && value.is_integer() && divisor.is_integer() =>
        {
            *value /= divisor;
            above.span = above.span.to(below.outer);
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The word of a quantity, an element or a slot of one.
fn quantity(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(word) => Some(word),
        ExprKind::Slots(base, _) | ExprKind::Elements(base, _) => quantity(base),
        _ => None,
    }
}

/// `dW[k]` as `W[k]`.
fn without_d(mut expr: Expr) -> Expr {
    expr.span.start += 1;
    match &mut expr.kind {
        ExprKind::Name(word) => {
            word.remove(0);
        }
        ExprKind::Slots(base, _) | ExprKind::Elements(base, _) => {
            let inner = std::mem::replace(
                base.as_mut(),
                Expr {
                    span: Span::default(),
                    kind: ExprKind::Name(String::new()),
                },
            );
            **base = without_d(inner);
        }
        kind => unreachable!("{kind:?} is no quantity"),
    }
    expr
}

fn reduction(word: &str) -> Option<ReduceOp> {
    match word {
        "sum" => Some(ReduceOp::Sum),
        "prod" => Some(ReduceOp::Product),
        "max" => Some(ReduceOp::Max),
        "min" => Some(ReduceOp::Min),
        _ => None,
    }
}

fn operator(text: &str) -> Operator {
    match text {
        "+" => Operator::Plus,
        "-" | "−" => Operator::Minus,
        "*" | "·" | "⋅" | "×" | "∗" => Operator::Join(Join::Star),
        "/" | "÷" => Operator::Join(Join::Over),
        ".*" | "⊙" => Operator::Join(Join::Elementwise),
        "./" | "⊘" => Operator::Join(Join::ElementwiseOver),
        text => unreachable!("the grammar has no operator {text}"),
    }
}

/// The comparison that a sign means.
pub(super) fn comparison(text: &str) -> Comparison {
    match text {
        "<" => Comparison::Less,
        "<=" | "≤" => Comparison::LessEqual,
        ">" => Comparison::Greater,
        ">=" | "≥" => Comparison::GreaterEqual,
        "=" => Comparison::Equal,
        "!=" | "≠" => Comparison::NotEqual,
        text => unreachable!("the grammar has no comparison {text}"),
    }
}
