//! Terms as operations: sums, products, functions, and sums over letters, with weights or without.

use num_traits::ToPrimitive;

use super::activation::Activation;
use super::frame::Frame;
use super::tape::{Fold, Operation, Register, Weight};
use super::writer::{Built, Writer};
use crate::source::Diagnostic;
use crate::term::{Affine, Atom, Domain, FamilyId, FunctionId, Node, Reduction, TermId, VarId};

impl Writer<'_> {
    /// A term for all values of the letters of a frame.
    pub(super) fn term(&mut self, term: TermId, frame: &Frame) -> Result<Built, Diagnostic> {
        match self.system.store.node(term).clone() {
            Node::Number(value) => Ok(Built::Number(value.to_f64().unwrap_or(f64::NAN))),
            Node::Pi => Ok(Built::Number(std::f64::consts::PI)),
            Node::Index(value) => self.count(&value, frame),
            Node::Add(parts) => {
                let built: Vec<Built> = parts
                    .iter()
                    .map(|part| self.term(*part, frame))
                    .collect::<Result<_, _>>()?;
                Ok(self.sum(built, frame))
            }
            Node::Mul(_) => {
                let factors = self.factors(term);
                self.product(&factors, frame)
            }
            Node::Power(base, exponent) => {
                let exponent = self
                    .system
                    .store
                    .as_number(exponent)
                    .and_then(ToPrimitive::to_f64);
                let exponent =
                    exponent.ok_or_else(|| self.refused("it has a power that is no number"))?;
                Ok(match self.term(base, frame)? {
                    Built::Zero => Built::Number(0f64.powf(exponent)),
                    Built::Number(value) => Built::Number(value.powf(exponent)),
                    Built::At(register, letters) => {
                        let shape = self.tape.shapes[register].clone();
                        Built::At(
                            self.push(Operation::Power(register, exponent), shape),
                            letters,
                        )
                    }
                })
            }
            Node::Access(family, _) if self.is_input(family) => Ok(self.input(family)),
            Node::Access(family, index) => {
                let (slots, elements) = index.split_at(self.system.family(family).slots);
                self.element(family, slots, elements, frame)
            }
            Node::Apply(function, orders, arguments) if orders.iter().all(|order| *order == 0) => {
                self.applied(function, &arguments, frame)
            }
            Node::Reduce(Reduction::Sum, vars, inner, body) => {
                let inner = self.sized_domain(&inner);
                let inside = self.framed(&frame.letters, &vars, &inner.and(&frame.domain))?;
                self.summed(body, &vars, &inner, &inside)
            }
            Node::Reduce(kind @ (Reduction::Max | Reduction::Min), vars, inner, body) => {
                let inner = self.sized_domain(&inner);
                let inside = self.framed(&frame.letters, &vars, &inner.and(&frame.domain))?;
                if !self.beyond(&inside, &inner).is_everything() {
                    return Err(self.refused("it has a maximum over some of the elements"));
                }
                let fold = if kind == Reduction::Max {
                    Fold::Greatest
                } else {
                    Fold::Least
                };
                match self.term(body, &inside)? {
                    Built::At(register, letters) => {
                        Ok(self.folded(fold, register, &letters, &vars, &inside))
                    }
                    constant => Ok(constant),
                }
            }
            Node::Guard(domain) => {
                let domain = self.sized_domain(&domain);
                Ok(self.mask(frame, &domain)?.unwrap_or(Built::Number(1.0)))
            }
            Node::Cases(branches) => self.cases(&branches, frame),
            Node::Reduce(Reduction::Product, ..) => {
                Err(self.refused("it has a product over letters"))
            }
            Node::Test(..) => Err(self.refused("it compares values")),
            Node::Parameter(_) | Node::Apply(..) => {
                Err(self.refused("it is more than weights, numbers and functions"))
            }
        }
    }

    /// An expression in sizes and letters as a number.
    fn count(&mut self, value: &Affine, frame: &Frame) -> Result<Built, Diagnostic> {
        let value = self.sized(value);
        if let Some(value) = value.as_int() {
            return Ok(Built::Number(value as f64));
        }
        let mut letters = frame.all();
        letters.retain(|letter| value.mentions(*letter));
        let of_step = value
            .terms()
            .iter()
            .any(|(atom, _)| matches!(atom, Atom::Var(letter) if !letters.contains(letter)));
        if of_step || value.reads() {
            return Err(self.refused("it depends on the number of the step"));
        }
        let shape = frame.lengths(&letters);
        let operation = Operation::Count {
            letters: letters.clone(),
            value,
        };
        Ok(Built::At(self.push(operation, shape), letters))
    }

    /// The value behind the first condition that holds.
    fn cases(&mut self, branches: &[(TermId, TermId)], frame: &Frame) -> Result<Built, Diagnostic> {
        let mut parts = Vec::new();
        // Where none of the conditions so far holds.
        let mut left = vec![Built::Number(1.0)];
        for (condition, value) in branches {
            let holds = self.term(*condition, frame)?;
            let value = self.term(*value, frame)?;
            let factors = [left.clone(), vec![holds.clone(), value]].concat();
            parts.push(self.times(factors, frame));
            let minus = self.times(vec![Built::Number(-1.0), holds], frame);
            left.push(self.sum(vec![Built::Number(1.0), minus], frame));
        }
        Ok(self.sum(parts, frame))
    }

    fn applied(
        &mut self,
        function: FunctionId,
        arguments: &[TermId],
        frame: &Frame,
    ) -> Result<Built, Diagnostic> {
        let built = self.term(arguments[0], frame)?;
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
        Ok(match built {
            Built::Zero => Built::Number(activation.value(0.0)),
            Built::Number(value) => Built::Number(activation.value(value)),
            Built::At(register, letters) => {
                let at = self.function(activation);
                let shape = self.tape.shapes[register].clone();
                Built::At(self.push(Operation::Apply(at, register), shape), letters)
            }
        })
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

    /// A sum, element by element.
    pub(super) fn sum(&mut self, built: Vec<Built>, frame: &Frame) -> Built {
        let mut constant: Option<f64> = None;
        let mut registers = Vec::new();
        for part in built {
            match part {
                Built::Zero => {}
                Built::Number(value) => constant = Some(constant.unwrap_or(0.0) + value),
                Built::At(register, letters) => registers.push((register, letters)),
            }
        }
        if registers.is_empty() {
            return constant.map_or(Built::Zero, Built::Number);
        }
        if let Some(value) = constant {
            let number = self.push(Operation::Number(value), Vec::new());
            registers.push((number, Vec::new()));
        }
        self.joint(registers, frame, Operation::Add)
    }

    /// A product of what is built, element by element.
    pub(super) fn times(&mut self, built: Vec<Built>, frame: &Frame) -> Built {
        let mut constant = 1.0;
        let mut registers = Vec::new();
        for factor in built {
            match factor {
                Built::Zero => return Built::Zero,
                Built::Number(value) => constant *= value,
                Built::At(register, letters) => registers.push((register, letters)),
            }
        }
        if registers.is_empty() || constant == 0.0 {
            return Built::Number(constant);
        }
        if constant.total_cmp(&1.0).is_ne() {
            let number = self.push(Operation::Number(constant), Vec::new());
            registers.push((number, Vec::new()));
        }
        self.joint(registers, frame, Operation::Multiply)
    }

    fn joint(
        &mut self,
        registers: Vec<(Register, Vec<VarId>)>,
        frame: &Frame,
        operation: fn(Vec<Register>) -> Operation,
    ) -> Built {
        let (registers, letters) = self.aligned(registers, frame);
        match registers[..] {
            [only] => Built::At(only, letters),
            _ => {
                let shape = frame.lengths(&letters);
                Built::At(self.push(operation(registers), shape), letters)
            }
        }
    }

    /// The factors of a product, those of products in it too.
    fn factors(&self, term: TermId) -> Vec<TermId> {
        match self.system.store.node(term) {
            Node::Mul(factors) => factors
                .iter()
                .flat_map(|factor| self.factors(*factor))
                .collect(),
            _ => vec![term],
        }
    }

    fn product(&mut self, factors: &[TermId], frame: &Frame) -> Result<Built, Diagnostic> {
        let mut built = Vec::new();
        let mut inputs = Vec::new();
        for factor in factors {
            match self.system.store.node(*factor) {
                Node::Access(family, _) if self.is_input(*family) => match self.number(*factor) {
                    Some(value) => built.push(Built::Number(value)),
                    None => inputs.push((*factor, *family)),
                },
                _ => built.push(self.term(*factor, frame)?),
            }
        }
        let product = self.times(built, frame);
        let Built::At(mut register, mut letters) = product else {
            for (_, family) in &inputs {
                self.input(*family);
            }
            return Ok(if inputs.is_empty() {
                product
            } else {
                Built::Zero
            });
        };
        for (factor, family) in inputs {
            if !self.scalar || !letters.is_empty() {
                return Err(self.unknown_number(family));
            }
            register = self.weigh(factor, &[], register, &letters, frame)?;
            letters.extend(self.weight_letters(factor).unwrap_or_default());
        }
        Ok(Built::At(register, letters))
    }

    fn unknown_number(&self, family: FamilyId) -> Diagnostic {
        let name = &self.system.family(family).name;
        self.refused(format!(
            "`{name}` is multiplied with, and its value is not known"
        ))
        .help(format!("give it one: --set {name}=0.9"))
    }

    /// A sum over letters of a frame where a condition holds: weights times something, or elements that are added up.
    fn summed(
        &mut self,
        body: TermId,
        vars: &[VarId],
        holds: &Domain,
        inside: &Frame,
    ) -> Result<Built, Diagnostic> {
        if let Node::Add(parts) = self.system.store.node(body).clone() {
            let built: Vec<Built> = parts
                .iter()
                .map(|part| self.summed(*part, vars, holds, inside))
                .collect::<Result<_, _>>()?;
            return Ok(self.sum(built, inside));
        }
        let factors = self.factors(body);
        // Inputs weighed by inputs are among what is added.
        if factors.iter().all(|factor| self.reads_inputs_only(*factor)) {
            return self.product(&factors, inside);
        }
        let is_weight = |factor: &&TermId| {
            self.number(**factor).is_none()
                && self
                    .weight_letters(**factor)
                    .is_some_and(|letters| letters.iter().any(|letter| vars.contains(letter)))
        };
        let mut weights: Vec<TermId> = factors.iter().filter(is_weight).copied().collect();
        let rest: Vec<TermId> = (factors.iter().copied())
            .filter(|factor| !weights.contains(factor))
            .collect();
        let beyond = self.beyond(inside, holds);
        let mut rows = (weights
            .iter()
            .flat_map(|weight| self.weight_letters(*weight)))
        .flatten()
        .filter(|letter| !vars.contains(letter));
        if rows.any(|letter| beyond.mentions(letter)) {
            return Err(self.refused("some of its weights are masked"));
        }
        let mut built = vec![self.product(&rest, inside)?];
        built.extend(self.mask(inside, holds)?);
        let (mut register, mut letters) = match self.times(built, inside) {
            Built::At(register, letters) => (register, letters),
            Built::Zero | Built::Number(0.0) => return Ok(Built::Zero),
            Built::Number(value) if weights.is_empty() => {
                (self.push(Operation::Number(value), Vec::new()), Vec::new())
            }
            Built::Number(_) => return Err(self.refused("it weighs something constant")),
        };
        let mut open = vars.to_vec();
        // The nearest to the states first: those that share a letter with what they are applied to.
        while !weights.is_empty() {
            let of =
                |writer: &Self, weight: TermId| writer.weight_letters(weight).unwrap_or_default();
            let next = weights.iter().position(|weight| {
                let own = of(self, *weight);
                let met = own.iter().filter(|letter| vars.contains(letter));
                met.clone().any(|letter| letters.contains(letter))
                    && own.iter().all(|letter| {
                        let alone = weights
                            .iter()
                            .all(|other| other == weight || !of(self, *other).contains(letter));
                        !letters.contains(letter) || vars.contains(letter) && alone
                    })
            });
            let next = next.ok_or_else(|| {
                self.refused("its weights are different from element to element of what they weigh")
            })?;
            let weight = weights.remove(next);
            let own = of(self, weight);
            let summed: Vec<VarId> = (own.iter().copied())
                .filter(|letter| letters.contains(letter))
                .collect();
            register = self.weigh(weight, &summed, register, &letters, inside)?;
            open.retain(|letter| !summed.contains(letter));
            letters.retain(|letter| !summed.contains(letter));
            letters.extend(own.iter().filter(|letter| !summed.contains(letter)));
        }
        Ok(self.folded(Fold::Sum, register, &letters, &open, inside))
    }

    /// The letters of an entry of an array that is given; none if it is something else.
    fn weight_letters(&self, term: TermId) -> Option<Vec<VarId>> {
        let Node::Access(family, index) = self.system.store.node(term) else {
            return None;
        };
        let slots = self.system.family(*family).slots;
        let letters: Vec<VarId> = index[slots..]
            .iter()
            .map(Affine::as_var)
            .collect::<Option<_>>()?;
        let once = (1..letters.len()).all(|at| !letters[..at].contains(&letters[at]));
        (self.is_input(*family) && once).then_some(letters)
    }

    fn reads_inputs_only(&self, term: TermId) -> bool {
        !self.system.store.any(term, |node| match node {
            Node::Access(family, _) => !self.is_input(*family),
            _ => false,
        })
    }

    /// A register folded over letters, those that it does not have included.
    fn folded(
        &mut self,
        fold: Fold,
        register: Register,
        letters: &[VarId],
        vars: &[VarId],
        inside: &Frame,
    ) -> Built {
        let over: Vec<VarId> = match fold {
            Fold::Sum => vars.to_vec(),
            Fold::Greatest | Fold::Least => {
                let has = |var: &VarId| letters.contains(var);
                vars.iter().copied().filter(has).collect()
            }
        };
        let kept: Vec<VarId> = (letters.iter().copied())
            .filter(|letter| !vars.contains(letter))
            .collect();
        if over.is_empty() {
            return Built::At(register, kept);
        }
        let wanted = [kept.as_slice(), &over].concat();
        let arranged = self.arranged(register, letters, &wanted, inside);
        let shape = inside.lengths(&kept);
        Built::At(self.push(Operation::Fold(fold, arranged), shape), kept)
    }

    /// Weights times a register, over letters that both have. The register that comes of it has the letters of the other
    /// one that are left, then those of the weights.
    fn weigh(
        &mut self,
        weight: TermId,
        over: &[VarId],
        input: Register,
        letters: &[VarId],
        frame: &Frame,
    ) -> Result<Register, Diagnostic> {
        let Node::Access(family, index) = self.system.store.node(weight).clone() else {
            unreachable!("weights are accesses");
        };
        let own = self.weight_letters(weight).unwrap_or_default();
        let slots: Box<[Affine]> = index[..self.system.family(family).slots].into();
        let summed: Vec<bool> = own.iter().map(|letter| over.contains(letter)).collect();
        let left: Vec<VarId> = (own.iter().copied())
            .filter(|letter| !over.contains(letter))
            .collect();
        let along: Vec<VarId> = (own.iter().copied())
            .filter(|letter| over.contains(letter))
            .collect();
        if frame.lengths(&own).len() < own.len() {
            return Err(self.refused("which weights it has depends on the number of the step"));
        }
        let known = (self.tape.weights.iter())
            .position(|known| known.family == family && known.slots == slots);
        let at = known.unwrap_or_else(|| {
            self.tape.weights.push(Weight {
                family,
                own: slots.iter().any(|slot| slot.as_int().is_none()),
                uses: 0,
                slots,
                summed: summed.clone(),
                rows: frame.lengths(&left),
                columns: frame.lengths(&along),
            });
            self.tape.weights.len() - 1
        });
        let first = &self.tape.weights[at].summed;
        let turned = *first != summed;
        if turned && !first.iter().zip(&summed).all(|(a, b)| a != b) {
            return Err(self.refused("the same weights are summed over other letters elsewhere"));
        }
        self.tape.weights[at].uses += 1;
        let kept: Vec<VarId> = (letters.iter().copied())
            .filter(|letter| !over.contains(letter))
            .collect();
        let input = self.arranged(input, letters, &[kept.as_slice(), &along].concat(), frame);
        let shape = frame.lengths(&[kept, left].concat());
        let operation = Operation::Weigh {
            weight: at,
            turned,
            input,
        };
        Ok(self.push(operation, shape))
    }
}
