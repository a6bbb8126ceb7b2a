//! Formulas by the family that they speak of, and the elements that they give.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::formula::Formula;
use crate::system::{Clause, FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Substitution, VarId};

use super::confirm::{Failure, Run, Tally};
use super::names;
use super::program::{Block, BlockId, Owner, Program, Sheet};

/// The formulas of one adjoint family.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) adjoint: FamilyId,
    /// What is differentiated.
    pub(super) of: FamilyId,
    /// By what.
    pub(super) wrt: FamilyId,
    sheet: FamilyId,
    /// The number of the formula for each clause of the sheet.
    pub(super) formulas: Vec<usize>,
    /// The indices of what is differentiated that occur.
    pub(super) outputs: Vec<Vec<i64>>,
    /// The elements of what is differentiated by, each with all that is claimed of it.
    pub(super) columns: Vec<Column>,
}

impl Group {
    /// Whether one number is differentiated.
    pub(super) fn has_one_output(&self) -> bool {
        self.outputs.len() == 1 && self.outputs[0].is_empty()
    }
}

/// All derivatives by one element.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) block: BlockId,
    pub(super) offset: usize,
    pub(super) elements: SmallVec<[Element; 1]>,
}

impl Column {
    /// The element's index.
    pub(super) fn index(&self, program: &Program<'_>, wrt: FamilyId) -> Vec<i64> {
        let block = program.block(self.block);
        program.full_index(wrt, &block.keys, &block.layout.index(self.offset))
    }
}

/// One element of a formula's left side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    /// Its place in `outputs`.
    pub(super) output: usize,
    pub(super) block: BlockId,
    pub(super) offset: usize,
    pub(super) formula: usize,
}

/// The formulas by family, each family with the sheet of its right sides. Formulas that give the same element at some
/// sizes, as those of `∂C/∂a[1]` and `∂C/∂a[K]` do where K is 1, stand in different groups: each is compared.
pub(super) fn sheets(system: &System, formulas: &[Formula]) -> (Vec<Group>, Vec<Sheet>) {
    let mut groups: Vec<Group> = Vec::new();
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut layers: Vec<Layers> = Vec::new();
    let mut of_adjoint: FxHashMap<FamilyId, Vec<usize>> = FxHashMap::default();
    for (number, formula) in formulas.iter().enumerate() {
        let FamilyKind::Adjoint { of, wrt } = system.family(formula.adjoint).kind else {
            continue;
        };
        let layer = layer(system, (of, wrt), formula);
        let own = of_adjoint.entry(formula.adjoint).or_default();
        let at = own.iter().copied().find(|at| {
            let near: &[usize] = match &layer {
                Some(layer) => layers[*at].fixed.get(layer).map_or(&[], Vec::as_slice),
                None => &groups[*at].formulas,
            };
            !near.iter().chain(&layers[*at].others).any(|other| {
                let other = &formulas[*other];
                (is_single(system, (of, wrt), other) || is_single(system, (of, wrt), formula))
                    && meet(system, other, formula)
            })
        });
        let at = at.unwrap_or_else(|| {
            own.push(groups.len());
            layers.push(Layers::default());
            groups.push(Group {
                adjoint: formula.adjoint,
                of,
                wrt,
                sheet: FamilyId((system.families.len() + sheets.len()) as u32),
                formulas: Vec::new(),
                outputs: Vec::new(),
                columns: Vec::new(),
            });
            sheets.push(Sheet {
                like: Some(formula.adjoint),
                clauses: Vec::new(),
            });
            groups.len() - 1
        });
        groups[at].formulas.push(number);
        match layer {
            Some(layer) => layers[at].fixed.entry(layer).or_default().push(number),
            None => layers[at].others.push(number),
        }
        sheets[at].clauses.push(Clause {
            vars: formula.vars.clone(),
            index: formula.index.clone(),
            domain: formula.domain.clone(),
            body: Some(formula.result()),
            span: None,
        });
    }
    (groups, sheets)
}

/// Whether a formula speaks of one layer or step, whose number may be that of another at some sizes. Two formulas with
/// letters share an element because their cases overlap, which is a mistake.
fn is_single(system: &System, (of, wrt): (FamilyId, FamilyId), formula: &Formula) -> bool {
    let letters = |at: usize| {
        let mut any = false;
        formula.index[at].visit_vars(&mut |_| any = true);
        any
    };
    let mut slots = slots(system, (of, wrt)).peekable();
    slots.peek().is_some() && !slots.any(letters)
}

