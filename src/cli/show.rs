//! `chainrule show`: the network as it was understood, in equations or as a picture.

use super::args::{FormatName, ShowArguments};
use super::network::load;
use super::picture::picture;
use super::{Outcome, Page, Stop, deliver};
use crate::derive::{Request, derive};
use crate::present::present_network;
use crate::write::{Environment, Extent, Format, write_to};

pub(super) fn run(arguments: &ShowArguments) -> Result<Outcome, Stop> {
    let page = page(arguments)?;
    deliver(None, |out| write_to(&page.document, page.format, out))?;
    Ok(Outcome::Done)
}

pub(super) fn page(arguments: &ShowArguments) -> Result<Page, Stop> {
    let loaded = load(&arguments.network)?;
    let mut document = present_network(&loaded.system, &loaded.notation, arguments.format.language);
    let format = arguments
        .format
        .or(FormatName::Text, Environment::default());
    let drawn = || {
        let request = Request {
            step_at_zero: arguments.network.step0.map(Into::into),
            ..Request::default()
        };
        let derivation = derive(&loaded.system, &request).map_err(|report| loaded.stop(&report))?;
        picture(&derivation, &loaded.notation, arguments.format.language)
    };
    match format {
        Format::Picture(_) => document.picture = Some(drawn()?),
        // A page says the rest without it.
        Format::Html(Extent::Page) => document.picture = drawn().ok(),
        Format::Html(Extent::Fragment)
        | Format::Latex(_)
        | Format::Document(_)
        | Format::Markdown(_)
        | Format::Typst(_)
        | Format::Text
        | Format::Json => {}
    }
    arguments.format.break_lines(&mut document, format);
    Ok(Page { document, format })
}
