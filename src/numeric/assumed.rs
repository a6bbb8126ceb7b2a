//! What is assumed, as rules for choosing points.

use num_traits::ToPrimitive;

use crate::syntax::MatrixProperty;
use crate::system::{Clause, Fact, FamilyKind, System};
use crate::term::{Affine, Cmp, Domain, FamilyId, Node, Reduction, TermId, VarId};

use super::nest::Nest;
use super::program::{BlockId, Program, Sheet, substitute};

/// One number that is given from outside.
pub(crate) type Place = (BlockId, usize);

/// A rule that a point has to keep.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// The number compares so with a constant.
    Bound(Place, Cmp, f64),
    /// The number is less than a constant, or at most.
    Below(Place, f64),
    /// The number is one of these.
    OneOf(Place, Vec<f64>),
    /// One of them is 1, the others are 0.
    OneHot(Vec<Place>),
    /// They sum to the constant.
    SumTo(Vec<Place>, f64),
    /// The square matrix, in rows.
    Matrix(Vec<Vec<Place>>, MatrixProperty),
    /// Elements of two sheets compare so.
    General(Cmp, Place, Place),
}

/// Values of letters.
type Values = Vec<(VarId, i64)>;

/// Two sheets for each assumption that compares: its sides, under the letters of the assumption.
pub(crate) fn sheets(system: &System) -> Vec<Sheet> {
    let mut result = Vec::new();
    for assumption in &system.assumptions {
        if let Fact::Compare(_, left, right) = &assumption.fact {
            for side in [left, right] {
                result.push(Sheet {
                    like: None,
                    clauses: vec![Clause {
                        vars: assumption.vars.clone(),
                        index: assumption
                            .vars
                            .iter()
                            .map(|var| Affine::var(*var))
                            .collect(),
                        domain: assumption.domain.clone(),
                        body: Some(*side),
                        span: None,
                    }],
                });
            }
        }
    }
    result
}

/// The rules at these sizes. `first_sheet` is the number of the first sheet of [`sheets`].
pub(crate) fn rules(program: &Program<'_>, first_sheet: usize) -> Vec<Rule> {
    let system = program.system;
    let mut rules = Vec::new();
    let mut sheet = first_sheet;
    for assumption in &system.assumptions {
        match &assumption.fact {
            Fact::Compare(cmp, left, right) => {
                let pair = (program.sheet(sheet), program.sheet(sheet + 1));
                sheet += 2;
                for known in combinations(program, &assumption.vars, &assumption.domain) {
                    rules.push(comparison(program, *cmp, (*left, *right), pair, &known));
                }
            }
            Fact::OneOf(term, values) => {
                let values: Vec<f64> = values.iter().filter_map(ToPrimitive::to_f64).collect();
                for known in combinations(program, &assumption.vars, &assumption.domain) {
                    if let Some(place) = place_of(program, *term, &known) {
                        rules.push(Rule::OneOf(place, values.clone()));
                    }
                }
            }
            Fact::OneHot(term, letter) => {
                // The letter whose entries belong together is none of those that stand for every value.
                let all: Vec<VarId> = assumption.vars.iter().copied().chain([*letter]).collect();
                let mut groups: Vec<(Values, Vec<Place>)> = Vec::new();
                for known in combinations(program, &all, &assumption.domain) {
                    let Some(place) = place_of(program, *term, &known) else {
                        continue;
                    };
                    let key: Values = known.into_iter().filter(|(var, _)| var != letter).collect();
                    match groups.iter_mut().find(|(other, _)| *other == key) {
                        Some((_, group)) => group.push(place),
                        None => groups.push((key, vec![place])),
                    }
                }
                rules.extend(groups.into_iter().map(|(_, group)| Rule::OneHot(group)));
            }
            Fact::Matrix(family, property) => {
                for keys in program.keys_of(*family) {
                    let id = program.block_id(*family, keys);
                    let block = program.block(id);
                    if let [rows, columns] = *block.layout.extent
                        && rows == columns
                    {
                        let side = rows as usize;
                        let matrix = (0..side)
                            .map(|i| (0..side).map(|j| (id, i * side + j)).collect())
                            .collect();
                        rules.push(Rule::Matrix(matrix, *property));
                    }
                }
            }
        }
    }
    rules
}

