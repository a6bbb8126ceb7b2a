//! LaTeX for amsmath and amssymb; everything it writes is also read by KaTeX.

use std::borrow::Cow;

use super::Environment;
use super::page::{BREAK, NUMBERED_BREAK, end_of_row};
use super::sheet::Sheet;
use super::spell::{Edges, Piece, cells, ends_with_word};
use crate::present::math::{
    Accent, BigOperator, Boxes, Fence, Math, MathId, Piece as SpelledPiece, Sign, Symbol,
};
use crate::present::{
    Confirmed, Document, Gradient, Inline, LegendRow, LocalRow, Meaning, Prose, Tag,
};
use crate::words::{Words, filled};

pub(super) fn lay_out(document: &Document, environment: Environment) -> Sheet<'_> {
    let mut page = Page {
        sheet: Sheet::new(&document.boxes, spell).breaking(&document.lines),
        environment,
        rows: 0,
        words: document.words,
        numbered: false,
        tag: None,
    };
    let numbered = document.gradients.iter().any(|row| row.tag.is_some());
    macros(&mut page.sheet, document);
    if !document.definitions.is_empty() {
        page.open(false);
        for definition in &document.definitions {
            page.row();
            page.sheet.math(definition.left);
            page.relation();
            page.expression(definition.right);
            page.range(definition.range);
        }
        page.close();
    }
    if !document.gradients.is_empty() {
        page.open(numbered);
        for gradient in &document.gradients {
            page.gradient(gradient);
        }
        if let Some((first, rest)) = document.notes.split_first() {
            let words = &document.words.conditions;
            page.note(words.with, first);
            for note in rest {
                page.note(words.and, note);
            }
        }
        page.close();
    } else if !document.notes.is_empty() {
        page.open(false);
        for note in &document.notes {
            page.note("", note);
        }
        page.close();
    }
    if !document.legend.is_empty() {
        page.open(false);
        for row in &document.legend {
            page.legend(row);
        }
        page.close();
    }
    for line in confirmation_lines(document) {
        page.sheet.text(format!("% {line}\n"));
    }
    page.sheet
}

/// The definitions of macros, a line each.
pub(super) fn macros(sheet: &mut Sheet, document: &Document) {
    for row in &document.macros {
        sheet.text(format!(r"\newcommand{{\{}}}", row.name));
        if row.arguments > 0 {
            sheet.text(format!("[{}]", row.arguments));
        }
        sheet.text("{");
        sheet.math(row.body);
        sheet.text("}\n");
    }
}

/// What was confirmed, in words.
pub(super) fn confirmation_lines(document: &Document) -> Vec<String> {
    if document.gradients.is_empty() {
        return Vec::new();
    }
    let words = &document.words.confirmation;
    match &document.confirmation {
        Confirmed::Skipped => vec![words.skipped.to_owned()],
        Confirmed::Yes(evidence) => {
            let points = evidence.iter().map(|e| e.points).min().unwrap_or(0);
            let patterns = evidence.iter().map(|e| e.step_patterns).max().unwrap_or(0);
            let worst: Option<Vec<f64>> = evidence.iter().map(|e| e.worst_error).collect();
            let error = worst.map_or_else(String::new, |errors| {
                let worst = errors.into_iter().fold(0.0, f64::max);
                filled(words.error, &[("bound", &error_bound(worst))])
            });
            let counted = if patterns == 1 {
                words.pattern
            } else {
                words.patterns
            };
            let patterns = filled(counted, &[("count", &patterns.to_string())]);
            vec![filled(
                words.confirmed,
                &[
                    ("points", &points.to_string()),
                    ("patterns", &patterns),
                    ("error", &error),
                ],
            )]
        }
    }
}

/// The next power of ten above an error: the digits of rounding errors are nobody's business.
fn error_bound(error: f64) -> String {
    let exponent = (-15..0)
        .find(|exponent| error < 10f64.powi(*exponent))
        .unwrap_or(0);
    format!("< 1e{exponent}")
}

struct Page<'a> {
    sheet: Sheet<'a>,
    environment: Environment,
    rows: usize,
    words: &'static Words,
    /// Whether rows have numbers: those that are cited do, the others say that they have none.
    numbered: bool,
    /// How the row that is written just now is cited.
    tag: Option<&'a Tag>,
}

