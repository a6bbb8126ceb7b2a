//! Points at which claims are judged: values for everything that is given, under what is assumed.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::evaluate::{Detached, Element, Env, Evaluator, Kink, Numbers, Point, Steps};
use super::field::scramble;
use super::rational::Rational;
use super::value::{Arithmetic, Real, Trouble, Value};
use crate::claim::Lowering;
use crate::syntax::{MatrixProperty, StepAtZero};
use crate::system::{Assumption, Fact, FamilyKind, System};
use crate::term::{Affine, Cmp, FamilyId, Node, TermId, VarId};

/// What a point has to satisfy beside the network's assumptions.
#[derive(Debug, Clone, Default)]
pub(super) struct Demands {
    /// Terms that are 0.
    pub(super) zero: Vec<(TermId, Env)>,
    /// Families all of whose elements are positive.
    pub(super) positive: Vec<FamilyId>,
}

/// Bounds of one element.
#[derive(Debug, Clone, Default)]
struct Bounds {
    low: Option<Rational>,
    high: Option<Rational>,
}

/// How a point is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) arithmetic: Arithmetic,
    pub(super) seed: u64,
    pub(super) numbers: Numbers,
    pub(super) step_at_zero: StepAtZero,
    pub(super) detached: Detached,
}

/// All values of an assumption's letters.
pub(super) fn values_of(
    lowering: &Lowering<'_>,
    assumption: &Assumption,
    also: Option<VarId>,
) -> Option<(Vec<VarId>, Vec<Vec<i64>>)> {
    let mut vars: Vec<VarId> = assumption.vars.to_vec();
    if let Some(var) = also
        && !vars.contains(&var)
    {
        vars.push(var);
    }
    let domain = assumption
        .domain
        .map(|affine| lowering.instance.settle(affine));
    let points = domain.points(&vars, 50_000)?;
    Some((vars, points))
}

pub(super) fn env_of(vars: &[VarId], point: &[i64]) -> Env {
    vars.iter().copied().zip(point.iter().copied()).collect()
}

/// The input that a term is, if it is nothing else.
pub(super) fn input_of(lowering: &Lowering<'_>, term: TermId, env: &Env) -> Option<Element> {
    let Node::Access(family, index) = lowering.system.store.node(term) else {
        return None;
    };
    if lowering.system.family(*family).kind != FamilyKind::Input {
        return None;
    }
    let index: Option<SmallVec<[i64; 4]>> = index
        .iter()
        .map(|entry| {
            let mut entry = lowering.instance.settle(entry);
            for (var, value) in env {
                entry = entry.substitute(*var, &Affine::int(*value));
            }
            lowering.instance.settle(&entry).as_int()
        })
        .collect();
    Some((*family, index?))
}

/// All elements of a family.
pub(super) fn elements_of(lowering: &mut Lowering<'_>, family: FamilyId) -> Vec<Element> {
    let places = lowering.places(family);
    places
        .into_iter()
        .map(|index| (family, index.into()))
        .collect()
}

