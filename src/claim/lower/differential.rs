//! Differentials: partial derivatives times what their quantities change by.

use super::*;

impl Lowering<'_> {
    /// `d of`, where these quantities change by those.
    pub(super) fn differential(
        &mut self,
        of: &Expr,
        changes: &[(FamilyId, FamilyId)],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let of = self.array(of, letters)?;
        if !of.is_fixed() {
            return Err(Fault::Unsupported(
                "the shape of this differential is not known".into(),
                span,
            ));
        }
        let mut entries = Vec::with_capacity(of.entries.len());
        for entry in &of.entries {
            entries.push(self.change(*entry, changes, span)?);
        }
        Ok(Array { entries, ..of })
    }

    /// What a number changes by.
    fn change(
        &mut self,
        of: TermId,
        changes: &[(FamilyId, FamilyId)],
        span: Span,
    ) -> Result<TermId> {
        if let Node::Access(family, index) = self.system.store.node(of)
            && self.system.family(*family).kind == FamilyKind::Input
        {
            let (family, index) = (*family, index.clone());
            let change = changes.iter().find(|(changing, _)| *changing == family);
            return Ok(match change {
                Some((_, change)) => self.system.store.access(*change, index),
                None => self.system.store.int(0),
            });
        }
        let mut terms = Vec::new();
        for (family, change) in changes {
            for index in self.places(*family) {
                let index: Box<[Affine]> = index.into_iter().map(Affine::int).collect();
                self.work += 1;
                if self.work > MOST_WORK {
                    return Err(Fault::Unsupported(
                        "this differential is too large to be written out".into(),
                        span,
                    ));
                }
                let slope = self.partial(of, &(*family, index.clone()), false, span)?;
                let by = self.system.store.access(*change, index);
                terms.push(self.system.store.mul([slope, by]));
            }
        }
        Ok(self.system.store.add(terms))
    }

    /// The indices of all elements of a family, slots first.
    pub(crate) fn places(&mut self, family: FamilyId) -> Vec<Vec<i64>> {
        let mut slots: Vec<Vec<i64>> = vec![Vec::new()];
        for (low, high) in self.slot_range(family) {
            slots = longer(&slots, low..=high);
        }
        let mut found = Vec::new();
        for slots in slots {
            let Some(extents) = self.extents(family, &slots) else {
                continue;
            };
            let mut places = vec![slots];
            for extent in extents {
                places = longer(&places, 1..=extent);
            }
            found.extend(places);
        }
        found
    }
}

/// Each list with one more number behind it.
fn longer(lists: &[Vec<i64>], numbers: std::ops::RangeInclusive<i64>) -> Vec<Vec<i64>> {
    let with = |list: &Vec<i64>, number: i64| {
        let mut list = list.clone();
        list.push(number);
        list
    };
    lists
        .iter()
        .flat_map(|list| numbers.clone().map(move |number| with(list, number)))
        .collect()
}
