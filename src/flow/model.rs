//! What can be simulated: recursions whose step is a dense layer, with or without a residual connection.

use num_rational::BigRational;
use num_traits::{One, ToPrimitive};
use rustc_hash::FxHashSet;

use super::activation::Activation;
use super::expectation::StepForm;
use super::mistakes;
use super::recursion::Recursion;
use crate::derive::{accesses, reads};
use crate::source::{Diagnostic, Report};
use crate::system::{FamilyKind, System};
use crate::term::{FamilyId, Node, TermId};

/// A step as it is simulated.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its activation; the identity where there is none. None where nothing is known of it.
    pub activation: Option<Activation>,
    /// What it is made of.
    pub form: StepForm,
    /// Whether all steps share their weights.
    pub shared: bool,
    /// Whether the state is a number.
    pub scalar: bool,
    /// The width, where the network says it.
    pub width: Option<usize>,
    /// The number of steps, where the network says it.
    pub depth: Option<usize>,
    /// Inputs that are added in a step, such as biases: 0 in simulations.
    pub zeroed: Vec<String>,
}

/// The step of a recursion as it can be simulated.
///
/// # Errors
/// A report that says what stands in the way.
pub fn model(recursion: &Recursion) -> Result<Model, Report> {
    let system = &recursion.system;
    let refused = |why: String| -> Report { not_simulated(recursion, why).into() };
    let (identities, others): (Vec<_>, Vec<_>) =
        recursion.paths.iter().partition(|path| path.is_identity());
    let [path] = others.as_slice() else {
        return Err(refused(
            "it has several branches with weights, or none".into(),
        ));
    };
    let weights = usize::from(path.matrix.is_some()) + path.scalars.len();
    if identities.len() > 1 || weights != 1 || path.coefficient != BigRational::one() {
        return Err(refused(
            "its branch is more than one weight and one activation".into(),
        ));
    }
    if path.matrix.is_some() == recursion.is_scalar() {
        return Err(refused(
            "its weight is not of the shape of its state".into(),
        ));
    }
    let mut activated_first = false;
    match path.slopes.as_slice() {
        [] => {}
        [slope] => {
            activated_first = matches!(system.store.node(slope.arguments[0]),
                Node::Access(family, index) if *family == recursion.state && *index == recursion.own);
        }
        _ => return Err(refused("it applies more than one activation".into())),
    }
    let mut zeroed = Vec::new();
    for family in chain(system, recursion.state) {
        for clause in &system.family(family).clauses {
            if let Some(body) = clause.body {
                added(recursion, body, &mut zeroed)?;
            }
        }
    }
    zeroed.sort();
    zeroed.dedup();
    let state = system.family(recursion.state);
    let size = state.clauses.iter().find_map(|clause| {
        let element = clause.index.last()?.as_var()?;
        let (_, upper) = clause.domain.bounds(element);
        upper.iter().find_map(|(_, bound)| bound.as_int())
    });
    Ok(Model {
        activation: own_activation(recursion),
        form: StepForm {
            residual: !identities.is_empty(),
            activated_first,
        },
        shared: !recursion.has_own_weights(),
        scalar: recursion.is_scalar(),
        width: size
            .filter(|_| state.axes > 0)
            .and_then(|size| usize::try_from(size).ok()),
        depth: recursion
            .steps()
            .as_int()
            .and_then(|steps| usize::try_from(steps).ok()),
        zeroed,
    })
}

/// The activation of a step; the identity where there is none. None where there are several, or where nothing is known
/// of it.
pub fn own_activation(recursion: &Recursion) -> Option<Activation> {
    let (system, step_at_zero) = (&recursion.system, recursion.step_at_zero);
    if recursion.is_linear() {
        return Some(Activation::identity(system, step_at_zero));
    }
    let slope = recursion.activation()?;
    let extra: Option<Vec<f64>> = slope.arguments[1..]
        .iter()
        .map(|argument| system.store.as_number(*argument)?.to_f64())
        .collect();
    Activation::of(system.clone(), step_at_zero, slope.function, &extra?)
}

/// The activations of a list of names.
///
/// # Errors
/// The name that is none.
pub fn activations(recursion: &Recursion, names: &[String]) -> Result<Vec<Activation>, Report> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let activation = Activation::named(&recursion.system, recursion.step_at_zero, name);
        found.push(activation.ok_or_else(|| {
            Diagnostic::general(
                "flow-unknown-activation",
                format!("there is no activation `{name}` of one number"),
            )
            .help("`chainrule list functions` shows them; a `fn` of the network is one too")
        })?);
    }
    Ok(found)
}

/// The quantities that the state is computed from and that are computed from it, itself among them.
fn chain(system: &System, state: FamilyId) -> Vec<FamilyId> {
    let below = |from: FamilyId| -> FxHashSet<FamilyId> {
        let mut found = FxHashSet::default();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if system.family(at).kind == FamilyKind::Defined {
                open.extend(
                    reads(system, at)
                        .into_iter()
                        .filter(|read| found.insert(*read)),
                );
            }
        }
        found
    };
    let own = below(state);
    let mut chain: Vec<FamilyId> = own
        .into_iter()
        .filter(|family| *family == state || below(*family).contains(&state))
        .collect();
    chain.sort_unstable();
    chain
}

/// Notes what is added to the chain in a body; refuses what cannot be set to 0.
fn added(recursion: &Recursion, body: TermId, zeroed: &mut Vec<String>) -> Result<(), Report> {
    let system = &recursion.system;
    let chain = chain(system, recursion.state);
    let in_chain = |term: TermId| {
        accesses(system, term)
            .iter()
            .any(|(family, _)| chain.contains(family))
    };
    // The beginning of the recursion is drawn.
    if !in_chain(body) {
        return Ok(());
    }
    match system.store.node(body) {
        Node::Add(parts) => {
            for part in parts {
                if in_chain(*part) {
                    added(recursion, *part, zeroed)?;
                    continue;
                }
                let read = accesses(system, *part);
                let inputs = |family: FamilyId| system.family(family).kind == FamilyKind::Input;
                if read.is_empty() || !read.iter().all(|(family, _)| inputs(*family)) {
                    return Err(not_simulated(
                        recursion,
                        "something is added in it that is no input or bias".into(),
                    )
                    .into());
                }
                let names = read
                    .iter()
                    .map(|(family, _)| system.family(*family).name.clone());
                zeroed.extend(names);
            }
            Ok(())
        }
        Node::Apply(_, _, arguments) => added(recursion, arguments[0], zeroed),
        Node::Mul(factors) => {
            for factor in factors {
                added(recursion, *factor, zeroed)?;
            }
            Ok(())
        }
        Node::Reduce(_, _, _, inner) => added(recursion, *inner, zeroed),
        Node::Access(..) => Ok(()),
        Node::Number(_)
        | Node::Pi
        | Node::Index(_)
        | Node::Parameter(_)
        | Node::Power(..)
        | Node::Guard(_)
        | Node::Test(..)
        | Node::Cases(_) => {
            Err(not_simulated(recursion, "it is more than a dense layer".into()).into())
        }
    }
}

fn not_simulated(recursion: &Recursion, why: String) -> Diagnostic {
    let family = recursion.system.family(recursion.state);
    let diagnostic = Diagnostic::general(
        "flow-not-simulated",
        format!("the step of `{}` is not simulated: {why}", family.name),
    )
    .note("simulated are dense layers `φ(W h + b)`, with or without a residual connection, and vanilla recurrences");
    match mistakes::place(&recursion.system, recursion.state) {
        Some(span) => diagnostic.label(span, "this step"),
        None => diagnostic,
    }
}
