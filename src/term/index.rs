//! Affine index arithmetic: `k + 1`, `2 o + k - p`, `n[k + 1] - 1`, `c` for a class number.

use num_rational::Ratio;
use num_traits::{One, Signed, Zero};
use smallvec::SmallVec;

/// An index letter. Letters are globally unique ids; what is printed is chosen by the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub u32);

/// A size symbol: `n`, `L`, or the family `n[·]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SizeId(pub u32);

/// A family of quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FamilyId(pub u32);

/// A scalar function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub u32);

/// What an affine expression is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Atom {
    /// An index letter.
    Var(VarId),
    /// A size with its slots: `n` has none, `n[k+1]` has one. A positive integer.
    Size(SizeId, Box<[Affine]>),
    /// An access to an integer-valued family, at its slots and elements.
    Read(FamilyId, Box<[Affine]>),
}

/// A sum of atoms with rational coefficients, plus a constant: an index, a bound, or a size.
///
/// Terms are sorted by atom, without zero coefficients, so equal expressions are equal values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Affine {
    terms: SmallVec<[(Atom, Ratio<i64>); 1]>,
    constant: Ratio<i64>,
}

impl Affine {
    /// A whole number.
    pub fn int(value: i64) -> Self {
        Self {
            terms: SmallVec::new(),
            constant: Ratio::from_integer(value),
        }
    }

    /// A single atom.
    pub fn atom(atom: Atom) -> Self {
        let mut terms = SmallVec::new();
        terms.push((atom, Ratio::one()));
        Self {
            terms,
            constant: Ratio::zero(),
        }
    }

    /// An index letter.
    pub fn var(var: VarId) -> Self {
        Self::atom(Atom::Var(var))
    }

    /// A size without slots.
    pub fn size(size: SizeId) -> Self {
        Self::atom(Atom::Size(size, Box::default()))
    }

    /// Its terms, sorted by atom.
    pub fn terms(&self) -> &[(Atom, Ratio<i64>)] {
        &self.terms
    }

    /// Its constant.
    pub fn constant(&self) -> Ratio<i64> {
        self.constant
    }

    /// The whole number it is, if it has no atoms.
    pub fn as_int(&self) -> Option<i64> {
        (self.terms.is_empty() && self.constant.is_integer()).then(|| self.constant.to_integer())
    }

    /// The letter it is, if it is nothing else.
    pub fn as_var(&self) -> Option<VarId> {
        match (self.terms.as_slice(), self.constant.is_zero()) {
            ([(Atom::Var(var), one)], true) if one.is_one() => Some(*var),
            _ => None,
        }
    }

    /// The atom it is, if it is nothing else.
    pub fn as_atom(&self) -> Option<&Atom> {
        match (self.terms.as_slice(), self.constant.is_zero()) {
            ([(atom, one)], true) if one.is_one() => Some(atom),
            _ => None,
        }
    }

    /// Whether it is a number.
    pub fn is_constant(&self) -> bool {
        self.terms.is_empty()
    }

    /// The coefficient of an atom, 0 if it does not occur at the top.
    pub fn coefficient(&self, atom: &Atom) -> Ratio<i64> {
        self.terms
            .binary_search_by(|(other, _)| other.cmp(atom))
            .map_or_else(|_| Ratio::zero(), |at| self.terms[at].1)
    }

    /// The coefficient of a letter at the top (not inside `n[k]` or `c[k]`).
    pub fn coefficient_of_var(&self, var: VarId) -> Ratio<i64> {
        self.coefficient(&Atom::Var(var))
    }

