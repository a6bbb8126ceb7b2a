//! LaTeX mathematics as a list of noads: symbols with their scripts, fences matched, fonts and spaces dropped.
//!
//! This is the form of the text only. What a symbol means is decided later, by the network's names.

mod commands;
mod form;
mod macros;
mod reader;
mod unicode;

use super::token::Token;
use crate::source::{Report, Span};
use crate::syntax::greek_command;
use commands::JOINS;
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
    /// A wide space stands in front of it.
    pub(crate) set_apart: bool,
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
            set_apart: false,
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

    /// Whether it stands for something by itself, as a letter or a bracket does.
    pub(super) fn is_operand(&self) -> bool {
        match &self.kind {
            Kind::Letter(_)
            | Kind::Number(_)
            | Kind::One
            | Kind::Fraction(..)
            | Kind::Root(..)
            | Kind::Accent(..)
            | Kind::Table(..) => true,
            Kind::Fence(_, list) | Kind::Group(list) => !list.is_empty(),
            Kind::Command(name) => name == "nabla" || greek_command(name).is_some(),
            Kind::Word(_) | Kind::Sign(_) | Kind::Bar => false,
        }
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

    /// The lists that stand in it, scripts aside.
    pub(super) fn inside(&self) -> Vec<&[Noad]> {
        match &self.kind {
            Kind::Fence(_, list)
            | Kind::Group(list)
            | Kind::Root(_, list)
            | Kind::Accent(_, list) => vec![list],
            Kind::Fraction(above, below) => vec![above, below],
            Kind::Table(_, rows) => rows.iter().flatten().map(Vec::as_slice).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn is_command(&self, name: &str) -> bool {
        matches!(&self.kind, Kind::Command(found) if found == name)
    }
}

/// The place of a list.
pub(crate) fn span_of(list: &[Noad]) -> Option<Span> {
    Some(list.first()?.span.to(list.last()?.span))
}

/// Whether a word stands somewhere in a list.
pub(super) fn says(list: &[Noad], word: &str) -> bool {
    list.iter().any(|noad| {
        matches!(&noad.kind, Kind::Word(found) if found == word)
            || noad.inside().into_iter().any(|list| says(list, word))
    })
}

/// Whether a derivative stands in a list: a fraction of differentials or a nabla.
pub(crate) fn has_derivative(list: &[Noad]) -> bool {
    list.iter().any(|noad| match &noad.kind {
        Kind::Fraction(..) => true,
        Kind::Command(name) => name == "nabla",
        _ => false,
    })
}

/// Reads the tokens of a formula.
///
/// # Errors
/// What is no formula, with its place.
pub(super) fn read(tokens: &[Token<'_>], macros: &Macros<'_>) -> Result<List, Report> {
    Ok(separated(led(reader::read(tokens, macros)?)))
}

/// A formula without what leads to it, `\text{Using } … : x = 1`; what it is for, `i \ne j: x = 1`, stands behind it then.
fn led(list: List) -> List {
    let Some(colon) = list.iter().position(|noad| noad.is_sign(":")) else {
        return list;
    };
    let (before, formula) = (&list[..colon], &list[colon + 1..]);
    if !formula.iter().any(Noad::is_equality) || before.is_empty() {
        return list;
    }
    let word = match &before[0].kind {
        Kind::Word(text) => Some(text.trim().to_lowercase()),
        _ => None,
    };
    let compares = |noad: &Noad| noad.is_other_relation() || noad.is_sign("!=");
    let condition = match word.as_deref() {
        Some("for" | "if" | "when" | "for all" | "case") => &before[1..],
        Some(_) => return formula.to_vec(),
        None if before.iter().any(compares) && !before.iter().any(Noad::is_equality) => before,
        None => return list,
    };
    let mut found = formula.to_vec();
    let place = before[0].span;
    found.push(Noad::new(Kind::Word("for".into()), place));
    found.extend_from_slice(condition);
    found
}

/// A list with a comma between an equation and what is set apart behind it and compares as well: `x = 1 \qquad y = 2`.
fn separated(list: List) -> List {
    let mut found = List::with_capacity(list.len());
    let mut equation = false;
    for (at, noad) in list.iter().enumerate() {
        let behind = &list[at..];
        // A full stop ends a statement.
        if noad.is_sign(".") {
            match behind.get(1) {
                None => continue,
                Some(next) if matches!(next.kind, Kind::Word(_)) => {
                    found.push(Noad::new(Kind::Sign(";"), noad.span));
                    equation = false;
                    continue;
                }
                Some(_) => {}
            }
        }
        if noad.set_apart && equation && found.last().is_some_and(ends) && begins(behind) {
            let place = Span::new(noad.span.start, noad.span.start);
            found.push(Noad::new(Kind::Sign(","), place));
        }
        equation = (equation && !separates(noad)) || noad.is_equality();
        found.push(noad.clone());
    }
    found
}

/// Whether it stands between two statements.
fn separates(noad: &Noad) -> bool {
    [",", ";", "\\\\"].iter().any(|sign| noad.is_sign(sign))
}

/// Whether an equation may end with a noad.
fn ends(noad: &Noad) -> bool {
    match &noad.kind {
        Kind::Sign(_) | Kind::Word(_) => false,
        Kind::Command(name) => !JOINS.contains(&name.as_str()),
        _ => true,
    }
}

/// Whether a list begins with something that is compared with what follows.
fn begins(list: &[Noad]) -> bool {
    let symbol = match &list[0].kind {
        Kind::Letter(_) | Kind::Accent(..) | Kind::Fraction(..) => true,
        Kind::Command(name) => !JOINS.contains(&name.as_str()) && name != "forall",
        _ => false,
    };
    let stops =
        |noad: &Noad| separates(noad) || noad.set_apart || matches!(noad.kind, Kind::Word(_));
    let mut own = list[1..].iter().take_while(|noad| !stops(noad));
    symbol && own.any(|noad| noad.is_equality() || noad.is_other_relation())
}
