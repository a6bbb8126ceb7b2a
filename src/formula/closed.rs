//! Right sides with what they name put in, where that is short enough to be read.

use rustc_hash::FxHashSet;

use super::cases::Case;
use super::measure::{calls, kinds, leaves, longest_sum};
use super::{Condition, Writer, uses_step};
use crate::system::{FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Node, Store, Substitution, TermId};

/// A right side with the upstream adjoints substituted.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    pub(super) term: TermId,
    /// What it rests on.
    pub(super) conditions: Vec<Condition>,
    /// Whether it is shorter than what it was put together from, because something cancelled or is a number.
    pub(super) shorter: bool,
    /// Whether it is a product without sums, which is shown as the step of substituting.
    pub(super) plain: bool,
}

impl Closed {
    /// The same at values of the letters.
    fn at(&self, store: &mut Store, values: &Substitution) -> Closed {
        let conditions = self.conditions.iter();
        Closed {
            term: store.substitute(self.term, values),
            conditions: conditions.map(|it| it.at(store, values)).collect(),
            ..*self
        }
    }
}

/// Which upstream adjoints stay as they are.
#[derive(Debug, Clone, Copy)]
enum Kept<'a> {
    Nothing,
    /// Those of one family, and what stands behind them.
    By(FamilyId),
    /// Those of the contributions that are marked.
    Marked(&'a [bool]),
}

/// Substitutions are followed while their result has at most this many leaves.
const LONGEST_CLOSED: usize = 16;

/// The same for second derivatives, whose intermediates have no names.
const LONGEST_SECOND: usize = 200;

/// An adjoint family at slots that are numbers, and the family whose adjoint stays as it is.
pub(super) type Layer = (FamilyId, Vec<i64>, Option<FamilyId>);

