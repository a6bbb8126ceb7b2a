//! Which lines belong together: statements, the lines of `where`, `assume` and `write` blocks, and the
//! equations below a `for` line.

use crate::source::{Report, Span};

use super::brackets::{Line, lines};
use super::letters::continues_name;
use super::mistakes;

/// Words that begin a statement.
pub(super) const KEYWORDS: &[&str] = &[
    "index",
    "where",
    "param",
    "input",
    "target",
    "batch",
    "loss",
    "fn",
    "assume",
    "write",
    "convention",
    "grad",
    "hess",
    "for",
];

/// Words of other languages that cannot be names: what is written in their place.
const FOREIGN: &[(&str, &str)] = &[
    ("and", "conditions are joined by commas: `x > 0, y > 0`"),
    (
        "or",
        "write a branch for each condition: `{ u if x > 0; u if y > 0; v otherwise }`",
    ),
    (
        "not",
        "turn the comparison round: `x <= 0` in place of `not x > 0`",
    ),
    ("then", "write `{ u if x > 0; v otherwise }`"),
    ("else", "write `{ u if x > 0; v otherwise }`"),
];

/// Complains of a word that is no name, because it begins statements or would join conditions.
pub(super) fn check_is_name(word: &str, span: Span) -> Result<(), Report> {
    if KEYWORDS.contains(&word) {
        return Err(mistakes::keyword_as_name(span, word));
    }
    match FOREIGN.iter().find(|(foreign, _)| *foreign == word) {
        Some((_, instead)) => Err(mistakes::foreign_word(span, word, instead)),
        None => Ok(()),
    }
}

/// What a piece of text is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A statement of its own.
    Statement,
    /// A line of `where`.
    Declaration,
    /// A line of `assume`.
    Assumption,
    /// A line of `write`.
    Spelling,
    /// `for …` on a line of its own.
    For,
}

/// A piece of text that is read on its own.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Its text, without the keyword of its block.
    pub(super) span: Span,
    /// How to read it.
    pub(super) form: Form,
    /// The `for` lines above it, outermost first, as numbers of pieces.
    pub(super) below: Vec<usize>,
    /// Which block of its form it belongs to.
    pub(super) block: usize,
    /// How deep brackets are nested in it.
    pub(super) depth: usize,
}

/// A keyword with the lines below it.
#[derive(Debug)]
struct Block {
    form: Form,
    /// The column of its keyword.
    indent: usize,
    /// The column of its last item; lines that are indented deeper continue the item.
    item: Option<usize>,
    /// Whether the last item stands on the line of the keyword.
    inline: bool,
    /// Its number.
    number: usize,
}

#[derive(Debug, Default)]
struct Layout {
    pieces: Vec<Piece>,
    blocks: Vec<Block>,
    /// The column of the statement that is being read.
    indent: usize,
    /// Whether a `;` has ended the last piece.
    ended: bool,
    /// Number of blocks so far.
    count: usize,
}

/// Splits a text. `cuts` are starts of lines where a statement begins although a bracket is open.
pub(super) fn split(text: &str, cuts: &[usize]) -> Vec<Piece> {
    let mut layout = Layout::default();
    let mut depth: usize = 0;
    for line in lines(text) {
        if line.is_blank() {
            continue;
        }
        if cuts.binary_search(&line.start).is_ok() {
            depth = 0;
        }
        if depth == 0 {
            layout.begin_line(text, &line);
        }
        for &(at, sign) in &line.signs {
            match sign {
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    if let Some(piece) = layout.pieces.last_mut() {
                        piece.depth = piece.depth.max(depth);
                    }
                }
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b';' if depth == 0 => layout.end_statement(text, &line, at),
                _ => {}
            }
        }
        if let (false, Some(piece)) = (layout.ended, layout.pieces.last_mut()) {
            piece.span.end = line.end.max(piece.span.start);
        }
    }
    layout.pieces
}

