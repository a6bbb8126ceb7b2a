//! A network as a system of definitions over families of scalars.

mod assumptions;
mod body;
mod checks;
mod cycle;
mod describe;
mod functions;
mod index;
mod lower;
mod matrix;
mod mistakes;
mod names;
mod of_matrix;
mod pieces;
mod questions;
mod ranges;
mod reads;
mod reduction;
mod reference;
mod scope;
mod shapes;
mod spellings;
mod taken_out;
mod total;
mod whole;

pub(crate) use functions::in_order;
pub use functions::pattern;
pub use lower::lower;
pub(crate) use pieces::{ClauseIndex, PieceIndex};
pub use reads::{Reads, UnprovedRead, check_reads};

use num_rational::BigRational;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::functions::MatrixRow;
use crate::source::{Diagnostic, Span};
use crate::syntax::{MatrixProperty, Order, Role, StepAtZero};
use crate::term::{
    Affine, Ambient, Cmp, Domain, FamilyId, FunctionId, Node, SizeId, Store, Substitution, TermId,
    VarId,
};

/// A network after reading: every name resolved, every range checked.
#[derive(Debug, Clone, Default)]
pub struct System {
    /// All terms.
    pub store: Store,
    /// What is known of sizes and integer-valued families.
    pub ambient: Ambient,
    /// Size symbols, by [`SizeId`].
    pub sizes: Vec<Size>,
    /// Quantities, by [`FamilyId`].
    pub families: Vec<Family>,
    /// Scalar functions in use, by [`FunctionId`].
    pub functions: Vec<Function>,
    /// The loss, a family without indices.
    pub loss: Option<FamilyId>,
    /// Quantities that the author gave no names, with names of the program's: a softmax's argument.
    pub invented: Vec<FamilyId>,
    /// The loss times the number of examples, where derivatives of it are written.
    pub total: Option<FamilyId>,
    /// What is assumed, in written order.
    pub assumptions: Vec<Assumption>,
    /// Defined matrices that are their own transposes, with the assumptions that this rests on.
    pub symmetric_by_definition: Vec<(FamilyId, Vec<usize>)>,
    /// The network's own value of Step(0), if it names one.
    pub step_at_zero: Option<StepAtZero>,
    /// How the author wants things written.
    pub spellings: Vec<Spelling>,
    /// What is asked, in written order; never empty if there is a loss.
    pub questions: Vec<Question>,
    /// What the author should know although the network is legal.
    pub warnings: Vec<Diagnostic>,
    /// Whether equations speak of whole arrays: the network is written in matrix notation.
    pub whole_arrays: bool,
    /// Sides of simplification rules that were read, by their texts.
    pub(crate) patterns: FxHashMap<&'static str, TermId>,
}

/// A size symbol: `n`, `L`, or with slots `n[k]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// Its name.
    pub name: String,
    /// How many slots it has.
    pub slots: usize,
}

/// A family of scalars: a name with slots (layer, time) and element axes.
#[derive(Debug, Clone)]
pub struct Family {
    /// Its name. Adjoint and local families have an empty name and are printed from their kind.
    pub name: String,
    /// Number of slots. An index of the family has the slots first.
    pub slots: usize,
    /// Number of element axes.
    pub axes: usize,
    /// Where it comes from.
    pub kind: FamilyKind,
    /// Its role, named by the author or inferred from the structure.
    pub role: Option<FamilyRole>,
    /// The disjoint pieces of its index set, for defined families each with its body.
    pub clauses: Vec<Clause>,
    /// First and last value if it is integer-valued.
    pub integers: Option<(Affine, Affine)>,
    /// Where it was first named.
    pub span: Option<Span>,
}

/// Where a family comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FamilyKind {
    /// Given from outside.
    Input,
    /// Defined by equations.
    Defined,
    /// An opaque loss: an unknown number that depends on the given slots of families, all their elements.
    OpaqueLoss(Vec<(FamilyId, Box<[Affine]>)>),
    /// A function of each matrix of a family, at the family's slots: `inv(X)`.
    OfMatrix {
        /// The function.
        row: &'static MatrixRow,
        /// The family of its argument.
        of: FamilyId,
    },
    /// ∂of/∂wrt, the total derivative; its index is that of `of`, then that of `wrt`.
    Adjoint {
        /// What is differentiated.
        of: FamilyId,
        /// By what.
        wrt: FamilyId,
    },
    /// ∂of/∂wrt where `of`'s own definition uses `wrt`: the local derivative; indexed like an adjoint.
    Local {
        /// What is differentiated.
        of: FamilyId,
        /// By what.
        wrt: FamilyId,
    },
}

/// What part a family plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FamilyRole {
    /// Learned.
    Parameter,
    /// Fed in.
    Input,
    /// What the output is compared with.
    Target,
    /// The argument of an activation.
    PreActivation,
    /// The value of an activation.
    Activation,
    /// What the loss compares with the target.
    Output,
    /// The loss.
    Loss,
}

