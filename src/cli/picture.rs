//! The network drawn.

use super::Stop;
use crate::derive::Derivation;
use crate::graph::{arrays, fold, graph};
use crate::present::{Picture, present_picture};
use crate::profile::Notation;
use crate::words::Words;

/// Pictures of more boxes are of no use to anybody.
const MOST_NODES: usize = 250;

/// The picture of a derivation's network.
///
/// # Errors
/// Where it would have too many boxes.
pub(super) fn picture(
    derivation: &Derivation,
    notation: &Notation,
    words: &'static Words,
) -> Result<Picture, Stop> {
    let mut graph = fold(graph(derivation));
    let count = graph.nodes.len();
    if count > MOST_NODES {
        return Err(Stop::refused(format!(
            "error: the picture would have {count} boxes, more than {MOST_NODES}\n\
             help: give like layers slots, such as `z[k+1] = W[k] r[k] for k in 0..L-1`: they are drawn once"
        )));
    }
    let arrays = arrays(&mut graph, derivation.step_at_zero);
    Ok(present_picture(&graph, &arrays, notation, words))
}
