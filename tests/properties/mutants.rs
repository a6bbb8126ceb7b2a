//! Wrong rules, wrong slopes and wrong formulas are caught by confirmation.

use std::collections::BTreeMap;

use chainrule::derive::{Derivation, Request, derive};
use chainrule::formula::{Formula, Link, View, formulate};
use chainrule::functions;
use chainrule::numeric::{Sampling, confirm, evaluate_at};
use chainrule::syntax::StepAtZero;
use chainrule::system::{Family, FamilyKind, System};
use chainrule::term::{Affine, Atom, FamilyId, Node, TermId};
use num_rational::BigRational;
use serde_json::{Map, Value, json};

use crate::dice::{Dice, many};
use crate::pipeline::{derivation, latex, system};

/// What is done to a slope.
type Change<'a> = &'a dyn Fn(&mut System, TermId) -> TermId;

/// Networks whose formulas are changed; sizes are letters or numbers.
pub(crate) const NETWORKS: &[&str] = &[
    "z = w x + b\nr = relu(z)\nloss C = 1/2 (y - r)^2\ngrad w, b, x\n",
    "z1 = w x\nr1 = relu(z1)\nz2 = v r1\nr2 = relu(z2)\nloss C = 1/2 (y - r2)^2\ngrad w, v, x\n",
    "r = sigmoid(w x + b)\nloss C = 1/2 (y - r)^2\ngrad w, b\n",
    "r = abs(w x) + max(w, x)\nloss C = (y - r)^2\ngrad w, x\n",
    "fn f(u; a) = { u if u > 0; a u otherwise } with f'(0) = a\nr = f(w x; a)\nloss C = 1/2 (y - r)^2\ngrad w, a\n",
    "h = w x\nC1 = h^2 sin(h)\nC2 = exp(h/4) log(2 + h^2)\nloss C = C1 + C2 x\ngrad w, x, h\n",
    "index i, j\nwhere W in R^(n x m), x in R^n, y in R^m\nz_j = sum_i W_ij x_i\nr_j = relu(z_j)\nloss C = 1/2 sum_j (r_j - y_j)^2\ngrad W, x, z\n",
    "index i, j\nwhere W in R^(n x m), x in R^n\nh_j = tanh(sum_i W_ij x_i)\no_i = sum_j W_ij h_j\nloss C = 1/2 sum_i (o_i - x_i)^2\ngrad W, h\n",
    "index i, j\nwhere z, y in R^n\np_i = exp(z_i) / sum_j exp(z_j)\nloss C = -sum_i y_i log(p_i)\ngrad z, p\n",
    "index s, t\nwhere v, y in R^n, a in R^(n x n)\no_t = sum_{s in 1..t} a_{t,s} v_s\nloss C = 1/2 sum_t (o_t - y_t)^2\ngrad v, a\n",
    "index i, k, o\nwhere x in R^(2n), w in R^3, y, z in R^n\nz_o = sum_{k in 1..3, i in 1..2n, i = 2o + k - 3} w_k x_i\nloss C = 1/2 sum_o (z_o - y_o)^2\ngrad w, x\n",
    "index i\nwhere x in R^(2n), y, d in R^n\nd_i = x_{2i} - x_{2i-1}\nloss C = sum_i (d_i - y_i)^2\ngrad x\n",
    "index i, j\nwhere A in R^(n x n), x in R^n\nloss C = sum_{i < j} A_ij x_i x_j\ngrad A, x\n",
    "index i, j\nwhere A in R^(n x m), x in R^m\nq_i = prod_j (A_ij + x_j)\nloss C = sum_i q_i^2\ngrad A, x\n",
    "index i\nwhere z in R^K, c in 1..K\nloss C = log(sum_i exp(z_i)) - z_{c}\ngrad z\n",
    "h[0] = x\nh[t] = tanh(w h[t-1] + u) for t in 1..T\nloss C = sum_{t in 1..T} (h[t] - y[t])^2\ngrad w, u, h[t]\n",
    "index i, j\nwhere W[k] in R^(n x n) for k in 0..L-1\n      x, y in R^n\nr[0]_i = x_i\nz[k+1]_j = sum_i W[k]_ij r[k]_i for k in 0..L-1\n\
     r[k+1]_j = relu(z[k+1]_j) for k in 0..L-1\nloss C = 1/2 sum_j (y_j - r[L]_j)^2\ngrad W[k], z[k], r[k]\n",
    "index i, j\nwhere W[k] in R^(n x n) for k in 0..L-1\n      x, y in R^n\nh[0]_i = x_i\n\
     h[k+1]_j = h[k]_j + relu(sum_i W[k]_ij h[k]_i) for k in 0..L-1\nloss C = 1/2 sum_j (h[L]_j - y_j)^2\ngrad W[k], h[k]\n",
    "index i\nwhere x, b in R^n\nz_i = { x_i x_{i+1} if i < n; b_i x_i otherwise }\nloss C = sum_i z_i^2\ngrad x, b\n",
    "index i, j\nwhere W in R^(n x m), v in R^m, x in R^n, y in R\nr_j = relu(sum_i W_ij x_i)\no = sum_j v_j r_j\nloss C = 1/2 (o - y)^2\ngrad v, W, x\n",
];

