//! The table of mistakes, the one that is named where several fit first.

use super::derivations::{self as derive, Derivation};
use super::repairs::{self as repair, Repair};
use super::subject::Subject;

/// One kind of mistake: how to derive with it, and how to undo it.
#[derive(Debug)]
pub struct Row {
    /// Its name in the output.
    pub name: &'static str,
    /// What to tell the person.
    pub about: &'static str,
    /// Derivations with the mistake built in.
    pub(super) derivations: &'static [fn(&Subject<'_>) -> Vec<Derivation>],
    /// Edits of the claim; each says itself which mistake it undoes, as the place decides.
    pub(super) repairs: &'static [Repair],
}

/// What is named, the more specific first.
pub const MISTAKES: &[Row] = &[
    Row {
        name: "step-convention",
        about: "right only for another value of Step(0)",
        derivations: &[],
        repairs: &[],
    },
    Row {
        name: "positivity-assumed",
        about: "an identity that holds only for positive values",
        derivations: &[],
        repairs: &[],
    },
    Row {
        name: "epsilon-dropped",
        about: "right only where a small constant is 0",
        derivations: &[derive::small_numbers_dropped],
        repairs: &[repair::small_constants_missing],
    },
    Row {
        name: "softmax-off-diagonal-dropped",
        about: "softmax is differentiated entry by entry: the terms with i ≠ j are lost",
        derivations: &[derive::softmax_elementwise],
        repairs: &[],
    },
    Row {
        name: "wrong-loss-pairing",
        about: "the gradient of another loss and output function",
        derivations: &[derive::other_losses, derive::other_losses_elementwise],
        repairs: &[],
    },
    Row {
        name: "bias-sum-missing",
        about: "the sum over examples, steps or uses of a bias is missing",
        derivations: &[derive::bias_uses_left_out],
        repairs: &[],
    },
    Row {
        name: "regulariser-wrong",
        about: "the gradient of the penalty is missing, scaled, or put on a bias",
        derivations: &[derive::penalties_wrong],
        repairs: &[],
    },
    Row {
        name: "batch-factor",
        about: "1/m, or 1/T, is missing or counted twice",
        derivations: &[],
        repairs: &[repair::constants_missing],
    },
    Row {
        name: "path-missing",
        about: "one of several paths of the chain rule is left out",
        derivations: &[derive::paths_left_out, derive::slopes_frozen],
        repairs: &[repair::ways_past_missing],
    },
    Row {
        name: "step-missing",
        about: "the derivative of a ReLU, its Step, is missing",
        derivations: &[derive::steps_left_out],
        repairs: &[repair::slopes_missing],
    },
    Row {
        name: "activation-derivative-missing",
        about: "the derivative of an activation is missing",
        derivations: &[derive::slopes_left_out],
        repairs: &[],
    },
    Row {
        name: "derivative-at-wrong-point",
        about: "the derivative of the activation is taken at another value",
        derivations: &[derive::slopes_at_output],
        repairs: &[],
    },
    Row {
        name: "activation-derivative-wrong",
        about: "the derivative of the activation is another one",
        derivations: &[derive::slopes_replaced],
        repairs: &[repair::squares_missing, repair::values_for_slopes],
    },
    Row {
        name: "index-order",
        about: "two indices of a factor are exchanged",
        derivations: &[],
        repairs: &[repair::indices_exchanged, repair::letters_exchanged],
    },
    Row {
        name: "index-sum-wrong",
        about: "a sum is missing, too much, or over another index",
        derivations: &[],
        repairs: &[
            repair::sums,
            repair::sums_moved,
            repair::sums_over_other_axis,
            repair::deltas_missing,
            repair::indices_renamed,
            repair::indices_of_network,
            repair::conditions_of_sums,
            repair::conditions_of_all_sums,
            repair::ranges_moved,
            repair::steps_cut,
        ],
    },
    Row {
        name: "transpose-missing",
        about: "a transpose is left out",
        derivations: &[],
        repairs: &[],
    },
    Row {
        name: "transpose-swapped",
        about: "a transpose stands on the wrong factor, or one too many",
        derivations: &[],
        repairs: &[
            repair::transposes,
            repair::transposes_moved,
            repair::pairs_transposed,
            repair::doubled,
            repair::matrices_transposed,
        ],
    },
    Row {
        name: "weight-product-wrong",
        about: "weights and derivatives are multiplied in an order that does not hold",
        derivations: &[],
        // Behind the transposes: to sum up a row of one entry each is to transpose it.
        repairs: &[repair::axes_summed, repair::products_reversed],
    },
    Row {
        name: "operand-order",
        about: "the right factors in the wrong order of a matrix product",
        derivations: &[],
        repairs: &[repair::orders, repair::regrouped],
    },
    Row {
        name: "hadamard-vs-product",
        about: "an elementwise product stands where a matrix product belongs, or the reverse",
        derivations: &[],
        repairs: &[repair::kinds, repair::kinds_everywhere],
    },
    Row {
        name: "sign-flipped",
        about: "a sign is wrong",
        derivations: &[derive::penalties_negated],
        repairs: &[repair::signs],
    },
    Row {
        name: "factor-missing",
        about: "a constant factor is missing or too much",
        derivations: &[],
        repairs: &[],
    },
    Row {
        name: "step-wrong-argument",
        about: "the Step of another quantity",
        derivations: &[],
        repairs: &[
            repair::conditions_turned,
            repair::thresholds,
            repair::step_arguments,
        ],
    },
    Row {
        name: "weight-factor-missing",
        about: "a weight factor is missing",
        derivations: &[],
        repairs: &[repair::quantities_missing],
    },
    Row {
        name: "wrong-layer",
        about: "a factor of another layer or time step",
        derivations: &[],
        repairs: &[
            repair::operands_exchanged,
            repair::operands_exchanged_everywhere,
            repair::operands_swapped,
            repair::slots_renamed,
            repair::slots_shifted,
        ],
    },
    Row {
        name: "wrong-operand",
        about: "a factor is another quantity than it should be, is missing, or is too much",
        derivations: &[],
        repairs: &[
            repair::factors_too_much,
            repair::summands_too_much,
            repair::derivatives_exchanged,
            repair::inverses,
            repair::divisors_missing,
            repair::biases_missing,
            repair::functions_left_out,
            repair::functions_exchanged,
            repair::exponents_exchanged,
        ],
    },
    Row {
        name: "precedence",
        about: "brackets are missing, so that the formula says something else",
        derivations: &[],
        repairs: &[repair::brackets],
    },
];

/// The place of a name in the table.
pub(super) fn rank(name: &str) -> usize {
    MISTAKES
        .iter()
        .position(|row| row.name == name)
        .unwrap_or(MISTAKES.len())
}
