//! `write … as "…"`: how the author wants things written.

use super::lower::Lowering;
use super::mistakes;
use super::reference::Head;
use super::scope::{Letter, Origin, Scope};
use super::{Spelled, Spelling};
use crate::source::Span;
use crate::syntax::mathematics::refusal;
use crate::syntax::{Expr, ExprKind, Network, Spanned, StatementKind};
use crate::term::{Affine, FamilyId, VarId};

impl Lowering<'_> {
    pub(super) fn read_spellings(&mut self, network: &Network) {
        for statement in &network.statements {
            if let StatementKind::Write { what, spelling } = &statement.kind
                && self.is_mathematics(spelling)
                && let Some((vars, what)) = self.spelled(what)
            {
                self.add_spelling(Spelling {
                    vars: vars.into_boxed_slice(),
                    what,
                    latex: spelling.value.clone(),
                    span: statement.span,
                });
            }
        }
    }

    /// Whether a spelling only sets mathematics; a problem if not.
    fn is_mathematics(&mut self, spelling: &Spanned<String>) -> bool {
        let refusal = refusal(&spelling.value);
        if let Some(why) = &refusal {
            let problem = mistakes::spelling_command(why.clone(), spelling.span);
            self.problems.push(problem);
        }
        refusal.is_none()
    }

    fn add_spelling(&mut self, spelling: Spelling) {
        let before = self
            .system
            .spellings
            .iter()
            .find(|other| other.what == spelling.what && other.vars.is_empty())
            .map(|other| other.span);
        match before {
            Some(before) => self
                .problems
                .push(mistakes::spelled_twice(spelling.span, before)),
            None => self.system.spellings.push(spelling),
        }
    }

    fn spelled(&mut self, what: &Expr) -> Option<(Vec<VarId>, Spelled)> {
        let mut scope = self.letters_below(what);
        let vars: Vec<VarId> = scope.letters().iter().map(|letter| letter.var).collect();
        if let ExprKind::Derivative(of, wrt) = &what.kind {
            let of = self.slots_only(of, what, &scope)?;
            let wrt = self.slots_only(wrt, what, &scope)?;
            return Some((vars, Spelled::Derivative { of, wrt }));
        }
        if let Some(head) = self.names.reference(what)
            && head.elements.is_empty()
            && self.names.quantity(&head.name).is_some()
        {
            let (family, slots) = self.slots_only(what, what, &scope)?;
            return Some((vars, Spelled::Slots(family, slots)));
        }
        let term = self.term(what, &mut scope)?;
        let term = self.closed(term, vars.clone());
        Some((vars, Spelled::Term(term)))
    }

    /// Letters that stand alone or in indices of the expression, except those that it binds itself.
    fn letters_below(&mut self, expr: &Expr) -> Scope {
        let bound = super::names::bound_letters(expr);
        let mut names: Vec<(String, Span)> = Vec::new();
        let mut heads: Vec<Head> = Vec::new();
        super::names::visit(expr, &mut |expr| match &expr.kind {
            ExprKind::Name(name) => match self.names.reference(expr) {
                Some(head) if !head.elements.is_empty() => heads.push(head),
                Some(_) | None => names.push((name.clone(), expr.span)),
            },
            ExprKind::Number(_)
            | ExprKind::Slots(..)
            | ExprKind::Elements(..)
            | ExprKind::Call { .. }
            | ExprKind::Negative(_)
            | ExprKind::Sum(_)
            | ExprKind::Product(..)
            | ExprKind::Power { .. }
            | ExprKind::Transpose(_)
            | ExprKind::Cases(_)
            | ExprKind::Reduce { .. }
            | ExprKind::Slice(_)
            | ExprKind::Derivative(..) => {}
        });
        for head in heads {
            for element in head.elements {
                if let ExprKind::Name(name) = element.kind {
                    names.push((name, element.span));
                }
            }
        }
        let mut scope = Scope::default();
        for (name, span) in names {
            if self.names.letters.contains_key(&name)
                && !self.names.known.contains_key(&name)
                && !bound.contains(&name)
                && scope.find(&name).is_none()
            {
                let var = self.system.store.fresh_var(&name);
                scope.push(Letter {
                    name,
                    var,
                    origin: Origin::Left,
                    span,
                });
            }
        }
        scope
    }

    /// A quantity with its slots and without elements, which are printed behind the spelling of the whole.
    fn slots_only(
        &mut self,
        expr: &Expr,
        whole: &Expr,
        scope: &Scope,
    ) -> Option<(FamilyId, Box<[Affine]>)> {
        let Some(head) = self.names.reference(expr) else {
            self.problems.push(mistakes::second_derivative(expr.span));
            return None;
        };
        let family = self.family_of(&head)?;
        if let Some(element) = head.elements.first() {
            let whole = self.without_elements(whole);
            self.problems
                .push(mistakes::spelling_of_element(&whole, element.span));
            return None;
        }
        let slots = self.slots_of(&head, family, scope)?;
        Some((family, slots.into_boxed_slice()))
    }

    /// What is spelled, as it is written without elements.
    fn without_elements(&self, what: &Expr) -> String {
        let text = |expr: &Expr| {
            let head = self.names.reference(expr);
            head.map_or_else(String::new, |head| super::names::head_text(&head))
        };
        match &what.kind {
            ExprKind::Derivative(of, wrt) => format!("d{}/d{}", text(of), text(wrt)),
            _ => text(what),
        }
    }
}
