//! Reverse-mode differentiation of a system: one rule, applied to definitions.
//!
//! For a family `v` at fresh indices `q`, summed over the definitions `u` that read `v`:
//!
//! ```text
//! ∂C/∂v[q] = [v is C] + Σ_u Σ_p Σ_s ∂C/∂u[p] · (∂ body of u / ∂ occurrence) · δ(e(p, s), q)
//! ```
//!
//! with `p` the index of `u`, `s` the letters of the reductions around the occurrence and `e` its index
//! (Griewank and Walther 2008, §3.2, written for families of scalars). The deltas are solved; what is
//! left on `q` is a guard. The results are definitions like any other, so they can be derived again.

mod jumps;
mod local;
mod order;
mod pieces;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::simplify::{Condition, Rule, Simplifier, Step};
use crate::source::{Diagnostic, Report};
use crate::syntax::{Order, StepAtZero};
use crate::system::{Clause, Family, FamilyKind, Question, Reads, System, Target, UnprovedRead};
use crate::term::{Affine, Domain, FamilyId, Node, Reduction, TermId, VarId};
use local::{Differentiator, Leaf, Partial};
pub(crate) use order::{accesses, reads};
use order::{between, reads_itself, upstream_first};
use pieces::{Piece, pieces};

/// What is derived and how.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What to differentiate the loss by, in place of the network's own questions.
    pub wrt: Vec<Target>,
    /// The value of Step(0), in place of the network's.
    pub step_at_zero: Option<StepAtZero>,
    /// Simplification rules of the caller's, tried before the program's own. A wrong one shows when the formulas are
    /// confirmed.
    pub rules: &'static [Rule],
}

/// A system together with its derivatives.
#[derive(Debug, Clone)]
pub struct Derivation {
    /// The network's system, to which adjoint families were added as definitions.
    pub system: System,
    /// The convention under which everything below holds.
    pub step_at_zero: StepAtZero,
    /// The caller's simplification rules.
    pub rules: &'static [Rule],
    /// The adjoints that were asked for, in the order of the questions.
    pub asked: Vec<Asked>,
    /// The chain rule for each adjoint family, in the order in which they were made: upstream first.
    pub adjoints: Vec<Adjoint>,
}

impl Derivation {
    /// The chain rule of an adjoint family.
    pub fn adjoint(&self, family: FamilyId) -> Option<&Adjoint> {
        self.adjoints
            .iter()
            .find(|adjoint| adjoint.family == family)
    }

    /// What the definition of a family rests on, with those of all derivatives that it reads.
    fn conditions_behind(&self, family: FamilyId) -> Vec<Condition> {
        let mut conditions = Vec::new();
        if self.adjoints.iter().any(Adjoint::is_conditional) {
            for family in upstream_first(&self.system, family) {
                for piece in self.adjoint(family).into_iter().flat_map(|it| &it.pieces) {
                    conditions.extend(piece.conditions.iter().cloned());
                }
            }
            conditions.sort();
            conditions.dedup();
        }
        conditions
    }

