//! The ways of the gradient through the derived adjoints: which quantities carry it from step to step, and how it gets
//! from one of them to the next.

use rustc_hash::FxHashSet;

use crate::derive::{AdjointPiece, Contribution, Derivation};
use crate::system::{FamilyKind, FamilyRole, System};
use crate::term::{Affine, Bound, Domain, FamilyId, Node, Substitution, TermId, VarId};

/// More ways from one state to the next than this are no factor that anybody could read.
pub(super) const MOST_WAYS: usize = 64;
/// More than this are not followed.
const MOST_FOLLOWED: usize = 1024;
/// More quantities than this that go round together are taken one by one.
const MOST_TOGETHER: usize = 3;

/// A piece of an adjoint, by the numbers of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    adjoint: usize,
    piece: usize,
}

/// All places, and where each gets its gradient from.
#[derive(Debug)]
pub(super) struct Places {
    all: Vec<Place>,
    /// By place, the places one nearer to the loss.
    users: Vec<Vec<usize>>,
    /// Whether the gradient comes from a place at another step.
    carried: Vec<bool>,
    /// Whether the loss reads the place itself.
    read_by_loss: Vec<bool>,
}

/// What an adjoint is taken by.
pub(super) fn wrt(system: &System, adjoint: FamilyId) -> Option<FamilyId> {
    match system.family(adjoint).kind {
        FamilyKind::Adjoint { wrt, .. } => Some(wrt),
        FamilyKind::Input
        | FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::OpaqueLoss(_)
        | FamilyKind::Local { .. } => None,
    }
}

/// The adjoint that a contribution comes from; none where that is the loss itself.
fn upstream(system: &System, contribution: &Contribution) -> Option<(FamilyId, Box<[Affine]>)> {
    match system.store.node(contribution.upstream) {
        Node::Access(family, index) if wrt(system, *family).is_some() => {
            Some((*family, index.clone()))
        }
        _ => None,
    }
}

/// The pieces of a derivation's adjoint that hold an element, with the letters' values there.
fn pieces_at(
    derivation: &Derivation,
    family: FamilyId,
    index: &[Affine],
    domain: &Domain,
) -> Vec<(Place, Substitution, Domain)> {
    let system = &derivation.system;
    let found = derivation
        .adjoints
        .iter()
        .position(|adjoint| adjoint.family == family);
    let Some(adjoint) = found else {
        return Vec::new();
    };
    (0..derivation.adjoints[adjoint].pieces.len())
        .filter_map(|piece| {
            let (values, reach) = system.family(family).clauses[piece].at(index);
            let reach = reach.and(domain);
            (!system.ambient.is_empty(&reach)).then_some((Place { adjoint, piece }, values, reach))
        })
        .collect()
}

/// More values of a letter than this are not told apart.
const MOST_VALUES: i64 = 16;

/// Writes what the conditions of a piece say of its letters into all of it: `h[m,t]` with `m = 1` is `h[1,t]`. Where there
/// are several slots, as of stacked layers over time, those that have few values are told apart by these.
pub(super) fn settle(derivation: &mut Derivation) {
    let system = &mut derivation.system;
    for adjoint in &mut derivation.adjoints {
        let Some(of) = wrt(system, adjoint.family) else {
            continue;
        };
        let slots = system.family(of).slots;
        let family = adjoint.family.0 as usize;
        let pieces = std::mem::take(&mut adjoint.pieces);
        let mut clauses = std::mem::take(&mut system.families[family].clauses).into_iter();
        let mut told_apart = Vec::with_capacity(clauses.len());
        for (piece, clause) in pieces.into_iter().zip(clauses.by_ref()) {
            for domain in few_values(&piece, slots) {
                let mut piece = piece.clone();
                piece.domain = piece.domain.and(&domain);
                for contribution in &mut piece.contributions {
                    contribution.domain = contribution.domain.and(&domain);
                }
                let mut clause = clause.clone();
                clause.domain = clause.domain.and(&domain);
                settle_piece(system, &mut piece);
                adjoint.pieces.push(piece);
                told_apart.push(clause);
            }
        }
        told_apart.extend(clauses);
        system.families[family].clauses = told_apart;
    }
}

