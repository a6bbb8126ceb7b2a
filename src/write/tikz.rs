//! Pictures for TikZ: a `tikzpicture` to be pasted into a document, in which LaTeX sets the formulas.

use std::fmt::Write as _;

use super::latex_of;
use super::layout::{APART, Placed, lay_out, upper_part};
use super::route::{Curve, is_same};
use crate::present::{Picture, Shape, ShapeKind};

const HEAD: &str = r"% needs \usepackage{amssymb,tikz} and \usetikzlibrary{arrows.meta}
\begin{tikzpicture}[x=0.667pt, y=-0.667pt, line width=0.5pt, >={Stealth[length=4.5pt, width=4pt]},
  gradient/.style={color={rgb,255:red,168;green,50;blue,31}},
  part/.style={inner sep=0pt, outer sep=0pt, font=\normalsize},
  small/.style={inner sep=1pt, outer sep=0pt, font=\footnotesize, fill=white},
  given/.style={rounded corners=9pt}, parameter/.style={given, fill=black!8}, target/.style={given},
  defined/.style={rounded corners=2pt}, loss/.style={rounded corners=2pt, line width=1pt},
  asked/.style={fill={rgb,255:red,246;green,220;blue,214}},
  back/.style={->, gradient, dash pattern=on 3.3pt off 2pt, line width=0.7pt},
  value/.style={->}]
";

/// The picture.
pub(super) fn picture(picture: &Picture) -> String {
    let layout = lay_out(picture);
    let mut tikz = Tikz {
        text: HEAD.to_owned(),
    };
    for frame in &layout.frames {
        let place = frame.place;
        tikz.put(format_args!(
            "  \\draw[line width=0.4pt, rounded corners=4pt] {} rectangle {};\n",
            point((place.left, place.top)),
            point((place.right(), place.bottom()))
        ));
    }
    for (arrow, routed) in picture.arrows.iter().zip(&layout.arrows) {
        let aside = if arrow.back { APART } else { 0.0 };
        tikz.way(&routed.path.beside(-aside, false), "value");
        if arrow.back {
            tikz.way(&routed.path.beside(aside, true), "back");
        }
    }
    for (shape, placed) in picture.shapes.iter().zip(&layout.shapes) {
        tikz.shape(picture, shape, placed);
    }
    for (arrow, routed) in picture.arrows.iter().zip(&layout.arrows) {
        if let Some((id, (place, _))) = arrow.label.zip(routed.label.as_ref()) {
            // LaTeX knows widths better: what stands beside a line begins there.
            let (style, x) = if routed.path.is_level() {
                ("small", place.x())
            } else {
                ("small, anchor=west", place.left)
            };
            tikz.formula(&latex_of(&picture.boxes, id), style, (x, place.y()));
        }
    }
    for (frame, framed) in picture.frames.iter().zip(&layout.frames) {
        let (place, _) = &framed.label;
        let at = (place.right(), place.y());
        tikz.formula(
            &latex_of(&picture.boxes, frame.range),
            "small, anchor=east",
            at,
        );
    }
    tikz.text.push_str("\\end{tikzpicture}\n");
    tikz.text
}

struct Tikz {
    text: String,
}

impl Tikz {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.text
            .write_fmt(text)
            .unwrap_or_else(|_| unreachable!("a text takes all that is written"));
    }

    fn way(&mut self, curve: &Curve, style: &str) {
        let mut from = curve.start;
        self.put(format_args!("  \\draw[{style}] {}", point(from)));
        for [one, other, to] in &curve.parts {
            let straight = [from, *one, *other]
                .iter()
                .all(|point| is_same(point.0, to.0))
                || [from, *one, *other]
                    .iter()
                    .all(|point| is_same(point.1, to.1));
            if straight {
                self.put(format_args!(" -- {}", point(*to)));
            } else {
                self.put(format_args!(
                    " .. controls {} and {} .. {}",
                    point(*one),
                    point(*other),
                    point(*to)
                ));
            }
            from = *to;
        }
        self.text.push_str(";\n");
    }

    fn formula(&mut self, latex: &str, style: &str, at: (f64, f64)) {
        self.put(format_args!(
            "  \\node[{style}] at {} {{${latex}$}};\n",
            point(at)
        ));
    }

    fn shape(&mut self, picture: &Picture, shape: &Shape, placed: &Placed) {
        let place = placed.place;
        let style = match shape.kind {
            ShapeKind::Dots(count) => {
                let words =
                    count.map_or(String::new(), |count| format!(r"~~{}", picture.more(count)));
                self.put(format_args!(
                    "  \\node[part] at {} {{$\\vdots${words}}};\n",
                    point((place.x(), place.y()))
                ));
                return;
            }
            ShapeKind::Parameter => "parameter",
            ShapeKind::Target => "target",
            ShapeKind::Given => "given",
            ShapeKind::Defined => "defined",
            ShapeKind::Loss => "loss",
        };
        let corner = match shape.kind {
            ShapeKind::Defined | ShapeKind::Loss | ShapeKind::Dots(_) => "defined",
            ShapeKind::Parameter | ShapeKind::Target | ShapeKind::Given => "given",
        };
        let corners = format!(
            "{} rectangle {}",
            point((place.left, place.top)),
            point((place.right(), place.bottom()))
        );
        let upper = upper_part(placed);
        let middle = place.top + upper;
        self.put(format_args!("  \\path[{style}] {corners};\n"));
        if shape.asked && placed.adjoints.is_some() {
            self.put(format_args!(
                "  \\begin{{scope}}\n    \\clip[{corner}] {corners};\n    \\fill[asked] {} rectangle {};\n  \\end{{scope}}\n",
                point((place.left, middle)),
                point((place.right(), place.bottom()))
            ));
        }
        if placed.adjoints.is_some() {
            self.put(format_args!(
                "  \\draw[gradient, dash pattern=on 3.3pt off 2pt, line width=0.4pt] {} -- {};\n",
                point((place.left, middle)),
                point((place.right(), middle))
            ));
            let adjoints: Vec<String> = shape
                .adjoints
                .iter()
                .map(|id| latex_of(&picture.boxes, *id))
                .collect();
            let at = (place.x(), middle + (place.height - upper) / 2.0);
            self.formula(&adjoints.join(r",\ "), "part, gradient", at);
        }
        self.put(format_args!("  \\draw[{style}, fill=none] {corners};\n"));
        let mut latex = shape
            .label
            .map_or(String::new(), |id| latex_of(&picture.boxes, id));
        if let Some(range) = shape.range {
            latex.push_str(r"\quad ");
            latex.push_str(&latex_of(&picture.boxes, range));
        }
        self.formula(&latex, "part", (place.x(), place.top + upper / 2.0));
    }
}

fn point((x, y): (f64, f64)) -> String {
    format!("({x:.1},{y:.1})")
}
