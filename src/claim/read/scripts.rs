//! Names with their scripts: slots, elements, transposes and powers, in a fixed order; calls.

use super::ones::is_plus;
use super::*;
use crate::term::Node;

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
                let mut found = found;
                let positive = found.rest.sub.as_deref().is_some_and(is_plus);
                if positive {
                    found.rest.sub = None;
                }
                let (mut base, mut rest) = self.reference(found, cursor)?;
                cursor.at += length;
                if positive {
                    base = self.positive_part(base, span);
                }
                // By its own name, or by another that is declared for it.
                if let ExprKind::Quantity { family, .. } = base.plain().kind {
                    if let Some(derivative) =
                        self.subscript_derivative(family, &base, &rest, span)?
                    {
                        rest.sub = None;
                        return self.attached(derivative, &rest, true);
                    }
                    self.note_index_of_number(family, &rest)?;
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

    /// `J_w`, `L_{ww}` of a number: its derivative by the quantities below it, which it depends on. It has no elements.
    fn subscript_derivative(
        &mut self,
        family: FamilyId,
        of: &Expr,
        rest: &Noad,
        span: Span,
    ) -> Result<Option<Expr>, Report> {
        let system = self.names.system;
        let known = system.family(family);
        let Some(sub) = rest.sub.as_deref().filter(|_| known.axes == 0) else {
            return Ok(None);
        };
        let Some(names) = self.names_in(sub) else {
            return Ok(None);
        };
        let mut derivative = of.clone();
        for name in names {
            let by = self.value_of(name)?;
            let depends = families(&by)
                .iter()
                .any(|by| system.depends_on(family).contains(by));
            if !depends {
                return Err(error(
                    "number-with-element",
                    format!(
                        "`{}` is a number, has no elements, and does not depend on what stands below it",
                        known.name
                    ),
                    rest.span,
                ));
            }
            let kind = ExprKind::Derivative {
                of: Box::new(derivative),
                wrt: Box::new(by),
                direct: false,
            };
            derivative = Expr::new(kind, span);
        }
        self.notes.push(format!(
            "what stands below {}, a number, is what it is differentiated by",
            known.name
        ));
        Ok(Some(derivative))
    }

    /// The names of quantities that a subscript is made of, `ww`, `w,b`; none if there is something else, or a letter that
    /// is an index here.
    fn names_in<'l>(&self, sub: &'l [Noad]) -> Option<Vec<&'l [Noad]>> {
        let mut names = Vec::new();
        for part in sub.split(|noad| noad.is_sign(",")) {
            let mut at = 0;
            while at < part.len() {
                let found = self.names.find(&part[at..])?;
                let name = &part[at..at + found.length];
                let real = matches!(found.meaning, Meaning::Quantity(family) if self.names.is_real_quantity(family));
                let index = name.len() == 1
                    && letter_name(&name[0]).is_some_and(|letter| {
                        self.bound.contains(&letter) || self.left.contains(&letter)
                    });
                (real && !index).then_some(())?;
                names.push(name);
                at += found.length;
            }
        }
        (!names.is_empty()).then_some(names)
    }

    /// `x_i` of a number, where the index may be that of an example: the same one wherever there is one.
    fn note_index_of_number(&mut self, family: FamilyId, rest: &Noad) -> Result<(), Report> {
        let known = self.names.system.family(family);
        let Some(sub) = rest.sub.as_deref().filter(|_| known.axes == 0) else {
            return Ok(());
        };
        let example = match sub {
            [only] => text_of(sub).or_else(|| letter_name(only)),
            _ => None,
        };
        let before = self.example.clone().or_else(|| example.clone());
        if example.is_none() || before != example {
            return Err(error(
                "number-with-element",
                format!(
                    "{} is a number in this network and has no elements",
                    known.name
                ),
                rest.span,
            ));
        }
        self.example = example;
        let note = format!(
            "{} is a number in this network: the index below it is read as that of the example",
            known.name
        );
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        Ok(())
    }

    /// `J(w, b)`: whether a bracket holds names of given quantities that a defined one depends on, and nothing else.
    pub(super) fn are_arguments(&self, family: FamilyId, inside: &[Noad]) -> bool {
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
                let turned = scripts_in_order(&rest);
                let power = self.step_with_power(family, &mut rest);
                let element = self.step_with_element(family, &mut rest);
                let slots = self.slots(known.slots, &mut rest, span)?;
                rest.sup = rest.sup.or(power);
                rest.sub = rest.sub.or(element);
                // `A^{-1}_{kl}` is an element of the inverse, `W^T_{kl}` one of the transpose.
                if turned
                    && let Some(marked) =
                        self.element_behind_mark(family, &slots, &mut rest, span)?
                {
                    return Ok((marked, rest));
                }
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

    /// The element of the inverse or the transpose of a matrix: the mark stands in front of the indices.
    fn element_behind_mark(
        &mut self,
        family: FamilyId,
        slots: &[Expr],
        rest: &mut Noad,
        span: Span,
    ) -> Result<Option<Expr>, Report> {
        let known = self.names.system.family(family);
        let (Some(sup), Some(sub)) = (&rest.sup, &rest.sub) else {
            return Ok(None);
        };
        let length = |axis| super::super::lengths::length(self.names.system, family, axis);
        let inverse = match sup.as_slice() {
            [minus, mark] if minus.is_sign("-") => {
                let one = matches!(&mark.kind, Kind::Number(digits) if digits == "1");
                (one || is_transpose(std::slice::from_ref(mark))) && mark.is_bare()
            }
            _ => false,
        };
        let square = known.axes == 2 && length(0) == length(1);
        let Some(parts) = split_digits(sub, 2).or_else(|| split_entries(sub, 2)) else {
            return Ok(None);
        };
        if known.axes != 2 || !(is_transpose(sup) || (inverse && square)) {
            return Ok(None);
        }
        let kind = ExprKind::Quantity {
            family,
            slots: slots.to_vec(),
            elements: Vec::new(),
        };
        let turned = self.raised(Expr::new(kind, span), sup, span)?;
        let entries = self.entries(&parts)?;
        (rest.sup, rest.sub) = (None, None);
        Ok(Some(Expr::new(
            ExprKind::Elements(Box::new(turned), entries),
            span,
        )))
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
                [only] if only.is_sign(":") || (parts.len() > 1 && is_all(only)) => Ok(Entry::All),
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
        if noad.sub.as_deref().is_some_and(is_plus) {
            expr = self.positive_part(expr, span);
        } else if let Some(sub) = &noad.sub {
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
            let mut entries = self.entries(&parts)?;
            expr = match (&expr.kind, entries.as_mut_slice()) {
                (ExprKind::Identity, [Entry::At(i), Entry::At(j)]) => {
                    let kind = ExprKind::Kronecker(Box::new(i.clone()), Box::new(j.clone()));
                    Expr::new(kind, span)
                }
                _ => Expr::new(ExprKind::Elements(Box::new(expr), entries), span),
            };
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
        if is_plus(sup) && self.has_positive_part(&base) {
            return Ok(self.positive_part(base, span));
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
        let mut base = base;
        if elementwise {
            magnitudes_alone(&mut base);
        }
        Ok(Expr::new(
            ExprKind::Power(Box::new(base), Box::new(exponent?), elementwise),
            span,
        ))
    }
}

/// Whether what stands above was written before what stands below.
fn scripts_in_order(noad: &Noad) -> bool {
    let start = |script: &Option<List>| script.as_deref().and_then(span_of).map(|span| span.start);
    matches!((start(&noad.sup), start(&noad.sub)), (Some(above), Some(below)) if above < below)
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
