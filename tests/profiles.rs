//! Notation profiles. Each network under `cases/profiles` is shown and derived in every profile, one snapshot a
//! network; what lies under `cases/profiles/errors` is refused, and the message is a snapshot.
//!
//! A line `# show: index, matrix` names the forms in which a network is derived.

use std::fs;
use std::path::Path;
use std::process::Command;

use chainrule::profile::{apply, profiles, read};
use chainrule::source::Source;
use chainrule::syntax::parse;
use chainrule::system::lower;
use serde::Deserialize;

fn run(path: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(arguments)
        .current_dir(path.parent().expect("a case is in a folder"))
        .output()
        .expect("the program starts");
    let printed = String::from_utf8(output.stdout).expect("output is text");
    let mut text: String = printed
        .lines()
        .filter(|line| !line.starts_with("% confirmed numerically"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(
        !output.status.success()
            || printed.contains("confirmed numerically")
            || arguments[0] != "derive",
        "{path:?} is confirmed: {text}"
    );
    text.push_str(&String::from_utf8(output.stderr).expect("messages are text"));
    text
}

fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .expect("a case is a file")
}

#[test]
fn every_profile_writes_every_network() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::glob!("cases/profiles", "*.net", |path| {
            let text = fs::read_to_string(path).expect("a case is text");
            let forms: Vec<&str> = text
                .lines()
                .find_map(|line| line.strip_prefix("# show:"))
                .expect("a case names its forms")
                .split(',')
                .map(str::trim)
                .collect();
            let mut page = String::new();
            for profile in profiles() {
                for form in &forms {
                    let arguments = ["derive", name(path), "--profile", &profile.name, "--form", form];
                    page.push_str(&format!("$ {} {form}\n{}\n", profile.name, run(path, &arguments)));
                }
            }
            insta::assert_snapshot!(page);
        });
    });
}

#[test]
fn what_cannot_be_written_so_is_refused() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::glob!("cases/profiles/errors", "*.*", |path| {
            let text = fs::read_to_string(path).expect("a case is text");
            let message = match text.lines().next().and_then(|line| line.strip_prefix("# profile: ")) {
                Some(profile) => run(path, &["derive", name(path), "--profile", profile]),
                None => run(path, &["show", "-e", "z = w x", "--profile", name(path)]),
            };
            assert!(message.starts_with("error"), "{path:?} is refused: {message}");
            insta::assert_snapshot!(message);
        });
    });
}

/// The equations that a source prints.
#[derive(Deserialize)]
struct Printed {
    prints: Vec<FromNetwork>,
}

/// Equations that a source prints of a network.
#[derive(Deserialize)]
struct FromNetwork {
    network: String,
    form: String,
    equations: Vec<String>,
}

/// LaTeX without spaces, and with a superscript before the subscript beside it: neither can be seen.
fn tokens(latex: &str) -> String {
    let mut text: String = latex
        .replace(r"\,", "")
        .replace('&', "")
        .split_whitespace()
        .collect();
    let mut from = 0;
    while let Some(at) = text[from..].find('_') {
        let at = from + at;
        let below = at + 1 + argument(&text[at + 1..]);
        from = at + 1;
        if text[below..].starts_with('^') {
            let above = below + 1 + argument(&text[below + 1..]);
            let turned = format!("{}{}", &text[below..above], &text[at..below]);
            from = at + above - below + 1;
            text.replace_range(at..above, &turned);
        }
    }
    text
}

/// How long the argument of a script is: a group, a command or a character.
fn argument(text: &str) -> usize {
    if text.starts_with('{') {
        let mut depth = 0;
        for (at, letter) in text.char_indices() {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            if depth == 0 {
                return at + 1;
            }
        }
    }
    match text.strip_prefix('\\') {
        Some(rest) => {
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic());
            1 + letters.unwrap_or(rest.len())
        }
        None => text.chars().next().map_or(0, char::len_utf8),
    }
}

/// Every profile prints the equations of its source, token for token.
#[test]
fn every_profile_prints_what_its_source_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/profiles/sources");
    let mut missing = Vec::new();
    for profile in profiles() {
        let path = folder.join(format!("{}.toml", profile.name));
        let text =
            fs::read_to_string(&path).expect("every profile has the equations of its source");
        let source: Printed = toml::from_str(&text).expect("a list of equations");
        for FromNetwork {
            network,
            form,
            equations,
        } in source.prints
        {
            let arguments = [
                "derive",
                &network,
                "--profile",
                &profile.name,
                "--form",
                &form,
                "--env",
                "none",
            ];
            let printed = run(&path, &arguments);
            let lines: Vec<String> = printed
                .lines()
                .map(|line| tokens(line.split(r" \qquad").next().unwrap_or(line)))
                .collect();
            for equation in equations {
                if !lines.contains(&tokens(&equation)) {
                    missing.push(format!(
                        "{}, {network}: {equation}\n{printed}",
                        profile.name
                    ));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The example in the documents is a profile, and writes a network.
#[test]
fn the_documents_show_a_legal_profile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("docs/profiles.md")).expect("a document");
    let (_, behind) = document.split_once("```toml\n").expect("an example");
    let (text, _) = behind.split_once("```").expect("a block ends");
    let profile = read(&Source::new("lecture.toml", text)).expect("a legal profile");
    let network = fs::read_to_string(root.join("examples/any_activation.net")).expect("a network");
    let network = parse(&Source::new("network", network)).expect("legal");
    let (_, notation) = apply(&profile, lower(&network).expect("legal")).expect("all roles");
    assert_eq!(notation.profile.name, "lecture");
}
