//! Brackets, environments and operators of a text, in its order: the first thing that is wrong is the one that is named.

use super::commands::NOTHING;
use super::error;
use crate::source::{Diagnostic, Report, Span};

/// Brackets and operators, in the order of the text: the first thing that is wrong is the one that is named.
///
/// # Errors
/// The first of them that has no partner or no operand.
pub(super) fn check(text: &str, offset: usize) -> Result<(), Report> {
    let bytes = text.as_bytes();
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut environments: Vec<(String, usize, usize)> = Vec::new();
    let mut before: Option<(Token, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let token = next_token(text, &mut at);
        match &token {
            Token::Space => continue,
            Token::Open(bracket) => open.push((*bracket, start)),
            Token::Close('|') => {
                open.pop_if(|(opened, _)| *opened == NO_BRACKET);
            }
            // Only cases end so; the partner of another bracket stands on another line.
            Token::Close(NO_BRACKET) => {
                open.pop_if(|(opened, _)| *opened == '\u{1}');
            }
            Token::Close(bracket) => match open.last() {
                Some((opened, _)) if closes(*opened, *bracket) => {
                    open.pop();
                }
                Some((opened, place)) => {
                    let (code, what) = code_of(if *bracket == '}' { '{' } else { *opened });
                    return Err(Diagnostic::error(
                        code,
                        format!("{what} do not match"),
                        Span::new(offset + start, offset + at),
                        "closed here",
                    )
                    .label(Span::new(offset + place, offset + place + 1), "opened here")
                    .into());
                }
                None => {
                    let (code, what) = code_of(*bracket);
                    return Err(error(
                        code,
                        format!("{what} do not match: nothing is open here"),
                        offset + start,
                        offset + at,
                    ));
                }
            },
            Token::Begin(name) => environments.push((name.clone(), open.len(), start)),
            Token::End(name) => match environments.pop() {
                Some((begun, depth, _)) if begun == *name && depth == open.len() => {}
                _ => {
                    return Err(error(
                        "unclosed-environment",
                        format!(r"\end{{{name}}} ends nothing that is open here"),
                        offset + start,
                        offset + at,
                    ));
                }
            },
            Token::Operator | Token::Sign | Token::Break | Token::Other => {}
        }
        let dangling = match (&before, &token) {
            // `(*`, `+ *`, `(`…: an operator that needs something before it.
            (Some((Token::Open(_) | Token::Operator | Token::Sign, _)), Token::Operator) => {
                Some(start)
            }
            (None, Token::Operator) => Some(start),
            // `*)`, `+ )`: nothing behind it.
            (Some((Token::Operator | Token::Sign, place)), Token::Close(close))
                if *close != '}' || in_braces(&open) =>
            {
                Some(*place)
            }
            _ => None,
        };
        if let Some(place) = dangling
            && !in_script(text, place)
        {
            return Err(error(
                "dangling-operator",
                "an operator without an operand",
                offset + place,
                offset + place + 1,
            ));
        }
        before = Some((token, start));
    }
    if let Some((Token::Operator | Token::Sign, place)) = before
        && !in_script(text, place)
    {
        return Err(error(
            "dangling-operator",
            "nothing stands behind this operator",
            offset + place,
            offset + place + 1,
        ));
    }
    if let Some((bracket, place)) = open.first() {
        let (code, what) = code_of(*bracket);
        return Err(error(
            code,
            format!("{what} do not match: this one is never closed"),
            offset + place,
            offset + place + 1,
        ));
    }
    if let Some((name, _, place)) = environments.first() {
        return Err(error(
            "unclosed-environment",
            format!(r"\begin{{{name}}} is never ended"),
            offset + place,
            offset + place + 6,
        ));
    }
    Ok(())
}

/// How long the extra space is that the text behind a line break begins with, `[2pt]`.
pub(super) fn extra_space(text: &str) -> usize {
    let length = text
        .strip_prefix('[')
        .and_then(|inside| inside.split_once(']'))
        .map(|(inside, _)| inside)
        .filter(|inside| {
            let unit = inside.trim_start_matches(|c: char| c.is_ascii_digit() || "-.".contains(c));
            ["pt", "ex", "em", "mm", "cm", "in", "px"].contains(&unit.trim())
        });
    length.map_or(0, |inside| inside.len() + 2)
}

/// In a script an operator alone may be a mark (`x^*`, `x^+`).
fn in_script(text: &str, place: usize) -> bool {
    let before = text[..place].trim_end();
    let before = before.strip_suffix('{').map_or(before, str::trim_end);
    before.ends_with(['^', '_'])
}

