//! Simulations and answers in words and tables.

use super::chart;
use super::flow::Run;
use crate::flow::{Init, count_of_steps, power_of_ten};

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

/// What is simulated, and how.
fn conditions(run: &Run) -> Vec<String> {
    let (setup, model) = (&run.setup, &run.model);
    let shared = if model.shared {
        "shared by all steps, "
    } else {
        ""
    };
    let even = setup.widths.iter().all(|width| *width == setup.widths[0]);
    let mut width = if even {
        format!("width {}", setup.widths[0])
    } else {
        let all: Vec<String> = setup.widths.iter().map(usize::to_string).collect();
        format!("widths {}", all.join(", "))
    };
    if model.has_inner(setup) && (!even || setup.inner != setup.widths[0]) {
        width.push_str(&format!(", {} within a step", setup.inner));
    }
    for (name, value) in &model.kept {
        width.push_str(&format!(", {name} = {value}"));
    }
    let mut lines = vec![format!(
        "simulated: {}, {width}, {}, {shared}{} draws, seed {}",
        count_of_steps(setup.depth()),
        init_words(setup.init),
        setup.draws,
        setup.seed
    )];
    let states = model.tapes[0].states();
    lines.push(if states > 1 {
        let all = if states == 2 { "both" } else { "all" };
        format!("the first states and the gradients that enter are standard normal, the gradients scaled to norm 1 together and independent of the weights; their norm is that of {all} together")
    } else {
        "the input and the gradient that enters are standard normal, the gradient scaled to norm 1 and independent of the weights".into()
    });
    lines
}

/// The simulations and answers for people; `others` if the activations are not the network's own.
pub(super) fn report(runs: &[Run], others: bool, lead: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    for run in runs {
        let conditions = conditions(run);
        if said != conditions {
            lines.push(String::new());
            lines.extend(conditions.clone());
            if others {
                lines.push(
                    "with other activations in the place of the network's, whose formulas stand above"
                        .into(),
                );
            }
            let zeroed = &run.model.zeroed;
            if !zeroed.is_empty() {
                lines.push(format!("set to 0: what is added by {}", zeroed.join(", ")));
            }
            said = conditions;
        }
        lines.push(String::new());
        lines.push(format!("{}: {}", run.name, run.answer.course.word()));
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
    let depth = run.setup.depth();
    let inactive = run.model.can_be_inactive();
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
