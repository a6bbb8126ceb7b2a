//! From index form to whole arrays. What is found is a proposal: it is lowered again and compared before
//! anybody sees it.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Layout;
use super::contract::contract;
use super::expression::{Expression, Kind};
use super::refusal::Refusal;
use super::sizes::{Axes, full_range, is_derivative, length};
use super::softmax;
use crate::array::Shape;
use crate::system::{FamilyKind, System};
use crate::term::{
    Affine, Domain, FamilyId, Node as Term, Reduction, Relation, Substitution, TermId, VarId,
};

/// An array whose axes belong to letters: none for a number, one for a column, two for a matrix.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) axes: SmallVec<[VarId; 2]>,
    pub(super) array: Expression,
}

impl Node {
    pub(super) fn number(array: Expression) -> Self {
        Self {
            axes: SmallVec::new(),
            array,
        }
    }

    /// The same with the axes the other way round.
    pub(super) fn turned(&self) -> Self {
        Self {
            axes: self.axes.iter().rev().copied().collect(),
            array: self.array.transposed(),
        }
    }
}

/// Letters that run over whole axes, with the lengths of these.
pub(super) type Letters = Vec<(VarId, Affine)>;

pub(super) struct Recovery<'a> {
    pub(super) system: &'a mut System,
    layout: Layout,
    /// The letters of row and column in [`Kind::Quantity`](super::Kind::Quantity).
    general: [VarId; 2],
    pub(super) letters: Letters,
    /// What was found before, inside a context.
    memo: FxHashMap<(TermId, Domain), Result<Node, Refusal>>,
}

impl<'a> Recovery<'a> {
    pub(super) fn new(system: &'a mut System, layout: Layout, general: [VarId; 2]) -> Self {
        Self {
            system,
            layout,
            general,
            letters: Vec::new(),
            memo: FxHashMap::default(),
        }
    }

    /// The array of a term over the given letters of row and column.
    pub(super) fn array(
        &mut self,
        term: TermId,
        row: Option<(VarId, Affine)>,
        column: Option<(VarId, Affine)>,
        context: &Domain,
    ) -> Result<Expression, Refusal> {
        self.letters = row.iter().chain(&column).cloned().collect();
        let node = self.node(term, context)?;
        let wanted: SmallVec<[VarId; 2]> = row.iter().chain(&column).map(|(var, _)| *var).collect();
        let node = self.spread(node, &wanted)?;
        // A row alone is the transpose of a column.
        Ok(if row.is_none() && column.is_some() {
            node.array.transposed()
        } else {
            node.array
        })
    }

    fn is_letter(&self, var: VarId) -> bool {
        self.letters.iter().any(|(other, _)| *other == var)
    }

    pub(super) fn size(&self, var: VarId) -> Affine {
        self.letters
            .iter()
            .rev()
            .find(|(other, _)| *other == var)
            .map_or_else(|| Affine::int(1), |(_, size)| size.clone())
    }

    /// The letters of axes that are free in a term.
    fn free(&self, term: TermId) -> SmallVec<[VarId; 2]> {
        self.system
            .store
            .free_vars(term)
            .iter()
            .copied()
            .filter(|var| self.is_letter(*var))
            .collect()
    }

    pub(super) fn node(&mut self, term: TermId, context: &Domain) -> Result<Node, Refusal> {
        let key = (term, context.clone());
        if let Some(known) = self.memo.get(&key) {
            return known.clone();
        }
        let found = crate::stack::deep(|| self.find(term, context));
        self.memo.insert(key, found.clone());
        found
    }

