//! `chainrule check`: formulas that were derived by hand.

use serde_json::{Value, json};

use super::args::CheckArguments;
use super::network::load;
use super::{Outcome, Stop, deliver, styled};
use crate::judge::{Judged, Options, Verdict, json, text};
use crate::source::{Report, Source, diagnostics_json, render};

/// One claim file and what was said of it.
type Checked = (Source, Result<Judged, Report>);

pub(super) fn run(arguments: &CheckArguments) -> Result<Outcome, Stop> {
    let loaded = load(&arguments.network)?;
    let mut sources = Vec::new();
    for path in &arguments.claims {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Stop::refused(format!("error: {name}: {error}")))?;
        sources.push(Source::new(name, text));
    }
    for latex in &arguments.latex {
        sources.push(Source::new("<claim>", latex.clone()));
    }
    if sources.is_empty() {
        return Err(Stop::refused(
            "error: nothing to check: name a claim file, or give a formula with -c",
        ));
    }
    let options = Options {
        about: arguments.about.as_deref(),
        layout: arguments.layout.map(Into::into),
        step_at_zero: arguments.network.step0.map(Into::into),
        verdict_only: false,
    };
    let checked: Vec<Checked> = sources
        .into_iter()
        .map(|source| {
            let judged = crate::judge::check(&loaded.system, &source, options);
            (source, judged)
        })
        .collect();
    let outcome = checked
        .iter()
        .map(|(_, judged)| outcome(judged, arguments.strict))
        .min_by_key(|outcome| match outcome {
            Outcome::Refused => 0,
            Outcome::Failed => 1,
            Outcome::Undecided => 2,
            Outcome::Done => 3,
        })
        .unwrap_or(Outcome::Done);
    let output = if arguments.is_json() {
        as_json(&checked)
    } else if arguments.summary {
        summary(&checked)
    } else {
        as_text(&checked)
    };
    deliver(None, |out| out.write_all(output.as_bytes()))?;
    Ok(outcome)
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
            Ok(judged) => text(judged, source),
            Err(report) => format!(
                "{}: unreadable\n{}",
                source.name,
                render(report, source, styled())
            ),
        })
        .collect()
}

fn summary(checked: &[Checked]) -> String {
    let width = checked
        .iter()
        .map(|(source, _)| source.name.chars().count())
        .max()
        .unwrap_or(0);
    checked
        .iter()
        .map(|(source, judged)| {
            let (verdict, line) = match judged {
                Ok(judged) => (judged.verdict().name(), judged.first_wrong_line),
                Err(_) => ("unreadable", None),
            };
            let line = line.map_or_else(String::new, |line| format!("  line {line}"));
            format!("{:width$}  {verdict}{line}\n", source.name)
        })
        .collect()
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
