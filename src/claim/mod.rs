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
mod qualifier;
mod read;
mod tex;
mod tree;

use crate::source::{Diagnostic, Report, Source, Span};
use crate::system::System;

pub(crate) use header::{Header, LetterRule};
pub(crate) use lower::{
    Array, Definition, Fault, Instantiated, Letters, Lowering, Structure, extents,
};
pub(crate) use tex::edited;
pub(crate) use tree::{Binder, Entry, Expr, ExprKind, Fold, Join, print};

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// It claims something.
    Claim,
    /// It defines a name that the network knows: what it says of that name is judged.
    Definition,
    /// It defines a name of the person's own: there is nothing to judge.
    OwnDefinition,
}

/// One line of a claim file: what it claims to be equal.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its place in the file.
    pub(crate) span: Span,
    /// The members of the chain of equalities; of a line that goes on, without the left side above.
    pub(crate) members: Vec<Expr>,
    /// Whether the left side of the line above goes on.
    pub(crate) continues: bool,
    pub(crate) kind: LineKind,
    /// What the header and the line itself say of the letters.
    pub(crate) letters: Vec<LetterRule>,
    /// Loose habits that were read all the same.
    pub(crate) notes: Vec<String>,
}

/// A formula that was not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its place in the file.
    pub span: Span,
    /// Why.
    pub why: String,
}

/// A claim file, read.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) header: Header,
    pub(crate) lines: Vec<Line>,
    /// Formulas that claim nothing about the network.
    pub(crate) skipped: Vec<Skipped>,
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
    read_with(source, system, about, Centred::Product)
}

/// What `\cdot` is where the header does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Centred {
    /// A product like any other.
    Product,
    /// Between two columns their dot product.
    Dot,
}

/// The same claim with `\cdot` between two columns as their dot product; none if `\cdot` does not occur or has a
/// meaning already.
pub(crate) fn read_with_dots(
    source: &Source,
    system: &System,
    about: Option<&str>,
) -> Option<Claims> {
    if !source.text.contains(r"\cdot") {
        return None;
    }
    let claims = read_with(source, system, about, Centred::Dot).ok()?;
    let signs = claims.header.signs.joins.iter();
    (signs.filter(|(sign, _)| sign == "cdot").count() == 1).then_some(claims)
}

fn read_with(
    source: &Source,
    system: &System,
    about: Option<&str>,
    centred: Centred,
) -> Result<Claims, Report> {
    let document = document::split(&source.text)?;
    let mut names = names::Names::new(system);
    let lines: Vec<(&str, usize)> = document
        .header
        .iter()
        .map(|(line, offset)| (line.as_str(), *offset))
        .collect();
    let mut header = Header::read(&lines, &mut names)?;
    if centred == Centred::Dot {
        header.signs.joins.push(("cdot".into(), Join::Dot));
    }
    if let Some(about) = about {
        header.about = Some(header::expression(about, 0, &names)?);
    }
    let mut lists = Vec::new();
    let mut claims = Claims {
        header: Header::default(),
        lines: Vec::new(),
        skipped: Vec::new(),
    };
    for formula in &document.formulas {
        match noad::read(&formula.text, formula.offset) {
            Ok(list) => lists.push((formula, list)),
            Err(report) if document.has_prose && !formula.text.contains('=') => {
                claims.skip(formula.offset, formula.text.len(), &report);
            }
            Err(report) => return Err(report),
        }
    }
    // Definitions may stand behind what uses them.
    for (formula, list) in &lists {
        for (at, statement) in statements(list).into_iter().enumerate() {
            if statement.defines(formula) && !(formula.continues && at == 0) {
                claims.define(&statement, &mut names, &header)?;
            }
        }
    }
    for (formula, list) in &lists {
        for (at, statement) in statements(list).into_iter().enumerate() {
            let continues = formula.continues && at == 0;
            let has_equality = statement.list.iter().any(noad::Noad::is_equality);
            if statement.defines(formula) && !continues {
                continue;
            }
            if !has_equality && !continues && header.about.is_none() {
                let span = noad::span_of(statement.list).unwrap_or_default();
                claims.skipped.push(Skipped {
                    span,
                    why: "it states no equality".into(),
                });
                continue;
            }
            if document.has_prose
                && !continues
                && let Some(why) = unknown_left(statement.list, &names, &header)
            {
                let span = noad::span_of(statement.list).unwrap_or_default();
                claims.skipped.push(Skipped { span, why });
                continue;
            }
            let left = claims.lines.iter().rev().find(|line| !line.continues);
            let left = match left.and_then(|line| line.members.first()) {
                Some(left) if continues => left.free_letters(),
                _ => Vec::new(),
            };
            let mut line = line(statement.list, &names, &header, continues, left)?;
            if line.members.len() == 1
                && !continues
                && let Some(about) = &header.about
            {
                line.members.insert(0, about.clone());
            }
            claims.lines.push(line);
        }
    }
    claims.lines.sort_by_key(|line| line.span.start);
    claims.header = header;
    if claims
        .lines
        .iter()
        .all(|line| line.kind == LineKind::OwnDefinition)
    {
        return Err(Diagnostic::general("no-claim", "nothing was found that could be judged")
            .help(r"write an equation such as `\frac{\partial C}{\partial w} = …`, or say what the formula is with `--about`")
            .into());
    }
    Ok(claims)
}

impl Claims {
    fn skip(&mut self, start: usize, length: usize, report: &Report) {
        let why = report
            .diagnostics()
            .first()
            .map_or_else(String::new, |first| first.message.clone());
        self.skipped.push(Skipped {
            span: Span::new(start, start + length),
            why,
        });
    }

