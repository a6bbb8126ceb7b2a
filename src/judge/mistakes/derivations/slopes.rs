//! Activations with another slope.

use super::*;
use crate::claim::ExprKind;

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

fn reslope_in(system: &mut System, family: FamilyId, from: FunctionId, to: FunctionId) {
    system.rewrite(family, |store, _, term| match store.node(term) {
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
    /// It, and what else the function takes.
    arguments: Vec<TermId>,
    right: Option<TermId>,
}

impl Slopes<'_> {
    fn one_minus(&mut self, term: TermId) -> TermId {
        let (one, negative) = (self.store.int(1), self.store.negative(term));
        self.store.add([one, negative])
    }

    /// What the argument is multiplied by.
    fn gate(&mut self) -> TermId {
        let minus_one = self.store.int(-1);
        let inverse = self.store.power(self.argument, minus_one);
        self.store.mul([self.value, inverse])
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

/// Functions that are their argument times a gate between 0 and 1.
const GATED: &[&str] = &["silu", "gelu", "gelu_tanh", "mish"];

/// Slopes that people write for gated functions by mistake: the gate, and that of a sigmoid gate.
const WRONG_SLOPES_OF_GATED: &[(&str, Slope)] = &[
    ("s / u", |slopes| Some(slopes.gate())),
    ("the slope of the gate", |slopes| {
        let gate = slopes.gate();
        let rest = slopes.one_minus(gate);
        Some(slopes.store.mul([gate, rest]))
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
                            arguments.clone().into_boxed_slice(),
                        ));
                        let mut slopes = Slopes {
                            store: &mut system.store,
                            value,
                            argument,
                            arguments,
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
pub(in super::super) fn steps_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    with_slope(
        subject,
        |function| function.name == "relu",
        "the Step is missing in the derivative",
        |slopes| Some(slopes.store.int(1)),
    )
}

/// Derivatives of smooth activations left out.
pub(in super::super) fn slopes_left_out(subject: &Subject<'_>) -> Vec<Derivation> {
    with_slope(
        subject,
        |function| function.name != "relu",
        "the derivative of the activation is missing in that",
        |slopes| Some(slopes.store.int(1)),
    )
}

/// σ'(σ(z)): the slope at the value.
pub(in super::super) fn slopes_at_output(subject: &Subject<'_>) -> Vec<Derivation> {
    with_slope(
        subject,
        |function| function.name != "relu" && !function.is_opaque(),
        "the derivative of the activation is taken at its output in that",
        |slopes| {
            let (value, right) = (slopes.value, slopes.right?);
            let mut arguments = slopes.arguments.clone();
            arguments[0] = value;
            Some(slopes.store.instantiate(right, &arguments))
        },
    )
}

/// Slopes from the table of wrong ones.
pub(in super::super) fn slopes_replaced(subject: &Subject<'_>) -> Vec<Derivation> {
    let gated = |function: &Function| GATED.contains(&function.name.as_str());
    let of = |table: &[(&str, Slope)], wanted: &dyn Fn(&Function) -> bool| {
        let mut found = Vec::new();
        for (said, slope) in table {
            let said = format!("{said} was taken as the slope");
            found.extend(with_slope(subject, wanted, &said, *slope));
        }
        found
    };
    let mut found = of(WRONG_SLOPES_OF_GATED, &gated);
    found.extend(of(WRONG_SLOPES, &|function| {
        function.name != "relu" && !function.is_opaque()
    }));
    found
}

/// Second derivatives in which the derivative of an activation is taken as a constant.
pub(in super::super) fn slopes_frozen(subject: &Subject<'_>) -> Vec<Derivation> {
    let second = match &subject.truth.plain().kind {
        ExprKind::Derivative { of, .. } => {
            of.any(&mut |inner| matches!(inner.kind, ExprKind::Derivative { .. }))
        }
        _ => false,
    };
    if !second {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (family, function, _) in subject.activations() {
        let known = subject.system.function(function);
        let Some(Some(slope)) = known.slopes.first().copied() else {
            continue;
        };
        found.push(Derivation {
            said: format!("the derivative of {} changes too", known.name),
            change: Box::new(move |system| {
                let stop = stop(system);
                let still = stopped(&mut system.store, stop, slope);
                let frozen = resloped(system, function, still);
                reslope_in(system, family, function, frozen);
            }),
        });
    }
    found
}
