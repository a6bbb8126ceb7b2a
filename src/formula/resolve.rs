//! Intermediates substituted back to inputs and parameters.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::hidden::Hidden;
use super::orient::without_divisors;
use super::scalar::Unroller;
use super::sums::shares;
use super::{Condition, Detail, Formula, Link, uses_step};
use crate::derive::Derivation;
use crate::simplify::Simplifier;
use crate::source::{Diagnostic, Report};
use crate::system::{FamilyKind, FamilyRole, PieceIndex, System};
use crate::term::{Affine, Domain, FamilyId, Node, Substitution, TermId, VarId};

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
    let restricted = restricted(derivation);
    let system = &mut derivation.system;
    let mut simplifier = Simplifier::new(system, step_at_zero, true, derivation.rules);
    let known = Known {
        formulas: by_family(&formulas),
        restricted,
        shares: shares(system, step_at_zero),
    };
    let mut shared = Resolver::new(system, &known, None);
    let mut result = Vec::new();
    for formula in formulas {
        // What others are put together from is shown only on the way to them.
        if detail == Detail::Result && !formula.asked {
            continue;
        }
        for mut formula in layer_by_layer(system, formula) {
            let wrt = kept(system, &formula);
            let named = formula.result();
            let mut own;
            let resolver = match &wrt {
                Some(_) => {
                    own = Resolver::new(system, &known, wrt.clone());
                    &mut own
                }
                None => &mut shared,
            };
            let (raw, conditions) = resolver.resolve(system, named)?;
            formula.conditions.extend(conditions.iter().cloned());
            resolver.resolve_conditions(system, &mut formula.conditions)?;
            if system.store.size(raw) > LARGEST {
                return Err(too_large(system, &formula));
            }
            simplifier.take_record();
            let term = simplifier.simplify(system, raw, &formula.domain);
            let term = resolver.hidden.shown(&mut system.store, term);
            if detail == Detail::Result {
                formula.chain.clear();
            } else if detail == Detail::Full {
                let activations = activations_opened(system, named, wrt.as_ref());
                let open = simplifier.simplify(system, activations, &formula.domain);
                push_if_new(&mut formula.chain, open);
            }
            push_if_new(&mut formula.chain, term);
            // What was written by Step may be without it once all is put in.
            formula
                .conditions
                .retain(|condition| *condition != Condition::StepAtZero);
            let (conditions, steps) = simplifier.take_record();
            formula.conditions.extend(conditions);
            if uses_step(system, term) {
                formula.conditions.push(Condition::StepAtZero);
            }
            formula.conditions = simplifier.settled(system, formula.conditions);
            without_divisors(system, term, &mut formula.conditions);
            formula.steps.extend(steps);
            result.push(formula);
        }
    }
    Ok(result)
}

fn push_if_new(chain: &mut Vec<Link>, term: TermId) {
    let link = Link::Term(term);
    if chain.last() != Some(&link) {
        chain.push(link);
    }
}

/// An intermediate that stays as it is: its family and slots.
type Kept = (FamilyId, Box<[Affine]>);

/// What is differentiated by, if it is an intermediate: all of its elements.
fn kept(system: &System, formula: &Formula) -> Option<Kept> {
    let FamilyKind::Adjoint { wrt, .. } = system.family(formula.adjoint).kind else {
        return None;
    };
    let row = system.family(wrt);
    if row.kind == FamilyKind::Input {
        return None;
    }
    let own = &formula.index[formula.index.len() - row.slots - row.axes..];
    Some((wrt, own[..row.slots].into()))
}

/// Whether an access reads an element of what stays as it is.
fn is_kept(kept: Option<&Kept>, family: FamilyId, index: &[Affine]) -> bool {
    kept.is_some_and(|(own, slots)| *own == family && index.starts_with(slots))
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
            let store = &mut system.store;
            let conditions = formula.conditions.iter();
            let conditions = conditions.map(|it| it.at(store, &at)).collect();
            let mut term = |term: TermId| store.substitute(term, &at);
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
                    body: local.body.map(&mut term),
                    reason: local.reason.clone(),
                    conditions: local.conditions.clone(),
                })
                .collect();
            Formula {
                index: formula.index.iter().map(|index| at.affine(index)).collect(),
                vars: others.clone().into_boxed_slice(),
                domain: at.domain(&formula.domain),
                chain,
                locals,
                conditions,
                ..formula.clone()
            }
        })
        .collect()
}

