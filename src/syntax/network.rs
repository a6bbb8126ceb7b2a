//! Statements, from the pairs of the grammar.

use pest::iterators::{Pair, Pairs};

use crate::source::{Report, Span};

use super::grammar::Rule;
use super::item::{Reader, comparison};
use super::layout::check_is_name;
use super::letters::ascii;
use super::mistakes;
use super::scope::reserved_function;
use super::tree::{
    Comparison, Expr, ExprKind, FunctionDefinition, Name, Order, Question, Range, Role, RoleItem,
    Slope, SlopeRange, Spanned, Statement, StatementKind, StepAtZero,
};

impl Reader<'_> {
    /// Reads a parsed piece; a question about several outputs gives several statements, and so do several spellings.
    pub(super) fn statements(
        &mut self,
        piece: Pair<'_, Rule>,
        span: Span,
        above: &[Range],
    ) -> Result<Vec<Statement>, Report> {
        let rule = piece.as_rule();
        let mut inner = piece.into_inner();
        let kind = match rule {
            Rule::statement => {
                let statement = inner.next().expect("a statement is not empty");
                let place = self.span(&statement);
                let rule = statement.as_rule();
                if !above.is_empty() && rule != Rule::equation {
                    return Err(mistakes::no_equation_below_for(place));
                }
                match rule {
                    Rule::index => StatementKind::Index(self.names(statement.into_inner())?),
                    Rule::role => self.role(statement)?,
                    Rule::loss => self.loss(statement)?,
                    Rule::function => self.function(statement)?,
                    Rule::convention => self.convention(statement)?,
                    Rule::question => {
                        let questions = self.question(statement)?.into_iter();
                        return Ok(in_place(questions.map(StatementKind::Question), span));
                    }
                    Rule::equation => return self.equation(statement, span, above),
                    rule => unreachable!("{rule:?} is no statement"),
                }
            }
            Rule::declaration_line => return Ok(in_place(self.declarations(inner)?, span)),
            Rule::assumption_line => self.assumptions(inner)?,
            Rule::spelling_line => return self.spellings(inner),
            rule => unreachable!("{rule:?} is no piece"),
        };
        Ok(vec![Statement { span, kind }])
    }

    /// The ranges of a `for` line.
    pub(super) fn for_line(&mut self, piece: Pair<'_, Rule>) -> Result<Vec<Range>, Report> {
        let ranges = piece.into_inner().next().expect("a `for` line has ranges");
        self.ranges(ranges)
    }

    pub(super) fn ranges(&mut self, pair: Pair<'_, Rule>) -> Result<Vec<Range>, Report> {
        pair.into_inner()
            .filter(|inner| inner.as_rule() == Rule::range)
            .map(|inner| {
                let mut parts = inner.into_inner();
                let letter = self.new_name(&parts.next().expect("a range has a letter"))?;
                parts.next();
                let (low, high) = self.bounds(&mut parts)?;
                Ok(Range { letter, low, high })
            })
            .collect()
    }

    /// A name that is declared or defined here, so none that is taken by the language.
    pub(super) fn new_name(&self, pair: &Pair<'_, Rule>) -> Result<Name, Report> {
        let name = self.name(pair);
        self.check_free(&name.value, name.span)?;
        Ok(name)
    }

    fn check_free(&self, word: &str, span: Span) -> Result<(), Report> {
        check_is_name(word, span)?;
        let written = &self.text[span.start..span.end];
        if let Some(function) = reserved_function(word) {
            return Err(mistakes::reserved_function(span, written, function));
        }
        if word == "pi" {
            return Err(mistakes::reserved_pi(span, written));
        }
        Ok(())
    }

    fn names(&self, pairs: Pairs<'_, Rule>) -> Result<Vec<Name>, Report> {
        pairs
            .filter(|inner| inner.as_rule() == Rule::word)
            .map(|word| self.new_name(&word))
            .collect()
    }

    fn role(&mut self, pair: Pair<'_, Rule>) -> Result<StatementKind, Report> {
        let mut inner = pair.into_inner();
        let role = match inner.next().expect("a role has its word").as_str() {
            "param" => Role::Param,
            "input" => Role::Input,
            "target" => Role::Target,
            _ => Role::Batch,
        };
        let mut items = Vec::new();
        for item in inner.filter(|inner| inner.as_rule() == Rule::role_item) {
            let place = self.span(&item);
            let mut parts = item.into_inner();
            let name = self.new_name(&parts.next().expect("a role item has a name"))?;
            let range = match parts.next() {
                Some(_) => Some(self.bounds(&mut parts)?),
                None => None,
            };
            if range.is_some() != (role == Role::Batch) {
                return Err(mistakes::range_of_role(place, role == Role::Batch));
            }
            items.push(RoleItem { name, range });
        }
        Ok(StatementKind::Role(role, items))
    }

    fn loss(&mut self, pair: Pair<'_, Rule>) -> Result<StatementKind, Report> {
        let place = self.span(&pair);
        let mut name = None;
        let mut arguments = None;
        let mut right = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => name = Some(self.new_name(&part)?),
                Rule::brackets => {
                    let brackets = self.span(&part);
                    let (before, behind) = self.arguments(part)?;
                    if before.is_empty() {
                        return Err(mistakes::empty_brackets(brackets));
                    }
                    if !behind.is_empty() {
                        return Err(mistakes::list_in_brackets(brackets));
                    }
                    arguments = Some(before);
                }
                Rule::expr => right = Some(self.expr(part)?),
                Rule::for_ranges => return Err(mistakes::range_of_loss(self.span(&part))),
                _ => {}
            }
        }
        let name = name.expect("the grammar demands the name of the loss");
        match (&arguments, &right) {
            (Some(_), Some(value)) => {
                Err(mistakes::opaque_with_value(place, value.span, &name.value))
            }
            (None, None) => Err(mistakes::loss_without_value(place, &name.value)),
            (Some(_), None) | (None, Some(_)) => Ok(StatementKind::Loss {
                name,
                arguments: arguments.unwrap_or_default(),
                right,
            }),
        }
    }

    fn function(&mut self, pair: Pair<'_, Rule>) -> Result<StatementKind, Report> {
        let mut definition = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => {
                    definition = Some(FunctionDefinition {
                        name: self.new_name(&part)?,
                        parameters: Vec::new(),
                        extra: Vec::new(),
                        body: None,
                        slopes: Vec::new(),
                        slope_ranges: Vec::new(),
                    });
                }
                Rule::brackets => {
                    let brackets = self.span(&part);
                    let (before, behind) = self.arguments(part)?;
                    if before.is_empty() {
                        return Err(mistakes::empty_brackets(brackets));
                    }
                    let definition = known(&mut definition);
                    definition.parameters = self.parameters(before)?;
                    definition.extra = self.parameters(behind)?;
                }
                Rule::expr => known(&mut definition).body = Some(self.expr(part)?),
                Rule::slope => {
                    let definition = known(&mut definition);
                    self.own = Some(definition.name.value.clone());
                    let slope = self.slope(part, definition);
                    self.own = None;
                    slope?;
                }
                _ => {}
            }
        }
        let definition = definition.expect("the grammar demands the name of the function");
        Ok(StatementKind::Function(definition))
    }

    fn parameters(&self, list: Vec<Expr>) -> Result<Vec<Name>, Report> {
        list.into_iter()
            .map(|parameter| match parameter.kind {
                ExprKind::Name(word) => {
                    self.check_free(&word, parameter.span)?;
                    Ok(Spanned::new(word, parameter.span))
                }
                _ => Err(mistakes::no_parameter(parameter.span)),
            })
            .collect()
    }

    /// One `with` clause, added to its function.
    fn slope(
        &mut self,
        pair: Pair<'_, Rule>,
        definition: &mut FunctionDefinition,
    ) -> Result<(), Report> {
        let span = self.span(&pair);
        let function = definition.name.clone();
        let mut at = None;
        let mut value = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word if ascii(part.as_str()) != function.value => {
                    return Err(mistakes::slope_of_other(self.span(&part), &function.value));
                }
                Rule::primes if part.as_str().chars().count() > 1 => {
                    return Err(mistakes::second_slope(self.span(&part)));
                }
                Rule::brackets => {
                    let brackets = self.span(&part);
                    let (mut before, behind) = self.arguments(part)?;
                    if before.len() != 1 || !behind.is_empty() {
                        return Err(mistakes::slope_at(brackets, &function.value));
                    }
                    at = before.pop();
                }
                Rule::expr => value = Some(self.expr(part)?),
                Rule::slope_range => {
                    let slots = part.into_inner().find(|part| part.as_rule() == Rule::slots);
                    let slots = slots.expect("the grammar demands the ends of a range");
                    let place = self.span(&slots);
                    let ends: Vec<Expr> = slots
                        .into_inner()
                        .filter(|part| part.as_rule() == Rule::expr)
                        .map(|part| self.expr(part))
                        .collect::<Result<_, _>>()?;
                    let [low, high] = <[Expr; 2]>::try_from(ends)
                        .map_err(|_| mistakes::slope_range(place, &function.value))?;
                    definition.slope_ranges.push(SlopeRange { low, high, span });
                    return Ok(());
                }
                _ => {}
            }
        }
        let value = value.expect("the grammar demands the value of a slope");
        definition.slopes.push(Slope { at, value, span });
        Ok(())
    }

    fn convention(&mut self, pair: Pair<'_, Rule>) -> Result<StatementKind, Report> {
        let mut parts = pair.into_inner().skip(1);
        let word = parts.next().expect("a convention has a function");
        let place = self.span(&word);
        if reserved_function(&ascii(word.as_str())) != Some("step") {
            return Err(mistakes::unknown_convention(place));
        }
        let brackets = parts.next().expect("a convention has an argument");
        let place = place.to(self.span(&brackets));
        let (at, _) = self.arguments(brackets)?;
        let at_zero = matches!(at.as_slice(), [only] if is_number(only, 0, 1));
        if !at_zero {
            return Err(mistakes::unknown_convention(place));
        }
        let value = self.expr(parts.nth(1).expect("a convention has a value"))?;
        let step = match &value.kind {
            ExprKind::Name(word) if word == "undefined" => StepAtZero::Undefined,
            _ if is_number(&value, 0, 1) => StepAtZero::Zero,
            _ if is_number(&value, 1, 1) => StepAtZero::One,
            _ if is_number(&value, 1, 2) => StepAtZero::Half,
            _ => return Err(mistakes::unknown_step_at_zero(value.span)),
        };
        Ok(StatementKind::Convention(Spanned::new(step, value.span)))
    }

    fn question(&mut self, pair: Pair<'_, Rule>) -> Result<Vec<Question>, Report> {
        self.derivatives = true;
        let mut order = Order::Gradient;
        let mut before = Vec::new();
        let mut wrt: Option<Vec<Expr>> = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::question_word if part.as_str() == "hess" => order = Order::Hessian,
                Rule::kw_wrt => wrt = Some(Vec::new()),
                Rule::expr => {
                    let expr = self.expr(part)?;
                    wrt.as_mut().unwrap_or(&mut before).push(expr);
                }
                _ => {}
            }
        }
        for expr in before.iter().chain(wrt.iter().flatten()) {
            if !is_quantity(expr) && !matches!(expr.kind, ExprKind::Derivative(..)) {
                return Err(mistakes::question_about_formula(expr.span));
            }
        }
        Ok(match wrt {
            None => vec![Question {
                order,
                of: None,
                wrt: before,
            }],
            Some(wrt) => before
                .into_iter()
                .map(|of| Question {
                    order,
                    of: Some(of),
                    wrt: wrt.clone(),
                })
                .collect(),
        })
    }

    /// An equation, or `∂C/∂W, ∂C/∂b`.
    fn equation(
        &mut self,
        pair: Pair<'_, Rule>,
        span: Span,
        above: &[Range],
    ) -> Result<Vec<Statement>, Report> {
        let is_equation = pair
            .clone()
            .into_inner()
            .any(|part| part.as_rule() == Rule::comparison);
        self.derivatives = !is_equation;
        let mut ranges = above.to_vec();
        let mut sides = Vec::new();
        let mut signs: Vec<(Option<Comparison>, Span)> = Vec::new();
        for part in pair.into_inner() {
            let place = self.span(&part);
            match part.as_rule() {
                Rule::expr if sides.is_empty() && is_equation => sides.push(self.left_side(part)?),
                Rule::expr => sides.push(self.expr(part)?),
                Rule::comparison => signs.push((Some(comparison(part.as_str())), place)),
                Rule::comma => signs.push((None, place)),
                Rule::for_ranges => ranges.extend(self.ranges(part)?),
                rule => unreachable!("{rule:?} is no part of an equation"),
            }
        }
        if !is_equation {
            let questions = sides
                .into_iter()
                .map(|side| match side.kind {
                    ExprKind::Derivative(of, wrt) if ranges.is_empty() => Ok(Question {
                        order: Order::Gradient,
                        of: Some(*of),
                        wrt: vec![*wrt],
                    }),
                    _ => Err(mistakes::no_statement(
                        side.span,
                        &self.text[side.span.start..side.span.end],
                    )),
                })
                .collect::<Result<Vec<_>, _>>()?;
            return Ok(in_place(
                questions.into_iter().map(StatementKind::Question),
                span,
            ));
        }
        for (number, (sign, place)) in signs.iter().enumerate() {
            match sign {
                Some(Comparison::Equal) if number == 0 => {}
                Some(Comparison::Equal) => return Err(mistakes::second_equals(*place)),
                Some(_) => return Err(mistakes::comparison_in_equation(*place)),
                None => return Err(mistakes::comma_in_equation(*place)),
            }
        }
        let right = sides.pop().expect("an equation has a right side");
        let left = sides.pop().expect("an equation has a left side");
        self.check_left(&left)?;
        Ok(vec![Statement {
            span,
            kind: StatementKind::Equation {
                left,
                right,
                ranges,
            },
        }])
    }

    /// The left side of an equation; a name that is taken by the language gets its own message.
    fn left_side(&mut self, pair: Pair<'_, Rule>) -> Result<Expr, Report> {
        let mut items = pair.clone().into_inner();
        if let Some(word) = items.next()
            && word.as_rule() == Rule::word
        {
            let next = items.next().map(|next| next.as_rule());
            let name = self.name(&word);
            let called = next == Some(Rule::brackets);
            if called && items.next().is_none() {
                return Err(mistakes::call_on_the_left(self.span(&pair), &name.value));
            }
            if !called {
                self.check_free(&name.value, name.span)?;
            }
        }
        self.expr(pair)
    }

    fn check_left(&self, left: &Expr) -> Result<(), Report> {
        if is_quantity(left) {
            return Ok(());
        }
        Err(mistakes::left_side(left.span))
    }

    /// One statement for each spelling of a line.
    fn spellings(&mut self, pairs: Pairs<'_, Rule>) -> Result<Vec<Statement>, Report> {
        self.derivatives = true;
        pairs
            .filter(|pair| pair.as_rule() == Rule::spelled)
            .map(|pair| {
                let span = self.span(&pair);
                let kind = self.spelling(pair.into_inner())?;
                Ok(Statement { span, kind })
            })
            .collect()
    }

    fn spelling(&mut self, mut pairs: Pairs<'_, Rule>) -> Result<StatementKind, Report> {
        let what = self.expr(pairs.next().expect("`write` says of what"))?;
        let quoted = pairs.nth(1).expect("`write` has a spelling");
        let place = self.span(&quoted);
        let text = quoted.as_str().trim_matches('"').to_owned();
        if text.trim().is_empty() {
            return Err(mistakes::empty_spelling(place));
        }
        Ok(StatementKind::Write {
            what,
            spelling: Spanned::new(text, place),
        })
    }
}

fn known(definition: &mut Option<FunctionDefinition>) -> &mut FunctionDefinition {
    definition
        .as_mut()
        .expect("the grammar puts the name of a function first")
}

/// Several statements that are written as one.
fn in_place(kinds: impl IntoIterator<Item = StatementKind>, span: Span) -> Vec<Statement> {
    kinds
        .into_iter()
        .map(|kind| Statement { span, kind })
        .collect()
}

/// A name, perhaps with slots and elements.
fn is_quantity(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(_) => true,
        ExprKind::Slots(base, _) => matches!(base.kind, ExprKind::Name(_)),
        ExprKind::Elements(base, _) => {
            !matches!(base.kind, ExprKind::Elements(..)) && is_quantity(base)
        }
        _ => false,
    }
}

fn is_number(expr: &Expr, above: i64, below: i64) -> bool {
    match &expr.kind {
        ExprKind::Number(value) => {
            *value == num_rational::BigRational::new(above.into(), below.into())
        }
        _ => false,
    }
}
