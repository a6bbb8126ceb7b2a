//! Wrong formulas among many right ones that are only compared along joint directions: two families of 3,000 weights
//! each, of which one has derivatives that are a millionth of those of the other.

use super::{Confirmation, Derivation, Formula, Link, Sampling, Status, confirm, derived};
use crate::syntax::StepAtZero;
use crate::system::Primitive;
use crate::term::{Affine, Domain, FunctionId, Node, TermId};

const NETWORK: &str = "index i, j\n\
    where U, V in R^(60 x 50), x in R^50, y in R^60\n\
    a_i = sum_j U_ij x_j\n\
    r_i = relu(a_i)\n\
    b_i = sum_j V_ij x_j\n\
    s_i = relu(b_i)\n\
    loss C = 1/2 sum_i (r_i - y_i)^2 + 1/2000000 sum_i (s_i - y_i)^2\n\
    grad U, V\n";

/// The derivation with its formulas, and the numbers of those by `U` and `V`.
fn network() -> (Derivation, Vec<Formula>, [usize; 2]) {
    let (derivation, formulas) = derived(NETWORK, StepAtZero::One);
    let of_weights = |name: &str| {
        let named = |formula: &Formula| {
            let crate::system::FamilyKind::Adjoint { wrt, .. } =
                derivation.system.family(formula.adjoint).kind
            else {
                return false;
            };
            derivation.system.family(wrt).name == name
        };
        formulas.iter().position(named).expect("it was asked for")
    };
    let weights = ["U", "V"].map(of_weights);
    (derivation, formulas, weights)
}

/// The result with a millionth, or less, of a term added: once of the result itself, so that it is wrong by this part.
fn slightly(
    derivation: &mut Derivation,
    formula: &Formula,
    (sign, part): (i64, i64),
    where_wrong: Option<TermId>,
    term: TermId,
) -> TermId {
    let store = &mut derivation.system.store;
    let part = store.number(num_rational::BigRational::new(sign.into(), part.into()));
    let factors = [Some(part), where_wrong, Some(term)];
    let added = store.mul(factors.into_iter().flatten().collect::<Vec<_>>());
    store.add([formula.result(), added])
}

fn replaced(formulas: &[Formula], wrong: &[(usize, TermId)]) -> Vec<Formula> {
    let mut formulas = formulas.to_vec();
    for (at, result) in wrong {
        formulas[*at].chain = vec![Link::Term(*result)];
    }
    formulas
}

fn failed(found: &Confirmation) -> Vec<usize> {
    let outcomes = found.outcomes.iter().enumerate();
    outcomes
        .filter(|(_, outcome)| matches!(outcome.status, Status::Failed(_)))
        .map(|(at, _)| at)
        .collect()
}

/// `Step` of the unit that the formula's first letter names.
fn step(derivation: &mut Derivation, formula: &Formula, unit: &str) -> TermId {
    let system = &mut derivation.system;
    let is_step = |at: &usize| system.functions[*at].primitive == Some(Primitive::Step);
    let step = (0..system.functions.len())
        .find(is_step)
        .expect("relu has a slope");
    let unit = system
        .families
        .iter()
        .position(|family| family.name == unit);
    let unit = crate::term::FamilyId(unit.expect("the unit is named") as u32);
    let argument = system.store.access(unit, [Affine::var(formula.vars[0])]);
    let step = Node::Apply(FunctionId(step as u32), Box::new([0]), Box::new([argument]));
    system.store.intern(step)
}

#[test]
fn right_formulas_are_confirmed() {
    let (derivation, formulas, _) = network();
    let found = confirm(&derivation, &formulas, &Sampling::default());
    assert!(found.is_confirmed(), "{:?}", found.outcomes);
    for outcome in &found.outcomes {
        assert!(
            matches!(outcome.status, Status::Confirmed { points, worst_error, .. } if points == 8 && worst_error < 1e-12),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_family_that_is_wrong_by_a_millionth_is_named_however_small_it_is() {
    let (mut derivation, formulas, weights) = network();
    for at in weights {
        let result = formulas[at].result();
        let wrong = slightly(&mut derivation, &formulas[at], (1, 1_000_000), None, result);
        let found = confirm(
            &derivation,
            &replaced(&formulas, &[(at, wrong)]),
            &Sampling::default(),
        );
        assert_eq!(failed(&found), [at], "{:?}", found.outcomes);
    }
}

#[test]
fn two_families_do_not_hide_each_other() {
    let (mut derivation, formulas, weights) = network();
    let wrong = [(weights[0], 1), (weights[1], -1)].map(|(at, sign)| {
        let result = formulas[at].result();
        let part = (sign, 1_000_000);
        (
            at,
            slightly(&mut derivation, &formulas[at], part, None, result),
        )
    });
    let found = confirm(
        &derivation,
        &replaced(&formulas, &wrong),
        &Sampling::default(),
    );
    let mut expected = weights.to_vec();
    expected.sort_unstable();
    assert_eq!(failed(&found), expected, "{:?}", found.outcomes);
}

#[test]
fn one_element_of_thousands_is_found() {
    let (mut derivation, formulas, weights) = network();
    for at in weights {
        let (i, j) = (formulas[at].vars[0], formulas[at].vars[1]);
        let here = Domain::equal(&Affine::var(i), &Affine::int(7))
            .and(&Domain::equal(&Affine::var(j), &Affine::int(11)));
        let here = derivation.system.store.guard(here);
        let result = formulas[at].result();
        let part = (1, 1_000_000);
        let wrong = slightly(&mut derivation, &formulas[at], part, Some(here), result);
        let found = confirm(
            &derivation,
            &replaced(&formulas, &[(at, wrong)]),
            &Sampling::default(),
        );
        assert_eq!(failed(&found), [at], "{:?}", found.outcomes);
        let Status::Failed(failure) = &found.outcomes[at].status else {
            unreachable!("it failed")
        };
        assert!(failure.element.contains("7,11"), "{failure:?}");
    }
}

#[test]
fn what_is_wrong_at_live_or_at_dead_units_only_is_found() {
    let (mut derivation, formulas, weights) = network();
    for (at, unit) in weights.into_iter().zip(["a", "b"]) {
        let live = step(&mut derivation, &formulas[at], unit);
        let store = &mut derivation.system.store;
        let one = store.int(1);
        let minus = store.negative(live);
        let dead = store.add([one, minus]);
        let x = derivation
            .system
            .families
            .iter()
            .position(|family| family.name == "x");
        let x = crate::term::FamilyId(x.expect("the input is named") as u32);
        let x = derivation
            .system
            .store
            .access(x, [Affine::var(formulas[at].vars[1])]);
        for place in [live, dead] {
            // By `V` the derivatives are about a millionth themselves.
            let part = (1, 1_000_000_000_000);
            let wrong = slightly(&mut derivation, &formulas[at], part, Some(place), x);
            let found = confirm(
                &derivation,
                &replaced(&formulas, &[(at, wrong)]),
                &Sampling::default(),
            );
            if at == weights[1] {
                assert_eq!(failed(&found), [at], "{:?}", found.outcomes);
            }
            let part = (1, 1_000_000);
            let wrong = slightly(&mut derivation, &formulas[at], part, Some(place), x);
            let found = confirm(
                &derivation,
                &replaced(&formulas, &[(at, wrong)]),
                &Sampling::default(),
            );
            assert_eq!(failed(&found), [at], "{:?}", found.outcomes);
        }
    }
}
