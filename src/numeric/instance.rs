//! Concrete sizes for a system that leaves them open.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::system::{FamilyKind, System};
use crate::term::{Affine, Atom, Domain, Relation, SizeId};

/// A choice of all sizes. Sizes with slots are given where they were fixed and follow a pattern elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Instance {
    fixed: BTreeMap<(SizeId, Vec<i64>), i64>,
    pattern: usize,
    used: RefCell<BTreeMap<(SizeId, Vec<i64>), i64>>,
    /// Sizes that were needed and not fixed.
    made_up: RefCell<BTreeSet<(SizeId, Vec<i64>)>>,
}

/// Widths of successive slots: neighbours differ, and so do the widths of one slot under two patterns.
const WIDTHS: [i64; 5] = [3, 2, 4, 5, 2];

/// Depths that are tried, by instance. The last is the edge case of a single layer.
const DEPTHS: [i64; 4] = [2, 3, 4, 1];

/// Depths beyond those.
const DEEPER: [i64; 3] = [5, 6, 8];

/// Beyond this many attempts the best choice so far is taken.
const MOST_CHOICES: usize = 3_000;

impl Instance {
    /// An instance with these sizes.
    pub fn with(sizes: impl IntoIterator<Item = ((SizeId, Vec<i64>), i64)>) -> Self {
        Self {
            fixed: sizes.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The size at these slots.
    pub fn size(&self, size: SizeId, slots: &[i64]) -> i64 {
        let key = (size, slots.to_vec());
        if let Some(value) = self.fixed.get(&key) {
            if !self.used.borrow().contains_key(&key) {
                self.used.borrow_mut().insert(key, *value);
            }
            return *value;
        }
        let at: i64 = slots
            .iter()
            .enumerate()
            .map(|(i, s)| s * (i as i64 + 1))
            .sum();
        let value = WIDTHS[(at + i64::from(size.0) + self.pattern as i64)
            .rem_euclid(WIDTHS.len() as i64) as usize];
        if !self.used.borrow().contains_key(&key) {
            self.made_up.borrow_mut().insert(key.clone());
            self.used.borrow_mut().insert(key, value);
        }
        value
    }

    /// All sizes that were needed so far.
    pub(crate) fn known(&self) -> Vec<((SizeId, Vec<i64>), i64)> {
        let used = self.used.borrow();
        used.iter()
            .map(|(key, value)| (key.clone(), *value))
            .collect()
    }

    /// The sizes that were needed so far without having been fixed.
    pub(crate) fn made_up(&self) -> Vec<(SizeId, Vec<i64>)> {
        self.made_up.borrow().iter().cloned().collect()
    }

    /// The fixed value of a size.
    pub(crate) fn fixed(&self, size: SizeId, slots: &[i64]) -> Option<i64> {
        self.fixed.get(&(size, slots.to_vec())).copied()
    }

    /// Fixes a size.
    pub(crate) fn fix(&mut self, size: SizeId, slots: &[i64], value: i64) {
        self.fixed.insert((size, slots.to_vec()), value);
    }

    /// The expression with every size that is fixed replaced by its value.
    pub(crate) fn settle_fixed(&self, affine: &Affine) -> Affine {
        affine.map_atoms(&mut |atom| match atom {
            Atom::Size(size, slots) => {
                let slots: Option<Vec<i64>> = slots.iter().map(Affine::as_int).collect();
                self.fixed(*size, &slots?).map(Affine::int)
            }
            Atom::Var(_) | Atom::Read(..) => None,
        })
    }

    /// Whether a domain may have a point at these sizes.
    pub(crate) fn reaches(&self, system: &System, domain: &Domain) -> bool {
        let settled = domain.map(|affine| self.settle(affine));
        !settled.is_nothing() && !system.ambient.is_empty(&settled)
    }

    /// Whether it has the same sizes.
    pub(crate) fn is_same(&self, other: &Instance) -> bool {
        self.fixed == other.fixed && self.pattern == other.pattern
    }

    /// The whole number that an expression of sizes alone is.
    pub(crate) fn whole(&self, affine: &Affine) -> Option<i64> {
        self.settle(affine).as_int()
    }

    /// The expression with every size whose slots are known replaced by its value.
    pub(crate) fn settle(&self, affine: &Affine) -> Affine {
        affine.map_atoms(&mut |atom| match atom {
            Atom::Size(size, slots) => {
                let slots: Option<Vec<i64>> = slots.iter().map(Affine::as_int).collect();
                Some(Affine::int(self.size(*size, &slots?)))
            }
            Atom::Var(_) | Atom::Read(..) => None,
        })
    }

    /// Its name: `L = 2, n = (3, 4, 2)`; empty if the system has no sizes.
    pub fn name(&self, system: &System) -> String {
        let mut by_size: BTreeMap<SizeId, Vec<i64>> = BTreeMap::new();
        for ((size, slots), value) in self.used.borrow().iter() {
            if slots.iter().all(|slot| *slot >= 0) {
                by_size.entry(*size).or_default().push(*value);
            }
        }
        let parts: Vec<String> = by_size
            .into_iter()
            .map(|(size, values)| {
                let symbol = system.size(size);
                let values: Vec<String> = values.iter().map(i64::to_string).collect();
                if symbol.slots == 0 {
                    format!("{} = {}", symbol.name, values.join(", "))
                } else {
                    format!("{} = ({})", symbol.name, values.join(", "))
                }
            })
            .collect();
        parts.join(", ")
    }
}

/// The instances at which a system is confirmed: one if all its sizes are numbers, else several unequal ones that
/// satisfy what is assumed of sizes.
///
/// Each of the domains has a point in one of them, if small sizes can do that.
pub fn instances(system: &System, domains: &[Domain]) -> Vec<Instance> {
    if system.sizes.is_empty() {
        return vec![Instance::default()];
    }
    let depths = depth_sizes(system);
    let mut result: Vec<Instance> = Vec::new();
    for (pattern, depth) in DEPTHS.into_iter().enumerate() {
        let Some(instance) = choose(system, &depths, pattern, depth, None) else {
            continue;
        };
        if !result.iter().any(|other| other.is_same(&instance)) {
            result.push(instance);
        }
    }
    for domain in domains {
        if result.len() >= MOST_INSTANCES {
            break;
        }
        if result.iter().all(|known| !known.reaches(system, domain)) {
            result.extend(choose(system, &depths, 0, DEPTHS[0], Some(domain)));
        }
    }
    result
}

/// Instances that are deeper than those of [`instances`], for what says something of late layers or moments alone;
/// none if the system has no depth.
pub fn deeper_instances(system: &System) -> Vec<Instance> {
    let depths = depth_sizes(system);
    if depths.is_empty() {
        return Vec::new();
    }
    DEEPER
        .into_iter()
        .filter_map(|depth| choose(system, &depths, 0, depth, None))
        .collect()
}

/// Instances in each of which another size is at least this.
pub fn large_instances(system: &System, least: i64) -> Vec<Instance> {
    let depths = depth_sizes(system);
    let plain = (0..system.sizes.len()).map(|at| SizeId(at as u32));
    plain
        .filter(|size| system.size(*size).slots == 0)
        .filter_map(|size| {
            let large = Domain::at_least(&Affine::size(size), &Affine::int(least));
            choose(system, &depths, 0, DEPTHS[0], Some(&large))
                .filter(|found| found.reaches(system, &large))
        })
        .collect()
}

/// More instances than this are not made, whatever is left without a point.
const MOST_INSTANCES: usize = 8;

/// Sizes that bound a slot: depths and numbers of time steps.
fn depth_sizes(system: &System) -> BTreeSet<SizeId> {
    let mut result = BTreeSet::new();
    // In the index of a derivative, slots and elements of several quantities stand together.
    for family in system
        .families
        .iter()
        .filter(|family| !is_derivative(&family.kind))
    {
        for clause in &family.clauses {
            for slot in clause.index.iter().take(family.slots) {
                sizes_in(slot, &mut result);
                for constraint in clause.domain.constraints() {
                    let mut shares = false;
                    slot.visit_vars(&mut |var| {
                        shares |= !num_traits::Zero::is_zero(
                            &constraint.affine().coefficient_of_var(var),
                        );
                    });
                    if shares {
                        sizes_in(constraint.affine(), &mut result);
                    }
                }
            }
        }
    }
    result
}

fn is_derivative(kind: &FamilyKind) -> bool {
    match kind {
        FamilyKind::Adjoint { .. } | FamilyKind::Local { .. } => true,
        FamilyKind::Input
        | FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::OpaqueLoss(_) => false,
    }
}

fn sizes_in(affine: &Affine, into: &mut BTreeSet<SizeId>) {
    for (atom, _) in affine.terms() {
        if let Atom::Size(size, slots) = atom
            && slots.is_empty()
        {
            into.insert(*size);
        }
    }
}

/// Depth-first search over the sizes without slots, then over those with slots that the facts name.
fn choose(
    system: &System,
    depths: &BTreeSet<SizeId>,
    pattern: usize,
    depth: i64,
    wanted: Option<&Domain>,
) -> Option<Instance> {
    let plain: Vec<SizeId> = (0..system.sizes.len())
        .map(|at| SizeId(at as u32))
        .filter(|size| system.size(*size).slots == 0)
        .collect();
    let mut search = Search {
        system,
        plain,
        depths,
        pattern,
        depth,
        wanted,
        tried: 0,
        best: None,
    };
    search.descend(
        Instance {
            pattern,
            ..Instance::default()
        },
        0,
    );
    let (_, instance) = search.best?;
    instance.used.borrow_mut().clear();
    instance.made_up.borrow_mut().clear();
    Some(instance)
}

struct Search<'a> {
    system: &'a System,
    plain: Vec<SizeId>,
    depths: &'a BTreeSet<SizeId>,
    pattern: usize,
    /// The depth that is tried first.
    depth: i64,
    /// What has to have a point.
    wanted: Option<&'a Domain>,
    tried: usize,
    /// Number of empty pieces, and the choice.
    best: Option<(usize, Instance)>,
}

impl Search<'_> {
    /// `true` when the search is over.
    fn descend(&mut self, instance: Instance, at: usize) -> bool {
        let Some(size) = self.plain.get(at).copied() else {
            return self.slotted(instance);
        };
        let taken: Vec<i64> = instance.fixed.values().copied().collect();
        for value in self.preferences(size, at, &taken) {
            let mut next = instance.clone();
            next.fixed.insert((size, Vec::new()), value);
            let assigned = &self.plain[..=at];
            if self.violated(&next, assigned) {
                self.tried += 1;
                if self.tried > MOST_CHOICES {
                    return true;
                }
                continue;
            }
            if self.descend(next, at + 1) {
                return true;
            }
        }
        self.tried > MOST_CHOICES
    }

