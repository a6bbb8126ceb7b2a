//! Arrays of terms: shapes, sums and products. A shape that does not fit is the fault of the claim.

use super::*;

/// One dimension of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dim {
    /// So many.
    Fixed(usize),
    /// As many as fit, all equal.
    Any,
    /// As many as fit, all 0 but this one (from 0).
    Hot(usize),
    /// As many as fit, of an identity: the other dimension is the same.
    Eye,
}

/// A number, column, row or matrix of terms, row by row. A dimension without a fixed size holds one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Array {
    pub(crate) rows: Dim,
    pub(crate) cols: Dim,
    pub(crate) entries: Vec<TermId>,
}

pub(super) const ONE: Dim = Dim::Fixed(1);

impl Dim {
    pub(super) fn stored(self) -> usize {
        match self {
            Dim::Fixed(size) => size,
            Dim::Any | Dim::Hot(_) | Dim::Eye => 1,
        }
    }
}

impl Array {
    pub(super) fn number(term: TermId) -> Self {
        Self {
            rows: ONE,
            cols: ONE,
            entries: vec![term],
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        self.rows == ONE && self.cols == ONE
    }

    pub(super) fn is_vector(&self) -> bool {
        self.rows == ONE || self.cols == ONE
    }

    pub(super) fn is_fixed(&self) -> bool {
        matches!((self.rows, self.cols), (Dim::Fixed(_), Dim::Fixed(_)))
    }

    pub(super) fn transposed(&self) -> Array {
        let (rows, cols) = (self.rows.stored(), self.cols.stored());
        let mut entries = Vec::with_capacity(self.entries.len());
        for col in 0..cols {
            for row in 0..rows {
                entries.push(self.entries[row * cols + col]);
            }
        }
        Array {
            rows: self.cols,
            cols: self.rows,
            entries,
        }
    }

    /// Row and column of an entry, from 1.
    pub(crate) fn place(&self, entry: usize) -> (usize, usize) {
        let cols = self.cols.stored().max(1);
        (entry / cols + 1, entry % cols + 1)
    }

    /// Whether there is more than one row.
    pub(crate) fn has_rows(&self) -> bool {
        self.rows != ONE
    }

    /// Whether there is more than one column.
    pub(crate) fn has_cols(&self) -> bool {
        self.cols != ONE
    }

    /// Its shape in words.
    pub(crate) fn shape(&self) -> String {
        let size = |dim: Dim| match dim {
            Dim::Fixed(size) => size.to_string(),
            Dim::Any | Dim::Hot(_) | Dim::Eye => "?".into(),
        };
        match (self.rows, self.cols) {
            (ONE, ONE) => "a number".into(),
            (rows, ONE) => format!("a column of {}", size(rows)),
            (ONE, cols) => format!("a row of {}", size(cols)),
            (rows, cols) => format!("{} × {}", size(rows), size(cols)),
        }
    }
}

impl Lowering<'_> {
    pub(super) fn map(
        &mut self,
        array: &Array,
        mut change: impl FnMut(&mut crate::term::Store, TermId) -> TermId,
    ) -> Array {
        let entries = array
            .entries
            .iter()
            .map(|entry| change(&mut self.system.store, *entry))
            .collect();
        Array { entries, ..*array }
    }

