//! Signatures of packages (`AppxSignature.p7x`): what they cover, whether that is what was signed, and by whom.

mod certificate;
mod chain;
mod cms;
mod covered;
mod described;
mod digests;
mod error;
mod key;
mod make;
mod password;
mod pem;
mod pkcs12;
mod private_key;
mod shape;
mod signed_data;
mod signer;
mod signing;
mod subject;
mod time_stamp;
mod trust;
mod verdict;

pub use certificate::{KeyKind, NewCertificate, self_signed};
pub use described::Described;
pub use digests::Digests;
pub use error::{Covered, Fault, SignatureError};
pub use make::{Draft, Envelope, envelope};
pub use signer::{Signer, SignerCertificates, SignerError};
pub use signing::{SigningError, digests, sign};
pub use subject::subject;
pub use time_stamp::{ReplyError, Request, Stamp, TimeStamp, TimeStampError};
pub use trust::{Purpose, Trust, UnixTime};
pub use verdict::{SignedBy, verdict};

use x509_cert::Certificate;

use crate::container::Source;
use crate::digest::HashAlgorithm;
use crate::package::Contents;
use crate::part_name::{BUNDLE_MANIFEST, PartName, SIGNATURE};

/// Largest signature that is read, in bytes: the public tools' limit.
pub const MAX_BYTES: u64 = 2 << 20;

/// A signature whose own mathematics is right: what it says was signed by the key of the certificate.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What all digests are.
    pub algorithm: HashAlgorithm,
    /// What was signed.
    pub digests: Digests,
    /// It is a bundle's.
    pub of_bundle: bool,
    /// Who signed.
    pub signer: Certificate,
    /// The other certificates that came with it.
    pub others: Vec<Certificate>,
    /// What says when it was made.
    pub time_stamp: Stamp,
}

/// Why a signer is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// When the signer's certificate was valid: the time of the time stamp, or that which was asked about.
    pub at: UnixTime,
    /// Why the time stamp, if there is one, says nothing.
    pub unused_stamp: Option<String>,
    /// It is the time stamp's time.
    pub stamped: bool,
}

impl Signature {
    /// Reads a signature, and checks that it was made with the key of the certificate that it names.
    ///
    /// # Errors
    /// When it is none, or was not made with that key.
    pub fn parse(p7x: &[u8]) -> Result<Signature, SignatureError> {
        let rest =
            p7x.strip_prefix(b"PKCX").ok_or(SignatureError::Malformed("it does not begin with PKCX"))?;
        cms::verified(rest)
    }

    /// The signer as the manifest's Publisher has to name it.
    #[must_use]
    pub fn subject(&self) -> String {
        subject(&self.signer.tbs_certificate.subject)
    }

    /// Checks that a package, or bundle, is what was signed.
    ///
    /// # Errors
    /// With the first part that is not.
    pub fn check_contents(
        &self,
        source: &(impl Source + ?Sized),
        contents: &Contents,
    ) -> Result<(), SignatureError> {
        if self.of_bundle != contents.container().part(BUNDLE_MANIFEST).is_some() {
            return Err(SignatureError::Malformed(
                "it is one of a package on a bundle, or the other way round",
            ));
        }
        if contents.block_map().algorithm != self.algorithm {
            return Err(SignatureError::Algorithms);
        }
        let computed = covered::computed(source, contents, self.algorithm)?;
        for (covered, signed, found) in self.digests.pairs(&computed) {
            if signed != found {
                return Err(SignatureError::Changed(covered));
            }
        }
        let name = PartName::new(SIGNATURE).expect("a name of the format's own");
        if contents.content_types().of(&name).is_none() {
            return Err(SignatureError::Malformed("[Content_Types].xml says nothing of it"));
        }
        Ok(())
    }

    /// Checks that the signer is who the manifest says.
    ///
    /// # Errors
    /// With both names.
    pub fn check_publisher(&self, publisher: &str) -> Result<(), SignatureError> {
        let subject = self.subject();
        if subject == publisher {
            return Ok(());
        }
        Err(SignatureError::Publisher { subject, publisher: publisher.to_owned() })
    }

    /// Checks that the signer is trusted: itself, or by certificates that lead to one of those that are. They have to be valid at the time of
    /// the time stamp, if there is one whose authority is trusted, and else `now`.
    ///
    /// # Errors
    /// When there is no such chain, or a certificate of it is not valid at that time or not for signing code.
    pub fn check_trust(&self, trust: &Trust, now: UnixTime) -> Result<Trusted, SignatureError> {
        let chain = |at| chain::check(&self.signer, &self.others, Purpose::Code, trust, at);
        let unused_stamp = match &self.time_stamp {
            Stamp::None => None,
            Stamp::Unused(why) => Some(why.clone()),
            Stamp::Token(stamp) => match stamp.check_trust(trust, now) {
                Ok(()) => {
                    chain(stamp.time)?;
                    return Ok(Trusted { at: stamp.time, unused_stamp: None, stamped: true });
                }
                Err(error) => Some(error.to_string()),
            },
        };
        match (chain(now), &unused_stamp) {
            (Ok(()), _) => Ok(Trusted { at: now, unused_stamp, stamped: false }),
            (Err(SignatureError::Expired { subject, what }), Some(why)) => Err(SignatureError::Expired {
                subject,
                what: format!("{what}; that it has a time stamp does not help: {why}"),
            }),
            (Err(error), _) => Err(error),
        }
    }
}

/// Reads the signature of a package or bundle.
///
/// # Errors
/// When there is none, or it is none.
pub fn read(source: &(impl Source + ?Sized), contents: &Contents) -> Result<Signature, SignatureError> {
    if !contents.is_signed() {
        return Err(SignatureError::Missing);
    }
    let bytes = contents.unmapped_part(source, SIGNATURE, MAX_BYTES)?;
    Signature::parse(&bytes)
}
