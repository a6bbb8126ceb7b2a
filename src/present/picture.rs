//! The picture of a network: its graph with everything written at it, before any layout.

use super::access::Part;
use super::compose::title;
use super::legend::general_clause;
use super::letters::Scope;
use super::lines::{Setting, widths};
use super::math::{Boxes, Fence, MathId, Sign};
use super::terms::Printer;
use crate::graph::{Arrays, Graph, Node, NodeKind};
use crate::profile::Notation;
use crate::system::{Clause, FamilyKind, FamilyRole};
use crate::term::{Affine, FamilyId, Substitution, VarId};
use crate::words::{Words, filled};

/// Equations that are wider than so many digits are drawn as their left sides.
const WIDEST: f32 = 40.0;

/// A picture, before any layout.
#[derive(Debug, Clone)]
pub struct Picture {
    /// All boxes that the rest refers to.
    pub boxes: Boxes,
    /// How the network calls itself.
    pub title: String,
    /// What is drawn; what is read stands before what reads it, as far as possible.
    pub shapes: Vec<Shape>,
    /// What is read by what.
    pub arrows: Vec<Arrow>,
    /// What is there more than once.
    pub frames: Vec<Frame>,
    /// What a reader has to know, in sentences.
    pub caption: String,
    /// The language of its words.
    pub words: &'static Words,
}

impl Picture {
    /// Its name for those who don't see it.
    pub fn name(&self) -> String {
        let words = &self.words.picture;
        if self.title.is_empty() {
            words.untitled.to_owned()
        } else {
            filled(words.title, &[("loss", &self.title)])
        }
    }

    /// What stands at dots for so many definitions.
    pub(crate) fn more(&self, count: usize) -> String {
        filled(self.words.picture.more, &[("count", &count.to_string())])
    }
}

/// A box or dots.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What it stands for.
    pub kind: ShapeKind,
    /// Its symbol, or its equation if that is short. Dots have none.
    pub label: Option<MathId>,
    /// For which values of the frame's letters it is there, if not for all.
    pub range: Option<MathId>,
    /// The derivatives that are met on the way back.
    pub adjoints: Vec<MathId>,
    /// Whether one of them was asked for.
    pub asked: bool,
    /// In which frame it stands.
    pub frame: Option<usize>,
}

/// What a shape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeKind {
    /// What is learned.
    Parameter,
    /// What the output is compared with.
    Target,
    /// What is given otherwise.
    Given,
    /// What equations define.
    Defined,
    /// What is differentiated.
    Loss,
    /// All that is between, or so many definitions that are like those around them.
    Dots(Option<usize>),
}

/// An arrow from what is read to what reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    /// What is read.
    pub from: usize,
    /// What reads it.
    pub to: usize,
    /// The set that it is in; none behind dots.
    pub label: Option<MathId>,
    /// Whether a gradient comes back.
    pub back: bool,
}

/// What is there once for each value of its letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The values.
    pub range: MathId,
}

/// The picture of a graph, in the words of a language. `arrays` has the definitions of its nodes with whole arrays, where
/// there are any.
pub fn present_picture(
    graph: &Graph,
    arrays: &[Option<Arrays>],
    notation: &Notation,
    words: &'static Words,
) -> Picture {
    let mut printer = Printer::new(&graph.system, notation);
    printer.words = words;
    let equations: Vec<Option<MathId>> = graph
        .nodes
        .iter()
        .zip(arrays)
        .map(|(node, arrays)| printer.equation(node, arrays.as_ref()))
        .collect();
    let widths = widths(&printer.boxes, Setting::Flat);
    let short = |id: &MathId| widths[id.0 as usize] <= WIDEST;
    let shapes = graph
        .nodes
        .iter()
        .zip(equations)
        .map(|(node, equation)| printer.shape(graph, node, equation.filter(short)))
        .collect();
    let arrows = graph
        .edges
        .iter()
        .map(|edge| Arrow {
            from: edge.from,
            to: edge.to,
            label: printer.carried(&graph.nodes[edge.from], &graph.nodes[edge.to]),
            back: edge.back,
        })
        .collect();
    let (shapes, arrows) = beside_readers(shapes, arrows, |at| is_constant(graph, at));
    let frames = graph
        .frames
        .iter()
        .map(|frame| Frame {
            range: printer.spans(&frame.vars, &frame.spans),
        })
        .collect();
    Picture {
        title: title(&graph.system),
        boxes: printer.boxes,
        shapes,
        arrows,
        frames,
        caption: caption(graph, words),
        words,
    }
}

