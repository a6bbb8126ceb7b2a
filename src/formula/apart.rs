//! Letters that are bound inside each other are different letters: `Σ_j (… Σ_k …)`, never `Σ_j (… Σ_j …)`.
//! Definitions that are put into each other bring their bound letters along.

use rustc_hash::FxHashMap;

use super::{Formula, Link};
use crate::system::System;
use crate::term::{Affine, Node, Substitution, TermId, VarId};

/// Gives new letters to inner sums wherever an outer one, or the left side, has the same.
pub(super) fn letters_told_apart(system: &mut System, formulas: &mut [Formula]) {
    let mut letters = Letters::default();
    for formula in formulas {
        let mut scope = formula.vars.to_vec();
        for link in &mut formula.chain {
            match link {
                Link::Term(term) => *term = letters.apart(system, *term, &mut scope),
                Link::Operator { of, .. } => *of = letters.apart(system, *of, &mut scope),
            }
        }
        for local in &mut formula.locals {
            // The letters of the user's element are free on both sides.
            let mut scope = system.store.free_vars(local.symbol).to_vec();
            local.value = letters.apart(system, local.value, &mut scope);
            local.body = local
                .body
                .map(|body| letters.apart(system, body, &mut scope));
        }
    }
}

#[derive(Default)]
struct Letters {
    /// Of each term so far, whether it binds letters at all.
    binds: Vec<bool>,
    /// By term and the letters that are bound around it.
    done: FxHashMap<(TermId, Vec<VarId>), TermId>,
}

impl Letters {
    fn binds(&mut self, system: &System, term: TermId) -> bool {
        let at = term.0 as usize;
        // Parts have smaller ids than the whole.
        for next in self.binds.len()..=at {
            let node = system.store.node(TermId(next as u32));
            let inside = |part: &TermId| self.binds[part.0 as usize];
            let binds = matches!(node, Node::Reduce(..)) || node.children().iter().any(inside);
            self.binds.push(binds);
        }
        self.binds[at]
    }

    fn apart(&mut self, system: &mut System, term: TermId, scope: &mut Vec<VarId>) -> TermId {
        if !self.binds(system, term) {
            return term;
        }
        let key = (term, scope.clone());
        if let Some(done) = self.done.get(&key) {
            return *done;
        }
        let result = crate::stack::deep(|| self.renamed(system, term, scope));
        self.done.insert(key, result);
        result
    }

    fn renamed(&mut self, system: &mut System, term: TermId, scope: &mut Vec<VarId>) -> TermId {
        let node = system.store.node(term).clone();
        let Node::Reduce(op, vars, domain, body) = node else {
            let children: Vec<TermId> = node
                .children()
                .into_iter()
                .map(|child| self.apart(system, child, scope))
                .collect();
            return system.store.rebuild(&node, &children);
        };
        let mut pairs = Vec::new();
        let mut own = Vec::with_capacity(vars.len());
        for var in vars {
            if scope.contains(&var) {
                let letter = system.store.letter(var).to_owned();
                let fresh = system.store.fresh_var(&letter);
                pairs.push((var, Affine::var(fresh)));
                own.push(fresh);
            } else {
                own.push(var);
            }
        }
        let renaming = Substitution::new(pairs);
        let body = system.store.substitute(body, &renaming);
        let domain = renaming.domain(&domain);
        let outside = scope.len();
        scope.extend(&own);
        let body = self.apart(system, body, scope);
        scope.truncate(outside);
        system.store.reduce(op, own, domain, body)
    }
}
