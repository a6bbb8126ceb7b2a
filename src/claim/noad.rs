//! LaTeX mathematics as a list of noads: symbols with their scripts, fences matched, fonts and spaces dropped.
//!
//! This is the form of the text only. What a symbol means is decided later, by the network's names.

use crate::source::{Diagnostic, Report, Span};
use crate::syntax::greek_command;

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

/// Fonts, which say nothing.
const FONTS: &[&str] = &[
    "mathbf",
    "boldsymbol",
    "bm",
    "mathcal",
    "mathbb",
    "mathsf",
    "mathit",
    "mathscr",
    "mathfrak",
    "vec",
    "overrightarrow",
    "underline",
    "textbf",
    "textit",
    "pmb",
];

/// Commands around a word.
const WORDS: &[&str] = &[
    "operatorname",
    "operatorname*",
    "text",
    "mathrm",
    "textrm",
    "mbox",
    "textsc",
    "texttt",
];

/// Sizes that an opening bracket may have.
const OPENING: &[&str] = &[
    "left", "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl",
];

/// Spaces and hints for the typesetter.
const NOTHING: &[&str] = &[
    ",",
    ";",
    ":",
    "!",
    " ",
    "quad",
    "qquad",
    "left",
    "right",
    "big",
    "Big",
    "bigg",
    "Bigg",
    "bigl",
    "bigr",
    "Bigl",
    "Bigr",
    "biggl",
    "biggr",
    "Biggl",
    "Biggr",
    "middle",
    "limits",
    "nolimits",
    "displaystyle",
    "textstyle",
    "nonumber",
    "notag",
    "thinspace",
    "enspace",
    "null",
    "scriptstyle",
    "mathstrut",
    "allowbreak",
];

/// Accents that make another name.
const ACCENTS: &[&str] = &[
    "hat",
    "widehat",
    "tilde",
    "widetilde",
    "bar",
    "overline",
    "dot",
    "check",
    "breve",
];

/// Functions with a command of their own.
const FUNCTIONS: &[&str] = &[
    "log", "ln", "exp", "sin", "cos", "tan", "tanh", "sinh", "cosh", "max", "min", "det", "arg",
    "lim",
];

/// Symbols that are no Greek letters.
const SYMBOLS: &[&str] = &[
    "ell", "partial", "nabla", "sum", "prod", "cdot", "odot", "oslash", "circ", "otimes", "times",
    "bullet", "ast", "star", "div", "top", "intercal", "infty", "forall", "in", "dots", "ldots",
    "cdots", "prime", "mid", "dagger", "mathbbm", "hbar", "setminus", "to", "quad",
];

/// Reads LaTeX that starts at `offset` of its source.
pub(crate) fn read(text: &str, offset: usize) -> Result<List, Report> {
    check_form(text, offset)?;
    let mut reader = Reader {
        text,
        at: 0,
        offset,
    };
    let list = reader.list(None)?;
    Ok(list)
}

fn error(code: &'static str, message: impl Into<String>, start: usize, end: usize) -> Report {
    Diagnostic::error(code, message, Span::new(start, end), "").into()
}

