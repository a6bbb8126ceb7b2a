//! What stands behind a formula and says for which letters it holds: `(k = 0, …, L-1)`, `for all i`, `, l = L-1, …, 2`.

use super::header::LetterRule;
use super::names::Names;
use super::noad::{Kind, Noad};
use super::read;
use crate::source::Report;

/// Words that begin a qualifier.
const WORDS: &[&str] = &["for", "valid if", "if", "when", "provided"];

/// Words that lead from one formula to the next.
const LEADING: &[&str] = &[
    "so",
    "hence",
    "thus",
    "then",
    "therefore",
    "and",
    "or",
    "also",
    "now",
    "finally",
    "similarly",
    "likewise",
    "we",
    "which",
    "giving",
    "that",
    "it",
    "this",
    "next",
    "first",
    "second",
    "third",
    "lastly",
];

/// Words that begin a remark on a formula.
const REMARKS: &[&str] = &[
    "by", "since", "because", "using", "from", "as", "recall", "due", "note", "chain", "via",
    "see", "product", "rule",
];

/// Words behind a formula that leave out the points at which a derivative has no value of its own.
const OFF_KINKS: &[&str] = &[
    "off the kinks",
    "off kinks",
    "off ties",
    "away from the kinks",
    "away from kinks",
    "except at the kinks",
    "almost everywhere",
    "a.e.",
    "where differentiable",
    "where it is differentiable",
    "wherever it is differentiable",
];

/// The first word of a text among formulas.
fn first_word(noad: &Noad) -> Option<String> {
    let Kind::Word(text) = &noad.kind else {
        return None;
    };
    let word = text
        .split(|c: char| !c.is_alphabetic())
        .find(|word| !word.is_empty())?;
    Some(word.to_lowercase())
}

/// Whether a text joins two formulas.
pub(super) fn is_and(noad: &Noad) -> bool {
    matches!(&noad.kind, Kind::Word(text) if text.trim_matches([' ', ',']) == "and")
}

/// A formula without the words that lead to it, the marks around it, and what is remarked on it: `(by the chain rule)`,
/// `since …`.
pub(super) fn without_remarks(list: &[Noad]) -> &[Noad] {
    let is_mark = |noad: &Noad| [",", ";", ":"].iter().any(|sign| noad.is_sign(sign));
    let among = |noad: &Noad, words: &[&str]| {
        first_word(noad).is_some_and(|word| words.contains(&word.as_str()))
    };
    let mut list = list;
    let leads = |noad: &Noad| match &noad.kind {
        Kind::Word(text) => {
            let text = text.trim();
            let ends = text.ends_with([',', ':', '.']) || text.contains(' ');
            among(noad, LEADING) || among(noad, REMARKS) || (ends && !says_where(text))
        }
        _ => false,
    };
    while let [first, rest @ ..] = list
        && (is_mark(first) || (leads(first) && !rest.is_empty()))
    {
        list = rest;
    }
    let remark = list.iter().skip(1).position(|noad| {
        let bracketed = |text: &str| text.trim_start().starts_with(['(', '[']);
        let in_brackets = matches!(&noad.kind, Kind::Fence('(' | '[', inside)
            if inside.first().is_some_and(|first| among(first, REMARKS)));
        let is_text = matches!(&noad.kind, Kind::Word(text) if bracketed(text));
        in_brackets || (noad.is_bare() && (among(noad, REMARKS) || is_text))
    });
    if let Some(remark) = remark {
        list = &list[..=remark];
    }
    while let [rest @ .., last] = list
        && is_mark(last)
    {
        list = rest;
    }
    list
}

/// Whether a text says for what a formula holds.
pub(super) fn says_where(text: &str) -> bool {
    let text = text.trim_matches([' ', ',', '(', ')']).to_lowercase();
    OFF_KINKS.contains(&text.as_str()) || begins_with_one(&text)
}

