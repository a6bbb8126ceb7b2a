//! The picture of a simulation: the norm of the gradient against the steps back, and its data.

use std::path::Path;

use kuva::backend::terminal::TerminalBackend;
use kuva::plot::{LegendPosition, LinePlot, LineStyle};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;

use super::Stop;
use super::flow::Run;

/// Colours of equal rank that are told apart in grey too; so are the dashes.
const COLOURS: [&str; 6] = [
    "#1b4f8a", "#c1442e", "#2f7d4f", "#7a4b9a", "#8a6d1b", "#444444",
];
/// More points than this are no more to be seen.
const MOST_POINTS: usize = 400;
/// Pixels of a PNG for each unit of the picture.
const SHARPNESS: f32 = 2.0;

/// ln of the predicted norm by steps from the end: the root of the mean square of wide networks. Empty where there
/// is none.
pub(super) fn predicted(run: &Run) -> Vec<f64> {
    let moments = &run.answer.moments;
    if moments.len() != run.setup.depth() {
        return Vec::new();
    }
    let mut log = 0.0;
    std::iter::once(0.0)
        .chain(moments.iter().rev().map(|moment| {
            log += 0.5 * moment.factor.ln();
            log
        }))
        .collect()
}

/// The picture as SVG.
pub(super) fn svg(runs: &[Run]) -> String {
    let (plots, layout) = plots(runs);
    kuva::render_to_svg(plots, layout)
}

/// The picture as the contents of a file of this name.
pub(super) fn picture(runs: &[Run], path: &Path) -> Result<Vec<u8>, Stop> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => Ok(svg(runs).into_bytes()),
        Some("png") => {
            let (plots, layout) = plots(runs);
            kuva::render_to_png(plots, layout, SHARPNESS)
                .map_err(|error| Stop::refused(format!("error: {}: {error}", path.display())))
        }
        _ => Err(Stop::refused(format!(
            "error: {}: a picture is written as .svg or .png",
            path.display()
        ))),
    }
}

/// The picture in characters of a terminal.
pub(super) fn sketch(runs: &[Run]) -> String {
    let (plots, layout) = plots(runs);
    let layout = layout.with_term_rows(24);
    TerminalBackend::new(78, 24).render_scene(&render_multiple(plots, layout))
}

fn plots(runs: &[Run]) -> (Vec<Plot>, Layout) {
    let mut plots: Vec<Plot> = Vec::new();
    let (mut low, mut high) = (0.0f64, 0.0f64);
    let dashes = [
        LineStyle::Solid,
        dashed(),
        LineStyle::Custom("2 3".into()),
        LineStyle::Custom("12 4 2 4".into()),
    ];
    let mut bounds = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let name = &run.name;
        let series = |which: usize| -> Vec<f64> {
            run.simulation
                .layers
                .iter()
                .map(|layer| layer.quantiles[which])
                .collect()
        };
        let (least, median, most) = (series(0), series(2), series(4));
        let kept = thinned(&[&least, &median, &most]);
        for point in &kept {
            low = low.min(point.1[0]);
            high = high.max(point.1[2]);
        }
        let style = if runs.len() == 1 {
            LineStyle::Solid
        } else {
            dashes[at % dashes.len()].clone()
        };
        plots.push(
            LinePlot::new()
                .with_data(kept.iter().map(|(step, values)| (*step, values[1])))
                .with_band(
                    kept.iter().map(|(_, values)| values[0]),
                    kept.iter().map(|(_, values)| values[2]),
                )
                .with_color(colour)
                .with_stroke_width(2.0)
                .with_line_style(style)
                .with_legend(format!("{name}: median, 5 to 95 %"))
                .into(),
        );
        // Beside other activations further lines would cover each other.
        if runs.len() == 1 {
            let expected = thinned(&[&predicted(run)]);
            for (_, values) in &expected {
                low = low.min(values[0]);
                high = high.max(values[0]);
            }
            plots.extend(line(
                &expected,
                "#000000",
                dashed(),
                "root of the mean square, predicted",
            ));
            bounds = thinned(&[&run.answer.bounds]);
        }
    }
    // A bound far off would leave the rest no room: it is drawn as far as it lies in the picture.
    let span = (high - low).max(2.0);
    bounds.retain(|(_, values)| (low - span..=high + span).contains(&values[0]));
    for (_, values) in &bounds {
        low = low.min(values[0]);
        high = high.max(values[0]);
    }
    if let [run] = runs {
        plots.extend(line(
            &bounds,
            "#555555",
            LineStyle::Dotted,
            bound_words(run),
        ));
    }
    // Logarithms are drawn on a plain axis: a logarithmic one cuts off what is very small.
    let ticks = TickFormat::Custom(std::sync::Arc::new(|tens| format!("1e{tens:.0}")));
    let room = ((high - low) * 0.04).max(0.5);
    let step = tick_step(high - low + 2.0 * room);
    let layout = Layout::auto_from_plots(&plots)
        .with_title("Norm of the gradient")
        .with_x_label("steps back from the end")
        .with_y_label("norm, relative to the end")
        .with_y_axis_min(((low - room) / step).floor() * step)
        .with_y_axis_max(((high + room) / step).ceil() * step)
        .with_y_tick_step(step)
        .with_y_tick_format(ticks)
        .with_legend_position(LegendPosition::OutsideBottomCenter)
        .with_legend_box(false)
        .with_width(760.0)
        .with_height(480.0);
    (plots, layout)
}

