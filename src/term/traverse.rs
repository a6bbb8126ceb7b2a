//! Rebuilding terms: substitution of letters without capture, of accesses, of parameters.

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use super::{Affine, Domain, FamilyId, Node, Seen, Store, TermId, VarId};

/// A simultaneous replacement of letters by index expressions.
#[derive(Debug, Clone, Default)]
pub struct Substitution {
    pairs: Vec<(VarId, Affine)>,
}

impl Substitution {
    /// The replacement of each letter by its value.
    pub fn new(pairs: impl IntoIterator<Item = (VarId, Affine)>) -> Self {
        Self {
            pairs: pairs.into_iter().collect(),
        }
    }

    /// The letters of a left side where it stands for `value`, and the conditions under which it does: the entries
    /// without a letter agree, entries with the same letter agree on it, and the letters lie in the domain. Each entry
    /// of the left side is a letter plus a constant, or has no letter.
    pub fn matching(
        vars: &[VarId],
        left: &[Affine],
        domain: &Domain,
        value: &[Affine],
    ) -> (Substitution, Domain) {
        let mut pairs: Vec<(VarId, Affine)> = Vec::with_capacity(vars.len());
        let mut conditions = Domain::everything();
        for (left, value) in left.iter().zip(value) {
            if left.is_constant() && left == value {
                continue;
            }
            match vars
                .iter()
                .copied()
                .find(|var| !num_traits::Zero::is_zero(&left.coefficient_of_var(*var)))
            {
                Some(var) => {
                    let offset = left.minus(&Affine::var(var));
                    let value = value.minus(&offset);
                    match pairs.iter().find(|(known, _)| *known == var) {
                        Some((_, known)) => {
                            conditions = conditions.and(&Domain::equal(known, &value));
                        }
                        None => pairs.push((var, value)),
                    }
                }
                None if left.is_constant() && value.is_constant() => conditions = Domain::nothing(),
                None => conditions = conditions.and(&Domain::equal(left, value)),
            }
        }
        let letters = Substitution::new(pairs);
        let conditions = conditions.and(&letters.domain(domain));
        (letters, conditions)
    }

    /// Whether it replaces nothing.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The value of a letter, if it is replaced.
    pub fn get(&self, var: VarId) -> Option<&Affine> {
        self.pairs
            .iter()
            .find(|(other, _)| *other == var)
            .map(|(_, value)| value)
    }

    /// The replaced letters with their values.
    pub fn pairs(&self) -> &[(VarId, Affine)] {
        &self.pairs
    }

    /// An index expression with its letters replaced.
    pub fn affine(&self, affine: &Affine) -> Affine {
        affine.map_atoms(&mut |atom| match atom {
            super::Atom::Var(var) => self.get(*var).cloned(),
            super::Atom::Size(..) | super::Atom::Read(..) => None,
        })
    }

    /// A domain with its letters replaced.
    pub fn domain(&self, domain: &Domain) -> Domain {
        domain.map(|affine| self.affine(affine))
    }

    fn without(&self, vars: &[VarId]) -> Substitution {
        Self::new(
            self.pairs
                .iter()
                .filter(|(var, _)| !vars.contains(var))
                .cloned(),
        )
    }

    fn values_mention(&self, var: VarId) -> bool {
        self.pairs.iter().any(|(_, value)| value.mentions(var))
    }
}

impl Store {
    /// The term with letters replaced. Bound letters that would capture one are refreshed.
    pub fn substitute(&mut self, term: TermId, substitution: &Substitution) -> TermId {
        if substitution.is_empty() {
            return term;
        }
        self.substitute_memo(term, substitution, &mut FxHashMap::default())
    }

    fn substitute_memo(
        &mut self,
        term: TermId,
        substitution: &Substitution,
        memo: &mut FxHashMap<TermId, TermId>,
    ) -> TermId {
        if !self
            .free_vars(term)
            .iter()
            .any(|var| substitution.get(*var).is_some())
        {
            return term;
        }
        if let Some(done) = memo.get(&term) {
            return *done;
        }
        let node = self.shared(term);
        let result = match &*node {
            Node::Index(affine) => self.intern(Node::Index(substitution.affine(affine))),
            Node::Access(family, indices) => self.access(
                *family,
                indices.iter().map(|index| substitution.affine(index)),
            ),
            Node::Guard(domain) => self.guard(substitution.domain(domain)),
            Node::Reduce(op, vars, domain, body) => {
                let mut inner = substitution.without(vars);
                let mut fresh = Vec::with_capacity(vars.len());
                for var in vars.iter().copied() {
                    if inner.values_mention(var) {
                        let letter = self.letter(var).to_owned();
                        let renamed = self.fresh_var(&letter);
                        inner.pairs.push((var, Affine::var(renamed)));
                        fresh.push(renamed);
                    } else {
                        fresh.push(var);
                    }
                }
                let body = self.substitute(*body, &inner);
                let domain = inner.domain(domain);
                self.reduce(*op, fresh, domain, body)
            }
            node => {
                let children: Vec<TermId> = node
                    .children()
                    .into_iter()
                    .map(|child| self.substitute_memo(child, substitution, memo))
                    .collect();
                self.rebuild(node, &children)
            }
        };
        memo.insert(term, result);
        result
    }

