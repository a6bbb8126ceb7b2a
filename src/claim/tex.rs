//! An edited claim in the person's own notation: what was not edited stands as it was written.

use super::tree::{Binder, Condition, Entry, Expr, ExprKind, Fold, Join};
use crate::source::Source;
use crate::syntax::Comparison;
use crate::system::{Spelled, System};
use crate::term::FamilyId;

/// LaTeX for what became of a claim; none if some part of it has no spelling here.
pub(crate) fn edited(
    system: &System,
    source: &Source,
    claim: &Expr,
    edited: &Expr,
) -> Option<String> {
    let mut original = Vec::new();
    collect(claim, &mut original);
    Writer {
        system,
        source,
        original,
    }
    .expr(edited, 0)
}

fn collect<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    into.push(expr);
    for child in expr.children() {
        collect(child, into);
    }
}

struct Writer<'w> {
    system: &'w System,
    source: &'w Source,
    /// Everything in the claim as it was written.
    original: Vec<&'w Expr>,
}

/// How closely an expression binds: sums 0, products 1, factors 2, bases 3.
fn level(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Sum(_) => 0,
        ExprKind::Product(_) | ExprKind::Fold { .. } => 1,
        ExprKind::Power(..) | ExprKind::Transpose(_) => 2,
        ExprKind::Number(value) if value.numer().sign() == num_bigint::Sign::Minus => 0,
        ExprKind::Derivative { .. } | ExprKind::Quotient(..) | ExprKind::Indicator(_) => 2,
        _ => 3,
    }
}

