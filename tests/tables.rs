//! Walks over the tables: every function and every simplification rule, evaluated by an evaluator of its own
//! that knows the rows only as text.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chainrule::functions::{self, Carried, Row};
use chainrule::simplify::{Demand, LETTERS, Rule, rules};
use chainrule::source::Source;
use chainrule::syntax::{Expr, ExprKind, Join, Sign, StepAtZero, parse_formula};
use num_traits::ToPrimitive;

const CONVENTIONS: [StepAtZero; 4] = [
    StepAtZero::Zero,
    StepAtZero::Half,
    StepAtZero::One,
    StepAtZero::Undefined,
];

/// The numbers that Step(0) may be under a convention. An unknown number may be any.
fn steps_at_zero(convention: StepAtZero) -> &'static [f64] {
    match convention {
        StepAtZero::Zero => &[0.0],
        StepAtZero::Half => &[0.5],
        StepAtZero::One => &[1.0],
        StepAtZero::Undefined => &[0.37, 0.0, 1.0, 0.5, -1.25, 2.0],
    }
}

/// A value with its derivative along one direction (Griewank and Walther 2008, §3.1).
#[derive(Debug, Clone, Copy)]
struct Dual {
    value: f64,
    slope: f64,
}

impl Dual {
    fn constant(value: f64) -> Self {
        Self { value, slope: 0.0 }
    }

    /// A function of it, by its value and its derivative there.
    fn chained(self, value: f64, slope: f64) -> Self {
        Self {
            value,
            slope: if self.slope == 0.0 {
                0.0
            } else {
                slope * self.slope
            },
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            slope: self.slope + other.slope,
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            slope: self.slope * other.value + self.value * other.slope,
        }
    }

    fn power(self, exponent: Self) -> Self {
        assert!(exponent.slope == 0.0, "no row has a variable exponent");
        let n = exponent.value;
        if n == 0.0 {
            return Dual::constant(1.0);
        }
        self.chained(self.value.powf(n), n * self.value.powf(n - 1.0))
    }
}

/// What names stand for, and the value of Step(0).
struct Point<'a> {
    values: &'a BTreeMap<&'a str, Dual>,
    step_at_zero: f64,
}

impl Point<'_> {
    fn value(&self, expr: &Expr) -> Dual {
        match &expr.kind {
            ExprKind::Number(number) => {
                Dual::constant(number.to_f64().expect("numbers of the tables are small"))
            }
            ExprKind::Name(name) if name == "pi" => Dual::constant(std::f64::consts::PI),
            ExprKind::Name(name) => *self
                .values
                .get(name.as_str())
                .unwrap_or_else(|| panic!("`{name}` has no value")),
            ExprKind::Negative(inner) => self.value(inner).times(Dual::constant(-1.0)),
            ExprKind::Sum(parts) => parts.iter().fold(Dual::constant(0.0), |sum, (sign, part)| {
                let sign = match sign {
                    Sign::Plus => 1.0,
                    Sign::Minus => -1.0,
                };
                sum.plus(self.value(part).times(Dual::constant(sign)))
            }),
            ExprKind::Product(first, others) => {
                others
                    .iter()
                    .fold(self.value(first), |product, (join, factor)| {
                        let factor = self.value(factor);
                        match join {
                            Join::Space | Join::Tight | Join::Star | Join::Elementwise => {
                                product.times(factor)
                            }
                            Join::Over | Join::ElementwiseOver => {
                                product.times(factor.power(Dual::constant(-1.0)))
                            }
                        }
                    })
            }
            ExprKind::Power { base, exponent, .. } => self.value(base).power(self.value(exponent)),
            ExprKind::Call {
                function,
                primes,
                arguments,
                extra,
            } => {
                assert!(*primes == 0, "rows call plain functions");
                let arguments: Vec<Dual> = arguments
                    .iter()
                    .chain(extra)
                    .map(|part| self.value(part))
                    .collect();
                self.call(&function.value, &arguments)
            }
            ExprKind::Slots(..)
            | ExprKind::Elements(..)
            | ExprKind::Transpose(_)
            | ExprKind::Slice(_)
            | ExprKind::Reduce { .. }
            | ExprKind::Cases(_)
            | ExprKind::Derivative(..) => panic!("rows are made of numbers and functions"),
        }
    }

    fn call(&self, name: &str, arguments: &[Dual]) -> Dual {
        let u = arguments[0];
        let step = if u.value > 0.0 {
            1.0
        } else if u.value < 0.0 {
            0.0
        } else {
            self.step_at_zero
        };
        match name {
            "relu" => u.chained(u.value.max(0.0), step),
            "step" => u.chained(if u.value.is_nan() { f64::NAN } else { step }, 0.0),
            "exp" => u.chained(u.value.exp(), u.value.exp()),
            "log" if u.value > 0.0 => u.chained(u.value.ln(), 1.0 / u.value),
            "log" => Dual {
                value: f64::NAN,
                slope: f64::NAN,
            },
            "sin" => u.chained(u.value.sin(), u.value.cos()),
            "cos" => u.chained(u.value.cos(), -u.value.sin()),
            "erf" => u.chained(
                erf(u.value),
                std::f64::consts::FRAC_2_SQRT_PI * (-u.value * u.value).exp(),
            ),
            _ => {
                let row = functions::row(name).unwrap_or_else(|| panic!("no row `{name}`"));
                let values = parameters(row)
                    .into_iter()
                    .zip(arguments.iter().copied())
                    .collect();
                Point {
                    values: &values,
                    step_at_zero: self.step_at_zero,
                }
                .value(&read(row.value, None))
            }
        }
    }
}

