//! Brackets, environments and operators of a formula, in its order: the first thing that is wrong is the one that is named.

use rustc_hash::FxHashMap;

use super::commands::{NOTHING, OPERATORS};
use crate::claim::token::{Token, TokenKind, behind_spaces, last};
use crate::source::{Diagnostic, Report, Span};

/// Which `\right` belongs to which `\left`.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    right: FxHashMap<usize, usize>,
}

impl Pairs {
    fn of(tokens: &[Token<'_>]) -> Self {
        let mut right = FxHashMap::default();
        let mut open = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                TokenKind::LeftNothing | TokenKind::Command("left") => open.push(at),
                TokenKind::RightNothing | TokenKind::Command("right") => {
                    right.extend(open.pop().map(|left| (left, at)));
                }
                _ => {}
            }
        }
        Self { right }
    }

    /// The end of a pair of which one side is not printed and that says something: the `\right` of `\left\{ … \right.`,
    /// which are cases, or of `\left. … \right|`, which is evaluated. Elsewhere a bracket that is not printed says nothing:
    /// the one that is printed has its partner on another line.
    pub(super) fn half_printed(&self, tokens: &[Token<'_>], left: usize) -> Option<usize> {
        let right = *self.right.get(&left)?;
        let behind = |at: usize| tokens.get(behind_spaces(tokens, at + 1));
        let speaks = if tokens[left].kind == TokenKind::LeftNothing {
            tokens[right].kind != TokenKind::RightNothing
                && behind(right).is_some_and(Token::is_bar)
        } else {
            tokens[right].kind == TokenKind::RightNothing
                && behind(left).is_some_and(Token::opens_printed)
        };
        speaks.then_some(right)
    }
}

