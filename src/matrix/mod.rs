//! Matrix notation for what is in index form: found by a table from contractions to products, lowered
//! again, and believed only if the normal forms are equal over the whole domain of the left side.

mod contract;
mod expression;
mod join;
mod lower;
mod recover;
mod refusal;
mod sizes;
mod softmax;
mod sums;
mod symmetric;
#[cfg(test)]
mod tests;

pub use expression::{Expression, Kind};
pub use refusal::Refusal;

use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Node, TermId, VarId};
use lower::Lowering;
use recover::Recovery;
use sizes::{Axes, full_range, is_derivative, length};
use symmetric::are_equal;
pub(crate) use symmetric::{find_symmetric, symmetrized};

/// Where the axes of a derivative stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// The gradient of a number has the shape of what it is taken by; the rows of a Jacobian are outputs.
    #[default]
    Same,
    /// Rows are outputs: the gradient of a number by a column is a row.
    Numerator,
    /// The same, but the gradient of a number by what is given has its shape, and so has that by a matrix.
    Intermediates,
    /// Columns are outputs.
    Denominator,
}

impl Layout {
    /// Where the axes of one derivative stand.
    fn of(self, system: &System, family: FamilyId) -> Self {
        if self != Layout::Intermediates {
            return self;
        }
        let (FamilyKind::Adjoint { wrt, .. } | FamilyKind::Local { wrt, .. }) =
            system.family(family).kind
        else {
            return Layout::Same;
        };
        let row = system.family(wrt);
        if row.kind == FamilyKind::Input || row.axes != 1 {
            Layout::Same
        } else {
            Layout::Numerator
        }
    }
}

/// One formula in matrix notation: `left = … = members.last()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixForm {
    /// The left side.
    pub left: Expression,
    /// The members of the chain of equalities, in the order of the index form; none where one has no
    /// matrix form. The last one is the result and always there.
    pub members: Vec<Option<Expression>>,
    /// The result lowered again: its entry at the letters of the left side.
    pub lowered: TermId,
    /// Whether another layout would print it otherwise.
    pub turns: bool,
}

/// A matrix form that was proved.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The form.
    pub expression: Expression,
    /// The form lowered again.
    pub lowered: TermId,
    /// The assumptions that the proof used.
    pub assumed: Vec<usize>,
}

/// A left side as an array: all values of its element letters together.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The array.
    pub left: Expression,
    row: Option<(VarId, Affine)>,
    column: Option<(VarId, Affine)>,
    domain: Domain,
}

/// The notation of one document.
#[derive(Debug, Clone, Copy)]
pub struct Notation {
    layout: Layout,
    step_at_zero: StepAtZero,
    /// The letters of row and column in whole quantities.
    general: [VarId; 2],
}

impl Notation {
    /// Matrix notation in a layout, under a convention.
    pub fn new(system: &mut System, layout: Layout, step_at_zero: StepAtZero) -> Self {
        let notation = Self {
            layout,
            step_at_zero,
            general: [system.store.fresh_var("i"), system.store.fresh_var("j")],
        };
        let families: Vec<FamilyId> = system.family_ids().collect();
        find_symmetric(system, step_at_zero, families);
        notation
    }

