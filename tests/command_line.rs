//! What the program answers to the one who called it: exit codes, and that nothing half done is printed.

use std::process::{Command, Output};

fn chainrule(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(arguments)
        .output()
        .expect("the program was built for this test")
}

/// The exit code, after a look that nothing was printed.
fn refused(arguments: &[&str], said: &str) -> i32 {
    let output = chainrule(arguments);
    assert!(
        output.stdout.is_empty(),
        "{arguments:?} prints {}",
        String::from_utf8_lossy(&output.stdout)
    );
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains(said), "{arguments:?} says {message}");
    output.status.code().expect("it was not killed")
}

const NETWORK: &str = "z = w x\nr = relu(z)\nloss C = 1/2 (y - r)^2\ngrad w, x";

#[test]
fn what_is_confirmed_ends_with_0() {
    for arguments in [
        &["derive", "-e", NETWORK][..],
        &["derive", "-e", NETWORK, "--no-confirm"],
        &["confirm", "-e", NETWORK],
        &["show", "-e", NETWORK],
        &["list", "functions"],
        &["completions", "bash"],
        &["man"],
    ] {
        let output = chainrule(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_formula_that_fails_takes_all_others_with_it() {
    // The declared derivative is wrong; the gradient by v does not need it.
    let wrong =
        "fn s(u) = 1/(1 + exp(-u)) with s' = s (1 + s)\nr = s(w x)\nloss C = (r - v)^2\ngrad w, v";
    assert_eq!(refused(&["derive", "-e", wrong], "nothing is printed"), 1);
    assert_eq!(chainrule(&["confirm", "-e", wrong]).status.code(), Some(1));
}

#[test]
fn what_has_no_value_anywhere_is_not_printed() {
    let nowhere = "loss C = log(-1 - x^2)\ngrad x";
    assert_eq!(refused(&["derive", "-e", nowhere], "unconfirmed"), 3);
    assert_eq!(
        chainrule(&["confirm", "-e", nowhere]).status.code(),
        Some(3)
    );
}

#[test]
fn bad_input_and_bad_usage_end_with_2() {
    assert_eq!(refused(&["derive", "-e", "loss C = (x"], "never closed"), 2);
    assert_eq!(
        refused(&["derive", "no-such-file.net"], "no-such-file.net"),
        2
    );
    assert_eq!(
        refused(&["derive", "-e", NETWORK, "--detail", "all"], "all"),
        2
    );
    assert_eq!(
        refused(&["derive", "-e", NETWORK, "--max-output", "10"], "would be"),
        2
    );
}

#[test]
fn a_claim_is_judged_in_the_layout_of_its_profile() {
    let network = "where w, x in R^n, y in R\np = w^T x\nloss C = 1/2 (p - y)^2\ngrad w";
    let row = r"\frac{\partial C}{\partial w} = (p - y)x^T";
    let judged = |more: &[&str]| {
        let arguments = [&["check", "-e", network, "-c", row][..], more].concat();
        chainrule(&arguments).status.code()
    };
    assert_eq!(judged(&[]), Some(1));
    assert_eq!(judged(&["--profile", "parr-howard"]), Some(0));
    assert_eq!(
        judged(&["--profile", "parr-howard", "--layout", "same"]),
        Some(1)
    );
}
