//! Pages of HTML are well formed, say nothing that the network did not, and need nothing from elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many parts an element of MathML has, where that is fixed.
const PARTS: &[(&str, usize)] = &[
    ("mfrac", 2),
    ("msub", 2),
    ("msup", 2),
    ("msubsup", 3),
    ("munder", 2),
    ("mover", 2),
    ("munderover", 3),
    ("semantics", 2),
];

/// What a page does without.
const FOREIGN: &[&str] = &["script", "link", "img", "iframe", "object", "a", "merror"];

fn page(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(arguments)
        .args(["--format", "html"])
        .output()
        .expect("the program was built for this test");
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("pages are text")
}

fn check(page: &str, place: &str) {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..roxmltree::ParsingOptions::default()
    };
    let tree = roxmltree::Document::parse_with_options(page, options)
        .unwrap_or_else(|error| panic!("{place}: {error}\n{page}"));
    let mut formulas = 0;
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let parts = node.children().filter(roxmltree::Node::is_element).count();
        if let Some((_, fixed)) = PARTS.iter().find(|(known, _)| *known == name) {
            assert_eq!(parts, *fixed, "{place}: <{name}>");
        }
        assert!(!FOREIGN.contains(&name), "{place}: <{name}>");
        for attribute in node.attributes() {
            assert!(
                !attribute.name().starts_with("on") && !["src", "href"].contains(&attribute.name()),
                "{place}: {}",
                attribute.name()
            );
        }
        if name == "math" {
            formulas += 1;
            let label = node.attribute("alttext").unwrap_or_default();
            assert!(
                !label.trim().is_empty(),
                "{place}: a formula without a label"
            );
        }
    }
    assert!(formulas > 0, "{place} has no formula");
}

fn networks() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("examples"), root.join("tests/cases")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of networks") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() && !path.ends_with("errors") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "net") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_network_makes_a_well_formed_page() {
    let networks = networks();
    assert!(networks.len() > 50, "there are networks");
    for path in networks {
        let place = path.to_string_lossy();
        let options = [
            "derive",
            &place,
            "--no-confirm",
            "--legend",
            "--detail",
            "steps",
        ];
        check(&page(&options), &place);
        check(&page(&["show", &place]), &place);
    }
}

#[test]
fn spellings_stay_mathematics() {
    for spelling in [
        r"a<b>c",
        r"\mathbf{W}_1^{\top}",
        r"\hat{\boldsymbol y}'",
        r"\frac{a}{b}\sqrt{c}",
        r"\text{a<script>b}",
        r"\mathcal{L}_{ab}^2",
    ] {
        let network = format!("r = relu(w x)\nwrite r as \"{spelling}\"\nloss C = r^2\ngrad w");
        let text = page(&["derive", "-e", &network, "--no-confirm", "--legend"]);
        check(&text, spelling);
        assert!(text.contains("application/x-tex"), "{spelling}");
    }
}
