//! A printed equation written another way: what a person may do to it without changing what it means.
//!
//! The rewrites work on the text that the program prints, not on its terms, so that they share nothing with the judge.

use crate::dice::Dice;

/// An equation, with what stands behind it.
#[derive(Debug, Clone)]
pub(crate) struct Equation<'t> {
    pub(crate) left: &'t str,
    pub(crate) right: &'t str,
    /// A range, a condition, a convention.
    pub(crate) behind: String,
}

impl<'t> Equation<'t> {
    /// None for a chain of equalities.
    pub(crate) fn of(line: &'t str) -> Option<Self> {
        let (left, rest) = line.split_once(" = ")?;
        let (rest, convention) = rest.split_once('\n').unwrap_or((rest, ""));
        let (right, behind) = match rest.find(r"\qquad") {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        (!right.contains(" = ")).then(|| Equation {
            left,
            right: right.trim(),
            behind: format!("{behind} {convention}"),
        })
    }

    /// With another right side.
    pub(crate) fn with(&self, right: &str) -> String {
        format!("{} = {right} {}", self.left, self.behind)
    }
}

/// A way to write an equation in other words; none where it does not apply. `network` says which letters are taken.
pub(crate) type Rewrite = fn(&Equation<'_>, &str, &mut Dice) -> Option<String>;

/// Rewrites by name; each has to be met.
pub(crate) const REWRITES: &[(&str, Rewrite)] = &[
    ("as printed", |it, _, _| Some(it.right.to_owned())),
    ("two signs", |it, _, _| Some(format!("-(-({}))", it.right))),
    ("two halves", |it, _, _| {
        let right = it.right;
        Some(format!(
            r"\frac{{1}}{{2}}\left({right}\right) + \frac{{1}}{{2}}\left({right}\right)"
        ))
    }),
    ("a fraction", |it, _, _| {
        Some(format!(r"\frac{{3({})}}{{3}}", it.right))
    }),
    ("0 and 1", |it, _, _| {
        Some(format!(r"0 + \Big({}\Big) \cdot 1", it.right))
    }),
    ("summands in another order", reordered),
    ("brackets multiplied out", expanded),
    ("other letters for bound indices", relettered),
];

/// Rewrites of equations between whole arrays, by name.
pub(crate) const OF_ARRAYS: &[(&str, Rewrite)] = &[
    ("as printed", |it, _, _| Some(it.right.to_owned())),
    ("summands in another order", reordered),
    ("transposed twice", |it, _, _| {
        Some(format!(r"\left(\left({}\right)^\top\right)^\top", it.right))
    }),
];

/// Rewrites of equations between columns, by name.
pub(crate) const OF_COLUMNS: &[(&str, Rewrite)] = &[("a diagonal matrix", diagonal)];

/// Control words, with the content of those that hold words, and characters; `\left` and `\right` left out.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match rest.strip_prefix('\\') {
            Some(behind) => {
                let word = behind
                    .find(|c: char| !c.is_ascii_alphabetic())
                    .unwrap_or(behind.len());
                let control = 1 + word.max(behind.chars().next().map_or(0, char::len_utf8).min(1));
                match &rest[..control] {
                    r"\operatorname" | r"\text" | r"\mathrm" | r"\begin" | r"\end" => {
                        rest.find('}').map_or(control, |end| end + 1)
                    }
                    _ => control,
                }
            }
            None if first.is_ascii_digit() => {
                let digits = |c: char| !c.is_ascii_digit() && c != '.';
                rest.find(digits).unwrap_or(rest.len())
            }
            None => first.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        if !token.trim().is_empty() && ![r"\left", r"\right"].contains(&token) {
            found.push(token);
        }
        rest = behind;
    }
    found
}

/// Tokens as text again: a letter does not join a control word.
fn text(tokens: &[&str]) -> String {
    tokens.join(" ")
}

fn depth_of(token: &str) -> i32 {
    match token {
        "(" | "[" | "{" | r"\{" | r"\lVert" | r"\lvert" => 1,
        ")" | "]" | "}" | r"\}" | r"\rVert" | r"\rvert" => -1,
        _ if token.starts_with(r"\begin") => 1,
        _ if token.starts_with(r"\end") => -1,
        _ => 0,
    }
}

/// The summands of a side with their signs; none where bars make it unclear what is inside.
fn summands<'t>(side: &[&'t str]) -> Option<Vec<(&'static str, Vec<&'t str>)>> {
    let mut found = vec![("+", Vec::new())];
    let mut depth = 0;
    for &token in side {
        if token == "|" || token == r"\|" {
            return None;
        }
        depth += depth_of(token);
        let sign = match token {
            "+" => "+",
            "-" => "-",
            _ => "",
        };
        if depth != 0 || sign.is_empty() {
            found.last_mut()?.1.push(token);
        } else if found.len() == 1 && found[0].1.is_empty() {
            found[0].0 = sign;
        } else {
            found.push((sign, Vec::new()));
        }
    }
    found
        .iter()
        .all(|(_, term)| !term.is_empty())
        .then_some(found)
}

