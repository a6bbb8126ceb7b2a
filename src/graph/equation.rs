//! Definitions as they are drawn: with whole arrays where that is proved to be the same, as it is much shorter.

use super::{Graph, NodeKind};
use crate::matrix::{Expression, Layout, Notation};
use crate::syntax::StepAtZero;

/// A definition with whole arrays.
#[derive(Debug, Clone)]
pub struct Arrays {
    /// The left side.
    pub left: Expression,
    /// The right side.
    pub right: Expression,
}

/// The definition of each node with whole arrays; none where there is no such form, or it needs an assumption.
pub fn arrays(graph: &mut Graph, step_at_zero: StepAtZero) -> Vec<Option<Arrays>> {
    let notation = Notation::new(&mut graph.system, Layout::Same, step_at_zero);
    let system = &mut graph.system;
    graph
        .nodes
        .iter()
        .map(|node| {
            let clause = node
                .clause
                .as_ref()
                .filter(|_| node.kind == NodeKind::Defined)?;
            let frame = notation
                .frame(system, node.family, &clause.index, &clause.domain)
                .ok()?;
            let found = notation.matrix_form(system, &frame, clause.body?).ok()?;
            found.assumed.is_empty().then(|| Arrays {
                left: frame.left.clone(),
                right: found.expression,
            })
        })
        .collect()
}
