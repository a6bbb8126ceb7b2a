//! The search: wrong derivations, edits of the claim, and pairs of them, the fewest first.

use super::derivations::{Change, Derivation, data_only};
use super::repairs::{Repaired, Said, constants, negated, repaired, scaled, times};
use super::rows::{MISTAKES, rank};
use super::sieve::{Known, Sieve, Values};
use super::subject::Subject;
use super::{Mistake, equal};
use crate::claim::{Expr, ExprKind, Join, Lowering, edited, print, reread};
use crate::judge::compare::{Outcome, compare};
use crate::judge::field::Residues;
use crate::judge::line::Judge;
use crate::judge::look::Pair;
use crate::judge::point::Demands;
use crate::system::{FamilyKind, System};
use crate::term::{Affine, Domain, FamilyId, Node};

/// More edits of a claim are not tried.
const MOST_REPAIRS: usize = 20_000;

/// More wrong derivations are not tried.
const MOST_DERIVATIONS: usize = 160;

/// So many finds are put to the whole test.
const MOST_TESTS: usize = 24;

/// A wrong derivation with what it gives.
struct Mutant {
    name: &'static str,
    derivation: Derivation,
    values: Values,
}

/// A constant that may be wrong beside something else.
struct Scale {
    names: Vec<&'static str>,
    /// What the claim has to be multiplied by.
    factor: Expr,
}

/// What may be wrong together.
struct Find {
    repair: Option<usize>,
    mutant: Option<usize>,
    scale: Option<usize>,
}

/// Everything that was found out about one claim.
struct Search<'j, 's> {
    judge: &'j mut Judge<'s>,
    subject: &'j Subject<'j>,
    sieve: Sieve<'s>,
    truth: Values,
    repairs: Vec<(Repaired, Values)>,
    mutants: Vec<Mutant>,
    /// Steps of evaluating wrong derivations, and those of the network's own when the search began.
    steps: u64,
    began: u64,
}

/// What is wrong with a claim that was refuted.
pub(super) fn search(judge: &mut Judge<'_>, truth: &Expr, claim: &Expr) -> Option<Mistake> {
    let mut sieve = Sieve::new(judge, truth, claim)?;
    let system = judge.lowerings[0].system.clone();
    let subject = Subject::new(&system, truth, claim);
    let values = sieve.values(&mut judge.lowerings[0], truth, truth)?;
    let own = sieve.values(&mut judge.lowerings[0], truth, claim);
    let began = judge.lowerings[0].structure.steps;
    let mut search = Search {
        judge,
        subject: &subject,
        sieve,
        truth: values,
        repairs: Vec::new(),
        mutants: Vec::new(),
        steps: 0,
        began,
    };
    // One thing wrong, the more specific first.
    for row in MISTAKES {
        for derivations in row.derivations {
            for derivation in derivations(&subject) {
                if let Some(found) = search.derived(row.name, derivation, own.as_ref()) {
                    // An edit of the same name shows the formula too.
                    let shown = search.edited(row.repairs);
                    return Some(match shown {
                        Some(shown) if shown.name == found.name => shown,
                        _ => found,
                    });
                }
            }
        }
        if let Some(found) = search.edited(row.repairs) {
            return Some(found);
        }
    }
    search.together(own)
}

/// After so many steps of evaluating no further edit or wrong derivation is looked at.
const MOST_STEPS: u64 = 60_000_000;

impl Search<'_, '_> {
    fn is_exhausted(&self) -> bool {
        let own = self.judge.lowerings[0].structure.steps - self.began;
        own + self.steps > MOST_STEPS
    }

    /// One derivation with a mistake in it, kept for later; the mistake if the claim is just that.
    fn derived(
        &mut self,
        name: &'static str,
        derivation: Derivation,
        own: Option<&Values>,
    ) -> Option<Mistake> {
        if self.mutants.len() >= MOST_DERIVATIONS {
            return None;
        }
        if self.is_exhausted() {
            return None;
        }
        let base = &self.judge.lowerings[0];
        let mut over = over(base, &derivation);
        let count = over.system.families.len();
        let cuts = cuts(base, self.subject);
        let values = self
            .sieve
            .values_over(&mut over, self.subject.truth, &mut |lowering| {
                settle(lowering, count, &cuts);
            });
        self.steps += over.structure.steps;
        let values = values?;
        let key = self.sieve.key(&values);
        let known = |other: &Values| self.sieve.key(other) == key;
        if (name == "wrong-loss-pairing" && self.is_own_loss(&derivation))
            || self.sieve.vanishes(&values)
            || known(&self.truth)
            || self.mutants.iter().any(|other| known(&other.values))
        {
            return None;
        }
        let fits = own.is_some_and(|own| self.sieve.key(own) == key);
        self.mutants.push(Mutant {
            name,
            derivation,
            values,
        });
        let mutant = self.mutants.len() - 1;
        let find = Find {
            repair: None,
            mutant: Some(mutant),
            scale: None,
        };
        (fits && self.holds(&find, &[])).then(|| self.mistake(&find, &[]))
    }

