//! Sums, products, maxima and minima over indices.

use crate::source::{Report, Span};

use super::item::{Item, ItemKind, Items, Reader, SubItem};
use super::mistakes;
use super::tree::{Binder, Comparison, Expr, ExprKind, Range, ReduceOp, Spanned};

/// What stands below and above the sign.
enum Limits {
    /// A letter's first value below and its last above, and how far that goes.
    Both(Box<Range>, Span),
    Below(Vec<SubItem>),
}

impl Reader<'_> {
    /// `sum_ij`, `sum_{i < j}`: what reduces, over what, and where that stands.
    pub(super) fn reduction_head(
        &mut self,
        items: &mut Items,
    ) -> Result<Option<(ReduceOp, Vec<Binder>, Span)>, Report> {
        let Some(Item {
            span,
            kind: ItemKind::Word(word),
        }) = items.peek()
        else {
            return Ok(None);
        };
        let span = *span;
        let (op, letters) = match self.short_head(word) {
            Some(op) => (op, true),
            None => match reduction(word) {
                Some(op) => (op, false),
                None => return Ok(None),
            },
        };
        if letters {
            items.take();
            let written = &self.text[span.start..span.end];
            let below = written
                .find('_')
                .or_else(|| written.find(|sign| super::letters::subscript(sign).is_some()));
            let from = span.start + below.unwrap_or(0);
            let binder = self.letters(&self.text[from..span.end], Span::new(from, span.end))?;
            return Ok(Some((
                op,
                binder.into_iter().map(Binder::Letter).collect(),
                span,
            )));
        }
        let word = items.take().expect("the next item was seen");
        if !items.touches(|kind| matches!(kind, ItemKind::Subscript(_))) {
            items.rest.push(word);
            return Ok(None);
        }
        let Some(Item {
            span: below,
            kind: ItemKind::Subscript(entries),
        }) = items.take()
        else {
            unreachable!("the next item was seen to be a subscript")
        };
        let head = span.to(below);
        let entries = match self.limits(entries, items, head)? {
            Limits::Both(range, head) => {
                return Ok(Some((op, vec![Binder::Range(*range)], head)));
            }
            Limits::Below(entries) => entries,
        };
        if let Some(next) = items.peek()
            && matches!(next.kind, ItemKind::Power { .. } | ItemKind::Superscript(_))
        {
            return Err(mistakes::upper_limit(head.to(next.span)));
        }
        let mut binder = Vec::new();
        for entry in entries {
            self.binder(entry, &mut binder)?;
        }
        Ok(Some((op, binder, head)))
    }

    /// `sum_{i=1}^n`, which says the same as `sum_{i in 1..n}`; or what stands below alone.
    fn limits(
        &mut self,
        mut entries: Vec<SubItem>,
        items: &mut Items,
        head: Span,
    ) -> Result<Limits, Report> {
        let from_one_value = match entries.as_slice() {
            [SubItem::Conditions(conditions)] => matches!(conditions.as_slice(), [only]
                if only.comparison == Comparison::Equal && matches!(only.left.kind, ExprKind::Name(_))),
            _ => false,
        };
        let above = |kind: &ItemKind| {
            let power = matches!(kind, ItemKind::Power { elementwise, .. } if !elementwise);
            power || matches!(kind, ItemKind::Superscript(_) | ItemKind::Transpose)
        };
        if !from_one_value {
            return Ok(Limits::Below(entries));
        }
        let Some(sign) = items.take_if(above) else {
            return Ok(Limits::Below(entries));
        };
        let (high, end) = match sign.kind {
            ItemKind::Superscript(high)
            | ItemKind::Power {
                group: Some(high), ..
            } => (high, sign.span),
            // `^T`
            ItemKind::Transpose => {
                let name = ExprKind::Name("T".into());
                let span = Span::new(sign.span.end - 1, sign.span.end);
                (Expr { span, kind: name }, sign.span)
            }
            _ => {
                let high = self.exponent(items, sign.span)?;
                (high.expr, high.outer)
            }
        };
        let Some(SubItem::Conditions(conditions)) = entries.pop() else {
            unreachable!("just seen")
        };
        let condition = conditions.into_iter().next().expect("just seen");
        let ExprKind::Name(letter) = condition.left.kind else {
            unreachable!("just seen")
        };
        let range = Box::new(Range {
            letter: Spanned::new(letter, condition.left.span),
            low: condition.right,
            high,
        });
        Ok(Limits::Both(range, head.to(end)))
    }

    /// The operator of `sum_ij` with declared letters.
    pub(super) fn short_head(&self, word: &str) -> Option<ReduceOp> {
        let (op, letters) = word.split_once('_')?;
        let op = reduction(op)?;
        let declared = letters
            .chars()
            .all(|letter| self.scope.is_index(&letter.to_string()));
        (declared && !self.scope.is_defined(word)).then_some(op)
    }

    pub(super) fn binder(&self, entry: SubItem, binder: &mut Vec<Binder>) -> Result<(), Report> {
        match entry {
            SubItem::Expr(index) => {
                self.check_run_together(&index)?;
                match index.kind {
                    ExprKind::Name(letter) => {
                        binder.push(Binder::Letter(Spanned::new(letter, index.span)))
                    }
                    _ => return Err(mistakes::not_a_letter(index.span)),
                }
            }
            SubItem::In(range) => {
                let (letter, low, high) = *range;
                let ExprKind::Name(name) = letter.kind else {
                    return Err(mistakes::not_a_letter(letter.span));
                };
                binder.push(Binder::Range(Range {
                    letter: Spanned::new(name, letter.span),
                    low,
                    high,
                }));
            }
            SubItem::Conditions(conditions) => {
                binder.extend(conditions.into_iter().map(Binder::Condition))
            }
            SubItem::Colon(span) | SubItem::Slice(span, _) => {
                return Err(mistakes::not_a_letter(span));
            }
        }
        Ok(())
    }

    /// A name like `sum_i` in front of a factor where `i` was never declared.
    pub(super) fn undeclared_index(&self, before: &Expr) -> Option<Report> {
        let ExprKind::Name(word) = &before.kind else {
            return None;
        };
        let (op, letters) = word.split_once('_')?;
        reduction(op)?;
        if self.scope.is_defined(word) {
            return None;
        }
        let letters: Vec<char> = letters.chars().collect();
        let meant = letters.iter().all(char::is_ascii_alphabetic)
            && (letters.len() == 1
                || letters
                    .iter()
                    .any(|letter| self.scope.is_index(&letter.to_string())));
        let missing = letters
            .iter()
            .find(|letter| !self.scope.is_index(&letter.to_string()))?;
        meant.then(|| mistakes::undeclared_index(before.span, op, *missing))
    }
}

pub(super) fn reduction(word: &str) -> Option<ReduceOp> {
    match word {
        "sum" => Some(ReduceOp::Sum),
        "prod" => Some(ReduceOp::Product),
        "max" => Some(ReduceOp::Max),
        "min" => Some(ReduceOp::Min),
        _ => None,
    }
}
