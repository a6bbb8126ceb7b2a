//! The walk over compiled operations: one element of a block, or one value of a function, at a time.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::system::Primitive;
use crate::term::{Cmp, FunctionId, Reduction};

use super::array::Array;
use super::bodies::Functions;
use super::code::{Code, Op, OpId, Temporary};
use super::contract::{Contraction, Letter, Source};
use super::dual::Jet;
use super::evaluate::Evaluator;
use super::frame::Frame;
use super::nest::{Check, Linear, Lookup, Nest};
use super::scalar::{Scalar, exponent};

impl<'e, 'a, S: Scalar> Evaluator<'e, 'a, S> {
    /// Runs the loops.
    pub(super) fn each(
        &mut self,
        frame: &mut Frame<S>,
        nest: &Nest,
        visit: &mut dyn FnMut(&mut Self, &mut Frame<S>),
    ) {
        if nest
            .before
            .iter()
            .all(|check| self.holds(check, &frame.registers))
        {
            self.each_level(frame, nest, 0, visit);
        }
    }

    fn each_level(
        &mut self,
        frame: &mut Frame<S>,
        nest: &Nest,
        at: usize,
        visit: &mut dyn FnMut(&mut Self, &mut Frame<S>),
    ) {
        let Some(level) = nest.levels.get(at) else {
            visit(self, frame);
            return;
        };
        let register = level.register as usize;
        let outer = frame.registers[register];
        let range = level.range(|bound| self.numerator(bound, &frame.registers));
        let Some((low, high)) = range else {
            self.fail(|_| "a bound of a sum has no value".into());
            return;
        };
        for value in low..=high {
            frame.registers[register] = value;
            if level
                .checks
                .iter()
                .all(|check| self.holds(check, &frame.registers))
            {
                self.each_level(frame, nest, at + 1, visit);
            }
        }
        frame.registers[register] = outer;
    }

    fn holds(&mut self, check: &Check, registers: &[i64]) -> bool {
        self.numerator(&check.linear, registers)
            .is_some_and(|numerator| {
                Check::holds(check.relation, numerator, check.linear.denominator)
            })
    }

    pub(super) fn numerator(&mut self, linear: &Linear, registers: &[i64]) -> Option<i64> {
        let mut sum = linear.constant;
        for (register, coefficient) in &linear.terms {
            sum += coefficient * registers[*register as usize];
        }
        for (lookup, coefficient) in &linear.lookups {
            let value = match lookup {
                Lookup::Size(size, slots) => {
                    let slots: Option<Vec<i64>> = slots
                        .iter()
                        .map(|slot| self.whole(slot, registers))
                        .collect();
                    self.program.instance.size(*size, &slots?)
                }
                Lookup::Read(family, slots) => {
                    let index: Option<Vec<i64>> = slots
                        .iter()
                        .map(|slot| self.whole(slot, registers))
                        .collect();
                    let value = self.element(*family, &index?).value();
                    if !value.is_finite() {
                        return None;
                    }
                    value.round() as i64
                }
            };
            sum += coefficient * value;
        }
        Some(sum)
    }

    /// The whole number that an index expression is; none (and a note) if it is none.
    pub(super) fn whole(&mut self, linear: &Linear, registers: &[i64]) -> Option<i64> {
        let numerator = self.numerator(linear, registers)?;
        if numerator % linear.denominator != 0 {
            self.fail(|_| "an index is not a whole number".into());
            return None;
        }
        Some(numerator / linear.denominator)
    }

