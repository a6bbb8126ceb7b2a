//! Mean squares over random weights: what one wide layer does to the forward values and to the gradient.
//!
//! With independent weights of mean 0 and variance V, fan-in n and pre-activations of variance q, the forward map is
//! q ↦ n V E[φ(√q z)²] + σ_b² and the mean square of the gradient is multiplied by χ = n V E[φ'(√q z)²], z standard
//! normal (Poole et al. 2016, equations 3 and 5; Schoenholz et al. 2017, section 2).

use super::activation::Activation;

/// A mean over the standard normal law, with the estimated error of its quadrature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The value.
    pub value: f64,
    /// How far it may be off, estimated by halving.
    pub error: f64,
}

/// The normal law beyond this is below 10⁻³⁰.
const FAR: f64 = 12.0;
/// Gauss–Legendre nodes and weights of order 5 on [-1, 1] (Abramowitz and Stegun 1964, table 25.4).
const NODES: [(f64, f64); 5] = [
    (0.0, 128.0 / 225.0),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
];
const TOLERANCE: f64 = 1e-13;
const DEEPEST: u32 = 40;

/// E[f(z)] for standard normal z, by adaptive quadrature from break to break.
pub fn mean(f: &dyn Fn(f64) -> f64, breaks: &[f64]) -> Mean {
    let weighted = |z: f64| f(z) * (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let mut ends: Vec<f64> = (-12..=12).map(f64::from).collect();
    ends.extend(breaks.iter().copied().filter(|at| at.abs() < FAR));
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    let mut total = Mean {
        value: 0.0,
        error: 0.0,
    };
    for pair in ends.windows(2) {
        let whole = panel(&weighted, pair[0], pair[1]);
        refine(&weighted, pair[0], pair[1], whole, DEEPEST, &mut total);
    }
    total
}

fn panel(f: &dyn Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
    let sum: f64 = NODES
        .iter()
        .map(|(node, weight)| weight * f(middle + half * node))
        .sum();
    half * sum
}

fn refine(f: &dyn Fn(f64) -> f64, low: f64, high: f64, whole: f64, depth: u32, total: &mut Mean) {
    let middle = f64::midpoint(low, high);
    let (left, right) = (panel(f, low, middle), panel(f, middle, high));
    let difference = (left + right - whole).abs();
    // Below rounding there is nothing to gain.
    let small = difference <= TOLERANCE * (left + right).abs().max(1e-3);
    if small || depth == 0 || difference.is_nan() {
        total.value += left + right;
        total.error += difference;
        return;
    }
    refine(f, low, middle, left, depth - 1, total);
    refine(f, middle, high, right, depth - 1, total);
}

/// E[f(√q z, z)], with breaks where √q z is at a kink.
fn mean_at(activation: &Activation, q: f64, f: &dyn Fn(f64, f64) -> f64) -> Mean {
    let root = q.sqrt();
    let breaks: Vec<f64> = activation.kinks.iter().map(|kink| kink / root).collect();
    mean(&|z| f(root * z, z), &breaks)
}

/// E[φ(√q z)²]
pub fn value_square(activation: &Activation, q: f64) -> Mean {
    mean_at(activation, q, &|u, _| activation.value(u).powi(2))
}

/// E[φ'(√q z)²]
pub fn slope_square(activation: &Activation, q: f64) -> Mean {
    mean_at(activation, q, &|u, _| activation.slope(u).powi(2))
}

/// E[φ(√q z)]
fn value_mean(activation: &Activation, q: f64) -> Mean {
    mean_at(activation, q, &|u, _| activation.value(u))
}

/// What a step of one state is made of, as far as mean squares need it: `s h + b V φ(W h)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Form {
    /// What the state is multiplied with as it is added; 0 without a shortcut.
    pub shortcut: f64,
    /// What stands before the branch.
    pub branch: f64,
    /// Whether there are weights before the activation.
    pub before: bool,
    /// Whether there are weights behind it.
    pub after: bool,
}

impl Form {
    /// A dense layer, `φ(W h)`.
    pub const DENSE: Self = Self {
        shortcut: 0.0,
        branch: 1.0,
        before: true,
        after: false,
    };

    /// How many weights the branch has.
    pub fn weights(self) -> usize {
        usize::from(self.before) + usize::from(self.after)
    }
}

/// One step of a wide network.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// Its activation.
    pub activation: &'a Activation,
    /// What it is made of.
    pub form: Form,
    /// n · Var W of the weights before the activation, n their inputs.
    pub before: f64,
    /// n · Var W of those behind it.
    pub after: f64,
}

impl Stage<'_> {
    /// The product of what the weights do to mean squares.
    pub(super) fn gain(&self) -> f64 {
        let gain = |has: bool, gain: f64| if has { gain } else { 1.0 };
        gain(self.form.before, self.before) * gain(self.form.after, self.after)
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.form == other.form
            && self.before.total_cmp(&other.before).is_eq()
            && self.after.total_cmp(&other.after).is_eq()
            && self.activation.is_same(other.activation)
    }
}

/// The mean square of the state at one step, and what the step does to the mean square of the gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// `E[z²]` of the pre-activations.
    pub variance: f64,
    /// The factor on the mean square of the gradient.
    pub factor: f64,
}

