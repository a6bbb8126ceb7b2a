//! Numbers, letters and signs.

use super::super::{Kind, List, unicode};
use super::Reader;
use crate::claim::token::{TokenKind, braced, text_of};
use crate::source::Report;
use crate::syntax::greek;

impl Reader<'_> {
    /// One symbol without its scripts; of what prints nothing, none.
    pub(super) fn nucleus(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        let token = self.tokens[start];
        match token.kind {
            TokenKind::Command(name) => return self.command(list, name),
            TokenKind::Begin(name) => return self.environment(list, name),
            TokenKind::LeftNothing => return self.evaluated(list),
            TokenKind::Open('{') => return self.group(list),
            TokenKind::Open(open) => return self.fence(list, open),
            TokenKind::Bar => return self.bar(list),
            TokenKind::Digit => {
                self.number(list);
                return Ok(());
            }
            _ => {}
        }
        self.at += 1;
        let kind = match token.kind {
            TokenKind::LineEnd => Some(Kind::Sign("\\\\")),
            TokenKind::Cell => Some(Kind::Sign("&")),
            TokenKind::Letter(letter) => Some(self.letter(letter, start)),
            TokenKind::Symbol => symbol(token.text),
            _ => None,
        };
        let kind = kind.ok_or_else(|| self.unknown(start))?;
        list.push(self.made(kind, start));
        Ok(())
    }

    /// `12`, `0.5`
    fn number(&mut self, list: &mut List) {
        let start = self.at;
        self.digits();
        let is_digit = |at: usize| {
            let token = self.tokens.get(at);
            token.is_some_and(|token| token.kind == TokenKind::Digit)
        };
        let point = self.tokens.get(self.at);
        if point.is_some_and(|point| point.is_symbol(".")) && is_digit(self.at + 1) {
            self.at += 1;
            self.digits();
        }
        // `0{,}5`
        if let Some((comma, behind)) = braced(self.tokens, self.at)
            && text_of(comma) == ","
            && is_digit(behind)
        {
            self.at = behind;
            self.digits();
        }
        let digits = text_of(&self.tokens[start..self.at]).replace("{,}", ".");
        list.push(self.made(Kind::Number(digits), start));
    }

    fn digits(&mut self) {
        while self.take(TokenKind::Digit) {}
    }

    /// A letter that was taken, with an accent that is part of it or behind it.
    fn letter(&mut self, letter: char, start: usize) -> Kind {
        if let Some(symbol) = unicode::command(letter).or_else(|| greek(letter)) {
            return Kind::Command(symbol.to_owned());
        }
        let behind = self.tokens.get(self.at).and_then(|token| {
            let sign = token.text.chars().next()?;
            unicode::combining(sign)
        });
        self.at += usize::from(behind.is_some());
        let (letter, accent) = match unicode::accented(letter) {
            Some((plain, accent)) => (plain, Some(accent)),
            None => (letter, behind),
        };
        match accent {
            Some(accent) => {
                let letter = self.made(Kind::Letter(letter), start);
                Kind::Accent(accent.to_owned(), vec![letter])
            }
            None => Kind::Letter(letter),
        }
    }
}

/// What a sign stands for.
fn symbol(text: &str) -> Option<Kind> {
    let command = |name: &str| Some(Kind::Command(name.to_owned()));
    match text {
        ":=" => return Some(Kind::Sign(":=")),
        ".*" => return command("odot"),
        "./" => return command("oslash"),
        "&lt;" => return Some(Kind::Sign("<")),
        "&gt;" => return Some(Kind::Sign(">")),
        _ => {}
    }
    let sign = text.chars().next()?;
    match unicode::sign(sign) {
        Some(sign) => Some(Kind::Sign(sign)),
        None => unicode::command(sign)
            .or_else(|| greek(sign))
            .and_then(command),
    }
}
