//! The formulas of a file: header lines, text, and what stands between mathematics marks.

use super::noad::{Macros, braced};
use super::qualifier;
use crate::source::{Diagnostic, Report, Span};

/// One line of mathematics with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Formula {
    /// Its text, alignment marks blanked.
    pub(crate) text: String,
    pub(crate) offset: usize,
    /// It begins with a sign of equality: the left side above goes on.
    pub(crate) continues: bool,
    /// The text in front of it says that it defines something.
    pub(crate) defines: bool,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// The text of each header line behind its `%`, with its offset.
    pub(crate) header: Vec<(String, usize)>,
    pub(crate) formulas: Vec<Formula>,
    /// Text stands between the formulas: not all of them are claims.
    pub(crate) has_prose: bool,
    /// Commands that the file defines.
    pub(crate) macros: Macros,
}

/// Words in front of a definition.
pub(crate) const DEFINING: &[&str] =
    &["where", "let", "with", "define", "denote", "set", "writing"];

/// Environments whose text is no mathematics, and how they end.
const VERBATIM: &[(&str, &str)] = &[
    (r"\begin{verbatim}", r"\end{verbatim}"),
    (r"\begin{lstlisting}", r"\end{lstlisting}"),
    (r"\begin{comment}", r"\end{comment}"),
    ("```", "```"),
];

/// Environments whose lines are formulas.
const ENVIRONMENTS: &[&str] = &[
    "align",
    "align*",
    "equation",
    "equation*",
    "gather",
    "gather*",
    "multline",
    "multline*",
    "eqnarray",
    "eqnarray*",
    "aligned",
    "split",
    "gathered",
    "displaymath",
    "math",
    "flalign",
    "flalign*",
];

const HEADER_KEYS: &[&str] = &["where", "about", "layout", "at", "read"];

/// Takes a text apart. Without any marks the whole text is one formula.
pub(crate) fn split(text: &str) -> Result<Document, Report> {
    let mut document = Document::default();
    let mut blanked = without_comments(text, &mut document.header);
    document.macros = Macros::taken_from(&mut blanked);
    let mut found: Vec<(usize, usize, bool)> = Vec::new();
    let mut marked = false;
    let mut at = 0;
    // The text since the last formula, and whether that one was a definition.
    let (mut text_from, mut defined) = (0, false);
    while at < blanked.len() {
        let rest = &blanked[at..];
        if let Some((open, close)) = VERBATIM.iter().find(|(open, _)| rest.starts_with(open)) {
            let inner = at + open.len();
            let length = blanked[inner..].find(close);
            at = length.map_or(blanked.len(), |length| inner + length + close.len());
            continue;
        }
        if rest.starts_with(r"\$") || rest.starts_with(r"\\") {
            at += 2;
            continue;
        }
        let (open, close) = if rest.starts_with("$$") {
            (2, "$$")
        } else if rest.starts_with('$') {
            (1, "$")
        } else if rest.starts_with(r"\[") {
            (2, r"\]")
        } else if rest.starts_with(r"\(") {
            (2, r"\)")
        } else if let Some(name) = environment(rest).filter(|_| !behind_brace(&blanked[..at])) {
            marked = true;
            document.has_prose |= !blanked[text_from..at].trim().is_empty();
            let end = format!(r"\end{{{name}}}");
            let start = at + r"\begin{}".len() + name.len();
            let Some(length) = blanked[start..].find(&end) else {
                return Err(Diagnostic::error(
                    "unclosed-environment",
                    format!(r"\begin{{{name}}} is never ended"),
                    Span::new(at, start),
                    "",
                )
                .into());
            };
            defined = defines(&blanked[text_from..at], defined);
            found.push((start, start + length, defined));
            at = start + length + end.len();
            text_from = at;
            continue;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        marked = true;
        let start = at + open;
        let Some(length) = blanked[start..].find(close) else {
            return Err(Diagnostic::error(
                "unclosed-mathematics",
                format!("this `{}` is never closed", &blanked[at..start]),
                Span::new(at, start),
                "",
            )
            .into());
        };
        let before = &blanked[text_from..at];
        document.has_prose |= !before.trim().is_empty();
        defined = defines(before, defined);
        found.push((start, start + length, defined));
        at = start + length + close.len();
        text_from = at;
    }
    document.has_prose |= marked && !blanked[text_from..].trim().is_empty();
    if !marked {
        found.push((0, blanked.len(), false));
    }
    for (start, end, defines) in found {
        lines(&blanked, start, end, defines, &mut document.formulas);
    }
    Ok(document)
}

/// Whether the text in front of a formula introduces a definition, or goes on with one.
fn defines(text: &str, before: bool) -> bool {
    let sentence = text
        .rsplit(['.', ':', '\n'])
        .find(|part| !part.trim().is_empty());
    let mut words = sentence
        .unwrap_or_default()
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase);
    match words.next_back() {
        None => before && text.contains(','),
        Some(word) if word == "and" => {
            before || words.any(|word| DEFINING.contains(&word.as_str()))
        }
        Some(word) => DEFINING.contains(&word.as_str()),
    }
}

