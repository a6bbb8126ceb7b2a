//! Differentials as they are written: `dW`, `\mathrm d(Wx)`, `d\log p`.

use super::*;

/// Whether a d stands here with nothing attached to it, `\mathrm{d}` included.
fn is_d(noad: &Noad) -> bool {
    let d = match &noad.kind {
        Kind::Letter(letter) => *letter == 'd',
        Kind::Word(word) => word == "d",
        _ => false,
    };
    d && noad.is_bare()
}

pub(super) fn unread(span: Span) -> Report {
    error(
        DIFFERENTIAL,
        "a statement about differentials cannot be read here: state the derivative",
        span,
    )
}

impl Reader<'_, '_> {
    /// Whether a side can be nothing else than a differential: `dL`, `d(X^{-1})`.
    pub(super) fn is_differential(&self, side: &[Noad]) -> bool {
        let [d, of @ ..] = side else { return false };
        let loss = self.names.find(of).is_some_and(|found| {
            let loss = self.names.system.loss;
            found.length == of.len() && loss.is_some() && found.quantity() == loss
        });
        let bracket = matches!(of, [only] if matches!(only.kind, Kind::Fence('(', _)));
        is_d(d) && (loss || bracket && self.names.find(&side[..1]).is_none())
    }

    /// Whether the letter d in front of quantities means their differentials in these members. `dW = X^\top D` alone
    /// is about the derivative of the loss, as it is elsewhere.
    pub(super) fn speaks_of_differentials(&self, members: &[&[Noad]]) -> bool {
        !self.names.changes.is_empty()
            && members.iter().enumerate().any(|(at, member)| {
                (at > 0 || self.is_differential(member)) && self.has_differential(member)
            })
    }

    fn has_differential(&self, list: &[Noad]) -> bool {
        list.iter().enumerate().any(|(at, noad)| {
            let inside = match &noad.kind {
                Kind::Fence(_, inside) | Kind::Group(inside) => self.has_differential(inside),
                _ => false,
            };
            let quantity = || {
                let found = self.names.find(&list[at + 1..]);
                found.is_some_and(|found| found.quantity().is_some())
            };
            inside || (is_d(noad) && quantity())
        })
    }

    /// The differential that begins here.
    pub(super) fn differential_here(
        &mut self,
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<Expr>, Report> {
        let [d, of @ ..] = cursor.rest() else {
            return Ok(None);
        };
        if !self.of_differentials || self.in_index || !is_d(d) || of.is_empty() {
            return Ok(None);
        }
        // A spelling such as `dW` is what the header says; a quantity d stands for itself.
        let own = self.names.find(cursor.rest());
        if own.is_some_and(|own| own.length > 1 || matches!(own.meaning, Meaning::Quantity(_))) {
            return Ok(None);
        }
        let operand = match &of[0].kind {
            Kind::Letter(_) | Kind::Accent(..) | Kind::Word(_) | Kind::Fence(..) => true,
            Kind::Command(_) => self.join_of(&of[0]).is_none(),
            _ => false,
        };
        if !operand {
            return Ok(None);
        }
        cursor.at += 1;
        let (inner, rest) = match self.names.find(of) {
            Some(found) if !matches!(found.meaning, Meaning::Function(_)) => {
                let length = found.length;
                let (inner, rest) = self.reference(found, cursor)?;
                cursor.at += length;
                (inner, Some(rest))
            }
            _ => (self.factor(cursor)?, None),
        };
        let scripts = rest.as_ref().unwrap_or(&of[0]);
        let brackets = !matches!(of[0].kind, Kind::Fence('|' | '‖', _));
        if brackets
            && let Some(sup) = &scripts.sup
            && !is_transpose(sup)
        {
            return Err(error(
                "differential",
                "is this the differential of a power or the power of a differential? Write `d(x^2)` or `(dx)^2`",
                d.span.to(scripts.span),
            ));
        }
        let span = d.span.to(inner.span);
        let changes = self.names.changes.clone();
        let differential = Expr::new(ExprKind::Differential(Box::new(inner), changes), span);
        match rest {
            Some(rest) => self.attached(differential, &rest, true).map(Some),
            None => Ok(Some(differential)),
        }
    }
}
