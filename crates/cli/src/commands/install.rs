//! `lowbox install`: a package becomes the user's.

mod fits;
mod installer;
mod location;
mod told;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::prepare::Caller;

pub use installer::{Allowed, Installer, app_installer};
pub use location::Location;
pub use told::{Told, tell};

use crate::failure::Failure;

/// `lowbox install`.
#[derive(Debug, Args)]
#[command(
    after_help = "For you alone, without any privilege: all of it or nothing. A newer version takes the place of the older one, and its data stay. Programs \
that run go on with the version that they were started from.

Examples:
  lowbox install app.msix
  lowbox install app.msix --trust publisher.pem     whom you trust for this package
  lowbox install app.msixbundle                     the package in it that is for this machine
  lowbox install https://example.com/app.appinstaller
                                                    and lowbox update later
  lowbox run Contoso.App                            runs it (lowbox list names what is there)"
)]
pub struct Arguments {
    /// A package, a bundle or an .appinstaller: a file, or an address of http or https
    #[arg(value_name = "FILE|URL")]
    pub package: PathBuf,

    /// What may be installed.
    #[command(flatten)]
    pub allowed: Allowed,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// Installs.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let installer = Installer::new(&caller, &arguments.allowed)?;
    let installed = installer.install(&Location::named(&arguments.package))?;
    let told: Vec<Told> = installed.iter().map(Told::of).collect();
    tell(&told, &caller, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}
