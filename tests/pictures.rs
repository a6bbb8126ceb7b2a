//! Pictures of networks: what is drawn for the cases of `cases/pictures` is a snapshot, and of every example and case it
//! is checked that nothing lies on anything else and that every arrow leads from box to box.
//!
//! `UPDATE_DOCUMENTS=1 cargo test --test pictures` draws the pictures of the documents anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use roxmltree::{Document, Node};

/// The pictures of the documents, with their networks.
const SHOWN: &[(&str, &str)] = &[
    ("one_neuron", "examples/one_layer.net"),
    ("five_layers", "tests/cases/pictures/five_layers.net"),
    ("any_depth", "examples/general_layer.net"),
    ("recurrent", "examples/recurrent.net"),
    ("residual", "examples/residual_block.net"),
];

/// What a picture is made of.
const ELEMENTS: &[&str] = &[
    "svg", "title", "desc", "style", "rect", "path", "text", "tspan",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn show(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .arg("show")
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("the program was built for this test")
}

fn draw(arguments: &[&str], format: &str) -> String {
    let output = show(&[arguments, &["--format", format]].concat());
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("pictures are text")
}

fn networks(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(root().join(folder)).expect("a folder of networks");
    let mut found: Vec<PathBuf> = files
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "net"))
        .collect();
    found.sort();
    found
}

#[test]
fn pictures() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::glob!("cases/pictures", "*.net", |path| {
            let file = path.to_str().expect("cases have plain names");
            let pages = ["dot", "svg", "tikz"].map(|format| draw(&[file], format));
            insta::assert_snapshot!(pages.join("\n"));
        });
    });
}

/// A rectangle: left, top, right, bottom.
#[derive(Debug, Clone, Copy)]
struct Place(f64, f64, f64, f64);

impl Place {
    fn meets(self, other: Place) -> bool {
        self.0 < other.2 && other.0 < self.2 && self.1 < other.3 && other.1 < self.3
    }

    /// How far a point is from its border, or from the inside if it is outside.
    fn distance(self, (x, y): (f64, f64)) -> f64 {
        let outside = (self.0 - x).max(x - self.2).max(self.1 - y).max(y - self.3);
        outside.abs()
    }
}

fn number(node: &Node, name: &str) -> f64 {
    let value = node.attribute(name).unwrap_or_default();
    value
        .parse()
        .unwrap_or_else(|_| panic!("{name} is `{value}`"))
}

fn of_class<'a>(picture: &'a Document, name: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    picture.descendants().filter(move |node| {
        let class = node.attribute("class").unwrap_or_default();
        class.split(' ').any(|own| own == name)
    })
}

/// Where a text stands, about: its anchor is its middle.
fn text_place(text: &Node) -> Place {
    let size = number(text, "font-size");
    let letters: f64 = text
        .descendants()
        .filter(Node::is_text)
        .map(|part| {
            let own = part
                .parent()
                .and_then(|parent| parent.attribute("font-size"));
            let size = own.map_or(size, |own| own.parse().expect("a size"));
            0.45 * size * part.text().unwrap_or_default().chars().count() as f64
        })
        .sum();
    let (x, y) = (number(text, "x"), number(text, "y"));
    Place(
        x - letters / 2.0,
        y - 0.7 * size,
        x + letters / 2.0,
        y + 0.2 * size,
    )
}

/// First and last point of a path.
fn ends(path: &Node) -> [(f64, f64); 2] {
    let numbers: Vec<f64> = path
        .attribute("d")
        .expect("a path is drawn")
        .split(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != '-')
        .filter(|word| !word.is_empty())
        .map(|word| word.parse().expect("a number"))
        .collect();
    let last = numbers.len();
    [
        (numbers[0], numbers[1]),
        (numbers[last - 2], numbers[last - 1]),
    ]
}

