//! What the symbols of a claim may stand for: declared spellings first, then the network's own names.

use rustc_hash::{FxHashMap, FxHashSet};

use super::differential::Changes;
use super::noad::{self, Kind, List, Macros, Noad};
use super::token::mathematics;
use super::tree::{Entry, Expr, ExprKind, Join};
use crate::source::Span;
use crate::syntax::greek_command;
use crate::system::{FamilyKind, Spelled, System};
use crate::term::{Affine, Atom, FamilyId, SizeId};

/// A spelling and what it stands for. Its letters stand for any index.
#[derive(Debug, Clone)]
pub(crate) struct Spelling {
    pub(crate) pattern: List,
    pub(crate) letters: Vec<String>,
    pub(crate) value: Expr,
}

/// What a place of the text was found to be.
#[derive(Debug, Clone)]
pub(crate) enum Meaning {
    /// A declared spelling with its letters replaced.
    Spelled(Expr),
    Quantity(FamilyId),
    Size(SizeId),
    /// A function by its name in the language.
    Function(String),
}

/// A name that was found: how many noads it takes, and the scripts of the last one that are not part of it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) meaning: Meaning,
    pub(crate) length: usize,
    pub(crate) rest: Noad,
    /// How much of the text it explains; the greatest wins.
    weight: (usize, usize, usize, i32),
}

impl Found {
    /// The quantity that it is, by its own name or a spelling.
    pub(crate) fn quantity(&self) -> Option<FamilyId> {
        match &self.meaning {
            Meaning::Quantity(family) => Some(*family),
            Meaning::Spelled(value) => match &value.plain().kind {
                ExprKind::Quantity { family, .. } => Some(*family),
                _ => None,
            },
            Meaning::Size(_) | Meaning::Function(_) => None,
        }
    }
}

/// The names of one claim.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    pub(crate) system: &'a System,
    pub(crate) spellings: Vec<Spelling>,
    families: FxHashMap<String, FamilyId>,
    sizes: FxHashMap<String, SizeId>,
    functions: FxHashMap<String, String>,
    /// Other names of functions that have scripts, `g^{[1]}`, and what they name.
    scripted: Vec<(Noad, String)>,
    /// Letters that are indices although the network has a quantity of that name.
    pub(crate) index_letters: FxHashSet<String>,
    /// The commands of the claim's own.
    pub(crate) macros: Macros<'a>,
    /// What given quantities change by, where claims speak of differentials.
    pub(crate) changes: Changes,
    /// Whether a d in front of a quantity is that of a derivative although there is a size d.
    pub(crate) d_derives: bool,
}

/// Functions of whole arrays and others that claims know beside those of the table.
const MORE_FUNCTIONS: &[&str] = &[
    "softmax", "sum", "mean", "norm", "diag", "diagonal", "tr", "vec", "ones", "eye", "concat",
    "tanh", "exp",
];

