//! Formulas as people write them by hand, read with the symbols and shapes of a network.
//!
//! ```text
//! text ──token──▶ tokens ──document──▶ formulas ──noad──▶ symbols with scripts ──read, names──▶ expressions ──lower──▶ arrays of terms
//! ```
//!
//! Readings are fixed by declarations and shapes, before any value is looked at.

mod differential;
mod document;
mod header;
mod lengths;
mod lower;
mod names;
mod noad;
mod qualifier;
mod read;
mod tex;
mod token;
mod tree;
mod update;

use std::borrow::Cow;

use crate::source::{Diagnostic, Report, Source, Span};
use crate::system::System;
use differential::Changes;

pub(crate) use differential::aligned;
pub(crate) use header::{Header, LetterRule};
pub(crate) use lower::{
    Array, Definition, Fault, Instantiated, Letters, Lowering, Room, Structure, extents,
};
pub(crate) use names::written_out;
pub(crate) use tex::edited;
pub(crate) use tree::{Binder, Condition, Entry, Expr, ExprKind, Fold, Join, print};

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// It claims something.
    Claim,
    /// It defines a name that the network knows: what it says of that name is judged.
    Definition,
    /// It defines a name of the person's own: there is nothing to judge.
    OwnDefinition,
}

/// One line of a claim file: what it claims to be equal.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its place in the file.
    pub(crate) span: Span,
    /// The members of the chain of equalities; of a line that goes on, without the left side above.
    pub(crate) members: Vec<Expr>,
    /// Whether the left side of the line above goes on.
    pub(crate) continues: bool,
    pub(crate) kind: LineKind,
    /// What the header and the line itself say of the letters.
    pub(crate) letters: Vec<LetterRule>,
    /// Equations that hold at the points that the line speaks of: those of the header, and of bars behind its sides.
    pub(crate) at: Vec<(Expr, Expr)>,
    /// Whether it says nothing of the points on kinks.
    pub(crate) off_kinks: bool,
    /// Whether a d in front of a quantity means its differential.
    of_differentials: bool,
    /// The letters of its left side.
    left_letters: Vec<String>,
    /// Loose habits that were read all the same.
    pub(crate) notes: Vec<String>,
}

/// A formula that was not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its place in the file.
    pub span: Span,
    /// Why.
    pub why: String,
}

/// A claim file and the network that its names are of.
#[derive(Debug)]
pub(crate) struct Reading<'s> {
    pub(crate) claims: Claims,
    /// With what given quantities change by, where the claims speak of differentials.
    pub(crate) system: Cow<'s, System>,
    changes: Changes,
}

/// A claim file, read.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) header: Header,
    pub(crate) lines: Vec<Line>,
    /// Formulas that claim nothing about the network.
    pub(crate) skipped: Vec<Skipped>,
}

/// Reads a claim file with the names of a network.
///
/// # Errors
/// The first thing that cannot be read, with its place.
pub(crate) fn read<'s>(
    source: &Source,
    system: &'s System,
    about: Option<&str>,
) -> Result<Reading<'s>, Report> {
    let none = Changes::from([]);
    let own = noad::Macros::default;
    match read_with(source, (system, &none), about, Centred::Product, own()) {
        Ok(claims) => Ok(Reading {
            claims,
            system: Cow::Borrowed(system),
            changes: none,
        }),
        Err(report)
            if report
                .diagnostics()
                .iter()
                .any(|it| it.code == DIFFERENTIAL) =>
        {
            let (system, changes) = differential::with_changes(system);
            let known = (&system, &changes);
            let claims = read_with(source, known, about, Centred::Product, own())?;
            Ok(Reading {
                claims,
                system: Cow::Owned(system),
                changes,
            })
        }
        Err(report) => Err(report),
    }
}

/// The code of a symbol without a meaning.
const UNKNOWN: &str = "unknown-symbol";

/// The code of what is refused as long as nothing is known of differentials.
const DIFFERENTIAL: &str = "differential";

/// What `\cdot` is where the header does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Centred {
    /// A product like any other.
    Product,
    /// Between two columns their dot product.
    Dot,
}

