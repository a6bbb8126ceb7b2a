//! Three forms, one result: the gradients of random networks of arrays in scalar, index and matrix form take the same
//! values at the same points, and each is what dual numbers and differences say.

use chainrule::formula::{Form, Formula, Link, View};
use chainrule::numeric::evaluate_at;
use serde_json::{Map, Value, json};

use crate::dice::{Dice, many};
use crate::generators;
use crate::pipeline::{CONVENTIONS, RESULT, confirmed, derivation, formulas};

/// Unequal, so that a wrong transpose does not fit.
const SIZES: [(&str, usize); 3] = [("p", 2), ("q", 3), ("s", 4)];

/// Where nothing else is said, numbers are a few steps of rounding apart.
const TOLERANCE: f64 = 1e-9;

/// What was compared.
#[derive(Debug, Default)]
struct Tally {
    entries: usize,
    in_matrix_form: usize,
}

/// The network at numeric sizes, and the shapes of its inputs.
fn at_sizes(text: &str) -> (String, Vec<(String, Vec<usize>)>) {
    let mut lines = Vec::new();
    let mut shapes = Vec::new();
    for line in text.lines() {
        let Some((left, right)) = line.split_once(" in R^") else {
            lines.push(line.to_owned());
            continue;
        };
        let name = left.trim_start_matches("where").trim();
        let mut shape = Vec::new();
        let axes: Vec<String> = right
            .trim_matches(['(', ')'])
            .split(" x ")
            .map(|axis| {
                let known = SIZES.iter().find(|(letter, _)| *letter == axis);
                let size = known.expect("a size of the generator").1;
                shape.push(size);
                size.to_string()
            })
            .collect();
        lines.push(format!("{left} in R^({})", axes.join(" x ")));
        shapes.push((name.to_owned(), shape));
    }
    (lines.join("\n") + "\n", shapes)
}

/// Random numbers for all inputs.
fn point(dice: &mut Dice, shapes: &[(String, Vec<usize>)]) -> Value {
    let mut values = Map::new();
    for (name, shape) in shapes {
        let value = match shape.as_slice() {
            [] => json!(dice.real()),
            [rows] => Value::from_iter((0..*rows).map(|_| dice.real())),
            [rows, columns] => Value::from_iter(
                (0..*rows).map(|_| Value::from_iter((0..*columns).map(|_| dice.real()))),
            ),
            _ => unreachable!("matrices have two axes"),
        };
        values.insert(name.clone(), value);
    }
    Value::Object(values)
}

/// The numbers of a value in order.
fn flat(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Array(parts) => parts.iter().for_each(|part| flat(part, into)),
        Value::Object(parts) => parts.values().for_each(|part| flat(part, into)),
        Value::Number(number) => into.push(number.as_f64().expect("a number of the program")),
        // What has no value has none in any form.
        _ => into.push(f64::NAN),
    }
}

fn try_network(
    text: &str,
    dice: &mut Dice,
    number: usize,
    tally: &mut Tally,
) -> Result<(), String> {
    let (text, shapes) = at_sizes(text);
    let derived = derivation(&text, Some(CONVENTIONS[number % 3]))?;
    let at = point(dice, &shapes);
    let mut found: Vec<(Form, Vec<f64>)> = Vec::new();
    for form in [Form::Scalar, Form::Index, Form::Matrix] {
        let mut derivation = derived.clone();
        let view = View { form, ..RESULT };
        let formulas = formulas(&text, &mut derivation, &view)?
            .ok_or_else(|| format!("{form:?} is refused at numeric sizes"))?;
        let shown: Vec<Formula> = formulas
            .into_iter()
            .map(|formula| match &formula.matrix {
                Some(Ok(matrix)) => {
                    tally.in_matrix_form += 1;
                    Formula {
                        chain: vec![Link::Term(matrix.lowered)],
                        ..formula
                    }
                }
                _ => formula,
            })
            .collect();
        confirmed(&derivation, &shown).map_err(|wrong| format!("{form:?}: {wrong}"))?;
        let values = evaluate_at(&derivation, &shown, &at)
            .map_err(|errors| format!("{form:?}: {}", errors.join("; ")))?;
        let mut numbers = Vec::new();
        flat(&values, &mut numbers);
        if form == Form::Scalar && shown.len() < numbers.len() - 1 {
            return Err(format!(
                "{} scalar formulas for {} entries",
                shown.len(),
                numbers.len() - 1
            ));
        }
        found.push((form, numbers));
    }
    let (_, scalar) = &found[0];
    tally.entries += scalar.len();
    for (form, numbers) in &found[1..] {
        let same = numbers.len() == scalar.len()
            && numbers.iter().zip(scalar).all(|(a, b)| {
                (a.is_nan() && b.is_nan())
                    || (a - b).abs() <= TOLERANCE * (1.0 + a.abs().max(b.abs()))
            });
        if !same {
            return Err(format!(
                "{form:?} gives {numbers:?}, scalars {scalar:?}, at {at}"
            ));
        }
    }
    Ok(())
}

#[test]
fn three_forms_have_one_value() {
    let mut dice = Dice::new(900);
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for number in 0..many(60) {
        let text = generators::matrices(&mut dice);
        if let Err(complaint) = try_network(&text, &mut dice, number, &mut tally) {
            wrong.push(format!("----\n{text}{complaint}"));
        }
    }
    println!("{tally:?}");
    assert!(
        tally.entries > 500 && tally.in_matrix_form > 50,
        "{tally:?}"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
