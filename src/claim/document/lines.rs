//! The lines of a formula, and what stands between them.

use super::super::qualifier;
use super::super::token::{self, Token, TokenKind, braced, last, text_of};
use super::{DEFINING, Formula, behind_argument, behind_brace, is_lined, lines_begin, numbers};

/// Spaces as TeX has them.
pub(super) const SPACES: &[&str] = &["quad", "qquad", ",", ";", ":", "!", " "];

/// Letters that count something by custom.
const COUNTING: &[char] = &['i', 'j', 'k', 'l', 'm', 'n', 't'];

/// Operators at which a formula goes on in the next line, or has to.
const OPERATORS: &[&str] = &["cdot", "times", "odot", "otimes", "circ"];

/// The lines of an environment: at `\\` outside of inner environments and braces.
pub(super) fn of<'t>(tokens: &[Token<'t>], defines: bool, into: &mut Vec<Formula<'t>>) {
    let mut lines = Lines {
        line: Vec::new(),
        cells: 0,
        column: 0,
        lefts: Vec::new(),
        defines,
        into,
    };
    // How many environments that keep their lines, how many braces, and how many arrays of equations are open.
    let (mut depth, mut braces, mut arrays) = (0, 0, 0);
    let mut at = 0;
    while at < tokens.len() {
        let (token, rest) = (tokens[at], &tokens[at..]);
        let outside = depth == 0 && braces == 0;
        at += 1;
        match token.kind {
            // Inner environments of lines are transparent, others and those behind a brace keep theirs.
            TokenKind::Begin(name)
                if depth == 0
                    && lines_begin(tokens, at - 1)
                    && !behind_brace(&tokens[..at - 1]) =>
            {
                arrays += usize::from(name == "array");
                lines.line.push(token.blanked());
                at = behind_argument(tokens, at, name);
            }
            TokenKind::End(name) if depth == 0 && (is_lined(name) || arrays > 0) => {
                arrays -= usize::from(name == "array");
                lines.line.push(token.blanked());
            }
            TokenKind::LineEnd if outside => {
                let below = behind_spaces(&tokens[at..]);
                lines.cells = 0;
                if repeats_equality(&lines.line, below) {
                    lines.without_last();
                    lines.finish();
                } else if ends_open(&lines.line) || goes_on(below) {
                    lines.line.push(token.blanked());
                    continue;
                } else {
                    lines.finish();
                }
                lines.column = 0;
            }
            TokenKind::Command("intertext" | "shortintertext") if outside => {
                match braced(rest, 1) {
                    Some((text, behind)) => {
                        lines.finish();
                        lines.line = condition(text);
                        at += behind - 1;
                    }
                    None => lines.line.push(token),
                }
            }
            TokenKind::Cell if depth == 0 => {
                // `a &=& b` is one equation.
                let ends_sign = last(&tokens[..at - 1]).is_some_and(|(sign, before)| {
                    sign.is_equality()
                        && last(before).is_some_and(|(cell, _)| cell.kind == TokenKind::Cell)
                });
                lines.cells += usize::from(outside && !ends_sign);
                let column = lines.cells > 0 && lines.cells.is_multiple_of(2) && !ends_sign;
                match beside(&rest[1..]).filter(|_| outside && column) {
                    Some(Beside::Equation) => {
                        lines.finish();
                        lines.column += 1;
                    }
                    Some(Beside::Condition) => lines.line.extend(word("for", token)),
                    None => lines.line.push(token.blanked()),
                }
                if outside && is_remark(rest) {
                    let ends = |token: &Token<'_>| token.kind == TokenKind::LineEnd;
                    at += rest.iter().position(ends).unwrap_or(rest.len()) - 1;
                }
            }
            kind => {
                match kind {
                    TokenKind::Begin(_) => depth += 1,
                    TokenKind::End(_) => depth -= 1,
                    TokenKind::Open('{') => braces += 1,
                    TokenKind::Close('}') => braces -= 1,
                    _ => {}
                }
                lines.line.push(token);
            }
        }
    }
    lines.finish();
}

/// Formulas, and the line that is being put together.
struct Lines<'l, 't> {
    line: Vec<Token<'t>>,
    /// How many cells of the row of the file have ended.
    cells: usize,
    /// How many equations stand beside the line, in front of it.
    column: usize,
    /// The left side of the last equation in each of these columns.
    lefts: Vec<Vec<Token<'t>>>,
    defines: bool,
    into: &'l mut Vec<Formula<'t>>,
}

impl Lines<'_, '_> {
    /// Takes away the sign that the line ends with.
    fn without_last(&mut self) {
        let kept = last(&self.line).map_or(0, |(_, before)| before.len());
        self.line.truncate(kept);
    }