/// A point; none if what is assumed cannot be met this way.
pub(super) fn point(lowering: &mut Lowering<'_>, plan: Plan, demands: &Demands) -> Option<Point> {
    let arithmetic = plan.arithmetic;
    let step_at_zero = match plan.step_at_zero {
        StepAtZero::Zero => arithmetic.int(0),
        StepAtZero::One => arithmetic.int(1),
        StepAtZero::Half => arithmetic.number(Rational::new(1, 2)),
        StepAtZero::Undefined => {
            let state = scramble(plan.seed ^ 0x5e9);
            arithmetic.free(Rational::new((state % 17) as i64 - 5, 7), state)
        }
    };
    let mut point = Point {
        arithmetic,
        fixed: FxHashMap::default(),
        seed: plan.seed,
        step_at_zero,
        numbers: plan.numbers,
        on_kink: false,
        detached: plan.detached,
        signs: Vec::new(),
        boxed: false,
        steps: Steps::Taken,
        exponents: lowering.structure.exponents(&lowering.system),
    };
    fix_integers(lowering, &mut point);
    let bounds = bounds_of(lowering, demands)?;
    let assumptions = lowering.system.assumptions.clone();
    for assumption in &assumptions {
        match &assumption.fact {
            Fact::Compare(..) => {}
            Fact::OneOf(term, allowed) => {
                let (vars, points) = values_of(lowering, assumption, None)?;
                for at in points {
                    let element = input_of(lowering, *term, &env_of(&vars, &at))?;
                    let choice = scramble(hash_of(&element) ^ plan.seed) as usize % allowed.len();
                    point
                        .fixed
                        .insert(element, arithmetic.number(Rational::from(&allowed[choice])));
                }
            }
            Fact::OneHot(term, var) => {
                one_hot(lowering, assumption, *term, *var, plan.seed, &mut point)?
            }
            Fact::Matrix(family, property) => matrix(lowering, *family, *property, &mut point)?,
        }
    }
    let mut bounded: Vec<(Element, Bounds)> = bounds.into_iter().collect();
    bounded.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (element, bounds) in &bounded {
        if point.fixed.contains_key(element) {
            continue;
        }
        let free = point.made_up(element);
        let Real::Exact(value) = &free.real else {
            continue;
        };
        let size = value.magnitude();
        let real = match (&bounds.low, &bounds.high) {
            (Some(low), Some(high)) => {
                let share = size.times(&size.plus(&Rational::int(1)).inverse());
                low.plus(&high.plus(&low.negated()).times(&share))
            }
            (Some(low), None) => low.plus(&size),
            (None, Some(high)) => high.plus(&size.negated()),
            (None, None) => continue,
        };
        let turned = value.is_negative() != real.is_negative();
        let residues = free.residues.map(|residues| {
            if turned {
                arithmetic.field.negated(&residues)
            } else {
                residues
            }
        });
        point.fixed.insert(
            element.clone(),
            Value {
                real: Real::Exact(real),
                residues,
            },
        );
    }
    // What has to hold under signs of some holds however large the others are.
    if !demands.positive.is_empty() && plan.seed % 2 == 1 {
        let large = arithmetic.int(997);
        for at in 0..lowering.system.families.len() {
            let family = FamilyId(u32::try_from(at).expect("few families"));
            let known = lowering.system.family(family);
            if known.kind != FamilyKind::Input
                || known.integers.is_some()
                || demands.positive.contains(&family)
            {
                continue;
            }
            for element in elements_of(lowering, family) {
                let value = arithmetic.times(&point.made_up(&element), &large);
                point.fixed.entry(element).or_insert(value);
            }
        }
    }
    let nonnegative: Vec<Element> = bounded
        .iter()
        .filter(|(_, bounds)| bounds.low.as_ref().is_some_and(|low| !low.is_negative()))
        .map(|(element, _)| element.clone())
        .collect();
    for assumption in &assumptions {
        if let Fact::Compare(Cmp::Equal, left, right) = &assumption.fact {
            let (vars, points) = values_of(lowering, assumption, None)?;
            for at in points {
                equalize(
                    lowering,
                    &mut point,
                    *left,
                    *right,
                    &env_of(&vars, &at),
                    &nonnegative,
                )?;
            }
        }
    }
    // Each by an input that leaves those before it at 0.
    for (at, (term, env)) in demands.zero.iter().enumerate() {
        let found = solutions(lowering, &point, *term, env, &assumptions, MOST_INPUTS).ok()?;
        let before = &demands.zero[..at];
        let mut found = found.into_iter();
        point = found.find(|point| holds(lowering, point, before))?;
    }
    satisfied(lowering, &point, &assumptions)?.then_some(point)
}

/// The bounds of plain inputs.
fn bounds_of(lowering: &mut Lowering<'_>, demands: &Demands) -> Option<FxHashMap<Element, Bounds>> {
    let mut bounds: FxHashMap<Element, Bounds> = FxHashMap::default();
    for family in &demands.positive {
        for element in elements_of(lowering, *family) {
            bounds.entry(element).or_default().low = Some(Rational::int(0));
        }
    }
    for assumption in &lowering.system.assumptions {
        if let Fact::Compare(cmp, left, right) = &assumption.fact {
            bound(lowering, assumption, *cmp, *left, *right, &mut bounds)?;
        }
    }
    Some(bounds)
}

