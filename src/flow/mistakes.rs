//! Why a network has no factor of one step, with what would work.

use super::obstacle::{Kind, Obstacle};
use crate::source::{Diagnostic, Span};
use crate::system::System;
use crate::term::{Affine, FamilyId};

fn about(
    system: &System,
    (family, slots): (FamilyId, &[Affine]),
    code: &'static str,
    message: String,
) -> Diagnostic {
    let diagnostic = Diagnostic::general(code, message);
    match place_at(system, family, slots) {
        Some(span) => diagnostic.label(span, "defined here"),
        None => diagnostic,
    }
}

/// Where a quantity is written, at slots if these are numbers.
fn place_at(system: &System, family: FamilyId, slots: &[Affine]) -> Option<Span> {
    let mut clauses = system.family(family).clauses.iter();
    let numbers = !slots.is_empty() && slots.iter().all(|slot| slot.as_int().is_some());
    let found = clauses.find(|clause| numbers && clause.index.starts_with(slots));
    found
        .and_then(|clause| clause.span)
        .or_else(|| place(system, family))
}

/// Where the step of a family is written, or else where the family is.
pub(super) fn place(system: &System, family: FamilyId) -> Option<Span> {
    let family = system.family(family);
    let mut defined = family.clauses.iter().filter(|clause| clause.body.is_some());
    let slots = family.slots;
    let general = defined.clone().find(|clause| {
        let mut slots = clause.index[..slots].iter();
        slots.any(|slot| clause.vars.iter().any(|var| slot.mentions(*var)))
    });
    general
        .or(defined.next_back())
        .and_then(|clause| clause.span)
        .or(family.span)
}

/// Nothing comes back to itself, and nothing follows from one thing before it.
pub(super) fn no_step(system: &System) -> Diagnostic {
    let diagnostic = Diagnostic::general(
        "flow-no-step",
        "no gradient of this network is computed from that of one step on",
    )
    .help("write the layers as one equation, such as `r[k+1] = relu(w[k] r[k])   for k in 0..L-1`, or one by one, `r1 = relu(W1 x)` and `r2 = relu(W2 r1)`");
    let loss = system.loss.and_then(|loss| place(system, loss));
    match loss {
        Some(span) => {
            diagnostic.label(span, "reads all that there is, or reads it past the others")
        }
        None => diagnostic,
    }
}

/// What stands in the way of a factor, with its place.
fn because(system: &System, diagnostic: Diagnostic, obstacle: Option<&Obstacle>) -> Diagnostic {
    let Some(obstacle) = obstacle else {
        return diagnostic.note("factors are known of weights, gains, gates and activations, with or without residual connections");
    };
    let name = &system.family(obstacle.quantity).name;
    let why = match obstacle.kind {
        Kind::Meeting => "elements meet in it, as in a mean or a norm",
        Kind::Mixing => {
            "it mixes elements by what is no weight, as a softmax, a maximum, a norm or attention does"
        }
        Kind::Shifted => "it reads elements at other places, as a convolution does",
    };
    let note = if name.is_empty() {
        why.to_owned()
    } else {
        format!("the gradient passes `{name}`: {why}")
    };
    let diagnostic = diagnostic.note(note);
    match place_at(system, obstacle.quantity, &obstacle.slots) {
        Some(span) if !diagnostic.labels.iter().any(|label| label.span == span) => {
            diagnostic.label(span, "this stands in the way")
        }
        _ => diagnostic,
    }
}

/// A step of a recursion that is no sum of products.
pub(super) fn no_factor(
    system: &System,
    state: FamilyId,
    obstacle: Option<&Obstacle>,
) -> Diagnostic {
    let name = &system.family(state).name;
    let diagnostic = about(
        system,
        (state, &[]),
        "flow-no-factor",
        format!(
            "one step of `{name}` is no sum of products of weights and of what multiplies each element"
        ),
    );
    because(system, diagnostic, obstacle).help(format!(
        "`chainrule derive NET --wrt '{name}[k]' --combine` prints the recursion itself"
    ))
}

/// A step between layers that is no sum of products.
pub(super) fn no_factor_between(
    system: &System,
    ends: [(FamilyId, &[Affine]); 2],
    obstacle: Option<&Obstacle>,
) -> Diagnostic {
    let [from, to] = ends.map(|(family, slots)| {
        let name = &system.family(family).name;
        let numbers: Vec<String> = slots
            .iter()
            .filter_map(|slot| Some(slot.as_int()?.to_string()))
            .collect();
        if numbers.is_empty() {
            name.clone()
        } else {
            format!("{name}[{}]", numbers.join(","))
        }
    });
    let diagnostic = about(
        system,
        ends[1],
        "flow-no-factor",
        format!(
            "the step from `{from}` to `{to}` is no sum of products of weights and of what multiplies each element"
        ),
    );
    because(system, diagnostic, obstacle)
}

/// A step that cannot be simulated.
pub(super) fn not_simulated(
    system: &System,
    state: FamilyId,
    slots: &[Affine],
    why: &str,
) -> Diagnostic {
    let family = system.family(state);
    let diagnostic = Diagnostic::general(
        "flow-not-simulated",
        format!("the step of `{}` is not simulated: {why}", family.name),
    )
    .note("simulated are sums, products, functions of numbers, weights, and sums and maxima over elements");
    match place_at(system, state, slots) {
        Some(span) => diagnostic.label(span, "this step"),
        None => diagnostic,
    }
}