    /// The adjoint families that do not exist on some kink or tie, because their definitions, or derivatives that
    /// these read, say nothing there.
    pub(crate) fn off_kinks(&self) -> FxHashSet<FamilyId> {
        let mut found: FxHashSet<FamilyId> = self
            .adjoints
            .iter()
            .filter(|adjoint| {
                let mut conditions = adjoint.pieces.iter().flat_map(|piece| &piece.conditions);
                conditions.any(Condition::is_off_kinks)
            })
            .map(|adjoint| adjoint.family)
            .collect();
        loop {
            let before = found.len();
            for adjoint in self.adjoints.iter().filter(|_| before > 0) {
                let mut read = reads(&self.system, adjoint.family).into_iter();
                if read.any(|family| found.contains(&family)) {
                    found.insert(adjoint.family);
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }
}

/// One derivative that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The adjoint family.
    pub adjoint: FamilyId,
    /// Fixed values of its index (output first), or none for all values.
    pub index: Box<[Option<Affine>]>,
}

/// One adjoint family with the trace of the chain rule.
#[derive(Debug, Clone)]
pub struct Adjoint {
    /// The family; its kind says ∂of/∂wrt, its clauses are the definitions.
    pub family: FamilyId,
    /// The chain rule on each piece of the family, in the order of the family's clauses.
    pub pieces: Vec<AdjointPiece>,
    /// What the definition of `of` rests on, if that is a derivative itself.
    pub inherited: Vec<Condition>,
}

impl Adjoint {
    fn is_conditional(&self) -> bool {
        self.pieces.iter().any(|piece| !piece.conditions.is_empty())
    }
}

/// The chain rule for the elements at `index`, for all values of the letters in the domain.
#[derive(Debug, Clone)]
pub struct AdjointPiece {
    /// The letters of the index.
    pub vars: Box<[VarId]>,
    /// The output's index, then that of what is differentiated by.
    pub index: Box<[Affine]>,
    /// The values of the letters.
    pub domain: Domain,
    /// The terms of the chain rule: those of the output itself first, then upstream to downstream.
    pub contributions: Vec<Contribution>,
    /// Terms that are 0, but only under a condition.
    pub vanished: Vec<Contribution>,
    /// What the family's clause for this piece rests on.
    pub conditions: Vec<Condition>,
}

/// One term of the chain rule: Σ over `vars` in `domain` of upstream · local.
#[derive(Debug, Clone)]
pub struct Contribution {
    /// Bound letters that could not be solved for.
    pub vars: Box<[VarId]>,
    /// Their values, and conditions on the letters of the piece.
    pub domain: Domain,
    /// ∂of/∂user; the number 1 where the user is `of` itself.
    pub upstream: TermId,
    /// The family whose definition reads `wrt`.
    pub user: FamilyId,
    /// ∂user/∂wrt as a symbol: an access to a local family.
    pub symbol: TermId,
    /// ∂user/∂wrt as it was computed, simplified.
    pub local: TermId,
    /// The same before simplifying.
    pub raw: TermId,
    /// The rules that simplified it; those of terms that were met before are not named again.
    pub steps: Vec<Step>,
    /// What the local derivative rests on.
    pub conditions: Vec<Condition>,
    /// Why the local derivative is what it is.
    pub reason: Reason,
    /// The index of `wrt` as the user's definition writes it, over the definition's own letters: how a
    /// person would write the left side.
    pub written: Box<[Affine]>,
}

/// Why a local derivative is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The user is the quantity itself.
    Itself,
    /// The user is linear in it: the derivative is what it is multiplied with.
    Linear,
    /// The user is a function of it, and this is the function's derivative.
    Function(crate::term::FunctionId),
    /// Anything else: the rules for sums, products and powers.
    Rules,
}

/// The part of a contribution's domain that speaks of its bound letters, and the rest.
pub(crate) fn split_domain(domain: &Domain, vars: &[VarId]) -> (Domain, Domain) {
    let bound = |constraint: &crate::term::Constraint| {
        vars.iter().any(|var| constraint.affine().mentions(*var))
    };
    (
        domain.filter(bound),
        domain.filter(|constraint| !bound(constraint)),
    )
}

/// Derives what is asked.
///
/// Every derivative has the shape of what it is taken by, with the output's own index in front (gradient
/// layout for a scalar output).
///
/// # Errors
/// A report if a question cannot be answered, or if a derived read is not proved to be inside its family,
/// which is the program's fault and never the author's.
pub fn derive(system: &System, request: &Request) -> Result<Derivation, Report> {
    let step_at_zero = request
        .step_at_zero
        .or(system.step_at_zero)
        .unwrap_or(StepAtZero::One);
    let mut derivation = Derivation {
        system: system.clone(),
        step_at_zero,
        rules: request.rules,
        asked: Vec::new(),
        adjoints: Vec::new(),
    };
    let questions = distinct(questions(system, request)?);
    let mut known: FxHashMap<(Target, FamilyId), FamilyId> = FxHashMap::default();
    for (of, group) in grouped(&questions) {
        let wrt: Vec<FamilyId> = group
            .iter()
            .map(|question| question.wrt[0].family)
            .collect();
        sweep(&mut derivation, &of, &wrt, &mut known)?;
        for question in group {
            let first = known[&(of.clone(), question.wrt[0].family)];
            let index: Vec<Option<Affine>> = of
                .index
                .iter()
                .chain(question.wrt[0].index.iter())
                .cloned()
                .collect();
            match question.order {
                Order::Gradient => derivation.asked.push(Asked {
                    adjoint: first,
                    index: index.into_boxed_slice(),
                }),
                Order::Hessian => {
                    let by = &question.wrt[1];
                    let of = Target {
                        family: first,
                        index: index.into_boxed_slice(),
                    };
                    let of_all = Target {
                        family: first,
                        index: vec![None; of.index.len()].into_boxed_slice(),
                    };
                    sweep(&mut derivation, &of_all, &[by.family], &mut known)?;
                    derivation.asked.push(Asked {
                        adjoint: known[&(of_all, by.family)],
                        index: of.index.iter().chain(by.index.iter()).cloned().collect(),
                    });
                }
            }
        }
    }
    Ok(derivation)
}

/// The network's questions, or those of the request.
fn questions(system: &System, request: &Request) -> Result<Vec<Question>, Report> {
    if request.wrt.is_empty() {
        return Ok(system.questions.clone());
    }
    let Some(loss) = system.loss else {
        return Err(Diagnostic::general(
            "missing-loss",
            "the network has no loss to differentiate",
        )
        .help("add a line such as `loss C = 1/2 (y - r)^2`")
        .into());
    };
    Ok(request
        .wrt
        .iter()
        .map(|target| Question {
            order: Order::Gradient,
            of: Target {
                family: loss,
                index: Box::default(),
            },
            wrt: vec![target.clone()],
            span: None,
        })
        .collect())
}

/// The questions without those that a more general one answers (`grad r[L], r[k]`).
fn distinct(questions: Vec<Question>) -> Vec<Question> {
    let pattern = |question: &Question| -> Vec<Option<Affine>> {
        question
            .of
            .index
            .iter()
            .chain(question.wrt.iter().flat_map(|target| target.index.iter()))
            .cloned()
            .collect()
    };
    let families = |question: &Question| -> Vec<FamilyId> {
        [question.of.family]
            .into_iter()
            .chain(question.wrt.iter().map(|target| target.family))
            .collect()
    };
    let mut by_families: FxHashMap<Vec<FamilyId>, Vec<Vec<Option<Affine>>>> = FxHashMap::default();
    let mut seen: FxHashSet<(Vec<FamilyId>, Vec<Option<Affine>>)> = FxHashSet::default();
    for question in &questions {
        let pattern = pattern(question);
        if pattern.contains(&None) {
            by_families
                .entry(families(question))
                .or_default()
                .push(pattern);
        }
    }
    questions
        .into_iter()
        .filter(|question| {
            let (families, own) = (families(question), pattern(question));
            let answered = by_families
                .get(&families)
                .into_iter()
                .flatten()
                .any(|other| {
                    *other != own
                        && other
                            .iter()
                            .zip(&own)
                            .all(|(wide, narrow)| wide.is_none() || wide == narrow)
                });
            !answered && seen.insert((families, own))
        })
        .collect()
}

/// Questions about the same output belong together: one sweep answers them all.
fn grouped(questions: &[Question]) -> Vec<(Target, Vec<&Question>)> {
    let mut groups: Vec<(Target, Vec<&Question>)> = Vec::new();
    for question in questions {
        match groups.iter_mut().find(|(of, _)| *of == question.of) {
            Some((_, group)) => group.push(question),
            None => groups.push((question.of.clone(), vec![question])),
        }
    }
    groups
}

/// Makes the adjoints of `of` by all of `wrt`, and by everything between.
fn sweep(
    derivation: &mut Derivation,
    of: &Target,
    wrt: &[FamilyId],
    known: &mut FxHashMap<(Target, FamilyId), FamilyId>,
) -> Result<(), Report> {
    let order = upstream_first(&derivation.system, of.family);
    let asked: FxHashSet<FamilyId> = wrt.iter().copied().collect();
    let needed = between(&derivation.system, &order, &asked);
    let recursive = reads_itself(&derivation.system, &order, of.family);
    // Upstream first; at the end what the output does not depend on, whose derivative is 0.
    let reached: FxHashSet<FamilyId> = order.iter().copied().collect();
    let wanted: Vec<FamilyId> = order
        .iter()
        .copied()
        .filter(|family| {
            asked.contains(family)
                || (needed.contains(family) && (*family != of.family || recursive))
        })
        .chain(
            wrt.iter()
                .copied()
                .filter(|family| !reached.contains(family)),
        )
        .filter(|family| !known.contains_key(&(of.clone(), *family)))
        .collect();
    let mut sweep = Sweep {
        of: of.clone(),
        recursive,
        adjoints: FxHashMap::default(),
        locals: FxHashMap::default(),
        incoming: FxHashMap::default(),
        simplifier: Simplifier::new(
            &mut derivation.system,
            derivation.step_at_zero,
            false,
            derivation.rules,
        ),
        inherited: derivation.conditions_behind(of.family),
        step_at_zero: derivation.step_at_zero,
    };
    for family in &wanted {
        if known.contains_key(&(of.clone(), *family)) {
            continue;
        }
        let adjoint = add_derivative(&mut derivation.system, of.family, *family, true);
        known.insert((of.clone(), *family), adjoint);
    }
    for family in order.iter().chain(&wanted) {
        if let Some(adjoint) = known.get(&(of.clone(), *family)) {
            sweep.adjoints.insert(*family, *adjoint);
        }
    }
    let mut has_adjoint: FxHashSet<FamilyId> = wanted.iter().copied().collect();
    for user in order.iter().copied() {
        if user == of.family || needed.contains(&user) {
            sweep.collect(&mut derivation.system, user, &has_adjoint);
        }
    }
    let mut made = 0;
    for family in wanted {
        if !has_adjoint.remove(&family) {
            continue;
        }
        let adjoint = sweep.adjoint_of(&mut derivation.system, family)?;
        derivation.adjoints.push(adjoint);
        made += 1;
    }
    // Recurrences read each other: the check needs all of them.
    let first = derivation.adjoints.len() - made;
    let mut reads = Reads::new(&derivation.system);
    for adjoint in &derivation.adjoints[first..] {
        if let Some(read) = reads.unproved(adjoint.family).first() {
            return Err(program_fault(&derivation.system, read));
        }
    }
    Ok(())
}

fn program_fault(system: &System, read: &UnprovedRead) -> Report {
    Diagnostic::fault(
        "derived-range",
        format!(
            "a derived formula reads `{}` at a place that is not proved to exist; this is a fault of the program",
            system.family(read.family).name
        ),
    )
    .into()
}

fn read_beside_opaque_loss(system: &System, loss: FamilyId, argument: FamilyId) -> Report {
    let (loss, name) = (&system.family(loss).name, &system.family(argument).name);
    Diagnostic::general(
        "opaque-argument-read",
        format!(
            "`{name}` is an argument of the opaque loss `{loss}` and is read by an equation as well"
        ),
    )
    .note(format!(
        "∂{loss}/∂{name} would be one symbol for the loss's own part and for the whole"
    ))
    .help(format!(
        "give the loss a copy of it, such as `out = {name}`"
    ))
    .into()
}

/// The derivative of a function by its first argument, in terms of its parameters; none of an opaque one.
pub(crate) fn slope_of(
    system: &mut System,
    function: crate::term::FunctionId,
    step_at_zero: StepAtZero,
) -> Option<TermId> {
    let row = system.function(function);
    if let Some(slope) = row.slopes.first().copied().flatten() {
        return Some(slope);
    }
    let body = row.body?;
    let mut differentiator = Differentiator {
        system,
        step_at_zero,
    };
    let partials = differentiator.partials(body).into_iter();
    let parts: Vec<TermId> = partials
        .filter(|partial| partial.leaf == Leaf::Parameter(0))
        .map(|partial| partial.value)
        .collect();
    Some(system.store.add(parts))
}

/// A family for ∂of/∂wrt: total with `total`, else the local derivative.
fn add_derivative(system: &mut System, of: FamilyId, wrt: FamilyId, total: bool) -> FamilyId {
    let (outer, inner) = (system.family(of), system.family(wrt));
    let family = Family {
        name: String::new(),
        slots: outer.slots + outer.axes + inner.slots,
        axes: inner.axes,
        kind: if total {
            FamilyKind::Adjoint { of, wrt }
        } else {
            FamilyKind::Local { of, wrt }
        },
        role: None,
        clauses: Vec::new(),
        integers: None,
        span: None,
    };
    system.add_family(family)
}

/// The clauses of a family, those with constant slots first and in their order, so that the order in which the
/// equations were written does not matter.
fn clauses_by_slot(system: &System, family: FamilyId) -> Vec<usize> {
    let family = system.family(family);
    let mut order: Vec<usize> = (0..family.clauses.len()).collect();
    order.sort_by_key(|at| {
        family.clauses[*at].index[..family.slots]
            .iter()
            .map(|slot| (!slot.is_constant(), slot.constant()))
            .collect::<Vec<_>>()
    });
    order
}

/// One place where a definition reads a family.
#[derive(Debug, Clone)]
struct Occurrence {
    user: FamilyId,
    clause: usize,
    partial: Partial,
    reason: Reason,
}

struct Sweep {
    of: Target,
    /// Whether `of` is read on the way to itself, so that it has an adjoint of its own.
    recursive: bool,
    adjoints: FxHashMap<FamilyId, FamilyId>,
    locals: FxHashMap<(FamilyId, FamilyId), FamilyId>,
    /// The occurrences of each family, by constant slots where all of its slots are constant.
    incoming: FxHashMap<FamilyId, Incoming>,
    simplifier: Simplifier,
    /// What the definition of `of` rests on.
    inherited: Vec<Condition>,
    step_at_zero: StepAtZero,
}

#[derive(Debug, Default)]
struct Incoming {
    general: Vec<Occurrence>,
    constant: FxHashMap<Vec<i64>, Vec<Occurrence>>,
}

impl Sweep {
    /// Differentiates the definitions of `user` and files the results under what they read.
    fn collect(&mut self, system: &mut System, user: FamilyId, wanted: &FxHashSet<FamilyId>) {
        if let FamilyKind::OpaqueLoss(_) = system.family(user).kind {
            return;
        }
        for number in clauses_by_slot(system, user) {
            let Some(body) = system.family(user).clauses[number].body else {
                continue;
            };
            let mut differentiator = Differentiator {
                system,
                step_at_zero: self.step_at_zero,
            };
            let partials = differentiator.partials(body);
            for partial in partials {
                let Leaf::Element(family, index) = &partial.leaf else {
                    unreachable!("bodies of definitions have no parameters");
                };
                let family = *family;
                if !wanted.contains(&family) {
                    continue;
                }
                let slots = system.family(family).slots;
                let constant: Option<Vec<i64>> =
                    index[..slots].iter().map(Affine::as_int).collect();
                let reason = reason(system, body, family, partial.value);
                let occurrence = Occurrence {
                    user,
                    clause: number,
                    partial,
                    reason,
                };
                let incoming = self.incoming.entry(family).or_default();
                match constant {
                    Some(key) => incoming.constant.entry(key).or_default().push(occurrence),
                    None => incoming.general.push(occurrence),
                }
            }
        }
    }

