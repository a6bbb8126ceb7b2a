//! Terms compiled for evaluation: sizes and slots are numbers, letters are registers, accesses are places in blocks.

use num_traits::ToPrimitive;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::system::{Clause, FamilyKind, Primitive};
use crate::term::{Affine, Cmp, Domain, FamilyId, FunctionId, Node, Reduction, TermId, VarId};

use super::contract::{Contraction, Letter, plan};
use super::nest::{Check, Linear, Lookup, Nest, Register};
use super::program::{Block, BlockId, Keys, Piece, Program, is_empty_nest, substitute};

/// The place of an operation in its code.
pub(crate) type OpId = u32;

/// What one piece of a block, or one function, computes.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) ops: Vec<Op>,
    /// The result.
    pub(crate) root: OpId,
    /// How many registers the letters need.
    pub(crate) registers: usize,
    /// The loops over the elements of the piece.
    pub(crate) nest: Option<Nest>,
    /// Where the element goes: the block's dense index.
    pub(crate) target: Vec<Linear>,
    /// The blocks that are read at fixed slots.
    pub(crate) blocks: Vec<BlockId>,
    /// Arrays that are computed whole when they are first needed.
    pub(crate) temporaries: Vec<Temporary>,
    /// Tables of values that are needed several times.
    pub(crate) memos: Vec<Memo>,
}

/// An array over some letters.
#[derive(Debug)]
pub(crate) enum Temporary {
    /// The value of an operation at all values of the letters.
    Fill(OpId, Box<[Letter]>),
    /// A sum of products.
    Contract(Contraction),
}

/// A table of values of one operation.
#[derive(Debug)]
pub(crate) struct Memo {
    pub(crate) letters: Box<[Letter]>,
    pub(crate) length: usize,
}

/// One operation.
#[derive(Debug)]
pub(crate) enum Op {
    Number(f64),
    /// An index used as a number.
    Index(Linear),
    Parameter(u32),
    /// An element of a block, known to be inside it: base and steps by register.
    Load {
        block: u32,
        base: i64,
        steps: Box<[(Register, i64)]>,
    },
    /// An element of a block at fixed slots.
    Read {
        block: u32,
        index: Box<[Linear]>,
    },
    /// An element at slots that depend on letters.
    ReadAt {
        family: FamilyId,
        index: Box<[Linear]>,
    },
    /// Something that has no value.
    Invalid(String),
    /// An element of a temporary; the operation gives it outside the temporary's box.
    Temporary {
        at: u32,
        letters: Box<[Letter]>,
        otherwise: OpId,
    },
    /// The value of an operation, kept in a table.
    Memo {
        at: u32,
        of: OpId,
    },
    Reduce(Reduction, Nest, OpId),
    Add(Box<[OpId]>),
    /// The number of leading factors that are conditions, and the factors.
    Mul(usize, Box<[OpId]>),
    Power(OpId, OpId),
    Primitive(Primitive, OpId),
    Call(FunctionId, Box<[OpId]>),
    /// A function with derivatives taken.
    Derived(FunctionId, Box<[u8]>, Box<[OpId]>),
    Guard(Box<[Check]>),
    Test(Cmp, OpId, OpId),
    Cases(Box<[(OpId, OpId)]>),
}

/// What the compiler knows of an operation.
#[derive(Debug, Clone, Copy)]
struct Facts {
    /// Cannot fail at any value of its letters inside their boxes.
    sound: bool,
    /// Worth a table.
    costly: bool,
}

/// The largest table or temporary, in elements.
const LARGEST_TABLE: i64 = 1 << 23;

/// Sums of fewer products than this are not worth a temporary.
const LEAST_CONTRACTION: i64 = 8;

pub(crate) struct Compiler<'p, 'a> {
    program: &'p Program<'a>,
    known: Vec<(VarId, i64)>,
    registers: FxHashMap<VarId, Register>,
    boxes: Vec<Option<(i64, i64)>>,
    /// Letters of the loops around the current term.
    around: Vec<Register>,
    ops: Vec<Op>,
    facts: Vec<Facts>,
    done: FxHashMap<TermId, OpId>,
    blocks: Vec<BlockId>,
    block_at: FxHashMap<BlockId, u32>,
    temporaries: Vec<Temporary>,
    memos: Vec<Memo>,
}

