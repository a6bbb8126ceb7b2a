//! Wrong matrix forms that look right are not believed.

use super::{Expression, Frame, Layout, Notation, Refusal};
use crate::source::Source;
use crate::syntax::{StepAtZero, parse};
use crate::system::{System, lower};
use crate::term::{Affine, FamilyId, Node, TermId};

/// A network, with the matrix notation of its right sides.
struct Page {
    system: System,
    notation: Notation,
}

impl Page {
    fn new(text: &str) -> Self {
        let network = parse(&Source::new("test", text)).expect("the network is read");
        let mut system = lower(&network).expect("the network is right");
        let notation = Notation::new(&mut system, Layout::Same, StepAtZero::One);
        Self { system, notation }
    }

    fn family(&self, name: &str) -> FamilyId {
        self.system.find(name).expect("the quantity is there")
    }

    /// The left side of a definition, and its right side.
    fn definition(&mut self, name: &str) -> Result<(Frame, TermId), Refusal> {
        let family = self.family(name);
        let clause = self.system.family(family).clauses[0].clone();
        let frame = self
            .notation
            .frame(&mut self.system, family, &clause.index, &clause.domain)?;
        Ok((frame, clause.body.expect("it has a right side")))
    }

    /// All elements of a quantity without slots.
    fn whole(&mut self, name: &str) -> Expression {
        let family = self.family(name);
        let clause = self.system.family(family).clauses[0].clone();
        self.notation
            .frame(&mut self.system, family, &clause.index, &clause.domain)
            .expect("it fills an array")
            .left
    }

    fn product(&mut self, factors: impl IntoIterator<Item = Expression>) -> Expression {
        Expression::product(&mut self.system.store, factors)
    }

    fn size(&mut self, name: &str) -> Affine {
        let at = self
            .system
            .sizes
            .iter()
            .position(|size| size.name == name)
            .expect("the size is there");
        Affine::size(crate::term::SizeId(at as u32))
    }

    fn is_proved(&mut self, name: &str, form: &Expression) -> bool {
        let (frame, term) = self.definition(name).expect("the left side is an array");
        self.notation
            .proved(&mut self.system, &frame, form.clone(), term)
            .is_some()
    }

    /// Whether the definition's own matrix form is the given one, and proved.
    fn finds(&mut self, name: &str, form: &Expression) {
        let (frame, term) = self.definition(name).expect("the left side is an array");
        let found = self
            .notation
            .matrix_form(&mut self.system, &frame, term)
            .expect("there is a matrix form");
        assert_eq!(found.expression, *form);
    }
}

const SQUARE: &str = "index i, j, k\n\
    where A, B in R^(n x n), x, y in R^n, T, U in R^(m x n)\n\
    G_ij = x_i y_j\n\
    D_ij = x_i A_ij\n\
    P_ij = sum_k A_ik B_kj\n\
    g_j = sum_i T_ij U_ij\n\
    q_i = sum_{j in 1..n-1} A_ij y_j\n\
    loss C = sum_i sum_j G_ij D_ij P_ij + sum_i g_i q_i\n\
    grad x\n";

#[test]
fn a_transpose_is_another_matrix() {
    let mut page = Page::new(SQUARE);
    let (x, y) = (page.whole("x"), page.whole("y"));
    let right = page.product([x.clone(), y.transposed()]);
    let turned = page.product([y, x.transposed()]);
    assert!(page.is_proved("G", &right));
    assert!(!page.is_proved("G", &turned));
    page.finds("G", &right);
}

#[test]
fn factors_do_not_commute() {
    let mut page = Page::new(SQUARE);
    let (a, b) = (page.whole("A"), page.whole("B"));
    let right = page.product([a.clone(), b.clone()]);
    assert!(page.is_proved("P", &right));
    for wrong in [
        [b.clone(), a.clone()],
        [a.transposed(), b.clone()],
        [a, b.transposed()],
    ] {
        let wrong = page.product(wrong);
        assert!(!page.is_proved("P", &wrong));
    }
    page.finds("P", &right);
}

#[test]
fn a_diagonal_scales_rows_or_columns() {
    let mut page = Page::new(SQUARE);
    let (a, scale) = (page.whole("A"), page.whole("x").diagonal());
    let rows = page.product([scale.clone(), a.clone()]);
    let columns = page.product([a, scale]);
    assert!(page.is_proved("D", &rows));
    assert!(!page.is_proved("D", &columns));
    page.finds("D", &rows);
}

