//! Quotients that are derivatives: `∂A/∂B`, and `dA/dB` where A and B are known.

use crate::source::{Report, Span};

use super::item::{Factor, Item, ItemKind, Items, Reader, is_over};
use super::mistakes;
use super::tree::{Expr, ExprKind};

impl Reader<'_> {
    /// `∂A/∂B`
    pub(super) fn partial_quotient(
        &mut self,
        items: &mut Items,
        sign: Span,
    ) -> Result<Factor, Report> {
        let of = self.differential(items, sign)?;
        let over = items.take_if(is_over);
        let below = over
            .as_ref()
            .and_then(|_| items.take_if(|kind| matches!(kind, ItemKind::Partial)));
        let Some(below) = below else {
            return Err(mistakes::half_derivative(sign.to(of.outer)));
        };
        let wrt = self.differential(items, below.span)?;
        let outer = sign.to(wrt.outer);
        if !self.derivatives {
            return Err(mistakes::derivative_in_equation(outer));
        }
        Ok(Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Derivative(Box::new(of.expr), Box::new(wrt.expr)),
            },
            outer,
        })
    }

    /// What stands behind `∂`.
    pub(super) fn differential(&mut self, items: &mut Items, sign: Span) -> Result<Factor, Report> {
        if let Some(item) = items.peek()
            && matches!(item.kind, ItemKind::Superscript(_) | ItemKind::Power { .. })
        {
            return Err(mistakes::second_derivative(sign.to(item.span)));
        }
        let derivatives = std::mem::replace(&mut self.derivatives, false);
        let operand = self.postfix(items, Some(sign));
        self.derivatives = derivatives;
        let operand = operand?;
        if quantity(&operand.expr).is_none() {
            return Err(mistakes::derivative_of_formula(operand.outer));
        }
        Ok(operand)
    }

    /// `dA/dB` with known A and B, neither `dA` nor `dB` being a quantity: a derivative. Else the name as it is.
    pub(super) fn letter_quotient(
        &mut self,
        items: &mut Items,
        name: Factor,
    ) -> Result<Factor, Report> {
        let goes_on = items.peek().is_some_and(|item| {
            is_over(&item.kind) || matches!(item.kind, ItemKind::Subscript(_) | ItemKind::Short(_))
        });
        if !goes_on || !quantity(&name.expr).is_some_and(|word| self.is_differential(word)) {
            return Ok(name);
        }
        let first = self.elements(items, name)?;
        let below = match items.rest.as_slice() {
            [
                ..,
                Item {
                    kind: ItemKind::Word(word),
                    ..
                },
                over,
            ] if is_over(&over.kind) => word,
            _ => return Ok(first),
        };
        if !self.is_differential(below) {
            return Ok(first);
        }
        items.take();
        let second = self.postfix(items, None)?;
        let outer = first.outer.to(second.outer);
        if !self.derivatives {
            return Err(mistakes::derivative_in_equation(outer));
        }
        if quantity(&second.expr).is_none() {
            return Err(mistakes::derivative_of_formula(second.outer));
        }
        Ok(Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Derivative(
                    Box::new(without_d(first.expr)),
                    Box::new(without_d(second.expr)),
                ),
            },
            outer,
        })
    }

    /// Whether the word is `dA` with a known A, and no quantity itself.
    pub(super) fn is_differential(&self, word: &str) -> bool {
        word.strip_prefix('d').is_some_and(|rest| {
            !rest.is_empty()
                && self.scope.is_known(rest)
                && !self.scope.is_defined(word)
                && (!self.derivatives || !self.scope.is_mentioned(word))
        })
    }
}

/// The word of a quantity, an element or a slot of one.
pub(super) fn quantity(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(word) => Some(word),
        ExprKind::Slots(base, _) | ExprKind::Elements(base, _) => quantity(base),
        _ => None,
    }
}

/// `dW[k]` as `W[k]`.
pub(super) fn without_d(mut expr: Expr) -> Expr {
    expr.span.start += 1;
    match &mut expr.kind {
        ExprKind::Name(word) => {
            word.remove(0);
        }
        ExprKind::Slots(base, _) | ExprKind::Elements(base, _) => {
            let inner = std::mem::replace(
                base.as_mut(),
                Expr {
                    span: Span::default(),
                    kind: ExprKind::Name(String::new()),
                },
            );
            **base = without_d(inner);
        }
        kind => unreachable!("{kind:?} is no quantity"),
    }
    expr
}
