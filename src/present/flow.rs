//! The flow of gradients through a recursion as equations and bounds.

use num_rational::BigRational;
use num_traits::{One, Signed};

use super::letters::Scope;
use super::math::{BigOperator, Boxes, Fence, Math, MathId, Sign, Symbol};

use super::terms::{Printed, Printer};
use crate::flow::{Activation, Path, Recursion, StepForm, adds_up};
use crate::profile::Notation;
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, Primitive};
use crate::term::{Affine, FamilyId, Node, TermId};

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

/// Where the letters of families stand.
type Index<'a> = (FamilyId, Vec<Affine>);

/// The equations and bounds of a recursion; `activation` is that of its step, `form` what is known of the step as a
/// whole.
pub fn present_flow(
    recursion: &Recursion,
    activation: Option<&Activation>,
    form: Option<StepForm>,
    product: Option<TermId>,
    notation: &Notation,
) -> FlowDocument {
    let mut printer = Printer::new(&recursion.system, notation);
    let scope = printer.enter(Scope::EMPTY, &recursion.vars);
    let mut flow = Flow {
        recursion,
        activation,
        printer,
        scope,
        statements: Vec::new(),
    };
    flow.equations(product);
    flow.bounds();
    if let (Some(activation), Some(form)) = (activation, form)
        && adds_up(activation, form)
    {
        flow.mean_square(activation);
    }
    FlowDocument {
        boxes: flow.printer.boxes,
        statements: flow.statements,
    }
}

struct Flow<'a> {
    recursion: &'a Recursion,
    activation: Option<&'a Activation>,
    printer: Printer<'a>,
    scope: Scope,
    statements: Vec<Statement>,
}

