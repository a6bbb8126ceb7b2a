//! Expressions at concrete sizes as arrays of terms over the network's system.
//!
//! Sizes are numbers here, so shapes are checked as numbers are: the sizes of an instance differ wherever the network
//! lets them. Derivatives come from the same sweep that derives formulas; nothing is differentiated here.

use num_bigint::BigInt;
use num_rational::{BigRational, Ratio};
use num_traits::{ToPrimitive, Zero};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;

use super::header::{Layout, LetterRule};
use super::tree::{Binder, Condition, Entry, Expr, ExprKind, Fold, Join, Relation};
use crate::derive::{Request, derive};
use crate::numeric::Instance;
use crate::source::Span;
use crate::syntax::{Order, StepAtZero};
use crate::system::{Clause, Family, FamilyKind, Question, System, Target};
use crate::term::{Affine, Atom, Cmp, Domain, FamilyId, FunctionId, Node, TermId, VarId};

/// Why an expression has no array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Shapes do not fit, or an index leaves its range.
    IllTyped(String, Span),
    /// It cannot be judged.
    Unsupported(String, Span),
}

type Result<T> = std::result::Result<T, Fault>;

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

const ONE: Dim = Dim::Fixed(1);

impl Dim {
    fn stored(self) -> usize {
        match self {
            Dim::Fixed(size) => size,
            Dim::Any | Dim::Hot(_) | Dim::Eye => 1,
        }
    }
}

