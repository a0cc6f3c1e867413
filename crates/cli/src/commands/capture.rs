//! `lowbox capture`: a package of what a Windows installer installs.

mod installer;
mod told;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::capture::{Session, Wanted, stage};
use lowbox_linux::prepare::Caller;
use lowbox_msix::writer::Options;
use lowbox_msix::{HashAlgorithm, Publisher, Version};

use super::pack;
use crate::arguments::size;
use crate::failure::Failure;
use crate::output;

/// `lowbox capture`.
#[derive(Debug, Args)]
#[command(
    after_help = "The installer runs in a container of its own, without a network; it sees its own folder, read-only, and a Windows that has nothing \
else in it. It has to install without asking: how it is told to is its maker's choice (/S, /VERYSILENT, /quiet).

Examples:
  lowbox capture setup.exe -o app.msix -- /S
  lowbox capture setup.exe -o app.msix --name Contoso.Notes --publisher CN=Contoso -- /S
  lowbox capture setup.exe --folder app/ -- /S     to look at and change before lowbox pack app/"
)]
pub struct Arguments {
    /// The installer, a Windows program
    #[arg(value_name = "SETUP")]
    pub installer: PathBuf,

    /// The package to write
    #[arg(short, long, value_name = "FILE", required_unless_present = "folder")]
    pub output: Option<PathBuf>,

    /// Keep what becomes the package in this folder, which must not be there; without -o nothing is packed
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,

    /// The package's name; else made of what the installer calls the program
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Who will sign it: the subject of a certificate; else made of what the installer says
    #[arg(long, value_name = "SUBJECT")]
    pub publisher: Option<String>,

    /// The package's version, four numbers; else what the installer says, or 1.0.0.0
    #[arg(long, value_name = "VERSION")]
    pub version: Option<Version>,

    /// The most that the installer's files may come to, for example 20G
    #[arg(long, value_name = "BYTES", value_parser = size, default_value = "8G")]
    pub max_size: u64,

    /// Make the package though the installer ends with an exit code of failure
    #[arg(long)]
    pub any_exit_code: bool,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,

    /// What the installer is given
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<OsString>,
}

/// `ERROR_SUCCESS_REBOOT_REQUIRED` (3010), of which Linux has the last eight bits.
const REBOOT: u8 = 194;

/// Runs the installer, and makes the package.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let visible = |error: &dyn std::fmt::Display| Failure::new(output::visible(&error.to_string()));
    let publisher = arguments.publisher.as_deref().map(Publisher::new).transpose();
    let publisher = publisher.map_err(|error| visible(&error))?;
    let options = Options { algorithm: HashAlgorithm::Sha256, time: pack::time()? };
    if let Some(folder) = arguments.folder.as_deref().filter(|folder| is_taken(folder)) {
        return Err(visible(&format!("{} is there already; name a new folder", folder.display())));
    }
    let caller = Caller::current().map_err(Failure::new)?;
    let session = Session::begin(&caller).map_err(|error| visible(&error))?;
    let (template, code) = installer::run(&caller, &session, &arguments.installer, &arguments.arguments)?;
    if code != 0 && code != REBOOT && !arguments.any_exit_code {
        return Err(Failure::new(format!(
            "the installer ended with {code}, so nothing was made of what it did (--any-exit-code does all the same)"
        )));
    }
    let wanted = Wanted {
        name: arguments.name.as_deref(),
        publisher,
        version: arguments.version,
        installer: &arguments.installer,
        limit: arguments.max_size,
    };
    let place = arguments.folder.clone().unwrap_or_else(|| session.place());
    let staged = stage(&session, &template, &wanted, &place).map_err(|error| visible(&error))?;
    if let Some(output) = &arguments.output {
        pack::write(&place, output, options)?;
    }
    told::tell(arguments, &staged)?;
    Ok(ExitCode::SUCCESS)
}

fn is_taken(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => std::fs::symlink_metadata(folder).is_ok(),
    }
}