/// The places of the slots in an adjoint's index.
fn slots(system: &System, (of, wrt): (FamilyId, FamilyId)) -> impl Iterator<Item = usize> {
    let (of, wrt) = (system.family(of), system.family(wrt));
    let behind = of.slots + of.axes;
    (0..of.slots).chain(behind..behind + wrt.slots)
}

/// The slots of a formula that are all numbers: at others it gives nothing.
fn layer(system: &System, (of, wrt): (FamilyId, FamilyId), formula: &Formula) -> Option<Vec<i64>> {
    slots(system, (of, wrt))
        .map(|at| formula.index[at].as_int())
        .collect()
}

/// The formulas of a group by the layer that they speak of.
#[derive(Debug, Default)]
struct Layers {
    fixed: FxHashMap<Vec<i64>, Vec<usize>>,
    others: Vec<usize>,
}

/// Whether two formulas are not proved to give different elements.
fn meet(system: &System, a: &Formula, b: &Formula) -> bool {
    // The letters of one are not those of the other, whatever they are called.
    let apart = Substitution::new(
        b.vars
            .iter()
            .zip(0..)
            .map(|(var, at)| (*var, Affine::var(VarId(u32::MAX - at)))),
    );
    let mut both = a.domain.and(&apart.domain(&b.domain));
    for (left, right) in a.index.iter().zip(&b.index) {
        both = both.and(&Domain::equal(left, &apart.affine(right)));
    }
    !system.ambient.is_empty(&both)
}

/// Finds all elements that the formulas of a group speak of. Formulas that overlap, or that speak of what does
/// not exist, fail here.
pub(super) fn group(
    run: &Run<'_>,
    program: &Program<'_>,
    group: &mut Group,
    tallies: &mut [Tally],
) {
    if let Some(columns) = alike(program, group) {
        group.outputs = vec![Vec::new()];
        group.columns = columns;
        return;
    }
    let width = program.width(group.of);
    let mut outputs: BTreeMap<Vec<i64>, usize> = BTreeMap::new();
    let mut columns: BTreeMap<Vec<i64>, Column> = BTreeMap::new();
    for keys in program.keys_of(group.sheet) {
        let id = program.block_id(group.sheet, keys.clone());
        let block = program.block(id);
        let truth = program.block(program.block_id(group.adjoint, keys));
        for (offset, owner) in program.owners(&block).iter().enumerate() {
            let dense = block.layout.index(offset);
            let index = program.full_index(group.sheet, &block.keys, &dense);
            let piece = match owner {
                Owner::Nobody => continue,
                Owner::Piece(piece) => *piece,
                Owner::Several(piece, other) => {
                    let formula = group.formulas[block.pieces[*other as usize].clause];
                    complain(
                        run,
                        program,
                        group,
                        &mut tallies[formula],
                        &index,
                        "two formulas give it",
                    );
                    *piece
                }
            };
            let formula = group.formulas[block.pieces[piece as usize].clause];
            let exists = truth
                .layout
                .offset(&dense)
                .is_some_and(|at| program.is_element(&truth, at));
            let (of, wrt) = index.split_at(width);
            let (keys, dense) = program.split_index(group.wrt, wrt);
            let wrt_id = program.block_id(group.wrt, keys);
            let place = program.block(wrt_id).layout.offset(&dense);
            let Some(place) = place.filter(|_| exists) else {
                complain(
                    run,
                    program,
                    group,
                    &mut tallies[formula],
                    &index,
                    "it does not exist",
                );
                continue;
            };
            let next = outputs.len();
            let output = *outputs.entry(of.to_vec()).or_insert(next);
            columns
                .entry(wrt.to_vec())
                .or_insert_with(|| Column {
                    block: wrt_id,
                    offset: place,
                    elements: SmallVec::new(),
                })
                .elements
                .push(Element {
                    output,
                    block: id,
                    offset,
                    formula,
                });
        }
    }
    group.outputs = vec![Vec::new(); outputs.len()];
    for (index, at) in outputs {
        group.outputs[at] = index;
    }
    group.columns = columns.into_values().collect();
}