fn begins_with_one(text: &str) -> bool {
    WORDS.iter().any(|known| {
        text.strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// A formula without words at its end that leave out kinks, and whether there were such words.
pub(super) fn without_kinks(list: &[Noad]) -> (&[Noad], bool) {
    let leaves_out = |noad: &Noad| match &noad.kind {
        Kind::Word(text) => {
            let text = text.trim_matches([' ', ',', '(', ')']).to_lowercase();
            OFF_KINKS.contains(&text.as_str())
        }
        _ => false,
    };
    let mut found = false;
    let mut list = list;
    while let [rest @ .., last] = list
        && (leaves_out(last) || (last.is_sign(",") && rest.last().is_some_and(leaves_out)))
    {
        found = true;
        list = rest;
    }
    match list {
        [rest @ .., last] if found && last.is_sign(",") => (rest, found),
        _ => (list, found),
    }
}

/// A formula without its qualifier, and the qualifier.
pub(super) fn split(list: &[Noad]) -> (&[Noad], Option<&[Noad]>) {
    for (at, noad) in list.iter().enumerate().skip(1) {
        let begins = match &noad.kind {
            Kind::Word(word) => begins_with_one(&word.trim_matches([' ', ',', ':']).to_lowercase()),
            Kind::Command(name) => name == "forall",
            _ => false,
        };
        if begins {
            let is_mark = |noad: &Noad| noad.is_sign(",") || noad.is_sign(";");
            let end = list[..at].iter().rposition(|noad| !is_mark(noad));
            return (
                &list[..end.map_or(at, |end| end + 1)],
                Some(&list[at + 1..]),
            );
        }
    }
    if let [rest @ .., before, last] = list
        && let Kind::Fence('(', inside) = &last.kind
        && last.is_bare()
        && if touches(before, last) {
            ranges_over(inside) && !is_one(before)
        } else {
            ranges_over(inside) || bounds(inside)
        }
    {
        return (&list[..rest.len() + 1], Some(inside));
    }
    // `…, l = L-1, \dots, 2`
    if let Some(comma) = list.iter().position(|noad| noad.is_sign(","))
        && list[comma..].iter().any(read::is_dots)
        && ranges_over(&list[comma + 1..])
    {
        return (&list[..comma], Some(&list[comma + 1..]));
    }
    // `…, t < T`, `…, i \in \{1, \dots, n\}`
    let commas = (1..list.len()).filter(|&at| list[at].is_sign(","));
    for comma in commas {
        let behind = &list[comma + 1..];
        let restricts = |part: &[Noad]| {
            part.iter()
                .any(|noad| noad.is_sign("!=") || is_bound(noad) || noad.is_command("in"))
                && !part.iter().any(Noad::is_equality)
        };
        if behind.split(|noad| noad.is_sign(",")).all(restricts) {
            return (&list[..comma], Some(behind));
        }
    }
    (list, None)
}

/// A 1 in front of a bracket is an indicator.
fn is_one(noad: &Noad) -> bool {
    match &noad.kind {
        Kind::One | Kind::Letter('I') => true,
        Kind::Number(digits) => digits == "1",
        _ => false,
    }
}

/// Whether no wide space sets two noads apart.
fn touches(before: &Noad, after: &Noad) -> bool {
    after.span.start < before.span.end + r"\quad".len()
}

/// `k = …`
fn ranges_over(list: &[Noad]) -> bool {
    matches!(list, [letter, equals, ..] if read::letter_name(letter).is_some() && equals.is_sign("="))
}

/// `T \ge …`, `i \ne j`
fn bounds(list: &[Noad]) -> bool {
    matches!(list, [letter, sign, ..]
        if read::letter_name(letter).is_some() && (is_bound(sign) || sign.is_sign("!=")))
}

fn is_bound(noad: &Noad) -> bool {
    ["<", "<=", ">", ">="].iter().any(|sign| noad.is_sign(sign))
}

/// What a qualifier says of the letters; none if it says something else.
pub(super) fn rules(list: &[Noad], names: &Names<'_>) -> Option<Vec<LetterRule>> {
    let list = match list {
        [only] => match &only.kind {
            Kind::Fence('(', inside) => inside.as_slice(),
            _ => list,
        },
        _ => list,
    };
    let parts: Vec<&[Noad]> = list.split(|noad| noad.is_sign(",")).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        let part = parts[at];
        at += 1;
        match part {
            [] => {}
            [letter] if read::letter_name(letter).is_some() => {}
            [letter, sign, set @ ..] if sign.is_command("in") => {
                let (first, last) = read::range_of_set(names, set)?;
                found.push(LetterRule::Range(read::letter_name(letter)?, first, last));
            }
            // A size is what it is: the formula speaks of some networks only.
            _ if ranges_over(part) && !names.is_size(&part[..1]) => {
                let letter = read::letter_name(&part[0])?;
                let first = read::index(names, &part[2..]).ok()?;
                if parts
                    .get(at)
                    .is_some_and(|part| part.iter().all(read::is_dots))
                {
                    let last = read::index(names, parts.get(at + 1)?).ok()?;
                    at += 2;
                    found.push(LetterRule::Range(letter, first, last));
                } else if let Some(last) = parts[at..].last().filter(|last| last.len() == 1)
                    && !last.iter().any(Noad::is_equality)
                {
                    // `k = 1, 2`
                    at = parts.len();
                    let last = read::index(names, last).ok()?;
                    found.push(LetterRule::Range(letter, first, last));
                } else {
                    found.push(LetterRule::Value(letter, first));
                }
            }
            _ if read::speaks_of_values(names, part) => {
                found.push(LetterRule::Provided(read::indicator(names, part).ok()?));
            }
            _ => {
                let conditions: Result<_, Report> = read::index_conditions(names, part);
                found.extend(conditions.ok()?.into_iter().map(LetterRule::Condition));
            }
        }
    }
    Some(found)
}