impl Array {
    fn number(term: TermId) -> Self {
        Self {
            rows: ONE,
            cols: ONE,
            entries: vec![term],
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        self.rows == ONE && self.cols == ONE
    }

    fn is_vector(&self) -> bool {
        self.rows == ONE || self.cols == ONE
    }

    fn is_fixed(&self) -> bool {
        matches!((self.rows, self.cols), (Dim::Fixed(_), Dim::Fixed(_)))
    }

    fn transposed(&self) -> Array {
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

/// Letters with their values.
pub(crate) type Letters = Vec<(String, i64)>;

/// What does not depend on the point at which terms are evaluated.
#[derive(Debug, Default)]
pub(crate) struct Structure {
    /// The body that defines an element, with its letters' values; none for what is given.
    pub(crate) definitions: FxHashMap<(FamilyId, SmallVec<[i64; 4]>), Definition>,
    /// The values of the letters of a reduction, by the values of its free letters.
    pub(crate) ranges: FxHashMap<(TermId, SmallVec<[i64; 4]>), Rc<Vec<Vec<i64>>>>,
}

/// A body with its letters' values.
pub(crate) type Definition = Option<(TermId, SmallVec<[(VarId, i64); 4]>)>;

/// Lowers expressions of one claim file at one instance.
pub(crate) struct Lowering<'i> {
    pub(crate) system: System,
    pub(crate) instance: &'i Instance,
    pub(crate) structure: Structure,
    step_at_zero: StepAtZero,
    layout: Layout,
    adjoints: FxHashMap<(FamilyId, FamilyId, bool), Option<FamilyId>>,
    /// Families made for expressions that are differentiated.
    made: FxHashMap<TermId, FamilyId>,
    extents: FxHashMap<(FamilyId, Vec<i64>), Option<Vec<i64>>>,
    slot_ranges: FxHashMap<FamilyId, Vec<(i64, i64)>>,
    /// Derivatives that were used as they stand.
    pub(crate) work: usize,
}

/// Beyond this many entries a claim is not unrolled.
const MOST_WORK: usize = 400_000;

impl<'i> Lowering<'i> {
    pub(crate) fn new(
        system: &System,
        instance: &'i Instance,
        step_at_zero: StepAtZero,
        layout: Layout,
    ) -> Self {
        Self {
            system: system.clone(),
            instance,
            structure: Structure::default(),
            step_at_zero,
            layout,
            adjoints: FxHashMap::default(),
            made: FxHashMap::default(),
            extents: FxHashMap::default(),
            slot_ranges: FxHashMap::default(),
            work: 0,
        }
    }

    /// The array of an expression, its free letters at these values.
    pub(crate) fn array(&mut self, expr: &Expr, letters: &Letters) -> Result<Array> {
        self.work += 1;
        if self.work > MOST_WORK {
            return Err(Fault::Unsupported(
                "the claim is too large to be written out".into(),
                expr.span,
            ));
        }
        stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || self.array_of(expr, letters))
    }

    fn array_of(&mut self, expr: &Expr, letters: &Letters) -> Result<Array> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Number(value) => Ok(Array::number(self.system.store.number(value.clone()))),
            ExprKind::Pi => Ok(Array::number(self.system.store.intern(Node::Pi))),
            ExprKind::Letter(_) | ExprKind::Size(..) => {
                let value = self.index(expr, letters)?;
                Ok(Array::number(self.index_term(&value)))
            }
            ExprKind::Quantity {
                family,
                slots,
                elements,
            } => self.quantity(*family, slots, elements, span, letters),
            ExprKind::Sum(terms) => {
                let mut sum: Option<Array> = None;
                for (minus, term) in terms {
                    let mut value = self.array(term, letters)?;
                    if *minus {
                        value = self.map(&value, |store, term| store.negative(term));
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
            ExprKind::Product(factors) => self.product(factors, span, letters),
            ExprKind::Quotient(above, below) => {
                let above = self.array(above, letters)?;
                let below = self.array(below, letters)?;
                let inverse = self.map(&below, |store, term| {
                    let minus_one = store.int(-1);
                    store.power(term, minus_one)
                });
                self.zip(&above, &inverse, span, "divided", |store, a, b| {
                    store.mul([a, b])
                })
            }
            ExprKind::Power(base, exponent, elementwise) => {
                self.power(base, exponent, *elementwise, span, letters)
            }
            ExprKind::Transpose(inner) => Ok(self.array(inner, letters)?.transposed()),
            ExprKind::Call(name, primes, arguments) => {
                self.call(name, *primes, arguments, span, letters)
            }
            ExprKind::Elements(inner, entries) => {
                let array = self.array(inner, letters)?;
                self.elements(&array, entries, span, letters)
            }
            ExprKind::Fold {
                fold,
                binders,
                conditions,
                body,
            } => self.fold(*fold, binders, conditions, body, span, letters),
            ExprKind::Cases(branches) => self.cases(branches, span, letters),
            ExprKind::Indicator(conditions) => self.conditions(conditions, span, letters),
            ExprKind::Derivative { of, wrt, direct } => {
                self.derivative(of, wrt, *direct, span, letters)
            }
            ExprKind::Column(value) => Ok(Array {
                rows: Dim::Any,
                cols: ONE,
                entries: vec![self.system.store.int(*value)],
            }),
            ExprKind::Identity => Ok(Array {
                rows: Dim::Eye,
                cols: Dim::Eye,
                entries: vec![self.system.store.int(1)],
            }),
            ExprKind::Unit(i, j) => {
                let (i, j) = (self.place(i, letters)?, self.place(j, letters)?);
                Ok(Array {
                    rows: Dim::Hot(i),
                    cols: Dim::Hot(j),
                    entries: vec![self.system.store.int(1)],
                })
            }
            ExprKind::OneHot(index) => {
                let place = self.place(index, letters)?;
                Ok(Array {
                    rows: Dim::Hot(place),
                    cols: ONE,
                    entries: vec![self.system.store.int(1)],
                })
            }
            ExprKind::Kronecker(i, j) => {
                let (i, j) = (self.index(i, letters)?, self.index(j, letters)?);
                let term = self.system.store.guard(Domain::equal(&i, &j));
                Ok(Array::number(term))
            }
            ExprKind::Matrix(rows) => {
                let cols = rows.first().map_or(0, Vec::len);
                let mut entries = Vec::new();
                for row in rows {
                    if row.len() != cols {
                        return Err(Fault::IllTyped(
                            "the rows of this matrix differ in length".into(),
                            span,
                        ));
                    }
                    for cell in row {
                        let value = self.array(cell, letters)?;
                        if !value.is_number() {
                            return Err(Fault::Unsupported("a matrix of blocks".into(), cell.span));
                        }
                        entries.push(value.entries[0]);
                    }
                }
                Ok(Array {
                    rows: Dim::Fixed(rows.len()),
                    cols: Dim::Fixed(cols),
                    entries,
                })
            }
            ExprKind::Named(inner) => self.array(inner, letters),
        }
    }

    fn index_term(&mut self, value: &Affine) -> TermId {
        if value.is_constant() {
            let constant = value.constant();
            return self.system.store.number(BigRational::new(
                BigInt::from(*constant.numer()),
                BigInt::from(*constant.denom()),
            ));
        }
        self.system.store.intern(Node::Index(value.clone()))
    }

    /// The value of an index expression: a number, or reads of integer-valued quantities.
    pub(crate) fn index(&mut self, expr: &Expr, letters: &Letters) -> Result<Affine> {
        let span = expr.span;
        let unfit = || Fault::Unsupported("this index cannot be read".into(), span);
        match &expr.kind {
            ExprKind::Number(value) => {
                let whole = |part: &BigInt| part.to_i64().filter(|part| part.abs() < 1 << 40);
                let (Some(above), Some(below)) = (whole(value.numer()), whole(value.denom()))
                else {
                    return Err(unfit());
                };
                Ok(Affine::int(1).scaled(Ratio::new(above, below)))
            }
            ExprKind::Letter(letter) => letters
                .iter()
                .rev()
                .find(|(name, _)| name == letter)
                .map(|(_, value)| Affine::int(*value))
                .ok_or_else(|| {
                    Fault::Unsupported(format!("the range of {letter} is not known"), span)
                }),
            ExprKind::Size(size, slots) => {
                let mut values = Vec::new();
                for slot in slots {
                    values.push(self.index(slot, letters)?.as_int().ok_or_else(unfit)?);
                }
                Ok(Affine::int(self.instance.size(*size, &values)))
            }
            ExprKind::Quantity {
                family,
                slots,
                elements,
            } => {
                let mut index = Vec::new();
                for slot in slots {
                    index.push(self.index(slot, letters)?);
                }
                for entry in elements {
                    match entry {
                        Entry::At(entry) => index.push(self.index(entry, letters)?),
                        Entry::All => return Err(unfit()),
                    }
                }
                let known = self.system.family(*family);
                if known.integers.is_none() || known.slots + known.axes != index.len() {
                    return Err(unfit());
                }
                Ok(Affine::atom(Atom::Read(*family, index.into_boxed_slice())))
            }
            ExprKind::Sum(terms) => {
                let mut sum = Affine::int(0);
                for (minus, term) in terms {
                    let value = self.index(term, letters)?;
                    sum = if *minus {
                        sum.minus(&value)
                    } else {
                        sum.plus(&value)
                    };
                }
                Ok(sum)
            }
            ExprKind::Product(factors) => {
                let mut product = Affine::int(1);
                for (_, factor) in factors {
                    let value = self.index(factor, letters)?;
                    product = if value.is_constant() {
                        product.scaled(value.constant())
                    } else if product.is_constant() {
                        value.scaled(product.constant())
                    } else {
                        return Err(unfit());
                    };
                }
                Ok(product)
            }
            ExprKind::Quotient(above, below) => {
                let above = self.index(above, letters)?;
                let below = self.index(below, letters)?;
                if !below.is_constant() || below.constant().is_zero() {
                    return Err(unfit());
                }
                Ok(above.scaled(below.constant().recip()))
            }
            ExprKind::Named(inner) => self.index(inner, letters),
            _ => Err(unfit()),
        }
    }

    /// A whole number as a place counted from 0.
    fn place(&mut self, expr: &Expr, letters: &Letters) -> Result<usize> {
        let value = self.index(expr, letters)?;
        value
            .as_int()
            .and_then(|value| usize::try_from(value - 1).ok())
            .ok_or_else(|| Fault::IllTyped("an index counts from 1".into(), expr.span))
    }

    /// First and last value of each slot of a family.
    pub(crate) fn slot_range(&mut self, family: FamilyId) -> Vec<(i64, i64)> {
        if let Some(known) = self.slot_ranges.get(&family) {
            return known.clone();
        }
        let known = self.system.family(family).clone();
        let mut ranges: Vec<Option<(i64, i64)>> = vec![None; known.slots];
        for clause in &known.clauses {
            let domain = clause.domain.map(|affine| self.instance.settle(affine));
            let slots: Vec<Affine> = clause.index[..known.slots]
                .iter()
                .map(|slot| self.instance.settle(slot))
                .collect();
            let mut letters = Vec::new();
            for slot in &slots {
                slot.visit_vars(&mut |var| letters.push(var));
            }
            // Sizes of elements may depend on the slots: they do not bound them.
            let only = domain.filter(|constraint| {
                let mut inside = true;
                constraint
                    .affine()
                    .visit_vars(&mut |var| inside &= letters.contains(&var));
                inside
            });
            for point in only.points(&letters, 100_000).unwrap_or_default() {
                for (slot, range) in slots.iter().zip(&mut ranges) {
                    let mut value = slot.clone();
                    for (var, at) in letters.iter().zip(&point) {
                        value = value.substitute(*var, &Affine::int(*at));
                    }
                    if let Some(value) = value.as_int() {
                        let (low, high) = range.unwrap_or((value, value));
                        *range = Some((low.min(value), high.max(value)));
                    }
                }
            }
        }
        let ranges: Vec<(i64, i64)> = ranges
            .into_iter()
            .map(|range| range.unwrap_or((1, 0)))
            .collect();
        self.slot_ranges.insert(family, ranges.clone());
        ranges
    }

    /// The sizes of a family's axes at these slots; none if nothing is there.
    pub(crate) fn extents(&mut self, family: FamilyId, slots: &[i64]) -> Option<Vec<i64>> {
        let key = (family, slots.to_vec());
        if let Some(known) = self.extents.get(&key) {
            return known.clone();
        }
        let known = self.system.family(family).clone();
        let mut found: Option<Vec<i64>> = None;
        for clause in &known.clauses {
            let mut domain = clause.domain.clone();
            for (left, value) in clause.index.iter().zip(slots) {
                domain = domain.and(&Domain::equal(left, &Affine::int(*value)));
            }
            // Letters first, so that slotted sizes become numbers.
            let (solved, rest) = domain.solve(&clause.vars);
            let domain = rest.map(|affine| self.instance.settle(affine));
            let letters: Vec<_> = clause
                .vars
                .iter()
                .copied()
                .filter(|var| solved.get(*var).is_none())
                .collect();
            let Some(points) = domain.points(&letters, 1_000_000) else {
                continue;
            };
            for point in points {
                let index: Vec<i64> = clause.index[known.slots..]
                    .iter()
                    .filter_map(|entry| {
                        let mut value = self.instance.settle(&solved.affine(entry));
                        for (var, at) in letters.iter().zip(&point) {
                            value = value.substitute(*var, &Affine::int(*at));
                        }
                        value.as_int()
                    })
                    .collect();
                let sizes = found.get_or_insert_with(|| vec![0; known.axes]);
                for (size, at) in sizes.iter_mut().zip(index) {
                    *size = (*size).max(at);
                }
            }
        }
        self.extents.insert(key, found.clone());
        found
    }

    fn quantity(
        &mut self,
        family: FamilyId,
        slots: &[Expr],
        elements: &[Entry],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let known = self.system.family(family);
        let (name, axes, count) = (known.name.clone(), known.axes, known.slots);
        let mut places = Vec::new();
        for slot in slots {
            places.push(self.index(slot, letters)?.as_int().ok_or_else(|| {
                Fault::Unsupported("a layer or time step is a whole number".into(), slot.span)
            })?);
        }
        if places.len() != count {
            return Err(Fault::Unsupported(
                format!("{name} needs its layer or time step"),
                span,
            ));
        }
        let Some(sizes) = self.extents(family, &places) else {
            return Err(Fault::IllTyped(
                format!("{name} does not exist at {places:?}"),
                span,
            ));
        };
        let entries: Vec<Entry> = if elements.is_empty() {
            vec![Entry::All; axes]
        } else {
            elements.to_vec()
        };
        if entries.len() != axes {
            return Err(Fault::IllTyped(
                format!("{name} has {axes} element indices"),
                span,
            ));
        }
        let mut fixed: Vec<Option<Affine>> = Vec::new();
        for (entry, size) in entries.iter().zip(&sizes) {
            fixed.push(match entry {
                Entry::All => None,
                Entry::At(index) => {
                    let value = self.index(index, letters)?;
                    if let Some(value) = value.as_int()
                        && !(1..=*size).contains(&value)
                    {
                        return Err(Fault::IllTyped(
                            format!("index {value} of {name} leaves its range 1..{size}"),
                            index.span,
                        ));
                    }
                    if value.is_constant() && value.as_int().is_none() {
                        return Err(Fault::IllTyped(
                            "an index is no whole number".into(),
                            index.span,
                        ));
                    }
                    Some(value)
                }
            });
        }
        let open: Vec<usize> = (0..axes).filter(|axis| fixed[*axis].is_none()).collect();
        let size = |at: usize| {
            open.get(at)
                .map_or(1, |axis| usize::try_from(sizes[*axis]).unwrap_or(0))
        };
        if open.len() > 2 {
            return Err(Fault::Unsupported(
                format!("{name} has more than two open axes"),
                span,
            ));
        }
        let (rows, cols) = (size(0), size(1));
        let mut terms = Vec::with_capacity(rows * cols);
        for row in 0..rows {
            for col in 0..cols {
                let mut at = [row, col].into_iter();
                let index = places
                    .iter()
                    .map(|place| Affine::int(*place))
                    .chain(fixed.iter().map(|value| {
                        value.clone().unwrap_or_else(|| {
                            let place = at.next().expect("one for each open axis");
                            Affine::int(i64::try_from(place).expect("sizes are small") + 1)
                        })
                    }));
                let index: Vec<Affine> = index.collect();
                terms.push(self.access(family, index));
            }
        }
        // `X_{i,:}` is a row.
        let is_row = open.len() == 1 && axes == 2 && open[0] == 1;
        let array = Array {
            rows: Dim::Fixed(rows),
            cols: Dim::Fixed(cols),
            entries: terms,
        };
        Ok(if is_row { array.transposed() } else { array })
    }

    fn access(&mut self, family: FamilyId, index: Vec<Affine>) -> TermId {
        if self.system.family(family).integers.is_some() {
            let read = Affine::atom(Atom::Read(family, index.into_boxed_slice()));
            return self.system.store.intern(Node::Index(read));
        }
        self.system.store.access(family, index)
    }

    fn map(
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
    fn spread(&mut self, array: &Array, rows: Dim, cols: Dim) -> Option<Array> {
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
                for (dim, place) in [(array.rows, &mut at.0), (array.cols, &mut at.1)] {
                    match dim {
                        Dim::Fixed(_) => {}
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
        let outside = |dim: Dim, size: Dim| matches!(dim, Dim::Hot(hot) if hot >= size.stored());
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

    /// An element as a person writes it.
    pub(crate) fn element_name(&self, family: FamilyId, index: &[i64]) -> String {
        crate::numeric::element_name(&self.system, family, index)
    }

    /// Entry by entry; a number goes with everything.
    fn zip(
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

    fn product(
        &mut self,
        factors: &[(Join, Expr)],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let mut values = Vec::new();
        for (join, factor) in factors {
            values.push((*join, self.array(factor, letters)?));
        }
        // Matrix products bind closer than products entry by entry; where that does not fit, from left to right.
        let mut groups: Vec<(Join, Vec<Array>)> = Vec::new();
        for (at, (join, value)) in values.iter().enumerate() {
            match (at, join) {
                (0, _) | (_, Join::Elementwise | Join::Dot) => {
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
        if first.is_ok() || groups.len() == 1 {
            return first;
        }
        let mut result = values[0].1.clone();
        for (join, value) in &values[1..] {
            match self.joined(*join, &result, value, span) {
                Ok(next) => result = next,
                Err(_) => return first,
            }
        }
        Ok(result)
    }

    /// A matrix product of several factors, from left to right; numbers go anywhere.
    fn chain(&mut self, group: &[Array], span: Span) -> Result<Array> {
        let mut result = group[0].clone();
        for value in &group[1..] {
            result = self.joined(Join::Product, &result, value, span)?;
        }
        Ok(result)
    }

    fn joined(&mut self, join: Join, a: &Array, b: &Array, span: Span) -> Result<Array> {
        match join {
            Join::Elementwise => {
                self.zip(a, b, span, "multiplied entry by entry", |store, a, b| {
                    store.mul([a, b])
                })
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
            Join::Dot | Join::Product => {
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

    fn matrix_product(&mut self, a: &Array, b: &Array, span: Span) -> Result<Array> {
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

    fn power(
        &mut self,
        base: &Expr,
        exponent: &Expr,
        elementwise: bool,
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let base = self.array(base, letters)?;
        let exponent = self.array(exponent, letters)?;
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
        if base.rows != base.cols {
            return Err(Fault::IllTyped(
                format!("only a square matrix has powers, this is {}", base.shape()),
                span,
            ));
        }
        match whole {
            Some(count @ 1..=16) => {
                let mut result = base.clone();
                for _ in 1..count {
                    result = self.matrix_product(&result, &base, span)?;
                }
                Ok(result)
            }
            Some(-1) => self.inverse(&base, span),
            _ => Err(Fault::Unsupported("this power of a matrix".into(), span)),
        }
    }

    /// The inverse of a diagonal matrix, or of one of two rows.
    fn inverse(&mut self, array: &Array, span: Span) -> Result<Array> {
        let size = array.rows.stored();
        let store = &mut self.system.store;
        let minus_one = store.int(-1);
        let diagonal = (0..size).all(|row| {
            (0..size).all(|col| row == col || store.is_zero(array.entries[row * size + col]))
        });
        if diagonal {
            let mut entries = array.entries.clone();
            for at in 0..size {
                entries[at * size + at] = store.power(entries[at * size + at], minus_one);
            }
            return Ok(Array { entries, ..*array });
        }
        let [a, b, c, d] = array.entries[..] else {
            return Err(Fault::Unsupported(
                "the inverse of this matrix".into(),
                span,
            ));
        };
        let (first, second) = (store.mul([a, d]), store.mul([b, c]));
        let second = store.negative(second);
        let determinant = store.add([first, second]);
        let inverse = store.power(determinant, minus_one);
        let (minus_b, minus_c) = (store.negative(b), store.negative(c));
        let entries = [d, minus_b, minus_c, a]
            .map(|entry| store.mul([inverse, entry]))
            .to_vec();
        Ok(Array { entries, ..*array })
    }

    fn function(&mut self, name: &str, span: Span) -> Result<FunctionId> {
        self.system
            .function_id(name)
            .ok_or_else(|| Fault::Unsupported(format!("`{name}` is no function of numbers"), span))
    }

    fn call(
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
                let size = value.entries.len();
                let zero = self.system.store.int(0);
                let mut entries = vec![zero; size * size];
                for (at, entry) in value.entries.iter().enumerate() {
                    entries[at * size + at] = *entry;
                }
                Ok(Array {
                    rows: Dim::Fixed(size),
                    cols: Dim::Fixed(size),
                    entries,
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
            ("max" | "min", [value]) => Err(Fault::Unsupported(
                format!("`{name}` of {}", value.shape()),
                span,
            )),
            _ => self.entrywise(name, primes, &values, span),
        }
    }

    fn reduction(
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

    /// A function of numbers on each entry.
    fn entrywise(&mut self, name: &str, primes: u8, values: &[Array], span: Span) -> Result<Array> {
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
        match values {
            [value] => Ok(self.map(value, |store, term| {
                store.intern(Node::Apply(id, orders.clone(), Box::new([term])))
            })),
            [a, b] => self.zip(a, b, span, "put together", |store, a, b| {
                store.intern(Node::Apply(id, orders.clone(), Box::new([a, b])))
            }),
            _ => {
                if values.iter().all(Array::is_number) {
                    let terms = values.iter().map(|value| value.entries[0]).collect();
                    let term = self.system.store.intern(Node::Apply(id, orders, terms));
                    return Ok(Array::number(term));
                }
                Err(Fault::Unsupported(format!("`{name}` of arrays"), span))
            }
        }
    }

    fn elements(
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
        let mut places = Vec::new();
        for entry in entries {
            places.push(match entry {
                Entry::At(index) => Some(self.place(index, letters)?),
                Entry::All => None,
            });
        }
        let leaves = || Fault::IllTyped("an index leaves the range of the array".into(), span);
        match places.as_slice() {
            [Some(at)] if array.is_vector() => {
                let entry = array.entries.get(*at).ok_or_else(leaves)?;
                Ok(Array::number(*entry))
            }
            [Some(row), Some(col)] => {
                if *row >= rows || *col >= cols {
                    return Err(leaves());
                }
                Ok(Array::number(array.entries[row * cols + col]))
            }
            [Some(row), None] if *row < rows => Ok(Array {
                rows: ONE,
                cols: array.cols,
                entries: array.entries[row * cols..(row + 1) * cols].to_vec(),
            }),
            [None, Some(col)] if *col < cols => Ok(Array {
                rows: array.rows,
                cols: ONE,
                entries: (0..rows)
                    .map(|row| array.entries[row * cols + col])
                    .collect(),
            }),
            [None, None] => Ok(array.clone()),
            _ => Err(Fault::IllTyped(
                format!("{} has no such elements", array.shape()),
                span,
            )),
        }
    }

    fn conditions(
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
                let (cmp, a, b) = match condition.relation {
                    Relation::Less => (Cmp::Greater, b, a),
                    Relation::LessEqual => (Cmp::GreaterEqual, b, a),
                    Relation::Greater => (Cmp::Greater, a, b),
                    Relation::GreaterEqual => (Cmp::GreaterEqual, a, b),
                    Relation::Equal => (Cmp::Equal, a, b),
                    Relation::NotEqual => (Cmp::NotEqual, a, b),
                };
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

    fn cases(
        &mut self,
        branches: &[(Expr, Option<Vec<Condition>>)],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let mut values = Vec::new();
        for (value, conditions) in branches {
            let value = self.array(value, letters)?;
            let condition = match conditions {
                Some(conditions) => self.conditions(conditions, span, letters)?,
                None => Array::number(self.system.store.int(1)),
            };
            values.push((condition, value));
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
                let (cmp, a, b) = match condition.relation {
                    Relation::Less => (Cmp::Greater, b, a),
                    Relation::LessEqual => (Cmp::GreaterEqual, b, a),
                    Relation::Greater => (Cmp::Greater, a, b),
                    Relation::GreaterEqual => (Cmp::GreaterEqual, a, b),
                    Relation::Equal => (Cmp::Equal, a, b),
                    Relation::NotEqual => (Cmp::NotEqual, a, b),
                };
                let known = left.as_int().zip(right.as_int());
                match known {
                    Some((left, right)) => {
                        if !holds(condition.relation, left, right) {
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
                self.range(&binder.letter, &parts, letters)?
                    .ok_or_else(|| {
                        Fault::Unsupported(
                            format!("the range of {} is not known", binder.letter),
                            span,
                        )
                    })?
            }
        };
        let mut inner = letters.clone();
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
                    Fold::Max => {
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
            (None, Fold::Max) => Err(Fault::IllTyped("a maximum over nothing".into(), span)),
        }
    }

    /// First and last value of a letter: those of the places where it stands alone, which have to agree for
    /// elements; slots may overlap in part.
    pub(crate) fn range(
        &mut self,
        letter: &str,
        parts: &[&Expr],
        letters: &Letters,
    ) -> Result<Option<(i64, i64)>> {
        let mut seen = Seen::default();
        for part in parts {
            self.collect(letter, part, letters, &mut seen);
        }
        if let Some((first, others)) = seen.elements.split_first() {
            if let Some((_, span)) = others.iter().find(|(range, _)| *range != first.0) {
                return Err(Fault::IllTyped(
                    format!("{letter} runs over axes of different lengths"),
                    *span,
                ));
            }
            return Ok(Some(first.0));
        }
        let places = if seen.slots.is_empty() {
            &seen.shifted
        } else {
            &seen.slots
        };
        Ok(places
            .iter()
            .copied()
            .reduce(|(low, high), (other_low, other_high)| {
                (low.max(other_low), high.min(other_high))
            }))
    }

    fn collect(&mut self, letter: &str, expr: &Expr, letters: &Letters, seen: &mut Seen) {
        match &expr.kind {
            ExprKind::Quantity {
                family,
                slots,
                elements,
            } => {
                let ranges = self.slot_range(*family);
                for (slot, range) in slots.iter().zip(ranges) {
                    if let Some(shift) = self.shift(letter, slot, letters) {
                        let range = (range.0 - shift, range.1 - shift);
                        if shift == 0 {
                            seen.slots.push(range)
                        } else {
                            seen.shifted.push(range)
                        }
                    }
                }
                let places: Option<Vec<i64>> = slots
                    .iter()
                    .map(|slot| {
                        self.index(slot, letters)
                            .ok()
                            .and_then(|value| value.as_int())
                    })
                    .collect();
                let Some(sizes) = places.and_then(|places| self.extents(*family, &places)) else {
                    return;
                };
                self.collect_elements(letter, elements, &sizes, letters, seen, expr.span);
            }
            ExprKind::Elements(inner, entries) => {
                if let Ok(array) = self.array(inner, letters)
                    && array.is_fixed()
                {
                    let sizes = [array.rows.stored() as i64, array.cols.stored() as i64];
                    let sizes = if entries.len() == 1 {
                        vec![sizes[0].max(sizes[1])]
                    } else {
                        sizes.to_vec()
                    };
                    self.collect_elements(letter, entries, &sizes, letters, seen, expr.span);
                }
                self.collect(letter, inner, letters, seen);
            }
            ExprKind::Fold { binders, .. }
                if binders.iter().any(|binder| binder.letter == letter) => {}
            ExprKind::Size(..) => {}
            _ => {
                for child in expr.children() {
                    self.collect(letter, child, letters, seen);
                }
            }
        }
    }

    fn collect_elements(
        &mut self,
        letter: &str,
        entries: &[Entry],
        sizes: &[i64],
        letters: &Letters,
        seen: &mut Seen,
        span: Span,
    ) {
        for (entry, size) in entries.iter().zip(sizes) {
            if let Entry::At(index) = entry
                && let Some(shift) = self.shift(letter, index, letters)
            {
                if shift == 0 {
                    seen.elements.push(((1, *size), span));
                } else {
                    seen.shifted.push((1 - shift, size - shift));
                }
            }
        }
    }

    /// `c` if the index is the letter plus c.
    fn shift(&mut self, letter: &str, index: &Expr, letters: &Letters) -> Option<i64> {
        if !index.free_letters().iter().any(|free| free == letter) {
            return None;
        }
        let mut at = |value: i64| {
            let mut inner = letters.clone();
            inner.push((letter.to_owned(), value));
            self.index(index, &inner).ok()?.as_int()
        };
        let (zero, one) = (at(0)?, at(1)?);
        (one - zero == 1).then_some(zero)
    }

    fn derivative(
        &mut self,
        of: &Expr,
        wrt: &Expr,
        direct: bool,
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let by = self.array(wrt, letters)?;
        let of = self.array(of, letters)?;
        if !by.is_fixed() || !of.is_fixed() {
            return Err(Fault::Unsupported(
                "the shape of this derivative is not known".into(),
                span,
            ));
        }
        let mut targets = Vec::new();
        for entry in &by.entries {
            match self.system.store.node(*entry) {
                Node::Access(family, index)
                    if !matches!(self.system.family(*family).kind, FamilyKind::Adjoint { .. }) =>
                {
                    targets.push((*family, index.clone()));
                }
                _ => {
                    return Err(Fault::Unsupported(
                        "a derivative is taken by a quantity of the network".into(),
                        wrt.span,
                    ));
                }
            }
        }
        let mut entries = Vec::new();
        for output in &of.entries {
            for target in &targets {
                self.work += 1;
                entries.push(self.partial(*output, target, direct, span)?);
            }
        }
        let (outputs, inputs) = (of.entries.len(), by.entries.len());
        let layout = self.layout;
        Ok(if of.is_number() {
            let array = Array { entries, ..by };
            // Under the numerator layout the gradient of a number is a row.
            if layout == Layout::Numerator && by.cols == ONE && !by.is_number() {
                array.transposed()
            } else {
                array
            }
        } else if by.is_number() {
            Array { entries, ..of }
        } else if of.is_vector() && by.is_vector() {
            let jacobian = Array {
                rows: Dim::Fixed(outputs),
                cols: Dim::Fixed(inputs),
                entries,
            };
            if layout == Layout::Denominator {
                jacobian.transposed()
            } else {
                jacobian
            }
        } else {
            return Err(Fault::Unsupported(
                "a derivative with more than two axes".into(),
                span,
            ));
        })
    }

    /// ∂output/∂target of two numbers.
    fn partial(
        &mut self,
        output: TermId,
        target: &(FamilyId, Box<[Affine]>),
        direct: bool,
        span: Span,
    ) -> Result<TermId> {
        let (of, of_index) = match self.system.store.node(output) {
            Node::Number(_) | Node::Pi | Node::Index(_) => return Ok(self.system.store.int(0)),
            Node::Access(family, index) => (*family, index.clone()),
            _ => (self.made_family(output), Box::default()),
        };
        let (wrt, wrt_index) = target;
        match self.adjoint(of, *wrt, direct, span)? {
            Some(adjoint) => {
                let index = of_index.iter().chain(wrt_index.iter()).cloned();
                Ok(self.system.store.access(adjoint, index))
            }
            None => Ok(self.system.store.int(0)),
        }
    }

    /// An expression as a quantity of its own, so that it can be differentiated.
    fn made_family(&mut self, body: TermId) -> FamilyId {
        if let Some(known) = self.made.get(&body) {
            return *known;
        }
        let family = self.system.add_family(Family {
            name: format!("expression {}", self.made.len() + 1),
            slots: 0,
            axes: 0,
            kind: FamilyKind::Defined,
            role: None,
            clauses: vec![Clause {
                vars: Box::default(),
                index: Box::default(),
                domain: Domain::everything(),
                body: Some(body),
                span: None,
            }],
            integers: None,
            span: None,
        });
        self.made.insert(body, family);
        family
    }

    /// The family of ∂of/∂wrt; none where nothing depends on it.
    fn adjoint(
        &mut self,
        of: FamilyId,
        wrt: FamilyId,
        direct: bool,
        span: Span,
    ) -> Result<Option<FamilyId>> {
        if let Some(known) = self.adjoints.get(&(of, wrt, direct)) {
            return Ok(*known);
        }
        let found = if of != wrt && !self.depends(of, wrt, direct) {
            None
        } else {
            Some(self.derived(of, wrt, direct, span)?)
        };
        self.adjoints.insert((of, wrt, direct), found);
        Ok(found)
    }

    fn depends(&self, of: FamilyId, wrt: FamilyId, direct: bool) -> bool {
        let mut seen = vec![of];
        let mut at = 0;
        while at < seen.len() {
            for read in crate::derive::reads(&self.system, seen[at]) {
                if read == wrt {
                    return true;
                }
                if !direct && !seen.contains(&read) {
                    seen.push(read);
                }
            }
            at += 1;
        }
        false
    }

    fn derived(
        &mut self,
        of: FamilyId,
        wrt: FamilyId,
        direct: bool,
        span: Span,
    ) -> Result<FamilyId> {
        let target = |system: &System, family: FamilyId| {
            let known = system.family(family);
            Target {
                family,
                index: vec![None; known.slots + known.axes].into_boxed_slice(),
            }
        };
        let mut asked = self.system.clone();
        asked.questions = vec![Question {
            order: Order::Gradient,
            of: target(&asked, of),
            wrt: vec![target(&asked, wrt)],
            span: None,
        }];
        if direct {
            // Everything but the quantity itself stands still.
            for (at, family) in asked.families.iter_mut().enumerate() {
                if at != of.0 as usize && family.kind == FamilyKind::Defined {
                    family.kind = FamilyKind::Input;
                    for clause in &mut family.clauses {
                        clause.body = None;
                    }
                }
            }
        }
        let request = Request {
            wrt: Vec::new(),
            step_at_zero: Some(self.step_at_zero),
        };
        let derivation = derive(&asked, &request).map_err(|report| {
            let message = report
                .diagnostics()
                .first()
                .map_or_else(String::new, |first| first.message.clone());
            Fault::Unsupported(format!("this derivative cannot be taken: {message}"), span)
        })?;
        let found = derivation
            .asked
            .first()
            .map(|asked| asked.adjoint)
            .ok_or_else(|| Fault::Unsupported("this derivative cannot be taken".into(), span))?;
        let count = self.system.families.len();
        let questions = std::mem::take(&mut self.system.questions);
        let mut families = std::mem::take(&mut self.system.families);
        let mut derived = derivation.system;
        families.extend(derived.families.drain(count..));
        derived.families = families;
        derived.questions = questions;
        self.system = derived;
        Ok(found)
    }

    /// Every choice of the free letters of a line, as its header restricts them.
    ///
    /// # Errors
    /// [`Fault::IllTyped`] if a letter runs over axes of different lengths.
    pub(crate) fn choices(
        &mut self,
        members: &[&Expr],
        rules: &[LetterRule],
    ) -> Result<Vec<Letters>> {
        let mut fixed: Letters = Vec::new();
        for rule in rules {
            if let LetterRule::Value(letter, value) = rule
                && let Ok(value) = self.index(value, &fixed)
                && let Some(value) = value.as_int()
            {
                fixed.push((letter.clone(), value));
            }
        }
        let mut names: Vec<String> = Vec::new();
        for member in members {
            for letter in member.free_letters() {
                if !names.contains(&letter) && fixed.iter().all(|(name, _)| *name != letter) {
                    names.push(letter);
                }
            }
        }
        names.retain(|name| !matches!(name.as_str(), "rows" | "columns" | "all"));
        let mut found = Vec::new();
        self.choose(&names, members, rules, fixed, &mut found)?;
        Ok(found)
    }

    fn choose(
        &mut self,
        names: &[String],
        members: &[&Expr],
        rules: &[LetterRule],
        letters: Letters,
        found: &mut Vec<Letters>,
    ) -> Result<()> {
        let span = members
            .first()
            .map_or_else(Span::default, |member| member.span);
        if names.is_empty() {
            for rule in rules {
                if let LetterRule::Condition(condition) = rule {
                    let left = self.index(&condition.left, &letters)?;
                    let right = self.index(&condition.right, &letters)?;
                    if let (Some(left), Some(right)) = (left.as_int(), right.as_int())
                        && !holds(condition.relation, left, right)
                    {
                        return Ok(());
                    }
                }
            }
            if found.len() > 4_000 {
                return Err(Fault::Unsupported(
                    "too many values of the free letters".into(),
                    span,
                ));
            }
            found.push(letters);
            return Ok(());
        }
        // A letter whose range can be told now; those of slots come before those of elements that depend on them.
        let mut ill = None;
        for (at, name) in names.iter().enumerate() {
            let ruled = rules.iter().find_map(|rule| match rule {
                LetterRule::Range(letter, low, high) if letter == name => Some((low, high)),
                _ => None,
            });
            let range = match ruled {
                Some((low, high)) => {
                    let (low, high) = (self.index(low, &letters)?, self.index(high, &letters)?);
                    low.as_int().zip(high.as_int())
                }
                None => match self.range(name, members, &letters) {
                    Ok(range) => range,
                    Err(fault) => {
                        ill = Some(fault);
                        continue;
                    }
                },
            };
            let Some((low, high)) = range else { continue };
            let is_element = ruled.is_none()
                && self.stands_in_elements(name, members)
                && !self.stands_in_slots(name, members);
            if is_element
                && names
                    .iter()
                    .any(|other| other != name && self.stands_in_slots(other, members))
            {
                continue;
            }
            let mut rest = names.to_vec();
            rest.remove(at);
            for value in low..=high {
                let mut inner = letters.clone();
                inner.push((name.clone(), value));
                self.choose(&rest, members, rules, inner, found)?;
            }
            return Ok(());
        }
        Err(ill.unwrap_or_else(|| {
            Fault::Unsupported(format!("the range of {} is not known", names[0]), span)
        }))
    }

    fn stands_in_slots(&self, letter: &str, members: &[&Expr]) -> bool {
        members.iter().any(|member| {
            member.any(&mut |expr| match &expr.kind {
                ExprKind::Quantity { slots, .. } | ExprKind::Size(_, slots) => slots
                    .iter()
                    .any(|slot| slot.free_letters().iter().any(|free| free == letter)),
                _ => false,
            })
        })
    }

    fn stands_in_elements(&self, letter: &str, members: &[&Expr]) -> bool {
        members.iter().any(|member| {
            member.any(&mut |expr| match &expr.kind {
                ExprKind::Quantity { elements, .. } | ExprKind::Elements(_, elements) => elements.iter().any(|entry| {
                    matches!(entry, Entry::At(index) if index.free_letters().iter().any(|free| free == letter))
                }),
                _ => false,
            })
        })
    }
}

/// Places where a letter stands.
#[derive(Default)]
struct Seen {
    elements: Vec<((i64, i64), Span)>,
    slots: Vec<(i64, i64)>,
    shifted: Vec<(i64, i64)>,
}

fn holds(relation: Relation, left: i64, right: i64) -> bool {
    match relation {
        Relation::Less => left < right,
        Relation::LessEqual => left <= right,
        Relation::Greater => left > right,
        Relation::GreaterEqual => left >= right,
        Relation::Equal => left == right,
        Relation::NotEqual => left != right,
    }
}
