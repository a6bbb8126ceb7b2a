//! MathML Core. Each box is one element, so that scripts and fractions always find the number of parts they need.

use std::borrow::Cow;

use super::reading::{Element, Hand, read};
use super::spell::{Edges, Piece, cells};
use crate::present::math::{
    Accent, BigOperator, Boxes, Fence, Math, MathId, Piece as SpelledPiece, Sign, Symbol,
};
use crate::syntax::greek_sign;
use crate::syntax::mathematics::Font;

pub(super) fn spell<'a>(
    boxes: &'a Boxes,
    id: MathId,
    _edges: &[Edges],
    pieces: &mut Vec<Piece<'a>>,
) {
    match boxes.get(id) {
        Math::Symbol(Symbol::Latex(latex)) => {
            pieces.extend(read::<Elements>(&[SpelledPiece::Latex(latex.clone())]));
        }
        Math::Symbol(symbol) => pieces.push(Piece::Text(spell_symbol(symbol))),
        Math::Row(parts) => element("mrow", parts, pieces),
        Math::Fraction(numerator, denominator) => {
            element("mfrac", &[*numerator, *denominator], pieces);
        }
        Math::Root(body) => element("msqrt", &[*body], pieces),
        Math::Script { base, sub, sup } => match (sub, sup) {
            (Some(sub), Some(sup)) => element("msubsup", &[*base, *sub, *sup], pieces),
            (Some(sub), None) => element("msub", &[*base, *sub], pieces),
            (None, Some(sup)) => element("msup", &[*base, *sup], pieces),
            (None, None) => pieces.push(Piece::Math(*base)),
        },
        Math::Accent(accent, body) => {
            let mark = match accent {
                Accent::Hat => "^",
                Accent::Bar => "¯",
                Accent::Tilde => "~",
            };
            pieces.extend(accented(mark, vec![Piece::Math(*body)]));
        }
        Math::Big { op, under, over } => {
            let name = match (under, over) {
                (Some(_), Some(_)) => Some("munderover"),
                (Some(_), None) => Some("munder"),
                (None, Some(_)) => Some("mover"),
                (None, None) => None,
            };
            if let Some(name) = name {
                pieces.push(Piece::Text(format!("<{name}>").into()));
            }
            pieces.push(Piece::text(match op {
                BigOperator::Sum => r#"<mo movablelimits="false">∑</mo>"#,
                BigOperator::Product => r#"<mo movablelimits="false">∏</mo>"#,
                BigOperator::Max => "<mi>max</mi>",
                BigOperator::Min => "<mi>min</mi>",
            }));
            pieces.extend(under.iter().chain(over).map(|id| Piece::Math(*id)));
            if let Some(name) = name {
                pieces.push(Piece::Text(format!("</{name}>").into()));
            }
        }
        Math::Stack(lines) => {
            pieces.push(Piece::text("<mtable>"));
            for line in lines {
                pieces.push(Piece::text("<mtr><mtd>"));
                pieces.push(Piece::Math(*line));
                pieces.push(Piece::text("</mtd></mtr>"));
            }
            pieces.push(Piece::text("</mtable>"));
        }
        Math::Fence { kind, tall, body } => {
            let (left, right) = match kind {
                Fence::Round => ("(", ")"),
                Fence::Square | Fence::Slot => ("[", "]"),
                Fence::Set => ("{", "}"),
                Fence::Bars => ("|", "|"),
                Fence::Norm => ("‖", "‖"),
                Fence::Group => {
                    pieces.push(Piece::Math(*body));
                    return;
                }
            };
            let bracket = |sign: &str, form: &str| {
                format!(r#"<mo form="{form}" stretchy="{tall}">{sign}</mo>"#)
            };
            pieces.push(Piece::Text(
                format!("<mrow>{}", bracket(left, "prefix")).into(),
            ));
            pieces.push(Piece::Math(*body));
            pieces.push(Piece::Text(
                format!("{}</mrow>", bracket(right, "postfix")).into(),
            ));
        }
        Math::Matrix(rows) => {
            pieces.push(Piece::text(
                r#"<mrow><mo form="prefix" stretchy="true">[</mo><mtable><mtr><mtd>"#,
            ));
            cells(rows, ["</mtd><mtd>", "</mtd></mtr><mtr><mtd>"], pieces);
            pieces.push(Piece::text(
                r#"</mtd></mtr></mtable><mo form="postfix" stretchy="true">]</mo></mrow>"#,
            ));
        }
        Math::Cases {
            rows,
            whole: _,
            when,
            otherwise,
        } => {
            pieces.push(Piece::text(
                r#"<mrow><mo form="prefix" stretchy="true">{</mo><mtable class="cases">"#,
            ));
            for (value, condition) in rows {
                pieces.push(Piece::text("<mtr><mtd>"));
                pieces.push(Piece::Math(*value));
                pieces.push(Piece::text("</mtd><mtd>"));
                match condition {
                    Some(condition) => {
                        pieces.extend([Piece::Math(*when), Piece::Math(*condition)]);
                    }
                    None => pieces.push(Piece::Math(*otherwise)),
                }
                pieces.push(Piece::text("</mtd></mtr>"));
            }
            pieces.push(Piece::text("</mtable></mrow>"));
        }
        Math::Spelled(parts) => pieces.extend(read::<Elements>(parts)),
        Math::Macro { body, .. } => pieces.push(Piece::Math(*body)),
        Math::Brace { body, words } => pieces.extend([
            Piece::text(r#"<munder><munder accentunder="true">"#),
            Piece::Math(*body),
            Piece::text(r#"<mo stretchy="true">⏟</mo></munder>"#),
            Piece::Math(*words),
            Piece::text("</munder>"),
        ]),
    }
}

fn element<'a>(name: &'static str, parts: &[MathId], pieces: &mut Vec<Piece<'a>>) {
    pieces.push(Piece::Text(format!("<{name}>").into()));
    pieces.extend(parts.iter().map(|part| Piece::Math(*part)));
    pieces.push(Piece::Text(format!("</{name}>").into()));
}

/// Text between tags, or in an attribute between double quotes.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '>', '&', '"']) {
        return Cow::Borrowed(text);
    }
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    Cow::Owned(escaped)
}

