//! The grammar, and its failures in the reader's words.

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

use crate::source::{Diagnostic, Report, Span};

use super::layout::KEYWORDS;
use super::letters::continues_name;
use super::mistakes;

/// The parser of `grammar/network.pest`.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/network.pest"]
struct Grammar;

/// Parses the text of one piece, which begins at `offset` of the whole text.
pub(super) fn parse(rule: Rule, text: &str, offset: usize) -> Result<Pair<'_, Rule>, Report> {
    match Grammar::parse(rule, text) {
        Ok(mut pairs) => Ok(pairs.next().expect("a parsed rule gives one pair")),
        Err(error) => {
            let at = match error.location {
                InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
            };
            let expected = match error.variant {
                ErrorVariant::ParsingError { positives, .. } => positives,
                ErrorVariant::CustomError { .. } => Vec::new(),
            };
            Err(unexpected(text, at, offset, &expected))
        }
    }
}

/// What a rule is called in messages; none for rules that say nothing to a reader.
fn word_for(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::word => "a name",
        Rule::brackets => "a bracket",
        Rule::equals => "`=`",
        Rule::kw_in => "`in`",
        Rule::kw_as => "`as`",
        Rule::kw_if => "`if`",
        Rule::kw_otherwise => "`otherwise`",
        Rule::spelling => "a text in quotes",
        Rule::dots => "`..`",
        Rule::real => "`R`",
        Rule::set | Rule::reals => "`R`, `R^n`, `R^(n x m)` or a range `1..K`",
        Rule::property => "`onehot`, `symmetric` or another property",
        Rule::primes => "`'`",
        Rule::stage => "a layer, an activation or a loss",
        Rule::range => "a range `t in 1..T`",
        Rule::expr | Rule::axis | Rule::assumed => "a formula",
        Rule::values => "values `{0, 1}`",
        _ => return None,
    })
}

/// What may follow any formula: naming it says nothing.
fn in_formulas(rule: Rule) -> bool {
    matches!(rule, Rule::word | Rule::brackets | Rule::primes)
}

/// A piece of text that fits nothing.
fn unexpected(text: &str, at: usize, offset: usize, expected: &[Rule]) -> Report {
    let rest = &text[at..];
    let length = match rest.chars().next() {
        None => 0,
        Some(first) if continues_name(first) => rest
            .find(|letter: char| !continues_name(letter))
            .unwrap_or(rest.len()),
        Some(first) => first.len_utf8(),
    };
    let found = &rest[..length];
    let span = Span::new(offset + at, offset + at + length);
    if let Some(report) = known_sign(text, rest, span, expected) {
        return report;
    }
    let message = if found.is_empty() {
        "the statement ends too early".to_owned()
    } else {
        format!("`{found}` does not fit here")
    };
    let inside_formula = expected.contains(&Rule::operator);
    let mut words: Vec<&str> = expected
        .iter()
        .filter(|rule| !inside_formula || !in_formulas(**rule))
        .filter_map(|rule| word_for(*rule))
        .collect();
    words.sort_unstable();
    words.dedup();
    let label = match words.as_slice() {
        [] => "not understood".to_owned(),
        [.., last] if words.len() > 1 => {
            format!("expected {} or {last}", words[..words.len() - 1].join(", "))
        }
        words => format!("expected {}", words.join(", ")),
    };
    let mut diagnostic = Diagnostic::error("unexpected", message, span, label);
    if let Some(help) = advice(text, found) {
        diagnostic = diagnostic.help(help);
    }
    diagnostic.into()
}

/// What statements look like, for those that begin with a keyword.
fn advice(text: &str, found: &str) -> Option<String> {
    let first = &text[..text
        .find(|letter: char| !continues_name(letter))
        .unwrap_or(text.len())];
    if KEYWORDS.contains(&first) && first != "loss" && matches!(found, "=" | "[" | "_") {
        return Some(format!(
            "`{first}` begins a statement of its own; give the quantity another name"
        ));
    }
    if found == "in" && !KEYWORDS.contains(&first) {
        return Some(format!("declarations stand in `where`: `where {text}`"));
    }
    let form = match first {
        "index" => "index i, j",
        "param" | "input" | "target" => return Some(format!("write `{first} x, y`")),
        "batch" => "batch n in 1..N",
        "loss" => "loss C = …",
        "fn" => "fn f(u) = … with f'(0) = 0",
        "convention" => "convention step(0) = 1",
        "grad" => "grad W, b",
        "hess" => "hess C wrt w, v",
        "for" => "for t in 1..T",
        _ => return None,
    };
    Some(format!("write `{form}`"))
}

/// Where an arrow stands, before quotes.
pub(super) fn arrow(text: &str) -> Option<usize> {
    let mut start = 0;
    text.split_inclusive('\n').find_map(|line| {
        let code = line.find('"').map_or(line, |end| &line[..end]);
        let found = code
            .find("->")
            .or_else(|| code.find('→'))
            .map(|at| start + at);
        start += line.len();
        found
    })
}

/// Signs that people write and that have another spelling here.
fn known_sign(text: &str, rest: &str, span: Span, expected: &[Rule]) -> Option<Report> {
    let wide = |length: usize| Span::new(span.start, span.start + length.min(rest.len()));
    if rest.starts_with("->") || rest.starts_with('→') {
        let width = if rest.starts_with('→') {
            '→'.len_utf8()
        } else {
            2
        };
        return Some(mistakes::arrow_here(wide(width)));
    }
    if rest.starts_with("==") {
        return Some(spelled("`==` is no comparison", wide(2), "write `=`"));
    }
    if rest.starts_with('\\') {
        return Some(spelled(
            "this is LaTeX",
            span,
            "networks are written without LaTeX: `sigma`, `sum_i`, `a/b`; LaTeX stands in quotes behind `write … as`",
        ));
    }
    let in_set =
        expected.contains(&Rule::comma) && (rest.starts_with("x ") || rest.starts_with('×'));
    if in_set && text.contains("R^") {
        return Some(spelled(
            "the axes of an array stand in brackets",
            span,
            "write `R^(n x m)`",
        ));
    }
    let help = match rest.chars().next()? {
        'ϕ' => "write `phi` or φ",
        'ϵ' => "write `epsilon` or ε",
        'ϑ' => "write `theta` or θ",
        'ϱ' => "write `rho` or ρ",
        '|' => "an absolute value is `abs(x)`, a norm `norm(x)`",
        '√' => "write `sqrt(x)`",
        '∇' => "write `grad W`",
        '.' if rest[1..].starts_with(|digit: char| digit.is_ascii_digit()) => {
            "write `0.5` with the zero"
        }
        '"' => "a text in quotes stands behind `write … as`",
        '_' => "elements are `x_{1}` or `W[k]_ij`; a name does not end with `_`",
        letter if letter.is_alphabetic() && !letter.is_ascii() && !continues_name(letter) => {
            "names are made of Latin and Greek letters, digits and `_`"
        }
        _ => return None,
    };
    Some(spelled("this sign is not understood", span, help))
}

fn spelled(message: &str, span: Span, help: &str) -> Report {
    Diagnostic::error("unknown-sign", message, span, "not understood")
        .help(help)
        .into()
}
