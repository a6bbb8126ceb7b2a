//! Refuting affine conditions: equations are solved, inequalities combined until they contradict each other.
//!
//! Rational Fourier–Motzkin elimination with integer tightening (Schrijver 1986, §12.2).

use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{One, Signed};
use smallvec::{SmallVec, smallvec};

use super::domain::{Ambient, Canonical, Constraint, Relation};
use super::{Affine, Atom};

/// Beyond this many inequalities elimination gives up: "not proved".
const MOST_INEQUALITIES: usize = 600;

/// Equations and inequalities that are being refuted.
#[derive(Default)]
pub(super) struct Rows {
    zero: Vec<Affine>,
    nonnegative: Vec<Affine>,
    divisible: Vec<(i64, Affine)>,
    /// Atoms that equations were solved for, in order.
    solved: Vec<(Atom, Affine)>,
}

impl Rows {
    pub(super) fn of<'a>(constraints: impl Iterator<Item = &'a Constraint>) -> Self {
        let mut rows = Self::default();
        for constraint in constraints {
            let affine = constraint.affine().clone();
            match constraint.relation() {
                Relation::Zero => rows.zero.push(affine),
                Relation::NonNegative => rows.nonnegative.push(affine),
                Relation::Divisible(m) => rows.divisible.push((m, affine)),
            }
        }
        rows
    }

    /// Whether no values of the letters satisfy all rows and what is known of sizes; `false` if that is not proved.
    pub(super) fn refuted(mut self, ambient: &Ambient) -> bool {
        if self.eliminate_equations(ambient) {
            return true;
        }
        for (m, affine) in &self.divisible {
            if matches!(
                Constraint::canonical(Relation::Divisible(*m), affine.clone()),
                Canonical::False
            ) {
                return true;
            }
        }
        if self.residues_conflict() {
            return true;
        }
        // Equations that are left have no unit coefficient: as two inequalities they are still true.
        for affine in std::mem::take(&mut self.zero) {
            self.nonnegative.push(affine.scaled(-Ratio::one()));
            self.nonnegative.push(affine);
        }
        let mut atoms: Vec<Atom> = Vec::new();
        let mut queue = std::mem::take(&mut self.nonnegative);
        let mut rows: Vec<Row> = Vec::with_capacity(queue.len());
        while let Some(affine) = queue.pop() {
            let whole = affine.denominator();
            let scaled = |value: Ratio<i64>| i128::from(value.numer() * (whole / value.denom()));
            let mut coefficients = Coefficients::new();
            for (atom, coefficient) in affine.terms() {
                let number = atoms.iter().position(|known| known == atom);
                let number = number.unwrap_or_else(|| {
                    queue.extend(self.known(ambient, atom));
                    atoms.push(atom.clone());
                    atoms.len() - 1
                });
                coefficients.push((number, scaled(*coefficient)));
            }
            coefficients.sort_unstable();
            rows.push(Row {
                coefficients,
                constant: scaled(affine.constant()),
            });
        }
        !has_point(&rows, atoms.len()) && infeasible(rows, atoms.len())
    }

    /// Uses up the equations. `true` if one of them has no solution.
    fn eliminate_equations(&mut self, ambient: &Ambient) -> bool {
        loop {
            // Rational coefficients appear when a value is found by division; make every row whole first.
            let mut at = 0;
            while at < self.zero.len() {
                let affine = std::mem::replace(&mut self.zero[at], Affine::int(0));
                match Constraint::canonical(Relation::Zero, affine) {
                    Canonical::False => return true,
                    Canonical::True => {
                        self.zero.swap_remove(at);
                    }
                    Canonical::Open(constraint) => {
                        self.zero[at] = constraint.into_affine();
                        at += 1;
                    }
                }
            }
            match self.solvable() {
                Some((row, atom, value)) => {
                    self.zero.swap_remove(row);
                    // What is known of the atom must outlive it: it becomes a condition on its value.
                    let known = self.known(ambient, &atom);
                    self.nonnegative.extend(known);
                    self.substitute(&atom, &value);
                    self.solved.push((atom, value));
                }
                None if self.find_equations() => {}
                None => return false,
            }
        }
    }

    /// An equation, an atom that it can be solved for without division, and the atom's value.
    fn solvable(&self) -> Option<(usize, Atom, Affine)> {
        let mut choice = None;
        for (row, affine) in self.zero.iter().enumerate() {
            for (atom, coefficient) in affine.terms() {
                // Letters first, so that n[k] becomes n[L] where k = L.
                let letter = matches!(atom, Atom::Var(_));
                if choice.is_some() && !letter || !coefficient.abs().is_one() {
                    continue;
                }
                let value = affine
                    .add_scaled(&Affine::atom(atom.clone()), -coefficient)
                    .scaled(-coefficient.recip());
                if value.mentions_atom(atom) {
                    continue;
                }
                let found = (row, atom.clone(), value);
                if letter {
                    return Some(found);
                }
                choice = Some(found);
            }
        }
        choice
    }

    fn substitute(&mut self, atom: &Atom, value: &Affine) {
        let rows = self.zero.iter_mut().chain(&mut self.nonnegative);
        let divisible = self.divisible.iter_mut().map(|(_, affine)| affine);
        for affine in rows.chain(divisible) {
            affine.replace_atom(atom, value);
        }
    }

    /// An inequality and its opposite are an equation.
    fn find_equations(&mut self) -> bool {
        for (at, affine) in self.nonnegative.iter().enumerate() {
            let mut others = self.nonnegative[at + 1..].iter();
            if let Some(other) = others.position(|other| affine.is_opposite(other)) {
                let equation = self.nonnegative.swap_remove(at + 1 + other);
                self.nonnegative.swap_remove(at);
                self.zero.push(equation);
                return true;
            }
        }
        false
    }

    /// What is known of an atom, in terms of the atoms that are left.
    fn known(&self, ambient: &Ambient, atom: &Atom) -> Vec<Affine> {
        let mut known = ambient.of_atom(atom);
        for (solved, value) in &self.solved {
            for affine in &mut known {
                affine.replace_atom(solved, value);
            }
        }
        known
    }

    /// Two conditions of divisibility on the same expression with different remainders.
    fn residues_conflict(&self) -> bool {
        self.divisible.iter().enumerate().any(|(at, (m, a))| {
            self.divisible[at + 1..].iter().any(|(n, b)| {
                let common = m.gcd(n);
                common > 1
                    && matches!(
                        Constraint::canonical(Relation::Divisible(common), a.minus(b)),
                        Canonical::False
                    )
            })
        })
    }
}

