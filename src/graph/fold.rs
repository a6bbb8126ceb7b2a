//! Long runs of like definitions, drawn as dots.

use std::fmt::Write as _;

use rustc_hash::FxHashMap;

use super::{Edge, Graph, Node, NodeKind};
use crate::system::System;
use crate::term::{FamilyId, Node as Term, TermId};

/// Graphs with fewer definitions are drawn as they are.
const FEW: usize = 30;
/// Runs with fewer repetitions are drawn as they are.
const FEWEST_REPETITIONS: usize = 6;
/// How many repetitions stay at either end.
const KEPT: usize = 2;
/// Longer periods are not looked for.
const LONGEST_PERIOD: usize = 24;

/// The graph with the middle of long runs of like definitions left out: behind dots that say how many these are.
/// Definitions are alike if they differ in names, slots and sizes only.
pub fn fold(graph: Graph) -> Graph {
    let defined: Vec<usize> = (0..graph.nodes.len())
        .filter(|at| graph.nodes[*at].kind == NodeKind::Defined && graph.nodes[*at].frame.is_none())
        .collect();
    if defined.len() < FEW {
        return graph;
    }
    let shapes: Vec<Option<String>> = defined
        .iter()
        .map(|at| {
            let clause = graph.nodes[*at].clause.as_ref();
            clause
                .and_then(|clause| clause.body)
                .map(|body| shape(&graph.system, body))
        })
        .collect();
    // What stands for each node: itself, or dots.
    let mut dots: FxHashMap<usize, usize> = FxHashMap::default();
    let mut left_out: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < shapes.len() {
        let Some((period, repetitions)) = run(&shapes, at) else {
            at += 1;
            continue;
        };
        let run = &defined[at..at + period * repetitions];
        let middle = &run[period * KEPT..period * (repetitions - KEPT)];
        for node in middle {
            dots.insert(*node, left_out.len());
        }
        left_out.push(middle.len());
        at += period * repetitions;
    }
    without(graph, &dots, &left_out)
}

/// The longest run that begins here: its period and how often it repeats.
fn run(shapes: &[Option<String>], from: usize) -> Option<(usize, usize)> {
    let rest = &shapes[from..];
    (1..=LONGEST_PERIOD.min(rest.len() / FEWEST_REPETITIONS))
        .map(|period| {
            let equal = rest
                .iter()
                .zip(&rest[period..])
                .take_while(|(one, next)| one.is_some() && one == next)
                .count();
            (period, equal / period + 1)
        })
        .filter(|(_, repetitions)| *repetitions >= FEWEST_REPETITIONS)
        .max_by_key(|(period, repetitions)| (period * repetitions, std::cmp::Reverse(*period)))
}

/// A body without its names, slots and sizes: quantities by the order in which they are met.
fn shape(system: &System, body: TermId) -> String {
    let mut text = String::new();
    let mut met: Vec<FamilyId> = Vec::new();
    let mut stack = vec![Some(body)];
    while let Some(next) = stack.pop() {
        let Some(term) = next else {
            text.push(')');
            continue;
        };
        let node = system.store.node(term);
        // Writing to a text does not fail.
        let _ = match node {
            Term::Number(value) => write!(text, "{value}"),
            Term::Pi => write!(text, "pi"),
            Term::Index(_) => write!(text, "index"),
            Term::Access(family, _) => {
                let number = met.iter().position(|other| other == family);
                let number = number.unwrap_or_else(|| {
                    met.push(*family);
                    met.len() - 1
                });
                write!(text, "q{number}")
            }
            Term::Parameter(at) => write!(text, "p{at}"),
            Term::Reduce(op, vars, ..) => write!(text, "{op:?}{}", vars.len()),
            Term::Add(_) => write!(text, "+"),
            Term::Mul(_) => write!(text, "*"),
            Term::Power(..) => write!(text, "^"),
            Term::Apply(function, orders, _) => write!(text, "f{}{orders:?}", function.0),
            Term::Guard(_) => write!(text, "guard"),
            Term::Test(cmp, ..) => write!(text, "{cmp:?}"),
            Term::Cases(_) => write!(text, "cases"),
        };
        text.push('(');
        stack.push(None);
        stack.extend(node.children().into_iter().rev().map(Some));
    }
    text
}

/// The graph with dots in the place of some nodes, and without what only these read.
fn without(graph: Graph, dots: &FxHashMap<usize, usize>, left_out: &[usize]) -> Graph {
    if left_out.is_empty() {
        return graph;
    }
    let mut read = vec![false; graph.nodes.len()];
    let mut reads_kept = vec![false; graph.nodes.len()];
    for edge in &graph.edges {
        read[edge.from] = true;
        reads_kept[edge.from] |= !dots.contains_key(&edge.to);
    }
    let mut place: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    let mut of_dots: Vec<Option<usize>> = vec![None; left_out.len()];
    let mut nodes: Vec<Node> = Vec::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        match dots.get(&at) {
            Some(run) => {
                place[at] = Some(*of_dots[*run].get_or_insert_with(|| {
                    nodes.push(Node {
                        kind: NodeKind::Dots(Some(left_out[*run])),
                        clause: None,
                        adjoints: Vec::new(),
                        asked: false,
                        ..node.clone()
                    });
                    nodes.len() - 1
                }));
            }
            None if read[at] && !reads_kept[at] && node.kind == NodeKind::Given => {}
            None => {
                place[at] = Some(nodes.len());
                nodes.push(node.clone());
            }
        }
    }
    let mut edges: Vec<Edge> = Vec::new();
    let mut known: FxHashMap<(usize, usize), usize> = FxHashMap::default();
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (place[edge.from], place[edge.to]) else {
            continue;
        };
        if from == to {
            continue;
        }
        let number = *known.entry((from, to)).or_insert_with(|| {
            edges.push(Edge {
                from,
                to,
                back: false,
            });
            edges.len() - 1
        });
        edges[number].back |= edge.back;
    }
    // A frame may have lost all that was in it.
    let mut frames = Vec::new();
    for (at, frame) in graph.frames.into_iter().enumerate() {
        let mut members = nodes
            .iter_mut()
            .filter(|node| node.frame == Some(at))
            .peekable();
        if members.peek().is_some() {
            members.for_each(|node| node.frame = Some(frames.len()));
            frames.push(frame);
        }
    }
    Graph {
        nodes,
        edges,
        frames,
        ..graph
    }
}
