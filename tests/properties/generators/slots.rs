//! Layers and time steps.

use crate::dice::Dice;

const ACTIVATIONS: &[&str] = &["relu", "sigmoid", "tanh", "softplus", "abs", "sin"];

/// A general layer in one of its spellings: widths that differ or not, biases, residual paths, weights that
/// all layers share, losses on several layers.
pub(super) fn layers(dice: &mut Dice) -> String {
    let depth = dice.word(&["L", "L", "3", "2"]);
    let act = dice.word(ACTIVATIONS);
    let last = if depth == "L" {
        "L-1".to_owned()
    } else {
        (depth.parse::<i64>().unwrap_or(2) - 1).to_string()
    };
    let wide = dice.one_in(3);
    let (rows, columns, bottom, top) = if wide {
        ("n[k]", "n[k+1]", "n[0]".to_owned(), format!("n[{depth}]"))
    } else {
        ("n", "n", "n".to_owned(), "n".to_owned())
    };
    let tied = !wide && dice.one_in(3);
    let bias = dice.one_in(2);
    let residual = !wide && dice.one_in(2);
    let shifted = dice.one_in(2);
    let mut text = "index i, j\n".to_owned();
    text += &if tied {
        "where W in R^(n x n)\n".to_owned()
    } else {
        format!("where W[k] in R^({rows} x {columns}) for k in 0..{last}\n")
    };
    if bias {
        text += &format!("      b[k] in R^({rows}) for k in 1..{depth}\n");
    }
    text += &format!("      x in R^({bottom}), y in R^({top})\n");
    text += "r[0]_i = x_i\n";
    // The same layer counted from below or from above.
    let (below, above, range) = if shifted {
        ("k-1", "k", format!("1..{depth}"))
    } else {
        ("k", "k+1", format!("0..{last}"))
    };
    let weight = if tied {
        "W".to_owned()
    } else {
        format!("W[{below}]")
    };
    let offset = if bias {
        format!(" + b[{above}]_j")
    } else {
        String::new()
    };
    let path = if residual {
        format!("r[{below}]_j + ")
    } else {
        String::new()
    };
    text += &format!("z[{above}]_j = sum_i {weight}_ij r[{below}]_i{offset} for k in {range}\n");
    text += &format!("r[{above}]_j = {path}{act}(z[{above}]_j) for k in {range}\n");
    text += &match dice.below(3) {
        0 if !wide => format!("loss C = sum_{{k in 1..{depth}}} sum_j (r[k]_j - y_j)^2\n"),
        1 => format!("loss C = 1/2 sum_j (y_j - r[{depth}]_j)^2 + (sum_j z[{depth}]_j)^2\n"),
        _ => format!("loss C = 1/2 sum_j (y_j - r[{depth}]_j)^2\n"),
    };
    let weights = if tied { "W" } else { "W[k]" };
    let biases = if bias { ", b[k]" } else { "" };
    text + &format!("grad {weights}, z[k], r[k], x{biases}\n")
}

/// Recurrences: forwards, backwards, of second order, with a read that exists from the second step on.
pub(super) fn recurrences(dice: &mut Dice) -> String {
    let depth = dice.word(&["T", "T", "3"]);
    let act = dice.word(&["tanh", "sigmoid", "relu", "sin"]);
    let loss = if dice.one_in(2) {
        format!("sum_{{t in 1..{depth}}} (h[t] - y[t])^2")
    } else {
        format!("(h[{depth}] - v)^2 + v h[1]")
    };
    match dice.below(6) {
        0 => format!(
            "h[0] = x0\na[t] = u x[t] + w h[t-1] + b for t in 1..{depth}\nh[t] = {act}(a[t]) for t in 1..{depth}\n\
             loss C = {loss}\ngrad w, u, b, a[t], h[t], x0\n"
        ),
        1 => format!(
            "h[{depth}+1] = x0\nh[t] = {act}(u x[t] + w h[t+1]) for t in 1..{depth}\nloss C = {loss}\ngrad w, u, x[t], h[t]\n"
        )
        .replace("3+1", "4"),
        2 => format!(
            "h[0] = x0\nh[-1] = x1\nh[t] = {act}(u h[t-2] + w h[t-1] x[t]) for t in 1..{depth}\nloss C = {loss}\n\
             grad w, u, x[t], h[t]\n"
        ),
        3 => format!(
            "h[t] = {act}(u x[t] + {{ w h[t-1] if t >= 2; b otherwise }}) for t in 1..{depth}\nloss C = {loss}\n\
             grad w, u, b, h[t]\n"
        ),
        4 => format!(
            "h[0] = x0\nc[0] = x1\nc[t] = w c[t-1] + {act}(h[t-1] + x[t]) for t in 1..{depth}\n\
             h[t] = u tanh(c[t]) for t in 1..{depth}\nloss C = {loss}\ngrad w, u, c[t], h[t], x0, x1\n"
        ),
        _ => format!(
            "index i, j\nwhere W in R^(d x d), U in R^d, x[t] in R for t in 1..{depth}\n      y in R^d, h0 in R^d\n\
             h[0]_i = h0_i\nh[t]_i = {act}(sum_j W_ij h[t-1]_j + U_i x[t]) for t in 1..{depth}\n\
             loss C = 1/2 sum_{{t in 1..{depth}}} sum_i (h[t]_i - y_i)^2\ngrad W, U, h[t], x[t], h0\n"
        ),
    }
}

/// Layers written out one by one, with weights that are used more than once.
pub(super) fn written_out(dice: &mut Dice) -> String {
    let count = dice.between(2, 4);
    let mut text = String::new();
    for at in 1..=count {
        let below = if at == 1 {
            "x".to_owned()
        } else {
            format!("r[{}]", at - 1)
        };
        let weight = if dice.one_in(4) {
            "W[0]".to_owned()
        } else {
            format!("W[{}]", at - 1)
        };
        let act = dice.word(ACTIVATIONS);
        text += &format!("z[{at}] = {weight} {below}\nr[{at}] = {act}(z[{at}])");
        if at > 1 && dice.one_in(3) {
            text += &format!(" + r[{}]", dice.between(1, at - 1));
        }
        text.push('\n');
    }
    text + &format!("loss C = 1/2 (y - r[{count}])^2\ngrad W[0], z[1], r[1], x\n")
}
