//! Intermediates substituted back to inputs and parameters.

use rustc_hash::{FxHashMap, FxHashSet};

use super::scalar::Unroller;
use super::{Condition, Detail, Formula, Link, uses_step};
use crate::derive::Derivation;
use crate::simplify::Simplifier;
use crate::source::{Diagnostic, Report};
use crate::system::{FamilyKind, FamilyRole, System};
use crate::term::{Affine, FamilyId, Node, Substitution, TermId, VarId};

/// The formulas with their results resolved. What is differentiated by stays as it is, so ∂C/∂z is a formula
/// in z. Numeric layers are written out one by one.
///
/// # Errors
/// A report if a recurrence of symbolic depth would have to be unfolded.
pub(super) fn resolved(
    derivation: &mut Derivation,
    formulas: Vec<Formula>,
    detail: Detail,
) -> Result<Vec<Formula>, Report> {
    let step_at_zero = derivation.step_at_zero;
    let needed = Needed::of(derivation);
    let system = &mut derivation.system;
    let mut simplifier = Simplifier::new(system, step_at_zero, true, derivation.rules);
    let mut shared = Resolver::new(system, None);
    let mut result = Vec::new();
    for formula in formulas {
        for mut formula in layer_by_layer(system, formula) {
            let wrt = kept_access(system, &formula);
            let named = formula.result();
            let mut own;
            let resolver = match wrt {
                Some(_) => {
                    own = Resolver::new(system, wrt);
                    &mut own
                }
                None => &mut shared,
            };
            let raw = resolver.resolve(system, named)?;
            simplifier.take_record();
            let term = simplifier.simplify(system, raw, &formula.domain);
            let (conditions, steps) = simplifier.take_record();
            if detail == Detail::Result {
                formula.chain.clear();
            } else if detail == Detail::Full {
                let activations = activations_opened(system, named, wrt);
                let open = simplifier.simplify(system, activations, &formula.domain);
                push_if_new(&mut formula.chain, open);
            }
            push_if_new(&mut formula.chain, term);
            formula.conditions.extend(conditions);
            formula.conditions.extend(needed.by(system, named));
            if uses_step(system, term) {
                formula.conditions.push(Condition::StepAtZero);
            } else {
                formula
                    .conditions
                    .retain(|condition| *condition != Condition::StepAtZero);
            }
            formula.conditions.sort();
            formula.conditions.dedup();
            formula.steps.extend(steps);
            result.push(formula);
        }
    }
    Ok(result)
}

/// What the adjoints rest on that are put into a formula.
struct Needed {
    conditions: FxHashMap<FamilyId, Vec<Condition>>,
}

impl Needed {
    fn of(derivation: &Derivation) -> Self {
        let mut conditions = FxHashMap::default();
        for adjoint in &derivation.adjoints {
            let mut own = adjoint.conditions.clone();
            let contributions = adjoint.pieces.iter().flat_map(|piece| &piece.contributions);
            own.extend(contributions.flat_map(|contribution| contribution.conditions.clone()));
            if !own.is_empty() {
                conditions.insert(adjoint.family, own);
            }
        }
        Self { conditions }
    }

    /// The conditions of all adjoints that a term depends on.
    fn by(&self, system: &System, term: TermId) -> Vec<Condition> {
        if self.conditions.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut families: FxHashSet<FamilyId> = FxHashSet::default();
        let mut open = vec![term];
        while let Some(term) = open.pop() {
            system.store.any(term, |node| {
                if let Node::Access(family, _) = node
                    && matches!(system.family(*family).kind, FamilyKind::Adjoint { .. })
                    && families.insert(*family)
                {
                    found.extend(self.conditions.get(family).into_iter().flatten().cloned());
                    let clauses = &system.family(*family).clauses;
                    open.extend(clauses.iter().filter_map(|clause| clause.body));
                }
                false
            });
        }
        found
    }
}

fn push_if_new(chain: &mut Vec<Link>, term: TermId) {
    let link = Link::Term(term);
    if chain.last() != Some(&link) {
        chain.push(link);
    }
}

/// The access that is differentiated by, if it is an intermediate.
fn kept_access(system: &mut System, formula: &Formula) -> Option<TermId> {
    let FamilyKind::Adjoint { wrt, .. } = system.family(formula.adjoint).kind else {
        return None;
    };
    if system.family(wrt).kind == FamilyKind::Input {
        return None;
    }
    let width = system.family(wrt).slots + system.family(wrt).axes;
    let own = formula.index[formula.index.len() - width..].to_vec();
    Some(system.store.access(wrt, own))
}

