//! The ways of one step as products: weights that mix elements, and what multiplies each element on its own.

use num_rational::BigRational;
use num_traits::One;

use super::ways::{MOST_WAYS, Walk};
use crate::system::{FamilyKind, Primitive, System};
use crate::term::{Affine, Domain, FunctionId, Node, Reduction, Substitution, TermId, VarId};

/// One way through a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// A number in front.
    pub coefficient: BigRational,
    /// What is multiplied with, the nearest to the loss first.
    pub factors: Vec<Factor>,
}

/// A factor of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Weights that mix elements, a matrix or a column, by an entry.
    Mixing(TermId),
    /// A number, or a number for each element: numbers of the network, derivatives of activations, gates.
    Each(TermId),
}

impl Path {
    /// Whether it changes nothing: a residual connection.
    pub fn is_identity(&self) -> bool {
        self.coefficient.is_one() && self.factors.is_empty()
    }

    /// Whether it has derivatives of activations alone.
    pub(super) fn is_unweighted(&self, system: &System) -> bool {
        self.factors.iter().all(|factor| match factor {
            Factor::Mixing(_) => false,
            Factor::Each(term) => Slope::of(system, *term).is_some(),
        })
    }

    /// The weights that mix elements.
    pub fn mixing(&self) -> impl Iterator<Item = TermId> + '_ {
        self.factors.iter().filter_map(|factor| match factor {
            Factor::Mixing(term) => Some(*term),
            Factor::Each(_) => None,
        })
    }

    /// What multiplies each element on its own.
    pub fn each(&self) -> impl Iterator<Item = TermId> + '_ {
        self.factors.iter().filter_map(|factor| match factor {
            Factor::Mixing(_) => None,
            Factor::Each(term) => Some(*term),
        })
    }
}

/// The derivative of an activation at its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slope {
    /// The activation.
    pub function: FunctionId,
    /// What it is applied to.
    pub arguments: Box<[TermId]>,
}

impl Slope {
    /// The derivative of an activation by what it is applied to, if a term is one.
    pub fn of(system: &System, term: TermId) -> Option<Self> {
        let Node::Apply(function, orders, arguments) = system.store.node(term) else {
            return None;
        };
        let slope = |function: FunctionId, arguments: &[TermId]| Self {
            function,
            arguments: arguments.into(),
        };
        let row = system.function(*function);
        if row.primitive == Some(Primitive::Step) && orders.iter().all(|order| *order == 0) {
            let relu = system.find_function("relu")?;
            return Some(slope(relu, arguments));
        }
        let (first, rest) = orders.split_first()?;
        let first_alone = *first == 1 && rest.iter().all(|order| *order == 0);
        (row.activation && first_alone).then(|| slope(*function, arguments))
    }
}

/// A sum of ways.
pub(super) struct Found {
    pub(super) paths: Vec<Path>,
    /// The entry of the derivative.
    pub(super) term: TermId,
    /// The letters of the element that is differentiated.
    pub(super) targets: Vec<VarId>,
}

