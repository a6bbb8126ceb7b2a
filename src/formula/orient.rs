//! Results that become short by solving definitions for what they are made of.
//!
//! A definition `p = e / S` is turned round, `e = p S`; the adjoint with its upstream terms put in is
//! rewritten by it, multiplied out, collected and factored. Softmax with cross entropy becomes `p - y`,
//! sigmoid with binary cross entropy `a - y`.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Condition;
use super::hidden::Hidden;
use super::measure::calls;
use super::plain::{is_plain_product, is_short};
use super::sums::{Lemma, Total, assumed_sums, totals, with_values};
use super::written::written;
use crate::normal::{Monomial, Normal, Normalizer, components};
use crate::simplify::{Product, Simplifier};
use crate::syntax::StepAtZero;
use crate::system::{Clause, FamilyKind, System};
use crate::term::{
    Affine, Bindings, Domain, FamilyId, Node, Reduction, Store, Substitution, TermId, VarId, alike,
    replaced, unify,
};

/// A rewriting `pattern → value` for all values of the letters, and what it hides behind a name.
#[derive(Debug, Clone)]
struct Orientation {
    vars: Box<[VarId]>,
    pattern: TermId,
    value: TermId,
}

/// The definitions of a system that can be turned round.
#[derive(Debug, Clone, Default)]
pub(super) struct Orientations {
    rewritings: Vec<Orientation>,
    roots: Vec<Root>,
    /// Factors that are kept together while terms are multiplied out.
    hidden: Hidden,
    /// Terms that are 0 by the definitions.
    zeros: Vec<Vanishing>,
    /// Families that definitions divide by: not 0 where the network has a value.
    divisors: FxHashSet<FamilyId>,
    /// Families whose definitions divide by something.
    dividing: FxHashSet<FamilyId>,
    /// What was found for terms: those that upstream derivatives stand for are met again in each formula below.
    found: FxHashMap<(TermId, Domain), Option<Shortened>>,
    /// Sums over definitions that have a value, once they were looked for.
    totals: Option<Vec<Total>>,
}

/// A term with what it rests on.
type Shortened = (TermId, Vec<Condition>);

/// `base^exponent = name`, so that other powers of the base are powers of the name.
#[derive(Debug, Clone)]
struct Root {
    vars: Box<[VarId]>,
    base: TermId,
    exponent: BigRational,
    name: TermId,
}

/// A definition `u = Σ …` as the term `Σ … - u`, for all values of the letters.
#[derive(Debug, Clone)]
struct Vanishing {
    vars: Box<[VarId]>,
    domain: Domain,
    term: TermId,
}

impl Orientations {
    /// All that the definitions of the network offer, in the form that they have in adjoints: simplified.
    pub(super) fn of(system: &mut System, simplifier: &mut Simplifier) -> Self {
        let mut result = Self::default();
        for at in 0..system.families.len() {
            let mut bodies = system.families[at]
                .clauses
                .iter()
                .filter_map(|clause| clause.body);
            if bodies.any(|body| divides(&system.store, body)) {
                result.dividing.insert(FamilyId(at as u32));
            }
            if system.families[at].kind != FamilyKind::Defined {
                continue;
            }
            for number in 0..system.families[at].clauses.len() {
                let mut clause = system.families[at].clauses[number].clone();
                if let Some(body) = clause.body {
                    let simple = simplifier.simplify(system, body, &clause.domain);
                    // What is the same under a condition only is no definition.
                    if simplifier.take_record().0.is_empty() {
                        clause.body = Some(simple);
                        if simple != body {
                            result.name_call(system, FamilyId(at as u32), &clause, simple);
                        }
                    }
                }
                result.turn_round(system, FamilyId(at as u32), &clause);
            }
        }
        result
    }

    /// `u = 1/(1 + e^{-z})`, which is `σ(z)` after all: the function at this argument is called `u`.
    fn name_call(&mut self, system: &mut System, family: FamilyId, clause: &Clause, call: TermId) {
        let store = &mut system.store;
        let has_letters = clause
            .vars
            .iter()
            .all(|var| store.free_vars(call).contains(var));
        if matches!(store.node(call), Node::Apply(..)) && has_letters {
            let value = store.access(family, clause.index.iter().cloned());
            self.rewritings.push(Orientation {
                vars: clause.vars.clone(),
                pattern: call,
                value,
            });
        }
    }