/// A point with ranges for numbers: whatever an input may be. Of what is assumed, bounds of plain inputs and the values of
/// those that have only some are known.
pub(super) fn boxed(lowering: &mut Lowering<'_>, like: &Point, demands: &Demands) -> Point {
    let mut point = Point {
        fixed: FxHashMap::default(),
        on_kink: false,
        boxed: true,
        signs: Vec::new(),
        ..like.clone()
    };
    let mut range = |element: Element, low: f64, high: f64| {
        let real = Real::Between(low, high);
        let residues = None;
        point.fixed.insert(element, Value { real, residues });
    };
    let bounds = bounds_of(lowering, demands).unwrap_or_default();
    let mut bounds: Vec<(Element, Bounds)> = bounds.into_iter().collect();
    bounds.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (element, bounds) in bounds {
        let end = |end: Option<Rational>, or: f64, low: bool| {
            end.map_or(or, |end| {
                let (below, above) = Real::Exact(end).bounds();
                if low { below } else { above }
            })
        };
        let low = end(bounds.low, f64::NEG_INFINITY, true);
        let high = end(bounds.high, f64::INFINITY, false);
        range(element, low, high);
    }
    for assumption in &lowering.system.assumptions {
        let (term, also, values) = match &assumption.fact {
            Fact::OneOf(term, allowed) => {
                (term, None, allowed.iter().map(Rational::from).collect())
            }
            Fact::OneHot(term, var) => (term, Some(*var), vec![Rational::int(0), Rational::int(1)]),
            Fact::Compare(..) | Fact::Matrix(..) => continue,
        };
        let Some((vars, points)) = values_of(lowering, assumption, also) else {
            continue;
        };
        let values: Vec<(f64, f64)> = values
            .into_iter()
            .map(|value: Rational| Real::Exact(value).bounds())
            .collect();
        let low = values
            .iter()
            .fold(f64::INFINITY, |low, value| low.min(value.0));
        let high = values
            .iter()
            .fold(f64::NEG_INFINITY, |high, value| high.max(value.1));
        for at in points {
            if let Some(element) = input_of(lowering, *term, &env_of(&vars, &at)) {
                range(element, low, high);
            }
        }
    }
    point
}

fn hash_of(element: &Element) -> u64 {
    let mut state = scramble(u64::from(element.0.0));
    for index in &element.1 {
        state = scramble(state ^ index.cast_unsigned());
    }
    state
}

/// Classes, tokens and whatever else is a whole number.
fn fix_integers(lowering: &mut Lowering<'_>, point: &mut Point) {
    let families: Vec<FamilyId> = lowering.system.family_ids().collect();
    for family in families {
        let Some((low, high)) = integer_range(lowering, family) else {
            continue;
        };
        for element in elements_of(lowering, family) {
            let count = u64::try_from((high - low + 1).max(1)).unwrap_or(1);
            let choice = low + (scramble(hash_of(&element) ^ point.seed) % count) as i64;
            let value = point.arithmetic.int(choice);
            point.fixed.insert(element, value);
        }
    }
}

/// The least and the greatest value of the elements of a given family of integers.
pub(super) fn integer_range(lowering: &Lowering<'_>, family: FamilyId) -> Option<(i64, i64)> {
    let known = lowering.system.family(family);
    let (low, high) = known.integers.as_ref()?;
    let whole = |affine: &Affine| lowering.instance.whole(affine);
    (known.kind == FamilyKind::Input).then_some((whole(low)?, whole(high)?))
}

