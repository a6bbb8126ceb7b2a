//! Pictures as SVG that needs nothing else: no fonts, no scripts. Light or dark as the reader's system is.

use std::fmt::Write as _;

use super::layout::{APART, FONT, Layout, Placed, Rect, SMALL, lay_out, upper_part};
use super::mathml::escape;
use super::route::{Curve, is_same};
use super::runs::{Line, line};
use crate::present::{Picture, ShapeKind};

/// Solid and dashed, thick and thin, so that colours are not needed.
const STYLE: &str = r"
.chainrule { --ink: #1a1a1a; --paper: #ffffff; --back: #a8321f; --soft: #ececec; --warm: #f6dcd6; }
@media (prefers-color-scheme: dark) { .chainrule { --ink: #e6e6e6; --paper: #161616; --back: #ff9a86; --soft: #333333; --warm: #55291f; } }
@media print { .chainrule { --ink: #000000; --paper: #ffffff; --back: #a8321f; --soft: #ececec; --warm: #f6dcd6; } }
.chainrule text { fill: #1a1a1a; fill: var(--ink); font-family: 'STIX Two Text', 'Latin Modern Roman', 'Times New Roman', Times, 'Liberation Serif', serif; text-anchor: start; }
.chainrule .i { font-style: italic; }
.chainrule .paper { fill: #ffffff; fill: var(--paper); }
.chainrule .box { fill: #ffffff; fill: var(--paper); stroke: #1a1a1a; stroke: var(--ink); stroke-width: 1; }
.chainrule .parameter { fill: #ececec; fill: var(--soft); }
.chainrule .loss { stroke-width: 2; }
.chainrule .frame { fill: none; stroke: #1a1a1a; stroke: var(--ink); stroke-width: 0.75; }
.chainrule .way { fill: none; stroke: #1a1a1a; stroke: var(--ink); stroke-width: 1; }
.chainrule .tip { fill: #1a1a1a; fill: var(--ink); }
.chainrule .back { fill: none; stroke: #a8321f; stroke: var(--back); stroke-width: 1.25; stroke-dasharray: 5 3; }
.chainrule .backtip { fill: #a8321f; fill: var(--back); }
.chainrule .adjoint { fill: none; stroke: #a8321f; stroke: var(--back); stroke-width: 0.75; stroke-dasharray: 5 3; }
.chainrule .asked { fill: #f6dcd6; fill: var(--warm); stroke: none; }
.chainrule text.at { paint-order: stroke; stroke: #ffffff; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.chainrule text.gradient { fill: #a8321f; fill: var(--back); }
";

/// Length and half the width of the tip of an arrow.
const TIP: f64 = 7.0;
const WIDE: f64 = 3.0;
const CORNER: f64 = 3.0;

/// A whole file.
pub(super) fn file(picture: &Picture) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
        element(picture)
    )
}

/// The element alone, for pages.
pub(super) fn element(picture: &Picture) -> String {
    let layout = lay_out(picture);
    let mut svg = Svg {
        text: String::new(),
    };
    svg.open(picture, &layout);
    svg.text
        .push_str("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    for frame in &layout.frames {
        let Rect {
            left,
            top,
            width,
            height,
        } = frame.place;
        svg.put(format_args!(
            "<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n",
            number(left),
            number(top),
            number(width),
            number(height)
        ));
    }
    for (arrow, routed) in picture.arrows.iter().zip(&layout.arrows) {
        let aside = if arrow.back { APART } else { 0.0 };
        svg.way(&routed.path.beside(-aside, false), "way", "tip");
        if arrow.back {
            svg.way(&routed.path.beside(aside, true), "back", "backtip");
        }
    }
    for (shape, placed) in picture.shapes.iter().zip(&layout.shapes) {
        svg.shape(shape.kind, shape.asked, placed);
    }
    let labels = layout
        .arrows
        .iter()
        .filter_map(|arrow| arrow.label.as_ref());
    for (place, label) in labels.chain(layout.frames.iter().map(|frame| &frame.label)) {
        svg.line(label, place, SMALL, " class=\"at\"");
    }
    svg.text.push_str("</svg>\n");
    svg.text
}

struct Svg {
    text: String,
}

impl Svg {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.text
            .write_fmt(text)
            .unwrap_or_else(|_| unreachable!("a text takes all that is written"));
    }

    fn open(&mut self, picture: &Picture, layout: &Layout) {
        let (width, height) = (number(layout.width), number(layout.height));
        self.put(format_args!(
            "<svg class=\"chainrule\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\">\n"
        ));
        let name = picture.name();
        self.put(format_args!("<title>{}</title>\n<desc>", escape(&name)));
        let description = description(picture);
        self.put(format_args!(
            "{}</desc>\n<style>{STYLE}</style>\n",
            escape(&description)
        ));
    }

    fn way(&mut self, curve: &Curve, class: &str, tip: &str) {
        let (end, (x, y)) = (curve.end(), curve.direction());
        let mut drawn = format!("M{} {}", number(curve.start.0), number(curve.start.1));
        let last = curve.parts.len();
        for (at, [one, other, to]) in curve.parts.iter().enumerate() {
            // The line ends in its tip, not behind it.
            let short = if at + 1 == last { TIP - 1.0 } else { 0.0 };
            let to = (to.0 - x * short, to.1 - y * short);
            let straight = [one, other].iter().all(|point| is_same(point.0, to.0))
                || [one, other].iter().all(|point| is_same(point.1, to.1));
            if straight {
                drawn.push_str(&format!(" L{} {}", number(to.0), number(to.1)));
            } else {
                drawn.push_str(&format!(
                    " C{} {} {} {} {} {}",
                    number(one.0),
                    number(one.1),
                    number(other.0 - x * short),
                    number(other.1 - y * short),
                    number(to.0),
                    number(to.1)
                ));
            }
        }
        self.put(format_args!("<path class=\"{class}\" d=\"{drawn}\"/>\n"));
        let foot = (end.0 - x * TIP, end.1 - y * TIP);
        self.put(format_args!(
            "<path class=\"{tip}\" d=\"M{} {} L{} {} L{} {} Z\"/>\n",
            number(end.0),
            number(end.1),
            number(foot.0 - y * WIDE),
            number(foot.1 + x * WIDE),
            number(foot.0 + y * WIDE),
            number(foot.1 - x * WIDE)
        ));
    }

    fn shape(&mut self, kind: ShapeKind, asked: bool, placed: &Placed) {
        let Rect {
            left,
            top,
            width,
            height,
        } = placed.place;
        let upper = upper_part(placed);
        let given = matches!(
            kind,
            ShapeKind::Given | ShapeKind::Parameter | ShapeKind::Target
        );
        let corner = if given { 14.0 } else { CORNER };
        let class = match kind {
            ShapeKind::Dots(_) => {
                self.line(&placed.label, &placed.place, FONT, "");
                return;
            }
            ShapeKind::Parameter => "box parameter",
            ShapeKind::Loss => "box loss",
            ShapeKind::Target | ShapeKind::Given | ShapeKind::Defined => "box",
        };
        let outline = format!(
            "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{corner}\"",
            number(left),
            number(top),
            number(width),
            number(height)
        );
        self.put(format_args!("<rect class=\"{class}\" {outline}/>\n"));
        if let Some(adjoints) = &placed.adjoints {
            let (middle, bottom) = (top + upper, top + height);
            if asked {
                self.put(format_args!(
                    "<path class=\"asked\" d=\"M{} {} H{} V{} A{c} {c} 0 0 1 {} {} H{} A{c} {c} 0 0 1 {} {} Z\"/>\n",
                    number(left + 0.5),
                    number(middle),
                    number(left + width - 0.5),
                    number(bottom - corner),
                    number(left + width - corner),
                    number(bottom - 0.5),
                    number(left + corner),
                    number(left + 0.5),
                    number(bottom - corner),
                    c = number(corner - 0.5),
                ));
            }
            self.put(format_args!(
                "<path class=\"adjoint\" d=\"M{} {} H{}\"/>\n",
                number(left),
                number(middle),
                number(left + width)
            ));
            let below = Rect {
                left,
                top: middle,
                width,
                height: height - upper,
            };
            self.line(adjoints, &below, FONT, " class=\"gradient\"");
        }
        let above = Rect {
            left,
            top,
            width,
            height: upper,
        };
        self.line(&placed.label, &above, FONT, "");
    }

    /// A line in the middle of a place.
    fn line(&mut self, line: &Line, place: &Rect, size: f64, class: &str) {
        let baseline = place.y() + 0.33 * size;
        // The anchor is the middle: what fonts differ in is shared by both sides.
        self.put(format_args!(
            "<text{class} x=\"{}\" y=\"{}\" font-size=\"{}\" style=\"text-anchor: middle\" xml:space=\"preserve\">",
            number(place.x()),
            number(baseline),
            number(size)
        ));
        let mut risen = 0.0;
        for run in &line.runs {
            let mut attributes = String::new();
            if run.italic {
                attributes.push_str(" class=\"i\"");
            }
            if run.size < 1.0 {
                attributes.push_str(&format!(" font-size=\"{}\"", number(run.size * size)));
            }
            if run.moved != 0.0 {
                attributes.push_str(&format!(" dx=\"{}\"", number(run.moved * size)));
            }
            if !is_same(run.rise, risen) {
                attributes.push_str(&format!(" dy=\"{}\"", number((risen - run.rise) * size)));
                risen = run.rise;
            }
            if attributes.is_empty() {
                self.text.push_str(&escape(&run.text));
            } else {
                self.put(format_args!(
                    "<tspan{attributes}>{}</tspan>",
                    escape(&run.text)
                ));
            }
        }
        self.text.push_str("</text>\n");
    }
}

/// What is to be seen, in words.
fn description(picture: &Picture) -> String {
    let plain = |at: usize| match (picture.shapes[at].label, picture.shapes[at].kind) {
        (Some(id), _) => plain(&line(&picture.boxes, id)),
        (None, ShapeKind::Dots(Some(count))) => picture.more(count),
        (None, _) => "…".to_owned(),
    };
    let mut text = picture.caption.clone();
    for arrow in &picture.arrows {
        text.push_str(&format!(" {} → {}", plain(arrow.from), plain(arrow.to)));
        if arrow.back {
            text.push_str(&format!(", {}", picture.words.picture.back));
        }
        text.push('.');
    }
    text
}

fn plain(line: &Line) -> String {
    line.runs.iter().map(|run| run.text.as_str()).collect()
}

/// A length to a hundredth.
fn number(length: f64) -> String {
    let mut text = format!("{length:.2}");
    while text.ends_with('0') {
        text.pop();
    }
    if text.ends_with('.') {
        text.pop();
    }
    if text == "-0" { "0".into() } else { text }
}