    /// `u = c · e / S` gives `e = u S / c`, and so does a root in the place of `1 / S`, if `e` has all the letters of `u`.
    fn turn_round(&mut self, system: &mut System, family: FamilyId, clause: &Clause) {
        let Some(body) = clause.body else {
            return;
        };
        let product = Product::of(&system.store, body);
        for (base, exponent) in &product.factors {
            if let Node::Access(divisor, _) = system.store.node(*base)
                && exponent.is_negative()
            {
                self.divisors.insert(*divisor);
            }
        }
        self.solve_for_summand(system, family, clause, &product);
        self.name_root(system, family, clause, &product);
        self.note_mean(system, family, clause);
        let (bottoms, tops): (Vec<_>, Vec<_>) = product
            .factors
            .iter()
            .cloned()
            .partition(|factor| factor.1.is_negative() || is_root(system, factor));
        let [(top, exponent)] = tops.as_slice() else {
            return;
        };
        let simple = matches!(system.store.node(*top), Node::Access(..) | Node::Apply(..));
        let has_letters = clause
            .vars
            .iter()
            .all(|var| system.store.free_vars(*top).contains(var));
        if !simple || !exponent.is_one() || bottoms.is_empty() || !has_letters {
            return;
        }
        let mut factors = vec![system.store.number(product.coefficient.recip())];
        factors.push(system.store.access(family, clause.index.iter().cloned()));
        for (base, exponent) in bottoms {
            let base = match system.store.node(base) {
                Node::Access(..) => base,
                _ => self.hidden.hide(system, base),
            };
            let exponent = system.store.number(-exponent);
            factors.push(system.store.power(base, exponent));
        }
        let value = system.store.mul(factors);
        self.rewritings.push(Orientation {
            vars: clause.vars.clone(),
            pattern: *top,
            value,
        });
    }

    /// `u = (x - m) s` gives `x = m + u / s`, if `x` has all the letters of `u` and `s` is not 0 for certain: a
    /// root, or the name of one.
    fn solve_for_summand(
        &mut self,
        system: &mut System,
        family: FamilyId,
        clause: &Clause,
        product: &Product,
    ) {
        let (sums, others): (Vec<_>, Vec<_>) =
            product
                .factors
                .iter()
                .cloned()
                .partition(|(base, exponent)| {
                    exponent.is_one() && matches!(system.store.node(*base), Node::Add(_))
                });
        let [(sum, _)] = sums.as_slice() else {
            return;
        };
        if others.is_empty() || !others.iter().all(|factor| is_root(system, factor)) {
            return;
        }
        let parts = system.store.node(*sum).children();
        let letters = |term: TermId| system.store.free_vars(term).to_vec();
        let candidates: Vec<usize> = (0..parts.len())
            .filter(|at| {
                let part = Product::of(&system.store, parts[*at]);
                let [(base, exponent)] = part.factors.as_slice() else {
                    return false;
                };
                let Node::Access(own, _) = system.store.node(*base) else {
                    return false;
                };
                let has_all = clause.vars.iter().all(|var| letters(*base).contains(var));
                let alone = (0..parts.len())
                    .all(|other| other == *at || !system.store.reads(parts[other], *own));
                exponent.is_one() && has_all && alone
            })
            .collect();
        let [at] = candidates.as_slice() else {
            return;
        };
        let solved = Product::of(&system.store, parts[*at]);
        let pattern = solved.factors[0].0;
        let mut inverse = vec![
            system.store.number(product.coefficient.recip()),
            system.store.access(family, clause.index.iter().cloned()),
        ];
        for (base, exponent) in others {
            let base = match system.store.node(base) {
                Node::Access(..) => base,
                _ => self.hidden.hide(system, base),
            };
            let exponent = system.store.number(-exponent);
            inverse.push(system.store.power(base, exponent));
        }
        let store = &mut system.store;
        let mut sum = vec![store.mul(inverse)];
        for (other, part) in parts.iter().enumerate() {
            if other != *at {
                sum.push(store.negative(*part));
            }
        }
        let sum = store.add(sum);
        let factor = store.number(solved.coefficient.recip());
        let value = store.mul([factor, sum]);
        self.rewritings.push(Orientation {
            vars: clause.vars.clone(),
            pattern,
            value,
        });
    }

