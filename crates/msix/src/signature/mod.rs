//! Signatures of packages (`AppxSignature.p7x`): what they cover, whether that is what was signed, and by whom.

mod certificate;
mod chain;
mod cms;
mod covered;
mod digests;
mod error;
mod key;
mod make;
mod pem;
mod signer;
mod signing;
mod subject;

pub use certificate::{KeyKind, NewCertificate, self_signed};
pub use chain::{Trust, UnixTime};
pub use digests::Digests;
pub use error::{Covered, SignatureError};
pub use make::envelope;
pub use signer::{Signer, SignerError};
pub use signing::{SigningError, sign};
pub use subject::subject;

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

    /// Checks that the signer is trusted at that time: itself, or by certificates that lead to one of those that are.
    ///
    /// # Errors
    /// When there is no such chain, or a certificate of it is not valid at that time or not for signing code.
    pub fn check_trust(&self, trust: &Trust, at: UnixTime) -> Result<(), SignatureError> {
        chain::check(&self.signer, &self.others, trust, at)
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
