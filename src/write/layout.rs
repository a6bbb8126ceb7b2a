//! A picture laid out: where its boxes, arrows and frames are. Layers, orders and places come from `dagre`, Gansner's and
//! Brandes and Köpf's ways of drawing layered graphs; what is read by one quantity only stands beside that one.
//!
//! Lengths are in pixels, [`FONT`] of them to the size of a letter; y grows downwards.

use dagre::graph::{Graph, GraphOptions};
use dagre::{Align, EdgeLabel, LayoutOptions, NodeLabel};

use super::route::{Path, Routes};
use super::runs::{Line, line, list, words};
use crate::present::{Arrow, Picture, Shape, ShapeKind};

/// The size of letters.
pub(super) const FONT: f64 = 15.0;
/// The size of letters at arrows and frames.
pub(super) const SMALL: f64 = 12.0;
/// How far a value and a gradient are from the middle of their way.
pub(super) const APART: f64 = 4.0;

const ROW: f64 = 30.0;
const PADDING: f64 = 10.0;
const LABEL: f64 = 16.0;
const BESIDE: f64 = 22.0;
const MARGIN: f64 = 8.0;
const FRAME: f64 = 8.0;
/// What is read so often says once in which set it is.
const MANY: usize = 3;
/// LaTeX puts spaces behind commas.
const WIDER: f64 = 1.15;
/// How far the places for the label of a frame are apart.
const STEP: f64 = 8.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    fn around(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self {
            left: x - width / 2.0,
            top: y - height / 2.0,
            width,
            height,
        }
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn x(&self) -> f64 {
        self.left + self.width / 2.0
    }

    pub(super) fn y(&self) -> f64 {
        self.top + self.height / 2.0
    }
}

/// A picture with the place of everything.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// In the order of the picture's shapes.
    pub(super) shapes: Vec<Placed>,
    /// In the order of the picture's arrows.
    pub(super) arrows: Vec<Routed>,
    /// In the order of the picture's frames.
    pub(super) frames: Vec<Framed>,
}

/// A box with its lines.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) place: Rect,
    /// The symbol or equation, and where it is there.
    pub(super) label: Line,
    /// The derivatives, in a part of their own below.
    pub(super) adjoints: Option<Line>,
}

/// An arrow.
#[derive(Debug, Clone)]
pub(super) struct Routed {
    pub(super) path: Path,
    pub(super) label: Option<(Rect, Line)>,
}

/// A frame.
#[derive(Debug, Clone)]
pub(super) struct Framed {
    pub(super) place: Rect,
    pub(super) label: (Rect, Line),
}

/// The height of the part of a box that holds its symbol.
pub(super) fn upper_part(placed: &Placed) -> f64 {
    if placed.adjoints.is_some() {
        placed.place.height / 2.0
    } else {
        placed.place.height
    }
}

/// What stands left and right of a box.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    pub(super) left: Vec<usize>,
    pub(super) right: Vec<usize>,
}

