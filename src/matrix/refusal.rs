//! Why a formula has no matrix form.

/// Why a formula stays in index form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// More than two axes.
    Axes(usize),
    /// An element index that is not a letter alone.
    Index,
    /// A condition between element indices, or a sum over a part of an axis.
    Coupled,
    /// A quantity whose elements do not fill an array.
    Partial,
    /// A left side whose elements do not fill an array.
    Left,
    /// A maximum, minimum or product over elements.
    Extremum,
    /// A power with an exponent that is not a number.
    Exponent,
    /// A condition that differs from entry to entry.
    Entrywise,
    /// The value of an index.
    IndexAsNumber,
    /// A sum of products that no product of matrices says.
    Contraction,
    /// The matrix form was not proved equal to the index form.
    Unproved,
}

impl Refusal {
    /// The reason in words, behind "in index form because".
    pub fn words(self) -> String {
        match self {
            Refusal::Axes(count) => format!("it has {count} axes"),
            Refusal::Index => "an element index is not a letter alone".into(),
            Refusal::Coupled => "element indices depend on each other".into(),
            Refusal::Partial => "a quantity does not fill an array".into(),
            Refusal::Left => "the left side does not fill an array".into(),
            Refusal::Extremum => "it reduces over elements by more than sums".into(),
            Refusal::Exponent => "an exponent is not a number".into(),
            Refusal::Entrywise => "a condition differs from entry to entry".into(),
            Refusal::IndexAsNumber => "an index is used as a number".into(),
            Refusal::Contraction => "no product of matrices says this sum".into(),
            Refusal::Unproved => "no matrix form was proved equal to it".into(),
        }
    }
}
