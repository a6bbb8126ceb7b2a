//! `chainrule derive`: gradients as formulas, confirmed before they are printed.

use super::args::{DeriveArguments, FormatName, MacroDefinitions};
use super::network::{Loaded, load};
use super::picture::picture;
use super::{Outcome, Page, Stop, deliver, folder, report};
use crate::derive::{Derivation, Request};
use crate::formula::{Detail, Form, Formula, Lettering, View};
use crate::matrix::Layout;
use crate::numeric::{Confirmation, Sampling, Status};
use crate::present::{Confirmed, Evidence, Style, present};
use crate::profile::{Lay, Left, Notation};
use crate::write::{Environment, Extent, Format, lay_out};

pub(super) fn run(arguments: &DeriveArguments) -> Result<Outcome, Stop> {
    let (mut page, behind) = page(arguments)?;
    match arguments.output.as_deref() {
        Some(path) if folder::is_folder(path) => folder::write(path, &mut page)?,
        output => deliver(output, |out| {
            lay_out(&page.document, page.format).write_to(out)
        })?,
    }
    // The process ends here: taking a large network apart piece by piece would only cost time.
    std::mem::forget((page, behind));
    Ok(Outcome::Done)
}

/// What a page was made from.
type Behind = (Loaded, Derivation, Vec<Formula>);

/// What is printed, and what it was made from.
pub(super) fn page(arguments: &DeriveArguments) -> Result<(Page, Behind), Stop> {
    let format = format(arguments);
    if matches!(format, Format::Picture(_)) {
        return Err(Stop::refused(
            "error: `derive` writes formulas; pictures are drawn by `chainrule show`",
        ));
    }
    refuse_unwritable(arguments, format)?;
    let loaded = load(&arguments.network)?;
    let in_matrices = loaded.system.whole_arrays.then_some(Form::Matrix);
    let form = arguments.form.map(Form::from).or(in_matrices);
    let usual = view(&loaded.notation);
    let view = View {
        form: form.unwrap_or_default(),
        layout: arguments.layout.map_or(usual.layout, Into::into),
        detail: detail(arguments),
        resolve: arguments.resolve,
        combine: arguments.combine || usual.combine,
        ..usual
    };
    let (derivation, formulas) = formulas(&loaded, arguments.network.step0, &view)?;
    let style = Style {
        notation: &loaded.notation,
        form: shown_form(form, &derivation),
        layout: view.layout,
        legend: arguments.legend,
        labels: arguments.number.then_some(&*arguments.label_prefix),
        macros: arguments.macros.map(|_| &*arguments.macro_prefix),
        braces: arguments.braces,
        prose: arguments.prose,
        words: arguments.format.language,
    };
    // The size is known from the boxes alone: what is too large is refused before it is confirmed.
    let mut document = present(&derivation, &formulas, &style, Confirmed::Skipped);
    match arguments.macros {
        Some(MacroDefinitions::Without) => document.macros.clear(),
        Some(MacroDefinitions::Only) => document.keep_macros(),
        Some(MacroDefinitions::With) | None => {}
    }
    if format == Format::Html(Extent::Page) {
        document.picture = picture(&derivation, &loaded.notation, style.words).ok();
    }
    arguments.format.break_lines(&mut document, format);
    refuse_above(arguments, lay_out(&document, format).size())?;
    if !arguments.no_confirm {
        let confirmation = crate::numeric::confirm(&derivation, &formulas, &Sampling::default());
        document.confirmation = evidence(&loaded, &derivation, &formulas, &confirmation)?;
        if let (Confirmed::Yes(evidence), true) =
            (&mut document.confirmation, is_fragment(arguments))
        {
            evidence
                .iter_mut()
                .for_each(|evidence| evidence.worst_error = None);
        }
    }
    Ok((Page { document, format }, (loaded, derivation, formulas)))
}

/// Definitions alone are LaTeX without a page around them.
fn format(arguments: &DeriveArguments) -> Format {
    let format = arguments.format.or(FormatName::Latex, arguments.env.into());
    match (format, arguments.macros) {
        (Format::Document(_), Some(MacroDefinitions::Only)) => Format::Document(Extent::Fragment),
        _ => format,
    }
}

/// Whether the answer stands in another text, which is to be the same on all machines.
fn is_fragment(arguments: &DeriveArguments) -> bool {
    let format = arguments.format.or(FormatName::Latex, arguments.env.into());
    let parts = arguments.output.as_deref().is_some_and(folder::is_folder);
    arguments.format.is_fragment() || (parts && folder::part(format) != format)
}

/// How much is shown: sentences stand between steps.
fn detail(arguments: &DeriveArguments) -> Detail {
    let asked = Detail::from(arguments.detail);
    if arguments.prose {
        asked.max(Detail::Steps)
    } else {
        asked
    }
}

