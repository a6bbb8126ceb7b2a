//! What single characters stand for.

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

const BELOW: &[(char, char)] = &[
    ('₀', '0'),
    ('₁', '1'),
    ('₂', '2'),
    ('₃', '3'),
    ('₄', '4'),
    ('₅', '5'),
    ('₆', '6'),
    ('₇', '7'),
    ('₈', '8'),
    ('₉', '9'),
    ('₊', '+'),
    ('₋', '-'),
    ('₍', '('),
    ('₎', ')'),
    ('ᵢ', 'i'),
    ('ⱼ', 'j'),
    ('ₖ', 'k'),
    ('ₗ', 'l'),
    ('ₘ', 'm'),
    ('ₙ', 'n'),
    ('ₜ', 't'),
    ('ₓ', 'x'),
];

/// Whether a character is a mark of a derivative.
pub(super) fn is_prime(c: char) -> bool {
    c == '\'' || c == '′'
}

/// The raised or lowered characters that a text begins with, as those of a script: its sign, its text, and how long
/// they are.
pub(super) fn script(text: &str) -> Option<(&'static str, String, usize)> {
    let read = |table: &[(char, char)]| {
        let of = |c: char| table.iter().find(|(raised, _)| *raised == c);
        let found: Vec<&(char, char)> = text.chars().map_while(of).collect();
        let plain: String = found.iter().map(|(_, plain)| plain).collect();
        let length = found.iter().map(|(raised, _)| raised.len_utf8()).sum();
        (!found.is_empty()).then_some((plain, length))
    };
    let above = read(ABOVE).map(|(plain, length)| ("^", plain, length));
    above.or_else(|| read(BELOW).map(|(plain, length)| ("_", plain, length)))
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
