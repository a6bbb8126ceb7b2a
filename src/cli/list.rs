//! `chainrule list`: what the program knows.

use super::args::{ListArguments, ListFormat, Listing};
use super::{Outcome, Stop, deliver, tables};
use crate::profile::profiles;
use crate::simplify::Holds;

/// Functions of whole arrays, or the losses among them.
fn array_rows(losses: bool) -> impl Iterator<Item = [String; 3]> {
    crate::functions::array_rows()
        .filter(move |row| row.loss == losses)
        .map(|row| [row.call(), row.also.join(", "), row.value.to_owned()])
}

/// Functions of square matrices.
fn matrix_rows() -> impl Iterator<Item = [String; 3]> {
    crate::functions::matrix_rows().map(|row| {
        [
            format!("{}(X)", row.name),
            row.also.join(", "),
            format!("built in, with the slope {}", row.slope),
        ]
    })
}

pub(super) fn run(arguments: &ListArguments) -> Result<Outcome, Stop> {
    let text = text(arguments)?;
    deliver(None, |out| out.write_all(text.as_bytes()))?;
    Ok(Outcome::Done)
}

pub(super) fn text(arguments: &ListArguments) -> Result<String, Stop> {
    if arguments.format == ListFormat::Markdown {
        return match arguments.what {
            Listing::Functions => Ok(tables::functions()),
            Listing::Losses => Ok(tables::losses()),
            Listing::Layers => Ok(tables::layers()),
            Listing::Profiles => Ok(tables::profiles()),
            Listing::Rules | Listing::Mistakes => Err(Stop::refused(
                "error: only functions, losses, layers and profiles are listed with formulas",
            )),
        };
    }
    let rows: Vec<[String; 3]> = match arguments.what {
        Listing::Functions => crate::functions::rows()
            .map(|row| {
                let names: Vec<&str> = std::iter::once(row.name)
                    .chain(row.also.iter().copied())
                    .collect();
                let value = if row.value.is_empty() {
                    "built in"
                } else {
                    row.value
                };
                [
                    format!("{}({})", row.name, row.parameters),
                    names[1..].join(", "),
                    value.to_owned(),
                ]
            })
            .chain(array_rows(false))
            .chain(matrix_rows())
            .collect(),
        Listing::Losses => array_rows(true).collect(),
        Listing::Layers => crate::functions::layers()
            .map(|row| [row.usage(), String::new(), row.source.to_owned()])
            .collect(),
        Listing::Rules => crate::simplify::rules()
            .map(|rule| {
                let statement = format!("{} = {}", rule.left, rule.right);
                let holds = match rule.holds {
                    Holds::Always => String::new(),
                    Holds::Under(values) => {
                        let names: Vec<&str> = values.iter().map(|step| step.name()).collect();
                        format!(" (Step(0) = {})", names.join(", "))
                    }
                };
                [
                    rule.name.to_owned(),
                    statement,
                    format!("{}{holds}", rule.why),
                ]
            })
            .collect(),
        Listing::Mistakes => crate::judge::MISTAKES
            .iter()
            .map(|row| [row.name.to_owned(), String::new(), row.about.to_owned()])
            .collect(),
        Listing::Profiles => profiles()
            .map(|profile| {
                let convention: Vec<String> = profile
                    .convention()
                    .into_iter()
                    .map(|(what, how)| format!("{what}: {how}"))
                    .collect();
                let about = match convention.as_slice() {
                    [] => profile.about.clone(),
                    said => format!("{} ({})", profile.about, said.join("; ")),
                };
                [profile.name.clone(), String::new(), about]
            })
            .collect(),
    };
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let (first, second) = (width(0), width(1));
    let mut text = String::new();
    for [name, also, about] in &rows {
        let line = if second == 0 {
            format!("{name:first$}  {about}")
        } else {
            format!("{name:first$}  {also:second$}  {about}")
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Ok(text)
}
