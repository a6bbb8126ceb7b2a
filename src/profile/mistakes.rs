//! What keeps a network from being written in a profile.

use rustc_hash::FxHashMap;

use super::Profile;
use super::notation::{Notation, symbol_of};
use super::parts::Part;
use crate::source::{Diagnostic, Span};
use crate::system::{Spelled, System};
use crate::term::FamilyId;

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
    problems
}
