//! `lowbox unpack`: a folder from a package.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::package::unpack;

use super::package::{failed, open, signature};
use crate::arguments::size;
use crate::failure::Failure;
use crate::{output, progress};

/// `lowbox unpack`.
#[derive(Debug, Args)]
#[command(
    after_help = "Every block is checked before it is written, and a package that is not in order leaves nothing behind. Whether its signer is \
                        trusted is not looked at: that is lowbox verify.

Example:
  lowbox unpack app.msix -d app/"
)]
pub struct Arguments {
    /// The package
    #[arg(value_name = "FILE")]
    pub package: PathBuf,

    /// The folder to make; an empty one may be there
    #[arg(short, long = "dir", value_name = "DIR")]
    pub directory: PathBuf,

    /// The most that is unpacked, for example 20G: a small package can say that it has any number of bytes
    #[arg(long, value_name = "BYTES", value_parser = size, default_value = "8G")]
    pub max_size: u64,
}

/// Unpacks.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let path = &arguments.package;
    let (file, package) = open(path)?;
    if let Some(signature) = signature(path, &file, &package)? {
        signature.check_contents(&file, package.contents()).map_err(|error| failed(path, &error))?;
    }
    let work =
        |progress: &_| unpack(&file, package.contents(), &arguments.directory, arguments.max_size, progress);
    progress::shown("unpacking", work).map_err(|error| failed(path, &error))?;
    output::say(&format!(
        "{}: {} in {}",
        output::path(path),
        package.manifest().identity.full_name(),
        output::path(&arguments.directory)
    ));
    Ok(ExitCode::SUCCESS)
}
