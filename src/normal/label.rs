//! Canonical letters for the sums of a monomial.
//!
//! A monomial falls into parts that share no letter; each is labelled alone, by trying the orders of its
//! letters that agree with an invariant: what the letters are used for.

use num_rational::BigRational;
use num_traits::{One, Zero};

use super::{Monomial, Normalizer};
use crate::system::System;
use crate::term::{Affine, Domain, Node, Substitution, TermId, VarId};

/// Factors, letters and conditions that hang together.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    pub(crate) vars: Vec<VarId>,
    pub(crate) domain: Domain,
    pub(crate) factors: Vec<(TermId, BigRational)>,
}

/// Whether something that mentions certain letters belongs to a part.
type Touches<'a> = dyn Fn(&dyn Fn(VarId) -> bool) -> bool + 'a;

/// Where a letter is used: family, position, whether to the first power.
type Use = (u32, usize, bool);

/// More orders than this are not tried; the labelling is then not canonical, and equal terms may look different.
const MOST_ORDERS: usize = 5_040;

/// The connected parts of a monomial; first what depends on no bound letter, if there is any.
pub(crate) fn components(system: &System, monomial: &Monomial) -> Vec<Component> {
    let mut groups: Vec<Vec<VarId>> = monomial.vars.iter().map(|var| vec![*var]).collect();
    let mut connect = |touched: &[VarId]| {
        let mut joined: Vec<VarId> = Vec::new();
        groups.retain(|group| {
            let hit = group.iter().any(|var| touched.contains(var));
            if hit {
                joined.extend(group);
            }
            !hit
        });
        if !joined.is_empty() {
            groups.push(joined);
        }
    };
    for (atom, _) in &monomial.factors {
        connect(system.store.free_vars(*atom));
    }
    for constraint in monomial.domain.constraints() {
        let mut touched = Vec::new();
        constraint.affine().visit_vars(&mut |var| touched.push(var));
        connect(&touched);
    }
    let place = |var: &VarId| monomial.vars.iter().position(|other| other == var);
    for group in &mut groups {
        group.sort_by_key(place);
    }
    groups.sort_by_key(|group| group.first().map(place));
    let part = |vars: Vec<VarId>, touches: &Touches<'_>| Component {
        domain: monomial
            .domain
            .filter(|constraint| touches(&|var| constraint.affine().mentions(var))),
        factors: monomial
            .factors
            .iter()
            .filter(|(atom, _)| touches(&|var| system.store.free_vars(*atom).contains(&var)))
            .cloned()
            .collect(),
        vars,
    };
    let mut result = Vec::new();
    let free = part(Vec::new(), &|mentions| {
        !monomial.vars.iter().any(|var| mentions(*var))
    });
    if !free.factors.is_empty() || !free.domain.is_everything() {
        result.push(free);
    }
    for group in groups {
        let vars = group.clone();
        result.push(part(vars, &|mentions| {
            group.iter().any(|var| mentions(*var))
        }));
    }
    result
}

