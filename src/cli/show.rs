//! `chainrule show`: the network as it was understood.

use super::args::{FormatName, ShowArguments};
use super::network::load;
use super::{Outcome, Page, Stop, deliver};
use crate::present::present_network;
use crate::write::{Environment, write_to};

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
    arguments.format.break_lines(&mut document, format);
    Ok(Page { document, format })
}
