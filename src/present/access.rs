//! Elements of families and derivatives as boxes.

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::letters::Scope;
use super::macros::SymbolParts;
use super::math::{Fence, Math, MathId, Piece, Sign, Symbol};
use super::names::{self, NameBox};
use super::terms::{Level, Printed, Printer};
use crate::functions::MatrixRow;
use crate::profile::{self, Mark, Template};
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
                let mark = self.notation.profile.layers.index;
                let slots = slots
                    .iter()
                    .map(|slot| (mark, self.affine(slot, scope).id))
                    .collect();
                self.size_symbol(*size, slots)
            }
            Atom::Read(family, index) => self.access(*family, index, scope),
        }
    }

    /// What of its name tells a quantity from others in its part, with its place: the number of its layer, unless
    /// the letters of its elements say it, or a label.
    fn told_by(&mut self, family: FamilyId, lettered: bool) -> Vec<(Mark, MathId)> {
        let notation = self.notation;
        let number = notation.number(family).filter(|_| !lettered);
        let mark = notation.profile.layers.index;
        let number = number.map(|number| (mark, self.boxes.number(number)));
        let label = notation
            .named(family)
            .and_then(|named| named.label.as_ref());
        let label = label.map(|label| (Mark::Subscript, self.label(label)));
        number.into_iter().chain(label).collect()
    }

    /// `h1`, `h,out`
    fn label(&mut self, label: &str) -> MathId {
        let parts: Vec<MathId> = label
            .split('_')
            .map(|part| {
                let head = part.trim_end_matches(|c: char| c.is_ascii_digit());
                let digits = &part[head.len()..];
                let name = (!head.is_empty()).then(|| names::symbol(head, &mut self.boxes).base);
                let number = (!digits.is_empty()).then(|| self.boxes.number(digits));
                self.boxes.row(name.into_iter().chain(number))
            })
            .collect();
        self.boxes.list(&parts, Sign::Comma)
    }

    /// Whether the letters of elements are those of their layers, so that its number need not be said.
    fn letters_tell(&mut self, family: FamilyId, elements: &[Affine], scope: Scope) -> bool {
        let notation = self.notation;
        let Some(named) = notation.named(family) else {
            return false;
        };
        let letters = &notation.profile.layers.letters;
        let layers = &named.axis_layers;
        layers.iter().any(Option::is_some)
            && layers.len() == elements.len()
            && layers.iter().zip(elements).all(|(layer, element)| {
                let Some(letter) = layer.and_then(|layer| letters.get(layer)) else {
                    return layer.is_none();
                };
                let shown = element.as_var().map(|var| {
                    let own = self.letters.letter(scope, var);
                    own.unwrap_or_else(|| self.system.store.letter(var))
                });
                shown == Some(letter.as_str())
            })
    }

    /// The slots, each with its place.
    fn slots(&mut self, family: FamilyId, slots: &[Affine], scope: Scope) -> Vec<(Mark, MathId)> {
        let notation = self.notation;
        slots
            .iter()
            .enumerate()
            .map(|(at, slot)| (notation.mark(family, at), self.affine(slot, scope).id))
            .collect()
    }

    /// What stands above and below a symbol: `(k+1)`; behind what stands below it already.
    pub(super) fn marked<P: Iterator<Item = (Mark, MathId)>>(
        &mut self,
        below: Option<MathId>,
        parts: impl Fn() -> P,
    ) -> (Option<MathId>, Option<MathId>) {
        let at = |mark: Mark| {
            parts()
                .filter(move |part| part.0 == mark)
                .map(|part| part.1)
        };
        let mut above: SmallVec<[MathId; 4]> = SmallVec::new();
        for mark in [Mark::Superscript, Mark::Round, Mark::Square] {
            let own: SmallVec<[MathId; 4]> = at(mark).collect();
            if own.is_empty() {
                continue;
            }
            let list = self.boxes.list(&own, Sign::Comma);
            let fence = match mark {
                Mark::Superscript | Mark::Subscript | Mark::Behind => Fence::Group,
                Mark::Round => Fence::Round,
                Mark::Square => Fence::Slot,
            };
            above.push(self.boxes.fence(fence, false, list));
        }
        let lower: SmallVec<[MathId; 4]> = below.into_iter().chain(at(Mark::Subscript)).collect();
        let sup = (!above.is_empty()).then(|| self.boxes.row(above));
        let sub = (!lower.is_empty()).then(|| self.boxes.list(&lower, Sign::Comma));
        (sup, sub)
    }

    /// A symbol with its slots and elements.
    fn scripted(
        &mut self,
        base: MathId,
        below: Option<MathId>,
        (family, index): Element,
        part: Part,
        scope: Scope,
    ) -> Printed {
        let slots = self.system.family(family).slots.min(index.len());
        let (slots, elements) = index.split_at(slots);
        let lettered = part == Part::Element && self.letters_tell(family, elements, scope);
        let parts = SymbolParts {
            base,
            below,
            fixed: self.told_by(family, lettered),
            slots: self.slots(family, slots, scope),
            elements: self.subscript(None, elements, part, scope),
        };
        self.put_together(&parts)
    }

    /// The parts of a quantity's own symbol, at slots and elements that are printed already.
    pub(super) fn parts_of_symbol(
        &mut self,
        family: FamilyId,
        slots: &[MathId],
        elements: Option<MathId>,
        lettered: bool,
    ) -> SymbolParts {
        let notation = self.notation;
        let (base, below) = self.symbol(family, elements.is_none());
        SymbolParts {
            base,
            below,
            fixed: self.told_by(family, lettered),
            slots: slots
                .iter()
                .enumerate()
                .map(|(at, slot)| (notation.mark(family, at), *slot))
                .collect(),
            elements,
        }
    }

    /// A symbol in the font of arrays.
    fn bold(&mut self, symbol: MathId) -> MathId {
        let bolder = match self.boxes.get(symbol) {
            Math::Symbol(Symbol::Letter(letter)) => profile::bold(&letter.to_string()),
            Math::Symbol(Symbol::Greek(name)) => profile::bold(&format!(r"\{name}")),
            Math::Accent(accent, inner) => {
                let (accent, inner) = (*accent, *inner);
                let inner = self.bold(inner);
                return self.boxes.intern(Math::Accent(accent, inner));
            }
            Math::Spelled(pieces) => match &**pieces {
                [Piece::Latex(text)] => profile::bold(text),
                _ => None,
            },
            _ => None,
        };
        bolder.map_or(symbol, |latex| self.boxes.spelled(&latex))
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
        if self.system.is_total(family)
            && let Some(body) = self.system.family(family).clauses[0].body
        {
            let body = self.term(body, scope);
            return self.bracketed(body);
        }
        let (slots, elements) = index.split_at(self.system.family(family).slots.min(index.len()));
        if let Some(mut spelled) = self.spelled_slots(family, slots, scope) {
            if slots.is_empty() {
                spelled = self.spelled_symbol(family, spelled);
            }
            return self.with_elements(spelled, elements, part, scope);
        }
        let slots: Vec<MathId> = slots
            .iter()
            .map(|slot| self.affine(slot, scope).id)
            .collect();
        let lettered = part == Part::Element && self.letters_tell(family, elements, scope);
        let elements = self.subscript(None, elements, part, scope);
        let parts = self.parts_of_symbol(family, &slots, elements, lettered);
        self.symbol_in_parts(family, parts)
    }

    /// Whether a symbol is in the font of arrays.
    pub(super) fn is_bold(&self, family: FamilyId, whole: bool) -> bool {
        self.notation.profile.signs.bold && whole && self.system.family(family).axes > 0
    }

    /// The symbol of a quantity, and what stands below it already.
    fn symbol(&mut self, family: FamilyId, whole: bool) -> (MathId, Option<MathId>) {
        let NameBox { base, sub } = self.names.family(family);
        let bold = self.is_bold(family, whole);
        (if bold { self.bold(base) } else { base }, sub)
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
                let parts = [self.boxes.latex(above_turned), self.transpose_sign()];
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

    /// ∂of/∂wrt. Total derivatives by given quantities, one after the other, become one of higher order, and so do those
    /// by one quantity; all others stay fractions of fractions, because they are another thing.
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
        let notation = self.notation;
        let slots = self.system.family(wrt.0).slots.min(wrt.1.len());
        if total
            && let Some(template) = notation.derivative(
                self.system,
                of.0,
                wrt.0,
                &wrt.1[..slots],
                part == Part::Whole,
            )
        {
            return self.in_template(template, of, wrt, part, scope);
        }
        let mut by: Vec<Element> = vec![wrt];
        let mut of = of;
        while total
            && let FamilyKind::Adjoint { of: inner, wrt } = self.system.family(of.0).kind
            && (by
                .iter()
                .chain([&(wrt, &[][..])])
                .all(|(family, _)| self.is_given(*family))
                || (self.system.family(wrt).slots == 0
                    && by.iter().all(|(family, _)| *family == wrt)))
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

    /// A derivative as the profile writes it.
    fn in_template(
        &mut self,
        template: &Template,
        of: Element,
        wrt: Element,
        part: Part,
        scope: Scope,
    ) -> Printed {
        let whole = template.is_whole();
        let (head, parts) = template.parts();
        let mut pieces = vec![Piece::Latex(head.into())];
        let mut below = None;
        for (place, behind) in parts {
            let inside = match place {
                "<cost>" => self.part(of.0, of.1, part, scope).id,
                "<symbol>" => {
                    let (base, sub) = self.symbol(wrt.0, part == Part::Whole);
                    below = sub.filter(|_| !whole);
                    base
                }
                _ => self.part(wrt.0, wrt.1, part, scope).id,
            };
            pieces.extend([Piece::Math(inside), Piece::Latex(behind.into())]);
        }
        let base = self.boxes.intern(Math::Spelled(pieces.into_boxed_slice()));
        if whole {
            // What stands behind it would look as if it belonged to the cost.
            return Printed {
                open: true,
                tall: template.text().contains(r"\frac"),
                ..Printed::scripted(base)
            };
        }
        if !self.shortened.contains(&wrt.0) {
            self.shortened.push(wrt.0);
        }
        self.scripted(base, below, wrt, part, scope)
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
