//! What must not change the output: names, the numbers of the layers, widths, the order of the equations.

use std::collections::BTreeMap;

use chainrule::derive::{Request, derive};
use chainrule::formula::{Detail, Lettering, View, formulate};
use chainrule::source::Source;
use chainrule::syntax::{StatementKind, parse};
use chainrule::system::lower;

use crate::dice::{Dice, many};
use crate::generators;
use crate::pipeline::{RESULT, complaint, derivation, latex};

/// The classic networks, each name a single letter.
const CLASSIC: &[(&str, &str)] = &[
    (
        "one layer",
        "z[1] = W[0] x\nr[1] = relu(z[1])\nloss C = 1/2 (y - r[1])^2\ngrad W[0], z[1], r[1]\n",
    ),
    (
        "two layers",
        "z[1] = W[0] x\nr[1] = relu(z[1])\nz[2] = W[1] r[1]\nr[2] = relu(z[2])\nloss C = 1/2 (y - r[2])^2\n\
         grad W[1], W[0]\n",
    ),
    (
        "three layers",
        "z[1] = W[0] x\nr[1] = relu(z[1])\nz[2] = W[1] r[1]\nr[2] = relu(z[2])\nz[3] = W[2] r[2]\nr[3] = relu(z[3])\n\
         loss C = 1/2 (y - r[3])^2\ngrad W[2], W[1], W[0]\n",
    ),
    (
        "general layer",
        "index i, j\nwhere W[k] in R^(n[k] × n[k+1]) for k in 0..L-1\n      x in R^(n[0]), y in R^(n[L])\nr[0]_i = x_i\n\
         z[k+1]_j = sum_i W[k]_ij r[k]_i for k in 0..L-1\nr[k+1]_j = relu(z[k+1]_j) for k in 0..L-1\n\
         loss C = 1/2 sum_j (y_j - r[L]_j)^2\ngrad r[L], z[k], r[k], W[k]\n",
    ),
    (
        "sigmoid layer",
        "index i, j\nwhere W[k] in R^(n[k] × n[k+1]) for k in 0..L-1\n      x in R^(n[0]), y in R^(n[L])\nr[0]_i = x_i\n\
         z[k+1]_j = sum_i W[k]_ij r[k]_i for k in 0..L-1\nr[k+1]_j = sigmoid(z[k+1]_j) for k in 0..L-1\n\
         loss C = 1/2 sum_j (y_j - r[L]_j)^2\ngrad z[k], r[k], W[k]\n",
    ),
    (
        "leaky relu",
        "fn f(u; a) = { u if u > 0; a u otherwise } with f'(0) = a\nz = w x\nr = f(z; a)\nloss C = 1/2 (y - r)^2\ngrad w, a\n",
    ),
    (
        "opaque activation",
        "fn p(u)\nz = w x\nr = p(z)\nloss C = 1/2 (y - r)^2\ngrad w\n",
    ),
    (
        "recurrent",
        "index i, j, m\nwhere x[t] in R^d for t in 1..T\n      y[t] in R^n for t in 1..T\n      U in R^(n × d), W in R^(n × n), b in R^n, g in R^n\n\
         h[0]_i = g_i\na[t]_i = sum_m U_im x[t]_m + sum_j W_ij h[t-1]_j + b_i for t in 1..T\nh[t]_i = tanh(a[t]_i) for t in 1..T\n\
         loss C = 1/2 sum_{t in 1..T} sum_i (h[t]_i - y[t]_i)^2\ngrad a[t], h[t], W, U, b\n",
    ),
    (
        "convolution",
        "index i, k, o\nwhere x in R^(2n), w in R^3, y, z in R^n\nz_o = sum_{k in 1..3, i in 1..2n, i = 2o + k - 3} w_k x_i\n\
         loss C = 1/2 sum_o (z_o - y_o)^2\ngrad w, x\n",
    ),
];

const VIEWS: [View; 3] = [
    RESULT,
    View {
        detail: Detail::Full,
        ..RESULT
    },
    View {
        combine: true,
        lettering: Lettering::AsRead,
        ..RESULT
    },
];

/// The output in a view.
fn output(text: &str, view: &View) -> String {
    let mut derivation = derivation(text, None).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    let formulas = formulate(&mut derivation, view)
        .unwrap_or_else(|report| panic!("{}", complaint(text, &report)));
    latex(&derivation, &formulas)
}

/// The letters that stand alone in a network text: its names. `R` is the set.
fn names(text: &str) -> Vec<char> {
    let mut found = Vec::new();
    for_each_word(text, &mut |word| {
        let mut letters = word.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && letter.is_ascii_alphabetic()
            && letter != 'R'
            && !found.contains(&letter)
        {
            found.push(letter);
        }
    });
    // Letters of elements stand together, `W_ij`, and are declared by `index`.
    found.sort_unstable();
    found
}

