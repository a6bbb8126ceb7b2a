//! Results that become short by solving definitions for what they are made of.
//!
//! A definition `p = e / S` is turned round, `e = p S`; the adjoint with its upstream terms put in is
//! rewritten by it, multiplied out, collected and factored. Softmax with cross entropy becomes `p - y`,
//! sigmoid with binary cross entropy `a - y`.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;

use super::Condition;
use crate::normal::{Monomial, Normal, Normalizer, components};
use crate::simplify::Product;
use crate::syntax::StepAtZero;
use crate::system::{Clause, Fact, Family, FamilyKind, System};
use crate::term::{
    Affine, Cmp, Domain, FamilyId, Node, Reduction, Store, Substitution, TermId, VarId,
};

/// A rewriting `pattern → value` for all values of the letters, and what it hides behind a name.
#[derive(Debug, Clone)]
struct Orientation {
    vars: Box<[VarId]>,
    pattern: TermId,
    value: TermId,
}

/// A factor that is kept together under a name while terms are multiplied out.
#[derive(Debug, Clone)]
struct Hidden {
    vars: Box<[VarId]>,
    body: TermId,
    family: FamilyId,
}

/// The definitions of a system that can be turned round.
#[derive(Debug, Clone, Default)]
pub(super) struct Orientations {
    rewritings: Vec<Orientation>,
    hidden: Vec<Hidden>,
}

impl Orientations {
    /// All that the definitions of the network offer.
    pub(super) fn of(system: &mut System) -> Self {
        let mut result = Self::default();
        for at in 0..system.families.len() {
            if system.families[at].kind != FamilyKind::Defined {
                continue;
            }
            for number in 0..system.families[at].clauses.len() {
                let clause = system.families[at].clauses[number].clone();
                result.turn_round(system, FamilyId(at as u32), &clause);
            }
        }
        result
    }