/// Sizes by name, unequal so that exchanged indices show.
fn size(name: &str) -> i64 {
    match name {
        "n" => 3,
        "m" | "L" => 2,
        "K" => 4,
        _ => 3,
    }
}

/// The value of a whole expression once its letters have values.
fn at_sizes(system: &System, affine: &Affine) -> Affine {
    affine.map_atoms(&mut |atom| match atom {
        Atom::Size(id, _) => Some(Affine::int(size(&system.size(*id).name))),
        Atom::Var(_) | Atom::Read(..) => None,
    })
}

/// Values for all inputs and sizes. Halves and zeros make kinks be met.
fn given(system: &System, dice: &mut Dice) -> Value {
    let mut given = Map::new();
    for row in &system.sizes {
        given.insert(row.name.clone(), json!(size(&row.name)));
    }
    for family in system
        .families
        .iter()
        .filter(|family| family.kind == FamilyKind::Input)
    {
        let mut elements: BTreeMap<Vec<i64>, Value> = BTreeMap::new();
        for clause in &family.clauses {
            let domain = clause.domain.map(|affine| at_sizes(system, affine));
            let points = domain
                .points(&clause.vars, 10_000)
                .expect("sizes are numbers");
            for point in points {
                let index = clause
                    .index
                    .iter()
                    .map(|index| {
                        let index = at_sizes(system, index);
                        let value = clause
                            .vars
                            .iter()
                            .zip(&point)
                            .fold(index, |index, (var, value)| {
                                index.substitute(*var, &Affine::int(*value))
                            });
                        value.as_int().expect("all letters have values")
                    })
                    .collect();
                elements.insert(index, number(family, dice));
            }
        }
        given.insert(family.name.clone(), nested(&elements, family.slots, 0, &[]));
    }
    Value::Object(given)
}

fn number(family: &Family, dice: &mut Dice) -> Value {
    match &family.integers {
        Some(_) => json!(dice.between(1, 3)),
        None if dice.one_in(2) => json!(dice.between(-4, 4) as f64 / 2.0),
        None => json!(dice.real()),
    }
}

/// The elements whose index begins with `prefix`: slots are keys of objects, axes are arrays.
fn nested(
    elements: &BTreeMap<Vec<i64>, Value>,
    slots: usize,
    depth: usize,
    prefix: &[i64],
) -> Value {
    if let Some(value) = elements.get(prefix) {
        return value.clone();
    }
    let mut next: Vec<i64> = elements
        .keys()
        .filter(|index| index.starts_with(prefix))
        .map(|index| index[depth])
        .collect();
    next.dedup();
    let inner = |value: &i64| {
        let longer: Vec<i64> = prefix.iter().copied().chain([*value]).collect();
        nested(elements, slots, depth + 1, &longer)
    };
    if depth < slots {
        Value::Object(
            next.iter()
                .map(|value| (value.to_string(), inner(value)))
                .collect(),
        )
    } else {
        Value::Array(next.iter().map(inner).collect())
    }
}

