//! Regions in documents: filled, found stale, never filled by half; nothing around them is touched.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const NETWORK: &str = "z = w x\nr = relu(z)\nloss C = 1/2 (y - r)^2\ngrad w\n";

/// A folder with a network and a text.
fn folder(name: &str, text: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder for temporary files");
    fs::create_dir(folder.path().join("nets")).expect("a new folder");
    fs::write(folder.path().join("nets/one.net"), NETWORK).expect("a new file");
    fs::write(folder.path().join(name), text).expect("a new file");
    folder
}

fn weave(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .arg("weave")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program runs")
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a text")
}

const TEX: &str = "A \\emph{text}.\r\n\t% chainrule derive nets/one.net --env none\r\nold\r\n\t% chainrule end\r\nThe end.";

#[test]
fn regions_are_filled_and_nothing_else() {
    let folder = folder("a.tex", TEX);
    let output = weave(folder.path(), &["a.tex"]);
    assert_eq!(output.status.code(), Some(0));
    let filled = read(&folder, "a.tex");
    let (before, rest) = filled.split_once("--env none\r\n").expect("the mark stays");
    assert_eq!(
        before,
        "A \\emph{text}.\r\n\t% chainrule derive nets/one.net "
    );
    let (body, after) = rest.split_once("\t% chainrule end").expect("the end stays");
    assert_eq!(after, "\r\nThe end.");
    assert!(
        body.contains("\t\\frac{\\partial C}{\\partial w} = "),
        "{body}"
    );
    assert_eq!(body.matches('\n').count(), body.matches("\r\n").count());
    let said = weave(folder.path(), &["a.tex"]).stderr;
    assert!(String::from_utf8_lossy(&said).contains("up to date"));
    assert_eq!(read(&folder, "a.tex"), filled);
}

#[test]
fn what_is_stale_or_edited_is_shown() {
    let folder = folder("a.tex", TEX);
    let output = weave(folder.path(), &["--check", "a.tex"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("-old"));
    assert_eq!(read(&folder, "a.tex"), TEX, "a check writes nothing");

    weave(folder.path(), &["a.tex"]);
    assert_eq!(
        weave(folder.path(), &["--check", "a.tex"]).status.code(),
        Some(0)
    );

    let edited = read(&folder, "a.tex").replace("r-y", "y-r");
    fs::write(folder.path().join("a.tex"), edited).expect("a text");
    let output = weave(folder.path(), &["--check", "a.tex"]);
    assert_eq!(output.status.code(), Some(1));

    weave(folder.path(), &["a.tex"]);
    fs::write(
        folder.path().join("nets/one.net"),
        NETWORK.replace("1/2 ", ""),
    )
    .expect("a network");
    let output = weave(folder.path(), &["--check", "a.tex"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("+\t\\frac{\\partial C}{\\partial r} = 2")
    );
}

#[test]
fn a_text_is_filled_as_a_whole_or_not_at_all() {
    let region = |command: &str| format!("// chainrule {command}\n// chainrule end\n");
    let text = region("derive nets/one.net") + &region("derive nets/none.net");
    let folder = folder("a.typ", &text);
    fs::write(folder.path().join("b.typ"), region("derive nets/one.net")).expect("a text");
    let output = weave(folder.path(), &["a.typ", "b.typ"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("a.typ:3: `chainrule derive nets/none.net` fails"),
        "{said}"
    );
    assert_eq!(read(&folder, "a.typ"), text);
    assert!(read(&folder, "b.typ").contains("frac(∂ C, ∂ w)"));
    let leftover = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(leftover, 3, "no temporary files stay");
}

#[test]
fn marks_that_do_not_match_are_refused() {
    for (code, text) in [
        ("region-never-closed", "% chainrule show nets/one.net\n"),
        (
            "region-never-closed",
            "% chainrule show a.net\n% chainrule show b.net\n% chainrule end\n",
        ),
        (
            "region-not-open",
            "% chainrule dervie nets/one.net\n% chainrule end\n",
        ),
        (
            "region-command",
            "% chainrule derive nets/one.net --wrt 'w\n% chainrule end\n",
        ),
        (
            "region-command",
            "% chainrule derive nets/one.net --form round\n% chainrule end\n",
        ),
        (
            "region-command",
            "% chainrule derive nets/one.net -o b.tex\n% chainrule end\n",
        ),
        ("region-command", "% chainrule show -\n% chainrule end\n"),
    ] {
        let folder = folder("a.tex", text);
        let output = weave(folder.path(), &["a.tex"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(code), "{said}");
        assert_eq!(read(&folder, "a.tex"), text);
    }
    let folder = folder("a.txt", "");
    assert_eq!(weave(folder.path(), &["a.txt"]).status.code(), Some(2));
}

#[test]
fn a_change_of_the_network_is_followed() {
    let folder = folder("a.tex", TEX);
    let mut watcher = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(["weave", "--watch", "a.tex"])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let wait_for = |formula: &str| {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            if read(&folder, "a.tex").contains(formula) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    };
    let first = wait_for("{\\partial r} = r-y");
    fs::write(
        folder.path().join("nets/one.net"),
        NETWORK.replace("1/2 ", ""),
    )
    .expect("a network");
    let second = wait_for("{\\partial r} = 2(r-y)");
    watcher.kill().expect("it still runs");
    watcher.wait().expect("it ends");
    assert!(first && second, "{}", read(&folder, "a.tex"));
}

#[test]
fn a_folder_holds_a_file_for_each_derivative() {
    let folder = folder("a.tex", "");
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(["derive", "nets/one.net", "-o", "formulas/", "--env", "none"])
        .current_dir(folder.path())
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(0));
    let mut names: Vec<String> = fs::read_dir(folder.path().join("formulas"))
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("a file")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["conventions.tex", "dC-dr.tex", "dC-dw.tex", "dC-dz.tex"]
    );
    let formula = read(&folder, "formulas/dC-dw.tex");
    assert!(
        formula.starts_with("\\frac{\\partial C}{\\partial w} = "),
        "{formula}"
    );
}

#[test]
fn a_folder_of_fragments_has_a_main_file() {
    let folder = folder("a.tex", "");
    let derive = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
            .args(["derive", "nets/one.net", "--detail", "steps", "--legend"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("the program runs");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    };
    derive(&["-o", "tex/", "--format", "document", "--macros"]);
    let main = read(&folder, "tex/main.tex");
    assert!(main.starts_with(r"\documentclass"), "{main}");
    assert!(main.contains(r"\newcommand{\netw}{w}"), "{main}");
    let taken: Vec<&str> = main
        .lines()
        .filter_map(|line| line.strip_prefix(r"\input{")?.strip_suffix('}'))
        .collect();
    assert_eq!(taken, ["dC-dr", "dC-dz", "dC-dw", "conventions", "symbols"]);
    for name in taken.iter().chain(&["macros"]) {
        let part = read(&folder, &format!("tex/{name}.tex"));
        assert!(!part.contains(r"\documentclass"), "{part}");
        assert!(!part.contains(r"\section"), "{part}");
        assert_eq!(part.contains(r"\newcommand"), *name == "macros", "{part}");
    }
    derive(&["-o", "typ/", "--format", "typst"]);
    let main = read(&folder, "typ/main.typ");
    assert!(main.contains(r#"#include "dC-dw.typ""#), "{main}");
    assert!(!read(&folder, "typ/dC-dw.typ").contains("\n= "));
}
