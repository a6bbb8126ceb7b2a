//! Deriving again with one mistake built in.
//!
//! A wrong derivation is a network with the same values and other derivatives: a function with another slope, or a place
//! that is not differentiated. Whatever a person wrote, it is compared with what comes out.

use num_rational::BigRational;

use super::subject::{Penalty, Subject, bodies, subterms};
use crate::system::{Clause, FamilyKind, Function, System};
use crate::term::{
    Affine, Domain, FamilyId, FunctionId, Node, Reduction, Relation, Store, TermId, VarId,
};

/// One wrong derivation.
pub(super) struct Derivation {
    /// What was done, in words.
    pub(super) said: String,
    /// Makes the network in which it is the right one.
    pub(super) change: Change,
}

pub(super) type Change = Box<dyn Fn(&mut System)>;

/// More uses of quantities than this are left out one by one only.
const MOST_USES: usize = 6;

/// Subsets of 1, 2, … of `count` things, the small ones first; of many things only single ones and all together.
fn subsets(count: usize) -> Vec<Vec<usize>> {
    if count > MOST_USES {
        let mut found: Vec<Vec<usize>> = (0..count).map(|at| vec![at]).collect();
        found.push((0..count).collect());
        return found;
    }
    let mut found: Vec<Vec<usize>> = (1..1usize << count)
        .map(|subset| (0..count).filter(|at| subset >> at & 1 == 1).collect())
        .collect();
    found.sort_by_key(Vec::len);
    found
}

/// A function with the value of another and this slope.
fn resloped(system: &mut System, function: FunctionId, slope: TermId) -> FunctionId {
    let row = Function {
        slopes: std::iter::once(Some(slope))
            .chain(system.function(function).slopes.iter().skip(1).copied())
            .collect(),
        slopes_at: Vec::new(),
        ..system.function(function).clone()
    };
    system.functions.push(row);
    FunctionId(u32::try_from(system.functions.len() - 1).expect("few functions"))
}

/// The function that is its argument and has no slope.
fn stop(system: &mut System) -> FunctionId {
    let value = system.store.intern(Node::Parameter(0));
    let zero = system.store.int(0);
    system.functions.push(Function {
        name: "stop".into(),
        latex: String::new(),
        letters: vec!["u".into()],
        parameters: 1,
        extra: 0,
        body: Some(value),
        slopes: vec![Some(zero)],
        slopes_at: Vec::new(),
        slope_range: None,
        primitive: None,
        activation: false,
        span: None,
    });
    FunctionId(u32::try_from(system.functions.len() - 1).expect("few functions"))
}

fn stopped(store: &mut Store, stop: FunctionId, term: TermId) -> TermId {
    store.intern(Node::Apply(stop, Box::new([0]), Box::new([term])))
}

/// Rewrites the bodies of a family.
fn rewrite(
    system: &mut System,
    family: FamilyId,
    mut replace: impl FnMut(&mut Store, &Clause, TermId) -> Option<TermId>,
) {
    let mut clauses = system.family(family).clauses.clone();
    for clause in &mut clauses {
        if let Some(body) = clause.body {
            let known = clause.clone();
            clause.body = Some(
                system
                    .store
                    .replace(body, &mut |store, term| replace(store, &known, term)),
            );
        }
    }
    system.families[family.0 as usize].clauses = clauses;
}

fn reslope_in(system: &mut System, family: FamilyId, from: FunctionId, to: FunctionId) {
    rewrite(system, family, |store, _, term| match store.node(term) {
        Node::Apply(function, orders, arguments) if *function == from => {
            let (orders, arguments) = (orders.clone(), arguments.clone());
            Some(store.intern(Node::Apply(to, orders, arguments)))
        }
        _ => None,
    });
}

/// The slope of a function in terms of its value `s` and its argument `u`.
type Slope = fn(&mut Slopes<'_>) -> Option<TermId>;

/// What wrong slopes are made from.
struct Slopes<'a> {
    store: &'a mut Store,
    value: TermId,
    argument: TermId,
    right: Option<TermId>,
}