impl<'p, 'a> Compiler<'p, 'a> {
    fn new(program: &'p Program<'a>, known: Vec<(VarId, i64)>) -> Self {
        Self {
            program,
            known,
            registers: FxHashMap::default(),
            boxes: Vec::new(),
            around: Vec::new(),
            ops: Vec::new(),
            facts: Vec::new(),
            done: FxHashMap::default(),
            blocks: Vec::new(),
            block_at: FxHashMap::default(),
            temporaries: Vec::new(),
            memos: Vec::new(),
        }
    }

    /// A piece of a block.
    pub(crate) fn piece(
        program: &'p Program<'a>,
        block: &Block,
        piece: &Piece,
        clause: &Clause,
        body: TermId,
    ) -> Code {
        let mut compiler = Self::new(program, piece.known.clone());
        for var in &piece.vars {
            compiler.register(*var);
        }
        let nest = compiler.nest(&piece.vars, &piece.domain).ok();
        compiler.around = piece
            .vars
            .iter()
            .map(|var| compiler.registers[var])
            .collect();
        let positions = program.key_positions(block.family);
        let target = (0..clause.index.len())
            .filter(|at| !positions.contains(at))
            .filter_map(|at| compiler.linear(&clause.index[at]))
            .collect();
        let root = compiler.term(body);
        compiler.finish(root, nest, target)
    }

    /// A function's body, over its parameters.
    pub(crate) fn function(program: &'p Program<'a>, body: TermId) -> Code {
        let mut compiler = Self::new(program, Vec::new());
        let root = compiler.term(body);
        compiler.finish(root, None, Vec::new())
    }

    fn finish(self, root: OpId, nest: Option<Nest>, target: Vec<Linear>) -> Code {
        Code {
            ops: self.ops,
            root,
            registers: self.boxes.len(),
            nest,
            target,
            blocks: self.blocks,
            temporaries: self.temporaries,
            memos: self.memos,
        }
    }

    fn register(&mut self, var: VarId) -> Register {
        if let Some(register) = self.registers.get(&var) {
            return *register;
        }
        let register = self.boxes.len() as Register;
        self.boxes.push(None);
        self.registers.insert(var, register);
        register
    }

    fn settle(&self, affine: &Affine) -> Affine {
        self.program
            .instance
            .settle(&substitute(affine, &self.known))
    }

    fn linear(&self, affine: &Affine) -> Option<Linear> {
        Linear::of(&self.settle(affine), &|var| {
            self.registers.get(&var).copied()
        })
    }