/// The error function, the integral by Simpson's rule.
fn erf(u: f64) -> f64 {
    let bound = u.abs().min(6.0);
    let count = 600;
    let h = bound / f64::from(count);
    let sum: f64 = (0..=count)
        .map(|at| {
            let weight = match at {
                _ if at == 0 || at == count => 1.0,
                _ if at % 2 == 1 => 4.0,
                _ => 2.0,
            };
            let t = f64::from(at) * h;
            weight * (-t * t).exp()
        })
        .sum();
    u.signum() * std::f64::consts::FRAC_2_SQRT_PI * sum * h / 3.0
}

thread_local! {
    /// Formulas that were read already: rows and rules are evaluated thousands of times.
    static READ: RefCell<BTreeMap<(String, String), Rc<Expr>>> = RefCell::default();
}

fn read(text: &str, own: Option<&str>) -> Rc<Expr> {
    let key = (text.to_owned(), own.unwrap_or_default().to_owned());
    if let Some(known) = READ.with_borrow(|known| known.get(&key).cloned()) {
        return known;
    }
    let Ok(formula) = parse_formula(&Source::new(text, text), own) else {
        panic!("`{text}` is no formula");
    };
    let formula = Rc::new(formula);
    READ.with_borrow_mut(|known| known.insert(key, Rc::clone(&formula)));
    formula
}

fn parameters(row: &Row) -> Vec<&'static str> {
    row.names().collect()
}

/// Relative agreement of numbers that were rounded a few times.
fn close(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-10 * (1.0 + a.abs().max(b.abs()))
}

/// `count` numbers from `low` to `high`.
fn grid(low: f64, high: f64, count: usize) -> Vec<f64> {
    (0..count)
        .map(|at| low + (high - low) * at as f64 / (count - 1) as f64)
        .collect()
}

/// The points at which a row is tried: its domain in the first parameter, kinks among them, unrelated or equal
/// values in a second one, and usual and unusual ones behind the `;`.
fn points(row: &Row) -> Vec<Vec<f64>> {
    let (low, high) = row.domain;
    let mut first = grid(low, high, 41);
    first.extend(row.kinks);
    let others = parameters(row).len() - row.usual.len() - 1;
    let mut points = Vec::new();
    for u in first {
        for v in [u, u - 0.75, u + 1.25]
            .into_iter()
            .take(if others == 0 { 1 } else { 3 })
        {
            for factor in [1.0, 0.5, 2.0]
                .into_iter()
                .take(if row.usual.is_empty() { 1 } else { 3 })
            {
                let behind = row.usual.iter().map(|value| factor * value);
                points.push([vec![u], vec![v; others], behind.collect()].concat());
            }
        }
    }
    points
}

