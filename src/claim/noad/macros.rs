//! The person's own commands: `\newcommand`, `\DeclareMathOperator`, `\def`.

use rustc_hash::FxHashMap;

/// Commands that a text defines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Macros {
    found: FxHashMap<String, Macro>,
}

/// What a command stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Macro {
    pub(super) parameters: usize,
    /// The value of the first parameter where it is left out.
    pub(super) default: Option<String>,
    /// With `#1`, `#2` for the parameters.
    pub(super) body: String,
}

/// Commands that define one as `{\name}[parameters][default]{body}`.
const DEFINING: &[&str] = &[
    "newcommand",
    "renewcommand",
    "providecommand",
    "DeclareMathOperator",
];

impl Macros {
    /// Takes the definitions out of a text: spaces stand there afterwards.
    pub(crate) fn taken_from(text: &mut String) -> Macros {
        let mut macros = Macros::default();
        let mut at = 0;
        while let Some(found) = text[at..].find('\\') {
            let start = at + found;
            match definition(&text[start + 1..]) {
                Some((name, command, length)) => {
                    macros.found.insert(name, command);
                    let end = start + 1 + length;
                    let blank: String = text[start..end]
                        .chars()
                        .map(|c| {
                            if c == '\n' {
                                "\n".into()
                            } else {
                                " ".repeat(c.len_utf8())
                            }
                        })
                        .collect();
                    text.replace_range(start..end, &blank);
                    at = end;
                }
                None => at = start + 1,
            }
        }
        macros
    }

    /// These, and of the others those of other names.
    pub(crate) fn or(self, mut others: Macros) -> Macros {
        others.found.extend(self.found);
        others
    }

    pub(super) fn get(&self, name: &str) -> Option<&Macro> {
        self.found.get(name)
    }
}

impl Macro {
    /// The body with arguments in the place of its parameters.
    pub(super) fn filled(&self, arguments: &[String]) -> String {
        let mut text = String::new();
        let mut parts = self.body.split('#');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let number = part.chars().next().and_then(|digit| digit.to_digit(10));
            let at = number.and_then(|number| (number as usize).checked_sub(1));
            match at.and_then(|at| arguments.get(at)) {
                Some(argument) => {
                    text.push_str(argument);
                    text.push_str(&part[1..]);
                }
                None => text.push_str(part),
            }
        }
        text
    }
}

/// A definition behind its backslash, with its length.
fn definition(text: &str) -> Option<(String, Macro, usize)> {
    let length = text.find(|c: char| !c.is_ascii_alphabetic())?;
    let defining = &text[..length];
    let mut rest = &text[length..];
    if defining == "def" {
        let (name, behind) = command(rest)?;
        let open = behind.find('{')?;
        let parameters = behind[..open].matches('#').count();
        let (body, behind) = braced(&behind[open..])?;
        let command = Macro {
            parameters,
            default: None,
            body: body.to_owned(),
        };
        return Some((name.to_owned(), command, text.len() - behind.len()));
    }
    if !DEFINING.contains(&defining) {
        return None;
    }
    rest = rest.strip_prefix('*').unwrap_or(rest).trim_start();
    let (name, mut rest) = match braced(rest) {
        Some((inside, behind)) => (command(inside)?.0, behind),
        None => command(rest)?,
    };
    let mut options = Vec::new();
    while let Some(inside) = rest.trim_start().strip_prefix('[') {
        let (option, behind) = inside.split_once(']')?;
        options.push(option);
        rest = behind;
    }
    let (body, behind) = braced(rest.trim_start())?;
    let body = match defining {
        "DeclareMathOperator" => format!(r"\operatorname{{{body}}}"),
        _ => body.to_owned(),
    };
    let command = Macro {
        parameters: match options.first() {
            Some(number) => number.trim().parse().ok().filter(|number| *number < 10)?,
            None => 0,
        },
        default: options.get(1).map(|&default| default.to_owned()),
        body,
    };
    Some((name.to_owned(), command, text.len() - behind.len()))
}

/// `\name` at the beginning, without its backslash, and what is behind it.
fn command(text: &str) -> Option<(&str, &str)> {
    let name = text.trim_start().strip_prefix('\\')?;
    let length = name
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(name.len());
    (length > 0).then(|| name.split_at(length))
}

/// What stands in the braces that a text begins with, and what is behind them.
pub(in crate::claim) fn braced(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('{')?;
    let mut depth = 1;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inside[..at], &inside[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_taken_out() {
        let mut text =
            r"\newcommand{\W}{\mathbf{W}} \newcommand*\pd[2][C]{\frac{\partial #1}{\partial #2}}
\DeclareMathOperator*{\relu}{ReLU}\def\half#1{\tfrac12 #1} $\W$"
                .to_owned();
        let length = text.len();
        let macros = Macros::taken_from(&mut text);
        assert_eq!(text.len(), length);
        assert_eq!(text.trim(), r"$\W$");
        let body = |name: &str, arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|&it| it.to_owned()).collect();
            macros.get(name).expect(name).filled(&arguments)
        };
        assert_eq!(body("W", &[]), r"\mathbf{W}");
        assert_eq!(body("pd", &["L", "w"]), r"\frac{\partial L}{\partial w}");
        assert_eq!(
            macros.get("pd").and_then(|it| it.default.as_deref()),
            Some("C")
        );
        assert_eq!(body("relu", &[]), r"\operatorname{ReLU}");
        assert_eq!(body("half", &["x"]), r"\tfrac12 x");
    }
}
