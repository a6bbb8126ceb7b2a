//! Formulas under snapshot tests, in a crate of your own: what your code computes by hand, this keeps in formulas.
//!
//! `cargo test --example snapshots` runs the tests; `cargo run --example snapshots` prints the formulas. In your crate,
//! `chainrule` (without its default features, which are the command line) and `insta` stand under `[dev-dependencies]`.

use chainrule::derive::{Request, derive};
use chainrule::formula::{Form, View, formulate};
use chainrule::numeric::{Sampling, confirm};
use chainrule::present::{Confirmed, Style, present};
use chainrule::profile::{apply, profile};
use chainrule::source::{Report, Source, render};
use chainrule::syntax::parse;
use chainrule::system::lower;
use chainrule::write::{Environment, Format, write};

/// The layer that this crate implements.
const LAYER: &str = "\
where x in R^n, y in R^m, W in R^(m x n), b in R^m
z = W x + b
r = relu(z)
loss C = 1/2 norm(r - y)^2
grad W, b
";

/// The gradients of a network in the notation of a profile, one equation a line. Only what was confirmed is printed.
fn gradients(network: &str, notation: &str) -> Result<String, String> {
    let source = Source::new("network", network);
    let located = |report: Report| render(&report, &source, false);
    let profile = profile(notation).ok_or("there is no such profile")?;
    let system = lower(&parse(&source).map_err(located)?).map_err(located)?;
    let (system, notation) = apply(profile, system).map_err(located)?;
    let form = if system.whole_arrays {
        Form::Matrix
    } else {
        Form::Index
    };
    let mut derivation = derive(&system, &Request::default()).map_err(located)?;
    let view = View {
        form,
        ..View::default()
    };
    let formulas = formulate(&mut derivation, &view).map_err(located)?;
    let confirmation = confirm(&derivation, &formulas, &Sampling::default());
    if !confirmation.is_confirmed() {
        return Err("a formula is not confirmed".to_owned());
    }
    let style = Style {
        layout: view.layout,
        ..Style::new(&notation, form)
    };
    let document = present(&derivation, &formulas, &style, Confirmed::Skipped);
    let latex = write(&document, Format::Latex(Environment::None));
    // How it was confirmed is the test's business, not the snapshot's.
    let lines = latex.lines().filter(|line| !line.starts_with('%'));
    Ok(lines.map(|line| format!("{line}\n")).collect())
}

fn main() -> Result<(), String> {
    use std::io::Write;
    let text = gradients(LAYER, "standard")?;
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_has_these_gradients() {
        insta::assert_snapshot!(gradients(LAYER, "standard").expect("a network that is right"), @r"
        \frac{\partial C}{\partial r} = r-y
        \frac{\partial C}{\partial z} = \frac{\partial C}{\partial r}\odot \operatorname{Step}(z)
        \frac{\partial C}{\partial W} = \frac{\partial C}{\partial z}x^{\top}
        \frac{\partial C}{\partial b} = \frac{\partial C}{\partial z}
        \text{with }\operatorname{Step}(0)=1
        ");
    }

    #[test]
    fn in_the_notation_of_a_course() {
        insta::assert_snapshot!(gradients(LAYER, "goodfellow").expect("a network that is right"), @r"
        \nabla_{\hat{\mathbf{y}}} J = \hat{\mathbf{y}}-\mathbf{y}
        \nabla_{\mathbf{a}} J = \nabla_{\hat{\mathbf{y}}} J\odot\operatorname{Step}(\mathbf{a})
        \nabla_{\mathbf{W}} J = (\nabla_{\mathbf{a}} J)\mathbf{x}^{\top}
        \nabla_{\mathbf{b}} J = \nabla_{\mathbf{a}} J
        \text{with }\operatorname{Step}(0)=1
        ");
    }

    #[test]
    fn the_order_of_equations_does_not_matter() {
        let mut lines: Vec<&str> = LAYER.lines().collect();
        lines.reverse();
        let reversed = lines.join("\n");
        assert_eq!(
            gradients(&reversed, "standard"),
            gradients(LAYER, "standard")
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let complaint = gradients("loss C = sin(x", "standard").expect_err("an open bracket");
        assert!(complaint.contains("network:1:13"), "{complaint}");
    }
}