    /// `s = (v + e)^(-1/2)` gives `v + e = s^(-2)`.
    fn name_root(
        &mut self,
        system: &mut System,
        family: FamilyId,
        clause: &Clause,
        product: &Product,
    ) {
        let [(base, exponent)] = product.factors.as_slice() else {
            return;
        };
        let has_letters = clause
            .vars
            .iter()
            .all(|var| system.store.free_vars(*base).contains(var));
        if exponent.is_integer() || !product.coefficient.is_one() || !has_letters {
            return;
        }
        let name = system.store.access(family, clause.index.iter().cloned());
        self.roots.push(Root {
            vars: clause.vars.clone(),
            base: *base,
            exponent: exponent.clone(),
            name,
        });
    }

    /// `m = 1/n Σ x` is kept as `1/n Σ x - m`, which is 0.
    fn note_mean(&mut self, system: &mut System, family: FamilyId, clause: &Clause) {
        let Some(body) = clause.body else {
            return;
        };
        let product = Product::of(&system.store, body);
        let is_mean = product
            .factors
            .iter()
            .any(|(base, exponent)| exponent.is_one() && sums_entries(&system.store, *base));
        if !is_mean {
            return;
        }
        let name = system.store.access(family, clause.index.iter().cloned());
        let negative = system.store.negative(name);
        let term = system.store.add([body, negative]);
        self.zeros.push(Vanishing {
            vars: clause.vars.clone(),
            domain: clause.domain.clone(),
            term,
        });
    }

    /// Whether a term is written as short as it can be, also by what definitions offer.
    pub(super) fn is_short(&self, system: &mut System, term: TermId) -> bool {
        is_short(system, term) && self.rewritten(system, term) == term
    }

    /// The shortest way to write the term that turning definitions round gives, with what it rests on;
    /// none if the work is too large, or if there is nothing to turn round and no shorter way.
    pub(super) fn shortened(
        &mut self,
        system: &mut System,
        step_at_zero: StepAtZero,
        term: TermId,
        context: &Domain,
    ) -> Option<Shortened> {
        if is_plain_product(system, term) && self.rewritten(system, term) == term {
            return None;
        }
        let key = (term, context.clone());
        if let Some(known) = self.found.get(&key) {
            return known.clone();
        }
        let shortened = self.shorten(system, step_at_zero, term, context);
        self.found.insert(key, shortened.clone());
        shortened
    }

    fn shorten(
        &mut self,
        system: &mut System,
        step_at_zero: StepAtZero,
        term: TermId,
        context: &Domain,
    ) -> Option<Shortened> {
        if self.totals.is_none() {
            self.totals = Some(totals(system, step_at_zero));
        }
        let kept = self.kept_together(system, term);
        let rewritten = self.rewritten(system, kept);
        let mut normalizer = Normalizer::new(system, step_at_zero, context.clone());
        let normal = normalizer.normal(rewritten).ok()?;
        let normal = in_partial_fractions(&mut normalizer, normal)?;
        let mut conditions = Vec::new();
        let normal = self.with_lemmas(&mut normalizer, normal, &mut conditions)?;
        let normal = in_partial_fractions(&mut normalizer, normal)?;
        let written = written(&mut normalizer, &normal);
        let shown = self.hidden.shown(&mut normalizer.system.store, written);
        let cancelled = cancelled(&mut normalizer, &self.dividing, term, shown);
        conditions.extend(cancelled.map(Condition::NonZero));
        Some((shown, conditions))
    }

    /// The term with its ReLUs hidden: multiplied out, their arguments would not find together again.
    fn kept_together(&mut self, system: &mut System, term: TermId) -> TermId {
        let Some(relu) = system.find_function("relu") else {
            return term;
        };
        let mut calls: Vec<TermId> = calls(system, term)
            .into_iter()
            .filter(|call| {
                matches!(system.store.node(*call), Node::Apply(function, orders, arguments)
                    if *function == relu && orders.iter().all(|order| *order == 0)
                        && !matches!(system.store.node(arguments[0]), Node::Access(..)))
            })
            .collect();
        calls.sort_unstable();
        let hidden: Vec<(TermId, TermId)> = calls
            .into_iter()
            .map(|call| (call, self.hidden.hide(system, call)))
            .collect();
        system.store.replace(term, &mut |_, part| {
            let found = hidden.iter().find(|(call, _)| *call == part);
            found.map(|(_, name)| *name)
        })
    }

