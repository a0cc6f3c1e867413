//! Who is trusted to sign packages, and the one place that puts a package's signature to them: for `lowbox verify`, and for all that
//! installs.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use lowbox_linux::host::{Folders, HostUser};
use lowbox_linux::package::{PackageFile, TrustStore};
use lowbox_msix::package::Contents;
use lowbox_msix::signature::{SignatureError, SignedBy, Trust, UnixTime, verdict};

use crate::commands::package::{failed, read_small};
use crate::failure::Failure;
use crate::output;

/// Options that say who is trusted.
#[derive(Debug, Args)]
pub struct TrustArguments {
    /// A certificate that is trusted: to sign code itself, or to say who may; in PEM or DER. In place of those of lowbox cert list
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,

    /// A certificate that is trusted for time stamps alone
    #[arg(long, value_name = "FILE", requires = "trust")]
    pub trust_time_stamps: Vec<PathBuf>,
}

impl TrustArguments {
    /// Whom they name; if they name nobody, whom the user trusts (`lowbox cert trust`).
    ///
    /// # Errors
    /// When a certificate can't be read.
    pub fn trust(&self) -> Result<Trust, Failure> {
        if self.trust.is_empty() {
            return store()?.trust().map_err(|error| Failure::new(output::visible(&error.to_string())));
        }
        let mut trust = Trust::nobody();
        for path in &self.trust {
            trust.add(&read_small(path)?).map_err(|error| failed(path, &error))?;
        }
        for path in &self.trust_time_stamps {
            trust.add_for_time_stamps(&read_small(path)?).map_err(|error| failed(path, &error))?;
        }
        Ok(trust)
    }
}

/// The user's store.
///
/// # Errors
/// When there is no home folder.
pub fn store() -> Result<TrustStore, Failure> {
    let variable = |name: &str| std::env::var_os(name);
    let folders = Folders::of(&HostUser::current(&variable), &variable).map_err(Failure::new)?;
    Ok(TrustStore::of(&folders))
}

/// A time as certificates count it.
pub fn seconds(at: SystemTime) -> UnixTime {
    at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// The verdict on a package or bundle whose manifest names `publisher`; `None` if it is not signed.
///
/// # Errors
/// What is wrong, and for who is not trusted what to do.
pub fn judge(
    path: &Path,
    file: &PackageFile,
    contents: &Contents,
    publisher: &str,
    trust: &Trust,
    now: UnixTime,
) -> Result<Option<SignedBy>, Failure> {
    match verdict(file, contents, publisher, trust, now) {
        Ok(by) => Ok(Some(by)),
        Err(SignatureError::Missing) => Ok(None),
        Err(error @ SignatureError::Untrusted { .. }) => Err(failed(
            path,
            &format!(
                "{error}; whoever trusts it says so with --trust FILE, or once and for all with lowbox cert trust FILE"
            ),
        )),
        Err(error) => Err(failed(path, &error)),
    }
}