impl Slopes<'_> {
    fn one_minus(&mut self, term: TermId) -> TermId {
        let (one, negative) = (self.store.int(1), self.store.negative(term));
        self.store.add([one, negative])
    }

    fn square(&mut self, term: TermId) -> TermId {
        let two = self.store.int(2);
        self.store.power(term, two)
    }
}

/// Slopes that people write for an activation by mistake, with what they did.
const WRONG_SLOPES: &[(&str, Slope)] = &[
    ("1 - s", |slopes| Some(slopes.one_minus(slopes.value))),
    ("s", |slopes| Some(slopes.value)),
    ("s (1 - s)", |slopes| {
        let rest = slopes.one_minus(slopes.value);
        Some(slopes.store.mul([slopes.value, rest]))
    }),
    ("s (1 + s)", |slopes| {
        let one = slopes.store.int(1);
        let more = slopes.store.add([one, slopes.value]);
        Some(slopes.store.mul([slopes.value, more]))
    }),
    ("s^2", |slopes| Some(slopes.square(slopes.value))),
    ("1 - s^2", |slopes| {
        let square = slopes.square(slopes.value);
        Some(slopes.one_minus(square))
    }),
    ("1 + s^2", |slopes| {
        let (one, square) = (slopes.store.int(1), slopes.square(slopes.value));
        Some(slopes.store.add([one, square]))
    }),
    ("s^2 - 1", |slopes| {
        let square = slopes.square(slopes.value);
        let right = slopes.one_minus(square);
        Some(slopes.store.negative(right))
    }),
    ("1 - u^2", |slopes| {
        let square = slopes.square(slopes.argument);
        Some(slopes.one_minus(square))
    }),
    ("u (1 - u)", |slopes| {
        let rest = slopes.one_minus(slopes.argument);
        Some(slopes.store.mul([slopes.argument, rest]))
    }),
    ("(1 - s)^2", |slopes| {
        let rest = slopes.one_minus(slopes.value);
        Some(slopes.square(rest))
    }),
];

/// Derivations in which activations have another slope: all of one function, or those of some quantities.
fn with_slope(
    subject: &Subject<'_>,
    wanted: impl Fn(&Function) -> bool,
    said: &str,
    slope: Slope,
) -> Vec<Derivation> {
    let places: Vec<(FamilyId, FunctionId)> = {
        let mut places = Vec::new();
        for (family, function, _) in subject.activations() {
            if wanted(subject.system.function(function)) && !places.contains(&(family, function)) {
                places.push((family, function));
            }
        }
        places
    };
    subsets(places.len())
        .into_iter()
        .map(|subset| {
            let chosen: Vec<(FamilyId, FunctionId)> =
                subset.into_iter().map(|at| places[at]).collect();
            let names: Vec<&str> = chosen
                .iter()
                .map(|(family, _)| subject.system.family(*family).name.as_str())
                .collect();
            Derivation {
                said: format!("{said} of {}", names.join(", ")),
                change: Box::new(move |system| {
                    for (family, function) in &chosen {
                        let argument = system.store.intern(Node::Parameter(0));
                        let known = system.function(*function).clone();
                        let mut arguments = vec![argument];
                        for at in 1..known.parameters + known.extra {
                            let at = u32::try_from(at).expect("few parameters");
                            arguments.push(system.store.intern(Node::Parameter(at)));
                        }
                        let orders = vec![0; arguments.len()].into_boxed_slice();
                        let value = system.store.intern(Node::Apply(
                            *function,
                            orders,
                            arguments.into_boxed_slice(),
                        ));
                        let mut slopes = Slopes {
                            store: &mut system.store,
                            value,
                            argument,
                            right: known.slopes.first().copied().flatten(),
                        };
                        if let Some(slope) = slope(&mut slopes) {
                            let other = resloped(system, *function, slope);
                            reslope_in(system, *family, *function, other);
                        }
                    }
                }),
            }
        })
        .collect()
}

