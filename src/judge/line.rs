//! Lines of a claim: each member against the left side and against the member before it.

use std::cell::OnceCell;

use super::assume;
use super::compare::{Outcome, Search, compare};
use super::evaluate::{Detached, Env};
use super::look::{Counterexample, Pair};
use super::mistakes::{self as mistake, Mistake};
use super::point::Demands;
use super::sizes::{beyond, sizes};
use crate::claim::{
    self, Array, Expr, ExprKind, Fault, Letters, Line, LineKind, Lowering, Skipped, print,
};
use crate::matrix::Layout;
use crate::numeric::{Instance, deeper_instances};
use crate::source::{Report, Source, Span};
use crate::syntax::StepAtZero;
use crate::system::System;

/// What is said of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Equal: identical wherever both sides are defined.
    Equal,
    /// Equal at the sizes named.
    EqualAtSizes(Vec<String>),
    /// Equal except on kinks; where it is not.
    EqualAlmostEverywhere(Box<Counterexample>),
    /// Equal where these hold, which the network does not say.
    EqualOnlyIf(Vec<String>, Box<Counterexample>),
    /// Different, at this point.
    Differs(Box<Counterexample>),
    /// Shapes or indices do not fit.
    IllTyped(String),
    /// Nothing was decided, and why.
    Undecided(String),
}

impl Verdict {
    /// Its name in the output for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Equal => "equal",
            Verdict::EqualAtSizes(_) => "equal_at_sizes",
            Verdict::EqualAlmostEverywhere(_) => "equal_almost_everywhere",
            Verdict::EqualOnlyIf(..) => "equal_only_if",
            Verdict::Differs(_) | Verdict::IllTyped(_) => "differs",
            Verdict::Undecided(_) => "undecided",
        }
    }

    /// How bad it is; the worst one of its parts is the verdict of a whole.
    fn rank(&self) -> u8 {
        match self {
            Verdict::Equal => 0,
            Verdict::EqualAtSizes(_) => 1,
            Verdict::EqualAlmostEverywhere(_) => 2,
            Verdict::EqualOnlyIf(..) => 3,
            Verdict::Undecided(_) => 4,
            Verdict::Differs(_) | Verdict::IllTyped(_) => 5,
        }
    }

    /// Whether the claim holds, perhaps not everywhere.
    pub fn holds(&self) -> bool {
        self.rank() <= 2
    }
}

/// One line with its verdict.
#[derive(Debug, Clone)]
pub struct LineVerdict {
    /// Its place in the file.
    pub span: Span,
    /// Whether it defines a name or claims something.
    pub kind: LineKind,
    /// The reading, in the words of the network language.
    pub read_as: String,
    /// What it is about.
    pub about: String,
    /// Against the truth.
    pub verdict: Verdict,
    /// Whether it follows from the line before, where there is one.
    pub follows: Option<bool>,
    /// Derivatives that it takes as known.
    pub rests_on: Vec<String>,
    /// Loose habits that were read all the same, and further remarks.
    pub notes: Vec<String>,
    /// The likely mistake of a claim that differs.
    pub mistake: Option<Mistake>,
    /// The step patterns that were met.
    pub patterns: usize,
}

/// A claim file, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Its lines.
    pub lines: Vec<LineVerdict>,
    /// The first line that is not right, counted from 1.
    pub first_wrong_line: Option<usize>,
    /// Formulas that were not judged.
    pub skipped: Vec<Skipped>,
    /// Names that the person defined, which the network does not know.
    pub defined: Vec<(Span, String)>,
}

impl Judged {
    /// The worst of its lines.
    pub fn verdict(&self) -> &Verdict {
        self.lines
            .iter()
            .map(|line| &line.verdict)
            .max_by_key(|verdict| verdict.rank())
            .expect("a file without a claim is refused")
    }
}

