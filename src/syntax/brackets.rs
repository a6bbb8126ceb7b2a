//! A linear pass over the whole text before the grammar sees it: brackets that do not match, and nesting
//! deeper than anybody writes. Behind it the grammar may recurse.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::source::{Diagnostic, Span};

/// How deep brackets may be nested.
pub(super) const MAX_DEPTH: usize = 200;

/// What the pass found.
#[derive(Debug, Default)]
pub(super) struct Brackets {
    /// What is wrong, each with the brackets it is about.
    pub(super) errors: Vec<Diagnostic>,
    /// Starts of lines at which a new statement is taken to begin although a bracket is open.
    pub(super) cuts: Vec<usize>,
}

/// The signs of one line that shape a text: brackets, `;`, and a quote that is not closed.
#[derive(Debug)]
pub(super) struct Line {
    /// Its first byte.
    pub(super) start: usize,
    /// First byte that is not blank.
    pub(super) first: usize,
    /// One behind the last byte that is not blank.
    pub(super) end: usize,
    /// The signs with their places.
    pub(super) signs: SmallVec<[(usize, u8); 8]>,
}

impl Line {
    /// Whether there is nothing but blanks.
    pub(super) fn is_blank(&self) -> bool {
        self.first >= self.end
    }

    /// The column of a byte of this line, from 0; a tab goes on to the next multiple of 8.
    pub(super) fn column(&self, text: &str, at: usize) -> usize {
        text[self.start..at]
            .chars()
            .fold(0, |column, letter| match letter {
                '\t' => (column / 8 + 1) * 8,
                _ => column + 1,
            })
    }
}

/// A text with blanks in place of its comments, so that each place in it stays what it is.
pub(super) fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains('#') {
        return Cow::Borrowed(text);
    }
    let mut code = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut quoted = false;
        let comment = line.find(|sign| {
            quoted ^= sign == '"';
            sign == '#' && !quoted
        });
        let content = line.trim_end_matches('\n');
        let start = comment.unwrap_or(content.len());
        code.push_str(&line[..start]);
        code.extend(std::iter::repeat_n(' ', content.len() - start));
        code.push_str(&line[content.len()..]);
    }
    Cow::Owned(code)
}

/// The lines of a text without comments.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |content| {
        let line = line(content, start);
        start += content.len();
        line
    })
}

fn line(content: &str, start: usize) -> Line {
    let mut signs = SmallVec::new();
    let mut quote = None;
    for (at, byte) in content.bytes().enumerate() {
        match (quote, byte) {
            (Some(_), b'"') => quote = None,
            (Some(_), _) => {}
            (None, b'"') => quote = Some(at),
            (None, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b';') => {
                signs.push((start + at, byte));
            }
            (None, _) => {}
        }
    }
    if let Some(at) = quote {
        signs.push((start + at, b'"'));
    }
    let blank = |letter: char| matches!(letter, ' ' | '\t' | '\r' | '\n');
    let kept = content.trim_end_matches(blank);
    let first = kept.len() - kept.trim_start_matches(blank).len();
    Line {
        start,
        first: start + first,
        end: start + kept.len(),
        signs,
    }
}

/// Enough to be told of at once: behind so many, the rest would follow from them.
const MOST_ERRORS: usize = 20;

/// Checks the brackets of a text.
pub(super) fn check(text: &str) -> Brackets {
    let strict = scan(text, false);
    if strict.errors.is_empty() {
        return strict;
    }
    check_by_lines(text)
}

/// Checks the brackets of a text that is known to be wrong: a bracket that is open where a line looks like the
/// beginning of a statement is taken to be never closed.
pub(super) fn check_by_lines(text: &str) -> Brackets {
    scan(text, true)
}

