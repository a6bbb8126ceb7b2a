//! The arguments.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::formula::{Detail, Form};
use crate::matrix::Layout;
use crate::present::{Document, Setting};
use crate::syntax::StepAtZero;
use crate::words::{Words, languages, words};
use crate::write::{Drawing, Environment, Extent, Format};

/// Derives, explains and confirms the gradients of neural networks.
#[derive(Debug, Parser)]
#[command(name = "chainrule", version, about)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

// The arguments of a command are built when it is the one.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Derive the gradients that the network asks for
    Derive(DeriveArguments),
    /// Compare the formulas with dual numbers and central differences
    Confirm(ConfirmArguments),
    /// Judge formulas that were derived by hand
    Check(CheckArguments),
    /// Say why gradients vanish or explode: factors, bounds, simulation
    Flow(FlowArguments),
    /// Keep formulas in documents up to date
    Weave(WeaveArguments),
    /// Show the network as it was understood
    Show(ShowArguments),
    /// List what the program knows
    List(ListArguments),
    /// Show a page in the browser: formulas and judgements as one types
    Serve(ServeArguments),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Where the network comes from.
#[derive(Debug, Args)]
pub(super) struct NetworkArguments {
    /// File with the network; `-` is standard input
    #[arg(value_name = "NET", required_unless_present = "inline")]
    pub(super) file: Option<PathBuf>,
    /// The network itself
    #[arg(short = 'e', value_name = "TEXT", conflicts_with = "file")]
    pub(super) inline: Option<String>,
    /// The value of Step(0), in place of the network's
    #[arg(long, value_name = "1|0|1/2|undefined")]
    pub(super) step0: Option<Step0>,
    /// Derive by this, in place of what the network asks (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(super) wrt: Vec<String>,
    /// Notation profile: a name of `list profiles`, or a file that ends in `.toml`
    #[arg(long, value_name = "NAME", default_value = "standard")]
    pub(super) profile: String,
}

impl NetworkArguments {
    /// The profile, if it is a file.
    pub(super) fn profile_file(&self) -> Option<&Path> {
        let file = Path::new(&self.profile);
        file.extension()
            .is_some_and(|extension| extension == "toml")
            .then_some(file)
    }
}

