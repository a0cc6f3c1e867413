//! One file for each command.

pub mod acl;
mod app_installer;
pub mod bundle;
pub mod capability;
pub mod capture;
pub mod cert;
pub mod completions;
pub mod consent;
pub mod denials;
pub mod doctor;
pub mod explain;
mod full_trust;
pub mod init;
pub mod install;
pub mod isolate;
pub mod learn;
pub mod list;
pub mod man;
pub mod open;
pub mod pack;
pub mod package;
pub mod remove;
pub mod reset;
mod run;
pub mod show;
pub mod sign;
mod soak;
pub mod token;
pub mod unpack;
pub mod unreached;
pub mod update;
pub mod verify;

use std::process::ExitCode;

use crate::arguments::{Command, Lowbox};
use crate::failure::Failure;

/// Carries out a command.
pub fn execute(lowbox: Lowbox) -> Result<ExitCode, Failure> {
    match lowbox.command {
        Command::Run(arguments) => run::execute(*arguments),
        Command::Explain(arguments) => explain::execute(*arguments),
        Command::Token(arguments) => token::execute(arguments),
        Command::Capability(arguments) => capability::execute(arguments),
        Command::Consent(arguments) => consent::execute(arguments),
        Command::Learn(arguments) => learn::execute(arguments),
        Command::Init(arguments) => init::execute(&arguments),
        Command::Capture(arguments) => capture::execute(&arguments),
        Command::Isolate(arguments) => isolate::execute(&arguments),
        Command::Install(arguments) => install::execute(&arguments),
        Command::Update(arguments) => update::execute(&arguments),
        Command::List(arguments) => list::execute(&arguments),
        Command::Open(arguments) => open::execute(arguments),
        Command::Reset(arguments) => reset::execute(&arguments),
        Command::Remove(arguments) => remove::execute(&arguments),
        Command::Pack(arguments) => pack::execute(&arguments),
        Command::Bundle(arguments) => bundle::execute(&arguments),
        Command::Unpack(arguments) => unpack::execute(&arguments),
        Command::Show(arguments) => show::execute(&arguments),
        Command::Sign(arguments) => sign::execute(&arguments),
        Command::Verify(arguments) => verify::execute(&arguments),
        Command::Cert(arguments) => cert::execute(&arguments),
        Command::Acl(arguments) => acl::execute(arguments),
        Command::Doctor(arguments) => doctor::execute(&arguments),
        Command::Completions(arguments) => completions::execute(&arguments),
        Command::Man(arguments) => man::execute(&arguments),
    }
}
