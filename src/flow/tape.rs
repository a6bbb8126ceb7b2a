//! One step of a network as operations on whole states, forward and backward: what is simulated.
//!
//! Numbers that are added, such as biases and inputs, are 0; numbers that are multiplied with have to be given. Weights
//! that mix elements are left to whoever runs the tape.

use std::collections::BTreeMap;

use num_traits::ToPrimitive;

use super::activation::Activation;
use super::mistakes;
use super::steps::{Flow, Part};
use super::ways::letter_of;
use crate::source::Diagnostic;
use crate::syntax::StepAtZero;
use crate::system::{Clause, FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Node, Reduction, TermId, VarId};

/// The number of a register.
pub(super) type Register = usize;

/// The operations of one step, in the order in which they are done.
#[derive(Debug, Clone)]
pub struct Tape {
    pub(super) operations: Vec<Operation>,
    /// The length of each register.
    pub(super) lengths: Vec<Length>,
    /// The registers with the next states.
    pub(super) results: Vec<Register>,
    /// The weights that are met.
    pub(super) weights: Vec<Weight>,
    /// The activations that are applied.
    pub activations: Vec<Activation>,
    /// What is set to 0, by name.
    pub zeroed: Vec<String>,
}

/// One operation.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    /// A state as it was: these come first, in their order.
    State,
    Number(f64),
    Add(Vec<Register>),
    Multiply(Vec<Register>),
    Power(Register, f64),
    Activate(usize, Register),
    /// Weights times a register; those of its own with rows and columns exchanged.
    Weigh {
        weight: usize,
        turned: bool,
        input: Register,
    },
}

/// How long a register is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Length {
    One,
    /// As long as a size says.
    Of(Affine),
}

/// Weights, for one step or for all of them.
#[derive(Debug, Clone)]
pub(super) struct Weight {
    pub(super) family: FamilyId,
    slots: Box<[Affine]>,
    /// Whether every step has its own.
    pub(super) own: bool,
    /// How often a step applies them.
    pub(super) uses: usize,
    pub(super) rows: Length,
    pub(super) columns: Length,
}

impl Weight {
    /// Whether both are the same weights.
    pub(super) fn is_same(&self, other: &Weight) -> bool {
        self.family == other.family && self.slots == other.slots
    }
}

impl Tape {
    /// Whether multiplying the states by a positive number multiplies what follows by it.
    pub(super) fn is_homogeneous(&self) -> bool {
        let mut degrees: Vec<Option<u32>> = Vec::with_capacity(self.operations.len());
        for operation in &self.operations {
            let degree = match operation {
                Operation::State => Some(1),
                Operation::Number(_) => Some(0),
                Operation::Add(parts) => {
                    let first = degrees[parts[0]];
                    first.filter(|_| parts.iter().all(|part| degrees[*part] == first))
                }
                Operation::Multiply(factors) => factors.iter().map(|at| degrees[*at]).sum(),
                Operation::Power(..) => None,
                Operation::Activate(activation, input) => degrees[*input].filter(|degree| {
                    *degree == 1 && self.activations[*activation].is_homogeneous()
                }),
                Operation::Weigh { input, .. } => degrees[*input],
            };
            degrees.push(degree);
        }
        self.results
            .iter()
            .all(|result| degrees[*result] == Some(1))
    }

    /// How many states it has.
    pub fn states(&self) -> usize {
        self.results.len()
    }

    /// The register whose values are watched: what the only activation is applied to, else the first state.
    pub(super) fn watched(&self) -> Register {
        let mut applied = self
            .operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::Activate(_, input) => Some(*input),
                _ => None,
            });
        match (applied.next(), applied.next()) {
            (Some(input), None) => input,
            _ => self.results[0],
        }
    }
}

