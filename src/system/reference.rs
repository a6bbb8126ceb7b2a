//! A name with its slots and elements, the way quantities are referred to.

use super::names::Names;
use crate::source::Span;
use crate::syntax::{Expr, ExprKind};

/// `W[k]_ij`: a name, its slots and its elements as written.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) name_span: Span,
    pub(super) slots: Vec<Expr>,
    pub(super) elements: Vec<Expr>,
    pub(super) span: Span,
}

impl Names<'_> {
    /// The reference that an expression is, if it is one.
    pub(super) fn reference(&self, expr: &Expr) -> Option<Head> {
        match &expr.kind {
            ExprKind::Name(name) => Some(self.plain(name, expr.span)),
            ExprKind::Slots(base, slots) => {
                let ExprKind::Name(name) = &base.kind else {
                    return None;
                };
                Some(Head {
                    name: name.clone(),
                    name_span: base.span,
                    slots: slots.clone(),
                    elements: Vec::new(),
                    span: expr.span,
                })
            }
            ExprKind::Elements(base, elements) => {
                let mut head = match &base.kind {
                    ExprKind::Name(name) => Head {
                        name: name.clone(),
                        name_span: base.span,
                        slots: Vec::new(),
                        elements: Vec::new(),
                        span: base.span,
                    },
                    ExprKind::Slots(..) => self.reference(base)?,
                    ExprKind::Number(_)
                    | ExprKind::Elements(..)
                    | ExprKind::Call { .. }
                    | ExprKind::Negative(_)
                    | ExprKind::Sum(_)
                    | ExprKind::Product(..)
                    | ExprKind::Power { .. }
                    | ExprKind::Transpose(_)
                    | ExprKind::Reduce { .. }
                    | ExprKind::Cases(_)
                    | ExprKind::Slice(_)
                    | ExprKind::Derivative(..) => return None,
                };
                head.span = expr.span;
                for element in elements {
                    head.elements.extend(self.opened(element));
                }
                Some(head)
            }
            ExprKind::Number(_)
            | ExprKind::Call { .. }
            | ExprKind::Negative(_)
            | ExprKind::Sum(_)
            | ExprKind::Product(..)
            | ExprKind::Power { .. }
            | ExprKind::Transpose(_)
            | ExprKind::Reduce { .. }
            | ExprKind::Cases(_)
            | ExprKind::Slice(_)
            | ExprKind::Derivative(..) => None,
        }
    }

    /// `x_ij` is the name if that is known, else an element where its letters are declared.
    fn plain(&self, name: &str, span: Span) -> Head {
        let mut head = Head {
            name: name.to_owned(),
            name_span: span,
            slots: Vec::new(),
            elements: Vec::new(),
            span,
        };
        if self.known.contains_key(name) || self.roles.contains_key(name) {
            return head;
        }
        if let Some((base, letters)) = self.split(name) {
            head.elements = letters.iter().map(|letter| named(letter, span)).collect();
            // Greek letters are spelled out in names, so lengths agree only without them.
            if span.end - span.start == name.len() {
                let mut at = span.start + base.len() + 1;
                for (element, letter) in head.elements.iter_mut().zip(&letters) {
                    element.span = Span::new(at, at + letter.len());
                    at += letter.len();
                }
                head.name_span = Span::new(span.start, span.start + base.len());
            }
            head.name = base.to_owned();
        }
        head
    }

    /// `_{ij}` means i, j if there is no `ij`.
    pub(super) fn opened(&self, element: &Expr) -> Vec<Expr> {
        if let ExprKind::Name(name) = &element.kind
            && !self.known.contains_key(name)
            && !self.letters.contains_key(name)
            && let Some(letters) = self.letters_of(name)
        {
            return letters
                .iter()
                .map(|letter| named(letter, element.span))
                .collect();
        }
        vec![element.clone()]
    }
}

fn named(name: &str, span: Span) -> Expr {
    Expr {
        span,
        kind: ExprKind::Name(name.to_owned()),
    }
}