impl<'a> Names<'a> {
    /// The names of the network and its `write` lines.
    pub(crate) fn new(system: &'a System, macros: Macros<'a>, changes: Changes) -> Self {
        let mut names = Self {
            system,
            spellings: Vec::new(),
            families: FxHashMap::default(),
            sizes: FxHashMap::default(),
            functions: FxHashMap::default(),
            scripted: Vec::new(),
            index_letters: FxHashSet::default(),
            macros,
            changes,
            d_derives: false,
        };
        for id in system.family_ids() {
            let family = system.family(id);
            let derived = matches!(
                family.kind,
                FamilyKind::Adjoint { .. } | FamilyKind::Local { .. }
            );
            // A boundary that is given is read through the quantity that it bounds.
            let change = names.changes.iter().any(|(_, change)| *change == id);
            if !derived && !change && system.bounded_by(id).is_none() {
                names.families.insert(family.name.clone(), id);
            }
        }
        // The script letter of a loss that is called l.
        if let Some(loss) = system.loss.filter(|loss| system.family(*loss).name == "l")
            && !names.families.contains_key("ell")
        {
            names.families.insert("ell".into(), loss);
        }
        for (at, size) in system.sizes.iter().enumerate() {
            names.sizes.insert(
                size.name.clone(),
                SizeId(u32::try_from(at).expect("few sizes")),
            );
        }
        for row in crate::functions::rows() {
            for name in std::iter::once(row.name).chain(row.also.iter().copied()) {
                names.functions.insert(name.to_owned(), row.name.to_owned());
            }
            // As it is printed: `\Phi(z)`, `\operatorname{GELU}_{\tanh}(z)`.
            let printed = row.latex.replace(r"\operatorname", "");
            let printed = printed.replace(['\\', '{', '}'], "");
            let plain = printed.chars().all(|c| c.is_alphanumeric() || c == '_');
            // A Greek letter is a function by custom if it is an activation, else where the network has to do with it.
            let custom = row.activation
                || greek_command(&printed).is_none()
                || system
                    .functions
                    .iter()
                    .any(|used| speaks_of(&used.name, row.name));
            if plain && custom {
                // Either form of the letter.
                let other = printed.strip_prefix("var").map(str::to_owned);
                for printed in other.into_iter().chain([printed]) {
                    let known = names.functions.entry(printed);
                    known.or_insert_with(|| row.name.to_owned());
                }
            }
        }
        for function in &system.functions {
            names
                .functions
                .insert(function.name.clone(), function.name.clone());
            // As a notation prints it.
            let printed = function.latex.trim_start_matches('\\');
            if printed.chars().all(char::is_alphabetic) && !printed.is_empty() {
                names
                    .functions
                    .insert(printed.to_owned(), function.name.clone());
            }
        }
        for name in MORE_FUNCTIONS {
            names
                .functions
                .insert((*name).to_owned(), (*name).to_owned());
        }
        for (name, of) in [
            ("trace", "tr"),
            ("Tr", "tr"),
            ("Trace", "tr"),
            ("Diag", "diag"),
        ] {
            names.functions.insert(name.to_owned(), of.to_owned());
        }
        for row in crate::functions::matrix_rows() {
            for name in std::iter::once(row.name).chain(row.also.iter().copied()) {
                names.functions.insert(name.to_owned(), row.name.to_owned());
            }
        }
        for spelling in &system.spellings {
            if let Some(value) = names.spelled(&spelling.what)
                && let Ok(pattern) =
                    noad::read(&mathematics(&spelling.latex, 0), &Macros::default())
            {
                names.add_spelling(pattern, value);
            }
        }
        names
    }

    /// Another spelling; it comes before those that are there.
    pub(crate) fn add_spelling(&mut self, pattern: List, value: Expr) {
        let mut inside = Vec::new();
        letters_of(&pattern, &mut inside);
        let letters: Vec<String> = value
            .free_letters()
            .into_iter()
            .filter(|letter| inside.contains(letter))
            .collect();
        self.spellings.push(Spelling {
            pattern,
            letters,
            value,
        });
    }

    /// `f = sigmoid`: another name of a function. `false` if the text is not the name of one.
    pub(crate) fn alias(&mut self, pattern: &[Noad], text: &str) -> bool {
        if self.families.contains_key(text) {
            return false;
        }
        let Some(function) = self.functions.get(text).cloned() else {
            return false;
        };
        let Some(name) = text_of(pattern) else {
            return match pattern {
                [only] if only.primes == 0 && symbol(only).is_some() => {
                    self.scripted.push((only.clone(), function));
                    true
                }
                _ => false,
            };
        };
        self.families.remove(&name);
        self.functions.insert(name, function);
        true
    }

