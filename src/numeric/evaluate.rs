//! Values of families at a point, computed on demand and kept.

use std::marker::PhantomData;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::functions::MatrixFunction;
use crate::system::{FamilyKind, System};
use crate::term::FamilyId;

use super::array::{Array, Layout};
use super::code::{Code, Op};
use super::dual::Dual;
use super::frame::{Frame, Home, Slots};
use super::linear::{self, Square};
use super::names;
use super::nest::{Linear, Register};
use super::opaque::Smooth;
use super::program::{Block, BlockId, Owner, Program};
use super::scalar::Scalar;
use super::values::{Point, Shift, Values};

/// Evaluates a program at a point, over numbers or over numbers with derivatives.
#[derive(Debug)]
pub(crate) struct Evaluator<'e, 'a, S> {
    pub(super) program: &'e Program<'a>,
    pub(super) point: &'e Point,
    pub(super) step_at_zero: f64,
    /// Values at the same point without the shift, and which blocks the shift changes.
    pub(super) base: Option<(&'e Values, Vec<bool>)>,
    /// What is added along each direction.
    shift: &'e [Shift],
    /// The only block besides the shifted ones whose values depend on the shift.
    only: Option<BlockId>,
    /// Local derivatives: of one block by one element of another.
    locals: FxHashMap<(BlockId, BlockId, usize), Rc<Array>>,
    pub(crate) values: Values,
    /// What was kept for blocks that are evaluated one element at a time.
    frames: FxHashMap<BlockId, Frame<S>>,
    pub(super) reading: SmallVec<[BlockId; 8]>,
    /// The first thing that had no value.
    pub(crate) trouble: Option<String>,
    /// The directions along which an argument moves off its kink, as bits.
    pub(crate) met: u64,
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
        shift: std::slice::from_ref(&shift),
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
            shift: &[],
            only: None,
            locals: FxHashMap::default(),
            values: Values::default(),
            frames: FxHashMap::default(),
            reading: SmallVec::new(),
            trouble: None,
            met: 0,
            scalar: PhantomData,
        }
    }

    /// An evaluation that shares what no shift changes: numbers move by one shift, what carries derivatives along
    /// one in each direction.
    pub(crate) fn shifted(
        program: &'e Program<'a>,
        point: &'e Point,
        step_at_zero: f64,
        base: &'e Values,
        shift: &'e [Shift],
    ) -> Self {
        let sources = shift.iter().flat_map(|shift| shift.blocks.keys().copied());
        Self {
            base: Some((base, base.affected(sources))),
            shift,
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

    pub(super) fn fail(&mut self, why: impl FnOnce(&System) -> String) -> S {
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
                    self.piece((id, at), &block, &mut array);
                }
            }
            array
        };
        if self.only.is_some_and(|only| only != id) && !self.program.is_inside(block.family) {
            array.tangents = None;
        }
        for (lane, shift) in self.shift.iter().enumerate() {
            let Some(added) = shift.blocks.get(&id) else {
                continue;
            };
            if S::LANES == 0 {
                for (value, added) in array.values.iter_mut().zip(added) {
                    *value += added;
                }
                continue;
            }
            let start = lane * array.values.len();
            let tangents = &mut array.tangents_mut(S::LANES)[start..];
            for (tangent, added) in tangents.iter_mut().zip(added) {
                *tangent += added;
            }
            if S::MAGNITUDES {
                for (pair, added) in array.magnitudes_mut().iter_mut().zip(added) {
                    pair.1 += added.abs();
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

    fn piece(&mut self, home: Home, block: &Block, array: &mut Array) {
        let Some(code) = self.program.code(block, home.1) else {
            self.bodiless(block, home.1, array);
            return;
        };
        let Some(nest) = &code.nest else { return };
        let mut frame = Frame::new(&code, Vec::new());
        frame.home = Some(home);
        if self.whole_contraction(&code, block, &mut frame, array) {
            return;
        }
        let place = Place::of(&code.target, &block.layout);
        self.each(&mut frame, nest, &mut |evaluator, frame| {
            let value = evaluator.eval(&code, frame, code.root);
            let offset = match &place {
                Some(place) => place.offset(&frame.registers),
                None => evaluator.place(&code.target, &block.layout, &frame.registers),
            };
            if let Some(offset) = offset {
                value.store(array, offset);
            }
        });
    }

    /// Where the registers' values are in a block.
    fn place(&mut self, target: &[Linear], layout: &Layout, registers: &[i64]) -> Option<usize> {
        let mut offset = 0;
        for (at, index) in target.iter().enumerate() {
            offset += (self.whole(index, registers)? - layout.low[at]) * layout.stride[at];
        }
        Some(offset as usize)
    }

    /// The values of a block at the same point without the shift.
    pub(super) fn before(&self, id: BlockId) -> Option<&Rc<Array>> {
        self.base.as_ref()?.0.array(id)
    }

    /// The same of a sum of products.
    pub(super) fn sum_before(&self, home: Option<Home>, at: u32) -> Option<&Rc<Array>> {
        self.base.as_ref()?.0.sums.get(&(home?, at))
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

    /// An element of a family at a full index.
    pub(crate) fn element(&mut self, family: FamilyId, index: &[i64]) -> S {
        self.element_among(None, family, index)
    }

    /// The same where a loop reads it: its block is looked for among those that the loop has read.
    pub(super) fn element_among(
        &mut self,
        slots: Option<&mut Slots>,
        family: FamilyId,
        index: &[i64],
    ) -> S {
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

    pub(super) fn outside(&mut self, family: FamilyId, index: &[i64]) -> S {
        self.fail(|system| {
            format!(
                "{} is read outside its range",
                names::element(system, family, index)
            )
        })
    }

    pub(super) fn load_block(&mut self, code: &Code, frame: &mut Frame<S>, slot: u32) -> Rc<Array> {
        match &frame.arrays[slot as usize] {
            Some(array) => Rc::clone(array),
            None => {
                let array = self.array(code.blocks[slot as usize]);
                frame.arrays[slot as usize] = Some(Rc::clone(&array));
                array
            }
        }
    }
}

/// Where the elements of a piece go, if that is the same sum for all of them.
struct Place {
    base: i64,
    steps: SmallVec<[(Register, i64); 4]>,
}

impl Place {
    fn of(target: &[Linear], layout: &Layout) -> Option<Self> {
        let mut place = Self {
            base: 0,
            steps: SmallVec::new(),
        };
        for (at, index) in target.iter().enumerate() {
            if !index.is_plain() {
                return None;
            }
            place.base += (index.constant - layout.low[at]) * layout.stride[at];
            let steps = index.terms.iter();
            place
                .steps
                .extend(steps.map(|(register, step)| (*register, step * layout.stride[at])));
        }
        Some(place)
    }

    fn offset(&self, registers: &[i64]) -> Option<usize> {
        let steps = self.steps.iter();
        let moved = steps.map(|(register, step)| step * registers[*register as usize]);
        usize::try_from(self.base + moved.sum::<i64>()).ok()
    }
}
