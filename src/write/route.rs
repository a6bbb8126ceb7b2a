//! The ways of arrows: from side to side of boxes, upright where they pass a row of boxes, bent between.

use dagre::graph::Graph;
use dagre::{EdgeLabel, NodeLabel};

use super::layout::{Placed, Rect, name};
use crate::present::Picture;

/// How near arrows come to each other and to corners.
const PORT: f64 = 16.0;
const CORNER: f64 = 12.0;

/// A way: points with smooth bends between. It begins and ends upright, or level where it is a single straight line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    points: Vec<(f64, f64)>,
    level: bool,
}

impl Path {
    pub(super) fn ends(&self) -> ((f64, f64), (f64, f64)) {
        (self.points[0], self.points[self.points.len() - 1])
    }

    pub(super) fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.points.iter().copied()
    }

    pub(super) fn is_level(&self) -> bool {
        self.level
    }

    pub(super) fn shift(&mut self, x: f64, y: f64) {
        for point in &mut self.points {
            *point = (point.0 + x, point.1 + y);
        }
    }

    /// A way beside this one; the way back begins where this ends.
    pub(super) fn beside(&self, distance: f64, back: bool) -> Path {
        let mut path = self.clone();
        if self.level {
            path.shift(0.0, distance);
        } else {
            path.shift(distance, 0.0);
        }
        if back {
            path.points.reverse();
        }
        path
    }

    /// The same way, shorter by so much at its end.
    pub(super) fn shortened(&self, length: f64) -> Path {
        let mut path = self.clone();
        let before = self.points[self.points.len() - 2];
        if let Some(last) = path.points.last_mut() {
            if self.level {
                last.0 -= length * (last.0 - before.0).signum();
            } else {
                last.1 -= length * (last.1 - before.1).signum();
            }
        }
        path
    }

    /// Its first point, then for each part two points that bend it and its end; straight parts have none that bend.
    pub(super) fn curves(&self) -> ((f64, f64), Vec<Part>) {
        let parts = self
            .points
            .windows(2)
            .map(|ends| {
                let (from, to) = (ends[0], ends[1]);
                let middle = (from.1 + to.1) / 2.0;
                let straight = self.level || (from.0 - to.0).abs() < 0.05;
                Part {
                    bends: (!straight).then_some([(from.0, middle), (to.0, middle)]),
                    to,
                }
            })
            .collect();
        (self.points[0], parts)
    }
}

/// A part of a way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) bends: Option<[(f64, f64); 2]>,
    pub(super) to: (f64, f64),
}

/// The ways of all arrows.
pub(super) struct Routes {
    paths: Vec<Path>,
}

impl Routes {
    pub(super) fn new(
        picture: &Picture,
        shapes: &[Placed],
        is_beside: &[bool],
        graph: &Graph<NodeLabel, EdgeLabel>,
    ) -> Self {
        let rows = rows(picture, shapes, is_beside, graph);
        let mut paths: Vec<Path> = picture
            .arrows
            .iter()
            .map(|arrow| {
                let (from, to) = (&shapes[arrow.from].place, &shapes[arrow.to].place);
                if is_beside[arrow.from] {
                    return level(from, to);
                }
                let edge = graph.edge(&name(arrow.from), &name(arrow.to), None);
                let between = edge.map_or(&[][..], |edge| &edge.points);
                let between = between
                    .get(1..between.len().saturating_sub(1))
                    .unwrap_or(&[]);
                let mut points = vec![(from.x(), from.bottom())];
                for point in between {
                    let row = rows
                        .iter()
                        .find(|row| row.0 < point.y + 0.5 && point.y - 0.5 < row.1);
                    match row {
                        Some((top, bottom)) => points.extend([(point.x, *top), (point.x, *bottom)]),
                        None => points.push((point.x, point.y)),
                    }
                }
                points.push((to.x(), to.top));
                Path {
                    points,
                    level: false,
                }
            })
            .collect();
        for (at, shape) in shapes.iter().enumerate() {
            let leaving: Vec<usize> = upright(picture, &paths, |arrow| arrow.from == at);
            spread(&mut paths, &leaving, &shape.place, 0, 1);
            let coming: Vec<usize> = upright(picture, &paths, |arrow| arrow.to == at);
            spread(
                &mut paths,
                &coming,
                &shape.place,
                usize::MAX,
                usize::MAX - 1,
            );
        }
        Self { paths }
    }