impl FamilyRole {
    /// The role as the author names it.
    pub fn declared(role: Role) -> Option<Self> {
        match role {
            Role::Param => Some(FamilyRole::Parameter),
            Role::Input => Some(FamilyRole::Input),
            Role::Target => Some(FamilyRole::Target),
            Role::Batch => None,
        }
    }
}

/// One piece of a family: its elements at `index`, for all values of the letters in the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The letters of the left side, in the order of the index.
    pub vars: Box<[VarId]>,
    /// The left side: slots, then elements. Each entry is a letter plus a constant, or has no letter
    /// (`r[0]`, `r[L]`). No letter stands twice.
    pub index: Box<[Affine]>,
    /// The values of the letters.
    pub domain: Domain,
    /// The value; none for inputs.
    pub body: Option<TermId>,
    /// Where it was written.
    pub span: Option<Span>,
}

impl Clause {
    /// The conditions under which `index` is an element of this piece, and the letters' values there.
    ///
    /// Returns the substitution of the clause's letters and the domain that `index` has to satisfy.
    pub fn at(&self, index: &[Affine]) -> (Substitution, Domain) {
        Substitution::matching(&self.vars, &self.index, &self.domain, index)
    }
}

/// A scalar function in use.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name in the language.
    pub name: String,
    /// Its LaTeX, for instance `\operatorname{ReLU}`.
    pub latex: String,
    /// The names of all its parameters, as they were written.
    pub letters: Vec<String>,
    /// Number of arguments before the `;`.
    pub parameters: usize,
    /// Number of arguments behind it; they follow the others in applications.
    pub extra: usize,
    /// The value in terms of its parameters (`Node::Parameter`). None for primitives and opaque functions.
    pub body: Option<TermId>,
    /// The derivative by each argument, in terms of the parameters, where it is declared or tabled; an
    /// application of the function itself to its parameters stands for its value.
    pub slopes: Vec<Option<TermId>>,
    /// Declared derivatives at single points by the first argument: (where, value).
    pub slopes_at: Vec<(TermId, TermId)>,
    /// The declared range of the derivative by the first argument.
    pub slope_range: Option<SlopeRange>,
    /// How it is computed, if it is one of the few that have no body.
    pub primitive: Option<Primitive>,
    /// Whether it is applied as an activation (its argument is a pre-activation).
    pub activation: bool,
    /// Where it was defined, if by the author.
    pub span: Option<Span>,
}

impl Function {
    /// Whether nothing is known of it but its name.
    pub fn is_opaque(&self) -> bool {
        self.body.is_none() && self.primitive.is_none()
    }
}

/// The range of a derivative, as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlopeRange {
    /// Never less.
    pub low: BigRational,
    /// Never more.
    pub high: BigRational,
    /// Where it is written.
    pub span: Span,
}

/// Functions without a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Primitive {
    /// max(u, 0)
    Relu,
    /// 0 for u < 0, 1 for u > 0, the convention's number at 0
    Step,
    /// exp
    Exp,
    /// log, for u > 0
    Log,
    /// sin
    Sin,
    /// cos
    Cos,
    /// The error function.
    Erf,
}

/// One assumption, for all values of the letters in the domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumption {
    /// Letters that stand for every value.
    pub vars: Box<[VarId]>,
    /// Their values.
    pub domain: Domain,
    /// What is assumed.
    pub fact: Fact,
    /// Where it was written.
    pub span: Span,
}

/// What is assumed.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A comparison of two values: `x > 0`, `sum(y) = 1`.
    Compare(Cmp, TermId, TermId),
    /// The access takes one of these values.
    OneOf(TermId, Vec<BigRational>),
    /// The access is 1 for one value of the letter and 0 for the others.
    OneHot(TermId, VarId),
    /// A property of a whole matrix, at all its slots.
    Matrix(FamilyId, MatrixProperty),
}

/// `write … as "…"`
#[derive(Debug, Clone, PartialEq)]
pub struct Spelling {
    /// Letters in it that stand for any value.
    pub vars: Box<[VarId]>,
    /// What is spelled.
    pub what: Spelled,
    /// Its LaTeX as the author wrote it.
    pub latex: String,
    /// Where it was written.
    pub span: Span,
}

/// What has a spelling of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Spelled {
    /// A family at these slots (letters of the spelling stand for any value); element indices are
    /// printed behind the spelling.
    Slots(FamilyId, Box<[Affine]>),
    /// A derivative ∂of/∂wrt at these slots, in the same way.
    Derivative {
        /// What is differentiated, with its slots.
        of: (FamilyId, Box<[Affine]>),
        /// By what, with its slots.
        wrt: (FamilyId, Box<[Affine]>),
    },
    /// Any other term.
    Term(TermId),
}

