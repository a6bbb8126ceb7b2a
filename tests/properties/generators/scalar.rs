//! Networks of numbers.

use super::{applied, bracketed, unary};
use crate::dice::Dice;

const INPUTS: &[&str] = &["a", "b", "x", "w", "v"];

/// A random expression over the names.
fn expression(dice: &mut Dice, names: &[&str], depth: usize) -> String {
    if depth == 0 {
        let name = dice.word(names);
        return match dice.below(5) {
            0 => format!("{} {name}", dice.between(2, 3)),
            1 => format!("1/2 {name}"),
            _ => name.to_owned(),
        };
    }
    let part = |dice: &mut Dice| {
        let less = dice.below(depth);
        expression(dice, names, less)
    };
    match dice.below(12) {
        0 => format!("({} + {})", part(dice), part(dice)),
        1 => format!("({} - {})", part(dice), bracketed(&part(dice))),
        2 | 3 => format!("({}) ({})", part(dice), part(dice)),
        4 => format!("(({})/(2 + ({})^2))", part(dice), part(dice)),
        5 => format!("({})^{}", part(dice), dice.between(2, 3)),
        6 => format!(
            "(1 + ({})^2)^({})",
            part(dice),
            dice.word(&["1/2", "-1", "-1/2", "3/2"])
        ),
        7 => format!(
            "{}({}, {})",
            dice.word(&["max", "min"]),
            part(dice),
            part(dice)
        ),
        8 => format!("(-({}))", part(dice)),
        9 => {
            let comparison = dice.word(&["<", "<=", ">", ">="]);
            format!(
                "{{ {} if {} {comparison} {}; {} otherwise }}",
                part(dice),
                part(dice),
                part(dice),
                part(dice)
            )
        }
        _ => {
            let function = dice.word(&unary());
            let argument = part(dice);
            applied(dice, function, &argument)
        }
    }
}

/// Definitions that read each other in any way without a cycle; the last reaches the loss, and each the next.
pub(super) fn graph(dice: &mut Dice) -> String {
    let mut lines = Vec::new();
    let names: Vec<String> = (1..=dice.between(2, 5))
        .map(|at| format!("h{at}"))
        .collect();
    let mut known: Vec<&str> = INPUTS[..2 + dice.below(4)].to_vec();
    let inputs = known.clone();
    for (at, name) in names.iter().enumerate() {
        let first = if at == 0 { known[0] } else { &names[at - 1] };
        let depth = 1 + dice.below(3);
        let rest = expression(dice, &known, depth);
        lines.push(match dice.below(3) {
            0 => format!("{name} = {first} ({rest})"),
            1 => format!("{name} = {first} + {rest}"),
            _ => format!("{name} = tanh({first}) - ({rest})"),
        });
        known.push(name);
    }
    let last = &names[names.len() - 1];
    let other = dice.word(&known);
    lines.push(match dice.below(3) {
        0 => format!("loss C = 1/2 (y - {last})^2"),
        1 => format!("loss C = {last} {other}"),
        _ => format!("loss C = ({last} - {other} y)^2 + {last}"),
    });
    let text = lines.join("\n");
    let used = |name: &&str| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|word| word == *name)
    };
    let mut asked: Vec<&str> = inputs.into_iter().filter(used).collect();
    asked.extend(names.iter().map(String::as_str).filter(|_| dice.one_in(2)));
    // The order of equations is free.
    if dice.one_in(2) {
        dice.shuffle(&mut lines);
    }
    format!("{}\ngrad {}\n", lines.join("\n"), asked.join(", "))
}

/// Chains in which a pre-activation is exactly 0 on an open set of inputs.
pub(super) fn kinks(dice: &mut Dice) -> String {
    let outer = dice.word(&["relu", "abs", "relu", "lrelu"]);
    let call = |function: &str, argument: &str| match function {
        "lrelu" => format!("lrelu({argument}; a)"),
        _ => format!("{function}({argument})"),
    };
    let inner = dice.word(&["x", "v x", "x - 1", "x + v", "-x"]);
    let middle = dice.word(&["w r1", "2 r1", "-r1", "w r1 v", "w r1 + v relu(-(r1))"]);
    let last = call(outer, "z2");
    let loss = dice.word(&[
        "1/2 (y - r2)^2",
        "r2 + r1 y",
        "r2 (r2 + y)",
        "max(r2, y r1)",
    ]);
    let own = if outer == "lrelu" {
        "fn lrelu(u; a) = { u if u > 0; a u otherwise } with lrelu'(0) = 1\n"
    } else {
        ""
    };
    format!(
        "{own}z1 = {inner}\nr1 = relu(z1)\nz2 = {middle}\nr2 = {last}\nloss C = {loss}\ngrad z1, z2, x\n"
    )
}

/// Each function of the table in turn, within others.
pub(super) fn functions(dice: &mut Dice) -> String {
    let rows: Vec<&chainrule::functions::Row> = chainrule::functions::rows().collect();
    let row = dice.pick(&rows);
    let value = if !row.is_unary() {
        format!("{}(w x, {})", row.name, dice.word(&["b", "w", "x b", "1"]))
    } else {
        applied(dice, row.name, "w x + b")
    };
    let around = dice.word(&["b ", "x^2 ", ""]);
    format!("r = {around}{value} + b/2\nloss C = (r - y)^2\ngrad w, x, b\n")
}

/// Functions that the author defines.
pub(super) fn own_functions(dice: &mut Dice) -> String {
    let (definition, call) = match dice.below(8) {
        0 => (
            "fn f(u; a) = { u if u > 0; a u otherwise } with f'(0) = a",
            "f(z; a)",
        ),
        1 => (
            "fn f(u; a) = { u if u > 0; a (exp(u) - 1) otherwise } with f'(0) = 1/2",
            "f(z; a)",
        ),
        2 => ("fn f(u) = 1/(1 + exp(-u)) with f' = f (1 - f)", "a f(z)"),
        3 => ("fn f(u)", "a f(z)"),
        4 => ("fn f(u, v) = u v + sin(u)", "f(z, a)"),
        5 => ("fn f(u) = u sigmoid(u)", "f(z) a + f(a)"),
        6 => (
            "fn f(u; a) = { a u if u >= 1; u^2 if u > -1; -u otherwise }",
            "f(z; a)",
        ),
        _ => ("fn f(u, v)", "f(z, a) + f(a, z)"),
    };
    let inner = dice.word(&["w x", "w x + a", "w relu(x)"]);
    format!("{definition}\nz = {inner}\nr = {call}\nloss C = 1/2 (y - r)^2\ngrad w, a, z\n")
}
