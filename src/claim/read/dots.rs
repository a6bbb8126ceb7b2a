//! What goes on as it begins: `x_1 + \dots + x_n`, `x_1 \cdots x_n`, columns with `\vdots`, and bounds that run downward.

use std::collections::BTreeMap;

use super::*;

/// An index as a sum of letters and sizes with a number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Plain {
    symbols: BTreeMap<String, i64>,
    number: i64,
}

impl Plain {
    /// An index as such a sum; none if it is something else.
    fn of(expr: &Expr) -> Option<Self> {
        let symbol = |name: String| Plain {
            symbols: BTreeMap::from([(name, 1)]),
            number: 0,
        };
        match &expr.kind {
            ExprKind::Number(value) if value.is_integer() => Some(Plain {
                number: i64::try_from(value.to_integer()).ok()?,
                ..Plain::default()
            }),
            ExprKind::Letter(letter) => Some(symbol(letter.clone())),
            ExprKind::Size(size, slots) if slots.is_empty() => {
                Some(symbol(format!("size {}", size.0)))
            }
            ExprKind::Named(inner) => Plain::of(inner),
            ExprKind::Sum(terms) => {
                terms
                    .iter()
                    .try_fold(Plain::default(), |sum, (minus, term)| {
                        let factor = if *minus { -1 } else { 1 };
                        Some(sum.plus(&Plain::of(term)?, factor))
                    })
            }
            _ => None,
        }
    }

    /// With so many times another one.
    fn plus(mut self, other: &Self, factor: i64) -> Self {
        for (symbol, count) in &other.symbols {
            *self.symbols.entry(symbol.clone()).or_default() += factor * count;
        }
        self.symbols.retain(|_, count| *count != 0);
        self.number += factor * other.number;
        self
    }

    /// Without another one.
    fn minus(&self, other: &Self) -> Self {
        self.clone().plus(other, -1)
    }

    /// Whether a size of the network is in it.
    fn has_size(&self) -> bool {
        self.symbols
            .keys()
            .any(|symbol| symbol.starts_with("size "))
    }
}

/// Whether bounds are meant from the greater to the smaller one, `t = T` below and `2` above: a size is followed by a number or a
/// letter. A sum from `k + 1` to `2` may well have no summands.
pub(super) fn runs_down(first: &Expr, last: &Expr) -> bool {
    let (Some(first), Some(last)) = (Plain::of(first), Plain::of(last)) else {
        return false;
    };
    first.has_size() && first.symbols.len() == 1 && !last.has_size()
}

/// An expression with something else in the place of everything directly below it.
fn shell(expr: &Expr) -> ExprKind {
    let mut shell = expr.clone();
    for child in shell.children_mut() {
        *child = Expr::new(ExprKind::Pi, Span::default());
    }
    shell.kind
}

/// The letter in the place of the index at which two expressions differ for the `at`-th time.
fn placeholder(at: usize) -> String {
    format!("index {at}")
}

/// What two expressions have in common, with placeholders where an index differs, which are collected.
fn common(first: &Expr, last: &Expr, differ: &mut Vec<(Expr, Expr)>) -> Option<Expr> {
    let here = |expr: &Expr| expr.clone().moved(Span::default()).kind;
    if here(first) == here(last) {
        return Some(first.clone());
    }
    if Plain::of(first).and(Plain::of(last)).is_some() {
        let letter = ExprKind::Letter(placeholder(differ.len()));
        differ.push((first.clone(), last.clone()));
        return Some(Expr::new(letter, first.span));
    }
    let (mine, others) = (first.children(), last.children());
    if shell(first) != shell(last) || mine.len() != others.len() || mine.is_empty() {
        return None;
    }
    let parts: Option<Vec<Expr>> = mine
        .into_iter()
        .zip(others)
        .map(|(mine, other)| common(mine, other, differ))
        .collect();
    let mut same = first.clone();
    for (child, part) in same.children_mut().into_iter().zip(parts?) {
        *child = part;
    }
    Some(same)
}

/// What is said of all values of a letter between a first and a last one.
struct Run {
    body: Expr,
    letter: String,
    first: Expr,
    last: Expr,
    /// What the letter stands for grows.
    upward: bool,
}

