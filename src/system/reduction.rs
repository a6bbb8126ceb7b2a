//! Sums, products, maxima and minima with their conditions, and cases.

use super::lower::Lowering;
use super::mistakes;
use super::names::visit;
use super::ranges::InferredLetter;
use super::scope::{Letter, Origin, Scope};
use crate::array::{self, Array};
use crate::source::Span;
use crate::syntax::{Binder, Comparison, Condition, Expr, ExprKind, Name, Range, ReduceOp};
use crate::term::{Affine, Cmp, Domain, Node, Reduction, TermId};

/// More alternatives than this in one `sum_{…}` are not written out.
const MOST_INEQUALITIES: usize = 6;

/// A letter that a reduction binds.
struct Bound<'a> {
    name: Name,
    range: Option<&'a Range>,
}

impl Lowering<'_> {
    pub(super) fn reduction(
        &mut self,
        op: ReduceOp,
        binder: &[Binder],
        body: &Expr,
        head: Span,
        scope: &mut Scope,
    ) -> Option<Array> {
        if let Some(function) = &scope.function {
            self.problems
                .push(mistakes::foreign_name(head, &function.parameters));
            return None;
        }
        let letters = self.bound_letters(binder, head, scope)?;
        let unequal = binder
            .iter()
            .filter(|part| {
                matches!(part, Binder::Condition(condition)
                    if condition.comparison == Comparison::NotEqual)
            })
            .count();
        if unequal > MOST_INEQUALITIES {
            self.problems.push(mistakes::too_many_inequalities(head));
            return None;
        }
        let reduction = match op {
            ReduceOp::Sum => Reduction::Sum,
            ReduceOp::Product => Reduction::Product,
            ReduceOp::Max | ReduceOp::Min if unequal > 0 => {
                self.problems.push(mistakes::extremum_with_gap(head));
                return None;
            }
            ReduceOp::Max => Reduction::Max,
            ReduceOp::Min => Reduction::Min,
        };
        // `j != c` is j < c or j > c: one reduction for each choice, which are disjoint.
        let mut parts = Vec::with_capacity(1 << unequal);
        for choice in 0..1usize << unequal {
            let depth = scope.len();
            let part = self.one_reduction(reduction, &letters, binder, choice, body, scope);
            scope.truncate(depth);
            parts.push(part?);
        }
        let (frame, entries) = array::align(&mut self.system.store, &parts)
            .unwrap_or_else(|_| unreachable!("the parts of one sum have one shape"));
        let entry = match (entries.as_slice(), op) {
            ([only], _) => *only,
            (_, ReduceOp::Sum) => self
                .system
                .store
                .intern(Node::Add(entries.into_boxed_slice())),
            (_, ReduceOp::Product | ReduceOp::Max | ReduceOp::Min) => self
                .system
                .store
                .intern(Node::Mul(entries.into_boxed_slice())),
        };
        Some(Array { entry, ..frame })
    }

    fn bound_letters<'b>(
        &mut self,
        binder: &'b [Binder],
        head: Span,
        scope: &Scope,
    ) -> Option<Vec<Bound<'b>>> {
        let mut letters: Vec<Bound<'b>> = Vec::new();
        let mut sound = true;
        for part in binder {
            let (name, range) = match part {
                Binder::Letter(name) => (name, None),
                Binder::Range(range) => (&range.letter, Some(range)),
                Binder::Condition(_) => continue,
            };
            if range.is_none() && !self.names.indices.contains_key(&name.value) {
                let candidates: Vec<&str> = {
                    let mut known: Vec<&str> =
                        self.names.indices.keys().map(String::as_str).collect();
                    known.sort_unstable();
                    known
                };
                self.problems.push(mistakes::undeclared_binder(
                    &name.value,
                    name.span,
                    &candidates,
                ));
                sound = false;
                continue;
            }
            if let Some(letter) = scope.find(&name.value) {
                self.problems.push(match letter.origin {
                    Origin::Left => mistakes::summed_and_free(&name.value, name.span, letter.span),
                    Origin::Bound => mistakes::bound_twice(&name.value, name.span, letter.span),
                });
                sound = false;
                continue;
            }
            if let Some(before) = letters.iter().find(|other| other.name.value == name.value) {
                self.problems.push(mistakes::bound_twice(
                    &name.value,
                    name.span,
                    before.name.span,
                ));
                sound = false;
                continue;
            }
            letters.push(Bound {
                name: name.clone(),
                range,
            });
        }
        for part in binder {
            let Binder::Condition(condition) = part else {
                continue;
            };
            for side in [&condition.left, &condition.right] {
                visit(side, &mut |expr| {
                    let ExprKind::Name(name) = &expr.kind else {
                        return;
                    };
                    if self.names.indices.contains_key(name)
                        && scope.find(name).is_none()
                        && !letters.iter().any(|letter| letter.name.value == *name)
                    {
                        letters.push(Bound {
                            name: Name::new(name.clone(), expr.span),
                            range: None,
                        });
                    }
                });
            }
        }
        if sound && letters.is_empty() {
            self.problems.push(mistakes::binds_nothing(head));
            return None;
        }
        sound.then_some(letters)
    }

    fn one_reduction(
        &mut self,
        op: Reduction,
        letters: &[Bound<'_>],
        binder: &[Binder],
        choice: usize,
        body: &Expr,
        scope: &mut Scope,
    ) -> Option<Array> {
        let mut domain = Domain::everything();
        let mut vars = Vec::with_capacity(letters.len());
        for letter in letters {
            let name = &letter.name;
            // The bounds may use the letters before this one, but not the letter itself.
            let bounds = match letter.range {
                Some(range) => Some((
                    self.affine(&range.low, scope)?,
                    self.affine(&range.high, scope)?,
                )),
                None => None,
            };
            let var = self.system.store.fresh_var(&name.value);
            vars.push(var);
            scope.push(Letter {
                name: name.value.clone(),
                var,
                origin: Origin::Bound,
                span: name.span,
            });
            match bounds {
                Some((low, high)) => {
                    domain = domain.and(&Domain::between(&low, &Affine::var(var), &high));
                }
                None => {
                    self.inferred.insert(
                        var,
                        InferredLetter {
                            span: name.span,
                            size: None,
                        },
                    );
                }
            }
        }
        let mut gaps = 0;
        for part in binder {
            let Binder::Condition(condition) = part else {
                continue;
            };
            let alternatives = self.index_condition(condition, scope)?;
            match alternatives.as_slice() {
                [only] => domain = domain.and(only),
                several => {
                    domain = domain.and(&several[choice >> gaps & 1]);
                    gaps += 1;
                }
            }
        }
        let outside = scope.context.clone();
        scope.context = outside.and(&domain);
        let whole = self.array(body, scope);
        scope.context = outside;
        let whole = whole?;
        let varies = whole.shape.sizes().iter().any(|size| {
            let mut varies = false;
            size.visit_vars(&mut |var| varies |= vars.contains(&var));
            varies
        });
        // A product of arrays over slots could be meant entry by entry or not.
        let scalar_only = op == Reduction::Product;
        if varies || (scalar_only && !whole.is_number()) {
            let shape = self.shape_text(&whole.shape);
            self.problems
                .push(mistakes::array_for_number(body.span, &shape));
            return None;
        }
        self.reductions += 1;
        let entry = self.system.store.reduce(op, vars, domain, whole.entry);
        Some(Array { entry, ..whole })
    }

    /// A comparison of index expressions: the disjoint domains whose union it is.
    fn index_condition(&mut self, condition: &Condition, scope: &Scope) -> Option<Vec<Domain>> {
        for side in [&condition.left, &condition.right] {
            if !self.is_index(side, scope) {
                self.problems.push(mistakes::value_condition(side.span));
                return None;
            }
        }
        let left = self.affine(&condition.left, scope)?;
        let right = self.affine(&condition.right, scope)?;
        Some(match condition.comparison {
            Comparison::Less => vec![Domain::at_least(&right, &left.offset(1))],
            Comparison::LessEqual => vec![Domain::at_least(&right, &left)],
            Comparison::Greater => vec![Domain::at_least(&left, &right.offset(1))],
            Comparison::GreaterEqual => vec![Domain::at_least(&left, &right)],
            Comparison::Equal => vec![Domain::equal(&left, &right)],
            Comparison::NotEqual => vec![
                Domain::at_least(&right, &left.offset(1)),
                Domain::at_least(&left, &right.offset(1)),
            ],
        })
    }

    pub(super) fn cases(
        &mut self,
        branches: &[(Expr, Option<Vec<Condition>>)],
        span: Span,
        scope: &mut Scope,
    ) -> Option<TermId> {
        let mut result: Vec<(TermId, TermId)> = Vec::with_capacity(branches.len());
        let mut complete = true;
        for (at, (value, conditions)) in branches.iter().enumerate() {
            if conditions.is_none() && at + 1 < branches.len() {
                self.problems
                    .push(mistakes::branch_after_otherwise(branches[at + 1].0.span));
                return None;
            }
            let value = self.term(value, scope);
            let alternatives = match conditions {
                Some(conditions) => self.branch_conditions(conditions, scope),
                None => Some(vec![self.system.store.int(1)]),
            };
            match (value, alternatives) {
                (Some(value), Some(alternatives)) => {
                    result.extend(alternatives.into_iter().map(|condition| (condition, value)));
                }
                _ => complete = false,
            }
        }
        if !complete {
            return None;
        }
        let last = result.last()?.0;
        if !self.is_one(last) && !self.are_complementary(&result) {
            // Guards alone are checked against the ranges of their letters, once these are known.
            let guards = result
                .iter()
                .all(|(condition, _)| matches!(self.system.store.node(*condition), Node::Guard(_)));
            if !guards {
                self.problems.push(mistakes::missing_otherwise(span));
                return None;
            }
        }
        let cases = self
            .system
            .store
            .intern(Node::Cases(result.into_boxed_slice()));
        self.spans.entry((self.current, cases)).or_insert(span);
        Some(cases)
    }

    /// The conditions of one branch as terms, several if one says `!=` of indices.
    fn branch_conditions(
        &mut self,
        conditions: &[Condition],
        scope: &mut Scope,
    ) -> Option<Vec<TermId>> {
        let mut domains = vec![Domain::everything()];
        let mut tests = Vec::new();
        for condition in conditions {
            let indices = scope.function.is_none()
                && self.is_index(&condition.left, scope)
                && self.is_index(&condition.right, scope);
            if indices {
                let alternatives = self.index_condition(condition, scope)?;
                domains = domains
                    .iter()
                    .flat_map(|domain| alternatives.iter().map(|other| domain.and(other)))
                    .collect();
                if domains.len() > 1 << MOST_INEQUALITIES {
                    self.problems
                        .push(mistakes::too_many_inequalities(condition.left.span));
                    return None;
                }
            } else {
                let left = self.term(&condition.left, scope)?;
                let right = self.term(&condition.right, scope)?;
                let (cmp, left, right) = condition.comparison.turned(left, right);
                tests.push(self.system.store.intern(Node::Test(cmp, left, right)));
            }
        }
        let conditions = domains
            .into_iter()
            .map(|domain| {
                let mut factors = Vec::with_capacity(tests.len() + 1);
                if !domain.is_everything() || tests.is_empty() {
                    factors.push(self.system.store.guard(domain));
                }
                factors.extend_from_slice(&tests);
                match factors.as_slice() {
                    [only] => *only,
                    _ => self
                        .system
                        .store
                        .intern(Node::Mul(factors.into_boxed_slice())),
                }
            })
            .collect();
        Some(conditions)
    }

    /// Whether comparisons of one pair of values leave nothing out.
    fn are_complementary(&self, branches: &[(TermId, TermId)]) -> bool {
        // Which of <, =, > of the first pair are covered.
        let mut pair: Option<(TermId, TermId)> = None;
        let mut covered = [false; 3];
        for (condition, _) in branches {
            let Node::Test(cmp, left, right) = self.system.store.node(*condition) else {
                return false;
            };
            let (first, second) = *pair.get_or_insert((*left, *right));
            let swapped = if (*left, *right) == (first, second) {
                false
            } else if (*right, *left) == (first, second) {
                true
            } else {
                return false;
            };
            let greater = if swapped { 0 } else { 2 };
            match cmp {
                Cmp::Greater => covered[greater] = true,
                Cmp::GreaterEqual => {
                    covered[greater] = true;
                    covered[1] = true;
                }
                Cmp::Equal => covered[1] = true,
                Cmp::NotEqual => {
                    covered[0] = true;
                    covered[2] = true;
                }
            }
        }
        covered.iter().all(|part| *part)
    }
}
