//! What letters run over: the places where they stand, or what the header says.

use super::*;
use num_integer::Integer;

impl Lowering<'_> {
    /// First and last value of each slot of a family.
    pub(crate) fn slot_range(&mut self, family: FamilyId) -> Vec<(i64, i64)> {
        if let Some(known) = self.slot_ranges.get(&family) {
            return known.clone();
        }
        let ranges = self.ranges_of(family, &|_| true);
        self.slot_ranges.insert(family, ranges.clone());
        ranges
    }

    /// First and last value of each slot for which a letter stands: a start that is given, `h[0] = 0`, is what the others
    /// begin with, and a formula for `h[t]` does not speak of it.
    fn letter_range(&mut self, family: FamilyId) -> Vec<(i64, i64)> {
        if let Some(known) = self.letter_ranges.get(&family) {
            return known.clone();
        }
        let known = self.system.family(family);
        let (slots, clauses) = (known.slots, &known.clauses);
        let starts: Vec<bool> = clauses.iter().map(|it| self.is_start(it, slots)).collect();
        let ranges = if starts.contains(&true) && starts.contains(&false) {
            self.ranges_of(family, &|at| !starts[at])
        } else {
            self.slot_range(family)
        };
        self.letter_ranges.insert(family, ranges.clone());
        ranges
    }

    /// Whether a clause gives one layer or step in terms of inputs alone.
    fn is_start(&self, clause: &Clause, slots: usize) -> bool {
        let fixed = clause.index[..slots].iter().all(|slot| {
            let mut letters = false;
            slot.visit_vars(&mut |_| letters = true);
            !letters
        });
        let given = clause.body.is_some_and(|body| {
            !self.system.store.any(body, |node| {
                matches!(node, Node::Access(read, _)
                    if self.system.family(*read).kind != FamilyKind::Input)
            })
        });
        slots > 0 && fixed && given
    }

    /// First and last value of each slot of the clauses that are wanted, by their numbers.
    fn ranges_of(&self, family: FamilyId, wanted: &dyn Fn(usize) -> bool) -> Vec<(i64, i64)> {
        let known = self.system.family(family);
        let mut ranges: Vec<Option<(i64, i64)>> = vec![None; known.slots];
        let clauses = known.clauses.iter().enumerate();
        for (_, clause) in clauses.filter(|(at, _)| wanted(*at)) {
            let domain = clause.domain.map(|affine| self.instance.settle(affine));
            let slots: Vec<Affine> = clause.index[..known.slots]
                .iter()
                .map(|slot| self.instance.settle(slot))
                .collect();
            let mut letters = Vec::new();
            for slot in &slots {
                slot.visit_vars(&mut |var| letters.push(var));
            }
            // Sizes of elements may depend on the slots: they do not bound them.
            let only = domain.filter(|constraint| {
                let mut inside = true;
                constraint
                    .affine()
                    .visit_vars(&mut |var| inside &= letters.contains(&var));
                inside
            });
            for point in only.points(&letters, 100_000).unwrap_or_default() {
                for (slot, range) in slots.iter().zip(&mut ranges) {
                    let mut value = slot.clone();
                    for (var, at) in letters.iter().zip(&point) {
                        value = value.substitute(*var, &Affine::int(*at));
                    }
                    if let Some(value) = value.as_int() {
                        let (low, high) = range.unwrap_or((value, value));
                        *range = Some((low.min(value), high.max(value)));
                    }
                }
            }
        }
        ranges
            .into_iter()
            .map(|range| range.unwrap_or((1, 0)))
            .collect()
    }

    /// The sizes of a family's axes at these slots; none if nothing is there.
    pub(crate) fn extents(&mut self, family: FamilyId, slots: &[i64]) -> Option<Vec<i64>> {
        let key = (family, slots.to_vec());
        if let Some(known) = self.extents.get(&key) {
            return known.clone();
        }
        let found = extents(&self.system, self.instance, family, slots);
        self.extents.insert(key, found.clone());
        found
    }

    /// First and last value of a letter that a sum binds: wherever everything in it exists.
    pub(super) fn bound_range(
        &mut self,
        letter: &str,
        parts: &[&Expr],
        letters: &Letters,
    ) -> Result<Option<(i64, i64)>> {
        let mut seen = self.seen(letter, parts, letters);
        if seen.elements.is_empty() {
            let shifted = std::mem::take(&mut seen.shifted);
            seen.slots.extend(shifted);
        }
        seen.range(letter)
    }

    /// First and last value of a letter: those of the places where it stands alone, which have to agree for
    /// elements; slots may overlap in part.
    pub(crate) fn range(
        &mut self,
        letter: &str,
        parts: &[&Expr],
        letters: &Letters,
    ) -> Result<Option<(i64, i64)>> {
        self.seen(letter, parts, letters).range(letter)
    }

    /// The places where a letter stands.
    fn seen(&mut self, letter: &str, parts: &[&Expr], letters: &Letters) -> Seen {
        let mut seen = Seen::default();
        for part in parts {
            self.collect(letter, part, letters, &mut seen);
        }
        seen
    }

    /// The range of a free letter: where it stands for an element on the left side, the left side says it, and the other
    /// places have to lie inside.
    fn range_in(
        &mut self,
        letter: &str,
        members: &[&Expr],
        letters: &Letters,
    ) -> Result<Option<(i64, i64)>> {
        let left = self.seen(letter, &members[..members.len().min(1)], letters);
        match left.elements.first() {
            Some((range, _)) if left.slots.is_empty() => Ok(Some(*range)),
            Some(_) => self.range(letter, members, letters),
            None => {
                // What is claimed about has to exist: `\partial h_t/\partial h_{t-1}`.
                let about = left.slots.iter().chain(&left.shifted).copied();
                let everywhere = self.range(letter, members, letters)?;
                Ok(everywhere.into_iter().chain(about).reduce(overlap))
            }
        }
    }

    pub(super) fn collect(
        &mut self,
        letter: &str,
        expr: &Expr,
        letters: &Letters,
        seen: &mut Seen,
    ) {
        match &expr.kind {
            ExprKind::Quantity {
                family,
                slots,
                elements,
            } => {
                let (ranges, plain) = (self.slot_range(*family), self.letter_range(*family));
                for ((slot, range), plain) in slots.iter().zip(ranges).zip(plain) {
                    match self.shift(letter, slot, letters) {
                        Some((1, 0)) => seen.slots.push(plain),
                        Some(shift) => seen.shifted.push(within(range, shift)),
                        None => {}
                    }
                }
                let places: Option<Vec<i64>> = slots
                    .iter()
                    .map(|slot| {
                        self.index(slot, letters)
                            .ok()
                            .and_then(|value| value.as_int())
                    })
                    .collect();
                let Some(sizes) = places.and_then(|places| self.extents(*family, &places)) else {
                    return;
                };
                self.collect_elements(letter, elements, &sizes, letters, seen, expr.span);
            }
            ExprKind::Elements(inner, entries) => {
                if let Ok(array) = self.array(inner, letters)
                    && array.is_fixed()
                {
                    let sizes = [array.rows.stored() as i64, array.cols.stored() as i64];
                    let sizes = if entries.len() == 1 {
                        vec![sizes[0].max(sizes[1])]
                    } else {
                        sizes.to_vec()
                    };
                    self.collect_elements(letter, entries, &sizes, letters, seen, expr.span);
                }
                self.collect(letter, inner, letters, seen);
            }
            ExprKind::Fold { binders, .. }
                if binders.iter().any(|binder| binder.letter == letter) => {}
            ExprKind::Size(..) => {}
            _ => {
                for child in expr.children() {
                    self.collect(letter, child, letters, seen);
                }
            }
        }
    }

    pub(super) fn collect_elements(
        &mut self,
        letter: &str,
        entries: &[Entry],
        sizes: &[i64],
        letters: &Letters,
        seen: &mut Seen,
        span: Span,
    ) {
        for (entry, size) in entries.iter().zip(sizes) {
            if let Entry::At(index) = entry
                && let Some(shift) = self.shift(letter, index, letters)
            {
                // `o + k - 1` at k = 1 is no place where o stands alone.
                if matches!(index.kind, ExprKind::Letter(_)) {
                    seen.elements.push(((1, *size), span));
                } else {
                    seen.shifted.push(within((1, *size), shift));
                }
            }
        }
    }

    /// `(k, c)` if the index is k times the letter plus c, k being positive.
    fn shift(&mut self, letter: &str, index: &Expr, letters: &Letters) -> Option<(i64, i64)> {
        if !index.free_letters().iter().any(|free| free == letter) {
            return None;
        }
        let mut at = |value: i64| {
            let mut inner = letters.clone();
            inner.push((letter.to_owned(), value));
            self.index(index, &inner).ok()?.as_int()
        };
        let (zero, one) = (at(0)?, at(1)?);
        (one > zero).then_some((one - zero, zero))
    }

    /// Every choice of the free letters of a line, as its header restricts them.
    ///
    /// # Errors
    /// [`Fault::IllTyped`] if a letter runs over axes of different lengths.
    pub(crate) fn choices(
        &mut self,
        members: &[&Expr],
        rules: &[LetterRule],
    ) -> Result<Vec<Letters>> {
        let mut fixed: Letters = Vec::new();
        for rule in rules {
            if let LetterRule::Value(letter, value) = rule
                && let Ok(value) = self.index(value, &fixed)
                && let Some(value) = value.as_int()
            {
                fixed.push((letter.clone(), value));
            }
        }
        let mut names: Vec<String> = Vec::new();
        for member in members {
            for letter in member.free_letters() {
                if !names.contains(&letter) && fixed.iter().all(|(name, _)| *name != letter) {
                    names.push(letter);
                }
            }
        }
        names.retain(|name| !matches!(name.as_str(), "rows" | "columns" | "all"));
        let mut found = Vec::new();
        self.choose(&names, members, rules, fixed, &mut found)?;
        Ok(found)
    }

    pub(super) fn choose(
        &mut self,
        names: &[String],
        members: &[&Expr],
        rules: &[LetterRule],
        letters: Letters,
        found: &mut Vec<Letters>,
    ) -> Result<()> {
        let span = members
            .first()
            .map_or_else(Span::default, |member| member.span);
        if names.is_empty() {
            for rule in rules {
                if let LetterRule::Condition(condition) = rule
                    && rule.speaks_of(&letters)
                {
                    let left = self.index(&condition.left, &letters)?;
                    let right = self.index(&condition.right, &letters)?;
                    if let (Some(left), Some(right)) = (left.as_int(), right.as_int())
                        && !condition.relation.holds(left, right)
                    {
                        return Ok(());
                    }
                }
            }
            if found.len() > 4_000 {
                return Err(Fault::Unsupported(
                    "too many values of the free letters".into(),
                    span,
                ));
            }
            found.push(letters);
            return Ok(());
        }
        // A letter whose range can be told now; those of slots come before those of elements that depend on them.
        let mut ill = None;
        for (at, name) in names.iter().enumerate() {
            let ruled = rules.iter().find_map(|rule| match rule {
                LetterRule::Range(letter, low, high) if letter == name => Some((low, high)),
                _ => None,
            });
            let range = match ruled {
                Some((low, high)) => {
                    // `l = L-1, …, 2` counts down.
                    let (low, high) = if counts_down(low, high) {
                        (high, low)
                    } else {
                        (low, high)
                    };
                    let (low, high) = (self.index(low, &letters)?, self.index(high, &letters)?);
                    low.as_int().zip(high.as_int())
                }
                None => match self.range_in(name, members, &letters) {
                    Ok(range) => range,
                    Err(fault) => {
                        ill = Some(fault);
                        continue;
                    }
                },
            };
            let Some((low, high)) = range else { continue };
            let is_element = ruled.is_none()
                && self.stands_in_elements(name, members)
                && !self.stands_in_slots(name, members);
            if is_element
                && names
                    .iter()
                    .any(|other| other != name && self.stands_in_slots(other, members))
            {
                continue;
            }
            let mut rest = names.to_vec();
            rest.remove(at);
            for value in low..=high {
                let mut inner = letters.clone();
                inner.push((name.clone(), value));
                self.choose(&rest, members, rules, inner, found)?;
            }
            return Ok(());
        }
        Err(ill.unwrap_or_else(|| {
            Fault::Unsupported(format!("the range of {} is not known", names[0]), span)
        }))
    }

    /// 1 where the conditions that a line is judged under hold, as far as only the data can tell.
    ///
    /// # Errors
    /// What the conditions do not say.
    pub(crate) fn guard(&mut self, rules: &[LetterRule], letters: &Letters) -> Result<TermId> {
        let mut tests = Vec::new();
        for rule in rules.iter().filter(|rule| rule.speaks_of(letters)) {
            match rule {
                LetterRule::Condition(condition) => {
                    let left = self.index(&condition.left, letters)?;
                    let right = self.index(&condition.right, letters)?;
                    if left.as_int().is_none() || right.as_int().is_none() {
                        let (a, b) = (self.index_term(&left), self.index_term(&right));
                        let (cmp, a, b) = condition.relation.turned(a, b);
                        tests.push(self.system.store.intern(Node::Test(cmp, a, b)));
                    }
                }
                LetterRule::Provided(indicator) => {
                    let test = self.array(indicator, letters)?;
                    if !test.is_number() {
                        return Err(Fault::Unsupported(
                            "the condition behind the formula is one for each entry: write an index".into(),
                            indicator.span,
                        ));
                    }
                    tests.extend(test.entries);
                }
                LetterRule::Value(..) | LetterRule::Range(..) => {}
            }
        }
        let one = self.system.store.int(1);
        Ok(self.system.store.mul(std::iter::once(one).chain(tests)))
    }

    /// An array where the guard holds, else 0.
    pub(crate) fn guarded(&mut self, array: &Array, guard: TermId) -> Array {
        if self.system.store.is_one(guard) {
            return array.clone();
        }
        self.map(array, |store, term| store.mul([guard, term]))
    }

    /// Whether a formula says nothing of some layers or steps: it reads one that is not there, as `h_{t+1}` does at the
    /// last t, and no range is given for it. What a sum or product reads, whose bounds are written, has to exist.
    pub(crate) fn says_nothing(
        &mut self,
        claim: &Expr,
        rules: &[LetterRule],
        letters: &Letters,
    ) -> bool {
        let ranged = rules
            .iter()
            .flat_map(LetterRule::letters)
            .any(|letter| self.stands_in_slots(letter.as_ref(), &[claim]));
        !ranged && self.reaches_beyond(claim, letters)
    }

    fn reaches_beyond(&mut self, expr: &Expr, letters: &Letters) -> bool {
        expr.any(&mut |part| {
            let ExprKind::Quantity { family, slots, .. } = &part.kind else {
                return false;
            };
            let named: Vec<String> = slots.iter().flat_map(Expr::free_letters).collect();
            let free = |letter: &String| letters.iter().any(|(name, _)| name == letter);
            if named.is_empty() || !named.iter().all(free) {
                return false;
            }
            let places: Option<Vec<i64>> = slots
                .iter()
                .map(|slot| self.index(slot, letters).ok()?.as_int())
                .collect();
            places.is_some_and(|places| self.extents(*family, &places).is_none())
        })
    }

    /// Whether a letter stands for a layer or time step.
    pub(crate) fn stands_in_slots(&self, letter: &str, members: &[&Expr]) -> bool {
        members.iter().any(|member| {
            member.any(&mut |expr| match &expr.kind {
                ExprKind::Quantity { slots, .. } | ExprKind::Size(_, slots) => slots
                    .iter()
                    .any(|slot| slot.free_letters().iter().any(|free| free == letter)),
                _ => false,
            })
        })
    }

    pub(super) fn stands_in_elements(&self, letter: &str, members: &[&Expr]) -> bool {
        members.iter().any(|member| {
            member.any(&mut |expr| match &expr.kind {
                ExprKind::Quantity { elements, .. } | ExprKind::Elements(_, elements) => elements.iter().any(|entry| {
                    matches!(entry, Entry::At(index) if index.free_letters().iter().any(|free| free == letter))
                }),
                _ => false,
            })
        })
    }
}