    /// What a `write` line spells, as an expression over its letters.
    fn spelled(&self, what: &Spelled) -> Option<Expr> {
        let span = Span::default();
        let quantity = |family: FamilyId, slots: &[Affine]| {
            let slots: Option<Vec<Expr>> = slots
                .iter()
                .map(|slot| written_out(self.system, slot))
                .collect();
            Some(Expr::new(
                ExprKind::Quantity {
                    family,
                    slots: slots?,
                    elements: Vec::new(),
                },
                span,
            ))
        };
        match what {
            Spelled::Slots(family, slots) => quantity(*family, slots),
            Spelled::Derivative { of, wrt } => Some(Expr::new(
                ExprKind::Derivative {
                    of: Box::new(quantity(of.0, &of.1)?),
                    wrt: Box::new(quantity(wrt.0, &wrt.1)?),
                    direct: false,
                },
                span,
            )),
            // An expression: a plain element can be read back, others cannot be named in a claim.
            Spelled::Term(term) => match self.system.store.node(*term) {
                crate::term::Node::Access(family, index) => {
                    let slots = self.system.family(*family).slots;
                    let parts: Option<Vec<Expr>> = index
                        .iter()
                        .map(|entry| written_out(self.system, entry))
                        .collect();
                    let mut parts = parts?;
                    let elements = parts.split_off(slots);
                    Some(Expr::new(
                        ExprKind::Quantity {
                            family: *family,
                            slots: parts,
                            elements: elements.into_iter().map(Entry::At).collect(),
                        },
                        span,
                    ))
                }
                crate::term::Node::Index(affine) => written_out(self.system, affine),
                _ => None,
            },
        }
    }

    /// Whether a text is a size of the network.
    pub(crate) fn is_size(&self, list: &[Noad]) -> bool {
        self.find(list)
            .is_some_and(|found| matches!(found.meaning, Meaning::Size(_)))
    }

    /// Whether a text is a size of the network and nothing else.
    pub(crate) fn is_plain_size(&self, list: &[Noad]) -> bool {
        self.find(list).is_some_and(|found| {
            matches!(found.meaning, Meaning::Size(_))
                && found.length == list.len()
                && found.rest.is_bare()
        })
    }

    /// The family of exactly this name.
    pub(crate) fn family(&self, name: &str) -> Option<FamilyId> {
        self.families.get(name).copied()
    }

    /// The letters and sizes that the network counts a quantity's layers or steps with.
    pub(crate) fn counters(&self, family: FamilyId) -> FxHashSet<String> {
        let known = self.system.family(family);
        let mut letters = FxHashSet::default();
        for clause in &known.clauses {
            for slot in &clause.index[..known.slots] {
                slot.visit_vars(&mut |var| {
                    letters.insert(self.system.store.letter(var).to_owned());
                });
                for (atom, _) in slot.terms() {
                    if let Atom::Size(size, _) = atom {
                        letters.insert(self.system.size(*size).name.clone());
                    }
                }
                for bound in clause.domain.constraints() {
                    for (atom, _) in bound.affine().terms() {
                        if let Atom::Size(size, slots) = atom
                            && slots.is_empty()
                        {
                            letters.insert(self.system.size(*size).name.clone());
                        }
                    }
                }
            }
        }
        letters
    }

    /// Whether some quantity has layers or steps.
    pub(crate) fn has_slots(&self) -> bool {
        let mut families = self.system.families.iter();
        families.any(|family| family.slots > 0)
    }

    /// Whether a letter may be meant as an index where an index is expected.
    pub(crate) fn is_real_quantity(&self, family: FamilyId) -> bool {
        self.system.family(family).integers.is_none()
    }

    /// The name that stands at the beginning of the list, the longest that fits.
    pub(crate) fn find(&self, list: &[Noad]) -> Option<Found> {
        let mut best: Option<Found> = None;
        let mut offer = |found: Found| {
            if best.as_ref().is_none_or(|best| found.weight > best.weight) {
                best = Some(found);
            }
        };
        for (at, spelling) in self.spellings.iter().enumerate() {
            if let Some(found) = self.spelling_at(spelling, list, at) {
                offer(found);
            }
        }
        for (pattern, function) in &self.scripted {
            if let Some(rest) = list.first().and_then(|given| applied(pattern, given)) {
                offer(Found {
                    meaning: Meaning::Function(function.clone()),
                    length: 1,
                    rest,
                    weight: (1, 1, 2, 0),
                });
            }
        }
        self.natural(list, &mut offer);
        best
    }

