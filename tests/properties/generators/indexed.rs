//! Families with element indices.

use super::{applied, unary};
use crate::dice::Dice;

/// What an element expression may read.
struct Scene<'a> {
    /// Vectors over `p` and over `q`.
    vectors: [Vec<String>; 2],
    /// Numbers.
    numbers: Vec<String>,
    functions: &'a [&'a str],
}

const LETTERS: [&str; 5] = ["i", "j", "k", "l", "m"];

/// An element at the letter, which runs over the axis (0 is `p`, 1 is `q`); `free` letters may be bound.
fn element(
    dice: &mut Dice,
    scene: &Scene,
    axis: usize,
    letter: &str,
    free: &[&str],
    depth: usize,
) -> String {
    if depth == 0 {
        let vector = dice.pick(&scene.vectors[axis]);
        return format!("{vector}_{letter}");
    }
    let less = dice.below(depth);
    let part = |dice: &mut Dice, free: &[&str]| element(dice, scene, axis, letter, free, less);
    match (dice.below(9), free.split_first()) {
        (0, _) => format!("({} + {})", part(dice, free), part(dice, free)),
        (1, _) => format!("({}) ({})", part(dice, free), part(dice, free)),
        (2, _) => format!("({} - {})", dice.pick(&scene.numbers), part(dice, free)),
        (3 | 4, Some((bound, rest))) => {
            let body = element(dice, scene, 1 - axis, bound, rest, less);
            // W has the axes q, p and V the axes p, q.
            let (direct, turned) = if axis == 0 { ("V", "W") } else { ("W", "V") };
            if dice.one_in(2) {
                format!("(sum_{bound} {direct}_{letter}{bound} ({body}))")
            } else {
                format!("(sum_{bound} {turned}_{bound}{letter} ({body}))")
            }
        }
        (5, Some((bound, rest))) => {
            let body = element(dice, scene, axis, bound, rest, less);
            let other = element(dice, scene, axis, bound, rest, 0);
            format!("({} - sum_{bound} {other} ({body}))", part(dice, free))
        }
        (6, _) => format!("({})^2", part(dice, free)),
        _ => {
            let function = dice.word(scene.functions);
            let argument = part(dice, free);
            applied(dice, function, &argument)
        }
    }
}

/// `p` and `q` as they are declared: letters of sizes, or numbers.
fn sizes(dice: &mut Dice) -> (String, String) {
    match dice.below(3) {
        0 => ("p".into(), "q".into()),
        1 => ("p".into(), "2".into()),
        _ => ("2".into(), "3".into()),
    }
}

/// Vectors and numbers defined from each other by sums and functions.
pub(super) fn families(dice: &mut Dice) -> String {
    let (p, q) = sizes(dice);
    let functions = unary();
    let mut scene = Scene {
        vectors: [vec!["x".into(), "b".into()], vec!["u".into(), "c".into()]],
        numbers: vec!["a".into(), "2".into()],
        functions: &functions,
    };
    let mut lines = vec![
        "index i, j, k, l, m".to_owned(),
        format!("where x, b in R^{p}, u, c, y in R^{q}, a in R"),
        format!("      V in R^({p} x {q}), W in R^({q} x {p})"),
    ];
    let count = dice.between(1, 3) as usize;
    let mut intermediates = Vec::new();
    for at in 0..count {
        let axis = dice.below(2);
        let name = format!("h{at}");
        let size = if axis == 0 { &p } else { &q };
        let depth = 1 + dice.below(2);
        let letter = LETTERS[0];
        let body = element(dice, &scene, axis, letter, &LETTERS[1..4], depth);
        lines.insert(3, format!("      {name} in R^{size}"));
        lines.push(format!("{name}_{letter} = {body}"));
        scene.vectors[axis].push(name.clone());
        intermediates.push(name);
        if dice.one_in(3) {
            let body = element(dice, &scene, axis, "j", &LETTERS[2..4], 1);
            let number = format!("s{at}");
            lines.push(format!("{number} = sum_j {body}"));
            scene.numbers.push(number);
        }
    }
    let body = element(dice, &scene, 1, "i", &LETTERS[1..3], 2);
    lines.push(match dice.below(3) {
        0 => format!("loss C = 1/2 sum_i ({body} - y_i)^2"),
        1 => format!("loss C = sum_i y_i {body}"),
        _ => format!("loss C = sum_i {body} + (sum_i y_i)^2"),
    });
    let text = lines.join("\n");
    let used = |name: &&str| text.matches(&format!("{name}_")).count() > 0;
    let mut asked: Vec<&str> = ["x", "V", "W", "c"].into_iter().filter(used).collect();
    if asked.is_empty() {
        asked.push("y");
    }
    if dice.one_in(2) {
        asked.extend(intermediates.iter().map(String::as_str));
    }
    format!("{text}\ngrad {}\n", asked.join(", "))
}