    /// The array with both dimensions as given; none if it does not fit.
    pub(super) fn spread(&mut self, array: &Array, rows: Dim, cols: Dim) -> Option<Array> {
        let fits = |from: Dim, to: Dim| {
            from == to || (!matches!(from, Dim::Fixed(_)) && matches!(to, Dim::Fixed(_)))
        };
        if !fits(array.rows, rows) || !fits(array.cols, cols) {
            return None;
        }
        if array.rows == rows && array.cols == cols {
            return Some(array.clone());
        }
        let zero = self.system.store.int(0);
        let stored = array.cols.stored();
        let mut entries = Vec::new();
        for row in 0..rows.stored() {
            for col in 0..cols.stored() {
                let mut entry = None;
                let mut at = (row, col);
                let dims = [(array.rows, rows, &mut at.0), (array.cols, cols, &mut at.1)];
                for (dim, wanted, place) in dims {
                    match dim {
                        Dim::Fixed(_) => {}
                        _ if dim == wanted => {}
                        Dim::Any => *place = 0,
                        Dim::Hot(hot) => {
                            if *place != hot {
                                entry = Some(zero);
                            }
                            *place = 0;
                        }
                        Dim::Eye => {
                            if row != col {
                                entry = Some(zero);
                            }
                            *place = 0;
                        }
                    }
                }
                entries.push(entry.unwrap_or_else(|| array.entries[at.0 * stored + at.1]));
            }
        }
        let outside = |dim: Dim, size: Dim| {
            dim != size && matches!(dim, Dim::Hot(hot) if hot >= size.stored())
        };
        if outside(array.rows, rows)
            || outside(array.cols, cols)
            || (array.rows == Dim::Eye && rows != cols)
        {
            return None;
        }
        Some(Array {
            rows,
            cols,
            entries,
        })
    }

    /// Both sides of an equation with the same shape.
    pub(crate) fn matched(&mut self, a: &Array, b: &Array, span: Span) -> Result<(Array, Array)> {
        let pick = |a: Dim, b: Dim| if matches!(a, Dim::Fixed(_)) { a } else { b };
        let (rows, cols) = (pick(a.rows, b.rows), pick(a.cols, b.cols));
        // `= 0` says that every entry is 0.
        let zero = b.is_number() && self.system.store.is_zero(b.entries[0]);
        let all_zero = zero.then(|| self.map(a, |store, _| store.int(0)));
        let b = all_zero.as_ref().unwrap_or(b);
        match (self.spread(a, rows, cols), self.spread(b, rows, cols)) {
            (Some(a), Some(b)) => Ok((a, b)),
            _ => Err(Fault::IllTyped(
                format!(
                    "the left side is {}, the right side {}",
                    a.shape(),
                    b.shape()
                ),
                span,
            )),
        }
    }

    /// Entry by entry; a number goes with everything.
    pub(super) fn zip(
        &mut self,
        a: &Array,
        b: &Array,
        span: Span,
        what: &str,
        mut join: impl FnMut(&mut crate::term::Store, TermId, TermId) -> TermId,
    ) -> Result<Array> {
        let (a, b) = if a.is_number() && !b.is_number() && b.rows != Dim::Eye {
            let entry = a.entries[0];
            (
                Array {
                    entries: vec![entry; b.entries.len()],
                    ..*b
                },
                b.clone(),
            )
        } else if b.is_number() && !a.is_number() && a.rows != Dim::Eye {
            let entry = b.entries[0];
            (
                a.clone(),
                Array {
                    entries: vec![entry; a.entries.len()],
                    ..*a
                },
            )
        } else {
            let pick = |a: Dim, b: Dim| if matches!(a, Dim::Fixed(_)) { a } else { b };
            let (rows, cols) = (pick(a.rows, b.rows), pick(a.cols, b.cols));
            match (self.spread(a, rows, cols), self.spread(b, rows, cols)) {
                (Some(a), Some(b)) => (a, b),
                _ if what == "added" && !a.is_fixed() && !b.is_fixed() => {
                    return Err(Fault::Unsupported(
                        "the size of this sum is not known".into(),
                        span,
                    ));
                }
                _ => {
                    return Err(Fault::IllTyped(
                        format!("{} and {} cannot be {what}", a.shape(), b.shape()),
                        span,
                    ));
                }
            }
        };
        if !a.is_fixed()
            && matches!(
                (a.rows, a.cols),
                (Dim::Hot(_) | Dim::Eye, _) | (_, Dim::Hot(_))
            )
            && what == "added"
        {
            return Err(Fault::Unsupported(
                "the size of this sum is not known".into(),
                span,
            ));
        }
        let entries = a
            .entries
            .iter()
            .zip(&b.entries)
            .map(|(a, b)| join(&mut self.system.store, *a, *b))
            .collect();
        Ok(Array { entries, ..a })
    }