    fn find(&mut self, term: TermId, context: &Domain) -> Result<Node, Refusal> {
        let has_arrays = self.binds_axes(term) || self.has_matrix_function(term);
        if self.free(term).is_empty() && !has_arrays {
            return Ok(Node::number(Expression::number(term)));
        }
        match self.system.store.node(term).clone() {
            Term::Access(family, index) => self.quantity(family, &index, context),
            Term::Add(parts) => self.add(&parts, context),
            Term::Mul(factors) => self.contraction(&factors, &[], context),
            Term::Reduce(Reduction::Sum, vars, domain, body) => {
                self.sum(term, &vars, &domain, body, context)
            }
            Term::Reduce(..) => Err(Refusal::Extremum),
            Term::Power(base, exponent) => {
                let Some(exponent) = self.system.store.as_number(exponent).cloned() else {
                    return Err(Refusal::Exponent);
                };
                let node = self.node(base, context)?;
                Ok(Node {
                    axes: node.axes,
                    array: node.array.power(exponent),
                })
            }
            Term::Apply(function, orders, arguments) => {
                let nodes = arguments
                    .iter()
                    .map(|argument| self.node(*argument, context))
                    .collect::<Result<Vec<_>, _>>()?;
                let axes = self.joint_axes(&nodes)?;
                let mut arrays = Vec::with_capacity(nodes.len());
                for node in nodes {
                    // A number goes with every entry; an array has to have all axes.
                    arrays.push(if node.axes.is_empty() {
                        node.array
                    } else {
                        self.spread(node, &axes)?.array
                    });
                }
                Ok(Node {
                    array: Expression::applied(function, orders, arrays),
                    axes,
                })
            }
            Term::Guard(domain) => self.delta(&domain),
            Term::Cases(branches) => self.joined(&branches, context),
            Term::Test(..) => Err(Refusal::Entrywise),
            // An index used as a number: there is no array of its values.
            Term::Number(_) | Term::Pi | Term::Index(_) | Term::Parameter(_) => {
                Err(Refusal::IndexAsNumber)
            }
        }
    }

    /// Whether there is a reduction over letters of axes in a term.
    fn binds_axes(&self, term: TermId) -> bool {
        let store = &self.system.store;
        store.any(term, |node| match node {
            Term::Reduce(_, vars, _, body) => {
                vars.iter().any(|var| self.stands_at_element(*body, *var))
            }
            _ => false,
        })
    }

    /// Whether a letter stands at an element of a family in a term.
    fn stands_at_element(&self, term: TermId, var: VarId) -> bool {
        self.system.store.any(term, |node| match node {
            Term::Access(family, index) => {
                let axes = Axes::of(self.system, *family);
                axes.of
                    .iter()
                    .chain(&axes.by)
                    .any(|at| index[*at].mentions(var))
            }
            _ => false,
        })
    }

    /// Whether a function of a matrix without a name stands in a term: it is written by arrays only.
    fn has_matrix_function(&self, term: TermId) -> bool {
        let system = &*self.system;
        system.store.any(term, |node| {
            matches!(node, Term::Access(family, _)
                if matches!(system.family(*family).kind, FamilyKind::OfMatrix { of, .. }
                    if system.is_nameless(of)))
        })
    }

    /// The matrix that a function is of, at the slots that an index begins with.
    fn argument(
        &mut self,
        of: FamilyId,
        index: &[Affine],
        context: &Domain,
    ) -> Result<Expression, Refusal> {
        let slots = self.system.family(of).slots;
        if !self.system.is_nameless(of) {
            let at: Vec<Affine> = index[..slots]
                .iter()
                .cloned()
                .chain(self.general.map(Affine::var))
                .collect();
            let [rows, columns] =
                [slots, slots + 1].map(|axis| length(self.system, of, &at, axis, context));
            let access = self.system.store.access(of, at.iter().cloned());
            let mut quantity = Expression::quantity(access, rows, columns);
            if let FamilyKind::OfMatrix { of: inner, .. } = self.system.family(of).kind {
                let argument = self.argument(inner, &at, context)?;
                quantity = Expression::of_matrix(access, argument, quantity.shape);
            }
            return Ok(match self.system.symmetric(of) {
                Some(_) => quantity.symmetric(),
                None => quantity,
            });
        }
        let clause = self.system.family(of).clauses.first().cloned();
        let clause = clause.ok_or(Refusal::Partial)?;
        let body = clause.body.ok_or(Refusal::Partial)?;
        let mut sides = [None, None];
        for (axis, side) in sides.iter_mut().enumerate() {
            let size = length(self.system, of, &clause.index, axis, &clause.domain);
            *side = clause.index[axis].as_var().zip(size);
        }
        let [row, column] = sides;
        let before = std::mem::take(&mut self.letters);
        let found = self.array(body, row, column, &clause.domain);
        self.letters = before;
        found
    }

