//! Which name is what: letters, sizes and quantities share one namespace.

use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use super::describe::spell;
use super::mistakes;
use super::reference::Head;
use super::{Size, System};
use crate::source::{Diagnostic, Span};
use crate::syntax::{
    Binder, Expr, ExprKind, FunctionDefinition, Network, Range, Role, Set, StatementKind,
};
use crate::term::{FamilyId, SizeId};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Size(SizeId),
    Quantity(FamilyId),
}

/// The names of one network.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Sizes and quantities, each with the place that introduced it.
    pub(super) known: IndexMap<String, (Meaning, Span)>,
    /// Letters declared by `index`.
    pub(super) indices: FxHashMap<String, Span>,
    /// Letters that some `for` or `batch` introduces, with their different ranges.
    pub(super) ranges: FxHashMap<String, Vec<Range>>,
    /// Every name that is a letter somewhere.
    pub(super) letters: IndexMap<String, Span>,
    /// Roles named by the author.
    pub(super) roles: IndexMap<String, (Role, Span)>,
    /// Functions defined by the author.
    pub(super) functions: FxHashMap<String, &'a FunctionDefinition>,
    /// What the author writes in place of names, `z`, or `mu` for `\mu`: the program gives no such names.
    pub(super) spellings: FxHashSet<String>,
    /// Whether there is a `where` or an `index`: then inputs have to be declared.
    pub(super) closed: bool,
}

impl<'a> Names<'a> {
    /// Letters, functions and roles; quantities and sizes are added as they are found.
    pub(super) fn collect(network: &'a Network, problems: &mut Vec<Diagnostic>) -> Self {
        let mut names = Names::default();
        for statement in &network.statements {
            match &statement.kind {
                StatementKind::Index(letters) => {
                    names.closed = true;
                    for letter in letters {
                        names
                            .indices
                            .entry(letter.value.clone())
                            .or_insert(letter.span);
                        names.add_letter(&letter.value, letter.span, problems);
                    }
                }
                StatementKind::Where(_, ranges) => {
                    names.closed = true;
                    names.add_ranges(ranges, problems);
                }
                StatementKind::Role(role, items) => {
                    for item in items {
                        if let Some((low, high)) = &item.range {
                            let range = Range {
                                letter: item.name.clone(),
                                low: low.clone(),
                                high: high.clone(),
                            };
                            names.add_ranges(&[range], problems);
                        } else if let Some((_, before)) = names
                            .roles
                            .insert(item.name.value.clone(), (*role, item.name.span))
                        {
                            problems.push(mistakes::two_roles(
                                &item.name.value,
                                item.name.span,
                                before,
                            ));
                        }
                    }
                }
                StatementKind::Equation { right, ranges, .. } => {
                    names.add_ranges(ranges, problems);
                    names.add_binders(right, problems);
                }
                StatementKind::Loss { right, .. } => {
                    if let Some(right) = right {
                        names.add_binders(right, problems);
                    }
                }
                StatementKind::Function(function) => names.add_function(function, problems),
                StatementKind::Assume(_, ranges) => names.add_ranges(ranges, problems),
                StatementKind::Write { spelling, .. } => {
                    let symbol = spelling.value.trim().trim_start_matches('\\');
                    names.spellings.insert(symbol.to_owned());
                }
                StatementKind::Convention(_) | StatementKind::Question(_) => {}
            }
        }
        names
    }

    fn add_letter(&mut self, name: &str, span: Span, problems: &mut Vec<Diagnostic>) {
        if !self.letters.contains_key(name) {
            if is_reserved(name) {
                problems.push(mistakes::reserved(name, span));
            }
            self.letters.insert(name.to_owned(), span);
        }
    }

    fn add_ranges(&mut self, ranges: &[Range], problems: &mut Vec<Diagnostic>) {
        for range in ranges {
            self.add_letter(&range.letter.value, range.letter.span, problems);
            let known = self.ranges.entry(range.letter.value.clone()).or_default();
            if !known.iter().any(|other| same_range(other, range)) {
                known.push(range.clone());
            }
        }
    }

