//! Indices, conditions on them and ranges, with numbers for their letters.

use std::rc::Rc;

use num_rational::Ratio;
use num_traits::{Signed, Zero};
use smallvec::SmallVec;

use super::super::value::{Real, Trouble, Value};
use super::{Env, Evaluator};
use crate::term::{Affine, Atom, Domain, Relation, TermId, VarId};

/// A sum with more terms is not evaluated.
const MOST_TERMS: usize = 200_000;

impl Evaluator<'_> {
    /// The values of the letters of a reduction.
    pub(super) fn range(
        &mut self,
        term: TermId,
        vars: &[VarId],
        domain: &Domain,
        env: &Env,
    ) -> Result<Rc<Vec<Vec<i64>>>, Trouble> {
        let reads = domain
            .constraints()
            .iter()
            .any(|constraint| constraint.affine().reads());
        let key = (term, self.free_values(term, env));
        if !reads && let Some(known) = self.structure.ranges.get(&key) {
            return Ok(Rc::clone(known));
        }
        // One of the letters may have a value outside, of another sum.
        let mut outside = env.clone();
        outside.retain(|(var, _)| !vars.contains(var));
        let settled = self.settled(domain, &outside)?;
        // What still reads, `c[t] = i`, reads at one of the letters.
        let bounds = settled.filter(|constraint| !constraint.affine().reads());
        let mut points = bounds.points(vars, MOST_TERMS).ok_or(Trouble::Unknown)?;
        if bounds != settled {
            let read = settled.filter(|constraint| constraint.affine().reads());
            let mut kept = Vec::new();
            for point in points {
                let at: Env = vars.iter().copied().zip(point.iter().copied()).collect();
                if self.holds(&read, &at)? {
                    kept.push(point);
                }
            }
            points = kept;
        }
        let points = Rc::new(points);
        if !reads {
            self.structure.ranges.insert(key, Rc::clone(&points));
        }
        Ok(points)
    }

    /// The values of a term's free letters.
    pub(super) fn free_values(&self, term: TermId, env: &Env) -> SmallVec<[i64; 4]> {
        self.system
            .store
            .free_vars(term)
            .iter()
            .map(|var| value_of(env, *var).unwrap_or(i64::MIN))
            .collect()
    }

    /// A domain with sizes, letters and reads replaced by numbers.
    pub(super) fn settled(&mut self, domain: &Domain, env: &Env) -> Result<Domain, Trouble> {
        let mut trouble = None;
        let result = domain.map(|affine| match self.replaced(affine, env) {
            Ok(affine) => affine,
            Err(found) => {
                trouble = Some(found);
                affine.clone()
            }
        });
        trouble.map_or(Ok(result), Err)
    }

    pub(super) fn replaced(&mut self, affine: &Affine, env: &Env) -> Result<Affine, Trouble> {
        let mut trouble = None;
        let result = affine.map_atoms(&mut |atom| match atom {
            Atom::Var(var) => value_of(env, *var).map(Affine::int),
            Atom::Size(size, slots) => {
                let slots: Option<Vec<i64>> = slots.iter().map(Affine::as_int).collect();
                Some(Affine::int(self.instance.size(*size, &slots?)))
            }
            Atom::Read(family, index) => {
                let index: Option<SmallVec<[i64; 4]>> = index.iter().map(Affine::as_int).collect();
                match self.element(*family, index?) {
                    Ok(Value {
                        real: Real::Exact(value),
                        ..
                    }) if value.is_integer() => value.as_int().map(Affine::int),
                    Ok(_) => {
                        trouble = Some(Trouble::NoValue);
                        None
                    }
                    Err(found) => {
                        trouble = Some(found);
                        None
                    }
                }
            }
        });
        trouble.map_or(Ok(result), Err)
    }

    pub(super) fn affine(&mut self, affine: &Affine, env: &Env) -> Result<Ratio<i64>, Trouble> {
        if let Some(value) = of_letters(affine, env) {
            return Ok(Ratio::from_integer(value));
        }
        let value = self.replaced(affine, env)?;
        if !value.is_constant() {
            return Err(Trouble::Unknown);
        }
        Ok(value.constant())
    }

    pub(super) fn whole_index(
        &mut self,
        index: &[Affine],
        env: &Env,
    ) -> Result<SmallVec<[i64; 4]>, Trouble> {
        index
            .iter()
            .map(|entry| match of_letters(entry, env) {
                Some(value) => Ok(value),
                None => self.replaced(entry, env)?.as_int().ok_or(Trouble::NoValue),
            })
            .collect()
    }

    pub(super) fn holds(&mut self, domain: &Domain, env: &Env) -> Result<bool, Trouble> {
        for constraint in domain.constraints() {
            let value = self.affine(constraint.affine(), env)?;
            let holds = match constraint.relation() {
                Relation::Zero => value.is_zero(),
                Relation::NonNegative => !value.is_negative(),
                Relation::Divisible(modulus) => {
                    value.is_integer() && value.to_integer() % modulus == 0
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The value of an index of letters alone with whole coefficients, as most are.
pub(super) fn of_letters(affine: &Affine, env: &Env) -> Option<i64> {
    let whole = |value: Ratio<i64>| value.is_integer().then(|| value.to_integer());
    let mut sum = whole(affine.constant())?;
    for (atom, coefficient) in affine.terms() {
        let Atom::Var(var) = atom else { return None };
        let part = whole(*coefficient)?.checked_mul(value_of(env, *var)?)?;
        sum = sum.checked_add(part)?;
    }
    Some(sum)
}

pub(in crate::judge) fn value_of(env: &Env, var: VarId) -> Option<i64> {
    env.iter()
        .rev()
        .find(|(other, _)| *other == var)
        .map(|(_, value)| *value)
}