fn comparison(
    program: &Program<'_>,
    cmp: Cmp,
    (left, right): (TermId, TermId),
    pair: (FamilyId, FamilyId),
    known: &[(VarId, i64)],
) -> Rule {
    let store = &program.system.store;
    let number = |term: TermId| match store.node(term) {
        Node::Index(affine) => {
            let settled = program.instance.settle(&substitute(affine, known));
            settled
                .is_constant()
                .then(|| settled.constant().to_f64())
                .flatten()
        }
        _ => store.as_number(term).and_then(ToPrimitive::to_f64),
    };
    if let (Some(place), Some(bound)) = (place_of(program, left, known), number(right)) {
        return Rule::Bound(place, cmp, bound);
    }
    if let (Some(bound), Some(place)) = (number(left), place_of(program, right, known)) {
        match cmp {
            Cmp::Equal | Cmp::NotEqual => return Rule::Bound(place, cmp, bound),
            Cmp::Greater | Cmp::GreaterEqual => return Rule::Below(place, bound),
        }
    }
    if cmp == Cmp::Equal
        && let Some(total) = number(right)
        && let Node::Reduce(Reduction::Sum, vars, domain, body) = store.node(left)
    {
        let domain = domain.map(|affine| substitute(affine, known));
        let places: Option<Vec<Place>> = combinations(program, vars, &domain)
            .into_iter()
            .map(|mut inner| {
                inner.extend_from_slice(known);
                place_of(program, *body, &inner)
            })
            .collect();
        if let Some(places) = places
            && !places.is_empty()
        {
            return Rule::SumTo(places, total);
        }
    }
    Rule::General(cmp, at(program, pair.0, known), at(program, pair.1, known))
}

fn at(program: &Program<'_>, sheet: FamilyId, known: &[(VarId, i64)]) -> Place {
    let id = program.block_id(sheet, [].into_iter().collect());
    let block = program.block(id);
    let index: Vec<i64> = known.iter().map(|(_, value)| *value).collect();
    (id, block.layout.offset(&index).unwrap_or(0))
}

/// Every combination of values of the letters, in the order of the letters.
fn combinations(program: &Program<'_>, vars: &[VarId], domain: &Domain) -> Vec<Values> {
    let domain = program.settle(domain, &[]);
    let register = |var: VarId| {
        vars.iter()
            .position(|other| *other == var)
            .map(|at| at as u32)
    };
    let Ok(nest) = Nest::of(vars, &domain, &register) else {
        return Vec::new();
    };
    let mut result = Vec::new();
    program.walk(&nest, &mut vec![0; vars.len()], &mut |registers| {
        result.push(
            vars.iter()
                .copied()
                .zip(registers.iter().copied())
                .collect(),
        );
    });
    result
}

/// The given number that a term is, once its letters are known.
fn place_of(program: &Program<'_>, term: TermId, known: &[(VarId, i64)]) -> Option<Place> {
    let Node::Access(family, index) = program.system.store.node(term) else {
        return None;
    };
    if program.kind(*family) != Some(&FamilyKind::Input) {
        return None;
    }
    let index: Option<Vec<i64>> = index
        .iter()
        .map(|entry| program.instance.whole(&substitute(entry, known)))
        .collect();
    let (keys, dense) = program.split_index(*family, &index?);
    let id = program.block_id(*family, keys);
    let block = program.block(id);
    let offset = block.layout.offset(&dense)?;
    program.is_element(&block, offset).then_some((id, offset))
}
