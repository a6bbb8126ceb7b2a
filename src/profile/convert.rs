//! A network in another convention: other numbers of layers, other orders of axes, other letters. The quantities are
//! the same, only their indices are written differently, so every term is rewritten and none is rounded.

use rustc_hash::FxHashMap;

use super::Profile;
use super::places::{Counter, Places, letter};
use crate::system::{Clause, Fact, FamilyKind, Spelled, System, Target};
use crate::term::{Affine, Atom, Domain, FamilyId, Node, TermId, VarId};

/// Rewrites all of a system.
pub(super) fn convert(system: &mut System, places: &Places, profile: &Profile) {
    let mut converter = Converter {
        places,
        profile,
        letters: Vec::new(),
        done: FxHashMap::default(),
    };
    for at in 0..system.families.len() {
        let id = FamilyId(at as u32);
        let clauses: Vec<Clause> = system.families[at].clauses.clone();
        let clauses = clauses
            .into_iter()
            .map(|clause| converter.clause(system, id, clause))
            .collect();
        system.families[at].clauses = clauses;
        if let FamilyKind::OpaqueLoss(reads) = system.families[at].kind.clone() {
            let reads = reads
                .iter()
                .map(|(family, index)| (*family, converter.index(*family, index)))
                .collect();
            system.families[at].kind = FamilyKind::OpaqueLoss(reads);
        }
        if let Some((low, high)) = &system.families[at].integers {
            system.families[at].integers = Some((converter.affine(low), converter.affine(high)));
        }
    }
    for at in 0..system.assumptions.len() {
        let mut assumption = system.assumptions[at].clone();
        assumption.domain = converter.domain(&assumption.domain);
        assumption.fact = match assumption.fact {
            Fact::Compare(cmp, left, right) => Fact::Compare(
                cmp,
                converter.term(system, left),
                converter.term(system, right),
            ),
            Fact::OneOf(term, values) => Fact::OneOf(converter.term(system, term), values),
            Fact::OneHot(term, var) => Fact::OneHot(converter.term(system, term), var),
            Fact::Matrix(family, property) => Fact::Matrix(family, property),
        };
        system.assumptions[at] = assumption;
    }
    for question in &mut system.questions {
        for target in std::iter::once(&mut question.of).chain(&mut question.wrt) {
            converter.target(target);
        }
    }
    for at in 0..system.spellings.len() {
        let mut spelling = system.spellings[at].clone();
        let vars = spelling.vars.clone();
        spelling.what = match spelling.what {
            Spelled::Slots(family, slots) => {
                Spelled::Slots(family, converter.pattern(&vars, family, &slots))
            }
            Spelled::Derivative { of, wrt } => Spelled::Derivative {
                of: (of.0, converter.pattern(&vars, of.0, &of.1)),
                wrt: (wrt.0, converter.pattern(&vars, wrt.0, &wrt.1)),
            },
            Spelled::Term(term) => Spelled::Term(converter.term(system, term)),
        };
        system.spellings[at] = spelling;
    }
    system.ambient.facts = converter.domain(&system.ambient.facts);
    for family in system.family_ids() {
        if let Some(bounds) = system.ambient.reads.get_mut(&family) {
            *bounds = (converter.affine(&bounds.0), converter.affine(&bounds.1));
        }
    }
    if let Some((size, added)) = places.depth
        && added > 0
    {
        let least = Affine::int(added + 1);
        let deep = Domain::at_least(&Affine::size(size), &least);
        system.ambient.facts = system.ambient.facts.and(&deep);
    }
}

struct Converter<'a> {
    places: &'a Places,
    profile: &'a Profile,
    /// What letters of the network are in the profile.
    letters: Vec<(VarId, Affine)>,
    /// Terms that were rewritten with these letters.
    done: FxHashMap<TermId, TermId>,
}