    /// Whether a condition on indices alone is false.
    pub(super) fn is_ruled_out(&mut self, conditions: &[Condition], letters: &Letters) -> bool {
        conditions.iter().any(|condition| {
            let whole = |side: Result<Affine>| side.ok().and_then(|side| side.as_int());
            let left = whole(self.index(&condition.left, letters));
            let right = whole(self.index(&condition.right, letters));
            left.zip(right)
                .is_some_and(|(left, right)| !condition.relation.holds(left, right))
        })
    }

    /// A sum; identities and ones without a size of their own take that of the others.
    pub(super) fn added(&mut self, values: Vec<Array>, span: Span) -> Result<Array> {
        let fixed = values
            .iter()
            .find(|value| value.is_fixed() && !value.is_number())
            .map(|value| (value.rows, value.cols))
            .or_else(|| {
                let (rows, cols) = self.shape?;
                let size = Dim::Fixed(rows);
                let has_identity = values.iter().any(|value| value.rows == Dim::Eye);
                (has_identity && rows == cols).then_some((size, size))
            });
        let mut sum: Option<Array> = None;
        for mut value in values {
            if let Some((rows, cols)) = fixed
                && !value.is_fixed()
            {
                // `\mathbf 1 - A`: with a matrix a column of one number is the matrix of it.
                let column = value.rows == Dim::Any && value.cols == ONE && rows != ONE;
                if column && value.entries.len() == 1 {
                    value.cols = Dim::Any;
                }
                value = self.spread(&value, rows, cols).unwrap_or(value);
            }
            sum = Some(match sum {
                None => value,
                Some(sum) => {
                    self.zip(&sum, &value, span, "added", |store, a, b| store.add([a, b]))?
                }
            });
        }
        sum.ok_or_else(|| Fault::Unsupported("an empty sum".into(), span))
    }

    pub(super) fn product(
        &mut self,
        factors: &[(Join, Expr)],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        // Where a condition on indices is false the rest is not read: it may be outside of everything.
        for (_, factor) in factors {
            if let ExprKind::Indicator(conditions) = &factor.plain().kind
                && self.is_ruled_out(conditions, letters)
            {
                return Ok(Array::number(self.system.store.int(0)));
            }
        }
        let values = match self.factors(factors, letters) {
            Ok(values) => values,
            Err(fault) => {
                let chain = self.formal_chain(factors, span, letters);
                let chain = chain.or_else(|| self.by_matrix(factors, span, letters));
                return chain.unwrap_or(Err(fault));
            }
        };
        // Matrix products bind closer than products entry by entry; where that does not fit, from left to right, or as
        // maps that are applied one after the other.
        let mut groups: Vec<(Join, Vec<Array>)> = Vec::new();
        for (at, (join, value)) in values.iter().enumerate() {
            match (at, join) {
                (0, _) | (_, Join::Elementwise | Join::Dot | Join::Tensor | Join::Kronecker) => {
                    groups.push((*join, vec![value.clone()]))
                }
                (_, Join::Product) => groups.last_mut().expect("a group").1.push(value.clone()),
            }
        }
        let mut by_groups = || -> Result<Array> {
            let mut result: Option<Array> = None;
            for (join, group) in &groups {
                let value = self.chain(group, span)?;
                result = Some(match result {
                    None => value,
                    Some(before) => self.joined(*join, &before, &value, span)?,
                });
            }
            result.ok_or_else(|| Fault::Unsupported("an empty product".into(), span))
        };
        let first = by_groups();
        if first.is_ok() {
            return first;
        }
        if groups.len() == 1 {
            return self.formal_chain(factors, span, letters).unwrap_or(first);
        }
        let mut left = Ok(values[0].1.clone());
        for (join, value) in &values[1..] {
            left = left.and_then(|before| self.joined(*join, &before, value, span));
        }
        if left.is_ok() {
            return left;
        }
        let (last, before) = values.split_last().expect("several factors");
        let mut right = Ok(last.1.clone());
        let joins = values[1..].iter().rev().map(|(join, _)| *join);
        for ((_, value), join) in before.iter().rev().zip(joins) {
            right = right.and_then(|behind| self.joined(join, value, &behind, span));
        }
        if right.is_ok() {
            return right;
        }
        if let Some(parts) = self.by_parts(&groups, span) {
            return Ok(parts);
        }
        self.formal_chain(factors, span, letters).unwrap_or(first)
    }

