//! The recursion of a network's adjoints, found in the derived system: which quantity carries the gradient from
//! step to step, and what one step multiplies it with.
//!
//! Activations stay symbols while this is derived: `φ'(z)` is a factor of its own, whatever φ is.

use num_rational::BigRational;
use num_traits::One;
use rustc_hash::FxHashSet;

use super::mistakes;
use crate::derive::{Contribution, Derivation, Request, derive};
use crate::source::Report;
use crate::syntax::StepAtZero;
use crate::system::{Family, FamilyKind, FamilyRole, Function, Primitive, System, Target};
use crate::term::{
    Affine, Domain, FamilyId, FunctionId, Node, Reduction, Substitution, TermId, VarId,
};

/// More ways from one step to the next than this are no factor that anybody could read.
const MOST_PATHS: usize = 64;

/// One step of the recursion: `∂v[k+1]/∂v[k]`, at all values of its letter.
#[derive(Debug, Clone)]
pub struct Recursion {
    /// The network with the terms below in it.
    pub system: System,
    /// The convention at kinks.
    pub step_at_zero: StepAtZero,
    /// The quantity through which every way of the gradient goes, once in a step.
    pub state: FamilyId,
    /// ∂state/∂state as a family, for left sides.
    pub jacobian: FamilyId,
    /// The letter of the steps.
    pub letter: VarId,
    /// Which slot it stands in.
    pub slot: usize,
    /// Its first value.
    pub first: Affine,
    /// Its last value.
    pub last: Affine,
    /// What the gradient comes from: the slot plus 1, or minus 1.
    pub shift: i64,
    /// The state that is differentiated by.
    pub own: Box<[Affine]>,
    /// The state one step on.
    pub next: Box<[Affine]>,
    /// The letters of both, the step's own first.
    pub vars: Box<[VarId]>,
    /// The entry ∂next/∂own.
    pub factor: TermId,
    /// The ways from the one to the other; their products add up to the factor.
    pub paths: Vec<Path>,
    /// Whether the loss, or what lies behind the recursion, reads the state at every step.
    pub read_at_each_step: bool,
}

/// One way through a step.
#[derive(Debug, Clone)]
pub struct Path {
    /// A number in front.
    pub coefficient: BigRational,
    /// The matrix that mixes the elements of the state, if one does.
    pub matrix: Option<TermId>,
    /// Numbers of the network that are multiplied with.
    pub scalars: Vec<TermId>,
    /// Derivatives of activations, entry by entry.
    pub slopes: Vec<Slope>,
}

