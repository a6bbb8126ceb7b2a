//! Formulas: precedence, products without a sign, powers and quotients, made from the flat list of items.

use num_traits::Zero;

use crate::source::{Report, Span};

use super::item::{Factor, ItemKind, Items, Operator, Reader, is_minus, is_sign, negated};
use super::mistakes;
use super::tree::{Expr, ExprKind, Join, Sign};

impl Reader<'_> {
    /// `a + b - c`, with a sign in front
    pub(super) fn sum(&mut self, items: &mut Items) -> Result<Factor, Report> {
        let mut first = match items.take_if(is_sign) {
            Some(sign) if is_minus(&sign.kind) => {
                let term = self.product(items, Some(sign.span))?;
                let outer = sign.span.to(term.outer);
                Factor {
                    expr: negated(term.expr, outer),
                    outer,
                }
            }
            Some(sign) => return Err(mistakes::leading_plus(sign.span)),
            None => self.product(items, None)?,
        };
        let mut summands = Vec::new();
        while let Some(item) = items.take() {
            let sign = match item.kind {
                ItemKind::Operator(Operator::Plus) => Sign::Plus,
                ItemKind::Operator(Operator::Minus) => Sign::Minus,
                kind => unreachable!("a product ends before a sign, not before {kind:?}"),
            };
            let term = self.product(items, Some(item.span))?;
            first.outer = first.outer.to(term.outer);
            summands.push((sign, term.expr));
        }
        if summands.is_empty() {
            return Ok(first);
        }
        summands.insert(0, (Sign::Plus, first.expr));
        Ok(Factor {
            expr: Expr {
                span: first.outer,
                kind: ExprKind::Sum(summands),
            },
            outer: first.outer,
        })
    }

    /// `a b * c / d`; `operator` stands before it.
    pub(super) fn product(
        &mut self,
        items: &mut Items,
        operator: Option<Span>,
    ) -> Result<Factor, Report> {
        let mut first = self.factor(items, operator)?;
        let mut rest: Vec<(Join, Expr)> = Vec::new();
        let mut last_join = Join::Space;
        let mut last_outer = first.outer;
        loop {
            let end = items.end;
            let (join, sign) = match items.peek() {
                None => break,
                Some(item) => match item.kind {
                    ItemKind::Operator(Operator::Plus | Operator::Minus) => break,
                    ItemKind::Operator(Operator::Join(join)) => (join, Some(item.span)),
                    _ if item.span.start == end => (Join::Tight, None),
                    _ => (Join::Space, None),
                },
            };
            if sign.is_some() {
                items.take();
            } else if join == Join::Tight {
                self.check_tight(items, last_join, last_outer, first.outer)?;
            }
            let before = rest.last().map_or(&first.expr, |(_, factor)| factor);
            if sign.is_none()
                && let Some(undeclared) = self.undeclared_index(before)
            {
                return Err(undeclared);
            }
            let factor = self.factor(items, sign)?;
            last_join = join;
            last_outer = factor.outer;
            let place = first.outer.to(factor.outer);
            if !fold_quotient(&mut first, &mut rest, join, &factor)? {
                rest.push((join, factor.expr));
            }
            first.outer = place;
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Factor {
            expr: Expr {
                span: first.outer,
                kind: ExprKind::Product(Box::new(first.expr), rest),
            },
            outer: first.outer,
        })
    }

    /// A factor that touches the one before it: `2x` is a product, `1/2x` and `(y)2` are refused.
    pub(super) fn check_tight(
        &self,
        items: &mut Items,
        last_join: Join,
        last: Span,
        first: Span,
    ) -> Result<(), Report> {
        let Some(next) = items.peek() else {
            return Ok(());
        };
        if matches!(last_join, Join::Over | Join::ElementwiseOver) {
            let slash = self.text[first.start..last.start].trim_end();
            let above = slash.trim_end_matches(['/', '.', '÷', '⊘']).trim_end();
            let below = &self.text[last.start..last.end];
            let behind = &self.text[next.span.start..next.span.end];
            return Err(mistakes::behind_quotient(
                first.to(last),
                next.span,
                above,
                below,
                behind,
            ));
        }
        if matches!(next.kind, ItemKind::Number(_)) {
            let before = &self.text[last.start..last.end];
            return Err(mistakes::number_behind(
                next.span,
                before,
                &self.text[next.span.start..next.span.end],
            ));
        }
        Ok(())
    }

    /// A reduction with all that follows it, or a power.
    pub(super) fn factor(
        &mut self,
        items: &mut Items,
        operator: Option<Span>,
    ) -> Result<Factor, Report> {
        if let Some((op, binder, head)) = self.reduction_head(items)? {
            if let Some(item) = items.peek()
                && matches!(item.kind, ItemKind::Power { .. } | ItemKind::Superscript(_))
            {
                return Err(mistakes::power_of_head(item.span));
            }
            self.chain += 1;
            if self.chain > self.max_chain {
                return Err(mistakes::formula_too_deep(head));
            }
            if items.peek().is_none() {
                return Err(mistakes::nothing_to_reduce(head));
            }
            let body = self.product(items, Some(head))?;
            self.chain -= 1;
            let outer = head.to(body.outer);
            return Ok(Factor {
                expr: Expr {
                    span: outer,
                    kind: ExprKind::Reduce {
                        op,
                        binder,
                        body: Box::new(body.expr),
                        head,
                    },
                },
                outer,
            });
        }
        let base = self.postfix(items, operator)?;
        self.power(items, base)
    }

    /// What is raised to a power, or transposed, or neither.
    pub(super) fn power(&mut self, items: &mut Items, base: Factor) -> Result<Factor, Report> {
        let is_power = |kind: &ItemKind| {
            matches!(
                kind,
                ItemKind::Power { .. } | ItemKind::Superscript(_) | ItemKind::Transpose
            )
        };
        let Some(sign) = items.take_if(is_power) else {
            return Ok(base);
        };
        let (kind, end) = match sign.kind {
            ItemKind::Transpose => (ExprKind::Transpose(Box::new(base.expr)), sign.span.end),
            ItemKind::Superscript(exponent) => (
                ExprKind::Power {
                    base: Box::new(base.expr),
                    exponent: Box::new(exponent),
                    elementwise: false,
                },
                sign.span.end,
            ),
            ItemKind::Power { elementwise, group } => {
                let (exponent, end) = match group {
                    Some(group) if group.kind == ExprKind::Name("T".to_owned()) => {
                        return Err(mistakes::transpose_in_braces(sign.span));
                    }
                    Some(group) => (group, sign.span.end),
                    None => {
                        let exponent = self.exponent(items, sign.span)?;
                        (exponent.expr, exponent.outer.end)
                    }
                };
                (
                    ExprKind::Power {
                        base: Box::new(base.expr),
                        exponent: Box::new(exponent),
                        elementwise,
                    },
                    end,
                )
            }
            kind => unreachable!("{kind:?} is no power"),
        };
        let outer = Span::new(base.outer.start, end);
        if let Some(next) = items.peek() {
            if is_power(&next.kind) {
                return Err(mistakes::power_of_power(next.span, outer));
            }
            let suffix = matches!(
                next.kind,
                ItemKind::Subscript(_)
                    | ItemKind::Short(_)
                    | ItemKind::Slots(_)
                    | ItemKind::Primes(_)
            );
            if suffix {
                return Err(mistakes::suffix_behind_power(next.span));
            }
        }
        Ok(Factor {
            expr: Expr { span: outer, kind },
            outer,
        })
    }

    /// One atom, maybe with a sign.
    pub(super) fn exponent(&mut self, items: &mut Items, sign: Span) -> Result<Factor, Report> {
        let minus = items.take_if(is_minus);
        let operator = minus.as_ref().map_or(sign, |minus| minus.span);
        let atom = self.postfix(items, Some(operator))?;
        if let ExprKind::Name(name) = &atom.expr.kind {
            if let Some(rest) = name.strip_prefix('T')
                && !rest.is_empty()
                && self.text[atom.outer.start..].starts_with('T')
            {
                return Err(mistakes::transpose_run_together(atom.outer, name, rest));
            }
            if items.touches(|kind| matches!(kind, ItemKind::Brackets(..))) {
                let next = items.peek().map_or(atom.outer, |item| item.span);
                return Err(mistakes::bracket_behind_exponent(next, name));
            }
        }
        Ok(match minus {
            Some(minus) => {
                let outer = minus.span.to(atom.outer);
                Factor {
                    expr: negated(atom.expr, outer),
                    outer,
                }
            }
            None => atom,
        })
    }
}

/// A quotient of two whole numbers is one number.
pub(super) fn fold_quotient(
    first: &mut Factor,
    rest: &mut [(Join, Expr)],
    join: Join,
    below: &Factor,
) -> Result<bool, Report> {
    let ExprKind::Number(divisor) = &below.expr.kind else {
        return Ok(false);
    };
    if !matches!(join, Join::Over | Join::ElementwiseOver) {
        return Ok(false);
    }
    if divisor.is_zero() {
        return Err(mistakes::zero_denominator(below.outer));
    }
    let above = match rest.last_mut() {
        None => &mut first.expr,
        Some((Join::Space | Join::Star | Join::Elementwise, factor)) => factor,
        Some((Join::Tight | Join::Over | Join::ElementwiseOver, _)) => return Ok(false),
    };
    match &mut above.kind {
        ExprKind::Number(value)
            if join == Join::Over && value.is_integer() && divisor.is_integer() =>
        {
            *value /= divisor;
            above.span = above.span.to(below.outer);
            Ok(true)
        }
        _ => Ok(false),
    }
}
