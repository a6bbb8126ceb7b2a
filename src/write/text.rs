//! Plain text with Unicode symbols, one line an equation.

use std::borrow::Cow;

use super::latex::confirmation_lines;
use super::sheet::Sheet;
use super::spell::{Edges, Piece, cells};
use crate::present::math::{
    Accent, BigOperator, Boxes, Fence, Math, MathId, Piece as SpelledPiece, Sign, Symbol,
};
use crate::present::{Document, Inline, LocalRow, Meaning, Prose};
use crate::syntax::greek_sign;
use crate::words::filled;

pub(super) fn lay_out(document: &Document) -> Sheet<'_> {
    let mut sheet = Sheet::new(&document.boxes, spell).breaking(&document.lines);
    let words = document.words;
    for definition in &document.definitions {
        sheet.math(definition.left);
        sheet.text(" = ");
        sheet.lines(definition.right, BREAK);
        range(&mut sheet, definition.range);
        sheet.text("\n");
    }
    for gradient in &document.gradients {
        if let Some(entry) = &gradient.entry {
            chain(&mut sheet, entry.left, &entry.members);
            sheet.text("\n");
            locals(&mut sheet, &gradient.locals);
        }
        chain(&mut sheet, gradient.left, &gradient.members);
        range(&mut sheet, gradient.range);
        for (at, place) in gradient.except.iter().enumerate() {
            sheet.text(if at == 0 { "   " } else { ", " });
            prose(&mut sheet, place);
        }
        for (at, condition) in gradient.valid_if.iter().enumerate() {
            if at == 0 {
                sheet.text(format!("   {}", words.conditions.valid_if));
            } else {
                sheet.text(", ");
            }
            prose(&mut sheet, condition);
        }
        if let Some(why) = &gradient.why_index {
            let aside = filled(words.index_form.aside, &[("why", why)]);
            sheet.text(format!("   ({aside})"));
        }
        if let Some(tag) = &gradient.tag {
            sheet.text(format!("   ({})", tag.number));
        }
        sheet.text("\n");
        if gradient.entry.is_none() {
            locals(&mut sheet, &gradient.locals);
        }
    }
    for note in &document.notes {
        if !document.gradients.is_empty() {
            sheet.text(words.conditions.with.to_owned());
        }
        prose(&mut sheet, note);
        sheet.text("\n");
    }
    if !document.legend.is_empty() {
        sheet.text("\n");
    }
    for row in &document.legend {
        sheet.math(row.symbol);
        match row.meaning {
            Some(Meaning::In(set)) => {
                sheet.text(" ∈ ");
                sheet.math(set);
            }
            Some(Meaning::Is(value)) => {
                sheet.text(" = ");
                sheet.math(value);
            }
            None => {}
        }
        if !row.words.is_empty() {
            sheet.text(format!("   {}", row.words));
        }
        range(&mut sheet, row.range);
        sheet.text("\n");
    }
    for line in confirmation_lines(document) {
        sheet.text(format!("{line}\n"));
    }
    sheet
}

/// Where a line ends and goes on.
const BREAK: &str = "\n      ";

fn chain(sheet: &mut Sheet, left: MathId, members: &[MathId]) {
    sheet.math(left);
    for (at, member) in members.iter().enumerate() {
        sheet.text(if at == 0 { " = " } else { "\n    = " });
        sheet.lines(*member, BREAK);
    }
}

fn locals(sheet: &mut Sheet, locals: &[LocalRow]) {
    for local in locals {
        sheet.text("    ");
        sheet.math(local.left);
        sheet.text(" = ");
        sheet.lines(local.right, BREAK);
        sheet.before_reason(local.right, "   ", BREAK);
        sheet.text("(");
        prose(sheet, &local.why);
        sheet.text(")\n");
    }
}

fn range(sheet: &mut Sheet, range: Option<MathId>) {
    if let Some(range) = range {
        sheet.text("   (");
        sheet.math(range);
        sheet.text(")");
    }
}

fn prose(sheet: &mut Sheet, prose: &Prose) {
    for inline in prose {
        match inline {
            Inline::Words(words) => sheet.text(words.clone()),
            Inline::Math(id) => sheet.math(*id),
        }
    }
}

