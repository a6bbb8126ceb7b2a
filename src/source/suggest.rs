//! "Did you mean": the known name closest to an unknown one.

/// The candidate with the smallest edit distance to `name`, if it is close enough to be a slip.
///
/// One edit is a letter inserted, left out, replaced, or swapped with its neighbour. Of a name of one or two
/// letters nothing is close; of two candidates that are equally close the first is taken.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = name.chars().count();
    if length < 3 {
        return None;
    }
    let allowed = (length / 4).clamp(1, 3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == name || candidate.chars().count().abs_diff(length) > allowed {
            continue;
        }
        let edits = distance(&name.to_lowercase(), &candidate.to_lowercase());
        if edits <= allowed && best.is_none_or(|(fewest, _)| edits < fewest) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The number of edits from one word to the other (restricted Damerau-Levenshtein distance).
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for row in 1..=from.len() {
        let mut current = vec![row; to.len() + 1];
        for column in 1..=to.len() {
            let replaced = last[column - 1] + usize::from(from[row - 1] != to[column - 1]);
            let mut fewest = replaced.min(last[column] + 1).min(current[column - 1] + 1);
            let swapped = row > 1
                && column > 1
                && from[row - 1] == to[column - 2]
                && from[row - 2] == to[column - 1];
            if swapped {
                fewest = fewest.min(before[column - 2] + 1);
            }
            current[column] = fewest;
        }
        before = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn slips_are_close() {
        let known = ["relu", "sigmoid", "softplus"];
        assert_eq!(closest("rleu", known), Some("relu"));
        assert_eq!(closest("sigmod", known), Some("sigmoid"));
        assert_eq!(closest("tanh", known), None);
        assert_eq!(closest("w", ["v"]), None);
    }
}
