//! Sums, products and maxima with what they run over.

use super::dots::runs_down;
use super::*;

impl Reader<'_, '_> {
    /// `\min_j z_j`, which is `-\max_j (-z_j)`.
    pub(super) fn least(&mut self, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let negative = |expr: Expr| {
            let span = expr.span;
            Expr::new(ExprKind::Sum(vec![(true, expr)]), span)
        };
        let mut greatest = self.fold(Fold::Max, cursor)?;
        if let ExprKind::Fold { body, .. } = &mut greatest.kind {
            **body = negative((**body).clone());
        }
        Ok(negative(greatest))
    }

    /// Σ, Π or max with what it binds, over the following product.
    pub(super) fn fold(&mut self, fold: Fold, cursor: &mut Cursor<'_>) -> Result<Expr, Report> {
        let noad = cursor.peek().expect("a sum sign");
        let span = noad.span;
        cursor.at += 1;
        let mut binders: Vec<Binder> = Vec::new();
        let mut conditions = Vec::new();
        let mut on_values: Vec<Condition> = Vec::new();
        match (&noad.sub, &noad.sup) {
            (None, None) => match &self.signs.sum_over {
                Some(letter) => binders.push(Binder {
                    letter: letter.clone(),
                    range: None,
                }),
                None => {
                    return Err(error(
                        "sum-without-index",
                        r"the sum has no index; write `\sum_j`, or `% read: \sum over j` in the header",
                        span,
                    ));
                }
            },
            (Some(sub), high) => {
                let sub: List = sub
                    .iter()
                    .filter(|noad| !noad.is_command("forall"))
                    .cloned()
                    .collect();
                // `i : y_i > 0`, `i \mid i < j`
                let colon = |noad: &Noad| noad.is_sign(":") || noad.is_command("mid");
                let middle = sub.iter().position(colon).unwrap_or(sub.len());
                let (letters, such_that) = sub.split_at(middle);
                self.binders(
                    letters,
                    high.as_deref(),
                    &mut binders,
                    &mut conditions,
                    span,
                )?;
                if let [_, such_that @ ..] = such_that {
                    let count = self.bound.len();
                    let letters = binders.iter().map(|binder| binder.letter.clone());
                    self.bound.extend(letters);
                    let indices = !speaks_of_values(self.names, such_that);
                    let before = std::mem::replace(&mut self.in_index, indices);
                    let found = self.conditions(such_that);
                    self.in_index = before;
                    self.bound.truncate(count);
                    if indices {
                        conditions.extend(found?);
                    } else {
                        on_values.extend(found?);
                    }
                }
            }
            (None, Some(_)) => {
                return Err(error("sum-without-index", "the sum has no index", span));
            }
        }
        let count = self.bound.len();
        self.bound
            .extend(binders.iter().map(|binder| binder.letter.clone()));
        // `\sum_i -2 x_i`
        let minus = cursor.sign() == Some("-");
        cursor.at += usize::from(minus);
        let start = cursor.at;
        // `\prod_l w_l \prod_l a_l`: the letter begins anew, so what the first one takes has ended.
        let again = |noad: &Noad| {
            let sign = noad.is_command("sum") || noad.is_command("prod");
            // A condition such as `j < l` binds another letter.
            let first = match noad.sub.as_deref() {
                Some([only]) => bound_name(only),
                Some([first, sign, ..]) if sign.is_sign("=") || sign.is_command("in") => {
                    bound_name(first)
                }
                _ => None,
            };
            sign && first.is_some_and(|first| binders.iter().any(|it| it.letter == first))
        };
        let rest = cursor.rest();
        let own = rest.iter().skip(1).position(again);
        let mut inner = Cursor::new(own.map_or(rest, |at| &rest[..=at]));
        let body = self.product(&mut inner);
        cursor.at += inner.at;
        self.bound.truncate(count);
        let mut body = body?;
        self.turn_downward(fold, &mut binders, &mut body);
        let bracketed = cursor.at == start + 1;
        if minus {
            let span = body.span;
            body = Expr::new(ExprKind::Sum(vec![(true, body)]), span);
            self.notes
                .push("a minus sign behind a sum is read as part of what is summed".into());
        }
        if !on_values.is_empty() {
            if fold != Fold::Sum {
                return Err(error(
                    "unsupported",
                    "a condition on values can be read below a sum only",
                    span,
                ));
            }
            let place = body.span;
            let indicator = Expr::new(ExprKind::Indicator(on_values), span);
            let factors = vec![(Join::Product, indicator), (Join::Product, body)];
            body = Expr::new(ExprKind::Product(factors), place);
        }
        let whole = span.to(body.span);
        let behind = match fold {
            // Brackets say themselves how far the product goes.
            Fold::Product if !bracketed => self.behind_product(&binders, &mut body),
            Fold::Product | Fold::Sum | Fold::Max | Fold::Diagonal => Vec::new(),
        };
        let kind = ExprKind::Fold {
            fold,
            binders,
            conditions,
            body: Box::new(body),
        };
        if behind.is_empty() {
            return Ok(Expr::new(kind, whole));
        }
        let mut factors = vec![(Join::Product, Expr::new(kind, whole))];
        factors.extend(behind);
        Ok(Expr::new(ExprKind::Product(factors), whole))
    }

