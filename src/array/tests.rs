//! Each operation against plain arithmetic on small arrays.

use super::*;
use crate::term::{Atom, FamilyId, Reduction};
use num_traits::ToPrimitive;

/// Entries of the families, by id and index.
fn given(family: FamilyId, index: &[i64]) -> f64 {
    let mut value = f64::from(family.0) + 1.5;
    for (axis, entry) in index.iter().enumerate() {
        value = value * 1.25 + (*entry as f64) * (0.5 - axis as f64);
    }
    value
}

fn index(affine: &Affine, at: &[(VarId, i64)]) -> i64 {
    let mut value = affine.constant();
    for (atom, factor) in affine.terms() {
        let Atom::Var(var) = atom else {
            panic!("sizes are numbers here")
        };
        let (_, number) = at.iter().find(|(other, _)| other == var).expect("bound");
        value += factor * number;
    }
    value.to_integer()
}

fn holds(domain: &Domain, at: &[(VarId, i64)]) -> bool {
    domain.constraints().iter().all(|constraint| {
        let value = index(constraint.affine(), at);
        match constraint.relation() {
            crate::term::Relation::Zero => value == 0,
            crate::term::Relation::NonNegative => value >= 0,
            crate::term::Relation::Divisible(m) => value % m == 0,
        }
    })
}

fn value(store: &Store, term: TermId, at: &[(VarId, i64)]) -> f64 {
    match store.node(term) {
        Node::Number(number) => number.to_f64().expect("a number"),
        Node::Index(affine) => index(affine, at) as f64,
        Node::Access(family, entries) => {
            let entries: Vec<i64> = entries.iter().map(|entry| index(entry, at)).collect();
            given(*family, &entries)
        }
        Node::Add(terms) => terms.iter().map(|term| value(store, *term, at)).sum(),
        Node::Mul(factors) => factors.iter().map(|term| value(store, *term, at)).product(),
        Node::Power(base, exponent) => value(store, *base, at).powf(value(store, *exponent, at)),
        Node::Guard(domain) => f64::from(u8::from(holds(domain, at))),
        Node::Cases(branches) => branches
            .iter()
            .find(|(condition, _)| value(store, *condition, at) > 0.5)
            .map_or(0.0, |(_, branch)| value(store, *branch, at)),
        Node::Reduce(op, vars, domain, body) => {
            let points = domain.points(vars, 1000);
            let points = points.unwrap_or_else(|| all_points(vars.len()));
            let values = points.iter().filter_map(|point| {
                let mut inner = at.to_vec();
                inner.extend(vars.iter().copied().zip(point.iter().copied()));
                holds(domain, &inner).then(|| value(store, *body, &inner))
            });
            match op {
                Reduction::Sum => values.sum(),
                Reduction::Product => values.product(),
                Reduction::Max => values.fold(f64::NEG_INFINITY, f64::max),
                Reduction::Min => values.fold(f64::INFINITY, f64::min),
            }
        }
        node => panic!("{node:?} is not used here"),
    }
}

fn all_points(letters: usize) -> Vec<Vec<i64>> {
    (0..letters).fold(vec![Vec::new()], |points, _| {
        points
            .iter()
            .flat_map(|point| {
                (1..=9).map(move |next| point.iter().copied().chain([next]).collect())
            })
            .collect()
    })
}

/// All entries, rows outside.
fn entries(store: &Store, array: &Array) -> Vec<Vec<f64>> {
    let (rows, columns) = match array.shape.as_matrix() {
        Some((rows, columns)) => (
            rows.as_int().expect("a number"),
            columns.as_int().expect("a number"),
        ),
        None => (1, 1),
    };
    (1..=rows)
        .map(|row| {
            (1..=columns)
                .map(|column| {
                    let at: Vec<i64> = match array.shape {
                        Shape::Number => vec![],
                        Shape::Column(_) => vec![row],
                        Shape::Row(_) => vec![column],
                        Shape::Matrix(..) => vec![row, column],
                    };
                    let at: Vec<(VarId, i64)> = array.letters.iter().copied().zip(at).collect();
                    value(store, array.entry, &at)
                })
                .collect()
        })
        .collect()
}

fn matrix(store: &mut Store, family: u32, rows: i64, columns: i64) -> Array {
    let shape = Shape::Matrix(Affine::int(rows), Affine::int(columns));
    Array::new(store, shape, |store, index| {
        store.access(FamilyId(family), index.iter().cloned())
    })
}

