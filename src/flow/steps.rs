//! The recursion of a network's adjoints, found in the derived system: which quantities carry the gradient from step to
//! step, and what one step multiplies it with.
//!
//! Activations stay symbols while this is derived: `φ'(z)` is a factor of its own, whatever φ is.

use super::factors::{Path, factor};
use super::layers::written_out;
use super::mistakes;
use super::obstacle::obstacle;
use super::rounds::{Round, together};
use super::ways::{Places, Reached, Walk, letter_of, settle, walks};
use crate::derive::{Derivation, Request, derive};
use crate::numeric::{Instance, check_declared};
use crate::source::{Diagnostic, Report};
use crate::syntax::StepAtZero;
use crate::system::{Family, FamilyKind, Function, System, Target};
use crate::term::{Affine, Atom, Domain, FamilyId, Reduction, TermId, VarId};

/// Where declared derivatives are tried.
const SEED: u64 = 0;

/// How the gradient flows through a network.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The network with the terms below in it.
    pub system: System,
    /// The convention at kinks.
    pub step_at_zero: StepAtZero,
    /// Its recursions, or its layers where these are written out one by one; those nearer to the input first.
    pub parts: Vec<Part>,
    /// What of the network has no factors, and why.
    pub notes: Vec<Diagnostic>,
}

/// Quantities that carry the gradient together, and the steps between them.
#[derive(Debug, Clone)]
pub struct Part {
    /// What every way of the gradient passes, once in a step.
    pub states: Vec<State>,
    /// How it gets from one to the next.
    pub steps: Vec<Step>,
    /// Whether each state follows from the one before by an equation of its own.
    pub written_out: bool,
    /// ∂last/∂first as a family.
    pub jacobian: FamilyId,
    /// Products over all steps, where they are products of numbers.
    pub products: Vec<Product>,
}

/// A product over all steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// The product.
    pub term: TermId,
    /// The step that it is of, where other ways lead through other states; none if it is the whole derivative.
    pub along: Option<usize>,
}

/// A quantity that carries the gradient.
#[derive(Debug, Clone)]
pub struct State {
    /// The quantity.
    pub family: FamilyId,
    /// Which of it: slots, then elements.
    pub own: Box<[Affine]>,
    /// Whether the loss, or what lies behind, reads it at a step from which the gradient also goes on.
    pub read_at_each_step: bool,
}

/// The derivative of a state by the one before it, the other states held: `∂v[k+1]/∂v[k]`.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is differentiated by, among the part's states.
    pub from: usize,
    /// What is differentiated.
    pub to: usize,
    /// The derivative as a family, for left sides.
    pub jacobian: FamilyId,
    /// The state that is differentiated by.
    pub own: Box<[Affine]>,
    /// The state that is differentiated.
    pub next: Box<[Affine]>,
    /// The letters of both, the steps' own first.
    pub vars: Box<[VarId]>,
    /// The letters of steps with their first and last values.
    pub ranges: Vec<Steps>,
    /// Which slots differ, and by how much.
    pub moves: Vec<(usize, i64)>,
    /// What it multiplies with, if that is a sum of products.
    pub product: Option<Ways>,
}

/// What a step multiplies with.
#[derive(Debug, Clone)]
pub struct Ways {
    /// The entry ∂next/∂own.
    pub factor: TermId,
    /// The ways from the one to the other; their products add up to the factor.
    pub paths: Vec<Path>,
}

/// A letter of steps with its first and last value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// The letter.
    pub letter: VarId,
    /// Its first value.
    pub first: Affine,
    /// Its last value.
    pub last: Affine,
}

impl Flow {
    /// Whether a state is a number at each step.
    pub fn is_scalar(&self, part: &Part, state: usize) -> bool {
        self.system.family(part.states[state].family).axes == 0
    }
}

impl Part {
    /// The one step of a recursion of one state.
    pub fn only(&self) -> Option<&Step> {
        match (self.states.as_slice(), self.steps.as_slice()) {
            ([_], [step]) if !self.written_out => Some(step),
            _ => None,
        }
    }