/// Brackets and operators, in the order of the text: the first thing that is wrong is the one that is named.
fn check_form(text: &str, offset: usize) -> Result<(), Report> {
    let bytes = text.as_bytes();
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut environments: Vec<(String, usize, usize)> = Vec::new();
    let mut before: Option<(Token, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let token = next_token(text, &mut at);
        match &token {
            Token::Space => continue,
            Token::Open(bracket) => open.push((*bracket, start)),
            Token::Close(bracket) => match open.last() {
                Some((opened, _)) if closes(*opened, *bracket) => {
                    open.pop();
                }
                Some((opened, place)) => {
                    let (code, what) = code_of(if *bracket == '}' { '{' } else { *opened });
                    return Err(Diagnostic::error(
                        code,
                        format!("{what} do not match"),
                        Span::new(offset + start, offset + at),
                        "closed here",
                    )
                    .label(Span::new(offset + place, offset + place + 1), "opened here")
                    .into());
                }
                None => {
                    let (code, what) = code_of(*bracket);
                    return Err(error(
                        code,
                        format!("{what} do not match: nothing is open here"),
                        offset + start,
                        offset + at,
                    ));
                }
            },
            Token::Begin(name) => environments.push((name.clone(), open.len(), start)),
            Token::End(name) => match environments.pop() {
                Some((begun, depth, _)) if begun == *name && depth == open.len() => {}
                _ => {
                    return Err(error(
                        "unclosed-environment",
                        format!(r"\end{{{name}}} ends nothing that is open here"),
                        offset + start,
                        offset + at,
                    ));
                }
            },
            Token::Operator | Token::Sign | Token::Break | Token::Other => {}
        }
        let dangling = match (&before, &token) {
            // `(*`, `+ *`, `(`…: an operator that needs something before it.
            (Some((Token::Open(_) | Token::Operator | Token::Sign, _)), Token::Operator) => {
                Some(start)
            }
            (None, Token::Operator) => Some(start),
            // `*)`, `+ )`: nothing behind it.
            (Some((Token::Operator | Token::Sign, place)), Token::Close(close))
                if *close != '}' || in_braces(&open) =>
            {
                Some(*place)
            }
            _ => None,
        };
        if let Some(place) = dangling
            && !in_script(text, place)
        {
            return Err(error(
                "dangling-operator",
                "an operator without an operand",
                offset + place,
                offset + place + 1,
            ));
        }
        before = Some((token, start));
    }
    if let Some((Token::Operator | Token::Sign, place)) = before {
        return Err(error(
            "dangling-operator",
            "nothing stands behind this operator",
            offset + place,
            offset + place + 1,
        ));
    }
    if let Some((bracket, place)) = open.first().or(open.last()) {
        let (code, what) = code_of(*bracket);
        return Err(error(
            code,
            format!("{what} do not match: this one is never closed"),
            offset + place,
            offset + place + 1,
        ));
    }
    if let Some((name, _, place)) = environments.first() {
        return Err(error(
            "unclosed-environment",
            format!(r"\begin{{{name}}} is never ended"),
            offset + place,
            offset + place + 6,
        ));
    }
    Ok(())
}

/// In a script an operator alone may be a mark (`x^*`, `x^+`).
fn in_script(text: &str, place: usize) -> bool {
    let before = text[..place].trim_end();
    before.ends_with('^')
        || before.ends_with('_')
        || before.ends_with("^{")
        || before.ends_with("_{")
}

fn in_braces(open: &[(char, usize)]) -> bool {
    !open.is_empty()
}

fn code_of(bracket: char) -> (&'static str, &'static str) {
    if matches!(bracket, '{' | '}') {
        ("unbalanced-braces", "braces")
    } else {
        ("unbalanced-parentheses", "brackets")
    }
}

fn closes(open: char, close: char) -> bool {
    matches!(
        (open, close),
        ('(', ')') | ('[', ']') | ('{', '}') | ('\u{1}', '\u{2}')
    )
}

enum Token {
    Space,
    Open(char),
    Close(char),
    Begin(String),
    End(String),
    /// `*`, `/`, `\cdot`, …: needs both sides.
    Operator,
    /// `+`, `-`, `=`: needs the right side.
    Sign,
    /// `\\` or `&`
    Break,
    Other,
}

fn command_at(text: &str, at: usize) -> &str {
    let rest = &text[at + 1..];
    let length = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let length = if length == 0 {
        rest.chars().next().map_or(0, char::len_utf8)
    } else {
        length
    };
    &rest[..length]
}