    fn quantity(
        &mut self,
        family: FamilyId,
        index: &[Affine],
        context: &Domain,
    ) -> Result<Node, Refusal> {
        let axes = Axes::of(self.system, family);
        let places: Vec<usize> = axes.of.iter().chain(&axes.by).copied().collect();
        for (at, value) in index.iter().enumerate() {
            let mut letters = 0;
            value.visit_vars(&mut |var| letters += usize::from(self.is_letter(var)));
            let single = places.contains(&at) && self.letter_of(value).is_some();
            // One row or column of a matrix.
            let fixed = places.len() == 2 && letters == 0;
            if !single && !fixed && (places.contains(&at) || letters > 0) {
                return Err(Refusal::Index);
            }
        }
        let layout = self.layout.of(self.system, family);
        let oriented = axes.oriented(is_derivative(self.system, family), layout);
        let Some(oriented) = oriented else {
            return Err(Refusal::Axes(axes.count()));
        };
        let letters: Vec<Option<VarId>> = index.iter().map(|at| self.letter_of(at)).collect();
        let letter = |at: usize| letters[at].ok_or(Refusal::Index);
        // Lengths are those of axes, whatever part of them is read.
        let mut whole = index.to_vec();
        for at in places {
            if let Some(letter) = letters[at] {
                whole[at] = Affine::var(letter);
            }
        }
        let mut general = index.to_vec();
        let mut lengths = [None, None];
        let mut bounds = [None, None];
        let mut sides = [oriented.0, oriented.1];
        for (side, place) in sides.iter_mut().enumerate() {
            let Some(at) = *place else {
                continue;
            };
            if letters[at].is_none() {
                bounds[side] = Some(Box::new((index[at].clone(), index[at].clone())));
                *place = None;
                continue;
            }
            let size = length(self.system, family, &whole, at, context);
            let size = size.ok_or(Refusal::Partial)?;
            let letter = letter(at)?;
            let before = index[at].minus(&Affine::var(letter));
            let high = self.size(letter).plus(&before);
            let same = |one: &Affine, other: &Affine| {
                one == other
                    || self
                        .system
                        .ambient
                        .implies(context, &Domain::equal(one, other))
            };
            if !same(&before, &Affine::int(0)) || !same(&high, &size) {
                bounds[side] = Some(Box::new((before.offset(1), high)));
                lengths[side] = Some(self.size(letter));
            } else {
                lengths[side] = Some(size);
            }
            general[at] = before.plus(&Affine::var(self.general[side]));
        }
        let [row, column] = sides;
        let [rows, columns] = lengths;
        let access = self.system.store.access(family, general);
        let mut array = Expression::quantity(access, rows, columns);
        let is_slice = bounds.iter().any(Option::is_some);
        if let FamilyKind::OfMatrix { of, .. } = self.system.family(family).kind {
            if is_slice {
                return Err(Refusal::Index);
            }
            let argument = self.argument(of, index, context)?;
            array = Expression::of_matrix(access, argument, array.shape);
        }
        if is_slice {
            let [rows, columns] = bounds;
            array.kind = Kind::Slice {
                access,
                rows,
                columns,
            };
        } else if self.system.symmetric(family).is_some() {
            array = array.symmetric();
        }
        Ok(match (row, column) {
            (None, None) => Node::number(array),
            (Some(at), None) => Node {
                axes: SmallVec::from_slice(&[letter(at)?]),
                array,
            },
            // A column of a row: nodes with one axis are columns.
            (None, Some(at)) => Node {
                axes: SmallVec::from_slice(&[letter(at)?]),
                array: array.transposed(),
            },
            (Some(row), Some(column)) => {
                let (first, second) = (letter(row)?, letter(column)?);
                let jacobian = !axes.of.is_empty() && is_derivative(self.system, family);
                if first == second && (is_slice || jacobian) {
                    // The diagonal of a Jacobian is better said entry by entry.
                    return Err(Refusal::Index);
                }
                if first == second {
                    Node {
                        axes: SmallVec::from_slice(&[first]),
                        array: array.diagonal_of(),
                    }
                } else {
                    Node {
                        axes: SmallVec::from_slice(&[first, second]),
                        array,
                    }
                }
            }
        })
    }

    /// The letter of an axis that an index is, up to what stands before the part that is read.
    pub(super) fn letter_of(&self, index: &Affine) -> Option<VarId> {
        let mut letters: SmallVec<[VarId; 2]> = SmallVec::new();
        index.visit_vars(&mut |var| {
            if self.is_letter(var) && !letters.contains(&var) {
                letters.push(var);
            }
        });
        let [only] = letters[..] else {
            return None;
        };
        // In the argument of a class number it is no index of an axis.
        let rest = index.minus(&Affine::var(only));
        (!rest.mentions(only)).then_some(only)
    }

