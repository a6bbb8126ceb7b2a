//! Generators of network texts. Each aims at one part of the language; together they reach every rule, every
//! function and every way in which an index is solved for.

mod arrays;
mod indexed;
mod indices;
mod rules;
mod scalar;
mod second;
mod slots;

pub(crate) use arrays::matrices;
pub(crate) use second::hessians;

use crate::dice::Dice;

/// Makes one network.
pub(crate) type Generator = fn(&mut Dice) -> String;

/// All generators: what they aim at, and how many networks are usually tried.
pub(crate) const ALL: &[(&str, Generator, usize)] = &[
    ("scalar graphs", scalar::graph, 240),
    ("kinks on open sets", scalar::kinks, 96),
    ("functions", scalar::functions, 4600),
    ("the author's functions", scalar::own_functions, 72),
    ("rules", rules::aimed, 4600),
    ("families of elements", indexed::families, 144),
    ("matrices", matrices, 48),
    ("reductions", indexed::reductions, 96),
    ("cases", indexed::cases, 96),
    ("integer-valued indices", indexed::integers, 72),
    ("strides and offsets", indices::affine, 192),
    ("windows", indices::windows, 96),
    ("triangles", indices::triangles, 96),
    ("layers", slots::layers, 96),
    ("recurrences", slots::recurrences, 96),
    ("layers written out", slots::written_out, 72),
];

/// The generators of networks that have matrix forms, some or all of them.
pub(crate) const ARRAYS: &[(&str, Generator)] = &[
    ("matrices", matrices),
    ("families of elements", indexed::families),
    ("triangles", indices::triangles),
    ("layers", slots::layers),
    ("recurrences", slots::recurrences),
];

/// `text` in brackets.
fn bracketed(text: &str) -> String {
    format!("({text})")
}

/// An application of a function of one number, with its argument kept inside the function's domain and the
/// value kept small.
fn applied(dice: &mut Dice, function: &str, argument: &str) -> String {
    match function {
        "log" | "log2" | "log10" | "sqrt" => format!("{function}(1 + ({argument})^2)"),
        "exp" | "sinh" | "cosh" | "tan" => {
            let inner = dice.word(&["sin", "tanh"]);
            format!("{function}({inner}({argument}))")
        }
        _ => {
            let usual = chainrule::functions::row(function).map_or(&[][..], |row| row.usual);
            let numbers: Vec<String> = usual.iter().map(f64::to_string).collect();
            let numbers = match numbers.as_slice() {
                [] => String::new(),
                some => format!("; {}", some.join(", ")),
            };
            format!("{function}({argument}{numbers})")
        }
    }
}

/// The functions of one number, by name.
fn unary() -> Vec<&'static str> {
    chainrule::functions::rows()
        .filter(|row| row.is_unary())
        .map(|row| row.name)
        .collect()
}
