//! Elements, conditions, cases and sums over letters.

use super::*;

impl Lowering<'_> {
    pub(super) fn elements(
        &mut self,
        array: &Array,
        entries: &[Entry],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let (rows, cols) = match (array.rows, array.cols) {
            (Dim::Fixed(rows), Dim::Fixed(cols)) => (rows, cols),
            (Dim::Any, ONE) | (ONE, Dim::Any) => return Ok(Array::number(array.entries[0])),
            _ => {
                return Err(Fault::Unsupported(
                    "an element of an array of unknown size".into(),
                    span,
                ));
            }
        };
        let (row, col) = match entries {
            [only] if array.cols == ONE => (only, &Entry::All),
            [only] if array.rows == ONE => (&Entry::All, only),
            [row, col] => (row, col),
            _ => {
                return Err(Fault::IllTyped(
                    format!("{} has no such elements", array.shape()),
                    span,
                ));
            }
        };
        let table: Vec<Vec<TermId>> = (0..rows)
            .map(|row| array.entries[row * cols..(row + 1) * cols].to_vec())
            .collect();
        let table = self.lines_at(table, row, span, letters)?;
        let columns = (0..cols)
            .map(|col| table.iter().map(|row| row[col]).collect())
            .collect();
        let columns = self.lines_at(columns, col, span, letters)?;
        let side = |entry: &Entry, known: Dim, count: usize| match entry {
            Entry::At(_) => ONE,
            Entry::All => known,
            Entry::Part(..) => Dim::Fixed(count),
        };
        Ok(Array {
            rows: side(row, array.rows, table.len()),
            cols: side(col, array.cols, columns.len()),
            entries: (0..table.len())
                .flat_map(|row| columns.iter().map(move |column| column[row]))
                .collect(),
        })
    }

    /// Some of the lines of an array: all, a part, one by its number, or the one that the data names.
    fn lines_at(
        &mut self,
        lines: Vec<Vec<TermId>>,
        entry: &Entry,
        span: Span,
        letters: &Letters,
    ) -> Result<Vec<Vec<TermId>>> {
        let leaves = || Fault::IllTyped("an index leaves the range of the array".into(), span);
        let at = match entry {
            Entry::All => return Ok(lines),
            Entry::Part(low, high) => {
                let (low, high) = (self.place(low, letters)?, self.place(high, letters)?);
                if low > high {
                    return Err(Fault::IllTyped("this part is empty".into(), span));
                }
                return lines.get(low..=high).map(<[_]>::to_vec).ok_or_else(leaves);
            }
            Entry::At(at) => at,
        };
        let value = self.index(at, letters)?;
        if value.is_constant() {
            let place = self.place(at, letters)?;
            return lines
                .get(place)
                .map(|line| vec![line.clone()])
                .ok_or_else(leaves);
        }
        let store = &mut self.system.store;
        let mut chosen = vec![Vec::new(); lines.first().map_or(0, Vec::len)];
        for (number, line) in (1..).zip(&lines) {
            let guard = store.guard(Domain::equal(&value, &Affine::int(number)));
            for (terms, entry) in chosen.iter_mut().zip(line) {
                terms.push(store.mul([guard, *entry]));
            }
        }
        Ok(vec![
            chosen.into_iter().map(|terms| store.add(terms)).collect(),
        ])
    }

    pub(super) fn conditions(
        &mut self,
        conditions: &[Condition],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let mut all: Option<Array> = None;
        for condition in conditions {
            let left = self.array(&condition.left, letters)?;
            let right = self.array(&condition.right, letters)?;
            let value = self.zip(&left, &right, span, "compared", |store, a, b| {
                let (cmp, a, b) = condition.relation.turned(a, b);
                store.intern(Node::Test(cmp, a, b))
            })?;
            all = Some(match all {
                None => value,
                Some(before) => self.zip(&before, &value, span, "joined", |store, a, b| {
                    store.mul([a, b])
                })?,
            });
        }
        all.ok_or_else(|| Fault::Unsupported("an empty condition".into(), span))
    }

    /// Whether conditions on indices alone are all true.
    fn is_met(&mut self, conditions: &[Condition], letters: &Letters) -> bool {
        conditions.iter().all(|condition| {
            let whole = |side: Result<Affine>| side.ok().and_then(|side| side.as_int());
            let left = whole(self.index(&condition.left, letters));
            let right = whole(self.index(&condition.right, letters));
            left.zip(right)
                .is_some_and(|(left, right)| condition.relation.holds(left, right))
        })
    }

    pub(super) fn cases(
        &mut self,
        branches: &[(Expr, Option<Vec<Condition>>)],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let mut values = Vec::new();
        if branches.is_empty() {
            // Nothing is said here.
            let nothing = Node::Cases(Box::default());
            return Ok(Array::number(self.system.store.intern(nothing)));
        }
        for (value, conditions) in branches {
            // A branch that the indices rule out is not read: it may be outside of everything.
            if conditions
                .as_ref()
                .is_some_and(|conditions| self.is_ruled_out(conditions, letters))
            {
                continue;
            }
            let decided = conditions
                .as_ref()
                .is_some_and(|conditions| self.is_met(conditions, letters));
            let value = self.array(value, letters)?;
            let condition = match conditions {
                Some(conditions) => self.conditions(conditions, span, letters)?,
                None => Array::number(self.system.store.int(1)),
            };
            values.push((condition, value));
            if decided {
                break;
            }
        }
        let pick = |a: Dim, b: Dim| {
            if matches!(a, Dim::Fixed(size) if size > 1) {
                a
            } else {
                b
            }
        };
        let mut shape = (ONE, ONE);
        for (condition, value) in &values {
            for part in [condition, value] {
                let open = |dim: Dim, now: Dim| if now == ONE { dim } else { pick(now, dim) };
                if !part.is_number() {
                    shape = (open(part.rows, shape.0), open(part.cols, shape.1));
                }
            }
        }
        let mut spread = Vec::new();
        for (condition, value) in &values {
            let mut parts = Vec::new();
            for part in [condition, value] {
                let part = if part.is_number() {
                    Array {
                        rows: shape.0,
                        cols: shape.1,
                        entries: vec![part.entries[0]; shape.0.stored() * shape.1.stored()],
                    }
                } else {
                    self.spread(part, shape.0, shape.1)
                        .ok_or_else(|| Fault::IllTyped("the cases differ in shape".into(), span))?
                };
                parts.push(part);
            }
            spread.push(parts);
        }
        let count = spread.first().map_or(0, |parts| parts[0].entries.len());
        let entries = (0..count)
            .map(|at| {
                let branches = spread
                    .iter()
                    .map(|parts| (parts[0].entries[at], parts[1].entries[at]))
                    .collect();
                self.system.store.intern(Node::Cases(branches))
            })
            .collect();
        Ok(Array {
            rows: shape.0,
            cols: shape.1,
            entries,
        })
    }

    /// What a sum, product or maximum is: nested ones are met again with the same values of their letters.
    pub(super) fn folded(
        &mut self,
        expr: &Expr,
        (fold, binders, conditions, body): (Fold, &[Binder], &[Condition], &Expr),
        letters: &Letters,
    ) -> Result<Array> {
        if !self.folds.contains_key(expr) {
            if self.folds.len() == MOST_FOLDS {
                self.folds.clear();
            }
            self.folds.insert(expr.clone(), Folded::new(expr));
        }
        let value = |letter: &String| {
            let known = letters.iter().rev().find(|(name, _)| name == letter);
            known.map(|(_, value)| *value)
        };
        let known = &self.folds[expr];
        let at = (known.letters.iter().map(value).collect(), self.shape);
        if let Some(array) = known.arrays.get(&at) {
            return Ok(array.clone());
        }
        let array = self.fold(fold, binders, conditions, body, expr.span, letters)?;
        if let Some(known) = self.folds.get_mut(expr) {
            known.arrays.insert(at, array.clone());
        }
        Ok(array)
    }

    fn fold(
        &mut self,
        fold: Fold,
        binders: &[Binder],
        conditions: &[Condition],
        body: &Expr,
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let Some((binder, others)) = binders.split_first() else {
            // The innermost letter is bound: guarded by the conditions.
            let mut guards = Vec::new();
            for condition in conditions {
                let left = self.index(&condition.left, letters)?;
                let right = self.index(&condition.right, letters)?;
                let (a, b) = (self.index_term(&left), self.index_term(&right));
                let (cmp, a, b) = condition.relation.turned(a, b);
                let known = left.as_int().zip(right.as_int());
                match known {
                    Some((left, right)) => {
                        if !condition.relation.holds(left, right) {
                            // An index that is left out may be outside of everything.
                            return Ok(Array {
                                rows: Dim::Any,
                                cols: Dim::Any,
                                entries: Vec::new(),
                            });
                        }
                    }
                    None => guards.push(self.system.store.intern(Node::Test(cmp, a, b))),
                }
            }
            let value = self.array(body, letters)?;
            if guards.is_empty() {
                return Ok(value);
            }
            if fold != Fold::Sum {
                return Err(Fault::Unsupported(
                    "this condition of a product or maximum".into(),
                    span,
                ));
            }
            return Ok(self.map(&value, |store, term| {
                store.mul(guards.iter().copied().chain(std::iter::once(term)))
            }));
        };
        let (low, high) = match &binder.range {
            Some((low, high)) => {
                let whole = |value: Affine| {
                    value
                        .as_int()
                        .ok_or_else(|| Fault::Unsupported("a bound is a whole number".into(), span))
                };
                (
                    whole(self.index(low, letters)?)?,
                    whole(self.index(high, letters)?)?,
                )
            }
            None => {
                let mut parts = vec![body];
                parts.extend(
                    conditions
                        .iter()
                        .flat_map(|condition| [&condition.left, &condition.right]),
                );
                self.bound_range(&binder.letter, &parts, letters)?
                    .ok_or_else(|| {
                        Fault::Unsupported(
                            format!("the range of {} is not known", binder.letter),
                            span,
                        )
                    })?
            }
        };
        let mut inner = letters.clone();
        if fold == Fold::Diagonal {
            let mut entries = Vec::new();
            for value in low..=high {
                inner.push((binder.letter.clone(), value));
                let entry = self.array(body, &inner);
                inner.pop();
                let entry = entry?;
                if !entry.is_number() {
                    return Err(Fault::IllTyped("`diag` takes numbers here".into(), span));
                }
                entries.extend(entry.entries);
            }
            return Ok(self.diagonal(&entries));
        }
        let mut total: Option<Array> = None;
        for value in low..=high {
            inner.push((binder.letter.clone(), value));
            let part = self.fold(fold, others, conditions, body, span, &inner);
            inner.pop();
            let part = part?;
            if part.entries.is_empty() {
                continue;
            }
            total = Some(match total {
                None => part,
                Some(before) => match fold {
                    Fold::Sum => self.zip(&before, &part, span, "added", |store, a, b| {
                        store.add([a, b])
                    })?,
                    Fold::Product => self.joined(Join::Product, &before, &part, span)?,
                    Fold::Max | Fold::Diagonal => {
                        let max = self.function("max", span)?;
                        self.zip(&before, &part, span, "compared", |store, a, b| {
                            store.intern(Node::Apply(max, Box::new([0, 0]), Box::new([a, b])))
                        })?
                    }
                },
            });
        }
        match (total, fold) {
            (Some(total), _) => Ok(total),
            (None, Fold::Sum) => Ok(Array::number(self.system.store.int(0))),
            (None, Fold::Product) => Ok(Array::number(self.system.store.int(1))),
            (None, Fold::Max | Fold::Diagonal) => {
                Err(Fault::IllTyped("a maximum over nothing".into(), span))
            }
        }
    }
}
