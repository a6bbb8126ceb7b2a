//! What part each quantity of a network plays, as far as profiles write it differently.

use serde::Deserialize;

use crate::system::{Clause, FamilyKind, FamilyRole, System};
use crate::term::{Affine, FamilyId, Node, Reduction, TermId, VarId};

/// A part that quantities play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// What multiplies a layer.
    Weight,
    /// What is added to the product.
    Bias,
    /// What an activation is applied to.
    PreActivation,
    /// What the output is a function of: the pre-activation of the last layer, where it has a symbol of its own.
    Scores,
    /// The value of an activation.
    Activation,
    /// What the cost compares with the target.
    Output,
    /// What goes in.
    Input,
    /// What the output is compared with.
    Target,
    /// What is minimised.
    Cost,
}

impl Part {
    /// The part as profiles name it.
    pub fn name(self) -> &'static str {
        match self {
            Part::Weight => "weight",
            Part::Bias => "bias",
            Part::PreActivation => "pre-activation",
            Part::Scores => "scores",
            Part::Activation => "activation",
            Part::Output => "output",
            Part::Input => "input",
            Part::Target => "target",
            Part::Cost => "cost",
        }
    }
}

/// The part of each quantity, by [`FamilyId`].
pub fn parts(system: &System) -> Vec<Option<Part>> {
    Parts::of(system).of
}

/// One place where a weight joins two layers: `z[k+1]_j` reads `W[k]_ij`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) weight: FamilyId,
    /// The quantity that is defined, and its slots.
    pub(super) user: FamilyId,
    pub(super) user_slots: Box<[Affine]>,
    pub(super) weight_slots: Box<[Affine]>,
    /// The axis of the layer that it gives, for a matrix.
    pub(super) to: Option<usize>,
}

/// The parts of all quantities.
#[derive(Debug)]
pub(super) struct Parts {
    of: Vec<Option<Part>>,
    pub(super) uses: Vec<Use>,
    /// What is added to a product with a weight, in the same way.
    pub(super) biases: Vec<Use>,
}

impl Parts {
    pub(super) fn of(system: &System) -> Self {
        let mut parts = Self {
            of: vec![None; system.families.len()],
            uses: Vec::new(),
            biases: Vec::new(),
        };
        let mut taken = Vec::new();
        for user in system.family_ids() {
            // Derivatives multiply by what their network gives, too.
            let derivative = matches!(
                system.family(user).kind,
                FamilyKind::Adjoint { .. } | FamilyKind::Local { .. }
            );
            if derivative || Some(user) == system.loss {
                continue;
            }
            for clause in &system.family(user).clauses {
                let Some(body) = clause.body else { continue };
                let before = parts.uses.len();
                let mut plain = Vec::new();
                let body = inside_activation(system, body);
                for summand in summands(system, body) {
                    parts.summand(system, user, clause, summand, &mut plain, &mut taken);
                }
                if parts.uses.len() > before {
                    parts.biases.extend(plain);
                }
            }
        }
        parts.drop_two_sided();
        let uses = parts.uses.clone();
        for used in &uses {
            parts.set(used.weight, Part::Weight);
        }
        for bias in parts.biases.clone() {
            parts.set(bias.weight, Part::Bias);
        }
        parts.set_named(system);
        let nonlinear = parts.of.contains(&Some(Part::PreActivation));
        for used in &uses {
            let sibling = parts
                .with(Part::PreActivation)
                .any(|other| same_letters(system, other, used.user));
            if !nonlinear || sibling {
                parts.set(used.user, Part::PreActivation);
            }
        }
        if let Some(scores) = parts.scores(system)
            && system.family(scores).role != Some(FamilyRole::Output)
        {
            parts.set(scores, Part::PreActivation);
        }
        for family in system.family_ids() {
            match system.family(family).role {
                Some(FamilyRole::Output) => {
                    let sibling = parts
                        .with(Part::Activation)
                        .any(|other| same_letters(system, other, family));
                    let part = if sibling {
                        Part::Activation
                    } else {
                        Part::Output
                    };
                    parts.set(family, part);
                }
                Some(FamilyRole::Target) => parts.set(family, Part::Target),
                Some(FamilyRole::Input) => parts.set(family, Part::Input),
                _ => {}
            }
        }
        for family in taken {
            if is_given(system, family) {
                parts.set(family, Part::Input);
            }
        }
        if let Some(loss) = system.loss {
            parts.of[loss.0 as usize] = Some(Part::Cost);
        }
        parts
    }