impl Layout {
    /// Decides whether a line goes on with the piece before it, and begins a new one if not.
    fn begin_line(&mut self, text: &str, line: &Line) {
        let column = line.column(text, line.first);
        let may_continue = !self.pieces.is_empty() && !self.ended;
        if may_continue && begins_with_operator(&text[line.first..line.end]) {
            return;
        }
        while self
            .blocks
            .last()
            .is_some_and(|block| column <= block.indent)
        {
            self.blocks.pop();
        }
        match self.blocks.last_mut() {
            Some(block) => {
                if may_continue && block.item.is_some_and(|item| column > item) {
                    return;
                }
                block.item = Some(column);
                block.inline = false;
            }
            None => {
                if may_continue && column > self.indent {
                    return;
                }
                self.indent = column;
            }
        }
        self.begin_piece(text, line, line.first, column);
    }

    /// Begins a piece; a keyword with a block begins its block first.
    fn begin_piece(&mut self, text: &str, line: &Line, at: usize, column: usize) {
        let form = self
            .blocks
            .last()
            .map_or(Form::Statement, |block| match block.form {
                Form::For => Form::Statement,
                form => form,
            });
        if form != Form::Statement {
            let number = self.blocks.last().map_or(0, |block| block.number);
            self.push(at, form, number);
            return;
        }
        let rest = &text[at..line.end];
        let length = rest
            .find(|letter: char| !continues_name(letter))
            .unwrap_or(rest.len());
        let form = match &rest[..length] {
            "where" => Form::Declaration,
            "assume" => Form::Assumption,
            "write" => Form::Spelling,
            "for" => Form::For,
            _ => {
                self.push(at, Form::Statement, 0);
                return;
            }
        };
        self.count += 1;
        let number = self.count;
        if form == Form::For {
            self.push(at, form, number);
            let below = self.pieces.len() - 1;
            self.blocks.push(Block {
                form,
                indent: column,
                item: None,
                inline: true,
                number: below,
            });
            return;
        }
        let behind = &rest[length..];
        let blanks = behind.len() - behind.trim_start().len();
        let content = at + length + blanks;
        let inline = content < line.end && text.as_bytes()[content] != b';';
        self.blocks.push(Block {
            form,
            indent: column,
            item: inline.then(|| line.column(text, content)),
            inline,
            number,
        });
        self.push(content.min(line.end), form, number);
    }

    fn push(&mut self, at: usize, form: Form, block: usize) {
        let below = self
            .blocks
            .iter()
            .filter(|block| block.form == Form::For)
            .map(|block| block.number)
            .collect();
        self.ended = false;
        self.pieces.push(Piece {
            span: Span::new(at, at),
            form,
            below,
            block,
            depth: 0,
        });
    }

    /// A `;` outside brackets.
    fn end_statement(&mut self, text: &str, line: &Line, at: usize) {
        if let (false, Some(piece)) = (self.ended, self.pieces.last_mut()) {
            let kept = text[piece.span.start.min(at)..at].trim_end();
            piece.span.end = piece.span.start.min(at) + kept.len();
        }
        self.ended = true;
        let rest = &text[at + 1..line.end];
        let next = at + 1 + (rest.len() - rest.trim_start().len());
        if next >= line.end || text.as_bytes()[next] == b';' {
            return;
        }
        while self.blocks.last().is_some_and(|block| block.inline) {
            self.blocks.pop();
        }
        let column = self
            .blocks
            .last()
            .and_then(|block| block.item)
            .unwrap_or(self.indent);
        self.begin_piece(text, line, next, column);
    }
}

/// Whether a line goes on with the one before it.
fn begins_with_operator(line: &str) -> bool {
    const OPERATORS: &[char] = &[
        '+', '-', '−', '*', '·', '⋅', '×', '∗', '/', '÷', '.', '⊙', '⊘', '^', '=', '<', '>', '!',
        '≤', '≥', '≠', '→', ',',
    ];
    line.starts_with(OPERATORS)
}
