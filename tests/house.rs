//! The order of the house: lower layers never import higher ones, files stay small, nothing is left lying about.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first; those in one row stand beside each other.
const LAYERS: &[&[&str]] = &[
    &["source", "stack", "words"],
    &["term"],
    &["array"],
    &["functions", "syntax"],
    &["system"],
    &["profile"],
    &["normal", "simplify"],
    &["matrix"],
    &["derive"],
    &["formula"],
    &["numeric"],
    &["claim"],
    &["judge"],
    &["flow", "graph"],
    &["present"],
    &["write"],
    &["serve"],
    &["cli"],
];

/// Files longer than this hold two ideas.
const LONGEST_FILE: usize = 1_000;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn lower_layers_never_import_higher_ones() {
    let source = root().join("src");
    let mut imports = 0;
    for path in files("src", "rs") {
        let inside = path
            .strip_prefix(&source)
            .expect("a source file is under src");
        let name = inside
            .components()
            .next()
            .expect("a file has a name")
            .as_os_str()
            .to_string_lossy();
        let module = name.trim_end_matches(".rs");
        if matches!(module, "lib" | "main" | "build") {
            continue;
        }
        let own = layer(module).unwrap_or_else(|| panic!("`{module}` has no place in the layers"));
        let text = fs::read_to_string(&path).expect("sources are text");
        // What stands in a module of tests may look up at everything.
        let text = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .expect("a split gives a part");
        if inside.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        for behind in text.split("crate::").skip(1) {
            let end = behind
                .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                .unwrap_or(behind.len());
            let Some(imported) = layer(&behind[..end]) else {
                continue;
            };
            imports += 1;
            assert!(
                imported <= own,
                "{} imports `{}`, which stands above it",
                inside.display(),
                &behind[..end]
            );
        }
    }
    assert!(imports > 100, "imports are found by `crate::`");
}

#[test]
fn files_hold_one_idea() {
    let long: Vec<String> = files("src", "rs")
        .iter()
        .filter_map(|path| {
            let lines = fs::read_to_string(path)
                .expect("sources are text")
                .lines()
                .count();
            (lines > LONGEST_FILE).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn nothing_is_left_to_do_in_comments() {
    let marks = ["TODO", "FIXME", "XXX"];
    for folder in ["src", "tests", "docs", "examples", "grammar"] {
        for extension in ["rs", "md", "net", "pest"] {
            for path in files(folder, extension) {
                if path.ends_with("tests/house.rs") {
                    continue;
                }
                let text = fs::read_to_string(&path).expect("files are text");
                for mark in marks {
                    assert!(!text.contains(mark), "{} says {mark}", path.display());
                }
            }
        }
    }
}

#[test]
fn every_snapshot_has_its_input() {
    for path in files("snapshots", "snap") {
        let text = fs::read_to_string(&path).expect("snapshots are text");
        let header = text
            .split("---")
            .nth(1)
            .expect("a snapshot begins with a header");
        if let Some(input) = header
            .lines()
            .find_map(|line| line.strip_prefix("input_file: "))
        {
            assert!(
                root().join(input).exists(),
                "{} has lost {input}",
                path.display()
            );
        }
        let source = header
            .lines()
            .find_map(|line| line.strip_prefix("source: "))
            .expect("a snapshot names its test");
        assert!(
            root().join(source).exists(),
            "{} has lost {source}",
            path.display()
        );
    }
}
