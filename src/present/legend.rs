//! The symbols of a network: how they are printed, what they are, which shape they have.

use rustc_hash::FxHashSet;

use super::access::Part;
use super::document::{Inline, LegendRow, Meaning, Prose, SymbolRow};
use super::letters::Scope;
use super::math::{BigOperator, Fence, Math, MathId, Sign, Symbol};
use super::plain;
use super::terms::{Printed, Printer};
use crate::formula::Form;
use crate::profile::Mark;
use crate::syntax::StepAtZero;
use crate::system::{Clause, Family, FamilyKind, FamilyRole, Function, Primitive, System};
use crate::term::{
    Affine, Constraint, Domain, FamilyId, FunctionId, Node, Relation, SizeId, TermId, VarId,
};
use crate::words::Words;

impl Printer<'_> {
    /// One row for each quantity of the network.
    pub(super) fn symbols(&mut self) -> Vec<SymbolRow> {
        let system = self.system;
        let mut rows = Vec::new();
        for (at, family) in system.families.iter().enumerate() {
            let id = FamilyId(at as u32);
            if is_derivative(family) || family.name.is_empty() || system.is_total(id) {
                continue;
            }
            let Some(clause) = general_clause(family) else {
                continue;
            };
            let (symbol, _) = self.slotted(id, clause);
            let shape = axes_of(clause, family)
                .iter()
                .map(|size| plain::affine(system, size))
                .collect();
            rows.push(SymbolRow {
                name: family.name.clone(),
                symbol,
                kind: kind(family),
                shape,
            });
        }
        rows
    }

    /// What the profile's symbols for derivatives of the cost stand for, once each.
    pub(super) fn shortened_notes(&mut self, form: Form) -> Vec<Prose> {
        let system = self.system;
        let Some(loss) = system.loss else {
            return Vec::new();
        };
        let general = self.notation.names_all_derivatives();
        let mut notes: Vec<Prose> = Vec::new();
        // One example says how all are written; two where some are derivatives of a sum.
        let mut shown = [false; 2];
        for wrt in std::mem::take(&mut self.shortened) {
            let Some(clause) = general_clause(system.family(wrt)) else {
                continue;
            };
            let adjoint = system.family_ids().find_map(|family| {
                let FamilyKind::Adjoint { of, wrt: by } = system.family(family).kind else {
                    return None;
                };
                let summed = system.is_total(of);
                let named = self
                    .notation
                    .derivative(system, of, wrt, &[], false)
                    .is_some();
                (by == wrt && named && (of == loss || summed)).then_some((family, of))
            });
            let Some((adjoint, of)) = adjoint else {
                continue;
            };
            if general && std::mem::replace(&mut shown[usize::from(system.is_total(of))], true) {
                continue;
            }
            let part = match form {
                Form::Matrix => Part::Whole,
                Form::Index | Form::Scalar => Part::Element,
            };
            let scope = self.enter(Scope::EMPTY, &clause.vars);
            let short = self.part(adjoint, &clause.index, part, scope).id;
            let partial = self.boxes.sign(Sign::Partial);
            let cost = self.access(of, &[], scope).id;
            let by = self.part(wrt, &clause.index, part, scope).id;
            let above = self.boxes.row([partial, cost]);
            let below = self.boxes.row([partial, by]);
            let fraction = self.boxes.fraction(above, below);
            let equals = self.boxes.sign(Sign::Equals);
            notes.push(vec![Inline::Math(
                self.boxes.row([short, equals, fraction]),
            )]);
        }
        if let Some(last) = notes.last_mut().filter(|_| general) {
            last.push(Inline::Words(self.words.conditions.so_for_all.to_owned()));
        }
        notes
    }

    /// A family with the slots of a clause, and where these run.
    fn slotted(&mut self, id: FamilyId, clause: &Clause) -> (MathId, Option<MathId>) {
        let system = self.system;
        let family = system.family(id);
        let scope = self.enter(Scope::EMPTY, &clause.vars);
        let slots = &clause.index[..family.slots.min(clause.index.len())];
        let symbol = self.access(id, slots, scope).id;
        let letters: Vec<VarId> = slots
            .iter()
            .filter_map(|slot| clause.vars.iter().copied().find(|var| slot.mentions(*var)))
            .collect();
        let domain = clause.domain.filter(|constraint| {
            let affine = constraint.affine();
            letters.iter().any(|var| affine.mentions(*var))
                && !clause
                    .vars
                    .iter()
                    .any(|var| !letters.contains(var) && affine.mentions(*var))
        });
        let range = if letters.is_empty() {
            None
        } else {
            self.case(id, &clause.index, &letters, &domain, scope)
        };
        (symbol, range)
    }

    /// What everything means that stands in the terms or in the network: quantities clause by clause,
    /// sizes, functions, and the signs that need an explanation.
    pub(super) fn legend(&mut self, shown: &[TermId], step: StepAtZero) -> Vec<LegendRow> {
        let system = self.system;
        let mut rows = Vec::new();
        let mut terms: Vec<TermId> = shown.to_vec();
        for (at, family) in system.families.iter().enumerate() {
            let id = FamilyId(at as u32);
            // A given boundary stands with the quantity that it bounds.
            let unnamed = family.name.is_empty() || system.is_total(id);
            if is_derivative(family) || unnamed || system.bounded_by(id).is_some() {
                continue;
            }
            terms.extend(family.clauses.iter().filter_map(|clause| clause.body));
            let general = general_clause(family).map(|clause| clause.vars.len());
            for clause in &family.clauses {
                let scope = self.enter(Scope::EMPTY, &clause.vars);
                let (symbol, range) = self.slotted(id, clause);
                let set = self.set(family, clause, scope);
                let words = if Some(clause.vars.len()) == general {
                    kind_in(self.words, family)
                } else {
                    boundary(self.words, system, family, clause)
                };
                rows.push(LegendRow {
                    symbol,
                    meaning: Some(Meaning::In(set)),
                    words: words.to_owned(),
                    range,
                });
            }
        }
        self.size_rows(&mut rows);
        self.function_rows(terms, step, &mut rows);
        self.sign_rows(&mut rows);
        // Two clauses may read alike, where they differ in elements only.
        let mut seen = FxHashSet::default();
        rows.retain(|row| seen.insert((row.symbol, row.range)));
        rows
    }

    fn size_rows(&mut self, rows: &mut Vec<LegendRow>) {
        let system = self.system;
        for (at, size) in system.sizes.iter().enumerate() {
            let any = self.boxes.sign(Sign::Times);
            let slots = vec![(Mark::Round, any); size.slots];
            let symbol = self.size_symbol(SizeId(at as u32), slots).id;
            let one = self.boxes.number(1);
            let two = self.boxes.number(2);
            let dots = self.boxes.sign(Sign::Dots);
            let list = self.boxes.list(&[one, two, dots], Sign::Comma);
            let set = self.boxes.fence(Fence::Set, false, list);
            rows.push(LegendRow {
                symbol,
                meaning: Some(Meaning::In(set)),
                words: self.words.legend.size.to_owned(),
                range: None,
            });
        }
    }

    /// The functions that terms apply, and those that their bodies apply.
    fn function_rows(&mut self, terms: Vec<TermId>, step: StepAtZero, rows: &mut Vec<LegendRow>) {
        let system = self.system;
        let store = &system.store;
        let mut seen = FxHashSet::default();
        let mut used: FxHashSet<FunctionId> = FxHashSet::default();
        let mut open = terms;
        while let Some(term) = open.pop() {
            if !seen.insert(term) {
                continue;
            }
            let node = store.node(term);
            open.extend(node.children());
            if let Node::Apply(function, _, _) = node
                && used.insert(*function)
            {
                open.extend(system.function(*function).body);
            }
        }
        for (at, function) in system.functions.iter().enumerate() {
            let id = FunctionId(at as u32);
            if used.contains(&id)
                && let Some(row) = self.function_row(id, function, step)
            {
                rows.push(row);
            }
        }
    }

    pub(super) fn function_row(
        &mut self,
        id: FunctionId,
        function: &Function,
        step: StepAtZero,
    ) -> Option<LegendRow> {
        // Other functions' bodies have other names for the same places.
        self.memo.clear();
        self.parameters.clone_from(&function.letters);
        let letters: Vec<Printed> = (0..function.letters.len())
            .map(|at| self.parameter(at as u32))
            .collect();
        let symbol = self
            .applied(id, &vec![0; function.letters.len()], &letters)
            .id;
        let zero = self.boxes.number(0);
        let is = |value| Some(Meaning::Is(value));
        let all_words = self.words;
        let words = &all_words.legend;
        let (meaning, words) = match function.primitive {
            Some(Primitive::Relu) => {
                let comma = self.boxes.sign(Sign::Comma);
                let pair = self.boxes.row([letters[0].id, comma, zero]);
                let pair = self.boxes.fence(Fence::Round, false, pair);
                let max = self.boxes.latex(r"\max");
                (is(self.boxes.row([max, pair])), words.rectifier)
            }
            Some(Primitive::Step) => {
                let one = self.boxes.number(1);
                let mut at = |sign| {
                    let sign = self.boxes.sign(sign);
                    Some(self.boxes.row([letters[0].id, sign, zero]))
                };
                let (below, here, above) = (at(Sign::Less), at(Sign::Equals), at(Sign::Greater));
                let mut cases = vec![(zero, below)];
                cases.extend(self.step_value(step).map(|value| (value, here)));
                cases.push((one, above));
                let cases = self.cases(cases, false);
                let words = match step {
                    StepAtZero::Undefined => words.step_undefined,
                    StepAtZero::Zero | StepAtZero::Half | StepAtZero::One => words.step,
                };
                (is(cases), words)
            }
            Some(Primitive::Log) => (None, words.logarithm),
            Some(Primitive::Erf) => (None, words.error_function),
            // Everybody knows these.
            Some(Primitive::Exp | Primitive::Sin | Primitive::Cos) => return None,
            None => match function.body {
                // The radical explains itself.
                Some(_) if function.latex == r"\sqrt" => return None,
                Some(body) => {
                    let words = if function.activation {
                        words.activation_function
                    } else {
                        ""
                    };
                    (is(self.term(body, Scope::EMPTY).id), words)
                }
                None => (None, words.any_function),
            },
        };
        Some(LegendRow {
            symbol,
            meaning,
            words: words.to_owned(),
            range: None,
        })
    }

    /// The signs in use that a reader may not know.
    fn sign_rows(&mut self, rows: &mut Vec<LegendRow>) {
        let mut sums: [Option<MathId>; 4] = [None; 4];
        let (mut delta, mut bracket) = (None, None);
        for at in 0..self.boxes.len() {
            let id = MathId(at as u32);
            match self.boxes.get(id) {
                Math::Big {
                    op,
                    under: Some(under),
                    over: None,
                } => {
                    let op = *op as usize;
                    let forall = |part: &MathId| {
                        *self.boxes.get(*part) == Math::Symbol(Symbol::Sign(Sign::ForAll))
                    };
                    let full = matches!(
                        self.boxes.get(*under),
                        Math::Row(parts) if parts.first().is_some_and(forall)
                    );
                    if full && sums[op].is_none() {
                        sums[op] = Some(id);
                    }
                }
                Math::Script { base, .. } if delta.is_none() => {
                    let sign = Math::Symbol(Symbol::Sign(Sign::Delta));
                    delta = (*self.boxes.get(*base) == sign).then_some(id);
                }
                Math::Fence {
                    kind: Fence::Square,
                    ..
                } => bracket = bracket.or(Some(id)),
                Math::Script { .. }
                | Math::Big { .. }
                | Math::Fence { .. }
                | Math::Symbol(_)
                | Math::Row(_)
                | Math::Fraction(..)
                | Math::Root(_)
                | Math::Accent(..)
                | Math::Stack(_)
                | Math::Matrix(_)
                | Math::Cases { .. }
                | Math::Spelled(_)
                | Math::Macro { .. }
                | Math::Brace { .. } => {}
            }
        }
        let mut row = |symbol: Option<MathId>, words: &str| {
            rows.extend(symbol.map(|symbol| LegendRow {
                symbol,
                meaning: None,
                words: words.into(),
                range: None,
            }));
        };
        let words = &self.words.legend;
        row(sums[BigOperator::Sum as usize], words.sum);
        row(sums[BigOperator::Product as usize], words.product);
        row(sums[BigOperator::Max as usize], words.maximum);
        row(sums[BigOperator::Min as usize], words.minimum);
        row(delta, words.delta);
        row(bracket, words.bracket);
    }

    pub(super) fn set(&mut self, family: &Family, clause: &Clause, scope: Scope) -> MathId {
        if let Some((first, last)) = &family.integers {
            let parts = [first, last].map(|bound| self.affine(bound, scope).id);
            let dots = self.boxes.sign(Sign::Dots);
            let list = self.boxes.list(&[parts[0], dots, parts[1]], Sign::Comma);
            return self.boxes.fence(Fence::Set, false, list);
        }
        let reals = self.reals();
        let sizes: Vec<MathId> = axes_of(clause, family)
            .iter()
            .map(|size| self.affine(size, scope).id)
            .collect();
        if sizes.is_empty() {
            return reals;
        }
        let shape = self.boxes.list(&sizes, Sign::Cross);
        self.boxes.script(reals, None, Some(shape))
    }

    /// The sizes of a derivative's element axes, as the network writes them.
    pub(super) fn shape_at(
        &self,
        family: FamilyId,
        index: &[Affine],
        domain: &Domain,
        form: Form,
    ) -> Vec<String> {
        if form == Form::Scalar {
            return Vec::new();
        }
        let system = self.system;
        let row = system.family(family);
        match row.kind {
            FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
                let rank = system.family(of).slots + system.family(of).axes;
                let (above, below) = index.split_at(rank.min(index.len()));
                let mut shape = self.shape_at(of, above, domain, form);
                shape.extend(self.shape_at(wrt, below, domain, form));
                shape
            }
            FamilyKind::Input
            | FamilyKind::Defined
            | FamilyKind::OfMatrix { .. }
            | FamilyKind::OpaqueLoss(_) => {
                // A general clause says it for all slots; a boundary agrees with it where both hold.
                let fitting = row.clauses.iter().rev().filter(|clause| {
                    let (_, here) = clause.at(index);
                    !system.ambient.is_empty(&here.and(domain))
                });
                let Some(clause) = fitting.max_by_key(|clause| clause.vars.len()) else {
                    return Vec::new();
                };
                let (values, _) = clause.at(index);
                axes_of(clause, row)
                    .iter()
                    .map(|size| plain::affine(system, &values.affine(size)))
                    .collect()
            }
        }
    }
}