/// The values of letters of slots that have few, where others have more; everything if there are none.
fn few_values(piece: &AdjointPiece, slots: usize) -> Vec<Domain> {
    let mut letters: Vec<VarId> = piece.index[..slots].iter().filter_map(letter_of).collect();
    letters.dedup();
    let mut found = vec![Domain::everything()];
    // The last one is left, if they all have few.
    for letter in letters.iter().take(letters.len().saturating_sub(1)) {
        let Some((least, most)) = values(&piece.domain, *letter) else {
            continue;
        };
        if most - least < MOST_VALUES {
            let equal = |value: i64| Domain::equal(&Affine::var(*letter), &Affine::int(value));
            found = (found.iter())
                .flat_map(|known| (least..=most).map(|value| known.and(&equal(value))))
                .collect();
        }
    }
    found
}

/// The least and the greatest number that a letter is.
fn values(domain: &Domain, letter: VarId) -> Option<(i64, i64)> {
    let (lower, upper) = domain.bounds(letter);
    let numbers = |bounds: Vec<Bound>| -> Vec<i64> {
        let plain = bounds.into_iter().filter(|(factor, _)| *factor == 1);
        plain.filter_map(|(_, bound)| bound.as_int()).collect()
    };
    let least = numbers(lower).into_iter().max()?;
    let most = numbers(upper).into_iter().min()?;
    Some((least, most))
}

fn settle_piece(system: &mut System, piece: &mut AdjointPiece) {
    let (values, domain) = piece.domain.solve(&piece.vars);
    if values.is_empty() {
        return;
    }
    piece.domain = domain;
    piece.index = piece
        .index
        .iter()
        .map(|index| values.affine(index))
        .collect();
    piece.vars = (piece.vars.iter().copied())
        .filter(|letter| values.get(*letter).is_none())
        .collect();
    for contribution in &mut piece.contributions {
        contribution.domain = values.domain(&contribution.domain);
        contribution.upstream = system.store.substitute(contribution.upstream, &values);
        contribution.local = system.store.substitute(contribution.local, &values);
    }
    let ambient = &system.ambient;
    let there = |it: &Contribution| !ambient.is_empty(&it.domain.and(&piece.domain));
    piece.contributions.retain(there);
}

impl Places {
    pub(super) fn of(derivation: &Derivation) -> Self {
        let system = &derivation.system;
        let all: Vec<Place> = derivation
            .adjoints
            .iter()
            .enumerate()
            .filter(|(_, adjoint)| wrt(system, adjoint.family).is_some())
            .flat_map(|(adjoint, it)| {
                (0..it.pieces.len()).map(move |piece| Place { adjoint, piece })
            })
            .collect();
        let mut places = Self {
            users: vec![Vec::new(); all.len()],
            carried: vec![false; all.len()],
            read_by_loss: vec![false; all.len()],
            all,
        };
        for at in 0..places.all.len() {
            let piece = places.piece(derivation, at);
            for contribution in &piece.contributions {
                let Some((family, index)) = upstream(system, contribution) else {
                    places.read_by_loss[at] = true;
                    continue;
                };
                let domain = contribution.domain.and(&piece.domain);
                let slots = wrt(system, family).map_or(0, |family| system.family(family).slots);
                for (place, ..) in pieces_at(derivation, family, &index, &domain) {
                    let user = places.all.iter().position(|other| *other == place);
                    places.users[at].extend(user);
                    let moves =
                        |slot: &Affine| slot.as_int().is_none() && !piece.index.contains(slot);
                    places.carried[at] |= index[..slots].iter().any(moves);
                }
            }
        }
        places
    }

