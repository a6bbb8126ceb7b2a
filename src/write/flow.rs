//! The flow of gradients as LaTeX, HTML or text: one line for each statement.

use super::Environment;
use super::latex::escape;
use super::sheet::Sheet;
use super::{latex, mathml, text};
use crate::present::FlowDocument;
use crate::present::math::Sign;

/// The statements in a LaTeX environment.
pub fn flow_latex(document: &FlowDocument, environment: Environment) -> String {
    let mut sheet = Sheet::new(&document.boxes, latex::spell);
    let (name, ampersand, end) = match environment {
        Environment::AlignStar => (Some("align*"), "&", " \\\\\n"),
        Environment::Align => (Some("align"), "&", " \\\\\n"),
        Environment::Aligned => (Some("aligned"), "&", " \\\\\n"),
        Environment::None => (None, "", "\n"),
    };
    if let Some(name) = name {
        sheet.text(format!("\\begin{{{name}}}\n"));
    }
    for (at, statement) in document.statements.iter().enumerate() {
        if at > 0 {
            sheet.text(end);
        }
        sheet.math(statement.left);
        let relation = match statement.relation {
            Sign::LessEqual => r"\le",
            Sign::Element => r"\in",
            _ => "=",
        };
        sheet.text(format!(" {ampersand}{relation} "));
        sheet.math(statement.right);
        if let Some(range) = statement.range {
            sheet.text(r" \qquad (");
            sheet.math(range);
            sheet.text(")");
        }
        if let Some(given) = &statement.given {
            sheet.text(format!(r" \qquad \text{{({})}}", in_text(given)));
        }
    }
    match name {
        Some(name) => sheet.text(format!("\n\\end{{{name}}}\n")),
        None => sheet.text("\n"),
    }
    written(sheet)
}

/// Words with a norm in them, for a text font.
fn in_text(words: &str) -> String {
    escape(words).replace("E‖δ‖²", r"$\operatorname{E}\lVert\delta\rVert^2$")
}

/// The statements as a fragment of HTML, with MathML.
pub fn flow_html(document: &FlowDocument) -> String {
    let mut sheet = Sheet::new(&document.boxes, mathml::spell);
    let plain = sheet.voice(text::spell, mathml::escape);
    for statement in &document.statements {
        let (sign, element) = match statement.relation {
            Sign::LessEqual => (" ≤ ", "<mo>≤</mo>"),
            Sign::Element => (" ∈ ", "<mo>∈</mo>"),
            _ => (" = ", "<mo>=</mo>"),
        };
        sheet.text("<div class=\"equation\"><math alttext=\"");
        sheet.math_in(plain, statement.left);
        sheet.text(sign);
        sheet.math_in(plain, statement.right);
        sheet.text("\"><mrow>");
        sheet.math(statement.left);
        sheet.text(element);
        sheet.math(statement.right);
        sheet.text("</mrow></math>");
        if let Some(range) = statement.range {
            sheet.text("<span>(<math alttext=\"");
            sheet.math_in(plain, range);
            sheet.text("\">");
            sheet.math(range);
            sheet.text("</math>)</span>");
        }
        if let Some(given) = &statement.given {
            sheet.text(format!("<span>({})</span>", mathml::escape(given)));
        }
        sheet.text("</div>\n");
    }
    written(sheet)
}

/// The statements as plain text.
pub fn flow_text(document: &FlowDocument) -> String {
    let mut sheet = Sheet::new(&document.boxes, text::spell);
    for statement in &document.statements {
        sheet.math(statement.left);
        sheet.text(match statement.relation {
            Sign::LessEqual => " ≤ ",
            Sign::Element => " ∈ ",
            _ => " = ",
        });
        sheet.math(statement.right);
        if let Some(range) = statement.range {
            sheet.text("   (");
            sheet.math(range);
            sheet.text(")");
        }
        if let Some(given) = &statement.given {
            sheet.text(format!("   ({given})"));
        }
        sheet.text("\n");
    }
    written(sheet)
}

fn written(mut sheet: Sheet) -> String {
    let mut bytes = Vec::new();
    sheet
        .write_to(&mut bytes)
        .expect("memory takes all that is written");
    String::from_utf8(bytes).expect("writers write text")
}