    fn add_binders(&mut self, expr: &Expr, problems: &mut Vec<Diagnostic>) {
        visit(expr, &mut |expr| {
            if let ExprKind::Reduce { binder, .. } = &expr.kind {
                for part in binder {
                    if let Binder::Range(range) = part {
                        self.add_letter(&range.letter.value, range.letter.span, problems);
                    }
                }
            }
        });
    }

    fn add_function(&mut self, function: &'a FunctionDefinition, problems: &mut Vec<Diagnostic>) {
        let name = &function.name;
        if is_reserved(&name.value) {
            problems.push(mistakes::reserved(&name.value, name.span));
        } else if let Some(before) = self.functions.insert(name.value.clone(), function) {
            problems.push(mistakes::defined_twice(
                &name.value,
                name.span,
                before.name.span,
            ));
        }
    }

    /// The base and letters of `x_ij`, if all letters behind the last `_` are declared by `index`.
    pub(super) fn split<'n>(&self, name: &'n str) -> Option<(&'n str, Vec<&'n str>)> {
        let (base, rest) = name.rsplit_once('_')?;
        if base.is_empty() || rest.is_empty() {
            return None;
        }
        if self.indices.contains_key(rest) {
            return Some((base, vec![rest]));
        }
        let letters = self.letters_of(rest)?;
        Some((base, letters))
    }

    /// `ij` as the letters i, j, if each is declared by `index`.
    pub(super) fn letters_of<'n>(&self, text: &'n str) -> Option<Vec<&'n str>> {
        let letters: Vec<&str> = text
            .char_indices()
            .map(|(at, c)| &text[at..at + c.len_utf8()])
            .collect();
        letters
            .iter()
            .all(|letter| self.indices.contains_key(*letter))
            .then_some(letters)
    }

    /// The quantity of a name.
    pub(super) fn quantity(&self, name: &str) -> Option<FamilyId> {
        match self.known.get(name) {
            Some((Meaning::Quantity(family), _)) => Some(*family),
            Some((Meaning::Size(_), _)) | None => None,
        }
    }

    /// Enters a quantity; complains if the name means something else already.
    pub(super) fn enter(
        &mut self,
        name: &str,
        span: Span,
        family: FamilyId,
        problems: &mut Vec<Diagnostic>,
    ) {
        if is_reserved(name) {
            problems.push(mistakes::reserved(name, span));
        } else if let Some(function) = self.functions.get(name) {
            problems.push(mistakes::two_meanings(
                name,
                span,
                "a quantity",
                function.name.span,
                "a function",
            ));
        } else if let Some(letter) = self.letters.get(name) {
            problems.push(mistakes::two_meanings(
                name,
                span,
                "a quantity",
                *letter,
                "an index",
            ));
        }
        self.known
            .insert(name.to_owned(), (Meaning::Quantity(family), span));
    }

    /// Enters every size that stands in a shape or a bound.
    pub(super) fn enter_sizes(
        &mut self,
        expr: &Expr,
        system: &mut System,
        problems: &mut Vec<Diagnostic>,
    ) {
        match &expr.kind {
            ExprKind::Name(name) => self.enter_size(name, &[], expr.span, system, problems),
            ExprKind::Slots(base, slots) => {
                if let ExprKind::Name(name) = &base.kind {
                    self.enter_size(name, slots, base.span, system, problems);
                }
                for slot in slots {
                    self.enter_sizes(slot, system, problems);
                }
            }
            ExprKind::Elements(_, elements) => {
                for element in elements {
                    self.enter_sizes(element, system, problems);
                }
            }
            ExprKind::Negative(inner) => self.enter_sizes(inner, system, problems),
            ExprKind::Sum(terms) => {
                for (_, term) in terms {
                    self.enter_sizes(term, system, problems);
                }
            }
            ExprKind::Product(first, factors) => {
                self.enter_sizes(first, system, problems);
                for (_, factor) in factors {
                    self.enter_sizes(factor, system, problems);
                }
            }
            // Anything else is refused where it is read as an index expression.
            ExprKind::Number(_)
            | ExprKind::Call { .. }
            | ExprKind::Power { .. }
            | ExprKind::Transpose(_)
            | ExprKind::Reduce { .. }
            | ExprKind::Cases(_)
            | ExprKind::Slice(_)
            | ExprKind::Derivative(..) => {}
        }
    }

    fn enter_size(
        &mut self,
        name: &str,
        slots: &[Expr],
        span: Span,
        system: &mut System,
        problems: &mut Vec<Diagnostic>,
    ) {
        if self.letters.contains_key(name) && slots.is_empty() {
            return;
        }
        match self.known.get(name) {
            Some((Meaning::Size(size), before)) => {
                let declared = system.size(*size).slots;
                if declared != slots.len() {
                    problems.push(mistakes::slots_differ(
                        name,
                        span,
                        slots.len(),
                        *before,
                        declared,
                    ));
                }
                return;
            }
            Some((Meaning::Quantity(family), before)) => {
                if system.family(*family).integers.is_none() {
                    problems.push(mistakes::two_meanings(
                        name,
                        span,
                        "a size",
                        *before,
                        "a quantity",
                    ));
                }
                return;
            }
            None => {}
        }
        if let Some(letter) = self.letters.get(name) {
            problems.push(mistakes::two_meanings(
                name, span, "a size", *letter, "an index",
            ));
            return;
        }
        if is_reserved(name) {
            problems.push(mistakes::reserved(name, span));
            return;
        }
        system.sizes.push(Size {
            name: name.to_owned(),
            slots: slots.len(),
        });
        let size = SizeId(u32::try_from(system.sizes.len() - 1).expect("fewer than 2³² sizes"));
        self.known
            .insert(name.to_owned(), (Meaning::Size(size), span));
    }

    /// Sizes of every range and shape of the network.
    pub(super) fn enter_all_sizes(
        &mut self,
        network: &Network,
        system: &mut System,
        problems: &mut Vec<Diagnostic>,
    ) {
        for statement in &network.statements {
            let ranges: &[Range] = match &statement.kind {
                StatementKind::Where(declarations, ranges) => {
                    for declaration in declarations {
                        match &declaration.set {
                            Set::Real(axes) => {
                                for axis in axes {
                                    self.enter_sizes(axis, system, problems);
                                }
                            }
                            Set::Integers(low, high) => {
                                self.enter_sizes(low, system, problems);
                                self.enter_sizes(high, system, problems);
                            }
                        }
                    }
                    ranges
                }
                StatementKind::Role(_, items) => {
                    for (low, high) in items.iter().filter_map(|item| item.range.as_ref()) {
                        self.enter_sizes(low, system, problems);
                        self.enter_sizes(high, system, problems);
                    }
                    &[]
                }
                StatementKind::Equation { right, ranges, .. } => {
                    self.enter_binder_sizes(right, system, problems);
                    ranges
                }
                StatementKind::Loss { right, .. } => {
                    if let Some(right) = right {
                        self.enter_binder_sizes(right, system, problems);
                    }
                    &[]
                }
                StatementKind::Assume(_, ranges) => ranges,
                StatementKind::Index(_)
                | StatementKind::Function(_)
                | StatementKind::Write { .. }
                | StatementKind::Convention(_)
                | StatementKind::Question(_) => &[],
            };
            for range in ranges {
                self.enter_sizes(&range.low, system, problems);
                self.enter_sizes(&range.high, system, problems);
            }
        }
    }

    fn enter_binder_sizes(
        &mut self,
        expr: &Expr,
        system: &mut System,
        problems: &mut Vec<Diagnostic>,
    ) {
        visit(expr, &mut |expr| {
            if let ExprKind::Reduce { binder, .. } = &expr.kind {
                for part in binder {
                    if let Binder::Range(range) = part {
                        self.enter_sizes(&range.low, system, problems);
                        self.enter_sizes(&range.high, system, problems);
                    }
                }
            }
        });
    }

    /// Names that `name` may have been meant to be.
    pub(super) fn candidates(&self) -> Vec<&str> {
        self.known.keys().map(String::as_str).collect()
    }

    /// Complains of `a_bc` that could also be the element of a declared `a`.
    pub(super) fn refuse_double_readings(&self, problems: &mut Vec<Diagnostic>) {
        for (name, (_, span)) in &self.known {
            if let Some((base, letters)) = self.split(name)
                && let Some((_, base_span)) = self.known.get(base)
            {
                problems.push(mistakes::two_readings(
                    name, *span, base, &letters, *base_span,
                ));
            }
        }
    }
}

