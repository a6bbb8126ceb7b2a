//! Networks in whose derivatives a given rule of simplification has something to do.

use crate::dice::Dice;

/// For each rule a formula for `r`, over `z` and numbers, in which it fires.
const AIMS: &[&str] = &[
    // relu-step, argument-step
    "relu(z)^2",
    "z relu(z)",
    "z^2 step(z)",
    // powers of Step, step-idempotent
    "b z^2 step(z)^2",
    "b z^3 step(z)^3 + z",
    "b step(z)^2 z^2 + b step(z)^3",
    // step-scale
    "relu(2 z)",
    "b relu(3 z) + z",
    // step-of-relu, relu-of-relu
    "relu(relu(z)) + z",
    "b relu(relu(z)) z",
    // step-reflection
    "relu(-z)",
    "b step(-z) + z",
    // signs
    "relu(exp(z))",
    "b relu(2 + sigmoid(z))",
    "relu(z^2) + z",
    "b relu(z^2)",
    "relu(-exp(z)) + z",
    "relu(-z^2) + z",
    "b relu(-(z^4)) + z",
    // log and exp
    "log(exp(z)) z",
    "b exp(log(1 + z^2))",
    // the logistic function written out
    "log(1 + exp(z))",
    "b log(1 + exp(z)) + z",
    "1/(1 + exp(-z))",
    "b/(1 + exp(-z)) - z",
    // the logistic function on both sides of 0
    "softplus(z) - softplus(-z)",
    "log(sigmoid(-z))",
    "b z (sigmoid(-z) - 1)",
    // hyperbolic functions, signs
    "log(cosh(z))",
    "b abs(z)^3",
    "abs(z) z",
    "abs(z)^2 + z",
];

/// One of the formulas, in some surroundings.
pub(super) fn aimed(dice: &mut Dice) -> String {
    let aim = dice.word(AIMS);
    let inner = dice.word(&["w x", "w x + b", "w - x"]);
    let loss = dice.word(&["1/2 (y - r)^2", "r y", "r"]);
    format!("z = {inner}\nr = {aim}\nloss C = {loss} + b z\ngrad z, w, b\n")
}