    /// Whether a loss is the network's own or a multiple of it, penalties aside.
    fn is_own_loss(&self, derivation: &Derivation) -> bool {
        let base = &self.judge.lowerings[0];
        let data_only = data_only(self.subject);
        let gradient = |changes: &[&Change]| {
            let mut system: System = base.system.clone();
            changes.iter().for_each(|change| change(&mut system));
            let mut over = base.over(system);
            self.sieve
                .values_over(&mut over, self.subject.truth, &mut |_| {})
        };
        match (
            gradient(&[&data_only]),
            gradient(&[&derivation.change, &data_only]),
        ) {
            (Some(own), Some(other)) => self.sieve.proportional(&other, &own),
            _ => false,
        }
    }

    /// Edits of some kinds, kept for later; the mistake if one makes the claim right.
    fn edited(&mut self, kinds: &[super::repairs::Repair]) -> Option<Mistake> {
        let mut candidates = Vec::new();
        let room = MOST_REPAIRS.saturating_sub(self.repairs.len());
        repaired(self.subject, self.subject.claim, kinds, &mut |found| {
            if candidates.len() < room {
                candidates.push(found);
            }
        });
        let wanted = self.sieve.key(&self.truth);
        let mut fitting = Vec::new();
        for candidate in candidates {
            if self.is_exhausted() {
                break;
            }
            // What is claimed may not be put in its own place.
            let is_derivative =
                |expr: &Expr| matches!(expr.plain().kind, ExprKind::Derivative { .. });
            let subject = self.subject;
            if is_derivative(subject.truth)
                && candidate
                    .claim
                    .any(&mut |inner| is_derivative(inner) && subject.is_claimed(inner))
            {
                continue;
            }
            let lowering = &mut self.judge.lowerings[0];
            let values = self
                .sieve
                .values(lowering, self.subject.truth, &candidate.claim);
            if let Some(values) = values {
                if self.sieve.key(&values) == wanted {
                    fitting.push(self.repairs.len());
                }
                self.repairs.push((candidate, values));
            }
        }
        fitting.sort_by_key(|at| rank(self.repairs[*at].0.name));
        for at in fitting.into_iter().take(MOST_TESTS) {
            let find = Find {
                repair: Some(at),
                mutant: None,
                scale: None,
            };
            if self.holds(&find, &[]) {
                return Some(self.mistake(&find, &[]));
            }
        }
        None
    }