    /// The quantity of the network that a list begins with, whatever else the text calls so.
    pub(crate) fn find_quantity(&self, list: &[Noad]) -> Option<Found> {
        let mut best: Option<Found> = None;
        self.natural(list, &mut |found: Found| {
            let quantity = matches!(found.meaning, Meaning::Quantity(_));
            if quantity && best.as_ref().is_none_or(|best| found.weight > best.weight) {
                best = Some(found);
            }
        });
        best
    }

    fn spelling_at(&self, spelling: &Spelling, list: &[Noad], order: usize) -> Option<Found> {
        let pattern = &spelling.pattern;
        let length = pattern.len();
        if length == 0 || list.len() < length {
            return None;
        }
        let mut bound: Vec<(String, List)> = Vec::new();
        for (expected, given) in pattern[..length - 1].iter().zip(list) {
            unify(expected, given, &spelling.letters, &mut bound).then_some(())?;
        }
        let (expected, given) = (&pattern[length - 1], &list[length - 1]);
        let mut rest = given.bare();
        let mut scripts = 0;
        if expected.primes > 0 {
            (expected.primes == given.primes).then_some(())?;
        } else {
            rest.primes = given.primes;
        }
        unify_kind(expected, given, &spelling.letters, &mut bound).then_some(())?;
        for (wanted, found, left, below) in [
            (&expected.sub, &given.sub, &mut rest.sub, true),
            (&expected.sup, &given.sup, &mut rest.sup, false),
        ] {
            match (wanted, found) {
                (None, found) => left.clone_from(found),
                (Some(_), None) => return None,
                (Some(wanted), Some(found)) => {
                    if below && let Some(index) = index_behind(wanted, found, &spelling.letters) {
                        unify_lists(
                            wanted,
                            &found[..wanted.len()],
                            &spelling.letters,
                            &mut bound,
                        )
                        .then_some(())?;
                        *left = Some(found[index..].to_vec());
                        continue;
                    }
                    scripts += 1;
                    // `A^{[1]T}`: a slot in brackets, then something else.
                    let fenced = wanted
                        .last()
                        .is_some_and(|last| matches!(last.kind, Kind::Fence(..)));
                    let taken = if fenced && found.len() > wanted.len() {
                        wanted.len()
                    } else {
                        found.len()
                    };
                    unify_lists(wanted, &found[..taken], &spelling.letters, &mut bound)
                        .then_some(())?;
                    if taken < found.len() {
                        *left = Some(found[taken..].to_vec());
                    }
                }
            }
        }
        let mut values = Vec::new();
        let mut inexact = 0;
        for (letter, text) in &bound {
            let same = matches!(text.as_slice(), [only] if only.is_bare() && text_of(&text[..1]).as_deref() == Some(letter));
            if !same {
                inexact += 1;
            }
            let index = super::read::index(self, text).ok()?;
            values.push((letter.clone(), index));
        }
        let span = list[0].span.to(list[length - 1].span);
        let value = spelling.value.with_letters(&values).moved(span);
        // `w_{kj}` is no beginning of `w_{kj}^{(2)}` where it has no layers left.
        let slotted = matches!(&value.plain().kind, ExprKind::Quantity { family, slots, .. }
            if slots.is_empty() && self.system.family(*family).slots > 0);
        let marked = rest.sup.as_ref().is_some_and(|sup| {
            matches!(sup.as_slice(), [only] if matches!(only.kind, Kind::Fence('(' | '[', _)))
        });
        if marked && !slotted {
            return None;
        }
        Some(Found {
            meaning: Meaning::Spelled(Expr::new(ExprKind::Named(Box::new(value)), span)),
            length,
            rest,
            weight: (length, scripts, 2, order as i32 - 1000 * inexact),
        })
    }

