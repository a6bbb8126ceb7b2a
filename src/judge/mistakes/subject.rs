//! What the search for a mistake knows of the network and of what is claimed about it.

use num_traits::ToPrimitive;

use crate::claim::{Expr, ExprKind, print};
use crate::system::{FamilyKind, FamilyRole, System};
use crate::term::{Affine, Atom, FamilyId, FunctionId, Node, SizeId, TermId};

/// A claim that was refuted, with what stands around it.
pub(super) struct Subject<'s> {
    pub(super) system: &'s System,
    pub(super) truth: &'s Expr,
    pub(super) claim: &'s Expr,
    /// What is differentiated and by what, where the truth is a derivative.
    pub(super) derivative: Option<(FamilyId, FamilyId)>,
    /// Quantities that the truth depends on, upstream first.
    pub(super) reached: Vec<FamilyId>,
    /// Those of them that depend on what is differentiated by, or are it.
    pub(super) leading: Vec<FamilyId>,
    /// The summands of the loss that are no more than a penalty.
    pub(super) penalties: Vec<Penalty>,
    /// Quantities by which the claim itself takes derivatives as known, at these layers or steps; without them at all.
    pub(super) cut: Vec<(FamilyId, Vec<i64>)>,
}

/// A summand of a definition that reads nothing but parameters and its own factor.
#[derive(Debug, Clone)]
pub(super) struct Penalty {
    pub(super) family: FamilyId,
    pub(super) term: TermId,
    /// Numbers that stand in no other summand.
    pub(super) factors: Vec<FamilyId>,
}

impl<'s> Subject<'s> {
    pub(super) fn new(system: &'s System, truth: &'s Expr, claim: &'s Expr) -> Self {
        let derivative = derivative_in(truth);
        let reached = derivative.map_or_else(Vec::new, |(of, _)| reached_from(system, of));
        let penalties = reached
            .iter()
            .flat_map(|family| penalties_of(system, *family))
            .collect();
        let leading = reached
            .iter()
            .copied()
            .filter(|family| {
                derivative.is_some_and(|(_, wrt)| reached_from(system, *family).contains(&wrt))
            })
            .collect();
        let mut cut = Vec::new();
        taken_as_known(claim, &mut cut);
        Self {
            system,
            truth,
            claim,
            derivative,
            reached,
            leading,
            penalties,
            cut,
        }
    }

    /// Whether an expression is what is claimed, wherever it is written.
    pub(super) fn is_claimed(&self, expr: &Expr) -> bool {
        print(self.system, expr.plain()) == print(self.system, self.truth.plain())
    }

