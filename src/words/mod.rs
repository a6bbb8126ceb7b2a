//! The words of write-ups: one file for each language, and no words elsewhere.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The languages: the name by which each is asked for, and its file.
const LANGUAGES: &[(&str, &str)] = &[
    ("en", include_str!("en.toml")),
    ("de", include_str!("de.toml")),
];

/// Each is read when it is first asked for.
static READ: [OnceLock<Words>; LANGUAGES.len()] = [const { OnceLock::new() }; LANGUAGES.len()];

/// The words of a language, by its tag: `en`, `de`.
pub fn words(language: &str) -> Option<&'static Words> {
    let at = LANGUAGES.iter().position(|(name, _)| *name == language)?;
    Some(numbered(at))
}

fn numbered(at: usize) -> &'static Words {
    READ[at].get_or_init(|| {
        let (name, text) = LANGUAGES[at];
        let words = Words::of(text);
        assert_eq!(words.language, name, "a language is asked for by its tag");
        words
    })
}

/// A part of a file of words.
fn read<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("each file has all words, as tests see")
}

/// A table of a file, read when one of its words is first asked for: an answer needs few of them.
pub(crate) struct Table<T> {
    text: &'static str,
    words: OnceLock<T>,
}

impl<T> Table<T> {
    /// The table of this name, among all of a file with their texts.
    fn of(tables: &[(&str, &'static str)], name: &str) -> Self {
        let found = tables.iter().find(|(own, _)| *own == name);
        let (_, text) = found.expect("each file has all tables, as tests see");
        Self {
            text,
            words: OnceLock::new(),
        }
    }
}

impl<T: DeserializeOwned> Deref for Table<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.words.get_or_init(|| read(self.text))
    }
}

/// The tags of all languages; the first is the one that is spoken where none is asked for.
pub fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(name, _)| *name)
}

/// The words of one language.
pub struct Words {
    /// Its tag, as `lang` has it.
    pub language: String,
    /// Its name in LaTeX's babel.
    pub babel: String,
    pub(crate) headings: Table<Headings>,
    pub(crate) conditions: Table<Conditions>,
    pub(crate) reasons: Table<Reasons>,
    pub(crate) braces: Table<Braces>,
    pub(crate) legend: Table<Legend>,
    pub(crate) index_form: Table<IndexForm>,
    pub(crate) confirmation: Table<ConfirmationWords>,
    pub(crate) prose: Table<Sentences>,
    pub(crate) picture: Table<PictureWords>,
}

/// What stands above the tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    language: String,
    babel: String,
}

impl Words {
    /// English.
    pub fn english() -> &'static Self {
        numbered(0)
    }

    fn of(file: &'static str) -> Self {
        let mut parts = file.split("\n[");
        let Head { language, babel } = read(parts.next().unwrap_or_default());
        let tables: Vec<_> = parts.filter_map(|table| table.split_once(']')).collect();
        Self {
            language,
            babel,
            headings: Table::of(&tables, "headings"),
            conditions: Table::of(&tables, "conditions"),
            reasons: Table::of(&tables, "reasons"),
            braces: Table::of(&tables, "braces"),
            legend: Table::of(&tables, "legend"),
            index_form: Table::of(&tables, "index-form"),
            confirmation: Table::of(&tables, "confirmation"),
            prose: Table::of(&tables, "prose"),
            picture: Table::of(&tables, "picture"),
        }
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "Words({})", self.language)
    }
}

/// A table of the file, with a text under each key.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($key:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct $name {
            $(pub(crate) $key: String,)*
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
        undefined, numerator_layout, intermediates_layout, denominator_layout, so_for_all,
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
    fn places(text: &str) -> Vec<(String, Vec<String>)> {
        let tables: toml::Table = toml::from_str(text).expect("a file of words");
        let mut found = Vec::new();
        for (name, table) in &tables {
            for (key, text) in table.as_table().into_iter().flatten() {
                let text = text.as_str().expect("words are texts");
                let mut names: Vec<String> = segments(text)
                    .into_iter()
                    .filter_map(|segment| match segment {
                        Segment::Place(name) => Some(name.to_owned()),
                        Segment::Words(_) => None,
                    })
                    .collect();
                names.sort();
                names.dedup();
                found.push((format!("{name}.{key}"), names));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn all_languages_have_the_same_words_and_places() {
        let english = places(LANGUAGES[0].1);
        assert!(english.len() > 80, "the words are found");
        for (name, text) in LANGUAGES {
            assert_eq!(places(text), english, "{name}");
        }
    }

    /// Each table is read, and there is none besides.
    #[test]
    fn all_words_are_known() {
        for (name, text) in LANGUAGES {
            let Words {
                language,
                babel,
                headings,
                conditions,
                reasons,
                braces,
                legend,
                index_form,
                confirmation,
                prose,
                picture,
            } = words(name).expect("a language of the list");
            let all = (
                [language, babel],
                (&**headings, &**conditions, &**reasons, &**braces, &**legend),
                (&**index_form, &**confirmation, &**prose, &**picture),
            );
            let said = format!("{all:?}");
            let texts: usize = places(text).len();
            assert!(said.matches(": \"").count() >= texts, "{name}: {said}");
            let tables: toml::Table = toml::from_str(text).expect("a file of words");
            assert_eq!(tables.len(), 2 + 9, "{name}");
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