    /// Two or three things wrong at once.
    fn together(&mut self, own: Option<Values>) -> Option<Mistake> {
        let scales = self.scales();
        let inverses: Vec<Option<Vec<Residues>>> = scales
            .iter()
            .map(|scale| {
                let lowering = &mut self.judge.lowerings[0];
                self.sieve.inverse(lowering, &scale.factor)
            })
            .collect();
        // What the claim should have been compared with, by its values.
        let mut targets: Known<(Option<usize>, Option<usize>)> = Known::default();
        for mutant in std::iter::once(None).chain((0..self.mutants.len()).map(Some)) {
            let values = mutant.map_or(&self.truth, |at| &self.mutants[at].values);
            for scale in std::iter::once(None).chain((0..scales.len()).map(Some)) {
                let key = match scale.map(|at| &inverses[at]) {
                    None => self.sieve.key(values),
                    Some(Some(inverse)) => self.sieve.key(&self.sieve.scaled(values, inverse)),
                    Some(None) => continue,
                };
                targets.entry(key).or_default().push((mutant, scale));
            }
        }
        let mut finds: Vec<Find> = Vec::new();
        let mut add = |repair: Option<usize>, values: &Values, sieve: &Sieve<'_>| {
            for (mutant, scale) in targets.get(&sieve.key(values)).into_iter().flatten() {
                // An edit goes together with missing Steps; with another derivation it would explain anything.
                let other = mutant.is_some_and(|at| self.mutants[at].name != "step-missing");
                if other && repair.is_some() {
                    continue;
                }
                finds.push(Find {
                    repair,
                    mutant: *mutant,
                    scale: *scale,
                });
            }
        };
        if let Some(own) = &own {
            add(None, own, &self.sieve);
        }
        for (at, (_, values)) in self.repairs.iter().enumerate() {
            add(Some(at), values, &self.sieve);
        }
        let order = |find: &Find| {
            let (names, edits) = self.names(find, &scales);
            let rank = names.first().map_or(usize::MAX, |name| rank(name));
            (edits, rank, find.mutant.is_some())
        };
        let mut ordered: Vec<((usize, usize, bool), Find)> =
            finds.into_iter().map(|find| (order(&find), find)).collect();
        ordered.sort_by_key(|(order, _)| *order);
        for (_, find) in ordered.into_iter().take(MOST_TESTS) {
            if self.holds(&find, &scales) {
                return Some(self.mistake(&find, &scales));
            }
        }
        None
    }

    /// Signs and constants by which a claim may be off: one, or a sign with one.
    fn scales(&self) -> Vec<Scale> {
        let span = self.subject.claim.span;
        let minus = super::repairs::number(-1, span);
        let mut factors = vec![(vec!["sign-flipped"], minus.clone())];
        for (name, constant) in constants(self.subject, span) {
            factors.push((vec![name], constant.clone()));
            factors.push((
                vec![name, "sign-flipped"],
                times(&minus, Join::Product, constant),
            ));
        }
        factors
            .into_iter()
            .map(|(names, factor)| Scale { names, factor })
            .collect()
    }

    /// The names of a find, the main one first, and how many things are wrong.
    fn names(&self, find: &Find, scales: &[Scale]) -> (Vec<&'static str>, usize) {
        let mut names: Vec<&'static str> = Vec::new();
        let mut edits = 0;
        if let Some(at) = find.mutant {
            edits += 1;
            names.push(self.mutants[at].name);
        }
        if let Some(at) = find.repair {
            edits += 1;
            names.push(self.repairs[at].0.name);
            names.extend(self.repairs[at].0.also);
        }
        if let Some(at) = find.scale {
            edits += scales[at].names.len();
            names.extend(&scales[at].names);
        }
        // A sign comes second, unless all the rest is missing Steps.
        let rest_is_steps = names
            .iter()
            .all(|name| matches!(*name, "sign-flipped" | "step-missing"));
        let own = |name: &str| match (name, rest_is_steps) {
            ("sign-flipped", true) => 0,
            ("sign-flipped", false) => usize::MAX,
            _ => rank(name),
        };
        // Inside a penalty the place says more than the edit.
        if find.mutant.is_some() || find.scale.is_some() || names.len() < 2 {
            names.sort_by_key(|name| own(name));
        }
        names.dedup();
        (names, edits)
    }

    /// The claim with its edit and its constant.
    fn claim(&self, find: &Find, scales: &[Scale]) -> Expr {
        let claim = find
            .repair
            .map_or(self.subject.claim, |at| &self.repairs[at].0.claim);
        match find.scale.map(|at| &scales[at]) {
            None => claim.clone(),
            Some(scale) if scale.names == ["sign-flipped"] => negated(claim),
            Some(scale) => scaled(claim, scale.factor.clone()),
        }
    }

    /// Whether a find makes the claim equal, by all that decides it.
    fn holds(&mut self, find: &Find, scales: &[Scale]) -> bool {
        let claim = self.claim(find, scales);
        match find.mutant {
            None => equal(self.judge, self.subject.truth, &claim),
            Some(at) => {
                let derivation = &self.mutants[at].derivation;
                let instances = self.judge.lowerings.len();
                (0..instances).all(|at| {
                    derives(self.judge, at, self.subject, derivation, &claim) == Some(true)
                })
            }
        }
    }

    /// The edited claim as the person would write it, if that is read as right.
    fn in_own_notation(&mut self, repaired: &Expr) -> Option<String> {
        let judge = &mut *self.judge;
        let (system, source) = (judge.system, judge.source);
        let latex = edited(system, source, self.subject.claim, repaired)?;
        let again = reread(source, system, self.subject.truth, &latex)?;
        equal(judge, self.subject.truth, &again).then_some(latex)
    }

    fn mistake(&mut self, find: &Find, scales: &[Scale]) -> Mistake {
        let system = self.judge.system;
        let (names, _) = self.names(find, scales);
        let mut said: Vec<String> = Vec::new();
        let mut place = None;
        if let Some(at) = find.repair {
            let repaired = &self.repairs[at].0;
            said.push(match &repaired.said {
                Said::Sign(part) if part.span == self.subject.claim.span => SIGN.into(),
                said => said.sentence(system),
            });
            // The whole needs no mark.
            place = (repaired.span != self.subject.claim.span).then_some(repaired.span);
        }
        said.extend(
            find.mutant
                .map(|at| self.mutants[at].derivation.said.clone()),
        );
        if let Some(scale) = find.scale.map(|at| &scales[at]) {
            said.push(if scale.names == ["sign-flipped"] {
                SIGN.into()
            } else {
                Said::Missing(scale.factor.clone()).sentence(system)
            });
        }
        let repaired = match find.mutant {
            None => Some(self.claim(find, scales)),
            Some(_) => None,
        };
        let repair_latex = repaired
            .as_ref()
            .and_then(|repaired| self.in_own_notation(repaired));
        Mistake {
            name: names[0],
            also: names[1..].to_vec(),
            said: Some(said.join("; ")),
            place,
            repair: repaired.map(|repaired| print(system, &repaired)),
            repair_latex,
        }
    }
}

