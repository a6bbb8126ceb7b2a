//! One function with its value and its derivatives, for tables.

use super::document::Meaning;
use super::letters::Scope;
use super::math::{Boxes, MathId};
use super::terms::Printer;
use crate::profile::Notation;
use crate::syntax::StepAtZero;
use crate::system::System;
use crate::term::{FunctionId, Node};

/// A function as it is printed.
#[derive(Debug, Clone)]
pub struct FunctionEntry {
    /// All boxes that the rest refers to.
    pub boxes: Boxes,
    /// The function at its parameters.
    pub symbol: MathId,
    /// What it is equal to, unless everybody knows.
    pub value: Option<MathId>,
    /// Each parameter with the derivative by it.
    pub slopes: Vec<(MathId, MathId)>,
}

/// A function of the system in a notation.
pub fn present_function(
    system: &System,
    id: FunctionId,
    notation: &Notation,
    step: StepAtZero,
) -> FunctionEntry {
    let mut printer = Printer::new(system, notation);
    let function = system.function(id);
    let row = printer.function_row(id, function, step);
    printer.memo.clear();
    printer.parameters.clone_from(&function.letters);
    let letters: Vec<_> = (0..function.letters.len())
        .map(|at| printer.parameter(at as u32))
        .collect();
    let orders = vec![0; function.letters.len()];
    let symbol = printer.applied(id, &orders, &letters).id;
    // A function that is read as its value is the value already.
    let written = function
        .body
        .filter(|body| row.is_none() && !matches!(system.store.node(*body), Node::Power(..)));
    let value = match row.and_then(|row| row.meaning) {
        Some(Meaning::Is(value) | Meaning::In(value)) => Some(value),
        None => written.map(|body| printer.term(body, Scope::EMPTY).id),
    };
    let slopes = function
        .slopes
        .iter()
        .zip(&letters)
        .filter_map(|(slope, letter)| Some((letter.id, printer.term((*slope)?, Scope::EMPTY).id)))
        .collect();
    FunctionEntry {
        boxes: printer.boxes,
        symbol,
        value,
        slopes,
    }
}
