//! What the author assumes. Comparisons of sizes are known everywhere; the others restrict where a
//! result holds.

use super::lower::Lowering;
use super::mistakes;
use super::reference::Head;
use super::scope::{Letter, Origin, Scope};
use super::{Assumption, Fact};
use crate::array;
use crate::source::Span;
use crate::syntax::{
    self, AssumptionKind, Comparison, Expr, ExprKind, Network, Range, StatementKind,
};
use crate::term::{Affine, Domain, FamilyId, TermId, VarId};

impl Lowering<'_> {
    /// Comparisons of sizes: `n > m`.
    pub(super) fn assume_sizes(&mut self, network: &Network) {
        for (assumption, _) in assumptions(network) {
            let AssumptionKind::Compare(terms, comparisons) = &assumption.kind else {
                continue;
            };
            if !self.speaks_of_sizes(terms, comparisons) {
                continue;
            }
            let scope = Scope::default();
            let values: Option<Vec<Affine>> =
                terms.iter().map(|term| self.affine(term, &scope)).collect();
            let Some(values) = values else {
                continue;
            };
            for (pair, comparison) in values.windows(2).zip(comparisons) {
                let (left, right) = (&pair[0], &pair[1]);
                let fact = match comparison {
                    Comparison::Less => Domain::at_least(right, &left.offset(1)),
                    Comparison::LessEqual => Domain::at_least(right, left),
                    Comparison::Greater => Domain::at_least(left, &right.offset(1)),
                    Comparison::GreaterEqual => Domain::at_least(left, right),
                    Comparison::Equal => Domain::equal(left, right),
                    Comparison::NotEqual => unreachable!("not a comparison of sizes"),
                };
                self.system.ambient.facts = self.system.ambient.facts.and(&fact);
                if self.system.ambient.is_empty(&self.system.ambient.facts) {
                    self.problems.push(mistakes::contradiction(assumption.span));
                }
            }
        }
    }

    /// Whether all sides are sizes and numbers, and the comparison is one that domains can say.
    fn speaks_of_sizes(&self, terms: &[Expr], comparisons: &[Comparison]) -> bool {
        let scope = Scope::default();
        terms.iter().all(|term| self.is_index(term, &scope))
            && !comparisons.contains(&Comparison::NotEqual)
            && terms
                .iter()
                .any(|term| !matches!(term.kind, ExprKind::Number(_)))
            && terms.iter().all(|term| !self.mentions_quantity(term))
    }

    fn mentions_quantity(&self, expr: &Expr) -> bool {
        let mut found = false;
        super::names::visit(expr, &mut |expr| {
            if let ExprKind::Name(name) = &expr.kind {
                found |= self.names.quantity(name).is_some();
            }
        });
        found
    }

    pub(super) fn read_assumptions(&mut self, network: &Network) {
        for (assumption, ranges) in assumptions(network) {
            match &assumption.kind {
                AssumptionKind::Compare(terms, comparisons) => {
                    if !self.speaks_of_sizes(terms, comparisons) {
                        self.assume_comparison(terms, comparisons, ranges, assumption.span);
                    }
                }
                AssumptionKind::OneOf(what, values) => {
                    self.assume_values(what, values, ranges, assumption.span);
                }
                AssumptionKind::OneHot(what) => {
                    self.assume_one_hot(what, ranges, assumption.span);
                }
                AssumptionKind::Matrix(what, properties) => {
                    self.assume_matrix(what, properties, assumption.span);
                }
            }
        }
    }

    /// Letters of an assumption: those of its `for`, else those that stand in slots or elements.
    fn assumed_letters(
        &mut self,
        exprs: &[&Expr],
        ranges: &[Range],
    ) -> Option<(Scope, Vec<VarId>, Domain)> {
        let mut scope = Scope::default();
        let mut heads: Vec<Head> = Vec::new();
        let mut bound: Vec<String> = Vec::new();
        for expr in exprs {
            bound.extend(super::names::bound_letters(expr));
            super::names::visit(expr, &mut |expr| {
                if matches!(
                    expr.kind,
                    ExprKind::Slots(..) | ExprKind::Elements(..) | ExprKind::Name(_)
                ) && let Some(head) = self.names.reference(expr)
                {
                    heads.push(head);
                }
            });
        }
        let mut vars = Vec::new();
        let mut domain = Domain::everything();
        for range in ranges {
            let low = self.affine(&range.low, &scope)?;
            let high = self.affine(&range.high, &scope)?;
            let var = self.system.store.fresh_var(&range.letter.value);
            scope.push(Letter {
                name: range.letter.value.clone(),
                var,
                origin: Origin::Left,
                span: range.letter.span,
            });
            vars.push(var);
            domain = domain.and(&Domain::between(&low, &Affine::var(var), &high));
        }
        // A letter that stands alone in a slot or as an element runs over what exists there.
        for head in &heads {
            let Some(family) = self.names.quantity(&head.name) else {
                continue;
            };
            for (position, index) in head.slots.iter().chain(&head.elements).enumerate() {
                let ExprKind::Name(name) = &index.kind else {
                    continue;
                };
                if scope.find(name).is_some()
                    || bound.contains(name)
                    || !self.names.letters.contains_key(name)
                    || self.names.known.contains_key(name)
                {
                    continue;
                }
                let var = self.system.store.fresh_var(name);
                scope.push(Letter {
                    name: name.clone(),
                    var,
                    origin: Origin::Left,
                    span: index.span,
                });
                vars.push(var);
                let range = self.range_at(family, position, var);
                domain = domain.and(&range);
            }
        }
        Some((scope, vars, domain))
    }

    /// The values of one position of a family's index, where all clauses agree on them; else no condition.
    fn range_at(&self, family: FamilyId, position: usize, var: VarId) -> Domain {
        let clauses = &self.system.family(family).clauses;
        let [clause] = clauses.as_slice() else {
            return Domain::everything();
        };
        let Some(entry) = clause.index.get(position) else {
            return Domain::everything();
        };
        let Some(own) = clause
            .vars
            .iter()
            .copied()
            .find(|own| entry.solve_for(*own).is_some())
        else {
            return Domain::equal(entry, &Affine::var(var));
        };
        let value = Affine::var(var).minus(&entry.minus(&Affine::var(own)));
        clause
            .domain
            .filter(|constraint| {
                let mut alone = constraint.affine().mentions(own);
                constraint
                    .affine()
                    .visit_vars(&mut |other| alone &= other == own);
                alone
            })
            .map(|affine| affine.substitute(own, &value))
    }

    fn assume_comparison(
        &mut self,
        terms: &[Expr],
        comparisons: &[Comparison],
        ranges: &[Range],
        span: Span,
    ) {
        for (pair, relation) in terms.windows(2).zip(comparisons) {
            let sides = [&pair[0], &pair[1]];
            // A bare name of an array or of a slotted quantity means each of its entries.
            let bare = sides.iter().find_map(|side| {
                let head = self.names.reference(side)?;
                let family = self.names.quantity(&head.name)?;
                let known = self.system.family(family);
                let bare = known.slots + known.axes > 0
                    && head.elements.is_empty()
                    && (head.slots.len() == known.slots || head.slots.is_empty())
                    && head.slots.len() + head.elements.len() < known.slots + known.axes;
                bare.then_some((head, family))
            });
            match bare {
                Some((head, family)) => {
                    self.assume_entries(&head, family, sides, *relation, ranges, span);
                }
                None => {
                    let Some((mut scope, vars, domain)) = self.assumed_letters(&sides, ranges)
                    else {
                        continue;
                    };
                    scope.context = domain.clone();
                    let Some(arrays) = self.arrays(&sides, &mut scope) else {
                        continue;
                    };
                    // Of arrays: each entry.
                    let aligned = array::align(&mut self.system.store, &arrays);
                    let Some((frame, entries)) = self.fitting(aligned, &sides, "compare") else {
                        continue;
                    };
                    let vars: Vec<VarId> = vars.into_iter().chain(frame.letters.clone()).collect();
                    let domain = domain.and(&frame.domain());
                    let (left, right) = (entries[0], entries[1]);
                    let left = self.closed(left, vars.clone());
                    let right = self.closed(right, vars.clone());
                    let (cmp, left, right) = relation.turned(left, right);
                    if !self.check_assumed(&[left, right], &domain, span) {
                        continue;
                    }
                    self.system.assumptions.push(Assumption {
                        vars: vars.into_boxed_slice(),
                        domain,
                        fact: Fact::Compare(cmp, left, right),
                        span,
                    });
                }
            }
        }
    }

    /// Reads in an assumption must exist like all others.
    fn check_assumed(&mut self, terms: &[TermId], domain: &Domain, span: Span) -> bool {
        let mut outside = Vec::new();
        {
            let mut reads = super::reads::Reads::new(&self.system);
            for term in terms {
                let sites = super::reads::Sites::of(&self.system, domain, *term);
                for site in &sites.sites {
                    let context = &sites.contexts[site.context];
                    if let Some(missing) = reads.missing(site.family, &site.index, context) {
                        outside.push((site.family, site.index.clone(), missing));
                    }
                }
            }
        }
        for (family, index, missing) in &outside {
            let problem = self.read_outside(*family, index, missing, span);
            self.problems.push(problem);
        }
        outside.is_empty()
    }

    /// One assumption for each piece of an array.
    fn assume_entries(
        &mut self,
        head: &Head,
        family: FamilyId,
        sides: [&Expr; 2],
        relation: Comparison,
        ranges: &[Range],
        span: Span,
    ) {
        let is_array = |side: &Expr, names: &super::names::Names<'_>| {
            names
                .reference(side)
                .is_some_and(|other| other.name == head.name)
        };
        let first = is_array(sides[0], &self.names);
        let other = if first { sides[1] } else { sides[0] };
        for (vars, domain, access) in self.entries(head, family, ranges) {
            let mut scope = Scope::default();
            let Some(other) = self.term(other, &mut scope) else {
                return;
            };
            let (left, right) = if first {
                (access, other)
            } else {
                (other, access)
            };
            let (cmp, left, right) = relation.turned(left, right);
            self.system.assumptions.push(Assumption {
                vars: vars.into_boxed_slice(),
                domain,
                fact: Fact::Compare(cmp, left, right),
                span,
            });
        }
    }

    /// Every entry of a family at the slots of `head` (at all slots if it has none): letters, their values,
    /// the access; one for each clause.
    fn entries(
        &mut self,
        head: &Head,
        family: FamilyId,
        ranges: &[Range],
    ) -> Vec<(Vec<VarId>, Domain, TermId)> {
        let slots_given = !head.slots.is_empty();
        let mut slots: Vec<Affine> = Vec::new();
        let mut outer_vars = Vec::new();
        let mut outer = Domain::everything();
        if slots_given {
            let full = Expr {
                span: head.span,
                kind: ExprKind::Slots(
                    Box::new(Expr {
                        span: head.name_span,
                        kind: ExprKind::Name(head.name.clone()),
                    }),
                    head.slots.clone(),
                ),
            };
            let Some((scope, vars, domain)) = self.assumed_letters(&[&full], ranges) else {
                return Vec::new();
            };
            let values: Option<Vec<Affine>> = head
                .slots
                .iter()
                .map(|slot| self.affine(slot, &scope))
                .collect();
            let Some(values) = values else {
                return Vec::new();
            };
            slots = values;
            outer_vars = vars;
            outer = domain;
        }
        let clauses = self.system.family(family).clauses.clone();
        let mut result = Vec::new();
        for clause in &clauses {
            let mut vars = outer_vars.clone();
            let mut index = Vec::with_capacity(clause.index.len());
            for (position, entry) in clause.index.iter().enumerate() {
                if let Some(slot) = slots.get(position) {
                    index.push(slot.clone());
                    continue;
                }
                let own = clause
                    .vars
                    .iter()
                    .copied()
                    .find(|own| entry.solve_for(*own).is_some());
                match own {
                    Some(own) => {
                        let letter = self.system.store.letter(own).to_owned();
                        let fresh = self.system.store.fresh_var(&letter);
                        vars.push(fresh);
                        index.push(Affine::var(fresh).plus(&entry.minus(&Affine::var(own))));
                    }
                    None => index.push(entry.clone()),
                }
            }
            let (_, inside) = clause.at(&index);
            let domain = outer.and(&inside);
            if self.system.ambient.is_empty(&domain) {
                continue;
            }
            let access = self.system.store.access(family, index);
            result.push((vars, domain, access));
        }
        result
    }

    /// The head of a bare quantity in `y onehot`, `t in {0,1}`.
    fn assumed_quantity(&mut self, what: &Expr) -> Option<(Head, FamilyId)> {
        let Some(head) = self.names.reference(what) else {
            self.problems.push(mistakes::assumed_name(what.span));
            return None;
        };
        let family = self.family_of(&head)?;
        let slots = self.system.family(family).slots;
        if self.system.family(family).kind == super::FamilyKind::Defined {
            self.problems
                .push(mistakes::assumed_of_defined(&head.name, what.span));
            return None;
        }
        if !head.elements.is_empty() || !(head.slots.is_empty() || head.slots.len() == slots) {
            self.problems.push(mistakes::assumed_name(what.span));
            return None;
        }
        Some((head, family))
    }

    fn assume_values(&mut self, what: &Expr, values: &[Expr], ranges: &[Range], span: Span) {
        let mut numbers = Vec::with_capacity(values.len());
        for value in values {
            let term = self.term(value, &mut Scope::default());
            match term.and_then(|term| self.system.store.as_number(term).cloned()) {
                Some(number) => numbers.push(number),
                None => {
                    self.problems.push(mistakes::assumed_number(value.span));
                    return;
                }
            }
        }
        let Some((head, family)) = self.assumed_quantity(what) else {
            return;
        };
        for (vars, domain, access) in self.entries(&head, family, ranges) {
            self.system.assumptions.push(Assumption {
                vars: vars.into_boxed_slice(),
                domain,
                fact: Fact::OneOf(access, numbers.clone()),
                span,
            });
        }
    }

    fn assume_one_hot(&mut self, what: &Expr, ranges: &[Range], span: Span) {
        let Some((head, family)) = self.assumed_quantity(what) else {
            return;
        };
        if self.system.family(family).axes == 0 {
            self.problems
                .push(mistakes::one_hot_number(&head.name, what.span));
            return;
        }
        for (mut vars, domain, access) in self.entries(&head, family, ranges) {
            // The last axis is the one of which a single entry is 1.
            let Some(letter) = vars.pop() else {
                continue;
            };
            self.system.assumptions.push(Assumption {
                vars: vars.into_boxed_slice(),
                domain,
                fact: Fact::OneHot(access, letter),
                span,
            });
        }
    }

    fn assume_matrix(&mut self, what: &Expr, properties: &[syntax::MatrixProperty], span: Span) {
        let Some((head, family)) = self.assumed_quantity(what) else {
            return;
        };
        if self.system.family(family).axes != 2 {
            self.problems
                .push(mistakes::not_a_matrix(&head.name, what.span));
            return;
        }
        for property in properties {
            self.system.assumptions.push(Assumption {
                vars: Box::default(),
                domain: Domain::everything(),
                fact: Fact::Matrix(family, *property),
                span,
            });
        }
    }
}

fn assumptions(network: &Network) -> impl Iterator<Item = (&syntax::Assumption, &[Range])> {
    network
        .statements
        .iter()
        .filter_map(|statement| match &statement.kind {
            StatementKind::Assume(assumptions, ranges) => Some(
                assumptions
                    .iter()
                    .map(move |assumption| (assumption, ranges.as_slice())),
            ),
            StatementKind::Index(_)
            | StatementKind::Where(..)
            | StatementKind::Role(..)
            | StatementKind::Equation { .. }
            | StatementKind::Loss { .. }
            | StatementKind::Function(_)
            | StatementKind::Write { .. }
            | StatementKind::Convention(_)
            | StatementKind::Question(_) => None,
        })
        .flatten()
}