/// Whether two answers of the evaluator differ by more than rounding.
fn differ(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() != b.len()
                || a.iter()
                    .any(|(key, value)| b.get(key).is_none_or(|other| differ(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() != b.len() || a.iter().zip(b).any(|(a, b)| differ(a, b))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (
                a.as_f64().unwrap_or(f64::NAN),
                b.as_f64().unwrap_or(f64::NAN),
            );
            (a - b).abs() > 1e-7 * (1.0 + a.abs().max(b.abs()))
        }
        _ => a != b,
    }
}

/// The terms in a term, each once, from the top.
fn parts(system: &System, term: TermId) -> Vec<TermId> {
    let mut found = vec![term];
    let mut at = 0;
    while at < found.len() {
        for child in system.store.node(found[at]).children() {
            if !found.contains(&child) {
                found.push(child);
            }
        }
        at += 1;
    }
    found
}

/// A term that looks like a part of the formula and is not.
fn changed(
    derivation: &mut Derivation,
    dice: &mut Dice,
    part: TermId,
    others: &[TermId],
) -> Option<TermId> {
    let system = &mut derivation.system;
    let node = system.store.node(part).clone();
    let general = dice.below(6);
    if general == 0 {
        return Some(system.store.negative(part));
    }
    if general == 1 {
        // Another read of the same kind.
        let Node::Access(family, index) = &node else {
            return None;
        };
        let same = |other: FamilyId| {
            let (a, b) = (system.family(*family), system.family(other));
            (a.slots, a.axes) == (b.slots, b.axes) && other != *family
        };
        let candidates: Vec<FamilyId> = others
            .iter()
            .filter_map(|other| match system.store.node(*other) {
                Node::Access(other, _) => Some(*other),
                _ => None,
            })
            .filter(|other| same(*other))
            .collect();
        if candidates.is_empty() {
            return None;
        }
        let other = dice.pick(&candidates);
        return Some(system.store.access(other, index.iter().cloned()));
    }
    match node {
        Node::Number(value) => Some(
            system
                .store
                .number(value + BigRational::from_integer(1.into())),
        ),
        Node::Access(family, index) => {
            let mut index = index.to_vec();
            if index.is_empty() {
                return None;
            }
            let at = dice.below(index.len());
            if dice.one_in(2) && index.len() > 1 {
                let other = dice.below(index.len());
                index.swap(at, other);
            } else {
                let shift = if dice.one_in(2) { 1 } else { -1 };
                index[at] = index[at].offset(shift);
            }
            Some(system.store.access(family, index))
        }
        Node::Add(terms) | Node::Mul(terms) if dice.one_in(2) => {
            let mut kept = terms.to_vec();
            kept.remove(dice.below(terms.len()));
            let is_sum = matches!(system.store.node(part), Node::Add(_));
            Some(if is_sum {
                system.store.add(kept)
            } else {
                system.store.mul(kept)
            })
        }
        Node::Mul(_) => {
            let two = system.store.int(2);
            Some(system.store.mul([two, part]))
        }
        Node::Add(_) => {
            let one = system.store.int(1);
            Some(system.store.add([part, one]))
        }
        Node::Power(base, _) => Some(base),
        Node::Reduce(op, vars, domain, body) => {
            let constraints: Vec<_> = domain.parts().collect();
            if constraints.is_empty() {
                return None;
            }
            let dropped = dice.below(constraints.len());
            let moved = constraints.iter().enumerate().map(|(at, constraint)| {
                if at == dropped {
                    constraint.map(|affine| affine.offset(-1))
                } else {
                    constraint.clone()
                }
            });
            let domain = moved.reduce(|all, next| all.and(&next))?;
            Some(system.store.reduce(op, vars.iter().copied(), domain, body))
        }
        Node::Apply(function, orders, arguments) => {
            // Step(u) as 1 - Step(-u): right everywhere but at the kink, and there another convention.
            if system.function(function).name == "step" && dice.one_in(2) {
                let turned = system.store.negative(arguments[0]);
                let step = system
                    .store
                    .intern(Node::Apply(function, orders, Box::new([turned])));
                let minus = system.store.negative(step);
                let one = system.store.int(1);
                return Some(system.store.add([one, minus]));
            }
            Some(arguments[0])
        }
        Node::Guard(domain) => {
            let complement = domain.complement();
            (!complement.is_empty()).then(|| system.store.guard(dice.pick(&complement)))
        }
        Node::Cases(branches) => {
            let mut turned = branches.to_vec();
            let last = turned.len() - 1;
            let (first, other) = (turned[0].1, turned[last].1);
            turned[0].1 = other;
            turned[last].1 = first;
            Some(system.store.intern(Node::Cases(turned.into_boxed_slice())))
        }
        Node::Pi | Node::Index(_) | Node::Parameter(_) | Node::Test(..) => None,
    }
}

/// The values of the formulas at some points; none where something had no value.
fn values(derivation: &Derivation, formulas: &[Formula], points: &[Value]) -> Vec<Option<Value>> {
    points
        .iter()
        .map(|point| evaluate_at(derivation, formulas, point).ok())
        .collect()
}

/// Formulas of which one was changed.
pub(crate) struct Mutant {
    pub(crate) derivation: Derivation,
    pub(crate) formulas: Vec<Formula>,
    /// Which one.
    pub(crate) at: usize,
    /// Whether its value is another at some point.
    pub(crate) differs: bool,
}

/// Changes a formula of a network somewhere; none where nothing came of it.
pub(crate) fn mutant(text: &str, convention: StepAtZero, dice: &mut Dice) -> Option<Mutant> {
    let mut derivation =
        derivation(text, Some(convention)).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    let formulas =
        formulate(&mut derivation, &View::default()).expect("these networks have formulas");
    let points: Vec<Value> = (0..6).map(|_| given(&derivation.system, dice)).collect();
    let right = values(&derivation, &formulas, &points);
    assert!(
        right.iter().any(Option::is_some),
        "{:?}\n{text}",
        evaluate_at(&derivation, &formulas, &points[0])
    );
    let at = dice.below(formulas.len());
    let whole = formulas[at].result();
    let all = parts(&derivation.system, whole);
    let part = dice.pick(&all);
    let other = changed(&mut derivation, dice, part, &all)?;
    let mutant = derivation
        .system
        .store
        .replace(whole, &mut |_, term| (term == part).then_some(other));
    if mutant == whole {
        return None;
    }
    let mut wrong = formulas;
    wrong[at].chain = vec![Link::Term(mutant)];
    let found = values(&derivation, &wrong, &points);
    let differs = right
        .iter()
        .zip(&found)
        .any(|(right, found)| match (right, found) {
            (Some(right), Some(found)) => differ(right, found),
            (Some(_), None) => true,
            (None, _) => false,
        });
    Some(Mutant {
        derivation,
        formulas: wrong,
        at,
        differs,
    })
}

#[test]
fn changed_formulas_are_caught() {
    let mut dice = Dice::new(51);
    let (mut different, mut equal) = (0, 0);
    let mut survivors = Vec::new();
    for text in NETWORKS {
        for number in 0..many(24) {
            let convention = [StepAtZero::One, StepAtZero::Zero, StepAtZero::Half][number % 3];
            let Some(made) = mutant(text, convention, &mut dice) else {
                continue;
            };
            if !made.differs {
                equal += 1;
                continue;
            }
            different += 1;
            let confirmation = confirm(&made.derivation, &made.formulas, &Sampling::default());
            if !confirmation.has_failed() {
                survivors.push(format!(
                    "at Step(0) = {convention:?}, formula {} of\n{text}{}\n{:?}",
                    made.at,
                    latex(&made.derivation, &made.formulas),
                    confirmation.outcomes[made.at]
                ));
            }
        }
    }
    println!("{different} mutants that differ, {equal} that do not");
    assert!(different >= 200, "{different}");
    assert!(
        survivors.is_empty(),
        "{} wrong formulas are confirmed:\n{}",
        survivors.len(),
        survivors.join("\n")
    );
}

/// What a network with the function says if the function's tabled slope by its parameter `at` is another.
fn with_slope(
    name: &str,
    at: usize,
    step_at_zero: StepAtZero,
    change: &dyn Fn(&mut System, TermId) -> TermId,
) -> Option<bool> {
    let row = functions::row(name)?;
    // Numbers behind the `;` are quantities too, near what they usually are.
    let before = row.slopes.len() - row.usual.len();
    let usual = row.usual.iter().map(|number| format!("{number} + b/9"));
    let behind = match usual.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => none,
        some => format!("; {some}"),
    };
    let arguments: Vec<&str> = ["1/2 + w^2 x", "b + x/2"][..before].to_vec();
    let kinked = ["w x", "b x"][..before].join(", ");
    let inner = if row.domain.0 > 0.0 {
        arguments.join(", ").replace("w^2 x", "(w x)^2")
    } else {
        kinked
    };
    let text = format!("r = {name}({inner}{behind})\nloss C = (y - r)^2\ngrad w, b\n").replace(
        "grad w, b",
        if row.slopes.len() > 1 {
            "grad w, b"
        } else {
            "grad w"
        },
    );
    let mut system = system(&text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    let id = system
        .functions
        .iter()
        .position(|function| function.name == name)?;
    let slope = system.functions[id].slopes[at]?;
    let wrong = change(&mut system, slope);
    system.functions[id].slopes[at] = Some(wrong);
    let request = Request {
        wrt: Vec::new(),
        step_at_zero: Some(step_at_zero),
        ..Request::default()
    };
    let mut derivation = derive(&system, &request).ok()?;
    let formulas = formulate(&mut derivation, &View::default()).ok()?;
    Some(confirm(&derivation, &formulas, &Sampling::default()).has_failed())
}

#[test]
fn wrong_slopes_are_caught() {
    let mut tried = 0;
    // A call that is read as its value has no slope of its own.
    for row in functions::rows().filter(|row| row.name != "step" && !row.written_out) {
        for (at, slope) in row.slopes.iter().enumerate() {
            for convention in [StepAtZero::Zero, StepAtZero::Half, StepAtZero::One] {
                let same = with_slope(row.name, at, convention, &|_, slope| slope);
                assert_eq!(
                    same,
                    Some(false),
                    "{} itself fails at {convention:?}",
                    row.name
                );
                let changes: [(&str, Change<'_>); 4] = [
                    ("negative", &|system, slope| system.store.negative(slope)),
                    ("one more", &|system, slope| {
                        let one = system.store.int(1);
                        system.store.add([slope, one])
                    }),
                    ("squared", &|system, slope| {
                        let (two, three) = (system.store.int(2), system.store.int(3));
                        let square = system.store.power(slope, two);
                        system.store.mul([three, square])
                    }),
                    ("missing", &|system, _| system.store.int(0)),
                ];
                for (what, change) in changes {
                    // Of a slope that is 0 only one change is one.
                    if *slope == "0" && what != "one more" {
                        continue;
                    }
                    tried += 1;
                    assert_eq!(
                        with_slope(row.name, at, convention, change),
                        Some(true),
                        "{what} slope of {}",
                        row.name
                    );
                }
            }
        }
    }
    assert!(tried > 100);
}

#[test]
fn another_convention_at_the_kink_is_caught() {
    use StepAtZero::{Half, One, Zero};
    // A formula simplified under one convention is wrong under another, at the kink or wherever it is met.
    let wrong = [
        ("z = w x\nr = relu(-z)\nloss C = r y\ngrad w\n", Half, One),
        ("z = w x\nr = relu(-z)\nloss C = r y\ngrad w\n", Half, Zero),
        (
            "z = w x\nr = b relu(relu(z))\nloss C = r y\ngrad w\n",
            Zero,
            Half,
        ),
        (
            "z = w x\nr = relu(relu(z)) - b relu(-z)\nloss C = r y\ngrad z\n",
            Half,
            Zero,
        ),
    ];
    for (text, from, to) in wrong {
        let mut derivation =
            derivation(text, Some(from)).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
        let view = View {
            resolve: true,
            ..View::default()
        };
        let formulas = formulate(&mut derivation, &view).expect("numbers are resolved");
        for convention in [from, to] {
            derivation.step_at_zero = convention;
            let failed = confirm(&derivation, &formulas, &Sampling::default()).has_failed();
            assert_eq!(
                failed,
                convention == to,
                "derived at {from:?}, confirmed at {convention:?}\n{text}{}",
                latex(&derivation, &formulas)
            );
        }
    }
}

/// Rules that are wrong, or right for other signs only. None makes what it is applied to.
static WRONG_RULES: &[chainrule::simplify::Rule] = &[
    wrong_rule("step-is-one", "step(u)", "1"),
    wrong_rule("step-is-nothing", "step(u)", "0"),
    wrong_rule("relu-vanishes", "relu(u)", "u"),
    wrong_rule("exp-linear", "exp(u)", "1 + u"),
    wrong_rule("log-linear", "log(u)", "u - 1"),
];

const fn wrong_rule(
    name: &'static str,
    left: &'static str,
    right: &'static str,
) -> chainrule::simplify::Rule {
    chainrule::simplify::Rule {
        name,
        left,
        right,
        holds: chainrule::simplify::Holds::Always,
        why: "it is wrong",
    }
}

#[test]
fn wrong_rules_are_caught() {
    let mut fired = 0;
    for at in 0..WRONG_RULES.len() {
        let rules = &WRONG_RULES[at..=at];
        for text in NETWORKS {
            let system = system(text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
            let request = Request {
                rules,
                ..Request::default()
            };
            let Ok(mut derivation) = derive(&system, &request) else {
                continue;
            };
            let Ok(formulas) = formulate(&mut derivation, &View::default()) else {
                continue;
            };
            let uses =
                |formula: &Formula| formula.steps.iter().any(|step| step.rule == rules[0].name);
            if !formulas.iter().any(uses) {
                continue;
            }
            fired += 1;
            let found = confirm(&derivation, &formulas, &Sampling::default());
            assert!(
                !found.is_confirmed(),
                "{} is not noticed in\n{text}",
                rules[0].name
            );
        }
    }
    assert!(fired >= 10, "wrong rules fired only {fired} times");
}
