//! Pictures for Graphviz, which lays them out itself.

use std::fmt::Write as _;

use super::layout::frames_of;
use super::mathml::escape;
use super::runs::{Line, Run, line, list};
use crate::present::{Picture, Shape, ShapeKind};

const HEAD: &str = r##"digraph network {
  graph [rankdir=TB, nodesep=0.35, ranksep=0.35, fontname="Times", bgcolor="transparent"];
  node [shape=box, fontname="Times", fontsize=14, margin="0.12,0.05", height=0.35, style="filled", fillcolor="white"];
  edge [fontname="Times", fontsize=11, arrowsize=0.7];
"##;
const BACK: &str = "#a8321f";

/// The picture.
pub(super) fn graph(picture: &Picture) -> String {
    let mut text = HEAD.to_owned();
    // Writing to a text does not fail.
    let mut put = |line: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(line);
    };
    let frames = frames_of(picture);
    for (at, shape) in picture.shapes.iter().enumerate() {
        if frames[at].is_none() {
            put(format_args!("  n{at} {};\n", node(picture, shape)));
        }
    }
    for (frame, plate) in picture.frames.iter().enumerate() {
        let range = html(&line(&picture.boxes, plate.range));
        put(format_args!(
            "  subgraph cluster_{frame} {{\n    graph [label=<{range}>, labelloc=b, labeljust=r, style=\"rounded\", fontsize=11];\n"
        ));
        for (at, shape) in picture.shapes.iter().enumerate() {
            if frames[at] == Some(frame) {
                put(format_args!("    n{at} {};\n", node(picture, shape)));
            }
        }
        put(format_args!("  }}\n"));
    }
    for arrow in &picture.arrows {
        let label = arrow.label.map_or(String::new(), |id| {
            format!(" [label=< {}>]", html(&line(&picture.boxes, id)))
        });
        put(format_args!("  n{} -> n{}{label};\n", arrow.from, arrow.to));
        if arrow.back {
            put(format_args!(
                "  n{} -> n{} [color=\"{BACK}\", style=dashed, constraint=false];\n",
                arrow.to, arrow.from
            ));
        }
    }
    put(format_args!("}}\n"));
    text
}

fn node(picture: &Picture, shape: &Shape) -> String {
    let mut label = match (shape.kind, shape.label) {
        (ShapeKind::Dots(Some(count)), _) => format!("⋮  {}", picture.more(count)),
        (_, Some(id)) => html(&line(&picture.boxes, id)),
        (_, None) => "⋮".to_owned(),
    };
    if let Some(range) = shape.range {
        label.push_str("  ");
        label.push_str(&html(&line(&picture.boxes, range)));
    }
    if !shape.adjoints.is_empty() {
        let adjoints = shape.adjoints.iter().map(|id| line(&picture.boxes, *id));
        let adjoints = html(&list(adjoints));
        let (open, close) = if shape.asked {
            ("<B>", "</B>")
        } else {
            ("", "")
        };
        label.push_str(&format!(
            "<BR/><FONT COLOR=\"{BACK}\">{open}{adjoints}{close}</FONT>"
        ));
    }
    let style = match shape.kind {
        ShapeKind::Dots(_) => "shape=plaintext, style=\"\", ",
        ShapeKind::Parameter => "style=\"rounded,filled\", fillcolor=\"#ececec\", ",
        ShapeKind::Target | ShapeKind::Given => "style=\"rounded,filled\", ",
        ShapeKind::Loss => "penwidth=2, ",
        ShapeKind::Defined => "",
    };
    format!("[{style}label=<{label}>]")
}

/// A line as an HTML-like label.
fn html(line: &Line) -> String {
    line.runs.iter().map(piece).collect()
}

fn piece(run: &Run) -> String {
    // Marks cannot be moved over their letters: they join them.
    match run.text.as_str() {
        "ˆ" => return "\u{302}".into(),
        "ˉ" => return "\u{304}".into(),
        "˜" => return "\u{303}".into(),
        _ => {}
    }
    let mut text = escape(&run.text).into_owned();
    if run.italic {
        text = format!("<I>{text}</I>");
    }
    if run.rise == 0.0 {
        return text;
    }
    let (open, close) = if run.rise > 0.0 {
        ("<SUP>", "</SUP>")
    } else {
        ("<SUB>", "</SUB>")
    };
    format!("{open}{text}{close}")
}