    /// Sums that an assumption gives a value (`sum(y) = 1`, one-hot) or that the definitions do (`Σ (x - m) = 0`) are
    /// replaced by it, one connected part of a monomial at a time.
    fn with_lemmas(
        &self,
        normalizer: &mut Normalizer<'_>,
        normal: Normal,
        conditions: &mut Vec<Condition>,
    ) -> Option<Normal> {
        let mut lemmas = assumed_sums(normalizer)?;
        lemmas.extend(self.defined_sums(normalizer));
        for total in self.totals.iter().flatten() {
            lemmas.extend(total.lemma(normalizer));
        }
        with_values(normalizer, &lemmas, normal, conditions)
    }

    /// Whether a factor is not 0 where the network has a value: a root, the name of one, a size, a divisor.
    fn never_zero(&self, system: &System, factor: &(TermId, BigRational)) -> bool {
        is_root(system, factor)
            || match system.store.node(factor.0) {
                Node::Index(_) => true,
                Node::Access(family, _) => self.divisors.contains(family),
                _ => false,
            }
    }

    /// Sums that the definitions give a value: `Σ … - u`, once everything is turned round, solved for its only sum.
    fn defined_sums(&self, normalizer: &mut Normalizer<'_>) -> Vec<Lemma> {
        let mut lemmas = Vec::new();
        for zero in &self.zeros {
            let rewritten = self.rewritten(normalizer.system, zero.term);
            let inside = zero.domain.clone();
            let Ok(normal) = normalizer.under(inside, |normalizer| normalizer.normal(rewritten))
            else {
                continue;
            };
            let (with_sum, others): (Vec<&Monomial>, Vec<&Monomial>) = normal
                .monomials
                .iter()
                .partition(|monomial| !monomial.vars.is_empty());
            let [only] = with_sum.as_slice() else {
                continue;
            };
            let mut sums = Vec::new();
            let mut sound = true;
            for component in components(normalizer.system, only) {
                if component.vars.is_empty() {
                    sound &= component
                        .factors
                        .iter()
                        .all(|factor| self.never_zero(normalizer.system, factor));
                } else {
                    sums.push(component);
                }
            }
            let [sum] = sums.as_slice() else {
                continue;
            };
            if !sound {
                continue;
            }
            let alone = Monomial {
                coefficient: BigRational::one(),
                vars: sum.vars.clone(),
                domain: sum.domain.clone(),
                factors: sum.factors.clone(),
            };
            let sum = normalizer.monomial_term(&alone);
            let Ok(canonical) = normalizer.normal(sum) else {
                continue;
            };
            let sum = normalizer.term(&canonical);
            // The others, divided by what the sum is multiplied with.
            let outside: Vec<(TermId, BigRational)> = only
                .factors
                .iter()
                .filter(|factor| !alone.factors.contains(factor))
                .map(|(atom, exponent)| (*atom, -exponent))
                .collect();
            let outside = normalizer.monomial_term(&Monomial {
                coefficient: -only.coefficient.recip(),
                vars: Vec::new(),
                domain: Domain::everything(),
                factors: outside,
            });
            let others: Vec<TermId> = others
                .into_iter()
                .map(|monomial| normalizer.monomial_term(monomial))
                .collect();
            let store = &mut normalizer.system.store;
            let others = store.add(others);
            let value = store.mul([outside, others]);
            let Ok(value) = normalizer.normal(value) else {
                continue;
            };
            lemmas.push(Lemma {
                assumed: Vec::new(),
                vars: zero.vars.clone(),
                sum,
                value: normalizer.term(&value),
            });
        }
        lemmas
    }

    fn rewritten(&self, system: &mut System, term: TermId) -> TermId {
        system.store.replace(term, &mut |store, part| {
            if let Some(name) = self.hidden.name(store, part) {
                return Some(name);
            }
            if let Node::Power(base, exponent) = *store.node(part)
                && let Some(exponent) = store.as_number(exponent).cloned()
            {
                for root in &self.roots {
                    let mut values = Bindings::default();
                    if unify(store, root.base, base, &root.vars, &mut values) {
                        let name = store.substitute(root.name, &replaced(&values));
                        let exponent = store.number(exponent / &root.exponent);
                        return Some(store.power(name, exponent));
                    }
                }
            }
            for rewriting in &self.rewritings {
                let mut values = Bindings::default();
                if unify(store, rewriting.pattern, part, &rewriting.vars, &mut values) {
                    let mut pairs: Vec<(VarId, Affine)> = values.into_iter().collect();
                    pairs.sort();
                    return Some(store.substitute(rewriting.value, &Substitution::new(pairs)));
                }
            }
            None
        })
    }
}