    /// `[i = j]` is the identity; other conditions on elements have no array.
    fn delta(&mut self, domain: &Domain) -> Result<Node, Refusal> {
        // What is said of layers alone holds or not for the whole array.
        let is_inside = |affine: &Affine| {
            let letters = &self.letters;
            letters.iter().any(|(var, _)| affine.mentions(*var))
        };
        let outside = domain.filter(|constraint| !is_inside(constraint.affine()));
        let inside = domain.filter(|constraint| is_inside(constraint.affine()));
        let [constraint] = inside.constraints() else {
            return Err(Refusal::Coupled);
        };
        let affine = constraint.affine();
        let pair: Vec<VarId> = self
            .letters
            .iter()
            .map(|(var, _)| *var)
            .filter(|var| affine.mentions(*var))
            .collect();
        let [first, second] = pair[..] else {
            return Err(Refusal::Coupled);
        };
        let difference = Affine::var(first).minus(&Affine::var(second));
        let equal = *affine == difference || affine.scaled((-1).into()) == difference;
        if constraint.relation() != Relation::Zero
            || !equal
            || self.size(first) != self.size(second)
        {
            return Err(Refusal::Coupled);
        }
        Ok(Node {
            axes: SmallVec::from_slice(&[first, second]),
            array: {
                let identity = Expression::identity(self.size(first));
                let store = &mut self.system.store;
                let guard = Expression::number(store.guard(outside));
                Expression::product(store, [guard, identity])
            },
        })
    }

    fn sum(
        &mut self,
        term: TermId,
        vars: &[VarId],
        domain: &Domain,
        body: TermId,
        context: &Domain,
    ) -> Result<Node, Refusal> {
        let (axes, slots): (Vec<VarId>, Vec<VarId>) = vars
            .iter()
            .copied()
            .partition(|var| self.stands_at_element(body, *var));
        let before = self.letters.len();
        for var in &axes {
            let others: Vec<VarId> = self
                .letters
                .iter()
                .map(|(other, _)| *other)
                .chain(axes.iter().copied().filter(|other| other != var))
                .collect();
            let size = full_range(domain, *var, &others).ok_or(Refusal::Coupled)?;
            self.letters.push((*var, size));
        }
        let rest =
            domain.filter(|constraint| !axes.iter().any(|var| constraint.affine().mentions(*var)));
        let mut coupled = false;
        rest.visit_vars(|var| coupled |= self.is_letter(var));
        let inner = context.shadowed(vars).and(domain);
        let factors = match self.system.store.node(body).clone() {
            Term::Mul(factors) => factors.to_vec(),
            _ => vec![body],
        };
        let node = if coupled {
            Err(Refusal::Coupled)
        } else {
            self.contraction(&factors, &axes, &inner)
        };
        self.letters.truncate(before);
        let node = node?;
        if slots.is_empty() {
            // What is left of the domain holds or not, whatever is summed.
            let guard = self.system.store.guard(rest);
            let guard = Expression::number(guard);
            return Ok(Node {
                array: Expression::product(&mut self.system.store, [guard, node.array]),
                axes: node.axes,
            });
        }
        Ok(Node {
            array: Expression::over(&mut self.system.store, slots, rest, term, node.array),
            axes: node.axes,
        })
    }

    /// The product of factors summed over the bound letters.
    fn contraction(
        &mut self,
        factors: &[TermId],
        bound: &[VarId],
        context: &Domain,
    ) -> Result<Node, Refusal> {
        let built = factors
            .iter()
            .map(|factor| self.node(*factor, context))
            .collect::<Result<Vec<_>, _>>()
            .and_then(|nodes| contract(self, nodes, bound))
            .map(|node| Node {
                array: softmax::folded(self.system, node.array),
                axes: node.axes,
            });
        // A sum whose summands have different axes may be shorter multiplied out: `p (I - 1 pᵀ)` is
        // `diag(p) - p pᵀ`.
        let multiplied = self.multiplied_out(factors, bound, context);
        match (built, multiplied) {
            (Ok(built), Some(Ok(multiplied))) if multiplied.array.size() < built.array.size() => {
                Ok(multiplied)
            }
            (Err(_), Some(Ok(multiplied))) => Ok(multiplied),
            (built, _) => built,
        }
    }

