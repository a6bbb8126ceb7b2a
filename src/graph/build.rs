//! From a derivation to its graph.

use rustc_hash::{FxHashMap, FxHashSet};

use super::groups::{Group, groups, letter_of, span};
use super::reads::Read;
use super::{Edge, Frame, Graph, Node, NodeKind, gradient, order};
use crate::derive::{Derivation, reads as families_read};
use crate::system::{FamilyKind, System};
use crate::term::{Affine, FamilyId, Substitution, VarId};

/// The graph of a network with its derivatives.
pub fn graph(derivation: &Derivation) -> Graph {
    let mut system = derivation.system.clone();
    let read: Vec<Vec<FamilyId>> = system
        .family_ids()
        .map(|family| in_order(&system, family))
        .collect();
    let order = order::families(&system, &read);
    let knots = order::knots(&order, &read);
    let (groups, frames) = groups(&mut system, &order, &knots);
    let mut builder = Builder {
        system: &system,
        groups,
        frames,
        nodes: Vec::new(),
        edges: Vec::new(),
        of_group: Vec::new(),
        at: FxHashMap::default(),
        constant: FxHashMap::default(),
        of_family: FxHashMap::default(),
        onward: Vec::new(),
        met: FxHashSet::default(),
    };
    builder.build();
    let Builder {
        frames,
        nodes,
        edges,
        onward,
        ..
    } = builder;
    let mut graph = Graph {
        system,
        nodes,
        edges,
        frames,
    };
    gradient::mark(&mut graph, derivation, &onward);
    sorted(graph)
}

/// What a family's definitions read, in the order of writing.
fn in_order(system: &System, family: FamilyId) -> Vec<FamilyId> {
    let row = system.family(family);
    let mut found: Vec<FamilyId> = Vec::new();
    if let FamilyKind::OpaqueLoss(arguments) = &row.kind {
        found.extend(arguments.iter().map(|(argument, _)| *argument));
    }
    let mut bodies: Vec<_> = row.clauses.iter().collect();
    // Constant slots first, so that the order of the equations does not matter.
    bodies.sort_by_key(|clause| {
        let slots = clause.index[..row.slots].iter();
        slots
            .map(|slot| (!slot.is_constant(), slot.as_int()))
            .collect::<Vec<_>>()
    });
    for body in bodies.into_iter().filter_map(|clause| clause.body) {
        found.extend(
            super::reads::reads(system, body)
                .into_iter()
                .map(|read| read.family),
        );
    }
    debug_assert!(
        families_read(system, family)
            .iter()
            .all(|read| found.contains(read)),
        "everything that is read is found"
    );
    found
}

struct Builder<'a> {
    system: &'a System,
    groups: Vec<Group>,
    frames: Vec<Frame>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// The node of each group.
    of_group: Vec<usize>,
    /// Nodes that stand for what is read at certain slots, and the dots before and behind.
    at: FxHashMap<(Place, FamilyId, Box<[Affine]>), usize>,
    /// Groups at whole numbers.
    constant: FxHashMap<(FamilyId, Vec<i64>), usize>,
    /// The other groups of each family.
    of_family: FxHashMap<FamilyId, Vec<usize>>,
    /// From the dots behind a frame to what reads the frame's previous values: not drawn, but gradients come this way.
    onward: Vec<(usize, usize)>,
    met: FxHashSet<(usize, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Here,
    Before,
    Behind,
}

