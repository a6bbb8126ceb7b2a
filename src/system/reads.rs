//! Every read of a family has to be proved inside the union of its clauses, in a network and again in
//! every system derived from it.

use indexmap::IndexSet;
use num_rational::Ratio;
use rustc_hash::FxBuildHasher;
use smallvec::{SmallVec, smallvec};

use super::pieces::{ClauseIndex, Numbers};
use super::{Family, FamilyKind, System};
use crate::term::{Affine, Atom, Domain, FamilyId, Node, Reduction, Seen, TermId, VarId};

/// A read that is not proved to be inside its family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnprovedRead {
    /// The clause of the reading family.
    pub clause: usize,
    /// The family that is read.
    pub family: FamilyId,
    /// At which index.
    pub index: Box<[Affine]>,
    /// What is known around the read.
    pub context: Domain,
    /// Where the read may be outside.
    pub missing: Domain,
}

/// An access in a body, with what is known around it.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) family: FamilyId,
    pub(super) index: Box<[Affine]>,
    /// A key into [`Sites::contexts`].
    pub(super) context: usize,
}

/// All accesses of one body.
#[derive(Debug, Default)]
pub(super) struct Sites {
    pub(super) contexts: IndexSet<Domain, FxBuildHasher>,
    pub(super) sites: Vec<Site>,
    /// Maxima and minima, with what is known around them.
    pub(super) extrema: Vec<(TermId, usize)>,
    /// Cases without `otherwise`, with what is known where none of them holds.
    pub(super) open_cases: Vec<(TermId, usize)>,
}

/// More ways to reach one branch of cases than this are not told apart.
const MOST_WAYS: usize = 16;

impl Sites {
    /// The accesses of a body whose letters satisfy `domain`.
    pub(super) fn of(system: &System, domain: &Domain, body: TermId) -> Self {
        let mut sites = Sites::default();
        sites.walk(system, domain.clone(), body);
        sites
    }

    fn context(&mut self, domain: Domain) -> usize {
        self.contexts.insert_full(domain).0
    }

    fn walk(&mut self, system: &System, domain: Domain, body: TermId) {
        let start = self.context(domain);
        let mut seen: Seen<(TermId, usize)> = Seen::default();
        let mut stack: SmallVec<[(TermId, usize); 8]> = smallvec![(body, start)];
        while let Some((term, context)) = stack.pop() {
            if !seen.insert((term, context)) {
                continue;
            }
            let from = stack.len();
            match system.store.node(term) {
                Node::Number(_) | Node::Pi | Node::Parameter(_) => {}
                Node::Index(affine) => self.reads_of(affine, context),
                Node::Access(family, index) => {
                    for entry in index {
                        self.reads_of(entry, context);
                    }
                    self.sites.push(Site {
                        family: *family,
                        index: index.clone(),
                        context,
                    });
                    self.read_argument(system, *family, index, context);
                }
                Node::Guard(domain) => {
                    let outside = self.contexts[context].clone();
                    self.reads_of_domain(domain, &outside);
                }
                Node::Reduce(op, vars, domain, body) => {
                    let bound = self.contexts[context].shadowed(vars);
                    self.reads_of_domain(domain, &bound);
                    match op {
                        Reduction::Max | Reduction::Min => self.extrema.push((term, context)),
                        Reduction::Sum | Reduction::Product => {}
                    }
                    stack.push((*body, self.context(bound.and(domain))));
                }
                Node::Mul(factors) => {
                    let inner = self.under_guards(system, factors, context);
                    for factor in factors {
                        let guard = matches!(system.store.node(*factor), Node::Guard(_));
                        stack.push((*factor, if guard { context } else { inner }));
                    }
                }
                Node::Add(_) | Node::Power(..) | Node::Apply(..) | Node::Test(..) => {
                    let children = system.store.node(term).children();
                    stack.extend(children.into_iter().map(|child| (child, context)));
                }
                Node::Cases(branches) => {
                    let mut ways = vec![context];
                    for (condition, value) in branches {
                        for way in &ways {
                            stack.push((*condition, *way));
                            let holds = self.under_condition(system, *condition, *way);
                            if !self.contexts[holds].is_nothing() {
                                stack.push((*value, holds));
                            }
                        }
                        ways = self.without_condition(system, *condition, &ways);
                    }
                    self.open_cases
                        .extend(ways.into_iter().map(|way| (term, way)));
                }
            }
            stack[from..].reverse();
        }
    }