    /// Groups of which the longest beginning that fits is joined with what stands before, and the rest follows:
    /// `s \odot A v\,x^T` is `(s \odot A v) x^T` where s is as long as `A v`.
    fn by_parts(&mut self, groups: &[(Join, Vec<Array>)], span: Span) -> Option<Array> {
        let ((_, first), rest) = groups.split_first()?;
        let mut result = self.chain(first, span).ok()?;
        for (join, group) in rest {
            result = (1..=group.len()).rev().find_map(|count| {
                let (head, tail) = group.split_at(count);
                let head = self.chain(head, span).ok()?;
                let mut parts = vec![self.joined(*join, &result, &head, span).ok()?];
                parts.extend(tail.iter().cloned());
                self.chain(&parts, span).ok()
            })?;
        }
        Some(result)
    }

    /// The factors of a product. `I - \frac1n\mathbf 1\mathbf 1^\top` has the size of what stands beside it.
    fn factors(
        &mut self,
        factors: &[(Join, Expr)],
        letters: &Letters,
    ) -> Result<Vec<(Join, Array)>> {
        let outside = self.shape.take();
        let mut found: Vec<Result<Array>> = Vec::with_capacity(factors.len());
        for (_, factor) in factors {
            found.push(self.array(factor, letters));
        }
        for at in 0..factors.len() {
            if !matches!(found[at], Err(Fault::Unsupported(..))) {
                continue;
            }
            let size = |side: Dim| match side {
                Dim::Fixed(size) if size > 1 => Some(size),
                _ => None,
            };
            let is_array = |array: &&Array| !array.is_number();
            let before = found[..at].iter().flatten().rfind(is_array);
            let behind = found[at + 1..].iter().flatten().find(is_array);
            let alone = before.is_none() && behind.is_none();
            let side = before
                .and_then(|array| size(array.cols))
                .or_else(|| behind.and_then(|array| size(array.rows)));
            self.shape = side.map(|side| (side, side)).or(outside.filter(|_| alone));
            if self.shape.is_some() {
                found[at] = self.array(&factors[at].1, letters);
            }
            self.shape = None;
        }
        self.shape = outside;
        let joins = factors.iter().map(|(join, _)| *join);
        joins
            .zip(found)
            .map(|(join, array)| Ok((join, array?)))
            .collect()
    }

    /// An expression whose identities are of this size where nothing else says it.
    pub(crate) fn array_like(
        &mut self,
        expr: &Expr,
        like: &Array,
        letters: &Letters,
    ) -> Result<Array> {
        self.shape = match (like.rows, like.cols) {
            (Dim::Fixed(rows), Dim::Fixed(cols)) if rows > 1 => Some((rows, cols)),
            _ => None,
        };
        let array = self.array(expr, letters);
        self.shape = None;
        array
    }

    /// A matrix product of several factors, from left to right; numbers go anywhere.
    pub(super) fn chain(&mut self, group: &[Array], span: Span) -> Result<Array> {
        let mut result = group[0].clone();
        for value in &group[1..] {
            result = self.joined(Join::Product, &result, value, span)?;
        }
        Ok(result)
    }

