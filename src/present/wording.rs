//! Texts of the table of words with mathematics in their places.

use super::document::{Inline, Prose};
use crate::words::{Segment, segments};

/// A text with prose in its places; words that meet are joined.
pub(crate) fn fill(text: &str, places: &[(&str, &[Inline])]) -> Prose {
    let mut prose = Prose::new();
    for segment in segments(text) {
        match segment {
            Segment::Words(words) => push_words(&mut prose, words),
            Segment::Place(name) => {
                let found = places.iter().find(|(place, _)| *place == name);
                for inline in found.map_or(&[][..], |(_, value)| value) {
                    match inline {
                        Inline::Words(words) => push_words(&mut prose, words),
                        Inline::Math(id) => prose.push(Inline::Math(*id)),
                    }
                }
            }
        }
    }
    prose
}

fn push_words(prose: &mut Prose, words: &str) {
    match prose.last_mut() {
        Some(Inline::Words(before)) => before.push_str(words),
        _ => prose.push(Inline::Words(words.to_owned())),
    }
}

/// `a, b and c`.
pub(crate) fn enumerate(items: &[Prose], and: &str) -> Prose {
    let mut list = Prose::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            push_words(&mut list, if at + 1 == items.len() { and } else { ", " });
        }
        list.extend_from_slice(item);
    }
    list
}
