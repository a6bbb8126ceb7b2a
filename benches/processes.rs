//! `chainrule` as a whole process against an empty process and against writing the same text.
//!
//! `cargo bench --bench processes` prints Markdown tables. Each row runs its candidates in turn and takes the
//! shortest time of each.

#![expect(clippy::print_stdout, reason = "a bench is a program that prints")]

mod clock;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clock::{milliseconds, printed, ratio, run, shortest};

const CHAINRULE: &str = env!("CARGO_BIN_EXE_chainrule");

/// This program, told to do nothing, or only to write a file's text.
const EMPTY: &str = "--empty-process";
const COPY: &str = "--copy";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(EMPTY) => {}
        Some(COPY) => copy(&arguments[1]),
        _ => {
            let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
            cold_start();
            examples();
            named_chains(&folder);
            resolved_chains(&folder);
            scalar_perceptron();
        }
    }
}

/// Writes a file to standard output: the least that any program must do for the same answer.
fn copy(path: &str) {
    let text = std::fs::read(path).expect("the text was written by this bench");
    std::io::stdout()
        .write_all(&text)
        .expect("the bench reads everything");
}

fn itself(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a running program has a path"));
    command.args(arguments);
    command
}

fn derive(network: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(CHAINRULE);
    command.arg("derive").arg(network).args(options);
    command
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

/// A chain of ReLU units with a name for each intermediate, all weights asked for.
fn chain(folder: &Path, layers: usize) -> PathBuf {
    let mut text = String::from("r[0] = x\n");
    for layer in 1..=layers {
        let below = layer - 1;
        writeln!(
            text,
            "z[{layer}] = W[{below}] r[{below}]\nr[{layer}] = relu(z[{layer}])"
        )
        .expect("a string takes everything");
    }
    let weights: Vec<String> = (0..layers).map(|layer| format!("W[{layer}]")).collect();
    writeln!(
        text,
        "loss C = 1/2 (y - r[{layers}])^2\ngrad {}",
        weights.join(", ")
    )
    .expect("a string takes everything");
    let path = folder.join(format!("chain_{layers}.net"));
    std::fs::write(&path, text).expect("the build folder can be written");
    path
}

/// The answer to a command, kept in a file for [`copy`].
fn answer(folder: &Path, command: &mut Command) -> String {
    let output = printed(command);
    let path = folder.join("answer.tex");
    std::fs::write(&path, output).expect("the build folder can be written");
    path.to_str()
        .expect("the build folder has a plain name")
        .to_owned()
}

fn cold_start() {
    let network = example("one_layer.net");
    let [empty, plain, confirmed] = shortest([
        &mut || run(&mut itself(&[EMPTY])).time,
        &mut || run(&mut derive(&network, &["--no-confirm"])).time,
        &mut || run(&mut derive(&network, &[])).time,
    ]);
    println!("\n## Cold start, one layer\n\n| process | time | × empty |\n| --- | --- | --- |");
    against_empty(empty, plain, confirmed);
}

fn against_empty(empty: Duration, plain: Duration, confirmed: Duration) {
    for (name, time) in [
        ("empty", empty),
        ("derive --no-confirm", plain),
        ("derive", confirmed),
    ] {
        println!(
            "| {name} | {} | {:.1} |",
            milliseconds(time),
            ratio(time, empty)
        );
    }
}

/// All example networks one after the other, and two of them alone.
fn examples() {
    let mut networks: Vec<PathBuf> = std::fs::read_dir(example(""))
        .expect("the folder of examples")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "net"))
        .collect();
    networks.sort();
    println!("\n## Examples\n\n| networks | process | time | × empty |\n| --- | --- | --- | --- |");
    let rows = [
        ("all", networks.clone()),
        (
            "softmax regression",
            vec![example("softmax_regression.net")],
        ),
        ("transformer block", vec![example("transformer_block.net")]),
    ];
    for (name, networks) in rows {
        let derive_all = |options: &[&str]| {
            let times = networks.iter().map(|network| {
                let run = run(&mut derive(network, options));
                assert!(run.success, "{}", network.display());
                run.time
            });
            times.sum()
        };
        let empty_all = || {
            networks
                .iter()
                .map(|_| run(&mut itself(&[EMPTY])).time)
                .sum()
        };
        let [empty, plain, confirmed] = shortest([
            &mut || empty_all(),
            &mut || derive_all(&["--no-confirm"]),
            &mut || derive_all(&[]),
        ]);
        for (process, time) in [
            ("empty", empty),
            ("derive --no-confirm", plain),
            ("derive", confirmed),
        ] {
            println!(
                "| {name}: {} | {process} | {} | {:.1} |",
                networks.len(),
                milliseconds(time),
                ratio(time, empty)
            );
        }
    }
}

