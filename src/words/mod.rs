//! The words of write-ups: one file for each language, and no words elsewhere.

mod de;
mod en;

use std::fmt;

/// The languages; the first is the one that is spoken where none is asked for.
static LANGUAGES: [&Words; 2] = [&en::ENGLISH, &de::GERMAN];

/// The words of a language, by its tag: `en`, `de`.
pub fn words(language: &str) -> Option<&'static Words> {
    LANGUAGES
        .into_iter()
        .find(|words| words.language == language)
}

/// The tags of all languages; the first is the one that is spoken where none is asked for.
pub fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|words| words.language)
}

/// The words of one language.
pub struct Words {
    /// Its tag, as `lang` has it.
    pub language: &'static str,
    /// Its name in LaTeX's babel.
    pub babel: &'static str,
    pub(crate) headings: Headings,
    pub(crate) conditions: Conditions,
    pub(crate) reasons: Reasons,
    pub(crate) braces: Braces,
    pub(crate) legend: Legend,
    pub(crate) index_form: IndexForm,
    pub(crate) confirmation: ConfirmationWords,
    pub(crate) prose: Sentences,
    pub(crate) picture: PictureWords,
}

impl Words {
    /// English.
    pub fn english() -> &'static Self {
        LANGUAGES[0]
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "Words({})", self.language)
    }
}

/// Words that belong together.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($key:ident),* $(,)? }) => {
        $(#[$doc])*
        pub(crate) struct $name {
            $(pub(crate) $key: &'static str,)*
        }

        #[cfg(test)]
        impl $name {
            /// All of them by their keys.
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($key), self.$key)),*]
            }
        }
    };
}

table! {
    /// Headings of pages and of tables, labels of buttons.
    Headings { derivatives_of, derivatives, network, symbols, steps, symbol, set, value, meaning, r#where, copy, copied }
}

table! {
    /// What an equation needs in order to be right.
    Conditions {
        with, and, list_and, r#if, otherwise, valid_if, valid_at_sentence, valid_if_sentence, valid_at_if_sentence,
        convention, assumed, off_kinks, off_ties, one_hot, one_hot_whole, one_hot_rows, one_hot_columns, symmetric, positive_definite, invertible, orthogonal,
        undefined, same_layout, numerator_layout, intermediates_layout, denominator_layout, so_for_all,
    }
}

table! {
    /// Why a local derivative is what it is, beside it.
    Reasons { itself, linear, linear_in, derivative_of, chain_rule, rules }
}

table! {
    /// Below the parts of a chain rule.
    Braces { upstream, local, input }
}

table! {
    /// What symbols are.
    Legend {
        parameter, input, target, pre_activation, activation, output, loss, given, defined, derivative, boundary, size,
        rectifier, step, step_undefined, logarithm, error_function, activation_function, any_function, sum, product,
        maximum, minimum, delta, bracket,
    }
}

table! {
    /// Why an equation has no matrix form.
    IndexForm {
        aside, sentence, axes, index, coupled, partial, left, extremum, exponent, entrywise, index_as_number,
        contraction, unproved,
    }
}

table! {
    /// What was confirmed.
    ConfirmationWords { skipped, confirmed, pattern, patterns, error }
}

table! {
    /// Sentences between the steps of a derivation.
    Sentences {
        chain, chain_one, chain_many, chain_direct, direct, direct_short, again, linear, linear_short, function,
        function_short, rules, rules_short, joined, inserted, inserted_all, arrays,
    }
}

table! {
    /// What is said at and below pictures.
    PictureWords { title, untitled, values, gradients, frames, more, back }
}

/// A part of a text with places in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'t> {
    /// Words.
    Words(&'t str),
    /// A place, by its name.
    Place(&'t str),
}

/// The parts of `Since {definition}, …`, in order.
pub(crate) fn segments(text: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        if !before.is_empty() {
            segments.push(Segment::Words(before));
        }
        let (place, behind) = behind.split_once('}').unwrap_or((behind, ""));
        segments.push(Segment::Place(place));
        rest = behind;
    }
    if !rest.is_empty() {
        segments.push(Segment::Words(rest));
    }
    segments
}

/// A text with words in its places.
pub(crate) fn filled(text: &str, places: &[(&str, &str)]) -> String {
    let value = |name: &str| {
        let found = places.iter().find(|(place, _)| *place == name);
        found.map_or("", |(_, value)| value)
    };
    segments(text)
        .into_iter()
        .map(|segment| match segment {
            Segment::Words(words) => words,
            Segment::Place(name) => value(name),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of each text, by the text's key.
    fn places(words: &Words) -> Vec<(&'static str, Vec<&'static str>)> {
        let tables = [
            words.headings.all(),
            words.conditions.all(),
            words.reasons.all(),
            words.braces.all(),
            words.legend.all(),
            words.index_form.all(),
            words.confirmation.all(),
            words.prose.all(),
            words.picture.all(),
        ];
        let places = |(key, text)| {
            let mut names: Vec<&str> = segments(text)
                .into_iter()
                .filter_map(|segment| match segment {
                    Segment::Place(name) => Some(name),
                    Segment::Words(_) => None,
                })
                .collect();
            names.sort_unstable();
            names.dedup();
            (key, names)
        };
        tables.into_iter().flatten().map(places).collect()
    }

    #[test]
    fn all_languages_have_the_same_places() {
        let english = places(Words::english());
        assert!(english.len() > 80, "the words are found");
        for words in LANGUAGES {
            assert_eq!(places(words), english, "{}", words.language);
        }
    }

    #[test]
    fn places_are_filled() {
        assert_eq!(
            filled("a {x}, {y}{x}.", &[("x", "1"), ("y", "2")]),
            "a 1, 21."
        );
        assert_eq!(filled("{missing}", &[]), "");
    }
}