fn column(store: &mut Store, family: u32, size: i64) -> Array {
    Array::new(store, Shape::Column(Affine::int(size)), |store, index| {
        store.access(FamilyId(family), index.iter().cloned())
    })
}

fn multiplied(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    a.iter()
        .map(|row| {
            (0..b[0].len())
                .map(|column| row.iter().zip(b).map(|(x, y)| x * y[column]).sum())
                .collect()
        })
        .collect()
}

fn turned(a: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..a[0].len())
        .map(|column| a.iter().map(|row| row[column]).collect())
        .collect()
}

fn close(a: &[Vec<f64>], b: &[Vec<f64>]) {
    assert_eq!((a.len(), a[0].len()), (b.len(), b[0].len()));
    for (x, y) in a.iter().flatten().zip(b.iter().flatten()) {
        assert!((x - y).abs() <= 1e-9 * (1.0 + x.abs()), "{a:?} {b:?}");
    }
}

#[test]
fn products_are_those_of_matrices() {
    let store = &mut Store::default();
    let (a, b) = (matrix(store, 0, 2, 3), matrix(store, 1, 3, 4));
    let (x, y) = (column(store, 2, 3), column(store, 3, 2));
    let (ea, eb, ex, ey) = (
        entries(store, &a),
        entries(store, &b),
        entries(store, &x),
        entries(store, &y),
    );
    let factors = [
        (&a, &b, multiplied(&ea, &eb)),
        (&a, &x, multiplied(&ea, &ex)),
        (&y.clone().transpose(), &a, multiplied(&turned(&ey), &ea)),
        (&x.clone().transpose(), &x, multiplied(&turned(&ex), &ex)),
        (&x, &y.clone().transpose(), multiplied(&ex, &turned(&ey))),
        (&a, &a.clone().transpose(), multiplied(&ea, &turned(&ea))),
    ];
    for (left, right, expected) in factors {
        let found = product(store, left, right).expect("they fit");
        close(&entries(store, &found), &expected);
    }
}

#[test]
fn powers_keep_their_letters_apart() {
    let store = &mut Store::default();
    let a = matrix(store, 0, 3, 3);
    let once = entries(store, &a);
    let squared = multiplied(&once, &once);
    let fourth = multiplied(&squared, &squared);
    let found = power(store, &a, 2).expect("square");
    close(&entries(store, &found), &squared);
    let found = power(store, &found, 2).expect("square");
    close(&entries(store, &found), &fourth);
    let found = power(store, &a, 0).expect("square");
    let unit = eye(store, &Affine::int(3));
    close(&entries(store, &found), &entries(store, &unit));
}

#[test]
fn diagonals_and_traces() {
    let store = &mut Store::default();
    let (a, x) = (matrix(store, 0, 3, 3), column(store, 1, 3));
    let ea = entries(store, &a);
    let found = trace(store, &a).expect("square");
    close(
        &entries(store, &found),
        &[vec![ea[0][0] + ea[1][1] + ea[2][2]]],
    );
    let spread = diag(store, &x).expect("a column");
    let back = diagonal(store, &spread).expect("square");
    close(&entries(store, &back), &entries(store, &x));
    let scaled = product(store, &spread, &a).expect("they fit");
    let ex = entries(store, &x);
    let expected: Vec<Vec<f64>> = ea
        .iter()
        .zip(&ex)
        .map(|(row, factor)| row.iter().map(|entry| entry * factor[0]).collect())
        .collect();
    close(&entries(store, &scaled), &expected);
}

fn each(
    store: &mut Store,
    over: Over,
    matrix: &Array,
    apply: impl FnOnce(&mut Store, Array) -> Result<Array, Mismatch>,
) -> Result<Array, Mismatch> {
    let lines = Lines::of(over, matrix)?;
    let line = lines.line(store, matrix);
    lines.gather(apply(store, line)?)
}

