//! Simplification in written order: rules as data, applied from the leaves up until nothing changes.
//!
//! The result is for people to read. Whether two terms are equal is decided elsewhere.

mod arithmetic;
mod clear;
mod rule;
mod sign;
mod step;
mod trace;

use std::rc::Rc;

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

pub(crate) use arithmetic::{Product, scaled, shared_factors, summands};
use arithmetic::{build_sum, cancelled_in_brackets, collect, flipped, whole_power};
use rule::{Argument, Heads, Outline, Pattern};
pub use rule::{Demand, Holds, LETTERS, Rule};
pub(crate) use sign::{Sign, Signs};
pub use trace::{Condition, Link, Step};

use crate::syntax::StepAtZero;
use crate::system::{System, pattern};
use crate::term::{Affine, Domain, FunctionId, Node, Reduction, Store, TermId, VarId};

/// All rules, in the order in which they are tried.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    step::RULES.iter()
}

/// A simplified term with what it rests on.
type Simplified = (TermId, Rc<[Condition]>);

/// A rule about functions that the system uses. Its sides are read when a term may match: most never do.
#[derive(Debug)]
struct Applicable {
    rule: &'static Rule,
    /// The functions at the top of the left side.
    heads: Heads,
    /// What its left side is a call with, if it is a call.
    call: Option<Argument>,
    left: Option<Pattern>,
}

impl Applicable {
    /// The rule, if it holds under the convention and the system uses all functions on both sides.
    fn of(rule: &'static Rule, system: &System, step_at_zero: StepAtZero) -> Option<Self> {
        let in_use = |name: &str| {
            let at = system.functions.iter().position(|it| it.name == name);
            at.map(|at| FunctionId(at as u32))
        };
        let mut names = rule::function_names(rule.left).chain(rule::function_names(rule.right));
        if !rule.holds.under(step_at_zero) || !names.all(|name| in_use(name).is_some()) {
            return None;
        }
        let Outline { heads, call } = Outline::of(rule.left);
        Some(Self {
            rule,
            heads: heads.into_iter().filter_map(in_use).collect(),
            call,
            left: None,
        })
    }

    /// Whether the outline of the left side admits a term, at whose top these functions are applied.
    fn admits(
        &self,
        system: &mut System,
        signs: &mut Signs,
        term: TermId,
        present: &Heads,
    ) -> bool {
        if !self.heads.iter().all(|head| present.contains(head)) {
            return false;
        }
        let Some(argument) = self.call else {
            return true;
        };
        let Node::Apply(_, _, arguments) = system.store.node(term) else {
            return false;
        };
        let [given] = arguments[..] else {
            return true;
        };
        match (argument, system.store.node(given)) {
            (Argument::Letter(demand), _) => signs.of(system, given).meets(demand),
            (Argument::Call(name), Node::Apply(inner, _, _)) => {
                system.functions[inner.0 as usize].name == name
            }
            (Argument::Call(_), _)
            | (Argument::Product, Node::Pi | Node::Index(_) | Node::Access(..) | Node::Apply(..)) => {
                false
            }
            (Argument::Product, _) => true,
        }
    }
}

/// A side of a rule as a term, read once for all simplifiers of a system.
fn side(system: &mut System, text: &'static str) -> TermId {
    if let Some(known) = system.patterns.get(text) {
        return *known;
    }
    let term = pattern(system, text, LETTERS);
    let term = term.expect("the rules are legal network language");
    system.patterns.insert(text, term);
    term
}

/// Rewrites terms of one system under one convention, with or without its assumptions.
#[derive(Debug)]
pub(crate) struct Simplifier {
    rules: Vec<Applicable>,
    signs: Signs,
    /// Results with what they rest on.
    memo: FxHashMap<(TermId, u32), Simplified>,
    /// Contexts by number; terms without guards are simplified in context 0, which says nothing.
    contexts: Vec<Domain>,
    context_numbers: FxHashMap<Domain, u32>,
    /// Of each term so far, whether it has guards.
    depends_on_context: Vec<bool>,
    /// What the terms that are being visited rest on, outermost first; the first entry collects all.
    conditions: Vec<Vec<Condition>>,
    /// The rules that fired so far; a shared term is simplified, and recorded, once.
    steps: Vec<Step>,
    /// What most terms rest on.
    nothing: Rc<[Condition]>,
}