#[derive(Debug, Args)]
pub(super) struct DeriveArguments {
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// Scalar, index or matrix notation
    #[arg(long, value_name = "FORM")]
    pub(super) form: Option<FormName>,
    /// Where the axes of derivatives stand in matrix notation
    #[arg(long, value_name = "LAYOUT")]
    pub(super) layout: Option<LayoutName>,
    /// How much is shown
    #[arg(long, value_name = "DETAIL", default_value = "result")]
    pub(super) detail: DetailName,
    /// Substitute intermediates back to inputs and weights
    #[arg(long)]
    pub(super) resolve: bool,
    /// Join the equations of activation and pre-activation into one recursion
    #[arg(long)]
    pub(super) combine: bool,
    /// Explain the symbols
    #[arg(long)]
    pub(super) legend: bool,
    /// Number the equations that a text cites, and label them by what is derived: `eq:dC-dW-0`
    #[arg(long)]
    pub(super) number: bool,
    /// Write symbols by macros, whose definitions come first: `\netW{0}` for W⁽⁰⁾
    #[arg(long, value_name = "DEFINITIONS", num_args = 0..=1, require_equals = true, default_missing_value = "with")]
    pub(super) macros: Option<MacroDefinitions>,
    /// What the names of macros begin with
    #[arg(long, value_name = "LETTERS", default_value = "net", requires = "macros", value_parser = macro_prefix)]
    pub(super) macro_prefix: String,
    /// Say below braces which part of a chain rule is upstream, local or the input of a layer
    #[arg(long)]
    pub(super) braces: bool,
    /// Say in sentences why each equation holds; with all steps
    #[arg(long)]
    pub(super) prose: bool,
    /// What labels begin with
    #[arg(long, value_name = "PREFIX", default_value = "eq:", requires = "number", value_parser = label_prefix)]
    pub(super) label_prefix: String,
    /// Do not confirm numerically; the output says so
    #[arg(long)]
    pub(super) no_confirm: bool,
    /// Refuse output larger than this (`64M`, `2G`)
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = size)]
    pub(super) max_output: u64,
    #[command(flatten)]
    pub(super) format: FormatArguments,
    /// What stands around LaTeX equations
    #[arg(long, value_name = "ENV", default_value = "align*")]
    pub(super) env: EnvironmentName,
    /// Write to this file, or to files of this folder, one for each derivative
    #[arg(short = 'o', value_name = "FILE|DIR")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct FormatArguments {
    /// The language of all words: `en`, `de`
    #[arg(long, value_name = "TAG", default_value = "en", value_parser = language)]
    pub(super) language: &'static Words,
    /// Output format [default: latex, of `show`: text]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Leave out preamble and headings of a page, for use inside another text
    #[arg(long)]
    fragment: bool,
    /// Break equations that are wider than so many letters [default: what fits pages of `document` and `typst`; else none]
    #[arg(long, value_name = "LETTERS", value_parser = clap::value_parser!(u16).range(20..))]
    width: Option<u16>,
    /// Short for `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl FormatArguments {
    /// Breaks the lines of a document that is to be written in this format. Browsers scroll, programs join.
    pub(super) fn break_lines(&self, document: &mut Document, format: Format) {
        let (fitting, setting) = match format {
            Format::Html(_) | Format::Json | Format::Picture(_) => return,
            Format::Text => (None, Setting::Flat),
            Format::Latex(_) | Format::Markdown(_) => (None, Setting::Typeset),
            Format::Document(extent) => (page(extent, 90), Setting::Typeset),
            Format::Typst(extent) => (page(extent, 78), Setting::Typeset),
        };
        if let Some(width) = self.width.or(fitting) {
            document.break_lines(f32::from(width), setting);
        }
    }

    /// The format; `default` where none is named.
    pub(super) fn or(&self, default: FormatName, environment: Environment) -> Format {
        let name = if self.json {
            FormatName::Json
        } else {
            self.format.unwrap_or(default)
        };
        let extent = if self.fragment {
            Extent::Fragment
        } else {
            Extent::Page
        };
        match name {
            FormatName::Latex => Format::Latex(environment),
            FormatName::Document => Format::Document(extent),
            FormatName::Markdown => Format::Markdown(extent),
            FormatName::Html => Format::Html(extent),
            FormatName::Typst => Format::Typst(extent),
            FormatName::Text => Format::Text,
            FormatName::Json => Format::Json,
            FormatName::Svg => Format::Picture(Drawing::Svg),
            FormatName::Tikz => Format::Picture(Drawing::Tikz),
            FormatName::Dot => Format::Picture(Drawing::Dot),
        }
    }

    /// Whether the answer is to stand in another text.
    pub(super) fn is_fragment(&self) -> bool {
        self.fragment
    }

    /// Has everything written in this format.
    pub(super) fn choose(&mut self, format: FormatName) {
        self.format = Some(format);
    }

    /// What stands in another text is no page of its own.
    pub(super) fn inside(&mut self, default: FormatName) {
        self.fragment = true;
        if !self.json {
            self.format.get_or_insert(default);
        }
    }
}

/// The width of a page, if it is one.
fn page(extent: Extent, width: u16) -> Option<u16> {
    (extent == Extent::Page).then_some(width)
}

#[derive(Debug, Args)]
pub(super) struct WeaveArguments {
    /// Texts in LaTeX (`.tex`), Markdown (`.md`) or Typst (`.typ`) with regions to fill
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Write nothing; show what is stale and end with 1 if anything is
    #[arg(long)]
    pub(super) check: bool,
    /// Go on and fill the regions again whenever a text or a network changes
    #[arg(long, conflicts_with = "check")]
    pub(super) watch: bool,
}

#[derive(Debug, Args)]
pub(super) struct ConfirmArguments {
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// How many points
    #[arg(long, value_name = "N")]
    pub(super) points: Option<usize>,
    /// Seed of the points
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Evaluate at these values in place of sampled points
    #[arg(long, value_name = "VALUES.json")]
    pub(super) at: Option<PathBuf>,
    /// Output for programs
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// Files with formulas
    #[arg(value_name = "CLAIM.tex")]
    pub(super) claims: Vec<PathBuf>,
    /// A formula (repeatable)
    #[arg(short = 'c', value_name = "LATEX", allow_hyphen_values = true)]
    pub(super) latex: Vec<String>,
    /// What a formula without a left side claims to be, for instance `dC/dW[1]`
    #[arg(long, value_name = "NAME")]
    pub(super) about: Option<String>,
    /// How derivatives are laid out, in place of what the claim says
    #[arg(long, value_name = "LAYOUT")]
    pub(super) layout: Option<LayoutName>,
    /// Equal almost everywhere, or at some sizes only, is not enough
    #[arg(long)]
    pub(super) strict: bool,
    /// One line for each file
    #[arg(long)]
    pub(super) summary: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ReportFormat,
    /// Short for `--format json`
    #[arg(long, conflicts_with = "format")]
    pub(super) json: bool,
}

