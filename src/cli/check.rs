//! `chainrule check`: formulas that were derived by hand.

use serde_json::{Value, json};

use super::args::{CheckArguments, ReportFormat};
use super::derive::view;
use super::files::read_text;
use super::network::{Loaded, load};
use super::{Outcome, Stop, deliver, progress, styled};
use crate::judge::{
    Judged, Options, Verdict, html, html_refusal, html_section, json, markdown, text,
};
use crate::profile::spelled_out;
use crate::source::{Report, Source, diagnostics_json, render};

/// One claim file and what was said of it.
pub(super) type Checked = (Source, Result<Judged, Report>);

pub(super) fn run(arguments: &CheckArguments) -> Result<Outcome, Stop> {
    let loaded = load(&arguments.network)?;
    let mut sources = Vec::new();
    for path in &arguments.claims {
        sources.push(Source::new(path.display().to_string(), read_text(path)?));
    }
    for latex in &arguments.latex {
        sources.push(Source::new("<claim>", latex.clone()));
    }
    if sources.is_empty() {
        return Err(Stop::refused(
            "error: nothing to check: name a claim file, or give a formula with -c",
        ));
    }
    let checked = checked(&loaded, arguments, sources);
    let outcome = Outcome::worst(
        checked
            .iter()
            .map(|(_, judged)| outcome(judged, arguments.strict)),
    );
    let output = match arguments.format() {
        ReportFormat::Json => as_json(&checked),
        ReportFormat::Text if arguments.summary => summary(&checked),
        ReportFormat::Text => as_text(&checked),
        ReportFormat::Markdown if arguments.summary => table(&checked),
        ReportFormat::Markdown => as_markdown(&checked),
        ReportFormat::Html => as_html(&checked),
    };
    deliver(None, |out| out.write_all(output.as_bytes()))?;
    Ok(outcome)
}

/// What is said of each text.
pub(super) fn checked(
    loaded: &Loaded,
    arguments: &CheckArguments,
    sources: Vec<Source>,
) -> Vec<Checked> {
    let system = spelled_out(&loaded.system, &loaded.notation);
    let options = Options {
        about: arguments.about.as_deref(),
        layout: arguments.layout.map(Into::into),
        usual_layout: view(&loaded.notation).layout,
        step_at_zero: arguments.network.step0.map(Into::into),
        verdict_only: false,
    };
    let bar = progress("judging", sources.len());
    let checked = sources
        .into_iter()
        .map(|source| {
            let judged = crate::judge::check(&system, &source, options);
            bar.inc(1);
            (source, judged)
        })
        .collect();
    bar.finish_and_clear();
    checked
}

fn outcome(judged: &Result<Judged, Report>, strict: bool) -> Outcome {
    match judged {
        Err(_) => Outcome::Refused,
        Ok(judged) => match judged.verdict() {
            Verdict::Equal => Outcome::Done,
            Verdict::EqualAtSizes(_) | Verdict::EqualAlmostEverywhere(_) if !strict => {
                Outcome::Done
            }
            Verdict::Undecided(_) => Outcome::Undecided,
            Verdict::EqualAtSizes(_)
            | Verdict::EqualAlmostEverywhere(_)
            | Verdict::EqualOnlyIf(..)
            | Verdict::Differs(_)
            | Verdict::IllTyped(_) => Outcome::Failed,
        },
    }
}

fn as_text(checked: &[Checked]) -> String {
    checked
        .iter()
        .map(|(source, judged)| match judged {
            Ok(judged) => text(judged, source, styled(&std::io::stdout())),
            Err(report) => format!(
                "{}: unreadable\n{}",
                source.name,
                render(report, source, styled(&std::io::stdout()))
            ),
        })
        .collect()
}

fn as_markdown(checked: &[Checked]) -> String {
    let sections: Vec<String> = checked
        .iter()
        .map(|(source, judged)| match judged {
            Ok(judged) => markdown(judged, source),
            Err(report) => format!(
                "## {}\n\n### unreadable\n\n```text\n{}\n```\n",
                source.name,
                render(report, source, false)
            ),
        })
        .collect();
    sections.join("\n")
}

fn as_html(checked: &[Checked]) -> String {
    let sections: Vec<String> = checked
        .iter()
        .map(|(source, judged)| match judged {
            Ok(judged) => html_section(judged, source),
            Err(report) => html_refusal(&source.name, &render(report, source, false)),
        })
        .collect();
    html(&sections)
}

/// File, verdict, first wrong line and mistake.
fn rows(checked: &[Checked]) -> Vec<[String; 4]> {
    checked
        .iter()
        .map(|(source, judged)| {
            let (verdict, line, mistake) = match judged {
                Ok(judged) => {
                    let mut lines = judged.lines.iter();
                    let mistake = lines.find_map(|line| line.mistake.as_ref());
                    (
                        judged.verdict().name(),
                        judged.first_wrong_line,
                        mistake.map_or("", |mistake| mistake.name),
                    )
                }
                Err(report) => {
                    let first = report.diagnostics().first();
                    ("unreadable", None, first.map_or("", |first| first.code))
                }
            };
            let line = line.map_or_else(String::new, |line| format!("line {line}"));
            [source.name.clone(), verdict.into(), line, mistake.into()]
        })
        .collect()
}

/// One line for each file, in columns.
fn summary(checked: &[Checked]) -> String {
    let rows = rows(checked);
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    rows.iter()
        .map(|[file, verdict, line, mistake]| {
            let text = format!(
                "{file:a$}  {verdict:b$}  {line:c$}  {mistake}",
                a = widths[0],
                b = widths[1],
                c = widths[2]
            );
            format!("{}\n", text.trim_end())
        })
        .collect()
}

/// The same as a table of Markdown.
fn table(checked: &[Checked]) -> String {
    let mut out = String::from("| file | verdict | first wrong | mistake |\n|---|---|---|---|\n");
    for row in rows(checked) {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    out
}

fn as_json(checked: &[Checked]) -> String {
    let mut files: Vec<Value> = checked
        .iter()
        .map(|(source, judged)| match judged {
            Ok(judged) => {
                let mut value = json(judged, source);
                value["file"] = json!(source.name);
                value
            }
            Err(report) => json!({
                "file": source.name,
                "claims": [{"verdict": "unreadable"}],
                "first_wrong_line": null,
                "errors": diagnostics_json(report.diagnostics(), source),
            }),
        })
        .collect();
    let value = if files.len() == 1 {
        files.remove(0)
    } else {
        json!({"files": files})
    };
    format!("{value:#}\n")
}