pub(super) fn lay_out(picture: &Picture) -> Layout {
    let mut shapes: Vec<Placed> = picture
        .shapes
        .iter()
        .map(|shape| unplaced(picture, shape))
        .collect();
    let labels: Vec<Option<Line>> = picture
        .arrows
        .iter()
        .enumerate()
        .map(|(at, arrow)| {
            let label = arrow.label.filter(|_| is_labelled(picture, at))?;
            Some(line(&picture.boxes, label))
        })
        .collect();
    let frame_labels: Vec<Line> = picture
        .frames
        .iter()
        .map(|frame| line(&picture.boxes, frame.range))
        .collect();
    let beside = beside(picture);
    let mut is_beside = vec![false; shapes.len()];
    for at in beside.iter().flat_map(|it| it.left.iter().chain(&it.right)) {
        is_beside[*at] = true;
    }
    let gap = |reader: usize, given: usize| -> f64 {
        let arrow = picture
            .arrows
            .iter()
            .position(|arrow| arrow.from == given && arrow.to == reader);
        let label = arrow.and_then(|arrow| labels[arrow].as_ref());
        BESIDE + label.map_or(0.0, |label| label.width * SMALL).max(10.0)
    };
    let unplaced = || {
        let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions {
            directed: true,
            multigraph: false,
            compound: true,
        });
        for frame in 0..picture.frames.len() {
            graph.set_node(format!("f{frame}"), Some(NodeLabel::default()));
        }
        for (at, shape) in picture.shapes.iter().enumerate() {
            if is_beside[at] {
                continue;
            }
            let own = &shapes[at].place;
            let side = |stack: &[usize]| {
                stack
                    .iter()
                    .map(|given| shapes[*given].place.width + gap(at, *given))
                    .fold(0.0, f64::max)
            };
            let tall = |stack: &[usize]| -> f64 {
                let heights = stack
                    .iter()
                    .map(|given| shapes[*given].place.height + PADDING);
                heights.sum::<f64>() - PADDING
            };
            let half = side(&beside[at].left).max(side(&beside[at].right));
            let mut width = own.width + 2.0 * half;
            if let Some(frame) = shape.frame {
                width = width.max(frame_labels[frame].width * SMALL * WIDER + 2.0 * PADDING);
            }
            let height = own
                .height
                .max(tall(&beside[at].left))
                .max(tall(&beside[at].right));
            graph.set_node(
                name(at),
                Some(NodeLabel {
                    width,
                    height,
                    ..NodeLabel::default()
                }),
            );
            if let Some(frame) = shape.frame {
                graph.set_parent(&name(at), Some(&format!("f{frame}")));
            }
        }
        for (arrow, label) in picture.arrows.iter().zip(&labels) {
            if is_beside[arrow.from] {
                continue;
            }
            let (width, height) = label.as_ref().map_or((0.0, 0.0), |label| {
                (label.width * SMALL + before_label(arrow) + 4.0, LABEL)
            });
            graph.set_edge(
                name(arrow.from),
                name(arrow.to),
                Some(EdgeLabel {
                    width,
                    height,
                    label_offset: 0.0,
                    weight: weight(picture, arrow),
                    ..EdgeLabel::default()
                }),
                None,
            );
        }
        graph
    };
    let graph = straightest(picture, unplaced);
    for at in 0..shapes.len() {
        if is_beside[at] {
            continue;
        }
        let (x, y) = place_of(&graph, &name(at));
        let own = &mut shapes[at].place;
        *own = Rect::around(x, y, own.width, own.height);
        let own = *own;
        for (stack, sign) in [(&beside[at].left, -1.0), (&beside[at].right, 1.0)] {
            let tall: f64 = stack
                .iter()
                .map(|given| shapes[*given].place.height + PADDING)
                .sum();
            let mut top = y - (tall - PADDING) / 2.0;
            for given in stack {
                let distance = own.width / 2.0 + gap(at, *given);
                let place = &mut shapes[*given].place;
                let x = x + sign * (distance + place.width / 2.0);
                *place = Rect::around(x, top + place.height / 2.0, place.width, place.height);
                top += place.height + PADDING;
            }
        }
    }
    let labelled: Vec<bool> = labels.iter().map(Option::is_some).collect();
    let routes = Routes::new(picture, &shapes, &beside, &labelled, &graph);
    let arrows: Vec<Routed> = picture
        .arrows
        .iter()
        .zip(labels)
        .enumerate()
        .map(|(at, (arrow, label))| {
            let path = routes.path(at);
            let label = label.map(|label| (label_place(&graph, arrow, &path, &label), label));
            Routed { path, label }
        })
        .collect();
    let within = homes(picture, &beside);
    let frames = picture
        .frames
        .iter()
        .enumerate()
        .zip(frame_labels)
        .map(|((at, _), label)| framed(&shapes, &arrows, &within, at, label))
        .collect();
    cropped(Layout {
        width: 0.0,
        height: 0.0,
        shapes,
        arrows,
        frames,
    })
}

