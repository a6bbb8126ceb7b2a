//! Mathematics as a tree of boxes: what stands next to, above and below what. Boxes are shared, so a
//! formula is as large as its graph, not as its text. Brackets are decided when boxes are made; a writer
//! only spells them.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

/// A box in [`Boxes`]. Parts have smaller ids than the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MathId(pub u32);

/// A box.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Math {
    /// One symbol.
    Symbol(Symbol),
    /// Boxes side by side.
    Row(Box<[MathId]>),
    /// Numerator and denominator.
    Fraction(MathId, MathId),
    /// A square root.
    Root(MathId),
    /// A base with something below and above to its right.
    Script {
        /// What carries the scripts.
        base: MathId,
        /// Below.
        sub: Option<MathId>,
        /// Above.
        sup: Option<MathId>,
    },
    /// A mark over a symbol.
    Accent(Accent, MathId),
    /// Σ and the like; what it is applied to stands behind it in the row.
    Big {
        /// Which operator.
        op: BigOperator,
        /// Below it.
        under: Option<MathId>,
        /// Above it.
        over: Option<MathId>,
    },
    /// Lines below each other, under a big operator.
    Stack(Box<[MathId]>),
    /// Brackets.
    Fence {
        /// Their kind.
        kind: Fence,
        /// Whether they grow with what they hold.
        tall: bool,
        /// What they hold.
        body: MathId,
    },
    /// Rows of cells in square brackets, all rows of one length.
    Matrix(Box<[Box<[MathId]>]>),
    /// Values with their conditions.
    Cases {
        /// Each value with its condition; a last one without is for all other cases.
        rows: Box<[(MathId, Option<MathId>)]>,
        /// Whether they are all of a side, and end with a full stop.
        whole: bool,
        /// `if`, before a condition.
        when: MathId,
        /// `otherwise`, in place of one.
        otherwise: MathId,
    },
    /// LaTeX of the author with boxes in it.
    Spelled(Box<[Piece]>),
    /// A symbol that LaTeX writes by a macro.
    Macro {
        /// The macro's name without the backslash.
        name: Box<str>,
        /// Its arguments.
        arguments: Box<[MathId]>,
        /// The symbol itself.
        body: MathId,
    },
    /// A brace below, with words below the brace.
    Brace {
        /// What is above the brace.
        body: MathId,
        /// What is said of it.
        words: MathId,
    },
}

/// A part of a spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// As written.
    Latex(Box<str>),
    /// A value in place of a letter.
    Math(MathId),
}

/// A symbol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// A letter.
    Letter(char),
    /// A Greek letter by its LaTeX name.
    Greek(&'static str),
    /// A name of several letters.
    Word(Box<str>),
    /// A name of several letters, upright, in a subscript.
    Label(Box<str>),
    /// A whole number.
    Number(Box<str>),
    /// A function or symbol by its LaTeX.
    Latex(Box<str>),
    /// Words.
    Text(Box<str>),
    /// A sign.
    Sign(Sign),
}

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `=`
    Equals,
    /// `≠`
    NotEqual,
    /// `<`
    Less,
    /// `≤`
    LessEqual,
    /// `>`
    Greater,
    /// `≥`
    GreaterEqual,
    /// `∣`
    Divides,
    /// `∈`
    Element,
    /// `∀`
    ForAll,
    /// `∂`
    Partial,
    /// `d` of an ordinary derivative
    Differential,
    /// `π`
    Pi,
    /// `·`
    Times,
    /// `×` in shapes
    Cross,
    /// `/`
    Slash,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `;`
    Semicolon,
    /// `′`
    Prime,
    /// `…`
    Dots,
    /// ℝ
    Reals,
    /// δ with two indices
    Delta,
    /// A narrow space.
    Thin,
    /// `⊙`
    Entrywise,
    /// `⊘`
    EntrywiseQuotient,
    /// `⊤` of a transpose
    Transpose,
    /// A column of ones.
    Ones,
}

/// A mark over a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Accent {
    /// ˆ
    Hat,
    /// ¯
    Bar,
    /// ˜
    Tilde,
}

/// An operator that stands before what it reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BigOperator {
    /// Σ
    Sum,
    /// Π
    Product,
    /// max
    Max,
    /// min
    Min,
}

/// A kind of brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fence {
    /// `( )`
    Round,
    /// `[ ]`
    Square,
    /// `[ ]` around the number of a layer
    Slot,
    /// `{ }`
    Set,
    /// `| |`
    Bars,
    /// `‖ ‖`
    Norm,
    /// None to be seen: the scripts of what is inside are its own.
    Group,
}

