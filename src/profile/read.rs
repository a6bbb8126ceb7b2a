//! Profiles as files.

use super::Profile;
use crate::source::{Diagnostic, Report, Source, Span};

/// A profile from the text of a file.
///
/// # Errors
/// A report of what the file says wrong, with its place.
pub fn read(source: &Source) -> Result<Profile, Report> {
    toml::from_str(&source.text).map_err(|error| {
        let place = error.span().unwrap_or_default();
        let help = "the keys and their values are listed in docs/profiles.md";
        let message = format!(
            "the profile cannot be read: {}",
            first_line(error.message())
        );
        Diagnostic::error("profile", message, Span::new(place.start, place.end), "")
            .help(help)
            .into()
    })
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or(message)
}
