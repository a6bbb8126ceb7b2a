//! Shapes of whole quantities: declared, or found from the equations before these are read.

use super::functions::is_array_function;
use super::lower::Lowering;
use super::matrix::sliced;
use super::mistakes;
use super::names::Meaning;
use super::scope::{Letter, Origin, Scope};
use super::whole::{is_whole_call, shape_of_call, shape_of_concat};
use super::{FamilyKind, System};
use crate::array::Shape;
use crate::source::Span;
use crate::syntax::{Binder, Expr, ExprKind, Join, Network, Range, StatementKind};
use crate::term::{Affine, Atom, Domain, FamilyId, Substitution, VarId};
use num_traits::Zero;

/// The shape of a family at some slots.
#[derive(Debug, Clone)]
pub(super) struct ShapePiece {
    vars: Vec<VarId>,
    slots: Vec<Affine>,
    domain: Domain,
    shape: Shape,
}

impl ShapePiece {
    /// The shape at other slots, with the condition that these are in the piece.
    fn at(&self, slots: &[Affine]) -> (Shape, Domain) {
        let (substitution, condition) =
            Substitution::matching(&self.vars, &self.slots, &self.domain, slots);
        let shape = self.shape.map(|size| substitution.affine(size));
        (shape, condition)
    }

    /// The shape at a slot that is not a number, if this piece is at a number and its sizes go with the slot.
    fn followed(&self, slots: &[Affine]) -> Option<Shape> {
        let ([own], [wanted]) = (self.slots.as_slice(), slots) else {
            return None;
        };
        let own = own.as_int()?;
        let moved = |size: &Affine| {
            size.map_atoms(&mut |atom| match atom {
                Atom::Size(size, slots) => {
                    let [slot] = slots.iter().as_slice() else {
                        return None;
                    };
                    let slot = wanted.offset(slot.as_int()? - own);
                    Some(Affine::atom(Atom::Size(
                        *size,
                        [slot].into_iter().collect(),
                    )))
                }
                Atom::Var(_) | Atom::Read(..) => None,
            })
        };
        Some(self.shape.map(moved))
    }

    fn is_general(&self) -> bool {
        !self.vars.is_empty() || self.slots.is_empty()
    }
}

/// Whether a right side is 0, of whatever shape the left side has.
pub(super) fn is_zero(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Number(number) if number.is_zero())
}

/// An equation whose shape is wanted.
struct Open<'a> {
    family: FamilyId,
    slots: &'a [Expr],
    elements: Vec<Expr>,
    right: &'a Expr,
    ranges: &'a [Range],
}

/// What is told of the shape of an equation's left side.
#[derive(Debug)]
enum Guess {
    /// It is declared.
    Declared,
    /// Its shape.
    Shape(ShapePiece),
    /// Whether it is a column, a row or a matrix; a size is not known.
    Kind(ShapePiece),
}

