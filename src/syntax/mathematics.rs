//! The LaTeX that spellings are made of. It is what every format can say in its own way, and nothing that could
//! do more than set mathematics.

use super::letters::greek_command;

/// What a control word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// A letter, by its character.
    Letter(&'static str),
    /// An operator or a relation, by its character.
    Sign(&'static str),
    /// A function by its own name.
    Function,
    /// Its argument is a name or words.
    Name,
    /// Its argument is in a font of mathematics.
    Font(Font),
    /// A mark over its argument.
    Accent(&'static str),
    /// A square root.
    Root,
    /// A fraction.
    Fraction,
    /// It changes sizes only.
    Size,
}

/// A font of mathematics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Font {
    /// **A**
    Bold,
    /// ***A***
    BoldItalic,
    /// 𝔸
    Blackboard,
    /// 𝒜
    Script,
    /// 𝖠
    Sans,
}

const COMMANDS: &[(&str, Command)] = &[
    ("ell", Command::Letter("ℓ")),
    ("partial", Command::Letter("∂")),
    ("nabla", Command::Letter("∇")),
    ("infty", Command::Letter("∞")),
    ("top", Command::Letter("⊤")),
    ("star", Command::Sign("⋆")),
    ("ast", Command::Sign("∗")),
    ("dagger", Command::Sign("†")),
    ("prime", Command::Sign("′")),
    ("circ", Command::Sign("∘")),
    ("cdot", Command::Sign("·")),
    ("bullet", Command::Sign("∙")),
    ("times", Command::Sign("×")),
    ("odot", Command::Sign("⊙")),
    ("oslash", Command::Sign("⊘")),
    ("otimes", Command::Sign("⊗")),
    ("oplus", Command::Sign("⊕")),
    ("pm", Command::Sign("±")),
    ("in", Command::Sign("∈")),
    ("to", Command::Sign("→")),
    ("mid", Command::Sign("∣")),
    ("le", Command::Sign("≤")),
    ("ge", Command::Sign("≥")),
    ("ne", Command::Sign("≠")),
    ("dots", Command::Sign("…")),
    ("ldots", Command::Sign("…")),
    ("cdots", Command::Sign("⋯")),
    ("lvert", Command::Sign("|")),
    ("rvert", Command::Sign("|")),
    ("lVert", Command::Sign("‖")),
    ("rVert", Command::Sign("‖")),
    ("langle", Command::Sign("⟨")),
    ("rangle", Command::Sign("⟩")),
    ("exp", Command::Function),
    ("log", Command::Function),
    ("ln", Command::Function),
    ("sin", Command::Function),
    ("cos", Command::Function),
    ("tanh", Command::Function),
    ("max", Command::Function),
    ("min", Command::Function),
    ("det", Command::Function),
    ("operatorname", Command::Name),
    ("mathrm", Command::Name),
    ("mathit", Command::Name),
    ("text", Command::Name),
    ("textrm", Command::Name),
    ("textit", Command::Name),
    ("mathbf", Command::Font(Font::Bold)),
    ("boldsymbol", Command::Font(Font::BoldItalic)),
    ("mathbb", Command::Font(Font::Blackboard)),
    ("mathcal", Command::Font(Font::Script)),
    ("mathsf", Command::Font(Font::Sans)),
    ("hat", Command::Accent("^")),
    ("widehat", Command::Accent("^")),
    ("bar", Command::Accent("¯")),
    ("overline", Command::Accent("¯")),
    ("tilde", Command::Accent("~")),
    ("widetilde", Command::Accent("~")),
    ("vec", Command::Accent("→")),
    ("dot", Command::Accent("˙")),
    ("ddot", Command::Accent("¨")),
    ("sqrt", Command::Root),
    ("frac", Command::Fraction),
    ("left", Command::Size),
    ("right", Command::Size),
];

/// What a control word means, if it is mathematics.
pub(crate) fn command(word: &str) -> Option<Command> {
    COMMANDS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, command)| *command)
        .or_else(|| greek_command(word).map(|name| Command::Letter(super::greek_sign(name))))
}

/// A token of LaTeX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// `\word`, or a backslash before a sign.
    Command(&'a str),
    /// A character.
    Character(char),
}

/// The tokens of LaTeX.
pub(crate) fn tokens(latex: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = latex;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        if first != '\\' {
            tokens.push(Token::Character(first));
            continue;
        }
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic());
        let length = match letters.unwrap_or(rest.len()) {
            0 => rest.chars().next().map_or(0, char::len_utf8),
            length => length,
        };
        tokens.push(Token::Command(&rest[..length]));
        rest = &rest[length..];
        if letters != Some(0) {
            rest = rest.trim_start();
        }
    }
    tokens
}

/// Groups in groups beyond this depth are no spelling.
const DEEPEST: usize = 16;

/// Why LaTeX is no spelling, if it is none.
pub(crate) fn refusal(latex: &str) -> Option<String> {
    let mut depth = 0usize;
    let mut waiting = false;
    // Whether a group of words comes next, and the depth around the one that is open.
    let mut announced = false;
    let mut words: Option<usize> = None;
    for token in tokens(latex) {
        let waited = waiting;
        waiting = false;
        let named = std::mem::take(&mut announced);
        match token {
            Token::Character('{') => {
                if named {
                    words.get_or_insert(depth);
                }
                depth += 1;
            }
            Token::Character('}') if depth == 0 || waited => {
                return Some("something is missing before `}`".into());
            }
            Token::Character('}') => {
                depth -= 1;
                words = words.filter(|outside| depth > *outside);
            }
            // To TeX, `^^5c` is a backslash.
            Token::Character(sign @ ('^' | '_')) if waited => {
                return Some(format!("something is missing before `{sign}`"));
            }
            Token::Character('^' | '_') => waiting = true,
            Token::Character(sign @ ('<' | '>' | '|')) if words.is_some() => {
                return Some(format!("`{sign}` in words is markup to some readers"));
            }
            Token::Character(' ') => {
                waiting = waited;
                announced = named;
            }
            Token::Character(c) if c.is_alphanumeric() || "'()[]+-=<>/*,.;:|!".contains(c) => {}
            Token::Character(c) => return Some(format!("`{c}` is no sign of mathematics")),
            Token::Command("," | ";" | ":" | "!" | " " | "{" | "}" | "_") => {}
            Token::Command(word) => match command(word) {
                Some(Command::Name) => {
                    waiting = true;
                    announced = true;
                }
                Some(
                    Command::Font(_)
                    | Command::Accent(_)
                    | Command::Root
                    | Command::Fraction
                    | Command::Size,
                ) => waiting = true,
                Some(Command::Letter(_) | Command::Sign(_) | Command::Function) => {}
                None => return Some(format!("`\\{word}` is no command that is known here")),
            },
        }
        if depth > DEEPEST {
            return Some("groups are nested too deep".into());
        }
    }
    match (depth, waiting) {
        (0, false) => None,
        (0, true) => Some("something is missing at its end".into()),
        _ => Some("a `{` is never closed".into()),
    }
}
