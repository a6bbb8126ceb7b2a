//! The author's own spellings: `write r[L] as "\hat y"`.

use super::access::{Element, Part};
use super::letters::Scope;
use super::math::{Fence, Math, MathId, Piece};
use super::terms::{Begin, Level, Printed, Printer};
use crate::system::{Spelled, Spelling, System};
use crate::term::{Affine, FamilyId, Node, Store, TermId, VarId};

/// Values of a spelling's letters.
type Binding = Vec<(VarId, Affine)>;

/// The spellings of a system, the most specific first.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    order: Vec<usize>,
    any_term: bool,
}

impl Spellings {
    pub(super) fn of(system: &System) -> Self {
        let mut order: Vec<usize> = (0..system.spellings.len()).collect();
        // `write r[L]` goes before `write r[k]`; among equals the later one wins.
        order.sort_by_key(|at| (system.spellings[*at].vars.len(), usize::MAX - at));
        let any_term = system
            .spellings
            .iter()
            .any(|spelling| matches!(spelling.what, Spelled::Term(_)));
        Self { order, any_term }
    }
}

impl Printer<'_> {
    /// Whether the author spells this whole term.
    pub(super) fn spells(&self, term: TermId) -> bool {
        self.spellings.any_term && self.term_spelling(term).is_some()
    }

    fn term_spelling(&self, term: TermId) -> Option<(usize, Binding)> {
        self.spellings.order.iter().find_map(|at| {
            let spelling = &self.system.spellings[*at];
            let Spelled::Term(pattern) = spelling.what else {
                return None;
            };
            let mut binding = Binding::new();
            matches_term(
                &self.system.store,
                &spelling.vars,
                pattern,
                term,
                &mut binding,
            )
            .then_some((*at, binding))
        })
    }

    /// A term in the author's spelling.
    pub(super) fn spelled_term(&mut self, term: TermId, scope: Scope) -> Option<Printed> {
        if !self.spellings.any_term {
            return None;
        }
        let (at, binding) = self.term_spelling(term)?;
        let system = self.system;
        Some(self.spell(&system.spellings[at], &binding, scope))
    }

    /// A family at these slots in the author's spelling.
    pub(super) fn spelled_slots(
        &mut self,
        family: FamilyId,
        slots: &[Affine],
        scope: Scope,
    ) -> Option<Printed> {
        let system = self.system;
        for at in self.spellings.order.clone() {
            let spelling = &system.spellings[at];
            let Spelled::Slots(of, pattern) = &spelling.what else {
                continue;
            };
            let mut binding = Binding::new();
            if *of == family && matches_slots(&spelling.vars, pattern, slots, &mut binding) {
                return Some(self.spell(spelling, &binding, scope));
            }
        }
        None
    }

    /// A derivative in the author's spelling, with the elements of both sides below.
    pub(super) fn spelled_derivative(
        &mut self,
        of: Element,
        wrt: Element,
        part: Part,
        scope: Scope,
    ) -> Option<Printed> {
        let system = self.system;
        for at in self.spellings.order.clone() {
            let spelling = &system.spellings[at];
            let Spelled::Derivative {
                of: above,
                wrt: below,
            } = &spelling.what
            else {
                continue;
            };
            if above.0 != of.0 || below.0 != wrt.0 {
                continue;
            }
            let (of_slots, of_elements) = of.1.split_at(above.1.len().min(of.1.len()));
            let (wrt_slots, wrt_elements) = wrt.1.split_at(below.1.len().min(wrt.1.len()));
            let mut binding = Binding::new();
            if matches_slots(&spelling.vars, &above.1, of_slots, &mut binding)
                && matches_slots(&spelling.vars, &below.1, wrt_slots, &mut binding)
            {
                let spelled = self.spell(spelling, &binding, scope);
                let elements: Vec<Affine> =
                    of_elements.iter().chain(wrt_elements).cloned().collect();
                return Some(self.with_elements(spelled, &elements, part, scope));
            }
        }
        None
    }

    /// The spelling with its letters replaced by their values.
    fn spell(&mut self, spelling: &Spelling, binding: &Binding, scope: Scope) -> Printed {
        let mut pieces: Vec<Piece> = Vec::new();
        for token in tokens(&spelling.latex) {
            let value = binding
                .iter()
                .find(|(var, _)| self.system.store.letter(*var) == token);
            match (value, pieces.last_mut()) {
                (Some((_, value)), last) => {
                    let raised =
                        matches!(last, Some(Piece::Latex(before)) if before.ends_with(['^', '_']));
                    let printed = self.affine(value, scope);
                    let id = if raised && value.as_var().is_none() && value.as_int().is_none() {
                        self.boxes.fence(Fence::Group, false, printed.id)
                    } else {
                        printed.id
                    };
                    pieces.push(Piece::Math(id));
                }
                (None, Some(Piece::Latex(before))) => {
                    *before = format!("{before}{token}").into();
                }
                (None, _) => pieces.push(Piece::Latex(token.into())),
            }
        }
        let shape = Outline::of(&spelling.latex);
        let mut id: MathId = self.boxes.intern(Math::Spelled(pieces.into_boxed_slice()));
        let is_term = matches!(spelling.what, Spelled::Term(_));
        if is_term && (shape.sum || shape.product) {
            return Printed {
                level: if shape.sum {
                    Level::Sum
                } else {
                    Level::Product
                },
                begin: shape.begin,
                ..Printed::atom(id)
            };
        }
        if shape.sum || shape.product {
            // A name stands where no brackets would be put: below a fraction's ∂, in front of indices.
            return Printed::atom(self.boxes.fence(Fence::Round, false, id));
        }
        if shape.subscript && !is_term {
            // Elements will stand below: the spelling's own subscript has to be inside a group.
            id = self.boxes.fence(Fence::Group, false, id);
        }
        let printed = if shape.superscript || shape.subscript {
            Printed::scripted(id)
        } else {
            Printed::atom(id)
        };
        Printed {
            begin: shape.begin,
            ..printed
        }
    }
}