/// Whether mean squares add up as they do in [`moments`].
///
/// Where the state is added to an activation, the branch and the shortcut have a common part in proportion to
/// E[φ''(z)], which is 0 for odd activations such as tanh, and not for ReLU: there the mean square of the gradient
/// grows by more than the sum says. Weights behind the activation take the common part away.
pub fn adds_up(activation: &Activation, form: Form) -> bool {
    if form.shortcut == 0.0 || form.after {
        return true;
    }
    // E[φ''(√q z)] = E[z φ'(√q z)]/√q
    [0.1, 1.0, 10.0f64].iter().all(|q| {
        let turned = mean_at(activation, *q, &|u, z| z * activation.slope(u));
        turned.value.abs() < 1e-9
    })
}

/// E[φ'²], E[φ²] and E[φ] at a variance of the argument.
fn means(activation: &Activation, q: f64, unit: Option<[f64; 3]>) -> [f64; 3] {
    match unit {
        Some([slope, value, middle]) => [slope, q * value, q.sqrt() * middle],
        None if q > 0.0 => [
            slope_square(activation, q).value,
            value_square(activation, q).value,
            value_mean(activation, q).value,
        ],
        None => {
            let (slope, value) = (activation.slope(0.0), activation.value(0.0));
            [slope * slope, value * value, value]
        }
    }
}

/// The moments of the steps of a wide network whose input has mean 0 and variance 1; mean squares have to add up
/// ([`adds_up`]). They end where numbers do.
pub fn moments(stages: &[Stage]) -> Vec<Moment> {
    let alike = stages.windows(2).all(|pair| pair[0].is_like(&pair[1]));
    let unit_of = |activation: &Activation| {
        activation
            .is_homogeneous()
            .then(|| means(activation, 1.0, None))
    };
    let mut unit = stages.first().and_then(|stage| unit_of(stage.activation));
    let (mut square, mut average) = (1.0, 0.0);
    let mut found: Vec<Moment> = Vec::with_capacity(stages.len());
    for stage in stages {
        if !alike {
            unit = unit_of(stage.activation);
        }
        let Form {
            shortcut, branch, ..
        } = stage.form;
        // What the activation is applied to.
        let q = if stage.form.before {
            stage.before * square
        } else {
            square
        };
        let [slope, value, middle] = means(stage.activation, q, unit);
        found.push(Moment {
            variance: q,
            factor: shortcut * shortcut + branch * branch * stage.gain() * slope,
        });
        if stage.form.after {
            square = shortcut * shortcut * square + branch * branch * stage.after * value;
            average *= shortcut;
        } else {
            let both = 2.0 * shortcut * branch * average * middle;
            square = shortcut * shortcut * square + both + branch * branch * value;
            average = shortcut * average + branch * middle;
        }
        // Where nothing changes any more, nothing has to be integrated again.
        if let [.., before, last] = found.as_slice()
            && (before.variance - last.variance).abs() <= 1e-13 * last.variance
            && alike
            && shortcut == 0.0
        {
            let last = *last;
            found.resize(stages.len(), last);
            break;
        }
        if !square.is_finite() {
            break;
        }
    }
    found
}

/// The weights at which the mean square of the gradient is kept, without biases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Critical {
    /// n · Var W, at every variance of the pre-activations.
    Always(f64),
    /// n · Var W, at this variance of the pre-activations.
    At {
        /// n · Var W
        gain: f64,
        /// The variance that is kept there.
        variance: f64,
    },
    /// n · Var W, as the variance goes to 0, which it does with these weights.
    Limit(f64),
    /// None was found for variances between 10⁻⁴ and 10⁴.
    None,
}

/// The point χ = 1 with the forward variance kept, without biases.
pub fn critical(activation: &Activation) -> Critical {
    if activation.is_homogeneous() {
        return Critical::Always(1.0 / slope_square(activation, 1.0).value);
    }
    // q - σ_w² E[φ²] at σ_w² = 1 / E[φ'²]
    let gap = |q: f64| q - value_square(activation, q).value / slope_square(activation, q).value;
    let grid: Vec<f64> = (-40..=40)
        .map(|at| 10f64.powf(f64::from(at) / 10.0))
        .collect();
    for pair in grid.windows(2) {
        let (mut low, mut high) = (pair[0], pair[1]);
        let (a, b) = (gap(low), gap(high));
        if !(a.is_finite() && b.is_finite()) || a.signum() == b.signum() {
            continue;
        }
        for _ in 0..60 {
            let middle = (low * high).sqrt();
            if gap(middle).signum() == a.signum() {
                low = middle;
            } else {
                high = middle;
            }
        }
        let variance = (low * high).sqrt();
        return Critical::At {
            gain: 1.0 / slope_square(activation, variance).value,
            variance,
        };
    }
    let slope = activation.slope(0.0);
    let smooth = [1e-9, -1e-9]
        .iter()
        .all(|near| (activation.slope(*near) - slope).abs() < 1e-6);
    if activation.value(0.0) == 0.0 && smooth && slope.abs() > 0.0 {
        let gain = 1.0 / (slope * slope);
        // Only where the variance does go to 0 with these weights.
        if gain * value_square(activation, 1e-3).value < 1e-3 {
            return Critical::Limit(gain);
        }
    }
    Critical::None
}
