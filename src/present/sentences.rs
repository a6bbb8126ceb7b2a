//! Sentences between the steps of a derivation: each says why the next equation holds.

use super::document::{Inline, Leads, Prose};
use super::letters::Scope;
use super::math::{Math, MathId, Sign};
use super::terms::Printer;
use super::wording::{enumerate, fill};
use crate::derive::Reason;
use crate::formula::{Formula, Link, LocalDerivative};
use crate::system::FamilyKind;
use crate::term::{Node, TermId};

impl Printer<'_> {
    /// What is said before the equations of a formula.
    pub(super) fn leads(&mut self, formula: &Formula, scope: Scope) -> Leads {
        let first = match formula.chain.first() {
            Some(Link::Term(term)) if self.names_local(*term) => {
                let words = &self.words.prose;
                let result = if formula.locals.len() == 1 {
                    words.inserted
                } else {
                    words.inserted_all
                };
                return Leads {
                    first: self.chain_lead(formula, *term, scope),
                    result: Some(said(result)),
                    arrays: said(words.arrays),
                };
            }
            Some(Link::Operator { of, .. }) if self.is_derivative(*of) => {
                said(self.words.prose.again)
            }
            _ => self.direct_lead(formula, scope),
        };
        Leads {
            first,
            result: None,
            arrays: said(self.words.prose.arrays),
        }
    }

    /// Whether a term names a local derivative.
    fn names_local(&self, term: TermId) -> bool {
        let system = self.system;
        system.store.any(term, |node| match node {
            Node::Access(family, _) => {
                matches!(system.family(*family).kind, FamilyKind::Local { .. })
            }
            _ => false,
        })
    }

    fn is_derivative(&self, term: TermId) -> bool {
        match self.system.store.node(term) {
            Node::Access(family, _) => {
                matches!(self.system.family(*family).kind, FamilyKind::Adjoint { .. })
            }
            _ => false,
        }
    }

    /// Through what the output depends on a quantity.
    fn chain_lead(&mut self, formula: &Formula, statement: TermId, scope: Scope) -> Prose {
        let system = self.system;
        let words = &self.words.prose;
        let sides = self.sides_of(formula, scope);
        let users: Option<Vec<Prose>> = formula
            .locals
            .iter()
            .map(|local| {
                let scope = self.enter_free(scope, &[local.symbol]);
                let (user, _) = self.local_sides(local.symbol, scope)?;
                Some(vec![Inline::Math(user)])
            })
            .collect();
        let (Some((of, wrt)), Some(users)) = (sides, users) else {
            return said(words.chain);
        };
        let direct = match system.store.node(statement) {
            Node::Add(parts) => parts.iter().any(|part| !self.names_local(*part)),
            _ => false,
        };
        let text = match (direct, users.as_slice()) {
            (_, []) => return said(words.chain),
            (true, _) => words.chain_direct,
            (false, [_]) => words.chain_one,
            (false, _) => words.chain_many,
        };
        fill(
            text,
            &[
                ("of", &[Inline::Math(of)]),
                ("wrt", &[Inline::Math(wrt)]),
                ("users", &enumerate(&users, self.words.conditions.list_and)),
            ],
        )
    }

    /// The output by its definition, where nothing stands between it and the quantity.
    fn direct_lead(&mut self, formula: &Formula, scope: Scope) -> Prose {
        let Some((of, wrt)) = self.sides_of(formula, scope) else {
            return said(self.words.prose.chain);
        };
        let system = self.system;
        let definition = match system.family(formula.adjoint).kind {
            FamilyKind::Adjoint { of: output, .. } => {
                // A sum over examples is known by their mean.
                let mean = system.loss.filter(|_| system.is_total(output));
                let named = mean.map_or(of, |loss| self.access(loss, &[], scope).id);
                match system.family(mean.unwrap_or(output)).clauses.as_slice() {
                    [clause] if clause.index.is_empty() => Some((named, clause.body)),
                    _ => None,
                }
            }
            _ => None,
        };
        let definition = definition.and_then(|(named, body)| self.definition(named, body?, scope));
        let words = &self.words.prose;
        let text = if definition.is_some() {
            words.direct
        } else {
            words.direct_short
        };
        let definition: Vec<Inline> = definition.map(Inline::Math).into_iter().collect();
        fill(
            text,
            &[
                ("definition", &definition),
                ("of", &[Inline::Math(of)]),
                ("wrt", &[Inline::Math(wrt)]),
            ],
        )
    }

    /// What a formula differentiates, and by what; nothing of a derivative of a derivative.
    fn sides_of(&mut self, formula: &Formula, scope: Scope) -> Option<(MathId, MathId)> {
        let system = self.system;
        let FamilyKind::Adjoint { of, wrt } = system.family(formula.adjoint).kind else {
            return None;
        };
        if matches!(system.family(of).kind, FamilyKind::Adjoint { .. }) {
            return None;
        }
        let rank = system.family(of).slots + system.family(of).axes;
        let (above, below) = formula.index.split_at(rank.min(formula.index.len()));
        let of = self.access(of, above, scope).id;
        Some((of, self.access(wrt, below, scope).id))
    }

    /// Why a local derivative is what it is.
    pub(super) fn local_lead(&mut self, local: &LocalDerivative, scope: Scope) -> Prose {
        let words = &self.words.prose;
        let Some((user, wrt)) = self.local_sides(local.symbol, scope) else {
            return said(words.joined);
        };
        let definition = local
            .body
            .and_then(|body| self.definition(user, body, scope));
        let mut function = Vec::new();
        let text = match (&local.reason, definition) {
            (Reason::Linear | Reason::Itself, Some(_)) => words.linear,
            (Reason::Linear | Reason::Itself, None) => words.linear_short,
            (Reason::Function(of), definition) => {
                function.push(Inline::Math(self.function_symbol(*of)));
                match definition {
                    Some(_) => words.function,
                    None => words.function_short,
                }
            }
            (Reason::Rules, Some(_)) => words.rules,
            (Reason::Rules, None) => words.rules_short,
        };
        let definition: Vec<Inline> = definition.map(Inline::Math).into_iter().collect();
        fill(
            text,
            &[
                ("definition", &definition),
                ("user", &[Inline::Math(user)]),
                ("wrt", &[Inline::Math(wrt)]),
                ("function", &function),
            ],
        )
    }

    /// `z = W x`, where it can stand in a line of words.
    fn definition(&mut self, left: MathId, body: TermId, scope: Scope) -> Option<MathId> {
        const LONGEST: usize = 12;
        let store = &self.system.store;
        let branching = store.any(body, |node| matches!(node, Node::Cases(_) | Node::Guard(_)));
        let mut leaves = 0;
        store.any(body, |node| {
            leaves += usize::from(node.children().is_empty());
            false
        });
        if branching || leaves > LONGEST {
            return None;
        }
        let scope = self.enter_free(scope, &[body]);
        let right = self.term(body, scope).id;
        if matches!(self.boxes.get(right), Math::Cases { .. }) {
            return None;
        }
        let equals = self.boxes.sign(Sign::Equals);
        Some(self.boxes.row([left, equals, right]))
    }
}

fn said(words: &str) -> Prose {
    vec![Inline::Words(words.to_owned())]
}
