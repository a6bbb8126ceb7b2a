//! `chainrule flow`: why gradients vanish or explode.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use serde_json::{Value, json};

use super::args::{FlowArguments, FlowFormat};
use super::flow_words::report;
use super::network::{Loaded, load};
use super::{Outcome, Stop, chart, deliver, progress, say, styled};
use crate::flow::{
    Activation, Answer, Flow, Init, Model, Part, Setup, Simulation, activations, flow, model,
    simulate,
};
use crate::present::{FlowDocument, present_flow};
use crate::source::{Diagnostic, Report, Severity, render_diagnostics};
use crate::syntax::StepAtZero;
use crate::system::{FamilyKind, System};
use crate::write::{Environment, flow_latex, flow_text, latex_of};

/// One part with one activation, simulated.
pub(super) struct Run {
    /// The activation, with the state where a network has several parts.
    pub(super) name: String,
    pub(super) model: Model,
    pub(super) setup: Setup,
    pub(super) simulation: Simulation,
    pub(super) answer: Answer,
}

/// Where neither the network nor the command says it.
const DEPTH: u32 = 50;
const WIDTH: usize = 64;

/// What is known of a network's recursion.
pub(super) struct Known {
    pub(super) loaded: Loaded,
    pub(super) document: FlowDocument,
    /// The simulations; none if there is none to be had or wanted.
    pub(super) runs: Vec<Run>,
    /// What of the network has no factors or is not simulated, and why.
    pub(super) missing: Vec<Diagnostic>,
}

impl Known {
    /// The simulations and answers in words; `others` if the activations are not the network's own.
    pub(super) fn words(&self, others: bool, lead: &str) -> String {
        report(&self.runs, others, lead)
    }
}

/// The formulas of a network's recursion, and what simulations of it say.
pub(super) fn known(arguments: &FlowArguments) -> Result<Known, Stop> {
    if !arguments.network.wrt.is_empty() {
        return Err(Stop::refused(
            "error: --wrt says nothing to `flow`, which looks at all steps of the network"
                .to_owned(),
        ));
    }
    let loaded = load(&arguments.network)?;
    let step_at_zero = arguments
        .network
        .step0
        .map(Into::into)
        .or(loaded.system.step_at_zero)
        .unwrap_or(StepAtZero::One);
    let stop = |report: Report| loaded.stop(&report);
    let flow = flow(&loaded.system, step_at_zero).map_err(stop)?;
    let given = given(&flow.system, &arguments.set)?;
    let models: Vec<(Result<Model, Diagnostic>, bool)> = flow
        .parts
        .iter()
        .map(|part| modelled(arguments, &flow, part, &given))
        .collect();
    // What holds for one number of steps alone is no formula.
    let expectations: Vec<_> = models
        .iter()
        .map(|(model, at_depth)| {
            let model = model.as_ref().ok().filter(|_| !at_depth);
            model.and_then(Model::form)
        })
        .collect();
    let document = present_flow(&flow, &expectations, &loaded.notation);
    let mut missing = flow.notes.clone();
    let mut runs = Vec::new();
    for (part, (model, _)) in flow.parts.iter().zip(&models) {
        match model {
            _ if arguments.no_simulation => {}
            Ok(model) => {
                let state = &flow.system.family(part.states[0].family).name;
                let title = (flow.parts.len() > 1).then_some(state.as_str());
                let chosen = chosen(arguments, &flow, model).map_err(stop)?;
                runs.extend(simulated(arguments, &flow, chosen, title)?);
            }
            // The formulas hold all the same; why it is not simulated is said at the end.
            Err(diagnostic) => missing.push(diagnostic.clone()),
        }
    }
    Ok(Known {
        loaded,
        document,
        runs,
        missing,
    })
}

