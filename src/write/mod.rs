//! From documents to text: one file per format. Writers see boxes, never terms.

mod dot;
mod flow;
mod html;
mod json;
mod latex;
mod layout;
mod markdown;
mod mathml;
mod outline;
mod page;
mod reading;
mod route;
mod runs;
mod sheet;
mod spell;
mod svg;
mod text;
mod tikz;
mod typst;

use std::io;

use crate::present::{Document, Picture};
pub use flow::{flow_html, flow_latex, flow_text};
pub use sheet::Sheet;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// LaTeX mathematics.
    Latex(Environment),
    /// LaTeX with words between the equations.
    Document(Extent),
    /// Markdown with LaTeX mathematics.
    Markdown(Extent),
    /// HTML with MathML.
    Html(Extent),
    /// Typst markup.
    Typst(Extent),
    /// Plain text with Unicode symbols.
    Text,
    /// For programs.
    Json,
    /// The document's picture of the network, and nothing else.
    Picture(Drawing),
}

/// A format for pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Drawing {
    /// For pages and printers.
    Svg,
    /// For LaTeX.
    Tikz,
    /// For Graphviz.
    Dot,
}

/// Whether a page stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Extent {
    /// A whole file, with preamble and headings.
    #[default]
    Page,
    /// What stands below the headings, for use inside another text.
    Fragment,
}

/// What stands around LaTeX equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Environment {
    /// `align*`
    #[default]
    AlignStar,
    /// `align`, with numbers
    Align,
    /// `aligned`, for use inside other mathematics
    Aligned,
    /// Nothing: one equation a line.
    None,
}

/// A document laid out in a format: its size is known, nothing is written yet.
pub fn lay_out(document: &Document, format: Format) -> Sheet<'_> {
    match format {
        Format::Latex(environment) => latex::lay_out(document, environment),
        Format::Document(extent) => page::lay_out(document, extent),
        Format::Markdown(extent) => markdown::lay_out(document, extent),
        Format::Html(extent) => html::lay_out(document, extent),
        Format::Typst(extent) => typst::lay_out(document, extent),
        Format::Text => text::lay_out(document),
        Format::Json => json::lay_out(document),
        Format::Picture(drawing) => {
            let mut sheet = Sheet::new(&document.boxes, text::spell);
            if let Some(picture) = &document.picture {
                sheet.text(draw(picture, drawing));
            }
            sheet
        }
    }
}

/// A picture in a format.
pub fn draw(picture: &Picture, drawing: Drawing) -> String {
    match drawing {
        Drawing::Svg => svg::file(picture),
        Drawing::Tikz => tikz::picture(picture),
        Drawing::Dot => dot::graph(picture),
    }
}

/// A file that takes in the parts of a document by the names of their files; only LaTeX and Typst have such.
pub fn lay_out_main<'a>(
    document: &'a Document,
    format: Format,
    files: &[String],
) -> Option<Sheet<'a>> {
    match format {
        Format::Document(_) => Some(page::main(document, files)),
        Format::Typst(_) => Some(typst::main(document, files)),
        Format::Latex(_)
        | Format::Markdown(_)
        | Format::Html(_)
        | Format::Text
        | Format::Json
        | Format::Picture(_) => None,
    }
}

/// A document as one text.
pub fn write(document: &Document, format: Format) -> String {
    let mut bytes = Vec::new();
    write_to(document, format, &mut bytes).expect("memory takes all that is written");
    String::from_utf8(bytes).expect("writers write text")
}

/// A document, written piece by piece.
///
/// # Errors
/// What the output says.
pub fn write_to(document: &Document, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
    lay_out(document, format).write_to(out)
}

/// One box as LaTeX.
pub fn latex_of(boxes: &crate::present::math::Boxes, id: crate::present::math::MathId) -> String {
    let mut sheet = Sheet::new(boxes, latex::spell);
    sheet.math(id);
    let mut bytes = Vec::new();
    sheet
        .write_to(&mut bytes)
        .expect("memory takes all that is written");
    assert_eq!(bytes.len() as u64, sheet.size());
    String::from_utf8(bytes).expect("writers write text")
}
