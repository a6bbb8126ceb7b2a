//! Commands of the person's own, and what they stand for.

use super::super::{List, form};
use super::{Reader, Until};
use crate::claim::token::TokenKind;
use crate::source::Report;

/// How many of them may stand in one another.
const DEEPEST: usize = 16;

impl Reader<'_> {
    /// What a command of the person's own stands for, if it is one; its name is taken.
    pub(super) fn expanded(
        &mut self,
        list: &mut List,
        name: &str,
        start: usize,
    ) -> Result<bool, Report> {
        let Some(own) = self.macros.get(name) else {
            return Ok(false);
        };
        let mut arguments = Vec::new();
        for number in 0..own.parameters {
            let default = own.default.as_deref().filter(|_| number == 0);
            arguments.push(match default {
                Some(default) => self.option().unwrap_or(default),
                None => self.raw_argument(),
            });
        }
        let filled = own.filled(&arguments, self.span(start));
        let left = self.left.get().checked_sub(filled.len());
        self.left.set(left.unwrap_or_default());
        if self.expansions == DEEPEST || left.is_none() {
            let message = format!(r"\{name} stands for itself, or for too much");
            return Err(self.error("endless-command", message, start));
        }
        let pairs = form::check(&filled).map_err(|report| {
            let first = report.diagnostics().first();
            let why = first.map_or_else(String::new, |first| first.message.clone());
            let message = format!(r"what \{name} stands for is no formula: {why}");
            self.error("unbalanced-parentheses", message, start)
        })?;
        let mut inner = self.on(&filled, &pairs);
        inner.expansions += 1;
        // `\newcommand{\T}{^{\top}}`: scripts of what stands in front of it.
        inner.skip_spaces();
        let script = matches!(
            inner.kind(),
            Some(
                TokenKind::Script(_)
                    | TokenKind::Prime
                    | TokenKind::Raised(_)
                    | TokenKind::Lowered(_)
            )
        );
        if script && !list.is_empty() {
            inner.scripts(list)?;
        }
        list.extend(inner.list(Until::End)?);
        Ok(true)
    }
}
