//! What is asked, and what depends on what.

use rustc_hash::FxHashSet;

use super::lower::Lowering;
use super::mistakes;
use super::reference::Head;
use super::scope::{Letter, Origin, Scope};
use super::{FamilyKind, FamilyRole, Question, Target};
use crate::source::{Diagnostic, Span};
use crate::syntax::{self, Expr, ExprKind, Network, Order, Role, StatementKind};
use crate::term::{Affine, Domain, FamilyId, Node};

impl Lowering<'_> {
    pub(super) fn read_questions(&mut self, network: &Network) {
        for statement in &network.statements {
            if let StatementKind::Question(question) = &statement.kind {
                self.read_question(question, statement.span);
            }
        }
        let asked = network
            .statements
            .iter()
            .any(|statement| matches!(statement.kind, StatementKind::Question(_)));
        if let (Some(loss), false) = (self.system.loss, asked) {
            self.ask_by_default(loss);
        }
    }

    fn read_question(&mut self, question: &syntax::Question, span: Span) {
        let of = match &question.of {
            Some(of) => self.target(of),
            None => match self.system.loss {
                Some(loss) => Some(whole(loss, 0)),
                None => {
                    let by = question.wrt.first().map(|wrt| self.text_of(wrt));
                    self.problems
                        .push(mistakes::missing_loss(span, by.as_deref()));
                    None
                }
            },
        };
        let targets: Vec<Option<Target>> =
            question.wrt.iter().map(|wrt| self.target(wrt)).collect();
        let (Some(of), Some(targets)) = (of, targets.into_iter().collect::<Option<Vec<_>>>())
        else {
            return;
        };
        for (target, wrt) in targets.iter().zip(&question.wrt) {
            let family = self.system.family(target.family);
            if family.integers.is_some() {
                let problem = mistakes::whole_number(&family.name, wrt.span, family.span);
                self.problems.push(problem);
            }
        }
        if !self.names.closed {
            let reached = self.system.depends_on(of.family);
            for (target, wrt) in targets.iter().zip(&question.wrt) {
                if !reached.contains(&target.family) {
                    self.problems.push(mistakes::independent(
                        &self.system.family(of.family).name,
                        &self.system.family(target.family).name,
                        wrt.span,
                    ));
                }
            }
        }
        match question.order {
            Order::Gradient => {
                for target in targets {
                    self.system.questions.push(Question {
                        order: Order::Gradient,
                        of: of.clone(),
                        wrt: vec![target],
                        span: Some(span),
                    });
                }
            }
            Order::Hessian => {
                // `hess C wrt a, b` is one mixed derivative; `hess A, B` asks for each by itself.
                let pairs: Vec<Vec<Target>> = match (&question.of, targets.as_slice()) {
                    (Some(_), [first, second]) => vec![vec![first.clone(), second.clone()]],
                    (Some(_), [_, _, _, ..]) => {
                        self.problems.push(mistakes::hessian_targets(span));
                        return;
                    }
                    (Some(_) | None, _) => targets
                        .iter()
                        .map(|target| vec![target.clone(), target.clone()])
                        .collect(),
                };
                for wrt in pairs {
                    self.system.questions.push(Question {
                        order: Order::Hessian,
                        of: of.clone(),
                        wrt,
                        span: Some(span),
                    });
                }
            }
        }
    }

    fn text_of(&self, expr: &Expr) -> String {
        super::describe::spell(expr)
    }

    /// A family, or the part of it at fixed indices; a letter means all values.
    fn target(&mut self, expr: &Expr) -> Option<Target> {
        let Some(head) = self.names.reference(expr) else {
            self.problems.push(mistakes::second_derivative(expr.span));
            return None;
        };
        let family = self.family_of(&head)?;
        let known = self.system.family(family);
        let (slots, axes) = (known.slots, known.axes);
        if !head.slots.is_empty() && head.slots.len() != slots || head.elements.len() > axes {
            self.index_of(&head, family, &Scope::default());
            return None;
        }
        if !head.elements.is_empty() && head.elements.len() != axes {
            self.index_of(&head, family, &Scope::default());
            return None;
        }
        let scope = self.letters_in(&head);
        let mut index: Vec<Option<Affine>> = Vec::with_capacity(slots + axes);
        for (part, count) in [(&head.slots, slots), (&head.elements, axes)] {
            if part.is_empty() {
                index.extend(std::iter::repeat_n(None, count));
            }
            for entry in part {
                let value = self.affine(entry, &scope)?;
                let mut fixed = true;
                value.visit_vars(&mut |_| fixed = false);
                index.push(fixed.then_some(value));
            }
        }
        let target = Target {
            family,
            index: index.into_boxed_slice(),
        };
        if !self.exists(&target) {
            let row = self.system.family(family);
            self.problems.push(match self.system.loss {
                // It was written, but the terms with it are constant: `x^0`.
                Some(loss) if row.clauses.is_empty() => {
                    mistakes::independent(&self.system.family(loss).name, &row.name, expr.span)
                }
                Some(_) | None => mistakes::nothing_there(&self.system, family, expr.span),
            });
            return None;
        }
        Some(target)
    }

    /// Every letter of a question or spelling stands for any value.
    pub(super) fn letters_in(&mut self, head: &Head) -> Scope {
        let mut scope = Scope::default();
        for index in head.slots.iter().chain(&head.elements) {
            super::names::visit(index, &mut |expr| {
                if let ExprKind::Name(name) = &expr.kind
                    && self.names.letters.contains_key(name)
                    && !self.names.known.contains_key(name)
                    && scope.find(name).is_none()
                {
                    let var = self.system.store.fresh_var(name);
                    scope.push(Letter {
                        name: name.clone(),
                        var,
                        origin: Origin::Left,
                        span: expr.span,
                    });
                }
            });
        }
        scope
    }

    /// Whether some element of the family may be meant.
    fn exists(&mut self, target: &Target) -> bool {
        let any = Affine::var(self.system.store.fresh_var("i"));
        let wanted: Vec<Affine> = target
            .index
            .iter()
            .map(|value| value.clone().unwrap_or_else(|| any.clone()))
            .collect();
        let clauses = &self.system.family(target.family).clauses;
        let candidates = self.asked.candidates(&self.system, target.family, &wanted);
        candidates.into_iter().any(|at| {
            let clause = &clauses[at];
            let mut domain = clause.domain.clone();
            for (left, value) in clause.index.iter().zip(&target.index) {
                if let Some(value) = value {
                    domain = domain.and(&Domain::equal(left, value));
                }
            }
            !self.system.ambient.is_empty(&domain)
        })
    }

    /// All parameters, or without any all inputs that nobody named by another role.
    fn ask_by_default(&mut self, loss: FamilyId) {
        let named = |name: &str, wanted: Role| {
            self.names
                .roles
                .get(name)
                .is_some_and(|(role, _)| *role == wanted)
        };
        let reached = self.system.depends_on(loss);
        let inputs = |keep: &dyn Fn(&str) -> bool| -> Vec<FamilyId> {
            self.system
                .family_ids()
                .filter(|id| {
                    let family = self.system.family(*id);
                    family.kind == FamilyKind::Input
                        && family.integers.is_none()
                        && reached.contains(id)
                        && keep(&family.name)
                })
                .collect()
        };
        let mut asked = inputs(&|name| named(name, Role::Param));
        if asked.is_empty() {
            asked = inputs(&|name| !named(name, Role::Input) && !named(name, Role::Target));
        }
        for family in asked {
            let target = self.boundary_of(family).unwrap_or_else(|| {
                let known = self.system.family(family);
                whole(family, known.slots + known.axes)
            });
            self.system.questions.push(Question {
                order: Order::Gradient,
                of: whole(loss, 0),
                wrt: vec![target],
                span: None,
            });
        }
    }

    /// For an input that gives the boundary of a defined quantity: the quantity there.
    fn boundary_of(&self, input: FamilyId) -> Option<Target> {
        let family = self.system.bounded_by(input)?;
        let given = self.system.family(input);
        let [clause] = given.clauses.as_slice() else {
            return None;
        };
        let (slots, elements) = clause.index.split_at(given.slots);
        let fixed = slots
            .iter()
            .map(|slot| slot.as_var().is_none().then(|| slot.clone()));
        Some(Target {
            family,
            index: fixed.chain(elements.iter().map(|_| None)).collect(),
        })
    }

    /// A definition that nothing asks for is legal, but hardly meant.
    pub(super) fn warn_of_unused(&mut self) {
        if self.system.questions.is_empty() {
            return;
        }
        let mut used: FxHashSet<FamilyId> = FxHashSet::default();
        let mut roots: Vec<FamilyId> = self.system.loss.into_iter().collect();
        for question in &self.system.questions {
            roots.push(question.of.family);
            roots.extend(question.wrt.iter().map(|target| target.family));
        }
        for root in roots {
            if !used.contains(&root) {
                used.extend(self.system.depends_on(root));
            }
        }
        let mut warnings: Vec<Diagnostic> = Vec::new();
        for (at, family) in self.system.families.iter().enumerate() {
            if family.kind == FamilyKind::Defined
                && !family.name.is_empty()
                && !used.contains(&FamilyId(at as u32))
                && let Some(span) = family.span
            {
                warnings.push(mistakes::unused(&family.name, span));
            }
        }
        self.system.warnings.extend(warnings);
    }
}

