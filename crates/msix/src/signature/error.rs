//! What can be wrong with a signature, told apart.

use std::fmt;

use super::time_stamp::TimeStampError;
use super::trust::Purpose;
use crate::package::PackageError;

/// A part of a package that a signature has a digest of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// All parts as they lie in the file (AXPC).
    Parts,
    /// The directory and the end records (AXCD).
    Directory,
    /// `[Content_Types].xml` (AXCT).
    ContentTypes,
    /// `AppxBlockMap.xml` (AXBM).
    BlockMap,
    /// `AppxMetadata/CodeIntegrity.cat` (AXCI).
    CodeIntegrity,
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Covered::Parts => "a part of it",
            Covered::Directory => "its directory",
            Covered::ContentTypes => "[Content_Types].xml",
            Covered::BlockMap => "AppxBlockMap.xml",
            Covered::CodeIntegrity => "AppxMetadata/CodeIntegrity.cat",
        })
    }
}

/// What is wrong with a signature.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("it is not signed")]
    Missing,
    /// The package can't be read.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// It is no signature, or one of another kind.
    #[error("its signature is malformed: {0}")]
    Malformed(&'static str),
    /// A kind of signature that is not known here.
    #[error("its signature is of a kind that is not known: {0}")]
    Unknown(String),
    /// It was not made with the key of its certificate, or something of it was changed since.
    #[error("its signature is not what the key of its certificate made of it: {0}")]
    Invalid(&'static str),
    /// The package was changed after it was signed.
    #[error("it was changed after it was signed: {0} is not what was signed")]
    Changed(Covered),
    /// Signature and block map have digests of different kinds.
    #[error("its signature and its block map have digests of different kinds")]
    Algorithms,
    /// Its time stamp is none, or of something else.
    #[error("its time stamp is wrong: {0}")]
    TimeStamp(#[from] TimeStampError),
    /// Somebody else signed it.
    #[error("it was signed by {subject:?}, and its manifest says that its publisher is {publisher:?}")]
    Publisher {
        /// Who signed.
        subject: String,
        /// Who the manifest says.
        publisher: String,
    },
    /// Nobody who is trusted says who signed.
    #[error("its signer {subject:?} is not trusted: {what}")]
    Untrusted {
        /// Who signed.
        subject: String,
        /// Why.
        what: &'static str,
    },
    /// A certificate is not valid at that time.
    #[error("the certificate of {subject:?} {what}")]
    Expired {
        /// Whose.
        subject: String,
        /// What is wrong.
        what: String,
    },
    /// A certificate that is not for this.
    #[error("the certificate of {subject:?} is not for {purpose}: {what}")]
    Usage {
        /// Whose.
        subject: String,
        /// What it is needed for.
        purpose: Purpose,
        /// What is wrong.
        what: &'static str,
    },
}

/// Kinds of faults, as programs tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no signature.
    Unsigned,
    /// The package itself is not in order.
    Package,
    /// Signature or time stamp can't be read, or are of a kind that is not known.
    Malformed,
    /// Package, signature or time stamp were changed.
    Tampered,
    /// Somebody else signed it.
    WrongPublisher,
    /// Nobody who is trusted says who signed.
    Untrusted,
    /// A certificate was not valid at the time.
    Expired,
    /// A certificate is not for this.
    WrongUsage,
}

impl Fault {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::Unsigned => "unsigned",
            Fault::Package => "package",
            Fault::Malformed => "malformed",
            Fault::Tampered => "tampered",
            Fault::WrongPublisher => "wrong-publisher",
            Fault::Untrusted => "untrusted",
            Fault::Expired => "expired",
            Fault::WrongUsage => "wrong-usage",
        }
    }
}

impl SignatureError {
    /// Which kind of fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            SignatureError::Missing => Fault::Unsigned,
            SignatureError::Package(_) => Fault::Package,
            SignatureError::Malformed(_) | SignatureError::Unknown(_) | SignatureError::Algorithms => {
                Fault::Malformed
            }
            SignatureError::Invalid(_) | SignatureError::Changed(_) => Fault::Tampered,
            SignatureError::TimeStamp(error) => error.fault(),
            SignatureError::Publisher { .. } => Fault::WrongPublisher,
            SignatureError::Untrusted { .. } => Fault::Untrusted,
            SignatureError::Expired { .. } => Fault::Expired,
            SignatureError::Usage { .. } => Fault::WrongUsage,
        }
    }
}
