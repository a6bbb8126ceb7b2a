//! Notation profiles: how things are written, as data.

/// A notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Whether a sum over all of an element index says `∀ j`; else the letter alone.
    pub full_range_forall: bool,
    /// Letters to use where the author's letter is taken, in this order.
    pub letters: &'static [&'static str],
}

/// The default: the notation of the network itself, layers as superscripts in brackets.
pub const STANDARD: Profile = Profile {
    name: "standard",
    about: "z^{(k+1)}_j, sums over all of an index as \\sum_{\\forall j}, the network's own names",
    full_range_forall: true,
    letters: &[
        "i", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t", "u", "v", "a", "b", "c", "d", "g",
        "h",
    ],
};

/// All profiles.
pub const PROFILES: &[&Profile] = &[&STANDARD];

/// The profile of a name.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES
        .iter()
        .copied()
        .find(|profile| profile.name == name)
}