    /// A function of a matrix reads all of it: its first entry stands for the others.
    fn read_argument(
        &mut self,
        system: &System,
        family: FamilyId,
        index: &[Affine],
        context: usize,
    ) {
        if let FamilyKind::OfMatrix { of, .. } = system.family(family).kind {
            let slots = index[..system.family(of).slots].iter().cloned();
            self.sites.push(Site {
                family: of,
                index: slots.chain([Affine::int(1), Affine::int(1)]).collect(),
                context,
            });
        }
    }

    fn under_guards(&mut self, system: &System, factors: &[TermId], context: usize) -> usize {
        let mut inner: Option<Domain> = None;
        for factor in factors {
            if let Node::Guard(domain) = system.store.node(*factor) {
                let base = inner.unwrap_or_else(|| self.contexts[context].clone());
                inner = Some(base.and(domain));
            }
        }
        match inner {
            Some(domain) => self.context(domain),
            None => context,
        }
    }

    fn under_condition(&mut self, system: &System, condition: TermId, context: usize) -> usize {
        match system.store.node(condition) {
            Node::Guard(domain) => {
                let inner = self.contexts[context].and(domain);
                self.context(inner)
            }
            Node::Mul(factors) => {
                let factors = factors.clone();
                self.under_guards(system, &factors, context)
            }
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Add(_)
            | Node::Power(..)
            | Node::Apply(..)
            | Node::Test(..)
            | Node::Cases(_) => context,
        }
    }

    /// The contexts in which a condition does not hold. A comparison of values tells nothing.
    fn without_condition(
        &mut self,
        system: &System,
        condition: TermId,
        ways: &[usize],
    ) -> Vec<usize> {
        match system.store.node(condition) {
            Node::Guard(domain) => {
                let parts = domain.complement();
                if ways.len() * parts.len() > MOST_WAYS {
                    return ways.to_vec();
                }
                ways.iter()
                    .flat_map(|way| parts.iter().map(move |part| (*way, part)))
                    .map(|(way, part)| {
                        let inner = self.contexts[way].and(part);
                        self.context(inner)
                    })
                    .collect()
            }
            Node::Number(value) if *value == num_traits::One::one() => Vec::new(),
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
            | Node::Test(..)
            | Node::Cases(_) => ways.to_vec(),
        }
    }

    /// What the conditions themselves read. Those that read nothing are looked at first: what they refuse is not
    /// read for the others.
    fn reads_of_domain(&mut self, domain: &Domain, outside: &Domain) {
        if !domain
            .constraints()
            .iter()
            .any(|constraint| constraint.affine().reads())
        {
            return;
        }
        let first = domain.filter(|constraint| !constraint.affine().reads());
        let context = self.context(outside.and(&first));
        for constraint in domain.constraints() {
            self.reads_of(constraint.affine(), context);
        }
    }

    fn reads_of(&mut self, affine: &Affine, context: usize) {
        for (atom, _) in affine.terms() {
            match atom {
                Atom::Var(_) => {}
                Atom::Size(_, slots) => {
                    for slot in slots {
                        self.reads_of(slot, context);
                    }
                }
                Atom::Read(family, index) => {
                    for entry in index {
                        self.reads_of(entry, context);
                    }
                    self.sites.push(Site {
                        family: *family,
                        index: index.clone(),
                        context,
                    });
                }
            }
        }
    }
}

/// The clauses of all families of a system, found by their constant slots. Keeps what it has looked at,
/// so that checking many families costs no more than their reads.
#[derive(Debug)]
pub struct Reads<'a> {
    system: &'a System,
    index: ClauseIndex,
}

