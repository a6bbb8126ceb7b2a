//! Expressions at concrete sizes as arrays of terms over the network's system.
//!
//! Sizes are numbers here, so shapes are checked as numbers are: the sizes of an instance differ wherever the network
//! lets them. Derivatives come from the same sweep that derives formulas; nothing is differentiated here.

mod branches;
mod derivative;
mod differential;
mod functions;
mod ranges;
mod shapes;
mod square;

pub(crate) use ranges::extents;
use shapes::ONE;
pub(crate) use shapes::{Array, Dim};

use num_bigint::BigInt;
use num_rational::{BigRational, Ratio};
use num_traits::{One, Signed, ToPrimitive, Zero};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::rc::Rc;

use super::header::LetterRule;
use super::tree::{Binder, Condition, Entry, Expr, ExprKind, Fold, Join};
use crate::derive::{Request, derive};
use crate::matrix::Layout;
use crate::numeric::Instance;
use crate::simplify::{Sign, Signs};
use crate::source::Span;
use crate::syntax::{Order, StepAtZero};
use crate::system::{Clause, Family, FamilyKind, Question, System, Target};
use crate::term::{Affine, Atom, Domain, FamilyId, FunctionId, Node, Reduction, TermId, VarId};

/// Why an expression has no array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Shapes do not fit, or an index leaves its range.
    IllTyped(String, Span),
    /// There is no such layer or time step.
    Absent(String, Span),
    /// It cannot be judged.
    Unsupported(String, Span),
}

type Result<T> = std::result::Result<T, Fault>;

/// Letters with their values.
pub(crate) type Letters = Vec<(String, i64)>;

/// What does not depend on the point at which terms are evaluated, and how much was evaluated.
#[derive(Debug, Default)]
pub(crate) struct Structure {
    /// How many steps were taken at all points together.
    pub(crate) steps: u64,
    /// Beyond so many steps nothing is evaluated; none for no bound.
    pub(crate) most_steps: Option<u64>,
    /// The body that defines an element, with its letters' values; none for what is given.
    pub(crate) definitions: FxHashMap<(FamilyId, SmallVec<[i64; 4]>), Definition>,
    /// The values of the letters of a reduction, by the values of its free letters.
    pub(crate) ranges: FxHashMap<Instantiated, Rc<Vec<Vec<i64>>>>,
    /// How much was found at the last point.
    pub(crate) room: Room,
    /// Whether quantities are defined by sums and products alone.
    detachable: FxHashMap<FamilyId, bool>,
    /// The bodies of functions with their arguments put in.
    pub(crate) bodies: FxHashMap<(FunctionId, SmallVec<[TermId; 2]>), TermId>,
    /// Signs that terms always have.
    signs: Option<Signs>,
    /// Real inputs on which exponents depend, and how many terms were looked at for them.
    exponents: (Rc<[FamilyId]>, usize),
}

impl Structure {
    /// The sign that a term always has, by its form and what is assumed.
    pub(crate) fn sign(&mut self, system: &System, term: TermId) -> Sign {
        let signs = &mut self.signs;
        let signs = signs.get_or_insert_with(|| Signs::new(system, true));
        signs.of(system, term)
    }

    /// The real inputs on which exponents depend, in the network or in a claim: `x^a` says more than it does at whole a.
    pub(crate) fn exponents(&mut self, system: &System) -> Rc<[FamilyId]> {
        let (known, seen) = &mut self.exponents;
        let count = system.store.len();
        let new = (*seen..count).filter_map(|at| {
            let term = TermId(u32::try_from(at).expect("as many terms as numbers for them"));
            match system.store.node(term) {
                Node::Power(_, exponent) if system.store.as_number(*exponent).is_none() => {
                    Some(*exponent)
                }
                _ => None,
            }
        });
        let mut open: Vec<TermId> = new.collect();
        *seen = count;
        if open.is_empty() {
            return Rc::clone(known);
        }
        let mut met: FxHashSet<FamilyId> = FxHashSet::default();
        let mut inputs = known.to_vec();
        while let Some(term) = open.pop() {
            system.store.any(term, |node| {
                if let Node::Access(family, _) = node
                    && met.insert(*family)
                {
                    let read = system.family(*family);
                    let real = read.kind == FamilyKind::Input && read.integers.is_none();
                    if real && !inputs.contains(family) {
                        inputs.push(*family);
                    }
                    open.extend(read.clauses.iter().filter_map(|clause| clause.body));
                }
                false
            });
        }
        *known = inputs.into();
        Rc::clone(known)
    }

