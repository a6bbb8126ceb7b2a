//! The derivative of the loss line by line: the summand that matters, expanded, differentiated.

use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive};

use super::Link;
use super::cases::Case;
use crate::simplify::{Product, scaled, summands};
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, Primitive, System};
use crate::term::{Affine, Cmp, FamilyId, Node, Reduction, Substitution, TermId, VarId};

/// The lines between `∂C/∂v` and the result, where the loss itself reads `v` once.
pub(super) fn lines(
    system: &mut System,
    step_at_zero: StepAtZero,
    adjoint: FamilyId,
    case: &Case,
) -> Vec<Link> {
    let [contribution] = case.contributions.as_slice() else {
        return Vec::new();
    };
    let FamilyKind::Adjoint { of, wrt } = system.family(adjoint).kind else {
        return Vec::new();
    };
    let [clause] = system.family(of).clauses.as_slice() else {
        return Vec::new();
    };
    let (Some(body), true) = (clause.body, contribution.user == of) else {
        return Vec::new();
    };
    if !system.store.is_one(contribution.upstream) || !contribution.vars.is_empty() {
        return Vec::new();
    }
    // Where two equations were joined it reads another quantity, or the same at another slot.
    if !matches!(system.store.node(contribution.symbol), Node::Access(..)) {
        return Vec::new();
    }
    // Where it is read at some elements only, the lines would have to say so.
    let open = system.ambient.minimal(&contribution.domain, &case.domain);
    if !open.is_everything() {
        return Vec::new();
    }
    // A function of a matrix is not told apart into what matters and what does not.
    let is_of_matrix = |node: &Node| {
        matches!(node, Node::Access(family, _)
            if matches!(system.family(*family).kind, FamilyKind::OfMatrix { .. }))
    };
    if system.store.any(body, is_of_matrix) {
        return Vec::new();
    }
    let (outer, own) = case
        .index
        .split_at(case.index.len() - contribution.written.len());
    let left = clause.index.iter().zip(outer);
    let letters = letters(left.chain(contribution.written.iter().zip(own)));
    let summand = relevant(system, body, wrt, &letters);
    let by = system.store.access(wrt, own.iter().cloned());
    let mut lines = vec![Link::Operator {
        factor: None,
        by,
        of: summand,
    }];
    let product = Product::of(&system.store, summand);
    let number = system.store.number(product.coefficient.clone());
    let factor = (!product.coefficient.is_one()).then_some(number);
    match expanded(system, &product) {
        Some(of) => lines.push(Link::Operator { factor, by, of }),
        None => {
            let raw = contribution.raw;
            lines.push(Link::Term(step_by_cases(system, step_at_zero, raw)));
        }
    }
    lines
}

/// The cases of Step if the term is nothing else: how the derivative of ReLU is first written.
fn step_by_cases(system: &mut System, step_at_zero: StepAtZero, term: TermId) -> TermId {
    let Node::Apply(function, _, arguments) = system.store.node(term).clone() else {
        return term;
    };
    if system.function(function).primitive != Some(Primitive::Step) {
        return term;
    }
    let argument = arguments[0];
    let store = &mut system.store;
    let (zero, one) = (store.int(0), store.int(1));
    let negative = store.intern(Node::Test(Cmp::Greater, zero, argument));
    let positive = store.intern(Node::Test(Cmp::Greater, argument, zero));
    let branches = match step_at_zero {
        StepAtZero::One => vec![(negative, zero), (one, one)],
        StepAtZero::Zero => vec![(positive, one), (one, zero)],
        StepAtZero::Half => {
            let half = store.number(BigRational::new(1.into(), 2.into()));
            vec![(negative, zero), (positive, one), (one, half)]
        }
        // At 0 it has no value that could be written.
        StepAtZero::Undefined => return term,
    };
    store.intern(Node::Cases(branches.into_boxed_slice()))
}

