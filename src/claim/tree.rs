//! A claim after reading: every symbol has its meaning, indices are expressions over the claim's letters.

use num_rational::BigRational;

use super::differential::Changes;

use crate::source::Span;
use crate::syntax::Comparison;
use crate::system::System;
use crate::term::{FamilyId, SizeId};

/// An expression with its place in the claim (that of the spelling for what a spelling stands for).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) kind: ExprKind,
}

/// How a factor is joined to what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Join {
    /// A product of numbers or matrices.
    Product,
    /// Entry by entry.
    Elementwise,
    /// Of two columns, a number.
    Dot,
    /// Of two columns their outer product, else Kronecker's.
    Tensor,
    /// Kronecker's product, of columns too.
    Kronecker,
}

/// One entry of an element index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    /// An index.
    At(Expr),
    /// `:`
    All,
    /// `a:b`
    Part(Expr, Expr),
}

/// What reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fold {
    Sum,
    Product,
    Max,
    /// The diagonal matrix with these entries.
    Diagonal,
}

/// `left < right`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Condition {
    pub(crate) left: Expr,
    pub(crate) relation: Comparison,
    pub(crate) right: Expr,
}

/// A letter that is bound, with its range where one is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Binder {
    pub(crate) letter: String,
    pub(crate) range: Option<(Expr, Expr)>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ExprKind {
    Number(BigRational),
    Pi,
    /// An index letter as a number.
    Letter(String),
    Size(SizeId, Vec<Expr>),
    Quantity {
        family: FamilyId,
        slots: Vec<Expr>,
        elements: Vec<Entry>,
    },
    /// Summands; the flag is a minus sign.
    Sum(Vec<(bool, Expr)>),
    /// Factors; the join of the first is of no account.
    Product(Vec<(Join, Expr)>),
    Quotient(Box<Expr>, Box<Expr>),
    /// The flag: entry by entry.
    Power(Box<Expr>, Box<Expr>, bool),
    Transpose(Box<Expr>),
    /// A function of the language, of numbers or of arrays, with the number of its primes.
    Call(String, u8, Vec<Expr>),
    /// A derivative of a function of several numbers, and how often it is taken by each: `f^{(1,0)}(a, b)`.
    Slope(String, Box<[u8]>, Vec<Expr>),
    /// Elements of what is not a plain quantity.
    Elements(Box<Expr>, Vec<Entry>),
    Fold {
        fold: Fold,
        binders: Vec<Binder>,
        conditions: Vec<Condition>,
        body: Box<Expr>,
    },
    /// Values with the conditions under which they count; none: otherwise.
    Cases(Vec<(Expr, Option<Vec<Condition>>)>),
    /// 1 where all conditions hold.
    Indicator(Vec<Condition>),
    /// ∂of/∂wrt; `direct`: only where `of` itself is written with `wrt`.
    Derivative {
        of: Box<Expr>,
        wrt: Box<Expr>,
        direct: bool,
    },
    /// What an expression changes by where these quantities change by those.
    Differential(Box<Expr>, Changes),
    /// A column of this number, of the length that fits.
    Column(i64),
    Identity,
    /// `E_{ij}`
    Unit(Box<Expr>, Box<Expr>),
    /// `\delta_{ij}`
    Kronecker(Box<Expr>, Box<Expr>),
    /// The one-hot column of a class.
    OneHot(Box<Expr>),
    /// `pmatrix`
    Matrix(Vec<Vec<Expr>>),
    /// What a spelling stands for.
    Named(Box<Expr>),
}

impl Expr {
    pub(crate) fn new(kind: ExprKind, span: Span) -> Self {
        Self { span, kind }
    }

    /// The expression behind its spellings.
    pub(crate) fn plain(&self) -> &Expr {
        match &self.kind {
            ExprKind::Named(inner) => inner.plain(),
            _ => self,
        }
    }

