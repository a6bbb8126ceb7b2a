//! The formulas of a file: header lines, text, and what stands between mathematics marks.

pub(super) mod labels;
mod lines;
mod numbers;

use super::noad::Macros;
use super::token::{HeaderLine, Token, TokenKind, behind_spaces, braced, document, last, text_of};
use crate::source::{Diagnostic, Report, Span};

/// One line of mathematics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Formula<'t> {
    /// Its tokens, with spaces for alignment marks.
    pub(super) tokens: Vec<Token<'t>>,
    /// It begins with a sign of equality: the left side above goes on.
    pub(super) continues: bool,
    /// The text in front of it says that it defines something.
    pub(super) defines: bool,
}

impl Formula<'_> {
    /// Its place in the file.
    pub(super) fn span(&self) -> Span {
        match self.tokens.as_slice() {
            [first, .., last] => first.span.to(last.span),
            [only] => only.span,
            [] => Span::default(),
        }
    }
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Document<'t> {
    pub(super) header: Vec<HeaderLine<'t>>,
    pub(super) formulas: Vec<Formula<'t>>,
    /// Text stands between the formulas: not all of them are claims.
    pub(super) has_prose: bool,
    /// Commands that the file defines.
    pub(super) macros: Macros<'t>,
}

/// Words in front of a definition.
pub(super) const DEFINING: &[&str] =
    &["where", "let", "with", "define", "denote", "set", "writing"];

/// Environments whose lines are formulas.
const ENVIRONMENTS: &[&str] = &[
    "align",
    "align*",
    "equation",
    "equation*",
    "gather",
    "gather*",
    "multline",
    "multline*",
    "eqnarray",
    "eqnarray*",
    "aligned",
    "split",
    "gathered",
    "displaymath",
    "math",
    "flalign",
    "flalign*",
    "alignat",
    "alignat*",
    "alignedat",
];

/// Commands whose argument is text: a `$` in it ends no formula around it.
const TEXTS: &[&str] = &["text", "textrm", "textit", "textbf", "mbox", "tag"];

