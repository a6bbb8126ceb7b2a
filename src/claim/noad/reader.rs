//! From text to noads.

use std::cell::Cell;

use super::commands::{
    ACCENTS, FONTS, FRAMES, FUNCTIONS, IGNORED, NOTHING, OPENING, SYMBOLS, WIDE, WORDS, relation,
};
use super::form::{self, bar, brace, command_at};
use super::macros::{Macros, braced};
use super::{Kind, List, Noad, Table, unicode};
use crate::source::{Diagnostic, Report, Span};
use crate::syntax::{greek, greek_command};

/// Commands of the person's own that stand in one another, at most.
const DEEPEST: usize = 16;

/// Bytes that such commands may stand for in one formula, at most.
const LONGEST: usize = 100_000;

/// Reads a text whose brackets match.
pub(super) fn read(text: &str, offset: usize, macros: &Macros) -> Result<List, Report> {
    let mut reader = Reader {
        text,
        at: 0,
        offset,
        whole: None,
        macros,
        depth: 0,
        left: &Cell::new(LONGEST),
        wide: false,
    };
    reader.list(None)
}

/// Lines at `\\\\`, cells at `&`.
fn rows(list: &[Noad]) -> Vec<Vec<List>> {
    list.split(|noad| noad.is_sign("\\\\"))
        .filter(|line| !line.is_empty())
        .map(|line| {
            line.split(|noad| noad.is_sign("&"))
                .map(<[Noad]>::to_vec)
                .collect()
        })
        .collect()
}

