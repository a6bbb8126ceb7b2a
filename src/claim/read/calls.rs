//! Functions with their arguments.

use super::*;
use crate::term::{Affine, Node};

impl Reader<'_, '_> {
    /// A function with its argument.
    pub(super) fn call(
        &mut self,
        name: &str,
        scripts: &Noad,
        span: Span,
        cursor: &mut Cursor<'_>,
    ) -> Result<Expr, Report> {
        let mut scripts = scripts.clone();
        let primes = std::mem::take(&mut scripts.primes);
        let orders = scripts.sup.as_deref().and_then(orders_of);
        scripts.sup = scripts.sup.filter(|_| orders.is_none());
        if let Some(argument) = self.argument_around(cursor)
            && scripts.sub.is_none()
        {
            let call = self.known_call(name, primes, vec![argument], span)?;
            return self.attached(call, &scripts, true);
        }
        // `\operatorname{softmax}_i(z)` is an element of what it gives.
        if scripts.sub.is_some() && name != "softmax" {
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
                let between = |noad: &Noad| noad.is_sign(",") || noad.is_sign(";");
                let parts: Vec<&[Noad]> = inside.split(between).collect();
                let mut arguments = Vec::new();
                let whole = (name == "diag" && parts.len() > 1)
                    .then(|| self.entries_of_diagonal(&parts, next.span))
                    .transpose()?;
                let parts = if whole.is_some() { Vec::new() } else { parts };
                arguments.extend(whole);
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
                let call = match arguments.as_slice() {
                    [entry]
                        if name == "diag"
                            && let Some(index) = self.own_index(entry) =>
                    {
                        diagonal(entry, index)
                    }
                    _ => {
                        let call = self.applied(name, primes, arguments, whole)?;
                        match orders {
                            Some(orders) => slope(call, orders)?,
                            None => call,
                        }
                    }
                };
                let call = self.attached(call, &scripts, true)?;
                return self.attached(call, &outer, true);
            }
            _ if primes > 0 && !self.begins_argument(name, cursor) => {
                let argument = self.argument_of(name).ok_or_else(|| {
                    error(
                        "function-without-argument",
                        format!("`{name}'` has no argument: write what it is taken at"),
                        span,
                    )
                })?;
                let slope = format!(
                    "`{name}'` without an argument is taken where the network takes `{name}`"
                );
                self.notes.push(slope);
                let argument = Expr::quantity(argument, span);
                let call = self.known_call(name, primes, vec![argument], span)?;
                return self.attached(call, &scripts, true);
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
        let call = self.applied(name, primes, vec![argument], whole)?;
        self.attached(call, &scripts, true)
    }

    /// A function of its arguments; softmax of an element is one of its elements.
    fn applied(
        &mut self,
        name: &str,
        primes: u8,
        mut arguments: Vec<Expr>,
        span: Span,
    ) -> Result<Expr, Report> {
        let entry = match name {
            "softmax" => self.of_element(&mut arguments)?,
            _ => None,
        };
        let call = self.known_call(name, primes, arguments, span)?;
        Ok(match entry {
            Some(entry) => Expr::new(ExprKind::Elements(Box::new(call), vec![entry]), span),
            None => call,
        })
    }

    /// `\operatorname{softmax}(z_i)`: the whole column in its place, and which element is meant.
    fn of_element(&mut self, arguments: &mut [Expr]) -> Result<Option<Entry>, Report> {
        let [argument] = arguments else {
            return Ok(None);
        };
        let mut whole = argument.plain().clone();
        let ExprKind::Quantity {
            family, elements, ..
        } = &mut whole.kind
        else {
            return Ok(None);
        };
        let axes = self.names.system.family(*family).axes;
        let all = elements.iter().all(|entry| matches!(entry, Entry::At(_)));
        match elements.as_slice() {
            [_, ..] if all && elements.len() == axes => {}
            _ => return Ok(None),
        }
        if axes > 1 {
            return Err(error(
                "softmax-of-element",
                "softmax takes a column or row, and this is one element: write `Z_{i,:}`, and which element behind the brackets",
                argument.span,
            ));
        }
        let entry = elements.pop();
        self.notes
            .push("softmax of an element is read as that element of the softmax of all".into());
        *argument = whole;
        Ok(entry)
    }

    /// The quantities without layers that the network applies a function to.
    pub(super) fn arguments_in_network(&self, name: &str) -> Vec<FamilyId> {
        let system = self.names.system;
        let mut found = Vec::new();
        for family in system.family_ids() {
            let clauses = system.family(family).clauses.iter();
            for body in clauses.filter_map(|clause| clause.body) {
                system.store.any(body, |node| {
                    if let Node::Apply(function, orders, arguments) = node
                        && system.function(*function).name == name
                        && orders.iter().all(|order| *order == 0)
                        && let [argument] = arguments[..]
                    {
                        match system.store.node(argument) {
                            Node::Access(of, index) if index.len() == system.family(*of).axes => {
                                if !found.contains(of) {
                                    found.push(*of);
                                }
                            }
                            // It is no quantity, or one of several layers.
                            _ => found.extend([family, family]),
                        }
                    }
                    false
                });
            }
        }
        found
    }

    /// The only quantity that the network applies a function to.
    fn argument_of(&self, name: &str) -> Option<FamilyId> {
        match self.arguments_in_network(name)[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether what stands here is what the network applies a function to: `\sigma' z`.
    fn begins_argument(&self, name: &str, cursor: &Cursor<'_>) -> bool {
        let found = self.names.find(cursor.rest());
        found.is_some_and(|found| match found.meaning {
            Meaning::Quantity(family) => self.arguments_in_network(name).contains(&family),
            _ => false,
        })
    }

    /// The one letter that is free in an expression, stands for its elements, and means nothing outside: `i` of
    /// `p_i (1 - p_i)`.
    fn own_index(&self, expr: &Expr) -> Option<String> {
        let mut letters = expr.free_letters();
        letters.retain(|letter| !self.left.contains(letter) && !self.bound.contains(letter));
        let [letter] = letters.as_slice() else {
            return None;
        };
        let (mut counts, mut layers) = (false, false);
        expr.any(&mut |part| {
            if let ExprKind::Quantity {
                slots, elements, ..
            } = &part.kind
            {
                let has = |index: &Expr| index.free_letters().contains(letter);
                layers |= slots.iter().any(has);
                counts |= super::super::tree::indices(elements).any(has);
            }
            false
        });
        (counts && !layers).then(|| letter.clone())
    }

    /// `diag(w_1, …, w_m)`: the column with these entries.
    fn entries_of_diagonal(&mut self, parts: &[&[Noad]], span: Span) -> Result<Expr, Report> {
        let unclear = || {
            error(
                "argument-count",
                "`diag` takes a column, or the first and the last of its entries with dots between them",
                span,
            )
        };
        let [first, between @ .., last] = parts else {
            return Err(unclear());
        };
        let dotted = between.iter().any(|part| part.iter().all(is_dots));
        let (first, last) = (self.value_of(first)?, self.value_of(last)?);
        let one = |index: &Expr| matches!(&index.kind, ExprKind::Number(value) if value.is_one());
        match (&first.plain().kind, &last.plain().kind) {
            (
                ExprKind::Quantity {
                    family,
                    slots,
                    elements,
                },
                ExprKind::Quantity {
                    family: same,
                    elements: end,
                    ..
                },
            ) if dotted && family == same => match (elements.as_slice(), end.as_slice()) {
                ([Entry::At(low)], [Entry::At(high)])
                    if one(low) && self.is_length(*family, high) =>
                {
                    let kind = ExprKind::Quantity {
                        family: *family,
                        slots: slots.clone(),
                        elements: Vec::new(),
                    };
                    Ok(Expr::new(kind, span))
                }
                _ => self.column_with_dots(parts, span),
            },
            _ if dotted => self.column_with_dots(parts, span),
            _ => Err(unclear()),
        }
    }

    /// Whether an index is the length of a column.
    fn is_length(&self, family: FamilyId, index: &Expr) -> bool {
        let length = super::super::lengths::length(self.names.system, family, 0);
        match (&index.plain().kind, length) {
            (ExprKind::Size(size, slots), Some(length)) if slots.is_empty() => {
                length == Affine::size(*size)
            }
            (ExprKind::Number(value), Some(length)) => length
                .as_int()
                .is_some_and(|length| *value == BigRational::from_integer(length.into())),
            _ => false,
        }
    }

    /// A function of as many arguments as it takes.
    pub(super) fn known_call(
        &self,
        name: &str,
        primes: u8,
        arguments: Vec<Expr>,
        span: Span,
    ) -> Result<Expr, Report> {
        let count = arguments.len();
        // `\max(a, b, c)`: the greatest of one and of the greatest of the others.
        if matches!(name, "max" | "min") && primes == 0 && count > 2 {
            let mut arguments = arguments;
            let others = arguments.split_off(1);
            arguments.push(self.known_call(name, 0, others, span)?);
            return self.known_call(name, 0, arguments, span);
        }
        let fits = match name {
            "max" | "min" => count == 2 || count == 1,
            "softmax" | "sum" | "mean" | "norm" => count == 1 || count == 2,
            "ones" => count == 1 || count == 2,
            "concat" => count > 1,
            "diag" | "diagonal" | "tr" | "vec" | "eye" => count == 1,
            _ if crate::functions::matrix_row(name).is_some() => count == 1,
            _ => {
                let mut functions = self.names.system.functions.iter();
                let used = functions.find(|function| function.name == name);
                let parameters = used.map_or_else(
                    // A function of the table that the network does not use.
                    || crate::functions::row(name).map_or(1, |row| row.names().count()),
                    |function| function.parameters + function.extra,
                );
                count == parameters
            }
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
    pub(super) fn run(&mut self, cursor: &mut Cursor<'_>, span: Span) -> Result<Expr, Report> {
        let mut factors: Vec<(Join, Expr)> = Vec::new();
        while let Some(next) = cursor.peek() {
            // `\log|x|`
            let bars = factors.is_empty() && matches!(next.kind, Kind::Fence('|' | '‖', _));
            if bars {
                factors.push((Join::Product, self.factor(cursor)?));
                break;
            }
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
}

/// The diagonal matrix with these entries.
fn diagonal(entry: &Expr, letter: String) -> Expr {
    let binder = Binder {
        letter,
        range: None,
    };
    let fold = ExprKind::Fold {
        fold: Fold::Diagonal,
        binders: vec![binder],
        conditions: Vec::new(),
        body: Box::new(entry.clone()),
    };
    Expr::new(fold, entry.span)
}

/// The orders of a derivative that are written above a function: `f^{(1,0)}`, `f^{(4)}`. Fewer than four are primes; a
/// number alone may be that of a layer.
fn orders_of(sup: &[Noad]) -> Option<Box<[u8]>> {
    let [only] = sup else { return None };
    let Kind::Fence('(', inside) = &only.kind else {
        return None;
    };
    let orders: Option<Box<[u8]>> = inside
        .split(|noad| noad.is_sign(","))
        .map(|part| match part {
            [order] if order.is_bare() => match &order.kind {
                Kind::Number(digits) => digits.parse().ok(),
                _ => None,
            },
            _ => None,
        })
        .collect();
    orders.filter(|orders| orders.len() > 1 || orders.first().is_some_and(|order| *order > 3))
}

/// A call as the derivative of these orders.
fn slope(call: Expr, orders: Box<[u8]>) -> Result<Expr, Report> {
    let span = call.span;
    match (call.kind, &*orders) {
        (ExprKind::Call(name, 0, arguments), [order]) if arguments.len() == 1 => {
            Ok(Expr::new(ExprKind::Call(name, *order, arguments), span))
        }
        (ExprKind::Call(name, 0, arguments), _) if arguments.len() == orders.len() => {
            Ok(Expr::new(ExprKind::Slope(name, orders, arguments), span))
        }
        _ => Err(error(
            "argument-count",
            "a derivative says for each argument how often it is taken by it",
            span,
        )),
    }
}