    fn adjoint_of(&mut self, system: &mut System, wrt: FamilyId) -> Result<Adjoint, Report> {
        let family = self.adjoints[&wrt];
        let mut result = Vec::new();
        let incoming = self.incoming.remove(&wrt).unwrap_or_default();
        for (piece, given) in self.split_at_given(system, wrt) {
            let slots = system.family(wrt).slots;
            let own = &piece.index[piece.index.len() - slots - system.family(wrt).axes..];
            let constant: Option<Vec<i64>> = own[..slots].iter().map(Affine::as_int).collect();
            let mut contributions = Vec::new();
            if wrt == self.of.family {
                contributions.extend(self.itself(system, &piece));
            }
            let matching: Vec<&Occurrence> = match &constant {
                Some(key) => incoming
                    .general
                    .iter()
                    .chain(incoming.constant.get(key).into_iter().flatten())
                    .collect(),
                None => {
                    let mut keys: Vec<&Vec<i64>> = incoming.constant.keys().collect();
                    keys.sort();
                    incoming
                        .general
                        .iter()
                        .chain(keys.into_iter().flat_map(|key| &incoming.constant[key]))
                        .collect()
                }
            };
            let mut direct = Vec::new();
            let mut upstream = Vec::new();
            let mut vanished = Vec::new();
            for occurrence in matching {
                if let Some(contribution) = self.contribution(system, wrt, &piece, occurrence) {
                    if system.store.is_zero(contribution.local) {
                        vanished.push(contribution);
                    } else if occurrence.user == self.of.family {
                        direct.push(contribution);
                    } else {
                        upstream.push(contribution);
                    }
                }
            }
            contributions.extend(direct);
            contributions.extend(upstream);
            if given && !contributions.is_empty() {
                return Err(read_beside_opaque_loss(system, self.of.family, wrt));
            }
            let (body, mut conditions) = self.body(system, &piece, &contributions);
            for contribution in contributions.iter().chain(&vanished) {
                conditions.extend(contribution.conditions.iter().cloned());
            }
            conditions.extend(self.inherited.iter().cloned());
            conditions.sort();
            conditions.dedup();
            system.families[family.0 as usize].clauses.push(Clause {
                vars: piece.vars.clone(),
                index: piece.index.clone(),
                domain: piece.domain.clone(),
                body: (!given).then_some(body),
                span: None,
            });
            result.push(AdjointPiece {
                vars: piece.vars,
                index: piece.index,
                domain: piece.domain,
                contributions,
                vanished,
                conditions,
            });
        }
        Ok(Adjoint {
            family,
            pieces: result,
            inherited: self.inherited.clone(),
        })
    }

