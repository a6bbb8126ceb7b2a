//! Case files. Each text under `cases/errors` is refused, and its whole message is a snapshot. Each other
//! network, under `cases/<topic>` or in `examples`, goes the whole way, and one snapshot shows what the program
//! understood and what it derived.
//!
//! A line `# show: steps, full, resolve, combine, scalar, index, matrix, numerator, denominator, legend, text, document, markdown, html, typst, fragment, number, macros, macros=only, braces, prose, german, width=60, env=aligned, step0=1/2, flow` asks for more than the results;
//! words joined by blanks belong to one command (`steps resolve`). Of another convention, the differences are shown.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chainrule::derive::{Request, derive};
use chainrule::formula::{View, formulate};
use chainrule::numeric::{Sampling, confirm};
use chainrule::source::{Report, Source, render};
use chainrule::syntax::parse;
use chainrule::system::lower;

/// Codes of errors that no small file can show (they are tested in `syntax.rs`), and of mistakes in trees that
/// reading never gives: lowering refuses them too, since trees can be built by programs.
const WITHOUT_FILE: &[&str] = &[
    "text-too-large",
    "statement-too-large",
    "branch-after-otherwise",
    "derivative-here",
    "function-without-argument",
];

fn source(path: &Path) -> Source {
    let name = path
        .file_name()
        .expect("a case is a file")
        .to_string_lossy();
    let text = fs::read_to_string(path).expect("a case is text");
    Source::new(name, text)
}

/// What is wrong with a text: with its form, its names and ranges, or the derivatives that it declares.
fn refuse(source: &Source) -> Report {
    let whole_way = || {
        let system = lower(&parse(source)?)?;
        let mut derivation = derive(&system, &Request::default())?;
        let formulas = formulate(&mut derivation, &View::default())?;
        let confirmation = confirm(&derivation, &formulas, &Sampling::default());
        Report::unless_empty(confirmation.functions)
    };
    match whole_way() {
        Ok(()) => panic!("{} is accepted", source.name),
        Err(report) => report,
    }
}

#[test]
fn errors() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::glob!("cases/errors", "*.net", |path| {
            let source = source(path);
            let report = refuse(&source);
            let code = path.file_stem().expect("a case has a name").to_string_lossy();
            assert!(
                report.diagnostics().iter().any(|diagnostic| code.starts_with(diagnostic.code)),
                "{} does not show {code}:\n{}",
                source.name,
                render(&report, &source, false)
            );
            insta::assert_snapshot!(render(&report, &source, false));
        });
    });
}

#[test]
fn examples() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::glob!("../examples", "*.net", |path| {
            let page = whole_way(path, "steps");
            assert!(!page.contains("exit code"), "{} ends well:\n{page}", path.display());
            insta::assert_snapshot!(page);
        });
    });
}

#[test]
fn networks() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::glob!("cases", "*/*.net", |path| {
            // Those of `profiles` are derived in all profiles, in `tests/profiles.rs`; those of `pictures` are drawn, in
            // `tests/pictures.rs`.
            let elsewhere = |folder: &Path| {
                ["errors", "profiles", "pictures"].iter().any(|other| folder.ends_with(other))
            };
            if !path.parent().is_some_and(elsewhere) {
                insta::assert_snapshot!(whole_way(path, ""));
            }
        });
    });
}

/// What the program prints of a network: as understood, the results, and what the text asks for besides.
fn whole_way(path: &Path, also: &str) -> String {
    let text = fs::read_to_string(path).expect("a case is text");
    let asked: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# show:"))
        .chain([also])
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|view| !view.is_empty())
        .collect();
    let mut page = section("show", &run(path, "show", &[]));
    let results = run(path, "derive", &[]);
    page.push_str(&section("derive", &results));
    for view in asked {
        if let Some(format) = view.strip_prefix("flow") {
            let format = if format.is_empty() {
                "text"
            } else {
                format.trim()
            };
            let options = ["--no-simulation", "--format", format];
            page.push_str(&section(view, &run(path, "flow", &options)));
            continue;
        }
        let options: Vec<&str> = view.split_whitespace().flat_map(option).collect();
        let command = format!("derive {}", options.join(" "));
        let output = run(path, "derive", &options);
        if view.starts_with("step0=") {
            page.push_str(&section(&command, &difference(&results, &output)));
        } else {
            page.push_str(&section(&command, &output));
        }
    }
    page
}

fn section(command: &str, output: &str) -> String {
    format!("$ {command}\n{output}\n")
}