impl Builder<'_> {
    fn build(&mut self) {
        for (at, group) in self.groups.iter().enumerate() {
            let numbers: Option<Vec<i64>> = group.slots.iter().map(Affine::as_int).collect();
            match numbers {
                Some(numbers) => {
                    self.constant.insert((group.family, numbers), at);
                }
                None => self.of_family.entry(group.family).or_default().push(at),
            }
            self.of_group.push(self.nodes.len());
            let narrower = group.frame.and_then(|frame| {
                let wide = &self.frames[frame].spans;
                (**wide != *group.spans).then(|| group.spans.clone().into_boxed_slice())
            });
            self.nodes.push(Node {
                kind: if group.given {
                    NodeKind::Given
                } else {
                    NodeKind::Defined
                },
                family: group.family,
                slots: group.slots.clone(),
                frame: group.frame,
                narrower,
                clause: group.clause.clone(),
                adjoints: Vec::new(),
                asked: false,
            });
        }
        for at in 0..self.groups.len() {
            for read in self.groups[at].reads.clone() {
                self.read(at, &read);
            }
        }
    }

    fn edge(&mut self, from: usize, to: usize) {
        if self.met.insert((from, to)) {
            self.edges.push(Edge {
                from,
                to,
                back: false,
            });
        }
    }

    fn node(
        &mut self,
        place: Place,
        kind: NodeKind,
        (family, slots): (FamilyId, &[Affine]),
        frame: Option<usize>,
    ) -> usize {
        let nodes = &mut self.nodes;
        *self
            .at
            .entry((place, family, slots.into()))
            .or_insert_with(|| {
                nodes.push(Node {
                    kind,
                    family,
                    slots: slots.into(),
                    frame,
                    narrower: None,
                    clause: None,
                    adjoints: Vec::new(),
                    asked: false,
                });
                nodes.len() - 1
            })
    }

    /// The node of what a group reads, with all that leads to it.
    fn read(&mut self, reader: usize, read: &Read) {
        let to = self.of_group[reader];
        if self.system.family(read.family).kind == FamilyKind::Input {
            let (slots, frame) = self.given_at(reader, read);
            let from = self.node(Place::Here, NodeKind::Given, (read.family, &slots), frame);
            self.edge(from, to);
            return;
        }
        let numbers: Option<Vec<i64>> = read.slots.iter().map(Affine::as_int).collect();
        if let Some(numbers) = &numbers
            && let Some(group) = self.constant.get(&(read.family, numbers.clone()))
        {
            self.edge(self.of_group[*group], to);
            return;
        }
        let found = self.candidates(reader, read);
        if let Some(same) = found
            .iter()
            .find(|group| self.groups[**group].slots == read.slots)
        {
            self.edge(self.of_group[*same], to);
            return;
        }
        let mut letters = Vec::new();
        for slot in &read.slots {
            slot.visit_vars(&mut |var| letters.push(var));
        }
        let own = &self.groups[reader];
        let recurrent = !letters.is_empty()
            && letters.iter().all(|var| own.vars.contains(var))
            && found.iter().any(|group| {
                self.groups[*group].frame.is_some() && self.groups[*group].frame == own.frame
            });
        if !recurrent && !letters.is_empty() {
            for group in found {
                self.edge(self.of_group[group], to);
            }
            return;
        }
        let key = (read.family, &*read.slots);
        let elsewhere = self.node(Place::Here, NodeKind::Elsewhere, key, None);
        self.edge(elsewhere, to);
        for group in found {
            let Group { slots, frame, .. } = &self.groups[group];
            let (slots, frame) = (slots.clone(), *frame);
            if !recurrent {
                let behind = self.behind(read.family, &slots, group);
                self.edge(behind, elsewhere);
            } else if frame == self.groups[reader].frame {
                let behind = self.behind(read.family, &slots, group);
                self.onward.push((behind, elsewhere));
            } else {
                let before = self.node(Place::Before, NodeKind::Dots(None), key, None);
                self.edge(self.of_group[group], before);
                self.edge(before, elsewhere);
            }
        }
    }

    /// The dots behind a frame.
    fn behind(&mut self, family: FamilyId, slots: &[Affine], group: usize) -> usize {
        let behind = self.node(Place::Behind, NodeKind::Dots(None), (family, slots), None);
        self.edge(self.of_group[group], behind);
        behind
    }

    /// The groups in which what is read may lie.
    fn candidates(&self, reader: usize, read: &Read) -> Vec<usize> {
        let reading = &self.groups[reader];
        let context = reading.domain().and(&read.domain);
        let constant = read.slots.iter().all(Affine::is_constant);
        let general = self.of_family.get(&read.family).into_iter().flatten();
        let mut found: Vec<usize> = general.copied().collect();
        if !constant {
            let numbered = self
                .groups
                .iter()
                .enumerate()
                .filter(|(_, group)| group.family == read.family);
            found = numbered.map(|(at, _)| at).collect();
        }
        found.retain(|at| {
            let group = &self.groups[*at];
            let (_, here) =
                Substitution::matching(&group.vars, &group.slots, &group.domain(), &read.slots);
            !self.system.ambient.is_empty(&here.and(&context))
        });
        found
    }

    /// Where an input that is read stands: beside its reader, in a frame of its own if it is read for all values of a
    /// letter, or outside of all frames.
    fn given_at(&mut self, reader: usize, read: &Read) -> (Box<[Affine]>, Option<usize>) {
        if read.bound.is_empty() {
            let reader = &self.groups[reader];
            let beside = read
                .slots
                .iter()
                .any(|slot| reader.vars.iter().any(|var| slot.mentions(*var)));
            return (read.slots.clone(), reader.frame.filter(|_| beside));
        }
        let letters: Vec<VarId> = read.slots.iter().filter_map(letter_of).collect();
        let spans: Option<Vec<_>> = letters.iter().map(|var| span(&read.domain, *var)).collect();
        let Some(spans) = spans.filter(|_| letters.iter().all(|var| read.bound.contains(var)))
        else {
            return (read.slots.clone(), None);
        };
        let known = self.frames.iter().position(|frame| *frame.spans == *spans);
        let frame = known.unwrap_or_else(|| {
            self.frames.push(Frame {
                vars: letters.clone().into_boxed_slice(),
                spans: spans.into_boxed_slice(),
            });
            self.frames.len() - 1
        });
        let vars = self.frames[frame].vars.iter().map(|var| Affine::var(*var));
        let renaming = Substitution::new(letters.into_iter().zip(vars));
        let slots = read.slots.iter().map(|slot| renaming.affine(slot));
        (slots.collect(), Some(frame))
    }
}

/// The graph with its nodes in an order in which what is read stands first, as far as possible the order of reading.
fn sorted(graph: Graph) -> Graph {
    let mut sources: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        sources[edge.to].push(edge.from);
    }
    let mut place = vec![usize::MAX; graph.nodes.len()];
    let mut order = Vec::with_capacity(graph.nodes.len());
    let mut seen = vec![false; graph.nodes.len()];
    for root in 0..graph.nodes.len() {
        let mut stack = vec![(root, 0)];
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        while let Some((node, at)) = stack.last_mut() {
            match sources[*node].get(*at) {
                Some(next) => {
                    *at += 1;
                    if !std::mem::replace(&mut seen[*next], true) {
                        stack.push((*next, 0));
                    }
                }
                None => {
                    place[*node] = order.len();
                    order.push(*node);
                    stack.pop();
                }
            }
        }
    }
    let mut nodes: Vec<Option<Node>> = graph.nodes.into_iter().map(Some).collect();
    let mut edges: Vec<Edge> = graph
        .edges
        .into_iter()
        .map(|edge| Edge {
            from: place[edge.from],
            to: place[edge.to],
            back: edge.back,
        })
        .collect();
    edges.sort_by_key(|edge| (edge.to, edge.from));
    Graph {
        nodes: order
            .into_iter()
            .filter_map(|node| nodes[node].take())
            .collect(),
        edges,
        ..graph
    }
}