/// How a file is judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'o> {
    /// What a formula without a left side is about, in the network language.
    pub about: Option<&'o str>,
    /// The layout, in place of the header's.
    pub layout: Option<Layout>,
    /// The layout where neither this nor a header says one.
    pub usual_layout: Layout,
    /// The value of Step(0), in place of the network's.
    pub step_at_zero: Option<StepAtZero>,
    /// Mistakes are not looked for.
    pub verdict_only: bool,
}

/// Reads a claim file and judges it.
///
/// # Errors
/// What cannot be read, with its place in the file.
pub fn check(system: &System, source: &Source, options: Options<'_>) -> Result<Judged, Report> {
    let reading = claim::read(source, system, options.about)?;
    let (claims, system) = (&reading.claims, &*reading.system);
    // Read again only for a line that no product fits.
    let with_dots = OnceCell::new();
    let step_at_zero = options
        .step_at_zero
        .or(system.step_at_zero)
        .unwrap_or(StepAtZero::One);
    let (instances, rest) = sizes(system, &claims.header.letters);
    let members = claims.lines.iter().flat_map(|line| &line.members);
    let large = beyond(system, members);
    let further = OnceCell::new();
    let layout = options
        .layout
        .or(claims.header.layout)
        .unwrap_or(options.usual_layout);
    let mut judge = Judge {
        system,
        rules: &claims.header.letters,
        at: &claims.header.at,
        verdict_only: options.verdict_only,
        source,
        step_at_zero,
        layout,
        lowerings: instances
            .iter()
            .map(|instance| Lowering::new(system, instance, step_at_zero, layout))
            .collect(),
        rest: &rest,
        large: &large,
        further: &further,
        tried: 0,
        absent: None,
        partial: false,
    };
    let mut lines = Vec::new();
    let mut left: Option<Expr> = None;
    let mut before: Option<Expr> = None;
    let mut defined = Vec::new();
    for (at, line) in claims.lines.iter().enumerate() {
        if line.kind == LineKind::OwnDefinition {
            let value = line.members.first();
            defined.extend(value.map(|value| (line.span, print(system, value))));
            continue;
        }
        let (start, members) = if line.continues {
            (left.clone(), line.members.as_slice())
        } else {
            (line.members.first().cloned(), &line.members[1..])
        };
        let Some(start) = start else { continue };
        if !line.continues {
            before = None;
        }
        judge.rules = &line.letters;
        judge.at = &line.at;
        let mut verdict = judge.line(line, &start, members, before.as_ref());
        let mut last = members.last().cloned();
        // Where no product fits, the shapes leave one reading for the sign.
        if let Verdict::IllTyped(_) = verdict.verdict
            && let Some(dots) = with_dots
                .get_or_init(|| claim::read_with_dots(source, &reading, options.about))
                .as_ref()
                .and_then(|claims| claims.lines.get(at))
        {
            let members = if line.continues {
                dots.members.as_slice()
            } else {
                dots.members.get(1..).unwrap_or_default()
            };
            let mut other = judge.line(dots, &start, members, before.as_ref());
            if !matches!(other.verdict, Verdict::IllTyped(_) | Verdict::Undecided(_)) {
                other
                    .notes
                    .push(r"`\cdot` between columns is read as the dot product".into());
                verdict = other;
                last = members.last().cloned();
            }
        }
        lines.push(verdict);
        before = last.or(before);
        left = Some(start);
    }
    let first_wrong_line = lines
        .iter()
        .position(|line| !line.verdict.holds())
        .map(|at| at + 1);
    Ok(Judged {
        lines,
        first_wrong_line,
        skipped: claims.skipped.clone(),
        defined,
    })
}