impl Path {
    /// Whether it changes nothing: a residual connection.
    pub fn is_identity(&self) -> bool {
        self.coefficient.is_one()
            && self.matrix.is_none()
            && self.scalars.is_empty()
            && self.slopes.is_empty()
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

impl Recursion {
    /// Whether the state is a number at each step.
    pub fn is_scalar(&self) -> bool {
        self.system.family(self.state).axes == 0
    }

    /// How many steps there are.
    pub fn steps(&self) -> Affine {
        self.last.minus(&self.first).offset(1)
    }

    /// The state's slots where the gradient enters and where it leaves.
    pub fn ends(&self) -> (Affine, Affine) {
        if self.shift > 0 {
            (self.last.offset(1), self.first.clone())
        } else {
            (self.first.offset(-1), self.last.clone())
        }
    }

    /// The steps as a domain.
    pub fn range(&self) -> Domain {
        Domain::between(&self.first, &Affine::var(self.letter), &self.last)
    }

    /// Whether every step has weights of its own; else they are shared, as over time.
    pub fn has_own_weights(&self) -> bool {
        let store = &self.system.store;
        let weights = self
            .paths
            .iter()
            .flat_map(|path| path.matrix.iter().chain(&path.scalars));
        weights
            .copied()
            .all(|weight| store.free_vars(weight).contains(&self.letter))
    }

    /// Whether a step has no activation.
    pub fn is_linear(&self) -> bool {
        self.paths.iter().all(|path| path.slopes.is_empty())
    }

    /// The activation of a step, if all its activations are the same.
    pub fn activation(&self) -> Option<&Slope> {
        let mut slopes = self.paths.iter().flat_map(|path| &path.slopes);
        let first = slopes.next()?;
        slopes
            .all(|other| {
                other.function == first.function && other.arguments[1..] == first.arguments[1..]
            })
            .then_some(first)
    }

    /// The product of scalar factors over all steps.
    pub fn product(&mut self) -> Option<TermId> {
        let (range, letter, factor) = (self.range(), self.letter, self.factor);
        self.is_scalar()
            .then(|| (self.system.store).reduce(Reduction::Product, [letter], range, factor))
    }
}

/// The recursion of the loss's adjoints.
///
/// # Errors
/// A report if there is none, or none that has one factor.
pub fn recursion(system: &System, step_at_zero: StepAtZero) -> Result<Recursion, Report> {
    let mut derivation = with_symbolic_slopes(system, step_at_zero)?;
    let state = state(&derivation)?;
    let walks = walks(&mut derivation, state)?;
    step(&mut derivation, state, walks)
}

/// The adjoints of everything that has slots, activations being symbols.
fn with_symbolic_slopes(system: &System, step_at_zero: StepAtZero) -> Result<Derivation, Report> {
    let mut opaque = system.clone();
    let known: Vec<Function> = opaque.functions.clone();
    for function in opaque.functions.iter_mut().filter(|it| it.activation) {
        function.body = None;
        function.primitive = None;
        function.slopes_at.clear();
        function.slopes.fill(None);
    }
    let slotted = system.family_ids().filter(|id| {
        let family = system.family(*id);
        family.kind == FamilyKind::Defined && family.slots > 0 && !family.name.is_empty()
    });
    let wrt: Vec<Target> = slotted
        .map(|family| Target {
            family,
            index: vec![None; system.family(family).slots + system.family(family).axes].into(),
        })
        .collect();
    if wrt.is_empty() {
        return Err(mistakes::no_slots().into());
    }
    let request = Request {
        wrt,
        step_at_zero: Some(step_at_zero),
        ..Request::default()
    };
    let mut derivation = derive(&opaque, &request)?;
    derivation.system.functions[..known.len()].clone_from_slice(&known);
    Ok(derivation)
}

/// What an adjoint is taken by.
fn wrt(system: &System, adjoint: FamilyId) -> Option<FamilyId> {
    match system.family(adjoint).kind {
        FamilyKind::Adjoint { wrt, .. } => Some(wrt),
        FamilyKind::Input
        | FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::OpaqueLoss(_)
        | FamilyKind::Local { .. } => None,
    }
}

/// The family whose adjoint a contribution comes from; none where that is the loss itself.
fn upstream(system: &System, contribution: &Contribution) -> Option<(FamilyId, Box<[Affine]>)> {
    match system.store.node(contribution.upstream) {
        Node::Access(family, index) if wrt(system, *family).is_some() => {
            Some((*family, index.clone()))
        }
        _ => None,
    }
}

/// The quantity that every round of the gradient passes through.
fn state(derivation: &Derivation) -> Result<FamilyId, Report> {
    let system = &derivation.system;
    let mut edges: Vec<(FamilyId, FamilyId)> = Vec::new();
    let mut families: Vec<FamilyId> = Vec::new();
    for adjoint in &derivation.adjoints {
        let Some(own) = wrt(system, adjoint.family) else {
            continue;
        };
        families.push(own);
        for contribution in adjoint.pieces.iter().flat_map(|piece| &piece.contributions) {
            let user = upstream(system, contribution).and_then(|(family, _)| wrt(system, family));
            edges.extend(user.map(|user| (own, user)));
        }
    }
    let reach = |from: FamilyId, without: Option<FamilyId>| -> FxHashSet<FamilyId> {
        let mut found = FxHashSet::default();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for (_, user) in edges.iter().filter(|(own, _)| *own == at) {
                if Some(*user) != without && found.insert(*user) {
                    open.push(*user);
                }
            }
        }
        found
    };
    let round: Vec<FamilyId> = families
        .iter()
        .copied()
        .filter(|family| reach(*family, None).contains(family))
        .collect();
    if round.is_empty() {
        return Err(mistakes::no_recursion(system).into());
    }
    let cut = |state: FamilyId| {
        round
            .iter()
            .all(|family| *family == state || !reach(*family, Some(state)).contains(family))
    };
    let mut choices: Vec<FamilyId> = round.iter().copied().filter(|it| cut(*it)).collect();
    // Activations first: their recursion takes in the input and the output.
    choices.sort_by_key(|family| system.family(*family).role == Some(FamilyRole::PreActivation));
    choices
        .first()
        .copied()
        .ok_or_else(|| mistakes::several_states(system, &round).into())
}

/// A way from a step to the next, as it is walked.
#[derive(Debug, Clone)]
struct Walk {
    vars: Vec<VarId>,
    domain: Domain,
    locals: Vec<TermId>,
    family: FamilyId,
    index: Box<[Affine]>,
}

/// All ways from the state back to itself.
struct Walks {
    piece: usize,
    found: Vec<Walk>,
    read_at_each_step: bool,
}

fn walks(derivation: &mut Derivation, state: FamilyId) -> Result<Walks, Report> {
    let adjoint = derivation
        .adjoints
        .iter()
        .find(|adjoint| wrt(&derivation.system, adjoint.family) == Some(state))
        .expect("the state has an adjoint")
        .clone();
    let mut result: Option<Walks> = None;
    for (piece, start) in adjoint.pieces.iter().enumerate() {
        let mut direct = Vec::new();
        let mut open = Vec::new();
        let mut found = Vec::new();
        for contribution in &start.contributions {
            match upstream(&derivation.system, contribution) {
                Some((family, index)) => open.push(Walk {
                    vars: contribution.vars.to_vec(),
                    domain: contribution.domain.clone(),
                    locals: vec![contribution.local],
                    family,
                    index,
                }),
                None => direct.push(contribution.domain.clone()),
            }
        }
        while let Some(walk) = open.pop() {
            if wrt(&derivation.system, walk.family) == Some(state) {
                found.push(walk);
            } else {
                further(derivation, &start.domain, &walk, &mut open, &mut direct);
            }
            if open.len() + found.len() > MOST_PATHS {
                return Err(mistakes::no_single_factor(&derivation.system, state).into());
            }
        }
        if found.is_empty() {
            continue;
        }
        if result.is_some() {
            let slots = derivation.system.family(state).slots;
            let numbered = start.index[..slots]
                .iter()
                .any(|slot| slot.as_int().is_some());
            let refused = match (numbered, slots) {
                (_, 2..) => mistakes::several_directions,
                (true, _) => mistakes::written_out,
                (false, _) => mistakes::no_single_factor,
            };
            return Err(refused(&derivation.system, state).into());
        }
        // Read at a step from which the gradient also goes on.
        let read_at_each_step = direct.iter().any(|direct| {
            found.iter().any(|walk| {
                let both = direct.and(&walk.domain).and(&start.domain);
                !derivation.system.ambient.is_empty(&both)
            })
        });
        // They were taken from the end of the list.
        found.reverse();
        let found: Vec<Walk> = found
            .into_iter()
            .flat_map(|walk| branches(&derivation.system, walk))
            .collect();
        if found.len() > MOST_PATHS {
            return Err(mistakes::no_single_factor(&derivation.system, state).into());
        }
        result = Some(Walks {
            piece,
            found,
            read_at_each_step,
        });
    }
    result.ok_or_else(|| mistakes::no_recursion(&derivation.system).into())
}

/// A walk for each summand: an equation that reads the same element twice, `h + σ(w h)`, has a sum for its derivative.
fn branches(system: &System, walk: Walk) -> Vec<Walk> {
    let sum =
        walk.locals
            .iter()
            .enumerate()
            .find_map(|(at, local)| match system.store.node(*local) {
                Node::Add(parts) => Some((at, parts)),
                _ => None,
            });
    let Some((at, parts)) = sum else {
        return vec![walk];
    };
    let with = |part: &TermId| {
        let mut branch = walk.clone();
        branch.locals[at] = *part;
        branches(system, branch)
    };
    parts.iter().flat_map(with).collect()
}

/// The walk continued through the adjoint that it has reached.
fn further(
    derivation: &mut Derivation,
    start: &Domain,
    walk: &Walk,
    open: &mut Vec<Walk>,
    direct: &mut Vec<Domain>,
) {
    let pieces = derivation
        .adjoint(walk.family)
        .map(|adjoint| adjoint.pieces.clone())
        .unwrap_or_default();
    let system = &mut derivation.system;
    for (at, piece) in pieces.iter().enumerate() {
        let (values, reach) = system.family(walk.family).clauses[at].at(&walk.index);
        let reach = reach.and(&walk.domain);
        if system.ambient.is_empty(&reach.and(start)) {
            continue;
        }
        for inner in &piece.contributions {
            let (fresh, renamed) = system.store.fresh_letters(&inner.vars);
            let values = Substitution::new(values.pairs().iter().chain(renamed.pairs()).cloned());
            let domain = reach.and(&values.domain(&inner.domain));
            if system.ambient.is_empty(&domain.and(start)) {
                continue;
            }
            let Some((family, index)) = upstream(system, inner) else {
                direct.push(domain);
                continue;
            };
            let local = system.store.substitute(inner.local, &values);
            open.push(Walk {
                vars: walk.vars.iter().copied().chain(fresh).collect(),
                domain,
                locals: [local].into_iter().chain(walk.locals.clone()).collect(),
                family,
                index: index.iter().map(|index| values.affine(index)).collect(),
            });
        }
    }
}

/// The ways of one step as a factor.
fn step(derivation: &mut Derivation, state: FamilyId, walks: Walks) -> Result<Recursion, Report> {
    let refused = |system: &System| -> Report { mistakes::no_single_factor(system, state).into() };
    let adjoint = walks.found[0].family;
    let piece = derivation
        .adjoint(adjoint)
        .expect("the walk came back to an adjoint")
        .pieces[walks.piece]
        .clone();
    let system = &mut derivation.system;
    let slots = system.family(state).slots;
    let own = piece.index.clone();
    let mut moving: Option<(usize, i64)> = None;
    for walk in &walks.found {
        for slot in 0..slots {
            let shift = walk.index[slot].minus(&own[slot]).as_int();
            match (shift, moving) {
                (Some(0), _) if moving.is_none_or(|(at, _)| at != slot) => {}
                (Some(shift @ (1 | -1)), None) => moving = Some((slot, shift)),
                (Some(shift), Some(known)) if (slot, shift) == known => {}
                _ => return Err(mistakes::several_directions(system, state).into()),
            }
        }
    }
    let (slot, shift) = moving.ok_or_else(|| refused(system))?;
    let letter = own[slot]
        .as_var()
        .ok_or_else(|| mistakes::written_out(system, state))?;
    let elements: Vec<VarId> = own[slots..]
        .iter()
        .map(Affine::as_var)
        .collect::<Option<_>>()
        .ok_or_else(|| refused(system))?;
    // Where some way mixes elements, the next state has letters of its own.
    let mixed: Vec<bool> = (0..elements.len())
        .map(|axis| {
            let at = |walk: &Walk| walk.index[slots + axis].as_var() != Some(elements[axis]);
            walks.found.iter().any(at)
        })
        .collect();
    let targets: Vec<VarId> = elements
        .iter()
        .zip(&mixed)
        .map(|(own, mixed)| {
            let letter = system.store.letter(*own).to_owned();
            if *mixed {
                system.store.fresh_var(&letter)
            } else {
                *own
            }
        })
        .collect();
    let mut paths = Vec::new();
    let mut factors = Vec::new();
    let mut range: Option<(Affine, Affine)> = None;
    for walk in &walks.found {
        let domain = system
            .ambient
            .minimal(&piece.domain.and(&walk.domain), &Domain::everything());
        let here = bounds(&domain, letter).ok_or_else(|| refused(system))?;
        if range.get_or_insert_with(|| here.clone()) != &here {
            return Err(refused(system));
        }
        let (path, factor) =
            path(system, walk, &elements, &targets, slots).ok_or_else(|| refused(system))?;
        paths.push(path);
        factors.push(factor);
    }
    let (first, last) = range.ok_or_else(|| refused(system))?;
    let factor = system.store.add(factors);
    let next: Box<[Affine]> = own
        .iter()
        .enumerate()
        .map(|(at, index)| match at {
            _ if at == slot => index.offset(shift),
            _ if at < slots => index.clone(),
            _ => Affine::var(targets[at - slots]),
        })
        .collect();
    let jacobian = system.add_family(Family {
        name: String::new(),
        slots: 2 * slots + system.family(state).axes,
        axes: system.family(state).axes,
        kind: FamilyKind::Adjoint {
            of: state,
            wrt: state,
        },
        role: None,
        clauses: Vec::new(),
        integers: None,
        span: None,
    });
    let mut vars = vec![letter];
    vars.extend(piece.vars.iter().copied().filter(|var| *var != letter));
    vars.extend(
        targets
            .iter()
            .copied()
            .filter(|var| !elements.contains(var)),
    );
    Ok(Recursion {
        system: derivation.system.clone(),
        step_at_zero: derivation.step_at_zero,
        state,
        jacobian,
        letter,
        slot,
        first,
        last,
        shift,
        own,
        next,
        vars: vars.into(),
        factor,
        paths,
        read_at_each_step: walks.read_at_each_step,
    })
}

/// The only bounds of a letter by sizes and numbers.
fn bounds(domain: &Domain, letter: VarId) -> Option<(Affine, Affine)> {
    let (lower, upper) = domain.bounds(letter);
    let only = |bounds: Vec<(i64, Affine)>| -> Option<Affine> {
        let mut plain = bounds.into_iter().filter(|(_, bound)| {
            let mut letters = false;
            bound.visit_vars(&mut |_| letters = true);
            !letters
        });
        let (factor, bound) = plain.next()?;
        (factor == 1 && plain.next().is_none()).then_some(bound)
    };
    Some((only(lower)?, only(upper)?))
}

/// A walk as a product of a matrix, numbers and slopes, with the entry that it adds; none if it is something else.
fn path(
    system: &mut System,
    walk: &Walk,
    elements: &[VarId],
    targets: &[VarId],
    slots: usize,
) -> Option<(Path, TermId)> {
    let mut values = Vec::new();
    let mut guard = Domain::everything();
    let mut mixes: Option<(VarId, VarId)> = None;
    for (axis, (own, target)) in elements.iter().zip(targets).enumerate() {
        let reached = walk.index[slots + axis].as_var()?;
        if walk.vars.contains(&reached) {
            // One axis is mixed; a letter that is summed stands for one element.
            if mixes.replace((*own, *target)).is_some() {
                return None;
            }
            values.push((reached, Affine::var(*target)));
        } else if reached != *own {
            return None;
        } else if own != target {
            guard = guard.and(&Domain::equal(&Affine::var(*target), &Affine::var(*own)));
        }
    }
    if values.len() != walk.vars.len() {
        return None;
    }
    // A condition on both elements (a mask, a stride) makes another matrix of it.
    let couples = walk.domain.constraints().iter().any(|constraint| {
        let mentions = |var: &VarId| constraint.affine().mentions(*var);
        walk.vars.iter().any(mentions) && elements.iter().any(mentions)
    });
    if couples {
        return None;
    }
    let values = Substitution::new(values);
    let mut found = Path {
        coefficient: BigRational::one(),
        matrix: None,
        scalars: Vec::new(),
        slopes: Vec::new(),
    };
    for local in &walk.locals {
        let local = system.store.substitute(*local, &values);
        let factors = match system.store.node(local) {
            Node::Mul(factors) => factors.to_vec(),
            _ => vec![local],
        };
        for factor in factors {
            match system.store.node(factor).clone() {
                Node::Number(value) => found.coefficient *= value,
                Node::Access(family, index) if system.family(family).kind == FamilyKind::Input => {
                    let entries = &index[system.family(family).slots..];
                    match (entries, mixes) {
                        ([], _) => found.scalars.push(factor),
                        ([a, b], Some((own, target))) => {
                            let pair = (a.as_var()?, b.as_var()?);
                            let fits = pair == (own, target) || pair == (target, own);
                            if !fits || found.matrix.replace(factor).is_some() {
                                return None;
                            }
                        }
                        _ => return None,
                    }
                }
                Node::Apply(function, orders, arguments) if is_slope(system, function, &orders) => {
                    found.slopes.push(Slope {
                        function,
                        arguments,
                    });
                }
                _ => return None,
            }
        }
    }
    if mixes.is_some() != found.matrix.is_some() {
        return None;
    }
    let factor = entry(system, &found, guard);
    Some((found, factor))
}

/// The first derivative of an activation by what it is applied to.
fn is_slope(system: &System, function: FunctionId, orders: &[u8]) -> bool {
    let (first, rest) = orders.split_first().expect("functions have arguments");
    system.function(function).activation && *first == 1 && rest.iter().all(|order| *order == 0)
}

/// The product of a path in the order in which it is read: numbers, weights, slopes.
fn entry(system: &mut System, path: &Path, guard: Domain) -> TermId {
    let mut factors = vec![
        system.store.guard(guard),
        system.store.number(path.coefficient.clone()),
    ];
    factors.extend(&path.scalars);
    factors.extend(path.matrix);
    for slope in &path.slopes {
        factors.push(slope_term(system, slope));
    }
    system.store.mul(factors)
}

/// `σ'(z)`; of ReLU, `Step(z)`.
pub(super) fn slope_term(system: &mut System, slope: &Slope) -> TermId {
    let relu = system.function(slope.function).primitive == Some(Primitive::Relu);
    let step = if relu {
        system.function_id("step")
    } else {
        None
    };
    let mut orders = vec![0; slope.arguments.len()];
    orders[0] = u8::from(step.is_none());
    system.store.intern(Node::Apply(
        step.unwrap_or(slope.function),
        orders.into(),
        slope.arguments.clone(),
    ))
}