/// What is divided by in the first term and not in the second.
fn cancelled(
    normalizer: &mut Normalizer<'_>,
    dividing: &FxHashSet<FamilyId>,
    before: TermId,
    after: TermId,
) -> impl Iterator<Item = TermId> {
    let mut gone = divisors(normalizer.system, before, 1, |_, family, _| {
        dividing.contains(&family)
    });
    if !gone.is_empty() {
        // `P` is written for what divides by the sum of `e^S`, and `S` itself may be a quotient.
        let left = divisors(normalizer.system, after, DEEPEST, |_, family, deep| {
            deep > 1 || dividing.contains(&family)
        });
        gone.retain(|divisor| !left.contains(divisor));
        // The same may have other bound letters, or be turned round.
        let left: Vec<Option<Normal>> = left
            .into_iter()
            .map(|divisor| normalizer.normal(divisor).ok())
            .collect();
        gone.retain(|divisor| {
            let negative = normalizer.system.store.negative(*divisor);
            let normals = [*divisor, negative].map(|term| normalizer.normal(term).ok());
            normals
                .iter()
                .all(|normal| normal.is_none() || !left.contains(normal))
        });
    }
    gone.into_iter()
}

/// Whether a term is the sum of a quantity over some of its letters.
fn sums_entries(store: &Store, term: TermId) -> bool {
    match store.node(term) {
        Node::Reduce(Reduction::Sum, _, _, inner) => {
            matches!(store.node(*inner), Node::Access(..)) || sums_entries(store, *inner)
        }
        _ => false,
    }
}

/// Whether something is divided by in a term.
fn divides(store: &Store, term: TermId) -> bool {
    store.any(term, |node| match node {
        Node::Power(_, exponent) => store.as_number(*exponent).is_some_and(Signed::is_negative),
        _ => false,
    })
}

/// Leaves out that something is not 0 where the term itself divides by it, or a derivative upstream does: the reader sees that.
pub(super) fn without_divisors(system: &mut System, term: TermId, conditions: &mut Vec<Condition>) {
    if !conditions
        .iter()
        .any(|it| matches!(it, Condition::NonZero(_)))
    {
        return;
    }
    let divisors = divisors(system, term, DEEPEST, |system, family, _| {
        matches!(system.family(family).kind, FamilyKind::Adjoint { .. })
    });
    conditions.retain(|condition| match condition {
        Condition::NonZero(term) => !divisors
            .iter()
            .any(|divisor| alike(&system.store, *divisor, *term)),
        _ => true,
    });
}

/// How many definitions behind one another are looked into.
const DEEPEST: u8 = 3;

/// What a term divides by, by itself or in the definitions of what it names, and so on at most so `deep`; `opens` says of
/// a quantity whether to look into its definition.
fn divisors(
    system: &mut System,
    term: TermId,
    deep: u8,
    opens: impl Fn(&System, FamilyId, u8) -> bool,
) -> Vec<TermId> {
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    let mut stack = vec![(term, deep)];
    while let Some((term, deep)) = stack.pop() {
        if !seen.insert((term, deep)) {
            continue;
        }
        let store = &system.store;
        match store.node(term).clone() {
            Node::Access(family, index) if deep > 0 && opens(system, family, deep) => {
                for clause in system.family(family).clauses.clone() {
                    let (values, domain) = clause.at(&index);
                    if let (Some(body), false) = (clause.body, domain.is_nothing()) {
                        stack.push((system.store.substitute(body, &values), deep - 1));
                    }
                }
            }
            Node::Power(base, exponent)
                if store.as_number(exponent).is_some_and(Signed::is_negative) =>
            {
                let factors = Product::of(store, base).factors;
                found.extend(factors.into_iter().map(|it| it.0));
                // To divide by the name of a root is to divide by what is under it.
                if let Node::Access(family, index) = system.store.node(base).clone() {
                    found.extend(radicand(system, family, &index));
                }
                stack.push((base, deep));
            }
            node => stack.extend(node.children().into_iter().map(|child| (child, deep))),
        }
    }
    found
}

/// What a quantity is a root of.
fn radicand(system: &mut System, family: FamilyId, index: &[Affine]) -> Option<TermId> {
    let [clause] = system.family(family).clauses.as_slice() else {
        return None;
    };
    let (values, _) = clause.at(index);
    let product = Product::of(&system.store, clause.body?);
    match product.factors.as_slice() {
        [(base, exponent)] if exponent.is_positive() => {
            Some(system.store.substitute(*base, &values))
        }
        _ => None,
    }
}