    /// Whether a quantity of the network is defined by sums and products alone, `z = W x + b`. What a function gives is
    /// not: its derivative may be written by its value.
    pub(crate) fn is_detachable(&mut self, system: &System, family: FamilyId) -> bool {
        if let Some(known) = self.detachable.get(&family) {
            return *known;
        }
        let known = system.family(family);
        let plain = |term: TermId| {
            !system.store.any(term, |node| match node {
                Node::Apply(..) | Node::Cases(_) | Node::Test(..) => true,
                Node::Reduce(reduction, ..) => *reduction != Reduction::Sum,
                Node::Power(_, exponent) => {
                    let exponent = system.store.as_number(*exponent);
                    !exponent
                        .is_some_and(|exponent| exponent.is_integer() && exponent.is_positive())
                }
                _ => false,
            })
        };
        let found = known.kind == FamilyKind::Defined
            && known.integers.is_none()
            && known
                .clauses
                .iter()
                .filter_map(|clause| clause.body)
                .all(plain);
        self.detachable.insert(family, found);
        found
    }
}

/// How many values are kept while both sides are evaluated at a point.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) elements: usize,
    pub(crate) terms: usize,
    /// Of terms without free letters.
    pub(crate) closed: usize,
}

/// A term with the values of its free letters.
pub(crate) type Instantiated = (TermId, SmallVec<[i64; 4]>);

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
    letter_ranges: FxHashMap<FamilyId, Vec<(i64, i64)>>,
    /// Whether the network speaks of inverses or determinants: bars around a square matrix are then its determinant.
    determinants: bool,
    /// The rows and columns that identities leave to what stands around them.
    shape: Option<(usize, usize)>,
    /// What sums, products and maxima are.
    folds: FxHashMap<Expr, Folded>,
    /// How many arrays were made.
    pub(crate) work: usize,
}

/// What a sum, product or maximum is.
#[derive(Debug, Clone)]
struct Folded {
    /// All letters in it: one that it binds may stand in its own range with the value that it has outside, `\sum_{t=1}^{t}`.
    letters: Vec<String>,
    arrays: FxHashMap<Around, Array>,
}

/// The letters' values outside of a sum and the shape around it, which says how large an identity is.
type Around = (SmallVec<[Option<i64>; 4]>, Option<(usize, usize)>);

impl Folded {
    fn new(expr: &Expr) -> Self {
        let mut letters = Vec::new();
        expr.any(&mut |part| {
            if let ExprKind::Letter(letter) = &part.kind
                && !letters.contains(letter)
            {
                letters.push(letter.clone());
            }
            false
        });
        Self {
            letters,
            arrays: FxHashMap::default(),
        }
    }
}

