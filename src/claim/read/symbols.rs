//! What symbols say by their form: letters, comparisons, entries, numbers.

use num_bigint::BigInt;

use super::*;

/// Whether it stands for what is left out.
pub(crate) fn is_dots(noad: &Noad) -> bool {
    matches!(&noad.kind, Kind::Command(name) if matches!(name.as_str(), "dots" | "ldots" | "cdots" | "vdots" | "dotsc" | "dotsb" | "dotsm"))
}

/// The quantities that stand in an expression.
pub(super) fn families(expr: &Expr) -> Vec<FamilyId> {
    let mut found = Vec::new();
    expr.any(&mut |part| {
        if let ExprKind::Quantity { family, .. } = part.kind {
            found.push(family);
        }
        false
    });
    found
}

pub(super) fn comma(span: Span) -> Noad {
    Noad::new(Kind::Sign(","), span)
}

/// Whether a superscript is a transpose, whatever T may be called elsewhere.
pub(super) fn is_transpose(sup: &[Noad]) -> bool {
    match sup {
        [only] if only.is_bare() => match &only.kind {
            Kind::Letter('T') => true,
            Kind::Command(name) => matches!(name.as_str(), "top" | "intercal"),
            _ => false,
        },
        _ => false,
    }
}

/// The letter of an index, with its primes.
pub(crate) fn letter_name(noad: &Noad) -> Option<String> {
    if noad.sub.is_some() || noad.sup.is_some() {
        return None;
    }
    match &noad.kind {
        Kind::Letter(letter) => Some(format!("{letter}{}", "'".repeat(usize::from(noad.primes)))),
        Kind::Command(name) if name == "ell" => Some("l".into()),
        _ => None,
    }
}

/// The letter that a sum binds; Greek ones too.
pub(super) fn bound_name(noad: &Noad) -> Option<String> {
    let greek = match &noad.kind {
        Kind::Command(name) if noad.is_bare() => greek_command(name).map(str::to_owned),
        _ => None,
    };
    letter_name(noad).or(greek)
}

pub(super) fn relation_of(noad: &Noad) -> Option<Comparison> {
    match &noad.kind {
        Kind::Sign("<") => Some(Comparison::Less),
        Kind::Sign("<=") => Some(Comparison::LessEqual),
        Kind::Sign(">") => Some(Comparison::Greater),
        Kind::Sign(">=") => Some(Comparison::GreaterEqual),
        Kind::Sign("=") => Some(Comparison::Equal),
        Kind::Sign("!=") => Some(Comparison::NotEqual),
        _ => None,
    }
}

pub(super) fn is_comparison(noad: &Noad) -> bool {
    relation_of(noad).is_some()
}

/// Whether it makes a condition of what stands on both of its sides.
pub(super) fn is_condition(noad: &Noad) -> bool {
    is_comparison(noad) || noad.is_command("mid")
}

/// A list without commas and full stops at its end.
pub(super) fn trimmed(list: &[Noad]) -> &[Noad] {
    let mut list = list;
    while let [rest @ .., last] = list
        && (last.is_sign(",") || last.is_sign(".") || last.is_sign(";"))
    {
        list = rest;
    }
    list
}

/// `ij`, `i,j`, `{i+1},j` as its indices: at commas, or each symbol by itself where that gives the number wanted.
pub(super) fn split_entries(list: &[Noad], wanted: usize) -> Option<Vec<List>> {
    let list = match list {
        [only] if only.is_bare() => match &only.kind {
            Kind::Fence('(', inside) | Kind::Group(inside) => inside.as_slice(),
            _ => list,
        },
        _ => list,
    };
    let parts: Vec<List> = list
        .split(|noad| noad.is_sign(","))
        .map(<[Noad]>::to_vec)
        .collect();
    if parts.len() == wanted {
        return Some(parts);
    }
    let singles = list.iter().all(|noad| {
        matches!(
            noad.kind,
            Kind::Letter(_) | Kind::Number(_) | Kind::Command(_)
        ) || is_all(noad)
    });
    (parts.len() == 1 && list.len() == wanted && singles)
        .then(|| list.iter().map(|noad| vec![noad.clone()]).collect())
}

/// Whether it stands for all values of an index: `A_{:,j}`, `A_{*j}`, `A_{\cdot j}`.
pub(super) fn is_all(noad: &Noad) -> bool {
    let sign = noad.is_sign(":") || noad.is_sign("*");
    let command = ["cdot", "bullet", "ast"]
        .iter()
        .any(|name| noad.is_command(name));
    noad.is_bare() && (sign || command)
}

/// `A_{12}`: each digit by itself.
pub(super) fn split_digits(list: &[Noad], wanted: usize) -> Option<Vec<List>> {
    let [only] = list else { return None };
    match &only.kind {
        Kind::Number(digits) if only.is_bare() && wanted > 1 && digits.len() == wanted => {
            let digit = |digit: char| Noad {
                kind: Kind::Number(digit.into()),
                ..only.clone()
            };
            Some(digits.chars().map(|found| vec![digit(found)]).collect())
        }
        _ => None,
    }
}

pub(super) fn number(digits: &str, span: Span) -> Result<BigRational, Report> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let text = format!("{whole}{fraction}");
    let value: BigInt = text
        .parse()
        .map_err(|_| error("number", "this number cannot be read", span))?;
    let places = u32::try_from(fraction.len())
        .map_err(|_| error("number", "this number is too long", span))?;
    if digits.len() > 400 {
        return Err(error("number", "this number is too long", span));
    }
    Ok(BigRational::new(value, BigInt::from(10).pow(places)))
}