    /// The node with other children, of the same number and in the same order.
    pub fn rebuild(&mut self, node: &Node, children: &[TermId]) -> TermId {
        match node {
            Node::Number(_)
            | Node::Pi
            | Node::Index(_)
            | Node::Access(..)
            | Node::Parameter(_)
            | Node::Guard(_) => self.intern(node.clone()),
            Node::Reduce(op, vars, domain, _) => {
                self.reduce(*op, vars.iter().copied(), domain.clone(), children[0])
            }
            Node::Add(_) => self.add(children.iter().copied()),
            Node::Mul(_) => self.mul(children.iter().copied()),
            Node::Power(..) => self.power(children[0], children[1]),
            Node::Apply(function, orders, _) => {
                self.intern(Node::Apply(*function, orders.clone(), children.into()))
            }
            Node::Test(cmp, _, _) => self.intern(Node::Test(*cmp, children[0], children[1])),
            Node::Cases(_) => self.intern(Node::Cases(
                children
                    .chunks_exact(2)
                    .map(|pair| (pair[0], pair[1]))
                    .collect(),
            )),
        }
    }

    /// The term with each leaf or subterm for which `replace` has an answer replaced, from the top;
    /// replacements are not searched again. Bound letters are left alone: an answer for a term below
    /// a reduction may use its letters.
    pub fn replace(
        &mut self,
        term: TermId,
        replace: &mut impl FnMut(&mut Store, TermId) -> Option<TermId>,
    ) -> TermId {
        self.replace_memo(term, replace, &mut FxHashMap::default())
    }

    fn replace_memo(
        &mut self,
        term: TermId,
        replace: &mut impl FnMut(&mut Store, TermId) -> Option<TermId>,
        memo: &mut FxHashMap<TermId, TermId>,
    ) -> TermId {
        if let Some(done) = memo.get(&term) {
            return *done;
        }
        let result = if let Some(answer) = replace(self, term) {
            answer
        } else {
            let node = self.shared(term);
            let children = node.children();
            if children.is_empty() {
                term
            } else {
                let replaced: SmallVec<[TermId; 4]> = children
                    .iter()
                    .map(|child| self.replace_memo(*child, replace, memo))
                    .collect();
                if replaced.as_slice() == children.as_slice() {
                    term
                } else {
                    self.rebuild(&node, &replaced)
                }
            }
        };
        memo.insert(term, result);
        result
    }

    /// Whether some node of the term satisfies the question; shared terms are asked once.
    pub fn any(&self, term: TermId, mut question: impl FnMut(&Node) -> bool) -> bool {
        let mut seen: Seen<TermId> = Seen::default();
        let mut stack: SmallVec<[TermId; 8]> = smallvec![term];
        while let Some(term) = stack.pop() {
            if !seen.insert(term) {
                continue;
            }
            let node = self.node(term);
            if question(node) {
                return true;
            }
            stack.extend(node.children());
        }
        false
    }

    /// Whether the term reads an element of the family.
    pub fn reads(&self, term: TermId, family: FamilyId) -> bool {
        self.any(
            term,
            |node| matches!(node, Node::Access(other, _) if *other == family),
        )
    }

    /// How many nodes a term has where it is written out, what it shares as often as it stands there.
    pub fn size(&self, term: TermId) -> u64 {
        let mut known: FxHashMap<TermId, u64> = FxHashMap::default();
        // Children before what they stand in.
        let mut stack: Vec<(TermId, bool)> = vec![(term, false)];
        while let Some((term, seen)) = stack.pop() {
            if known.contains_key(&term) {
                continue;
            }
            let children = self.node(term).children();
            if seen {
                let sizes = children.iter().map(|child| known[child]);
                known.insert(term, sizes.fold(1, u64::saturating_add));
            } else {
                stack.push((term, true));
                stack.extend(children.into_iter().map(|child| (child, false)));
            }
        }
        known[&term]
    }

    /// A function's body with its parameters replaced by arguments.
    pub fn instantiate(&mut self, body: TermId, arguments: &[TermId]) -> TermId {
        self.replace(body, &mut |store, term| match store.node(term) {
            Node::Parameter(at) => Some(arguments[*at as usize]),
            _ => None,
        })
    }
}
