//! The ways of arrows: from side to side of boxes, upright where they pass a row of boxes, bent between.

use dagre::graph::Graph;
use dagre::{EdgeLabel, NodeLabel};

use super::layout::{Beside, Placed, Rect, name};
use crate::present::{Arrow, Picture};

/// How near arrows come to each other and to corners.
const PORT: f64 = 16.0;
const CORNER: f64 = 12.0;
/// How often a part of a way is looked at, to see what it crosses.
const SAMPLES: usize = 8;

/// Whether two lengths are the same to be seen.
pub(super) fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6
}

/// A way: level from one side to another, or downwards through points with smooth bends between.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    points: Vec<(f64, f64)>,
    level: bool,
}

/// A way as it is drawn: a first point, and for each part two points that bend it and its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    pub(super) start: (f64, f64),
    pub(super) parts: Vec<[(f64, f64); 3]>,
}

impl Path {
    pub(super) fn ends(&self) -> ((f64, f64), (f64, f64)) {
        (self.points[0], self.points[self.points.len() - 1])
    }

    /// Whether it leads from the side of a box.
    pub(super) fn is_level(&self) -> bool {
        self.level
    }

    pub(super) fn shift(&mut self, x: f64, y: f64) {
        for point in &mut self.points {
            *point = (point.0 + x, point.1 + y);
        }
    }

    /// A curve at a distance to the right of the way, or below a level one; the way back begins where the way ends.
    pub(super) fn beside(&self, distance: f64, back: bool) -> Curve {
        let mut moved = self.clone();
        if self.level {
            moved.shift(0.0, distance);
        } else {
            let slopes = slopes(&self.points);
            for (point, slope) in moved.points.iter_mut().zip(slopes) {
                let long = (1.0 + slope * slope).sqrt();
                *point = (point.0 + distance / long, point.1 - distance * slope / long);
            }
        }
        let curve = moved.curve(distance);
        if back { curve.reversed() } else { curve }
    }

    /// The curve through its points. Where it goes aside it bends away by the distance, as else the way there and the way
    /// back, which are side by side, would be one line.
    fn curve(&self, distance: f64) -> Curve {
        let slopes = slopes(&self.points);
        let parts = self
            .points
            .windows(2)
            .zip(slopes.windows(2))
            .map(|(ends, slopes)| {
                let (from, to) = (ends[0], ends[1]);
                if self.level {
                    let third = (to.0 - from.0) / 3.0;
                    return [(from.0 + third, from.1), (to.0 - third, to.1), to];
                }
                let (aside, down) = (to.0 - from.0, to.1 - from.1);
                let long = (aside * aside + down * down).sqrt();
                let away = if long > 0.0 {
                    distance * aside / long
                } else {
                    0.0
                };
                let half = down / 2.0;
                [
                    (from.0 + slopes[0] * half, from.1 + half - away),
                    (to.0 - slopes[1] * half, to.1 - half - away),
                    to,
                ]
            });
        Curve {
            start: self.points[0],
            parts: parts.collect(),
        }
    }
}

impl Curve {
    fn reversed(&self) -> Curve {
        let mut start = self.start;
        let mut parts: Vec<[(f64, f64); 3]> = Vec::with_capacity(self.parts.len());
        for [one, other, end] in &self.parts {
            parts.push([*other, *one, start]);
            start = *end;
        }
        parts.reverse();
        Curve { start, parts }
    }

    pub(super) fn end(&self) -> (f64, f64) {
        self.parts.last().map_or(self.start, |part| part[2])
    }

    /// Where it goes at its end, as a step of length 1.
    pub(super) fn direction(&self) -> (f64, f64) {
        let Some([_, before, end]) = self.parts.last() else {
            return (0.0, 1.0);
        };
        let (x, y) = (end.0 - before.0, end.1 - before.1);
        let long = (x * x + y * y).sqrt().max(f64::MIN_POSITIVE);
        (x / long, y / long)
    }

    /// Points on it.
    pub(super) fn samples(&self) -> Vec<(f64, f64)> {
        let mut found = vec![self.start];
        let mut from = self.start;
        for [one, other, to] in &self.parts {
            for step in 1..=SAMPLES {
                let t = step as f64 / SAMPLES as f64;
                let s = 1.0 - t;
                let mix = |a: f64, b: f64, c: f64, d: f64| {
                    s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
                };
                found.push((
                    mix(from.0, one.0, other.0, to.0),
                    mix(from.1, one.1, other.1, to.1),
                ));
            }
            from = *to;
        }
        found
    }
}

