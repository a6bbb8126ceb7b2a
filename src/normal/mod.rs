//! What equality means: terms as polynomials over atoms, with sums over canonical letters.
//!
//! Equal normal forms imply equal values wherever both are defined, under the convention; the converse is
//! not claimed. A normal form is never printed.

mod label;

use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use rustc_hash::FxHashMap;

use crate::syntax::StepAtZero;
use crate::system::{Primitive, System};
use crate::term::{Affine, Domain, FunctionId, Node, Reduction, Substitution, TermId, VarId};
pub(crate) use label::components;

/// A polynomial: monomials in canonical order, none twice, none with coefficient 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Normal {
    pub(crate) monomials: Vec<Monomial>,
}

/// `coefficient · Σ_vars [domain] Π factor^exponent`, the letters canonical.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Monomial {
    pub(crate) coefficient: BigRational,
    pub(crate) vars: Vec<VarId>,
    pub(crate) domain: Domain,
    /// Atoms with exponents that are not 0, sorted by atom.
    pub(crate) factors: Vec<(TermId, BigRational)>,
}

/// The work was larger than allowed: nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// A polynomial with more monomials is not formed.
const MOST_MONOMIALS: usize = 400;

/// Factors that one normalizer gives letters, over all orders of the letters: what takes longer, some seconds, is more than anybody reads.
const MOST_WORK: usize = 50_000;

/// Powers of sums up to this exponent are multiplied out.
const HIGHEST_POWER: usize = 6;

impl Normal {
    fn zero() -> Self {
        Self {
            monomials: Vec::new(),
        }
    }

    fn number(value: BigRational) -> Self {
        if value.is_zero() {
            return Self::zero();
        }
        Self {
            monomials: vec![Monomial::number(value)],
        }
    }

    fn atom(term: TermId, exponent: BigRational) -> Self {
        Self {
            monomials: vec![Monomial {
                factors: vec![(term, exponent)],
                ..Monomial::number(BigRational::one())
            }],
        }
    }

