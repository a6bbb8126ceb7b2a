//! The comment lines of a claim that say what its letters mean.

use super::names::Names;
use super::noad::{self, Kind, List, Noad};
use super::read::{Reader, Signs};
use super::token::{HeaderLine, mathematics};
use super::tree::{Condition, Expr, ExprKind, Join};
use crate::matrix::Layout;
use crate::source::{Diagnostic, Report, Span};
use crate::syntax::Comparison;

/// What the header says of a letter.
#[derive(Debug, Clone)]
pub(crate) enum LetterRule {
    /// `l = 2`
    Value(String, Expr),
    /// `k in 0..L-2`
    Range(String, Expr, Expr),
    /// `j != y`
    Condition(Condition),
    /// `z > 0`: 1 where the formula is meant, as an expression over the quantities.
    Provided(Expr),
}

impl LetterRule {
    /// The letters that it speaks of.
    pub(crate) fn letters(&self) -> Vec<String> {
        match self {
            LetterRule::Value(letter, _) | LetterRule::Range(letter, ..) => vec![letter.clone()],
            LetterRule::Condition(condition) => {
                let mut letters = condition.left.free_letters();
                letters.extend(condition.right.free_letters());
                letters
            }
            LetterRule::Provided(indicator) => indicator.free_letters(),
        }
    }

    /// Whether all letters that it speaks of have values.
    pub(crate) fn speaks_of(&self, letters: &[(String, i64)]) -> bool {
        let known = |letter: &String| letters.iter().any(|(name, _)| name == letter);
        self.letters().iter().all(known)
    }

    /// The letter, if it has one value only.
    pub(crate) fn fixed(&self) -> Option<&str> {
        match self {
            LetterRule::Value(letter, _) => Some(letter),
            LetterRule::Range(..) | LetterRule::Condition(_) | LetterRule::Provided(_) => None,
        }
    }
}

/// Everything that the header says.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) about: Option<Expr>,
    pub(crate) layout: Option<Layout>,
    /// Equations that hold at the points that the claim speaks of.
    pub(crate) at: Vec<(Expr, Expr)>,
    pub(crate) signs: Signs,
    pub(crate) letters: Vec<LetterRule>,
}

fn error(message: impl Into<String>, span: Span) -> Report {
    Diagnostic::error("claim-header", message, span, "").into()
}

/// The parts of a text between separators, with their offsets.
fn items(text: &str, offset: usize, separator: char) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut depth = 0i32;
    let outside = |c: char| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        c == separator && depth <= 0
    };
    for part in text.split(outside) {
        let lead = part.len() - part.trim_start().len();
        if !part.trim().is_empty() {
            found.push((part.trim(), offset + at + lead));
        }
        at += part.len() + separator.len_utf8();
    }
    found
}

/// The first `=` outside brackets.
fn equals(text: &str) -> Option<usize> {
    let mut depth = 0i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '=' if depth == 0 && !text[..at].ends_with(['!', '<', '>']) => return Some(at),
            _ => {}
        }
    }
    None
}

