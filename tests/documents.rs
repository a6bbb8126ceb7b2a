//! The documents are run: every command in a `console` block prints what stands below it, every `net` block is
//! read, and is refused for the reason that a `net error` block names. Between `<!-- chainrule … -->` and
//! `<!-- end -->` stands what the command prints, to be read as Markdown.
//!
//! `UPDATE_DOCUMENTS=1 cargo test --test documents` writes what the commands print into the documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chainrule::source::{Source, render};
use chainrule::syntax::parse;
use chainrule::system::lower;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and all of docs/.
fn documents() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("docs"))
        .expect("there is a folder of documents")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.push(root().join("README.md"));
    paths.sort();
    paths
}

/// A fenced block.
struct Block {
    /// What stands behind the opening fence.
    info: String,
    /// Where it begins in its document, counted from 1.
    line: usize,
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in document.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block {
                    info: info.to_owned(),
                    line: at + 2,
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    found
}

#[test]
fn commands_print_what_the_documents_show() {
    let update = std::env::var_os("UPDATE_DOCUMENTS").is_some();
    let mut commands = 0;
    for path in documents() {
        let document = fs::read_to_string(&path).expect("a document is text");
        let mut updated = document.clone();
        for block in blocks(&document)
            .iter()
            .filter(|block| block.info == "console")
        {
            let mut answer = String::new();
            for command in block.text.lines().filter_map(command) {
                commands += 1;
                answer.push_str(&format!("$ {command}\n{}", answer_to(command)));
            }
            if update {
                updated = updated.replacen(
                    &format!("```console\n{}```", block.text),
                    &format!("```console\n{answer}```"),
                    1,
                );
            } else {
                assert_eq!(
                    without_errors(&block.text),
                    without_errors(&answer),
                    "{}, line {}",
                    path.display(),
                    block.line
                );
            }
        }
        if update && updated != document {
            fs::write(&path, updated).expect("documents can be written");
        }
    }
    assert!(commands > 10, "the documents show commands");
}

#[test]
fn regions_are_what_their_commands_print() {
    let paths = documents();
    let paths: Vec<&str> = paths
        .iter()
        .map(|path| path.to_str().expect("documents have plain names"))
        .collect();
    let mut weave = Command::new(env!("CARGO_BIN_EXE_chainrule"));
    weave.arg("weave");
    if std::env::var_os("UPDATE_DOCUMENTS").is_none() {
        weave.arg("--check");
    }
    let output = weave.args(paths).output().expect("the program runs");
    let differences = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{differences}");
}

/// The command on a line of a console; Typst's formulas begin with the same `$ `.
fn command(line: &str) -> Option<&str> {
    let command = line.strip_prefix("$ ")?;
    ["chainrule ", "cargo ", "cat "]
        .iter()
        .any(|program| command.starts_with(program))
        .then_some(command)
}

/// What a command prints: on standard output, then on standard error.
fn answer_to(command: &str) -> String {
    let words = words(command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let arguments = match words.as_slice() {
        ["cat", file] => {
            return fs::read_to_string(root().join(file))
                .expect("the documents show files that exist");
        }
        ["chainrule", arguments @ ..] | ["cargo", "run", "--release", "--", arguments @ ..] => {
            arguments
        }
        _ => panic!("`{command}` is no command that documents show"),
    };
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("the program starts");
    let mut text = String::from_utf8(output.stdout).expect("output is text");
    text.push_str(&String::from_utf8(output.stderr).expect("messages are text"));
    text
}

/// The words of a command; single quotes keep blanks.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words
                .last_mut()
                .expect("there is a word from the start")
                .push(character),
        }
    }
    words
}

/// The text without the sizes of numerical errors: these depend on the machine's exp and tanh.
fn without_errors(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = [
        "error < ",
        "error $<$ ",
        "error &lt; ",
        r"error \< ",
        "worst error ",
        "\"worst_error\":",
    ]
    .iter()
    .filter_map(|mark| Some(rest.find(mark)? + mark.len()))
    .min()
    {
        shown.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches(|character: char| {
            character.is_ascii_digit() || matches!(character, '.' | 'e' | '-')
        });
    }
    shown + rest
}

