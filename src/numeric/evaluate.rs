//! Values of families at a point, computed on demand and kept.

use std::marker::PhantomData;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::functions::MatrixFunction;
use crate::system::{FamilyKind, System};
use crate::term::{Cmp, FamilyId, FunctionId, Reduction};

use super::array::Array;
use super::code::{Code, Op, OpId, Temporary};
use super::contract::{Letter, Source};
use super::dual::{Dual, Jet};
use super::frame::{Frame, Slots};
use super::linear::{self, Square};
use super::names;
use super::nest::{Check, Linear, Lookup, Nest};
use super::opaque::Smooth;
use super::program::{Block, BlockId, Owner, Program};
use super::scalar::{Scalar, exponent};
use super::values::{Point, Shift, Values};

/// Evaluates a program at a point, over numbers or over numbers with derivatives.
#[derive(Debug)]
pub(crate) struct Evaluator<'e, 'a, S> {
    program: &'e Program<'a>,
    point: &'e Point,
    step_at_zero: f64,
    /// Values at the same point without the shift, and which blocks the shift changes.
    base: Option<(&'e Values, Vec<bool>)>,
    shift: Option<&'e Shift>,
    /// The only block besides the shifted ones whose values depend on the shift.
    only: Option<BlockId>,
    /// Local derivatives: of one block by one element of another.
    locals: FxHashMap<(BlockId, BlockId, usize), Rc<Array>>,
    pub(crate) values: Values,
    /// What was kept for blocks that are evaluated one element at a time.
    frames: FxHashMap<BlockId, Frame<S>>,
    reading: SmallVec<[BlockId; 8]>,
    /// The first thing that had no value.
    pub(crate) trouble: Option<String>,
    /// How large arguments of exponentials were, up or down.
    pub(crate) exponent: f64,
    scalar: PhantomData<S>,
}

/// The block `of` with its derivatives by one element of another, everything else that it reads being constant: what
/// a definition gives where only its own reads are differentiated.
pub(crate) fn slopes(
    program: &Program<'_>,
    point: &Point,
    step_at_zero: f64,
    base: &Values,
    of: BlockId,
    (by, place): (BlockId, usize),
) -> Rc<Array> {
    let shift = Shift::unit(program, by, place);
    let mut open = base.affected(std::iter::empty());
    for (at, flag) in open.iter_mut().enumerate() {
        let id = BlockId(at as u32);
        *flag |= id == by || id == of || program.is_inside(program.block(id).family);
    }
    let mut duals = Evaluator::<Dual> {
        base: Some((base, open)),
        shift: Some(&shift),
        only: Some(of),
        ..Evaluator::new(program, point, step_at_zero)
    };
    duals.array(of)
}

impl<'e, 'a, S: Scalar> Evaluator<'e, 'a, S> {
    /// An evaluation from nothing.
    pub(crate) fn new(program: &'e Program<'a>, point: &'e Point, step_at_zero: f64) -> Self {
        Self {
            program,
            point,
            step_at_zero,
            base: None,
            shift: None,
            only: None,
            locals: FxHashMap::default(),
            values: Values::default(),
            frames: FxHashMap::default(),
            reading: SmallVec::new(),
            trouble: None,
            exponent: 0.0,
            scalar: PhantomData,
        }
    }

    /// An evaluation that shares what the shift does not change.
    pub(crate) fn shifted(
        program: &'e Program<'a>,
        point: &'e Point,
        step_at_zero: f64,
        base: &'e Values,
        shift: &'e Shift,
    ) -> Self {
        let affected = base.affected(shift.blocks.keys().copied());
        Self {
            base: Some((base, affected)),
            shift: Some(shift),
            values: program.spare_values(),
            ..Self::new(program, point, step_at_zero)
        }
    }

    /// Ends the evaluation: the memory of its values serves the next one.
    pub(crate) fn end(self) {
        self.program.keep_values(self.values);
    }

    /// An evaluation of further blocks at the same point.
    pub(crate) fn over(
        program: &'e Program<'a>,
        point: &'e Point,
        step_at_zero: f64,
        base: &'e Values,
    ) -> Self {
        Self {
            base: Some((base, base.affected(std::iter::empty()))),
            ..Self::new(program, point, step_at_zero)
        }
    }

