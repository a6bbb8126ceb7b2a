//! Answers to the questions of the page, as JSON. They are those of the commands of the same names.

use std::io::Read;

use clap::Parser;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::choices::{CHECK, DERIVE, FLOW, Offer};
use crate::cli::args::{
    Arguments, CheckArguments, Command, DeriveArguments, FlowArguments, FormatName, Question,
    ServeArguments,
};
use crate::cli::network::Loaded;
use crate::cli::{Stop, chart, check, derive, files, flow, network};
use crate::judge::html_section;
use crate::source::{Source, diagnostics_json};
use crate::write::{Drawing, Environment, Extent, Format, draw, flow_html, write};

static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples");

/// With what the page begins if no file is named.
const FIRST: &str = "one_layer";
/// What the page calls a derivation in messages.
const CLAIM: &str = "derivation";
/// Larger pages are more than a browser shows at once.
const LARGEST_PAGE: u64 = 8_000_000;

/// What is asked about a network.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    network: String,
    #[serde(default)]
    options: Map<String, Value>,
    /// What is to be judged.
    #[serde(default)]
    claim: String,
}

/// The answer to a question whose text stands on standard input.
///
/// # Errors
/// A question that is no JSON. What is wrong with the network is an answer.
pub(super) fn answer(question: Question, arguments: &ServeArguments) -> Result<Value, Stop> {
    let offer = match question {
        Question::Start => return Ok(start(arguments)),
        Question::Derive => &DERIVE,
        Question::Check => &CHECK,
        Question::Flow => &FLOW,
    };
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Stop::refused(format!("error: {error}")))?;
    let asked = match serde_json::from_slice(&bytes) {
        Ok(asked) => asked,
        Err(error) => return Ok(json!({"refused": format!("this is no question: {error}")})),
    };
    Ok(about(offer, &asked).unwrap_or_else(|stop| refusal(&stop)))
}

/// With what the page begins.
fn start(arguments: &ServeArguments) -> Value {
    let examples: Vec<Value> = EXAMPLES
        .files()
        .filter(|file| file.path().extension().is_some_and(|it| it == "net"))
        .filter_map(|file| {
            let name = file.path().file_stem()?.to_str()?;
            Some(example(name, file.contents_utf8()?))
        })
        .collect();
    let first = examples.iter().find(|example| example["name"] == FIRST);
    let (network, refused) = match &arguments.file {
        None => (first.cloned().unwrap_or_default(), None),
        Some(file) => {
            let name = file.display().to_string();
            match files::read_text(file) {
                Ok(text) => (json!({"name": name, "text": text}), None),
                Err(stop) => (json!({"name": name, "text": ""}), Some(stop.message)),
            }
        }
    };
    json!({
        "network": network,
        "refused": refused,
        "examples": examples,
        "choices": {
            "derive": DERIVE.choices(),
            "check": CHECK.choices(),
            "flow": FLOW.choices(),
        },
    })
}

/// An example with its first comment.
fn example(name: &str, text: &str) -> Value {
    let title = text.lines().next().and_then(|line| line.strip_prefix('#'));
    json!({"name": name, "title": title.unwrap_or(name).trim(), "text": text})
}

fn about(offer: &Offer, asked: &Asked) -> Result<Value, Stop> {
    let chosen = offer
        .words(&asked.options)
        .map_err(|message| Stop::refused(format!("error: {message}")))?;
    // The network is put in later: it may be long, and begin with a dash.
    let line = ["chainrule", offer.command, "-e", ""]
        .into_iter()
        .map(str::to_owned)
        .chain(chosen);
    let mut command = Arguments::try_parse_from(line)
        .map_err(|error| Stop::refused(error.to_string()))?
        .command;
    let network = Some(asked.network.clone());
    match &mut command {
        Command::Derive(arguments) => {
            arguments.network.inline = network;
            arguments.max_output = LARGEST_PAGE;
            derived(arguments)
        }
        Command::Check(arguments) => {
            arguments.network.inline = network;
            judged(arguments, &asked.claim)
        }
        Command::Flow(arguments) => {
            arguments.network.inline = network;
            flowing(arguments)
        }
        _ => Err(Stop::refused("error: the page does not ask that")),
    }
}

