//! What a definition reads, in the order of writing.

use rustc_hash::FxHashSet;

use crate::system::{FamilyKind, System};
use crate::term::{Affine, Atom, Domain, FamilyId, Node, TermId, VarId};

/// A quantity that is read, at these slots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Read {
    pub(super) family: FamilyId,
    pub(super) slots: Box<[Affine]>,
    /// The letters of sums that stand in the slots.
    pub(super) bound: Vec<VarId>,
    /// Their values.
    pub(super) domain: Domain,
}

/// The different quantities that a body reads. Functions of matrices are read through, and so are arguments without a
/// name.
pub(super) fn reads(system: &System, body: TermId) -> Vec<Read> {
    let mut found = Reads {
        system,
        seen: FxHashSet::default(),
        met: FxHashSet::default(),
        bound: Vec::new(),
        raw: Vec::new(),
    };
    found.walk(body);
    let Reads { bound, raw, .. } = found;
    let mut distinct = Vec::new();
    for (family, slots) in raw {
        let mut domain = Domain::everything();
        let mut letters = Vec::new();
        for (vars, values) in &bound {
            let here = vars
                .iter()
                .filter(|var| slots.iter().any(|slot| slot.mentions(**var)));
            let before = letters.len();
            letters.extend(here);
            if letters.len() > before {
                let others: Vec<VarId> = vars
                    .iter()
                    .copied()
                    .filter(|var| !letters.contains(var))
                    .collect();
                domain = domain.and(&values.shadowed(&others));
            }
        }
        distinct.push(Read {
            family,
            slots,
            bound: letters,
            domain,
        });
    }
    distinct
}

struct Reads<'a> {
    system: &'a System,
    seen: FxHashSet<TermId>,
    met: FxHashSet<(FamilyId, Box<[Affine]>)>,
    bound: Vec<(Box<[VarId]>, Domain)>,
    raw: Vec<(FamilyId, Box<[Affine]>)>,
}

impl Reads<'_> {
    fn walk(&mut self, body: TermId) {
        let system = self.system;
        let mut stack = vec![body];
        while let Some(term) = stack.pop() {
            if !self.seen.insert(term) {
                continue;
            }
            let node = system.store.node(term);
            match node {
                Node::Access(family, index) => {
                    index.iter().for_each(|entry| self.inside(entry));
                    let mut of = *family;
                    while let FamilyKind::OfMatrix { of: inner, .. } = system.family(of).kind {
                        of = inner;
                    }
                    if system.is_nameless(of) {
                        let clauses = system.family(of).clauses.iter();
                        stack.extend(clauses.rev().filter_map(|clause| clause.body));
                    } else {
                        self.meet(of, index);
                    }
                }
                Node::Index(affine) => self.inside(affine),
                Node::Guard(domain) => self.conditions(domain),
                Node::Reduce(_, vars, domain, _) => {
                    self.conditions(domain);
                    self.bound.push((vars.clone(), domain.clone()));
                }
                Node::Number(_)
                | Node::Pi
                | Node::Parameter(_)
                | Node::Add(_)
                | Node::Mul(_)
                | Node::Power(..)
                | Node::Apply(..)
                | Node::Test(..)
                | Node::Cases(_) => {}
            }
            stack.extend(node.children().into_iter().rev());
        }
    }

    fn meet(&mut self, family: FamilyId, index: &[Affine]) {
        let slots: Box<[Affine]> = index[..self.system.family(family).slots].into();
        if self.met.insert((family, slots.clone())) {
            self.raw.push((family, slots));
        }
    }

    fn conditions(&mut self, domain: &Domain) {
        for constraint in domain.constraints() {
            self.inside(constraint.affine());
        }
    }

    /// Class numbers and the like are read in indices.
    fn inside(&mut self, affine: &Affine) {
        for (atom, _) in affine.terms() {
            match atom {
                Atom::Var(_) => {}
                Atom::Size(_, slots) => slots.iter().for_each(|slot| self.inside(slot)),
                Atom::Read(family, index) => {
                    index.iter().for_each(|entry| self.inside(entry));
                    self.meet(*family, index);
                }
            }
        }
    }
}