/// The ways from the elements of one state to those of another; none if one of them is no product.
pub(super) fn factor(
    system: &mut System,
    elements: &[VarId],
    slots: usize,
    group: &[Walk],
) -> Option<Found> {
    let axes = group.first()?.index.len() - slots;
    // Where all ways keep an element, its letter stays; else the next state has a letter of its own.
    let targets: Vec<VarId> = (0..axes)
        .map(|axis| {
            let reached = |walk: &Walk| walk.index[slots + axis].as_var();
            let first = reached(&group[0]).filter(|letter| elements.contains(letter));
            match first {
                Some(letter) if group.iter().all(|walk| reached(walk) == first) => letter,
                _ => {
                    let own = elements.get(axis).or(elements.first());
                    let wish = own.map_or("j", |own| system.store.letter(*own)).to_owned();
                    system.store.fresh_var(&wish)
                }
            }
        })
        .collect();
    let mut paths = Vec::new();
    let mut terms = Vec::new();
    let mut open: Vec<Walk> = group.iter().rev().cloned().collect();
    while let Some(walk) = open.pop() {
        if paths.len() + open.len() > MOST_WAYS || walk.locals.len() > MOST_WAYS {
            return None;
        }
        let walk = flat(system, walk);
        // An equation that reads the same element twice, `h + σ(w h)`, has a sum for its derivative.
        let split = split(system, &walk, true);
        if !split.is_empty() {
            open.extend(split.into_iter().rev());
            continue;
        }
        match product(system, &walk, elements, &targets, slots) {
            Some((path, term)) => {
                paths.push(path);
                terms.push(term);
            }
            // Other sums are numbers, `1 - a`, unless they are sums of weights, `W - Wᵀ`.
            None => {
                let parts = self::split(system, &walk, false);
                if parts.is_empty() {
                    return None;
                }
                open.extend(parts.into_iter().rev());
            }
        }
    }
    let term = system.store.add(terms);
    Some(Found {
        paths,
        term,
        targets,
    })
}

/// A walk whose locals are no products.
fn flat(system: &System, mut walk: Walk) -> Walk {
    let open = |term: TermId| match system.store.node(term) {
        Node::Mul(factors) => factors.to_vec(),
        _ => vec![term],
    };
    walk.locals = walk.locals.iter().copied().flat_map(open).collect();
    walk
}

/// A walk for each summand of the first local that is a sum, of one with derivatives of activations if these are looked
/// for: what has none stays together then. Nothing if there is no such local.
fn split(system: &mut System, walk: &Walk, slopes: bool) -> Vec<Walk> {
    let sum =
        walk.locals
            .iter()
            .enumerate()
            .find_map(|(at, local)| match system.store.node(*local) {
                Node::Add(parts) if !slopes || has_slope(system, *local) => {
                    Some((at, parts.to_vec()))
                }
                _ => None,
            });
    let Some((at, parts)) = sum else {
        return Vec::new();
    };
    let (with, without): (Vec<TermId>, Vec<TermId>) = parts
        .iter()
        .partition(|part| slopes && has_slope(system, **part));
    let first_without = parts.iter().position(|part| without.contains(part));
    let mut summands = if slopes { with } else { without.clone() };
    if slopes && !without.is_empty() {
        let together = system.store.add(without);
        // Where the first of them stood.
        let place = first_without.unwrap_or(0).min(summands.len());
        summands.insert(place, together);
    }
    let part = |part: TermId| {
        let mut branch = walk.clone();
        branch.locals[at] = part;
        branch
    };
    summands.into_iter().map(part).collect()
}

fn has_slope(system: &System, term: TermId) -> bool {
    let mut open = vec![term];
    while let Some(at) = open.pop() {
        if Slope::of(system, at).is_some() {
            return true;
        }
        open.extend(system.store.node(at).children());
    }
    false
}

/// The letters of elements on one way.
struct Letters {
    /// Kept by the way, as the number of an example is.
    kept: Vec<VarId>,
    /// Those of the state that is differentiated by, which are mixed.
    own: Vec<VarId>,
    /// Those of the state that is differentiated.
    target: Vec<VarId>,
    /// Summed on the way.
    inner: Vec<VarId>,
}

impl Letters {
    fn mixed(&self) -> Vec<VarId> {
        [self.own.as_slice(), &self.inner, &self.target].concat()
    }
}

