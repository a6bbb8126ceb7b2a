//! Local derivatives with their reasons, in the letters under which the chain rule names them.

use rustc_hash::{FxHashMap, FxHashSet};

use super::compose::link_terms;
use super::document::{Inline, LocalRow, Prose};
use super::letters::Scope;
use super::terms::Printer;
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
        let mut why = self.reason(local, scope);
        let (valid_if, except) = self.conditions(&local.conditions, scope);
        for place in except {
            why.push(Inline::Words(", ".into()));
            why.extend(place);
        }
        for (at, condition) in valid_if.into_iter().enumerate() {
            let before = if at == 0 { ", valid if " } else { ", " };
            why.push(Inline::Words(before.into()));
            why.extend(condition);
        }
        LocalRow { left, right, why }
    }

    fn reason(&mut self, local: &LocalDerivative, scope: Scope) -> Prose {
        let system = self.system;
        match local.reason {
            Reason::Itself => vec![Inline::Words("it is the quantity itself".into())],
            Reason::Linear => {
                let linear = |words: &str| Inline::Words(words.into());
                let Node::Access(family, index) = system.store.node(local.symbol) else {
                    return vec![linear("linear")];
                };
                let FamilyKind::Local { of, wrt } = system.family(*family).kind else {
                    return vec![linear("linear")];
                };
                let rank = system.family(of).slots + system.family(of).axes;
                let by = self.access(wrt, &index[rank.min(index.len())..], scope).id;
                vec![linear("linear in "), Inline::Math(by)]
            }
            Reason::Function(function) => {
                let symbol = self.boxes.latex(&system.function(function).latex);
                vec![Inline::Words("derivative of ".into()), Inline::Math(symbol)]
            }
            Reason::Rules => {
                let words = if matches!(system.store.node(local.symbol), Node::Mul(_)) {
                    "chain rule"
                } else {
                    "sum, product and power rule"
                };
                vec![Inline::Words(words.into())]
            }
        }
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

/// The symbol by which a local derivative is found: of a product of symbols the first.
fn named(system: &System, symbol: TermId) -> TermId {
    if let Node::Mul(factors) = system.store.node(symbol) {
        factors[0]
    } else {
        symbol
    }
}
