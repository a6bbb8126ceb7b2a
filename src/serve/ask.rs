//! One question, answered by a process that ends with it.

use std::process::{Command, Stdio};

use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Refusal;

/// What a process writes when it is given this text. It is killed when the future is dropped.
pub(super) async fn ask(process: Command, text: &[u8], longest: u64) -> Result<Vec<u8>, Refusal> {
    let broken = |message: String| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message);
    let mut process = tokio::process::Command::from(process)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| broken(format!("no process can be started: {error}")))?;
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
