//! The answer in words, no more certain than what it rests on.

use std::collections::BTreeMap;

use super::activation::Activation;
use super::expectation::{Critical, Form, Moment, Stage, adds_up, critical, moments, slope_square};
use super::model::{Model, stages};
use super::simulate::{Setup, Simulation};
use super::steps::Flow;
use super::weights::Init;

/// What becomes of the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It shrinks with every step.
    Vanishing,
    /// It keeps its size.
    Stable,
    /// It grows with every step.
    Exploding,
}

impl Course {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Course::Vanishing => "vanishing",
            Course::Stable => "stable",
            Course::Exploding => "exploding",
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What becomes of the gradient.
    pub course: Course,
    /// The factor of one step on its norm: the root of the mean square where weights are random, else as simulated.
    pub factor: f64,
    /// ln of bounds on the norm by steps back from the end, if there are any; on its mean where weights are random.
    pub bounds: Vec<f64>,
    /// Whether the bounds hold for every draw.
    pub bound_is_certain: bool,
    /// The mean squares step by step, where weights are random.
    pub moments: Vec<Moment>,
    /// Sentences.
    pub words: Vec<String>,
}

/// Factors within this of 1 count as 1: over a thousand steps they make less than e.
const STABLE: f64 = 1e-3;

impl Answer {
    /// The answer for a model as it was simulated.
    pub fn new(flow: &Flow, model: &Model, setup: &Setup, simulation: &Simulation) -> Self {
        let depth = setup.depth();
        let identity = Activation::identity(&flow.system, flow.step_at_zero);
        let stages = stages(model, setup, &identity)
            .filter(|_| !model.scalar)
            .filter(|stages| {
                let mut all = stages.iter();
                // Equal ones one after the other are asked once.
                let mut before: Option<&Stage> = None;
                all.all(|stage| {
                    let known = before.is_some_and(|before| before.is_like(stage));
                    before = Some(stage);
                    known || adds_up(stage.activation, stage.form)
                })
            })
            .unwrap_or_default();
        let moments = moments(&stages);
        let complete = moments.len() == depth;
        let last = simulation.layers.last();
        let median = last.map_or(0.0, |layer| layer.quantiles[2]);
        let alike = stages.windows(2).all(|pair| pair[0].is_like(&pair[1]));
        let factor = match moments.last() {
            Some(moment) if complete && alike => moment.factor.sqrt(),
            Some(_) if complete => {
                let sum: f64 = moments.iter().map(|moment| moment.factor.ln()).sum();
                (sum / 2.0 / depth as f64).exp()
            }
            _ => (median / depth as f64).exp(),
        };
        let course = if factor < 1.0 - STABLE {
            Course::Vanishing
        } else if factor > 1.0 + STABLE {
            Course::Exploding
        } else {
            Course::Stable
        };
        let mut answer = Self {
            course,
            factor,
            bounds: Vec::new(),
            bound_is_certain: true,
            moments,
            words: Vec::new(),
        };
        let steps = answer.bound_steps(model, setup);
        answer.say_course(model, setup, simulation, &stages);
        answer.say_bound(model, steps.as_deref());
        answer.say_remedy(model, setup, &stages);
        answer
    }

    /// ln of a bound on the norm after all steps, if there is one.
    pub fn bound(&self) -> Option<f64> {
        self.bounds.last().copied()
    }

    /// The bounds of the steps, first to last, if all have one; notes their products.
    fn bound_steps(&mut self, model: &Model, setup: &Setup) -> Option<Vec<f64>> {
        let mut steps = Vec::with_capacity(setup.depth());
        // Steps that are alike are asked once.
        let mut known: BTreeMap<[usize; 3], (f64, bool)> = BTreeMap::new();
        for step in 0..setup.depth() {
            let tape = if model.tapes.len() == 1 { 0 } else { step };
            let key = [tape, setup.widths[step], setup.widths[step + 1]];
            let (bound, exactly) = match known.get(&key) {
                Some(bound) => *bound,
                None => model.tape(step).bound(setup, step)?,
            };
            known.insert(key, (bound, exactly));
            self.bound_is_certain &= exactly;
            steps.push(bound);
        }
        let mut log = 0.0;
        self.bounds = vec![0.0];
        for step in steps.iter().rev() {
            log += step.ln();
            self.bounds.push(log);
        }
        Some(steps)
    }