impl<'a> Page<'a> {
    fn name(&self) -> Option<&'static str> {
        match self.environment {
            Environment::AlignStar if self.numbered => Some("align"),
            Environment::AlignStar => Some("align*"),
            Environment::Align => Some("align"),
            Environment::Aligned => Some("aligned"),
            Environment::None => None,
        }
    }

    fn open(&mut self, numbered: bool) {
        self.rows = 0;
        self.numbered = numbered;
        if let Some(name) = self.name() {
            self.sheet.text(format!("\\begin{{{name}}}\n"));
        }
    }

    fn close(&mut self) {
        self.end_row();
        match self.name() {
            Some(name) => self.sheet.text(format!("\n\\end{{{name}}}\n")),
            None => self.sheet.text("\n"),
        }
    }

    fn end_row(&mut self) {
        if self.numbered {
            self.sheet.text(end_of_row(self.tag.take()));
        }
    }

    fn row(&mut self) {
        if self.rows > 0 {
            self.end_row();
            self.sheet.text(match self.environment {
                Environment::None => "\n",
                Environment::AlignStar | Environment::Align | Environment::Aligned => " \\\\\n",
            });
        }
        self.rows += 1;
    }

    fn relation(&mut self) {
        self.sheet.text(match self.environment {
            Environment::None => " = ",
            Environment::AlignStar | Environment::Align | Environment::Aligned => " &= ",
        });
    }

    /// Where each line is an equation of its own, none is broken.
    fn expression(&mut self, id: MathId) {
        match self.environment {
            Environment::None => self.sheet.math(id),
            Environment::AlignStar | Environment::Align | Environment::Aligned => {
                self.sheet.lines(id, self.line_break());
            }
        }
    }

    fn line_break(&self) -> &'static str {
        if self.numbered { NUMBERED_BREAK } else { BREAK }
    }

    fn range(&mut self, range: Option<MathId>) {
        if let Some(range) = range {
            self.sheet.text(r" \qquad (");
            self.sheet.math(range);
            self.sheet.text(")");
        }
    }

    fn chain(&mut self, left: MathId, members: &[MathId]) {
        self.row();
        self.sheet.math(left);
        for (at, member) in members.iter().enumerate() {
            if at > 0 && self.environment != Environment::None {
                self.row();
            }
            self.relation();
            self.expression(*member);
        }
    }

    fn gradient(&mut self, gradient: &'a Gradient) {
        if let Some(entry) = &gradient.entry {
            self.chain(entry.left, &entry.members);
            self.locals(&gradient.locals);
        }
        self.chain(gradient.left, &gradient.members);
        self.tag = gradient.tag.as_ref();
        self.range(gradient.range);
        for (at, place) in gradient.except.iter().enumerate() {
            self.sheet.text(if at == 0 { r" \qquad " } else { r",\ " });
            self.prose(place);
        }
        for (at, condition) in gradient.valid_if.iter().enumerate() {
            if at == 0 {
                let words = self.words.conditions.valid_if;
                self.sheet.text(format!(r" \qquad \text{{{words}}}"));
            } else {
                self.sheet.text(r",\ ");
            }
            self.prose(condition);
        }
        if let Some(why) = &gradient.why_index {
            let aside = filled(self.words.index_form.aside, &[("why", why)]);
            self.sheet.text(format!(r" \qquad \text{{({aside})}}"));
        }
        if gradient.entry.is_none() {
            self.locals(&gradient.locals);
        }
    }

    fn locals(&mut self, locals: &[LocalRow]) {
        for local in locals {
            self.row();
            self.sheet.math(local.left);
            self.relation();
            self.expression(local.right);
            match self.environment {
                Environment::None => self.sheet.text(r" \qquad "),
                Environment::AlignStar | Environment::Align | Environment::Aligned => {
                    let end = self.line_break();
                    self.sheet.before_reason(local.right, r" \qquad ", end);
                }
            }
            self.prose(&in_brackets(&local.why));
        }
    }

    fn legend(&mut self, row: &LegendRow) {
        self.row();
        self.sheet.math(row.symbol);
        self.sheet.text(if self.environment == Environment::None {
            " "
        } else {
            " &"
        });
        match row.meaning {
            Some(Meaning::In(set)) => {
                self.sheet.text(r"\in ");
                self.sheet.math(set);
            }
            Some(Meaning::Is(value)) => {
                self.sheet.text("= ");
                self.sheet.math(value);
            }
            None => {}
        }
        if !row.words.is_empty() {
            self.sheet
                .text(format!(r"\quad\text{{{}}}", escape(&row.words)));
        }
        self.range(row.range);
    }

    fn note(&mut self, lead: &str, note: &Prose) {
        self.row();
        if self.environment != Environment::None {
            self.sheet.text("&");
        }
        if !lead.is_empty() {
            self.sheet.text(format!(r"\text{{{lead}}}"));
        }
        self.prose(note);
    }

    /// Prose inside mathematics.
    fn prose(&mut self, prose: &Prose) {
        for inline in prose {
            match inline {
                Inline::Words(words) => self.sheet.text(format!(r"\text{{{}}}", escape(words))),
                Inline::Math(id) => self.sheet.math(*id),
            }
        }
    }
}