    /// How many steps a recursion has.
    pub fn count(&self) -> Option<Affine> {
        let range = self.steps.iter().find_map(Step::moving)?;
        Some(range.last.minus(&range.first).offset(1))
    }

    /// The size that says how many steps a recursion has, if one does.
    pub fn depth_size<'s>(&self, system: &'s System) -> Option<&'s str> {
        match self.count()?.as_atom()? {
            Atom::Size(size, _) => Some(&system.sizes[size.0 as usize].name),
            _ => None,
        }
    }

    /// The steps of layers that are written out, first to last.
    pub fn chain(&self) -> Option<&[Step]> {
        self.written_out.then_some(self.steps.as_slice())
    }
}

/// The slots where a gradient enters, and where it leaves.
pub(super) type Ends = (Box<[Affine]>, Box<[Affine]>);

impl Step {
    /// The letter that moves on, if it is one, by one step.
    pub fn moving(&self) -> Option<&Steps> {
        match self.moves.as_slice() {
            [(slot, 1 | -1)] => {
                let letter = letter_of(&self.own[*slot])?;
                self.ranges.iter().find(|range| range.letter == letter)
            }
            _ => None,
        }
    }

    /// The ways from the one state to the other, as far as they are products.
    pub fn paths(&self) -> &[Path] {
        self.product.as_ref().map_or(&[], |ways| &ways.paths)
    }

    /// The state's slots where the gradient enters and where it leaves, over all steps.
    pub fn ends(&self) -> Option<Ends> {
        let range = self.moving()?;
        let (slot, shift) = self.moves[0];
        let (from, to) = if shift > 0 {
            (&range.last, &range.first)
        } else {
            (&range.first, &range.last)
        };
        let (mut next, mut own) = (self.next.clone(), self.own.clone());
        next[slot] = next[slot].substitute(range.letter, from);
        own[slot] = own[slot].substitute(range.letter, to);
        Some((next, own))
    }
}

/// The flow of the loss's gradient through the states of a network.
///
/// # Errors
/// A report if no step follows another, or if no step is a sum of products.
pub fn flow(system: &System, step_at_zero: StepAtZero) -> Result<Flow, Report> {
    Report::unless_empty(check_declared(system, &Instance::default(), SEED))?;
    let mut derivation = with_symbolic_slopes(system, step_at_zero)?;
    let places = Places::of(&derivation);
    let mut notes = Vec::new();
    let mut parts = Vec::new();
    let rounds = places.rounds();
    for round in together(&mut derivation, &places, &rounds) {
        match recurring(&mut derivation, &places, &round, &mut notes) {
            Ok(part) => parts.push(part),
            Err(diagnostic) => notes.push(diagnostic),
        }
    }
    if rounds.is_empty() {
        parts.extend(written_out(&mut derivation, &places, &mut notes));
    }
    if parts.is_empty() {
        Report::unless_empty(notes)?;
        return Err(mistakes::no_step(system).into());
    }
    Ok(Flow {
        system: derivation.system,
        step_at_zero,
        parts,
        notes,
    })
}

/// The adjoints of everything that is defined, activations being symbols.
fn with_symbolic_slopes(system: &System, step_at_zero: StepAtZero) -> Result<Derivation, Report> {
    let mut opaque = system.clone();
    let known: Vec<Function> = opaque.functions.clone();
    for function in opaque.functions.iter_mut().filter(|it| it.activation) {
        function.body = None;
        function.primitive = None;
        function.slopes_at.clear();
        function.slopes.fill(None);
    }
    let defined = system.family_ids().filter(|id| {
        let family = system.family(*id);
        family.kind == FamilyKind::Defined && !family.name.is_empty() && Some(*id) != system.loss
    });
    let wrt: Vec<Target> = defined
        .map(|family| Target {
            family,
            index: vec![None; system.family(family).slots + system.family(family).axes].into(),
        })
        .collect();
    if wrt.is_empty() {
        return Err(mistakes::no_step(system).into());
    }
    let request = Request {
        wrt,
        step_at_zero: Some(step_at_zero),
        ..Request::default()
    };
    let mut derivation = derive(&opaque, &request)?;
    derivation.system.functions[..known.len()].clone_from_slice(&known);
    settle(&mut derivation);
    Ok(derivation)
}