/// The letters that `index` declares.
fn indices(text: &str) -> Vec<char> {
    text.lines()
        .filter_map(|line| line.strip_prefix("index "))
        .flat_map(|letters| {
            letters
                .split(", ")
                .filter_map(|letter| letter.chars().next())
        })
        .collect()
}

fn for_each_word(text: &str, visit: &mut dyn FnMut(&str)) {
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        visit(word);
    }
}

/// A network text with its names replaced: words of one letter, and the letters of elements.
fn renamed(text: &str, names: &BTreeMap<char, char>) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut result = String::new();
    let mut at = 0;
    while at < chars.len() {
        let end = (at..chars.len())
            .find(|end| !chars[*end].is_ascii_alphanumeric())
            .unwrap_or(chars.len());
        if end == at {
            result.push(chars[at]);
            at += 1;
            continue;
        }
        let word: String = chars[at..end].iter().collect();
        let elements = at > 0 && chars[at - 1] == '_';
        let factor = word.len() > 1 && chars[at].is_ascii_digit();
        for letter in word.chars() {
            let replaced = word.len() == 1 || elements || factor;
            result.push(
                names
                    .get(&letter)
                    .copied()
                    .filter(|_| replaced)
                    .unwrap_or(letter),
            );
        }
        at = end;
    }
    result
}

/// LaTeX with its single letters replaced; words of commands, `\operatorname` and `\text` stay. Letters without a
/// replacement are indices, which the printer chooses freely: they are numbered in the order in which they first
/// stand in their line.
fn undone(latex: &str, names: &BTreeMap<char, char>) -> String {
    let mut result = String::new();
    let mut chosen: Vec<char> = Vec::new();
    let mut rest = latex;
    while let Some(next) = rest.chars().next() {
        let verbatim = ["\\operatorname{", "\\text{", "\\begin{", "\\end{", "%"]
            .iter()
            .find(|start| rest.starts_with(**start));
        let taken = if let Some(start) = verbatim {
            let end = if *start == "%" { '\n' } else { '}' };
            rest.find(end).map_or(rest.len(), |at| at + 1)
        } else if next == '\\' {
            1 + rest[1..]
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(rest.len() - 1)
                .max(1)
        } else {
            next.len_utf8()
        };
        if taken == next.len_utf8() && next.is_ascii_alphabetic() {
            match names.get(&next) {
                Some(letter) => result.push(*letter),
                None => {
                    if !chosen.contains(&next) {
                        chosen.push(next);
                    }
                    let number = chosen.iter().position(|letter| *letter == next);
                    result.push_str(&format!("<{}>", number.unwrap_or(0)));
                }
            }
        } else {
            result.push_str(&rest[..taken]);
            if next == '\n' {
                chosen.clear();
            }
        }
        rest = &rest[taken..];
    }
    result
}

/// Other letters for all names, capitals for capitals, in the same alphabetical order: names decide the order of
/// what is otherwise equal. No name becomes `x`, which separates axes, or `R` or `e`.
fn new_names(dice: &mut Dice, old: &[char]) -> BTreeMap<char, char> {
    let mut result = BTreeMap::new();
    for capital in [true, false] {
        let from: Vec<char> = old
            .iter()
            .copied()
            .filter(|c| c.is_ascii_uppercase() == capital)
            .collect();
        let mut pool: Vec<char> = if capital {
            ('A'..='Z').collect()
        } else {
            ('a'..='z').collect()
        };
        pool.retain(|letter| !['x', 'R', 'e', 'T'].contains(letter));
        dice.shuffle(&mut pool);
        pool.truncate(from.len());
        pool.sort_unstable();
        result.extend(from.into_iter().zip(pool));
    }
    result
}

#[test]
fn names_do_not_matter() {
    let mut dice = Dice::new(31);
    for (title, text) in CLASSIC {
        let old = names(text);
        let indices = indices(text);
        let named = |letter: &&char| !indices.contains(letter);
        let same: BTreeMap<char, char> = old
            .iter()
            .filter(named)
            .map(|letter| (*letter, *letter))
            .collect();
        for view in &VIEWS {
            let expected = undone(&output(text, view), &same);
            for _ in 0..many(4) {
                let new = new_names(&mut dice, &old);
                let back: BTreeMap<char, char> = new
                    .iter()
                    .filter(|(old, _)| named(old))
                    .map(|(old, new)| (*new, *old))
                    .collect();
                let other = renamed(text, &new);
                assert_eq!(
                    undone(&output(&other, view), &back),
                    expected,
                    "{title}, renamed:\n{other}"
                );
            }
        }
    }
}

