//! From the tree of a network text to a system: every name resolved, every range checked.

use rustc_hash::{FxHashMap, FxHashSet};

use super::mistakes;
use super::names::Names;
use super::pieces::ClauseIndex;
use super::ranges::{Draft, Inferred, Piece};
use super::reference::Head;
use super::scope::{Letter, Origin, Scope};
use super::shapes::{self, ShapePiece};
use super::taken_out::Taken;
use super::{Family, FamilyKind, FamilyRole, System};
use crate::array;
use crate::source::{Diagnostic, Report, Span};
use crate::syntax::{
    Declaration, Expr, ExprKind, Network, Range, Role, Set, StatementKind, with_stack_for,
};
use crate::term::{Affine, Atom, Domain, FamilyId, TermId, VarId};

/// Everything that is known while a network is lowered.
#[derive(Debug, Default)]
pub(super) struct Lowering<'a> {
    pub(super) system: System,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) names: Names<'a>,
    /// Declared shapes, by family.
    pub(super) declared: FxHashMap<FamilyId, Vec<Piece>>,
    /// Equations in written order, their left sides read.
    pub(super) drafts: Vec<Draft>,
    /// The equation that is being read, a key of `spans`.
    pub(super) current: usize,
    /// Where each access of each equation is written.
    pub(super) spans: FxHashMap<(usize, TermId), Span>,
    /// Letters of reductions whose range is taken from the places where they stand alone.
    pub(super) inferred: Inferred,
    /// Inputs that nobody declared: they exist at the slots that are read.
    pub(super) implicit: FxHashSet<FamilyId>,
    /// Whether all quantities are known: an unknown name is then an error in every network.
    pub(super) introductions_over: bool,
    /// The clauses of families that were asked for, found by their constant indices.
    pub(super) asked: ClauseIndex,
    /// How many reductions were read.
    pub(super) reductions: usize,
    /// Shapes of families, as far as they are known before the equations are read.
    pub(super) pieces: FxHashMap<FamilyId, Vec<ShapePiece>>,
    /// How many equations of a quantity still lack a shape, while shapes are found.
    pub(super) half_known: FxHashMap<FamilyId, usize>,
    /// Shapes of which a size is not known, while shapes are found.
    pub(super) kinds: FxHashMap<FamilyId, Vec<ShapePiece>>,
    /// Equations of arguments that became quantities of their own.
    pub(super) named: Vec<Draft>,
    /// Those equations' families, by what they say with the letters of slots at general ones.
    pub(super) taken: FxHashMap<Taken, FamilyId>,
    /// Letters that stand for those of any equation.
    pub(super) general: Vec<VarId>,
    /// The right side of the equation that is being read.
    pub(super) right_side: Option<Span>,
    /// Functions whose bodies are being read, innermost last.
    pub(super) open_functions: Vec<String>,
}

/// A network with every name resolved, every index bound and every access inside its range.
///
/// # Errors
/// All mistakes that could be found, each with its place in the text.
pub fn lower(network: &Network) -> Result<System, Report> {
    let mut lowering = Lowering::default();
    // Deep formulas are walked by recursion in several places; their depth is bounded by the reader.
    with_stack_for(network, || lowering.run(network));
    let Lowering {
        system,
        mut problems,
        ..
    } = lowering;
    // One complaint for each place: later ones are echoes of the first.
    let mut places: FxHashSet<Option<Span>> = FxHashSet::default();
    problems.retain(|problem| places.insert(problem.labels.first().map(|label| label.span)));
    Report::unless_empty(problems)?;
    Ok(system)
}

impl<'a> Lowering<'a> {
    fn run(&mut self, network: &'a Network) {
        self.names = Names::collect(network, &mut self.problems);
        self.declare_quantities(network);
        self.names
            .enter_all_sizes(network, &mut self.system, &mut self.problems);
        self.names.refuse_double_readings(&mut self.problems);
        if self.keep_first_of_two_meanings() {
            return;
        }
        self.read_functions(network);
        self.declare_shapes(network);
        self.assume_sizes(network);
        self.find_shapes(network);
        self.read_equations(network);
        self.drafts.append(&mut self.named);
        self.introductions_over = true;
        if !self.problems.is_empty() {
            // What follows rests on the equations; its complaints would be echoes.
            self.check_undeclared();
            return;
        }
        self.find_ranges();
        self.finish_clauses();
        self.finish_matrix_functions();
        self.check_undeclared();
        if !self.problems.is_empty() {
            return;
        }
        self.check_definitions();
        self.read_assumptions(network);
        self.infer_roles();
        self.read_questions(network);
        self.read_spellings(network);
        self.read_convention(network);
        self.warn_of_unused();
    }

