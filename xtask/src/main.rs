#![forbid(unsafe_code)]
//! Developer commands, one file each.

use std::process::ExitCode;

use clap::Parser;

mod attacks;
mod bench;
mod built;
mod fuzz;
mod peers;
mod test;
mod user;

/// Developer commands of lowbox.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Try every attack of tests/attacks outside and inside a container.
    Attacks(attacks::Options),
    /// Measure launches and confined programs beside plain runs and the peers.
    Bench(bench::Options),
    /// Run every fuzz target for a while.
    Fuzz(fuzz::Options),
    /// Say which programs the benchmarks and tests need, and install them.
    Peers(peers::Options),
    /// Run everything that can fail: format, lints, attacks, tests.
    Test(test::Options),
}

fn main() -> ExitCode {
    let result: Result<ExitCode, Box<dyn std::error::Error>> = match Command::parse() {
        Command::Attacks(options) => attacks::run(&options).map_err(Into::into),
        Command::Bench(options) => bench::run(&options).map_err(Into::into),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Peers(options) => peers::run(&options).map_err(Into::into),
        Command::Test(options) => test::run(&options),
    };
    result.unwrap_or_else(|error| {
        eprintln!("xtask: {error}");
        ExitCode::from(2)
    })
}