/// The name of the command that a text begins with.
fn command_at_start(text: &str) -> Option<&str> {
    text.starts_with('\\').then(|| command_at(text, 0))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    offset: usize,
    /// The place of all of it, where the text is what a command of the person's own stands for.
    whole: Option<Span>,
    macros: &'a Macros,
    depth: usize,
    /// How many bytes commands of the person's own may still stand for.
    left: &'a Cell<usize>,
    /// A wide space was skipped since the last noad.
    wide: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn span(&self, start: usize) -> Span {
        self.place(start, self.at)
    }

    fn place(&self, start: usize, end: usize) -> Span {
        self.whole
            .unwrap_or_else(|| Span::new(self.offset + start, self.offset + end))
    }

    fn error(
        &self,
        code: &'static str,
        message: impl Into<String>,
        start: usize,
        end: usize,
    ) -> Report {
        Diagnostic::error(code, message, self.place(start, end), "").into()
    }

    /// A text that ends where another one's bracket does.
    fn inner(&self, end: usize) -> Reader<'_> {
        Reader {
            text: &self.text[..end],
            at: self.at,
            offset: self.offset,
            whole: self.whole,
            macros: self.macros,
            depth: self.depth,
            left: self.left,
            wide: false,
        }
    }

    /// A text that stands for what is at one place.
    fn within<'t>(&'t self, text: &'t str, whole: Span) -> Reader<'t> {
        Reader {
            text,
            at: 0,
            offset: 0,
            whole: Some(whole),
            macros: self.macros,
            depth: self.depth + 1,
            left: self.left,
            wide: false,
        }
    }

    fn skip_spaces(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with(|c: char| c.is_whitespace() || c == '~') {
                self.at += rest.chars().next().map_or(0, char::len_utf8);
                continue;
            }
            if !rest.starts_with('\\') {
                return;
            }
            let name = command_at(self.text, self.at).to_owned();
            if IGNORED.contains(&name.as_str()) {
                self.at += 1 + name.len();
                self.raw_argument();
            } else if NOTHING.contains(&name.as_str()) && !self.is_open_pair(&name) {
                self.at += 1 + name.len();
                self.wide |= WIDE.contains(&name.as_str());
                let sized = name == "left" || name == "right";
                self.at += usize::from(sized && self.rest().starts_with('.'));
            } else {
                return;
            }
        }
    }

    /// The text of an argument, which is not read.
    fn raw_argument(&mut self) -> String {
        let rest = self.rest();
        self.at = self.text.len() - rest.trim_start().len();
        let rest = self.rest();
        let length = match (braced(rest), rest.chars().next()) {
            (Some((inside, _)), _) => {
                let inside = inside.to_owned();
                self.at += inside.len() + 2;
                return inside;
            }
            (None, Some('\\')) => 1 + command_at(self.text, self.at).len(),
            (None, first) => first.map_or(0, char::len_utf8),
        };
        let argument = self.rest()[..length].to_owned();
        self.at += length;
        argument
    }

    /// Whether the command here is the `\left` of `\left\{ … \right.` or `\left. … \right|`. Elsewhere a bracket that is
    /// not printed says nothing: the one that is printed has its partner on another line.
    fn is_open_pair(&self, name: &str) -> bool {
        let from = self.at + 1 + name.len();
        let Some(right) = (name == "left")
            .then(|| form::partner(self.text, from))
            .flatten()
        else {
            return false;
        };
        let behind = &self.text[right + r"\right".len()..];
        if self.text[from..].starts_with('.') {
            bar(behind.trim_start()).is_some()
        } else {
            brace(self.text[from..].trim_start()).is_some() && behind.starts_with('.')
        }
    }

    /// `\left\{ … \right.`, which are cases; `\left. … \right|`, what is evaluated.
    fn open_pair(&mut self, list: &mut List, start: usize) -> Result<(), Report> {
        let right = form::partner(self.text, self.at).expect("seen in front of it");
        let behind = self.rest().trim_start();
        let open = brace(behind);
        self.at = self.text.len() - behind.len() + open.map_or(1, str::len);
        let inside = self.inner(right).list(None)?;
        self.at = right + r"\right".len();
        if open.is_some() {
            self.at += 1;
            let rows = match inside.first().map(|first| &first.kind) {
                Some(Kind::Table(_, rows)) if inside.len() == 1 => rows.clone(),
                _ => rows(&inside),
            };
            let cases = Kind::Table(Table::Cases, rows);
            list.push(Noad::new(cases, self.span(start)));
        } else {
            self.push_group(list, inside, start);
            let from = self.text.len() - self.rest().trim_start().len();
            self.at = from + bar(&self.text[from..]).map_or(1, str::len);
            list.push(Noad::new(Kind::Bar, self.span(from)));
        }
        Ok(())
    }

    /// What a command of the person's own stands for.
    fn expanded(&mut self, list: &mut List, name: &str, start: usize) -> Result<bool, Report> {
        let Some(own) = self.macros.get(name) else {
            return Ok(false);
        };
        let mut arguments = Vec::new();
        for number in 0..own.parameters {
            let default = own.default.as_ref().filter(|_| number == 0);
            arguments.push(match default {
                Some(default) => self.option().unwrap_or_else(|| default.clone()),
                None => self.raw_argument(),
            });
        }
        let text = own.filled(&arguments);
        let whole = self.span(start);
        let left = self.left.get().checked_sub(text.len());
        self.left.set(left.unwrap_or_default());
        if self.depth == DEEPEST || left.is_none() {
            return Err(self.error(
                "endless-command",
                format!(r"\{name} stands for itself, or for too much"),
                start,
                self.at,
            ));
        }
        if let Err(report) = form::check(&text, 0) {
            let why = report.diagnostics().first();
            let why = why.map_or_else(String::new, |first| first.message.clone());
            return Err(self.error(
                "unbalanced-parentheses",
                format!(r"what \{name} stands for is no formula: {why}"),
                start,
                self.at,
            ));
        }
        list.extend(self.within(&text, whole).list(None)?);
        Ok(true)
    }

    /// `[…]` behind a command.
    fn option(&mut self) -> Option<String> {
        let rest = self.rest().trim_start();
        let inside = rest.strip_prefix('[')?.split_once(']')?.0.to_owned();
        self.at = self.text.len() - rest.len() + inside.len() + 2;
        Some(inside)
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
            let start = self.at;
            if close == Some("}") && command_at_start(self.rest()) == Some("over") {
                self.at += r"\over".len();
                let below = self.list(close)?;
                let above = std::mem::take(&mut list);
                list.push(Noad::new(Kind::Fraction(above, below), self.span(start)));
                return Ok(list);
            }
            let (wide, count) = (std::mem::take(&mut self.wide), list.len());
            self.noad(&mut list)?;
            if let Some(first) = list.get_mut(count) {
                first.set_apart = wide;
            }
        }
    }

    /// Noads up to the closing bracket of one that was opened at `start`, and behind it.
    fn up_to(&mut self, close: &str, start: usize) -> Result<List, Report> {
        let list = self.list(Some(close))?;
        if !self.rest().starts_with(close) {
            return Err(self.error(
                "unbalanced-parentheses",
                "this bracket has no partner",
                start,
                start + 1,
            ));
        }
        self.at += close.len();
        Ok(list)
    }

    /// An argument in braces, or a single noad.
    fn argument(&mut self, of: &str) -> Result<List, Report> {
        self.skip_spaces();
        let start = self.at;
        if self.rest().starts_with('{') {
            self.at += 1;
            return self.up_to("}", start);
        }
        let mut list = List::new();
        if self.at >= self.text.len() || self.rest().starts_with(['}', ')', ']', '&']) {
            return Err(self.error(
                "missing-argument",
                format!(r"\{of} needs something behind it"),
                start.saturating_sub(1),
                start,
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
            return Err(self.error(
                code,
                format!(r"an argument of \{of} is empty"),
                start,
                self.at,
            ));
        }
        Ok(list)
    }

    fn noad(&mut self, list: &mut List) -> Result<(), Report> {
        let count = list.len();
        let c = self.peek();
        // `h^{(t)}{}^\top`: one more script of what stands in front of it.
        if self.rest().starts_with("{}") && !list.is_empty() {
            self.at += 2;
            let mut more = vec![list[count - 1].bare()];
            self.scripts(&mut more)?;
            let (last, more) = (&mut list[count - 1], more.remove(0));
            for (place, script) in [(&mut last.sub, more.sub), (&mut last.sup, more.sup)] {
                if let Some(script) = script {
                    place.get_or_insert_default().extend(script);
                }
            }
            last.primes += more.primes;
            last.span = last.span.to(more.span);
            return Ok(());
        }
        let script = c.is_some_and(|c| matches!(c, '_' | '^') || unicode::is_prime(c));
        if script || unicode::script(self.rest()).is_some() {
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
                Some(prime) if unicode::is_prime(prime) => {
                    self.at += prime.len_utf8();
                    let place = self.span(start);
                    let last = list.last_mut().expect("a nucleus");
                    last.primes += 1;
                    last.span = last.span.to(place);
                }
                Some('_' | '^') => {
                    let script = if self.rest().starts_with('_') {
                        "_"
                    } else {
                        "^"
                    };
                    self.at += 1;
                    let inside = self.argument(script)?;
                    self.attach(list, script, inside, start)?;
                }
                _ => match unicode::script(self.rest()) {
                    Some((script, text, length)) => {
                        self.at += length;
                        let inside = self.within(&text, self.span(start)).list(None)?;
                        self.attach(list, script, inside, start)?;
                    }
                    None => return Ok(()),
                },
            }
        }
    }

    /// Attaches a script to the last noad.
    fn attach(
        &self,
        list: &mut List,
        script: &str,
        inside: List,
        start: usize,
    ) -> Result<(), Report> {
        let whole = self.span(start);
        let last = list.last_mut().expect("a nucleus");
        let only_prime = inside.len() == 1 && inside[0].is_command("prime");
        if script == "^" && only_prime {
            last.primes += 1;
            last.span = last.span.to(whole);
            return Ok(());
        }
        let place = if script == "_" {
            &mut last.sub
        } else {
            &mut last.sup
        };
        if place.is_some() {
            return Err(self.error(
                "double-script",
                "a second script of the same kind",
                start,
                self.at,
            ));
        }
        *place = Some(inside);
        last.span = last.span.to(whole);
        Ok(())
    }

    fn nucleus(&mut self, list: &mut List) -> Result<(), Report> {
        let start = self.at;
        let c = self.peek().expect("inside the text");
        for (sign, command) in [(".*", "odot"), ("./", "oslash")] {
            if self.rest().starts_with(sign) {
                self.at += 2;
                list.push(Noad::new(Kind::Command(command.into()), self.span(start)));
                return Ok(());
            }
        }
        let sign = if self.rest().starts_with(":=") {
            self.at += 1;
            Some(":=")
        } else {
            unicode::sign(c)
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
        let symbol = unicode::command(c).or_else(|| greek(c));
        if let Some(symbol) = symbol {
            self.at += c.len_utf8();
            list.push(Noad::new(
                Kind::Command(symbol.to_owned()),
                self.span(start),
            ));
            return Ok(());
        }
        match c {
            '(' => self.fence(list, '(', ")"),
            '[' => self.fence(list, '[', "]"),
            '|' if self.rest()[1..].trim_start().starts_with('_') => {
                self.at += 1;
                list.push(Noad::new(Kind::Bar, self.span(start)));
                Ok(())
            }
            '|' if !self.has_partner() => {
                self.at += 1;
                list.push(Noad::new(Kind::Command("mid".into()), self.span(start)));
                Ok(())
            }
            '|' if self.rest().starts_with("||") => self.bars(list, "||", '‖'),
            '|' => self.bars(list, "|", '|'),
            '{' => {
                self.at += 1;
                let inside = self.up_to("}", start)?;
                self.push_group(list, inside, start);
                Ok(())
            }
            '\\' => self.command(list),
            _ if c.is_alphabetic() => {
                self.at += c.len_utf8();
                let behind = self.peek().and_then(unicode::combining);
                self.at += behind.map_or(0, |_| self.peek().map_or(0, char::len_utf8));
                let (letter, accent) = match unicode::accented(c) {
                    Some((letter, accent)) => (letter, Some(accent)),
                    None => (c, behind),
                };
                let letter = Noad::new(Kind::Letter(letter), self.span(start));
                list.push(match accent {
                    Some(accent) => {
                        let kind = Kind::Accent(accent.to_owned(), vec![letter]);
                        Noad::new(kind, self.span(start))
                    }
                    None => letter,
                });
                Ok(())
            }
            _ => Err(self.error(
                "unknown-sign",
                format!("`{c}` is no part of a formula"),
                start,
                start + c.len_utf8(),
            )),
        }
    }

    /// Braces around a single noad without scripts say nothing, nor do those around nothing.
    fn push_group(&self, list: &mut List, inside: List, start: usize) {
        match inside.as_slice() {
            [] => {}
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
        let inside = self.up_to(close, start)?;
        list.push(Noad::new(Kind::Fence(open, inside), self.span(start)));
        Ok(())
    }

    /// Whether another bar follows before the bracket ends in which this one stands: else it separates, `p(w | c)`.
    fn has_partner(&self) -> bool {
        let mut depth = 0i32;
        let mut escaped = false;
        for c in self.rest().chars().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => return false,
                ')' | ']' | '}' => depth -= 1,
                '|' if depth == 0 => return true,
                _ => {}
            }
        }
        // Nothing encloses it: a bar that is never closed.
        true
    }

    fn bars(&mut self, list: &mut List, bar: &str, kind: char) -> Result<(), Report> {
        let start = self.at;
        self.at += bar.len();
        let inside = self.up_to(bar, start)?;
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
        if self.expanded(list, &name, start)? {
            return Ok(());
        }
        if let Some(sign) = relation(&name) {
            list.push(Noad::new(Kind::Sign(sign), self.span(start)));
            return Ok(());
        }
        match name.as_str() {
            "left" => self.open_pair(list, start)?,
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
                    order = Some(self.up_to("]", start)?);
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
            "vert" | "rvert" if self.rest().trim_start().starts_with('_') => {
                list.push(Noad::new(Kind::Bar, self.span(start)));
            }
            "lvert" => self.norm(list, start, r"\rvert", '|')?,
            "vert" => self.norm(list, start, r"\vert", '|')?,
            "langle" => {
                let inside = self.up_to(r"\rangle", start)?;
                list.push(Noad::new(Kind::Fence('⟨', inside), self.span(start)));
            }
            "{" | "lbrace" => {
                let inside = self.up_to(r"\}", start)?;
                list.push(Noad::new(Kind::Fence('{', inside), self.span(start)));
            }
            "abs" | "norm" => {
                let inside = self.filled(&name, "missing-argument")?;
                let bar = if name == "abs" { '|' } else { '‖' };
                list.push(Noad::new(Kind::Fence(bar, inside), self.span(start)));
            }
            "dv" | "pdv" => self.quotient_of_differentials(list, &name, start)?,
            "underbrace" | "overbrace" => {
                let inside = self.argument(&name)?;
                self.push_group(list, inside, start);
                self.skip_spaces();
                let mark = if name == "underbrace" { '_' } else { '^' };
                if self.rest().starts_with(mark) {
                    self.at += 1;
                    self.raw_argument();
                }
            }
            "textcolor" => {
                self.raw_argument();
                let inside = self.argument(&name)?;
                self.push_inside(list, inside, start);
            }
            found if FRAMES.contains(&found) => {
                let inside = self.argument(&name)?;
                self.push_inside(list, inside, start);
            }
            "stackrel" | "overset" | "underset" => self.annotated(list, &name, start)?,
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
            "\\" => {
                list.push(Noad::new(Kind::Sign("\\\\"), self.span(start)));
                self.at += form::extra_space(self.rest());
            }
            "tr" | "diag" | "Tr" | "Diag" => {
                list.push(Noad::new(Kind::Word(name.to_lowercase()), self.span(start)));
            }
            "mathbb" | "mathbf" | "mathbbm" | "mathds" | "boldsymbol" | "bm" | "vec"
                if self.next_is_one() =>
            {
                self.argument(&name)?;
                list.push(Noad::new(Kind::One, self.span(start)));
            }
            found if FONTS.contains(&found) => {
                if let Some(word) = self.function_word() {
                    self.raw_argument();
                    list.push(Noad::new(Kind::Word(word), self.span(start)));
                    return Ok(());
                }
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
                        let Some(c) = rest.chars().next() else {
                            return Err(self.error(
                                "missing-argument",
                                format!(r"\{name} needs something behind it"),
                                start,
                                self.at,
                            ));
                        };
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
            // A function by a command that the text does not define.
            found if crate::functions::is_known(found) => {
                list.push(Noad::new(Kind::Word(name.clone()), self.span(start)));
            }
            found if greek_command(found).is_some() || SYMBOLS.contains(&found) => {
                list.push(Noad::new(Kind::Command(name.clone()), self.span(start)));
            }
            _ => {
                return Err(self.error(
                    "unknown-command",
                    format!(r"\{name} is not known"),
                    start,
                    self.at,
                ));
            }
        }
        Ok(())
    }

    /// What stands in a frame: a group, or if it states something, as if the frame were not there.
    fn push_inside(&self, list: &mut List, inside: List, start: usize) {
        if inside.iter().any(Noad::is_equality) {
            list.extend(inside);
        } else {
            self.push_group(list, inside, start);
        }
    }

    /// `\dv{J}{w}`, `\pdv[2]{J}{w}`, `\dv{x}`: a derivative as the package physics writes it.
    fn quotient_of_differentials(
        &mut self,
        list: &mut List,
        name: &str,
        start: usize,
    ) -> Result<(), Report> {
        let order = self.option();
        let first = self.filled(name, "missing-numerator")?;
        self.skip_spaces();
        let second = if self.rest().starts_with('{') {
            Some(self.filled(name, "missing-denominator")?)
        } else {
            None
        };
        let span = self.span(start);
        let order = order.map(|order| vec![Noad::new(Kind::Number(order.trim().into()), span)]);
        let sign = match name {
            "dv" => Kind::Letter('d'),
            _ => Kind::Command("partial".into()),
        };
        let differential = |of: List| {
            let mut differential = vec![Noad::new(sign.clone(), span)];
            differential.extend(of);
            differential
        };
        let (mut above, mut below) = match second {
            Some(second) => (differential(first), differential(second)),
            None => (differential(List::new()), differential(first)),
        };
        if let Some(order) = order {
            above[0].sup = Some(order.clone());
            match below.last_mut() {
                Some(by) if by.sup.is_none() => by.sup = Some(order),
                _ => {
                    return Err(self.error(
                        "derivative-order",
                        "this mark is not defined",
                        start,
                        self.at,
                    ));
                }
            }
        }
        list.push(Noad::new(Kind::Fraction(above, below), span));
        Ok(())
    }

    /// A sign with a remark above or below it: the remark says nothing, but for what `\max` or a sum runs over and the
    /// "def" above a sign of equality.
    fn annotated(&mut self, list: &mut List, name: &str, start: usize) -> Result<(), Report> {
        let remark_at = self.at;
        let remark = self.raw_argument();
        let mut base = self.argument(name)?;
        let defines = ["def", "triangle", "Delta"];
        match base.as_mut_slice() {
            [only] if only.is_sign("=") => {
                if defines.iter().any(|word| remark.contains(word)) {
                    only.kind = Kind::Sign(":=");
                }
            }
            [only]
                if name == "underset"
                    && (matches!(&only.kind, Kind::Word(_))
                        || only.is_command("sum")
                        || only.is_command("prod")) =>
            {
                let mut inner = self.inner(self.text.len());
                inner.at = remark_at;
                only.sub = Some(inner.argument(name)?);
            }
            // What is one letter is a mark that makes another name.
            _ if remark.trim().len() > 2 => {}
            _ => {
                return Err(self.error(
                    "unknown-symbol",
                    "this mark is not defined",
                    start,
                    self.at,
                ));
            }
        }
        self.push_group(list, base, start);
        Ok(())
    }

    /// The name of a function that is set in a font, `\mathbf{diag}`.
    fn function_word(&self) -> Option<String> {
        let (word, _) = braced(self.rest().trim_start())?;
        let word = word.trim();
        let known = FUNCTIONS.contains(&word) || ["diag", "tr"].contains(&word);
        (known || (word.len() > 2 && crate::functions::is_known(word))).then(|| word.to_owned())
    }

    fn next_is_one(&self) -> bool {
        let rest = self.rest().trim_start();
        rest.starts_with('1') || braced(rest).is_some_and(|(inside, _)| inside.trim() == "1")
    }

    fn norm(
        &mut self,
        list: &mut List,
        start: usize,
        close: &str,
        kind: char,
    ) -> Result<(), Report> {
        let inside = self.up_to(close, start)?;
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
            "array" => {
                // How its columns are set.
                self.raw_argument();
                Table::Matrix
            }
            "aligned" | "split" | "gathered" => {
                // Lines inside a formula: read as if they stood there.
                let end = format!(r"\end{{{name}}}");
                let inside = self.up_to(&end, start)?;
                list.extend(inside);
                return Ok(());
            }
            _ => {
                return Err(self.error(
                    "unknown-environment",
                    format!("the environment `{name}` is not known here"),
                    start,
                    self.at,
                ));
            }
        };
        let end = format!(r"\end{{{name}}}");
        let inside = self.up_to(&end, start)?;
        let table = Kind::Table(table, rows(&inside));
        list.push(Noad::new(table, self.span(start)));
        Ok(())
    }
}
