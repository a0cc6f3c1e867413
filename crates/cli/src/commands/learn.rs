//! `lowbox learn`: what a program needs, found from the records of what it touched.

mod files;
mod gathered;
mod merge;
mod program;
mod results;
mod told;
mod world;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// `lowbox learn`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "The program sees your files and networks as you do: learn only about programs that you would run anyway.

Examples:
  lowbox learn -- python3 app.py                             runs the scenario, then says what it needs
  lowbox learn --manifest AppxManifest.xml -- python3 app.py  adds what is missing to that manifest"
)]
pub struct Arguments {
    /// What to do with records, instead of running a program.
    #[command(subcommand)]
    pub verb: Option<Verb>,

    /// The program to learn about.
    #[command(flatten)]
    pub program: Box<program::Program>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find the capabilities and grants that records ask for, edit the manifest, write tables and a report
    Results(results::Arguments),
    /// Put manifests, or records, or tables of several runs or machines together
    Merge(merge::Arguments),
}

/// Carries out a verb.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.verb {
        None => program::execute(*arguments.program),
        Some(Verb::Results(arguments)) => results::execute(&arguments),
        Some(Verb::Merge(arguments)) => merge::execute(&arguments),
    }
}