/// The values of the definition's own letters at the printed index.
fn letters<'a>(written: impl Iterator<Item = (&'a Affine, &'a Affine)>) -> Substitution {
    Substitution::new(
        written.filter_map(|(written, index)| Some((written.as_var()?, index.clone()))),
    )
}

/// The summands that read the family, at the one value of each letter for which they do.
fn relevant(system: &mut System, term: TermId, family: FamilyId, letters: &Substitution) -> TermId {
    match system.store.node(term).clone() {
        Node::Add(parts) => {
            let mut kept = Vec::new();
            for part in parts {
                if system.store.reads(part, family) {
                    kept.push(relevant(system, part, family, letters));
                }
            }
            system.store.add(kept)
        }
        // A summand may be left out behind a factor only if that factor is constant.
        Node::Mul(factors)
            if factors
                .iter()
                .filter(|factor| system.store.reads(**factor, family))
                .count()
                > 1 =>
        {
            system.store.substitute(term, letters)
        }
        Node::Mul(factors) => {
            let factors: Vec<TermId> = factors
                .iter()
                .map(|factor| {
                    if system.store.reads(*factor, family) {
                        relevant(system, *factor, family, letters)
                    } else {
                        system.store.substitute(*factor, letters)
                    }
                })
                .collect();
            system.store.mul(factors)
        }
        Node::Reduce(Reduction::Sum, vars, domain, body) => {
            let inner = relevant(system, body, family, letters);
            let open: Vec<VarId> = vars
                .iter()
                .copied()
                .filter(|var| letters.get(*var).is_none())
                .collect();
            if open.is_empty() {
                return inner;
            }
            let domain = letters.domain(&domain);
            system.store.reduce(Reduction::Sum, open, domain, inner)
        }
        Node::Number(_)
        | Node::Pi
        | Node::Index(_)
        | Node::Access(..)
        | Node::Parameter(_)
        | Node::Reduce(..)
        | Node::Power(..)
        | Node::Apply(..)
        | Node::Guard(_)
        | Node::Test(..)
        | Node::Cases(_) => system.store.substitute(term, letters),
    }
}

/// The product without its number, if it is a small power of a sum, multiplied out.
fn expanded(system: &mut System, product: &Product) -> Option<TermId> {
    let [(base, exponent)] = product.factors.as_slice() else {
        return None;
    };
    let store = &mut system.store;
    if !matches!(store.node(*base), Node::Add(_))
        || !exponent.is_integer()
        || !exponent.is_positive()
        || *exponent > BigRational::from_integer(3.into())
        || exponent.is_one()
    {
        return None;
    }
    let parts = summands(store, *base);
    let times = exponent.to_integer().to_usize()?;
    let mut terms = vec![(BigRational::one(), Vec::<TermId>::new())];
    for _ in 0..times {
        terms = terms
            .iter()
            .flat_map(|(coefficient, factors)| {
                parts.iter().map(move |(c, rest)| {
                    let mut factors = factors.clone();
                    factors.push(*rest);
                    (coefficient * c, factors)
                })
            })
            .collect();
    }
    // Like terms side by side: the factors of each in the order of the sum.
    let place = |factor: &TermId| parts.iter().position(|(_, rest)| rest == factor);
    let mut collected: Vec<(BigRational, Vec<TermId>)> = Vec::new();
    for (coefficient, mut factors) in terms {
        factors.sort_by_key(place);
        match collected.iter_mut().find(|(_, known)| *known == factors) {
            Some((total, _)) => *total += coefficient,
            None => collected.push((coefficient, factors)),
        }
    }
    let sum: Vec<TermId> = collected
        .into_iter()
        .map(|(coefficient, factors)| {
            let product = store.mul(factors);
            let mut powers = Product::of(store, product);
            powers.combine_powers(store, |_| {});
            let powers = powers.build(store);
            scaled(store, &coefficient, powers)
        })
        .collect();
    Some(store.add(sum))
}
