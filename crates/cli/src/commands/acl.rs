//! `lowbox acl`: security descriptors and the access check on their own.

mod batch;
mod check;
mod kind;
mod question;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// `lowbox acl`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which question.
    #[command(subcommand)]
    pub question: Question,
}

/// The questions.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Show a descriptor entry by entry, in words
    Show(show::Arguments),
    /// Run the access check. Exit code 0: granted, 1: denied, 125: the question was not understood
    Check(Box<check::Arguments>),
}

/// Answers.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.question {
        Question::Show(arguments) => show::execute(&arguments),
        Question::Check(arguments) => check::execute(*arguments),
    }
}
