//! `lowbox remove`: an installed package goes, and all that came with it.

use std::process::ExitCode;

use clap::Args;
use lowbox_linux::installed::InstalledError;
use lowbox_linux::prepare::Caller;
use serde::Serialize;

use crate::failure::Failure;
use crate::installed::repository;
use crate::output;

/// `lowbox remove`.
#[derive(Debug, Args)]
#[command(
    after_help = "Its files, commands, desktop entries, private data and every consent. The folder that the packages of its publisher share \
stays.

Example:
  lowbox remove Contoso.App"
)]
pub struct Arguments {
    /// The package: its name, family name or full name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// End the programs of it that run
    #[arg(long)]
    pub end_running: bool,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Answer {
    full_name: String,
    ended: Vec<u32>,
}

/// Removes.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let unknown = || Failure::new(InstalledError::Unknown(arguments.name.chars().take(120).collect()));
    let repository = repository(&caller)?.ok_or_else(unknown)?;
    let family = repository.family(&arguments.name).map_err(Failure::new)?;
    let removal = repository.remove(&family, arguments.end_running).map_err(Failure::new)?;
    if let Some(error) = &removal.left {
        output::say(&format!("something of it is left, which the next lowbox puts away: {error}"));
    }
    let answer = Answer { full_name: removal.full_name, ended: removal.ended };
    if arguments.json {
        output::json(&answer)?;
    } else {
        output::say(&format!("{} is removed, with its data and consents", answer.full_name));
    }
    Ok(ExitCode::SUCCESS)
}