/// Coefficients that are not 0, sorted by the number of the atom.
type Coefficients = SmallVec<[(usize, i128); 2]>;

/// An inequality `Σ coefficient · atom + constant ≥ 0` over numbered atoms.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    coefficients: Coefficients,
    constant: i128,
}

impl Row {
    fn coefficient(&self, atom: usize) -> i128 {
        let mut own = self.coefficients.iter();
        own.find(|(other, _)| *other == atom)
            .map_or(0, |(_, value)| *value)
    }

    /// `up · self + down · other`, if it can be represented.
    fn combined(&self, up: i128, other: &Row, down: i128) -> Option<Row> {
        let mut coefficients = Coefficients::new();
        let (mut left, mut right) = (self.coefficients.as_slice(), other.coefficients.as_slice());
        loop {
            let (atom, value) = match (left, right) {
                ([], []) => break,
                ([(atom, value), rest @ ..], others)
                    if others.first().is_none_or(|(other, _)| atom < other) =>
                {
                    left = rest;
                    (*atom, value.checked_mul(up)?)
                }
                ([(atom, value), rest @ ..], [(other, second), others @ ..]) if atom == other => {
                    (left, right) = (rest, others);
                    let value = value.checked_mul(up)?;
                    (*atom, value.checked_add(second.checked_mul(down)?)?)
                }
                (_, [(atom, value), others @ ..]) => {
                    right = others;
                    (*atom, value.checked_mul(down)?)
                }
                ([_, ..], []) => unreachable!("nothing is left to compare with"),
            };
            if value != 0 {
                coefficients.push((atom, value));
            }
        }
        let constant = self.constant.checked_mul(up)?;
        let constant = constant.checked_add(other.constant.checked_mul(down)?)?;
        Some(Row {
            coefficients,
            constant,
        })
    }

    /// The greatest common divisor of the coefficients.
    fn content(&self) -> i128 {
        let mut content = 0;
        for (_, value) in &self.coefficients {
            content = match (content, value.abs()) {
                (0, value) => value,
                (_, 1) => 1,
                (content, value) => content.gcd(&value),
            };
            if content == 1 {
                break;
            }
        }
        content
    }
}

