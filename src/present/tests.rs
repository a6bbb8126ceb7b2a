//! Terms to LaTeX, by hand-made systems.

use super::letters::Scope;
use super::profile::STANDARD;
use super::terms::Printer;
use crate::system::{Clause, Family, FamilyKind, Function, Primitive, System};
use crate::term::{Affine, Domain, FamilyId, FunctionId, Node, Reduction, TermId};

fn family(system: &mut System, name: &str, slots: usize, axes: usize, kind: FamilyKind) -> FamilyId {
    let vars: Vec<_> = (0..slots + axes)
        .map(|at| system.store.fresh_var(["a", "b", "c"][at]))
        .collect();
    let domain = vars[slots..].iter().fold(Domain::everything(), |domain, var| {
        domain.and(&Domain::between(&Affine::int(1), &Affine::var(*var), &Affine::int(3)))
    });
    system.add_family(Family {
        name: name.into(),
        slots,
        axes,
        kind,
        role: None,
        clauses: vec![Clause {
            index: vars.iter().map(|var| Affine::var(*var)).collect(),
            vars: vars.into(),
            domain,
            body: None,
            span: None,
        }],
        integers: None,
        span: None,
    })
}

fn function(system: &mut System, name: &str, latex: &str, primitive: Option<Primitive>) -> FunctionId {
    system.functions.push(Function {
        name: name.into(),
        latex: latex.into(),
        parameters: 1,
        extra: 0,
        body: None,
        slopes: vec![None],
        slopes_at: Vec::new(),
        primitive,
        activation: true,
        span: None,
    });
    FunctionId((system.functions.len() - 1) as u32)
}

fn latex(system: &System, term: TermId) -> String {
    let mut printer = Printer::new(system, &STANDARD);
    let letters = system.store.free_vars(term).to_vec();
    let scope = printer.enter(Scope::EMPTY, &letters);
    let id = printer.term(term, scope).id;
    crate::write::latex_of(&printer.boxes, id)
}

#[test]
fn scalar_terms_read_like_paper() {
    let mut system = System::default();
    let w = family(&mut system, "W", 1, 0, FamilyKind::Input);
    let x = family(&mut system, "x", 0, 0, FamilyKind::Input);
    let y = family(&mut system, "y", 0, 0, FamilyKind::Input);
    let w1 = family(&mut system, "w1", 0, 0, FamilyKind::Input);
    let relu = function(&mut system, "relu", r"\operatorname{ReLU}", Some(Primitive::Relu));
    let step = function(&mut system, "step", r"\operatorname{Step}", Some(Primitive::Step));
    let phi = function(&mut system, "phi", r"\phi", None);
    let exp = function(&mut system, "exp", r"\exp", Some(Primitive::Exp));
    let s = &mut system.store;
    let (w, x, y, w1) = (
        s.access(w, [Affine::int(0)]),
        s.access(x, []),
        s.access(y, []),
        s.access(w1, []),
    );
    let z = s.mul([w, x]);
    let apply = |s: &mut crate::term::Store, f, order: u8, a| {
        s.intern(Node::Apply(f, Box::new([order]), Box::new([a])))
    };
    let r = apply(s, relu, 0, z);
    let minus_y = s.negative(y);
    let difference = s.add([r, minus_y]);
    let slope = apply(s, step, 0, z);
    let result = s.mul([difference, slope, x]);
    let two = s.int(2);
    let minus_one = s.int(-1);
    let half = s.number(num_rational::BigRational::new(1.into(), 2.into()));
    let square = s.power(w, two);
    let lone_square = s.power(w1, two);
    let sum_square = s.power(difference, two);
    let loss = s.mul([half, sum_square]);
    let inverse = s.power(difference, minus_one);
    let quotient = s.mul([half, x, inverse, y]);
    let root = s.power(x, half);
    let prime = apply(s, phi, 1, z);
    let negative_z = s.negative(z);
    let e = apply(s, exp, 0, negative_z);
    let negative_sum = s.negative(difference);
    let nested = s.add([x, negative_sum]);
    let constant = s.mul([x, two, y]);
    let cases: &[(TermId, &str)] = &[
        (result, r"(\operatorname{ReLU}(W^{(0)}x)-y)\operatorname{Step}(W^{(0)}x)x"),
        (square, r"(W^{(0)})^2"),
        (lone_square, r"w_1^2"),
        (loss, r"\frac{1}{2}(\operatorname{ReLU}(W^{(0)}x)-y)^2"),
        (quotient, r"\frac{x}{2(\operatorname{ReLU}(W^{(0)}x)-y)}y"),
        (root, r"\sqrt{x}"),
        (prime, r"\phi'(W^{(0)}x)"),
        (e, r"e^{-W^{(0)}x}"),
        (nested, r"x-(\operatorname{ReLU}(W^{(0)}x)-y)"),
        (constant, r"x\cdot 2y"),
    ];
    for (term, expected) in cases {
        assert_eq!(latex(&system, *term), *expected);
    }
}

#[test]
fn sums_and_derivatives_have_indices() {
    let mut system = System::default();
    let c = family(&mut system, "C", 0, 0, FamilyKind::Defined);
    let z = family(&mut system, "z", 1, 1, FamilyKind::Defined);
    let w = family(&mut system, "W", 1, 2, FamilyKind::Input);
    let adjoint = FamilyKind::Adjoint { of: c, wrt: z };
    let dz = family(&mut system, "", 1, 1, adjoint);
    let s = &mut system.store;
    let (k, i, j, other) = (
        s.fresh_var("k"),
        s.fresh_var("i"),
        s.fresh_var("j"),
        s.fresh_var("j"),
    );
    let next = Affine::var(k).offset(1);
    let all = |var| Domain::between(&Affine::int(1), &Affine::var(var), &Affine::int(3));
    let upstream = s.access(dz, [next.clone(), Affine::var(j)]);
    let weight = s.access(w, [Affine::var(k), Affine::var(i), Affine::var(j)]);
    let product = s.mul([upstream, weight]);
    let full = s.reduce(Reduction::Sum, [j], all(j), product);
    let partial = s.reduce(
        Reduction::Sum,
        [j],
        Domain::between(&Affine::int(1), &Affine::var(j), &Affine::var(i)),
        product,
    );
    let inner = s.access(z, [next.clone(), Affine::var(other)]);
    let inner = s.reduce(Reduction::Sum, [other], all(other), inner);
    let both = s.mul([inner, product]);
    let nested = s.reduce(Reduction::Sum, [j], all(j), both);
    let delta = s.guard(Domain::equal(&Affine::var(i), &Affine::var(j)));
    let guard = s.guard(Domain::equal(&Affine::var(i), &Affine::var(j).scaled(2.into())));
    let cases: &[(TermId, &str)] = &[
        (full, r"\sum_{\forall j} \frac{\partial C}{\partial z^{(k+1)}_j}W^{(k)}_{ij}"),
        (partial, r"\sum_{j=1}^{i} \frac{\partial C}{\partial z^{(k+1)}_j}W^{(k)}_{ij}"),
        (
            nested,
            r"\sum_{\forall j} \left(\sum_{\forall l} z^{(k+1)}_l\right)\frac{\partial C}{\partial z^{(k+1)}_j}W^{(k)}_{ij}",
        ),
        (delta, r"\delta_{ij}"),
        (guard, r"[\,i=2j\,]"),
    ];
    for (term, expected) in cases {
        assert_eq!(latex(&system, *term), *expected);
    }
}
