//! `lowbox man`: manual pages from the definitions of the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};

use crate::arguments::Lowbox;
use crate::failure::Failure;
use crate::output;

/// `lowbox man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox man | man -l -
  lowbox man ~/.local/share/man/man1")]
pub struct Arguments {
    /// Write lowbox.1 and a page for each command to this folder
    pub folder: Option<PathBuf>,
}

/// Prints lowbox(1), or writes all pages.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let command = Lowbox::command();
    match &arguments.folder {
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .map_err(|error| Failure::new(format!("{}: {error}", output::path(folder))))?,
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(command).render(&mut text).map_err(Failure::new)?;
            output::bytes(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
