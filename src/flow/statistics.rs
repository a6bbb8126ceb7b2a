//! Statistics of positive numbers by their logarithms, in memory that does not grow with their count.

/// Which quantiles are kept.
pub const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// What was seen at one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// ln of the quantiles of the gradient's norm; -∞ where it is 0.
    pub quantiles: [f64; 5],
    /// How far the logarithms of quantiles may be off.
    pub quantile_error: f64,
    /// ln of the mean square of the gradient's norm.
    pub mean_square: f64,
    /// The standard error of the mean square, as a share of it.
    pub relative_error: f64,
    /// ln of the mean square of the pre-activations, where there are any.
    pub forward: Option<f64>,
    /// The mean share of units whose derivative is 0.
    pub inactive: f64,
    /// How many draws it rests on.
    pub draws: usize,
}

/// How many bins a histogram has.
const BINS: usize = 256;
/// The width of a bin in logarithms, as long as all values fit; then it doubles.
const FINEST: f64 = 1.0 / 1024.0;

/// Counts of logarithms in bins of equal width, at whole multiples of it: halving the number of bins loses nothing
/// but the width, so that counts do not depend on the order of what is counted.
#[derive(Debug, Clone)]
struct Histogram {
    width: f64,
    first: i64,
    counts: Vec<u32>,
    /// Values that are 0.
    zeros: u32,
}

impl Histogram {
    fn new() -> Self {
        Self {
            width: FINEST,
            first: 0,
            counts: Vec::new(),
            zeros: 0,
        }
    }

    fn add(&mut self, log: f64) {
        if log == f64::NEG_INFINITY {
            self.zeros += 1;
        } else {
            while !self.fits(self.bin(log), self.bin(log)) {
                self.coarsen();
            }
            self.count(self.bin(log), 1);
        }
    }

    fn bin(&self, log: f64) -> i64 {
        (log / self.width).floor() as i64
    }

    fn fits(&self, low: i64, high: i64) -> bool {
        let last = self.first + self.counts.len() as i64 - 1;
        let (low, high) = if self.counts.is_empty() {
            (low, high)
        } else {
            (low.min(self.first), high.max(last))
        };
        high - low < BINS as i64
    }

    fn count(&mut self, bin: i64, times: u32) {
        if self.counts.is_empty() {
            self.first = bin;
        }
        while bin < self.first {
            self.counts.insert(0, 0);
            self.first -= 1;
        }
        let at = (bin - self.first) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += times;
    }

    fn coarsen(&mut self) {
        let (first, counts) = (self.first, std::mem::take(&mut self.counts));
        self.width *= 2.0;
        for (at, times) in counts.into_iter().enumerate() {
            self.count((first + at as i64).div_euclid(2), times);
        }
    }

    fn merge(&mut self, other: &Histogram) {
        self.zeros += other.zeros;
        let mut other = other.clone();
        while self.width < other.width {
            self.coarsen();
        }
        while other.width < self.width {
            other.coarsen();
        }
        if other.counts.is_empty() {
            return;
        }
        while !self.fits(other.first, other.first + other.counts.len() as i64 - 1) {
            self.coarsen();
            other.coarsen();
        }
        for (at, times) in other.counts.iter().enumerate() {
            self.count(other.first + at as i64, *times);
        }
    }

    /// The middle of the bin in which the quantile lies.
    fn quantile(&self, share: f64) -> f64 {
        let all: u64 = self.counts.iter().map(|times| u64::from(*times)).sum();
        let all = all + u64::from(self.zeros);
        let rank = (share * (all as f64 - 1.0)).round().max(0.0) as u64;
        let mut below = u64::from(self.zeros);
        if rank < below {
            return f64::NEG_INFINITY;
        }
        for (at, times) in self.counts.iter().enumerate() {
            below += u64::from(*times);
            if rank < below {
                return ((self.first + at as i64) as f64 + 0.5) * self.width;
            }
        }
        f64::NEG_INFINITY
    }
}

/// ln of a sum of exponentials.
#[derive(Debug, Clone, Copy)]
struct LogSum {
    largest: f64,
    sum: f64,
}

impl LogSum {
    const EMPTY: Self = Self {
        largest: f64::NEG_INFINITY,
        sum: 0.0,
    };

    fn add(&mut self, log: f64) {
        self.merge(Self {
            largest: log,
            sum: 1.0,
        });
    }

    fn merge(&mut self, other: Self) {
        if other.largest == f64::NEG_INFINITY {
            return;
        }
        let largest = self.largest.max(other.largest);
        self.sum =
            self.sum * (self.largest - largest).exp() + other.sum * (other.largest - largest).exp();
        self.largest = largest;
    }

    fn mean(self, count: usize) -> f64 {
        self.largest + (self.sum / count as f64).ln()
    }
}

/// Everything that is gathered at one step.
#[derive(Debug, Clone)]
struct Gathered {
    norms: Histogram,
    squares: LogSum,
    fourths: LogSum,
    forward: LogSum,
    inactive: f64,
}

/// Everything that is gathered.
#[derive(Debug, Clone)]
pub(super) struct Accumulator {
    layers: Vec<Gathered>,
    draws: usize,
}

impl Accumulator {
    pub(super) fn new(layers: usize) -> Self {
        let empty = Gathered {
            norms: Histogram::new(),
            squares: LogSum::EMPTY,
            fourths: LogSum::EMPTY,
            forward: LogSum::EMPTY,
            inactive: 0.0,
        };
        Self {
            layers: vec![empty; layers],
            draws: 0,
        }
    }

    /// One draw: logarithms of norms and of mean squares, and shares.
    pub(super) fn add(&mut self, gradient: &[f64], forward: &[f64], inactive: &[f64]) {
        self.draws += 1;
        for (at, layer) in self.layers.iter_mut().enumerate() {
            layer.norms.add(gradient[at]);
            layer.squares.add(2.0 * gradient[at]);
            layer.fourths.add(4.0 * gradient[at]);
            layer.forward.add(forward[at]);
            layer.inactive += inactive[at];
        }
    }

    pub(super) fn merge(&mut self, other: &Accumulator) {
        self.draws += other.draws;
        for (own, other) in self.layers.iter_mut().zip(&other.layers) {
            own.norms.merge(&other.norms);
            own.squares.merge(other.squares);
            own.fourths.merge(other.fourths);
            own.forward.merge(other.forward);
            own.inactive += other.inactive;
        }
    }

    pub(super) fn layers(&self) -> Vec<Layer> {
        let draws = self.draws.max(1);
        self.layers
            .iter()
            .enumerate()
            .map(|(at, layer)| {
                let mean_square = layer.squares.mean(draws);
                let spread = (layer.fourths.mean(draws) - 2.0 * mean_square).exp() - 1.0;
                Layer {
                    quantiles: QUANTILES.map(|share| layer.norms.quantile(share)),
                    quantile_error: layer.norms.width / 2.0,
                    mean_square,
                    relative_error: (spread.max(0.0) / draws as f64).sqrt(),
                    forward: (at > 0).then(|| layer.forward.mean(draws)),
                    inactive: layer.inactive / draws as f64,
                    draws: self.draws,
                }
            })
            .collect()
    }
}