impl Simplifier {
    /// A simplifier for the functions that the system uses; `more` rules are tried before the program's own.
    pub(crate) fn new(
        system: &mut System,
        step_at_zero: StepAtZero,
        use_assumptions: bool,
        more: &'static [Rule],
    ) -> Self {
        if let Some(exp) = system.find_function("exp")
            && has_logistic(system, exp)
        {
            system.function_id("sigmoid");
        }
        if system.find_function("sinh").is_some() && system.find_function("cosh").is_some() {
            system.function_id("tanh");
        }
        let rules = more
            .iter()
            .chain(rules())
            .filter_map(|rule| Applicable::of(rule, system, step_at_zero))
            .collect();
        Self {
            rules,
            signs: Signs::new(system, use_assumptions),
            memo: FxHashMap::default(),
            contexts: vec![Domain::everything()],
            context_numbers: FxHashMap::from_iter([(Domain::everything(), 0)]),
            depends_on_context: Vec::new(),
            conditions: vec![Vec::new()],
            steps: Vec::new(),
            nothing: Rc::from([]),
        }
    }

    /// Takes what was recorded since the last call.
    pub(crate) fn take_record(&mut self) -> (Vec<Condition>, Vec<Step>) {
        let mut conditions = std::mem::take(&mut self.conditions[0]);
        conditions.sort();
        (conditions, std::mem::take(&mut self.steps))
    }