/// The graph with places: of the ways to align its columns, the one in which arrows go aside least.
fn straightest(
    picture: &Picture,
    unplaced: impl Fn() -> Graph<NodeLabel, EdgeLabel>,
) -> Graph<NodeLabel, EdgeLabel> {
    let aligned = [
        None,
        Some(Align::UL),
        Some(Align::UR),
        Some(Align::DL),
        Some(Align::DR),
    ];
    let laid_out = aligned.map(|align| {
        let mut graph = unplaced();
        dagre::layout(
            &mut graph,
            Some(LayoutOptions {
                align,
                nodesep: 26.0,
                edgesep: 16.0,
                ranksep: 48.0,
                ..LayoutOptions::default()
            }),
        );
        let aside = aside(picture, &graph);
        (graph, aside)
    });
    laid_out
        .into_iter()
        .reduce(|best, other| {
            // The median of all is symmetric, and stays where nothing is much better.
            if other.1 < 0.9 * best.1 { other } else { best }
        })
        .map_or_else(unplaced, |(graph, _)| graph)
}

/// How far arrows go aside, those of the way from the data to the loss most of all, and how wide all is.
fn aside(picture: &Picture, graph: &Graph<NodeLabel, EdgeLabel>) -> f64 {
    let x = |at: usize| graph.node(&name(at)).and_then(|node| node.x);
    let arrows = picture.arrows.iter().filter_map(|arrow| {
        let far = x(arrow.from)? - x(arrow.to)?;
        Some(far.abs() * f64::from(weight(picture, arrow)))
    });
    let edges = (0..picture.shapes.len()).filter_map(|at| {
        let node = graph.node(&name(at))?;
        let x = node.x?;
        Some((x - node.width / 2.0, x + node.width / 2.0))
    });
    let (left, right) = edges.fold((f64::MAX, f64::MIN), |all, own| {
        (all.0.min(own.0), all.1.max(own.1))
    });
    arrows.sum::<f64>() + (right - left).max(0.0)
}

pub(super) fn name(at: usize) -> String {
    format!("n{at}")
}

fn place_of(graph: &Graph<NodeLabel, EdgeLabel>, name: &str) -> (f64, f64) {
    let node = graph.node(name);
    node.and_then(|node| node.x.zip(node.y))
        .unwrap_or_else(|| unreachable!("a layout places all nodes"))
}

/// What stands between an arrow and its label.
fn before_label(arrow: &Arrow) -> f64 {
    if arrow.back { APART + 5.0 } else { 5.0 }
}

/// What many read says once in which set it is, at the way to the first of its readers.
fn is_labelled(picture: &Picture, at: usize) -> bool {
    let from = picture.arrows[at].from;
    let mut ways = picture
        .arrows
        .iter()
        .enumerate()
        .filter(|(_, arrow)| arrow.from == from);
    let first = ways.next().is_some_and(|(first, _)| first == at);
    first || ways.count() < MANY - 1
}

/// The way from the data to the loss is to be straight.
fn weight(picture: &Picture, arrow: &Arrow) -> i32 {
    let main = |at: usize| {
        matches!(
            picture.shapes[at].kind,
            ShapeKind::Defined | ShapeKind::Loss | ShapeKind::Dots(_)
        )
    };
    if main(arrow.from) && main(arrow.to) {
        4
    } else {
        1
    }
}

fn unplaced(picture: &Picture, shape: &Shape) -> Placed {
    let mut label = match (shape.kind, shape.label) {
        (ShapeKind::Dots(Some(count)), _) => words(&format!("⋮  {}", picture.more(count))),
        (_, Some(id)) => line(&picture.boxes, id),
        (_, None) => words("⋮"),
    };
    if let Some(range) = shape.range {
        label = label.followed_by(line(&picture.boxes, range), 1.0);
    }
    let adjoints = (!shape.adjoints.is_empty())
        .then(|| list(shape.adjoints.iter().map(|id| line(&picture.boxes, *id))));
    let widest = adjoints
        .iter()
        .map(|line| line.width)
        .fold(label.width, f64::max);
    let (width, height) = match shape.kind {
        ShapeKind::Dots(_) => (widest * FONT + 4.0, 20.0),
        ShapeKind::Parameter
        | ShapeKind::Target
        | ShapeKind::Given
        | ShapeKind::Defined
        | ShapeKind::Loss => (
            (widest * FONT + 2.0 * PADDING).max(ROW + PADDING),
            if adjoints.is_some() { 2.0 * ROW } else { ROW },
        ),
    };
    Placed {
        place: Rect {
            left: 0.0,
            top: 0.0,
            width,
            height,
        },
        label,
        adjoints,
    }
}

