//! Another loss in place of the network's own.

use super::*;
use crate::system::FamilyKind;
use crate::term::{Affine, Reduction, VarId};

/// The losses of the table in place of the network's own, between the same output and target.
pub(in super::super) fn other_losses(subject: &Subject<'_>) -> Vec<Derivation> {
    let Some((of, wrt)) = subject.derivative else {
        return Vec::new();
    };
    let system = subject.system;
    let is_loss = |family: FamilyId| {
        let known = system.family(family);
        known.slots + known.axes == 0 && known.kind == FamilyKind::Defined
    };
    if !is_loss(of) {
        return Vec::new();
    }
    let pairs = compared(subject, of, wrt);
    if pairs.is_empty() {
        return Vec::new();
    }
    let penalties: Vec<TermId> = subject.penalties.iter().map(|one| one.term).collect();
    let residual = pairs.iter().any(|pair| pair.target.is_none());
    LOSSES
        .iter()
        .filter(|loss| loss.of_residual || !residual)
        .map(|Loss { name, value, .. }| {
            let (pairs, penalties) = (pairs.clone(), penalties.clone());
            Derivation {
                said: format!("this is the gradient of another loss, {name}"),
                change: Box::new(move |system| {
                    let totals: Vec<TermId> = pairs
                        .iter()
                        .map(|pair| {
                            let entry = total(system, pair, *value);
                            system.store.mul(pair.shares.iter().copied().chain([entry]))
                        })
                        .chain(penalties.iter().copied())
                        .collect();
                    let body = system.store.add(totals);
                    system.families[of.0 as usize].clauses = vec![Clause {
                        vars: Box::default(),
                        index: Box::default(),
                        domain: Domain::everything(),
                        body: Some(body),
                        span: None,
                    }];
                }),
            }
        })
        .collect()
}

/// Another loss, and softmax differentiated entry by entry as the sigmoid is.
pub(in super::super) fn other_losses_elementwise(subject: &Subject<'_>) -> Vec<Derivation> {
    let mut found = Vec::new();
    for loss in other_losses(subject) {
        let loss = std::rc::Rc::new(loss);
        for softmax in softmax_elementwise(subject) {
            let loss = std::rc::Rc::clone(&loss);
            found.push(Derivation {
                said: format!("{}; {}", loss.said, softmax.said),
                change: Box::new(move |system| {
                    (softmax.change)(system);
                    (loss.change)(system);
                }),
            });
        }
    }
    found
}

/// One entry of a loss in terms of an output and a target.
type Entry = fn(&mut System, TermId, TermId) -> TermId;

/// A loss that is taken for another.
struct Loss {
    name: &'static str,
    value: Entry,
    /// Whether it depends on the difference of output and target alone.
    of_residual: bool,
}

/// The losses that are taken for each other.
const LOSSES: &[Loss] = &[
    Loss {
        name: "the squared error",
        of_residual: true,
        value: |system, output, target| {
            let store = &mut system.store;
            let (negative, two) = (store.negative(target), store.int(2));
            let difference = store.add([output, negative]);
            let half = store.number(BigRational::new(1.into(), 2.into()));
            let square = store.power(difference, two);
            store.mul([half, square])
        },
    },
    Loss {
        name: "the cross-entropy",
        of_residual: false,
        value: |system, output, target| {
            let log = logarithm(system, output);
            let product = system.store.mul([target, log]);
            system.store.negative(product)
        },
    },
    Loss {
        name: "the binary cross-entropy",
        of_residual: false,
        value: |system, output, target| {
            let first = logarithm(system, output);
            let store = &mut system.store;
            let (one, other, rest) = (store.int(1), store.negative(output), store.negative(target));
            let (other, rest) = (store.add([one, other]), store.add([one, rest]));
            let second = logarithm(system, other);
            let store = &mut system.store;
            let (first, second) = (store.mul([target, first]), store.mul([rest, second]));
            let sum = store.add([first, second]);
            store.negative(sum)
        },
    },
    Loss {
        name: "the absolute error",
        of_residual: true,
        value: |system, output, target| {
            let abs = named(system, "abs");
            let negative = system.store.negative(target);
            let difference = system.store.add([output, negative]);
            system
                .store
                .intern(Node::Apply(abs, Box::new([0]), Box::new([difference])))
        },
    },
];

fn named(system: &mut System, name: &str) -> FunctionId {
    system
        .function_id(name)
        .expect("the table of functions has it")
}

fn logarithm(system: &mut System, term: TermId) -> TermId {
    let log = named(system, "log");
    system
        .store
        .intern(Node::Apply(log, Box::new([0]), Box::new([term])))
}

