//! `chainrule flow`: why gradients vanish or explode.

use std::io::IsTerminal;

use serde_json::{Value, json};

use super::args::{FlowArguments, FlowFormat};
use super::network::{Loaded, load};
use super::{Outcome, Stop, chart, deliver, progress};
use crate::flow::{
    Activation, Answer, Init, Model, Recursion, Setup, Simulation, activations, model,
    own_activation, power_of_ten, recursion, simulate,
};
use crate::present::{FlowDocument, present_flow};
use crate::source::Report;
use crate::syntax::StepAtZero;
use crate::write::{Environment, flow_latex, flow_text, latex_of};

/// One activation, simulated.
pub(super) struct Run {
    pub(super) activation: Activation,
    pub(super) setup: Setup,
    pub(super) simulation: Simulation,
    pub(super) answer: Answer,
}

/// Where neither the network nor the command says it.
const DEPTH: usize = 50;
const WIDTH: usize = 64;

/// What is known of a network's recursion.
pub(super) struct Known {
    pub(super) loaded: Loaded,
    pub(super) document: FlowDocument,
    /// The simulations; none if there is none to be had or wanted.
    pub(super) runs: Vec<Run>,
    /// What the simulations leave out.
    zeroed: Vec<String>,
    /// Why it is not simulated, where it should be.
    pub(super) unsimulated: Option<Report>,
}

impl Known {
    /// The simulations and answers in words; `others` if the activations are not the network's own.
    pub(super) fn words(&self, others: bool, lead: &str) -> String {
        report(&self.runs, &self.zeroed, others, lead)
    }
}