/// One after the other.
fn row<'a>(boxes: &Boxes, parts: &[MathId], pieces: &mut Vec<Piece<'a>>) {
    for (at, part) in parts.iter().enumerate() {
        // A sign in front belongs to what follows it.
        let signed = at > 0
            && is_addition(boxes, parts[at - 1])
            && (at == 1 || is_separator(boxes, parts[at - 2]));
        let sign = at > 0 && is_addition(boxes, *part) && is_separator(boxes, parts[at - 1]);
        if at > 0 && !signed && !sign && apart(boxes, parts[at - 1], *part) {
            pieces.push(Piece::text(" "));
        }
        pieces.push(Piece::Math(*part));
    }
}

/// `k = 1..K, i = c`: the last value stands with the first, before further conditions.
fn bounds<'a>(boxes: &Boxes, under: MathId, over: Option<MathId>, pieces: &mut Vec<Piece<'a>>) {
    let is_comma =
        |part: &MathId| matches!(boxes.get(*part), Math::Symbol(Symbol::Sign(Sign::Comma)));
    let whole = [under];
    if let (Math::Stack(lines), Some(over)) = (boxes.get(under), over) {
        pieces.extend([Piece::Math(lines[0]), Piece::text(".."), Piece::Math(over)]);
        for line in &lines[1..] {
            pieces.extend([Piece::text(", "), Piece::Math(*line)]);
        }
        return;
    }
    let (first, others) = match boxes.get(under) {
        Math::Row(parts) => {
            let at = parts.iter().take_while(|part| !is_comma(part)).count();
            parts.split_at(at)
        }
        _ => whole.split_at(1),
    };
    row(boxes, first, pieces);
    if let Some(over) = over {
        pieces.extend([Piece::text(".."), Piece::Math(over)]);
    }
    row(boxes, others, pieces);
}

pub(super) fn spell<'a>(
    boxes: &'a Boxes,
    id: MathId,
    _edges: &[Edges],
    pieces: &mut Vec<Piece<'a>>,
) {
    match boxes.get(id) {
        Math::Symbol(symbol) => pieces.push(Piece::Text(spell_symbol(symbol))),
        Math::Row(parts) => row(boxes, parts, pieces),
        Math::Fraction(numerator, denominator) => {
            let derivative = starts_with_partial(boxes, *numerator);
            operand(boxes, *numerator, derivative, pieces);
            pieces.push(Piece::text("/"));
            operand(boxes, *denominator, derivative, pieces);
        }
        Math::Root(body) => {
            pieces.extend([Piece::text("√("), Piece::Math(*body), Piece::text(")")]);
        }
        Math::Script { base, sub, sup } => {
            pieces.push(Piece::Math(*base));
            // A layer stands in front of elements, `z⁽¹⁾ⱼ`, a power or a transpose behind them, `z₁²`.
            let behind = sup.is_some_and(|sup| !is_slot(boxes, sup));
            if let (Some(sup), false) = (sup, behind) {
                script(boxes, *sup, "^", raised, pieces);
            }
            if let Some(sub) = sub {
                script(boxes, *sub, "_", lowered, pieces);
            }
            if let (Some(sup), true) = (sup, behind) {
                script(boxes, *sup, "^", raised, pieces);
            }
        }
        Math::Accent(accent, body) => {
            pieces.push(Piece::Math(*body));
            pieces.push(Piece::text(match accent {
                Accent::Hat => "\u{302}",
                Accent::Bar => "\u{304}",
                Accent::Tilde => "\u{303}",
            }));
        }
        Math::Big { op, under, over } => {
            pieces.push(Piece::text(match op {
                BigOperator::Sum => "Σ",
                BigOperator::Product => "Π",
                BigOperator::Max => "max",
                BigOperator::Min => "min",
            }));
            if let Some(under) = under {
                pieces.push(Piece::text("_{"));
                bounds(boxes, *under, *over, pieces);
                pieces.push(Piece::text("}"));
            }
            pieces.push(Piece::text(" "));
        }
        Math::Stack(lines) => {
            for (at, line) in lines.iter().enumerate() {
                if at > 0 {
                    pieces.push(Piece::text(", "));
                }
                pieces.push(Piece::Math(*line));
            }
        }
        Math::Fence {
            kind,
            tall: _,
            body,
        } => {
            let (left, right) = match kind {
                Fence::Round => ("(", ")"),
                Fence::Square | Fence::Slot => ("[", "]"),
                Fence::Set => ("{", "}"),
                Fence::Bars => ("|", "|"),
                Fence::Norm => ("‖", "‖"),
                Fence::Group => ("", ""),
            };
            pieces.extend([Piece::text(left), Piece::Math(*body), Piece::text(right)]);
        }
        Math::Matrix(rows) => {
            pieces.push(Piece::text("["));
            cells(rows, [", ", "; "], pieces);
            pieces.push(Piece::text("]"));
        }
        Math::Cases {
            rows: branches,
            whole: _,
            when,
            otherwise,
        } => {
            pieces.push(Piece::text("{ "));
            for (at, (value, condition)) in branches.iter().enumerate() {
                if at > 0 {
                    pieces.push(Piece::text("; "));
                }
                pieces.push(Piece::Math(*value));
                pieces.push(Piece::text(" "));
                match condition {
                    Some(condition) => {
                        pieces.extend([Piece::Math(*when), Piece::Math(*condition)]);
                    }
                    None => pieces.push(Piece::Math(*otherwise)),
                }
            }
            pieces.push(Piece::text(" }"));
        }
        Math::Spelled(parts) => {
            for part in parts {
                match part {
                    SpelledPiece::Latex(latex) => pieces.push(Piece::Text(unlatex(latex).into())),
                    SpelledPiece::Math(id) => pieces.push(Piece::Math(*id)),
                }
            }
        }
        Math::Macro { body, .. } | Math::Brace { body, .. } => pieces.push(Piece::Math(*body)),
    }
}

