//! What a profile changes are numbers of layers, orders of axes and letters, never a value: its formulas give the
//! same numbers as the network's own at the same point. Where each source counts its layers and how its arrays lie
//! is said here once more, by hand.

use chainrule::derive::{Request, derive};
use chainrule::formula::{Form, Lettering, View, formulate};
use chainrule::judge::{Options, check};
use chainrule::numeric::evaluate_at;
use chainrule::present::{Confirmed, Style, present};
use chainrule::profile::{Left, Mark, Profile, apply, profiles, spelled_out};
use chainrule::source::{Source, render};
use chainrule::syntax::{StepAtZero, parse};
use chainrule::system::{System, lower};
use chainrule::write::{Environment, Format, write};
use serde_json::{Map, Value, json};

/// Where a source's numbers and axes lie against networks in which `W[k]` is from-to and maps k to k+1, layer 0 is
/// the input and examples are rows.
struct Convention {
    profile: &'static str,
    /// Added to the number of a layer.
    layers: i64,
    /// Added to the number of a weight.
    weights: i64,
    /// Whether the layer that a weight gives is its first index.
    to_from: bool,
    /// Whether examples are columns.
    columns: bool,
    /// What the number of the last layer is called.
    depth: &'static str,
}

const fn convention(
    profile: &'static str,
    layers: i64,
    weights: i64,
    to_from: bool,
    columns: bool,
    depth: &'static str,
) -> Convention {
    Convention {
        profile,
        layers,
        weights,
        to_from,
        columns,
        depth,
    }
}

const CONVENTIONS: &[Convention] = &[
    convention("standard", 0, 0, false, false, "L"),
    convention("nielsen", 0, 1, true, true, "L"),
    convention("ng", 0, 1, true, true, "L"),
    convention("ufldl", 1, 1, true, true, "n_l"),
    convention("cs231n", 0, 1, false, false, "M"),
    convention("cs224n", 0, 1, true, false, "L"),
    convention("d2l", 0, 1, true, false, "L"),
    convention("parr-howard", 0, 0, true, false, "L"),
    convention("bishop", 0, 1, true, false, "L"),
    convention("goodfellow", 0, 1, true, false, "L"),
    convention("mazur", 0, 1, false, false, "L"),
    convention("compphysics", 0, 1, true, false, "L"),
    convention("transformer", 0, 1, false, false, "N"),
];

/// Unequal widths, so that no index can stand for another.
const WIDTHS: [usize; 4] = [2, 3, 4, 2];
const LAYERS: usize = 3;
const EXAMPLES: usize = 5;

const DEEP: &str = "
index i, j
where W[k] in R^(n[k] x n[k+1]) for k in 0..L-1
      b[k] in R^(n[k+1]) for k in 0..L-1
      x in R^(n[0]), y in R^(n[L])
r[0]_i = x_i
z[k+1]_j = sum_i W[k]_ij r[k]_i + b[k]_j   for k in 0..L-1
r[k+1]_j = tanh(z[k+1]_j)                  for k in 0..L-1
loss C = 1/2 sum_j (r[L]_j - y_j)^2 + 1/3 sum_{k in 0..L-1} sum_i sum_j W[k]_ij^3
assume L > 1
grad W[k], b[k], z[k], r[k]
";

const BATCH: &str = "
where X in R^(m x d), Y in R^(m x c)
      W1 in R^(d x h), b1 in R^h
      W2 in R^(h x c), b2 in R^c
Z1 = X W1 + ones(m) b1^T
A1 = relu(Z1)
Z2 = A1 W2 + ones(m) b2^T
loss C = 1/(2 m) sum((Z2 - Y).^2, all)
grad W1, b1, W2, b2
";

const RECURRENT: &str = "
index i, j, l
where U in R^(d x n), V in R^(n x n), b in R^n, x[t] in R^d for t in 1..T
      y in R^n, h[t] in R^n for t in 0..T
h[0]_j = 0
s[t]_j = sum_i U_ij x[t]_i + sum_l V_lj h[t-1]_l + b_j for t in 1..T
h[t]_j = tanh(s[t]_j) for t in 1..T
loss C = 1/2 sum_j (h[T]_j - y_j)^2
grad U, V, b, s[t]
";

