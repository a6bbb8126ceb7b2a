//! Derivatives, from the same sweep that derives formulas.

use super::*;

impl Lowering<'_> {
    pub(super) fn derivative(
        &mut self,
        of: &Expr,
        wrt: &Expr,
        direct: bool,
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let by = self.array(wrt, letters)?;
        let of = self.array(of, letters)?;
        if !by.is_fixed() || !of.is_fixed() {
            return Err(Fault::Unsupported(
                "the shape of this derivative is not known".into(),
                span,
            ));
        }
        let targets = self.targets(&by, wrt.span)?;
        let mut entries = Vec::new();
        for output in &of.entries {
            for target in &targets {
                self.work += 1;
                entries.push(self.partial(*output, target, direct, span)?);
            }
        }
        let (outputs, inputs) = (of.entries.len(), by.entries.len());
        let layout = self.layout;
        Ok(if of.is_number() {
            self.gradient(&by, &targets, entries)
        } else if by.is_number() {
            Array { entries, ..of }
        } else if of.is_vector() && by.is_vector() {
            let jacobian = Array {
                rows: Dim::Fixed(outputs),
                cols: Dim::Fixed(inputs),
                entries,
            };
            if layout == Layout::Denominator {
                jacobian.transposed()
            } else {
                jacobian
            }
        } else {
            return Err(Fault::Unsupported(
                "a derivative with more than two axes".into(),
                span,
            ));
        })
    }

    /// What a derivative is taken by, entry by entry.
    fn targets(&self, by: &Array, span: Span) -> Result<Vec<(FamilyId, Box<[Affine]>)>> {
        let target = |entry: &TermId| match self.system.store.node(*entry) {
            Node::Access(family, index)
                if !matches!(self.system.family(*family).kind, FamilyKind::Adjoint { .. }) =>
            {
                Ok((*family, index.clone()))
            }
            _ => Err(Fault::Unsupported(
                "a derivative is taken by a quantity of the network".into(),
                span,
            )),
        };
        by.entries.iter().map(target).collect()
    }

    /// The derivative of a number. Under the numerator layout it is a row, under the other one that by a quantity on the way.
    fn gradient(
        &self,
        by: &Array,
        targets: &[(FamilyId, Box<[Affine]>)],
        entries: Vec<TermId>,
    ) -> Array {
        let array = Array { entries, ..*by };
        let on_the_way = targets
            .iter()
            .all(|(family, _)| self.system.family(*family).kind == FamilyKind::Defined);
        let is_row = match self.layout {
            Layout::Numerator => true,
            Layout::Intermediates => on_the_way,
            Layout::Same | Layout::Denominator => false,
        };
        if is_row && by.cols == ONE && !by.is_number() {
            array.transposed()
        } else {
            array
        }
    }

    /// `∂L/∂z ∂z/∂W`: the chain rule as a product of symbols, each of which is taken by what the next one is of. All that
    /// they have in common is summed over, whatever their shapes are. None if the factors are no such chain.
    pub(super) fn formal_chain(
        &mut self,
        factors: &[(Join, Expr)],
        span: Span,
        letters: &Letters,
    ) -> Option<Result<Array>> {
        let mut links = Vec::new();
        for (at, (join, factor)) in factors.iter().enumerate() {
            let ExprKind::Derivative { of, wrt, direct } = &factor.plain().kind else {
                return None;
            };
            let name = |expr: &Expr| super::super::tree::print(&self.system, expr);
            let linked = links
                .last()
                .is_none_or(|(_, before, _): &(&Expr, &Expr, bool)| name(before) == name(of));
            if !linked || (at > 0 && !matches!(join, Join::Product | Join::Dot)) {
                return None;
            }
            links.push((&**of, &**wrt, *direct));
        }
        (links.len() > 1).then(|| self.contracted(None, &links, span, letters))
    }

    /// `\delta\, ∂z/∂W`: a derivative by a matrix of the column that stands in front of it. None if the last factor is none.
    pub(super) fn by_matrix(
        &mut self,
        factors: &[(Join, Expr)],
        span: Span,
        letters: &Letters,
    ) -> Option<Result<Array>> {
        let [before @ .., (Join::Product | Join::Dot, last)] = factors else {
            return None;
        };
        let ExprKind::Derivative { of, wrt, direct } = &last.plain().kind else {
            return None;
        };
        let matrix = |array: &Array| !array.is_number() && !array.is_vector();
        if before.is_empty() || !self.array(wrt, letters).is_ok_and(|by| matrix(&by)) {
            return None;
        }
        let row = match self.product(before, span, letters) {
            Ok(row) if row.is_vector() && row.is_fixed() => row.entries,
            _ => return None,
        };
        let link = (&**of, &**wrt, *direct);
        Some(self.contracted(Some(row), &[link], span, letters))
    }

    /// Derivatives one after the other, summed over all that they have in common, and over what stands in front of them.
    fn contracted(
        &mut self,
        start: Option<Vec<TermId>>,
        links: &[(&Expr, &Expr, bool)],
        span: Span,
        letters: &Letters,
    ) -> Result<Array> {
        let unknown =
            || Fault::Unsupported("the shape of this derivative is not known".into(), span);
        let mut row = start;
        let mut found = None;
        for (of, wrt, direct) in links {
            let (of, by) = (self.array(of, letters)?, self.array(wrt, letters)?);
            let factors = match row.take() {
                Some(row) => row,
                None => vec![self.system.store.int(1)],
            };
            if !of.is_fixed() || !by.is_fixed() || factors.len() != of.entries.len() {
                return Err(unknown());
            }
            let targets = self.targets(&by, wrt.span)?;
            let mut entries = Vec::with_capacity(targets.len());
            for target in &targets {
                let mut terms = Vec::with_capacity(factors.len());
                for (factor, output) in factors.iter().zip(&of.entries) {
                    self.work += 1;
                    let slope = self.partial(*output, target, *direct, span)?;
                    terms.push(self.system.store.mul([*factor, slope]));
                }
                entries.push(self.system.store.add(terms));
            }
            found = Some(self.gradient(&by, &targets, entries.clone()));
            row = Some(entries);
        }
        found.ok_or_else(unknown)
    }

    /// ∂output/∂target of two numbers.
    pub(crate) fn partial(
        &mut self,
        output: TermId,
        target: &(FamilyId, Box<[Affine]>),
        direct: bool,
        span: Span,
    ) -> Result<TermId> {
        let (of, of_index) = match self.system.store.node(output) {
            Node::Number(_) | Node::Pi | Node::Index(_) => return Ok(self.system.store.int(0)),
            Node::Access(family, index)
                if !matches!(
                    self.system.family(*family).kind,
                    FamilyKind::OfMatrix { .. }
                ) =>
            {
                (*family, index.clone())
            }
            _ => (self.made_family(output), Box::default()),
        };
        let (wrt, wrt_index) = target;
        match self.adjoint(of, *wrt, direct, span)? {
            Some(adjoint) => {
                let index = of_index.iter().chain(wrt_index.iter()).cloned();
                Ok(self.system.store.access(adjoint, index))
            }
            None => Ok(self.system.store.int(0)),
        }
    }

    /// A higher derivative of a function at an argument.
    pub(super) fn higher_slope(
        &mut self,
        function: FunctionId,
        order: u8,
        argument: TermId,
        span: Span,
    ) -> Result<TermId> {
        let inner = self.made_family(argument);
        let argument = self.system.store.access(inner, []);
        let value = Node::Apply(function, Box::new([0]), Box::new([argument]));
        let mut slope = self.system.store.intern(value);
        for _ in 0..order {
            slope = self.partial(slope, &(inner, Box::default()), false, span)?;
        }
        Ok(slope)
    }

    /// An expression as a quantity of its own, so that it can be differentiated.
    pub(super) fn made_family(&mut self, body: TermId) -> FamilyId {
        self.made_from(
            body,
            Clause {
                vars: Box::default(),
                index: Box::default(),
                domain: Domain::everything(),
                body: Some(body),
                span: None,
            },
        )
    }

    /// The family made for a body: its only piece.
    pub(super) fn made_from(&mut self, body: TermId, clause: Clause) -> FamilyId {
        if let Some(known) = self.made.get(&body) {
            return *known;
        }
        let family = self.system.add_family(Family {
            name: format!("expression {}", self.made.len() + 1),
            slots: 0,
            axes: clause.index.len(),
            kind: FamilyKind::Defined,
            role: None,
            clauses: vec![clause],
            integers: None,
            span: None,
        });
        self.made.insert(body, family);
        family
    }

    /// The family of ∂of/∂wrt; none where nothing depends on it.
    pub(super) fn adjoint(
        &mut self,
        of: FamilyId,
        wrt: FamilyId,
        direct: bool,
        span: Span,
    ) -> Result<Option<FamilyId>> {
        if let Some(known) = self.adjoints.get(&(of, wrt, direct)) {
            return Ok(*known);
        }
        let close = direct && !self.leads_through(of, wrt);
        let found = if of != wrt && !self.depends(of, wrt, close) {
            None
        } else {
            Some(self.derived(of, wrt, direct, span)?)
        };
        self.adjoints.insert((of, wrt, direct), found);
        Ok(found)
    }

    pub(super) fn depends(&self, of: FamilyId, wrt: FamilyId, direct: bool) -> bool {
        let mut seen = vec![of];
        let mut at = 0;
        while at < seen.len() {
            for read in crate::derive::reads(&self.system, seen[at]) {
                if read == wrt {
                    return true;
                }
                if !direct && !seen.contains(&read) {
                    seen.push(read);
                }
            }
            at += 1;
        }
        false
    }

    /// Whether the direct part of a derivative goes through other quantities of the same layer or step: where `h[t] = tanh(a[t])`
    /// and `a[t] = w h[t-1]`, only h stands still. Where others lead from step to step too it is not told what would.
    fn leads_through(&self, of: FamilyId, wrt: FamilyId) -> bool {
        let read = crate::derive::reads(&self.system, of);
        if read.contains(&wrt) {
            return false;
        }
        // What is reached from each of them without the quantity itself.
        let reached = |from: FamilyId| {
            let mut seen: Vec<FamilyId> = Vec::new();
            let mut open = vec![from];
            while let Some(family) = open.pop() {
                for next in crate::derive::reads(&self.system, family) {
                    if next != of && !seen.contains(&next) {
                        seen.push(next);
                        open.push(next);
                    }
                }
            }
            seen
        };
        let inner = reached(of);
        let recurs = |family: &FamilyId| crate::derive::reads(&self.system, *family).contains(&of);
        inner.iter().any(recurs) && !inner.iter().any(|family| reached(*family).contains(family))
    }

    /// What the sizes are at this instance.
    fn sizes(&self) -> Domain {
        let mut facts = Domain::everything();
        for ((size, slots), value) in self.instance.known() {
            let slots = slots.into_iter().map(Affine::int).collect();
            let size = Affine::atom(Atom::Size(size, slots));
            facts = facts.and(&Domain::equal(&size, &Affine::int(value)));
        }
        facts
    }

    pub(super) fn derived(
        &mut self,
        of: FamilyId,
        wrt: FamilyId,
        direct: bool,
        span: Span,
    ) -> Result<FamilyId> {
        let target = |system: &System, family: FamilyId| {
            let known = system.family(family);
            Target {
                family,
                index: vec![None; known.slots + known.axes].into_boxed_slice(),
            }
        };
        let mut asked = self.system.clone();
        if self.made.values().any(|family| *family == of) {
            // An expression of the claim is written out at these sizes: only there its places exist.
            asked.ambient.facts = asked.ambient.facts.and(&self.sizes());
        }
        let mut still = None;
        if direct {
            // Everything but the quantity itself stands still, and so does it at other layers or steps.
            let through = self.leads_through(of, wrt);
            for (at, family) in asked.families.iter_mut().enumerate() {
                if at != of.0 as usize && family.kind == FamilyKind::Defined && !through {
                    stand_still(family);
                }
            }
            let mut copy = asked.family(of).clone();
            stand_still(&mut copy);
            let readers: Vec<FamilyId> = asked.family_ids().collect();
            let copy = asked.add_family(copy);
            still = Some(copy);
            for reader in readers {
                redirect(&mut asked, reader, of, copy);
            }
        }
        let by = still.filter(|_| of == wrt).unwrap_or(wrt);
        asked.questions = vec![Question {
            order: Order::Gradient,
            of: target(&asked, of),
            wrt: vec![target(&asked, by)],
            span: None,
        }];
        let request = Request {
            wrt: Vec::new(),
            step_at_zero: Some(self.step_at_zero),
            rules: &[],
        };
        let derivation = derive(&asked, &request).map_err(|report| {
            let message = report
                .diagnostics()
                .first()
                .map_or_else(String::new, |first| first.message.clone());
            Fault::Unsupported(format!("this derivative cannot be taken: {message}"), span)
        })?;
        let found = derivation
            .asked
            .first()
            .map(|asked| asked.adjoint)
            .ok_or_else(|| Fault::Unsupported("this derivative cannot be taken".into(), span))?;
        let count = self.system.families.len();
        let questions = std::mem::take(&mut self.system.questions);
        let mut families = std::mem::take(&mut self.system.families);
        let mut derived = derivation.system;
        families.extend(derived.families.drain(count..));
        derived.families = families;
        derived.questions = questions;
        derived.ambient = std::mem::take(&mut self.system.ambient);
        if let Some(copy) = still {
            for reader in derived.family_ids().skip(count) {
                redirect(&mut derived, reader, copy, of);
            }
        }
        self.system = derived;
        Ok(found)
    }
}

/// A quantity that is given instead of defined.
fn stand_still(family: &mut Family) {
    family.kind = FamilyKind::Input;
    for clause in &mut family.clauses {
        clause.body = None;
    }
}

/// Lets the definition of a family read another one.
fn redirect(system: &mut System, reader: FamilyId, from: FamilyId, to: FamilyId) {
    system.rewrite(reader, |store, _, term| {
        let Node::Access(family, index) = store.node(term).clone() else {
            return None;
        };
        (family == from).then(|| store.access(to, index.iter().cloned()))
    });
}