/// Steps left out, of some ReLUs or of all.
pub(super) fn steps_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    with_slope(
        subject,
        |function| function.name == "relu",
        "the Step is missing in the derivative",
        |slopes| Some(slopes.store.int(1)),
    )
}

/// Derivatives of smooth activations left out.
pub(super) fn slopes_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    with_slope(
        subject,
        |function| function.name != "relu",
        "the derivative of the activation is missing in that",
        |slopes| Some(slopes.store.int(1)),
    )
}

/// σ'(σ(z)): the slope at the value.
pub(super) fn slopes_at_output(subject: &Subject<'_>) -> Vec<Derivation> {
    with_slope(
        subject,
        |function| function.name != "relu" && !function.is_opaque(),
        "the derivative of the activation is taken at its output in that",
        |slopes| {
            let (value, right) = (slopes.value, slopes.right?);
            Some(slopes.store.instantiate(right, &[value]))
        },
    )
}

/// Slopes from the table of wrong ones.
pub(super) fn slopes_replaced(subject: &Subject<'_>) -> Vec<Derivation> {
    WRONG_SLOPES
        .iter()
        .flat_map(|(said, slope)| {
            with_slope(
                subject,
                |function| function.name != "relu" && !function.is_opaque(),
                &format!("{said} was taken as the slope"),
                *slope,
            )
        })
        .collect()
}

/// A place where a quantity is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Use {
    user: FamilyId,
    read: FamilyId,
    term: TermId,
}

/// The uses of quantities through which there is more than one way to what is differentiated by.
fn uses(subject: &Subject<'_>) -> Vec<Use> {
    let Some((_, wrt)) = subject.derivative else {
        return Vec::new();
    };
    let system = subject.system;
    let leads_there = |family: FamilyId| {
        let mut seen = vec![family];
        let mut at = 0;
        while at < seen.len() {
            for read in crate::derive::reads(system, seen[at]) {
                if !seen.contains(&read) {
                    seen.push(read);
                }
            }
            at += 1;
        }
        seen.contains(&wrt)
    };
    let mut found: Vec<Use> = Vec::new();
    for user in &subject.reached {
        for body in bodies(system, *user) {
            for term in subterms(system, body) {
                if let Node::Access(read, _) = system.store.node(term)
                    && leads_there(*read)
                    && found
                        .iter()
                        .all(|known| (known.user, known.term) != (*user, term))
                {
                    found.push(Use {
                        user: *user,
                        read: *read,
                        term,
                    });
                }
            }
        }
    }
    // One of several uses of a quantity, or of several quantities in one definition.
    let branching: Vec<Use> = found
        .iter()
        .filter(|one| {
            found
                .iter()
                .any(|other| *one != other && (other.read == one.read || other.user == one.user))
        })
        .copied()
        .collect();
    branching
}

fn without(subject: &Subject<'_>, dropped: Vec<Use>) -> Derivation {
    let system = subject.system;
    let names: Vec<String> = dropped
        .iter()
        .map(|one| {
            format!(
                "{} through {}",
                system.family(one.read).name,
                system.family(one.user).name
            )
        })
        .collect();
    Derivation {
        said: format!("the path of {} is left out", names.join(" and of ")),
        change: Box::new(move |system| {
            let stop = stop(system);
            for one in &dropped {
                rewrite(system, one.user, |store, _, term| {
                    (term == one.term).then(|| stopped(store, stop, term))
                });
            }
        }),
    }
}

fn paths(subject: &Subject<'_>) -> Vec<Vec<Use>> {
    let uses = uses(subject);
    subsets(uses.len())
        .into_iter()
        .map(|subset| subset.into_iter().map(|at| uses[at]).collect())
        .collect()
}

/// One of several ways left out.
pub(super) fn paths_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    let wrt = subject.derivative.map(|(_, wrt)| wrt);
    let bias = wrt.is_some_and(|wrt| subject.only_added(wrt));
    paths(subject)
        .into_iter()
        .filter(|dropped| !(bias && dropped.iter().all(|one| Some(one.read) == wrt)))
        .map(|dropped| without(subject, dropped))
        .chain(last_steps(subject).into_iter().filter(|_| !bias))
        .collect()
}

