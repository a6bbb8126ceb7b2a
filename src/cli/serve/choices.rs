//! What a person can choose on the page: options of the command line, as the command line describes them.

use clap::{Arg, Command, CommandFactory};
use serde_json::{Map, Value, json};

use crate::cli::args::Arguments;
use crate::profile::profiles;

/// A command that answers a question of the page, and its options that can be chosen there. None of them reads or
/// writes a file.
pub(super) struct Offer {
    /// Its name.
    pub(super) command: &'static str,
    options: &'static [Choice],
}

/// An option by its long name.
struct Choice {
    name: &'static str,
    /// What the page begins with, where it is not the default of the command line.
    begins: Option<&'static str>,
}

const fn usual(name: &'static str) -> Choice {
    Choice { name, begins: None }
}

const fn begins(name: &'static str, value: &'static str) -> Choice {
    Choice {
        name,
        begins: Some(value),
    }
}

pub(super) const DERIVE: Offer = Offer {
    command: "derive",
    options: &[
        begins("detail", "steps"),
        usual("form"),
        usual("profile"),
        usual("layout"),
        usual("step0"),
        usual("resolve"),
        usual("combine"),
        begins("legend", "true"),
        usual("prose"),
        usual("no-confirm"),
    ],
};

pub(super) const CHECK: Offer = Offer {
    command: "check",
    options: &[
        usual("about"),
        usual("profile"),
        usual("layout"),
        usual("step0"),
    ],
};

pub(super) const FLOW: Offer = Offer {
    command: "flow",
    options: &[
        usual("init"),
        usual("depth"),
        usual("width"),
        usual("activation"),
        usual("draws"),
        usual("profile"),
        usual("step0"),
    ],
};

impl Offer {
    /// What can be chosen, for the page.
    pub(super) fn choices(&self) -> Vec<Value> {
        let command = subcommand(self.command);
        self.options
            .iter()
            .map(|choice| described(argument(&command, choice.name), choice.begins))
            .collect()
    }

    /// What was chosen, as words of a command line.
    ///
    /// # Errors
    /// An option that is not offered, a value that is none.
    pub(super) fn words(&self, chosen: &Map<String, Value>) -> Result<Vec<String>, String> {
        let command = subcommand(self.command);
        let mut words = Vec::new();
        for (name, value) in chosen {
            if !self.options.iter().any(|choice| choice.name == name) {
                return Err(format!("`{name}` can't be chosen here"));
            }
            let argument = argument(&command, name);
            match value {
                Value::Bool(chosen) if !argument.get_action().takes_values() => {
                    if *chosen {
                        words.push(format!("--{name}"));
                    }
                }
                Value::String(value) if argument.get_action().takes_values() => {
                    let known = values(argument);
                    if !known.is_empty() && !known.iter().any(|(known, _)| known == value) {
                        return Err(format!("`{value}` is no value of `{name}`"));
                    }
                    words.push(format!("--{name}={value}"));
                }
                _ => return Err(format!("`{name}` can't be {value}")),
            }
        }
        Ok(words)
    }
}

fn subcommand(name: &str) -> Command {
    let mut all = Arguments::command();
    // The arguments of a command are there once it is built.
    all.build();
    all.find_subcommand(name)
        .expect("questions are answered by commands")
        .clone()
}

fn argument<'c>(command: &'c Command, name: &str) -> &'c Arg {
    command
        .get_arguments()
        .find(|argument| argument.get_long() == Some(name))
        .expect("what is offered is an option")
}

fn described(argument: &Arg, begins: Option<&str>) -> Value {
    let name = argument.get_long().unwrap_or_default();
    let about = argument.get_help().map(ToString::to_string);
    let default = argument.get_default_values().first();
    let default = default.map(|value| value.to_string_lossy().into_owned());
    if !argument.get_action().takes_values() {
        return json!({"name": name, "about": about, "kind": "flag", "default": begins.unwrap_or("false")});
    }
    let begins = begins.map(str::to_owned).or_else(|| default.clone());
    let values = values(argument);
    if values.is_empty() {
        let names = argument.get_value_names().unwrap_or_default();
        let hint = names.first().map(ToString::to_string);
        return json!({"name": name, "about": about, "kind": "text", "hint": hint, "default": begins});
    }
    let values: Vec<Value> = values
        .into_iter()
        .map(|(value, about)| json!({"name": value, "about": about}))
        .collect();
    json!({"name": name, "about": about, "kind": "one", "values": values, "default": begins})
}

/// The values of an option with what they mean, if there is a list of them.
fn values(argument: &Arg) -> Vec<(String, Option<String>)> {
    if argument.get_long() == Some("profile") {
        return profiles()
            .map(|profile| (profile.name.clone(), Some(profile.about.clone())))
            .collect();
    }
    argument
        .get_possible_values()
        .iter()
        .map(|value| {
            let about = value.get_help().map(ToString::to_string);
            (value.get_name().to_owned(), about)
        })
        .collect()
}