/// Prose in brackets that stand in the same font as the words next to them.
pub(super) fn in_brackets(prose: &Prose) -> Prose {
    let mut joined: Prose = Vec::with_capacity(prose.len() + 2);
    let bracket = |words: &str| Inline::Words(words.into());
    for inline in [bracket("(")].iter().chain(prose).chain(&[bracket(")")]) {
        match (joined.last_mut(), inline) {
            (Some(Inline::Words(before)), Inline::Words(words)) => before.push_str(words),
            _ => joined.push(inline.clone()),
        }
    }
    joined
}

/// Words for a text font.
pub(super) fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\\' => escaped.push_str(r"\textbackslash{}"),
            '{' | '}' | '_' | '%' | '&' | '#' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '<' | '>' => {
                escaped.push('$');
                escaped.push(c);
                escaped.push('$');
            }
            '^' => escaped.push_str(r"\^{}"),
            '~' => escaped.push_str(r"\~{}"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Whether it is a single token that needs no braces as a script.
fn is_token(boxes: &Boxes, id: MathId) -> bool {
    match boxes.get(id) {
        Math::Symbol(Symbol::Letter(letter)) => letter.is_ascii(),
        Math::Symbol(Symbol::Number(digits)) => digits.len() == 1,
        Math::Spelled(pieces) => {
            matches!(&**pieces, [SpelledPiece::Latex(text)] if text.len() == 1)
        }
        Math::Symbol(_)
        | Math::Row(_)
        | Math::Fraction(..)
        | Math::Root(_)
        | Math::Script { .. }
        | Math::Accent(..)
        | Math::Big { .. }
        | Math::Stack(_)
        | Math::Matrix(_)
        | Math::Fence { .. }
        | Math::Cases { .. }
        | Math::Macro { .. }
        | Math::Brace { .. } => false,
    }
}

fn primes(boxes: &Boxes, id: MathId) -> Option<usize> {
    let is_prime = |id: &MathId| *boxes.get(*id) == Math::Symbol(Symbol::Sign(Sign::Prime));
    match boxes.get(id) {
        Math::Row(parts) if parts.iter().all(is_prime) => Some(parts.len()),
        _ if is_prime(&id) => Some(1),
        _ => None,
    }
}

pub(super) fn spell<'a>(
    boxes: &'a Boxes,
    id: MathId,
    edges: &[Edges],
    pieces: &mut Vec<Piece<'a>>,
) {
    match boxes.get(id) {
        Math::Symbol(symbol) => pieces.push(Piece::Text(spell_symbol(symbol))),
        Math::Row(parts) => juxtapose(parts, edges, pieces),
        Math::Fraction(numerator, denominator) => pieces.extend([
            Piece::text(r"\frac{"),
            Piece::Math(*numerator),
            Piece::text("}{"),
            Piece::Math(*denominator),
            Piece::text("}"),
        ]),
        Math::Root(body) => {
            pieces.extend([Piece::text(r"\sqrt{"), Piece::Math(*body), Piece::text("}")]);
        }
        Math::Script { base, sub, sup } => {
            pieces.push(Piece::Math(*base));
            // Layers stand before elements, `z^{(k)}_j`; exponents behind them, `x_j^2`.
            let layer = sup.filter(|sup| matches!(boxes.get(*sup), Math::Fence { .. }));
            if let Some(layer) = layer {
                script(boxes, "^", layer, pieces);
            }
            if let Some(count) = sup.and_then(|sup| primes(boxes, sup)) {
                pieces.push(Piece::text(&"''''"[..count]));
            }
            if let Some(sub) = sub {
                script(boxes, "_", *sub, pieces);
            }
            if let (Some(sup), None) = (sup, layer)
                && primes(boxes, *sup).is_none()
            {
                script(boxes, "^", *sup, pieces);
            }
        }
        Math::Accent(accent, body) => {
            let command = match accent {
                Accent::Hat => r"\hat",
                Accent::Bar => r"\bar",
                Accent::Tilde => r"\tilde",
            };
            pieces.push(Piece::text(command));
            let single =
                matches!(boxes.get(*body), Math::Symbol(Symbol::Letter(c)) if c.is_ascii());
            if single {
                pieces.extend([Piece::text(" "), Piece::Math(*body)]);
            } else {
                pieces.extend([Piece::text("{"), Piece::Math(*body), Piece::text("}")]);
            }
        }
        Math::Big { op, under, over } => {
            pieces.push(Piece::text(match op {
                BigOperator::Sum => r"\sum",
                BigOperator::Product => r"\prod",
                BigOperator::Max => r"\max",
                BigOperator::Min => r"\min",
            }));
            if let Some(under) = under {
                pieces.extend([Piece::text("_{"), Piece::Math(*under), Piece::text("}")]);
            }
            if let Some(over) = over {
                pieces.extend([Piece::text("^{"), Piece::Math(*over), Piece::text("}")]);
            }
            pieces.push(Piece::text(" "));
        }
        Math::Stack(lines) => {
            pieces.push(Piece::text(r"\substack{"));
            for (at, line) in lines.iter().enumerate() {
                if at > 0 {
                    pieces.push(Piece::text(r" \\ "));
                }
                pieces.push(Piece::Math(*line));
            }
            pieces.push(Piece::text("}"));
        }
        Math::Fence { kind, tall, body } => {
            let (left, right) = match (kind, tall) {
                (Fence::Round, false) => ("(", ")"),
                (Fence::Round, true) => (r"\left(", r"\right)"),
                (Fence::Square, false) => (r"[\,", r"\,]"),
                (Fence::Square, true) => (r"\left[\,", r"\,\right]"),
                (Fence::Slot, _) => ("[", "]"),
                (Fence::Set, false) => (r"\{", r"\}"),
                (Fence::Set, true) => (r"\left\{", r"\right\}"),
                (Fence::Bars, false) => (r"\lvert ", r"\rvert"),
                (Fence::Bars, true) => (r"\left\lvert ", r"\right\rvert"),
                (Fence::Norm, false) => (r"\lVert ", r"\rVert"),
                (Fence::Norm, true) => (r"\left\lVert ", r"\right\rVert"),
                (Fence::Group, _) => ("{", "}"),
            };
            pieces.extend([Piece::text(left), Piece::Math(*body), Piece::text(right)]);
        }
        Math::Matrix(rows) => {
            pieces.push(Piece::text(r"\begin{bmatrix} "));
            cells(rows, [" & ", r" \\ "], pieces);
            pieces.push(Piece::text(r" \end{bmatrix}"));
        }
        Math::Cases {
            rows: branches,
            whole,
            when,
            otherwise,
        } => {
            pieces.push(Piece::text(r"\begin{cases} "));
            for (at, (value, condition)) in branches.iter().enumerate() {
                let last = at + 1 == branches.len();
                pieces.push(Piece::Math(*value));
                pieces.push(Piece::text(if *whole { ", & " } else { " & " }));
                match condition {
                    Some(condition) => pieces.extend([
                        Piece::Math(*when),
                        Piece::text(" "),
                        Piece::Math(*condition),
                    ]),
                    None => pieces.push(Piece::Math(*otherwise)),
                }
                pieces.push(Piece::text(match (whole, last) {
                    (true, false) => r", \\ ",
                    (false, false) => r" \\ ",
                    (true, true) => ".",
                    (false, true) => "",
                }));
            }
            pieces.push(Piece::text(r" \end{cases}"));
        }
        Math::Macro {
            name,
            arguments,
            body: _,
        } => {
            pieces.push(Piece::Text(format!(r"\{name}").into()));
            for argument in arguments {
                pieces.extend([Piece::text("{"), Piece::Math(*argument), Piece::text("}")]);
            }
        }
        Math::Brace { body, words } => pieces.extend([
            Piece::text(r"\underbrace{"),
            Piece::Math(*body),
            Piece::text("}_{"),
            Piece::Math(*words),
            Piece::text("}"),
        ]),
        Math::Spelled(parts) => {
            let mut word = false;
            for part in parts {
                match part {
                    SpelledPiece::Latex(latex) => {
                        pieces.push(Piece::text(latex));
                        word = ends_with_word(latex);
                    }
                    SpelledPiece::Math(id) => {
                        if word && edges[id.0 as usize].begins_with_letter {
                            pieces.push(Piece::text(" "));
                        }
                        pieces.push(Piece::Math(*id));
                        word = edges[id.0 as usize].ends_with_word;
                    }
                }
            }
        }
    }
}