/// What is given and read by one quantity alone stands beside it: parameters left, the rest right, as far as both sides
/// are about equal. Data that a quantity begins with stand above it.
fn beside(picture: &Picture) -> Vec<Beside> {
    let mut found = vec![Beside::default(); picture.shapes.len()];
    let mut uses = vec![0; picture.shapes.len()];
    for arrow in &picture.arrows {
        uses[arrow.from] += 1;
    }
    let is_given = |at: usize| {
        matches!(
            picture.shapes[at].kind,
            ShapeKind::Given | ShapeKind::Parameter | ShapeKind::Target
        )
    };
    for (reader, beside) in found.iter_mut().enumerate() {
        let read: Vec<usize> = picture
            .arrows
            .iter()
            .filter(|arrow| arrow.to == reader)
            .map(|arrow| arrow.from)
            .collect();
        let frame = picture.shapes[reader].frame;
        let (mut near, far): (Vec<usize>, Vec<usize>) = read.into_iter().partition(|from| {
            is_given(*from)
                && uses[*from] == 1
                && (picture.shapes[*from].frame == frame || picture.shapes[*from].frame.is_none())
        });
        if matches!(picture.shapes[reader].kind, ShapeKind::Dots(_)) {
            near.clear();
        }
        if far.is_empty() {
            near.retain(|from| picture.shapes[*from].kind != ShapeKind::Given);
        }
        let (parameters, others): (Vec<usize>, Vec<usize>) = near
            .into_iter()
            .partition(|from| picture.shapes[*from].kind == ShapeKind::Parameter);
        (beside.left, beside.right) = (parameters, others);
        while beside.left.len() > beside.right.len() + 1 {
            let moved = beside.left.pop();
            beside.right.splice(0..0, moved);
        }
        while beside.right.len() > beside.left.len() + 1 {
            let moved = beside.right.remove(0);
            beside.left.push(moved);
        }
    }
    found
}

/// The frame in which each shape is drawn: what stands beside a reader is in its frame.
fn homes(picture: &Picture, beside: &[Beside]) -> Vec<Option<usize>> {
    let mut homes: Vec<Option<usize>> = picture.shapes.iter().map(|shape| shape.frame).collect();
    for (shape, beside) in picture.shapes.iter().zip(beside) {
        for given in beside.left.iter().chain(&beside.right) {
            homes[*given] = shape.frame;
        }
    }
    homes
}

/// The same, for those who lay out otherwise.
pub(super) fn frames_of(picture: &Picture) -> Vec<Option<usize>> {
    homes(picture, &beside(picture))
}

fn label_place(
    graph: &Graph<NodeLabel, EdgeLabel>,
    arrow: &Arrow,
    path: &Path,
    label: &Line,
) -> Rect {
    let width = label.width * SMALL;
    let edge = graph.edge(&name(arrow.from), &name(arrow.to), None);
    match edge.and_then(|edge| edge.x.zip(edge.y)) {
        Some((x, y)) => Rect {
            left: x - (width + before_label(arrow) + 4.0) / 2.0 + before_label(arrow),
            top: y - LABEL / 2.0,
            width,
            height: LABEL,
        },
        // Beside its reader: on the side of the arrow from which it bends away.
        None => {
            let (start, end) = path.ends();
            let middle = (start.0 + end.0) / 2.0;
            let away = if arrow.back { APART + 1.0 } else { 1.0 };
            Rect {
                left: middle - width / 2.0,
                top: if end.1 < start.1 - 0.5 {
                    start.1 + away
                } else {
                    start.1 - LABEL - away
                },
                width,
                height: LABEL,
            }
        }
    }
}