    /// `\prod_{t=T}^{2}` has its factors in that order: the letter counts upward, what it stands for downward.
    fn turn_downward(&mut self, fold: Fold, binders: &mut [Binder], body: &mut Expr) {
        let [
            Binder {
                letter,
                range: Some((low, high)),
            },
        ] = binders
        else {
            return;
        };
        if !runs_down(low, high) {
            return;
        }
        std::mem::swap(low, high);
        if fold == Fold::Product {
            let span = low.span;
            let own = Expr::new(ExprKind::Letter(letter.clone()), span);
            let terms = vec![(false, low.clone()), (false, high.clone()), (true, own)];
            *body = body.with_letters(&[(letter.clone(), Expr::new(ExprKind::Sum(terms), span))]);
        }
        self.notes
            .push("the bounds are read downward, from the one below to the one above".into());
    }

    /// Takes from the body of a product what stands behind the last factor that has one of its letters: `\prod_l w_l\, x` is
    /// `x` times a product.
    fn behind_product(&mut self, binders: &[Binder], body: &mut Expr) -> Vec<(Join, Expr)> {
        let ExprKind::Product(factors) = &mut body.kind else {
            return Vec::new();
        };
        let varies = |factor: &Expr| {
            let letters = factor.free_letters();
            binders
                .iter()
                .any(|binder| letters.contains(&binder.letter))
        };
        // The same weight at each step is inside: `\prod_t (1 - h_t^2) w`.
        let inside = |factor: &Expr| varies(factor) || self.is_weight(factor);
        let count = factors.iter().rposition(|(_, factor)| inside(factor));
        let behind = count.map_or_else(Vec::new, |last| factors.split_off(last + 1));
        if let [(_, only)] = factors.as_slice() {
            *body = only.clone();
        }
        if !behind.is_empty() {
            self.notes
                .push("what has no index of the product is read as standing behind it".into());
        }
        behind
    }

    /// Whether a factor is a parameter.
    fn is_weight(&self, factor: &Expr) -> bool {
        let family = match &factor.plain().kind {
            ExprKind::Quantity { family, .. } => *family,
            ExprKind::Transpose(inner) => return self.is_weight(inner),
            _ => return false,
        };
        let system = self.names.system;
        let known = system.family(family);
        let mut asked = system.questions.iter().flat_map(|question| &question.wrt);
        known.kind == FamilyKind::Input
            && (known.role == Some(FamilyRole::Parameter)
                || known.name.starts_with(['w', 'W'])
                || asked.any(|target| target.family == family))
    }

    /// `\setminus \{i, j\}`: the letter is none of these.
    fn left_out(&mut self, letter: &str, set: &[Noad]) -> Result<Vec<Condition>, Report> {
        let inside = match set {
            [only] => match &only.kind {
                Kind::Fence('{', inside) if only.is_bare() => inside.as_slice(),
                _ => set,
            },
            _ => set,
        };
        let parts = inside.split(|noad| noad.is_sign(","));
        parts
            .map(|part| {
                let right = self.index_of(part)?;
                let left = Expr::new(ExprKind::Letter(letter.to_owned()), right.span);
                Ok(Condition {
                    left,
                    relation: Comparison::NotEqual,
                    right,
                })
            })
            .collect()
    }