    fn say_course(
        &mut self,
        model: &Model,
        setup: &Setup,
        simulation: &Simulation,
        stages: &[Stage],
    ) {
        let names = model.names();
        let word = self.course.word();
        let depth = setup.depth();
        let alike = stages.windows(2).all(|pair| pair[0].is_like(&pair[1]));
        match (self.moments.last(), stages.last()) {
            (Some(moment), Some(stage)) if self.moments.len() == depth && alike => {
                self.words.push(format!(
                    "{word} in the mean over random weights: one step multiplies the mean square of the gradient by {} = {}, its norm by about {} ({names}, wide layers).",
                    sum(stage, moment),
                    short(moment.factor),
                    short(self.factor),
                ));
            }
            (Some(_), Some(_)) if self.moments.len() == depth => {
                let all: f64 = self.moments.iter().map(|moment| moment.factor.ln()).sum();
                self.words.push(format!(
                    "{word} in the mean over random weights: the steps together multiply the mean square of the gradient by {}, each the norm by about {} ({names}, wide layers).",
                    power_of_ten(all),
                    short(self.factor),
                ));
            }
            _ => {
                let all = simulation
                    .layers
                    .last()
                    .map_or(0.0, |layer| layer.quantiles[2]);
                self.words.push(format!(
                    "{word} as simulated: in the median all steps together multiply the norm of the gradient by {}, one by {} on average ({names}).",
                    power_of_ten(all),
                    short(self.factor)
                ));
            }
        }
        let vanishes = self.bound_is_certain && self.bound().is_some_and(|bound| bound < 0.0);
        if let Some(layer) = simulation.layers.last()
            && layer.draws > 1
            && layer.quantiles[4] > layer.quantiles[0]
            && !vanishes
        {
            self.words.push(format!(
                "Not guaranteed for a single network: after {} the norm lies between {} and {} in nine of ten draws.",
                count_of_steps(depth),
                power_of_ten(layer.quantiles[0]),
                power_of_ten(layer.quantiles[4]),
            ));
        }
    }

    fn say_bound(&mut self, model: &Model, steps: Option<&[f64]>) {
        let activations = model.activations();
        if let (Some(steps), Some(bound)) = (steps, self.bound()) {
            let what = if self.bound_is_certain {
                "for every such network"
            } else {
                "in the mean"
            };
            let verdict = match (bound < 0.0, self.bound_is_certain) {
                (true, true) => "so it vanishes for certain",
                (true, false) => "so its mean vanishes for certain",
                (false, _) => "which does not say that it is reached",
            };
            let ranges: Vec<String> = activations
                .iter()
                .filter_map(|own| {
                    let magnitude = short(own.range?.magnitude());
                    Some(format!("|φ'| ≤ {magnitude} for {}, ", own.name))
                })
                .collect();
            let so = if ranges.is_empty() { "" } else { "so " };
            let alike = steps
                .iter()
                .all(|step| (step - steps[0]).abs() <= 1e-12 * steps[0]);
            let each = if alike {
                format!(
                    "one step multiplies the norm by at most {} {what}, all steps by at most {}",
                    short(steps[0]),
                    power_of_ten(bound)
                )
            } else {
                format!(
                    "all steps together multiply the norm by at most {} {what}",
                    power_of_ten(bound)
                )
            };
            self.words
                .push(format!("Bound: {}{so}{each}, {verdict}.", ranges.concat()));
            return;
        }
        let unknown = activations.iter().find(|own| own.range.is_none());
        let up_to = activations
            .iter()
            .filter_map(|own| Some((own, own.range?)))
            .find(|(_, range)| range.up_to.is_finite());
        self.words.push(match (unknown, up_to) {
            (Some(own), _) => format!(
                "No bound: the range of the derivative of {} is not known, or not bounded.",
                own.name
            ),
            (None, Some((own, range))) => format!(
                "No bound for all arguments: |φ'| ≤ {} of {} is proved for arguments up to {} only.",
                short(range.magnitude()),
                own.name,
                range.up_to
            ),
            (None, None) if model.divides() => {
                "No bound in numbers: the step divides by what depends on the state.".into()
            }
            (None, None) if model.multiplies_states() => {
                "No bound in numbers: what is multiplied with depends on the state, which has no bound of its own.".into()
            }
            (None, None) => {
                "No bound by the norm of the weights: shared random weights are not independent factors.".into()
            }
        });
    }

