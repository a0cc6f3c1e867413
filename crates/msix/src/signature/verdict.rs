//! The verdict on a package or bundle: that it is what was signed, by its publisher, and whether somebody trusted vouches for that one.
//! Whoever wants to know asks here, so that nobody forgets a check.

use super::described::thumbprint;
use super::error::SignatureError;
use super::time_stamp::Stamp;
use super::trust::{Trust, UnixTime};
use super::{Signature, Trusted, read};
use crate::container::Source;
use crate::package::Contents;

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// The subject of the signer's certificate, which is the manifest's Publisher.
    pub subject: String,
    /// SHA-256 of that certificate, in hexadecimal digits.
    pub thumbprint: String,
    /// Time and authority of the time stamp, whether or not it is believed.
    pub time_stamp: Option<(UnixTime, String)>,
}

/// Checks everything about the signature of a package or bundle whose manifest names `publisher`: who signed it, and why that one is trusted, or
/// why not. Of files the digests in the block map are signed; that the files have them is seen when they are read.
///
/// # Errors
/// What nobody's trust makes right: a package or signature that was changed, another publisher ([`SignatureError::fault`] tells them apart);
/// [`SignatureError::Missing`] where there is no signature.
pub fn verdict(
    source: &(impl Source + ?Sized),
    contents: &Contents,
    publisher: &str,
    trust: &Trust,
    now: UnixTime,
) -> Result<(SignedBy, Result<Trusted, SignatureError>), SignatureError> {
    let signature = read(source, contents)?;
    signature.check_contents(source, contents)?;
    signature.verdict(publisher, trust, now)
}

impl Signature {
    /// The same of a signature for whoever checks the contents himself ([`Signature::check_contents`]).
    ///
    /// # Errors
    /// Another publisher.
    pub fn verdict(
        &self,
        publisher: &str,
        trust: &Trust,
        now: UnixTime,
    ) -> Result<(SignedBy, Result<Trusted, SignatureError>), SignatureError> {
        self.check_publisher(publisher)?;
        let time_stamp = match &self.time_stamp {
            Stamp::Token(stamp) => Some((stamp.time, stamp.authority())),
            Stamp::None | Stamp::Unused(_) => None,
        };
        let by = SignedBy { subject: self.subject(), thumbprint: thumbprint(&self.signer)?, time_stamp };
        Ok((by, self.check_trust(trust, now)))
    }
}