/// A state as it stands at a place.
pub(super) fn state(derivation: &Derivation, places: &Places, at: usize) -> State {
    State {
        family: places.family(derivation, at),
        own: places.piece(derivation, at).index.clone(),
        read_at_each_step: false,
    }
}

/// The part of a round of the gradient.
fn recurring(
    derivation: &mut Derivation,
    places: &Places,
    round: &Round,
    notes: &mut Vec<Diagnostic>,
) -> Result<Part, Diagnostic> {
    let at = &round.states;
    let mut states: Vec<State> = at.iter().map(|at| state(derivation, places, *at)).collect();
    let mut steps: Vec<Step> = Vec::new();
    for (from, place) in at.iter().enumerate() {
        let family = states[from].family;
        let found = walks(derivation, places, *place, at, &round.within)
            .ok_or_else(|| mistakes::no_factor(&derivation.system, family, None))?;
        let start = places.piece(derivation, *place).domain.clone();
        states[from].read_at_each_step = found.elsewhere.iter().any(|elsewhere| {
            found.found.iter().any(|(_, walk)| {
                let both = elsewhere.and(&walk.domain).and(&start);
                !derivation.system.ambient.is_empty(&both)
            })
        });
        for (reached, group) in grouped(found.found) {
            let step = step(derivation, places, (from, *place), at, &reached, &group)
                .ok_or_else(|| mistakes::no_factor(&derivation.system, family, None))?;
            if step.product.is_none() {
                let axes = derivation.system.family(family).axes;
                let obstacle = obstacle(&derivation.system, axes, &group);
                let note = mistakes::no_factor(&derivation.system, family, obstacle.as_ref());
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            steps.push(step);
        }
    }
    let jacobian = (steps.first().map(|step| step.jacobian))
        .ok_or_else(|| mistakes::no_factor(&derivation.system, states[0].family, None))?;
    Ok(Part {
        jacobian,
        products: products(&mut derivation.system, &steps, states.len()),
        states,
        steps,
        written_out: false,
    })
}

/// The products of steps from a state to itself that mix no elements.
fn products(system: &mut System, steps: &[Step], states: usize) -> Vec<Product> {
    let mut found = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let alone = steps
            .iter()
            .filter(|other| (other.from, other.to) == (step.from, step.to))
            .count();
        let mixes = step
            .paths()
            .iter()
            .any(|path| path.mixing().next().is_some());
        let factor = step.product.as_ref().map(|ways| ways.factor);
        let (Some(range), Some(factor), false, true) = (
            step.moving(),
            factor.filter(|factor| !system.store.is_one(*factor)),
            mixes,
            step.from == step.to && alone == 1,
        ) else {
            continue;
        };
        let letter = Affine::var(range.letter);
        let domain = Domain::between(&range.first, &letter, &range.last);
        found.push(Product {
            term: (system.store).reduce(Reduction::Product, [range.letter], domain, factor),
            along: (states > 1).then_some(at),
        });
    }
    found
}

/// The derivative of one state by another as a family, for left sides.
pub(super) fn jacobian(system: &mut System, [from, to]: [FamilyId; 2]) -> FamilyId {
    let rank = |family: FamilyId| {
        let family = system.family(family);
        (family.slots, family.axes)
    };
    let ((own_slots, own_axes), (next_slots, next_axes)) = (rank(from), rank(to));
    system.add_family(Family {
        name: String::new(),
        slots: next_slots + next_axes + own_slots,
        axes: own_axes,
        kind: FamilyKind::Adjoint { of: to, wrt: from },
        role: None,
        clauses: Vec::new(),
        integers: None,
        span: None,
    })
}