impl Header {
    /// Reads header lines.
    pub(super) fn read(lines: &[HeaderLine<'_>], names: &mut Names<'_>) -> Result<Header, Report> {
        let mut header = Header::default();
        // What signs and letters mean comes first: spellings are read with it.
        for line in lines {
            if line.key == "read" {
                for (item, place) in items(line.text, line.offset, ';') {
                    header.reading(item, place, names)?;
                }
            }
        }
        // What a spelling stands for is said with the network's names, whatever else is spelled.
        let mut spelled = Vec::new();
        for HeaderLine { key, text, offset } in lines {
            match *key {
                "where" => {
                    for (item, place) in items(text, *offset, ';') {
                        spelled.extend(spelling(item, place, names)?);
                    }
                }
                "about" => {
                    let lead = text.len() - text.trim_start().len();
                    header.about = Some(expression(text.trim(), offset + lead, names)?);
                }
                "layout" => {
                    header.layout = Some(match text.trim() {
                        "numerator" => Layout::Numerator,
                        "denominator" => Layout::Denominator,
                        "same" => Layout::Same,
                        other => {
                            return Err(error(
                                format!(
                                    "`{other}` is no layout: write numerator, denominator or same"
                                ),
                                Span::new(*offset, offset + text.len()),
                            ));
                        }
                    });
                }
                "at" => {
                    for (item, place) in items(text, *offset, ',') {
                        let middle = equals(item).ok_or_else(|| {
                            error("write `x = 0`", Span::new(place, place + item.len()))
                        })?;
                        let left = expression(item[..middle].trim(), place, names)?;
                        let right =
                            expression(item[middle + 1..].trim(), place + middle + 1, names)?;
                        header.at.push((left, right));
                    }
                }
                _ => {}
            }
        }
        for (pattern, value) in spelled {
            names.add_spelling(pattern, value);
        }
        Ok(header)
    }

    fn reading(&mut self, item: &str, place: usize, names: &mut Names<'_>) -> Result<(), Report> {
        let span = Span::new(place, place + item.len());
        let unknown = || error(format!("`{item}` is nothing that `% read:` knows"), span);
        for (words, join) in [
            (" elementwise", Join::Elementwise),
            (" dot product", Join::Dot),
            (" product", Join::Product),
        ] {
            if let Some(sign) = item.strip_suffix(words) {
                self.signs
                    .joins
                    .push((sign.trim().trim_start_matches('\\').to_owned(), join));
                return Ok(());
            }
        }
        if item == "' transpose" {
            self.signs.prime_transposes = true;
            return Ok(());
        }
        if item == "repeated indices summed" {
            self.signs.repeated_summed = true;
            return Ok(());
        }
        if item == r"\partial direct part" {
            self.signs.partial_is_direct = true;
            return Ok(());
        }
        if let Some(symbol) = item.strip_suffix(" onehot") {
            if let [symbol] = noad::read(&mathematics(symbol, place), &names.macros)?.as_slice() {
                self.signs.one_hots.push(symbol.kind.clone());
            }
            return Ok(());
        }
        if let Some(letter) = item.strip_suffix(" index") {
            names.index_letters.insert(letter.trim().to_owned());
            return Ok(());
        }
        if let Some(letter) = item.strip_prefix(r"\sum over ") {
            self.signs.sum_over = Some(letter.trim().to_owned());
            return Ok(());
        }
        if let Some((letter, range)) = item.split_once(" in ") {
            let (low, high) = range.split_once("..").ok_or_else(unknown)?;
            let low = expression(low.trim(), place, names)?;
            let high = expression(high.trim(), place, names)?;
            self.letters
                .push(LetterRule::Range(letter.trim().to_owned(), low, high));
            return Ok(());
        }
        if let Some((left, right)) = item.split_once("!=") {
            let left = Expr::new(ExprKind::Letter(left.trim().to_owned()), span);
            let right = index(right.trim(), place, names)?;
            self.letters.push(LetterRule::Condition(Condition {
                left,
                relation: Comparison::NotEqual,
                right,
            }));
            return Ok(());
        }
        if let Some(at) = equals(item) {
            let letter = item[..at].trim();
            let value = expression(item[at + 1..].trim(), place + at + 1, names)?;
            names.index_letters.insert(letter.to_owned());
            self.letters
                .push(LetterRule::Value(letter.to_owned(), value));
            return Ok(());
        }
        Err(unknown())
    }
}

/// `SPELLING = EXPR`
fn spelling(
    item: &str,
    place: usize,
    names: &mut Names<'_>,
) -> Result<Option<(List, Expr)>, Report> {
    let middle = equals(item).ok_or_else(|| {
        error(
            "write `SPELLING = EXPR`",
            Span::new(place, place + item.len()),
        )
    })?;
    let spelled = item[..middle].trim();
    let text = item[middle + 1..].trim();
    let pattern = noad::read(&mathematics(spelled, place), &names.macros)?;
    if names.alias(&pattern, text) {
        return Ok(None);
    }
    let behind =
        place + middle + 1 + (item[middle + 1..].len() - item[middle + 1..].trim_start().len());
    let value = expression(text, behind, names)?;
    Ok(Some((pattern, value)))
}

/// An expression of the network language.
pub(crate) fn expression(text: &str, offset: usize, names: &Names<'_>) -> Result<Expr, Report> {
    let list = language(text, offset, names)?;
    let signs = Signs::default();
    Reader::new(names, &signs).whole(&list)
}

fn index(text: &str, offset: usize, names: &Names<'_>) -> Result<Expr, Report> {
    let list = language(text, offset, names)?;
    super::read::index(names, &list)
}

/// The network language as noads: words for names, slots as superscripts.
fn language(text: &str, offset: usize, names: &Names<'_>) -> Result<List, Report> {
    let mut tokens = Tokens {
        text,
        at: 0,
        offset,
        names,
    };
    let list = tokens.list(None)?;
    Ok(list)
}

struct Tokens<'t, 'n, 'a> {
    text: &'t str,
    at: usize,
    offset: usize,
    names: &'n Names<'a>,
}

