//! A whole text: brackets, layout, then piece by piece.

use crate::source::{Report, Source, Span};

use super::brackets::{self, Brackets};
use super::grammar::{self, Rule};
use super::item::Reader;
use super::layers::{self, Written};
use super::layout::{self, Form, Piece};
use super::mistakes;
use super::scope::Scope;
use super::tree::{Declaration, Expr, Network, Range, Statement, StatementKind};

/// How large a text may be, in bytes.
const MAX_TEXT: usize = 16 << 20;
/// How large one statement may be, in bytes.
const MAX_STATEMENT: usize = 1 << 20;
/// How deep a formula may be nested, brackets and reductions together.
const MAX_NESTING: usize = 400;
/// Formulas nested deeper than this are read on a stack of their own.
const SHALLOW: usize = 16;
/// The size of that stack.
const DEEP_STACK: usize = 32 << 20;

/// Reads a network text.
///
/// # Errors
/// Everything that is wrong with its form, statement by statement; names, indices and ranges are checked when
/// the network is lowered.
pub fn parse(source: &Source) -> Result<Network, Report> {
    if source.text.len() > MAX_TEXT {
        return Err(mistakes::text_too_large(MAX_TEXT));
    }
    let text = brackets::without_comments(&source.text);
    read_text(&text)
}

/// Walks a network that was read, on a stack that holds its deepest formula wherever the caller runs. Nesting is bounded,
/// but a level takes several frames, large ones in a debug build. What is short cannot nest deeply: how much stack is left is
/// not even asked there, which would cost more than the walk.
pub(crate) fn with_stack_for<T>(network: &Network, work: impl FnOnce() -> T) -> T {
    const SHORT: usize = 64;
    const LEVEL: usize = 16 << 10;
    let statements = network.statements.iter();
    let lengths = statements.map(|statement| statement.span.end - statement.span.start);
    let longest = lengths.max().unwrap_or(0);
    if longest <= SHORT {
        return work();
    }
    let needed = longest.saturating_mul(LEVEL).min(16 << 20);
    stacker::maybe_grow(needed, 64 << 20, work)
}

fn read_text(text: &str) -> Result<Network, Report> {
    let strict = brackets::check(text);
    let brackets_match = strict.errors.is_empty();
    match read_pieces(text, strict) {
        Err(report) if brackets_match => {
            // Brackets may match by accident: one line's opening bracket, a later line's closing one.
            let by_lines = brackets::check_by_lines(text);
            if by_lines.errors.is_empty() {
                return Err(report);
            }
            read_pieces(text, by_lines)
        }
        result => result,
    }
}

/// Reads a text piece by piece; what is wrong with its brackets is known.
fn read_pieces(text: &str, brackets: Brackets) -> Result<Network, Report> {
    let pieces = layout::split(text, &brackets.cuts);
    let mut errors = brackets.errors;
    let broken: Vec<Span> = errors
        .iter()
        .flat_map(|error| error.labels.iter().map(|label| label.span))
        .collect();
    let is_broken = |piece: &Piece| {
        broken
            .iter()
            .any(|span| piece.span.start <= span.start && span.start < piece.span.end)
    };
    let (chain, written) = match chain_of(text, &pieces, is_broken) {
        Ok(Some((number, written))) => (Some(number), written),
        Ok(None) => (None, Vec::new()),
        Err(report) => {
            errors.extend_from_slice(report.diagnostics());
            (None, Vec::new())
        }
    };
    let layers: Vec<Vec<Piece>> = written
        .iter()
        .map(|written| layout::split(&written.text, &[]))
        .collect();
    let others = written.iter().map(|written| written.text.as_str());
    let others = others.zip(layers.iter().map(Vec::as_slice));
    let scope = Scope::new(
        std::iter::once((text, pieces.as_slice()))
            .chain(others)
            .collect(),
    );
    let mut parsed: Vec<Parsed> = Vec::with_capacity(pieces.len());
    for (number, piece) in pieces.iter().enumerate() {
        if chain == Some(number) {
            parsed.push(read_layers(&written, &layers, &scope)?);
            continue;
        }
        if is_broken(piece) || is_chain(text, piece) {
            parsed.push(Parsed::default());
            continue;
        }
        let above: Vec<Range> = piece
            .below
            .iter()
            .flat_map(|number| parsed[*number].ranges.iter().cloned())
            .collect();
        match read(text, &scope, &pieces, number, &above) {
            Ok(result) => parsed.push(result),
            Err(report) => {
                errors.extend_from_slice(report.diagnostics());
                parsed.push(Parsed::default());
            }
        }
    }
    Report::unless_empty(errors)?;
    share_ranges(&pieces, &mut parsed);
    let statements = parsed
        .into_iter()
        .flat_map(|result| result.statements)
        .collect();
    Ok(Network { statements })
}

