//! `chainrule list … --format markdown`: functions, losses and layers with their formulas, as the program prints them.

use crate::derive::Request;
use crate::formula::{Form, View};
use crate::functions::{
    ArrayRow, Carried, LayerRow, Row, Takes, array_rows, layers as layer_rows, rows,
};
use crate::present::{Confirmed, Document, Style, present, present_function, present_network};
use crate::profile::{Notation, Profile, apply, profiles as known_profiles};
use crate::source::Source;
use crate::syntax::StepAtZero;
use crate::system::System;
use crate::words::Words;
use crate::write::latex_of;

const LEGAL: &str = "rows are legal network language";

/// Functions of numbers, and of whole arrays.
pub(super) fn functions() -> String {
    let mut text = table(
        &["function", "also", "value", "derivative", "usual", "source"],
        rows().map(function),
    );
    text.push('\n');
    text.push_str(&table(
        &["function", "also", "value", "of a matrix", "source"],
        array_rows()
            .filter(|row| !row.loss)
            .map(|row| array_function(row).to_vec()),
    ));
    text
}

/// Losses, with the gradient by their first argument.
pub(super) fn losses() -> String {
    table(
        &["loss", "also", "value", "gradient", "of matrices", "source"],
        array_rows().filter(|row| row.loss).map(|row| {
            let [name, also, value, over, source] = array_function(row);
            let gradient = gradient(row);
            vec![name, also, value, gradient, over, source]
        }),
    )
}

/// Layers, with the equations that they stand for where they are given what they are mostly given.
pub(super) fn layers() -> String {
    table(
        &["layer", "of", "equations", "source"],
        layer_rows().map(|row| {
            let mut given: Vec<&str> = row
                .forms
                .iter()
                .flat_map(|form| form.takes)
                .map(|carried| carried.about())
                .collect();
            given.dedup();
            vec![
                format!("`{}`", row.usage()),
                given.join(", "),
                layer_equations(row),
                row.source.to_owned(),
            ]
        }),
    )
}

/// The equations of a layer's first form, without that for the input.
fn layer_equations(row: &'static LayerRow) -> String {
    let (start, inputs) = match row.forms[0].takes[0] {
        Carried::Column => ("x in R^n", 1),
        Carried::Rows | Carried::Signal => ("X in R^(m x 8)", 1),
        Carried::Sequence => ("x[t] in R^n for t in 1..T", 1),
        Carried::Image => ("X in R^(m x 8 x 8)", 1),
        Carried::Token => ("c in 1..K", 0),
        Carried::Tokens => ("c[t] in 1..K for t in 1..T", 0),
    };
    let mut chain = format!("{start} -> {}", row.name);
    for argument in row.arguments {
        chain.push_str(match *argument {
            "rate" => " 0.5",
            "size" => " 2",
            _ => " d",
        });
    }
    let network = crate::syntax::parse(&Source::new(row.name, chain)).expect(LEGAL);
    let system = crate::system::lower(&network).expect(LEGAL);
    equations(
        &present_network(&system, Notation::standard(), Words::english()),
        inputs,
    )
}

/// The definitions of a network behind the first ones.
fn equations(document: &Document, first: usize) -> String {
    let latex = |id| latex_of(&document.boxes, id);
    let equations: Vec<String> = document
        .definitions
        .iter()
        .skip(first)
        .map(|definition| format!("${}={}$", latex(definition.left), latex(definition.right)))
        .collect();
    equations.join(", ")
}

/// The network of the gallery: any depth, any activation, any cost that depends on the output.
const GALLERY: &str = include_str!("../../examples/any_activation.net");

/// The convention of each profile, then one network in all of them.
pub(super) fn profiles() -> String {
    let columns = [
        "weight",
        "input",
        "indices",
        "examples",
        "gradients",
        "Step(0)",
    ];
    let heads = [&["profile", "source"], &columns[..]].concat();
    let rows = known_profiles().map(|profile| {
        let convention = profile.convention();
        let said = columns.iter().map(|column| {
            let found = convention.iter().find(|(what, _)| what == column);
            found.map_or_else(String::new, |(_, how)| how.clone())
        });
        let head = [format!("`{}`", profile.name), profile.about.clone()];
        head.into_iter().chain(said).collect()
    });
    let mut text = table(&heads, rows);
    for form in [Form::Matrix, Form::Index] {
        text.push('\n');
        text.push_str(&table(
            &["profile", "∂ by pre-activations, biases and weights"],
            known_profiles()
                .map(|profile| vec![format!("`{}`", profile.name), gallery(profile, form)]),
        ));
    }
    text
}