/// A walk as a product of weights, numbers and slopes, with the entry that it adds; none if it is something else.
fn product(
    system: &mut System,
    walk: &Walk,
    elements: &[VarId],
    targets: &[VarId],
    slots: usize,
) -> Option<(Path, TermId)> {
    let mut renamed: Vec<(VarId, Affine)> = Vec::new();
    let mut guard = Domain::everything();
    let mut letters = Letters {
        kept: Vec::new(),
        own: Vec::new(),
        target: Vec::new(),
        inner: walk.vars.clone(),
    };
    for (target, index) in targets.iter().zip(&walk.index[slots..]) {
        let reached = index.as_var()?;
        let known = renamed.iter().any(|(var, _)| *var == reached);
        if known || letters.kept.contains(&reached) {
            return None;
        } else if walk.vars.contains(&reached) {
            renamed.push((reached, Affine::var(*target)));
            letters.inner.retain(|letter| *letter != reached);
            letters.target.push(*target);
        } else if elements.contains(&reached) {
            letters.kept.push(reached);
            if reached != *target {
                let same = Domain::equal(&Affine::var(*target), &Affine::var(reached));
                guard = guard.and(&same);
            }
        } else {
            return None;
        }
    }
    letters.own = elements
        .iter()
        .copied()
        .filter(|letter| !letters.kept.contains(letter))
        .collect();
    let mixed = letters.mixed();
    let values = Substitution::new(renamed);
    let domain = values.domain(&walk.domain);
    // A condition on two elements (a mask, a stride) makes another matrix of it.
    let couples = domain.constraints().iter().any(|constraint| {
        let mentions = |letter: &&VarId| constraint.affine().mentions(**letter);
        let count = mixed.iter().filter(mentions).count();
        count > 1 || count == 1 && letters.kept.iter().any(|letter| mentions(&letter))
    });
    if couples {
        return None;
    }
    let mut coefficient = BigRational::one();
    let mut factors: Vec<TermId> = Vec::new();
    for local in &walk.locals {
        let local = system.store.substitute(*local, &values);
        match system.store.node(local) {
            Node::Number(value) => coefficient *= value,
            _ => factors.push(stepped(system, local)),
        }
    }
    let ordered = in_order(system, &letters, &factors)?;
    let inner = domain.filter(|constraint| {
        (letters.inner.iter()).any(|letter| constraint.affine().mentions(*letter))
    });
    let within = |letter: &VarId| letters.inner.contains(letter);
    let (summed, outside): (Vec<TermId>, Vec<TermId>) = ordered
        .iter()
        .map(|factor| match factor {
            Factor::Mixing(term) | Factor::Each(term) => *term,
        })
        .partition(|term| system.store.free_vars(*term).iter().any(within));
    let front = [
        system.store.guard(guard),
        system.store.number(coefficient.clone()),
    ];
    let product = if letters.inner.is_empty() {
        system
            .store
            .mul(front.into_iter().chain(ordered_terms(&ordered)))
    } else {
        let body = system.store.mul(summed);
        let vars = letters.inner.iter().copied();
        let sum = system.store.reduce(Reduction::Sum, vars, inner, body);
        system
            .store
            .mul(front.into_iter().chain(outside).chain([sum]))
    };
    let path = Path {
        coefficient,
        factors: ordered,
    };
    Some((path, product))
}

fn ordered_terms(factors: &[Factor]) -> impl Iterator<Item = TermId> + '_ {
    factors.iter().map(|factor| match factor {
        Factor::Mixing(term) | Factor::Each(term) => *term,
    })
}

/// The derivative of ReLU is written as a step.
fn stepped(system: &mut System, term: TermId) -> TermId {
    match Slope::of(system, term) {
        Some(slope) if system.function(slope.function).primitive == Some(Primitive::Relu) => {
            let step = system.function_id("step").expect("a row of the table");
            let orders = vec![0; slope.arguments.len()];
            (system.store).intern(Node::Apply(step, orders.into(), slope.arguments))
        }
        _ => term,
    }
}