    /// The contraction with a sum of summands with different axes multiplied out; none without such a sum.
    fn multiplied_out(
        &mut self,
        factors: &[TermId],
        bound: &[VarId],
        context: &Domain,
    ) -> Option<Result<Node, Refusal>> {
        let (at, parts) = factors.iter().enumerate().find_map(|(at, factor)| {
            match self.system.store.node(*factor) {
                Term::Add(parts) if !self.is_even(parts) => Some((at, parts.to_vec())),
                _ => None,
            }
        })?;
        let multiplied = || {
            let mut nodes = Vec::with_capacity(parts.len());
            for part in parts {
                let mut product = factors.to_vec();
                product[at] = part;
                let product = self.system.store.mul(product);
                let factors = match self.system.store.node(product).clone() {
                    Term::Mul(factors) => factors.to_vec(),
                    _ => vec![product],
                };
                nodes.push(self.contraction(&factors, bound, context)?);
            }
            self.added(nodes)
        };
        Some(multiplied())
    }

    /// Whether all summands have the same free letters, numbers written out apart.
    fn is_even(&self, parts: &[TermId]) -> bool {
        let mut axes = parts
            .iter()
            .filter(|part| self.system.store.as_number(**part).is_none())
            .map(|part| self.free(*part));
        let first = axes.next();
        axes.all(|other| Some(&other) == first.as_ref())
    }

    fn add(&mut self, parts: &[TermId], context: &Domain) -> Result<Node, Refusal> {
        let nodes = parts
            .iter()
            .map(|part| self.node(*part, context))
            .collect::<Result<Vec<_>, _>>()?;
        self.added(nodes)
    }

    fn added(&mut self, nodes: Vec<Node>) -> Result<Node, Refusal> {
        let axes = self.joint_axes(&nodes)?;
        let mut arrays = Vec::with_capacity(nodes.len());
        for node in nodes {
            let written = matches!(node.array.kind, Kind::Number(term)
                if self.system.store.as_number(term).is_some());
            arrays.push(if written {
                node.array
            } else {
                self.spread(node, &axes)?.array
            });
        }
        Ok(Node {
            array: Expression::sum(&mut self.system.store, arrays),
            axes,
        })
    }

    /// The axes of all nodes, in the order of the first that has most of them.
    fn joint_axes(&self, nodes: &[Node]) -> Result<SmallVec<[VarId; 2]>, Refusal> {
        let mut axes: SmallVec<[VarId; 2]> = SmallVec::new();
        let most = nodes.iter().map(|node| node.axes.len()).max().unwrap_or(0);
        let first = nodes.iter().filter(|node| node.axes.len() == most);
        for node in first.chain(nodes) {
            for var in &node.axes {
                if !axes.contains(var) {
                    axes.push(*var);
                }
            }
        }
        if axes.len() > 2 {
            return Err(Refusal::Axes(axes.len()));
        }
        Ok(axes)
    }

    /// The node with exactly these axes, in this order: what is missing is filled by ones.
    pub(super) fn spread(&mut self, node: Node, axes: &[VarId]) -> Result<Node, Refusal> {
        if node.axes.as_slice() == axes {
            return Ok(node);
        }
        if node.axes.iter().any(|var| !axes.contains(var)) {
            return Err(Refusal::Axes(3));
        }
        let sizes: Vec<Affine> = axes.iter().map(|var| self.size(*var)).collect();
        let ones: Vec<Expression> = sizes.iter().cloned().map(Expression::ones).collect();
        let store = &mut self.system.store;
        let array = match (node.axes.as_slice(), axes) {
            _ if matches!(node.array.kind, Kind::Number(term) if store.is_zero(term)) => {
                Expression::zero(Shape::of(sizes.first(), sizes.get(1)))
            }
            ([_, _], _) => node.turned().array,
            ([], [_]) => Expression::product(store, [node.array, ones[0].clone()]),
            ([], [_, _]) => {
                Expression::product(store, [node.array, ones[0].clone(), ones[1].transposed()])
            }
            ([own], [first, _]) if own == first => {
                Expression::product(store, [node.array, ones[1].transposed()])
            }
            ([_], _) => Expression::product(store, [ones[0].clone(), node.array.transposed()]),
            _ => return Err(Refusal::Axes(3)),
        };
        Ok(Node {
            axes: axes.iter().copied().collect(),
            array,
        })
    }
}

/// The access of a quantity with its general letters replaced.
pub(super) fn with_letters(
    system: &mut System,
    access: TermId,
    general: [VarId; 2],
    row: Option<VarId>,
    column: Option<VarId>,
) -> TermId {
    let pairs = general
        .into_iter()
        .zip([row, column])
        .filter_map(|(letter, value)| value.map(|value| (letter, Affine::var(value))));
    system.store.substitute(access, &Substitution::new(pairs))
}
