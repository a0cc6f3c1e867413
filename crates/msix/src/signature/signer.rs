//! A private key with its certificate.

use der::asn1::{Any, ObjectIdentifier};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer as _};
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::{key, pem};
use crate::digest::HashAlgorithm;

/// Signs.
pub struct Signer {
    key: Key,
    pub(super) certificate: Certificate,
    /// Certificates that lead from it to one that is trusted.
    pub(super) others: Vec<Certificate>,
}

pub(super) enum Key {
    Rsa(Box<rsa::RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

/// Why a key or certificate can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// No certificate.
    #[error("there is no certificate in PEM or DER")]
    NoCertificate,
    /// No key.
    #[error("there is no private key in PEM (PKCS #8 or PKCS #1, without a passphrase; RSA, P-256 or P-384)")]
    NoKey,
    /// They don't belong together.
    #[error("none of the certificates is that of the private key")]
    NotOfKey,
    /// The key can't sign that.
    #[error("the key can't make such a signature")]
    Unable,
}

impl Signer {
    /// With certificates, of which one has to be the key's, and a key, in PEM (the certificate in DER too).
    ///
    /// # Errors
    /// When they can't be read, or don't belong together.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Signer, SignerError> {
        let all = pem::certificates(certificates).ok_or(SignerError::NoCertificate)?;
        Signer::new(all, Key::from_pem(key)?)
    }

    fn new(mut certificates: Vec<Certificate>, key: Key) -> Result<Signer, SignerError> {
        if certificates.is_empty() {
            return Err(SignerError::NoCertificate);
        }
        let public = key.public().ok_or(SignerError::NoKey)?;
        let is_own = |one: &Certificate| {
            one.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes() == public
        };
        let own = certificates.iter().position(is_own).ok_or(SignerError::NotOfKey)?;
        let certificate = certificates.remove(own);
        Ok(Signer { key, certificate, others: certificates })
    }

    /// What its certificate's subject is, as a manifest's Publisher has to be.
    #[must_use]
    pub fn subject(&self) -> String {
        super::subject(&self.certificate.tbs_certificate.subject)
    }

    /// How it signs.
    pub(super) fn algorithm(&self, hash: HashAlgorithm) -> AlgorithmIdentifierOwned {
        match self.key {
            Key::Rsa(_) => AlgorithmIdentifierOwned { oid: key::RSA, parameters: Some(Any::null()) },
            Key::P256(_) | Key::P384(_) => {
                AlgorithmIdentifierOwned { oid: key::ecdsa_identifier(hash), parameters: None }
            }
        }
    }

    /// Signs bytes.
    pub(super) fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.key.sign(hash, message)
    }
}

impl Key {
    /// Signs bytes.
    pub(super) fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let digest = hash.digest(message);
        let unable = |_| SignerError::Unable;
        match self {
            Key::Rsa(key) => rsa(key, hash, message).ok_or(SignerError::Unable),
            Key::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(digest.as_bytes()).map_err(unable)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Key::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    key.sign_prehash(digest.as_bytes()).map_err(unable)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}

fn rsa(key: &rsa::RsaPrivateKey, hash: HashAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
    use rsa::pkcs1v15::SigningKey;
    let key = key.clone();
    let signature = match hash {
        HashAlgorithm::Sha256 => SigningKey::<Sha256>::new(key).try_sign(message),
        HashAlgorithm::Sha384 => SigningKey::<Sha384>::new(key).try_sign(message),
        HashAlgorithm::Sha512 => SigningKey::<Sha512>::new(key).try_sign(message),
    };
    signature.ok().map(|signature| signature.to_vec())
}

impl Key {
    /// How certificates say that it signed them: RSA with its hash algorithm.
    pub(super) fn certificate_algorithm(&self, hash: HashAlgorithm) -> AlgorithmIdentifierOwned {
        match self {
            Key::Rsa(_) => identifier(key::rsa_identifier(hash)),
            Key::P256(_) | Key::P384(_) => {
                AlgorithmIdentifierOwned { oid: key::ecdsa_identifier(hash), parameters: None }
            }
        }
    }

    /// The public key with what it is.
    pub(super) fn public_info(&self) -> Option<SubjectPublicKeyInfoOwned> {
        match self {
            Key::Rsa(key) => SubjectPublicKeyInfoOwned::from_key(key.to_public_key()).ok(),
            Key::P256(key) => SubjectPublicKeyInfoOwned::from_key(*key.verifying_key()).ok(),
            Key::P384(key) => SubjectPublicKeyInfoOwned::from_key(*key.verifying_key()).ok(),
        }
    }

    fn from_pem(bytes: &[u8]) -> Result<Key, SignerError> {
        let text = std::str::from_utf8(bytes).map_err(|_| SignerError::NoKey)?;
        let text = pem::blocks(text, "PRIVATE KEY").next().ok_or(SignerError::NoKey)?;
        if let Ok(key) = rsa::RsaPrivateKey::from_pkcs8_pem(text) {
            return Ok(Key::Rsa(Box::new(key)));
        }
        if let Ok(key) = rsa::RsaPrivateKey::from_pkcs1_pem(text) {
            return Ok(Key::Rsa(Box::new(key)));
        }
        if let Ok(key) = p256::SecretKey::from_pkcs8_pem(text) {
            return Ok(Key::P256(key.into()));
        }
        if let Ok(key) = p384::SecretKey::from_pkcs8_pem(text) {
            return Ok(Key::P384(key.into()));
        }
        if let Ok(key) = p256::SecretKey::from_sec1_pem(text) {
            return Ok(Key::P256(key.into()));
        }
        p384::SecretKey::from_sec1_pem(text).map(|key| Key::P384(key.into())).map_err(|_| SignerError::NoKey)
    }

    /// The public key as a certificate has it.
    fn public(&self) -> Option<Vec<u8>> {
        use rsa::pkcs1::EncodeRsaPublicKey;
        match self {
            Key::Rsa(key) => Some(key.to_public_key().to_pkcs1_der().ok()?.as_bytes().to_vec()),
            Key::P256(key) => Some(key.verifying_key().to_encoded_point(false).as_bytes().to_vec()),
            Key::P384(key) => Some(key.verifying_key().to_encoded_point(false).as_bytes().to_vec()),
        }
    }
}

/// An identifier without parameters, or with NULL.
pub(super) fn identifier(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: Some(Any::null()) }
}
