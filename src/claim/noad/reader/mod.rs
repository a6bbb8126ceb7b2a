//! From tokens to noads: lists, arguments and scripts.

mod brackets;
mod commands;
mod own;
mod signs;

use std::cell::Cell;

use super::commands::{IGNORED, NOTHING, WIDE};
use super::form::{self, Pairs};
use super::macros::Macros;
use super::{Kind, List, Noad, unicode};
use crate::claim::token::{Token, TokenKind, behind_spaces, braced, inside, last, mathematics};
use crate::source::{Diagnostic, Report, Span};

/// How deep brackets, scripts and arguments may stand in one another.
const DEEPEST: usize = 200;

/// Tokens that commands of the person's own may stand for in one formula, at most.
const LONGEST: usize = 100_000;

/// Reads the tokens of a formula.
///
/// # Errors
/// What is no formula.
pub(super) fn read(tokens: &[Token<'_>], macros: &Macros<'_>) -> Result<List, Report> {
    let pairs = form::check(tokens)?;
    let mut reader = Reader {
        tokens,
        at: 0,
        pairs: &pairs,
        macros,
        depth: 0,
        expansions: 0,
        left: &Cell::new(LONGEST),
        wide: false,
    };
    reader.list(Until::End)
}

#[derive(Clone, Copy)]
struct Reader<'r> {
    tokens: &'r [Token<'r>],
    at: usize,
    pairs: &'r Pairs,
    macros: &'r Macros<'r>,
    /// In how many brackets, scripts and arguments it stands.
    depth: usize,
    /// In how many commands of the person's own.
    expansions: usize,
    /// How many tokens such commands may still stand for.
    left: &'r Cell<usize>,
    /// A wide space was skipped since the last noad.
    wide: bool,
}

/// Where a list ends.
#[derive(Debug, Clone, Copy)]
enum Until<'r> {
    /// With the tokens.
    End,
    Bracket(char),
    Bar,
    /// `||`
    Bars,
    /// One of some commands.
    Command(&'r [&'r str]),
    Environment(&'r str),
}

impl<'r> Reader<'r> {
    fn kind(&self) -> Option<TokenKind<'r>> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    /// Takes the token if it is this.
    fn take(&mut self, kind: TokenKind<'_>) -> bool {
        let found = self.kind() == Some(kind);
        self.at += usize::from(found);
        found
    }

    /// The place of what begins at a token and ends here.
    fn span(&self, start: usize) -> Span {
        let begin = match (self.tokens.get(start), self.tokens.last()) {
            (Some(first), _) => first.span.start,
            (None, Some(last)) => last.span.end,
            (None, None) => 0,
        };
        match self.tokens[start..self.at].last() {
            Some(last) => Span::new(begin, last.span.end),
            None => Span::new(begin, begin),
        }
    }

    /// A noad of what begins at a token and ends here.
    fn made(&self, kind: Kind, start: usize) -> Noad {
        Noad::new(kind, self.span(start))
    }

    /// A mistake in what begins at a token and ends here.
    fn error(&self, code: &'static str, message: impl Into<String>, start: usize) -> Report {
        Diagnostic::error(code, message, self.span(start), "").into()
    }

    /// A token that means nothing here.
    fn unknown(&self, at: usize) -> Report {
        let token = &self.tokens[at];
        let (code, message) = match (token.kind, token.text.chars().next()) {
            (TokenKind::Verbatim, _) => (
                "unknown-sign",
                "verbatim text is no part of a formula".into(),
            ),
            (_, Some(sign)) if sign != '\\' => {
                ("unknown-sign", format!("`{sign}` is no part of a formula"))
            }
            _ => ("unknown-command", format!("{} is not known", token.text)),
        };
        Diagnostic::error(code, message, token.span, "").into()
    }

