//! What is 1 where indices are equal or a condition holds, else 0, and the positive part.

use super::*;

/// What a set below an indicator says of its argument: `\mathbf 1_{>0}(z)`, `\mathbb 1_{(0,\infty)}(z)`.
fn region(set: &[Noad], argument: &[Noad]) -> Option<List> {
    let span = span_of(set)?;
    if argument
        .iter()
        .any(|noad| noad.is_sign(",") || is_condition(noad))
    {
        return None;
    }
    if set.first().is_some_and(is_comparison) {
        return Some([argument, set].concat());
    }
    let [only] = set else { return None };
    let Kind::Fence(open @ ('(' | '['), ends) = &only.kind else {
        return None;
    };
    let less = Noad::new(Kind::Sign(if *open == '(' { "<" } else { "<=" }), span);
    let parts: Vec<&[Noad]> = ends.split(|noad| noad.is_sign(",")).collect();
    let [low, high] = parts.as_slice() else {
        return None;
    };
    let finite = |end: &[Noad]| !end.iter().any(|noad| noad.is_command("infty"));
    let mut condition = List::new();
    if finite(low) {
        condition.extend_from_slice(low);
        condition.push(less.clone());
    }
    condition.extend_from_slice(argument);
    if finite(high) {
        condition.push(less);
        condition.extend_from_slice(high);
    }
    (only.is_bare() && condition.len() > argument.len()).then_some(condition)
}

/// Whether a script is a plus sign alone.
pub(super) fn is_plus(script: &[Noad]) -> bool {
    matches!(script, [only] if only.is_sign("+") && only.is_bare())
}

impl Reader<'_, '_> {
    /// `\mathbb 1_{(0,\infty)}(z)`: the condition on what stands in the brackets.
    pub(super) fn region_at(&self, noad: &Noad, cursor: &Cursor<'_>) -> Option<List> {
        let set = noad.sub.as_deref().filter(|_| noad.sup.is_none())?;
        match &cursor.rest().get(1)?.kind {
            Kind::Fence('(', argument) => region(set, argument),
            _ => None,
        }
    }

    /// The two indices of what is 1 where they are equal, `\delta_{ij}`, `\delta_i^j`, `\delta(i,j)`, `I_{ij}`,
    /// `\mathbb 1_{ij}`, and how many noads that takes.
    pub(super) fn equal_indices(
        &self,
        noad: &Noad,
        cursor: &Cursor<'_>,
    ) -> Option<(List, List, usize)> {
        // `\mathbb 1_{(0,6)}(z)` is that of a range.
        if noad.primes > 0 || self.region_at(noad, cursor).is_some() {
            return None;
        }
        let is_index = |part: &[Noad]| {
            let name = matches!(part, [only] if letter_name(only).is_some() || matches!(only.kind, Kind::Number(_)));
            name && !self.names.is_plain_size(part)
        };
        let two = |list: &[Noad]| {
            let [i, j] = <[List; 2]>::try_from(split_entries(list, 2)?).ok()?;
            let letter = |part: &[Noad]| part.iter().any(|noad| letter_name(noad).is_some());
            let indices = is_index(&i) && is_index(&j) && (letter(&i) || letter(&j));
            indices.then_some((i, j, 1))
        };
        let delta = noad.is_command("delta");
        match (&noad.sub, &noad.sup) {
            (Some(_), None) if delta => self.pair(noad).map(|(i, j)| (i, j, 1)),
            (Some(sub), None) if matches!(noad.kind, Kind::One | Kind::Letter('I')) => two(sub),
            (None, Some(sup)) if delta => two(sup),
            // A layer may be meant where there are some.
            (Some(sub), Some(sup)) if delta && !self.names.has_slots() => {
                (is_index(sub) && is_index(sup)).then(|| (sub.clone(), sup.clone(), 1))
            }
            (None, None) if delta => match &cursor.rest().get(1)?.kind {
                Kind::Fence('(', inside) if inside.iter().any(|noad| noad.is_sign(",")) => {
                    two(inside).map(|(i, j, _)| (i, j, 2))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// `H(z)`, `\Theta(z)` of what a function with a kink is taken at: the step.
    pub(super) fn is_step(&self, noad: &Noad, cursor: &Cursor<'_>) -> bool {
        let named = noad.kind == Kind::Letter('H') || noad.is_command("Theta");
        let Some(Noad {
            kind: Kind::Fence('(', inside),
            ..
        }) = cursor.rest().get(1)
        else {
            return false;
        };
        let found = self
            .names
            .find(inside)
            .filter(|found| found.length == inside.len());
        let Some(Meaning::Quantity(family)) = found.map(|found| found.meaning) else {
            return false;
        };
        let mut functions = self.names.system.functions.iter();
        named
            && noad.is_bare()
            && functions.any(|function| {
                let kinked =
                    crate::functions::row(&function.name).is_some_and(|row| !row.kinks.is_empty());
                kinked && self.arguments_in_network(&function.name).contains(&family)
            })
    }

    /// `[z]_+`, `z^+`
    pub(super) fn positive_part(&mut self, of: Expr, span: Span) -> Expr {
        self.notes
            .push("a plus sign at a value is read as its positive part".into());
        Expr::new(ExprKind::Call("relu".into(), 0, vec![of]), span)
    }

    /// Whether an expression is a quantity that is a number or a column: `A^+` of a matrix is another thing.
    pub(super) fn has_positive_part(&self, expr: &Expr) -> bool {
        matches!(&expr.plain().kind, ExprKind::Quantity { family, elements, .. }
            if self.names.system.family(*family).axes <= elements.len() + 1)
    }
}
