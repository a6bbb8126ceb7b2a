//! `chainrule serve`: the page in the browser. Each question of the page is answered by this program once more, as a
//! process of its own.

mod answer;
mod choices;
mod limits;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;

use super::args::ServeArguments;
use super::{Outcome, Stop, deliver, say};
use crate::serve::{Answering, serve};

/// The first digits of e, and no other program's port.
const PORT: u16 = 2718;
/// A derivation keeps several cores busy: more than this at a time would make all of them late.
const AT_ONCE: usize = 2;

pub(super) fn run(arguments: &ServeArguments) -> Result<Outcome, Stop> {
    if let Some(question) = arguments.answer {
        limits::bound(arguments.memory, arguments.seconds);
        let answer = answer::answer(question, arguments)?;
        deliver(None, |out| out.write_all(answer.to_string().as_bytes()))?;
        return Ok(Outcome::Done);
    }
    if let Some(file) = &arguments.file {
        // A name that is no text is refused now, not in the browser.
        super::files::read_text(file)?;
    }
    let failed = |error: io::Error| Stop::refused(format!("error: {error}"));
    let program = std::env::current_exe().map_err(failed)?;
    let listener = listen(arguments.port)?;
    let address = listener.local_addr().map_err(failed)?;
    let line = format!("http://{address}/\n");
    deliver(None, |out| out.write_all(line.as_bytes()))?;
    say("the page is at this address until you end this with Ctrl-C");
    let (file, seconds, memory) = (arguments.file.clone(), arguments.seconds, arguments.memory);
    let answering = Answering {
        process: Box::new(move |question| {
            let mut process = Command::new(&program);
            process.arg("serve").args(["--answer", question]);
            process.args(["--seconds", &seconds.to_string()]);
            process.args(["--memory", &memory.to_string()]);
            // Nobody reads it, and one that is out of memory has none for it.
            process.env("RUST_BACKTRACE", "0");
            if let Some(file) = &file {
                process.arg("--").arg(file);
            }
            process
        }),
        time: Duration::from_secs(seconds.into()),
        at_once: AT_ONCE,
    };
    serve(listener, answering).map_err(failed)?;
    Ok(Outcome::Done)
}

/// A port that nobody asked for by its number may be another one.
fn listen(port: Option<u16>) -> Result<TcpListener, Stop> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    let listener = match port {
        Some(port) => bind(port),
        None => bind(PORT).or_else(|error| if taken(&error) { bind(0) } else { Err(error) }),
    };
    listener.map_err(|error| {
        let help = match port {
            Some(_) if taken(&error) => {
                "\nhelp: leave out --port, or write --port 0, for a free one"
            }
            _ => "",
        };
        Stop::refused(format!(
            "error: cannot listen on port {}: {error}{help}",
            port.unwrap_or(PORT)
        ))
    })
}