    /// The atom that the polynomial is, if it is nothing else.
    fn as_atom(&self) -> Option<TermId> {
        match self.monomials.as_slice() {
            [only]
                if only.vars.is_empty()
                    && only.domain.is_everything()
                    && only.coefficient.is_one() =>
            {
                match only.factors.as_slice() {
                    [(atom, exponent)] if exponent.is_one() => Some(*atom),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The atoms without bound letters that all monomials share, with their least exponents.
    pub(crate) fn common_factors(&self, system: &System) -> Vec<(TermId, BigRational)> {
        let [first, others @ ..] = self.monomials.as_slice() else {
            return Vec::new();
        };
        let free = |atom: TermId| {
            let letters = system.store.free_vars(atom);
            !first.vars.iter().any(|var| letters.contains(var))
        };
        let mut common: Vec<(TermId, BigRational)> = first
            .factors
            .iter()
            .filter(|(atom, _)| free(*atom))
            .cloned()
            .collect();
        for monomial in others {
            common.retain_mut(|(atom, least)| {
                match monomial.factors.iter().find(|(other, _)| other == atom) {
                    Some((_, exponent)) => {
                        if exponent < least {
                            *least = exponent.clone();
                        }
                        true
                    }
                    None => false,
                }
            });
        }
        common
    }

    /// The polynomial without factors that all of its monomials share.
    pub(crate) fn divided_by(mut self, common: &[(TermId, BigRational)]) -> Normal {
        for monomial in &mut self.monomials {
            for (atom, least) in common {
                for (other, exponent) in &mut monomial.factors {
                    if other == atom {
                        *exponent -= least;
                    }
                }
            }
            monomial.factors.retain(|(_, exponent)| !exponent.is_zero());
        }
        self
    }

    fn is_one(&self) -> bool {
        *self == Self::number(BigRational::one())
    }
}

impl Monomial {
    fn number(coefficient: BigRational) -> Self {
        Self {
            coefficient,
            vars: Vec::new(),
            domain: Domain::everything(),
            factors: Vec::new(),
        }
    }
}

/// Brings terms of one system to normal form, inside a context of index conditions.
pub(crate) struct Normalizer<'a> {
    pub(crate) system: &'a mut System,
    step_at_zero: StepAtZero,
    context: Domain,
    /// Canonical letters by level: a sum's letters are one level above all sums inside its atoms.
    pool: Vec<Vec<VarId>>,
    memo: FxHashMap<TermId, Normal>,
    /// What was proved of conditions inside a context; monomials of one product have the same ones.
    proved: FxHashMap<(Domain, Domain), Proved>,
    /// How many factors were given letters so far, in all orders that were tried.
    work: usize,
}

/// What is known of conditions.
#[derive(Debug, Clone, Default)]
struct Proved {
    empty: Option<bool>,
    minimal: Option<Domain>,
}

impl<'a> Normalizer<'a> {
    pub(crate) fn new(system: &'a mut System, step_at_zero: StepAtZero, context: Domain) -> Self {
        Self {
            system,
            step_at_zero,
            context,
            pool: Vec::new(),
            memo: FxHashMap::default(),
            proved: FxHashMap::default(),
            work: 0,
        }
    }

    /// The normal form of a term.
    ///
    /// # Errors
    /// [`TooLarge`] beyond the budget.
    pub(crate) fn normal(&mut self, term: TermId) -> Result<Normal, TooLarge> {
        if let Some(known) = self.memo.get(&term) {
            return Ok(known.clone());
        }
        let result = crate::stack::deep(|| self.compute(term))?;
        self.memo.insert(term, result.clone());
        Ok(result)
    }

    fn compute(&mut self, term: TermId) -> Result<Normal, TooLarge> {
        let one = BigRational::one();
        let node = self.system.store.shared(term);
        match &*node {
            Node::Number(value) => Ok(Normal::number(value.clone())),
            Node::Pi | Node::Parameter(_) | Node::Access(..) => Ok(Normal::atom(term, one)),
            Node::Index(affine) => Ok(self.affine(affine)),
            Node::Add(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(self.normal(*part)?.monomials);
                }
                self.collected(all)
            }
            Node::Mul(factors) => {
                let factors = factors
                    .iter()
                    .map(|factor| self.with_exponent(*factor))
                    .collect();
                self.product(factors)
            }
            Node::Power(_, exponent) if self.system.store.as_number(*exponent).is_some() => {
                let factor = self.with_exponent(term);
                self.product(vec![factor])
            }
            Node::Guard(domain) => self.collected(vec![Monomial {
                domain: domain.clone(),
                ..Monomial::number(one)
            }]),
            Node::Reduce(Reduction::Sum, vars, domain, body) => {
                let inside = self.context.shadowed(vars).and(domain);
                let body = self.inside(inside, |normalizer| normalizer.normal(*body))?;
                let monomials = body
                    .monomials
                    .into_iter()
                    .map(|monomial| {
                        let mut monomial = self.apart(monomial, vars);
                        monomial.vars.extend(vars.iter().copied());
                        monomial.domain = monomial.domain.and(domain);
                        monomial
                    })
                    .collect();
                self.collected(monomials)
            }
            Node::Apply(function, orders, arguments) => {
                let primitive = self.system.function(*function).primitive;
                let plain = orders.iter().all(|order| *order == 0);
                if plain && primitive == Some(Primitive::Relu) {
                    return self.relu(arguments[0]);
                }
                if plain && primitive == Some(Primitive::Exp) {
                    return self.exp(*function, arguments[0]);
                }
                self.opaque(&node)
            }
            Node::Reduce(..) | Node::Power(..) | Node::Test(..) | Node::Cases(_) => {
                self.opaque(&node)
            }
        }
    }

    /// An atom whose parts are canonical.
    fn opaque(&mut self, node: &Node) -> Result<Normal, TooLarge> {
        let inside = match node {
            Node::Reduce(_, vars, domain, _) => self.context.shadowed(vars).and(domain),
            _ => self.context.clone(),
        };
        let mut children = Vec::new();
        for child in node.children() {
            let normal = self.inside(inside.clone(), |normalizer| normalizer.normal(child))?;
            children.push(self.term(&normal));
        }
        let atom = self.system.store.rebuild(node, &children);
        Ok(Normal::atom(atom, BigRational::one()))
    }

    /// Works inside a further condition.
    pub(crate) fn under<T>(&mut self, domain: Domain, work: impl FnOnce(&mut Self) -> T) -> T {
        let context = self.context.and(&domain);
        self.inside(context, work)
    }

    fn inside<T>(&mut self, context: Domain, work: impl FnOnce(&mut Self) -> T) -> T {
        if context == self.context {
            return work(self);
        }
        let before = std::mem::replace(&mut self.context, context);
        let memo = std::mem::take(&mut self.memo);
        let result = work(self);
        self.context = before;
        self.memo = memo;
        result
    }

    /// An affine expression as a polynomial in its atoms.
    fn affine(&mut self, affine: &Affine) -> Normal {
        let mut monomials = Normal::number(ratio(affine.constant())).monomials;
        for (atom, coefficient) in affine.terms() {
            let atom = self
                .system
                .store
                .intern(Node::Index(Affine::atom(atom.clone())));
            monomials.push(Monomial {
                factors: vec![(atom, BigRational::one())],
                ..Monomial::number(ratio(*coefficient))
            });
        }
        monomials.sort_by(|a, b| a.factors.cmp(&b.factors));
        Normal { monomials }
    }

    fn with_exponent(&self, term: TermId) -> (TermId, BigRational) {
        match self.system.store.node(term) {
            Node::Power(base, exponent) => match self.system.store.as_number(*exponent) {
                Some(value) => (*base, value.clone()),
                None => (term, BigRational::one()),
            },
            _ => (term, BigRational::one()),
        }
    }

    /// A product of powers. Sums with quotients inside are multiplied out first, equal bases combined
    /// next, and whole positive powers of sums multiplied out last, so that quotients cancel.
    fn product(&mut self, factors: Vec<(TermId, BigRational)>) -> Result<Normal, TooLarge> {
        let mut flat = self.flattened(factors);
        let split = flat.iter().position(|(base, exponent)| {
            exponent.is_one()
                && matches!(self.system.store.node(*base), Node::Add(_))
                && self.has_quotient(*base)
        });
        if let Some(at) = split {
            let (sum, _) = flat.remove(at);
            let mut all = Vec::new();
            for part in self.system.store.node(sum).children() {
                let mut factors = flat.clone();
                factors.push(self.with_exponent(part));
                all.extend(self.product(factors)?.monomials);
            }
            return self.collected(all);
        }
        let mut result = Normal::number(BigRational::one());
        let mut powers: Vec<(Normal, BigRational)> = Vec::new();
        for (base, mut exponent) in flat {
            let base = self.normal(base)?;
            let (content, primitive) = self.content(base, &exponent);
            if let Some(content) = content {
                result = self.times(&result, &content)?;
            }
            if let Some(at) = powers.iter().position(|(known, _)| *known == primitive) {
                exponent += powers.remove(at).1;
            }
            powers.push((primitive, exponent));
        }
        for (base, exponent) in powers {
            if exponent.is_zero() || base.is_one() {
                continue;
            }
            let whole = exponent
                .is_integer()
                .then(|| exponent.to_integer().to_usize())
                .flatten();
            if let Some(atom) = base.as_atom() {
                let power = Normal::atom(atom, exponent);
                result = self.times(&result, &power)?;
            } else if let Some(times) = whole
                && times <= HIGHEST_POWER
            {
                for _ in 0..times {
                    result = self.times(&result, &base)?;
                }
            } else {
                let atom = self.term(&base);
                let power = Normal::atom(atom, exponent);
                result = self.times(&result, &power)?;
            }
        }
        Ok(result)
    }

    /// The factors with nested products and powers opened.
    fn flattened(&self, factors: Vec<(TermId, BigRational)>) -> Vec<(TermId, BigRational)> {
        let mut flat: Vec<(TermId, BigRational)> = Vec::new();
        let mut queue: Vec<(TermId, BigRational)> = factors.into_iter().rev().collect();
        while let Some((base, exponent)) = queue.pop() {
            match self.system.store.node(base) {
                Node::Mul(inner) if exponent.is_integer() => {
                    for factor in inner.iter().rev() {
                        let (base, power) = self.with_exponent(*factor);
                        queue.push((base, power * &exponent));
                    }
                }
                Node::Power(inner, power) if exponent.is_integer() => {
                    match self.system.store.as_number(*power) {
                        Some(power) => queue.push((*inner, power * exponent)),
                        None => flat.push((base, exponent)),
                    }
                }
                _ => flat.push((base, exponent)),
            }
        }
        flat
    }

    /// Splits number and common atoms off a base that is raised to a whole power, so that what is left is
    /// the same for proportional bases.
    fn content(&mut self, base: Normal, exponent: &BigRational) -> (Option<Normal>, Normal) {
        let power = exponent
            .is_integer()
            .then(|| exponent.to_integer().to_i32())
            .flatten()
            .filter(|power| power.unsigned_abs() <= 64);
        let (Some(power), [first, ..]) = (power, base.monomials.as_slice()) else {
            return (None, base);
        };
        if base.as_atom().is_some() {
            return (None, base);
        }
        let lead = first.coefficient.clone();
        let common = base.common_factors(self.system);
        if lead.is_one() && common.is_empty() {
            return (None, base);
        }
        let mut primitive = base.divided_by(&common);
        for monomial in &mut primitive.monomials {
            monomial.coefficient /= &lead;
        }
        let content = Normal {
            monomials: vec![Monomial {
                factors: common
                    .into_iter()
                    .map(|(atom, least)| (atom, least * exponent))
                    .collect(),
                ..Monomial::number(lead.pow(power))
            }],
        };
        (Some(content), primitive)
    }

    fn has_quotient(&self, term: TermId) -> bool {
        match self.system.store.node(term) {
            Node::Power(_, exponent) => self
                .system
                .store
                .as_number(*exponent)
                .is_none_or(|value| !value.is_positive() || !value.is_integer()),
            node => node
                .children()
                .into_iter()
                .any(|child| self.has_quotient(child)),
        }
    }

    /// relu(u) = u Step(u), under every convention.
    fn relu(&mut self, argument: TermId) -> Result<Normal, TooLarge> {
        let step = self
            .system
            .function_id("step")
            .expect("the table has this function");
        let argument = self.normal(argument)?;
        let canonical = self.term(&argument);
        let atom =
            self.system
                .store
                .intern(Node::Apply(step, Box::new([0]), Box::new([canonical])));
        let step = Normal::atom(atom, BigRational::one());
        self.times(&argument, &step)
    }

    /// exp of a sum is a product of powers of exp of its monomials.
    fn exp(&mut self, function: FunctionId, argument: TermId) -> Result<Normal, TooLarge> {
        let argument = self.normal(argument)?;
        let mut result = Normal::number(BigRational::one());
        for monomial in argument.monomials {
            let exponent = monomial.coefficient.clone();
            let inner = self.monomial_term(&Monomial {
                coefficient: BigRational::one(),
                ..monomial
            });
            let atom =
                self.system
                    .store
                    .intern(Node::Apply(function, Box::new([0]), Box::new([inner])));
            let power = Normal::atom(atom, exponent);
            result = self.times(&result, &power)?;
        }
        Ok(result)
    }

    fn times(&mut self, left: &Normal, right: &Normal) -> Result<Normal, TooLarge> {
        if left.monomials.len() * right.monomials.len() > MOST_MONOMIALS {
            return Err(TooLarge);
        }
        let all = self.pairwise(left, right);
        self.collected(all)
    }

    /// The products of all pairs of monomials, not yet in canonical form.
    fn pairwise(&mut self, left: &Normal, right: &Normal) -> Vec<Monomial> {
        let mut all = Vec::with_capacity(left.monomials.len() * right.monomials.len());
        for a in &left.monomials {
            for b in &right.monomials {
                let b = self.apart(b.clone(), &a.vars);
                let mut factors = a.factors.clone();
                for (atom, exponent) in b.factors {
                    match factors.iter_mut().find(|(other, _)| *other == atom) {
                        Some((_, total)) => *total += exponent,
                        None => factors.push((atom, exponent)),
                    }
                }
                factors.retain(|(_, exponent)| !exponent.is_zero());
                all.push(Monomial {
                    coefficient: &a.coefficient * &b.coefficient,
                    vars: a.vars.iter().chain(&b.vars).copied().collect(),
                    domain: a.domain.and(&b.domain),
                    factors,
                });
            }
        }
        all
    }

    /// The monomial with letters that differ from `taken`.
    fn apart(&mut self, monomial: Monomial, taken: &[VarId]) -> Monomial {
        let clash: Vec<VarId> = monomial
            .vars
            .iter()
            .copied()
            .filter(|var| taken.contains(var))
            .collect();
        if clash.is_empty() {
            return monomial;
        }
        let store = &mut self.system.store;
        let renaming = Substitution::new(clash.into_iter().map(|var| {
            let letter = store.letter(var).to_owned();
            (var, Affine::var(store.fresh_var(&letter)))
        }));
        Monomial {
            coefficient: monomial.coefficient,
            vars: monomial
                .vars
                .iter()
                .map(|var| renaming.get(*var).and_then(Affine::as_var).unwrap_or(*var))
                .collect(),
            domain: renaming.domain(&monomial.domain),
            factors: monomial
                .factors
                .iter()
                .map(|(atom, exponent)| (store.substitute(*atom, &renaming), exponent.clone()))
                .collect(),
        }
    }

    /// Every monomial brought to canonical form, like ones added up, in canonical order.
    fn collected(&mut self, monomials: Vec<Monomial>) -> Result<Normal, TooLarge> {
        if monomials.len() > MOST_MONOMIALS || self.work > MOST_WORK {
            return Err(TooLarge);
        }
        let mut result: Vec<Monomial> = Vec::with_capacity(monomials.len());
        for monomial in monomials {
            for monomial in self.settled(monomial)? {
                let same = result.iter_mut().find(|known| {
                    known.vars == monomial.vars
                        && known.domain == monomial.domain
                        && known.factors == monomial.factors
                });
                match same {
                    Some(known) => known.coefficient += monomial.coefficient,
                    None => result.push(monomial),
                }
            }
        }
        result.retain(|monomial| !monomial.coefficient.is_zero());
        result.sort_by(|a, b| {
            (&a.factors, &a.vars, &a.domain).cmp(&(&b.factors, &b.vars, &b.domain))
        });
        Ok(Normal { monomials: result })
    }

    /// One monomial with its equations solved, implied conditions dropped, its letters canonical.
    fn settled(&mut self, mut monomial: Monomial) -> Result<Vec<Monomial>, TooLarge> {
        let context = self.context.shadowed(&monomial.vars);
        if monomial.coefficient.is_zero() || self.is_empty(&monomial.domain, &context) {
            return Ok(Vec::new());
        }
        let (solved, rest) = monomial.domain.solve(&monomial.vars);
        let (solved, rest) = if solved.is_empty() {
            // `[i = c] p_i / p_c`: what an outer letter is equal to takes its place in the factors.
            (self.outer_equations(&monomial), monomial.domain.clone())
        } else {
            (solved, rest)
        };
        if !solved.is_empty() {
            // Atoms at other places may become equal or fall apart: they are read again.
            let mut result = Normal {
                monomials: vec![Monomial {
                    vars: monomial
                        .vars
                        .iter()
                        .copied()
                        .filter(|var| solved.get(*var).is_none())
                        .collect(),
                    domain: rest,
                    ..Monomial::number(monomial.coefficient.clone())
                }],
            };
            for (atom, exponent) in &monomial.factors {
                let moved = self.system.store.substitute(*atom, &solved);
                let again = self.product(vec![(moved, exponent.clone())])?;
                result = Normal {
                    monomials: self.pairwise(&result, &again),
                };
            }
            let mut all = Vec::new();
            for monomial in result.monomials {
                all.extend(self.settled(monomial)?);
            }
            return Ok(all);
        }
        if let Some(counted) = self.counted(&monomial) {
            let mut all = Vec::new();
            for monomial in counted {
                all.extend(self.settled(monomial)?);
            }
            return Ok(all);
        }
        if matches!(self.step_at_zero, StepAtZero::Zero | StepAtZero::One) {
            for (atom, exponent) in &mut monomial.factors {
                if exponent.is_positive()
                    && let Node::Apply(function, _, _) = self.system.store.node(*atom)
                    && self.system.function(*function).primitive == Some(Primitive::Step)
                {
                    *exponent = BigRational::one();
                }
            }
        }
        monomial.factors.sort();
        monomial.domain = self.minimal(&monomial.domain, &context);
        Ok(vec![self.labelled(monomial)])
    }

    /// Whether a domain is proved to be empty inside a context.
    fn is_empty(&mut self, domain: &Domain, context: &Domain) -> bool {
        if domain.is_everything() && context.is_everything() {
            return false;
        }
        let ambient = &self.system.ambient;
        let key = (domain.clone(), context.clone());
        let empty = &mut self.proved.entry(key).or_default().empty;
        *empty.get_or_insert_with(|| ambient.is_empty(&context.and(domain)))
    }

    /// The domain without what follows from the context and the rest of it.
    fn minimal(&mut self, domain: &Domain, context: &Domain) -> Domain {
        if domain.is_everything() {
            return domain.clone();
        }
        let ambient = &self.system.ambient;
        let key = (domain.clone(), context.clone());
        let minimal = &mut self.proved.entry(key).or_default().minimal;
        minimal
            .get_or_insert_with(|| ambient.minimal(domain, context))
            .clone()
    }

    /// The outer letters in the factors that the monomial's conditions give a value. Of two equal letters always the
    /// same one is replaced.
    fn outer_equations(&self, monomial: &Monomial) -> Substitution {
        let store = &self.system.store;
        let mut letters: Vec<VarId> = Vec::new();
        monomial.domain.visit_vars(&mut |var| {
            if !monomial.vars.contains(&var) && !letters.contains(&var) {
                letters.push(var);
            }
        });
        letters.sort_unstable();
        letters.reverse();
        let (solved, _) = monomial.domain.solve(&letters);
        let matters = monomial.factors.iter().any(|(atom, _)| {
            let free = store.free_vars(*atom);
            solved.pairs().iter().any(|(var, _)| free.contains(var))
        });
        if matters {
            solved
        } else {
            Substitution::default()
        }
    }

    /// A monomial whose factors do not mention one of its letters, with the number of the letter's values in place of
    /// the sum over it. The range has to be proved not to end before it begins.
    fn counted(&mut self, monomial: &Monomial) -> Option<Vec<Monomial>> {
        let store = &self.system.store;
        let (var, count) = monomial.vars.iter().find_map(|var| {
            let unused = monomial
                .factors
                .iter()
                .all(|(atom, _)| !store.free_vars(*atom).contains(var));
            let about = monomial
                .domain
                .constraints()
                .iter()
                .filter(|constraint| constraint.affine().mentions(*var))
                .count();
            let (lower, upper) = monomial.domain.bounds(*var);
            let ([(1, low)], [(1, high)], true, 2) =
                (lower.as_slice(), upper.as_slice(), unused, about)
            else {
                return None;
            };
            let alone = monomial
                .vars
                .iter()
                .all(|other| !low.mentions(*other) && !high.mentions(*other));
            alone.then(|| (*var, high.minus(low).offset(1)))
        })?;
        let rest = Monomial {
            vars: monomial
                .vars
                .iter()
                .copied()
                .filter(|other| *other != var)
                .collect(),
            domain: monomial
                .domain
                .filter(|constraint| !constraint.affine().mentions(var)),
            ..monomial.clone()
        };
        let known = self.context.shadowed(&monomial.vars).and(&rest.domain);
        let none = Affine::int(0);
        if !self
            .system
            .ambient
            .implies(&known, &Domain::at_least(&count, &none))
        {
            return None;
        }
        let rest = Normal {
            monomials: vec![rest],
        };
        let count = self.affine(&count);
        Some(self.pairwise(&count, &rest))
    }

    /// The polynomial as a canonical term: each connected part of a monomial is a sum of its own.
    pub(crate) fn term(&mut self, normal: &Normal) -> TermId {
        let parts: Vec<TermId> = normal
            .monomials
            .iter()
            .map(|monomial| self.monomial_term(monomial))
            .collect();
        self.system.store.add(parts)
    }

    /// One monomial as a term.
    pub(crate) fn monomial_term(&mut self, monomial: &Monomial) -> TermId {
        let parts = components(self.system, monomial);
        let store = &mut self.system.store;
        let mut factors = vec![store.number(monomial.coefficient.clone())];
        for part in parts {
            let inner: Vec<TermId> = part
                .factors
                .iter()
                .map(|(atom, exponent)| {
                    let exponent = store.number(exponent.clone());
                    store.power(*atom, exponent)
                })
                .collect();
            let body = store.mul(inner);
            factors.push(if part.vars.is_empty() {
                let guard = store.guard(part.domain);
                store.mul([guard, body])
            } else {
                store.reduce(Reduction::Sum, part.vars, part.domain, body)
            });
        }
        store.mul(factors)
    }
}

fn ratio(value: num_rational::Ratio<i64>) -> BigRational {
    BigRational::new((*value.numer()).into(), (*value.denom()).into())
}
