//! A profile put on a network.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::Profile;
use super::convert::convert;
use super::mistakes;
use super::notation::{Named, Notation};
use super::parts::{Part, Parts};
use super::places::{Counter, Places};
use crate::source::{Diagnostic, Report};
use crate::system::{FamilyKind, System};
use crate::term::FamilyId;

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
    let covered: BTreeSet<Part> = profile
        .symbols
        .keys()
        .chain(profile.examples.keys())
        .chain([&Part::Output])
        .copied()
        .filter(|part| covers(&system, &parts, &places, *part))
        .collect();
    let families = system
        .family_ids()
        .map(|family| named(family, &parts, &places, profile, &covered))
        .collect();
    let notation = Notation {
        profile: profile.clone(),
        families,
        cost: system.loss,
    };
    problems.extend(mistakes::same_symbols(&system, &notation));
    Report::unless_empty(problems)?;
    Ok((system, notation))
}

/// What a family is called; `covered` are the parts whose symbols say which quantity is meant.
fn named(
    family: FamilyId,
    parts: &Parts,
    places: &Places,
    profile: &Profile,
    covered: &BTreeSet<Part>,
) -> Named {
    let part = parts.part(family);
    let mut named = Named {
        part,
        symbol: None,
        number: None,
        layer_slot: match places.counter(family) {
            Some(Counter::Slot(slot)) => Some(slot),
            Some(Counter::Name(_)) | None => None,
        },
    };
    let batch = places.example_axes[family.0 as usize].is_some();
    let hidden = parts.with(Part::Activation).next().is_some();
    if let Some(part) = part
        && let Some(symbol) = symbol(part, batch, hidden, profile)
        && covered.contains(&part)
    {
        named.symbol = Some(symbol.to_owned());
        if let Some(Counter::Name(number)) = places.counter(family) {
            named.number = Some(number + places.shift(family));
        }
    }
    named
}

/// The profile's symbol for a part.
fn symbol(part: Part, batch: bool, hidden: bool, profile: &Profile) -> Option<&str> {
    let of_batch = profile.examples.get(&part).filter(|_| batch);
    let symbol = of_batch.or_else(|| profile.symbols.get(&part));
    // Without a symbol of its own an output is the only activation.
    let symbol = symbol.or_else(|| match part {
        Part::Output if !hidden => profile.symbols.get(&Part::Activation),
        _ => None,
    });
    symbol.map(super::Latex::as_str)
}

/// Whether the symbol of a part says which quantity is meant: there is one, or they are numbered.
fn covers(system: &System, parts: &Parts, places: &Places, part: Part) -> bool {
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let mut numbers: Vec<Option<i64>> = Vec::new();
    for family in parts.with(part) {
        let name = system.family(family).name.as_str();
        let number = match places.counter(family) {
            Some(Counter::Name(number)) => Some(number),
            Some(Counter::Slot(_)) | None => None,
        };
        let boundary =
            system.family(family).kind == FamilyKind::Input && system.bounded_by(family).is_some();
        if !boundary && seen.insert(name) {
            numbers.push(number);
        }
    }
    let different: FxHashSet<i64> = numbers.iter().copied().flatten().collect();
    numbers.len() < 2 || different.len() == numbers.len()
}
