//! The items of a formula, as the grammar gives them: one flat list for each pair of brackets.

use num_rational::BigRational;
use pest::iterators::Pair;

use crate::source::{Report, Span};

use super::grammar::Rule;
use super::letters::ascii;
use super::mistakes;
use super::number;
use super::scope::Scope;
use super::tree::{Comparison, Condition, Expr, ExprKind, Join, Name, Spanned};

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
    /// How many reductions may stand directly inside each other.
    pub(super) max_chain: usize,
    /// How many do, at the place that is being read.
    pub(super) chain: usize,
}

/// A formula with the place it takes, brackets around it included.
pub(super) struct Factor {
    pub(super) expr: Expr,
    pub(super) outer: Span,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) span: Span,
    pub(super) kind: ItemKind,
}

#[derive(Debug)]
pub(super) enum ItemKind {
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
    Cases(Branches),
    Partial,
}

/// The branches of cases; the condition is none for `otherwise`.
type Branches = Vec<(Expr, Option<Vec<Condition>>)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Plus,
    Minus,
    Join(Join),
}

/// One entry of `_{…}`.
#[derive(Debug)]
pub(super) enum SubItem {
    Colon(Span),
    Expr(Expr),
    Slice(Span, Box<(Expr, Expr)>),
    /// A letter with its first and last value.
    In(Box<(Expr, Expr, Expr)>),
    Conditions(Vec<Condition>),
}

/// The items of one formula and how far they are read.
pub(super) struct Items {
    /// What is left, the next item last.
    pub(super) rest: Vec<Item>,
    /// End of the last item that was taken.
    pub(super) end: usize,
}

impl Items {
    pub(super) fn peek(&self) -> Option<&Item> {
        self.rest.last()
    }

    pub(super) fn take(&mut self) -> Option<Item> {
        let item = self.rest.pop()?;
        self.end = item.span.end;
        Some(item)
    }

    /// Takes the next item if it satisfies the condition.
    pub(super) fn take_if(&mut self, wanted: impl FnOnce(&ItemKind) -> bool) -> Option<Item> {
        if wanted(&self.peek()?.kind) {
            self.take()
        } else {
            None
        }
    }

    /// Whether the next item touches the last one and satisfies the condition.
    pub(super) fn touches(&self, wanted: impl FnOnce(&ItemKind) -> bool) -> bool {
        self.peek()
            .is_some_and(|item| item.span.start == self.end && wanted(&item.kind))
    }
}

impl Reader<'_> {
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
        let mut rest = pair
            .into_inner()
            .map(|item| self.item(item))
            .collect::<Result<Vec<Item>, Report>>()?;
        rest.reverse();
        let mut items = Items {
            rest,
            end: span.start,
        };
        let chain = std::mem::replace(&mut self.chain, 0);
        let factor = self.sum(&mut items)?;
        self.chain = chain;
        Ok(factor.expr)
    }

    pub(super) fn item(&mut self, pair: Pair<'_, Rule>) -> Result<Item, Report> {
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

    pub(super) fn sub_item(&mut self, pair: Pair<'_, Rule>) -> Result<SubItem, Report> {
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
            Rule::dots => {
                let high = self.expr(inner.next().expect("a range has a last value"))?;
                Ok(SubItem::Slice(span, Box::new((first, high))))
            }
            Rule::kw_in => {
                let (low, high) = self.bounds(&mut inner)?;
                Ok(SubItem::In(Box::new((first, low, high))))
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
    pub(super) fn chain(
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

    pub(super) fn cases(&mut self, pair: Pair<'_, Rule>) -> Result<Branches, Report> {
        let mut branches: Branches = Vec::new();
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
    pub(super) fn letters(&self, text: &str, span: Span) -> Result<Vec<Name>, Report> {
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
}

pub(super) fn is_sign(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Operator(Operator::Plus | Operator::Minus))
}

pub(super) fn is_minus(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Operator(Operator::Minus))
}

pub(super) fn is_over(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Operator(Operator::Join(Join::Over)))
}

pub(super) fn negated(expr: Expr, span: Span) -> Expr {
    Expr {
        span,
        kind: ExprKind::Negative(Box::new(expr)),
    }
}

pub(super) fn operator(text: &str) -> Operator {
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