#[test]
fn a_trace_has_no_free_index() {
    let mut page = Page::new(SQUARE);
    let (t, u) = (page.whole("T"), page.whole("U"));
    let (m, n) = (page.size("m"), page.size("n"));
    // Plausible: every entry of the column would be the same number.
    let trace = page.product([t.transposed(), u.clone()]).trace();
    let ones = Expression::ones(n);
    let wrong = page.product([trace, ones]);
    assert!(!page.is_proved("g", &wrong));
    let both = Expression::hadamard(&mut page.system.store, [t, u]);
    let right = page.product([both.transposed(), Expression::ones(m)]);
    assert!(page.is_proved("g", &right));
    page.finds("g", &right);
}

#[test]
fn a_part_of_an_axis_is_not_the_axis() {
    let mut page = Page::new(SQUARE);
    let (a, y) = (page.whole("A"), page.whole("y"));
    let plausible = page.product([a, y]);
    assert!(!page.is_proved("q", &plausible));
    let (frame, term) = page.definition("q").expect("the left side is a column");
    let found = page
        .notation
        .matrix_form(&mut page.system, &frame, term)
        .expect("parts have a form");
    assert_ne!(found.expression, plausible);
    assert!(page.is_proved("q", &found.expression));
}

#[test]
fn shapes_have_to_fit() {
    let mut page = Page::new(SQUARE);
    let (t, u) = (page.whole("T"), page.whole("U"));
    let unfit = page.product([t, u]);
    let (frame, _) = page.definition("P").expect("the left side is a matrix");
    let lowered = page.notation.lowered(&mut page.system, &frame, &unfit);
    assert_eq!(lowered, None);
    let column = page.whole("x");
    assert!(!page.is_proved("G", &column));
}

#[test]
fn a_triangle_is_no_matrix() {
    let mut page = Page::new(
        "index i, j, t, u\n\
         where P in R^(n x n), V in R^(n x d)\n\
         O_tj = sum_{u in 1..t} P_tu V_uj\n\
         loss C = sum_t sum_j O_tj^2\n\
         grad P\n",
    );
    let (p, v) = (page.whole("P"), page.whole("V"));
    let plausible = page.product([p, v]);
    assert!(!page.is_proved("O", &plausible));
    let (frame, term) = page.definition("O").expect("the left side is a matrix");
    let found = page.notation.matrix_form(&mut page.system, &frame, term);
    assert_eq!(found.map(|found| found.expression), Err(Refusal::Coupled));
    assert!(matches!(page.system.store.node(term), Node::Reduce(..)));
}

const INVERSES: &str = "where A, B, S in R^(n x n), x in R^n\n\
    assume S symmetric\n\
    U = inv(A + B)\n\
    V = inv(A)\n\
    W = inv(S)\n\
    G = inv(A A^T)\n\
    g = x / norm(x)\n\
    loss C = sum(U V W G, all) + sum(g)\n\
    grad x\n";

impl Page {
    /// A quantity's own matrix form.
    fn form(&mut self, name: &str) -> Expression {
        let (frame, term) = self.definition(name).expect("the left side is an array");
        self.notation
            .matrix_form(&mut self.system, &frame, term)
            .expect("there is a matrix form")
            .expression
    }
}

#[test]
fn an_inverse_is_of_its_argument() {
    let mut page = Page::new(INVERSES);
    let (a, b) = (page.whole("A"), page.whole("B"));
    let right = page.form("U");
    assert!(page.is_proved("U", &right));
    let super::Kind::OfMatrix { access, .. } = right.kind else {
        panic!("it is a function of a matrix");
    };
    let swapped = Expression::sum(&mut page.system.store, [b, a.clone()]);
    let same = Expression::of_matrix(access, swapped, a.shape.clone());
    assert!(page.is_proved("U", &same));
    let other = Expression::of_matrix(access, a.clone(), a.shape);
    assert!(!page.is_proved("U", &other));
}

#[test]
fn only_symmetric_matrices_have_symmetric_inverses() {
    let mut page = Page::new(INVERSES);
    let turned = page.form("V").transposed();
    assert!(!page.is_proved("V", &turned));
    for name in ["W", "G"] {
        let form = page.form(name);
        assert_eq!(form.transposed(), form);
        // Written as a transpose all the same, it is proved by the symmetry.
        let turned = Expression {
            shape: form.shape.transposed(),
            kind: super::Kind::Transpose(Box::new(form)),
        };
        assert!(page.is_proved(name, &turned));
    }
}

#[test]
fn a_norm_is_not_its_square() {
    let mut page = Page::new(INVERSES);
    let right = page.form("g");
    assert!(page.is_proved("g", &right));
    let x = page.whole("x");
    let squared = page.product([x.clone().transposed(), x.clone()]);
    let share = squared.power(num_rational::BigRational::from_integer((-1).into()));
    let wrong = page.product([share, x]);
    assert!(!page.is_proved("g", &wrong));
}