    pub(super) fn joined(&mut self, join: Join, a: &Array, b: &Array, span: Span) -> Result<Array> {
        match join {
            Join::Elementwise => {
                self.zip(a, b, span, "multiplied entry by entry", |store, a, b| {
                    store.mul([a, b])
                })
            }
            Join::Tensor if a.cols == ONE && b.cols == ONE && !a.is_number() && !b.is_number() => {
                self.matrix_product(a, &b.transposed(), span)
            }
            Join::Tensor | Join::Kronecker if !a.is_number() && !b.is_number() => {
                self.kronecker_product(a, b, span)
            }
            Join::Dot if a.is_vector() && b.is_vector() && !a.is_number() && !b.is_number() => {
                let row = if a.rows == ONE {
                    a.clone()
                } else {
                    a.transposed()
                };
                let column = if b.cols == ONE {
                    b.clone()
                } else {
                    b.transposed()
                };
                self.matrix_product(&row, &column, span)
            }
            Join::Dot | Join::Product | Join::Tensor | Join::Kronecker => {
                if a.is_number() || b.is_number() {
                    if a.rows == Dim::Eye || b.rows == Dim::Eye {
                        let entry = self.system.store.mul([a.entries[0], b.entries[0]]);
                        return Ok(Array {
                            rows: Dim::Eye,
                            cols: Dim::Eye,
                            entries: vec![entry],
                        });
                    }
                    return self.zip(a, b, span, "multiplied", |store, a, b| store.mul([a, b]));
                }
                self.matrix_product(a, b, span)
            }
        }
    }

    /// Kronecker's product. An identity is as large as what the product is multiplied with lets it be.
    fn kronecker_product(&mut self, a: &Array, b: &Array, span: Span) -> Result<Array> {
        let mut sized = |eye: &Array, other: &Array| {
            let (_, wanted) = self.shape.filter(|_| eye.rows == Dim::Eye)?;
            let size = match other.cols {
                Dim::Fixed(cols) if wanted % cols == 0 => Dim::Fixed(wanted / cols),
                _ => return None,
            };
            self.spread(eye, size, size)
        };
        let (eye_before, eye_behind) = (sized(a, b), sized(b, a));
        let (a, b) = (
            eye_before.as_ref().unwrap_or(a),
            eye_behind.as_ref().unwrap_or(b),
        );
        if !a.is_fixed() || !b.is_fixed() {
            return Err(Fault::Unsupported(
                "the size of a factor of this product is not known".into(),
                span,
            ));
        }
        let (rows, cols) = (b.rows.stored(), b.cols.stored());
        let (all_rows, all_cols) = (a.rows.stored() * rows, a.cols.stored() * cols);
        let mut entries = Vec::with_capacity(all_rows * all_cols);
        for row in 0..all_rows {
            for col in 0..all_cols {
                self.work += 1;
                let outer = a.entries[row / rows * a.cols.stored() + col / cols];
                let inner = b.entries[row % rows * cols + col % cols];
                entries.push(self.system.store.mul([outer, inner]));
            }
        }
        Ok(Array {
            rows: Dim::Fixed(all_rows),
            cols: Dim::Fixed(all_cols),
            entries,
        })
    }

