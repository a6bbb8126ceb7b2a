//! Signs, constants, and factors that are missing or too much.

use super::super::subject::{bodies, subterms};
use super::*;
use crate::system::FamilyRole;
use crate::term::{Node, SizeId, TermId};

/// A sign turned round.
pub(in super::super) fn signs(_: &Subject<'_>, site: &Site<'_>, out: &mut dyn FnMut(Edit)) {
    if site.whole {
        out(Edit {
            name: "sign-flipped",
            becomes: negated(site.expr),
            said: Said::Sign(site.expr.clone()),
        });
    }
    if let ExprKind::Cases(branches) = &site.expr.kind {
        for (at, (value, _)) in branches.iter().enumerate() {
            let mut turned = branches.clone();
            turned[at].0 = negated(value);
            out(Edit {
                name: "sign-flipped",
                becomes: Expr::new(ExprKind::Cases(turned), site.expr.span),
                said: Said::Sign(value.clone()),
            });
        }
    }
    // σ(z) for σ(-z)
    if let Some(argument) = argument_of(site.expr) {
        let mut turned = site.expr.clone();
        *turned.children_mut()[0] = match &argument.kind {
            ExprKind::Sum(terms) => match terms.as_slice() {
                [(true, only)] => only.clone(),
                _ => negated(argument),
            },
            _ => negated(argument),
        };
        out(Edit {
            name: "sign-flipped",
            becomes: turned,
            said: Said::Sign(argument.clone()),
        });
    }
    if let ExprKind::Sum(terms) = &site.expr.kind {
        for at in 0..terms.len() {
            let mut turned = terms.clone();
            turned[at].0 = !turned[at].0;
            out(Edit {
                name: "sign-flipped",
                becomes: Expr::new(ExprKind::Sum(turned), site.expr.span),
                said: Said::Sign(terms[at].1.clone()),
            });
        }
    }
}

/// The argument of a function of numbers.
fn argument_of(expr: &Expr) -> Option<&Expr> {
    let ExprKind::Call(name, _, arguments) = &expr.kind else {
        return None;
    };
    match arguments.as_slice() {
        [only] if name != "step" && crate::functions::row(name).is_some() => Some(only),
        _ => None,
    }
}

/// Sizes without slots, with the name of what a wrong power of them is.
fn sizes(subject: &Subject<'_>) -> Vec<(SizeId, &'static str)> {
    (0..subject.system.sizes.len())
        .filter(|at| subject.system.sizes[*at].slots == 0)
        .map(|at| {
            let size = SizeId(u32::try_from(at).expect("few sizes"));
            let name = if subject.counts_examples(size) {
                "batch-factor"
            } else {
                "factor-missing"
            };
            (size, name)
        })
        .collect()
}

fn power(base: Expr, exponent: Expr) -> Expr {
    let span = base.span;
    Expr::new(
        ExprKind::Power(Box::new(base), Box::new(exponent), false),
        span,
    )
}

fn inverse(expr: Expr) -> Expr {
    let span = expr.span;
    Expr::new(
        ExprKind::Quotient(Box::new(number(1, span)), Box::new(expr)),
        span,
    )
}

