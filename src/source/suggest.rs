//! "Did you mean": the known name closest to an unknown one.

/// The candidate with the smallest edit distance to `name`, if it is close enough to be a slip.
pub(crate) fn closest<'a>(
    _name: &str,
    _candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    None
}