pub(super) struct Judge<'s> {
    pub(super) system: &'s System,
    rules: &'s [claim::LetterRule],
    at: &'s [(Expr, Expr)],
    verdict_only: bool,
    pub(super) source: &'s Source,
    pub(super) step_at_zero: StepAtZero,
    layout: Layout,
    /// The claim at the sizes that are tried. The first one has something to compare, and where a claim is wrong it is so
    /// there.
    pub(super) lowerings: Vec<Lowering<'s>>,
    /// Sizes that are tried if none of these has, deeper ones behind these, and how many of them are among these by now.
    rest: &'s [Instance],
    /// Sizes beyond the integers of the claims, at which they are only refuted.
    large: &'s [Instance],
    further: &'s OnceCell<Vec<Instance>>,
    tried: usize,
    /// What the last claim speaks of and does not exist at some layer or step of a letter, and whether others are left.
    absent: Option<String>,
    partial: bool,
}

/// How two members compare.
pub(super) enum Relation {
    Same {
        patterns: usize,
        except: Option<Counterexample>,
        /// Whether it was shown for their derivatives, and for them at points only.
        by_slopes: bool,
        /// The sizes at which there was something to compare.
        sizes: Vec<String>,
    },
    Differs(Counterexample),
    IllTyped(String),
    Open(String),
    /// There is nothing to compare at the first sizes.
    Nothing,
}

impl<'s> Judge<'s> {
    fn line(
        &mut self,
        line: &Line,
        left: &Expr,
        members: &[Expr],
        before: Option<&Expr>,
    ) -> LineVerdict {
        let mut worst: Option<Verdict> = None;
        let mut patterns = 0;
        let mut trivial = 0;
        let mut rests_on = Vec::new();
        let mut changing = Vec::new();
        let mut mistake = None;
        let (mut partial, mut by_slopes) = (false, false);
        for member in members {
            let aligned = claim::aligned(self.system, left, member);
            let (left, member) = aligned
                .as_ref()
                .map_or((left, member), |sides| (&sides.left, &sides.right));
            changing.extend(aligned.as_ref().map(|sides| sides.said.clone()));
            // What has a name of the person's own may be named; `\delta = \nabla_z C`.
            let restated = matches!(left.kind, ExprKind::Named(_)) && !named(member);
            let circular = self.contains(member, left) && !restated;
            if circular
                && members.len() > 1
                && print(self.system, member) == print(self.system, left)
            {
                trivial += 1;
                continue;
            }
            derivatives(self.system, member, &mut rests_on);
            let relation = self.relation_somewhere(left, member);
            partial |= self.partial;
            let verdict = match relation {
                Relation::Same {
                    patterns: met,
                    except,
                    by_slopes: also,
                    sizes,
                } => {
                    patterns = patterns.max(met);
                    by_slopes |= also;
                    match except {
                        _ if circular => Verdict::Undecided(
                            "the right side contains what it claims to be".into(),
                        ),
                        Some(example) if !line.off_kinks => {
                            Verdict::EqualAlmostEverywhere(Box::new(example))
                        }
                        _ if self.lowerings[0].instance.name(self.system).is_empty() => {
                            Verdict::Equal
                        }
                        _ => Verdict::EqualAtSizes(sizes),
                    }
                }
                Relation::Differs(example) => match assume::only_if(self, left, member, &example) {
                    Some(conditions) => {
                        mistake = mistake.or_else(|| {
                            mistake::of_conditions(self.system, &conditions, left, before)
                        });
                        Verdict::EqualOnlyIf(conditions, Box::new(example))
                    }
                    None => {
                        if mistake.is_none() && !self.verdict_only {
                            mistake = mistake::name(self, left, member);
                        }
                        Verdict::Differs(Box::new(example))
                    }
                },
                Relation::IllTyped(why) => {
                    if mistake.is_none() && !self.verdict_only {
                        mistake = mistake::name(self, left, member);
                    }
                    Verdict::IllTyped(why)
                }
                Relation::Open(why) => Verdict::Undecided(why),
                Relation::Nothing => {
                    Verdict::Undecided("there is nothing to compare at the sizes tried".into())
                }
            };
            if worst
                .as_ref()
                .is_none_or(|worst| verdict.rank() > worst.rank())
            {
                worst = Some(verdict);
            }
        }
        let verdict = worst.unwrap_or_else(|| {
            Verdict::Undecided(
                if trivial > 0 {
                    "the right side is what it claims to be"
                } else {
                    "nothing is claimed"
                }
                .into(),
            )
        });
        let follows = match (before, members.last()) {
            (Some(before), Some(member)) if line.continues => {
                let aligned = claim::aligned(self.system, before, member);
                let (before, member) = aligned
                    .as_ref()
                    .map_or((before, member), |sides| (&sides.left, &sides.right));
                match self.relation(before, member, &Demands::default(), false) {
                    Relation::Same { .. } => Some(true),
                    Relation::Differs(_) | Relation::IllTyped(_) => Some(false),
                    Relation::Open(_) | Relation::Nothing => None,
                }
            }
            _ => None,
        };
        let mut read_as = vec![print(self.system, left)];
        read_as.extend(members.iter().map(|member| print(self.system, member)));
        let mut notes = line.notes.clone();
        changing.dedup();
        notes.extend(changing);
        if partial {
            notes.push("judged for the layers or steps at which all of it exists".into());
        }
        if by_slopes {
            notes.push("both sides agree at points, and their derivatives by everything that is given are identical".into());
        }
        LineVerdict {
            span: line.span,
            kind: line.kind,
            read_as: read_as.join(" = "),
            about: print(self.system, left),
            verdict,
            follows,
            rests_on,
            notes,
            mistake,
            patterns,
        }
    }

