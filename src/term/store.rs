//! Interned terms.

use std::sync::Arc;

use indexmap::IndexSet;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use super::Substitution;
use super::{Affine, Domain, FamilyId, Node, Reduction, TermId, VarId};

/// An arena of terms, each kept once, and of index letters. Copies share the terms that they have in common.
#[derive(Debug, Clone, Default)]
pub struct Store {
    nodes: IndexSet<Arc<Node>, FxBuildHasher>,
    /// The free letters of each term, sorted.
    free: Vec<SmallVec<[VarId; 4]>>,
    /// The letter that the author used, a wish for the printer.
    letters: Vec<String>,
    /// The numbers −1, 0 and 1, once they are there.
    units: [Option<TermId>; 3],
}

impl Store {
    /// A fresh index letter that would like to be printed as `letter`.
    pub fn fresh_var(&mut self, letter: &str) -> VarId {
        self.letters.push(letter.to_owned());
        VarId(u32::try_from(self.letters.len() - 1).expect("fewer than 2³² letters"))
    }

    /// Fresh letters in the place of others, with the same wishes.
    pub fn fresh_letters(&mut self, vars: &[VarId]) -> (Box<[VarId]>, Substitution) {
        let fresh: Box<[VarId]> = vars
            .iter()
            .map(|var| {
                let letter = self.letter(*var).to_owned();
                self.fresh_var(&letter)
            })
            .collect();
        let values = fresh.iter().map(|var| Affine::var(*var));
        let renaming = Substitution::new(vars.iter().copied().zip(values));
        (fresh, renaming)
    }

    /// The wished letter.
    pub fn letter(&self, var: VarId) -> &str {
        &self.letters[var.0 as usize]
    }

    /// How many terms there are: ids are `0..len`.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no term yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The term with this content.
    pub fn intern(&mut self, node: Node) -> TermId {
        if let Some(at) = self.nodes.get_index_of(&node) {
            return TermId(at as u32);
        }
        let free = self.free_of(&node);
        let (at, _) = self.nodes.insert_full(Arc::new(node));
        self.free.push(free);
        TermId(u32::try_from(at).expect("fewer than 2³² terms"))
    }

    /// The content of a term.
    pub fn node(&self, term: TermId) -> &Node {
        &self.nodes[term.0 as usize]
    }

    /// The content of a term, to be looked at while terms are added.
    pub(crate) fn shared(&self, term: TermId) -> Arc<Node> {
        Arc::clone(&self.nodes[term.0 as usize])
    }

    /// The letters that are free in a term, sorted.
    pub fn free_vars(&self, term: TermId) -> &[VarId] {
        &self.free[term.0 as usize]
    }

    fn free_of(&self, node: &Node) -> SmallVec<[VarId; 4]> {
        let mut vars: SmallVec<[VarId; 4]> = SmallVec::new();
        match node {
            Node::Number(_) | Node::Pi | Node::Parameter(_) => {}
            Node::Index(affine) => affine.visit_vars(&mut |var| vars.push(var)),
            Node::Access(_, indices) => {
                for index in indices {
                    index.visit_vars(&mut |var| vars.push(var));
                }
            }
            Node::Reduce(_, bound, domain, body) => {
                domain.visit_vars(&mut |var| vars.push(var));
                vars.extend_from_slice(self.free_vars(*body));
                vars.retain(|var| !bound.contains(var));
            }
            Node::Guard(domain) => domain.visit_vars(&mut |var| vars.push(var)),
            Node::Add(_)
            | Node::Mul(_)
            | Node::Power(..)
            | Node::Apply(..)
            | Node::Test(..)
            | Node::Cases(_) => {
                for child in node.children() {
                    vars.extend_from_slice(self.free_vars(child));
                }
            }
        }
        vars.sort_unstable();
        vars.dedup();
        vars
    }

    /// A number.
    pub fn number(&mut self, value: BigRational) -> TermId {
        self.intern(Node::Number(value))
    }

    /// A whole number.
    pub fn int(&mut self, value: i64) -> TermId {
        let unit = match value {
            -1..=1 => Some((value + 1) as usize),
            _ => None,
        };
        if let Some(known) = unit.and_then(|unit| self.units[unit]) {
            return known;
        }
        let number = self.number(BigRational::from_integer(BigInt::from(value)));
        if let Some(unit) = unit {
            self.units[unit] = Some(number);
        }
        number
    }