fn check(file: &str) {
    let svg = draw(&[file], "svg");
    let picture = Document::parse(&svg).unwrap_or_else(|error| panic!("{file}: {error}\n{svg}"));
    for node in picture.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        assert!(ELEMENTS.contains(&name), "{file}: <{name}>");
    }
    let boxes: Vec<Place> = of_class(&picture, "box")
        .map(|node| {
            let (left, top) = (number(&node, "x"), number(&node, "y"));
            Place(
                left,
                top,
                left + number(&node, "width"),
                top + number(&node, "height"),
            )
        })
        .collect();
    assert!(!boxes.is_empty(), "{file} has boxes");
    for (at, one) in boxes.iter().enumerate() {
        for other in &boxes[at + 1..] {
            assert!(!one.meets(*other), "{file}: {one:?} meets {other:?}");
        }
    }
    for label in of_class(&picture, "at") {
        let place = text_place(&label);
        for one in &boxes {
            assert!(!one.meets(place), "{file}: {place:?} lies on {one:?}");
        }
    }
    // Dots are texts without a class.
    let dots: Vec<Place> = picture
        .descendants()
        .filter(|node| node.has_tag_name("text") || node.tag_name().name() == "text")
        .filter(|node| {
            node.descendants()
                .any(|part| part.text().is_some_and(|text| text.contains('⋮')))
        })
        .map(|node| text_place(&node))
        .collect();
    for way in of_class(&picture, "way").chain(of_class(&picture, "back")) {
        for end in ends(&way) {
            let near = boxes.iter().any(|place| place.distance(end) < 8.0)
                || dots.iter().any(|place| place.distance(end) < 12.0);
            assert!(near, "{file}: an arrow ends at {end:?}");
        }
    }
    let dot = draw(&[file], "dot");
    let arrows = |back: bool| {
        dot.lines()
            .filter(|line| line.contains(" -> ") && line.contains("style=dashed") == back)
            .count()
    };
    assert_eq!(of_class(&picture, "way").count(), arrows(false), "{file}");
    assert_eq!(of_class(&picture, "back").count(), arrows(true), "{file}");
    for line in dot.lines().filter(|line| line.contains(" -> ")) {
        let mut words = line.split_whitespace();
        let (from, to) = (words.next(), words.nth(1));
        for end in [from, to] {
            let end = end.expect("an arrow has two ends").trim_end_matches(';');
            let declared = dot
                .lines()
                .any(|line| line.trim_start().starts_with(&format!("{end} [")));
            assert!(declared, "{file}: {end}");
        }
    }
    let tikz = draw(&[file], "tikz");
    assert_eq!(
        tikz.matches("\\draw[value]").count(),
        arrows(false),
        "{file}"
    );
    assert_eq!(tikz.matches("\\draw[back]").count(), arrows(true), "{file}");
}

#[test]
fn nothing_lies_on_anything_else() {
    let found = [networks("examples"), networks("tests/cases/pictures")].concat();
    assert!(found.len() > 50, "there are networks");
    for path in found {
        check(path.to_str().expect("networks have plain names"));
    }
}

#[test]
fn a_picture_is_the_same_every_time_and_in_any_order() {
    let text = fs::read_to_string(root().join("examples/recurrent.net")).expect("an example");
    let (declared, equations) = text.split_once("h[0]_i").expect("declarations stand first");
    let equations = format!("h[0]_i{equations}");
    let mut turned: Vec<&str> = equations.lines().collect();
    turned[..3].reverse();
    let turned = format!("{declared}{}\n", turned.join("\n"));
    for format in ["svg", "tikz", "dot"] {
        let usual = draw(&["-e", &text], format);
        for _ in 0..3 {
            assert_eq!(usual, draw(&["-e", &text], format));
        }
        assert_eq!(usual, draw(&["-e", &turned], format), "{format}");
    }
}

#[test]
fn a_gradient_takes_the_ways_that_were_asked_for() {
    let dot = draw(&["tests/cases/pictures/part_of_the_way.net"], "dot");
    let node = |label: &str| -> String {
        let line = dot.lines().find(|line| line.contains(label));
        let line = line.unwrap_or_else(|| panic!("{label} is not in\n{dot}"));
        line.split_whitespace().next().expect("a name").to_owned()
    };
    let (a, b, c) = (
        node("<I>a</I> = "),
        node("<I>b</I> = "),
        node("<I>c</I> = "),
    );
    let loss = node("penwidth=2");
    let back = |from: &str, to: &str| dot.contains(&format!("{from} -> {to} [color="));
    assert!(back(&loss, &b), "{dot}");
    assert!(!back(&b, &a), "nobody asked for a\n{dot}");
    assert!(!back(&loss, &c), "a step passes nothing\n{dot}");
}