/// A quantity at the slots at which the loss reads it.
#[derive(Debug, Clone)]
struct Read {
    family: FamilyId,
    index: Box<[Affine]>,
    /// The letters of its elements, with their values.
    vars: Vec<VarId>,
    domain: Domain,
}

/// What a summand of a loss compares.
#[derive(Debug, Clone)]
struct Compared {
    output: Read,
    /// None where the output is a residual, which is to be 0.
    target: Option<Read>,
    /// The powers of sizes that stand before the sum.
    shares: Vec<TermId>,
}

/// The outputs and targets that a loss compares, in each of its summands that is no penalty: arrays of one shape, read
/// at the same letters.
fn compared(subject: &Subject<'_>, of: FamilyId, wrt: FamilyId) -> Vec<Compared> {
    let system = subject.system;
    let mut found: Vec<Compared> = Vec::new();
    let mut stack = bodies(system, of);
    while let Some(term) = stack.pop() {
        match system.store.node(term) {
            Node::Add(summands) => {
                let penalty = |term: &TermId| {
                    subject
                        .penalties
                        .iter()
                        .any(|penalty| penalty.term == *term)
                };
                stack.extend(summands.iter().filter(|term| !penalty(term)));
                continue;
            }
            // The loss of the data may have a name of its own.
            Node::Access(family, _) if system.family(*family).kind == FamilyKind::Defined => {
                stack.extend(bodies(system, *family));
                continue;
            }
            _ => {}
        }
        let mut reads = Vec::new();
        reads_below(
            system,
            term,
            &mut Vec::new(),
            &Domain::everything(),
            &mut reads,
        );
        let pair = reads.iter().find_map(|output| {
            let defined = system.family(output.family).kind == FamilyKind::Defined;
            let target = reads.iter().find(|target| {
                let given = system.family(target.family);
                given.kind == FamilyKind::Input
                    && target.family != wrt
                    && given.axes == system.family(output.family).axes
                    && target.vars == output.vars
            })?;
            defined.then(|| Compared {
                output: output.clone(),
                target: Some(target.clone()),
                shares: shares(system, term),
            })
        });
        let residual = match reads.as_slice() {
            [only] if system.family(only.family).kind == FamilyKind::Defined => Some(Compared {
                output: only.clone(),
                target: None,
                shares: shares(system, term),
            }),
            _ => None,
        };
        let Some(pair) = pair.or(residual) else {
            return Vec::new();
        };
        if found
            .iter()
            .all(|other| other.output.family != pair.output.family)
        {
            found.push(pair);
        }
    }
    found
}

/// The factors of a term that are powers of sizes.
fn shares(system: &System, term: TermId) -> Vec<TermId> {
    let Node::Mul(factors) = system.store.node(term) else {
        return Vec::new();
    };
    let is_share = |term: &TermId| match system.store.node(*term) {
        Node::Power(base, _) => matches!(system.store.node(*base), Node::Index(_)),
        node => matches!(node, Node::Index(_)),
    };
    factors.iter().copied().filter(is_share).collect()
}

fn reads_below(
    system: &System,
    term: TermId,
    vars: &mut Vec<VarId>,
    domain: &Domain,
    into: &mut Vec<Read>,
) {
    match system.store.node(term) {
        Node::Access(family, index) => {
            let used: Vec<VarId> = vars
                .iter()
                .copied()
                .filter(|var| index.iter().any(|entry| entry.mentions(*var)))
                .collect();
            if used.len() == vars.len()
                && into
                    .iter()
                    .all(|known| known.family != *family || known.index != *index)
            {
                into.push(Read {
                    family: *family,
                    index: index.clone(),
                    vars: used,
                    domain: domain.clone(),
                });
            }
        }
        Node::Reduce(Reduction::Sum, bound, inner, body) => {
            let count = vars.len();
            vars.extend(bound.iter().copied());
            reads_below(system, *body, vars, &domain.and(inner), into);
            vars.truncate(count);
        }
        node => {
            for child in &node.children() {
                reads_below(system, *child, vars, domain, into);
            }
        }
    }
}

fn total(system: &mut System, pair: &Compared, value: Entry) -> TermId {
    let output = &pair.output;
    let a = system
        .store
        .access(output.family, output.index.iter().cloned());
    let b = match &pair.target {
        Some(target) => system
            .store
            .access(target.family, target.index.iter().cloned()),
        None => system.store.int(0),
    };
    let entry = value(system, a, b);
    if output.vars.is_empty() {
        return entry;
    }
    system.store.reduce(
        Reduction::Sum,
        output.vars.iter().copied(),
        output.domain.clone(),
        entry,
    )
}
