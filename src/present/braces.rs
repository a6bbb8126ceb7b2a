//! Braces below the parts of a chain rule: the upstream derivative, the local derivative, the input of a layer.
//!
//! A derivative is linear in the upstream ones; what stands beside one of these in a product is a local derivative,
//! and nothing else can be. It is the input of a layer where it is one quantity that the layer multiplies by the
//! weight that is differentiated by.

use super::letters::Scope;
use super::math::{Math, MathId};
use super::terms::{Level, Printed, Printer};
use crate::formula::{Formula, Link};
use crate::matrix::{Expression, Kind};
use crate::profile::{Part, parts};
use crate::system::{FamilyKind, System};
use crate::term::{FamilyId, Node, Reduction, TermId};

/// What a brace says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brace {
    Upstream,
    Local,
    Input,
}

/// What the parts of one formula are found by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    /// What is differentiated.
    of: FamilyId,
    /// By what.
    wrt: FamilyId,
}

impl Chain {
    /// The chain of a formula; none of a derivative of a derivative.
    pub(super) fn of(system: &System, formula: &Formula) -> Option<Self> {
        match system.family(formula.adjoint).kind {
            FamilyKind::Adjoint { of, wrt }
                if !matches!(system.family(of).kind, FamilyKind::Adjoint { .. }) =>
            {
                Some(Self { of, wrt })
            }
            _ => None,
        }
    }

    /// The user through which a term is an upstream derivative, if it is one.
    fn upstream(self, system: &System, term: TermId) -> Option<FamilyId> {
        let Node::Access(family, _) = system.store.node(term) else {
            return None;
        };
        match system.family(*family).kind {
            FamilyKind::Adjoint { of, wrt } if of == self.of || system.is_total(of) => {
                reads(system, wrt, self.wrt).then_some(wrt)
            }
            _ => None,
        }
    }

    /// Whether a factor is the input of the layer that multiplies it by what is differentiated by.
    fn is_input(self, system: &System, term: TermId, user: FamilyId) -> bool {
        let Node::Access(family, _) = system.store.node(term) else {
            return false;
        };
        let parts = parts(system);
        let part = |family: FamilyId| parts.get(family.0 as usize).copied().flatten();
        let kind = &system.family(*family).kind;
        part(self.wrt) == Some(Part::Weight)
            && matches!(kind, FamilyKind::Input | FamilyKind::Defined)
            && !matches!(part(*family), Some(Part::Weight | Part::Bias))
            && *family != user
            && reads(system, user, *family)
    }
}

/// Whether the definition of a quantity reads another.
fn reads(system: &System, user: FamilyId, family: FamilyId) -> bool {
    let bodies = system.family(user).clauses.iter();
    bodies
        .filter_map(|clause| clause.body)
        .any(|body| system.store.reads(body, family))
}

