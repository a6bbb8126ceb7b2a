//! Hand-written LaTeX as a flat list of tokens, by `grammar/claim.pest`: nothing behind this looks for commands, braces
//! or the ends of lines in a text again.

use pest::Parser;
use pest::iterators::Pair;

use crate::source::Span;

/// The parser of `grammar/claim.pest`.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/claim.pest"]
struct Grammar;

/// One token with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind<'t>,
    /// As it is written.
    pub(super) text: &'t str,
    pub(super) span: Span,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind<'t> {
    /// Blanks, the end of a line of the file, `~`.
    Space,
    /// A control word or a control symbol, without its backslash.
    Command(&'t str),
    /// `\begin` with the name of its environment.
    Begin(&'t str),
    End(&'t str),
    /// `\left.`
    LeftNothing,
    /// `\right.`
    RightNothing,
    /// One of `(`, `[`, `{`.
    Open(char),
    Close(char),
    /// `|`
    Bar,
    /// `_` or `^`
    Script(char),
    Prime,
    /// A raised character.
    Raised(char),
    /// A lowered character.
    Lowered(char),
    Letter(char),
    Digit,
    /// `\\` with the extra space below it.
    LineEnd,
    /// `&`
    Cell,
    /// `$`, `\[`, the first line of a block of Markdown and the like.
    Delimiter,
    /// `#1`
    Parameter(usize),
    /// Text that is no mathematics.
    Verbatim,
    /// Any other sign, as it is written.
    Symbol,
}

/// A line of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeaderLine<'t> {
    /// What it speaks of: `where`, `about`, …
    pub(super) key: &'t str,
    /// What it says, behind the colon.
    pub(super) text: &'t str,
    /// Where that begins.
    pub(super) offset: usize,
}

/// The header and the tokens of a file, without its comments.
pub(super) fn document(text: &str) -> (Vec<HeaderLine<'_>>, Vec<Token<'_>>) {
    let mut header = Vec::new();
    let tokens = tokens(Rule::document, text, 0, &mut header);
    (header, tokens)
}

/// The tokens of a formula that begins at `offset` of its source.
pub(super) fn mathematics(text: &str, offset: usize) -> Vec<Token<'_>> {
    tokens(Rule::mathematics, text, offset, &mut Vec::new())
}

fn tokens<'t>(
    rule: Rule,
    text: &'t str,
    offset: usize,
    header: &mut Vec<HeaderLine<'t>>,
) -> Vec<Token<'t>> {
    let mut found = Vec::with_capacity(text.len());
    let whole = Grammar::parse(rule, text).expect("any sign is a token");
    for pair in whole.flat_map(Pair::into_inner) {
        let (rule, place) = (pair.as_rule(), pair.as_span());
        let first = || place.as_str().chars().next().unwrap_or_default();
        let inner = || pair.clone().into_inner();
        let argument = || inner().next().map_or("", |inner| inner.as_str());
        let kind = match rule {
            Rule::header => {
                let mut parts = inner().map(|part| part.as_span());
                if let (Some(key), Some(said)) = (parts.next(), parts.next()) {
                    header.push(HeaderLine {
                        key: key.as_str(),
                        text: said.as_str(),
                        offset: offset + said.start(),
                    });
                }
                continue;
            }
            Rule::space | Rule::newline | Rule::other_space => TokenKind::Space,
            Rule::command => TokenKind::Command(&place.as_str()[1..]),
            Rule::begin => TokenKind::Begin(argument()),
            Rule::end => TokenKind::End(argument()),
            Rule::left_nothing => TokenKind::LeftNothing,
            Rule::right_nothing => TokenKind::RightNothing,
            Rule::open => TokenKind::Open(first()),
            Rule::close => TokenKind::Close(first()),
            Rule::bar => TokenKind::Bar,
            Rule::script => TokenKind::Script(first()),
            Rule::prime => TokenKind::Prime,
            Rule::raised => TokenKind::Raised(first()),
            Rule::lowered => TokenKind::Lowered(first()),
            Rule::letter | Rule::other_letter => TokenKind::Letter(first()),
            Rule::digit => TokenKind::Digit,
            Rule::line_end => TokenKind::LineEnd,
            Rule::cell => TokenKind::Cell,
            Rule::delimiter | Rule::block_open | Rule::block_close => TokenKind::Delimiter,
            Rule::parameter => {
                TokenKind::Parameter(usize::from(place.as_str().as_bytes()[1] - b'0'))
            }
            Rule::verbatim => TokenKind::Verbatim,
            Rule::sign | Rule::other_sign => TokenKind::Symbol,
            _ => continue,
        };
        found.push(Token {
            kind,
            text: place.as_str(),
            span: Span::new(offset + place.start(), offset + place.end()),
        });
    }
    found
}

