//! Markdown with mathematics between dollars, as GitHub, Jupyter and pandoc read it.

use std::borrow::Cow;

use super::Extent;
use super::latex::spell;
use super::outline::{Block, Derivation, Equation, outline};
use super::page;
use super::sheet::Sheet;
use crate::present::math::{Boxes, Math, MathId, Sign, Symbol};
use crate::present::{Document, Inline, LegendRow, Meaning, Prose};

pub(super) fn lay_out(document: &Document, extent: Extent) -> Sheet<'_> {
    let outline = outline(document, extent);
    let mut page = Page {
        sheet: Sheet::escaping(&document.boxes, spell, apart_from_markup).breaking(&document.lines),
        boxes: &document.boxes,
    };
    if let Some(title) = &outline.title {
        page.heading("#", title);
    }
    for (at, block) in outline.blocks.iter().enumerate() {
        if at > 0 || outline.title.is_some() {
            page.sheet.text("\n");
        }
        match block {
            Block::Equations(rows) => page.equations(rows),
            Block::Derivation(derivation) => page.derivation(derivation),
            Block::Words(words) => page.paragraph(words),
            Block::Comment(words) => page.sheet.text(format!("<!-- {words} -->\n")),
            Block::Legend(rows) => page.legend(rows),
        }
    }
    page.sheet
}

struct Page<'a> {
    sheet: Sheet<'a>,
    boxes: &'a Boxes,
}

impl<'a> Page<'a> {
    fn heading(&mut self, marks: &'static str, words: &Prose) {
        self.sheet.text(marks);
        self.sheet.text(" ");
        self.paragraph(words);
    }

    fn derivation(&mut self, derivation: &Derivation<'a>) {
        if let Some(words) = &derivation.heading {
            self.heading("##", words);
            self.sheet.text("\n");
        }
        self.equations(&derivation.steps);
        for condition in &derivation.conditions {
            self.sheet.text("\n");
            self.paragraph(condition);
        }
    }

    fn equations(&mut self, equations: &[Equation<'a>]) {
        self.sheet.text("$$\n\\begin{aligned}\n");
        page::rows(&mut self.sheet, equations);
        self.sheet.text("\\end{aligned}\n$$\n");
    }

    fn legend(&mut self, rows: &[LegendRow]) {
        self.sheet
            .text("| symbol | meaning | where |\n| --- | --- | --- |\n");
        for row in rows {
            self.sheet.text("| ");
            match row.meaning {
                Some(meaning) => {
                    self.sheet.text("$");
                    self.sheet.math(row.symbol);
                    let (sign, value) = match meaning {
                        Meaning::In(set) => (r" \in ", set),
                        Meaning::Is(value) => (" = ", value),
                    };
                    self.sheet.text(sign);
                    self.sheet.math(value);
                    self.sheet.text("$");
                }
                None => self.math(row.symbol),
            }
            self.sheet.text(format!(" | {} |", escape(&row.words)));
            if let Some(range) = row.range {
                self.sheet.text(" ");
                self.math(range);
            }
            self.sheet.text(" |\n");
        }
    }

    fn paragraph(&mut self, prose: &Prose) {
        for inline in prose {
            match inline {
                Inline::Words(words) => self.sheet.text(escape(words)),
                Inline::Math(id) => self.math(*id),
            }
        }
        self.sheet.text("\n");
    }

    /// Mathematics in a line: a blank before the closing dollar would make it a price.
    fn math(&mut self, id: MathId) {
        let blank = ends_with_blank(self.boxes, id);
        self.sheet.text(if blank { "${" } else { "$" });
        self.sheet.math(id);
        self.sheet.text(if blank { "}$" } else { "$" });
    }
}

/// Whether the LaTeX of a box ends with a blank.
fn ends_with_blank(boxes: &Boxes, id: MathId) -> bool {
    match boxes.get(id) {
        Math::Big { .. } => true,
        Math::Row(parts) => parts
            .last()
            .is_some_and(|last| ends_with_blank(boxes, *last)),
        Math::Symbol(Symbol::Sign(sign)) => matches!(
            sign,
            Sign::Entrywise | Sign::EntrywiseQuotient | Sign::Times | Sign::Cross
        ),
        Math::Symbol(_)
        | Math::Fraction(..)
        | Math::Root(_)
        | Math::Script { .. }
        | Math::Accent(..)
        | Math::Stack(_)
        | Math::Fence { .. }
        | Math::Cases { .. }
        | Math::Spelled(_) => false,
    }
}

/// Signs that would be read as markup or as the border of a cell have names in LaTeX.
fn apart_from_markup(latex: &str) -> Cow<'_, str> {
    if !latex.contains(['<', '>', '|']) {
        return Cow::Borrowed(latex);
    }
    let named = latex
        .replace(r"\|", r"\Vert ")
        .replace('|', r"\vert ")
        .replace('<', r"\lt ")
        .replace('>', r"\gt ");
    Cow::Owned(named)
}

/// Words as words.
fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '$' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}
