//! The clauses of a quantity that share their slots, and the frames in which general ones stand.

use num_rational::Ratio;
use rustc_hash::FxHashMap;

use super::Frame;
use super::reads::{Read, reads};
use crate::system::{Clause, FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Substitution, VarId};

/// What is defined, or given, at the same slots.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) family: FamilyId,
    /// In the letters of the frame.
    pub(super) slots: Box<[Affine]>,
    /// The letters in the slots, in their order: those of the frame.
    pub(super) vars: Vec<VarId>,
    /// The first and last value of each.
    pub(super) spans: Vec<(Affine, Affine)>,
    pub(super) frame: Option<usize>,
    pub(super) reads: Vec<Read>,
    /// Its clause, if it is a single one.
    pub(super) clause: Option<Clause>,
    /// Whether it is given: an input, or a boundary that is given under the same name.
    pub(super) given: bool,
}

impl Group {
    /// The values of its letters.
    pub(super) fn domain(&self) -> Domain {
        self.vars.iter().zip(&self.spans).fold(
            Domain::everything(),
            |domain, (var, (low, high))| {
                domain.and(&Domain::between(low, &Affine::var(*var), high))
            },
        )
    }
}

/// The first and last value of a letter, where they are single ones.
pub(super) fn span(domain: &Domain, var: VarId) -> Option<(Affine, Affine)> {
    let (lower, upper) = domain.bounds(var);
    let single = |bounds: &[(i64, Affine)]| {
        bounds
            .iter()
            .filter(|(factor, _)| *factor == 1)
            .map(|(_, bound)| bound.clone())
            .min_by_key(|bound| !bound.is_constant())
    };
    Some((single(&lower)?, single(&upper)?))
}

/// The groups of all drawn families, in their order, and the frames.
pub(super) fn groups(
    system: &mut System,
    order: &[FamilyId],
    knots: &[usize],
) -> (Vec<Group>, Vec<Frame>) {
    let mut found = Vec::new();
    for family in order {
        if system.family(*family).kind != FamilyKind::Input {
            found.extend(of_family(system, *family));
        }
    }
    let mut frames: Vec<Frame> = Vec::new();
    let mut by_knot: FxHashMap<(usize, Vec<bool>), usize> = FxHashMap::default();
    for group in &mut found {
        if group.spans.is_empty() {
            continue;
        }
        // A recurrence in two directions has a boundary in each.
        let places = group
            .slots
            .iter()
            .map(|slot| !slot.is_constant() && letter_of(slot).is_some());
        let key = (knots[group.family.0 as usize], places.collect());
        let known = by_knot.get(&key).copied();
        let frame = known.or_else(|| {
            frames.iter().position(|frame| {
                shifts(frame, group).is_some_and(|all| all.iter().all(|shift| shift.same))
            })
        });
        let frame = frame.unwrap_or_else(|| {
            frames.push(Frame {
                vars: group.vars.clone().into_boxed_slice(),
                spans: group.spans.clone().into_boxed_slice(),
            });
            frames.len() - 1
        });
        by_knot.entry(key).or_insert(frame);
        enter(system, group, frame, &frames[frame]);
    }
    (found, frames)
}

/// How a letter of a group is one of its frame.
struct Shift {
    value: Affine,
    /// Whether it runs over the same values of the slot.
    same: bool,
}

/// The letters of a group in those of a frame: at the same places of equally long ranges, else at the same slots.
fn shifts(frame: &Frame, group: &Group) -> Option<Vec<Shift>> {
    if frame.vars.len() != group.vars.len() {
        return None;
    }
    let ends = frame.spans.iter().zip(&group.spans);
    Some(
        frame
            .vars
            .iter()
            .zip(ends)
            .map(|(var, ((low, high), (own_low, own_high)))| {
                let moved = own_low.minus(low);
                let equal = own_high.minus(high) == moved;
                let whole = moved.as_int().is_some();
                Shift {
                    value: if equal && whole {
                        Affine::var(*var).plus(&moved)
                    } else {
                        Affine::var(*var)
                    },
                    same: equal && moved.as_int() == Some(0),
                }
            })
            .collect(),
    )
}

/// Rewrites a group in the letters of its frame.
fn enter(system: &mut System, group: &mut Group, frame: usize, letters: &Frame) {
    group.frame = Some(frame);
    if *group.vars == *letters.vars {
        return;
    }
    let Some(shifts) = shifts(letters, group) else {
        return;
    };
    let values = shifts.into_iter().map(|shift| shift.value);
    let renaming = Substitution::new(group.vars.iter().copied().zip(values));
    let moved: Vec<Affine> = group
        .vars
        .iter()
        .map(|var| renaming.affine(&Affine::var(*var)))
        .collect();
    for ((low, high), (value, var)) in group.spans.iter_mut().zip(moved.iter().zip(&letters.vars)) {
        let offset = value.minus(&Affine::var(*var));
        *low = low.minus(&offset);
        *high = high.minus(&offset);
    }
    group.vars = letters.vars.to_vec();
    rename(system, group, &renaming);
}