/// The factors from the element that is differentiated to the one it is differentiated by: weights have to lead from one
/// to the other, one after the other.
fn in_order(system: &System, letters: &Letters, factors: &[TermId]) -> Option<Vec<Factor>> {
    let mixed = letters.mixed();
    if letters.own.len() > 1 || letters.target.len() > 1 {
        return None;
    }
    let of = |term: TermId| -> Vec<VarId> {
        let free = system.store.free_vars(term);
        mixed
            .iter()
            .copied()
            .filter(|it| free.contains(it))
            .collect()
    };
    let mut edges: Vec<(TermId, [VarId; 2])> = Vec::new();
    let mut each: Vec<(TermId, Option<VarId>)> = Vec::new();
    for factor in factors {
        match of(*factor).as_slice() {
            [] => each.push((*factor, None)),
            [letter] => each.push((*factor, Some(*letter))),
            [a, b] if is_array(system, *factor, 2) => edges.push((*factor, [*a, *b])),
            _ => return None,
        }
    }
    if edges.len() + 1 != mixed.len() && !mixed.is_empty() {
        return None;
    }
    // From end to end.
    let ends: Vec<VarId> = mixed
        .iter()
        .copied()
        .filter(|letter| {
            edges
                .iter()
                .filter(|(_, pair)| pair.contains(letter))
                .count()
                < 2
        })
        .collect();
    let first = match (letters.target.first(), letters.own.first()) {
        (Some(target), _) => Some(*target),
        (None, Some(own)) => ends.iter().copied().find(|end| end != own).or(Some(*own)),
        (None, None) => ends.first().copied(),
    };
    let mut ordered: Vec<Factor> = Vec::new();
    let take = |each: &mut Vec<(TermId, Option<VarId>)>, at: Option<VarId>| -> Vec<Factor> {
        let (here, rest) = each.iter().partition(|(_, letter)| *letter == at);
        *each = rest;
        let here: Vec<(TermId, Option<VarId>)> = here;
        here.into_iter()
            .map(|(term, _)| Factor::Each(term))
            .collect()
    };
    // A column at an end that is no element of a state.
    let column = |each: &mut Vec<(TermId, Option<VarId>)>, end: VarId| -> Option<Factor> {
        let at = each
            .iter()
            .position(|(term, letter)| *letter == Some(end) && is_array(system, *term, 1))?;
        Some(Factor::Mixing(each.remove(at).0))
    };
    let is_slope = |factor: &Factor| match factor {
        Factor::Mixing(_) => None,
        Factor::Each(term) => Some(Slope::of(system, *term).is_some()),
    };
    let mut scalars = take(&mut each, None);
    scalars.sort_by_key(is_slope);
    let Some(mut at) = first else {
        ordered.extend(scalars);
        return Some(ordered);
    };
    let last = ends.iter().copied().find(|end| *end != at).unwrap_or(at);
    if letters.target.first() != Some(&at) {
        ordered.push(column(&mut each, at)?);
    }
    let closing = if letters.own.first() == Some(&last) {
        None
    } else {
        Some(column(&mut each, last)?)
    };
    let single = edges.len() + ordered.len() + usize::from(closing.is_some()) == 1;
    loop {
        ordered.extend(take(&mut each, Some(at)));
        let Some(next) = edges.iter().position(|(_, pair)| pair.contains(&at)) else {
            break;
        };
        let (term, pair) = edges.remove(next);
        ordered.push(Factor::Mixing(term));
        at = if pair[0] == at { pair[1] } else { pair[0] };
    }
    ordered.extend(closing);
    let all_passed = edges.is_empty() && each.is_empty();
    if single {
        // One weight stands in front of what it is multiplied with.
        ordered.sort_by_key(is_slope);
    }
    all_passed.then(|| scalars.into_iter().chain(ordered).collect())
}

/// Whether a term is an entry of an array of so many axes, with a letter at each.
pub(super) fn is_array(system: &System, term: TermId, axes: usize) -> bool {
    let Node::Access(family, index) = system.store.node(term) else {
        return false;
    };
    let row = system.family(*family);
    let defined = matches!(row.kind, FamilyKind::Input | FamilyKind::Defined);
    defined && row.axes == axes && index[row.slots..].iter().all(|at| at.as_var().is_some())
}
