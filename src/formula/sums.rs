//! Sums that have a known value: by an assumption, by their definition as shares, or as mixtures of such.

use num_rational::BigRational;
use num_traits::One;
use rustc_hash::FxHashSet;

use super::Condition;
use crate::normal::{Monomial, Normal, Normalizer, components};
use crate::simplify::Product;
use crate::syntax::StepAtZero;
use crate::system::{Clause, Fact, FamilyKind, System};
use crate::term::{
    Affine, Bindings, Cmp, Domain, FamilyId, Node, Reduction, TermId, VarId, replaced, unify,
};

/// The sum of a defined quantity over one of its letters: a softmax adds up to 1.
#[derive(Debug, Clone)]
pub(super) struct Total {
    pub(super) family: FamilyId,
    pub(super) vars: Box<[VarId]>,
    pub(super) sum: TermId,
    pub(super) value: TermId,
    /// The assumptions that say so.
    pub(super) assumed: Vec<usize>,
}

/// Sums of shares, `p = e / Σ e`, and of sums of such: `(1 - ε) y + ε/K` adds up to 1 if `y` does.
pub(super) fn totals(system: &mut System, step_at_zero: StepAtZero) -> Vec<Total> {
    let mut totals: Vec<Total> = Vec::new();
    let mut normalizer = Normalizer::new(system, step_at_zero, Domain::everything());
    for family in normalizer.system.family_ids() {
        let known = normalizer.system.family(family);
        let [clause] = known.clauses.as_slice() else {
            continue;
        };
        if known.kind != FamilyKind::Defined || known.axes == 0 {
            continue;
        }
        let (slots, clause) = (known.slots, clause.clone());
        let letters = clause.index[slots..].iter().filter_map(Affine::as_var);
        for letter in letters.collect::<Vec<_>>() {
            let found = share_total(&mut normalizer, &clause, letter)
                .or_else(|| sum_total(&mut normalizer, &totals, &clause, letter));
            let Some((value, assumed)) = found else {
                continue;
            };
            let store = &mut normalizer.system.store;
            let access = store.access(family, clause.index.iter().cloned());
            let Some(sum) = sum_over(normalizer.system, access, letter) else {
                continue;
            };
            let vars = clause.vars.iter().copied().filter(|var| *var != letter);
            totals.push(Total {
                family,
                vars: vars.collect(),
                sum,
                value,
                assumed,
            });
        }
    }
    totals
}

/// The quantities that are shares of their sum over one of their letters: `p = e / Σ e`.
pub(super) fn shares(system: &mut System, step_at_zero: StepAtZero) -> FxHashSet<FamilyId> {
    let mut normalizer = Normalizer::new(system, step_at_zero, Domain::everything());
    let families = normalizer.system.family_ids();
    let is_share = |family: &FamilyId| {
        let row = normalizer.system.family(*family);
        let [clause] = row.clauses.as_slice() else {
            return false;
        };
        let clause = clause.clone();
        row.kind == FamilyKind::Defined
            && clause
                .vars
                .iter()
                .any(|letter| share_total(&mut normalizer, &clause, *letter).is_some())
    };
    families.filter(is_share).collect()
}

/// A sum that has a known value.
pub(super) struct Lemma {
    /// The assumptions that say so; none if the definitions do.
    pub(super) assumed: Vec<usize>,
    pub(super) vars: Box<[VarId]>,
    pub(super) sum: TermId,
    pub(super) value: TermId,
}

/// Sums that have a known value replaced by it, one connected part of a monomial at a time.
pub(super) fn with_values(
    normalizer: &mut Normalizer<'_>,
    lemmas: &[Lemma],
    normal: Normal,
    conditions: &mut Vec<Condition>,
) -> Option<Normal> {
    if lemmas.is_empty() {
        return Some(normal);
    }
    let mut parts = Vec::new();
    for monomial in &normal.monomials {
        let mut factors = vec![normalizer.system.store.number(monomial.coefficient.clone())];
        for component in components(normalizer.system, monomial) {
            let alone = Monomial {
                coefficient: BigRational::one(),
                vars: component.vars,
                domain: component.domain,
                factors: component.factors,
            };
            let term = normalizer.monomial_term(&alone);
            let canonical = normalizer.normal(term).ok()?;
            let term = normalizer.term(&canonical);
            let found = lemmas.iter().find_map(|lemma| {
                let mut values = Bindings::default();
                unify(
                    &normalizer.system.store,
                    lemma.sum,
                    term,
                    &lemma.vars,
                    &mut values,
                )
                .then_some((lemma, values))
            });
            match found {
                Some((lemma, values)) => {
                    conditions.extend(lemma.assumed.iter().copied().map(Condition::Assumed));
                    let value = normalizer
                        .system
                        .store
                        .substitute(lemma.value, &replaced(&values));
                    factors.push(value);
                }
                None => factors.push(term),
            }
        }
        parts.push(normalizer.system.store.mul(factors));
    }
    let sum = normalizer.system.store.add(parts);
    normalizer.normal(sum).ok()
}

impl Total {
    pub(super) fn lemma(&self, normalizer: &mut Normalizer<'_>) -> Option<Lemma> {
        let canonical = normalizer.normal(self.sum).ok()?;
        let [only] = canonical.monomials.as_slice() else {
            return None;
        };
        let sum = normalizer.monomial_term(only);
        Some(Lemma {
            assumed: self.assumed.clone(),
            vars: self.vars.clone(),
            sum,
            value: self.value,
        })
    }
}

