//! `chainrule show`: the network as it was understood.

use super::args::ShowArguments;
use super::network::load;
use super::{Outcome, Stop, deliver};
use crate::present::present_network;
use crate::write::{Environment, Format, write_to};

pub(super) fn run(arguments: &ShowArguments) -> Result<Outcome, Stop> {
    let loaded = load(&arguments.network)?;
    let document = present_network(&loaded.system, &loaded.notation);
    let format = if arguments.json {
        Format::Json
    } else {
        arguments.format.with(Environment::default())
    };
    deliver(None, |out| write_to(&document, format, out))?;
    Ok(Outcome::Done)
}