/// Whether what stands above is the number of a layer or step: in brackets, or a letter.
fn is_slot(boxes: &Boxes, sup: MathId) -> bool {
    match boxes.get(sup) {
        Math::Fence { .. } => true,
        Math::Symbol(symbol) => matches!(symbol, Symbol::Letter(_) | Symbol::Greek(_)),
        Math::Row(parts) => parts.first().is_some_and(|first| is_slot(boxes, *first)),
        Math::Script { base, .. } => is_slot(boxes, *base),
        Math::Macro { body, .. } => is_slot(boxes, *body),
        Math::Fraction(..)
        | Math::Root(_)
        | Math::Accent(..)
        | Math::Big { .. }
        | Math::Stack(_)
        | Math::Matrix(_)
        | Math::Cases { .. }
        | Math::Spelled(_)
        | Math::Brace { .. } => false,
    }
}

/// Whether a fraction is a derivative: `∂C/∂z` needs no brackets.
fn starts_with_partial(boxes: &Boxes, id: MathId) -> bool {
    match boxes.get(id) {
        Math::Symbol(Symbol::Sign(Sign::Partial | Sign::Differential)) => true,
        Math::Row(parts) => parts
            .first()
            .is_some_and(|first| starts_with_partial(boxes, *first)),
        Math::Script { base, .. } => starts_with_partial(boxes, *base),
        Math::Symbol(_)
        | Math::Fraction(..)
        | Math::Root(_)
        | Math::Accent(..)
        | Math::Big { .. }
        | Math::Stack(_)
        | Math::Matrix(_)
        | Math::Fence { .. }
        | Math::Cases { .. }
        | Math::Spelled(_)
        | Math::Macro { .. }
        | Math::Brace { .. } => false,
    }
}

/// One side of a fraction in a line: in brackets unless it is a single thing.
fn operand<'a>(boxes: &Boxes, id: MathId, derivative: bool, pieces: &mut Vec<Piece<'a>>) {
    let single = match boxes.get(id) {
        Math::Symbol(_)
        | Math::Root(_)
        | Math::Script { .. }
        | Math::Accent(..)
        | Math::Matrix(_)
        | Math::Fence { .. } => true,
        Math::Row(parts) => {
            derivative && parts.len() == 2 && !matches!(boxes.get(parts[1]), Math::Fraction(..))
        }
        Math::Fraction(..)
        | Math::Big { .. }
        | Math::Stack(_)
        | Math::Cases { .. }
        | Math::Spelled(_)
        | Math::Macro { .. }
        | Math::Brace { .. } => false,
    };
    if single {
        pieces.push(Piece::Math(id));
    } else {
        pieces.extend([Piece::text("("), Piece::Math(id), Piece::text(")")]);
    }
}

