//! What the commands on packages share: opening one, and saying which file it was.

use std::path::Path;

use lowbox_linux::package::PackageFile;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{Signature, SignatureError, read};

use crate::failure::Failure;
use crate::output;

/// Opens a package.
///
/// # Errors
/// When it can't be read, or is not in order.
pub fn open(path: &Path) -> Result<(PackageFile, Package), Failure> {
    let file = PackageFile::open(path).map_err(|error| failed(path, &error))?;
    let package = Package::open(&file).map_err(|error| failed(path, &error))?;
    Ok((file, package))
}

/// A package's signature, if it has one that is one.
///
/// # Errors
/// When it is malformed, or was not made with its certificate's key.
pub fn signature(path: &Path, file: &PackageFile, package: &Package) -> Result<Option<Signature>, Failure> {
    match read(file, package.contents()) {
        Ok(signature) => Ok(Some(signature)),
        Err(SignatureError::Missing) => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// What is wrong with a file.
pub fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{}: {}", output::path(path), output::visible(&error.to_string())))
}
