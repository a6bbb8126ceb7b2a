//! Why a network has no factor of one step, with what would work.

use crate::source::{Diagnostic, Span};
use crate::system::System;
use crate::term::{Affine, FamilyId};

fn about(system: &System, family: FamilyId, code: &'static str, message: String) -> Diagnostic {
    let diagnostic = Diagnostic::general(code, message);
    match place(system, family) {
        Some(span) => diagnostic.label(span, "defined here"),
        None => diagnostic,
    }
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

/// A step of a recursion that is no sum of products.
pub(super) fn no_factor(system: &System, state: FamilyId) -> Diagnostic {
    let name = &system.family(state).name;
    about(
        system,
        state,
        "flow-no-factor",
        format!("one step of `{name}` is no sum of products of weights and of what multiplies each element"),
    )
    .note("factors are known of weights, gains, gates and activations, with or without residual connections")
    .help(format!(
        "`chainrule derive NET --wrt '{name}[k]' --combine` prints the recursion itself"
    ))
}

/// A step between layers that is no sum of products.
pub(super) fn no_factor_between(system: &System, ends: [(FamilyId, &[Affine]); 2]) -> Diagnostic {
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
    about(
        system,
        ends[1].0,
        "flow-no-factor",
        format!("the step from `{from}` to `{to}` is no sum of products of weights and of what multiplies each element"),
    )
    .note("a softmax, a mean over elements, a convolution: its norm is not read off")
}

/// A step that cannot be simulated.
pub(super) fn not_simulated(system: &System, state: FamilyId, why: &str) -> Diagnostic {
    let family = system.family(state);
    let diagnostic = Diagnostic::general(
        "flow-not-simulated",
        format!("the step of `{}` is not simulated: {why}", family.name),
    )
    .note("simulated are columns and numbers that are weighed, added, multiplied element by element and put into functions");
    match place(system, state) {
        Some(span) => diagnostic.label(span, "this step"),
        None => diagnostic,
    }
}