/// One pass; `recover` closes open brackets where a line looks like the beginning of a statement.
fn scan(text: &str, recover: bool) -> Brackets {
    let mut found = Brackets::default();
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut base = 0;
    for line in lines(text) {
        if line.is_blank() {
            continue;
        }
        let indent = line.column(text, line.first);
        if open.is_empty() {
            base = indent;
        } else if recover && indent <= base && begins_statement(&text[line.first..line.end]) {
            found.errors.push(never_closed(&open));
            found.cuts.push(line.start);
            open.clear();
            base = indent;
        }
        for &(at, sign) in &line.signs {
            if found.errors.len() >= MOST_ERRORS {
                return found;
            }
            match sign {
                b'(' | b'[' | b'{' => {
                    open.push((at, sign));
                    if open.len() > MAX_DEPTH {
                        found.errors.push(nested_too_deep(at));
                        return found;
                    }
                }
                b')' | b']' | b'}' => close(&mut open, at, sign, &mut found.errors),
                b'"' => found.errors.push(open_quote(at, line.end)),
                _ => {}
            }
        }
    }
    if !open.is_empty() {
        found.errors.push(never_closed(&open));
    }
    found
}

/// Takes the opening bracket of a closing one from the stack.
fn close(open: &mut Vec<(usize, u8)>, at: usize, sign: u8, errors: &mut Vec<Diagnostic>) {
    match open.pop() {
        None => errors.push(never_opened(at, sign)),
        Some((_, opener)) if partner(opener) == sign => {}
        Some((opener_at, opener)) => match open.last() {
            Some(&(_, outer)) if partner(outer) == sign => {
                open.pop();
                errors.push(never_closed(&[(opener_at, opener)]));
            }
            Some(_) | None => errors.push(wrong_partner(opener_at, opener, at, sign)),
        },
    }
}

/// Whether a line looks like the beginning of a statement: a keyword, or a left side with `=`.
fn begins_statement(line: &str) -> bool {
    let word_end = line
        .find(|letter: char| !super::letters::continues_name(letter))
        .unwrap_or(line.len());
    if super::layout::KEYWORDS.contains(&&line[..word_end]) {
        return true;
    }
    let left = line.find('=').map(|at| &line[..at]);
    word_end > 0
        && left.is_some_and(|left| {
            let balanced = |opener: char, closer: char| {
                left.matches(opener).count() == left.matches(closer).count()
            };
            !left.ends_with(['<', '>', '!'])
                && balanced('(', ')')
                && balanced('[', ']')
                && balanced('{', '}')
        })
}

fn partner(opener: u8) -> u8 {
    match opener {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

fn sign_span(at: usize) -> Span {
    Span::new(at, at + 1)
}

fn never_closed(open: &[(usize, u8)]) -> Diagnostic {
    let (at, sign) = open[0];
    let mut diagnostic = Diagnostic::error(
        "unclosed-bracket",
        format!("the bracket `{}` is never closed", sign as char),
        sign_span(at),
        "opened here",
    )
    .help(format!("add the missing `{}`", partner(sign) as char));
    if open.len() > 1 {
        let (inner_at, inner) = open[open.len() - 1];
        diagnostic = diagnostic.label(
            sign_span(inner_at),
            format!("this `{}` is not closed either", inner as char),
        );
    }
    diagnostic
}

fn never_opened(at: usize, sign: u8) -> Diagnostic {
    Diagnostic::error(
        "unopened-bracket",
        format!("the bracket `{}` closes nothing", sign as char),
        sign_span(at),
        "no bracket is open here",
    )
    .help("remove it, or add the bracket that it should close")
}

fn wrong_partner(opener_at: usize, opener: u8, at: usize, sign: u8) -> Diagnostic {
    Diagnostic::error(
        "mismatched-brackets",
        format!("`{}` is closed by `{}`", opener as char, sign as char),
        sign_span(at),
        format!("`{}` was expected", partner(opener) as char),
    )
    .label(sign_span(opener_at), "opened here")
}

fn nested_too_deep(at: usize) -> Diagnostic {
    Diagnostic::error(
        "nested-too-deep",
        format!("brackets are nested more than {MAX_DEPTH} deep"),
        sign_span(at),
        "one bracket too many",
    )
    .help("give the inner part a name in an equation of its own")
}

fn open_quote(at: usize, line_end: usize) -> Diagnostic {
    Diagnostic::error(
        "unclosed-quote",
        "the text in quotes does not end on its line",
        Span::new(at, line_end.max(at + 1)),
        "opened here",
    )
    .help("add the missing `\"`")
}
