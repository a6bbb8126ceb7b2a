//! LaTeX mathematics as a list of noads: symbols with their scripts, fences matched, fonts and spaces dropped.
//!
//! This is the form of the text only. What a symbol means is decided later, by the network's names.

mod commands;
mod form;
mod macros;
mod reader;

use crate::source::{Diagnostic, Report, Span};
pub(crate) use commands::{NEAR, UPDATE};
pub(crate) use macros::Macros;

/// A list of noads.
pub(crate) type List = Vec<Noad>;

/// One symbol, fraction or bracket with what is attached to it.
#[derive(Debug, Clone)]
pub(crate) struct Noad {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    pub(crate) sub: Option<List>,
    pub(crate) sup: Option<List>,
    pub(crate) primes: u8,
}

/// What a noad is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A letter.
    Letter(char),
    /// A number as written.
    Number(String),
    /// A command that stands for a symbol, without its backslash.
    Command(String),
    /// An upright word: `\operatorname{diag}`, `\log`, `\text{if}`.
    Word(String),
    /// `+ - * / = < > , ; : ! |` and comparison signs (`≤` as `\le`).
    Sign(&'static str),
    /// A bracket and what it holds.
    Fence(char, List),
    /// Braces around several noads.
    Group(List),
    Fraction(List, List),
    Root(Option<List>, List),
    /// `\hat y`
    Accent(String, List),
    /// A bold or blackboard 1.
    One,
    /// Rows of cells.
    Table(Table, Vec<Vec<List>>),
    /// The bar behind what is evaluated at a point, which stands below it.
    Bar,
}

/// What kind of rows and cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Cases,
    Matrix,
}

impl PartialEq for Noad {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.sub == other.sub
            && self.sup == other.sup
            && self.primes == other.primes
    }
}

impl Noad {
    pub(super) fn new(kind: Kind, span: Span) -> Self {
        Self {
            kind,
            span,
            sub: None,
            sup: None,
            primes: 0,
        }
    }

    /// Whether nothing is attached to it.
    pub(crate) fn is_bare(&self) -> bool {
        self.sub.is_none() && self.sup.is_none() && self.primes == 0
    }

    /// The same without what is attached.
    pub(crate) fn bare(&self) -> Noad {
        Noad::new(self.kind.clone(), self.span)
    }

    pub(crate) fn is_sign(&self, sign: &str) -> bool {
        matches!(&self.kind, Kind::Sign(found) if *found == sign)
    }

    /// Whether it says that both sides are equal, be it by definition.
    pub(crate) fn is_equality(&self) -> bool {
        self.is_sign("=") || self.is_sign(":=")
    }

    /// Whether it sets two sides apart without saying that they are equal.
    pub(crate) fn is_other_relation(&self) -> bool {
        let relations = [NEAR, UPDATE, "<", ">", "<=", ">="];
        relations.iter().any(|sign| self.is_sign(sign)) || self.is_command("in")
    }

    pub(crate) fn is_command(&self, name: &str) -> bool {
        matches!(&self.kind, Kind::Command(found) if found == name)
    }
}

/// The place of a list.
pub(crate) fn span_of(list: &[Noad]) -> Option<Span> {
    Some(list.first()?.span.to(list.last()?.span))
}

/// Whether a derivative stands in a list: a fraction of differentials or a nabla.
pub(crate) fn has_derivative(list: &[Noad]) -> bool {
    list.iter().any(|noad| match &noad.kind {
        Kind::Fraction(..) => true,
        Kind::Command(name) => name == "nabla",
        _ => false,
    })
}

/// Reads LaTeX that starts at `offset` of its source.
///
/// # Errors
/// What is no formula, with its place.
pub(crate) fn read(text: &str, offset: usize, macros: &Macros) -> Result<List, Report> {
    form::check(text, offset)?;
    reader::read(text, offset, macros)
}

fn error(code: &'static str, message: impl Into<String>, start: usize, end: usize) -> Report {
    Diagnostic::error(code, message, Span::new(start, end), "").into()
}