    /// Whether the claim is right under another value of Step(0).
    pub(super) fn right_at_another_step(&mut self, truth: &Expr, claim: &Expr) -> bool {
        let own = self.step_at_zero;
        let found = [StepAtZero::Zero, StepAtZero::Half, StepAtZero::One]
            .into_iter()
            .filter(|other| *other != own && own != StepAtZero::Undefined)
            .any(|other| {
                self.step_at_zero = other;
                matches!(
                    self.relation(truth, claim, &Demands::default(), false),
                    Relation::Same { except: None, .. }
                )
            });
        self.step_at_zero = own;
        found
    }

    fn contains(&self, expr: &Expr, part: &Expr) -> bool {
        let wanted = print(self.system, part);
        expr.any(&mut |inner| print(self.system, inner) == wanted)
    }

    /// Compares two members. A claim about late layers says nothing of shallow networks, and one about a single layer
    /// nothing of others: sizes at which it says something are made the first of all.
    fn relation_somewhere(&mut self, truth: &Expr, claim: &Expr) -> Relation {
        (self.absent, self.partial) = (None, false);
        let mut at = 0;
        loop {
            match self.compared(truth, claim, &Demands::default(), false, true) {
                Relation::Nothing => {}
                same @ Relation::Same { .. } => {
                    let found = self.refuted_beyond(truth, claim);
                    return found.map_or(same, Relation::Differs);
                }
                found => return found,
            }
            at += 1;
            if at == self.lowerings.len() {
                let further = self.further.get_or_init(|| {
                    let mut all = self.rest.to_vec();
                    all.extend(deeper_instances(self.system));
                    all
                });
                let Some(instance) = further.get(self.tried) else {
                    return self
                        .absent
                        .take()
                        .map_or(Relation::Nothing, Relation::IllTyped);
                };
                self.tried += 1;
                let lowering = Lowering::new(self.system, instance, self.step_at_zero, self.layout);
                self.lowerings.push(lowering);
            }
            self.lowerings.swap(0, at);
        }
    }