fn in_braces(open: &[(char, usize)]) -> bool {
    !open.is_empty()
}

fn code_of(bracket: char) -> (&'static str, &'static str) {
    if matches!(bracket, '{' | '}') {
        ("unbalanced-braces", "braces")
    } else {
        ("unbalanced-parentheses", "brackets")
    }
}

/// What `\left.` opens and `\right.` closes: nothing is printed there.
const NO_BRACKET: char = '.';

fn closes(open: char, close: char) -> bool {
    matches!(
        (open, close),
        ('(', ')') | ('[', ']') | ('{', '}') | ('\u{1}', '\u{2}')
    )
}

enum Token {
    Space,
    Open(char),
    Close(char),
    Begin(String),
    End(String),
    /// `*`, `/`, `\cdot`, …: needs both sides.
    Operator,
    /// `+`, `-`, `=`: needs the right side.
    Sign,
    /// `\\` or `&`
    Break,
    Other,
}

/// Where the `\right` stands that belongs to a `\left` in front of this place.
pub(super) fn partner(text: &str, from: usize) -> Option<usize> {
    let mut depth = 1;
    let mut at = from;
    while let Some(found) = text[at..].find('\\') {
        at += found;
        let name = command_at(text, at);
        match name {
            "left" => depth += 1,
            "right" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        at += 1 + name.len();
    }
    None
}

/// The opening brace, as it is printed, that a text begins with.
pub(super) fn brace(text: &str) -> Option<&'static str> {
    [r"\{", r"\lbrace"]
        .into_iter()
        .find(|brace| text.starts_with(brace))
}

/// The bar that a text begins with.
pub(super) fn bar(text: &str) -> Option<&'static str> {
    ["|", r"\vert", r"\rvert"]
        .into_iter()
        .find(|bar| text.starts_with(bar))
}

/// The name of the command at a backslash.
pub(super) fn command_at(text: &str, at: usize) -> &str {
    let rest = &text[at + 1..];
    let length = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let length = if length == 0 {
        rest.chars().next().map_or(0, char::len_utf8)
    } else {
        length
    };
    &rest[..length]
}

fn next_token(text: &str, at: &mut usize) -> Token {
    let c = text[*at..].chars().next().expect("inside the text");
    if c != '\\' {
        *at += c.len_utf8();
    }
    match c {
        '(' | '[' | '{' => Token::Open(c),
        ')' | ']' | '}' => Token::Close(c),
        '*' | '/' => Token::Operator,
        '+' | '-' | '=' | '−' => Token::Sign,
        '&' => Token::Break,
        ' ' | '\t' | '\n' | '\r' | '~' => Token::Space,
        '\\' => {
            let name = command_at(text, *at).to_owned();
            *at += 1 + name.len();
            match name.as_str() {
                "\\" => {
                    *at += extra_space(&text[*at..]);
                    Token::Break
                }
                "begin" | "end" => {
                    let rest = &text[*at..];
                    let argument = rest
                        .trim_start()
                        .strip_prefix('{')
                        .and_then(|inside| inside.split_once('}'))
                        .map(|(argument, _)| argument.to_owned());
                    match argument {
                        Some(argument) => {
                            let skipped = rest.find('}').map_or(rest.len(), |end| end + 1);
                            *at += skipped;
                            if name == "begin" {
                                Token::Begin(argument)
                            } else {
                                Token::End(argument)
                            }
                        }
                        None => Token::Other,
                    }
                }
                "left" if text[*at..].starts_with('.') => {
                    let right = partner(text, *at).map(|at| &text[at + r"\right".len()..]);
                    *at += 1;
                    match right.and_then(|behind| bar(behind.trim_start())) {
                        Some(_) => Token::Open(NO_BRACKET),
                        None => Token::Space,
                    }
                }
                "right" if text[*at..].starts_with('.') => {
                    *at += 1;
                    Token::Close(NO_BRACKET)
                }
                "right" if bar(text[*at..].trim_start()).is_some() => Token::Close('|'),
                "cdot" | "odot" | "oslash" | "times" | "otimes" | "div" => Token::Operator,
                "{" | "lbrace" => Token::Open('\u{1}'),
                "}" | "rbrace" => Token::Close('\u{2}'),
                found if NOTHING.contains(&found) => Token::Space,
                _ => Token::Other,
            }
        }
        _ => Token::Other,
    }
}
