//! `chainrule confirm`: formulas against dual numbers and central differences.

use serde_json::{Value, json};

use super::args::ConfirmArguments;
use super::derive::formulas;
use super::files::read_text;
use super::network::load;
use super::{Outcome, Stop, deliver, report};
use crate::formula::View;
use crate::numeric::{Confirmation, Sampling, Status};
use crate::present::left_sides;

pub(super) fn run(arguments: &ConfirmArguments) -> Result<Outcome, Stop> {
    let loaded = load(&arguments.network)?;
    let (derivation, formulas) = formulas(&loaded, arguments.network.step0, &View::default())?;
    if let Some(path) = &arguments.at {
        let name = path.display();
        let text = read_text(path)?;
        let values: Value = serde_json::from_str(&text)
            .map_err(|error| Stop::refused(format!("error: {name}: {error}")))?;
        let answer =
            crate::numeric::evaluate_at(&derivation, &formulas, &values).map_err(|messages| {
                let lines: Vec<String> = messages
                    .iter()
                    .map(|message| format!("error: {name}: {message}"))
                    .collect();
                Stop::refused(lines.join("\n"))
            })?;
        let answer = format!("{answer:#}\n");
        deliver(None, |out| out.write_all(answer.as_bytes()))?;
        return Ok(Outcome::Done);
    }
    let standard = Sampling::default();
    let plan = Sampling {
        points: arguments.points.unwrap_or(standard.points),
        seed: arguments.seed.unwrap_or(standard.seed),
    };
    let confirmation = crate::numeric::confirm(&derivation, &formulas, &plan);
    let outcome = outcome(&confirmation);
    let names = left_sides(&derivation, &formulas);
    let text = if arguments.json {
        format!("{:#}\n", as_json(&names, &confirmation))
    } else {
        report::table(&derivation, &formulas, &confirmation)
    };
    if outcome == Outcome::Done {
        deliver(None, |out| out.write_all(text.as_bytes()))?;
        return Ok(outcome);
    }
    let mut message = report::functions(&loaded.source, &confirmation);
    message.push_str(&text);
    Err(Stop {
        outcome,
        message,
        about: None,
    })
}

fn outcome(confirmation: &Confirmation) -> Outcome {
    if confirmation.has_failed() {
        Outcome::Failed
    } else if confirmation.is_confirmed() {
        Outcome::Done
    } else {
        Outcome::Undecided
    }
}

fn as_json(names: &[String], confirmation: &Confirmation) -> Value {
    let formulas: Vec<Value> = names
        .iter()
        .zip(&confirmation.outcomes)
        .map(|(name, outcome)| {
            let mut row = match &outcome.status {
                Status::Confirmed {
                    points,
                    step_patterns,
                    worst_error,
                } => json!({
                    "status": "confirmed",
                    "points": points,
                    "step_patterns": step_patterns,
                    "worst_error": worst_error,
                }),
                Status::Failed(failure) => json!({
                    "status": "failed",
                    "reason": failure.reason,
                    "element": failure.element,
                    "claimed": failure.claimed,
                    "expected": failure.expected,
                }),
                Status::Unconfirmed { reason } => {
                    json!({"status": "unconfirmed", "reason": reason})
                }
                Status::Skipped => json!({"status": "skipped"}),
            };
            row["of"] = json!(name);
            row["notes"] = json!(outcome.notes);
            row
        })
        .collect();
    json!({"confirmations": formulas, "sizes": confirmation.instances})
}
