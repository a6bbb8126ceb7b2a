//! Verdicts for people and for programs.

use serde_json::{Value, json};

use super::compare::Counterexample;
use super::line::{Judged, LineVerdict, Verdict};
use crate::source::Source;

/// The verdicts for a person.
pub fn text(judged: &Judged, source: &Source) -> String {
    let mut out = String::new();
    for line in &judged.lines {
        let (row, column) = source.position(line.span.start);
        out.push_str(&format!(
            "{}:{row}:{column}: {}\n",
            source.name,
            headline(&line.verdict)
        ));
        out.push_str(&format!("  claim    {}\n", source.slice(line.span).trim()));
        out.push_str(&format!("  read as  {}\n", line.read_as));
        details(line, &mut out);
    }
    if judged.lines.len() > 1
        && let Some(first) = judged.first_wrong_line
    {
        out.push_str(&format!("first wrong line: {first}\n"));
    }
    if judged.skipped > 0 {
        out.push_str(&format!(
            "{} formulas claim nothing and were skipped\n",
            judged.skipped
        ));
    }
    out
}

fn headline(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Equal => "equal".into(),
        Verdict::EqualAtSizes(sizes) => format!("equal at the sizes {}", sizes.join("; ")),
        Verdict::EqualAlmostEverywhere(_) => "equal almost everywhere, not on a kink".into(),
        Verdict::EqualOnlyIf(conditions, _) => format!("equal only if {}", conditions.join(", ")),
        Verdict::Differs(_) => "differs".into(),
        Verdict::IllTyped(why) => format!("differs: {why}"),
        Verdict::Undecided(why) => format!("undecided: {why}"),
    }
}

fn details(line: &LineVerdict, out: &mut String) {
    match &line.verdict {
        Verdict::Differs(example)
        | Verdict::EqualAlmostEverywhere(example)
        | Verdict::EqualOnlyIf(_, example) => counterexample(example, out),
        Verdict::Equal | Verdict::EqualAtSizes(_) => {
            out.push_str("  tested   identical in two prime fields, error below 2^-60\n");
        }
        Verdict::IllTyped(_) | Verdict::Undecided(_) => {}
    }
    if let Some(mistake) = &line.mistake {
        let about = super::mistakes::MISTAKES
            .iter()
            .find(|row| row.name == mistake.name)
            .map_or("", |row| row.about);
        out.push_str(&format!("  mistake  {}: {about}\n", mistake.name));
        if !mistake.also.is_empty() {
            out.push_str(&format!("  also     {}\n", mistake.also.join(", ")));
        }
        if let Some(repair) = &mistake.repair {
            out.push_str(&format!("  repaired {repair}\n"));
        }
    }
    if line.follows == Some(true) && !line.verdict.holds() {
        out.push_str("  follows from the line before (a carried error)\n");
    }
    if !line.rests_on.is_empty() {
        out.push_str(&format!("  rests on {}\n", line.rests_on.join(", ")));
    }
    for note in &line.notes {
        out.push_str(&format!("  note     {note}\n"));
    }
}

fn counterexample(example: &Counterexample, out: &mut String) {
    let point: Vec<String> = example
        .point
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    out.push_str(&format!("  at       {}\n", point.join(", ")));
    if let Some(element) = &example.element {
        out.push_str(&format!("  element  {element}\n"));
    }
    let claimed = example.claim_value.as_deref().unwrap_or("no value");
    out.push_str(&format!(
        "  claimed  {claimed}\n  true     {}\n",
        example.true_value
    ));
    if !example.step_pattern.is_empty() {
        out.push_str(&format!("  kinks    {}\n", example.step_pattern));
    }
    if !example.sizes.is_empty() {
        out.push_str(&format!("  sizes    {}\n", example.sizes));
    }
}

/// The verdicts for programs.
pub fn json(judged: &Judged, source: &Source) -> Value {
    let claims: Vec<Value> = judged
        .lines
        .iter()
        .map(|line| claim(line, source))
        .collect();
    json!({
        "claims": claims,
        "first_wrong_line": judged.first_wrong_line,
        "skipped": judged.skipped,
    })
}

fn claim(line: &LineVerdict, source: &Source) -> Value {
    let (row, column) = source.position(line.span.start);
    let example = match &line.verdict {
        Verdict::Differs(example)
        | Verdict::EqualAlmostEverywhere(example)
        | Verdict::EqualOnlyIf(_, example) => {
            let point: serde_json::Map<String, Value> = example
                .point
                .iter()
                .map(|(name, value)| (name.clone(), Value::String(value.clone())))
                .collect();
            json!({
                "point": point,
                "element": example.element,
                "claim_value": example.claim_value,
                "true_value": example.true_value,
                "step_pattern": example.step_pattern,
                "sizes": example.sizes,
            })
        }
        _ => Value::Null,
    };
    let proof = match &line.verdict {
        Verdict::Equal | Verdict::EqualAtSizes(_) => json!({
            "kind": "tested",
            "error": "2^-60",
            "step_patterns": line.patterns,
        }),
        _ => Value::Null,
    };
    let only_if: &[String] = match &line.verdict {
        Verdict::EqualOnlyIf(conditions, _) => conditions,
        _ => &[],
    };
    let reason = match &line.verdict {
        Verdict::IllTyped(why) | Verdict::Undecided(why) => Some(why),
        _ => None,
    };
    json!({
        "line": row,
        "column": column,
        "kind": "claim",
        "claim": source.slice(line.span).trim(),
        "read_as": line.read_as,
        "about": line.about,
        "verdict": line.verdict.name(),
        "proof": proof,
        "only_if": only_if,
        "mistake": line.mistake.as_ref().map(|mistake| mistake.name),
        "also": line.mistake.as_ref().map_or(&[][..], |mistake| &mistake.also),
        "repair": line.mistake.as_ref().and_then(|mistake| mistake.repair.as_ref()),
        "ill_typed": matches!(line.verdict, Verdict::IllTyped(_)),
        "reason": reason,
        "rests_on": line.rests_on,
        "notes": line.notes,
        "follows": line.follows,
        "counterexample": example,
    })
}
