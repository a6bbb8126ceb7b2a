//! Loop nests: index expressions over loop registers, and domains as bounds of loops.

use num_integer::Integer;
use smallvec::SmallVec;

use crate::term::{Affine, Atom, Domain, FamilyId, Relation, SizeId, VarId};

/// The place of a loop letter's current value.
pub(crate) type Register = u32;

/// `(Σ coefficient · part + constant) / denominator`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Linear {
    pub(crate) terms: SmallVec<[(Register, i64); 2]>,
    /// Parts that have to be looked up.
    pub(crate) lookups: Vec<(Lookup, i64)>,
    pub(crate) constant: i64,
    pub(crate) denominator: i64,
}

/// A whole number that depends on loop letters in another way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lookup {
    /// A size with slots.
    Size(SizeId, Box<[Linear]>),
    /// An element of an integer-valued family.
    Read(FamilyId, Box<[Linear]>),
}

impl Linear {
    /// The expression, whose free letters all have registers.
    ///
    /// None if a letter has no register.
    pub(crate) fn of(
        affine: &Affine,
        register: &impl Fn(VarId) -> Option<Register>,
    ) -> Option<Linear> {
        let denominator = affine.denominator();
        let whole = |value: num_rational::Ratio<i64>| (value * denominator).to_integer();
        let mut linear = Linear {
            terms: SmallVec::new(),
            lookups: Vec::new(),
            constant: whole(affine.constant()),
            denominator,
        };
        for (atom, coefficient) in affine.terms() {
            let coefficient = whole(*coefficient);
            let inner = |slots: &[Affine]| -> Option<Box<[Linear]>> {
                slots
                    .iter()
                    .map(|slot| Linear::of(slot, register))
                    .collect()
            };
            match atom {
                Atom::Var(var) => linear.terms.push((register(*var)?, coefficient)),
                Atom::Size(size, slots) => {
                    linear
                        .lookups
                        .push((Lookup::Size(*size, inner(slots)?), coefficient));
                }
                Atom::Read(family, slots) => {
                    linear
                        .lookups
                        .push((Lookup::Read(*family, inner(slots)?), coefficient));
                }
            }
        }
        Some(linear)
    }

    /// The number it always is.
    pub(crate) fn as_constant(&self) -> Option<i64> {
        (self.terms.is_empty() && self.lookups.is_empty() && self.constant % self.denominator == 0)
            .then(|| self.constant / self.denominator)
    }

    /// Whether it is a plain whole combination of registers.
    pub(crate) fn is_plain(&self) -> bool {
        self.lookups.is_empty() && self.denominator == 1
    }

    /// Whether it is the same at all values of the registers.
    pub(crate) fn is_fixed(&self) -> bool {
        self.terms.is_empty() && self.lookups.is_empty()
    }
}

/// The loops over the letters of a domain.
#[derive(Debug, Clone)]
pub(crate) struct Nest {
    /// Conditions that no letter of the nest occurs in.
    pub(crate) before: Vec<Check>,
    /// From the outside in.
    pub(crate) levels: Vec<Level>,
}

/// One loop: the register runs over the whole numbers `low ≤ c · register ≤ high` for all bounds.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) register: Register,
    pub(crate) lower: Vec<(i64, Linear)>,
    pub(crate) upper: Vec<(i64, Linear)>,
    /// Conditions that bounds cannot express.
    pub(crate) checks: Vec<Check>,
    /// First and last value where the bounds are numbers.
    fixed: Option<(i64, i64)>,
}

/// A condition that is tested.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) relation: Relation,
    pub(crate) linear: Linear,
}

impl Check {
    /// Whether the condition holds of `numerator / denominator`.
    pub(crate) fn holds(relation: Relation, numerator: i64, denominator: i64) -> bool {
        match relation {
            Relation::Zero => numerator == 0,
            Relation::NonNegative => numerator >= 0,
            Relation::Divisible(m) => numerator % (m * denominator) == 0,
        }
    }
}

/// Why a nest cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoNest {
    /// The domain is empty.
    Empty,
    /// A letter has no lower or no upper bound.
    Unbounded(VarId),
    /// A letter is bound nowhere.
    Free,
}