/// Places where a letter stands.
#[derive(Default)]
pub(super) struct Seen {
    elements: Vec<((i64, i64), Span)>,
    slots: Vec<(i64, i64)>,
    shifted: Vec<(i64, i64)>,
}

impl Seen {
    /// What the places say together.
    fn range(&self, letter: &str) -> Result<Option<(i64, i64)>> {
        if let Some((first, others)) = self.elements.split_first() {
            if let Some((_, span)) = others.iter().find(|(range, _)| *range != first.0) {
                return Err(Fault::IllTyped(
                    format!("{letter} runs over axes of different lengths"),
                    *span,
                ));
            }
            return Ok(Some(first.0));
        }
        let places = if self.slots.is_empty() {
            &self.shifted
        } else {
            &self.slots
        };
        Ok(places.iter().copied().reduce(overlap))
    }
}

/// The sizes of a family's axes at these slots; none if nothing is there.
pub(crate) fn extents(
    system: &System,
    instance: &Instance,
    family: FamilyId,
    slots: &[i64],
) -> Option<Vec<i64>> {
    let known = system.family(family);
    let mut found: Option<Vec<i64>> = None;
    for clause in &known.clauses {
        let mut domain = clause.domain.clone();
        for (left, value) in clause.index.iter().zip(slots) {
            domain = domain.and(&Domain::equal(left, &Affine::int(*value)));
        }
        // Letters first, so that slotted sizes become numbers.
        let (solved, rest) = domain.solve(&clause.vars);
        let domain = rest.map(|affine| instance.settle(affine));
        let letters: Vec<_> = clause
            .vars
            .iter()
            .copied()
            .filter(|var| solved.get(*var).is_none())
            .collect();
        let Some(points) = domain.points(&letters, 1_000_000) else {
            continue;
        };
        for point in points {
            let index: Vec<i64> = clause.index[known.slots..]
                .iter()
                .filter_map(|entry| {
                    let mut value = instance.settle(&solved.affine(entry));
                    for (var, at) in letters.iter().zip(&point) {
                        value = value.substitute(*var, &Affine::int(*at));
                    }
                    value.as_int()
                })
                .collect();
            let sizes = found.get_or_insert_with(|| vec![0; known.axes]);
            for (size, at) in sizes.iter_mut().zip(index) {
                *size = (*size).max(at);
            }
        }
    }
    found
}