    /// The conditions in order, each once; of what is proved not to be 0, only the assumptions that prove it.
    pub(crate) fn settled(
        &mut self,
        system: &mut System,
        conditions: Vec<Condition>,
    ) -> Vec<Condition> {
        let mut result = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition {
                Condition::NonZero(term) => result.extend(self.nonzero(system, term)),
                other => result.push(other),
            }
        }
        result.sort();
        result.dedup();
        result
    }

    /// What has to hold for a term not to be 0.
    fn nonzero(&mut self, system: &mut System, term: TermId) -> Vec<Condition> {
        let sign = self.signs.of(system, term);
        if sign.is_nonzero() {
            sign.assumed.into_iter().map(Condition::Assumed).collect()
        } else {
            vec![Condition::NonZero(term)]
        }
    }

    /// Notes what a result needs in order to be right.
    pub(crate) fn rests_on(&mut self, condition: Condition) {
        let innermost = self.conditions.len() - 1;
        let known = &mut self.conditions[innermost];
        if !known.contains(&condition) {
            known.push(condition);
        }
    }

    /// The simplified term; guards are read inside `context`.
    pub(crate) fn simplify(
        &mut self,
        system: &mut System,
        term: TermId,
        context: &Domain,
    ) -> TermId {
        let number = self.context_number(context);
        self.visit(system, term, number)
    }

    fn context_number(&mut self, context: &Domain) -> u32 {
        if let Some(number) = self.context_numbers.get(context) {
            return *number;
        }
        let number = self.contexts.len() as u32;
        self.contexts.push(context.clone());
        self.context_numbers.insert(context.clone(), number);
        number
    }

    fn visit(&mut self, system: &mut System, term: TermId, context: u32) -> TermId {
        let context = if context == 0 || !self.needs_context(&system.store, term) {
            0
        } else {
            context
        };
        if let Some((done, conditions)) = self.memo.get(&(term, context)).cloned() {
            for condition in conditions.iter() {
                self.rests_on(condition.clone());
            }
            return done;
        }
        self.conditions.push(Vec::new());
        let result = crate::stack::deep(|| {
            let mut current = self.children(system, term, context);
            // Each round applies one local change; the bound only guards against rules that circle.
            for _ in 0..64 {
                let next = self.local(system, current, context);
                if next == current {
                    break;
                }
                current = if system.store.node(next) == system.store.node(current) {
                    next
                } else {
                    self.children(system, next, context)
                };
            }
            current
        });
        let conditions = match self.conditions.pop() {
            Some(some) if !some.is_empty() => some.into(),
            Some(_) | None => Rc::clone(&self.nothing),
        };
        for condition in conditions.iter() {
            self.rests_on(condition.clone());
        }
        let entry = (result, conditions);
        if result != term {
            let nothing = Rc::clone(&self.nothing);
            self.memo.insert((result, context), (result, nothing));
        }
        self.memo.insert((term, context), entry);
        result
    }

    fn needs_context(&mut self, store: &Store, term: TermId) -> bool {
        let at = term.0 as usize;
        // Parts have smaller ids than the whole.
        for next in self.depends_on_context.len()..=at {
            let depends = match store.node(TermId(next as u32)) {
                Node::Guard(_) | Node::Reduce(..) => true,
                node => {
                    let parts = node.children();
                    parts
                        .iter()
                        .any(|it| self.depends_on_context[it.0 as usize])
                }
            };
            self.depends_on_context.push(depends);
        }
        self.depends_on_context[at]
    }

    fn children(&mut self, system: &mut System, term: TermId, context: u32) -> TermId {
        let node = system.store.shared(term);
        match &*node {
            Node::Reduce(op, vars, domain, body) => {
                let inner = self.contexts[context as usize].shadowed(vars).and(domain);
                let inner = self.context_number(&inner);
                let body = self.visit(system, *body, inner);
                system
                    .store
                    .reduce(*op, vars.iter().copied(), domain.clone(), body)
            }
            Node::Mul(factors) => {
                // Guards are the context of the other factors.
                let mut guarded: Option<Domain> = None;
                for factor in factors {
                    if let Node::Guard(domain) = system.store.node(*factor) {
                        let outer = &self.contexts[context as usize];
                        guarded = Some(guarded.as_ref().unwrap_or(outer).and(domain));
                    }
                }
                let inner = guarded.map_or(context, |inner| self.context_number(&inner));
                let simplified: SmallVec<[TermId; 8]> = factors
                    .iter()
                    .map(|factor| match system.store.node(*factor) {
                        Node::Guard(_) => self.visit(system, *factor, context),
                        _ => self.visit(system, *factor, inner),
                    })
                    .collect();
                let is_opened = |factor: &TermId| {
                    matches!(system.store.node(*factor), Node::Mul(_) | Node::Number(_))
                };
                if *simplified == **factors && !factors.iter().any(is_opened) {
                    return term;
                }
                system.store.mul(simplified)
            }
            _ => {
                let children = node.children();
                if children.is_empty() {
                    return term;
                }
                let simplified: Vec<TermId> = children
                    .iter()
                    .map(|child| self.visit(system, *child, context))
                    .collect();
                if simplified.as_slice() == children.as_slice() {
                    term
                } else {
                    system.store.rebuild(&node, &simplified)
                }
            }
        }
    }

    /// One change at the top of a term whose parts are simplified.
    fn local(&mut self, system: &mut System, term: TermId, context: u32) -> TermId {
        let node = system.store.shared(term);
        let changed = match &*node {
            Node::Add(_) => self.sum(system, term),
            Node::Mul(_) => self.product(system, term),
            Node::Power(base, exponent) => self.power(system, term, *base, *exponent),
            Node::Guard(domain) => self.guard(system, domain, context),
            Node::Reduce(op, vars, domain, body) => {
                self.reduction(system, term, *op, vars, domain, *body, context)
            }
            Node::Cases(branches) => self.cases(system, branches),
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Apply(..)
            | Node::Test(..) => term,
        };
        if changed != term {
            return changed;
        }
        if let Node::Index(affine) = &*node
            && let Some(value) = affine.as_int()
        {
            return system.store.int(value);
        }
        self.apply_rules(system, term)
    }

    fn apply_rules(&mut self, system: &mut System, term: TermId) -> TermId {
        if !matches!(
            system.store.node(term),
            Node::Mul(_) | Node::Power(..) | Node::Apply(..) | Node::Add(_)
        ) {
            return term;
        }
        let present = rule::heads(&system.store, term);
        if present.is_empty() {
            return term;
        }
        let mut opened = None;
        for at in 0..self.rules.len() {
            let applicable = &mut self.rules[at];
            if !applicable.admits(system, &mut self.signs, term, &present) {
                continue;
            }
            let rule = applicable.rule;
            let left = applicable.left.get_or_insert_with(|| {
                let term = side(system, rule.left);
                Pattern::new(&mut system.store, term)
            });
            let mut used = Vec::new();
            let signs = &mut self.signs;
            let mut store = std::mem::take(&mut system.store);
            let mut prove = |store: &mut Store, demand: Demand, candidate: TermId| {
                std::mem::swap(store, &mut system.store);
                let sign = signs.of(system, candidate);
                std::mem::swap(store, &mut system.store);
                let holds = sign.meets(demand);
                if holds {
                    used.extend(sign.assumed);
                }
                holds
            };
            let found = rule::find(&mut store, left, term, &mut opened, &mut prove);
            system.store = store;
            let Some((bindings, around)) = found else {
                continue;
            };
            let right = side(system, rule.right);
            let store = &mut system.store;
            let value = store.replace(right, &mut |store, part| match store.node(part) {
                Node::Parameter(letter) => bindings[*letter as usize],
                _ => None,
            });
            let result = match around {
                None => value,
                Some((mut product, place)) => {
                    product.factors.insert(
                        place.min(product.factors.len()),
                        (value, BigRational::one()),
                    );
                    product.build(store)
                }
            };
            if result == term {
                continue;
            }
            for number in used {
                self.rests_on(Condition::Assumed(number));
            }
            if let Holds::Under(_) = rule.holds {
                self.rests_on(Condition::StepAtZero);
            }
            self.record(rule.name, term, result, rule.why);
            return result;
        }
        term
    }

    fn record(&mut self, rule: &'static str, before: TermId, after: TermId, why: &str) {
        self.steps.push(Step {
            rule,
            before: Link::Term(before),
            after: Link::Term(after),
            why: why.to_owned(),
        });
    }

    fn sum(&mut self, system: &mut System, term: TermId) -> TermId {
        let store = &mut system.store;
        let parts = summands(store, term);
        if let Some(shorter) = cancelled_in_brackets(store, &parts) {
            return shorter;
        }
        let mut number = BigRational::zero();
        let mut place = None;
        let mut others = Vec::with_capacity(parts.len());
        for (coefficient, rest) in parts {
            if store.is_one(rest) {
                place.get_or_insert(others.len());
                number += coefficient;
            } else {
                others.push((coefficient, rest));
            }
        }
        let mut others = collect(store, others);
        if !number.is_zero() {
            let one = store.int(1);
            let place = place.unwrap_or(0).min(others.len());
            others.insert(place, (number, one));
        }
        build_sum(store, others)
    }

    fn product(&mut self, system: &mut System, term: TermId) -> TermId {
        let store = &mut system.store;
        let mut product = Product::of(store, term);
        let before = product.factors.len();
        let (mut cancelled, mut cleared) = (Vec::new(), Vec::new());
        product.combine_powers(store, |base| cancelled.push(base));
        product.fold_numbers(store);
        product.take_contents(store);
        product.join_exponents(store);
        clear::clear_divisors(store, &mut product, |base| cleared.push(base));
        self.merge_guards(store, &mut product);
        if product.coefficient.is_negative() {
            let turned = (0..product.factors.len()).find_map(|at| {
                let (base, exponent) = &product.factors[at];
                (exponent.is_one())
                    .then(|| flipped(store, *base))
                    .flatten()
                    .map(|turned| (at, turned))
            });
            if let Some((at, turned)) = turned {
                product.factors[at].0 = turned;
                product.coefficient = -product.coefficient;
            }
        }
        let result = product.build(store);
        if product.factors.len() < before {
            cleared.append(&mut cancelled);
        }
        for base in cleared {
            for condition in self.nonzero(system, base) {
                self.rests_on(condition);
            }
        }
        result
    }

    /// Several guards of a product are one.
    fn merge_guards(&mut self, store: &mut Store, product: &mut Product) {
        let is_guard = |store: &Store, base: TermId| matches!(store.node(base), Node::Guard(_));
        let count = product
            .factors
            .iter()
            .filter(|(base, _)| is_guard(store, *base))
            .count();
        if count == 0 {
            return;
        }
        let mut domain = Domain::everything();
        let mut place = None;
        let mut kept = Vec::new();
        for (base, exponent) in product.factors.drain(..) {
            match store.node(base) {
                Node::Guard(guard) => {
                    domain = domain.and(guard);
                    place.get_or_insert(kept.len());
                }
                _ => kept.push((base, exponent)),
            }
        }
        product.factors = kept;
        if domain.is_nothing() {
            product.coefficient = BigRational::zero();
        } else if !domain.is_everything() {
            let guard = store.guard(domain);
            product
                .factors
                .insert(place.unwrap_or(0), (guard, BigRational::one()));
        }
    }

    fn power(
        &mut self,
        system: &mut System,
        term: TermId,
        base: TermId,
        exponent: TermId,
    ) -> TermId {
        let Some(exponent) = system.store.as_number(exponent).cloned() else {
            return term;
        };
        let store = &mut system.store;
        if exponent.is_zero() {
            return store.int(1);
        }
        if let Some(value) = store.as_number(base).cloned() {
            return match whole_power(&value, &exponent) {
                Some(value) => store.number(value),
                None if value.is_one() => base,
                None => term,
            };
        }
        match store.node(base).clone() {
            Node::Power(inner, first) => {
                let Some(first) = store.as_number(first).cloned() else {
                    return term;
                };
                // (u^a)^b = u^(ab) for whole b, and where u is not negative.
                if exponent.is_integer() {
                    let total = store.number(first * exponent);
                    return store.power(inner, total);
                }
                let sign = self.signs.of(system, inner);
                if sign.is_nonnegative() {
                    for number in sign.assumed {
                        self.rests_on(Condition::Assumed(number));
                    }
                    let total = system.store.number(first * exponent);
                    return system.store.power(inner, total);
                }
                term
            }
            // Negative powers are taken into products, so that quotients cancel; positive ones stay as written.
            Node::Mul(_) if exponent.is_integer() => {
                let product = Product::of(store, base);
                if exponent.is_positive() && product.coefficient.is_one() {
                    return term;
                }
                let Some(coefficient) = whole_power(&product.coefficient, &exponent) else {
                    return term;
                };
                if exponent.is_positive() {
                    let rest = Product {
                        coefficient: BigRational::one(),
                        factors: product.factors,
                    }
                    .build(store);
                    let exponent = store.number(exponent);
                    let power = store.power(rest, exponent);
                    return scaled(store, &coefficient, power);
                }
                Product {
                    coefficient,
                    factors: product
                        .factors
                        .into_iter()
                        .map(|(factor, power)| (factor, power * &exponent))
                        .collect(),
                }
                .build(store)
            }
            Node::Guard(_) | Node::Test(..) if exponent.is_positive() => base,
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Add(_)
            | Node::Mul(_)
            | Node::Apply(..)
            | Node::Guard(_)
            | Node::Test(..)
            | Node::Cases(_) => term,
        }
    }

    fn guard(&mut self, system: &mut System, domain: &Domain, context: u32) -> TermId {
        let context = &self.contexts[context as usize];
        if system.ambient.is_empty(&context.and(domain)) {
            return system.store.int(0);
        }
        let open = system.ambient.minimal(domain, context);
        system.store.guard(open)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one node and where it stands"
    )]
    fn reduction(
        &mut self,
        system: &mut System,
        term: TermId,
        op: Reduction,
        vars: &[VarId],
        domain: &Domain,
        body: TermId,
        context: u32,
    ) -> TermId {
        let outside = self.contexts[context as usize].shadowed(vars);
        if system.ambient.is_empty(&outside.and(domain)) {
            return match op {
                Reduction::Sum => system.store.int(0),
                Reduction::Product => system.store.int(1),
                Reduction::Max | Reduction::Min => term,
            };
        }
        if op != Reduction::Sum {
            // What is known outside need not be said again.
            let inside = domain
                .parts()
                .filter(|part| {
                    vars.iter().any(|var| part.mentions(*var))
                        || !system.ambient.implies(&outside, part)
                })
                .fold(Domain::everything(), |whole, part| whole.and(&part));
            return system.store.reduce(op, vars.iter().copied(), inside, body);
        }
        let store = &mut system.store;
        if store.is_zero(body) {
            return body;
        }
        // Equations of the domain fix letters. What is said of the outside letters becomes a guard.
        let (solved, rest) = domain.solve(vars);
        if !solved.is_empty() {
            let left: Vec<VarId> = vars
                .iter()
                .copied()
                .filter(|var| solved.get(*var).is_none())
                .collect();
            let body = store.substitute(body, &solved);
            return self.guarded_sum(system, &left, &rest, body);
        }
        // A guard in the body belongs to the domain, and so does what chooses the one branch of cases that is not 0.
        let mut product = Product::of(store, body);
        let mut more = Domain::everything();
        for (base, exponent) in &mut product.factors {
            match store.node(*base) {
                Node::Guard(guard) => {
                    more = more.and(guard);
                    *base = store.int(1);
                }
                Node::Cases(branches) if exponent.is_one() => {
                    if let Some((chosen, value)) = only_branch(store, branches) {
                        more = more.and(&chosen);
                        *base = value;
                    }
                }
                _ => {}
            }
        }
        if !more.is_everything() {
            let body = product.build(store);
            let domain = domain.and(&more).with_equations();
            return self.guarded_sum(system, vars, &domain, body);
        }
        // Factors that do not depend on the letters stand outside: behind the sum if they stood behind what does,
        // so that upstream, local and input keep their order. Numbers, sizes and divisors stand in front.
        let free = |store: &Store, base: TermId| {
            !vars.iter().any(|var| store.free_vars(base).contains(var))
        };
        let last = product
            .factors
            .iter()
            .rposition(|(base, _)| !free(store, *base));
        let (mut front, mut inner, mut behind) = (Vec::new(), Vec::new(), Vec::new());
        for (at, factor) in product.factors.iter().cloned().enumerate() {
            let leads = factor.1.is_negative() || matches!(store.node(factor.0), Node::Index(_));
            if !free(store, factor.0) {
                inner.push(factor);
            } else if leads || last.is_none_or(|last| at < last) {
                front.push(factor);
            } else {
                behind.push(factor);
            }
        }
        if !front.is_empty() || !behind.is_empty() || !product.coefficient.is_one() {
            let mut part = |coefficient: BigRational, factors| {
                Product {
                    coefficient,
                    factors,
                }
                .build(store)
            };
            let front = part(product.coefficient.clone(), front);
            let body = part(BigRational::one(), inner);
            let behind = part(BigRational::one(), behind);
            let sum = store.reduce(op, vars.iter().copied(), domain.clone(), body);
            return store.mul([front, sum, behind]);
        }
        if product.factors.is_empty() {
            return self.count(system, vars, domain).unwrap_or(term);
        }
        let smaller = system.ambient.minimal(domain, &outside);
        system.store.reduce(op, vars.iter().copied(), smaller, body)
    }

    /// A sum whose domain also speaks of letters outside: those conditions become a guard in front.
    fn guarded_sum(
        &mut self,
        system: &mut System,
        vars: &[VarId],
        domain: &Domain,
        body: TermId,
    ) -> TermId {
        let store = &mut system.store;
        if domain.is_nothing() {
            return store.int(0);
        }
        let inside =
            domain.filter(|constraint| vars.iter().any(|var| constraint.affine().mentions(*var)));
        let outside =
            domain.filter(|constraint| !vars.iter().any(|var| constraint.affine().mentions(*var)));
        let sum = store.reduce(Reduction::Sum, vars.iter().copied(), inside, body);
        let guard = store.guard(outside);
        store.mul([guard, sum])
    }

    /// How many values a range has, where it is one interval that is proved not to be empty.
    fn count(&mut self, system: &mut System, vars: &[VarId], domain: &Domain) -> Option<TermId> {
        if !sign::never_empty(system, vars, domain) {
            return None;
        }
        let (lower, upper) = domain.bounds(vars[0]);
        let count: Affine = upper[0].1.minus(&lower[0].1).offset(1);
        Some(system.store.intern(Node::Index(count)))
    }

    fn cases(&mut self, system: &mut System, branches: &[(TermId, TermId)]) -> TermId {
        let store = &mut system.store;
        let mut kept: Vec<(TermId, TermId)> = Vec::with_capacity(branches.len());
        for (condition, value) in branches {
            if store.is_zero(*condition) {
                continue;
            }
            kept.push((*condition, *value));
            if store.is_one(*condition) {
                break;
            }
        }
        // Branches before the last that agree with it say nothing.
        while kept.len() > 1 && kept[kept.len() - 2].1 == kept[kept.len() - 1].1 {
            let last = kept.len() - 1;
            if !store.is_one(kept[last].0) {
                break;
            }
            kept.remove(last - 1);
        }
        match kept.as_slice() {
            [(condition, value)] if store.is_one(*condition) => *value,
            _ => store.intern(Node::Cases(kept.into_boxed_slice())),
        }
    }
}

