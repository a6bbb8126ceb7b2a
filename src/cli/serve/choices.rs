//! What a person can choose on the page: options of the command line, as the command line describes them.

use clap::{Arg, Command, CommandFactory};
use serde_json::{Map, Value, json};

use crate::cli::args::{Arguments, Question};
use crate::profile::profiles;

/// An option of the command of the same name as the question.
struct Choice {
    /// Its long name.
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

/// The options that are offered. None of them reads or writes a file.
fn offered(question: Question) -> &'static [Choice] {
    const DERIVE: &[Choice] = &[
        begins("detail", "steps"),
        usual("form"),
        usual("profile"),
        usual("layout"),
        usual("step0"),
        usual("resolve"),
        usual("combine"),
        begins("legend", "true"),
        usual("no-confirm"),
    ];
    const CHECK: &[Choice] = &[
        usual("about"),
        usual("profile"),
        usual("layout"),
        usual("step0"),
    ];
    const FLOW: &[Choice] = &[
        usual("init"),
        usual("depth"),
        usual("width"),
        usual("activation"),
        usual("draws"),
        usual("profile"),
        usual("step0"),
    ];
    match question {
        Question::Start => &[],
        Question::Derive => DERIVE,
        Question::Check => CHECK,
        Question::Flow => FLOW,
    }
}

/// The name of the command that answers.
pub(super) fn command(question: Question) -> &'static str {
    match question {
        Question::Start => "show",
        Question::Derive => "derive",
        Question::Check => "check",
        Question::Flow => "flow",
    }
}

/// The choices for a question, for the page.
pub(super) fn choices(question: Question) -> Vec<Value> {
    let all = Arguments::command();
    let command = all
        .find_subcommand(command(question))
        .expect("questions are answered by commands");
    offered(question)
        .iter()
        .map(|choice| described(argument(command, choice.name), choice.begins))
        .collect()
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

/// What was chosen, as words of a command line.
///
/// # Errors
/// An option that is not offered, a value that is none.
pub(super) fn words(
    question: Question,
    chosen: &Map<String, Value>,
) -> Result<Vec<String>, String> {
    let all = Arguments::command();
    let command = all
        .find_subcommand(command(question))
        .expect("questions are answered by commands");
    let mut words = Vec::new();
    for (name, value) in chosen {
        if !offered(question).iter().any(|choice| choice.name == name) {
            return Err(format!("`{name}` can't be chosen here"));
        }
        let argument = argument(command, name);
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