/// `x > 0`, `0 < p < 1`: bounds of plain inputs. Other comparisons are checked at the end.
fn bound(
    lowering: &Lowering<'_>,
    assumption: &Assumption,
    cmp: Cmp,
    left: TermId,
    right: TermId,
    bounds: &mut FxHashMap<Element, Bounds>,
) -> Option<()> {
    if !matches!(cmp, Cmp::Greater | Cmp::GreaterEqual) {
        return Some(());
    }
    let (vars, points) = values_of(lowering, assumption, None)?;
    for at in points {
        let env = env_of(&vars, &at);
        let constant = |term: TermId| lowering.system.store.as_number(term).map(Rational::from);
        if let (Some(element), Some(low)) = (input_of(lowering, left, &env), constant(right)) {
            let entry = &mut bounds.entry(element).or_default().low;
            *entry = Some(entry.take().map_or(low.clone(), |before| before.max(low)));
        } else if let (Some(high), Some(element)) =
            (constant(left), input_of(lowering, right, &env))
        {
            let entry = &mut bounds.entry(element).or_default().high;
            *entry = Some(entry.take().map_or(high.clone(), |before| before.min(high)));
        }
    }
    Some(())
}

fn one_hot(
    lowering: &Lowering<'_>,
    assumption: &Assumption,
    term: TermId,
    var: VarId,
    seed: u64,
    point: &mut Point,
) -> Option<()> {
    let rows = one_hot_rows(lowering, assumption, term, var)?;
    for (number, row) in rows.into_iter().enumerate() {
        let hot = scramble(seed ^ (number as u64).wrapping_mul(0x9e37)) as usize % row.len();
        for (at, element) in row.into_iter().enumerate() {
            let bit = point.arithmetic.int(i64::from(at == hot));
            point.fixed.insert(element, bit);
        }
    }
    Some(())
}

/// The elements of which exactly one is 1, row by row.
pub(super) fn one_hot_rows(
    lowering: &Lowering<'_>,
    assumption: &Assumption,
    term: TermId,
    var: VarId,
) -> Option<Vec<Vec<Element>>> {
    let (vars, points) = values_of(lowering, assumption, Some(var))?;
    let place = vars.iter().position(|other| *other == var)?;
    let mut rows: Vec<(Vec<i64>, Vec<Vec<i64>>)> = Vec::new();
    for at in points {
        let mut others = at.clone();
        others.remove(place);
        match rows.iter_mut().find(|(key, _)| *key == others) {
            Some((_, members)) => members.push(at),
            None => rows.push((others, vec![at])),
        }
    }
    rows.into_iter()
        .map(|(_, members)| {
            let element = |at: Vec<i64>| input_of(lowering, term, &env_of(&vars, &at));
            members.into_iter().map(element).collect()
        })
        .collect()
}

fn matrix(
    lowering: &mut Lowering<'_>,
    family: FamilyId,
    property: MatrixProperty,
    point: &mut Point,
) -> Option<()> {
    match property {
        MatrixProperty::Invertible => return Some(()),
        MatrixProperty::Orthogonal => return None,
        MatrixProperty::Symmetric | MatrixProperty::PositiveDefinite => {}
    }
    for element in elements_of(lowering, family) {
        let count = element.1.len();
        let (row, col) = (element.1[count - 2], element.1[count - 1]);
        let mut mirrored = element.clone();
        mirrored.1.swap(count - 2, count - 1);
        if row > col {
            let value = point.made_up(&mirrored);
            point.fixed.insert(element, value);
        } else if row == col && property == MatrixProperty::PositiveDefinite {
            // Larger than the rest of its row.
            let value = point.made_up(&element);
            let large = point.arithmetic.int(80);
            let value = point.arithmetic.plus(&value, &large);
            point.fixed.insert(element, value);
        }
    }
    Some(())
}

/// Makes `left = right`: by scaling where everything on the left is not negative, else by solving for one input.
fn equalize(
    lowering: &mut Lowering<'_>,
    point: &mut Point,
    left: TermId,
    right: TermId,
    env: &Env,
    nonnegative: &[Element],
) -> Option<()> {
    let (sum, wanted, read) = {
        let mut evaluator = Evaluator::new(lowering, point);
        let sum = evaluator.term(left, env).ok()?;
        let read = evaluator.read.clone();
        let wanted = evaluator.term(right, env).ok()?;
        (sum, wanted, read)
    };
    if !read.is_empty() && read.iter().all(|element| nonnegative.contains(element)) {
        let factor = point
            .arithmetic
            .times(&wanted, &point.arithmetic.inverse(&sum).ok()?);
        for element in read {
            let value = point.arithmetic.times(&point.value(&element), &factor);
            point.fixed.insert(element, value);
        }
        return Some(());
    }
    let negative = lowering.system.store.negative(right);
    let difference = lowering.system.store.add([left, negative]);
    *point = solved(lowering, point, difference, env, &[]).ok()?;
    Some(())
}