/// The total of `c e / S` over a letter that `S` does not have: `c` if `S` is the sum of `e`.
fn share_total(
    normalizer: &mut Normalizer<'_>,
    clause: &Clause,
    letter: VarId,
) -> Option<(TermId, Vec<usize>)> {
    let store = &normalizer.system.store;
    let product = Product::of(store, clause.body?);
    let (own, outside): (Vec<_>, Vec<_>) = product
        .factors
        .iter()
        .cloned()
        .partition(|(base, _)| store.free_vars(*base).contains(&letter));
    let [(whole, exponent)] = outside.as_slice() else {
        return None;
    };
    if own.is_empty() || !(-exponent).is_one() {
        return None;
    }
    // The sum may have a name.
    let whole = match store.node(*whole).clone() {
        Node::Access(family, index) => {
            let [named] = normalizer.system.family(family).clauses.as_slice() else {
                return None;
            };
            let (values, _) = named.at(&index);
            let body = named.body?;
            normalizer.system.store.substitute(body, &values)
        }
        _ => *whole,
    };
    let domain = clause
        .domain
        .filter(|constraint| constraint.affine().mentions(letter));
    let store = &mut normalizer.system.store;
    let factors = own.into_iter().map(|(base, exponent)| {
        let exponent = store.number(exponent);
        store.power(base, exponent)
    });
    let factors: Vec<TermId> = factors.collect();
    let share = store.mul(factors);
    let sum = store.reduce(Reduction::Sum, [letter], domain, share);
    let context = clause.domain.project(letter);
    let equal = normalizer.under(context, |normalizer| {
        let sum = normalizer.normal(sum);
        let whole = normalizer.normal(whole);
        matches!((sum, whole), (Ok(sum), Ok(whole)) if sum == whole)
    });
    equal.then(|| {
        (
            normalizer.system.store.number(product.coefficient),
            Vec::new(),
        )
    })
}

/// The total of a sum of quantities over a letter, if the totals of these make it a number.
fn sum_total(
    normalizer: &mut Normalizer<'_>,
    totals: &[Total],
    clause: &Clause,
    letter: VarId,
) -> Option<(TermId, Vec<usize>)> {
    let body = clause.body?;
    let Node::Add(parts) = normalizer.system.store.node(body) else {
        return None;
    };
    // More than a mixture of a few is no distribution.
    if parts.len() > 4 {
        return None;
    }
    let domain = clause
        .domain
        .filter(|constraint| constraint.affine().mentions(letter));
    let store = &mut normalizer.system.store;
    let sum = store.reduce(Reduction::Sum, [letter], domain, body);
    let context = clause.domain.project(letter);
    normalizer.under(context, |normalizer| {
        let mut lemmas = assumed_sums(normalizer)?;
        for total in totals {
            if normalizer.system.store.reads(body, total.family) {
                lemmas.extend(total.lemma(normalizer));
            }
        }
        let store = &normalizer.system.store;
        lemmas.retain(|lemma| {
            store.any(
                lemma.sum,
                |node| matches!(node, Node::Access(family, _) if store.reads(body, *family)),
            )
        });
        if lemmas.is_empty() {
            return None;
        }
        let mut conditions = Vec::new();
        let normal = normalizer.normal(sum).ok()?;
        let value = with_values(normalizer, &lemmas, normal, &mut conditions)?;
        let value = normalizer.term(&value);
        normalizer.system.store.as_number(value)?;
        let assumed = conditions
            .into_iter()
            .filter_map(|condition| match condition {
                Condition::Assumed(number) => Some(number),
                _ => None,
            });
        Some((value, assumed.collect()))
    })
}

/// Sums that an assumption gives a value.
pub(super) fn assumed_sums(normalizer: &mut Normalizer<'_>) -> Option<Vec<Lemma>> {
    let mut lemmas = Vec::new();
    for (number, assumption) in normalizer.system.assumptions.clone().iter().enumerate() {
        let (sum, value) = match &assumption.fact {
            Fact::Compare(Cmp::Equal, left, right) => {
                match normalizer.system.store.as_number(*right).cloned() {
                    Some(value) => (*left, value),
                    None => continue,
                }
            }
            Fact::OneHot(access, var) => {
                let Some(sum) = sum_over(normalizer.system, *access, *var) else {
                    continue;
                };
                (sum, BigRational::one())
            }
            Fact::Compare(..) | Fact::OneOf(..) | Fact::Matrix(..) => continue,
        };
        if !matches!(
            normalizer.system.store.node(sum),
            Node::Reduce(Reduction::Sum, ..)
        ) {
            continue;
        }
        let canonical = normalizer.normal(sum).ok()?;
        let [only] = canonical.monomials.as_slice() else {
            continue;
        };
        let pattern = normalizer.monomial_term(&Monomial {
            coefficient: BigRational::one(),
            ..only.clone()
        });
        lemmas.push(Lemma {
            assumed: vec![number],
            vars: assumption.vars.clone(),
            sum: pattern,
            value: normalizer.system.store.number(value / &only.coefficient),
        });
    }
    Some(lemmas)
}

/// Σ of an access over one of its letters, over the letter's whole range.
fn sum_over(system: &mut System, access: TermId, var: VarId) -> Option<TermId> {
    let Node::Access(family, index) = system.store.node(access).clone() else {
        return None;
    };
    let [clause] = system.family(family).clauses.as_slice() else {
        return None;
    };
    let (_, domain) = clause.at(&index);
    let domain = domain.filter(|constraint| constraint.affine().mentions(var));
    Some(system.store.reduce(Reduction::Sum, [var], domain, access))
}
