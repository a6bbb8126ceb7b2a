//! What is printed and confirmed: equations with the conditions under which they hold.

mod apart;
mod arrays;
mod cases;
mod closed;
mod combine;
mod examples;
mod funnel;
mod hidden;
mod loss;
mod measure;
mod merge;
mod orient;
mod plain;
mod resolve;
mod scalar;
mod statement;
mod sums;
mod view;
mod written;

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use crate::derive::{Adjoint, Asked, Contribution, Derivation, Reason, contribution_term};
use crate::matrix::{MatrixForm, Refusal};
pub use crate::simplify::{Condition, Link, Step};
use crate::simplify::{Product, Simplifier, shared_factors};
use crate::source::Report;
use crate::system::{FamilyKind, Primitive, System};
use crate::term::{Affine, Domain, FamilyId, Node, Seen, Substitution, TermId, VarId};
use cases::{Case, cases};
use closed::{Closed, Layer};
use funnel::Funnels;
use num_rational::BigRational;
use num_traits::One;
use orient::{Orientations, without_divisors};
pub use view::{Detail, Form, Lettering, View};

/// One equation, `∂of/∂wrt = … = result`, for all values of the letters in the domain.
#[derive(Debug, Clone)]
pub struct Formula {
    /// The adjoint family on the left.
    pub adjoint: FamilyId,
    /// Its index as printed: the output's, then that of the quantity differentiated by.
    pub index: Box<[Affine]>,
    /// The letters in the index.
    pub vars: Box<[VarId]>,
    /// Their values: the case in which the equation holds.
    pub domain: Domain,
    /// The members of the chain of equalities behind the left side; the last one is the result.
    pub chain: Vec<Link>,
    /// The local derivatives that the chain uses, where they are shown.
    pub locals: Vec<LocalDerivative>,
    /// What the result rests on.
    pub conditions: Vec<Condition>,
    /// How it was found.
    pub steps: Vec<Step>,
    /// Whether it was asked for; else it is printed because another formula names it.
    pub asked: bool,
    /// The equation in matrix notation, or why there is none, where that was wanted.
    pub matrix: Option<Result<MatrixForm, Refusal>>,
}

impl Formula {
    /// The conditions under which the equation speaks of `index`, and the values of its letters there.
    pub fn at(&self, index: &[Affine]) -> (Substitution, Domain) {
        Substitution::matching(&self.vars, &self.index, &self.domain, index)
    }

    /// The right side that counts.
    pub fn result(&self) -> TermId {
        match self.chain.last() {
            Some(Link::Term(term)) => *term,
            Some(Link::Operator { .. }) | None => {
                unreachable!("a chain ends with a term")
            }
        }
    }

    /// The equations that lead to the result: each earlier member of the chain equals it, and each symbol of a
    /// local derivative has its value. The derivative of a derivative is the left side itself, which says nothing.
    pub fn equations(&self, system: &System) -> Vec<Equation> {
        let right = self.result();
        let (_, before) = self.chain.split_last().expect("a chain ends with a term");
        let is_left_side = |link: &Link| match link {
            Link::Operator { of, .. } => match system.store.node(*of) {
                Node::Access(family, _) => matches!(
                    system.family(self.adjoint).kind,
                    FamilyKind::Adjoint { of, .. } if of == *family
                ),
                _ => false,
            },
            Link::Term(_) => false,
        };
        let members = before
            .iter()
            .filter(|link| !is_left_side(link))
            .map(|link| Equation {
                vars: self.vars.clone(),
                domain: self.domain.clone(),
                left: link.clone(),
                right,
                anywhere: true,
            });
        let locals = self.locals.iter().map(|local| Equation {
            vars: local.vars.clone(),
            domain: local.domain.clone(),
            left: Link::Term(local.symbol),
            right: local.value,
            anywhere: true,
        });
        members
            .chain(locals)
            .chain(self.replayed_steps(system))
            .collect()
    }

