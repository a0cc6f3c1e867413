//! lowbox: run a program in an AppContainer, and say why something was denied.
//!
//! The face of the system: arguments, messages, exit codes. Everything that touches a terminal is here.
#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod display;
mod failure;
mod file_kind;
mod installed;
mod output;
mod package;
mod planned;
mod progress;
mod prompt;
mod resolve;
mod scenario;
mod sids;
mod trace;
mod trust;
mod when;
mod windows;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match arguments::Lowbox::try_parse() {
        Ok(lowbox) => commands::execute(lowbox).unwrap_or_else(failure::report),
        Err(error) => {
            // Help and version are answers; anything else is a mistake in the command line.
            if !error.use_stderr() {
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            // It quotes the arguments, which may hold anything, so it goes the way of all messages.
            output::raw_message(&error.render().to_string());
            ExitCode::from(failure::LOWBOX_FAILED)
        }
    }
}