    /// A point at sizes beyond the integers of the claim at which it is wrong; these are the first of all then.
    fn refuted_beyond(&mut self, truth: &Expr, claim: &Expr) -> Option<Counterexample> {
        let at = self.lowerings.len();
        for instance in self.large {
            let lowering = Lowering::new(self.system, instance, self.step_at_zero, self.layout);
            self.lowerings.push(lowering);
            if let Ok((pairs, zero)) = self.pairs(at, truth, claim) {
                let demands = Demands {
                    zero,
                    ..Demands::default()
                };
                let search = Search {
                    shown: true,
                    prove: false,
                    ..self.search(at, false)
                };
                let found = compare(&mut self.lowerings[at], &pairs, &demands, search);
                if let Outcome::Differs(example) = found {
                    self.lowerings.swap(0, at);
                    return Some(example);
                }
            }
            self.lowerings.pop();
        }
        None
    }

    /// Compares two members at every instance at which there is something to compare, the first of all included.
    pub(super) fn relation(
        &mut self,
        truth: &Expr,
        claim: &Expr,
        demands: &Demands,
        active: bool,
    ) -> Relation {
        self.compared(truth, claim, demands, active, false)
    }

    fn compared(
        &mut self,
        truth: &Expr,
        claim: &Expr,
        demands: &Demands,
        active: bool,
        shown: bool,
    ) -> Relation {
        let mut patterns = 0;
        let mut except = None;
        let mut open = None;
        let mut by_slopes = false;
        let mut sizes = Vec::new();
        // Whether what stands behind the formula holds anywhere.
        let mut met = false;
        for at in 0..self.lowerings.len() {
            let (pairs, at_points) = match self.pairs(at, truth, claim) {
                Ok(pairs) => pairs,
                Err(Fault::IllTyped(why, _) | Fault::Absent(why, _)) => {
                    return Relation::IllTyped(why);
                }
                Err(Fault::Unsupported(why, _)) => return Relation::Open(why),
            };
            if pairs.is_empty() {
                if at == 0 {
                    return Relation::Nothing;
                }
                continue;
            }
            let mut demands = demands.clone();
            demands.zero.extend(at_points);
            let search = Search {
                shown,
                values: shown,
                prove: open.is_none(),
                ..self.search(at, active)
            };
            let outcome = compare(&mut self.lowerings[at], &pairs, &demands, search);
            // Which sizes matter is known once they are read.
            sizes.push(self.lowerings[at].instance.name(self.system));
            match outcome {
                Outcome::Differs(example) => {
                    // What is wrong is looked for where it shows.
                    if shown {
                        self.lowerings.swap(0, at);
                    }
                    return Relation::Differs(example);
                }
                Outcome::Same {
                    patterns: count,
                    except: found,
                    by_slopes: also,
                } => {
                    by_slopes |= also;
                    patterns = patterns.max(count);
                    except = except.or(found);
                    met = met || self.is_meant(at, &pairs, &demands, search);
                }
                Outcome::Open(why) => open = open.or(Some(why)),
            }
        }
        if open.is_none() && !sizes.is_empty() && !met {
            open = Some("no point was found at which what stands behind the formula holds".into());
        }
        match open {
            Some(why) => Relation::Open(why),
            None => Relation::Same {
                patterns,
                except,
                by_slopes,
                sizes,
            },
        }
    }

    /// Whether some pair is meant somewhere: the condition that it is under holds at a point.
    fn is_meant(&mut self, at: usize, pairs: &[Pair], demands: &Demands, search: Search) -> bool {
        if pairs.iter().any(|pair| pair.guard.is_none()) {
            return true;
        }
        let lowering = &mut self.lowerings[at];
        let zero = lowering.system.store.int(0);
        let guards = pairs.iter().filter_map(|pair| pair.guard);
        let never = guards.map(|guard| Pair {
            truth: zero,
            claim: guard,
            guard: None,
            element: None,
        });
        let never: Vec<Pair> = never.collect();
        let search = Search {
            prove: false,
            values: true,
            shown: false,
            ..search
        };
        matches!(
            compare(lowering, &never, demands, search),
            Outcome::Differs(_)
        )
    }

