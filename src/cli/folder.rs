//! A folder of formulas, a file for each derivative: for `\input`.

use std::path::Path;

use indexmap::IndexMap;

use super::files::replace;
use super::{Page, Stop};
use crate::present::{Confirmed, Evidence, Gradient};
use crate::write::{Drawing, Extent, Format, Sheet, lay_out, lay_out_main};

/// Whether a path names a folder.
pub(super) fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().to_string_lossy().ends_with(['/', '\\'])
}

/// Writes each derivative with all its cases to `dC-dW-0.tex`, conventions to `conventions.tex`, symbols to
/// `symbols.tex`, macros to `macros.tex`. Pages are written in parts for other pages; in formats in which a file can
/// take in others, `main.tex` takes them in.
pub(super) fn write(folder: &Path, page: &mut Page) -> Result<(), Stop> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Stop::refused(format!("error: {}: {error}", folder.display())))?;
    let format = part(page.format);
    let extension = extension(format);
    let put = |name: &str, mut sheet: Sheet| {
        let file = folder.join(format!("{name}.{extension}"));
        replace(&file, |out| sheet.write_to(out))
    };
    let document = &mut page.document;
    let mut names: Vec<String> = Vec::new();
    for gradient in &document.gradients {
        let name = file_name(gradient);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if !document.notes.is_empty() {
        names.push(CONVENTIONS.into());
    }
    if !document.legend.is_empty() {
        names.push(SYMBOLS.into());
    }
    // The preamble of the main file has the macros.
    if let Some(sheet) = lay_out_main(document, format, &names) {
        put("main", sheet)?;
    }
    let macros = std::mem::take(&mut document.macros);
    let notes = std::mem::take(&mut document.notes);
    let legend = std::mem::take(&mut document.legend);
    let mut evidence = match &mut document.confirmation {
        Confirmed::Skipped => Vec::new(),
        Confirmed::Yes(evidence) => std::mem::take(evidence),
    }
    .into_iter();
    let mut files: IndexMap<String, (Vec<Gradient>, Vec<Evidence>)> = IndexMap::new();
    for gradient in std::mem::take(&mut document.gradients) {
        let (gradients, evidences) = files.entry(file_name(&gradient)).or_default();
        evidences.extend(evidence.next());
        gradients.push(gradient);
    }
    for (name, (gradients, evidences)) in files {
        document.gradients = gradients;
        if let Confirmed::Yes(evidence) = &mut document.confirmation {
            *evidence = evidences;
        }
        put(&name, lay_out(document, format))?;
    }
    document.gradients.clear();
    if !notes.is_empty() {
        document.notes = notes;
        put(CONVENTIONS, lay_out(document, format))?;
        document.notes.clear();
    }
    if !legend.is_empty() {
        document.legend = legend;
        put(SYMBOLS, lay_out(document, format))?;
        document.legend.clear();
    }
    if !macros.is_empty() {
        document.macros = macros;
        put("macros", lay_out(document, format))?;
    }
    Ok(())
}

const CONVENTIONS: &str = "conventions";
const SYMBOLS: &str = "symbols";

/// The format of what another file takes in.
pub(super) fn part(format: Format) -> Format {
    match format {
        Format::Document(_) => Format::Document(Extent::Fragment),
        Format::Typst(_) => Format::Typst(Extent::Fragment),
        Format::Markdown(_) => Format::Markdown(Extent::Fragment),
        Format::Html(_) => Format::Html(Extent::Fragment),
        Format::Latex(_) | Format::Text | Format::Json | Format::Picture(_) => format,
    }
}

/// `dC-dW-0` for `∂C/∂W[0]`: signs that all systems and `\input` take.
fn file_name(gradient: &Gradient) -> String {
    let plain = |side: &str| {
        let words: Vec<&str> = side
            .split(|letter: char| !letter.is_alphanumeric() && !"_+".contains(letter))
            .filter(|word| !word.is_empty())
            .collect();
        words.join("-")
    };
    format!("d{}-d{}", plain(&gradient.of), plain(&gradient.wrt))
}

fn extension(format: Format) -> &'static str {
    match format {
        Format::Latex(_) | Format::Document(_) => "tex",
        Format::Markdown(_) => "md",
        Format::Html(_) => "html",
        Format::Typst(_) => "typ",
        Format::Text => "txt",
        Format::Json => "json",
        Format::Picture(Drawing::Svg) => "svg",
        Format::Picture(Drawing::Tikz) => "tex",
        Format::Picture(Drawing::Dot) => "dot",
    }
}
