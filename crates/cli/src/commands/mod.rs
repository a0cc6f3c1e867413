//! One file for each command.

pub mod denials;
mod run;

use std::process::ExitCode;

use crate::arguments::{Command, Lowbox};
use crate::failure::Failure;

/// Carries out a command.
pub fn execute(lowbox: Lowbox) -> Result<ExitCode, Failure> {
    match lowbox.command {
        Command::Run(arguments) => run::execute(*arguments),
    }
}