    /// What each rule did, for small values of all letters.
    fn replayed_steps(&self, system: &System) -> Vec<Equation> {
        let mut equations = Vec::new();
        for step in &self.steps {
            let (Link::Term(before), Link::Term(after)) = (&step.before, &step.after) else {
                continue;
            };
            let letters = [before, after].map(|term| system.store.free_vars(*term));
            let mut vars: Vec<VarId> = letters.into_iter().flatten().copied().collect();
            vars.sort_unstable();
            vars.dedup();
            if vars.len() > MOST_LETTERS {
                continue;
            }
            let domain = vars.iter().fold(Domain::everything(), |domain, var| {
                let small = (Affine::int(0), Affine::int(LARGEST_LETTER));
                domain.and(&Domain::between(&small.0, &Affine::var(*var), &small.1))
            });
            equations.push(Equation {
                vars: vars.into_boxed_slice(),
                domain,
                left: Link::Term(*before),
                right: *after,
                anywhere: false,
            });
        }
        equations
    }
}

/// An equation that is printed on the way to a result.
#[derive(Debug, Clone)]
pub struct Equation {
    /// Letters that stand for every value.
    pub vars: Box<[VarId]>,
    /// Their values.
    pub domain: Domain,
    /// The left side.
    pub left: Link,
    /// The right side.
    pub right: TermId,
    /// Whether it has to have a value somewhere. What a single rule did may stand where the letters' values are not
    /// known.
    pub anywhere: bool,
}

/// Single rules are replayed for letters up to this value, and for at most so many letters.
const LARGEST_LETTER: i64 = 4;
const MOST_LETTERS: usize = 3;

/// `∂user/∂wrt = value`, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDerivative {
    /// The letters of both sides.
    pub vars: Box<[VarId]>,
    /// Their values.
    pub domain: Domain,
    /// The left side: an access to a local family, or a product of such where equations were joined.
    pub symbol: TermId,
    /// The right side.
    pub value: TermId,
    /// What the user is equal to there, if it is one quantity by one definition.
    pub body: Option<TermId>,
    /// Why.
    pub reason: Reason,
    /// What the right side rests on.
    pub conditions: Vec<Condition>,
}

/// The equations that answer the derivation's questions, and those that they name.
///
/// Equations come as asked; before each stand the adjoints that it names and nobody asked for, upstream
/// first. With `resolve` there are none of these.
///
/// # Errors
/// A report if the view cannot be had: a symbolic depth cannot be resolved, symbolic sizes have no scalar form.
pub fn formulate(derivation: &mut Derivation, view: &View) -> Result<Vec<Formula>, Report> {
    let mut writer = Writer::new(derivation, *view);
    let formulas = writer.all();
    let formulas = if view.resolve {
        resolve::resolved(derivation, formulas, view.detail)?
    } else {
        formulas
    };
    let mut formulas = match view.form {
        Form::Index | Form::Matrix => formulas,
        Form::Scalar => scalar::written_out(derivation, formulas)?,
    };
    if let Some(size) = view.examples {
        examples::of_sums(derivation, size, &mut formulas);
    }
    apart::letters_told_apart(&mut derivation.system, &mut formulas);
    if view.form == Form::Matrix {
        arrays::formulate(derivation, view.layout, &mut formulas);
    }
    Ok(formulas)
}

/// One piece of an adjoint family.
type Place = (FamilyId, usize);

/// A piece with the numbers of some of its cases.
type Parts = (Place, Vec<usize>);

struct Writer<'a> {
    derivation: &'a mut Derivation,
    view: View,
    simplifier: Simplifier,
    /// Where each adjoint family stands in the derivation.
    adjoints: FxHashMap<FamilyId, usize>,
    /// Pieces by their constant indices, where all of a family's pieces have constant slots.
    constant: FxHashMap<(FamilyId, Vec<i64>), usize>,
    /// The cases of each piece, made on demand.
    cases: FxHashMap<Place, Rc<[Case]>>,
    /// The cases whose closed form is short, with what it rests on, for the substitution step.
    closed: FxHashMap<(Place, usize, Option<FamilyId>), Option<Closed>>,
    /// The closed forms of second derivatives at layers with numbers.
    closed_layers: FxHashMap<Layer, Option<(Case, Closed)>>,
    orientations: Orientations,
    funnels: Funnels,
}