/// Whether the first bound is above the second where sizes are large; at small ones a range may be empty.
fn counts_down(first: &Expr, second: &Expr) -> bool {
    at_large_sizes(first)
        .zip(at_large_sizes(second))
        .is_some_and(|(first, second)| first > second)
}

/// The value of a bound where every size is large; none where letters stand in it.
fn at_large_sizes(bound: &Expr) -> Option<BigRational> {
    match &bound.plain().kind {
        ExprKind::Number(value) => Some(value.clone()),
        ExprKind::Size(..) => Some(BigRational::from_integer(1_000_000.into())),
        ExprKind::Sum(terms) => terms
            .iter()
            .try_fold(BigRational::zero(), |sum, (minus, term)| {
                let value = at_large_sizes(term)?;
                Some(if *minus { sum - value } else { sum + value })
            }),
        ExprKind::Product(factors) => factors
            .iter()
            .try_fold(BigRational::one(), |product, (_, factor)| {
                Some(product * at_large_sizes(factor)?)
            }),
        ExprKind::Quotient(above, below) => {
            let below = at_large_sizes(below)?;
            (!below.is_zero()).then_some(at_large_sizes(above)? / below)
        }
        _ => None,
    }
}

/// Where two ranges overlap.
/// The numbers whose multiples, shifted, lie in a range.
fn within((low, high): (i64, i64), (factor, shift): (i64, i64)) -> (i64, i64) {
    (
        Integer::div_ceil(&(low - shift), &factor),
        Integer::div_floor(&(high - shift), &factor),
    )
}

fn overlap((low, high): (i64, i64), (other_low, other_high): (i64, i64)) -> (i64, i64) {
    (low.max(other_low), high.min(other_high))
}
