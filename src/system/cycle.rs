//! Cycles among definitions. Recurrences are legal where every way round shifts a slot in one direction.

use std::collections::hash_map::Entry;

use rustc_hash::{FxHashMap, FxHashSet};

use super::System;
use super::checks::Reader;
use super::mistakes;
use super::reads::Reads;
use crate::source::Diagnostic;
use crate::term::{Affine, Domain, FamilyId};

/// A clause that reads another one.
#[derive(Debug, Clone)]
struct Edge {
    to: usize,
    reader: usize,
    site: usize,
}

/// Which clause reads which.
pub(super) struct Dependencies<'a> {
    readers: &'a [Reader],
    edges: Vec<Vec<Edge>>,
}

impl<'a> Dependencies<'a> {
    pub(super) fn new(system: &System, readers: &'a [Reader]) -> Self {
        let node: FxHashMap<(FamilyId, usize), usize> = readers
            .iter()
            .enumerate()
            .map(|(at, reader)| ((reader.family, reader.clause), at))
            .collect();
        let mut reads = Reads::new(system);
        let edges = readers
            .iter()
            .enumerate()
            .map(|(at, reader)| {
                let mut edges = Vec::new();
                for (number, site) in reader.sites.sites.iter().enumerate() {
                    let candidates = reads.candidates(site.family, &site.index);
                    let single = candidates.len() == 1;
                    for clause in candidates {
                        let Some(to) = node.get(&(site.family, clause)) else {
                            continue;
                        };
                        // A read proved to miss the clause does not depend on it.
                        if !single {
                            let (_, inside) =
                                system.family(site.family).clauses[clause].at(&site.index);
                            let context = &reader.sites.contexts[site.context];
                            if system.ambient.is_empty(&context.and(&inside)) {
                                continue;
                            }
                        }
                        edges.push(Edge {
                            to: *to,
                            reader: at,
                            site: number,
                        });
                    }
                }
                edges
            })
            .collect();
        Self { readers, edges }
    }

    pub(super) fn check(&self, system: &System, problems: &mut Vec<Diagnostic>) {
        let all: Vec<usize> = (0..self.edges.len()).collect();
        let keep: Vec<Vec<bool>> = self
            .edges
            .iter()
            .map(|edges| vec![true; edges.len()])
            .collect();
        for component in components(&all, &self.edges, &keep) {
            if self.is_cyclic(&component, &keep) && !self.descends(system, &component, &keep, 0) {
                problems.push(self.mistake(system, &component, &keep));
            }
        }
    }

    fn is_cyclic(&self, component: &[usize], keep: &[Vec<bool>]) -> bool {
        component.len() > 1
            || component.iter().any(|node| {
                self.edges[*node]
                    .iter()
                    .zip(&keep[*node])
                    .any(|(edge, kept)| *kept && edge.to == *node)
            })
    }

    /// Whether the reads inside a component go down (or all go up) in some slot; the reads that stay
    /// level there have to go down in another slot.
    fn descends(
        &self,
        system: &System,
        component: &[usize],
        keep: &[Vec<bool>],
        used: u32,
    ) -> bool {
        let slots = component
            .iter()
            .map(|node| system.family(self.readers[*node].family).slots)
            .min()
            .unwrap_or(0);
        for slot in 0..slots {
            if used & 1 << slot != 0 {
                continue;
            }
            for up in [false, true] {
                let Some(level) = self.level_edges(system, component, keep, slot, up) else {
                    continue;
                };
                let rest = components(component, &self.edges, &level);
                if rest.iter().all(|part| {
                    !self.is_cyclic(part, &level)
                        || self.descends(system, part, &level, used | 1 << slot)
                }) {
                    return true;
                }
            }
        }
        false
    }