/// The same claim with `\cdot` between two columns as their dot product; none if `\cdot` does not occur or has a
/// meaning already.
pub(crate) fn read_with_dots(
    source: &Source,
    reading: &Reading<'_>,
    about: Option<&str>,
) -> Option<Claims> {
    if !source.text.contains(r"\cdot") {
        return None;
    }
    let own = noad::Macros::default();
    let known = (&*reading.system, &reading.changes);
    let claims = read_with(source, known, about, Centred::Dot, own).ok()?;
    let signs = claims.header.signs.joins.iter();
    (signs.filter(|(sign, _)| sign == "cdot").count() == 1).then_some(claims)
}

fn read_with<'a>(
    source: &'a Source,
    (system, changes): (&'a System, &Changes),
    about: Option<&str>,
    centred: Centred,
    macros: noad::Macros<'a>,
) -> Result<Claims, Report> {
    let document = document::split(&source.text)?;
    let mut names = names::Names::new(system, document.macros.or(macros), changes.clone());
    let mut header = Header::read(&document.header, &mut names)?;
    if centred == Centred::Dot {
        header.signs.joins.push(("cdot".into(), Join::Dot));
    }
    if let Some(about) = about {
        header.about = Some(header::expression(about, 0, &names)?);
    }
    let mut lists = Vec::new();
    let mut claims = Claims {
        header: Header::default(),
        lines: Vec::new(),
        skipped: Vec::new(),
    };
    for formula in &document.formulas {
        let claims_nothing = || !formula.tokens.iter().any(token::Token::is_equality);
        match noad::read(&formula.tokens, &names.macros) {
            Ok(list) => lists.push((formula, list)),
            Err(report) if document.has_prose && claims_nothing() => {
                claims.skip(formula.span(), &report);
            }
            Err(report) => return Err(report),
        }
    }
    // Who stacks the columns of a matrix means Kronecker's product of columns too.
    let signs = &mut header.signs.joins;
    if signs.iter().all(|(sign, _)| sign != "otimes")
        && lists.iter().any(|(_, list)| noad::says(list, "vec"))
    {
        signs.push(("otimes".into(), Join::Kronecker));
    }
    names.d_derives = lists.iter().any(|(formula, list)| {
        let statements = statements(list, formula.continues);
        let mut all = statements.iter();
        all.any(|statement| names.is_about_derivative(statement.list))
    });
    // Definitions may stand behind what uses them.
    let mut defined = Vec::new();
    let mut later: Vec<Statement<'_>> = Vec::new();
    // `H = \nabla^2 J = …`: a name for what is claimed; and `H = …`, a name for what the header says that it is about.
    let mut named = Vec::new();
    let mut about = Vec::new();
    // An equation stands in front; and so do values that are given for what it is about.
    let (mut claimed, mut at_values) = (false, false);
    for (formula, list) in &lists {
        for (at, statement) in statements(list, formula.continues).into_iter().enumerate() {
            if formula.continues && at == 0 {
                continue;
            }
            let span = noad::span_of(statement.list).unwrap_or_default();
            if statement.is_update(&names, &header) {
                continue;
            }
            at_values |= claimed && document.has_prose && statement.gives_value(formula, &names);
            if at_values && statement.is_numeric() {
                let why = "it holds for values that are given behind a formula".into();
                claims.skipped.push(Skipped { span, why });
                defined.push(span);
                continue;
            }
            let name = statement.new_name(&names);
            let used = |name| lists.iter().any(|(_, list)| uses(list, name, span));
            let defines = if statement.defines(formula) {
                match claims.define(&statement, &mut names, &header) {
                    Ok(()) => true,
                    // What it uses may be defined further on.
                    Err(report) if report.diagnostics().iter().any(|it| it.code == UNKNOWN) => {
                        later.push(statement);
                        continue;
                    }
                    Err(report) if document.has_prose && !statement.renames(&names) => {
                        claims.skip(span, &report);
                        defined.push(span);
                        continue;
                    }
                    Err(report) => return Err(report),
                }
            } else {
                name.is_some_and(used) && claims.define(&statement, &mut names, &header).is_ok()
            };
            claimed |= !defines && statement.list.iter().any(noad::Noad::is_equality);
            let is_named = name.is_some();
            let unusual = || header.about.is_some() && statement.is_unusual(&names, &header);
            if is_named && statement.is_chain() {
                named.push(span);
            } else if defines {
                defined.push(span);
            } else if (is_named && header.about.is_some()) || unusual() {
                about.push(span);
            }
        }
    }
    while !later.is_empty() {
        let (before, mut failed) = (later.len(), None);
        later.retain(|statement| {
            match claims.define(statement, &mut names, &header) {
                Ok(()) => defined.extend(noad::span_of(statement.list)),
                Err(report) => failed = failed.take().or(Some(report)),
            }
            !noad::span_of(statement.list).is_some_and(|span| defined.contains(&span))
        });
        if let Some(report) = failed.filter(|_| later.len() == before) {
            let unusable = |statement: &Statement<'_>| !statement.renames(&names);
            if !document.has_prose || !later.iter().all(unusable) {
                return Err(report);
            }
            // A text defines more than what its formulas need.
            for statement in later.drain(..) {
                let span = noad::span_of(statement.list).unwrap_or_default();
                claims.skip(span, &report);
                defined.push(span);
            }
        }
    }
    for (name, value) in lists
        .iter()
        .flat_map(|(formula, _)| document::labels::of(&formula.tokens))
    {
        let (Ok(name), Ok(value)) = (
            noad::read(name, &names.macros),
            noad::read(value, &names.macros),
        ) else {
            continue;
        };
        let [symbol] = name.as_slice() else { continue };
        let anywhere = Span::default();
        if names.find(&name).is_none()
            && lists.iter().any(|(_, list)| uses(list, symbol, anywhere))
            && let Ok(mut own) = line(&value, &names, &header, None)
            && let Some(value) = own.members.first().cloned()
        {
            own.kind = LineKind::OwnDefinition;
            claims.lines.push(own);
            names.add_spelling(name, value);
        }
    }
    // The header speaks of one formula.
    if about.len() == 1 {
        named.append(&mut about);
    }
    let mut skipped_above = false;
    for (formula, list) in &lists {
        for (at, statement) in statements(list, formula.continues).into_iter().enumerate() {
            let continues = formula.continues && at == 0;
            let span = noad::span_of(statement.list).unwrap_or_default();
            if defined.contains(&span) {
                continue;
            }
            let whole = header.about.is_some() || continues;
            let list = if named.contains(&span) {
                statement.behind_name()
            } else {
                statement.list
            };
            let why = if continues && skipped_above {
                Some("it goes on with what is not judged".to_owned())
            } else if !continues && statement.is_update(&names, &header) {
                Some(AN_UPDATE.to_owned())
            } else if let Some(why) = no_equality(list, whole) {
                Some(why.to_owned())
            } else if document.has_prose && !continues {
                unknown_left(list, &names, &header)
            } else {
                None
            };
            skipped_above = why.is_some();
            if let Some(why) = why {
                claims.skipped.push(Skipped { span, why });
                continue;
            }
            let above = claims.lines.last().filter(|_| continues);
            let mut read = line(list, &names, &header, above)?;
            let left = read.members.first().filter(|_| !continues);
            let letters =
                left.map_or_else(Vec::new, |left| lengths::sizes_as_indices(system, left));
            if !letters.is_empty() {
                names.index_letters.extend(letters.iter().cloned());
                read = line(list, &names, &header, above)?;
                for letter in letters {
                    names.index_letters.remove(&letter);
                    read.notes
                        .push(format!("{letter} is read as an index, not as the size"));
                }
            }
            let mut line = read;
            let about_it = line.members.len() == 1 || named.contains(&span);
            if about_it
                && !continues
                && let Some(about) = &header.about
            {
                line.members.insert(0, about.clone());
            }
            claims.lines.push(line);
        }
    }
    claims.lines.sort_by_key(|line| line.span.start);
    claims.header = header;
    if claims
        .lines
        .iter()
        .all(|line| line.kind == LineKind::OwnDefinition)
    {
        let message = "nothing was found that could be judged";
        let diagnostic = match claims.skipped.first() {
            Some(first) => Diagnostic::error("no-claim", message, first.span, first.why.clone()),
            None => Diagnostic::general("no-claim", message),
        };
        return Err(diagnostic
            .help(r"write an equation such as `\frac{\partial C}{\partial w} = …`, or say what the formula is with `--about`")
            .into());
    }
    Ok(claims)
}

