//! Typst. Parts stand apart by blanks, so that no letters become a name and no bracket a call.

use std::borrow::Cow;

use super::Extent;
use super::latex::in_brackets;
use super::outline::{Block, Derivation, Equation, outline};
use super::reading::{Element, Hand, read};
use super::sheet::Sheet;
use super::spell::{Edges, Piece, cells};
use crate::present::math::{
    Accent, BigOperator, Boxes, Fence, Math, MathId, Piece as SpelledPiece, Sign, Symbol,
};
use crate::present::{Document, Inline, LegendRow, Meaning, Prose};
use crate::syntax::greek_sign;
use crate::syntax::mathematics::Font;

pub(super) fn lay_out(document: &Document, extent: Extent) -> Sheet<'_> {
    let outline = outline(document, extent);
    let mut sheet = Sheet::new(&document.boxes, spell).breaking(&document.lines);
    if let Some(title) = &outline.title {
        sheet.text("= ");
        paragraph(&mut sheet, title);
    }
    for (at, block) in outline.blocks.iter().enumerate() {
        if at > 0 || outline.title.is_some() {
            sheet.text("\n");
        }
        match block {
            Block::Equations(rows) => equations(&mut sheet, rows),
            Block::Derivation(derivation) => self::derivation(&mut sheet, derivation),
            Block::Words(words) => paragraph(&mut sheet, words),
            Block::Comment(words) => sheet.text(format!("// {words}\n")),
            Block::Legend(rows) => legend(&mut sheet, rows),
        }
    }
    sheet
}

fn derivation(sheet: &mut Sheet, derivation: &Derivation) {
    if let Some(words) = &derivation.heading {
        sheet.text("== ");
        paragraph(sheet, words);
        sheet.text("\n");
    }
    equations(sheet, &derivation.steps);
    for condition in &derivation.conditions {
        sheet.text("\n");
        paragraph(sheet, condition);
    }
}

/// A page that takes in other files by their names.
pub(super) fn main<'a>(document: &'a Document, files: &[String]) -> Sheet<'a> {
    let mut sheet = Sheet::new(&document.boxes, spell);
    if let Some(title) = &outline(document, Extent::Page).title {
        sheet.text("= ");
        paragraph(&mut sheet, title);
    }
    for file in files {
        sheet.text(format!("\n#include \"{file}.typ\"\n"));
    }
    sheet
}

/// Where a line ends and goes on behind the equals sign.
const BREAK: &str = " \\\n  &quad ";

/// A number belongs to a formula of its own, and stands beside its last line.
fn equations(sheet: &mut Sheet, equations: &[Equation]) {
    let together = |equation: &Equation| equation.tag.is_none() && equation.lead.is_none();
    if equations.iter().all(together) {
        formula(sheet, equations);
        sheet.text("\n");
        return;
    }
    for (at, equation) in equations.iter().enumerate() {
        sheet.text(if at == 0 { "" } else { "\n" });
        if let Some(lead) = equation.lead {
            paragraph(sheet, lead);
        }
        let Some(tag) = equation.tag else {
            formula(sheet, std::slice::from_ref(equation));
            sheet.text("\n");
            continue;
        };
        sheet.text("#math.equation(block: true, numbering: \"(1)\", number-align: end + bottom, ");
        formula(sheet, std::slice::from_ref(equation));
        sheet.text(format!(") <{}>\n", tag.label));
    }
}

fn formula(sheet: &mut Sheet, equations: &[Equation]) {
    sheet.text("$ ");
    for (at, equation) in equations.iter().enumerate() {
        sheet.text(if at == 0 { "" } else { " \\\n  " });
        sheet.math(equation.left);
        for (at, member) in equation.members.iter().enumerate() {
            sheet.text(if at == 0 { " &= " } else { " \\\n  &= " });
            sheet.lines(*member, BREAK);
        }
        if let Some(range) = equation.range {
            sheet.text(" quad (");
            sheet.math(range);
            sheet.text(")");
        }
        if let Some(why) = equation.why {
            let last = equation.members.last().copied().unwrap_or(equation.left);
            sheet.before_reason(last, " quad ", BREAK);
            for inline in &in_brackets(why) {
                match inline {
                    Inline::Words(words) => sheet.text(quoted(words)),
                    Inline::Math(id) => sheet.math(*id),
                }
            }
        }
    }
    sheet.text(" $");
}

fn legend(sheet: &mut Sheet, rows: &[LegendRow]) {
    sheet.text("#table(columns: 3,\n");
    for row in rows {
        sheet.text("  [$");
        sheet.math(row.symbol);
        let meaning = match row.meaning {
            Some(Meaning::In(set)) => Some((" ∈ ", set)),
            Some(Meaning::Is(value)) => Some((" = ", value)),
            None => None,
        };
        if let Some((sign, value)) = meaning {
            sheet.text(sign);
            sheet.math(value);
        }
        sheet.text(format!("$], [{}], [", escape(&row.words)));
        if let Some(range) = row.range {
            sheet.text("$");
            sheet.math(range);
            sheet.text("$");
        }
        sheet.text("],\n");
    }
    sheet.text(")\n");
}

