//! Sums, and the products in them.

use super::*;

impl Reader<'_, '_> {
    pub(super) fn sum(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let start = cursor.place();
        let mut terms: Vec<(bool, Expr)> = Vec::new();
        loop {
            let mut minus = false;
            let mut signed = terms.is_empty();
            while let Some(sign @ ("+" | "-")) = cursor.sign() {
                minus ^= sign == "-";
                signed = true;
                cursor.at += 1;
            }
            if !signed {
                break;
            }
            let term = self.product(cursor)?;
            terms.push((minus, term));
            if !matches!(cursor.sign(), Some("+" | "-")) {
                break;
            }
        }
        let span = start.to(terms.last().map_or(start, |(_, term)| term.span));
        Ok(match terms.as_slice() {
            [(false, only)] => only.clone(),
            _ => Expr::new(ExprKind::Sum(terms), span),
        })
    }

    pub(super) fn join_of(&self, noad: &Noad) -> Option<Join> {
        let name = match &noad.kind {
            Kind::Sign("*") => "*",
            Kind::Command(name) => name.as_str(),
            _ => return None,
        };
        if let Some((_, join)) = self.signs.joins.iter().find(|(sign, _)| sign == name) {
            return Some(*join);
        }
        match name {
            "*" | "cdot" | "times" | "bullet" | "ast" => Some(Join::Product),
            "odot" | "oslash" | "circ" => Some(Join::Elementwise),
            "otimes" => Some(Join::Tensor),
            _ => None,
        }
    }

    pub(super) fn product(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let start = cursor.place();
        let mut factors: Vec<(Join, Expr)> = Vec::new();
        loop {
            let mut join = Join::Product;
            let mut over = false;
            let operator = cursor.peek();
            if let Some(noad) = operator {
                if let Some(found) = self.join_of(noad) {
                    join = found;
                    cursor.at += 1;
                } else if noad.is_sign("/") || noad.is_command("div") {
                    over = true;
                    cursor.at += 1;
                }
            }
            if factors.is_empty()
                && (over || operator.is_some_and(|noad| self.join_of(noad).is_some()))
            {
                return Err(error(
                    "dangling-operator",
                    "an operator without an operand",
                    start,
                ));
            }
            match cursor.peek().map(|noad| &noad.kind) {
                None
                | Some(Kind::Sign(
                    "+" | "-" | "=" | ":=" | "<" | ">" | "<=" | ">=" | "!=" | "," | ";" | ":"
                    | "\\\\" | "&" | ".",
                )) if !factors.is_empty() || cursor.peek().is_none() => {
                    let joined = over || operator.is_some_and(|noad| self.join_of(noad).is_some());
                    if factors.is_empty() || joined {
                        return Err(error(
                            "dangling-operator",
                            "nothing stands where a factor is expected",
                            cursor.place(),
                        ));
                    }
                    break;
                }
                _ => {}
            }
            let mut factor = self.factor(cursor)?;
            if operator.is_some_and(|noad| noad.is_command("oslash")) {
                let span = factor.span;
                let one = Expr::new(ExprKind::Number(BigRational::one()), span);
                factor = Expr::new(ExprKind::Quotient(Box::new(one), Box::new(factor)), span);
            }
            factor = self.at_bars(factor, cursor)?;
            if over {
                let (join, above) = factors.pop().expect("an operand stands before `/`");
                let span = above.span.to(factor.span);
                factors.push((
                    join,
                    Expr::new(ExprKind::Quotient(Box::new(above), Box::new(factor)), span),
                ));
            } else {
                factors.push((join, factor));
            }
            if cursor.peek().is_none() {
                break;
            }
        }
        let span = start.to(factors.last().map_or(start, |(_, factor)| factor.span));
        Ok(match factors.len() {
            1 => factors.remove(0).1,
            _ => self.summed(Expr::new(ExprKind::Product(factors), span)),
        })
    }

    /// A factor with what the bar behind it says put in: `f'(z)|_{z = wx}` is `f'(wx)`. A bar behind a whole side says
    /// at which point both sides are compared.
    fn at_bars(&mut self, factor: Expr, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let mut factor = factor;
        while let Some(noad) = cursor.peek()
            && noad.kind == Kind::Bar
        {
            let Bar { equations, .. } = self.bar(noad, &cursor.list[cursor.at - 1..cursor.at])?;
            for (part, value) in equations {
                let named = matches!(part.plain().kind, ExprKind::Quantity { .. });
                if !named || !factor.can_replace(part.plain()) {
                    return Err(error(
                        "evaluation-bar",
                        "what stands before this bar is differentiated by what the bar fixes: put the bar around the whole side, or write `% at: w = 0` in the header",
                        noad.span,
                    ));
                }
                factor = factor.replaced(part.plain(), &value);
            }
            cursor.at += 1;
        }
        Ok(factor)
    }

    /// A product summed over its repeated letters, where the header says so.
    fn summed(&self, product: Expr) -> Expr {
        let ExprKind::Product(factors) = &product.kind else {
            return product;
        };
        if !self.signs.repeated_summed || self.in_index {
            return product;
        }
        let mut binders: Vec<Binder> = Vec::new();
        let letters: Vec<Vec<String>> = factors
            .iter()
            .map(|(_, factor)| factor.free_letters())
            .collect();
        for letter in letters.iter().flatten() {
            let repeated = letters.iter().filter(|own| own.contains(letter)).count() > 1;
            let taken = self.bound.contains(letter)
                || self.left.contains(letter)
                || binders.iter().any(|binder| binder.letter == *letter);
            if repeated && !taken {
                binders.push(Binder {
                    letter: letter.clone(),
                    range: None,
                });
            }
        }
        if binders.is_empty() {
            return product;
        }
        let span = product.span;
        let fold = ExprKind::Fold {
            fold: Fold::Sum,
            binders,
            conditions: Vec::new(),
            body: Box::new(product),
        };
        Expr::new(fold, span)
    }
}
