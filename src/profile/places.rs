//! Where layers and examples are counted in a network, and how far from where a profile counts them.

use num_rational::Ratio;

use super::parts::{Part, Parts, Use, number};
use super::{End, Examples, Order, Profile};
use crate::system::{Clause, FamilyKind, System};
use crate::term::{Affine, Atom, FamilyId, Node, SizeId, TermId, VarId};

/// What counts the layer of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// This slot.
    Slot(usize),
    /// The number in its name.
    Name(i64),
}

/// For each family and size what changes between the network and the profile.
#[derive(Debug)]
pub(super) struct Places {
    /// What counts its layers.
    pub(super) counters: Vec<Option<Counter>>,
    /// What is added to the number of a layer.
    pub(super) shifts: Vec<i64>,
    /// Whether its two axes change places.
    pub(super) swapped: Vec<bool>,
    /// The axis of the layer that a weight gives, in the network.
    pub(super) to_axes: Vec<Option<usize>>,
    /// Which axis has an entry for each example.
    pub(super) example_axes: Vec<Option<usize>>,
    /// Which layer the entries of each axis belong to, from 0 for the input, where layers have letters.
    pub(super) axis_layers: Vec<Vec<Option<usize>>>,
    /// What is added to the slot of a size.
    pub(super) sizes: Vec<i64>,
    /// The size that is the number of the last layer, and what is added to it: no size may become 0.
    pub(super) depth: Option<(SizeId, i64)>,
}

impl Places {
    pub(super) fn of(system: &System, parts: &Parts, profile: &Profile) -> Self {
        let families = system.families.len();
        let mut places = Self {
            counters: vec![None; families],
            shifts: vec![0; families],
            swapped: vec![false; families],
            to_axes: vec![None; families],
            example_axes: vec![None; families],
            axis_layers: vec![Vec::new(); families],
            sizes: vec![0; system.sizes.len()],
            depth: None,
        };
        places.find_counters(system, parts);
        places.find_shifts(system, parts, profile);
        for used in &parts.uses {
            places.to_axes[used.weight.0 as usize] = used.to;
        }
        places.find_examples(system, parts);
        for family in system.family_ids() {
            places.swapped[family.0 as usize] = places.swaps(system, family, profile);
        }
        places.find_axis_layers(system, parts, profile);
        places
    }

    pub(super) fn counter(&self, family: FamilyId) -> Option<Counter> {
        self.counters.get(family.0 as usize).copied().flatten()
    }

    pub(super) fn shift(&self, family: FamilyId) -> i64 {
        self.shifts.get(family.0 as usize).copied().unwrap_or(0)
    }

    /// The layers of weights and of what they join, then of all that is counted by the same letters.
    fn find_counters(&mut self, system: &System, parts: &Parts) {
        for used in parts.uses.iter().chain(&parts.biases) {
            let single = used.weight_slots.len() == 1 && used.user_slots.len() == 1;
            for (own, weight) in used.weight_slots.iter().enumerate() {
                for (other, user) in used.user_slots.iter().enumerate() {
                    let together = user.minus(weight).as_int().is_some();
                    if together && (single || !user.is_constant()) {
                        self.count(system, used.weight, Counter::Slot(own));
                        self.count(system, used.user, Counter::Slot(other));
                    }
                }
            }
        }
        loop {
            let before = self.known();
            for user in system.family_ids() {
                for clause in &system.family(user).clauses {
                    self.spread(system, parts, user, clause);
                }
            }
            if self.known() == before {
                break;
            }
        }
        if joins_several(system, parts) {
            return;
        }
        for family in system.family_ids() {
            let row = system.family(family);
            if row.slots == 0
                && let Some(number) = number(&row.name)
                && matches!(
                    parts.part(family),
                    Some(Part::Weight | Part::Bias | Part::PreActivation | Part::Activation)
                )
            {
                self.counters[family.0 as usize] = Some(Counter::Name(number));
            }
        }
        // What has no number of its own is in the layer of its argument.
        for family in system.family_ids() {
            if let Some(argument) = argument_of(system, family)
                && self.counter(family).is_none()
                && let Some(Counter::Name(number)) = self.counter(argument)
                && matches!(parts.part(family), Some(Part::Activation | Part::Output))
            {
                self.counters[family.0 as usize] = Some(Counter::Name(number));
            }
        }
    }

    fn known(&self) -> usize {
        self.counters.iter().flatten().count()
    }