impl Lowering<'_> {
    /// The shape of a whole quantity at these slots, whose letters satisfy `context`.
    pub(super) fn shape_at(
        &mut self,
        family: FamilyId,
        slots: &[Affine],
        context: &Domain,
        span: Span,
    ) -> Option<Shape> {
        let Some(pieces) = self.pieces.get(&family) else {
            let name = self.system.family(family).name.clone();
            self.problems.push(mistakes::unknown_shape(&name, span));
            return None;
        };
        let mut found: Vec<(Shape, Domain, bool)> = Vec::new();
        let mut followed: Option<Shape> = None;
        for piece in pieces {
            let (shape, condition) = piece.at(slots);
            let condition = condition.and(context);
            if !condition.is_nothing() && !self.system.ambient.is_empty(&condition) {
                if followed.is_none() {
                    followed = piece.followed(slots);
                }
                found.push((shape, condition, piece.is_general()));
            }
        }
        let chosen = found
            .iter()
            .position(|(_, _, general)| *general)
            .or((!found.is_empty()).then_some(0));
        let Some(chosen) = chosen else {
            self.problems
                .push(mistakes::slot_not_declared(&self.system, family, span));
            return None;
        };
        // Slot by slot `n[0]`, `n[1]`, … is `n[k]` at slot k; the check below tells whether it is.
        let follows = |shape: &Shape| {
            found
                .iter()
                .all(|(other, condition, _)| agree(&self.system, condition, shape, other))
        };
        let shape = match followed {
            Some(shape) if !found[chosen].2 && found.len() > 1 && follows(&shape) => shape,
            _ => found[chosen].0.clone(),
        };
        for (other, condition, _) in &found {
            if !agree(&self.system, condition, &shape, other) {
                let texts = [self.shape_text(&shape), self.shape_text(other)];
                let name = self.system.family(family).name.clone();
                self.problems
                    .push(mistakes::clauses_differ(&name, span, &texts));
                return None;
            }
        }
        Some(shape)
    }

    /// Declared shapes, and those that equations between whole arrays give to what they define, in any order.
    pub(super) fn find_shapes(&mut self, network: &Network) {
        let has_arrays =
            self.system.families.iter().any(|family| family.axes > 0) || calls_arrays(network);
        if !has_arrays {
            return;
        }
        for family in self.system.family_ids() {
            for piece in self.declared.get(&family).into_iter().flatten() {
                let shape = match piece.sizes.as_slice() {
                    [] => Shape::Number,
                    [Some(size)] => Shape::Column(size.clone()),
                    [Some(rows), Some(columns)] => Shape::Matrix(rows.clone(), columns.clone()),
                    _ => continue,
                };
                self.pieces.entry(family).or_default().push(ShapePiece {
                    vars: piece.vars.clone(),
                    slots: piece.slots.clone(),
                    domain: piece.domain.clone(),
                    shape,
                });
            }
        }
        let mut open: Vec<Open<'_>> = Vec::new();
        for statement in &network.statements {
            let StatementKind::Equation {
                left,
                right,
                ranges,
            } = &statement.kind
            else {
                continue;
            };
            let Some(head) = self.names.reference(left) else {
                continue;
            };
            let Some(family) = self.names.quantity(&head.name) else {
                continue;
            };
            let slots: &[Expr] = match &left.kind {
                ExprKind::Slots(_, slots) => slots,
                ExprKind::Elements(base, _) => match &base.kind {
                    ExprKind::Slots(_, slots) => slots,
                    _ => &[],
                },
                _ => &[],
            };
            open.push(Open {
                family,
                slots,
                elements: head.elements,
                right,
                ranges,
            });
        }
        // Complaints come when the equations are read; here a shape is found or it is not.
        let complaints = self.problems.len();
        // A start `h[0] = 0` has the shape that the other equations give; it is a number only if they give none.
        for equation in &open {
            *self.half_known.entry(equation.family).or_default() += 1;
        }
        for zeros_are_numbers in [false, true] {
            loop {
                self.find_all(&mut open, zeros_are_numbers);
                // One clause of a quantity tells the shape of all only where nothing else does: `f[0]` may differ from
                // `f[k]`, which stands further down.
                let half_known = std::mem::take(&mut self.half_known);
                let found = open
                    .iter()
                    .position(|equation| self.find_shape(equation, zeros_are_numbers));
                self.half_known = half_known;
                match found {
                    Some(found) => self.is_found(&open.remove(found)),
                    None if self.find_by_kinds(&mut open, zeros_are_numbers) => {}
                    None => break,
                }
            }
        }
        self.half_known.clear();
        self.problems.truncate(complaints);
    }

    /// Finds the shapes that others tell for certain, from both ends, so that what is written in the reverse order is found
    /// in one go too.
    fn find_all(&mut self, open: &mut Vec<Open<'_>>, zeros_are_numbers: bool) {
        loop {
            let before = open.len();
            for _ in 0..2 {
                open.retain(|equation| {
                    let found = self.find_shape(equation, zeros_are_numbers);
                    if found {
                        self.is_found(equation);
                    }
                    !found
                });
                open.reverse();
            }
            if open.is_empty() || open.len() == before {
                return;
            }
        }
    }

    fn is_found(&mut self, equation: &Open<'_>) {
        if let Some(count) = self.half_known.get_mut(&equation.family) {
            *count -= 1;
        }
    }

    /// Whether the shape of the equation's left side is found now.
    fn find_shape(&mut self, equation: &Open<'_>, zeros_are_numbers: bool) -> bool {
        match self.guess_left(equation, zeros_are_numbers) {
            None => false,
            Some(Guess::Declared) => true,
            Some(Guess::Kind(_)) => false,
            Some(Guess::Shape(piece)) => {
                let axes = piece.shape.sizes().len();
                let family = &mut self.system.families[equation.family.0 as usize];
                if family.axes == 0 && family.kind == FamilyKind::Defined {
                    family.axes = axes;
                }
                self.pieces.entry(equation.family).or_default().push(piece);
                true
            }
        }
    }

    /// Finds what shapes can be told from some of which only the kind is known: where `v[t] = concat(h[t-1], x[t])` and
    /// `h[t] = tanh(W v[t])`, it takes no more of `v[t]` than that it is a column. Whether any was found.
    fn find_by_kinds(&mut self, open: &mut Vec<Open<'_>>, zeros_are_numbers: bool) -> bool {
        for equation in &*open {
            if let Some(Guess::Kind(piece)) = self.guess_left(equation, zeros_are_numbers) {
                self.kinds.entry(equation.family).or_default().push(piece);
            }
        }
        let before = open.len();
        if !self.kinds.is_empty() {
            self.find_all(open, zeros_are_numbers);
        }
        self.kinds.clear();
        open.len() < before
    }

    /// What is told of the shape of the equation's left side now.
    fn guess_left(&mut self, equation: &Open<'_>, zeros_are_numbers: bool) -> Option<Guess> {
        let (mut scope, vars, slots, domain) =
            self.slot_letters(equation.slots, equation.ranges, &[])?;
        if self.is_declared_at(equation.family, &slots, &domain) {
            return Some(Guess::Declared);
        }
        let is_start = equation.elements.is_empty() && is_zero(equation.right);
        let shape = if is_start && !zeros_are_numbers {
            self.guess_at(equation.family, &slots)
        } else if equation.elements.is_empty() {
            self.guess(equation.right, &mut scope)
        } else {
            self.guess_elements(equation, &mut scope)
        };
        let shape = shape?;
        let mut depends = false;
        for size in shape.sizes() {
            size.visit_vars(&mut |var| depends |= !vars.contains(&var));
        }
        let piece = ShapePiece {
            vars,
            slots,
            domain,
            shape,
        };
        Some(if depends {
            Guess::Kind(piece)
        } else {
            Guess::Shape(piece)
        })
    }

    /// Whether a declaration speaks of some of these slots.
    fn is_declared_at(&self, family: FamilyId, slots: &[Affine], context: &Domain) -> bool {
        let mut pieces = self.declared.get(&family).into_iter().flatten();
        pieces.any(|piece| {
            let (_, condition) =
                Substitution::matching(&piece.vars, &piece.slots, &piece.domain, slots);
            let condition = condition.and(context);
            !condition.is_nothing() && !self.system.ambient.is_empty(&condition)
        })
    }

    /// `q_i = …`: the sizes of the axes at which the letters stand alone on the right.
    fn guess_elements(&mut self, equation: &Open<'_>, scope: &mut Scope) -> Option<Shape> {
        let mut sizes = Vec::with_capacity(equation.elements.len());
        for element in &equation.elements {
            let ExprKind::Name(letter) = &element.kind else {
                return None;
            };
            if let Some(range) = equation
                .ranges
                .iter()
                .rev()
                .find(|range| range.letter.value == *letter)
            {
                if self.affine(&range.low, scope)? != Affine::int(1) {
                    return None;
                }
                sizes.push(self.affine(&range.high, scope)?);
                continue;
            }
            let mut heads = Vec::new();
            super::names::visit(equation.right, &mut |expr| {
                if matches!(expr.kind, ExprKind::Name(_) | ExprKind::Elements(..))
                    && let Some(head) = self.names.reference(expr)
                    && let Some(axis) = head.elements.iter().position(
                        |element| matches!(&element.kind, ExprKind::Name(name) if name == letter),
                    )
                {
                    heads.push((head, axis));
                }
            });
            let mut size = None;
            for (head, axis) in heads {
                let Some(family) = self.names.quantity(&head.name) else {
                    continue;
                };
                let slots: Option<Vec<Affine>> = head
                    .slots
                    .iter()
                    .map(|slot| self.affine(slot, scope))
                    .collect();
                size = slots
                    .and_then(|slots| self.guess_at(family, &slots))
                    .and_then(|shape| shape.sizes().get(axis).map(|size| (*size).clone()));
                if size.is_some() {
                    break;
                }
            }
            sizes.push(size?);
        }
        match sizes.as_slice() {
            [size] => Some(Shape::Column(size.clone())),
            [rows, columns] => Some(Shape::Matrix(rows.clone(), columns.clone())),
            _ => None,
        }
    }

    /// The shape of a family at these slots as far as it is known, of any clause if need be: what a recursion
    /// begins with tells the shape of the rest.
    fn guess_at(&self, family: FamilyId, slots: &[Affine]) -> Option<Shape> {
        let known = self.known_at(family, slots);
        known.or_else(|| {
            let mut kinds = self.kinds.get(&family)?.iter();
            kinds.find_map(|piece| {
                let (shape, condition) = piece.at(slots);
                let here = !condition.is_nothing() && !self.system.ambient.is_empty(&condition);
                here.then_some(shape)
            })
        })
    }

    fn known_at(&self, family: FamilyId, slots: &[Affine]) -> Option<Shape> {
        let pieces = self.pieces.get(&family)?;
        let certain = |piece: &&ShapePiece| piece.at(slots).1.is_everything();
        if self.half_known.get(&family).is_some_and(|count| *count > 0) {
            return pieces.iter().find(certain).map(|piece| piece.at(slots).0);
        }
        let inside = |piece: &&ShapePiece| {
            let (_, condition) = piece.at(slots);
            !condition.is_nothing() && !self.system.ambient.is_empty(&condition)
        };
        pieces
            .iter()
            .filter(inside)
            .find(|piece| piece.is_general())
            .or_else(|| pieces.iter().find(inside))
            .or_else(|| pieces.first())
            .map(|piece| piece.at(slots).0)
    }

    fn guess(&mut self, expr: &Expr, scope: &mut Scope) -> Option<Shape> {
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::Cases(_) => Some(Shape::Number),
            ExprKind::Name(_) | ExprKind::Slots(..) => {
                if let ExprKind::Name(name) = &expr.kind
                    && scope.find(name).is_some()
                {
                    return Some(Shape::Number);
                }
                let head = self.names.reference(expr)?;
                if !head.elements.is_empty() {
                    return Some(Shape::Number);
                }
                match self.names.known.get(&head.name) {
                    Some((Meaning::Quantity(family), _)) => {
                        let family = *family;
                        let known = self.system.family(family);
                        if known.kind != FamilyKind::Defined && known.axes == 0 {
                            return Some(Shape::Number);
                        }
                        let slots: Option<Vec<Affine>> = head
                            .slots
                            .iter()
                            .map(|slot| self.affine(slot, scope))
                            .collect();
                        self.guess_at(family, &slots?)
                    }
                    Some((Meaning::Size(_), _)) | None => Some(Shape::Number),
                }
            }
            ExprKind::Elements(base, elements) => {
                if !elements
                    .iter()
                    .any(|element| matches!(element.kind, ExprKind::Slice(_)))
                {
                    return Some(Shape::Number);
                }
                let shape = self.guess(base, scope)?;
                let chosen = self.chosen(elements, shape.sizes(), scope)?;
                Some(sliced(&shape, &chosen))
            }
            ExprKind::Call {
                function,
                arguments,
                extra,
                ..
            } => {
                let name = function.value.as_str();
                if is_whole_call(name, arguments) {
                    let sizes: Vec<Option<Affine>> = match name {
                        "ones" | "zeros" | "eye" => arguments
                            .iter()
                            .map(|argument| self.affine(argument, scope))
                            .collect(),
                        _ => Vec::new(),
                    };
                    let shapes: Vec<Option<Shape>> = arguments
                        .iter()
                        .map(|argument| self.guess(argument, scope))
                        .collect();
                    if name == "concat" {
                        return shape_of_concat(&mut self.system.store, arguments, shapes);
                    }
                    return shape_of_call(name, arguments, &shapes, &sizes);
                }
                let all: Vec<&Expr> = arguments.iter().chain(extra).collect();
                self.guess_common(&all, scope)
            }
            ExprKind::Negative(inner) => self.guess(inner, scope),
            ExprKind::Transpose(inner) => Some(self.guess(inner, scope)?.transposed()),
            ExprKind::Power { base, .. } => self.guess(base, scope),
            ExprKind::Sum(terms) => {
                let all: Vec<&Expr> = terms.iter().map(|(_, term)| term).collect();
                self.guess_common(&all, scope)
            }
            ExprKind::Product(first, rest) => {
                let mut shape = self.guess(first, scope);
                for (join, factor) in rest {
                    let next = self.guess(factor, scope);
                    shape = match join {
                        Join::Space | Join::Tight | Join::Star => product_shape(shape, next),
                        Join::Over => shape,
                        Join::Elementwise | Join::ElementwiseOver => common(shape, next),
                    };
                }
                shape
            }
            ExprKind::Reduce { binder, body, .. } => {
                let depth = scope.len();
                for part in binder {
                    let (Binder::Letter(name) | Binder::Range(Range { letter: name, .. })) = part
                    else {
                        continue;
                    };
                    let var = self.system.store.fresh_var(&name.value);
                    scope.push(Letter {
                        name: name.value.clone(),
                        var,
                        origin: Origin::Bound,
                        span: name.span,
                    });
                }
                let shape = self.guess(body, scope);
                scope.truncate(depth);
                shape
            }
            ExprKind::Slice(_) | ExprKind::Derivative(..) => None,
        }
    }

    fn guess_common(&mut self, exprs: &[&Expr], scope: &mut Scope) -> Option<Shape> {
        let mut shape = Some(Shape::Number);
        for expr in exprs {
            let next = self.guess(expr, scope);
            shape = common(shape, next);
        }
        shape
    }
}

