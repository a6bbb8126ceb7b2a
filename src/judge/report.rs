//! Verdicts for people and for programs.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::line::{Judged, LineVerdict, Verdict};
use super::look::Counterexample;
use crate::claim::LineKind;
use crate::source::{Source, Span};

/// What is wrong in a claim, and what stands there after the repair.
const WRONG: Style = AnsiColor::Red.on_default().bold();
const REPAIRED: Style = AnsiColor::Green.on_default().bold();

/// The verdicts for a person; `styled` adds terminal colours.
pub fn text(judged: &Judged, source: &Source, styled: bool) -> String {
    let painted = |style: Style, text: &str| {
        if styled {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    };
    let mut out = String::new();
    for line in &judged.lines {
        let (row, column) = source.position(line.span.start);
        out.push_str(&format!(
            "{}:{row}:{column}: {}\n",
            source.name,
            headline(&line.verdict)
        ));
        out.push_str(&format!("  claim    {}\n", source.slice(line.span).trim()));
        if let Some(marks) = marks(line, source) {
            let (lead, marks) = marks;
            let marks = painted(WRONG, &marks);
            out.push_str(&format!("           {lead}{marks}\n"));
        }
        for (label, fact) in facts(line) {
            let fact = match label {
                "repaired" => {
                    let (before, other, behind) = differing(source.slice(line.span), &fact);
                    format!("{before}{}{behind}", painted(REPAIRED, other))
                }
                _ => fact,
            };
            out.push_str(&format!("  {label:8} {fact}\n"));
        }
    }
    for remark in remarks(judged, source) {
        out.push_str(&format!("{remark}\n"));
    }
    out
}

/// What is said of the whole file.
pub(super) fn remarks(judged: &Judged, source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    if judged.lines.len() > 1
        && let Some(first) = judged.first_wrong_line
    {
        found.push(format!("first wrong line: {first}"));
    }
    let place = |span: Span| {
        let (row, column) = source.position(span.start);
        (format!("{row}:{column}"), source.slice(span).trim())
    };
    for (span, value) in &judged.defined {
        let (at, text) = place(*span);
        found.push(format!(
            "{}:{at}: taken as defined: {text}, read as {value}",
            source.name
        ));
    }
    match judged.skipped.len() {
        0 => {}
        1 => found.push("not judged: 1 formula".into()),
        count => found.push(format!("not judged: {count} formulas")),
    }
    for skipped in &judged.skipped {
        let (at, text) = place(skipped.span);
        found.push(format!("  {at} {text}: {}", skipped.why));
    }
    found
}

/// A line of marks under the part of the claim that is wrong; none if it is all of it.
fn marks(line: &LineVerdict, source: &Source) -> Option<(String, String)> {
    let place = line.mistake.as_ref()?.place?;
    let text = source.slice(line.span);
    let lead = text.len() - text.trim_start().len();
    let start = place.start.checked_sub(line.span.start + lead)?;
    let text = text.trim();
    let end = (place.end - line.span.start - lead).min(text.len());
    let (before, marked) = (text.get(..start)?, text.get(start..end)?);
    if text.contains('\n') || marked.is_empty() {
        return None;
    }
    Some((
        " ".repeat(before.chars().count()),
        "^".repeat(marked.chars().count()),
    ))
}

/// A repaired right side in three parts: what is as in the claim, what is not, what is again.
fn differing<'r>(claim: &str, repaired: &'r str) -> (&'r str, &'r str, &'r str) {
    let claim = claim.rsplit('=').next().unwrap_or(claim).trim();
    let common = |(a, b): (char, char)| (a == b).then(|| a.len_utf8());
    let start: usize = claim.chars().zip(repaired.chars()).map_while(common).sum();
    // Commands stay whole.
    let start = repaired[..start]
        .rfind(|c: char| !c.is_ascii_alphabetic())
        .filter(|at| repaired[*at..].starts_with('\\'))
        .unwrap_or(start);
    let most = (repaired.len() - start).min(claim.len().saturating_sub(start));
    let mut end = 0;
    for pair in claim.chars().rev().zip(repaired.chars().rev()) {
        match common(pair) {
            Some(length) if end + length <= most => end += length,
            _ => break,
        }
    }
    let end = repaired.len() - end;
    (&repaired[..start], &repaired[start..end], &repaired[end..])
}