impl Writer<'_> {
    fn expr(&self, expr: &Expr, least: u8) -> Option<String> {
        let text = match self.as_written(expr) {
            Some(text) => text,
            None => self.made(expr)?,
        };
        let bracketed = text.starts_with('(') && text.ends_with(')') && self.is_one_bracket(&text)
            || text.starts_with(r"\left") && text.contains(r"\right");
        Some(if level(&expr.kind) < least && !bracketed {
            format!(r"\left({text}\right)")
        } else {
            text
        })
    }

    /// Whether the first bracket is closed by the last.
    fn is_one_bracket(&self, text: &str) -> bool {
        let mut depth = 0;
        for (at, c) in text.char_indices() {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            if depth == 0 {
                return at + 1 == text.len();
            }
        }
        false
    }

    fn as_written(&self, expr: &Expr) -> Option<String> {
        let known = |other: &&Expr| **other == *expr;
        // The same symbol elsewhere in the claim is written in the same way.
        let alike = |other: &&Expr| other.kind == expr.kind && other.span.start < other.span.end;
        let found = self
            .original
            .iter()
            .find(|other| known(other))
            .or_else(|| self.original.iter().find(|other| alike(other)))?;
        let text = self.source.slice(found.span).trim().trim_end_matches('&');
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn made(&self, expr: &Expr) -> Option<String> {
        Some(match &expr.kind {
            ExprKind::Number(value) if value.is_integer() => value.to_string(),
            ExprKind::Number(value) => format!(r"\frac{{{}}}{{{}}}", value.numer(), value.denom()),
            ExprKind::Pi => r"\pi".into(),
            ExprKind::Letter(letter) => letter.clone(),
            ExprKind::Size(size, slots) if slots.is_empty() => name(&self.system.size(*size).name),
            ExprKind::Quantity {
                family,
                slots,
                elements,
            } => self.quantity(*family, slots, elements)?,
            ExprKind::Sum(terms) => {
                let mut text = String::new();
                for (at, (minus, term)) in terms.iter().enumerate() {
                    text.push_str(match (at, minus) {
                        (0, false) => "",
                        (_, true) => "-",
                        (_, false) => "+",
                    });
                    text.push_str(&self.expr(term, 1)?);
                }
                text
            }
            ExprKind::Product(factors) => {
                let mut text = String::new();
                for (at, (join, factor)) in factors.iter().enumerate() {
                    text.push_str(match (at, join) {
                        (0, _) => "",
                        (_, Join::Elementwise) => r"\odot ",
                        (_, Join::Dot) => r"\cdot ",
                        (_, Join::Tensor | Join::Kronecker) => r"\otimes ",
                        (_, Join::Product) => r"\,",
                    });
                    // A sum sign takes what follows it.
                    let last = at + 1 == factors.len();
                    let least = match factor.kind {
                        ExprKind::Fold { .. } if last => 1,
                        _ => 2,
                    };
                    text.push_str(&self.expr(factor, least)?);
                }
                text
            }
            ExprKind::Quotient(above, below) => {
                format!(
                    r"\frac{{{}}}{{{}}}",
                    self.expr(above, 0)?,
                    self.expr(below, 0)?
                )
            }
            ExprKind::Power(base, exponent, _) if is_half(exponent) => {
                format!(r"\sqrt{{{}}}", self.expr(base, 0)?)
            }
            ExprKind::Power(base, exponent, _) => {
                format!("{}^{{{}}}", self.expr(base, 3)?, self.expr(exponent, 0)?)
            }
            ExprKind::Transpose(inner) => {
                let mark = if self.source.text.contains(r"\top") {
                    r"\top"
                } else {
                    "T"
                };
                format!("{}^{{{mark}}}", self.expr(inner, 3)?)
            }
            ExprKind::Call(function, primes, arguments) => {
                self.call(function, *primes, arguments)?
            }
            ExprKind::Fold {
                fold,
                binders,
                conditions,
                body,
            } => self.fold(*fold, binders, conditions, body)?,
            ExprKind::Derivative { of, wrt, .. } => format!(
                r"\frac{{\partial {}}}{{\partial {}}}",
                self.expr(of, 2)?,
                self.expr(wrt, 2)?
            ),
            ExprKind::Slope(function, orders, arguments) => {
                let orders: Vec<String> = orders.iter().map(u8::to_string).collect();
                let name = crate::functions::row(function).map_or(&**function, |row| row.latex);
                let arguments = self.list(arguments.iter().cloned())?;
                format!("{name}^{{({})}}({arguments})", orders.join(","))
            }
            ExprKind::Differential(inner, _) => format!(r"\mathrm{{d}}{}", self.expr(inner, 3)?),
            ExprKind::Kronecker(i, j) => {
                format!(r"\delta_{{{},{}}}", self.expr(i, 0)?, self.expr(j, 0)?)
            }
            ExprKind::Indicator(conditions) => {
                format!(r"\mathbb{{1}}[{}]", self.conditions(conditions)?)
            }
            ExprKind::Named(inner) => self.expr(inner, 3)?,
            _ => return None,
        })
    }

    fn list(&self, exprs: impl Iterator<Item = Expr>) -> Option<String> {
        let parts: Option<Vec<String>> = exprs.map(|expr| self.expr(&expr, 0)).collect();
        Some(parts?.join(","))
    }

    fn quantity(&self, family: FamilyId, slots: &[Expr], elements: &[Entry]) -> Option<String> {
        let spelled = self.system.spellings.iter().find(|spelling| {
            matches!(&spelling.what, Spelled::Slots(other, slots) if *other == family && slots.is_empty())
        });
        let mut text = match spelled {
            Some(spelling) => spelling.latex.clone(),
            None => name(&self.system.family(family).name),
        };
        if !slots.is_empty() {
            text = format!("{text}^{{({})}}", self.list(slots.iter().cloned())?);
        }
        if !elements.is_empty() {
            let indices = elements.iter().map(|entry| match entry {
                Entry::At(index) => self.expr(index, 0),
                Entry::All => Some(":".into()),
                Entry::Part(low, high) => {
                    Some(format!("{}:{}", self.expr(low, 0)?, self.expr(high, 0)?))
                }
            });
            let indices: Option<Vec<String>> = indices.collect();
            text = format!("{text}_{{{}}}", indices?.join(","));
        }
        Some(text)
    }

    fn call(&self, function: &str, primes: u8, arguments: &[Expr]) -> Option<String> {
        let row = crate::functions::row(function);
        let name = match function {
            "bars" => return Some(format!("|{}|", self.list(arguments.iter().cloned())?)),
            "diag" | "tr" => format!(r"\operatorname{{{function}}}"),
            "step" if self.source.text.contains("Step") => "Step".into(),
            _ => row?.latex.to_owned(),
        };
        let primes = "'".repeat(usize::from(primes));
        Some(format!(
            "{name}{primes}({})",
            self.list(arguments.iter().cloned())?
        ))
    }

    fn fold(
        &self,
        fold: Fold,
        binders: &[Binder],
        conditions: &[Condition],
        body: &Expr,
    ) -> Option<String> {
        let sign = match fold {
            Fold::Sum => r"\sum",
            Fold::Product => r"\prod",
            Fold::Max => r"\max",
            Fold::Diagonal => {
                return Some(format!(r"\operatorname{{diag}}({})", self.expr(body, 0)?));
            }
        };
        let below = match binders {
            [
                Binder {
                    letter,
                    range: Some((low, high)),
                },
            ] if conditions.is_empty() => {
                format!(
                    "_{{{letter}={}}}^{{{}}}",
                    self.expr(low, 0)?,
                    self.expr(high, 0)?
                )
            }
            _ if !conditions.is_empty() => format!("_{{{}}}", self.conditions(conditions)?),
            _ if binders.iter().all(|binder| binder.range.is_none()) => {
                let letters: Vec<&str> = binders
                    .iter()
                    .map(|binder| binder.letter.as_str())
                    .collect();
                format!("_{{{}}}", letters.join(","))
            }
            _ => return None,
        };
        Some(format!("{sign}{below} {}", self.expr(body, 1)?))
    }

    fn conditions(&self, conditions: &[Condition]) -> Option<String> {
        let parts: Option<Vec<String>> = conditions
            .iter()
            .map(|condition| {
                let sign = match condition.relation {
                    Comparison::Less => "<",
                    Comparison::LessEqual => r"\le ",
                    Comparison::Greater => ">",
                    Comparison::GreaterEqual => r"\ge ",
                    Comparison::Equal => "=",
                    Comparison::NotEqual => r"\ne ",
                };
                Some(format!(
                    "{}{sign}{}",
                    self.expr(&condition.left, 0)?,
                    self.expr(&condition.right, 0)?
                ))
            })
            .collect();
        Some(parts?.join(","))
    }
}

fn is_half(exponent: &Expr) -> bool {
    matches!(&exponent.kind, ExprKind::Number(value)
        if *value == num_rational::BigRational::new(1.into(), 2.into()))
}

/// `w1` as `w_{1}`, `alpha` as `\alpha`.
fn name(own: &str) -> String {
    let letters = own.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &own[letters.len()..];
    let letters = letters.trim_end_matches('_');
    let base = match crate::syntax::greek_command(letters) {
        Some(_) => format!(r"\{letters}"),
        None if letters.chars().count() > 1 => format!(r"\mathit{{{letters}}}"),
        None => letters.to_owned(),
    };
    if digits.is_empty() {
        base
    } else {
        format!("{base}_{{{digits}}}")
    }
}
