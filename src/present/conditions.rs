//! Domains as boxes: ranges below and above Σ, conditions, guards.

use num_traits::{One, Signed, Zero};

use super::letters::Scope;
use super::math::{Fence, Math, MathId, Sign};
use super::terms::{Printed, Printer, operator};
use crate::profile::Sum;
use crate::system::{Clause, FamilyKind};
use crate::term::{
    Affine, Atom, Constraint, Domain, FamilyId, Node, Reduction, Relation, TermId, VarId,
};

/// The values of one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Span {
    /// All of an element index.
    Full,
    /// From the first to the last.
    From(Affine, Affine),
    /// Whatever the conditions say.
    Conditions,
}

/// A domain taken apart: the values of each letter, and what else is said.
#[derive(Debug)]
pub(super) struct Ranges {
    pub(super) spans: Vec<(VarId, Span)>,
    pub(super) rest: Vec<Constraint>,
}

/// What one position gives to a letter.
struct Axis {
    bounds: Vec<Constraint>,
    /// Whether its length may be another one in each layer, which its bounds do not say in one way.
    by_slot: bool,
}

impl Printer<'_> {
    /// Takes a domain apart. `full` tells whether two bounds (as constraints) are those of an element index.
    pub(super) fn ranges(
        &self,
        vars: &[VarId],
        domain: &Domain,
        full: &mut dyn FnMut(VarId, &Constraint, &Constraint) -> bool,
    ) -> Ranges {
        let mut rest: Vec<Constraint> = domain.constraints().to_vec();
        let mut open: Vec<VarId> = vars.to_vec();
        let mut spans = Vec::with_capacity(vars.len());
        while !open.is_empty() {
            let mut placed = None;
            for (at, var) in open.iter().copied().enumerate() {
                let others: Vec<VarId> =
                    open.iter().copied().filter(|other| *other != var).collect();
                let bounds = |sign: i64| -> Vec<Constraint> {
                    rest.iter()
                        .filter(|constraint| {
                            let affine = constraint.affine();
                            constraint.relation() == Relation::NonNegative
                                && !self.is_unequal(constraint)
                                && affine.coefficient_of_var(var) == num_rational::Ratio::from(sign)
                                && !affine
                                    .add_scaled(&Affine::var(var), num_rational::Ratio::from(-sign))
                                    .mentions(var)
                                && !others.iter().any(|other| affine.mentions(*other))
                        })
                        .cloned()
                        .collect()
                };
                let (low, high) = (bounds(1), bounds(-1));
                let whole = low
                    .iter()
                    .flat_map(|l| high.iter().map(move |h| (l, h)))
                    .find(|(l, h)| full(var, l, h))
                    .map(|(l, h)| (l.clone(), h.clone()));
                if let Some((l, h)) = whole {
                    rest.retain(|constraint| *constraint != l && *constraint != h);
                    placed = Some((at, Span::Full));
                    break;
                }
                if let ([l], [h]) = (low.as_slice(), high.as_slice()) {
                    let first = Affine::var(var).minus(l.affine());
                    let last = Affine::var(var).plus(h.affine());
                    rest.retain(|constraint| constraint != l && constraint != h);
                    placed = Some((at, Span::From(first, last)));
                    break;
                }
            }
            match placed {
                Some((at, span)) => spans.push((open.remove(at), span)),
                None => spans.extend(open.drain(..).map(|var| (var, Span::Conditions))),
            }
        }
        Ranges { spans, rest }
    }

    /// The big operators of a reduction, in order.
    pub(super) fn reduction_heads(
        &mut self,
        op: Reduction,
        vars: &[VarId],
        domain: &Domain,
        body: TermId,
        scope: Scope,
    ) -> Vec<MathId> {
        let mut axes: Vec<(VarId, Vec<Axis>)> = Vec::with_capacity(vars.len());
        for var in vars {
            axes.push((*var, self.element_axes(body, *var)));
        }
        // Where it stands at axes of two lengths a reader could not tell which of them it runs over.
        let ranges = self.ranges(vars, domain, &mut |var, low, high| {
            let of_var = axes.iter().find(|(other, _)| *other == var);
            of_var.is_some_and(|(_, axes)| {
                let whole = |axis: &Axis| axis.bounds.contains(low) && axis.bounds.contains(high);
                axes.iter().any(whole) && axes.iter().all(|axis| axis.by_slot || whole(axis))
            })
        });
        // Each condition belongs to the last of the letters it speaks of.
        let mut attached: Vec<Vec<Constraint>> = vec![Vec::new(); ranges.spans.len()];
        for constraint in ranges.rest {
            let at = ranges
                .spans
                .iter()
                .rposition(|(var, _)| constraint.affine().mentions(*var))
                .unwrap_or(ranges.spans.len().saturating_sub(1));
            match attached.get_mut(at) {
                Some(conditions) => conditions.push(constraint),
                None => attached.push(vec![constraint]),
            }
        }
        let mut heads = Vec::with_capacity(ranges.spans.len());
        for (at, conditions) in attached.iter().enumerate() {
            let Some((var, span)) = ranges.spans.get(at) else {
                // Nothing is bound: the conditions alone stand below.
                let lines = self.relations(conditions, scope);
                heads.push(self.head(op, &lines, None));
                continue;
            };
            let free = *span == Span::Full && conditions.is_empty();
            // `i < j` binds both letters: no separate operator for the first.
            let merged = free
                && attached[at + 1..].iter().zip(&ranges.spans[at + 1..]).any(
                    |(later, (_, span))| {
                        *span == Span::Full
                            && later.len() == 1
                            && later[0].relation() == Relation::NonNegative
                            && later[0].affine().mentions(*var)
                    },
                );
            if merged {
                continue;
            }
            let letter = self.variable(*var, scope).id;
            let mut over = None;
            let mut lines = Vec::new();
            // Inside of `c[n]` a letter is not named as the one that runs.
            let named = conditions
                .iter()
                .any(|constraint| !constraint.affine().coefficient_of_var(*var).is_zero());
            match span {
                Span::Full if !named => {
                    lines.push(if self.notation.profile.entries.sum == Sum::ForAll {
                        let forall = self.boxes.sign(Sign::ForAll);
                        self.boxes.row([forall, letter])
                    } else {
                        letter
                    });
                }
                Span::Conditions if !named => lines.push(letter),
                Span::Full | Span::Conditions => {}
                // Maxima have nothing above them.
                Span::From(first, last) if matches!(op, Reduction::Max | Reduction::Min) => {
                    lines.push(self.range_box(*var, first, last, scope));
                }
                Span::From(first, last) => {
                    let first = self.affine(first, scope).id;
                    let equals = self.boxes.sign(Sign::Equals);
                    lines.push(self.boxes.row([letter, equals, first]));
                    over = Some(self.affine(last, scope).id);
                }
            }
            let (unequal, others): (Vec<Constraint>, Vec<Constraint>) = conditions
                .iter()
                .cloned()
                .partition(|constraint| self.is_unequal(constraint));
            for constraint in unequal {
                // The bound letter stands first.
                let gap = constraint.affine().offset(1);
                let turned = gap.coefficient_of_var(*var).is_negative();
                let gap = gap.scaled(if turned {
                    -num_rational::Ratio::one()
                } else {
                    num_rational::Ratio::one()
                });
                lines.push(self.sides(&gap, Sign::NotEqual, scope));
            }
            lines.extend(self.relations(&others, scope));
            heads.push(self.head(op, &lines, over));
        }
        heads
    }

    fn head(&mut self, op: Reduction, lines: &[MathId], over: Option<MathId>) -> MathId {
        let under = match lines {
            [] => None,
            [only] => Some(*only),
            _ => Some(self.boxes.intern(Math::Stack(lines.into()))),
        };
        self.boxes.intern(Math::Big {
            op: operator(op),
            under,
            over,
        })
    }

    /// The bounds that the element positions of a body give to a letter, as constraints.
    pub(super) fn element_bounds(&self, body: TermId, var: VarId) -> Vec<Constraint> {
        let axes = self.element_axes(body, var).into_iter();
        axes.flat_map(|axis| axis.bounds).collect()
    }

    /// The same, position by position.
    fn element_axes(&self, body: TermId, var: VarId) -> Vec<Axis> {
        let store = &self.system.store;
        let mut found = Vec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        let mut open = vec![body];
        while let Some(term) = open.pop() {
            if store.free_vars(term).binary_search(&var).is_err() || !seen.insert(term) {
                continue;
            }
            if let Node::Access(family, index) = store.node(term) {
                let mut bounds = Vec::new();
                self.access_bounds(*family, index, var, &mut bounds);
                if !bounds.is_empty() {
                    let by_slot = self.has_slots(*family);
                    found.push(Axis { bounds, by_slot });
                }
            }
            open.extend(store.node(term).children());
        }
        found
    }

    /// Whether a quantity, or what it is a derivative of or by, has layers or time steps.
    fn has_slots(&self, family: FamilyId) -> bool {
        let row = self.system.family(family);
        match row.kind {
            FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
                self.has_slots(of) || self.has_slots(wrt)
            }
            FamilyKind::Input
            | FamilyKind::Defined
            | FamilyKind::OfMatrix { .. }
            | FamilyKind::OpaqueLoss(_) => row.slots > 0,
        }
    }

    /// The bounds that an access gives to a letter that stands alone at one of its elements.
    pub(super) fn access_bounds(
        &self,
        family: FamilyId,
        index: &[Affine],
        var: VarId,
        found: &mut Vec<Constraint>,
    ) {
        let row = self.system.family(family);
        match row.kind {
            FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
                let rank = self.system.family(of).slots + self.system.family(of).axes;
                let (of_index, wrt_index) = index.split_at(rank.min(index.len()));
                self.access_bounds(of, of_index, var, found);
                self.access_bounds(wrt, wrt_index, var, found);
            }
            FamilyKind::Input
            | FamilyKind::Defined
            | FamilyKind::OfMatrix { .. }
            | FamilyKind::OpaqueLoss(_) => {
                let alone = index
                    .iter()
                    .skip(row.slots)
                    .any(|element| element.as_var() == Some(var));
                if alone {
                    for clause in &row.clauses {
                        found.extend(clause_bounds(clause, index, var));
                    }
                }
            }
        }
    }

    /// Constraints as relations, opposite bounds of one expression joined to a chain.
    pub(super) fn relations(&mut self, constraints: &[Constraint], scope: Scope) -> Vec<MathId> {
        let mut used = vec![false; constraints.len()];
        let mut lines = Vec::new();
        for at in 0..constraints.len() {
            if used[at] {
                continue;
            }
            used[at] = true;
            let constraint = &constraints[at];
            let affine = constraint.affine();
            let line = match constraint.relation() {
                Relation::Zero => self.sides(affine, Sign::Equals, scope),
                Relation::Divisible(m) => {
                    let m = self.boxes.number(m);
                    let divides = self.boxes.sign(Sign::Divides);
                    let value = self.affine(affine, scope).id;
                    self.boxes.row([m, divides, value])
                }
                Relation::NonNegative if self.is_unequal(constraint) => {
                    self.sides(&affine.offset(1), Sign::NotEqual, scope)
                }
                Relation::NonNegative => {
                    let partner = (at + 1..constraints.len()).find(|other| {
                        !used[*other]
                            && constraints[*other].relation() == Relation::NonNegative
                            && has_var(affine)
                            && !has_var(&affine.plus(constraints[*other].affine()))
                    });
                    match partner {
                        None => self.sides(affine, Sign::LessEqual, scope),
                        Some(other) => {
                            used[other] = true;
                            self.chain(affine, constraints[other].affine(), scope)
                        }
                    }
                }
            };
            lines.push(line);
        }
        lines
    }

    /// `low ≤ e ≤ high` from `a ≥ 0` and `b ≥ 0` whose letters cancel.
    fn chain(&mut self, a: &Affine, b: &Affine, scope: Scope) -> MathId {
        let lower = if letters_of(a).leads_negative() { b } else { a };
        let middle = letters_of(lower);
        let low = middle.minus(lower);
        let high = a.plus(b).plus(&low);
        let less = self.boxes.sign(Sign::LessEqual);
        let low = self.affine(&low, scope).id;
        let middle = self.affine(&middle, scope).id;
        let high = self.affine(&high, scope).id;
        self.boxes.row([low, less, middle, less, high])
    }

    /// `a = 0`, `a ≠ 0` or `a ≥ 0` with terms of both signs moved to the sides where they are positive.
    fn sides(&mut self, affine: &Affine, relation: Sign, scope: Scope) -> MathId {
        let mut positive = Affine::int(0);
        let mut negative = Affine::int(0);
        for (atom, coefficient) in affine.terms() {
            let atom = Affine::atom(atom.clone());
            if coefficient.is_negative() {
                negative = negative.add_scaled(&atom, -coefficient);
            } else {
                positive = positive.add_scaled(&atom, *coefficient);
            }
        }
        let constant = Affine::int(1).scaled(affine.constant());
        let one_less = affine.constant() == -num_rational::Ratio::one();
        let (left, sign, right) = if relation != Sign::LessEqual {
            let right = negative.minus(&constant);
            // The letter first: `k = L`, `i = 2j`.
            let turned = !has_var(&positive) && has_var(&right)
                || right.as_var().is_some() && positive.as_var().is_none();
            if turned {
                (right, relation, positive)
            } else {
                (positive, relation, right)
            }
        } else if negative.is_constant() {
            (positive, Sign::GreaterEqual, negative.minus(&constant))
        } else if one_less && !positive.is_constant() {
            (negative, Sign::Less, positive)
        } else {
            (negative, Sign::LessEqual, positive.plus(&constant))
        };
        let left = self.affine(&left, scope).id;
        let right = self.affine(&right, scope).id;
        let sign = self.boxes.sign(sign);
        self.boxes.row([left, sign, right])
    }

    /// A guard: Kronecker deltas for plain equations of two letters, brackets around everything else.
    pub(super) fn guard(&mut self, domain: &Domain, scope: Scope) -> Printed {
        let mut deltas = Vec::new();
        let mut others = Vec::new();
        for constraint in domain.constraints() {
            match two_letters(constraint) {
                Some(pair) if !self.names.delta_taken => deltas.push(pair),
                _ => others.push(constraint.clone()),
            }
        }
        let mut factors = Vec::new();
        for (left, right) in deltas {
            let left = self.variable(left, scope).id;
            let right = self.variable(right, scope).id;
            let sub = self.boxes.row([left, right]);
            let delta = self.boxes.sign(Sign::Delta);
            factors.push(self.boxes.script(delta, Some(sub), None));
        }
        if !others.is_empty() {
            let relations = self.relations(&others, scope);
            let list = self.boxes.list(&relations, Sign::Comma);
            factors.push(self.boxes.fence(Fence::Square, false, list));
        }
        let single = factors.len() == 1;
        let id = self.boxes.row(factors);
        if single {
            Printed::atom(id)
        } else {
            Printed::product(id)
        }
    }

    /// The condition of a case in words and relations.
    pub(super) fn condition(&mut self, condition: TermId, scope: Scope) -> MathId {
        let system = self.system;
        match system.store.node(condition) {
            Node::Test(cmp, left, right) => self.comparison(*cmp, *left, *right, scope),
            Node::Guard(domain) => {
                let relations = self.relations(domain.constraints(), scope);
                self.boxes.list(&relations, Sign::Comma)
            }
            Node::Mul(factors) => {
                let parts: Vec<MathId> = factors
                    .iter()
                    .map(|factor| self.condition(*factor, scope))
                    .collect();
                self.boxes.list(&parts, Sign::Comma)
            }
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Add(_)
            | Node::Power(..)
            | Node::Apply(..)
            | Node::Cases(_) => {
                let value = self.term(condition, scope).id;
                let sign = self.boxes.sign(Sign::NotEqual);
                let zero = self.boxes.number(0);
                self.boxes.row([value, sign, zero])
            }
        }
    }
}

