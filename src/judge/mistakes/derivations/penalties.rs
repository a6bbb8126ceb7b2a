//! Penalties left out, scaled, or put elsewhere.

use super::*;
use crate::system::FamilyKind;
use crate::term::{Affine, Reduction};

/// A summand whose derivative counts so many times.
fn weighed(penalty: &Penalty, factor: impl Fn(&mut Store) -> TermId + 'static) -> Change {
    let penalty = penalty.clone();
    Box::new(move |system| {
        let stop = stop(system);
        system.rewrite(penalty.family, |store, _, term| {
            (term == penalty.term).then(|| {
                // The value stays: c t + (1 - c) t.
                let factor = factor(store);
                let moving = store.mul([factor, term]);
                let still = stopped(store, stop, term);
                let negative = store.negative(factor);
                let one = store.int(1);
                let rest = store.add([one, negative]);
                let rest = store.mul([rest, still]);
                store.add([moving, rest])
            })
        });
    })
}

/// The penalty left out, scaled, or put on a parameter that has none.
pub(in super::super) fn penalties_wrong(subject: &Subject<'_>) -> Vec<Derivation> {
    let mut found = Vec::new();
    for penalty in &subject.penalties {
        for (above, below, said) in [
            (0, 1, "the gradient of the penalty is missing"),
            (2, 1, "the gradient of the penalty counts twice"),
            (1, 2, "the gradient of the penalty counts half"),
            (4, 1, "the gradient of the penalty counts four times"),
            (1, 4, "the gradient of the penalty counts a quarter"),
        ] {
            let value = BigRational::new(above.into(), below.into());
            found.push(Derivation {
                said: said.into(),
                change: weighed(penalty, move |store| store.number(value.clone())),
            });
        }
        for (size, known) in subject.system.sizes.iter().enumerate() {
            if known.slots > 0 {
                continue;
            }
            let id = crate::term::SizeId(u32::try_from(size).expect("few sizes"));
            for (power, said) in [(1, "multiplied"), (-1, "divided")] {
                found.push(Derivation {
                    said: format!("the gradient of the penalty is {said} by {}", known.name),
                    change: weighed(penalty, move |store| {
                        let size = store.intern(Node::Index(Affine::size(id)));
                        let power = store.int(power);
                        store.power(size, power)
                    }),
                });
            }
        }
        if let Some((_, wrt)) = subject.derivative
            && !subject
                .penalties
                .iter()
                .any(|penalty| subject.system.store.reads(penalty.term, wrt))
            && let Some(derivation) = penalized(subject, penalty, wrt)
        {
            found.push(derivation);
        }
    }
    found
}

/// Without any penalty, so that losses of the data can be compared.
pub(in super::super) fn data_only(subject: &Subject<'_>) -> Change {
    let changes: Vec<Change> = subject
        .penalties
        .iter()
        .map(|penalty| weighed(penalty, |store| store.int(0)))
        .collect();
    Box::new(move |system| changes.iter().for_each(|change| change(system)))
}

/// The sign of a penalty.
pub(in super::super) fn penalties_negated(subject: &Subject<'_>) -> Vec<Derivation> {
    subject
        .penalties
        .iter()
        .map(|penalty| Derivation {
            said: "the sign of the gradient of the penalty is wrong".into(),
            change: weighed(penalty, |store| store.int(-1)),
        })
        .collect()
}

/// The penalty of weights put on another parameter.
fn penalized(subject: &Subject<'_>, penalty: &Penalty, wrt: FamilyId) -> Option<Derivation> {
    let system = subject.system;
    let known = system.family(wrt);
    let [clause] = known.clauses.as_slice() else {
        return None;
    };
    if known.kind != FamilyKind::Input {
        return None;
    }
    let (factor, exponent) = power_in(system, penalty.term)?;
    let (penalty, clause) = (penalty.clone(), clause.clone());
    Some(Derivation {
        said: format!("the penalty is put on {} too", known.name),
        change: Box::new(move |system| {
            let stop = stop(system);
            let store = &mut system.store;
            let element = store.access(wrt, clause.index.iter().cloned());
            let exponent = store.number(exponent.clone());
            let square = store.power(element, exponent);
            let sum = store.reduce(
                Reduction::Sum,
                clause.vars.iter().copied(),
                clause.domain.clone(),
                square,
            );
            let added = store.mul(factor.iter().copied().chain([sum]));
            let still = stopped(store, stop, added);
            let negative = store.negative(still);
            let added = store.add([added, negative]);
            system.rewrite(penalty.family, |store, _, term| {
                (term == penalty.term).then(|| store.add([term, added]))
            });
        }),
    })
}

/// What stands before the powers that a penalty sums up, and their exponent: `λ/2 Σ w²`, `λ Ω` where Ω is such a sum.
fn power_in(system: &System, term: TermId) -> Option<(Vec<TermId>, BigRational)> {
    let mut factors = Vec::new();
    let mut inner = term;
    loop {
        inner = match system.store.node(inner) {
            Node::Reduce(Reduction::Sum, _, _, body) => *body,
            Node::Access(family, _) => *bodies(system, *family).first()?,
            Node::Add(terms) => *terms.first()?,
            // w · w, as in wᵀ w
            Node::Mul(all) if all.windows(2).all(|pair| pair[0] == pair[1]) => {
                return Some((factors, BigRational::from_integer(all.len().into())));
            }
            Node::Mul(all) => {
                let (last, before) = all.split_last()?;
                factors.extend_from_slice(before);
                *last
            }
            Node::Power(_, exponent) => {
                return Some((factors, system.store.as_number(*exponent)?.clone()));
            }
            _ => return None,
        };
    }
}
