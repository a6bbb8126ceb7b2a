//! From noads to expressions: every symbol is looked up, every script gets its role, in a fixed order.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

use super::names::{Found, Meaning, Names, text_of};
use super::noad::{Kind, List, Noad, Table, span_of};
use super::tree::{Binder, Condition, Entry, Expr, ExprKind, Fold, Join, Relation};
use crate::source::{Diagnostic, Report, Span};
use crate::term::FamilyId;

/// How signs are read in this claim.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signs {
    /// Product signs with a meaning of their own, by their command or character.
    pub(crate) joins: Vec<(String, Join)>,
    /// `'` behind what is not a function is a transpose.
    pub(crate) prime_transposes: bool,
    /// Where d and ∂ fractions stand in one formula, ∂ is the direct part.
    pub(crate) partial_is_direct: bool,
    /// Letters that a sum without an index runs over.
    pub(crate) sum_over: Option<String>,
}

/// An index: the text of a script.
pub(crate) fn index(names: &Names<'_>, list: &[Noad]) -> Result<Expr, Report> {
    let signs = Signs::default();
    let mut reader = Reader::new(names, &signs);
    reader.in_index = true;
    reader.whole(list)
}

/// The reader of one formula.
pub(crate) struct Reader<'n, 'a> {
    names: &'n Names<'a>,
    signs: &'n Signs,
    in_index: bool,
    bound: Vec<String>,
    /// Loose habits that were read all the same.
    pub(crate) notes: Vec<String>,
    /// Letters that stood as numbers and were not bound: they must be indices somewhere.
    loose: Vec<(String, Span)>,
}

fn error(code: &'static str, message: impl Into<String>, span: Span) -> Report {
    Diagnostic::error(code, message, span, "").into()
}