    pub(super) fn path(&self, arrow: usize) -> Path {
        self.paths[arrow].clone()
    }
}

fn upright(
    picture: &Picture,
    paths: &[Path],
    ends: impl Fn(&crate::present::Arrow) -> bool,
) -> Vec<usize> {
    let arrows = picture.arrows.iter().zip(paths).enumerate();
    arrows
        .filter(|(_, (arrow, path))| !path.level && ends(arrow))
        .map(|(at, _)| at)
        .collect()
}

/// Top and bottom of each row of boxes.
fn rows(
    picture: &Picture,
    shapes: &[Placed],
    is_beside: &[bool],
    graph: &Graph<NodeLabel, EdgeLabel>,
) -> Vec<(f64, f64)> {
    let mut rows: Vec<(f64, f64)> = Vec::new();
    for at in 0..picture.shapes.len() {
        if is_beside[at] {
            continue;
        }
        let tall = graph.node(&name(at)).map_or(0.0, |node| node.height);
        let middle = shapes[at].place.y();
        let (top, bottom) = (middle - tall / 2.0, middle + tall / 2.0);
        match rows
            .iter_mut()
            .find(|row| ((row.0 + row.1) / 2.0 - middle).abs() < 0.5)
        {
            Some(row) => *row = (row.0.min(top), row.1.max(bottom)),
            None => rows.push((top, bottom)),
        }
    }
    rows
}

/// From the side of a box to the side of its reader.
fn level(from: &Rect, to: &Rect) -> Path {
    let start = if from.x() < to.x() {
        from.right()
    } else {
        from.left
    };
    let end = if from.x() < to.x() {
        to.left
    } else {
        to.right()
    };
    // A stack may be taller than its reader.
    let height = from
        .y()
        .clamp(to.top + CORNER / 2.0, to.bottom() - CORNER / 2.0);
    Path {
        points: vec![(start, height), (end, height)],
        level: true,
    }
}

/// Where arrows leave or meet a box: as near as can be to where they come from, apart from each other. Places are counted
/// from the beginning of a path, or from its end at `usize::MAX`.
fn spread(paths: &mut [Path], arrows: &[usize], place: &Rect, end: usize, next: usize) {
    let at = |path: &Path, place: usize| {
        if place > usize::MAX / 2 {
            path.points.len() - 1 - (usize::MAX - place)
        } else {
            place
        }
    };
    let corner = CORNER.min(place.width / 4.0);
    let (first, last) = (place.left + corner, place.right() - corner);
    let mut wanted: Vec<(usize, f64)> = arrows
        .iter()
        .map(|arrow| {
            let path = &paths[*arrow];
            let toward = path.points[at(path, next)].0;
            (*arrow, toward)
        })
        .collect();
    wanted.sort_by(|one, other| one.1.total_cmp(&other.1));
    let count = wanted.len();
    let step = PORT.min((last - first) / (count.max(2) - 1) as f64);
    // From the left each keeps its distance, then from the right.
    let mut places: Vec<f64> = wanted.iter().map(|(_, x)| x.clamp(first, last)).collect();
    for at in 1..count {
        places[at] = places[at].max(places[at - 1] + step);
    }
    if let Some(end) = places.last_mut() {
        *end = end.min(last);
    }
    for at in (1..count).rev() {
        places[at - 1] = places[at - 1].min(places[at] - step);
    }
    for ((arrow, _), x) in wanted.iter().zip(places) {
        let path = &mut paths[*arrow];
        let end = at(path, end);
        path.points[end].0 = x;
    }
}
