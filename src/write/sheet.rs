//! A document laid out: text with boxes in it, of known size.

use std::borrow::Cow;
use std::io;

use super::spell::{Escape, Open, Spelled, Speller, verbatim};
use crate::present::Lines;
use crate::present::math::{Boxes, MathId};

/// A laid-out document.
pub struct Sheet<'a> {
    boxes: &'a Boxes,
    /// How boxes are spelled; the first is the format's own.
    voices: Vec<Spelled<'a>>,
    parts: Vec<Part<'a>>,
    broken: Option<&'a Lines>,
}

enum Part<'a> {
    Text(Cow<'a, str>),
    Math(Voice, MathId),
}

/// A way of spelling boxes in a sheet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice(usize);

impl<'a> Sheet<'a> {
    pub(super) fn new(boxes: &'a Boxes, speller: Speller) -> Self {
        Self::escaping(boxes, speller, verbatim)
    }

    /// A sheet whose boxes, but not its text, are written by `escape`.
    pub(super) fn escaping(boxes: &'a Boxes, speller: Speller, escape: Escape) -> Self {
        Self {
            boxes,
            voices: vec![Spelled::new(boxes, speller, escape)],
            parts: Vec::new(),
            broken: None,
        }
    }

    pub(super) fn text(&mut self, text: impl Into<Cow<'a, str>>) {
        self.parts.push(Part::Text(text.into()));
    }

    /// Another way of spelling, for boxes that are said twice.
    pub(super) fn voice(&mut self, speller: Speller, escape: Escape) -> Voice {
        self.voices.push(Spelled::new(self.boxes, speller, escape));
        Voice(self.voices.len() - 1)
    }

    /// The same sheet, with these expressions in several lines.
    pub(super) fn breaking(mut self, lines: &'a Lines) -> Self {
        self.broken = Some(lines);
        self
    }

    /// An expression, in several lines if it is broken.
    pub(super) fn lines(&mut self, id: MathId, end: &'static str) {
        match self.broken.and_then(|lines| lines.of(id)) {
            Some(lines) => {
                for (at, line) in lines.iter().enumerate() {
                    if at > 0 {
                        self.text(end);
                    }
                    self.math(*line);
                }
            }
            None => self.math(id),
        }
    }

    /// What stands before a reason: the usual space, or the end of a line where the expression leaves no room.
    pub(super) fn before_reason(&mut self, id: MathId, space: &'static str, end: &'static str) {
        let apart = self.broken.is_some_and(|lines| lines.apart(id));
        self.text(if apart { end } else { space });
    }

    pub(super) fn math(&mut self, id: MathId) {
        self.math_in(Voice(0), id);
    }

    pub(super) fn math_in(&mut self, voice: Voice, id: MathId) {
        self.parts.push(Part::Math(voice, id));
    }

    /// The number of bytes that will be written.
    pub fn size(&self) -> u64 {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.len() as u64,
                Part::Math(voice, id) => self.voices[voice.0].size(*id),
            })
            .fold(0u64, u64::saturating_add)
    }

    /// Writes it piece by piece; the whole text is never in memory.
    ///
    /// # Errors
    /// What the output says.
    pub fn write_to(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        for voice in &mut self.voices {
            voice.fill_cache();
        }
        let mut out = io::BufWriter::with_capacity(64 * 1024, out);
        let mut open = Open::default();
        for part in &self.parts {
            match part {
                Part::Text(text) => io::Write::write_all(&mut out, text.as_bytes())?,
                Part::Math(voice, id) => self.voices[voice.0].write(*id, &mut open, &mut out)?,
            }
        }
        io::Write::flush(&mut out)
    }
}
