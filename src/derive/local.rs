//! Local derivatives: a term differentiated by each element that it reads.

use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;

use super::jumps::comparisons;
use crate::array::fresh_bound;
use crate::functions::MatrixRow;
use crate::simplify::{Condition, Signs};
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, System};
use crate::term::{
    Affine, Cmp, Domain, FamilyId, FunctionId, Node, Reduction, Store, TermId, VarId,
};

/// What a term is differentiated by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Leaf {
    /// An element of a family, as the term names it.
    Element(FamilyId, Box<[Affine]>),
    /// A parameter of a function's body.
    Parameter(u32),
}

/// The derivative by one leaf, below the reductions that bind `vars` in `domain`.
#[derive(Debug, Clone)]
pub(crate) struct Partial {
    pub(crate) leaf: Leaf,
    pub(crate) vars: Vec<VarId>,
    pub(crate) domain: Domain,
    pub(crate) value: TermId,
    /// What it rests on. A slope that is 0 under a condition is a derivative like any other.
    pub(crate) conditions: Vec<Condition>,
}

/// The slope of a function, with what it rests on.
struct Slope {
    value: TermId,
    conditions: Vec<Condition>,
}

impl Slope {
    /// A slope that rests on nothing.
    fn plain(value: TermId) -> Self {
        Self {
            value,
            conditions: Vec::new(),
        }
    }
}

/// The derivatives of one term by all of its leaves, in the order in which they are read. Leaves outside
/// reductions occur once; their derivatives are added up.
pub(crate) struct Differentiator<'a> {
    pub(crate) system: &'a mut System,
    pub(crate) step_at_zero: StepAtZero,
}