/// Whether a text ends with a brace that is printed: lines behind it are cases.
fn behind_brace(text: &str) -> bool {
    text.trim_end().ends_with(r"\{")
}

fn environment(rest: &str) -> Option<&str> {
    let name = rest.strip_prefix(r"\begin{")?.split_once('}')?.0;
    ENVIRONMENTS.contains(&name).then_some(name)
}

/// The text with comments replaced by spaces; header lines are kept beside it.
fn without_comments(text: &str, header: &mut Vec<(String, usize)>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let mut cut = None;
        let mut escaped = false;
        for (at, c) in line.char_indices() {
            match c {
                '\\' => {
                    escaped = !escaped;
                    continue;
                }
                '%' if !escaped => {
                    cut = Some(at);
                    break;
                }
                _ => {}
            }
            escaped = false;
        }
        match cut {
            Some(at) => {
                let comment = line[at + 1..].trim_end_matches('\n');
                let key = comment.split_once(':').map(|(key, _)| key.trim());
                if line[..at].trim().is_empty() && key.is_some_and(|key| HEADER_KEYS.contains(&key))
                {
                    header.push((comment.to_owned(), offset + at + 1));
                }
                result.push_str(&line[..at]);
                for c in line[at..].chars() {
                    let blank = if c == '\n' { "\n" } else { " " };
                    result.push_str(&blank.repeat(if c == '\n' { 1 } else { c.len_utf8() }));
                }
            }
            None => result.push_str(line),
        }
        offset += line.len();
    }
    result
}

/// Spaces as TeX has them.
const SPACES: &[&str] = &[r"\quad", r"\qquad", r"\,", r"\;", r"\:", r"\!", r"\ ", "~"];

/// What else may stand in front of a formula and prints nothing; behind one, `{}` is an argument that is missing.
const NOTHING: &[&str] = &["{}", "&"];

/// Operators at which a formula goes on in the next line, or has to.
const OPERATORS: &[&str] = &["+", r"\cdot", r"\times", r"\odot", r"\otimes", r"\circ"];

/// A text without the spaces that it begins with.
fn behind_spaces(text: &str) -> &str {
    let mut text = text.trim_start();
    let blank = SPACES.iter().chain(NOTHING);
    while let Some(rest) = blank.clone().find_map(|space| text.strip_prefix(space)) {
        text = rest.trim_start();
    }
    text
}

/// A text without the spaces and stops that it ends with.
fn before_end(text: &str) -> &str {
    let mut text = text.trim_end();
    loop {
        let space = SPACES.iter().find_map(|space| text.strip_suffix(space));
        let stop = || {
            text.strip_suffix(['.', ',', ';'])
                .filter(|_| !text.ends_with(r"\right."))
        };
        match space.or_else(stop) {
            Some(rest) => text = rest.trim_end(),
            None => return text,
        }
    }
}