/// Some of the uses of a bias left out.
pub(super) fn bias_uses_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    let Some((_, wrt)) = subject.derivative else {
        return Vec::new();
    };
    if !subject.only_added(wrt) {
        return Vec::new();
    }
    paths(subject)
        .into_iter()
        .filter(|dropped| dropped.iter().all(|one| one.read == wrt))
        .map(|dropped| without(subject, dropped))
        .chain(last_steps(subject))
        .collect()
}

/// A parameter that all steps share, differentiated at the last step only.
fn last_steps(subject: &Subject<'_>) -> Vec<Derivation> {
    let Some((_, wrt)) = subject.derivative else {
        return Vec::new();
    };
    let system = subject.system;
    let mut found = Vec::new();
    for user in &subject.reached {
        let known = system.family(*user);
        for clause in known.clauses.iter().filter(|_| known.slots > 0) {
            let Some(body) = clause.body else { continue };
            let Some((step, last)) = last_step(clause, known.slots) else {
                continue;
            };
            let shared = subterms(system, body).into_iter().find(|term| {
                matches!(system.store.node(*term), Node::Access(family, index)
                    if *family == wrt && !index.iter().any(|entry| entry.mentions(step)))
            });
            let Some(shared) = shared else { continue };
            let user = *user;
            found.push(Derivation {
                said: format!(
                    "{} is used at every step of {}, and only the last one is counted",
                    system.family(wrt).name,
                    known.name
                ),
                change: Box::new(move |system| {
                    let stop = stop(system);
                    let guard = Domain::equal(&Affine::var(step), &last);
                    rewrite(system, user, |store, _, term| {
                        (term == shared).then(|| moving_where(store, stop, term, &guard))
                    });
                }),
            });
        }
    }
    found
}

/// The last slot of a definition: its letter and the greatest value.
fn last_step(clause: &Clause, slots: usize) -> Option<(VarId, Affine)> {
    let step = clause
        .vars
        .iter()
        .copied()
        .find(|var| clause.index[..slots].iter().any(|slot| slot.mentions(*var)))?;
    clause.domain.constraints().iter().find_map(|constraint| {
        let affine = constraint.affine();
        let falls = affine.coefficient_of_var(step) == -num_rational::Ratio::from_integer(1);
        let last = affine.plus(&Affine::var(step));
        (constraint.relation() == Relation::NonNegative && falls && !last.mentions(step))
            .then_some((step, last))
    })
}

/// A term that is differentiated where a condition holds.
fn moving_where(store: &mut Store, stop: FunctionId, term: TermId, condition: &Domain) -> TermId {
    let still = stopped(store, stop, term);
    let negative = store.negative(still);
    let moving = store.add([term, negative]);
    let guard = store.guard(condition.clone());
    let moving = store.mul([guard, moving]);
    store.add([still, moving])
}