fn named_chains(folder: &Path) {
    println!("\n## All gradients of a chain, named intermediates\n");
    println!(
        "| layers | text | write it | --no-confirm | × write | µs/layer | confirmed | × write | µs/layer |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for layers in [10, 100, 1_000, 10_000] {
        let network = chain(folder, layers);
        let text = answer(folder, &mut derive(&network, &["--no-confirm"]));
        let bytes = run(&mut derive(&network, &["--no-confirm"])).bytes;
        let [write, plain, confirmed] = shortest([
            &mut || run(&mut itself(&[COPY, &text])).time,
            &mut || run(&mut derive(&network, &["--no-confirm"])).time,
            &mut || run(&mut derive(&network, &[])).time,
        ]);
        let each = |time: std::time::Duration| 1e6 * time.as_secs_f64() / layers as f64;
        println!(
            "| {layers} | {} kB | {} | {} | {:.1} | {:.0} | {} | {:.1} | {:.0} |",
            bytes / 1_000,
            milliseconds(write),
            milliseconds(plain),
            ratio(plain, write),
            each(plain),
            milliseconds(confirmed),
            ratio(confirmed, write),
            each(confirmed),
        );
    }
}

fn resolved_chains(folder: &Path) {
    println!("\n## The same fully resolved, streamed, without confirmation\n");
    println!(
        "| layers | text | write it | derive | × write | MB/s |\n| --- | --- | --- | --- | --- | --- |"
    );
    for layers in [10, 30, 100] {
        let network = chain(folder, layers);
        let text = answer(
            folder,
            &mut derive(&network, &["--resolve", "--no-confirm"]),
        );
        let bytes = run(&mut derive(&network, &["--resolve", "--no-confirm"])).bytes;
        let [write, resolved] =
            shortest([&mut || run(&mut itself(&[COPY, &text])).time, &mut || {
                run(&mut derive(&network, &["--resolve", "--no-confirm"])).time
            }]);
        println!(
            "| {layers} | {:.3} MB | {} | {} | {:.1} | {:.0} |",
            bytes as f64 / 1e6,
            milliseconds(write),
            milliseconds(resolved),
            ratio(resolved, write),
            bytes as f64 / 1e6 / resolved.as_secs_f64(),
        );
    }
    let network = chain(folder, 300);
    let refused = run(&mut derive(&network, &["--resolve", "--no-confirm"]));
    assert!(
        !refused.success && refused.bytes == 0,
        "300 layers are above the limit"
    );
    let output = derive(&network, &["--resolve", "--no-confirm"])
        .output()
        .expect("the program was built for this bench");
    let said = String::from_utf8_lossy(&output.stderr);
    println!(
        "\n300 layers are refused after {}: {}",
        milliseconds(refused.time),
        said.lines().next().unwrap_or_default()
    );
}

fn scalar_perceptron() {
    let network = example("mlp_10_32_10.net");
    let options = ["--form", "scalar", "--resolve"];
    let unconfirmed = ["--form", "scalar", "--resolve", "--no-confirm"];
    let bytes = run(&mut derive(&network, &unconfirmed)).bytes;
    let [empty, plain, confirmed] = shortest([
        &mut || run(&mut itself(&[EMPTY])).time,
        &mut || run(&mut derive(&network, &unconfirmed)).time,
        &mut || run(&mut derive(&network, &options)).time,
    ]);
    println!(
        "\n## MLP 10-32-10 entry by entry, resolved ({} kB)\n",
        bytes / 1_000
    );
    println!("| process | time | × empty |\n| --- | --- | --- |");
    against_empty(empty, plain, confirmed);
}
