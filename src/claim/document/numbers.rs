//! Numbers of equations: `\tag{1}`, `\eqno(1)`, and those that are set by hand, `\qquad (1)`.

use super::super::token::{Token, TokenKind, behind_spaces, braced, last, text_of};
use super::lines::{SPACES, before_end};

/// Spaces that set a number apart.
const WIDE: &[&str] = &["quad", "qquad", "hfill", "hfil", "dotfill"];

/// Dots that lead to a number.
const DOTS: &[&str] = &["ldots", "dots", "cdots", "dotsc"];

/// How many narrow spaces are a wide one.
const NARROW: usize = 3;

/// A line without what the typesetter prints as its number.
pub(super) fn without_tags(line: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let mut kept = Vec::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        let token = line[at];
        at += 1;
        match token.kind {
            TokenKind::Command("tag") => {
                let star = line.get(at).is_some_and(|star| star.is_symbol("*"));
                let argument = behind_spaces(&line, at + usize::from(star));
                match braced(&line, argument) {
                    Some((_, behind)) => at = behind,
                    None => kept.push(token),
                }
            }
            TokenKind::Command("eqno" | "leqno") => return kept,
            _ => kept.push(token),
        }
    }
    kept
}

/// A line without the number that is set by hand at its end, behind a wide space or dots.
pub(super) fn without_number<'s, 't>(line: &'s [Token<'t>]) -> &'s [Token<'t>] {
    let Some((close, before)) = last(line) else {
        return line;
    };
    let opened = before
        .iter()
        .rposition(|token| token.kind == TokenKind::Open('('));
    match opened {
        Some(open)
            if close.kind == TokenKind::Close(')') && is_number(&text_of(&before[open + 1..])) =>
        {
            set_apart(&before[..open]).unwrap_or(line)
        }
        _ => line,
    }
}

/// `4`, `2.3`, `1a`, `iv`, `*`
fn is_number(text: &str) -> bool {
    const MARKS: &[&str] = &[
        "*",
        "**",
        "***",
        r"\star",
        r"\star\star",
        r"\ast",
        r"\ast\ast",
        r"\dagger",
        r"\ddagger",
    ];
    const ROMAN: &[&str] = &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
    let text: String = text.split_whitespace().collect();
    let numbered = text.starts_with(|c: char| c.is_ascii_digit())
        && text.split('.').all(|part| {
            let digits = part.trim_end_matches(|c: char| c.is_ascii_lowercase());
            !digits.is_empty()
                && part.len() <= digits.len() + 1
                && digits.chars().all(|c| c.is_ascii_digit())
        });
    numbered || MARKS.contains(&text.as_str()) || ROMAN.contains(&text.as_str())
}

/// What stands in front of the wide space or the dots that a line ends with.
fn set_apart<'s, 't>(line: &'s [Token<'t>]) -> Option<&'s [Token<'t>]> {
    let (mut rest, mut narrow, mut wide) = (line, 0, false);
    while let Some((space, before)) = last(rest) {
        if space.kind == TokenKind::Close('}')
            && let Some(before) = hspace(before)
        {
            (rest, wide) = (before, true);
        } else if space.is_command(WIDE) {
            (rest, wide) = (before, true);
        } else if space.is_command(SPACES) {
            (rest, narrow) = (before, narrow + 1);
        } else {
            break;
        }
    }
    if wide || narrow >= NARROW {
        return Some(rest);
    }
    let (dots, before) = last(rest)?;
    // In a sum they stand for its terms.
    let (end, _) = last(before_end(before))?;
    let term = end.is_command(&["cdot", "times", "odot", "otimes"])
        || ["+", "-", "*", "="].iter().any(|sign| end.is_symbol(sign))
        || last(before).is_some_and(|(comma, _)| comma.is_symbol(","));
    (dots.is_command(DOTS) && !term).then_some(before)
}

/// What stands in front of the `\hspace{…}` whose closing brace was taken.
fn hspace<'s, 't>(line: &'s [Token<'t>]) -> Option<&'s [Token<'t>]> {
    let open = line
        .iter()
        .rposition(|token| token.kind == TokenKind::Open('{'))?;
    let (mut command, mut before) = last(&line[..open])?;
    if command.is_symbol("*") {
        (command, before) = last(before)?;
    }
    command.is_command(&["hspace"]).then_some(before)
}