impl Claims {
    fn skip(&mut self, span: Span, report: &Report) {
        let why = report
            .diagnostics()
            .first()
            .map_or_else(String::new, |first| first.message.clone());
        self.skipped.push(Skipped { span, why });
    }

    /// From here on the name means what the person says.
    fn define(
        &mut self,
        statement: &Statement<'_>,
        names: &mut names::Names<'_>,
        header: &Header,
    ) -> Result<(), Report> {
        let Some(middle) = statement.list.iter().position(noad::Noad::is_equality) else {
            return Ok(());
        };
        let (pattern, value) = (&statement.list[..middle], &statement.list[middle + 1..]);
        let (pattern, value) = if statement.named_last {
            (value, pattern)
        } else {
            (pattern, value)
        };
        let pattern = pattern.to_vec();
        // "with Step(0) = 1" is a convention, not a name.
        if names
            .find(&pattern)
            .is_some_and(|found| matches!(found.meaning, names::Meaning::Function(_)))
        {
            self.skipped.push(Skipped {
                span: noad::span_of(statement.list).unwrap_or_default(),
                why: "a convention; that of the network holds".into(),
            });
            return Ok(());
        }
        let known = is_known(&pattern, names);
        let mut own = line(value, names, header, None)?;
        let Some(value) = own.members.first().cloned() else {
            return Ok(());
        };
        if known {
            let mut whole = line(statement.list, names, header, None)?;
            whole.kind = LineKind::Definition;
            self.lines.push(whole);
        } else {
            own.kind = LineKind::OwnDefinition;
            own.span = noad::span_of(statement.list).unwrap_or(own.span);
            self.lines.push(own);
        }
        if !noad::has_derivative(&pattern) {
            names.add_spelling(pattern, value);
        }
        Ok(())
    }
}

