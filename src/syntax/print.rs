//! The tree as network text: what is printed reads back as the same tree.

use super::statements::with_stack_for;
use std::fmt::Write as _;

use num_rational::BigRational;

use super::tree::{
    Assumption, AssumptionKind, Binder, Comparison, Condition, Declaration, Expr, ExprKind,
    FunctionDefinition, Join, MatrixProperty, Name, Network, Order, Question, Range, ReduceOp,
    Role, RoleItem, Set, Sign, Slope, SlopeRange, Statement, StatementKind,
};

/// Prints a network in the language, one statement a line.
pub fn print(network: &Network) -> String {
    with_stack_for(network, || {
        let mut printer = Printer::default();
        for statement in &network.statements {
            printer.statement(statement);
            printer.text.push('\n');
        }
        printer.text
    })
}

/// Prints a formula in the language.
pub fn print_formula(expr: &Expr) -> String {
    let mut printer = Printer::default();
    printer.sum(expr);
    printer.text
}

#[derive(Debug, Default)]
struct Printer {
    text: String,
    /// Whether `+` and `-` stand without blanks, as in `W[k+1]`.
    tight: bool,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn separated<T>(&mut self, items: &[T], separator: &str, mut print: impl FnMut(&mut Self, &T)) {
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                self.put(separator);
            }
            print(self, item);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Index(names) => {
                self.put("index ");
                self.names(names);
            }
            StatementKind::Where(declarations, ranges) => {
                self.put("where ");
                self.separated(declarations, ", ", Self::declaration);
                self.ranges(ranges);
            }
            StatementKind::Role(role, items) => {
                self.put(match role {
                    Role::Param => "param ",
                    Role::Input => "input ",
                    Role::Target => "target ",
                    Role::Batch => "batch ",
                });
                self.separated(items, ", ", Self::role_item);
            }
            StatementKind::Equation {
                left,
                right,
                ranges,
            } => {
                self.sum(left);
                self.put(" = ");
                self.sum(right);
                self.ranges(ranges);
            }
            StatementKind::Loss {
                name,
                arguments,
                right,
            } => {
                self.put("loss ");
                self.put(&name.value);
                if !arguments.is_empty() {
                    self.list("(", arguments, ")");
                }
                if let Some(right) = right {
                    self.put(" = ");
                    self.sum(right);
                }
            }
            StatementKind::Function(definition) => self.function(definition),
            StatementKind::Assume(assumptions, ranges) => {
                self.put("assume ");
                self.separated(assumptions, ", ", Self::assumption);
                self.ranges(ranges);
            }
            StatementKind::Write { what, spelling } => {
                self.put("write ");
                self.sum(what);
                let _ = write!(self.text, " as \"{}\"", spelling.value);
            }
            StatementKind::Convention(step) => {
                self.put("convention step(0) = ");
                self.put(step.value.name());
            }
            StatementKind::Question(question) => self.question(question),
        }
    }

    fn tightly(&mut self, print: impl FnOnce(&mut Self)) {
        let tight = std::mem::replace(&mut self.tight, true);
        print(self);
        self.tight = tight;
    }

    fn names(&mut self, names: &[Name]) {
        self.separated(names, ", ", |printer, name| printer.put(&name.value));
    }

    fn list(&mut self, open: &str, list: &[Expr], close: &str) {
        self.put(open);
        let comma = if self.tight { "," } else { ", " };
        self.separated(list, comma, Self::sum);
        self.put(close);
    }

    fn declaration(&mut self, declaration: &Declaration) {
        self.put(&declaration.name.value);
        if !declaration.slots.is_empty() {
            self.tightly(|printer| printer.list("[", &declaration.slots, "]"));
        }
        self.put(" in ");
        match &declaration.set {
            Set::Real(sizes) if sizes.is_empty() => self.put("R"),
            Set::Real(sizes)
                if matches!(
                    sizes.as_slice(),
                    [Expr {
                        kind: ExprKind::Name(_),
                        ..
                    }]
                ) =>
            {
                self.put("R^");
                sizes.iter().for_each(|size| self.sum(size));
            }
            Set::Real(sizes) => {
                self.put("R^(");
                self.tightly(|printer| printer.separated(sizes, " x ", Self::axis));
                self.put(")");
            }
            Set::Integers(low, high) => self.bounds(low, high),
        }
    }

    /// A size; in brackets where a name could be taken for the sign between axes or for two sizes.
    fn axis(&mut self, size: &Expr) {
        if size.mentions("x") || matches!(&size.kind, ExprKind::Name(name) if name.contains('x')) {
            self.bracketed(size);
        } else {
            self.sum(size);
        }
    }

    fn bounds(&mut self, low: &Expr, high: &Expr) {
        self.tightly(|printer| {
            printer.sum(low);
            printer.put("..");
            printer.sum(high);
        });
    }

    fn ranges(&mut self, ranges: &[Range]) {
        if !ranges.is_empty() {
            self.put(" for ");
            self.separated(ranges, ", ", Self::range);
        }
    }

    fn range(&mut self, range: &Range) {
        self.put(&range.letter.value);
        self.put(" in ");
        self.bounds(&range.low, &range.high);
    }

    fn role_item(&mut self, item: &RoleItem) {
        self.put(&item.name.value);
        if let Some((low, high)) = &item.range {
            self.put(" in ");
            self.bounds(low, high);
        }
    }

    fn function(&mut self, definition: &FunctionDefinition) {
        self.put("fn ");
        self.put(&definition.name.value);
        self.put("(");
        self.names(&definition.parameters);
        if !definition.extra.is_empty() {
            self.put("; ");
            self.names(&definition.extra);
        }
        self.put(")");
        if let Some(body) = &definition.body {
            self.put(" = ");
            self.sum(body);
        }
        let ranges = &definition.slope_ranges;
        if !(definition.slopes.is_empty() && ranges.is_empty()) {
            self.put(" with ");
            self.separated(&definition.slopes, ", ", |printer, slope: &Slope| {
                printer.put(&definition.name.value);
                printer.put("'");
                if let Some(at) = &slope.at {
                    printer.bracketed(at);
                }
                printer.put(" = ");
                printer.sum(&slope.value);
            });
            if !(definition.slopes.is_empty() || ranges.is_empty()) {
                self.put(", ");
            }
            self.separated(ranges, ", ", |printer, range: &SlopeRange| {
                printer.put(&definition.name.value);
                printer.put("' in [");
                printer.sum(&range.low);
                printer.put(", ");
                printer.sum(&range.high);
                printer.put("]");
            });
        }
    }

    fn assumption(&mut self, assumption: &Assumption) {
        match &assumption.kind {
            AssumptionKind::Compare(terms, signs) => {
                for (number, term) in terms.iter().enumerate() {
                    if number > 0 {
                        self.comparison(signs[number - 1]);
                    }
                    self.assumed(term);
                }
            }
            AssumptionKind::OneOf(what, values) => {
                self.assumed(what);
                self.put(" in ");
                self.list("{", values, "}");
            }
            AssumptionKind::OneHot(what) => {
                self.assumed(what);
                self.put(" onehot");
            }
            AssumptionKind::Matrix(what, properties) => {
                self.assumed(what);
                for property in properties {
                    self.put(match property {
                        MatrixProperty::Symmetric => " symmetric",
                        MatrixProperty::PositiveDefinite => " positive definite",
                        MatrixProperty::Invertible => " invertible",
                        MatrixProperty::Orthogonal => " orthogonal",
                    });
                }
            }
        }
    }

    /// In an assumption the words of properties are no names, but in brackets they are.
    fn assumed(&mut self, term: &Expr) {
        const PROPERTIES: [&str; 4] = ["onehot", "symmetric", "invertible", "orthogonal"];
        if PROPERTIES.iter().any(|property| term.mentions(property)) || term.mentions("positive") {
            self.bracketed(term);
        } else {
            self.sum(term);
        }
    }

    fn question(&mut self, question: &Question) {
        self.put(match question.order {
            Order::Gradient => "grad ",
            Order::Hessian => "hess ",
        });
        if let Some(of) = &question.of {
            self.sum(of);
            self.put(" wrt ");
        }
        self.separated(&question.wrt, ", ", Self::sum);
    }

    fn comparison(&mut self, sign: Comparison) {
        self.put(match sign {
            Comparison::Less => " < ",
            Comparison::LessEqual => " <= ",
            Comparison::Greater => " > ",
            Comparison::GreaterEqual => " >= ",
            Comparison::Equal => " = ",
            Comparison::NotEqual => " != ",
        });
    }

    fn condition(&mut self, condition: &Condition) {
        self.sum(&condition.left);
        self.comparison(condition.comparison);
        self.sum(&condition.right);
    }

    fn bracketed(&mut self, expr: &Expr) {
        self.put("(");
        self.sum(expr);
        self.put(")");
    }

    /// Anything, where nothing binds tighter than `+`.
    fn sum(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Sum(summands) => {
                for (number, (sign, summand)) in summands.iter().enumerate() {
                    match (number, sign) {
                        (0, _) => {}
                        (_, Sign::Plus) => self.put(if self.tight { "+" } else { " + " }),
                        (_, Sign::Minus) => self.put(if self.tight { "-" } else { " - " }),
                    }
                    if number == 0 && matches!(summand.kind, ExprKind::Negative(_)) {
                        self.sum(summand);
                    } else {
                        self.product(summand);
                    }
                }
            }
            ExprKind::Negative(inner) => {
                self.put("-");
                self.product(inner);
            }
            _ => self.product(expr),
        }
    }

    /// A summand.
    fn product(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Product(first, rest) => {
                let next = rest.first().map(|(join, _)| *join);
                match &first.kind {
                    ExprKind::Number(value) if !value.is_integer() && next != Some(Join::Tight) => {
                        self.fraction(value);
                    }
                    _ => self.factor(first, next),
                }
                for (number, (join, factor)) in rest.iter().enumerate() {
                    let next = rest.get(number + 1).map(|(join, _)| *join);
                    self.joined(*join, factor, next);
                }
            }
            ExprKind::Number(value) => self.fraction(value),
            _ => self.factor(expr, None),
        }
    }

    fn joined(&mut self, join: Join, factor: &Expr, next: Option<Join>) {
        self.put(match join {
            Join::Space => " ",
            Join::Tight => "",
            Join::Star => " * ",
            Join::Elementwise => " .* ",
            Join::Over => "/",
            Join::ElementwiseOver => " ./ ",
        });
        if join == Join::Tight {
            self.bracketed(factor);
        } else {
            self.factor(factor, next);
        }
    }

    /// A factor; `next` joins it to the one behind it.
    fn factor(&mut self, expr: &Expr, next: Option<Join>) {
        let bare = match &expr.kind {
            ExprKind::Reduce { .. } => next.is_none(),
            ExprKind::Number(value) => value.is_integer(),
            ExprKind::Sum(_) | ExprKind::Negative(_) | ExprKind::Product(..) => false,
            ExprKind::Name(_)
            | ExprKind::Slots(..)
            | ExprKind::Elements(..)
            | ExprKind::Call { .. }
            | ExprKind::Power { .. }
            | ExprKind::Transpose(_)
            | ExprKind::Cases(_)
            | ExprKind::Slice(_)
            | ExprKind::Derivative(..) => next != Some(Join::Tight),
        };
        if !bare {
            self.bracketed(expr);
            return;
        }
        match &expr.kind {
            ExprKind::Reduce {
                op, binder, body, ..
            } => {
                self.head(*op, binder);
                self.product_in_sum(body);
            }
            ExprKind::Power {
                base,
                exponent,
                elementwise,
            } => {
                self.atom(base);
                self.put(if *elementwise { ".^" } else { "^" });
                match &exponent.kind {
                    ExprKind::Number(value) if value.is_integer() => self.fraction(value),
                    ExprKind::Name(name) if !name.starts_with('T') => self.put(name),
                    _ => self.bracketed(exponent),
                }
            }
            ExprKind::Transpose(base) => {
                self.atom(base);
                self.put("^T");
            }
            ExprKind::Derivative(of, wrt) => {
                self.put("∂");
                self.atom(of);
                self.put("/∂");
                self.atom(wrt);
            }
            _ => self.atom(expr),
        }
    }

    /// What stands behind the head of a reduction: the product goes on to the next sign.
    fn product_in_sum(&mut self, body: &Expr) {
        self.put(" ");
        self.product(body);
    }

    fn head(&mut self, op: ReduceOp, binder: &[Binder]) {
        self.put(match op {
            ReduceOp::Sum => "sum_{",
            ReduceOp::Product => "prod_{",
            ReduceOp::Max => "max_{",
            ReduceOp::Min => "min_{",
        });
        self.separated(binder, ", ", |printer, entry| match entry {
            Binder::Letter(letter) => printer.put(&letter.value),
            Binder::Range(range) => printer.range(range),
            Binder::Condition(condition) => printer.condition(condition),
        });
        self.put("}");
    }

    /// What may be a base, or have elements.
    fn atom(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Number(value) if value.is_integer() => self.fraction(value),
            ExprKind::Name(name) => self.put(name),
            ExprKind::Slots(base, slots) => {
                self.atom(base);
                self.tightly(|printer| printer.list("[", slots, "]"));
            }
            ExprKind::Elements(base, elements) => {
                if matches!(base.kind, ExprKind::Elements(..) | ExprKind::Number(_)) {
                    self.bracketed(base);
                } else {
                    self.atom(base);
                }
                self.tightly(|printer| printer.list("_{", elements, "}"));
            }
            ExprKind::Call {
                function,
                primes,
                arguments,
                extra,
            } => {
                self.put(&function.value);
                (0..*primes).for_each(|_| self.put("'"));
                self.put("(");
                self.separated(arguments, ", ", Self::sum);
                if !extra.is_empty() {
                    self.put("; ");
                    self.separated(extra, ", ", Self::sum);
                }
                self.put(")");
            }
            ExprKind::Cases(branches) => {
                self.put("{ ");
                self.separated(branches, "; ", |printer, (value, conditions)| {
                    printer.sum(value);
                    match conditions {
                        None => printer.put(" otherwise"),
                        Some(conditions) => {
                            printer.put(" if ");
                            printer.separated(conditions, ", ", Self::condition);
                        }
                    }
                });
                self.put(" }");
            }
            ExprKind::Slice(None) => self.put(":"),
            ExprKind::Slice(Some(bounds)) => {
                self.sum(&bounds.0);
                self.put("..");
                self.sum(&bounds.1);
            }
            ExprKind::Number(_)
            | ExprKind::Negative(_)
            | ExprKind::Sum(_)
            | ExprKind::Product(..)
            | ExprKind::Power { .. }
            | ExprKind::Transpose(_)
            | ExprKind::Reduce { .. }
            | ExprKind::Derivative(..) => self.bracketed(expr),
        }
    }

    fn fraction(&mut self, value: &BigRational) {
        let _ = write!(self.text, "{value}");
    }
}