impl<'a> Writer<'a> {
    fn new(derivation: &'a mut Derivation, view: View) -> Self {
        let mut simplifier = Simplifier::new(
            &mut derivation.system,
            derivation.step_at_zero,
            true,
            derivation.rules,
        );
        let orientations = Orientations::of(&mut derivation.system, &mut simplifier);
        let funnels = Funnels::of(derivation);
        let mut adjoints = FxHashMap::default();
        let mut constant = FxHashMap::default();
        for (at, adjoint) in derivation.adjoints.iter().enumerate() {
            adjoints.insert(adjoint.family, at);
            let slots = derivation.system.family(adjoint.family).slots;
            for (piece_at, piece) in adjoint.pieces.iter().enumerate() {
                let key: Option<Vec<i64>> =
                    piece.index[..slots].iter().map(Affine::as_int).collect();
                if let Some(key) = key {
                    constant.insert((adjoint.family, key), piece_at);
                }
            }
        }
        Self {
            derivation,
            view,
            simplifier,
            adjoints,
            constant,
            cases: FxHashMap::default(),
            closed: FxHashMap::default(),
            closed_layers: FxHashMap::default(),
            orientations,
            funnels,
        }
    }

    fn system(&mut self) -> &mut System {
        &mut self.derivation.system
    }

    fn adjoint(&self, family: FamilyId) -> &Adjoint {
        &self.derivation.adjoints[self.adjoints[&family]]
    }

    fn all(&mut self) -> Vec<Formula> {
        let asked = self.derivation.asked.clone();
        // Where only a part of a piece was asked for, the rest may be named and is then printed with it.
        let mut asked_whole: FxHashSet<(Place, usize)> = FxHashSet::default();
        for question in &asked {
            for place in self.asked_places(question) {
                for (at, case) in self.cases_of(place).iter().enumerate() {
                    let mut pairs = question.index.iter().zip(&case.index);
                    if pairs.all(|(wanted, own)| wanted.as_ref().is_none_or(|it| it == own)) {
                        asked_whole.insert((place, at));
                    }
                }
            }
        }
        let mut printed: FxHashSet<(Place, usize)> = FxHashSet::default();
        let mut formulas = Vec::new();
        for question in &asked {
            for place in self.asked_places(question) {
                let Some(selected) = self.selected(place, &question.index) else {
                    continue;
                };
                let answers: Vec<Formula> = selected
                    .iter()
                    .map(|case| self.formula(place.0, case, true))
                    .collect();
                for answer in &answers {
                    let named = self.shown_parts(answer);
                    self.dependencies(named, &asked_whole, &mut printed, &mut formulas);
                }
                formulas.extend(answers);
            }
        }
        self.without_parts(formulas)
    }

    /// Leaves out what is a part of another formula: asked for at one slot, and named at all of them.
    fn without_parts(&self, mut formulas: Vec<Formula>) -> Vec<Formula> {
        let ambient = &self.derivation.system.ambient;
        let partly: FxHashSet<FamilyId> = self
            .derivation
            .asked
            .iter()
            .filter(|asked| asked.index.iter().any(Option::is_some))
            .map(|asked| asked.adjoint)
            .collect();
        // Only what has letters can have parts.
        let wholes: Vec<usize> = (0..formulas.len())
            .filter(|at| !formulas[*at].vars.is_empty() && partly.contains(&formulas[*at].adjoint))
            .collect();
        if wholes.is_empty() {
            return formulas;
        }
        let covered: Vec<Option<usize>> = formulas
            .iter()
            .map(|part| {
                wholes.iter().copied().find(|at| {
                    let whole = &formulas[*at];
                    whole.adjoint == part.adjoint
                        && part.vars.len() < whole.vars.len()
                        && ambient.implies(&part.domain, &whole.at(&part.index).1)
                })
            })
            .collect();
        for (part, whole) in covered.iter().enumerate() {
            if let Some(whole) = whole {
                formulas[*whole].asked |= formulas[part].asked;
            }
        }
        let mut covered = covered.into_iter();
        formulas.retain(|_| covered.next().flatten().is_none());
        formulas
    }

