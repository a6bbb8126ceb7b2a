//! Activations with a closed form.

use super::Row;

/// One row per activation.
pub(super) const ROWS: &[Row] = &[
    Row {
        name: "sigmoid",
        also: &["sigma", "logistic"],
        latex: r"\sigma",
        parameters: "u",
        value: "1/(1 + exp(-u))",
        slopes: &["sigmoid (1 - sigmoid)"],
        slope_range: (0.0, 0.25),
        kinks: &[],
        domain: (-3.0, 3.0),
        activation: true,
        written_out: false,
        source: "Bishop 2006, equation 4.88",
    },
    Row {
        name: "tanh",
        also: &[],
        latex: r"\tanh",
        parameters: "u",
        value: "(exp(u) - exp(-u))/(exp(u) + exp(-u))",
        slopes: &["1 - tanh^2"],
        slope_range: (0.0, 1.0),
        kinks: &[],
        domain: (-2.0, 2.0),
        activation: true,
        written_out: false,
        source: "Abramowitz and Stegun 1964, 4.5.73",
    },
    Row {
        name: "softplus",
        also: &[],
        latex: r"\operatorname{softplus}",
        parameters: "u",
        value: "log(1 + exp(u))",
        slopes: &["sigmoid(u)"],
        slope_range: (0.0, 1.0),
        kinks: &[],
        domain: (-3.0, 3.0),
        activation: true,
        written_out: false,
        source: "Dugas et al. 2001",
    },
];
