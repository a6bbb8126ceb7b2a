//! What a text says about its words before any formula is read: which are functions, which are index
//! letters, which are defined.

use std::cell::OnceCell;
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::functions;

use super::grammar::arrow;
use super::layout::{Form, KEYWORDS, Piece};
use super::letters::{self, ascii};

/// Functions of whole arrays. Their names are reserved and calls of them are read as calls.
pub const WHOLE_ARRAY_FUNCTIONS: &[&str] = &[
    "sum", "prod", "mean", "dot", "diag", "diagonal", "ones", "zeros", "eye", "trace", "concat",
];

/// Functions of whole arrays that are known by name only, so that a call of one is refused as what it is.
pub const UNSUPPORTED_FUNCTIONS: &[&str] = &[
    "kron", "vec", "svd", "eig", "cholesky", "qr", "expm", "pinv",
];

/// Every reserved name of a function with the name that stands for it in the tree.
fn reserved() -> &'static FxHashMap<&'static str, &'static str> {
    static TABLE: OnceLock<FxHashMap<&'static str, &'static str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        // More than there are, so that it does not grow while it is filled.
        let mut table = FxHashMap::with_capacity_and_hasher(256, Default::default());
        for row in functions::rows() {
            table.insert(row.name, row.name);
            table.extend(row.also.iter().map(|alias| (*alias, row.name)));
        }
        for row in functions::array_rows() {
            table.insert(row.name, row.name);
            table.extend(row.also.iter().map(|alias| (*alias, row.name)));
        }
        for row in functions::matrix_rows() {
            table.insert(row.name, row.name);
            table.extend(row.also.iter().map(|alias| (*alias, row.name)));
        }
        let others = WHOLE_ARRAY_FUNCTIONS.iter().chain(UNSUPPORTED_FUNCTIONS);
        table.extend(others.map(|name| (*name, *name)));
        table
    })
}

/// The name under which a reserved function stands in the tree.
pub(super) fn reserved_function(word: &str) -> Option<&'static str> {
    reserved().get(word).copied()
}

/// The words of one text.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    texts: Vec<(&'a str, &'a [Piece])>,
    functions: FxHashSet<String>,
    indices: FxHashSet<String>,
    defined: FxHashSet<String>,
    equations: FxHashSet<String>,
    roles: FxHashSet<String>,
    mentioned: OnceCell<FxHashSet<String>>,
}

impl<'a> Scope<'a> {
    /// Looks at the head of each piece of each text.
    pub(super) fn new(texts: Vec<(&'a str, &'a [Piece])>) -> Self {
        let mut scope = Scope::default();
        for (text, pieces) in &texts {
            scope.look_at(text, pieces);
        }
        scope.texts = texts;
        scope
    }

    fn look_at(&mut self, text: &str, pieces: &[Piece]) {
        for piece in pieces {
            let content = &text[piece.span.start..piece.span.end];
            match piece.form {
                Form::Statement => self.statement(content),
                Form::Declaration => {
                    let words = words(content)
                        .filter(|word| word.depth == 0)
                        .map(|word| ascii(word.text).into_owned());
                    self.defined.extend(words);
                }
                Form::Assumption | Form::Spelling | Form::For => {}
            }
        }
    }

    fn statement(&mut self, content: &str) {
        let mut words = words(content);
        let Some(first) = words.next() else { return };
        match first.text {
            "index" => self
                .indices
                .extend(words.map(|word| ascii(word.text).into_owned())),
            "fn" => self
                .functions
                .extend(words.next().map(|word| ascii(word.text).into_owned())),
            "loss" => self
                .defined
                .extend(words.next().map(|word| ascii(word.text).into_owned())),
            "param" | "input" | "target" | "batch" => {
                let names: Vec<String> = words.map(|word| ascii(word.text).into_owned()).collect();
                self.roles.extend(names.iter().cloned());
                self.defined.extend(names);
            }
            word if KEYWORDS.contains(&word) => {}
            word if arrow(content).is_some() => {
                self.defined.insert(ascii(word).into_owned());
            }
            word if content.contains('=') => {
                self.equations.insert(ascii(word).into_owned());
                self.defined.insert(ascii(word).into_owned());
            }
            _ => {}
        }
    }