    fn natural(&self, list: &[Noad], offer: &mut impl FnMut(Found)) {
        let mut base = String::new();
        for (at, noad) in list.iter().enumerate() {
            let Some(text) = symbol(noad) else { return };
            base.push_str(&text);
            if let Some(sub) = &noad.sub
                && let Some(tail) = text_of(sub)
            {
                for name in [format!("{base}{tail}"), format!("{base}_{tail}")] {
                    let rest = Noad {
                        sub: None,
                        ..noad.clone()
                    };
                    self.offer_name(&name, at + 1, 1, rest, offer);
                }
            }
            // `W_{2,ij}`: an element of `W2`.
            if let Some(sub) = &noad.sub
                && !self.families.contains_key(&base)
                && let Some(comma) = sub.iter().position(|noad| noad.is_sign(","))
                && let Some(tail) = text_of(&sub[..comma])
            {
                for name in [format!("{base}{tail}"), format!("{base}_{tail}")] {
                    let rest = Noad {
                        sub: Some(sub[comma + 1..].to_vec()),
                        ..noad.clone()
                    };
                    self.offer_name(&name, at + 1, 1, rest, offer);
                }
            }
            if at == 0 && self.d_derives && self.is_d_of_quantity(list) {
                continue;
            }
            // `\log 2` is no name of a function.
            let counted = at > 0 && matches!(noad.kind, Kind::Number(_));
            if !(counted && self.functions.contains_key(&base)) {
                self.offer_name(&base, at + 1, 0, noad.clone(), offer);
            }
            if !noad.is_bare() || at > 24 {
                return;
            }
        }
    }

    /// Whether an equation is about `dW` where d is a size: no equation is about a multiple of a quantity.
    pub(crate) fn is_about_derivative(&self, list: &[Noad]) -> bool {
        let end = list.iter().position(Noad::is_equality);
        end.is_some_and(|end| {
            let found = list.get(1..end).and_then(|of| self.find_quantity(of));
            self.is_d_of_quantity(list) && found.is_some_and(|found| found.length + 1 == end)
        })
    }

    /// Whether a d that is the name of a size stands in front of a quantity.
    fn is_d_of_quantity(&self, list: &[Noad]) -> bool {
        let [d, of @ ..] = list else { return false };
        d.kind == Kind::Letter('d')
            && d.is_bare()
            && self.sizes.contains_key("d")
            && self.find_quantity(of).is_some()
    }

    fn offer_name(
        &self,
        name: &str,
        length: usize,
        scripts: usize,
        rest: Noad,
        offer: &mut impl FnMut(Found),
    ) {
        let mut found = |meaning: Meaning, rank: usize| {
            offer(Found {
                meaning,
                length,
                rest: rest.clone(),
                weight: (length, scripts, rank, 0),
            });
        };
        if self.index_letters.contains(name) {
            return;
        }
        if let Some(family) = self.families.get(name) {
            found(Meaning::Quantity(*family), 1);
        } else if let Some(size) = self.sizes.get(name) {
            found(Meaning::Size(*size), 1);
        } else if let Some(function) = self.functions.get(name) {
            found(Meaning::Function(function.clone()), 0);
        }
    }
}

/// Whether a function is another, or is written with it.
fn speaks_of(function: &str, other: &str) -> bool {
    let Some(row) = crate::functions::row(function) else {
        return false;
    };
    let mut texts = row.slopes.iter().chain([&row.value]);
    let word = |c: char| !(c.is_alphanumeric() || c == '_');
    row.name == other || texts.any(|text| text.split(word).any(|found| found == other))
}

/// The letters that stand anywhere in a list.
pub(super) fn letters_of(list: &[Noad], into: &mut Vec<String>) {
    for noad in list {
        match &noad.kind {
            Kind::Letter(letter) => into.push(letter.to_string()),
            Kind::Fence(_, inside) | Kind::Group(inside) | Kind::Accent(_, inside) => {
                letters_of(inside, into)
            }
            _ => {}
        }
        for script in [&noad.sub, &noad.sup].into_iter().flatten() {
            letters_of(script, into);
        }
    }
}

