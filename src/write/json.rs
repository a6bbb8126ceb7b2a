//! JSON for programs; docs/json.md documents the fields.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::latex;
use super::sheet::Sheet;
use crate::formula::Form;
use crate::matrix::Layout;
use crate::present::math::MathId;
use crate::present::{Confirmed, Document, Inline, Prose};

pub(super) fn lay_out(document: &Document) -> Sheet<'_> {
    let mut page = Page {
        sheet: Sheet::escaping(&document.boxes, latex::spell, escape),
        pending: String::new(),
    };
    page.raw("{\"network\": {\"title\": ");
    page.value(&json!(document.title));
    page.raw(", \"symbols\": [");
    for (at, symbol) in document.symbols.iter().enumerate() {
        page.raw(if at == 0 {
            "\n  {\"name\": "
        } else {
            ",\n  {\"name\": "
        });
        page.value(&json!(symbol.name));
        page.raw(", \"latex\": ");
        page.math(symbol.symbol);
        page.raw(", \"shape\": ");
        page.value(&shape(&symbol.shape));
        page.raw(", \"kind\": ");
        page.value(&json!(symbol.kind));
        page.raw("}");
    }
    page.raw("]");
    if !document.definitions.is_empty() {
        page.raw(", \"definitions\": [");
        for (at, definition) in document.definitions.iter().enumerate() {
            page.raw(if at == 0 {
                "\n  {\"lhs_latex\": "
            } else {
                ",\n  {\"lhs_latex\": "
            });
            page.math(definition.left);
            page.raw(", \"latex\": ");
            page.math(definition.right);
            page.raw(", \"range\": ");
            page.optional(definition.range);
            page.raw("}");
        }
        page.raw("]");
    }
    page.raw("},\n\"convention\": {\"step0\": ");
    page.value(&json!(document.step_at_zero.name()));
    page.raw(", \"layout\": ");
    page.value(&json!(match document.layout {
        Layout::Same => "same",
        Layout::Numerator => "numerator",
        Layout::Intermediates => "intermediates",
        Layout::Denominator => "denominator",
    }));
    page.raw("},\n\"gradients\": [");
    for (at, gradient) in document.gradients.iter().enumerate() {
        page.raw(if at == 0 {
            "\n  {\"of\": "
        } else {
            ",\n  {\"of\": "
        });
        page.value(&json!(gradient.of));
        page.raw(", \"wrt\": ");
        page.value(&json!(gradient.wrt));
        page.raw(", \"form\": ");
        page.value(&json!(match gradient.form {
            Form::Scalar => "scalar",
            Form::Index => "index",
            Form::Matrix => "matrix",
        }));
        if let Some(why) = &gradient.why_index {
            page.raw(", \"why_index\": ");
            page.value(&json!(why));
        }
        page.raw(", \"asked\": ");
        page.value(&json!(gradient.asked));
        if let Some(tag) = &gradient.tag {
            page.raw(", \"number\": ");
            page.value(&json!(tag.number));
            page.raw(", \"label\": ");
            page.value(&json!(tag.label));
        }
        if let Some(entry) = &gradient.entry {
            page.raw(",\n   \"entry_lhs_latex\": ");
            page.math(entry.left);
            page.raw(",\n   \"entry_chain_latex\": ");
            page.chain(&entry.members);
        }
        page.raw(",\n   \"lhs_latex\": ");
        page.math(gradient.left);
        page.raw(",\n   \"latex\": ");
        match gradient.members.last() {
            Some(result) => page.math(*result),
            None => page.raw("null"),
        }
        page.raw(",\n   \"chain_latex\": ");
        page.chain(&gradient.members);
        page.raw(",\n   \"shape\": ");
        page.value(&shape(&gradient.shape));
        page.raw(", \"range\": ");
        page.optional(gradient.range);
        page.raw(", \"valid_if\": [");
        for (at, condition) in gradient.except.iter().chain(&gradient.valid_if).enumerate() {
            page.raw(if at == 0 { "" } else { ", " });
            page.prose(condition);
        }
        page.raw("],\n   \"steps\": [");
        let mut first = true;
        for local in &gradient.locals {
            page.raw(if first { "\n    " } else { ",\n    " });
            first = false;
            page.raw("{\"rule\": \"local-derivative\", \"latex\": \"");
            page.escaped(local.left);
            page.raw(" = ");
            page.escaped(local.right);
            page.raw("\", \"why\": ");
            page.prose(&local.why);
            page.raw("}");
        }
        for step in &gradient.steps {
            page.raw(if first { "\n    " } else { ",\n    " });
            first = false;
            page.raw("{\"rule\": ");
            page.value(&json!(step.rule));
            page.raw(", \"latex\": ");
            page.math(step.equation);
            page.raw(", \"why\": ");
            page.value(&json!(step.why));
            page.raw("}");
        }
        page.raw("],\n   \"confirmation\": ");
        let confirmation = match &document.confirmation {
            Confirmed::Skipped => json!({
                "status": "skipped", "points": 0, "step_patterns": 0, "worst_error": null,
            }),
            Confirmed::Yes(evidence) => evidence.get(at).map_or(Value::Null, |evidence| {
                json!({
                    "status": "confirmed",
                    "points": evidence.points,
                    "step_patterns": evidence.step_patterns,
                    "worst_error": evidence.worst_error,
                    "notes": evidence.notes,
                })
            }),
        };
        page.value(&confirmation);
        page.raw("}");
    }
    page.raw("]}\n");
    page.flush();
    page.sheet
}

/// Sizes as numbers where they are numbers.
fn shape(sizes: &[String]) -> Value {
    sizes
        .iter()
        .map(|size| {
            size.parse::<i64>()
                .map_or_else(|_| json!(size), |number| json!(number))
        })
        .collect()
}

struct Page<'a> {
    sheet: Sheet<'a>,
    pending: String,
}

impl Page<'_> {
    fn raw(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    fn value(&mut self, value: &Value) {
        self.pending.push_str(&value.to_string());
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.pending);
        self.sheet.text(text);
    }

    fn escaped(&mut self, id: MathId) {
        self.flush();
        self.sheet.math(id);
    }

    fn math(&mut self, id: MathId) {
        self.raw("\"");
        self.escaped(id);
        self.raw("\"");
    }

    fn chain(&mut self, members: &[MathId]) {
        self.raw("[");
        for (at, member) in members.iter().enumerate() {
            self.raw(if at == 0 { "" } else { ", " });
            self.math(*member);
        }
        self.raw("]");
    }

    fn optional(&mut self, id: Option<MathId>) {
        match id {
            Some(id) => self.math(id),
            None => self.raw("null"),
        }
    }

    fn prose(&mut self, prose: &Prose) {
        self.raw("\"");
        for inline in prose {
            match inline {
                Inline::Words(words) => {
                    let words = format!(r"\text{{{words}}}");
                    self.raw(&escape(&words));
                }
                Inline::Math(id) => self.escaped(*id),
            }
        }
        self.raw("\"");
    }
}

/// Text inside a JSON string.
fn escape(text: &str) -> Cow<'_, str> {
    if !text
        .bytes()
        .any(|byte| matches!(byte, b'\\' | b'"' | 0..0x20))
    {
        return Cow::Borrowed(text);
    }
    let quoted = json!(text).to_string();
    Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
}