    /// The loops over letters, with the boxes of their registers noted.
    fn nest(&mut self, vars: &[VarId], domain: &Domain) -> Result<Nest, super::nest::NoNest> {
        for var in vars {
            self.register(*var);
        }
        let registers = &self.registers;
        let nest = Nest::of(vars, domain, &|var| registers.get(&var).copied())?;
        for level in &nest.levels {
            let low = level
                .lower
                .iter()
                .filter_map(|(c, bound)| {
                    Some(num_integer::Integer::div_ceil(
                        &self.interval(bound)?.0,
                        &(c * bound.denominator),
                    ))
                })
                .max();
            let high = level
                .upper
                .iter()
                .filter_map(|(c, bound)| {
                    Some(num_integer::Integer::div_floor(
                        &self.interval(bound)?.1,
                        &(c * bound.denominator),
                    ))
                })
                .min();
            let own = low.zip(high);
            let old = self.boxes[level.register as usize];
            self.boxes[level.register as usize] = match (old, own) {
                (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                (None, own) => own,
                (old, None) => old,
            };
        }
        Ok(nest)
    }

    /// Least and greatest numerator over the boxes.
    fn interval(&self, linear: &Linear) -> Option<(i64, i64)> {
        let (mut low, mut high) = (linear.constant, linear.constant);
        for (register, coefficient) in &linear.terms {
            let (a, b) = self.boxes[*register as usize]?;
            low += (coefficient * a).min(coefficient * b);
            high += (coefficient * a).max(coefficient * b);
        }
        for (lookup, coefficient) in &linear.lookups {
            let (a, b) = self.lookup_interval(lookup)?;
            low += (coefficient * a).min(coefficient * b);
            high += (coefficient * a).max(coefficient * b);
        }
        Some((low, high))
    }

    fn lookup_interval(&self, lookup: &Lookup) -> Option<(i64, i64)> {
        match lookup {
            Lookup::Size(size, slots) => {
                let [slot] = &**slots else { return None };
                let (low, high) = self.interval(slot)?;
                if slot.denominator != 1 || high - low > 10_000 {
                    return None;
                }
                let sizes = (low..=high).map(|slot| self.program.instance.size(*size, &[slot]));
                sizes.fold(None, |range, size| {
                    Some(range.map_or((size, size), |(a, b): (i64, i64)| {
                        (a.min(size), b.max(size))
                    }))
                })
            }
            Lookup::Read(family, _) => {
                let (low, high) = self.program.system.ambient.reads.get(family)?;
                let whole = |affine: &Affine| self.program.instance.whole(affine);
                Some((whole(low)?, whole(high)?))
            }
        }
    }

    fn push(&mut self, op: Op, facts: Facts) -> OpId {
        self.ops.push(op);
        self.facts.push(facts);
        (self.ops.len() - 1) as OpId
    }

    fn number(&mut self, value: f64) -> OpId {
        self.push(
            Op::Number(value),
            Facts {
                sound: true,
                costly: false,
            },
        )
    }

    fn invalid(&mut self, why: String) -> OpId {
        self.push(
            Op::Invalid(why),
            Facts {
                sound: false,
                costly: false,
            },
        )
    }

    fn is_number(&self, op: OpId, number: f64) -> bool {
        matches!(self.ops[op as usize], Op::Number(value) if value.to_bits() == number.to_bits())
    }

    /// The registers of a term's free letters, sorted; none if one of them is not bound here.
    fn letters(&self, term: TermId) -> SmallVec<[Register; 4]> {
        let mut registers: SmallVec<[Register; 4]> = self
            .program
            .system
            .store
            .free_vars(term)
            .iter()
            .filter_map(|var| self.registers.get(var).copied())
            .collect();
        registers.sort_unstable();
        registers
    }

    /// The boxes of registers, if they are known and not too large.
    fn boxed(&self, registers: &[Register]) -> Option<(Box<[Letter]>, usize)> {
        let mut length: i64 = 1;
        let mut letters = Vec::with_capacity(registers.len());
        for register in registers {
            let (low, high) = self.boxes[*register as usize]?;
            let extent = (high - low + 1).max(0);
            length = length.checked_mul(extent)?;
            if length > LARGEST_TABLE {
                return None;
            }
            letters.push(Letter {
                register: *register,
                low,
                extent,
            });
        }
        Some((letters.into_boxed_slice(), length as usize))
    }

    /// The operation for a term; one that is needed again is kept in a table.
    pub(crate) fn term(&mut self, term: TermId) -> OpId {
        if let Some(done) = self.done.get(&term).copied() {
            return self.keep(term, done);
        }
        let op = crate::stack::deep(|| self.fresh(term));
        if self.facts[op as usize].costly && self.letters(term).len() < self.around.len() {
            self.keep(term, op);
        }
        self.done.insert(term, op);
        op
    }

    /// A table for an operation, unless it is a leaf or has one.
    fn keep(&mut self, term: TermId, op: OpId) -> OpId {
        match self.ops[op as usize] {
            Op::Number(_)
            | Op::Index(_)
            | Op::Parameter(_)
            | Op::Load { .. }
            | Op::Read { .. }
            | Op::ReadAt { .. }
            | Op::Invalid(_)
            | Op::Temporary { .. }
            | Op::Guard(_)
            | Op::Memo { .. } => return op,
            Op::Reduce(..)
            | Op::Add(_)
            | Op::Mul(..)
            | Op::Power(..)
            | Op::Primitive(..)
            | Op::Call(..)
            | Op::Derived(..)
            | Op::Test(..)
            | Op::Cases(_) => {}
        }
        let Some((letters, length)) = self.boxed(&self.letters(term)) else {
            return op;
        };
        let at = self.memos.len() as u32;
        self.memos.push(Memo { letters, length });
        // The table takes the operation's place, so that those who use it already find the table.
        let facts = self.facts[op as usize];
        let moved = std::mem::replace(&mut self.ops[op as usize], Op::Number(0.0));
        let of = self.push(moved, facts);
        self.ops[op as usize] = Op::Memo { at, of };
        self.facts[op as usize].costly = false;
        op
    }

    fn all(&mut self, terms: &[TermId]) -> Box<[OpId]> {
        terms.iter().map(|term| self.term(*term)).collect()
    }

    fn combined(&self, ops: &[OpId], costly: bool) -> Facts {
        Facts {
            sound: ops.iter().all(|op| self.facts[*op as usize].sound),
            costly: costly || ops.iter().any(|op| self.facts[*op as usize].costly),
        }
    }

    fn fresh(&mut self, term: TermId) -> OpId {
        let store = &self.program.system.store;
        match store.node(term) {
            Node::Number(value) => {
                let value = value.to_f64().unwrap_or(f64::NAN);
                self.number(value)
            }
            Node::Pi => self.number(std::f64::consts::PI),
            Node::Parameter(at) => self.push(
                Op::Parameter(*at),
                Facts {
                    sound: true,
                    costly: false,
                },
            ),
            Node::Index(affine) => {
                let Some(linear) = self.linear(affine) else {
                    return self.invalid("a letter is bound nowhere".into());
                };
                if linear.is_fixed() {
                    self.number(linear.constant as f64 / linear.denominator as f64)
                } else {
                    let sound = linear.lookups.is_empty();
                    self.push(
                        Op::Index(linear),
                        Facts {
                            sound,
                            costly: false,
                        },
                    )
                }
            }
            Node::Access(family, indices) => self.access(*family, indices),
            Node::Guard(domain) => self.guard(domain),
            Node::Add(terms) => {
                let mut ops: Vec<OpId> = Vec::with_capacity(terms.len());
                for term in terms {
                    let op = self.term(*term);
                    if !self.is_number(op, 0.0) {
                        ops.push(op);
                    }
                }
                match ops.as_slice() {
                    [] => self.number(0.0),
                    [only] => *only,
                    _ => {
                        let facts = self.combined(&ops, false);
                        self.push(Op::Add(ops.into_boxed_slice()), facts)
                    }
                }
            }
            Node::Mul(factors) => self.product(factors),
            Node::Power(base, exponent) => {
                let pair = [self.term(*base), self.term(*exponent)];
                let facts = self.combined(&pair, true);
                self.push(Op::Power(pair[0], pair[1]), facts)
            }
            Node::Apply(function, orders, arguments) => {
                let ops = self.all(arguments);
                let facts = self.combined(&ops, true);
                let row = self.program.system.function(*function);
                let op = match row.primitive {
                    Some(primitive) if orders.iter().all(|order| *order == 0) => {
                        Op::Primitive(primitive, ops[0])
                    }
                    _ if orders.iter().all(|order| *order == 0) => Op::Call(*function, ops),
                    _ => Op::Derived(*function, orders.clone(), ops),
                };
                self.push(op, facts)
            }
            Node::Test(cmp, left, right) => {
                let pair = [self.term(*left), self.term(*right)];
                let facts = self.combined(&pair, false);
                self.push(Op::Test(*cmp, pair[0], pair[1]), facts)
            }
            Node::Cases(branches) => {
                let mut compiled = Vec::with_capacity(branches.len());
                let mut parts = Vec::new();
                for (condition, value) in branches {
                    let condition = self.term(*condition);
                    if self.is_number(condition, 0.0) {
                        continue;
                    }
                    let value = self.term(*value);
                    parts.extend([condition, value]);
                    compiled.push((condition, value));
                    if self.is_number(condition, 1.0) {
                        break;
                    }
                }
                let facts = self.combined(&parts, true);
                self.push(Op::Cases(compiled.into_boxed_slice()), facts)
            }
            Node::Reduce(op, vars, domain, body) => self.reduce(*op, vars, domain, *body),
        }
    }

    fn is_condition(&self, term: TermId) -> bool {
        match self.program.system.store.node(term) {
            Node::Guard(_) | Node::Test(..) => true,
            Node::Power(base, _) => self.is_condition(*base),
            Node::Mul(factors) => factors.iter().all(|factor| self.is_condition(*factor)),
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Reduce(..)
            | Node::Add(_)
            | Node::Apply(..)
            | Node::Cases(_) => false,
        }
    }

    /// Conditions first: if one is known to be false the other factors are not even compiled.
    fn product(&mut self, factors: &[TermId]) -> OpId {
        let (conditions, others): (Vec<TermId>, Vec<TermId>) = factors
            .iter()
            .partition(|factor| self.is_condition(**factor));
        let mut ops: Vec<OpId> = Vec::with_capacity(factors.len());
        // Those on indices before those on values.
        let is_guard =
            |term: &TermId| matches!(self.program.system.store.node(*term), Node::Guard(_));
        let (guards, tests): (Vec<TermId>, Vec<TermId>) =
            conditions.into_iter().partition(is_guard);
        for condition in guards.into_iter().chain(tests) {
            let op = self.term(condition);
            if self.is_number(op, 0.0) {
                return op;
            }
            if !self.is_number(op, 1.0) {
                ops.push(op);
            }
        }
        let leading = ops.len();
        for factor in others {
            let op = self.term(factor);
            if !self.is_number(op, 1.0) {
                ops.push(op);
            }
        }
        match ops.as_slice() {
            [] => self.number(1.0),
            [only] => *only,
            _ => {
                let facts = self.combined(&ops, false);
                self.push(Op::Mul(leading, ops.into_boxed_slice()), facts)
            }
        }
    }

    fn guard(&mut self, domain: &Domain) -> OpId {
        let settled = self.program.settle(domain, &self.known);
        if settled.is_nothing() {
            return self.number(0.0);
        }
        if settled.is_everything() {
            return self.number(1.0);
        }
        let checks: Option<Box<[Check]>> = settled
            .constraints()
            .iter()
            .map(|constraint| {
                Some(Check {
                    relation: constraint.relation(),
                    linear: self.linear(constraint.affine())?,
                })
            })
            .collect();
        match checks {
            Some(checks) => {
                let sound = checks.iter().all(|check| check.linear.lookups.is_empty());
                self.push(
                    Op::Guard(checks),
                    Facts {
                        sound,
                        costly: false,
                    },
                )
            }
            None => self.invalid("a letter is bound nowhere".into()),
        }
    }

    fn access(&mut self, family: FamilyId, indices: &[Affine]) -> OpId {
        let index: Option<Box<[Linear]>> = indices.iter().map(|index| self.linear(index)).collect();
        let Some(index) = index else {
            return self.invalid("a letter is bound nowhere".into());
        };
        if matches!(self.program.kind(family), Some(FamilyKind::Local { .. })) {
            // Local derivatives have no values of their own: each is differentiated where it is read.
            return self.push(
                Op::ReadAt { family, index },
                Facts {
                    sound: false,
                    costly: false,
                },
            );
        }
        let positions = self.program.key_positions(family);
        let keys: Option<Keys> = positions
            .iter()
            .map(|at| index[*at].as_constant())
            .collect();
        let Some(keys) = keys else {
            let fixed_fraction = positions
                .iter()
                .any(|at| index[*at].is_fixed() && index[*at].as_constant().is_none());
            if fixed_fraction {
                return self.invalid("an index is not a whole number".into());
            }
            return self.push(
                Op::ReadAt { family, index },
                Facts {
                    sound: false,
                    costly: false,
                },
            );
        };
        let id = self.program.block_id(family, keys);
        let block = self.program.block(id);
        if block.pieces.is_empty() {
            return self.invalid(format!(
                "{} is read outside its range",
                super::names::family(self.program.system, family, &block.keys)
            ));
        }
        let slot = self.block_slot(id);
        let dense: Vec<&Linear> = (0..index.len())
            .filter(|at| !positions.contains(at))
            .map(|at| &index[at])
            .collect();
        // Inside the box at all values of the letters?
        let inside = !block.holes
            && dense.iter().enumerate().all(|(at, linear)| {
                linear.is_plain()
                    && self.interval(linear).is_some_and(|(low, high)| {
                        low >= block.layout.low[at]
                            && high < block.layout.low[at] + block.layout.extent[at]
                    })
            });
        if !inside {
            let index = dense.into_iter().cloned().collect();
            return self.push(
                Op::Read { block: slot, index },
                Facts {
                    sound: false,
                    costly: false,
                },
            );
        }
        let mut base = 0;
        let mut steps: Vec<(Register, i64)> = Vec::new();
        for (at, linear) in dense.iter().enumerate() {
            base += (linear.constant - block.layout.low[at]) * block.layout.stride[at];
            for (register, coefficient) in &linear.terms {
                let step = coefficient * block.layout.stride[at];
                match steps.iter_mut().find(|(other, _)| other == register) {
                    Some((_, sum)) => *sum += step,
                    None => steps.push((*register, step)),
                }
            }
        }
        self.push(
            Op::Load {
                block: slot,
                base,
                steps: steps.into_boxed_slice(),
            },
            Facts {
                sound: true,
                costly: false,
            },
        )
    }

    fn block_slot(&mut self, id: BlockId) -> u32 {
        if let Some(slot) = self.block_at.get(&id) {
            return *slot;
        }
        let slot = self.blocks.len() as u32;
        self.blocks.push(id);
        self.block_at.insert(id, slot);
        slot
    }

    fn reduce(&mut self, op: Reduction, vars: &[VarId], domain: &Domain, body: TermId) -> OpId {
        let identity = match op {
            Reduction::Sum => Some(0.0),
            Reduction::Product => Some(1.0),
            Reduction::Max | Reduction::Min => None,
        };
        let settled = self.program.settle(domain, &self.known);
        let nest = match self.nest(vars, &settled) {
            Ok(nest) => nest,
            Err(error) if is_empty_nest(&error) => {
                return match identity {
                    Some(value) => self.number(value),
                    None => self.invalid("a maximum or minimum over nothing".into()),
                };
            }
            Err(_) => return self.invalid("a reduction has no bounds".into()),
        };
        let depth = self.around.len();
        self.around
            .extend(nest.levels.iter().map(|level| level.register));
        let contracted = if op == Reduction::Sum && nest.is_box() {
            self.contract(&nest, body)
        } else {
            None
        };
        let inner = self.term(body);
        self.around.truncate(depth);
        if op == Reduction::Sum && self.is_number(inner, 0.0) {
            return inner;
        }
        if nest.levels.is_empty() && nest.before.is_empty() {
            return inner;
        }
        let sound = self.facts[inner as usize].sound
            && identity.is_some()
            && nest
                .before
                .iter()
                .all(|check| check.linear.lookups.is_empty())
            && nest.levels.iter().all(|level| {
                level
                    .lower
                    .iter()
                    .chain(&level.upper)
                    .all(|(_, bound)| bound.lookups.is_empty())
                    && level
                        .checks
                        .iter()
                        .all(|check| check.linear.lookups.is_empty())
            });
        let plain = self.push(
            Op::Reduce(op, nest, inner),
            Facts {
                sound,
                costly: true,
            },
        );
        let Some((at, letters)) = contracted else {
            return plain;
        };
        self.push(
            Op::Temporary {
                at,
                letters,
                otherwise: plain,
            },
            Facts {
                sound: true,
                costly: false,
            },
        )
    }

    /// A sum over a box of a product of things that have values everywhere in it, as a contraction of arrays.
    fn contract(&mut self, nest: &Nest, body: TermId) -> Option<(u32, Box<[Letter]>)> {
        let factors: Vec<TermId> = match self.program.system.store.node(body) {
            Node::Mul(factors) => factors.to_vec(),
            _ => vec![body],
        };
        let bound: Vec<Register> = nest.levels.iter().map(|level| level.register).collect();
        let mut scale = 1.0;
        let mut operands = Vec::with_capacity(factors.len());
        for factor in factors {
            let op = self.term(factor);
            if let Op::Number(value) = self.ops[op as usize] {
                scale *= value;
                continue;
            }
            if !self.facts[op as usize].sound {
                return None;
            }
            operands.push((factor, op));
        }
        let mut own: Vec<Register> = operands
            .iter()
            .flat_map(|(factor, _)| self.letters(*factor))
            .chain(bound.iter().copied())
            .collect();
        own.sort_unstable();
        own.dedup();
        let free: Vec<Register> = own.into_iter().filter(|at| !bound.contains(at)).collect();
        let (free, free_length) = self.boxed(&free)?;
        let (bound, bound_length) = self.boxed(&bound)?;
        if ((free_length * bound_length) as i64) < LEAST_CONTRACTION {
            return None;
        }
        let mut sources = Vec::with_capacity(operands.len());
        for (factor, op) in operands {
            sources.push(self.operand(factor, op)?);
        }
        let at = plan(&mut self.temporaries, sources, &free, &bound, scale)?;
        Some((at, free))
    }

    fn operand(&mut self, factor: TermId, op: OpId) -> Option<super::contract::Operand> {
        use super::contract::{Operand, Source};
        match &self.ops[op as usize] {
            Op::Load { block, base, steps } => {
                let mut base = *base;
                for (register, step) in steps {
                    base += step * self.boxes[*register as usize]?.0;
                }
                Some(Operand {
                    source: Source::Block(*block),
                    base: usize::try_from(base).ok()?,
                    strides: steps.to_vec(),
                })
            }
            _ => {
                let (letters, _) = self.boxed(&self.letters(factor))?;
                let at = match &self.ops[op as usize] {
                    Op::Temporary {
                        at, letters: own, ..
                    } if *own == letters => *at,
                    other => {
                        let of = if let Op::Memo { of, .. } = other {
                            *of
                        } else {
                            op
                        };
                        let at = self.temporaries.len() as u32;
                        self.temporaries.push(Temporary::Fill(of, letters.clone()));
                        at
                    }
                };
                Some(Operand::of_temporary(at, &letters))
            }
        }
    }
}