/// Replaces letters in all of a group but its own list of them.
fn rename(system: &mut System, group: &mut Group, renaming: &Substitution) {
    let replaced = |entries: &[Affine]| -> Box<[Affine]> {
        entries.iter().map(|entry| renaming.affine(entry)).collect()
    };
    group.slots = replaced(&group.slots);
    for read in &mut group.reads {
        read.slots = replaced(&read.slots);
        read.domain = renaming.domain(&read.domain);
    }
    if let Some(clause) = &mut group.clause {
        let vars = clause.vars.iter().map(|var| {
            let value = renaming.get(*var);
            value.and_then(letter_of).unwrap_or(*var)
        });
        *clause = Clause {
            vars: vars.collect(),
            index: replaced(&clause.index),
            domain: renaming.domain(&clause.domain),
            body: clause
                .body
                .map(|body| system.store.substitute(body, renaming)),
            span: clause.span,
        };
    }
}

/// The letter of a letter plus a constant.
pub(super) fn letter_of(affine: &Affine) -> Option<VarId> {
    let mut found = None;
    affine.visit_vars(&mut |var| found = found.or(Some(var)));
    found.filter(|var| affine.coefficient_of_var(*var) == Ratio::from_integer(1))
}

/// A constant slot; of another one what it adds to its letter, and the letter's values.
type Place = (Affine, Option<(Affine, Affine)>);

fn of_family(system: &System, family: FamilyId) -> Vec<Group> {
    let row = system.family(family);
    let mut groups: Vec<Group> = Vec::new();
    let mut at: FxHashMap<Vec<Place>, usize> = FxHashMap::default();
    if let (FamilyKind::OpaqueLoss(arguments), true) = (&row.kind, row.clauses.len() < 2) {
        let reads = arguments.iter().map(|(argument, slots)| Read {
            family: *argument,
            slots: slots.clone(),
            bound: Vec::new(),
            domain: Domain::everything(),
        });
        return vec![Group {
            family,
            slots: Box::default(),
            vars: Vec::new(),
            spans: Vec::new(),
            frame: None,
            reads: reads.collect(),
            clause: None,
            given: false,
        }];
    }
    for clause in &row.clauses {
        let slots = &clause.index[..row.slots];
        let letters: Vec<Option<VarId>> = slots
            .iter()
            .map(|slot| clause.vars.iter().copied().find(|var| slot.mentions(*var)))
            .collect();
        let vars: Vec<VarId> = letters.iter().copied().flatten().collect();
        // A range that depends on other letters is kept as wide as it is written.
        let spans: Option<Vec<(Affine, Affine)>> =
            vars.iter().map(|var| span(&clause.domain, *var)).collect();
        let spans = spans.unwrap_or_default();
        let mut bounded = spans.iter();
        let key = slots
            .iter()
            .zip(&letters)
            .map(|(slot, letter)| match letter {
                Some(var) => (slot.minus(&Affine::var(*var)), bounded.next().cloned()),
                None => (slot.clone(), None),
            })
            .collect();
        let given = clause.body.is_none()
            || clause.body.is_some_and(|body| {
                matches!(system.store.node(body), crate::term::Node::Access(given, _)
                    if system.bounded_by(*given) == Some(family))
            });
        let own_reads = match clause.body {
            Some(body) if !given => reads(system, body),
            _ => Vec::new(),
        };
        match at.get(&key) {
            Some(known) => {
                let group: &mut Group = &mut groups[*known];
                let own = group.vars.iter().map(|var| Affine::var(*var));
                let renaming = Substitution::new(vars.iter().copied().zip(own));
                group.clause = None;
                group.reads.extend(own_reads.into_iter().map(|read| {
                    Read {
                        slots: read
                            .slots
                            .iter()
                            .map(|slot| renaming.affine(slot))
                            .collect(),
                        domain: renaming.domain(&read.domain),
                        ..read
                    }
                }));
            }
            None => {
                at.insert(key, groups.len());
                groups.push(Group {
                    family,
                    slots: slots.into(),
                    vars,
                    spans,
                    frame: None,
                    reads: own_reads,
                    clause: Some(clause.clone()),
                    given,
                });
            }
        }
    }
    groups
}