    /// The pieces that a question may speak of.
    fn asked_places(&self, question: &Asked) -> Vec<Place> {
        let slots = self.derivation.system.family(question.adjoint).slots;
        let key: Option<Vec<i64>> = question.index[..slots]
            .iter()
            .map(|index| index.as_ref().and_then(Affine::as_int))
            .collect();
        if let Some(key) = key
            && let Some(at) = self.constant.get(&(question.adjoint, key))
        {
            return vec![(question.adjoint, *at)];
        }
        (0..self.adjoint(question.adjoint).pieces.len())
            .map(|at| (question.adjoint, at))
            .collect()
    }

    fn constant_slots(&self, family: FamilyId, index: &[Affine]) -> Option<Vec<i64>> {
        let slots = self.derivation.system.family(family).slots;
        index[..slots].iter().map(Affine::as_int).collect()
    }

    /// The cases of a piece inside what was asked; none if the piece was not asked for.
    fn selected(&mut self, place: Place, wanted: &[Option<Affine>]) -> Option<Rc<[Case]>> {
        let cases = self.cases_of(place);
        if wanted.iter().all(Option::is_none) {
            return Some(cases);
        }
        let selected: Rc<[Case]> = cases
            .iter()
            .filter_map(|case| case.restricted(&mut self.derivation.system, wanted))
            .collect();
        (!selected.is_empty()).then_some(selected)
    }

    fn cases_of(&mut self, place: Place) -> Rc<[Case]> {
        if !self.cases.contains_key(&place) {
            let mut piece = self.adjoint(place.0).pieces[place.1].clone();
            if let FamilyKind::Adjoint { wrt, .. } = self.derivation.system.family(place.0).kind
                && self.view.combine
            {
                piece = combine::combined(self.derivation, wrt, &piece);
            }
            let lettering = self.view.lettering;
            let made = cases(&mut self.derivation.system, place.0, &piece, lettering);
            self.cases.insert(place, made.into());
        }
        Rc::clone(&self.cases[&place])
    }

    /// The formulas of the parts and of all that they name, upstream first, without those that were
    /// printed or are printed elsewhere because they were asked for.
    fn dependencies(
        &mut self,
        parts: Vec<Parts>,
        asked: &FxHashSet<(Place, usize)>,
        printed: &mut FxHashSet<(Place, usize)>,
        formulas: &mut Vec<Formula>,
    ) {
        struct Frame {
            own: Vec<Formula>,
            open: Vec<Parts>,
        }
        let mut stack = vec![Frame {
            own: Vec::new(),
            open: parts.into_iter().rev().collect(),
        }];
        while let Some(frame) = stack.last_mut() {
            let Some((place, mut numbers)) = frame.open.pop() else {
                formulas.append(&mut frame.own);
                stack.pop();
                continue;
            };
            numbers.retain(|at| !asked.contains(&(place, *at)) && printed.insert((place, *at)));
            if numbers.is_empty() {
                continue;
            }
            let cases = self.cases_of(place);
            let own: Vec<Formula> = numbers
                .into_iter()
                .map(|at| self.formula(place.0, &cases[at], false))
                .collect();
            let mut open: Vec<Parts> = own
                .iter()
                .flat_map(|formula| self.shown_parts(formula))
                .collect();
            open.reverse();
            stack.push(Frame { own, open });
        }
    }

    /// The parts of adjoint families that the reader of a formula meets in it.
    fn shown_parts(&mut self, formula: &Formula) -> Vec<Parts> {
        let terms: Vec<TermId> = formula
            .chain
            .iter()
            .filter_map(|link| match link {
                Link::Term(term) => Some(*term),
                Link::Operator { .. } => None,
            })
            .collect();
        terms
            .into_iter()
            .flat_map(|term| self.named_parts(term, &formula.domain))
            .collect()
    }

