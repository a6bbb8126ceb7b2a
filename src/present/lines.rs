//! Long expressions in several lines, broken where an author would break them: before the signs of a sum.

use rustc_hash::{FxHashMap, FxHashSet};

use super::document::{Document, Inline};
use super::math::{BigOperator, Boxes, Fence, Math, MathId, Piece, Sign, Symbol};

/// What is too wide for one line.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    broken: FxHashMap<MathId, Box<[MathId]>>,
    apart: FxHashSet<MathId>,
}

impl Lines {
    /// The lines of an expression that is broken.
    pub fn of(&self, id: MathId) -> Option<&[MathId]> {
        self.broken.get(&id).map(|lines| &**lines)
    }

    /// Whether the reason for a local derivative does not fit beside it.
    pub fn apart(&self, id: MathId) -> bool {
        self.apart.contains(&id)
    }
}

/// How boxes are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// By a typesetter: scripts are small, fractions stand on each other.
    Typeset,
    /// In a line of letters of one width.
    Flat,
}

/// Widths are counted in digits: half a quad.
const EQUALS: f32 = 2.7;
const INDENT: f32 = 2.0;
/// Two quads and a pair of brackets.
const SPACE: f32 = 6.0;
const SCRIPT: f32 = 0.72;

impl Document {
    /// Breaks what is wider than `width` letters, left side and equals sign included.
    pub fn break_lines(&mut self, width: f32, setting: Setting) {
        let widths = widths(&self.boxes, setting);
        let wide = |id: MathId| widths[id.0 as usize];
        let mut members: Vec<(MathId, f32)> = Vec::new();
        let mut left: f32 = 0.0;
        for definition in &self.definitions {
            left = left.max(wide(definition.left));
            members.push((definition.right, definition.range.map_or(0.0, wide)));
        }
        for gradient in &self.gradients {
            left = left.max(wide(gradient.left));
            let (last, others) = gradient.members.split_last().expect("a chain has members");
            members.extend(others.iter().map(|member| (*member, 0.0)));
            members.push((*last, gradient.range.map_or(0.0, wide)));
            if let Some(entry) = &gradient.entry {
                left = left.max(wide(entry.left));
                members.extend(entry.members.iter().map(|member| (*member, 0.0)));
            }
            for local in &gradient.locals {
                left = left.max(wide(local.left));
                members.push((local.right, 0.0));
            }
        }
        // Equations below each other are aligned at their equals signs.
        let room = width - left - EQUALS;
        for local in self.gradients.iter().flat_map(|gradient| &gradient.locals) {
            let reason = local.why.iter().map(|inline| match inline {
                Inline::Words(words) => words.chars().count() as f32,
                Inline::Math(id) => wide(*id),
            });
            if wide(local.right) + SPACE + reason.sum::<f32>() > room {
                self.lines.apart.insert(local.right);
            }
        }
        for (member, beside) in members {
            let beside = if beside > 0.0 { beside + SPACE } else { 0.0 };
            if wide(member) + beside <= room || self.lines.broken.contains_key(&member) {
                continue;
            }
            let lines = broken(&self.boxes, member, &widths, room, beside);
            if lines.len() > 1 {
                let lines = lines.into_iter().map(|line| self.boxes.row(line)).collect();
                self.lines.broken.insert(member, lines);
            }
        }
    }
}

/// The parts of each line: as many summands as fit, and at least one.
fn broken(boxes: &Boxes, id: MathId, widths: &[f32], room: f32, beside: f32) -> Vec<Vec<MathId>> {
    let mut parts = Vec::new();
    flatten(boxes, id, &mut parts);
    let mut summands: Vec<Vec<MathId>> = vec![Vec::new()];
    for (at, part) in parts.iter().enumerate() {
        let after_sign = at == 0 || sign(boxes, parts[at - 1]).is_some();
        if !after_sign && matches!(sign(boxes, *part), Some(Sign::Plus | Sign::Minus)) {
            summands.push(Vec::new());
        }
        summands.last_mut().expect("one at least").push(*part);
    }
    let width = |parts: &[MathId]| -> f32 { parts.iter().map(|id| widths[id.0 as usize]).sum() };
    let mut lines: Vec<Vec<MathId>> = Vec::new();
    let mut taken = 0.0;
    let count = summands.len();
    for (at, summand) in summands.into_iter().enumerate() {
        let own = width(&summand);
        let last = if at + 1 == count { beside } else { 0.0 };
        match lines.last_mut() {
            Some(line) if taken + own + last <= room => {
                line.extend(summand);
                taken += own;
            }
            Some(_) => {
                lines.push(summand);
                taken = INDENT + own;
            }
            None => {
                lines.push(summand);
                taken = own;
            }
        }
    }
    lines
}

/// Long rows are rows of rows.
fn flatten(boxes: &Boxes, id: MathId, parts: &mut Vec<MathId>) {
    match boxes.get(id) {
        Math::Row(inner) => inner.iter().for_each(|part| flatten(boxes, *part, parts)),
        _ => parts.push(id),
    }
}

