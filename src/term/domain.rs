//! Domains: conjunctions of affine conditions on indices. Kronecker deltas, ranges of sums, causal masks,
//! strides and the conditions of cases are all of this kind.
//!
//! Proofs are one-sided. [`Ambient::is_empty`] and [`Ambient::implies`] say `true` only when it is proved; `false`
//! means "not proved".

use std::sync::Arc;

use num_integer::Integer;
use num_rational::Ratio;
use num_traits::One;
use rustc_hash::FxHashMap;

use super::refute::Rows;
use super::{Affine, Atom, FamilyId, Substitution, VarId};

/// What a constraint says of its affine expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// `a = 0`
    Zero,
    /// `a >= 0`
    NonNegative,
    /// `m | a`, with m ≥ 2
    Divisible(i64),
}

/// One affine condition in canonical form: whole coefficients without a common factor.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Constraint {
    relation: Relation,
    affine: Affine,
}

/// A condition after canonicalisation.
pub(super) enum Canonical {
    True,
    False,
    Open(Constraint),
}

impl Constraint {
    /// What it says.
    pub fn relation(&self) -> Relation {
        self.relation
    }

    /// Of what it says it.
    pub fn affine(&self) -> &Affine {
        &self.affine
    }

    pub(super) fn into_affine(self) -> Affine {
        self.affine
    }

    pub(super) fn canonical(relation: Relation, affine: Affine) -> Canonical {
        let denominator = affine.denominator();
        let affine = affine.times(Ratio::from_integer(denominator));
        let constant = affine.constant().to_integer();
        let content = affine.content();
        if content == 0 {
            let holds = match relation {
                Relation::Zero => constant == 0,
                Relation::NonNegative => constant >= 0,
                Relation::Divisible(m) => constant % m == 0,
            };
            return if holds {
                Canonical::True
            } else {
                Canonical::False
            };
        }
        match relation {
            Relation::Zero => {
                if constant % content != 0 {
                    return Canonical::False;
                }
                let sign = if affine.leads_negative() { -1 } else { 1 };
                Canonical::Open(Constraint {
                    relation,
                    affine: affine.times(Ratio::new(sign, content)),
                })
            }
            Relation::NonNegative => {
                let whole = if content == 1 {
                    affine
                } else {
                    let multiple = affine.offset(-constant).times(Ratio::new(1, content));
                    multiple.offset(Integer::div_floor(&constant, &content))
                };
                Canonical::Open(Constraint {
                    relation,
                    affine: whole,
                })
            }
            Relation::Divisible(m) => {
                let mut reduced = Affine::int(constant.rem_euclid(m));
                for (atom, coefficient) in affine.terms() {
                    let coefficient = coefficient.to_integer().rem_euclid(m);
                    reduced = reduced.add_scaled(
                        &Affine::atom(atom.clone()),
                        Ratio::from_integer(coefficient),
                    );
                }
                let content = reduced.content();
                if content == 0 {
                    return Self::canonical(relation, reduced);
                }
                let common = content.gcd(&m);
                if common > 1 {
                    if reduced.constant().to_integer() % common != 0 {
                        return Canonical::False;
                    }
                    if common == m {
                        return Canonical::True;
                    }
                    return Self::canonical(
                        Relation::Divisible(m / common),
                        reduced.scaled(Ratio::new(1, common)),
                    );
                }
                Canonical::Open(Constraint {
                    relation,
                    affine: unit_multiple(&reduced, m),
                })
            }
        }
    }
}

/// A bound of a letter: its factor, at least 1, and what the product is compared with.
pub type Bound = (i64, Affine);