/// The text of one symbol without its scripts, as the network language spells it.
fn symbol(noad: &Noad) -> Option<String> {
    match &noad.kind {
        Kind::Letter(letter) => Some(letter.to_string()),
        Kind::Number(digits) => Some(digits.clone()),
        Kind::Command(name) if matches!(name.as_str(), "sum" | "prod" | "partial" | "nabla") => {
            None
        }
        Kind::Command(name) => Some(name.clone()),
        Kind::Word(word) => Some(word.clone()),
        Kind::Accent(accent, inside) => match inside.as_slice() {
            [only] => Some(format!("{}_{accent}", symbol(only)?)),
            _ => None,
        },
        Kind::Group(inside) => match inside.as_slice() {
            [only] if only.is_bare() => symbol(only),
            _ => None,
        },
        _ => None,
    }
}

/// A list of letters and digits as a name: `h1`, `(1)`, `total`.
pub(crate) fn text_of(list: &[Noad]) -> Option<String> {
    let list = match list {
        [only] if only.is_bare() => match &only.kind {
            Kind::Fence('(' | '[', inside) | Kind::Group(inside) => inside.as_slice(),
            _ => list,
        },
        _ => list,
    };
    let mut text = String::new();
    for noad in list {
        if !noad.is_bare() {
            return None;
        }
        text.push_str(&symbol(noad)?);
    }
    (!text.is_empty()).then_some(text)
}

fn unify(
    expected: &Noad,
    given: &Noad,
    letters: &[String],
    bound: &mut Vec<(String, List)>,
) -> bool {
    expected.primes == given.primes
        && unify_kind(expected, given, letters, bound)
        && unify_scripts(
            expected.sub.as_deref(),
            given.sub.as_deref(),
            letters,
            bound,
        )
        && unify_scripts(
            expected.sup.as_deref(),
            given.sup.as_deref(),
            letters,
            bound,
        )
}

fn unify_scripts(
    expected: Option<&[Noad]>,
    given: Option<&[Noad]>,
    letters: &[String],
    bound: &mut Vec<(String, List)>,
) -> bool {
    match (expected, given) {
        (None, None) => true,
        (Some(expected), Some(given)) => unify_lists(expected, given, letters, bound),
        _ => false,
    }
}

fn unify_kind(
    expected: &Noad,
    given: &Noad,
    letters: &[String],
    bound: &mut Vec<(String, List)>,
) -> bool {
    match (&expected.kind, &given.kind) {
        (Kind::Fence(a, expected), Kind::Fence(b, given)) => {
            a == b && unify_lists(expected, given, letters, bound)
        }
        (Kind::Group(expected), Kind::Group(given)) => unify_lists(expected, given, letters, bound),
        (expected, given) => expected == given,
    }
}

/// What is attached to the name of a function beside the scripts that belong to it: the mark of `g^{[1]'}`.
fn applied(pattern: &Noad, given: &Noad) -> Option<Noad> {
    let mut letters = Vec::new();
    for script in [&pattern.sub, &pattern.sup].into_iter().flatten() {
        letters_of(script, &mut letters);
    }
    (pattern.kind == given.kind).then_some(())?;
    let mut rest = given.clone();
    let mut bound = Vec::new();
    for (wanted, left) in [(&pattern.sub, &mut rest.sub), (&pattern.sup, &mut rest.sup)] {
        let Some(wanted) = wanted else { continue };
        let found = left.take()?;
        let mut own = found.get(..wanted.len())?.to_vec();
        let last = own.last_mut()?;
        rest.primes += std::mem::take(&mut last.primes);
        unify_lists(wanted, &own, &letters, &mut bound).then_some(())?;
        let more = &found[wanted.len()..];
        *left = (!more.is_empty()).then(|| more.to_vec());
    }
    Some(rest)
}