/// The value of a row at a point, differentiated by one of its parameters.
fn value_at(row: &Row, point: &[f64], by: usize, step_at_zero: f64) -> Dual {
    let arguments: Vec<Dual> = point
        .iter()
        .enumerate()
        .map(|(at, value)| Dual {
            value: *value,
            slope: if at == by { 1.0 } else { 0.0 },
        })
        .collect();
    Point {
        values: &BTreeMap::new(),
        step_at_zero,
    }
    .call(row.name, &arguments)
}

/// The tabled slope of a row at a point.
fn slope_at(row: &Row, point: &[f64], by: usize, step_at_zero: f64) -> f64 {
    let mut values: BTreeMap<&str, Dual> = parameters(row)
        .into_iter()
        .zip(point.iter().map(|value| Dual::constant(*value)))
        .collect();
    values.insert(
        row.name,
        Dual::constant(value_at(row, point, usize::MAX, step_at_zero).value),
    );
    let slope = read(row.slopes[by], Some(row.name));
    Point {
        values: &values,
        step_at_zero,
    }
    .value(&slope)
    .value
}

#[test]
fn slopes_are_derivatives() {
    for row in functions::rows() {
        assert_eq!(row.slopes.len(), parameters(row).len(), "{}", row.name);
        let (mut at_kinks, mut by_differences) = (0, 0);
        for point in points(row) {
            for by in 0..row.slopes.len() {
                for step_at_zero in CONVENTIONS.iter().flat_map(|c| steps_at_zero(*c)) {
                    let along = |h: f64| {
                        let mut moved = point.clone();
                        moved[by] += h;
                        value_at(row, &moved, by, *step_at_zero)
                    };
                    let h = 1e-5;
                    let (left, here, right) = (along(-h), along(0.0), along(h));
                    // A jump has no derivative; nothing is promised there.
                    if (right.value - left.value).abs() > 0.5 {
                        assert!(
                            row.kinks.contains(&point[0]),
                            "{} jumps at {point:?}",
                            row.name
                        );
                        continue;
                    }
                    let tabled = slope_at(row, &point, by, *step_at_zero);
                    assert!(
                        close(tabled, here.slope),
                        "{} by parameter {by} at {point:?} with Step(0) = {step_at_zero}: tabled {tabled}, dual {}",
                        row.name,
                        here.slope
                    );
                    let kink = (left.slope - right.slope).abs() > 1e-3;
                    if kink {
                        at_kinks += 1;
                        continue;
                    }
                    by_differences += 1;
                    let difference = (right.value - left.value) / (2.0 * h);
                    // The mean slope on both sides: the second derivative may jump here.
                    let mean = (left.slope + 2.0 * here.slope + right.slope) / 4.0;
                    assert!(
                        (difference - mean).abs() < 1e-6 * (1.0 + mean.abs()),
                        "{} by parameter {by} at {point:?}: slope {mean}, difference {difference}",
                        row.name
                    );
                }
            }
        }
        assert!(by_differences >= 40, "{}", row.name);
        // Functions of several arguments have theirs at ties.
        let ties = parameters(row).len() > 1 + row.usual.len();
        let jumps_only = row.slopes == ["0"];
        assert_eq!(
            at_kinks > 0,
            (ties || !row.kinks.is_empty()) && !jumps_only,
            "{}",
            row.name
        );
    }
}

#[test]
fn kinks_are_where_they_are_said_to_be() {
    for row in functions::rows().filter(|row| parameters(row).len() == 1) {
        let (low, high) = row.domain;
        let h = 1e-7;
        for u in grid(low, high, 601)
            .into_iter()
            .chain(row.kinks.iter().copied())
        {
            let slope = |u: f64| slope_at(row, &[u], 0, 1.0);
            let value = |u: f64| value_at(row, &[u], usize::MAX, 1.0).value;
            let bends = (slope(u + h) - slope(u - h)).abs() > 1e-3;
            let jumps = (value(u + h) - value(u - h)).abs() > 1e-3;
            assert_eq!(
                bends || jumps,
                row.kinks.iter().any(|kink| (kink - u).abs() < h),
                "{} at {u}",
                row.name
            );
        }
    }
}