/// Whether something is known of a left side.
fn is_known(left: &[noad::Noad], names: &names::Names<'_>) -> bool {
    let found = names.find(left);
    found.is_some_and(|found| found.length == left.len()) || noad::has_derivative(left)
}

/// The members of a statement, every letter with a meaning; of one that goes on with the line above.
fn line(
    list: &[noad::Noad],
    names: &names::Names<'_>,
    header: &Header,
    above: Option<&Line>,
) -> Result<Line, Report> {
    let mut reader = read::Reader::new(names, &header.signs);
    if let Some(above) = above {
        reader.left = above.left_letters.clone();
        reader.of_differentials = above.of_differentials;
    }
    let (list, off_behind) = qualifier::without_kinks(list);
    let gathered = read::gathered(list);
    let list = gathered.as_deref().unwrap_or(list);
    let (list, qualifier) = qualifier::split(list);
    let (list, off_before) = qualifier::without_kinks(list);
    let (list, relation) = equalities(list);
    if relation {
        reader
            .notes
            .push("what stands behind another sign than = is not judged".into());
    }
    let members = reader.members(list)?;
    let mut at = above.map_or_else(|| header.at.clone(), |above| above.at.clone());
    let bars = reader.evaluated(names.system)?;
    for (left, right) in &bars {
        let (left, right) = (print(names.system, left), print(names.system, right));
        reader.notes.push(format!("judged where {left} = {right}"));
    }
    at.extend(bars);
    let mut rules = header.letters.clone();
    if let Some(qualifier) = qualifier {
        match qualifier::rules(qualifier, names) {
            Some(own) => rules.extend(own),
            None => reader
                .notes
                .push("what stands behind the formula is not read: it is judged in general".into()),
        }
    }
    let mut letters: Vec<String> = Vec::new();
    for member in &members {
        index_letters(member, &mut letters);
    }
    for rule in &rules {
        if let LetterRule::Value(letter, _) | LetterRule::Range(letter, ..) = rule {
            letters.push(letter.clone());
        }
    }
    reader.check_letters(&letters)?;
    Ok(Line {
        span: noad::span_of(list).unwrap_or_default(),
        members,
        continues: above.is_some(),
        kind: LineKind::Claim,
        letters: rules,
        at,
        off_kinks: off_behind || off_before,
        of_differentials: reader.of_differentials,
        left_letters: std::mem::take(&mut reader.left),
        notes: std::mem::take(&mut reader.notes),
    })
}