/// A formula for each value of slot letters whose range is numeric.
fn layer_by_layer(system: &mut System, formula: Formula) -> Vec<Formula> {
    let slots = system.family(formula.adjoint).slots;
    let vars: Vec<VarId> = {
        let mut vars = Vec::new();
        for index in &formula.index[..slots] {
            index.visit_vars(&mut |var| vars.push(var));
        }
        vars
    };
    if vars.is_empty() {
        return vec![formula];
    }
    let others: Vec<VarId> = formula
        .vars
        .iter()
        .copied()
        .filter(|var| !vars.contains(var))
        .collect();
    let shadow = others
        .iter()
        .fold(formula.domain.clone(), |domain, var| domain.project(*var))
        .filter(|constraint| {
            let mut numeric = true;
            for (atom, _) in constraint.affine().terms() {
                numeric &= matches!(atom, crate::term::Atom::Var(_));
            }
            numeric
        });
    let Some(points) = shadow.points(&vars, 100_000) else {
        return vec![formula];
    };
    points
        .into_iter()
        .map(|values| {
            let at = Substitution::new(
                vars.iter()
                    .copied()
                    .zip(values.into_iter().map(Affine::int)),
            );
            let mut term = |term: TermId| system.store.substitute(term, &at);
            let chain = formula
                .chain
                .iter()
                .map(|link| match link {
                    Link::Term(value) => Link::Term(term(*value)),
                    Link::Operator { factor, by, of } => Link::Operator {
                        factor: *factor,
                        by: term(*by),
                        of: term(*of),
                    },
                })
                .collect();
            let locals = formula
                .locals
                .iter()
                .filter(|local| !at.domain(&local.domain).is_nothing())
                .map(|local| super::LocalDerivative {
                    vars: local
                        .vars
                        .iter()
                        .copied()
                        .filter(|var| at.get(*var).is_none())
                        .collect(),
                    domain: at.domain(&local.domain),
                    symbol: term(local.symbol),
                    value: term(local.value),
                    reason: local.reason.clone(),
                })
                .collect();
            Formula {
                index: formula.index.iter().map(|index| at.affine(index)).collect(),
                vars: others.clone().into_boxed_slice(),
                domain: at.domain(&formula.domain),
                chain,
                locals,
                ..formula.clone()
            }
        })
        .collect()
}

/// The accesses to activations replaced by their definitions, once.
fn activations_opened(system: &mut System, term: TermId, kept: Option<TermId>) -> TermId {
    let families = system.families.clone();
    system.store.replace(term, &mut |store, part| {
        let Node::Access(family, index) = store.node(part).clone() else {
            return None;
        };
        let row = &families[family.0 as usize];
        let opens = matches!(row.role, Some(FamilyRole::Activation | FamilyRole::Output))
            && row.kind == FamilyKind::Defined
            && Some(part) != kept;
        if !opens {
            return None;
        }
        // Where the slot is a letter it may fall into several clauses.
        let mut possible = row
            .clauses
            .iter()
            .filter(|clause| !clause.at(&index).1.is_nothing());
        let (Some(clause), None) = (possible.next(), possible.next()) else {
            return None;
        };
        let (values, _) = clause.at(&index);
        Some(store.substitute(clause.body?, &values))
    })
}

struct Resolver {
    kept: Option<TermId>,
    memo: FxHashMap<TermId, TermId>,
    /// Families that are being unfolded at symbolic slots.
    open: FxHashSet<FamilyId>,
    /// Clauses by their slots, where these are numbers.
    constant: FxHashMap<(FamilyId, Vec<i64>), usize>,
}

impl Resolver {
    fn new(system: &System, kept: Option<TermId>) -> Self {
        let mut constant = FxHashMap::default();
        for (at, family) in system.families.iter().enumerate() {
            for (number, clause) in family.clauses.iter().enumerate() {
                let key: Option<Vec<i64>> = clause.index[..family.slots]
                    .iter()
                    .map(Affine::as_int)
                    .collect();
                if let Some(key) = key {
                    constant.insert((FamilyId(at as u32), key), number);
                }
            }
        }
        Self {
            kept,
            memo: FxHashMap::default(),
            open: FxHashSet::default(),
            constant,
        }
    }

