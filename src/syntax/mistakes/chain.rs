//! Mistakes in chains of layers.

use crate::source::{Diagnostic, Report, Span, closest};

/// An arrow where no chain can stand.
pub(in crate::syntax) fn arrow_here(span: Span) -> Report {
    Diagnostic::error(
        "layer-chain",
        "an arrow stands between the stages of a chain of layers only",
        span,
        "not a chain",
    )
    .help("write a chain as a statement of its own: `x in R^784 -> dense 128 relu -> dense 10`")
    .into()
}

pub(in crate::syntax) fn second_chain(span: Span, first: Span) -> Report {
    Diagnostic::error(
        "second-chain",
        "a network has one chain of layers",
        span,
        "a second chain",
    )
    .label(first, "the first one")
    .help("write the second part as equations; `chainrule show` prints those of the first")
    .into()
}

/// The input of a chain is not an array whose shape is known.
pub(in crate::syntax) fn chain_start(span: Span, name: &str, why: &str) -> Report {
    Diagnostic::error(
        "chain-start",
        format!("`{name}` cannot begin a chain: {why}"),
        span,
        "what goes in",
    )
    .help(format!(
        "write `{name} in R^n ->`, `{name} in R^(m x n) ->` for rows, `{name}[t] in R^n for t in 1..T ->` for a sequence"
    ))
    .into()
}

pub(in crate::syntax) fn unknown_layer<'a>(
    span: Span,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Report {
    let error = Diagnostic::error(
        "unknown-layer",
        format!("there is no layer, activation or loss `{name}`"),
        span,
        "not a stage of a chain",
    );
    match closest(name, known) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("`chainrule list layers` shows all of them"),
    }
    .into()
}

/// Something behind the name of a layer that it has no use for; `near` is an activation of almost that name.
pub(in crate::syntax) fn layer_argument(span: Span, usage: &str, near: Option<&str>) -> Report {
    let error = Diagnostic::error(
        "layer-argument",
        "the layer has no use for this",
        span,
        "does not fit",
    );
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("write `{usage}`")),
    }
    .into()
}

pub(in crate::syntax) fn layer_lacks(span: Span, lacking: &str, usage: &str) -> Report {
    Diagnostic::error(
        "layer-lacks",
        format!("`{}` is not said", lacking.to_uppercase()),
        span,
        "something is missing behind the name",
    )
    .help(format!("write `{usage}`"))
    .into()
}

pub(in crate::syntax) fn layer_input(span: Span, name: &str, given: &str, takes: &str) -> Report {
    Diagnostic::error(
        "layer-input",
        format!("`{name}` cannot take {given}"),
        span,
        format!("takes {takes}"),
    )
    .into()
}

pub(in crate::syntax) fn layer_size(span: Span, message: String, help: &str) -> Report {
    Diagnostic::error("layer-size", message, span, "this size does not work")
        .help(help)
        .into()
}

pub(in crate::syntax) fn residual_shapes(span: Span, given: &str, made: &str) -> Report {
    Diagnostic::error(
        "residual-shapes",
        format!("the layers inside make {made}, which cannot be added to {given}"),
        span,
        "what goes in is added to what comes out",
    )
    .help("let the last layer inside make the shape that goes in")
    .into()
}

pub(in crate::syntax) fn behind_loss(span: Span) -> Report {
    Diagnostic::error(
        "behind-loss",
        "nothing follows the loss of a chain",
        span,
        "behind the loss",
    )
    .into()
}