/// The gallery's network in a profile.
fn gallery(profile: &Profile, form: Form) -> String {
    let network = crate::syntax::parse(&Source::new("gallery", GALLERY)).expect(LEGAL);
    let system = crate::system::lower(&network).expect(LEGAL);
    let (system, notation) = apply(profile, system).expect("the gallery's network has all roles");
    let mut derivation = crate::derive::derive(&system, &Request::default()).expect(LEGAL);
    let view = View {
        form,
        ..super::derive::view(&notation)
    };
    let formulas = crate::formula::formulate(&mut derivation, &view).expect(LEGAL);
    let style = Style {
        layout: view.layout,
        ..Style::new(&notation, form)
    };
    let document = present(&derivation, &formulas, &style, Confirmed::Skipped);
    results(&document, "<br>")
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|", heads.join(" | "));
    text.push_str(&" --- |".repeat(heads.len()));
    text.push('\n');
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}

fn function(row: &'static Row) -> Vec<String> {
    let mut system = System::default();
    let id = system
        .function_id(row.name)
        .unwrap_or_else(|| unreachable!("`{}` stands in the table", row.name));
    let entry = present_function(&system, id, Notation::standard(), StepAtZero::One);
    let latex = |id| latex_of(&entry.boxes, id);
    let value = match entry.value {
        Some(value) => format!("${}={}$", latex(entry.symbol), latex(value)),
        None => format!("${}$", latex(entry.symbol)),
    };
    let slopes: Vec<String> = match entry.slopes.as_slice() {
        [(_, only)] => vec![format!("${}$", latex(*only))],
        several => several
            .iter()
            .map(|(by, slope)| format!("by ${}$: ${}$", latex(*by), latex(*slope)))
            .collect(),
    };
    let names: Vec<&str> = row.names().collect();
    let usual: Vec<String> = names[names.len() - row.usual.len()..]
        .iter()
        .zip(row.usual)
        .map(|(name, value)| format!("`{name} = {value}`"))
        .collect();
    vec![
        format!("`{}({})`", row.name, row.parameters),
        aliases(row.also),
        value,
        slopes.join("; "),
        usual.join(", "),
        row.source.to_owned(),
    ]
}

fn aliases(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Name, aliases, value, what it does to matrices, source.
fn array_function(row: &'static ArrayRow) -> [String; 5] {
    let document = present_network(&system(row, ""), Notation::standard(), Words::english());
    let over = match row.takes {
        Takes::Columns => "`rows`, `columns` or `all`",
        Takes::Entries => "all entries",
        Takes::EachColumn => "each column",
    };
    [
        format!("`{}`", row.call()),
        aliases(row.also),
        equations(&document, 0),
        over.to_owned(),
        row.source.to_owned(),
    ]
}

/// The gradient by the first argument, with what it goes through.
fn gradient(row: &'static ArrayRow) -> String {
    let question = format!("grad {}\n", row.arrays()[0]);
    let mut derivation =
        crate::derive::derive(&system(row, &question), &Request::default()).expect(LEGAL);
    let formulas = crate::formula::formulate(&mut derivation, &View::default()).expect(LEGAL);
    let style = Style::new(Notation::standard(), Form::Index);
    let document = present(&derivation, &formulas, &style, Confirmed::Skipped);
    results(&document, ", ")
}

/// The gradients of a document with what they are.
fn results(document: &Document, separator: &str) -> String {
    let latex = |id| latex_of(&document.boxes, id);
    let equations: Vec<String> = document
        .gradients
        .iter()
        .map(|gradient| {
            let result = gradient.members.last().copied().unwrap_or(gradient.left);
            format!("${}={}$", latex(gradient.left), latex(result))
        })
        .collect();
    equations.join(separator)
}

/// A network of nothing but a call of the row.
fn system(row: &'static ArrayRow, question: &str) -> System {
    let shape = match row.takes {
        Takes::Columns | Takes::Entries => "R^k",
        Takes::EachColumn => "R^(k x l)",
    };
    let mut text = format!("where {} in {shape}\n", row.arrays().join(", "));
    for (name, is_index) in row.numbers() {
        let set = if is_index { "1..k" } else { "R" };
        text.push_str(&format!("  {name} in {set}\n"));
    }
    let left = if row.loss { "loss C" } else { "h" };
    text.push_str(&format!("{left} = {}\n{question}", row.call()));
    let network = crate::syntax::parse(&Source::new(row.name, text)).expect(LEGAL);
    crate::system::lower(&network).expect(LEGAL)
}