impl Tokens<'_, '_, '_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.offset + start, self.offset + self.at)
    }

    fn list(&mut self, close: Option<char>) -> Result<List, Report> {
        let mut list = List::new();
        loop {
            let trimmed = self.rest().trim_start();
            self.at = self.text.len() - trimmed.len();
            let start = self.at;
            let Some(c) = self.rest().chars().next() else {
                if close.is_some() {
                    return Err(error("a bracket is never closed", self.span(start)));
                }
                return Ok(list);
            };
            if Some(c) == close {
                self.at += 1;
                return Ok(list);
            }
            match c {
                '(' | '[' => {
                    self.at += 1;
                    let inside = self.list(Some(if c == '(' { ')' } else { ']' }))?;
                    let span = self.span(start);
                    let mut fence = Noad::new(Kind::Fence(c, inside), span);
                    self.scripts(&mut fence)?;
                    list.push(fence);
                }
                _ if c.is_ascii_digit() => {
                    let rest = self.rest();
                    let mut length = rest
                        .find(|c: char| !c.is_ascii_digit() && c != '.')
                        .unwrap_or(rest.len());
                    if let Some(dots) = rest[..length].find("..") {
                        length = dots;
                    }
                    if rest[..length].ends_with('.') {
                        length -= 1;
                    }
                    let digits = rest[..length].to_owned();
                    self.at += length;
                    let span = self.span(start);
                    let mut number = Noad::new(Kind::Number(digits), span);
                    self.scripts(&mut number)?;
                    list.push(number);
                }
                _ if c.is_alphabetic() => {
                    let noad = self.name()?;
                    list.push(noad);
                }
                _ => {
                    let (kind, length) = if self.rest().starts_with(".*") {
                        (Kind::Command("odot".into()), 2)
                    } else if self.rest().starts_with("./") {
                        (Kind::Command("oslash".into()), 2)
                    } else {
                        let sign = match c {
                            '+' => "+",
                            '-' => "-",
                            '*' => "*",
                            '/' => "/",
                            ',' => ",",
                            ':' => ":",
                            '=' => "=",
                            '<' => "<",
                            '>' => ">",
                            _ => {
                                return Err(error(
                                    format!("`{c}` is no part of an expression"),
                                    Span::new(
                                        self.offset + start,
                                        self.offset + start + c.len_utf8(),
                                    ),
                                ));
                            }
                        };
                        (Kind::Sign(sign), 1)
                    };
                    self.at += length;
                    list.push(Noad::new(kind, self.span(start)));
                }
            }
        }
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let mut end = 0;
        let mut characters = rest.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let opens = c == '_' && characters.peek().is_some_and(|(_, next)| *next == '{');
            if !(c.is_alphanumeric() || c == '_') || opens {
                break;
            }
            end = at + c.len_utf8();
        }
        let word = rest[..end].to_owned();
        self.at += end;
        word
    }

    fn name(&mut self) -> Result<Noad, Report> {
        let start = self.at;
        let word = self.word();
        // `d^2L/dw^2`
        if word == "d"
            && self.names.family("d").is_none()
            && let Some(second) = self.second_derivative(start)?
        {
            return Ok(second);
        }
        // `dL/dW[1]`
        if let Some(of) = self.differential(&word) {
            let mut above = Noad::new(Self::kind(&of), self.span(start));
            self.scripts(&mut above)?;
            if self.rest().starts_with("/d") {
                self.at += 1;
                let behind = self.at;
                let word = self.word();
                if let Some(wrt) = self.differential(&word) {
                    let mut below = Noad::new(Self::kind(&wrt), self.span(behind));
                    self.scripts(&mut below)?;
                    let d = Noad::new(Kind::Letter('d'), self.span(start));
                    return Ok(Noad::new(
                        Kind::Fraction(vec![d.clone(), above], vec![d, below]),
                        self.span(start),
                    ));
                }
            }
            return Err(error(format!("`{word}` is not known"), self.span(start)));
        }
        // `sum_n x_n`, `sum_{n} x_n`
        let (sum, letters) = match word.strip_prefix("sum_") {
            Some(letters) => (true, letters),
            None => (word == "sum" && self.rest().starts_with("_{"), ""),
        };
        if sum {
            let mut noad = Noad::new(Kind::Command("sum".into()), self.span(start));
            let span = noad.span;
            let below = letters
                .chars()
                .map(|letter| Noad::new(Kind::Letter(letter), span));
            noad.sub = (!letters.is_empty()).then(|| below.collect());
            self.scripts(&mut noad)?;
            return Ok(noad);
        }
        let mut noad = Noad::new(Self::kind(&word), self.span(start));
        self.scripts(&mut noad)?;
        Ok(noad)
    }

    /// `d^2L/(dw_{j} dw_{k})`, behind its d.
    fn mixed_derivative(&mut self, start: usize) -> Result<Option<Noad>, Report> {
        let begin = self.at;
        let Some((of, _)) = self
            .rest()
            .strip_prefix("^2")
            .and_then(|rest| rest.split_once("/("))
        else {
            return Ok(None);
        };
        let of = of.trim().to_owned();
        if self.names.family(&of).is_none() {
            return Ok(None);
        }
        self.at += self.rest().find("/(").map_or(0, |slash| slash + 2);
        let d = Noad::new(Kind::Letter('d'), self.span(start));
        let mut below = List::new();
        loop {
            let trimmed = self.rest().trim_start();
            self.at = self.text.len() - trimmed.len();
            if self.rest().starts_with(')') {
                self.at += 1;
                break;
            }
            let place = self.at;
            let word = self.word();
            let Some(wrt) = self.differential(&word) else {
                self.at = begin;
                return Ok(None);
            };
            let mut by = Noad::new(Self::kind(&wrt), self.span(place));
            self.scripts(&mut by)?;
            below.extend([d.clone(), by]);
        }
        let mut above = d.clone();
        above.sup = Some(vec![Noad::new(Kind::Number("2".into()), self.span(start))]);
        let of = Noad::new(Self::kind(&of), self.span(start));
        let fraction = Kind::Fraction(vec![above, of], below);
        Ok(Some(Noad::new(fraction, self.span(start))))
    }

    fn second_derivative(&mut self, start: usize) -> Result<Option<Noad>, Report> {
        if let Some(mixed) = self.mixed_derivative(start)? {
            return Ok(Some(mixed));
        }
        let Some((of, wrt)) = self
            .rest()
            .strip_prefix("^2")
            .and_then(|rest| rest.split_once("/d"))
        else {
            return Ok(None);
        };
        let (of, rest) = (of.trim().to_owned(), wrt.len());
        if self.names.family(&of).is_none() {
            return Ok(None);
        }
        let two = || Noad::new(Kind::Number("2".into()), self.span(start));
        let mut above = Noad::new(Kind::Letter('d'), self.span(start));
        above.sup = Some(vec![two()]);
        let of = Noad::new(Self::kind(&of), self.span(start));
        let d = Noad::new(Kind::Letter('d'), self.span(start));
        self.at = self.text.len() - rest;
        let word = self.word();
        let mut below = Noad::new(Self::kind(&word), self.span(start));
        self.scripts(&mut below)?;
        Ok(Some(Noad::new(
            Kind::Fraction(vec![above, of], vec![d, below]),
            self.span(start),
        )))
    }

    fn kind(word: &str) -> Kind {
        let mut letters = word.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Kind::Letter(letter),
            _ => Kind::Word(word.to_owned()),
        }
    }

    /// The name behind the d, if the whole is no name itself.
    fn differential(&self, word: &str) -> Option<String> {
        let of = word.strip_prefix('d')?;
        (self.names.family(word).is_none() && self.names.family(of).is_some())
            .then(|| of.to_owned())
    }

    fn scripts(&mut self, noad: &mut Noad) -> Result<(), Report> {
        loop {
            let start = self.at;
            let rest = self.rest();
            let is_name = matches!(noad.kind, Kind::Word(_) | Kind::Letter(_));
            if rest.starts_with('[') && is_name {
                self.at += 1;
                let inside = self.list(Some(']'))?;
                let fence = Noad::new(Kind::Fence('[', inside), self.span(start));
                noad.sup.get_or_insert_default().push(fence);
            } else if rest.starts_with("_{") {
                self.at += 2;
                noad.sub = Some(self.list(Some('}'))?);
            } else if rest.starts_with('\'') {
                self.at += 1;
                noad.primes += 1;
            } else if rest.starts_with('^') || rest.starts_with(".^") {
                let elementwise = rest.starts_with('.');
                self.at += if elementwise { 2 } else { 1 };
                let mut exponent = List::new();
                if elementwise {
                    exponent.push(Noad::new(Kind::Sign("."), self.span(start)));
                }
                let c = self.rest().chars().next();
                match c {
                    Some('(') => {
                        self.at += 1;
                        exponent.extend(self.list(Some(')'))?);
                    }
                    Some('{') => {
                        self.at += 1;
                        exponent.extend(self.list(Some('}'))?);
                    }
                    Some('-') => {
                        self.at += 1;
                        exponent.push(Noad::new(Kind::Sign("-"), self.span(start)));
                        exponent.push(self.single()?);
                    }
                    _ => exponent.push(self.single()?),
                }
                noad.sup.get_or_insert_default().extend(exponent);
            } else {
                noad.span = noad.span.to(self.span(start));
                return Ok(());
            }
        }
    }

    fn single(&mut self) -> Result<Noad, Report> {
        let start = self.at;
        let rest = self.rest();
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        if digits > 0 {
            let text = rest[..digits].to_owned();
            self.at += digits;
            return Ok(Noad::new(Kind::Number(text), self.span(start)));
        }
        let word = self.word();
        if word.is_empty() {
            return Err(error("an exponent is missing", self.span(start)));
        }
        Ok(Noad::new(Self::kind(&word), self.span(start)))
    }
}
