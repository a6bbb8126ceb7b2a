//! What braces below or above a part of a formula call it: `\underbrace{…}_{\delta_2}`.

use super::super::token::{Token, TokenKind, behind_spaces, braced};

/// A name and what it stands for.
pub(in crate::claim) type Label<'s, 't> = (&'s [Token<'t>], &'s [Token<'t>]);

/// The labels in a formula that are one symbol with scripts, or several.
pub(in crate::claim) fn of<'s, 't>(tokens: &'s [Token<'t>]) -> Vec<Label<'s, 't>> {
    let label = |at: usize| {
        let mark = match tokens[at].kind {
            TokenKind::Command("underbrace") => '_',
            TokenKind::Command("overbrace") => '^',
            _ => return None,
        };
        let (value, behind) = braced(tokens, behind_spaces(tokens, at + 1))?;
        let script = behind_spaces(tokens, behind);
        (tokens.get(script)?.kind == TokenKind::Script(mark)).then_some(())?;
        let (name, _) = braced(tokens, behind_spaces(tokens, script + 1))?;
        Some((name, value))
    };
    (0..tokens.len()).filter_map(label).collect()
}