impl CheckArguments {
    pub(super) fn format(&self) -> ReportFormat {
        if self.json {
            ReportFormat::Json
        } else {
            self.format
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ReportFormat {
    /// Plain text
    Text,
    /// For programs
    Json,
    /// A section for each file
    Markdown,
    /// One page with what is wrong marked
    Html,
}

#[derive(Debug, Args)]
pub(super) struct FlowArguments {
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// How many steps are simulated
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(super) depth: Option<u32>,
    /// How many elements the states have, where the network does not say it: one number for all, or one for each state,
    /// first to last (`784,128,64`)
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=8_192))]
    pub(super) width: Vec<u32>,
    /// The value of a number of the network that is multiplied with, or of a size, in simulations
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::flow::value_of)]
    pub(super) set: Vec<(String, f64)>,
    /// How weights are drawn: `constant=C`, `glorot`, `he`, `lecun`, `orthogonal`, `variance=V`, `variance=V/n`
    #[arg(long, value_name = "INIT", value_parser = super::flow::init)]
    pub(super) init: Option<crate::flow::Init>,
    /// How many networks are drawn
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) draws: u32,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Compare these activations in the place of the network's (`relu,tanh,sigmoid`)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) activation: Vec<String>,
    /// Formulas and bounds alone
    #[arg(long, conflicts_with_all = ["depth", "width", "set", "init", "draws", "seed", "activation"])]
    pub(super) no_simulation: bool,
    /// Write a picture of the gradient's norm
    #[arg(long, value_name = "FILE.svg|.png")]
    pub(super) plot: Option<PathBuf>,
    /// Write the data of the picture, for pgfplots and others
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: FlowFormat,
    /// Short for `--format json`
    #[arg(long, conflicts_with = "format")]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FlowFormat {
    /// Plain text
    Text,
    /// LaTeX mathematics, the rest as comments
    Latex,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    #[command(flatten)]
    pub(super) format: FormatArguments,
}

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// File with the network to begin with; it is read again whenever the page is loaded
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes a free one [default: 2718, a free one if it is taken]
    #[arg(long, value_name = "N")]
    pub(super) port: Option<u16>,
    /// Stop a derivation after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(super) seconds: u32,
    /// Stop a derivation that needs more memory, where the system can tell
    #[arg(long, value_name = "SIZE", default_value = "2G", value_parser = size)]
    pub(super) memory: u64,
    /// Answer one question that stands on standard input: a page asks in a process of its own
    #[arg(long, value_name = "QUESTION", hide = true)]
    pub(super) answer: Option<Question>,
}