    /// The name that stands in the tree for a function, if the word is one.
    pub(super) fn function(&self, word: &str) -> Option<String> {
        if let Some(name) = reserved_function(word) {
            return Some(name.to_owned());
        }
        self.functions.contains(word).then(|| word.to_owned())
    }

    /// Whether the text defines a function of this name.
    pub(super) fn is_own_function(&self, word: &str) -> bool {
        self.functions.contains(word)
    }

    /// Whether an equation defines the word.
    pub(super) fn is_equation(&self, word: &str) -> bool {
        self.equations.contains(word)
    }

    /// Whether the text gives the word a role.
    pub(super) fn has_role(&self, word: &str) -> bool {
        self.roles.contains(word)
    }

    /// All names of functions, sorted.
    pub(super) fn function_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = reserved().keys().copied().collect();
        names.extend(self.functions.iter().map(String::as_str));
        names.sort_unstable();
        names
    }

    /// Whether the letter stands in an `index` statement.
    pub(super) fn is_index(&self, letter: &str) -> bool {
        self.indices.contains(letter)
    }

    /// Whether the word is declared or defined.
    pub(super) fn is_defined(&self, word: &str) -> bool {
        self.defined.contains(word) || self.indices.contains(word)
    }

    /// Whether the word, perhaps with element letters behind it, is known: defined, or read by an equation.
    pub(super) fn is_known(&self, word: &str) -> bool {
        let mentioned = self.mentioned();
        let base = word.split('_').next().unwrap_or(word);
        [word, base]
            .iter()
            .any(|name| self.is_defined(name) || mentioned.contains(*name))
    }

    /// Whether an equation or a declaration has the word.
    pub(super) fn is_mentioned(&self, word: &str) -> bool {
        self.mentioned().contains(word)
    }

    fn mentioned(&self) -> &FxHashSet<String> {
        self.mentioned.get_or_init(|| {
            self.texts
                .iter()
                .flat_map(|(text, pieces)| pieces.iter().map(move |piece| (text, piece)))
                .filter(|(_, piece)| matches!(piece.form, Form::Statement | Form::Declaration))
                .map(|(text, piece)| &text[piece.span.start..piece.span.end])
                .filter(|content| !is_question(content))
                .flat_map(words)
                .map(|word| ascii(word.text).into_owned())
                .collect()
        })
    }
}

/// Whether a statement asks something: `grad`, `hess`, or a derivative without an equation.
fn is_question(content: &str) -> bool {
    let first = words(content).next().map_or("", |word| word.text);
    matches!(first, "grad" | "hess")
        || (first != "loss" && first != "fn" && !content.contains('=') && arrow(content).is_none())
}

/// A word of a text.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    /// How many brackets are open around it.
    depth: usize,
}

/// The words of a piece of text.
fn words(content: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = content;
    let mut depth: usize = 0;
    std::iter::from_fn(move || {
        loop {
            let letter = rest.chars().next()?;
            if letter.is_ascii_alphabetic() || letters::greek(letter).is_some() {
                let length = rest
                    .find(|next: char| !letters::continues_name(next))
                    .unwrap_or(rest.len());
                let text = rest[..length].trim_end_matches('_');
                rest = &rest[length..];
                return Some(Word { text, depth });
            }
            let skipped = match letter {
                '0'..='9' => rest
                    .find(|next: char| !next.is_ascii_digit())
                    .unwrap_or(rest.len()),
                _ => letter.len_utf8(),
            };
            match letter {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            rest = &rest[skipped..];
        }
    })
}