fn spell_symbol(symbol: &Symbol) -> Cow<'_, str> {
    let (open, text, close): (&str, Cow<str>, &str) = match symbol {
        Symbol::Letter(letter) => ("<mi>", letter.to_string().into(), "</mi>"),
        Symbol::Greek(name) => ("<mi>", greek_sign(name).into(), "</mi>"),
        Symbol::Word(word) => (r#"<mi class="word">"#, word.as_ref().into(), "</mi>"),
        Symbol::Label(word) | Symbol::Latex(word) => ("<mtext>", word.as_ref().into(), "</mtext>"),
        Symbol::Text(words) => ("<mtext>", words.replace(' ', "\u{a0}").into(), "</mtext>"),
        Symbol::Number(digits) => ("<mn>", digits.as_ref().into(), "</mn>"),
        Symbol::Sign(sign) => return spell_sign(*sign).into(),
    };
    Cow::Owned(format!("{open}{}{close}", escape(&text)))
}

fn spell_sign(sign: Sign) -> &'static str {
    match sign {
        Sign::Plus => "<mo>+</mo>",
        Sign::Minus => "<mo>−</mo>",
        Sign::Equals => "<mo>=</mo>",
        Sign::NotEqual => "<mo>≠</mo>",
        Sign::Less => "<mo>&lt;</mo>",
        Sign::LessEqual => "<mo>≤</mo>",
        Sign::Greater => "<mo>&gt;</mo>",
        Sign::GreaterEqual => "<mo>≥</mo>",
        Sign::Divides => "<mo>∣</mo>",
        Sign::Element => "<mo>∈</mo>",
        Sign::ForAll => r#"<mo rspace="0">∀</mo>"#,
        Sign::Partial => r#"<mo form="prefix" rspace="0">∂</mo>"#,
        Sign::Differential => "<mi>d</mi>",
        Sign::Pi => "<mi>π</mi>",
        Sign::Times => "<mo>·</mo>",
        Sign::Cross => "<mo>×</mo>",
        Sign::Slash => "<mo>/</mo>",
        Sign::Comma => "<mo>,</mo>",
        Sign::Colon => "<mo>:</mo>",
        Sign::Semicolon => "<mo>;</mo>",
        Sign::Prime => "<mo>′</mo>",
        Sign::Dots => "<mo>…</mo>",
        Sign::Reals => "<mi>ℝ</mi>",
        Sign::Delta => "<mi>δ</mi>",
        Sign::Thin => r#"<mspace width="0.17em"></mspace>"#,
        Sign::Entrywise => "<mo>⊙</mo>",
        Sign::EntrywiseQuotient => "<mo>⊘</mo>",
        Sign::Transpose => r#"<mi mathvariant="normal">⊤</mi>"#,
        Sign::Ones => "<mn>𝟏</mn>",
    }
}

/// How the author's LaTeX becomes elements.
struct Elements;

impl Hand for Elements {
    fn letter<'a>(letter: &str) -> Element<'a> {
        tagged("mi", letter)
    }

