//! A profile put on a network.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::convert::convert;
use super::mistakes;
use super::notation::{Named, Notation};
use super::parts::{Part, Parts};
use super::places::{Counter, Places};
use super::{Mean, Profile};
use crate::source::{Diagnostic, Report};
use crate::system::{FamilyKind, FamilyRole, System};
use crate::term::{Atom, FamilyId, SizeId};

/// The network in a profile's convention, and the notation for it.
///
/// # Errors
/// A report if the network has no quantity in a role that the profile needs, or if two quantities would look the
/// same.
pub fn apply(profile: &Profile, mut system: System) -> Result<(System, Notation), Report> {
    if profile.is_plain() {
        let notation = Notation {
            profile: profile.clone(),
            families: Vec::new(),
            cost: system.loss,
            examples: None,
        };
        Report::unless_empty(mistakes::same_symbols(&system, &notation))?;
        return Ok((system, notation));
    }
    let parts = Parts::of(&system);
    let mut problems: Vec<Diagnostic> = profile
        .needs
        .iter()
        .filter(|part| parts.with(**part).next().is_none())
        .map(|part| mistakes::role_missing(&system, profile, *part))
        .collect();
    if profile.needs.contains(&Part::PreActivation)
        && let Some(activation) = parts.nameless_argument(&system)
    {
        problems.push(mistakes::argument_without_name(
            &system, profile, activation,
        ));
    }
    let places = Places::of(&system, &parts, profile);
    convert(&mut system, &places, profile);
    for function in &mut system.functions {
        if let Some(symbol) = profile.functions.get(&function.name) {
            symbol.as_str().clone_into(&mut function.latex);
        }
    }
    let opaque =
        |function: &crate::system::Function| function.is_opaque() && function.parameters == 1;
    if let Some(symbol) = profile.functions.get("activation")
        && system.functions.iter().filter(|it| opaque(it)).count() == 1
        && let Some(function) = system.functions.iter_mut().find(|it| opaque(it))
    {
        symbol.as_str().clone_into(&mut function.latex);
    }
    if let (Some((size, _)), Some(name)) = (places.depth, &profile.layers.depth) {
        name.as_str()
            .clone_into(&mut system.sizes[size.0 as usize].name);
    }
    system.step_at_zero = system.step_at_zero.or(profile.step0.map(Into::into));
    let told_apart: BTreeMap<Part, Telling> = profile
        .symbols
        .keys()
        .chain(profile.examples.keys())
        .chain([&Part::Output])
        .filter_map(|part| Some((*part, telling(&system, &parts, &places, *part)?)))
        .collect();
    let scores = parts.scores(&system);
    let mut families: Vec<Named> = system
        .family_ids()
        .map(|family| {
            let scores = scores == Some(family);
            named(
                &system,
                family,
                &parts,
                &places,
                profile,
                &told_apart,
                scores,
            )
        })
        .collect();
    if let Some(loss) = system.loss {
        families[loss.0 as usize].symbol = cost(&parts, profile, &told_apart);
    }
    let notation = Notation {
        profile: profile.clone(),
        families,
        cost: system.loss,
        examples: examples(&system, &parts, &places, profile),
    };
    problems.extend(mistakes::same_symbols(&system, &notation));
    Report::unless_empty(problems)?;
    Ok((system, notation))
}

/// The number of examples in a batch, where the profile differentiates a sum over them by what each of them has.
fn examples(system: &System, parts: &Parts, places: &Places, profile: &Profile) -> Option<SizeId> {
    if profile.derivatives.mean == Mean::Everywhere {
        return None;
    }
    let size = system.family_ids().find_map(|family| {
        let row = system.family(family);
        let axis = places.example_axes[family.0 as usize]?;
        let clause = row.clauses.first()?;
        // The network has the profile's order of axes by now.
        let axis = if places.swapped[family.0 as usize] {
            1 - axis
        } else {
            axis
        };
        let (_, upper) = clause
            .domain
            .bounds(clause.index.get(row.slots + axis)?.as_var()?);
        upper.iter().find_map(|(scale, bound)| match bound.terms() {
            [(Atom::Size(size, slots), one)]
                if *scale == 1
                    && slots.is_empty()
                    && *one == 1.into()
                    && bound.constant() == 0.into() =>
            {
                Some(*size)
            }
            _ => None,
        })
    })?;
    let shared = [Part::Weight, Part::Bias];
    let of_layers = shared
        .into_iter()
        .flat_map(|part| parts.with(part))
        .any(|family| system.has_examples(family, size));
    (!of_layers).then_some(size)
}