    /// Ends the line.
    fn finish(&mut self) {
        let line = numbers::without_tags(std::mem::take(&mut self.line));
        let inner = behind_spaces(before_end(numbers::without_number(before_end(&line))));
        if let Some(rows) = equations_in_brace(inner) {
            crate::stack::deep(|| of(rows, self.defines, self.into));
            return;
        }
        let (tokens, continues) = match inner {
            [] => return,
            [sign, right @ ..] if sign.is_symbol("=") => {
                match self.lefts.get(self.column).filter(|_| self.lefts.len() > 1) {
                    // What stands above may be that of another column.
                    Some(left) => {
                        let left = left.iter().map(|token| token.at(sign.span));
                        (left.chain(inner.iter().copied()).collect(), false)
                    }
                    None => (right[token::behind_spaces(right, 0)..].to_vec(), true),
                }
            }
            _ => {
                self.lefts.truncate(self.column);
                self.lefts.resize(self.column, Vec::new());
                let sign = first_equality(inner).unwrap_or(inner.len());
                self.lefts.push(inner[..sign].to_vec());
                (inner.to_vec(), false)
            }
        };
        self.into.push(Formula {
            tokens,
            continues,
            defines: self.defines,
        });
    }
}

/// A text without the spaces that it begins with; behind one, `{}` is an argument that is missing.
fn behind_spaces<'s, 't>(tokens: &'s [Token<'t>]) -> &'s [Token<'t>] {
    let mut tokens = tokens;
    loop {
        let is_space = |token: &Token<'_>| {
            token.is_space() || token.kind == TokenKind::Cell || token.is_command(SPACES)
        };
        tokens = match tokens {
            [first, rest @ ..] if is_space(first) => rest,
            [open, close, rest @ ..]
                if open.kind == TokenKind::Open('{') && close.kind == TokenKind::Close('}') =>
            {
                rest
            }
            _ => return tokens,
        };
    }
}

/// A text without the spaces and stops that it ends with.
pub(super) fn before_end<'s, 't>(tokens: &'s [Token<'t>]) -> &'s [Token<'t>] {
    let ends = |token: &Token<'_>| {
        let stop = [".", ",", ";"].iter().any(|stop| token.is_symbol(stop));
        stop || token.is_space() || token.is_command(SPACES)
    };
    let kept = tokens.iter().rposition(|token| !ends(token));
    &tokens[..kept.map_or(0, |kept| kept + 1)]
}

/// The lines of several equations behind one brace, `\left\{\begin{aligned}…\end{aligned}\right.`: each says what
/// something is.
fn equations_in_brace<'s, 't>(tokens: &'s [Token<'t>]) -> Option<&'s [Token<'t>]> {
    let (inner, brace) = match tokens {
        [left, brace, inner @ ..] if left.is_command(&["left"]) && brace.opens_printed() => {
            (behind_spaces(inner), true)
        }
        [brace, inner @ ..] if brace.opens_printed() => (behind_spaces(inner), true),
        _ => (tokens, false),
    };
    let [begin, rows @ ..] = inner else {
        return None;
    };
    let TokenKind::Begin(name) = begin.kind else {
        return None;
    };
    let end = rows
        .iter()
        .position(|token| token.kind == TokenKind::End(name))?;
    let closed = match last(&rows[end + 1..]) {
        None => true,
        Some((right, before)) => {
            right.kind == TokenKind::RightNothing && before.iter().all(Token::is_space)
        }
    };
    if !closed || !(brace || name == "cases") {
        return None;
    }
    let rows = &rows[..end];
    let rows = &rows[behind_argument(rows, 0, name)..];
    hold_equations(rows).then_some(rows)
}

