//! Systems built by hand, with right and wrong formulas.

use crate::derive::{Asked, Derivation};
use crate::formula::{Formula, Link};
use crate::syntax::StepAtZero;
use crate::system::{Clause, Family, FamilyKind, Function, Primitive, Size, System};
use crate::term::{
    Affine, Atom, Domain, FamilyId, FunctionId, Node, Reduction, SizeId, TermId, VarId,
};

use super::{Confirmation, Sampling, Status, confirm};

#[derive(Default)]
struct Builder {
    system: System,
}

const RELU: FunctionId = FunctionId(0);
const STEP: FunctionId = FunctionId(1);
const EXP: FunctionId = FunctionId(2);

fn function(name: &str, primitive: Primitive) -> Function {
    Function {
        name: name.into(),
        latex: String::new(),
        letters: vec!["u".into()],
        parameters: 1,
        extra: 0,
        body: None,
        slopes: vec![None],
        slopes_at: Vec::new(),
        slope_range: None,
        primitive: Some(primitive),
        activation: false,
        span: None,
    }
}

impl Builder {
    fn new() -> Self {
        let mut builder = Self::default();
        builder.system.functions = vec![
            function("relu", Primitive::Relu),
            function("step", Primitive::Step),
            function("exp", Primitive::Exp),
        ];
        builder
    }

    fn family(
        &mut self,
        name: &str,
        kind: FamilyKind,
        slots: usize,
        axes: usize,
        clauses: Vec<Clause>,
    ) -> FamilyId {
        self.system.add_family(Family {
            name: name.into(),
            slots,
            axes,
            kind,
            role: None,
            clauses,
            integers: None,
            span: None,
        })
    }

    fn scalar(&mut self, name: &str, body: Option<TermId>) -> FamilyId {
        let kind = if body.is_some() {
            FamilyKind::Defined
        } else {
            FamilyKind::Input
        };
        self.family(
            name,
            kind,
            0,
            0,
            vec![clause(&[], &[], Domain::everything(), body)],
        )
    }

    fn read(&mut self, family: FamilyId, index: &[Affine]) -> TermId {
        self.system.store.access(family, index.iter().cloned())
    }

    fn apply(&mut self, function: FunctionId, argument: TermId) -> TermId {
        self.system
            .store
            .intern(Node::Apply(function, Box::new([0]), Box::new([argument])))
    }

    fn minus(&mut self, left: TermId, right: TermId) -> TermId {
        let right = self.system.store.negative(right);
        self.system.store.add([left, right])
    }

    /// ½ u²
    fn half_square(&mut self, u: TermId) -> TermId {
        let half = self
            .system
            .store
            .number(num_rational::BigRational::new(1.into(), 2.into()));
        let two = self.system.store.int(2);
        let square = self.system.store.power(u, two);
        self.system.store.mul([half, square])
    }

    fn derivation(&self, step: StepAtZero, asked: Vec<FamilyId>) -> Derivation {
        Derivation {
            rules: &[],
            system: self.system.clone(),
            step_at_zero: step,
            asked: asked
                .into_iter()
                .map(|adjoint| {
                    let family = self.system.family(adjoint);
                    Asked {
                        adjoint,
                        index: vec![None; family.slots + family.axes].into_boxed_slice(),
                    }
                })
                .collect(),
            adjoints: Vec::new(),
        }
    }
}

fn clause(vars: &[VarId], index: &[Affine], domain: Domain, body: Option<TermId>) -> Clause {
    Clause {
        vars: vars.into(),
        index: index.into(),
        domain,
        body,
        span: None,
    }
}

fn formula(adjoint: FamilyId, of: &Clause, result: TermId) -> Formula {
    Formula {
        adjoint,
        index: of.index.clone(),
        vars: of.vars.clone(),
        domain: of.domain.clone(),
        chain: vec![Link::Term(result)],
        locals: Vec::new(),
        conditions: Vec::new(),
        steps: Vec::new(),
        asked: true,
        matrix: None,
    }
}

fn is_confirmed(confirmation: &Confirmation) -> bool {
    confirmation.is_confirmed()
}

const CONVENTIONS: [StepAtZero; 4] = [
    StepAtZero::Zero,
    StepAtZero::Half,
    StepAtZero::One,
    StepAtZero::Undefined,
];

