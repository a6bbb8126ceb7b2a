//! Verdicts as pages: Markdown and HTML, from the same facts as the text.

use super::line::{Judged, LineVerdict};
use super::report::{facts, headline, remarks};
use crate::source::Source;

/// The verdicts as a section of Markdown.
pub fn markdown(judged: &Judged, source: &Source) -> String {
    let mut out = format!("## {}\n", source.name);
    for line in &judged.lines {
        let (row, _) = source.position(line.span.start);
        out.push_str(&format!(
            "\n### Line {row}: {}\n\n```latex\n{}\n```\n\n",
            headline(&line.verdict),
            source.slice(line.span).trim()
        ));
        for (label, fact) in facts(line) {
            out.push_str(&format!("- {label}: {}\n", code(&fact)));
        }
    }
    let remarks = remarks(judged, source);
    if !remarks.is_empty() {
        out.push_str(&format!("\n```text\n{}\n```\n", remarks.join("\n")));
    }
    out
}

/// A span of code; a longer fence where the text has a backtick itself.
fn code(text: &str) -> String {
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

/// A page of HTML that needs nothing else. Each file comes with what was said of it.
pub fn html(sections: &[String]) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Formulas, judged</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        sections.concat()
    )
}

const STYLE: &str = "\
body { font-family: sans-serif; max-width: 60rem; margin: 2rem auto; }
pre, code { background: #f4f4f4; }
pre { padding: 0.5rem; overflow-x: auto; }
mark { background: #ffd7d7; }
.holds { color: #06602b; }
.fails { color: #a40000; }
dt { font-weight: bold; }
";

/// One file as a section of a page.
pub fn html_section(judged: &Judged, source: &Source) -> String {
    let mut out = format!("<section>\n<h2>{}</h2>\n", escape(&source.name));
    for line in &judged.lines {
        let (row, _) = source.position(line.span.start);
        let class = if line.verdict.holds() {
            "holds"
        } else {
            "fails"
        };
        out.push_str(&format!(
            "<h3 class=\"{class}\">Line {row}: {}</h3>\n<pre>{}</pre>\n<dl>\n",
            escape(&headline(&line.verdict)),
            marked(line, source)
        ));
        for (label, fact) in facts(line) {
            out.push_str(&format!(
                "<dt>{label}</dt><dd><code>{}</code></dd>\n",
                escape(&fact)
            ));
        }
        out.push_str("</dl>\n");
    }
    for remark in remarks(judged, source) {
        out.push_str(&format!("<p>{}</p>\n", escape(&remark)));
    }
    out.push_str("</section>\n");
    out
}

/// A file that cannot be read, as a section of a page.
pub fn html_refusal(name: &str, message: &str) -> String {
    format!(
        "<section>\n<h2>{}</h2>\n<h3 class=\"fails\">unreadable</h3>\n<pre>{}</pre>\n</section>\n",
        escape(name),
        escape(message)
    )
}

/// The claim with the part that is wrong marked.
fn marked(line: &LineVerdict, source: &Source) -> String {
    let text = source.slice(line.span);
    let place = line.mistake.as_ref().and_then(|mistake| mistake.place);
    let parts = place.and_then(|place| {
        let start = place.start.checked_sub(line.span.start)?;
        let end = place.end.checked_sub(line.span.start)?;
        Some((text.get(..start)?, text.get(start..end)?, text.get(end..)?))
    });
    match parts {
        Some((before, wrong, behind)) if !wrong.is_empty() => format!(
            "{}<mark>{}</mark>{}",
            escape(before),
            escape(wrong),
            escape(behind)
        ),
        _ => escape(text.trim()),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
