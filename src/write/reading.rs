//! The author's LaTeX with boxes in it, read for formats that are not LaTeX.

use std::marker::PhantomData;

use super::spell::Piece;
use crate::present::math::{MathId, Piece as SpelledPiece};
use crate::syntax::mathematics::{Command, Font, Token, command, tokens};

/// A part of a formula in a format.
pub(super) type Element<'a> = Vec<Piece<'a>>;

/// How a format writes what LaTeX is made of.
pub(super) trait Hand {
    fn letter<'a>(letter: &str) -> Element<'a>;
    fn sign<'a>(sign: &str) -> Element<'a>;
    fn number<'a>(digit: &str) -> Element<'a>;
    fn function<'a>(name: &str) -> Element<'a>;
    fn words<'a>(words: &str) -> Element<'a>;
    fn styled<'a>(font: Font, words: &str) -> Element<'a>;
    fn space<'a>() -> Element<'a>;
    fn row<'a>(elements: Vec<Element<'a>>) -> Element<'a>;
    fn scripts<'a>(
        base: Element<'a>,
        sub: Option<Element<'a>>,
        sup: Option<Element<'a>>,
    ) -> Element<'a>;
    fn accented<'a>(mark: &str, body: Element<'a>) -> Element<'a>;
    fn root<'a>(body: Element<'a>) -> Element<'a>;
    fn fraction<'a>(above: Element<'a>, below: Element<'a>) -> Element<'a>;
}

/// The author's LaTeX with boxes in it, as one element.
pub(super) fn read<'a, H: Hand>(parts: &[SpelledPiece]) -> Element<'a> {
    let mut items = Vec::new();
    for part in parts {
        match part {
            SpelledPiece::Latex(latex) => items.extend(tokens(latex).into_iter().map(Item::Token)),
            SpelledPiece::Math(id) => items.push(Item::Math(*id)),
        }
    }
    let mut reader: Reader<H> = Reader {
        items,
        at: 0,
        hand: PhantomData,
    };
    let mut whole = Vec::new();
    while reader.at < reader.items.len() {
        whole.extend(reader.group());
    }
    one::<H>(whole)
}

enum Item<'p> {
    Token(Token<'p>),
    Math(MathId),
}

struct Reader<'p, H> {
    items: Vec<Item<'p>>,
    at: usize,
    hand: PhantomData<H>,
}

impl<H: Hand> Reader<'_, H> {
    /// Elements up to a closing brace, which is passed.
    fn group<'a>(&mut self) -> Vec<Element<'a>> {
        let mut elements: Vec<Element> = Vec::new();
        while self.at < self.items.len() {
            let sign = match &self.items[self.at] {
                Item::Token(Token::Character(c)) => Some(*c),
                Item::Token(Token::Command(_)) | Item::Math(_) => None,
            };
            match sign {
                Some('}') => {
                    self.at += 1;
                    break;
                }
                Some(' ') => self.at += 1,
                Some('^' | '_' | '\'') => {
                    let base = elements.pop().unwrap_or_else(|| H::row(Vec::new()));
                    elements.push(self.scripts(base));
                }
                _ => elements.extend(self.argument()),
            }
        }
        elements
    }

    fn scripts<'a>(&mut self, base: Element<'a>) -> Element<'a> {
        let mut sub: Vec<Element> = Vec::new();
        let mut sup: Vec<Element> = Vec::new();
        while let Some(Item::Token(Token::Character(c))) = self.items.get(self.at) {
            match c {
                '^' => {
                    self.at += 1;
                    sup.extend(self.argument());
                }
                '_' => {
                    self.at += 1;
                    sub.extend(self.argument());
                }
                '\'' => {
                    self.at += 1;
                    sup.push(H::sign("′"));
                }
                _ => break,
            }
        }
        let script =
            |elements: Vec<Element<'a>>| (!elements.is_empty()).then(|| one::<H>(elements));
        H::scripts(base, script(sub), script(sup))
    }

    /// A token, a group or a command with its arguments; nothing for what only sets sizes.
    fn argument<'a>(&mut self) -> Option<Element<'a>> {
        while matches!(
            self.items.get(self.at),
            Some(Item::Token(Token::Character(' ')))
        ) {
            self.at += 1;
        }
        let item = self.items.get(self.at)?;
        self.at += 1;
        match item {
            Item::Math(id) => Some(vec![Piece::Math(*id)]),
            Item::Token(Token::Character('{')) => Some(one::<H>(self.group())),
            Item::Token(Token::Character(c)) => {
                let text = c.to_string();
                Some(match c {
                    '0'..='9' => H::number(&text),
                    c if c.is_alphabetic() => H::letter(&text),
                    _ => H::sign(&text),
                })
            }
            Item::Token(Token::Command(word)) => match command(word) {
                Some(Command::Letter(letter)) => Some(H::letter(letter)),
                Some(Command::Sign(sign)) => Some(H::sign(sign)),
                Some(Command::Function) => Some(H::function(word)),
                Some(Command::Name) => Some(H::words(&self.words())),
                Some(Command::Font(font)) => Some(H::styled(font, &self.words())),
                Some(Command::Accent(mark)) => {
                    let body = self.argument().unwrap_or_else(|| H::row(Vec::new()));
                    Some(H::accented(mark, body))
                }
                Some(Command::Root) => {
                    let body = self.argument().unwrap_or_else(|| H::row(Vec::new()));
                    Some(H::root(body))
                }
                Some(Command::Fraction) => {
                    let above = self.argument().unwrap_or_else(|| H::row(Vec::new()));
                    let below = self.argument().unwrap_or_else(|| H::row(Vec::new()));
                    Some(H::fraction(above, below))
                }
                Some(Command::Size) => None,
                None => match *word {
                    "," | ";" | ":" | " " => Some(H::space()),
                    "!" => None,
                    _ => Some(H::sign(word)),
                },
            },
        }
    }

    /// The characters of an argument.
    fn words(&mut self) -> String {
        let mut words = String::new();
        let mut depth = 0;
        while let Some(item) = self.items.get(self.at) {
            self.at += 1;
            match item {
                Item::Token(Token::Character('{')) => depth += 1,
                Item::Token(Token::Character('}')) => depth -= 1,
                Item::Token(Token::Character(c)) => words.push(*c),
                Item::Token(Token::Command(word)) => match command(word) {
                    Some(Command::Letter(sign) | Command::Sign(sign)) => words.push_str(sign),
                    _ => words.push_str(word),
                },
                Item::Math(_) => {}
            }
            if depth <= 0 {
                break;
            }
        }
        words
    }
}

/// Elements as one.
fn one<'a, H: Hand>(mut elements: Vec<Element<'a>>) -> Element<'a> {
    match elements.len() {
        1 => elements.remove(0),
        _ => H::row(elements),
    }
}