/// The accesses to activations replaced by their definitions, once.
fn activations_opened(system: &mut System, term: TermId, kept: Option<&Kept>) -> TermId {
    let families = system.families.clone();
    system.store.replace(term, &mut |store, part| {
        let Node::Access(family, index) = store.node(part).clone() else {
            return None;
        };
        let row = &families[family.0 as usize];
        let opens = matches!(row.role, Some(FamilyRole::Activation | FamilyRole::Output))
            && row.kind == FamilyKind::Defined
            && !is_kept(kept, family, &index);
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

/// What clauses of derivatives rest on, where they rest on anything.
type Restricted = FxHashMap<(FamilyId, usize), Vec<Condition>>;

fn restricted(derivation: &Derivation) -> Restricted {
    let mut found = Restricted::default();
    for adjoint in &derivation.adjoints {
        for (at, piece) in adjoint.pieces.iter().enumerate() {
            if !piece.conditions.is_empty() {
                found.insert((adjoint.family, at), piece.conditions.clone());
            }
        }
    }
    found
}

/// What adjoints are equal to.
struct Known {
    /// The formulas of each adjoint, in which everything was done that makes them short.
    formulas: FxHashMap<FamilyId, Formulas>,
    restricted: Restricted,
    /// Quantities that are shares of their sum, as softmaxes are.
    shares: FxHashSet<FamilyId>,
}

/// The formulas of one adjoint, found by their constant indices.
#[derive(Default)]
struct Formulas {
    formulas: Vec<Formula>,
    index: PieceIndex,
}

impl Formulas {
    /// The first formula that says what an element is wherever it is needed, with the values of its letters.
    fn of(
        &self,
        system: &System,
        index: &[Affine],
        needed: &Domain,
    ) -> Option<(&Formula, Substitution)> {
        let mut numbers = self.index.candidates(index);
        numbers.sort_unstable();
        numbers.into_iter().find_map(|number| {
            let formula = &self.formulas[number];
            let (values, reach) = formula.at(index);
            system
                .ambient
                .implies(needed, &reach)
                .then_some((formula, values))
        })
    }
}

fn by_family(formulas: &[Formula]) -> FxHashMap<FamilyId, Formulas> {
    let mut result: FxHashMap<FamilyId, Formulas> = FxHashMap::default();
    for formula in formulas {
        let own = result.entry(formula.adjoint).or_default();
        own.index.insert(own.formulas.len(), &formula.index);
        own.formulas.push(formula.clone());
    }
    result
}

/// A resolved term with what the definitions rest on that were put in.
type Resolved = (TermId, Rc<[Condition]>);

struct Resolver<'a> {
    known: &'a Known,
    kept: Option<Kept>,
    memo: FxHashMap<TermId, Resolved>,
    /// Families that are being unfolded at symbolic slots.
    open: FxHashSet<FamilyId>,
    /// Clauses by their slots, where these are numbers.
    constant: FxHashMap<(FamilyId, Vec<i64>), usize>,
    /// Shares that are kept together while terms are simplified: else a softmax would fall into exponentials and sums.
    hidden: Hidden,
}

impl<'a> Resolver<'a> {
    fn new(system: &System, known: &'a Known, kept: Option<Kept>) -> Self {
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
            known,
            kept,
            memo: FxHashMap::default(),
            open: FxHashSet::default(),
            constant,
            hidden: Hidden::default(),
        }
    }

    fn resolve(&mut self, system: &mut System, term: TermId) -> Result<Resolved, Report> {
        if let Some(done) = self.memo.get(&term) {
            return Ok(done.clone());
        }
        let result = crate::stack::deep(|| self.unfolded(system, term))?;
        self.memo.insert(term, result.clone());
        Ok(result)
    }

    fn unfolded(&mut self, system: &mut System, term: TermId) -> Result<Resolved, Report> {
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

    fn rebuilt(&mut self, system: &mut System, node: &Node) -> Result<Resolved, Report> {
        let mut children = Vec::new();
        let mut all: Rc<[Condition]> = Rc::from([]);
        for child in node.children() {
            // A false guard or a zero makes a product 0; what stands beside it may not exist.
            if matches!(node, Node::Mul(_)) && system.store.is_zero(child) {
                return Ok((child, Rc::from([])));
            }
            let (child, conditions) = self.resolve(system, child)?;
            children.push(child);
            all = joined(all, conditions);
        }
        Ok((system.store.rebuild(node, &children), all))
    }

    fn access(
        &mut self,
        system: &mut System,
        term: TermId,
        family: FamilyId,
        index: &[Affine],
    ) -> Result<Resolved, Report> {
        if is_kept(self.kept.as_ref(), family, index) {
            return Ok((term, Rc::from([])));
        }
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
                Ok((term, Rc::from([])))
            } else {
                Err(symbolic_depth(system, family))
            };
        };
        let clause = system.family(family).clauses[clause_at].clone();
        let Some(body) = clause.body else {
            return Ok((term, Rc::from([])));
        };
        if key.is_none() && !self.open.insert(family) {
            return Err(symbolic_depth(system, family));
        }
        let (values, domain) = clause.at(index);
        let formulas = self.known.formulas.get(&family);
        let formula = formulas.and_then(|formulas| formulas.of(system, index, &domain));
        let (body, values, own) = match formula {
            Some((formula, values)) => (formula.result(), values, &formula.conditions),
            None => {
                let own = self.known.restricted.get(&(family, clause_at));
                (body, values, own.unwrap_or(const { &Vec::new() }))
            }
        };
        let store = &mut system.store;
        let own = own.iter().map(|condition| condition.at(store, &values));
        let own = own.collect();
        let body = store.substitute(body, &values);
        let decided = guards_decided(system, body);
        let result = self.resolve(system, decided);
        if key.is_none() {
            self.open.remove(&family);
        }
        let (mut value, conditions) = result?;
        if self.known.shares.contains(&family) {
            value = self.hidden.hide(system, value);
        }
        Ok((value, joined(conditions, own)))
    }

    /// Conditions in the letters that the resolved terms have.
    fn resolve_conditions(
        &mut self,
        system: &mut System,
        conditions: &mut [Condition],
    ) -> Result<(), Report> {
        for condition in conditions {
            if let Condition::NonZero(term) | Condition::Positive(term) = condition {
                let resolved = self.resolve(system, *term)?.0;
                *term = self.hidden.shown(&mut system.store, resolved);
            }
        }
        Ok(())
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

fn joined(a: Rc<[Condition]>, b: Rc<[Condition]>) -> Rc<[Condition]> {
    if b.iter().all(|condition| a.contains(condition)) {
        return a;
    }
    if a.is_empty() {
        return b;
    }
    let new = b.iter().filter(|condition| !a.contains(condition));
    a.iter().chain(new).cloned().collect()
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

/// A formula with more parts than that, hundreds of megabytes, is not simplified: nobody could print it.
const LARGEST: u64 = 100_000_000;

fn too_large(system: &System, formula: &Formula) -> Report {
    let (of, wrt) = match system.family(formula.adjoint).kind {
        FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => (of, wrt),
        _ => (formula.adjoint, formula.adjoint),
    };
    let name = |family: FamilyId| &system.family(family).name;
    Diagnostic::general(
        "resolved-too-large",
        format!(
            "∂{}/∂{} has more than {} million parts when it is resolved",
            name(of),
            name(wrt),
            LARGEST / 1_000_000
        ),
    )
    .note("each use of an intermediate is written out")
    .help("leave out `--resolve`: the form with named intermediates is short")
    .into()
}

fn symbolic_depth(system: &System, family: FamilyId) -> Report {
    let name = match &system.family(family).kind {
        FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
            format!("∂{}/∂{}", system.family(*of).name, system.family(*wrt).name)
        }
        FamilyKind::Input
        | FamilyKind::Defined
        | FamilyKind::OfMatrix { .. }
        | FamilyKind::OpaqueLoss(_) => system.family(family).name.clone(),
    };
    Diagnostic::general(
        "symbolic-depth",
        format!("`{name}` is a recurrence of symbolic depth and cannot be resolved"),
    )
    .note("resolving writes out every layer or step, so their number must be known")
    .help("write a number for the depth, or leave out `--resolve` for the form with named intermediates")
    .into()
}
