//! A whole file for LaTeX: the equations as `latex` spells them, what is said of them in words.

use super::Extent;
use super::latex::{escape, in_brackets, spell};
use super::outline::{Block, Derivation, Equation, outline};
use super::sheet::Sheet;
use crate::present::{Document, Inline, LegendRow, Meaning, Prose};

const PREAMBLE: &str = r"\documentclass{article}
\usepackage[margin=2.5cm]{geometry}
\usepackage{amsmath,amssymb}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\begin{document}
";

pub(super) fn lay_out(document: &Document, extent: Extent) -> Sheet<'_> {
    let page = outline(document, extent);
    let mut sheet = Sheet::new(&document.boxes, spell).breaking(&document.lines);
    if let Some(title) = &page.title {
        sheet.text(PREAMBLE);
        heading(&mut sheet, r"\section*{", title);
    }
    for block in &page.blocks {
        match block {
            Block::Equations(rows) => equations(&mut sheet, rows),
            Block::Derivation(derivation) => self::derivation(&mut sheet, derivation),
            Block::Words(words) => paragraph(&mut sheet, words),
            Block::Comment(words) => sheet.text(format!("% {words}\n")),
            Block::Legend(rows) => {
                if page.title.is_some() {
                    sheet.text("\\subsection*{Symbols}\n");
                }
                legend(&mut sheet, rows);
            }
        }
    }
    if page.title.is_some() {
        sheet.text("\\end{document}\n");
    }
    sheet
}

fn heading(sheet: &mut Sheet, command: &'static str, words: &Prose) {
    sheet.text(command);
    prose(sheet, words);
    sheet.text("}\n");
}

fn derivation(sheet: &mut Sheet, derivation: &Derivation) {
    if let Some(words) = &derivation.heading {
        heading(sheet, r"\subsection*{", words);
    }
    equations(sheet, &derivation.steps);
    for condition in &derivation.conditions {
        paragraph(sheet, condition);
    }
}

fn equations(sheet: &mut Sheet, equations: &[Equation]) {
    sheet.text("\\begin{align*}\n");
    rows(sheet, equations);
    sheet.text("\\end{align*}\n");
}

/// Where a line ends and goes on behind the equals sign.
pub(super) const BREAK: &str = " \\\\\n &\\quad ";

/// The rows of an aligned environment.
pub(super) fn rows(sheet: &mut Sheet, equations: &[Equation]) {
    for (at, equation) in equations.iter().enumerate() {
        if at > 0 {
            sheet.text(" \\\\\n");
        }
        sheet.math(equation.left);
        for (at, member) in equation.members.iter().enumerate() {
            sheet.text(if at == 0 { " &= " } else { " \\\\\n &= " });
            sheet.lines(*member, BREAK);
        }
        if let Some(range) = equation.range {
            sheet.text(r" \qquad (");
            sheet.math(range);
            sheet.text(")");
        }
        if let Some(why) = equation.why {
            let last = equation.members.last().copied().unwrap_or(equation.left);
            sheet.before_reason(last, r" \qquad ", BREAK);
            aside(sheet, why);
        }
    }
    sheet.text("\n");
}

fn legend(sheet: &mut Sheet, rows: &[LegendRow]) {
    sheet.text("\\begin{itemize}\n");
    for row in rows {
        sheet.text(r"\item $");
        sheet.math(row.symbol);
        match row.meaning {
            Some(Meaning::In(set)) => {
                sheet.text(r" \in ");
                sheet.math(set);
            }
            Some(Meaning::Is(value)) => {
                sheet.text(" = ");
                sheet.math(value);
            }
            None => {}
        }
        sheet.text("$");
        if !row.words.is_empty() {
            sheet.text(format!(", {}", escape(&row.words)));
        }
        if let Some(range) = row.range {
            sheet.text(" ($");
            sheet.math(range);
            sheet.text("$)");
        }
        sheet.text("\n");
    }
    sheet.text("\\end{itemize}\n");
}

fn paragraph(sheet: &mut Sheet, words: &Prose) {
    prose(sheet, words);
    sheet.text("\\par\n");
}

/// Words in brackets beside an equation.
fn aside(sheet: &mut Sheet, prose: &Prose) {
    for inline in &in_brackets(prose) {
        match inline {
            Inline::Words(words) => sheet.text(format!(r"\text{{{}}}", escape(words))),
            Inline::Math(id) => sheet.math(*id),
        }
    }
}

/// Words with mathematics between dollars.
fn prose(sheet: &mut Sheet, prose: &Prose) {
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
}
