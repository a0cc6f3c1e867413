//! `lowbox learn`: what a program needs, found from the records of what it touched.

mod files;
mod gathered;
mod merge;
mod results;
mod told;
mod world;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// `lowbox learn`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
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
        Verb::Results(arguments) => results::execute(&arguments),
        Verb::Merge(arguments) => merge::execute(&arguments),
    }
}