    pub(super) fn piece<'d>(&self, derivation: &'d Derivation, at: usize) -> &'d AdjointPiece {
        let place = self.all[at];
        &derivation.adjoints[place.adjoint].pieces[place.piece]
    }

    /// The quantity whose adjoint a place is of.
    pub(super) fn family(&self, derivation: &Derivation, at: usize) -> FamilyId {
        let adjoint = derivation.adjoints[self.all[at].adjoint].family;
        wrt(&derivation.system, adjoint).expect("places are of adjoints")
    }

    /// The slots of a place: numbers, or letters for any step.
    pub(super) fn slots<'d>(&self, derivation: &'d Derivation, at: usize) -> &'d [Affine] {
        let slots = derivation.system.family(self.family(derivation, at)).slots;
        &self.piece(derivation, at).index[..slots]
    }

    /// All places.
    pub(super) fn everything(&self) -> Vec<usize> {
        (0..self.all.len()).collect()
    }

    /// What can be reached from a place towards the loss, without passing some.
    fn reach(&self, from: usize, without: &[usize]) -> FxHashSet<usize> {
        let mut found = FxHashSet::default();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for user in &self.users[at] {
                if !without.contains(user) && found.insert(*user) {
                    open.push(*user);
                }
            }
        }
        found
    }

    /// The places of two rounds, and those between the one and the other.
    pub(super) fn between(&self, from: &[usize], to: &[usize]) -> Vec<usize> {
        let mut found = [from, to].concat();
        let reached = self.reach(from[0], &[]);
        let own = |at: &usize| self.reach(*at, &[]).contains(&to[0]);
        let others = (0..self.all.len()).filter(|at| !found.contains(at) && reached.contains(at));
        let others: Vec<usize> = others.filter(own).collect();
        found.extend(others);
        found
    }

    /// The places through which the gradient goes round, those together that reach each other; what comes first in the
    /// network first.
    pub(super) fn rounds(&self) -> Vec<Vec<usize>> {
        let reach: Vec<FxHashSet<usize>> =
            (0..self.all.len()).map(|at| self.reach(at, &[])).collect();
        let mut rounds: Vec<Vec<usize>> = Vec::new();
        for at in (0..self.all.len()).filter(|at| reach[*at].contains(at)) {
            let known = rounds
                .iter_mut()
                .find(|round| reach[round[0]].contains(&at) && reach[at].contains(&round[0]));
            match known {
                Some(round) => round.push(at),
                None => rounds.push(vec![at]),
            }
        }
        rounds.sort_by_key(|round| std::cmp::Reverse(reach[round[0]].len()));
        rounds
    }

    /// The fewest places of a round that every way round passes: one if that will do, else those that are carried from
    /// step to step.
    pub(super) fn states(&self, derivation: &Derivation, round: &[usize]) -> Vec<usize> {
        let outside: Vec<usize> = (0..self.all.len())
            .filter(|at| !round.contains(at))
            .collect();
        let cuts = |states: &[usize]| {
            let without = [outside.as_slice(), states].concat();
            round
                .iter()
                .all(|at| states.contains(at) || !self.reach(*at, &without).contains(at))
        };
        let role = |at: &usize| {
            let family = self.family(derivation, *at);
            derivation.system.family(family).role == Some(FamilyRole::PreActivation)
        };
        // Activations first: their recursion takes in the input and the output.
        let mut single: Vec<usize> = round.iter().copied().filter(|at| cuts(&[*at])).collect();
        single.sort_by_key(role);
        if let Some(state) = single.first() {
            return vec![*state];
        }
        let carried: Vec<usize> = round
            .iter()
            .copied()
            .filter(|at| self.carried[*at])
            .collect();
        (2..=MOST_TOGETHER)
            .flat_map(|count| subsets(&carried, count))
            .find(|states| cuts(states))
            .unwrap_or(carried)
    }

    /// Where nothing goes round: the places that every way from the first of them to the loss passes, first to last.
    pub(super) fn line(&self, derivation: &Derivation) -> Vec<usize> {
        let leads = |from: usize, without: &[usize]| {
            self.read_by_loss[from]
                || self
                    .reach(from, without)
                    .iter()
                    .any(|at| self.read_by_loss[*at])
        };
        let line = |from: usize| -> Vec<usize> {
            let reach = self.reach(from, &[]);
            // Only the last may be read by the loss: else the gradient has ways past what follows.
            let mut cuts: Vec<usize> = reach
                .iter()
                .copied()
                .filter(|at| !self.read_by_loss[from] && !leads(from, &[*at]))
                .collect();
            cuts.sort_by_key(|at| (std::cmp::Reverse(self.reach(*at, &[]).len()), *at));
            [vec![from], cuts].concat()
        };
        // What is farthest from the loss has most behind it.
        let mut starts: Vec<usize> = (0..self.all.len()).filter(|at| leads(*at, &[])).collect();
        starts.sort_by_key(|at| (std::cmp::Reverse(self.reach(*at, &[]).len()), *at));
        let lines = starts.into_iter().map(line);
        let mut best = lines
            .into_iter()
            .find(|line| line.len() > 1)
            .unwrap_or_default();
        // A quantity that is split into pieces has no single piece on every way.
        let whole = |at: &usize| derivation.adjoints[self.all[*at].adjoint].pieces.len();
        best.retain(|at| !self.slots(derivation, *at).is_empty() || whole(at) == 1);
        best
    }
}