#[test]
fn names_stay_names() {
    let network =
        |spelling: &str| format!("r = relu(w x)\nwrite r as \"{spelling}\"\nloss C = r^2\ngrad w");
    for spelling in [
        r"a<b>c",
        r"\text{a<script>b}",
        r"\text{a & b}",
        r"\mathbf{W}_1^{\top}",
        r"\hat{\boldsymbol y}'",
        r"\frac{a}{b}\sqrt{c}",
    ] {
        let network = network(spelling);
        let output = show(&["-e", &network, "--format", "svg"]);
        if output.status.code() == Some(2) {
            continue;
        }
        let svg = draw(&["-e", &network], "svg");
        let picture = Document::parse(&svg).unwrap_or_else(|error| panic!("{spelling}: {error}"));
        for node in picture.descendants().filter(Node::is_element) {
            assert!(ELEMENTS.contains(&node.tag_name().name()), "{spelling}");
        }
        let dot = draw(&["-e", &network], "dot");
        assert!(
            !dot.contains("<script>") && !dot.contains("a<b>"),
            "{spelling}"
        );
        let tikz = draw(&["-e", &network], "tikz");
        assert!(
            tikz.contains(spelling),
            "{spelling} is LaTeX already\n{tikz}"
        );
    }
    for spelling in [
        r"\input{x}",
        r"\write18{x}",
        r"a}b",
        r"$; \draw (0,0)$",
        "a % b",
        r"\end{tikzpicture}",
    ] {
        let output = show(&["-e", &network(spelling), "--format", "tikz"]);
        assert_eq!(output.status.code(), Some(2), "{spelling} is refused");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let output = show(&["-e", "loss C = (y - rleu(x))^2", "--format", "svg"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("<inline>:1:15"), "{message}");
    assert!(output.stdout.is_empty());
    let derive = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(["derive", "examples/one_layer.net", "--format", "svg"])
        .current_dir(root())
        .output()
        .expect("the program runs");
    assert_eq!(derive.status.code(), Some(2));
}

#[test]
fn long_runs_are_drawn_as_dots() {
    let mut deep = String::from("r[0] = x\n");
    for layer in 0..400 {
        let next = layer + 1;
        deep.push_str(&format!(
            "z[{next}] = W[{layer}] r[{layer}]\nr[{next}] = relu(z[{next}])\n"
        ));
    }
    deep.push_str("loss C = (y - r[400])^2\ngrad W[0]\n");
    for format in ["svg", "tikz", "dot"] {
        let picture = draw(&["-e", &deep], format);
        assert!(picture.contains("792 more like these"), "{picture}");
        assert!(picture.len() < 60_000, "{} bytes", picture.len());
    }
    // Each of these is like no other.
    let mut long = String::from("a0 = x\n");
    for power in 1..300 {
        long.push_str(&format!("a{power} = a{}^{}\n", power - 1, power + 1));
    }
    long.push_str("loss C = a299\ngrad x\n");
    let output = show(&["-e", &long, "--format", "svg"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("302 boxes") || message.contains("301 boxes"),
        "{message}"
    );
}

#[test]
fn documents_show_what_is_drawn() {
    for (name, network) in SHOWN {
        let path = root().join(format!("docs/pictures/{name}.svg"));
        let drawn = draw(&[network], "svg");
        if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            fs::write(&path, drawn).expect("pictures can be written");
        } else {
            let kept = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(kept, drawn, "UPDATE_DOCUMENTS=1 draws {name} anew");
        }
    }
}

#[test]
fn pages_begin_with_the_picture() {
    for command in ["derive", "show"] {
        let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
            .args([command, "examples/one_layer.net", "--format", "html"])
            .current_dir(root())
            .output()
            .expect("the program runs");
        let page = String::from_utf8(output.stdout).expect("pages are text");
        let (before, figure) = page.split_once("<figure").expect("a page has a figure");
        assert!(before.ends_with("</h1>\n"), "{command}");
        let (figure, _) = figure.split_once("</figure>").expect("a figure ends");
        assert!(
            figure.contains("<svg") && figure.contains("<figcaption>"),
            "{command}"
        );
    }
}
