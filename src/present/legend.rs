//! The symbols of a network: how they are printed, what they are, which shape they have.

use super::document::SymbolRow;
use super::letters::Scope;
use super::math::{MathId, Sign};
use super::plain;
use super::terms::Printer;
use crate::formula::Form;
use crate::system::{Clause, Family, FamilyKind, FamilyRole};
use crate::term::{Affine, Constraint, FamilyId, Relation, VarId};

impl Printer<'_> {
    /// One row for each quantity of the network.
    pub(super) fn symbols(&mut self) -> Vec<SymbolRow> {
        let system = self.system;
        let mut rows = Vec::new();
        for (at, family) in system.families.iter().enumerate() {
            let derivative = matches!(
                family.kind,
                FamilyKind::Adjoint { .. } | FamilyKind::Local { .. }
            );
            if derivative || family.name.is_empty() {
                continue;
            }
            let id = FamilyId(at as u32);
            let Some(clause) = general_clause(family) else {
                continue;
            };
            let scope = self.enter(Scope::EMPTY, &clause.vars);
            let slots = family.slots.min(clause.index.len());
            let symbol = self.access(id, &clause.index[..slots], scope).id;
            let set = self.set(family, clause, scope);
            let shape = axes_of(clause, family)
                .iter()
                .map(|size| plain::affine(system, size))
                .collect();
            let slots: Vec<VarId> = clause.index[..family.slots.min(clause.index.len())]
                .iter()
                .filter_map(|slot| clause.vars.iter().copied().find(|var| slot.mentions(*var)))
                .collect();
            let domain = clause.domain.filter(|constraint| {
                slots.iter().any(|var| constraint.affine().mentions(*var))
                    && !clause
                        .vars
                        .iter()
                        .any(|var| !slots.contains(var) && constraint.affine().mentions(*var))
            });
            let range = if slots.is_empty() {
                None
            } else {
                self.case(id, &clause.index, &slots, &domain, scope)
            };
            rows.push(SymbolRow {
                name: family.name.clone(),
                symbol,
                kind: kind(family),
                set,
                shape,
                range,
            });
        }
        rows
    }

    fn set(&mut self, family: &Family, clause: &Clause, scope: Scope) -> MathId {
        if let Some((first, last)) = &family.integers {
            let parts = [first, last].map(|bound| self.affine(bound, scope).id);
            let dots = self.boxes.sign(Sign::Dots);
            let list = self.boxes.list(&[parts[0], dots, parts[1]], Sign::Comma);
            return self.boxes.fence(super::math::Fence::Set, false, list);
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
    pub(super) fn shape_at(&self, family: FamilyId, index: &[Affine], form: Form) -> Vec<String> {
        if form == Form::Scalar {
            return Vec::new();
        }
        let system = self.system;
        let row = system.family(family);
        match row.kind {
            FamilyKind::Adjoint { of, wrt } | FamilyKind::Local { of, wrt } => {
                let rank = system.family(of).slots + system.family(of).axes;
                let (above, below) = index.split_at(rank.min(index.len()));
                let mut shape = self.shape_at(of, above, form);
                shape.extend(self.shape_at(wrt, below, form));
                shape
            }
            FamilyKind::Input | FamilyKind::Defined | FamilyKind::OpaqueLoss(_) => {
                let Some(clause) = row.clauses.iter().find(|clause| {
                    let (_, domain) = clause.at(index);
                    !system.ambient.is_empty(&domain)
                }) else {
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
fn general_clause(family: &Family) -> Option<&Clause> {
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
            FamilyKind::Defined => "defined",
            FamilyKind::OpaqueLoss(_) => "loss",
            FamilyKind::Adjoint { .. } | FamilyKind::Local { .. } => "derivative",
        },
    }
}
