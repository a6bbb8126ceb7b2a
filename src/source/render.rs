//! The one place that knows what a diagnostic looks like on paper or on a terminal.

use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use super::{Diagnostic, Report, Severity, Source, Span};

/// Width beyond which long source lines are cut, in the terminal and elsewhere: the same text everywhere.
const WIDTH: usize = 140;

/// The report as text with underlined source lines; `styled` adds terminal colours.
pub fn render(report: &Report, source: &Source, styled: bool) -> String {
    render_diagnostics(report.diagnostics(), source, styled)
}

/// Diagnostics (errors or warnings) as text with underlined source lines.
pub fn render_diagnostics(diagnostics: &[Diagnostic], source: &Source, styled: bool) -> String {
    let renderer = if styled {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .term_width(WIDTH);
    let texts: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| render_one(&renderer, diagnostic, source))
        .collect();
    texts.join("\n\n")
}

fn render_one(renderer: &Renderer, diagnostic: &Diagnostic, source: &Source) -> String {
    let level = match diagnostic.severity {
        Severity::Error | Severity::Fault => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code);
    let mut group = if diagnostic.labels.is_empty() {
        // It is about the whole text: no line of it says more than another.
        title.element(Origin::path(&source.name))
    } else {
        title.element(snippet(diagnostic, source))
    };
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The lines that a diagnostic is about, with what it says of them.
fn snippet<'s>(diagnostic: &'s Diagnostic, source: &'s Source) -> Snippet<'s, Annotation<'s>> {
    let window = window(diagnostic, source);
    let mut snippet = Snippet::source(&source.text[window.start..window.end])
        .line_start(source.position(window.start).0)
        .path(&source.name)
        .fold(true);
    for (number, label) in diagnostic.labels.iter().enumerate() {
        let kind = if number == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let span = clamp(label.span, source);
        let annotation = kind.span(span.start - window.start..span.end - window.start);
        snippet = snippet.annotation(if label.text.is_empty() {
            annotation
        } else {
            annotation.label(label.text.as_str())
        });
    }
    snippet
}

/// The whole lines that hold all labels: a message about one line of a large text costs one line.
fn window(diagnostic: &Diagnostic, source: &Source) -> Span {
    let all = diagnostic
        .labels
        .iter()
        .map(|label| clamp(label.span, source))
        .reduce(Span::to)
        .unwrap_or_default();
    let start = source.text[..all.start].rfind('\n').map_or(0, |at| at + 1);
    let end = source.text[all.end..]
        .find('\n')
        .map_or(source.text.len(), |at| all.end + at);
    Span::new(start, end)
}

/// A span inside the text, at character boundaries.
fn clamp(span: Span, source: &Source) -> Span {
    let inside = |mut at: usize| {
        at = at.min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = inside(span.start);
    Span::new(start, inside(span.end).max(start))
}

/// One diagnostic for programs. Lines and columns count from 1, columns in characters; offsets are bytes.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    labels: Vec<Place<'a>>,
    notes: &'a [String],
    help: &'a [String],
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    line: usize,
    column: usize,
    start: usize,
    end: usize,
    text: &'a str,
}

/// The diagnostics as JSON: a list of objects with `severity`, `code`, `message`, `labels`, `notes`, `help`.
pub fn diagnostics_json(diagnostics: &[Diagnostic], source: &Source) -> serde_json::Value {
    let entries: Vec<Entry<'_>> = diagnostics
        .iter()
        .map(|diagnostic| Entry {
            severity: match diagnostic.severity {
                Severity::Error | Severity::Fault => "error",
                Severity::Warning => "warning",
            },
            code: diagnostic.code,
            message: &diagnostic.message,
            labels: diagnostic
                .labels
                .iter()
                .map(|label| {
                    let (line, column) = source.position(label.span.start);
                    Place {
                        line,
                        column,
                        start: label.span.start,
                        end: label.span.end,
                        text: &label.text,
                    }
                })
                .collect(),
            notes: &diagnostic.notes,
            help: &diagnostic.help,
        })
        .collect();
    serde_json::to_value(entries).expect("strings and numbers always are JSON")
}
