//! The answer in words, no more certain than what it rests on.

use super::activation::Activation;
use super::expectation::{Critical, Moment, adds_up, critical, moments, slope_square};
use super::model::Model;
use super::simulate::{Init, Norm, Setup, Simulation};

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
    /// ln of a bound on the norm after all steps, if there is one; of a bound on its mean where weights are random.
    pub bound: Option<f64>,
    /// Whether the bound holds for every draw.
    pub bound_is_certain: bool,
    /// The mean squares step by step, where weights are random.
    pub moments: Vec<Moment>,
    /// Sentences.
    pub words: Vec<String>,
}

/// Factors within this of 1 count as 1: over a thousand steps they make less than e.
const STABLE: f64 = 1e-3;

impl Answer {
    /// The answer for a model with an activation as it was simulated.
    pub fn new(
        model: &Model,
        activation: &Activation,
        setup: &Setup,
        simulation: &Simulation,
    ) -> Self {
        let depth = setup.depth;
        let gain = setup
            .init
            .variance(setup.width)
            .map(|v| v * setup.width as f64);
        let moments = gain
            .filter(|_| setup.width > 1 && adds_up(activation, model.form))
            .map(|gain| moments(activation, model.form, gain, depth))
            .unwrap_or_default();
        let last = simulation.layers.last();
        let median = last.map_or(0.0, |layer| layer.quantiles[2]);
        let factor = match moments.last() {
            Some(moment) if moments.len() == depth => moment.factor.sqrt(),
            _ => (median / depth as f64).exp(),
        };
        let course = if factor < 1.0 - STABLE {
            Course::Vanishing
        } else if factor > 1.0 + STABLE {
            Course::Exploding
        } else {
            Course::Stable
        };
        let shortcut = f64::from(u8::from(model.form.residual));
        let norm = setup.init.norm(setup.width);
        let (size, exactly) = match norm {
            Norm::Exactly(size) => (size, true),
            Norm::MeanBelow(size) => (size, false),
        };
        // Shared weights are no independent factors: the mean of a product is not bounded by means.
        let usable = exactly || !model.shared;
        let range = activation
            .range
            .filter(|range| range.up_to.is_infinite() && usable);
        let step = range.map(|range| shortcut + range.magnitude() * size);
        let mut answer = Self {
            course,
            factor,
            bound: step.map(|step| step.ln() * depth as f64),
            bound_is_certain: exactly,
            moments,
            words: Vec::new(),
        };
        answer.say_course(model, activation, setup, simulation, gain);
        answer.say_bound(activation, step);
        answer.say_remedy(model, activation, setup);
        answer
    }

    fn say_course(
        &mut self,
        model: &Model,
        activation: &Activation,
        setup: &Setup,
        simulation: &Simulation,
        gain: Option<f64>,
    ) {
        let name = &activation.name;
        let word = self.course.word();
        let depth = setup.depth;
        match (self.moments.last(), gain) {
            (Some(moment), Some(gain)) if self.moments.len() == depth => {
                let slope = slope_square_of(activation, moment.variance);
                let shortcut = if model.form.residual { "1 + " } else { "" };
                let sum = format!(
                    "{shortcut}n Var W E[φ'(z)²] = {shortcut}{} · {}",
                    short(gain),
                    short(slope)
                );
                self.words.push(format!(
                    "{word} in the mean over random weights: one step multiplies the mean square of the gradient by {sum} = {}, its norm by about {} ({name}, wide layers).",
                    short(moment.factor),
                    short(self.factor),
                ));
            }
            _ => self.words.push(format!(
                "{word} as simulated: one step multiplies the norm of the gradient by {} in the median ({name}).",
                short(self.factor)
            )),
        }
        if let Some(layer) = simulation.layers.last()
            && layer.draws > 1
            && layer.quantiles[4] > layer.quantiles[0]
            && !(self.bound_is_certain && self.bound.is_some_and(|bound| bound < 0.0))
        {
            self.words.push(format!(
                "Not guaranteed for a single network: after {depth} steps the norm lies between {} and {} in nine of ten draws.",
                power_of_ten(layer.quantiles[0]),
                power_of_ten(layer.quantiles[4]),
            ));
        }
    }

    fn say_bound(&mut self, activation: &Activation, step: Option<f64>) {
        let name = &activation.name;
        match (activation.range, step, self.bound) {
            (Some(range), Some(step), Some(bound)) => {
                let what = if self.bound_is_certain {
                    "for every such network"
                } else {
                    "in the mean"
                };
                let verdict = match (step < 1.0, self.bound_is_certain) {
                    (true, true) => "so it vanishes for certain",
                    (true, false) => "so its mean vanishes for certain",
                    (false, _) => "which does not say that it is reached",
                };
                self.words.push(format!(
                    "Bound: |φ'| ≤ {} for {name}, so one step multiplies the norm by at most {} {what}, all steps by at most {}, {verdict}.",
                    short(range.magnitude()),
                    short(step),
                    power_of_ten(bound),
                ));
            }
            (Some(range), None, _) if range.up_to.is_finite() => self.words.push(format!(
                "No bound for all arguments: |φ'| ≤ {} is proved for arguments up to {} only.",
                short(range.magnitude()),
                range.up_to
            )),
            (None, ..) => self.words.push(format!(
                "No bound: the range of the derivative of {name} is not known, or not bounded."
            )),
            (Some(_), ..) => self.words.push(
                "No bound by the norm of the weights: shared random weights are not independent factors.".into(),
            ),
        }
    }

    fn say_remedy(&mut self, model: &Model, activation: &Activation, setup: &Setup) {
        let name = &activation.name;
        if let Init::Constant(_) = setup.init {
            let steep = activation.range.filter(|range| range.up_to.is_infinite());
            if let (Some(range), Course::Vanishing, true) = (steep, self.course, model.scalar)
                && !model.form.residual
            {
                self.words.push(format!(
                    "What would change it: weights of at least {} in magnitude, without which nothing makes up for {name}; a residual connection would add 1 to the factor of a step.",
                    short(1.0 / range.magnitude())
                ));
            }
            return;
        }
        if model.form.residual {
            if self.course == Course::Exploding {
                self.words.push("What would change it: a branch with smaller weights; the identity keeps the gradient from vanishing in the mean, and each branch adds to it.".into());
            }
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

fn slope_square_of(activation: &Activation, variance: f64) -> f64 {
    if variance > 0.0 {
        slope_square(activation, variance).value
    } else {
        activation.slope(0.0).powi(2)
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
