#![forbid(unsafe_code)]
//! Developer commands, one file each.

use std::process::ExitCode;

use clap::Parser;

mod attacks;

/// Developer commands of lowbox.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Try every attack of tests/attacks outside and inside a container.
    Attacks(attacks::Options),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Attacks(options) => attacks::run(&options),
    };
    result.unwrap_or_else(|error| {
        eprintln!("xtask: {error}");
        ExitCode::from(2)
    })
}
