//! Steps of gradient descent, `w := w - \eta \frac{\partial C}{\partial w}`: they say what becomes of a quantity, not what
//! it is equal to.

use super::noad::{Kind, List, Noad};

/// Words that tell the value before a step from the one behind it.
const STEPS: &[&str] = &[
    "new", "old", "next", "prev", "previous", "updated", "current",
];

/// How a mark tells two values of a quantity apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Not at all.
    None,
    /// By a word: `w_{new}`.
    Word,
    /// By what may also be an index or a derivative: `w_{t+1}`, `w'`.
    Count,
}

/// Whether an equation says what becomes of a quantity. `unknown`: whether something in it has no meaning.
pub(super) fn is_update(list: &[Noad], unknown: impl Fn() -> bool) -> bool {
    let Some(sign) = list
        .iter()
        .position(|noad| noad.is_equality() || noad.is_command("to"))
    else {
        return false;
    };
    let (left, right) = (&list[..sign], &list[sign + 1..]);
    let end = right.iter().position(Noad::is_equality);
    let right = &right[..end.unwrap_or(right.len())];
    match left {
        [delta, of @ ..] if delta.is_command("Delta") && delta.is_bare() && !of.is_empty() => {
            steps_along(right, &of[0]) && unknown()
        }
        [left] => {
            let terms: Vec<&[Noad]> = right
                .split(|noad| noad.is_sign("+") || noad.is_sign("-"))
                .filter(|term| !term.is_empty())
                .collect();
            let before = terms.iter().find_map(|term| match term {
                [only] => marked(left, only),
                _ => None,
            });
            terms.len() > 1
                && match before {
                    None => false,
                    Some(Mark::None | Mark::Word) => true,
                    Some(Mark::Count) => {
                        steps_along(right, left) || (left.primes == 0 && unknown())
                    }
                }
        }
        _ => false,
    }
}

/// Whether the gradient by a quantity stands in a list.
fn steps_along(list: &[Noad], quantity: &Noad) -> bool {
    let is_it = |noad: &Noad| noad.kind == quantity.kind;
    list.iter().enumerate().any(|(at, noad)| match &noad.kind {
        Kind::Fraction(_, below) => below.iter().any(is_it),
        Kind::Command(name) if name == "nabla" => true,
        // `\partial C/\partial w`
        Kind::Command(name) if name == "partial" => list.get(at + 1).is_some_and(is_it),
        _ => noad
            .inside()
            .into_iter()
            .any(|list| steps_along(list, quantity)),
    })
}

/// How two symbols for one quantity are told apart; none if they are two.
fn marked(left: &Noad, right: &Noad) -> Option<Mark> {
    if left.kind != right.kind
        || !matches!(
            left.kind,
            Kind::Letter(_) | Kind::Command(_) | Kind::Accent(..)
        )
    {
        return None;
    }
    if left == right {
        return Some(Mark::None);
    }
    let sub = script(left.sub.as_ref(), right.sub.as_ref())?;
    let sup = script(left.sup.as_ref(), right.sup.as_ref())?;
    let prime = match (left.primes, right.primes) {
        (left, right) if left == right => Mark::None,
        (1, 0) => Mark::Count,
        _ => return None,
    };
    let all = [sub, sup, prime];
    Some(if all.contains(&Mark::Word) {
        Mark::Word
    } else {
        Mark::Count
    })
}

/// How two scripts tell two values apart.
fn script(left: Option<&List>, right: Option<&List>) -> Option<Mark> {
    if left == right {
        return Some(Mark::None);
    }
    let plain = |list: Option<&List>| list.map_or_else(String::new, |list| spelled(list));
    let (left, right) = (plain(left), plain(right));
    // What both have is no mark: `W_{1,new}`, `W_1`.
    let word = |text: &str| {
        STEPS
            .iter()
            .find_map(|word| text.strip_suffix(word))
            .map(|rest| rest.trim_end_matches(',').to_owned())
    };
    match (word(&left), word(&right)) {
        (Some(before), Some(after)) => return (before == after).then_some(Mark::Word),
        (Some(before), None) => return (before == right).then_some(Mark::Word),
        (None, Some(after)) => return (after == left).then_some(Mark::Word),
        (None, None) => {}
    }
    let next = left.strip_suffix("+1") == Some(right.as_str()) && !right.is_empty();
    let previous = right.strip_suffix("-1") == Some(left.as_str()) && !left.is_empty();
    let alone = right.is_empty() && (left == "+" || left == "*" || left == "t+1" || left == "k+1");
    (next || previous || alone).then_some(Mark::Count)
}

/// The signs of a script, without brackets.
fn spelled(list: &[Noad]) -> String {
    list.iter()
        .map(|noad| match &noad.kind {
            Kind::Letter(letter) => letter.to_string(),
            Kind::Number(text) | Kind::Word(text) | Kind::Command(text) => text.trim().to_owned(),
            Kind::Sign(sign) => (*sign).to_owned(),
            Kind::Fence(_, inside) | Kind::Group(inside) => spelled(inside),
            // Nothing that is compared as text.
            _ => "?".to_owned(),
        })
        .collect()
}
