//! Walks over the tree: what stands in a formula, and the same tree at other places.

use crate::source::Span;

use super::tree::{
    AssumptionKind, Binder, Condition, Declaration, Expr, ExprKind, FunctionDefinition, Name,
    Network, Range, Set, Statement, StatementKind,
};

impl Network {
    /// The network without the places where it was written, to compare what two texts say.
    #[must_use]
    pub fn without_places(&self) -> Network {
        let mut network = self.clone();
        for statement in &mut network.statements {
            statement.place(Span::default());
        }
        network
    }
}

impl Statement {
    /// Puts the statement with everything in it at one place.
    pub(super) fn place(&mut self, at: Span) {
        Place(at).statement(self);
    }
}

impl Range {
    /// Whether two ranges are written alike.
    pub(super) fn says_the_same(&self, other: &Range) -> bool {
        let mut both = [self.clone(), other.clone()];
        both.iter_mut()
            .for_each(|range| Place(Span::default()).range(range));
        both[0] == both[1]
    }
}

impl Declaration {
    /// Whether the letter stands in its slots or sizes.
    pub(super) fn mentions(&self, letter: &str) -> bool {
        let sizes: Vec<&Expr> = match &self.set {
            Set::Real(sizes) => sizes.iter().collect(),
            Set::Integers(low, high) => vec![low, high],
        };
        self.slots
            .iter()
            .chain(sizes)
            .any(|expr| expr.mentions(letter))
    }
}

impl Expr {
    /// Whether the name stands in the formula as it is written.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let mut found = matches!(&self.kind, ExprKind::Name(word) if word == name);
        self.for_each_part(&mut |part| found = found || part.mentions(name));
        found
    }

    /// Visits the formulas directly inside this one, in written order; bounds and conditions too.
    pub fn for_each_part(&self, visit: &mut dyn FnMut(&Expr)) {
        match &self.kind {
            ExprKind::Number(_) | ExprKind::Name(_) => {}
            ExprKind::Slots(base, list) | ExprKind::Elements(base, list) => {
                visit(base);
                list.iter().for_each(visit);
            }
            ExprKind::Call {
                arguments, extra, ..
            } => arguments.iter().chain(extra).for_each(visit),
            ExprKind::Negative(inner) | ExprKind::Transpose(inner) => visit(inner),
            ExprKind::Sum(summands) => summands.iter().for_each(|(_, summand)| visit(summand)),
            ExprKind::Product(first, rest) => {
                visit(first);
                rest.iter().for_each(|(_, factor)| visit(factor));
            }
            ExprKind::Power { base, exponent, .. } => {
                visit(base);
                visit(exponent);
            }
            ExprKind::Reduce { binder, body, .. } => {
                for entry in binder {
                    match entry {
                        Binder::Letter(_) => {}
                        Binder::Range(range) => {
                            visit(&range.low);
                            visit(&range.high);
                        }
                        Binder::Condition(condition) => {
                            visit(&condition.left);
                            visit(&condition.right);
                        }
                    }
                }
                visit(body);
            }
            ExprKind::Cases(branches) => {
                for (value, conditions) in branches {
                    visit(value);
                    for condition in conditions.iter().flatten() {
                        visit(&condition.left);
                        visit(&condition.right);
                    }
                }
            }
            ExprKind::Slice(bounds) => {
                if let Some(bounds) = bounds {
                    visit(&bounds.0);
                    visit(&bounds.1);
                }
            }
            ExprKind::Derivative(of, wrt) => {
                visit(of);
                visit(wrt);
            }
        }
    }
}

/// Puts what it walks over at one place.
struct Place(Span);

