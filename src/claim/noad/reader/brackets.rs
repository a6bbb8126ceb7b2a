//! Brackets, bars, braces and environments.

use super::super::commands::OPENING;
use super::super::{Kind, List, Noad, Table};
use super::{Reader, Until};
use crate::claim::token::{TokenKind, behind_spaces, last};
use crate::source::Report;

impl Reader<'_> {
    /// Where a bracket begins, with the command for its size in front of it.
    fn sized(&self, bracket: usize) -> usize {
        match last(&self.tokens[..bracket]) {
            Some((size, before)) if size.is_command(OPENING) => before.len(),
            _ => bracket,
        }
    }

    /// What stands in a bracket that opens here and is taken with `length` tokens.
    fn enclosed(
        &mut self,
        list: &mut List,
        kind: char,
        length: usize,
        until: Until<'_>,
    ) -> Result<(), Report> {
        let bracket = self.at;
        self.at += length;
        let inside = self.up_to(until, bracket)?;
        list.push(self.made(Kind::Fence(kind, inside), self.sized(bracket)));
        Ok(())
    }

    pub(super) fn fence(&mut self, list: &mut List, open: char) -> Result<(), Report> {
        let close = if open == '(' { ')' } else { ']' };
        self.enclosed(list, open, 1, Until::Bracket(close))
    }

    /// A bracket that a command stands for, up to one of others.
    pub(super) fn fence_of_command(
        &mut self,
        list: &mut List,
        kind: char,
        close: &[&str],
        start: usize,
    ) -> Result<(), Report> {
        let inside = self.up_to(Until::Command(close), start)?;
        list.push(self.made(Kind::Fence(kind, inside), start));
        Ok(())
    }

    /// Braces that are not printed.
    pub(super) fn group(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        self.at += 1;
        let inside = self.up_to(Until::Bracket('}'), start)?;
        self.push_group(list, inside, start);
        Ok(())
    }

    /// `|x|`, `||x||`, `p(w | c)`, and the bar behind what is evaluated.
    pub(super) fn bar(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        if self.script_follows(start + 1) {
            self.at += 1;
            list.push(self.made(Kind::Bar, start));
            return Ok(());
        }
        if !self.has_partner() {
            self.at += 1;
            list.push(self.made(Kind::Command("mid".into()), start));
            return Ok(());
        }
        if self.ends(Until::Bars).is_some() {
            self.enclosed(list, '‖', 2, Until::Bars)
        } else {
            self.enclosed(list, '|', 1, Until::Bar)
        }
    }

    /// Whether a script below stands at a token or behind the spaces there.
    pub(super) fn script_follows(&self, at: usize) -> bool {
        let next = self.tokens.get(behind_spaces(self.tokens, at));
        next.is_some_and(|next| next.kind == TokenKind::Script('_'))
    }

    /// Whether another bar follows before the bracket ends in which this one stands: else it separates, `p(w | c)`.
    fn has_partner(&self) -> bool {
        let mut depth = 0;
        for token in &self.tokens[self.at + 1..] {
            match token.kind {
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) if depth == 0 => return false,
                TokenKind::Close(_) => depth -= 1,
                TokenKind::Bar if depth == 0 => return true,
                _ => {}
            }
        }
        // Nothing encloses it: a bar that is never closed.
        true
    }

    /// The `\right` of a pair that opens here and of which one side only is printed.
    pub(super) fn half_printed(&self) -> Option<usize> {
        self.pairs.half_printed(self.tokens, self.at)
    }

    /// `\left\{ … \right.`, which are cases.
    pub(super) fn open_cases(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        let right = self.half_printed().expect("seen in front of it");
        self.at = behind_spaces(self.tokens, start + 1) + 1;
        let inside = self.before(right).list(Until::End)?;
        self.at = right + 1;
        let rows = match inside.as_slice() {
            [only] => match &only.kind {
                Kind::Table(_, rows) => rows.clone(),
                _ => rows(&inside),
            },
            _ => rows(&inside),
        };
        list.push(self.made(Kind::Table(Table::Cases, rows), start));
        Ok(())
    }

    /// `\left. … \right|`, what is evaluated.
    pub(super) fn evaluated(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        let right = self.half_printed().expect("seen in front of it");
        self.at += 1;
        let inside = self.before(right).list(Until::End)?;
        self.at = right + 1;
        self.push_group(list, inside, start);
        let bar = behind_spaces(self.tokens, self.at);
        self.at = bar + 1;
        list.push(self.made(Kind::Bar, bar));
        Ok(())
    }

    pub(super) fn environment(&mut self, list: &mut List, name: &str) -> Result<(), Report> {
        let start = self.at;
        self.at += 1;
        let table = match name {
            "cases" | "dcases" => Table::Cases,
            "pmatrix" | "bmatrix" | "matrix" | "smallmatrix" => Table::Matrix,
            "array" => {
                // How its columns are set.
                self.raw_argument();
                Table::Matrix
            }
            "aligned" | "split" | "gathered" => {
                // Lines inside a formula: read as if they stood there.
                list.extend(self.up_to(Until::Environment(name), start)?);
                return Ok(());
            }
            _ => {
                let message = format!("the environment `{name}` is not known here");
                return Err(self.error("unknown-environment", message, start));
            }
        };
        let inside = self.up_to(Until::Environment(name), start)?;
        list.push(self.made(Kind::Table(table, rows(&inside)), start));
        Ok(())
    }
}

/// Lines at `\\`, cells at `&`.
fn rows(list: &[Noad]) -> Vec<Vec<List>> {
    list.split(|noad| noad.is_sign("\\\\"))
        .filter(|line| !line.is_empty())
        .map(|line| {
            line.split(|noad| noad.is_sign("&"))
                .map(<[Noad]>::to_vec)
                .collect()
        })
        .collect()
}