fn matrix(rows: usize, columns: usize, seed: usize) -> Value {
    let rows: Vec<Value> = (0..rows)
        .map(|row| vector(columns, seed * 17 + row * 5))
        .collect();
    Value::Array(rows)
}

fn vector(length: usize, seed: usize) -> Value {
    let entry = |at: usize| ((seed * 31 + at * 7 + 3) % 23) as f64 / 11.0 - 0.97;
    Value::Array((0..length).map(|at| json!(entry(at))).collect())
}

fn transposed(value: &Value) -> Value {
    let rows = value.as_array().expect("a matrix");
    let columns = rows[0].as_array().expect("rows").len();
    let column = |at: usize| rows.iter().map(|row| row[at].clone()).collect();
    Value::Array((0..columns).map(|at| Value::Array(column(at))).collect())
}

/// The values with the slots of quantities moved, and those arrays transposed that the profile transposes.
fn moved(values: &Value, convention: &Convention, back: bool) -> Value {
    let sign = if back { -1 } else { 1 };
    let mut result = Map::new();
    for (key, value) in values.as_object().expect("an object") {
        let quantity = key.strip_prefix("∂C/∂").unwrap_or(key);
        let name = quantity.split('[').next().expect("a name");
        let shift = sign
            * match name {
                "W" | "b" => convention.weights,
                "r" | "z" | "L" => convention.layers,
                _ => 0,
            };
        let turn = match name {
            "W" | "W1" | "W2" | "U" | "V" => convention.to_from,
            "X" | "Y" => convention.columns,
            _ => false,
        };
        let turned = |value: &Value| {
            if turn {
                transposed(value)
            } else {
                value.clone()
            }
        };
        match value {
            Value::Object(slots) => {
                let slots = slots.iter().map(|(slot, value)| {
                    let slot: i64 = slot.parse().expect("a number");
                    ((slot + shift).to_string(), turned(value))
                });
                result.insert(key.clone(), Value::Object(slots.collect()));
            }
            Value::Number(number) if name == "L" => {
                let number = number.as_i64().expect("a size");
                result.insert(convention.depth.to_owned(), json!(number + shift));
            }
            // `∂C/∂W[0]` has its slot in the key.
            _ => match quantity
                .strip_prefix(name)
                .and_then(|slot| slot.strip_prefix('['))
            {
                Some(slot) if name != "x" && name != "h" => {
                    let slot: i64 = slot.trim_end_matches(']').parse().expect("a number");
                    result.insert(format!("∂C/∂{name}[{}]", slot + shift), turned(value));
                }
                _ => {
                    result.insert(key.clone(), turned(value));
                }
            },
        }
    }
    Value::Object(result)
}

fn values(system: &System, view: &View, given: &Value) -> Value {
    let request = Request {
        step_at_zero: Some(StepAtZero::One),
        ..Request::default()
    };
    let mut derivation = derive(system, &request).expect("a gradient");
    let formulas = formulate(&mut derivation, view).expect("formulas");
    let result = evaluate_at(&derivation, &formulas, given).expect("values");
    result["values"].clone()
}

fn view(profile: &Profile, form: Form) -> View {
    View {
        form,
        combine: profile.derivatives.combine,
        lettering: match profile.derivatives.left {
            Left::AsRead => Lettering::AsRead,
            Left::Bare => Lettering::Bare,
        },
        ..View::default()
    }
}

fn near(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| near(one, other))
        }
        (one, other) => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-12 * (1.0 + one.abs()),
            _ => false,
        },
    }
}

fn compare(text: &str, given: &Value) {
    let network = parse(&Source::new("network", text)).expect("legal");
    let system = lower(&network).expect("legal");
    let truth = values(&system, &View::default(), given);
    for convention in CONVENTIONS {
        let profile = profiles()
            .find(|profile| profile.name == convention.profile)
            .expect("a profile of this name");
        let (written, notation) =
            apply(profile, system.clone()).expect("the network has all roles");
        let view = View {
            examples: notation.examples,
            ..view(profile, Form::Index)
        };
        let found = values(&written, &view, &moved(given, convention, false));
        let found = moved(&found, convention, true);
        let (truth, found) = (
            truth.as_object().expect("values"),
            found.as_object().expect("values"),
        );
        for (key, value) in truth {
            let other = found.get(key).unwrap_or_else(|| {
                panic!(
                    "{}: {key} is missing among {:?}",
                    profile.name,
                    found.keys().collect::<Vec<_>>()
                )
            });
            assert!(
                near(value, other),
                "{}: {key} is {other}, not {value}",
                profile.name
            );
        }
        assert_eq!(truth.len(), found.len(), "{}: nothing more", profile.name);
    }
}