/// What is said where the sign of the whole is turned.
const SIGN: &str = "the sign is wrong";

/// The network of a wrong derivation, at the same sizes.
fn over<'i>(base: &Lowering<'i>, derivation: &Derivation) -> Lowering<'i> {
    let mut system: System = base.system.clone();
    (derivation.change)(&mut system);
    base.over(system)
}

/// A derivative that the claim takes as known: what it calls by its name is right in it.
struct Cut {
    wrt: FamilyId,
    right: FamilyId,
    /// At which layers or steps; without any at all.
    slots: Vec<i64>,
}

fn cuts(base: &Lowering<'_>, subject: &Subject<'_>) -> Vec<Cut> {
    let Some((of, _)) = subject.derivative else {
        return Vec::new();
    };
    subject
        .cut
        .iter()
        .filter_map(|(wrt, slots)| {
            Some(Cut {
                wrt: *wrt,
                right: base.known_adjoint(of, *wrt)?,
                slots: slots.clone(),
            })
        })
        .collect()
}

/// Lets the derivatives that were derived wrongly read the right ones where the claim does.
fn settle(lowering: &mut Lowering<'_>, count: usize, cuts: &[Cut]) {
    let system = &mut lowering.system;
    let mut wrong: Vec<(FamilyId, usize, &Cut)> = Vec::new();
    for derived in system.family_ids().skip(count) {
        let FamilyKind::Adjoint { wrt, .. } = system.family(derived).kind else {
            continue;
        };
        let known = system.family(derived);
        let own = system.family(wrt);
        // The index of what is differentiated stands before that of what it is differentiated by.
        let before = (known.slots + known.axes).saturating_sub(own.slots + own.axes);
        let about = cuts.iter().filter(|cut| cut.wrt == wrt);
        wrong.extend(about.map(|cut| (derived, before, cut)));
    }
    if wrong.is_empty() {
        return;
    }
    for derived in system.family_ids().skip(count) {
        system.rewrite(derived, |store, _, term| {
            let Node::Access(family, index) = store.node(term).clone() else {
                return None;
            };
            let own = wrong.iter().filter(|(wrong, ..)| *wrong == family);
            let settled = own.fold(term, |value, (_, before, cut)| {
                let right = store.access(cut.right, index.iter().cloned());
                let slots = index[*before..].iter().zip(&cut.slots);
                let here = slots.fold(Domain::everything(), |domain, (slot, at)| {
                    domain.and(&Domain::equal(slot, &Affine::int(*at)))
                });
                if here.is_everything() {
                    return right;
                }
                let here = store.guard(here);
                let (one, negative) = (store.int(1), store.negative(here));
                let elsewhere = store.add([one, negative]);
                let (right, value) = (store.mul([here, right]), store.mul([elsewhere, value]));
                store.add([right, value])
            });
            Some(settled)
        });
    }
}

/// Whether a wrong derivation gives the claim at one instance; none if it cannot be told.
fn derives(
    judge: &mut Judge<'_>,
    at: usize,
    subject: &Subject<'_>,
    derivation: &Derivation,
    claim: &Expr,
) -> Option<bool> {
    let rules = judge.letters();
    let zero = judge.at_points(at, claim.span).ok()?;
    let base = &mut judge.lowerings[at];
    base.work = 0;
    let mut choices = base.choices(&[subject.truth, claim], rules).ok()?;
    choices.retain(|letters| !base.says_nothing(claim, rules, letters));
    let mut claimed = Vec::new();
    for letters in &choices {
        let like = base.array(subject.truth, letters).ok()?;
        claimed.push(base.array_like(claim, &like, letters).ok()?);
    }
    let mut over = over(base, derivation);
    let count = over.system.families.len();
    let cuts = cuts(base, subject);
    let mut pairs = Vec::new();
    for (letters, right) in choices.iter().zip(&claimed) {
        let left = over.array(subject.truth, letters).ok()?;
        let (left, right) = over.matched(&left, right, claim.span).ok()?;
        let guard = over.guard(rules, letters).ok()?;
        let (left, right) = (over.guarded(&left, guard), over.guarded(&right, guard));
        for (truth, claim) in left.entries.iter().zip(&right.entries) {
            pairs.push(Pair {
                truth: *truth,
                claim: *claim,
                guard: None,
                element: None,
            });
        }
    }
    settle(&mut over, count, &cuts);
    let demands = Demands {
        zero,
        ..Demands::default()
    };
    let search = judge.search(at, false);
    Some(matches!(
        compare(&mut over, &pairs, &demands, search),
        Outcome::Same { .. }
    ))
}