    fn preferences(&self, size: SizeId, at: usize, taken: &[i64]) -> Vec<i64> {
        let first = if self.depths.contains(&size) {
            self.depth
        } else {
            WIDTHS[(at + self.pattern) % WIDTHS.len()]
        };
        let mut order = vec![first];
        let rest = [
            2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 32, 1,
        ];
        order.extend(rest.iter().copied().filter(|value| *value != first));
        if !self.depths.contains(&size) {
            // A value of its own first.
            order.sort_by_key(|value| taken.contains(value));
        }
        order
    }

    /// Whether a fact whose sizes are all chosen does not hold.
    fn violated(&self, instance: &Instance, assigned: &[SizeId]) -> bool {
        self.system.ambient.facts.constraints().iter().any(|fact| {
            let known = fact.affine().terms().iter().all(|(atom, _)| match atom {
                Atom::Size(size, slots) => slots.is_empty() && assigned.contains(size),
                Atom::Var(_) | Atom::Read(..) => false,
            });
            known && !holds(instance, fact.relation(), fact.affine())
        })
    }

    /// All sizes without slots are chosen: repair facts about those with slots, count what is empty.
    fn slotted(&mut self, mut instance: Instance) -> bool {
        self.tried += 1;
        if !self.repair(&mut instance, 0) {
            return self.tried > MOST_CHOICES;
        }
        if let Some(wanted) = self.wanted
            && !instance.reaches(self.system, wanted)
        {
            return self.tried > MOST_CHOICES;
        }
        // Pieces without letters are cases of the sizes themselves.
        let empty = self
            .system
            .families
            .iter()
            .flat_map(|family| &family.clauses)
            .filter(|clause| {
                !clause.vars.is_empty() && !instance.reaches(self.system, &clause.domain)
            })
            .count();
        if self.best.as_ref().is_none_or(|(least, _)| empty < *least) {
            self.best = Some((empty, instance));
        }
        // With one layer some pieces are empty by nature; do not search long for a choice without any.
        empty == 0 || self.tried > if self.depths.is_empty() { 400 } else { 40 }
    }

