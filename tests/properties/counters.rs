//! What has happened often enough: rules that fired, functions that were differentiated, cases of delta solving.

use std::collections::{BTreeMap, BTreeSet};

use chainrule::derive::Derivation;
use chainrule::formula::Formula;
use chainrule::functions;
use chainrule::simplify::rules;
use chainrule::system::{FamilyKind, System};
use chainrule::term::{FamilyId, Node, Relation, TermId, VarId};

/// The ways in which δ(e(p, s), q) is solved for an index of a definition.
pub(crate) const DELTA_CASES: &[&str] = &[
    "unit coefficient",
    "division leaving divisibility",
    "guard left on the element",
    "guard on the slot split into cases",
    "empty contribution dropped",
    "several clauses",
];

/// How often each thing was seen in confirmed formulas.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    seen: BTreeMap<String, usize>,
}

impl Counters {
    fn add(&mut self, what: impl Into<String>) {
        *self.seen.entry(what.into()).or_insert(0) += 1;
    }

    /// Counts the rules that simplified the formulas.
    pub(crate) fn count_rules(&mut self, formulas: &[Formula]) {
        for formula in formulas {
            for step in &formula.steps {
                self.add(format!("rule {}", step.rule));
            }
        }
    }

    /// Counts how the derivation was made.
    pub(crate) fn count_derivation(&mut self, derivation: &Derivation, formulas: &[Formula]) {
        let system = &derivation.system;
        for name in applied(system) {
            self.add(format!("function {name}"));
        }
        for adjoint in &derivation.adjoints {
            let FamilyKind::Adjoint { of, wrt } = system.family(adjoint.family).kind else {
                continue;
            };
            if matches!(system.family(of).kind, FamilyKind::Adjoint { .. }) {
                continue;
            }
            let wrt_slots = system.family(wrt).slots;
            let width = wrt_slots + system.family(wrt).axes;
            let occurrences = occurrences(system, wrt);
            for piece in &adjoint.pieces {
                let own = &piece.index[piece.index.len() - width..];
                let elements: Vec<VarId> = own[wrt_slots..]
                    .iter()
                    .filter_map(|index| index.as_var())
                    .collect();
                let slots: Vec<VarId> = own[..wrt_slots]
                    .iter()
                    .filter_map(|index| index.as_var())
                    .collect();
                if piece.contributions.len() < occurrences {
                    self.add("delta empty contribution dropped");
                }
                let mut users: Vec<FamilyId> = piece.contributions.iter().map(|c| c.user).collect();
                users.sort();
                let repeated = users.windows(2).any(|pair| pair[0] == pair[1]);
                if system.family(wrt).clauses.len() > 1 || repeated {
                    self.add("delta several clauses");
                }
                for contribution in &piece.contributions {
                    let mut letters = Vec::new();
                    for index in &contribution.written {
                        if let Some(var) = index.as_var() {
                            letters.push(var);
                        }
                    }
                    if letters.iter().any(|var| !contribution.vars.contains(var)) {
                        self.add("delta unit coefficient");
                    }
                    let constraints = contribution.domain.constraints();
                    if constraints
                        .iter()
                        .any(|c| matches!(c.relation(), Relation::Divisible(_)))
                    {
                        self.add("delta division leaving divisibility");
                    }
                    let free_of = |vars: &[VarId], c: &&chainrule::term::Constraint| {
                        vars.iter().any(|var| c.affine().mentions(*var))
                            && !contribution
                                .vars
                                .iter()
                                .any(|var| c.affine().mentions(*var))
                    };
                    if constraints.iter().any(|c| free_of(&elements, &c)) {
                        self.add("delta guard left on the element");
                    }
                    let on_slot = constraints.iter().any(|c| free_of(&slots, &c));
                    let cases = formulas
                        .iter()
                        .filter(|f| f.adjoint == adjoint.family)
                        .count();
                    if on_slot && cases > 1 {
                        self.add("delta guard on the slot split into cases");
                    }
                }
            }
        }
    }

    /// What was seen less often than `least` times.
    pub(crate) fn lacking(&self, least: usize) -> Vec<String> {
        rules()
            .map(|rule| format!("rule {}", rule.name))
            .chain(
                functions::rows()
                    .filter(|row| !row.written_out)
                    .map(|row| format!("function {}", row.name)),
            )
            .chain(DELTA_CASES.iter().map(|case| format!("delta {case}")))
            .filter_map(|what| {
                let seen = self.seen.get(&what).copied().unwrap_or(0);
                (seen < least).then(|| format!("{what}: {seen}"))
            })
            .collect()
    }
}

/// The functions of the table that definitions apply, by name.
fn applied(system: &System) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for family in &system.families {
        if family.kind != FamilyKind::Defined {
            continue;
        }
        for clause in &family.clauses {
            for_each_part(system, clause.body, &mut |node| {
                if let Node::Apply(function, _, _) = node {
                    names.insert(system.function(*function).name.clone());
                }
            });
        }
    }
    names
}

/// How many places read the family.
fn occurrences(system: &System, wrt: FamilyId) -> usize {
    let mut count = 0;
    for family in &system.families {
        if family.kind != FamilyKind::Defined {
            continue;
        }
        for clause in &family.clauses {
            for_each_part(system, clause.body, &mut |node| {
                count += usize::from(matches!(node, Node::Access(family, _) if *family == wrt));
            });
        }
    }
    count
}

fn for_each_part(system: &System, body: Option<TermId>, visit: &mut dyn FnMut(&Node)) {
    let mut seen = BTreeSet::new();
    let mut stack: Vec<TermId> = body.into_iter().collect();
    while let Some(term) = stack.pop() {
        if !seen.insert(term) {
            continue;
        }
        let node = system.store.node(term);
        visit(node);
        stack.extend(node.children());
    }
}