    pub(super) fn matrix_product(&mut self, a: &Array, b: &Array, span: Span) -> Result<Array> {
        let unfit = || {
            Fault::IllTyped(
                format!("{} times {} does not fit", a.shape(), b.shape()),
                span,
            )
        };
        // An identity changes nothing but the factor in front of it.
        if a.cols == Dim::Eye || b.rows == Dim::Eye {
            let (eye, other) = if a.cols == Dim::Eye { (a, b) } else { (b, a) };
            let factor = eye.entries[0];
            return Ok(self.map(other, |store, entry| store.mul([factor, entry])));
        }
        let size = match (a.cols, b.rows) {
            (Dim::Fixed(m), Dim::Fixed(n)) if m == n => Dim::Fixed(m),
            (Dim::Fixed(m), Dim::Any) | (Dim::Any, Dim::Fixed(m)) => Dim::Fixed(m),
            (Dim::Fixed(m), Dim::Hot(hot)) | (Dim::Hot(hot), Dim::Fixed(m)) if hot < m => {
                Dim::Fixed(m)
            }
            (Dim::Hot(i), Dim::Hot(j)) => {
                let value = if i == j {
                    self.system.store.int(1)
                } else {
                    self.system.store.int(0)
                };
                let mut entries = Vec::new();
                for x in &a.entries {
                    for y in &b.entries {
                        entries.push(self.system.store.mul([value, *x, *y]));
                    }
                }
                return Ok(Array {
                    rows: a.rows,
                    cols: b.cols,
                    entries,
                });
            }
            (Dim::Any, Dim::Any) => {
                return Err(Fault::Unsupported(
                    "the length of these ones is not known".into(),
                    span,
                ));
            }
            _ => return Err(unfit()),
        };
        let a = self.spread(a, a.rows, size).ok_or_else(unfit)?;
        let b = self.spread(b, size, b.cols).ok_or_else(unfit)?;
        let (inner, width) = (size.stored(), b.cols.stored());
        let mut entries = Vec::new();
        for row in 0..a.rows.stored() {
            for col in 0..width {
                let mut terms = Vec::with_capacity(inner);
                for at in 0..inner {
                    self.work += 1;
                    terms.push(
                        self.system
                            .store
                            .mul([a.entries[row * inner + at], b.entries[at * width + col]]),
                    );
                }
                entries.push(self.system.store.add(terms));
            }
        }
        Ok(Array {
            rows: a.rows,
            cols: b.cols,
            entries,
        })
    }

    pub(super) fn power(
        &mut self,
        base: &Expr,
        exponent: &Expr,
        elementwise: bool,
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let base = self.array(base, letters)?;
        // `T - t` is a whole number where t is one.
        let index = self.index(exponent, letters).ok();
        let exponent = match index.filter(Affine::is_constant) {
            Some(value) => Array::number(self.index_term(&value)),
            None => self.array(exponent, letters)?,
        };
        if !exponent.is_number() {
            return Err(Fault::IllTyped("an exponent is a number".into(), span));
        }
        let exponent = exponent.entries[0];
        if elementwise || base.is_number() || base.is_vector() {
            return Ok(self.map(&base, |store, term| store.power(term, exponent)));
        }
        let whole = self
            .system
            .store
            .as_number(exponent)
            .filter(|value| value.is_integer())
            .and_then(|value| value.to_integer().to_i64());
        // A matrix that is not square has no other powers than those of its entries: `1 - A^2`.
        if base.rows != base.cols && whole.is_some_and(|whole| whole > 1) {
            return Ok(self.map(&base, |store, term| store.power(term, exponent)));
        }
        if base.rows != base.cols {
            return Err(Fault::IllTyped(
                format!("only a square matrix has powers, this is {}", base.shape()),
                span,
            ));
        }
        match whole {
            Some(0) => {
                let eye = Array {
                    rows: Dim::Eye,
                    cols: Dim::Eye,
                    entries: vec![self.system.store.int(1)],
                };
                self.spread(&eye, base.rows, base.cols)
                    .ok_or_else(|| Fault::Unsupported("this power of a matrix".into(), span))
            }
            Some(count @ (-16..=-1 | 1..=16)) => {
                let base = if count < 0 {
                    self.of_square("inv", &base, span)?
                } else {
                    base
                };
                let mut result = base.clone();
                for _ in 1..count.abs() {
                    result = self.matrix_product(&result, &base, span)?;
                }
                Ok(result)
            }
            _ => Err(Fault::Unsupported("this power of a matrix".into(), span)),
        }
    }
}