impl Flow<'_> {
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

    fn steps(&mut self) -> MathId {
        let (first, last) = (self.recursion.first.clone(), self.recursion.last.clone());
        self.printer
            .range_box(self.recursion.letter, &first, &last, self.scope)
    }

    /// The factor of one step, and their product.
    fn equations(&mut self, product: Option<TermId>) {
        let recursion = self.recursion;
        let index = [recursion.next.as_ref(), recursion.own.as_ref()].concat();
        let left = self
            .printer
            .access(recursion.jacobian, &index, self.scope)
            .id;
        let right = self.printer.side(recursion.factor, self.scope);
        let range = self.steps();
        self.say("step", left, Sign::Equals, right, Some(range));
        if let Some(product) = product {
            let index = self.ends();
            let left = self.printer.access(index.0, &index.1, Scope::EMPTY).id;
            let right = self.printer.side(product, Scope::EMPTY);
            self.say("product", left, Sign::Equals, right, None);
        }
    }

    /// The state at the end by the state at the beginning.
    fn ends(&self) -> Index<'static> {
        let recursion = self.recursion;
        let (from, to) = recursion.ends();
        let mut index = [recursion.next.as_ref(), recursion.own.as_ref()].concat();
        index[recursion.slot] = from;
        index[recursion.next.len() + recursion.slot] = to;
        (recursion.jacobian, index)
    }

    fn bounds(&mut self) {
        let Some(activation) = self.activation else {
            return;
        };
        let Some(range) = activation.range else {
            return;
        };
        let given = range
            .up_to
            .is_finite()
            .then(|| format!("for arguments up to {} in magnitude", range.up_to));
        let first = self.statements.len();
        if self.recursion.activation().is_some() {
            self.slope_range(range.low, range.high);
        }
        let recursion = self.recursion;
        let axes = recursion.system.family(recursion.state).axes;
        let summands: Vec<MathId> = recursion
            .paths
            .iter()
            .map(|path| self.path_bound(path, range.magnitude()))
            .collect();
        let step = self.sum(&summands);
        let steps = self.steps();
        if axes < 2 {
            let index = [recursion.next.as_ref(), recursion.own.as_ref()].concat();
            let left = self.norm(recursion.jacobian, &index);
            self.say("step-bound", left, Sign::LessEqual, step, Some(steps));
        }
        if !recursion.read_at_each_step
            && let Some(adjoint) = self.adjoint()
        {
            let lower = self.norm(adjoint, &recursion.own);
            let upper = self.norm(adjoint, &recursion.next);
            let step = if summands.len() > 1 {
                self.printer.boxes.fence(Fence::Round, false, step)
            } else {
                step
            };
            let right = self.printer.boxes.row([step, upper]);
            self.say("gradient-bound", lower, Sign::LessEqual, right, Some(steps));
        }
        if axes < 2 {
            let (family, index) = self.ends();
            let left = self.norm(family, &index);
            let right = self.product_bound(&summands, range.magnitude());
            self.say("product-bound", left, Sign::LessEqual, right, None);
        }
        for statement in &mut self.statements[first..] {
            statement.given.clone_from(&given);
        }
    }

    /// The adjoint of the loss by the state.
    fn adjoint(&self) -> Option<FamilyId> {
        let system = &self.recursion.system;
        let loss = system.loss?;
        let kind = FamilyKind::Adjoint {
            of: loss,
            wrt: self.recursion.state,
        };
        system
            .family_ids()
            .find(|family| system.family(*family).kind == kind)
    }

    /// `| |` of a number, `‖ ‖₂` of a whole array; of a matrix of gradients Frobenius' norm.
    fn norm(&mut self, family: FamilyId, index: &[Affine]) -> MathId {
        let recursion = self.recursion;
        if recursion.is_scalar() {
            let inside = self.printer.access(family, index, self.scope).id;
            return self.printer.boxes.fence(Fence::Bars, true, inside);
        }
        let inside = self
            .printer
            .part(family, index, super::access::Part::Whole, self.scope)
            .id;
        let norm = self.printer.boxes.fence(Fence::Norm, true, inside);
        let axes = recursion.system.family(recursion.state).axes;
        let kind = if axes < 2 {
            self.printer.boxes.number(2)
        } else {
            self.printer.boxes.intern(Math::Symbol(Symbol::Letter('F')))
        };
        self.printer.boxes.script(norm, Some(kind), None)
    }

    /// The norms of the weights of a path, in order.
    fn weights(&mut self, path: &Path) -> Vec<MathId> {
        let mut row = Vec::new();
        for scalar in &path.scalars {
            let inside = self.printer.term(*scalar, self.scope).id;
            row.push(self.printer.boxes.fence(Fence::Bars, false, inside));
        }
        if let Some(matrix) = path.matrix
            && let Node::Access(family, index) = self.recursion.system.store.node(matrix)
        {
            let (family, index) = (*family, index.clone());
            let whole = super::access::Part::Whole;
            let inside = self.printer.part(family, &index, whole, self.scope).id;
            let norm = self.printer.boxes.fence(Fence::Norm, false, inside);
            let two = self.printer.boxes.number(2);
            row.push(self.printer.boxes.script(norm, Some(two), None));
        }
        row
    }

    /// The number in front of the weights of a path.
    fn number_of(&mut self, path: &Path, magnitude: f64) -> Option<MathId> {
        let slopes = i32::try_from(path.slopes.len()).expect("few slopes");
        let coefficient = path.coefficient.abs();
        let value = num_traits::ToPrimitive::to_f64(&coefficient).unwrap_or(f64::INFINITY)
            * magnitude.powi(slopes);
        if coefficient.is_one() && slopes == 0 {
            return None;
        }
        ((value - 1.0).abs() > 0.0).then(|| self.number(value, Side::Above))
    }

    fn path_bound(&mut self, path: &Path, magnitude: f64) -> MathId {
        let mut row: Vec<MathId> = self.number_of(path, magnitude).into_iter().collect();
        row.extend(self.weights(path));
        if row.is_empty() {
            row.push(self.printer.boxes.number(1));
        }
        self.printer.boxes.row(row)
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

    /// The product of the bounds of all steps.
    fn product_bound(&mut self, summands: &[MathId], magnitude: f64) -> MathId {
        let recursion = self.recursion;
        let steps = self.printer.affine(&recursion.steps(), Scope::EMPTY).id;
        let power = |printer: &mut Printer, base: MathId| {
            let base = printer.boxes.fence(Fence::Round, true, base);
            printer.boxes.script(base, None, Some(steps))
        };
        if !recursion.has_own_weights() {
            let sum = self.sum(summands);
            return power(&mut self.printer, sum);
        }
        if let [path] = recursion.paths.as_slice() {
            let mut row = Vec::new();
            if let Some(number) = self.number_of(path, magnitude) {
                let plain = matches!(self.printer.boxes.get(number), Math::Symbol(_));
                row.push(if plain {
                    self.printer.boxes.script(number, None, Some(steps))
                } else {
                    power(&mut self.printer, number)
                });
            }
            let weights = self.weights(path);
            if !weights.is_empty() {
                row.push(self.product_sign());
                row.extend(weights);
            }
            if row.is_empty() {
                row.push(self.printer.boxes.number(1));
            }
            return self.printer.boxes.row(row);
        }
        let sum = self.sum(summands);
        let sum = self.printer.boxes.fence(Fence::Round, false, sum);
        let sign = self.product_sign();
        self.printer.boxes.row([sign, sum])
    }

    /// Π over all steps.
    fn product_sign(&mut self) -> MathId {
        let recursion = self.recursion;
        let letter = self.printer.variable(recursion.letter, self.scope).id;
        let equals = self.printer.boxes.sign(Sign::Equals);
        let first = self.printer.affine(&recursion.first, self.scope).id;
        let last = self.printer.affine(&recursion.last, self.scope).id;
        let under = self.printer.boxes.row([letter, equals, first]);
        self.printer.boxes.intern(Math::Big {
            op: BigOperator::Product,
            under: Some(under),
            over: Some(last),
        })
    }

    /// `0 ≤ σ'(u) ≤ 1/4`, of ReLU `Step(u) ∈ {0, 1}`.
    fn slope_range(&mut self, low: f64, high: f64) {
        let recursion = self.recursion;
        let Some(slope) = recursion.activation() else {
            return;
        };
        let function = recursion.system.function(slope.function);
        let u = self.printer.boxes.intern(Math::Symbol(Symbol::Letter('u')));
        if function.primitive == Some(Primitive::Relu) {
            let head = self.printer.boxes.latex(r"\operatorname{Step}");
            let argument = self.printer.boxes.fence(Fence::Round, false, u);
            let left = self.printer.boxes.row([head, argument]);
            let mut values = vec![self.number(0.0, Side::Below), self.number(1.0, Side::Above)];
            match recursion.step_at_zero {
                StepAtZero::One | StepAtZero::Zero => {}
                StepAtZero::Half => values.insert(1, self.number(0.5, Side::Above)),
                StepAtZero::Undefined => return,
            }
            let list = self.printer.boxes.list(&values, Sign::Comma);
            let set = self.printer.boxes.fence(Fence::Set, false, list);
            self.say("slope-range", left, Sign::Element, set, None);
            return;
        }
        let mut arguments = vec![Printed::atom(u)];
        for extra in &slope.arguments[1..] {
            arguments.push(self.printer.term(*extra, self.scope));
        }
        let mut orders = vec![0; arguments.len()];
        orders[0] = 1;
        let middle = self.printer.applied(slope.function, &orders, &arguments).id;
        let (low, high) = (
            self.number(low, Side::Below),
            self.number(high, Side::Above),
        );
        let at_most = self.printer.boxes.sign(Sign::LessEqual);
        let right = self.printer.boxes.row([middle, at_most, high]);
        self.say("slope-range", low, Sign::LessEqual, right, None);
    }

    /// `χ = n Var W E[φ'(z)²]`, the factor on the mean square.
    fn mean_square(&mut self, activation: &Activation) {
        let recursion = self.recursion;
        let Some(slope) = recursion.activation() else {
            return;
        };
        if recursion.is_scalar() {
            return;
        }
        let function = recursion.system.function(slope.function);
        let relu = function.primitive == Some(Primitive::Relu);
        let latex = function.latex.clone();
        let boxes = &mut self.printer.boxes;
        let chi = boxes.intern(Math::Symbol(Symbol::Greek("chi")));
        let mut row = Vec::new();
        if recursion.paths.iter().any(Path::is_identity) {
            row.push(boxes.number(1));
            row.push(boxes.sign(Sign::Plus));
        }
        let n = boxes.intern(Math::Symbol(Symbol::Letter('n')));
        let weight = boxes.intern(Math::Symbol(Symbol::Letter('W')));
        let variance = boxes.latex(r"\operatorname{Var}");
        let start = row.len();
        row.extend([n, variance, weight]);
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
        let value = boxes.intern(Math::Fence {
            kind: Fence::Group,
            tall: false,
            body: value,
        });
        let square = boxes.script(value, None, Some(two));
        let square = boxes.fence(Fence::Square, false, square);
        row.extend([mean, square]);
        if activation.is_homogeneous() {
            // The mean is the same at every variance of z.
            let value = crate::flow::slope_square(activation, 1.0).value;
            row.push(boxes.sign(Sign::Equals));
            let shortcut: Vec<MathId> = row[..start].to_vec();
            row.extend(shortcut);
            let number = self.number(value, Side::Nearest);
            row.extend([number, n, variance, weight]);
        }
        let right = self.printer.boxes.row(row);
        self.say("mean-square", chi, Sign::Equals, right, None);
        if let Some(last) = self.statements.last_mut() {
            last.given = Some(
                "the factor of one step on E‖δ‖², for independent weights of mean 0 and variance Var W, wide layers".into(),
            );
        }
    }

    /// A number: a fraction where it is exactly a simple one, else digits that are rounded so that bounds stay bounds.
    fn number(&mut self, value: f64, side: Side) -> MathId {
        for denominator in 1..=12i64 {
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

/// Numbers with at most this many decimals are printed as they are.
const DIGITS: usize = 9;

/// To which side a number may be rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    Above,
    Nearest,
}
