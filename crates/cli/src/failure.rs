//! Failures of lowbox itself: one message on standard error, and the exit code.

use std::fmt::Display;
use std::process::ExitCode;

use crate::output;

/// lowbox itself failed (as in env(1) and its like); the program did not run.
pub const LOWBOX_FAILED: u8 = 125;

/// Why a command could not be carried out.
#[derive(Debug)]
pub struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// lowbox failed, with a message that teaches.
    pub fn new(message: impl Display) -> Failure {
        Failure { message: message.to_string(), code: LOWBOX_FAILED }
    }

    /// The same with another exit code: 126 found but not runnable, 127 not found.
    pub fn with_code(message: impl Display, code: u8) -> Failure {
        Failure { message: message.to_string(), code }
    }

    /// What it says.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Prints the failure; the exit code for main.
pub fn report(failure: Failure) -> ExitCode {
    output::say(&failure.message);
    ExitCode::from(failure.code)
}
