//! Judges a file of hand-written formulas, one JSON object a line, and compares with the verdicts that stand there.
//!
//! `judge_corpus FILE.jsonl [--json]`: a record has `id`, `net`, `claim_header`, `claim_latex`, `verdict` and may have
//! `mistake`, `also`, `first_wrong_line`. The exit code is 1 if any verdict is another.

use std::process::ExitCode;

use chainrule::judge::{Options, check};
use chainrule::source::{Report, Source};
use serde_json::{Value, json};

/// What was found for one record.
struct Answer {
    verdict: String,
    mistake: Option<String>,
    first_wrong_line: Option<usize>,
    read_as: String,
    message: String,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        return finish("usage: judge_corpus FILE.jsonl [--json]\n", 2);
    };
    let as_json = arguments.any(|argument| argument == "--json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return finish(&format!("{path}: {error}\n"), 2),
    };
    let mut out = String::new();
    let (
        mut count,
        mut right,
        mut falsely_equal,
        mut labelled,
        mut named,
        mut lines,
        mut lines_right,
    ) = (0, 0, 0, 0, 0, 0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Ok(record) = serde_json::from_str::<Value>(line) else {
            return finish("a line is no JSON object\n", 2);
        };
        let answer = judge(&record);
        let expected = expected(record["verdict"].as_str().unwrap_or_default());
        let given = if answer.verdict == "equal_at_sizes" {
            "equal"
        } else {
            &answer.verdict
        };
        count += 1;
        let fits = given == expected;
        right += usize::from(fits);
        falsely_equal += usize::from(given == "equal" && !fits);
        let mistakes: Vec<&str> = record["mistake"]
            .as_str()
            .into_iter()
            .chain(
                record["also"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str),
            )
            .collect();
        let fits_name = answer
            .mistake
            .as_deref()
            .is_some_and(|name| mistakes.contains(&name));
        if !mistakes.is_empty() {
            labelled += 1;
            named += usize::from(fits_name);
        }
        let wrong_line = record["first_wrong_line"].as_u64();
        if wrong_line.is_some() {
            lines += 1;
            lines_right +=
                usize::from(answer.first_wrong_line.map(|line| line as u64) == wrong_line);
        }
        let id = record["id"].as_str().unwrap_or_default();
        if as_json {
            let row = json!({
                "id": id, "verdict": answer.verdict, "mistake": answer.mistake, "also": [],
                "first_wrong_line": answer.first_wrong_line, "read_as": answer.read_as, "message": answer.message,
            });
            out.push_str(&format!("{row}\n"));
        } else {
            let mark = match (fits, mistakes.is_empty() || fits_name) {
                (true, true) => "  ",
                (true, false) => "m ",
                (false, _) => "X ",
            };
            out.push_str(&format!(
                "{mark}{id:10} {expected:24} {given:24} {:28} {}\n",
                format!(
                    "{} / {}",
                    mistakes.join(","),
                    answer.mistake.as_deref().unwrap_or("-")
                ),
                if fits { "" } else { &answer.message },
            ));
        }
    }
    if !as_json {
        out.push_str(&format!(
            "{count} records: {right} verdicts right, {falsely_equal} falsely equal; {named} of {labelled} mistakes named; \
             {lines_right} of {lines} first wrong lines\n"
        ));
    }
    finish(&out, u8::from(right != count))
}

fn finish(text: &str, code: u8) -> ExitCode {
    use std::io::Write;
    // A reader that went away is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::from(code)
}

fn expected(verdict: &str) -> &'static str {
    match verdict {
        "correct" => "equal",
        "correct-almost-everywhere" => "equal_almost_everywhere",
        "only-under-assumption" => "equal_only_if",
        "malformed" => "unreadable",
        _ => "differs",
    }
}

fn judge(record: &Value) -> Answer {
    let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
    let refused = |verdict: &str, report: &Report| {
        let first = report.diagnostics().first();
        Answer {
            verdict: verdict.into(),
            mistake: first.map(|diagnostic| diagnostic.code.to_owned()),
            first_wrong_line: None,
            read_as: String::new(),
            message: first.map_or_else(String::new, |diagnostic| diagnostic.message.clone()),
        }
    };
    let network = Source::new("net", text("net"));
    let system = match chainrule::syntax::parse(&network)
        .and_then(|network| chainrule::system::lower(&network))
    {
        Ok(system) => system,
        Err(report) => return refused("network", &report),
    };
    let mut claim = String::new();
    for line in record["claim_header"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        claim.push_str(line);
        claim.push('\n');
    }
    claim.push_str(&text("claim_latex"));
    let source = Source::new("claim", claim);
    match check(&system, &source, Options::default()) {
        Ok(judged) => {
            let values = chainrule::judge::json(&judged, &source);
            Answer {
                verdict: judged.verdict().name().to_owned(),
                mistake: judged
                    .lines
                    .iter()
                    .find_map(|line| line.mistake.as_ref())
                    .map(|mistake| mistake.name.to_owned()),
                first_wrong_line: judged.first_wrong_line,
                read_as: judged
                    .lines
                    .iter()
                    .map(|line| line.read_as.clone())
                    .collect::<Vec<_>>()
                    .join("\n"),
                message: values["claims"].to_string(),
            }
        }
        Err(report) => refused("unreadable", &report),
    }
}
