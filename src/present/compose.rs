//! From formulas to a document.

use num_traits::One;

use super::conditions::{Ranges, Span};
use super::document::{Confirmed, Definition, Document, Entry, Gradient, Inline, Prose, StepRow};
use super::labels;
use super::letters::Scope;
use super::lines::Lines;
use super::macros::Macros;
use super::math::{Fence, Math, MathId, Sign, Symbol};
use super::plain;
use super::terms::{Level, Printer};
use super::wording::fill;
use crate::derive::Derivation;
use crate::formula::{Condition, Form, Formula, Link};
use crate::matrix::{self, Expression, Layout, MatrixForm, Refusal};
use crate::profile::{Notation, StepSign};
use crate::syntax::{MatrixProperty, StepAtZero};
use crate::system::{Assumption, Fact, FamilyKind, Primitive, System};
use crate::term::{
    Affine, Atom, Constraint, Domain, FamilyId, FunctionId, Node, Relation, TermId, VarId,
};
use crate::words::{Words, filled};

/// How the answer looks.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// The notation.
    pub notation: &'a Notation,
    /// The form of the formulas.
    pub form: Form,
    /// Where the axes of derivatives stand.
    pub layout: Layout,
    /// Whether the symbols are explained.
    pub legend: bool,
    /// What stands before the labels of equations, where these are numbered.
    pub labels: Option<&'a str>,
    /// What the names of macros for symbols begin with, where symbols have macros.
    pub macros: Option<&'a str>,
    /// Whether braces say which part of a chain rule is which.
    pub braces: bool,
    /// Whether sentences say why each equation holds.
    pub prose: bool,
    /// The language of all words.
    pub words: &'static Words,
}

impl<'a> Style<'a> {
    /// A notation and a form, and nothing that was not asked for.
    pub fn new(notation: &'a Notation, form: Form) -> Self {
        Self {
            notation,
            form,
            layout: Layout::default(),
            legend: false,
            labels: None,
            macros: None,
            braces: false,
            prose: false,
            words: Words::english(),
        }
    }
}

/// The answer to a derivation as a document.
pub fn present(
    derivation: &Derivation,
    formulas: &[Formula],
    style: &Style<'_>,
    confirmation: Confirmed,
) -> Document {
    let invented = invented(&derivation.system, formulas);
    let mut own;
    let mut arrays = Vec::new();
    let system = if invented.is_empty() || style.form != Form::Matrix {
        &derivation.system
    } else {
        own = derivation.system.clone();
        arrays = with_arrays(&mut own, &invented, derivation.step_at_zero);
        &own
    };
    let mut printer = Printer::new(system, style.notation);
    printer.words = style.words;
    printer.prose = style.prose;
    printer.macros = style
        .macros
        .map(|prefix| Macros::of(system, style.notation, prefix));
    printer.step_at_zero = derivation.step_at_zero;
    let mut gradients = Vec::with_capacity(formulas.len());
    for formula in formulas {
        let braced = style.braces.then_some(formulas);
        gradients.push(printer.gradient(formula, style.form, braced));
    }
    if let Some(prefix) = style.labels {
        let tags = labels::tags(system, formulas, style.form, prefix);
        for (gradient, tag) in gradients.iter_mut().zip(tags) {
            gradient.tag = Some(tag);
        }
    }
    let mut notes = Vec::new();
    let conventional = formulas
        .iter()
        .any(|formula| formula.conditions.contains(&Condition::StepAtZero));
    if conventional && !printer.indicates_step() {
        notes.push(printer.step_note(derivation.step_at_zero));
    }
    if formulas
        .iter()
        .any(|formula| matches!(&formula.matrix, Some(Ok(form)) if form.turns))
    {
        notes.push(layout_note(style.layout, style.words));
    }
    notes.extend(printer.shortened_notes(style.form));
    for family in invented {
        let whole = arrays.iter().find(|(of, ..)| *of == family);
        notes.extend(printer.invented_note(family, whole));
    }
    let symbols = printer.symbols();
    let mut shown: Vec<TermId> = Vec::new();
    for formula in formulas {
        shown.extend(formula.chain.iter().flat_map(link_terms));
        shown.extend(formula.locals.iter().map(|local| local.value));
    }
    let legend = if style.legend {
        printer.legend(&shown, derivation.step_at_zero)
    } else {
        Vec::new()
    };
    let macros = match style.macros {
        Some(_) => printer.macro_rows(),
        None => Vec::new(),
    };
    Document {
        boxes: printer.boxes,
        title: title(system),
        symbols,
        legend,
        gradients,
        definitions: Vec::new(),
        notes,
        step_at_zero: derivation.step_at_zero,
        layout: style.layout,
        confirmation,
        lines: Lines::default(),
        macros,
        words: style.words,
        picture: None,
    }
}

