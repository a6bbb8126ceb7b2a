//! Values of networks with numbers for sizes, element by element from their equations: slow, plain, and nothing that the
//! program computes with.

use std::collections::BTreeMap;

use chainrule::flow::Slope;
use chainrule::system::{FamilyKind, Primitive, System};
use chainrule::term::{
    Affine, Domain, FamilyId, FunctionId, Node, Reduction, Substitution, TermId, VarId,
};
use num_traits::ToPrimitive;

/// An element of a quantity.
pub(crate) type Element = (FamilyId, Vec<i64>);

/// A network at a point.
#[derive(Clone)]
pub(crate) struct Evaluator {
    pub(crate) system: System,
    /// Which point.
    pub(crate) seed: u64,
    /// Elements that are set to a value, whatever their equation says.
    pub(crate) held: BTreeMap<Element, f64>,
    known: BTreeMap<Element, f64>,
}

/// The letters of a term with their values.
pub(crate) type Letters = BTreeMap<VarId, i64>;

impl Evaluator {
    pub(crate) fn new(system: &System, seed: u64) -> Self {
        Self {
            system: system.clone(),
            seed,
            held: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    /// The same point with an element held.
    pub(crate) fn holding(&self, elements: impl IntoIterator<Item = (Element, f64)>) -> Self {
        let mut other = Self::new(&self.system, self.seed);
        other.held.clone_from(&self.held);
        other.held.extend(elements);
        other
    }

    pub(crate) fn element(&mut self, family: FamilyId, index: &[i64]) -> f64 {
        let element = (family, index.to_vec());
        if let Some(value) = self.held.get(&element).or(self.known.get(&element)) {
            return *value;
        }
        let value = match self.system.family(family).kind {
            FamilyKind::Input => self.given(&element),
            FamilyKind::Defined => self.defined(family, index),
            _ => panic!("only inputs and equations have values"),
        };
        self.known.insert(element, value);
        value
    }

    /// A number between -1.5 and 1.5 for an element of an input.
    fn given(&self, (family, index): &Element) -> f64 {
        let mut state = self.seed ^ (u64::from(family.0) << 32);
        for at in index {
            state = mixed(state ^ at.unsigned_abs());
        }
        (mixed(state) >> 11) as f64 / (1u64 << 53) as f64 * 3.0 - 1.5
    }

    fn defined(&mut self, family: FamilyId, index: &[i64]) -> f64 {
        let at: Vec<Affine> = index.iter().map(|at| Affine::int(*at)).collect();
        for clause in self.system.family(family).clauses.clone() {
            let (values, reach) = clause.at(&at);
            if self.system.ambient.is_empty(&reach) {
                continue;
            }
            let letters = values
                .pairs()
                .iter()
                .map(|(letter, value)| (*letter, value.as_int().expect("a number")))
                .collect();
            return self.term(clause.body.expect("an equation"), &letters);
        }
        panic!("{}{index:?} is defined", self.system.family(family).name)
    }

    /// A term at values of its letters.
    pub(crate) fn term(&mut self, term: TermId, letters: &Letters) -> f64 {
        match self.system.store.node(term).clone() {
            Node::Number(value) => value.to_f64().expect("a number"),
            Node::Pi => std::f64::consts::PI,
            Node::Add(parts) => parts.iter().map(|part| self.term(*part, letters)).sum(),
            Node::Mul(factors) => factors.iter().map(|at| self.term(*at, letters)).product(),
            Node::Power(base, exponent) => {
                let exponent = self.term(exponent, letters);
                self.term(base, letters).powf(exponent)
            }
            Node::Access(family, index) => {
                let index: Vec<i64> = index.iter().map(|at| number(at, letters)).collect();
                self.element(family, &index)
            }
            Node::Guard(domain) => {
                let open = self.system.ambient.is_empty(&at(&domain, letters));
                f64::from(u8::from(!open))
            }
            Node::Reduce(Reduction::Sum, vars, domain, body) => {
                let points = at(&domain, letters)
                    .points(&vars, 1_000)
                    .expect("few points");
                let with = |point: Vec<i64>| {
                    let mut letters = letters.clone();
                    letters.extend(vars.iter().copied().zip(point));
                    letters
                };
                points
                    .into_iter()
                    .map(|point| self.term(body, &with(point)))
                    .sum()
            }
            Node::Apply(function, orders, arguments) => {
                let arguments: Vec<f64> = arguments
                    .iter()
                    .map(|argument| self.term(*argument, letters))
                    .collect();
                if orders.iter().all(|order| *order == 0) {
                    return self.function(function, &arguments);
                }
                assert!(
                    Slope::of(&self.system, term).is_some(),
                    "a first derivative"
                );
                let mut near = |by: f64| {
                    let mut moved = arguments.clone();
                    moved[0] += by;
                    self.function(function, &moved)
                };
                difference(&mut near)
            }
            other => panic!("no value for {other:?}"),
        }
    }

    fn function(&mut self, function: FunctionId, arguments: &[f64]) -> f64 {
        let u = arguments[0];
        let row = self.system.function(function).clone();
        match (row.primitive, row.name.as_str()) {
            (Some(Primitive::Relu), _) => u.max(0.0),
            (Some(Primitive::Step), _) => f64::from(u8::from(u >= 0.0)),
            (Some(Primitive::Exp), _) => u.exp(),
            (Some(Primitive::Log), _) => u.ln(),
            (Some(Primitive::Sin), _) => u.sin(),
            (Some(Primitive::Cos), _) => u.cos(),
            (_, "tanh") => u.tanh(),
            (_, "sigmoid") => 1.0 / (1.0 + (-u).exp()),
            (_, "softplus") => u.exp().ln_1p(),
            (_, "silu") => u / (1.0 + (-u).exp()),
            (_, "leaky_relu") => u.max(arguments[1] * u),
            (_, name) => panic!("no value of {name}"),
        }
    }
}

/// A derivative by differences of the fourth order.
pub(crate) fn difference(near: &mut dyn FnMut(f64) -> f64) -> f64 {
    let step = 2e-5;
    (8.0 * (near(step) - near(-step)) - (near(2.0 * step) - near(-2.0 * step))) / (12.0 * step)
}

fn number(affine: &Affine, letters: &Letters) -> i64 {
    let values = substitution(letters);
    values.affine(affine).as_int().expect("a number")
}

fn at(domain: &Domain, letters: &Letters) -> Domain {
    substitution(letters).domain(domain)
}

fn substitution(letters: &Letters) -> Substitution {
    Substitution::new(
        letters
            .iter()
            .map(|(letter, value)| (*letter, Affine::int(*value))),
    )
}

fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
