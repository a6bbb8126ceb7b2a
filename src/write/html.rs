//! One page of HTML that needs nothing else: MathML, with the LaTeX of each formula beside it.

use super::Extent;
use super::mathml::{self, escape};
use super::outline::{Block, Derivation, Equation, outline};
use super::sheet::{Sheet, Voice};
use super::{latex, svg, text};
use crate::present::math::MathId;
use crate::present::{Document, Inline, LegendRow, Meaning, Picture, Prose};
use crate::words::Words;

const HEAD: &str = r#"<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<style>
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --line: #bbbbbb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #161616; --line: #555555; } }
@media print { :root { --ink: #000000; --paper: #ffffff; } section { break-inside: avoid; } }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font-family: serif; line-height: 1.5; }
.equation { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 2rem; margin: 0.75rem 0; padding: 0.25rem 0; overflow: auto hidden; }
.equation math { display: inline math; math-style: normal; }
span.number, button.copy { margin-inline-start: auto; }
span.number + button.copy { margin-inline-start: 0; }
button.copy { font: inherit; font-size: 0.8rem; color: inherit; background: none; border: 1px solid var(--line); border-radius: 0.25rem;
  cursor: pointer; }
button.copy:focus-visible { outline: 2px solid; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media print { button.copy { display: none; } }
mtable.chain { math-style: normal; }
mtable.chain mtd, mtable.cases mtd { text-align: left; }
mtable.chain mtd { padding: 0.3em 0.1em; }
mi.word { font-style: italic; }
figure.network { margin: 1rem 0; }
figure.network svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { font-size: 0.9rem; margin-top: 0.5rem; }
th, td { text-align: left; padding: 0.25rem 1rem 0.25rem 0; border-bottom: 1px solid var(--line); }
</style>
"#;

/// Buttons that copy LaTeX.
const SCRIPT: &str = include_str!("copy.js");

pub(super) fn lay_out(document: &Document, extent: Extent) -> Sheet<'_> {
    let outline = outline(document, extent);
    let mut sheet = Sheet::new(&document.boxes, mathml::spell);
    let mut page = Page {
        latex: sheet.voice(latex::spell, escape),
        plain: sheet.voice(text::spell, escape),
        sheet,
        table: document.words,
    };
    if let Some(title) = &outline.title {
        page.head(title);
        if let Some(picture) = &document.picture {
            page.picture(picture);
        }
    }
    for block in &outline.blocks {
        match block {
            Block::Equations(rows) => page.equations(rows),
            Block::Derivation(derivation) => page.derivation(derivation),
            Block::Words(words) => page.paragraph(words),
            Block::Comment(words) => page.sheet.text(format!("<!-- {words} -->\n")),
            Block::Legend(rows) => page.legend(rows),
        }
    }
    if outline.title.is_some() {
        page.sheet.text("<script>\n");
        page.sheet.text(SCRIPT);
        page.sheet.text("</script>\n</body>\n</html>\n");
    }
    page.sheet
}

struct Page<'a> {
    sheet: Sheet<'a>,
    latex: Voice,
    plain: Voice,
    table: &'static Words,
}

impl<'a> Page<'a> {
    fn head(&mut self, title: &Prose) {
        let language = &self.table.language;
        self.sheet
            .text(format!("<!DOCTYPE html>\n<html lang=\"{language}\">\n"));
        self.sheet.text(HEAD);
        self.sheet.text("<title>");
        for inline in title {
            match inline {
                Inline::Words(words) => self.words(words),
                Inline::Math(id) => self.sheet.math_in(self.plain, *id),
            }
        }
        let headings = &self.table.headings;
        self.sheet.text(format!(
            "</title>\n</head>\n<body data-copy=\"{}\" data-copied=\"{}\">\n<h1>",
            escape(headings.copy),
            escape(headings.copied)
        ));
        self.prose(title);
        self.sheet.text("</h1>\n");
    }

    fn picture(&mut self, picture: &Picture) {
        self.sheet.text("<figure class=\"network\">\n");
        self.sheet.text(svg::element(picture));
        self.sheet.text("<figcaption>");
        self.words(&picture.caption);
        self.sheet.text("</figcaption>\n</figure>\n");
    }

    fn words(&mut self, words: &str) {
        self.sheet.text(escape(words).into_owned());
    }

    fn prose(&mut self, prose: &Prose) {
        for inline in prose {
            match inline {
                Inline::Words(words) => self.words(words),
                Inline::Math(id) => self.formula(*id, &[]),
            }
        }
    }

    fn paragraph(&mut self, words: &Prose) {
        self.sheet.text("<p>");
        self.prose(words);
        self.sheet.text("</p>\n");
    }

    /// The result is always to be seen, the way to it unfolds.
    fn derivation(&mut self, derivation: &Derivation<'a>) {
        self.sheet.text("<section>\n");
        if let Some(words) = &derivation.heading {
            self.sheet.text("<h2>");
            self.prose(words);
            self.sheet.text("</h2>\n");
        }
        let result = &derivation.result;
        self.equations(std::slice::from_ref(result));
        let more = |step: &Equation| step.members.len() > 1 || step.lead.is_some();
        if derivation.steps.len() > 1 || derivation.steps.iter().any(more) {
            self.sheet.text("<details>\n<summary>");
            self.words(self.table.headings.steps);
            self.sheet.text("</summary>\n");
            // The result above has the number.
            let steps: Vec<Equation> = derivation
                .steps
                .iter()
                .map(|step| Equation { tag: None, ..*step })
                .collect();
            self.equations(&steps);
            self.sheet.text("</details>\n");
        }
        for condition in &derivation.conditions {
            self.paragraph(condition);
        }
        self.sheet.text("</section>\n");
    }

    fn equations(&mut self, equations: &[Equation<'a>]) {
        for equation in equations {
            if let Some(lead) = equation.lead {
                self.paragraph(lead);
            }
            self.sheet.text(match equation.tag {
                Some(tag) => format!("<div class=\"equation\" id=\"{}\">", tag.label),
                None => "<div class=\"equation\">".to_owned(),
            });
            self.formula(equation.left, equation.members);
            if let Some(range) = equation.range {
                self.sheet.text("<span>(");
                self.formula(range, &[]);
                self.sheet.text(")</span>");
            }
            if let Some(why) = equation.why {
                self.sheet.text("<span>(");
                self.prose(why);
                self.sheet.text(")</span>");
            }
            if let Some(tag) = equation.tag {
                self.sheet
                    .text(format!("<span class=\"number\">({})</span>", tag.number));
            }
            self.sheet.text("</div>\n");
        }
    }

    /// A chain of equalities, or one expression, with its text for those who listen and its LaTeX for those who copy.
    fn formula(&mut self, left: MathId, members: &[MathId]) {
        self.sheet.text("<math alttext=\"");
        self.sheet.math_in(self.plain, left);
        for member in members {
            self.sheet.text(" = ");
            self.sheet.math_in(self.plain, *member);
        }
        self.sheet.text("\"><semantics>");
        match members {
            [] => self.sheet.math(left),
            _ => {
                self.sheet.text("<mtable class=\"chain\">");
                for (at, member) in members.iter().enumerate() {
                    self.sheet.text("<mtr><mtd>");
                    if at == 0 {
                        self.sheet.math(left);
                    }
                    self.sheet.text("</mtd><mtd><mo>=</mo>");
                    self.sheet.math(*member);
                    self.sheet.text("</mtd></mtr>");
                }
                self.sheet.text("</mtable>");
            }
        }
        self.sheet
            .text("<annotation encoding=\"application/x-tex\">");
        let aligned = members.len() > 1;
        if aligned {
            self.sheet.text("\\begin{aligned} ");
        }
        self.sheet.math_in(self.latex, left);
        for (at, member) in members.iter().enumerate() {
            self.sheet.text(match (aligned, at) {
                (false, _) => " = ",
                (true, 0) => " &amp;= ",
                (true, _) => " \\\\ &amp;= ",
            });
            self.sheet.math_in(self.latex, *member);
        }
        if aligned {
            self.sheet.text(" \\end{aligned}");
        }
        self.sheet.text("</annotation></semantics></math>");
    }

    fn legend(&mut self, rows: &[LegendRow]) {
        let headings = &self.table.headings;
        self.sheet.text("<h2>");
        self.words(headings.symbols);
        self.sheet.text("</h2>\n<table>\n<tr>");
        let columns = [
            &headings.symbol,
            &headings.value,
            &headings.meaning,
            &headings.r#where,
        ];
        for column in columns {
            self.sheet.text("<th>");
            self.words(column);
            self.sheet.text("</th>");
        }
        self.sheet.text("</tr>\n");
        for row in rows {
            self.sheet.text("<tr><td>");
            self.formula(row.symbol, &[]);
            self.sheet.text("</td><td>");
            if let Some(Meaning::In(value) | Meaning::Is(value)) = row.meaning {
                self.formula(value, &[]);
            }
            self.sheet.text("</td><td>");
            self.words(&row.words);
            self.sheet.text("</td><td>");
            if let Some(range) = row.range {
                self.formula(range, &[]);
            }
            self.sheet.text("</td></tr>\n");
        }
        self.sheet.text("</table>\n");
    }
}
