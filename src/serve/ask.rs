//! One question, answered by a process that ends with it.

use std::process::{Command, Stdio};

use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;

use super::Refusal;

/// A process that ends at the latest when nobody waits for it any more.
struct Running(Option<Child>);

impl Running {
    fn process(&mut self) -> &mut Child {
        self.0.as_mut().expect("it is taken when it is dropped")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut process) = self.0.take() {
            // Killed and waited for, or the system would keep its number; one that has ended is neither.
            tokio::spawn(async move { process.kill().await });
        }
    }
}

/// What a process writes when it is given this text.
pub(super) async fn ask(process: Command, text: &[u8], longest: u64) -> Result<Vec<u8>, Refusal> {
    let broken = |message: String| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message);
    let child = tokio::process::Command::from(process)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| broken(format!("no process can be started: {error}")))?;
    let mut running = Running(Some(child));
    let process = running.process();
    if let Some(mut input) = process.stdin.take() {
        // One that ends without listening says why by how it ends.
        let _ = input.write_all(text).await;
    }
    let mut answer = Vec::new();
    if let Some(output) = process.stdout.take() {
        output
            .take(longest + 1)
            .read_to_end(&mut answer)
            .await
            .map_err(|error| broken(error.to_string()))?;
    }
    if answer.len() as u64 > longest {
        return Err(broken(format!("the answer is longer than {longest} bytes")));
    }
    match process.wait().await {
        Ok(status) if status.success() => Ok(answer),
        Ok(status) => Err(broken(format!(
            "no answer: out of memory, or a fault of the program ({status})"
        ))),
        Err(error) => Err(broken(error.to_string())),
    }
}