/// The multiple by a unit modulo `m` whose first coefficient is least: `3 | 2 i + 1` is `3 | i + 2`.
fn unit_multiple(affine: &Affine, m: i64) -> Affine {
    let leading = affine
        .terms()
        .first()
        .map_or(1, |(_, coefficient)| coefficient.to_integer());
    let least = leading.gcd(&m);
    let unit = (1..m)
        .find(|unit| unit.gcd(&m) == 1 && (unit * leading).rem_euclid(m) == least)
        .unwrap_or(1);
    let mut multiple = Affine::int((affine.constant().to_integer() * unit).rem_euclid(m));
    for (atom, coefficient) in affine.terms() {
        let coefficient = (coefficient.to_integer() * unit).rem_euclid(m);
        multiple = multiple.add_scaled(
            &Affine::atom(atom.clone()),
            Ratio::from_integer(coefficient),
        );
    }
    multiple
}

/// A conjunction of constraints. The empty one holds everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Domain {
    /// Shared, since contexts are handed on at every step.
    constraints: Arc<[Constraint]>,
}

impl Domain {
    /// No condition.
    pub fn everything() -> Self {
        Self::default()
    }

    /// A condition that never holds.
    pub fn nothing() -> Self {
        Self {
            constraints: Arc::new([Constraint {
                relation: Relation::NonNegative,
                affine: Affine::int(-1),
            }]),
        }
    }

    /// Whether it says nothing.
    pub fn is_everything(&self) -> bool {
        self.constraints.is_empty()
    }

    /// Whether it is written as a contradiction (an empty domain may be written otherwise).
    pub fn is_nothing(&self) -> bool {
        self.constraints.first().is_some_and(|c| {
            c.relation == Relation::NonNegative && c.affine.as_int().is_some_and(|v| v < 0)
        })
    }

    /// The conjunction of conditions.
    pub fn of(conditions: impl IntoIterator<Item = (Relation, Affine)>) -> Self {
        let mut constraints = Vec::new();
        for (relation, affine) in conditions {
            match Constraint::canonical(relation, affine) {
                Canonical::True => {}
                Canonical::False => return Self::nothing(),
                Canonical::Open(constraint) => constraints.push(constraint),
            }
        }
        if constraints.is_empty() {
            return Self::everything();
        }
        constraints.sort();
        constraints.dedup();
        Self {
            constraints: constraints.into(),
        }
    }

    /// `left = right`
    pub fn equal(left: &Affine, right: &Affine) -> Self {
        if left == right {
            return Self::everything();
        }
        Self::of([(Relation::Zero, left.minus(right))])
    }

    /// `left >= right`
    pub fn at_least(left: &Affine, right: &Affine) -> Self {
        Self::of([(Relation::NonNegative, left.minus(right))])
    }

    /// `low <= value <= high`
    pub fn between(low: &Affine, value: &Affine, high: &Affine) -> Self {
        Self::of([
            (Relation::NonNegative, value.minus(low)),
            (Relation::NonNegative, high.minus(value)),
        ])
    }

    /// `m | value`
    pub fn divides(m: i64, value: &Affine) -> Self {
        if m == 1 {
            return Self::everything();
        }
        Self::of([(Relation::Divisible(m), value.clone())])
    }

    /// Both.
    #[must_use]
    pub fn and(&self, other: &Domain) -> Domain {
        if self.is_everything() {
            return other.clone();
        }
        if other.is_everything() {
            return self.clone();
        }
        if self.is_nothing() || other.is_nothing() {
            return Self::nothing();
        }
        let mut constraints: Vec<Constraint> = self
            .constraints
            .iter()
            .chain(other.constraints.iter())
            .cloned()
            .collect();
        constraints.sort();
        constraints.dedup();
        Self {
            constraints: constraints.into(),
        }
    }