/// Whether two neighbours need a space to be told apart.
fn apart(boxes: &Boxes, left: MathId, right: MathId) -> bool {
    #[derive(PartialEq)]
    enum Kind {
        Relation,
        Addition,
        Separator,
        Partial,
        Big,
        Function,
        Fence,
        Other,
    }
    let kind = |id: MathId| match boxes.get(id) {
        Math::Symbol(Symbol::Sign(sign)) => match sign {
            Sign::Equals
            | Sign::NotEqual
            | Sign::Less
            | Sign::LessEqual
            | Sign::Greater
            | Sign::GreaterEqual
            | Sign::Element
            | Sign::Divides
            | Sign::Cross
            | Sign::Times
            | Sign::Entrywise
            | Sign::EntrywiseQuotient => Kind::Relation,
            Sign::Plus | Sign::Minus => Kind::Addition,
            Sign::Partial | Sign::Differential | Sign::ForAll => Kind::Partial,
            Sign::Comma
            | Sign::Colon
            | Sign::Semicolon
            | Sign::Slash
            | Sign::Prime
            | Sign::Thin => Kind::Separator,
            Sign::Pi | Sign::Dots | Sign::Reals | Sign::Delta | Sign::Transpose | Sign::Ones => {
                Kind::Other
            }
        },
        Math::Symbol(Symbol::Latex(_)) => Kind::Function,
        Math::Symbol(Symbol::Text(_)) => Kind::Separator,
        Math::Big { .. } => Kind::Big,
        Math::Fence { .. } | Math::Matrix(_) => Kind::Fence,
        Math::Script { base, .. } if matches!(boxes.get(*base), Math::Symbol(Symbol::Latex(_))) => {
            Kind::Function
        }
        Math::Symbol(_)
        | Math::Row(_)
        | Math::Fraction(..)
        | Math::Root(_)
        | Math::Script { .. }
        | Math::Accent(..)
        | Math::Stack(_)
        | Math::Cases { .. }
        | Math::Spelled(_)
        | Math::Macro { .. }
        | Math::Brace { .. } => Kind::Other,
    };
    match (kind(left), kind(right)) {
        (Kind::Relation | Kind::Addition, _) | (_, Kind::Relation | Kind::Addition) => true,
        (Kind::Separator | Kind::Partial | Kind::Big, _) | (_, Kind::Separator) => false,
        (_, Kind::Big) => true,
        (Kind::Function, Kind::Fence) => false,
        (Kind::Other | Kind::Fence | Kind::Function, Kind::Partial) => true,
        (
            Kind::Other | Kind::Fence | Kind::Function,
            Kind::Other | Kind::Function | Kind::Fence,
        ) => !short(boxes, left) || !short(boxes, right),
    }
}

fn is_addition(boxes: &Boxes, id: MathId) -> bool {
    matches!(
        boxes.get(id),
        Math::Symbol(Symbol::Sign(Sign::Plus | Sign::Minus))
    )
}

fn is_separator(boxes: &Boxes, id: MathId) -> bool {
    matches!(
        boxes.get(id),
        Math::Symbol(Symbol::Sign(Sign::Comma | Sign::Semicolon))
    )
}

/// Numbers and single letters stand side by side without a space, as in `2x`.
fn short(boxes: &Boxes, id: MathId) -> bool {
    matches!(
        boxes.get(id),
        Math::Symbol(Symbol::Letter(_) | Symbol::Number(_) | Symbol::Greek(_))
    )
}

/// A script in raised or lowered characters where all of them exist, else behind a mark.
fn script<'a>(
    boxes: &'a Boxes,
    id: MathId,
    mark: &'static str,
    map: fn(char) -> Option<char>,
    pieces: &mut Vec<Piece<'a>>,
) {
    let mut plain = String::new();
    if flatten(boxes, id, &mut plain) {
        let mapped: Option<String> = plain.chars().map(map).collect();
        if let Some(mapped) = mapped {
            pieces.push(Piece::Text(mapped.into()));
            return;
        }
    }
    let fenced = matches!(
        boxes.get(id),
        Math::Fence {
            kind: Fence::Round,
            ..
        }
    );
    let single = matches!(boxes.get(id), Math::Symbol(_));
    if fenced || single {
        pieces.extend([Piece::text(mark), Piece::Math(id)]);
    } else {
        pieces.extend([
            Piece::text(mark),
            Piece::text("{"),
            Piece::Math(id),
            Piece::text("}"),
        ]);
    }
}

/// The characters of a short box without scripts; `false` if it is not of that kind.
fn flatten(boxes: &Boxes, id: MathId, text: &mut String) -> bool {
    if text.len() > 24 {
        return false;
    }
    match boxes.get(id) {
        Math::Symbol(symbol) => {
            text.push_str(&spell_symbol(symbol));
            true
        }
        Math::Row(parts) => parts.iter().all(|part| flatten(boxes, *part, text)),
        Math::Fence {
            kind: Fence::Round,
            body,
            ..
        } => {
            text.push('(');
            let fits = flatten(boxes, *body, text);
            text.push(')');
            fits
        }
        Math::Fence { .. }
        | Math::Fraction(..)
        | Math::Root(_)
        | Math::Script { .. }
        | Math::Accent(..)
        | Math::Big { .. }
        | Math::Stack(_)
        | Math::Matrix(_)
        | Math::Cases { .. }
        | Math::Spelled(_)
        | Math::Macro { .. }
        | Math::Brace { .. } => false,
    }
}