    /// What stands below and above a sum: the letters that it binds, with their ranges, and conditions.
    pub(super) fn binders(
        &mut self,
        sub: &[Noad],
        high: Option<&[Noad]>,
        binders: &mut Vec<Binder>,
        conditions: &mut Vec<Condition>,
        span: Span,
    ) -> Result<(), Report> {
        for part in sub.split(|noad| noad.is_sign(",") || noad.is_sign(";")) {
            let comparison = part.iter().position(is_comparison);
            let membership = part.iter().position(|noad| noad.is_command("in"));
            match comparison {
                None if membership.is_some() => {
                    let at = membership.expect("just seen");
                    let letter = match &part[..at] {
                        [letter] => bound_name(letter),
                        _ => None,
                    };
                    let letter = letter
                        .ok_or_else(|| error("sum-index", "a sum runs over letters", span))?;
                    let set = &part[at + 1..];
                    // `\{1, \dots, K\} \setminus \{i\}`
                    let without = set.iter().position(|noad| noad.is_command("setminus"));
                    let (set, without) = set.split_at(without.unwrap_or(set.len()));
                    if let [_, left_out @ ..] = without {
                        conditions.extend(self.left_out(&letter, left_out)?);
                    }
                    if is_word(set) {
                        // `k \in outputs`
                        self.notes.push(format!(
                            "the set below the sum is read as all values of {letter}"
                        ));
                        binders.push(Binder {
                            letter,
                            range: None,
                        });
                        continue;
                    }
                    let range = range_of_set(self.names, set).ok_or_else(|| {
                        error(
                            "sum-index",
                            r"what this set holds is not known: write a range, `i=1` below and `n` above, or a condition, `i : …`",
                            span_of(set).unwrap_or(span),
                        )
                    })?;
                    binders.push(Binder {
                        letter,
                        range: Some(range),
                    });
                }
                None => {
                    // `\sum_{ij}`: each letter.
                    for noad in part {
                        let letter = bound_name(noad).ok_or_else(|| {
                            error("sum-index", "a sum runs over letters", noad.span)
                        })?;
                        binders.push(Binder {
                            letter,
                            range: None,
                        });
                    }
                }
                Some(at)
                    if part[at].is_sign("=")
                        && at == 1
                        && bound_name(&part[0]).is_some_and(|letter| {
                            // `t=1, i=c^{(t)}` of an element i: a condition.
                            let given = !binders.is_empty()
                                && self.left.contains(&letter)
                                && !matches!(&part[2..], [only] if matches!(only.kind, Kind::Number(_)));
                            !given && !self.bound.contains(&letter)
                        })
                        && part.len() > 2 =>
                {
                    let letter = bound_name(&part[0]).expect("just seen");
                    let low = self.index_of(&part[2..])?;
                    let high = match high {
                        Some(high) => self.index_of(high)?,
                        // `\sum_{l = j}`: one value.
                        None if !matches!(low.kind, ExprKind::Number(_)) => low.clone(),
                        None => {
                            return Err(error("sum-range", "the sum has no last value", span));
                        }
                    };
                    binders.push(Binder {
                        letter,
                        range: Some((low, high)),
                    });
                }
                Some(_) => {
                    // `j \neq i`, `i < j`: the first letter that is not bound yet.
                    let names = part
                        .iter()
                        .filter(|noad| !self.names.is_plain_size(std::slice::from_ref(noad)));
                    let free = names.filter_map(bound_name).find(|letter| {
                        !self.bound.contains(letter)
                            && !self.left.contains(letter)
                            && binders.iter().all(|binder| binder.letter != *letter)
                    });
                    if let Some(letter) = free
                        && binders.is_empty()
                    {
                        binders.push(Binder {
                            letter,
                            range: None,
                        });
                    }
                    let before = std::mem::replace(&mut self.in_index, true);
                    let found = self.conditions(part);
                    self.in_index = before;
                    conditions.extend(found?);
                }
            }
        }
        if binders.is_empty() {
            return Err(error("sum-index", "the sum binds no letter", span));
        }
        Ok(())
    }
}

/// Whether a set is called by a word: `outputs`, `\text{units}`.
fn is_word(set: &[Noad]) -> bool {
    let letters: usize = set
        .iter()
        .map(|noad| match &noad.kind {
            Kind::Letter(_) if noad.is_bare() => 1,
            Kind::Word(word) if noad.is_bare() && word.chars().all(char::is_alphabetic) => {
                word.len()
            }
            _ => usize::MIN,
        })
        .sum();
    let plain = set
        .iter()
        .all(|noad| matches!(noad.kind, Kind::Letter(_) | Kind::Word(_)));
    plain && letters > 2
}
