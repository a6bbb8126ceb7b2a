//! Ranges that nobody wrote: those of left indices and of sums, taken from the places where the letter
//! stands alone.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::lower::Lowering;
use super::mistakes;
use super::pieces::PieceIndex;
use super::{Clause, FamilyKind};
use crate::array::Shape;
use crate::source::Span;
use crate::term::{Affine, Domain, FamilyId, Node, Reduction, Store, Substitution, TermId, VarId};

/// One piece of a family's shape: at these slots, the size of each axis as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) vars: Vec<VarId>,
    pub(super) slots: Vec<Affine>,
    pub(super) domain: Domain,
    pub(super) sizes: Vec<Option<Affine>>,
    pub(super) span: Span,
}

/// One equation: the left side as read, the right side with the ranges of sums still open.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) family: FamilyId,
    /// Letters of the left side: slots, then elements.
    pub(super) vars: Vec<VarId>,
    /// How many of them stand in slots.
    pub(super) slot_vars: usize,
    pub(super) slots: Vec<Affine>,
    /// The size of each axis as far as it is known.
    pub(super) sizes: Vec<Option<Affine>>,
    /// Whether the range of each axis was written with `for`.
    pub(super) ranged: Vec<bool>,
    /// Values of the slot letters and of ranged elements.
    pub(super) domain: Domain,
    pub(super) body: Option<TermId>,
    pub(super) head: Span,
    pub(super) span: Span,
}

impl Draft {
    /// A number without indices.
    pub(super) fn new(family: FamilyId, head: Span, span: Span) -> Self {
        Self {
            family,
            vars: Vec::new(),
            slot_vars: 0,
            slots: Vec::new(),
            sizes: Vec::new(),
            ranged: Vec::new(),
            domain: Domain::everything(),
            body: None,
            head,
            span,
        }
    }

    fn element_vars(&self) -> &[VarId] {
        &self.vars[self.slot_vars..]
    }
}

/// A letter whose range is taken from elsewhere.
#[derive(Debug, Clone)]
pub(super) struct InferredLetter {
    pub(super) span: Span,
    /// The size that it runs to, and the place it was taken from.
    pub(super) size: Option<(Affine, TermId)>,
}

/// Letters with a range taken from elsewhere.
pub(super) type Inferred = FxHashMap<VarId, InferredLetter>;

/// An axis at which a letter stands alone.
#[derive(Debug, Clone)]
struct Place {
    access: TermId,
    family: FamilyId,
    axis: usize,
    slots: Vec<Affine>,
}

/// Shapes of all families, as far as they are known.
pub(super) struct Shapes {
    index: FxHashMap<FamilyId, PieceIndex>,
    /// The equations of each family that has no declared shape.
    drafts: FxHashMap<FamilyId, Vec<usize>>,
}