    /// The pieces of ∂of/∂wrt, each with whether it is a symbol: what an opaque loss is said to depend on.
    fn split_at_given(&self, system: &mut System, wrt: FamilyId) -> Vec<(Piece, bool)> {
        let all = pieces(system, self.of.family, &self.of.index, wrt);
        let FamilyKind::OpaqueLoss(arguments) = system.family(self.of.family).kind.clone() else {
            return all.into_iter().map(|piece| (piece, false)).collect();
        };
        let width = system.family(wrt).slots + system.family(wrt).axes;
        let mut open = all;
        let mut result = Vec::new();
        for (_, at) in arguments.iter().filter(|(family, _)| *family == wrt) {
            let mut rest = Vec::new();
            for piece in open {
                let own = &piece.index[piece.index.len() - width..];
                let given = at
                    .iter()
                    .zip(own)
                    .fold(Domain::everything(), |all, (wanted, index)| {
                        all.and(&Domain::equal(index, wanted))
                    });
                let inside = piece.within(system, &given);
                if inside.is_none() {
                    rest.push(piece);
                    continue;
                }
                result.extend(inside.map(|piece| (piece, true)));
                for outside in given.complement() {
                    rest.extend(piece.within(system, &outside));
                }
            }
            open = rest;
        }
        result.extend(open.into_iter().map(|piece| (piece, false)));
        result
    }

