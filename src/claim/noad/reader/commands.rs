//! Commands of LaTeX: symbols, fractions, accents, words.

use super::super::commands::{ACCENTS, FONTS, FRAMES, FUNCTIONS, SYMBOLS, WORDS, relation};
use super::super::form::Pairs;
use super::super::{Kind, List, Noad};
use super::{Reader, Until};
use crate::claim::token::{Token, TokenKind, behind_spaces, braced, text_of};
use crate::source::Report;
use crate::syntax::greek_command;

impl Reader<'_> {
    pub(super) fn command(&mut self, list: &mut List, name: &str) -> Result<(), Report> {
        let start = self.at;
        self.at += 1;
        // `\operatorname*`
        let star = self.tokens.get(self.at);
        if name == "operatorname" && star.is_some_and(|star| star.is_symbol("*")) {
            self.at += 1;
        }
        if self.expanded(list, name, start)? {
            return Ok(());
        }
        let kind = match name {
            "left" => {
                self.at = start;
                return self.open_cases(list);
            }
            "frac" | "tfrac" | "dfrac" | "cfrac" => {
                let above = self.part_of_fraction(name)?;
                let below = self.part_of_fraction(name)?;
                Kind::Fraction(above, below)
            }
            // Conditions one below the other.
            "substack" => {
                for mut noad in self.argument(name)? {
                    if noad.is_sign("\\\\") {
                        noad.kind = Kind::Sign(",");
                    }
                    list.push(noad);
                }
                return Ok(());
            }
            "sqrt" => self.root(start)?,
            "lVert" => return self.fence_of_command(list, '‖', &["rVert"], start),
            "Vert" | "|" | "rVert" => return self.fence_of_command(list, '‖', &[name], start),
            "vert" | "rvert" if self.script_follows(self.at) => Kind::Bar,
            "lvert" => return self.fence_of_command(list, '|', &["rvert"], start),
            "vert" => return self.fence_of_command(list, '|', &["vert"], start),
            "langle" => return self.fence_of_command(list, '⟨', &["rangle"], start),
            "{" | "lbrace" => return self.fence_of_command(list, '{', &["}", "rbrace"], start),
            "abs" => Kind::Fence('|', self.filled(name, "missing-argument")?),
            "norm" => Kind::Fence('‖', self.filled(name, "missing-argument")?),
            "dv" | "pdv" => self.quotient_of_differentials(name, start)?,
            "underbrace" | "overbrace" => {
                let inside = self.argument(name)?;
                self.push_group(list, inside, start);
                self.skip_spaces();
                let mark = if name == "underbrace" { '_' } else { '^' };
                if self.take(TokenKind::Script(mark)) {
                    self.raw_argument();
                }
                return Ok(());
            }
            "llbracket" => return self.fence_of_command(list, '[', &["rrbracket"], start),
            // What is struck out stands there all the same.
            "textcolor" | "cancelto" => {
                self.raw_argument();
                return self.framed(list, name, start);
            }
            _ if FRAMES.contains(&name) => return self.framed(list, name, start),
            "stackrel" | "overset" | "underset" => return self.annotated(list, name, start),
            "mathbb" | "mathbf" | "mathbbm" | "mathds" | "boldsymbol" | "bm" | "vec"
                if self.next_is_one() =>
            {
                self.argument(name)?;
                Kind::One
            }
            _ if FONTS.contains(&name) => return self.in_font(list, name, start),
            _ if ACCENTS.contains(&name) => {
                let inside = self.filled(name, "missing-argument")?;
                let accent = match name {
                    "widehat" => "hat",
                    "widetilde" => "tilde",
                    "overline" => "bar",
                    other => other,
                };
                Kind::Accent(accent.to_owned(), inside)
            }
            _ if WORDS.contains(&name) && self.text_with_formulas(list)? => return Ok(()),
            _ if WORDS.contains(&name) => self.word(name, start)?,
            // Without the name of an environment.
            "begin" | "end" => return Err(self.missing_argument(name)),
            _ => symbol(name).ok_or_else(|| self.unknown(start))?,
        };
        list.push(self.made(kind, start));
        Ok(())
    }

    /// What stands above or below. A round bracket alone would be set there: `\frac{a}(b)`.
    fn part_of_fraction(&mut self, name: &str) -> Result<List, Report> {
        self.skip_spaces();
        if let Some(TokenKind::Open('(' | '[')) = self.kind() {
            let start = self.at;
            self.at += 1;
            let message = format!(r"an argument of \{name} stands in braces");
            return Err(self.error("missing-denominator", message, start));
        }
        self.filled(name, "missing-denominator")
    }

    /// `\sqrt[3]{x}`
    fn root(&mut self, start: usize) -> Result<Kind, Report> {
        self.skip_spaces();
        let mut order = None;
        if self.take(TokenKind::Open('[')) {
            order = Some(self.up_to(Until::Bracket(']'), start)?);
        }
        Ok(Kind::Root(order, self.filled("sqrt", "missing-argument")?))
    }

    /// What stands in a frame: a group, or if it states something, as if the frame were not there.
    fn framed(&mut self, list: &mut List, name: &str, start: usize) -> Result<(), Report> {
        let inside = self.argument(name)?;
        if inside.iter().any(Noad::is_equality) {
            list.extend(inside);
        } else {
            self.push_group(list, inside, start);
        }
        Ok(())
    }

    /// What is set in a font: one symbol, a group, or the name of a function, `\mathbf{diag}`.
    fn in_font(&mut self, list: &mut List, name: &str, start: usize) -> Result<(), Report> {
        if let Some(word) = self.function_word() {
            self.raw_argument();
            list.push(self.made(Kind::Word(word), start));
            return Ok(());
        }
        let mut inside = self.argument(name)?;
        match inside.as_mut_slice() {
            [only] => {
                only.span = self.span(start);
                list.extend(inside);
            }
            _ => self.push_group(list, inside, start),
        }
        Ok(())
    }

    fn function_word(&self) -> Option<String> {
        let (word, _) = braced(self.tokens, behind_spaces(self.tokens, self.at))?;
        let word = text_of(word);
        let word = word.trim();
        let known = FUNCTIONS.contains(&word) || ["diag", "tr"].contains(&word);
        (known || (word.len() > 2 && crate::functions::is_known(word))).then(|| word.to_owned())
    }

    /// Whether a 1 alone is what follows.
    fn next_is_one(&self) -> bool {
        let at = behind_spaces(self.tokens, self.at);
        let next = self.tokens.get(at);
        next.is_some_and(|next| next.text == "1")
            || braced(self.tokens, at).is_some_and(|(inside, _)| text_of(inside).trim() == "1")
    }

    /// `\text{if $z > 0$}`: its words and what stands between the marks in it. Whether there is such.
    fn text_with_formulas(&mut self, list: &mut List) -> Result<bool, Report> {
        let Some((text, behind)) = braced(self.tokens, behind_spaces(self.tokens, self.at)) else {
            return Ok(false);
        };
        let parts: Vec<&[Token<'_>]> = text
            .split(|token| token.kind == TokenKind::Delimiter)
            .collect();
        if parts.len() < 3 || parts.len().is_multiple_of(2) {
            return Ok(false);
        }
        for (number, part) in parts.into_iter().enumerate() {
            let words = text_of(part);
            match part {
                [first, .., last] | [first @ last] if number.is_multiple_of(2) => {
                    let span = first.span.to(last.span);
                    if !words.trim().is_empty() {
                        list.push(Noad::new(Kind::Word(words.trim().to_owned()), span));
                    }
                }
                _ => list.extend(self.on(part, &Pairs::default()).list(Until::End)?),
            }
        }
        self.at = behind;
        Ok(true)
    }

    /// `\text{if}`, `\mathrm{d}`: a word, or a letter in upright type.
    fn word(&mut self, name: &str, start: usize) -> Result<Kind, Report> {
        self.skip_spaces();
        let (word, behind) = match (braced(self.tokens, self.at), self.tokens.get(self.at)) {
            (Some((inside, behind)), _) => (text_of(inside).trim().to_owned(), behind),
            (None, Some(token)) => (token.text.to_owned(), self.at + 1),
            (None, None) => {
                let message = format!(r"\{name} needs something behind it");
                return Err(self.error("missing-argument", message, start));
            }
        };
        self.at = behind;
        let mut letters = word.chars();
        Ok(match (letters.next(), letters.next()) {
            (Some('1'), None) => Kind::One,
            (Some(letter), None) if letter.is_alphabetic() => Kind::Letter(letter),
            _ => Kind::Word(word),
        })
    }

    /// `\dv{J}{w}`, `\pdv[2]{J}{w}`, `\dv{x}`: a derivative as the package physics writes it.
    fn quotient_of_differentials(&mut self, name: &str, start: usize) -> Result<Kind, Report> {
        let order = self.option();
        let first = self.filled(name, "missing-numerator")?;
        self.skip_spaces();
        let second = match self.kind() {
            Some(TokenKind::Open('{')) => Some(self.filled(name, "missing-denominator")?),
            _ => None,
        };
        let span = self.span(start);
        let order = order.map(|order| {
            let order = Kind::Number(text_of(order).trim().to_owned());
            vec![Noad::new(order, span)]
        });
        let sign = match name {
            "dv" => Kind::Letter('d'),
            _ => Kind::Command("partial".into()),
        };
        let differential = |of: List| {
            let mut differential = vec![Noad::new(sign.clone(), span)];
            differential.extend(of);
            differential
        };
        let (mut above, mut below) = match second {
            Some(second) => (differential(first), differential(second)),
            None => (differential(List::new()), differential(first)),
        };
        if let Some(order) = order {
            above[0].sup = Some(order.clone());
            match below.last_mut() {
                Some(by) if by.sup.is_none() => by.sup = Some(order),
                _ => {
                    return Err(self.error("derivative-order", "this mark is not defined", start));
                }
            }
        }
        Ok(Kind::Fraction(above, below))
    }

    /// A sign with a remark above or below it: the remark says nothing, but for what `\max` or a sum runs over and the
    /// "def" above a sign of equality.
    fn annotated(&mut self, list: &mut List, name: &str, start: usize) -> Result<(), Report> {
        let mut above = *self;
        let remark = text_of(self.raw_argument());
        let mut base = self.argument(name)?;
        // `\sum_{\stackrel{k=1}{k \ne i}}`: one below the other.
        let compares = |list: &[Noad]| {
            list.iter()
                .any(|noad| noad.is_equality() || noad.is_sign("!=") || noad.is_other_relation())
        };
        if base.len() > 1 && compares(&base) {
            let mut conditions = above.argument(name)?;
            if compares(&conditions) {
                conditions.push(self.made(Kind::Sign(","), start));
                conditions.append(&mut base);
                list.append(&mut conditions);
                return Ok(());
            }
        }
        let defines = ["def", "triangle", "Delta"];
        match base.as_mut_slice() {
            [only] if only.is_sign("=") => {
                if defines.iter().any(|word| remark.contains(word)) {
                    only.kind = Kind::Sign(":=");
                }
            }
            [only]
                if name == "underset"
                    && (matches!(&only.kind, Kind::Word(_))
                        || only.is_command("sum")
                        || only.is_command("prod")) =>
            {
                only.sub = Some(above.argument(name)?);
            }
            // What is one letter is a mark that makes another name.
            _ if remark.trim().len() > 2 => {}
            _ => {
                return Err(self.error("unknown-symbol", "this mark is not defined", start));
            }
        }
        self.push_group(list, base, start);
        Ok(())
    }
}

/// What a command without arguments stands for.
fn symbol(name: &str) -> Option<Kind> {
    if let Some(sign) = relation(name) {
        return Some(Kind::Sign(sign));
    }
    Some(match name {
        "le" | "leq" | "leqslant" => Kind::Sign("<="),
        "ge" | "geq" | "geqslant" => Kind::Sign(">="),
        "ne" | "neq" => Kind::Sign("!="),
        "lt" => Kind::Sign("<"),
        "gt" => Kind::Sign(">"),
        // One equation after another.
        "implies" | "Rightarrow" | "Longrightarrow" | "iff" | "Leftrightarrow"
        | "Longleftrightarrow" | "therefore" => Kind::Sign(","),
        "equiv" | "coloneqq" | "triangleq" | "doteq" => Kind::Sign(":="),
        "tr" | "diag" | "Tr" | "Diag" => Kind::Word(name.to_lowercase()),
        _ if FUNCTIONS.contains(&name) => Kind::Word(name.to_owned()),
        // A function by a command that the text does not define.
        _ if crate::functions::is_known(name) => Kind::Word(name.to_owned()),
        _ if greek_command(name).is_some() || SYMBOLS.contains(&name) => {
            Kind::Command(name.to_owned())
        }
        _ => return None,
    })
}
