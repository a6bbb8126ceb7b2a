//! The network and its derivatives at values that somebody gives.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::derive::Derivation;
use crate::formula::Formula;
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, System};
use crate::term::{Affine, Atom, FamilyId, SizeId, VarId};

use super::array::Array;
use super::evaluate::Evaluator;
use super::instance::Instance;
use super::names;
use super::program::{Block, BlockId, Program, Sheet, substitute};
use super::values::Point;

/// Evaluates the loss and the derivatives that were asked for.
///
/// `given` is an object of name → number or nested arrays; a family with slots is an object keyed by the slot
/// (nested for several slots), a size may be given by its name. The answer is `{"values": {…}}` with the keys
/// `C`, `∂C/∂W[0]`, `∂p/∂a`, `∂²C/∂w∂v`. Where a formula gives an element its right side is evaluated, else the
/// derivation's own definition.
///
/// # Errors
/// One sentence for each thing that is missing or does not fit.
pub fn evaluate_at(
    derivation: &Derivation,
    formulas: &[Formula],
    given: &Value,
) -> Result<Value, Vec<String>> {
    let system = &derivation.system;
    let Value::Object(given) = given else {
        return Err(vec![
            "the values must be one JSON object: {\"x\": 1.5, …}".into(),
        ]);
    };
    let mut errors = unknown_names(system, given);
    for function in system.functions.iter().filter(|it| it.is_opaque()) {
        let name = &function.name;
        errors.push(format!(
            "`{name}` stands for any function and has no values: define it, `fn {name}(…) = …`"
        ));
    }
    let tables = tables(system, given, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut instance = Instance::default();
    given_sizes(system, given, &mut instance, &mut errors);
    read_sizes(system, &tables, &mut instance);
    let (sheets, sheet_of) = sheets(system, formulas);
    for (at, size) in system.sizes.iter().enumerate() {
        let id = SizeId(at as u32);
        if size.slots == 0 && instance.fixed(id, &[]).is_none() {
            errors.push(format!(
                "the size `{0}` cannot be read off the arrays: give it as \"{0}\": a number",
                size.name
            ));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let program = Program::with_sheets(system, &instance, sheets);
    for at in 0..system.families.len() {
        program.keys_of(FamilyId(at as u32));
    }
    for (size, slots) in instance.made_up() {
        let slots: Vec<String> = slots.iter().map(i64::to_string).collect();
        let name = &system.size(size).name;
        errors.push(format!(
            "the size `{name}[{0}]` cannot be read off the arrays: give it as \"{name}\": {{\"{0}\": a number}}",
            slots.join(", ")
        ));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut reader = Reader {
        derivation,
        program: &program,
        tables: &tables,
        point: Point::default(),
        errors: Vec::new(),
    };
    reader.read_inputs();
    reader.read_upstream(given);
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    let step_at_zero = derivation.step_at_zero.number().unwrap_or(f64::NAN);
    let point = reader.point;
    let mut writer = Writer {
        derivation,
        program: &program,
        evaluator: Evaluator::new(&program, &point, step_at_zero),
        sheet_of,
        values: Map::new(),
        errors: Vec::new(),
    };
    writer.write();
    if !writer.errors.is_empty() {
        return Err(writer.errors);
    }
    let mut result = Map::new();
    result.insert("values".into(), Value::Object(writer.values));
    Ok(Value::Object(result))
}

/// The arrays of each given family, by slots.
type Tables = BTreeMap<FamilyId, BTreeMap<Vec<i64>, Value>>;

fn unknown_names(system: &System, given: &Map<String, Value>) -> Vec<String> {
    let mut errors = Vec::new();
    for name in given.keys() {
        if system.sizes.iter().any(|size| size.name == *name) || upstream_of(system, name).is_some()
        {
            continue;
        }
        match system.find(name) {
            Some(id) => match system.family(id).kind {
                FamilyKind::Input => {}
                FamilyKind::Defined if has_boundary(system, id) => {}
                FamilyKind::Defined | FamilyKind::OpaqueLoss(_) => errors.push(format!(
                    "`{name}` is defined by the network: only what it is computed from can be given"
                )),
                FamilyKind::OfMatrix { .. }
                | FamilyKind::Adjoint { .. }
                | FamilyKind::Local { .. } => {}
            },
            None => errors.push(format!("the network has no input called `{name}`")),
        }
    }
    errors
}

/// Whether some slots of a defined quantity are given.
fn has_boundary(system: &System, defined: FamilyId) -> bool {
    system
        .family_ids()
        .any(|id| system.bounded_by(id) == Some(defined))
}

fn tables(system: &System, given: &Map<String, Value>, errors: &mut Vec<String>) -> Tables {
    let mut tables = Tables::new();
    for (at, family) in system.families.iter().enumerate() {
        if family.kind != FamilyKind::Input {
            continue;
        }
        let Some(value) = given.get(&family.name) else {
            errors.push(format!("`{}` is not given", family.name));
            continue;
        };
        let mut by_slots = BTreeMap::new();
        by_slot(
            &family.name,
            value,
            family.slots,
            &mut Vec::new(),
            &mut by_slots,
            errors,
        );
        tables.insert(FamilyId(at as u32), by_slots);
    }
    tables
}

fn by_slot(
    name: &str,
    value: &Value,
    slots: usize,
    keys: &mut Vec<i64>,
    into: &mut BTreeMap<Vec<i64>, Value>,
    errors: &mut Vec<String>,
) {
    if keys.len() == slots {
        into.insert(keys.clone(), value.clone());
        return;
    }
    let Value::Object(entries) = value else {
        errors.push(format!(
            "`{name}` has a slot: give it as an object keyed by the slot, {{\"0\": …, \"1\": …}}"
        ));
        return;
    };
    for (key, value) in entries {
        match key.trim().parse() {
            Ok(slot) => {
                keys.push(slot);
                by_slot(name, value, slots, keys, into, errors);
                keys.pop();
            }
            Err(_) => errors.push(format!(
                "`{name}`: the slot \"{key}\" is not a whole number"
            )),
        }
    }
}

fn given_sizes(
    system: &System,
    given: &Map<String, Value>,
    instance: &mut Instance,
    errors: &mut Vec<String>,
) {
    for (at, size) in system.sizes.iter().enumerate() {
        let id = SizeId(at as u32);
        let Some(value) = given.get(&size.name) else {
            continue;
        };
        let mut by_slots = BTreeMap::new();
        by_slot(
            &size.name,
            value,
            size.slots,
            &mut Vec::new(),
            &mut by_slots,
            errors,
        );
        for (slots, value) in by_slots {
            match value.as_i64() {
                Some(value) if value >= 1 => instance.fix(id, &slots, value),
                _ => errors.push(format!(
                    "the size `{}` must be a positive whole number",
                    size.name
                )),
            }
        }
    }
}

/// Sizes from the shapes of arrays and from the slots that are given, until nothing new is found.
fn read_sizes(system: &System, tables: &Tables, instance: &mut Instance) {
    loop {
        let mut found = false;
        for (id, by_slots) in tables {
            let family = system.family(*id);
            for clause in &family.clauses {
                for (keys, value) in by_slots {
                    let mut known: Vec<(VarId, i64)> = Vec::new();
                    let mut here = true;
                    for (left, key) in clause.index.iter().zip(keys) {
                        let settled = instance.settle_fixed(left);
                        match clause.vars.iter().find(|var| settled.mentions(**var)) {
                            Some(var) => {
                                let offset =
                                    settled.minus(&Affine::var(*var)).as_int().unwrap_or(0);
                                known.push((*var, key - offset));
                            }
                            None => here &= settled.as_int() == Some(*key),
                        }
                    }
                    if here {
                        let lengths = lengths(value);
                        for (axis, length) in lengths.iter().enumerate() {
                            let Some(left) = clause.index.get(family.slots + axis) else {
                                break;
                            };
                            found |= learn_axis(clause, left, &known, *length, instance);
                        }
                    }
                }
                // The last slot that is given is the last that there is.
                for at in 0..family.slots {
                    let last = by_slots.keys().map(|keys| keys[at]).max();
                    let first = by_slots.keys().map(|keys| keys[at]).min();
                    if let (Some(first), Some(last)) = (first, last) {
                        found |= learn_slots(clause, &clause.index[at], first, last, instance);
                    }
                }
            }
        }
        if !found {
            return;
        }
    }
}

fn lengths(value: &Value) -> Vec<i64> {
    let mut result = Vec::new();
    let mut value = value;
    while let Value::Array(items) = value {
        result.push(items.len() as i64);
        let Some(first) = items.first() else { break };
        value = first;
    }
    result
}

fn learn_axis(
    clause: &crate::system::Clause,
    left: &Affine,
    known: &[(VarId, i64)],
    length: i64,
    instance: &mut Instance,
) -> bool {
    let Some(var) = clause.vars.iter().copied().find(|var| left.mentions(*var)) else {
        return false;
    };
    let domain = clause
        .domain
        .map(|affine| instance.settle_fixed(&substitute(affine, known)));
    let (lower, upper) = domain.bounds(var);
    let low = lower
        .iter()
        .filter(|(c, _)| *c == 1)
        .filter_map(|(_, bound)| bound.as_int())
        .max();
    let Some(low) = low else { return false };
    let bounds: Vec<Affine> = upper
        .into_iter()
        .filter(|(c, _)| *c == 1)
        .map(|(_, bound)| bound)
        .collect();
    let mut found = false;
    for bound in bounds {
        found |= learn(&bound, low + length - 1, instance);
    }
    found
}

fn learn_slots(
    clause: &crate::system::Clause,
    left: &Affine,
    first: i64,
    last: i64,
    instance: &mut Instance,
) -> bool {
    let Some(var) = clause.vars.iter().copied().find(|var| left.mentions(*var)) else {
        return false;
    };
    let offset = left.minus(&Affine::var(var)).as_int().unwrap_or(0);
    let domain = clause.domain.map(|affine| instance.settle_fixed(affine));
    let (lower, upper) = domain.bounds(var);
    let mut found = false;
    for (bounds, end) in [(lower, first), (upper, last)] {
        for (c, bound) in bounds {
            if c == 1 {
                found |= learn(&bound, end - offset, instance);
            }
        }
    }
    found
}

/// `bound = value`, where the bound is one size that is not fixed yet, times one, plus a number.
fn learn(bound: &Affine, value: i64, instance: &mut Instance) -> bool {
    let settled = instance.settle_fixed(bound);
    let [(Atom::Size(size, slots), coefficient)] = settled.terms() else {
        return false;
    };
    if !num_traits::One::is_one(coefficient) || !settled.constant().is_integer() {
        return false;
    }
    let slots: Option<Vec<i64>> = slots.iter().map(Affine::as_int).collect();
    let Some(slots) = slots else { return false };
    let size_value = value - settled.constant().to_integer();
    if size_value < 1 || instance.fixed(*size, &slots).is_some() {
        return false;
    }
    instance.fix(*size, &slots, size_value);
    true
}

/// One sheet for each adjoint family that has formulas.
fn sheets(system: &System, formulas: &[Formula]) -> (Vec<Sheet>, BTreeMap<FamilyId, FamilyId>) {
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut sheet_of: BTreeMap<FamilyId, FamilyId> = BTreeMap::new();
    for formula in formulas {
        let at = *sheet_of.entry(formula.adjoint).or_insert_with(|| {
            sheets.push(Sheet {
                like: Some(formula.adjoint),
                clauses: Vec::new(),
            });
            FamilyId((system.families.len() + sheets.len() - 1) as u32)
        });
        sheets[at.0 as usize - system.families.len()]
            .clauses
            .push(crate::system::Clause {
                vars: formula.vars.clone(),
                index: formula.index.clone(),
                domain: formula.domain.clone(),
                body: Some(formula.result()),
                span: None,
            });
    }
    (sheets, sheet_of)
}

/// The family behind a key `∂C/∂r[L]` of an opaque loss, as it is written in the network.
fn upstream_of(system: &System, key: &str) -> Option<(FamilyId, Vec<Affine>)> {
    let loss = system.loss?;
    let FamilyKind::OpaqueLoss(arguments) = &system.family(loss).kind else {
        return None;
    };
    let name = &system.family(loss).name;
    let quantity = key.strip_prefix(&format!("∂{name}/∂"))?;
    let (quantity, slots) = match quantity.split_once('[') {
        Some((quantity, slots)) => (quantity, slots.strip_suffix(']')?),
        None => (quantity, ""),
    };
    let given: Vec<&str> = slots
        .split(',')
        .map(str::trim)
        .filter(|slot| !slot.is_empty())
        .collect();
    let (family, slots) = arguments.iter().find(|(family, slots)| {
        system.family(*family).name == quantity
            && slots.len() == given.len()
            && slots.iter().zip(&given).all(|(slot, given)| {
                names::affine(system, slot) == given.replace(' ', "")
                    || given.parse::<i64>().is_ok()
            })
    })?;
    Some((*family, slots.to_vec()))
}

struct Reader<'r, 'a> {
    derivation: &'r Derivation,
    program: &'r Program<'a>,
    tables: &'r Tables,
    point: Point,
    errors: Vec<String>,
}

impl Reader<'_, '_> {
    fn read_inputs(&mut self) {
        let system = self.program.system;
        for (id, by_slots) in self.tables {
            let family = system.family(*id);
            let all = self.program.keys_of(*id);
            for keys in &all {
                let name = names::family(system, *id, keys);
                let Some(value) = by_slots.get(keys.as_slice()) else {
                    self.errors.push(format!("`{name}` is not given"));
                    continue;
                };
                let block_id = self.program.block_id(*id, keys.clone());
                self.block(block_id, &name, value);
                if let Some((low, high)) = &family.integers {
                    let bounds = self
                        .program
                        .instance
                        .whole(low)
                        .zip(self.program.instance.whole(high));
                    self.check_whole(block_id, &name, bounds);
                }
            }
            for keys in by_slots.keys() {
                if !all.iter().any(|other| other.as_slice() == keys.as_slice()) {
                    self.errors.push(format!(
                        "`{}` is given but does not occur in the network",
                        names::family(system, *id, keys)
                    ));
                }
            }
        }
    }

    fn check_whole(&mut self, id: BlockId, name: &str, bounds: Option<(i64, i64)>) {
        let Some(array) = self.point.given.get(&id) else {
            return;
        };
        let wrong = array.values.iter().any(|value| {
            !value.is_nan()
                && (value.fract() != 0.0
                    || bounds
                        .is_some_and(|(low, high)| *value < low as f64 || *value > high as f64))
        });
        if wrong {
            let range = bounds.map_or(String::new(), |(low, high)| {
                format!(" from {low} to {high}")
            });
            self.errors
                .push(format!("`{name}` must hold whole numbers{range}"));
        }
    }

    fn block(&mut self, id: BlockId, name: &str, value: &Value) {
        let block = self.program.block(id);
        let mut array = Array::filled(block.layout.len(), f64::NAN);
        match self.fill(&block, value, 0, 0, &mut array) {
            Ok(()) => {
                self.point.given.insert(id, Rc::new(array));
            }
            Err(found) => {
                let shape: Vec<String> = block.layout.extent.iter().map(i64::to_string).collect();
                let wanted = if shape.is_empty() {
                    "a number".to_owned()
                } else {
                    format!("nested arrays of {}", shape.join(" × "))
                };
                self.errors
                    .push(format!("`{name}` must be {wanted}, found {found}"));
            }
        }
    }

    fn fill(
        &self,
        block: &Block,
        value: &Value,
        axis: usize,
        offset: usize,
        array: &mut Array,
    ) -> Result<(), String> {
        if axis == block.layout.extent.len() {
            return match value {
                Value::Number(number) => {
                    array.values[offset] = number.as_f64().unwrap_or(f64::NAN);
                    Ok(())
                }
                Value::Null if !self.program.is_element(block, offset) => Ok(()),
                Value::Array(_) => Err("an array where a number belongs".into()),
                Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => {
                    Err(format!("{value} where a number belongs"))
                }
            };
        }
        let Value::Array(items) = value else {
            return Err(format!("{value} where an array belongs"));
        };
        if items.len() as i64 != block.layout.extent[axis] {
            return Err(format!("{} entries along axis {}", items.len(), axis + 1));
        }
        for (at, item) in items.iter().enumerate() {
            self.fill(
                block,
                item,
                axis + 1,
                offset + at * block.layout.stride[axis] as usize,
                array,
            )?;
        }
        Ok(())
    }

    /// The given derivatives of an opaque loss.
    fn read_upstream(&mut self, given: &Map<String, Value>) {
        let system = self.program.system;
        let Some(loss) = system.loss else { return };
        if !matches!(system.family(loss).kind, FamilyKind::OpaqueLoss(_)) {
            return;
        }
        for adjoint in &self.derivation.adjoints {
            let FamilyKind::Adjoint { of, wrt } = system.family(adjoint.family).kind else {
                continue;
            };
            if of != loss {
                continue;
            }
            for keys in self.program.keys_of(adjoint.family) {
                let id = self.program.block_id(adjoint.family, keys.clone());
                let block = self.program.block(id);
                let bodiless = block.pieces.iter().any(|piece| {
                    self.program.clauses(adjoint.family)[piece.clause]
                        .body
                        .is_none()
                });
                if !bodiless {
                    continue;
                }
                let value = given.iter().find_map(|(key, value)| {
                    let (family, slots) = upstream_of(system, key)?;
                    let here = slots
                        .iter()
                        .zip(&keys)
                        .all(|(slot, key)| self.program.instance.whole(slot) == Some(*key));
                    (family == wrt && here).then_some(value)
                });
                let name = names::family(system, adjoint.family, &keys);
                match value {
                    Some(value) => self.block(id, &name, value),
                    None => self.errors.push(format!(
                        "the loss is opaque: give its derivative as \"{name}\""
                    )),
                }
            }
        }
    }
}

struct Writer<'w, 'a> {
    derivation: &'w Derivation,
    program: &'w Program<'a>,
    evaluator: Evaluator<'w, 'a, f64>,
    sheet_of: BTreeMap<FamilyId, FamilyId>,
    values: Map<String, Value>,
    errors: Vec<String>,
}

impl Writer<'_, '_> {
    fn write(&mut self) {
        let system = self.program.system;
        if let Some(loss) = system.loss
            && system.family(loss).kind == FamilyKind::Defined
        {
            let id = self.program.block_id(loss, [].into_iter().collect());
            let block = self.program.block(id);
            let name = system.family(loss).name.clone();
            let value = self.nested(&block, id, None, &name, 0, 0);
            self.values.insert(name, value);
        }
        let asked: Vec<FamilyId> = {
            let mut seen = Vec::new();
            for asked in &self.derivation.asked {
                if !seen.contains(&asked.adjoint) {
                    seen.push(asked.adjoint);
                }
            }
            seen
        };
        for adjoint in asked {
            for keys in self.program.keys_of(adjoint) {
                self.derivative(adjoint, &keys);
            }
        }
    }

    /// The fixed entries of the questions about a family.
    fn questions(&self, adjoint: FamilyId) -> Vec<Vec<Option<i64>>> {
        self.derivation
            .asked
            .iter()
            .filter(|asked| asked.adjoint == adjoint)
            .map(|asked| {
                asked
                    .index
                    .iter()
                    .map(|entry| {
                        entry
                            .as_ref()
                            .and_then(|value| self.program.instance.whole(value))
                    })
                    .collect()
            })
            .collect()
    }

    fn derivative(&mut self, adjoint: FamilyId, keys: &[i64]) {
        let system = self.program.system;
        let positions = self.program.key_positions(adjoint).to_vec();
        let questions: Vec<Vec<Option<i64>>> = self
            .questions(adjoint)
            .into_iter()
            .filter(|entries| {
                positions
                    .iter()
                    .zip(keys)
                    .all(|(at, key)| entries[*at].is_none_or(|entry| entry == *key))
            })
            .collect();
        if questions.is_empty() {
            return;
        }
        let id = self.program.block_id(adjoint, keys.into());
        let block = self.program.block(id);
        let sheet = self
            .sheet_of
            .get(&adjoint)
            .map(|sheet| self.program.block_id(*sheet, keys.into()));
        let whole = questions.iter().any(|entries| {
            (0..entries.len()).all(|at| positions.contains(&at) || entries[at].is_none())
        });
        if whole {
            let name = names::family(system, adjoint, keys);
            let value = self.nested(&block, id, sheet, &name, 0, 0);
            self.values.insert(name, value);
            return;
        }
        for offset in 0..block.layout.len() {
            let index = self
                .program
                .full_index(adjoint, keys, &block.layout.index(offset));
            let wanted = questions.iter().any(|entries| {
                entries
                    .iter()
                    .zip(&index)
                    .all(|(entry, at)| entry.is_none_or(|entry| entry == *at))
            });
            if wanted && self.program.is_element(&block, offset) {
                let name = names::element(system, adjoint, &index);
                let value = self.number(&block, id, sheet, &name, offset);
                self.values.insert(name, value);
            }
        }
    }

    fn nested(
        &mut self,
        block: &Block,
        id: BlockId,
        sheet: Option<BlockId>,
        name: &str,
        axis: usize,
        offset: usize,
    ) -> Value {
        if axis == block.layout.extent.len() {
            return self.number(block, id, sheet, name, offset);
        }
        Value::Array(
            (0..block.layout.extent[axis])
                .map(|at| {
                    let offset = offset + (at * block.layout.stride[axis]) as usize;
                    self.nested(block, id, sheet, name, axis + 1, offset)
                })
                .collect(),
        )
    }

    fn number(
        &mut self,
        block: &Block,
        id: BlockId,
        sheet: Option<BlockId>,
        name: &str,
        offset: usize,
    ) -> Value {
        if !self.program.is_element(block, offset) {
            return Value::Null;
        }
        // The formula's right side, where there is one.
        let mut value = None;
        if let Some(sheet) = sheet {
            let shape = self.program.block(sheet);
            let dense = block.layout.index(offset);
            if let Some(at) = shape.layout.offset(&dense)
                && self.program.is_element(&shape, at)
            {
                value = Some(self.evaluator.array(sheet).values[at]);
            }
        }
        let value = value.unwrap_or_else(|| self.evaluator.array(id).values[offset]);
        match serde_json::Number::from_f64(value) {
            Some(number) => Value::Number(number),
            None => {
                let why = self.evaluator.trouble.clone().unwrap_or_else(|| {
                    if self.derivation.step_at_zero == StepAtZero::Undefined {
                        "a kink is met, and Step(0) is undefined".into()
                    } else {
                        "something in it is not defined there".into()
                    }
                });
                let message = format!("{name} has no value at this point: {why}");
                if !self.errors.contains(&message) {
                    self.errors.push(message);
                }
                Value::Null
            }
        }
    }
}
