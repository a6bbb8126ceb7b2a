//! Indicators, norms and derivatives.

use super::*;

/// A list that compares, without the brackets around it.
fn compared(list: &[Noad]) -> Option<&[Noad]> {
    if list.iter().any(is_condition) {
        return Some(list);
    }
    match list {
        [only] if only.is_bare() => match &only.kind {
            Kind::Fence(_, inside) | Kind::Group(inside) => compared(inside),
            _ => None,
        },
        _ => None,
    }
}

impl Reader<'_, '_> {
    pub(super) fn one(&mut self, noad: &Noad, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let span = noad.span;
        if let Some(condition) = self.region_at(noad, cursor) {
            let next = &cursor.rest()[1];
            cursor.at += 2;
            let value = self.indicator(&condition, span.to(next.span))?;
            return self.attached(value, next, false);
        }
        cursor.at += 1;
        if let Some(sub) = &noad.sub {
            if let Some(condition) = compared(sub) {
                return self.indicator(condition, span);
            }
            // `\mathbf 1_n`, `\mathbf 1_{n \times 1}`: as many ones as the size says.
            let sizes: Vec<&[Noad]> = sub.split(|noad| noad.is_command("times")).collect();
            let base = if sizes.iter().all(|size| self.names.is_plain_size(size)) || sizes.len() > 1
            {
                let sizes: Result<Vec<Expr>, Report> =
                    sizes.into_iter().map(|size| self.index_of(size)).collect();
                Expr::new(ExprKind::Call("ones".into(), 0, sizes?), span)
            } else {
                let index = self.index_of(sub)?;
                Expr::new(ExprKind::OneHot(Box::new(index)), span)
            };
            let rest = Noad {
                sub: None,
                ..noad.clone()
            };
            return self.attached(base, &rest, true);
        }
        if let Some(next) = cursor.peek()
            && let Kind::Fence(_, inside) = &next.kind
            && let Some(condition) = compared(inside)
        {
            cursor.at += 1;
            return self.indicator(condition, span.to(next.span));
        }
        self.attached(Expr::new(ExprKind::Column(1), span), noad, true)
    }

    /// Whether a symbol with a condition stands for 1 where the condition holds.
    pub(super) fn is_indicator(&self, noad: &Noad, cursor: &Cursor<'_>) -> bool {
        match (&noad.sub, cursor.rest().get(1)) {
            _ if self.region_at(noad, cursor).is_some() => true,
            (Some(sub), _) => compared(sub).is_some(),
            (None, Some(next)) if noad.is_bare() => {
                matches!(&next.kind, Kind::Fence(_, inside) if compared(inside).is_some())
            }
            _ => false,
        }
    }

    pub(super) fn indicator(&mut self, list: &[Noad], span: Span) -> Result<Expr, Report> {
        let mut conditions = self.conditions(list)?;
        for condition in &mut conditions {
            entry_by_entry(&mut condition.left);
            entry_by_entry(&mut condition.right);
        }
        Ok(Expr::new(ExprKind::Indicator(conditions), span))
    }

    /// `|x|`: of a column its norm, of a square matrix its determinant where the network has some, else entry by entry.
    pub(super) fn bars(&mut self, noad: &Noad, inside: &[Noad]) -> Result<Expr, Report> {
        match noad.sub.as_deref().map(text_of) {
            Some(Some(order)) if order == "2" => return self.norm(noad, inside),
            _ => {}
        }
        // `|v|_i` is that of an element.
        let name = if noad.sub.is_some() { "abs" } else { "bars" };
        let inner = self.inside(inside, noad.span)?;
        let value = ExprKind::Call(name.into(), 0, vec![inner]);
        self.attached(Expr::new(value, noad.span), noad, true)
    }

