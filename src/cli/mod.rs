//! The command line: all printing and all reading of files happens here.

mod args;
mod chart;
mod check;
mod confirm;
mod derive;
mod files;
mod flow;
mod flow_words;
mod folder;
mod list;
mod network;
mod picture;
mod report;
mod serve;
mod show;
mod tables;
mod weave;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use indicatif::{ProgressBar, ProgressStyle};

use crate::present::Document;
use crate::source::{Report, Source};
use crate::write::{Format, write};

use args::{Arguments, Command};
use files::deliver;

/// How a command ended, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Done, and everything confirmed.
    Done,
    /// A formula fails, a claim differs.
    Failed,
    /// Bad input or usage.
    Refused,
    /// Unconfirmed, undecided.
    Undecided,
}

impl Outcome {
    /// How several end together: what is wrong with the input comes first, then what fails.
    fn worst(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
        outcomes
            .into_iter()
            .min_by_key(|outcome| match outcome {
                Outcome::Refused => 0,
                Outcome::Failed => 1,
                Outcome::Undecided => 2,
                Outcome::Done => 3,
            })
            .unwrap_or(Outcome::Done)
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(match outcome {
            Outcome::Done => 0,
            Outcome::Failed => 1,
            Outcome::Refused => 2,
            Outcome::Undecided => 3,
        })
    }
}

/// Why a command stops: how it ends and what is said on standard error.
#[derive(Debug)]
struct Stop {
    outcome: Outcome,
    message: String,
    /// What the message was made from, where it is about a text.
    about: Option<Box<(Report, Source)>>,
}

impl Stop {
    fn refused(message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Refused,
            message: message.into(),
            about: None,
        }
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = error.exit_code();
            // Nothing sensible can be done if the terminal is gone.
            let _ = error.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let result = match &arguments.command {
        Command::Derive(arguments) => derive::run(arguments),
        Command::Confirm(arguments) => confirm::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Flow(arguments) => flow::run(arguments),
        Command::Weave(arguments) => weave::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "chainrule", &mut text);
            deliver(None, |out| out.write_all(&text)).map(|()| Outcome::Done)
        }
        Command::Man => {
            let page = clap_mangen::Man::new(Arguments::command());
            let mut text = Vec::new();
            let rendered = page.render(&mut text);
            deliver(None, |out| rendered.and_then(|()| out.write_all(&text)))
                .map(|()| Outcome::Done)
        }
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(stop) => {
            say(&stop.message);
            stop.outcome.into()
        }
    }
}

/// What a command prints, as one text.
fn answer(command: &Command) -> Result<String, Stop> {
    match command {
        Command::Derive(arguments) => Ok(derive::page(arguments)?.0.text()),
        Command::Show(arguments) => Ok(show::page(arguments)?.text()),
        Command::List(arguments) => list::text(arguments),
        _ => Err(Stop::refused("error: the answer is no text")),
    }
}

/// A document and the format in which it is to be written.
struct Page {
    document: Document,
    format: Format,
}

impl Page {
    fn text(&self) -> String {
        write(&self.document, self.format)
    }
}

/// A message on standard error.
fn say(message: &str) {
    let mut message = message.to_owned();
    if !message.is_empty() && !message.ends_with('\n') {
        message.push('\n');
    }
    // A closed standard error is no reason to fail.
    let _ = io::stderr().write_all(message.as_bytes());
}

/// A bar for work of so many parts, on a terminal only.
fn progress(message: &str, parts: usize) -> ProgressBar {
    // Where standard error is no terminal, indicatif draws nothing.
    let bar = ProgressBar::new(parts as u64);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar.set_message(message.to_owned());
    bar
}

/// Whether an output is a terminal that wants colours.
fn styled(output: &impl io::IsTerminal) -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && output.is_terminal()
}