/// The frame around its members, with its letters where no arrow crosses, at the right below if that is such a place.
fn framed(
    shapes: &[Placed],
    arrows: &[Routed],
    within: &[Option<usize>],
    frame: usize,
    label: Line,
) -> Framed {
    let members = within
        .iter()
        .zip(shapes)
        .filter(|(own, _)| **own == Some(frame))
        .map(|(_, placed)| placed.place);
    let inside = members
        .reduce(union)
        .unwrap_or_else(|| unreachable!("a frame has members"));
    let width = label.width * SMALL * WIDER;
    let missing = (width + 2.0 * PADDING - inside.width - 2.0 * FRAME).max(0.0);
    let left = inside.left - FRAME - missing / 2.0;
    let right = inside.right() + FRAME + missing / 2.0;
    let at = |left: f64, below: bool| Rect {
        left,
        top: if below {
            inside.bottom() + FRAME - 3.0
        } else {
            inside.top - FRAME - LABEL + 3.0
        },
        width,
        height: LABEL,
    };
    let (first, last) = (left + PADDING, right - width - PADDING);
    let steps = ((last - first) / STEP).max(0.0) as usize;
    let places = [true, false]
        .into_iter()
        .flat_map(|below| (0..=steps).map(move |step| at(last - step as f64 * STEP, below)));
    let points: Vec<(f64, f64)> = arrows
        .iter()
        .flat_map(|arrow| arrow.path.beside(0.0, false).samples())
        .collect();
    let free = |place: &Rect| {
        !points.iter().any(|(x, y)| {
            (place.left - 2.0 * APART..place.right() + 2.0 * APART).contains(x)
                && (place.top - APART..place.bottom() + APART).contains(y)
        })
    };
    let label_place = places.clone().find(free).unwrap_or(at(last, true));
    let band = |needed: bool| if needed { LABEL - 3.0 } else { 0.0 };
    let below = label_place.top > inside.top;
    let place = Rect {
        left,
        top: inside.top - FRAME - band(!below),
        width: right - left,
        height: inside.height + 2.0 * FRAME + LABEL - 3.0,
    };
    Framed {
        place,
        label: (label_place, label),
    }
}

fn union(one: Rect, other: Rect) -> Rect {
    let left = one.left.min(other.left);
    let top = one.top.min(other.top);
    Rect {
        left,
        top,
        width: one.right().max(other.right()) - left,
        height: one.bottom().max(other.bottom()) - top,
    }
}

/// The same layout with a margin around what is to be seen.
fn cropped(mut layout: Layout) -> Layout {
    let mut seen: Vec<Rect> = layout.shapes.iter().map(|shape| shape.place).collect();
    seen.extend(layout.frames.iter().map(|frame| frame.place));
    for arrow in &layout.arrows {
        seen.extend(arrow.label.iter().map(|(place, _)| *place));
        let points = arrow.path.beside(0.0, false).samples().into_iter();
        seen.extend(points.map(|(x, y)| Rect::around(x, y, 2.0 * APART, 0.0)));
    }
    let Some(all) = seen.into_iter().reduce(union) else {
        return layout;
    };
    let (x, y) = (MARGIN - all.left, MARGIN - all.top);
    let shift = |place: &mut Rect| {
        place.left += x;
        place.top += y;
    };
    layout
        .shapes
        .iter_mut()
        .for_each(|shape| shift(&mut shape.place));
    for frame in &mut layout.frames {
        shift(&mut frame.place);
        shift(&mut frame.label.0);
    }
    for arrow in &mut layout.arrows {
        arrow.path.shift(x, y);
        if let Some((place, _)) = &mut arrow.label {
            shift(place);
        }
    }
    layout.width = all.width + 2.0 * MARGIN;
    layout.height = all.height + 2.0 * MARGIN;
    layout
}