/// Where the lines are of several equations behind one brace, `\left\{\begin{aligned}…\end{aligned}\right.`: each says what
/// something is.
fn equations_in_brace(text: &str) -> Option<(usize, usize)> {
    let inner = text
        .strip_prefix(r"\left\{")
        .or_else(|| text.strip_prefix(r"\{"))
        .map_or(text, behind_spaces);
    let (name, rows) = inner.strip_prefix(r"\begin{")?.split_once('}')?;
    let (rows, behind) = rows.split_once(&format!(r"\end{{{name}}}"))?;
    let braced = inner.len() < text.len();
    let closed = matches!(behind.trim(), "" | r"\right.");
    if !closed || !(braced || name == "cases") {
        return None;
    }
    let rows = match (name, rows.strip_prefix('{')) {
        ("array", Some(columns)) => columns.split_once('}')?.1,
        _ => rows,
    };
    let equations = rows
        .split(r"\\")
        .all(|row| row.trim().is_empty() || row.contains('='));
    let last = text.len() - behind.len() - r"\end{}".len() - name.len();
    equations.then_some((last - rows.len(), last))
}

/// How long the end of a line is: `\\`, `\\[4pt]`.
fn line_end(text: &str) -> usize {
    let behind = text[2..].trim_start();
    let length = behind.strip_prefix('[').and_then(|inside| {
        let (space, _) = inside.split_once(']')?;
        let is_length = space.starts_with(|c: char| c.is_ascii_digit() || "-.".contains(c))
            && space.ends_with(|c: char| c.is_ascii_alphabetic());
        is_length.then_some(space.len() + 2)
    });
    length.map_or(2, |length| text.len() - behind.len() + length)
}

/// How long the text between two lines is that something begins with, `\intertext{…}`; and what it says of the line
/// below, as long as it: `\intertext{If $i \ne j$:}` as `\text{If}i \ne j:`.
fn text_between(rest: &str) -> Option<(usize, String)> {
    let commands = [r"\intertext", r"\shortintertext"];
    let inside = commands
        .iter()
        .find_map(|command| rest.strip_prefix(command))?;
    let (text, _) = braced(inside)?;
    let length = rest.len() - inside.len() + text.len() + 2;
    let condition = text.split_once(" $").and_then(|(word, behind)| {
        let (mathematics, end) = behind.split_once('$')?;
        let led = matches!(word.trim().to_lowercase().as_str(), "if" | "for" | "when");
        let ends = matches!(end.trim(), "" | ":" | ",");
        (led && ends).then(|| format!(r"\text{{{word}}}{mathematics}:"))
    });
    let condition = condition.map_or_else(String::new, |said| format!("{said:length$}"));
    Some((length, condition))
}

/// How long the remark in the column behind a formula is, `&& \text{chain rule}`; none if it says for what the formula
/// holds, or defines something.
fn remark_behind(rest: &str) -> Option<usize> {
    let behind = behind_spaces(rest.strip_prefix("&&")?);
    let commands = [r"\text", r"\textrm", r"\textit", r"\mbox"];
    let inside = commands
        .iter()
        .find_map(|command| behind.strip_prefix(command))?;
    let (text, _) = braced(inside)?;
    let word = text
        .split(|c: char| !c.is_alphabetic())
        .find(|word| !word.is_empty());
    let word = word.unwrap_or_default().to_lowercase();
    if qualifier::says_where(text) || DEFINING.contains(&word.as_str()) {
        return None;
    }
    Some(rest.find(r"\\").unwrap_or(rest.len()))
}

/// Whether a line goes on with the formula of the line before. One that begins with a minus sign may also be a formula of
/// its own, with its own sign of equality.
fn goes_on(line: &str) -> bool {
    let rest_of_bracket = line.starts_with(r"\left.");
    if rest_of_bracket || OPERATORS.iter().any(|operator| line.starts_with(operator)) {
        return true;
    }
    let mut depth = 0;
    line.starts_with('-')
        && !line.split(r"\\").next().is_some_and(|line| {
            line.chars().any(|c| {
                match c {
                    '{' | '(' | '[' => depth += 1,
                    '}' | ')' | ']' => depth -= 1,
                    _ => {}
                }
                c == '=' && depth == 0
            })
        })
}