impl Lowering<'_> {
    pub(super) fn shapes(&self) -> Shapes {
        let mut drafts: FxHashMap<FamilyId, Vec<usize>> = FxHashMap::default();
        for (at, draft) in self.drafts.iter().enumerate() {
            if !self.declared.contains_key(&draft.family) {
                drafts.entry(draft.family).or_default().push(at);
            }
        }
        let mut index: FxHashMap<FamilyId, PieceIndex> = FxHashMap::default();
        for id in self.system.family_ids() {
            if let Some(pieces) = self.declared.get(&id) {
                index.insert(
                    id,
                    PieceIndex::new(pieces.iter().map(|piece| piece.slots.as_slice())),
                );
            } else if let Some(own) = drafts.get(&id) {
                index.insert(
                    id,
                    PieceIndex::new(own.iter().map(|at| self.drafts[*at].slots.as_slice())),
                );
            }
        }
        Shapes { index, drafts }
    }

    /// The sizes that an axis may have at these slots, each with its condition.
    pub(super) fn sizes_at(
        &self,
        shapes: &Shapes,
        family: FamilyId,
        slots: &[Affine],
        axis: usize,
    ) -> Vec<(Option<Affine>, Domain)> {
        let Some(index) = shapes.index.get(&family) else {
            return Vec::new();
        };
        let candidates = index.candidates(slots);
        candidates
            .into_iter()
            .map(|at| {
                if let Some(pieces) = self.declared.get(&family) {
                    let piece = &pieces[at];
                    let (letters, inside) =
                        Substitution::matching(&piece.vars, &piece.slots, &piece.domain, slots);
                    let size = piece.sizes[axis].as_ref();
                    (size.map(|size| letters.affine(size)), inside)
                } else {
                    let draft = &self.drafts[shapes.drafts[&family][at]];
                    let vars = &draft.vars[..draft.slot_vars];
                    let inner: FxHashSet<VarId> = draft.element_vars().iter().copied().collect();
                    let domain = draft.domain.filter(|constraint| {
                        let mut own = true;
                        constraint
                            .affine()
                            .visit_vars(&mut |var| own &= !inner.contains(&var));
                        own
                    });
                    let (letters, inside) =
                        Substitution::matching(vars, &draft.slots, &domain, slots);
                    let size = draft.sizes[axis].as_ref();
                    (size.map(|size| letters.affine(size)), inside)
                }
            })
            .filter(|(_, domain)| !domain.is_nothing())
            .collect()
    }

    /// Takes the range of every letter that has none from the places where it stands alone.
    pub(super) fn find_ranges(&mut self) {
        self.declared_sizes();
        let mut places: Vec<FxHashMap<VarId, Vec<Place>>> = Vec::with_capacity(self.drafts.len());
        for draft in &self.drafts {
            let open = draft.sizes.iter().any(Option::is_none);
            let sums = draft
                .body
                .is_some_and(|_| open || !self.inferred.is_empty());
            places.push(match draft.body {
                Some(body) if sums => self.places_in(body),
                Some(_) | None => FxHashMap::default(),
            });
        }
        self.find_left_ranges(&places);
        if !self.problems.is_empty() {
            return;
        }
        self.find_sum_ranges(&places);
    }

    /// Left indices of a declared family have the declared range.
    fn declared_sizes(&mut self) {
        let shapes = self.shapes();
        for at in 0..self.drafts.len() {
            let draft = &self.drafts[at];
            if draft.sizes.is_empty() || !self.declared.contains_key(&draft.family) {
                continue;
            }
            let (family, slots) = (draft.family, draft.slots.clone());
            for axis in 0..draft.sizes.len() {
                let sizes = self.sizes_at(&shapes, family, &slots, axis);
                let size = sizes.into_iter().find_map(|(size, _)| size);
                let draft = &mut self.drafts[at];
                match size {
                    Some(size) if !draft.ranged[axis] => draft.sizes[axis] = Some(size),
                    Some(size) => {
                        let var = draft.element_vars()[axis];
                        let inside = Domain::between(&Affine::int(1), &Affine::var(var), &size);
                        if !self.system.ambient.implies(&draft.domain, &inside) {
                            self.problems.push(mistakes::range_beyond_declared(
                                &self.system,
                                draft.head,
                                &size,
                            ));
                        }
                    }
                    // A slot that no declaration speaks of has the range that the right side gives.
                    None => break,
                }
            }
        }
    }

    fn places_in(&self, body: TermId) -> FxHashMap<VarId, Vec<Place>> {
        let store = &self.system.store;
        let mut places: FxHashMap<VarId, Vec<Place>> = FxHashMap::default();
        let mut seen: FxHashSet<TermId> = FxHashSet::default();
        let mut stack = vec![body];
        while let Some(term) = stack.pop() {
            if !seen.insert(term) {
                continue;
            }
            if let Node::Access(family, index) = store.node(term) {
                let slots = self.system.family(*family).slots;
                for (axis, entry) in index[slots..].iter().enumerate() {
                    if let Some(var) = entry.as_var() {
                        places.entry(var).or_default().push(Place {
                            access: term,
                            family: *family,
                            axis,
                            slots: index[..slots].to_vec(),
                        });
                    }
                }
            }
            let from = stack.len();
            stack.extend(store.node(term).children());
            stack[from..].reverse();
        }
        places
    }

    /// The first size at one of the places that speaks of `allowed` letters only.
    fn size_from(
        &self,
        shapes: &Shapes,
        places: &[Place],
        allowed: impl Fn(VarId) -> bool,
    ) -> Option<(Affine, TermId)> {
        places.iter().find_map(|place| {
            self.sizes_at(shapes, place.family, &place.slots, place.axis)
                .into_iter()
                .find_map(|(size, _)| {
                    size.filter(|size| {
                        let mut known = true;
                        size.visit_vars(&mut |var| known &= allowed(var));
                        known
                    })
                })
                .map(|size| (size, place.access))
        })
    }

    fn find_left_ranges(&mut self, places: &[FxHashMap<VarId, Vec<Place>>]) {
        let shapes = self.shapes();
        let mut queue: VecDeque<usize> = (0..self.drafts.len())
            .filter(|at| self.drafts[*at].sizes.iter().any(Option::is_none))
            .collect();
        // Equations that wait for the shape of another one at the same constant slots, or of any.
        let mut waiting: FxHashMap<(FamilyId, Option<Vec<i64>>), Vec<usize>> = FxHashMap::default();
        for at in &queue {
            for place in self.drafts[*at]
                .element_vars()
                .iter()
                .flat_map(|var| places[*at].get(var).into_iter().flatten())
            {
                waiting
                    .entry((place.family, constants(&place.slots)))
                    .or_default()
                    .push(*at);
            }
        }
        while let Some(at) = queue.pop_front() {
            let draft = &self.drafts[at];
            let mut found = Vec::new();
            for (axis, var) in draft.element_vars().iter().enumerate() {
                if draft.sizes[axis].is_some() || draft.ranged[axis] {
                    continue;
                }
                let Some(places) = places[at].get(var) else {
                    continue;
                };
                let slots = &draft.vars[..draft.slot_vars];
                if let Some((size, access)) =
                    self.size_from(&shapes, places, |var| slots.contains(&var))
                {
                    found.push((axis, *var, size, access));
                }
            }
            if found.is_empty() {
                continue;
            }
            for (axis, var, size, access) in found {
                self.inferred.insert(
                    var,
                    InferredLetter {
                        span: self.drafts[at].head,
                        size: Some((size.clone(), access)),
                    },
                );
                self.drafts[at].sizes[axis] = Some(size);
            }
            let draft = &self.drafts[at];
            let mut wake: Vec<usize> = Vec::new();
            match constants(&draft.slots) {
                Some(slots) => {
                    wake.extend(
                        waiting
                            .get(&(draft.family, Some(slots)))
                            .into_iter()
                            .flatten(),
                    );
                    wake.extend(waiting.get(&(draft.family, None)).into_iter().flatten());
                }
                None => {
                    let mut keys: Vec<_> = waiting
                        .iter()
                        .filter(|((family, _), _)| *family == draft.family)
                        .flat_map(|(_, waiters)| waiters.iter().copied())
                        .collect();
                    keys.sort_unstable();
                    wake.extend(keys);
                }
            }
            wake.dedup();
            queue.extend(
                wake.into_iter()
                    .filter(|other| self.drafts[*other].sizes.iter().any(Option::is_none)),
            );
        }
        for draft in &self.drafts {
            for (axis, var) in draft.element_vars().iter().enumerate() {
                if draft.sizes[axis].is_none() && !draft.ranged[axis] {
                    let name = &self.system.family(draft.family).name;
                    let letter = self.system.store.letter(*var);
                    let used = self.shape_by_use(&shapes, places, draft);
                    let used = used.map(|shape| self.shape_text(&shape));
                    self.problems.push(mistakes::no_left_range(
                        name,
                        letter,
                        draft.head,
                        used.as_deref(),
                    ));
                }
            }
        }
    }

    /// The shape that goes with the arrays beside which a quantity is used, if all of them say the same: `z_i - y_i`
    /// with a known `y`. It is offered and never taken.
    fn shape_by_use(
        &self,
        shapes: &Shapes,
        places: &[FxHashMap<VarId, Vec<Place>>],
        draft: &Draft,
    ) -> Option<Shape> {
        let mut sizes = Vec::with_capacity(draft.sizes.len());
        for (axis, known) in draft.sizes.iter().enumerate() {
            if let Some(size) = known {
                sizes.push(size.clone());
                continue;
            }
            let mut found: Option<Affine> = None;
            for used in places.iter().flat_map(FxHashMap::values) {
                let own = |place: &Place| place.family == draft.family && place.axis == axis;
                if !used.iter().any(own) {
                    continue;
                }
                let (size, _) = self.size_from(shapes, used, |_| false)?;
                if found.as_ref().is_some_and(|other| *other != size) {
                    return None;
                }
                found = Some(size);
            }
            sizes.push(found?);
        }
        match &sizes[..] {
            [size] => Some(Shape::Column(size.clone())),
            [rows, columns] => Some(Shape::Matrix(rows.clone(), columns.clone())),
            _ => None,
        }
    }

    fn find_sum_ranges(&mut self, places: &[FxHashMap<VarId, Vec<Place>>]) {
        let shapes = self.shapes();
        for (at, places) in places.iter().enumerate() {
            let Some(body) = self.drafts[at].body else {
                continue;
            };
            self.current = at;
            let allowed: Vec<VarId> = self.drafts[at].vars.clone();
            self.drafts[at].body = Some(self.close_sums(body, &shapes, places, allowed));
        }
    }

    /// The term with the ranges of its sums written into them; for terms outside of equations.
    pub(super) fn closed(&mut self, term: TermId, allowed: Vec<VarId>) -> TermId {
        let shapes = self.shapes();
        let places = self.places_in(term);
        self.close_sums(term, &shapes, &places, allowed)
    }

    fn close_sums(
        &mut self,
        body: TermId,
        shapes: &Shapes,
        places: &FxHashMap<VarId, Vec<Place>>,
        mut allowed: Vec<VarId>,
    ) -> TermId {
        if self.reductions == 0 {
            return body;
        }
        let mut closed = FxHashMap::default();
        self.close(body, shapes, places, &mut allowed, &mut closed)
    }

    fn close(
        &mut self,
        term: TermId,
        shapes: &Shapes,
        places: &FxHashMap<VarId, Vec<Place>>,
        allowed: &mut Vec<VarId>,
        closed: &mut FxHashMap<TermId, TermId>,
    ) -> TermId {
        if let Some(done) = closed.get(&term) {
            return *done;
        }
        let node = self.system.store.node(term).clone();
        let result = crate::stack::deep(|| match &node {
            Node::Reduce(op, vars, domain, body) => {
                let mut domain = domain.clone();
                for var in vars.iter().copied() {
                    let Some(letter) = self.inferred.get(&var) else {
                        continue;
                    };
                    let span = letter.span;
                    let own = places.get(&var).map_or(&[][..], Vec::as_slice);
                    let size = self.size_from(shapes, own, |var| allowed.contains(&var));
                    let Some((size, access)) = size else {
                        let letter = self.system.store.letter(var).to_owned();
                        self.problems
                            .push(mistakes::no_sum_range(&letter, span, !own.is_empty()));
                        continue;
                    };
                    domain =
                        domain.and(&Domain::between(&Affine::int(1), &Affine::var(var), &size));
                    if let Some(letter) = self.inferred.get_mut(&var) {
                        letter.size = Some((size, access));
                    }
                }
                let depth = allowed.len();
                allowed.extend(vars.iter().copied());
                let body = self.close(*body, shapes, places, allowed, closed);
                allowed.truncate(depth);
                nested(&mut self.system.store, *op, vars, domain, body)
            }
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Guard(_) => term,
            Node::Add(_)
            | Node::Mul(_)
            | Node::Power(..)
            | Node::Apply(..)
            | Node::Test(..)
            | Node::Cases(_) => {
                let children: Vec<TermId> = node
                    .children()
                    .into_iter()
                    .map(|child| self.close(child, shapes, places, allowed, closed))
                    .collect();
                as_written(&mut self.system.store, &node, &children)
            }
        });
        if let Node::Cases(_) = node
            && result != term
            && let Some(span) = self.spans.get(&(self.current, term)).copied()
        {
            self.spans.entry((self.current, result)).or_insert(span);
        }
        closed.insert(term, result);
        result
    }

    /// Clauses of defined and of declared families, from what is known now.
    pub(super) fn finish_clauses(&mut self) {
        for draft in &self.drafts {
            let mut domain = draft.domain.clone();
            for (axis, var) in draft.element_vars().iter().enumerate() {
                if let (Some(size), false) = (&draft.sizes[axis], draft.ranged[axis]) {
                    domain =
                        domain.and(&Domain::between(&Affine::int(1), &Affine::var(*var), size));
                }
            }
            let index = draft
                .slots
                .iter()
                .cloned()
                .chain(draft.element_vars().iter().map(|var| Affine::var(*var)))
                .collect();
            self.system.families[draft.family.0 as usize]
                .clauses
                .push(Clause {
                    vars: draft.vars.clone().into_boxed_slice(),
                    index,
                    domain,
                    body: draft.body,
                    span: Some(draft.span),
                });
        }
        for id in self.system.family_ids() {
            let Some(pieces) = self.declared.get(&id).cloned() else {
                continue;
            };
            if self.system.family(id).kind == FamilyKind::Defined {
                self.add_boundaries(id, &pieces);
                continue;
            }
            for piece in pieces {
                let clause = self.input_clause(&piece);
                self.system.families[id.0 as usize].clauses.push(clause);
            }
        }
    }

    /// Declared slots that no equation can reach (`h[0]` beside an equation for `h[t]`, t from 1) are given: an input
    /// of the same name has them, and the quantity takes its values there.
    fn add_boundaries(&mut self, id: FamilyId, pieces: &[Piece]) {
        for piece in pieces {
            let clause = self.input_clause(piece);
            let reached = self.system.family(id).clauses.iter().any(|known| {
                let slots = self.system.family(id).slots;
                let same = known.index[..slots]
                    .iter()
                    .zip(&clause.index)
                    .fold(known.domain.and(&clause.domain), |same, (left, right)| {
                        same.and(&Domain::equal(left, right))
                    });
                !self.system.ambient.is_empty(&same)
            });
            if reached {
                continue;
            }
            let family = self.system.family(id);
            let given = crate::system::Family {
                kind: FamilyKind::Input,
                clauses: vec![clause.clone()],
                span: Some(piece.span),
                ..family.clone()
            };
            let given = self.system.add_family(given);
            let own = self.input_clause(piece);
            let body = self.system.store.access(given, own.index.iter().cloned());
            self.system.families[id.0 as usize].clauses.push(Clause {
                body: Some(body),
                ..own
            });
        }
    }

    fn input_clause(&mut self, piece: &Piece) -> Clause {
        const LETTERS: [&str; 4] = ["i", "j", "k", "l"];
        let mut vars = piece.vars.clone();
        let mut index = piece.slots.clone();
        let mut domain = piece.domain.clone();
        let slots: Vec<String> = vars
            .iter()
            .map(|var| self.system.store.letter(*var).to_owned())
            .collect();
        let mut letters = LETTERS
            .into_iter()
            .filter(|letter| !slots.iter().any(|slot| slot == letter));
        for size in piece.sizes.iter().flatten() {
            let var = self.system.store.fresh_var(letters.next().unwrap_or("m"));
            domain = domain.and(&Domain::between(&Affine::int(1), &Affine::var(var), size));
            vars.push(var);
            index.push(Affine::var(var));
        }
        Clause {
            vars: vars.into_boxed_slice(),
            index: index.into_boxed_slice(),
            domain,
            body: None,
            span: Some(piece.span),
        }
    }
}