impl Place {
    fn statement(&self, statement: &mut Statement) {
        statement.span = self.0;
        match &mut statement.kind {
            StatementKind::Index(names) => names.iter_mut().for_each(|name| self.name(name)),
            StatementKind::Where(declarations, ranges) => {
                for declaration in declarations {
                    declaration.span = self.0;
                    self.name(&mut declaration.name);
                    declaration
                        .slots
                        .iter_mut()
                        .for_each(|expr| self.expr(expr));
                    match &mut declaration.set {
                        Set::Real(sizes) => sizes.iter_mut().for_each(|expr| self.expr(expr)),
                        Set::Integers(low, high) => {
                            [low, high].into_iter().for_each(|expr| self.expr(expr))
                        }
                    }
                }
                ranges.iter_mut().for_each(|range| self.range(range));
            }
            StatementKind::Role(_, items) => {
                for item in items {
                    self.name(&mut item.name);
                    if let Some((low, high)) = &mut item.range {
                        self.expr(low);
                        self.expr(high);
                    }
                }
            }
            StatementKind::Equation {
                left,
                right,
                ranges,
            } => {
                self.expr(left);
                self.expr(right);
                ranges.iter_mut().for_each(|range| self.range(range));
            }
            StatementKind::Loss {
                name,
                arguments,
                right,
            } => {
                self.name(name);
                arguments
                    .iter_mut()
                    .chain(right)
                    .for_each(|expr| self.expr(expr));
            }
            StatementKind::Function(definition) => self.function(definition),
            StatementKind::Assume(assumptions, ranges) => {
                for assumption in assumptions {
                    assumption.span = self.0;
                    match &mut assumption.kind {
                        AssumptionKind::Compare(terms, _) => {
                            terms.iter_mut().for_each(|expr| self.expr(expr))
                        }
                        AssumptionKind::OneOf(what, values) => {
                            self.expr(what);
                            values.iter_mut().for_each(|expr| self.expr(expr));
                        }
                        AssumptionKind::OneHot(what) | AssumptionKind::Matrix(what, _) => {
                            self.expr(what)
                        }
                    }
                }
                ranges.iter_mut().for_each(|range| self.range(range));
            }
            StatementKind::Write { what, spelling } => {
                self.expr(what);
                spelling.span = self.0;
            }
            StatementKind::Convention(step) => step.span = self.0,
            StatementKind::Question(question) => {
                question
                    .of
                    .iter_mut()
                    .chain(&mut question.wrt)
                    .for_each(|expr| self.expr(expr));
            }
        }
    }

    fn function(&self, definition: &mut FunctionDefinition) {
        self.name(&mut definition.name);
        definition
            .parameters
            .iter_mut()
            .chain(&mut definition.extra)
            .for_each(|name| self.name(name));
        definition.body.iter_mut().for_each(|expr| self.expr(expr));
        for slope in &mut definition.slopes {
            slope.span = self.0;
            slope.at.iter_mut().for_each(|expr| self.expr(expr));
            self.expr(&mut slope.value);
        }
        for range in &mut definition.slope_ranges {
            range.span = self.0;
            self.expr(&mut range.low);
            self.expr(&mut range.high);
        }
    }

    fn name(&self, name: &mut Name) {
        name.span = self.0;
    }

    fn range(&self, range: &mut Range) {
        self.name(&mut range.letter);
        self.expr(&mut range.low);
        self.expr(&mut range.high);
    }

    fn condition(&self, condition: &mut Condition) {
        self.expr(&mut condition.left);
        self.expr(&mut condition.right);
    }

    fn expr(&self, expr: &mut Expr) {
        expr.span = self.0;
        match &mut expr.kind {
            ExprKind::Number(_) | ExprKind::Name(_) => {}
            ExprKind::Slots(base, list) | ExprKind::Elements(base, list) => {
                self.expr(base);
                list.iter_mut().for_each(|expr| self.expr(expr));
            }
            ExprKind::Call {
                function,
                arguments,
                extra,
                ..
            } => {
                self.name(function);
                arguments
                    .iter_mut()
                    .chain(extra)
                    .for_each(|expr| self.expr(expr));
            }
            ExprKind::Negative(inner) | ExprKind::Transpose(inner) => self.expr(inner),
            ExprKind::Sum(summands) => summands
                .iter_mut()
                .for_each(|(_, summand)| self.expr(summand)),
            ExprKind::Product(first, rest) => {
                self.expr(first);
                rest.iter_mut().for_each(|(_, factor)| self.expr(factor));
            }
            ExprKind::Power { base, exponent, .. } => {
                self.expr(base);
                self.expr(exponent);
            }
            ExprKind::Reduce {
                binder, body, head, ..
            } => {
                *head = self.0;
                for entry in binder {
                    match entry {
                        Binder::Letter(letter) => self.name(letter),
                        Binder::Range(range) => self.range(range),
                        Binder::Condition(condition) => self.condition(condition),
                    }
                }
                self.expr(body);
            }
            ExprKind::Cases(branches) => {
                for (value, conditions) in branches {
                    self.expr(value);
                    conditions
                        .iter_mut()
                        .flatten()
                        .for_each(|condition| self.condition(condition));
                }
            }
            ExprKind::Slice(bounds) => {
                if let Some(bounds) = bounds {
                    self.expr(&mut bounds.0);
                    self.expr(&mut bounds.1);
                }
            }
            ExprKind::Derivative(of, wrt) => {
                self.expr(of);
                self.expr(wrt);
            }
        }
    }
}
