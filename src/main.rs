//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    chainrule::cli::run()
}
