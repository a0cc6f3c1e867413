//! What is to be thought of a package: whether it is what was signed, by whom, and whether that one is trusted.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lowbox_linux::package::PackageFile;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{SignatureError, Trust};

use super::package::{failed, signature};
use crate::failure::Failure;

/// The judgement.
#[derive(Debug)]
pub struct Verdict {
    /// The signer's subject, if it is signed.
    pub signer: Option<String>,
    /// Why that one is not trusted.
    distrust: Option<SignatureError>,
}

/// Judges a package. One that is not what was signed, or that names another publisher than its signer, is refused here.
///
/// # Errors
/// Those faults; a certificate that can't be read.
pub fn judge(
    path: &Path,
    file: &PackageFile,
    package: &Package,
    trusted: &[PathBuf],
) -> Result<Verdict, Failure> {
    let Some(signature) = signature(path, file, package)? else {
        return Ok(Verdict { signer: None, distrust: None });
    };
    signature.check_contents(file, package.contents()).map_err(|error| failed(path, &error))?;
    let publisher = package.manifest().identity.publisher().as_str();
    signature.check_publisher(publisher).map_err(|error| failed(path, &error))?;
    let mut trust = Trust::nobody();
    for certificate in trusted {
        let bytes = fs::read(certificate).map_err(|error| failed(certificate, &error))?;
        trust.add(&bytes).map_err(|error| failed(certificate, &error))?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let distrust = signature.check_trust(&trust, now).err();
    Ok(Verdict { signer: Some(signature.subject()), distrust })
}

impl Verdict {
    /// Signed by somebody who is trusted.
    pub fn is_trusted(&self) -> bool {
        self.signer.is_some() && self.distrust.is_none()
    }

    /// Refuses what is not trusted, unless that was allowed.
    ///
    /// # Errors
    /// With the reason and the option that allows it.
    pub fn require(&self, path: &Path, unsigned: bool, untrusted: bool) -> Result<(), Failure> {
        match (&self.signer, &self.distrust) {
            (None, _) if !unsigned => Err(failed(
                path,
                &"it is not signed, so anybody can have made it; --allow-unsigned installs it under a family name of its own",
            )),
            (Some(_), Some(error)) if !untrusted => Err(failed(
                path,
                &format!("{error}; --allow-untrusted installs it under a family name of its own"),
            )),
            _ => Ok(()),
        }
    }
}