/// The constraints of a clause on a letter of the index with which it is read.
fn clause_bounds(clause: &Clause, index: &[Affine], var: VarId) -> Vec<Constraint> {
    let (_, domain) = clause.at(index);
    domain
        .constraints()
        .iter()
        .filter(|constraint| constraint.affine().mentions(var))
        .cloned()
        .collect()
}

fn has_var(affine: &Affine) -> bool {
    affine
        .terms()
        .iter()
        .any(|(atom, _)| !matches!(atom, Atom::Size(..)))
}

/// The part that is no size and no number.
fn letters_of(affine: &Affine) -> Affine {
    affine
        .terms()
        .iter()
        .filter(|(atom, _)| !matches!(atom, Atom::Size(..)))
        .fold(Affine::int(0), |sum, (atom, coefficient)| {
            sum.add_scaled(&Affine::atom(atom.clone()), *coefficient)
        })
}

/// The letters of `i = j`.
fn two_letters(constraint: &Constraint) -> Option<(VarId, VarId)> {
    let affine = constraint.affine();
    if constraint.relation() != Relation::Zero || !affine.constant().is_zero() {
        return None;
    }
    match affine.terms() {
        [(Atom::Var(left), a), (Atom::Var(right), b)] if (a + b).is_zero() => Some((*left, *right)),
        _ => None,
    }
}
