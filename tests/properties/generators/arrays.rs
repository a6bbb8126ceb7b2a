//! Matrices and columns of three unequal sizes, made from each other by what matrix notation can say.

use super::{applied, unary};
use crate::dice::Dice;

/// A quantity with the sizes of its axes.
#[derive(Clone)]
struct Array {
    name: String,
    axes: Vec<usize>,
}

const SIZES: [&str; 3] = ["p", "q", "s"];

/// Arrays defined from earlier ones by products, sums and functions.
pub(crate) fn matrices(dice: &mut Dice) -> String {
    let functions = unary();
    let mut arrays: Vec<Array> = Vec::new();
    let mut lines = vec!["index i, j, k".to_owned()];
    for (number, axes) in [[0, 1], [1, 2], [2, 0], [0, 0], [1, 1]]
        .into_iter()
        .enumerate()
    {
        let name = ["A", "B", "D", "S", "M"][number].to_owned();
        let begin = if number == 0 { "where" } else { "     " };
        let [rows, columns] = axes.map(|axis| SIZES[axis]);
        lines.push(format!("{begin} {name} in R^({rows} x {columns})"));
        arrays.push(Array {
            name,
            axes: axes.to_vec(),
        });
    }
    for (axis, name) in ["u", "v", "w"].into_iter().enumerate() {
        lines.push(format!("      {name} in R^{}", SIZES[axis]));
        arrays.push(Array {
            name: name.to_owned(),
            axes: vec![axis],
        });
    }
    let inputs = arrays.len();
    let wanted = dice.between(2, 4);
    let mut number = 0;
    while number < wanted {
        let Some((axes, body)) = defined(dice, &arrays, &functions) else {
            continue;
        };
        number += 1;
        let name = format!("g{number}");
        let left = match axes.len() {
            0 => name.clone(),
            1 => format!("{name}_i"),
            _ => format!("{name}_ij"),
        };
        lines.push(format!("{left} = {body}"));
        arrays.push(Array { name, axes });
    }
    let last = arrays[arrays.len() - 1].clone();
    let square = match last.axes.len() {
        0 => format!("{}^2", last.name),
        1 => format!("1/2 sum_i {}_i^2", last.name),
        _ => format!("1/2 sum_i sum_j {}_ij^2", last.name),
    };
    let weighted = match last.axes.as_slice() {
        [axis] => {
            let weight = ["u", "v", "w"][*axis];
            format!(" + sum_i {}_i {weight}_i", last.name)
        }
        _ => String::new(),
    };
    lines.push(format!("loss C = {square}{weighted}"));
    let asked: Vec<&str> = arrays[..inputs]
        .iter()
        .filter(|array| {
            lines[inputs + 1..]
                .iter()
                .any(|line| line.contains(&format!("{}_", array.name)))
        })
        .map(|array| array.name.as_str())
        .collect();
    lines.push(format!("grad {}", asked.join(", ")));
    lines.join("\n") + "\n"
}

/// A right side over the letters i, j and bound k, with the sizes of i and j.
fn defined(dice: &mut Dice, arrays: &[Array], functions: &[&str]) -> Option<(Vec<usize>, String)> {
    let a = dice.pick(arrays);
    let b = dice.pick(arrays);
    let at = |array: &Array, letters: &str| format!("{}_{letters}", array.name);
    match (a.axes.as_slice(), b.axes.as_slice()) {
        // Products of two matrices, whichever way they fit.
        ([m, n], [r, c]) if n == r && dice.one_in(2) => {
            let body = format!("sum_k {} {}", at(&a, "ik"), at(&b, "kj"));
            Some((vec![*m, *c], body))
        }
        ([m, n], [r, c]) if m == r && dice.one_in(2) => {
            let body = format!("sum_k {} {}", at(&a, "ki"), at(&b, "kj"));
            Some((vec![*n, *c], body))
        }
        ([m, n], [r, c]) if n == c && dice.one_in(2) => {
            let body = format!("sum_k {} {}", at(&b, "jk"), at(&a, "ik"));
            Some((vec![*m, *r], body))
        }
        // Entry by entry, perhaps the other way round.
        ([m, n], [r, c]) if m == r && n == c => {
            let body = format!("{} {} - {}", at(&a, "ij"), at(&b, "ij"), at(&a, "ij"));
            Some((vec![*m, *n], body))
        }
        ([m, n], [r, c]) if m == c && n == r => {
            let body = format!("{} + 2 {}", at(&a, "ij"), at(&b, "ji"));
            Some((vec![*m, *n], body))
        }
        ([m, n], [r, c]) if m == r && dice.one_in(2) => {
            // A column from the traces of rows.
            let body = format!("sum_k sum_j {} {}", at(&a, "ik"), at(&b, "ij"));
            Some((vec![*m], body)).filter(|_| n != c)
        }
        ([m, n], [axis]) if n == axis && dice.one_in(2) => {
            let body = match dice.below(3) {
                0 => format!("sum_k {} {}", at(&a, "ik"), at(&b, "k")),
                1 => return Some((vec![*m, *n], format!("{} {}", at(&a, "ij"), at(&b, "j")))),
                _ => return Some((vec![*m, *n], format!("{} + {}", at(&a, "ij"), at(&b, "j")))),
            };
            Some((vec![*m], body))
        }
        ([m, n], [axis]) if m == axis => {
            let body = match dice.below(4) {
                0 => format!("sum_k {} {}", at(&a, "ki"), at(&b, "k")),
                1 => return Some((vec![*m, *n], format!("{} {}", at(&a, "ij"), at(&b, "i")))),
                2 => return Some((vec![*m, *n], format!("{} - {}", at(&a, "ij"), at(&b, "i")))),
                _ => {
                    let body = format!("{} sum_k {}", at(&b, "i"), at(&a, "ik"));
                    return Some((vec![*m], body));
                }
            };
            Some((vec![*n], body))
        }
        ([m], [n]) if m == n && a.name != b.name => {
            let body = match dice.below(3) {
                0 => format!("{} sum_k {} {}", at(&a, "i"), at(&a, "k"), at(&b, "k")),
                1 => format!("({} - 1) {}", at(&a, "i"), at(&b, "i")),
                _ => format!("{} / (1 + {}^2)", at(&a, "i"), at(&b, "i")),
            };
            Some((vec![*m], body))
        }
        ([m], [n]) => Some((vec![*m, *n], format!("{} {}", at(&a, "i"), at(&b, "j")))),
        ([m, n], _) if dice.one_in(2) => {
            let function = dice.word(functions);
            let body = applied(dice, function, &at(&a, "ij"));
            Some((vec![*m, *n], body))
        }
        ([m, n], _) if m == n && dice.one_in(2) => {
            let body = format!("{} sum_k {}", at(&a, "ii"), at(&a, "kk"));
            Some((vec![*m], body))
        }
        ([m], _) => {
            let function = dice.word(functions);
            let body = applied(dice, function, &at(&a, "i"));
            Some((vec![*m], body))
        }
        _ => None,
    }
}
