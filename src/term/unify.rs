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
