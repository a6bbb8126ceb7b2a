//! Regions of a text that a command fills, and the text with its regions filled.
//!
//! A region is what stands between two marks, comments of the text's own language on lines of their own:
//!
//! ```text
//! % chainrule derive mlp.net --wrt W        <!-- chainrule … -->        // chainrule …
//! % chainrule end                           <!-- chainrule end -->      // chainrule end
//! ```

use std::ops::Range;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser};

use crate::source::{Diagnostic, Report, Source, Span};

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Latex,
    Markdown,
    Typst,
}

impl Language {
    /// The language that a file's name says.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "tex" => Some(Language::Latex),
            "md" => Some(Language::Markdown),
            "typ" => Some(Language::Typst),
            _ => None,
        }
    }

    /// What begins and what ends a comment.
    fn comment(self) -> (&'static str, &'static str) {
        match self {
            Language::Latex => ("%", ""),
            Language::Markdown => ("<!--", "-->"),
            Language::Typst => ("//", ""),
        }
    }

    /// What a comment says to this program, if it does.
    fn said(self, line: &str) -> Option<&str> {
        let (begin, end) = self.comment();
        let inside = line.trim().strip_prefix(begin)?.strip_suffix(end)?;
        let said = inside.trim().strip_prefix("chainrule")?;
        said.starts_with(char::is_whitespace)
            .then(|| said.trim_start())
    }

    /// The lines of a text that can be marks. In Markdown, those in blocks of code are shown, not meant.
    fn lines(self, text: &str) -> Vec<Range<usize>> {
        match self {
            Language::Latex | Language::Typst => lines(text, 0..text.len()),
            Language::Markdown => Parser::new_ext(text, Options::ENABLE_TABLES)
                .into_offset_iter()
                .filter(|(event, _)| matches!(event, Event::Html(_)))
                .flat_map(|(_, range)| lines(text, range))
                .collect(),
        }
    }
}

/// The lines of a part of a text, without their ends; the first is whole also where the part begins behind its indent.
fn lines(text: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let mut start = text[..part.start].rfind('\n').map_or(0, |at| at + 1);
    let mut found = Vec::new();
    while start < part.end {
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        found.push(start..end);
        start = end + 1;
    }
    found
}

/// A region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    /// What fills it, as the first mark says: `derive mlp.net --wrt W`.
    pub(super) command: String,
    /// The line of the first mark.
    pub(super) mark: Span,
    /// What stands between the marks.
    body: Range<usize>,
}

/// The commands whose answers can stand in a text.
const COMMANDS: [&str; 3] = ["derive", "show", "list"];

/// The regions of a text.
///
/// # Errors
/// A region that is never closed, an end of none.
pub(super) fn regions(source: &Source, language: Language) -> Result<Vec<Region>, Report> {
    let mut regions = Vec::new();
    let mut open: Option<(String, Span)> = None;
    let mut mistakes = Vec::new();
    for line in language.lines(&source.text) {
        let span = Span::new(line.start, line.end);
        let Some(said) = language.said(&source.text[line]) else {
            continue;
        };
        if said == "end" {
            match open.take() {
                Some((command, mark)) => regions.push(Region {
                    command,
                    mark,
                    body: mark.end + 1..span.start,
                }),
                None => mistakes.push(
                    Diagnostic::error(
                        "region-not-open",
                        "a region ends that was not opened",
                        span,
                        "",
                    )
                    .help(format!(
                        "a region opens with {} and the rest of a command",
                        COMMANDS
                            .map(|name| format!("`chainrule {name}`"))
                            .join(", ")
                    )),
                ),
            }
        } else if COMMANDS.contains(&said.split_whitespace().next().unwrap_or_default())
            && let Some((_, mark)) = open.replace((said.to_owned(), span))
        {
            mistakes.push(never_closed(mark, language));
        }
    }
    if let Some((_, mark)) = open {
        mistakes.push(never_closed(mark, language));
    }
    Report::unless_empty(mistakes)?;
    Ok(regions)
}

fn never_closed(mark: Span, language: Language) -> Diagnostic {
    let (begin, end) = language.comment();
    Diagnostic::error(
        "region-never-closed",
        "this region is never closed",
        mark,
        "opened here",
    )
    .help(format!(
        "close it with a line `{}`",
        format!("{begin} chainrule end {end}").trim_end()
    ))
}

/// The text with the regions filled by their answers; outside of them no byte is changed.
pub(super) fn fill(
    text: &str,
    language: Language,
    regions: &[Region],
    answers: &[String],
) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut done = 0;
    for (region, answer) in regions.iter().zip(answers) {
        filled.push_str(&text[done..region.body.start]);
        let mark = &text[region.mark.start..region.body.start];
        let indent = &mark[..mark.len() - mark.trim_start().len()];
        let end = if mark.ends_with("\r\n") { "\r\n" } else { "\n" };
        // Markdown wants blank lines around what is no paragraph; to LaTeX and Typst they would be paragraphs.
        let apart = language == Language::Markdown;
        if apart {
            filled.push_str(end);
        }
        for line in answer.lines() {
            if !line.is_empty() {
                filled.push_str(indent);
                filled.push_str(line);
            }
            filled.push_str(end);
        }
        if apart {
            filled.push_str(end);
        }
        done = region.body.end;
    }
    filled.push_str(&text[done..]);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, language: Language) -> Vec<String> {
        regions(&Source::new("text", text), language)
            .expect("regions that are closed")
            .into_iter()
            .map(|region| region.command)
            .collect()
    }

    #[test]
    fn marks_are_comments_of_the_language() {
        let latex =
            "a\n  % chainrule derive a.net\nold\n%chainrule end\n% chainrule is a program\n";
        assert_eq!(found(latex, Language::Latex), ["derive a.net"]);
        let typst = "// chainrule show a.net\n// chainrule end";
        assert_eq!(found(typst, Language::Typst), ["show a.net"]);
        assert_eq!(found(typst, Language::Latex), Vec::<String>::new());
        let markdown = "- item\n\n  <!-- chainrule derive a.net -->\n\n  <!-- chainrule end -->\n\n```\n<!-- chainrule derive b.net -->\n```\n";
        assert_eq!(found(markdown, Language::Markdown), ["derive a.net"]);
    }

    #[test]
    fn nothing_outside_changes() {
        let text = "\u{feff}x\r\n\t% chainrule derive a.net\r\nold\r\n\t% chainrule end\r\nlast\t ";
        let source = Source::new("text", text);
        let regions = regions(&source, Language::Latex).expect("one region");
        let filled = fill(text, Language::Latex, &regions, &["a\n\nb\n".to_owned()]);
        assert_eq!(
            filled,
            "\u{feff}x\r\n\t% chainrule derive a.net\r\n\ta\r\n\r\n\tb\r\n\t% chainrule end\r\nlast\t "
        );
    }

    #[test]
    fn markdown_stands_apart() {
        let text = "<!-- chainrule list losses -->\n<!-- chainrule end -->\n";
        let source = Source::new("text", text);
        let found = regions(&source, Language::Markdown).expect("one region");
        let filled = fill(text, Language::Markdown, &found, &["| a |\n".to_owned()]);
        assert_eq!(
            filled,
            "<!-- chainrule list losses -->\n\n| a |\n\n<!-- chainrule end -->\n"
        );
        let source = Source::new("text", filled.clone());
        let again = regions(&source, Language::Markdown).expect("one region");
        assert_eq!(
            fill(&filled, Language::Markdown, &again, &["| a |\n".to_owned()]),
            filled
        );
    }
}