/// A line through points, none if there are none.
fn line(points: &[(f64, Vec<f64>)], colour: &str, style: LineStyle, words: &str) -> Option<Plot> {
    (!points.is_empty()).then(|| {
        LinePlot::new()
            .with_data(points.iter().map(|(step, values)| (*step, values[0])))
            .with_color(colour)
            .with_stroke_width(1.5)
            .with_line_style(style)
            .with_legend(words)
            .into()
    })
}

/// Long dashes, which are seen beside dots.
fn dashed() -> LineStyle {
    LineStyle::Custom("9 5".into())
}

/// Whole powers of ten between ticks, about eight ticks in all.
fn tick_step(span: f64) -> f64 {
    let rough = (span / 8.0).max(1e-9);
    let tens = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .iter()
        .map(|digit| digit * tens)
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    step.max(1.0)
}

fn bound_words(run: &Run) -> &'static str {
    if run.answer.bound_is_certain {
        "bound"
    } else {
        "bound of the mean"
    }
}

/// Every so many steps the values, as powers of ten; where one is 0, nothing is drawn.
fn thinned(series: &[&Vec<f64>]) -> Vec<(f64, Vec<f64>)> {
    let length = series.iter().map(|values| values.len()).min().unwrap_or(0);
    let every = length.div_ceil(MOST_POINTS).max(1);
    (0..length)
        .filter(|step| step % every == 0 || step + 1 == length)
        .map(|step| {
            let values: Vec<f64> = series
                .iter()
                .map(|values| values[step] / std::f64::consts::LN_10)
                .collect();
            (step as f64, values)
        })
        .filter(|(_, values)| values.iter().all(|value| value.is_finite()))
        .collect()
}

/// The data of the picture: powers of ten, so that nothing is too small for a number.
pub(super) fn table(runs: &[Run]) -> String {
    let mut text = String::from(
        "name,steps,log10_q05,log10_q25,log10_median,log10_q75,log10_q95,log10_mean_square,relative_error,log10_predicted,log10_bound,log10_forward,inactive\n",
    );
    let tens = |log: Option<f64>| match log {
        Some(log) if log.is_finite() => format!("{:.6}", log / std::f64::consts::LN_10),
        Some(_) => "-inf".into(),
        None => "nan".into(),
    };
    for run in runs {
        let (predicted, bound) = (predicted(run), &run.answer.bounds);
        for (step, layer) in run.simulation.layers.iter().enumerate() {
            let mut cells = vec![csv(&run.name), step.to_string()];
            cells.extend(layer.quantiles.iter().map(|log| tens(Some(*log))));
            cells.push(tens(Some(layer.mean_square)));
            cells.push(format!("{:.6}", layer.relative_error));
            cells.push(tens(predicted.get(step).copied()));
            cells.push(tens(bound.get(step).copied()));
            cells.push(tens(layer.forward));
            cells.push(format!("{:.6}", layer.inactive));
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    text
}

/// A cell of the table; names may have a comma.
fn csv(text: &str) -> String {
    if text.contains(',') {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}
