//! Why a network has no factor of one step, with what would work.

use crate::source::{Diagnostic, Span};
use crate::system::System;
use crate::term::FamilyId;

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

/// Nothing has a slot.
pub(super) fn no_slots() -> Diagnostic {
    Diagnostic::general(
        "flow-no-slots",
        "no quantity of this network has a slot for its layer or time step",
    )
    .help("write the layers as one equation, such as `r[k+1] = relu(w[k] r[k])   for k in 0..L-1`")
}

/// Nothing comes back to itself.
pub(super) fn no_recursion(system: &System) -> Diagnostic {
    let diagnostic = Diagnostic::general(
        "flow-no-recursion",
        "no adjoint of this network is computed from the same adjoint one step on",
    )
    .help("write the layers as one equation, such as `r[k+1] = relu(w[k] r[k])   for k in 0..L-1`");
    let slotted = system.families.iter().find(|family| family.slots > 0);
    match slotted.and_then(|family| family.span) {
        Some(span) => diagnostic.label(span, "has slots, but no step follows another"),
        None => diagnostic,
    }
}

/// Layers that are written out one by one.
pub(super) fn written_out(system: &System, state: FamilyId) -> Diagnostic {
    let name = &system.family(state).name;
    about(
        system,
        state,
        "flow-written-out",
        format!("the steps of `{name}` are written out one by one, not as one equation"),
    )
    .help(format!(
        "write them as one equation for all of them: `{name}[k+1] = … {name}[k] …   for k in 0..L-1`"
    ))
}

/// A recursion through several quantities at once.
pub(super) fn several_states(system: &System, families: &[FamilyId]) -> Diagnostic {
    let names: Vec<String> = families
        .iter()
        .map(|family| format!("`{}`", system.family(*family).name))
        .collect();
    about(
        system,
        families[0],
        "flow-several-states",
        format!(
            "the gradient goes round through {}, and no one of them is on every way",
            names.join(", ")
        ),
    )
    .note("gates carry two quantities from step to step, so one step has no single factor")
    .help("a layer or a vanilla recurrence, `h[t] = tanh(W h[t-1] + U x[t] + b)`, has one")
}

/// A recursion over two slots, or over several steps at once.
pub(super) fn several_directions(system: &System, state: FamilyId) -> Diagnostic {
    let name = &system.family(state).name;
    about(
        system,
        state,
        "flow-several-directions",
        format!(
            "the gradient reaches `{name}` from more than one place, or from more than one step on"
        ),
    )
    .note("the product over steps is then a sum over all ways, with no closed form")
    .help("take the recursion over one slot alone, one step at a time")
}

/// A step that is no weight times a derivative.
pub(super) fn no_single_factor(system: &System, state: FamilyId) -> Diagnostic {
    let name = &system.family(state).name;
    about(
        system,
        state,
        "flow-no-factor",
        format!("one step of `{name}` is no product of a weight and derivatives of activations"),
    )
    .note("bounds are known for dense layers, with or without bias and residual connection, and for vanilla recurrences")
    .help(format!(
        "`chainrule derive NET --wrt '{name}[k]' --combine` prints the recursion itself"
    ))
}