    /// One complaint for each name with two meanings, if there are any: nothing can be said of what uses it.
    fn keep_first_of_two_meanings(&mut self) -> bool {
        let mut seen: FxHashSet<String> = FxHashSet::default();
        let mut found = false;
        self.problems.retain(|problem| {
            let double = problem.code == mistakes::TWO_MEANINGS;
            found |= double;
            !double || seen.insert(problem.message.clone())
        });
        found
    }

    /// Families of `where`, of left sides and of the loss.
    fn declare_quantities(&mut self, network: &'a Network) {
        for statement in &network.statements {
            if let StatementKind::Where(declarations, _) = &statement.kind {
                for declaration in declarations {
                    self.declare_quantity(declaration);
                }
            }
        }
        for statement in &network.statements {
            match &statement.kind {
                StatementKind::Equation { left, .. } => {
                    if let Some(head) = self.left_side(left) {
                        self.define_quantity(&head, FamilyKind::Defined);
                    }
                }
                StatementKind::Loss { name, right, .. } => {
                    if let Some(before) = self.system.loss {
                        let span = self.system.family(before).span;
                        self.problems.push(mistakes::two_losses(name.span, span));
                        continue;
                    }
                    if let Some((_, before)) = self.names.known.get(&name.value) {
                        self.problems.push(mistakes::defined_twice(
                            &name.value,
                            name.span,
                            *before,
                        ));
                        continue;
                    }
                    let kind = if right.is_some() {
                        FamilyKind::Defined
                    } else {
                        FamilyKind::OpaqueLoss(Vec::new())
                    };
                    let loss = self.add_family(&name.value, name.span, 0, 0, kind);
                    self.system.families[loss.0 as usize].role = Some(FamilyRole::Loss);
                    self.system.loss = Some(loss);
                }
                StatementKind::Index(_)
                | StatementKind::Where(..)
                | StatementKind::Role(..)
                | StatementKind::Function(_)
                | StatementKind::Assume(..)
                | StatementKind::Write { .. }
                | StatementKind::Convention(_)
                | StatementKind::Question(_) => {}
            }
        }
        for (name, (role, span)) in &self.names.roles {
            let Some(family) = self.names.quantity(name) else {
                continue;
            };
            let family = &mut self.system.families[family.0 as usize];
            if family.kind != FamilyKind::Input {
                self.problems
                    .push(mistakes::role_of_defined(name, *span, family.span));
            }
            family.role = FamilyRole::declared(*role);
        }
    }

    fn declare_quantity(&mut self, declaration: &Declaration) {
        let name = &declaration.name;
        let axes = match &declaration.set {
            Set::Real(axes) => axes.len(),
            Set::Integers(..) => 0,
        };
        let slots = declaration.slots.len();
        if let Some((_, before)) = self.names.known.get(&name.value) {
            let before = *before;
            let Some(family) = self.names.quantity(&name.value) else {
                return;
            };
            let known = self.system.family(family);
            if slots == 0 && known.slots == 0 {
                self.problems
                    .push(mistakes::declared_twice(&name.value, name.span, before));
            } else if known.slots != slots {
                self.problems.push(mistakes::slots_differ(
                    &name.value,
                    name.span,
                    slots,
                    before,
                    known.slots,
                ));
            } else if known.axes != axes {
                self.problems.push(mistakes::axes_differ(
                    &name.value,
                    declaration.span,
                    axes,
                    before,
                    known.axes,
                ));
            }
            return;
        }
        let family = self.add_family(&name.value, name.span, slots, axes, FamilyKind::Input);
        if let Set::Integers(..) = &declaration.set {
            // The bounds are read once all sizes are known.
            self.system.families[family.0 as usize].integers =
                Some((Affine::int(0), Affine::int(0)));
        }
    }

