//! Polynomials as a person would write them.

use num_rational::BigRational;
use num_traits::{One, Signed};

use crate::normal::{Monomial, Normal, Normalizer};
use crate::system::{FamilyKind, System};
use crate::term::{Domain, FunctionId, Node, Reduction, TermId, VarId};

/// A polynomial as a person would write it: common factors in front, positive terms first, ReLU in the place of its
/// argument times its step.
pub(super) fn written(normalizer: &mut Normalizer<'_>, normal: &Normal) -> TermId {
    let term = factored(normalizer, normal);
    let functions = (
        normalizer.system.find_function("relu"),
        normalizer.system.find_function("step"),
    );
    let (Some(relu), Some(step)) = functions else {
        return term;
    };
    with_relu(normalizer, term, relu, step)
}

/// `u Step(u)` as `ReLU(u)`: the normal form has only the one. The sums of both may have other letters.
fn with_relu(
    normalizer: &mut Normalizer<'_>,
    term: TermId,
    relu: FunctionId,
    step: FunctionId,
) -> TermId {
    let node = normalizer.system.store.node(term).clone();
    let children: Vec<TermId> = node
        .children()
        .into_iter()
        .map(|child| with_relu(normalizer, child, relu, step))
        .collect();
    let store = &mut normalizer.system.store;
    let mut term = store.rebuild(&node, &children);
    if let Node::Reduce(Reduction::Sum, vars, domain, body) = store.node(term).clone() {
        match sum_split(normalizer, &vars, &domain, body, step) {
            Some((outer, range, inner)) => {
                let inner = with_relu(normalizer, inner, relu, step);
                let store = &mut normalizer.system.store;
                term = store.reduce(Reduction::Sum, outer, range, inner);
            }
            None => return term,
        }
    }
    let Node::Mul(factors) = normalizer.system.store.node(term).clone() else {
        return term;
    };
    let mut factors = factors.to_vec();
    let mut at = 0;
    while at < factors.len() {
        let store = &normalizer.system.store;
        let argument = match store.node(factors[at]) {
            Node::Apply(function, orders, arguments)
                if *function == step && orders.iter().all(|order| *order == 0) =>
            {
                arguments[0]
            }
            _ => {
                at += 1;
                continue;
            }
        };
        let wanted = normalizer.normal(argument).ok();
        let found = (0..factors.len()).find(|other| {
            let sum = matches!(
                normalizer.system.store.node(factors[*other]),
                Node::Add(_) | Node::Reduce(..) | Node::Access(..)
            );
            *other != at
                && sum
                && wanted.is_some()
                && normalizer.normal(factors[*other]).ok() == wanted
        });
        let Some(other) = found else {
            at += 1;
            continue;
        };
        let call = Node::Apply(relu, Box::new([0]), Box::new([argument]));
        factors[other] = normalizer.system.store.intern(call);
        factors.remove(at);
    }
    normalizer.system.store.mul(factors)
}

/// `Σ_ij v_i W_ij x_j Step(Σ W_i x)` as `Σ_i v_i Step(Σ W_i x) Σ_j W_ij x_j`: the letters and range of the outer sum, and
/// what is summed; none if no Step is free of a letter.
fn sum_split(
    normalizer: &mut Normalizer<'_>,
    vars: &[VarId],
    domain: &Domain,
    body: TermId,
    step: FunctionId,
) -> Option<(Vec<VarId>, Domain, TermId)> {
    let store = &mut normalizer.system.store;
    let Node::Mul(factors) = store.node(body).clone() else {
        return None;
    };
    let is_step =
        |factor: &&TermId| matches!(store.node(**factor), Node::Apply(f, _, _) if *f == step);
    let step = *factors.iter().find(is_step)?;
    let (outer, inner): (Vec<VarId>, Vec<VarId>) = vars
        .iter()
        .copied()
        .partition(|var| store.free_vars(step).contains(var));
    if inner.is_empty() {
        return None;
    }
    let (bound, free): (Vec<TermId>, Vec<TermId>) = factors.iter().copied().partition(|factor| {
        let letters = store.free_vars(*factor);
        inner.iter().any(|var| letters.contains(var))
    });
    let (within, around) = (
        domain.filter(|constraint| inner.iter().any(|var| constraint.affine().mentions(*var))),
        domain.filter(|constraint| !inner.iter().any(|var| constraint.affine().mentions(*var))),
    );
    if outer.is_empty() && !around.is_everything() {
        return None;
    }
    let product = store.mul(bound);
    let sum = store.reduce(Reduction::Sum, inner, within, product);
    let inside = store.mul(free.into_iter().chain([sum]));
    Some((outer, around, inside))
}