    fn fail(&mut self, why: impl FnOnce(&System) -> String) -> S {
        if self.trouble.is_none() {
            self.trouble = Some(why(self.program.system));
        }
        S::number(f64::NAN)
    }

    /// The values of a block.
    pub(crate) fn array(&mut self, id: BlockId) -> Rc<Array> {
        // Who reads whom is asked of the values that others are evaluated over.
        if self.base.is_none()
            && let Some(reader) = self.reading.last()
        {
            let reads = &mut self.values.reads[reader.0 as usize];
            if reads.last() != Some(&id) {
                reads.push(id);
            }
        }
        if let Some(array) = self.values.array(id) {
            return Rc::clone(array);
        }
        if let Some((base, affected)) = &self.base
            && affected.get(id.0 as usize) == Some(&false)
            && let Some(array) = base.array(id)
        {
            return Rc::clone(array);
        }
        self.values.grow(self.program.block_count());
        if std::mem::replace(&mut self.values.active[id.0 as usize], true) {
            let block = self.program.block(id);
            self.fail(|system| {
                format!(
                    "{} depends on itself",
                    names::family(system, block.family, &block.keys)
                )
            });
            return Rc::new(Array::filled(block.layout.len(), f64::NAN));
        }
        self.reading.push(id);
        let array = crate::stack::deep(|| Rc::new(self.compute(id)));
        self.reading.pop();
        self.values.active[id.0 as usize] = false;
        // Compiling may have found new blocks.
        self.values.grow(self.program.block_count());
        self.values.arrays[id.0 as usize] = Some(Rc::clone(&array));
        self.values.order.push(id);
        array
    }

    /// One element of a block of one piece that nothing reads, without the others.
    pub(crate) fn alone(&mut self, id: BlockId, offset: usize) -> S {
        let block = self.program.block(id);
        let Some(code) = self.program.code(&block, 0) else {
            return S::number(f64::NAN);
        };
        self.values.grow(self.program.block_count());
        let mut frame = self.frames.remove(&id).unwrap_or_else(|| {
            self.values.order.push(id);
            Frame::new(&code, Vec::new())
        });
        for (target, value) in code.target.iter().zip(block.layout.index(offset)) {
            for (register, sign) in &target.terms {
                frame.registers[*register as usize] = sign * (value - target.constant);
            }
        }
        self.reading.push(id);
        let value = self.eval(&code, &mut frame, code.root);
        self.reading.pop();
        self.frames.insert(id, frame);
        value
    }

    fn compute(&mut self, id: BlockId) -> Array {
        let block = self.program.block(id);
        let mut array = if let Some(given) = self.point.given.get(&id) {
            (**given).clone()
        } else {
            let mut array =
                Array::filled(block.layout.len(), if block.holes { f64::NAN } else { 0.0 });
            if matches!(
                self.program.kind(block.family),
                Some(FamilyKind::OpaqueLoss(_))
            ) {
                let smooth = self.smooth_loss(block.family);
                let value: S = smooth.value(&smooth.arguments(self), self.step_at_zero);
                value.store(&mut array, 0);
            } else if let Some(FamilyKind::OfMatrix { row, of }) = self.program.kind(block.family) {
                self.of_matrix(row.function, *of, &block, &mut array);
            } else {
                for at in 0..block.pieces.len() {
                    self.piece(&block, at, &mut array);
                }
            }
            array
        };
        if self.only.is_some_and(|only| only != id) && !self.program.is_inside(block.family) {
            array.tangents = None;
        }
        if let Some(added) = self.shift.and_then(|shift| shift.blocks.get(&id)) {
            if S::TANGENTS {
                let magnitudes = S::MAGNITUDES;
                for (tangent, added) in array.tangents_mut().iter_mut().zip(added) {
                    *tangent += added;
                }
                if magnitudes {
                    for (pair, added) in array.magnitudes_mut().iter_mut().zip(added) {
                        pair.1 += added.abs();
                    }
                }
            } else {
                for (value, added) in array.values.iter_mut().zip(added) {
                    *value += added;
                }
            }
        }
        array
    }

