//! A private key with its certificate.

use x509_cert::Certificate;

use super::error::SignatureError;
use super::private_key::Key;
use super::trust::{Purpose, UnixTime};
use super::{chain, pem, subject};
use crate::digest::HashAlgorithm;

/// The certificate of a key, and what leads from it to one that others trust.
#[derive(Clone, Debug)]
pub struct SignerCertificates {
    pub(super) own: Certificate,
    pub(super) others: Vec<Certificate>,
}

impl SignerCertificates {
    /// In PEM (one in DER). The signer's is the one that no other one was signed by.
    ///
    /// # Errors
    /// When there is none, or it can't be told which one it is.
    pub fn read(bytes: &[u8]) -> Result<SignerCertificates, SignerError> {
        let mut all = pem::certificates(bytes).ok_or(SignerError::NoCertificate)?;
        let is_issuer = |at: usize| {
            let own = &all[at].tbs_certificate;
            // One that it signed itself, no other one did.
            let mut others = all.iter().map(|other| &other.tbs_certificate).enumerate();
            others.any(|(place, other)| {
                place != at && other.issuer == own.subject && other.issuer != other.subject
            })
        };
        let mut leaves = (0..all.len()).filter(|&at| !is_issuer(at));
        let (Some(own), None) = (leaves.next(), leaves.next()) else {
            return Err(SignerError::WhichCertificate);
        };
        let own = all.remove(own);
        Ok(SignerCertificates { own, others: all })
    }

    fn of_key(mut all: Vec<Certificate>, key: &Key) -> Result<SignerCertificates, SignerError> {
        if all.is_empty() {
            return Err(SignerError::NoCertificate);
        }
        let public = key.public().ok_or(SignerError::Unable)?;
        let is_own = |one: &Certificate| {
            one.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes() == public
        };
        let own = all.iter().position(is_own).ok_or(SignerError::NotOfKey)?;
        let own = all.remove(own);
        Ok(SignerCertificates { own, others: all })
    }

    /// What the certificate's subject is, as a manifest's Publisher has to be.
    #[must_use]
    pub fn subject(&self) -> String {
        subject(&self.own.tbs_certificate.subject)
    }

    /// Checks that the certificate is for signing code: nobody takes a package of another one.
    ///
    /// # Errors
    /// With the reason.
    pub fn check_usage(&self) -> Result<(), SignatureError> {
        chain::check_signer(&self.own, Purpose::Code)
    }

    /// From when until when it is valid.
    #[must_use]
    pub fn validity(&self) -> [UnixTime; 2] {
        let validity = &self.own.tbs_certificate.validity;
        [&validity.not_before, &validity.not_after].map(|time| time.to_unix_duration().as_secs())
    }

    /// Its key is RSA, and not elliptic.
    #[must_use]
    pub fn is_rsa(&self) -> bool {
        self.own.tbs_certificate.subject_public_key_info.algorithm.oid == super::key::RSA
    }
}

/// Signs.
pub struct Signer {
    key: Key,
    pub(super) certificates: SignerCertificates,
}

/// Why a key or certificate can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// No certificate.
    #[error("there is no certificate in PEM or DER")]
    NoCertificate,
    /// Several that could be the signer's.
    #[error(
        "which of the certificates is the signer's can't be told: those that lead from it to a trusted one belong with it, and no others"
    )]
    WhichCertificate,
    /// No key.
    #[error("there is no private key in PEM (PKCS #8, PKCS #1 or SEC 1; RSA, P-256 or P-384)")]
    NoKey,
    /// They don't belong together.
    #[error("none of the certificates is that of the private key")]
    NotOfKey,
    /// The key can't sign that.
    #[error("the key can't make such a signature")]
    Unable,
    /// The key is encrypted.
    #[error("the private key is encrypted, so its password is needed")]
    NeedsPassword,
    /// Another password.
    #[error("the password is not the right one, or the file is damaged")]
    Password,
    /// Encrypted in a way that is not safe any more.
    #[error("{what}, which can be broken and is not read here; {command} writes it anew")]
    Legacy {
        /// What is encrypted how.
        what: &'static str,
        /// What to do.
        command: &'static str,
    },
    /// A file of PKCS #12 that is none.
    #[error("it is no file of PKCS #12: {0}")]
    Pkcs12(&'static str),
    /// It would take too long, or too much memory, to find the key from the password.
    #[error("its key is derived from the password in so many steps that it was not made in earnest")]
    TooManySteps,
    /// A signature with another digest.
    #[error("the signature is one with {}, and the block map of the package has {}: both have to be of one kind", found.name(), needed.name())]
    OtherDigest {
        /// Which it has.
        found: HashAlgorithm,
        /// Which it needs.
        needed: HashAlgorithm,
    },
    /// A signature of something else.
    #[error(
        "the signature is none of this package by the key of that certificate: what --digest-only wrote has to be signed, as it is"
    )]
    NotOfThis,
    /// The certificate can't be used.
    #[error("the certificate: {0}")]
    Certificate(String),
}

impl Signer {
    /// With certificates, of which one has to be the key's, and a key, in PEM (the certificate in DER too).
    ///
    /// # Errors
    /// When they can't be read, or don't belong together; [`SignerError::NeedsPassword`].
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Signer, SignerError> {
        let all = pem::certificates(certificates).ok_or(SignerError::NoCertificate)?;
        Signer::new(all, Key::from_pem(key, None)?)
    }

    /// The same with the key's password.
    ///
    /// # Errors
    /// When they can't be read, or don't belong together, or the password is another one.
    pub fn from_encrypted_pem(
        certificates: &[u8],
        key: &[u8],
        password: &str,
    ) -> Result<Signer, SignerError> {
        let all = pem::certificates(certificates).ok_or(SignerError::NoCertificate)?;
        Signer::new(all, Key::from_pem(key, Some(password))?)
    }

    pub(super) fn new(certificates: Vec<Certificate>, key: Key) -> Result<Signer, SignerError> {
        Ok(Signer { certificates: SignerCertificates::of_key(certificates, &key)?, key })
    }

    /// Its certificates.
    #[must_use]
    pub fn certificates(&self) -> &SignerCertificates {
        &self.certificates
    }

    /// What its certificate's subject is, as a manifest's Publisher has to be.
    #[must_use]
    pub fn subject(&self) -> String {
        self.certificates.subject()
    }

    /// Signs bytes.
    pub(super) fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.key.sign(hash, message)
    }
}

impl From<SignatureError> for SignerError {
    fn from(error: SignatureError) -> SignerError {
        SignerError::Certificate(error.to_string())
    }
}