fn is_chain(text: &str, piece: &Piece) -> bool {
    let content = &text[piece.span.start..piece.span.end];
    piece.form == Form::Statement && piece.below.is_empty() && grammar::arrow(content).is_some()
}

/// The number of the piece that is a chain of layers, with what it stands for.
fn chain_of(
    text: &str,
    pieces: &[Piece],
    is_broken: impl Fn(&Piece) -> bool,
) -> Result<Option<(usize, Vec<Written>)>, Report> {
    let mut chains = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| is_chain(text, piece) && !is_broken(piece));
    let Some((number, piece)) = chains.next() else {
        return Ok(None);
    };
    if let Some((_, second)) = chains.next() {
        return Err(mistakes::second_chain(second.span, piece.span));
    }
    if piece.span.end - piece.span.start > MAX_STATEMENT {
        return Err(mistakes::statement_too_large(piece.span, MAX_STATEMENT));
    }
    let scope = Scope::new(vec![(text, pieces)]);
    // What is wrong with other pieces is said when they are read.
    let declared: Vec<(Declaration, Vec<Range>)> = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| piece.form == Form::Declaration && !is_broken(piece))
        .filter_map(|(number, _)| read(text, &scope, pieces, number, &[]).ok())
        .flat_map(|parsed| parsed.statements)
        .filter_map(|statement| match statement.kind {
            StatementKind::Where(declarations, ranges) => Some((declarations, ranges)),
            _ => None,
        })
        .flat_map(|(declarations, ranges)| {
            declarations
                .into_iter()
                .map(move |declaration| (declaration, ranges.clone()))
        })
        .collect();
    let mut reader = reader(text, &scope, piece.span, piece.depth);
    let chain = on_stack(piece.depth, || {
        let content = &text[piece.span.start..piece.span.end];
        let pair = grammar::parse(Rule::chain_line, content, piece.span.start)?;
        reader.layer_chain(pair)
    })?;
    let written = layers::write_out(&chain, &scope, &declared)?;
    Ok(Some((number, written)))
}

/// Reads what a chain stands for; everything in it stands where its stage does.
fn read_layers(
    written: &[Written],
    layers: &[Vec<Piece>],
    scope: &Scope<'_>,
) -> Result<Parsed, Report> {
    let mut all = Parsed::default();
    for (written, pieces) in written.iter().zip(layers) {
        for number in 0..pieces.len() {
            let placed = |report: Report| report.placed_at(written.span);
            let parsed = read(&written.text, scope, pieces, number, &[]).map_err(placed)?;
            all.statements
                .extend(parsed.statements.into_iter().map(|mut statement| {
                    statement.place(written.span);
                    statement
                }));
        }
    }
    Ok(all)
}

/// Reads a formula on its own. The function `own`, if there is one, stands for its value, as in `with`.
///
/// # Errors
/// What is wrong with its form.
pub fn parse_formula(source: &Source, own: Option<&str>) -> Result<Expr, Report> {
    let text = brackets::without_comments(&source.text);
    let brackets = brackets::check(&text);
    Report::unless_empty(brackets.errors)?;
    let scope = Scope::new(vec![(&text, &[])]);
    let span = Span::new(0, text.len());
    let mut reader = reader(&text, &scope, span, brackets::MAX_DEPTH);
    reader.own = own.map(str::to_owned);
    // At most so deep: most formulas are short, and another stack costs more than reading them.
    let opening = text.bytes().filter(|byte| b"([{".contains(byte));
    on_stack(opening.count(), || {
        let pair = grammar::parse(Rule::formula, &text, 0)?;
        let formula = pair.into_inner().next().expect("a formula is not empty");
        reader.expr(formula)
    })
}

/// What one piece has given.
#[derive(Debug, Default)]
struct Parsed {
    statements: Vec<Statement>,
    /// The ranges of a `for` line.
    ranges: Vec<Range>,
}