    /// The parts of adjoint families that a term names, in the order of reading, where its letters have these values.
    fn named_parts(&mut self, term: TermId, context: &Domain) -> Vec<Parts> {
        let mut found: Vec<Parts> = Vec::new();
        let mut seen: Seen<(TermId, usize)> = Seen::default();
        // The letters of a sum have their own ranges.
        let mut contexts = vec![context.clone()];
        let mut stack: SmallVec<[(TermId, usize); 8]> = smallvec![(term, 0)];
        while let Some((term, mut context)) = stack.pop() {
            if !seen.insert((term, context)) {
                continue;
            }
            let node = self.derivation.system.store.shared(term);
            if let Node::Reduce(_, vars, domain, _) = &*node {
                contexts.push(contexts[context].shadowed(vars).and(domain));
                context = contexts.len() - 1;
            }
            if let Node::Access(family, index) = &*node
                && self.adjoints.contains_key(family)
            {
                for place in self.places_of(*family, index) {
                    if self.is_given(place.0, place.1) {
                        continue;
                    }
                    let numbers = self.cases_at(place, index, &contexts[context]);
                    match found.iter_mut().find(|(known, _)| *known == place) {
                        Some((_, known)) => {
                            known.extend(numbers);
                            known.sort_unstable();
                            known.dedup();
                        }
                        None => found.push((place, numbers)),
                    }
                }
            }
            let children = node.children().into_iter().rev();
            stack.extend(children.map(|child| (child, context)));
        }
        found
    }

    /// The cases of a piece in which an index may lie.
    fn cases_at(&mut self, place: Place, index: &[Affine], context: &Domain) -> Vec<usize> {
        let cases = self.cases_of(place);
        let ambient = &self.derivation.system.ambient;
        let inside = |case: &Case| !ambient.is_empty(&case.at(index).1.and(context));
        (0..cases.len()).filter(|at| inside(&cases[*at])).collect()
    }

    /// Whether a piece is a symbol without a definition (an opaque loss by its argument).
    fn is_given(&self, family: FamilyId, piece: usize) -> bool {
        self.derivation.system.family(family).clauses[piece]
            .body
            .is_none()
    }

    /// The pieces of a family in which an index may lie.
    fn places_of(&self, family: FamilyId, index: &[Affine]) -> Vec<Place> {
        let system = &self.derivation.system;
        if let Some(key) = self.constant_slots(family, index)
            && let Some(at) = self.constant.get(&(family, key))
        {
            return vec![(family, *at)];
        }
        self.adjoint(family)
            .pieces
            .iter()
            .enumerate()
            .filter(|(at, _)| {
                let (_, domain) = system.family(family).clauses[*at].at(index);
                !system.ambient.is_empty(&domain)
            })
            .map(|(at, _)| (family, at))
            .collect()
    }

    fn formula(&mut self, adjoint: FamilyId, case: &Case, asked: bool) -> Formula {
        self.simplifier.take_record();
        let result = self.sum(case, |contribution| contribution.upstream);
        let (mut conditions, more) = self.simplifier.take_record();
        conditions.extend(case.conditions());
        let steps = case
            .contributions
            .iter()
            .flat_map(|contribution| contribution.steps.iter().cloned())
            .chain(more)
            .collect();
        if uses_step(&self.derivation.system, result) {
            conditions.push(Condition::StepAtZero);
        }
        let mut chain = Vec::new();
        let mut locals = Vec::new();
        let stepwise = self.view.detail >= Detail::Steps;
        let second = self.is_second_order(adjoint);
        if stepwise && second {
            chain.extend(self.derivative_of_derivative(adjoint, case));
        } else if stepwise {
            chain.extend(statement::statement(self.system(), case).map(Link::Term));
            let activation = matches!(
                case.contributions.as_slice(),
                [only] if matches!(only.reason, Reason::Function(_))
            );
            if self.view.detail == Detail::Full || activation {
                let step_at_zero = self.derivation.step_at_zero;
                chain.extend(loss::lines(self.system(), step_at_zero, adjoint, case));
            }
            locals = statement::locals(self.system(), case);
            for local in &mut locals {
                let conditions = std::mem::take(&mut local.conditions);
                local.conditions = self
                    .simplifier
                    .settled(&mut self.derivation.system, conditions);
            }
        }
        let closed = self.closed(adjoint, case, second);
        let result = match closed {
            Some(closed) if second || closed.shorter || (closed.plain && stepwise) => {
                // What cancels is first shown as it stands.
                if stepwise && closed.shorter && closed.term != result && !second {
                    chain.push(Link::Term(result));
                    conditions.extend(closed.conditions);
                } else {
                    conditions = closed.conditions;
                }
                closed.term
            }
            Some(_) | None => match self.by_names(result, &case.domain) {
                Some((shorter, rests_on)) => {
                    if stepwise {
                        chain.push(Link::Term(result));
                    }
                    conditions.extend(rests_on);
                    shorter
                }
                None => result,
            },
        };
        conditions.extend(self.adjoint(adjoint).inherited.iter().cloned());
        let system = &mut self.derivation.system;
        let mut conditions = self.simplifier.settled(system, conditions);
        without_divisors(system, result, &mut conditions);
        chain.push(Link::Term(result));
        Formula {
            adjoint,
            index: case.index.clone(),
            vars: case.vars.clone(),
            domain: case.domain.clone(),
            chain,
            locals,
            conditions,
            steps,
            asked,
            matrix: None,
        }
    }

