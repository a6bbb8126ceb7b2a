//! Functions without an argument: `\sigma' = \sigma(1 - \sigma)` is meant for every one, `(\sigma(1 - \sigma))(z)` says
//! itself where they are taken.

use super::*;
use crate::system::Fact;
use crate::term::Node;

impl Reader<'_, '_> {
    /// Whether a list is made of functions without arguments, numbers and operators, and names a function.
    pub(super) fn is_of_functions(&self, list: &[Noad]) -> bool {
        self.count_functions(list).is_some_and(|count| count > 0)
    }

    /// How many functions stand in a list that is made of them, numbers and operators; none for another list.
    fn count_functions(&self, list: &[Noad]) -> Option<usize> {
        let (mut count, mut at) = (0, 0);
        while at < list.len() {
            let noad = &list[at];
            if let Some(found) = self.names.find(&list[at..]) {
                if !matches!(found.meaning, Meaning::Function(_)) {
                    return None;
                }
                count += 1;
                at += found.length;
                continue;
            }
            count += match &noad.kind {
                Kind::Number(_) => 0,
                Kind::Sign("+" | "-" | "*" | "/") => 0,
                Kind::Command(_) if self.join_of(noad).is_some() => 0,
                Kind::Fence('(' | '[', inside) | Kind::Group(inside) => {
                    self.count_functions(inside)?
                }
                Kind::Fraction(above, below) => {
                    self.count_functions(above)? + self.count_functions(below)?
                }
                _ => return None,
            };
            at += 1;
        }
        Some(count)
    }

    /// What functions without arguments are taken at in an equation: what its left side is differentiated by,
    /// `\frac{d\sigma}{dz} = …`, or any number, `\sigma' = …`. None if it is no such equation.
    pub(super) fn common_argument(&mut self, sides: &[&[Noad]]) -> Result<Option<Expr>, Report> {
        let [left, rest @ ..] = sides else {
            return Ok(None);
        };
        let of_functions = |side: &&[Noad]| self.count_functions(side).is_some();
        if rest.is_empty() || !rest.iter().all(of_functions) {
            return Ok(None);
        }
        if let [only] = left
            && let Kind::Fraction(above, below) = &only.kind
            && let Some((upper, _, 1)) = self.differential(above)
            && !upper.is_empty()
            && self.is_of_functions(upper)
            && let Some((parts, _)) = self.differentials(below, 1)
            && let [by] = parts.as_slice()
        {
            return self.taken_by(by).map(Some);
        }
        let alone = self.names.find(left).is_some_and(|found| {
            found.length == left.len()
                && found.rest.primes > 0
                && matches!(found.meaning, Meaning::Function(_))
        });
        if !alone {
            return Ok(None);
        }
        let Some(argument) = self.any_number(left[0].span) else {
            return Ok(None);
        };
        self.notes.push(format!(
            "functions without an argument are meant for every one: they are taken at {}, which is any number",
            print(self.names.system, &argument)
        ));
        Ok(Some(argument))
    }

    /// A number that is given and of which nothing is assumed.
    fn any_number(&self, span: Span) -> Option<Expr> {
        let system = self.names.system;
        let assumed = |family: FamilyId| {
            let mentions = |term| {
                system.store.any(
                    term,
                    |node| matches!(node, Node::Access(of, _) if *of == family),
                )
            };
            system
                .assumptions
                .iter()
                .any(|assumption| match &assumption.fact {
                    Fact::Compare(_, left, right) => mentions(*left) || mentions(*right),
                    Fact::OneOf(term, _) | Fact::OneHot(term, _) => mentions(*term),
                    Fact::Matrix(of, _) => *of == family,
                })
        };
        let free = |family: &FamilyId| {
            let known = system.family(*family);
            known.kind == FamilyKind::Input
                && known.slots == 0
                && known.integers.is_none()
                && system.bounded_by(*family).is_none()
                && !assumed(*family)
        };
        let mut families: Vec<FamilyId> = system.family_ids().filter(free).collect();
        families.sort_by_key(|family| system.family(*family).axes);
        let family = *families.first()?;
        let one = || Entry::At(Expr::new(ExprKind::Number(BigRational::one()), span));
        let elements = (0..system.family(family).axes).map(|_| one()).collect();
        Some(Expr::new(
            ExprKind::Quantity {
                family,
                slots: Vec::new(),
                elements,
            },
            span,
        ))
    }

    /// Whether a list is the name of what the network takes a function at: what else stands in brackets may be a factor.
    fn is_taken_at(&self, list: &[Noad]) -> bool {
        let found = self
            .names
            .find(list)
            .filter(|found| found.length == list.len());
        let Some(Meaning::Quantity(family)) = found.map(|found| found.meaning) else {
            return false;
        };
        let mut functions = self.names.system.functions.iter();
        functions.any(|function| self.arguments_in_network(&function.name).contains(&family))
    }

    /// `(\sigma(1 - \sigma))(z)`: what is made of functions, taken at what stands in the next brackets.
    pub(super) fn functions_at(
        &mut self,
        inside: &[Noad],
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<Expr>, Report> {
        if !self.is_of_functions(inside) {
            return Ok(None);
        }
        let Some(next) = cursor.rest().get(1) else {
            return Ok(None);
        };
        let Kind::Fence('(', argument) = &next.kind else {
            return Ok(None);
        };
        if !self.is_taken_at(argument) {
            return Ok(None);
        }
        let span = cursor.place().to(next.span);
        let argument = self.whole(argument)?;
        cursor.at += 2;
        let before = self.argument.replace(argument);
        let value = self.whole(inside);
        self.argument = before;
        let value = value?;
        self.attached(Expr::new(value.kind, span), next, true)
            .map(Some)
    }

    /// What a function that stands here is taken at, where it has no argument of its own.
    pub(super) fn argument_around(&self, cursor: &Cursor<'_>) -> Option<Expr> {
        let own = cursor.peek().is_some_and(|next| match &next.kind {
            Kind::Fence('(' | '[', inside) => !self.is_of_functions(inside),
            _ => false,
        });
        self.argument.clone().filter(|_| !own)
    }
}
