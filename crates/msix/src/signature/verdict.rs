//! The verdict on a package or bundle: that it is what was signed, by its publisher, whom somebody trusted vouches for. Whoever wants to
//! know that asks here, so that nobody forgets a check.

use super::described::thumbprint;
use super::error::SignatureError;
use super::time_stamp::Stamp;
use super::trust::{Trust, UnixTime};
use super::{Trusted, read};
use crate::container::Source;
use crate::package::Contents;

/// Who signed, and why that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// The subject of the signer's certificate, which is the manifest's Publisher.
    pub subject: String,
    /// SHA-256 of that certificate, in hexadecimal digits.
    pub thumbprint: String,
    /// When it had to be valid, and what the time stamp has to do with it.
    pub trusted: Trusted,
    /// Time and authority of the time stamp, whether or not it is believed.
    pub time_stamp: Option<(UnixTime, String)>,
}

/// Checks everything about the signature of a package or bundle whose manifest names `publisher`. Of files the digests in the block map are
/// signed; that the files have them is seen when they are read.
///
/// # Errors
/// What is wrong, told apart ([`SignatureError::fault`]); [`SignatureError::Missing`] where there is no signature.
pub fn verdict(
    source: &(impl Source + ?Sized),
    contents: &Contents,
    publisher: &str,
    trust: &Trust,
    now: UnixTime,
) -> Result<SignedBy, SignatureError> {
    let signature = read(source, contents)?;
    signature.check_contents(source, contents)?;
    signature.check_publisher(publisher)?;
    let trusted = signature.check_trust(trust, now)?;
    let time_stamp = match &signature.time_stamp {
        Stamp::Token(stamp) => Some((stamp.time, stamp.authority())),
        Stamp::None | Stamp::Unused(_) => None,
    };
    Ok(SignedBy {
        subject: signature.subject(),
        thumbprint: thumbprint(&signature.signer)?,
        trusted,
        time_stamp,
    })
}