/// Softmax differentiated as if each entry were a function of its own argument.
pub(super) fn softmax_elementwise(subject: &Subject<'_>) -> Vec<Derivation> {
    let system = subject.system;
    let mut places: Vec<FamilyId> = Vec::new();
    for family in &subject.reached {
        if system.family(*family).axes > 0
            && bodies(system, *family).into_iter().any(|body| {
                let exponential = subterms(system, body).into_iter().any(|term| {
                    matches!(system.store.node(term), Node::Apply(function, ..) if system.function(*function).name == "exp")
                });
                let total = |term: TermId| matches!(system.store.node(term), Node::Reduce(Reduction::Sum, ..));
                // The exponentials may be a quantity of their own.
                let below = |term: &TermId| matches!(system.store.node(*term), Node::Power(base, _) if total(*base));
                (exponential && subterms(system, body).into_iter().any(total))
                    || subterms(system, body).iter().any(below)
            })
        {
            places.push(*family);
        }
    }
    subsets(places.len())
        .into_iter()
        .map(|subset| {
            let chosen: Vec<FamilyId> = subset.into_iter().map(|at| places[at]).collect();
            let names: Vec<&str> = chosen
                .iter()
                .map(|family| system.family(*family).name.as_str())
                .collect();
            Derivation {
                said: format!(
                    "{} is differentiated entry by entry; its other entries depend on the argument too",
                    names.join(", ")
                ),
                change: Box::new(move |system| {
                    let stop = stop(system);
                    for family in &chosen {
                        let clauses = system.family(*family).clauses.clone();
                        rewrite(system, *family, |store, clause, term| {
                            let Node::Reduce(op, vars, domain, body) = store.node(term).clone()
                            else {
                                return None;
                            };
                            let body = store.replace(body, &mut |store, inner| {
                                diagonal(store, stop, clause, &clauses, &vars, inner)
                            });
                            Some(store.reduce(op, vars.iter().copied(), domain, body))
                        });
                    }
                }),
            }
        })
        .collect()
}

/// An access below a sum, differentiated only where its letters are those of the left side.
fn diagonal(
    store: &mut Store,
    stop: FunctionId,
    clause: &Clause,
    clauses: &[Clause],
    bound: &[VarId],
    term: TermId,
) -> Option<TermId> {
    let Node::Access(family, index) = store.node(term).clone() else {
        return None;
    };
    // Where the same quantity stands outside of the sum its index says which letter belongs to which.
    let outside = clauses
        .iter()
        .filter_map(|clause| clause.body)
        .find_map(|body| outside_access(store, body, family, bound))
        .unwrap_or_else(|| clause.index.clone());
    if outside.len() != index.len() {
        return None;
    }
    let mut guard = Domain::everything();
    let mut restricted = false;
    for (own, other) in index.iter().zip(&outside) {
        if bound.iter().any(|var| own.mentions(*var)) {
            guard = guard.and(&Domain::equal(own, other));
            restricted = true;
        }
    }
    if !restricted {
        return None;
    }
    Some(moving_where(store, stop, term, &guard))
}

fn outside_access(
    store: &Store,
    body: TermId,
    family: FamilyId,
    bound: &[VarId],
) -> Option<Box<[Affine]>> {
    match store.node(body) {
        Node::Access(other, index)
            if *other == family
                && !index
                    .iter()
                    .any(|entry| bound.iter().any(|var| entry.mentions(*var))) =>
        {
            Some(index.clone())
        }
        Node::Reduce(..) => None,
        node => node
            .children()
            .iter()
            .find_map(|child| outside_access(store, *child, family, bound)),
    }
}

