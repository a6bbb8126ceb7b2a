//! Markdown with mathematics between dollars, as GitHub, Jupyter and pandoc read it.

use std::borrow::Cow;

use super::Extent;
use super::latex::spell;
use super::outline::{Block, Derivation, Equation, outline};
use super::page;
use super::sheet::Sheet;
use crate::present::math::{Boxes, Math, MathId, Sign, Symbol};
use crate::present::{Document, Inline, LegendRow, Meaning, Prose};
use crate::words::Words;

pub(super) fn lay_out(document: &Document, extent: Extent) -> Sheet<'_> {
    let outline = outline(document, extent);
    let mut page = Page {
        sheet: Sheet::escaping(&document.boxes, spell, apart_from_markup).breaking(&document.lines),
        boxes: &document.boxes,
        words: document.words,
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
    words: &'static Words,
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

    /// A number belongs to a formula of its own; what cites it links to its anchor.
    fn equations(&mut self, equations: &[Equation<'a>]) {
        let together = |equation: &Equation| equation.tag.is_none() && equation.lead.is_none();
        if equations.iter().all(together) {
            return self.formula(equations);
        }
        for (at, equation) in equations.iter().enumerate() {
            self.sheet.text(if at == 0 { "" } else { "\n" });
            if let Some(lead) = equation.lead {
                self.paragraph(lead);
                self.sheet.text("\n");
            }
            if let Some(tag) = equation.tag {
                self.sheet.text(format!("<a id=\"{}\"></a>\n\n", tag.label));
            }
            self.formula(std::slice::from_ref(equation));
        }
    }

    fn formula(&mut self, equations: &[Equation<'a>]) {
        self.sheet.text("$$\n\\begin{aligned}\n");
        page::rows(&mut self.sheet, equations, false);
        self.sheet.text("\\end{aligned}\n");
        for tag in equations.iter().filter_map(|equation| equation.tag) {
            self.sheet.text(format!("\\tag{{{}}}\n", tag.number));
        }
        self.sheet.text("$$\n");
    }

    fn legend(&mut self, rows: &[LegendRow]) {
        let headings = &self.words.headings;
        let columns = [&headings.symbol, &headings.meaning, &headings.r#where];
        let columns = columns.map(|column| format!("| {} ", escape(column)));
        self.sheet
            .text(format!("{}|\n| --- | --- | --- |\n", columns.concat()));
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
        | Math::Matrix(_)
        | Math::Fence { .. }
        | Math::Cases { .. }
        | Math::Spelled(_)
        | Math::Macro { .. }
        | Math::Brace { .. } => false,
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