/// Checks the brackets and operators of a formula.
///
/// # Errors
/// The first of them that has no partner or no operand.
pub(super) fn check(tokens: &[Token<'_>]) -> Result<Pairs, Report> {
    let pairs = Pairs::of(tokens);
    let mut open: Vec<(Bracket, Span)> = Vec::new();
    let mut environments: Vec<(&str, usize, Span)> = Vec::new();
    let mut before: Option<(Role, usize)> = None;
    for (at, token) in tokens.iter().enumerate() {
        let role = role(tokens, at, &pairs);
        match role {
            Role::Space => continue,
            Role::Open(bracket) => open.push((bracket, token.span)),
            // What is not printed ends cases and what is evaluated only; the partner of another bracket stands on another
            // line.
            Role::Close(bracket @ (Bracket::Bar | Bracket::Nothing)) => {
                let partner = match bracket {
                    Bracket::Bar => Bracket::Nothing,
                    _ => Bracket::Printed,
                };
                open.pop_if(|(opened, _)| *opened == partner);
            }
            Role::Close(bracket) => match open.last() {
                Some((opened, _)) if *opened == bracket => {
                    open.pop();
                }
                Some((opened, place)) => {
                    let named = if bracket == Bracket::Brace {
                        bracket
                    } else {
                        *opened
                    };
                    let (code, what) = named.words();
                    let message = format!("{what} do not match");
                    return Err(Diagnostic::error(code, message, token.span, "closed here")
                        .label(*place, "opened here")
                        .into());
                }
                None => {
                    let (code, what) = bracket.words();
                    let message = format!("{what} do not match: nothing is open here");
                    return Err(Diagnostic::error(code, message, token.span, "").into());
                }
            },
            Role::Begin(name) => environments.push((name, open.len(), token.span)),
            Role::End(name) => match environments.pop() {
                Some((begun, depth, _)) if begun == name && depth == open.len() => {}
                _ => {
                    let message = format!(r"\end{{{name}}} ends nothing that is open here");
                    return Err(unclosed_environment(message, token.span));
                }
            },
            Role::Operator | Role::Sign | Role::Other => {}
        }
        let dangling = match (before, role) {
            // `(*`, `+ *`, `(`…: an operator that needs something before it.
            (None | Some((Role::Open(_) | Role::Operator | Role::Sign, _)), Role::Operator) => {
                Some(at)
            }
            // `*)`, `+ )`: nothing behind it.
            (Some((Role::Operator | Role::Sign, place)), Role::Close(close))
                if close != Bracket::Brace || !open.is_empty() =>
            {
                Some(place)
            }
            _ => None,
        };
        if let Some(place) = dangling
            && !in_script(&tokens[..place])
        {
            return Err(dangling_operator(
                "an operator without an operand",
                tokens[place].span,
            ));
        }
        before = Some((role, at));
    }
    if let Some((Role::Operator | Role::Sign, place)) = before
        && !in_script(&tokens[..place])
    {
        return Err(dangling_operator(
            "nothing stands behind this operator",
            tokens[place].span,
        ));
    }
    if let Some((bracket, place)) = open.first() {
        let (code, what) = bracket.words();
        let message = format!("{what} do not match: this one is never closed");
        return Err(Diagnostic::error(code, message, *place, "").into());
    }
    if let Some((name, _, place)) = environments.first() {
        let message = format!(r"\begin{{{name}}} is never ended");
        return Err(unclosed_environment(message, *place));
    }
    Ok(pairs)
}

fn unclosed_environment(message: String, place: Span) -> Report {
    Diagnostic::error("unclosed-environment", message, place, "").into()
}

fn dangling_operator(message: &str, place: Span) -> Report {
    Diagnostic::error("dangling-operator", message, place, "").into()
}

/// Whether a script begins behind these tokens: an operator alone in one may be a mark, `x^*`, `x^{+}`.
fn in_script(before: &[Token<'_>]) -> bool {
    let is_script = |token: &Token<'_>| matches!(token.kind, TokenKind::Script(_));
    match last(before) {
        Some((brace, before)) if brace.kind == TokenKind::Open('{') => {
            last(before).is_some_and(|(token, _)| is_script(token))
        }
        found => found.is_some_and(|(token, _)| is_script(token)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Round,
    Square,
    Brace,
    /// A brace that is printed.
    Printed,
    /// What `\left.` opens and `\right.` closes: nothing is printed there.
    Nothing,
    /// The bar of `\right|`.
    Bar,
}

impl Bracket {
    fn of(sign: char) -> Self {
        match sign {
            '(' | ')' => Bracket::Round,
            '[' | ']' => Bracket::Square,
            _ => Bracket::Brace,
        }
    }

    /// The code of mistakes with it, and what it is called.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Bracket::Brace => ("unbalanced-braces", "braces"),
            _ => ("unbalanced-parentheses", "brackets"),
        }
    }
}

/// What a token is for the form of a formula.
#[derive(Debug, Clone, Copy)]
enum Role<'t> {
    Space,
    Open(Bracket),
    Close(Bracket),
    Begin(&'t str),
    End(&'t str),
    /// `*`, `/`, `\cdot`, …: needs both sides.
    Operator,
    /// `+`, `-`, `=`: needs the right side.
    Sign,
    Other,
}

fn role<'t>(tokens: &[Token<'t>], at: usize, pairs: &Pairs) -> Role<'t> {
    let token = &tokens[at];
    match token.kind {
        TokenKind::Space => Role::Space,
        TokenKind::Open(sign) => Role::Open(Bracket::of(sign)),
        TokenKind::Close(sign) => Role::Close(Bracket::of(sign)),
        TokenKind::Begin(name) => Role::Begin(name),
        TokenKind::End(name) => Role::End(name),
        TokenKind::LeftNothing => match pairs.half_printed(tokens, at) {
            Some(_) => Role::Open(Bracket::Nothing),
            None => Role::Space,
        },
        TokenKind::RightNothing => Role::Close(Bracket::Nothing),
        TokenKind::Command("right")
            if tokens
                .get(behind_spaces(tokens, at + 1))
                .is_some_and(Token::is_bar) =>
        {
            Role::Close(Bracket::Bar)
        }
        TokenKind::Command("{" | "lbrace") => Role::Open(Bracket::Printed),
        TokenKind::Command("}" | "rbrace") => Role::Close(Bracket::Printed),
        TokenKind::Command(name) if OPERATORS.contains(&name) => Role::Operator,
        TokenKind::Command(name) if NOTHING.contains(&name) => Role::Space,
        TokenKind::Symbol => match token.text {
            "*" | "/" | ".*" | "./" => Role::Operator,
            "+" | "-" | "−" | "=" | ":=" => Role::Sign,
            _ => Role::Other,
        },
        _ => Role::Other,
    }
}
