//! How the program is linked.

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let of = |what: &str| std::env::var(what).unwrap_or_default();
    // At a fixed place in memory the tables of the program need no relocation, which would write to most of them at
    // each start.
    if of("CARGO_CFG_TARGET_OS") == "linux" && of("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
