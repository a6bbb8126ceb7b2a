//! The flow of gradients through a recursion as equations and bounds.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive};

use super::access::Part as AccessPart;
use super::letters::Scope;
use super::math::{BigOperator, Boxes, Fence, Math, MathId, Sign, Symbol};

use super::terms::{Printed, Printer};
use crate::derive::accesses;
use crate::flow::{
    Activation, Bound, Bounds, Flow, Form, Known, Part, Ranged, Size, Slope, Step, Steps, adds_up,
    common,
};
use crate::profile::Notation;
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, Primitive};
use crate::term::{Affine, FamilyId, Node, TermId, VarId};

/// Equations and bounds.
#[derive(Debug, Clone)]
pub struct FlowDocument {
    /// All boxes that the rest refers to.
    pub boxes: Boxes,
    /// The lines, in the order of printing.
    pub statements: Vec<Statement>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its stable name.
    pub kind: &'static str,
    /// The left side.
    pub left: MathId,
    /// What stands between.
    pub relation: Sign,
    /// The right side.
    pub right: MathId,
    /// For which steps.
    pub range: Option<MathId>,
    /// What it holds under, in words.
    pub given: Option<String>,
}

/// What a part does to mean squares: its step, its activation, and the form of both.
pub type Expectation<'a> = (Form, &'a Activation);

/// The equations and bounds of the parts of a network; for each part, what its steps do to mean squares, where that is
/// known.
pub fn present_flow(
    flow: &Flow,
    expectations: &[Option<Expectation>],
    notation: &Notation,
) -> FlowDocument {
    let mut writer = Writer {
        flow,
        printer: Printer::new(&flow.system, notation),
        bounds: Bounds::new(&flow.system, flow.step_at_zero),
        statements: Vec::new(),
    };
    for (part, expectation) in flow.parts.iter().zip(expectations) {
        writer.part(part);
        let columns = (0..part.states.len()).any(|state| !flow.is_scalar(part, state));
        if let Some((form, activation)) = expectation
            && columns
            && adds_up(activation, *form)
        {
            writer.mean_square(part, *form, activation);
        }
    }
    FlowDocument {
        boxes: writer.printer.boxes,
        statements: writer.statements,
    }
}

struct Writer<'a> {
    flow: &'a Flow,
    printer: Printer<'a>,
    bounds: Bounds<'a>,
    statements: Vec<Statement>,
}

/// A bound of a step in boxes, summand by summand.
struct Summands {
    bounds: Vec<Bound>,
    boxes: Vec<MathId>,
    scope: Scope,
}

impl Summands {
    /// Whether a fraction stands in it.
    fn is_tall(&self) -> bool {
        let fraction = |number: &BigRational| {
            !number.is_integer() && *number.denom() <= BigInt::from(LARGEST_DENOMINATOR)
        };
        self.bounds.iter().any(|bound| fraction(&bound.number))
    }
}