/// A part as it is simulated, and whether it is so with the number of steps that are simulated alone: where a step computes
/// with it.
fn modelled(
    arguments: &FlowArguments,
    flow: &Flow,
    part: &Part,
    given: &BTreeMap<String, f64>,
) -> (Result<Model, Diagnostic>, bool) {
    let found = model(flow, part, given);
    let size = part.depth_size(&flow.system);
    let (Err(_), Some(size)) = (&found, size.filter(|size| !given.contains_key(*size))) else {
        return (found, false);
    };
    let steps = match arguments.width.as_slice() {
        [_, _, ..] => arguments.width.len() as u32 - 1,
        _ => arguments.depth.unwrap_or(DEPTH),
    };
    let mut given = given.clone();
    given.insert(size.to_owned(), f64::from(steps));
    (model(flow, part, &given).or(found), true)
}

/// Values of the numbers that the command gives, by name.
fn given(system: &System, set: &[(String, f64)]) -> Result<BTreeMap<String, f64>, Stop> {
    for (name, value) in set {
        let inputs = system
            .families
            .iter()
            .filter(|family| family.kind == FamilyKind::Input);
        if let Some(size) = system.sizes.iter().find(|size| size.name == *name) {
            if value.fract() != 0.0 || *value < 1.0 {
                return Err(Stop::refused(format!(
                    "error: --set {name}: the size `{}` is a positive whole number",
                    size.name
                )));
            }
        } else if !inputs.clone().any(|family| family.name == *name) {
            let sizes = system.sizes.iter().map(|size| size.name.as_str());
            let names: Vec<&str> = (inputs.map(|family| family.name.as_str()))
                .chain(sizes)
                .collect();
            return Err(Stop::refused(format!(
                "error: --set {name}: the network is not given any `{name}`; it is given: {}",
                names.join(", ")
            )));
        }
    }
    Ok(set.iter().cloned().collect())
}

/// `NAME=VALUE`
pub(super) fn value_of(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let value = value
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite());
    let value = value.ok_or_else(|| format!("`{text}`: there is no number behind the `=`"))?;
    Ok((name.trim().to_owned(), value))
}

pub(super) fn run(arguments: &FlowArguments) -> Result<Outcome, Stop> {
    let known = known(arguments)?;
    let (document, runs) = (&known.document, &known.runs);
    for (path, what) in [(&arguments.plot, "--plot"), (&arguments.csv, "--csv")] {
        if path.is_some() && runs.is_empty() {
            return Err(Stop::refused(format!("error: {what} needs a simulation")));
        }
    }
    if let Some(path) = &arguments.plot {
        let picture = chart::picture(runs, path)?;
        deliver(Some(path), |out| out.write_all(&picture))?;
    }
    if let Some(path) = &arguments.csv {
        let table = chart::table(runs);
        deliver(Some(path), |out| out.write_all(table.as_bytes()))?;
    }
    let format = if arguments.json {
        FlowFormat::Json
    } else {
        arguments.format
    };
    let others = !arguments.activation.is_empty();
    if runs.is_empty() && document.statements.is_empty() {
        Report::unless_empty(known.missing.clone()).map_err(|report| known.loaded.stop(&report))?;
    }
    let text = match format {
        FlowFormat::Text => {
            let text = flow_text(document) + &known.words(others, "");
            text.trim_start_matches('\n').to_owned()
        }
        FlowFormat::Latex => {
            let formulas = match document.statements.as_slice() {
                [] => String::new(),
                _ => flow_latex(document, Environment::AlignStar),
            };
            formulas + &known.words(others, "% ")
        }
        FlowFormat::Json => {
            let value = json_of(document, runs);
            format!("{value:#}\n")
        }
    };
    deliver(None, |out| {
        out.write_all(text.as_bytes())?;
        if format == FlowFormat::Text && !runs.is_empty() && std::io::stdout().is_terminal() {
            out.write_all(chart::sketch(runs).as_bytes())?;
        }
        Ok(())
    })?;
    if runs.is_empty() && !arguments.no_simulation {
        // Formulas without the simulation that was asked for are half an answer.
        Report::unless_empty(known.missing.clone()).map_err(|report| known.loaded.stop(&report))?;
    }
    let warnings: Vec<Diagnostic> = known
        .missing
        .iter()
        .map(|diagnostic| Diagnostic {
            severity: Severity::Warning,
            ..diagnostic.clone()
        })
        .collect();
    if !warnings.is_empty() {
        let styled = styled(&std::io::stderr());
        say(&render_diagnostics(&warnings, &known.loaded.source, styled));
    }
    Ok(Outcome::Done)
}