/// The branch of cases that alone is not 0, with the domain that chooses it; none where there are several, or where
/// that is no one domain.
fn only_branch(store: &Store, branches: &[(TermId, TermId)]) -> Option<(Domain, TermId)> {
    let only = branches
        .iter()
        .position(|(_, value)| !store.is_zero(*value))?;
    if branches[only + 1..]
        .iter()
        .any(|(_, value)| !store.is_zero(*value))
    {
        return None;
    }
    let mut domain = Domain::everything();
    for (at, (condition, _)) in branches[..=only].iter().enumerate() {
        let holds = match store.node(*condition) {
            Node::Guard(guard) => guard.clone(),
            _ if store.is_one(*condition) => Domain::everything(),
            _ => return None,
        };
        domain = if at == only {
            domain.and(&holds)
        } else {
            let [otherwise] = &holds.complement()[..] else {
                return None;
            };
            domain.and(otherwise)
        };
    }
    Some((domain, branches[only].1))
}

/// Whether the logistic function is written out in a definition: `1 + exp(u)` is there.
fn has_logistic(system: &System, exp: FunctionId) -> bool {
    let store = &system.store;
    let is_exp = |term: &TermId| matches!(store.node(*term), Node::Apply(function, _, _) if *function == exp);
    let mut clauses = system.families.iter().flat_map(|family| &family.clauses);
    clauses.any(|clause| {
        clause.body.is_some_and(|body| {
            store.any(body, |node| match node {
                Node::Add(parts) => {
                    parts.len() == 2
                        && parts.iter().any(|part| store.is_one(*part))
                        && parts.iter().any(is_exp)
                }
                _ => false,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outline of a left side says of its functions what the side says once it is read.
    #[test]
    fn outlines_are_those_of_the_terms() {
        let mut system = System::default();
        for rule in rules() {
            let term = pattern(&mut system, rule.left, LETTERS).expect("rules are read");
            let mut names = rule::function_names(rule.left).chain(rule::function_names(rule.right));
            let known =
                |name: &str| crate::functions::row(name).is_some_and(|row| row.name == name);
            assert!(names.all(known), "{}", rule.name);
            let outline = Outline::of(rule.left);
            let named = |id: FunctionId| &*system.functions[id.0 as usize].name;
            let heads = rule::heads(&system.store, term);
            assert!(!heads.is_empty(), "{}", rule.name);
            let (mut from_term, mut from_text): (Vec<_>, Vec<_>) = (
                heads.iter().map(|id| named(*id)).collect(),
                outline.heads.to_vec(),
            );
            from_text.sort_unstable();
            from_text.dedup();
            from_term.sort_unstable();
            assert_eq!(from_text, from_term, "{}", rule.name);
            let store = &system.store;
            let call = match store.node(term) {
                Node::Apply(_, _, arguments) => Some(match *store.node(arguments[0]) {
                    Node::Parameter(letter) => Argument::Letter(Demand::of(letter)),
                    Node::Apply(inner, _, _) => {
                        Argument::Call(crate::functions::row(named(inner)).expect("a row").name)
                    }
                    _ => Argument::Product,
                }),
                _ => None,
            };
            assert_eq!(outline.call, call, "{}", rule.name);
        }
    }
}