/// What the page asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Question {
    /// What it begins with: network, examples, choices
    Start,
    /// Formulas
    Derive,
    /// Verdicts on formulas that were derived by hand
    Check,
    /// Why gradients vanish or explode
    Flow,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// What to list
    pub(super) what: Listing,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// Plain text
    Text,
    /// Tables with formulas, of functions, losses, layers and profiles
    Markdown,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Listing {
    /// Functions that networks can use
    Functions,
    /// Losses that networks can use
    Losses,
    /// Layers that chains can use
    Layers,
    /// Rules of simplification
    Rules,
    /// Notation profiles
    Profiles,
    /// Mistakes that are named in hand-written formulas
    Mistakes,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Step0 {
    #[value(name = "1")]
    One,
    #[value(name = "0")]
    Zero,
    #[value(name = "1/2", alias = "0.5")]
    Half,
    #[value(name = "undefined")]
    Undefined,
}

impl From<Step0> for StepAtZero {
    fn from(step: Step0) -> Self {
        match step {
            Step0::One => StepAtZero::One,
            Step0::Zero => StepAtZero::Zero,
            Step0::Half => StepAtZero::Half,
            Step0::Undefined => StepAtZero::Undefined,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FormName {
    /// Every element on its own
    Scalar,
    /// With element indices and sums
    Index,
    /// With whole arrays
    Matrix,
}

impl From<FormName> for Form {
    fn from(form: FormName) -> Self {
        match form {
            FormName::Scalar => Form::Scalar,
            FormName::Index => Form::Index,
            FormName::Matrix => Form::Matrix,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LayoutName {
    /// A gradient has the shape of its parameter, the rows of a Jacobian are outputs
    Same,
    /// Rows are outputs
    Numerator,
    /// Columns are outputs
    Denominator,
}

impl From<LayoutName> for Layout {
    fn from(layout: LayoutName) -> Self {
        match layout {
            LayoutName::Same => Layout::Same,
            LayoutName::Numerator => Layout::Numerator,
            LayoutName::Denominator => Layout::Denominator,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum DetailName {
    /// The results
    Result,
    /// Chain rule, local derivatives, substitution, result
    Steps,
    /// Also the derivative of the loss line by line
    Full,
}

impl From<DetailName> for Detail {
    fn from(detail: DetailName) -> Self {
        match detail {
            DetailName::Result => Detail::Result,
            DetailName::Steps => Detail::Steps,
            DetailName::Full => Detail::Full,
        }
    }
}

/// Where the definitions of macros are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MacroDefinitions {
    /// Before the formulas
    With,
    /// In another place: formulas alone
    Without,
    /// Definitions alone, for a preamble
    Only,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FormatName {
    /// LaTeX mathematics
    Latex,
    /// A whole file for LaTeX
    Document,
    /// Markdown with LaTeX mathematics
    Markdown,
    /// A page of HTML with MathML
    Html,
    /// A page for Typst
    Typst,
    /// Plain text
    Text,
    /// For programs
    Json,
    /// A picture of the network (`show`)
    Svg,
    /// The same for LaTeX with TikZ (`show`)
    Tikz,
    /// The same for Graphviz (`show`)
    Dot,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum EnvironmentName {
    #[value(name = "align*")]
    AlignStar,
    Align,
    Aligned,
    None,
}

impl From<EnvironmentName> for Environment {
    fn from(name: EnvironmentName) -> Self {
        match name {
            EnvironmentName::AlignStar => Environment::AlignStar,
            EnvironmentName::Align => Environment::Align,
            EnvironmentName::Aligned => Environment::Aligned,
            EnvironmentName::None => Environment::None,
        }
    }
}

/// A language by its tag.
fn language(tag: &str) -> Result<&'static Words, String> {
    words(tag).ok_or_else(|| {
        let known: Vec<&str> = languages().collect();
        format!("there are words in {}", known.join(", "))
    })
}

/// The beginning of the names of macros: long enough not to make a name that LaTeX or a package has.
fn macro_prefix(text: &str) -> Result<String, String> {
    const SHORTEST: usize = 3;
    if text.len() >= SHORTEST && text.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "names of macros begin with at least {SHORTEST} letters"
        ))
    }
}

/// The beginning of labels: signs that LaTeX, Typst and HTML take in them.
fn label_prefix(text: &str) -> Result<String, String> {
    let starts = text.starts_with(|letter: char| letter.is_ascii_alphabetic()) || text.is_empty();
    let legal = |letter: char| letter.is_ascii_alphanumeric() || ":.-_".contains(letter);
    if starts && text.chars().all(legal) {
        Ok(text.to_owned())
    } else {
        Err("labels begin with a letter and hold letters, digits and `: . - _`".to_owned())
    }
}

/// A number of bytes: `1000`, `64M`, `2G`.
fn size(text: &str) -> Result<u64, String> {
    let upper = text.trim().to_ascii_uppercase();
    let stem = upper.trim_end_matches('B');
    let (digits, factor) = match stem.as_bytes().last() {
        Some(b'K') => (&stem[..stem.len() - 1], 1_000),
        Some(b'M') => (&stem[..stem.len() - 1], 1_000_000),
        Some(b'G') => (&stem[..stem.len() - 1], 1_000_000_000),
        _ => (stem, 1),
    };
    digits
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| "write a number of bytes, for instance 64M or 2G".to_owned())
}