impl Writer<'_> {
    /// The case with its upstream adjoints substituted, if what they stand for is short: all of them, those before the
    /// ways to the output meet, or those with which something cancels and those that are numbers.
    pub(super) fn closed(
        &mut self,
        adjoint: FamilyId,
        case: &Case,
        second: bool,
    ) -> Option<Closed> {
        let whole = self.closed_form(case, second, Kept::Nothing);
        let in_part = self
            .funnels
            .behind(&self.derivation.system, adjoint, &case.index)
            .and_then(|stop| self.closed_form(case, second, Kept::By(stop)));
        let length = |closed: &Closed| leaves(&self.derivation.system, closed.term);
        match (whole, in_part) {
            (Some(whole), Some(in_part))
                if (whole.shorter || in_part.shorter) && length(&whole) <= length(&in_part) =>
            {
                Some(whole)
            }
            (_, Some(in_part)) if in_part.shorter => Some(in_part),
            (Some(whole), _) if whole.shorter || second => Some(whole),
            (whole, _) => self.closed_in_pieces(case).or(whole),
        }
    }

    /// Only those upstream adjoints substituted with which something cancels in their own contribution.
    fn closed_in_pieces(&mut self, case: &Case) -> Option<Closed> {
        if case.contributions.len() < 2 {
            return None;
        }
        let mut kept = Vec::with_capacity(case.contributions.len());
        for contribution in &case.contributions {
            let alone = Case {
                contributions: vec![contribution.clone()],
                ..case.clone()
            };
            let closed = self.closed_form(&alone, false, Kept::Nothing);
            kept.push(!closed.is_some_and(|closed| closed.shorter));
        }
        if kept.iter().all(|kept| *kept) {
            return None;
        }
        self.closed_form(case, false, Kept::Marked(&kept))
            .filter(|closed| closed.shorter)
    }

    fn closed_form(&mut self, case: &Case, second: bool, stop: Kept<'_>) -> Option<Closed> {
        let family = match stop {
            Kept::By(family) => Some(family),
            Kept::Nothing | Kept::Marked(_) => None,
        };
        let mut conditions: Vec<Condition> = case.conditions().collect();
        let mut values = Vec::with_capacity(case.contributions.len());
        let mut ingredients = 0;
        let mut parts = FxHashSet::default();
        let mut dropped = false;
        // Whether some upstream adjoint is a number, and whether others are put in, too.
        let (mut numbers, mut others) = (false, false);
        for (at, contribution) in case.contributions.iter().enumerate() {
            ingredients += leaves(&self.derivation.system, contribution.local);
            kinds(&self.derivation.system, contribution.local, &mut parts);
            if self.is_direct(contribution) {
                values.push(contribution.upstream);
                continue;
            }
            let stays = match stop {
                Kept::Nothing => false,
                Kept::By(family) => self.differentiates_by(contribution.upstream) == Some(family),
                Kept::Marked(kept) => kept[at],
            };
            if stays {
                ingredients += leaves(&self.derivation.system, contribution.upstream);
                kinds(&self.derivation.system, contribution.upstream, &mut parts);
                values.push(contribution.upstream);
                continue;
            }
            let context = case.domain.and(&contribution.domain);
            let upstream = self.closed_access(&context, contribution.upstream, family)?;
            ingredients += leaves(&self.derivation.system, upstream.term);
            kinds(&self.derivation.system, upstream.term, &mut parts);
            let store = &self.derivation.system.store;
            dropped |= store.is_zero(upstream.term);
            match store.as_number(upstream.term) {
                Some(_) => numbers = true,
                None => others = true,
            }
            values.push(upstream.term);
            conditions.extend(upstream.conditions);
        }
        let longest = match stop {
            _ if second => LONGEST_SECOND,
            Kept::Marked(kept) => LONGEST_CLOSED * kept.len(),
            Kept::Nothing | Kept::By(_) => LONGEST_CLOSED,
        };
        if ingredients > 4 * longest {
            return None;
        }
        let mut values = values.into_iter();
        self.simplifier.take_record();
        let substituted = self.sum(case, |contribution| {
            values.next().unwrap_or(contribution.upstream)
        });
        let mut candidates = vec![(substituted, Vec::new())];
        if second {
            // First derivatives inside, too: what they stand for may cancel against the rest.
            let mut assumed = Vec::new();
            let opened = self.opened(substituted, &case.domain, &mut assumed);
            if opened != substituted {
                candidates.push((opened, assumed));
            }
        }
        let mut term = substituted;
        let mut rests_on = Vec::new();
        for (candidate, assumed) in candidates {
            if let Some((oriented, more)) = self.oriented(candidate, term, &case.domain) {
                term = oriented;
                rests_on = assumed;
                rests_on.extend(more);
            }
        }
        conditions.extend(rests_on);
        let system = &mut self.derivation.system;
        let length = leaves(system, term);
        if length > longest {
            return None;
        }
        conditions.extend(self.simplifier.take_record().0);
        if uses_step(system, term) {
            conditions.push(Condition::StepAtZero);
        }
        let mut left = FxHashSet::default();
        kinds(system, term, &mut left);
        let is_plain = !has_sums(system, term);
        // A number in the place of its name, with the conditions that stand as brackets.
        let numbers = numbers && !others && {
            let named = self.sum(case, |contribution| contribution.upstream);
            self.simplifier.take_record();
            length <= leaves(&self.derivation.system, named)
        };
        Some(Closed {
            term,
            conditions,
            shorter: numbers || (length < ingredients && (dropped || !parts.is_subset(&left))),
            plain: is_plain,
        })
    }

    /// A term rewritten by definitions turned round, if that is shorter than `known`, with what it rests on.
    fn oriented(
        &mut self,
        term: TermId,
        known: TermId,
        context: &Domain,
    ) -> Option<(TermId, Vec<Condition>)> {
        let step_at_zero = self.derivation.step_at_zero;
        let system = &mut self.derivation.system;
        if term == known && self.orientations.is_short(system, term) {
            return None;
        }
        let (oriented, assumed) =
            self.orientations
                .shortened(system, step_at_zero, term, context)?;
        let oriented = self.simplifier.simplify(system, oriented, context);
        // Multiplied out for its own sake nothing becomes clearer: something has to cancel.
        let (mut before, mut after) = (FxHashSet::default(), FxHashSet::default());
        kinds(system, known, &mut before);
        kinds(system, oriented, &mut after);
        let clearer = !before.is_subset(&after)
            || longest_sum(system, oriented) <= longest_sum(system, known);
        (clearer && leaves(system, oriented) < leaves(system, known)).then_some((oriented, assumed))
    }

    /// A term in which names of the network take the place of what they stand for.
    pub(super) fn by_names(
        &mut self,
        term: TermId,
        context: &Domain,
    ) -> Option<(TermId, Vec<Condition>)> {
        let system = &self.derivation.system;
        // What stands behind a guard is not read outside of it, wherever it is moved.
        let guarded = |node: &Node| matches!(node, Node::Guard(_));
        if leaves(system, term) > 4 * LONGEST_CLOSED || system.store.any(term, guarded) {
            return None;
        }
        let (shorter, rests_on) = self.oriented(term, term, context)?;
        let system = &self.derivation.system;
        let (mut before, mut after) = (FxHashSet::default(), FxHashSet::default());
        kinds(system, term, &mut before);
        kinds(system, shorter, &mut after);
        // What functions are applied to stays as the network writes it.
        let written = calls(system, term);
        (!before.is_subset(&after) && calls(system, shorter).is_subset(&written))
            .then_some((shorter, rests_on))
    }

    /// The term with the adjoints in it replaced by what they stand for, where that has a closed form.
    fn opened(
        &mut self,
        term: TermId,
        context: &Domain,
        conditions: &mut Vec<Condition>,
    ) -> TermId {
        crate::stack::deep(|| {
            let node = self.derivation.system.store.node(term).clone();
            if matches!(node, Node::Access(..)) {
                return match self.closed_access(context, term, None) {
                    Some(closed) => {
                        conditions.extend(closed.conditions);
                        closed.term
                    }
                    None => term,
                };
            }
            let inside = match &node {
                Node::Reduce(_, vars, domain, _) => context.shadowed(vars).and(domain),
                _ => context.clone(),
            };
            let children = node.children();
            let opened: Vec<TermId> = children
                .iter()
                .map(|child| self.opened(*child, &inside, conditions))
                .collect();
            if *opened == *children {
                return term;
            }
            self.derivation.system.store.rebuild(&node, &opened)
        })
    }

    /// The family that an adjoint is taken by.
    fn differentiates_by(&self, adjoint: TermId) -> Option<FamilyId> {
        let system = &self.derivation.system;
        let Node::Access(family, _) = system.store.node(adjoint) else {
            return None;
        };
        match system.family(*family).kind {
            FamilyKind::Adjoint { wrt, .. } => Some(wrt),
            _ => None,
        }
    }

    /// What an adjoint stands for, where that is one case.
    fn closed_access(
        &mut self,
        context: &Domain,
        access: TermId,
        stop: Option<FamilyId>,
    ) -> Option<Closed> {
        let node = self.derivation.system.store.shared(access);
        let Node::Access(family, index) = &*node else {
            return None;
        };
        if !self.adjoints.contains_key(family) {
            return None;
        }
        let [place] = self.places_of(*family, index)[..] else {
            return None;
        };
        if self.is_given(place.0, place.1) {
            return None;
        }
        let candidates = self.cases_of(place);
        for (at, candidate) in candidates.iter().enumerate() {
            let (values, domain) = candidate.at(index);
            if !self.derivation.system.ambient.implies(context, &domain) {
                continue;
            }
            let second = self.is_second_order(*family);
            if second && let Some(slots) = self.constant_slots(*family, index) {
                let candidate = candidate.clone();
                return self.closed_layer(&candidate, (*family, slots, stop), index);
            }
            let key = (place, at, stop);
            if !self.closed.contains_key(&key) {
                // A recurrence has no closed form: it finds this entry.
                self.closed.insert(key, None);
                let kept = stop.map_or(Kept::Nothing, Kept::By);
                let closed = crate::stack::deep(|| self.closed_form(candidate, second, kept));
                self.closed.insert(key, closed);
            }
            let closed = self.closed[&key].as_ref()?;
            return Some(closed.at(&mut self.derivation.system.store, &values));
        }
        None
    }

    /// What a second derivative by layers with numbers stands for: as it has no other notation, it is unfolded along
    /// the layers, one by one.
    fn closed_layer(&mut self, case: &Case, key: Layer, index: &[Affine]) -> Option<Closed> {
        if !self.closed_layers.contains_key(&key) {
            self.closed_layers.insert(key.clone(), None);
            let slots = key.1.len();
            let wanted: Vec<Option<Affine>> = index
                .iter()
                .enumerate()
                .map(|(at, value)| (at < slots).then(|| value.clone()))
                .collect();
            let layer = case.restricted(&mut self.derivation.system, &wanted)?;
            let kept = key.2.map_or(Kept::Nothing, Kept::By);
            let closed = crate::stack::deep(|| self.closed_form(&layer, true, kept));
            let closed = closed.map(|closed| (layer, closed));
            self.closed_layers.insert(key.clone(), closed);
        }
        let (layer, closed) = self.closed_layers[&key].as_ref()?;
        let (values, _) = layer.at(index);
        Some(closed.at(&mut self.derivation.system.store, &values))
    }
}

fn has_sums(system: &System, term: TermId) -> bool {
    system.store.any(term, |node| {
        matches!(node, Node::Reduce(..) | Node::Cases(_))
    })
}