/// A list up to the first sign between two sides that is not one of equality, and whether there is such a sign.
fn equalities(list: &[noad::Noad]) -> (&[noad::Noad], bool) {
    match list.iter().position(noad::Noad::is_other_relation) {
        Some(at) => (&list[..at], true),
        None => (list, false),
    }
}

/// Why a statement claims no equality, if it claims none; `whole`: it is a right side.
fn no_equality(list: &[noad::Noad], whole: bool) -> Option<&'static str> {
    let (list, _) = qualifier::split(list);
    let first = list
        .iter()
        .find(|noad| noad.is_equality() || noad.is_other_relation());
    match first {
        Some(noad) if noad.is_equality() => None,
        Some(noad) if noad.is_sign(noad::NEAR) => {
            Some("it says that two sides are alike, not that they are equal")
        }
        Some(noad) if noad.is_sign(noad::UPDATE) => Some(AN_UPDATE),
        Some(noad) if noad.is_command("in") && whole => None,
        Some(noad) if noad.is_command("in") => Some("it says where something lies"),
        Some(_) => Some("it is an inequality"),
        None if whole => None,
        None => Some("it states no equality"),
    }
}

/// Why a step of gradient descent is not judged.
const AN_UPDATE: &str = "it is an update, not an equation";

/// Why a left side says nothing about the network.
fn unknown_left(list: &[noad::Noad], names: &names::Names<'_>, header: &Header) -> Option<String> {
    let left = list.split(noad::Noad::is_equality).next()?;
    let mut reader = read::Reader::new(names, &header.signs);
    let report = match reader.whole(left) {
        Ok(_) => reader.check_letters(&[]).err()?,
        Err(report) => report,
    };
    let first = report.diagnostics().first()?;
    (first.code == UNKNOWN).then(|| first.message.clone())
}

/// One equation of a formula.
struct Statement<'l> {
    list: &'l [noad::Noad],
    /// A word such as "where" stands in front of it.
    introduced: bool,
    /// The name stands behind what it is for: `x - y := e`.
    named_last: bool,
}