    /// A boundary has the name of what it bounds, and counts as that does.
    fn count(&mut self, system: &System, family: FamilyId, counter: Counter) {
        let name = &system.family(family).name;
        for other in system.family_ids() {
            let same = other == family || (!name.is_empty() && system.family(other).name == *name);
            if same {
                self.counters[other.0 as usize].get_or_insert(counter);
            }
        }
    }

    fn spread(&mut self, system: &System, parts: &Parts, user: FamilyId, clause: &Clause) {
        let Some(body) = clause.body else { return };
        let own = &clause.index[..system.family(user).slots];
        for (family, index) in accesses(system, body) {
            let slots = &index[..system.family(family).slots];
            // `r[1] = relu(z[1])`, written out: an activation has the layer of its argument.
            let activated = own.len() == 1
                && own == slots
                && parts.part(user) == Some(Part::Activation)
                && parts.part(family) == Some(Part::PreActivation);
            for (at, slot) in slots.iter().enumerate() {
                for (left_at, left) in own.iter().enumerate() {
                    let together = !left.is_constant() && left.minus(slot).as_int().is_some();
                    if !together && !activated {
                        continue;
                    }
                    if self.counter(user) == Some(Counter::Slot(left_at)) {
                        self.count(system, family, Counter::Slot(at));
                    } else if self.counter(family) == Some(Counter::Slot(at)) {
                        self.count(system, user, Counter::Slot(left_at));
                    }
                }
            }
        }
    }

    fn find_shifts(&mut self, system: &System, parts: &Parts, profile: &Profile) {
        let first = parts
            .with(Part::PreActivation)
            .filter_map(|family| self.least(system, family))
            .min();
        let Some(first) = first else {
            self.shift_weights(parts, profile);
            return;
        };
        let nodes = profile.layers.input.map_or(0, |input| input - (first - 1));
        for family in system.family_ids() {
            if self.counter(family).is_some() {
                self.shifts[family.0 as usize] = nodes;
            }
        }
        for family in parts.with(Part::Activation) {
            if let Some(behind) = self.behind_argument(system, family) {
                let name = &system.family(family).name;
                for other in system.family_ids() {
                    if system.family(other).name == *name {
                        self.shifts[other.0 as usize] = nodes - behind;
                    }
                }
            }
        }
        if let Some(end) = profile.layers.weight {
            for used in parts.uses.iter().chain(&parts.biases) {
                if let Some(ahead) = self.ahead(system, used) {
                    self.shifts[used.weight.0 as usize] =
                        nodes + ahead - i64::from(end == End::From);
                }
            }
        }
        self.find_sizes(system, parts, nodes);
    }

    /// The numbers of weights, where nothing that they give is numbered: the first one belongs to the first layer.
    fn shift_weights(&mut self, parts: &Parts, profile: &Profile) {
        let numbered: Vec<(FamilyId, i64)> = parts
            .uses
            .iter()
            .chain(&parts.biases)
            .filter_map(|used| match self.counter(used.weight) {
                Some(Counter::Name(number)) => Some((used.weight, number)),
                _ => None,
            })
            .collect();
        let least = numbered.iter().map(|(_, number)| *number).min();
        if let (Some(least), Some(input), Some(end)) =
            (least, profile.layers.input, profile.layers.weight)
        {
            let first = input + i64::from(end == End::To);
            for (family, _) in numbered {
                self.shifts[family.0 as usize] = first - least;
            }
        }
    }

    /// The number of the first layer of a quantity.
    fn least(&self, system: &System, family: FamilyId) -> Option<i64> {
        match self.counter(family)? {
            Counter::Name(number) => Some(number),
            Counter::Slot(slot) => system
                .family(family)
                .clauses
                .iter()
                .map(|clause| {
                    let entry = &clause.index[slot];
                    if let Some(number) = entry.as_int() {
                        return Some(number);
                    }
                    let var = letter(entry)?;
                    let (lower, _) = clause.domain.bounds(var);
                    let bound = lower.iter().find(|(scale, _)| *scale == 1)?;
                    entry.substitute(var, &bound.1).as_int()
                })
                .collect::<Option<Vec<i64>>>()?
                .into_iter()
                .min(),
        }
    }