    fn define_quantity(&mut self, head: &Head, kind: FamilyKind) {
        let (slots, axes) = (head.slots.len(), head.elements.len());
        let Some((_, before)) = self.names.known.get(&head.name) else {
            self.add_family(&head.name, head.name_span, slots, axes, kind);
            return;
        };
        let before = *before;
        let Some(id) = self.names.quantity(&head.name) else {
            return;
        };
        let declared_axes = self.system.family(id).axes;
        let family = &mut self.system.families[id.0 as usize];
        if family.slots != slots {
            self.problems.push(mistakes::slots_differ(
                &head.name,
                head.span,
                slots,
                before,
                family.slots,
            ));
        } else if declared_axes == 0 && family.kind == FamilyKind::Defined {
            // Its other equation is one of whole arrays.
            family.axes = axes;
        } else if axes != 0 && declared_axes != axes {
            self.problems.push(mistakes::axes_differ(
                &head.name,
                head.span,
                axes,
                before,
                declared_axes,
            ));
        } else if family.integers.is_some() {
            self.problems
                .push(mistakes::integer_defined(&head.name, head.span, before));
        } else {
            family.kind = kind;
        }
    }

    pub(super) fn add_family(
        &mut self,
        name: &str,
        span: Span,
        slots: usize,
        axes: usize,
        kind: FamilyKind,
    ) -> FamilyId {
        let role = self
            .names
            .roles
            .get(name)
            .filter(|_| kind == FamilyKind::Input)
            .and_then(|(role, _)| FamilyRole::declared(*role));
        let id = self.system.add_family(Family {
            name: name.to_owned(),
            slots,
            axes,
            kind,
            role,
            clauses: Vec::new(),
            integers: None,
            span: Some(span),
        });
        self.names.enter(name, span, id, &mut self.problems);
        id
    }

    fn left_side(&self, left: &Expr) -> Option<Head> {
        self.names.reference(left)
    }

    /// Shapes and value ranges of `where`.
    fn declare_shapes(&mut self, network: &Network) {
        let statements = &network.statements;
        let mut at = 0;
        while at < statements.len() {
            let from = at;
            let mut block: Vec<Range> = Vec::new();
            while let Some(StatementKind::Where(_, ranges)) =
                statements.get(at).map(|statement| &statement.kind)
            {
                block.extend(ranges.iter().cloned());
                at += 1;
            }
            for statement in &statements[from..at] {
                if let StatementKind::Where(declarations, ranges) = &statement.kind {
                    for declaration in declarations {
                        self.declare_shape(declaration, ranges, &block);
                    }
                }
            }
            at = at.max(from + 1);
        }
    }

    fn declare_shape(&mut self, declaration: &Declaration, own: &[Range], block: &[Range]) {
        let Some(family) = self.names.quantity(&declaration.name.value) else {
            return;
        };
        let Some((scope, vars, slots, domain)) = self.slot_letters(&declaration.slots, own, block)
        else {
            return;
        };
        let sizes: Option<Vec<Affine>> = match &declaration.set {
            Set::Real(axes) => axes.iter().map(|axis| self.affine(axis, &scope)).collect(),
            Set::Integers(low, high) => {
                let bounds = (self.affine(low, &scope), self.affine(high, &scope));
                if let (Some(low), Some(high)) = bounds {
                    let mut depends = false;
                    low.visit_vars(&mut |_| depends = true);
                    high.visit_vars(&mut |_| depends = true);
                    if depends {
                        self.problems
                            .push(mistakes::integer_bounds_vary(declaration.span));
                    }
                    self.system
                        .ambient
                        .reads
                        .insert(family, (low.clone(), high.clone()));
                    self.system.families[family.0 as usize].integers = Some((low, high));
                }
                Some(Vec::new())
            }
        };
        let Some(sizes) = sizes else {
            return;
        };
        self.declared.entry(family).or_default().push(Piece {
            vars,
            slots,
            domain,
            sizes: sizes.into_iter().map(Some).collect(),
            span: declaration.span,
        });
    }