impl Run {
    /// What goes on from one expression to another; none if they differ in more than one index that counts.
    fn of(first: &Expr, last: &Expr, taken: &[String]) -> Option<Run> {
        let mut differ = Vec::new();
        let body = common(first, last, &mut differ)?;
        let (from, to) = differ.first()?.clone();
        let (start, end) = (Plain::of(&from)?, Plain::of(&to)?);
        let mut known = taken.to_vec();
        known.extend(first.free_letters());
        known.extend(last.free_letters());
        let mut letters = ('i'..='z').chain('a'..='h').map(String::from);
        let letter = letters.find(|letter| !known.contains(letter))?;
        let mut values = Vec::new();
        for (at, (one, other)) in differ.iter().enumerate() {
            let shift = Plain::of(one)?.minus(&start);
            if shift != Plain::of(other)?.minus(&end) || !shift.symbols.is_empty() {
                return None;
            }
            values.push((placeholder(at), shifted(&letter, shift.number, one.span)));
        }
        let upward = {
            let between = end.minus(&start);
            if between.symbols.is_empty() {
                between.number > 0
            } else if runs_down(&from, &to) {
                false
            } else {
                runs_down(&to, &from).then_some(true)?
            }
        };
        let body = body.with_letters(&values);
        Some(Run {
            body,
            letter,
            first: from,
            last: to,
            upward,
        })
    }

    /// What is said of the value that is so many steps behind the first.
    fn at(&self, steps: i64) -> Option<Expr> {
        let step = if self.upward { steps } else { -steps };
        let start = Plain::of(&self.first)?;
        let value = match start.symbols.is_empty() {
            true => whole(start.number + step, self.first.span),
            false => Expr::new(
                ExprKind::Sum(vec![
                    (false, self.first.clone()),
                    (false, whole(step, self.first.span)),
                ]),
                self.first.span,
            ),
        };
        Some(self.body.with_letters(&[(self.letter.clone(), value)]))
    }

    /// All of it; the order counts in a product.
    fn folded(self, fold: Fold, span: Span) -> Expr {
        let Run {
            mut body,
            letter,
            first,
            last,
            upward,
        } = self;
        if !upward && fold != Fold::Sum {
            let own = Expr::new(ExprKind::Letter(letter.clone()), span);
            let terms = vec![(false, first.clone()), (false, last.clone()), (true, own)];
            body = body.with_letters(&[(letter.clone(), Expr::new(ExprKind::Sum(terms), span))]);
        }
        let range = if upward { (first, last) } else { (last, first) };
        let kind = ExprKind::Fold {
            fold,
            binders: vec![Binder {
                letter,
                range: Some(range),
            }],
            conditions: Vec::new(),
            body: Box::new(body),
        };
        Expr::new(kind, span)
    }
}

/// A whole number.
fn whole(value: i64, span: Span) -> Expr {
    Expr::new(
        ExprKind::Number(BigRational::from_integer(value.into())),
        span,
    )
}

/// `i`, `i - 1`
fn shifted(letter: &str, by: i64, span: Span) -> Expr {
    let letter = Expr::new(ExprKind::Letter(letter.to_owned()), span);
    match by {
        0 => letter,
        _ => Expr::new(
            ExprKind::Sum(vec![(false, letter), (by < 0, whole(by.abs(), span))]),
            span,
        ),
    }
}

/// Whether two expressions are the same, their indices simplified.
fn is_same(one: &Expr, other: &Expr) -> bool {
    let mut differ = Vec::new();
    common(one, other, &mut differ).is_some()
        && differ
            .iter()
            .all(|(one, other)| Plain::of(one) == Plain::of(other))
}

/// Whether a bracket holds a list with dots: `(p_1, \ldots, p_n)`.
pub(super) fn are_listed(inside: &[Noad]) -> bool {
    let parts: Vec<&[Noad]> = inside.split(|noad| noad.is_sign(",")).collect();
    parts.len() > 2 && parts.iter().any(|part| is_left_out(part))
}

/// Whether rows are a column or a row with dots.
pub(super) fn are_rows(rows: &[Vec<List>]) -> bool {
    let column = rows.iter().all(|row| row.len() == 1);
    (column || rows.len() == 1) && rows.iter().flatten().any(|cell| is_left_out(cell))
}

