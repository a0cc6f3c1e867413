//! `cargo xtask test`: everything that can fail, with the test runner's own summary last.

use std::error::Error;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::built;

/// Options of `test`.
#[derive(Args)]
pub struct Options {
    /// Leave the attacks out
    #[arg(long)]
    no_attacks: bool,
    /// Fuzz each target for so many seconds first
    #[arg(long, default_value_t = 0)]
    fuzz_seconds: u32,
}

pub fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let top = built::workspace();
    let lowbox = built::lowbox()?;
    let cargo = |arguments: &[&str]| -> Result<(), Box<dyn Error>> {
        println!("==> cargo {}", arguments.join(" "));
        let mut command = Command::new("cargo");
        // The tests of other crates try the lowbox that people get.
        command.env("LOWBOX", &lowbox);
        let status = command.args(arguments).current_dir(&top).status()?;
        if status.success() { Ok(()) } else { Err(format!("cargo {} failed", arguments.join(" ")).into()) }
    };
    if has_component("fmt") {
        cargo(&["fmt", "--all", "--check"])?;
    }
    if has_component("clippy") {
        // The tests' profile: what build scripts make and macros are compiled once for both.
        let lints = ["clippy", "--workspace", "--all-targets", "--profile", "quick", "--quiet"];
        cargo(&[&lints[..], &["--", "-D", "warnings"]].concat())?;
    }
    if options.fuzz_seconds > 0 {
        cargo(&["xtask", "fuzz", "--seconds", &options.fuzz_seconds.to_string()])?;
    }
    if !options.no_attacks {
        cargo(&["xtask", "attacks"])?;
    }
    // Optimised: the model against the kernel and the oracles are many small launches and checks.
    if has_component("nextest") {
        // Most tests wait for programs, terminals and time limits rather than for a processor.
        let threads = (2 * std::thread::available_parallelism().map_or(1, usize::from)).to_string();
        let run = ["nextest", "run", "--workspace", "--cargo-profile", "quick", "--no-fail-fast"];
        cargo(&[&run[..], &["--test-threads", &threads]].concat())?;
    } else {
        println!("cargo-nextest is not installed; running cargo test instead");
        cargo(&["test", "--workspace", "--profile", "quick", "--no-fail-fast"])?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether `cargo NAME` exists; what is missing is said, not passed over.
fn has_component(name: &str) -> bool {
    let there =
        Command::new("cargo").args([name, "--version"]).output().is_ok_and(|output| output.status.success());
    if !there {
        println!("==> cargo {name} is not installed: skipped");
    }
    there
}