    /// ∂of/∂of: 1 where the two indices agree.
    fn itself(&mut self, system: &mut System, piece: &Piece) -> Option<Contribution> {
        let half = piece.index.len() / 2;
        let mut domain = Domain::everything();
        for (left, right) in piece.index[..half].iter().zip(&piece.index[half..]) {
            domain = domain.and(&Domain::equal(left, right));
        }
        if system.ambient.is_empty(&domain.and(&piece.domain)) {
            return None;
        }
        let domain = system.ambient.minimal(&domain, &piece.domain);
        let one = system.store.int(1);
        Some(Contribution {
            vars: Box::default(),
            domain,
            upstream: one,
            user: self.of.family,
            symbol: one,
            local: one,
            raw: one,
            steps: Vec::new(),
            conditions: Vec::new(),
            reason: Reason::Itself,
            written: piece.index[half..].into(),
        })
    }

    fn contribution(
        &mut self,
        system: &mut System,
        wrt: FamilyId,
        piece: &Piece,
        occurrence: &Occurrence,
    ) -> Option<Contribution> {
        let Leaf::Element(_, written) = &occurrence.partial.leaf else {
            unreachable!("occurrences are elements");
        };
        let user = occurrence.user;
        let clause = system.family(user).clauses[occurrence.clause].clone();
        let width = written.len();
        let (outer, own) = piece.index.split_at(piece.index.len() - width);
        let mut domain = clause.domain.and(&occurrence.partial.domain);
        for (index, wanted) in written.iter().zip(own) {
            domain = domain.and(&Domain::equal(index, wanted));
        }
        // Where the user is the output itself, its index is the output's.
        let seeds = user == self.of.family && !self.recursive;
        if seeds {
            for (index, wanted) in clause.index.iter().zip(outer) {
                domain = domain.and(&Domain::equal(index, wanted));
            }
        }
        let bound: Vec<VarId> = clause
            .vars
            .iter()
            .chain(&occurrence.partial.vars)
            .copied()
            .collect();
        let (solved, rest) = domain.solve(&bound);
        if rest.is_nothing() || system.ambient.is_empty(&rest.and(&piece.domain)) {
            return None;
        }
        let left: Vec<VarId> = bound
            .into_iter()
            .filter(|var| solved.get(*var).is_none())
            .collect();
        let domain = system.ambient.minimal(&rest, &piece.domain);
        // The value of the definition itself is read by its name: σ' = σ(1 - σ) becomes r(1 - r).
        let store = &mut system.store;
        let folded = match clause.body {
            Some(body) if !store.node(body).children().is_empty() => {
                let name = store.access(user, clause.index.iter().cloned());
                store.replace(occurrence.partial.value, &mut |_, part| {
                    (part == body).then_some(name)
                })
            }
            _ => occurrence.partial.value,
        };
        let raw = store.substitute(folded, &solved);
        let user_index: Vec<Affine> = clause
            .index
            .iter()
            .map(|index| solved.affine(index))
            .collect();
        let upstream = if seeds {
            store.int(1)
        } else {
            let adjoint = self.adjoints[&user];
            store.access(adjoint, outer.iter().chain(&user_index).cloned())
        };
        let context = piece.domain.and(&domain);
        let local_family = *self
            .locals
            .entry((user, wrt))
            .or_insert_with(|| add_derivative(system, user, wrt, false));
        let symbol = system
            .store
            .access(local_family, user_index.iter().chain(own).cloned());
        self.simplifier.take_record();
        let local = self.simplifier.simplify(system, raw, &context);
        let (mut conditions, steps) = self.simplifier.take_record();
        for condition in &occurrence.partial.conditions {
            conditions.push(condition.at(&mut system.store, &solved));
        }
        conditions.sort();
        conditions.dedup();
        if system.store.is_zero(local) && conditions.is_empty() {
            return None;
        }
        Some(Contribution {
            vars: left.into_boxed_slice(),
            domain,
            upstream,
            user,
            symbol,
            local,
            raw,
            steps,
            conditions,
            reason: occurrence.reason.clone(),
            written: written.clone(),
        })
    }