/// A quantity with its definition in whole arrays.
type Stated = (FamilyId, Expression, Expression);

/// The quantities with names of the program's that a reader of the formulas meets.
fn invented(system: &System, formulas: &[Formula]) -> Vec<FamilyId> {
    let met = |family: &FamilyId| {
        formulas.iter().any(|formula| {
            let terms = formula.chain.iter().flat_map(link_terms);
            let by = |adjoint: FamilyId| {
                matches!(system.family(adjoint).kind,
                    FamilyKind::Adjoint { wrt, .. } | FamilyKind::Local { wrt, .. } if wrt == *family)
            };
            let conditions = formula.conditions.iter().filter_map(|it| match it {
                Condition::NonZero(term) | Condition::Positive(term) => Some(*term),
                Condition::Assumed(_)
                | Condition::StepAtZero
                | Condition::OffKinks
                | Condition::OffTies => None,
            });
            let locals = formula.locals.iter().map(|local| local.value);
            let mut terms = terms.chain(locals).chain(conditions);
            by(formula.adjoint)
                || terms.any(|term| {
                    system.store.any(term, |node| match node {
                        Node::Access(read, _) => read == family || by(*read),
                        _ => false,
                    })
                })
        })
    };
    let mut found: Vec<FamilyId> = system.invented.iter().copied().filter(met).collect();
    // What stands for one of them may speak of another.
    let mut next = 0;
    while let Some(known) = found.get(next) {
        let clauses = &system.family(*known).clauses;
        let bodies: Vec<TermId> = clauses.iter().filter_map(|clause| clause.body).collect();
        let others = system.invented.iter().copied();
        let more: Vec<FamilyId> = others
            .filter(|other| !found.contains(other))
            .filter(|other| bodies.iter().any(|body| system.store.reads(*body, *other)))
            .collect();
        found.extend(more);
        next += 1;
    }
    let all = system.invented.iter().copied();
    all.filter(|family| found.contains(family)).collect()
}

/// Their definitions in whole arrays, where they have such.
fn with_arrays(system: &mut System, families: &[FamilyId], step: StepAtZero) -> Vec<Stated> {
    let notation = matrix::Notation::new(system, Layout::Same, step);
    let mut found = Vec::new();
    for family in families {
        let [clause] = &*system.family(*family).clauses else {
            continue;
        };
        let clause = clause.clone();
        let Ok(frame) = notation.frame(system, *family, &clause.index, &clause.domain) else {
            continue;
        };
        let Some(body) = clause.body else { continue };
        if let Ok(proved) = notation.matrix_form(system, &frame, body)
            && proved.assumed.is_empty()
        {
            found.push((*family, frame.left, proved.expression));
        }
    }
    found
}

/// The left sides of formulas in the network language, for messages: `∂C/∂W[k]`.
pub fn left_sides(derivation: &Derivation, formulas: &[Formula]) -> Vec<String> {
    formulas
        .iter()
        .map(|formula| {
            let (of, wrt) = plain::sides(&derivation.system, formula.adjoint, &formula.index);
            format!("∂{of}/∂{wrt}")
        })
        .collect()
}