/// A denominator `c + d a` over an atom `a`: no monomial has it together with `a`.
///
/// `a / (c + d a) = 1/d - c/d · 1/(c + d a)` and `1 / (a (c + d a)) = 1/c · (1/a - d/(c + d a))`.
fn in_partial_fractions(normalizer: &mut Normalizer<'_>, normal: Normal) -> Option<Normal> {
    let mut normal = normal;
    // Each round lowers an exponent by one.
    for _ in 0..8 {
        let mut changed = false;
        let mut parts = Vec::new();
        for monomial in &normal.monomials {
            match split_fraction(normalizer, monomial)? {
                Some(terms) => {
                    changed = true;
                    parts.extend(terms);
                }
                None => parts.push(normalizer.monomial_term(monomial)),
            }
        }
        if !changed {
            return Some(normal);
        }
        let sum = normalizer.system.store.add(parts);
        normal = normalizer.normal(sum).ok()?;
    }
    None
}

/// One step on the first denominator of a monomial that stands beside its own atom.
fn split_fraction(
    normalizer: &mut Normalizer<'_>,
    monomial: &Monomial,
) -> Option<Option<Vec<TermId>>> {
    for (base, exponent) in &monomial.factors {
        if !exponent.is_negative() || !exponent.is_integer() {
            continue;
        }
        let Some((constant, factor, atom)) = linear(normalizer, *base)? else {
            continue;
        };
        let Some((_, beside)) = monomial
            .factors
            .iter()
            .find(|(other, beside)| *other == atom && beside.is_integer())
        else {
            continue;
        };
        let with = |by_atom: i64, by_base: i64, scale: BigRational| {
            let mut changed = monomial.clone();
            for (other, exponent) in &mut changed.factors {
                if *other == atom {
                    *exponent += BigRational::from_integer(by_atom.into());
                } else if other == base {
                    *exponent += BigRational::from_integer(by_base.into());
                }
            }
            changed.factors.retain(|(_, exponent)| !exponent.is_zero());
            changed.coefficient *= scale;
            changed
        };
        let pair = if beside.is_positive() {
            [with(-1, 1, factor.recip()), with(-1, 0, -constant / factor)]
        } else {
            [with(0, 1, constant.recip()), with(1, 0, -factor / constant)]
        };
        return Some(Some(
            pair.iter()
                .map(|monomial| normalizer.monomial_term(monomial))
                .collect(),
        ));
    }
    Some(None)
}

/// `c` and `d`, not 0, and the atom `a` of a base `c + d a`.
fn linear(
    normalizer: &mut Normalizer<'_>,
    base: TermId,
) -> Option<Option<(BigRational, BigRational, TermId)>> {
    if !matches!(normalizer.system.store.node(base), Node::Add(_)) {
        return Some(None);
    }
    let normal = normalizer.normal(base).ok()?;
    let [first, second] = normal.monomials.as_slice() else {
        return Some(None);
    };
    let plain = |monomial: &Monomial| monomial.vars.is_empty() && monomial.domain.is_everything();
    if !plain(first) || !plain(second) {
        return Some(None);
    }
    let (number, other) = if first.factors.is_empty() {
        (first, second)
    } else {
        (second, first)
    };
    Some(
        match (number.factors.as_slice(), other.factors.as_slice()) {
            ([], [(atom, exponent)]) if exponent.is_one() => {
                Some((number.coefficient.clone(), other.coefficient.clone(), *atom))
            }
            _ => None,
        },
    )
}

/// Whether a factor is a root of something, or the name of a root: not 0 where it has a value.
fn is_root(system: &System, (base, exponent): &(TermId, BigRational)) -> bool {
    if !exponent.is_integer() {
        return true;
    }
    let Node::Access(family, _) = system.store.node(*base) else {
        return false;
    };
    let family = system.family(*family);
    family.kind == FamilyKind::Defined
        && !family.clauses.is_empty()
        && family.clauses.iter().all(|clause| {
            clause.body.is_some_and(|body| {
                let product = Product::of(&system.store, body);
                !product.factors.is_empty()
                    && !product.coefficient.is_zero()
                    && product
                        .factors
                        .iter()
                        .all(|(_, exponent)| !exponent.is_integer())
            })
        })
}
