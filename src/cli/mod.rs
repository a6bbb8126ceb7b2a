//! The command line: all printing and all reading of files happens here.

mod args;
mod chart;
mod check;
mod confirm;
mod derive;
mod flow;
mod list;
mod network;
mod report;
mod show;
mod tables;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};

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
}

impl Stop {
    fn refused(message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Refused,
            message: message.into(),
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
        Command::Show(arguments) => show::run(arguments),
        Command::List(arguments) => list::run(arguments),
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(stop) => {
            say(&stop.message);
            stop.outcome.into()
        }
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

/// Writes a result to standard output, or to a file.
///
/// A reader that has seen enough and went away is no error.
fn deliver(
    file: Option<&std::path::Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Stop> {
    let failed = |name: &str, error: io::Error| Stop::refused(format!("error: {name}: {error}"));
    match file {
        Some(path) => {
            let name = path.display().to_string();
            let mut out = std::fs::File::create(path).map_err(|error| failed(&name, error))?;
            write(&mut out).map_err(|error| failed(&name, error))
        }
        None => {
            let mut out = io::stdout().lock();
            match write(&mut out).and_then(|()| out.flush()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                Err(error) => Err(failed("standard output", error)),
                Ok(()) => Ok(()),
            }
        }
    }
}

/// Whether standard error is a terminal that wants colours.
fn styled() -> bool {
    use std::io::IsTerminal;
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stderr().is_terminal()
}