    /// An activation whose argument is a product with a weight and has no name.
    pub(super) fn nameless_argument(&self, system: &System) -> Option<FamilyId> {
        let users = self.uses.iter().map(|used| used.user);
        let mut nameless = users.filter(|user| {
            system.family(*user).clauses.iter().any(|clause| {
                clause
                    .body
                    .is_some_and(|body| inside_activation(system, body) != body)
            })
        });
        nameless.next()
    }

    /// What a weight gives and the output is a function of, or is.
    pub(super) fn scores(&self, system: &System) -> Option<FamilyId> {
        let given = |family: FamilyId| self.uses.iter().any(|used| used.user == family);
        let output = system
            .family_ids()
            .find(|family| system.family(*family).role == Some(FamilyRole::Output))?;
        if given(output) {
            return Some(output);
        }
        let bodies = system.family(output).clauses.iter();
        let mut read: Vec<FamilyId> = bodies
            .filter_map(|clause| clause.body)
            .flat_map(|body| super::places::accesses(system, body))
            .map(|(family, _)| family)
            .collect();
        read.dedup();
        match read.as_slice() {
            [only] if given(*only) => Some(*only),
            _ => None,
        }
    }

    /// Pre-activations and activations as the network's structure says.
    fn set_named(&mut self, system: &System) {
        for family in system.family_ids() {
            let row = system.family(family);
            match row.role {
                Some(FamilyRole::PreActivation) => self.set(family, Part::PreActivation),
                Some(FamilyRole::Activation) => self.set(family, Part::Activation),
                Some(FamilyRole::Output) if row.slots > 0 && applies_activation(system, family) => {
                    self.set(family, Part::Activation);
                }
                _ => {}
            }
        }
    }

    /// The part of a quantity.
    pub(super) fn part(&self, family: FamilyId) -> Option<Part> {
        self.of.get(family.0 as usize).copied().flatten()
    }

    /// All quantities that play a part.
    pub(super) fn with(&self, part: Part) -> impl Iterator<Item = FamilyId> + '_ {
        (0..self.of.len())
            .filter(move |at| self.of[*at] == Some(part))
            .map(|at| FamilyId(at as u32))
    }

    fn set(&mut self, family: FamilyId, part: Part) {
        self.of[family.0 as usize].get_or_insert(part);
    }

    /// A matrix that is used both ways joins no two layers.
    fn drop_two_sided(&mut self) {
        let two_sided: Vec<FamilyId> = self
            .uses
            .iter()
            .filter(|used| {
                self.uses
                    .iter()
                    .any(|other| other.weight == used.weight && other.to != used.to)
            })
            .map(|used| used.weight)
            .collect();
        self.uses.retain(|used| !two_sided.contains(&used.weight));
    }

    fn summand(
        &mut self,
        system: &System,
        user: FamilyId,
        clause: &Clause,
        summand: TermId,
        plain: &mut Vec<Use>,
        taken: &mut Vec<FamilyId>,
    ) {
        let mut bound: Vec<VarId> = Vec::new();
        let mut term = summand;
        while let Node::Reduce(Reduction::Sum, vars, _, body) = system.store.node(term) {
            bound.extend(vars.iter().copied());
            term = *body;
        }
        let factors: Vec<TermId> = match system.store.node(term) {
            Node::Mul(factors) => factors.to_vec(),
            _ => vec![term],
        };
        let read: Vec<(FamilyId, &[Affine])> = factors
            .iter()
            .filter_map(|factor| match system.store.node(*factor) {
                Node::Access(family, index) => Some((*family, index.as_ref())),
                _ => None,
            })
            .collect();
        let slots = system.family(user).slots;
        let joined = |(weight, index): (FamilyId, &[Affine]), to| Use {
            weight,
            user,
            user_slots: clause.index[..slots].into(),
            weight_slots: index[..system.family(weight).slots].into(),
            to,
        };
        if let [only] = read.as_slice()
            && bound.is_empty()
            && factors.len() == 1
        {
            if is_given(system, only.0) {
                plain.push(joined(*only, None));
            }
            return;
        }
        let left = &clause.index[slots..];
        let mut candidates: Vec<(usize, Option<usize>)> = read
            .iter()
            .enumerate()
            .filter(|(_, (family, _))| is_given(system, *family))
            .filter_map(|(at, (family, index))| {
                let own = &index[system.family(*family).slots..];
                let to = joins(own, left, &bound)?;
                let shared = read.iter().enumerate().any(|(other, (_, index))| {
                    other != at
                        && bound
                            .iter()
                            .all(|var| index.iter().any(|it| it.mentions(*var)))
                });
                shared.then_some((at, to))
            })
            .collect();
        if candidates.len() > 1 {
            candidates.retain(|(at, _)| is_learnt(system, read[*at].0));
        }
        if let [(at, to)] = candidates.as_slice() {
            self.uses.push(joined(read[*at], *to));
            taken.extend(
                read.iter()
                    .enumerate()
                    .filter(|(other, _)| other != at)
                    .map(|(_, (family, _))| *family),
            );
        }
    }
}

