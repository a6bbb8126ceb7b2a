//! Letters for index variables: the author's where it is free, else the next one in order. Two
//! variables that meet in one scope never share a letter.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use super::names::Names;
use crate::profile::LETTERS;
use crate::term::{Store, VarId};

/// A scope in [`Letters`]: which variables stand for which letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Scope(pub(super) u32);

impl Scope {
    /// The scope without variables.
    pub(super) const EMPTY: Scope = Scope(0);
}

/// All scopes of a document.
#[derive(Debug)]
pub(super) struct Letters {
    scopes: IndexSet<Vec<(VarId, String)>, FxBuildHasher>,
}

impl Letters {
    pub(super) fn new() -> Self {
        let mut scopes = IndexSet::default();
        scopes.insert(Vec::new());
        Self { scopes }
    }

    /// The letter of a variable.
    pub(super) fn letter(&self, scope: Scope, var: VarId) -> Option<&str> {
        self.scopes[scope.0 as usize]
            .iter()
            .find(|(other, _)| *other == var)
            .map(|(_, letter)| letter.as_str())
    }

    /// The scope with these variables in it too.
    pub(super) fn enter(
        &mut self,
        scope: Scope,
        vars: &[VarId],
        store: &Store,
        names: &Names,
    ) -> Scope {
        let mut entries = self.scopes[scope.0 as usize].clone();
        for var in vars {
            // A letter bound anew inside its own scope gets another name, so that both can be told apart.
            let letter = free_letter(store.letter(*var), &entries, names);
            entries.retain(|(other, _)| other != var);
            entries.push((*var, letter));
        }
        entries.sort();
        let (at, _) = self.scopes.insert_full(entries);
        Scope(u32::try_from(at).expect("fewer than 2³² scopes"))
    }
}

fn free_letter(wish: &str, entries: &[(VarId, String)], names: &Names) -> String {
    let free = |letter: &str| {
        !names.is_taken(letter)
            && letter != "e"
            && !entries.iter().any(|(_, other)| other == letter)
    };
    if free(wish) {
        return wish.to_owned();
    }
    // The letter behind the wish in the order of letters, then around.
    let start = LETTERS
        .iter()
        .position(|letter| *letter == wish)
        .map_or(0, |at| at + 1);
    let around = LETTERS[start..].iter().chain(&LETTERS[..start]);
    if let Some(letter) = around.copied().find(|letter| free(letter)) {
        return letter.to_owned();
    }
    (1..)
        .map(|number| format!("{wish}{number}"))
        .find(|letter| free(letter))
        .expect("there are more numbers than letters in use")
}