    /// The letters of slots as written on a left side or in a declaration: scope, letters in order,
    /// slot expressions, and the letters' values.
    #[allow(
        clippy::type_complexity,
        reason = "four plain parts, taken apart at once"
    )]
    pub(super) fn slot_letters(
        &mut self,
        slots: &[Expr],
        own: &[Range],
        block: &[Range],
    ) -> Option<(Scope, Vec<crate::term::VarId>, Vec<Affine>, Domain)> {
        let mut scope = Scope::default();
        let mut ranges = Vec::new();
        let mut sound = true;
        for slot in slots {
            super::names::visit(slot, &mut |expr| {
                let ExprKind::Name(name) = &expr.kind else {
                    return;
                };
                if scope.find(name).is_some() || self.names.known.contains_key(name) {
                    return;
                }
                match self.range_of(name, expr.span, own, block) {
                    Some(Some(range)) => {
                        let var = self.system.store.fresh_var(name);
                        scope.push(Letter {
                            name: name.clone(),
                            var,
                            origin: Origin::Left,
                            span: expr.span,
                        });
                        ranges.push(range);
                    }
                    // Not a letter: read below as part of an index expression, and refused there.
                    Some(None) => {}
                    None => sound = false,
                }
            });
        }
        if !sound {
            return None;
        }
        let mut domain = Domain::everything();
        let mut complete = true;
        for (at, range) in ranges.iter().enumerate() {
            let value = Affine::var(scope.letters()[at].var);
            match (
                self.affine(&range.low, &scope),
                self.affine(&range.high, &scope),
            ) {
                (Some(low), Some(high)) => {
                    domain = domain.and(&Domain::between(&low, &value, &high));
                }
                _ => complete = false,
            }
        }
        let mut vars = Vec::new();
        let mut values = Vec::with_capacity(slots.len());
        for slot in slots {
            let value = self.affine(slot, &scope)?;
            let mut inside = Vec::new();
            value.visit_vars(&mut |var| inside.push(var));
            let plain = match inside.as_slice() {
                [] => true,
                [var] => value.minus(&Affine::var(*var)).is_constant() && !vars.contains(var),
                _ => false,
            };
            if !plain {
                self.problems.push(mistakes::left_index(slot.span));
                return None;
            }
            vars.extend(inside);
            values.push(value);
        }
        complete.then_some((scope, vars, values, domain))
    }

    /// The range of a slot letter. `None`: refused; `Some(None)`: not a slot letter at all.
    #[allow(clippy::option_option, reason = "refused and unknown are different")]
    fn range_of(
        &mut self,
        name: &str,
        span: Span,
        own: &[Range],
        block: &[Range],
    ) -> Option<Option<Range>> {
        if let Some(range) = own.iter().rev().find(|range| range.letter.value == name) {
            return Some(Some(range.clone()));
        }
        let mut choices: Vec<Range> = Vec::new();
        for range in block.iter().filter(|range| range.letter.value == name) {
            if !choices
                .iter()
                .any(|other| super::names::same_range(other, range))
            {
                choices.push(range.clone());
            }
        }
        if choices.is_empty() {
            choices = self.names.ranges.get(name).cloned().unwrap_or_default();
        }
        match choices.as_slice() {
            [] if self.names.letters.contains_key(name) => {
                self.problems.push(mistakes::no_range(name, span));
                None
            }
            [] => Some(None),
            [only] => Some(Some(only.clone())),
            [first, second, ..] => {
                self.problems
                    .push(mistakes::several_ranges(name, span, first, second));
                None
            }
        }
    }

    fn read_equations(&mut self, network: &Network) {
        for statement in &network.statements {
            match &statement.kind {
                StatementKind::Equation {
                    left,
                    right,
                    ranges,
                } => self.read_equation(left, right, ranges, statement.span),
                StatementKind::Loss {
                    name,
                    arguments,
                    right,
                } => {
                    let Some(loss) = self.names.quantity(&name.value) else {
                        continue;
                    };
                    let draft = Draft::new(loss, name.span, statement.span);
                    self.current = self.drafts.len();
                    match right {
                        Some(right) => {
                            let body = self.term(right, &mut Scope::default());
                            self.drafts.push(Draft { body, ..draft });
                        }
                        None => {
                            self.drafts.push(draft);
                            self.read_opaque_loss(loss, arguments);
                        }
                    }
                }
                StatementKind::Index(_)
                | StatementKind::Where(..)
                | StatementKind::Role(..)
                | StatementKind::Function(_)
                | StatementKind::Assume(..)
                | StatementKind::Write { .. }
                | StatementKind::Convention(_)
                | StatementKind::Question(_) => {}
            }
        }
    }

    fn read_equation(&mut self, left: &Expr, right: &Expr, own: &[Range], span: Span) {
        let Some(head) = self.names.reference(left) else {
            self.problems.push(mistakes::left_side(left.span));
            return;
        };
        let Some(family) = self.names.quantity(&head.name) else {
            // The name is a size, a letter or a function.
            if let Some((_, before)) = self.names.known.get(&head.name) {
                self.problems.push(mistakes::two_meanings(
                    &head.name,
                    head.name_span,
                    "a quantity",
                    *before,
                    "a size",
                ));
            }
            return;
        };
        let known = self.system.family(family);
        if known.slots != head.slots.len() {
            return;
        }
        if known.axes > 0 && head.elements.is_empty() {
            self.read_array_equation(&head, family, right, own, span);
            return;
        }
        if known.axes != head.elements.len() {
            return;
        }
        let Some((mut scope, mut vars, slots, mut domain)) =
            self.slot_letters(&head.slots, own, &[])
        else {
            return;
        };
        let slot_vars = vars.len();
        let mut ranged = Vec::with_capacity(head.elements.len());
        for element in &head.elements {
            let ExprKind::Name(name) = &element.kind else {
                self.problems.push(mistakes::left_index(element.span));
                return;
            };
            let range = own.iter().rev().find(|range| range.letter.value == *name);
            if range.is_none() && !self.names.indices.contains_key(name) {
                self.problems.push(if self.names.known.contains_key(name) {
                    mistakes::left_index(element.span)
                } else {
                    mistakes::undeclared_index(name, element.span)
                });
                return;
            }
            if let Some(letter) = scope.find(name) {
                self.problems
                    .push(mistakes::left_letter_twice(name, element.span, letter.span));
                return;
            }
            let var = self.system.store.fresh_var(name);
            scope.push(Letter {
                name: name.clone(),
                var,
                origin: Origin::Left,
                span: element.span,
            });
            vars.push(var);
            let bounds = match range {
                Some(range) => {
                    match (
                        self.affine(&range.low, &scope),
                        self.affine(&range.high, &scope),
                    ) {
                        (Some(low), Some(high)) => Some((low, high)),
                        _ => return,
                    }
                }
                None => None,
            };
            if let Some((low, high)) = &bounds {
                domain = domain.and(&Domain::between(low, &Affine::var(var), high));
            }
            ranged.push(bounds);
        }
        self.current = self.drafts.len();
        scope.context = domain.clone();
        let body = self.term(right, &mut scope);
        self.drafts.push(Draft {
            vars,
            slot_vars,
            slots,
            sizes: ranged
                .iter()
                .map(|bounds| {
                    bounds
                        .as_ref()
                        .filter(|(low, _)| *low == Affine::int(1))
                        .map(|(_, high)| high.clone())
                })
                .collect(),
            ranged: ranged.iter().map(Option::is_some).collect(),
            domain,
            body,
            ..Draft::new(family, head.span, span)
        });
    }

    /// `h = relu(W x + b)`: an equation for each entry, at letters of its own.
    fn read_array_equation(
        &mut self,
        head: &Head,
        family: FamilyId,
        right: &Expr,
        own: &[Range],
        span: Span,
    ) {
        let Some((mut scope, mut vars, slots, domain)) = self.slot_letters(&head.slots, own, &[])
        else {
            return;
        };
        self.current = self.drafts.len();
        scope.context = domain.clone();
        self.right_side = Some(right.span);
        let array = self.array(right, &mut scope);
        self.right_side = None;
        let Some(array) = array else {
            return;
        };
        let text = super::names::head_text(head);
        if self.system.family(family).axes > 2 {
            let axes = self.system.family(family).axes;
            self.problems
                .push(mistakes::more_than_two_axes(&text, head.span, axes));
            return;
        }
        let Some(shape) = self.shape_at(family, &slots, &domain, head.span) else {
            return;
        };
        // `h[0] = 0`: each entry is.
        let array = if shapes::is_zero(right) {
            array::filled(&mut self.system.store, shape.clone(), array.entry)
        } else {
            array
        };
        if !shapes::agree(&self.system, &domain, &shape, &array.shape) {
            let transposed =
                shapes::agree(&self.system, &domain, &shape, &array.shape.transposed());
            let (left, found) = (self.shape_text(&shape), self.shape_text(&array.shape));
            self.problems.push(mistakes::sides_differ(
                (head.span, &left),
                (right.span, &found),
                &text,
                transposed,
                self.system.family(family).span,
            ));
            return;
        }
        let slot_vars = vars.len();
        vars.extend(&array.letters);
        self.drafts.push(Draft {
            vars,
            slot_vars,
            slots,
            sizes: shape.sizes().into_iter().cloned().map(Some).collect(),
            ranged: vec![false; array.letters.len()],
            domain,
            body: Some(array.entry),
            ..Draft::new(family, head.span, span)
        });
    }

    fn read_opaque_loss(&mut self, loss: FamilyId, arguments: &[Expr]) {
        let mut reads = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let Some(head) = self.names.reference(argument) else {
                self.problems.push(mistakes::opaque_argument(argument.span));
                continue;
            };
            if !head.elements.is_empty() {
                self.problems.push(mistakes::opaque_argument(argument.span));
                continue;
            }
            let Some(family) = self.family_of(&head) else {
                continue;
            };
            let scope = Scope::default();
            let slots: Option<Vec<Affine>> = head
                .slots
                .iter()
                .map(|slot| self.affine(slot, &scope))
                .collect();
            if let Some(slots) = slots {
                reads.push((family, slots.into_boxed_slice()));
            }
        }
        self.system.families[loss.0 as usize].kind = FamilyKind::OpaqueLoss(reads);
    }

    fn read_convention(&mut self, network: &Network) {
        let mut before: Option<Span> = None;
        for statement in &network.statements {
            if let StatementKind::Convention(value) = &statement.kind {
                if let Some(before) = before {
                    self.problems
                        .push(mistakes::two_conventions(value.span, before));
                }
                before = Some(value.span);
                self.system.step_at_zero = Some(value.value);
            }
        }
    }

    /// Roles for quantities that nothing else mentions, names run together, names close to functions.
    fn check_undeclared(&mut self) {
        let mut unknown: Vec<(&String, &(Role, Span))> = self
            .names
            .roles
            .iter()
            .filter(|(name, _)| self.names.quantity(name).is_none())
            .collect();
        unknown.sort_by_key(|(_, (_, span))| *span);
        for (name, (_, span)) in unknown {
            let candidates = self.names.candidates();
            self.problems.push(mistakes::unknown_name(
                name,
                *span,
                &candidates,
                self.names.closed,
            ));
        }
        if self.names.closed {
            return;
        }
        let known = Parts::new(&self.names.candidates());
        for family in &self.system.families {
            if family.kind == FamilyKind::Input
                && !is_greek(&family.name)
                && !self.names.roles.contains_key(&family.name)
                && let Some(span) = family.span
                && let Some(parts) = known.of(&family.name)
            {
                self.problems
                    .push(mistakes::run_together(&family.name, span, &parts));
            }
        }
    }
}