/// The values of slots that are numbers.
fn constants(slots: &[Affine]) -> Option<Vec<i64>> {
    slots.iter().map(Affine::as_int).collect()
}

/// A reduction; a maximum or minimum over several letters is nested, one letter each.
fn nested(
    store: &mut Store,
    op: Reduction,
    vars: &[VarId],
    domain: Domain,
    body: TermId,
) -> TermId {
    match (op, vars) {
        (Reduction::Max | Reduction::Min, [outer @ .., last]) if !outer.is_empty() => {
            // Each outer letter runs over the values for which something is left inside.
            let shadow = domain.project(*last);
            let inner = store.reduce(op, [*last], domain, body);
            nested(store, op, outer, shadow, inner)
        }
        (Reduction::Sum | Reduction::Product | Reduction::Max | Reduction::Min, _) => {
            store.reduce(op, vars.iter().copied(), domain, body)
        }
    }
}

/// The node with other children, nothing simplified.
fn as_written(store: &mut Store, node: &Node, children: &[TermId]) -> TermId {
    match node {
        Node::Add(_) => store.intern(Node::Add(children.into())),
        Node::Mul(_) => store.intern(Node::Mul(children.into())),
        Node::Power(..) => store.intern(Node::Power(children[0], children[1])),
        Node::Number(_)
        | Node::Pi
        | Node::Index(_)
        | Node::Access(..)
        | Node::Parameter(_)
        | Node::Guard(_)
        | Node::Reduce(..)
        | Node::Apply(..)
        | Node::Test(..)
        | Node::Cases(_) => store.rebuild(node, children),
    }
}
