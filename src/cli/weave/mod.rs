//! `chainrule weave`: formulas in documents, kept up to date.

mod regions;
mod watch;

use std::path::{Path, PathBuf};

use clap::Parser;
use similar::TextDiff;

use super::args::{Arguments, Command, FormatName, WeaveArguments};
use super::{Outcome, Stop, answer, deliver, files, say, styled};
use crate::source::{Diagnostic, Report, Source, render};
use regions::{Language, Region, fill, regions};

pub(super) fn run(arguments: &WeaveArguments) -> Result<Outcome, Stop> {
    if arguments.watch {
        return watch::run(&arguments.files);
    }
    let mut differences = String::new();
    let outcomes: Vec<Outcome> = arguments
        .files
        .iter()
        .map(|path| {
            let woven = Text::read(path).and_then(|text| {
                if arguments.check {
                    let difference = text.difference()?;
                    differences.push_str(&difference);
                    Ok(if difference.is_empty() {
                        Outcome::Done
                    } else {
                        say(&format!(
                            "{}: not what its commands print now",
                            path.display()
                        ));
                        Outcome::Failed
                    })
                } else {
                    text.update()?;
                    Ok(Outcome::Done)
                }
            });
            woven.unwrap_or_else(|stop| {
                say(&stop.message);
                stop.outcome
            })
        })
        .collect();
    deliver(None, |out| out.write_all(differences.as_bytes()))?;
    Ok(Outcome::worst(outcomes))
}

/// A text with regions.
struct Text {
    path: PathBuf,
    source: Source,
    language: Language,
    regions: Vec<Region>,
    /// What fills each region.
    commands: Vec<Command>,
}

impl Text {
    /// # Errors
    /// A file that cannot be read, marks that do not match, a command that is none.
    fn read(path: &Path) -> Result<Self, Stop> {
        let name = path.display().to_string();
        let Some(language) = Language::of(path) else {
            return Err(Stop::refused(format!(
                "error: {name}: regions are found in LaTeX (.tex), Markdown (.md) and Typst (.typ)"
            )));
        };
        let source = Source::new(name.clone(), files::read_text(path)?);
        let refused =
            |report: &Report| Stop::refused(render(report, &source, styled(&std::io::stderr())));
        let regions = regions(&source, language).map_err(|report| refused(&report))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut commands = Vec::new();
        let mut mistakes = Vec::new();
        for region in &regions {
            match command(region, language, folder) {
                Ok(command) => commands.push(command),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        Report::unless_empty(mistakes).map_err(|report| refused(&report))?;
        Ok(Self {
            path: path.to_owned(),
            source,
            language,
            regions,
            commands,
        })
    }

    /// The files that its commands read.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let networks = self.commands.iter().filter_map(|command| match command {
            Command::Derive(arguments) => Some(&arguments.network),
            Command::Show(arguments) => Some(&arguments.network),
            _ => None,
        });
        networks.flat_map(|network| {
            network
                .file
                .as_deref()
                .into_iter()
                .chain(network.profile_file())
        })
    }

    /// The text as its commands fill it now.
    ///
    /// # Errors
    /// What the first command that fails says: a text is filled as a whole or not at all.
    fn filled(&self) -> Result<String, Stop> {
        let mut answers = Vec::with_capacity(self.regions.len());
        for (region, command) in self.regions.iter().zip(&self.commands) {
            let written = answer(command).map_err(|stop| {
                let (line, _) = self.source.position(region.mark.start);
                Stop {
                    message: format!(
                        "error: {}:{line}: `chainrule {}` fails\n{}",
                        self.source.name, region.command, stop.message
                    ),
                    ..stop
                }
            })?;
            answers.push(written);
        }
        Ok(fill(
            &self.source.text,
            self.language,
            &self.regions,
            &answers,
        ))
    }

    /// How what stands there differs from what should; empty if it does not.
    fn difference(&self) -> Result<String, Stop> {
        let filled = self.filled()?;
        if filled == self.source.text {
            return Ok(String::new());
        }
        let difference = TextDiff::from_lines(&self.source.text, &filled);
        Ok(difference
            .unified_diff()
            .header(&self.source.name, "as its commands print it")
            .to_string())
    }

    /// Writes the filled text where it differs, and says so.
    fn update(&self) -> Result<(), Stop> {
        let filled = self.filled()?;
        let count = match self.regions.len() {
            0 => "no regions".to_owned(),
            1 => "1 region".to_owned(),
            count => format!("{count} regions"),
        };
        if filled == self.source.text {
            say(&format!("{}: {count} up to date", self.source.name));
            return Ok(());
        }
        files::replace(&self.path, |out| out.write_all(filled.as_bytes()))?;
        say(&format!("{}: {count} filled", self.source.name));
        Ok(())
    }
}

/// The command of a region: networks and profiles are found beside the text, and formats are those of its language.
fn command(region: &Region, language: Language, folder: &Path) -> Result<Command, Diagnostic> {
    let mistake = |message: &str| {
        Diagnostic::error("region-command", message, region.mark, "")
            .note("a region names a command that prints to standard output, and the network's file as seen from the text")
    };
    let Some(words) = shlex::split(&region.command) else {
        return Err(mistake("a quotation mark is never closed"));
    };
    let arguments = Arguments::try_parse_from(std::iter::once("chainrule".to_owned()).chain(words))
        .map_err(|error| mistake(first_line(&error.to_string())))?;
    let mut command = arguments.command;
    let format = match language {
        Language::Latex => FormatName::Latex,
        Language::Markdown => FormatName::Markdown,
        Language::Typst => FormatName::Typst,
    };
    let network = match &mut command {
        Command::Derive(arguments) => {
            if arguments.output.is_some() {
                return Err(mistake("`-o` sends the answer elsewhere"));
            }
            arguments.format.inside(format);
            &mut arguments.network
        }
        Command::Show(arguments) => {
            arguments.format.inside(format);
            &mut arguments.network
        }
        _ => return Ok(command),
    };
    if let Some(file) = &mut network.file {
        if file.as_os_str() == "-" {
            return Err(mistake("standard input belongs to no text"));
        }
        *file = folder.join(&*file);
    }
    if let Some(file) = network.profile_file().map(|file| folder.join(file)) {
        network.profile = file.display().to_string();
    }
    Ok(command)
}

fn first_line(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line)
}
