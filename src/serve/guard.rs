//! Who may ask. A page of another site can send requests to any address that its browser reaches, and can have its own
//! name resolved to 127.0.0.1; neither lets it say that it is this page.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request::Parts;

use super::Refusal;

/// The names by which a browser reaches a server on its own machine.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// What each answer says of itself: the page loads what comes from here and runs what stands in its own files, no
/// other page shows it in a frame or reads it, and nothing is kept.
pub(super) const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Whether a host with its port is this server.
fn is_own(authority: &str, port: u16) -> bool {
    NAMES
        .iter()
        .any(|name| authority == format!("{name}:{port}") || (port == 80 && authority == *name))
}

/// A header that stands once and is text.
fn only(head: &Parts, name: &HeaderName) -> Result<Option<String>, Refusal> {
    let mut values = head.headers.get_all(name).iter();
    let first = values.next();
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
    match (first.map(text), values.next()) {
        (None, _) => Ok(None),
        (Some(Some(value)), None) => Ok(Some(value)),
        (Some(_), _) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            format!("the header {name} stands once, in plain letters"),
        )),
    }
}

/// Whether the request is for this server, and comes from its page or from the person at the browser.
pub(super) fn admit(head: &Parts, port: u16) -> Result<(), Refusal> {
    let host = only(head, &HOST)?
        .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "the request names no host"))?;
    let named = head.uri.authority().map(|authority| authority.as_str());
    if !is_own(&host, port) || named.is_some_and(|named| !is_own(named, port)) {
        return Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!("this is http://{}:{port}/ and no other host", NAMES[0]),
        ));
    }
    let foreign = || {
        Refusal::new(
            StatusCode::FORBIDDEN,
            "pages of other sites get no answers here",
        )
    };
    if let Some(origin) = only(head, &ORIGIN)? {
        let own = origin.strip_prefix("http://");
        if !own.is_some_and(|origin| is_own(origin, port)) {
            return Err(foreign());
        }
    }
    // Browsers say where a request comes from; a link from elsewhere may lead to the page.
    let site = only(head, &HeaderName::from_static("sec-fetch-site"))?;
    let mode = only(head, &HeaderName::from_static("sec-fetch-mode"))?;
    match site.as_deref() {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) if mode.as_deref() == Some("navigate") => Ok(()),
        Some(_) => Err(foreign()),
    }
}

/// Whether the request is a question. Forms of other pages can't send JSON.
pub(super) fn admit_question(head: &Parts) -> Result<(), Refusal> {
    let kind = only(head, &CONTENT_TYPE)?.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind == super::JSON {
        Ok(())
    } else {
        Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("questions are {}", super::JSON),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn a_host_is_named_in_full() {
        for own in ["127.0.0.1:2718", "localhost:2718", "[::1]:2718"] {
            assert!(is_own(own, 2718), "{own}");
        }
        for foreign in [
            "",
            "localhost",
            "localhost:80",
            "localhost:27180",
            "localhost.example:2718",
            "127.0.0.1.example:2718",
            "127.0.0.2:2718",
            "user@localhost:2718",
            "0.0.0.0:2718",
        ] {
            assert!(!is_own(foreign, 2718), "{foreign}");
        }
        assert!(is_own("localhost", 80) && !is_own("localhost", 8080));
    }
}