impl<'a> Reads<'a> {
    /// For the reads of this system.
    pub fn new(system: &'a System) -> Self {
        Self {
            system,
            index: ClauseIndex::default(),
        }
    }

    /// The reads in the definitions of a family that are not proved to be inside what they read.
    pub fn unproved(&mut self, family: FamilyId) -> Vec<UnprovedRead> {
        let system = self.system;
        let mut result = Vec::new();
        for (at, clause) in system.family(family).clauses.iter().enumerate() {
            let Some(body) = clause.body else {
                continue;
            };
            let sites = Sites::of(system, &clause.domain, body);
            for site in &sites.sites {
                let context = &sites.contexts[site.context];
                if let Some(missing) = self.missing(site.family, &site.index, context) {
                    result.push(UnprovedRead {
                        clause: at,
                        family: site.family,
                        index: site.index.clone(),
                        context: context.clone(),
                        missing,
                    });
                }
            }
        }
        result
    }

    /// The clauses that an index may fall into.
    pub(super) fn candidates(&mut self, family: FamilyId, index: &[Affine]) -> Numbers {
        self.index.candidates(self.system, family, index)
    }

    /// A part of the context at which `index` may be outside of the family; none if it is proved inside.
    pub fn missing(
        &mut self,
        family: FamilyId,
        index: &[Affine],
        context: &Domain,
    ) -> Option<Domain> {
        let system = self.system;
        for entry in index {
            let whole = entry.denominator();
            if whole > 1 {
                let divisible = Domain::divides(whole, &entry.scaled(Ratio::from_integer(whole)));
                if !system.ambient.implies(context, &divisible) {
                    return Some(context.clone());
                }
            }
        }
        let known = system.family(family);
        let candidates = self.candidates(family, index);
        let mut left = vec![context.clone()];
        for at in candidates {
            let (_, inside) = known.clauses[at].at(index);
            if inside.is_everything() {
                return None;
            }
            if inside.is_nothing() {
                continue;
            }
            let mut next = Vec::new();
            for part in &left {
                if system.ambient.implies(part, &inside) {
                    continue;
                }
                for outside in inside.complement() {
                    let rest = part.and(&outside);
                    if !system.ambient.is_empty(&rest) {
                        next.push(rest);
                    }
                }
            }
            left = next;
            if left.is_empty() {
                return None;
            }
        }
        left.into_iter().find(|part| !system.ambient.is_empty(part))
    }
}

/// The reads in the definitions of one family that are not proved to be inside what they read. Guards,
/// conditions of cases and domains of reductions around a read count as known.
///
/// For many families of one system use [`Reads`], which remembers what it has looked at.
pub fn check_reads(system: &System, family: FamilyId) -> Vec<UnprovedRead> {
    Reads::new(system).unproved(family)
}

/// Whether the family is given from outside at this clause.
pub(super) fn is_given(family: &Family) -> bool {
    match family.kind {
        FamilyKind::Input | FamilyKind::OpaqueLoss(_) => true,
        FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::Adjoint { .. }
        | FamilyKind::Local { .. } => false,
    }
}

/// The letter's only possible value in the domain, if that is proved: one of the ends of its range.
pub(super) fn only_value(system: &System, domain: &Domain, value: &Affine) -> Option<Affine> {
    let mut letters: Vec<VarId> = Vec::new();
    value.visit_vars(&mut |var| letters.push(var));
    let [var] = letters.as_slice() else {
        return letters.is_empty().then(|| value.clone());
    };
    let (lower, upper) = domain.bounds(*var);
    lower
        .into_iter()
        .chain(upper)
        .filter(|(factor, bound)| *factor == 1 && !bound.mentions(*var))
        .find(|(_, bound)| {
            system
                .ambient
                .implies(domain, &Domain::equal(&Affine::var(*var), bound))
        })
        .map(|(_, bound)| value.substitute(*var, &bound))
}
