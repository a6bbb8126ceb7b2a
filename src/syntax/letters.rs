//! Unicode spellings of names: each is the same token as its ASCII spelling.

use std::borrow::Cow;

/// Greek letters and signs with their ASCII names.
const GREEK: &[(char, &str)] = &[
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('δ', "delta"),
    ('ε', "epsilon"),
    ('ζ', "zeta"),
    ('η', "eta"),
    ('θ', "theta"),
    ('ι', "iota"),
    ('κ', "kappa"),
    ('λ', "lambda"),
    ('μ', "mu"),
    ('ν', "nu"),
    ('ξ', "xi"),
    ('ο', "omicron"),
    ('π', "pi"),
    ('ρ', "rho"),
    ('ς', "sigma"),
    ('σ', "sigma"),
    ('τ', "tau"),
    ('υ', "upsilon"),
    ('φ', "phi"),
    ('χ', "chi"),
    ('ψ', "psi"),
    ('ω', "omega"),
    ('Α', "Alpha"),
    ('Β', "Beta"),
    ('Γ', "Gamma"),
    ('Δ', "Delta"),
    ('Ε', "Epsilon"),
    ('Ζ', "Zeta"),
    ('Η', "Eta"),
    ('Θ', "Theta"),
    ('Ι', "Iota"),
    ('Κ', "Kappa"),
    ('Λ', "Lambda"),
    ('Μ', "Mu"),
    ('Ν', "Nu"),
    ('Ξ', "Xi"),
    ('Ο', "Omicron"),
    ('Π', "prod"),
    ('∏', "prod"),
    ('Ρ', "Rho"),
    ('Σ', "sum"),
    ('∑', "sum"),
    ('Τ', "Tau"),
    ('Υ', "Upsilon"),
    ('Φ', "Phi"),
    ('Χ', "Chi"),
    ('Ψ', "Psi"),
    ('Ω', "Omega"),
];

/// Greek letters that LaTeX has a command for, by its name.
const GREEK_COMMANDS: &[(&str, &str)] = &[
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ϵ"),
    ("varepsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("vartheta", "ϑ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("varrho", "ϱ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "ϕ"),
    ("varphi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Xi", "Ξ"),
    ("Pi", "Π"),
    ("Sigma", "Σ"),
    ("Upsilon", "Υ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
];

/// Subscript signs with what they stand for.
const SUBSCRIPTS: &[(char, char)] = &[
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
    ('ₐ', 'a'),
    ('ₑ', 'e'),
    ('ₕ', 'h'),
    ('ᵢ', 'i'),
    ('ⱼ', 'j'),
    ('ₖ', 'k'),
    ('ₗ', 'l'),
    ('ₘ', 'm'),
    ('ₙ', 'n'),
    ('ₒ', 'o'),
    ('ₚ', 'p'),
    ('ᵣ', 'r'),
    ('ₛ', 's'),
    ('ₜ', 't'),
    ('ᵤ', 'u'),
    ('ᵥ', 'v'),
    ('ₓ', 'x'),
];

/// The ASCII name of a Greek letter or of a big sign.
pub(crate) fn greek(letter: char) -> Option<&'static str> {
    GREEK
        .iter()
        .find(|(greek, _)| *greek == letter)
        .map(|(_, name)| *name)
}

/// The name of a Greek letter's LaTeX command, if it is one.
pub(crate) fn greek_command(name: &str) -> Option<&'static str> {
    GREEK_COMMANDS
        .iter()
        .find(|(command, _)| *command == name)
        .map(|(command, _)| *command)
}

/// A Greek letter by the name of its LaTeX command, else the name itself.
pub(crate) fn greek_sign(name: &str) -> &str {
    GREEK_COMMANDS
        .iter()
        .find(|(command, _)| *command == name)
        .map_or(name, |(_, letter)| letter)
}

/// What a subscript sign stands for.
pub(crate) fn subscript(sign: char) -> Option<char> {
    SUBSCRIPTS
        .iter()
        .find(|(subscript, _)| *subscript == sign)
        .map(|(_, plain)| *plain)
}

/// Whether the sign may stand in a name.
pub(super) fn continues_name(sign: char) -> bool {
    sign == '_'
        || sign.is_ascii_alphanumeric()
        || greek(sign).is_some()
        || subscript(sign).is_some()
}

/// A word in its ASCII spelling: `σ` is `sigma`, `w₁` is `w_1`.
pub(super) fn ascii(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    let mut plain = String::with_capacity(word.len());
    let mut below = false;
    for letter in word.chars() {
        if let Some(name) = greek(letter) {
            plain.push_str(name);
            below = false;
        } else if let Some(sign) = subscript(letter) {
            if !below {
                plain.push('_');
            }
            plain.push(sign);
            below = true;
        } else {
            plain.push(letter);
            below = false;
        }
    }
    Cow::Owned(plain)
}
