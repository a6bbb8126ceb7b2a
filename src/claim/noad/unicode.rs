//! What single characters stand for.

use crate::syntax::subscript;

/// The sign that a character is.
pub(super) fn sign(c: char) -> Option<&'static str> {
    match c {
        '+' => Some("+"),
        '-' | '−' => Some("-"),
        '*' => Some("*"),
        '/' => Some("/"),
        '=' => Some("="),
        '<' => Some("<"),
        '>' => Some(">"),
        ',' => Some(","),
        ';' => Some(";"),
        ':' => Some(":"),
        '!' => Some("!"),
        '&' => Some("&"),
        '.' => Some("."),
        '≤' => Some("<="),
        '≥' => Some(">="),
        '≠' => Some("!="),
        _ => None,
    }
}

/// The command that a character is short for.
pub(super) fn command(c: char) -> Option<&'static str> {
    match c {
        '∂' => Some("partial"),
        '∇' => Some("nabla"),
        '∑' => Some("sum"),
        '∏' => Some("prod"),
        '·' | '⋅' => Some("cdot"),
        '×' => Some("times"),
        '⊙' => Some("odot"),
        '∘' => Some("circ"),
        '⊗' => Some("otimes"),
        '∈' => Some("in"),
        '∀' => Some("forall"),
        '…' => Some("dots"),
        'ℓ' => Some("ell"),
        _ => None,
    }
}

const ABOVE: &[(char, char)] = &[
    ('⁰', '0'),
    ('¹', '1'),
    ('²', '2'),
    ('³', '3'),
    ('⁴', '4'),
    ('⁵', '5'),
    ('⁶', '6'),
    ('⁷', '7'),
    ('⁸', '8'),
    ('⁹', '9'),
    ('⁺', '+'),
    ('⁻', '-'),
    ('⁽', '('),
    ('⁾', ')'),
    ('ⁿ', 'n'),
    ('ᵀ', 'T'),
    ('ᵏ', 'k'),
    ('ˡ', 'l'),
    ('ᴸ', 'L'),
];

/// What a lowered character stands for: what one does in a network, or a sign.
pub(super) fn lowered(c: char) -> Option<char> {
    match c {
        '₊' => Some('+'),
        '₋' => Some('-'),
        '₍' => Some('('),
        '₎' => Some(')'),
        _ => subscript(c),
    }
}

/// What a raised character stands for.
pub(super) fn raised(c: char) -> Option<char> {
    let found = ABOVE.iter().find(|(raised, _)| *raised == c);
    found.map(|(_, plain)| *plain)
}

/// The letter and the accent of one that carries it.
pub(super) fn accented(c: char) -> Option<(char, &'static str)> {
    const TABLE: &[(&str, &str, &str)] = &[
        ("hat", "âĉêĝĥîĵôŝûŵŷẑ", "aceghijosuwyz"),
        ("bar", "āēīōūȳ", "aeiouy"),
        ("tilde", "ãĩñõũỹ", "ainouy"),
    ];
    TABLE.iter().find_map(|(accent, with, without)| {
        let at = with.chars().position(|own| own == c)?;
        Some((without.chars().nth(at)?, *accent))
    })
}

/// The accent that a character puts on the letter in front of it.
pub(super) fn combining(c: char) -> Option<&'static str> {
    match c {
        '\u{302}' => Some("hat"),
        '\u{303}' => Some("tilde"),
        '\u{304}' | '\u{305}' => Some("bar"),
        '\u{307}' => Some("dot"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::token::{TokenKind, mathematics};

    /// The grammar tells scripts from letters, the tables say what they stand for.
    #[test]
    fn scripts_of_the_grammar_stand_for_something() {
        for c in '\u{80}'..'\u{ffff}' {
            let text = c.to_string();
            let tokens = mathematics(&text, 0);
            let kind = tokens[0].kind;
            assert_eq!(kind == TokenKind::Raised(c), raised(c).is_some(), "{c}");
            assert_eq!(kind == TokenKind::Lowered(c), lowered(c).is_some(), "{c}");
        }
    }
}