fn whole(family: FamilyId, indices: usize) -> Target {
    Target {
        family,
        index: vec![None; indices].into_boxed_slice(),
    }
}

impl Lowering<'_> {
    /// Roles that the structure settles.
    pub(super) fn infer_roles(&mut self) {
        let mut found: Vec<(FamilyId, FamilyRole)> = Vec::new();
        for (at, family) in self.system.families.iter().enumerate() {
            for clause in &family.clauses {
                let Some(body) = clause.body else {
                    continue;
                };
                if let Node::Apply(function, _, arguments) = self.system.store.node(body)
                    && self.system.function(*function).activation
                {
                    found.push((FamilyId(at as u32), FamilyRole::Activation));
                    if let Some(Node::Access(inner, _)) =
                        arguments.first().map(|term| self.system.store.node(*term))
                        && self.system.family(*inner).kind == FamilyKind::Defined
                    {
                        found.push((*inner, FamilyRole::PreActivation));
                    }
                }
            }
        }
        if let Some(loss) = self.system.loss {
            for clause in &self.system.family(loss).clauses {
                if let Some(body) = clause.body {
                    self.compared(body, &mut found);
                }
            }
            if let FamilyKind::OpaqueLoss(reads) = &self.system.family(loss).kind
                && let [(output, _)] = reads.as_slice()
            {
                found.push((*output, FamilyRole::Output));
            }
        }
        for (family, role) in found {
            let known = &mut self.system.families[family.0 as usize];
            // The output of a network without layers is often an activation; what the loss sees counts.
            let replaces = role == FamilyRole::Output
                && known.slots == 0
                && known.role == Some(FamilyRole::Activation);
            if known.role.is_none() || replaces {
                known.role = Some(role);
            }
        }
    }

    /// Output and target, where the loss compares them: `r - y`, or `y log(p)`.
    fn compared(&self, body: crate::term::TermId, found: &mut Vec<(FamilyId, FamilyRole)>) {
        let store = &self.system.store;
        let mut seen = FxHashSet::default();
        let mut stack = vec![body];
        while let Some(term) = stack.pop() {
            if !seen.insert(term) {
                continue;
            }
            let node = store.node(term);
            // A margin is compared, too, but not with an output.
            if let Node::Apply(function, _, _) = node
                && self.system.function(*function).primitive == Some(super::Primitive::Relu)
            {
                continue;
            }
            let pair: Option<(FamilyId, FamilyId)> = match node {
                Node::Add(terms) => match terms.as_ref() {
                    [first, second] => self
                        .accessed(*first)
                        .zip(self.subtracted(*second))
                        .or_else(|| self.accessed(*second).zip(self.subtracted(*first))),
                    _ => None,
                },
                Node::Mul(factors) => {
                    let plain = factors.iter().find_map(|factor| self.accessed(*factor));
                    let logged = factors.iter().find_map(|factor| match store.node(*factor) {
                        Node::Apply(function, _, arguments)
                            if self.system.function(*function).primitive
                                == Some(super::Primitive::Log) =>
                        {
                            self.accessed(arguments[0])
                        }
                        _ => None,
                    });
                    plain.zip(logged)
                }
                Node::Number(_)
                | Node::Pi
                | Node::Index(_)
                | Node::Access(..)
                | Node::Parameter(_)
                | Node::Reduce(..)
                | Node::Power(..)
                | Node::Apply(..)
                | Node::Guard(_)
                | Node::Test(..)
                | Node::Cases(_) => None,
            };
            if let Some((first, second)) = pair {
                let kinds = (
                    &self.system.family(first).kind,
                    &self.system.family(second).kind,
                );
                match kinds {
                    (FamilyKind::Defined, FamilyKind::Input) => {
                        found.push((first, FamilyRole::Output));
                        found.push((second, FamilyRole::Target));
                    }
                    (FamilyKind::Input, FamilyKind::Defined) => {
                        found.push((second, FamilyRole::Output));
                        found.push((first, FamilyRole::Target));
                    }
                    _ => {}
                }
            }
            stack.extend(node.children());
        }
    }

    fn accessed(&self, term: crate::term::TermId) -> Option<FamilyId> {
        match self.system.store.node(term) {
            Node::Access(family, _) => Some(*family),
            _ => None,
        }
    }

    fn subtracted(&self, term: crate::term::TermId) -> Option<FamilyId> {
        match self.system.store.node(term) {
            Node::Mul(factors) => match factors.as_ref() {
                [sign, factor]
                    if self.system.store.as_number(*sign)
                        == Some(&-num_rational::BigRational::from_integer(1.into())) =>
                {
                    self.accessed(*factor)
                }
                _ => None,
            },
            _ => None,
        }
    }
}
