//! The person's own commands: `\newcommand`, `\DeclareMathOperator`, `\def`.

use rustc_hash::FxHashMap;

use crate::claim::token::{Token, TokenKind, behind_spaces, braced, inside, text_of};
use crate::source::Span;

/// Commands that a text defines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Macros<'t> {
    found: FxHashMap<&'t str, Macro<'t>>,
}

/// What a command stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Macro<'t> {
    pub(super) parameters: usize,
    /// The value of the first parameter where it is left out.
    pub(super) default: Option<Vec<Token<'t>>>,
    /// With `#1`, `#2` for the parameters.
    body: Vec<Token<'t>>,
}

/// Commands that define one as `{\name}[parameters][default]{body}`.
const DEFINING: &[&str] = &[
    "newcommand",
    "renewcommand",
    "providecommand",
    "DeclareMathOperator",
];

impl<'t> Macros<'t> {
    /// Takes the definitions out of a text: a space stands there afterwards.
    pub(in crate::claim) fn taken_from(tokens: &mut Vec<Token<'t>>) -> Self {
        let mut macros = Macros::default();
        let mut kept = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while at < tokens.len() {
            let token = tokens[at];
            match definition(tokens, at) {
                Some((name, command, behind)) => {
                    macros.found.insert(name, command);
                    kept.push(token.blanked());
                    at = behind;
                }
                None => {
                    kept.push(token);
                    at += 1;
                }
            }
        }
        *tokens = kept;
        macros
    }

    /// These, and of the others those of other names.
    pub(crate) fn or(self, mut others: Self) -> Self {
        others.found.extend(self.found);
        others
    }

    pub(super) fn get(&self, name: &str) -> Option<&Macro<'t>> {
        self.found.get(name)
    }
}

impl<'t> Macro<'t> {
    /// The body with arguments in the place of its parameters, all of it at the place of the command.
    pub(super) fn filled(&self, arguments: &[&[Token<'t>]], place: Span) -> Vec<Token<'t>> {
        let mut filled = Vec::with_capacity(self.body.len());
        for token in &self.body {
            let argument = match token.kind {
                TokenKind::Parameter(number) => number
                    .checked_sub(1)
                    .and_then(|number| arguments.get(number)),
                _ => None,
            };
            match argument {
                Some(argument) => filled.extend(argument.iter().map(|token| token.at(place))),
                None => filled.push(token.at(place)),
            }
        }
        filled
    }
}

/// The definition that begins at a place: the name, what it stands for, and the place behind it.
fn definition<'t>(tokens: &[Token<'t>], at: usize) -> Option<(&'t str, Macro<'t>, usize)> {
    let TokenKind::Command(defining) = tokens[at].kind else {
        return None;
    };
    if defining == "def" {
        let (name, behind) = command(tokens, at + 1)?;
        let is_brace = |token: &Token<'_>| token.kind == TokenKind::Open('{');
        let open = behind + tokens[behind..].iter().position(is_brace)?;
        let is_parameter = |token: &&Token<'_>| matches!(token.kind, TokenKind::Parameter(_));
        let parameters = tokens[behind..open].iter().filter(is_parameter).count();
        let (body, behind) = braced(tokens, open)?;
        let command = Macro {
            parameters,
            default: None,
            body: body.to_vec(),
        };
        return Some((name, command, behind));
    }
    if !DEFINING.contains(&defining) {
        return None;
    }
    let mut at = at + 1;
    if tokens.get(at)?.is_symbol("*") {
        at += 1;
    }
    at = behind_spaces(tokens, at);
    let (name, mut at) = match braced(tokens, at) {
        Some((inside, behind)) => (command(inside, 0)?.0, behind),
        None => command(tokens, at)?,
    };
    let mut options = Vec::new();
    while let Some((option, behind)) = inside(tokens, behind_spaces(tokens, at), '[', ']') {
        options.push(option);
        at = behind;
    }
    let open = behind_spaces(tokens, at);
    let (body, behind) = braced(tokens, open)?;
    let body = match defining {
        "DeclareMathOperator" => {
            let operator = Token {
                kind: TokenKind::Command("operatorname"),
                text: r"\operatorname",
                span: tokens[open].span,
            };
            let word = &tokens[open..behind];
            std::iter::once(operator)
                .chain(word.iter().copied())
                .collect()
        }
        _ => body.to_vec(),
    };
    let command = Macro {
        parameters: match options.first() {
            Some(number) => text_of(number)
                .trim()
                .parse()
                .ok()
                .filter(|number| *number < 10)?,
            None => 0,
        },
        default: options.get(1).map(|default| default.to_vec()),
        body,
    };
    Some((name, command, behind))
}

/// `\name` behind the spaces at a place, without its backslash, and the place behind it.
fn command<'t>(tokens: &[Token<'t>], at: usize) -> Option<(&'t str, usize)> {
    let at = behind_spaces(tokens, at.min(tokens.len()));
    match tokens.get(at)?.kind {
        TokenKind::Command(name) if name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Some((name, at + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::token::mathematics;

    #[test]
    fn definitions_are_taken_out() {
        let text = r"\newcommand{\W}{\mathbf{W}} \newcommand*\pd[2][C]{\frac{\partial #1}{\partial #2}}
\DeclareMathOperator*{\relu}{ReLU}\def\half#1{\tfrac12 #1} $\W$";
        let mut tokens = mathematics(text, 0);
        let macros = Macros::taken_from(&mut tokens);
        assert_eq!(text_of(&tokens).trim(), r"$\W$");
        assert_eq!(tokens.last().map(|token| token.span.end), Some(text.len()));
        let body = |name: &str, arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(|it| mathematics(it, 0)).collect();
            let arguments: Vec<_> = arguments.iter().map(Vec::as_slice).collect();
            let own = macros.get(name).expect(name);
            text_of(&own.filled(&arguments, Span::default()))
        };
        assert_eq!(body("W", &[]), r"\mathbf{W}");
        assert_eq!(body("pd", &["L", "w"]), r"\frac{\partial L}{\partial w}");
        let default = macros.get("pd").and_then(|it| it.default.as_deref());
        assert_eq!(default.map(text_of).as_deref(), Some("C"));
        assert_eq!(body("relu", &[]), r"\operatorname{ReLU}");
        assert_eq!(body("half", &["x"]), r"\tfrac12 x");
    }
}
