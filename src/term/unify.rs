//! Terms that are others with letters replaced.

use rustc_hash::FxHashMap;

use super::{Affine, Node, Store, Substitution, TermId, VarId};

/// Values of letters.
pub(crate) type Bindings = FxHashMap<VarId, Affine>;

/// Whether `term` is `pattern` with its letters replaced; the values of the letters.
pub(crate) fn unify(
    store: &Store,
    pattern: TermId,
    term: TermId,
    vars: &[VarId],
    values: &mut Bindings,
) -> bool {
    let bare = |term: TermId| vars.iter().any(|var| store.free_vars(term).contains(var));
    if !bare(pattern) {
        return pattern == term;
    }
    match (store.node(pattern), store.node(term)) {
        (Node::Access(f, left), Node::Access(g, right)) => {
            f == g
                && left
                    .iter()
                    .zip(right)
                    .all(|(a, b)| unify_affine(a, b, vars, values))
        }
        (Node::Index(a), Node::Index(b)) => unify_affine(a, b, vars, values),
        (Node::Reduce(op, letters, domain, body), Node::Reduce(other, same, range, inner)) => {
            op == other
                && letters == same
                && unify(store, *body, *inner, vars, values)
                && replaced(values).domain(domain) == *range
        }
        (Node::Guard(a), Node::Guard(b)) => replaced(values).domain(a) == *b,
        (a, b) => {
            std::mem::discriminant(a) == std::mem::discriminant(b)
                && match (a, b) {
                    (Node::Apply(f, orders, _), Node::Apply(g, others, _)) => {
                        f == g && orders == others
                    }
                    (Node::Test(cmp, ..), Node::Test(other, ..)) => cmp == other,
                    _ => true,
                }
                && a.children().len() == b.children().len()
                && a.children()
                    .into_iter()
                    .zip(b.children())
                    .all(|(a, b)| unify(store, a, b, vars, values))
        }
    }
}

/// Whether two terms are the same but for the names of their bound letters.
pub(crate) fn alike(store: &Store, a: TermId, b: TermId) -> bool {
    alike_where(store, a, b, &Substitution::new(Vec::new()))
}

/// The same, where letters of `b` stand for those of `a`.
fn alike_where(store: &Store, a: TermId, b: TermId, letters: &Substitution) -> bool {
    let renamed = |term: TermId| {
        store
            .free_vars(term)
            .iter()
            .any(|it| letters.get(*it).is_some())
    };
    if a == b && !renamed(b) {
        return true;
    }
    match (store.node(a), store.node(b)) {
        (Node::Access(f, left), Node::Access(g, right)) => {
            f == g && left.iter().zip(right).all(|(a, b)| *a == letters.affine(b))
        }
        (Node::Index(a), Node::Index(b)) => *a == letters.affine(b),
        (Node::Guard(a), Node::Guard(b)) => *a == letters.domain(b),
        (Node::Reduce(op, own, domain, body), Node::Reduce(other, same, range, inner)) => {
            if op != other || own.len() != same.len() {
                return false;
            }
            let bound = same
                .iter()
                .copied()
                .zip(own.iter().copied().map(Affine::var));
            let outer = letters
                .pairs()
                .iter()
                .filter(|(var, _)| !same.contains(var));
            let letters = Substitution::new(outer.cloned().chain(bound));
            *domain == letters.domain(range) && alike_where(store, *body, *inner, &letters)
        }
        (a, b) => {
            let heads = match (a, b) {
                (Node::Apply(f, orders, _), Node::Apply(g, others, _)) => {
                    f == g && orders == others
                }
                (Node::Test(cmp, ..), Node::Test(other, ..)) => cmp == other,
                (Node::Number(a), Node::Number(b)) => a == b,
                (Node::Parameter(a), Node::Parameter(b)) => a == b,
                _ => std::mem::discriminant(a) == std::mem::discriminant(b),
            };
            let (left, right) = (a.children(), b.children());
            heads
                && left.len() == right.len()
                && left
                    .into_iter()
                    .zip(right)
                    .all(|(a, b)| alike_where(store, a, b, letters))
        }
    }
}

/// The bindings as a substitution.
pub(crate) fn replaced(values: &Bindings) -> Substitution {
    let mut pairs: Vec<(VarId, Affine)> = values
        .iter()
        .map(|(var, value)| (*var, value.clone()))
        .collect();
    pairs.sort();
    Substitution::new(pairs)
}

fn unify_affine(pattern: &Affine, value: &Affine, vars: &[VarId], values: &mut Bindings) -> bool {
    let open = vars
        .iter()
        .copied()
        .find(|var| pattern.mentions(*var) && !values.contains_key(var));
    match open {
        None => replaced(values).affine(pattern) == *value,
        Some(var) => {
            let rest = pattern.minus(&Affine::var(var));
            if rest.mentions(var) || vars.iter().any(|other| rest.mentions(*other)) {
                return false;
            }
            values.insert(var, value.minus(&rest));
            true
        }
    }
}