/// Products, maxima and minima over an index.
pub(super) fn reductions(dice: &mut Dice) -> String {
    let (p, q) = sizes(dice);
    let op = dice.word(&["prod", "max", "min"]);
    let value = match dice.below(6) {
        0 => format!("{op}_j (A_ij x_j)"),
        1 => format!("{op}_j (x_j + A_ij b_i)"),
        2 => format!("b_i {op}_{{j in 1..{q}}} relu(A_ij x_j)"),
        3 => format!("{op}_j (1 + sin(A_ij) x_j)"),
        4 => "sum_j x_j prod_{k != j} (x_k + A_ik)".to_owned(),
        _ => format!("{op}_{{j, k}} (A_ij + x_j x_k)"),
    };
    // The sine of a long product turns too fast for any central difference.
    let wrap = match dice.word(&["tanh", "sin", "relu"]) {
        "sin" if value.contains("prod") => "relu",
        wrap => wrap,
    };
    format!(
        "index i, j, k\nwhere A in R^({p} x {q}), x in R^{q}, b, y in R^{p}\nm_i = {value}\n\
         r_i = {wrap}(m_i)\nloss C = 1/2 sum_i (r_i - y_i)^2\ngrad A, x, b, m\n"
    )
    .replace(
        ", b, m\n",
        if value.contains("b_i") {
            ", b, m\n"
        } else {
            ", m\n"
        },
    )
}

/// Cases by values and by indices, reads that exist only inside their case.
pub(super) fn cases(dice: &mut Dice) -> String {
    let n = dice.word(&["n", "4"]);
    let value = match dice.below(8) {
        0 => format!("{{ x_i x_{{i+1}} if i < {n}; x_i otherwise }}"),
        1 => "{ b_i if i = 1; x_{i-1} b_i otherwise }".to_owned(),
        2 => "{ x_i if x_i > b_i; b_i^2 if x_i > 0; -x_i otherwise }".to_owned(),
        3 => format!("{{ x_i if i <= 1; b_i x_{{i-1}} if i < {n}; sum_j x_j otherwise }}"),
        4 => "{ sum_j x_j b_j if b_i > 0; x_i b_i otherwise }".to_owned(),
        5 => format!(
            "b_i + {{ x_{{i-1}} if i >= 2; 0 otherwise }} + {{ x_{{i+1}} if i < {n}; 0 otherwise }}"
        ),
        6 => "sum_{j != i} x_j { b_j if x_i > 0; 1 otherwise }".to_owned(),
        _ => "{ relu(x_i) if i != 2; { x_i if b_i > 0; 2 x_i otherwise } otherwise }".to_owned(),
    };
    let wrap = dice.word(&["tanh", "sin", "sigmoid"]);
    format!(
        "index i, j\nwhere x, b, y in R^{n}\nz_i = {value}\nr_i = {wrap}(z_i)\n\
         loss C = 1/2 sum_i (r_i - y_i)^2\ngrad x, b, z\n"
    )
}

/// Class numbers and tokens as indices.
pub(super) fn integers(dice: &mut Dice) -> String {
    let (k, d) = (dice.word(&["K", "3"]), dice.word(&["d", "2"]));
    match dice.below(4) {
        0 => format!(
            "index i, j\nwhere z in R^{k}, c in 1..{k}\nloss C = log(sum_j exp(z_j)) - z_{{c}}\ngrad z\n"
        ),
        1 => format!(
            "index i, j\nwhere x in R^{d}, W in R^({d} x {k}), c in 1..{k}\nz_j = sum_i W_ij x_i\n\
             p_j = exp(z_j)/(sum_i exp(z_i))\nloss C = -log(p_{{c}})\ngrad W, x, z\n"
        ),
        2 => format!(
            "index i, v\nwhere E in R^({k} x {d}), w in R^{d}\n      c[t] in 1..{k} for t in 1..T\n      y[t] in R for t in 1..T\n\
             h[t]_i = tanh(E_{{c[t],i}}) for t in 1..T\n\
             loss C = sum_{{t in 1..T}} (sum_i w_i h[t]_i - y[t])^2\ngrad E, w, h[t]\n"
        ),
        _ => format!(
            "index i, j\nwhere x in R^{k}, a in R^{k}, c in 1..{k}\nz_i = {{ x_i a_{{c}} if i = c; x_i otherwise }}\n\
             loss C = sum_i sin(z_i)\ngrad x, a\n"
        ),
    }
}