impl<'t> Token<'t> {
    /// The same at another place.
    pub(super) fn at(self, span: Span) -> Self {
        Self { span, ..self }
    }

    /// A space where it stands.
    pub(super) fn blanked(self) -> Self {
        Self {
            kind: TokenKind::Space,
            text: " ",
            span: self.span,
        }
    }

    pub(super) fn is_space(&self) -> bool {
        self.kind == TokenKind::Space
    }

    pub(super) fn is_symbol(&self, sign: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == sign
    }

    /// Whether it says that both sides are equal, be it by definition.
    pub(super) fn is_equality(&self) -> bool {
        self.is_symbol("=") || self.is_symbol(":=")
    }

    pub(super) fn is_command(&self, among: &[&str]) -> bool {
        matches!(self.kind, TokenKind::Command(name) if among.contains(&name))
    }

    /// Whether it is a brace that is printed, and opens.
    pub(super) fn opens_printed(&self) -> bool {
        self.is_command(&["{", "lbrace"])
    }

    /// Whether it is a bar as it stands behind what is evaluated.
    pub(super) fn is_bar(&self) -> bool {
        self.kind == TokenKind::Bar || self.is_command(&["vert", "rvert"])
    }
}

/// Tokens as they are written.
pub(super) fn text_of(tokens: &[Token<'_>]) -> String {
    tokens.iter().map(|token| token.text).collect()
}

/// The first place from `at` on where no space stands.
pub(super) fn behind_spaces(tokens: &[Token<'_>], at: usize) -> usize {
    let spaces = tokens[at..].iter().take_while(|token| token.is_space());
    at + spaces.count()
}

/// The last token that is no space, with what is before it.
pub(super) fn last<'s, 't>(tokens: &'s [Token<'t>]) -> Option<(&'s Token<'t>, &'s [Token<'t>])> {
    let at = tokens.iter().rposition(|token| !token.is_space())?;
    Some((&tokens[at], &tokens[..at]))
}

/// What stands in the bracket that is opened at a place, and the place behind it; brackets of other kinds do not count.
pub(super) fn inside<'s, 't>(
    tokens: &'s [Token<'t>],
    at: usize,
    open: char,
    close: char,
) -> Option<(&'s [Token<'t>], usize)> {
    if tokens.get(at)?.kind != TokenKind::Open(open) {
        return None;
    }
    let mut depth = 0;
    let end = (at..tokens.len()).find(|&at| {
        let kind = tokens[at].kind;
        if kind == TokenKind::Open(open) {
            depth += 1;
        } else if kind == TokenKind::Close(close) {
            depth -= 1;
        }
        depth == 0
    })?;
    Some((&tokens[at + 1..end], end + 1))
}

/// What stands in the braces that are opened at a place, and the place behind them.
pub(super) fn braced<'s, 't>(
    tokens: &'s [Token<'t>],
    at: usize,
) -> Option<(&'s [Token<'t>], usize)> {
    inside(tokens, at, '{', '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_tokens() {
        for text in [
            r"\frac12 x'_{ij}^{(k)} \\[4pt] &= W⁽ᵏ⁾ₙ \left. y \right|_{0} % where: x",
            "```\n% about: x\n``` $$ a $$ \\begin {cases} ~ \\end{cases} #1# := é \\",
            r"\\*[ -1.5ex plus 1ex] \\ [a] \left \{ \leftarrow.",
        ] {
            assert_eq!(text_of(&mathematics(text, 0)), text);
        }
    }

    #[test]
    fn the_header_stands_in_lines_of_its_own() {
        let text = "% about: dC/dw\nx % at: y\n  %where : z = 1\n% note: no\n50\\% = x";
        let (header, tokens) = document(text);
        let lines: Vec<(&str, &str)> = header.iter().map(|line| (line.key, line.text)).collect();
        assert_eq!(lines, [("about", " dC/dw"), ("where", " z = 1")]);
        assert_eq!(&text[header[1].offset..][..6], " z = 1");
        assert_eq!(text_of(&tokens).trim(), "x \n  \n\n50\\% = x");
    }

    #[test]
    fn the_extra_space_below_a_row_belongs_to_its_end() {
        let lengths = |text| mathematics(text, 0).first().map(|first| first.span.end);
        assert_eq!(lengths(r"\\[4pt] x"), Some(7));
        assert_eq!(lengths(r"\\ [.5\baselineskip]"), Some(20));
        assert_eq!(lengths(r"\\*"), Some(3));
        assert_eq!(lengths(r"\\[2x] + y"), Some(2));
    }
}