/// A name, a right side, and whether it is right at each convention.
type Mutant = (&'static str, TermId, [bool; 4]);

/// r3 = relu(w3 relu(w2 relu(w1 x))), C = ½ (r3 - y)²; the derivative by w1, and mutants of it.
fn chain_of_three() -> (Builder, FamilyId, Vec<Mutant>) {
    let mut b = Builder::new();
    let x = b.scalar("x", None);
    let y = b.scalar("y", None);
    let mut below = b.read(x, &[]);
    let (mut weights, mut pre, mut post) = (Vec::new(), Vec::new(), Vec::new());
    for layer in 1..=3 {
        let w = b.scalar(&format!("w{layer}"), None);
        let w = b.read(w, &[]);
        let product = b.system.store.mul([w, below]);
        let z = b.scalar(&format!("z{layer}"), Some(product));
        let z = b.read(z, &[]);
        let relu = b.apply(RELU, z);
        let r = b.scalar(&format!("r{layer}"), Some(relu));
        below = b.read(r, &[]);
        weights.push(w);
        pre.push(z);
        post.push(below);
    }
    let y = b.read(y, &[]);
    let error = b.minus(below, y);
    let loss = b.half_square(error);
    let c = b.scalar("C", Some(loss));
    b.system.loss = Some(c);
    let Node::Access(w1, _) = b.system.store.node(weights[0]).clone() else {
        unreachable!("weights are accesses")
    };
    let steps: Vec<TermId> = pre.iter().map(|z| b.apply(STEP, *z)).collect();
    let x = b.read(x, &[]);
    let right = b.system.store.mul([
        error, steps[2], weights[2], steps[1], weights[1], steps[0], x,
    ]);
    let flipped = b.system.store.negative(right);
    let dropped = b
        .system
        .store
        .mul([error, steps[2], weights[2], weights[1], steps[0], x]);
    let only_first = b
        .system
        .store
        .mul([error, weights[2], weights[1], steps[0], x]);
    let target = b.system.store.negative(y);
    let wrong_loss = b.system.store.mul([
        target, steps[2], weights[2], steps[1], weights[1], steps[0], x,
    ]);
    // z1 · Step(z1) is r1: right, and so is w2 r1 in place of z2.
    let two = b.system.store.int(2);
    let squared = b.system.store.power(steps[0], two);
    let doubled = b.system.store.mul([
        error, steps[2], weights[2], steps[1], weights[1], squared, x,
    ]);
    let adjoint = b.family(
        "",
        FamilyKind::Adjoint { of: c, wrt: w1 },
        0,
        0,
        vec![clause(&[], &[], Domain::everything(), Some(right))],
    );
    (
        b,
        adjoint,
        vec![
            ("right", right, [true; 4]),
            ("sign", flipped, [false; 4]),
            // Step(z3) is 0 wherever the middle layer is off, but only if Step(0) is 0.
            (
                "Step of the middle layer dropped",
                dropped,
                [true, false, false, false],
            ),
            ("two Steps dropped", only_first, [false; 4]),
            ("without the output", wrong_loss, [false; 4]),
            ("Step squared", doubled, [true, false, true, false]),
        ],
    )
}

#[test]
fn a_chain_of_three_layers_catches_mutants_under_every_convention() {
    let (b, adjoint, cases) = chain_of_three();
    for (name, result, expected) in cases {
        for (convention, expected) in CONVENTIONS.into_iter().zip(expected) {
            let derivation = b.derivation(convention, vec![adjoint]);
            let left = clause(&[], &[], Domain::everything(), None);
            let formulas = vec![formula(adjoint, &left, result)];
            let confirmation = confirm(&derivation, &formulas, &Sampling::default());
            // Step² differs from Step only under the kink itself, which is not visited if Step(0) is unknown.
            if name == "Step squared" && convention == StepAtZero::Undefined {
                continue;
            }
            assert_eq!(
                is_confirmed(&confirmation),
                expected,
                "{name} at {convention:?}: {:?}",
                confirmation.outcomes
            );
            if let Status::Confirmed { step_patterns, .. } = confirmation.outcomes[0].status {
                assert!(step_patterns >= 4, "only {step_patterns} patterns");
            }
        }
    }
}

/// The general layer: z[k+1]_j = Σ_i W[k]_ij r[k]_i with sizes n[k] and depth L.
struct General {
    b: Builder,
    by_weight: FamilyId,
    left: Clause,
    right: TermId,
    mutants: Vec<TermId>,
}

fn general_layer() -> General {
    let mut b = Builder::new();
    b.system.sizes = vec![
        Size {
            name: "L".into(),
            slots: 0,
        },
        Size {
            name: "n".into(),
            slots: 1,
        },
    ];
    let depth = Affine::size(SizeId(0));
    let width = |slot: &Affine| Affine::atom(Atom::Size(SizeId(1), Box::new([slot.clone()])));
    let one = Affine::int(1);
    let store = &mut b.system.store;
    let [k, i, j, s] = ["k", "i", "j", "s"].map(|letter| store.fresh_var(letter));
    let (kk, ii, jj) = (Affine::var(k), Affine::var(i), Affine::var(j));
    let next = kk.offset(1);
    let layers = Domain::between(&Affine::int(0), &kk, &depth.offset(-1));
    let rows = Domain::between(&one, &ii, &width(&kk));
    let columns = Domain::between(&one, &jj, &width(&next));
    let x = b.family(
        "x",
        FamilyKind::Input,
        0,
        1,
        vec![clause(
            &[i],
            std::slice::from_ref(&ii),
            Domain::between(&one, &ii, &width(&Affine::int(0))),
            None,
        )],
    );
    let y = b.family(
        "y",
        FamilyKind::Input,
        0,
        1,
        vec![clause(
            &[j],
            std::slice::from_ref(&jj),
            Domain::between(&one, &jj, &width(&depth)),
            None,
        )],
    );
    let w = b.family(
        "W",
        FamilyKind::Input,
        1,
        2,
        vec![clause(
            &[k, i, j],
            &[kk.clone(), ii.clone(), jj.clone()],
            layers.and(&rows).and(&columns),
            None,
        )],
    );
    let z = FamilyId(3);
    let r = FamilyId(4);
    let weight = b.read(w, &[kk.clone(), ii.clone(), jj.clone()]);
    let below = b.read(r, &[kk.clone(), ii.clone()]);
    let product = b.system.store.mul([weight, below]);
    let sum = b
        .system
        .store
        .reduce(Reduction::Sum, [i], rows.clone(), product);
    b.family(
        "z",
        FamilyKind::Defined,
        1,
        1,
        vec![clause(
            &[k, j],
            &[next.clone(), jj.clone()],
            layers.and(&columns),
            Some(sum),
        )],
    );
    let above = b.read(z, &[next.clone(), jj.clone()]);
    let relu = b.apply(RELU, above);
    let input = b.read(x, std::slice::from_ref(&ii));
    b.family(
        "r",
        FamilyKind::Defined,
        1,
        1,
        vec![
            clause(
                &[i],
                &[Affine::int(0), ii.clone()],
                Domain::between(&one, &ii, &width(&Affine::int(0))),
                Some(input),
            ),
            clause(
                &[k, j],
                &[next.clone(), jj.clone()],
                layers.and(&columns),
                Some(relu),
            ),
        ],
    );
    let output = b.read(r, &[depth.clone(), jj.clone()]);
    let target = b.read(y, std::slice::from_ref(&jj));
    let error = b.minus(output, target);
    let square = b.half_square(error);
    let last = Domain::between(&one, &jj, &width(&depth));
    let loss = b
        .system
        .store
        .reduce(Reduction::Sum, [j], last.clone(), square);
    let c = b.scalar("C", Some(loss));
    b.system.loss = Some(c);
    // ∂C/∂r[k]_i, with the output's part under the guard k = L and the layer above under k <= L - 1.
    let by_r = FamilyId(b.system.families.len() as u32);
    let by_z = FamilyId(by_r.0 + 1);
    let at_top = b.system.store.guard(Domain::equal(&kk, &depth));
    let out = b.read(r, &[depth.clone(), ii.clone()]);
    let tar = b.read(y, std::slice::from_ref(&ii));
    let top = b.minus(out, tar);
    let top = b.system.store.mul([at_top, top]);
    let inside = b.system.store.guard(Domain::at_least(&depth, &next));
    let dz = b.read(by_z, &[next.clone(), Affine::var(s)]);
    let ws = b.read(w, &[kk.clone(), ii.clone(), Affine::var(s)]);
    let product = b.system.store.mul([dz, ws]);
    let sum = b.system.store.reduce(
        Reduction::Sum,
        [s],
        Domain::between(&one, &Affine::var(s), &width(&next)),
        product,
    );
    let through = b.system.store.mul([inside, sum]);
    let body = b.system.store.add([top, through]);
    b.family(
        "",
        FamilyKind::Adjoint { of: c, wrt: r },
        1,
        1,
        vec![clause(
            &[k, i],
            &[kk.clone(), ii.clone()],
            Domain::between(&Affine::int(0), &kk, &depth).and(&rows),
            Some(body),
        )],
    );
    let dr = b.read(by_r, &[kk.clone(), ii.clone()]);
    let pre = b.read(z, &[kk.clone(), ii.clone()]);
    let step = b.apply(STEP, pre);
    let body = b.system.store.mul([dr, step]);
    b.family(
        "",
        FamilyKind::Adjoint { of: c, wrt: z },
        1,
        1,
        vec![clause(
            &[k, i],
            &[kk.clone(), ii.clone()],
            Domain::between(&one, &kk, &depth).and(&rows),
            Some(body),
        )],
    );
    let dz = b.read(by_z, &[next.clone(), jj.clone()]);
    let right = b.system.store.mul([dz, below]);
    let left = clause(
        &[k, i, j],
        &[kk.clone(), ii.clone(), jj.clone()],
        layers.and(&rows).and(&columns),
        Some(right),
    );
    let by_weight = b.family(
        "",
        FamilyKind::Adjoint { of: c, wrt: w },
        1,
        2,
        vec![left.clone()],
    );
    let dr = b.read(by_r, &[next.clone(), jj.clone()]);
    let without_step = b.system.store.mul([dr, below]);
    let negative = b.system.store.negative(right);
    // The element (i, i) in place of (i, j): reads outside the layer where it is narrower.
    let wrong_index = b.read(by_z, &[next, ii]);
    let wrong_index = b.system.store.mul([wrong_index, below]);
    General {
        b,
        by_weight,
        left,
        right,
        mutants: vec![without_step, negative, wrong_index],
    }
}

#[test]
fn the_general_layer_is_confirmed_at_several_sizes() {
    let General {
        b,
        by_weight,
        left,
        right,
        mutants,
    } = general_layer();
    for convention in CONVENTIONS {
        let derivation = b.derivation(convention, vec![by_weight]);
        let found = confirm(
            &derivation,
            &[formula(by_weight, &left, right)],
            &Sampling::default(),
        );
        assert!(is_confirmed(&found), "{:?}", found.outcomes);
        assert!(found.instances.len() >= 3, "{:?}", found.instances);
        for mutant in &mutants {
            let found = confirm(
                &derivation,
                &[formula(by_weight, &left, *mutant)],
                &Sampling::default(),
            );
            assert!(found.has_failed(), "{:?}", found.outcomes);
        }
    }
}

#[test]
fn gaps_and_overlaps_are_found() {
    let General {
        b,
        by_weight,
        left,
        right,
        ..
    } = general_layer();
    let derivation = b.derivation(StepAtZero::One, vec![by_weight]);
    let mut part = left.clone();
    part.domain = part.domain.and(&Domain::at_least(
        &Affine::var(part.vars[0]),
        &Affine::int(1),
    ));
    let found = confirm(
        &derivation,
        &[formula(by_weight, &part, right)],
        &Sampling::default(),
    );
    assert!(found.has_failed(), "{:?}", found.outcomes);
    let both = [
        formula(by_weight, &left, right),
        formula(by_weight, &part, right),
    ];
    assert!(confirm(&derivation, &both, &Sampling::default()).has_failed());
}

/// p_i = exp(a_i) / Σ exp(a_j), C = Σ c_i p_i over 40 elements: along directions, through contractions.
#[test]
fn softmax_written_out_is_confirmed() {
    let mut b = Builder::new();
    let [i, j] = ["i", "j"].map(|letter| b.system.store.fresh_var(letter));
    let (ii, jj) = (Affine::var(i), Affine::var(j));
    let range = |letter: &Affine| Domain::between(&Affine::int(1), letter, &Affine::int(40));
    let input = |b: &mut Builder, name: &str| {
        b.family(
            name,
            FamilyKind::Input,
            0,
            1,
            vec![clause(
                &[i],
                &[Affine::var(i)],
                range(&Affine::var(i)),
                None,
            )],
        )
    };
    let (a, weight) = (input(&mut b, "a"), input(&mut b, "c"));
    let aj = b.read(a, std::slice::from_ref(&jj));
    let ej = b.apply(EXP, aj);
    let total = b.system.store.reduce(Reduction::Sum, [j], range(&jj), ej);
    let total = b.scalar("S", Some(total));
    let total = b.read(total, &[]);
    let ai = b.read(a, std::slice::from_ref(&ii));
    let ei = b.apply(EXP, ai);
    let minus_one = b.system.store.int(-1);
    let inverse = b.system.store.power(total, minus_one);
    let quotient = b.system.store.mul([ei, inverse]);
    let p = b.family(
        "p",
        FamilyKind::Defined,
        0,
        1,
        vec![clause(
            &[i],
            std::slice::from_ref(&ii),
            range(&ii),
            Some(quotient),
        )],
    );
    let pj = b.read(p, std::slice::from_ref(&jj));
    let cj = b.read(weight, std::slice::from_ref(&jj));
    let product = b.system.store.mul([cj, pj]);
    let mean = b
        .system
        .store
        .reduce(Reduction::Sum, [j], range(&jj), product);
    let c = b.scalar("C", Some(mean));
    b.system.loss = Some(c);
    // p_i (c_i - Σ c_j p_j)
    let pi = b.read(p, std::slice::from_ref(&ii));
    let ci = b.read(weight, std::slice::from_ref(&ii));
    let inner = b.minus(ci, mean);
    let right = b.system.store.mul([pi, inner]);
    let wrong = b.system.store.mul([pi, ci]);
    let left = clause(&[i], std::slice::from_ref(&ii), range(&ii), Some(right));
    let adjoint = b.family(
        "",
        FamilyKind::Adjoint { of: c, wrt: a },
        0,
        1,
        vec![left.clone()],
    );
    // The Jacobian ∂p_i/∂a_j = p_i ([i = j] - p_j).
    let delta = b.system.store.guard(Domain::equal(&ii, &jj));
    let inner = b.minus(delta, pj);
    let jacobian = b.system.store.mul([pi, inner]);
    let square = clause(
        &[i, j],
        &[ii.clone(), jj.clone()],
        range(&ii).and(&range(&jj)),
        Some(jacobian),
    );
    let by_a = b.family(
        "",
        FamilyKind::Adjoint { of: p, wrt: a },
        0,
        2,
        vec![square.clone()],
    );
    let derivation = b.derivation(StepAtZero::One, vec![adjoint, by_a]);
    let plan = Sampling::default();
    let good = confirm(
        &derivation,
        &[
            formula(adjoint, &left, right),
            formula(by_a, &square, jacobian),
        ],
        &plan,
    );
    assert!(is_confirmed(&good), "{:?}", good.outcomes);
    assert!(confirm(&derivation, &[formula(adjoint, &left, wrong)], &plan).has_failed());
}

/// The derivation of a network text, with its formulas.
fn derived(text: &str, step: StepAtZero) -> (Derivation, Vec<Formula>) {
    let source = crate::source::Source::new("test", text);
    let network = crate::syntax::parse(&source).expect("the text is a network");
    let system = crate::system::lower(&network).expect("the network is sound");
    let request = crate::derive::Request {
        step_at_zero: Some(step),
        ..Default::default()
    };
    let mut derivation =
        crate::derive::derive(&system, &request).expect("its questions have answers");
    let formulas = crate::formula::formulate(&mut derivation, &crate::formula::View::default())
        .expect("the answers have formulas");
    (derivation, formulas)
}

const NETWORKS: [&str; 5] = [
    "z[1] = W[0] x\nr[1] = relu(z[1])\nz[2] = W[1] r[1]\nr[2] = relu(z[2])\nloss C = 1/2 (y - r[2])^2\ngrad W[0], W[1]\n",
    "index i, j\nwhere W[k] in R^(n[k] x n[k+1]) for k in 0..L-1\n      x in R^(n[0]), y in R^(n[L])\nr[0]_i = x_i\n\
     z[k+1]_j = sum_i W[k]_ij r[k]_i for k in 0..L-1\nr[k+1]_j = relu(z[k+1]_j)\n\
     loss C = 1/2 sum_j (r[L]_j - y_j)^2\ngrad W[k], z[k], r[k]\n",
    "index i\nwhere x in R^n, a, b in R\nh_i = max(a x_i, b) + abs(x_i - b)\nloss C = sum_i h_i^2\ngrad x, a, b\n",
    "fn lrelu(u; a) = { u if u > 0; a u otherwise } with lrelu'(0) = a\nz = w x\nr = lrelu(z; a)\nloss C = 1/2 (r - y)^2\ngrad w, a\n",
    "index i, j\nwhere W in R^(n x n), U, g in R^n, x[t] in R for t in 1..T\nh[0]_i = g_i\n\
     h[t]_i = relu(U_i x[t] + sum_j W_ij h[t-1]_j) for t in 1..T\nloss C = sum_i h[T]_i^2\ngrad U, g\n",
];

/// The result negated, doubled, with something added, or with one factor dropped.
fn injected(derivation: &mut Derivation, result: TermId) -> Vec<TermId> {
    let is_step = |function: FunctionId| {
        derivation.system.function(function).primitive == Some(Primitive::Step)
    };
    // Where the layer above has one unit and Step(0) is 0, its own Step does the work of this one.
    let keeps_steps =
        derivation.step_at_zero == StepAtZero::Zero && derivation.system.sizes.is_empty();
    let kept: Vec<bool> = match derivation.system.store.node(result) {
        Node::Mul(factors) => factors
            .iter()
            .map(|factor| match derivation.system.store.node(*factor) {
                Node::Apply(function, _, _) => keeps_steps && is_step(*function),
                Node::Number(_) => true,
                _ => false,
            })
            .collect(),
        _ => Vec::new(),
    };
    let store = &mut derivation.system.store;
    let mut wrong = vec![store.negative(result)];
    let two = store.int(2);
    wrong.push(store.mul([two, result]));
    let one = store.int(1);
    wrong.push(store.add([result, one]));
    if let Node::Mul(factors) = store.node(result).clone() {
        for (at, _) in kept.iter().enumerate().filter(|(_, kept)| !**kept) {
            let mut rest = factors.to_vec();
            rest.remove(at);
            wrong.push(store.mul(rest));
        }
    }
    wrong
}

#[test]
fn derived_formulas_are_confirmed_and_injected_faults_are_not() {
    for text in NETWORKS {
        for convention in CONVENTIONS {
            let (mut derivation, formulas) = derived(text, convention);
            let found = confirm(&derivation, &formulas, &Sampling::default());
            assert!(
                found.is_confirmed(),
                "{convention:?}\n{text}{:?}",
                found.outcomes
            );
            let plan = Sampling { points: 6, seed: 7 };
            for at in 0..formulas.len() {
                let is_zero = derivation.system.store.is_zero(formulas[at].result());
                for wrong in injected(&mut derivation, formulas[at].result()) {
                    if is_zero && derivation.system.store.is_zero(wrong) {
                        continue;
                    }
                    let mut formulas = formulas.clone();
                    formulas[at].chain = vec![Link::Term(wrong)];
                    let found = confirm(&derivation, &formulas, &plan);
                    assert!(
                        matches!(found.outcomes[at].status, Status::Failed(_)),
                        "{convention:?} formula {at} of\n{text}{:?}\n{:?}",
                        derivation.system.store.node(wrong),
                        found.outcomes[at]
                    );
                }
            }
        }
    }
}

#[test]
fn every_line_before_a_result_is_compared_with_it() {
    for text in NETWORKS {
        let (mut derivation, _) = derived(text, StepAtZero::One);
        let view = crate::formula::View {
            detail: crate::formula::Detail::Full,
            ..Default::default()
        };
        let formulas =
            crate::formula::formulate(&mut derivation, &view).expect("the answers have formulas");
        let found = confirm(&derivation, &formulas, &Sampling::default());
        assert!(found.is_confirmed(), "{text}{:?}", found.outcomes);
        let plan = Sampling { points: 6, seed: 7 };
        for at in 0..formulas.len() {
            let store = &mut derivation.system.store;
            let mut wrong = Vec::new();
            for member in 0..formulas[at].chain.len() - 1 {
                let mut changed = formulas.clone();
                match &mut changed[at].chain[member] {
                    Link::Term(term) => *term = store.negative(*term),
                    Link::Operator { of, .. } => *of = store.negative(*of),
                }
                wrong.push(changed);
            }
            for local in 0..formulas[at].locals.len() {
                let mut changed = formulas.clone();
                let value = &mut changed[at].locals[local].value;
                let one = store.int(1);
                *value = store.add([*value, one]);
                wrong.push(changed);
            }
            for changed in wrong {
                let found = confirm(&derivation, &changed, &plan);
                assert!(
                    matches!(found.outcomes[at].status, Status::Failed(_)),
                    "formula {at} of\n{text}{:?}",
                    found.outcomes[at]
                );
            }
        }
    }
}

#[test]
fn many_families_share_directions_and_one_wrong_formula_is_named() {
    let mut text = String::from("z1 = w1 x\nr1 = relu(z1)\n");
    for layer in 2..=40 {
        text += &format!(
            "z{layer} = w{layer} r{}\nr{layer} = relu(z{layer})\n",
            layer - 1
        );
    }
    text += "loss C = 1/2 (r40 - y)^2\ngrad w1, w20, w40\n";
    let (mut derivation, formulas) = derived(&text, StepAtZero::One);
    let found = confirm(&derivation, &formulas, &Sampling::default());
    assert!(found.is_confirmed(), "{:?}", found.outcomes);
    for outcome in &found.outcomes {
        assert!(
            outcome.notes.iter().all(|note| !note.starts_with('0')),
            "{outcome:?}"
        );
    }
    let at = formulas.len() / 2;
    let mut wrong = formulas;
    let negative = derivation.system.store.negative(wrong[at].result());
    wrong[at].chain = vec![Link::Term(negative)];
    let found = confirm(&derivation, &wrong, &Sampling::default());
    for (number, outcome) in found.outcomes.iter().enumerate() {
        assert_eq!(
            number == at,
            matches!(outcome.status, Status::Failed(_)),
            "{number}: {outcome:?}"
        );
    }
}

#[test]
fn a_wrong_declared_derivative_is_located() {
    let text = |slope: &str| {
        format!(
            "fn s(u) = 1/(1 + exp(-u)) with s' = {slope}\nr = s(w x)\nloss C = (r - y)^2\ngrad w\n"
        )
    };
    let (derivation, formulas) = derived(&text("s (1 - s)"), StepAtZero::One);
    assert!(confirm(&derivation, &formulas, &Sampling::default()).is_confirmed());
    let (derivation, formulas) = derived(&text("s (1 + s)"), StepAtZero::One);
    let found = confirm(&derivation, &formulas, &Sampling::default());
    assert_eq!(found.functions.len(), 1);
    assert!(found.has_failed());
}

#[test]
fn values_are_read_and_answered_by_name() {
    let (derivation, formulas) = derived(NETWORKS[1], StepAtZero::One);
    let given = serde_json::json!({
        "x": [1.0, 2.0],
        "y": [0.5],
        "W": {"0": [[1.0, 0.5, -1.0], [2.0, 1.0, 0.25]], "1": [[1.0], [-2.0], [3.0]]},
    });
    let answer = super::evaluate_at(&derivation, &formulas, &given).expect("all is given");
    // z[1] = (5, 2.5, -0.5), r[1] = (5, 2.5, 0), z[2] = 0 and r[2] = 0, on the kink: Step(0) = 1.
    let values = &answer["values"];
    assert_eq!(values["C"], serde_json::json!(0.125));
    assert_eq!(
        values["∂C/∂W[1]"],
        serde_json::json!([[-2.5], [-1.25], [0.0]])
    );
    assert_eq!(
        values["∂C/∂W[0]"],
        serde_json::json!([[-0.5, 1.0, 0.0], [-1.0, 2.0, 0.0]])
    );
    for (broken, message) in [
        (
            serde_json::json!({"x": [1.0, 2.0], "y": [0.5]}),
            "`W` is not given",
        ),
        (
            serde_json::json!({"x": [1.0], "y": [0.5], "W": {"0": [[1.0]], "1": [[1.0, 2.0]]}}),
            "`y` must be",
        ),
        (
            serde_json::json!({"x": [1.0], "y": [0.5], "q": 1, "W": {"0": [[1.0]]}}),
            "no input called `q`",
        ),
    ] {
        let errors =
            super::evaluate_at(&derivation, &formulas, &broken).expect_err("something is missing");
        assert!(
            errors.iter().any(|error| error.contains(message)),
            "{errors:?}"
        );
    }
}

mod jointly;