/// Names that a longer one may be run together from.
pub(super) struct Parts<'a> {
    names: FxHashSet<&'a str>,
    longest: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn new(names: &[&'a str]) -> Self {
        Self {
            names: names.iter().copied().collect(),
            longest: names.iter().map(|name| name.len()).max().unwrap_or(0),
        }
    }

    /// The other names that `name` consists of, if it does.
    pub(super) fn of(&self, name: &str) -> Option<Vec<String>> {
        // For each prefix that can be put together the start of its last part.
        let mut from: Vec<Option<usize>> = vec![None; name.len() + 1];
        for end in 1..=name.len() {
            from[end] = (end.saturating_sub(self.longest)..end).find(|start| {
                (*start == 0 || from[*start].is_some())
                    && (*start, end) != (0, name.len())
                    && name
                        .get(*start..end)
                        .is_some_and(|part| self.names.contains(part))
            });
        }
        let mut parts = Vec::new();
        let mut end = name.len();
        while end > 0 {
            let start = from[end]?;
            parts.push(name[start..end].to_owned());
            end = start;
        }
        parts.reverse();
        Some(parts)
    }
}

/// The names of Greek letters, which are never names run together.
pub(super) fn is_greek(name: &str) -> bool {
    let lower = name.to_lowercase();
    // pi is the constant; omicron is written o in LaTeX.
    lower == "omicron" || lower != "pi" && crate::syntax::greek_command(&lower).is_some()
}

/// An access to an integer-valued family as an index.
pub(super) fn read(family: FamilyId, index: Vec<Affine>) -> Affine {
    Affine::atom(Atom::Read(family, index.into_boxed_slice()))
}