/// What stands at the top of a spelling.
#[derive(Debug, Clone, Copy)]
struct Outline {
    superscript: bool,
    subscript: bool,
    sum: bool,
    /// Factors with a sign between them, or a relation.
    product: bool,
    begin: Begin,
}

impl Outline {
    fn of(latex: &str) -> Self {
        let mut outline = Self {
            superscript: false,
            subscript: false,
            sum: false,
            product: false,
            begin: Begin::Other,
        };
        let mut depth = 0;
        let mut script = false;
        let tokens = tokens(latex.trim());
        for (at, token) in tokens.iter().copied().enumerate() {
            if at == 0 {
                outline.begin = match token {
                    "-" => Begin::Minus,
                    r"\frac" => Begin::Digit,
                    _ if token.starts_with(|sign: char| sign.is_ascii_digit()) => Begin::Digit,
                    _ => Begin::Other,
                };
            }
            // A sign that is raised or lowered belongs to the symbol.
            let raised = std::mem::replace(&mut script, matches!(token, "^" | "_"));
            match token {
                _ if raised && token != "{" => {}
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                "^" | "'" if depth == 0 => outline.superscript = true,
                "_" if depth == 0 => outline.subscript = true,
                "+" | "-" | r"\pm" | r"\mp" if depth == 0 => outline.sum = true,
                "*" | "/" | "=" | "<" | ">" | "," if depth == 0 => outline.product = true,
                r"\cdot" | r"\times" | r"\odot" | r"\oslash" | r"\otimes" if depth == 0 => {
                    outline.product = true;
                }
                // A blank parts factors, but behind a command it only ends its name.
                " " if depth == 0 => {
                    outline.product |= !tokens[at - 1].starts_with('\\') && tokens[at + 1] != "("
                }
                _ => {}
            }
        }
        outline
    }
}

/// Control words, runs of the content of `\text{…}`-like commands excepted: single characters otherwise.
fn tokens(latex: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = latex;
    while let Some(first) = rest.chars().next() {
        let length = if first == '\\' {
            let word = rest[1..]
                .find(|c: char| !c.is_ascii_alphabetic())
                .map_or(rest.len(), |at| at + 1);
            let word = if word == 1 {
                1 + rest[1..].chars().next().map_or(0, char::len_utf8)
            } else {
                word
            };
            // Words in an upright font are names: their letters are not index letters.
            let upright = [
                r"\text",
                r"\mathrm",
                r"\operatorname",
                r"\mathit",
                r"\textrm",
            ];
            match rest[word..].strip_prefix('{') {
                Some(inner) if upright.contains(&&rest[..word]) => {
                    inner.find('}').map_or(rest.len(), |at| word + 1 + at + 1)
                }
                _ => word,
            }
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}

fn matches_slots(
    vars: &[VarId],
    pattern: &[Affine],
    slots: &[Affine],
    binding: &mut Binding,
) -> bool {
    pattern.len() == slots.len()
        && pattern
            .iter()
            .zip(slots)
            .all(|(pattern, slot)| matches_affine(vars, pattern, slot, binding))
}

/// Whether the index expression is the pattern for some value of its letters.
fn matches_affine(vars: &[VarId], pattern: &Affine, value: &Affine, binding: &mut Binding) -> bool {
    let mut known = pattern.clone();
    for (var, bound) in binding.iter() {
        known = known.substitute(*var, bound);
    }
    let open = vars
        .iter()
        .copied()
        .find(|var| known.mentions(*var) && !binding.iter().any(|(bound, _)| bound == var));
    match open {
        None => known == *value,
        Some(var) => match known.minus(value).solve_for(var) {
            Some(solution) if solution.denominator() == 1 => {
                binding.push((var, solution));
                true
            }
            _ => false,
        },
    }
}

/// Whether the term is the pattern for some values of its letters.
fn matches_term(
    store: &Store,
    vars: &[VarId],
    pattern: TermId,
    term: TermId,
    binding: &mut Binding,
) -> bool {
    if pattern == term {
        return true;
    }
    if vars.is_empty() {
        return false;
    }
    match (store.node(pattern), store.node(term)) {
        (Node::Access(left, pattern), Node::Access(right, value)) => {
            left == right && matches_slots(vars, pattern, value, binding)
        }
        (Node::Index(pattern), Node::Index(value)) => matches_affine(vars, pattern, value, binding),
        (Node::Apply(left, orders, _), Node::Apply(right, other, _))
            if left != right || orders != other =>
        {
            false
        }
        (
            Node::Add(_) | Node::Mul(_) | Node::Power(..) | Node::Apply(..),
            Node::Add(_) | Node::Mul(_) | Node::Power(..) | Node::Apply(..),
        ) => {
            let (left, right) = (store.node(pattern), store.node(term));
            let (below, other) = (left.children(), right.children());
            std::mem::discriminant(left) == std::mem::discriminant(right)
                && below.len() == other.len()
                && below
                    .iter()
                    .zip(&other)
                    .all(|(pattern, term)| matches_term(store, vars, *pattern, *term, binding))
        }
        _ => false,
    }
}