    /// The numbers that are claimed to be equal at one instance, and what is 0 at the points that are meant.
    #[allow(clippy::type_complexity, reason = "two plain lists")]
    pub(super) fn pairs(
        &mut self,
        at: usize,
        truth: &Expr,
        claim: &Expr,
    ) -> Result<(Vec<Pair>, Vec<(crate::term::TermId, Env)>), Fault> {
        let lowering = &mut self.lowerings[at];
        let choices = lowering.choices(&[truth, claim], self.rules)?;
        let mut pairs = Vec::new();
        let mut absent = None;
        for letters in &choices {
            let left = lowering.array(truth, letters)?;
            let right = match lowering.array_like(claim, &left, letters) {
                // A recursion is meant for the layers and steps at which all of it exists, unless it says for which.
                Err(Fault::Absent(why, _)) if lowering.says_nothing(claim, self.rules, letters) => {
                    absent = Some(why);
                    continue;
                }
                found => found?,
            };
            let (left, right) = lowering.matched(&left, &right, claim.span)?;
            let guard = lowering.guard(self.rules, letters)?;
            let (left, right) = (
                lowering.guarded(&left, guard),
                lowering.guarded(&right, guard),
            );
            let guard = Some(guard).filter(|guard| !lowering.system.store.is_one(*guard));
            for (entry, (a, b)) in left.entries.iter().zip(&right.entries).enumerate() {
                pairs.push(Pair {
                    truth: *a,
                    claim: *b,
                    guard,
                    element: element_text(letters, &left, entry),
                });
            }
        }
        if let Some(why) = absent {
            self.absent = Some(why);
            self.partial |= !pairs.is_empty();
        }
        let zero = self.at_points(at, claim.span)?;
        Ok((pairs, zero))
    }

    /// What is looked for at an instance.
    pub(super) fn search(&self, at: usize, active: bool) -> Search {
        Search {
            step_at_zero: self.step_at_zero,
            points: if at == 0 { 20 } else { 6 },
            kinks: !active,
            active,
            shown: false,
            values: false,
            prove: true,
            slopes: 2,
            detached: Detached::Nothing,
        }
    }

    /// What is said of the letters of the line that is judged.
    pub(super) fn letters(&self) -> &'s [claim::LetterRule] {
        self.rules
    }

    /// What is 0 at the points that the claim speaks of.
    pub(super) fn at_points(
        &mut self,
        at: usize,
        span: Span,
    ) -> Result<Vec<(crate::term::TermId, Env)>, Fault> {
        let lowering = &mut self.lowerings[at];
        let mut zero = Vec::new();
        for (left, right) in self.at {
            let none = Letters::new();
            let (left, right) = (lowering.array(left, &none)?, lowering.array(right, &none)?);
            let (left, right) = lowering.matched(&left, &right, span)?;
            for (a, b) in left.entries.iter().zip(&right.entries) {
                let store = &mut lowering.system.store;
                let negative = store.negative(*b);
                zero.push((store.add([*a, negative]), Env::new()));
            }
        }
        Ok(zero)
    }
}

fn element_text(letters: &Letters, array: &Array, entry: usize) -> Option<String> {
    let mut parts: Vec<String> = letters
        .iter()
        .map(|(letter, value)| format!("{letter} = {value}"))
        .collect();
    if !array.is_number() {
        let (row, col) = array.place(entry);
        parts.push(match (array.has_rows(), array.has_cols()) {
            (true, true) => format!("entry ({row}, {col})"),
            (true, false) => format!("entry {row}"),
            _ => format!("entry {col}"),
        });
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Derivatives that a formula takes as known.
fn derivatives(system: &System, expr: &Expr, into: &mut Vec<String>) {
    if let ExprKind::Derivative { .. } = &expr.kind {
        let text = print(system, expr);
        if !into.contains(&text) {
            into.push(text);
        }
        return;
    }
    for child in expr.children() {
        derivatives(system, child, into);
    }
}

/// Whether a name of the person's own stands in a formula.
fn named(expr: &Expr) -> bool {
    expr.any(&mut |inner| matches!(inner.kind, ExprKind::Named(_)))
}