impl Differentiator<'_> {
    /// All partial derivatives of a term.
    pub(crate) fn partials(&mut self, term: TermId) -> Vec<Partial> {
        crate::stack::deep(|| self.visit(term))
    }

    fn visit(&mut self, term: TermId) -> Vec<Partial> {
        match &*self.system.store.shared(term) {
            Node::Number(_) | Node::Pi | Node::Index(_) | Node::Guard(_) | Node::Test(..) => {
                Vec::new()
            }
            Node::Access(family, index) => match self.system.family(*family).kind {
                FamilyKind::OfMatrix { row, of } => self.of_matrix(row, of, index),
                _ => vec![self.leaf(Leaf::Element(*family, index.clone()))],
            },
            Node::Parameter(at) => vec![self.leaf(Leaf::Parameter(*at))],
            Node::Add(parts) => {
                let all = parts.iter().flat_map(|part| self.partials(*part)).collect();
                self.merged(all)
            }
            Node::Mul(factors) => {
                let all = (0..factors.len())
                    .flat_map(|at| self.factor(factors, at))
                    .collect();
                self.merged(all)
            }
            Node::Power(base, exponent) => self.power(term, *base, *exponent),
            Node::Apply(function, orders, arguments)
                if self.is(*function, orders, "log") && self.is_made(arguments[0]) =>
            {
                let all = self.logarithm(arguments[0]);
                self.merged(all)
            }
            Node::Apply(function, orders, arguments) => {
                let mut all = Vec::new();
                for (at, argument) in arguments.iter().enumerate() {
                    let inner = self.partials(*argument);
                    if inner.is_empty() {
                        continue;
                    }
                    let slope = self.slope(*function, orders, arguments, at);
                    all.extend(self.chained(&slope, inner));
                }
                self.merged(all)
            }
            Node::Reduce(op, vars, domain, body) => self.reduction(*op, vars, domain, *body),
            Node::Cases(branches) => self.cases(branches),
        }
    }

    /// Whether this is a function of the table, not differentiated.
    fn is(&self, function: FunctionId, orders: &[u8], name: &str) -> bool {
        orders.iter().all(|order| *order == 0) && self.system.find_function(name) == Some(function)
    }

    /// Whether the logarithm of a term is made of logarithms of its parts.
    fn is_made(&self, term: TermId) -> bool {
        let store = &self.system.store;
        match store.node(term) {
            // A condition is no factor that can be parted from the others.
            Node::Mul(factors) => !factors
                .iter()
                .any(|factor| matches!(store.node(*factor), Node::Guard(_))),
            Node::Power(..) | Node::Reduce(Reduction::Product, ..) => true,
            Node::Apply(function, orders, _) => ["exp", "abs", "sqrt"]
                .iter()
                .any(|name| self.is(*function, orders, name)),
            _ => false,
        }
    }

    /// The derivatives of a term's logarithm, factor by factor: those of `log(a b)` are those of `log a` and of
    /// `log b` wherever the product is positive, though these may have no value; those of `log |u|` are those of
    /// `log u`.
    fn logarithm(&mut self, term: TermId) -> Vec<Partial> {
        crate::stack::deep(|| match self.system.store.node(term).clone() {
            Node::Mul(factors) if self.is_made(term) => factors
                .iter()
                .flat_map(|factor| self.logarithm(*factor))
                .collect(),
            Node::Power(base, exponent) => {
                let by_base = self.logarithm(base);
                let mut all = self.chained(&Slope::plain(exponent), by_base);
                let by_exponent = self.partials(exponent);
                if !by_exponent.is_empty() {
                    let log = Slope::plain(self.apply("log", base));
                    all.extend(self.chained(&log, by_exponent));
                }
                all
            }
            Node::Reduce(Reduction::Product, vars, domain, body) => self
                .logarithm(body)
                .into_iter()
                .map(|partial| Partial {
                    vars: vars.iter().copied().chain(partial.vars).collect(),
                    domain: domain.and(&partial.domain),
                    ..partial
                })
                .collect(),
            Node::Apply(function, orders, arguments) if self.is(function, &orders, "exp") => {
                self.partials(arguments[0])
            }
            Node::Apply(function, orders, arguments) if self.is(function, &orders, "abs") => {
                self.logarithm(arguments[0])
            }
            Node::Apply(function, orders, arguments) if self.is(function, &orders, "sqrt") => {
                let inner = self.logarithm(arguments[0]);
                let half = BigRational::new(1.into(), 2.into());
                let half = Slope::plain(self.system.store.number(half));
                self.chained(&half, inner)
            }
            _ => {
                let inner = self.partials(term);
                let store = &mut self.system.store;
                let minus_one = store.int(-1);
                let slope = Slope::plain(store.power(term, minus_one));
                self.chained(&slope, inner)
            }
        })
    }

    fn leaf(&mut self, leaf: Leaf) -> Partial {
        Partial {
            leaf,
            vars: Vec::new(),
            domain: Domain::everything(),
            value: self.system.store.int(1),
            conditions: Vec::new(),
        }
    }

    /// A function of a matrix, by all entries of the matrix: its slope is a row of the table.
    fn of_matrix(
        &mut self,
        row: &'static MatrixRow,
        of: FamilyId,
        index: &[Affine],
    ) -> Vec<Partial> {
        let clauses = self.system.family(of).clauses.clone();
        let slots = self.system.family(of).slots;
        let mut all = Vec::new();
        for clause in clauses {
            let entry = ["k", "l"].map(|letter| self.system.store.fresh_var(letter));
            let at: Vec<Affine> = index[..slots]
                .iter()
                .cloned()
                .chain(entry.map(Affine::var))
                .collect();
            let (values, domain) = clause.at(&at);
            if domain.is_nothing() {
                continue;
            }
            let slope = self.system.slope_of_matrix(row, of, index, entry);
            let inner = match clause.body {
                Some(body) if self.system.is_nameless(of) => {
                    let body = self.system.store.substitute(body, &values);
                    let body = fresh_bound(&mut self.system.store, body);
                    self.partials(body)
                }
                _ => {
                    let argument = self.system.store.access(of, at);
                    self.partials(argument)
                }
            };
            let inner = self.chained(&Slope::plain(slope), inner);
            all.extend(inner.into_iter().map(|partial| Partial {
                vars: entry.into_iter().chain(partial.vars).collect(),
                domain: domain.and(&partial.domain),
                ..partial
            }));
        }
        all
    }

    /// `slope · inner` for each inner derivative.
    fn chained(&mut self, slope: &Slope, inner: Vec<Partial>) -> Vec<Partial> {
        if self.system.store.is_zero(slope.value) && slope.conditions.is_empty() {
            return Vec::new();
        }
        inner
            .into_iter()
            .map(|partial| Partial {
                value: self.system.store.mul([slope.value, partial.value]),
                conditions: [partial.conditions.as_slice(), &slope.conditions].concat(),
                ..partial
            })
            .collect()
    }

    /// The product rule for one factor. Guards among the other factors bound the domain.
    fn factor(&mut self, factors: &[TermId], at: usize) -> Vec<Partial> {
        let inner = self.partials(factors[at]);
        if inner.is_empty() {
            return inner;
        }
        let mut guards = Domain::everything();
        let mut others: Vec<Option<TermId>> = Vec::with_capacity(factors.len());
        for (place, factor) in factors.iter().enumerate() {
            if place == at {
                others.push(None);
            } else if let Node::Guard(domain) = self.system.store.node(*factor) {
                guards = guards.and(domain);
            } else {
                others.push(Some(*factor));
            }
        }
        inner
            .into_iter()
            .map(|partial| {
                let product: Vec<TermId> = others
                    .iter()
                    .map(|other| other.unwrap_or(partial.value))
                    .collect();
                Partial {
                    value: self.system.store.mul(product),
                    domain: partial.domain.and(&guards),
                    ..partial
                }
            })
            .collect()
    }

    fn power(&mut self, term: TermId, base: TermId, exponent: TermId) -> Vec<Partial> {
        let (base, exponent) = self.one_power(base, exponent);
        let by_base = self.partials(base);
        let slope = {
            let store = &mut self.system.store;
            let lower = match store.as_number(exponent).cloned() {
                Some(value) => store.number(value - BigRational::one()),
                None => {
                    let minus_one = store.int(-1);
                    store.add([exponent, minus_one])
                }
            };
            let power = store.power(base, lower);
            Slope::plain(store.mul([exponent, power]))
        };
        let mut all = self.chained(&slope, by_base);
        let by_exponent = self.partials(exponent);
        if !by_exponent.is_empty() {
            let log = self.apply("log", base);
            let slope = Slope::plain(self.system.store.mul([term, log]));
            all.extend(self.chained(&slope, by_exponent));
        }
        self.merged(all)
    }

    /// `(u^a)^b` with positive a, b as `u^(ab)` where u is never negative: the square of a norm has a derivative
    /// where the norm has none.
    fn one_power(&mut self, base: TermId, exponent: TermId) -> (TermId, TermId) {
        let store = &self.system.store;
        if let Node::Power(inner, first) = store.node(base)
            && let (Some(first), Some(second)) =
                (store.as_number(*first), store.as_number(exponent))
            && first.is_positive()
            && second.is_positive()
        {
            let (inner, exponent) = (*inner, first * second);
            if Signs::new(self.system, false)
                .of(self.system, inner)
                .is_nonnegative()
            {
                return (inner, self.system.store.number(exponent));
            }
        }
        (base, exponent)
    }

    fn apply(&mut self, function: &str, argument: TermId) -> TermId {
        let function = self
            .system
            .function_id(function)
            .expect("the table has this function");
        self.system
            .store
            .intern(Node::Apply(function, Box::new([0]), Box::new([argument])))
    }

    /// The derivative of a function by one of its arguments, at the arguments.
    fn slope(
        &mut self,
        function: FunctionId,
        orders: &[u8],
        arguments: &[TermId],
        at: usize,
    ) -> Slope {
        let row = self.system.function(function).clone();
        if row.is_opaque() {
            let mut higher = orders.to_vec();
            higher[at] += 1;
            return Slope::plain(self.system.store.intern(Node::Apply(
                function,
                higher.into_boxed_slice(),
                arguments.into(),
            )));
        }
        if let Some(last) = orders.iter().rposition(|order| *order > 0) {
            // `f'` has a value where it is applied, but only its term in the parameters can be differentiated.
            let mut lower = orders.to_vec();
            lower[last] -= 1;
            let parameters: Vec<TermId> = (0..orders.len() as u32)
                .map(|at| self.system.store.intern(Node::Parameter(at)))
                .collect();
            let applied = self.slope(function, &lower, &parameters, last);
            let Slope { value, conditions } = self.slope_of_body(applied.value, at);
            return Slope {
                value: self.system.store.instantiate(value, arguments),
                conditions: [applied.conditions, conditions].concat(),
            };
        }
        let Slope { value, conditions } = match (row.slopes.get(at).copied().flatten(), row.body) {
            (Some(slope), _) => Slope::plain(slope),
            (None, Some(body)) => self.slope_of_body(body, at),
            (None, None) => unreachable!("primitives have tabled slopes"),
        };
        let declared = if at > 0 {
            &[][..]
        } else {
            row.slopes_at.as_slice()
        };
        let mut slope = Slope {
            value: self.with_places(value, declared, arguments),
            conditions,
        };
        // In the table, a slope of 0 is that of a function that is constant but for jumps.
        if row.span.is_none() && self.system.store.is_zero(slope.value) {
            slope.conditions.push(Condition::OffKinks);
        }
        slope
    }

    /// A slope at the arguments, with the values that are declared at some places.
    fn with_places(
        &mut self,
        slope: TermId,
        declared: &[(TermId, TermId)],
        arguments: &[TermId],
    ) -> TermId {
        let generic = self.system.store.instantiate(slope, arguments);
        let mut branches = Vec::new();
        for (place, value) in declared {
            if self.agrees_at(slope, *place, *value) {
                continue;
            }
            let store = &mut self.system.store;
            let place = store.instantiate(*place, arguments);
            let value = store.instantiate(*value, arguments);
            let condition = store.intern(Node::Test(Cmp::Equal, arguments[0], place));
            branches.push((condition, value));
        }
        if branches.is_empty() {
            return generic;
        }
        let store = &mut self.system.store;
        match store.node(generic).clone() {
            Node::Cases(others) => branches.extend(others),
            _ => {
                let otherwise = store.int(1);
                branches.push((otherwise, generic));
            }
        }
        store.intern(Node::Cases(branches.into_boxed_slice()))
    }

    fn slope_of_body(&mut self, body: TermId, at: usize) -> Slope {
        let wanted = Leaf::Parameter(at as u32);
        let mut values = Vec::new();
        let mut conditions = Vec::new();
        for partial in self.partials(body) {
            if partial.leaf == wanted {
                values.push(self.system.store.reduce(
                    Reduction::Sum,
                    partial.vars,
                    partial.domain,
                    partial.value,
                ));
                conditions.extend(partial.conditions);
            }
        }
        Slope {
            value: self.system.store.add(values),
            conditions,
        }
    }

    /// Whether the slope by the first parameter has the declared value at the declared place anyway, because
    /// the branch of its cases that is taken there says so.
    fn agrees_at(&mut self, slope: TermId, place: TermId, value: TermId) -> bool {
        let store = &mut self.system.store;
        let at_place = store.replace(slope, &mut |store, part| {
            matches!(store.node(part), Node::Parameter(0)).then_some(place)
        });
        let Node::Cases(branches) = store.node(at_place).clone() else {
            return at_place == value;
        };
        for (condition, branch) in branches {
            match decided(store, condition) {
                Some(true) => return branch == value,
                Some(false) => {}
                None => return false,
            }
        }
        false
    }

    fn reduction(
        &mut self,
        op: Reduction,
        vars: &[VarId],
        domain: &Domain,
        body: TermId,
    ) -> Vec<Partial> {
        let inner = self.partials(body);
        if inner.is_empty() {
            return inner;
        }
        let weight = match op {
            Reduction::Sum => Slope::plain(self.system.store.int(1)),
            Reduction::Product => Slope::plain(self.other_factors(vars, domain, body)),
            Reduction::Max | Reduction::Min => Slope {
                value: self.selection(op == Reduction::Max, vars, domain, body),
                conditions: match self.step_at_zero {
                    // A tie goes to the first place, or to the last.
                    StepAtZero::One | StepAtZero::Zero => Vec::new(),
                    StepAtZero::Half | StepAtZero::Undefined => vec![Condition::OffTies],
                },
            },
        };
        self.chained(&weight, inner)
            .into_iter()
            .map(|partial| Partial {
                vars: vars.iter().copied().chain(partial.vars).collect(),
                domain: domain.and(&partial.domain),
                ..partial
            })
            .collect()
    }

    /// The body at other letters, and the domain there.
    fn copy(
        &mut self,
        vars: &[VarId],
        domain: &Domain,
        body: TermId,
    ) -> (Box<[VarId]>, Domain, TermId) {
        let store = &mut self.system.store;
        let (fresh, renaming) = store.fresh_letters(vars);
        let domain = renaming.domain(domain);
        (fresh, domain, store.substitute(body, &renaming))
    }

    /// The product of the body over all places before, and over all places behind, in the order of the letters.
    fn other_factors(&mut self, vars: &[VarId], domain: &Domain, body: TermId) -> TermId {
        let mut product = Vec::new();
        for before in [true, false] {
            for at in 0..vars.len() {
                let (fresh, range, value) = self.copy(vars, domain, body);
                let range = range.and(&first_difference(vars, &fresh, at, before));
                product.push(
                    self.system
                        .store
                        .reduce(Reduction::Product, fresh, range, value),
                );
            }
        }
        self.system.store.mul(product)
    }

    /// 1 where the body takes its greatest (least) value at these letters: as the right fold of
    /// `max(a, b) = b + relu(a - b)` has it, the first of equal places at Step(0) = 1, the last at 0.
    fn selection(
        &mut self,
        greatest: bool,
        vars: &[VarId],
        domain: &Domain,
        body: TermId,
    ) -> TermId {
        let mut product = Vec::new();
        for before in [true, false] {
            for at in 0..vars.len() {
                let (fresh, range, other) = self.copy(vars, domain, body);
                let range = range.and(&first_difference(vars, &fresh, at, before));
                // Of the places before, none is selected; of those behind, this one is preferred.
                let (high, low) = if before == greatest {
                    (other, body)
                } else {
                    (body, other)
                };
                let gap = {
                    let store = &mut self.system.store;
                    let negative = store.negative(low);
                    store.add([high, negative])
                };
                let step = self.apply("step", gap);
                let store = &mut self.system.store;
                let factor = if before {
                    let one = store.int(1);
                    let negative = store.negative(step);
                    store.add([one, negative])
                } else {
                    step
                };
                product.push(store.reduce(Reduction::Product, fresh, range, factor));
            }
        }
        self.system.store.mul(product)
    }

    fn cases(&mut self, branches: &[(TermId, TermId)]) -> Vec<Partial> {
        let mut all = Vec::new();
        let zero = self.system.store.int(0);
        // Leaves outside reductions: one case distinction over all branches.
        let mut plain: Vec<(Partial, Vec<TermId>)> = Vec::new();
        for (at, (_, value)) in branches.iter().enumerate() {
            for partial in self.partials(*value) {
                if partial.vars.is_empty() && partial.domain.is_everything() {
                    let value = partial.value;
                    match plain
                        .iter_mut()
                        .find(|(known, _)| known.leaf == partial.leaf)
                    {
                        Some((known, values)) => {
                            values[at] = value;
                            known.conditions.extend(partial.conditions);
                        }
                        None => {
                            let mut values = vec![zero; branches.len()];
                            values[at] = value;
                            plain.push((partial, values));
                        }
                    }
                } else {
                    let mut values = vec![zero; branches.len()];
                    values[at] = partial.value;
                    let value = self.branch_values(branches, &values);
                    all.push(Partial { value, ..partial });
                }
            }
        }
        for (partial, values) in plain {
            let value = self.branch_values(branches, &values);
            all.push(Partial { value, ..partial });
        }
        // What is chosen by a comparison is constant by its sides, but not where it jumps.
        for (condition, _) in branches {
            for (left, right) in comparisons(&self.system.store, *condition) {
                if !self.may_jump(branches, left, right) {
                    continue;
                }
                for side in [left, right] {
                    let partials = self.partials(side);
                    all.extend(partials.into_iter().map(|partial| Partial {
                        value: zero,
                        conditions: vec![Condition::OffKinks],
                        ..partial
                    }));
                }
            }
        }
        self.merged(all)
    }

    fn branch_values(&mut self, branches: &[(TermId, TermId)], values: &[TermId]) -> TermId {
        let cases = branches
            .iter()
            .zip(values)
            .map(|((condition, _), value)| (*condition, *value))
            .collect();
        self.system.store.intern(Node::Cases(cases))
    }

    /// Adds up the derivatives by the same leaf outside reductions, at the place of the first.
    fn merged(&mut self, all: Vec<Partial>) -> Vec<Partial> {
        if all.len() < 2 {
            return all;
        }
        let mut places: FxHashMap<Leaf, usize> = FxHashMap::default();
        let mut result: Vec<Partial> = Vec::with_capacity(all.len());
        for partial in all {
            if !partial.vars.is_empty() || !partial.domain.is_everything() {
                result.push(partial);
                continue;
            }
            match places.get(&partial.leaf) {
                Some(at) => {
                    let sum = self.system.store.add([result[*at].value, partial.value]);
                    result[*at].value = sum;
                    result[*at].conditions.extend(partial.conditions);
                }
                None => {
                    places.insert(partial.leaf.clone(), result.len());
                    result.push(partial);
                }
            }
        }
        result
    }
}