    /// Whether another layout would write the equation otherwise. The default need not be named for a
    /// gradient that is as its parameter.
    pub fn turns<'e>(
        self,
        system: &System,
        mut sides: impl Iterator<Item = &'e Expression>,
    ) -> bool {
        sides.any(|side| {
            let mut found = false;
            side.visit(&mut |kind| {
                if let Kind::Quantity { access, .. } | Kind::Slice { access, .. } = kind
                    && let Node::Access(family, _) = system.store.node(*access)
                {
                    found |= self.is_turned(system, *family);
                }
            });
            found
        })
    }

    fn is_turned(self, system: &System, family: FamilyId) -> bool {
        let axes = Axes::of(system, family);
        let (FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt }) =
            system.family(family).kind
        else {
            return false;
        };
        // Second derivatives by one column are symmetric.
        let symmetric = matches!(system.family(of).kind,
            FamilyKind::Adjoint { of: inner, wrt: other }
                if other == wrt && Axes::of(system, inner).count() == 0);
        let jacobian = !axes.of.is_empty() && !symmetric;
        let rows = self.layout.of(system, family) == Layout::Numerator;
        axes.count() > 0 && (jacobian || rows && axes.of.is_empty())
    }

    /// The left side `family[index]` for all values of its letters in the domain.
    ///
    /// # Errors
    /// Why it is not one array.
    pub fn frame(
        self,
        system: &mut System,
        family: FamilyId,
        index: &[Affine],
        domain: &Domain,
    ) -> Result<Frame, Refusal> {
        let axes = Axes::of(system, family);
        let layout = self.layout.of(system, family);
        let Some((row, column)) = axes.oriented(is_derivative(system, family), layout) else {
            return Err(Refusal::Axes(axes.count()));
        };
        let elements: Vec<VarId> = axes
            .of
            .iter()
            .chain(&axes.by)
            .filter_map(|at| index[*at].as_var())
            .collect();
        let mut general = index.to_vec();
        let mut sides = [None, None];
        for (side, at) in [row, column].into_iter().enumerate() {
            let Some(at) = at else { continue };
            let var = index[at].as_var().ok_or(Refusal::Left)?;
            let others: Vec<VarId> = elements.iter().copied().filter(|e| *e != var).collect();
            let size = full_range(domain, var, &others).ok_or(Refusal::Left)?;
            let whole = length(system, family, index, at, domain).ok_or(Refusal::Left)?;
            if !system
                .ambient
                .implies(domain, &Domain::equal(&size, &whole))
            {
                return Err(Refusal::Left);
            }
            general[at] = Affine::var(self.general[side]);
            sides[side] = Some((var, size));
        }
        let [row, column] = sides;
        let access = system.store.access(family, general);
        Ok(Frame {
            left: Expression::quantity(
                access,
                row.as_ref().map(|(_, size)| size.clone()),
                column.as_ref().map(|(_, size)| size.clone()),
            ),
            row,
            column,
            domain: domain.clone(),
        })
    }

    /// The matrix form of a term over the letters of a left side, proved equal to the term.
    ///
    /// # Errors
    /// Why there is none.
    pub fn matrix_form(
        self,
        system: &mut System,
        frame: &Frame,
        term: TermId,
    ) -> Result<Proved, Refusal> {
        let found = Recovery::new(system, self.layout, self.general).array(
            term,
            frame.row.clone(),
            frame.column.clone(),
            &frame.domain,
        )?;
        self.proved(system, frame, found, term)
            .ok_or(Refusal::Unproved)
    }

    /// The entry of an expression at the letters of a left side, in index form; none if shapes do not fit.
    fn lowered(
        self,
        system: &mut System,
        frame: &Frame,
        expression: &Expression,
    ) -> Option<TermId> {
        let letter = |side: &Option<(VarId, Affine)>| side.as_ref().map(|(var, _)| *var);
        let mut lowering = Lowering {
            system,
            general: self.general,
            step_at_zero: self.step_at_zero,
            context: frame.domain.clone(),
        };
        // The whole has the shape of the left side.
        let framed = lowering.fits(&expression.shape, &frame.left.shape);
        framed
            .then(|| lowering.entry(expression, letter(&frame.row), letter(&frame.column)))
            .flatten()
    }

    /// The expression, if it is proved to be the term at every value of the left side's letters.
    fn proved(
        self,
        system: &mut System,
        frame: &Frame,
        expression: Expression,
        term: TermId,
    ) -> Option<Proved> {
        let lowered = self.lowered(system, frame, &expression)?;
        let mut assumed = Vec::new();
        let step_at_zero = self.step_at_zero;
        if !are_equal(system, step_at_zero, &frame.domain, lowered, term) {
            let mut symmetric = |term| symmetrized(system, step_at_zero, term, &mut assumed);
            let (left, right) = (symmetric(lowered), symmetric(term));
            if !are_equal(system, step_at_zero, &frame.domain, left, right) {
                return None;
            }
        }
        Some(Proved {
            expression,
            lowered,
            assumed,
        })
    }
}