/// What is simulated: with the activations that were asked for, or with the network's own.
fn chosen(
    arguments: &FlowArguments,
    flow: &Flow,
    model: &Model,
) -> Result<Vec<(String, Model)>, Report> {
    if arguments.activation.is_empty() {
        return Ok(vec![(model.names(), model.clone())]);
    }
    let replaced = |activation: Activation| {
        let other = model.with_activation(&activation).ok_or_else(|| {
            Diagnostic::general(
                "flow-no-single-activation",
                format!(
                    "another activation has no single place: there is {}",
                    model.names()
                ),
            )
            .help("leave --activation away")
        })?;
        Ok((activation.name.clone(), other))
    };
    let found = activations(flow, &arguments.activation)?;
    found.into_iter().map(replaced).collect()
}

/// The widths of the states, first to last, and that of what is between them.
fn widths(arguments: &FlowArguments, model: &Model) -> Result<(Vec<usize>, usize), Stop> {
    let asked: Vec<usize> = arguments
        .width
        .iter()
        .map(|width| *width as usize)
        .collect();
    let listed = asked.len() > 1;
    let refused = |message: String| Err(Stop::refused(format!("error: {message}")));
    let steps = asked.len().saturating_sub(1);
    let depth = match (model.depth, arguments.depth.map(|depth| depth as usize)) {
        (Some(known), Some(asked)) if known != asked => {
            return refused(format!(
                "the network says {known} for its depth, the command {asked}"
            ));
        }
        (Some(known), _) if listed && known != steps => {
            return refused(format!("{known} steps have {} widths", known + 1));
        }
        (None, Some(depth)) if listed && depth != steps => {
            return refused(format!("{depth} steps have {} widths", depth + 1));
        }
        (Some(known), _) => known,
        (None, Some(depth)) => depth,
        (None, None) if listed => steps,
        (None, None) => DEPTH as usize,
    };
    let [first, .., last] = model.widths[..] else {
        unreachable!("a step has two ends");
    };
    let mut widths = Vec::with_capacity(depth + 1);
    for at in 0..=depth {
        let known = match model.widths.get(at) {
            // Of layers that are written out each has its own.
            Some(known) if model.widths.len() == depth + 1 => *known,
            _ if at == depth => last,
            _ => first,
        };
        let wanted = if listed { asked.get(at) } else { asked.first() }.copied();
        widths.push(match (known, wanted) {
            (Some(known), Some(wanted))
                if known != wanted && (listed || model.widths.iter().all(Option::is_some)) =>
            {
                return refused(format!(
                    "the network says {known} for its width, the command {wanted}"
                ));
            }
            (Some(known), _) => known,
            (None, wanted) => wanted.unwrap_or(WIDTH),
        });
    }
    if model.even && widths.iter().any(|width| *width != widths[0]) {
        return refused("all states of this network are equally wide, because their sizes have one name; sizes with a slot, `n[k]`, may differ".into());
    }
    Ok((
        widths,
        if listed {
            WIDTH
        } else {
            asked.first().copied().unwrap_or(WIDTH)
        },
    ))
}

fn simulated(
    arguments: &FlowArguments,
    flow: &Flow,
    chosen: Vec<(String, Model)>,
    title: Option<&str>,
) -> Result<Vec<Run>, Stop> {
    let mut runs = Vec::with_capacity(chosen.len());
    for (activation, model) in chosen {
        let (widths, inner) = widths(arguments, &model)?;
        let setup = Setup {
            widths,
            inner,
            init: arguments.init.unwrap_or(if model.scalar {
                Init::Constant(1.0)
            } else {
                Init::Glorot
            }),
            draws: arguments.draws as usize,
            seed: arguments.seed,
        };
        if setup.leaves_nothing(&model.tapes) {
            return Err(Stop::refused(
                "error: with these sizes something in a step has no elements\nhelp: take a larger --width, or give sizes with --set NAME=VALUE".to_owned(),
            ));
        }
        let name = match title {
            Some(state) => format!("{state}, {activation}"),
            None => activation,
        };
        let bar = progress(&name, setup.draws);
        let simulation = simulate(&model.tapes, &setup, &|| bar.inc(1));
        bar.finish_and_clear();
        if simulation.overflowed > 0 {
            return Err(Stop::refused(format!(
                "error: with {name} the forward values are no finite numbers any more in {} of {} draws\nhelp: take a smaller --depth, or weights with a smaller variance (--init)",
                simulation.overflowed, setup.draws
            )));
        }
        let answer = Answer::new(flow, &model, &setup, &simulation);
        runs.push(Run {
            name,
            model,
            setup,
            simulation,
            answer,
        });
    }
    Ok(runs)
}