fn sum(terms: &[(&str, Vec<&str>)]) -> String {
    terms
        .iter()
        .map(|(sign, term)| format!("{sign} {}", text(term)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn reordered(it: &Equation<'_>, _: &str, dice: &mut Dice) -> Option<String> {
    let side = tokens(it.right);
    let mut terms = summands(&side)?;
    dice.shuffle(&mut terms);
    (terms.len() > 1).then(|| sum(&terms))
}

/// The first summand that begins with a sum in brackets, multiplied out.
fn expanded(it: &Equation<'_>, _: &str, _: &mut Dice) -> Option<String> {
    let side = tokens(it.right);
    let mut terms = summands(&side)?;
    for at in 0..terms.len() {
        let (sign, term) = &terms[at];
        let start = term.iter().position(|token| token.parse::<f64>().is_err());
        let Some(start) = start.filter(|start| term[*start] == "(") else {
            continue;
        };
        let mut depth = 0;
        let length = term[start..].iter().position(|token| {
            depth += depth_of(token);
            depth == 0
        })?;
        let (number, inside) = (&term[..start], &term[start + 1..start + length]);
        let behind = &term[start + length + 1..];
        let bound = |token: &&str| [r"\sum", r"\prod", r"\max", r"\min"].contains(token);
        let raised = matches!(behind.first(), Some(&"^" | &"'" | &"/"));
        let Some(inner) = summands(inside).filter(|inner| inner.len() > 1) else {
            continue;
        };
        if raised || inside.iter().any(bound) {
            continue;
        }
        let parts: Vec<(&str, Vec<&str>)> = inner
            .into_iter()
            .map(|(own, part)| {
                let sign = if own == *sign { "+" } else { "-" };
                (sign, [number, &part, behind].concat())
            })
            .collect();
        terms.splice(at..=at, parts);
        return Some(sum(&terms));
    }
    None
}

/// The letters that sums and products of the right side bind, replaced by letters that occur nowhere.
fn relettered(it: &Equation<'_>, network: &str, _: &mut Dice) -> Option<String> {
    let mut side = tokens(it.right);
    let left = tokens(it.left);
    let behind = tokens(&it.behind);
    let letter = |token: &str| token.len() == 1 && token.starts_with(char::is_alphabetic);
    let mut bound: Vec<&str> = Vec::new();
    for at in 0..side.len() {
        let binds = [r"\sum", r"\prod"].contains(&side[at]) && side.get(at + 1) == Some(&"_");
        let Some(mut first) = binds.then_some(at + 2) else {
            continue;
        };
        while matches!(side.get(first), Some(&"{" | &r"\forall")) {
            first += 1;
        }
        let name = *side.get(first)?;
        let elsewhere = left.contains(&name) || behind.contains(&name);
        if letter(name) && !elsewhere && !bound.contains(&name) {
            bound.push(name);
        }
    }
    let taken = |name: &str| {
        let words = network.split(|c: char| !c.is_alphanumeric());
        side.contains(&name) || left.contains(&name) || { words }.any(|word| word == name)
    };
    let free: Vec<&str> = ["q", "g", "e", "u", r"\alpha", r"\mu", r"\nu", r"\kappa"]
        .into_iter()
        .filter(|name| !taken(name.trim_start_matches('\\')) && !taken(name))
        .collect();
    if bound.is_empty() || free.len() < bound.len() {
        return None;
    }
    for token in &mut side {
        if let Some(at) = bound.iter().position(|name| name == token) {
            *token = free[at];
        }
    }
    Some(text(&side))
}

/// `a ⊙ b` as `diag(a) b`, in the first summand that is such a product.
fn diagonal(it: &Equation<'_>, _: &str, _: &mut Dice) -> Option<String> {
    let side = tokens(it.right);
    let mut terms = summands(&side)?;
    for (_, term) in &mut terms {
        let mut depth = 0;
        let mut places = Vec::new();
        for (at, token) in term.iter().enumerate() {
            depth += depth_of(token);
            if depth == 0 && *token == r"\odot" {
                places.push(at);
            }
        }
        if let [place] = places[..] {
            let (before, behind) = (&term[..place], &term[place + 1..]);
            *term = [&[r"\operatorname{diag}", "("], before, &[")"], behind].concat();
            return Some(sum(&terms));
        }
    }
    None
}
