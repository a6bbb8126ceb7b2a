//! What all writers share: a box is spelled as pieces of text and smaller boxes. Size and text come from
//! the same spelling, so that the size is known exactly before anything is written.

use std::borrow::Cow;
use std::io;

use crate::present::math::{Boxes, MathId};

/// A piece of a spelled box.
#[derive(Debug, Clone)]
pub(super) enum Piece<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A smaller box.
    Math(MathId),
}

impl<'a> Piece<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Piece::Text(Cow::Borrowed(text))
    }
}

/// Rows of cells, with what stands between two cells and between two rows.
pub(super) fn cells<'a>(
    rows: &'a [Box<[MathId]>],
    [between_cells, between_rows]: [&'a str; 2],
    pieces: &mut Vec<Piece<'a>>,
) {
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            pieces.push(Piece::text(between_rows));
        }
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                pieces.push(Piece::text(between_cells));
            }
            pieces.push(Piece::Math(*cell));
        }
    }
}

/// What stands at the ends of a spelled box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Edges {
    /// Whether it begins with a letter.
    pub(super) begins_with_letter: bool,
    /// Whether it ends with a control word, which would swallow a letter behind it.
    pub(super) ends_with_word: bool,
}

/// How one format spells boxes: pieces are pushed to the list.
pub(super) type Speller =
    for<'a> fn(boxes: &'a Boxes, id: MathId, edges: &[Edges], pieces: &mut Vec<Piece<'a>>);

/// How the text of boxes is written down.
pub(super) type Escape = for<'a> fn(&'a str) -> Cow<'a, str>;

/// All boxes of a document in one format: their sizes, and the text of those that occur often.
pub(super) struct Spelled<'a> {
    boxes: &'a Boxes,
    speller: Speller,
    escape: Escape,
    sizes: Vec<u64>,
    edges: Vec<Edges>,
    cached: Vec<Option<(usize, usize)>>,
    cache: Vec<u8>,
}

/// What is still to be written of a box, kept from one box to the next.
#[derive(Debug, Default)]
pub(super) struct Open<'a> {
    open: Vec<Piece<'a>>,
    pieces: Vec<Piece<'a>>,
}

/// Boxes above this size are put together from their parts.
const LARGEST_CACHED: u64 = 256 * 1024;
/// The memory for all cached boxes.
const CACHE: u64 = 32 * 1024 * 1024;

impl<'a> Spelled<'a> {
    pub(super) fn new(boxes: &'a Boxes, speller: Speller, escape: Escape) -> Self {
        let mut sizes: Vec<u64> = Vec::with_capacity(boxes.len());
        let mut edges: Vec<Edges> = Vec::with_capacity(boxes.len());
        let mut pieces = Vec::new();
        // Parts have smaller ids than the whole: one pass, whatever the depth.
        for at in 0..boxes.len() {
            pieces.clear();
            speller(boxes, MathId(at as u32), &edges, &mut pieces);
            let size = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => escape(text).len() as u64,
                    Piece::Math(id) => sizes[id.0 as usize],
                })
                .fold(0u64, u64::saturating_add);
            edges.push(edges_of(&pieces, &edges, &sizes));
            sizes.push(size);
        }
        Self {
            boxes,
            speller,
            escape,
            sizes,
            edges,
            cached: Vec::new(),
            cache: Vec::new(),
        }
    }

    /// The number of bytes of a box as it is written.
    pub(super) fn size(&self, id: MathId) -> u64 {
        self.sizes[id.0 as usize]
    }

    /// Keeps the text of the boxes that occur more than once, as far as memory for it goes.
    pub(super) fn fill_cache(&mut self) {
        let mut uses = vec![0u32; self.boxes.len()];
        for at in 0..self.boxes.len() {
            for part in self.boxes.get(MathId(at as u32)).parts() {
                uses[part.0 as usize] = uses[part.0 as usize].saturating_add(1);
            }
        }
        let mut cached = vec![None; self.boxes.len()];
        let mut cache: Vec<u8> = Vec::new();
        let mut open = Open::default();
        for at in 0..self.boxes.len() {
            let size = self.sizes[at];
            let worth = uses[at] > 1 && (16..=LARGEST_CACHED).contains(&size);
            if !worth || cache.len() as u64 + size > CACHE {
                continue;
            }
            let start = cache.len();
            self.copy(MathId(at as u32), &cached, &mut cache, &mut open);
            cached[at] = Some((start, cache.len()));
        }
        self.cached = cached;
        self.cache = cache;
    }

    /// Appends a box to the cache itself.
    fn copy(
        &self,
        id: MathId,
        cached: &[Option<(usize, usize)>],
        cache: &mut Vec<u8>,
        Open { open, pieces }: &mut Open<'a>,
    ) {
        open.push(Piece::Math(id));
        while let Some(piece) = open.pop() {
            match piece {
                Piece::Text(text) => {
                    cache.extend_from_slice((self.escape)(&text).as_bytes());
                }
                Piece::Math(id) => match cached[id.0 as usize] {
                    Some((start, end)) => cache.extend_from_within(start..end),
                    None => {
                        (self.speller)(self.boxes, id, &self.edges, pieces);
                        open.extend(pieces.drain(..).rev());
                    }
                },
            }
        }
    }

    /// Writes a box.
    pub(super) fn write(
        &self,
        id: MathId,
        Open { open, pieces }: &mut Open<'a>,
        out: &mut impl io::Write,
    ) -> io::Result<()> {
        open.push(Piece::Math(id));
        while let Some(piece) = open.pop() {
            match piece {
                Piece::Text(text) => out.write_all((self.escape)(&text).as_bytes())?,
                Piece::Math(id) => match self.cached.get(id.0 as usize).copied().flatten() {
                    Some((start, end)) => out.write_all(&self.cache[start..end])?,
                    None => {
                        (self.speller)(self.boxes, id, &self.edges, pieces);
                        open.extend(pieces.drain(..).rev());
                    }
                },
            }
        }
        Ok(())
    }
}

fn edges_of(pieces: &[Piece], edges: &[Edges], sizes: &[u64]) -> Edges {
    let filled = |piece: &&Piece| match piece {
        Piece::Text(text) => !text.is_empty(),
        Piece::Math(id) => sizes[id.0 as usize] > 0,
    };
    let begins_with_letter = match pieces.iter().find(filled) {
        Some(Piece::Text(text)) => text.starts_with(|c: char| c.is_ascii_alphabetic()),
        Some(Piece::Math(id)) => edges[id.0 as usize].begins_with_letter,
        None => false,
    };
    let ends_with_word = match pieces.iter().rev().find(filled) {
        Some(Piece::Text(text)) => ends_with_word(text),
        Some(Piece::Math(id)) => edges[id.0 as usize].ends_with_word,
        None => false,
    };
    Edges {
        begins_with_letter,
        ends_with_word,
    }
}

/// Whether the text ends with `\word`.
pub(super) fn ends_with_word(text: &str) -> bool {
    let stem = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    stem.len() < text.len() && stem.ends_with('\\')
}

/// Text as it is.
pub(super) fn verbatim(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}