#[test]
fn slope_ranges_hold_and_are_reached() {
    for row in functions::rows() {
        let others = parameters(row).len() - row.usual.len() - 1;
        let mut wide = grid(-30.0, 30.0, 1201);
        wide.extend(
            (-60..=14).flat_map(|e| [1.0, -1.0].map(|s| s * 10f64.powf(f64::from(e) / 10.0))),
        );
        let (least, greatest) = row.slope_range;
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for u in wide {
            for step_at_zero in [0.0, 0.5, 1.0] {
                let point = [vec![u], vec![0.3; others], row.usual.to_vec()].concat();
                if !value_at(row, &point, usize::MAX, step_at_zero)
                    .value
                    .is_finite()
                {
                    continue;
                }
                let slope = slope_at(row, &point, 0, step_at_zero);
                assert!(
                    (least - 1e-12..=greatest + 1e-12).contains(&slope),
                    "{} has the slope {slope} at {u}",
                    row.name
                );
                (low, high) = (low.min(slope), high.max(slope));
            }
        }
        for (end, reached) in [(least, low), (greatest, high)] {
            let near = if end.is_finite() {
                (end - reached).abs() < 0.1
            } else {
                reached.abs() > 100.0
            };
            assert!(
                near,
                "{} claims slopes up to {end} and reaches {reached}",
                row.name
            );
        }
    }
}

#[test]
fn functions_have_names_of_their_own() {
    let mut names = BTreeSet::new();
    let mut spellings = BTreeSet::new();
    for row in functions::rows() {
        for name in [row.name].iter().chain(row.also) {
            assert!(names.insert(*name), "`{name}` stands twice in the table");
            assert_eq!(functions::row(name).map(|row| row.name), Some(row.name));
        }
        assert!(
            spellings.insert(row.latex),
            "{} prints like another function",
            row.name
        );
        assert!(!row.source.is_empty(), "{} has no source", row.name);
        let behind = row.parameters.split_once(';').map_or("", |(_, list)| list);
        let count = behind.split(',').filter(|name| !name.is_empty()).count();
        assert_eq!(row.usual.len(), count, "{}", row.name);
        assert!(row.domain.0 < row.domain.1, "{}", row.name);
        assert!(
            row.kinks
                .iter()
                .all(|kink| (row.domain.0..row.domain.1).contains(kink)),
            "{}",
            row.name
        );
    }
}

/// Values that a letter takes: such as satisfy its demand, and such as do not.
fn candidates(demand: Demand) -> (Vec<f64>, Vec<f64>) {
    let negative = vec![-3.0, -1.0, -0.25];
    let positive = vec![0.25, 1.0, 3.0];
    let zero = vec![0.0];
    match demand {
        Demand::Any => ([negative, zero, positive].concat(), Vec::new()),
        Demand::Positive | Demand::PositiveNumber => (positive, [negative, zero].concat()),
        Demand::NonNegative => ([zero, positive].concat(), negative),
        Demand::NonPositive => ([negative, zero].concat(), positive),
        Demand::Negative => (negative, [zero, positive].concat()),
        Demand::WholeFrom(least) => (
            (0..3).map(|more| (least + more) as f64).collect(),
            vec![least as f64 - 1.0, least as f64 - 2.0, 0.5],
        ),
    }
}

/// The places in `LETTERS` of the letters of a rule.
fn letters(rule: &Rule) -> Vec<usize> {
    let text = format!("{} {}", rule.left, rule.right);
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    (0..LETTERS.len())
        .filter(|at| words.contains(LETTERS[*at]))
        .collect()
}