/// The formulas of a network's recursion, and what simulations of it say.
pub(super) fn known(arguments: &FlowArguments) -> Result<Known, Stop> {
    let loaded = load(&arguments.network)?;
    let step_at_zero = arguments
        .network
        .step0
        .map(Into::into)
        .or(loaded.system.step_at_zero)
        .unwrap_or(StepAtZero::One);
    let stop = |report: Report| loaded.stop(&report);
    let mut recursion = recursion(&loaded.system, step_at_zero).map_err(stop)?;
    let product = recursion.product();
    let model = model(&recursion);
    let own = own_activation(&recursion);
    let form = model.as_ref().ok().map(|model| model.form);
    let document = present_flow(&recursion, own.as_ref(), form, product, &loaded.notation);
    let runs = match &model {
        _ if arguments.no_simulation => Vec::new(),
        Ok(model) => {
            let chosen = chosen(arguments, &recursion, own.as_ref()).map_err(stop)?;
            simulated(arguments, model, chosen)?
        }
        // The formulas hold all the same; why it is not simulated is said at the end.
        Err(_) => Vec::new(),
    };
    let (zeroed, unsimulated) = match model {
        Ok(model) => (model.zeroed, None),
        Err(report) => (Vec::new(), Some(report)),
    };
    Ok(Known {
        loaded,
        document,
        runs,
        zeroed,
        unsimulated: unsimulated.filter(|_| !arguments.no_simulation),
    })
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
    let text = match format {
        FlowFormat::Text => flow_text(document) + &known.words(others, ""),
        FlowFormat::Latex => {
            flow_latex(document, Environment::AlignStar) + &known.words(others, "% ")
        }
        FlowFormat::Json => {
            let value = json_of(document, runs, &known.zeroed);
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
    // Formulas without the simulation that was asked for are half an answer.
    match &known.unsimulated {
        Some(report) => Err(known.loaded.stop(report)),
        None => Ok(Outcome::Done),
    }
}

/// What is simulated: the activations that were asked for, or the network's own.
fn chosen(
    arguments: &FlowArguments,
    recursion: &Recursion,
    own: Option<&Activation>,
) -> Result<Vec<Activation>, Report> {
    if !arguments.activation.is_empty() {
        return activations(recursion, &arguments.activation);
    }
    own.cloned().map(|own| vec![own]).ok_or_else(|| {
        crate::source::Diagnostic::general(
            "flow-unknown-activation",
            "nothing is known of the activation, or its parameters are no numbers: it is not simulated",
        )
        .help("give it a body, or name others: --activation relu,tanh")
        .into()
    })
}

fn simulated(
    arguments: &FlowArguments,
    model: &Model,
    chosen: Vec<Activation>,
) -> Result<Vec<Run>, Stop> {
    let fixed = |known: Option<usize>, asked: Option<u32>, otherwise: usize, what: &str| match (
        known,
        asked.map(|asked| asked as usize),
    ) {
        (Some(known), Some(asked)) if known != asked => Err(Stop::refused(format!(
            "error: the network says {known} for its {what}, the command {asked}"
        ))),
        (Some(known), _) => Ok(known),
        (None, asked) => Ok(asked.unwrap_or(otherwise)),
    };
    let width = if model.scalar {
        fixed(Some(1), arguments.width, 1, "width")?
    } else {
        fixed(model.width, arguments.width, WIDTH, "width")?
    };
    let setup = Setup {
        width,
        depth: fixed(model.depth, arguments.depth, DEPTH, "depth")?,
        init: arguments.init.unwrap_or(if model.scalar {
            Init::Constant(1.0)
        } else {
            Init::Glorot
        }),
        draws: arguments.draws as usize,
        seed: arguments.seed,
        form: model.form,
        shared: model.shared,
    };
    let mut runs = Vec::with_capacity(chosen.len());
    for activation in chosen {
        let bar = progress(&activation.name, setup.draws);
        let simulation = simulate(&activation, &setup, &|| bar.inc(1));
        bar.finish_and_clear();
        if simulation.overflowed > 0 {
            return Err(Stop::refused(format!(
                "error: with {} the forward values are no finite numbers any more in {} of {} draws\nhelp: take a smaller --depth, or weights with a smaller variance (--init)",
                activation.name, simulation.overflowed, setup.draws
            )));
        }
        let answer = Answer::new(model, &activation, &setup, &simulation);
        runs.push(Run {
            activation,
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

fn init_words(init: Init) -> String {
    match init {
        Init::Constant(value) => format!("all weights {value}"),
        Init::Glorot => {
            "Glorot's weights, Var W = 2/(n_in + n_out) (Glorot and Bengio 2010)".into()
        }
        Init::He => "He's weights, Var W = 2/n_in (He et al. 2015)".into(),
        Init::Lecun => "LeCun's weights, Var W = 1/n_in (LeCun et al. 1998)".into(),
        Init::Orthogonal => "orthogonal weights (Saxe et al. 2014)".into(),
        Init::Variance(value) => format!("Var W = {value}"),
        Init::OverFanIn(value) => format!("Var W = {value}/n_in"),
    }
}

/// The simulations and answers for people; `others` if the activations are not the network's own.
fn report(runs: &[Run], zeroed: &[String], others: bool, lead: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let Some(first) = runs.first() {
        let setup = &first.setup;
        let shared = if setup.shared {
            "shared by all steps, "
        } else {
            ""
        };
        lines.push(String::new());
        lines.push(format!(
            "simulated: {} steps, width {}, {}, {shared}{} draws, seed {}",
            setup.depth,
            setup.width,
            init_words(setup.init),
            setup.draws,
            setup.seed
        ));
        lines.push(
            "the input and the gradient that enters are standard normal, the gradient scaled to norm 1 and independent of the weights"
                .into(),
        );
        if others {
            lines.push(
                "with other activations in the place of the network's, whose formulas stand above"
                    .into(),
            );
        }
        if !zeroed.is_empty() {
            lines.push(format!("set to 0: what is added by {}", zeroed.join(", ")));
        }
    }
    for run in runs {
        lines.push(String::new());
        lines.push(format!(
            "{}: {}",
            run.activation.name,
            run.answer.course.word()
        ));
        lines.extend(table(run));
        for sentence in &run.answer.words {
            lines.push(sentence.clone());
        }
    }
    if runs.iter().any(|run| !run.answer.moments.is_empty()) {
        lines.push(String::new());
        lines.push("mean squares: Poole et al. 2016, Schoenholz et al. 2017 (wide layers, independent weights of mean 0; forward and backward weights as if independent)".into());
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(format!("{lead}{line}").trim_end());
        text.push('\n');
    }
    text
}

/// The norm of the gradient at some of the steps.
fn table(run: &Run) -> Vec<String> {
    let depth = run.setup.depth;
    let inactive = run.activation.can_be_inactive();
    let mut header = vec![
        "steps back",
        "norm: median",
        "5 %",
        "95 %",
        "mean square",
        "predicted",
        "forward E z²",
    ];
    if inactive {
        header.push("inactive");
    }
    let mut rows: Vec<Vec<String>> = vec![header.into_iter().map(str::to_owned).collect()];
    let predicted = chart::predicted(run);
    for step in shown(depth) {
        let layer = &run.simulation.layers[step];
        let mut row = vec![
            step.to_string(),
            power_of_ten(layer.quantiles[2]),
            power_of_ten(layer.quantiles[0]),
            power_of_ten(layer.quantiles[4]),
            format!(
                "{} ± {}",
                power_of_ten(layer.mean_square),
                percent(layer.relative_error)
            ),
            predicted
                .get(step)
                .map_or_else(|| "-".into(), |log| power_of_ten(2.0 * log)),
            layer.forward.map_or_else(|| "-".into(), power_of_ten),
        ];
        if inactive {
            row.push(percent(layer.inactive));
        }
        rows.push(row);
    }
    let columns = rows[0].len();
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            rows.iter()
                .map(|row| row[at].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:>width$}"))
                .collect();
            cells.join("  ")
        })
        .collect()
}

/// The first steps and then about twice as many each time, to the last.
fn shown(depth: usize) -> Vec<usize> {
    let mut steps: Vec<usize> = [1usize, 2, 5]
        .iter()
        .flat_map(|digit| (0..6).map(move |tens| digit * 10usize.pow(tens)))
        .filter(|step| *step < depth)
        .collect();
    steps.push(depth);
    steps.sort_unstable();
    steps
}

fn percent(share: f64) -> String {
    if share.is_finite() {
        format!("{:.0} %", share * 100.0)
    } else {
        "?".into()
    }
}

/// Everything for programs.
fn json_of(document: &FlowDocument, runs: &[Run], zeroed: &[String]) -> Value {
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
            json!({
                "activation": run.activation.name,
                "slope_range": run.activation.range.map(|range| json!({
                    "low": range.low,
                    "high": range.high,
                    "error": range.error,
                    "up_to": number(range.up_to),
                })),
                "course": run.answer.course.word(),
                "factor": run.answer.factor,
                "ln_bound": run.answer.bound.map(number),
                "bound_is_certain": run.answer.bound_is_certain,
                "words": run.answer.words,
                "layers": layers,
            })
        })
        .collect();
    json!({"statements": statements, "quantiles": crate::flow::QUANTILES, "set_to_zero": zeroed, "runs": runs})
}

/// A number, none where it is infinite.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn finite(values: &[f64]) -> Vec<Value> {
    values.iter().copied().map(number).collect()
}