    /// From here on the name means what the person says.
    fn define(
        &mut self,
        statement: &Statement<'_>,
        names: &mut names::Names<'_>,
        header: &Header,
    ) -> Result<(), Report> {
        let Some(middle) = statement.list.iter().position(noad::Noad::is_equality) else {
            return Ok(());
        };
        let pattern = statement.list[..middle].to_vec();
        // "with Step(0) = 1" is a convention, not a name.
        if names
            .find(&pattern)
            .is_some_and(|found| matches!(found.meaning, names::Meaning::Function(_)))
        {
            self.skipped.push(Skipped {
                span: noad::span_of(statement.list).unwrap_or_default(),
                why: "a convention; that of the network holds".into(),
            });
            return Ok(());
        }
        let known = names
            .find(&pattern)
            .is_some_and(|found| found.length == pattern.len())
            || noad::has_derivative(&pattern);
        let mut own = line(
            &statement.list[middle + 1..],
            names,
            header,
            true,
            Vec::new(),
        )?;
        let Some(value) = own.members.first().cloned() else {
            return Ok(());
        };
        if known {
            let mut whole = line(statement.list, names, header, false, Vec::new())?;
            whole.kind = LineKind::Definition;
            self.lines.push(whole);
        } else {
            own.kind = LineKind::OwnDefinition;
            own.span = noad::span_of(statement.list).unwrap_or(own.span);
            self.lines.push(own);
        }
        if !noad::has_derivative(&pattern) {
            names.add_spelling(pattern, value);
        }
        Ok(())
    }
}

/// The members of a statement, every letter with a meaning.
fn line(
    list: &[noad::Noad],
    names: &names::Names<'_>,
    header: &Header,
    continues: bool,
    left: Vec<String>,
) -> Result<Line, Report> {
    let mut reader = read::Reader::new(names, &header.signs);
    reader.left = left;
    let (list, qualifier) = qualifier::split(list);
    let members = reader.members(list)?;
    let mut rules = header.letters.clone();
    if let Some(qualifier) = qualifier {
        match qualifier::rules(qualifier, names) {
            Some(own) => rules.extend(own),
            None => reader
                .notes
                .push("what stands behind the formula is not read: it is judged in general".into()),
        }
    }
    let mut letters: Vec<String> = Vec::new();
    for member in &members {
        index_letters(member, &mut letters);
    }
    for rule in &rules {
        if let LetterRule::Value(letter, _) | LetterRule::Range(letter, ..) = rule {
            letters.push(letter.clone());
        }
    }
    reader.check_letters(&letters)?;
    Ok(Line {
        span: noad::span_of(list).unwrap_or_default(),
        members,
        continues,
        kind: LineKind::Claim,
        letters: rules,
        notes: std::mem::take(&mut reader.notes),
    })
}

/// Why a left side says nothing about the network.
fn unknown_left(list: &[noad::Noad], names: &names::Names<'_>, header: &Header) -> Option<String> {
    let left = list.split(noad::Noad::is_equality).next()?;
    let mut reader = read::Reader::new(names, &header.signs);
    let report = match reader.whole(left) {
        Ok(_) => reader.check_letters(&[]).err()?,
        Err(report) => report,
    };
    let first = report.diagnostics().first()?;
    (first.code == "unknown-symbol").then(|| first.message.clone())
}

/// One equation of a formula.
struct Statement<'l> {
    list: &'l [noad::Noad],
    /// A word such as "where" stands in front of it.
    introduced: bool,
}

impl Statement<'_> {
    fn defines(&self, formula: &document::Formula) -> bool {
        let mut signs = self.list.iter().filter(|noad| noad.is_equality());
        let by_sign = signs.next().is_some_and(|noad| noad.is_sign(":="));
        let equality = self.list.iter().any(noad::Noad::is_equality);
        by_sign || (equality && (self.introduced || formula.defines))
    }
}

/// Statements that commas or words join: `x = 0, y = 0.5`, `C = \delta x where \delta = …`.
fn statements(list: &[noad::Noad]) -> Vec<Statement<'_>> {
    let introduces = |noad: &noad::Noad| {
        matches!(&noad.kind, noad::Kind::Word(word)
            if document::DEFINING.contains(&word.trim_matches([' ', ',', ':']).to_lowercase().as_str()))
    };
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=list.len() {
        if at < list.len() && !introduces(&list[at]) {
            continue;
        }
        let mut part = &list[start..at];
        while let [rest @ .., last] = part
            && (last.is_sign(",") || last.is_sign(";"))
        {
            part = rest;
        }
        let introduced = start > 0;
        let qualified = qualifier::split(part).1.is_some();
        let parts: Vec<&[noad::Noad]> = part
            .split(|noad| noad.is_sign(",") || noad.is_sign(";"))
            .collect();
        let all_equations = parts
            .iter()
            .all(|part| part.iter().any(noad::Noad::is_equality));
        let parts = if all_equations && !qualified {
            parts
        } else {
            vec![part]
        };
        found.extend(
            parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .map(|list| Statement { list, introduced }),
        );
        start = at + 1;
    }
    found
}

/// Another right side in a claim's place, under the same header; none if it cannot be read.
pub(crate) fn reread(source: &Source, system: &System, left: &Expr, right: &str) -> Option<Expr> {
    let header: Vec<&str> = source
        .text
        .lines()
        .filter(|line| line.trim_start().starts_with('%'))
        .collect();
    let left = source.slice(left.span).trim().trim_end_matches('&');
    if left.is_empty() || left.contains('%') {
        return None;
    }
    let text = format!("{}\n{left} = {right}", header.join("\n"));
    let claims = read(&Source::new(source.name.clone(), text), system, None).ok()?;
    match claims.lines.as_slice() {
        [line] if line.members.len() == 2 => line.members.last().cloned(),
        _ => None,
    }
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