/// Why no point was found at which a term is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmet {
    /// The term is a constant, or wherever it is exactly 0 an assumption falls.
    Forbidden,
    /// No input makes it exactly 0; it may be 0 all the same.
    Unknown,
}

/// The point with one input changed so that the term is exactly 0; the term has to be affine in it.
///
/// Of several inputs the first is taken that leaves the assumptions standing.
///
/// # Errors
/// Why there is no such point, as far as it is known.
pub(super) fn solved(
    lowering: &mut Lowering<'_>,
    point: &Point,
    term: TermId,
    env: &Env,
    assumptions: &[Assumption],
) -> Result<Point, Unmet> {
    let mut found = solutions(lowering, point, term, env, assumptions, 1)?;
    found.pop().ok_or(Unmet::Unknown)
}

/// Whether all of these terms are 0 at a point.
pub(super) fn holds(lowering: &mut Lowering<'_>, point: &Point, zero: &[(TermId, Env)]) -> bool {
    zero.iter().all(|(term, env)| {
        let mut evaluator = Evaluator::new(lowering, point);
        let value = evaluator.term(*term, env);
        value.is_ok_and(|value| {
            let residues = value.residues;
            residues.is_some_and(|residues| point.arithmetic.field.vanishes(&residues))
        })
    })
}