    /// Families of the network itself.
    pub(super) fn families(&self) -> impl Iterator<Item = FamilyId> + '_ {
        self.system.family_ids().filter(|family| {
            let known = self.system.family(*family);
            matches!(known.kind, FamilyKind::Input | FamilyKind::Defined)
                && !known.name.is_empty()
                && !known.name.contains(' ')
        })
    }

    /// Quantities that the truth depends on; all where it is no derivative.
    pub(super) fn known(&self) -> Vec<FamilyId> {
        if self.reached.is_empty() {
            self.families().collect()
        } else {
            self.reached.clone()
        }
    }

    /// Every application of an activation: the quantity that it defines, the function, and what it is applied to
    /// where that is a quantity.
    pub(super) fn activations(&self) -> Vec<(FamilyId, FunctionId, Option<FamilyId>)> {
        let mut found = Vec::new();
        for family in self.known() {
            for body in bodies(self.system, family) {
                for term in subterms(self.system, body) {
                    let Node::Apply(function, orders, arguments) = self.system.store.node(term)
                    else {
                        continue;
                    };
                    let known = self.system.function(*function);
                    if orders.iter().any(|order| *order > 0)
                        || known.parameters != 1
                        || !(known.activation || known.name == "relu")
                    {
                        continue;
                    }
                    let argument = match self.system.store.node(arguments[0]) {
                        Node::Access(argument, _) => Some(*argument),
                        _ => None,
                    };
                    let entry = (family, *function, argument);
                    if !found.contains(&entry) {
                        found.push(entry);
                    }
                }
            }
        }
        found
    }

    /// Whether nothing but sums read a quantity, as a bias; not where it is compared with what is given, `a - p`.
    pub(super) fn only_added(&self, family: FamilyId) -> bool {
        let mut read = false;
        let given = |term: TermId| {
            let factors = match self.system.store.node(term) {
                Node::Mul(factors) => factors.to_vec(),
                _ => vec![term],
            };
            let mut others = factors
                .iter()
                .map(|factor| self.system.store.node(*factor))
                .filter(|node| !matches!(node, Node::Number(_)));
            let only = others.next().filter(|_| others.next().is_none());
            matches!(only, Some(Node::Access(other, _)) if self.system.family(*other).kind == FamilyKind::Input)
        };
        for user in self.families() {
            for body in bodies(self.system, user) {
                if !self.system.store.reads(body, family) {
                    continue;
                }
                read = true;
                let added = subterms(self.system, body).into_iter().all(|term| {
                    let node = self.system.store.node(term);
                    let own = |child: &TermId| matches!(self.system.store.node(*child), Node::Access(other, _) if *other == family);
                    let by_one = |factors: &[TermId]| {
                        let mut others = factors.iter().filter(|factor| !own(factor));
                        others.all(|factor| self.system.store.is_one(*factor))
                    };
                    !node.children().iter().any(own)
                        || matches!(node, Node::Add(parts) if !parts.iter().all(|part| given(*part)))
                        || matches!(node, Node::Mul(factors) if by_one(factors))
                });
                if !added {
                    return false;
                }
            }
        }
        read
    }

    /// Whether a size counts examples or steps: no axis of what is differentiated by has it.
    pub(super) fn counts_examples(&self, size: SizeId) -> bool {
        let of_parameters = self.families().filter(|family| {
            let known = self.system.family(*family);
            known.role == Some(FamilyRole::Parameter)
                || self
                    .derivative
                    .is_some_and(|(_, wrt)| wrt == *family && known.kind == FamilyKind::Input)
        });
        of_parameters
            .into_iter()
            .all(|family| !self.has_axis(family, size) || self.is_of_examples(family, size))
    }

    /// Whether one of the axes of a quantity has this size.
    fn has_axis(&self, family: FamilyId, size: SizeId) -> bool {
        self.system.family(family).clauses.iter().any(|clause| {
            clause
                .domain
                .constraints()
                .iter()
                .any(|constraint| mentions_size(constraint.affine(), size))
        })
    }

    /// Whether a size counts the examples of given data: something given has the other axis alone, as a bias or a scale,
    /// and nothing given has this one alone.
    fn is_of_examples(&self, data: FamilyId, size: SizeId) -> bool {
        if self.system.family(data).role == Some(FamilyRole::Parameter) {
            return false;
        }
        let others: Vec<SizeId> = (0..self.system.sizes.len())
            .map(|at| SizeId(u32::try_from(at).expect("few sizes")))
            .filter(|other| *other != size && self.has_axis(data, *other))
            .collect();
        let given: Vec<FamilyId> = self
            .families()
            .filter(|family| *family != data)
            .filter(|family| self.system.family(*family).kind == FamilyKind::Input)
            .collect();
        let [other] = others.as_slice() else {
            return false;
        };
        let has = |family: &FamilyId, size: SizeId| self.has_axis(*family, size);
        given
            .iter()
            .any(|family| has(family, *other) && !has(family, size))
            && given
                .iter()
                .all(|family| !has(family, size) || has(family, *other))
    }

    /// Numbers that stand in penalties alone.
    pub(super) fn penalty_factors(&self) -> Vec<FamilyId> {
        self.penalties
            .iter()
            .flat_map(|penalty| penalty.factors.iter().copied())
            .collect()
    }
}

fn mentions_size(affine: &Affine, size: SizeId) -> bool {
    let mut found = false;
    let _ = affine.map_atoms(&mut |atom| {
        found |= matches!(atom, Atom::Size(other, _) if *other == size);
        None
    });
    found
}

/// The bodies of a quantity's definitions.
pub(super) fn bodies(system: &System, family: FamilyId) -> Vec<TermId> {
    system
        .family(family)
        .clauses
        .iter()
        .filter_map(|clause| clause.body)
        .collect()
}