/// More sums are not remembered.
const MOST_FOLDS: usize = 500;

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
            letter_ranges: FxHashMap::default(),
            determinants: system
                .families
                .iter()
                .any(|family| matches!(family.kind, FamilyKind::OfMatrix { .. })),
            shape: None,
            folds: FxHashMap::default(),
            work: 0,
        }
    }

    /// The same over another system, which has all terms and families of this one.
    pub(crate) fn over(&self, system: System) -> Lowering<'i> {
        Lowering {
            system,
            instance: self.instance,
            structure: Structure::default(),
            step_at_zero: self.step_at_zero,
            layout: self.layout,
            adjoints: FxHashMap::default(),
            made: FxHashMap::default(),
            extents: self.extents.clone(),
            slot_ranges: self.slot_ranges.clone(),
            letter_ranges: self.letter_ranges.clone(),
            determinants: self.determinants,
            shape: None,
            folds: FxHashMap::default(),
            work: 0,
        }
    }

    /// The family of ∂of/∂wrt, if it was met.
    pub(crate) fn known_adjoint(&self, of: FamilyId, wrt: FamilyId) -> Option<FamilyId> {
        self.adjoints.get(&(of, wrt, false)).copied().flatten()
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
        crate::stack::deep(|| self.array_of(expr, letters))
    }

    pub(super) fn array_of(&mut self, expr: &Expr, letters: &Letters) -> Result<Array> {
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
                let mut values = Vec::new();
                for (minus, term) in terms {
                    let value = self.array(term, letters)?;
                    values.push(if *minus {
                        self.map(&value, |store, term| store.negative(term))
                    } else {
                        value
                    });
                }
                self.added(values, span)
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
            ExprKind::Call(name, ..) if name == "mod" => {
                let rest = self.index(expr, letters)?;
                Ok(Array::number(self.index_term(&rest)))
            }
            ExprKind::Call(name, primes, arguments) => {
                self.call(name, *primes, arguments, span, letters)
            }
            ExprKind::Slope(name, orders, arguments) => {
                self.slope(name, orders, arguments, span, letters)
            }
            ExprKind::Differential(inner, changes) => {
                self.differential(inner, changes, span, letters)
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
            } => {
                let parts = (*fold, &binders[..], &conditions[..], &**body);
                self.folded(expr, parts, letters)
            }
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
                let value = self.index(index, letters)?;
                if !value.is_constant() {
                    return self.one_hot_of_data(&value, index);
                }
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

    /// The one-hot column of a class that the data names: as long as there are classes.
    fn one_hot_of_data(&mut self, value: &Affine, index: &Expr) -> Result<Array> {
        let mut last = None;
        let _ = value.map_atoms(&mut |atom| {
            if let Atom::Read(family, _) = atom {
                last = self.system.family(*family).integers.clone();
            }
            None
        });
        let count = last
            .and_then(|(_, last)| self.instance.whole(&last))
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| {
                Fault::Unsupported("how many classes there are is not known".into(), index.span)
            })?;
        let entries = (1..=count)
            .map(|row| {
                let row = Affine::int(i64::try_from(row).expect("sizes are small"));
                self.system.store.guard(Domain::equal(value, &row))
            })
            .collect();
        Ok(Array {
            rows: Dim::Fixed(count),
            cols: ONE,
            entries,
        })
    }

    pub(super) fn index_term(&mut self, value: &Affine) -> TermId {
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
                        Entry::All | Entry::Part(..) => return Err(unfit()),
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
            ExprKind::Call(name, 0, members) if name == "mod" => {
                let [number, by] = members.as_slice() else {
                    return Err(unfit());
                };
                let number = self.index(number, letters)?.as_int();
                let by = self.index(by, letters)?.as_int().filter(|by| *by != 0);
                let rest = number.zip(by).map(|(number, by)| number.rem_euclid(by));
                rest.map(Affine::int).ok_or_else(unfit)
            }
            ExprKind::Call(name, 0, members) if name == "max" || name == "min" => {
                let mut values = Vec::new();
                for member in members {
                    values.push(self.index(member, letters)?.as_int().ok_or_else(unfit)?);
                }
                let values = values.into_iter();
                let found = if name == "max" {
                    values.max()
                } else {
                    values.min()
                };
                found.map(Affine::int).ok_or_else(unfit)
            }
            _ => Err(unfit()),
        }
    }

    /// A whole number as a place counted from 0.
    pub(super) fn place(&mut self, expr: &Expr, letters: &Letters) -> Result<usize> {
        let value = self.index(expr, letters)?;
        value
            .as_int()
            .and_then(|value| usize::try_from(value - 1).ok())
            .ok_or_else(|| Fault::IllTyped("an index counts from 1".into(), expr.span))
    }

    pub(super) fn quantity(
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
            return Err(Fault::Absent(
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
        if entries.iter().any(|entry| matches!(entry, Entry::Part(..))) {
            let whole = self.quantity(family, slots, &[], span, letters)?;
            return self.elements(&whole, &entries, span, letters);
        }
        let mut fixed: Vec<Option<Affine>> = Vec::new();
        for (entry, size) in entries.iter().zip(&sizes) {
            fixed.push(match entry {
                Entry::All | Entry::Part(..) => None,
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

    pub(super) fn access(&mut self, family: FamilyId, index: Vec<Affine>) -> TermId {
        if self.system.family(family).integers.is_some() {
            let read = Affine::atom(Atom::Read(family, index.into_boxed_slice()));
            return self.system.store.intern(Node::Index(read));
        }
        self.system.store.access(family, index)
    }

    /// An element as a person writes it.
    pub(crate) fn element_name(&self, family: FamilyId, index: &[i64]) -> String {
        crate::numeric::element_name(&self.system, family, index)
    }
}