    /// A function of a matrix, whole.
    fn of_matrix(
        &mut self,
        function: MatrixFunction,
        of: FamilyId,
        block: &Block,
        array: &mut Array,
    ) {
        let argument = self.program.block_id(of, block.keys.clone());
        let layout = self.program.block(argument);
        let [rows, columns] = *layout.layout.extent else {
            array.values.fill(f64::NAN);
            return;
        };
        if rows != columns || layout.holes {
            self.fail(|_| "a matrix is not square".into());
            array.values.fill(f64::NAN);
            return;
        }
        let entries = self.array(argument);
        let matrix = Square {
            side: rows as usize,
            entries: (0..entries.values.len())
                .map(|at| S::load(&entries, at))
                .collect(),
        };
        let (values, well_conditioned) = linear::value(function, &matrix);
        self.values.near_singular |= !well_conditioned;
        for (at, value) in values.iter().enumerate() {
            value.store(array, at);
        }
    }

    fn smooth_loss(&mut self, loss: FamilyId) -> Smooth {
        Smooth::loss(self.program, loss, self.point.seed)
    }

    fn piece(&mut self, block: &Block, at: usize, array: &mut Array) {
        let Some(code) = self.program.code(block, at) else {
            self.bodiless(block, at, array);
            return;
        };
        let Some(nest) = &code.nest else { return };
        let mut frame = Frame::new(&code, Vec::new());
        if self.whole_contraction(&code, block, &mut frame, array) {
            return;
        }
        let target = &code.target;
        self.each(&mut frame, nest, &mut |evaluator, frame| {
            let value = evaluator.eval(&code, frame, code.root);
            let mut offset = 0;
            for (at, index) in target.iter().enumerate() {
                let Some(index) = evaluator.whole(index, &frame.registers) else {
                    return;
                };
                offset += (index - block.layout.low[at]) * block.layout.stride[at];
            }
            value.store(array, offset as usize);
        });
    }

    /// A piece that is one contraction over exactly the block's box is taken as it is.
    fn whole_contraction(
        &mut self,
        code: &Code,
        block: &Block,
        frame: &mut Frame<S>,
        array: &mut Array,
    ) -> bool {
        let Op::Temporary { at, letters, .. } = &code.ops[code.root as usize] else {
            return false;
        };
        if block.pieces.len() != 1 || block.holes || letters.len() != block.layout.low.len() {
            return false;
        }
        let same = code
            .target
            .iter()
            .zip(letters)
            .enumerate()
            .all(|(axis, (index, letter))| {
                index.is_plain()
                    && index.terms.as_slice() == [(letter.register, 1)]
                    && letter.low + index.constant == block.layout.low[axis]
                    && letter.extent == block.layout.extent[axis]
            });
        if !same || code.target.len() != letters.len() {
            return false;
        }
        let whole = self.temporary(code, frame, *at);
        *array = (*whole).clone();
        true
    }

    /// A family without a body whose values are not given: the derivative of an opaque loss by what it is said to
    /// depend on.
    fn bodiless(&mut self, block: &Block, piece: usize, array: &mut Array) {
        let (loss, by) = names::derivative(self.program.system, block.family);
        if by.is_empty() || !matches!(self.program.kind(loss), Some(FamilyKind::OpaqueLoss(_))) {
            self.fail(|system| {
                format!(
                    "no value for {}",
                    names::family(system, block.family, &block.keys)
                )
            });
            array.values.fill(f64::NAN);
            return;
        }
        let smooth = self.smooth_loss(loss);
        let arguments: Vec<S> = smooth.arguments(self);
        let piece = piece as u32;
        for offset in 0..block.layout.len() {
            match self.program.owners(block)[offset] {
                Owner::Piece(own) if own == piece => {}
                Owner::Several(a, b) if a == piece || b == piece => {}
                Owner::Piece(_) | Owner::Several(..) | Owner::Nobody => continue,
            }
            let dense = block.layout.index(offset);
            let index = self.program.full_index(block.family, &block.keys, &dense);
            let mut places = Vec::new();
            let mut start = 0;
            for family in &by {
                let width = self.program.width(*family);
                places.push(smooth.place(*family, &index[start..start + width]));
                start += width;
            }
            let value = smooth.partial(&arguments, &places, self.step_at_zero);
            value.store(array, offset);
        }
    }

