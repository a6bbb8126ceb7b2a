//! Labels under which a text cites equations, made of what is derived: `dC-dW-0` for `∂C/∂W[0]`.

use rustc_hash::FxHashMap;

use super::document::Tag;
use super::plain;
use crate::formula::{Form, Formula};
use crate::system::System;

/// One tag for each formula. What two formulas share is told apart by their elements, then by their order.
pub(super) fn tags(system: &System, formulas: &[Formula], form: Form, prefix: &str) -> Vec<Tag> {
    let short = |formula: &Formula| {
        let (of, wrt) = plain::sides(system, formula.adjoint, &formula.index);
        label(&of, &wrt)
    };
    let long = |formula: &Formula| {
        let (of, wrt) = plain::elements(system, formula.adjoint, &formula.index);
        label(&of, &wrt)
    };
    let mut labels: Vec<String> = formulas.iter().map(short).collect();
    let shared = counted(&labels);
    for (name, formula) in labels.iter_mut().zip(formulas) {
        if shared[name] > 1 && form != Form::Matrix {
            *name = long(formula);
        }
    }
    let shared = counted(&labels);
    let mut met: FxHashMap<String, usize> = FxHashMap::default();
    labels
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let number = met.entry(name.clone()).or_insert(0);
            *number += 1;
            let label = if shared[&name] > 1 {
                format!("{prefix}{name}:{number}")
            } else {
                format!("{prefix}{name}")
            };
            Tag {
                number: at + 1,
                label,
            }
        })
        .collect()
}

fn counted(labels: &[String]) -> FxHashMap<String, usize> {
    let mut counts = FxHashMap::default();
    for label in labels {
        *counts.entry(label.clone()).or_insert(0) += 1;
    }
    counts
}

fn label(of: &str, wrt: &str) -> String {
    let sides: Vec<String> = [of, wrt]
        .iter()
        .filter(|side| !side.is_empty())
        .map(|side| format!("d{}", plain_words(side)))
        .collect();
    sides.join("-")
}

/// Letters, digits, `_` and `-`, which LaTeX, Typst and HTML take: `W[k+1]` is `W-kp1`, `W[k-1]` is `W-km1`.
fn plain_words(side: &str) -> String {
    let mut words = String::with_capacity(side.len());
    for letter in side.chars() {
        match letter {
            '+' => words.push('p'),
            '-' => words.push('m'),
            '/' => words.push('o'),
            letter if letter.is_ascii_alphanumeric() => words.push(letter),
            '_' if !words.ends_with(['-', '_']) => words.push('_'),
            '[' | ',' if !words.ends_with('-') => words.push('-'),
            _ => {}
        }
    }
    words
}