/// Constants that are forgotten: numbers, and powers of the numbers of examples and of entries.
pub(in super::super) fn constants(subject: &Subject<'_>, span: Span) -> Vec<(&'static str, Expr)> {
    let mut found: Vec<(&'static str, Expr)> = [(2, 1), (1, 2), (4, 1), (1, 4), (3, 1), (1, 3)]
        .into_iter()
        .map(|(above, below)| ("factor-missing", ratio(above, below, span)))
        .collect();
    for (size, name) in sizes(subject) {
        let size = Expr::new(ExprKind::Size(size, Vec::new()), span);
        let root = power(size.clone(), ratio(1, 2, span));
        found.push((name, inverse(size.clone())));
        found.push((name, size));
        found.push(("factor-missing", inverse(root.clone())));
        found.push(("factor-missing", root));
    }
    for constant in own_constants(subject, span) {
        if found.iter().all(|(_, known)| *known != constant) {
            found.push(("factor-missing", constant));
        }
    }
    found
}

/// Constants that the network itself has, and their inverses: 0.1, log 2.
fn own_constants(subject: &Subject<'_>, span: Span) -> Vec<Expr> {
    let system = subject.system;
    let mut found: Vec<Expr> = Vec::new();
    for family in &subject.reached {
        for body in bodies(system, *family) {
            for term in subterms(system, body) {
                let constant = match system.store.node(term) {
                    Node::Number(value) if !value.is_integer() => {
                        Expr::new(ExprKind::Number(value.clone()), span)
                    }
                    Node::Apply(function, orders, arguments)
                        if orders.iter().all(|it| *it == 0) =>
                    {
                        let [argument] = arguments[..] else { continue };
                        let Node::Number(value) = system.store.node(argument) else {
                            continue;
                        };
                        let argument = Expr::new(ExprKind::Number(value.clone()), span);
                        let name = system.function(*function).name.clone();
                        Expr::new(ExprKind::Call(name, 0, vec![argument]), span)
                    }
                    // 1/(1 - p)
                    Node::Power(base, _) if matches!(system.store.node(*base), Node::Add(_)) => {
                        match of_numbers(system, term, span) {
                            Some(gain) => gain,
                            None => continue,
                        }
                    }
                    _ => continue,
                };
                if !found.contains(&constant) {
                    found.extend([constant.clone(), inverse(constant)]);
                }
            }
        }
    }
    found.truncate(MOST_OWN_CONSTANTS);
    found
}

/// What is made from numbers and given numbers alone, as an expression.
fn of_numbers(system: &System, term: TermId, span: Span) -> Option<Expr> {
    let kind = match system.store.node(term) {
        Node::Number(value) => ExprKind::Number(value.clone()),
        Node::Access(family, index) if index.is_empty() => {
            let known = system.family(*family);
            (known.kind == FamilyKind::Input).then(|| Expr::quantity(*family, span).kind)?
        }
        Node::Add(terms) => {
            let terms: Option<Vec<(bool, Expr)>> = terms
                .iter()
                .map(|term| Some((false, of_numbers(system, *term, span)?)))
                .collect();
            ExprKind::Sum(terms?)
        }
        Node::Mul(factors) => {
            let factors: Option<Vec<(Join, Expr)>> = factors
                .iter()
                .map(|factor| Some((Join::Product, of_numbers(system, *factor, span)?)))
                .collect();
            ExprKind::Product(factors?)
        }
        Node::Power(base, exponent) => {
            let exponent = system.store.as_number(*exponent)?.clone();
            let base = of_numbers(system, *base, span)?;
            let exponent = Expr::new(ExprKind::Number(exponent), span);
            ExprKind::Power(Box::new(base), Box::new(exponent), false)
        }
        _ => return None,
    };
    Some(Expr::new(kind, span))
}

/// More constants of a network are not tried.
const MOST_OWN_CONSTANTS: usize = 12;

/// A division by a number of the network that is left out, or a multiplication in its place: the 1/τ of a temperature.
pub(in super::super) fn divisors_missing(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let summand = site.whole || !(site.factor || site.slope || site.step);
    if !summand || matches!(site.expr.kind, ExprKind::Number(_) | ExprKind::Size(..)) {
        return;
    }
    let span = site.expr.span;
    let numbers = subject.reached.iter().copied().filter(|family| {
        let known = subject.system.family(*family);
        known.kind == FamilyKind::Input && known.slots + known.axes == 0
    });
    for family in numbers.filter(|family| is_plain(subject.system, *family)) {
        let divisor = Expr::quantity(family, span);
        // What stands there already is too much, or stands on the wrong side of the fraction line.
        let own = |inner: &Expr| matches!(&inner.plain().kind, ExprKind::Quantity { family: found, .. } if *found == family);
        let name = if subject.claim.any(&mut |inner| own(inner)) {
            "wrong-operand"
        } else {
            "factor-missing"
        };
        for power in [1, 2] {
            let divisor = match power {
                1 => divisor.clone(),
                _ => self::power(divisor.clone(), number(power, span)),
            };
            out(Edit {
                name,
                becomes: Expr::new(
                    ExprKind::Quotient(Box::new(site.expr.clone()), Box::new(divisor.clone())),
                    span,
                ),
                said: Said::Missing(inverse(divisor)),
            });
        }
    }
}

/// A constant at a summand, or at the whole.
pub(in super::super) fn constants_missing(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let span = site.expr.span;
    let edit = |name, constant: Expr| Edit {
        name,
        becomes: scaled(site.expr, constant.clone()),
        said: Said::Missing(constant),
    };
    if site.whole {
        for (name, constant) in constants(subject, span) {
            out(edit(name, constant));
        }
    }
    if let Some(argument) = argument_of(site.expr) {
        for constant in [number(2, span), ratio(1, 2, span)] {
            let mut other = site.expr.clone();
            *other.children_mut()[0] = scaled(argument, constant.clone());
            out(Edit {
                name: "factor-missing",
                becomes: other,
                said: Said::Missing(constant),
            });
        }
    }
    if let ExprKind::Sum(terms) = &site.expr.kind
        && (terms.len() > 1 || !site.whole)
    {
        let penalties = subject.penalty_factors();
        for at in 0..terms.len() {
            let penalty = mentions(&terms[at].1, &penalties);
            for (name, constant) in constants(subject, span) {
                let name = if penalty { "regulariser-wrong" } else { name };
                let mut scaled = terms.clone();
                scaled[at].1 = self::scaled(&terms[at].1, constant.clone());
                out(Edit {
                    name,
                    becomes: Expr::new(ExprKind::Sum(scaled), span),
                    said: Said::Missing(constant),
                });
            }
        }
        // At all summands but one: both means of a normalised batch.
        for kept in (0..terms.len()).filter(|_| terms.len() > 2) {
            for (name, constant) in constants(subject, span) {
                let mut scaled = terms.clone();
                for at in (0..terms.len()).filter(|at| *at != kept) {
                    scaled[at].1 = self::scaled(&terms[at].1, constant.clone());
                }
                out(Edit {
                    name,
                    becomes: Expr::new(ExprKind::Sum(scaled), span),
                    said: Said::Missing(constant),
                });
            }
        }
    }
}

/// A summand deleted.
pub(in super::super) fn summands_too_much(
    _: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let ExprKind::Sum(terms) = &site.expr.kind else {
        return;
    };
    for at in (0..terms.len()).filter(|_| terms.len() > 1) {
        let mut fewer = terms.clone();
        let (_, gone) = fewer.remove(at);
        let becomes = match fewer.as_slice() {
            [(false, only)] => only.clone(),
            _ => Expr::new(ExprKind::Sum(fewer), site.expr.span),
        };
        out(Edit {
            name: "wrong-operand",
            becomes,
            said: Said::Extra(gone),
        });
    }
}

/// A factor deleted.
pub(in super::super) fn factors_too_much(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let span = site.expr.span;
    match &site.expr.kind {
        ExprKind::Product(factors) => {
            for at in 0..factors.len() {
                let mut fewer = factors.clone();
                let (_, gone) = fewer.remove(at);
                out(Edit {
                    name: name_of(subject, &gone),
                    becomes: product(fewer, span),
                    said: Said::Extra(gone),
                });
            }
        }
        ExprKind::Quotient(above, below) => out(Edit {
            name: name_of(subject, below),
            becomes: (**above).clone(),
            said: Said::Extra(Expr::new(
                ExprKind::Quotient(Box::new(number(1, span)), below.clone()),
                span,
            )),
        }),
        ExprKind::Power(base, ..) => out(Edit {
            name: "wrong-operand",
            becomes: (**base).clone(),
            said: Said::Instead(site.expr.clone(), (**base).clone()),
        }),
        _ => {}
    }
}

/// What a missing or superfluous factor is called.
fn name_of(subject: &Subject<'_>, factor: &Expr) -> &'static str {
    let mut size = None;
    factor.any(&mut |inner| {
        if let ExprKind::Size(found, _) = &inner.kind {
            size = Some(*found);
        }
        false
    });
    let is_constant = !factor.any(&mut |inner| {
        !matches!(
            inner.kind,
            ExprKind::Number(_)
                | ExprKind::Pi
                | ExprKind::Size(..)
                | ExprKind::Quotient(..)
                | ExprKind::Product(_)
                | ExprKind::Sum(_)
                | ExprKind::Power(..)
        )
    });
    match size {
        Some(size) if is_constant && subject.counts_examples(size) => "batch-factor",
        _ if is_constant => "factor-missing",
        _ => "wrong-operand",
    }
}

/// Whether an expression is a derivative that is taken as known, under whatever name.
fn is_derivative(expr: &Expr) -> bool {
    matches!(expr.plain().kind, ExprKind::Derivative { .. })
}

/// Places where a factor can go: behind the whole, a factor of a product, a summand or a body.
fn with_factor(site: &Site<'_>, factor: &Expr, join: Join, mut out: impl FnMut(Expr)) {
    let expr = site.expr;
    let wrapped = times(expr, join, factor.clone());
    match &expr.kind {
        ExprKind::Product(factors) => {
            // Between factors, where the place matters.
            if join == Join::Product && factors.len() < 5 {
                for at in 0..=factors.len() {
                    let mut more = factors.clone();
                    more.insert(at, (Join::Product, factor.clone()));
                    out(Expr::new(ExprKind::Product(more), expr.span));
                }
            }
            out(wrapped);
        }
        _ if is_derivative(expr) => {
            if join == Join::Product {
                out(times(factor, join, expr.clone()));
            }
            out(wrapped);
        }
        ExprKind::Sum(_) | ExprKind::Fold { .. } => out(wrapped),
        _ if site.whole || !site.factor => {
            if join == Join::Product {
                out(times(factor, join, expr.clone()));
            }
            out(wrapped);
        }
        _ if join == Join::Elementwise => out(wrapped),
        _ => {}
    }
}

/// Index letters of a site, for each axis of a quantity.
fn index_choices(site: &Site<'_>, axes: usize) -> Vec<Vec<crate::claim::Entry>> {
    let span = site.expr.span;
    let mut found = vec![Vec::new()];
    for _ in 0..axes {
        found = found
            .into_iter()
            .flat_map(|before: Vec<crate::claim::Entry>| {
                site.letters.iter().map(move |letter| {
                    let mut next = before.clone();
                    next.push(crate::claim::Entry::At(Expr::new(
                        ExprKind::Letter(letter.clone()),
                        span,
                    )));
                    next
                })
            })
            .take(16)
            .collect();
    }
    found
}

/// The slots at which a quantity may be meant: those that stand in the claim or on its left side, and their neighbours.
fn slot_choices(subject: &Subject<'_>, family: FamilyId, span: Span) -> Vec<Vec<Expr>> {
    let count = subject.system.family(family).slots;
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut found: Vec<Vec<Expr>> = Vec::new();
    let mut add = |slots: &[Expr]| {
        if slots.len() != count {
            return;
        }
        for shift in [0, -1, 1] {
            let mut moved = slots.to_vec();
            if shift != 0 {
                let last = moved.len() - 1;
                moved[last] = shifted(&slots[last], shift, span);
            }
            let known = found
                .iter()
                .any(|other| print_all(subject.system, other) == print_all(subject.system, &moved));
            if !known && found.len() < 9 {
                found.push(moved);
            }
        }
    };
    for expr in [subject.truth, subject.claim] {
        expr.any(&mut |inner| {
            if let ExprKind::Quantity { slots, .. } = &inner.kind {
                add(slots);
            }
            false
        });
    }
    found
}

fn print_all(system: &System, exprs: &[Expr]) -> String {
    exprs
        .iter()
        .map(|expr| print(system, expr))
        .collect::<Vec<_>>()
        .join(",")
}

/// An index moved by a whole number, with numbers added up.
pub(super) fn shifted(index: &Expr, shift: i64, span: Span) -> Expr {
    if let ExprKind::Number(value) = &index.kind {
        let moved = value + BigRational::from_integer(shift.into());
        return Expr::new(ExprKind::Number(moved), span);
    }
    let mut terms = match &index.kind {
        ExprKind::Sum(terms) => terms.clone(),
        _ => vec![(false, index.clone())],
    };
    let mut constant = BigRational::from_integer(shift.into());
    terms.retain(|(minus, term)| match &term.kind {
        ExprKind::Number(value) => {
            constant += if *minus {
                -value.clone()
            } else {
                value.clone()
            };
            false
        }
        _ => true,
    });
    let zero = BigRational::from_integer(0.into());
    if constant != zero {
        let minus = constant < zero;
        let size = if minus { -constant } else { constant };
        terms.push((minus, Expr::new(ExprKind::Number(size), span)));
    }
    match terms.as_slice() {
        [(false, only)] => only.clone(),
        _ => Expr::new(ExprKind::Sum(terms), span),
    }
}

/// A quantity as it could stand at a site: whole, and where letters are about, by its elements.
pub(super) fn written(subject: &Subject<'_>, site: &Site<'_>, family: FamilyId) -> Vec<Expr> {
    let span = site.expr.span;
    let axes = subject.system.family(family).axes;
    let mut found = Vec::new();
    let mut elements = vec![Vec::new()];
    if axes > 0 && !site.letters.is_empty() {
        elements.extend(index_choices(site, axes));
    }
    for slots in slot_choices(subject, family, span) {
        for elements in &elements {
            found.push(Expr::new(
                ExprKind::Quantity {
                    family,
                    slots: slots.clone(),
                    elements: elements.clone(),
                },
                span,
            ));
        }
    }
    found
}

/// The derivative of an activation by its value alone, for those that have one.
fn slope_by_value(name: &str, value: Expr) -> Option<Expr> {
    let span = value.span;
    let one_minus = |term: Expr| {
        let terms = vec![(false, number(1, span)), (true, term)];
        Expr::new(ExprKind::Sum(terms), span)
    };
    match name {
        "sigmoid" => Some(times(&value, Join::Elementwise, one_minus(value.clone()))),
        "tanh" => {
            let square = ExprKind::Power(Box::new(value), Box::new(number(2, span)), true);
            Some(one_minus(Expr::new(square, span)))
        }
        _ => None,
    }
}

/// The value of an activation where its derivative belongs.
pub(in super::super) fn values_for_slopes(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    let ExprKind::Quantity { family, .. } = &site.expr.plain().kind else {
        return;
    };
    for (value, function, _) in subject.activations() {
        if value == *family && !site.slope && !site.step {
            let name = &subject.system.function(function).name;
            if let Some(slope) = slope_by_value(name, site.expr.clone()) {
                out(Edit::instead("activation-derivative-wrong", site, slope));
            }
        }
    }
}

/// The derivative of an activation put in.
pub(in super::super) fn slopes_missing(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if site.slope || site.step {
        return;
    }
    let span = site.expr.span;
    let mut seen: Vec<(FamilyId, String)> = Vec::new();
    for (value, function, argument) in subject.activations() {
        let name = subject.system.function(function).name.clone();
        let of = argument.unwrap_or(value);
        if seen.contains(&(of, name.clone())) {
            continue;
        }
        seen.push((of, name.clone()));
        for of in written(subject, site, of) {
            let axes = axes(subject.system, &of);
            let slope = match argument {
                Some(_) if name == "relu" => ExprKind::Call("step".into(), 0, vec![of]),
                Some(_) => ExprKind::Call(name.clone(), 1, vec![of]),
                None => match slope_by_value(&name, of) {
                    Some(slope) => slope.kind,
                    None => break,
                },
            };
            let mistake = if name == "relu" {
                "step-missing"
            } else {
                "activation-derivative-missing"
            };
            let slope = Expr::new(slope, span);
            let mut put = |factor: &Expr, join| {
                with_factor(site, factor, join, |becomes| {
                    out(Edit {
                        name: mistake,
                        becomes,
                        said: Said::Missing(slope.clone()),
                    });
                });
            };
            if axes == 0 {
                let simple = !matches!(site.expr.kind, ExprKind::Number(_) | ExprKind::Size(..));
                if simple && !site.factor {
                    out(Edit {
                        name: mistake,
                        becomes: times(site.expr, Join::Product, slope.clone()),
                        said: Said::Missing(slope.clone()),
                    });
                }
            } else {
                put(&slope, Join::Elementwise);
                if axes == 1 {
                    let diagonal =
                        Expr::new(ExprKind::Call("diag".into(), 0, vec![slope.clone()]), span);
                    put(&diagonal, Join::Product);
                }
            }
        }
    }
}

/// A quantity put in as a factor.
pub(in super::super) fn quantities_missing(
    subject: &Subject<'_>,
    site: &Site<'_>,
    out: &mut dyn FnMut(Edit),
) {
    if site.slope || site.step {
        return;
    }
    let goes_here = site.whole
        || matches!(
            site.expr.kind,
            ExprKind::Product(_) | ExprKind::Sum(_) | ExprKind::Fold { .. }
        )
        || is_derivative(site.expr)
        || !site.factor;
    if !goes_here || matches!(site.expr.kind, ExprKind::Number(_) | ExprKind::Size(..)) {
        return;
    }
    let span = site.expr.span;
    let families: Vec<FamilyId> = subject
        .families()
        .filter(|family| is_plain(subject.system, *family))
        .collect();
    for family in families {
        let name = if is_weight(subject, family) {
            "weight-factor-missing"
        } else {
            "wrong-operand"
        };
        for factor in written(subject, site, family) {
            let axes = axes(subject.system, &factor);
            let mut forms = vec![(Join::Product, factor.clone())];
            if axes > 0 {
                let transposed = Expr::new(ExprKind::Transpose(Box::new(factor.clone())), span);
                forms.push((Join::Product, transposed));
                forms.push((Join::Elementwise, factor.clone()));
            }
            for (join, form) in forms {
                if axes == 0 {
                    out(Edit {
                        name,
                        becomes: times(site.expr, join, form.clone()),
                        said: Said::Missing(form),
                    });
                } else {
                    with_factor(site, &form, join, |becomes| {
                        out(Edit {
                            name,
                            becomes,
                            said: Said::Missing(form.clone()),
                        });
                    });
                }
            }
        }
    }
}

/// Whether a quantity is a parameter that something else is multiplied by.
pub(super) fn is_weight(subject: &Subject<'_>, family: FamilyId) -> bool {
    let known = subject.system.family(family);
    let asked: Vec<FamilyId> = subject
        .system
        .questions
        .iter()
        .flat_map(|question| question.wrt.iter().map(|target| target.family))
        .filter(|family| subject.system.family(*family).kind == FamilyKind::Input)
        .collect();
    // Where no parameter is asked for, any matrix may be one; by their letters weights are told anywhere.
    let by_letter =
        known.name.starts_with(['w', 'W']) || known.name.to_lowercase().starts_with("theta");
    let chosen = asked.contains(&family) || by_letter || (asked.is_empty() && known.axes == 2);
    known.kind == FamilyKind::Input
        && !matches!(known.role, Some(FamilyRole::Target | FamilyRole::Input))
        && (known.role == Some(FamilyRole::Parameter) || chosen)
        && !subject.only_added(family)
}
