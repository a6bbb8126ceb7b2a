//! What keeps a network from being written in a profile.

use rustc_hash::FxHashMap;

use super::Profile;
use super::notation::{Notation, symbol_of};
use super::parts::Part;
use crate::source::{Diagnostic, Span};
use crate::system::{Spelled, Spelling, System};
use crate::term::{FamilyId, Node, TermId};

/// No quantity plays a role that the profile needs.
pub(super) fn role_missing(system: &System, profile: &Profile, part: Part) -> Diagnostic {
    let what = part.name();
    let help = match part {
        Part::Weight | Part::Bias => "declare what is learnt, for instance `param W, b`",
        Part::PreActivation | Part::Scores => {
            "give what the activation is applied to a name of its own, for instance `z = W x + b`"
        }
        Part::Activation | Part::Output => {
            "give the value of the activation a name, for instance `a = tanh(z)`"
        }
        Part::Input => "declare what goes in, for instance `input x`",
        Part::Target => "declare what the output is compared with, for instance `target y`",
        Part::Cost => "add a loss, for instance `loss C = 1/2 (a - y)^2`",
    };
    let message = format!(
        "the profile `{}` needs a quantity in the role of {what}, and there is none",
        profile.name
    );
    // Nothing plays the role: the network as a whole is meant, and its last equation stands for it.
    let last = system.families.iter().filter_map(|row| row.span).max();
    let diagnostic = match last {
        Some(span) => Diagnostic::error("profile-role", message, span, "up to here"),
        None => Diagnostic::general("profile-role", message),
    };
    diagnostic.help(help)
}

/// The profile names what activations are applied to, and one is applied to a formula.
pub(super) fn argument_without_name(
    system: &System,
    profile: &Profile,
    activation: FamilyId,
) -> Diagnostic {
    let row = system.family(activation);
    let message = format!(
        "the profile `{}` has a symbol for what an activation is applied to, and in `{}` that has no name",
        profile.name, row.name
    );
    let span = row.clauses.iter().find_map(|clause| clause.span);
    let diagnostic = match span.or(row.span) {
        Some(span) => Diagnostic::error("profile-role", message, span, "applied to a formula here"),
        None => Diagnostic::general("profile-role", message),
    };
    diagnostic.help("write two equations, for instance `z = W x + b` and `a = tanh(z)`")
}

/// A symbol, the number of the layer in it, and what else tells it from others.
type Shown = (String, Option<i64>, Option<String>);

/// Quantities that would look the same.
pub(super) fn same_symbols(system: &System, notation: &Notation) -> Vec<Diagnostic> {
    let mut seen: FxHashMap<Shown, Vec<(&str, Option<Span>)>> = FxHashMap::default();
    let mut problems = Vec::new();
    for size in &system.sizes {
        let shown = symbol_of(&size.name).unwrap_or_else(|| size.name.clone());
        seen.entry((shown, None, None))
            .or_default()
            .push((&size.name, None));
    }
    for family in system.family_ids() {
        let row = system.family(family);
        // What the author spells looks as the author says.
        let spelled = system.spellings.iter().any(|spelling| {
            matches!(&spelling.what, Spelled::Slots(of, slots)
                if *of == family && slots.len() == spelling.vars.len())
        });
        if row.name.is_empty() || spelled {
            continue;
        }
        let named = notation.named(family);
        let symbol = named.and_then(|named| named.symbol.clone());
        let (shown, number, label) = match (symbol, named) {
            (Some(symbol), Some(named)) => (symbol, named.number, named.label.clone()),
            (symbol, _) => {
                let own = || symbol_of(&row.name).unwrap_or_else(|| row.name.clone());
                (symbol.unwrap_or_else(own), None, None)
            }
        };
        let alike = seen.entry((shown.clone(), number, label)).or_default();
        let same = alike.iter().find(|(name, _)| *name != row.name);
        if let Some((other, before)) = same {
            let message = format!(
                "the profile `{}` would write `{other}` and `{}` alike, as {shown}",
                notation.profile.name, row.name
            );
            let help = format!(
                "give one of them a spelling, for instance `write {} as \"…\"`, or another name",
                row.name
            );
            let diagnostic = match row.span {
                Some(span) => Diagnostic::error("profile-collision", message, span, "this one"),
                None => Diagnostic::general("profile-collision", message),
            };
            let diagnostic = match before {
                Some(before) => diagnostic.label(*before, "and this one"),
                None => diagnostic,
            };
            problems.push(diagnostic.help(help));
        }
        alike.push((&row.name, row.span));
    }
    problems.extend(same_spellings(system, &seen));
    problems
}