/// Formulas as they stand on a page, and in the formats in which they are taken elsewhere.
fn derived(arguments: &mut DeriveArguments) -> Result<Value, Stop> {
    arguments.format.choose(FormatName::Html);
    let (mut page, (loaded, ..)) = derive::page(arguments)?;
    // As an image: inside the page its colours would need styles of its own.
    let picture = page.document.picture.take();
    let document = &page.document;
    let copies = [
        ("LaTeX", Format::Latex(Environment::default())),
        ("Markdown", Format::Markdown(Extent::Fragment)),
        ("Typst", Format::Typst(Extent::Fragment)),
        ("text", Format::Text),
    ];
    let copies: Vec<Value> = copies
        .into_iter()
        .map(|(name, format)| json!({"name": name, "text": write(document, format)}))
        .collect();
    Ok(json!({
        "html": body(&page.text()),
        "picture": picture.map(|picture| draw(&picture, Drawing::Svg)),
        "copies": copies,
        "warnings": warnings(&loaded),
    }))
}

/// What stands in the body of a page, without the script that makes its buttons: the page of the browser has its own.
fn body(page: &str) -> &str {
    let (_, behind) = page.split_once("<body").expect("a page has a body");
    let (_, body) = behind.split_once('>').expect("a tag ends");
    let end = body.find("<script>").or_else(|| body.find("</body>"));
    &body[..end.expect("a body ends")]
}

/// Verdicts on the lines of a derivation, and where in it they stand.
fn judged(arguments: &CheckArguments, claim: &str) -> Result<Value, Stop> {
    let loaded = network::load(&arguments.network)?;
    if claim.trim().is_empty() {
        return Ok(json!({"html": "", "marks": [], "warnings": warnings(&loaded)}));
    }
    let checked = check::checked(&loaded, arguments, vec![Source::new(CLAIM, claim)]);
    let Some((source, judged)) = checked.into_iter().next() else {
        return Err(Stop::refused("error: nothing was judged"));
    };
    match judged {
        Ok(judged) => {
            let marks: Vec<Value> = judged
                .lines
                .iter()
                .map(|line| {
                    let wrong = line.mistake.as_ref().and_then(|mistake| mistake.place);
                    let span = wrong.unwrap_or(line.span);
                    json!({
                        "start": span.start,
                        "end": span.end,
                        "verdict": line.verdict.name(),
                        "holds": line.verdict.holds(),
                    })
                })
                .collect();
            Ok(json!({
                "html": html_section(&judged, &source),
                "marks": marks,
                "warnings": warnings(&loaded),
            }))
        }
        Err(report) => Ok(json!({
            "claim_errors": diagnostics_json(report.diagnostics(), &source),
            "warnings": warnings(&loaded),
        })),
    }
}

/// Why gradients vanish or explode: statements, words, picture.
fn flowing(arguments: &FlowArguments) -> Result<Value, Stop> {
    let known = flow::known(arguments)?;
    let picture = if known.runs.is_empty() {
        None
    } else {
        Some(chart::svg(&known.runs))
    };
    let others = !arguments.activation.is_empty();
    Ok(json!({
        "html": flow_html(&known.document),
        "words": known.words(others, ""),
        "picture": picture,
        "missing": diagnostics_json(&known.missing, &known.loaded.source),
        "warnings": warnings(&known.loaded),
    }))
}

fn warnings(loaded: &Loaded) -> Value {
    diagnostics_json(&loaded.system.warnings, &loaded.source)
}

/// Why there is no answer: what is wrong and where, or in words alone.
fn refusal(stop: &Stop) -> Value {
    match &stop.about {
        Some(about) => {
            let (report, source) = &**about;
            json!({"errors": diagnostics_json(report.diagnostics(), source)})
        }
        None => json!({"refused": stop.message.trim_end()}),
    }
}
