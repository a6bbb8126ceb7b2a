//! Mathematics as one line of text in pieces: upright or italic, smaller, higher or lower. For formats that set letters
//! themselves but know nothing of formulas.

use super::spell::Piece;
use super::text::{spell, spell_symbol};
use crate::present::math::{Accent, BigOperator, Boxes, Math, MathId, Symbol};

/// A piece of a line. All lengths are in units of the line's own font size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) italic: bool,
    /// The size of its letters.
    pub(super) size: f64,
    /// How far it stands above the line.
    pub(super) rise: f64,
    /// How far it is moved to the right, before it: to the left where it is negative.
    pub(super) moved: f64,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    /// About how wide it is: fonts differ.
    pub(super) width: f64,
    /// How far what follows is moved to the right.
    pub(super) moved: f64,
}

const SCRIPT: f64 = 0.72;
const RAISED: f64 = 0.38;
const LOWERED: f64 = -0.2;
/// How wide a mark over a letter is.
const MARK: f64 = 0.34;

/// A box as a line.
pub(super) fn line(boxes: &Boxes, id: MathId) -> Line {
    let mut setter = Setter {
        boxes,
        line: Line::default(),
        moved: 0.0,
    };
    setter.set(id, 1.0, 0.0);
    Line {
        moved: setter.moved,
        ..setter.line
    }
}

/// Words as a line.
pub(super) fn words(text: &str) -> Line {
    let mut line = Line::default();
    line.runs.push(Run {
        text: text.into(),
        italic: false,
        size: 1.0,
        rise: 0.0,
        moved: 0.0,
    });
    line.width = text.chars().map(|letter| advance(letter, false)).sum();
    line
}

impl Line {
    /// Another line behind it, after a space.
    pub(super) fn followed_by(mut self, next: Line, space: f64) -> Line {
        let mut moved = self.moved + space;
        self.runs.extend(next.runs.into_iter().map(|run| Run {
            moved: run.moved + std::mem::take(&mut moved),
            ..run
        }));
        self.width += space + next.width;
        self.moved = next.moved;
        self
    }
}

/// Lines one behind the other, with commas between.
pub(super) fn list(lines: impl IntoIterator<Item = Line>) -> Line {
    lines
        .into_iter()
        .reduce(|all, next| all.followed_by(words(","), 0.0).followed_by(next, 0.3))
        .unwrap_or_default()
}

struct Setter<'a> {
    boxes: &'a Boxes,
    line: Line,
    /// Where the next letter stands, from where the last one ended.
    moved: f64,
}

impl Setter<'_> {
    fn set(&mut self, id: MathId, size: f64, rise: f64) {
        match self.boxes.get(id) {
            Math::Symbol(symbol) => {
                let italic = matches!(
                    symbol,
                    Symbol::Letter(_) | Symbol::Greek(_) | Symbol::Word(_)
                );
                // Capital Greek letters are upright.
                let italic = italic
                    && !matches!(symbol, Symbol::Greek(name)
                        if name.starts_with(|letter: char| letter.is_ascii_uppercase()));
                self.push(&spell_symbol(symbol), italic, size, rise);
            }
            Math::Script { base, sub, sup } => {
                self.set(*base, size, rise);
                self.scripts(*sub, *sup, size, rise);
            }
            Math::Big { op, under, over } => {
                let sign = match op {
                    BigOperator::Sum => "∑",
                    BigOperator::Product => "∏",
                    BigOperator::Max => "max",
                    BigOperator::Min => "min",
                };
                self.push(sign, false, size, rise);
                self.scripts(*under, *over, size, rise);
                self.push(" ", false, size, rise);
            }
            Math::Accent(accent, body) => {
                let mark = match accent {
                    Accent::Hat => "ˆ",
                    Accent::Bar => "ˉ",
                    Accent::Tilde => "˜",
                };
                // Few fonts have marks for capitals: the mark is set over them.
                let before = self.line.width;
                self.set(*body, size, rise);
                let width = self.line.width - before;
                let beside = (width - MARK * size) / 2.0;
                self.moved += beside - width;
                let capital = matches!(self.boxes.get(*body),
                    Math::Symbol(Symbol::Letter(letter)) if letter.is_uppercase());
                let higher = if capital { 0.2 * size } else { 0.0 };
                self.push(mark, false, size, rise + higher);
                self.moved += beside;
                self.line.width = before + width;
            }
            Math::Macro { body, .. } | Math::Brace { body, .. } => self.set(*body, size, rise),
            Math::Row(_)
            | Math::Fraction(..)
            | Math::Root(_)
            | Math::Stack(_)
            | Math::Matrix(_)
            | Math::Fence { .. }
            | Math::Cases { .. }
            | Math::Spelled(_) => {
                let mut pieces = Vec::new();
                spell(self.boxes, id, &[], &mut pieces);
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => self.push(&text, false, size, rise),
                        Piece::Math(part) => self.set(part, size, rise),
                    }
                }
            }
        }
    }

    /// What stands below and above, one over the other.
    fn scripts(&mut self, sub: Option<MathId>, sup: Option<MathId>, size: f64, rise: f64) {
        let small = size * SCRIPT;
        let before = self.line.width;
        if let Some(sup) = sup {
            self.set(sup, small, rise + size * RAISED);
        }
        let above = self.line.width - before;
        let Some(sub) = sub else { return };
        self.moved -= above;
        self.line.width = before;
        self.set(sub, small, rise + size * LOWERED);
        let below = self.line.width - before;
        if above > below {
            self.moved += above - below;
            self.line.width = before + above;
        }
    }

    fn push(&mut self, text: &str, italic: bool, size: f64, rise: f64) {
        let text = text.replace('-', "−");
        self.line.width += size
            * text
                .chars()
                .map(|letter| advance(letter, italic))
                .sum::<f64>();
        let mark = |letter: char| ('\u{300}'..'\u{370}').contains(&letter);
        let moved = std::mem::take(&mut self.moved);
        match self.line.runs.last_mut() {
            Some(last)
                if moved == 0.0 && (last.italic, last.size, last.rise) == (italic, size, rise)
                    || text.chars().all(mark) =>
            {
                last.text.push_str(&text);
                self.moved = moved;
            }
            _ => self.line.runs.push(Run {
                text,
                italic,
                size,
                rise,
                moved,
            }),
        }
    }
}

/// How wide a letter is, about: that of a wide book face.
fn advance(letter: char, italic: bool) -> f64 {
    match letter {
        '\u{300}'..'\u{370}' => 0.0,
        'ˆ' | 'ˉ' | '˜' => MARK,
        ' ' | '.' | ',' | ';' | ':' | '|' | '\'' | '′' => 0.28,
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '(' | ')' | '[' | ']' | '{' | '}' | '/' => 0.38,
        'm' | 'w' | 'M' | 'W' => 0.86,
        'A'..='Z' | 'Α'..='Ω' => 0.72,
        'a'..='z' if italic => 0.5,
        'a'..='z' | '0'..='9' | 'α'..='ω' | '∂' => 0.54,
        '∑' | '∏' | '…' | '⊙' | 'ℝ' | '=' | '+' | '−' | '×' | '≤' | '≥' => 0.78,
        _ if letter.is_ascii() => 0.54,
        _ => 0.72,
    }
}
