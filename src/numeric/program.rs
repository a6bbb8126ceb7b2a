//! A system at concrete sizes: its families cut into blocks, one for each choice of slots, each with the
//! loops that compute it.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

use crate::system::{Clause, FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, FunctionId, VarId};

use super::array::Layout;
use super::code::{Code, Compiler};
use super::instance::Instance;
use super::nest::{Linear, Nest, NoNest};
use super::values::Values;

/// The slots of a block.
pub(crate) type Keys = SmallVec<[i64; 3]>;

/// A block of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BlockId(pub(crate) u32);

/// The elements of one family at fixed slots.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) family: FamilyId,
    pub(crate) keys: Keys,
    /// The other indices.
    pub(crate) layout: Layout,
    /// The clauses with elements here.
    pub(crate) pieces: Vec<Piece>,
    /// Whether some places of the layout are no elements (or are elements of several pieces).
    pub(crate) holes: bool,
    owners: OnceCell<Vec<Owner>>,
}

/// Which piece a place of a block belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Nobody,
    Piece(u32),
    Several(u32, u32),
}

/// The elements of one clause in a block.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Which clause of the family.
    pub(crate) clause: usize,
    /// The letters that the slots fix.
    pub(crate) known: Vec<(VarId, i64)>,
    /// The other letters.
    pub(crate) vars: Vec<VarId>,
    /// Their values.
    pub(crate) domain: Domain,
    code: OnceCell<Rc<Code>>,
}

/// Definitions at concrete sizes, compiled as they are needed.
#[derive(Debug)]
pub struct Program<'a> {
    pub(crate) system: &'a System,
    pub(crate) instance: &'a Instance,
    /// Families that are not in the system: formulas under the index of an adjoint.
    sheets: Vec<Sheet>,
    key_positions: Vec<Box<[usize]>>,
    blocks: RefCell<IndexMap<(FamilyId, Keys), Rc<Block>, FxBuildHasher>>,
    places: RefCell<FxHashMap<FamilyId, Rc<Places>>>,
    functions: RefCell<FxHashMap<FunctionId, Rc<Code>>>,
    slopes_at: RefCell<FxHashMap<(FunctionId, usize), SlopeAt>>,
    /// Values that were looked at and are not needed any more.
    spare: RefCell<Vec<Values>>,
    /// Scalar operations of one evaluation, estimated.
    pub(crate) work: Cell<u64>,
}

/// The clauses of a family by the slots at which they stand: a family of many layers may have one for each.
#[derive(Debug, Default)]
struct Places {
    /// Clauses all of whose slots are numbers.
    fixed: FxHashMap<Keys, Vec<usize>>,
    /// The others.
    general: Vec<usize>,
}

/// A declared derivative: where, and its value there.
type SlopeAt = (Rc<Code>, Rc<Code>);

/// Clauses that are evaluated like those of a family of the system, and that nothing reads.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    /// The family whose index they have; without one, all of the index is elements.
    pub(crate) like: Option<FamilyId>,
    pub(crate) clauses: Vec<Clause>,
}

impl<'a> Program<'a> {
    /// The system at these sizes.
    pub fn new(system: &'a System, instance: &'a Instance) -> Self {
        Self::with_sheets(system, instance, Vec::new())
    }

