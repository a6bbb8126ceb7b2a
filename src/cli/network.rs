//! Reading and lowering the network that a command names.

use std::borrow::Cow;
use std::io::Read;

use super::args::NetworkArguments;
use super::files::{read_text, text};
use super::{Outcome, Stop, styled};
use crate::profile::{Notation, Profile, apply, profile, profiles, read as read_profile};
use crate::source::{Report, Source, render, render_diagnostics};
use crate::syntax::StatementKind;
use crate::system::{System, lower};

/// A network with its text, which messages quote.
pub(super) struct Loaded {
    pub(super) source: Source,
    /// In the profile's convention.
    pub(super) system: System,
    pub(super) notation: Notation,
}

impl Loaded {
    /// The report as the reason to stop.
    pub(super) fn stop(&self, report: &Report) -> Stop {
        stop(report, &self.source)
    }
}

fn stop(report: &Report, source: &Source) -> Stop {
    Stop {
        outcome: if report.is_fault() {
            Outcome::Failed
        } else {
            Outcome::Refused
        },
        message: render(report, source, styled(&std::io::stderr())),
        about: Some(Box::new((report.clone(), source.clone()))),
    }
}

/// The network that the arguments name; warnings go to standard error.
pub(super) fn load(arguments: &NetworkArguments) -> Result<Loaded, Stop> {
    let profile = named_profile(arguments)?;
    let mut source = read(arguments)?;
    let written = source.text.len();
    if !arguments.wrt.is_empty() {
        // What is asked on the command line is a statement like any other, so that its errors are too.
        source
            .text
            .push_str(&format!("\ngrad {}\n", arguments.wrt.join(", ")));
    }
    let mut network = crate::syntax::parse(&source).map_err(|report| stop(&report, &source))?;
    if !arguments.wrt.is_empty() {
        network.statements.retain(|statement| {
            !matches!(statement.kind, StatementKind::Question(_)) || statement.span.start >= written
        });
    }
    let system = lower(&network).map_err(|report| stop(&report, &source))?;
    if !system.warnings.is_empty() {
        super::say(&render_diagnostics(
            &system.warnings,
            &source,
            styled(&std::io::stderr()),
        ));
    }
    let (system, notation) = apply(&profile, system).map_err(|report| stop(&report, &source))?;
    Ok(Loaded {
        source,
        system,
        notation,
    })
}

/// A profile by its name, or from a person's own file.
fn named_profile(arguments: &NetworkArguments) -> Result<Cow<'static, Profile>, Stop> {
    let name = &arguments.profile;
    if let Some(file) = arguments.profile_file() {
        let source = Source::new(name, read_text(file)?);
        return read_profile(&source)
            .map(Cow::Owned)
            .map_err(|report| stop(&report, &source));
    }
    profile(name).map(Cow::Borrowed).ok_or_else(|| {
        let known: Vec<&str> = profiles().map(|it| it.name.as_str()).collect();
        Stop::refused(format!(
            "error: there is no profile `{name}`; there is: {}; a file of your own ends in `.toml`",
            known.join(", ")
        ))
    })
}

fn read(arguments: &NetworkArguments) -> Result<Source, Stop> {
    if let Some(text) = &arguments.inline {
        return Ok(Source::new("<inline>", text.clone()));
    }
    let Some(path) = &arguments.file else {
        return Err(Stop::refused("error: no network is named"));
    };
    let name = path.display().to_string();
    if name != "-" {
        return Ok(Source::new(name, read_text(path)?));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Stop::refused(format!("error: {name}: {error}")))?;
    Ok(Source::new("-", text("-", bytes)?))
}