/// What the author's spellings would make look the same: two quantities, or a derivative and a quantity.
fn same_spellings(
    system: &System,
    symbols: &FxHashMap<Shown, Vec<(&str, Option<Span>)>>,
) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut before: Vec<(String, &Spelling)> = Vec::new();
    // As they look, whatever groups and blanks they are written with.
    let look = |latex: &str| latex.replace([' ', '{', '}'], "");
    let plain: Vec<(String, &str, Option<Span>)> = symbols
        .iter()
        .filter(|((_, number, label), _)| number.is_none() && label.is_none())
        .flat_map(|((shown, ..), them)| them.iter().map(move |it| (as_printed(shown), it.0, it.1)))
        .map(|(shown, name, span)| (look(&shown), name, span))
        .collect();
    let uses_pi = system.families.iter().any(|family| {
        let mut bodies = family.clauses.iter().filter_map(|clause| clause.body);
        bodies.any(|body| system.store.any(body, |node| *node == Node::Pi))
    });
    for spelling in &system.spellings {
        let shown = look(&spelling.latex);
        let pi = (uses_pi && shown == r"\pi").then_some(("pi", None));
        let mut alike = plain.iter().filter(|(other, ..)| *other == shown);
        let quantity = pi.or_else(|| {
            alike.find_map(|(_, name, span)| {
                // What has a definition as `r[0] = x` is written as what it is.
                (!defined_as(system, &spelling.what, name)).then_some((*name, *span))
            })
        });
        let twin = before.iter().find(|(other, twin)| {
            *other == shown
                && twin.what != spelling.what
                && twin.vars.is_empty()
                && spelling.vars.is_empty()
        });
        let other = quantity
            .map(|(name, span)| (format!("`{name}`"), span))
            .or_else(|| {
                twin.map(|(_, twin)| ("what this line spells".to_owned(), Some(twin.span)))
            });
        if let Some((other, span)) = other {
            let message = format!("the spelling `{shown}` is that of another quantity");
            let mut diagnostic = Diagnostic::error(
                "spelling-collision",
                message,
                spelling.span,
                "would look the same",
            )
            .help("choose another spelling, or spell the other one differently");
            diagnostic = match span {
                Some(span) => diagnostic.label(span, format!("as {other}")),
                None => diagnostic.help(format!("it is the symbol of {other}")),
            };
            problems.push(diagnostic);
        }
        before.push((shown, spelling));
    }
    problems
}

/// A name as it is printed: `x1` as x₁, `x_hat` with its mark.
fn as_printed(name: &str) -> String {
    for mark in ["hat", "bar", "tilde"] {
        if let Some(base) = name.strip_suffix(mark).and_then(|it| it.strip_suffix('_')) {
            return format!(r"\{mark}{{{base}}}");
        }
    }
    let base = name.trim_end_matches(|sign: char| sign.is_ascii_digit());
    match name.strip_prefix(base) {
        Some(number) if !number.is_empty() && !base.is_empty() && !base.ends_with('_') => {
            format!("{base}_{number}")
        }
        _ => name.to_owned(),
    }
}

/// Whether a quantity is, by its definition, another one.
fn defined_as(system: &System, what: &Spelled, name: &str) -> bool {
    let named = |term: &TermId| matches!(system.store.node(*term), Node::Access(family, _) if system.family(*family).name == name);
    match what {
        Spelled::Slots(family, slots) => {
            let clauses = system.family(*family).clauses.iter();
            system.family(*family).name == name
                || clauses
                    .filter(|clause| !clause.at(slots).1.is_nothing())
                    .all(|clause| clause.body.as_ref().is_some_and(named))
        }
        Spelled::Term(term) => named(term),
        Spelled::Derivative { .. } => false,
    }
}
