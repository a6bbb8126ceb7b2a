//! What a whole page holds, in order and in words. The formats that are pages of their own share it, and only
//! spell it.

use super::Extent;
use super::latex::confirmation_lines;
use crate::present::math::MathId;
use crate::present::wording::{enumerate, fill};
use crate::present::{Document, Gradient, Inline, LegendRow, Prose, Tag};
use crate::words::Words;

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
#[derive(Clone, Copy)]
pub(super) struct Equation<'a> {
    /// The left side.
    pub(super) left: MathId,
    /// What it is equal to, step by step.
    pub(super) members: &'a [MathId],
    /// For which values of its letters.
    pub(super) range: Option<MathId>,
    /// Why.
    pub(super) why: Option<&'a Prose>,
    /// How it is cited.
    pub(super) tag: Option<&'a Tag>,
    /// The sentence before it.
    pub(super) lead: Option<&'a Prose>,
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
            tag: None,
            lead: None,
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
                conditions: conditions(gradient, document.words),
            })
        }));
    } else if !document.gradients.is_empty() {
        let equations = document.gradients.iter().map(chain).collect();
        blocks.push(Block::Equations(equations));
        let conditions = document
            .gradients
            .iter()
            .flat_map(|gradient| conditions(gradient, document.words));
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
    let headings = &document.words.headings;
    if document.gradients.is_empty() {
        return vec![words(headings.network)];
    }
    let loss = document
        .symbols
        .iter()
        .find(|symbol| symbol.name == document.title);
    match loss {
        Some(loss) => fill(
            headings.derivatives_of,
            &[("loss", &[Inline::Math(loss.symbol)])],
        ),
        None => vec![words(headings.derivatives)],
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
        tag: gradient.tag.as_ref(),
        lead: None,
    }
}

/// The local derivatives stand below the chain that uses them; with sentences, between its first member and the
/// others.
fn steps(gradient: &Gradient) -> Vec<Equation<'_>> {
    let part = |left, members| Equation {
        left,
        members,
        range: None,
        why: None,
        tag: None,
        lead: None,
    };
    let locals = gradient.locals.iter().map(|row| Equation {
        why: (!row.why.is_empty()).then_some(&row.why),
        lead: row.lead.as_ref(),
        ..part(row.left, std::slice::from_ref(&row.right))
    });
    let whole = chain(gradient);
    let entry = gradient.entry.as_ref();
    let Some(leads) = &gradient.leads else {
        return match entry {
            Some(entry) => std::iter::once(part(entry.left, &entry.members))
                .chain(locals)
                .chain([whole])
                .collect(),
            None => std::iter::once(whole).chain(locals).collect(),
        };
    };
    let (left, members) = match entry {
        Some(entry) => (entry.left, &entry.members),
        None => (gradient.left, &gradient.members),
    };
    let first = Some(&leads.first);
    let (statement, behind) = members.split_at(members.len().min(1));
    let mut steps = Vec::new();
    match &leads.result {
        Some(result) if !behind.is_empty() => {
            steps.push(Equation {
                lead: first,
                ..part(left, statement)
            });
            steps.extend(locals);
            steps.push(Equation {
                lead: Some(result),
                ..part(left, behind)
            });
        }
        _ => {
            steps.push(Equation {
                lead: first,
                ..part(left, members)
            });
            steps.extend(locals);
        }
    }
    if entry.is_some() {
        steps.push(Equation {
            lead: Some(&leads.arrays),
            ..whole
        });
    } else if let Some(result) = steps
        .iter_mut()
        .rev()
        .find(|step| step.left == gradient.left)
    {
        // What a text cites is the end of the chain.
        result.range = whole.range;
        result.tag = whole.tag;
    }
    steps
}

/// Where a derivative holds, in sentences.
fn conditions(gradient: &Gradient, words: &Words) -> Vec<Prose> {
    let formula = [Inline::Math(gradient.left)];
    let texts = &words.conditions;
    let list = |items: &[Prose]| enumerate(items, texts.list_and);
    let sentence = match (gradient.except.is_empty(), gradient.valid_if.is_empty()) {
        (true, true) => None,
        (false, true) => Some(texts.valid_at_sentence),
        (true, false) => Some(texts.valid_if_sentence),
        (false, false) => Some(texts.valid_at_if_sentence),
    };
    let holds = sentence.map(|sentence| {
        fill(
            sentence,
            &[
                ("formula", &formula),
                ("places", &list(&gradient.except)),
                ("conditions", &list(&gradient.valid_if)),
            ],
        )
    });
    let index_form = gradient.why_index.as_ref().map(|why| {
        let why = [Inline::Words(why.clone())];
        fill(
            words.index_form.sentence,
            &[("formula", &formula), ("why", &why)],
        )
    });
    holds.into_iter().chain(index_form).collect()
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
    // What a network that is shown assumes; else a convention, also where it stands in a file of its own.
    if !document.definitions.is_empty() {
        return document.notes.iter().cloned().map(sentence).collect();
    }
    let Some((first, rest)) = document.notes.split_first() else {
        return Vec::new();
    };
    let mut convention = vec![words(document.words.conditions.convention)];
    convention.extend_from_slice(first);
    for note in rest {
        convention.push(words("; "));
        convention.extend_from_slice(note);
    }
    vec![sentence(convention)]
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
