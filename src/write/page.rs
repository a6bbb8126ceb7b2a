//! A whole file for LaTeX: the equations as `latex` spells them, what is said of them in words.

use super::Extent;
use super::latex::{escape, in_brackets, macros, spell};
use super::outline::{Block, Derivation, Equation, outline};
use super::sheet::Sheet;
use crate::present::math::MathId;
use crate::present::{Document, Inline, LegendRow, Meaning, Prose, Tag};
use crate::words::{Headings, Words};

const PREAMBLE: &str = r"\documentclass{article}
\usepackage[margin=2.5cm]{geometry}
\usepackage{amsmath,amssymb}
";

const SETTINGS: &str = r"\allowdisplaybreaks
\setlength{\parindent}{0pt}
";

/// A whole file that takes in others by their names.
pub(super) fn main<'a>(document: &'a Document, files: &[String]) -> Sheet<'a> {
    let mut sheet = Sheet::new(&document.boxes, spell);
    preamble(&mut sheet, document);
    if let Some(title) = &outline(document, Extent::Page).title {
        heading(&mut sheet, r"\section*{", title);
    }
    for file in files {
        sheet.text(format!("\\input{{{file}}}\n"));
    }
    sheet.text("\\end{document}\n");
    sheet
}

fn preamble(sheet: &mut Sheet, document: &Document) {
    sheet.text(PREAMBLE);
    // Hyphens and quotes are English unless LaTeX is told otherwise.
    if document.words.language != Words::english().language {
        let babel = &document.words.babel;
        sheet.text(format!("\\usepackage[{babel}]{{babel}}\n"));
    }
    sheet.text(SETTINGS);
    macros(sheet, document);
    sheet.text("\\begin{document}\n");
}

pub(super) fn lay_out(document: &Document, extent: Extent) -> Sheet<'_> {
    let page = outline(document, extent);
    let mut sheet = Sheet::new(&document.boxes, spell).breaking(&document.lines);
    if let Some(title) = &page.title {
        preamble(&mut sheet, document);
        heading(&mut sheet, r"\section*{", title);
    }
    if page.title.is_none() {
        macros(&mut sheet, document);
    }
    for block in &page.blocks {
        match block {
            Block::Equations(rows) => equations(&mut sheet, rows),
            Block::Derivation(derivation) => self::derivation(&mut sheet, derivation),
            Block::Words(words) => paragraph(&mut sheet, words),
            Block::Comment(words) => sheet.text(format!("% {words}\n")),
            Block::Legend(rows) => {
                if page.title.is_some() {
                    let words = escape(document.words.headings.symbols);
                    sheet.text(format!("\\subsection*{{{words}}}\n"));
                } else {
                    sheet.text("\\medskip\n");
                }
                legend(&mut sheet, rows, &document.words.headings);
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
    if equations.iter().any(|equation| equation.lead.is_some()) {
        for equation in equations {
            if let Some(lead) = equation.lead {
                prose(sheet, lead);
                sheet.text("\n");
            }
            aligned(sheet, std::slice::from_ref(equation));
        }
    } else {
        aligned(sheet, equations);
    }
}

fn aligned(sheet: &mut Sheet, equations: &[Equation]) {
    let numbered = equations.iter().any(|equation| equation.tag.is_some());
    let name = if numbered { "align" } else { "align*" };
    sheet.text(format!("\\begin{{{name}}}\n"));
    rows(sheet, equations, numbered);
    sheet.text(format!("\\end{{{name}}}\n"));
}

/// Where a line ends and goes on behind the equals sign.
pub(super) const BREAK: &str = " \\\\\n &\\quad ";

/// The same where lines have numbers.
pub(super) const NUMBERED_BREAK: &str = " \\notag \\\\\n &\\quad ";

/// What a row ends with where rows have numbers: the label of one that is cited.
pub(super) fn end_of_row(tag: Option<&Tag>) -> String {
    match tag {
        Some(tag) => format!(r" \label{{{}}}", tag.label),
        None => r" \notag".to_owned(),
    }
}

/// The rows of an aligned environment.
pub(super) fn rows(sheet: &mut Sheet, equations: &[Equation], numbered: bool) {
    let end_of_line = if numbered { NUMBERED_BREAK } else { BREAK };
    for (at, equation) in equations.iter().enumerate() {
        if at > 0 {
            sheet.text(" \\\\\n");
        }
        sheet.math(equation.left);
        for (at, member) in equation.members.iter().enumerate() {
            if at > 0 {
                sheet.text(if numbered {
                    " \\notag \\\\\n"
                } else {
                    " \\\\\n"
                });
            }
            sheet.text(" &= ");
            sheet.lines(*member, end_of_line);
        }
        if let Some(range) = equation.range {
            sheet.text(r" \qquad (");
            sheet.math(range);
            sheet.text(")");
        }
        if let Some(why) = equation.why {
            let last = equation.members.last().copied().unwrap_or(equation.left);
            sheet.before_reason(last, r" \qquad ", end_of_line);
            aside(sheet, why);
        }
        if numbered {
            sheet.text(end_of_row(equation.tag));
        }
    }
    sheet.text("\n");
}

/// Rows that fit a page.
const ROWS_OF_TABLE: usize = 40;

/// Quantities and sizes as a table of their sets; functions and signs, whose values may be long, as a list.
fn legend(sheet: &mut Sheet, rows: &[LegendRow], headings: &Headings) {
    let is_set = |row: &&LegendRow| matches!(row.meaning, Some(Meaning::In(_)));
    let (sets, others): (Vec<&LegendRow>, Vec<&LegendRow>) = rows.iter().partition(is_set);
    for rows in sets.chunks(ROWS_OF_TABLE) {
        let columns = [
            &headings.symbol,
            &headings.set,
            &headings.meaning,
            &headings.r#where,
        ];
        let columns = columns.map(|column| escape(column)).join(" & ");
        sheet.text(format!(
            "{{\\renewcommand{{\\arraystretch}}{{1.3}}\n\\begin{{tabular}}{{@{{}}llll@{{}}}}\n{columns} \\\\ \\hline\n"
        ));
        for row in rows {
            cell(sheet, Some(row.symbol));
            sheet.text(" & ");
            if let Some(Meaning::In(set)) = row.meaning {
                cell(sheet, Some(set));
            }
            sheet.text(format!(" & {} & ", escape(&row.words)));
            cell(sheet, row.range);
            sheet.text(" \\\\\n");
        }
        sheet.text("\\end{tabular}\\par}\n");
    }
    if others.is_empty() {
        return;
    }
    sheet.text("\\begin{itemize}\n");
    for row in others {
        sheet.text(r"\item $");
        sheet.math(row.symbol);
        if let Some(Meaning::Is(value)) = row.meaning {
            sheet.text(" = ");
            sheet.math(value);
        }
        sheet.text("$");
        if !row.words.is_empty() {
            sheet.text(format!(", {}", escape(&row.words)));
        }
        sheet.text("\n");
    }
    sheet.text("\\end{itemize}\n");
}

/// Mathematics in a cell of a table, if there is any.
fn cell(sheet: &mut Sheet, math: Option<MathId>) {
    if let Some(id) = math {
        sheet.text("$");
        sheet.math(id);
        sheet.text("$");
    }
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