    /// How much greater the number of an activation is than that of its argument.
    fn behind_argument(&self, system: &System, family: FamilyId) -> Option<i64> {
        system.family(family).clauses.iter().find_map(|clause| {
            let Node::Apply(_, _, arguments) = system.store.node(clause.body?) else {
                return None;
            };
            let Node::Access(argument, index) = system.store.node(*arguments.first()?) else {
                return None;
            };
            match (self.counter(family)?, self.counter(*argument)?) {
                (Counter::Slot(own), Counter::Slot(other)) => {
                    clause.index[own].minus(&index[other]).as_int()
                }
                (Counter::Name(own), Counter::Name(other)) => Some(own - other),
                _ => None,
            }
        })
    }

    /// How much greater the number of the layer that a weight gives is than its own.
    fn ahead(&self, system: &System, used: &Use) -> Option<i64> {
        match (self.counter(used.user)?, self.counter(used.weight)?) {
            (Counter::Slot(user), Counter::Slot(weight)) => used.user_slots[user]
                .minus(&used.weight_slots[weight])
                .as_int(),
            (Counter::Name(_), Counter::Name(weight)) => {
                Some(number(&system.family(used.user).name)? - weight)
            }
            _ => None,
        }
    }

    /// Sizes of layers are counted as the layers are, and the last one may have a symbol.
    fn find_sizes(&mut self, system: &System, parts: &Parts, nodes: i64) {
        let counted = parts
            .with(Part::Activation)
            .chain(parts.with(Part::PreActivation));
        let mut seen = vec![false; system.sizes.len()];
        for family in counted {
            let Some(Counter::Slot(slot)) = self.counter(family) else {
                continue;
            };
            for clause in &system.family(family).clauses {
                let own = &clause.index[slot];
                for constraint in clause.domain.constraints() {
                    for (atom, _) in constraint.affine().terms() {
                        match atom {
                            Atom::Size(size, slots) if slots.len() == 1 => {
                                if let Some(behind) = slots[0].minus(own).as_int()
                                    && !std::mem::replace(&mut seen[size.0 as usize], true)
                                {
                                    self.sizes[size.0 as usize] = self.shift(family) - behind;
                                }
                            }
                            Atom::Size(size, _)
                                if letter(own)
                                    .is_some_and(|var| constraint.affine().mentions(var))
                                    && self.shift(family) >= 0 =>
                            {
                                self.depth.get_or_insert((*size, nodes));
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
    }

    /// Axes that are read together, and never with an axis of a weight, count examples.
    fn find_examples(&mut self, system: &System, parts: &Parts) {
        let groups = Groups::read_together(system);
        let of_weights: Vec<usize> = parts
            .uses
            .iter()
            .flat_map(|used| (0..system.family(used.weight).axes).map(|axis| (used.weight, axis)))
            .map(|(family, axis)| groups.root(groups.axis(family, axis)))
            .collect();
        for family in system.family_ids() {
            if system.family(family).axes != 2 || self.to_axes[family.0 as usize].is_some() {
                continue;
            }
            let of_layer = [0, 1].map(|axis| {
                let root = groups.root(groups.axis(family, axis));
                of_weights.contains(&root)
            });
            self.example_axes[family.0 as usize] = match of_layer {
                [false, true] => Some(0),
                [true, false] => Some(1),
                _ => None,
            };
        }
    }

    /// The layers of axes, where every layer has a number in names and a letter of its own.
    fn find_axis_layers(&mut self, system: &System, parts: &Parts, profile: &Profile) {
        let letters = profile.layers.letters.len();
        let groups = Groups::read_together(system);
        let mut layers: Vec<(usize, usize)> = Vec::new();
        for used in &parts.uses {
            let (Some(to), Some(Counter::Name(_))) = (used.to, self.counter(used.user)) else {
                continue;
            };
            let Some(Counter::Name(number)) = self.counter(used.user) else {
                return;
            };
            let input = profile.layers.input.unwrap_or(0);
            let Ok(layer) = usize::try_from(number + self.shift(used.user) - input) else {
                return;
            };
            if layer == 0 || layer >= letters {
                return;
            }
            layers.push((groups.root(groups.axis(used.weight, to)), layer));
            layers.push((groups.root(groups.axis(used.weight, 1 - to)), layer - 1));
        }
        // An axis that belongs to two layers has the letter of neither.
        let contradiction = layers.iter().any(|(root, layer)| {
            layers
                .iter()
                .any(|(other, another)| (root == other) != (layer == another))
        });
        if layers.is_empty() || contradiction {
            return;
        }
        for family in system.family_ids() {
            let axes = (0..system.family(family).axes).map(|axis| {
                let root = groups.root(groups.axis(family, axis));
                let found = layers.iter().find(|(other, _)| *other == root);
                found.map(|(_, layer)| *layer)
            });
            let mut axes: Vec<Option<usize>> = axes.collect();
            if self.swapped[family.0 as usize] {
                axes.reverse();
            }
            self.axis_layers[family.0 as usize] = axes;
        }
    }

    fn swaps(&self, system: &System, family: FamilyId, profile: &Profile) -> bool {
        // A function of a matrix is not that of its transpose.
        let read_whole = system
            .families
            .iter()
            .any(|other| matches!(other.kind, FamilyKind::OfMatrix { of, .. } if of == family));
        if read_whole {
            return false;
        }
        let at = family.0 as usize;
        let weight = match (self.to_axes[at], profile.entries.weight) {
            (Some(to), Some(Order::ToFrom)) => to != 0,
            (Some(to), Some(Order::FromTo)) => to != 1,
            _ => false,
        };
        let examples = match (self.example_axes[at], profile.entries.examples) {
            (Some(axis), Some(Examples::Rows)) => axis != 0,
            (Some(axis), Some(Examples::Columns)) => axis != 1,
            _ => false,
        };
        weight || examples
    }
}

/// The only quantity that a quantity without slots is a function of.
fn argument_of(system: &System, family: FamilyId) -> Option<FamilyId> {
    let [clause] = system.family(family).clauses.as_slice() else {
        return None;
    };
    let read = accesses(system, clause.body?);
    let (first, _) = read.first()?;
    let single = read.iter().all(|(other, _)| other == first);
    (single && system.family(*first).kind == FamilyKind::Defined).then_some(*first)
}

/// Whether several weights with numbers of their own lead into one quantity: these count weights, not layers.
fn joins_several(system: &System, parts: &Parts) -> bool {
    let numbered = |family: FamilyId| number(&system.family(family).name);
    parts.uses.iter().any(|used| {
        parts.uses.iter().any(|other| {
            used.user == other.user
                && matches!((numbered(used.weight), numbered(other.weight)),
                    (Some(one), Some(other)) if one != other)
        })
    })
}

/// Axes joined to groups.
struct Groups {
    first: Vec<usize>,
    parent: Vec<usize>,
}

impl Groups {
    /// Axes that some letter is an index of together.
    fn read_together(system: &System) -> Self {
        let mut groups = Self::new(system);
        for user in system.family_ids() {
            for clause in &system.family(user).clauses {
                let Some(body) = clause.body else { continue };
                let mut first: Vec<(VarId, usize)> = Vec::new();
                groups.meet(system, user, &clause.index, &mut first);
                for (family, index) in accesses(system, body) {
                    groups.meet(system, family, &index, &mut first);
                }
            }
        }
        groups
    }

    fn meet(
        &mut self,
        system: &System,
        family: FamilyId,
        index: &[Affine],
        first: &mut Vec<(VarId, usize)>,
    ) {
        let slots = system.family(family).slots;
        for (axis, entry) in index.iter().skip(slots).enumerate() {
            let Some(var) = entry.as_var() else { continue };
            let own = self.axis(family, axis);
            match first.iter().find(|(other, _)| *other == var) {
                Some((_, other)) => self.join(own, *other),
                None => first.push((var, own)),
            }
        }
    }

    fn new(system: &System) -> Self {
        let mut first = Vec::with_capacity(system.families.len());
        let mut total = 0;
        for family in &system.families {
            first.push(total);
            total += family.axes;
        }
        Self {
            first,
            parent: (0..total).collect(),
        }
    }

    fn axis(&self, family: FamilyId, axis: usize) -> usize {
        self.first[family.0 as usize] + axis
    }

    fn root(&self, mut at: usize) -> usize {
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parent[one] = other;
    }
}

/// The letter of an entry that is a letter plus a number.
pub(super) fn letter(entry: &Affine) -> Option<VarId> {
    match entry.terms() {
        [(Atom::Var(var), one)] if *one == Ratio::from_integer(1) => Some(*var),
        _ => None,
    }
}

/// Every element that a term reads.
pub(super) fn accesses(system: &System, term: TermId) -> Vec<(FamilyId, Box<[Affine]>)> {
    let mut found = Vec::new();
    system.store.any(term, |node| {
        if let Node::Access(family, index) = node {
            found.push((*family, index.clone()));
        }
        false
    });
    found
}