    /// The number that a term is.
    pub fn as_number(&self, term: TermId) -> Option<&BigRational> {
        match self.node(term) {
            Node::Number(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the term is the number 0.
    pub fn is_zero(&self, term: TermId) -> bool {
        self.as_number(term).is_some_and(Zero::is_zero)
    }

    /// Whether the term is the number 1.
    pub fn is_one(&self, term: TermId) -> bool {
        self.as_number(term).is_some_and(One::is_one)
    }

    /// An element of a family.
    pub fn access(
        &mut self,
        family: FamilyId,
        indices: impl IntoIterator<Item = Affine>,
    ) -> TermId {
        self.intern(Node::Access(family, indices.into_iter().collect()))
    }

    /// A sum in the given order: nested sums are opened and zeros dropped, nothing else.
    pub fn add(&mut self, terms: impl IntoIterator<Item = TermId>) -> TermId {
        let mut flat: SmallVec<[TermId; 8]> = SmallVec::new();
        for term in terms {
            match self.node(term) {
                Node::Add(inner) => flat.extend_from_slice(inner),
                _ if self.is_zero(term) => {}
                _ => flat.push(term),
            }
        }
        match flat.as_slice() {
            [] => self.int(0),
            [only] => *only,
            flat => self.intern(Node::Add(flat.into())),
        }
    }

    /// A product in the given order: nested products are opened and ones dropped; 0 if a factor is 0.
    pub fn mul(&mut self, factors: impl IntoIterator<Item = TermId>) -> TermId {
        let mut flat: SmallVec<[TermId; 8]> = SmallVec::new();
        for factor in factors {
            match self.node(factor) {
                Node::Mul(inner) => flat.extend_from_slice(inner),
                _ if self.is_zero(factor) => return factor,
                _ if self.is_one(factor) => {}
                _ => flat.push(factor),
            }
        }
        match flat.as_slice() {
            [] => self.int(1),
            [only] => *only,
            flat => self.intern(Node::Mul(flat.into())),
        }
    }

    /// `-term`, written with the factor −1.
    pub fn negative(&mut self, term: TermId) -> TermId {
        let minus_one = self.int(-1);
        self.mul([minus_one, term])
    }

    /// A power; the exponents 0 and 1 are resolved.
    pub fn power(&mut self, base: TermId, exponent: TermId) -> TermId {
        if self.is_one(exponent) {
            base
        } else if self.is_zero(exponent) {
            self.int(1)
        } else {
            self.intern(Node::Power(base, exponent))
        }
    }

    /// A guard; 1 if the domain says nothing.
    pub fn guard(&mut self, domain: Domain) -> TermId {
        if domain.is_everything() {
            self.int(1)
        } else {
            self.intern(Node::Guard(domain))
        }
    }

    /// A reduction; the body itself if nothing is bound and the domain says nothing.
    pub fn reduce(
        &mut self,
        op: Reduction,
        vars: impl IntoIterator<Item = VarId>,
        domain: Domain,
        body: TermId,
    ) -> TermId {
        let vars: Box<[VarId]> = vars.into_iter().collect();
        if vars.is_empty() && domain.is_everything() {
            return body;
        }
        self.intern(Node::Reduce(op, vars, domain, body))
    }
}

impl Node {
    /// The terms directly below it, in written order.
    pub fn children(&self) -> smallvec::SmallVec<[TermId; 4]> {
        match self {
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Guard(_) => smallvec::SmallVec::new(),
            Node::Reduce(_, _, _, body) => smallvec::smallvec![*body],
            Node::Add(terms) | Node::Mul(terms) => smallvec::SmallVec::from_slice(terms),
            Node::Power(base, exponent) => smallvec::smallvec![*base, *exponent],
            Node::Apply(_, _, arguments) => smallvec::SmallVec::from_slice(arguments),
            Node::Test(_, left, right) => smallvec::smallvec![*left, *right],
            Node::Cases(branches) => branches
                .iter()
                .flat_map(|(condition, value)| [*condition, *value])
                .collect(),
        }
    }
}
