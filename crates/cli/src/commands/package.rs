//! What the commands on packages share: opening one, and saying which file it was.

use std::io::Read;
use std::path::Path;

use lowbox_linux::host::open_regular;
use lowbox_linux::package::PackageFile;
use lowbox_msix::Identity;
use lowbox_msix::bundle::Bundle;
use lowbox_msix::container::Source;
use lowbox_msix::package::{Contents, Package, PackageError};
use lowbox_msix::signature::{Signature, SignatureError, read};

use crate::failure::Failure;
use crate::output;

/// Largest certificate, key or signature that is read, in bytes.
const MAX_SMALL: u64 = 1 << 20;

/// Opens a package.
///
/// # Errors
/// When it can't be read, or is not in order.
pub fn open(path: &Path) -> Result<(PackageFile, Package), Failure> {
    let file = PackageFile::open(path).map_err(|error| failed(path, &error))?;
    let package = Package::open(&file).map_err(|error| failed(path, &error))?;
    Ok((file, package))
}

/// A package, or a bundle.
pub enum Opened {
    /// A package.
    Package(Box<Package>),
    /// A bundle.
    Bundle(Box<Bundle>),
}

impl Opened {
    /// Its parts.
    pub fn contents(&self) -> &Contents {
        match self {
            Opened::Package(package) => package.contents(),
            Opened::Bundle(bundle) => bundle.contents(),
        }
    }

    /// Whether it is a bundle.
    pub fn is_bundle(&self) -> bool {
        matches!(self, Opened::Bundle(_))
    }

    /// Who it is: a bundle without an architecture.
    pub fn identity(&self) -> &Identity {
        match self {
            Opened::Package(package) => &package.manifest().identity,
            Opened::Bundle(bundle) => &bundle.manifest().identity,
        }
    }

    /// Its full name.
    pub fn full_name(&self) -> String {
        match self {
            Opened::Package(package) => package.manifest().identity.full_name(),
            Opened::Bundle(bundle) => bundle.manifest().full_name(),
        }
    }
}

/// Opens a package or bundle.
///
/// # Errors
/// When it can't be read, or is not in order.
pub fn open_any(path: &Path) -> Result<(PackageFile, Opened), Failure> {
    let file = PackageFile::open(path).map_err(|error| failed(path, &error))?;
    let opened = opened(path, &file)?;
    Ok((file, opened))
}

/// The same of a file that is open already.
///
/// # Errors
/// When it is not in order.
pub fn opened(path: &Path, file: &PackageFile) -> Result<Opened, Failure> {
    match Package::open(file) {
        Err(PackageError::IsBundle) => {
            let bundle = Bundle::open(file).map_err(|error| failed(path, &error))?;
            Ok(Opened::Bundle(Box::new(bundle)))
        }
        opened => {
            opened.map(|package| Opened::Package(Box::new(package))).map_err(|error| failed(path, &error))
        }
    }
}

/// A package's signature, if it has one that is one.
///
/// # Errors
/// When it is malformed, or was not made with its certificate's key.
pub fn signature(path: &Path, file: &PackageFile, package: &Package) -> Result<Option<Signature>, Failure> {
    signature_of(path, file, package.contents())
}

/// The same of a package or bundle.
pub fn signature_of(
    path: &Path,
    file: &(impl Source + ?Sized),
    contents: &Contents,
) -> Result<Option<Signature>, Failure> {
    match read(file, contents) {
        Ok(signature) => Ok(Some(signature)),
        Err(SignatureError::Missing) => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Reads a certificate, a key or their like as a whole; a FIFO keeps nobody waiting.
///
/// # Errors
/// When it can't be read, or has more than a mebibyte.
pub fn read_small(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = open_regular(path).and_then(|file| file.take(MAX_SMALL + 1).read_to_end(&mut bytes));
    read.map_err(|error| failed(path, &error))?;
    if bytes.len() as u64 > MAX_SMALL {
        return Err(failed(path, &"it has more than a mebibyte, as no certificate or key has"));
    }
    Ok(bytes)
}

/// What is wrong with a file.
pub fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{}: {}", output::path(path), output::visible(&error.to_string())))
}