    /// Its constraints, sorted.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// Each constraint as a domain of its own.
    pub fn parts(&self) -> impl Iterator<Item = Domain> + '_ {
        self.constraints.iter().map(|constraint| Domain {
            constraints: Arc::new([constraint.clone()]),
        })
    }

    /// The constraints for which `keep` holds.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&Constraint) -> bool) -> Domain {
        if self.is_everything() {
            return self.clone();
        }
        Domain {
            constraints: self
                .constraints
                .iter()
                .filter(|constraint| keep(constraint))
                .cloned()
                .collect(),
        }
    }

    /// What it says of other letters: a context as seen from below a reduction that binds these anew.
    #[must_use]
    pub fn shadowed(&self, vars: &[VarId]) -> Domain {
        if !vars.iter().any(|var| self.mentions(*var)) {
            return self.clone();
        }
        self.filter(|constraint| !vars.iter().any(|var| constraint.affine.mentions(*var)))
    }

    /// Every affine expression replaced.
    #[must_use]
    pub fn map(&self, mut replace: impl FnMut(&Affine) -> Affine) -> Domain {
        if self.is_everything() {
            return self.clone();
        }
        Self::of(
            self.constraints
                .iter()
                .map(|constraint| (constraint.relation, replace(&constraint.affine))),
        )
    }

    /// Every letter in it is passed to `visit`.
    pub fn visit_vars(&self, mut visit: impl FnMut(VarId)) {
        for constraint in self.constraints.iter() {
            constraint.affine.visit_vars(&mut visit);
        }
    }

    /// Whether the letter occurs in it.
    pub fn mentions(&self, var: VarId) -> bool {
        self.constraints
            .iter()
            .any(|constraint| constraint.affine.mentions(var))
    }

    /// The same with an equation for each two inequalities that leave one value between them: `i ≥ n` and `i ≤ n`.
    #[must_use]
    pub fn with_equations(&self) -> Domain {
        let mut result = self.clone();
        for (at, low) in self.constraints.iter().enumerate() {
            for high in &self.constraints[at + 1..] {
                let both = [low.relation, high.relation];
                if both == [Relation::NonNegative; 2]
                    && low.affine.plus(&high.affine).as_int() == Some(0)
                {
                    result = result.and(&Self::equal(&low.affine, &Affine::int(0)));
                }
            }
        }
        result
    }

    /// The domains whose union is the complement, pairwise disjoint.
    pub fn complement(&self) -> Vec<Domain> {
        let mut result = Vec::new();
        let mut before = Domain::everything();
        for constraint in self.constraints.iter() {
            let negations: Vec<Domain> = match constraint.relation {
                Relation::Zero => vec![
                    Self::of([(Relation::NonNegative, constraint.affine.offset(-1))]),
                    Self::of([(
                        Relation::NonNegative,
                        constraint.affine.scaled(-Ratio::one()).offset(-1),
                    )]),
                ],
                Relation::NonNegative => vec![Self::of([(
                    Relation::NonNegative,
                    constraint.affine.scaled(-Ratio::one()).offset(-1),
                )])],
                Relation::Divisible(m) => (1..m)
                    .map(|rest| {
                        Self::of([(Relation::Divisible(m), constraint.affine.offset(-rest))])
                    })
                    .collect(),
            };
            for negation in negations {
                let part = before.and(&negation);
                if !part.is_nothing() {
                    result.push(part);
                }
            }
            before = before.and(&Domain {
                constraints: Arc::new([constraint.clone()]),
            });
        }
        result
    }

    /// Solves its equations for as many of `vars` as it can.
    ///
    /// Returns the values of the solved letters (in letters that are left), and the domain of the others. An
    /// equation with coefficient ±1 is taken first; else the letter is found by division, leaving `m | a`.
    pub fn solve(&self, vars: &[VarId]) -> (Substitution, Domain) {
        let mut domain = self.clone();
        let mut solved: Vec<(VarId, Affine)> = Vec::new();
        loop {
            let mut best: Option<(i64, VarId, Affine)> = None;
            for constraint in domain.constraints.iter() {
                if constraint.relation != Relation::Zero {
                    continue;
                }
                for var in vars.iter().copied() {
                    if solved.iter().any(|(done, _)| *done == var) {
                        continue;
                    }
                    let coefficient = constraint.affine.coefficient_of_var(var);
                    let size = coefficient.to_integer().abs();
                    if size != 0
                        && best.as_ref().is_none_or(|(least, _, _)| size < *least)
                        && let Some(value) = constraint.affine.solve_for(var)
                    {
                        best = Some((size, var, value));
                    }
                }
            }
            let Some((_, var, value)) = best else {
                return (Substitution::new(solved), domain);
            };
            let whole = value.denominator();
            let rest = domain.map(|affine| affine.substitute(var, &value));
            domain = rest.and(&Self::divides(
                whole,
                &value.scaled(Ratio::from_integer(whole)),
            ));
            for (_, earlier) in &mut solved {
                *earlier = earlier.substitute(var, &value);
            }
            solved.push((var, value));
            if domain.is_nothing() {
                return (Substitution::new(solved), domain);
            }
        }
    }

    /// Bounds of a letter from the inequalities that mention it at the top: `lower ≤ c · var` and
    /// `c · var ≤ upper` with c ≥ 1, as pairs (c, bound).
    pub fn bounds(&self, var: VarId) -> (Vec<Bound>, Vec<Bound>) {
        let (mut lower, mut upper) = (Vec::new(), Vec::new());
        for constraint in self.constraints.iter() {
            let coefficient = constraint.affine.coefficient_of_var(var).to_integer();
            if coefficient == 0 {
                continue;
            }
            let rest = constraint
                .affine
                .add_scaled(&Affine::var(var), Ratio::from_integer(-coefficient));
            let low = (coefficient.abs(), rest.scaled(-Ratio::one()));
            let high = (coefficient.abs(), rest.clone());
            match (constraint.relation, coefficient > 0) {
                (Relation::NonNegative, true) => lower.push(low),
                (Relation::NonNegative, false) => upper.push(high),
                (Relation::Zero, positive) => {
                    let value = if positive { low } else { high };
                    lower.push(value.clone());
                    upper.push(value);
                }
                (Relation::Divisible(_), _) => {}
            }
        }
        (lower, upper)
    }

    /// All values of the letters that satisfy the domain, in lexicographic order; none if a letter has no
    /// numeric bounds or there are more than `most` values.
    pub fn points(&self, vars: &[VarId], most: usize) -> Option<Vec<Vec<i64>>> {
        let mut found = Vec::new();
        self.collect_points(vars, &mut Vec::new(), &mut found, most)?;
        Some(found)
    }

    fn collect_points(
        &self,
        vars: &[VarId],
        prefix: &mut Vec<i64>,
        found: &mut Vec<Vec<i64>>,
        most: usize,
    ) -> Option<()> {
        if self.is_nothing() {
            return Some(());
        }
        let Some((first, others)) = vars.split_first() else {
            if !self.is_everything() || found.len() == most {
                return None;
            }
            found.push(prefix.clone());
            return Some(());
        };
        let shadow = others
            .iter()
            .fold(self.clone(), |domain, var| domain.project(*var));
        if shadow.is_nothing() {
            return Some(());
        }
        let (lower, upper) = shadow.bounds(*first);
        let low = lower
            .iter()
            .filter_map(|(scale, bound)| Some(-Integer::div_floor(&-bound.as_int()?, scale)))
            .max()?;
        let high = upper
            .iter()
            .filter_map(|(scale, bound)| Some(Integer::div_floor(&bound.as_int()?, scale)))
            .min()?;
        for value in low..=high {
            let here = self.map(|affine| affine.substitute(*first, &Affine::int(value)));
            prefix.push(value);
            here.collect_points(others, prefix, found, most)?;
            prefix.pop();
        }
        Some(())
    }

    /// The shadow without `var`: every inequality that follows by combining a lower with an upper bound
    /// of it. It contains the projection; conditions of divisibility on `var` are dropped.
    #[must_use]
    pub fn project(&self, var: VarId) -> Domain {
        let (lower, upper) = self.bounds(var);
        let mut conditions: Vec<(Relation, Affine)> = self
            .constraints
            .iter()
            .filter(|constraint| !constraint.affine.mentions(var))
            .map(|constraint| (constraint.relation, constraint.affine.clone()))
            .collect();
        for (c, low) in &lower {
            for (d, high) in &upper {
                if low.mentions(var) || high.mentions(var) {
                    continue;
                }
                let gap = high
                    .scaled(Ratio::from_integer(*c))
                    .add_scaled(low, Ratio::from_integer(-d));
                conditions.push((Relation::NonNegative, gap));
            }
        }
        Domain::of(conditions)
    }
}