    /// The expressions directly below.
    pub(crate) fn children(&self) -> Vec<&Expr> {
        let mut found: Vec<&Expr> = Vec::new();
        match &self.kind {
            ExprKind::Number(_)
            | ExprKind::Pi
            | ExprKind::Letter(_)
            | ExprKind::Column(_)
            | ExprKind::Identity => {}
            ExprKind::Size(_, slots) => found.extend(slots),
            ExprKind::Quantity {
                slots, elements, ..
            } => {
                found.extend(slots);
                found.extend(indices(elements));
            }
            ExprKind::Sum(terms) => found.extend(terms.iter().map(|(_, term)| term)),
            ExprKind::Product(factors) => found.extend(factors.iter().map(|(_, factor)| factor)),
            ExprKind::Quotient(a, b)
            | ExprKind::Power(a, b, _)
            | ExprKind::Unit(a, b)
            | ExprKind::Kronecker(a, b) => found.extend([&**a, &**b]),
            ExprKind::Transpose(inner)
            | ExprKind::OneHot(inner)
            | ExprKind::Differential(inner, _)
            | ExprKind::Named(inner) => found.push(inner),
            ExprKind::Call(_, _, arguments) | ExprKind::Slope(_, _, arguments) => {
                found.extend(arguments);
            }
            ExprKind::Elements(inner, elements) => {
                found.push(inner);
                found.extend(indices(elements));
            }
            ExprKind::Fold {
                binders,
                conditions,
                body,
                ..
            } => {
                for binder in binders {
                    if let Some((low, high)) = &binder.range {
                        found.extend([low, high]);
                    }
                }
                found.extend(sides(conditions));
                found.push(body);
            }
            ExprKind::Cases(branches) => {
                for (value, conditions) in branches {
                    found.push(value);
                    found.extend(conditions.iter().flat_map(|conditions| sides(conditions)));
                }
            }
            ExprKind::Indicator(conditions) => found.extend(sides(conditions)),
            ExprKind::Derivative { of, wrt, .. } => found.extend([&**of, &**wrt]),
            ExprKind::Matrix(rows) => found.extend(rows.iter().flatten()),
        }
        found
    }

    /// A quantity without slots and elements.
    pub(crate) fn quantity(family: FamilyId, span: Span) -> Expr {
        Expr::new(
            ExprKind::Quantity {
                family,
                slots: Vec::new(),
                elements: Vec::new(),
            },
            span,
        )
    }