/// So often values are mended before elimination has to decide.
const MOST_MENDINGS: usize = 6;

/// Whether values are found at which all rows hold, which then nothing refutes. Most conditions that are asked about
/// hold somewhere near 1, and values are found with much less work than elimination needs to give up.
fn has_point(rows: &[Row], atoms: usize) -> bool {
    let mut values: SmallVec<[i128; 8]> = smallvec![1; atoms];
    for _ in 0..MOST_MENDINGS {
        let mut all_hold = true;
        for row in rows {
            let value = row
                .coefficients
                .iter()
                .try_fold(row.constant, |sum, (atom, coefficient)| {
                    sum.checked_add(coefficient.checked_mul(values[*atom])?)
                });
            let Some(value) = value else {
                return false;
            };
            if value >= 0 {
                continue;
            }
            all_hold = false;
            // An upper bound is raised rather than what it bounds lowered.
            let mut own = row.coefficients.iter();
            let raised = own.rfind(|(_, coefficient)| *coefficient > 0);
            let Some((atom, coefficient)) = raised.or(row.coefficients.last()) else {
                return false;
            };
            let missing = Integer::div_ceil(&-value, &coefficient.abs());
            values[*atom] = values[*atom].saturating_add(missing * coefficient.signum());
        }
        if all_hold {
            return true;
        }
    }
    false
}

/// How an atom stands in the rows.
#[derive(Debug, Clone, Copy, Default)]
struct Stand {
    up: usize,
    down: usize,
    steepest_up: i128,
    steepest_down: i128,
}

/// Fourier–Motzkin elimination, tightened to whole numbers after each combination.
fn infeasible(mut rows: Vec<Row>, atoms: usize) -> bool {
    let mut left: Vec<usize> = (0..atoms).collect();
    let mut stands: Vec<Stand> = Vec::with_capacity(atoms);
    loop {
        if !tighten(&mut rows) {
            return true;
        }
        if rows.is_empty() {
            return false;
        }
        stands.clear();
        stands.resize(atoms, Stand::default());
        for (atom, value) in rows.iter().flat_map(|row| &row.coefficients) {
            let stand = &mut stands[*atom];
            if *value > 0 {
                stand.up += 1;
                stand.steepest_up = stand.steepest_up.max(*value);
            } else {
                stand.down += 1;
                stand.steepest_down = stand.steepest_down.max(-value);
            }
        }
        // The atom whose elimination makes the fewest new rows; first those that leave no whole numbers out, since of
        // two rows one has the coefficient 1 (Pugh 1991, section 2.1).
        let cost = |atom: usize| {
            let stand = stands[atom];
            (
                stand.steepest_up > 1 && stand.steepest_down > 1,
                stand.up * stand.down,
                stand.up + stand.down,
            )
        };
        let Some((position, atom)) = left
            .iter()
            .copied()
            .enumerate()
            .min_by_key(|(_, atom)| cost(*atom))
        else {
            return false;
        };
        left.swap_remove(position);
        let (with, without): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| row.coefficient(atom) != 0);
        rows = without;
        for low in with.iter().filter(|row| row.coefficient(atom) > 0) {
            for high in with.iter().filter(|row| row.coefficient(atom) < 0) {
                let (up, down) = (-high.coefficient(atom), low.coefficient(atom));
                let Some(row) = low.combined(up, high, down) else {
                    return false;
                };
                rows.push(row);
            }
        }
        if rows.len() > MOST_INEQUALITIES {
            return false;
        }
    }
}

/// Divides rows by their content, rounds constants down, keeps the strongest of parallel rows. `false` if a
/// row says that a negative number is not negative.
fn tighten(rows: &mut Vec<Row>) -> bool {
    let mut contradiction = false;
    rows.retain_mut(|row| {
        let content = row.content();
        if content > 1 {
            for (_, value) in &mut row.coefficients {
                *value /= content;
            }
            row.constant = Integer::div_floor(&row.constant, &content);
        }
        contradiction |= content == 0 && row.constant < 0;
        content > 0
    });
    rows.sort_unstable();
    rows.dedup_by(|next, kept| next.coefficients == kept.coefficients);
    !contradiction
}
