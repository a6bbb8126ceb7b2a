//! The lines of `where` and `assume`.

use pest::iterators::{Pair, Pairs};

use crate::source::{Report, Span};

use super::grammar::Rule;
use super::item::{Reader, comparison};
use super::mistakes;
use super::tree::{
    Assumption, AssumptionKind, Declaration, Expr, MatrixProperty, Name, Range, Set, StatementKind,
};

impl Reader<'_> {
    /// A `for` is about what stands before it, up to the one before, and the last one about what stands behind it, too.
    pub(super) fn declarations(
        &mut self,
        pairs: Pairs<'_, Rule>,
    ) -> Result<Vec<StatementKind>, Report> {
        let mut closed: Vec<(Vec<Declaration>, Vec<Range>)> = Vec::new();
        let mut declarations: Vec<Declaration> = Vec::new();
        let mut waiting: Vec<(Name, Vec<Expr>, Span)> = Vec::new();
        for pair in pairs {
            match pair.as_rule() {
                Rule::declaration => {
                    let place = self.span(&pair);
                    let mut slots = Vec::new();
                    let mut name = None;
                    let mut set = None;
                    for part in pair.into_inner() {
                        match part.as_rule() {
                            Rule::word => name = Some(self.new_name(&part)?),
                            Rule::slots => slots = self.list(part)?,
                            Rule::set => set = Some(self.set(part)?),
                            _ => {}
                        }
                    }
                    let name = name.expect("a declaration has a name");
                    waiting.push((name, slots, place));
                    let Some(set) = set else { continue };
                    for (name, slots, span) in waiting.drain(..) {
                        declarations.push(Declaration {
                            name,
                            slots,
                            set: set.clone(),
                            span,
                        });
                    }
                }
                Rule::for_ranges => {
                    let ranges = self.ranges(pair)?;
                    closed.push((std::mem::take(&mut declarations), ranges));
                }
                _ => {}
            }
        }
        if let Some((name, _, _)) = waiting.first() {
            return Err(mistakes::declaration_without_set(name.span, &name.value));
        }
        match closed.last_mut() {
            Some((last, _)) => last.append(&mut declarations),
            None => closed.push((declarations, Vec::new())),
        }
        let lines = closed.into_iter();
        Ok(lines
            .map(|(them, ranges)| StatementKind::Where(them, ranges))
            .collect())
    }

    pub(super) fn set(&mut self, pair: Pair<'_, Rule>) -> Result<Set, Report> {
        let mut parts = pair.into_inner();
        let first = parts.next().expect("a set is not empty");
        if first.as_rule() == Rule::expr {
            let low = self.expr(first)?;
            let high = self.expr(parts.nth(1).expect("a range has a last value"))?;
            return Ok(Set::Integers(low, high));
        }
        let mut axes = Vec::new();
        for part in first.into_inner() {
            match part.as_rule() {
                Rule::axes => {
                    for axis in part
                        .into_inner()
                        .filter(|inner| inner.as_rule() == Rule::axis)
                    {
                        self.check_axis(&axis)?;
                        axes.push(self.expr(axis)?);
                    }
                }
                Rule::axis_atom => axes.push(self.expr(part)?),
                Rule::caret if part.as_str() == ".^" => {
                    return Err(mistakes::set_power(self.span(&part)));
                }
                _ => {}
            }
        }
        Ok(Set::Real(axes))
    }

    /// `R^(mxn)`: is it one size or two axes?
    fn check_axis(&self, axis: &Pair<'_, Rule>) -> Result<(), Report> {
        let text = axis.as_str();
        let size = |part: &str| {
            let digits = part.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
            let letters = part.len() - digits.len();
            !part.is_empty() && letters <= 1 && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        match text.split_once('x') {
            Some((rows, columns)) if size(rows) && size(columns) => {
                Err(mistakes::axes_run_together(self.span(axis), rows, columns))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn assumptions(&mut self, pairs: Pairs<'_, Rule>) -> Result<StatementKind, Report> {
        let mut assumptions = Vec::new();
        let mut ranges = Vec::new();
        for pair in pairs {
            match pair.as_rule() {
                Rule::assumption => assumptions.push(self.assumption(pair)?),
                Rule::for_ranges => ranges = self.ranges(pair)?,
                _ => {}
            }
        }
        Ok(StatementKind::Assume(assumptions, ranges))
    }

    fn assumption(&mut self, pair: Pair<'_, Rule>) -> Result<Assumption, Report> {
        let span = self.span(&pair);
        let mut terms = Vec::new();
        let mut signs = Vec::new();
        let mut values = None;
        let mut properties: Vec<String> = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::assumed => terms.push(self.expr(part)?),
                Rule::comparison => signs.push(comparison(part.as_str())),
                Rule::values => values = Some(self.list(part)?),
                Rule::property => {
                    let words: Vec<&str> = part.as_str().split_whitespace().collect();
                    properties.push(words.join(" "));
                }
                _ => {}
            }
        }
        if !signs.is_empty() {
            return Ok(Assumption {
                span,
                kind: AssumptionKind::Compare(terms, signs),
            });
        }
        let what = terms.pop().expect("an assumption is about something");
        let kind = match values {
            Some(values) => AssumptionKind::OneOf(what, values),
            None if properties == ["onehot"] => AssumptionKind::OneHot(what),
            None => AssumptionKind::Matrix(
                what,
                properties
                    .iter()
                    .map(|property| match property.as_str() {
                        "symmetric" => Ok(MatrixProperty::Symmetric),
                        "positive definite" => Ok(MatrixProperty::PositiveDefinite),
                        "invertible" => Ok(MatrixProperty::Invertible),
                        "orthogonal" => Ok(MatrixProperty::Orthogonal),
                        _ => Err(mistakes::onehot_among_properties(span)),
                    })
                    .collect::<Result<_, _>>()?,
            ),
        };
        Ok(Assumption { span, kind })
    }
}
