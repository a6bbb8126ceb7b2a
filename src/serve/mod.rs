//! A page for the browser on this machine: HTTP on loopback, what is refused before it is looked at, and the files of
//! the page. What a question means is no concern of this layer.
//!
//! Whoever can make a browser open a page can make it send requests here, so a request has to name this server as its
//! host and the page as its origin. Each question is answered by a process of its own, since a thread that computes
//! without end can't be stopped, and a process can: when its time is up, when it takes too much memory, and when the
//! page that asked went away or asks something newer.

mod ask;
mod guard;
mod routes;

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use ask::ask;
use routes::{Action, route};

/// Bytes of a question: a network and a derivation are texts that a person writes.
const LONGEST_QUESTION: usize = 256 * 1024;
/// Bytes of an answer. Larger ones would bring the browser down.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;
/// Connections that are open at the same time; further ones are closed at once.
const CONNECTIONS: usize = 64;
/// What a client may take to send its request.
const SENDING: Duration = Duration::from_secs(10);
/// Bytes of a request's line and headers, whose length hyper bounds by its buffer.
const HEAD: usize = 32 * 1024;

/// How questions are answered.
pub struct Answering {
    /// The process that answers the question of this name: it reads what is asked from its standard input, and writes
    /// JSON to its standard output.
    pub process: Box<dyn Fn(&str) -> Command + Send + Sync>,
    /// After this time it is stopped.
    pub time: Duration,
    /// How many are answered at the same time; others wait for as long.
    pub at_once: usize,
}

/// Serves the page to those who reach the listener, without end.
///
/// # Errors
/// What the system says of the listener.
pub fn serve(listener: TcpListener, answering: Answering) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let site = Arc::new(Site {
        port,
        places: Semaphore::new(answering.at_once),
        answering,
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of files, most likely: some will be closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let Ok(place) = connections.clone().try_acquire_owned() else {
                continue;
            };
            let site = site.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let site = site.clone();
                    async move { Ok::<_, Infallible>(site.respond(request).await) }
                });
                // A client that goes away drops the service, and with it the process that answers: no error of ours.
                let _ = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(SENDING)
                    .max_buf_size(HEAD)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                drop(place);
            });
        }
    })
}

struct Site {
    port: u16,
    places: Semaphore,
    answering: Answering,
}

/// Why a request has no other answer.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl Site {
    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = match self.answer(request).await {
            Ok(response) => response,
            Err(refusal) => refused(&refusal),
        };
        let headers = response.headers_mut();
        for (name, value) in guard::HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Refusal> {
        let (head, body) = request.into_parts();
        guard::admit(&head, self.port)?;
        let Some(route) = route(head.uri.path()) else {
            return Err(Refusal::new(
                StatusCode::NOT_FOUND,
                "there is nothing at this address",
            ));
        };
        let allowed = route.action.method();
        if head.method != allowed && !(head.method == Method::HEAD && allowed == Method::GET) {
            let mut response = refused(&Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("{} is asked with {allowed}", route.path),
            ));
            let allowed = if allowed == Method::GET {
                "GET, HEAD"
            } else {
                "POST"
            };
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(allowed));
            return Ok(response);
        }
        match route.action {
            Action::File { kind, text } => Ok(content(kind, Bytes::from_static(text.as_bytes()))),
            // Who asks for the head alone does not need the answer.
            Action::Look(_) if head.method == Method::HEAD => Ok(content(JSON, Bytes::new())),
            Action::Look(question) => self.asked(question, Bytes::new()).await,
            Action::Ask(question) => {
                guard::admit_question(&head)?;
                let question_text = read(body).await?;
                self.asked(question, question_text).await
            }
        }
    }

    async fn asked(&self, question: &str, text: Bytes) -> Result<Response<Full<Bytes>>, Refusal> {
        let seconds = self.answering.time.as_secs();
        let Ok(Ok(_place)) = timeout(self.answering.time, self.places.acquire()).await else {
            return Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("busy: other questions took all of {seconds} seconds"),
            ));
        };
        let process = (self.answering.process)(question);
        match timeout(self.answering.time, ask(process, &text, LONGEST_ANSWER)).await {
            Ok(answer) => answer.map(|answer| content(JSON, answer.into())),
            Err(_) => Err(Refusal::new(
                StatusCode::GATEWAY_TIMEOUT,
                format!("stopped: no answer after {seconds} seconds"),
            )),
        }
    }
}

/// The text of a question, if it is not too long: what says so at the start is not read at all.
async fn read(body: Incoming) -> Result<Bytes, Refusal> {
    let too_long = || {
        Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("more than {} kB", LONGEST_QUESTION / 1024),
        )
    };
    if body.size_hint().lower() > LONGEST_QUESTION as u64 {
        return Err(too_long());
    }
    match timeout(SENDING, Limited::new(body, LONGEST_QUESTION).collect()).await {
        Ok(Ok(text)) => Ok(text.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(error)) => Err(Refusal::new(StatusCode::BAD_REQUEST, error.to_string())),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "the question did not arrive in time",
        )),
    }
}

const JSON: &str = "application/json";

fn content(kind: &'static str, text: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A refusal ends the connection: what else the client sends on it is not read.
fn refused(refusal: &Refusal) -> Response<Full<Bytes>> {
    let text = serde_json::json!({ "refused": refusal.message }).to_string();
    let mut response = content(JSON, text.into());
    *response.status_mut() = refusal.status;
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