/// All ways to take so many of a list.
fn subsets(of: &[usize], count: usize) -> Vec<Vec<usize>> {
    match (count, of.split_first()) {
        (0, _) => vec![Vec::new()],
        (_, None) => Vec::new(),
        (_, Some((first, rest))) => {
            let with = subsets(rest, count - 1).into_iter();
            let with = with.map(|others| [vec![*first], others].concat());
            with.chain(subsets(rest, count)).collect()
        }
    }
}

/// A way from one state to the next, as it is walked.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// The letters that are bound on it.
    pub(super) vars: Vec<VarId>,
    /// Where there is such a way.
    pub(super) domain: Domain,
    /// The local derivatives, the nearest to the loss first.
    pub(super) locals: Vec<TermId>,
    /// The quantities whose derivatives these are, with their slots.
    pub(super) through: Vec<(FamilyId, Box<[Affine]>)>,
    /// The adjoint that it has reached.
    pub(super) family: FamilyId,
    /// Which element of it.
    pub(super) index: Box<[Affine]>,
}

/// The state that a walk has reached, and by how much the letters of the steps have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) state: usize,
    pub(super) shifts: Vec<(VarId, i64)>,
}

/// All ways from a state to the next states.
#[derive(Debug)]
pub(super) struct Walks {
    pub(super) found: Vec<(Reached, Walk)>,
    /// Where the gradient comes from elsewhere: from the loss, or from what lies behind.
    pub(super) elsewhere: Vec<Domain>,
}

/// Walks from a place until a state is reached; none if there are too many ways.
///
/// Only places like those of `within` are passed: others lie behind.
pub(super) fn walks(
    derivation: &mut Derivation,
    places: &Places,
    from: usize,
    states: &[usize],
    within: &[usize],
) -> Option<Walks> {
    let start = places.piece(derivation, from).clone();
    let own: Vec<Affine> = places.slots(derivation, from).to_vec();
    let goals: Vec<(FamilyId, Vec<Affine>)> = states
        .iter()
        .map(|at| {
            let slots = places.slots(derivation, *at).to_vec();
            (places.family(derivation, *at), slots)
        })
        .collect();
    let inside: Vec<(usize, Vec<Affine>)> = within
        .iter()
        .map(|at| {
            (
                places.all[*at].adjoint,
                places.slots(derivation, *at).to_vec(),
            )
        })
        .collect();
    let mut walks = Walks {
        found: Vec::new(),
        elsewhere: Vec::new(),
    };
    let mut open: Vec<Walk> = Vec::new();
    for contribution in start.contributions.iter().rev() {
        match upstream(&derivation.system, contribution) {
            Some((family, index)) => open.push(Walk {
                vars: contribution.vars.to_vec(),
                domain: contribution.domain.and(&start.domain),
                locals: vec![contribution.local],
                through: passed(&derivation.system, family, &index)
                    .into_iter()
                    .collect(),
                family,
                index,
            }),
            None => walks.elsewhere.push(contribution.domain.clone()),
        }
    }
    while let Some(walk) = open.pop() {
        if open.len() + walks.found.len() > MOST_FOLLOWED || walk.locals.len() > MOST_WAYS {
            return None;
        }
        let family = wrt(&derivation.system, walk.family);
        let reached = goals.iter().enumerate().find_map(|(state, (goal, slots))| {
            (Some(*goal) == family)
                .then(|| shifts(&own, slots, &walk.index))
                .flatten()
                .map(|shifts| Reached { state, shifts })
        });
        match reached {
            Some(reached) => walks.found.push((reached, walk)),
            None => further(derivation, &inside, &walk, &mut open, &mut walks.elsewhere),
        }
    }
    Some(walks)
}