/// Every term below a term, each once.
pub(super) fn subterms(system: &System, term: TermId) -> Vec<TermId> {
    let mut found = vec![term];
    let mut seen: rustc_hash::FxHashSet<TermId> = found.iter().copied().collect();
    let mut at = 0;
    while at < found.len() {
        for child in system.store.node(found[at]).children() {
            if seen.insert(child) {
                found.push(child);
            }
        }
        at += 1;
    }
    found
}

fn reached_from(system: &System, of: FamilyId) -> Vec<FamilyId> {
    let mut found = vec![of];
    let mut at = 0;
    while at < found.len() {
        for read in crate::derive::reads(system, found[at]) {
            if !found.contains(&read) {
                found.push(read);
            }
        }
        at += 1;
    }
    found
}

/// The families of the first derivative in an expression.
fn derivative_in(expr: &Expr) -> Option<(FamilyId, FamilyId)> {
    if let ExprKind::Derivative { of, wrt, .. } = &expr.kind
        && let (Some(of), Some(wrt)) = (family_in(of), family_in(wrt))
    {
        return Some((of, wrt));
    }
    expr.children().into_iter().find_map(derivative_in)
}

pub(super) fn family_in(expr: &Expr) -> Option<FamilyId> {
    match &expr.kind {
        ExprKind::Quantity { family, .. } => Some(*family),
        _ => expr.children().into_iter().find_map(family_in),
    }
}

fn taken_as_known(expr: &Expr, into: &mut Vec<(FamilyId, Vec<i64>)>) {
    if let ExprKind::Derivative { wrt, .. } = &expr.kind
        && let Some(family) = family_in(wrt)
    {
        let slots = match &wrt.plain().kind {
            ExprKind::Quantity { slots, .. } => slots.iter().map(whole).collect(),
            _ => None,
        };
        let entry = (family, slots.unwrap_or_default());
        if !into.contains(&entry) {
            into.push(entry);
        }
    }
    for child in expr.children() {
        taken_as_known(child, into);
    }
}

/// A whole number that is written out.
fn whole(expr: &Expr) -> Option<i64> {
    match &expr.plain().kind {
        ExprKind::Number(value) if value.is_integer() => value.to_integer().to_i64(),
        _ => None,
    }
}

/// The inputs that a term depends on, and the quantities on the way.
fn behind(system: &System, term: TermId) -> Vec<FamilyId> {
    let mut found = Vec::new();
    for term in subterms(system, term) {
        if let Node::Access(family, _) = system.store.node(term) {
            for reached in reached_from(system, *family) {
                if !found.contains(&reached) {
                    found.push(reached);
                }
            }
        }
    }
    found
}

fn penalties_of(system: &System, family: FamilyId) -> Vec<Penalty> {
    if system.family(family).axes + system.family(family).slots > 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    for body in bodies(system, family) {
        let Node::Add(summands) = system.store.node(body) else {
            continue;
        };
        let reads: Vec<Vec<FamilyId>> = summands.iter().map(|term| behind(system, *term)).collect();
        for (at, own) in reads.iter().enumerate() {
            let others: Vec<FamilyId> = reads
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .flat_map(|(_, families)| families.iter().copied())
                .collect();
            let is_input = |family: &FamilyId| system.family(*family).kind == FamilyKind::Input;
            let is_number = |family: &FamilyId| {
                let known = system.family(*family);
                known.axes + known.slots == 0
            };
            let (shared, lone): (Vec<FamilyId>, Vec<FamilyId>) =
                own.iter().partition(|family| others.contains(family));
            let factors: Vec<FamilyId> = lone
                .iter()
                .copied()
                .filter(|family| is_input(family) && is_number(family))
                .collect();
            let penalty = !shared.is_empty()
                && shared.iter().all(is_input)
                && lone.iter().filter(|family| is_input(family)).all(is_number)
                && factors.len() <= if own.iter().all(is_input) { 2 } else { 1 }
                && others
                    .iter()
                    .any(|family| is_input(family) && !own.contains(family))
                && (!factors.is_empty() || others.iter().any(|family| !is_input(family)));
            if penalty {
                found.push(Penalty {
                    family,
                    term: summands[at],
                    factors,
                });
            }
        }
    }
    found
}