/// All choices of one value from each list.
fn choices(lists: &[Vec<f64>]) -> Vec<Vec<f64>> {
    lists.iter().fold(vec![Vec::new()], |all, list| {
        all.iter()
            .flat_map(|chosen| {
                list.iter()
                    .map(|value| [chosen.as_slice(), &[*value]].concat())
            })
            .collect()
    })
}

/// Whether the two sides differ at a point, where the left side has a value.
fn differs(rule: &Rule, letters: &[usize], values: &[f64], step_at_zero: f64) -> bool {
    let named: BTreeMap<&str, Dual> = letters
        .iter()
        .zip(values)
        .map(|(letter, value)| (LETTERS[*letter], Dual::constant(*value)))
        .collect();
    let point = Point {
        values: &named,
        step_at_zero,
    };
    let side = |text: &str| point.value(&read(text, None)).value;
    let (left, right) = (side(rule.left), side(rule.right));
    !close(left, right)
}

#[test]
fn rules_hold_exactly_where_they_claim_to() {
    for rule in rules() {
        let letters = letters(rule);
        let demands: Vec<Demand> = letters.iter().map(|at| Demand::of(*at as u32)).collect();
        let inside: Vec<Vec<f64>> = demands.iter().map(|demand| candidates(*demand).0).collect();
        for convention in CONVENTIONS {
            let mut points = 0;
            let mut witness = None;
            for values in choices(&inside) {
                for step_at_zero in steps_at_zero(convention) {
                    points += 1;
                    if differs(rule, &letters, &values, *step_at_zero) {
                        witness.get_or_insert((values.clone(), *step_at_zero));
                    }
                }
            }
            assert!(points > 0, "no point satisfies what {} demands", rule.name);
            assert_eq!(
                rule.holds.under(convention),
                witness.is_none(),
                "{} under {convention:?}: the sides differ at {witness:?}",
                rule.name
            );
        }
    }
}

#[test]
fn demands_of_rules_are_needed() {
    for rule in rules() {
        let letters = letters(rule);
        let demands: Vec<Demand> = letters.iter().map(|at| Demand::of(*at as u32)).collect();
        for (place, demand) in demands.iter().enumerate() {
            let (_, outside) = candidates(*demand);
            // Sampled kind by kind: each step beyond the demand must be wrong at some point, under some
            // convention under which the rule is used.
            let kinds: Vec<Vec<f64>> = match demand {
                Demand::Any => continue,
                Demand::Positive | Demand::PositiveNumber | Demand::Negative => {
                    let (zero, others) = outside.iter().partition(|value| **value == 0.0);
                    vec![zero, others]
                }
                Demand::NonNegative | Demand::NonPositive => vec![outside],
                // One below what is demanded may be right and useless: step(u)^1 = step(u).
                Demand::WholeFrom(_) => vec![outside],
            };
            for kind in kinds {
                assert!(!kind.is_empty());
                let mut lists: Vec<Vec<f64>> =
                    demands.iter().map(|demand| candidates(*demand).0).collect();
                lists[place] = kind.clone();
                let wrong =
                    CONVENTIONS
                        .iter()
                        .filter(|c| rule.holds.under(**c))
                        .any(|convention| {
                            choices(&lists).iter().any(|values| {
                                steps_at_zero(*convention)
                                    .iter()
                                    .any(|step| differs(rule, &letters, values, *step))
                            })
                        });
                assert!(
                    wrong,
                    "{} also holds for {} in {kind:?}: it demands more than it needs",
                    rule.name, LETTERS[letters[place]]
                );
            }
        }
    }
}

#[test]
fn rules_have_names_of_their_own() {
    let mut names = BTreeSet::new();
    for rule in rules() {
        assert!(names.insert(rule.name), "{} stands twice", rule.name);
        assert!(!rule.why.is_empty(), "{} gives no reason", rule.name);
        assert_ne!(rule.left, rule.right, "{}", rule.name);
    }
}