/// The tapes of a part, one for each kind of step: a recursion has one, layers that are written out have as many as there
/// are steps. `given` are values of numbers that are multiplied with, by name.
///
/// # Errors
/// What stands in the way, with its place.
pub(super) fn tapes(
    flow: &Flow,
    part: &Part,
    given: &BTreeMap<String, f64>,
) -> Result<Vec<Tape>, Diagnostic> {
    let states: Vec<(FamilyId, Vec<Affine>)> = part
        .states
        .iter()
        .map(|state| {
            let slots = flow.system.family(state.family).slots;
            (state.family, state.own[..slots].to_vec())
        })
        .collect();
    if part.written_out {
        let mut tapes: Vec<Tape> = (0..part.steps.len())
            .map(|at| {
                let (before, after) = (&states[at..=at], &states[at + 1..at + 2]);
                tape(flow, part, given, before, after)
            })
            .collect::<Result<_, _>>()?;
        // A step has weights of its own if no other applies them.
        let all: Vec<Weight> = tapes.iter().flat_map(|tape| tape.weights.clone()).collect();
        for weight in tapes.iter_mut().flat_map(|tape| &mut tape.weights) {
            weight.own = all.iter().filter(|other| other.is_same(weight)).count() == 1;
        }
        return Ok(tapes);
    }
    let refused = |why: &str| mistakes::not_simulated(&flow.system, part.states[0].family, why);
    let mut shift: Option<i64> = None;
    for step in &part.steps {
        match step.moves.as_slice() {
            [] => {}
            [(_, by @ (1 | -1))] if shift.is_none_or(|known| known == *by) => shift = Some(*by),
            _ => return Err(refused("it goes on from more than one step before")),
        }
    }
    let shift = shift.ok_or_else(|| refused("it does not go on by one step"))?;
    // All states at the same step: with the letter of the first.
    let letters = |slots: &[Affine]| slots.iter().filter_map(letter_of).collect::<Vec<_>>();
    let [letter] = letters(&states[0].1)[..] else {
        return Err(refused("it goes on in more than one direction"));
    };
    let mut before = Vec::with_capacity(states.len());
    let mut after = Vec::with_capacity(states.len());
    for (family, slots) in &states {
        if letters(slots).len() != 1 {
            return Err(refused("it goes on in more than one direction"));
        }
        let at = |by: i64| -> Vec<Affine> {
            let value = Affine::var(letter).offset(by);
            let here = |slot: &Affine| letter_of(slot).map_or(slot.clone(), |_| value.clone());
            slots.iter().map(here).collect()
        };
        before.push((*family, at(0)));
        after.push((*family, at(shift)));
    }
    Ok(vec![tape(flow, part, given, &before, &after)?])
}

fn tape(
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
        blamed: after[0].0,
        open: Vec::new(),
        known: Vec::new(),
        tape: Tape {
            operations: Vec::new(),
            lengths: Vec::new(),
            results: Vec::new(),
            weights: Vec::new(),
            activations: Vec::new(),
            zeroed: Vec::new(),
        },
    };
    for (family, slots) in before {
        let length = writer.length_of(*family, slots)?;
        writer.push(Operation::State, length);
    }
    for (family, slots) in after {
        let result = match writer.family(*family, slots)? {
            Built::At(register) => register,
            Built::Number(_) | Built::Zero => {
                return Err(writer.refused("it does not depend on the state before"));
            }
        };
        writer.tape.results.push(result);
    }
    writer.tape.zeroed.sort();
    writer.tape.zeroed.dedup();
    Ok(writer.tape)
}

/// Whether a piece is a beginning at a number, none of the steps that are simulated.
fn begins(clause: &Clause, slots: &[Affine]) -> bool {
    let numbered =
        |(at, slot): (&Affine, &Affine)| at.as_int().is_some() && slot.as_int().is_none();
    clause.index.iter().zip(slots).any(numbered)
}

/// What a term comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Built {
    /// Inputs that are set to 0.
    Zero,
    Number(f64),
    At(Register),
}

/// A quantity at its slots, once it is written.
type Written = (FamilyId, Vec<Affine>, Built);

struct Writer<'a> {
    system: System,
    step_at_zero: StepAtZero,
    given: &'a BTreeMap<String, f64>,
    before: &'a [(FamilyId, Vec<Affine>)],
    scalar: bool,
    blamed: FamilyId,
    /// Quantities whose equations are being read.
    open: Vec<(FamilyId, Vec<Affine>)>,
    known: Vec<Written>,
    tape: Tape,
}