    /// The same with further clauses; the sheet `n` is the family [`Program::sheet`]`(n)`.
    pub(crate) fn with_sheets(
        system: &'a System,
        instance: &'a Instance,
        sheets: Vec<Sheet>,
    ) -> Self {
        let mut key_positions: Vec<Box<[usize]>> = Vec::with_capacity(system.families.len());
        for family in &system.families {
            let positions = match family.kind {
                FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
                    // Of families that come later nothing is known yet; they do not occur.
                    let keys = |id: FamilyId| {
                        key_positions
                            .get(id.0 as usize)
                            .cloned()
                            .unwrap_or_default()
                    };
                    let width = |id: FamilyId| {
                        let family = system.family(id);
                        family.slots + family.axes
                    };
                    keys(of)
                        .iter()
                        .copied()
                        .chain(keys(wrt).iter().map(|at| at + width(of)))
                        .collect()
                }
                FamilyKind::Input
                | FamilyKind::Defined
                | FamilyKind::OfMatrix { .. }
                | FamilyKind::OpaqueLoss(_) => (0..family.slots).collect(),
            };
            key_positions.push(positions);
        }
        for sheet in &sheets {
            let positions = sheet
                .like
                .map(|like| key_positions[like.0 as usize].clone());
            key_positions.push(positions.unwrap_or_default());
        }
        Self {
            system,
            instance,
            sheets,
            key_positions,
            blocks: RefCell::default(),
            places: RefCell::default(),
            functions: RefCell::default(),
            slopes_at: RefCell::default(),
            spare: RefCell::default(),
            work: Cell::new(0),
        }
    }

    /// The family id of a sheet.
    pub(crate) fn sheet(&self, at: usize) -> FamilyId {
        FamilyId((self.system.families.len() + at) as u32)
    }

    /// Where a family comes from; none for a sheet.
    pub(crate) fn kind(&self, id: FamilyId) -> Option<&'a FamilyKind> {
        self.system
            .families
            .get(id.0 as usize)
            .map(|family| &family.kind)
    }

    /// Whether a family is a part of the formulas that read it: a function of a matrix, or its argument if that
    /// has no name.
    pub(crate) fn is_inside(&self, id: FamilyId) -> bool {
        self.kind(id).is_some_and(|kind| {
            matches!(kind, FamilyKind::OfMatrix { .. }) || self.system.is_nameless(id)
        })
    }

    /// The length of a family's index.
    pub(crate) fn width(&self, id: FamilyId) -> usize {
        let own = self.system.families.len();
        let family = match (id.0 as usize).checked_sub(own) {
            None => self.system.family(id),
            Some(at) => match self.sheets[at].like {
                Some(like) => self.system.family(like),
                None => {
                    return self.sheets[at]
                        .clauses
                        .first()
                        .map_or(0, |clause| clause.index.len());
                }
            },
        };
        family.slots + family.axes
    }

    /// The clauses behind an id.
    pub(crate) fn clauses(&self, id: FamilyId) -> &[Clause] {
        let own = self.system.families.len();
        if (id.0 as usize) < own {
            &self.system.family(id).clauses
        } else {
            &self.sheets[id.0 as usize - own].clauses
        }
    }

    /// The places of the slots in a family's index.
    pub(crate) fn key_positions(&self, id: FamilyId) -> &[usize] {
        &self.key_positions[id.0 as usize]
    }

    /// A full index from slots and the rest.
    pub(crate) fn full_index(&self, id: FamilyId, keys: &[i64], dense: &[i64]) -> Vec<i64> {
        let positions = self.key_positions(id);
        let (mut keys, mut dense) = (keys.iter(), dense.iter());
        (0..keys.len() + dense.len())
            .map(|at| {
                let source = if positions.contains(&at) {
                    &mut keys
                } else {
                    &mut dense
                };
                *source.next().expect("as many entries as places")
            })
            .collect()
    }

    /// Slots and the rest of a full index.
    pub(crate) fn split_index(&self, id: FamilyId, index: &[i64]) -> (Keys, SmallVec<[i64; 4]>) {
        let positions = self.key_positions(id);
        let keys = positions.iter().map(|at| index[*at]).collect();
        let dense = (0..index.len())
            .filter(|at| !positions.contains(at))
            .map(|at| index[at])
            .collect();
        (keys, dense)
    }

    /// The block of a family at these slots.
    pub(crate) fn block_id(&self, family: FamilyId, keys: Keys) -> BlockId {
        let key = (family, keys);
        if let Some(at) = self.blocks.borrow().get_index_of(&key) {
            return BlockId(at as u32);
        }
        let block = Rc::new(self.cut(family, &key.1));
        let (at, _) = self.blocks.borrow_mut().insert_full(key, block);
        BlockId(at as u32)
    }

    /// The block with this id.
    pub(crate) fn block(&self, id: BlockId) -> Rc<Block> {
        Rc::clone(&self.blocks.borrow()[id.0 as usize])
    }

    /// How many blocks there are so far.
    pub(crate) fn block_count(&self) -> usize {
        self.blocks.borrow().len()
    }

    /// Empty values, with memory for blocks if there are some to spare.
    pub(crate) fn spare_values(&self) -> Values {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps the memory of values that were computed over others.
    pub(crate) fn keep_values(&self, mut values: Values) {
        values.clear();
        self.spare.borrow_mut().push(values);
    }

    /// The clauses of a family that may have elements at these slots, in order.
    fn clauses_at(&self, family: FamilyId, keys: &[i64]) -> Vec<usize> {
        let places = Rc::clone(
            self.places
                .borrow_mut()
                .entry(family)
                .or_insert_with(|| Rc::new(self.places_of(family))),
        );
        let mut clauses = places.general.clone();
        clauses.extend(places.fixed.get(keys).into_iter().flatten());
        clauses.sort_unstable();
        clauses
    }

    fn places_of(&self, family: FamilyId) -> Places {
        let positions = self.key_positions(family);
        let mut places = Places::default();
        for (at, clause) in self.clauses(family).iter().enumerate() {
            let keys: Option<Keys> = positions
                .iter()
                .map(|position| self.instance.settle(&clause.index[*position]).as_int())
                .collect();
            match keys {
                Some(keys) => places.fixed.entry(keys).or_default().push(at),
                None => places.general.push(at),
            }
        }
        places
    }

    /// The part of a family at these slots. Without pieces if there is none.
    fn cut(&self, family: FamilyId, keys: &[i64]) -> Block {
        let positions = self.key_positions(family);
        let width = self.width(family);
        let mut pieces = Vec::new();
        let mut ranges: Option<Vec<(i64, i64)>> = None;
        let mut elements = 0;
        'clauses: for at in self.clauses_at(family, keys) {
            let clause = &self.clauses(family)[at];
            let mut known = Vec::new();
            for (position, key) in positions.iter().zip(keys) {
                let left = self.instance.settle(&clause.index[*position]);
                match letter_of(&left, &clause.vars) {
                    Some(var) => {
                        let offset = left.minus(&Affine::var(var)).as_int().unwrap_or(0);
                        let value = key - offset;
                        // A diagonal has one letter for several slots.
                        if known
                            .iter()
                            .any(|(other, own)| *other == var && *own != value)
                        {
                            continue 'clauses;
                        }
                        known.push((var, value));
                    }
                    None if left.as_int() == Some(*key) => {}
                    None => continue 'clauses,
                }
            }
            let domain = self.settle(&clause.domain, &known);
            if domain.is_nothing() {
                continue;
            }
            let vars: Vec<VarId> = clause
                .vars
                .iter()
                .copied()
                .filter(|var| !known.iter().any(|(other, _)| other == var))
                .collect();
            let Some((boxes, count)) = self.extents(&vars, &domain) else {
                continue;
            };
            let mut own = Vec::new();
            for position in (0..width).filter(|at| !positions.contains(at)) {
                let left = self.instance.settle(&clause.index[position]);
                match letter_of(&left, &vars) {
                    Some(var) => {
                        let offset = left.minus(&Affine::var(var)).as_int().unwrap_or(0);
                        let at = vars
                            .iter()
                            .position(|other| *other == var)
                            .expect("just found");
                        own.push((boxes[at].0 + offset, boxes[at].1 + offset));
                    }
                    None => match left.as_int() {
                        Some(value) => own.push((value, value)),
                        None => continue 'clauses,
                    },
                }
            }
            elements += count;
            ranges = Some(match ranges {
                None => own,
                Some(others) => others
                    .iter()
                    .zip(&own)
                    .map(|(a, b)| (a.0.min(b.0), a.1.max(b.1)))
                    .collect(),
            });
            pieces.push(Piece {
                clause: at,
                known,
                vars,
                domain,
                code: OnceCell::new(),
            });
        }
        let ranges: Vec<(i64, i64)> = ranges
            .unwrap_or_else(|| vec![(1, 0); width - positions.len()])
            .into_iter()
            .map(|(low, high)| (low, high - low + 1))
            .collect();
        let layout = Layout::of(&ranges);
        let holes = layout.len() as u64 != elements;
        self.work.set(self.work.get() + layout.len() as u64);
        Block {
            family,
            keys: keys.into(),
            layout,
            pieces,
            holes,
            owners: OnceCell::new(),
        }
    }

    /// For each place of a block the piece that it belongs to. Conditions on integer-valued families count
    /// as true.
    pub(crate) fn owners<'b>(&self, block: &'b Block) -> &'b [Owner] {
        block.owners.get_or_init(|| {
            if block.pieces.len() == 1 && !block.holes {
                return vec![Owner::Piece(0); block.layout.len()];
            }
            let mut owners = vec![Owner::Nobody; block.layout.len()];
            let positions = self.key_positions(block.family);
            for (number, piece) in block.pieces.iter().enumerate() {
                let number = number as u32;
                let clause = &self.clauses(block.family)[piece.clause];
                let vars = &piece.vars;
                let register = |var: VarId| {
                    vars.iter()
                        .position(|other| *other == var)
                        .map(|at| at as u32)
                };
                let Ok(nest) = Nest::of(vars, &piece.domain, &register) else {
                    continue;
                };
                let target: Vec<Linear> = (0..clause.index.len())
                    .filter(|at| !positions.contains(at))
                    .filter_map(|at| {
                        let settled = self
                            .instance
                            .settle(&substitute(&clause.index[at], &piece.known));
                        Linear::of(&settled, &register)
                    })
                    .collect();
                self.walk(&nest, &mut vec![0; vars.len()], &mut |registers| {
                    let dense: Vec<i64> = target
                        .iter()
                        .map(|index| self.numerator(index, registers).unwrap_or(i64::MIN))
                        .collect();
                    if let Some(offset) = block.layout.offset(&dense) {
                        owners[offset] = match owners[offset] {
                            Owner::Nobody => Owner::Piece(number),
                            Owner::Piece(other) | Owner::Several(other, _) => {
                                Owner::Several(other, number)
                            }
                        };
                    }
                });
            }
            owners
        })
    }

    /// Whether a place of a block is an element.
    pub(crate) fn is_element(&self, block: &Block, offset: usize) -> bool {
        !block.pieces.is_empty() && (!block.holes || self.owners(block)[offset] != Owner::Nobody)
    }

    /// A domain with sizes and known letters replaced by numbers.
    pub(crate) fn settle(&self, domain: &Domain, known: &[(VarId, i64)]) -> Domain {
        let mut known_domain = domain.clone();
        if !known.is_empty() {
            known_domain = domain.map(|affine| substitute(affine, known));
        }
        known_domain.map(|affine| self.instance.settle(affine))
    }

    /// The range of each letter and the number of all combinations; none if there is none.
    fn extents(&self, vars: &[VarId], domain: &Domain) -> Option<(Vec<(i64, i64)>, u64)> {
        if vars.is_empty() {
            // What is left speaks of no letter: read families.
            return (!domain.is_nothing()).then(|| (Vec::new(), 1));
        }
        let register = |var: VarId| {
            vars.iter()
                .position(|other| *other == var)
                .map(|at| at as u32)
        };
        let nest = Nest::of(vars, domain, &register).ok()?;
        let fixed = |bound: &Linear| bound.is_fixed().then_some(bound.constant);
        let mut boxes = vec![(0, 0); vars.len()];
        if nest.is_box() {
            let mut count = 1;
            for level in &nest.levels {
                let (low, high) = level.range(fixed)?;
                if low > high {
                    return None;
                }
                boxes[level.register as usize] = (low, high);
                count *= (high - low + 1) as u64;
            }
            return Some((boxes, count));
        }
        let mut count = 0;
        let mut seen: Option<Vec<(i64, i64)>> = None;
        self.walk(&nest, &mut vec![0; vars.len()], &mut |registers| {
            count += 1;
            match &mut seen {
                None => seen = Some(registers.iter().map(|value| (*value, *value)).collect()),
                Some(boxes) => {
                    for (range, value) in boxes.iter_mut().zip(registers) {
                        *range = (range.0.min(*value), range.1.max(*value));
                    }
                }
            }
        });
        seen.map(|boxes| (boxes, count))
    }

    /// Every combination of the letters, in order. Conditions on integer-valued families count as true.
    pub(crate) fn walk(
        &self,
        nest: &Nest,
        registers: &mut Vec<i64>,
        visit: &mut impl FnMut(&[i64]),
    ) {
        if nest
            .before
            .iter()
            .all(|check| self.check_holds(check, registers))
        {
            self.walk_level(nest, 0, registers, visit);
        }
    }

    fn walk_level(
        &self,
        nest: &Nest,
        at: usize,
        registers: &mut Vec<i64>,
        visit: &mut impl FnMut(&[i64]),
    ) {
        let Some(level) = nest.levels.get(at) else {
            visit(registers);
            return;
        };
        let Some((low, high)) = level.range(|bound| self.numerator(bound, registers)) else {
            return;
        };
        for value in low..=high {
            registers[level.register as usize] = value;
            if level
                .checks
                .iter()
                .all(|check| self.check_holds(check, registers))
            {
                self.walk_level(nest, at + 1, registers, visit);
            }
        }
    }

    fn check_holds(&self, check: &super::nest::Check, registers: &[i64]) -> bool {
        self.numerator(&check.linear, registers)
            .is_none_or(|numerator| {
                super::nest::Check::holds(check.relation, numerator, check.linear.denominator)
            })
    }

    /// The numerator of an expression without reads.
    pub(crate) fn numerator(&self, linear: &Linear, registers: &[i64]) -> Option<i64> {
        let mut sum = linear.constant;
        for (register, coefficient) in &linear.terms {
            sum += coefficient * registers[*register as usize];
        }
        for (lookup, coefficient) in &linear.lookups {
            match lookup {
                super::nest::Lookup::Size(size, slots) => {
                    let slots: Option<Vec<i64>> = slots
                        .iter()
                        .map(|slot| {
                            let numerator = self.numerator(slot, registers)?;
                            (numerator % slot.denominator == 0)
                                .then(|| numerator / slot.denominator)
                        })
                        .collect();
                    sum += coefficient * self.instance.size(*size, &slots?);
                }
                super::nest::Lookup::Read(..) => return None,
            }
        }
        Some(sum)
    }

    /// All slots at which a family has elements, sorted.
    pub(crate) fn keys_of(&self, family: FamilyId) -> Vec<Keys> {
        let positions = self.key_positions(family);
        let mut result: Vec<Keys> = Vec::new();
        for clause in self.clauses(family) {
            let domain = self.settle(&clause.domain, &[]);
            let lefts: Vec<Affine> = positions
                .iter()
                .map(|at| self.instance.settle(&clause.index[*at]))
                .collect();
            let (keyed, others): (Vec<VarId>, Vec<VarId>) = clause
                .vars
                .iter()
                .partition(|var| lefts.iter().any(|left| left.mentions(**var)));
            let mut shadow = domain;
            for var in others.iter().rev() {
                shadow = shadow.project(*var);
            }
            let register = |var: VarId| {
                keyed
                    .iter()
                    .position(|other| *other == var)
                    .map(|at| at as u32)
            };
            let Ok(nest) = Nest::of(&keyed, &shadow, &register) else {
                continue;
            };
            let lefts: Option<Vec<Linear>> = lefts
                .iter()
                .map(|left| Linear::of(left, &register))
                .collect();
            let Some(lefts) = lefts else { continue };
            self.walk(&nest, &mut vec![0; keyed.len()], &mut |registers| {
                result.push(
                    lefts
                        .iter()
                        .map(|left| self.numerator(left, registers).unwrap_or(0) / left.denominator)
                        .collect(),
                );
            });
        }
        result.sort();
        result.dedup();
        result.retain(|keys| {
            !self
                .block(self.block_id(family, keys.clone()))
                .pieces
                .is_empty()
        });
        result
    }

    /// The compiled body of a piece; none if it has no body.
    pub(crate) fn code(&self, block: &Block, piece: usize) -> Option<Rc<Code>> {
        let piece = &block.pieces[piece];
        let clause = &self.clauses(block.family)[piece.clause];
        let body = clause.body?;
        let code = piece
            .code
            .get_or_init(|| Rc::new(Compiler::piece(self, block, piece, clause, body)));
        Some(Rc::clone(code))
    }

    /// The compiled body of a function.
    pub(crate) fn function(&self, id: FunctionId) -> Option<Rc<Code>> {
        if let Some(code) = self.functions.borrow().get(&id) {
            return Some(Rc::clone(code));
        }
        let body = self.system.function(id).body?;
        let code = Rc::new(Compiler::function(self, body));
        self.functions.borrow_mut().insert(id, Rc::clone(&code));
        Some(code)
    }

    /// A declared derivative at a point: the compiled point and value.
    pub(crate) fn slope_at(&self, id: FunctionId, at: usize) -> SlopeAt {
        if let Some((point, value)) = self.slopes_at.borrow().get(&(id, at)) {
            return (Rc::clone(point), Rc::clone(value));
        }
        let (point, value) = self.system.function(id).slopes_at[at];
        let codes = (
            Rc::new(Compiler::function(self, point)),
            Rc::new(Compiler::function(self, value)),
        );
        self.slopes_at.borrow_mut().insert((id, at), codes.clone());
        codes
    }
}

/// The letter of a left side's entry.
fn letter_of(left: &Affine, vars: &[VarId]) -> Option<VarId> {
    vars.iter()
        .copied()
        .find(|var| !num_traits::Zero::is_zero(&left.coefficient_of_var(*var)))
}

/// Letters replaced by numbers.
pub(crate) fn substitute(affine: &Affine, known: &[(VarId, i64)]) -> Affine {
    affine.map_atoms(&mut |atom| match atom {
        crate::term::Atom::Var(var) => known
            .iter()
            .find(|(other, _)| other == var)
            .map(|(_, value)| Affine::int(*value)),
        crate::term::Atom::Size(..) | crate::term::Atom::Read(..) => None,
    })
}

/// What a nest that cannot be made says of a sum.
pub(crate) fn is_empty_nest(error: &NoNest) -> bool {
    *error == NoNest::Empty
}
