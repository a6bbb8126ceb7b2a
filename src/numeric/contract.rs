//! Sums of products of arrays, two at a time, with the innermost loop along neighbouring elements.

use smallvec::{SmallVec, smallvec};

use super::array::Array;
use super::code::Temporary;
use super::nest::Register;

/// A loop letter with its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) register: Register,
    pub(crate) low: i64,
    pub(crate) extent: i64,
}

/// Where an operand's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A block that the code reads.
    Block(u32),
    /// A temporary of the code.
    Temporary(u32),
}

/// An array seen through letters.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    pub(crate) source: Source,
    /// The place where all letters have their first values.
    pub(crate) base: usize,
    pub(crate) strides: Vec<(Register, i64)>,
}

impl Operand {
    /// A temporary over these letters.
    pub(crate) fn of_temporary(at: u32, letters: &[Letter]) -> Self {
        let mut strides = Vec::with_capacity(letters.len());
        let mut stride = 1;
        for letter in letters.iter().rev() {
            strides.push((letter.register, stride));
            stride *= letter.extent;
        }
        Self {
            source: Source::Temporary(at),
            base: 0,
            strides,
        }
    }

    fn stride(&self, register: Register) -> i64 {
        self.strides
            .iter()
            .find(|(other, _)| *other == register)
            .map_or(0, |(_, stride)| *stride)
    }
}

/// `out = scale · Σ first · second`
#[derive(Debug)]
pub(crate) struct Contraction {
    pub(crate) first: Operand,
    pub(crate) second: Option<Operand>,
    pub(crate) scale: f64,
    pub(crate) length: usize,
    /// Outer loops, then the innermost.
    loops: Vec<Loop>,
}

#[derive(Debug, Clone, Copy)]
struct Loop {
    extent: usize,
    out: isize,
    first: isize,
    second: isize,
}

/// More steps than this are left to the interpreter, which may be able to skip some.
const MOST_STEPS: i64 = 1 << 34;

/// Plans the sum over `bound` of the product of the operands as an array over `free`; the arrays that are made on
/// the way are appended. Returns the place of the last.
pub(crate) fn plan(
    temporaries: &mut Vec<Temporary>,
    mut operands: Vec<Operand>,
    free: &[Letter],
    bound: &[Letter],
    mut scale: f64,
) -> Option<u32> {
    if operands.is_empty() {
        return None;
    }
    let has = |operand: &Operand, letter: &Letter| operand.stride(letter.register) != 0;
    for letter in bound {
        if !operands.iter().any(|operand| has(operand, letter)) {
            scale *= letter.extent as f64;
        }
    }
    while operands.len() > 2 {
        // The pair with the smallest product first.
        let mut best: Option<(i64, usize, usize)> = None;
        for i in 0..operands.len() {
            for j in i + 1..operands.len() {
                let size = free
                    .iter()
                    .chain(bound)
                    .filter(|letter| has(&operands[i], letter) || has(&operands[j], letter))
                    .fold(1i64, |size, letter| size.saturating_mul(letter.extent));
                if best.is_none_or(|(least, ..)| size < least) {
                    best = Some((size, i, j));
                }
            }
        }
        let (_, i, j) = best?;
        let second = operands.remove(j);
        let first = operands.remove(i);
        let used = |letter: &&Letter| has(&first, letter) || has(&second, letter);
        let (done, kept): (Vec<Letter>, Vec<Letter>) = bound
            .iter()
            .filter(used)
            .partition(|letter| !operands.iter().any(|operand| has(operand, letter)));
        let out: Vec<Letter> = free.iter().filter(used).copied().chain(kept).collect();
        let contraction = Contraction::of(first, Some(second), &out, &done, 1.0)?;
        let at = temporaries.len() as u32;
        temporaries.push(Temporary::Contract(contraction));
        operands.push(Operand::of_temporary(at, &out));
    }
    let mut rest = operands.into_iter();
    let first = rest.next()?;
    let second = rest.next();
    let used: Vec<Letter> = bound
        .iter()
        .filter(|letter| {
            has(&first, letter) || second.as_ref().is_some_and(|operand| has(operand, letter))
        })
        .copied()
        .collect();
    let contraction = Contraction::of(first, second, free, &used, scale)?;
    let at = temporaries.len() as u32;
    temporaries.push(Temporary::Contract(contraction));
    Some(at)
}