/// The shape of a sum, or of what goes entry by entry: an array wherever one is known.
fn common(left: Option<Shape>, right: Option<Shape>) -> Option<Shape> {
    match (left, right) {
        (Some(Shape::Number), other) | (other, Some(Shape::Number)) => other,
        (Some(shape), _) | (None, Some(shape)) => Some(shape),
        (None, None) => None,
    }
}

/// The shape of a product by its outer sizes alone.
fn product_shape(left: Option<Shape>, right: Option<Shape>) -> Option<Shape> {
    match (left?, right?) {
        (Shape::Number, other) | (other, Shape::Number) => Some(other),
        (Shape::Matrix(rows, _), Shape::Matrix(_, columns)) => Some(Shape::Matrix(rows, columns)),
        (Shape::Matrix(rows, _), Shape::Column(_)) => Some(Shape::Column(rows)),
        (Shape::Row(_), Shape::Matrix(_, columns)) => Some(Shape::Row(columns)),
        (Shape::Row(_), Shape::Column(_)) => Some(Shape::Number),
        (Shape::Column(rows), Shape::Row(columns)) => Some(Shape::Matrix(rows, columns)),
        _ => None,
    }
}

/// Whether two shapes are the same wherever the condition holds.
pub(super) fn agree(system: &System, condition: &Domain, left: &Shape, right: &Shape) -> bool {
    let kinds = std::mem::discriminant(left) == std::mem::discriminant(right);
    kinds
        && left
            .sizes()
            .into_iter()
            .zip(right.sizes())
            .all(|(a, b)| a == b || system.ambient.implies(condition, &Domain::equal(a, b)))
}

/// Whether some equation calls a function of whole arrays.
fn calls_arrays(network: &Network) -> bool {
    let mut found = false;
    for statement in &network.statements {
        if let StatementKind::Equation { right, .. }
        | StatementKind::Loss {
            right: Some(right), ..
        } = &statement.kind
        {
            super::names::visit(right, &mut |expr| {
                if let ExprKind::Call { function, .. } = &expr.kind {
                    found |= is_array_function(&function.value);
                }
            });
        }
    }
    found
}