impl Converter<'_> {
    fn affine(&self, affine: &Affine) -> Affine {
        affine.map_atoms(&mut |atom| match atom {
            Atom::Var(var) => {
                let mut known = self.letters.iter().rev();
                known
                    .find(|(letter, _)| letter == var)
                    .map(|(_, value)| value.clone())
            }
            Atom::Size(size, slots) if !slots.is_empty() => {
                let shift = self.places.sizes[size.0 as usize];
                let slots = slots.iter().map(|slot| slot.offset(shift)).collect();
                Some(Affine::atom(Atom::Size(*size, slots)))
            }
            Atom::Size(size, _) => match self.places.depth {
                Some((depth, added)) if depth == *size => Some(Affine::size(*size).offset(-added)),
                _ => None,
            },
            Atom::Read(family, index) => Some(Affine::atom(Atom::Read(
                *family,
                self.placed(*family, index.to_vec()),
            ))),
        })
    }

    fn domain(&self, domain: &Domain) -> Domain {
        domain.map(|affine| self.affine(affine))
    }

    /// An index of a family as the profile writes it.
    fn index(&self, family: FamilyId, index: &[Affine]) -> Box<[Affine]> {
        let index = index.iter().map(|entry| self.affine(entry)).collect();
        self.placed(family, index)
    }

    /// Entries that are rewritten already at their new places.
    fn placed(&self, family: FamilyId, mut index: Vec<Affine>) -> Box<[Affine]> {
        if let Some(Counter::Slot(slot)) = self.places.counter(family) {
            index[slot] = index[slot].offset(self.places.shift(family));
        }
        self.swap(family, &mut index);
        index.into_boxed_slice()
    }

    /// The two axes of a family, which are last in its index, in the profile's order.
    fn swap<T>(&self, family: FamilyId, index: &mut [T]) {
        if self.places.swapped.get(family.0 as usize) == Some(&true)
            && let [.., first, second] = index
        {
            std::mem::swap(first, second);
        }
    }

    fn target(&self, target: &mut Target) {
        let mut index: Vec<Option<Affine>> = target
            .index
            .iter()
            .map(|entry| entry.as_ref().map(|entry| self.affine(entry)))
            .collect();
        if let Some(Counter::Slot(slot)) = self.places.counter(target.family)
            && let Some(Some(entry)) = index.get_mut(slot)
        {
            *entry = entry.offset(self.places.shift(target.family));
        }
        self.swap(target.family, &mut index);
        target.index = index.into_boxed_slice();
    }

    /// The slots of a spelling. Its letters stand for the number of a layer as it is printed.
    fn pattern(&self, vars: &[VarId], family: FamilyId, slots: &[Affine]) -> Box<[Affine]> {
        let mut slots: Vec<Affine> = slots.iter().map(|slot| self.affine(slot)).collect();
        if let Some(Counter::Slot(slot)) = self.places.counter(family)
            && !vars.iter().any(|var| slots[slot].mentions(*var))
        {
            slots[slot] = slots[slot].offset(self.places.shift(family));
        }
        slots.into_boxed_slice()
    }

    /// A definition, with the profile's letters on its left side.
    fn clause(&mut self, system: &mut System, family: FamilyId, clause: Clause) -> Clause {
        let slots = system.family(family).slots;
        let mut letters = Vec::new();
        let mut vars = clause.vars.to_vec();
        for (at, entry) in self.index(family, &clause.index).iter().enumerate() {
            let Some(var) = letter(entry) else { continue };
            let Some(wish) = self.wish(family, at, slots) else {
                continue;
            };
            let fresh = system.store.fresh_var(&wish);
            let behind = entry.minus(&Affine::var(var));
            letters.push((var, Affine::var(fresh).minus(&behind)));
            for known in &mut vars {
                if *known == var {
                    *known = fresh;
                }
            }
        }
        self.within(letters, |converter| Clause {
            vars: vars.into_boxed_slice(),
            index: converter.index(family, &clause.index),
            domain: converter.domain(&clause.domain),
            body: clause.body.map(|body| converter.term(system, body)),
            span: clause.span,
        })
    }

    /// Rewrites with more letters.
    fn within<T>(
        &mut self,
        letters: Vec<(VarId, Affine)>,
        rewrite: impl FnOnce(&mut Self) -> T,
    ) -> T {
        if letters.is_empty() {
            return rewrite(self);
        }
        let outside = self.letters.len();
        self.letters.extend(letters);
        let done = std::mem::take(&mut self.done);
        let result = rewrite(self);
        self.letters.truncate(outside);
        self.done = done;
        result
    }

    /// The letter that the profile has for an entry of a family's index, as it is after rewriting.
    fn wish(&self, family: FamilyId, at: usize, slots: usize) -> Option<String> {
        let letter = if at < slots {
            (self.places.counter(family) == Some(Counter::Slot(at)))
                .then_some(self.profile.layers.letter.as_ref())
        } else if let Some(Some(layer)) = self.places.axis_layers[family.0 as usize].get(at - slots)
        {
            Some(self.profile.layers.letters.get(*layer))
        } else {
            let entries = &self.profile.entries;
            match self.places.to_axes[family.0 as usize] {
                Some(to) => {
                    let swapped = self.places.swapped[family.0 as usize];
                    let gives = (at - slots == to) != swapped;
                    Some(if gives { &entries.to } else { &entries.from }.as_ref())
                }
                None => (self.places.counter(family).is_some()
                    && self.places.example_axes[family.0 as usize].is_none())
                .then_some(entries.to.as_ref()),
            }
        };
        Some(letter??.as_str().to_owned())
    }

    fn term(&mut self, system: &mut System, term: TermId) -> TermId {
        if let Some(done) = self.done.get(&term) {
            return *done;
        }
        let result = crate::stack::deep(|| self.rewritten(system, term));
        self.done.insert(term, result);
        result
    }

    fn rewritten(&mut self, system: &mut System, term: TermId) -> TermId {
        match system.store.node(term).clone() {
            Node::Access(family, index) => {
                let index = match system.family(family).kind {
                    // Its index is that of its argument, whose axes keep their places.
                    FamilyKind::OfMatrix { of, .. } => self.index(of, &index),
                    _ => self.index(family, &index),
                };
                system.store.intern(Node::Access(family, index))
            }
            Node::Index(affine) => {
                let affine = self.affine(&affine);
                system.store.intern(Node::Index(affine))
            }
            Node::Guard(domain) => {
                let domain = self.domain(&domain);
                system.store.guard(domain)
            }
            Node::Reduce(op, vars, domain, body) => {
                let mut letters = Vec::new();
                let mut own = Vec::with_capacity(vars.len());
                for var in vars {
                    match self.bound_letter(system, body, var) {
                        Some((wish, behind)) => {
                            let fresh = system.store.fresh_var(&wish);
                            letters.push((var, Affine::var(fresh).offset(-behind)));
                            own.push(fresh);
                        }
                        None => own.push(var),
                    }
                }
                self.within(letters, |converter| {
                    let domain = converter.domain(&domain);
                    let body = converter.term(system, body);
                    let own = own.into_boxed_slice();
                    system.store.intern(Node::Reduce(op, own, domain, body))
                })
            }
            // The order and the brackets of the author are kept.
            Node::Add(terms) => {
                let terms = terms.iter().map(|term| self.term(system, *term)).collect();
                system.store.intern(Node::Add(terms))
            }
            Node::Mul(factors) => {
                let factors = factors
                    .iter()
                    .map(|term| self.term(system, *term))
                    .collect();
                system.store.intern(Node::Mul(factors))
            }
            node => {
                let children: Vec<TermId> = node
                    .children()
                    .into_iter()
                    .map(|child| self.term(system, child))
                    .collect();
                if children.as_slice() == node.children().as_slice() {
                    return term;
                }
                system.store.rebuild(&node, &children)
            }
        }
    }

    /// The letter that the profile has for a bound one, and how far it stands behind what it counts: those of the
    /// first weight that it is an index of.
    fn bound_letter(&self, system: &System, body: TermId, var: VarId) -> Option<(String, i64)> {
        super::places::accesses(system, body)
            .into_iter()
            .filter(|(family, _)| {
                let at = family.0 as usize;
                let joins = self.places.to_axes.get(at).is_some_and(Option::is_some);
                joins
                    || self
                        .places
                        .axis_layers
                        .get(at)
                        .is_some_and(|axes| axes.iter().any(Option::is_some))
            })
            .find_map(|(family, index)| {
                let slots = system.family(family).slots;
                self.index(family, &index)
                    .iter()
                    .enumerate()
                    .find_map(|(at, entry)| {
                        let behind = entry.minus(&Affine::var(var)).as_int()?;
                        Some((self.wish(family, at, slots)?, behind))
                    })
            })
    }
}