impl Contraction {
    fn of(
        first: Operand,
        second: Option<Operand>,
        out: &[Letter],
        bound: &[Letter],
        scale: f64,
    ) -> Option<Self> {
        let mut length: i64 = 1;
        let mut steps: i64 = 1;
        let mut loops = Vec::with_capacity(out.len() + bound.len());
        for letter in out.iter().rev() {
            loops.push(Loop {
                extent: letter.extent as usize,
                out: length as isize,
                first: first.stride(letter.register) as isize,
                second: second
                    .as_ref()
                    .map_or(0, |operand| operand.stride(letter.register))
                    as isize,
            });
            length = length.checked_mul(letter.extent)?;
        }
        loops.reverse();
        for letter in bound {
            loops.push(Loop {
                extent: letter.extent as usize,
                out: 0,
                first: first.stride(letter.register) as isize,
                second: second
                    .as_ref()
                    .map_or(0, |operand| operand.stride(letter.register))
                    as isize,
            });
        }
        for each in &loops {
            steps = steps.saturating_mul(each.extent as i64);
        }
        if steps > MOST_STEPS || length > 1 << 26 {
            return None;
        }
        loops.retain(|each| each.extent != 1);
        if let Some(inner) = (0..loops.len()).min_by_key(|at| loops[*at].rank()) {
            let inner = loops.remove(inner);
            loops.push(inner);
        }
        Some(Self {
            first,
            second,
            scale,
            length: length as usize,
            loops,
        })
    }

    /// The array, given the operands' arrays, the number of directions they may move along, and the values if they
    /// are known.
    pub(crate) fn run(
        &self,
        first: &Array,
        second: Option<&Array>,
        lanes: usize,
        magnitudes: bool,
        known: Option<&Array>,
    ) -> Array {
        let values = second.map_or(&[1.0][..], |second| &second.values);
        let moving = second.and_then(|second| second.tangents.as_ref());
        let mut out = match known {
            Some(known) => Array {
                values: known.values.clone(),
                ..Array::default()
            },
            None => {
                let mut out = Array::filled(self.length, 0.0);
                self.accumulate(&mut out.values, &first.values, values);
                scale(&mut out.values, self.scale);
                out
            }
        };
        if lanes > 0 && (first.tangents.is_some() || moving.is_some()) {
            let mut sums = vec![0.0; lanes * self.length];
            for (lane, sum) in sums.chunks_exact_mut(self.length.max(1)).enumerate() {
                let along = |tangents: &Vec<f64>| lane * tangents.len() / lanes;
                if let Some(tangents) = &first.tangents {
                    self.accumulate(sum, &tangents[along(tangents)..], values);
                }
                if let Some(tangents) = moving {
                    self.accumulate(sum, &first.values, &tangents[along(tangents)..]);
                }
            }
            scale(&mut sums, self.scale);
            out.tangents = Some(sums);
        }
        if magnitudes {
            let (a, a_moving) = sizes(first);
            let (b, b_moving) = second.map_or_else(|| (vec![1.0], vec![0.0]), sizes);
            let (mut size, mut moving) = (vec![0.0; self.length], vec![0.0; self.length]);
            self.accumulate(&mut size, &a, &b);
            self.accumulate(&mut moving, &a_moving, &b);
            self.accumulate(&mut moving, &a, &b_moving);
            scale(&mut size, self.scale.abs());
            scale(&mut moving, self.scale.abs());
            out.magnitudes = Some(size.into_iter().zip(moving).collect());
        }
        out
    }

    /// Adds the products to `out`.
    fn accumulate(&self, out: &mut [f64], first: &[f64], second: &[f64]) {
        let base = (
            0isize,
            self.first.base as isize,
            self.second.as_ref().map_or(0, |operand| operand.base) as isize,
        );
        let Some((inner, outer)) = self.loops.split_last() else {
            out[0] += first[base.1 as usize] * second[base.2 as usize];
            return;
        };
        if self.loops.iter().any(|each| each.extent == 0) {
            return;
        }
        let (fast, outer) = match outer.split_last() {
            Some((fast, outer)) => (*fast, outer),
            None => (Loop::ONCE, outer),
        };
        let mut counters: SmallVec<[usize; 6]> = smallvec![0; outer.len()];
        let (mut o, mut a, mut b) = base;
        loop {
            fast.sweep(inner, out, first, second, (o, a, b));
            // The next combination of the outer loops, the last one fastest.
            let mut at = outer.len();
            loop {
                if at == 0 {
                    return;
                }
                at -= 1;
                let each = &outer[at];
                counters[at] += 1;
                if counters[at] < each.extent {
                    o += each.out;
                    a += each.first;
                    b += each.second;
                    break;
                }
                let back = (each.extent - 1) as isize;
                o -= back * each.out;
                a -= back * each.first;
                b -= back * each.second;
                counters[at] = 0;
            }
        }
    }
}