    /// The expressions directly below, to be changed.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Expr> {
        let mut found: Vec<&mut Expr> = Vec::new();
        match &mut self.kind {
            ExprKind::Number(_)
            | ExprKind::Pi
            | ExprKind::Letter(_)
            | ExprKind::Column(_)
            | ExprKind::Identity => {}
            ExprKind::Size(_, slots) => found.extend(slots),
            ExprKind::Quantity {
                slots, elements, ..
            } => {
                found.extend(slots);
                found.extend(indices_mut(elements));
            }
            ExprKind::Sum(terms) => found.extend(terms.iter_mut().map(|(_, term)| term)),
            ExprKind::Product(factors) => {
                found.extend(factors.iter_mut().map(|(_, factor)| factor));
            }
            ExprKind::Quotient(a, b)
            | ExprKind::Power(a, b, _)
            | ExprKind::Unit(a, b)
            | ExprKind::Kronecker(a, b) => found.extend([&mut **a, &mut **b]),
            ExprKind::Transpose(inner)
            | ExprKind::OneHot(inner)
            | ExprKind::Differential(inner, _)
            | ExprKind::Named(inner) => found.push(inner),
            ExprKind::Call(_, _, arguments) | ExprKind::Slope(_, _, arguments) => {
                found.extend(arguments);
            }
            ExprKind::Elements(inner, elements) => {
                found.push(inner);
                found.extend(indices_mut(elements));
            }
            ExprKind::Fold {
                binders,
                conditions,
                body,
                ..
            } => {
                for binder in binders {
                    if let Some((low, high)) = &mut binder.range {
                        found.extend([low, high]);
                    }
                }
                found.extend(sides_mut(conditions));
                found.push(body);
            }
            ExprKind::Cases(branches) => {
                for (value, conditions) in branches {
                    found.push(value);
                    if let Some(conditions) = conditions {
                        found.extend(sides_mut(conditions));
                    }
                }
            }
            ExprKind::Indicator(conditions) => found.extend(sides_mut(conditions)),
            ExprKind::Derivative { of, wrt, .. } => found.extend([&mut **of, &mut **wrt]),
            ExprKind::Matrix(rows) => found.extend(rows.iter_mut().flatten()),
        }
        found
    }

    /// Whether some expression in it satisfies the question.
    pub(crate) fn any(&self, question: &mut dyn FnMut(&Expr) -> bool) -> bool {
        question(self) || self.children().into_iter().any(|child| child.any(question))
    }

    /// The letters that are free in it.
    pub(crate) fn free_letters(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_letters(&mut Vec::new(), &mut found);
        found
    }

    /// How often a letter stands free in it.
    fn count_free(&self, letter: &str) -> usize {
        match &self.kind {
            ExprKind::Letter(own) => usize::from(own == letter),
            ExprKind::Fold { binders, .. } if binders.iter().any(|it| it.letter == letter) => 0,
            _ => {
                let children = self.children().into_iter();
                children.map(|child| child.count_free(letter)).sum()
            }
        }
    }

    /// Binds a letter that stands in one sum or product only and is compared there with a letter that it binds:
    /// `\sum_{i<j} x_i x_j` runs over both. Whether there is such a one.
    pub(crate) fn bind_pair(&mut self, letter: &str) -> bool {
        let count = self.count_free(letter);
        for child in self.children_mut() {
            if child.count_free(letter) == count && child.bind_pair(letter) {
                return true;
            }
        }
        let ExprKind::Fold {
            binders,
            conditions,
            ..
        } = &mut self.kind
        else {
            return false;
        };
        let pair = conditions.iter().any(|condition| {
            let named = |letter: &str| {
                condition.left.count_free(letter) + condition.right.count_free(letter) > 0
            };
            named(letter) && binders.iter().any(|binder| named(&binder.letter))
        });
        if pair {
            binders.push(Binder {
                letter: letter.to_owned(),
                range: None,
            });
        }
        pair
    }

    fn collect_letters(&self, bound: &mut Vec<String>, found: &mut Vec<String>) {
        match &self.kind {
            ExprKind::Letter(letter) => {
                if !bound.contains(letter) && !found.contains(letter) {
                    found.push(letter.clone());
                }
            }
            ExprKind::Fold { binders, .. } => {
                let count = bound.len();
                bound.extend(binders.iter().map(|binder| binder.letter.clone()));
                for child in self.children() {
                    child.collect_letters(bound, found);
                }
                bound.truncate(count);
            }
            _ => {
                for child in self.children() {
                    child.collect_letters(bound, found);
                }
            }
        }
    }

    /// The same with letters replaced by expressions. Letters that it binds itself stay.
    pub(crate) fn with_letters(&self, values: &[(String, Expr)]) -> Expr {
        if let ExprKind::Letter(letter) = &self.kind {
            return match values.iter().find(|(name, _)| name == letter) {
                Some((_, value)) => value.clone(),
                None => self.clone(),
            };
        }
        let mut result = self.clone();
        let inner: Vec<(String, Expr)> = match &self.kind {
            ExprKind::Fold { binders, .. } => values
                .iter()
                .filter(|(name, _)| binders.iter().all(|binder| binder.letter != *name))
                .cloned()
                .collect(),
            _ => values.to_vec(),
        };
        for child in result.children_mut() {
            *child = child.with_letters(&inner);
        }
        result
    }

    /// Whether this is the same quantity, wherever it stands.
    fn is_same_quantity(&self, other: &Expr) -> bool {
        let here = |expr: &Expr| expr.clone().moved(Span::default());
        here(self.plain()).kind == here(other.plain()).kind
    }

    /// Whether a quantity can be replaced by its value: nothing is differentiated by it.
    pub(crate) fn can_replace(&self, quantity: &Expr) -> bool {
        !self.any(&mut |part| {
            matches!(&part.kind, ExprKind::Derivative { .. })
                && part.any(&mut |inner| inner.is_same_quantity(quantity))
        })
    }

    /// With a value in the place of a quantity.
    pub(crate) fn replaced(&self, quantity: &Expr, value: &Expr) -> Expr {
        if self.is_same_quantity(quantity) {
            return value.clone();
        }
        let mut result = self.clone();
        for child in result.children_mut() {
            *child = child.replaced(quantity, value);
        }
        result
    }

    /// The same at another place of the text.
    pub(crate) fn moved(mut self, span: Span) -> Expr {
        self.span = span;
        for child in self.children_mut() {
            let taken = std::mem::replace(child, Expr::new(ExprKind::Pi, span));
            *child = taken.moved(span);
        }
        self
    }
}