/// Whether dots alone stand somewhere.
fn is_left_out(part: &[Noad]) -> bool {
    matches!(part, [only] if is_dots(only))
}

/// What is left out cannot be told from what is there.
fn unclear(span: Span) -> Report {
    error(
        "dots",
        "how this goes on is not clear: write a sum, a product or a column with an index",
        span,
    )
}

impl Reader<'_, '_> {
    /// What goes on from one of these to another, and how many of them belong to it. The first that is of the same form
    /// begins it, and all behind that one follow step by step.
    fn going_on(&self, before: &[&Expr], last: &Expr, span: Span) -> Result<(Run, usize), Report> {
        let mut taken = self.bound.clone();
        taken.extend(self.left.iter().cloned());
        let begins = |start: usize| Some((Run::of(before[start], last, &taken)?, start));
        let (run, start) = (0..before.len())
            .find_map(begins)
            .ok_or_else(|| unclear(span))?;
        let follows =
            |(term, steps): (&&Expr, i64)| run.at(steps).is_some_and(|own| is_same(&own, term));
        if !before[start + 1..].iter().zip(1..).all(follows) {
            return Err(unclear(span));
        }
        Ok((run, before.len() - start))
    }

    /// The dots of a sum and its last term, with the terms in front of them.
    pub(super) fn sum_with_dots(
        &mut self,
        terms: &mut Vec<(bool, Expr)>,
        minus: bool,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Report> {
        let dots = cursor.place();
        cursor.at += 1;
        if cursor.sign() != Some(if minus { "-" } else { "+" }) {
            return Err(unclear(dots));
        }
        cursor.at += 1;
        let last = self.product(cursor)?;
        let same = terms
            .iter()
            .rev()
            .take_while(|(sign, _)| *sign == minus)
            .count();
        let before: Vec<&Expr> = terms[terms.len() - same..]
            .iter()
            .map(|(_, term)| term)
            .collect();
        let (run, count) = self.going_on(&before, &last, dots)?;
        terms.truncate(terms.len() - count);
        let span = run.body.span.to(last.span);
        terms.push((minus, run.folded(Fold::Sum, span)));
        Ok(())
    }

    /// The dots of a product and its last factor, with the factors in front of them.
    pub(super) fn product_with_dots(
        &mut self,
        factors: &mut Vec<(Join, Expr)>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Report> {
        let dots = cursor.place();
        cursor.at += 1;
        let sign = cursor.peek().and_then(|noad| self.join_of(noad));
        cursor.at += usize::from(sign.is_some());
        if sign.is_some_and(|sign| sign != Join::Product) {
            return Err(unclear(dots));
        }
        let last = self.factor(cursor)?;
        let before: Vec<&Expr> = factors.iter().map(|(_, factor)| factor).collect();
        let (run, count) = self.going_on(&before, &last, dots)?;
        let start = factors.len() - count;
        if factors[start + 1..]
            .iter()
            .any(|(join, _)| *join != Join::Product)
        {
            return Err(unclear(dots));
        }
        let join = factors[start].0;
        factors.truncate(start);
        let span = run.body.span.to(last.span);
        factors.push((join, run.folded(Fold::Product, span)));
        Ok(())
    }

    /// A column of which some entries are left out.
    pub(super) fn column_with_dots(
        &mut self,
        entries: &[&[Noad]],
        span: Span,
    ) -> Result<Expr, Report> {
        let (Some(at), Some((last, _))) = (
            entries.iter().position(|entry| is_left_out(entry)),
            entries.split_last(),
        ) else {
            return Err(unclear(span));
        };
        if at == 0 || at + 2 != entries.len() {
            return Err(unclear(span));
        }
        let before: Result<Vec<Expr>, Report> = entries[..at]
            .iter()
            .map(|entry| self.whole(entry))
            .collect();
        let before = before?;
        let last = self.whole(last)?;
        let known: Vec<&Expr> = before.iter().collect();
        let (run, count) = self.going_on(&known, &last, span)?;
        if count != before.len() {
            return Err(unclear(span));
        }
        let matrix = run.folded(Fold::Diagonal, span);
        let diagonal = ExprKind::Call("diagonal".into(), 0, vec![matrix]);
        Ok(Expr::new(diagonal, span))
    }
}