    /// Whether it is a derivative of a derivative. Its own upstream derivatives have no usual notation, so
    /// they are substituted wherever they have a closed form.
    fn is_second_order(&self, adjoint: FamilyId) -> bool {
        let system = &self.derivation.system;
        match system.family(adjoint).kind {
            FamilyKind::Adjoint { of, .. } => {
                matches!(system.family(of).kind, FamilyKind::Adjoint { .. })
            }
            FamilyKind::Input
            | FamilyKind::Defined
            | FamilyKind::OfMatrix { .. }
            | FamilyKind::OpaqueLoss(_)
            | FamilyKind::Local { .. } => false,
        }
    }

    /// `∂/∂v (∂C/∂u)`, as a second derivative is begun.
    fn derivative_of_derivative(&mut self, adjoint: FamilyId, case: &Case) -> Option<Link> {
        let system = &mut self.derivation.system;
        let FamilyKind::Adjoint { of, wrt } = system.family(adjoint).kind else {
            return None;
        };
        let width = system.family(wrt).slots + system.family(wrt).axes;
        let (outer, own) = case.index.split_at(case.index.len() - width);
        Some(Link::Operator {
            factor: None,
            by: system.store.access(wrt, own.iter().cloned()),
            of: system.store.access(of, outer.iter().cloned()),
        })
    }

    fn is_direct(&self, contribution: &Contribution) -> bool {
        self.derivation.system.store.is_one(contribution.upstream)
    }

    /// Σ upstream · local over the contributions of a case, simplified.
    fn sum(&mut self, case: &Case, mut upstream: impl FnMut(&Contribution) -> TermId) -> TermId {
        let system = &mut self.derivation.system;
        let parts: Vec<TermId> = case
            .contributions
            .iter()
            .map(|contribution| {
                let upstream = upstream(contribution);
                contribution_term(system, contribution, upstream, contribution.local)
            })
            .collect();
        let sum = system.store.add(parts);
        let sum = self.simplifier.simplify(system, sum, &case.domain);
        let factored = factored(system, sum);
        let sum = if factored == sum {
            sum
        } else {
            // What cancels only behind the bracket.
            self.simplifier.simplify(system, factored, &case.domain)
        };
        let step_at_zero = self.derivation.step_at_zero;
        match merge::merged(system, step_at_zero, sum, &case.domain) {
            Some((merged, assumed)) => {
                for number in assumed {
                    self.simplifier.rests_on(Condition::Assumed(number));
                }
                self.simplifier.simplify(system, merged, &case.domain)
            }
            None => sum,
        }
    }
}

/// A sum whose summands share factors, with these behind a bracket: `(a + b) c`.
fn factored(system: &mut System, term: TermId) -> TermId {
    let store = &mut system.store;
    let node = store.shared(term);
    let Node::Add(parts) = &*node else {
        return term;
    };
    let mut products: Vec<Product> = parts.iter().map(|part| Product::of(store, *part)).collect();
    let shared = shared_factors(store, &mut products);
    if shared.is_empty() {
        return term;
    }
    let inner: Vec<TermId> = products
        .iter()
        .map(|product| product.build(store))
        .collect();
    let inner = store.add(inner);
    let outer = Product {
        coefficient: BigRational::one(),
        factors: shared,
    }
    .build(store);
    store.mul([inner, outer])
}

/// Whether Step, and so its value at 0, occurs in a term.
fn uses_step(system: &System, term: TermId) -> bool {
    system.store.any(term, |node| match node {
        Node::Apply(function, _, _) => {
            system.function(*function).primitive == Some(Primitive::Step)
        }
        _ => false,
    })
}
