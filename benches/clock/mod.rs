//! Whole processes and closures timed side by side: on a shared machine only what runs in turn can be compared.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long one comparison may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What one run of a process gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// From its start until its output has ended.
    pub(crate) time: Duration,
    /// The length of its standard output.
    pub(crate) bytes: u64,
    /// Whether it ended with exit code 0.
    pub(crate) success: bool,
}

/// Runs a process and reads all that it writes.
pub(crate) fn run(command: &mut Command) -> Run {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program was built for this bench");
    let mut output = child.stdout.take().expect("standard output is a pipe");
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match output.read(&mut buffer).expect("a pipe can be read") {
            0 => break,
            length => bytes += length as u64,
        }
    }
    let status = child.wait().expect("the process was started here");
    Run {
        time: start.elapsed(),
        bytes,
        success: status.success(),
    }
}

/// What a process that has to succeed writes to its standard output.
pub(crate) fn printed(command: &mut Command) -> Vec<u8> {
    let output = command
        .output()
        .expect("the program was built for this bench");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The shortest time of each, all of them run in turn: what disturbs the machine only makes runs longer.
pub(crate) fn shortest<const N: usize>(
    mut each: [&mut dyn FnMut() -> Duration; N],
) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    let start = Instant::now();
    for round in 0..200 {
        if round >= 2 && start.elapsed() > PATIENCE {
            break;
        }
        for (best, measure) in best.iter_mut().zip(&mut each) {
            *best = (*best).min(measure());
        }
    }
    best
}

/// How many times longer.
pub(crate) fn ratio(long: Duration, short: Duration) -> f64 {
    long.as_secs_f64() / short.as_secs_f64()
}

/// Milliseconds, for people.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", 1e3 * time.as_secs_f64())
}
