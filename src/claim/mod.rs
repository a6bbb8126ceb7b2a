//! Formulas as people write them by hand, read with the symbols and shapes of a network.
//!
//! ```text
//! text ──document──▶ formulas ──noad──▶ symbols with scripts ──read, names──▶ expressions ──lower──▶ arrays of terms
//! ```
//!
//! Readings are fixed by declarations and shapes, before any value is looked at.

mod document;
mod header;
mod lower;
mod names;
mod noad;
mod read;
mod tree;

use crate::source::{Diagnostic, Report, Source, Span};
use crate::system::System;

pub(crate) use header::{Header, LetterRule};
pub(crate) use lower::{Array, Definition, Fault, Instantiated, Letters, Lowering, Structure};
pub(crate) use tree::{Binder, Entry, Expr, ExprKind, Fold, Join, print};

/// One line of a claim file: what it claims to be equal.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its place in the file.
    pub(crate) span: Span,
    /// The members of the chain of equalities; of a line that goes on, without the left side above.
    pub(crate) members: Vec<Expr>,
    /// Whether the left side of the line above goes on.
    pub(crate) continues: bool,
    /// Loose habits that were read all the same.
    pub(crate) notes: Vec<String>,
}

/// A claim file, read.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) header: Header,
    pub(crate) lines: Vec<Line>,
    /// Formulas that state no equality and are about nothing.
    pub(crate) skipped: usize,
}

/// Reads a claim file with the names of a network.
///
/// # Errors
/// The first thing that cannot be read, with its place.
pub(crate) fn read(
    source: &Source,
    system: &System,
    about: Option<&str>,
) -> Result<Claims, Report> {
    let document = document::split(&source.text)?;
    let mut names = names::Names::new(system);
    let lines: Vec<(&str, usize)> = document
        .header
        .iter()
        .map(|(line, offset)| (line.as_str(), *offset))
        .collect();
    let mut header = Header::read(&lines, &mut names)?;
    if let Some(about) = about {
        header.about = Some(header::expression(about, 0, &names)?);
    }
    let mut claims = Claims {
        header: Header::default(),
        lines: Vec::new(),
        skipped: 0,
    };
    for formula in &document.formulas {
        let list = noad::read(&formula.text, formula.offset)?;
        let statements = statements(&list);
        for (at, statement) in statements.iter().enumerate() {
            let has_equality = statement.iter().any(|noad| noad.is_sign("="));
            let continues = formula.continues && at == 0;
            if !has_equality && !continues && header.about.is_none() {
                claims.skipped += 1;
                continue;
            }
            let mut reader = read::Reader::new(&names, &header.signs);
            let mut members = reader.members(statement)?;
            let mut letters: Vec<String> = Vec::new();
            for member in &members {
                index_letters(member, &mut letters);
            }
            for rule in &header.letters {
                if let LetterRule::Value(letter, _) | LetterRule::Range(letter, ..) = rule {
                    letters.push(letter.clone());
                }
            }
            reader.check_letters(&letters)?;
            if members.len() == 1
                && !continues
                && let Some(about) = &header.about
            {
                members.insert(0, about.clone());
            }
            let notes = std::mem::take(&mut reader.notes);
            let span = noad::span_of(statement).unwrap_or_default();
            claims.lines.push(Line {
                span,
                members,
                continues,
                notes,
            });
        }
    }
    claims.header = header;
    if claims.lines.is_empty() {
        return Err(Diagnostic::general("no-claim", "nothing was found that could be judged")
            .help(r"write an equation such as `\frac{\partial C}{\partial w} = …`, or say what the formula is with `--about`")
            .into());
    }
    Ok(claims)
}

/// Statements that commas join: `x = 0, y = 0.5`.
fn statements(list: &[noad::Noad]) -> Vec<&[noad::Noad]> {
    let parts: Vec<&[noad::Noad]> = list
        .split(|noad| noad.is_sign(",") || noad.is_sign(";"))
        .collect();
    let all_equations = parts
        .iter()
        .all(|part| part.iter().any(|noad| noad.is_sign("=")));
    if all_equations { parts } else { vec![list] }
}

/// Letters that stand in an index somewhere.
fn index_letters(expr: &Expr, into: &mut Vec<String>) {
    let mut add = |index: &Expr| into.extend(index.free_letters());
    match &expr.kind {
        ExprKind::Quantity {
            slots, elements, ..
        } => {
            slots.iter().for_each(&mut add);
            for entry in elements {
                if let Entry::At(index) = entry {
                    add(index);
                }
            }
        }
        ExprKind::Elements(_, elements) => {
            for entry in elements {
                if let Entry::At(index) = entry {
                    add(index);
                }
            }
        }
        ExprKind::Size(_, slots) => slots.iter().for_each(&mut add),
        ExprKind::Unit(i, j) | ExprKind::Kronecker(i, j) => {
            add(i);
            add(j);
        }
        ExprKind::OneHot(index) => add(index),
        ExprKind::Fold { binders, .. } => {
            into.extend(binders.iter().map(|binder| binder.letter.clone()))
        }
        _ => {}
    }
    for child in expr.children() {
        index_letters(child, into);
    }
}