/// What an adjoint at an index is taken by, with its slots.
fn passed(
    system: &System,
    adjoint: FamilyId,
    index: &[Affine],
) -> Option<(FamilyId, Box<[Affine]>)> {
    let quantity = wrt(system, adjoint)?;
    let slots = system.family(quantity).slots;
    Some((quantity, index[..slots].into()))
}

/// By how much the letters of a state's own slots have changed at an index of another; none if it is no such index.
fn shifts(own: &[Affine], slots: &[Affine], index: &[Affine]) -> Option<Vec<(VarId, i64)>> {
    let mut found = Vec::new();
    for (slot, index) in slots.iter().zip(index) {
        if slot.as_int().is_some() {
            if slot != index {
                return None;
            }
            continue;
        }
        let moved = own
            .iter()
            .find_map(|own| Some((letter_of(own)?, index.minus(own).as_int()?)));
        found.push(moved?);
    }
    found.sort_unstable();
    Some(found)
}

/// The letter of a slot that is a letter plus a number.
pub(super) fn letter_of(slot: &Affine) -> Option<VarId> {
    let mut found = None;
    slot.visit_vars(&mut |letter| found = Some(letter));
    found.filter(|letter| slot.minus(&Affine::var(*letter)).as_int().is_some())
}

/// The walk continued through the adjoint that it has reached.
fn further(
    derivation: &mut Derivation,
    inside: &[(usize, Vec<Affine>)],
    walk: &Walk,
    open: &mut Vec<Walk>,
    elsewhere: &mut Vec<Domain>,
) {
    for (place, values, reach) in pieces_at(derivation, walk.family, &walk.index, &walk.domain) {
        let piece = derivation.adjoints[place.adjoint].pieces[place.piece].clone();
        let like = |(adjoint, slots): &(usize, Vec<Affine>)| {
            let same = |(own, other): (&Affine, &Affine)| own.as_int().is_none() || own == other;
            *adjoint == place.adjoint && slots.iter().zip(&piece.index).all(same)
        };
        if !inside.iter().any(like) {
            elsewhere.push(reach);
            continue;
        }
        let system = &mut derivation.system;
        for inner in piece.contributions.iter().rev() {
            let (fresh, renamed) = system.store.fresh_letters(&inner.vars);
            let values = Substitution::new(values.pairs().iter().chain(renamed.pairs()).cloned());
            let domain = reach.and(&values.domain(&inner.domain));
            if system.ambient.is_empty(&domain) {
                continue;
            }
            let Some((family, index)) = upstream(system, inner) else {
                elsewhere.push(domain);
                continue;
            };
            let local = system.store.substitute(inner.local, &values);
            let index: Box<[Affine]> = index.iter().map(|index| values.affine(index)).collect();
            open.push(Walk {
                vars: walk.vars.iter().copied().chain(fresh).collect(),
                domain,
                locals: [local].into_iter().chain(walk.locals.clone()).collect(),
                through: (passed(system, family, &index).into_iter())
                    .chain(walk.through.iter().cloned())
                    .collect(),
                family,
                index,
            });
        }
    }
}