    /// A reader that ends before a token.
    fn before(&self, end: usize) -> Reader<'r> {
        Reader {
            tokens: &self.tokens[..end],
            wide: false,
            ..*self
        }
    }

    /// Reads what stands in something else.
    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Report>,
    ) -> Result<T, Report> {
        if self.depth > DEEPEST {
            let message = format!("this is nested more than {DEEPEST} deep");
            let place = self.at.saturating_sub(1);
            return Err(self.error("nested-too-deep", message, place));
        }
        self.depth += 1;
        let found = read(self);
        self.depth -= 1;
        found
    }

    fn skip_spaces(&mut self) {
        loop {
            match self.kind() {
                Some(TokenKind::Space) => self.at += 1,
                Some(TokenKind::Command("mkern" | "kern" | "mskip" | "hskip")) => {
                    self.skip_length()
                }
                Some(TokenKind::Command(name)) if IGNORED.contains(&name) => {
                    self.at += 1;
                    self.raw_argument();
                }
                Some(TokenKind::Command(name))
                    if NOTHING.contains(&name) && self.half_printed().is_none() =>
                {
                    self.at += 1;
                    self.wide |= WIDE.contains(&name);
                }
                Some(TokenKind::LeftNothing) if self.half_printed().is_none() => self.at += 1,
                Some(TokenKind::RightNothing) => self.at += 1,
                _ => return,
            }
        }
    }

    /// A command with the length behind it, `\mkern-1.5mu`.
    fn skip_length(&mut self) {
        self.at += 1;
        let number = |kind: TokenKind<'_>| {
            matches!(
                kind,
                TokenKind::Space | TokenKind::Digit | TokenKind::Symbol
            )
        };
        while self.kind().is_some_and(number) {
            self.at += 1;
        }
        for _ in 0..2 {
            self.at += usize::from(matches!(self.kind(), Some(TokenKind::Letter(_))));
        }
    }

    /// The tokens of an argument, which are not read.
    fn raw_argument(&mut self) -> &'r [Token<'r>] {
        let start = behind_spaces(self.tokens, self.at);
        let (argument, behind) = braced(self.tokens, start).unwrap_or_else(|| {
            let end = self.tokens.len().min(start + 1);
            (&self.tokens[start..end], end)
        });
        self.at = behind;
        argument
    }

    /// `[…]` behind a command.
    fn option(&mut self) -> Option<&'r [Token<'r>]> {
        let (option, behind) = inside(self.tokens, behind_spaces(self.tokens, self.at), '[', ']')?;
        self.at = behind;
        Some(option)
    }

    /// How many tokens the end of a list takes, if it stands here.
    fn ends(&self, until: Until<'_>) -> Option<usize> {
        let token = self.tokens.get(self.at)?;
        let next = self.tokens.get(self.at + 1);
        let (ends, length) = match until {
            Until::End => (false, 0),
            Until::Bracket(sign) => (token.kind == TokenKind::Close(sign), 1),
            Until::Bar => (token.kind == TokenKind::Bar, 1),
            Until::Bars => {
                let second = next.is_some_and(|next| next.kind == TokenKind::Bar);
                (token.kind == TokenKind::Bar && second, 2)
            }
            Until::Command(among) => (token.is_command(among), 1),
            Until::Environment(name) => (token.kind == TokenKind::End(name), 1),
        };
        ends.then_some(length)
    }

    /// Noads up to the end of the list, which is left standing.
    fn list(&mut self, until: Until<'_>) -> Result<List, Report> {
        self.deeper(|reader| {
            let mut list = List::new();
            loop {
                reader.skip_spaces();
                if reader.at >= reader.tokens.len() || reader.ends(until).is_some() {
                    return Ok(list);
                }
                let start = reader.at;
                let in_braces = matches!(until, Until::Bracket('}'));
                // Conditions one below the other.
                if in_braces && reader.take(TokenKind::Command("atop")) {
                    let below = ungrouped(reader.list(until)?);
                    list = ungrouped(list);
                    list.push(reader.made(Kind::Sign(","), start));
                    list.extend(below);
                    return Ok(list);
                }
                if in_braces && reader.take(TokenKind::Command("over")) {
                    let below = reader.list(until)?;
                    let fraction = Kind::Fraction(std::mem::take(&mut list), below);
                    list.push(reader.made(fraction, start));
                    return Ok(list);
                }
                let (wide, count) = (std::mem::take(&mut reader.wide), list.len());
                reader.noad(&mut list)?;
                if let Some(first) = list.get_mut(count) {
                    first.set_apart = wide;
                }
            }
        })
    }

    /// Noads up to the end of the list of a bracket that was opened at `start`, and behind it.
    fn up_to(&mut self, until: Until<'_>, start: usize) -> Result<List, Report> {
        let list = self.list(until)?;
        let Some(length) = self.ends(until) else {
            let place = self.tokens[start].span;
            let message = "this bracket has no partner";
            return Err(Diagnostic::error("unbalanced-parentheses", message, place, "").into());
        };
        self.at += length;
        Ok(list)
    }

    /// An argument in braces, or a single noad.
    fn argument(&mut self, of: &str) -> Result<List, Report> {
        self.skip_spaces();
        let start = self.at;
        let digit = match self.kind() {
            Some(TokenKind::Open('{')) => {
                self.at += 1;
                return self.up_to(Until::Bracket('}'), start);
            }
            None | Some(TokenKind::Close(_) | TokenKind::Cell) => {
                return Err(self.missing_argument(of));
            }
            found => found == Some(TokenKind::Digit),
        };
        let mut list = List::new();
        // A single token: `\frac12`, `\hat y_i` takes the y only.
        if digit {
            self.at += 1;
            let digit = Kind::Number(self.tokens[start].text.to_owned());
            list.push(self.made(digit, start));
        } else {
            self.deeper(|reader| reader.nucleus(&mut list))?;
        }
        Ok(list)
    }

    fn missing_argument(&self, of: &str) -> Report {
        let place = last(&self.tokens[..self.at]).map_or_else(Span::default, |(last, _)| last.span);
        let message = format!(r"\{of} needs something behind it");
        Diagnostic::error("missing-argument", message, place, "").into()
    }

    /// An argument that is not empty.
    fn filled(&mut self, of: &str, code: &'static str) -> Result<List, Report> {
        let start = self.at;
        let list = self.argument(of)?;
        if list.is_empty() {
            return Err(self.error(code, format!(r"an argument of \{of} is empty"), start));
        }
        Ok(list)
    }

    fn noad(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        let empty = matches!(
            self.tokens[start..],
            [open, close, ..] if open.kind == TokenKind::Open('{') && close.kind == TokenKind::Close('}')
        );
        if empty && self.transposed_in_front(list)? {
            return Ok(());
        }
        match self.kind() {
            // `h^{(t)}{}^\top`: one more script of what stands in front of it.
            _ if empty && !list.is_empty() => {
                self.at += 2;
                return self.more_scripts(list);
            }
            // Scripts of nothing: those of an empty group.
            Some(
                TokenKind::Script(_)
                | TokenKind::Prime
                | TokenKind::Raised(_)
                | TokenKind::Lowered(_),
            ) => list.push(self.made(Kind::Group(List::new()), start)),
            _ => {
                let count = list.len();
                self.nucleus(list)?;
                if list.len() == count {
                    return Ok(());
                }
            }
        }
        self.scripts(list)?;
        if let Some(last) = list.last_mut() {
            folded(last);
        }
        Ok(())
    }

    /// `{}^tA`, the transpose of what stands behind the mark. What is raised already has the mark behind it, and so has what
    /// a T touches or stands behind an index: `h^{(t)}{}^\top`, `W_2 {}^\top`, `A{}^\top`.
    fn transposed_in_front(&mut self, list: &mut List) -> Result<bool, Report> {
        let start = self.at;
        let touched = list.last().is_some_and(|last| {
            let touches = last.span.end == self.tokens[start].span.start;
            last.is_operand() && (touches || last.sub.is_some())
        });
        if list.last().is_some_and(|last| last.sup.is_some()) {
            return Ok(false);
        }
        self.at += 2;
        let mut mark = vec![self.made(Kind::Group(List::new()), start)];
        self.scripts(&mut mark)?;
        let transposes = mark[0].sub.is_none()
            && mark[0].sup.as_deref().is_some_and(|sup| match sup {
                [only] if only.is_bare() => match &only.kind {
                    Kind::Letter(letter) => *letter == 't' || (*letter == 'T' && !touched),
                    Kind::Word(word) => word == "t" || (word == "T" && !touched),
                    Kind::Command(name) => matches!(name.as_str(), "top" | "intercal") && !touched,
                    _ => false,
                },
                _ => false,
            });
        let mut behind = List::new();
        let read = transposes && self.kind().is_some() && self.noad(&mut behind).is_ok();
        let Some(turned) = behind.pop().filter(|turned| read && turned.is_operand()) else {
            self.at = start;
            return Ok(false);
        };
        let mut whole = self.made(Kind::Group(vec![turned]), start);
        let top = Noad::new(Kind::Command("top".into()), mark[0].span);
        whole.sup = Some(vec![top]);
        list.push(whole);
        Ok(true)
    }

    fn more_scripts(&mut self, list: &mut List) -> Result<(), Report> {
        let last = list.last_mut().expect("seen in front of it");
        let mut more = vec![last.bare()];
        self.scripts(&mut more)?;
        let more = more.remove(0);
        for (place, script) in [(&mut last.sub, more.sub), (&mut last.sup, more.sup)] {
            if let Some(script) = script {
                place.get_or_insert_default().extend(script);
            }
        }
        last.primes += more.primes;
        last.span = last.span.to(more.span);
        Ok(())
    }

    /// The scripts of the last noad.
    fn scripts(&mut self, list: &mut List) -> Result<(), Report> {
        loop {
            self.skip_spaces();
            let start = self.at;
            let (mark, inside) = match self.kind() {
                Some(TokenKind::Prime) => {
                    self.at += 1;
                    let place = self.span(start);
                    let last = list.last_mut().expect("a nucleus");
                    last.primes += 1;
                    last.span = last.span.to(place);
                    continue;
                }
                Some(TokenKind::Script(mark)) => {
                    self.at += 1;
                    let of = if mark == '_' { "_" } else { "^" };
                    let e = list
                        .last()
                        .is_some_and(|last| last.kind == Kind::Letter('e'));
                    let minus = self.tokens.get(self.at);
                    let mut inside = List::new();
                    // `e^-z` is meant as `e^{-z}`.
                    if e && mark == '^' && minus.is_some_and(|minus| minus.is_symbol("-")) {
                        self.at += 1;
                        inside.push(self.made(Kind::Sign("-"), start + 1));
                    }
                    inside.extend(self.argument(of)?);
                    (mark, inside)
                }
                Some(TokenKind::Raised(_)) => ('^', self.short_script(unicode::raised)?),
                Some(TokenKind::Lowered(_)) => ('_', self.short_script(unicode::lowered)?),
                _ => return Ok(()),
            };
            self.attach(list, mark, inside, start)?;
        }
    }

    /// Raised or lowered characters, as long as they stand for something: `x⁽ᵏ⁾`.
    fn short_script(&mut self, plain: fn(char) -> Option<char>) -> Result<List, Report> {
        let start = self.at;
        let character = |token: &Token<'_>| match token.kind {
            TokenKind::Raised(c) | TokenKind::Lowered(c) => plain(c),
            _ => None,
        };
        let text: String = self.tokens[start..].iter().map_while(character).collect();
        self.at += text.chars().count();
        let place = self.span(start);
        let tokens = mathematics(&text, 0);
        let tokens: Vec<Token<'_>> = tokens.into_iter().map(|token| token.at(place)).collect();
        self.on(&tokens, &Pairs::default()).list(Until::End)
    }

    /// A reader of tokens that others stand for.
    fn on<'o>(&'o self, tokens: &'o [Token<'o>], pairs: &'o Pairs) -> Reader<'o> {
        Reader {
            tokens,
            at: 0,
            pairs,
            wide: false,
            ..*self
        }
    }

    /// Attaches a script to the last noad.
    fn attach(
        &self,
        list: &mut List,
        mark: char,
        inside: List,
        start: usize,
    ) -> Result<(), Report> {
        let whole = self.span(start);
        let last = list.last_mut().expect("a nucleus");
        let only_prime = inside.len() == 1 && inside[0].is_command("prime");
        if mark == '^' && only_prime {
            last.primes += 1;
            last.span = last.span.to(whole);
            return Ok(());
        }
        let place = if mark == '_' {
            &mut last.sub
        } else {
            &mut last.sup
        };
        if place.is_some() {
            return Err(self.error("double-script", "a second script of the same kind", start));
        }
        *place = Some(inside);
        last.span = last.span.to(whole);
        Ok(())
    }

    /// Braces around a single noad without scripts say nothing, nor do those around nothing.
    fn push_group(&self, list: &mut List, inside: List, start: usize) {
        match inside.as_slice() {
            [] => {}
            [only] if only.is_bare() => list.extend(inside),
            _ => list.push(self.made(Kind::Group(inside), start)),
        }
    }
}

/// Braces around the whole say nothing.
fn ungrouped(list: List) -> List {
    match list.as_slice() {
        [only] if only.is_bare() => match &only.kind {
            Kind::Group(inside) => inside.clone(),
            _ => list,
        },
        _ => list,
    }
}

/// `\Sigma_{i=1}^m` is a sum.
fn folded(noad: &mut Noad) {
    let ranges = noad
        .sub
        .as_ref()
        .is_some_and(|sub| matches!(sub.as_slice(), [_, sign, ..] if sign.is_sign("=")));
    if let (Kind::Command(name), true) = (&noad.kind, ranges && noad.sup.is_some()) {
        let fold = match name.as_str() {
            "Sigma" => "sum",
            "Pi" => "prod",
            _ => return,
        };
        noad.kind = Kind::Command(fold.into());
    }
}