impl Nest {
    /// The loops over `vars` in a domain that has no sizes any more. Earlier letters are outer loops, but
    /// a letter inside `n[k]` or `c[k]` comes before the others.
    pub(crate) fn of(
        vars: &[VarId],
        domain: &Domain,
        register: &impl Fn(VarId) -> Option<Register>,
    ) -> Result<Nest, NoNest> {
        if domain.is_nothing() {
            return Err(NoNest::Empty);
        }
        let mut order = vars.to_vec();
        order.sort_by_key(|var| !inside_atom(domain, *var));
        // What is known of the first letters, once the later ones are projected away.
        let mut shadows = vec![domain.clone()];
        for var in order.iter().skip(1).rev() {
            let next = shadows.last().expect("starts with one").project(*var);
            if next.is_nothing() {
                return Err(NoNest::Empty);
            }
            shadows.push(next);
        }
        shadows.reverse();
        let mut levels = Vec::with_capacity(order.len());
        for (var, shadow) in order.iter().zip(&shadows) {
            let (lower, upper) = shadow.bounds(*var);
            let usable = |bounds: Vec<(i64, Affine)>| -> Result<Vec<(i64, Linear)>, NoNest> {
                bounds
                    .into_iter()
                    .filter(|(_, bound)| !bound.mentions(*var))
                    .map(|(c, bound)| Ok((c, Linear::of(&bound, register).ok_or(NoNest::Free)?)))
                    .collect()
            };
            let (lower, upper) = (usable(lower)?, usable(upper)?);
            if lower.is_empty() || upper.is_empty() {
                return Err(NoNest::Unbounded(*var));
            }
            let mut level = Level {
                register: register(*var).ok_or(NoNest::Free)?,
                lower,
                upper,
                checks: Vec::new(),
                fixed: None,
            };
            level.fixed = level.range(|bound| bound.is_fixed().then_some(bound.constant));
            levels.push(level);
        }
        let mut before = Vec::new();
        for constraint in domain.constraints() {
            let last = order
                .iter()
                .rposition(|var| constraint.affine().mentions(*var));
            let check = || {
                Ok(Check {
                    relation: constraint.relation(),
                    linear: Linear::of(constraint.affine(), register).ok_or(NoNest::Free)?,
                })
            };
            match last {
                None => before.push(check()?),
                Some(at) => {
                    let var = order[at];
                    let bounds_it = constraint.affine().solve_for(var).is_some()
                        && !matches!(constraint.relation(), Relation::Divisible(_));
                    if !bounds_it {
                        levels[at].checks.push(check()?);
                    }
                }
            }
        }
        Ok(Nest { before, levels })
    }

    /// Whether every loop runs over fixed numbers and nothing is tested.
    pub(crate) fn is_box(&self) -> bool {
        self.before.is_empty()
            && self.levels.iter().all(|level| {
                level.checks.is_empty()
                    && level
                        .lower
                        .iter()
                        .chain(&level.upper)
                        .all(|(_, bound)| bound.is_fixed())
            })
    }
}

impl Level {
    /// First and last value, given the values of the bounds' numerators.
    pub(crate) fn range(
        &self,
        mut numerator: impl FnMut(&Linear) -> Option<i64>,
    ) -> Option<(i64, i64)> {
        if self.fixed.is_some() {
            return self.fixed;
        }
        let (mut low, mut high) = (i64::MIN, i64::MAX);
        for (c, bound) in &self.lower {
            low = low.max(Integer::div_ceil(
                &numerator(bound)?,
                &(c * bound.denominator),
            ));
        }
        for (c, bound) in &self.upper {
            high = high.min(Integer::div_floor(
                &numerator(bound)?,
                &(c * bound.denominator),
            ));
        }
        Some((low, high))
    }
}

fn inside_atom(domain: &Domain, var: VarId) -> bool {
    domain.constraints().iter().any(|constraint| {
        constraint
            .affine()
            .terms()
            .iter()
            .any(|(atom, _)| match atom {
                Atom::Var(_) => false,
                Atom::Size(_, slots) | Atom::Read(_, slots) => {
                    slots.iter().any(|slot| slot.mentions(var))
                }
            })
    })
}
