//! A folder of formulas, a file for each derivative: for `\input`.

use std::path::Path;

use indexmap::IndexMap;

use super::files::replace;
use super::{Page, Stop};
use crate::present::{Confirmed, Evidence, Gradient};
use crate::write::{Drawing, Format, lay_out};

/// Whether a path names a folder.
pub(super) fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().to_string_lossy().ends_with(['/', '\\'])
}

/// Writes each derivative with all its cases to `dC-dW-0.tex`, conventions to `conventions.tex`, symbols to
/// `symbols.tex`.
pub(super) fn write(folder: &Path, page: &mut Page) -> Result<(), Stop> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Stop::refused(format!("error: {}: {error}", folder.display())))?;
    let format = page.format;
    let document = &mut page.document;
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
    let put = |name: &str, page: &Page| {
        replace(
            &folder.join(format!("{name}.{}", extension(format))),
            |out| lay_out(&page.document, format).write_to(out),
        )
    };
    for (name, (gradients, evidences)) in files {
        page.document.gradients = gradients;
        if let Confirmed::Yes(evidence) = &mut page.document.confirmation {
            *evidence = evidences;
        }
        put(&name, page)?;
    }
    page.document.gradients.clear();
    if !notes.is_empty() {
        page.document.notes = notes;
        put("conventions", page)?;
        page.document.notes.clear();
    }
    if !legend.is_empty() {
        page.document.legend = legend;
        put("symbols", page)?;
    }
    Ok(())
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