    /// `u = c · e / S` gives `e = u S / c`, if `e` has all the letters of `u`.
    fn turn_round(&mut self, system: &mut System, family: FamilyId, clause: &Clause) {
        let Some(body) = clause.body else {
            return;
        };
        let product = Product::of(&system.store, body);
        let (tops, bottoms): (Vec<_>, Vec<_>) = product
            .factors
            .iter()
            .cloned()
            .partition(|(_, exponent)| exponent.is_positive());
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
                _ => self.hide(system, base),
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

    /// A name for a term, at its own letters.
    fn hide(&mut self, system: &mut System, body: TermId) -> TermId {
        let vars: Box<[VarId]> = system.store.free_vars(body).into();
        let index: Vec<Affine> = vars.iter().map(|var| Affine::var(*var)).collect();
        let family = match self.hidden.iter().find(|hidden| hidden.body == body) {
            Some(known) => known.family,
            None => {
                let family = system.add_family(Family {
                    name: String::new(),
                    slots: 0,
                    axes: vars.len(),
                    kind: FamilyKind::Defined,
                    role: None,
                    clauses: Vec::new(),
                    integers: None,
                    span: None,
                });
                self.hidden.push(Hidden { vars, body, family });
                family
            }
        };
        system.store.access(family, index)
    }

    /// The shortest way to write the term that turning definitions round gives, with what it rests on;
    /// none if the work is too large.
    pub(super) fn shortened(
        &self,
        system: &mut System,
        step_at_zero: StepAtZero,
        term: TermId,
        context: &Domain,
    ) -> Option<(TermId, Vec<Condition>)> {
        let rewritten = self.rewritten(system, term);
        let mut normalizer = Normalizer::new(system, step_at_zero, context.clone());
        let normal = normalizer.normal(rewritten).ok()?;
        let normal = in_partial_fractions(&mut normalizer, normal)?;
        let mut conditions = Vec::new();
        let normal = with_lemmas(&mut normalizer, normal, &mut conditions)?;
        let written = written(&mut normalizer, &normal);
        Some((self.shown(system, written), conditions))
    }

    fn rewritten(&self, system: &mut System, term: TermId) -> TermId {
        system.store.replace(term, &mut |store, part| {
            for hidden in &self.hidden {
                let mut values = Bindings::default();
                if unify(store, hidden.body, part, &hidden.vars, &mut values) {
                    let index: Option<Vec<Affine>> = hidden
                        .vars
                        .iter()
                        .map(|var| values.get(var).cloned())
                        .collect();
                    return Some(store.access(hidden.family, index?));
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

    /// The hidden terms put back.
    fn shown(&self, system: &mut System, term: TermId) -> TermId {
        system.store.replace(term, &mut |store, part| {
            let Node::Access(family, index) = store.node(part).clone() else {
                return None;
            };
            let hidden = self.hidden.iter().find(|hidden| hidden.family == family)?;
            let values = Substitution::new(hidden.vars.iter().copied().zip(index));
            Some(store.substitute(hidden.body, &values))
        })
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

type Bindings = FxHashMap<VarId, Affine>;

/// Whether `term` is `pattern` with its letters replaced; the values of the letters.
fn unify(
    store: &Store,
    pattern: TermId,
    term: TermId,
    vars: &[VarId],
    values: &mut Bindings,
) -> bool {
    let bare = |term: TermId| vars.iter().any(|var| store.free_vars(term).contains(var));
    if !bare(pattern) {
        return pattern == term;
    }
    match (store.node(pattern), store.node(term)) {
        (Node::Access(f, left), Node::Access(g, right)) => {
            f == g
                && left
                    .iter()
                    .zip(right)
                    .all(|(a, b)| unify_affine(a, b, vars, values))
        }
        (Node::Index(a), Node::Index(b)) => unify_affine(a, b, vars, values),
        (Node::Reduce(op, letters, domain, body), Node::Reduce(other, same, range, inner)) => {
            op == other
                && letters == same
                && unify(store, *body, *inner, vars, values)
                && replaced(values).domain(domain) == *range
        }
        (Node::Guard(a), Node::Guard(b)) => replaced(values).domain(a) == *b,
        (a, b) => {
            std::mem::discriminant(a) == std::mem::discriminant(b)
                && match (a, b) {
                    (Node::Apply(f, orders, _), Node::Apply(g, others, _)) => {
                        f == g && orders == others
                    }
                    (Node::Test(cmp, ..), Node::Test(other, ..)) => cmp == other,
                    _ => true,
                }
                && a.children().len() == b.children().len()
                && a.children()
                    .into_iter()
                    .zip(b.children())
                    .all(|(a, b)| unify(store, a, b, vars, values))
        }
    }
}

fn replaced(values: &Bindings) -> Substitution {
    let mut pairs: Vec<(VarId, Affine)> = values
        .iter()
        .map(|(var, value)| (*var, value.clone()))
        .collect();
    pairs.sort();
    Substitution::new(pairs)
}

fn unify_affine(pattern: &Affine, value: &Affine, vars: &[VarId], values: &mut Bindings) -> bool {
    let open = vars
        .iter()
        .copied()
        .find(|var| pattern.mentions(*var) && !values.contains_key(var));
    match open {
        None => replaced(values).affine(pattern) == *value,
        Some(var) => {
            let rest = pattern.minus(&Affine::var(var));
            if rest.mentions(var) || vars.iter().any(|other| rest.mentions(*other)) {
                return false;
            }
            values.insert(var, value.minus(&rest));
            true
        }
    }
}

/// Sums that an assumption gives a value (`sum(y) = 1`, one-hot) are replaced by it, one connected part of
/// a monomial at a time.
fn with_lemmas(
    normalizer: &mut Normalizer<'_>,
    normal: Normal,
    conditions: &mut Vec<Condition>,
) -> Option<Normal> {
    let mut lemmas: Vec<(usize, Box<[VarId]>, TermId, BigRational)> = Vec::new();
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
        lemmas.push((
            number,
            assumption.vars.clone(),
            pattern,
            value / &only.coefficient,
        ));
    }
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
            let found = lemmas.iter().find(|(_, vars, pattern, _)| {
                unify(
                    &normalizer.system.store,
                    *pattern,
                    term,
                    vars,
                    &mut Bindings::default(),
                )
            });
            match found {
                Some((number, _, _, value)) => {
                    conditions.push(Condition::Assumed(*number));
                    factors.push(normalizer.system.store.number(value.clone()));
                }
                None => factors.push(term),
            }
        }
        parts.push(normalizer.system.store.mul(factors));
    }
    let sum = normalizer.system.store.add(parts);
    normalizer.normal(sum).ok()
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

/// A polynomial as a person would write it: common factors in front, positive terms first.
fn written(normalizer: &mut Normalizer<'_>, normal: &Normal) -> TermId {
    let common = if normal.monomials.len() > 1 {
        normal.common_factors(normalizer.system)
    } else {
        Vec::new()
    };
    let mut rest = normal.clone().divided_by(&common);
    let number = match rest.monomials.as_slice() {
        [first, others @ ..]
            if others
                .iter()
                .all(|other| other.coefficient.abs() == first.coefficient.abs()) =>
        {
            first.coefficient.abs()
        }
        _ => BigRational::one(),
    };
    for monomial in &mut rest.monomials {
        monomial.coefficient /= &number;
    }
    let mut parts: Vec<(bool, String, TermId)> = together(rest.monomials)
        .into_iter()
        .map(|(negative, group)| {
            let term = match group.as_slice() {
                [only] => ordered_monomial(normalizer, only),
                _ => one_sum(normalizer, group),
            };
            (negative, sort_key(normalizer.system, term), term)
        })
        .collect();
    parts.sort();
    let store = &mut normalizer.system.store;
    let sum = store.add(parts.into_iter().map(|(_, _, term)| term));
    let number = store.number(number);
    if common.is_empty() {
        return store.mul([number, sum]);
    }
    let mut front: Vec<(String, TermId)> = Vec::new();
    for (atom, exponent) in common {
        let exponent = normalizer.system.store.number(exponent);
        let power = normalizer.system.store.power(atom, exponent);
        front.push((sort_key(normalizer.system, power), power));
    }
    front.sort();
    let factors: Vec<TermId> = std::iter::once(number)
        .chain(front.into_iter().map(|(_, power)| power))
        .chain([sum])
        .collect();
    normalizer.system.store.mul(factors)
}

/// Monomials by their sums: those over the same letters that share a factor with such a letter are one sum. Each group
/// with whether its first member is negative.
fn together(monomials: Vec<Monomial>) -> Vec<(bool, Vec<Monomial>)> {
    let mut groups: Vec<(bool, Vec<Monomial>)> = Vec::new();
    for monomial in monomials {
        let shares = |other: &Monomial| {
            !monomial.vars.is_empty()
                && other.vars == monomial.vars
                && other.domain == monomial.domain
                && monomial
                    .factors
                    .iter()
                    .any(|(atom, _)| other.factors.iter().any(|(known, _)| known == atom))
        };
        let found = groups
            .iter_mut()
            .find(|(_, group)| group.iter().all(shares));
        match found {
            Some((_, group)) => group.push(monomial),
            None => groups.push((monomial.coefficient.is_negative(), vec![monomial])),
        }
    }
    groups
}

/// Monomials over the same letters as one sum, with what they share in front of a bracket.
fn one_sum(normalizer: &mut Normalizer<'_>, group: Vec<Monomial>) -> TermId {
    let vars = group[0].vars.clone();
    let domain = group[0].domain.clone();
    let inner = Normal {
        monomials: group
            .into_iter()
            .map(|monomial| Monomial {
                vars: Vec::new(),
                domain: Domain::everything(),
                ..monomial
            })
            .collect(),
    };
    let body = written(normalizer, &inner);
    let store = &mut normalizer.system.store;
    let (free, bound): (Vec<TermId>, Vec<TermId>) = match store.node(body).clone() {
        Node::Mul(factors) => factors.iter().copied().partition(|factor| {
            let letters = store.free_vars(*factor);
            !vars.iter().any(|var| letters.contains(var))
        }),
        _ => (Vec::new(), vec![body]),
    };
    let body = store.mul(bound);
    let sum = store.reduce(Reduction::Sum, vars, domain, body);
    store.mul(free.into_iter().chain([sum]))
}

/// A monomial with its factors in the order of their names: sums first.
fn ordered_monomial(normalizer: &mut Normalizer<'_>, monomial: &Monomial) -> TermId {
    let term = normalizer.monomial_term(monomial);
    let Node::Mul(factors) = normalizer.system.store.node(term).clone() else {
        return term;
    };
    let mut keyed: Vec<(u8, String, TermId)> = factors
        .iter()
        .map(|factor| {
            let rank = match normalizer.system.store.node(*factor) {
                Node::Number(_) => 0,
                Node::Guard(_) => 1,
                Node::Reduce(..) => 2,
                // Divisors stand behind what they divide.
                Node::Power(_, exponent)
                    if normalizer
                        .system
                        .store
                        .as_number(*exponent)
                        .is_some_and(Signed::is_negative) =>
                {
                    4
                }
                _ => 3,
            };
            (rank, sort_key(normalizer.system, *factor), *factor)
        })
        .collect();
    keyed.sort();
    normalizer
        .system
        .store
        .mul(keyed.into_iter().map(|(_, _, factor)| factor))
}

/// A key that depends on names only, not on the order in which terms were made.
fn sort_key(system: &System, term: TermId) -> String {
    let mut key = String::new();
    let mut stack = vec![term];
    while let Some(term) = stack.pop() {
        match system.store.node(term) {
            Node::Access(family, _) => {
                key.push_str(&system.family(*family).name);
                key.push(' ');
            }
            Node::Apply(function, _, _) => {
                key.push_str(&system.function(*function).name);
                key.push(' ');
            }
            Node::Number(value) => key.push_str(&value.to_string()),
            _ => {}
        }
        let mut children = system.store.node(term).children();
        children.reverse();
        stack.extend(children);
    }
    key
}