/// Every printed line, read as a claim in the profile's notation, is equal to the truth.
fn read_back(text: &str, form: Form) {
    let network = parse(&Source::new("network", text)).expect("legal");
    let system = lower(&network).expect("legal");
    let mut wrong = Vec::new();
    // Claims have the elements below, and nothing else: where layers or steps stand there too they are not read.
    let below = |profile: &Profile| {
        let marks = [profile.layers.index, profile.steps.index];
        marks.contains(&Mark::Subscript) || marks.contains(&Mark::Behind)
    };
    for profile in profiles().filter(|profile| !below(profile)) {
        let (written, notation) =
            apply(profile, system.clone()).expect("the network has all roles");
        let view = view(profile, form);
        let mut derivation = derive(&written, &Request::default()).expect("a gradient");
        let formulas = formulate(&mut derivation, &view).expect("formulas");
        let style = Style {
            layout: view.layout,
            ..Style::new(&notation, form)
        };
        let document = present(&derivation, &formulas, &style, Confirmed::Skipped);
        let page = write(&document, Format::Latex(Environment::None));
        let readable = spelled_out(&written, &notation);
        for line in page.lines() {
            if line.starts_with('%') || line.starts_with(r"\text{") {
                continue;
            }
            let claim = Source::new("claim", line);
            let options = Options {
                verdict_only: true,
                ..Options::default()
            };
            let verdict = match check(&readable, &claim, options) {
                Ok(judged) => judged.verdict().name().to_owned(),
                Err(report) => format!("unreadable: {}", render(&report, &claim, false)),
            };
            if !verdict.starts_with("equal") {
                wrong.push(format!("{}: {line}: {verdict}", profile.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_printed_with_indices_is_read_back_as_true() {
    read_back(DEEP, Form::Index);
    read_back(RECURRENT, Form::Index);
}

#[test]
fn every_profile_has_its_convention_here() {
    let known: Vec<&str> = CONVENTIONS.iter().map(|it| it.profile).collect();
    let all: Vec<&str> = profiles().map(|it| it.name.as_str()).collect();
    assert_eq!(known, all);
}

#[test]
fn layers_and_indices_move_and_values_stay() {
    let mut weights = Map::new();
    let mut biases = Map::new();
    for layer in 0..LAYERS {
        weights.insert(
            layer.to_string(),
            matrix(WIDTHS[layer], WIDTHS[layer + 1], layer),
        );
        biases.insert(layer.to_string(), vector(WIDTHS[layer + 1], layer + 9));
    }
    compare(
        DEEP,
        &json!({
            "L": LAYERS, "W": weights, "b": biases,
            "x": vector(WIDTHS[0], 5), "y": vector(WIDTHS[LAYERS], 6),
        }),
    );
}

#[test]
fn examples_turn_and_values_stay() {
    let [inputs, hidden, outputs, _] = WIDTHS;
    compare(
        BATCH,
        &json!({
            "X": matrix(EXAMPLES, inputs, 1), "Y": matrix(EXAMPLES, outputs, 2),
            "W1": matrix(inputs, hidden, 3), "b1": vector(hidden, 4),
            "W2": matrix(hidden, outputs, 5), "b2": vector(outputs, 6),
        }),
    );
}

#[test]
fn steps_stay_where_they_are() {
    let [inputs, hidden, ..] = WIDTHS;
    compare(
        RECURRENT,
        &json!({
            "T": 2, "x": {"1": vector(inputs, 1), "2": vector(inputs, 2)},
            "U": matrix(inputs, hidden, 3), "V": matrix(hidden, hidden, 4), "b": vector(hidden, 5),  "y": vector(hidden, 7),
        }),
    );
}