#[test]
fn networks_in_documents_are_read_as_they_say() {
    let mut networks = 0;
    for path in documents() {
        let document = fs::read_to_string(&path).expect("a document is text");
        for block in blocks(&document) {
            let Some(expected) = block.info.strip_prefix("net") else {
                continue;
            };
            networks += 1;
            let place = format!("{}, line {}", path.display(), block.line);
            let source = Source::new("network", block.text);
            let system = parse(&source).and_then(|network| lower(&network));
            match (expected.trim().strip_prefix("error "), system) {
                (None, Ok(system)) => {
                    assert!(
                        expected.is_empty(),
                        "{place}: `net{expected}` is no kind of block"
                    );
                    assert!(system.warnings.is_empty(), "{place}: {:?}", system.warnings);
                }
                (None, Err(report)) => panic!("{place}:\n{}", render(&report, &source, false)),
                (Some(code), Ok(_)) => panic!("{place}: accepted, expected {code}"),
                (Some(code), Err(report)) => assert!(
                    report
                        .diagnostics()
                        .iter()
                        .any(|diagnostic| diagnostic.code == code),
                    "{place}: expected {code}\n{}",
                    render(&report, &source, false)
                ),
            }
        }
    }
    assert!(networks > 20, "the documents show networks");
}

#[test]
fn links_lead_somewhere() {
    for path in documents() {
        let document = fs::read_to_string(&path).expect("a document is text");
        let folder = path.parent().expect("a document is in a folder");
        for behind in document.split("](").skip(1) {
            let target = behind.split(')').next().expect("a split gives a part");
            let file = target.split('#').next().expect("a split gives a part");
            if !file.is_empty() && !file.contains("://") {
                assert!(folder.join(file).exists(), "{}: {target}", path.display());
            }
        }
    }
}

/// Fewer identities than this are no cookbook.
const LEAST_IDENTITIES: usize = 60;

#[test]
fn identities_are_what_the_program_derives() {
    let path = root().join("docs/cookbook.md");
    let document = fs::read_to_string(&path).expect("a document is text");
    let mut parts = document.split("<!-- identities: ");
    let mut written = parts.next().expect("a split gives a part").to_owned();
    let mut shown = BTreeSet::new();
    let mut count = 0;
    for part in parts {
        let (name, rest) = part.split_once(" -->").expect("a mark ends");
        let (_, behind) = rest.split_once("<!-- end -->").expect("a table ends");
        let (table, rows) = identities(name);
        written.push_str(&format!(
            "<!-- identities: {name} -->\n\n{table}\n<!-- end -->{behind}"
        ));
        shown.insert(name.to_owned());
        count += rows;
    }
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        fs::write(&path, &written).expect("documents can be written");
    } else {
        assert_eq!(document, written, "UPDATE_DOCUMENTS=1 writes the page");
    }
    let cases = fs::read_dir(root().join("tests/cases/cookbook")).expect("there are identities");
    for case in cases {
        let path = case.expect("a readable folder").path();
        let name = path
            .file_stem()
            .expect("a case has a name")
            .to_string_lossy();
        assert!(shown.contains(&*name), "the page does not show {name}");
    }
    assert!(count >= LEAST_IDENTITIES, "{count} identities");
}

/// The declarations of a network of identities and the table of its derivatives, with the number of these.
fn identities(name: &str) -> (String, usize) {
    let file = format!("tests/cases/cookbook/{name}.net");
    let text = fs::read_to_string(root().join(&file)).expect("a case is text");
    let output = answer_to(&format!("chainrule derive {file} --format json"));
    let answer: serde_json::Value = serde_json::from_str(&output).expect("the answer is JSON");
    let gradients = answer["gradients"].as_array().expect("there are gradients");
    let asked: Vec<&serde_json::Value> = gradients
        .iter()
        .filter(|gradient| gradient["asked"] == true)
        .collect();
    let word = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let equations: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(left, _)| asked.iter().any(|gradient| gradient["of"] == *left))
        .collect();
    let mut page = String::from("```text\n");
    for line in text.lines() {
        let told = ["#", "grad ", "hess "];
        let left = line.split(" = ").next().expect("a split gives a part");
        if !told.iter().any(|start| line.starts_with(start))
            && !equations.iter().any(|(known, _)| *known == left)
        {
            page.push_str(&format!("{line}\n"));
        }
    }
    page.push_str(
        "```\n\n| name | definition | derivative | valid if |\n| --- | --- | --- | --- |\n",
    );
    for gradient in &asked {
        assert_eq!(gradient["form"], "matrix", "{name}: {gradient}");
        assert_eq!(gradient["confirmation"]["status"], "confirmed", "{name}");
        let of = word(&gradient["of"]);
        let (_, formula) = equations
            .iter()
            .find(|(left, _)| *left == of)
            .expect("what is differentiated is defined");
        let conditions = gradient["valid_if"].as_array().expect("a list");
        let conditions: Vec<String> = conditions
            .iter()
            .map(|condition| format!("${}$", word(condition)))
            .collect();
        page.push_str(&format!(
            "| `{of}` | `{formula}` | ${} = {}$ | {} |\n",
            word(&gradient["lhs_latex"]),
            word(&gradient["latex"]),
            conditions.join(", ")
        ));
    }
    (page, asked.len())
}