/// The clause that stands for all of a family: the one with the most letters.
pub(super) fn general_clause(family: &Family) -> Option<&Clause> {
    family
        .clauses
        .iter()
        .rev()
        .max_by_key(|clause| clause.vars.len())
}

/// The last value of each element letter of a clause.
fn axes_of(clause: &Clause, family: &Family) -> Vec<Affine> {
    clause
        .index
        .iter()
        .skip(family.slots)
        .map(|element| {
            let last = element.as_var().and_then(|var| {
                clause
                    .domain
                    .constraints()
                    .iter()
                    .find(|constraint| is_upper(constraint, var))
                    .map(|constraint| constraint.affine().plus(&Affine::var(var)))
            });
            last.unwrap_or_else(|| element.clone())
        })
        .collect()
}

fn is_upper(constraint: &Constraint, var: VarId) -> bool {
    constraint.relation() == Relation::NonNegative
        && constraint.affine().coefficient_of_var(var) == num_rational::Ratio::from(-1)
}

fn is_derivative(family: &Family) -> bool {
    matches!(
        family.kind,
        FamilyKind::Adjoint { .. } | FamilyKind::Local { .. }
    )
}

/// What a clause for single slots is: what it is equal to, else a boundary.
fn boundary(
    words: &'static Words,
    system: &System,
    family: &Family,
    clause: &Clause,
) -> &'static str {
    match clause.body.map(|body| system.store.node(body)) {
        Some(Node::Access(source, _)) => kind_in(words, system.family(*source)),
        Some(_) => words.legend.boundary,
        None => kind_in(words, family),
    }
}

/// What a quantity is, in a language.
fn kind_in(words: &'static Words, family: &Family) -> &'static str {
    let words = &words.legend;
    match kind(family) {
        "parameter" => words.parameter,
        "input" => words.input,
        "target" => words.target,
        "pre-activation" => words.pre_activation,
        "activation" => words.activation,
        "output" => words.output,
        "loss" => words.loss,
        "given" => words.given,
        "defined" => words.defined,
        _ => words.derivative,
    }
}

/// What a quantity is, by the name that programs know.
fn kind(family: &Family) -> &'static str {
    match family.role {
        Some(FamilyRole::Parameter) => "parameter",
        Some(FamilyRole::Input) => "input",
        Some(FamilyRole::Target) => "target",
        Some(FamilyRole::PreActivation) => "pre-activation",
        Some(FamilyRole::Activation) => "activation",
        Some(FamilyRole::Output) => "output",
        Some(FamilyRole::Loss) => "loss",
        None => match family.kind {
            FamilyKind::Input => "given",
            FamilyKind::Defined | FamilyKind::OfMatrix { .. } => "defined",
            FamilyKind::OpaqueLoss(_) => "loss",
            FamilyKind::Adjoint { .. } | FamilyKind::Local { .. } => "derivative",
        },
    }
}
