//! Strides, offsets, windows and triangular ranges.

use crate::dice::Dice;

/// One or two reads at affine places, with the sizes that contain them.
pub(super) fn affine(dice: &mut Dice) -> String {
    let n = dice.word(&["n", "3"]);
    let stride = dice.between(1, 3);
    let offset = dice.between(0, 2);
    // x has `stride n + offset` elements, so the place is inside whichever way it is counted.
    let forward = format!("x_{{{stride} i + {offset}}}");
    let backward = format!("x_{{{stride} {n} + {} - {stride} i}}", offset.max(1));
    let (forward, backward, size) = if n == "n" {
        (forward, backward, format!("{stride} n + {}", offset.max(1)))
    } else {
        let total = 3 * stride;
        (
            forward,
            format!("x_{{{} - {stride} i}}", total + offset.max(1)),
            format!("{}", total + offset.max(1)),
        )
    };
    let second = match dice.below(5) {
        0 => backward.clone(),
        1 => "x_i".to_owned(),
        2 => "x_{1}".to_owned(),
        3 => format!("A_{{i,i}} {backward}"),
        _ => format!("A_{{i,{n}+1-i}}"),
    };
    let first = if dice.one_in(2) { forward } else { backward };
    let join = dice.word(&[" + ", " "]);
    let wrap = dice.word(&["tanh", "relu", "sin"]);
    format!(
        "index i, j\nwhere x in R^({size}), A in R^({n} x {n}), z, y in R^{n}\nz_i = {first}{join}{second} + sum_j A_ij\n\
         r_i = {wrap}(z_i)\nloss C = 1/2 sum_i (r_i - y_i)^2\ngrad x, A, z\n"
    )
}

/// Convolutions: strides, padding as conditions in the sum, reads computed from two letters.
pub(super) fn windows(dice: &mut Dice) -> String {
    let n = dice.word(&["n", "3"]);
    let (stride, width) = (dice.between(1, 3), dice.between(2, 3));
    match dice.below(4) {
        0 => {
            let size = if n == "n" { format!("{stride} n + {width}") } else { (3 * stride + width).to_string() };
            format!(
                "index o, k\nwhere x in R^({size}), w in R^{width}, z, y in R^{n}\n\
                 z_o = sum_k w_k x_{{{stride} o + k - 1}}\nr_o = tanh(z_o)\n\
                 loss C = 1/2 sum_o (r_o - y_o)^2\ngrad w, x, z\n"
            )
        }
        1 => {
            let size = if n == "n" { format!("{stride} n") } else { (3 * stride).to_string() };
            let pad = dice.between(0, 2);
            let place = if pad == 0 { String::new() } else { format!(" - {pad}") };
            format!(
                "index o, k, i\nwhere x in R^({size}), w in R^{width}, z, y in R^{n}\n\
                 z_o = sum_{{k in 1..{width}, i in 1..{size}, i = {stride} o + k{place}}} w_k x_i\n\
                 loss C = sum_o sin(z_o - y_o)\ngrad w, x\n"
            )
        }
        2 => format!(
            "index a, b, c\nwhere f in R^{n}, g in R^{width}, h, y in R^({n} + {width} - 1)\n\
             h_c = sum_{{a in 1..{n}, b in 1..{width}, a + b = c + 1}} f_a g_b\n\
             loss C = 1/2 sum_c (h_c - y_c)^2\ngrad f, g\n"
        )
        .replace("R^(3 + 2 - 1)", "R^4")
        .replace("R^(3 + 3 - 1)", "R^5"),
        _ => format!(
            "index i\nwhere x in R^({n} + 2), z in R^({n} + 1), d, y in R^{n}\nz_i = x_{{i+1}} - x_i\nd_i = z_{{i+1}} z_i\n\
             loss C = 1/2 sum_i (d_i - y_i)^2\ngrad x, z\n"
        )
        .replace("R^(3 + 2)", "R^5")
        .replace("R^(3 + 1)", "R^4"),
    }
}

/// Ranges that depend on other letters.
pub(super) fn triangles(dice: &mut Dice) -> String {
    let n = dice.word(&["n", "4"]);
    let value = match dice.below(8) {
        0 => "sum_{s in 1..t} a_{t,s} v_s".to_owned(),
        1 => format!("sum_{{s in t..{n}}} a_{{s,t}} v_s"),
        2 => "sum_{s < t} a_{t,s} v_s + v_t".to_owned(),
        3 => "sum_{s != t} a_{s,t} sin(v_s)".to_owned(),
        4 => format!("sum_{{s in 1..{n}, s > t}} v_s v_t + a_{{t,t}}"),
        5 => "v_t + sum_{s in 1..t} sum_{r in 1..s} a_{s,r} v_r".to_owned(),
        6 => format!("sum_{{r in 1..{n}, s in 1..{n}, r < s, s <= t}} a_{{r,s}} v_r + v_t"),
        _ => "v_t prod_{s in 1..t} tanh(v_s) + a_{t,1}".to_owned(),
    };
    let loss = match dice.below(3) {
        0 => "1/2 sum_t (o_t - y_t)^2",
        1 => "sum_{s < t} o_s o_t y_s",
        _ => "sum_t sum_{s in 1..t} (o_t - y_s)^2",
    };
    format!(
        "index r, s, t\nwhere v, o, y in R^{n}, a in R^({n} x {n})\no_t = {value}\nloss C = {loss}\ngrad v, a, o\n"
    )
}