/// Such points, each by another input: where one factor of a product is 0 the formula may say less than where another is.
///
/// # Errors
/// Why there is no such point, as far as it is known.
pub(super) fn solutions(
    lowering: &mut Lowering<'_>,
    point: &Point,
    term: TermId,
    env: &Env,
    assumptions: &[Assumption],
    most: usize,
) -> Result<Vec<Point>, Unmet> {
    let found = solutions_of(lowering, point, term, env, assumptions, most);
    let Err(why) = found else {
        return found;
    };
    // `(w x + b)^2` is 0 where its base is.
    let whole = env;
    for (factor, env, _) in Evaluator::bare(lowering, point).factors(term, whole) {
        if factor == term {
            continue;
        }
        let mut found =
            solutions_of(lowering, point, factor, &env, assumptions, most).unwrap_or_default();
        found.retain(|point| holds(lowering, point, &[(term, whole.clone())]));
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(why)
}

fn solutions_of(
    lowering: &mut Lowering<'_>,
    point: &Point,
    term: TermId,
    env: &Env,
    assumptions: &[Assumption],
    most: usize,
) -> Result<Vec<Point>, Unmet> {
    let read = {
        let mut evaluator = Evaluator::new(lowering, point);
        let value = evaluator.term(term, env).map_err(|_| Unmet::Unknown)?;
        if value.real.sign() == Some(Ordering::Equal)
            && value
                .residues
                .is_some_and(|residues| point.arithmetic.field.vanishes(&residues))
        {
            return Ok(vec![point.clone()]);
        }
        evaluator.read.clone()
    };
    let mut unmet = if read.is_empty() {
        Unmet::Forbidden
    } else {
        Unmet::Unknown
    };
    let arithmetic = point.arithmetic;
    let mut found: Vec<(FamilyId, Point)> = Vec::new();
    // Whether every input was looked at, and none changes the term: `s_j - s_y + 1` at j = y.
    let mut constant = read.len() <= MOST_INPUTS;
    for element in read.iter().rev().take(MOST_INPUTS) {
        if found.len() >= most {
            break;
        }
        // Elements of one quantity reach it the same way.
        let reached = found.iter().any(|(family, _)| *family == element.0);
        if reached || !is_movable(&lowering.system, element.0) {
            continue;
        }
        let mut at = |value: Value| value_at(lowering, point, element, value, term, env);
        // Where it bends, as `100 - |x - y|` does, its ends may reach 0 where its middle does not.
        let mut lines: Vec<(Value, Value)> = Vec::new();
        for place in [0, FAR, -FAR] {
            let (Some(low), Some(high)) =
                (at(arithmetic.int(place)), at(arithmetic.int(place + 1)))
            else {
                constant = false;
                break;
            };
            let slope = arithmetic.minus(&high, &low);
            constant &= slope.real.sign() == Some(Ordering::Equal);
            if lines.iter().any(|(_, known)| known.real == slope.real) {
                break;
            }
            let rise = arithmetic.times(&slope, &arithmetic.int(place));
            lines.push((arithmetic.minus(&low, &rise), slope));
        }
        let mut roots: Vec<Value> = lines
            .iter()
            .filter(|(_, slope)| {
                slope
                    .real
                    .sign()
                    .is_some_and(|sign| sign != Ordering::Equal)
            })
            .filter_map(|(zero, slope)| {
                let inverse = arithmetic.inverse(slope).ok()?;
                Some(arithmetic.times(&arithmetic.times(zero, &inverse), &arithmetic.int(-1)))
            })
            .collect();
        if lines.len() > 1
            && let (Some(below), Some(middle), Some(above)) = (
                at(arithmetic.int(-1)),
                at(arithmetic.int(0)),
                at(arithmetic.int(1)),
            )
        {
            roots.extend(roots_of_quadratic(arithmetic, &below, &middle, &above));
        }
        for root in roots {
            if found.iter().any(|(family, _)| *family == element.0) {
                break;
            }
            let Some(check) = value_at(lowering, point, element, root.clone(), term, env) else {
                continue;
            };
            let exact = check.real.sign() == Some(Ordering::Equal);
            let vanishes = (exact || check.real.sign().is_none())
                && check
                    .residues
                    .is_some_and(|residues| arithmetic.field.vanishes(&residues));
            if vanishes {
                let mut moved = point.clone();
                moved.fixed.insert(element.clone(), root);
                moved.on_kink |= !exact;
                if satisfied(lowering, &moved, assumptions) == Some(true) {
                    found.push((element.0, moved));
                } else {
                    unmet = Unmet::Forbidden;
                }
            }
        }
    }
    if found.is_empty() {
        return Err(if constant { Unmet::Forbidden } else { unmet });
    }
    Ok(found.into_iter().map(|(_, point)| point).collect())
}

/// The roots of what has these values at -1, 0 and 1, if it is quadratic.
fn roots_of_quadratic(
    arithmetic: Arithmetic,
    below: &Value,
    middle: &Value,
    above: &Value,
) -> Vec<Value> {
    let half = arithmetic.number(Rational::new(1, 2));
    let sum = arithmetic.plus(above, below);
    let curve = arithmetic.minus(&arithmetic.times(&sum, &half), middle);
    let slope = arithmetic.times(&arithmetic.minus(above, below), &half);
    let four = arithmetic.times(&arithmetic.int(4), &arithmetic.times(&curve, middle));
    let discriminant = arithmetic.minus(&arithmetic.times(&slope, &slope), &four);
    let twice = arithmetic.plus(&curve, &curve);
    let (Ok(inverse), Ok(root)) = (
        arithmetic.inverse(&twice),
        arithmetic.power(&discriminant, &Rational::new(1, 2)),
    ) else {
        return Vec::new();
    };
    [root.clone(), arithmetic.minus(&arithmetic.int(0), &root)]
        .map(|root| arithmetic.times(&arithmetic.minus(&root, &slope), &inverse))
        .to_vec()
}

/// Whether elements of a quantity can be changed one by one: those of a symmetric matrix cannot.
pub(super) fn is_movable(system: &System, family: FamilyId) -> bool {
    let mut facts = system.assumptions.iter().map(|assumption| &assumption.fact);
    let tied = |fact: &Fact| match fact {
        Fact::Matrix(of, property) => *of == family && *property != MatrixProperty::Invertible,
        Fact::Compare(..) | Fact::OneOf(..) | Fact::OneHot(..) => false,
    };
    system.family(family).integers.is_none() && !facts.any(tied)
}

/// More inputs are not tried for one term.
const MOST_INPUTS: usize = 40;

/// How far out bent terms are looked at for a root.
const FAR: i64 = 1 << 16;

/// The value of a term where one input is changed.
fn value_at(
    lowering: &mut Lowering<'_>,
    point: &Point,
    element: &Element,
    value: Value,
    term: TermId,
    env: &Env,
) -> Option<Value> {
    let mut moved = point.clone();
    moved.fixed.insert(element.clone(), value);
    Evaluator::new(lowering, &moved).term(term, env).ok()
}

/// Whether everything that is assumed holds at the point; none if it cannot be told.
pub(super) fn satisfied(
    lowering: &mut Lowering<'_>,
    point: &Point,
    assumptions: &[Assumption],
) -> Option<bool> {
    for assumption in assumptions {
        match &assumption.fact {
            Fact::Compare(cmp, left, right) => {
                let (vars, points) = values_of(lowering, assumption, None)?;
                for at in points {
                    let env = env_of(&vars, &at);
                    let mut evaluator = signs(lowering, point);
                    let a = evaluator.term(*left, &env).ok()?;
                    let b = evaluator.term(*right, &env).ok()?;
                    let sign = point.arithmetic.minus(&a, &b).real.sign()?;
                    let holds = match cmp {
                        Cmp::Greater => sign == Ordering::Greater,
                        Cmp::GreaterEqual => sign != Ordering::Less,
                        Cmp::Equal => sign == Ordering::Equal,
                        Cmp::NotEqual => sign != Ordering::Equal,
                    };
                    if !holds {
                        return Some(false);
                    }
                }
            }
            Fact::OneOf(term, allowed) => {
                let (vars, points) = values_of(lowering, assumption, None)?;
                for at in points {
                    let mut evaluator = signs(lowering, point);
                    let value = evaluator.term(*term, &env_of(&vars, &at)).ok()?;
                    if !allowed
                        .iter()
                        .any(|allowed| value.real == Real::Exact(allowed.into()))
                    {
                        return Some(false);
                    }
                }
            }
            Fact::OneHot(term, var) => {
                for row in one_hot_rows(lowering, assumption, *term, *var)? {
                    let mut ones = 0;
                    for element in row {
                        match &point.value(&element).real {
                            Real::Exact(bit) if bit.is_zero() => {}
                            Real::Exact(bit) if bit.is_one() => ones += 1,
                            _ => return Some(false),
                        }
                    }
                    if ones != 1 {
                        return Some(false);
                    }
                }
            }
            // Built in when the point was made.
            Fact::Matrix(..) => {}
        }
    }
    Some(true)
}

/// Whether what is to be positive is.
pub(super) fn keeps_signs(point: &Point, demands: &Demands) -> bool {
    demands.positive.iter().all(|family| {
        point.fixed.iter().all(|(element, value)| {
            element.0 != *family || value.real.sign() == Some(Ordering::Greater)
        })
    })
}

/// On a kink that no exact numbers reach signs are told by the residues.
pub(super) fn signs<'e>(lowering: &'e mut Lowering<'_>, point: &'e Point) -> Evaluator<'e> {
    if point.on_kink {
        Evaluator::new(lowering, point)
    } else {
        Evaluator::bare(lowering, point)
    }
}