/// The noads that are still to be read.
struct Cursor<'l> {
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
            notes: Vec::new(),
            loose: Vec::new(),
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
        list.split(|noad| noad.is_sign("="))
            .map(|member| {
                if member.is_empty() {
                    let span = span_of(list).unwrap_or_default();
                    return Err(error(
                        "missing-side",
                        "one side of the equation is missing",
                        span,
                    ));
                }
                self.whole(member)
            })
            .collect()
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
        Ok(())
    }

    fn sum(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
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
            let term = self.product(cursor)?;
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

    fn join_of(&self, noad: &Noad) -> Option<Join> {
        let name = match &noad.kind {
            Kind::Sign("*") => "*",
            Kind::Command(name) => name.as_str(),
            _ => return None,
        };
        if let Some((_, join)) = self.signs.joins.iter().find(|(sign, _)| sign == name) {
            return Some(*join);
        }
        match name {
            "*" | "cdot" | "times" | "bullet" | "ast" => Some(Join::Product),
            "odot" | "circ" => Some(Join::Elementwise),
            _ => None,
        }
    }

    fn product(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
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
            match cursor.peek().map(|noad| &noad.kind) {
                None
                | Some(Kind::Sign(
                    "+" | "-" | "=" | "<" | ">" | "<=" | ">=" | "!=" | "," | ";" | ":" | "\\\\"
                    | "&" | ".",
                )) if !factors.is_empty() || cursor.peek().is_none() => {
                    let joined = over || operator.is_some_and(|noad| self.join_of(noad).is_some());
                    if factors.is_empty() || joined {
                        return Err(error(
                            "dangling-operator",
                            "nothing stands where a factor is expected",
                            cursor.place(),
                        ));
                    }
                    break;
                }
                _ => {}
            }
            let factor = self.factor(cursor)?;
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
        let span = start.to(factors.last().map_or(start, |(_, factor)| factor.span));
        Ok(match factors.len() {
            1 => factors.remove(0).1,
            _ => Expr::new(ExprKind::Product(factors), span),
        })
    }

    /// One factor; sums, products and operators take what follows them.
    fn factor(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let noad = cursor.peek().ok_or_else(|| {
            error(
                "dangling-operator",
                "nothing stands where a factor is expected",
                cursor.end,
            )
        })?;
        if let Some(found) = self.names.find(cursor.rest()) {
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
            Kind::Word(word) if word == "max" && noad.sub.is_some() => {
                return self.fold(Fold::Max, cursor);
            }
            Kind::Command(name) if name == "nabla" => return self.nabla(cursor),
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

    fn symbol(&mut self, noad: &Noad, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let span = noad.span;
        match &noad.kind {
            Kind::Number(digits) => {
                if digits == "1"
                    && let Some(sub) = &noad.sub
                    && sub.iter().any(is_comparison)
                {
                    cursor.at += 1;
                    return self.indicator(sub, span);
                }
                cursor.at += 1;
                let value = number(digits, span)?;
                self.attached(Expr::new(ExprKind::Number(value), span), noad, false)
            }
            Kind::One => self.one(noad, cursor),
            Kind::Fence(open, inside) => {
                cursor.at += 1;
                let base = match open {
                    '|' => Expr::new(
                        ExprKind::Call("abs".into(), 0, vec![self.whole(inside)?]),
                        span,
                    ),
                    '‖' => return self.norm(noad, inside),
                    _ if open == &'[' && inside.iter().any(is_comparison) => {
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
            Kind::Command(name) if name == "delta" && self.pair(noad).is_some() => {
                cursor.at += 1;
                let (i, j) = self.pair(noad).expect("just seen");
                let (i, j) = (self.index_of(&i)?, self.index_of(&j)?);
                Ok(Expr::new(
                    ExprKind::Kronecker(Box::new(i), Box::new(j)),
                    span,
                ))
            }
            Kind::Letter('E') if self.pair(noad).is_some() => {
                cursor.at += 1;
                let (i, j) = self.pair(noad).expect("just seen");
                let (i, j) = (self.index_of(&i)?, self.index_of(&j)?);
                Ok(Expr::new(ExprKind::Unit(Box::new(i), Box::new(j)), span))
            }
            Kind::Letter('I') if !self.in_index && noad.primes == 0 => {
                cursor.at += 1;
                let base = Noad {
                    sub: None,
                    ..noad.clone()
                };
                self.attached(Expr::new(ExprKind::Identity, span), &base, true)
            }
            Kind::Letter('e') if noad.sup.is_some() && noad.sub.is_none() => {
                cursor.at += 1;
                let exponent = self.whole(noad.sup.as_deref().expect("just seen"))?;
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
                    && matches!(found.meaning, Meaning::Quantity(_))
                {
                    cursor.at += 1;
                    let of = self.plain_family(loss, span);
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
            Kind::Fraction(..) => unreachable!("fractions are read by `factor`"),
        }
    }

    /// An index letter.
    fn letter(&mut self, noad: &Noad, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let span = noad.span;
        let name = match &noad.kind {
            Kind::Letter(letter) => letter.to_string(),
            Kind::Command(name) if name == "ell" => "l".to_owned(),
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

    /// The two indices of `E_{ij}`, `\delta_{i,j}`.
    fn pair(&self, noad: &Noad) -> Option<(List, List)> {
        if noad.sup.is_some() || noad.primes > 0 {
            return None;
        }
        let parts = split_entries(noad.sub.as_deref()?, 2)?;
        let [i, j] = parts.as_slice() else {
            return None;
        };
        Some((i.clone(), j.clone()))
    }

    fn inside(&mut self, list: &[Noad], span: Span) -> Result<Expr, Report> {
        if list.is_empty() {
            return Err(error(
                "empty-brackets",
                "nothing stands between these brackets",
                span,
            ));
        }
        self.whole(list)
    }

    fn index_of(&mut self, list: &[Noad]) -> Result<Expr, Report> {
        let before = std::mem::replace(&mut self.in_index, true);
        let result = self.whole(list);
        self.in_index = before;
        result
    }

    fn one(&mut self, noad: &Noad, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let span = noad.span;
        cursor.at += 1;
        if let Some(sub) = &noad.sub {
            if sub.iter().any(is_comparison) {
                return self.indicator(sub, span);
            }
            let index = self.index_of(sub)?;
            let base = Expr::new(ExprKind::OneHot(Box::new(index)), span);
            let rest = Noad {
                sub: None,
                ..noad.clone()
            };
            return self.attached(base, &rest, true);
        }
        if let Some(next) = cursor.peek()
            && let Kind::Fence(_, inside) = &next.kind
            && inside.iter().any(is_comparison)
        {
            cursor.at += 1;
            return self.indicator(inside, span.to(next.span));
        }
        self.attached(Expr::new(ExprKind::Column(1), span), noad, true)
    }

    fn indicator(&mut self, list: &[Noad], span: Span) -> Result<Expr, Report> {
        let conditions = self.conditions(list)?;
        Ok(Expr::new(ExprKind::Indicator(conditions), span))
    }

    fn norm(&mut self, noad: &Noad, inside: &[Noad]) -> Result<Expr, Report> {
        let inner = self.inside(inside, noad.span)?;
        if let Some(sub) = &noad.sub {
            match text_of(sub).as_deref() {
                Some("2" | "F") => {}
                _ => {
                    return Err(error(
                        "unsupported",
                        "only the 2-norm and Frobenius' norm can be read",
                        noad.span,
                    ));
                }
            }
        }
        let norm = Expr::new(ExprKind::Call("norm".into(), 0, vec![inner]), noad.span);
        let rest = Noad {
            sub: None,
            ..noad.clone()
        };
        self.attached(norm, &rest, true)
    }

    fn conditions(&mut self, list: &[Noad]) -> Result<Vec<Condition>, Report> {
        let mut conditions = Vec::new();
        for part in list.split(|noad| noad.is_sign(",")) {
            let mut sides = Vec::new();
            let mut relations = Vec::new();
            let mut start = 0;
            for (at, noad) in part.iter().enumerate() {
                if let Some(relation) = relation_of(noad) {
                    sides.push(self.whole(&part[start..at])?);
                    relations.push(relation);
                    start = at + 1;
                }
            }
            sides.push(self.whole(&part[start..])?);
            if relations.is_empty() {
                let span = span_of(list).unwrap_or_default();
                return Err(error(
                    "missing-comparison",
                    "a condition compares two values",
                    span,
                ));
            }
            for (at, relation) in relations.into_iter().enumerate() {
                conditions.push(Condition {
                    left: sides[at].clone(),
                    relation,
                    right: sides[at + 1].clone(),
                });
            }
        }
        Ok(conditions)
    }

    fn cases(&mut self, rows: &[Vec<List>], span: Span) -> Result<Expr, Report> {
        let mut branches = Vec::new();
        for row in rows {
            let [value, rest @ ..] = row.as_slice() else {
                continue;
            };
            let value = trimmed(value);
            let value = self.whole(value)?;
            let condition: List = rest
                .iter()
                .flatten()
                .filter(|noad| {
                    !matches!(&noad.kind, Kind::Word(word) if matches!(word.trim_end_matches(','), "if" | "for" | "when" | ""))
                })
                .cloned()
                .collect();
            let condition = trimmed(&condition);
            let otherwise = matches!(condition, [only] if matches!(&only.kind,
                Kind::Word(word) if matches!(word.as_str(), "otherwise" | "else" | "otherwise.")));
            if condition.is_empty() && rest.is_empty() {
                return Err(error("missing-condition", "a case has no condition", span));
            }
            let condition = if otherwise || condition.is_empty() {
                None
            } else {
                Some(self.conditions(condition)?)
            };
            branches.push((value, condition));
        }
        if branches.is_empty() {
            return Err(error("missing-condition", "there are no cases", span));
        }
        Ok(Expr::new(ExprKind::Cases(branches), span))
    }

    /// Σ, Π or max with what it binds, over the following product.
    fn fold(&mut self, fold: Fold, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let noad = cursor.peek().expect("a sum sign");
        let span = noad.span;
        cursor.at += 1;
        let mut binders: Vec<Binder> = Vec::new();
        let mut conditions = Vec::new();
        match (&noad.sub, &noad.sup) {
            (None, None) => match &self.signs.sum_over {
                Some(letter) => binders.push(Binder {
                    letter: letter.clone(),
                    range: None,
                }),
                None => {
                    return Err(error(
                        "sum-without-index",
                        r"the sum has no index; write `\sum_j`, or `% read: \sum over j` in the header",
                        span,
                    ));
                }
            },
            (Some(sub), high) => {
                let sub: List = sub
                    .iter()
                    .filter(|noad| !noad.is_command("forall"))
                    .cloned()
                    .collect();
                self.binders(&sub, high.as_deref(), &mut binders, &mut conditions, span)?;
            }
            (None, Some(_)) => {
                return Err(error("sum-without-index", "the sum has no index", span));
            }
        }
        let count = self.bound.len();
        self.bound
            .extend(binders.iter().map(|binder| binder.letter.clone()));
        let body = self.product(cursor);
        self.bound.truncate(count);
        let body = body?;
        let whole = span.to(body.span);
        Ok(Expr::new(
            ExprKind::Fold {
                fold,
                binders,
                conditions,
                body: Box::new(body),
            },
            whole,
        ))
    }

    fn binders(
        &mut self,
        sub: &[Noad],
        high: Option<&[Noad]>,
        binders: &mut Vec<Binder>,
        conditions: &mut Vec<Condition>,
        span: Span,
    ) -> Result<(), Report> {
        for part in sub.split(|noad| noad.is_sign(",")) {
            let comparison = part.iter().position(is_comparison);
            match comparison {
                None => {
                    // `\sum_{ij}`: each letter.
                    for noad in part {
                        let letter = letter_name(noad).ok_or_else(|| {
                            error("sum-index", "a sum runs over letters", noad.span)
                        })?;
                        binders.push(Binder {
                            letter,
                            range: None,
                        });
                    }
                }
                Some(at)
                    if part[at].is_sign("=")
                        && at == 1
                        && letter_name(&part[0]).is_some()
                        && part.len() > 2 =>
                {
                    let letter = letter_name(&part[0]).expect("just seen");
                    let low = self.index_of(&part[2..])?;
                    let high =
                        high.ok_or_else(|| error("sum-range", "the sum has no last value", span))?;
                    let high = self.index_of(high)?;
                    binders.push(Binder {
                        letter,
                        range: Some((low, high)),
                    });
                }
                Some(_) => {
                    // `j \neq i`, `i < j`: the first letter that is not bound yet.
                    let free = part.iter().filter_map(letter_name).find(|letter| {
                        !self.bound.contains(letter)
                            && binders.iter().all(|binder| binder.letter != *letter)
                    });
                    if let Some(letter) = free
                        && binders.is_empty()
                    {
                        binders.push(Binder {
                            letter,
                            range: None,
                        });
                    }
                    let before = std::mem::replace(&mut self.in_index, true);
                    let found = self.conditions(part);
                    self.in_index = before;
                    conditions.extend(found?);
                }
            }
        }
        if binders.is_empty() {
            return Err(error("sum-index", "the sum binds no letter", span));
        }
        Ok(())
    }

    /// `\nabla_w L`
    fn nabla(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let noad = cursor.peek().expect("a nabla");
        let span = noad.span;
        let sub = noad
            .sub
            .clone()
            .ok_or_else(|| error("nabla-without-index", r"by what? write `\nabla_w`", span))?;
        cursor.at += 1;
        let wrt = self.value_of(&sub)?;
        let of = self.differentiated(cursor)?;
        let whole = span.to(of.span);
        Ok(Expr::new(
            ExprKind::Derivative {
                of: Box::new(of),
                wrt: Box::new(wrt),
                direct: false,
            },
            whole,
        ))
    }

    /// A list that names a quantity, wherever it stands.
    fn value_of(&mut self, list: &[Noad]) -> Result<Expr, Report> {
        let before = std::mem::replace(&mut self.in_index, false);
        let result = self.whole(list);
        self.in_index = before;
        result
    }

    /// One factor that is differentiated; its arguments in brackets, `J(\theta)`, say nothing new.
    fn differentiated(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let of = self.factor(cursor)?;
        if matches!(of.plain().kind, ExprKind::Quantity { .. })
            && let Some(next) = cursor.peek()
            && matches!(next.kind, Kind::Fence('(', _))
        {
            cursor.at += 1;
        }
        Ok(of)
    }

    /// The derivative that a fraction is, if it is one.
    fn derivative(
        &mut self,
        noad: &Noad,
        above: &[Noad],
        below: &[Noad],
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<Expr>, Report> {
        let Some((upper, first)) = self.differential(above) else {
            return Ok(None);
        };
        let span = noad.span;
        let (partial, wrt) = match self.differential(below) {
            Some((rest, sign)) if !rest.is_empty() => (sign == '∂' || first == '∂', rest.to_vec()),
            _ => {
                // `\frac{dC}{w_1}`: only where the numerator is the loss and the denominator one name.
                let of = self.names.find(upper);
                let is_loss = of.as_ref().is_some_and(|found| {
                    found.length == upper.len()
                        && match &found.meaning {
                            Meaning::Quantity(family) => Some(*family) == self.names.system.loss,
                            Meaning::Spelled(value) => {
                                matches!(value.plain().kind, ExprKind::Quantity { family, .. } if Some(family) == self.names.system.loss)
                            }
                            _ => false,
                        }
                });
                let one_name = self.names.find(below).is_some_and(|found| {
                    found.length == below.len()
                        && matches!(found.meaning, Meaning::Quantity(_) | Meaning::Spelled(_))
                });
                if !(is_loss && one_name)
                    || self
                        .names
                        .find(above)
                        .is_some_and(|found| found.length == above.len())
                {
                    return Ok(None);
                }
                self.notes.push(
                    "the second d of the derivative is missing; read as if it stood there".into(),
                );
                (first == '∂', below.to_vec())
            }
        };
        if upper
            .first()
            .is_some_and(|noad| matches!(noad.kind, Kind::Number(_)))
        {
            return Err(error(
                "unsupported",
                "second derivatives cannot be judged",
                span,
            ));
        }
        let wrt = self.value_of(&wrt)?;
        cursor.at += 1;
        let direct = partial && self.signs.partial_is_direct;
        let of = if upper.is_empty() {
            // `\frac{d}{dx} E`: the following product.
            self.product(cursor)?
        } else {
            let mut inner = Cursor::new(upper);
            let of = self.differentiated(&mut inner)?;
            if let Some(noad) = inner.peek() {
                return Err(error("unexpected", "this does not belong here", noad.span));
            }
            of
        };
        let whole = if upper.is_empty() {
            span.to(of.span)
        } else {
            span
        };
        let derivative = Expr::new(
            ExprKind::Derivative {
                of: Box::new(of),
                wrt: Box::new(wrt),
                direct,
            },
            whole,
        );
        self.attached(derivative, noad, true).map(Some)
    }

    /// What stands behind the d or ∂ at the beginning.
    fn differential<'l>(&self, list: &'l [Noad]) -> Option<(&'l [Noad], char)> {
        let first = list.first()?;
        let sign = match &first.kind {
            Kind::Command(name) if name == "partial" => '∂',
            Kind::Letter('d') => 'd',
            _ => return None,
        };
        if !first.is_bare() || (sign == 'd' && list.len() == 1 && self.names.find(list).is_some()) {
            return (sign == '∂' && first.sup.is_some())
                .then_some((&list[..0], '2'))
                .filter(|_| false);
        }
        Some((&list[1..], sign))
    }

    fn plain_family(&self, family: FamilyId, span: Span) -> Expr {
        Expr::new(
            ExprKind::Quantity {
                family,
                slots: Vec::new(),
                elements: Vec::new(),
            },
            span,
        )
    }

    /// A name that was found, with what follows it.
    fn named(&mut self, found: Found, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let length = found.length;
        let span = cursor.list[cursor.at]
            .span
            .to(cursor.list[cursor.at + length - 1].span);
        // Σ letters shadow what the network calls by the same letter.
        if length == 1
            && let Some(letter) = letter_name(&cursor.list[cursor.at].bare())
            && self.bound.contains(&letter)
            && !matches!(found.meaning, Meaning::Spelled(_))
        {
            let noad = cursor.list[cursor.at].clone();
            return self.letter(&noad, cursor);
        }
        match &found.meaning {
            Meaning::Function(name) => {
                let name = name.clone();
                cursor.at += length;
                self.call(&name, &found.rest, span, cursor)
            }
            Meaning::Quantity(family) if self.in_index && self.names.is_real_quantity(*family) => {
                let noad = cursor.list[cursor.at].clone();
                self.letter(&noad, cursor)
            }
            Meaning::Quantity(_) | Meaning::Size(_) | Meaning::Spelled(_) => {
                let (base, rest) = self.reference(found, cursor)?;
                cursor.at += length;
                self.attached(base, &rest, true)
            }
        }
    }

    /// A quantity with its slots and elements; what is left of its scripts is returned.
    fn reference(&mut self, found: Found, cursor: &Cursor<'_>) -> Result<(Expr, Noad), Report> {
        let length = found.length;
        let span = cursor.list[cursor.at]
            .span
            .to(cursor.list[cursor.at + length - 1].span);
        let mut rest = found.rest;
        match found.meaning {
            Meaning::Spelled(value) => {
                // A function as a spelling (`f = sigmoid`) is a call.
                Ok((value, rest))
            }
            Meaning::Size(size) => {
                let slots = self.slots(self.names.system.size(size).slots, &mut rest, span)?;
                Ok((Expr::new(ExprKind::Size(size, slots), span), rest))
            }
            Meaning::Quantity(family) => {
                let known = self.names.system.family(family);
                let slots = self.slots(known.slots, &mut rest, span)?;
                let elements = self.elements(known.axes, &mut rest, span)?;
                Ok((
                    Expr::new(
                        ExprKind::Quantity {
                            family,
                            slots,
                            elements,
                        },
                        span,
                    ),
                    rest,
                ))
            }
            Meaning::Function(_) => unreachable!("functions are calls"),
        }
    }

    /// Slots from the superscript, or where there is none from the subscript.
    fn slots(&mut self, count: usize, rest: &mut Noad, span: Span) -> Result<Vec<Expr>, Report> {
        let mut slots = Vec::new();
        while slots.len() < count {
            let from_sup = rest.sup.as_ref().is_some_and(|sup| !is_transpose(sup));
            let script = if from_sup {
                &mut rest.sup
            } else {
                &mut rest.sub
            };
            let Some(list) = script.take() else {
                return Err(error(
                    "missing-slot",
                    "the layer or time step of this quantity is not named",
                    span,
                ));
            };
            let (taken, left): (List, List) = match list.first() {
                Some(first)
                    if matches!(first.kind, Kind::Fence('(' | '[', _)) && first.is_bare() =>
                {
                    let Kind::Fence(_, inside) = &first.kind else {
                        unreachable!("just matched")
                    };
                    (inside.clone(), list[1..].to_vec())
                }
                // `W^{3T}`
                Some(_) if list.len() > 1 && is_transpose(&list[list.len() - 1..]) => (
                    list[..list.len() - 1].to_vec(),
                    list[list.len() - 1..].to_vec(),
                ),
                _ => (list.clone(), List::new()),
            };
            let wanted = count - slots.len();
            let mut parts: Vec<List> = taken
                .split(|noad| noad.is_sign(","))
                .map(<[Noad]>::to_vec)
                .collect();
            let mut left = left;
            if parts.len() > wanted {
                // `h_{t,i}`: the slot first, elements behind it.
                let behind = parts.split_off(wanted);
                for (at, part) in behind.into_iter().enumerate() {
                    if at > 0 {
                        left.push(comma(span));
                    }
                    left.extend(part);
                }
            }
            for part in parts {
                slots.push(self.index_of(&part)?);
            }
            if !left.is_empty() {
                *script = Some(left);
            }
        }
        Ok(slots)
    }

    /// Elements from the subscript, or as a pair from the superscript (`A^{ij}`).
    fn elements(&mut self, axes: usize, rest: &mut Noad, span: Span) -> Result<Vec<Entry>, Report> {
        if axes == 0 {
            return Ok(Vec::new());
        }
        if let Some(sub) = &rest.sub {
            let parts = split_entries(sub, axes).ok_or_else(|| {
                error(
                    "element-count",
                    format!("{axes} element indices are expected here"),
                    span,
                )
            })?;
            let entries = self.entries(&parts)?;
            rest.sub = None;
            return Ok(entries);
        }
        if axes >= 2
            && let Some(sup) = &rest.sup
            && !is_transpose(sup)
            && let Some(parts) = split_entries(sup, axes)
            && parts.len() == axes
            && parts
                .iter()
                .flatten()
                .all(|noad| letter_name(noad).is_some())
        {
            let entries = self.entries(&parts)?;
            rest.sup = None;
            return Ok(entries);
        }
        Ok(Vec::new())
    }

    fn entries(&mut self, parts: &[List]) -> Result<Vec<Entry>, Report> {
        parts
            .iter()
            .map(|part| match part.as_slice() {
                [only] if only.is_sign(":") => Ok(Entry::All),
                _ => self.index_of(part).map(Entry::At),
            })
            .collect()
    }

    /// A function with its argument.
    fn call(
        &mut self,
        name: &str,
        scripts: &Noad,
        span: Span,
        cursor: &mut Cursor<'_>,
    ) -> Result<Expr, Report> {
        let mut scripts = scripts.clone();
        let primes = std::mem::take(&mut scripts.primes);
        if scripts.sub.is_some() {
            return Err(error(
                "unknown-symbol",
                "a function with an index is not defined",
                span,
            ));
        }
        let argument = match cursor.peek() {
            Some(next) if matches!(next.kind, Kind::Fence('(' | '[' | '{', _)) => {
                let Kind::Fence(_, inside) = &next.kind else {
                    unreachable!("just matched")
                };
                cursor.at += 1;
                let parts: Vec<&[Noad]> = inside.split(|noad| noad.is_sign(",")).collect();
                let mut arguments = Vec::new();
                for part in parts {
                    if let [only] = part
                        && matches!(&only.kind, Kind::Word(word) if matches!(word.as_str(), "rows" | "columns" | "all"))
                    {
                        arguments.push(Expr::new(
                            ExprKind::Letter(text_of(part).expect("a word")),
                            only.span,
                        ));
                        continue;
                    }
                    arguments.push(self.inside(part, next.span)?);
                }
                let whole = span.to(next.span);
                let outer = Noad {
                    span: whole,
                    ..next.clone()
                };
                let call = self.known_call(name, primes, arguments, whole)?;
                let call = self.attached(call, &scripts, true)?;
                return self.attached(call, &outer, true);
            }
            Some(_) => self.run(cursor, span)?,
            None => {
                return Err(error(
                    "function-without-argument",
                    format!("`{name}` has no argument"),
                    span,
                ));
            }
        };
        self.notes.push(format!(
            "`{name}` without brackets takes the factors up to the next bracket"
        ));
        let whole = span.to(argument.span);
        let call = self.known_call(name, primes, vec![argument], whole)?;
        self.attached(call, &scripts, true)
    }

    fn known_call(
        &self,
        name: &str,
        primes: u8,
        arguments: Vec<Expr>,
        span: Span,
    ) -> Result<Expr, Report> {
        let count = arguments.len();
        let fits = match name {
            "max" | "min" => count == 2 || count == 1,
            "softmax" | "sum" | "mean" | "norm" => count == 1 || count == 2,
            "ones" => count == 1 || count == 2,
            "diag" | "tr" | "vec" | "eye" => count == 1,
            _ => self
                .names
                .system
                .functions
                .iter()
                .find(|function| function.name == name)
                .map_or(count == 1, |function| {
                    function.parameters + function.extra == count
                }),
        };
        if !fits {
            return Err(error(
                "argument-count",
                format!("`{name}` does not take {count} arguments"),
                span,
            ));
        }
        Ok(Expr::new(
            ExprKind::Call(name.to_owned(), primes, arguments),
            span,
        ))
    }

    /// Factors up to the next bracket or operator.
    fn run(&mut self, cursor: &mut Cursor<'_>, span: Span) -> Result<Expr, Report> {
        let mut factors: Vec<(Join, Expr)> = Vec::new();
        while let Some(next) = cursor.peek() {
            let stops = matches!(next.kind, Kind::Sign(_) | Kind::Fence(..))
                || self.join_of(next).is_some();
            if stops {
                break;
            }
            if !factors.is_empty()
                && let Some(found) = self.names.find(cursor.rest())
                && matches!(found.meaning, Meaning::Function(_))
            {
                break;
            }
            factors.push((Join::Product, self.factor(cursor)?));
        }
        let last = factors.last().ok_or_else(|| {
            error(
                "function-without-argument",
                "a function without an argument",
                span,
            )
        })?;
        let whole = factors[0].1.span.to(last.1.span);
        Ok(match factors.len() {
            1 => factors.remove(0).1,
            _ => Expr::new(ExprKind::Product(factors), whole),
        })
    }

    /// An expression with the scripts of its noad: elements, transposes, powers, primes.
    fn attached(&mut self, base: Expr, noad: &Noad, array: bool) -> Result<Expr, Report> {
        let mut expr = base;
        let span = expr.span.to(noad.span);
        if noad.primes > 0 {
            if !self.signs.prime_transposes {
                return Err(error(
                    "prime",
                    "a prime behind what is no function; write `% read: ' transpose` in the header if it is one",
                    noad.span,
                ));
            }
            expr = Expr::new(ExprKind::Transpose(Box::new(expr)), span);
        }
        if let Some(sub) = &noad.sub {
            if !array {
                return Err(error(
                    "unknown-symbol",
                    "this symbol with this index is not defined",
                    noad.span,
                ));
            }
            let parts: Vec<List> = match split_entries(sub, 2) {
                Some(parts) if sub.iter().any(|noad| noad.is_sign(",")) || parts.len() == 2 => {
                    parts
                }
                _ => vec![sub.clone()],
            };
            let entries = self.entries(&parts)?;
            expr = Expr::new(ExprKind::Elements(Box::new(expr), entries), span);
        }
        if let Some(sup) = &noad.sup {
            expr = self.raised(expr, sup, span)?;
        }
        Ok(expr)
    }

    fn raised(&mut self, base: Expr, sup: &[Noad], span: Span) -> Result<Expr, Report> {
        if is_transpose(sup) {
            return Ok(Expr::new(ExprKind::Transpose(Box::new(base)), span));
        }
        if let [
            Noad {
                kind: Kind::Fence(_, _),
                ..
            },
            ..,
        ] = sup
        {
            return Err(error(
                "unknown-symbol",
                "this symbol has no layers or time steps",
                span,
            ));
        }
        let elementwise = matches!(sup.first().map(|noad| &noad.kind), Some(Kind::Sign(".")));
        let sup = if elementwise { &sup[1..] } else { sup };
        if let [
            Noad {
                kind: Kind::Sign("*" | "+" | "-"),
                ..
            },
        ] = sup
        {
            return Err(error("unknown-symbol", "this mark is not defined", span));
        }
        let before = std::mem::replace(&mut self.in_index, false);
        let exponent = self.whole(sup);
        self.in_index = before;
        Ok(Expr::new(
            ExprKind::Power(Box::new(base), Box::new(exponent?), elementwise),
            span,
        ))
    }
}

fn comma(span: Span) -> Noad {
    Noad {
        kind: Kind::Sign(","),
        span,
        sub: None,
        sup: None,
        primes: 0,
    }
}

/// Whether a superscript is a transpose, whatever T may be called elsewhere.
fn is_transpose(sup: &[Noad]) -> bool {
    match sup {
        [only] if only.is_bare() => match &only.kind {
            Kind::Letter('T') => true,
            Kind::Command(name) => matches!(name.as_str(), "top" | "intercal"),
            _ => false,
        },
        _ => false,
    }
}

/// The letter of an index, with its primes.
fn letter_name(noad: &Noad) -> Option<String> {
    if noad.sub.is_some() || noad.sup.is_some() {
        return None;
    }
    match &noad.kind {
        Kind::Letter(letter) => Some(format!("{letter}{}", "'".repeat(usize::from(noad.primes)))),
        Kind::Command(name) if name == "ell" => Some("l".into()),
        _ => None,
    }
}

fn relation_of(noad: &Noad) -> Option<Relation> {
    match &noad.kind {
        Kind::Sign("<") => Some(Relation::Less),
        Kind::Sign("<=") => Some(Relation::LessEqual),
        Kind::Sign(">") => Some(Relation::Greater),
        Kind::Sign(">=") => Some(Relation::GreaterEqual),
        Kind::Sign("=") => Some(Relation::Equal),
        Kind::Sign("!=") => Some(Relation::NotEqual),
        _ => None,
    }
}

fn is_comparison(noad: &Noad) -> bool {
    relation_of(noad).is_some()
}

/// A list without commas and full stops at its end.
fn trimmed(list: &[Noad]) -> &[Noad] {
    let mut list = list;
    while let [rest @ .., last] = list
        && (last.is_sign(",") || last.is_sign(".") || last.is_sign(";"))
    {
        list = rest;
    }
    list
}

/// `ij`, `i,j`, `{i+1},j` as its indices: at commas, or each symbol by itself where that gives the number wanted.
fn split_entries(list: &[Noad], wanted: usize) -> Option<Vec<List>> {
    let list = match list {
        [only] if only.is_bare() => match &only.kind {
            Kind::Fence('(', inside) | Kind::Group(inside) => inside.as_slice(),
            _ => list,
        },
        _ => list,
    };
    let parts: Vec<List> = list
        .split(|noad| noad.is_sign(","))
        .map(<[Noad]>::to_vec)
        .collect();
    if parts.len() == wanted {
        return Some(parts);
    }
    let singles = list.iter().all(|noad| {
        matches!(
            noad.kind,
            Kind::Letter(_) | Kind::Number(_) | Kind::Command(_)
        )
    });
    (parts.len() == 1 && list.len() == wanted && singles)
        .then(|| list.iter().map(|noad| vec![noad.clone()]).collect())
}

fn number(digits: &str, span: Span) -> Result<BigRational, Report> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let text = format!("{whole}{fraction}");
    let value: BigInt = text
        .parse()
        .map_err(|_| error("number", "this number cannot be read", span))?;
    let places = u32::try_from(fraction.len())
        .map_err(|_| error("number", "this number is too long", span))?;
    if digits.len() > 400 {
        return Err(error("number", "this number is too long", span));
    }
    Ok(BigRational::new(value, BigInt::from(10).pow(places)))
}