impl Writer<'_> {
    fn refused(&self, why: impl Into<String>) -> Diagnostic {
        mistakes::not_simulated(&self.system, self.blamed, &why.into())
    }

    fn push(&mut self, operation: Operation, length: Length) -> Built {
        self.tape.operations.push(operation);
        self.tape.lengths.push(length);
        Built::At(self.tape.operations.len() - 1)
    }

    /// The length of a state.
    fn length_of(&mut self, family: FamilyId, slots: &[Affine]) -> Result<Length, Diagnostic> {
        let row = self.system.family(family).clone();
        if row.axes > 1 {
            return Err(self.refused("its states are more than columns"));
        }
        if row.axes == 0 {
            return Ok(Length::One);
        }
        let element = Affine::var(self.system.store.fresh_var("i"));
        let index = [slots, std::slice::from_ref(&element)].concat();
        let reaches = row
            .clauses
            .iter()
            .filter(|clause| !begins(clause, slots))
            .map(|clause| clause.at(&index).1);
        let mut lengths = reaches
            .filter(|reach| !self.system.ambient.is_empty(reach))
            .map(|reach| self.extent(&reach, &element));
        let first = lengths.next().expect("quantities have pieces")?;
        for other in lengths {
            if other? != first {
                return Err(self.refused("its states are not equally long"));
            }
        }
        Ok(first)
    }

    /// How many values an index takes that starts at 1.
    fn extent(&self, domain: &Domain, index: &Affine) -> Result<Length, Diagnostic> {
        let letter = index.as_var();
        let upper = letter.and_then(|letter| {
            let (_, upper) = domain.bounds(letter);
            let mut known = upper.into_iter().filter(|(factor, _)| *factor == 1);
            let (_, bound) = known.next()?;
            known.next().is_none().then_some(bound)
        });
        upper
            .map(Length::Of)
            .ok_or_else(|| self.refused("the length of something in it is not known"))
    }

    /// A quantity at its slots.
    fn family(&mut self, family: FamilyId, slots: &[Affine]) -> Result<Built, Diagnostic> {
        let here = (family, slots.to_vec());
        if let Some(state) = self.before.iter().position(|state| *state == here) {
            return Ok(Built::At(state));
        }
        if let Some((.., built)) = self
            .known
            .iter()
            .find(|(other, at, _)| *other == family && at == slots)
        {
            return Ok(*built);
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
        let letters: Vec<VarId> = (0..row.axes)
            .map(|_| self.system.store.fresh_var("i"))
            .collect();
        let index: Vec<Affine> = slots
            .iter()
            .cloned()
            .chain(letters.iter().map(|letter| Affine::var(*letter)))
            .collect();
        let mut found: Option<Built> = None;
        for clause in &row.clauses {
            let (values, reach) = clause.at(&index);
            let Some(body) = clause.body else { continue };
            if begins(clause, slots) || self.system.ambient.is_empty(&reach) {
                continue;
            }
            if found.is_some() || letters.len() > 1 {
                return Err(self.refused("its equations are different from element to element"));
            }
            let body = self.system.store.substitute(body, &values);
            let letter = letters.first().copied();
            found = Some(self.term(body, letter, &reach)?);
        }
        self.open.pop();
        let built = found.ok_or_else(|| self.refused("one of its equations is not found"))?;
        self.known.push((family, slots.to_vec(), built));
        Ok(built)
    }

    /// A term, element by element if there is a letter.
    fn term(
        &mut self,
        term: TermId,
        letter: Option<VarId>,
        domain: &Domain,
    ) -> Result<Built, Diagnostic> {
        match self.system.store.node(term).clone() {
            Node::Number(value) => Ok(Built::Number(value.to_f64().unwrap_or(f64::NAN))),
            Node::Pi => Ok(Built::Number(std::f64::consts::PI)),
            Node::Add(parts) => {
                let built: Vec<Built> = parts
                    .iter()
                    .map(|part| self.term(*part, letter, domain))
                    .collect::<Result<_, _>>()?;
                Ok(self.sum(&built))
            }
            Node::Mul(factors) => self.product(&factors, letter, domain),
            Node::Power(base, exponent) => {
                let exponent = self
                    .system
                    .store
                    .as_number(exponent)
                    .and_then(ToPrimitive::to_f64);
                let exponent =
                    exponent.ok_or_else(|| self.refused("it has a power that is no number"))?;
                Ok(match self.term(base, letter, domain)? {
                    Built::Zero => Built::Number(0f64.powf(exponent)),
                    Built::Number(value) => Built::Number(value.powf(exponent)),
                    Built::At(register) => {
                        let length = self.tape.lengths[register].clone();
                        self.push(Operation::Power(register, exponent), length)
                    }
                })
            }
            Node::Access(family, index) => {
                let row = self.system.family(family);
                let (slots, elements) = index.split_at(row.slots);
                let along = match (elements, letter) {
                    ([], _) => true,
                    ([at], Some(letter)) => at.as_var() == Some(letter),
                    _ => false,
                };
                match row.kind {
                    FamilyKind::Input => Ok(self.input(family)),
                    FamilyKind::Defined if along => {
                        let slots = slots.to_vec();
                        self.family(family, &slots)
                    }
                    _ => Err(self.refused("it mixes elements by something that is no weight")),
                }
            }
            Node::Apply(function, orders, arguments) if orders.iter().all(|order| *order == 0) => {
                let built = self.term(arguments[0], letter, domain)?;
                let extra: Option<Vec<f64>> = arguments[1..]
                    .iter()
                    .map(|argument| self.number(*argument))
                    .collect();
                let activation = extra.and_then(|extra| {
                    let system = self.system.clone();
                    Activation::of(system, self.step_at_zero, function, &extra)
                });
                let name = &self.system.function(function).name;
                let activation = activation.ok_or_else(|| {
                    self.refused(format!(
                        "`{name}` is opaque, or has parameters that are no numbers"
                    ))
                })?;
                match built {
                    Built::Zero => Ok(Built::Number(activation.value(0.0))),
                    Built::Number(value) => Ok(Built::Number(activation.value(value))),
                    Built::At(register) => {
                        let same = |other: &Activation| other.is_same(&activation);
                        let known = self.tape.activations.iter().position(same);
                        let at = known.unwrap_or_else(|| {
                            self.tape.activations.push(activation);
                            self.tape.activations.len() - 1
                        });
                        let length = self.tape.lengths[register].clone();
                        Ok(self.push(Operation::Activate(at, register), length))
                    }
                }
            }
            Node::Reduce(Reduction::Sum, vars, inner, body) => match vars[..] {
                [summed] => {
                    let domain = domain.and(&inner);
                    self.weighted(body, letter, summed, &domain)
                }
                _ => Err(self.refused("it sums over more than one letter at once")),
            },
            Node::Index(_)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Apply(..)
            | Node::Guard(_)
            | Node::Test(..)
            | Node::Cases(_) => Err(self.refused("it is more than weights, numbers and functions")),
        }
    }

    /// The value of a term without states.
    fn number(&self, term: TermId) -> Option<f64> {
        let store = &self.system.store;
        match store.node(term) {
            Node::Number(value) => value.to_f64(),
            Node::Access(family, _) => self.given.get(&self.system.family(*family).name).copied(),
            _ => None,
        }
    }

    /// An input that is added.
    fn input(&mut self, family: FamilyId) -> Built {
        let name = &self.system.family(family).name;
        if let Some(value) = self.given.get(name) {
            return Built::Number(*value);
        }
        self.tape.zeroed.push(name.clone());
        Built::Zero
    }

    fn sum(&mut self, built: &[Built]) -> Built {
        let mut constant: Option<f64> = None;
        let mut registers = Vec::new();
        for part in built {
            match part {
                Built::Zero => {}
                Built::Number(value) => constant = Some(constant.unwrap_or(0.0) + value),
                Built::At(register) => registers.push(*register),
            }
        }
        if registers.is_empty() {
            return constant.map_or(Built::Zero, Built::Number);
        }
        if let Some(value) = constant
            && let Built::At(register) = self.push(Operation::Number(value), Length::One)
        {
            registers.push(register);
        }
        match registers[..] {
            [only] => Built::At(only),
            _ => {
                let length = self.longest(&registers);
                self.push(Operation::Add(registers), length)
            }
        }
    }

    /// The length of numbers that are taken element by element.
    fn longest(&self, registers: &[Register]) -> Length {
        let mut lengths = registers
            .iter()
            .map(|register| &self.tape.lengths[*register]);
        let long = lengths.find(|length| **length != Length::One);
        long.cloned().unwrap_or(Length::One)
    }

    fn product(
        &mut self,
        factors: &[TermId],
        letter: Option<VarId>,
        domain: &Domain,
    ) -> Result<Built, Diagnostic> {
        let input = |system: &System, factor: TermId| match system.store.node(factor) {
            Node::Access(family, _) if system.family(*family).kind == FamilyKind::Input => {
                Some(*family)
            }
            _ => None,
        };
        let mut constant = 1.0;
        let mut zero = false;
        let mut registers = Vec::new();
        let mut inputs = Vec::new();
        for factor in factors {
            match input(&self.system, *factor) {
                Some(family) => match self.number(*factor) {
                    Some(value) => constant *= value,
                    None => inputs.push((*factor, family)),
                },
                None => match self.term(*factor, letter, domain)? {
                    Built::Zero => zero = true,
                    Built::Number(value) => constant *= value,
                    Built::At(register) => registers.push(register),
                },
            }
        }
        if zero {
            return Ok(Built::Zero);
        }
        if registers.is_empty() {
            for (_, family) in &inputs {
                self.input(*family);
            }
            return Ok(if inputs.is_empty() {
                Built::Number(constant)
            } else {
                Built::Zero
            });
        }
        if constant.total_cmp(&1.0).is_ne()
            && let Built::At(register) = self.push(Operation::Number(constant), Length::One)
        {
            registers.push(register);
        }
        let length = self.longest(&registers);
        let mut product = match registers[..] {
            [only] => Built::At(only),
            _ => self.push(Operation::Multiply(registers), length),
        };
        for (factor, family) in inputs {
            let Built::At(register) = product else { break };
            if !self.scalar {
                return Err(self.unknown_number(family));
            }
            product = self.weigh(factor, register, Length::One, Length::One, false);
        }
        Ok(product)
    }

    fn unknown_number(&self, family: FamilyId) -> Diagnostic {
        let name = &self.system.family(family).name;
        self.refused(format!(
            "`{name}` is multiplied with, and its value is not known"
        ))
        .help(format!("give it one: --set {name}=0.9"))
    }

    /// A sum over a letter: weights times something.
    fn weighted(
        &mut self,
        body: TermId,
        letter: Option<VarId>,
        summed: VarId,
        domain: &Domain,
    ) -> Result<Built, Diagnostic> {
        let factors = match self.system.store.node(body).clone() {
            Node::Mul(factors) => factors.to_vec(),
            Node::Add(parts) => {
                // A sum of sums.
                let built: Vec<Built> = parts
                    .iter()
                    .map(|part| self.weighted(*part, letter, summed, domain))
                    .collect::<Result<_, _>>()?;
                return Ok(self.sum(&built));
            }
            _ => vec![body],
        };
        let system = &self.system;
        let is_weight = |factor: &TermId| match system.store.node(*factor) {
            Node::Access(family, index) => {
                let row = system.family(*family);
                let elements: Option<Vec<VarId>> =
                    index[row.slots..].iter().map(Affine::as_var).collect();
                let expected = [Some(summed), letter].into_iter().flatten();
                row.kind == FamilyKind::Input
                    && elements.is_some_and(|elements| {
                        let all = expected.clone().all(|letter| elements.contains(&letter));
                        all && elements.len() == expected.count()
                    })
            }
            _ => false,
        };
        let weights: Vec<TermId> = factors.iter().copied().filter(is_weight).collect();
        let rest: Vec<TermId> = factors
            .iter()
            .copied()
            .filter(|it| !is_weight(it))
            .collect();
        // Inputs weighed by inputs are among what is added.
        let all_inputs = factors.iter().all(|factor| self.reads_inputs_only(*factor));
        if all_inputs {
            return self.product(&factors, Some(summed), domain);
        }
        let [weight] = weights[..] else {
            return Err(self.refused("it sums over something else than weights"));
        };
        let input = match self.product(&rest, Some(summed), domain)? {
            Built::At(register) => register,
            Built::Zero => return Ok(Built::Zero),
            Built::Number(0.0) => return Ok(Built::Zero),
            Built::Number(_) => return Err(self.refused("it weighs something constant")),
        };
        let columns = self.extent(domain, &Affine::var(summed))?;
        let rows = match letter {
            Some(letter) => self.extent(domain, &Affine::var(letter))?,
            None => Length::One,
        };
        let Node::Access(family, index) = self.system.store.node(weight) else {
            unreachable!("weights are accesses");
        };
        let last = index.last().and_then(Affine::as_var);
        let turned = self.system.family(*family).axes == 2 && last != Some(summed);
        Ok(self.weigh(weight, input, rows, columns, turned))
    }

    fn reads_inputs_only(&self, term: TermId) -> bool {
        !self.system.store.any(term, |node| match node {
            Node::Access(family, _) => self.system.family(*family).kind != FamilyKind::Input,
            _ => false,
        })
    }

    /// Weights times a register; `turned` if their columns become rows.
    fn weigh(
        &mut self,
        weight: TermId,
        input: Register,
        rows: Length,
        columns: Length,
        turned: bool,
    ) -> Built {
        let Node::Access(family, index) = self.system.store.node(weight).clone() else {
            unreachable!("weights are accesses");
        };
        let slots: Box<[Affine]> = index[..self.system.family(family).slots].into();
        let known = (self.tape.weights.iter())
            .position(|known| known.family == family && known.slots == slots);
        let at = known.unwrap_or_else(|| {
            let own = slots.iter().any(|slot| slot.as_int().is_none());
            let (rows, columns) = (rows.clone(), columns);
            let (rows, columns) = if turned {
                (columns, rows)
            } else {
                (rows, columns)
            };
            self.tape.weights.push(Weight {
                family,
                own,
                uses: 0,
                slots,
                rows,
                columns,
            });
            self.tape.weights.len() - 1
        });
        self.tape.weights[at].uses += 1;
        let operation = Operation::Weigh {
            weight: at,
            turned,
            input,
        };
        self.push(operation, rows)
    }
}