fn next_token(text: &str, at: &mut usize) -> Token {
    let c = text[*at..].chars().next().expect("inside the text");
    if c != '\\' {
        *at += c.len_utf8();
    }
    match c {
        '(' | '[' | '{' => Token::Open(c),
        ')' | ']' | '}' => Token::Close(c),
        '*' | '/' => Token::Operator,
        '+' | '-' | '=' | '−' => Token::Sign,
        '&' => Token::Break,
        ' ' | '\t' | '\n' | '\r' | '~' => Token::Space,
        '\\' => {
            let name = command_at(text, *at).to_owned();
            *at += 1 + name.len();
            match name.as_str() {
                "\\" => Token::Break,
                "begin" | "end" => {
                    let rest = &text[*at..];
                    let argument = rest
                        .trim_start()
                        .strip_prefix('{')
                        .and_then(|inside| inside.split_once('}'))
                        .map(|(argument, _)| argument.to_owned());
                    match argument {
                        Some(argument) => {
                            let skipped = rest.find('}').map_or(rest.len(), |end| end + 1);
                            *at += skipped;
                            if name == "begin" {
                                Token::Begin(argument)
                            } else {
                                Token::End(argument)
                            }
                        }
                        None => Token::Other,
                    }
                }
                "cdot" | "odot" | "oslash" | "times" | "otimes" | "div" => Token::Operator,
                "{" | "lbrace" => Token::Open('\u{1}'),
                "}" | "rbrace" => Token::Close('\u{2}'),
                found if NOTHING.contains(&found) => Token::Space,
                _ => Token::Other,
            }
        }
        _ => Token::Other,
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    offset: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.offset + start, self.offset + self.at)
    }

    fn skip_spaces(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with(|c: char| c.is_whitespace() || c == '~') {
                self.at += rest.chars().next().map_or(0, char::len_utf8);
                continue;
            }
            if rest.starts_with('\\') {
                let name = command_at(self.text, self.at).to_owned();
                if NOTHING.contains(&name.as_str()) || name == "label" || name == "tag" {
                    self.at += 1 + name.len();
                    if (name == "left" || name == "right") && self.rest().starts_with('.') {
                        self.at += 1;
                    }
                    if name == "label" || name == "tag" {
                        self.at += self.rest().find('}').map_or(0, |end| end + 1);
                    }
                    continue;
                }
            }
            return;
        }
    }

    /// Noads up to the closing bracket, which is left standing.
    fn list(&mut self, close: Option<&str>) -> Result<List, Report> {
        let mut list = List::new();
        loop {
            self.skip_spaces();
            if self.at >= self.text.len() {
                return Ok(list);
            }
            if close.is_some_and(|close| self.rest().starts_with(close)) {
                return Ok(list);
            }
            self.noad(&mut list)?;
        }
    }

    /// An argument in braces, or a single noad.
    fn argument(&mut self, of: &str) -> Result<List, Report> {
        self.skip_spaces();
        let start = self.at;
        if self.rest().starts_with('{') {
            self.at += 1;
            let list = self.list(Some("}"))?;
            self.at += 1;
            return Ok(list);
        }
        let mut list = List::new();
        if self.at >= self.text.len() || self.rest().starts_with(['}', ')', ']', '&']) {
            return Err(error(
                "missing-argument",
                format!(r"\{of} needs something behind it"),
                self.offset + start.saturating_sub(1),
                self.offset + start,
            ));
        }
        // A single token: `\frac12`, `\hat y_i` takes the y only.
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            let digit = self.text[start..self.at].to_owned();
            list.push(Noad::new(Kind::Number(digit), self.span(start)));
            return Ok(list);
        }
        self.nucleus(&mut list)?;
        Ok(list)
    }

    fn filled(&mut self, of: &str, code: &'static str) -> Result<List, Report> {
        let start = self.at;
        let list = self.argument(of)?;
        if list.is_empty() {
            return Err(error(
                code,
                format!(r"an argument of \{of} is empty"),
                self.offset + start,
                self.offset + self.at,
            ));
        }
        Ok(list)
    }

    fn noad(&mut self, list: &mut List) -> Result<(), Report> {
        let count = list.len();
        let c = self.peek();
        if matches!(c, Some('_' | '^' | '\'')) {
            // Scripts of nothing: those of an empty group.
            let span = self.span(self.at);
            list.push(Noad::new(Kind::Group(List::new()), span));
        } else {
            self.nucleus(list)?;
        }
        if list.len() > count {
            self.scripts(list)?;
        }
        Ok(())
    }

    fn scripts(&mut self, list: &mut List) -> Result<(), Report> {
        loop {
            self.skip_spaces();
            let start = self.at;
            match self.peek() {
                Some('\'') => {
                    self.at += 1;
                    let last = list.last_mut().expect("a nucleus");
                    last.primes += 1;
                    last.span = last
                        .span
                        .to(Span::new(self.offset + start, self.offset + self.at));
                }
                Some(script @ ('_' | '^')) => {
                    self.at += 1;
                    let inside = self.argument(if script == '_' { "_" } else { "^" })?;
                    let whole = self.span(start);
                    let last = list.last_mut().expect("a nucleus");
                    let only_prime = inside.len() == 1 && inside[0].is_command("prime");
                    if script == '^' && only_prime {
                        last.primes += 1;
                        last.span = last.span.to(whole);
                        continue;
                    }
                    let place = if script == '_' {
                        &mut last.sub
                    } else {
                        &mut last.sup
                    };
                    if place.is_some() {
                        return Err(error(
                            "double-script",
                            "a second script of the same kind",
                            whole.start,
                            whole.end,
                        ));
                    }
                    *place = Some(inside);
                    last.span = last.span.to(whole);
                }
                _ => return Ok(()),
            }
        }
    }

    fn nucleus(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        let c = self.peek().expect("inside the text");
        let sign = match c {
            '+' => Some("+"),
            '-' | '−' => Some("-"),
            '*' => Some("*"),
            '/' => Some("/"),
            '=' => Some("="),
            '<' => Some("<"),
            '>' => Some(">"),
            ',' => Some(","),
            ';' => Some(";"),
            ':' if self.rest().starts_with(":=") => {
                self.at += 1;
                Some(":=")
            }
            ':' => Some(":"),
            '!' => Some("!"),
            '&' => Some("&"),
            '.' => Some("."),
            '≤' => Some("<="),
            '≥' => Some(">="),
            '≠' => Some("!="),
            _ => None,
        };
        if let Some(sign) = sign {
            self.at += c.len_utf8();
            list.push(Noad::new(Kind::Sign(sign), self.span(start)));
            return Ok(());
        }
        if c.is_ascii_digit() {
            let rest = self.rest();
            let mut length = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let tail = &rest[length..];
            if tail.starts_with('.') && tail[1..].starts_with(|c: char| c.is_ascii_digit()) {
                let digits = tail[1..]
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(tail.len() - 1);
                length += 1 + digits;
            }
            let text = rest[..length].to_owned();
            self.at += length;
            list.push(Noad::new(Kind::Number(text), self.span(start)));
            return Ok(());
        }
        match c {
            '(' => self.fence(list, '(', ")"),
            '[' => self.fence(list, '[', "]"),
            '|' => self.bars(list, "|", '|'),
            '{' => {
                self.at += 1;
                let inside = self.list(Some("}"))?;
                self.at += 1;
                self.push_group(list, inside, start);
                Ok(())
            }
            '\\' => self.command(list),
            _ if c.is_alphabetic() => {
                self.at += c.len_utf8();
                list.push(Noad::new(Kind::Letter(c), self.span(start)));
                Ok(())
            }
            _ => Err(error(
                "unknown-sign",
                format!("`{c}` is no part of a formula"),
                self.offset + start,
                self.offset + start + c.len_utf8(),
            )),
        }
    }

    /// Braces around a single noad without scripts say nothing.
    fn push_group(&self, list: &mut List, inside: List, start: usize) {
        match inside.as_slice() {
            [only] if only.is_bare() => list.push(inside[0].clone()),
            _ => list.push(Noad::new(Kind::Group(inside), self.span(start))),
        }
    }

    /// Where a bracket begins, with the command for its size in front of it.
    fn sized(&self, bracket: usize) -> usize {
        let before = self.text[..bracket].trim_end();
        let command = before.rfind('\\').map_or("", |at| &before[at + 1..]);
        if OPENING.contains(&command) {
            before.len() - command.len() - 1
        } else {
            bracket
        }
    }

    fn fence(&mut self, list: &mut List, open: char, close: &str) -> Result<(), Report> {
        let start = self.sized(self.at);
        self.at += 1;
        let inside = self.list(Some(close))?;
        self.at += close.len();
        list.push(Noad::new(Kind::Fence(open, inside), self.span(start)));
        Ok(())
    }

    fn bars(&mut self, list: &mut List, bar: &str, kind: char) -> Result<(), Report> {
        let start = self.at;
        self.at += bar.len();
        let inside = self.list(Some(bar))?;
        if !self.rest().starts_with(bar) {
            return Err(error(
                "unbalanced-parentheses",
                "this bar has no partner",
                self.offset + start,
                self.offset + start + bar.len(),
            ));
        }
        self.at += bar.len();
        let start = self.sized(start);
        list.push(Noad::new(Kind::Fence(kind, inside), self.span(start)));
        Ok(())
    }

    fn command(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        let name = command_at(self.text, self.at).to_owned();
        self.at += 1 + name.len();
        let name = if name == "operatorname" && self.rest().starts_with('*') {
            self.at += 1;
            name
        } else {
            name
        };
        match name.as_str() {
            "frac" | "tfrac" | "dfrac" | "cfrac" => {
                let above = self.filled(&name, "missing-numerator")?;
                let below = self.filled(&name, "missing-denominator")?;
                list.push(Noad::new(Kind::Fraction(above, below), self.span(start)));
            }
            // Conditions one below the other.
            "substack" => {
                for mut noad in self.argument(&name)? {
                    if noad.is_sign("\\\\") {
                        noad.kind = Kind::Sign(",");
                    }
                    list.push(noad);
                }
            }
            "sqrt" => {
                self.skip_spaces();
                let mut order = None;
                if self.rest().starts_with('[') {
                    self.at += 1;
                    order = Some(self.list(Some("]"))?);
                    self.at += 1;
                }
                let inside = self.filled(&name, "missing-argument")?;
                list.push(Noad::new(Kind::Root(order, inside), self.span(start)));
            }
            "lVert" | "Vert" | "|" | "rVert" => {
                let close = if name == "lVert" {
                    r"\rVert".to_owned()
                } else {
                    format!(r"\{name}")
                };
                self.norm(list, start, &close, '‖')?;
            }
            "lvert" => self.norm(list, start, r"\rvert", '|')?,
            "{" | "lbrace" => {
                let inside = self.list(Some(r"\}"))?;
                self.at += 2;
                list.push(Noad::new(Kind::Fence('{', inside), self.span(start)));
            }
            "begin" => self.environment(list, start)?,
            "le" | "leq" | "leqslant" => list.push(Noad::new(Kind::Sign("<="), self.span(start))),
            "ge" | "geq" | "geqslant" => list.push(Noad::new(Kind::Sign(">="), self.span(start))),
            "ne" | "neq" => list.push(Noad::new(Kind::Sign("!="), self.span(start))),
            "lt" => list.push(Noad::new(Kind::Sign("<"), self.span(start))),
            "gt" => list.push(Noad::new(Kind::Sign(">"), self.span(start))),
            // One equation after another.
            "implies" | "Rightarrow" | "Longrightarrow" | "iff" | "Leftrightarrow"
            | "Longleftrightarrow" | "therefore" => {
                list.push(Noad::new(Kind::Sign(","), self.span(start)));
            }
            "equiv" | "coloneqq" | "triangleq" | "doteq" => {
                list.push(Noad::new(Kind::Sign(":="), self.span(start)));
            }
            "\\" => list.push(Noad::new(Kind::Sign("\\\\"), self.span(start))),
            "tr" | "diag" | "Tr" => {
                list.push(Noad::new(Kind::Word(name.to_lowercase()), self.span(start)));
            }
            "mathbb" | "mathbf" | "mathbbm" | "boldsymbol" | "bm" | "vec" if self.next_is_one() => {
                self.argument(&name)?;
                list.push(Noad::new(Kind::One, self.span(start)));
            }
            found if FONTS.contains(&found) => {
                let inside = self.argument(&name)?;
                match inside.as_slice() {
                    [only] => {
                        let mut only = only.clone();
                        only.span = self.span(start);
                        list.push(only);
                    }
                    _ => self.push_group(list, inside, start),
                }
            }
            found if ACCENTS.contains(&found) => {
                let inside = self.filled(&name, "missing-argument")?;
                let accent = match found {
                    "widehat" => "hat",
                    "widetilde" => "tilde",
                    "overline" => "bar",
                    other => other,
                };
                list.push(Noad::new(
                    Kind::Accent(accent.to_owned(), inside),
                    self.span(start),
                ));
            }
            found if WORDS.contains(&found) => {
                self.skip_spaces();
                let rest = self.rest().to_owned();
                let inside = rest
                    .strip_prefix('{')
                    .and_then(|inside| inside.split_once('}'));
                let word = match inside {
                    Some((word, _)) => {
                        self.at += word.len() + 2;
                        word.trim().to_owned()
                    }
                    None => {
                        let c = rest.chars().next().unwrap_or(' ');
                        self.at += c.len_utf8();
                        c.to_string()
                    }
                };
                let mut letters = word.chars();
                match (letters.next(), letters.next()) {
                    (Some('1'), None) => list.push(Noad::new(Kind::One, self.span(start))),
                    (Some(letter), None) if letter.is_alphabetic() => {
                        list.push(Noad::new(Kind::Letter(letter), self.span(start)));
                    }
                    _ => list.push(Noad::new(Kind::Word(word), self.span(start))),
                }
            }
            found if FUNCTIONS.contains(&found) => {
                list.push(Noad::new(Kind::Word(name.clone()), self.span(start)));
            }
            found if greek_command(found).is_some() || SYMBOLS.contains(&found) => {
                list.push(Noad::new(Kind::Command(name.clone()), self.span(start)));
            }
            _ => {
                return Err(error(
                    "unknown-command",
                    format!(r"\{name} is not known"),
                    self.offset + start,
                    self.offset + self.at,
                ));
            }
        }
        Ok(())
    }

    fn next_is_one(&self) -> bool {
        let rest = self.rest().trim_start();
        rest.starts_with('1')
            || rest
                .strip_prefix('{')
                .is_some_and(|inside| inside.trim_start().starts_with("1}"))
    }

    fn norm(
        &mut self,
        list: &mut List,
        start: usize,
        close: &str,
        kind: char,
    ) -> Result<(), Report> {
        let inside = self.list(Some(close))?;
        if !self.rest().starts_with(close) {
            return Err(error(
                "unbalanced-parentheses",
                "this bar has no partner",
                self.offset + start,
                self.offset + start + 1,
            ));
        }
        self.at += close.len();
        list.push(Noad::new(Kind::Fence(kind, inside), self.span(start)));
        Ok(())
    }

    fn environment(&mut self, list: &mut List, start: usize) -> Result<(), Report> {
        let rest = self.rest().to_owned();
        let name = rest
            .trim_start()
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'))
            .map(|(name, _)| name.to_owned())
            .unwrap_or_default();
        self.at += rest.find('}').map_or(rest.len(), |end| end + 1);
        let table = match name.as_str() {
            "cases" | "dcases" => Table::Cases,
            "pmatrix" | "bmatrix" | "matrix" | "smallmatrix" => Table::Matrix,
            "aligned" | "split" | "gathered" | "array" => {
                // Lines inside a formula: read as if they stood there.
                let end = format!(r"\end{{{name}}}");
                let inside = self.list(Some(&end))?;
                self.at += end.len();
                list.extend(inside);
                return Ok(());
            }
            _ => {
                return Err(error(
                    "unknown-environment",
                    format!("the environment `{name}` is not known here"),
                    self.offset + start,
                    self.offset + self.at,
                ));
            }
        };
        let end = format!(r"\end{{{name}}}");
        let inside = self.list(Some(&end))?;
        self.at += end.len();
        let mut rows: Vec<Vec<List>> = Vec::new();
        for line in inside.split(|noad| noad.is_sign("\\\\")) {
            if line.is_empty() {
                continue;
            }
            rows.push(
                line.split(|noad| noad.is_sign("&"))
                    .map(<[Noad]>::to_vec)
                    .collect(),
            );
        }
        list.push(Noad::new(Kind::Table(table, rows), self.span(start)));
        Ok(())
    }
}