/// A polynomial with its common factors in front, positive terms first.
fn factored(normalizer: &mut Normalizer<'_>, normal: &Normal) -> TermId {
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
    let mut signs = rest.monomials.iter().map(|it| it.coefficient.is_negative());
    let number = if rest.monomials.len() > 1 && signs.all(|negative| negative) {
        -number
    } else {
        number
    };
    for monomial in &mut rest.monomials {
        monomial.coefficient /= &number;
    }
    let (mixed, rest) = mixtures(normalizer, rest.monomials);
    let mut parts: Vec<(bool, String, TermId)> = together(normalizer.system, rest)
        .into_iter()
        .map(|(negative, group)| {
            let term = match group.as_slice() {
                [only] => ordered_monomial(normalizer, only),
                _ => one_sum(normalizer, group),
            };
            (negative, sort_key(normalizer.system, term), term)
        })
        .collect();
    for term in mixed {
        parts.push((false, sort_key(normalizer.system, term), term));
    }
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

/// Arrays that are weighed by the same sum of numbers, some of them with the other sign.
struct Weighed {
    numbers: Vec<Monomial>,
    members: Vec<(bool, Monomial)>,
}

/// Products of a sum of named numbers with a sum of others, `(1 - a) (p - y)` where `p - a p + a y - y` is, and the
/// monomials that make none.
fn mixtures(
    normalizer: &mut Normalizer<'_>,
    monomials: Vec<Monomial>,
) -> (Vec<TermId>, Vec<Monomial>) {
    // What is multiplied with numbers, and the polynomial of numbers.
    let mut groups: Vec<(Monomial, Vec<Monomial>, Vec<Monomial>)> = Vec::new();
    for monomial in monomials {
        let store = &normalizer.system.store;
        let system = &normalizer.system;
        // What is computed has a gradient of its own, by which the chain rule goes on.
        let is_number = |atom: TermId| {
            let given = match store.node(atom) {
                Node::Access(family, _) => system.family(*family).kind == FamilyKind::Input,
                Node::Index(_) => true,
                _ => false,
            };
            given && store.free_vars(atom).is_empty()
        };
        let (numbers, others) = monomial
            .factors
            .iter()
            .cloned()
            .partition(|(atom, _)| is_number(*atom));
        let number = Monomial {
            coefficient: monomial.coefficient.clone(),
            vars: Vec::new(),
            domain: Domain::everything(),
            factors: numbers,
        };
        let what = Monomial {
            coefficient: BigRational::one(),
            factors: others,
            ..monomial.clone()
        };
        match groups.iter_mut().find(|(known, ..)| *known == what) {
            Some((_, numbers, whole)) => {
                numbers.push(number);
                whole.push(monomial);
            }
            None => groups.push((what, vec![number], vec![monomial])),
        }
    }
    let mut products: Vec<Weighed> = Vec::new();
    let mut rest = Vec::new();
    for (what, numbers, whole) in groups {
        // Among numbers alone none is the array that the others weigh.
        let store = &normalizer.system.store;
        let has_letters = |(atom, _): &(TermId, BigRational)| !store.free_vars(*atom).is_empty();
        if numbers.len() < 2 || !what.factors.iter().any(has_letters) {
            rest.extend(whole);
            continue;
        }
        let turned: Vec<Monomial> = numbers
            .iter()
            .map(|number| Monomial {
                coefficient: -number.coefficient.clone(),
                ..number.clone()
            })
            .collect();
        let same = |known: &[Monomial], own: &[Monomial]| {
            known.len() == own.len() && own.iter().all(|number| known.contains(number))
        };
        let known = |wanted: &[Monomial]| products.iter().position(|it| same(&it.numbers, wanted));
        match (known(&numbers), known(&turned)) {
            (Some(at), _) => products[at].members.push((false, what)),
            (None, Some(at)) => products[at].members.push((true, what)),
            (None, None) => {
                let negative = numbers[0].coefficient.is_negative();
                products.push(Weighed {
                    numbers: if negative { turned } else { numbers },
                    members: vec![(negative, what)],
                });
            }
        }
    }
    let mut terms = Vec::new();
    for Weighed { numbers, members } in products {
        let number = factored(normalizer, &Normal { monomials: numbers });
        let mut parts: Vec<(bool, String, TermId)> = members
            .into_iter()
            .map(|(negative, what)| {
                let term = ordered_monomial(normalizer, &what);
                (negative, sort_key(normalizer.system, term), term)
            })
            .collect();
        parts.sort();
        let store = &mut normalizer.system.store;
        let signed: Vec<TermId> = parts
            .into_iter()
            .map(|(negative, _, term)| if negative { store.negative(term) } else { term })
            .collect();
        let sum = store.add(signed);
        terms.push(store.mul([number, sum]));
    }
    (terms, rest)
}

/// Monomials by their sums: those over the same letters that share a factor with such a letter, and what stands outside
/// the sum, are one sum. Each group with whether its first member is negative.
fn together(system: &System, monomials: Vec<Monomial>) -> Vec<(bool, Vec<Monomial>)> {
    let mut groups: Vec<(bool, Vec<Monomial>)> = Vec::new();
    for monomial in monomials {
        let outside = |other: &Monomial| -> Vec<(TermId, BigRational)> {
            let free = |atom: TermId| {
                let letters = system.store.free_vars(atom);
                !other.vars.iter().any(|var| letters.contains(var))
            };
            let factors = other.factors.iter();
            factors.filter(|(atom, _)| free(*atom)).cloned().collect()
        };
        let shares = |other: &Monomial| {
            !monomial.vars.is_empty()
                && other.vars == monomial.vars
                && other.domain == monomial.domain
                && outside(other) == outside(&monomial)
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
    let body = factored(normalizer, &inner);
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
                // One over a size stands in front, as the mean has it.
                Node::Power(base, _)
                    if matches!(normalizer.system.store.node(*base), Node::Index(_)) =>
                {
                    0
                }
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
