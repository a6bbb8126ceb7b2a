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
