//! A tape from a network's equations.
//!
//! A register has an axis for each letter that it depends on. Where a term combines registers, their axes are brought
//! into one order first; elements at other places, `x[i + u]`, are gathered.

use std::collections::BTreeMap;

use num_traits::ToPrimitive;

use super::activation::Activation;
use super::frame::Frame;
use super::mistakes;
use super::steps::{Flow, Part};
use super::tape::{Operation, Register, Tape};
use super::ways::letter_of;
use crate::source::Diagnostic;
use crate::syntax::StepAtZero;
use crate::system::{Clause, FamilyKind, System};
use crate::term::{Affine, Atom, Constraint, Domain, FamilyId, VarId};

/// The tape of one step, from its states before to those after.
pub(super) fn tape(
    flow: &Flow,
    part: &Part,
    given: &BTreeMap<String, f64>,
    before: &[(FamilyId, Vec<Affine>)],
    after: &[(FamilyId, Vec<Affine>)],
) -> Result<Tape, Diagnostic> {
    let scalar = part
        .states
        .iter()
        .all(|state| flow.system.family(state.family).axes == 0);
    let mut writer = Writer {
        system: flow.system.clone(),
        step_at_zero: flow.step_at_zero,
        given,
        before,
        scalar,
        blamed: &after[0],
        open: Vec::new(),
        known: Vec::new(),
        tape: Tape {
            operations: Vec::new(),
            shapes: Vec::new(),
            results: Vec::new(),
            weights: Vec::new(),
            mixed: Vec::new(),
            functions: Vec::new(),
            zeroed: Vec::new(),
        },
    };
    for (family, slots) in before {
        let frame = writer.frame_of(*family, slots)?;
        let shape = frame.letters.into_iter().map(|(_, length)| length);
        writer.push(Operation::State, shape.collect());
    }
    for (family, slots) in after {
        let frame = writer.frame_of(*family, slots)?;
        let elements: Vec<Affine> = frame.all().into_iter().map(Affine::var).collect();
        let result = match writer.element(*family, slots, &elements, &frame)? {
            Built::At(register, letters) => {
                writer.arranged(register, &letters, &frame.all(), &frame)
            }
            Built::Number(_) | Built::Zero => {
                return Err(writer.refused("it does not depend on the state before"));
            }
        };
        writer.tape.results.push(result);
    }
    writer.tape.zeroed.sort();
    writer.tape.zeroed.dedup();
    writer.known_sizes()?;
    Ok(writer.tape)
}

/// Whether a piece is a beginning at a number, none of the steps that are simulated.
fn begins(clause: &Clause, slots: &[Affine]) -> bool {
    let numbered = |(at, slot): (&Affine, &Affine)| {
        let mut letters = false;
        at.visit_vars(&mut |_| letters = true);
        !letters && letter_of(slot).is_some()
    };
    clause.index.iter().zip(slots).any(numbered)
}

/// What a term comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Built {
    /// Inputs that are set to 0.
    Zero,
    Number(f64),
    /// A register with the letters of its axes.
    At(Register, Vec<VarId>),
}

/// A quantity at its slots, once it is written, with letters for its elements.
type Written = (FamilyId, Vec<Affine>, Vec<VarId>, Built);

pub(super) struct Writer<'a> {
    pub(super) system: System,
    pub(super) step_at_zero: StepAtZero,
    pub(super) given: &'a BTreeMap<String, f64>,
    before: &'a [(FamilyId, Vec<Affine>)],
    pub(super) scalar: bool,
    /// The first of the next states.
    blamed: &'a (FamilyId, Vec<Affine>),
    /// Quantities whose equations are being read.
    open: Vec<(FamilyId, Vec<Affine>)>,
    known: Vec<Written>,
    pub(super) tape: Tape,
}