/// The point with inputs turned round or made small until the kinks have the wanted signs, as far as that succeeds.
///
/// Kinks are taken in the order in which they are met, upstream first. What an earlier one reads is changed only if
/// nothing else helps and the earlier one keeps its sign; what an assumption bounds stays as it is.
pub(super) fn steered(
    lowering: &mut Lowering<'_>,
    start: &Point,
    wanted: &dyn Fn(usize) -> Ordering,
    look: &dyn Fn(&mut Evaluator<'_>) -> Result<(), Trouble>,
) -> Point {
    let mut point = start.clone();
    let mut settled = 0;
    let most = lowering.structure.steps + MOST_STEERING;
    loop {
        if lowering.structure.steps > most {
            return point;
        }
        let mut evaluator = signs(lowering, &point);
        if look(&mut evaluator).is_err() {
            return point;
        }
        let kinks = evaluator.kinks;
        let Some(at) = (settled..kinks.len()).find(|at| kinks[*at].sign != wanted(*at)) else {
            return point;
        };
        settled = at + 1;
        let locked = reads_of(lowering, &point, &kinks[..at]);
        let mut open = reads_of(lowering, &point, &kinks[at..=at]);
        open.retain(|element| {
            !start.fixed.contains_key(element) && is_movable(&lowering.system, element.0)
        });
        let (behind, free): (Vec<Element>, Vec<Element>) = open
            .into_iter()
            .partition(|element| locked.contains(element));
        // What the kinks have in common is evaluated once.
        let turns = |lowering: &mut Lowering<'_>, moved: &Point, first: usize| {
            let mut evaluator = signs(lowering, moved);
            let mut has = |number: usize, sign: Ordering| {
                let value = evaluator.term(kinks[number].argument, &kinks[number].env);
                value.is_ok_and(|value| value.real.sign() == Some(sign))
            };
            has(at, wanted(at)) && (first..at).all(|before| has(before, kinks[before].sign))
        };
        let changes = moves(&free).into_iter().map(|changed| (changed, at));
        let more = moves(&behind).into_iter().map(|changed| (changed, 0));
        for ((changed, first), factor) in changes
            .chain(more)
            .flat_map(|change| FACTORS.map(|factor| (change.clone(), factor)))
        {
            let mut moved = point.clone();
            let factor = point.arithmetic.number(Rational::new(factor.0, factor.1));
            for element in changed {
                let value = point.value(element);
                moved
                    .fixed
                    .insert(element.clone(), point.arithmetic.times(&value, &factor));
            }
            if turns(lowering, &moved, first) {
                point = moved;
                break;
            }
        }
    }
}