/// The name of a left side with its slots, if it is one.
pub(super) fn head_text(head: &Head) -> String {
    super::describe::slotted(
        &head.name,
        &head.slots.iter().map(spell).collect::<Vec<_>>(),
    )
}

/// Whether two ranges of the same letter are written alike.
pub(super) fn same_range(left: &Range, right: &Range) -> bool {
    spell(&left.low) == spell(&right.low) && spell(&left.high) == spell(&right.high)
}

/// Whether nothing else may be called so.
pub(super) fn is_reserved(name: &str) -> bool {
    name == "pi"
        || crate::functions::row(name).is_some()
        || super::functions::is_array_function(name)
}

/// The letters that sums and their like in an expression bind by name.
pub(super) fn bound_letters(expr: &Expr) -> Vec<String> {
    let mut bound = Vec::new();
    visit(expr, &mut |expr| {
        if let ExprKind::Reduce { binder, .. } = &expr.kind {
            for part in binder {
                match part {
                    Binder::Letter(name) => bound.push(name.value.clone()),
                    Binder::Range(range) => bound.push(range.letter.value.clone()),
                    Binder::Condition(_) => {}
                }
            }
        }
    });
    bound
}

/// Every expression below `expr`, itself first.
pub(super) fn visit(expr: &Expr, look: &mut impl FnMut(&Expr)) {
    let mut stack: SmallVec<[&Expr; 8]> = smallvec![expr];
    while let Some(expr) = stack.pop() {
        look(expr);
        let from = stack.len();
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::Name(_) => {}
            ExprKind::Slots(base, items) | ExprKind::Elements(base, items) => {
                stack.push(base);
                stack.extend(items);
            }
            ExprKind::Call {
                arguments, extra, ..
            } => stack.extend(arguments.iter().chain(extra)),
            ExprKind::Negative(inner) | ExprKind::Transpose(inner) => stack.push(inner),
            ExprKind::Sum(terms) => stack.extend(terms.iter().map(|(_, term)| term)),
            ExprKind::Product(first, factors) => {
                stack.push(first);
                stack.extend(factors.iter().map(|(_, factor)| factor));
            }
            ExprKind::Power { base, exponent, .. } => stack.extend([&**base, &**exponent]),
            ExprKind::Reduce { binder, body, .. } => {
                for part in binder {
                    match part {
                        Binder::Letter(_) => {}
                        Binder::Range(range) => stack.extend([&range.low, &range.high]),
                        Binder::Condition(condition) => {
                            stack.extend([&condition.left, &condition.right]);
                        }
                    }
                }
                stack.push(body);
            }
            ExprKind::Cases(branches) => {
                for (value, conditions) in branches {
                    stack.push(value);
                    for condition in conditions.iter().flatten() {
                        stack.extend([&condition.left, &condition.right]);
                    }
                }
            }
            ExprKind::Slice(bounds) => {
                if let Some(bounds) = bounds {
                    stack.extend([&bounds.0, &bounds.1]);
                }
            }
            ExprKind::Derivative(of, by) => stack.extend([&**of, &**by]),
        }
        stack[from..].reverse();
    }
}
