//! The likely mistake of a refuted claim.
//!
//! Two things are tried. The gradient is derived again with one mistake built in, and what comes out is compared with the
//! claim; and the claim is edited in one place and compared with the truth. A mistake has its name only if the comparison
//! holds by everything that decides equality.

mod derivations;
mod repairs;
mod rows;
mod search;
mod sieve;
mod subject;

pub use rows::{MISTAKES, Row};

use super::line::{Judge, Relation};
use super::point::Demands;
use crate::claim::{Expr, ExprKind};
use crate::source::Span;
use crate::system::{FamilyKind, System};
use crate::term::{FamilyId, Node};

/// A mistake with the repaired formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Its name.
    pub name: &'static str,
    /// What else is wrong.
    pub also: Vec<&'static str>,
    /// What is wrong and where, in one sentence.
    pub said: Option<String>,
    /// The place of the edit in the claim.
    pub place: Option<Span>,
    /// The repaired right side, in the words of the network language.
    pub repair: Option<String>,
    /// The same in the person's own notation, where it reads back as the same.
    pub repair_latex: Option<String>,
}

impl Mistake {
    /// What its row in the table says.
    pub fn about(&self) -> &'static str {
        MISTAKES
            .iter()
            .find(|row| row.name == self.name)
            .map_or("", |row| row.about)
    }

    fn named(name: &'static str) -> Self {
        Self {
            name,
            also: Vec::new(),
            said: None,
            place: None,
            repair: None,
            repair_latex: None,
        }
    }
}

/// The mistake of a claim that is right under conditions only: an identity or a step of a chain that used signs, a gradient
/// without its Steps, a small constant left out.
pub(super) fn of_conditions(
    system: &System,
    conditions: &[String],
    truth: &Expr,
    before: Option<&Expr>,
) -> Option<Mistake> {
    let gradient = super::assume::speaks_of_derivatives(truth);
    let condition = conditions.first()?;
    if condition.ends_with(" = 0") {
        return Some(Mistake::named("epsilon-dropped"));
    }
    let of_signs = condition.ends_with(" > 0") || condition.ends_with(" active");
    of_signs.then(|| {
        // |x| has no Step that could be missing.
        let steps = system
            .functions
            .iter()
            .any(|function| matches!(function.name.as_str(), "relu" | "max" | "min"));
        Mistake::named(if gradient && steps && before.is_none() {
            "step-missing"
        } else {
            "positivity-assumed"
        })
    })
}

/// What is wrong with a claim that was refuted.
pub(super) fn name(judge: &mut Judge<'_>, truth: &Expr, claim: &Expr) -> Option<Mistake> {
    if judge.right_at_another_step(truth, claim) {
        return Some(Mistake::named("step-convention"));
    }
    let found = search::search(judge, truth, claim);
    let of_activation = match &truth.plain().kind {
        ExprKind::Derivative { of, wrt, .. } => is_activation(judge.system, of, wrt),
        ExprKind::Call(_, primes, _) => *primes > 0,
        _ => false,
    };
    if of_activation {
        return Some(Mistake {
            name: "activation-derivative-wrong",
            also: Vec::new(),
            ..found.unwrap_or_else(|| Mistake::named("activation-derivative-wrong"))
        });
    }
    found
}

/// Whether a derivative is that of a function of numbers by its own argument: nothing lies between them.
fn is_activation(system: &System, of: &Expr, wrt: &Expr) -> bool {
    match (&of.plain().kind, &wrt.plain().kind) {
        (ExprKind::Call(..), _) => {
            let by = subject::family_in(wrt);
            !of.any(&mut |inner| match &inner.kind {
                ExprKind::Quantity { family, .. } => Some(*family) != by,
                ExprKind::Call(name, ..) => crate::functions::row(name).is_none(),
                _ => false,
            })
        }
        (ExprKind::Quantity { family, .. }, ExprKind::Quantity { family: wrt, .. }) => {
            let number = |family: FamilyId| {
                let known = system.family(family);
                known.axes + known.slots == 0
            };
            let given = |family: FamilyId| system.family(family).kind == FamilyKind::Input;
            let read = crate::derive::reads(system, *family);
            let curved = subject::bodies(system, *family).into_iter().any(|body| {
                system.store.any(body, |node| {
                    matches!(node, Node::Apply(..) | Node::Cases(_))
                })
            });
            system.loss != Some(*family)
                && curved
                && number(*family)
                && read.contains(wrt)
                && read
                    .into_iter()
                    .all(|family| number(family) && given(family))
        }
        _ => false,
    }
}

fn equal(judge: &mut Judge<'_>, truth: &Expr, claim: &Expr) -> bool {
    matches!(
        judge.relation(truth, claim, &Demands::default(), false),
        Relation::Same { .. }
    )
}
