//! Arguments and parts of functions of arrays that get a name of their own: `softmax(W h + b)` reads its argument
//! twice, and `p = softmax(z)` with `z = W h + b` says each thing once.

use super::lower::Lowering;
use super::mistakes;
use super::ranges::Draft;
use super::scope::{Letter, Origin, Scope};
use super::{Family, FamilyKind};
use crate::array::Array;
use crate::source::Span;
use crate::term::{Affine, Domain, Node, Substitution, TermId, VarId};

/// What an equation says: its entry at general letters, its values, the sizes of its axes.
pub(super) type Taken = (TermId, Domain, Vec<Affine>);

impl Lowering<'_> {
    /// A formula under a name, as near to what is wished as is free, where it stands in an equation outside of all
    /// sums.
    pub(super) fn taken_out(
        &mut self,
        array: Array,
        wish: &str,
        span: Span,
        scope: &Scope,
    ) -> Array {
        let plain = matches!(self.system.store.node(array.entry), Node::Access(..));
        let inside = scope.is_row()
            || scope.letters().iter().any(|letter| {
                // Letters of elements are no slots.
                letter.origin == Origin::Bound || self.names.indices.contains_key(&letter.name)
            });
        // Where inputs need not be declared, the name could come up later.
        let open = !self.names.closed || self.introductions_over;
        if plain || inside || open {
            return array;
        }
        let letters: Vec<Letter> = scope.letters().to_vec();
        let key = self.taken_key(&array, &letters, &scope.context);
        if let Some(family) = self.taken.get(&key) {
            // The gates of a recurrent layer read the same thing.
            let family = *family;
            let slots: Vec<Affine> = letters
                .iter()
                .map(|letter| Affine::var(letter.var))
                .collect();
            return Array::new(&mut self.system.store, array.shape, |store, index| {
                store.access(family, slots.iter().chain(index).cloned())
            });
        }
        // The author cannot refer to it: the name is not entered.
        let name = self.free_name(wish);
        let named = self.quantity(name, array, &letters, &scope.context, span);
        if let Node::Access(family, _) = self.system.store.node(named.entry) {
            self.taken.insert(key, *family);
        }
        named
    }

    /// An array and its letters as equations that say the same have them in common.
    fn taken_key(&mut self, array: &Array, letters: &[Letter], context: &Domain) -> Taken {
        let own = letters
            .iter()
            .map(|letter| letter.var)
            .chain(array.letters.iter().copied());
        let own: Vec<VarId> = own.collect();
        while self.general.len() < own.len() {
            self.general.push(self.system.store.fresh_var("i"));
        }
        let general = self.general.iter().map(|var| Affine::var(*var));
        let moved = Substitution::new(own.into_iter().zip(general));
        (
            self.system.store.substitute(array.entry, &moved),
            moved.domain(context),
            array
                .shape
                .sizes()
                .into_iter()
                .map(|size| moved.affine(size))
                .collect(),
        )
    }

    /// The argument of a function of matrices as a quantity without a name: it is written out wherever the
    /// function is.
    pub(super) fn nameless(
        &mut self,
        function: &str,
        array: Array,
        span: Span,
        scope: &Scope,
    ) -> Option<Array> {
        let mut mentioned = self.system.store.free_vars(array.entry).to_vec();
        for size in array.shape.sizes() {
            size.visit_vars(&mut |var| mentioned.push(var));
        }
        let mut letters = scope.letters().iter();
        if letters.any(|letter| mentioned.contains(&letter.var)) {
            self.problems.push(mistakes::needs_a_name(function, span));
            return None;
        }
        let everywhere = Domain::everything();
        Some(self.quantity(String::new(), array, &[], &everywhere, span))
    }

    /// An array as a quantity of its own, with the letters as slots.
    fn quantity(
        &mut self,
        name: String,
        array: Array,
        letters: &[Letter],
        context: &Domain,
        span: Span,
    ) -> Array {
        // Letters belong to one equation each.
        let mut vars = Vec::new();
        let mut slots = Vec::new();
        let mut pairs = Vec::new();
        for letter in letters {
            let fresh = self.system.store.fresh_var(&letter.name);
            vars.push(fresh);
            slots.push(Affine::var(letter.var));
            pairs.push((letter.var, Affine::var(fresh)));
        }
        let renamed = Substitution::new(pairs);
        let family = self.system.add_family(Family {
            name,
            slots: slots.len(),
            axes: array.letters.len(),
            kind: FamilyKind::Defined,
            role: None,
            clauses: Vec::new(),
            integers: None,
            span: Some(span),
        });
        if !self.system.is_nameless(family) {
            self.system.invented.push(family);
        }
        let slot_vars = vars.len();
        let own: Vec<VarId> = vars.clone();
        let shape = array.shape.clone();
        let sizes = shape.sizes();
        let named = Array::new(&mut self.system.store, shape.clone(), |store, index| {
            store.access(family, slots.iter().chain(index).cloned())
        });
        vars.extend(&array.letters);
        self.named.push(Draft {
            vars,
            slot_vars,
            slots: own.iter().map(|var| Affine::var(*var)).collect(),
            sizes: sizes
                .into_iter()
                .map(|size| Some(renamed.affine(size)))
                .collect(),
            ranged: vec![false; array.letters.len()],
            domain: renamed.domain(context),
            body: Some(self.system.store.substitute(array.entry, &renamed)),
            ..Draft::new(family, span, span)
        });
        named
    }

    /// `z`, or `z1`, `z2`, …, whichever means nothing yet.
    fn free_name(&self, wish: &str) -> String {
        let is_free = |name: &String| {
            self.system.find(name).is_none()
                && !self.names.known.contains_key(name)
                && !self.names.letters.contains_key(name)
                && !self.names.roles.contains_key(name)
                && !self.names.functions.contains_key(name)
                && !self.names.spellings.contains(name)
        };
        std::iter::once(wish.to_owned())
            .chain((1..).map(|count| format!("{wish}{count}")))
            .find(is_free)
            .unwrap_or_default()
    }
}
