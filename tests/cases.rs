//! Case files: each text under `cases/errors` is refused, and its whole message is a snapshot.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