impl Writer<'_> {
    pub(super) fn refused(&self, why: impl Into<String>) -> Diagnostic {
        {
            let (family, slots) = self.blamed;
            mistakes::not_simulated(&self.system, *family, slots, &why.into())
        }
    }

    pub(super) fn push(&mut self, operation: Operation, shape: Vec<Affine>) -> Register {
        self.tape.operations.push(operation);
        self.tape.shapes.push(shape);
        self.tape.operations.len() - 1
    }

    /// An expression with the sizes that are given.
    pub(super) fn sized(&self, affine: &Affine) -> Affine {
        affine.map_atoms(&mut |atom| {
            let Atom::Size(size, _) = atom else {
                return None;
            };
            let name = &self.system.sizes[size.0 as usize].name;
            let value = self.given.get(name)?;
            Some(Affine::int(value.to_i64()?))
        })
    }

    pub(super) fn sized_domain(&self, domain: &Domain) -> Domain {
        domain.map(|affine| self.sized(affine))
    }

    /// Sizes that are no length of anything, such as the number of steps, have to be given.
    fn known_sizes(&self) -> Result<(), Diagnostic> {
        let sizes = |affine: &Affine| -> Vec<Atom> {
            let sizes = affine.terms().iter().map(|(atom, _)| atom.clone());
            sizes
                .filter(|atom| matches!(atom, Atom::Size(..)))
                .collect()
        };
        let lengths: Vec<Atom> = self.tape.shapes.iter().flatten().flat_map(sizes).collect();
        for operation in &self.tape.operations {
            let met: Vec<Atom> = match operation {
                Operation::Count { value, .. } => sizes(value),
                Operation::Gather { index, .. } => index.iter().flat_map(sizes).collect(),
                Operation::Mask { holds, .. } => {
                    let constraints = holds.constraints().iter();
                    constraints.flat_map(|it| sizes(it.affine())).collect()
                }
                _ => Vec::new(),
            };
            if let Some(Atom::Size(size, _)) = met.iter().find(|atom| !lengths.contains(atom)) {
                let name = &self.system.sizes[size.0 as usize].name;
                return Err(self
                    .refused(format!(
                        "it computes with the size `{name}`, whose value is not known"
                    ))
                    .help(format!("give it one: --set {name}=50")));
            }
        }
        Ok(())
    }

    /// Letters for the elements of a quantity.
    fn frame_of(&mut self, family: FamilyId, slots: &[Affine]) -> Result<Frame, Diagnostic> {
        let row = self.system.family(family).clone();
        let letters: Vec<VarId> = (0..row.axes)
            .map(|_| self.system.store.fresh_var("i"))
            .collect();
        let elements = letters.iter().map(|letter| Affine::var(*letter));
        let index: Vec<Affine> = slots.iter().cloned().chain(elements).collect();
        let mut found: Option<Frame> = None;
        for clause in row.clauses.iter().filter(|clause| !begins(clause, slots)) {
            let reach = self.sized_domain(&clause.at(&index).1);
            if self.system.ambient.is_empty(&reach) {
                continue;
            }
            let frame = self.framed(&[], &letters, &reach)?;
            found = Some(match found {
                None => frame,
                Some(known) => self.joined(known, &frame)?,
            });
        }
        found.ok_or_else(|| self.refused("one of its equations is not found"))
    }

    /// The frame of two pieces of a quantity: as long as the longer one.
    fn joined(&self, mut some: Frame, other: &Frame) -> Result<Frame, Diagnostic> {
        for ((_, own), (_, length)) in some.letters.iter_mut().zip(&other.letters) {
            let more = |a: &Affine, b: &Affine| {
                let more = Domain::at_least(a, b);
                self.system.ambient.implies(&Domain::everything(), &more)
            };
            if more(length, own) {
                *own = length.clone();
            } else if !more(own, length) {
                return Err(self.refused("the length of something in it is not known"));
            }
        }
        some.domain = Domain::everything();
        Ok(some)
    }

    /// Letters behind those of a frame, with their greatest values in a domain.
    pub(super) fn framed(
        &self,
        before: &[(VarId, Affine)],
        letters: &[VarId],
        domain: &Domain,
    ) -> Result<Frame, Diagnostic> {
        let mut all = before.to_vec();
        for letter in letters {
            let others: Vec<VarId> = (before.iter().map(|(other, _)| *other))
                .chain(letters.iter().copied())
                .filter(|other| other != letter)
                .collect();
            let length = self.extent(*letter, &others, domain)?;
            all.push((*letter, length));
        }
        Ok(Frame {
            letters: all,
            domain: domain.clone(),
        })
    }

    /// The greatest value of a letter, whatever those of the others are.
    fn extent(
        &self,
        letter: VarId,
        others: &[VarId],
        domain: &Domain,
    ) -> Result<Affine, Diagnostic> {
        let shadow = others
            .iter()
            .fold(domain.clone(), |domain, other| domain.project(*other));
        [domain, &shadow]
            .into_iter()
            .find_map(|domain| {
                let (_, upper) = domain.bounds(letter);
                let mut free = upper.into_iter().filter(|(factor, bound)| {
                    *factor == 1 && !others.iter().any(|other| bound.mentions(*other))
                });
                free.next().map(|(_, bound)| bound)
            })
            .ok_or_else(|| self.refused("the length of something in it is not known"))
    }

    /// What a domain says of the letters of a frame beyond their greatest values.
    pub(super) fn beyond(&self, frame: &Frame, domain: &Domain) -> Domain {
        let whole = frame.whole();
        let said = |constraint: &Constraint| {
            let of_letters = frame
                .letters
                .iter()
                .any(|(letter, _)| constraint.affine().mentions(*letter));
            let alone = Domain::of([(constraint.relation(), constraint.affine().clone())]);
            of_letters && !self.system.ambient.implies(&whole, &alone)
        };
        domain.filter(said)
    }

    /// A condition as a register; none if it holds everywhere.
    pub(super) fn mask(
        &mut self,
        frame: &Frame,
        domain: &Domain,
    ) -> Result<Option<Built>, Diagnostic> {
        let holds = self.beyond(frame, domain);
        if holds.is_everything() {
            return Ok(None);
        }
        let letters: Vec<VarId> = frame
            .all()
            .into_iter()
            .filter(|letter| holds.mentions(*letter))
            .collect();
        let mut others = false;
        holds.visit_vars(|letter| others |= !letters.contains(&letter));
        if others {
            return Err(self.refused("which elements it reads depends on the number of the step"));
        }
        let shape = frame.lengths(&letters);
        let operation = Operation::Mask {
            letters: letters.clone(),
            holds,
        };
        Ok(Some(Built::At(self.push(operation, shape), letters)))
    }

    /// An element of a quantity.
    pub(super) fn element(
        &mut self,
        family: FamilyId,
        slots: &[Affine],
        elements: &[Affine],
        frame: &Frame,
    ) -> Result<Built, Diagnostic> {
        let (letters, built) = self.family(family, slots)?;
        let Built::At(register, axes) = built else {
            return Ok(built);
        };
        let index: Vec<Affine> = axes
            .iter()
            .filter_map(|axis| {
                let at = letters.iter().position(|letter| letter == axis)?;
                Some(self.sized(&elements[at]))
            })
            .collect();
        self.at(register, &index, frame)
    }

    /// A register at an index.
    fn at(
        &mut self,
        register: Register,
        index: &[Affine],
        frame: &Frame,
    ) -> Result<Built, Diagnostic> {
        let shape = &self.tape.shapes[register];
        let plain: Option<Vec<VarId>> = index.iter().map(Affine::as_var).collect();
        if let Some(letters) = plain {
            let whole = |(letter, length): (&VarId, &Affine)| frame.length(*letter) == Some(length);
            let once = (1..letters.len()).all(|at| !letters[..at].contains(&letters[at]));
            if once && letters.iter().zip(shape).all(whole) {
                return Ok(Built::At(register, letters));
            }
        }
        let mut mentioned = Vec::new();
        for at in index {
            at.visit_vars(&mut |letter| mentioned.push(letter));
        }
        if mentioned
            .iter()
            .any(|letter| frame.length(*letter).is_none())
        {
            return Err(self.refused("which elements it reads depends on the number of the step"));
        }
        if index.iter().any(Affine::reads) {
            return Err(self.refused("which elements it reads is read from numbers of the network"));
        }
        let mut letters = frame.all();
        letters.retain(|letter| mentioned.contains(letter));
        Ok(self.gathered(register, index.to_vec(), letters, frame))
    }

    fn gathered(
        &mut self,
        input: Register,
        index: Vec<Affine>,
        letters: Vec<VarId>,
        frame: &Frame,
    ) -> Built {
        let shape = frame.lengths(&letters);
        let operation = Operation::Gather {
            input,
            letters: letters.clone(),
            index,
        };
        Built::At(self.push(operation, shape), letters)
    }

    /// A register with its axes in another order, and others along which it does not change.
    pub(super) fn arranged(
        &mut self,
        register: Register,
        letters: &[VarId],
        wanted: &[VarId],
        frame: &Frame,
    ) -> Register {
        if letters == wanted {
            return register;
        }
        let index = letters.iter().copied().map(Affine::var).collect();
        match self.gathered(register, index, wanted.to_vec(), frame) {
            Built::At(register, _) => register,
            Built::Number(_) | Built::Zero => unreachable!("what is gathered is a register"),
        }
    }

    /// Registers with the same axes, those of numbers as they are.
    pub(super) fn aligned(
        &mut self,
        built: Vec<(Register, Vec<VarId>)>,
        frame: &Frame,
    ) -> (Vec<Register>, Vec<VarId>) {
        let has = |letter: &VarId| built.iter().any(|(_, letters)| letters.contains(letter));
        let union: Vec<VarId> = frame.all().into_iter().filter(has).collect();
        let widest = built
            .iter()
            .map(|(_, letters)| letters)
            .find(|letters| letters.len() == union.len());
        let common = widest.cloned().unwrap_or(union);
        let registers = built
            .into_iter()
            .map(|(register, letters)| match letters.as_slice() {
                [] => register,
                _ => self.arranged(register, &letters, &common, frame),
            })
            .collect();
        (registers, common)
    }

    /// A quantity at its slots, with letters for its elements.
    fn family(
        &mut self,
        family: FamilyId,
        slots: &[Affine],
    ) -> Result<(Vec<VarId>, Built), Diagnostic> {
        let here = (family, slots.to_vec());
        let known = self
            .known
            .iter()
            .find(|(other, at, ..)| *other == family && at == slots);
        if let Some((_, _, letters, built)) = known {
            return Ok((letters.clone(), built.clone()));
        }
        if let Some(state) = self.before.iter().position(|state| *state == here) {
            let axes = self.system.family(family).axes;
            let letters: Vec<VarId> = (0..axes)
                .map(|_| self.system.store.fresh_var("i"))
                .collect();
            return Ok((letters.clone(), Built::At(state, letters)));
        }
        // A state at a step that is neither the one before nor the one that is being read.
        let alike = |state: &[Affine]| {
            let same = |(own, at): (&Affine, &Affine)| own.as_int().is_none() || own == at;
            state.iter().zip(slots).all(same)
        };
        let is_state = self
            .before
            .iter()
            .any(|(state, at)| *state == family && alike(at));
        let open = self
            .open
            .iter()
            .any(|(other, at)| *other == family && alike(at));
        if self.open.contains(&here) || is_state && open {
            return Err(self.refused("it reads more than the step before"));
        }
        if open {
            let name = &self.system.family(family).name;
            return Err(self.refused(format!(
                "it reads `{name}`, which is a recursion of its own"
            )));
        }
        self.open.push(here);
        let row = self.system.family(family).clone();
        let frame = self.frame_of(family, slots)?;
        let letters = frame.all();
        let elements = letters.iter().map(|letter| Affine::var(*letter));
        let index: Vec<Affine> = slots.iter().cloned().chain(elements).collect();
        let mut pieces: Vec<Built> = Vec::new();
        for clause in &row.clauses {
            let (values, reach) = clause.at(&index);
            let Some(body) = clause.body else { continue };
            if begins(clause, slots) || self.system.ambient.is_empty(&reach) {
                continue;
            }
            let domain = self.sized_domain(&reach);
            let frame = Frame {
                letters: frame.letters.clone(),
                domain: domain.clone(),
            };
            let body = self.system.store.substitute(body, &values);
            let built = self.term(body, &frame)?;
            pieces.push(match self.mask(&frame, &domain)? {
                Some(mask) => self.times(vec![built, mask], &frame),
                None => built,
            });
        }
        self.open.pop();
        if pieces.is_empty() {
            return Err(self.refused("one of its equations is not found"));
        }
        let built = self.sum(pieces, &frame);
        self.known
            .push((family, slots.to_vec(), letters.clone(), built.clone()));
        Ok((letters, built))
    }

    /// An input that is added.
    pub(super) fn input(&mut self, family: FamilyId) -> Built {
        let name = &self.system.family(family).name;
        if let Some(value) = self.given.get(name) {
            return Built::Number(*value);
        }
        self.tape.zeroed.push(name.clone());
        Built::Zero
    }

    /// A function, by its place on the tape.
    pub(super) fn function(&mut self, function: Activation) -> usize {
        let known = self
            .tape
            .functions
            .iter()
            .position(|other| other.is_same(&function));
        known.unwrap_or_else(|| {
            self.tape.functions.push(function);
            self.tape.functions.len() - 1
        })
    }

    /// Whether a quantity is given, and not computed.
    pub(super) fn is_input(&self, family: FamilyId) -> bool {
        self.system.family(family).kind == FamilyKind::Input
    }
}