/// Parts side by side, with a space where a control word would swallow the next letter.
fn juxtapose<'a>(parts: &[MathId], edges: &[Edges], pieces: &mut Vec<Piece<'a>>) {
    let mut word = false;
    for part in parts {
        let edge = edges[part.0 as usize];
        if word && edge.begins_with_letter {
            pieces.push(Piece::text(" "));
        }
        pieces.push(Piece::Math(*part));
        word = edge.ends_with_word;
    }
}

fn script<'a>(boxes: &Boxes, mark: &'static str, body: MathId, pieces: &mut Vec<Piece<'a>>) {
    pieces.push(Piece::text(mark));
    // A group as a script has the script's braces.
    let body = match boxes.get(body) {
        Math::Fence {
            kind: Fence::Group,
            body,
            ..
        } => *body,
        _ => body,
    };
    if is_token(boxes, body) {
        pieces.push(Piece::Math(body));
    } else {
        pieces.extend([Piece::text("{"), Piece::Math(body), Piece::text("}")]);
    }
}

fn spell_symbol(symbol: &Symbol) -> Cow<'_, str> {
    match symbol {
        Symbol::Letter(letter) if letter.is_ascii() => Cow::Owned(letter.to_string()),
        Symbol::Letter(letter) => Cow::Owned(format!(r"\text{{{letter}}}")),
        Symbol::Greek(name) => Cow::Owned(format!(r"\{name}")),
        Symbol::Word(word) if word.is_ascii() => {
            Cow::Owned(format!(r"\mathit{{{}}}", word.replace('_', r"\_")))
        }
        Symbol::Word(word) => Cow::Owned(format!(r"\textit{{{}}}", escape(word))),
        Symbol::Label(word) if word.is_ascii() => Cow::Owned(format!(r"\mathrm{{{word}}}")),
        Symbol::Label(word) => Cow::Owned(format!(r"\text{{{}}}", escape(word))),
        Symbol::Number(digits) => Cow::Borrowed(digits),
        Symbol::Latex(latex) => Cow::Borrowed(latex),
        Symbol::Text(words) => Cow::Owned(format!(r"\text{{{}}}", escape(words))),
        Symbol::Sign(sign) => Cow::Borrowed(match sign {
            Sign::Plus => "+",
            Sign::Minus => "-",
            Sign::Equals => "=",
            Sign::NotEqual => r"\ne ",
            Sign::Less => "<",
            Sign::LessEqual => r"\le ",
            Sign::Greater => ">",
            Sign::GreaterEqual => r"\ge ",
            Sign::Divides => r"\mid ",
            Sign::Element => r"\in ",
            Sign::ForAll => r"\forall ",
            Sign::Partial => r"\partial",
            Sign::Differential => "d",
            Sign::Pi => r"\pi",
            Sign::Times => r"\cdot ",
            Sign::Cross => r"\times ",
            Sign::Slash => "/",
            Sign::Comma => ",",
            Sign::Colon => ":",
            Sign::Semicolon => ";",
            Sign::Prime => "'",
            Sign::Dots => r"\dots",
            Sign::Reals => r"\mathbb{R}",
            Sign::Delta => r"\delta",
            Sign::Thin => r"\,",
            Sign::Entrywise => r"\odot ",
            Sign::EntrywiseQuotient => r"\oslash ",
            Sign::Transpose => r"\top",
            Sign::Ones => r"\mathbf{1}",
        }),
    }
}
