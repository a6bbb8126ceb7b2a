//! Pages of HTML are well formed, say nothing that the network did not, and need nothing from elsewhere. What a person
//! names does nothing but set mathematics, in any format.

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
const FOREIGN: &[&str] = &["link", "img", "iframe", "object", "a", "merror"];

/// The one script of a page, which makes its buttons.
const SCRIPT: &str = include_str!("../src/write/copy.js");

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
    let mut scripts = 0;
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let parts = node.children().filter(roxmltree::Node::is_element).count();
        if let Some((_, fixed)) = PARTS.iter().find(|(known, _)| *known == name) {
            assert_eq!(parts, *fixed, "{place}: <{name}>");
        }
        assert!(!FOREIGN.contains(&name), "{place}: <{name}>");
        if name == "script" {
            scripts += 1;
            let script = node.text().unwrap_or_default();
            assert_eq!(script.trim(), SCRIPT.trim(), "{place}");
            assert_eq!(node.attributes().len(), 0, "{place}");
        }
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
    assert_eq!(scripts, 1, "{place}");
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
        r"\mathcal{L}_{ab}^2",
    ] {
        let network = format!("r = relu(w x)\nwrite r as \"{spelling}\"\nloss C = r^2\ngrad w");
        let text = page(&["derive", "-e", &network, "--no-confirm", "--legend"]);
        check(&text, spelling);
        assert!(text.contains("application/x-tex"), "{spelling}");
    }
}

const FORMATS: [&str; 7] = [
    "latex", "document", "markdown", "html", "typst", "text", "json",
];

fn derive(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(["derive", "--no-confirm", "--legend"])
        .args(arguments)
        .output()
        .expect("the program was built for this test")
}

#[test]
fn spellings_smuggle_nothing_in() {
    for spelling in [
        r"\input{secrets}",
        r"\write18{ls}",
        r"\immediate\openout",
        r"\def\r{x}",
        r"\newcommand{\r}{x}",
        r"\csname input\endcsname",
        r"\catcode`\@=11",
        r"\href{javascript:x}{y}",
        r"\url{x}",
        r"\htmlClass{a}{b}",
        r"\includegraphics{x}",
        r"\label{eq:x}",
        r"\tag{1}",
        r"\end{align*}",
        r"x^^5cinput",
        "x$y",
        "x%y",
        "x#1",
        "#eval(1)",
        "x&y",
        "x~y",
        "x@y",
        "x`y`",
        "x}{y",
        r"x\\y",
        r"\text{#read(1)}",
        r"\text{$x$}",
        r"\text{a<script>b}",
        r"\operatorname{a|b}",
        r"x_^y",
    ] {
        let network = format!("r = relu(w x)\nwrite r as \"{spelling}\"\nloss C = r^2\ngrad w");
        for format in FORMATS {
            let output = derive(&["-e", &network, "--format", format]);
            assert_eq!(output.status.code(), Some(2), "{spelling} in {format}");
            assert!(output.stdout.is_empty(), "{spelling} in {format}");
        }
    }
}

#[test]
fn signs_of_markup_stay_mathematics() {
    let network = "r = relu(w x)\nwrite r as \"a<b>//c*|x|\"\nloss C = r^2\ngrad w";
    let answer = |format: &str| {
        let output = derive(&["-e", network, "--format", format]);
        String::from_utf8(output.stdout).expect("answers are text")
    };
    assert!(answer("latex").contains("a<b>//c*|x|"));
    assert!(answer("markdown").contains(r"a\lt b\gt //c*\vert x\vert"));
    assert!(answer("typst").contains(r"a \< b \> \/ \/ c \* \| x \|"));
    let page = answer("html");
    check(&page, "signs of markup");
    assert!(!page.contains("<b>"));
}

#[test]
fn prefixes_are_names() {
    let network = ["-e", "loss C = (w x)^2; grad w"];
    for prefix in ["a}b", "a b", "1a", "a\\b", "<b>", "a#"] {
        let output = derive(&[&network[..], &["--number", "--label-prefix", prefix]].concat());
        assert_eq!(output.status.code(), Some(2), "{prefix}");
    }
    for prefix in ["", "a", "ab1", "a_bc", "ab\\c", "é"] {
        let output = derive(&[&network[..], &["--macros", "--macro-prefix", prefix]].concat());
        assert_eq!(output.status.code(), Some(2), "{prefix}");
    }
    let output = derive(&[&network[..], &["--macros", "--macro-prefix", "own"]].concat());
    let text = String::from_utf8(output.stdout).expect("answers are text");
    assert!(text.contains(r"\newcommand{\ownw}{w}"), "{text}");
}