/// Walks by where they end, in the order in which they were found.
pub(super) fn grouped(found: Vec<(Reached, Walk)>) -> Vec<(Reached, Vec<Walk>)> {
    let mut groups: Vec<(Reached, Vec<Walk>)> = Vec::new();
    for (reached, walk) in found {
        match groups.iter_mut().find(|(known, _)| *known == reached) {
            Some((_, group)) => group.push(walk),
            None => groups.push((reached, vec![walk])),
        }
    }
    groups
}

/// The ways from one state to another as a factor; none if they are no products, or are not there at the same steps.
pub(super) fn step(
    derivation: &mut Derivation,
    places: &Places,
    (from, place): (usize, usize),
    states: &[usize],
    reached: &Reached,
    group: &[Walk],
) -> Option<Step> {
    let piece = places.piece(derivation, place).clone();
    let families = [place, states[reached.state]].map(|at| places.family(derivation, at));
    let system = &mut derivation.system;
    let [own_slots, next_slots] = families.map(|family| system.family(family).slots);
    let own = piece.index.clone();
    let letters: Vec<VarId> = own[..own_slots].iter().filter_map(letter_of).collect();
    let elements: Vec<VarId> = own[own_slots..]
        .iter()
        .map(Affine::as_var)
        .collect::<Option<_>>()?;
    let found = factor(system, &elements, next_slots, group);
    let axes = system.family(families[1]).axes;
    let targets: Vec<VarId> = match &found {
        Some(found) => found.targets.clone(),
        None => (0..axes).map(|_| system.store.fresh_var("j")).collect(),
    };
    let mut ranges: Option<Vec<Steps>> = None;
    for walk in group {
        let domain = system.ambient.minimal(&walk.domain, &Domain::everything());
        let here: Vec<Steps> = letters
            .iter()
            .map(|letter| bounds(&domain, *letter))
            .collect::<Option<_>>()?;
        ranges = Some(match ranges {
            // A way may be missing at the ends: there the factor is another.
            Some(known) => common(&known, &here)?,
            None => here,
        });
    }
    let next: Box<[Affine]> = group[0].index[..next_slots]
        .iter()
        .cloned()
        .chain(targets.iter().map(|target| Affine::var(*target)))
        .collect();
    let moves = if own_slots == next_slots {
        (0..own_slots)
            .filter_map(|slot| {
                let shift = next[slot].minus(&own[slot]).as_int()?;
                (shift != 0).then_some((slot, shift))
            })
            .collect()
    } else {
        Vec::new()
    };
    let jacobian = jacobian(system, families);
    let mut vars: Vec<VarId> = letters;
    // Letters of elements that stand in slots too are there already.
    for var in elements.iter().chain(&targets) {
        if !vars.contains(var) {
            vars.push(*var);
        }
    }
    Some(Step {
        from,
        to: reached.state,
        jacobian,
        own,
        next,
        vars: vars.into(),
        ranges: ranges?,
        moves,
        product: found.map(|found| Ways {
            factor: found.term,
            paths: found.paths,
        }),
    })
}

/// The steps that are in both ranges, where it is known which ends lie further in.
pub fn common(some: &[Steps], others: &[Steps]) -> Option<Vec<Steps>> {
    let both = |(a, b): (&Steps, &Steps)| {
        let (first, last) = (
            b.first.minus(&a.first).as_int()?,
            b.last.minus(&a.last).as_int()?,
        );
        Some(Steps {
            letter: a.letter,
            first: if first > 0 { &b.first } else { &a.first }.clone(),
            last: if last < 0 { &b.last } else { &a.last }.clone(),
        })
    };
    some.iter().zip(others).map(both).collect()
}

/// The only bounds of a letter by sizes and numbers.
fn bounds(domain: &Domain, letter: VarId) -> Option<Steps> {
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
    Some(Steps {
        letter,
        first: only(lower)?,
        last: only(upper)?,
    })
}