/// A word of `# show:` as command-line options.
fn option(word: &str) -> Vec<&str> {
    match word {
        "steps" => vec!["--detail", "steps"],
        "full" => vec!["--detail", "full"],
        "resolve" => vec!["--resolve"],
        "combine" => vec!["--combine"],
        "scalar" => vec!["--form", "scalar"],
        "matrix" => vec!["--form", "matrix"],
        "numerator" => vec!["--layout", "numerator"],
        "denominator" => vec!["--layout", "denominator"],
        "legend" => vec!["--legend"],
        "index" => vec!["--form", "index"],
        "text" => vec!["--format", "text"],
        "document" => vec!["--format", "document"],
        "typst" => vec!["--format", "typst"],
        "html" => vec!["--format", "html"],
        "markdown" => vec!["--format", "markdown"],
        "fragment" => vec!["--fragment"],
        "number" => vec!["--number"],
        "macros" => vec!["--macros"],
        "macros=only" => vec!["--macros=only"],
        "macros=without" => vec!["--macros=without"],
        "braces" => vec!["--braces"],
        "prose" => vec!["--prose"],
        "german" => vec!["--language", "de"],
        _ => match word.split_once('=') {
            Some(("step0", value)) => vec!["--step0", value],
            Some(("width", value)) => vec!["--width", value],
            Some(("env", value)) => vec!["--env", value],
            _ => panic!("`# show: {word}` is none of the words that can be shown"),
        },
    }
}

/// What a command prints, on both outputs, with its exit code if that is not 0.
fn run(path: &Path, command: &str, options: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .arg(command)
        .arg(path.file_name().expect("a case is a file"))
        .args(options)
        .current_dir(path.parent().expect("a case is in a folder"))
        .output()
        .expect("the program starts");
    let mut text = String::new();
    let printed = String::from_utf8(output.stdout).expect("output is text");
    for line in printed.lines() {
        // How large the error was depends on the machine's exp and tanh; that there is a bound does not.
        let said = line.to_lowercase();
        let confirmed = said.contains("confirmed") || said.contains("bestätigt");
        let shown = match line.rfind(", error ").or_else(|| line.rfind(", Fehler ")) {
            Some(at) if confirmed => &line[..at],
            _ => line,
        };
        text.push_str(shown);
        text.push('\n');
    }
    text.push_str(&String::from_utf8(output.stderr).expect("messages are text"));
    match output.status.code() {
        Some(0) => {}
        Some(code) => text.push_str(&format!("exit code {code}\n")),
        None => panic!("{} crashed at {command} {options:?}", path.display()),
    }
    text
}

/// The lines that only one of two outputs has.
fn difference(before: &str, after: &str) -> String {
    let lines = |text: &str, other: &str, sign: &str| -> String {
        text.lines()
            .filter(|line| !other.lines().any(|same| same == *line))
            .map(|line| format!("{sign} {line}\n"))
            .collect()
    };
    let text = lines(before, after, "-") + &lines(after, before, "+");
    if text.is_empty() {
        "nothing changes\n".to_owned()
    } else {
        text
    }
}

#[test]
fn each_error_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases: BTreeSet<String> = fs::read_dir(root.join("tests/cases/errors"))
        .expect("the folder of error cases")
        .map(|entry| entry.expect("a readable folder").path())
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    let mut codes = BTreeSet::new();
    // What is refused in claims has its cases in `tests/judging.rs`, in profiles in `tests/profiles.rs`, in texts with
    // regions in `tests/weave.rs`.
    files.retain(|file| {
        !["src/claim", "src/profile", "src/cli/weave"]
            .iter()
            .any(|folder| file.starts_with(root.join(folder)))
    });
    for file in files {
        let text = fs::read_to_string(&file).expect("sources are text");
        for behind in text.split("Diagnostic::error(").skip(1) {
            let argument = behind.trim_start();
            if let Some(quoted) = argument.strip_prefix('"') {
                let code = quoted.split('"').next().expect("a split gives a part");
                codes.insert(code.to_owned());
            }
        }
    }
    assert!(
        codes.len() > 50,
        "the codes are found by `Diagnostic::error(\"…\"`"
    );
    let missing: Vec<&String> = codes
        .iter()
        .filter(|code| !WITHOUT_FILE.contains(&code.as_str()))
        .filter(|code| !cases.iter().any(|case| case.starts_with(code.as_str())))
        .collect();
    assert!(
        missing.is_empty(),
        "no case under tests/cases/errors for {missing:?}"
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
}
