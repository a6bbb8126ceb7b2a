//! What a whole page holds, in order and in words. The formats that are pages of their own share it, and only
//! spell it.

use super::Extent;
use super::latex::confirmation_lines;
use crate::present::math::MathId;
use crate::present::{Document, Gradient, Inline, LegendRow, Prose};

/// A page.
pub(super) struct Outline<'a> {
    /// Its heading, if it is a page of its own.
    pub(super) title: Option<Prose>,
    /// What stands below it.
    pub(super) blocks: Vec<Block<'a>>,
}

/// A part of a page.
pub(super) enum Block<'a> {
    /// Equations below each other.
    Equations(Vec<Equation<'a>>),
    /// A derivative with the way to it.
    Derivation(Derivation<'a>),
    /// A paragraph.
    Words(Prose),
    /// For those who read the source of a text.
    Comment(String),
    /// The symbols and what they mean.
    Legend(&'a [LegendRow]),
}

/// A derivative with the way to it.
pub(super) struct Derivation<'a> {
    /// Its heading: what is derived.
    pub(super) heading: Option<Prose>,
    /// What it is equal to.
    pub(super) result: Equation<'a>,
    /// Chains of equalities, the local derivatives that they use, and the result at the end of a chain.
    pub(super) steps: Vec<Equation<'a>>,
    /// Where it holds.
    pub(super) conditions: Vec<Prose>,
}

/// A chain of equalities.
pub(super) struct Equation<'a> {
    /// The left side.
    pub(super) left: MathId,
    /// What it is equal to, step by step.
    pub(super) members: &'a [MathId],
    /// For which values of its letters.
    pub(super) range: Option<MathId>,
    /// Why.
    pub(super) why: Option<&'a Prose>,
}

/// The page of a document. A fragment has no headings: they would cut into those of the text around it, and each
/// chain of equalities begins with what is derived.
pub(super) fn outline(document: &Document, extent: Extent) -> Outline<'_> {
    let whole = extent == Extent::Page;
    let mut blocks = Vec::new();
    if !document.definitions.is_empty() {
        let equations = document.definitions.iter().map(|definition| Equation {
            left: definition.left,
            members: std::slice::from_ref(&definition.right),
            range: definition.range,
            why: None,
        });
        blocks.push(Block::Equations(equations.collect()));
    }
    let stepwise = document.gradients.iter().any(has_steps);
    if stepwise {
        blocks.extend(document.gradients.iter().map(|gradient| {
            Block::Derivation(Derivation {
                heading: whole.then(|| vec![Inline::Math(gradient.left)]),
                result: Equation {
                    members: gradient.members.last().map_or(&[], std::slice::from_ref),
                    ..chain(gradient)
                },
                steps: steps(gradient),
                conditions: conditions(gradient),
            })
        }));
    } else if !document.gradients.is_empty() {
        let equations = document.gradients.iter().map(chain).collect();
        blocks.push(Block::Equations(equations));
        let conditions = document.gradients.iter().flat_map(conditions);
        blocks.extend(conditions.map(Block::Words));
    }
    blocks.extend(notes(document).into_iter().map(Block::Words));
    if !document.legend.is_empty() {
        blocks.push(Block::Legend(&document.legend));
    }
    for line in confirmation_lines(document) {
        blocks.push(if whole {
            Block::Words(vec![words(&capitalised(&line)), words(".")])
        } else {
            Block::Comment(line)
        });
    }
    Outline {
        title: whole.then(|| title(document)),
        blocks,
    }
}

fn title(document: &Document) -> Prose {
    if document.gradients.is_empty() {
        return vec![words("The network")];
    }
    let loss = document
        .symbols
        .iter()
        .find(|symbol| symbol.name == document.title);
    match loss {
        Some(loss) => vec![words("Derivatives of "), Inline::Math(loss.symbol)],
        None => vec![words("Derivatives")],
    }
}

fn has_steps(gradient: &Gradient) -> bool {
    gradient.members.len() > 1 || gradient.entry.is_some() || !gradient.locals.is_empty()
}

fn chain(gradient: &Gradient) -> Equation<'_> {
    Equation {
        left: gradient.left,
        members: &gradient.members,
        range: gradient.range,
        why: None,
    }
}

/// The local derivatives stand below the chain that uses them.
fn steps(gradient: &Gradient) -> Vec<Equation<'_>> {
    let locals = gradient.locals.iter().map(|row| Equation {
        left: row.left,
        members: std::slice::from_ref(&row.right),
        range: None,
        why: Some(&row.why),
    });
    match &gradient.entry {
        Some(entry) => std::iter::once(Equation {
            left: entry.left,
            members: &entry.members,
            range: None,
            why: None,
        })
        .chain(locals)
        .chain(std::iter::once(chain(gradient)))
        .collect(),
        None => std::iter::once(chain(gradient)).chain(locals).collect(),
    }
}

/// Where a derivative holds, in sentences.
fn conditions(gradient: &Gradient) -> Vec<Prose> {
    let mut sentences = Vec::new();
    if !gradient.except.is_empty() || !gradient.valid_if.is_empty() {
        let mut sentence = vec![
            words("The formula for "),
            Inline::Math(gradient.left),
            words(" is valid "),
        ];
        enumerate(&gradient.except, &mut sentence);
        if !gradient.valid_if.is_empty() {
            sentence.push(words(if gradient.except.is_empty() {
                "if "
            } else {
                ", if "
            }));
            enumerate(&gradient.valid_if, &mut sentence);
        }
        sentence.push(words("."));
        sentences.push(sentence);
    }
    if let Some(why) = &gradient.why_index {
        sentences.push(vec![
            words("The formula for "),
            Inline::Math(gradient.left),
            words(&format!(" is in index form: {why}.")),
        ]);
    }
    sentences
}

/// The convention under which all formulas hold, or what the network assumes, in sentences.
fn notes(document: &Document) -> Vec<Prose> {
    let sentence = |prose: Prose| -> Prose {
        let mut sentence = prose;
        if let Some(Inline::Words(first)) = sentence.first_mut() {
            *first = capitalised(first);
        }
        sentence.push(words("."));
        sentence
    };
    if document.gradients.is_empty() {
        return document.notes.iter().cloned().map(sentence).collect();
    }
    let Some((first, rest)) = document.notes.split_first() else {
        return Vec::new();
    };
    let mut convention = vec![words("convention: ")];
    convention.extend_from_slice(first);
    for note in rest {
        convention.push(words("; "));
        convention.extend_from_slice(note);
    }
    vec![sentence(convention)]
}

/// `a, b and c`.
fn enumerate(items: &[Prose], sentence: &mut Prose) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            sentence.push(words(if at + 1 == items.len() { " and " } else { ", " }));
        }
        sentence.extend_from_slice(item);
    }
}

fn words(text: &str) -> Inline {
    Inline::Words(text.into())
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