/// The text with each of the first parts replaced by its second, all at once.
fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match pairs.iter().find(|(from, _)| rest.starts_with(from)) {
            Some((from, to)) => {
                result.push_str(to);
                rest = &rest[from.len()..];
            }
            None => {
                result.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    result
}

#[test]
fn the_count_of_layers_does_not_matter() {
    // `k` one higher in the equations: the layer is counted at its upper end.
    let recount = [("[k+1]", "[k]"), ("[k]", "[k-1]"), ("in 0..L-1", "in 1..L")];
    let recounted_latex = [
        ("(k+1)", "(k)"),
        ("(k)", "(k-1)"),
        ("k=0,\\dots,L-1", "k=1,\\dots,L"),
    ];
    // All layers get numbers that are one higher.
    let renumber = [("in 0..L-1", "in 1..L"), ("[L]", "[L+1]"), ("[0]", "[1]")];
    let renumbered_latex = [
        ("k=0,\\dots,L-1", "k=1,\\dots,L"),
        ("^{(L)}", "^{(L+1)}"),
        ("^{(0)}", "^{(1)}"),
    ];
    for (title, text) in CLASSIC
        .iter()
        .filter(|(title, _)| ["general layer", "sigmoid layer"].contains(title))
    {
        // A recursion, where two equations are joined, is counted as it comes out.
        for view in VIEWS.iter().filter(|view| !view.combine) {
            let expected = output(text, view);
            // Declarations and questions keep their letter, so that only the equations are counted otherwise.
            let lines: Vec<String> = text
                .lines()
                .map(|line| {
                    let declares = line.starts_with("where") || line.starts_with("grad");
                    if declares {
                        line.to_owned()
                    } else {
                        replaced(line, &recount)
                    }
                })
                .collect();
            assert_eq!(
                output(&lines.join("\n"), view),
                replaced(&expected, &recounted_latex),
                "{title}, {view:?}"
            );
            assert_eq!(
                output(&replaced(text, &renumber), view),
                replaced(&expected, &renumbered_latex),
                "{title}, {view:?}"
            );
        }
    }
}

#[test]
fn widths_do_not_matter() {
    for (title, text) in CLASSIC
        .iter()
        .filter(|(title, _)| ["general layer", "sigmoid layer"].contains(title))
    {
        for view in &VIEWS {
            let expected = output(text, view);
            for width in ["2", "3", "17", "m"] {
                let other = replaced(
                    text,
                    &[
                        ("n[k+1]", width),
                        ("n[k]", width),
                        ("n[0]", width),
                        ("n[L]", width),
                    ],
                );
                assert_eq!(
                    output(&other, view),
                    expected,
                    "{title} with widths {width}, {view:?}"
                );
            }
        }
    }
    let (_, recurrent) = CLASSIC[7];
    let expected = output(recurrent, &View::default());
    let wider = replaced(
        recurrent,
        &[
            ("R^d", "R^9"),
            ("n × d", "4 × 9"),
            ("n × n", "4 × 4"),
            ("R^n", "R^4"),
        ],
    );
    assert_eq!(output(&wider, &View::default()), expected);
}

#[test]
fn the_order_of_equations_does_not_matter() {
    let mut dice = Dice::new(32);
    let classic = CLASSIC.iter().map(|(_, text)| (*text).to_owned());
    let random: Vec<String> = generators::ALL
        .iter()
        .flat_map(|(_, generator, _)| {
            let mut dice = Dice::new(33);
            (0..many(3))
                .map(|_| generator(&mut dice))
                .collect::<Vec<String>>()
        })
        .collect();
    for text in classic.chain(random) {
        let network = parse(&Source::new("network", text.clone())).expect("networks are legal");
        let view = View {
            detail: Detail::Steps,
            ..View::default()
        };
        let expected = output(&text, &view);
        for _ in 0..2 {
            let mut shuffled = network.clone();
            let (asked, mut others): (Vec<_>, Vec<_>) = shuffled
                .statements
                .drain(..)
                .partition(|statement| matches!(statement.kind, StatementKind::Question(_)));
            dice.shuffle(&mut others);
            shuffled.statements = others.into_iter().chain(asked).collect();
            let system = lower(&shuffled)
                .unwrap_or_else(|report| panic!("shuffled:\n{}", complaint(&text, &report)));
            let mut derived = derive(&system, &Request::default()).expect("it was derived before");
            let formulas = formulate(&mut derived, &view).expect("it was shown before");
            assert_eq!(
                latex(&derived, &formulas),
                expected,
                "in another order:\n{text}"
            );
        }
    }
}
