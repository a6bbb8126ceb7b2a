//! Terms to LaTeX, by hand-made systems.

use super::letters::Scope;
use super::terms::Printer;
use super::{Confirmed, Document, Style, present};
use crate::derive::Request;
use crate::formula::{Detail, Form, View};
use crate::profile::Notation;
use crate::source::Source;
use crate::system::{Clause, Family, FamilyKind, Function, Primitive, System};
use crate::term::{Affine, Domain, FamilyId, FunctionId, Node, Reduction, TermId};
use crate::write::{Environment, Format};

fn family(
    system: &mut System,
    name: &str,
    slots: usize,
    axes: usize,
    kind: FamilyKind,
) -> FamilyId {
    let vars: Vec<_> = (0..slots + axes)
        .map(|at| system.store.fresh_var(["a", "b", "c"][at]))
        .collect();
    let domain = vars[slots..]
        .iter()
        .fold(Domain::everything(), |domain, var| {
            domain.and(&Domain::between(
                &Affine::int(1),
                &Affine::var(*var),
                &Affine::int(3),
            ))
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

fn function(
    system: &mut System,
    name: &str,
    latex: &str,
    primitive: Option<Primitive>,
) -> FunctionId {
    system.functions.push(Function {
        name: name.into(),
        latex: latex.into(),
        letters: vec!["u".into()],
        parameters: 1,
        extra: 0,
        body: None,
        slopes: vec![None],
        slopes_at: Vec::new(),
        slope_range: None,
        primitive,
        activation: true,
        span: None,
    });
    FunctionId((system.functions.len() - 1) as u32)
}

fn latex(system: &System, term: TermId) -> String {
    let mut printer = Printer::new(system, Notation::standard());
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
    let relu = function(
        &mut system,
        "relu",
        r"\operatorname{ReLU}",
        Some(Primitive::Relu),
    );
    let step = function(
        &mut system,
        "step",
        r"\operatorname{Step}",
        Some(Primitive::Step),
    );
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
        (
            result,
            r"(\operatorname{ReLU}(W^{(0)}x)-y)\operatorname{Step}(W^{(0)}x)x",
        ),
        (square, r"(W^{(0)})^2"),
        (lone_square, r"w_1^2"),
        (loss, r"\frac{1}{2}(\operatorname{ReLU}(W^{(0)}x)-y)^2"),
        (quotient, r"\frac{xy}{2(\operatorname{ReLU}(W^{(0)}x)-y)}"),
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
    let guard = s.guard(Domain::equal(
        &Affine::var(i),
        &Affine::var(j).scaled(2.into()),
    ));
    let cases: &[(TermId, &str)] = &[
        (
            full,
            r"\sum_{\forall j} \frac{\partial C}{\partial z^{(k+1)}_j}W^{(k)}_{ij}",
        ),
        (
            partial,
            r"\sum_{j=1}^{i} \frac{\partial C}{\partial z^{(k+1)}_j}W^{(k)}_{ij}",
        ),
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

/// All equations of a network as LaTeX, one member a line.
fn derived(network: &str, detail: Detail, combine: bool) -> String {
    let document = document(network, detail, combine);
    crate::write::write(&document, Format::Latex(Environment::None))
}

fn document(network: &str, detail: Detail, combine: bool) -> Document {
    let source = Source::new("test", network.to_owned());
    let network = crate::syntax::parse(&source).expect("the network can be read");
    let system = crate::system::lower(&network).expect("the network has a meaning");
    let mut derivation =
        crate::derive::derive(&system, &Request::default()).expect("it can be derived");
    let view = View {
        detail,
        combine,
        ..View::default()
    };
    let formulas = crate::formula::formulate(&mut derivation, &view).expect("the view can be had");
    let style = Style {
        legend: true,
        ..Style::new(Notation::standard(), Form::Index)
    };
    present(&derivation, &formulas, &style, Confirmed::Skipped)
}

const RESIDUAL: &str = "
index i, j
where W[k] in R^(n x n) for k in 0..L-1
      x, y in R^n
h[0]_j = x_j
z[k+1]_j = sum_i W[k]_ij h[k]_i
h[k+1]_j = h[k]_j + relu(z[k+1]_j)   for k in 0..L-1
loss C = 1/2 sum_j (h[L]_j - y_j)^2
grad h[k]
";

const SOFTMAX: &str = "
index i, j
where z in R^n, y in R^n
p_i = exp(z_i) / sum_j exp(z_j)
loss C = -sum_i y_i log(p_i)
grad z
";

const GENERAL: &str = "
index i, j
where W[k] in R^(n[k] x n[k+1]) for k in 0..L-1
      x in R^(n[0]), y in R^(n[L])
r[0]_i = x_i
z[k+1]_j = sum_i W[k]_ij r[k]_i   for k in 0..L-1
r[k+1]_j = relu(z[k+1]_j)         for k in 0..L-1
loss C = 1/2 sum_j (y_j - r[L]_j)^2
grad z[k]
";

#[test]
fn local_derivatives_have_the_letters_of_the_chain() {
    let cases = [
        (
            RESIDUAL,
            false,
            r"\sum_{\forall l} \frac{\partial C}{\partial z^{(k+1)}_l}\frac{\partial z^{(k+1)}_l}{\partial h^{(k)}_j}",
            r"\frac{\partial z^{(k+1)}_l}{\partial h^{(k)}_j} = W^{(k)}_{jl} \qquad \text{(linear in }h^{(k)}_j\text{)}",
        ),
        (
            SOFTMAX,
            false,
            r"\sum_{\forall j} \frac{\partial C}{\partial p_j}\frac{\partial p_j}{\partial z_i}",
            r"\frac{\partial p_j}{\partial z_i} = \delta_{ji}p_i-\frac{e^{z_j}e^{z_i}}{\left(\sum_{\forall k} e^{z_k}\right)^2} \qquad \text{(sum, product and power rule)}",
        ),
        (
            GENERAL,
            true,
            r"\sum_{\forall l} \frac{\partial C}{\partial z^{(k+2)}_l}\frac{\partial z^{(k+2)}_l}{\partial r^{(k+1)}_j}\frac{\partial r^{(k+1)}_j}{\partial z^{(k+1)}_j}",
            r"\frac{\partial z^{(k+2)}_l}{\partial r^{(k+1)}_j}\frac{\partial r^{(k+1)}_j}{\partial z^{(k+1)}_j} = W^{(k+1)}_{jl}\operatorname{Step}(z^{(k+1)}_j) \qquad \text{(chain rule)}",
        ),
    ];
    for (network, combine, chain, row) in cases {
        let text = derived(network, Detail::Steps, combine);
        assert!(text.contains(chain), "{text}");
        assert!(text.lines().any(|line| line == row), "{text}");
    }
}

#[test]
fn derivatives_not_yet_taken_are_ordinary_where_nothing_else_is_read() {
    let alone = derived("loss C = 1/2 relu(x)^2\ngrad x\n", Detail::Full, false);
    assert!(
        alone.contains(r"\frac{d}{dx}\frac{1}{2}\operatorname{ReLU}(x)^2"),
        "{alone}"
    );
    let shared = derived("loss C = 1/2 (x - y)^2\ngrad x\n", Detail::Full, false);
    assert!(
        shared.contains(r"\frac{\partial}{\partial x}\frac{1}{2}(x-y)^2"),
        "{shared}"
    );
}

#[test]
fn cases_are_sentences_where_they_are_a_whole_side() {
    let network =
        "fn f(u) = { 0 if u < 0; u otherwise } with f'(0) = 1\nr = f(x)\nloss C = r y\ngrad x\n";
    let text = derived(network, Detail::Steps, false);
    let whole = r"\frac{\partial r}{\partial x} = \begin{cases} 0, & \text{if } x<0, \\ 1, & \text{otherwise}. \end{cases}";
    assert!(text.contains(whole), "{text}");
    let inside =
        r"\left(\begin{cases} 0 & \text{if } x<0 \\ 1 & \text{otherwise} \end{cases}\right)";
    assert!(text.contains(inside), "{text}");
}

#[test]
fn legends_name_boundaries_sizes_functions_and_signs() {
    let text = derived(GENERAL, Detail::Result, true);
    let rows = [
        r"r^{(0)} \in \mathbb{R}^{n^{(0)}}\quad\text{given}",
        r"L \in \{1,2,\dots\}\quad\text{size}",
        r"\operatorname{ReLU}(u) = \max(u,0)\quad\text{rectifier}",
        r"\operatorname{Step}(u) = \begin{cases} 0 & \text{if } u<0 \\ 1 & \text{if } u=0 \\ 1 & \text{if } u>0 \end{cases}\quad\text{unit step}",
        r"\sum_{\forall l}  \quad\text{sum over all values of the index}",
    ];
    for row in rows {
        assert!(text.lines().any(|line| line == row), "{row}\n{text}");
    }
}

#[test]
fn sizes_are_known_before_writing() {
    for format in [
        Format::Latex(Environment::AlignStar),
        Format::Text,
        Format::Json,
    ] {
        for network in [RESIDUAL, SOFTMAX, GENERAL] {
            let document = document(network, Detail::Full, false);
            let size = crate::write::lay_out(&document, format).size();
            assert_eq!(size, crate::write::write(&document, format).len() as u64);
        }
    }
}