impl Normalizer<'_> {
    /// The monomial with canonical letters.
    pub(super) fn labelled(&mut self, monomial: Monomial) -> Monomial {
        if monomial.vars.is_empty() {
            return monomial;
        }
        let level = monomial
            .factors
            .iter()
            .map(|(atom, _)| self.level(*atom))
            .max()
            .unwrap_or(0);
        let mut domain = Domain::everything();
        let mut factors: Vec<(TermId, BigRational)> = Vec::new();
        let mut total = monomial.coefficient.clone();
        // Each part alone, with the first letters of the level; then the parts in order.
        let mut labelled: Vec<Component> = Vec::new();
        for part in components(self.system, &monomial) {
            if part.vars.is_empty() {
                domain = part.domain;
                factors = part.factors;
            } else {
                let (part, coefficient) = self.best_order(&part, level);
                total *= coefficient;
                labelled.push(part);
            }
        }
        labelled.sort_by(|a, b| {
            (&a.factors, &a.domain, a.vars.len()).cmp(&(&b.factors, &b.domain, b.vars.len()))
        });
        let mut vars: Vec<VarId> = Vec::new();
        for part in labelled {
            let start = vars.len();
            let letters: Vec<VarId> = (start..start + part.vars.len())
                .map(|at| self.letter(level, at))
                .collect();
            let shift = Substitution::new(
                part.vars
                    .iter()
                    .copied()
                    .zip(letters.iter().map(|var| Affine::var(*var))),
            );
            vars.extend(letters);
            domain = domain.and(&shift.domain(&part.domain));
            for (atom, exponent) in part.factors {
                factors.push((self.system.store.substitute(atom, &shift), exponent));
            }
        }
        factors.sort();
        Monomial {
            coefficient: total,
            vars,
            domain,
            factors,
        }
    }

    /// The part with canonical letters, and a number that came out of its factors.
    fn best_order(&mut self, part: &Component, level: usize) -> (Component, BigRational) {
        let mut best: Option<(Component, BigRational)> = None;
        for order in orders(&self.classes(part)) {
            self.work += part.factors.len();
            let vars: Vec<VarId> = (0..order.len()).map(|at| self.letter(level, at)).collect();
            let renaming = Substitution::new(
                order
                    .into_iter()
                    .zip(vars.iter().map(|var| Affine::var(*var))),
            );
            let mut coefficient = BigRational::one();
            let mut factors: Vec<(TermId, BigRational)> = Vec::with_capacity(part.factors.len());
            for (atom, exponent) in &part.factors {
                let renamed = self.system.store.substitute(*atom, &renaming);
                let again = match self.read_again(renamed, exponent) {
                    Some(again) => {
                        coefficient *= again.coefficient;
                        again.factors
                    }
                    None => vec![(renamed, exponent.clone())],
                };
                for (atom, exponent) in again {
                    match factors.iter_mut().find(|(known, _)| *known == atom) {
                        Some((_, total)) => *total += exponent,
                        None => factors.push((atom, exponent)),
                    }
                }
            }
            factors.retain(|(_, exponent)| !exponent.is_zero());
            factors.sort();
            let candidate = Component {
                vars,
                domain: renaming.domain(&part.domain),
                factors,
            };
            if best.as_ref().is_none_or(|(known, _)| {
                (&candidate.factors, &candidate.domain) < (&known.factors, &known.domain)
            }) {
                best = Some((candidate, coefficient));
            }
        }
        best.unwrap_or_else(|| (part.clone(), BigRational::one()))
    }

    /// An atom that holds products or sums, in their order under its new letters; none if it is a name, or
    /// would fall apart.
    fn read_again(&mut self, atom: TermId, exponent: &BigRational) -> Option<Monomial> {
        if self.system.store.node(atom).children().is_empty() {
            return None;
        }
        let again = self.product(vec![(atom, exponent.clone())]).ok()?;
        match <[Monomial; 1]>::try_from(again.monomials) {
            Ok([only]) if only.vars.is_empty() && only.domain.is_everything() => Some(only),
            _ => None,
        }
    }

    /// The letters in classes by what they are used for, the classes in an order that does not depend on names.
    fn classes(&self, part: &Component) -> Vec<Vec<VarId>> {
        let mut keyed: Vec<(Vec<Use>, VarId)> = part
            .vars
            .iter()
            .map(|var| {
                let mut uses: Vec<Use> = part
                    .factors
                    .iter()
                    .filter(|(atom, _)| self.system.store.free_vars(*atom).contains(var))
                    .map(|(atom, exponent)| match self.system.store.node(*atom) {
                        Node::Access(family, index) => (
                            family.0,
                            index.iter().position(|at| at.mentions(*var)).unwrap_or(0),
                            exponent.is_one(),
                        ),
                        _ => (u32::MAX, 0, exponent.is_one()),
                    })
                    .collect();
                uses.sort_unstable();
                (uses, *var)
            })
            .collect();
        keyed.sort();
        keyed
            .chunk_by(|a, b| a.0 == b.0)
            .map(|class| class.iter().map(|(_, var)| *var).collect())
            .collect()
    }

    /// How deep sums are nested inside an atom.
    fn level(&self, atom: TermId) -> usize {
        let node = self.system.store.node(atom);
        let below = node
            .children()
            .into_iter()
            .map(|child| self.level(child))
            .max()
            .unwrap_or(0);
        below + usize::from(matches!(node, Node::Reduce(..)))
    }

    fn letter(&mut self, level: usize, at: usize) -> VarId {
        while self.pool.len() <= level {
            self.pool.push(Vec::new());
        }
        while self.pool[level].len() <= at {
            let fresh = self.system.store.fresh_var("i");
            self.pool[level].push(fresh);
        }
        self.pool[level][at]
    }
}

/// All orders of the letters that keep the order of the classes, at most [`MOST_ORDERS`].
fn orders(classes: &[Vec<VarId>]) -> Vec<Vec<VarId>> {
    let mut result: Vec<Vec<VarId>> = vec![Vec::new()];
    for class in classes {
        let mut arrangements = permutations(class);
        if result.len().saturating_mul(arrangements.len()) > MOST_ORDERS {
            arrangements = vec![class.clone()];
        }
        result = result
            .iter()
            .flat_map(|prefix| {
                arrangements
                    .iter()
                    .map(move |order| prefix.iter().chain(order).copied().collect())
            })
            .collect();
    }
    result
}

fn permutations(class: &[VarId]) -> Vec<Vec<VarId>> {
    if class.len() <= 1 || class.len() > 7 {
        return vec![class.to_vec()];
    }
    let mut result = Vec::new();
    for at in 0..class.len() {
        let mut rest = class.to_vec();
        let first = rest.remove(at);
        for mut order in permutations(&rest) {
            order.insert(0, first);
            result.push(order);
        }
    }
    result
}