impl Loop {
    /// How well it serves as the innermost loop: small is good.
    fn rank(&self) -> (u8, std::cmp::Reverse<usize>) {
        let unit = |stride: isize| stride == 0 || stride == 1;
        let good = unit(self.out) && unit(self.first) && unit(self.second);
        let class = match (good, self.extent >= 4) {
            (true, true) => u8::from(self.out == 0),
            (true, false) => 2,
            (false, _) => 3 + u8::from(self.out != 0 && self.out != 1),
        };
        (class, std::cmp::Reverse(self.extent))
    }

    /// A loop that is none.
    const ONCE: Loop = Loop {
        extent: 1,
        out: 0,
        first: 0,
        second: 0,
    };

    /// The innermost loop at each step of this one. Where these are rows that are summed, four at a time: each sum is
    /// loaded and stored less often, and its terms are added in the same order.
    fn sweep(
        &self,
        inner: &Loop,
        out: &mut [f64],
        first: &[f64],
        second: &[f64],
        (mut o, mut a, mut b): (isize, isize, isize),
    ) {
        let mut left = self.extent;
        if self.out == 0 && left >= 4 {
            let n = inner.extent;
            let (x, dx, y, dy) = match (inner.out, inner.first, inner.second) {
                (1, 1, 0) => (first, self.first, second, self.second),
                (1, 0, 1) => (second, self.second, first, self.first),
                _ => (&[][..], 0, &[][..], 0),
            };
            if !x.is_empty() {
                let out = &mut out[o as usize..o as usize + n];
                while left >= 4 {
                    let (row, factor) = match inner.first {
                        1 => (a, b),
                        _ => (b, a),
                    };
                    let rows = [0, 1, 2, 3].map(|step| {
                        let start = (row + step * dx) as usize;
                        &x[start..start + n]
                    });
                    let factors = [0, 1, 2, 3].map(|step| y[(factor + step * dy) as usize]);
                    four(out, rows, factors);
                    left -= 4;
                    a += 4 * self.first;
                    b += 4 * self.second;
                }
            }
        }
        for _ in 0..left {
            inner.run(out, first, second, (o, a, b));
            o += self.out;
            a += self.first;
            b += self.second;
        }
    }

    fn run(
        &self,
        out: &mut [f64],
        first: &[f64],
        second: &[f64],
        (o, a, b): (isize, isize, isize),
    ) {
        let n = self.extent;
        let (ou, au, bu) = (o as usize, a as usize, b as usize);
        match (self.out, self.first, self.second) {
            (1, 1, 0) => axpy(&mut out[ou..ou + n], &first[au..au + n], second[bu]),
            (1, 0, 1) => axpy(&mut out[ou..ou + n], &second[bu..bu + n], first[au]),
            (1, 1, 1) => {
                for ((out, x), y) in out[ou..ou + n]
                    .iter_mut()
                    .zip(&first[au..au + n])
                    .zip(&second[bu..bu + n])
                {
                    *out += x * y;
                }
            }
            (0, 1, 1) => out[ou] += dot(&first[au..au + n], &second[bu..bu + n]),
            _ => {
                for step in 0..n as isize {
                    out[(o + step * self.out) as usize] += first[(a + step * self.first) as usize]
                        * second[(b + step * self.second) as usize];
                }
            }
        }
    }
}

fn axpy(out: &mut [f64], x: &[f64], factor: f64) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += x * factor;
    }
}

/// Four times [`axpy`].
fn four(out: &mut [f64], [x, y, z, w]: [&[f64]; 4], [a, b, c, d]: [f64; 4]) {
    for ((((out, x), y), z), w) in out.iter_mut().zip(x).zip(y).zip(z).zip(w) {
        *out = *out + x * a + y * b + z * c + w * d;
    }
}

/// Eight partial sums, so that the compiler may use vector registers.
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut partial = [0.0; 8];
    let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let rest: f64 = xs
        .remainder()
        .iter()
        .zip(ys.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in xs.zip(ys) {
        for (sum, (x, y)) in partial.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    partial.iter().sum::<f64>() + rest
}

fn scale(values: &mut [f64], factor: f64) {
    if factor.to_bits() != 1.0f64.to_bits() {
        for value in values {
            *value *= factor;
        }
    }
}

/// The sizes of the terms of values and of derivatives.
fn sizes(array: &Array) -> (Vec<f64>, Vec<f64>) {
    match &array.magnitudes {
        Some(pairs) => pairs.iter().copied().unzip(),
        None => (
            array.values.iter().map(|value| value.abs()).collect(),
            match &array.tangents {
                Some(tangents) => tangents.iter().map(|tangent| tangent.abs()).collect(),
                None => vec![0.0; array.values.len()],
            },
        ),
    }
}
