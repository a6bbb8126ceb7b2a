//! Confirmations in words.

use super::styled;
use crate::derive::Derivation;
use crate::formula::Formula;
use crate::numeric::{Confirmation, Failure, Status};
use crate::present::left_sides;
use crate::source::{Source, render_diagnostics};

/// What is wrong with the declared derivatives of the author's functions.
pub(super) fn functions(source: &Source, confirmation: &Confirmation) -> String {
    if confirmation.functions.is_empty() {
        return String::new();
    }
    let mut text = render_diagnostics(&confirmation.functions, source, styled(&std::io::stderr()));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// One line for each formula, more for those that failed.
pub(super) fn table(
    derivation: &Derivation,
    formulas: &[Formula],
    confirmation: &Confirmation,
) -> String {
    let names = left_sides(derivation, formulas);
    let mut text = String::new();
    for (name, outcome) in names.iter().zip(&confirmation.outcomes) {
        match &outcome.status {
            Status::Confirmed {
                points,
                step_patterns,
                worst_error,
            } => {
                text.push_str(&format!(
                    "{name}: confirmed at {points} points, {step_patterns} step pattern{}, worst error {worst_error:.1e}\n",
                    if *step_patterns == 1 { "" } else { "s" },
                ));
            }
            Status::Failed(failure) => text.push_str(&failed(name, failure)),
            Status::Unconfirmed { reason } => {
                text.push_str(&format!("{name}: unconfirmed: {reason}\n"));
            }
            Status::Skipped => text.push_str(&format!("{name}: skipped\n")),
        }
        for note in &outcome.notes {
            text.push_str(&format!("    note: {note}\n"));
        }
    }
    let sizes: Vec<&str> = confirmation
        .instances
        .iter()
        .map(String::as_str)
        .filter(|instance| !instance.is_empty())
        .collect();
    if !sizes.is_empty() {
        text.push_str(&format!("at the sizes {}\n", sizes.join("; ")));
    }
    text
}

fn failed(name: &str, failure: &Failure) -> String {
    let mut text = format!("{name}: FAILED: {}\n", failure.reason);
    if !failure.instance.is_empty() {
        text.push_str(&format!("    sizes: {}\n", failure.instance));
    }
    text.push_str(&format!(
        "    {} is {} by the formula and should be {} (Step(0) = {})\n",
        failure.element, failure.claimed, failure.expected, failure.step_at_zero,
    ));
    let point: Vec<String> = failure
        .point
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    text.push_str(&format!("    at {}\n", point.join(", ")));
    text
}