    pub(super) fn eval(&mut self, code: &Code, frame: &mut Frame<S>, op: OpId) -> S {
        match &code.ops[op as usize] {
            Op::Number(value) => S::number(*value),
            Op::Parameter(at) => frame.parameters[*at as usize].clone(),
            Op::Load { block, base, steps } => {
                let mut offset = *base;
                for (register, step) in steps {
                    offset += step * frame.registers[*register as usize];
                }
                match &frame.arrays[*block as usize] {
                    Some(array) => S::load(array, offset as usize),
                    None => S::load(&self.load_block(code, frame, *block), offset as usize),
                }
            }
            Op::Index(linear) => match self.numerator(linear, &frame.registers) {
                Some(numerator) => S::number(numerator as f64 / linear.denominator as f64),
                None => S::number(f64::NAN),
            },
            Op::Temporary {
                at,
                letters,
                otherwise,
            } => match place(letters, &frame.registers) {
                Some(offset) => match &frame.temporaries[*at as usize] {
                    Some(array) => S::load(array, offset),
                    None => S::load(&self.temporary(code, frame, *at), offset),
                },
                None => self.eval(code, frame, *otherwise),
            },
            Op::Memo { at, of } => {
                let memo = &code.memos[*at as usize];
                let Some(offset) = place(&memo.letters, &frame.registers) else {
                    return self.eval(code, frame, *of);
                };
                if let Some(Some(value)) = frame.memos[*at as usize].get(offset) {
                    return value.clone();
                }
                let value = self.eval(code, frame, *of);
                let table = &mut frame.memos[*at as usize];
                if table.is_empty() {
                    table.resize(memo.length, None);
                }
                table[offset] = Some(value.clone());
                value
            }
            Op::Invalid(why) => self.fail(|_| why.clone()),
            Op::Read { .. }
            | Op::ReadAt { .. }
            | Op::Reduce(..)
            | Op::Add(_)
            | Op::Mul(..)
            | Op::Power(..)
            | Op::Primitive(..)
            | Op::Call(..)
            | Op::Derived(..)
            | Op::Guard(_)
            | Op::Test(..)
            | Op::Cases(_) => crate::stack::deep(|| self.branch(code, frame, op)),
        }
    }

