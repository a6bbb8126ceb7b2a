//! Exact numbers.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::pow;

use crate::source::{Diagnostic, Report, Span};

/// How many digits a whole number may have.
const MAX_DIGITS: usize = 1000;
/// How many digits a number with a point or an exponent may have, the exponent counted in.
const MAX_DECIMAL: u64 = 400;

/// Reads `12`, `0.5`, `1e-5`, `½`.
pub(super) fn number(text: &str, span: Span) -> Result<BigRational, Report> {
    if let Ok(whole) = text.parse::<u64>() {
        return Ok(BigRational::from_integer(whole.into()));
    }
    if let Some((above, below)) = vulgar(text) {
        return Ok(BigRational::new(above.into(), below.into()));
    }
    let text = text.replace('−', "-");
    let (digits, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text.as_str(), "0"),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let exponent: i64 = exponent.parse().map_err(|_| out_of_bounds(span))?;
    let decimal = exponent != 0 || !fraction.is_empty();
    let length = (digits.len() as u64).saturating_add(exponent.unsigned_abs());
    if digits.len() > MAX_DIGITS || (decimal && length > MAX_DECIMAL) {
        return Err(out_of_bounds(span));
    }
    let value: BigInt = [whole, fraction]
        .concat()
        .parse()
        .expect("the grammar admits digits only");
    let shift = exponent - fraction.len() as i64;
    let power = pow(BigInt::from(10), shift.unsigned_abs() as usize);
    Ok(if shift >= 0 {
        BigRational::from_integer(value * power)
    } else {
        BigRational::new(value, power)
    })
}

fn vulgar(text: &str) -> Option<(i64, i64)> {
    match text {
        "½" => Some((1, 2)),
        "⅓" => Some((1, 3)),
        "⅔" => Some((2, 3)),
        "¼" => Some((1, 4)),
        "¾" => Some((3, 4)),
        _ => None,
    }
}

/// Reads `²` or `⁻¹`: whether it is negative, and the number without its sign.
pub(super) fn superscript(text: &str, span: Span) -> Result<(bool, BigRational), Report> {
    const DIGITS: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let digits: String = text
        .chars()
        .filter_map(|sign| DIGITS.chars().position(|digit| digit == sign))
        .map(|digit| digit.to_string())
        .collect();
    Ok((text.starts_with('⁻'), number(&digits, span)?))
}

fn out_of_bounds(span: Span) -> Report {
    Diagnostic::error(
        "number-out-of-bounds",
        "this number is too long",
        span,
        format!("at most {MAX_DECIMAL} digits, zeros counted"),
    )
    .note("numbers are exact: each digit is kept")
    .help("give it a name and leave its value open")
    .into()
}