/// All boxes of a document, each kept once.
#[derive(Debug, Clone, Default)]
pub struct Boxes {
    nodes: IndexSet<Math, FxBuildHasher>,
}

impl Boxes {
    /// The box with this content.
    pub fn intern(&mut self, math: Math) -> MathId {
        let (at, _) = self.nodes.insert_full(math);
        MathId(u32::try_from(at).expect("fewer than 2³² boxes"))
    }

    /// The content of a box.
    pub fn get(&self, id: MathId) -> &Math {
        &self.nodes[id.0 as usize]
    }

    /// How many there are: ids are `0..len`.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A sign.
    pub fn sign(&mut self, sign: Sign) -> MathId {
        self.intern(Math::Symbol(Symbol::Sign(sign)))
    }

    /// A whole number.
    pub fn number(&mut self, digits: impl ToString) -> MathId {
        self.intern(Math::Symbol(Symbol::Number(digits.to_string().into())))
    }

    /// Words.
    pub fn text(&mut self, words: &str) -> MathId {
        self.intern(Math::Symbol(Symbol::Text(words.into())))
    }

    /// A spelling.
    pub fn spelled(&mut self, latex: &str) -> MathId {
        self.intern(Math::Spelled(Box::new([Piece::Latex(latex.into())])))
    }

    /// A function or symbol by its LaTeX.
    pub fn latex(&mut self, latex: &str) -> MathId {
        self.intern(Math::Symbol(Symbol::Latex(latex.into())))
    }

    /// Boxes side by side; rows in it are opened.
    pub fn row(&mut self, parts: impl IntoIterator<Item = MathId>) -> MathId {
        let mut flat: SmallVec<[MathId; 16]> = SmallVec::new();
        for part in parts {
            match self.get(part) {
                // Long rows stay shared: opening them again and again would cost their square.
                Math::Row(inner) if inner.len() <= 8 => flat.extend_from_slice(inner),
                _ => flat.push(part),
            }
        }
        match flat.as_slice() {
            [only] => *only,
            flat => self.intern(Math::Row(flat.into())),
        }
    }

    /// Boxes separated by a sign.
    pub fn list(&mut self, parts: &[MathId], separator: Sign) -> MathId {
        let separator = self.sign(separator);
        let mut row: SmallVec<[MathId; 16]> = SmallVec::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                row.push(separator);
            }
            row.push(*part);
        }
        self.row(row)
    }

    /// Brackets.
    pub fn fence(&mut self, kind: Fence, tall: bool, body: MathId) -> MathId {
        self.intern(Math::Fence { kind, tall, body })
    }

    /// A fraction.
    pub fn fraction(&mut self, numerator: MathId, denominator: MathId) -> MathId {
        self.intern(Math::Fraction(numerator, denominator))
    }

    /// A base with scripts; the base alone if there are none.
    pub fn script(&mut self, base: MathId, sub: Option<MathId>, sup: Option<MathId>) -> MathId {
        if sub.is_none() && sup.is_none() {
            base
        } else {
            self.intern(Math::Script { base, sub, sup })
        }
    }
}

impl Math {
    /// The boxes directly in it, in reading order.
    pub fn parts(&self) -> SmallVec<[MathId; 4]> {
        match self {
            Math::Symbol(_) => SmallVec::new(),
            Math::Row(parts) | Math::Stack(parts) => SmallVec::from_slice(parts),
            Math::Fraction(numerator, denominator) => {
                smallvec::smallvec![*numerator, *denominator]
            }
            Math::Root(body) | Math::Accent(_, body) | Math::Fence { body, .. } => {
                smallvec::smallvec![*body]
            }
            Math::Script { base, sub, sup } => {
                std::iter::once(*base).chain(*sub).chain(*sup).collect()
            }
            Math::Big { op: _, under, over } => under.iter().chain(over).copied().collect(),
            Math::Matrix(rows) => rows.iter().flatten().copied().collect(),
            Math::Cases {
                rows,
                whole: _,
                when,
                otherwise,
            } => rows
                .iter()
                .flat_map(|(value, condition)| match condition {
                    Some(condition) => [*value, *when, *condition].to_vec(),
                    None => [*value, *otherwise].to_vec(),
                })
                .collect(),
            Math::Spelled(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Math(id) => Some(*id),
                    Piece::Latex(_) => None,
                })
                .collect(),
            Math::Macro {
                name: _,
                arguments,
                body,
            } => arguments.iter().chain([body]).copied().collect(),
            Math::Brace { body, words } => smallvec::smallvec![*body, *words],
        }
    }
}
