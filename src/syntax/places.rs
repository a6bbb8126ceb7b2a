//! Walks over the tree: what stands in a formula, and the same tree without the places where it was written.

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
        network.statements.iter_mut().for_each(forget_in_statement);
        network
    }
}

impl Range {
    /// Whether two ranges are written alike.
    pub(super) fn says_the_same(&self, other: &Range) -> bool {
        let mut both = [self.clone(), other.clone()];
        both.iter_mut().for_each(forget_in_range);
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

fn forget_in_statement(statement: &mut Statement) {
    statement.span = Span::default();
    match &mut statement.kind {
        StatementKind::Index(names) => names.iter_mut().for_each(forget_in_name),
        StatementKind::Where(declarations, ranges) => {
            for declaration in declarations {
                declaration.span = Span::default();
                forget_in_name(&mut declaration.name);
                declaration.slots.iter_mut().for_each(forget);
                match &mut declaration.set {
                    Set::Real(sizes) => sizes.iter_mut().for_each(forget),
                    Set::Integers(low, high) => [low, high].into_iter().for_each(forget),
                }
            }
            ranges.iter_mut().for_each(forget_in_range);
        }
        StatementKind::Role(_, items) => {
            for item in items {
                forget_in_name(&mut item.name);
                if let Some((low, high)) = &mut item.range {
                    forget(low);
                    forget(high);
                }
            }
        }
        StatementKind::Equation {
            left,
            right,
            ranges,
        } => {
            forget(left);
            forget(right);
            ranges.iter_mut().for_each(forget_in_range);
        }
        StatementKind::Loss {
            name,
            arguments,
            right,
        } => {
            forget_in_name(name);
            arguments.iter_mut().chain(right).for_each(forget);
        }
        StatementKind::Function(definition) => forget_in_function(definition),
        StatementKind::Assume(assumptions, ranges) => {
            for assumption in assumptions {
                assumption.span = Span::default();
                match &mut assumption.kind {
                    AssumptionKind::Compare(terms, _) => terms.iter_mut().for_each(forget),
                    AssumptionKind::OneOf(what, values) => {
                        forget(what);
                        values.iter_mut().for_each(forget);
                    }
                    AssumptionKind::OneHot(what) | AssumptionKind::Matrix(what, _) => forget(what),
                }
            }
            ranges.iter_mut().for_each(forget_in_range);
        }
        StatementKind::Write { what, spelling } => {
            forget(what);
            spelling.span = Span::default();
        }
        StatementKind::Convention(step) => step.span = Span::default(),
        StatementKind::Question(question) => {
            question
                .of
                .iter_mut()
                .chain(&mut question.wrt)
                .for_each(forget);
        }
    }
}

fn forget_in_function(definition: &mut FunctionDefinition) {
    forget_in_name(&mut definition.name);
    definition
        .parameters
        .iter_mut()
        .chain(&mut definition.extra)
        .for_each(forget_in_name);
    definition.body.iter_mut().for_each(forget);
    for slope in &mut definition.slopes {
        slope.span = Span::default();
        slope.at.iter_mut().for_each(forget);
        forget(&mut slope.value);
    }
}

fn forget_in_name(name: &mut Name) {
    name.span = Span::default();
}

fn forget_in_range(range: &mut Range) {
    forget_in_name(&mut range.letter);
    forget(&mut range.low);
    forget(&mut range.high);
}

fn forget_in_condition(condition: &mut Condition) {
    forget(&mut condition.left);
    forget(&mut condition.right);
}

fn forget(expr: &mut Expr) {
    expr.span = Span::default();
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::Name(_) => {}
        ExprKind::Slots(base, list) | ExprKind::Elements(base, list) => {
            forget(base);
            list.iter_mut().for_each(forget);
        }
        ExprKind::Call {
            function,
            arguments,
            extra,
            ..
        } => {
            forget_in_name(function);
            arguments.iter_mut().chain(extra).for_each(forget);
        }
        ExprKind::Negative(inner) | ExprKind::Transpose(inner) => forget(inner),
        ExprKind::Sum(summands) => summands.iter_mut().for_each(|(_, summand)| forget(summand)),
        ExprKind::Product(first, rest) => {
            forget(first);
            rest.iter_mut().for_each(|(_, factor)| forget(factor));
        }
        ExprKind::Power { base, exponent, .. } => {
            forget(base);
            forget(exponent);
        }
        ExprKind::Reduce {
            binder, body, head, ..
        } => {
            *head = Span::default();
            for entry in binder {
                match entry {
                    Binder::Letter(letter) => forget_in_name(letter),
                    Binder::Range(range) => forget_in_range(range),
                    Binder::Condition(condition) => forget_in_condition(condition),
                }
            }
            forget(body);
        }
        ExprKind::Cases(branches) => {
            for (value, conditions) in branches {
                forget(value);
                conditions
                    .iter_mut()
                    .flatten()
                    .for_each(forget_in_condition);
            }
        }
        ExprKind::Slice(bounds) => {
            if let Some(bounds) = bounds {
                forget(&mut bounds.0);
                forget(&mut bounds.1);
            }
        }
        ExprKind::Derivative(of, wrt) => {
            forget(of);
            forget(wrt);
        }
    }
}