/// How weights are drawn, as it is written on the command line.
pub(super) fn init(text: &str) -> Result<Init, String> {
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
            .ok_or_else(|| format!("`{text}` is no number"))
    };
    let positive = |text: &str| {
        number(text).and_then(|value| {
            if value > 0.0 {
                Ok(value)
            } else {
                Err("a variance is positive".to_owned())
            }
        })
    };
    match text.split_once('=') {
        Some(("constant", value)) => number(value).map(Init::Constant),
        Some(("variance", value)) => match value.strip_suffix("/n") {
            Some(value) => positive(value).map(Init::OverFanIn),
            None => positive(value).map(Init::Variance),
        },
        _ => match text {
            "glorot" => Ok(Init::Glorot),
            "he" => Ok(Init::He),
            "lecun" => Ok(Init::Lecun),
            "orthogonal" => Ok(Init::Orthogonal),
            _ => Err(
                "write constant=C, glorot, he, lecun, orthogonal, variance=V or variance=V/n"
                    .into(),
            ),
        },
    }
}

/// Everything for programs.
fn json_of(document: &FlowDocument, runs: &[Run]) -> Value {
    let statements: Vec<Value> = document
        .statements
        .iter()
        .map(|statement| {
            let relation = match statement.relation {
                crate::present::math::Sign::LessEqual => "<=",
                crate::present::math::Sign::Element => "in",
                _ => "=",
            };
            json!({
                "kind": statement.kind,
                "left": latex_of(&document.boxes, statement.left),
                "relation": relation,
                "right": latex_of(&document.boxes, statement.right),
                "range": statement.range.map(|range| latex_of(&document.boxes, range)),
                "given": statement.given,
            })
        })
        .collect();
    let runs: Vec<Value> = runs
        .iter()
        .map(|run| {
            let predicted = chart::predicted(run);
            let layers: Vec<Value> = run
                .simulation
                .layers
                .iter()
                .enumerate()
                .map(|(step, layer)| {
                    json!({
                        "steps": step,
                        "ln_norm": finite(&layer.quantiles),
                        "ln_norm_error": layer.quantile_error,
                        "ln_mean_square": number(layer.mean_square),
                        "relative_error": number(layer.relative_error),
                        "ln_predicted_norm": predicted.get(step).copied().map(number),
                        "ln_forward": layer.forward.map(number),
                        "inactive": layer.inactive,
                    })
                })
                .collect();
            let activations: Vec<Value> = run
                .model
                .activations()
                .into_iter()
                .map(|activation| {
                    json!({
                        "name": activation.name,
                        "slope_range": activation.range.map(|range| json!({
                            "low": range.low,
                            "high": range.high,
                            "error": range.error,
                            "up_to": number(range.up_to),
                            "proof": range.proof.word(),
                        })),
                    })
                })
                .collect();
            json!({
                "name": run.name,
                "activations": activations,
                "widths": run.setup.widths,
                "sizes": run.model.kept.iter().cloned().collect::<BTreeMap<String, usize>>(),
                "set_to_zero": run.model.zeroed,
                "course": run.answer.course.word(),
                "factor": run.answer.factor,
                "ln_bound": run.answer.bound().map(number),
                "bound_is_certain": run.answer.bound_is_certain,
                "words": run.answer.words,
                "layers": layers,
            })
        })
        .collect();
    json!({"statements": statements, "quantiles": crate::flow::QUANTILES, "runs": runs})
}

/// A number, none where it is infinite.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn finite(values: &[f64]) -> Vec<Value> {
    values.iter().copied().map(number).collect()
}
