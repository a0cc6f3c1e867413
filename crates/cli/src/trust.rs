//! Who is trusted to sign packages, and the one place that puts a package's signature to them: for `lowbox verify`, and for all that
//! installs.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use lowbox_linux::host::{Folders, HostUser};
use lowbox_linux::package::TrustStore;
use lowbox_msix::container::Source;
use lowbox_msix::package::Contents;
use lowbox_msix::signature::{Signature, SignatureError, SignedBy, Trust, Trusted, UnixTime, verdict};

use crate::commands::package::{failed, read_small};
use crate::failure::Failure;
use crate::output;

/// Options that say who is trusted.
#[derive(Debug, Args)]
pub struct TrustArguments {
    /// A certificate that is trusted: to sign code itself, or, an authority's, to say who may, and who may stamp times; in PEM or DER. In place
    /// of those of lowbox cert list
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,

    /// A certificate that is trusted for time stamps alone, an authority's or the stamping one's own
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

/// What is to be thought of a package.
#[derive(Debug)]
pub enum Verdict {
    /// Nobody signed it.
    Unsigned,
    /// It is what its publisher signed, whom nobody who is trusted vouches for.
    Untrusted(SignedBy, SignatureError),
    /// It is what its publisher signed, who is trusted.
    Trusted(SignedBy, Trusted),
}

/// The verdict on a package or bundle whose manifest names `publisher`. One that is not what was signed, or that names another publisher than
/// its signer, is refused here.
///
/// # Errors
/// Those faults.
pub fn judge(
    source: &(impl Source + ?Sized),
    contents: &Contents,
    publisher: &str,
    trust: &Trust,
    now: UnixTime,
) -> Result<Verdict, SignatureError> {
    match verdict(source, contents, publisher, trust, now) {
        Ok(found) => Ok(Verdict::of(found)),
        Err(SignatureError::Missing) => Ok(Verdict::Unsigned),
        Err(error) => Err(error),
    }
}

/// The verdict on a signature, for whoever checks himself that the package is what was signed.
///
/// # Errors
/// Another publisher than its signer.
pub fn judge_signature(
    signature: &Signature,
    publisher: &str,
    trust: &Trust,
    now: UnixTime,
) -> Result<Verdict, SignatureError> {
    signature.verdict(publisher, trust, now).map(Verdict::of)
}

impl Verdict {
    fn of((by, trusted): (SignedBy, Result<Trusted, SignatureError>)) -> Verdict {
        match trusted {
            Ok(trusted) => Verdict::Trusted(by, trusted),
            Err(why) => Verdict::Untrusted(by, why),
        }
    }

    /// Whether somebody who is trusted signed it.
    pub fn is_trusted(&self) -> bool {
        matches!(self, Verdict::Trusted(..))
    }

    /// Who signed it.
    pub fn signed_by(&self) -> Option<&SignedBy> {
        match self {
            Verdict::Unsigned => None,
            Verdict::Untrusted(by, _) | Verdict::Trusted(by, _) => Some(by),
        }
    }
}

/// Why a signer is not trusted, and what to do about it.
pub fn distrust(why: &SignatureError) -> String {
    match why {
        SignatureError::Untrusted { .. } => {
            format!(
                "{why}; whoever trusts it says so with --trust FILE, or once and for all with lowbox cert trust FILE"
            )
        }
        other => other.to_string(),
    }
}
