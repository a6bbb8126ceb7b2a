//! What has to hold of the definitions together: undeclared inputs at the slots that are read, disjoint
//! clauses, reads inside their families, agreeing ranges, no empty maximum, no open cases.

use rustc_hash::{FxHashMap, FxHashSet};

use super::cycle::Dependencies;
use super::lower::Lowering;
use super::mistakes;
use super::ranges::InferredLetter;
use super::reads::{Reads, Sites, only_value};
use super::{Clause, FamilyKind};
use crate::source::{Diagnostic, Span};
use crate::term::{Affine, Domain, FamilyId, Node, TermId, VarId};

/// The accesses of one equation.
pub(super) struct Reader {
    pub(super) family: FamilyId,
    pub(super) clause: usize,
    pub(super) sites: Sites,
}

impl Lowering<'_> {
    pub(super) fn check_definitions(&mut self) {
        let readers = self.readers();
        self.give_undeclared_inputs(&readers);
        self.check_overlaps();
        if !self.problems.is_empty() {
            return;
        }
        self.check_agreement(&readers);
        if !self.problems.is_empty() {
            return;
        }
        self.check_reads(&readers);
        if !self.problems.is_empty() {
            return;
        }
        self.check_extrema(&readers);
        self.check_cases(&readers);
        self.check_opaque_loss();
        let mut problems = Vec::new();
        Dependencies::new(&self.system, &readers).check(&self.system, &mut problems);
        self.problems.extend(problems);
    }

    /// The accesses of every equation, in written order.
    fn readers(&self) -> Vec<Reader> {
        let mut clauses: FxHashMap<FamilyId, usize> = FxHashMap::default();
        self.drafts
            .iter()
            .map(|draft| {
                let next = clauses.entry(draft.family).or_insert(0);
                let clause = *next;
                *next += 1;
                let known = &self.system.family(draft.family).clauses[clause];
                let sites = match draft.body {
                    Some(body) => Sites::of(&self.system, &known.domain, body),
                    None => Sites::default(),
                };
                Reader {
                    family: draft.family,
                    clause,
                    sites,
                }
            })
            .collect()
    }

    fn span_of(&mut self, reader: usize, family: FamilyId, index: &[Affine]) -> Span {
        let access = self.system.store.access(family, index.iter().cloned());
        self.spans
            .get(&(reader, access))
            .copied()
            .unwrap_or(self.drafts[reader].span)
    }

    /// An undeclared input exists at exactly the slots that are read.
    fn give_undeclared_inputs(&mut self, readers: &[Reader]) {
        if self.implicit.is_empty() {
            return;
        }
        let mut general: Vec<(usize, FamilyId, Box<[Affine]>, Domain)> = Vec::new();
        let mut constant: Vec<(FamilyId, Box<[Affine]>)> = Vec::new();
        for (at, reader) in readers.iter().enumerate() {
            for site in &reader.sites.sites {
                if !self.implicit.contains(&site.family) {
                    continue;
                }
                if site.index.iter().all(|slot| slot.as_int().is_some()) {
                    constant.push((site.family, site.index.clone()));
                } else {
                    let context = reader.sites.contexts[site.context].clone();
                    general.push((at, site.family, site.index.clone(), context));
                }
            }
        }
        if let FamilyKind::OpaqueLoss(reads) =
            self.system.loss.map_or(FamilyKind::Defined, |loss| {
                self.system.family(loss).kind.clone()
            })
        {
            for (family, slots) in reads {
                if self.implicit.contains(&family) {
                    constant.push((family, slots));
                }
            }
        }
        for (reader, family, index, context) in general {
            let span = self.span_of(reader, family, &index);
            match self.image(&index, &context) {
                Some(clause) => {
                    let all = self.system.family(family).clauses.len();
                    self.add_input_slots(family, &clause, all, span);
                }
                None => {
                    let name = self.system.family(family).name.clone();
                    self.problems.push(mistakes::undeclared_slots(&name, span));
                }
            }
        }
        let mut known: FxHashSet<(FamilyId, Box<[Affine]>)> = FxHashSet::default();
        let mut symbolic: FxHashMap<FamilyId, usize> = FxHashMap::default();
        for (family, index) in constant {
            if !known.insert((family, index.clone())) {
                continue;
            }
            let span = self.system.family(family).span.unwrap_or_default();
            let clause = Clause {
                vars: Box::default(),
                index,
                domain: Domain::everything(),
                body: None,
                span: None,
            };
            // Different numbers do not meet: only what was read at letters and symbols may cover them.
            let symbolic = *symbolic
                .entry(family)
                .or_insert_with(|| self.system.family(family).clauses.len());
            self.add_input_slots(family, &clause, symbolic, span);
        }
    }

    /// The slots that `index` takes on in the context, as a clause over fresh letters.
    fn image(&mut self, index: &[Affine], context: &Domain) -> Option<Clause> {
        let mut letters: Vec<VarId> = Vec::new();
        let mut vars = Vec::with_capacity(index.len());
        let mut left = Vec::with_capacity(index.len());
        let mut equations = Domain::everything();
        for slot in index {
            let mut inside = Vec::new();
            slot.visit_vars(&mut |var| inside.push(var));
            match inside.as_slice() {
                [] => left.push(slot.clone()),
                [letter] => {
                    let name = self.system.store.letter(*letter).to_owned();
                    let fresh = self.system.store.fresh_var(&name);
                    equations = equations.and(&Domain::equal(&Affine::var(fresh), slot));
                    if !letters.contains(letter) {
                        letters.push(*letter);
                    }
                    vars.push(fresh);
                    left.push(Affine::var(fresh));
                }
                _ => return None,
            }
        }
        let mut domain = context.clone();
        // Letters of sums around the read and of other left indices are projected away.
        let mut others: Vec<VarId> = Vec::new();
        context.visit_vars(&mut |var| {
            if !letters.contains(&var) && !others.contains(&var) {
                others.push(var);
            }
        });
        for other in others {
            domain = domain.project(other);
        }
        let (_, domain) = equations.and(&domain).solve(&letters);
        let mut free = false;
        domain.visit_vars(&mut |var| free |= !vars.contains(&var));
        (!free).then(|| Clause {
            vars: vars.into_boxed_slice(),
            index: left.into_boxed_slice(),
            domain,
            body: None,
            span: None,
        })
    }

    /// The slots of a clause that none of the family's first `before` clauses has.
    fn add_input_slots(&mut self, family: FamilyId, clause: &Clause, before: usize, span: Span) {
        let mut parts = vec![clause.domain.clone()];
        for known in &self.system.family(family).clauses[..before] {
            let (_, inside) = known.at(&clause.index);
            let mut next = Vec::new();
            for part in parts {
                if self.system.ambient.implies(&part, &inside) {
                    continue;
                }
                if self.system.ambient.is_empty(&part.and(&inside)) {
                    next.push(part);
                    continue;
                }
                next.extend(
                    inside
                        .complement()
                        .iter()
                        .map(|outside| part.and(outside))
                        .filter(|rest| !self.system.ambient.is_empty(rest)),
                );
            }
            parts = next;
        }
        for domain in parts {
            let domain = self.system.ambient.minimal(&domain, &Domain::everything());
            let (vars, index, domain) = self.fresh_copy(clause, &domain);
            self.system.families[family.0 as usize]
                .clauses
                .push(Clause {
                    vars,
                    index,
                    domain,
                    body: None,
                    span: Some(span),
                });
        }
    }

    fn fresh_copy(
        &mut self,
        clause: &Clause,
        domain: &Domain,
    ) -> (Box<[VarId]>, Box<[Affine]>, Domain) {
        let (vars, renaming) = self.system.store.fresh_letters(&clause.vars);
        let index = clause
            .index
            .iter()
            .map(|entry| renaming.affine(entry))
            .collect();
        (vars, index, renaming.domain(domain))
    }

    /// Clauses of one family must not overlap.
    fn check_overlaps(&mut self) {
        for family in &self.system.families {
            if family.clauses.len() < 2 {
                continue;
            }
            let mut constants: FxHashMap<Vec<i64>, usize> = FxHashMap::default();
            let mut general: Vec<usize> = Vec::new();
            for (at, clause) in family.clauses.iter().enumerate() {
                let slots = &clause.index[..family.slots];
                match slots
                    .iter()
                    .map(Affine::as_int)
                    .collect::<Option<Vec<i64>>>()
                {
                    Some(slots) => {
                        if let Some(before) = constants.insert(slots, at) {
                            self.problems.push(overlap(
                                &self.system,
                                &family.name,
                                &family.clauses[before],
                                clause,
                                true,
                            ));
                        }
                    }
                    None => general.push(at),
                }
            }
            for (position, at) in general.iter().enumerate() {
                let clause = &family.clauses[*at];
                let mut others: Vec<usize> = constants.values().copied().collect();
                others.sort_unstable();
                others.extend_from_slice(&general[position + 1..]);
                for other in others {
                    let (first, second) = (*at.min(&other), *at.max(&other));
                    let against = &family.clauses[other];
                    let (_, inside) = clause.at(&against.index[..]);
                    let both = inside.and(&against.domain);
                    if !self.system.ambient.is_empty(&both) {
                        let same = clause.index[..family.slots] == against.index[..family.slots];
                        self.problems.push(overlap(
                            &self.system,
                            &family.name,
                            &family.clauses[first],
                            &family.clauses[second],
                            same,
                        ));
                    }
                }
            }
        }
    }

    /// The places at which a letter stands alone must give it the same range.
    fn check_agreement(&mut self, readers: &[Reader]) {
        if self.inferred.is_empty() {
            return;
        }
        let shapes = self.shapes();
        let mut found: Vec<Diagnostic> = Vec::new();
        for (at, reader) in readers.iter().enumerate() {
            for site in &reader.sites.sites {
                let slots = self.system.family(site.family).slots;
                for (axis, entry) in site.index[slots..].iter().enumerate() {
                    let Some(var) = entry.as_var() else {
                        continue;
                    };
                    let Some(InferredLetter {
                        size: Some((size, from)),
                        ..
                    }) = self.inferred.get(&var).cloned()
                    else {
                        continue;
                    };
                    let context = &reader.sites.contexts[site.context];
                    let sizes = self.sizes_at(&shapes, site.family, &site.index[..slots], axis);
                    for (other, condition) in sizes {
                        let Some(other) = other else {
                            continue;
                        };
                        if other == size {
                            continue;
                        }
                        let inner = context.and(&condition);
                        let equal = Domain::equal(&other, &size);
                        if self.system.ambient.implies(&inner, &equal) {
                            continue;
                        }
                        let span = self.span_of(at, site.family, &site.index);
                        let from = self.spans.get(&(at, from)).copied();
                        found.push(mistakes::ranges_disagree(
                            &self.system,
                            self.system.store.letter(var),
                            (span, &other),
                            (from.unwrap_or(self.drafts[at].head), &size),
                        ));
                    }
                }
            }
        }
        self.problems.extend(found);
    }

    fn check_reads(&mut self, readers: &[Reader]) {
        let mut outside: Vec<(usize, FamilyId, Box<[Affine]>, Domain)> = Vec::new();
        let mut reads = Reads::new(&self.system);
        for (at, reader) in readers.iter().enumerate() {
            for site in &reader.sites.sites {
                let context = &reader.sites.contexts[site.context];
                if let Some(missing) = reads.missing(site.family, &site.index, context) {
                    outside.push((at, site.family, site.index.clone(), missing));
                }
            }
        }
        for (reader, family, index, missing) in outside {
            let span = self.span_of(reader, family, &index);
            self.problems
                .push(self.read_outside(family, &index, &missing, span));
        }
    }

    pub(super) fn read_outside(
        &self,
        family: FamilyId,
        index: &[Affine],
        missing: &Domain,
        span: Span,
    ) -> Diagnostic {
        let system = &self.system;
        let known = system.family(family);
        let (slots, elements) = index.split_at(known.slots);
        // The slots alone may be outside, or only an element.
        let values: Vec<Option<Affine>> = slots
            .iter()
            .map(|slot| only_value(system, missing, slot))
            .collect();
        let slots_exist = known.clauses.iter().any(|clause| {
            let mut inside = Domain::everything();
            for (left, value) in clause.index.iter().zip(slots) {
                if left.is_constant() {
                    inside = inside.and(&Domain::equal(left, value));
                }
            }
            let (substitution, _) = clause.at(slots);
            let own: Vec<VarId> = clause.vars[..]
                .iter()
                .copied()
                .filter(|var| substitution.get(*var).is_none())
                .collect();
            let domain = clause
                .domain
                .filter(|constraint| !own.iter().any(|var| constraint.affine().mentions(*var)));
            let inside = inside.and(&substitution.domain(&domain));
            !system.ambient.is_empty(&missing.and(&inside))
        });
        if !slots.is_empty() && !slots_exist {
            let given: Option<Vec<Affine>> = values.into_iter().collect();
            // Where the boundary is one element, name it and the letters' values there.
            let mut at = Vec::new();
            let mut letters: Vec<VarId> = Vec::new();
            for slot in slots {
                slot.visit_vars(&mut |var| letters.push(var));
            }
            for letter in letters {
                if let Some(value) = only_value(system, missing, &Affine::var(letter)) {
                    at.push((letter, value));
                }
            }
            return mistakes::missing_slot(system, family, index, given.as_deref(), &at, span);
        }
        let ranges: Vec<String> = elements
            .iter()
            .map(|element| super::describe::affine(system, element))
            .collect();
        mistakes::outside_range(system, family, index, &ranges, span)
    }

    /// A maximum over nothing has no value.
    fn check_extrema(&mut self, readers: &[Reader]) {
        for (at, reader) in readers.iter().enumerate() {
            for (term, context) in &reader.sites.extrema {
                let Node::Reduce(_, vars, domain, _) = self.system.store.node(*term) else {
                    continue;
                };
                let mut shadow = domain.clone();
                for var in vars.iter().rev() {
                    shadow = shadow.project(*var);
                }
                let context = &reader.sites.contexts[*context];
                if !self.system.ambient.implies(context, &shadow) {
                    self.problems
                        .push(mistakes::empty_extremum(self.drafts[at].span));
                }
            }
        }
    }

    /// Cases on indices without `otherwise` must leave nothing out.
    fn check_cases(&mut self, readers: &[Reader]) {
        for (at, reader) in readers.iter().enumerate() {
            for (term, context) in &reader.sites.open_cases {
                if self.are_guards(*term)
                    && !self
                        .system
                        .ambient
                        .is_empty(&reader.sites.contexts[*context])
                {
                    let span = self.spans.get(&(at, *term)).copied();
                    self.problems.push(mistakes::missing_otherwise(
                        span.unwrap_or(self.drafts[at].span),
                    ));
                }
            }
        }
    }

    fn are_guards(&self, cases: TermId) -> bool {
        match self.system.store.node(cases) {
            Node::Cases(branches) => branches
                .iter()
                .all(|(condition, _)| matches!(self.system.store.node(*condition), Node::Guard(_))),
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Add(_)
            | Node::Mul(_)
            | Node::Power(..)
            | Node::Apply(..)
            | Node::Guard(_)
            | Node::Test(..) => false,
        }
    }

    /// What an opaque loss depends on has to exist.
    fn check_opaque_loss(&mut self) {
        let Some(loss) = self.system.loss else {
            return;
        };
        let known = self.system.family(loss);
        let FamilyKind::OpaqueLoss(reads) = &known.kind else {
            return;
        };
        let span = known.span.unwrap_or_default();
        let mut problems = Vec::new();
        for (family, slots) in reads {
            let read = self.system.family(*family);
            if slots.len() != read.slots {
                problems.push(mistakes::slots_differ(
                    &read.name,
                    span,
                    slots.len(),
                    read.span.unwrap_or(span),
                    read.slots,
                ));
                continue;
            }
            let exists = read.clauses.iter().any(|clause| {
                let mut inside = Domain::everything();
                for (left, value) in clause.index.iter().zip(slots) {
                    if left.is_constant() {
                        inside = inside.and(&Domain::equal(left, value));
                    }
                }
                let (substitution, condition) = clause.at(slots);
                let inner: Vec<VarId> = clause
                    .vars
                    .iter()
                    .copied()
                    .filter(|var| substitution.get(*var).is_none())
                    .collect();
                let condition =
                    condition.filter(|part| !inner.iter().any(|var| part.affine().mentions(*var)));
                self.system
                    .ambient
                    .implies(&Domain::everything(), &inside.and(&condition))
            });
            if !exists {
                problems.push(mistakes::missing_slot(
                    &self.system,
                    *family,
                    slots,
                    Some(slots),
                    &[],
                    span,
                ));
            }
        }
        self.problems.extend(problems);
    }
}

fn overlap(
    system: &super::System,
    name: &str,
    first: &Clause,
    second: &Clause,
    same: bool,
) -> Diagnostic {
    let spans = (
        second.span.unwrap_or_default(),
        first.span.unwrap_or_default(),
    );
    if same {
        return mistakes::defined_twice(name, spans.0, spans.1);
    }
    mistakes::overlapping(system, name, spans.0, spans.1)
}