/// Whether a condition holds, if it is about numbers.
fn decided(store: &Store, condition: TermId) -> Option<bool> {
    match store.node(condition) {
        Node::Number(value) => Some(!value.is_zero()),
        Node::Test(cmp, left, right) => {
            let (left, right) = (store.as_number(*left)?, store.as_number(*right)?);
            Some(match cmp {
                Cmp::Greater => left > right,
                Cmp::GreaterEqual => left >= right,
                Cmp::Equal => left == right,
                Cmp::NotEqual => left != right,
            })
        }
        Node::Mul(parts) => {
            let parts: Vec<Option<bool>> = parts.iter().map(|part| decided(store, *part)).collect();
            if parts.contains(&Some(false)) {
                return Some(false);
            }
            parts
                .into_iter()
                .collect::<Option<Vec<bool>>>()
                .map(|_| true)
        }
        _ => None,
    }
}

/// The other letters agree with `vars` before place `at` and come before (or behind) there.
fn first_difference(vars: &[VarId], fresh: &[VarId], at: usize, before: bool) -> Domain {
    let mut domain = Domain::everything();
    for (var, other) in vars.iter().zip(fresh).take(at) {
        domain = domain.and(&Domain::equal(&Affine::var(*other), &Affine::var(*var)));
    }
    let (var, other) = (Affine::var(vars[at]), Affine::var(fresh[at]));
    domain.and(&if before {
        Domain::at_least(&var, &other.offset(1))
    } else {
        Domain::at_least(&other, &var.offset(1))
    })
}