impl Printer<'_> {
    /// What a member of a chain is equal to, with braces below its parts; nothing where none are certain.
    pub(super) fn braced_link(
        &mut self,
        link: &Link,
        formula: &Formula,
        formulas: &[Formula],
        scope: Scope,
    ) -> Option<MathId> {
        let Link::Term(term) = link else { return None };
        let chain = Chain::of(self.system, formula)?;
        let (negative, printed) = self
            .braced(*term, chain, scope)
            .or_else(|| Some((false, self.closed(*term, chain, formula, formulas, scope)?)))?;
        Some(if negative {
            self.negative(printed).id
        } else {
            printed.id
        })
    }

    /// A term without its sign.
    fn braced(&mut self, term: TermId, chain: Chain, scope: Scope) -> Option<(bool, Printed)> {
        if self.spells(term) {
            return None;
        }
        let system = self.system;
        match system.store.node(term) {
            Node::Mul(factors) => {
                let mut found = factors
                    .iter()
                    .enumerate()
                    .filter_map(|(at, factor)| Some((at, chain.upstream(system, *factor)?)));
                let (at, user) = found.next()?;
                let rest: Vec<TermId> = [&factors[..at], &factors[at + 1..]].concat();
                if rest
                    .iter()
                    .any(|factor| self.has_derivative(*factor, chain))
                {
                    return None;
                }
                let negative = self.is_negative(&rest);
                let upstream = self.term(factors[at], scope);
                let local = self.unsigned_product(&rest, scope);
                let input =
                    matches!(rest.as_slice(), [only] if chain.is_input(system, *only, user));
                let first = self.with_brace(upstream, Brace::Upstream);
                let second = self.local_brace(local, input);
                let before = at > 0 && system.store.as_number(factors[0]).is_none();
                let pair = if before {
                    [second, first]
                } else {
                    [first, second]
                };
                Some((negative, self.side_by_side(&pair)))
            }
            Node::Reduce(Reduction::Sum, vars, domain, summed) => {
                let inner = self.enter(scope, vars);
                let (negative, body) = self.braced(*summed, chain, inner)?;
                if negative {
                    return None;
                }
                let domain = self.shown_domain(term, domain);
                let heads = self.reduction_heads(Reduction::Sum, vars, &domain, *summed, inner);
                let body = self.factor(body, true);
                let id = self.boxes.row(heads.into_iter().chain([body.id]));
                Some((
                    false,
                    Printed {
                        open: true,
                        tall: true,
                        ..Printed::product(id)
                    },
                ))
            }
            Node::Add(terms) => {
                let joined = self.joined(terms, Reduction::Sum);
                if joined.len() != terms.len() {
                    return None;
                }
                let mut any = false;
                let mut summands = Vec::with_capacity(terms.len());
                for term in terms {
                    let (negative, printed) = match self.braced(*term, chain, scope) {
                        Some(braced) => {
                            any = true;
                            braced
                        }
                        None => self.summand(*term, scope),
                    };
                    summands.push((negative, self.inside_sum(printed)));
                }
                any.then(|| (false, self.signed_sum(&summands)))
            }
            _ => None,
        }
    }

    fn has_derivative(&self, term: TermId, chain: Chain) -> bool {
        let system = self.system;
        system.store.any(term, |node| {
            let Node::Access(family, _) = node else {
                return false;
            };
            matches!(system.family(*family).kind, FamilyKind::Adjoint { of, .. }
                if of == chain.of || system.is_total(of))
        })
    }

    /// A product in which the upstream derivative was substituted: its factors are those of one member of that
    /// derivative's own chain, and those of the local derivative. Where this cannot be seen there are no braces.
    fn closed(
        &mut self,
        term: TermId,
        chain: Chain,
        formula: &Formula,
        formulas: &[Formula],
        scope: Scope,
    ) -> Option<Printed> {
        let system = self.system;
        let [local] = formula.locals.as_slice() else {
            return None;
        };
        let Some(Link::Term(statement)) = formula.chain.first() else {
            return None;
        };
        let Node::Mul(pair) = system.store.node(*statement) else {
            return None;
        };
        let (upstream, user) = match pair.as_ref() {
            [one, other] if *other == local.symbol => (*one, chain.upstream(system, *one)?),
            _ => return None,
        };
        let Node::Access(family, index) = system.store.node(upstream) else {
            return None;
        };
        let whole = factors(system, term);
        let (above, beside) = formulas
            .iter()
            .filter(|other| other.adjoint == *family && other.index == *index)
            .flat_map(|other| &other.chain)
            .find_map(|link| match link {
                Link::Term(value) => {
                    let value = factors(system, *value);
                    let beside = without(&whole, &value)?;
                    Some((value, beside))
                }
                Link::Operator { .. } => None,
            })?;
        let first = self.product(&above, scope);
        let second = self.product(&beside, scope);
        if first.begin == super::terms::Begin::Minus || second.begin == super::terms::Begin::Minus {
            return None;
        }
        let input = matches!(beside.as_slice(), [only] if chain.is_input(system, *only, user));
        let pair = [
            self.with_brace(first, Brace::Upstream),
            self.local_brace(second, input),
        ];
        Some(self.side_by_side(&pair))
    }

    /// An array that is a side of an equation, with braces below its parts.
    pub(super) fn braced_array(
        &mut self,
        array: &Expression,
        formula: &Formula,
        scope: Scope,
    ) -> Option<MathId> {
        let chain = Chain::of(self.system, formula)?;
        let (negative, printed) = self.braced_product(array, chain, scope)?;
        Some(if negative {
            self.negative(printed).id
        } else {
            printed.id
        })
    }

    fn braced_product(
        &mut self,
        array: &Expression,
        chain: Chain,
        scope: Scope,
    ) -> Option<(bool, Printed)> {
        let system = self.system;
        let user = |part: &Expression| {
            let quantity = match &part.kind {
                Kind::Transpose(inner) => inner,
                _ => part,
            };
            match quantity.kind {
                Kind::Quantity { access, .. } => chain.upstream(system, access),
                _ => None,
            }
        };
        let apart = |parts: &[Expression]| {
            let mut users = parts.iter().enumerate();
            users.find_map(|(at, part)| Some((at, user(part)?)))
        };
        match &array.kind {
            Kind::Product {
                numbers,
                chain: arrays,
            } => {
                let (at, user) = apart(arrays)?;
                let (before, behind) = (&arrays[..at], &arrays[at + 1..]);
                let others = numbers.iter().chain(before).chain(behind);
                if others
                    .clone()
                    .any(|other| self.array_has_derivative(other, chain))
                {
                    return None;
                }
                let others: Vec<&Expression> = others.collect();
                let input =
                    matches!(others.as_slice(), [only] if self.is_input_array(only, chain, user));
                let mut row = Vec::new();
                let mut negative = false;
                if !numbers.is_empty() || !before.is_empty() {
                    let (minus, printed) = self.array_product(numbers, before, scope);
                    negative = minus;
                    if !self.is_one(printed.id) {
                        row.push(self.local_brace(printed, input));
                    }
                }
                let upstream = self.array(&arrays[at], scope);
                row.push(self.with_brace(upstream, Brace::Upstream));
                if !behind.is_empty() {
                    let (_, printed) = self.array_product(&[], behind, scope);
                    row.push(self.local_brace(printed, input));
                }
                (row.len() > 1).then(|| (negative, self.side_by_side(&row)))
            }
            Kind::Hadamard(parts) => {
                let (at, _) = apart(parts)?;
                let rest: Vec<Expression> = [&parts[..at], &parts[at + 1..]].concat();
                if rest
                    .iter()
                    .any(|other| self.array_has_derivative(other, chain))
                {
                    return None;
                }
                let upstream = self.array(&parts[at], scope);
                let local = self.entrywise(&rest, scope);
                let first = self.with_brace(upstream, Brace::Upstream);
                let second = self.local_brace(local, false);
                let sign = self.entrywise_sign();
                let id = self.boxes.row([first.id, sign, second.id]);
                Some((
                    false,
                    Printed {
                        level: Level::Entrywise,
                        tall: true,
                        ..Printed::atom(id)
                    },
                ))
            }
            Kind::Sum(parts) => {
                let mut any = false;
                let mut summands = Vec::with_capacity(parts.len());
                for part in parts {
                    let (negative, printed) = match self.braced_product(part, chain, scope) {
                        Some(braced) => {
                            any = true;
                            braced
                        }
                        None => self.array_summand(part, scope),
                    };
                    summands.push((negative, self.inside_sum(printed)));
                }
                any.then(|| (false, self.signed_sum(&summands)))
            }
            _ => None,
        }
    }

    fn array_has_derivative(&self, array: &Expression, chain: Chain) -> bool {
        let mut found = false;
        array.visit(&mut |part| {
            let term = match part {
                Kind::Number(term) => *term,
                Kind::Quantity { access, .. }
                | Kind::Slice { access, .. }
                | Kind::OfMatrix { access, .. } => *access,
                _ => return,
            };
            found |= self.has_derivative(term, chain);
        });
        found
    }

    fn is_input_array(&self, array: &Expression, chain: Chain, user: FamilyId) -> bool {
        let quantity = match &array.kind {
            Kind::Transpose(inner) => inner,
            _ => array,
        };
        match quantity.kind {
            Kind::Quantity { access, .. } => chain.is_input(self.system, access, user),
            _ => false,
        }
    }

    fn local_brace(&mut self, printed: Printed, input: bool) -> Printed {
        self.with_brace(printed, if input { Brace::Input } else { Brace::Local })
    }

    fn with_brace(&mut self, printed: Printed, brace: Brace) -> Printed {
        // The brace itself shows where a big operator ends.
        let printed = if printed.level == Level::Sum {
            self.bracketed(printed)
        } else {
            printed
        };
        let words = &self.words.braces;
        let words = self.boxes.text(match brace {
            Brace::Upstream => words.upstream,
            Brace::Local => words.local,
            Brace::Input => words.input,
        });
        let id = self.boxes.intern(Math::Brace {
            body: printed.id,
            words,
        });
        Printed {
            tall: true,
            ..Printed::atom(id)
        }
    }
}

/// The factors of a product; of anything else the thing itself.
fn factors(system: &System, term: TermId) -> Vec<TermId> {
    match system.store.node(term) {
        Node::Mul(factors) => factors.to_vec(),
        _ => vec![term],
    }
}

/// What is left of the factors without others, in their order; nothing if not all of these are among them, or none is
/// left.
fn without(factors: &[TermId], others: &[TermId]) -> Option<Vec<TermId>> {
    let mut left = factors.to_vec();
    for other in others {
        let at = left.iter().position(|factor| factor == other)?;
        left.remove(at);
    }
    (!left.is_empty()).then_some(left)
}