/// A network in which a function of whole arrays is differentiated by each of its parameters.
fn network_of(row: &functions::ArrayRow) -> String {
    let arrays = row.arrays();
    let shape = match row.takes {
        functions::Takes::Columns | functions::Takes::Entries => "R^size",
        functions::Takes::EachColumn => "R^(size x width)",
    };
    let mut text = format!("where {}, weight in {shape}\n", arrays.join(", "));
    let mut numbers = Vec::new();
    for (number, is_index) in row.numbers() {
        let range = if is_index { "1..size" } else { "R" };
        text.push_str(&format!("      {number} in {range}\n"));
        if !is_index {
            numbers.push(number);
        }
    }
    // Inside the domain of every row: logarithms of p and 1 - p, roots of sums.
    for name in arrays.iter().chain(&numbers) {
        text.push_str(&format!("assume 0 < {name}, {name} < 1\n"));
    }
    let call = row.call();
    text.push_str(&if row.keeps_shape {
        format!("loss C = sum(weight .* {call}, all)\n")
    } else {
        format!("loss C = {call}^2\n")
    });
    let all: Vec<&str> = arrays.iter().chain(&numbers).copied().collect();
    text.push_str(&format!("grad {}\n", all.join(", ")));
    text
}

/// A network with the row in it goes the whole way.
fn assert_confirmed(name: &str, text: &str) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(["derive", "--format", "text", "-e", text])
        .output()
        .expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("confirmed numerically"),
        "{name}:\n{text}\n{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn functions_of_whole_arrays_are_derived_and_confirmed() {
    for row in functions::array_rows() {
        let text = network_of(row);
        assert_confirmed(row.name, &text);
        assert!(!row.source.is_empty(), "{} says where it is from", row.name);
    }
}

#[test]
fn slopes_of_functions_of_matrices_are_confirmed() {
    for row in functions::matrix_rows() {
        let call = format!("{}(X)", row.name);
        let value = if row.keeps_shape {
            format!("a^T {call} b")
        } else {
            call
        };
        let text = format!("where X in R^(n x n), a, b in R^n\nloss C = {value}\ngrad X\n");
        assert_confirmed(row.name, &text);
        assert!(!row.source.is_empty(), "{} says where it is from", row.name);
    }
}

#[test]
fn functions_of_whole_arrays_have_names_of_their_own() {
    let scalar = functions::rows().flat_map(|row| std::iter::once(&row.name).chain(row.also));
    let mut names: BTreeSet<&str> = scalar.copied().collect();
    let arrays = functions::array_rows().map(|row| (&row.name, row.also));
    let matrices = functions::matrix_rows().map(|row| (&row.name, row.also));
    for (name, also) in arrays.chain(matrices) {
        for name in std::iter::once(name).chain(also) {
            assert!(names.insert(name), "`{name}` is the name of two functions");
        }
    }
}

/// A chain that gives a layer one kind of input, and ends in a loss.
fn chain_of(row: &functions::LayerRow, form: &functions::LayerForm, given: Carried) -> String {
    let start = match given {
        Carried::Column => "x in R^6",
        Carried::Rows => "X in R^(5 x 6)",
        Carried::Sequence => "x[t] in R^3 for t in 1..4",
        Carried::Signal => "X in R^(2 x 7) -> conv1d 2 2",
        Carried::Image => "X in R^(2 x 5 x 6)",
        Carried::Token => "c in 1..4",
        Carried::Tokens => "w[t] in 1..4 for t in 1..3",
    };
    let mut chain = format!("{start} -> {}", row.name);
    for argument in row.arguments {
        chain.push_str(if *argument == "rate" { " 0.25" } else { " 2" });
    }
    if let Some(setting) = form.when {
        chain.push(' ');
        chain.push_str(setting);
    }
    if form.makes == Carried::Image {
        chain.push_str(" -> mean");
    }
    chain + " -> squared_error(y)\n"
}

#[test]
fn layers_are_derived_and_confirmed_in_every_form() {
    let mut forms = 0;
    for row in functions::layers() {
        for form in row.forms {
            for given in form.takes {
                let text = chain_of(row, form, *given);
                assert_confirmed(row.name, &text);
                forms += 1;
            }
        }
    }
    assert!(forms >= functions::layers().count());
}
