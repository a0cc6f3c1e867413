//! `lowbox reset`: a package's data, or what the user allowed it, is as on the first day.

use std::process::ExitCode;

use clap::Args;
use lowbox_linux::prepare::Caller;

use super::consent::{self, Whose};
use crate::failure::Failure;
use crate::installed::find;
use crate::output;

/// `lowbox reset`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").args(["data", "consent"]).required(true).multiple(true)))]
#[command(after_help = "The folder that the packages of its publisher share stays as it is.

Examples:
  lowbox reset Contoso.App --data        its private files are removed
  lowbox reset Contoso.App --consent     it is asked for everything anew")]
pub struct Arguments {
    /// The package: its name, family name or full name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Remove its private data
    #[arg(long)]
    pub data: bool,

    /// Take back every consent, for files and for capabilities; running programs that have them are ended
    #[arg(long)]
    pub consent: bool,

    /// End the programs of it that run
    #[arg(long, requires = "data")]
    pub end_running: bool,
}

/// Resets.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let (repository, package) = find(&caller, &arguments.name)?;
    let family = package.identity.family_name();
    if arguments.consent {
        let whose = Whose { package: Some(family.clone()), manifest: None };
        let code = consent::reset_all(&whose)?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    if arguments.data {
        repository.reset_data(&package, arguments.end_running).map_err(Failure::new)?;
        output::say(&format!("the private data of {family} are removed"));
    }
    Ok(ExitCode::SUCCESS)
}