/// How a factor's elements join those of the left side and the bound letters: the axis of the left side, for a
/// matrix. Nothing if they don't.
fn joins(own: &[Affine], left: &[Affine], bound: &[VarId]) -> Option<Option<usize>> {
    let is_bound = |entry: &Affine| entry.as_var().is_some_and(|var| bound.contains(&var));
    match (own, bound) {
        ([], []) => Some(None),
        ([only], [_]) if is_bound(only) => Some(None),
        ([first, second], [_]) => match (is_bound(first), is_bound(second)) {
            (true, false) if left.contains(second) => Some(Some(1)),
            (false, true) if left.contains(first) => Some(Some(0)),
            _ => None,
        },
        _ => None,
    }
}

/// The argument of an activation that has no name; else the term itself.
fn inside_activation(system: &System, body: TermId) -> TermId {
    match system.store.node(body) {
        Node::Apply(function, _, arguments) if system.function(*function).activation => arguments
            .first()
            .copied()
            .filter(|argument| !matches!(system.store.node(*argument), Node::Access(..)))
            .unwrap_or(body),
        _ => body,
    }
}

fn summands(system: &System, body: TermId) -> Vec<TermId> {
    match system.store.node(body) {
        Node::Add(terms) => terms.to_vec(),
        _ => vec![body],
    }
}

/// Whether it is given from outside and no data.
fn is_given(system: &System, family: FamilyId) -> bool {
    let row = system.family(family);
    row.kind == FamilyKind::Input
        && row.integers.is_none()
        && !matches!(row.role, Some(FamilyRole::Input | FamilyRole::Target))
        // The boundary of a recursion under its own name.
        && system.bounded_by(family).is_none()
}

/// Whether it is declared as learnt, or differentiated by.
fn is_learnt(system: &System, family: FamilyId) -> bool {
    let named = system
        .families
        .iter()
        .any(|row| row.role == Some(FamilyRole::Parameter));
    if named {
        return system.family(family).role == Some(FamilyRole::Parameter);
    }
    system.questions.iter().any(|question| {
        question.span.is_some() && question.wrt.iter().any(|target| target.family == family)
    })
}

/// Whether all equations of a quantity but its boundary apply an activation.
fn applies_activation(system: &System, family: FamilyId) -> bool {
    system.family(family).clauses.iter().any(|clause| {
        clause.body.is_some_and(|body| {
            matches!(system.store.node(body), Node::Apply(function, _, _)
                if system.function(*function).activation)
        })
    })
}

/// Whether the names of two quantities begin with the same letters: `z1` and `z2`, `r_h` and `r_o`.
fn same_letters(system: &System, one: FamilyId, other: FamilyId) -> bool {
    let letters = |family: FamilyId| {
        let name = &system.family(family).name;
        name.split(|c: char| !c.is_alphabetic())
            .next()
            .map(str::to_owned)
    };
    letters(one) == letters(other)
}

/// The number at the end of a name.
pub(super) fn number(name: &str) -> Option<i64> {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    name[name.len() - digits..].parse().ok()
}
