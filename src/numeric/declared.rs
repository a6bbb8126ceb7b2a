//! Derivatives that an author declares for a function, against the function's own value.

use num_traits::ToPrimitive;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::source::{Diagnostic, Span};
use crate::system::{Function, System};
use crate::term::FunctionId;

use super::bodies::Functions;
use super::code::Compiler;
use super::dual::Jet;
use super::instance::Instance;
use super::program::Program;
use super::scalar::Scalar;

/// How many arguments are tried.
const TRIES: usize = 24;

/// How many arguments on each side of 0 a range is tried at.
const GRID: i32 = 1_000;

/// A diagnostic for each declared derivative that is not the derivative, and each range that it leaves.
pub(crate) fn check(system: &System, instance: &Instance, seed: u64) -> Vec<Diagnostic> {
    let program = Program::new(system, instance);
    let mut found = Vec::new();
    for (at, function) in system.functions.iter().enumerate() {
        let id = FunctionId(at as u32);
        let Some(span) = function.span else { continue };
        if function.body.is_none() {
            continue;
        }
        let mut checker = Checker {
            program: &program,
            functions: Functions {
                program: &program,
                seed,
                step_at_zero: 1.0,
                kinks: Vec::new(),
                trouble: None,
                met: 0,
                exponent: 0.0,
            },
            rng: ChaCha8Rng::seed_from_u64(seed),
            id,
            function,
        };
        found.extend(checker.slopes(span));
        found.extend(checker.range());
        found.extend(checker.borders(span));
    }
    found
}

struct Checker<'p, 'a> {
    program: &'p Program<'a>,
    functions: Functions<'p, 'a>,
    rng: ChaCha8Rng,
    id: FunctionId,
    function: &'a Function,
}

impl Checker<'_, '_> {
    fn arguments(&mut self, attempt: usize) -> Vec<f64> {
        (0..self.function.parameters + self.function.extra)
            .map(|_| {
                let bits = self.rng.next_u64();
                let size = (bits >> 11) as f64 / (1u64 << 53) as f64;
                // The last third are positive, for logarithms and roots.
                let sign = if bits & 1 == 0 || 3 * attempt >= 2 * TRIES {
                    1.0
                } else {
                    -1.0
                };
                sign * (0.1 + 2.4 * size)
            })
            .collect()
    }

    fn value(&mut self, arguments: &[f64]) -> f64 {
        self.functions.function(self.id, arguments.to_vec())
    }

    fn slopes(&mut self, span: Span) -> Option<Diagnostic> {
        for (parameter, slope) in self.function.slopes.clone().into_iter().enumerate() {
            let Some(slope) = slope else { continue };
            let code = Compiler::function(self.program, slope);
            for attempt in 0..TRIES {
                let arguments = self.arguments(attempt);
                let claimed: f64 = self.functions.body(&code, arguments.clone());
                let mut jets: Vec<Jet> =
                    arguments.iter().map(|value| Jet::number(*value)).collect();
                jets[parameter] = jets[parameter].perturbed(0);
                let jet: Jet = self.functions.function(self.id, jets);
                let truth = jet.at(1);
                if !jet.value().is_finite() || !truth.is_finite() {
                    continue;
                }
                let step = 6e-6;
                let (mut up, mut down) = (arguments.clone(), arguments.clone());
                up[parameter] += step;
                down[parameter] -= step;
                let quotient = (self.value(&up) - self.value(&down)) / (2.0 * step);
                let scale = 1.0 + truth.abs() + quotient.abs();
                let wrong = !claimed.is_finite()
                    || (claimed - truth).abs() > 1e-8 * scale
                    || (quotient.is_finite() && (claimed - quotient).abs() > 1e-4 * scale);
                if wrong {
                    let at: Vec<String> = arguments
                        .iter()
                        .map(|value| format!("{value:.4}"))
                        .collect();
                    return Some(
                        Diagnostic::error(
                            "wrong-derivative",
                            format!("the declared derivative of `{}` is not its derivative", self.function.name),
                            span,
                            format!("at ({}) it is {truth:.6}, declared is {claimed:.6}", at.join(", ")),
                        )
                        .help("leave the `with` clause away and the derivative is taken from the body"),
                    );
                }
            }
        }
        None
    }

    /// The declared range against the derivative itself, near and far.
    fn range(&mut self) -> Option<Diagnostic> {
        let range = self.function.slope_range.clone()?;
        let [low, high] = [&range.low, &range.high].map(|end| end.to_f64().unwrap_or(f64::NAN));
        let grid = (-GRID..=GRID).map(|at| f64::from(at) / f64::from(GRID));
        // Dense near 0, and as far as 64.
        let points: Vec<f64> = grid.map(|at| 64.0 * at * at * at).collect();
        for (attempt, point) in points.into_iter().enumerate() {
            let mut arguments = self.arguments(attempt % TRIES);
            arguments[0] = point;
            let mut jets: Vec<Jet> = arguments.iter().map(|value| Jet::number(*value)).collect();
            jets[0] = jets[0].perturbed(0);
            let slope = self.functions.function::<Jet>(self.id, jets).at(1);
            let slack = 1e-9 * (1.0 + slope.abs());
            if slope.is_finite() && !(low - slack..=high + slack).contains(&slope) {
                let name = &self.function.name;
                return Some(
                    Diagnostic::error(
                        "wrong-derivative-range",
                        format!(
                            "the derivative of `{name}` leaves the range that is declared for it"
                        ),
                        range.span,
                        format!("at {point:.4} it is {slope:.6}"),
                    )
                    .help("leave the range away and it is found by interval arithmetic"),
                );
            }
        }
        None
    }

    /// At a border the declared value is a convention, but only where the function has a kink there.
    fn borders(&mut self, span: Span) -> Option<Diagnostic> {
        for at in 0..self.function.slopes_at.len() {
            let arguments = self.arguments(0);
            let (point, value) = self.program.slope_at(self.id, at);
            let point: f64 = self.functions.body(&point, arguments.clone());
            let mut here = arguments;
            here[0] = point;
            let claimed: f64 = self.functions.body(&value, here.clone());
            let step = 1e-6;
            let mut moved = |by: f64| {
                let mut arguments = here.clone();
                arguments[0] += by;
                self.functions.function(self.id, arguments)
            };
            let (left2, left, middle, right, right2): (f64, f64, f64, f64, f64) = (
                moved(-2.0 * step),
                moved(-step),
                moved(0.0),
                moved(step),
                moved(2.0 * step),
            );
            // One-sided slopes of second order.
            let before = (3.0 * middle - 4.0 * left + left2) / (2.0 * step);
            let after = (-3.0 * middle + 4.0 * right - right2) / (2.0 * step);
            let scale = 1.0 + before.abs() + after.abs();
            let smooth = (before - after).abs() < 1e-5 * scale;
            if smooth && (claimed - after).abs() > 1e-4 * scale {
                return Some(
                    Diagnostic::error(
                        "wrong-derivative",
                        format!(
                            "`{}` has no kink where its derivative is declared",
                            self.function.name
                        ),
                        span,
                        format!("at {point} it is {after:.6}, declared is {claimed:.6}"),
                    )
                    .help("leave the `with` clause away and the derivative is taken from the body"),
                );
            }
        }
        None
    }
}
