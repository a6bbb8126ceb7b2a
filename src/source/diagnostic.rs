//! Diagnostics are inert values; `render` alone knows how they look.

use super::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing can be derived.
    Error,
    /// The program went wrong, not its input.
    Fault,
    /// The result stands, but the author should know.
    Warning,
}

/// A place in the source and what is said there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The text that is underlined.
    pub span: Span,
    /// The words next to the underline; may be empty.
    pub text: String,
}

/// One message: what is wrong, where, why, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Its stable name in kebab case, for instance `unknown-name`.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where; the first label is the main one.
    pub labels: Vec<Label>,
    /// Why it is wrong, where the message does not say it already.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error with its main place.
    pub fn error(
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            labels: vec![Label {
                span,
                text: label.into(),
            }],
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// An error about the request as a whole, which has no place in the text.
    pub fn general(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            labels: Vec::new(),
            ..Self::error(code, message, Span::default(), "")
        }
    }

    /// The program's own mistake: nothing that the author could write instead.
    pub fn fault(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Fault,
            ..Self::general(code, message)
        }
    }

    /// A warning with its main place.
    pub fn warning(
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, span, label)
        }
    }

    /// Another place that matters.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// A reason.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// What to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

/// Everything that is wrong with one input: at least one diagnostic, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// A report of one diagnostic.
    pub fn one(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostics: vec![diagnostic],
        }
    }

    /// `Err` with all of them if there are any.
    ///
    /// # Errors
    /// The report of the diagnostics, sorted by place.
    pub fn unless_empty(mut diagnostics: Vec<Diagnostic>) -> Result<(), Report> {
        if diagnostics.is_empty() {
            return Ok(());
        }
        diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
        diagnostics.dedup();
        Err(Self { diagnostics })
    }

    /// The report about a text that another text stands for at one place.
    #[must_use]
    pub(crate) fn placed_at(mut self, span: Span) -> Self {
        for diagnostic in &mut self.diagnostics {
            diagnostic.labels.truncate(1);
            for label in &mut diagnostic.labels {
                label.span = span;
            }
        }
        self
    }

    /// Whether the program is to blame.
    pub fn is_fault(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Fault)
    }

    /// The diagnostics in the order of the text.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl From<Diagnostic> for Report {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::one(diagnostic)
    }
}