fn paragraph(sheet: &mut Sheet, prose: &Prose) {
    for inline in prose {
        match inline {
            Inline::Words(words) => sheet.text(escape(words)),
            Inline::Math(id) => {
                sheet.text("$");
                sheet.math(*id);
                sheet.text("$");
            }
        }
    }
    sheet.text("\n");
}

/// Words as words.
fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for character in words.chars() {
        if r"\#$*_`<>@[]~/".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Words inside mathematics.
fn quoted(words: &str) -> String {
    format!("\"{}\"", words.replace('\\', r"\\").replace('"', "\\\""))
}

fn spell<'a>(boxes: &'a Boxes, id: MathId, _edges: &[Edges], pieces: &mut Vec<Piece<'a>>) {
    match boxes.get(id) {
        Math::Symbol(Symbol::Latex(latex)) => {
            pieces.extend(read::<Markup>(&[SpelledPiece::Latex(latex.clone())]));
        }
        Math::Symbol(symbol) => pieces.push(Piece::Text(spell_symbol(symbol))),
        Math::Row(parts) => {
            let parts = parts.iter().map(|part| vec![Piece::Math(*part)]);
            pieces.extend(Markup::row(parts.collect()));
        }
        Math::Fraction(numerator, denominator) => call("frac", &[*numerator, *denominator], pieces),
        Math::Root(body) => call("sqrt", &[*body], pieces),
        Math::Script { base, sub, sup } => {
            let part = |id: &MathId| vec![Piece::Math(*id)];
            pieces.extend(Markup::scripts(
                part(base),
                sub.as_ref().map(part),
                sup.as_ref().map(part),
            ));
        }
        Math::Accent(accent, body) => {
            let name = match accent {
                Accent::Hat => "hat",
                Accent::Bar => "macron",
                Accent::Tilde => "tilde",
            };
            call(name, &[*body], pieces);
        }
        Math::Big { op, under, over } => {
            pieces.push(Piece::text(match op {
                BigOperator::Sum => "sum",
                BigOperator::Product => "product",
                BigOperator::Max => r#"op("max", limits: #true)"#,
                BigOperator::Min => r#"op("min", limits: #true)"#,
            }));
            for (mark, limit) in [("_(", under), ("^(", over)] {
                if let Some(limit) = limit {
                    pieces.extend([Piece::text(mark), Piece::Math(*limit), Piece::text(")")]);
                }
            }
        }
        Math::Stack(lines) => {
            for (at, line) in lines.iter().enumerate() {
                pieces.push(Piece::text(if at == 0 { "" } else { " \\ " }));
                pieces.push(Piece::Math(*line));
            }
        }
        Math::Fence {
            kind,
            tall: _,
            body,
        } => {
            let (left, right) = match kind {
                Fence::Round => ("(", ")"),
                Fence::Square | Fence::Slot => ("[", "]"),
                Fence::Set => ("{", "}"),
                Fence::Bars => ("abs(", ")"),
                Fence::Norm => ("norm(", ")"),
                Fence::Group => ("", ""),
            };
            pieces.extend([Piece::text(left), Piece::Math(*body), Piece::text(right)]);
        }
        Math::Matrix(rows) => {
            pieces.push(Piece::text(r#"mat(delim: "[", "#));
            cells(rows, [", ", "; "], pieces);
            pieces.push(Piece::text(")"));
        }
        Math::Cases {
            rows,
            whole: _,
            when,
            otherwise,
        } => {
            pieces.push(Piece::text("cases("));
            for (at, (value, condition)) in rows.iter().enumerate() {
                pieces.push(Piece::text(if at == 0 { "" } else { ", " }));
                pieces.push(Piece::Math(*value));
                pieces.push(Piece::text(" &"));
                match condition {
                    Some(condition) => pieces.extend([
                        Piece::Math(*when),
                        Piece::text(" "),
                        Piece::Math(*condition),
                    ]),
                    None => pieces.push(Piece::Math(*otherwise)),
                }
            }
            pieces.push(Piece::text(")"));
        }
        Math::Spelled(parts) => pieces.extend(read::<Markup>(parts)),
        Math::Macro { body, .. } => pieces.push(Piece::Math(*body)),
        Math::Brace { body, words } => call("underbrace", &[*body, *words], pieces),
    }
}

fn call(name: &'static str, arguments: &[MathId], pieces: &mut Vec<Piece>) {
    pieces.extend([Piece::text(name), Piece::text("(")]);
    for (at, argument) in arguments.iter().enumerate() {
        pieces.push(Piece::text(if at == 0 { "" } else { ", " }));
        pieces.push(Piece::Math(*argument));
    }
    pieces.push(Piece::text(")"));
}

fn spell_symbol(symbol: &Symbol) -> Cow<'_, str> {
    match symbol {
        Symbol::Letter(letter) => Cow::Owned(letter.to_string()),
        Symbol::Greek(name) => Cow::Borrowed(greek_sign(name)),
        Symbol::Word(word) => Cow::Owned(format!("italic({})", quoted(word))),
        Symbol::Label(word) | Symbol::Latex(word) => {
            Cow::Owned(format!("upright({})", quoted(word)))
        }
        Symbol::Text(words) => Cow::Owned(quoted(words)),
        Symbol::Number(digits) => Cow::Borrowed(digits),
        Symbol::Sign(sign) => Cow::Borrowed(match sign {
            Sign::Plus => "+",
            Sign::Minus => "-",
            Sign::Equals => "=",
            Sign::NotEqual => "≠",
            Sign::Less => "<",
            Sign::LessEqual => "≤",
            Sign::Greater => ">",
            Sign::GreaterEqual => "≥",
            Sign::Divides => "∣",
            Sign::Element => "∈",
            Sign::ForAll => "∀",
            Sign::Partial => "∂",
            Sign::Differential => "d",
            Sign::Pi => "π",
            Sign::Times => "·",
            Sign::Cross => "×",
            Sign::Slash => r"\/",
            Sign::Comma => "comma",
            Sign::Colon => "colon",
            Sign::Semicolon => "semi",
            Sign::Prime => "prime",
            Sign::Dots => "…",
            Sign::Reals => "RR",
            Sign::Delta => "δ",
            Sign::Thin => "thin",
            Sign::Entrywise => "⊙",
            Sign::EntrywiseQuotient => "⊘",
            Sign::Transpose => "⊤",
            Sign::Ones => "bold(1)",
        }),
    }
}

/// How the author's LaTeX becomes Typst.
struct Markup;

impl Hand for Markup {
    fn letter<'a>(letter: &str) -> Element<'a> {
        vec![Piece::Text(letter.to_owned().into())]
    }

    fn sign<'a>(sign: &str) -> Element<'a> {
        let sign = match sign {
            "," => "comma".into(),
            ";" => "semi".into(),
            "′" => "prime".into(),
            _ if sign.is_ascii() => format!("\\{sign}"),
            _ => sign.to_owned(),
        };
        vec![Piece::Text(sign.into())]
    }

    fn number<'a>(digit: &str) -> Element<'a> {
        Self::letter(digit)
    }

    fn function<'a>(name: &str) -> Element<'a> {
        vec![Piece::Text(format!("op({})", quoted(name)).into())]
    }

    fn words<'a>(words: &str) -> Element<'a> {
        Self::function(words)
    }

    fn styled<'a>(font: Font, words: &str) -> Element<'a> {
        let name = match font {
            Font::Bold => "upright(bold",
            Font::BoldItalic => "italic(bold",
            Font::Blackboard => "upright(bb",
            Font::Script => "upright(cal",
            Font::Sans => "upright(sans",
        };
        vec![Piece::Text(format!("{name}({}))", quoted(words)).into())]
    }

    fn space<'a>() -> Element<'a> {
        vec![Piece::text("thin")]
    }

    fn row<'a>(elements: Vec<Element<'a>>) -> Element<'a> {
        let mut row = Vec::new();
        for (at, element) in elements.into_iter().enumerate() {
            row.push(Piece::text(if at == 0 { "" } else { " " }));
            row.extend(element);
        }
        if row.is_empty() {
            row.push(Piece::text("\"\""));
        }
        row
    }

    fn scripts<'a>(
        base: Element<'a>,
        sub: Option<Element<'a>>,
        sup: Option<Element<'a>>,
    ) -> Element<'a> {
        let mut element = vec![Piece::text("attach(")];
        element.extend(base);
        for (name, script) in [(", b: ", sub), (", t: ", sup)] {
            if let Some(script) = script {
                element.push(Piece::text(name));
                element.extend(script);
            }
        }
        element.push(Piece::text(")"));
        element
    }

    fn accented<'a>(mark: &str, body: Element<'a>) -> Element<'a> {
        let name = match mark {
            "^" => "hat(",
            "¯" => "macron(",
            "~" => "tilde(",
            "→" => "arrow(",
            "˙" => "dot(",
            _ => "dot.double(",
        };
        wrapped(name, body)
    }

    fn root<'a>(body: Element<'a>) -> Element<'a> {
        wrapped("sqrt(", body)
    }

    fn fraction<'a>(above: Element<'a>, below: Element<'a>) -> Element<'a> {
        let mut arguments = above;
        arguments.push(Piece::text(", "));
        arguments.extend(below);
        wrapped("frac(", arguments)
    }
}

fn wrapped<'a>(open: &'static str, body: Element<'a>) -> Element<'a> {
    let mut element = vec![Piece::text(open)];
    element.extend(body);
    element.push(Piece::text(")"));
    element
}