/// How the quantities of one part are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// By the numbers of their layers, if there are several.
    Layers,
    /// By what stands behind the stem that their names share, this long.
    Labels(usize),
}

/// What a family is called.
fn named(
    system: &System,
    family: FamilyId,
    parts: &Parts,
    places: &Places,
    profile: &Profile,
    told_apart: &BTreeMap<Part, Telling>,
    scores: bool,
) -> Named {
    let part = parts.part(family);
    let mut named = Named {
        part,
        layer_slot: match places.counter(family) {
            Some(Counter::Slot(slot)) => Some(slot),
            Some(Counter::Name(_)) | None => None,
        },
        axis_layers: places.axis_layers[family.0 as usize].clone(),
        ..Named::default()
    };
    let batch = places.example_axes[family.0 as usize].is_some();
    // What only the last layer has is told from all others by its symbol alone.
    let row = system.family(family);
    let output = row.role == Some(FamilyRole::Output) && row.slots == 0;
    let of_scores = profile.symbol(Part::Scores, batch).filter(|_| scores);
    let of_output = profile.symbol(Part::Output, batch).filter(|_| output);
    if let Some(symbol) = of_scores.or(of_output) {
        let last = if scores { Part::Scores } else { Part::Output };
        named.part = Some(last);
        named.symbol = Some(symbol.to_owned());
        return named;
    }
    let hidden = parts.with(Part::Activation).next().is_some();
    let numbered = matches!(places.counter(family), Some(Counter::Name(_)));
    let only = !hidden || numbered && profile.writes(Part::Activation);
    if let Some(part) = part
        && let Some(symbol) = symbol(part, batch, only, profile)
        && let Some(telling) = told_apart.get(&part)
    {
        named.symbol = Some(symbol.to_owned());
        match telling {
            Telling::Layers => {
                if let Some(Counter::Name(number)) = places.counter(family) {
                    named.number = Some(number + places.shift(family));
                }
            }
            Telling::Labels(stem) => {
                let label = system.family(family).name[*stem..].trim_start_matches('_');
                named.label = Some(label.to_owned());
            }
        }
    }
    named
}

/// The profile's symbol for a part.
fn symbol(part: Part, batch: bool, only: bool, profile: &Profile) -> Option<&str> {
    // Without a symbol of its own an output is the only activation, or the last one.
    profile.symbol(part, batch).or_else(|| match part {
        Part::Output if only => profile.symbol(Part::Activation, batch),
        _ => None,
    })
}

/// The symbol of the cost, with what it is a function of as far as the network has it.
fn cost(parts: &Parts, profile: &Profile, told_apart: &BTreeMap<Part, Telling>) -> Option<String> {
    let symbol = profile.symbol(Part::Cost, false)?;
    let of: Vec<&str> = profile
        .cost_of
        .iter()
        .filter(|part| told_apart.contains_key(part) && parts.with(**part).next().is_some())
        .filter_map(|part| profile.symbol(*part, false))
        .collect();
    Some(if of.is_empty() {
        symbol.to_owned()
    } else {
        format!("{symbol}({})", of.join(","))
    })
}

/// How the symbol of a part says which quantity is meant, if it does: there is one, or they are numbered by their
/// layers, or their names are one stem with different ends.
fn telling(system: &System, parts: &Parts, places: &Places, part: Part) -> Option<Telling> {
    let mut names: Vec<&str> = Vec::new();
    let mut numbers: Vec<Option<i64>> = Vec::new();
    for family in parts.with(part) {
        let row = system.family(family);
        let number = match places.counter(family) {
            Some(Counter::Name(number)) => Some(number),
            Some(Counter::Slot(_)) | None => None,
        };
        let boundary = row.kind == FamilyKind::Input && system.bounded_by(family).is_some();
        if !boundary && !names.contains(&row.name.as_str()) {
            names.push(&row.name);
            numbers.push(number);
        }
    }
    let different: FxHashSet<i64> = numbers.iter().copied().flatten().collect();
    if numbers.len() < 2 || different.len() == numbers.len() {
        return Some(Telling::Layers);
    }
    let stem = |name: &str| {
        let letters = name.find(|c: char| !c.is_alphabetic());
        letters.unwrap_or(name.len())
    };
    let length = stem(names[0]);
    let shared = names.iter().all(|name| {
        stem(name) == length && name[..length] == names[0][..length] && name.len() > length
    });
    let plain = parts
        .with(part)
        .all(|family| system.family(family).slots == 0);
    (shared && plain).then_some(Telling::Labels(length))
}
