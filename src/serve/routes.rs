//! What stands at which address.

use hyper::Method;

/// What stands at one address.
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) action: Action,
}

#[derive(Clone, Copy)]
pub(super) enum Action {
    /// A file of the page.
    File {
        kind: &'static str,
        text: &'static str,
    },
    /// A question that needs no text.
    Look(&'static str),
    /// A question about a text.
    Ask(&'static str),
}

impl Action {
    /// How it is asked for; what can be had can also be asked for its head alone.
    pub(super) fn method(self) -> Method {
        match self {
            Action::File { .. } | Action::Look(_) => Method::GET,
            Action::Ask(_) => Method::POST,
        }
    }
}

const fn file(path: &'static str, kind: &'static str, text: &'static str) -> Route {
    Route {
        path,
        action: Action::File { kind, text },
    }
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

const ROUTES: &[Route] = &[
    file("/", HTML, include_str!("page/index.html")),
    file("/page.css", STYLE, include_str!("page/page.css")),
    file("/formulas.css", STYLE, include_str!("page/formulas.css")),
    file("/icon.svg", PICTURE, include_str!("page/icon.svg")),
    file("/page.js", SCRIPT, include_str!("page/page.js")),
    file("/editor.js", SCRIPT, include_str!("page/editor.js")),
    file("/choices.js", SCRIPT, include_str!("page/choices.js")),
    file("/answers.js", SCRIPT, include_str!("page/answers.js")),
    file("/link.js", SCRIPT, include_str!("page/link.js")),
    Route {
        path: "/start",
        action: Action::Look("start"),
    },
    Route {
        path: "/derive",
        action: Action::Ask("derive"),
    },
    Route {
        path: "/check",
        action: Action::Ask("check"),
    },
    Route {
        path: "/flow",
        action: Action::Ask("flow"),
    },
];

/// What stands at an address, if anything does.
pub(super) fn route(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path)
}