    fn branch(&mut self, code: &Code, frame: &mut Frame<S>, op: OpId) -> S {
        match &code.ops[op as usize] {
            Op::Read { block, index } => {
                let id = code.blocks[*block as usize];
                let shape = self.program.block(id);
                let mut dense: SmallVec<[i64; 4]> = SmallVec::new();
                for linear in index {
                    match self.whole(linear, &frame.registers) {
                        Some(value) => dense.push(value),
                        None => return S::number(f64::NAN),
                    }
                }
                let offset = shape.layout.offset(&dense);
                match offset {
                    Some(offset) if self.program.is_element(&shape, offset) => {
                        S::load(&self.load_block(code, frame, *block), offset)
                    }
                    _ => {
                        let full = self.program.full_index(shape.family, &shape.keys, &dense);
                        self.outside(shape.family, &full)
                    }
                }
            }
            Op::ReadAt { family, index } => {
                let mut full: SmallVec<[i64; 6]> = SmallVec::new();
                for linear in index {
                    match self.whole(linear, &frame.registers) {
                        Some(value) => full.push(value),
                        None => return S::number(f64::NAN),
                    }
                }
                self.element_among(Some(&mut frame.slots), *family, &full)
            }
            Op::Add(terms) => {
                let mut sum = self.eval(code, frame, terms[0]);
                for term in &terms[1..] {
                    let value = self.eval(code, frame, *term);
                    sum = sum.plus(&value);
                }
                sum
            }
            Op::Mul(conditions, factors) => {
                let mut product = self.eval(code, frame, factors[0]);
                for (at, factor) in factors.iter().enumerate().skip(1) {
                    if at <= *conditions && product.value() == 0.0 {
                        return S::number(0.0);
                    }
                    let value = self.eval(code, frame, *factor);
                    product = product.times(&value);
                }
                product
            }
            Op::Power(base, exponent) => {
                let base = self.eval(code, frame, *base);
                let exponent = self.eval(code, frame, *exponent);
                let root = exponent.value() > 0.0 && exponent.value() < 1.0;
                if root && base.value() == 0.0 {
                    // The value stands, but a point like this tells nothing of derivatives.
                    let _ = self.fail(|_| "a root of 0 has no derivative".to_owned());
                }
                base.power(&exponent)
            }
            Op::Primitive(primitive, argument) => {
                let argument = self.eval(code, frame, *argument);
                self.primitive(*primitive, &argument)
            }
            Op::Call(function, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|at| self.eval(code, frame, *at))
                    .collect();
                self.call(*function, arguments)
            }
            Op::Derived(function, orders, arguments) => {
                let arguments: Vec<S> = arguments
                    .iter()
                    .map(|at| self.eval(code, frame, *at))
                    .collect();
                self.derived(*function, orders, &arguments)
            }
            Op::Guard(checks) => {
                let holds = checks
                    .iter()
                    .all(|check| self.holds(check, &frame.registers));
                S::number(f64::from(u8::from(holds)))
            }
            Op::Test(cmp, left, right) => {
                let left = self.eval(code, frame, *left);
                let right = self.eval(code, frame, *right);
                self.kink(&left.minus(&right));
                let (left, right) = (left.value(), right.value());
                let holds = match cmp {
                    Cmp::Greater => left > right,
                    Cmp::GreaterEqual => left >= right,
                    Cmp::Equal => left - right == 0.0,
                    Cmp::NotEqual => left - right != 0.0,
                };
                if left.is_nan() || right.is_nan() {
                    return S::number(f64::NAN);
                }
                S::number(f64::from(u8::from(holds)))
            }
            Op::Cases(branches) => {
                for (condition, value) in branches {
                    if self.eval(code, frame, *condition).value() != 0.0 {
                        return self.eval(code, frame, *value);
                    }
                }
                self.fail(|_| "no case applies".into())
            }
            Op::Reduce(reduction, nest, body) => self.reduce(code, frame, *reduction, nest, *body),
            Op::Number(_)
            | Op::Parameter(_)
            | Op::Load { .. }
            | Op::Index(_)
            | Op::Temporary { .. }
            | Op::Memo { .. }
            | Op::Invalid(_) => unreachable!("leaves are evaluated by `eval`"),
        }
    }

    fn reduce(
        &mut self,
        code: &Code,
        frame: &mut Frame<S>,
        reduction: Reduction,
        nest: &Nest,
        body: OpId,
    ) -> S {
        match reduction {
            Reduction::Sum => {
                let mut sum = S::number(0.0);
                self.each(frame, nest, &mut |evaluator, frame| {
                    let value = evaluator.eval(code, frame, body);
                    sum = sum.plus(&value);
                });
                sum
            }
            Reduction::Product => {
                let mut product = S::number(1.0);
                self.each(frame, nest, &mut |evaluator, frame| {
                    let value = evaluator.eval(code, frame, body);
                    product = product.times(&value);
                });
                product
            }
            Reduction::Max | Reduction::Min => {
                let mut all: Vec<S> = Vec::new();
                self.each(frame, nest, &mut |evaluator, frame| {
                    let value = evaluator.eval(code, frame, body);
                    all.push(value);
                });
                let Some(mut best) = all.pop() else {
                    return self.fail(|_| "a maximum or minimum over nothing".into());
                };
                while let Some(next) = all.pop() {
                    self.kink(&next.minus(&best));
                    if next.value().is_nan() || best.value().is_nan() {
                        return S::number(f64::NAN);
                    }
                    best = if reduction == Reduction::Max {
                        next.maximum(&best, self.step_at_zero)
                    } else {
                        next.minimum(&best, self.step_at_zero)
                    };
                }
                best
            }
        }
    }

    fn kink(&mut self, argument: &S) {
        if argument.value() == 0.0 {
            self.met |= argument.moves();
        }
        if let Some(id) = self.reading.last() {
            self.values.kinks[id.0 as usize].push(argument.value());
        }
    }

    fn exponential(&mut self, exponent: f64) {
        if let Some(id) = self.reading.last() {
            let largest = &mut self.values.exponents[id.0 as usize];
            *largest = largest.max(exponent);
        }
    }

    fn primitive(&mut self, primitive: Primitive, argument: &S) -> S {
        match primitive {
            Primitive::Relu | Primitive::Step => self.kink(argument),
            _ => self.exponential(exponent(primitive, argument.value())),
        }
        argument.apply(primitive, self.step_at_zero)
    }

    /// A function with a body at its arguments, or an opaque one.
    fn call(&mut self, function: FunctionId, arguments: Vec<S>) -> S {
        let mut inner = self.inner();
        let value = inner.function(function, arguments);
        self.adopt(inner);
        value
    }

    /// A derivative of a function, through its value.
    fn derived(&mut self, function: FunctionId, orders: &[u8], arguments: &[S]) -> S {
        let lanes: SmallVec<[Jet; 1]> = (0..S::LANES.max(1))
            .map(|lane| {
                let jets = arguments.iter().map(|argument| argument.to_jet(lane));
                self.derived_jet(function, orders, jets.collect())
            })
            .collect();
        S::of_jets(&lanes)
    }

    fn derived_jet(&mut self, function: FunctionId, orders: &[u8], mut jets: Vec<Jet>) -> Jet {
        let first = jets.iter().map(Jet::order).max().unwrap_or(0);
        let mut count = 0;
        for (jet, order) in jets.iter_mut().zip(orders) {
            for _ in 0..*order {
                *jet = jet.perturbed(first + count);
                count += 1;
            }
        }
        let mut inner = self.inner();
        let value = inner.function(function, jets);
        self.adopt(inner);
        value.coefficient(first, count)
    }

    fn inner(&self) -> Functions<'e, 'a> {
        Functions {
            program: self.program,
            seed: self.point.seed,
            step_at_zero: self.step_at_zero,
            kinks: Vec::new(),
            met: 0,
            trouble: None,
            exponent: 0.0,
        }
    }

    fn adopt(&mut self, inner: Functions<'_, '_>) {
        self.met |= inner.met;
        if let Some(id) = self.reading.last() {
            self.values.kinks[id.0 as usize].extend(inner.kinks);
        }
        self.exponential(inner.exponent);
        if self.trouble.is_none() {
            self.trouble = inner.trouble;
        }
    }

    pub(super) fn temporary(&mut self, code: &Code, frame: &mut Frame<S>, at: u32) -> Rc<Array> {
        if let Some(array) = &frame.temporaries[at as usize] {
            return Rc::clone(array);
        }
        let array = match &code.temporaries[at as usize] {
            Temporary::Fill(op, letters) => {
                let length = letters
                    .iter()
                    .map(|letter| letter.extent as usize)
                    .product();
                let mut array = Array::filled(length, 0.0);
                let saved: Vec<i64> = letters
                    .iter()
                    .map(|letter| frame.registers[letter.register as usize])
                    .collect();
                for letter in letters {
                    frame.registers[letter.register as usize] = letter.low;
                }
                for offset in 0..length {
                    let value = self.eval(code, frame, *op);
                    value.store(&mut array, offset);
                    for letter in letters.iter().rev() {
                        let register = &mut frame.registers[letter.register as usize];
                        *register += 1;
                        if *register < letter.low + letter.extent {
                            break;
                        }
                        *register = letter.low;
                    }
                }
                for (letter, value) in letters.iter().zip(saved) {
                    frame.registers[letter.register as usize] = value;
                }
                array
            }
            Temporary::Contract(contraction) => {
                let array = self.contraction(code, frame, contraction, at);
                frame.temporaries[at as usize] = Some(Rc::clone(&array));
                return array;
            }
        };
        let array = Rc::new(array);
        frame.temporaries[at as usize] = Some(Rc::clone(&array));
        array
    }

    /// A sum of products. What is known of it at the same point without the shift is not computed again.
    fn contraction(
        &mut self,
        code: &Code,
        frame: &mut Frame<S>,
        contraction: &Contraction,
        at: u32,
    ) -> Rc<Array> {
        let first = self.source(code, frame, contraction.first.source);
        let second = contraction
            .second
            .as_ref()
            .map(|operand| self.source(code, frame, operand.source));
        let key = frame.home.map(|home| (home, at));
        let known = match (&self.base, key) {
            (Some((base, _)), Some(key)) => base.sums.get(&key).cloned(),
            _ => None,
        };
        if let Some(known) = &known {
            let moves = |source: Source, array: &Rc<Array>| {
                if S::LANES > 0 {
                    return array.tangents.is_some();
                }
                let before = match source {
                    Source::Block(slot) => self.before(code.blocks[slot as usize]),
                    Source::Temporary(at) => self.sum_before(frame.home, at),
                };
                !before.is_some_and(|before| Rc::ptr_eq(before, array))
            };
            let still = !moves(contraction.first.source, &first)
                && contraction
                    .second
                    .as_ref()
                    .zip(second.as_ref())
                    .is_none_or(|(operand, second)| !moves(operand.source, second));
            if still && !S::MAGNITUDES {
                return Rc::clone(known);
            }
        }
        let known = known.filter(|_| S::LANES > 0);
        let array = Rc::new(contraction.run(
            &first,
            second.as_deref(),
            S::LANES,
            S::MAGNITUDES,
            known.as_deref(),
        ));
        if let (None, 0, Some(key)) = (&self.base, S::LANES, key) {
            self.values.sums.insert(key, Rc::clone(&array));
        }
        array
    }

    fn source(&mut self, code: &Code, frame: &mut Frame<S>, source: Source) -> Rc<Array> {
        match source {
            Source::Block(slot) => self.load_block(code, frame, slot),
            Source::Temporary(at) => self.temporary(code, frame, at),
        }
    }
}

/// The place of the registers' values in a box, if they are in it.
fn place(letters: &[Letter], registers: &[i64]) -> Option<usize> {
    let mut offset = 0;
    for letter in letters {
        let step = registers[letter.register as usize] - letter.low;
        if step < 0 || step >= letter.extent {
            return None;
        }
        offset = offset * letter.extent + step;
    }
    Some(offset as usize)
}