    /// The sum of the contributions as one definition, and what writing it so rests on.
    fn body(
        &mut self,
        system: &mut System,
        piece: &Piece,
        contributions: &[Contribution],
    ) -> (TermId, Vec<Condition>) {
        let parts: Vec<TermId> = contributions
            .iter()
            .map(|contribution| {
                contribution_term(
                    system,
                    contribution,
                    contribution.upstream,
                    contribution.local,
                )
            })
            .collect();
        let sum = system.store.add(parts);
        self.simplifier.take_record();
        let body = self.simplifier.simplify(system, sum, &piece.domain);
        (body, self.simplifier.take_record().0)
    }
}

/// `[guard] Σ upstream · local`, with the guard and the sum of the contribution.
pub(crate) fn contribution_term(
    system: &mut System,
    contribution: &Contribution,
    upstream: TermId,
    local: TermId,
) -> TermId {
    let (inside, outside) = split_domain(&contribution.domain, &contribution.vars);
    let store = &mut system.store;
    let product = store.mul([upstream, local]);
    let sum = store.reduce(
        Reduction::Sum,
        contribution.vars.iter().copied(),
        inside,
        product,
    );
    if outside.is_everything() {
        return sum;
    }
    let guard = store.guard(outside);
    store.mul([guard, sum])
}

/// Why the derivative of `body` by a family is what it is.
fn reason(system: &System, body: TermId, family: FamilyId, value: TermId) -> Reason {
    if let Node::Apply(function, _, arguments) = system.store.node(body)
        && arguments.iter().any(|argument| {
            matches!(system.store.node(*argument), Node::Access(other, _) if *other == family)
        })
    {
        return Reason::Function(*function);
    }
    if system.store.reads(value, family) || value == body {
        Reason::Rules
    } else {
        Reason::Linear
    }
}