/// Where the index of an element begins behind the subscript of a name: `\delta_{3,i}`, `\delta_{3i}`, of a name for any
/// layer `\delta_{l,i}`.
fn index_behind(wanted: &[Noad], found: &[Noad], letters: &[String]) -> Option<usize> {
    let own = found.get(..wanted.len())?;
    let (next, behind) = (found.get(wanted.len())?, wanted.len() + 1);
    let any = matches!(wanted, [only]
        if matches!(&only.kind, Kind::Letter(letter) if letters.contains(&letter.to_string())));
    if next.is_sign(",") && behind < found.len() {
        let same = own == wanted;
        // `\delta_{i,j}` is Kronecker's beside `\delta_l`.
        let layer =
            matches!(own, [only] if matches!(only.kind, Kind::Number(_) | Kind::Letter('L')));
        return (same || (any && layer)).then_some(behind);
    }
    let numbered = matches!(own, [only] if matches!(only.kind, Kind::Number(_)));
    let index = found[wanted.len()..]
        .iter()
        .all(|noad| super::read::letter_name(noad).is_some());
    (numbered && own == wanted && index).then_some(wanted.len())
}

/// A list of one variable letter binds the whole of what is given.
fn unify_lists(
    expected: &[Noad],
    given: &[Noad],
    letters: &[String],
    bound: &mut Vec<(String, List)>,
) -> bool {
    if let [only] = expected
        && only.is_bare()
        && let Kind::Letter(letter) = &only.kind
        && letters.contains(&letter.to_string())
    {
        // One index, perhaps with arithmetic: `x_{jk}` is no `x_i`.
        let several = given.len() > 1
            && (given.iter().any(|noad| noad.is_sign(","))
                || given
                    .iter()
                    .all(|noad| super::read::letter_name(noad).is_some()));
        return !several && bind(&letter.to_string(), given, bound);
    }
    expected.len() == given.len()
        && expected.iter().zip(given).all(|(expected, given)| {
            if let Kind::Letter(letter) = &expected.kind
                && expected.is_bare()
                && letters.contains(&letter.to_string())
            {
                bind(&letter.to_string(), std::slice::from_ref(given), bound)
            } else {
                unify(expected, given, letters, bound)
            }
        })
}

fn bind(letter: &str, given: &[Noad], bound: &mut Vec<(String, List)>) -> bool {
    if given.is_empty() {
        return false;
    }
    match bound.iter().find(|(other, _)| other == letter) {
        Some((_, before)) => before.as_slice() == given,
        None => {
            bound.push((letter.to_owned(), given.to_vec()));
            true
        }
    }
}

/// An index as an expression; none if data stands in it.
pub(crate) fn written_out(system: &System, affine: &Affine) -> Option<Expr> {
    let span = Span::default();
    let number = |value: num_rational::Ratio<i64>| {
        Expr::new(
            ExprKind::Number(num_rational::BigRational::new(
                (*value.numer()).into(),
                (*value.denom()).into(),
            )),
            span,
        )
    };
    let mut terms = Vec::new();
    for (atom, coefficient) in affine.terms() {
        let value = match atom {
            Atom::Var(var) => {
                Expr::new(ExprKind::Letter(system.store.letter(*var).to_owned()), span)
            }
            Atom::Size(size, slots) => {
                let slots: Option<Vec<Expr>> =
                    slots.iter().map(|slot| written_out(system, slot)).collect();
                Expr::new(ExprKind::Size(*size, slots?), span)
            }
            Atom::Read(..) => return None,
        };
        let one = num_rational::Ratio::from_integer(1);
        let minus = *coefficient < num_rational::Ratio::from_integer(0);
        let size = if minus { -*coefficient } else { *coefficient };
        let term = if size == one {
            value
        } else {
            let product = vec![(Join::Product, number(size)), (Join::Product, value)];
            Expr::new(ExprKind::Product(product), span)
        };
        terms.push((minus, term));
    }
    let constant = affine.constant();
    let zero = num_rational::Ratio::from_integer(0);
    if constant != zero || terms.is_empty() {
        let minus = constant < zero && !terms.is_empty();
        terms.push((minus, number(if minus { -constant } else { constant })));
    }
    Some(match terms.as_slice() {
        [(false, only)] => only.clone(),
        _ => Expr::new(ExprKind::Sum(terms), span),
    })
}