/// What is known everywhere: sizes are at least 1, integer-valued families have ranges, and assumptions
/// about sizes hold.
#[derive(Debug, Clone, Default)]
pub struct Ambient {
    /// Facts about sizes that were assumed, for instance `n >= m + 1`.
    pub facts: Domain,
    /// First and last value of integer-valued families.
    pub reads: FxHashMap<FamilyId, (Affine, Affine)>,
}

impl Ambient {
    /// Whether the domain is proved to be empty.
    pub fn is_empty(&self, domain: &Domain) -> bool {
        if domain.is_nothing() {
            return true;
        }
        !domain.is_everything() && self.refutes(domain.constraints.iter())
    }

    /// Whether the constraints are proved to contradict each other.
    fn refutes<'a>(&'a self, constraints: impl Iterator<Item = &'a Constraint>) -> bool {
        Rows::of(constraints.chain(self.facts.constraints())).refuted(self)
    }

    /// Whether the condition is proved to hold wherever the context does.
    pub fn implies(&self, context: &Domain, condition: &Domain) -> bool {
        condition.constraints.iter().all(|constraint| {
            context.constraints.binary_search(constraint).is_ok()
                || self.implies_one(context, constraint)
        })
    }

    fn implies_one(&self, context: &Domain, constraint: &Constraint) -> bool {
        self.follows(&context.constraints.iter().collect::<Vec<_>>(), constraint)
    }

    /// Whether a constraint is proved to hold wherever all of the sorted ones do.
    fn follows(&self, known: &[&Constraint], constraint: &Constraint) -> bool {
        let alone = Domain {
            constraints: Arc::new([constraint.clone()]),
        };
        alone.complement().iter().all(|negation| {
            let negation = negation.constraints.iter();
            let mut all: Vec<&Constraint> = known.iter().copied().chain(negation).collect();
            all.sort();
            all.dedup();
            self.refutes(all.into_iter())
        })
    }

    /// The domain without the constraints that follow from the context and the others.
    pub fn minimal(&self, domain: &Domain, context: &Domain) -> Domain {
        let mut kept: Vec<&Constraint> = domain.constraints.iter().collect();
        let mut at = kept.len();
        while at > 0 {
            at -= 1;
            let candidate = kept.remove(at);
            let mut others: Vec<&Constraint> =
                kept.iter().copied().chain(context.constraints()).collect();
            others.sort();
            others.dedup();
            let known = others.binary_search(&candidate).is_ok();
            if !known && !self.follows(&others, candidate) {
                kept.insert(at, candidate);
            }
        }
        Domain {
            constraints: kept.into_iter().cloned().collect(),
        }
    }

    /// What is known of one atom.
    pub(super) fn of_atom(&self, atom: &Atom) -> Vec<Affine> {
        let value = Affine::atom(atom.clone());
        match atom {
            Atom::Var(_) => Vec::new(),
            Atom::Size(..) => vec![value.offset(-1)],
            Atom::Read(family, _) => self
                .reads
                .get(family)
                .map(|(low, high)| vec![value.minus(low), high.minus(&value)])
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::SizeId;

    fn var(id: u32) -> Affine {
        Affine::var(VarId(id))
    }

    fn size_at(slot: Affine) -> Affine {
        Affine::atom(Atom::Size(SizeId(1), Box::new([slot])))
    }

    #[test]
    fn sizes_are_at_least_one() {
        let n = Affine::size(SizeId(0));
        let ambient = Ambient::default();
        assert!(ambient.implies(
            &Domain::everything(),
            &Domain::at_least(&n, &Affine::int(1))
        ));
        assert!(!ambient.implies(
            &Domain::everything(),
            &Domain::at_least(&n, &Affine::int(2))
        ));
    }

    #[test]
    fn a_size_is_never_below_one() {
        let n = Affine::size(SizeId(0));
        let ambient = Ambient::default();
        assert!(ambient.is_empty(&Domain::equal(&n.offset(1), &Affine::int(0))));
        assert!(!ambient.is_empty(&Domain::equal(&n.offset(1), &Affine::int(2))));
    }

    #[test]
    fn an_equal_slot_makes_equal_sizes() {
        let (k, top) = (var(0), Affine::size(SizeId(0)));
        let context = Domain::at_least(&k, &top)
            .and(&Domain::at_least(&top, &k))
            .and(&Domain::at_least(&size_at(k.clone()), &var(1)));
        let ambient = Ambient::default();
        assert!(ambient.implies(&context, &Domain::at_least(&size_at(top.clone()), &var(1))));
        assert!(!ambient.implies(
            &context,
            &Domain::at_least(&size_at(top.offset(1)), &var(1))
        ));
    }

    #[test]
    fn bounds_that_meet_are_an_equation() {
        let (i, n) = (var(0), Affine::size(SizeId(0)));
        let one_value = Domain::between(&n.offset(1), &i, &n.offset(1)).with_equations();
        let (solved, rest) = one_value.solve(&[VarId(0)]);
        assert_eq!(solved.get(VarId(0)), Some(&n.offset(1)));
        assert!(rest.is_everything());
        let two_values = Domain::between(&n, &i, &n.offset(1)).with_equations();
        assert!(two_values.solve(&[VarId(0)]).0.is_empty());
    }

    #[test]
    fn a_letter_that_stands_twice_has_one_value() {
        let k = VarId(0);
        let left = [Affine::var(k), Affine::var(k)];
        let at = |value: &[Affine]| {
            crate::term::Substitution::matching(&[k], &left, &Domain::everything(), value).1
        };
        assert!(at(&[var(1), var(1)]).is_everything());
        assert_eq!(at(&[var(1), var(2)]), Domain::equal(&var(1), &var(2)));
    }

    #[test]
    fn parity_separates() {
        let ambient = Ambient::default();
        let even = Domain::divides(2, &var(0));
        let odd = Domain::divides(2, &var(0).offset(1));
        assert!(ambient.is_empty(&even.and(&odd)));
        assert!(!ambient.is_empty(&even));
        let doubled = Domain::equal(&var(0), &var(1).scaled(Ratio::from_integer(2)).offset(1));
        assert!(ambient.is_empty(&doubled.and(&even)));
    }

    #[test]
    fn division_leaves_divisibility() {
        let q = var(0);
        let equation = Domain::equal(&var(1).scaled(Ratio::from_integer(2)), &q);
        let (solved, rest) = equation.solve(&[VarId(1)]);
        assert_eq!(solved.get(VarId(1)), Some(&q.scaled(Ratio::new(1, 2))));
        assert_eq!(rest, Domain::divides(2, &q));
    }

    #[test]
    fn windows_of_two_stay_inside_an_even_size() {
        // 2j - 1 <= q <= 2j, q <= 2n, u <= 2 and 2j + u > 2n + 2 have no solution in whole numbers.
        let (j, q, u, n) = (var(0), var(1), var(2), Affine::size(SizeId(0)));
        let twice = |affine: &Affine| affine.scaled(Ratio::from_integer(2));
        let context = Domain::at_least(&q.offset(1), &twice(&j))
            .and(&Domain::at_least(&twice(&j), &q))
            .and(&Domain::at_least(&twice(&n), &q))
            .and(&Domain::at_least(&Affine::int(2), &u));
        let inside = Domain::at_least(&twice(&n).offset(2), &twice(&j).plus(&u));
        assert!(Ambient::default().implies(&context, &inside));
    }

    #[test]
    fn tightening_finds_gaps_between_whole_numbers() {
        let ambient = Ambient::default();
        let twice = var(0).scaled(Ratio::from_integer(2));
        let gap = Domain::at_least(&twice, &Affine::int(1))
            .and(&Domain::at_least(&Affine::int(1), &twice));
        assert!(ambient.is_empty(&gap));
    }
}