impl Statement<'_> {
    fn defines(&self, formula: &document::Formula<'_>) -> bool {
        let mut signs = self.list.iter().filter(|noad| noad.is_equality());
        let by_sign = signs.next().is_some_and(|noad| noad.is_sign(":="));
        let equality = self.list.iter().any(noad::Noad::is_equality);
        by_sign || (equality && (self.introduced || formula.defines))
    }

    /// Whether it says what becomes of a quantity.
    fn is_update(&self, names: &names::Names<'_>, header: &Header) -> bool {
        let has_unknown = || {
            let report = line(self.list, names, header, None).err();
            report.is_some_and(|report| report.diagnostics().iter().any(|it| it.code == UNKNOWN))
        };
        update::is_update(self.list, has_unknown)
    }

    /// Whether it says something of what is known already.
    fn renames(&self, names: &names::Names<'_>) -> bool {
        let mut sides = self.list.split(noad::Noad::is_equality);
        let side = if self.named_last {
            sides.next_back()
        } else {
            sides.next()
        };
        side.is_some_and(|side| is_known(side, names))
    }

    /// Whether it gives a quantity of the network a value: "with x = 2".
    fn gives_value(&self, formula: &document::Formula<'_>, names: &names::Names<'_>) -> bool {
        let left = self.list.split(noad::Noad::is_equality).next();
        let quantity = left.and_then(|left| {
            let found = names.find(left)?;
            (found.length == left.len()).then_some(found.meaning)
        });
        matches!(quantity, Some(names::Meaning::Quantity(_)))
            && self.defines(formula)
            && self.is_numeric()
    }

    /// Whether a number is what its last side says.
    fn is_numeric(&self) -> bool {
        let last = self.list.rsplit(noad::Noad::is_equality).next();
        let has_sign = self.list.iter().any(noad::Noad::is_equality);
        let number = |noad: &noad::Noad| {
            let sign = matches!(noad.kind, noad::Kind::Number(_) | noad::Kind::Sign(_));
            sign || noad.is_command("cdot") || noad.is_command("times")
        };
        has_sign && last.is_some_and(|last| !last.is_empty() && last.iter().all(number))
    }

    /// Whether it has more than two sides.
    fn is_chain(&self) -> bool {
        let signs = self.list.iter().filter(|noad| noad.is_equality());
        signs.count() > 1
    }

    /// Whether its left side is no fraction and cannot be read: the header may say what it stands for.
    fn is_unusual(&self, names: &names::Names<'_>, header: &Header) -> bool {
        let Some(sign) = self.list.iter().position(noad::Noad::is_equality) else {
            return false;
        };
        let left = &self.list[..sign];
        let fraction = |noad: &noad::Noad| matches!(noad.kind, noad::Kind::Fraction(..));
        let mut reader = read::Reader::new(names, &header.signs);
        let read = reader.whole(left).and_then(|_| reader.check_letters(&[]));
        // `\nabla L` does not say itself by what.
        let open = matches!(left, [nabla, _] if nabla.is_command("nabla") && nabla.sub.is_none());
        !left.is_empty() && !left.iter().any(fraction) && (open || read.is_err())
    }

    /// Everything but its left side.
    fn behind_name(&self) -> &[noad::Noad] {
        let sign = self.list.iter().position(noad::Noad::is_equality);
        sign.map_or(self.list, |sign| &self.list[sign + 1..])
    }

    /// What its left side is, alone or with arguments, if it is a symbol that nothing is known of.
    fn new_name(&self, names: &names::Names<'_>) -> Option<&noad::Noad> {
        let (name, sign) = match self.list {
            [name, arguments, sign, _, ..]
                if matches!(arguments.kind, noad::Kind::Fence('(', _)) =>
            {
                (name, sign)
            }
            [name, sign, _, ..] => (name, sign),
            _ => return None,
        };
        let symbol = matches!(
            name.kind,
            noad::Kind::Letter(_) | noad::Kind::Command(_) | noad::Kind::Accent(..)
        );
        (symbol && name.primes == 0 && sign.is_equality() && names.find(&self.list[..1]).is_none())
            .then_some(name)
    }
}

/// Whether a symbol stands somewhere in a list as a value, other than in its own definition.
fn uses(list: &[noad::Noad], name: &noad::Noad, definition: Span) -> bool {
    list.iter().any(|noad| {
        let outside = noad.span.end <= definition.start || noad.span.start >= definition.end;
        (outside && noad.kind == name.kind && noad.sub == name.sub)
            || noad
                .inside()
                .into_iter()
                .any(|list| uses(list, name, definition))
    })
}

/// A formula that ends with a name for its last side, `… = x - y := e`: what is claimed, and the side with its name.
fn ending(list: &[noad::Noad], continues: bool) -> Option<(&[noad::Noad], &[noad::Noad])> {
    let sign = list.iter().rposition(noad::Noad::is_equality)?;
    let before = list[..sign].iter().rposition(noad::Noad::is_equality);
    let side = match before {
        Some(before) => before + 1,
        None if continues => 0,
        None => return None,
    };
    list[sign]
        .is_sign(":=")
        .then(|| (&list[..sign], &list[side..]))
}

