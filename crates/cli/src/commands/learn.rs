//! `lowbox learn`: what a program needs, found from the records of what it touched.

mod files;
mod gathered;
mod header;
mod lacks;
mod merge;
mod program;
mod results;
mod session;
mod told;
mod verify;
mod world;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::failure::Failure;
pub(super) use header::header;

/// `lowbox learn`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "The program sees your files and networks as you do: learn only about programs that you would run anyway.

Examples:
  lowbox learn -- python3 app.py                             runs the scenario, then says what it needs
  lowbox learn --manifest AppxManifest.xml -- python3 app.py  adds what is missing to that manifest
  lowbox learn verify --manifest AppxManifest.xml -- python3 app.py
                                                             the same isolated: what would still fail?
  lowbox learn start editor                                  several runs, in any terminal, until
  lowbox learn stop --manifest AppxManifest.xml              what they need together"
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
    /// Run the program isolated as lowbox run does, and say what fails for want of a right
    Verify(Box<verify::Arguments>),
    /// Begin a session: what lowbox learn -- PROGRAM records goes to it until it is stopped
    Start(session::Start),
    /// End the session, and find out what its runs need
    Stop(session::Stop),
    /// The session, its runs and what they recorded so far
    Status(session::Status),
    /// Put manifests, or records, or tables of several runs or machines together
    Merge(merge::Arguments),
}

/// Carries out a verb.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.verb {
        None => program::execute(*arguments.program),
        Some(Verb::Results(arguments)) => results::execute(&arguments),
        Some(Verb::Verify(arguments)) => verify::execute(*arguments),
        Some(Verb::Start(arguments)) => session::start(&arguments),
        Some(Verb::Stop(arguments)) => session::stop(arguments),
        Some(Verb::Status(arguments)) => session::status(&arguments),
        Some(Verb::Merge(arguments)) => merge::execute(&arguments),
    }
}