    /// The edges that may stay level in `slot`, given offsets between the families; none if some way
    /// round may go the wrong way.
    fn level_edges(
        &self,
        system: &System,
        component: &[usize],
        keep: &[Vec<bool>],
        slot: usize,
        up: bool,
    ) -> Option<Vec<Vec<bool>>> {
        let mut inside = vec![false; self.edges.len()];
        for node in component {
            inside[*node] = true;
        }
        let mut families: Vec<FamilyId> = component
            .iter()
            .map(|node| self.readers[*node].family)
            .collect();
        families.sort_unstable();
        families.dedup();
        let number = |node: usize| {
            families
                .binary_search(&self.readers[node].family)
                .unwrap_or_else(|_| unreachable!("every family of the component is listed"))
        };
        let mut steps: Vec<(usize, usize, usize, usize, i64)> = Vec::new();
        for node in component {
            for (at, edge) in self.edges[*node].iter().enumerate() {
                if keep[*node][at] && inside[edge.to] {
                    let step = self.greatest_step(system, edge, slot, up)?;
                    steps.push((*node, at, number(*node), number(edge.to), step));
                }
            }
        }
        // Longest paths from everywhere: offsets exist if no way round has a positive length.
        let mut offset = vec![0i64; families.len()];
        for round in 0..=families.len() {
            let mut changed = false;
            for (_, _, from, to, step) in &steps {
                if offset[*from] + step > offset[*to] {
                    offset[*to] = offset[*from] + step;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
            if round == families.len() {
                return None;
            }
        }
        let mut level: Vec<Vec<bool>> = self
            .edges
            .iter()
            .map(|edges| vec![false; edges.len()])
            .collect();
        for (node, at, from, to, step) in steps {
            level[node][at] = offset[from] + step == offset[to];
        }
        Some(level)
    }

    /// How far a read goes up (down, if `up` is false it is how far it may fail to go down) in a slot:
    /// the least c with `read - own <= c` that is found.
    fn greatest_step(&self, system: &System, edge: &Edge, slot: usize, up: bool) -> Option<i64> {
        let reader = &self.readers[edge.reader];
        let site = &reader.sites.sites[edge.site];
        let own = &system.family(reader.family).clauses[reader.clause].index[slot];
        let difference = site.index[slot].minus(own);
        let difference = if up {
            difference.scaled((-1).into())
        } else {
            difference
        };
        if let Some(step) = difference.as_int() {
            return Some(step);
        }
        let context = &reader.sites.contexts[site.context];
        [-1, 0].into_iter().find(|step| {
            system
                .ambient
                .implies(context, &Domain::at_least(&Affine::int(*step), &difference))
        })
    }

    fn mistake(&self, system: &System, component: &[usize], keep: &[Vec<bool>]) -> Diagnostic {
        let start = component.iter().copied().min().unwrap_or(0);
        let path = self.shortest_cycle(start, component, keep);
        let steps: Vec<(String, crate::source::Span)> = path
            .iter()
            // What has no name is a part of the equation that it stands in.
            .filter(|node| !system.is_nameless(self.readers[**node].family))
            .map(|node| {
                let reader = &self.readers[*node];
                let clause = &system.family(reader.family).clauses[reader.clause];
                let slots = system.family(reader.family).slots;
                let name = super::describe::element(system, reader.family, &clause.index[..slots]);
                (name, clause.span.unwrap_or_default())
            })
            .collect();
        let recurrent = component
            .iter()
            .any(|node| system.family(self.readers[*node].family).slots > 0);
        mistakes::cycle(&steps, recurrent)
    }

    fn shortest_cycle(&self, start: usize, component: &[usize], keep: &[Vec<bool>]) -> Vec<usize> {
        let inside: FxHashSet<usize> = component.iter().copied().collect();
        let mut from: FxHashMap<usize, usize> = FxHashMap::default();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for (edge, kept) in self.edges[node].iter().zip(&keep[node]) {
                if !kept || !inside.contains(&edge.to) {
                    continue;
                }
                if edge.to == start {
                    let mut path = vec![node];
                    let mut at = node;
                    while at != start {
                        at = from[&at];
                        path.push(at);
                    }
                    path.reverse();
                    return path;
                }
                if let Entry::Vacant(unseen) = from.entry(edge.to) {
                    unseen.insert(node);
                    queue.push_back(edge.to);
                }
            }
        }
        vec![start]
    }
}

/// Strongly connected components (Tarjan 1972), without recursion.
fn components(nodes: &[usize], edges: &[Vec<Edge>], keep: &[Vec<bool>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut member = vec![false; edges.len()];
    for node in nodes {
        member[*node] = true;
    }
    let mut order = vec![UNSEEN; edges.len()];
    let mut low = vec![0usize; edges.len()];
    let mut open = vec![false; edges.len()];
    let mut path: Vec<usize> = Vec::new();
    let mut next = 0;
    let mut result = Vec::new();
    for root in nodes {
        if order[*root] != UNSEEN {
            continue;
        }
        let mut work: Vec<(usize, usize)> = vec![(*root, 0)];
        while let Some((node, at)) = work.pop() {
            if at == 0 {
                order[node] = next;
                low[node] = next;
                next += 1;
                path.push(node);
                open[node] = true;
            }
            let mut descended = false;
            for position in at..edges[node].len() {
                let to = edges[node][position].to;
                if !keep[node][position] || !member[to] {
                    continue;
                }
                if order[to] == UNSEEN {
                    work.push((node, position + 1));
                    work.push((to, 0));
                    descended = true;
                    break;
                }
                if open[to] {
                    low[node] = low[node].min(order[to]);
                }
            }
            if descended {
                continue;
            }
            if low[node] == order[node] {
                let mut component = Vec::new();
                while let Some(top) = path.pop() {
                    open[top] = false;
                    component.push(top);
                    if top == node {
                        break;
                    }
                }
                component.sort_unstable();
                result.push(component);
            }
            if let Some((parent, _)) = work.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
        }
    }
    result
}
