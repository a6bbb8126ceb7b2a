//! The index set of a derivative, in as few pieces as it can be described.

use crate::system::{Clause, System};
use crate::term::{Affine, Domain, FamilyId, Relation, Substitution, VarId};

/// Elements of ∂of/∂wrt at `index`, for all values of the letters in the domain.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) vars: Box<[VarId]>,
    pub(super) index: Box<[Affine]>,
    pub(super) domain: Domain,
}

impl Piece {
    /// The part of the piece inside a domain; none if there is no such part.
    pub(super) fn within(&self, system: &System, domain: &Domain) -> Option<Piece> {
        let domain = self.domain.and(domain);
        if system.ambient.is_empty(&domain) {
            return None;
        }
        let (fixed, domain) = domain.solve(&self.vars);
        Some(Piece {
            vars: self
                .vars
                .iter()
                .copied()
                .filter(|var| fixed.get(*var).is_none())
                .collect(),
            index: self.index.iter().map(|index| fixed.affine(index)).collect(),
            domain: system.ambient.minimal(&domain, &Domain::everything()),
        })
    }
}

/// The pieces of ∂of/∂wrt, where some indices of the output may be fixed. Slots that are written out one by
/// one stay pieces of their own; the others are joined where their union is one range.
pub(super) fn pieces(
    system: &mut System,
    of: FamilyId,
    fixed: &[Option<Affine>],
    wrt: FamilyId,
) -> Vec<Piece> {
    let outer = family_pieces(system, of);
    let inner = family_pieces(system, wrt);
    let mut result = Vec::new();
    for left in &outer {
        let mut at_fixed = Domain::everything();
        for (index, wanted) in left.index.iter().zip(fixed) {
            if let Some(value) = wanted {
                at_fixed = at_fixed.and(&Domain::equal(index, value));
            }
        }
        let Some(left) = left.within(system, &at_fixed) else {
            continue;
        };
        for right in &inner {
            // The same family twice needs different letters.
            let right = if of == wrt {
                renamed(system, right)
            } else {
                right.clone()
            };
            result.push(Piece {
                vars: left.vars.iter().chain(&right.vars).copied().collect(),
                index: left.index.iter().chain(&right.index).cloned().collect(),
                domain: left.domain.and(&right.domain),
            });
        }
    }
    result
}

fn renamed(system: &mut System, piece: &Piece) -> Piece {
    let (vars, renaming) = system.store.fresh_letters(&piece.vars);
    Piece {
        vars,
        index: piece
            .index
            .iter()
            .map(|index| renaming.affine(index))
            .collect(),
        domain: renaming.domain(&piece.domain),
    }
}

fn family_pieces(system: &mut System, family: FamilyId) -> Vec<Piece> {
    let slots = system.family(family).slots;
    let clauses = system.family(family).clauses.clone();
    let written_out = |clause: &Clause| {
        slots > 0
            && clause.index[..slots]
                .iter()
                .all(|index| index.as_int().is_some())
    };
    let all_written_out = clauses.iter().all(written_out);
    let mut pieces: Vec<Piece> = clauses
        .iter()
        .map(|clause| fresh_piece(system, clause, if all_written_out { slots } else { 0 }))
        .collect();
    if all_written_out {
        pieces.sort_by(|a, b| a.index[..slots].cmp(&b.index[..slots]));
        return pieces;
    }
    // Joining is tried until no two pieces fit together.
    'again: loop {
        for at in 0..pieces.len() {
            for other in at + 1..pieces.len() {
                if let Some(joined) = joined(system, &pieces[at], &pieces[other]) {
                    pieces[at] = joined;
                    pieces.remove(other);
                    continue 'again;
                }
            }
        }
        return pieces;
    }
}

/// The clause at fresh letters; its first `constant` indices are kept as they are.
fn fresh_piece(system: &mut System, clause: &Clause, constant: usize) -> Piece {
    let mut vars = Vec::new();
    let index: Vec<Affine> = clause
        .index
        .iter()
        .enumerate()
        .map(|(at, written)| {
            if at < constant {
                return written.clone();
            }
            let mut letter = None;
            written.visit_vars(&mut |var| {
                letter.get_or_insert(var);
            });
            let letter =
                letter.map_or_else(|| "k".to_owned(), |var| system.store.letter(var).to_owned());
            let var = system.store.fresh_var(&letter);
            vars.push(var);
            Affine::var(var)
        })
        .collect();
    let (_, domain) = clause.at(&index);
    Piece {
        vars: vars.into_boxed_slice(),
        index: index.into_boxed_slice(),
        domain,
    }
}

/// One piece for two, if the constraints that both satisfy describe exactly their union.
fn joined(system: &System, a: &Piece, b: &Piece) -> Option<Piece> {
    let renaming = Substitution::new(
        b.vars
            .iter()
            .copied()
            .zip(a.vars.iter().map(|var| Affine::var(*var))),
    );
    let other = renaming.domain(&b.domain);
    let ambient = &system.ambient;
    let mut hull = Domain::everything();
    for (own, opposite) in [(&a.domain, &other), (&other, &a.domain)] {
        for part in own.parts() {
            for weaker in weaker_parts(&part) {
                if ambient.implies(opposite, &weaker) {
                    hull = hull.and(&weaker);
                }
            }
        }
    }
    let covered = a.domain.complement().iter().all(|outside_a| {
        let outside_a = hull.and(outside_a);
        ambient.is_empty(&outside_a)
            || other
                .complement()
                .iter()
                .all(|outside_b| ambient.is_empty(&outside_a.and(outside_b)))
    });
    if !covered {
        return None;
    }
    let hull = ambient.minimal(&hull, &Domain::everything());
    // The wish for a letter comes from the piece that is more than one value of it.
    let pinned = a
        .domain
        .constraints()
        .iter()
        .any(|constraint| constraint.relation() == Relation::Zero);
    Some(if pinned {
        let back = Substitution::new(
            a.vars
                .iter()
                .copied()
                .zip(b.vars.iter().map(|var| Affine::var(*var))),
        );
        Piece {
            vars: b.vars.clone(),
            index: b.index.clone(),
            domain: back.domain(&hull),
        }
    } else {
        Piece {
            vars: a.vars.clone(),
            index: a.index.clone(),
            domain: hull,
        }
    })
}

/// The constraint itself, and for an equation its two halves.
fn weaker_parts(part: &Domain) -> Vec<Domain> {
    let mut result = vec![part.clone()];
    for constraint in part.constraints() {
        if constraint.relation() == Relation::Zero {
            let zero = Affine::int(0);
            result.push(Domain::at_least(constraint.affine(), &zero));
            result.push(Domain::at_least(&zero, constraint.affine()));
        }
    }
    result
}