fn sign(boxes: &Boxes, id: MathId) -> Option<Sign> {
    match boxes.get(id) {
        Math::Symbol(Symbol::Sign(sign)) => Some(*sign),
        _ => None,
    }
}

/// How wide each box is, about: fonts differ, and margins forgive.
pub(super) fn widths(boxes: &Boxes, setting: Setting) -> Vec<f32> {
    let mut widths: Vec<f32> = Vec::with_capacity(boxes.len());
    // Parts have smaller ids than the whole.
    for at in 0..boxes.len() {
        let width = width(boxes.get(MathId(at as u32)), &widths, setting);
        widths.push(width);
    }
    widths
}

fn width(math: &Math, widths: &[f32], setting: Setting) -> f32 {
    let of = |id: &MathId| widths[id.0 as usize];
    let script = |id: &MathId| match setting {
        Setting::Typeset => SCRIPT * of(id),
        Setting::Flat => of(id),
    };
    let widest = |ids: &mut dyn Iterator<Item = f32>| ids.fold(0.0, f32::max);
    match math {
        Math::Symbol(symbol) => symbol_width(symbol),
        Math::Row(parts) => parts.iter().map(of).sum(),
        Math::Fraction(above, below) => match setting {
            Setting::Typeset => 0.5 + of(above).max(of(below)),
            Setting::Flat => 1.0 + of(above) + of(below),
        },
        Math::Root(body) => 1.7 + of(body),
        Math::Script { base, sub, sup } => {
            let [sub, sup] = [sub, sup].map(|id| id.as_ref().map_or(0.0, script));
            of(base)
                + match setting {
                    Setting::Typeset => sub.max(sup),
                    Setting::Flat => sub + sup,
                }
        }
        Math::Accent(_, body) => of(body),
        Math::Big { op, under, over } => {
            let own = match op {
                BigOperator::Sum | BigOperator::Product => 2.9,
                BigOperator::Max | BigOperator::Min => 3.5,
            };
            0.4 + widest(&mut [under, over].into_iter().flatten().map(script)).max(own)
        }
        Math::Stack(lines) => widest(&mut lines.iter().map(of)),
        Math::Matrix(rows) => {
            let row = |cells: &[MathId]| 2.0 + cells.iter().map(|cell| 2.0 + of(cell)).sum::<f32>();
            let mut widths = rows.iter().map(|cells| row(cells));
            match setting {
                Setting::Typeset => widest(&mut widths),
                Setting::Flat => widths.sum(),
            }
        }
        Math::Fence { kind, tall, body } => {
            of(body)
                + match (kind, tall) {
                    (Fence::Group, _) => 0.0,
                    (_, true) => 2.4,
                    (_, false) => 1.6,
                }
        }
        Math::Cases { rows, .. } => {
            5.0 + widest(&mut rows.iter().map(|(value, condition)| {
                of(value)
                    + condition
                        .as_ref()
                        .map_or(6.0, |condition| 2.0 + of(condition))
            }))
        }
        Math::Spelled(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Latex(latex) => command_width(latex),
                Piece::Math(id) => of(id),
            })
            .sum(),
        Math::Macro { body, .. } => of(body),
        Math::Brace { body, words } => of(body).max(SCRIPT * of(words)),
    }
}

fn symbol_width(symbol: &Symbol) -> f32 {
    match symbol {
        Symbol::Letter(letter) if letter.is_uppercase() => 1.6,
        Symbol::Letter(_) | Symbol::Greek(_) => 1.1,
        Symbol::Word(word) | Symbol::Label(word) | Symbol::Number(word) | Symbol::Text(word) => {
            word.chars().count() as f32
        }
        Symbol::Latex(latex) => 0.4 + command_width(latex),
        Symbol::Sign(sign) => match sign {
            Sign::Plus | Sign::Minus | Sign::Entrywise | Sign::EntrywiseQuotient | Sign::Cross => {
                2.4
            }
            Sign::Equals
            | Sign::NotEqual
            | Sign::Less
            | Sign::LessEqual
            | Sign::Greater
            | Sign::GreaterEqual
            | Sign::Element
            | Sign::Dots => EQUALS,
            Sign::Times | Sign::Divides => 1.5,
            Sign::Thin => 0.3,
            Sign::Prime | Sign::Comma | Sign::Colon | Sign::Semicolon => 0.6,
            Sign::ForAll
            | Sign::Partial
            | Sign::Differential
            | Sign::Pi
            | Sign::Slash
            | Sign::Reals
            | Sign::Delta
            | Sign::Transpose
            | Sign::Ones => 1.1,
        },
    }
}

/// The letters that LaTeX shows: those in braces, and one for each command without.
fn command_width(latex: &str) -> f32 {
    let mut shown = 0;
    let mut rest = latex;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '\\' => {
                let name = rest
                    .find(|c: char| !c.is_alphabetic())
                    .unwrap_or(rest.len());
                rest = &rest[name..];
                shown += usize::from(!rest.starts_with('{'));
            }
            '{' | '}' | '^' | '_' | ' ' => {}
            _ => shown += 1,
        }
    }
    shown as f32
}
