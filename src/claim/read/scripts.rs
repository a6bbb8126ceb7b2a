//! Names with their scripts: slots, elements, transposes and powers, in a fixed order; calls.

use super::*;
use crate::term::{Affine, Node};

impl Reader<'_, '_> {
    /// The two indices of `E_{ij}`, `\delta_{i,j}`.
    pub(super) fn pair(&self, noad: &Noad) -> Option<(List, List)> {
        if noad.sup.is_some() || noad.primes > 0 {
            return None;
        }
        let parts = split_entries(noad.sub.as_deref()?, 2)?;
        let [i, j] = parts.as_slice() else {
            return None;
        };
        Some((i.clone(), j.clone()))
    }

    /// A name that was found, with what follows it.
    pub(super) fn named(&mut self, found: Found, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
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
                let spelled = matches!(found.meaning, Meaning::Spelled(_));
                let (base, rest) = self.reference(found, cursor)?;
                cursor.at += length;
                // By its own name, or by another that is declared for it.
                if let ExprKind::Quantity { family, .. } = base.plain().kind {
                    if !spelled {
                        self.refuse_subscript(family, &rest)?;
                    }
                    if let Some(derivative) = self.primed(family, &base, &rest, cursor)? {
                        return Ok(derivative);
                    }
                    if rest.is_bare()
                        && let Some(next) = cursor.peek()
                        && let Kind::Fence('(', inside) = &next.kind
                        && self.are_arguments(family, inside)
                    {
                        cursor.at += 1;
                        let outer = Noad {
                            span: span.to(next.span),
                            ..next.clone()
                        };
                        self.notes.push(
                            "a quantity with brackets behind it that hold what it depends on is that quantity, not a product"
                                .into(),
                        );
                        return self.attached(base, &outer, true);
                    }
                }
                self.attached(base, &rest, true)
            }
        }
    }

    /// `f'(x)` of a quantity: its derivative by the one thing in the brackets, which it depends on.
    fn primed(
        &mut self,
        family: FamilyId,
        of: &Expr,
        rest: &Noad,
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<Expr>, Report> {
        let Some(next) = cursor.peek() else {
            return Ok(None);
        };
        let Kind::Fence('(', inside) = &next.kind else {
            return Ok(None);
        };
        let known = self.names.system.family(family);
        if rest.primes == 0
            || rest.sub.is_some()
            || rest.sup.is_some()
            || self.signs.prime_transposes
            || inside.iter().any(|noad| noad.is_sign(","))
            || !self.is_on(family, inside, |_| true)
        {
            return Ok(None);
        }
        let activation = self.activation_of(family);
        if known.axes > 0 && activation.is_none() {
            return Ok(None);
        }
        let by = self.value_of(inside)?;
        cursor.at += 1;
        let span = of.span.to(next.span);
        if let Some(name) = activation.filter(|_| known.axes > 0) {
            // `H'(a)` where `H = tanh(a)`, entry by entry.
            let call = self.known_call(&name, rest.primes, vec![by], span)?;
            return self.attached(call, next, true).map(Some);
        }
        let derivative = (0..rest.primes).fold(of.clone(), |of, _| {
            let kind = ExprKind::Derivative {
                of: Box::new(of),
                wrt: Box::new(by.clone()),
                direct: false,
            };
            Expr::new(kind, span)
        });
        self.attached(derivative, next, true).map(Some)
    }

    /// The function that a quantity applies to all entries of another.
    fn activation_of(&self, family: FamilyId) -> Option<String> {
        let system = self.names.system;
        let [clause] = system.family(family).clauses.as_slice() else {
            return None;
        };
        let Node::Apply(function, orders, arguments) = system.store.node(clause.body?) else {
            return None;
        };
        let [argument] = arguments[..] else {
            return None;
        };
        let entrywise = matches!(system.store.node(argument), Node::Access(_, index)
            if *index == clause.index);
        (entrywise && orders.iter().all(|order| *order == 0))
            .then(|| system.function(*function).name.clone())
    }

    /// `J_w` of a number: it has no elements, and is no derivative either.
    fn refuse_subscript(&self, family: FamilyId, rest: &Noad) -> Result<(), Report> {
        let known = self.names.system.family(family);
        if known.axes == 0
            && let Some(sub) = &rest.sub
            && self.names.find(sub).is_some_and(|found| {
                found.length == sub.len() && matches!(found.meaning, Meaning::Quantity(_))
            })
        {
            return Err(error(
                "number-with-element",
                format!(
                    r"`{}` is a number and has no elements; a derivative is written `\frac{{\partial …}}{{\partial …}}`",
                    known.name
                ),
                rest.span,
            ));
        }
        Ok(())
    }

    /// `J(w, b)`: whether a bracket holds names of given quantities that a defined one depends on, and nothing else.
    fn are_arguments(&self, family: FamilyId, inside: &[Noad]) -> bool {
        self.is_on(family, inside, |kind| *kind == FamilyKind::Input)
    }

    /// Whether a bracket holds names of quantities that a defined one depends on, of a kind that is allowed.
    fn is_on(
        &self,
        family: FamilyId,
        inside: &[Noad],
        allowed: impl Fn(&FamilyKind) -> bool,
    ) -> bool {
        let system = self.names.system;
        if system.family(family).kind != FamilyKind::Defined {
            return false;
        }
        let depends = system.depends_on(family);
        let between = |noad: &Noad| noad.is_sign(",") || noad.is_sign(";");
        inside.split(between).all(|part| {
            self.names.find(part).is_some_and(|found| {
                found.length == part.len()
                    && found.rest.is_bare()
                    && matches!(found.meaning, Meaning::Quantity(of)
                        if of != family && allowed(&system.family(of).kind) && depends.contains(&of))
            })
        })
    }

    /// A quantity with its slots and elements; what is left of its scripts is returned.
    pub(super) fn reference(
        &mut self,
        found: Found,
        cursor: &Cursor<'_>,
    ) -> Result<(Expr, Noad), Report> {
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
                let power = self.step_with_power(family, &mut rest);
                let element = self.step_with_element(family, &mut rest);
                let slots = self.slots(known.slots, &mut rest, span)?;
                rest.sup = rest.sup.or(power);
                rest.sub = rest.sub.or(element);
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

    /// `h_t^2`: the power, where the subscript is the step. A plain number above may also be the layer, `a^2_j`; what the
    /// network itself counts steps with, and a quantity without elements, tell them apart.
    fn step_with_power(&self, family: FamilyId, rest: &mut Noad) -> Option<List> {
        let known = self.names.system.family(family);
        let (Some([sup]), Some(sub)) = (rest.sup.as_deref(), &rest.sub) else {
            return None;
        };
        let power = sup.is_bare() && matches!(sup.kind, Kind::Number(_));
        let step = sub.split(|noad| noad.is_sign(",")).next()?;
        let is_power = known.slots == 1 && power && (known.axes == 0 || self.counts(family, step));
        is_power.then(|| rest.sup.take()).flatten()
    }

    /// `h_t^{(i)}`: the element, where the subscript is the step and what stands above counts no steps.
    fn step_with_element(&mut self, family: FamilyId, rest: &mut Noad) -> Option<List> {
        let known = self.names.system.family(family);
        let (Some([sup]), Some(sub)) = (rest.sup.as_deref(), &rest.sub) else {
            return None;
        };
        let Kind::Fence('(', inside) = &sup.kind else {
            return None;
        };
        let fits = known.slots == 1
            && known.axes == 1
            && sup.is_bare()
            && matches!(inside.as_slice(), [only] if letter_name(only).is_some())
            && !self.counts(family, inside)
            && self.counts(family, sub);
        if !fits {
            return None;
        }
        let inside = inside.clone();
        let steps = sub
            .iter()
            .filter_map(|noad| Some((letter_name(noad)?, noad.span)));
        self.steps_below.extend(steps);
        rest.sup = None;
        Some(inside)
    }

    /// Whether letters, of which there are some, are what the network counts a quantity's steps with.
    fn counts(&self, family: FamilyId, step: &[Noad]) -> bool {
        let counters = self.names.counters(family);
        let mut letters = step.iter().filter_map(letter_name).peekable();
        letters.peek().is_some() && letters.all(|letter| counters.contains(&letter))
    }

    /// Slots from the superscript, or where there is none from the subscript.
    pub(super) fn slots(
        &mut self,
        count: usize,
        rest: &mut Noad,
        span: Span,
    ) -> Result<Vec<Expr>, Report> {
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
            let list = unfolded(list);
            let (taken, left): (List, List) = match list.first() {
                Some(first)
                    if matches!(first.kind, Kind::Fence('(' | '[', _)) && first.is_bare() =>
                {
                    let Kind::Fence(_, inside) = &first.kind else {
                        unreachable!("just matched")
                    };
                    if from_sup {
                        self.steps_above
                            .extend(inside.iter().filter_map(letter_name));
                    }
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
    pub(super) fn elements(
        &mut self,
        axes: usize,
        rest: &mut Noad,
        span: Span,
    ) -> Result<Vec<Entry>, Report> {
        if axes == 0 {
            return Ok(Vec::new());
        }
        if let Some(sub) = &rest.sub {
            let digits = split_digits(sub, axes);
            let parts = digits.or_else(|| split_entries(sub, axes)).ok_or_else(|| {
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

    pub(super) fn entries(&mut self, parts: &[List]) -> Result<Vec<Entry>, Report> {
        parts
            .iter()
            .map(|part| match part.as_slice() {
                [only] if only.is_sign(":") => Ok(Entry::All),
                _ => match part.iter().position(|noad| noad.is_sign(":")) {
                    Some(at) => {
                        let low = self.index_of(&part[..at])?;
                        let high = self.index_of(&part[at + 1..])?;
                        Ok(Entry::Part(low, high))
                    }
                    None => self.index_of(part).map(Entry::At),
                },
            })
            .collect()
    }

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
                        let call = self.known_call(name, primes, arguments, whole)?;
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
        let call = self.known_call(name, primes, vec![argument], whole)?;
        self.attached(call, &scripts, true)
    }

    /// The quantities without layers that the network applies a function to.
    fn arguments_in_network(&self, name: &str) -> Vec<FamilyId> {
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

    /// `diag(w_1, …, w_m)`: the column with these entries, which has to be all of w.
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
                _ => Err(unclear()),
            },
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

    pub(super) fn known_call(
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

    /// An expression with the scripts of its noad: elements, transposes, powers, primes.
    pub(super) fn attached(
        &mut self,
        base: Expr,
        noad: &Noad,
        array: bool,
    ) -> Result<Expr, Report> {
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

    /// Whether an expression is a quantity that is a number.
    fn is_number(&self, expr: &Expr) -> bool {
        matches!(&expr.plain().kind, ExprKind::Quantity { family, elements, .. }
            if self.names.system.family(*family).axes == 0 && elements.is_empty())
    }

    pub(super) fn raised(&mut self, base: Expr, sup: &[Noad], span: Span) -> Result<Expr, Report> {
        if let [only] = sup
            && only.kind == Kind::Letter('T')
            && only.is_bare()
            && self.is_number(&base)
            && let Some(found) = self.names.find(sup)
            && let Meaning::Size(size) = found.meaning
        {
            self.notes
                .push("`^T` of a number is read as a power, T being a size".into());
            let exponent = Expr::new(ExprKind::Size(size, Vec::new()), only.span);
            let power = ExprKind::Power(Box::new(base), Box::new(exponent), false);
            return Ok(Expr::new(power, span));
        }
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
        // `A^{-T}`: the transpose of the inverse.
        if let [minus, mark @ ..] = sup
            && minus.is_sign("-")
            && is_transpose(mark)
        {
            let minus_one = Expr::new(ExprKind::Number(-BigRational::one()), minus.span);
            let inverse = ExprKind::Power(Box::new(base), Box::new(minus_one), false);
            let inverse = Expr::new(inverse, span);
            return Ok(Expr::new(ExprKind::Transpose(Box::new(inverse)), span));
        }
        let elementwise = sup.len() > 1
            && (sup[0].is_sign(".") || sup[0].is_command("odot") || sup[0].is_command("circ"));
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
        // `X^t`, where t means nothing.
        if let [only] = sup
            && only.is_bare()
            && only.kind == Kind::Letter('t')
            && self.names.find(sup).is_none()
            && !self
                .bound
                .iter()
                .chain(&self.left)
                .any(|letter| letter == "t")
        {
            self.notes.push("`^t` is read as a transpose".into());
            return Ok(Expr::new(ExprKind::Transpose(Box::new(base)), span));
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

/// `(t)^\top` in a script as `(t)\top`: both belong to what carries the script.
fn unfolded(list: List) -> List {
    match list.as_slice() {
        [only]
            if matches!(only.kind, Kind::Fence('(' | '[', _))
                && only.sub.is_none()
                && only.primes == 0
                && only.sup.as_deref().is_some_and(is_transpose) =>
        {
            let mut unfolded = vec![only.bare()];
            unfolded.extend(only.sup.clone().unwrap_or_default());
            unfolded
        }
        _ => list,
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