/// A verdict in words.
pub(super) fn headline(verdict: &Verdict) -> String {
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

/// What is known of a line, each with its label.
pub(super) fn facts(line: &LineVerdict) -> Vec<(&'static str, String)> {
    let mut found = vec![("read as", line.read_as.clone())];
    match &line.verdict {
        Verdict::Differs(example)
        | Verdict::EqualAlmostEverywhere(example)
        | Verdict::EqualOnlyIf(_, example) => counterexample(example, &mut found),
        Verdict::Equal | Verdict::EqualAtSizes(_) => found.push((
            "tested",
            "identical in two prime fields, error below 2^-60".into(),
        )),
        Verdict::IllTyped(_) | Verdict::Undecided(_) => {}
    }
    if let Some(mistake) = &line.mistake {
        let about = mistake.said.as_deref().unwrap_or_else(|| mistake.about());
        found.push(("mistake", format!("{}: {about}", mistake.name)));
        if !mistake.also.is_empty() {
            found.push(("also", mistake.also.join(", ")));
        }
        let repair = mistake.repair_latex.as_ref().or(mistake.repair.as_ref());
        found.extend(repair.cloned().map(|repair| ("repaired", repair)));
    }
    if line.follows == Some(true) && !line.verdict.holds() {
        found.push(("follows", "from the line before (a carried error)".into()));
    }
    if !line.rests_on.is_empty() {
        found.push(("rests on", line.rests_on.join(", ")));
    }
    found.extend(line.notes.iter().map(|note| ("note", note.clone())));
    found
}

fn counterexample(example: &Counterexample, into: &mut Vec<(&'static str, String)>) {
    let point: Vec<String> = example
        .point
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    into.push(("at", point.join(", ")));
    into.extend(example.element.clone().map(|element| ("element", element)));
    let claimed = example.claim_value.as_deref().unwrap_or("no value");
    into.push(("claimed", claimed.to_owned()));
    into.push(("true", example.true_value.clone()));
    if !example.step_pattern.is_empty() {
        into.push(("kinks", example.step_pattern.clone()));
    }
    if !example.sizes.is_empty() {
        into.push(("sizes", example.sizes.clone()));
    }
}

/// The verdicts for programs.
pub fn json(judged: &Judged, source: &Source) -> Value {
    let claims: Vec<Value> = judged
        .lines
        .iter()
        .map(|line| claim(line, source))
        .collect();
    let skipped: Vec<Value> = judged
        .skipped
        .iter()
        .map(|skipped| {
            let (row, column) = source.position(skipped.span.start);
            let text = source.slice(skipped.span).trim();
            json!({"line": row, "column": column, "formula": text, "reason": skipped.why})
        })
        .collect();
    let definitions: Vec<Value> = judged
        .defined
        .iter()
        .map(|(span, value)| {
            let (row, column) = source.position(span.start);
            let text = source.slice(*span).trim();
            json!({"line": row, "column": column, "formula": text, "read_as": value})
        })
        .collect();
    json!({
        "claims": claims,
        "first_wrong_line": judged.first_wrong_line,
        "definitions": definitions,
        "skipped": skipped,
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
        "kind": match line.kind {
            LineKind::Claim => "claim",
            LineKind::Definition | LineKind::OwnDefinition => "definition",
        },
        "claim": source.slice(line.span).trim(),
        "read_as": line.read_as,
        "about": line.about,
        "verdict": line.verdict.name(),
        "proof": proof,
        "only_if": only_if,
        "mistake": line.mistake.as_ref().map(|mistake| mistake.name),
        "also": line.mistake.as_ref().map_or(&[][..], |mistake| &mistake.also),
        "said": line.mistake.as_ref().and_then(|mistake| mistake.said.as_ref()),
        "repair": line.mistake.as_ref().and_then(|mistake| mistake.repair.as_ref()),
        "repair_latex": line.mistake.as_ref().and_then(|mistake| mistake.repair_latex.as_ref()),
        "ill_typed": matches!(line.verdict, Verdict::IllTyped(_)),
        "reason": reason,
        "rests_on": line.rests_on,
        "notes": line.notes,
        "follows": line.follows,
        "counterexample": example,
    })
}

#[cfg(test)]
mod tests {
    use super::differing;

    #[test]
    fn only_what_differs_is_painted() {
        let parts = |claim, repaired| differing(claim, repaired);
        assert_eq!(parts("g = a - b", "a + b"), ("a ", "+", " b"));
        assert_eq!(parts("g = a b", "a b^T"), ("a b", "^T", ""));
        assert_eq!(
            parts(r"g = \tanh(x) y", r"\tan(x) y"),
            ("", r"\tan", "(x) y")
        );
        assert_eq!(parts("g = x x", "x"), ("x", "", ""));
    }
}