/// A question, with everything named.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// First or second derivatives.
    pub order: Order,
    /// What is differentiated.
    pub of: Target,
    /// By what: one target for a gradient, two for a Hessian.
    pub wrt: Vec<Target>,
    /// Where it was asked, if it was.
    pub span: Option<Span>,
}

/// A family, or the part of it at fixed slots or elements.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The family.
    pub family: FamilyId,
    /// For each index its fixed value, or none for all values.
    pub index: Box<[Option<Affine>]>,
}

impl System {
    /// The ids of all families, in order.
    pub fn family_ids(&self) -> impl Iterator<Item = FamilyId> + use<> {
        (0..self.families.len()).map(|at| FamilyId(at as u32))
    }

    /// Rewrites the definitions of a family: wherever `replace` gives a term for one in a clause, that stands there instead.
    pub(crate) fn rewrite(
        &mut self,
        id: FamilyId,
        mut replace: impl FnMut(&mut Store, &Clause, TermId) -> Option<TermId>,
    ) {
        let mut clauses = std::mem::take(&mut self.families[id.0 as usize].clauses);
        for clause in &mut clauses {
            clause.body = clause.body.map(|body| {
                let mut inside = |store: &mut Store, term| replace(store, clause, term);
                self.store.replace(body, &mut inside)
            });
        }
        self.families[id.0 as usize].clauses = clauses;
    }

    /// The family of an id.
    pub fn family(&self, id: FamilyId) -> &Family {
        &self.families[id.0 as usize]
    }

    /// The function of an id.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// The size symbol of an id.
    pub fn size(&self, id: SizeId) -> &Size {
        &self.sizes[id.0 as usize]
    }

    /// The family called `name`.
    pub fn find(&self, name: &str) -> Option<FamilyId> {
        let at = self.families.iter().position(|family| {
            family.name == name
                && !matches!(
                    family.kind,
                    FamilyKind::Adjoint { .. } | FamilyKind::Local { .. }
                )
        })?;
        Some(FamilyId(at as u32))
    }

    /// All families that a family depends on, itself among them.
    pub fn depends_on(&self, family: FamilyId) -> FxHashSet<FamilyId> {
        let mut reached: FxHashSet<FamilyId> = FxHashSet::default();
        let mut seen = FxHashSet::default();
        let mut stack = vec![family];
        while let Some(family) = stack.pop() {
            if !reached.insert(family) {
                continue;
            }
            let known = self.family(family);
            if let FamilyKind::OpaqueLoss(reads) = &known.kind {
                stack.extend(reads.iter().map(|(family, _)| *family));
            }
            if let FamilyKind::OfMatrix { of, .. } = known.kind {
                stack.push(of);
            }
            let mut terms: Vec<_> = known
                .clauses
                .iter()
                .filter_map(|clause| clause.body)
                .collect();
            while let Some(term) = terms.pop() {
                if !seen.insert(term) {
                    continue;
                }
                if let Node::Access(read, _) = self.store.node(term) {
                    stack.push(*read);
                }
                terms.extend(self.store.node(term).children());
            }
        }
        reached
    }

    /// The defined quantity of which an input gives the boundary, under the same name.
    pub fn bounded_by(&self, input: FamilyId) -> Option<FamilyId> {
        let given = self.family(input);
        if given.kind != FamilyKind::Input || given.name.is_empty() {
            return None;
        }
        let at = self
            .families
            .iter()
            .position(|family| family.kind == FamilyKind::Defined && family.name == given.name)?;
        Some(FamilyId(at as u32))
    }

    /// The assumptions that make a family's matrices symmetric, by themselves or by its definition; none if these are not.
    pub fn symmetric(&self, family: FamilyId) -> Option<Vec<usize>> {
        if let Some(number) = self.assumed_symmetric(family) {
            return Some(vec![number]);
        }
        let of = match self.family(family).kind {
            FamilyKind::OfMatrix { row, of } if row.keeps_shape => of,
            _ => family,
        };
        let mut known = self.symmetric_by_definition.iter();
        let (_, assumed) = known.find(|(known, _)| *known == of)?;
        Some(assumed.clone())
    }

    /// The number of the assumption that makes a family's matrices symmetric.
    fn assumed_symmetric(&self, family: FamilyId) -> Option<usize> {
        let family = match self.family(family).kind {
            FamilyKind::OfMatrix { row, of } if row.keeps_shape => of,
            _ => family,
        };
        self.assumptions.iter().position(|assumption| {
            matches!(&assumption.fact,
                Fact::Matrix(matrix, MatrixProperty::Symmetric | MatrixProperty::PositiveDefinite)
                    if *matrix == family)
        })
    }

    /// A new family.
    pub fn add_family(&mut self, family: Family) -> FamilyId {
        self.families.push(family);
        FamilyId((self.families.len() - 1) as u32)
    }
}