    /// Runs the loops.
    fn each(
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

    fn numerator(&mut self, linear: &Linear, registers: &[i64]) -> Option<i64> {
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
    fn whole(&mut self, linear: &Linear, registers: &[i64]) -> Option<i64> {
        let numerator = self.numerator(linear, registers)?;
        if numerator % linear.denominator != 0 {
            self.fail(|_| "an index is not a whole number".into());
            return None;
        }
        Some(numerator / linear.denominator)
    }

    /// An element of a family at a full index.
    pub(crate) fn element(&mut self, family: FamilyId, index: &[i64]) -> S {
        self.element_among(None, family, index)
    }

    /// The same where a loop reads it: its block is looked for among those that the loop has read.
    fn element_among(&mut self, slots: Option<&mut Slots>, family: FamilyId, index: &[i64]) -> S {
        if let Some(FamilyKind::Local { of, wrt }) = self.program.kind(family) {
            return self.local(*of, *wrt, index);
        }
        let (keys, dense) = self.program.split_index(family, index);
        let known = slots.as_ref().and_then(|slots| slots.find(family, &keys));
        if let Some((block, array)) = known {
            return match block.layout.offset(&dense) {
                Some(offset) if self.program.is_element(block, offset) => S::load(array, offset),
                _ => self.outside(family, index),
            };
        }
        let id = self.program.block_id(family, keys.clone());
        let block = self.program.block(id);
        match block.layout.offset(&dense) {
            Some(offset) if self.program.is_element(&block, offset) => {
                let array = self.array(id);
                let value = S::load(&array, offset);
                if let Some(slots) = slots {
                    slots.add(family, keys, block, array);
                }
                value
            }
            _ => self.outside(family, index),
        }
    }

    /// ∂of/∂wrt by the reads in the definition of `of` alone, from the definition's value.
    fn local(&mut self, of: FamilyId, wrt: FamilyId, index: &[i64]) -> S {
        let program = self.program;
        let (outer, inner) = index.split_at(program.width(of));
        let places = [(of, outer), (wrt, inner)].map(|(family, index)| {
            let (keys, dense) = program.split_index(family, index);
            let id = program.block_id(family, keys);
            (id, program.block(id).layout.offset(&dense))
        });
        let [(user, Some(at)), (by, Some(place))] = places else {
            return self.outside(of, outer);
        };
        let key = (user, by, place);
        if !self.locals.contains_key(&key) {
            let nothing = Values::default();
            let base = self.base.as_ref().map_or(&nothing, |(base, _)| *base);
            let array = slopes(
                program,
                self.point,
                self.step_at_zero,
                base,
                user,
                (by, place),
            );
            self.locals.insert(key, array);
        }
        let array = &self.locals[&key];
        let slope = array.tangents.as_ref().map_or(0.0, |all| all[at]);
        S::number(slope)
    }

    fn outside(&mut self, family: FamilyId, index: &[i64]) -> S {
        self.fail(|system| {
            format!(
                "{} is read outside its range",
                names::element(system, family, index)
            )
        })
    }

    fn load_block(&mut self, code: &Code, frame: &mut Frame<S>, slot: u32) -> Rc<Array> {
        match &frame.arrays[slot as usize] {
            Some(array) => Rc::clone(array),
            None => {
                let array = self.array(code.blocks[slot as usize]);
                frame.arrays[slot as usize] = Some(Rc::clone(&array));
                array
            }
        }
    }

    fn eval(&mut self, code: &Code, frame: &mut Frame<S>, op: OpId) -> S {
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
                let left = self.eval(code, frame, *left).value();
                let right = self.eval(code, frame, *right).value();
                self.kink(left - right);
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
                    self.kink(next.value() - best.value());
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

    fn kink(&mut self, argument: f64) {
        if let Some(id) = self.reading.last() {
            self.values.kinks[id.0 as usize].push(argument);
        }
    }

    fn primitive<T: Scalar>(&mut self, primitive: crate::system::Primitive, argument: &T) -> T {
        use crate::system::Primitive;
        match primitive {
            Primitive::Relu | Primitive::Step => self.kink(argument.value()),
            _ => self.exponent = self.exponent.max(exponent(primitive, argument.value())),
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
        let mut jets: Vec<Jet> = arguments.iter().map(Scalar::to_jet).collect();
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
        S::of_jet(&value.coefficient(first, count))
    }

    fn inner(&self) -> Functions<'e, 'a> {
        Functions {
            program: self.program,
            seed: self.point.seed,
            step_at_zero: self.step_at_zero,
            kinks: Vec::new(),
            trouble: None,
            exponent: 0.0,
        }
    }

    fn adopt(&mut self, inner: Functions<'_, '_>) {
        for kink in inner.kinks {
            self.kink(kink);
        }
        self.exponent = self.exponent.max(inner.exponent);
        if self.trouble.is_none() {
            self.trouble = inner.trouble;
        }
    }

    fn temporary(&mut self, code: &Code, frame: &mut Frame<S>, at: u32) -> Rc<Array> {
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
                let first = self.source(code, frame, contraction.first.source);
                let second = contraction
                    .second
                    .as_ref()
                    .map(|operand| self.source(code, frame, operand.source));
                contraction.run(&first, second.as_deref(), S::TANGENTS, S::MAGNITUDES)
            }
        };
        let array = Rc::new(array);
        frame.temporaries[at as usize] = Some(Rc::clone(&array));
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

/// Evaluates bodies of functions, over any scalar.
pub(crate) struct Functions<'e, 'a> {
    pub(crate) program: &'e Program<'a>,
    pub(crate) seed: u64,
    pub(crate) step_at_zero: f64,
    pub(crate) kinks: Vec<f64>,
    pub(crate) trouble: Option<String>,
    pub(crate) exponent: f64,
}

impl Functions<'_, '_> {
    /// The value of a function.
    pub(crate) fn function<T: Scalar>(&mut self, id: FunctionId, arguments: Vec<T>) -> T {
        let row = self.program.system.function(id);
        if let Some(primitive) = row.primitive {
            return self.primitive(primitive, &arguments[0]);
        }
        let Some(code) = self.program.function(id) else {
            return Smooth::function(id, arguments.len(), self.seed)
                .value(&arguments, self.step_at_zero);
        };
        for at in 0..row.slopes_at.len() {
            let (point, value) = self.program.slope_at(id, at);
            let frozen: Vec<T> = arguments.iter().map(Scalar::frozen).collect();
            let point = self.body(&point, frozen).value();
            if point.to_bits() == arguments[0].value().to_bits()
                || point - arguments[0].value() == 0.0
            {
                // Here the first argument moves with the declared slope, the others as in the body.
                let slope = self.body(&value, arguments.clone());
                let moving = arguments[0].minus(&arguments[0].frozen());
                let mut still = arguments;
                still[0] = still[0].frozen();
                return self.body(&code, still).plus(&slope.times(&moving));
            }
        }
        self.body(&code, arguments)
    }

    fn primitive<T: Scalar>(&mut self, primitive: crate::system::Primitive, argument: &T) -> T {
        use crate::system::Primitive;
        match primitive {
            Primitive::Relu | Primitive::Step => self.kinks.push(argument.value()),
            _ => self.exponent = self.exponent.max(exponent(primitive, argument.value())),
        }
        argument.apply(primitive, self.step_at_zero)
    }

    /// A compiled body at its parameters.
    pub(crate) fn body<T: Scalar>(&mut self, code: &Code, parameters: Vec<T>) -> T {
        // Bodies use their parameters only, so an evaluator over an empty point serves.
        let point = Point {
            given: FxHashMap::default(),
            seed: self.seed,
        };
        let mut evaluator = Evaluator::<T> {
            values: self.program.spare_values(),
            ..Evaluator::new(self.program, &point, self.step_at_zero)
        };
        evaluator.values.grow(1);
        evaluator.reading.push(BlockId(0));
        let mut frame = Frame::new(code, parameters);
        let value = evaluator.eval(code, &mut frame, code.root);
        self.kinks.append(&mut evaluator.values.kinks[0]);
        self.exponent = self.exponent.max(evaluator.exponent);
        if self.trouble.is_none() {
            self.trouble = evaluator.trouble.take();
        }
        evaluator.end();
        value
    }
}