/// Whether a node is a given number that no gradient goes to, such as a small ε: it is drawn beside each of its readers.
fn is_constant(graph: &Graph, at: usize) -> bool {
    let node = &graph.nodes[at];
    let family = graph.system.family(node.family);
    node.kind == NodeKind::Given
        && node.adjoints.is_empty()
        && family.axes == 0
        && family.slots == 0
}

/// Shapes with one of its own for each reader of a constant.
fn beside_readers(
    mut shapes: Vec<Shape>,
    mut arrows: Vec<Arrow>,
    is_constant: impl Fn(usize) -> bool,
) -> (Vec<Shape>, Vec<Arrow>) {
    let mut seen = vec![false; shapes.len()];
    for arrow in &mut arrows {
        if is_constant(arrow.from) && std::mem::replace(&mut seen[arrow.from], true) {
            let own = Shape {
                frame: shapes[arrow.to].frame,
                ..shapes[arrow.from].clone()
            };
            arrow.from = shapes.len();
            shapes.push(own);
        }
    }
    (shapes, arrows)
}

impl Printer<'_> {
    fn equation(&mut self, node: &Node, arrays: Option<&Arrays>) -> Option<MathId> {
        let clause = node.clause.as_ref()?;
        if node.kind != NodeKind::Defined {
            return None;
        }
        let scope = self.enter(Scope::EMPTY, &clause.vars);
        let (left, right) = match arrays {
            Some(arrays) => {
                let left = self.array_side(&arrays.left, scope);
                (left, self.array_side(&arrays.right, scope))
            }
            None => {
                let left = self.access(node.family, &clause.index, scope).id;
                (left, self.side(clause.body?, scope))
            }
        };
        let equals = self.boxes.sign(Sign::Equals);
        Some(self.boxes.row([left, equals, right]))
    }

    fn shape(&mut self, graph: &Graph, node: &Node, equation: Option<MathId>) -> Shape {
        let system = self.system;
        let scope = self.around(&node.slots);
        let kind = match node.kind {
            NodeKind::Dots(left_out) => ShapeKind::Dots(left_out),
            _ if system.loss == Some(node.family) => ShapeKind::Loss,
            NodeKind::Defined | NodeKind::Elsewhere => ShapeKind::Defined,
            NodeKind::Given => match system.family(node.family).role {
                Some(FamilyRole::Parameter) => ShapeKind::Parameter,
                Some(FamilyRole::Target) => ShapeKind::Target,
                _ if node.asked => ShapeKind::Parameter,
                _ => ShapeKind::Given,
            },
        };
        let label = match (kind, equation) {
            (ShapeKind::Dots(_), _) => None,
            (_, Some(equation)) => Some(equation),
            (_, None) => Some(self.drawn_symbol(node, scope)),
        };
        let range = node
            .narrower
            .as_ref()
            .zip(node.frame)
            .map(|(spans, frame)| {
                let range = self.spans(&graph.frames[frame].vars, spans);
                self.boxes.fence(Fence::Round, false, range)
            });
        let mut adjoints: Vec<MathId> = Vec::new();
        for adjoint in &node.adjoints {
            let printed = self.adjoint(*adjoint, &node.slots, scope);
            if !adjoints.contains(&printed) {
                adjoints.push(printed);
            }
        }
        Shape {
            kind,
            label,
            range,
            adjoints,
            asked: node.asked,
            frame: node.frame,
        }
    }

    /// A scope with the letters of slots.
    fn around(&mut self, slots: &[Affine]) -> Scope {
        let mut letters: Vec<VarId> = Vec::new();
        for slot in slots {
            slot.visit_vars(&mut |var| {
                if !letters.contains(&var) {
                    letters.push(var);
                }
            });
        }
        self.enter(Scope::EMPTY, &letters)
    }

    /// A quantity at its slots; an opaque loss with what it depends on.
    fn drawn_symbol(&mut self, node: &Node, scope: Scope) -> MathId {
        let system = self.system;
        let symbol = self.part(node.family, &node.slots, Part::Whole, scope).id;
        let FamilyKind::OpaqueLoss(arguments) = &system.family(node.family).kind else {
            return symbol;
        };
        let arguments: Vec<MathId> = arguments
            .iter()
            .map(|(family, slots)| self.part(*family, slots, Part::Whole, scope).id)
            .collect();
        let list = self.boxes.list(&arguments, Sign::Comma);
        let list = self.boxes.fence(Fence::Round, false, list);
        self.boxes.row([symbol, list])
    }

    /// A derivative by a quantity at these slots, all its elements together.
    fn adjoint(&mut self, adjoint: FamilyId, slots: &[Affine], scope: Scope) -> MathId {
        let system = self.system;
        let FamilyKind::Adjoint { of, wrt } = system.family(adjoint).kind else {
            unreachable!("nodes have adjoints");
        };
        let above = general_clause(system.family(of)).map(|clause| clause.index.clone());
        let below = general_clause(system.family(wrt)).map(|clause| clause.index.clone());
        let elements = below.as_deref().unwrap_or_default();
        let elements = elements.get(system.family(wrt).slots..).unwrap_or_default();
        let above = above.as_deref().unwrap_or_default();
        let index: Vec<Affine> = above.iter().chain(slots).chain(elements).cloned().collect();
        let letters = system.family(of).clauses.first();
        let letters = letters
            .map(|clause| clause.vars.clone())
            .unwrap_or_default();
        let scope = self.enter_more(scope, &letters);
        self.part(adjoint, &index, Part::Whole, scope).id
    }

    fn enter_more(&mut self, scope: Scope, letters: &[VarId]) -> Scope {
        if letters.is_empty() {
            scope
        } else {
            self.enter(scope, letters)
        }
    }

    /// The set that a value on its way is in.
    fn carried(&mut self, from: &Node, to: &Node) -> Option<MathId> {
        if matches!(from.kind, NodeKind::Dots(_)) || matches!(to.kind, NodeKind::Dots(_)) {
            return None;
        }
        let system = self.system;
        let family = system.family(from.family);
        let fits = |clause: &&Clause| {
            let agree = clause.index[..family.slots].iter().zip(&*from.slots);
            agree
                .into_iter()
                .all(|(own, slot)| own == slot || clause.vars.iter().any(|var| own.mentions(*var)))
        };
        let clause = family
            .clauses
            .iter()
            .filter(fits)
            .min_by_key(|clause| clause.vars.len())?;
        let mut moved = clause.clone();
        let pairs = clause.index[..family.slots]
            .iter()
            .zip(&*from.slots)
            .filter_map(|(own, slot)| {
                let var = clause.vars.iter().copied().find(|var| own.mentions(*var))?;
                Some((var, slot.minus(&own.minus(&Affine::var(var)))))
            });
        let at = Substitution::new(pairs);
        moved.domain = at.domain(&clause.domain);
        moved.index = clause.index.iter().map(|entry| at.affine(entry)).collect();
        let scope = self.around(&from.slots);
        Some(self.set(family, &moved, scope))
    }

    /// `k = 0, …, L-1`, for all letters of a frame.
    fn spans(&mut self, vars: &[VarId], spans: &[(Affine, Affine)]) -> MathId {
        let scope = self.enter(Scope::EMPTY, vars);
        let mut row = Vec::new();
        for (at, (var, (first, last))) in vars.iter().zip(spans).enumerate() {
            if at > 0 {
                row.push(self.boxes.text(", "));
            }
            row.push(self.range_box(*var, first, last, scope));
        }
        self.boxes.row(row)
    }
}

fn caption(graph: &Graph, words: &Words) -> String {
    let words = &words.picture;
    let mut sentences = vec![words.values];
    if graph.edges.iter().any(|edge| edge.back) {
        sentences.push(words.gradients);
    }
    if !graph.frames.is_empty() {
        sentences.push(words.frames);
    }
    sentences.join(" ")
}