fn raised(c: char) -> Option<char> {
    let from = "0123456789+-()=abcdefghijklmnoprstuvwxyzL′⊤";
    let to = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾⁼ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴸ′ᵀ";
    let at = from.chars().position(|other| other == c)?;
    to.chars().nth(at)
}

fn lowered(c: char) -> Option<char> {
    let from = "0123456789+-()=aehijklmnoprstuvx";
    let to = "₀₁₂₃₄₅₆₇₈₉₊₋₍₎₌ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ";
    let at = from.chars().position(|other| other == c)?;
    to.chars().nth(at)
}

pub(super) fn spell_symbol(symbol: &Symbol) -> Cow<'_, str> {
    match symbol {
        Symbol::Letter(letter) => Cow::Owned(letter.to_string()),
        Symbol::Greek(name) => Cow::Borrowed(greek_sign(name)),
        Symbol::Word(word) | Symbol::Label(word) | Symbol::Text(word) => Cow::Borrowed(word),
        Symbol::Number(digits) => Cow::Borrowed(digits),
        Symbol::Latex(latex) => Cow::Owned(unlatex(latex)),
        Symbol::Sign(sign) => Cow::Borrowed(match sign {
            Sign::Plus => "+",
            Sign::Minus => "-",
            Sign::Equals => "=",
            Sign::NotEqual => "≠",
            Sign::Less => "<",
            Sign::LessEqual => "≤",
            Sign::Greater => ">",
            Sign::GreaterEqual => "≥",
            Sign::Divides => "∣",
            Sign::Element => "∈",
            Sign::ForAll => "∀",
            Sign::Partial => "∂",
            Sign::Differential => "d",
            Sign::Pi => "π",
            Sign::Times => "·",
            Sign::Cross => "×",
            Sign::Slash => "/",
            Sign::Comma => ",",
            Sign::Colon => ":",
            Sign::Semicolon => "; ",
            Sign::Prime => "′",
            Sign::Dots => "…",
            Sign::Reals => "ℝ",
            Sign::Delta => "δ",
            Sign::Thin => " ",
            Sign::Entrywise => "⊙",
            Sign::EntrywiseQuotient => "⊘",
            Sign::Transpose => "⊤",
            Sign::Ones => "𝟏",
        }),
    }
}

/// The author's LaTeX as a line of text: fonts fall away, Greek letters and accents become characters.
fn unlatex(latex: &str) -> String {
    let mut text = String::with_capacity(latex.len());
    let mut accent: Option<char> = None;
    let mut rest = latex;
    while let Some(first) = rest.chars().next() {
        if first == '\\' {
            let end = rest[1..]
                .find(|c: char| !c.is_ascii_alphabetic())
                .map_or(rest.len(), |at| at + 1);
            let word = &rest[1..end];
            rest = &rest[end..];
            match word {
                "" => {
                    let skipped = rest.chars().next();
                    if let Some(c) = skipped {
                        if c == '_' || c == '{' || c == '}' || c == '%' {
                            text.push(c);
                        }
                        rest = &rest[c.len_utf8()..];
                    }
                }
                "hat" | "widehat" => accent = Some('\u{302}'),
                "bar" | "overline" => accent = Some('\u{304}'),
                "tilde" | "widetilde" => accent = Some('\u{303}'),
                "dot" => accent = Some('\u{307}'),
                "operatorname" | "mathrm" | "mathit" | "mathbf" | "boldsymbol" | "text"
                | "mathcal" | "mathsf" | "left" | "right" => {}
                "partial" => text.push('∂'),
                "lvert" | "rvert" => text.push('|'),
                "cdot" => text.push('·'),
                "ell" => text.push('ℓ'),
                "infty" => text.push('∞'),
                _ => text.push_str(greek_sign(word)),
            }
            rest = rest.trim_start();
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match first {
            '{' | '}' | '$' => {}
            _ => {
                text.push(first);
                if let Some(mark) = accent.take() {
                    text.push(mark);
                }
            }
        }
    }
    text
}
