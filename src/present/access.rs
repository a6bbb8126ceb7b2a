//! Elements of families and derivatives as boxes.

use rustc_hash::FxHashSet;

use super::letters::Scope;
use super::math::{Fence, Math, MathId, Sign};
use super::names::{self, NameBox};
use super::terms::{Level, Printed, Printer};
use crate::functions::MatrixRow;
use crate::system::FamilyKind;
use crate::term::{Affine, Atom, FamilyId, Node, TermId, VarId};

/// An element of a family that is no derivative.
pub(super) type Element<'a> = (FamilyId, &'a [Affine]);

/// What is printed of an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The element at its indices.
    Element,
    /// All elements together, at the slots: the element indices are not printed.
    Whole,
}

impl Printer<'_> {
    /// An index letter.
    pub(super) fn variable(&mut self, var: VarId, scope: Scope) -> Printed {
        let letter = match self.letters.letter(scope, var) {
            Some(letter) => letter.to_owned(),
            None => self.system.store.letter(var).to_owned(),
        };
        let name = names::symbol(&letter, &mut self.boxes);
        let id = self.boxes.script(name.base, name.sub, None);
        Printed::atom(id)
    }

    /// A letter, a size or an integer-valued element.
    pub(super) fn atom(&mut self, atom: &Atom, scope: Scope) -> Printed {
        match atom {
            Atom::Var(var) => self.variable(*var, scope),
            Atom::Size(size, slots) => {
                let name = self.names.size(*size);
                let sup = self.slots(slots, scope);
                let id = self.boxes.script(name.base, name.sub, sup);
                if sup.is_some() {
                    Printed::scripted(id)
                } else {
                    Printed::atom(id)
                }
            }
            Atom::Read(family, index) => self.access(*family, index, scope),
        }
    }

    /// `(k+1)`, or nothing without slots.
    fn slots(&mut self, slots: &[Affine], scope: Scope) -> Option<MathId> {
        if slots.is_empty() {
            return None;
        }
        let parts: Vec<MathId> = slots
            .iter()
            .map(|slot| self.affine(slot, scope).id)
            .collect();
        let list = self.boxes.list(&parts, Sign::Comma);
        Some(self.boxes.fence(Fence::Round, false, list))
    }

    /// `ij` where all are single symbols, else `i,\,j+1`; behind what stands below the name already.
    fn subscript(
        &mut self,
        before: Option<MathId>,
        elements: &[Affine],
        part: Part,
        scope: Scope,
    ) -> Option<MathId> {
        if elements.is_empty() || part == Part::Whole {
            return before;
        }
        let plain = elements.iter().all(|element| element.as_var().is_some());
        let parts: Vec<MathId> = elements
            .iter()
            .map(|element| self.affine(element, scope).id)
            .collect();
        let elements = if plain {
            self.boxes.row(parts)
        } else {
            self.boxes.list(&parts, Sign::Comma)
        };
        Some(match before {
            None => elements,
            Some(before) => self.boxes.list(&[before, elements], Sign::Comma),
        })
    }

    /// An element of a family, or a derivative.
    pub(super) fn access(&mut self, family: FamilyId, index: &[Affine], scope: Scope) -> Printed {
        self.part(family, index, Part::Element, scope)
    }

    /// An element of a family or all of them, or a derivative of these.
    pub(super) fn part(
        &mut self,
        family: FamilyId,
        index: &[Affine],
        part: Part,
        scope: Scope,
    ) -> Printed {
        match self.system.family(family).kind {
            FamilyKind::Adjoint { of, wrt } => {
                let (of_index, wrt_index) = index.split_at(self.rank(of));
                self.derivative((of, of_index), (wrt, wrt_index), part, true, scope)
            }
            FamilyKind::Local { of, wrt } => {
                let (of_index, wrt_index) = index.split_at(self.rank(of));
                self.derivative((of, of_index), (wrt, wrt_index), part, false, scope)
            }
            FamilyKind::OfMatrix { row, of } => self.of_matrix(row, of, index, part, scope),
            FamilyKind::Input | FamilyKind::Defined | FamilyKind::OpaqueLoss(_) => {
                self.element(family, index, part, scope)
            }
        }
    }

    fn rank(&self, family: FamilyId) -> usize {
        let family = self.system.family(family);
        family.slots + family.axes
    }

    fn element(&mut self, family: FamilyId, index: &[Affine], part: Part, scope: Scope) -> Printed {
        let (slots, elements) = index.split_at(self.system.family(family).slots.min(index.len()));
        if let Some(spelled) = self.spelled_slots(family, slots, scope) {
            return self.with_elements(spelled, elements, part, scope);
        }
        let NameBox { base, sub } = self.names.family(family);
        let sup = self.slots(slots, scope);
        let sub = self.subscript(sub, elements, part, scope);
        let id = self.boxes.script(base, sub, sup);
        if sup.is_some() {
            Printed::scripted(id)
        } else {
            Printed::atom(id)
        }
    }

    /// `(X^{-1})_{ij}`, `\det X`; a matrix without a name by its entries: `(A_{kl}+X_{kl})_{kl}^{-1}`.
    fn of_matrix(
        &mut self,
        row: &MatrixRow,
        of: FamilyId,
        index: &[Affine],
        part: Part,
        scope: Scope,
    ) -> Printed {
        let (slots, elements) = index.split_at(self.system.family(of).slots.min(index.len()));
        let argument = if self.system.is_nameless(of) {
            self.entries(of, scope)
        } else {
            self.part(of, slots, Part::Whole, scope)
        };
        let whole = self.of_array(row, argument, false);
        if elements.is_empty() || part == Part::Whole {
            return whole;
        }
        let whole = self.bracketed(whole);
        let sub = self.subscript(None, elements, part, scope);
        Printed::atom(self.boxes.script(whole.id, sub, None))
    }

    /// A function of a matrix that is printed, or the transpose of its value.
    pub(super) fn of_array(&mut self, row: &MatrixRow, argument: Printed, turned: bool) -> Printed {
        let (before, above, above_turned) = row.latex;
        let raised = if above.is_empty() {
            argument
        } else {
            let top = if turned {
                let parts = [
                    self.boxes.latex(above_turned),
                    self.boxes.sign(Sign::Transpose),
                ];
                self.boxes.row(parts)
            } else {
                self.boxes.latex(above)
            };
            Printed::scripted(self.raise_box(argument, top))
        };
        if before.is_empty() {
            return raised;
        }
        let inside = self.boxes.fence(Fence::Round, raised.tall, raised.id);
        let head = self.boxes.latex(before);
        let id = self.boxes.row([head, inside]);
        Printed::atom(id)
    }

    /// A matrix by its entries: `(A_{kl}+X_{kl})_{kl}`.
    fn entries(&mut self, family: FamilyId, scope: Scope) -> Printed {
        let system = self.system;
        let Some(clause) = system.family(family).clauses.first() else {
            unreachable!("a formula without a name is defined");
        };
        let Some(body) = clause.body else {
            unreachable!("a formula without a name has a body");
        };
        let scope = self.enter(scope, &clause.vars);
        let entry = self.term(body, scope);
        let entry = self.bracketed(entry);
        let sub = self.subscript(None, &clause.index, Part::Element, scope);
        Printed {
            tall: entry.tall,
            ..Printed::atom(self.boxes.script(entry.id, sub, None))
        }
    }

    /// A spelling with elements below.
    pub(super) fn with_elements(
        &mut self,
        spelled: Printed,
        elements: &[Affine],
        part: Part,
        scope: Scope,
    ) -> Printed {
        let Some(sub) = self.subscript(None, elements, part, scope) else {
            return spelled;
        };
        // A spelling that has a subscript of its own becomes a group.
        let id = self.boxes.script(spelled.id, Some(sub), None);
        Printed { id, ..spelled }
    }

    /// ∂of/∂wrt. Total derivatives by given quantities, one after the other, become one of higher order;
    /// all others stay fractions of fractions, because they are another thing.
    fn derivative(
        &mut self,
        of: Element,
        wrt: Element,
        part: Part,
        total: bool,
        scope: Scope,
    ) -> Printed {
        if let Some(spelled) = self.spelled_derivative(of, wrt, part, scope) {
            return spelled;
        }
        let mut by: Vec<Element> = vec![wrt];
        let mut of = of;
        while total
            && let FamilyKind::Adjoint { of: inner, wrt } = self.system.family(of.0).kind
            && by
                .iter()
                .chain([&(wrt, &[][..])])
                .all(|(family, _)| self.is_given(*family))
        {
            let (inner_index, wrt_index) = of.1.split_at(self.rank(inner));
            by.insert(0, (wrt, wrt_index));
            of = (inner, inner_index);
        }
        let partial = self.boxes.sign(Sign::Partial);
        let order = by.len();
        let above = self.part(of.0, of.1, part, scope);
        let sign = if order == 1 {
            partial
        } else {
            let number = self.boxes.number(order);
            self.boxes.script(partial, None, Some(number))
        };
        let numerator = self.boxes.row([sign, above.id]);
        let mut below: Vec<MathId> = Vec::new();
        let mut at = 0;
        while at < order {
            let same = by[at..]
                .iter()
                .take_while(|other| {
                    **other == by[at] || part == Part::Whole && self.same_whole(**other, by[at])
                })
                .count();
            if at > 0 {
                below.push(self.boxes.sign(Sign::Thin));
            }
            below.push(partial);
            let printed = self.part(by[at].0, by[at].1, part, scope);
            let id = if same == 1 {
                printed.id
            } else {
                let number = self.boxes.number(same);
                self.raise_box(printed, number)
            };
            below.push(id);
            at += same;
        }
        let denominator = self.boxes.row(below);
        let id = self.boxes.fraction(numerator, denominator);
        Printed::fraction(id)
    }

    /// Whether two accesses are to the same quantity at the same slots.
    fn same_whole(&self, one: Element, other: Element) -> bool {
        let slots = self.system.family(one.0).slots;
        one.0 == other.0 && one.1[..slots] == other.1[..slots]
    }

    /// Derivatives by what is given commute, so they may be joined; by intermediates they don't.
    fn is_given(&self, family: FamilyId) -> bool {
        self.system.family(family).kind == FamilyKind::Input
    }

    /// A printed factor with an exponent.
    pub(super) fn raise_box(&mut self, base: Printed, exponent: MathId) -> MathId {
        let base = if base.level == Level::Atom {
            base
        } else {
            self.bracketed(base)
        };
        match *self.boxes.get(base.id) {
            Math::Script {
                base,
                sub,
                sup: None,
            } => self.boxes.script(base, sub, Some(exponent)),
            _ => self.boxes.script(base.id, None, Some(exponent)),
        }
    }

    /// `\frac{\partial}{\partial by}`, the derivative not yet taken; `\frac{d}{d by}` of what depends on
    /// nothing else.
    pub(super) fn operator(&mut self, by: MathId, alone: bool) -> Printed {
        let sign = if alone {
            Sign::Differential
        } else {
            Sign::Partial
        };
        let sign = self.boxes.sign(sign);
        let below = self.boxes.row([sign, by]);
        let id = self.boxes.fraction(sign, below);
        Printed::fraction(id)
    }

    /// Whether a term reads a single quantity, this one.
    pub(super) fn reads_only(&self, term: TermId, access: TermId) -> bool {
        let store = &self.system.store;
        let mut seen = FxHashSet::default();
        let mut open = vec![term];
        while let Some(term) = open.pop() {
            if term == access || !seen.insert(term) {
                continue;
            }
            if matches!(store.node(term), Node::Access(..)) {
                return false;
            }
            open.extend(store.node(term).children());
        }
        true
    }
}