/// After so many steps of evaluating a point is taken as it is: of some hundred comparisons most exclude each other.
const MOST_STEERING: u64 = 200_000;

/// What inputs are multiplied with until a kink has the wanted sign: turned round, made small, made large enough for
/// thresholds that are far away.
const FACTORS: [(i64, i64); 7] = [
    (-1, 1),
    (1, 16),
    (-1, 16),
    (64, 1),
    (-64, 1),
    (4096, 1),
    (-4096, 1),
];

/// Points close to a solution, on both sides of it along the input that was solved for.
pub(super) fn beside(
    lowering: &mut Lowering<'_>,
    base: &Point,
    solution: &Point,
    assumptions: &[Assumption],
) -> Vec<Point> {
    let differs = |(element, value): (&Element, &Value)| {
        let before = base.fixed.get(element).map(|value| &value.real);
        (before != Some(&value.real)).then(|| (element.clone(), value.clone()))
    };
    let Some((element, root)) = solution.fixed.iter().find_map(differs) else {
        return Vec::new();
    };
    let arithmetic = solution.arithmetic;
    let mut found = Vec::new();
    for step in [-1, 1] {
        let step = arithmetic.number(Rational::new(step, NEXT_TO));
        let mut moved = solution.clone();
        moved.on_kink = false;
        moved
            .fixed
            .insert(element.clone(), arithmetic.plus(&root, &step));
        if satisfied(lowering, &moved, assumptions) == Some(true) {
            found.push(moved);
        }
    }
    found
}

/// One over how far from a kink its two sides are looked at.
const NEXT_TO: i64 = 4096;

/// The inputs that the arguments of kinks read.
fn reads_of(lowering: &mut Lowering<'_>, point: &Point, kinks: &[Kink]) -> Vec<Element> {
    let mut evaluator = signs(lowering, point);
    for kink in kinks {
        if evaluator.term(kink.argument, &kink.env).is_err() {
            break;
        }
    }
    evaluator.read
}

/// What is turned round: all elements of one family, or a single one.
fn moves(free: &[Element]) -> Vec<Vec<&Element>> {
    let mut families: Vec<FamilyId> = free.iter().map(|element| element.0).collect();
    families.sort_unstable();
    families.dedup();
    let groups = families
        .into_iter()
        .map(|family| free.iter().filter(|element| element.0 == family).collect());
    let singles = free.iter().take(24).map(|element| vec![element]);
    groups.chain(singles).collect()
}