/// The indices that stand in entries.
pub(super) fn indices(entries: &[Entry]) -> impl Iterator<Item = &Expr> {
    entries.iter().flat_map(|entry| match entry {
        Entry::At(index) => vec![index],
        Entry::All => Vec::new(),
        Entry::Part(low, high) => vec![low, high],
    })
}

fn indices_mut(entries: &mut [Entry]) -> impl Iterator<Item = &mut Expr> {
    entries.iter_mut().flat_map(|entry| match entry {
        Entry::At(index) => vec![index],
        Entry::All => Vec::new(),
        Entry::Part(low, high) => vec![low, high],
    })
}

fn sides(conditions: &[Condition]) -> impl Iterator<Item = &Expr> {
    conditions
        .iter()
        .flat_map(|condition| [&condition.left, &condition.right])
}

fn sides_mut(conditions: &mut [Condition]) -> impl Iterator<Item = &mut Expr> {
    conditions
        .iter_mut()
        .flat_map(|condition| [&mut condition.left, &mut condition.right])
}

/// The expression in the words of the network language, for `read as`.
pub(crate) fn print(system: &System, expr: &Expr) -> String {
    Printer { system }.expr(expr, 0)
}

struct Printer<'a> {
    system: &'a System,
}

impl Printer<'_> {
    /// `level`: 0 sums, 1 products, 2 factors, 3 bases.
    fn expr(&self, expr: &Expr, level: u8) -> String {
        let (text, own) = self.at(expr);
        if own < level {
            format!("({text})")
        } else {
            text
        }
    }

    fn at(&self, expr: &Expr) -> (String, u8) {
        match &expr.kind {
            ExprKind::Number(value) => {
                let level = if value.is_integer() { 3 } else { 1 };
                (value.to_string(), level)
            }
            ExprKind::Pi => ("pi".into(), 3),
            ExprKind::Letter(letter) => (letter.clone(), 3),
            ExprKind::Size(size, slots) => (
                format!("{}{}", self.system.size(*size).name, self.slots(slots)),
                3,
            ),
            ExprKind::Quantity {
                family,
                slots,
                elements,
            } => (
                format!(
                    "{}{}{}",
                    self.system.family(*family).name,
                    self.slots(slots),
                    self.elements(elements)
                ),
                3,
            ),
            ExprKind::Sum(terms) => {
                let mut text = String::new();
                for (at, (minus, term)) in terms.iter().enumerate() {
                    text.push_str(match (at, minus) {
                        (0, false) => "",
                        (0, true) => "-",
                        (_, false) => " + ",
                        (_, true) => " - ",
                    });
                    text.push_str(&self.expr(term, 1));
                }
                (text, 0)
            }
            ExprKind::Product(factors) => {
                let mut text = String::new();
                for (at, (join, factor)) in factors.iter().enumerate() {
                    if at > 0 {
                        text.push_str(match join {
                            Join::Product => " ",
                            Join::Elementwise => " .* ",
                            Join::Dot => " dot ",
                            Join::Tensor | Join::Kronecker => " (x) ",
                        });
                    }
                    text.push_str(&self.expr(factor, 2));
                }
                (text, 1)
            }
            ExprKind::Quotient(above, below) => (
                format!("{} / {}", self.expr(above, 2), self.expr(below, 2)),
                1,
            ),
            ExprKind::Power(base, exponent, elementwise) => (
                format!(
                    "{}{}{}",
                    self.expr(base, 3),
                    if *elementwise { ".^" } else { "^" },
                    self.expr(exponent, 3)
                ),
                2,
            ),
            ExprKind::Transpose(inner) => (format!("{}^T", self.expr(inner, 3)), 2),
            ExprKind::Call(name, _, arguments) if name == "bars" => {
                (format!("|{}|", self.list(arguments)), 3)
            }
            ExprKind::Call(name, primes, arguments) => {
                let primes = "'".repeat(usize::from(*primes));
                (format!("{name}{primes}({})", self.list(arguments)), 3)
            }
            ExprKind::Slope(name, orders, arguments) => {
                let orders: Vec<String> = orders.iter().map(u8::to_string).collect();
                let (orders, arguments) = (orders.join(","), self.list(arguments));
                (format!("{name}^({orders})({arguments})"), 3)
            }
            ExprKind::Differential(inner, _) => (format!("d{}", self.expr(inner, 3)), 3),
            ExprKind::Elements(inner, elements) => (
                format!("{}{}", self.expr(inner, 4), self.elements(elements)),
                3,
            ),
            ExprKind::Fold {
                fold,
                binders,
                conditions,
                body,
            } => {
                let mut parts: Vec<String> = binders
                    .iter()
                    .map(|binder| match &binder.range {
                        Some((low, high)) => {
                            format!(
                                "{} in {}..{}",
                                binder.letter,
                                self.expr(low, 1),
                                self.expr(high, 0)
                            )
                        }
                        None => binder.letter.clone(),
                    })
                    .collect();
                parts.extend(self.conditions(conditions));
                let name = match fold {
                    Fold::Sum => "sum",
                    Fold::Product => "prod",
                    Fold::Max => "max",
                    Fold::Diagonal => "diag",
                };
                (
                    format!("{name}_{{{}}} {}", parts.join(", "), self.expr(body, 1)),
                    1,
                )
            }
            ExprKind::Cases(branches) if branches.is_empty() => ("undefined".into(), 3),
            ExprKind::Cases(branches) => {
                let branches: Vec<String> = branches
                    .iter()
                    .map(|(value, conditions)| match conditions {
                        Some(conditions) => {
                            format!(
                                "{} if {}",
                                self.expr(value, 0),
                                self.conditions(conditions).join(", ")
                            )
                        }
                        None => format!("{} otherwise", self.expr(value, 0)),
                    })
                    .collect();
                (format!("{{ {} }}", branches.join("; ")), 3)
            }
            ExprKind::Indicator(conditions) => {
                (format!("[{}]", self.conditions(conditions).join(", ")), 3)
            }
            ExprKind::Derivative { of, wrt, direct } => (
                format!(
                    "d{}{}/d{}",
                    self.expr(of, 3),
                    if *direct { " (direct part)" } else { "" },
                    self.expr(wrt, 3)
                ),
                2,
            ),
            ExprKind::Column(value) => (format!("ones({value})"), 3),
            ExprKind::Identity => ("eye".into(), 3),
            ExprKind::Unit(i, j) => (format!("E_{{{},{}}}", self.expr(i, 0), self.expr(j, 0)), 3),
            ExprKind::Kronecker(i, j) => {
                (format!("[{} = {}]", self.expr(i, 0), self.expr(j, 0)), 3)
            }
            ExprKind::OneHot(index) => (format!("onehot({})", self.expr(index, 0)), 3),
            ExprKind::Matrix(rows) => {
                let rows: Vec<String> = rows
                    .iter()
                    .map(|row| {
                        let cells: Vec<String> =
                            row.iter().map(|cell| self.expr(cell, 0)).collect();
                        cells.join(", ")
                    })
                    .collect();
                (format!("[{}]", rows.join("; ")), 3)
            }
            ExprKind::Named(inner) => self.at(inner),
        }
    }

    fn list(&self, exprs: &[Expr]) -> String {
        let exprs: Vec<String> = exprs.iter().map(|expr| self.expr(expr, 0)).collect();
        exprs.join(", ")
    }

    fn slots(&self, slots: &[Expr]) -> String {
        if slots.is_empty() {
            return String::new();
        }
        let slots: Vec<String> = slots.iter().map(|slot| self.expr(slot, 0)).collect();
        format!("[{}]", slots.join(","))
    }

    fn elements(&self, elements: &[Entry]) -> String {
        if elements.is_empty() {
            return String::new();
        }
        let entries: Vec<String> = elements
            .iter()
            .map(|entry| match entry {
                Entry::At(index) => self.expr(index, 0),
                Entry::All => ":".into(),
                Entry::Part(low, high) => {
                    format!("{}..{}", self.expr(low, 0), self.expr(high, 0))
                }
            })
            .collect();
        format!("_{{{}}}", entries.join(","))
    }

    fn conditions(&self, conditions: &[Condition]) -> Vec<String> {
        conditions
            .iter()
            .map(|condition| {
                let sign = match condition.relation {
                    Comparison::Less => "<",
                    Comparison::LessEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterEqual => ">=",
                    Comparison::Equal => "=",
                    Comparison::NotEqual => "!=",
                };
                format!(
                    "{} {sign} {}",
                    self.expr(&condition.left, 0),
                    self.expr(&condition.right, 0)
                )
            })
            .collect()
    }
}
