//! Terms that stand behind a name while others are worked on.

use crate::system::{Family, FamilyKind, System};
use crate::term::{Affine, Bindings, FamilyId, Node, Store, Substitution, TermId, VarId, unify};

/// One term, at its own letters, and its name.
#[derive(Debug, Clone)]
struct Name {
    vars: Box<[VarId]>,
    body: TermId,
    family: FamilyId,
}

/// Names for terms.
#[derive(Debug, Clone, Default)]
pub(super) struct Hidden {
    names: Vec<Name>,
}

impl Hidden {
    /// A name for a term, at its own letters.
    pub(super) fn hide(&mut self, system: &mut System, term: TermId) -> TermId {
        let body = self.shown(&mut system.store, term);
        let vars: Box<[VarId]> = system.store.free_vars(body).into();
        let index: Vec<Affine> = vars.iter().map(|var| Affine::var(*var)).collect();
        let family = match self.names.iter().find(|name| name.body == body) {
            Some(known) => known.family,
            None => {
                let family = system.add_family(Family {
                    name: String::new(),
                    slots: 0,
                    axes: vars.len(),
                    kind: FamilyKind::Defined,
                    role: None,
                    clauses: Vec::new(),
                    integers: None,
                    span: None,
                });
                self.names.push(Name { vars, body, family });
                family
            }
        };
        system.store.access(family, index)
    }

    /// The name of a term, if it is a hidden one at other letters.
    pub(super) fn name(&self, store: &mut Store, term: TermId) -> Option<TermId> {
        self.names.iter().find_map(|name| {
            let mut values = Bindings::default();
            if !unify(store, name.body, term, &name.vars, &mut values) {
                return None;
            }
            let index: Option<Vec<Affine>> = name
                .vars
                .iter()
                .map(|var| values.get(var).cloned())
                .collect();
            Some(store.access(name.family, index?))
        })
    }

    /// The hidden terms put back.
    pub(super) fn shown(&self, store: &mut Store, term: TermId) -> TermId {
        if self.names.is_empty() {
            return term;
        }
        store.replace(term, &mut |store, part| {
            let Node::Access(family, index) = store.node(part).clone() else {
                return None;
            };
            let name = self.names.iter().find(|name| name.family == family)?;
            let values = Substitution::new(name.vars.iter().copied().zip(index));
            Some(store.substitute(name.body, &values))
        })
    }
}