/// How far a smooth way goes to the right for each step down, at each of its points; between two points it goes no further
/// than these (Steffen 1990), and it leaves and meets boxes upright.
fn slopes(points: &[(f64, f64)]) -> Vec<f64> {
    let steps: Vec<(f64, f64)> = points
        .windows(2)
        .map(|ends| {
            let high = ends[1].1 - ends[0].1;
            let slope = if high == 0.0 {
                0.0
            } else {
                (ends[1].0 - ends[0].0) / high
            };
            (high, slope)
        })
        .collect();
    let mut slopes = vec![0.0; points.len()];
    for at in 1..steps.len() {
        let ((high, before), (next_high, after)) = (steps[at - 1], steps[at]);
        if before * after > 0.0 {
            let mean = (before * next_high + after * high) / (high + next_high);
            let least = before.abs().min(after.abs()).min(0.5 * mean.abs());
            slopes[at] = 2.0 * least * before.signum();
        }
    }
    slopes
}

/// The ways of all arrows.
pub(super) struct Routes {
    paths: Vec<Path>,
}

impl Routes {
    pub(super) fn new(
        picture: &Picture,
        shapes: &[Placed],
        beside: &[Beside],
        labelled: &[bool],
        graph: &Graph<NodeLabel, EdgeLabel>,
    ) -> Self {
        let rows = rows(shapes, graph);
        let mut paths: Vec<Path> = picture
            .arrows
            .iter()
            .enumerate()
            .map(|(at, arrow)| {
                let (from, to) = (&shapes[arrow.from].place, &shapes[arrow.to].place);
                let near = &beside[arrow.to];
                for side in [&near.left, &near.right] {
                    if let Some(place) = side.iter().position(|given| *given == arrow.from) {
                        return level(from, to, (place, side.len()));
                    }
                }
                let edge = graph.edge(&name(arrow.from), &name(arrow.to), None);
                let between = edge.map_or(&[][..], |edge| &edge.points);
                let between = between
                    .get(1..between.len().saturating_sub(1))
                    .unwrap_or(&[]);
                let label = edge.and_then(|edge| edge.y).filter(|_| labelled[at]);
                let mut points = vec![(
                    from.x(),
                    row_of(from.y(), &rows).map_or(from.bottom(), |row| row.1),
                )];
                for point in between {
                    match row_of(point.y, &rows) {
                        Some((top, bottom)) => points.extend([(point.x, top), (point.x, bottom)]),
                        // Where nothing stands, only the label has a place of its own.
                        None if label.is_some_and(|y| (y - point.y).abs() < 0.5) => {
                            points.push((point.x, point.y));
                        }
                        None => {}
                    }
                }
                points.push((to.x(), row_of(to.y(), &rows).map_or(to.top, |row| row.0)));
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
        // Through their own rows they go upright.
        for (arrow, path) in picture.arrows.iter().zip(&mut paths) {
            if path.level {
                continue;
            }
            let (start, end) = path.ends();
            let (bottom, top) = (
                shapes[arrow.from].place.bottom(),
                shapes[arrow.to].place.top,
            );
            if start.1 > bottom + 0.5 {
                path.points.insert(0, (start.0, bottom));
            }
            if end.1 < top - 0.5 {
                path.points.push((end.0, top));
            }
        }
        Self { paths }
    }

    pub(super) fn path(&self, arrow: usize) -> Path {
        self.paths[arrow].clone()
    }
}

fn upright(picture: &Picture, paths: &[Path], ends: impl Fn(&Arrow) -> bool) -> Vec<usize> {
    let arrows = picture.arrows.iter().zip(paths).enumerate();
    arrows
        .filter(|(_, (arrow, path))| !path.level && ends(arrow))
        .map(|(at, _)| at)
        .collect()
}

/// Top and bottom of each row of boxes.
fn rows(shapes: &[Placed], graph: &Graph<NodeLabel, EdgeLabel>) -> Vec<(f64, f64)> {
    let mut rows: Vec<(f64, f64)> = Vec::new();
    for (at, shape) in shapes.iter().enumerate() {
        let Some(node) = graph.node(&name(at)) else {
            continue;
        };
        let tall = node.height;
        let middle = shape.place.y();
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

/// The row at a height.
fn row_of(y: f64, rows: &[(f64, f64)]) -> Option<(f64, f64)> {
    rows.iter()
        .copied()
        .find(|row| row.0 < y + 0.5 && y - 0.5 < row.1)
}

/// From the side of a box to the side of its reader, to the place of so many on that side.
fn level(from: &Rect, to: &Rect, (place, of): (usize, usize)) -> Path {
    let rightwards = from.x() < to.x();
    let start = if rightwards { from.right() } else { from.left };
    let end = if rightwards { to.left } else { to.right() };
    let height = to.top + to.height * (place + 1) as f64 / (of + 1) as f64;
    Path {
        points: vec![(start, from.y()), (end, height)],
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
