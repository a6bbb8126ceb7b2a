//! The letters and parameters that mean something at one place of the text.

use crate::array::Array;
use crate::source::Span;
use crate::term::{Affine, Domain, FunctionId, VarId};

/// Where a letter in scope comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The left side of the line, or a letter that stands for every value (assumptions, spellings).
    Left,
    /// A sum, product, maximum or minimum around the place.
    Bound,
}

/// A letter in scope.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) name: String,
    pub(super) var: VarId,
    pub(super) origin: Origin,
    pub(super) span: Span,
}

/// What is in scope at one place.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    letters: Vec<Letter>,
    /// In the body of a function: its parameters, and the function itself where its own name stands
    /// for its value.
    pub(super) function: Option<FunctionScope>,
    /// What is known of the letters.
    pub(super) context: Domain,
    /// In a row of the table of whole-array functions: its arguments.
    arguments: Vec<(String, Array)>,
    /// Those of them that stand as indices.
    indices: Vec<(String, Affine)>,
}

/// The parameters of a function's body.
#[derive(Debug, Clone)]
pub(super) struct FunctionScope {
    pub(super) name: String,
    pub(super) parameters: Vec<String>,
    pub(super) own: Option<FunctionId>,
}

impl Scope {
    /// The scope of a row of the table of whole-array functions.
    pub(super) fn of_row(arguments: Vec<(String, Array)>, indices: Vec<(String, Affine)>) -> Self {
        Self {
            arguments,
            indices,
            ..Self::default()
        }
    }

    /// Whether a row is being read.
    pub(super) fn is_row(&self) -> bool {
        !self.arguments.is_empty()
    }

    /// The argument of a row.
    pub(super) fn array(&self, name: &str) -> Option<&Array> {
        self.arguments
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, array)| array)
    }

    /// The argument of a row that stands as an index.
    pub(super) fn index(&self, name: &str) -> Option<&Affine> {
        self.indices
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, index)| index)
    }

    pub(super) fn push(&mut self, letter: Letter) {
        self.letters.push(letter);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.letters.truncate(len);
    }

    pub(super) fn len(&self) -> usize {
        self.letters.len()
    }

    pub(super) fn letters(&self) -> &[Letter] {
        &self.letters
    }

    pub(super) fn find(&self, name: &str) -> Option<&Letter> {
        self.letters.iter().rev().find(|letter| letter.name == name)
    }
}