/// Whether each of some rows states something.
fn hold_equations(rows: &[Token<'_>]) -> bool {
    rows.split(|token| token.kind == TokenKind::LineEnd)
        .all(|row| row.iter().all(Token::is_space) || row.iter().any(Token::is_equality))
}

/// Whether the array that is begun before a place is one of equations, `a &=& b`.
pub(super) fn are_equations(tokens: &[Token<'_>], at: usize) -> bool {
    let start = behind_argument(tokens, at, "array");
    let mut depth = 1;
    let end = (start..tokens.len()).find(|&at| {
        match tokens[at].kind {
            TokenKind::Begin(_) => depth += 1,
            TokenKind::End(_) => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.is_some_and(|end| {
        let rows = &tokens[start..end];
        hold_equations(rows) && rows.iter().any(Token::is_equality)
    })
}

/// What may stand beside an equation, in a column of its own.
#[derive(Debug, Clone, Copy)]
enum Beside {
    Equation,
    /// `i = j`
    Condition,
}

/// What the two cells that begin here hold beside an equation; none if it is no equation. What begins with a word is a
/// remark, or says of itself what it is.
fn beside(tokens: &[Token<'_>]) -> Option<Beside> {
    let (mut depth, mut cells) = (0, 0);
    let end = tokens.iter().position(|token| {
        match token.kind {
            TokenKind::Open(_) | TokenKind::Begin(_) => depth += 1,
            TokenKind::Close(_) | TokenKind::End(_) => depth -= 1,
            TokenKind::Cell if depth == 0 => cells += 1,
            _ => {}
        }
        depth < 0 || cells == 2 || (depth == 0 && token.kind == TokenKind::LineEnd)
    });
    let inner = behind_spaces(before_end(&tokens[..end.unwrap_or(tokens.len())]));
    let said: Vec<&Token<'_>> = inner.iter().filter(|token| !token.is_space()).collect();
    if let [letter, sign, other] = said.as_slice()
        && matches!(letter.kind, TokenKind::Letter(letter) if COUNTING.contains(&letter))
        && (sign.is_symbol("=") || sign.is_command(&["ne", "neq"]))
        && matches!(other.kind, TokenKind::Letter(_) | TokenKind::Digit)
    {
        return Some(Beside::Condition);
    }
    let ranges = said.iter().any(|token| {
        token.is_command(&["ldots", "dots", "cdots"]) || token.is_command(&["in", "forall"])
    }) && matches!(said.as_slice(), [letter, sign, ..]
        if matches!(letter.kind, TokenKind::Letter(_)) && sign.is_equality());
    let first = inner.first()?;
    let speaks = first.is_command(&["text", "textrm", "textit", "mbox", "forall"]);
    (!ranges && !speaks && first_equality(inner).is_some()).then_some(Beside::Equation)
}

/// The first sign of equality outside of brackets and environments.
fn first_equality(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|token| {
        match token.kind {
            TokenKind::Open(_) | TokenKind::Begin(_) => depth += 1,
            TokenKind::Close(_) | TokenKind::End(_) => depth -= 1,
            _ => {}
        }
        depth == 0 && token.is_equality()
    })
}

/// A word among formulas, at the place of a token.
fn word<'t>(word: &'static str, place: Token<'t>) -> [Token<'t>; 4] {
    let made = |kind, text| Token {
        kind,
        text,
        span: place.span,
    };
    [
        made(TokenKind::Command("text"), r"\text"),
        made(TokenKind::Open('{'), "{"),
        made(TokenKind::Symbol, word),
        made(TokenKind::Close('}'), "}"),
    ]
}

/// What the text between two lines says of the line below: that of `\intertext{If $i \ne j$:}` is `\text{If }i \ne j:`.
fn condition<'t>(text: &[Token<'t>]) -> Vec<Token<'t>> {
    let mut parts = text.splitn(3, |token| token.text == "$");
    let (Some(word), Some(mathematics), Some(end)) = (parts.next(), parts.next(), parts.next())
    else {
        return Vec::new();
    };
    let leads = matches!(
        text_of(word).trim().to_lowercase().as_str(),
        "if" | "for" | "when"
    );
    let ends = matches!(text_of(end).trim(), "" | ":" | ",");
    let (Some(first), true, true) = (word.first(), leads, ends) else {
        return Vec::new();
    };
    let made = |kind, text| Token {
        kind,
        text,
        span: first.span,
    };
    let mut said = vec![
        made(TokenKind::Command("text"), r"\text"),
        made(TokenKind::Open('{'), "{"),
    ];
    said.extend(word);
    said.push(made(TokenKind::Close('}'), "}"));
    said.extend(mathematics);
    said.push(made(TokenKind::Symbol, ":"));
    said
}

/// Whether a remark stands in the column behind a formula, `&& \text{chain rule}`; not if it says for what the formula
/// holds, or defines something.
fn is_remark(tokens: &[Token<'_>]) -> bool {
    let [_, second, behind @ ..] = tokens else {
        return false;
    };
    let behind = behind_spaces(behind);
    let is_text = behind
        .first()
        .is_some_and(|first| first.is_command(&["text", "textrm", "textit", "mbox"]));
    let Some((text, _)) = braced(behind, 1).filter(|_| is_text) else {
        return false;
    };
    let text = text_of(text);
    let word = text
        .split(|c: char| !c.is_alphabetic())
        .find(|word| !word.is_empty());
    let word = word.unwrap_or_default().to_lowercase();
    second.kind == TokenKind::Cell
        && !qualifier::says_where(&text)
        && !DEFINING.contains(&word.as_str())
}

fn is_operator(token: &Token<'_>) -> bool {
    token.is_symbol("+") || token.is_command(OPERATORS)
}

/// Whether a line goes on with the formula of the line before. One that begins with a minus sign may also be a formula of
/// its own, with its own sign of equality.
fn goes_on(line: &[Token<'_>]) -> bool {
    let Some(first) = line.first() else {
        return false;
    };
    let mut depth = 0;
    let is_equality_outside = |token: &Token<'_>| {
        match token.kind {
            TokenKind::Open(_) => depth += 1,
            TokenKind::Close(_) => depth -= 1,
            _ => {}
        }
        depth == 0 && token.is_equality()
    };
    let own = line
        .iter()
        .take_while(|token| token.kind != TokenKind::LineEnd);
    first.kind == TokenKind::LeftNothing
        || is_operator(first)
        || (first.is_symbol("-") && !own.into_iter().any(is_equality_outside))
}

/// Whether a line ends with the sign of equality that the next one repeats.
fn repeats_equality(line: &[Token<'_>], below: &[Token<'_>]) -> bool {
    last(line).is_some_and(|(last, _)| last.is_symbol("="))
        && below.first().is_some_and(|first| first.is_symbol("="))
}

/// Whether something has to follow in the next line.
fn ends_open(line: &[Token<'_>]) -> bool {
    last(line)
        .is_some_and(|(last, _)| last.is_symbol("-") || last.is_equality() || is_operator(last))
}