    /// `self + factor · other`.
    #[must_use]
    pub fn add_scaled(&self, other: &Affine, factor: Ratio<i64>) -> Affine {
        if factor.is_zero() {
            return self.clone();
        }
        let mut terms: SmallVec<[(Atom, Ratio<i64>); 1]> =
            SmallVec::with_capacity(self.terms.len() + other.terms.len());
        let (mut left, mut right) = (self.terms.iter().peekable(), other.terms.iter().peekable());
        loop {
            let take_left = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some((a, coefficient)), Some((b, scaled))) => match a.cmp(b) {
                    std::cmp::Ordering::Less => true,
                    std::cmp::Ordering::Greater => false,
                    std::cmp::Ordering::Equal => {
                        let sum = sum(*coefficient, product(*scaled, factor));
                        if !sum.is_zero() {
                            terms.push((a.clone(), sum));
                        }
                        left.next();
                        right.next();
                        continue;
                    }
                },
            };
            if take_left {
                terms.extend(left.next().cloned());
            } else if let Some((atom, coefficient)) = right.next() {
                terms.push((atom.clone(), product(*coefficient, factor)));
            }
        }
        Affine {
            terms,
            constant: sum(self.constant, product(other.constant, factor)),
        }
    }

    /// `self + other`.
    #[must_use]
    pub fn plus(&self, other: &Affine) -> Affine {
        self.add_scaled(other, Ratio::one())
    }

    /// `self - other`.
    #[must_use]
    pub fn minus(&self, other: &Affine) -> Affine {
        self.add_scaled(other, -Ratio::one())
    }

    /// `self + value`.
    #[must_use]
    pub fn offset(&self, value: i64) -> Affine {
        let mut shifted = self.clone();
        shifted.constant += value;
        shifted
    }

    /// `factor · self`.
    #[must_use]
    pub fn scaled(&self, factor: Ratio<i64>) -> Affine {
        if factor.is_zero() {
            return Affine::int(0);
        }
        Affine {
            terms: self
                .terms
                .iter()
                .map(|(atom, coefficient)| (atom.clone(), product(*coefficient, factor)))
                .collect(),
            constant: product(self.constant, factor),
        }
    }

    /// `factor · self`, which is mostly `self`.
    pub(super) fn times(self, factor: Ratio<i64>) -> Affine {
        if factor.is_one() {
            self
        } else {
            self.scaled(factor)
        }
    }

    /// Whether it is `-other`.
    pub(super) fn is_opposite(&self, other: &Affine) -> bool {
        self.terms.len() == other.terms.len()
            && self.constant == -other.constant
            && self
                .terms
                .iter()
                .zip(&other.terms)
                .all(|((atom, coefficient), (own, opposite))| {
                    *coefficient == -opposite && atom == own
                })
    }

    /// The least positive whole number that makes all coefficients whole.
    pub fn denominator(&self) -> i64 {
        self.terms
            .iter()
            .map(|(_, coefficient)| *coefficient.denom())
            .chain([*self.constant.denom()])
            .filter(|denominator| *denominator != 1)
            .fold(1, num_integer::lcm)
    }

    /// The greatest common divisor of the coefficients of a whole expression, without its constant.
    pub fn content(&self) -> i64 {
        let mut content = 0;
        for (_, coefficient) in &self.terms {
            content = num_integer::gcd(content, coefficient.to_integer().abs());
            if content == 1 {
                break;
            }
        }
        content
    }

    /// Whether the first term is negative (or, without terms, the constant).
    pub fn leads_negative(&self) -> bool {
        self.terms
            .first()
            .map_or(self.constant, |(_, coefficient)| *coefficient)
            .is_negative()
    }

    /// Every letter in it is passed to `visit`, those inside `n[k]` and `c[k]` too.
    pub fn visit_vars(&self, visit: &mut impl FnMut(VarId)) {
        for (atom, _) in &self.terms {
            match atom {
                Atom::Var(var) => visit(*var),
                Atom::Size(_, slots) | Atom::Read(_, slots) => {
                    for slot in slots {
                        slot.visit_vars(visit);
                    }
                }
            }
        }
    }

    /// Whether the letter occurs anywhere in it.
    pub fn mentions(&self, var: VarId) -> bool {
        let mut found = false;
        self.visit_vars(&mut |other| found |= other == var);
        found
    }

    /// Whether the atom occurs anywhere in it, inside `n[k]` and `c[k]` too.
    pub(super) fn mentions_atom(&self, atom: &Atom) -> bool {
        self.terms.iter().any(|(own, _)| {
            own == atom
                || match own {
                    Atom::Var(_) => false,
                    Atom::Size(_, slots) | Atom::Read(_, slots) => {
                        slots.iter().any(|slot| slot.mentions_atom(atom))
                    }
                }
        })
    }

    /// The atom replaced by a value everywhere.
    pub(super) fn replace_atom(&mut self, atom: &Atom, value: &Affine) {
        if self.mentions_atom(atom) {
            *self = self.map_atoms(&mut |other| (other == atom).then(|| value.clone()));
        }
    }

    /// Whether an integer-valued family is read in it.
    pub fn reads(&self) -> bool {
        self.terms.iter().any(|(atom, _)| match atom {
            Atom::Var(_) => false,
            Atom::Size(_, slots) => slots.iter().any(Affine::reads),
            Atom::Read(..) => true,
        })
    }

    /// Every atom replaced: inside out, the replacement of an atom whose own slots were replaced already.
    #[must_use]
    pub fn map_atoms(&self, replace: &mut impl FnMut(&Atom) -> Option<Affine>) -> Affine {
        let mut result = Affine {
            terms: SmallVec::new(),
            constant: self.constant,
        };
        for (atom, coefficient) in &self.terms {
            let inner = match atom {
                Atom::Var(_) => atom.clone(),
                Atom::Size(size, slots) => Atom::Size(
                    *size,
                    slots.iter().map(|slot| slot.map_atoms(replace)).collect(),
                ),
                Atom::Read(family, indices) => Atom::Read(
                    *family,
                    indices
                        .iter()
                        .map(|index| index.map_atoms(replace))
                        .collect(),
                ),
            };
            let value = replace(&inner).unwrap_or_else(|| Affine::atom(inner));
            result = result.add_scaled(&value, *coefficient);
        }
        result
    }

    /// The letter replaced everywhere.
    #[must_use]
    pub fn substitute(&self, var: VarId, value: &Affine) -> Affine {
        if !self.mentions(var) {
            return self.clone();
        }
        self.map_atoms(&mut |atom| (*atom == Atom::Var(var)).then(|| value.clone()))
    }

    /// The value of `var` that makes the expression 0, if `var` stands in it once at the top.
    pub fn solve_for(&self, var: VarId) -> Option<Affine> {
        let coefficient = self.coefficient_of_var(var);
        if coefficient.is_zero() {
            return None;
        }
        let rest = self.add_scaled(&Affine::var(var), -coefficient);
        (!rest.mentions(var)).then(|| rest.scaled(-coefficient.recip()))
    }
}

/// `a + b`, without a common divisor to look for where both are whole, as nearly all are.
fn sum(a: Ratio<i64>, b: Ratio<i64>) -> Ratio<i64> {
    if a.is_integer() && b.is_integer() {
        Ratio::from_integer(a.numer() + b.numer())
    } else {
        a + b
    }
}

/// `a · b`, likewise.
fn product(a: Ratio<i64>, b: Ratio<i64>) -> Ratio<i64> {
    if a.is_integer() && b.is_integer() {
        Ratio::from_integer(a.numer() * b.numer())
    } else {
        a * b
    }
}
