//! Functions of numbers and of arrays.

use super::*;
use crate::system::in_order;

impl Lowering<'_> {
    /// The diagonal matrix with these entries.
    pub(super) fn diagonal(&mut self, entries: &[TermId]) -> Array {
        let size = entries.len();
        let zero = self.system.store.int(0);
        let mut all = vec![zero; size * size];
        for (at, entry) in entries.iter().enumerate() {
            all[at * size + at] = *entry;
        }
        Array {
            rows: Dim::Fixed(size),
            cols: Dim::Fixed(size),
            entries: all,
        }
    }

    pub(super) fn function(&mut self, name: &str, span: Span) -> Result<FunctionId> {
        self.system
            .function_id(name)
            .ok_or_else(|| Fault::Unsupported(format!("`{name}` is no function of numbers"), span))
    }

    pub(super) fn call(
        &mut self,
        name: &str,
        primes: u8,
        arguments: &[Expr],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let over = match arguments {
            [_, over] => match &over.kind {
                ExprKind::Letter(word) if matches!(word.as_str(), "rows" | "columns" | "all") => {
                    Some(word.clone())
                }
                _ => None,
            },
            _ => None,
        };
        let count = if over.is_some() { 1 } else { arguments.len() };
        let mut values = Vec::new();
        for argument in &arguments[..count] {
            values.push(self.array(argument, letters)?);
        }
        let needs_size = |value: &Array| {
            if value.is_fixed() {
                Ok(())
            } else {
                Err(Fault::Unsupported(
                    format!("the size of the argument of `{name}` is not known"),
                    span,
                ))
            }
        };
        match (name, values.as_slice()) {
            ("diag", [value]) => {
                needs_size(value)?;
                if !value.is_vector() {
                    return Err(Fault::IllTyped("`diag` takes a vector".into(), span));
                }
                Ok(self.diagonal(&value.entries))
            }
            ("diagonal", [value]) => {
                needs_size(value)?;
                if value.rows != value.cols {
                    return Err(Fault::IllTyped(
                        "only a square matrix has a diagonal here".into(),
                        span,
                    ));
                }
                let size = value.rows.stored();
                Ok(Array {
                    rows: value.rows,
                    cols: ONE,
                    entries: (0..size).map(|at| value.entries[at * size + at]).collect(),
                })
            }
            ("tr", [value]) => {
                if let (Dim::Hot(i), Dim::Hot(j)) = (value.rows, value.cols) {
                    let entry = if i == j {
                        value.entries[0]
                    } else {
                        self.system.store.int(0)
                    };
                    return Ok(Array::number(entry));
                }
                // One known side is the other's too.
                let value = &match (value.rows, value.cols) {
                    (side @ Dim::Fixed(_), _) | (_, side @ Dim::Fixed(_)) => self
                        .spread(value, side, side)
                        .unwrap_or_else(|| value.clone()),
                    _ => value.clone(),
                };
                needs_size(value)?;
                if value.rows != value.cols {
                    return Err(Fault::IllTyped(
                        "only a square matrix has a trace".into(),
                        span,
                    ));
                }
                let size = value.rows.stored();
                let terms: Vec<TermId> =
                    (0..size).map(|at| value.entries[at * size + at]).collect();
                Ok(Array::number(self.system.store.add(terms)))
            }
            ("vec", [value]) => {
                needs_size(value)?;
                let transposed = value.transposed();
                Ok(Array {
                    rows: Dim::Fixed(transposed.entries.len()),
                    cols: ONE,
                    entries: transposed.entries,
                })
            }
            ("concat", parts) => {
                // A number is one more entry.
                let is_row = parts
                    .iter()
                    .any(|part| part.rows == ONE && part.cols != ONE);
                let mut entries = Vec::new();
                for part in parts {
                    needs_size(part)?;
                    let along = if is_row { part.rows } else { part.cols };
                    if along != ONE {
                        return Err(Fault::IllTyped(
                            format!("{} is no part of a column or row", part.shape()),
                            span,
                        ));
                    }
                    entries.extend(part.entries.iter().copied());
                }
                let size = Dim::Fixed(entries.len());
                let (rows, cols) = if is_row { (ONE, size) } else { (size, ONE) };
                Ok(Array {
                    rows,
                    cols,
                    entries,
                })
            }
            ("ones", _) => {
                let sizes: Result<Vec<usize>> = arguments
                    .iter()
                    .map(|size| self.place(size, letters).map(|at| at + 1))
                    .collect();
                let sizes = sizes?;
                let (rows, cols) = (sizes[0], sizes.get(1).copied().unwrap_or(1));
                let one = self.system.store.int(1);
                Ok(Array {
                    rows: Dim::Fixed(rows),
                    cols: Dim::Fixed(cols),
                    entries: vec![one; rows * cols],
                })
            }
            ("eye", _) => {
                let size = self.place(&arguments[0], letters)? + 1;
                let eye = Array {
                    rows: Dim::Eye,
                    cols: Dim::Eye,
                    entries: vec![self.system.store.int(1)],
                };
                self.spread(&eye, Dim::Fixed(size), Dim::Fixed(size))
                    .ok_or_else(|| Fault::IllTyped("an identity".into(), span))
            }
            ("sum" | "mean" | "norm" | "softmax", [value]) => {
                needs_size(value)?;
                self.reduction(name, value, over.as_deref(), span)
            }
            ("bars", [value])
                if self.determinants && value.rows == value.cols && !value.is_number() =>
            {
                self.of_square("det", value, span)
            }
            ("bars", [value]) if value.is_vector() && !value.is_number() => {
                needs_size(value)?;
                self.reduction("norm", value, None, span)
            }
            ("bars", _) => self.entrywise("abs", primes, &values, span),
            (_, [value]) if crate::functions::matrix_row(name).is_some() => {
                self.of_square(name, value, span)
            }
            ("max" | "min", [value]) => Err(Fault::Unsupported(
                format!("`{name}` of {}", value.shape()),
                span,
            )),
            _ => self.entrywise(name, primes, &values, span),
        }
    }

    pub(super) fn reduction(
        &mut self,
        name: &str,
        value: &Array,
        over: Option<&str>,
        span: Span,
    ) -> Result<Array> {
        let (rows, cols) = (value.rows.stored(), value.cols.stored());
        let over = match over {
            Some(over) => over,
            None if value.is_vector() => "all",
            None if name == "sum" || name == "norm" => "all",
            None => {
                return Err(Fault::Unsupported(
                    format!("`{name}` of a matrix says over what: rows, columns or all"),
                    span,
                ));
            }
        };
        let groups: Vec<Vec<usize>> = match over {
            "rows" => (0..rows)
                .map(|row| (0..cols).map(|col| row * cols + col).collect())
                .collect(),
            "columns" => (0..cols)
                .map(|col| (0..rows).map(|row| row * cols + col).collect())
                .collect(),
            _ => vec![(0..rows * cols).collect()],
        };
        if name == "softmax" {
            let exp = self.function("exp", span)?;
            let mut entries = value.entries.clone();
            for group in &groups {
                let store = &mut self.system.store;
                let exps: Vec<TermId> = group
                    .iter()
                    .map(|at| {
                        store.intern(Node::Apply(
                            exp,
                            Box::new([0]),
                            Box::new([value.entries[*at]]),
                        ))
                    })
                    .collect();
                let total = store.add(exps.iter().copied());
                let minus_one = store.int(-1);
                let inverse = store.power(total, minus_one);
                for (at, exp) in group.iter().zip(exps) {
                    entries[*at] = store.mul([exp, inverse]);
                }
            }
            return Ok(Array { entries, ..*value });
        }
        let mut entries = Vec::new();
        for group in &groups {
            let store = &mut self.system.store;
            let two = store.int(2);
            let half = store.number(BigRational::new(1.into(), 2.into()));
            let terms: Vec<TermId> = group
                .iter()
                .map(|at| {
                    if name == "norm" {
                        store.power(value.entries[*at], two)
                    } else {
                        value.entries[*at]
                    }
                })
                .collect();
            let mut term = store.add(terms);
            if name == "norm" {
                term = store.power(term, half);
            } else if name == "mean" {
                let share =
                    store.number(BigRational::new(1.into(), BigInt::from(group.len().max(1))));
                term = store.mul([share, term]);
            }
            entries.push(term);
        }
        Ok(match over {
            "rows" => Array {
                rows: value.rows,
                cols: ONE,
                entries,
            },
            "columns" => Array {
                rows: value.cols,
                cols: ONE,
                entries,
            },
            _ => Array::number(entries[0]),
        })
    }

    /// A derivative of a function of several numbers, at numbers.
    pub(super) fn slope(
        &mut self,
        name: &str,
        orders: &[u8],
        arguments: &[Expr],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let id = self.function(name, span)?;
        let opaque = self.system.function(id).is_opaque();
        let mut terms = Vec::new();
        for argument in arguments {
            let value = self.array(argument, letters)?;
            if !value.is_number() {
                return Err(Fault::Unsupported(format!("`{name}` of arrays"), span));
            }
            terms.push(value.entries[0]);
        }
        if opaque {
            let slope = Node::Apply(id, orders.into(), terms.into());
            return Ok(Array::number(self.system.store.intern(slope)));
        }
        let places: Vec<FamilyId> = terms.iter().map(|term| self.made_family(*term)).collect();
        let arguments = places
            .iter()
            .map(|place| self.system.store.access(*place, []))
            .collect();
        let value = Node::Apply(id, vec![0; orders.len()].into(), arguments);
        let mut slope = self.system.store.intern(value);
        for (place, order) in places.iter().zip(orders) {
            for _ in 0..*order {
                slope = self.partial(slope, &(*place, Box::default()), false, span)?;
            }
        }
        Ok(Array::number(slope))
    }

    /// A function of numbers on each entry.
    pub(super) fn entrywise(
        &mut self,
        name: &str,
        primes: u8,
        values: &[Array],
        span: Span,
    ) -> Result<Array> {
        let id = self.function(name, span)?;
        let known = self.system.function(id);
        if primes > 0 && known.parameters != 1 {
            return Err(Fault::Unsupported(
                format!("which derivative of `{name}`?"),
                span,
            ));
        }
        if known.parameters + known.extra != values.len() {
            return Err(Fault::Unsupported(
                format!("`{name}` with {} arguments", values.len()),
                span,
            ));
        }
        let mut orders = vec![0u8; values.len()];
        if let Some(first) = orders.first_mut() {
            *first = primes;
        }
        let orders = orders.into_boxed_slice();
        // Of a function that is only written out no slope is known before it is differentiated.
        let has_slope = known.slopes.first().is_some_and(Option::is_some);
        if let [value] = values
            && (primes > 1 || primes == 1 && !has_slope)
            && !known.is_opaque()
        {
            let entries: Result<Vec<TermId>> = value
                .entries
                .iter()
                .map(|entry| self.higher_slope(id, primes, *entry, span))
                .collect();
            return Ok(Array {
                entries: entries?,
                ..*value
            });
        }
        match values {
            [value] => Ok(self.map(value, |store, term| {
                store.intern(Node::Apply(id, orders.clone(), Box::new([term])))
            })),
            [a, b] => self.zip(a, b, span, "put together", |store, a, b| {
                let arguments = in_order(store, name, [a, b]);
                store.intern(Node::Apply(id, orders.clone(), Box::new(arguments)))
            }),
            _ => {
                // Entry by entry; numbers are parameters.
                let shaped = values.iter().find(|value| !value.is_number());
                let shaped = shaped.unwrap_or(&values[0]);
                let fits = |value: &Array| {
                    value.is_number() || (value.rows, value.cols) == (shaped.rows, shaped.cols)
                };
                if values.iter().all(fits) {
                    let entries = (0..shaped.entries.len())
                        .map(|at| {
                            let terms = values
                                .iter()
                                .map(|value| value.entries[if value.is_number() { 0 } else { at }])
                                .collect();
                            let node = Node::Apply(id, orders.clone(), terms);
                            self.system.store.intern(node)
                        })
                        .collect();
                    return Ok(Array { entries, ..*shaped });
                }
                Err(Fault::Unsupported(format!("`{name}` of arrays"), span))
            }
        }
    }
}