    fn sign<'a>(sign: &str) -> Element<'a> {
        tagged("mo", sign)
    }

    fn number<'a>(digit: &str) -> Element<'a> {
        tagged("mn", digit)
    }

    fn function<'a>(name: &str) -> Element<'a> {
        tagged("mi", name)
    }

    fn words<'a>(words: &str) -> Element<'a> {
        tagged("mtext", &words.replace(' ', "\u{a0}"))
    }

    fn styled<'a>(font: Font, words: &str) -> Element<'a> {
        let letters: String = words.chars().map(|c| styled(font, c)).collect();
        tagged("mi", &letters)
    }

    fn space<'a>() -> Element<'a> {
        vec![Piece::text(r#"<mspace width="0.2em"></mspace>"#)]
    }

    fn row<'a>(elements: Vec<Element<'a>>) -> Element<'a> {
        wrapped("mrow", elements)
    }

    fn scripts<'a>(
        base: Element<'a>,
        sub: Option<Element<'a>>,
        sup: Option<Element<'a>>,
    ) -> Element<'a> {
        match (sub, sup) {
            (None, None) => base,
            (Some(sub), None) => wrapped("msub", vec![base, sub]),
            (None, Some(sup)) => wrapped("msup", vec![base, sup]),
            (Some(sub), Some(sup)) => wrapped("msubsup", vec![base, sub, sup]),
        }
    }

    fn accented<'a>(mark: &str, body: Element<'a>) -> Element<'a> {
        accented(mark, body)
    }

    fn root<'a>(body: Element<'a>) -> Element<'a> {
        wrapped("msqrt", vec![body])
    }

    fn fraction<'a>(above: Element<'a>, below: Element<'a>) -> Element<'a> {
        wrapped("mfrac", vec![above, below])
    }
}

fn tagged<'a>(name: &str, text: &str) -> Element<'a> {
    vec![Piece::Text(
        format!("<{name}>{}</{name}>", escape(text)).into(),
    )]
}

fn wrapped<'a>(name: &str, parts: Vec<Element<'a>>) -> Element<'a> {
    let mut element = vec![Piece::Text(format!("<{name}>").into())];
    element.extend(parts.into_iter().flatten());
    element.push(Piece::Text(format!("</{name}>").into()));
    element
}

fn accented<'a>(mark: &str, body: Element<'a>) -> Element<'a> {
    let mut element = vec![Piece::text(r#"<mover accent="true">"#)];
    element.extend(body);
    element.push(Piece::Text(
        format!(r#"<mo stretchy="false">{mark}</mo></mover>"#).into(),
    ));
    element
}

/// A character of mathematics in a font; Unicode keeps some letters elsewhere.
fn styled(font: Font, letter: char) -> char {
    let elsewhere = match (font, letter) {
        (Font::Blackboard, 'C') => Some('ℂ'),
        (Font::Blackboard, 'H') => Some('ℍ'),
        (Font::Blackboard, 'N') => Some('ℕ'),
        (Font::Blackboard, 'P') => Some('ℙ'),
        (Font::Blackboard, 'Q') => Some('ℚ'),
        (Font::Blackboard, 'R') => Some('ℝ'),
        (Font::Blackboard, 'Z') => Some('ℤ'),
        (Font::Script, 'B') => Some('ℬ'),
        (Font::Script, 'E') => Some('ℰ'),
        (Font::Script, 'F') => Some('ℱ'),
        (Font::Script, 'H') => Some('ℋ'),
        (Font::Script, 'I') => Some('ℐ'),
        (Font::Script, 'L') => Some('ℒ'),
        (Font::Script, 'M') => Some('ℳ'),
        (Font::Script, 'R') => Some('ℛ'),
        (Font::Script, 'e') => Some('ℯ'),
        (Font::Script, 'g') => Some('ℊ'),
        (Font::Script, 'o') => Some('ℴ'),
        _ => None,
    };
    let first: u32 = match font {
        Font::Bold => 0x1D400,
        Font::BoldItalic => 0x1D468,
        Font::Blackboard => 0x1D538,
        Font::Script => 0x1D49C,
        Font::Sans => 0x1D5A0,
    };
    let at = match letter {
        'A'..='Z' => Some(letter as u32 - 'A' as u32),
        'a'..='z' => Some(letter as u32 - 'a' as u32 + 26),
        _ => None,
    };
    let digit = match (font, letter) {
        (Font::Bold, '0'..='9') => char::from_u32(0x1D7CE + (letter as u32 - '0' as u32)),
        _ => None,
    };
    elsewhere
        .or(digit)
        .or_else(|| char::from_u32(first + at?))
        .unwrap_or(letter)
}