/// A list at the commas behind which the equation of a derivative begins.
fn before_derivatives(list: &[noad::Noad]) -> Vec<&[noad::Noad]> {
    let mut found = Vec::new();
    let mut start = 0;
    for at in 1..list.len().saturating_sub(1) {
        let behind = &list[at + 1..];
        let derivative = noad::has_derivative(&behind[..1]);
        if list[at].is_sign(",") && derivative && behind.iter().any(noad::Noad::is_equality) {
            found.push(&list[start..at]);
            start = at + 1;
        }
    }
    found.push(&list[start..]);
    found
}

/// Equations that commas or words join; all of it as one where something else stands among them.
fn equations(list: &[noad::Noad]) -> Vec<&[noad::Noad]> {
    let parts: Vec<&[noad::Noad]> = list
        .split(|noad| noad.is_sign(",") || noad.is_sign(";") || qualifier::is_and(noad))
        .map(qualifier::without_remarks)
        .filter(|part| !part.is_empty())
        .collect();
    let all_equations = parts
        .iter()
        .all(|part| part.iter().any(noad::Noad::is_equality));
    if all_equations && qualifier::split(list).1.is_none() {
        parts
    } else {
        vec![list]
    }
}

/// Statements that commas or words join: `x = 0, y = 0.5`, `C = \delta x where \delta = …`.
fn statements(list: &[noad::Noad], continues: bool) -> Vec<Statement<'_>> {
    let introduces = |noad: &noad::Noad| {
        matches!(&noad.kind, noad::Kind::Word(word)
            if document::DEFINING.contains(&word.trim_matches([' ', ',', ':']).to_lowercase().as_str()))
    };
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=list.len() {
        if at < list.len() && !introduces(&list[at]) {
            continue;
        }
        let part = qualifier::without_remarks(&list[start..at]);
        let introduced = start > 0;
        let parts = before_derivatives(part).into_iter().flat_map(equations);
        for (number, list) in parts.filter(|part| !part.is_empty()).enumerate() {
            let goes_on = continues && !introduced && number == 0;
            let (list, named) = match ending(list, goes_on) {
                Some((claimed, named)) => (claimed, Some(named)),
                None => (list, None),
            };
            found.push(Statement {
                list,
                introduced,
                named_last: false,
            });
            found.extend(named.map(|list| Statement {
                list,
                introduced: true,
                named_last: true,
            }));
        }
        start = at + 1;
    }
    found
}

/// Another right side in a claim's place, under the same header; none if it cannot be read.
pub(crate) fn reread(source: &Source, system: &System, left: &Expr, right: &str) -> Option<Expr> {
    let left = source.slice(left.span).trim().trim_end_matches('&');
    if left.is_empty() || left.contains('%') {
        return None;
    }
    let document = document::split(&source.text).ok()?;
    let header = document
        .header
        .iter()
        .map(|line| format!("%{}:{}\n", line.key, line.text));
    let text = format!("{}{left} = {right}", header.collect::<String>());
    let again = Source::new(source.name.clone(), text);
    let macros = document.macros;
    let none = Changes::from([]);
    let claims = read_with(&again, (system, &none), None, Centred::Product, macros).ok()?;
    match claims.lines.as_slice() {
        [line] if line.members.len() == 2 => line.members.last().cloned(),
        _ => None,
    }
}

/// Letters that stand in an index somewhere.
fn index_letters(expr: &Expr, into: &mut Vec<String>) {
    let mut add = |index: &Expr| into.extend(index.free_letters());
    match &expr.kind {
        ExprKind::Quantity {
            slots, elements, ..
        } => {
            slots.iter().for_each(&mut add);
            tree::indices(elements).for_each(&mut add);
        }
        ExprKind::Elements(_, elements) => tree::indices(elements).for_each(&mut add),
        ExprKind::Size(_, slots) => slots.iter().for_each(&mut add),
        ExprKind::Unit(i, j) | ExprKind::Kronecker(i, j) => {
            add(i);
            add(j);
        }
        ExprKind::OneHot(index) => add(index),
        ExprKind::Fold { binders, .. } => {
            into.extend(binders.iter().map(|binder| binder.letter.clone()))
        }
        _ => {}
    }
    for child in expr.children() {
        index_letters(child, into);
    }
}
