//! Second derivatives: by numbers, by elements, by slots, along layers.

use crate::dice::Dice;

const SMOOTH: &[&str] = &["tanh", "sigmoid", "sin", "softplus"];

/// A small network that is differentiated twice.
pub(crate) fn hessians(dice: &mut Dice) -> String {
    let act = dice.word(SMOOTH);
    match dice.below(4) {
        0 => numbers(dice, act),
        1 => elements(dice, act),
        2 => slots(dice, act),
        _ => layers(dice, act),
    }
}

fn numbers(dice: &mut Dice, act: &str) -> String {
    let shortcut = dice.word(&["", " + w^2", " + w v"]);
    let question = dice.word(&["hess w", "hess w, v", "hess x, w, v", "hess a"]);
    format!("a = {act}(w x)\nb = a v{shortcut}\nloss C = 1/2 (b - y)^2 + a w\n{question}\n")
}

fn elements(dice: &mut Dice, act: &str) -> String {
    let loss = dice.word(&[
        "1/2 sum_i (r_i - y_i)^2",
        "log(sum_i exp(r_i)) - sum_i y_i r_i",
        "(sum_i y_i r_i)^2 + sum_i z_i^3",
    ]);
    let question = dice.word(&["hess x", "hess W", "hess z", "hess y, x"]);
    format!(
        "index i, j\nwhere W in R^(n x m), x in R^m, y in R^n\nz_i = sum_j W_ij x_j\nr_i = {act}(z_i)\n\
         loss C = {loss}\n{question}\n"
    )
}

fn slots(dice: &mut Dice, act: &str) -> String {
    let count = dice.word(&["K", "K", "3"]);
    let (set, product) = if dice.one_in(2) {
        ("R^n", "w[k]^T x")
    } else {
        ("R", "w[k] x")
    };
    let loss = dice.word(&[
        "sum_{l in 1..K} r[l]^3",
        "log(sum_{l in 1..K} exp(r[l])) - sum_{l in 1..K} v[l] r[l]",
        "1/2 (sum_{l in 1..K} v[l] r[l])^2",
    ]);
    let question = dice.word(&["w[k]", "r[k]", "w[k], x"]);
    format!(
        "where w[k] in {set} for k in 1..K, x in {set}\n      v[k] in R for k in 1..K\n\
         z[k] = {product} for k in 1..K\nr[k] = {act}(z[k]) for k in 1..K\nloss C = {loss}\nhess C wrt {question}\n"
    )
    .replace('K', count)
}

fn layers(dice: &mut Dice, act: &str) -> String {
    let last = dice.between(1, 2);
    let depth = last + 1;
    let path = dice.word(&["", "h[k] + "]);
    let loss = match dice.below(2) {
        0 => format!("1/2 (h[{depth}] - y)^2"),
        _ => format!("sum_{{k in 1..{depth}}} h[k]^2"),
    };
    let question = dice.word(&["w[0], w[1]", "w[1]", "w[0]", "b"]);
    format!(
        "h[0] = x\nh[k+1] = {path}{act}(w[k] h[k] + b) for k in 0..{last}\nloss C = {loss}\nhess C wrt {question}\n"
    )
}
