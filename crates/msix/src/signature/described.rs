//! A certificate for people: whose it is, until when, and what it may be trusted for.

use std::fmt::Write as _;

use der::pem::LineEnding;
use der::{Encode, EncodePem};
use x509_cert::Certificate;
use x509_cert::ext::pkix::BasicConstraints;

use super::error::SignatureError;
use super::trust::{Purpose, UnixTime};
use super::{chain, pem, subject};
use crate::digest::HashAlgorithm;

/// A certificate, described.
#[derive(Clone, Debug)]
pub struct Described {
    /// Whose it is, as a manifest's Publisher has to name it.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub thumbprint: String,
    /// From when until when it is valid.
    pub validity: [UnixTime; 2],
    /// It may say who others are.
    pub is_authority: bool,
    pub(super) certificate: Certificate,
}

impl Described {
    /// The certificates in some bytes: one in DER, or several in PEM.
    ///
    /// # Errors
    /// When there is none, or one can't be read.
    pub fn read(bytes: &[u8]) -> Result<Vec<Described>, SignatureError> {
        let found = pem::certificates(bytes);
        let found = found.ok_or(SignatureError::Malformed("this is no certificate in DER or PEM"))?;
        found.into_iter().map(Described::new).collect()
    }

    pub(super) fn new(certificate: Certificate) -> Result<Described, SignatureError> {
        let own = &certificate.tbs_certificate;
        let constraints = own.get::<BasicConstraints>().ok().flatten();
        Ok(Described {
            subject: subject(&own.subject),
            issuer: subject(&own.issuer),
            thumbprint: thumbprint(&certificate)?,
            validity: [&own.validity.not_before, &own.validity.not_after]
                .map(|time| time.to_unix_duration().as_secs()),
            is_authority: constraints.is_some_and(|(_, constraints)| constraints.ca),
            certificate,
        })
    }

    /// Checks that trusting it for this would come to anything: that it may do it itself, or say who may.
    ///
    /// # Errors
    /// With the reason.
    pub fn check_usable(&self, purpose: Purpose) -> Result<(), SignatureError> {
        if self.is_authority {
            chain::check_issuer(&self.certificate, purpose, 0)
        } else {
            chain::check_signer(&self.certificate, purpose)
        }
    }

    /// In PEM.
    ///
    /// # Errors
    /// Never for what was read.
    pub fn to_pem(&self) -> Result<String, SignatureError> {
        self.certificate.to_pem(LineEnding::LF).map_err(|_| SignatureError::Malformed("it can't be written"))
    }
}

/// SHA-256 of a certificate.
pub(super) fn thumbprint(certificate: &Certificate) -> Result<String, SignatureError> {
    let bytes = certificate.to_der().map_err(|_| SignatureError::Malformed("a certificate can't be read"))?;
    let digest = HashAlgorithm::Sha256.digest(&bytes);
    Ok(digest.as_bytes().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