    fn repair(&self, instance: &mut Instance, depth: usize) -> bool {
        let broken = self.system.ambient.facts.constraints().iter().find(|fact| {
            instance.whole(fact.affine()).is_some()
                && !holds(instance, fact.relation(), fact.affine())
        });
        let Some(fact) = broken else { return true };
        if depth > 8 {
            return false;
        }
        let atoms: Vec<(SizeId, Vec<i64>)> = fact
            .affine()
            .terms()
            .iter()
            .filter_map(|(atom, _)| match atom {
                Atom::Size(size, slots) if !slots.is_empty() => {
                    let slots: Option<Vec<i64>> =
                        slots.iter().map(|slot| instance.whole(slot)).collect();
                    Some((*size, slots?))
                }
                Atom::Size(..) | Atom::Var(_) | Atom::Read(..) => None,
            })
            .collect();
        for atom in atoms {
            if instance.fixed.contains_key(&atom) {
                continue;
            }
            for value in 1..=32 {
                instance.fixed.insert(atom.clone(), value);
                if holds(instance, fact.relation(), fact.affine())
                    && self.repair(instance, depth + 1)
                {
                    return true;
                }
            }
            instance.fixed.remove(&atom);
        }
        false
    }
}

fn holds(instance: &Instance, relation: Relation, affine: &Affine) -> bool {
    let domain = Domain::of([(relation, instance.settle(affine))]);
    !domain.is_nothing()
}
