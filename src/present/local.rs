//! Local derivatives with their reasons, in the letters under which the chain rule names them.

use rustc_hash::{FxHashMap, FxHashSet};

use super::compose::link_terms;
use super::document::{Inline, LocalRow, Prose};
use super::letters::Scope;
use super::math::MathId;
use super::terms::Printer;
use super::wording::fill;
use crate::derive::Reason;
use crate::formula::{Formula, LocalDerivative};
use crate::system::{FamilyKind, System};
use crate::term::{Node, TermId};

impl Printer<'_> {
    /// The scope with the letters of these terms in it too.
    pub(super) fn enter_free(&mut self, scope: Scope, terms: &[TermId]) -> Scope {
        let mut missing = Vec::new();
        for term in terms {
            for var in self.system.store.free_vars(*term) {
                if self.letters.letter(scope, *var).is_none() && !missing.contains(var) {
                    missing.push(*var);
                }
            }
        }
        self.enter(scope, &missing)
    }

    /// The local derivatives of a formula whose chain is printed in a scope.
    pub(super) fn locals(&mut self, formula: &Formula, scope: Scope) -> Vec<LocalRow> {
        let symbols: Vec<TermId> = formula
            .locals
            .iter()
            .map(|local| named(self.system, local.symbol))
            .collect();
        let terms: Vec<TermId> = formula.chain.iter().flat_map(link_terms).collect();
        let scopes = self.scopes_of(&symbols, &terms, scope);
        formula
            .locals
            .iter()
            .zip(&symbols)
            .map(|(local, symbol)| {
                let scope = scopes.get(symbol).copied().unwrap_or(scope);
                self.local(local, scope)
            })
            .collect()
    }

    fn local(&mut self, local: &LocalDerivative, scope: Scope) -> LocalRow {
        let scope = self.enter_free(scope, &[local.symbol, local.value]);
        let left = self.term(local.symbol, scope).id;
        let right = self.side(local.value, scope);
        let lead = self.prose.then(|| self.local_lead(local, scope));
        let mut why = if self.prose {
            Prose::new()
        } else {
            self.reason(local, scope)
        };
        let (valid_if, except) = self.conditions(&local.conditions, false, scope);
        for place in except {
            separate(&mut why);
            why.extend(place);
        }
        for (at, condition) in valid_if.into_iter().enumerate() {
            separate(&mut why);
            if at == 0 {
                why.push(Inline::Words(self.words.conditions.valid_if.to_owned()));
            }
            why.extend(condition);
        }
        LocalRow {
            left,
            right,
            why,
            lead,
        }
    }

    fn reason(&mut self, local: &LocalDerivative, scope: Scope) -> Prose {
        let system = self.system;
        let reasons = &self.words.reasons;
        let said = |words: &str| vec![Inline::Words(words.to_owned())];
        match local.reason {
            Reason::Itself => said(reasons.itself),
            Reason::Linear => match self.local_sides(local.symbol, scope) {
                Some((_, by)) => fill(reasons.linear_in, &[("quantity", &[Inline::Math(by)])]),
                None => said(reasons.linear),
            },
            Reason::Function(function) => {
                let symbol = self.function_symbol(function);
                let symbol = [Inline::Math(symbol)];
                fill(reasons.derivative_of, &[("function", &symbol)])
            }
            Reason::Rules if matches!(system.store.node(local.symbol), Node::Mul(_)) => {
                said(reasons.chain_rule)
            }
            Reason::Rules => said(reasons.rules),
        }
    }

    /// What a local derivative differentiates, and by what.
    pub(super) fn local_sides(&mut self, symbol: TermId, scope: Scope) -> Option<(MathId, MathId)> {
        let system = self.system;
        let Node::Access(family, index) = system.store.node(symbol) else {
            return None;
        };
        let FamilyKind::Local { of, wrt } = system.family(*family).kind else {
            return None;
        };
        let rank = system.family(of).slots + system.family(of).axes;
        let (above, below) = index.split_at(rank.min(index.len()));
        let of = self.access(of, above, scope).id;
        Some((of, self.access(wrt, below, scope).id))
    }

    /// In which scopes symbols stand in terms that are printed in a scope: where each is met first.
    fn scopes_of(
        &mut self,
        symbols: &[TermId],
        terms: &[TermId],
        scope: Scope,
    ) -> FxHashMap<TermId, Scope> {
        let system = self.system;
        let mut found = FxHashMap::default();
        let mut wanted: FxHashSet<TermId> = symbols.iter().copied().collect();
        let mut seen: FxHashSet<(TermId, Scope)> = FxHashSet::default();
        let mut open: Vec<(TermId, Scope)> =
            terms.iter().rev().map(|term| (*term, scope)).collect();
        while !wanted.is_empty()
            && let Some((term, scope)) = open.pop()
        {
            if !seen.insert((term, scope)) {
                continue;
            }
            if wanted.remove(&term) {
                found.insert(term, scope);
            }
            let node = system.store.node(term);
            let inner = if let Node::Reduce(_, vars, _, _) = node {
                self.enter(scope, vars)
            } else {
                scope
            };
            open.extend(node.children().iter().rev().map(|child| (*child, inner)));
        }
        found
    }
}

/// A comma behind what is said already.
fn separate(prose: &mut Prose) {
    if !prose.is_empty() {
        prose.push(Inline::Words(", ".into()));
    }
}

/// The symbol by which a local derivative is found: of a product of symbols the first.
fn named(system: &System, symbol: TermId) -> TermId {
    if let Node::Mul(factors) = system.store.node(symbol) {
        factors[0]
    } else {
        symbol
    }
}