#[test]
fn sums_and_means_go_over_what_is_said() {
    let store = &mut Store::default();
    let a = matrix(store, 0, 2, 3);
    let ea = entries(store, &a);
    let total: f64 = ea.iter().flatten().sum();
    let found = sum(store, &a);
    close(&entries(store, &found), &[vec![total]]);
    let found = mean(store, &a);
    close(&entries(store, &found), &[vec![total / 6.0]]);
    let rows = each(store, Over::Rows, &a, |store, line| Ok(sum(store, &line)));
    let expected: Vec<Vec<f64>> = ea.iter().map(|row| vec![row.iter().sum()]).collect();
    close(&entries(store, &rows.expect("a matrix")), &expected);
    let columns = each(store, Over::Columns, &a, |store, line| {
        Ok(reduce(store, Reduction::Max, &line))
    });
    let expected: Vec<Vec<f64>> = turned(&ea)
        .iter()
        .map(|row| vec![row.iter().copied().fold(f64::NEG_INFINITY, f64::max)])
        .collect();
    close(&entries(store, &columns.expect("a matrix")), &expected);
    // Each column divided by its sum.
    let shares = each(store, Over::Columns, &a, |store, line| {
        let total = sum(store, &line);
        entrywise(store, &[line, total], |store, entries| {
            let minus_one = store.int(-1);
            let share = store.power(entries[1], minus_one);
            store.mul([entries[0], share])
        })
    });
    let expected: Vec<Vec<f64>> = turned(&ea)
        .iter()
        .map(|row| row.iter().map(|x| x / row.iter().sum::<f64>()).collect())
        .collect();
    close(
        &entries(store, &shares.expect("a matrix")),
        &turned(&expected),
    );
}

#[test]
fn parts_and_wholes() {
    let store = &mut Store::default();
    let (x, y, a) = (
        column(store, 0, 3),
        column(store, 1, 2),
        matrix(store, 2, 3, 4),
    );
    let both = concatenate(store, &[x.clone(), y.clone()]).expect("columns");
    let tail = both.range(store, 0, &Affine::int(4), Affine::int(2));
    close(&entries(store, &tail), &entries(store, &y));
    let head = both.range(store, 0, &Affine::int(1), Affine::int(3));
    close(&entries(store, &head), &entries(store, &x));
    let row = a.row(store, &Affine::int(2)).expect("a matrix");
    close(&entries(store, &row), &entries(store, &a)[1..2]);
    let picked = a.column(store, &Affine::int(4)).expect("a matrix");
    close(
        &turned(&entries(store, &picked)),
        &turned(&entries(store, &a))[3..4],
    );
}

#[test]
fn matrices_side_by_side_and_below_one_another() {
    let store = &mut Store::default();
    let (a, b, x) = (
        matrix(store, 0, 3, 2),
        matrix(store, 1, 3, 4),
        column(store, 2, 3),
    );
    let one = Array::number(store.int(1));
    let parts = [a.clone(), x.clone(), one.clone(), b.clone()];
    let beside = concatenate_lines(store, Over::Rows, &parts).expect("as many rows");
    let expected: Vec<Vec<f64>> = (0..3)
        .map(|row| {
            let mut line = entries(store, &a)[row].clone();
            line.extend(&entries(store, &x)[row]);
            line.push(1.0);
            line.extend(&entries(store, &b)[row]);
            line
        })
        .collect();
    close(&entries(store, &beside), &expected);
    let turned_parts = parts.map(Array::transpose);
    let below = concatenate_lines(store, Over::Columns, &turned_parts).expect("as many columns");
    close(&entries(store, &below), &turned(&expected));
    let wrong = concatenate_lines(store, Over::Columns, &[a.clone(), b.clone()]);
    let wrong = wrong.expect_err("2 and 4 columns");
    assert_eq!(
        (wrong.problem, wrong.transpose),
        (Problem::OtherCount(Over::Columns), None)
    );
    let wrong = concatenate_lines(store, Over::Columns, &[a.transpose(), x]);
    let wrong = wrong.expect_err("a column is no row");
    assert_eq!(wrong.transpose, Some(1));
}

#[test]
fn what_does_not_fit_says_what_would() {
    let store = &mut Store::default();
    let (a, b) = (matrix(store, 0, 2, 3), matrix(store, 1, 2, 4));
    let x = column(store, 2, 3);
    let wrong = product(store, &a, &b).expect_err("2 x 3 times 2 x 4");
    assert_eq!((wrong.problem, wrong.transpose), (Problem::Inner, Some(0)));
    let wrong = product(store, &x, &x).expect_err("two columns");
    assert_eq!(wrong.problem, Problem::SameWay);
    let wrong = entrywise(
        store,
        &[a.clone(), a.clone().transpose()],
        |store, entries| store.add(entries.iter().copied()),
    );
    let wrong = wrong.expect_err("different");
    assert_eq!(
        (wrong.problem, wrong.transpose),
        (Problem::Different, Some(0))
    );
    let wrong = trace(store, &a).expect_err("not square");
    assert_eq!(wrong.problem, Problem::NotSquare);
}