/// The network as it was understood, in the words of a language.
pub fn present_network(system: &System, notation: &Notation, words: &'static Words) -> Document {
    let mut printer = Printer::new(system, notation);
    printer.words = words;
    let definitions = printer.definitions();
    let mut notes = Vec::new();
    for assumption in &system.assumptions {
        let mut prose = vec![Inline::Words(words.conditions.assumed.to_owned())];
        prose.extend(printer.assumption(assumption));
        notes.push(prose);
    }
    let symbols = printer.symbols();
    let step_at_zero = system.step_at_zero.unwrap_or(StepAtZero::One);
    let legend = printer.legend(&[], step_at_zero);
    Document {
        boxes: printer.boxes,
        title: title(system),
        symbols,
        legend,
        gradients: Vec::new(),
        definitions,
        notes,
        step_at_zero,
        layout: Layout::default(),
        confirmation: Confirmed::Skipped,
        lines: Lines::default(),
        macros: Vec::new(),
        words,
        picture: None,
    }
}

/// The domain with equations for what is said of sizes: `T = 2` for `T ≤ 2` and `T ≥ 2`, and `T = 1` for `T ≤ 1`, since sizes
/// are positive.
fn with_values(domain: &Domain, vars: &[VarId]) -> Domain {
    let is_value = |at: usize, constraint: &Constraint| {
        let affine = constraint.affine();
        if constraint.relation() != Relation::NonNegative
            || vars.iter().any(|var| affine.mentions(*var))
        {
            return false;
        }
        let least = matches!(affine.terms(), [(Atom::Size(..), factor)] if (-factor).is_one());
        (least && affine.constant().is_one())
            || domain
                .constraints()
                .iter()
                .enumerate()
                .any(|(other, opposite)| {
                    other != at
                        && opposite.relation() == Relation::NonNegative
                        && affine.plus(opposite.affine()).as_int() == Some(0)
                })
    };
    let constraints = domain.constraints().iter().enumerate();
    Domain::of(constraints.map(|(at, constraint)| {
        let relation = if is_value(at, constraint) {
            Relation::Zero
        } else {
            constraint.relation()
        };
        (relation, constraint.affine().clone())
    }))
}

/// Where the axes of Jacobians stand.
fn layout_note(layout: Layout, words: &Words) -> Prose {
    let note = match layout {
        Layout::Same => words.conditions.same_layout,
        Layout::Numerator => words.conditions.numerator_layout,
        Layout::Intermediates => words.conditions.intermediates_layout,
        Layout::Denominator => words.conditions.denominator_layout,
    };
    vec![Inline::Words(note.to_owned())]
}

/// Why an equation stays in index form.
fn why_index(refusal: Refusal, words: &Words) -> String {
    let words = &words.index_form;
    match refusal {
        Refusal::Axes(count) => filled(words.axes, &[("count", &count.to_string())]),
        Refusal::Index => words.index.to_owned(),
        Refusal::Coupled => words.coupled.to_owned(),
        Refusal::Partial => words.partial.to_owned(),
        Refusal::Left => words.left.to_owned(),
        Refusal::Extremum => words.extremum.to_owned(),
        Refusal::Exponent => words.exponent.to_owned(),
        Refusal::Entrywise => words.entrywise.to_owned(),
        Refusal::IndexAsNumber => words.index_as_number.to_owned(),
        Refusal::Contraction => words.contraction.to_owned(),
        Refusal::Unproved => words.unproved.to_owned(),
    }
}

pub(super) fn title(system: &System) -> String {
    system
        .loss
        .map_or_else(String::new, |loss| system.family(loss).name.clone())
}

/// An equation in the form in which it is shown.
struct Shown {
    form: Form,
    left: MathId,
    members: Vec<MathId>,
    entry: Option<Entry>,
    why_index: Option<String>,
}