/// What is to be seen, as the profile has it.
pub(super) fn view(notation: &Notation) -> View {
    let derivatives = &notation.profile.derivatives;
    View {
        layout: match derivatives.layout {
            Lay::Same => Layout::Same,
            Lay::Numerator => Layout::Numerator,
            Lay::Intermediates => Layout::Intermediates,
            Lay::Denominator => Layout::Denominator,
        },
        combine: derivatives.combine,
        lettering: match derivatives.left {
            Left::AsRead => Lettering::AsRead,
            Left::Bare => Lettering::Bare,
        },
        examples: notation.examples,
        ..View::default()
    }
}

/// The derivation of a network's questions, and its formulas in a view.
pub(super) fn formulas(
    loaded: &Loaded,
    step0: Option<super::args::Step0>,
    view: &View,
) -> Result<(Derivation, Vec<Formula>), Stop> {
    let request = Request {
        wrt: Vec::new(),
        step_at_zero: step0.map(Into::into),
        ..Request::default()
    };
    let mut derivation =
        crate::derive::derive(&loaded.system, &request).map_err(|report| loaded.stop(&report))?;
    let formulas =
        crate::formula::formulate(&mut derivation, view).map_err(|report| loaded.stop(&report))?;
    Ok((derivation, formulas))
}

/// Scalar if nothing has element indices, else index, unless a form was asked for or the network's notation says it.
fn shown_form(asked: Option<Form>, derivation: &Derivation) -> Form {
    asked.unwrap_or_else(|| {
        if derivation
            .system
            .families
            .iter()
            .all(|family| family.axes == 0)
        {
            Form::Scalar
        } else {
            Form::Index
        }
    })
}

/// Refuses what a format cannot say.
fn refuse_unwritable(arguments: &DeriveArguments, format: Format) -> Result<(), Stop> {
    if arguments.number
        && let Format::Latex(Environment::Aligned | Environment::None) = format
    {
        return Err(Stop::refused(
            "error: lines in `aligned` or without an environment have no numbers\nhelp: `--number` goes with `--env align`",
        ));
    }
    if arguments.macros.is_some() && !matches!(format, Format::Latex(_) | Format::Document(_)) {
        return Err(Stop::refused(
            "error: only LaTeX has macros\nhelp: `--macros` goes with `--format latex` and `document`",
        ));
    }
    if arguments.prose && matches!(format, Format::Latex(_) | Format::Text | Format::Json) {
        return Err(Stop::refused(
            "error: sentences stand in pages\nhelp: `--prose` goes with `--format document`, `markdown`, `html` and `typst`, each also with `--fragment`",
        ));
    }
    if arguments.braces && format == Format::Text {
        return Err(Stop::refused(
            "error: plain text has no braces below formulas\nhelp: `--braces` goes with all other formats",
        ));
    }
    Ok(())
}

fn refuse_above(arguments: &DeriveArguments, size: u64) -> Result<(), Stop> {
    if size <= arguments.max_output {
        return Ok(());
    }
    let advice = if arguments.resolve || detail(arguments) > Detail::Result {
        "leave out --resolve and --detail: the form with named intermediates is much shorter"
    } else {
        "ask for fewer derivatives with --wrt"
    };
    Err(Stop::refused(format!(
        "error: the output would be {}, more than {} (--max-output)\nhelp: {advice}\nhelp: or allow it with --max-output {}",
        amount(size),
        amount(arguments.max_output),
        size.div_ceil(1_000_000).to_string() + "M",
    )))
}

/// A number of bytes for people.
fn amount(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        1_000_000_000..=u64::MAX => format!("{} GB", bytes / 1_000_000_000),
    }
}

/// What was confirmed; a reason to stop if anything was not.
fn evidence(
    loaded: &Loaded,
    derivation: &Derivation,
    formulas: &[Formula],
    confirmation: &Confirmation,
) -> Result<Confirmed, Stop> {
    if !confirmation.is_confirmed() {
        let outcome = if confirmation.has_failed() {
            Outcome::Failed
        } else {
            Outcome::Undecided
        };
        let mut message = report::functions(&loaded.source, confirmation);
        message.push_str(&report::table(derivation, formulas, confirmation));
        message.push_str("nothing is printed\n");
        return Err(Stop {
            outcome,
            message,
            about: None,
        });
    }
    let evidence = confirmation
        .outcomes
        .iter()
        .filter_map(|outcome| match &outcome.status {
            Status::Confirmed {
                points,
                step_patterns,
                worst_error,
            } => Some(Evidence {
                points: *points,
                step_patterns: *step_patterns,
                worst_error: Some(*worst_error),
                notes: outcome.notes.clone(),
            }),
            Status::Failed(_) | Status::Unconfirmed { .. } | Status::Skipped => None,
        })
        .collect();
    Ok(Confirmed::Yes(evidence))
}