/// A summand whose derivative counts so many times.
fn weighed(penalty: &Penalty, factor: impl Fn(&mut Store) -> TermId + 'static) -> Change {
    let penalty = penalty.clone();
    Box::new(move |system| {
        let stop = stop(system);
        rewrite(system, penalty.family, |store, _, term| {
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
pub(super) fn penalties_wrong(subject: &Subject<'_>) -> Vec<Derivation> {
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
pub(super) fn data_only(subject: &Subject<'_>) -> Change {
    let changes: Vec<Change> = subject
        .penalties
        .iter()
        .map(|penalty| weighed(penalty, |store| store.int(0)))
        .collect();
    Box::new(move |system| changes.iter().for_each(|change| change(system)))
}

/// The sign of a penalty.
pub(super) fn penalties_negated(subject: &Subject<'_>) -> Vec<Derivation> {
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
    // factor · Σ w²
    let (factor, square) = match system.store.node(penalty.term) {
        Node::Mul(factors) => {
            let (last, factors) = factors.split_last()?;
            (factors.to_vec(), *last)
        }
        _ => (Vec::new(), penalty.term),
    };
    let mut inner = square;
    while let Node::Reduce(Reduction::Sum, _, _, body) = system.store.node(inner) {
        inner = *body;
    }
    let Node::Power(_, exponent) = system.store.node(inner) else {
        return None;
    };
    let (exponent, penalty, clause) = (*exponent, penalty.clone(), clause.clone());
    Some(Derivation {
        said: format!("the penalty is put on {} too", known.name),
        change: Box::new(move |system| {
            let stop = stop(system);
            let store = &mut system.store;
            let element = store.access(wrt, clause.index.iter().cloned());
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
            rewrite(system, penalty.family, |store, _, term| {
                (term == penalty.term).then(|| store.add([term, added]))
            });
        }),
    })
}

/// The losses of the table in place of the network's own, between the same output and target.
pub(super) fn other_losses(subject: &Subject<'_>) -> Vec<Derivation> {
    let Some((of, wrt)) = subject.derivative else {
        return Vec::new();
    };
    let system = subject.system;
    let is_loss = |family: FamilyId| {
        let known = system.family(family);
        known.slots + known.axes == 0 && known.kind == FamilyKind::Defined
    };
    if !is_loss(of) {
        return Vec::new();
    }
    let pairs = compared(subject, of, wrt);
    if pairs.is_empty() {
        return Vec::new();
    }
    let penalties: Vec<TermId> = subject.penalties.iter().map(|one| one.term).collect();
    LOSSES
        .iter()
        .map(|(name, value)| {
            let (pairs, penalties) = (pairs.clone(), penalties.clone());
            Derivation {
                said: format!("this is the gradient of another loss, {name}"),
                change: Box::new(move |system| {
                    let totals: Vec<TermId> = pairs
                        .iter()
                        .map(|(output, target, share)| {
                            let entry = total(system, output, target, *value);
                            system.store.mul(share.iter().copied().chain([entry]))
                        })
                        .chain(penalties.iter().copied())
                        .collect();
                    let body = system.store.add(totals);
                    system.families[of.0 as usize].clauses = vec![Clause {
                        vars: Box::default(),
                        index: Box::default(),
                        domain: Domain::everything(),
                        body: Some(body),
                        span: None,
                    }];
                }),
            }
        })
        .collect()
}

/// One entry of a loss in terms of an output and a target.
type Entry = fn(&mut System, TermId, TermId) -> TermId;

/// The losses that are taken for each other.
const LOSSES: &[(&str, Entry)] = &[
    ("the squared error", |system, output, target| {
        let store = &mut system.store;
        let (negative, two) = (store.negative(target), store.int(2));
        let difference = store.add([output, negative]);
        let half = store.number(BigRational::new(1.into(), 2.into()));
        let square = store.power(difference, two);
        store.mul([half, square])
    }),
    ("the cross-entropy", |system, output, target| {
        let log = logarithm(system, output);
        let product = system.store.mul([target, log]);
        system.store.negative(product)
    }),
    ("the binary cross-entropy", |system, output, target| {
        let first = logarithm(system, output);
        let store = &mut system.store;
        let (one, other, rest) = (store.int(1), store.negative(output), store.negative(target));
        let (other, rest) = (store.add([one, other]), store.add([one, rest]));
        let second = logarithm(system, other);
        let store = &mut system.store;
        let (first, second) = (store.mul([target, first]), store.mul([rest, second]));
        let sum = store.add([first, second]);
        store.negative(sum)
    }),
    ("the absolute error", |system, output, target| {
        let abs = named(system, "abs");
        let negative = system.store.negative(target);
        let difference = system.store.add([output, negative]);
        system
            .store
            .intern(Node::Apply(abs, Box::new([0]), Box::new([difference])))
    }),
];

fn named(system: &mut System, name: &str) -> FunctionId {
    system
        .function_id(name)
        .expect("the table of functions has it")
}

fn logarithm(system: &mut System, term: TermId) -> TermId {
    let log = named(system, "log");
    system
        .store
        .intern(Node::Apply(log, Box::new([0]), Box::new([term])))
}

/// A quantity at the slots at which the loss reads it.
#[derive(Debug, Clone)]
struct Read {
    family: FamilyId,
    index: Box<[Affine]>,
    /// The letters of its elements, with their values.
    vars: Vec<VarId>,
    domain: Domain,
}

/// The outputs and targets that a loss compares, in each of its summands that is no penalty: arrays of one shape, read
/// at the same letters.
/// With them come the powers of sizes that stand before the sum.
fn compared(subject: &Subject<'_>, of: FamilyId, wrt: FamilyId) -> Vec<(Read, Read, Vec<TermId>)> {
    let system = subject.system;
    let mut found = Vec::new();
    let mut stack = bodies(system, of);
    while let Some(term) = stack.pop() {
        match system.store.node(term) {
            Node::Add(summands) => {
                let penalty = |term: &TermId| {
                    subject
                        .penalties
                        .iter()
                        .any(|penalty| penalty.term == *term)
                };
                stack.extend(summands.iter().filter(|term| !penalty(term)));
                continue;
            }
            // The loss of the data may have a name of its own.
            Node::Access(family, _) if system.family(*family).kind == FamilyKind::Defined => {
                stack.extend(bodies(system, *family));
                continue;
            }
            _ => {}
        }
        let mut reads = Vec::new();
        reads_below(
            system,
            term,
            &mut Vec::new(),
            &Domain::everything(),
            &mut reads,
        );
        let pair = reads.iter().find_map(|output| {
            let defined = system.family(output.family).kind == FamilyKind::Defined;
            let target = reads.iter().find(|target| {
                let given = system.family(target.family);
                given.kind == FamilyKind::Input
                    && target.family != wrt
                    && given.axes == system.family(output.family).axes
                    && target.vars == output.vars
            })?;
            defined.then(|| (output.clone(), target.clone(), shares(system, term)))
        });
        let Some(pair) = pair else { return Vec::new() };
        let known = |other: &(Read, Read, Vec<TermId>)| other.0.family == pair.0.family;
        if !found.iter().any(known) {
            found.push(pair);
        }
    }
    found
}

/// The factors of a term that are powers of sizes.
fn shares(system: &System, term: TermId) -> Vec<TermId> {
    let Node::Mul(factors) = system.store.node(term) else {
        return Vec::new();
    };
    let is_share = |term: &TermId| match system.store.node(*term) {
        Node::Power(base, _) => matches!(system.store.node(*base), Node::Index(_)),
        node => matches!(node, Node::Index(_)),
    };
    factors.iter().copied().filter(is_share).collect()
}

fn reads_below(
    system: &System,
    term: TermId,
    vars: &mut Vec<VarId>,
    domain: &Domain,
    into: &mut Vec<Read>,
) {
    match system.store.node(term) {
        Node::Access(family, index) => {
            let used: Vec<VarId> = vars
                .iter()
                .copied()
                .filter(|var| index.iter().any(|entry| entry.mentions(*var)))
                .collect();
            if used.len() == vars.len()
                && into
                    .iter()
                    .all(|known| known.family != *family || known.index != *index)
            {
                into.push(Read {
                    family: *family,
                    index: index.clone(),
                    vars: used,
                    domain: domain.clone(),
                });
            }
        }
        Node::Reduce(Reduction::Sum, bound, inner, body) => {
            let count = vars.len();
            vars.extend(bound.iter().copied());
            reads_below(system, *body, vars, &domain.and(inner), into);
            vars.truncate(count);
        }
        node => {
            for child in &node.children() {
                reads_below(system, *child, vars, domain, into);
            }
        }
    }
}

fn total(system: &mut System, output: &Read, target: &Read, value: Entry) -> TermId {
    let a = system
        .store
        .access(output.family, output.index.iter().cloned());
    let b = system
        .store
        .access(target.family, target.index.iter().cloned());
    let entry = value(system, a, b);
    if output.vars.is_empty() {
        return entry;
    }
    system.store.reduce(
        Reduction::Sum,
        output.vars.iter().copied(),
        output.domain.clone(),
        entry,
    )
}