/// What a formula stands between.
#[derive(Debug, Clone, Copy)]
enum Marks<'t> {
    /// `$`
    Dollar,
    /// `$$`
    Dollars,
    /// `\[` and `\]`, `\(` and `\)`, a block of Markdown: the closing one.
    Closing(&'static str),
    /// `\\[` and `\\]`, as Markdown wants it: the closing bracket.
    Doubled(char),
    Environment(&'t str),
}

impl<'t> Marks<'t> {
    /// The marks that open at a place.
    fn opening(tokens: &[Token<'t>], at: usize) -> Option<Self> {
        match tokens[at].kind {
            TokenKind::Delimiter => match tokens[at].text {
                "$" if is_dollar(tokens, at + 1) => Some(Marks::Dollars),
                "$" => Some(Marks::Dollar),
                r"\[" => Some(Marks::Closing(r"\]")),
                r"\(" => Some(Marks::Closing(r"\)")),
                text if text.starts_with("```math") => Some(Marks::Closing("```")),
                _ => None,
            },
            TokenKind::LineEnd if tokens[at].text == r"\\" => {
                let marks = match tokens.get(at + 1)?.kind {
                    TokenKind::Open('(') => Marks::Doubled(')'),
                    TokenKind::Open('[') => Marks::Doubled(']'),
                    _ => return None,
                };
                let closed = (at + 2..tokens.len()).any(|at| marks.close_at(tokens, at));
                closed.then_some(marks)
            }
            TokenKind::Begin(name) if lines_begin(tokens, at) && !behind_brace(&tokens[..at]) => {
                Some(Marks::Environment(name))
            }
            _ => None,
        }
    }

    /// How many tokens each of them takes.
    fn length(self) -> usize {
        match self {
            Marks::Dollars | Marks::Doubled(_) => 2,
            Marks::Dollar | Marks::Closing(_) | Marks::Environment(_) => 1,
        }
    }

    fn close_at(self, tokens: &[Token<'_>], at: usize) -> bool {
        let token = &tokens[at];
        match self {
            Marks::Dollar => is_dollar(tokens, at),
            Marks::Dollars => is_dollar(tokens, at) && is_dollar(tokens, at + 1),
            Marks::Closing(mark) => token.kind == TokenKind::Delimiter && token.text == mark,
            Marks::Doubled(bracket) => {
                let next = tokens.get(at + 1).map(|next| next.kind);
                token.text == r"\\" && next == Some(TokenKind::Close(bracket))
            }
            Marks::Environment(name) => token.kind == TokenKind::End(name),
        }
    }

    /// Where what stands between them ends, from where it begins on.
    fn end(self, tokens: &[Token<'_>], start: usize) -> Option<usize> {
        let mut at = start;
        while at < tokens.len() {
            if self.close_at(tokens, at) {
                return Some(at);
            }
            at = behind_text(tokens, at).unwrap_or(at + 1);
        }
        None
    }

    fn never_closed(self, opening: &[Token<'_>]) -> Report {
        let (code, message) = match self {
            Marks::Environment(name) => (
                "unclosed-environment",
                format!(r"\begin{{{name}}} is never ended"),
            ),
            Marks::Dollar | Marks::Dollars | Marks::Closing(_) | Marks::Doubled(_) => (
                "unclosed-mathematics",
                format!("this `{}` is never closed", text_of(opening)),
            ),
        };
        let place = opening[0].span.to(opening[opening.len() - 1].span);
        Diagnostic::error(code, message, place, "").into()
    }
}

fn is_dollar(tokens: &[Token<'_>], at: usize) -> bool {
    let token = tokens.get(at);
    token.is_some_and(|token| token.kind == TokenKind::Delimiter && token.text == "$")
}

/// The place behind the command for text that stands here, if the formulas in it are closed there.
fn behind_text(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    if !tokens[at].is_command(TEXTS) {
        return None;
    }
    let star = tokens.get(at + 1).is_some_and(|star| star.is_symbol("*"));
    let (text, behind) = braced(tokens, behind_spaces(tokens, at + 1 + usize::from(star)))?;
    let dollars = (0..text.len()).filter(|&at| is_dollar(text, at));
    (dollars.count() % 2 == 0).then_some(behind)
}

/// Takes a text apart. Without any marks the whole text is one formula.
///
/// # Errors
/// Mathematics that is never closed.
pub(super) fn split(text: &str) -> Result<Document<'_>, Report> {
    let (header, mut tokens) = document(text);
    let mut document = Document {
        header,
        macros: Macros::taken_from(&mut tokens),
        ..Document::default()
    };
    let mut at = if is_bare_formula(&tokens, &document.header) {
        tokens.len()
    } else {
        0
    };
    let mut marked = false;
    // The text since the last formula, and whether that one was a definition.
    let (mut text_from, mut defined) = (0, false);
    while at < tokens.len() {
        let Some(marks) = Marks::opening(&tokens, at) else {
            // The `$` in a number is not one around a formula.
            let tag = tokens[at].is_command(&["tag"]);
            let behind = behind_text(&tokens, at).filter(|_| tag);
            at = behind.unwrap_or(at + 1);
            continue;
        };
        marked = true;
        let opened = at + marks.length();
        let start = match marks {
            Marks::Environment(name) => behind_argument(&tokens, opened, name),
            _ => opened,
        };
        let Some(end) = marks.end(&tokens, start) else {
            return Err(marks.never_closed(&tokens[at..opened]));
        };
        let before = &tokens[text_from..at];
        document.has_prose |= is_prose(before);
        defined = defines(&text_of(before), defined);
        lines::of(&tokens[start..end], defined, &mut document.formulas);
        at = end + marks.length();
        text_from = at;
    }
    if marked {
        document.has_prose |= is_prose(&tokens[text_from..]);
    } else {
        lines::of(&tokens, false, &mut document.formulas);
    }
    Ok(document)
}

/// Whether a text is one formula without marks around it: there are some in `\text{if $z > 0$}` only.
fn is_bare_formula(tokens: &[Token<'_>], header: &[HeaderLine<'_>]) -> bool {
    let mut at = 0;
    let mut states = header.iter().any(|line| line.key == "about");
    while at < tokens.len() {
        if let Some(behind) = behind_text(tokens, at) {
            at = behind;
            continue;
        }
        if Marks::opening(tokens, at).is_some() {
            return false;
        }
        states |= tokens[at].is_equality();
        at += 1;
    }
    states
}

fn is_prose(tokens: &[Token<'_>]) -> bool {
    !tokens.iter().all(Token::is_space)
}

/// Whether the text in front of a formula introduces a definition, or goes on with one.
fn defines(text: &str, before: bool) -> bool {
    let sentence = text
        .rsplit(['.', ':', '\n'])
        .find(|part| !part.trim().is_empty());
    let mut words = sentence
        .unwrap_or_default()
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase);
    match words.next_back() {
        None => before && text.contains(','),
        Some(word) if word == "and" => {
            before || words.any(|word| DEFINING.contains(&word.as_str()))
        }
        Some(word) => DEFINING.contains(&word.as_str()),
    }
}

/// Whether the lines of an environment are formulas.
fn is_lined(name: &str) -> bool {
    ENVIRONMENTS.contains(&name)
}

/// Whether an environment whose lines are formulas begins at a place, be it an array of equations.
fn lines_begin(tokens: &[Token<'_>], at: usize) -> bool {
    let TokenKind::Begin(name) = tokens[at].kind else {
        return false;
    };
    is_lined(name) || (name == "array" && lines::are_equations(tokens, at + 1))
}

/// The place behind what an environment is told of its columns.
fn behind_argument(tokens: &[Token<'_>], at: usize, name: &str) -> usize {
    let told = ["array", "alignat", "alignat*", "alignedat"].contains(&name);
    match braced(tokens, behind_spaces(tokens, at)) {
        Some((_, behind)) if told => behind,
        _ => at,
    }
}

/// Whether a text ends with a brace that is printed: lines behind it are cases.
fn behind_brace(tokens: &[Token<'_>]) -> bool {
    last(tokens).is_some_and(|(last, _)| last.opens_printed())
}
