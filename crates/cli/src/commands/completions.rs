//! `lowbox completions`: from the definitions of the command line.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Lowbox;
use crate::failure::Failure;
use crate::output;

/// `lowbox completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  lowbox completions bash > ~/.local/share/bash-completion/completions/lowbox")]
pub struct Arguments {
    /// For which shell
    pub shell: Shell,
}

/// Prints them.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Lowbox::command(), "lowbox", &mut text);
    output::bytes(&text)?;
    Ok(ExitCode::SUCCESS)
}