/// The elements of one number's derivatives, if formulas, derivatives and what is differentiated by have the same
/// elements, each in the same place of its block.
fn alike(program: &Program<'_>, group: &Group) -> Option<Vec<Column>> {
    let slots_first = |family| {
        let positions = program.key_positions(family);
        positions
            .iter()
            .enumerate()
            .all(|(at, position)| at == *position)
    };
    if program.width(group.of) > 0 || !slots_first(group.wrt) {
        return None;
    }
    let mut columns = Vec::new();
    for keys in program.keys_of(group.sheet) {
        let [id, truth, wrt] = [group.sheet, group.adjoint, group.wrt]
            .map(|family| program.block_id(family, keys.clone()));
        let block = program.block(id);
        let others = [truth, wrt].map(|id| program.block(id));
        let same = others
            .iter()
            .all(|other| other.layout == block.layout && !other.holes && !other.pieces.is_empty());
        if !same {
            return None;
        }
        for (offset, owner) in program.owners(&block).iter().enumerate() {
            let piece = match owner {
                Owner::Nobody => continue,
                Owner::Piece(piece) => *piece,
                Owner::Several(..) => return None,
            };
            let element = Element {
                output: 0,
                block: id,
                offset,
                formula: group.formulas[block.pieces[piece as usize].clause],
            };
            columns.push(Column {
                block: wrt,
                offset,
                elements: smallvec![element],
            });
        }
    }
    (!columns.is_empty()).then_some(columns)
}

fn complain(
    run: &Run<'_>,
    program: &Program<'_>,
    group: &Group,
    tally: &mut Tally,
    index: &[i64],
    reason: &str,
) {
    tally.failure.get_or_insert_with(|| {
        Box::new(Failure {
            instance: run.instance.name(program.system),
            element: names::element(program.system, group.adjoint, index),
            reason: reason.to_owned(),
            claimed: f64::NAN,
            expected: f64::NAN,
            step_at_zero: run.step_at_zero,
            point: Vec::new(),
        })
    });
}

/// Elements that were asked for and that no formula gives.
pub(super) fn find_gaps(
    run: &Run<'_>,
    program: &Program<'_>,
    groups: &[Group],
    tallies: &mut [Tally],
) {
    for (at, group) in groups.iter().enumerate() {
        let of_one = |other: &&Group| other.adjoint == group.adjoint;
        if groups[..at].iter().any(|other| of_one(&other)) {
            continue;
        }
        let together: Vec<&Group> = groups[at..].iter().filter(of_one).collect();
        find_gap(run, program, &together, tallies);
    }
}

/// The first such element of one adjoint.
fn find_gap(run: &Run<'_>, program: &Program<'_>, groups: &[&Group], tallies: &mut [Tally]) {
    let group = groups[0];
    let asked = run.asked(group);
    let mut formulas = groups.iter().flat_map(|group| &group.formulas);
    if asked.is_empty() || !formulas.any(|at| run.formulas[*at].asked) {
        return;
    }
    for keys in program.keys_of(group.adjoint) {
        let block = program.block(program.block_id(group.adjoint, keys.clone()));
        let sheets: Vec<_> = groups
            .iter()
            .map(|group| program.block(program.block_id(group.sheet, keys.clone())))
            .collect();
        let covers = |sheet: &Block| {
            sheet.layout == block.layout && !sheet.holes && !sheet.pieces.is_empty()
        };
        if sheets.iter().any(|sheet| covers(sheet)) {
            continue;
        }
        for offset in 0..block.layout.len() {
            if !program.is_element(&block, offset) {
                continue;
            }
            let dense = block.layout.index(offset);
            let index = program.full_index(group.adjoint, &block.keys, &dense);
            let wanted = asked.iter().any(|entries| {
                entries
                    .iter()
                    .zip(&index)
                    .all(|(entry, at)| entry.is_none_or(|entry| entry == *at))
            });
            let given = sheets.iter().any(|sheet| {
                let place = sheet.layout.offset(&dense);
                place.is_some_and(|at| program.is_element(sheet, at))
            });
            if wanted && !given {
                let tally = &mut tallies[group.formulas[0]];
                complain(run, program, group, tally, &index, "no formula gives it");
                return;
            }
        }
    }
}