impl Writer<'_> {
    fn say(
        &mut self,
        kind: &'static str,
        left: MathId,
        relation: Sign,
        right: MathId,
        range: Option<MathId>,
    ) {
        self.statements.push(Statement {
            kind,
            left,
            relation,
            right,
            range,
            given: None,
        });
    }

    fn part(&mut self, part: &Part) {
        let scopes: Vec<Scope> = part
            .steps
            .iter()
            .map(|step| self.printer.enter(Scope::EMPTY, &step.vars))
            .collect();
        for (step, scope) in part.steps.iter().zip(&scopes) {
            let Some(product) = &step.product else {
                continue;
            };
            let left = self.derivative(step, &step.next, &step.own, *scope);
            let right = self.printer.side(product.factor, *scope);
            let range = self.range(&step.ranges, *scope);
            self.say("step", left, Sign::Equals, right, range);
        }
        for product in &part.products {
            let (left, right, given) = match product.along {
                None => {
                    let first = &part.steps[0];
                    let last = &part.steps[part.steps.len() - 1];
                    let left = match first.ends().filter(|_| part.only().is_some()) {
                        Some((next, own)) => self.derivative(first, &next, &own, Scope::EMPTY),
                        None => {
                            self.derivative_of(part.jacobian, &last.next, &first.own, Scope::EMPTY)
                        }
                    };
                    (left, self.printer.side(product.term, Scope::EMPTY), None)
                }
                Some(at) => {
                    let step = &part.steps[at];
                    let Some((next, own)) = step.ends() else {
                        continue;
                    };
                    let left = self.derivative(step, &next, &own, scopes[at]);
                    let right = self.printer.side(product.term, scopes[at]);
                    (left, right, self.alone(part, step))
                }
            };
            self.say("product", left, Sign::Equals, right, None);
            if let Some(last) = self.statements.last_mut() {
                last.given = given;
            }
        }
        self.bounds(part, &scopes);
    }

    /// Along which way something holds; none if others do not come back to where it begins.
    fn alone(&self, part: &Part, step: &Step) -> Option<String> {
        let mut reached: Vec<usize> = Vec::new();
        let mut open = vec![step.from];
        while let Some(at) = open.pop() {
            let next = part
                .steps
                .iter()
                .filter(|other| other.from == at && other.to != at);
            for next in next.map(|other| other.to) {
                if !reached.contains(&next) {
                    reached.push(next);
                    open.push(next);
                }
            }
        }
        if !reached.contains(&step.from) {
            return None;
        }
        let name = |state: usize| {
            self.flow
                .system
                .family(part.states[state].family)
                .name
                .clone()
        };
        let others: Vec<String> = (0..part.states.len())
            .filter(|state| *state != step.from)
            .map(name)
            .collect();
        Some(format!(
            "along {} alone, without the ways through {}",
            name(step.from),
            others.join(", ")
        ))
    }

    fn derivative(&mut self, step: &Step, next: &[Affine], own: &[Affine], scope: Scope) -> MathId {
        self.derivative_of(step.jacobian, next, own, scope)
    }

    fn derivative_of(
        &mut self,
        jacobian: FamilyId,
        next: &[Affine],
        own: &[Affine],
        scope: Scope,
    ) -> MathId {
        let index = [next, own].concat();
        self.printer.access(jacobian, &index, scope).id
    }

    /// The steps at which something holds.
    fn range(&mut self, ranges: &[Steps], scope: Scope) -> Option<MathId> {
        let ranges: Vec<MathId> = ranges
            .iter()
            .map(|range| {
                self.printer
                    .range_box(range.letter, &range.first, &range.last, scope)
            })
            .collect();
        (!ranges.is_empty()).then(|| self.printer.boxes.list(&ranges, Sign::Semicolon))
    }

    fn bounds(&mut self, part: &Part, scopes: &[Scope]) {
        let first = self.statements.len();
        let mut known = self.bounds.known.len();
        let mut up_to = f64::INFINITY;
        let mut steps: Vec<Option<Summands>> = Vec::new();
        for (step, scope) in part.steps.iter().zip(scopes) {
            let bounds: Vec<Bound> = step
                .paths()
                .iter()
                .map(|path| self.bounds.path(path))
                .collect();
            // Of a derivative without a range nothing is gained.
            let blank = bounds
                .iter()
                .flat_map(|bound| &bound.sizes)
                .any(|size| match size {
                    Size::Norm(_) => false,
                    Size::Magnitude(term) => Slope::of(&self.flow.system, *term).is_some(),
                });
            if blank || step.product.is_none() {
                steps.push(None);
                continue;
            }
            for at in known..self.bounds.known.len() {
                let met = self.bounds.known[at].clone();
                up_to = up_to.min(met.up_to);
                self.known(&met, *scope);
            }
            known = self.bounds.known.len();
            let boxes = bounds
                .iter()
                .map(|bound| self.bound(bound, *scope))
                .collect();
            steps.push(Some(Summands {
                bounds,
                boxes,
                scope: *scope,
            }));
        }
        for (step, bound) in part.steps.iter().zip(&steps) {
            if let Some(bound) = bound
                && self.is_column(part, step.from)
                && self.is_column(part, step.to)
            {
                let left = self.norm(part, (step.from, step.to), |writer, which| {
                    writer.part_of(step.jacobian, &step.next, &step.own, which, bound.scope)
                });
                let right = self.sum(&bound.boxes);
                let range = self.range(&step.ranges, bound.scope);
                self.say("step-bound", left, Sign::LessEqual, right, range);
            }
        }
        for from in 0..part.states.len() {
            self.gradient_bound(part, from, &steps);
        }
        self.product_bounds(part, &steps);
        // One bound at least rests on a range that does not hold everywhere.
        if up_to.is_finite() {
            for statement in &mut self.statements[first..] {
                let words = format!("for arguments up to {up_to} in magnitude");
                statement.given.get_or_insert(words);
            }
        }
    }

    /// `‖∂C/∂v[k]‖ ≤ Σ … ‖∂C/∂u[k+1]‖`, where all of the gradient comes from the next states.
    fn gradient_bound(&mut self, part: &Part, from: usize, steps: &[Option<Summands>]) {
        if part.states[from].read_at_each_step {
            return;
        }
        let own: Vec<(&Step, Option<&Summands>)> = part
            .steps
            .iter()
            .zip(steps)
            .filter(|(step, _)| step.from == from)
            .map(|(step, bound)| (step, bound.as_ref()))
            .collect();
        let Some(lower) = self.adjoint(part, from) else {
            return;
        };
        let mut summands = Vec::new();
        for (step, bound) in &own {
            let (Some(bound), Some(upper)) = (bound, self.adjoint(part, step.to)) else {
                return;
            };
            let norm = self.norm(part, (step.to, step.to), |writer, which| {
                writer
                    .printer
                    .part(upper, &step.next, which, bound.scope)
                    .id
            });
            summands.push(match bound.bounds.as_slice() {
                [only] if only.is_one() => norm,
                [_] => self.printer.boxes.row([bound.boxes[0], norm]),
                _ => {
                    let tall = bound.is_tall();
                    let sum = self.sum(&bound.boxes);
                    let sum = self.printer.boxes.fence(Fence::Round, tall, sum);
                    self.printer.boxes.row([sum, norm])
                }
            });
        }
        let Some((step, Some(bound))) = own.first() else {
            return;
        };
        // The steps at which there are all ways.
        let first = Some(step.ranges.clone());
        let ranges = own
            .iter()
            .fold(first, |known, (step, _)| common(&known?, &step.ranges));
        let Some(ranges) = ranges else {
            return;
        };
        let left = self.norm(part, (from, from), |writer, which| {
            writer.printer.part(lower, &step.own, which, bound.scope).id
        });
        let right = self.sum(&summands);
        let range = self.range(&ranges, bound.scope);
        self.say("gradient-bound", left, Sign::LessEqual, right, range);
    }

    /// Bounds over all steps.
    fn product_bounds(&mut self, part: &Part, steps: &[Option<Summands>]) {
        if let Some(chain) = part.chain() {
            let bounds: Option<Vec<&Summands>> = steps.iter().map(Option::as_ref).collect();
            let columns = (0..part.states.len()).all(|state| self.is_column(part, state));
            let (Some(bounds), true, true) = (bounds, columns, chain.len() > 1) else {
                return;
            };
            let ends = (0, part.states.len() - 1);
            let (first, last) = (&chain[0], &chain[chain.len() - 1]);
            let left = self.norm(part, ends, |writer, which| {
                writer.part_of(part.jacobian, &last.next, &first.own, which, Scope::EMPTY)
            });
            let right = self.chain_bound(&bounds);
            self.say("product-bound", left, Sign::LessEqual, right, None);
            return;
        }
        for (step, bound) in part.steps.iter().zip(steps) {
            let several = part.steps.len() > 1;
            // Several steps between one state make a sum over all ways, with no closed form.
            let alike = part
                .steps
                .iter()
                .filter(|other| (other.from, other.to) == (step.from, step.to));
            if step.from != step.to || several && (part.states.len() == 1 || alike.count() > 1) {
                continue;
            }
            let (Some(bound), Some((next, own)), true) =
                (bound, step.ends(), self.is_column(part, step.from))
            else {
                continue;
            };
            let left = self.norm(part, (step.from, step.to), |writer, which| {
                writer.part_of(step.jacobian, &next, &own, which, Scope::EMPTY)
            });
            let right = self.power_bound(step, bound);
            self.say("product-bound", left, Sign::LessEqual, right, None);
            if several {
                let given = self.alone(part, step);
                self.statements.last_mut().expect("it was just said").given = given;
            }
        }
    }

    fn is_column(&self, part: &Part, state: usize) -> bool {
        self.flow.system.family(part.states[state].family).axes < 2
    }

    /// The adjoint of the loss by a state.
    fn adjoint(&self, part: &Part, state: usize) -> Option<FamilyId> {
        let system = &self.flow.system;
        let loss = system.loss?;
        let kind = FamilyKind::Adjoint {
            of: loss,
            wrt: part.states[state].family,
        };
        system
            .family_ids()
            .find(|family| system.family(*family).kind == kind)
    }

    fn part_of(
        &mut self,
        jacobian: FamilyId,
        next: &[Affine],
        own: &[Affine],
        which: AccessPart,
        scope: Scope,
    ) -> MathId {
        let index = [next, own].concat();
        self.printer.part(jacobian, &index, which, scope).id
    }

    /// `| |` of a number, `‖ ‖₂` of a whole array; of a matrix of gradients Frobenius' norm.
    fn norm(
        &mut self,
        part: &Part,
        states: (usize, usize),
        inside: impl FnOnce(&mut Self, AccessPart) -> MathId,
    ) -> MathId {
        let axes = |state: usize| self.flow.system.family(part.states[state].family).axes;
        let most = axes(states.0).max(axes(states.1));
        if most == 0 {
            let inside = inside(self, AccessPart::Element);
            return self.printer.boxes.fence(Fence::Bars, true, inside);
        }
        let inside = inside(self, AccessPart::Whole);
        let norm = self.printer.boxes.fence(Fence::Norm, true, inside);
        let kind = if most < 2 {
            self.printer.boxes.number(2)
        } else {
            self.printer.boxes.intern(Math::Symbol(Symbol::Letter('F')))
        };
        self.printer.boxes.script(norm, Some(kind), None)
    }

    /// The size of what is not known.
    fn size(&mut self, size: Size, scope: Scope) -> MathId {
        let system = &self.flow.system;
        let (Size::Norm(term) | Size::Magnitude(term)) = size;
        let whole = match system.store.node(term) {
            Node::Access(family, index) => {
                let axes = system.family(*family).axes;
                let kind = match size {
                    Size::Norm(_) => Some(self.printer.boxes.number(2)),
                    Size::Magnitude(_) if axes == 1 => Some(self.printer.boxes.latex(r"\infty")),
                    Size::Magnitude(_) => None,
                };
                kind.map(|kind| (*family, index.clone(), kind))
            }
            _ => None,
        };
        if let Some((family, index, kind)) = whole {
            let inside = self
                .printer
                .part(family, &index, AccessPart::Whole, scope)
                .id;
            let norm = self.printer.boxes.fence(Fence::Norm, false, inside);
            return self.printer.boxes.script(norm, Some(kind), None);
        }
        let inside = self.printer.term(term, scope);
        let bars = self
            .printer
            .boxes
            .fence(Fence::Bars, inside.tall, inside.id);
        let elements = self.elements(term);
        if elements.is_empty() {
            return bars;
        }
        let letters: Vec<MathId> = elements
            .iter()
            .map(|letter| self.printer.variable(*letter, scope).id)
            .collect();
        let under = self.printer.boxes.list(&letters, Sign::Comma);
        let most = self.printer.boxes.intern(Math::Big {
            op: BigOperator::Max,
            under: Some(under),
            over: None,
        });
        self.printer.boxes.row([most, bars])
    }

    /// The letters of elements in a term: those that stand behind slots.
    fn elements(&self, term: TermId) -> Vec<VarId> {
        let system = &self.flow.system;
        let mut found: Vec<VarId> = Vec::new();
        for (family, index) in accesses(system, term) {
            for at in &index[system.family(family).slots..] {
                found.extend(at.as_var());
            }
        }
        found.retain(|letter| system.store.free_vars(term).contains(letter));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A bound of one way: its number and its sizes.
    fn bound(&mut self, bound: &Bound, scope: Scope) -> MathId {
        let mut row = Vec::new();
        if !bound.number.is_one() || bound.sizes.is_empty() {
            row.push(self.exactly_or_above(&bound.number));
        }
        row.extend(self.sizes(&bound.sizes, scope));
        self.printer.boxes.row(row)
    }

    /// Sizes that are multiplied, those that are met again as powers.
    fn sizes(&mut self, sizes: &[Size], scope: Scope) -> Vec<MathId> {
        let mut counted: Vec<(MathId, i64)> = Vec::new();
        for size in sizes {
            let written = self.size(*size, scope);
            match counted.iter_mut().find(|(known, _)| *known == written) {
                Some((_, times)) => *times += 1,
                None => counted.push((written, 1)),
            }
        }
        let boxes = &mut self.printer.boxes;
        let power = |(written, times): (MathId, i64)| {
            if times == 1 {
                return written;
            }
            let power = boxes.number(times);
            // Behind its own mark, `‖W‖₂²`.
            if let Math::Script {
                base,
                sub,
                sup: None,
            } = *boxes.get(written)
            {
                return boxes.script(base, sub, Some(power));
            }
            let fence = boxes.fence(Fence::Round, false, written);
            boxes.script(fence, None, Some(power))
        };
        counted.into_iter().map(power).collect()
    }

    fn sum(&mut self, summands: &[MathId]) -> MathId {
        let plus = self.printer.boxes.sign(Sign::Plus);
        let mut row = Vec::new();
        for (at, summand) in summands.iter().enumerate() {
            if at > 0 {
                row.push(plus);
            }
            row.push(*summand);
        }
        self.printer.boxes.row(row)
    }

    /// The product of the bounds of all steps that are alike.
    fn power_bound(&mut self, step: &Step, bound: &Summands) -> MathId {
        let range = step.moving().expect("it has ends");
        let count = range.last.minus(&range.first).offset(1);
        let steps = self.printer.affine(&count, Scope::EMPTY).id;
        let power = |printer: &mut Printer, base: MathId| {
            let base = printer.boxes.fence(Fence::Round, true, base);
            printer.boxes.script(base, None, Some(steps))
        };
        let store = &self.flow.system.store;
        let changes = bound
            .bounds
            .iter()
            .flat_map(|bound| &bound.sizes)
            .any(|size| {
                let (Size::Norm(term) | Size::Magnitude(term)) = size;
                store.free_vars(*term).contains(&range.letter)
            });
        if !changes {
            if matches!(bound.bounds.as_slice(), [only] if only.is_one()) {
                return self.printer.boxes.number(1);
            }
            let sum = self.sum(&bound.boxes);
            return power(&mut self.printer, sum);
        }
        if let [only] = bound.bounds.as_slice() {
            let mut row = Vec::new();
            if !only.number.is_one() {
                let number = self.exactly_or_above(&only.number);
                let plain = matches!(self.printer.boxes.get(number), Math::Symbol(_));
                row.push(if plain {
                    self.printer.boxes.script(number, None, Some(steps))
                } else {
                    power(&mut self.printer, number)
                });
            }
            row.push(self.product_sign(range, bound.scope));
            row.extend(self.sizes(&only.sizes, bound.scope));
            return self.printer.boxes.row(row);
        }
        let sum = self.sum(&bound.boxes);
        let sum = self.printer.boxes.fence(Fence::Round, bound.is_tall(), sum);
        let sign = self.product_sign(range, bound.scope);
        self.printer.boxes.row([sign, sum])
    }

    /// The product of the bounds of layers that are written out, the last first.
    fn chain_bound(&mut self, steps: &[&Summands]) -> MathId {
        let mut number = BigRational::one();
        let mut row = Vec::new();
        for step in steps.iter().rev() {
            match step.bounds.as_slice() {
                [only] => {
                    number *= &only.number;
                    row.extend(only.sizes.iter().map(|size| self.size(*size, step.scope)));
                }
                _ => {
                    let sum = self.sum(&step.boxes);
                    row.push(self.printer.boxes.fence(Fence::Round, step.is_tall(), sum));
                }
            }
        }
        if !number.is_one() || row.is_empty() {
            row.insert(0, self.exactly_or_above(&number));
        }
        self.printer.boxes.row(row)
    }

    /// Π over all steps.
    fn product_sign(&mut self, range: &Steps, scope: Scope) -> MathId {
        let letter = self.printer.variable(range.letter, scope).id;
        let equals = self.printer.boxes.sign(Sign::Equals);
        let first = self.printer.affine(&range.first, scope).id;
        let last = self.printer.affine(&range.last, scope).id;
        let under = self.printer.boxes.row([letter, equals, first]);
        self.printer.boxes.intern(Math::Big {
            op: BigOperator::Product,
            under: Some(under),
            over: Some(last),
        })
    }

    /// `0 ≤ σ'(u) ≤ 1/4`, `0 ≤ f[t] ≤ 1`; of ReLU `Step(u) ∈ {0, 1}`.
    fn known(&mut self, known: &Known, scope: Scope) {
        let (kind, middle) = match &known.what {
            Ranged::Value(term) => ("value-range", self.printer.term(*term, scope).id),
            Ranged::Slope(slope) => {
                let function = self.flow.system.function(slope.function);
                let u = self.printer.boxes.intern(Math::Symbol(Symbol::Letter('u')));
                if function.primitive == Some(Primitive::Relu) {
                    self.step_values(u);
                    return;
                }
                let mut arguments = vec![Printed::atom(u)];
                for extra in &slope.arguments[1..] {
                    arguments.push(self.printer.term(*extra, scope));
                }
                let mut orders = vec![0; arguments.len()];
                orders[0] = 1;
                let printed = self.printer.applied(slope.function, &orders, &arguments);
                ("slope-range", printed.id)
            }
        };
        let (low, high) = (
            self.number(known.low, Side::Below),
            self.number(known.high, Side::Above),
        );
        let at_most = self.printer.boxes.sign(Sign::LessEqual);
        let right = self.printer.boxes.row([middle, at_most, high]);
        self.say(kind, low, Sign::LessEqual, right, None);
    }

    fn step_values(&mut self, u: MathId) {
        let head = self.printer.boxes.latex(r"\operatorname{Step}");
        let argument = self.printer.boxes.fence(Fence::Round, false, u);
        let left = self.printer.boxes.row([head, argument]);
        let mut values = vec![self.number(0.0, Side::Below), self.number(1.0, Side::Above)];
        match self.flow.step_at_zero {
            StepAtZero::One | StepAtZero::Zero => {}
            StepAtZero::Half => values.insert(1, self.number(0.5, Side::Above)),
            StepAtZero::Undefined => return,
        }
        let list = self.printer.boxes.list(&values, Sign::Comma);
        let set = self.printer.boxes.fence(Fence::Set, false, list);
        self.say("slope-range", left, Sign::Element, set, None);
    }

    /// `χ = n Var W E[φ'(z)²]`, the factor on the mean square.
    fn mean_square(&mut self, part: &Part, form: Form, activation: &Activation) {
        let slope = part.steps.iter().flat_map(Step::paths).find_map(|path| {
            path.each()
                .find_map(|term| Slope::of(&self.flow.system, term))
        });
        let Some(slope) = slope.filter(|_| form.weights() > 0) else {
            return;
        };
        let function = self.flow.system.function(slope.function);
        let relu = function.primitive == Some(Primitive::Relu);
        let latex = function.latex.clone();
        let front = self.mean_square_front(form);
        let boxes = &mut self.printer.boxes;
        let chi = boxes.intern(Math::Symbol(Symbol::Greek("chi")));
        let mean = boxes.latex(r"\operatorname{E}");
        let z = boxes.intern(Math::Symbol(Symbol::Letter('z')));
        let argument = boxes.fence(Fence::Round, false, z);
        let head = if relu {
            boxes.latex(r"\operatorname{Step}")
        } else {
            let head = boxes.latex(&latex);
            let prime = boxes.sign(Sign::Prime);
            boxes.script(head, None, Some(prime))
        };
        let two = boxes.number(2);
        let value = boxes.row([head, argument]);
        let value = boxes.fence(Fence::Group, false, value);
        let square = boxes.script(value, None, Some(two));
        let square = boxes.fence(Fence::Square, false, square);
        let [shortcut, weights] = front;
        let branch = form.branch * form.branch;
        let mut row = shortcut.clone();
        if (branch - 1.0).abs() > 0.0 {
            row.push(self.number(branch, Side::Nearest));
        }
        row.extend(&weights);
        row.extend([mean, square]);
        if activation.is_homogeneous() {
            // The mean is the same at every variance of z.
            let value = branch * crate::flow::slope_square(activation, 1.0).value;
            row.push(self.printer.boxes.sign(Sign::Equals));
            row.extend(&shortcut);
            row.push(self.number(value, Side::Nearest));
            row.extend(&weights);
        }
        let right = self.printer.boxes.row(row);
        self.say("mean-square", chi, Sign::Equals, right, None);
        if let Some(last) = self.statements.last_mut() {
            last.given = Some(
                "the factor of one step on E‖δ‖², for independent weights of mean 0 and variance Var W, wide layers".into(),
            );
        }
    }

    /// The shortcut and what stands before the mean: `1 +`, `n Var W`.
    fn mean_square_front(&mut self, form: Form) -> [Vec<MathId>; 2] {
        let mut shortcut = Vec::new();
        if form.shortcut != 0.0 {
            shortcut.push(self.number(form.shortcut * form.shortcut, Side::Nearest));
            shortcut.push(self.printer.boxes.sign(Sign::Plus));
        }
        let mut weights = Vec::new();
        let boxes = &mut self.printer.boxes;
        let n = boxes.intern(Math::Symbol(Symbol::Letter('n')));
        let weight = boxes.intern(Math::Symbol(Symbol::Letter('W')));
        let variance = boxes.latex(r"\operatorname{Var}");
        let one = [n, variance, weight];
        if form.weights() == 1 {
            weights.extend(one);
        } else {
            let row = boxes.row(one);
            let row = boxes.fence(Fence::Round, false, row);
            let two = boxes.number(2);
            weights.push(boxes.script(row, None, Some(two)));
        }
        [shortcut, weights]
    }

    /// A number that is known exactly, or one above it.
    fn exactly_or_above(&mut self, value: &BigRational) -> MathId {
        let small = |part: &BigInt| part.bits() < 20;
        if small(value.numer()) && *value.denom() <= BigInt::from(LARGEST_DENOMINATOR) {
            return self.printer.rational(value).id;
        }
        let near = value.to_f64().unwrap_or(f64::INFINITY);
        let below = BigRational::from_float(near).is_some_and(|near| near < *value);
        self.number(if below { near.next_up() } else { near }, Side::Above)
    }

    /// A number: a fraction where it is exactly a simple one, else digits that are rounded so that bounds stay bounds.
    fn number(&mut self, value: f64, side: Side) -> MathId {
        for denominator in 1..=LARGEST_DENOMINATOR {
            let numerator = (value * denominator as f64).round();
            let near = (numerator / denominator as f64 - value).abs();
            // Only means are rounded to a fraction.
            let exact = near <= if side == Side::Nearest { 1e-12 } else { 0.0 };
            if exact && numerator.abs() < 1e6 {
                let exact = BigRational::new((numerator as i64).into(), denominator.into());
                return self.printer.rational(&exact).id;
            }
        }
        let digits = (1..=DIGITS)
            .map(|digits| format!("{value:.digits$}"))
            .find(|text| {
                text.parse::<f64>()
                    .is_ok_and(|back| (back - value).abs() <= 0.0)
            })
            .unwrap_or_else(|| {
                let scale = 1e6;
                let rounded = match side {
                    Side::Below => (value * scale).floor(),
                    Side::Above => (value * scale).ceil(),
                    Side::Nearest => (value * scale).round(),
                };
                format!("{:.6}", rounded / scale)
            });
        let number = self.printer.boxes.number(digits.trim_start_matches('-'));
        if value < 0.0 {
            let minus = self.printer.boxes.sign(Sign::Minus);
            return self.printer.boxes.row([minus, number]);
        }
        number
    }
}

/// Numbers with a denominator up to this are printed as fractions.
const LARGEST_DENOMINATOR: i64 = 12;
/// Numbers with at most this many decimals are printed as they are.
const DIGITS: usize = 9;

/// To which side a number may be rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    Above,
    Nearest,
}
