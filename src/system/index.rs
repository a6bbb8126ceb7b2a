//! Index expressions of the tree as affine expressions.

use num_rational::Ratio;
use num_traits::ToPrimitive;

use super::lower::{Lowering, read};
use super::mistakes;
use super::names::Meaning;
use super::reference::Head;
use super::scope::Scope;
use crate::source::Diagnostic;
use crate::syntax::{Expr, ExprKind, Join, Sign};
use crate::term::{Affine, Atom, FamilyId};

/// Numbers in indices stay far below the machine's limit, so that arithmetic with them cannot overflow.
const LARGEST: i64 = 1 << 31;

fn largest(affine: &Affine) -> i64 {
    affine
        .terms()
        .iter()
        .map(|(_, coefficient)| coefficient.to_integer().abs())
        .chain([affine.constant().to_integer().abs()])
        .max()
        .unwrap_or(0)
}

impl Lowering<'_> {
    /// An index, a bound or a size. Complains and returns none if it is not one.
    pub(super) fn affine(&mut self, expr: &Expr, scope: &Scope) -> Option<Affine> {
        match &expr.kind {
            ExprKind::Number(value) => {
                let whole = value.is_integer().then(|| value.to_integer().to_i64());
                match whole.flatten().filter(|value| value.abs() <= LARGEST) {
                    Some(value) => Some(Affine::int(value)),
                    None => {
                        self.problems.push(mistakes::not_whole(expr.span));
                        None
                    }
                }
            }
            ExprKind::Name(name) if scope.find(name).is_some() => {
                scope.find(name).map(|letter| Affine::var(letter.var))
            }
            ExprKind::Name(name) if scope.index(name).is_some() => scope.index(name).cloned(),
            ExprKind::Name(_) | ExprKind::Slots(..) | ExprKind::Elements(..) => {
                self.affine_reference(expr, scope)
            }
            ExprKind::Negative(inner) => {
                Some(self.affine(inner, scope)?.scaled(Ratio::from_integer(-1)))
            }
            ExprKind::Sum(terms) => {
                let mut sum = Affine::int(0);
                for (sign, term) in terms {
                    let term = self.affine(term, scope)?;
                    sum = match sign {
                        Sign::Plus => sum.plus(&term),
                        Sign::Minus => sum.minus(&term),
                    };
                }
                Some(sum)
            }
            ExprKind::Product(first, factors) => {
                let mut product = self.affine(first, scope)?;
                for (join, factor) in factors {
                    match join {
                        Join::Space | Join::Tight | Join::Star => {}
                        Join::Elementwise | Join::Over | Join::ElementwiseOver => {
                            self.problems.push(mistakes::not_affine(expr.span));
                            return None;
                        }
                    }
                    let factor = self.affine(factor, scope)?;
                    let (number, other) = match (product.as_int(), factor.as_int()) {
                        (Some(number), _) => (number, factor),
                        (None, Some(number)) => (number, product),
                        (None, None) => {
                            self.problems.push(mistakes::not_affine(expr.span));
                            return None;
                        }
                    };
                    if largest(&other).saturating_mul(number.abs()) > LARGEST {
                        self.problems.push(mistakes::not_whole(expr.span));
                        return None;
                    }
                    product = other.scaled(Ratio::from_integer(number));
                }
                Some(product)
            }
            ExprKind::Call { .. }
            | ExprKind::Power { .. }
            | ExprKind::Transpose(_)
            | ExprKind::Reduce { .. }
            | ExprKind::Cases(_)
            | ExprKind::Slice(_)
            | ExprKind::Derivative(..) => {
                self.problems.push(mistakes::not_affine(expr.span));
                None
            }
        }
    }

    fn affine_reference(&mut self, expr: &Expr, scope: &Scope) -> Option<Affine> {
        let Some(head) = self.names.reference(expr) else {
            self.problems.push(mistakes::not_affine(expr.span));
            return None;
        };
        match self.names.known.get(&head.name) {
            Some((Meaning::Size(size), before)) => {
                let (size, before) = (*size, *before);
                let slots = self.system.size(size).slots;
                if slots != head.slots.len() {
                    self.problems.push(mistakes::slots_differ(
                        &head.name,
                        head.span,
                        head.slots.len(),
                        before,
                        slots,
                    ));
                    return None;
                }
                if let Some(element) = head.elements.first() {
                    self.problems
                        .push(mistakes::element_of_number(&head.name, element.span));
                    return None;
                }
                let slots: Option<Vec<Affine>> = head
                    .slots
                    .iter()
                    .map(|slot| self.affine(slot, scope))
                    .collect();
                Some(Affine::atom(Atom::Size(size, slots?.into_boxed_slice())))
            }
            Some((Meaning::Quantity(family), before)) => {
                let (family, before) = (*family, *before);
                if self.system.family(family).integers.is_none() {
                    self.problems
                        .push(mistakes::real_index(&head.name, head.span, before));
                    return None;
                }
                let index = self.index_of(&head, family, scope)?;
                let term = self.system.store.access(family, index.iter().cloned());
                self.spans.entry((self.current, term)).or_insert(head.span);
                Some(read(family, index))
            }
            None => {
                self.problems.push(self.unknown_letter(&head, scope));
                None
            }
        }
    }

    /// Complains if a reference to a family has more or fewer slots than the family.
    fn has_slots(&mut self, head: &Head, family: FamilyId) -> Option<()> {
        let known = self.system.family(family);
        if known.slots == head.slots.len() {
            return Some(());
        }
        self.problems.push(mistakes::slots_differ(
            &head.name,
            head.span,
            head.slots.len(),
            known.span.unwrap_or(head.name_span),
            known.slots,
        ));
        None
    }

    /// The slots of a reference to a family. Complains if their number is wrong.
    pub(super) fn slots_of(
        &mut self,
        head: &Head,
        family: FamilyId,
        scope: &Scope,
    ) -> Option<Vec<Affine>> {
        self.has_slots(head, family)?;
        head.slots
            .iter()
            .map(|slot| self.affine(slot, scope))
            .collect()
    }

    /// Slots and elements of a reference to a family. Complains if their number is wrong.
    pub(super) fn index_of(
        &mut self,
        head: &Head,
        family: FamilyId,
        scope: &Scope,
    ) -> Option<Vec<Affine>> {
        self.has_slots(head, family)?;
        let known = self.system.family(family);
        let before = known.span.unwrap_or(head.name_span);
        if known.axes != head.elements.len() {
            let axes = known.axes;
            self.problems.push(if head.elements.is_empty() {
                mistakes::whole_array(&super::names::head_text(head), head.span, axes)
            } else if axes == 0 {
                mistakes::element_of_number(&head.name, head.span)
            } else {
                mistakes::axes_differ(&head.name, head.span, head.elements.len(), before, axes)
            });
            return None;
        }
        head.slots
            .iter()
            .chain(&head.elements)
            .map(|index| self.affine(index, scope))
            .collect()
    }

    /// The complaint about a name that is no letter in scope, no size and no quantity.
    fn unknown_letter(&self, head: &Head, scope: &Scope) -> Diagnostic {
        if self.names.letters.contains_key(&head.name) {
            return mistakes::unbound_index(&head.name, head.name_span);
        }
        let mut candidates: Vec<&str> = scope
            .letters()
            .iter()
            .map(|letter| letter.name.as_str())
            .collect();
        candidates.extend(self.names.candidates());
        mistakes::unknown_index(&head.name, head.name_span, &candidates)
    }

    /// Whether the expression is made of indices, sizes and whole numbers only.
    pub(super) fn is_index(&self, expr: &Expr, scope: &Scope) -> bool {
        match &expr.kind {
            ExprKind::Number(value) => value.is_integer(),
            ExprKind::Name(name) if scope.find(name).is_some() => true,
            ExprKind::Name(_) | ExprKind::Slots(..) | ExprKind::Elements(..) => self
                .names
                .reference(expr)
                .is_some_and(|head| match self.names.known.get(&head.name) {
                    Some((Meaning::Size(_), _)) => true,
                    Some((Meaning::Quantity(family), _)) => {
                        self.system.family(*family).integers.is_some()
                    }
                    None => self.names.letters.contains_key(&head.name),
                }),
            ExprKind::Negative(inner) => self.is_index(inner, scope),
            ExprKind::Sum(terms) => terms.iter().all(|(_, term)| self.is_index(term, scope)),
            ExprKind::Product(first, factors) => {
                self.is_index(first, scope)
                    && factors.iter().all(|(join, factor)| {
                        let multiplies = match join {
                            Join::Space | Join::Tight | Join::Star => true,
                            Join::Elementwise | Join::Over | Join::ElementwiseOver => false,
                        };
                        multiplies && self.is_index(factor, scope)
                    })
            }
            ExprKind::Call { .. }
            | ExprKind::Power { .. }
            | ExprKind::Transpose(_)
            | ExprKind::Reduce { .. }
            | ExprKind::Cases(_)
            | ExprKind::Slice(_)
            | ExprKind::Derivative(..) => false,
        }
    }
}
