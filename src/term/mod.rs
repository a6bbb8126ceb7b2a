//! Scalars with indices: the one representation of everything that is computed.
//!
//! This layer knows index arithmetic, domains and interned terms. It knows no LaTeX, no spans, no
//! names of functions and no rule of calculus.

mod domain;
mod index;
mod node;
mod refute;
mod seen;
mod store;
mod traverse;
mod unify;

pub use domain::{Ambient, Bound, Constraint, Domain, Relation};
pub use index::{Affine, Atom, FamilyId, FunctionId, SizeId, VarId};
pub use node::{Cmp, Node, Reduction, TermId};
pub(crate) use seen::Seen;
pub use store::Store;
pub use traverse::Substitution;
pub(crate) use unify::{Bindings, alike, replaced, unify};