impl Printer<'_> {
    /// An equation; among these formulas, its parts have braces.
    fn gradient(&mut self, formula: &Formula, form: Form, braced: Option<&[Formula]>) -> Gradient {
        let scope = self.enter(Scope::EMPTY, &formula.vars);
        self.knows(formula);
        let terms: Vec<TermId> = formula.chain.iter().flat_map(link_terms).collect();
        let scope = self.enter_free(scope, &terms);
        let left = self.access(formula.adjoint, &formula.index, scope).id;
        let mut members: Vec<MathId> = formula
            .chain
            .iter()
            .map(|link| {
                let braced = braced.and_then(|all| self.braced_link(link, formula, all, scope));
                braced.unwrap_or_else(|| self.link(link, scope))
            })
            .collect();
        // A step that changes nothing that can be seen is not shown.
        members.dedup();
        let mut shown = Shown {
            form,
            left,
            members,
            entry: None,
            why_index: None,
        };
        match &formula.matrix {
            Some(Ok(matrix)) => {
                let braced = braced.map(|_| formula);
                shown = self.in_matrix_form(matrix, shown, braced, scope);
            }
            Some(Err(refusal)) => {
                shown.form = Form::Index;
                shown.why_index = Some(why_index(*refusal, self.words));
            }
            None => {}
        }
        let range = self.case(
            formula.adjoint,
            &formula.index,
            &formula.vars,
            &formula.domain,
            scope,
        );
        let whole = shown.form == Form::Matrix && shown.why_index.is_none();
        let (valid_if, except) = self.conditions(&formula.conditions, whole, scope);
        let steps = formula
            .steps
            .iter()
            .map(|step| {
                let terms = [link_terms(&step.before), link_terms(&step.after)].concat();
                let scope = self.enter_free(scope, &terms);
                let before = self.link(&step.before, scope);
                let after = self.link(&step.after, scope);
                let equals = self.boxes.sign(Sign::Equals);
                StepRow {
                    rule: step.rule,
                    equation: self.boxes.row([before, equals, after]),
                    why: step.why.clone(),
                }
            })
            .collect();
        let mut locals = self.locals(formula, scope);
        // The derivative of the output's own definition is the equation itself.
        locals.retain(|local| local.left != left);
        let (of, wrt) = plain::sides(self.system, formula.adjoint, &formula.index);
        Gradient {
            of,
            wrt,
            shape: self.shape_at(formula.adjoint, &formula.index, &formula.domain, shown.form),
            form: shown.form,
            why_index: shown.why_index,
            entry: shown.entry,
            left: shown.left,
            members: shown.members,
            range,
            valid_if,
            except,
            locals,
            steps,
            asked: formula.asked,
            tag: None,
            leads: self.prose.then(|| self.leads(formula, scope)),
        }
    }

    /// An equation with whole arrays. Where a member of its chain is none, the chain is shown for one entry,
    /// and the arrays say the result.
    fn in_matrix_form(
        &mut self,
        matrix: &MatrixForm,
        index: Shown,
        braced: Option<&Formula>,
        scope: Scope,
    ) -> Shown {
        let left = self.array_side(&matrix.left, scope);
        let whole = matrix.members.iter().all(Option::is_some);
        let mut members: Vec<MathId> = matrix
            .members
            .iter()
            .flatten()
            .map(|member| {
                let braced = braced.and_then(|formula| self.braced_array(member, formula, scope));
                braced.unwrap_or_else(|| self.array_side(member, scope))
            })
            .collect();
        members.dedup();
        if !whole {
            members.drain(..members.len() - 1);
        }
        Shown {
            form: Form::Matrix,
            left,
            members,
            entry: (!whole).then_some(Entry {
                left: index.left,
                members: index.members,
            }),
            why_index: None,
        }
    }

    /// A term that is all of a side of an equation.
    pub(super) fn side(&mut self, term: TermId, scope: Scope) -> MathId {
        if let Some(cases) = self.step_cases(term, scope) {
            return cases;
        }
        let id = self.term(term, scope).id;
        match self.boxes.get(id) {
            Math::Cases { rows, .. } => {
                let rows = rows.clone();
                self.cases(rows, true)
            }
            _ => id,
        }
    }

    /// A product with Step as cases, where the profile writes it so: 0, and the other factors.
    fn step_cases(&mut self, term: TermId, scope: Scope) -> Option<MathId> {
        let (off, on) = match self.step_at_zero {
            StepAtZero::Zero => (Sign::LessEqual, Sign::Greater),
            StepAtZero::One => (Sign::Less, Sign::GreaterEqual),
            StepAtZero::Half | StepAtZero::Undefined => return None,
        };
        if self.notation.profile.signs.step != StepSign::Cases {
            return None;
        }
        let system = self.system;
        let factors = match system.store.node(term) {
            Node::Mul(factors) => factors.to_vec(),
            _ => vec![term],
        };
        let mut steps = factors
            .iter()
            .filter_map(|factor| argument_of_step(system, *factor));
        let (Some(argument), None) = (steps.next(), steps.next()) else {
            return None;
        };
        let rest: Vec<TermId> = factors
            .into_iter()
            .filter(|factor| argument_of_step(system, *factor).is_none())
            .collect();
        let value = match rest.as_slice() {
            [] => self.boxes.number(1),
            [only] => self.term(*only, scope).id,
            factors => self.product(factors, scope).id,
        };
        let argument = self.term(argument, scope).id;
        let zero = self.boxes.number(0);
        let mut when = |sign: Sign| {
            let sign = self.boxes.sign(sign);
            self.boxes.row([argument, sign, zero])
        };
        let rows = [(zero, Some(when(off))), (value, Some(when(on)))];
        Some(self.cases(rows, true))
    }

    /// A member of a chain.
    fn link(&mut self, link: &Link, scope: Scope) -> MathId {
        match link {
            Link::Term(term) => self.side(*term, scope),
            Link::Operator { factor, by, of } => {
                let alone = self.reads_only(*of, *by);
                let by = self.term(*by, scope).id;
                let operator = self.operator(by, alone).id;
                let of = self.term(*of, scope);
                let of = if of.level == Level::Sum {
                    self.bracketed(of)
                } else {
                    of
                };
                let mut row = Vec::new();
                if let Some(factor) = factor {
                    let factor = self.term(*factor, scope);
                    row.push(self.factor(factor, false).id);
                }
                row.extend([operator, of.id]);
                self.boxes.row(row)
            }
        }
    }

    /// Notes what is known of the letters of a left side. What was printed with other knowledge and would look otherwise is
    /// printed again.
    fn knows(&mut self, formula: &Formula) {
        let mut found = Vec::new();
        for var in &formula.vars {
            self.access_bounds(formula.adjoint, &formula.index, *var, &mut found);
        }
        let bounds = found.iter().map(|it| (it.relation(), it.affine().clone()));
        self.known = Domain::of(bounds).and(&formula.domain);
        if self.asked_known.take() {
            self.memo.clear();
        }
    }

    /// The values of the letters of a left side, as far as they have to be said: `k = 0, …, L-1`.
    pub(super) fn case(
        &mut self,
        family: FamilyId,
        index: &[Affine],
        vars: &[VarId],
        domain: &Domain,
        scope: Scope,
    ) -> Option<MathId> {
        let domain = &with_values(domain, vars);
        let mut bounds: Vec<(VarId, Vec<Constraint>)> = Vec::with_capacity(vars.len());
        for var in vars {
            let mut found = Vec::new();
            self.access_bounds(family, index, *var, &mut found);
            bounds.push((*var, found));
        }
        let ranges: Ranges = self.ranges(vars, domain, &mut |var, low, high| {
            bounds
                .iter()
                .any(|(other, found)| *other == var && found.contains(low) && found.contains(high))
        });
        let mut parts = Vec::new();
        for (var, span) in &ranges.spans {
            if let Span::From(first, last) = span {
                parts.push(self.range_box(*var, first, last, scope));
            }
        }
        parts.extend(self.relations(&ranges.rest, scope));
        if parts.is_empty() {
            return None;
        }
        let comma = self.boxes.sign(Sign::Comma);
        let space = self.boxes.text(" ");
        let mut row = Vec::new();
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                row.extend([comma, space]);
            }
            row.push(part);
        }
        Some(self.boxes.row(row))
    }

    pub(super) fn range_box(
        &mut self,
        var: VarId,
        first: &Affine,
        last: &Affine,
        scope: Scope,
    ) -> MathId {
        let letter = self.variable(var, scope).id;
        let equals = self.boxes.sign(Sign::Equals);
        let comma = self.boxes.sign(Sign::Comma);
        let low = self.affine(first, scope).id;
        let high = self.affine(last, scope).id;
        match last.minus(first).as_int() {
            Some(0) => self.boxes.row([letter, equals, low]),
            Some(1) => self.boxes.row([letter, equals, low, comma, high]),
            _ => {
                let dots = self.boxes.sign(Sign::Dots);
                self.boxes
                    .row([letter, equals, low, comma, dots, comma, high])
            }
        }
    }

    /// Where an equation holds: what has to be so, and which points are left out.
    pub(super) fn conditions(
        &mut self,
        conditions: &[Condition],
        whole: bool,
        scope: Scope,
    ) -> (Vec<Prose>, Vec<Prose>) {
        let mut valid_if = Vec::new();
        let mut except = Vec::new();
        for condition in conditions {
            match condition {
                // Said once, below all equations.
                Condition::StepAtZero => {}
                Condition::OffKinks => except.push(self.said(self.words.conditions.off_kinks)),
                Condition::OffTies => except.push(self.said(self.words.conditions.off_ties)),
                Condition::Assumed(at) => {
                    let assumption = &self.system.assumptions[*at];
                    let of_arrays = whole.then(|| self.whole_assumption(assumption)).flatten();
                    valid_if.push(of_arrays.unwrap_or_else(|| self.assumption(assumption)));
                }
                Condition::NonZero(term) => {
                    valid_if.push(vec![self.against_zero(*term, Sign::NotEqual, scope)]);
                }
                Condition::Positive(term) => {
                    valid_if.push(vec![self.against_zero(*term, Sign::Greater, scope)]);
                }
            }
        }
        // Two conditions may look the same.
        let mut seen: Vec<Prose> = Vec::with_capacity(valid_if.len());
        valid_if.retain(|condition| {
            let new = !seen.contains(condition);
            if new {
                seen.push(condition.clone());
            }
            new
        });
        (valid_if, except)
    }

    fn against_zero(&mut self, term: TermId, sign: Sign, scope: Scope) -> Inline {
        let scope = self.enter_free(scope, &[term]);
        let value = self.term(term, scope).id;
        let sign = self.boxes.sign(sign);
        let zero = self.boxes.number(0);
        Inline::Math(self.boxes.row([value, sign, zero]))
    }

    /// An assumption in words and mathematics.
    fn assumption(&mut self, assumption: &Assumption) -> Prose {
        let scope = self.enter(Scope::EMPTY, &assumption.vars);
        match &assumption.fact {
            Fact::Compare(cmp, left, right) => {
                vec![Inline::Math(self.comparison(*cmp, *left, *right, scope))]
            }
            Fact::OneOf(term, values) => {
                let term = self.term(*term, scope).id;
                let element = self.boxes.sign(Sign::Element);
                let values: Vec<MathId> =
                    values.iter().map(|value| self.rational(value).id).collect();
                let list = self.boxes.list(&values, Sign::Comma);
                let set = self.boxes.fence(Fence::Set, false, list);
                vec![Inline::Math(self.boxes.row([term, element, set]))]
            }
            Fact::OneHot(term, var) => {
                let scope = self.enter(scope, &[*var]);
                let term = self.term(*term, scope).id;
                let letter = self.variable(*var, scope).id;
                fill(
                    self.words.conditions.one_hot,
                    &[
                        ("quantity", &[Inline::Math(term)]),
                        ("index", &[Inline::Math(letter)]),
                    ],
                )
            }
            Fact::Matrix(family, property) => {
                let name = self.names.family(*family);
                let symbol = self.boxes.script(name.base, name.sub, None);
                let words = &self.words.conditions;
                let text = match property {
                    MatrixProperty::Symmetric => words.symmetric,
                    MatrixProperty::PositiveDefinite => words.positive_definite,
                    MatrixProperty::Invertible => words.invertible,
                    MatrixProperty::Orthogonal => words.orthogonal,
                };
                fill(text, &[("quantity", &[Inline::Math(symbol)])])
            }
        }
    }

    /// `z = W_2 h + b_2`, of what the author gave no name.
    fn invented_note(&mut self, family: FamilyId, whole: Option<&Stated>) -> Option<Prose> {
        let system = self.system;
        let clause = system.family(family).clauses.first()?;
        let scope = self.enter(Scope::EMPTY, &clause.vars);
        let (left, right) = match whole {
            Some((_, left, right)) => {
                let left = self.array_side(left, scope);
                (left, self.array_side(right, scope))
            }
            None => {
                let left = self.access(family, &clause.index, scope).id;
                (left, self.side(clause.body?, scope))
            }
        };
        let equals = self.boxes.sign(Sign::Equals);
        Some(vec![Inline::Math(self.boxes.row([left, equals, right]))])
    }

    /// `Step(0) = 1`.
    fn step_note(&mut self, step: StepAtZero) -> Prose {
        let system = self.system;
        let step_function = system
            .functions
            .iter()
            .position(|function| function.primitive == Some(Primitive::Step));
        let head = match step_function {
            Some(at) => self.function_symbol(FunctionId(at as u32)),
            None => self.boxes.latex(r"\operatorname{Step}"),
        };
        let zero = self.boxes.number(0);
        let fence = self.boxes.fence(Fence::Round, false, zero);
        let applied = self.boxes.row([head, fence]);
        match self.step_value(step) {
            Some(value) => {
                let equals = self.boxes.sign(Sign::Equals);
                vec![Inline::Math(self.boxes.row([applied, equals, value]))]
            }
            None => fill(
                self.words.conditions.undefined,
                &[("value", &[Inline::Math(applied)])],
            ),
        }
    }

    /// The number that Step(0) is, if it is one.
    pub(super) fn step_value(&mut self, step: StepAtZero) -> Option<MathId> {
        match step {
            StepAtZero::Zero => Some(self.boxes.number(0)),
            StepAtZero::One => Some(self.boxes.number(1)),
            StepAtZero::Half => {
                let one = self.boxes.number(1);
                let two = self.boxes.number(2);
                Some(self.boxes.fraction(one, two))
            }
            StepAtZero::Undefined => None,
        }
    }

    /// The equations of the network, as they were written.
    fn definitions(&mut self) -> Vec<Definition> {
        let system = self.system;
        let mut clauses = Vec::new();
        for (at, family) in system.families.iter().enumerate() {
            match family.kind {
                // Names of the program's own are no equations of the author.
                FamilyKind::Defined if !family.name.is_empty() => {}
                FamilyKind::Defined
                | FamilyKind::OfMatrix { .. }
                | FamilyKind::OpaqueLoss(_)
                | FamilyKind::Input
                | FamilyKind::Adjoint { .. }
                | FamilyKind::Local { .. } => continue,
            }
            let id = FamilyId(at as u32);
            clauses.extend(family.clauses.iter().map(|clause| (id, clause)));
        }
        clauses.sort_by_key(|(_, clause)| clause.span.map(|span| span.start));
        let mut definitions = Vec::new();
        for (id, clause) in clauses {
            let Some(body) = clause.body else { continue };
            // A boundary that is given under the same name.
            if let Node::Access(given, _) = system.store.node(body)
                && system.bounded_by(*given) == Some(id)
            {
                continue;
            }
            let scope = self.enter(Scope::EMPTY, &clause.vars);
            let left = self.access(id, &clause.index, scope).id;
            let right = self.side(body, scope);
            let range = self.case(id, &clause.index, &clause.vars, &clause.domain, scope);
            definitions.push(Definition { left, right, range });
        }
        definitions
    }

    /// Words alone.
    fn said(&self, words: &str) -> Prose {
        vec![Inline::Words(words.to_owned())]
    }

    /// `ℝ`.
    pub(super) fn reals(&mut self) -> MathId {
        self.boxes.intern(Math::Symbol(Symbol::Sign(Sign::Reals)))
    }
}

/// What Step is applied to, if it is the term.
fn argument_of_step(system: &System, term: TermId) -> Option<TermId> {
    match system.store.node(term) {
        Node::Apply(function, orders, arguments)
            if system.function(*function).primitive == Some(Primitive::Step)
                && orders.iter().all(|order| *order == 0) =>
        {
            arguments.first().copied()
        }
        _ => None,
    }
}

pub(super) fn link_terms(link: &Link) -> Vec<TermId> {
    match link {
        Link::Term(term) => vec![*term],
        Link::Operator { factor, by, of } => factor.iter().copied().chain([*by, *of]).collect(),
    }
}
