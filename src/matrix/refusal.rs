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
