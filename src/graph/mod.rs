//! A network as a graph: a node for each quantity, an edge for each reading, frames for what is there once for each
//! value of a letter, and where gradients pass on their way back.
//!
//! What is defined for all values of a letter is drawn once, in a frame. What it reads of another value of the letter
//! stands outside as a node of its own, behind dots that stand for the values between.

mod build;
mod equation;
mod fold;
mod gradient;
mod groups;
mod order;
mod reads;

pub use build::graph;
pub use equation::{Arrays, arrays};
pub use fold::fold;

use crate::system::{Clause, System};
use crate::term::{Affine, FamilyId, VarId};

/// A network as a graph. Nodes stand before those that read them, as far as they are not recurrent.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The network with its derivatives; the definitions of a frame are in the letters of the frame.
    pub system: System,
    /// What is drawn as a box, or as dots.
    pub nodes: Vec<Node>,
    /// Who reads whom.
    pub edges: Vec<Edge>,
    /// What is there once for each value of letters.
    pub frames: Vec<Frame>,
}

/// A quantity at its slots.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Of which family. Dots have the one that they stand for.
    pub family: FamilyId,
    /// At which slots.
    pub slots: Box<[Affine]>,
    /// Where it is in a frame.
    pub frame: Option<usize>,
    /// The first and last values of its frame's letters, if it is not there for all of them.
    pub narrower: Option<Box<[(Affine, Affine)]>>,
    /// Its definition, if it is a single one.
    pub clause: Option<Clause>,
    /// The derivatives by it that are met on the way back.
    pub adjoints: Vec<FamilyId>,
    /// Whether one of these was asked for.
    pub asked: bool,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// Given from outside.
    Given,
    /// Defined by equations.
    Defined,
    /// What a frame defines, at another value of the frame's letters.
    Elsewhere,
    /// All that lies between; of definitions that are left out, how many these are.
    Dots(Option<usize>),
}

/// `to` reads `from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// What is read.
    pub from: usize,
    /// What reads it.
    pub to: usize,
    /// Whether a gradient that was asked for takes this way back.
    pub back: bool,
}

/// Letters with their values.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The letters.
    pub vars: Box<[VarId]>,
    /// The first and the last value of each.
    pub spans: Box<[(Affine, Affine)]>,
}