fn reader<'a>(text: &'a str, scope: &'a Scope<'a>, span: Span, depth: usize) -> Reader<'a> {
    Reader {
        text,
        offset: span.start,
        scope,
        own: None,
        derivatives: false,
        max_chain: (MAX_NESTING / (depth + 1)).max(4),
        chain: 0,
    }
}

fn on_stack<T>(depth: usize, work: impl FnOnce() -> T) -> T {
    if depth > SHALLOW {
        stacker::grow(DEEP_STACK, work)
    } else {
        work()
    }
}

fn read(
    text: &str,
    scope: &Scope<'_>,
    pieces: &[Piece],
    number: usize,
    above: &[Range],
) -> Result<Parsed, Report> {
    let piece = &pieces[number];
    let content = &text[piece.span.start..piece.span.end];
    if content.is_empty() {
        let has_lines = pieces
            .iter()
            .skip(number + 1)
            .take_while(|next| next.block == piece.block && next.form == piece.form)
            .any(|next| next.span.start < next.span.end);
        return if has_lines {
            Ok(Parsed::default())
        } else {
            Err(mistakes::empty_block(piece.span))
        };
    }
    if content.len() > MAX_STATEMENT {
        return Err(mistakes::statement_too_large(piece.span, MAX_STATEMENT));
    }
    let rule = match piece.form {
        Form::Statement => Rule::statement,
        Form::Declaration => Rule::declaration_line,
        Form::Assumption => Rule::assumption_line,
        Form::Spelling => Rule::spelling_line,
        Form::For => Rule::for_line,
    };
    if !piece.below.is_empty() && !matches!(piece.form, Form::Statement | Form::For) {
        return Err(mistakes::no_equation_below_for(piece.span));
    }
    let mut reader = reader(text, scope, piece.span, piece.depth);
    on_stack(piece.depth, || {
        let pair = grammar::parse(rule, content, piece.span.start)?;
        if piece.form != Form::For {
            let statements = reader.statements(pair, piece.span, above)?;
            return Ok(Parsed {
                statements,
                ranges: Vec::new(),
            });
        }
        let has_equations = pieces
            .get(number + 1)
            .is_some_and(|next| next.below.contains(&number));
        if !has_equations {
            return Err(mistakes::for_without_equations(piece.span));
        }
        Ok(Parsed {
            statements: Vec::new(),
            ranges: reader.for_line(pair)?,
        })
    })
}

/// In `where`, the range of a letter covers the other lines of its block that use the letter, if the block
/// gives it one range only.
fn share_ranges(pieces: &[Piece], parsed: &mut [Parsed]) {
    let mut start = 0;
    while start < pieces.len() {
        let block = pieces[start].block;
        let is_where = pieces[start].form == Form::Declaration;
        let length = pieces[start..]
            .iter()
            .take_while(|piece| is_where && piece.block == block && piece.form == Form::Declaration)
            .count()
            .max(1);
        if length > 1 {
            share_in_block(&mut parsed[start..start + length]);
        }
        start += length;
    }
}

fn share_in_block(lines: &mut [Parsed]) {
    let mut ranges: Vec<Option<Range>> = Vec::new();
    let mut letters: Vec<String> = Vec::new();
    for range in lines.iter().flat_map(ranges_of) {
        match letters
            .iter()
            .position(|letter| *letter == range.letter.value)
        {
            None => {
                letters.push(range.letter.value.clone());
                ranges.push(Some(range.clone()));
            }
            Some(at) => {
                let same = ranges[at]
                    .as_ref()
                    .is_some_and(|known| known.says_the_same(range));
                if !same {
                    ranges[at] = None;
                }
            }
        }
    }
    for line in lines {
        for statement in &mut line.statements {
            let StatementKind::Where(declarations, own) = &mut statement.kind else {
                continue;
            };
            for range in ranges.iter().flatten() {
                let has_own = own
                    .iter()
                    .any(|known| known.letter.value == range.letter.value);
                let uses = declarations
                    .iter()
                    .any(|declaration| declaration.mentions(&range.letter.value));
                if uses && !has_own {
                    own.push(range.clone());
                }
            }
        }
    }
}

fn ranges_of(line: &Parsed) -> impl Iterator<Item = &Range> {
    line.statements
        .iter()
        .flat_map(|statement| match &statement.kind {
            StatementKind::Where(_, ranges) => ranges.as_slice(),
            _ => &[],
        })
}
