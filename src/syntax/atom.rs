//! What a formula is made of: numbers, names with slots, elements or arguments, brackets.

use crate::source::{Report, Span};

use super::item::{Factor, Item, ItemKind, Items, Operator, Reader, SubItem};
use super::layout::check_is_name;
use super::mistakes::{self, Behind};
use super::reduction::reduction;
use super::tree::{Expr, ExprKind, Name, Spanned};

impl Reader<'_> {
    /// A number, a name with slots, elements or arguments, something in brackets, cases, a derivative.
    pub(super) fn postfix(
        &mut self,
        items: &mut Items,
        operator: Option<Span>,
    ) -> Result<Factor, Report> {
        let Some(item) = items.take() else {
            let at = operator.unwrap_or(Span::new(items.end, items.end));
            return Err(mistakes::missing_operand(at, true));
        };
        let span = item.span;
        let base = match item.kind {
            ItemKind::Number(value) => Factor {
                expr: Expr {
                    span,
                    kind: ExprKind::Number(value),
                },
                outer: span,
            },
            ItemKind::Word(word) => self.word(items, word, span)?,
            ItemKind::Brackets(before, behind) => Factor {
                expr: single(before, behind, span)?,
                outer: span,
            },
            ItemKind::Cases(branches) => Factor {
                expr: Expr {
                    span,
                    kind: ExprKind::Cases(branches),
                },
                outer: span,
            },
            ItemKind::Partial => return self.partial_quotient(items, span),
            ItemKind::Operator(kind) => {
                return Err(match operator {
                    Some(before) if !matches!(kind, Operator::Join(_)) => {
                        mistakes::sign_behind_operator(before.to(span))
                    }
                    Some(before) => mistakes::missing_operand(before.to(span), false),
                    None => mistakes::missing_operand(span, false),
                });
            }
            ItemKind::Power { .. }
            | ItemKind::Superscript(_)
            | ItemKind::Transpose
            | ItemKind::Slots(_)
            | ItemKind::Subscript(_)
            | ItemKind::Short(_)
            | ItemKind::Primes(_) => {
                return Err(mistakes::suffix_alone(
                    span,
                    &self.text[span.start..span.end],
                ));
            }
        };
        self.elements(items, base)
    }

    /// What stands in brackets or is a name may have element indices.
    pub(super) fn elements(&mut self, items: &mut Items, base: Factor) -> Result<Factor, Report> {
        let is_subscript =
            |kind: &ItemKind| matches!(kind, ItemKind::Subscript(_) | ItemKind::Short(_));
        if items.touches(|kind| matches!(kind, ItemKind::Slots(_))) {
            let span = items.peek().map_or(base.outer, |item| item.span);
            return Err(mistakes::slots_behind(span));
        }
        if !items.touches(is_subscript) {
            return Ok(base);
        }
        let item = items.take().expect("the next item was seen");
        if matches!(base.expr.kind, ExprKind::Number(_)) {
            return Err(mistakes::element_of_number(item.span));
        }
        let entries = match item.kind {
            ItemKind::Short(letters) => letters
                .into_iter()
                .map(|letter| Expr {
                    span: letter.span,
                    kind: ExprKind::Name(letter.value),
                })
                .collect(),
            ItemKind::Subscript(entries) => self.element_entries(entries)?,
            kind => unreachable!("{kind:?} is no subscript"),
        };
        let outer = base.outer.to(item.span);
        if items.touches(is_subscript) {
            return Err(mistakes::second_subscript(Span::new(
                items.end,
                items.end + 1,
            )));
        }
        Ok(Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Elements(Box::new(base.expr), entries),
            },
            outer,
        })
    }

    pub(super) fn element_entries(&self, entries: Vec<SubItem>) -> Result<Vec<Expr>, Report> {
        entries
            .into_iter()
            .map(|entry| match entry {
                SubItem::Expr(index) => {
                    self.check_run_together(&index)?;
                    Ok(index)
                }
                SubItem::Colon(span) => Ok(Expr {
                    span,
                    kind: ExprKind::Slice(None),
                }),
                SubItem::Slice(span, bounds) => Ok(Expr {
                    span,
                    kind: ExprKind::Slice(Some(bounds)),
                }),
                SubItem::In(range) => Err(mistakes::condition_in_elements(range.0.span)),
                SubItem::Conditions(conditions) => {
                    let span = conditions.first().map_or_else(Span::default, |condition| {
                        condition.left.span.to(condition.right.span)
                    });
                    Err(mistakes::condition_in_elements(span))
                }
            })
            .collect()
    }

    /// `W_{ij}` where `i` and `j` are indices and `ij` is nothing.
    pub(super) fn check_run_together(&self, index: &Expr) -> Result<(), Report> {
        let ExprKind::Name(word) = &index.kind else {
            return Ok(());
        };
        let run_together = word.len() > 1
            && !self.scope.is_defined(word)
            && word
                .chars()
                .all(|letter| self.scope.is_index(&letter.to_string()));
        if run_together {
            return Err(mistakes::indices_run_together(index.span, word));
        }
        Ok(())
    }

    /// A word with its slots or arguments.
    pub(super) fn word(
        &mut self,
        items: &mut Items,
        word: String,
        span: Span,
    ) -> Result<Factor, Report> {
        check_is_name(&word, span)?;
        if self.short_head(&word).is_some() {
            return Err(mistakes::reduction_without_brackets(span));
        }
        let primes = if items.touches(|kind| matches!(kind, ItemKind::Primes(_))) {
            items.take()
        } else {
            None
        };
        let called = items.touches(|kind| matches!(kind, ItemKind::Brackets(..)));
        let function = self.scope.function(&word);
        if called && let Some(function) = function {
            return self.call(items, Spanned::new(function, span), primes);
        }
        if let Some(primes) = primes {
            return Err(mistakes::primes_without_call(
                span.to(primes.span),
                &word,
                function.is_some(),
            ));
        }
        if called {
            self.check_unknown_call(items, &word, span)?;
        }
        if function.is_some() && self.own.as_deref() != Some(word.as_str()) {
            let next = items.peek().map(|item| {
                let kind = match item.kind {
                    ItemKind::Power { .. } | ItemKind::Superscript(_) => Behind::Power,
                    ItemKind::Word(_) | ItemKind::Brackets(..) | ItemKind::Number(_) => {
                        Behind::Argument
                    }
                    _ => Behind::Other,
                };
                let text = &self.text[item.span.start..];
                let length = match kind {
                    Behind::Power => text.find([' ', '(', '\n']).unwrap_or(text.len()),
                    Behind::Argument | Behind::Other => item.span.end - item.span.start,
                };
                (kind, &text[..length])
            });
            return Err(mistakes::function_without_call(
                span,
                &self.text[span.start..span.end],
                next,
            ));
        }
        let name = Factor {
            expr: Expr {
                span,
                kind: ExprKind::Name(word),
            },
            outer: span,
        };
        let named = match items.peek() {
            Some(item) if matches!(item.kind, ItemKind::Slots(_)) => {
                if item.span.start != span.end {
                    return Err(mistakes::blank_before_slots(item.span));
                }
                self.slots(items, name)
            }
            Some(_) | None => name,
        };
        self.letter_quotient(items, named)
    }

    pub(super) fn slots(&mut self, items: &mut Items, name: Factor) -> Factor {
        let Some(Item {
            span,
            kind: ItemKind::Slots(slots),
        }) = items.take()
        else {
            unreachable!("the next item was seen to be slots")
        };
        let outer = name.outer.to(span);
        Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Slots(Box::new(name.expr), slots),
            },
            outer,
        }
    }

    /// `f(a, b; c)`
    pub(super) fn call(
        &mut self,
        items: &mut Items,
        function: Name,
        primes: Option<Item>,
    ) -> Result<Factor, Report> {
        let Some(Item {
            span,
            kind: ItemKind::Brackets(arguments, extra),
        }) = items.take()
        else {
            unreachable!("the next item was seen to be brackets")
        };
        if arguments.is_empty() && extra.is_empty() {
            return Err(mistakes::empty_brackets(span));
        }
        let outer = function.span.to(span);
        let primes = match primes.map(|item| item.kind) {
            Some(ItemKind::Primes(count)) => count,
            _ => 0,
        };
        Ok(Factor {
            expr: Expr {
                span: outer,
                kind: ExprKind::Call {
                    function,
                    primes,
                    arguments,
                    extra,
                },
            },
            outer,
        })
    }

    /// `f(a, b)` where `f` is no function: one argument could be a product, more could not.
    pub(super) fn check_unknown_call(
        &self,
        items: &mut Items,
        word: &str,
        span: Span,
    ) -> Result<(), Report> {
        let several = items.peek().is_some_and(|item| match &item.kind {
            ItemKind::Brackets(arguments, extra) => arguments.len() != 1 || !extra.is_empty(),
            _ => false,
        });
        if several && reduction(word).is_none() {
            return Err(mistakes::unknown_function(
                span,
                word,
                &self.scope.function_names(),
            ));
        }
        Ok(())
    }
}

/// What stands in brackets as a factor: one formula.
pub(super) fn single(before: Vec<Expr>, behind: Vec<Expr>, span: Span) -> Result<Expr, Report> {
    if !behind.is_empty() || before.len() > 1 {
        return Err(mistakes::list_in_brackets(span));
    }
    before
        .into_iter()
        .next()
        .ok_or_else(|| mistakes::empty_brackets(span))
}