    fn resolve(&mut self, system: &mut System, term: TermId) -> Result<TermId, Report> {
        if Some(term) == self.kept {
            return Ok(term);
        }
        if let Some(done) = self.memo.get(&term) {
            return Ok(*done);
        }
        let result =
            stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || self.unfolded(system, term))?;
        self.memo.insert(term, result);
        Ok(result)
    }

    fn unfolded(&mut self, system: &mut System, term: TermId) -> Result<TermId, Report> {
        let node = system.store.node(term).clone();
        match &node {
            Node::Access(family, index) => self.access(system, term, *family, index),
            Node::Reduce(_, vars, _, body) if runs_over_slots(system, vars, *body) => {
                // A sum over layers or time steps is written out if it can be.
                match Unroller::unroll_outermost(system, term) {
                    Some(unrolled) => self.resolve(system, unrolled),
                    None => self.rebuilt(system, &node),
                }
            }
            _ => self.rebuilt(system, &node),
        }
    }

    fn rebuilt(&mut self, system: &mut System, node: &Node) -> Result<TermId, Report> {
        let mut children = Vec::new();
        for child in node.children() {
            // A false guard or a zero makes a product 0; what stands beside it may not exist.
            if matches!(node, Node::Mul(_)) && system.store.is_zero(child) {
                return Ok(child);
            }
            children.push(self.resolve(system, child)?);
        }
        Ok(system.store.rebuild(node, &children))
    }

    fn access(
        &mut self,
        system: &mut System,
        term: TermId,
        family: FamilyId,
        index: &[Affine],
    ) -> Result<TermId, Report> {
        let slots = system.family(family).slots;
        let key: Option<Vec<i64>> = index[..slots].iter().map(Affine::as_int).collect();
        let clause_at = match &key {
            Some(key) if self.constant.contains_key(&(family, key.clone())) => {
                Some(self.constant[&(family, key.clone())])
            }
            _ => self.only_clause(system, family, index),
        };
        let Some(clause_at) = clause_at else {
            return if system.family(family).kind == FamilyKind::Input {
                Ok(term)
            } else {
                Err(symbolic_depth(system, family))
            };
        };
        let clause = system.family(family).clauses[clause_at].clone();
        let Some(body) = clause.body else {
            return Ok(term);
        };
        if key.is_none() && !self.open.insert(family) {
            return Err(symbolic_depth(system, family));
        }
        let (values, _) = clause.at(index);
        let body = system.store.substitute(body, &values);
        let decided = guards_decided(system, body);
        let result = self.resolve(system, decided);
        if key.is_none() {
            self.open.remove(&family);
        }
        result
    }

    /// The one clause that the index can lie in.
    fn only_clause(&self, system: &System, family: FamilyId, index: &[Affine]) -> Option<usize> {
        let mut found = None;
        for (at, clause) in system.family(family).clauses.iter().enumerate() {
            if system.ambient.is_empty(&clause.at(index).1) {
                continue;
            }
            if found.is_some() {
                return None;
            }
            found = Some(at);
        }
        found
    }
}

/// Guards that are decided by numbers alone take their terms with them, so that nothing behind a false
/// guard is unfolded.
fn guards_decided(system: &mut System, term: TermId) -> TermId {
    system
        .store
        .replace(term, &mut |store, part| match store.node(part) {
            Node::Guard(domain) if domain.is_nothing() => Some(store.int(0)),
            Node::Mul(factors) => {
                let dead = factors.iter().any(|factor| {
                matches!(store.node(*factor), Node::Guard(domain) if domain.is_nothing())
            });
                dead.then(|| store.int(0))
            }
            _ => None,
        })
}

/// Whether a letter of the reduction stands in a slot below it.
fn runs_over_slots(system: &System, vars: &[VarId], body: TermId) -> bool {
    let mut seen = FxHashSet::default();
    let mut stack = vec![body];
    while let Some(term) = stack.pop() {
        if !seen.insert(term) {
            continue;
        }
        if let Node::Access(family, index) = system.store.node(term) {
            let row = system.family(*family);
            let in_slot = index[..row.slots]
                .iter()
                .any(|slot| vars.iter().any(|var| slot.mentions(*var)));
            if in_slot && row.kind != FamilyKind::Input {
                return true;
            }
        }
        stack.extend(system.store.node(term).children());
    }
    false
}

fn symbolic_depth(system: &System, family: FamilyId) -> Report {
    let name = match &system.family(family).kind {
        FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
            format!("∂{}/∂{}", system.family(*of).name, system.family(*wrt).name)
        }
        FamilyKind::Input | FamilyKind::Defined | FamilyKind::OpaqueLoss(_) => {
            system.family(family).name.clone()
        }
    };
    Diagnostic::general(
        "symbolic-depth",
        format!("`{name}` is a recurrence of symbolic depth and cannot be resolved"),
    )
    .note("resolving writes out every layer or step, so their number must be known")
    .help("write a number for the depth, or leave out `--resolve` for the form with named intermediates")
    .into()
}