    pub(super) fn norm(&mut self, noad: &Noad, inside: &[Noad]) -> Result<Expr, Report> {
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

    /// `\langle x, y \rangle`: the sum of the products of their entries.
    pub(super) fn inner_product(&mut self, inside: &[Noad], span: Span) -> Result<Expr, Report> {
        let parts: Vec<&[Noad]> = inside.split(|noad| noad.is_sign(",")).collect();
        let [left, right] = parts.as_slice() else {
            return Err(error(
                "unexpected",
                "an inner product has two factors",
                span,
            ));
        };
        let (left, right) = (self.whole(left)?, self.whole(right)?);
        Ok(entries_multiplied(left, right, span))
    }

    /// `k = \arg\max_j z_j`: `z_k` is the greatest.
    fn greatest_at(&mut self, list: &[Noad]) -> Result<Option<Condition>, Report> {
        let Some(middle) = list.iter().position(|noad| noad.is_sign("=")) else {
            return Ok(None);
        };
        let (at, behind) = (&list[..middle], &list[middle + 1..]);
        let word = |noad: &Noad| match &noad.kind {
            Kind::Word(word) => word.replace([' ', ',', '\\'], ""),
            _ => String::new(),
        };
        let (sign, of) = match behind {
            [sign, of @ ..] if word(sign) == "argmax" => (sign, of),
            [arg, sign, of @ ..] if word(arg) == "arg" && word(sign) == "max" => (sign, of),
            _ => return Ok(None),
        };
        let letter = match sign.sub.as_deref() {
            Some([letter]) => letter_name(letter),
            _ => None,
        };
        let letter = letter.ok_or_else(|| {
            error(
                "sum-index",
                "write below arg max what it runs over",
                sign.span,
            )
        })?;
        let mut greatest = vec![Noad {
            kind: Kind::Word("max".into()),
            ..sign.clone()
        }];
        greatest.extend_from_slice(of);
        let right = self.value_of(&greatest)?;
        let at = self.index_of(at)?;
        let ExprKind::Fold { body, .. } = &right.kind else {
            return Ok(None);
        };
        let left = body.with_letters(&[(letter, at)]);
        Ok(Some(Condition {
            left,
            relation: Comparison::Equal,
            right,
        }))
    }

    /// `2 \mid i`: what is left over is 0.
    fn divisible(&mut self, by: &[Noad], number: &[Noad]) -> Result<Condition, Report> {
        let (by, number) = (self.index_of(by)?, self.index_of(number)?);
        let span = by.span.to(number.span);
        let rest = ExprKind::Call("mod".into(), 0, vec![number, by]);
        Ok(Condition {
            left: Expr::new(rest, span),
            relation: Comparison::Equal,
            right: Expr::new(ExprKind::Number(BigRational::zero()), span),
        })
    }

    pub(super) fn conditions(&mut self, list: &[Noad]) -> Result<Vec<Condition>, Report> {
        let mut conditions = Vec::new();
        for part in list.split(|noad| noad.is_sign(",")) {
            if let Some(condition) = self.greatest_at(part)? {
                conditions.push(condition);
                continue;
            }
            if let Some(at) = part.iter().position(|noad| noad.is_command("mid")) {
                conditions.push(self.divisible(&part[..at], &part[at + 1..])?);
                continue;
            }
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

    /// `\nabla_w L`, `\nabla_w^2 L`
    pub(super) fn nabla(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let noad = cursor.peek().expect("a nabla");
        let span = noad.span;
        // `\nabla\nabla f(x)`, `\nabla_w \nabla_w^T f`: the Hessian.
        let twice = cursor.rest().get(1).is_some_and(|next| {
            let mark = next.sup.as_deref().is_none_or(is_transpose);
            noad.sup.is_none() && mark && next.kind == noad.kind && next.sub == noad.sub
        });
        let wrt = match &noad.sub {
            Some(sub) => self.taken_by(sub)?,
            // `\nabla f(x)` names it behind f.
            None => match self.only_argument(&cursor.rest()[1 + usize::from(twice)..]) {
                Some(argument) => self.value_of(&argument)?,
                None => self.asked_by(span)?,
            },
        };
        let order = match &noad.sup {
            Some(sup) => order_of(sup)
                .ok_or_else(|| error("unexpected", "this mark is not defined", span))?,
            None => 1 + usize::from(twice),
        };
        cursor.at += 1 + usize::from(twice);
        // `\nabla_x\, x^TAx`: what is given is not differentiated alone.
        let (start, notes) = (cursor.at, self.notes.len());
        let mut of = self.differentiated(cursor)?;
        if self.is_given_array(&of) || is_constant(&of) {
            cursor.at = start;
            self.notes.truncate(notes);
            of = self.product(cursor)?;
        }
        let whole = span.to(of.span);
        Ok(derivative_of(of, vec![wrt; order], false, whole))
    }

    /// What the network asks derivatives by, if that is one quantity.
    fn asked_by(&mut self, span: Span) -> Result<Expr, Report> {
        let system = self.names.system;
        let questions = system.questions.iter();
        let mut families: Vec<FamilyId> = questions
            .flat_map(|it| &it.wrt)
            .map(|it| it.family)
            .collect();
        families.dedup();
        match families.as_slice() {
            [only] if system.family(*only).slots == 0 => {
                let by = Expr::quantity(*only, span);
                self.notes.push(format!(
                    r"`\nabla` without an index is taken by {}, which the network asks for",
                    print(system, &by)
                ));
                Ok(by)
            }
            _ => Err(error(
                "nabla-without-index",
                r"by what? write `\nabla_w`",
                span,
            )),
        }
    }

    /// Whether a list is the name of a quantity.
    pub(super) fn is_name(&self, list: &[Noad]) -> bool {
        self.quantity_length(list) == Some(list.len())
    }

    /// The `x` of `f(x)` at the beginning of a list, where both are names of quantities.
    fn only_argument(&self, list: &[Noad]) -> Option<List> {
        let length = self.quantity_length(list)?;
        // `E(w)` may be a spelling of its own.
        let brackets = |at: usize| match list.get(at).map(|noad| &noad.kind) {
            Some(Kind::Fence('(', argument)) => Some(argument),
            _ => None,
        };
        let argument = brackets(length).or_else(|| brackets(length - 1))?;
        (self.quantity_length(argument)? == argument.len()).then(|| argument.clone())
    }

    fn quantity_length(&self, list: &[Noad]) -> Option<usize> {
        let found = self.names.find(list)?;
        let named = matches!(found.meaning, Meaning::Quantity(_) | Meaning::Spelled(_));
        named.then_some(found.length)
    }

    /// Whether an expression is an input with axes, transposed or not.
    fn is_given_array(&self, expr: &Expr) -> bool {
        match &expr.plain().kind {
            ExprKind::Transpose(inner) => self.is_given_array(inner),
            ExprKind::Quantity {
                family, elements, ..
            } => {
                let known = self.names.system.family(*family);
                known.kind == FamilyKind::Input && known.axes > elements.len()
            }
            _ => false,
        }
    }

    /// Whether what stands behind a derivative holds several of the names that it depends on: `(w, b)`.
    fn lists_arguments(&self, upper: &[Noad], next: Option<&Noad>) -> bool {
        let Some(Noad {
            kind: Kind::Fence('(', inside),
            ..
        }) = next
        else {
            return false;
        };
        let family = match self
            .names
            .find(upper)
            .map(|found| (found.length, found.meaning))
        {
            Some((length, Meaning::Quantity(family))) if length == upper.len() => family,
            Some((length, Meaning::Spelled(value))) if length == upper.len() => {
                match value.plain().kind {
                    ExprKind::Quantity { family, .. } => family,
                    _ => return false,
                }
            }
            _ => return false,
        };
        inside.iter().any(|noad| noad.is_sign(",")) && self.are_arguments(family, inside)
    }

    /// What a derivative is taken by: the quantity of the network, even where the text says again what that is.
    pub(super) fn taken_by(&mut self, list: &[Noad]) -> Result<Expr, Report> {
        let value = self.value_of(list)?;
        let by_value = !matches!(
            value.plain().kind,
            ExprKind::Quantity { .. } | ExprKind::Elements(..) | ExprKind::Transpose(_)
        );
        match self.names.find_quantity(list) {
            Some(found) if by_value && found.length == list.len() => {
                let before = std::mem::replace(&mut self.in_index, false);
                let named = self.named(found, &mut Cursor::new(list));
                self.in_index = before;
                named
            }
            _ => Ok(value),
        }
    }

    /// A list that names a quantity, wherever it stands.
    pub(super) fn value_of(&mut self, list: &[Noad]) -> Result<Expr, Report> {
        let before = std::mem::replace(&mut self.in_index, false);
        let result = self.whole(list);
        self.in_index = before;
        result
    }

    /// One factor that is differentiated; its arguments in brackets, `J(\theta)`, say nothing new.
    pub(super) fn differentiated(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
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
    pub(super) fn derivative(
        &mut self,
        noad: &Noad,
        above: &[Noad],
        below: &[Noad],
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<Expr>, Report> {
        let Some((upper, first, order)) = self.differential(above) else {
            return Ok(None);
        };
        let span = noad.span;
        let (partial, wrt) = match self.differentials(below, order) {
            Some((parts, sign)) => (sign == '∂' || first == '∂', parts),
            _ if order > 1 => {
                return Err(error(
                    "derivative-order",
                    format!(
                        "the denominator of this derivative does not name {order} differentials"
                    ),
                    span,
                ));
            }
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
                (first == '∂', vec![below.to_vec()])
            }
        };
        let parts = wrt;
        let wrt: Result<Vec<Expr>, Report> = parts.iter().map(|part| self.taken_by(part)).collect();
        let wrt = wrt?;
        cursor.at += 1;
        if noad.is_bare() && self.lists_arguments(upper, cursor.peek()) {
            cursor.at += 1;
            self.notes
                .push("the brackets behind a derivative are read as its arguments".into());
        }
        // `\frac{df}{dx}(x)`, `\frac{\partial J}{\partial\theta_j}(\theta)`: what it is taken at, no factor.
        if !upper.is_empty()
            && noad.is_bare()
            && let Some(Noad {
                kind: Kind::Fence('(', inside),
                ..
            }) = cursor.peek()
            && let ([argument], [by, ..]) = (inside.as_slice(), parts.as_slice())
            && let [by] = by.as_slice()
            && (argument == by || *argument == by.bare())
        {
            cursor.at += 1;
            self.notes
                .push("the brackets behind a derivative are read as its argument".into());
        }
        if let Some(slope) = self.slope_of_function(upper, &wrt, span)? {
            return self.attached(slope, noad, true).map(Some);
        }
        let direct = partial && (self.signs.partial_is_direct || is_immediate(&above[0]));
        let of = if upper.is_empty() {
            // `\frac{d}{dx} E`: the following product.
            self.product(cursor)?
        } else {
            let (mut inner, notes) = (Cursor::new(upper), self.notes.len());
            let mut of = self.differentiated(&mut inner)?;
            if inner.peek().is_some() {
                // `\frac{\partial a^TXb}{\partial X}`
                inner = Cursor::new(upper);
                self.notes.truncate(notes);
                of = self.product(&mut inner)?;
            }
            if let Some(noad) = inner.peek() {
                return Err(error("unexpected", "this does not belong here", noad.span));
            }
            of
        };
        let stacked =
            |expr: &Expr| matches!(&expr.plain().kind, ExprKind::Call(name, ..) if name == "vec");
        // A column is its own stack.
        let column = matches!(&of.plain().kind, ExprKind::Quantity { family, elements, .. }
            if self.names.system.family(*family).axes == elements.len() + 1);
        if wrt.iter().any(stacked) && !stacked(&of) && !column {
            return Err(error(
                "unsupported",
                "a derivative by vec(…) is read for vec(…) only: state it by the matrix",
                span,
            ));
        }
        let whole = if upper.is_empty() {
            span.to(of.span)
        } else {
            span
        };
        self.attached(derivative_of(of, wrt, direct, whole), noad, true)
            .map(Some)
    }

    /// `\frac{d\sigma}{dz}`, a function without its argument: its derivative at what it is taken by.
    fn slope_of_function(
        &mut self,
        upper: &[Noad],
        wrt: &[Expr],
        span: Span,
    ) -> Result<Option<Expr>, Report> {
        let ([wrt], Some(found)) = (wrt, self.names.find(upper)) else {
            return Ok(None);
        };
        // `\frac{d\sigma(z)}{dz}`: the argument says nothing new.
        let upper = match upper {
            [name @ .., argument] if found.length == name.len() => match &argument.kind {
                Kind::Fence('(', inside)
                    if argument.is_bare()
                        && matches!(wrt.kind, ExprKind::Letter(_))
                        && self.value_of(inside)?.kind == wrt.kind =>
                {
                    name
                }
                _ => upper,
            },
            _ => upper,
        };
        match &found.meaning {
            Meaning::Function(name) if found.length == upper.len() && found.rest.is_bare() => {
                self.notes.push(format!(
                    "the derivative of `{name}` is taken at what it is taken by"
                ));
                self.known_call(name, 1, vec![wrt.clone()], span).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// `dJ/dw`, `\partial J/\partial w` in running text, as the fraction that it is, and how many noads it takes.
    pub(super) fn inline_derivative(&self, list: &[Noad]) -> Option<(Noad, usize)> {
        let (rest, sign, _) = self.differential(list)?;
        if sign == 'd' && self.names.find(&list[..1]).is_some() {
            return None;
        }
        let slash = list.iter().position(|noad| noad.is_sign("/"))?;
        let above = rest.get(..slash - 1)?;
        let name = match above.split_last() {
            Some((last, name)) if matches!(last.kind, Kind::Fence('(', _)) && !name.is_empty() => {
                name
            }
            _ => above,
        };
        let below = &list[slash + 1..];
        let (by, same, _) = self.differential(below)?;
        let length = self.names.find(by)?.length;
        let whole = self.names.find(name)?.length == name.len();
        (whole && same == sign).then(|| {
            let taken = slash + 2 + length;
            let span = list[0].span.to(list[taken - 1].span);
            let fraction = Kind::Fraction(list[..slash].to_vec(), below[..length + 1].to_vec());
            (Noad::new(fraction, span), taken)
        })
    }

    /// What stands behind the d or ∂ at the beginning, with the order above it.
    pub(super) fn differential<'l>(&self, list: &'l [Noad]) -> Option<(&'l [Noad], char, usize)> {
        let first = list.first()?;
        let sign = match &first.kind {
            Kind::Command(name) if name == "partial" => '∂',
            Kind::Letter('d') => 'd',
            // `\frac{\delta L}{\delta w}`, where δ means nothing else.
            Kind::Command(name) if name == "delta" && self.names.find(&list[..1]).is_none() => 'δ',
            _ => return None,
        };
        let order = match &first.sup {
            None => 1,
            Some(_) if is_immediate(first) => 1,
            Some(sup) => order_of(sup)?,
        };
        let is_name = sign == 'd' && list.len() == 1 && self.names.find(list).is_some();
        if first.sub.is_some() || first.primes > 0 || is_name {
            return None;
        }
        Some((&list[1..], sign, order))
    }

    /// What a derivative of some order is taken by, in the order written: `\partial w_i \partial w_j`, `dw^2`.
    pub(super) fn differentials(&self, list: &[Noad], order: usize) -> Option<(Vec<List>, char)> {
        let (rest, sign, 1) = self.differential(list)? else {
            return None;
        };
        if order == 1 {
            return (!rest.is_empty()).then(|| (vec![rest.to_vec()], sign));
        }
        let mut parts = vec![List::new()];
        for noad in rest {
            let begins = noad.is_bare()
                && match sign {
                    '∂' => noad.is_command("partial"),
                    _ => noad.kind == Kind::Letter('d'),
                };
            let part = parts.last_mut().expect("one from the start");
            if begins && !part.is_empty() {
                parts.push(List::new());
            } else {
                part.push(noad.clone());
            }
        }
        if parts.len() < order {
            // `\partial w^2`: by the same twice.
            parts = parts
                .into_iter()
                .flat_map(|mut part| {
                    let mut times = 1;
                    if let Some(last) = part.last_mut()
                        && let Some(sup) = &mut last.sup
                        && let Some((mark, before)) = sup.split_last()
                        && let Some(found) = order_of(std::slice::from_ref(mark))
                    {
                        times = found;
                        last.sup = (!before.is_empty()).then(|| before.to_vec());
                    }
                    vec![part; times]
                })
                .collect();
        }
        (parts.len() == order && parts.iter().all(|part| !part.is_empty())).then_some((parts, sign))
    }
}

/// Whether a ∂ is marked as that of the direct part, `\partial^+`.
fn is_immediate(noad: &Noad) -> bool {
    noad.is_command("partial") && matches!(noad.sup.as_deref(), Some([plus]) if plus.is_sign("+"))
}

/// Whether an expression is made of numbers.
fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Pi => true,
        ExprKind::Quotient(above, below) => is_constant(above) && is_constant(below),
        _ => false,
    }
}

/// The order of a derivative: the number above its d.
fn order_of(sup: &[Noad]) -> Option<usize> {
    match sup {
        [only] if only.is_bare() => match &only.kind {
            Kind::Number(digits) => digits.parse().ok().filter(|order| (2..=4).contains(order)),
            _ => None,
        },
        _ => None,
    }
}

/// The derivative by one after the other.
fn derivative_of(of: Expr, wrt: Vec<Expr>, direct: bool, span: Span) -> Expr {
    wrt.into_iter().fold(of, |of, wrt| {
        let kind = ExprKind::Derivative {
            of: Box::new(of),
            wrt: Box::new(wrt),
            direct,
        };
        Expr::new(kind, span)
    })
}

/// The sum of the products of the entries of two arrays.
pub(super) fn entries_multiplied(left: Expr, right: Expr, span: Span) -> Expr {
    let factors = vec![(Join::Product, left), (Join::Elementwise, right)];
    let products = Expr::new(ExprKind::Product(factors), span);
    let all = Expr::new(ExprKind::Letter("all".into()), span);
    let sum = ExprKind::Call("sum".into(), 0, vec![products, all]);
    Expr::new(sum, span)
}

/// What is multiplied, divided by or raised entry by entry is no number: `w \oslash (1 + |w|)` has no norm in it, as it would
/// be one where nothing but numbers stands beside bars.
pub(super) fn magnitudes_alone(expr: &mut Expr) {
    fn is_number_of_bars(expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Call(name, ..) if name == "bars" => true,
            ExprKind::Number(_) | ExprKind::Pi => true,
            ExprKind::Sum(_)
            | ExprKind::Product(_)
            | ExprKind::Quotient(..)
            | ExprKind::Power(..) => {
                let mut children = expr.children().into_iter();
                children.all(is_number_of_bars)
            }
            _ => false,
        }
    }
    if is_number_of_bars(expr) {
        entry_by_entry(expr);
    }
}

/// What is compared is compared entry by entry, and so are magnitudes in it: `1(|x| < 1)`.
fn entry_by_entry(expr: &mut Expr) {
    if let ExprKind::Call(name, ..) = &mut expr.kind
        && name == "bars"
    {
        *name = "abs".into();
    }
    for child in expr.children_mut() {
        entry_by_entry(child);
    }
}
