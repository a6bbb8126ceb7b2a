//! Scalar form: one equation per element, sums written out.

use rustc_hash::FxHashMap;

use super::{Condition, Formula, Link, LocalDerivative};
use crate::derive::Derivation;
use crate::simplify::Simplifier;
use crate::source::{Diagnostic, Report};
use crate::system::System;
use crate::term::{Affine, Node, Reduction, Substitution, TermId, VarId};

/// More equations, or longer sums, are not written out.
const MOST: usize = 1_000_000;

/// Every formula at every value of its letters.
///
/// # Errors
/// A report if a size is not a number.
pub(super) fn written_out(
    derivation: &mut Derivation,
    formulas: Vec<Formula>,
) -> Result<Vec<Formula>, Report> {
    let system = &mut derivation.system;
    let mut simplifier = Simplifier::new(system, derivation.step_at_zero, true, derivation.rules);
    // Elements have much in common: what one of them unrolls is there for all.
    let mut unroller = Unroller::default();
    let mut result = Vec::new();
    for formula in formulas {
        for values in values_of(&formula.domain, &formula.vars)? {
            let at = Substitution::new(
                formula
                    .vars
                    .iter()
                    .copied()
                    .zip(values.into_iter().map(Affine::int)),
            );
            let mut term = |system: &mut System, term: TermId| {
                let fixed = system.store.substitute(term, &at);
                let unrolled = unroller.unroll(system, fixed)?;
                Ok::<TermId, Report>(simplifier.simplify(system, unrolled, &Default::default()))
            };
            let mut chain = Vec::with_capacity(formula.chain.len());
            for link in &formula.chain {
                chain.push(match link {
                    Link::Term(value) => Link::Term(term(system, *value)?),
                    Link::Operator { factor, by, of } => Link::Operator {
                        factor: *factor,
                        by: term(system, *by)?,
                        of: term(system, *of)?,
                    },
                });
            }
            let mut locals = Vec::with_capacity(formula.locals.len());
            for local in &formula.locals {
                // What is summed over has no scalar symbol of its own.
                let symbol = system.store.substitute(local.symbol, &at);
                let exists = !system.ambient.is_empty(&at.domain(&local.domain));
                if exists && system.store.free_vars(symbol).is_empty() {
                    locals.push(LocalDerivative {
                        vars: Box::default(),
                        domain: Default::default(),
                        symbol,
                        value: term(system, local.value)?,
                        body: local.body.map(|body| term(system, body)).transpose()?,
                        reason: local.reason.clone(),
                        conditions: local.conditions.clone(),
                    });
                }
            }
            let mut conditions: Vec<Condition> = formula
                .conditions
                .iter()
                .map(|condition| condition.at(&mut system.store, &at))
                .collect();
            let (more, steps) = simplifier.take_record();
            conditions.extend(more);
            let conditions = simplifier.settled(system, conditions);
            result.push(Formula {
                index: formula.index.iter().map(|index| at.affine(index)).collect(),
                vars: Box::default(),
                domain: Default::default(),
                chain,
                locals,
                conditions,
                steps: formula.steps.iter().cloned().chain(steps).collect(),
                ..formula.clone()
            });
        }
    }
    Ok(result)
}

fn values_of(domain: &crate::term::Domain, vars: &[VarId]) -> Result<Vec<Vec<i64>>, Report> {
    domain.points(vars, MOST).ok_or_else(|| {
        Diagnostic::general(
            "symbolic-size",
            "the scalar form needs sizes that are numbers",
        )
        .note("every element gets an equation of its own, so each size and depth must be known")
        .help("write numbers for the sizes, or use `--form index`")
        .into()
    })
}

/// The body of a reduction at each value of its letters.
fn bodies(
    system: &mut System,
    vars: &[VarId],
    domain: &crate::term::Domain,
    body: TermId,
) -> Result<Vec<TermId>, Report> {
    Ok(values_of(domain, vars)?
        .into_iter()
        .map(|values| {
            let at = Substitution::new(
                vars.iter()
                    .copied()
                    .zip(values.into_iter().map(Affine::int)),
            );
            system.store.substitute(body, &at)
        })
        .collect())
}

/// The sum or product of the parts.
fn joined(system: &mut System, op: Reduction, parts: Vec<TermId>) -> TermId {
    match op {
        Reduction::Product => system.store.mul(parts),
        Reduction::Sum => system.store.add(parts),
        Reduction::Max | Reduction::Min => unreachable!("only sums and products are written out"),
    }
}

/// Writes out sums and products whose ranges are numbers.
#[derive(Default)]
pub(super) struct Unroller {
    memo: FxHashMap<TermId, TermId>,
}

impl Unroller {
    /// The reduction at the top of a term written out, if its range is numeric.
    pub(super) fn unroll_outermost(system: &mut System, term: TermId) -> Option<TermId> {
        let Node::Reduce(op, vars, domain, body) = system.store.node(term).clone() else {
            return None;
        };
        if !matches!(op, Reduction::Sum | Reduction::Product) {
            return None;
        }
        let parts = bodies(system, &vars, &domain, body).ok()?;
        Some(joined(system, op, parts))
    }

    /// The term with every reduction written out.
    ///
    /// # Errors
    /// A report if a range is not numeric.
    pub(super) fn unroll(&mut self, system: &mut System, term: TermId) -> Result<TermId, Report> {
        if let Some(done) = self.memo.get(&term) {
            return Ok(*done);
        }
        let result = crate::stack::deep(|| {
            let node = system.store.node(term).clone();
            if let Node::Reduce(op, vars, domain, body) = &node
                && matches!(op, Reduction::Sum | Reduction::Product)
            {
                let mut parts = Vec::new();
                for part in bodies(system, vars, domain, *body)? {
                    parts.push(self.unroll(system, part)?);
                }
                return Ok(joined(system, *op, parts));
            }
            let mut children = Vec::new();
            for child in node.children() {
                children.push(self.unroll(system, child)?);
            }
            Ok::<TermId, Report>(if children.is_empty() {
                term
            } else {
                system.store.rebuild(&node, &children)
            })
        })?;
        self.memo.insert(term, result);
        Ok(result)
    }
}