/// Whether something has to follow in the next line.
fn ends_open(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with(['-', '=']) || OPERATORS.iter().any(|operator| line.ends_with(operator))
}

/// The lines of an environment: at `\\` outside of inner environments and braces.
fn lines(text: &str, start: usize, end: usize, defines: bool, into: &mut Vec<Formula>) {
    let (mut depth, mut braces) = (0i32, 0i32);
    let mut begin = start;
    let mut at = start;
    let mut buffer: Vec<u8> = Vec::new();
    let flush = |from: usize, buffer: &mut Vec<u8>, into: &mut Vec<Formula>| {
        let line = String::from_utf8(std::mem::take(buffer)).unwrap_or_default();
        let body = before_end(&line);
        let inner = behind_spaces(body);
        if inner.is_empty() {
            return;
        }
        if let Some((first, last)) = equations_in_brace(inner) {
            let offset = from + body.len() - inner.len();
            lines(text, offset + first, offset + last, defines, into);
            return;
        }
        let (inner, continues) = match inner.strip_prefix('=') {
            Some(right) => (right.trim_start(), true),
            None => (inner, false),
        };
        into.push(Formula {
            text: inner.to_owned(),
            offset: from + body.len() - inner.len(),
            continues,
            defines,
        });
    };
    while at < end {
        let rest = &text[at..end];
        if rest.starts_with(r"\begin{") {
            // Inner environments of lines are transparent, others and those behind a brace keep theirs.
            let lined = environment(rest).filter(|_| !behind_brace(&text[..at]) && depth == 0);
            depth += i32::from(lined.is_none());
            if let Some(name) = lined {
                let length = r"\begin{}".len() + name.len();
                buffer.extend(std::iter::repeat_n(b' ', length));
                at += length;
                continue;
            }
        } else if let Some(inside) = rest.strip_prefix(r"\end{") {
            let name = inside.split_once('}').map_or("", |(name, _)| name);
            if ENVIRONMENTS.contains(&name) && depth == 0 {
                let length = r"\end{}".len() + name.len();
                buffer.extend(std::iter::repeat_n(b' ', length));
                at += length;
                continue;
            }
            depth -= 1;
        } else if rest.starts_with(r"\\") && depth == 0 && braces == 0 {
            let next = at + line_end(rest);
            let open = std::str::from_utf8(&buffer).is_ok_and(ends_open);
            if open || goes_on(behind_spaces(&text[next..end])) {
                buffer.extend(std::iter::repeat_n(b' ', next - at));
            } else {
                flush(begin, &mut buffer, into);
                begin = next;
            }
            at = next;
            continue;
        } else if rest.starts_with(r"\\") || rest.starts_with(r"\{") || rest.starts_with(r"\}") {
            buffer.extend_from_slice(&rest.as_bytes()[..2]);
            at += 2;
            continue;
        }
        let set_between = (depth == 0 && braces == 0)
            .then(|| text_between(rest))
            .flatten();
        if let Some((length, condition)) = set_between {
            flush(begin, &mut buffer, into);
            begin = at + if condition.is_empty() { length } else { 0 };
            buffer.extend(condition.into_bytes());
            at += length;
            continue;
        }
        let remark = (depth == 0 && braces == 0)
            .then(|| remark_behind(rest))
            .flatten();
        if let Some(length) = remark {
            buffer.extend(std::iter::repeat_n(b' ', length));
            at += length;
            continue;
        }
        let length = rest.chars().next().map_or(1, char::len_utf8);
        braces += i32::from(rest.starts_with('{')) - i32::from(rest.starts_with('}'));
        if rest.starts_with('&') && depth == 0 {
            buffer.push(b' ');
        } else {
            buffer.extend_from_slice(&rest.as_bytes()[..length]);
        }
        at += length;
    }
    flush(begin, &mut buffer, into);
}