    fn say_remedy(&mut self, model: &Model, setup: &Setup, stages: &[Stage]) {
        let [activation] = model.activations()[..] else {
            return;
        };
        let name = &activation.name;
        let form = match stages {
            [first, ..] => Some(first.form),
            [] => model.tapes[0].form().map(|(form, _)| form),
        };
        let Some(form) = form else { return };
        let residual = form.shortcut != 0.0;
        if let Init::Constant(_) = setup.init {
            let steep = activation.range.filter(|range| range.up_to.is_infinite());
            if let (Some(range), Course::Vanishing, true) = (steep, self.course, model.scalar)
                && form == Form::DENSE
            {
                self.words.push(format!(
                    "What would change it: weights of at least {} in magnitude, without which nothing makes up for {name}; a residual connection would add 1 to the factor of a step.",
                    short(1.0 / range.magnitude())
                ));
            }
            return;
        }
        if residual {
            if self.course == Course::Exploding {
                self.words.push("What would change it: a branch with smaller weights; the identity keeps the gradient from vanishing in the mean, and each branch adds to it.".into());
            }
            return;
        }
        if form.weights() != 1 || (form.branch - 1.0).abs() > 0.0 {
            return;
        }
        let at = match critical(activation) {
            Critical::Always(gain) => format!(
                "weights with n Var W = {} keep the mean square with {name}",
                short(gain)
            ),
            Critical::At { gain, variance } => format!(
                "weights with n Var W = {} keep the mean square with {name}, once the pre-activations have variance {}",
                short(gain),
                short(variance)
            ),
            Critical::Limit(gain) => format!(
                "weights with n Var W = {} keep the mean square with {name} as the pre-activations become small; there the gradient shrinks more slowly than by any constant factor",
                short(gain)
            ),
            Critical::None => format!(
                "no variance of the weights was found that keeps the mean squares of both the gradient and the pre-activations with {name}"
            ),
        };
        let also = match self.course {
            Course::Vanishing => "; a residual connection would add 1 to the factor of a step",
            Course::Exploding => {
                "; smaller weights would shrink the factor of a step in proportion"
            }
            Course::Stable => "",
        };
        self.words
            .push(format!("What would change it: {at}{also}."));
    }
}

/// The factor on the mean square, in letters and in numbers.
fn sum(stage: &Stage, moment: &Moment) -> String {
    let form = stage.form;
    let mut letters: Vec<String> = Vec::new();
    let mut numbers: Vec<String> = Vec::new();
    if (form.branch.abs() - 1.0).abs() > 0.0 {
        let square = short(form.branch * form.branch);
        letters.push(format!("{square} ·"));
        numbers.push(square);
    }
    match form.weights() {
        0 => {}
        1 => letters.push("n Var W".into()),
        _ => letters.push("n Var W n Var V".into()),
    }
    for (has, gain) in [(form.before, stage.before), (form.after, stage.after)] {
        if has {
            numbers.push(short(gain));
        }
    }
    letters.push("E[φ'(z)²]".into());
    numbers.push(short(slope_square_of(stage.activation, moment.variance)));
    let shortcut = if form.shortcut == 0.0 {
        String::new()
    } else {
        format!("{} + ", short(form.shortcut * form.shortcut))
    };
    format!(
        "{shortcut}{} = {shortcut}{}",
        letters.join(" "),
        numbers.join(" · ")
    )
}

fn slope_square_of(activation: &Activation, variance: f64) -> f64 {
    if variance > 0.0 {
        slope_square(activation, variance).value
    } else {
        activation.slope(0.0).powi(2)
    }
}

/// A number of steps in words.
pub fn count_of_steps(count: usize) -> String {
    match count {
        1 => "1 step".into(),
        _ => format!("{count} steps"),
    }
}

/// Four digits.
pub(crate) fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e5).contains(&value.abs()) {
        return power_of_ten(value.abs().ln());
    }
    let digits = (3 - value.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A positive number by its logarithm, also where the number itself is too small or too large: `3.2·10^-602`.
pub fn power_of_ten(log: f64) -> String {
    if log == f64::NEG_INFINITY {
        return "0".into();
    }
    let tens = log / std::f64::consts::LN_10;
    let exponent = tens.floor();
    if (-3.0..5.0).contains(&exponent) {
        return short(log.exp());
    }
    let mut digits = format!("{:.1}", 10f64.powf(tens - exponent));
    let mut exponent = exponent as i64;
    if digits == "10.0" {
        digits = "1.0".into();
        exponent += 1;
    }
    format!("{digits}·10^{exponent}")
}
